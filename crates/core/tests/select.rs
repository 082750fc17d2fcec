//! The choice of an access point against what an impostor announces.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "common/fixtures.rs"]
mod fixtures;

use fixtures::{entry, named, open, radio};
use lapwing_core::{
    Duration, Instant,
    rsn::Unsuitable,
    scan::Table,
    select::{History, Policy, Rejection, Verdict, choose},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, OweTransition},
};

#[test]
fn an_open_bss_of_another_name_is_nobodys_encrypted_twin() {
    // SSID confusion: an open BSS of the network's name points to an open BSS of another network.
    let (impostor, other) = (MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2]));
    let ssid = |name: &[u8]| Ssid::new(name).unwrap();
    let mut pointer = named(b"cafe");
    OweTransition { bssid: other, ssid: ssid(b"elsewhere"), channel: None, tail: Vec::new() }
        .write(&mut pointer);
    let now = Instant::after_start(Duration::from_secs(100));
    let mut table = Table::new(8);
    table.insert(entry(impostor, 5180, pointer), now).unwrap();
    table.insert(entry(other, 5180, named(b"elsewhere")), now).unwrap();
    let network = open(b"cafe");
    let (judged, target) = choose(&table, &network, &radio(&[5180]), &History::default(), &Policy::at(now));
    assert!(target.is_none_or(|target| target.bss().ssid == network.ssid));
    let twin = judged.iter().find(|judged| judged.bssid == other).unwrap();
    assert_eq!(twin.verdict, Verdict::Rejected(Rejection::Unsuitable(Unsuitable::OpenForbidden)));
}
