//! What clients ask, and what they are answered.

use super::super::*;
use super::ap::{Ap, Setup};
use super::desk::{DISCONNECT, DONE, Desk, PASSPHRASE, error, file, setups};
use crate::control::{Answer, Call, CallError, News, SecretAnswer, Unwanted};
use crate::kernel::Heard;
use crate::networks::name::Security;
use lapwing_core::Secret;
use lapwing_core::failure::Code;
use lapwing_core::kernel::Request;
use lapwing_core::radio::{Radio, SignalWatch};
use lapwing_frames::suite::Akm;
use lapwing_frames::{MacAddr, Ssid};
use std::fs;

#[test]
fn an_open_network_is_joined_stored_left_and_forgotten() {
    let mut desk = Desk::new("open", setups(), &[]);
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let names: Vec<_> = desk.view().devices[0].networks.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(names, ["cafe.open", "home.psk", "work.8021x"], "by signal");
    assert_eq!(desk.view().devices[0].hidden.len(), 1);
    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(2));
    assert_eq!(desk.answer(call), DONE);
    let heard = desk.view().devices[0].networks.clone();
    assert_eq!(heard[0].name.to_string(), "cafe.open");
    let again = desk.view().devices[0].networks.clone();
    assert!(std::sync::Arc::ptr_eq(&heard, &again), "what has not changed is not looked at again");
    assert_eq!(desk.current().as_deref(), Some("cafe.open"));
    assert!(desk.directory.join("state/cafe.open").exists());
    assert!(desk.text(".lapwing.memory").contains("[cafe.open]"));
    assert_eq!(desk.view().known[0].last_joined, Some(1_000_000));
    // Again: it is so already.
    let call = desk.connect("cafe", Security::Open);
    assert_eq!(desk.answer(call), DONE);
    let Some(Ok(Answer::Diagnostics(figures))) = desk.ask(Call::Diagnose { ifindex: 3 }) else { panic!() };
    assert_eq!(figures.figures.signal_dbm, Some(-41));
    let Some(Ok(Answer::Links(links))) = desk.ask(Call::Links { ifindex: 3 }) else { panic!() };
    assert_eq!(links.verdict, "one link: the access point has no others; daemon and kernel agree.");
    let shown = desk.view().devices[0].links.clone().unwrap();
    assert_eq!(links.links.iter().map(|report| report.link).collect::<Vec<_>>(), shown.links);
    let Some(Ok(Answer::Timeline(text))) = desk.ask(Call::Timeline { ifindex: 3 }) else { panic!() };
    assert!(text.contains("cafe"), "{text}");
    // Who leaves stays away.
    assert_eq!(desk.ask(DISCONNECT), DONE);
    desk.pass(Duration::from_secs(120));
    assert_eq!((desk.current(), desk.daemon.kernel.peer), (None, None));
    assert_eq!(desk.ask(DISCONNECT), DONE, "as in iwd");
    assert_eq!(error(desk.ask(Call::Diagnose { ifindex: 3 })), CallError::NotConnected);
    assert_eq!(error(desk.ask(Call::Links { ifindex: 3 })), CallError::NotConnected);
    assert_eq!(desk.view().devices[0].links, None);

    let call = desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(2));
    assert_eq!(desk.answer(call), DONE);
    let network = file("cafe", Security::Open);
    assert_eq!(desk.ask(Call::SetAutoconnect { network: network.clone(), on: false }), DONE);
    assert_eq!(desk.text("cafe.open"), "[Settings]\nAutoConnect=false\n");
    assert_eq!(desk.ask(Call::Forget { network: network.clone() }), DONE);
    assert_eq!(desk.current(), None);
    assert!(!desk.directory.join("state/cafe.open").exists());
    assert!(!desk.text(".lapwing.memory").contains("cafe"));
    assert!(matches!(error(desk.ask(Call::Forget { network })), CallError::NotFound(_)));
}

