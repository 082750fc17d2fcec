//! The choice of an access point against what an impostor announces.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "common/fixtures.rs"]
mod fixtures;

use fixtures::{entry, named, open, personal, radio, rsn};
use lapwing_core::{
    Duration, Instant,
    network::{Network, Proven},
    radio::Radio,
    rsn::{Unsuitable, plan::Weakness},
    scan::Table,
    select::{History, Policy, Preferences, Rejection, Verdict, choose},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, OweTransition, Rsn, RsnCapabilities, wpa::Wpa},
    suite::{Akm, Cipher},
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

#[test]
fn an_open_bss_that_gives_the_twin_another_name_does_not_hide_it() {
    let [half, stranger, twin] = [1, 2, 3].map(|last| MacAddr([2, 0, 0, 0, 0, last]));
    let pointing = |name: &[u8]| {
        let mut elements = named(b"cafe");
        let ssid = Ssid::new(name).unwrap();
        OweTransition { bssid: twin, ssid, channel: None, tail: Vec::new() }.write(&mut elements);
        elements
    };
    let protects = RsnCapabilities::MFPC.with(RsnCapabilities::MFPR);
    let encrypted = [named(b"cafe-owe"), rsn(&[Akm::Owe], protects)].concat();
    let now = Instant::after_start(Duration::from_secs(100));
    let mut table = Table::new(8);
    table.insert(entry(half, 5180, pointing(b"cafe-owe")), now).unwrap();
    table.insert(entry(stranger, 5180, pointing(b"z-nobody")), now).unwrap();
    table.insert(entry(twin, 5180, encrypted), now).unwrap();
    let (_, target) = choose(&table, &open(b"cafe"), &radio(&[5180]), &History::default(), &Policy::at(now));
    assert_eq!(target.unwrap().bss().bssid, twin);
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

#[test]
fn an_access_point_that_would_be_left_at_once_is_not_better_than_a_slower_one_that_stays() {
    let now = Instant::after_start(Duration::from_secs(100));
    let (two, five) = (MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2]));
    let chosen = |signal: i32, weak| {
        let mut table = Table::new(8);
        // 802.11g and 802.11n.
        let mut near = entry(two, 2412, named(b"cafe"));
        near.signal_mbm = Some(-5300);
        let mut far = entry(five, 5180, [named(b"cafe"), vec![45, 0]].concat());
        far.signal_mbm = Some(signal);
        table.insert(near, now).unwrap();
        table.insert(far, now).unwrap();
        let policy = Policy { preferences: Preferences { weak, ..Preferences::NONE }, ..Policy::at(now) };
        let radio = radio(&[2412, 5180]);
        choose(&table, &open(b"cafe"), &radio, &History::default(), &policy).1.unwrap().bss().bssid
    };
    let usual = Preferences::NONE.weak;
    assert_eq!((chosen(-7600, usual), chosen(-7500, usual)), (two, five));
    assert_eq!(chosen(-7600, [-70, -80]), five);
}

const ONE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

/// What the beacons of an AP of the first WPA say, and of one with an RSNE of these ciphers.
fn first_wpa() -> Vec<u8> {
    let mut elements = named(b"home");
    let (cipher, akms) = (Cipher::WpaTkip, vec![Akm::WpaPsk]);
    Wpa { version: 1, group: cipher, pairwise: vec![cipher], akms, tail: Vec::new() }.write(&mut elements);
    elements
}

fn ciphers(group: Cipher, pairwise: Cipher) -> Vec<u8> {
    let mut elements = named(b"home");
    Rsn::new(group, vec![pairwise], vec![Akm::Psk], RsnCapabilities::default()).write(&mut elements);
    elements
}

/// The verdicts on BSSs with these elements, and which is chosen; the first is heard best by far.
fn chosen(
    heard: &[Vec<u8>],
    network: &Network,
    tkip: bool,
) -> (Vec<Verdict>, Option<MacAddr>, Option<Weakness>) {
    let now = Instant::after_start(Duration::from_secs(100));
    let mut table = Table::new(8);
    for ((elements, bssid), signal) in heard.iter().zip([ONE, OTHER]).zip([-3000, -8000]) {
        let mut entry = entry(bssid, 5180, elements.clone());
        (entry.signal_mbm, entry.capability) = (Some(signal), 0x11);
        table.insert(entry, now).unwrap();
    }
    let usual = radio(&[5180]);
    let radio = Radio { ciphers: [usual.ciphers.clone(), vec![Cipher::Tkip]].concat(), ..usual };
    let policy = Policy { preferences: Preferences { tkip, ..Preferences::NONE }, ..Policy::at(now) };
    let (mut judged, target) = choose(&table, network, &radio, &History::default(), &policy);
    judged.sort_by_key(|judged| judged.bssid);
    let weakness = target.as_ref().and_then(|target| target.plan()?.weakness());
    (
        judged.into_iter().map(|judged| judged.verdict).collect(),
        target.map(|target| target.bss().bssid),
        weakness,
    )
}

