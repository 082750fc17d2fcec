//! Radios whose firmware connects by itself, and decides by itself what it wants for that.

mod double;

use super::{
    ap::{Cached, Setup},
    fixtures::{open, personal, radio},
};
use double::{Double, Firmware};
use lapwing_core::{
    Duration,
    failure::{Code, Failure},
    kernel::{Errno, ExternalAuthentication, KernelEvent, Offload, Request},
    network::{Credentials, Network},
    radio::{Radio, RadioKind},
    station::{Event, Report},
};
use lapwing_frames::{
    MacAddr, Ssid,
    management::{AuthenticationAlgorithm, ReasonCode, StatusCode},
    suite::Akm,
};

fn sae() -> Double {
    Double::new(RadioKind::FullMacExternalSae, false, vec![Setup::new(b"home", 1, &[Akm::Sae])])
}

fn home() -> Network {
    personal(b"home")
}

/// Why attempts failed.
fn failures(double: &Double) -> Vec<Code> {
    let of = |report: &Report| match report {
        Report::Failed { why: Failure { code, .. }, .. } => Some(code.clone()),
        _ => None,
    };
    double.reports.iter().filter_map(of).collect()
}

fn connects(double: &Double) -> usize {
    double.requests.iter().filter(|request| matches!(request, Request::Connect(_))).count()
}

/// A Raspberry Pi with brcmfmac, as iwd 3.3 had it fail every other time: the firmware asks for SAE although a
/// cached key is offered, whenever it does not know that key.
#[test]
fn a_raspberry_pi_that_forgets_its_keys_connects_every_time() {
    let mut double = sae();
    double.join(&home());
    assert!(double.connects(10), "{:?}", double.reports);
    assert_eq!((double.wishes, double.answers()), (1, vec![0]));
    for round in 0..16_u32 {
        double.leave();
        let (forgets, expires, ap_forgets) = (round & 1 != 0, round & 2 != 0, round & 4 != 0);
        double.habits.forgets = forgets;
        double.habits.hasty = round & 8 != 0;
        if expires {
            double.known.clear();
        }
        if ap_forgets {
            double.aps[0].pmksas.clear();
        }
        double.join(&home());
        assert!(double.connects(10), "round {round}: {:?}", double.reports);
        assert!(double.aps[0].is_secured());
        assert_eq!(double.answers(), vec![0; double.wishes], "round {round}");
    }
    // Where all three knew the key, it was used.
    assert!(double.wishes < 17, "{}", double.wishes);
    assert_eq!(failures(&double), []);
}

/// EAPOL that travels as packets: nothing orders it against events, and nobody says what came in clear.
#[test]
fn key_frames_of_another_connection_change_nothing() {
    let radio = Radio {
        kind: RadioKind::FullMacExternalSae,
        control_port: false,
        can_replace_pairwise_key: false,
        ..radio(&[2412, 5180])
    };
    let mut double = Double::with_radio(radio, vec![Setup::new(b"home", 1, &[Akm::Sae])]);
    double.habits.hasty = true;
    double.join(&home());
    assert!(double.connects(10), "{:?}", double.reports);
    let asked = double.requests.iter().find_map(|request| match request {
        Request::Connect(request) => request.security,
        _ => None,
    });
    assert!(!asked.unwrap().control_port);
    let sent = |double: &Double| double.names().iter().filter(|name| **name == "CONTROL_PORT_FRAME").count();
    let old = double.key_frames.clone();
    assert_eq!((old.len(), sent(&double)), (2, 2));
    // Message 3 once more is answered; message 1 is, and ends nothing.
    for event in &old {
        double.event(event.clone());
    }
    double.run(Duration::from_secs(1));
    assert!(double.is_connected());
    double.leave();
    let before = sent(&double);
    for event in &old {
        double.event(event.clone());
    }
    double.run(Duration::from_secs(1));
    assert_eq!(sent(&double), before);
    // Between the request to connect and the kernel's word, and after it.
    double.join(&home());
    assert!(double.run_until(Duration::from_secs(10), |double| connects(double) == 2));
    for event in old.iter().rev().chain(&old) {
        double.give(Event::Kernel(event.clone()));
    }
    assert!(double.run_until(Duration::from_secs(10), |double| {
        matches!(double.firmware, Firmware::Connected { .. })
    }));
    for event in old.iter().chain(old.iter().rev()) {
        double.give(Event::Kernel(event.clone()));
    }
    assert!(double.connects(10), "{:?}", double.reports);
    assert!(double.aps[0].is_secured());
    assert_eq!(failures(&double), []);
}

