//! The table of transitions: each event in each state, and what becomes of it.

mod firmware;
mod readdressing;
mod table;
mod transition;

use super::{Action, Event, Settings, State, Station};
use crate::{
    Duration, Instant, Means, Secret,
    attempt::{AttemptId, Phase, Ticket},
    curve::ShamCurves,
    entropy::SeededEntropy,
    failure::{Code, Failure},
    fixtures::{entry, named, open, radio, rsn},
    kernel::{
        Connection, Errno, Frequency, Interface, InterfaceState, KernelEvent, Quality, Refusal, Reply,
        Request, ScanEntry,
    },
    network::{Credentials, Network, Personal},
    radio::Radio,
};
use lapwing_frames::{
    LinkId, MacAddr,
    element::RsnCapabilities,
    management::{ReasonCode, StatusCode},
    suite::Akm,
};
use std::{collections::BTreeSet, format, string::String, vec, vec::Vec};
use table::TABLE;

const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const SECURED: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const OPEN: MacAddr = MacAddr([2, 0, 0, 0, 0, 3]);
const STATES: [&str; 8] = [
    "Idle",
    "Scanning",
    "Authenticating",
    "Associating",
    "Securing",
    "Connected",
    "Disconnecting",
    "Unavailable",
];

fn name(station: &Station) -> &'static str {
    match station.state {
        State::Idle(_) => "Idle",
        State::Scanning(_) => "Scanning",
        State::Readdressing(_) => "Readdressing",
        State::Authenticating(_) => "Authenticating",
        State::Associating(_) => "Associating",
        State::Securing(_) => "Securing",
        State::Connecting(_) => "Connecting",
        State::Roaming(_) => "Roaming",
        State::Transitioning(_) => "Transitioning",
        State::Connected(_) => "Connected",
        State::Disconnecting(_) => "Disconnecting",
        State::Unavailable(_) => "Unavailable",
    }
}

fn secured() -> Network {
    let personal = Personal { psk: Some(Secret::new(&[7; 32])), ..Personal::default() };
    Network { credentials: Credentials::Personal(personal), ..open(b"secured") }
}

fn entries() -> Vec<ScanEntry> {
    let protected = [named(b"secured"), rsn(&[Akm::Psk], RsnCapabilities::default())].concat();
    vec![entry(SECURED, 2412, protected), entry(OPEN, 2412, named(b"open"))]
}

/// A station and what it asked last.
struct Bench {
    station: Station,
    entropy: SeededEntropy,
    /// Every request, in its order.
    asked: Vec<(Ticket, Request)>,
    /// How many of them were answered: those of the start.
    known: usize,
}

impl Bench {
    fn new() -> Self {
        Self::of(radio(&[2412]))
    }

    fn of(radio: Radio) -> Self {
        Self::with(radio, Settings::default())
    }

    fn with(radio: Radio, settings: Settings) -> Self {
        let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
        let station = Station::new(interface, radio, OWN, settings);
        let mut bench = Self { station, entropy: SeededEntropy(1), asked: vec![], known: 0 };
        bench.begin(&entries());
        bench
    }

    /// The first turn, and what the kernel answers to it.
    fn begin(&mut self, entries: &[ScanEntry]) {
        for (ticket, request) in self.turn(Event::Tick) {
            let reply = match request {
                Request::ReadInterface => Reply::Interface(InterfaceState {
                    address: OWN,
                    ssid: None,
                    channel: None,
                    links: vec![],
                }),
                Request::ReadStations => Reply::Stations(vec![]),
                Request::FlushPmksas => Reply::Done,
                _ => Reply::Scan(entries.to_vec()),
            };
            self.turn(Event::Completed { ticket, outcome: Ok(reply) });
        }
        self.known = self.asked.len();
    }

    fn turn(&mut self, event: Event) -> Vec<(Ticket, Request)> {
        let mut asked = vec![];
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        let now = Instant::after_start(Duration::from_secs(100));
        self.station.turn(now, event, &mut means, |action| {
            if let Action::Ask { ticket, request } = action {
                asked.push((ticket, request));
            }
        });
        self.asked.extend(asked.iter().cloned());
        asked
    }