#[test]
fn a_passphrase_is_asked_for_and_kept_only_when_it_was_right() {
    let mut desk = Desk::new("secret", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    for (answer, wanted) in [
        (SecretAnswer::Canceled, CallError::Aborted),
        (SecretAnswer::NoAgent, CallError::NoAgent),
        (SecretAnswer::Garbage("It is a number."), CallError::BadSecret("It is a number.")),
        (
            SecretAnswer::Passphrase(Secret::new(b"")),
            CallError::BadSecret("A passphrase has 1 to 255 octets."),
        ),
        (
            SecretAnswer::Passphrase(Secret::new(b"line\nbreak")),
            CallError::BadSecret("A passphrase has no control characters."),
        ),
        (
            SecretAnswer::Passphrase(Secret::new(b"\xff\xff\xff\xff\xff\xff\xff\xff")),
            CallError::BadSecret("A passphrase is text in UTF-8."),
        ),
    ] {
        let call = desk.connect("home", Security::Personal);
        assert_eq!(desk.answer(call), None);
        let secret = *desk.wanted.last().unwrap();
        desk.daemon.secret(desk.now, secret, answer.clone());
        // Twice: the second changes nothing.
        desk.daemon.secret(desk.now, secret, answer);
        assert_eq!(error(desk.answer(call)), wanted);
    }
    let call = desk.connect("home", Security::Personal);
    desk.say(b"wrong horse");
    let CallError::Failed(why) = error(desk.answer(call)) else { panic!() };
    assert_eq!(why.code, Code::WrongPassword);
    desk.pass(Duration::from_secs(60));
    assert_eq!(desk.view().known, []);
    assert!(!desk.directory.join("state/home.psk").exists(), "a wrong passphrase is never stored");
    assert_eq!(desk.daemon.kernel.aps[1].full_authentications, 0);

    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.starts_with("[Security]\nPassphrase=correct horse battery\nSAE-PT-Group19="), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(desk.directory.join("state/home.psk")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    // What was stored can be read.
    assert!(!desk.daemon.load(), "the file says what is known already");
}

#[test]
fn a_stored_secret_that_is_wrong_is_asked_for_again_and_replaced_by_a_right_one() {
    let files = [("home.psk", "# mine\n[Security]\nPassphrase=wrong horse\n[IPv4]\nAddress=192.0.2.9\n")];
    let mut desk = Desk::new("replace", setups(), &files);
    desk.pass(Duration::from_secs(30));
    assert_eq!(desk.current(), None);
    for wrong in [&b"also wrong"[..], b"no better"] {
        let call = desk.connect("home", Security::Personal);
        desk.say(wrong);
        assert!(matches!(error(desk.answer(call)), CallError::Failed(_)));
        assert_eq!(desk.text("home.psk"), files[0].1);
    }
    let call = desk.connect("home", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("home.psk");
    assert!(text.starts_with("# mine\n[Security]\nPassphrase=correct horse battery\n"), "{text}");
    assert!(text.contains("[IPv4]\nAddress=192.0.2.9\n"));
}

#[test]
fn a_hidden_network_that_is_not_joined_unasked_is_found_when_somebody_scans() {
    let file = "[Security]\nPassphrase=correct horse battery\n[Settings]\nHidden=true\nAutoConnect=false\n";
    let mut desk = Desk::new("hidden-unasked", setups(), &[("secret.psk", file)]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("secret", Security::Personal);
    assert_eq!(desk.answer(call), DONE);
}

#[test]
fn an_agent_that_never_answers_is_waited_for_in_bounds() {
    let mut desk = Desk::new("agent", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("home", Security::Personal);
    let secret = *desk.wanted.last().unwrap();
    desk.pass(Duration::from_secs(119));
    assert_eq!(desk.answer(call), None);
    // A second request for it does not take the question off the screen.
    let again = desk.connect("home", Security::Personal);
    assert_eq!(error(desk.answer(again)), CallError::InProgress);
    desk.pass(Duration::from_secs(2));
    assert_eq!(error(desk.answer(call)), CallError::AgentTimedOut);
    assert_eq!(desk.unwanted, [(secret, Unwanted::TimedOut)]);
    desk.daemon.secret(desk.now, secret, SecretAnswer::Passphrase(Secret::new(PASSPHRASE)));
    desk.pass(Duration::from_secs(5));
    assert_eq!(desk.current(), None, "too late");

    let asked = desk.connect("home", Security::Personal);
    assert_eq!(desk.ask(DISCONNECT), DONE);
    assert_eq!(error(desk.answer(asked)), CallError::Aborted);
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::UserCanceled);
    let asked = desk.connect("home", Security::Personal);
    desk.daemon.shut_down(desk.now);
    assert_eq!(error(desk.answer(asked)), CallError::Aborted);
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::Shutdown);
    let late = desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(late)), CallError::Aborted);
}

#[test]
fn a_hidden_network_is_joined_by_its_name_and_stored_as_hidden() {
    let mut desk = Desk::new("hidden", setups(), &[]);
    let call = |ssid: &[u8]| Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(ssid).unwrap() };
    desk.ask(Call::Scan { ifindex: 3 });
    assert_eq!(error(desk.ask(call(b"cafe"))), CallError::NotHidden);
    assert!(matches!(error(desk.ask(call(b"nobody"))), CallError::NotFound(_)));
    assert!(matches!(error(desk.ask(call(b""))), CallError::InvalidArguments(_)));
    let id = desk.begin(call(b"secret"));
    desk.pass(Duration::from_secs(2));
    desk.say(b"wrong horse");
    assert!(matches!(error(desk.answer(id)), CallError::Failed(_)));
    let id = desk.begin(call(b"secret"));
    desk.pass(Duration::from_secs(2));
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(id), DONE);
    assert!(desk.text("secret.psk").contains("[Settings]\nHidden=true\n"));
    assert_eq!(error(desk.ask(call(b"secret"))), CallError::AlreadyProvisioned);
    assert!(desk.view().known[0].hidden);
}

