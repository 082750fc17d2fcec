//! The same of a fast transition: each event at each of its stages, in a station that was in a mobility domain.

use super::{Bench, OWN, SECURED, authentication, connection, events, frame, name, secured};
use crate::{
    Duration, Instant, Means, Secret,
    crypto::keys::Pmk,
    curve::ShamCurves,
    entropy::SeededEntropy,
    fixtures::{entry, named, radio, rsn},
    kernel::{
        Connection, Errno, Interface, KernelEvent, KeyKind, KeyRequest, Refusal, Reply, Request, ScanEntry,
    },
    rsn::{
        Advertised, Authenticator, Candidate, Link, Peer,
        authenticator::{Output, Setup},
        ft::authenticator::{Asked, Member, Offer},
    },
    station::{Action, Event, Report, Settings, State, Station},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Elements, Rsn, RsnCapabilities},
    management::AuthenticationAlgorithm,
    suite::{Akm, Cipher},
};
use std::{format, string::String, vec, vec::Vec};

const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
const STAGES: [&str; 3] = ["asked", "reassociating", "securing"];

fn member() -> Member {
    Member {
        domain: [1, 2],
        over_ds: false,
        r0kh: b"first".to_vec(),
        reassociation_deadline: 1_000,
        key_lifetime: 600,
    }
}

fn entries() -> Vec<ScanEntry> {
    let elements =
        [named(b"secured"), rsn(&[Akm::FtPsk], RsnCapabilities::default()), member().mobility_domain()]
            .concat();
    vec![entry(SECURED, 2412, elements.clone()), entry(OTHER, 2412, elements)]
}

fn advertised() -> Advertised {
    Advertised::of(Elements::new(&entries()[0].elements))
}

fn group_key() -> KeyRequest {
    let (kind, cipher) = (KeyKind::Group, Cipher::Ccmp128);
    KeyRequest { kind, link: None, index: 1, cipher, key: Secret::new(&[3; 16]), sequence: [0; 6] }
}

/// A station that is connected with the first AP, and the keys that both have of the domain.
struct Domain {
    bench: Bench,
    authenticator: Authenticator,
    entropy: SeededEntropy,
    reports: Vec<Report>,
}

impl Domain {
    fn new() -> Self {
        let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
        let station = Station::new(interface, radio(&[2412]), OWN, Settings::default());
        let mut bench = Bench { station, entropy: SeededEntropy(1), asked: vec![], known: 0 };
        bench.begin(&entries());
        let pmk = Pmk::new(Secret::new(&[7; 32])).unwrap();
        let said = member().membership(SECURED, Akm::FtPsk, 32).unwrap();
        let peer =
            Link { bssid: SECURED, station: OWN, advertised: advertised(), channel: None, accepted: true };
        let setup = Setup {
            membership: Some((member(), said.clone())),
            ssid: Ssid::new(b"secured").unwrap(),
            peer: Peer::Bss(peer),
            akm: Akm::FtPsk,
            pairwise: Cipher::Ccmp128,
            rsne: vec![],
            rsnxe: None,
            selection: None,
            candidates: vec![Candidate { pmkid: None, pmk }],
            announced: None,
            operating_channel_validation: false,
            ssid_protection: false,
            extended_key_id: false,
            transition_disable: None,
            group_keys: vec![group_key()],
        };
        let authenticator = Authenticator::new(setup.clone());
        let mut domain = Self { bench, authenticator, entropy: SeededEntropy(2), reports: vec![] };
        domain.turn(Event::Connect(secured()));
        let asked = domain.turn(authentication(SECURED));
        let Some((_, Request::Associate(request))) = asked.first() else { panic!("{asked:?}") };
        let rsne = Elements::new(&request.elements).find_raw::<Rsn>().unwrap().octets.to_vec();
        domain.authenticator = Authenticator::new(Setup { rsne, ..setup });
        let response = [said.mobility_domain, said.fast_transition].concat();
        domain.turn(Event::Kernel(KernelEvent::Connected(Connection {
            response_elements: response,
            ..connection(SECURED)
        })));
        let mut out = vec![];
        let now = Instant::after_start(Duration::from_secs(100));
        domain.authenticator.start(now, &mut domain.entropy, &mut out);
        for _ in 0..2 {
            for output in core::mem::take(&mut out) {
                let Output::SendKeyFrame { octets, .. } = output else { continue };
                let event = KernelEvent::KeyFrame { from: SECURED, bytes: octets, in_clear: true };
                for (ticket, request) in domain.turn(Event::Kernel(event)) {
                    if let Request::SendKeyFrame { bytes, .. } = &request {
                        domain.authenticator.handle(now, bytes, false, &mut out);
                    }
                    domain.turn(Event::Completed { ticket, outcome: Ok(Reply::Done) });
                }
            }
        }
        assert_eq!(name(&domain.bench.station), "Connected");
        assert_eq!(domain.bench.station.akm(), Some(Some(Akm::FtPsk)));
        domain
    }