#[test]
fn tkip_is_not_joined_unless_it_is_put_up_with() {
    let network = personal(b"home");
    for (elements, why, weakness) in [
        (first_wpa(), Unsuitable::FirstWpa, Weakness::FirstWpaTkip),
        (ciphers(Cipher::Tkip, Cipher::Tkip), Unsuitable::Tkip, Weakness::Tkip),
        (ciphers(Cipher::Tkip, Cipher::Ccmp128), Unsuitable::Tkip, Weakness::GroupTkip),
    ] {
        let (verdicts, target, _) = chosen(std::slice::from_ref(&elements), &network, false);
        assert_eq!(verdicts, [Verdict::Rejected(Rejection::Unsuitable(why))]);
        assert_eq!(target, None);
        let (_, target, found) = chosen(&[elements], &network, true);
        assert_eq!((target, found), (Some(ONE), Some(weakness)));
    }
}

#[test]
fn tkip_is_not_used_where_another_bss_of_the_network_has_better() {
    let network = personal(b"home");
    let mut sae = named(b"home");
    sae.extend(rsn(&[Akm::Sae], RsnCapabilities::MFPC));
    let mut enterprise = named(b"home");
    enterprise.extend(rsn(&[Akm::Ieee8021x], RsnCapabilities::MFPC));
    for weak in [first_wpa(), ciphers(Cipher::Tkip, Cipher::Tkip)] {
        for better in
            [ciphers(Cipher::Ccmp128, Cipher::Ccmp128), ciphers(Cipher::Tkip, Cipher::Gcmp256), sae.clone()]
        {
            let (verdicts, target, _) = chosen(&[weak.clone(), better], &network, true);
            assert_eq!(verdicts[0], Verdict::Rejected(Rejection::Outdone));
            assert_eq!(target, Some(OTHER));
        }
        // Better, and of no use with this secret; and as bad.
        for other in [enterprise.clone(), first_wpa(), ciphers(Cipher::Tkip, Cipher::Tkip)] {
            assert_eq!(chosen(&[weak.clone(), other], &network, true).1, Some(ONE));
        }
    }
    // One that cannot be joined at the moment says all the same that there is better.
    let elsewhere = Network { bssid: Some(ONE), ..network.clone() };
    let (verdicts, target, _) =
        chosen(&[first_wpa(), ciphers(Cipher::Ccmp128, Cipher::Ccmp128)], &elsewhere, true);
    assert_eq!(verdicts[0], Verdict::Rejected(Rejection::Outdone));
    assert_eq!(target, None);
    // TKIP for what goes to everybody is only the second choice.
    let (_, target, _) = chosen(
        &[ciphers(Cipher::Tkip, Cipher::Ccmp128), ciphers(Cipher::Ccmp128, Cipher::Ccmp128)],
        &network,
        true,
    );
    assert_eq!(target, Some(OTHER));
    let (_, target, _) = chosen(&[first_wpa(), ciphers(Cipher::Tkip, Cipher::Ccmp128)], &network, true);
    assert_eq!(target, Some(OTHER));
}

#[test]
fn a_network_that_was_joined_by_rsn_is_not_joined_by_tkip() {
    for ways in [Proven::RSN, Proven::SAE] {
        let network = Network { proven: Proven(ways), ..personal(b"home") };
        for weak in [first_wpa(), ciphers(Cipher::Tkip, Cipher::Tkip)] {
            let (verdicts, target, _) = chosen(&[weak], &network, true);
            assert_eq!((&verdicts[..], target), (&[Verdict::Rejected(Rejection::Downgrade)][..], None));
        }
    }
    let network = Network { proven: Proven(Proven::RSN), ..personal(b"home") };
    let mixed = ciphers(Cipher::Tkip, Cipher::Ccmp128);
    assert_eq!(chosen(&[mixed], &network, true).1, Some(ONE), "its pairwise cipher is as good as before");
}