#[test]
fn the_hidden_half_of_an_open_network_is_no_hidden_network() {
    let half = Setup::new(b"half", 6, &[Akm::Owe]);
    // It should name the open half, and names itself.
    let twin = Some((half.bssid, half.ssid.clone()));
    let mut desk = Desk::new("half", vec![Setup { hidden: true, twin, ..half }], &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(b"half").unwrap() };
    assert!(matches!(error(desk.ask(call)), CallError::NotFound(_)));
}

#[test]
fn a_network_that_is_asked_for_overtakes_the_search_for_a_hidden_one() {
    let mut desk = Desk::new("overtaken", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let hidden = |ssid: &[u8]| Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(ssid).unwrap() };
    desk.daemon.kernel.silent = true;
    let search = desk.begin(hidden(b"secret"));
    desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(search)), CallError::Overtaken);
    let search = desk.begin(hidden(b"secret"));
    desk.begin(DISCONNECT);
    assert_eq!(error(desk.answer(search)), CallError::Aborted);
}

#[test]
fn what_cannot_be_joined_is_told_and_what_is_not_there_too() {
    let mut desk = Desk::new("refused", setups(), &[("odd.open", "[Settings\n"), ("work.8021x", "")]);
    desk.daemon.kernel.aps.push(Ap::new(Setup::new(b"odd", 10, &[])));
    desk.ask(Call::Scan { ifindex: 3 });
    for (name, security, wanted) in [
        ("work", Security::Enterprise, "802.1X"),
        ("odd", Security::Open, "odd.open\", line 1"),
        ("home", Security::Open, "not heard"),
        ("nobody", Security::Personal, "not heard"),
    ] {
        let call = desk.connect(name, security);
        let text = format!("{:?}", error(desk.answer(call)));
        assert!(text.contains(wanted) || text.replace('\\', "").contains(wanted), "{text}");
    }
    let known: Vec<_> = desk.view().known.iter().map(|known| known.name.to_string()).collect();
    assert_eq!(known, ["odd.open", "work.8021x"]);
    assert!(desk.view().devices[0].warning.as_ref().unwrap().contains("odd.open"));
    for call in [
        Call::Scan { ifindex: 9 },
        Call::Connect { ifindex: 9, network: file("cafe", Security::Open) },
        Call::Disconnect { ifindex: 9 },
        Call::Timeline { ifindex: 9 },
        Call::Diagnose { ifindex: 9 },
        Call::Links { ifindex: 9 },
        Call::SetPowered { ifindex: 9, on: true },
        Call::SetRadioPowered { wiphy: 9, on: true },
        Call::SetAutoconnect { network: file("cafe", Security::Open), on: true },
    ] {
        assert!(matches!(error(desk.ask(call)), CallError::NotFound(_)));
    }
}