#[test]
fn what_the_firmware_is_asked_for_is_what_it_can_do() {
    use RadioKind::{FullMac, FullMacExternalSae, FullMacSaeOffload};
    let cases = [
        (FullMacExternalSae, false, Akm::Sae, AuthenticationAlgorithm::Sae, "external"),
        (FullMacSaeOffload, false, Akm::Sae, AuthenticationAlgorithm::Sae, "password"),
        (FullMacSaeOffload, true, Akm::Psk, AuthenticationAlgorithm::Open, "key"),
        (FullMac, true, Akm::Psk, AuthenticationAlgorithm::Open, "key"),
        (FullMac, false, Akm::Psk, AuthenticationAlgorithm::Open, "none"),
        (FullMacExternalSae, false, Akm::Psk, AuthenticationAlgorithm::Open, "none"),
    ];
    for (kind, psk_offload, akm, algorithm, offload) in cases {
        let mut double = Double::new(kind, psk_offload, vec![Setup::new(b"home", 1, &[akm])]);
        double.join(&home());
        assert!(double.connects(10), "{kind:?} {akm:?}: {:?}", double.reports);
        let request = double.requests.iter().find_map(|request| match request {
            Request::Connect(request) => Some(request.clone()),
            _ => None,
        });
        let request = request.unwrap();
        assert_eq!(request.algorithm, algorithm);
        let given = match &request.offload {
            Offload::None => "none",
            Offload::ExternalSae => "external",
            Offload::Sae(password) => {
                assert_eq!(password.expose(), b"correct horse battery");
                "password"
            }
            Offload::Psk(key) => {
                assert_eq!(key.expose(), [7; 32]);
                "key"
            }
        };
        assert_eq!(given, offload, "{kind:?} {akm:?}");
        // The secret goes to whom it is for, and nowhere else.
        let names = double.names();
        assert_eq!(names.contains(&"NEW_KEY"), !matches!(given, "password" | "key"), "{names:?}");
        assert_eq!(double.station.connection().unwrap().akm, Some(akm));
    }
}

#[test]
fn networks_without_a_secret_are_joined_by_firmware_too() {
    for akms in [&[][..], &[Akm::Owe][..]] {
        let mut double = Double::new(RadioKind::FullMac, false, vec![Setup::new(b"cafe", 1, akms)]);
        double.join(&open(b"cafe"));
        assert!(double.connects(10), "{akms:?} {:?}", double.reports);
        assert_eq!(double.station.connection().unwrap().akm, akms.first().copied());
    }
}

#[test]
fn no_connection_before_the_firmware_opens_the_port() {
    for (silent_port, quick) in [(true, true), (false, true), (false, false)] {
        let mut double =
            Double::new(RadioKind::FullMacSaeOffload, true, vec![Setup::new(b"home", 1, &[Akm::Psk])]);
        double.habits.no_port_event = silent_port;
        if !quick {
            // Its word is lost; and later it says so when it is asked.
            double.refuse.insert("GET_STATION", (1, Errno::EIO));
        }
        double.join(&home());
        let told =
            |double: &Double| matches!(double.firmware, Firmware::Connected { authorized, .. } if authorized);
        if silent_port {
            assert!(double.run_until(Duration::from_secs(2), told));
        }
        assert!(double.connects(3), "{:?}", double.reports);
    }
    // Firmware that never opens it is told to leave.
    let mut double = Double::new(RadioKind::FullMac, true, vec![Setup::new(b"home", 1, &[Akm::Psk])]);
    double.habits.no_port_event = true;
    double.join(&home());
    double.run_until(Duration::from_secs(5), |double| matches!(double.firmware, Firmware::Connected { .. }));
    if let Firmware::Connected { authorized, .. } = &mut double.firmware {
        *authorized = false;
    }
    assert!(!double.connects(9));
    assert!(double.run_until(Duration::from_secs(4), |double| double.names().contains(&"DISCONNECT")));
    assert_eq!(failures(&double), [Code::Firmware("it never opened the port")]);
}