    fn turn(&mut self, event: Event) -> Vec<(crate::attempt::Ticket, Request)> {
        let mut asked = vec![];
        let mut means = Means { entropy: &mut self.bench.entropy, curves: &ShamCurves };
        let now = Instant::after_start(Duration::from_secs(100));
        let reports = &mut self.reports;
        self.bench.station.turn(now, event, &mut means, |action| match action {
            Action::Ask { ticket, request } => asked.push((ticket, request)),
            Action::Report(report) => reports.push(report),
        });
        self.bench.asked.extend(asked.iter().cloned());
        asked
    }

    /// On the way to the other AP, at one of the stages.
    fn within(stage: &str) -> Self {
        let mut domain = Self::new();
        let asked = domain.turn(Event::Roam { bssid: OTHER });
        let Some((_, Request::Authenticate(request))) = asked.first() else { panic!("{asked:?}") };
        if stage == "asked" {
            return domain;
        }
        let hierarchy = domain.authenticator.hierarchy().unwrap().clone();
        let asked = Asked::read(&member(), &request.elements).unwrap();
        let offer =
            Offer::make(&member(), (OTHER, OWN), &asked, hierarchy, &advertised(), &mut domain.entropy);
        let (offer, answer) = offer.unwrap();
        domain.turn(Event::Kernel(KernelEvent::Disconnected {
            reason: lapwing_frames::management::ReasonCode::Unspecified,
            by_ap: false,
        }));
        let body = [&[2, 0, 2, 0, 0, 0][..], &answer].concat();
        let frame = frame(0xb0, OTHER, &body);
        let asked = domain.turn(Event::Kernel(KernelEvent::Authentication { frame }));
        let Some((_, Request::Associate(request))) = asked.first() else { panic!("{asked:?}") };
        assert_eq!(request.previous, Some(SECURED));
        if stage == "reassociating" {
            return domain;
        }
        let granted = offer.grant(&request.elements, &advertised(), &[group_key()]).unwrap();
        domain.turn(Event::Kernel(KernelEvent::Connected(Connection {
            response_elements: granted.elements,
            ..connection(OTHER)
        })));
        domain
    }
}

/// What becomes of each event at each stage: a dot is the same state. Events that are not in the list change nothing.
const TABLE: [(&str, [&str; 3]); 9] = [
    ("Disconnect", ["Disconnecting", "Disconnecting", "Disconnecting"]),
    ("Connect", ["Disconnecting", "Disconnecting", "Disconnecting"]),
    ("ConnectTo", ["Disconnecting", "Disconnecting", "Disconnecting"]),
    ("EventsLost", ["Disconnecting", "Disconnecting", "Disconnecting"]),
    ("Resumed", ["Disconnecting", "Disconnecting", "Disconnecting"]),
    ("InterfaceDown", ["Unavailable", "Unavailable", "Unavailable"]),
    ("InterfaceRemoved", ["Unavailable", "Unavailable", "Unavailable"]),
    ("AuthenticationTimedOut", ["Transitioning", ".", "."]),
    ("AssociationTimedOut", ["Transitioning", "Transitioning", "."]),
];

