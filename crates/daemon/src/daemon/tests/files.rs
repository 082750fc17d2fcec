//! The files of networks: what is edited while the daemon runs, and what cannot be written.

use super::super::*;
use super::desk::{DISCONNECT, DONE, Desk, PASSPHRASE, file, setups};
use crate::control::{Answer, Call, CallError, News, SecretAnswer};
use crate::kernel::Heard;
use crate::networks::name::Security;
use lapwing_core::Secret;
use std::fs;

#[test]
fn a_file_that_was_written_a_moment_ago_counts_for_who_asks_to_connect() {
    // So does NetworkManager: it writes a file, and asks before the change can have been heard of.
    let files = [("home.psk", "[Security]\nPassphrase=wrong horse\n")];
    let mut desk = Desk::new("moment", setups(), &files);
    desk.pass(Duration::from_secs(30));
    assert_eq!(desk.current(), None);
    let place = desk.directory.join("state/home.psk");
    fs::write(&place, "[Security]\nPassphrase=correct horse battery\n").unwrap();
    let call = desk.connect("home", Security::Personal);
    assert_eq!((desk.answer(call), desk.wanted.len()), (DONE, 0), "nobody is asked");
    assert_eq!(desk.ask(DISCONNECT), DONE);
    fs::remove_file(place).unwrap();
    let call = desk.connect("home", Security::Personal);
    assert_eq!((desk.answer(call), desk.wanted.len()), (None, 1), "it is known no more");
}