#[test]
fn firmware_that_goes_silent_after_a_failure_is_freed() {
    let mut double = sae();
    double.habits.silent = true;
    double.join(&home());
    // The access point does not answer.
    assert!(double.run_until(Duration::from_secs(5), |double| double.wishes == 1));
    double.aps[0].present = false;
    assert!(double.run_until(Duration::from_secs(10), |double| double.answers() == [1]));
    assert!(matches!(double.firmware, Firmware::Busy));
    let before = double.now;
    assert!(double.run_until(Duration::from_secs(10), |double| double.names().contains(&"DISCONNECT")));
    assert!((2..=5).contains(&double.now.since(before).as_secs()), "{:?}", double.now.since(before));
    double.aps[0].present = true;
    assert!(double.connects(30), "{:?}", double.reports);
    assert_eq!(double.answers().len(), double.wishes);
}

#[test]
fn firmware_that_says_nothing_is_given_up() {
    let mut double = sae();
    double.habits.mute = true;
    double.join(&home());
    assert!(double.run_until(Duration::from_secs(5), |double| connects(double) == 1));
    assert!(!double.run_until(Duration::from_secs(14), |double| double.names().contains(&"DISCONNECT")));
    assert!(double.run_until(Duration::from_secs(2), |double| double.names().contains(&"DISCONNECT")));
    assert_eq!(failures(&double), [Code::Firmware("it never said whether it is connected")]);
    double.habits.mute = false;
    assert!(double.connects(20), "{:?}", double.reports);
}

#[test]
fn busy_firmware_is_asked_again_then_freed() {
    for errno in [Errno::EAGAIN, Errno::EBUSY, Errno::EINPROGRESS] {
        let mut double = sae();
        double.refuse.insert("CONNECT", (2, errno));
        double.join(&home());
        assert!(double.connects(10), "{:?}", double.reports);
        assert!(!double.names().contains(&"DISCONNECT"));
        // What an earlier process has left behind ends by a word.
        let mut double = sae();
        double.join(&home());
        assert!(double.connects(10));
        double.leave();
        double.firmware = Firmware::Busy;
        double.join(&home());
        assert!(double.connects(20), "{:?}", double.reports);
        // What does not end is a failure of the firmware, and not tried without end.
        double.leave();
        double.refuse.insert("CONNECT", (u32::MAX, errno));
        let before = connects(&double);
        double.join(&home());
        double.run(Duration::from_secs(10));
        assert!(failures(&double).contains(&Code::Firmware("it stays busy with an earlier connection")));
        double.run(Duration::from_secs(50));
        assert!((4..80).contains(&(connects(&double) - before)), "{}", connects(&double) - before);
    }
}

#[test]
fn firmware_that_is_connecting_at_start_is_freed() {
    let mut double = sae();
    double.firmware = Firmware::Busy;
    double.give(Event::EventsLost);
    assert!(double.run_until(Duration::from_secs(3), |double| matches!(double.firmware, Firmware::Resting)));
}

/// A driver that waits 4.1 s for each frame, and says first what became of it.
#[test]
fn a_transmitter_that_blocks_is_waited_for() {
    let mut double = sae();
    double.habits.transmit = Duration::from_millis(4100);
    double.join(&home());
    assert!(double.connects(14), "{:?}", double.reports);
    assert_eq!(double.answers(), [0]);
}

#[test]
fn a_wish_that_is_broken_off_is_answered_once() {
    let mut double = sae();
    double.habits.silent = true;
    double.join(&home());
    double.aps[0].present = true;
    double.run_until(Duration::from_secs(5), |double| double.wishes == 1);
    double.aps[0].present = false;
    double.run(Duration::from_millis(500));
    let Firmware::Asking { request, bssid } = double.firmware.clone() else { panic!() };
    for _ in 0..2 {
        double.event(KernelEvent::ExternalAuthentication(ExternalAuthentication {
            start: false,
            bssid,
            ssid: Some(request.ssid.clone()),
            akm: None,
            mld_address: None,
        }));
        double.run(Duration::from_millis(100));
        assert_eq!(double.answers(), [1]);
    }
    double.aps[0].present = true;
    assert!(double.connects(20));
}