#[test]
fn the_newer_wish_wins() {
    let mut desk = Desk::new("newer", setups(), &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    desk.daemon.kernel.silent = true;
    let cafe = desk.connect("cafe", Security::Open);
    let again = desk.connect("cafe", Security::Open);
    assert_eq!(error(desk.answer(cafe)), CallError::Aborted, "the attempt goes on for the newer call");
    assert!(matches!(error(desk.ask(Call::Scan { ifindex: 3 })), CallError::Busy(_)));
    let leave = desk.begin(DISCONNECT);
    assert_eq!(error(desk.answer(again)), CallError::Aborted);
    let second = desk.begin(DISCONNECT);
    assert!(matches!(desk.answer(second), Some(Err(CallError::InProgress)) | Some(Ok(Answer::Done))));
    desk.pass(Duration::from_secs(60));
    assert!(desk.answer(leave).is_some(), "a silent kernel holds nobody up");
    // The interface goes: so does every wish.
    desk.daemon.kernel.silent = false;
    desk.ask(Call::Scan { ifindex: 3 });
    let asked = desk.connect("home", Security::Personal);
    desk.daemon.hear(desk.now, Heard::Gone { ifindex: 3 });
    assert!(matches!(error(desk.answer(asked)), CallError::NotFound(_)));
    assert_eq!(desk.unwanted.last().unwrap().1, Unwanted::OutOfRange);
    assert_eq!(desk.view().devices, []);
    assert_eq!(desk.view().radios, []);
}

#[test]
fn interfaces_and_radios_are_switched() {
    let mut desk = Desk::new("power", setups(), &[]);
    assert_eq!(desk.ask(Call::SetPowered { ifindex: 3, on: false }), DONE);
    assert!(!desk.view().devices[0].powered && !desk.view().radios[0].powered);
    for call in [
        Call::Scan { ifindex: 3 },
        Call::Connect { ifindex: 3, network: file("cafe", Security::Open) },
        Call::ConnectHidden { ifindex: 3, ssid: Ssid::new(b"secret").unwrap() },
    ] {
        assert!(matches!(error(desk.ask(call)), CallError::NotAvailable(_)));
    }
    assert_eq!(desk.ask(DISCONNECT), DONE);
    assert_eq!(desk.ask(Call::SetRadioPowered { wiphy: 0, on: false }), DONE);
    assert!(matches!(error(desk.ask(Call::SetPowered { ifindex: 3, on: true })), CallError::NotAvailable(_)));
    assert_eq!(desk.ask(Call::SetRadioPowered { wiphy: 0, on: true }), DONE);
    assert!(desk.view().devices[0].powered && desk.view().radios[0].powered);
    desk.daemon.kernel.silent = true;
    let call = desk.begin(Call::SetPowered { ifindex: 3, on: false });
    assert_eq!(error(desk.ask(Call::SetRadioPowered { wiphy: 0, on: false })), CallError::InProgress);
    desk.pass(Duration::from_secs(20));
    assert!(matches!(error(desk.answer(call)), CallError::Failed(_)));
}

#[test]
fn nobody_waits_for_what_is_asked_of_the_kernel_besides() {
    let mut desk = Desk::new("besides", setups(), &[]);
    // Else the answer waits for an address.
    desk.daemon.options.network_configuration = false;
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let station = &mut desk.daemon.interfaces.get_mut(&3).unwrap().station;
    station.set_radio(Radio { signal_watch: SignalWatch::Thresholds, ..station.radio().clone() });
    let watches = |desk: &Desk| {
        let is_watch =
            |command: &&Command| matches!(command, Command::Ask { request: Request::WatchSignal { .. }, .. });
        desk.daemon.kernel.performed.iter().filter(is_watch).count()
    };
    desk.begin(Call::Connect { ifindex: 3, network: file("cafe", Security::Open) });
    assert!(desk.daemon.is_in_a_hurry());
    let now = desk.now;
    assert_eq!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToAnswer);
    assert!(!desk.daemon.is_in_a_hurry(), "there is an answer to give");
    assert_eq!(watches(&desk), 0);
    assert!(desk.daemon.take_news().iter().any(|news| matches!(news, News::Answered { outcome: Ok(_), .. })));
    assert_ne!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToAnswer);
    assert_eq!(watches(&desk), 1);
    assert_eq!(desk.daemon.listen_to_answer(|| now).unwrap(), Listened::ToSilence);
}

#[test]
fn the_way_of_a_connection_is_told_when_nothing_more_is_heard_and_in_its_order() {
    let mut desk = Desk::new("told-later", setups(), &[]);
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let told = |desk: &mut Desk| -> Vec<String> {
        let line = |news| if let News::Happened(line) = news { Some(line) } else { None };
        desk.daemon.take_news().into_iter().filter_map(line).collect()
    };
    told(&mut desk);
    desk.begin(Call::Connect { ifindex: 3, network: file("cafe", Security::Open) });
    assert!(desk.daemon.is_in_a_hurry());
    assert_eq!(told(&mut desk), [""; 0]);
    desk.daemon.tell_rest();
    let lines = told(&mut desk);
    let place = |what: &str| lines.iter().position(|line| line.contains(what)).expect(what);
    assert!(place("began") < place("chosen"), "{lines:?}");
    // What happens next is told behind it, by itself.
    let now = desk.now;
    desk.daemon.listen(|| now).unwrap();
    let lines = told(&mut desk);
    assert!(lines.iter().any(|line| line.contains("\"connected\"")), "{lines:?}");
    desk.daemon.tell_rest();
    assert_eq!(told(&mut desk), [""; 0]);
}