#[test]
fn a_connection_works_though_it_cannot_be_saved() {
    let mut desk = Desk::new("full", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    // Nothing can be written below what is no directory.
    fs::remove_dir_all(desk.directory.join("state")).unwrap();
    fs::write(desk.directory.join("state"), "").unwrap();
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
    let warning = desk.view().devices[0].warning.clone().unwrap();
    assert!(warning.contains("could not be saved") && warning.contains("home.psk"), "{warning}");
    assert!(fs::read_to_string(desk.directory.join("status.json")).unwrap().contains("could not be saved"));
    let flight = fs::read_to_string(desk.directory.join("flight.jsonl")).unwrap();
    assert!(flight.contains("\"event\":\"warning\"") && !flight.contains("correct horse"));
    // That the files are read again does not end it.
    desk.daemon.reload(desk.now);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
}

#[test]
fn a_file_that_breaks_ends_no_connection() {
    let mut desk = Desk::new("breaks", setups(), &[("cafe.open", "")]);
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    fs::write(desk.directory.join("state/cafe.open"), "nonsense").unwrap();
    desk.daemon.reload(desk.now);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    assert!(desk.view().devices[0].warning.as_ref().unwrap().contains("line 1"));
    fs::write(desk.directory.join("state/cafe.open"), "").unwrap();
    desk.daemon.reload(desk.now);
    assert_eq!(desk.view().devices[0].warning, None);
    let Err(CallError::NotStored(_)) = ({
        // A directory in place of the file cannot be removed as one.
        fs::remove_file(desk.directory.join("state/cafe.open")).unwrap();
        fs::create_dir(desk.directory.join("state/cafe.open")).unwrap();
        desk.ask(Call::Forget { network: file("cafe", Security::Open) }).unwrap()
    }) else {
        panic!()
    };
    assert_eq!(desk.view().known.len(), 1, "it remains");
    fs::remove_dir(desk.directory.join("state/cafe.open")).unwrap();
    fs::write(desk.directory.join("state/cafe.open"), "").unwrap();
    fs::remove_file(desk.directory.join("state/.lapwing.memory")).unwrap();
    fs::create_dir(desk.directory.join("state/.lapwing.memory")).unwrap();
    assert_eq!(desk.ask(Call::Forget { network: file("cafe", Security::Open) }), DONE, "the file is gone");
    assert!(!desk.directory.join("state/cafe.open").exists() && desk.view().known.is_empty());
}

#[test]
fn nobody_waits_for_the_disk() {
    let mut desk = Desk::new("disk", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = CallId(100);
    desk.daemon.call(desk.now, call, Call::Connect { ifindex: 3, network: file("cafe", Security::Open) });
    let now = desk.now;
    desk.daemon.kernel.now = now.clock;
    desk.daemon.listen(|| now).unwrap();
    let answered = News::Answered { call, outcome: Ok(Answer::Done) };
    assert!(desk.daemon.take_news().contains(&answered));
    let flight = |desk: &Desk| fs::read_to_string(desk.directory.join("flight.jsonl")).unwrap();
    assert!(!desk.directory.join("state/cafe.open").exists() && !flight(&desk).contains("\"connected\""));
    let before = desk.daemon.generation();
    desk.daemon.settle(now);
    assert!(desk.directory.join("state/cafe.open").exists() && flight(&desk).contains("\"connected\""));
    assert!(desk.text(".lapwing.memory").contains("Frequencies="));
    assert!(desk.daemon.generation() > before && desk.view().known.len() == 1);
    // What follows at once finds the file, whether there was time to write it or not.
    assert_eq!(desk.ask(DISCONNECT), DONE);
    desk.daemon.call(
        desk.now,
        CallId(101),
        Call::Connect { ifindex: 3, network: file("cafe", Security::Open) },
    );
    let now = desk.now;
    desk.daemon.listen(|| now).unwrap();
    desk.daemon.call(now, CallId(102), Call::Forget { network: file("cafe", Security::Open) });
    desk.settle();
    assert!(!desk.directory.join("state/cafe.open").exists() && desk.view().known.is_empty());
    assert!(!desk.text(".lapwing.memory").contains("cafe"));
    // And the end waits for nothing that it did not write.
    let call = desk.connect("home", Security::Personal);
    let secret = *desk.wanted.last().unwrap();
    desk.daemon.secret(desk.now, secret, SecretAnswer::Passphrase(Secret::new(PASSPHRASE)));
    let now = desk.now;
    desk.daemon.listen(|| now).unwrap();
    desk.daemon.shut_down(now);
    assert_eq!(desk.answer(call), DONE);
    assert!(desk.text("home.psk").contains("Passphrase="));
}

#[test]
fn a_file_without_a_passphrase_gets_it_from_the_agent_and_keeps_the_rest() {
    let mut desk = Desk::new("lacking", setups(), &[("home.psk", "[Settings]\nAutoConnect=false\n")]);
    assert!(desk.view().known.len() == 1 && desk.view().devices[0].warning.is_none());
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.contains("AutoConnect=false") && text.contains("Passphrase="), "{text}");
    let known = desk.view().known;
    assert!(known.len() == 1 && !known[0].autoconnect);
    // It may be forgotten, like any other.
    assert_eq!(desk.ask(Call::Forget { network: file("home", Security::Personal) }), DONE);
    assert!(desk.view().known.is_empty());
}

#[test]
fn a_file_of_a_moment_ago_counts_for_who_wants_to_join() {
    let mut desk = Desk::new("moment-new", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let text = [&b"[Security]\nPassphrase="[..], PASSPHRASE, b"\n"].concat();
    fs::write(desk.directory.join("state/home.psk"), text).unwrap();
    let call = desk.connect("home", Security::Personal);
    assert!(desk.wanted.is_empty(), "nobody is asked");
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.answer(call), DONE);
}

#[test]
fn a_lost_connection_is_not_made_again_while_the_file_is_broken() {
    let mut desk = Desk::new("lost", setups(), &[("cafe.open", "")]);
    desk.ask(DISCONNECT);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(10));
    assert_eq!(desk.answer(call), DONE);
    for (text, wanted) in [("nonsense", None), ("", Some("cafe.open")), ("[IPv4]\n", Some("cafe.open"))] {
        fs::write(desk.directory.join("state/cafe.open"), text).unwrap();
        desk.daemon.reload(desk.now);
        desk.pass(Duration::from_secs(60));
        assert_eq!(desk.current().as_deref(), Some("cafe.open"), "the link stays, or is made again");
        desk.daemon.kernel.peer = None;
        let reason = lapwing_frames::management::ReasonCode(3);
        let event = KernelEvent::Disconnected { reason, by_ap: true };
        desk.daemon.hear(desk.now, Heard::Station { ifindex: Some(3), event });
        desk.pass(Duration::from_secs(300));
        assert_eq!(desk.current().as_deref(), wanted, "{text:?}");
    }
}