#[test]
fn wishes_that_come_when_nothing_is_wanted_are_refused() {
    let mut double = sae();
    double.join(&home());
    assert!(double.connects(10));
    let Firmware::Connected { request, bssid, .. } = double.firmware.clone() else { panic!() };
    // In the connection, of another network.
    let mut wish = double.wish(bssid, &request);
    if let KernelEvent::ExternalAuthentication(wish) = &mut wish {
        wish.ssid = Some(Ssid::new(b"long ago").unwrap());
    }
    double.event(wish.clone());
    double.run(Duration::from_millis(10));
    assert_eq!(double.answers(), [0, 1]);
    assert!(double.is_connected());
    double.leave();
    double.event(wish);
    double.run(Duration::from_millis(10));
    assert_eq!(double.answers(), [0, 1, 1]);
    // An attempt that ends with its wish unanswered: the answer comes before the end.
    double.habits.forgets = true;
    double.known.clear();
    double.join(&home());
    double.run_until(Duration::from_secs(5), |double| double.wishes == 3);
    double.aps[0].present = false;
    double.run(Duration::from_millis(20));
    double.give(Event::Disconnect);
    assert_eq!(double.answers(), [0, 1, 1, 1]);
    let names = double.names();
    let place = |name| names.iter().rposition(|other| *other == name).unwrap();
    assert!(place("EXTERNAL_AUTH") < place("DISCONNECT"));
}

#[test]
fn sae_is_done_in_the_middle_of_a_connection() {
    let mut double = sae();
    double.join(&home());
    assert!(double.connects(10));
    let Firmware::Connected { request, bssid, .. } = double.firmware.clone() else { panic!() };
    let wish = double.wish(bssid, &request);
    double.event(wish);
    double.run(Duration::from_secs(1));
    assert_eq!(double.answers(), [0, 0]);
    assert!(double.is_connected());
    // And the key that it made is the one that the firmware comes back with.
    let pmkid = double.requests.iter().rev().find_map(|request| match request {
        Request::AnswerExternalAuthentication { pmkid, .. } => *pmkid,
        _ => None,
    });
    double.roam(bssid, pmkid);
    assert!(double.run_until(Duration::from_secs(1), |double| !double.is_connected()));
    assert!(double.connects(5), "{:?}", double.reports);
    assert!(double.aps[0].is_secured());
}

fn two() -> Double {
    let mut second = Setup::new(b"home", 3, &[Akm::Sae]);
    second.signal_mbm = -7000;
    Double::new(RadioKind::FullMacExternalSae, false, vec![Setup::new(b"home", 1, &[Akm::Sae]), second])
}

/// SAE with the second AP, as a firmware that roams asks for it; then the association.
fn roam_to_second(double: &mut Double) {
    let Firmware::Connected { request, .. } = double.firmware.clone() else { panic!() };
    let second = double.aps[1].setup.bssid;
    let wish = double.wish(second, &request);
    double.event(wish);
    let wishes = double.wishes;
    assert!(double.run_until(Duration::from_secs(5), |double| double.answers().len() == wishes));
    assert_eq!(double.answers().last(), Some(&0));
    let pmkid = double.requests.iter().rev().find_map(|request| match request {
        Request::AnswerExternalAuthentication { pmkid, .. } => *pmkid,
        _ => None,
    });
    double.roam(second, pmkid);
}

#[test]
fn a_firmware_that_roams_is_followed() {
    let mut double = two();
    double.join(&home());
    assert!(double.connects(10));
    let first = double.station.connection().unwrap().peer;
    roam_to_second(&mut double);
    assert!(double.run_until(Duration::from_secs(1), |double| !double.is_connected()));
    assert!(double.connects(5), "{:?}", double.reports);
    let connection = double.station.connection().unwrap();
    assert_ne!(connection.peer, first);
    assert!(double.aps[1].is_secured());
    let ended = double.reports.iter().any(|report| {
        matches!(report, Report::Disconnected { why: Failure { code: Code::FirmwareRoamed, .. }, .. })
    });
    assert!(ended);
}

