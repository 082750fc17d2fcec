//! How good a BSS probably is: an estimate of the throughput, in kbit/s.

use crate::{kernel::Band, scan::Bss};
use lapwing_frames::element::{EhtOperation, ElementId, Elements, HeOperation, VhtOperation};

/// The noise in 20 MHz that is assumed, in dBm.
const NOISE: i32 = -95;
/// A signal that is not known is taken for a middling one.
const UNKNOWN_SIGNAL: i32 = -70;
/// The rate of one stream in 20 MHz, in kbit/s, by the signal-to-noise ratio in dB that it needs.
const RATES: [(i32, u32); 13] = [
    (5, 6_500),
    (8, 13_000),
    (10, 19_500),
    (13, 26_000),
    (17, 39_000),
    (21, 52_000),
    (23, 58_500),
    (25, 65_000),
    (29, 78_000),
    (31, 86_700),
    (34, 114_700),
    (37, 129_000),
    (41, 154_900),
];

/// The generations, by the element that announces each, with the best rate of [`RATES`] that it knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Generation {
    Legacy,
    Ht,
    Vht,
    He,
    Eht,
}

/// Whether the signal is too weak for any rate.
pub(super) fn is_useless(bss: &Bss) -> bool {
    let [(least, _), ..] = RATES;
    bss.signal_dbm().is_some_and(|signal| signal < NOISE + least)
}

/// How often the channel is twice as wide as 20 MHz.
fn width(elements: Elements<'_>, band: Option<Band>) -> u32 {
    let eht = elements.find::<EhtOperation>().ok().flatten().and_then(|it| it.information);
    if let Some(information) = eht {
        return u32::from(information.width_code().min(4));
    }
    if let Some(six_ghz) = elements.find::<HeOperation>().ok().flatten().and_then(|it| it.six_ghz) {
        return u32::from(six_ghz.width_code());
    }
    if let Ok(Some(VhtOperation { information, .. })) = elements.find::<VhtOperation>()
        && information.width > 0
    {
        // 80 MHz alone, or two of them.
        return if information.width == 1 && information.center_segment_1 == 0 { 2 } else { 3 };
    }
    // The secondary channel offset, in the two low bits of the second octet of HT Operation.
    let ht = elements.iter().find(|element| element.id == ElementId::Plain(61));
    match (ht.and_then(|it| it.body.get(1).copied()), band) {
        (Some(octet), _) if octet & 3 != 0 => 1,
        // Without a word, an AP of 6 GHz is wide.
        (None, Some(Band::Band6)) => 2,
        _ => 0,
    }
}

/// The estimate.
pub(super) fn score(bss: &Bss) -> u32 {
    let elements = Elements::new(&bss.elements);
    let body = |id: ElementId| elements.iter().find(|element| element.id == id).map(|element| element.body);
    let has = |id| body(id).is_some();
    let generation = if has(ElementId::Extended(108)) {
        Generation::Eht
    } else if has(ElementId::Extended(35)) {
        Generation::He
    } else if has(ElementId::Plain(191)) {
        Generation::Vht
    } else if has(ElementId::Plain(45)) {
        Generation::Ht
    } else {
        Generation::Legacy
    };
    let band = bss.frequency.band();
    let doublings = width(elements, band);
    let best = match generation {
        Generation::Legacy => 54_000,
        Generation::Ht => 65_000,
        Generation::Vht => 86_700,
        Generation::He => 129_000,
        Generation::Eht => 154_900,
    };
    let noise = NOISE + 3 * i32::try_from(doublings).unwrap_or(0);
    let ratio = bss.signal_dbm().unwrap_or(UNKNOWN_SIGNAL) - noise;
    let rate = RATES.iter().rev().find(|(needed, _)| ratio >= *needed).map_or(1_000, |(_, rate)| *rate);
    // Two streams are what most stations have; more of them do not help us.
    let streams = if generation == Generation::Legacy { 1 } else { 2 };
    let throughput = (rate.min(best) * streams) << doublings;
    // BSS Load: the share of time that the channel is busy, in 255ths, in the third octet.
    let busy = body(ElementId::Plain(11)).and_then(|body| body.get(2).copied()).map_or(0, u32::from);
    let free = throughput / 255 * (255 - busy.min(229));
    // 2.4 GHz is shared with everything; the higher bands are less crowded than their load tells.
    match band {
        Some(Band::Band2) => free / 4 * 3,
        Some(Band::Band5) | None => free,
        Some(Band::Band6) => free / 8 * 9,
    }
}