    /// In one of the states.
    fn within(state: &str) -> Self {
        let mut bench = Self::new();
        let peer = if state == "Connected" || state == "Disconnecting" { OPEN } else { SECURED };
        let target = if peer == OPEN { open(b"open") } else { secured() };
        let events = match state {
            "Idle" => vec![],
            "Scanning" => vec![Event::Connect(open(b"elsewhere"))],
            "Authenticating" => vec![Event::Connect(target)],
            "Associating" => vec![Event::Connect(target), authentication(peer)],
            "Securing" | "Connected" => {
                vec![Event::Connect(target), authentication(peer), connected(peer)]
            }
            "Disconnecting" => {
                vec![Event::Connect(target), authentication(peer), connected(peer), Event::Disconnect]
            }
            _ => vec![Event::Kernel(KernelEvent::InterfaceDown)],
        };
        for event in events {
            bench.turn(event);
        }
        assert_eq!(name(&bench.station), state);
        bench
    }

    fn peer(&self) -> MacAddr {
        match self.station.state {
            State::Connected(_) | State::Disconnecting(_) => OPEN,
            _ => SECURED,
        }
    }
}

fn frame(kind: u8, from: MacAddr, body: &[u8]) -> Vec<u8> {
    [&[kind, 0, 0, 0][..], &OWN.0, &from.0, &from.0, &[0, 0], body].concat()
}

fn authentication(from: MacAddr) -> Event {
    Event::Kernel(KernelEvent::Authentication { frame: frame(0xb0, from, &[0, 0, 2, 0, 0, 0]) })
}

fn connection(peer: MacAddr) -> Connection {
    Connection {
        peer,
        status: StatusCode::Success,
        timed_out: false,
        request_elements: vec![],
        response_elements: vec![],
        links: vec![],
    }
}

fn connected(peer: MacAddr) -> Event {
    Event::Kernel(KernelEvent::Connected(connection(peer)))
}

/// The number of each kind of event: a new one is an error here until it is in the list below.
fn kind(event: &Event) -> u8 {
    let Event::Kernel(event) = event else {
        return match event {
            Event::Networks(_) => 0,
            Event::Connect(_) => 1,
            Event::ConnectTo { .. } => 43,
            Event::Roam { .. } => 44,
            Event::Disconnect => 2,
            Event::Autoconnect(_) => 3,
            Event::Scan => 4,
            Event::ScanFor(_) => 41,
            Event::ScanOn(_) => 45,
            Event::Affinities(_) => 46,
            Event::HoldScan(_) => 48,
            Event::Completed { .. } => 5,
            Event::EventsLost => 6,
            Event::Resumed(_) => 7,
            Event::Configured(_) => 8,
            Event::Unconfigured(..) => 9,
            Event::Tick | Event::Kernel(_) => 10,
        };
    };
    match event {
        KernelEvent::ScanStarted => 11,
        KernelEvent::ScanDone { .. } => 12,
        KernelEvent::ScanAborted => 13,
        KernelEvent::Authentication { .. } => 14,
        KernelEvent::AuthenticationTimedOut { .. } => 15,
        KernelEvent::Association { .. } => 16,
        KernelEvent::AssociationTimedOut { .. } => 17,
        KernelEvent::AssociationComeback { .. } => 18,
        KernelEvent::Connected(_) => 19,
        KernelEvent::Roamed(_) => 20,
        KernelEvent::Deauthentication { .. } => 21,
        KernelEvent::Disassociation { .. } => 22,
        KernelEvent::Disconnected { .. } => 23,
        KernelEvent::UnprotectedFarewell { .. } => 24,
        KernelEvent::KeyFrame { .. } => 25,
        KernelEvent::KeyFrameStatus { .. } => 26,
        KernelEvent::Frame { .. } => 27,
        KernelEvent::FrameStatus { .. } => 28,
        KernelEvent::PortAuthorized { .. } => 29,
        KernelEvent::ChannelSwitchStarted { .. } => 30,
        KernelEvent::ChannelSwitched { .. } => 31,
        KernelEvent::LinksRemoved { .. } => 32,
        KernelEvent::LinksReconfigured { .. } => 33,
        KernelEvent::MicFailure { .. } => 47,
        KernelEvent::Quality(_) => 34,
        KernelEvent::UnprotectedBeacon { .. } => 35,
        KernelEvent::RegulatoryChanged => 36,
        KernelEvent::InterfaceDown => 37,
        KernelEvent::InterfaceUp => 38,
        KernelEvent::InterfaceRemoved => 39,
        KernelEvent::AddressChanged { .. } => 40,
        KernelEvent::ExternalAuthentication(_) => 42,
    }
}