#[test]
fn keys_of_an_ap_that_was_roamed_from_are_not_installed() {
    let mut double = two();
    double.join(&home());
    // The kernel has said that it is connected; message 1 of the first is on its way.
    assert!(double.run_until(Duration::from_secs(10), |double| {
        matches!(double.firmware, Firmware::Connected { .. })
    }));
    double.aps[0].present = false;
    double.run(Duration::from_millis(10));
    assert!(!double.is_connected() && double.names().contains(&"CONTROL_PORT_FRAME"));
    roam_to_second(&mut double);
    let installed = double.installed();
    assert!(double.connects(5), "{:?}", double.reports);
    assert_eq!(double.station.connection().unwrap().peer, double.aps[1].setup.bssid);
    // A pairwise key and the group keys, once.
    assert!(double.installed().len() - installed.len() <= 3);
    assert!(double.aps[1].is_secured());
}

#[test]
fn a_firmware_that_roams_where_it_must_not_is_called_back() {
    let mut double = two();
    double.join(&home());
    assert!(double.connects(10));
    // Of the same name, and without protection; nobody has chosen it.
    double.event(KernelEvent::Roamed(lapwing_core::kernel::Connection {
        peer: MacAddr([2, 0, 0, 0, 0xee, 1]),
        status: StatusCode::Success,
        timed_out: false,
        request_elements: vec![],
        response_elements: vec![],
        links: vec![],
    }));
    assert!(double.run_until(Duration::from_secs(2), |double| double.names().contains(&"DISCONNECT")));
    let code = Code::Firmware("it is connected with an access point that must not be joined");
    assert_eq!(failures(&double), [code]);
    assert!(double.connects(20), "{:?}", double.reports);
}

#[test]
fn firmware_that_loses_its_ap_gives_no_reason() {
    let mut double = sae();
    double.join(&home());
    assert!(double.connects(10));
    double.firmware = Firmware::Resting;
    double.event(KernelEvent::Disconnected { reason: ReasonCode(0), by_ap: false });
    assert!(double.run_until(Duration::from_secs(1), |double| !double.is_connected()));
    let why = double.reports.iter().find_map(|report| match report {
        Report::Disconnected { why, .. } => Some(why.code.clone()),
        _ => None,
    });
    assert_eq!(why, Some(Code::LostBeacons(ReasonCode(0))));
    assert!(double.connects(10), "{:?}", double.reports);
}

#[test]
fn the_firmware_is_told_what_the_cache_knows() {
    let mut double = sae();
    assert_eq!(double.names().iter().filter(|name| **name == "FLUSH_PMKSA").count(), 1);
    double.give(Event::Networks(vec![home()]));
    double.join(&home());
    assert!(double.connects(10));
    double.run(Duration::from_millis(10));
    let bssid = double.aps[0].setup.bssid;
    let pmkid = double.known[&bssid];
    // It forgets; so it is told again before it is asked.
    double.leave();
    double.known.clear();
    double.requests.clear();
    double.join(&home());
    assert!(double.connects(10));
    assert_eq!(double.known.get(&bssid), Some(&pmkid));
    let names = double.names();
    let place = |name| names.iter().position(|other| *other == name).unwrap();
    assert!(place("SET_PMKSA") < place("CONNECT"));
    assert!(double.station.connection().unwrap().cached_pmksa);
    assert_eq!(double.answers(), []);
    // Who forgets the network has the firmware forget its key.
    double.give(Event::Networks(vec![]));
    double.run(Duration::from_millis(10));
    assert!(double.known.is_empty());
    // Keys of another address are of no use.
    double.requests.clear();
    double.event(KernelEvent::AddressChanged { address: MacAddr([2, 0, 0, 0, 0, 9]) });
    double.run(Duration::from_millis(10));
    assert!(double.names().contains(&"FLUSH_PMKSA"));
}

