//! What to scan, and in which order: a network is looked for in stages, each of which costs more than the one
//! before and promises less, so that most searches end long before all channels were scanned.
//!
//! An active channel takes some 30 ms, a passive one more than 100 ms. The stages overlap with the first one
//! on purpose: a probe or its answer is easily lost, and a second look at the channel where a network ought to
//! be is worth more than the 30 ms.

use crate::{
    kernel::{Band, Frequency, ScanRequest},
    network::Network,
    radio::{Channel, Radio},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::{cmp::Reverse, iter};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        Element, MultiLink,
        multi_link::{ProbeRequest, ProbeRequestCommon},
    },
};

/// A part of all channels. Their order is that in which they are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Where the networks were heard before. For a network that was never joined: where others were, as
    /// people have their access points in the same places.
    Known,
    /// Channels 1, 6 and 11 and the first four of 5 GHz: most access points are on one of them.
    Common,
    /// The upper channels of 5 GHz that need no radar detection.
    Upper,
    /// All others of 2.4 and 5 GHz on which we may send first.
    Active,
    /// Those on which the rules let nobody send before an access point was heard.
    Passive,
    /// Those of 5 GHz that need radar detection: many, and slow.
    Radar,
    /// 6 GHz: last, as access points of the other bands tell by then which channels are worth it.
    Band6,
}

/// The most channels of [`Stage::Known`]: more of them are hardly faster than the next stages.
const MAX_KNOWN: usize = 12;
/// The most channels on which a network is looked for because others were heard there.
const MAX_POPULAR: usize = 4;

impl Stage {
    /// All that together are all channels.
    pub const SURVEY: [Self; 6] =
        [Self::Common, Self::Upper, Self::Active, Self::Passive, Self::Radar, Self::Band6];

    /// The one that comes after it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::SURVEY.into_iter().find(|stage| *stage > self)
    }

    /// The stage of [`Self::SURVEY`] that a channel belongs to; none if it is never scanned: nobody may use it,
    /// or it is in a band without networks for us.
    fn of(channel: &Channel) -> Option<Self> {
        let band = channel.frequency.band().filter(|_| !channel.disabled)?;
        Some(match (band, channel.frequency.0) {
            (Band::Band6, _) => Self::Band6,
            _ if channel.radar => Self::Radar,
            _ if channel.no_initiating_radiation => Self::Passive,
            (_, 2412 | 2437 | 2462 | 5180 | 5200 | 5220 | 5240) => Self::Common,
            (_, 5745..=5825) => Self::Upper,
            _ => Self::Active,
        })
    }
}

/// A search for some networks.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The networks that are looked for, the most wanted first.
    pub networks: Vec<&'a Network>,
    /// All that are known.
    pub known: &'a [Network],
    /// How many searches of the kind came before this one: hidden names take turns where not all fit.
    pub round: u32,
    /// Scan from a random source address, if the radio can. Must not be while connected.
    pub random_address: bool,
}

