//! A network by a button or a PIN: what it displaces, what comes of it, and how it ends.

use super::super::*;
use super::desk::{Desk, setups};
use crate::control::{Answer, Call, CallError};
use crate::kernel::Mode;
use lapwing_core::Secret;
use lapwing_core::kernel::{Frequency, Request};
use lapwing_core::wsc::{Credential, Password, Pin, Troubles};
use lapwing_frames::Ssid;
use lapwing_frames::wsc::{AuthenticationTypes, EncryptionTypes};

const PUSH: Call = Call::Enrol { ifindex: 3, password: Password::PushButton };
const CANCEL: Call = Call::CancelEnrol { ifindex: 3 };
const CAFE: (&str, &str) = ("cafe.open", "");

fn cafe() -> Credential {
    Credential {
        ssid: Ssid::new(b"cafe").unwrap(),
        authentication: AuthenticationTypes::OPEN,
        encryption: EncryptionTypes::NONE,
        key: Secret::default(),
        address: None,
    }
}

fn connected(desk: &Desk) -> bool {
    desk.view().devices[0].connected.is_some()
}

#[test]
fn the_station_leaves_first_and_nobody_else_moves_it() {
    let mut desk = Desk::new("enrol", setups(), &[CAFE]);
    desk.pass(Duration::from_secs(20));
    assert!(connected(&desk));
    let push = desk.begin(PUSH);
    desk.settle();
    assert!(!connected(&desk));
    let asked = desk.daemon.kernel.performed.iter();
    let scans = asked.filter(|command| {
        matches!(command, Command::Ask { request: Request::TriggerScan(scan), .. } if !scan.elements.is_empty())
    });
    assert_eq!(scans.count(), 1, "with the element that says what we want");
    let on = Call::ScanOn { ifindex: 3, frequencies: vec![Frequency(2412)] };
    let mode = Call::SetMode { ifindex: 3, mode: Mode::AdHoc };
    for call in [PUSH, Call::Scan { ifindex: 3 }, on, mode, Call::Disconnect { ifindex: 3 }] {
        assert!(matches!(desk.ask(call), Some(Err(CallError::Busy(_)))));
    }
    // It ends by itself, and the known network is joined again.
    desk.pass(Duration::from_secs(180));
    assert_eq!(desk.answer(push), Some(Err(CallError::NotHandedOver(Troubles::WalkTimeOver))));
    desk.pass(Duration::from_secs(20));
    assert!(connected(&desk));
}

#[test]
fn it_is_cancelled_once() {
    let mut desk = Desk::new("enrol-cancel", setups(), &[]);
    assert!(matches!(desk.ask(CANCEL), Some(Err(CallError::NotAvailable(_)))));
    let push = desk.begin(PUSH);
    desk.settle();
    assert_eq!(desk.ask(CANCEL), Some(Ok(Answer::Done)));
    assert_eq!(desk.answer(push), Some(Err(CallError::NotHandedOver(Troubles::Cancelled))));
    assert!(matches!(desk.ask(CANCEL), Some(Err(CallError::NotAvailable(_)))));
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), Some(Ok(Answer::Done)));
}

#[test]
fn what_was_handed_over_is_joined_and_stored() {
    let mut desk = Desk::new("enrol-joins", setups(), &[]);
    let pin = Pin::new("12345670").unwrap();
    let start = desk.begin(Call::Enrol { ifindex: 3, password: Password::Pin(pin) });
    desk.settle();
    let now = desk.now;
    desk.daemon.enrolled(now, 3, Ok(vec![cafe()]));
    desk.pass(Duration::from_secs(20));
    assert_eq!(desk.answer(start), Some(Ok(Answer::Done)));
    assert!(connected(&desk));
    assert!(desk.directory.join("state/cafe.open").exists());
}

#[test]
fn every_network_that_is_handed_over_is_known_and_the_first_is_joined() {
    let mut desk = Desk::new("enrol-all", setups(), &[]);
    let push = desk.begin(PUSH);
    desk.settle();
    let guests = Credential {
        ssid: Ssid::new(b"guests").unwrap(),
        authentication: AuthenticationTypes::WPA2_PERSONAL,
        encryption: EncryptionTypes::AES,
        key: Secret::new(b"correct horse"),
        address: None,
    };
    let now = desk.now;
    desk.daemon.enrolled(now, 3, Ok(vec![cafe(), guests]));
    desk.pass(Duration::from_secs(20));
    assert_eq!(desk.answer(push), Some(Ok(Answer::Done)));
    assert_eq!(desk.view().devices[0].network.as_ref().unwrap().to_string(), "cafe.open");
    let file = std::fs::read_to_string(desk.directory.join("state/guests.psk")).unwrap();
    assert!(file.contains("Passphrase=correct horse"), "{file}");
}

#[test]
fn a_switched_off_interface_ends_it() {
    let mut desk = Desk::new("enrol-down", setups(), &[]);
    let push = desk.begin(PUSH);
    desk.settle();
    desk.ask(Call::SetPowered { ifindex: 3, on: false });
    assert_eq!(desk.answer(push), Some(Err(CallError::NotHandedOver(Troubles::Unavailable))));
    assert!(matches!(desk.ask(PUSH), Some(Err(CallError::NotAvailable(_)))));
}

#[test]
fn the_end_of_the_daemon_is_its_end() {
    let mut desk = Desk::new("enrol-end", setups(), &[]);
    let push = desk.begin(PUSH);
    desk.settle();
    let now = desk.now;
    desk.daemon.shut_down(now);
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.answer(push), Some(Err(CallError::Aborted)));
    assert!(desk.daemon.is_quiet());
}

#[test]
fn a_pin_is_another_each_time() {
    let mut desk = Desk::new("enrol-pin", setups(), &[]);
    let pins: Vec<_> = (0..2)
        .map(|_| match desk.ask(Call::GeneratePin) {
            Some(Ok(Answer::Pin(pin))) => pin.reveal(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_ne!(pins[0], pins[1]);
    assert!(pins.iter().all(|pin| pin.len() == 8));
}
