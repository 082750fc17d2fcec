//! The interface and the machine: down, up, blocked, asleep, renamed, taken away, and other rules.

use super::world::{AP, Bench, State, authenticate, events, lines, order, radio, sent};
use crate::habit::Habits;
use crate::parts::{Command, KernelInput};
use lapwing_core::Duration;
use lapwing_core::kernel::{Errno, Frequency, KernelEvent, Reply, Request};
use lapwing_frames::MacAddr;

#[test]
fn setting_the_interface_down_ends_everything_in_order() {
    for input in [KernelInput::SetUp(false), KernelInput::Block(true), KernelInput::Remove] {
        let mut bench = Bench::at(State::Connected, Habits::NONE);
        bench.ask(Request::TriggerScan(Default::default())).unwrap();
        let last = if input == KernelInput::Remove { Some("the interface is gone") } else { None };
        let out = bench.turn(input);
        let mut expected = vec![
            "a deauthentication",
            "the end of a connection",
            "a scan was broken off",
            "the interface was set down",
        ];
        expected.extend(last);
        assert_eq!(order(&out), expected);
        assert!(!bench.kernel.truth().up);
    }
}

#[test]
fn a_blocked_radio_cannot_be_set_up() {
    let mut bench = Bench::new();
    bench.turn(KernelInput::Block(true));
    assert_eq!(bench.turn(KernelInput::SetUp(true)), []);
    assert_eq!(bench.turn(KernelInput::Block(false)), []);
    assert!(!bench.kernel.truth().up);
    let out = bench.turn(KernelInput::SetUp(true));
    assert_eq!(events(&out), [KernelEvent::InterfaceUp]);
    assert!(bench.kernel.truth().up);
}

#[test]
fn an_attempt_dies_with_the_interface() {
    let mut bench = Bench::at(State::Authenticating, Habits::NONE);
    assert_eq!(order(&bench.turn(KernelInput::SetUp(false))), ["the interface was set down"]);
    let mut bench = Bench::at(State::Associating, Habits::NONE);
    let out = bench.turn(KernelInput::SetUp(false));
    assert_eq!(order(&out), ["an association timed out", "the interface was set down"]);
}

#[test]
fn an_attempt_that_sleep_breaks_off_is_told_to_the_party_alone() {
    for state in [State::Authenticating, State::Authenticated, State::Associating] {
        let mut bench = Bench::at(state, Habits::NONE);
        let out = bench.turn(KernelInput::Sleep(Duration::from_secs(9)));
        assert_eq!((order(&out), sent(&out).len()), (vec!["a deauthentication"], 0), "{state:?}");
        bench.pass(Duration::from_secs(9));
        assert!(!bench.kernel.truth().busy);
    }
}

#[test]
fn an_address_changes_only_while_the_interface_is_down() {
    let address = MacAddr([2, 7, 7, 7, 7, 7]);
    let mut bench = Bench::new();
    assert_eq!(bench.turn(KernelInput::SetAddress(address)), []);
    bench.turn(KernelInput::SetUp(false));
    let out = bench.turn(KernelInput::SetAddress(address));
    assert_eq!(events(&out), [KernelEvent::AddressChanged { address }]);
    assert_eq!(bench.kernel.address(), address);
    let Ok(Reply::Interface(interface)) = bench.ask(Request::ReadInterface) else { panic!() };
    assert_eq!(interface.address, address);
}

#[test]
fn a_sleeping_machine_hears_nothing_and_commands_wait_for_it() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let out = bench.turn(KernelInput::Sleep(Duration::from_secs(40)));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    bench.hear();
    assert_eq!(bench.command(Command::Request(Request::ReadScan)), []);
    let out = bench.pass(Duration::from_secs(40));
    let [crate::parts::KernelOutput::Message(crate::parts::Message::Completed { outcome, .. })] = &out[..]
    else {
        panic!("{out:?}")
    };
    assert_eq!(*outcome, Ok(Reply::Scan(vec![])), "all that was known is old");
}

#[test]
fn a_new_name_is_in_every_line() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    bench.turn(KernelInput::Rename("wifi0".into()));
    let out = bench.command(Command::Request(Request::Authenticate(authenticate(false))));
    assert!(lines(&out).iter().all(|line| line.starts_with("wifi0: ")));
}

#[test]
fn a_channel_that_is_forbidden_is_left_after_a_minute() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let mut channels = radio().channels;
    channels[0].disabled = true;
    let out = bench.turn(KernelInput::Regulatory(channels));
    assert_eq!(events(&out), [KernelEvent::RegulatoryChanged]);
    assert_eq!(bench.pass(Duration::from_secs(59)), []);
    let out = bench.pass(Duration::from_secs(1));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    bench.hear();
    let refusal = bench.ask(Request::Authenticate(authenticate(false))).unwrap_err();
    assert_eq!(refusal.errno, Errno::EINVAL);
    assert!(!bench.kernel.frequencies().contains(&Frequency(2412)));
    // Allowed again in time, nothing happens.
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let mut channels = radio().channels;
    channels[0].disabled = true;
    bench.turn(KernelInput::Regulatory(channels));
    bench.turn(KernelInput::Regulatory(radio().channels));
    assert_eq!(bench.pass(Duration::from_secs(120)), []);
    assert_eq!(bench.held().peer, AP);
}