impl Search<'_> {
    /// The scan request of a stage; none if the stage has no channels.
    #[must_use]
    pub fn stage(&self, stage: Stage, radio: &Radio) -> Option<ScanRequest> {
        let frequencies = match stage {
            Stage::Known => self.known_frequencies(radio),
            // A radio that names no channels is not asked for some.
            Stage::Active if radio.channels.is_empty() => return Some(self.request(Vec::new(), radio)),
            _ => {
                let channels = radio.channels.iter().filter(|channel| Stage::of(channel) == Some(stage));
                channels.map(|channel| channel.frequency).collect()
            }
        };
        if frequencies.is_empty() {
            return None;
        }
        Some(ScanRequest { colocated_6ghz: stage == Stage::Band6, ..self.request(frequencies, radio) })
    }

    /// The scan request of one channel, with a name that nobody announces.
    #[must_use]
    pub fn channel(&self, frequency: Frequency, name: Option<Ssid>, radio: &Radio) -> ScanRequest {
        let mut request = self.request(Vec::from([frequency]), radio);
        if let Some(name) = name {
            request.ssids.insert(0, name);
            request.ssids.truncate(radio.max_scan_ssids.max(1));
        }
        request
    }

    /// The scan request that asks an AP MLD, at the BSS of one of its links, for all its links (802.11be 35.3.4.2). The
    /// kernel takes what the answer says of each of them into its table. Nothing if the radio cannot send as much.
    #[must_use]
    pub fn links(&self, frequency: Frequency, bssid: MacAddr, radio: &Radio) -> Option<ScanRequest> {
        let mut elements = Vec::new();
        let common = ProbeRequestCommon::default();
        MultiLink::ProbeRequest(ProbeRequest { common, links: Vec::new(), reserved: 0 }).write(&mut elements);
        let fits = elements.len() <= radio.max_scan_elements;
        let request = || self.request(Vec::from([frequency]), radio);
        fits.then(|| ScanRequest { elements, bssid: Some(bssid), ..request() })
    }

    fn request(&self, frequencies: Vec<Frequency>, radio: &Radio) -> ScanRequest {
        ScanRequest {
            frequencies,
            ssids: self.names(radio.max_scan_ssids),
            flush: false,
            random_address: self.random_address && radio.random_scan_address,
            colocated_6ghz: false,
            elements: Vec::new(),
            bssid: None,
        }
    }

    /// The names to probe for: the empty one, which every AP answers that announces its name, and as many
    /// hidden ones as fit.
    fn names(&self, fit: usize) -> Vec<Ssid> {
        let hidden: Vec<_> = self.networks.iter().filter(|network| network.hidden).collect();
        let round = usize::try_from(self.round).unwrap_or(0);
        // Where only one fits, it is the hidden one if nothing else is looked for, or every second time.
        let wildcard =
            fit > 1 || hidden.is_empty() || hidden.len() < self.networks.len() && round.is_multiple_of(2);
        let room = fit.max(1) - usize::from(wildcard);
        let turns = if fit > 1 { round.saturating_mul(room) } else { round / 2 };
        let start = turns.checked_rem(hidden.len()).unwrap_or(0);
        let hidden = hidden.iter().cycle().skip(start).take(room.min(hidden.len()));
        let wildcard = iter::once(Ssid::default()).take(usize::from(wildcard));
        wildcard.chain(hidden.map(|network| network.ssid.clone())).collect()
    }

    /// Where the networks were heard: the latest channel of each in their order, then the one before …
    fn known_frequencies(&self, radio: &Radio) -> Vec<Frequency> {
        let channel = |frequency: &u32| {
            radio.channels.iter().find(|channel| channel.frequency.0 == *frequency && !channel.disabled)
        };
        let deepest = self.networks.iter().map(|network| network.known_frequencies.len()).max();
        let mut seen = BTreeSet::new();
        let known: Vec<_> = (0..deepest.unwrap_or(0))
            .flat_map(|depth| self.networks.iter().filter_map(move |it| it.known_frequencies.get(depth)))
            .filter_map(channel)
            .map(|channel| channel.frequency)
            .filter(|frequency| seen.insert(*frequency))
            .take(MAX_KNOWN)
            .collect();
        if !known.is_empty() {
            return known;
        }
        let mut counts: BTreeMap<Frequency, usize> = BTreeMap::new();
        let elsewhere = self.known.iter().flat_map(|network| &network.known_frequencies).filter_map(channel);
        // A guess must be cheap: passive channels have their time later.
        let active = elsewhere.filter(|channel| {
            !(channel.no_initiating_radiation || channel.radar)
                && channel.frequency.band() != Some(Band::Band6)
        });
        active.for_each(|channel| *counts.entry(channel.frequency).or_default() += 1);
        let mut popular: Vec<_> = counts.into_iter().collect();
        popular.sort_by_key(|(_, count)| Reverse(*count));
        popular.into_iter().map(|(frequency, _)| frequency).take(MAX_POPULAR).collect()
    }
}

#[cfg(test)]
mod tests;
