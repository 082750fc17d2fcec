//! Ad-hoc networks: from a station and back, and what the kernel says meanwhile.

use super::*;
use crate::kernel::{AdHocEvent, Mode};

const PEER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

fn ask(run: &mut Run, id: u64, call: Call) -> Option<Result<Answer, CallError>> {
    run.daemon.call(run.now, CallId(id), call);
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    answer(run, id)
}

fn answer(run: &mut Run, id: u64) -> Option<Result<Answer, CallError>> {
    answers(run).into_iter().find_map(|(call, outcome)| (call == CallId(id)).then_some(outcome))
}

fn hear(run: &mut Run, event: AdHocEvent) {
    run.hear(Heard::AdHoc { ifindex: 3, event });
}

/// What is seen: whether it is in a network, and with how many.
fn seen(run: &Run) -> Option<(bool, usize)> {
    run.daemon.view(run.now).devices[0].ad_hoc.as_ref().map(|ad_hoc| (ad_hoc.started, ad_hoc.peers.len()))
}

fn start() -> Call {
    Call::StartAdHoc { ifindex: 3, ssid: Ssid::new(b"mesh").unwrap() }
}

fn of_the_kind(name: &str) -> Run {
    let mut run = Run::new(name, &[("cafe.open", "")], true);
    run.hear(Heard::Appeared(Run::found(3, 0)));
    run.pass(Duration::from_secs(3));
    assert!(matches!(ask(&mut run, 1, start()), Some(Err(CallError::NotAvailable(_)))));
    let set = Call::SetMode { ifindex: 3, mode: Mode::AdHoc };
    assert_eq!(ask(&mut run, 2, set), Some(Ok(Answer::Done)));
    run
}

#[test]
fn a_network_is_joined_and_left_and_the_interface_is_a_station_again() {
    let mut run = of_the_kind("ad-hoc");
    assert_eq!(seen(&run), Some((false, 0)));
    // What a station is asked is not for it.
    assert!(matches!(ask(&mut run, 3, Call::Scan { ifindex: 3 }), Some(Err(CallError::NotAvailable(_)))));
    assert_eq!(ask(&mut run, 4, start()), None);
    assert_eq!(ask(&mut run, 5, start()), Some(Err(CallError::InProgress)));
    run.daemon.hear(run.now, Heard::AdHoc { ifindex: 3, event: AdHocEvent::Answered(Ok(())) });
    assert_eq!(answer(&mut run, 4), Some(Ok(Answer::Done)));
    assert_eq!(seen(&run), Some((false, 0)), "it is in it by the kernel's word alone");
    hear(&mut run, AdHocEvent::PeerCame(PEER));
    hear(&mut run, AdHocEvent::Joined);
    hear(&mut run, AdHocEvent::PeerCame(PEER));
    assert_eq!(seen(&run), Some((true, 1)));
    assert!(matches!(ask(&mut run, 6, start()), Some(Err(CallError::AlreadyExists(_)))));
    hear(&mut run, AdHocEvent::PeerLeft(PEER));
    assert_eq!(seen(&run), Some((true, 0)));
    assert_eq!(ask(&mut run, 7, Call::StopAdHoc { ifindex: 3 }), None);
    run.daemon.hear(run.now, Heard::AdHoc { ifindex: 3, event: AdHocEvent::Answered(Ok(())) });
    assert_eq!(answer(&mut run, 7), Some(Ok(Answer::Done)));
    assert_eq!(ask(&mut run, 8, Call::StopAdHoc { ifindex: 3 }), Some(Ok(Answer::Done)));
    let back = Call::SetMode { ifindex: 3, mode: Mode::Station };
    assert_eq!(ask(&mut run, 9, back), Some(Ok(Answer::Done)));
    run.pass(Duration::from_secs(5));
    assert!(run.daemon.interfaces[&3].station.connection().is_some());
}

#[test]
fn what_the_kernel_refuses_is_told_and_nothing_is_left_of_it() {
    let mut run = of_the_kind("ad-hoc-refused");
    assert_eq!(ask(&mut run, 4, start()), None);
    let refusal = Refusal { errno: Errno::EINVAL, message: None };
    run.daemon.hear(run.now, Heard::AdHoc { ifindex: 3, event: AdHocEvent::Answered(Err(refusal)) });
    assert!(matches!(answer(&mut run, 4), Some(Err(CallError::Failed(_)))));
    assert_eq!(ask(&mut run, 5, start()), None);
    // One that never answers is not waited for without end, and its answer counts when it comes.
    run.pass(Duration::from_secs(31));
    assert!(matches!(answer(&mut run, 5), Some(Err(CallError::Failed(_)))));
    hear(&mut run, AdHocEvent::Answered(Ok(())));
    hear(&mut run, AdHocEvent::Joined);
    assert_eq!(seen(&run), Some((true, 0)));
    // An interface that goes down is in no network.
    run.hear(Heard::Station { ifindex: Some(3), event: KernelEvent::InterfaceDown });
    assert_eq!(seen(&run), Some((false, 0)));
}

#[test]
fn the_way_back_is_through_the_end_of_the_network() {
    let mut run = of_the_kind("ad-hoc-back");
    ask(&mut run, 4, start());
    hear(&mut run, AdHocEvent::Answered(Ok(())));
    hear(&mut run, AdHocEvent::Joined);
    let back = Call::SetMode { ifindex: 3, mode: Mode::Station };
    assert_eq!(ask(&mut run, 5, back), None);
    assert_eq!(run.performed(|command| matches!(command, Command::LeaveAdHoc { ifindex: 3 })), 1);
    run.daemon.hear(run.now, Heard::AdHoc { ifindex: 3, event: AdHocEvent::Answered(Ok(())) });
    let now = run.now;
    run.daemon.listen(|| now).unwrap();
    assert_eq!(answer(&mut run, 5), Some(Ok(Answer::Done)));
}

#[test]
fn a_radio_that_cannot_is_not_asked() {
    let mut run = Run::new("ad-hoc-unable", &[], true);
    run.hear(Heard::Appeared(Found { ad_hoc: false, ..Run::found(3, 0) }));
    run.pass(Duration::from_secs(1));
    let set = Call::SetMode { ifindex: 3, mode: Mode::AdHoc };
    assert!(matches!(ask(&mut run, 1, set), Some(Err(CallError::NotSupported(_)))));
    assert!(!run.daemon.view(run.now).radios[0].ad_hoc);
}
