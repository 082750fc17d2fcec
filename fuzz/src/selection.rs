//! The choice of an access point from beacons and probe responses of any content.

use crate::Target;
use fixtures::{entry, personal, radio};
use lapwing_core::{
    Duration, Instant,
    kernel::{Frequency, ScanEntry},
    radio::Radio,
    scan::Table,
    select::{History, Policy, choose},
};
use lapwing_frames::MacAddr;

#[path = "../../crates/core/tests/common/fixtures.rs"]
mod fixtures;
#[path = "../../crates/core/tests/common/sane.rs"]
mod sane;

/// No input has more BSSs.
const BSSS: usize = 16;
const FREQUENCIES: [u32; 4] = [2412, 2437, 5180, 5955];

/// One BSS after the other: the last octet of its BSSID, its channel, how long its elements and those of its beacon
/// are (two octets each, little endian), and they.
fn bss(octets: &mut &[u8]) -> Option<ScanEntry> {
    let (&[number, channel, a, b, c, d], rest) = octets.split_first_chunk::<6>()?;
    let (elements, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([a, b])))?;
    let (beacon, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([c, d])))?;
    *octets = rest;
    let frequency = FREQUENCIES[usize::from(channel) % FREQUENCIES.len()];
    let mut entry = entry(MacAddr([2, 0, 0, 0, 0, number]), frequency, elements.to_vec());
    entry.beacon_elements = (!beacon.is_empty()).then(|| beacon.to_vec());
    Some(entry)
}

/// Whatever is heard, the links of a target are those of one device, and a target is something that was heard.
fn selection(mut octets: &[u8]) {
    let now = Instant::after_start(Duration::from_secs(100));
    let mut table = Table::new(BSSS);
    while let Some(entry) = bss(&mut octets) {
        // What cannot be understood is not taken.
        let _taken = table.insert(entry, now);
    }
    let radio = Radio { multi_link: true, ..radio(&FREQUENCIES) };
    let policy = Policy { own: Some(MacAddr([2, 0, 0, 0, 0, 0])), ..Policy::at(now) };
    let (judged, target) = choose(&table, &personal(b"mlo"), &radio, &History::default(), &policy);
    assert!(judged.len() <= BSSS);
    assert!(judged.iter().all(|judged| judged.links.len() <= 15));
    let Some(target) = target else { return };
    sane::check_target(&target);
    let heard = |bssid: MacAddr, frequency: Frequency| {
        table.get(bssid).is_some_and(|bss| bss.ssid.octets() == b"mlo" && bss.frequency == frequency)
    };
    for link in target.mld().into_iter().flat_map(|mld| mld.links.values()) {
        assert!(heard(link.bssid, link.frequency) && Some(link.bssid) != policy.own);
    }
}

/// Targets of selection.
pub const TARGETS: &[Target] = &[("selection", selection)];