#[test]
fn a_network_of_the_second_generation_is_joined_with_its_passphrase() {
    let key = lapwing_core::crypto::kdf::passphrase_to_psk(PASSPHRASE, b"old");
    let psk = key.expose().try_into().unwrap();
    let mut desk = Desk::new("wpa2", vec![Setup { psk, ..Setup::new(b"old", 2, &[Akm::Psk]) }], &[]);
    desk.ask(Call::Scan { ifindex: 3 });
    let call = desk.connect("old", Security::Personal);
    desk.say(b"short");
    assert_eq!(
        error(desk.answer(call)),
        CallError::BadSecret("A passphrase has 8 to 63 characters."),
        "SAE alone takes others"
    );
    let call = desk.connect("old", Security::Personal);
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    let text = desk.text("old.psk");
    assert!(text.starts_with("[Security]\nPassphrase=correct horse battery\nPreSharedKey="), "{text}");
    let memory = desk.text(".lapwing.memory");
    assert!(
        memory.contains("Proven=rsn\n"),
        "it has proven nothing stronger, and TKIP would be less: {memory}"
    );
    assert_eq!(desk.view().devices[0].connected.as_ref().unwrap().akm, Some(Akm::Psk));
}

/// The secret of a network that is not known yet is asked for as always; where it cannot be joined, nothing is left.
#[test]
fn an_access_point_can_be_chosen_and_gone_to() {
    let mut desk = Desk::new("chosen", setups(), &[]);
    assert_eq!(desk.ask(Call::Scan { ifindex: 3 }), DONE);
    let bssid = |desk: &Desk, name: &str| {
        let network = desk.view().devices[0].networks.iter().find(|it| it.name.to_string() == name).cloned();
        network.unwrap().bsss[0].bssid
    };
    let (home, work) = (bssid(&desk, "home.psk"), bssid(&desk, "work.8021x"));
    assert_eq!(error(desk.ask(Call::Roam { ifindex: 3, bssid: home })), CallError::NotConnected);
    let nowhere = MacAddr([2, 9, 9, 9, 9, 9]);
    assert!(matches!(
        error(desk.ask(Call::ConnectTo { ifindex: 3, bssid: nowhere })),
        CallError::NotFound(_)
    ));
    assert!(matches!(
        error(desk.ask(Call::ConnectTo { ifindex: 3, bssid: work })),
        CallError::NotSupported(_)
    ));
    // One that has come since the last scan is looked for.
    let late = Setup::new(b"home", 10, &[Akm::Sae]);
    let bssid = late.bssid;
    desk.daemon.kernel.aps.push(Ap::new(late));
    let call = desk.begin(Call::ConnectTo { ifindex: 3, bssid });
    desk.say(PASSPHRASE);
    assert_eq!(desk.answer(call), DONE);
    assert_eq!(desk.daemon.kernel.peer, Some(bssid));
    assert_eq!(desk.ask(Call::Disconnect { ifindex: 3 }), DONE);
    desk.daemon.kernel.aps.pop();
    assert_eq!(desk.ask(Call::ConnectTo { ifindex: 3, bssid: home }), DONE);
    assert_eq!(desk.current().as_deref(), Some("home.psk"));
    assert!(desk.directory.join("state/home.psk").exists());
    // To itself, twice over: each time it is joined anew.
    for call in [Call::Roam { ifindex: 3, bssid: home }, Call::ConnectTo { ifindex: 3, bssid: home }] {
        let before = desk.view().devices[0].connected.as_ref().map(|connected| connected.attempt);
        assert_eq!(desk.ask(call), DONE);
        let after = desk.view().devices[0].connected.as_ref().map(|connected| connected.attempt);
        assert!(after > before, "{before:?} {after:?}");
    }
    // Not to somebody else's, and not to nowhere: the connection stays.
    let connected = desk.view().devices[0].connected.clone();
    for bssid in [work, nowhere] {
        assert!(matches!(error(desk.ask(Call::Roam { ifindex: 3, bssid })), CallError::NotFound(_)));
    }
    assert_eq!(desk.view().devices[0].connected, connected);
}