#[test]
fn every_event_at_every_stage_of_a_transition() {
    for (place, stage) in STAGES.iter().enumerate() {
        for event in events(OTHER) {
            let mut domain = Domain::within(stage);
            assert_eq!(name(&domain.bench.station), "Transitioning", "{stage}");
            let what = format!("{event:?}");
            let what = what.strip_prefix("Kernel(").unwrap_or(&what);
            let what: String = what.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            domain.turn(event);
            let after = name(&domain.bench.station);
            // What ends the way of the frames themselves is told by the scenarios of worlds.
            if ["Connected", "Disconnected", "Deauthentication", "Disassociation", "AssociationComeback"]
                .contains(&&*what)
            {
                continue;
            }
            let row = TABLE.iter().find(|(known, _)| *known == what);
            let wanted = row.map_or(".", |(_, wanted)| wanted[place]);
            let wanted = if wanted == "." { "Transitioning" } else { wanted };
            assert_eq!(after, wanted, "{what} while {stage}");
            let ended = domain.reports.iter().any(|report| matches!(report, Report::Disconnected { .. }));
            let leaves = ["Disconnecting", "Unavailable"].contains(&wanted)
                && !["EventsLost", "Resumed"].contains(&&*what);
            assert_eq!(ended, leaves, "{what} while {stage}: who is on the way is not disconnected");
        }
    }
}

#[test]
fn the_last_key_makes_the_connection_and_nothing_is_installed_before_the_association() {
    let mut domain = Domain::within("securing");
    let commands: Vec<_> =
        domain.bench.asked.iter().rev().take(3).map(|(_, request)| request.name()).collect();
    assert_eq!(commands, ["SET_STATION", "NEW_KEY", "NEW_KEY"]);
    let tickets: Vec<_> = domain.bench.asked.iter().rev().take(3).map(|(ticket, _)| *ticket).collect();
    for (done, ticket) in tickets.iter().rev().enumerate() {
        assert_eq!(name(&domain.bench.station), "Transitioning", "{done} of 3");
        domain.turn(Event::Completed { ticket: *ticket, outcome: Ok(Reply::Done) });
    }
    assert!(matches!(&domain.bench.station.state, State::Connected(state) if state.peer() == OTHER));
    assert!(
        matches!(domain.reports.iter().rev().find(|report| matches!(report, Report::Roamed(_) | Report::Connected(_))), Some(Report::Roamed(connected)) if connected.peer == OTHER)
    );
}

#[test]
fn an_ap_that_says_nothing_to_the_keys_of_its_domain_is_asked_without_them_next() {
    let mut domain = Domain::within("asked");
    let silent = KernelEvent::AuthenticationTimedOut { peer: OTHER };
    let asked = domain.turn(Event::Kernel(silent));
    let Some((_, Request::Authenticate(request))) = asked.first() else { panic!("{asked:?}") };
    assert_eq!((request.bssid, request.algorithm), (SECURED, AuthenticationAlgorithm::FastTransition));
    let context = &domain.bench.station.context;
    assert_eq!(context.without_keys, Some(OTHER));
    let offence = context.roam_blocked.offence(OTHER, Instant::after_start(Duration::from_secs(100)));
    assert_eq!(offence, Some(crate::station::roam::Offence::Busy), "others come first");
    assert!(!domain.reports.iter().any(|report| matches!(report, Report::Disconnected { .. })));
}

#[test]
fn a_kernel_that_does_not_begin_leaves_the_connection_as_it_is() {
    let mut domain = Domain::within("asked");
    let (ticket, _) = domain.bench.asked.last().unwrap().clone();
    let refusal = Refusal { errno: Errno::ENOENT, message: None };
    domain.turn(Event::Completed { ticket, outcome: Err(refusal) });
    assert!(matches!(&domain.bench.station.state, State::Connected(state) if state.peer() == SECURED));
    assert!(
        domain
            .reports
            .iter()
            .any(|report| matches!(report, Report::RoamFailed { bssid, .. } if *bssid == OTHER))
    );
    assert!(!domain.reports.iter().any(|report| matches!(report, Report::Disconnected { .. })));
}