#[test]
fn a_driver_that_takes_no_keys_is_asked_once() {
    for errno in [Errno::EOPNOTSUPP, Errno::ERANGE] {
        let mut double = sae();
        double.refuse.insert("SET_PMKSA", (u32::MAX, errno));
        for round in 1..=4 {
            double.join(&home());
            assert!(double.connects(10));
            double.run(Duration::from_millis(10));
            assert_eq!((double.wishes, double.answers()), (round, vec![0; round]));
            double.leave();
        }
        let told = double.requests.iter().filter_map(|request| match request {
            Request::SetPmksa(pmksa) => Some(pmksa.pmk.is_some()),
            _ => None,
        });
        // A key that is too long may have a name that is not.
        let expected = if errno == Errno::ERANGE { vec![true, false] } else { vec![true] };
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}

/// Found by the virtual world: the key had been thrown away with the cache that the firmware does not have.
#[test]
fn firmware_that_takes_no_keys_comes_back_with_the_one_that_sae_made_for_it() {
    let mut double = sae();
    double.refuse.insert("SET_PMKSA", (u32::MAX, Errno::EOPNOTSUPP));
    double.habits.own_keys = true;
    for _ in 0..3 {
        double.join(&home());
        assert!(double.connects(10), "{:?}", double.reports);
        double.run(Duration::from_millis(10));
        double.leave();
    }
    assert_eq!((double.wishes, double.answers()), (1, vec![0]));
}

#[test]
fn an_ap_that_refuses_the_cached_key_gets_a_full_authentication() {
    for cached in [Cached::Refused, Cached::Silent, Cached::NoHandshake] {
        let mut double = sae();
        double.join(&home());
        assert!(double.connects(10));
        double.leave();
        double.aps[0].setup.cached = cached;
        double.join(&home());
        assert!(double.connects(20), "{cached:?}: {:?}", double.reports);
        assert_eq!((double.aps[0].full_authentications, double.wishes), (2, 2), "{cached:?}");
        assert_eq!(failures(&double), []);
    }
}

/// The AP was switched off and on within SAE, and refused the confirm with status 1. Firmware that does SAE by itself
/// makes status 15 of it.
#[test]
fn firmware_whose_confirm_did_not_match_once_is_asked_again() {
    let setups = || vec![Setup::new(b"home", 1, &[Akm::Sae])];
    for times in [1, 2] {
        let mut double = Double::new(RadioKind::FullMacSaeOffload, true, setups());
        double.habits.mute = true;
        double.join(&home());
        for time in 1..=times {
            let asked =
                |double: &Double| matches!(double.firmware, Firmware::Busy) && connects(double) == time;
            assert!(double.run_until(Duration::from_secs(5), asked), "{:?}", double.reports);
            double.firmware = Firmware::Resting;
            double.habits.mute = time < times;
            double.event(KernelEvent::Connected(lapwing_core::kernel::Connection {
                peer: double.aps[0].setup.bssid,
                status: StatusCode::ChallengeFailure,
                timed_out: false,
                request_elements: vec![],
                response_elements: vec![],
                links: vec![],
            }));
        }
        assert_eq!(double.connects(20), times == 1, "{:?}", double.reports);
        assert_eq!(failures(&double).len(), times);
        assert_eq!(failures(&double).contains(&Code::WrongPassword), times == 2);
    }
}

#[test]
fn a_wrong_passphrase_is_named() {
    let mut double = sae();
    double.habits.silent = true;
    let mut network = home();
    if let Credentials::Personal(personal) = &mut network.credentials {
        personal.passphrase = Some(lapwing_core::Secret::new(b"not the passphrase"));
    }
    double.join(&network);
    assert!(double.run_until(Duration::from_secs(30), |double| failures(double).len() == 2));
    let first = Code::Sae("a confirm did not match, for the first time");
    assert_eq!(failures(&double), [first, Code::WrongPassword]);
    assert_eq!(double.answers(), [1, 1]);
    double.run(Duration::from_secs(60));
    assert_eq!(connects(&double), 2);
    // By a firmware that does the handshake itself.
    let mut double = Double::new(RadioKind::FullMac, true, vec![Setup::new(b"home", 1, &[Akm::Psk])]);
    double.habits.no_port_event = true;
    double.join(&home());
    for _ in 0..2 {
        assert!(double.run_until(Duration::from_secs(20), |double| {
            matches!(double.firmware, Firmware::Connected { .. })
        }));
        if let Firmware::Connected { authorized, .. } = &mut double.firmware {
            *authorized = false;
        }
        double.run(Duration::from_millis(10));
        double.deauthenticated(ReasonCode::FourWayHandshakeTimeout);
        double.run(Duration::from_millis(3));
    }
    assert_eq!(failures(&double).last(), Some(&Code::WrongPasswordLikely));
}
