//! The choice of an access point against what an impostor announces.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "common/fixtures.rs"]
mod fixtures;

use fixtures::{entry, named, open, radio};
use lapwing_core::{
    Duration, Instant,
    rsn::Unsuitable,
    scan::Table,
    select::{History, Policy, Preferences, Rejection, Verdict, choose},
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

/// Each doubling of the width counts, whichever element tells of it.
#[test]
fn a_wider_channel_is_better() {
    let now = Instant::after_start(Duration::from_secs(100));
    let eht = |width: u8| vec![255, 9, 106, 1, 0x44, 0x44, 0x44, 0x44, width, 50, 0];
    let he = |width: u8| [255, 12, 36, 0, 0, 2, 0, 0xfc, 0xff, 37, width, 39, 0, 6].to_vec();
    let vht = |width: u8, second: u8| [192, 5, width, 42, second, 0xfc, 0xff].to_vec();
    let ht = |offset: u8| {
        let mut element = vec![61, 22, 36, offset];
        element.resize(24, 0);
        element
    };
    let estimate = |operation: Vec<u8>| {
        let bssid = MacAddr([2, 0, 0, 0, 0, 1]);
        let mut elements = named(b"cafe");
        // EHT Capabilities, as far as anybody looks.
        elements.extend([255, 1, 108]);
        elements.extend(operation);
        let mut heard = entry(bssid, 5180, elements);
        heard.signal_mbm = Some(-3000);
        let mut table = Table::new(8);
        table.insert(heard, now).unwrap();
        let radio = radio(&[5180]);
        let (judged, _) = choose(&table, &open(b"cafe"), &radio, &History::default(), &Policy::at(now));
        match judged.first().unwrap().verdict {
            Verdict::Usable { score } => score,
            Verdict::Rejected(_) => 0,
        }
    };
    let none = estimate(vec![]);
    for (operation, doublings) in [
        (ht(0), 0),
        (ht(1), 1),
        ([ht(1), vht(0, 0)].concat(), 1),
        (he(0), 0),
        (he(3), 3),
        (vht(1, 0), 2),
        (vht(1, 50), 3),
        (vht(2, 0), 3),
        (eht(0), 0),
        (eht(2), 2),
        (eht(4), 4),
        // Whatever a width beyond all may be.
        (eht(7), 4),
    ] {
        let found = estimate(operation.clone());
        assert_eq!((found + none / 2) / none, 1 << doublings, "{operation:?}");
    }
}

/// What the owner of the machine prefers decides between two BSSs that are as good.
#[test]
fn a_preferred_band_wins() {
    let now = Instant::after_start(Duration::from_secs(100));
    let (two, five) = (MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2]));
    let mut table = Table::new(8);
    table.insert(entry(two, 2412, named(b"cafe")), now).unwrap();
    table.insert(entry(five, 5180, named(b"cafe")), now).unwrap();
    let radio = radio(&[2412, 5180]);
    let chosen = |bands| {
        let preferences = Preferences { bands, ..Preferences::NONE };
        let policy = Policy { preferences, ..Policy::at(now) };
        let (_, target) = choose(&table, &open(b"cafe"), &radio, &History::default(), &policy);
        target.unwrap().bss().bssid
    };
    assert_eq!(chosen([100; 3]), five);
    assert_eq!(chosen([200, 100, 100]), two);
    assert_eq!(chosen([10_000, 10_000, 100]), five, "nothing overflows");
}