/// One event of each kind, from the peer of the moment.
fn events(peer: MacAddr) -> Vec<Event> {
    let late = Ticket { attempt: None, number: u64::MAX };
    let why = Failure { phase: Phase::Address, code: Code::NoAddress };
    let leaving = [3, 0];
    let frequency = Frequency(2412);
    let mut events = vec![
        Event::Networks(vec![]),
        Event::Connect(open(b"open")),
        Event::ConnectTo { network: open(b"open"), bssid: OPEN },
        Event::Roam { bssid: peer },
        Event::Disconnect,
        Event::Autoconnect(true),
        Event::Scan,
        Event::ScanFor(lapwing_frames::Ssid::new(b"hidden").unwrap()),
        Event::ScanOn(vec![frequency]),
        Event::Affinities(vec![peer]),
        Event::HoldScan(true),
        Event::Completed { ticket: late, outcome: Ok(Reply::Done) },
        Event::EventsLost,
        Event::Resumed(Duration::from_secs(60)),
        Event::Configured(AttemptId(1)),
        Event::Unconfigured(AttemptId(1), why),
        Event::Tick,
    ];
    events.extend(
        [
            KernelEvent::ScanStarted,
            KernelEvent::ScanDone { frequencies: vec![] },
            KernelEvent::ScanAborted,
            KernelEvent::Authentication { frame: frame(0xb0, peer, &[0, 0, 2, 0, 0, 0]) },
            KernelEvent::AuthenticationTimedOut { peer },
            KernelEvent::Association { frame: frame(0x10, peer, &[1, 0, 0, 0, 1, 0xc0]) },
            KernelEvent::AssociationTimedOut { peer },
            KernelEvent::AssociationComeback { peer, after: Duration::from_secs(1) },
            KernelEvent::Connected(connection(peer)),
            KernelEvent::Roamed(connection(peer)),
            KernelEvent::Deauthentication { frame: frame(0xc0, peer, &leaving) },
            KernelEvent::Disassociation { frame: frame(0xa0, peer, &leaving) },
            KernelEvent::Disconnected { reason: ReasonCode::Unspecified, by_ap: true },
            KernelEvent::UnprotectedFarewell { frame: frame(0xc0, peer, &leaving) },
            KernelEvent::KeyFrame { from: peer, bytes: vec![], in_clear: true },
            KernelEvent::KeyFrameStatus { cookie: 1, acknowledged: true },
            KernelEvent::Frame { frequency: None, bytes: frame(0xd0, peer, &[8, 0, 1, 2]) },
            KernelEvent::FrameStatus { cookie: 1, acknowledged: true },
            KernelEvent::PortAuthorized { peer },
            KernelEvent::ExternalAuthentication(crate::kernel::ExternalAuthentication {
                start: true,
                bssid: peer,
                ssid: None,
                akm: Some(Akm::Sae),
                mld_address: None,
            }),
            KernelEvent::ChannelSwitchStarted { link: None, frequency },
            KernelEvent::ChannelSwitched { link: None, frequency },
            KernelEvent::LinksRemoved { links: LinkId::new(1).into_iter().collect() },
            KernelEvent::LinksReconfigured { frame: vec![] },
            KernelEvent::MicFailure { from: peer, pairwise: true },
            KernelEvent::Quality(Quality::BeaconLoss),
            KernelEvent::UnprotectedBeacon { frame: vec![] },
            KernelEvent::RegulatoryChanged,
            KernelEvent::InterfaceDown,
            KernelEvent::InterfaceUp,
            KernelEvent::InterfaceRemoved,
            KernelEvent::AddressChanged { address: SECURED },
        ]
        .map(Event::Kernel),
    );
    events
}

