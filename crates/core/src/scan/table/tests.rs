use super::*;
use alloc::vec;

fn entry(number: u32, age: u64) -> ScanEntry {
    let [a, b, c, d] = number.to_be_bytes();
    ScanEntry {
        bssid: MacAddr([2, 0, a, b, c, d]),
        frequency: Frequency(2412),
        beacon_interval: 100,
        capability: 1,
        signal_mbm: Some(-4000 - i32::try_from(number % 50).unwrap() * 100),
        age: Duration::from_millis(age),
        elements: vec![0, 2, b'h', b'i'],
        beacon_elements: None,
        beacon_is_newer: false,
        associated: false,
        mld: None,
    }
}

fn at(seconds: u64) -> Instant {
    Instant::after_start(Duration::from_secs(seconds))
}

#[test]
fn bounded_and_the_oldest_goes_first() {
    let mut table = Table::new(10);
    for number in 0..100 {
        table.insert(entry(number, 0), at(100 + u64::from(number))).unwrap();
        assert!(table.len() <= 10);
        assert_eq!(table.order.len(), table.len());
    }
    assert!(table.iter().all(|bss| bss.heard >= at(190)));
}

#[test]
fn of_the_same_age_the_weakest_goes_first() {
    let mut table = Table::new(2);
    for number in [1, 9, 5] {
        table.insert(entry(number, 0), at(100)).unwrap();
    }
    let kept: Vec<_> = table.iter().map(|bss| bss.signal_dbm().unwrap()).collect();
    assert_eq!(kept, [-41, -45]);
}

#[test]
fn what_was_heard_later_stays() {
    let mut table = Table::default();
    table.insert(entry(1, 0), at(100)).unwrap();
    table.insert(entry(1, 20_000), at(101)).unwrap();
    assert_eq!(table.iter().next().unwrap().heard, at(100));
    table.expire(at(120), Duration::from_secs(15));
    assert!(table.is_empty() && table.order.is_empty());
}

#[test]
fn unreadable_elements_are_kept_out_and_named() {
    let mut table = Table::default();
    for number in 0..200 {
        let wrong = ScanEntry { elements: vec![0, 9, b'x'], ..entry(number, 0) };
        assert_eq!(table.insert(wrong, at(1)).unwrap_err().at, 0);
    }
    assert!(table.is_empty());
    assert_eq!(table.unreadable().count(), Table::UNREADABLE);
    let last = table.unreadable().last().unwrap().0;
    table.insert(ScanEntry { bssid: last, ..entry(0, 0) }, at(2)).unwrap();
    assert!(table.unreadable().all(|(bssid, _)| bssid != last));
    let long = ScanEntry { elements: [vec![0, 33], vec![b'a'; 33]].concat(), ..entry(1, 0) };
    assert_eq!(table.insert(long, at(1)).unwrap_err().what, "SSID");
}

/// The kernel lists a hidden BSS twice: nameless from its beacons, and by name from the answer to a probe.
#[test]
fn a_name_that_was_learned_outlives_the_beacons_that_hide_it() {
    let hidden = |age| ScanEntry { elements: vec![0, 2, 0, 0], ..entry(1, age) };
    let name = |table: &Table| table.iter().next().unwrap().ssid.octets().to_vec();
    // In either order, with the beacon heard after the answer.
    for swapped in [false, true] {
        let mut pair = [entry(1, 70), hidden(3)];
        if swapped {
            pair.reverse();
        }
        let mut table = Table::default();
        pair.into_iter().for_each(|entry| table.insert(entry, at(100)).unwrap());
        assert_eq!(name(&table), b"hi");
        assert_eq!(table.order.len(), 1);
    }
    // Not for ever: the kernel drops the named one 30 seconds after the answer.
    let mut table = Table::default();
    table.insert(entry(1, 0), at(100)).unwrap();
    table.insert(hidden(0), at(129)).unwrap();
    assert_eq!(name(&table), b"hi");
    table.insert(hidden(0), at(131)).unwrap();
    assert_eq!(name(&table), [0, 0]);
}
