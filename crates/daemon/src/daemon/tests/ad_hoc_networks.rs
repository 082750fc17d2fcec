//! Ad-hoc networks: from a station and back, and what the kernel says meanwhile.

use super::*;
use crate::control::AdHocPassphrase;
use crate::kernel::{AdHocEvent, Mode};
use lapwing_core::Secret;
use lapwing_core::ad_hoc::{self, Action, Event, Reply, Request, Setup};
use lapwing_core::crypto::{kdf::passphrase_to_psk, keys::Pmk};
use lapwing_frames::suite::Cipher;

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
    Call::StartAdHoc { ifindex: 3, ssid: Ssid::new(b"mesh").unwrap(), passphrase: None }
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
    // One that the kernel knows first is there all the same.
    hear(&mut run, AdHocEvent::PeerCame(PEER));
    hear(&mut run, AdHocEvent::Joined);
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
fn a_network_with_a_passphrase_has_those_who_know_it() {
    let mut run = of_the_kind("ad-hoc-passphrase");
    let ssid = Ssid::new(b"mesh").unwrap();
    let passphrase = Some(AdHocPassphrase(Secret::new(b"secret123")));
    let call = Call::StartAdHoc { ifindex: 3, ssid: ssid.clone(), passphrase };
    assert!(!format!("{call:?}").contains("secret"));
    assert!(matches!(ask(&mut run, 4, call.clone()), Some(Err(CallError::NotSupported(_)))), "no cipher");
    let mut radio = run.daemon.interfaces[&3].station.radio().clone();
    radio.ciphers = vec![Cipher::Ccmp128, Cipher::Gcmp256];
    run.hear(Heard::RadioChanged { wiphy: 0, radio });
    assert_eq!(ask(&mut run, 4, call), None);
    let is_protected = |command: &Command| matches!(command, Command::JoinAdHoc { rsne: Some(_), .. });
    assert_eq!(run.performed(is_protected), 1);
    hear(&mut run, AdHocEvent::Answered(Ok(())));
    hear(&mut run, AdHocEvent::PeerCame(PEER));
    hear(&mut run, AdHocEvent::Joined);
    assert_eq!(seen(&run), Some((true, 0)), "whoever is heard does not know the passphrase yet");
    // The peer is another such machine, with a kernel that does everything.
    let pmk = Pmk::new(passphrase_to_psk(b"secret123", ssid.octets())).unwrap();
    let cipher = Cipher::Gcmp256;
    let mut entropy = SeededEntropy(7);
    let setup = Setup { address: PEER, ssid, pmk, cipher, protection_is_told: false };
    let mut peer = ad_hoc::AdHoc::new(setup, &mut entropy).unwrap();
    let own = run.daemon.interfaces[&3].address;
    let mut actions = peer.turn(run.now.clock, Event::Joined, &mut entropy);
    actions.extend(peer.turn(run.now.clock, Event::PeerCame(own), &mut entropy));
    let mut done = 0;
    for _ in 0..20 {
        for action in std::mem::take(&mut actions) {
            let Action::Request { number, request } = action else { continue };
            let reply = match request {
                Request::SendKeyFrame { bytes, .. } => {
                    hear(&mut run, AdHocEvent::KeyFrame { from: PEER, bytes, protected: false });
                    Reply::Done
                }
                Request::ReadPacketNumber { .. } => Reply::PacketNumber(3),
                _ => Reply::Done,
            };
            let event = Event::Answered { number, outcome: Ok(reply) };
            actions.extend(peer.turn(run.now.clock, event, &mut entropy));
        }
        let asked: Vec<_> = run
            .daemon
            .kernel
            .performed
            .iter()
            .filter_map(|command| match command {
                Command::AskAdHoc { number, request, .. } => Some((*number, request.clone())),
                _ => None,
            })
            .collect();
        for (number, request) in asked.into_iter().skip(done) {
            done += 1;
            if let Request::SendKeyFrame { bytes, .. } = &request {
                let event = Event::KeyFrame { from: own, bytes, protected: false };
                actions.extend(peer.turn(run.now.clock, event, &mut entropy));
            }
            hear(&mut run, AdHocEvent::Done { number, outcome: Ok(Reply::Done) });
        }
    }
    assert_eq!(seen(&run), Some((true, 1)));
    assert_eq!(peer.connected().collect::<Vec<_>>(), [own]);
    hear(&mut run, AdHocEvent::PeerLeft(PEER));
    assert_eq!(seen(&run), Some((true, 0)));
    // One that never answers is tried again by the daemon's clock.
    hear(&mut run, AdHocEvent::PeerCame(PEER));
    let sent = |run: &Run| {
        run.performed(|command| {
            matches!(command, Command::AskAdHoc { request: Request::SendKeyFrame { .. }, .. })
        })
    };
    let before = sent(&run);
    run.pass(Duration::from_secs(30));
    assert!(sent(&run) > before + 4);
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