#[test]
fn every_event_in_every_state() {
    let kinds: BTreeSet<u8> = events(OPEN).iter().map(kind).collect();
    assert_eq!(kinds, (0..49).collect());
    for (place, (event, outcomes)) in TABLE.iter().enumerate() {
        for (state, expected) in STATES.iter().zip(outcomes) {
            let mut bench = Bench::within(state);
            let given = events(bench.peer()).swap_remove(place);
            assert!(format!("{given:?}").trim_start_matches("Kernel(").starts_with(event), "{given:?}");
            let asked = bench.turn(given);
            let next = name(&bench.station);
            let next = if next == *state { "." } else { next };
            let found =
                asked.iter().fold(String::from(next), |text, (_, request)| text + " " + request.name());
            assert_eq!(found, *expected, "{event} in {state}");
        }
    }
}

/// Answers to requests of an attempt that is over, in every state that the next one may be in: they change
/// nothing and nothing is asked.
#[test]
fn late_replies_in_every_state() {
    const LATER: [&str; 6] =
        ["Disconnecting", "Idle", "Authenticating", "Associating", "Connected", "Unavailable"];
    for before in ["Authenticating", "Associating", "Securing"] {
        for after in LATER {
            let mut bench = Bench::within(before);
            let late = bench.asked.split_off(bench.known);
            assert!(!late.is_empty(), "{before}");
            let next = if after == "Idle" { Event::Disconnect } else { Event::Connect(open(b"open")) };
            let farewell = bench.turn(next);
            let [(ticket, Request::Deauthenticate { .. })] = farewell[..] else { panic!("{farewell:?}") };
            if after != "Disconnecting" {
                bench.turn(Event::Completed { ticket, outcome: Ok(Reply::Done) });
                let reason = ReasonCode::LeavingDeauthenticated;
                bench.turn(Event::Kernel(KernelEvent::Disconnected { reason, by_ap: false }));
            }
            match after {
                "Associating" => drop(bench.turn(authentication(OPEN))),
                "Connected" => {
                    bench.turn(authentication(OPEN));
                    bench.turn(connected(OPEN));
                }
                "Unavailable" => drop(bench.turn(Event::Kernel(KernelEvent::InterfaceDown))),
                _ => {}
            }
            assert_eq!(name(&bench.station), after, "{before}");
            for (ticket, request) in late {
                let refusal = Refusal { errno: Errno::EINVAL, message: None };
                for outcome in [Ok(Reply::Done), Ok(Reply::Sent { cookie: 7 }), Err(refusal)] {
                    let station = bench.station.clone();
                    let asked = bench.turn(Event::Completed { ticket, outcome });
                    assert!(asked.is_empty() && bench.station == station, "{request:?} in {after}");
                }
            }
        }
    }
}

#[test]
fn keys_of_a_network_that_is_here_are_calculated_at_rest() {
    let personal = |name: &[u8], autoconnect| {
        let personal = Personal { passphrase: Some(Secret::new(b"long enough")), ..Personal::default() };
        Network { credentials: Credentials::Personal(personal), autoconnect, ..open(name) }
    };
    let (here, absent) = (personal(b"secured", false), personal(b"elsewhere", false));
    let mut bench = Bench::new();
    bench.turn(Event::Networks(vec![absent.clone(), here.clone()]));
    for _ in 0..2 {
        let asked = bench.turn(Event::Kernel(KernelEvent::ScanDone { frequencies: vec![] }));
        let (ticket, _) = asked.last().unwrap();
        let outcome = Ok(Reply::Scan(entries()));
        bench.turn(Event::Completed { ticket: *ticket, outcome });
    }
    assert_eq!(name(&bench.station), "Idle");
    let passwords = &bench.station.context.passwords;
    assert!(passwords.has_psk(&here) && !passwords.has_psk(&absent));
}
