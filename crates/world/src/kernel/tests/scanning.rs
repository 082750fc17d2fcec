//! Scans and the BSS table.

use super::world::{AP, Bench, CHANNEL, beacon, events, named, outcome, ssid};
use crate::parts::{Command, KernelInput, KernelOutput};
use lapwing_core::Duration;
use lapwing_core::kernel::{Errno, Frequency, KernelEvent, Reply, Request, ScanEntry, ScanRequest};
use lapwing_frames::MacAddr;

fn entries(bench: &mut Bench) -> Vec<ScanEntry> {
    match bench.ask(Request::ReadScan) {
        Ok(Reply::Scan(entries)) => entries,
        other => panic!("{other:?}"),
    }
}

fn scan(frequencies: &[u32], names: &[&str]) -> ScanRequest {
    ScanRequest {
        frequencies: frequencies.iter().map(|mhz| Frequency(*mhz)).collect(),
        ssids: names.iter().map(|name| ssid(name)).collect(),
        ..ScanRequest::default()
    }
}

#[test]
fn a_scan_is_an_event_a_visit_and_an_event() {
    let mut bench = Bench::new();
    let out = bench.command(Command::Request(Request::TriggerScan(scan(&[2412, 5500], &[""]))));
    assert_eq!(events(&out), [KernelEvent::ScanStarted]);
    assert!(matches!(&out[1], KernelOutput::Listen { frequencies, .. } if *frequencies == [CHANNEL]));
    assert_eq!(outcome(out), Ok(Reply::Done));
    assert!(bench.kernel.frequencies().contains(&CHANNEL));
    let refused = bench.ask(Request::TriggerScan(scan(&[], &[]))).unwrap_err();
    assert_eq!(refused.errno, Errno::EBUSY);
    let out = bench.turn(KernelInput::Heard(vec![beacon(AP, CHANNEL, named("net"))]));
    assert_eq!(events(&out), [KernelEvent::ScanDone { frequencies: vec![CHANNEL] }]);
    let found = entries(&mut bench);
    assert_eq!((found.len(), found[0].bssid, found[0].age), (1, AP, Duration::ZERO));
    bench.pass(Duration::from_secs(30));
    assert_eq!(entries(&mut bench)[0].age, Duration::from_secs(30));
    bench.pass(Duration::from_millis(1));
    assert_eq!(entries(&mut bench), []);
}

#[test]
fn a_scan_that_cannot_be_is_refused() {
    let mut bench = Bench::new();
    let random = ScanRequest { random_address: true, ..scan(&[2412], &[]) };
    for (request, errno) in [
        (scan(&[2400], &[]), Errno::EINVAL),
        (scan(&[5500], &[]), Errno::EINVAL),
        (scan(&[], &["a", "b", "c", "d", "e"]), Errno::EINVAL),
    ] {
        assert_eq!(bench.ask(Request::TriggerScan(request)).unwrap_err().errno, errno);
    }
    assert_eq!(bench.ask(Request::AbortScan).unwrap_err().errno, Errno::ENOENT);
    assert_eq!(bench.ask(Request::TriggerScan(random)), Ok(Reply::Done));
    let out = bench.command(Command::Request(Request::AbortScan));
    assert_eq!(events(&out), [KernelEvent::ScanAborted]);
    assert_eq!(bench.turn(KernelInput::Heard(vec![beacon(AP, CHANNEL, named("net"))])), []);
    assert_eq!(entries(&mut bench), []);
}

#[test]
fn a_hidden_name_is_known_only_to_who_probes_for_it_where_probing_is_allowed() {
    let quiet = Frequency(5180);
    let other = MacAddr([2, 0, 0, 0, 9, 2]);
    let hidden = |bssid, frequency| crate::air::Beacon {
        probe_elements: Some(named("secret")),
        ..beacon(bssid, frequency, named(""))
    };
    let heard = vec![hidden(AP, CHANNEL), hidden(other, quiet)];
    for (probed, names) in [(&[][..], 2), (&[""], 2), (&["net"], 2), (&["", "secret"], 3)] {
        let mut bench = Bench::new();
        bench.ask(Request::TriggerScan(scan(&[2412, 5180], probed))).unwrap();
        bench.turn(KernelInput::Heard(heard.clone()));
        let found = entries(&mut bench);
        assert_eq!(found.len(), names, "{probed:?}");
        let revealed = found.iter().find(|entry| entry.elements == named("secret"));
        assert_eq!(revealed.map(|entry| entry.bssid), (names == 3).then_some(AP));
    }
}

#[test]
fn a_flush_forgets_what_was_heard_before() {
    let mut bench = Bench::new();
    bench.turn(KernelInput::Beacon(beacon(AP, CHANNEL, named("old"))));
    bench.pass(Duration::from_secs(1));
    bench.ask(Request::TriggerScan(ScanRequest { flush: true, ..scan(&[], &[""]) })).unwrap();
    let other = MacAddr([2, 0, 0, 0, 9, 2]);
    bench.turn(KernelInput::Heard(vec![beacon(other, CHANNEL, named("new"))]));
    let found = entries(&mut bench);
    assert_eq!(found.iter().map(|entry| entry.bssid).collect::<Vec<_>>(), [other]);
}
