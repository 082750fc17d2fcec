//! The whole station in the scripted world of its tests, with kernel, APs and virtual time. The input
//! commands it, spoils the world, lies to it as a kernel never should, and sends it what is in no frame.

use crate::Target;
use lapwing_core::{
    Duration,
    attempt::{AttemptId, Entry, Phase, Ticket},
    failure::{Code, Failure},
    kernel::{
        Connection, ConnectionLink, Errno, ExternalAuthentication, Frequency, KernelEvent, Quality, Refusal,
        Reply, Request, ScanEntry, StationState,
    },
    network::Network,
    station::{Event, Report, Settings, Station, Summary},
};
use lapwing_frames::{
    LinkId, MacAddr,
    management::{ReasonCode, StatusCode},
    suite::Akm,
};
use world::{OWN, World};

// The world of the station's own tests has more than is needed here.
#[allow(dead_code)]
#[path = "../../crates/core/tests/station/ap.rs"]
mod ap;
#[path = "../../crates/core/tests/common/fixtures.rs"]
mod fixtures;
#[allow(dead_code)]
#[path = "../../crates/core/tests/station/world.rs"]
mod world;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 24;
/// How many BSSs the station remembers here.
const CAPACITY: usize = 6;
/// No turn asks and tells more than this.
const ACTIONS: usize = 200;

const COMMANDS: [&str; 8] = [
    "TRIGGER_SCAN",
    "GET_SCAN",
    "AUTHENTICATE",
    "ASSOCIATE",
    "DEAUTHENTICATE",
    "CONTROL_PORT_FRAME",
    "NEW_KEY",
    "SET_STATION",
];

fn network(name: &[u8], secret: bool) -> Network {
    let network = if secret { fixtures::personal(name) } else { fixtures::open(name) };
    Network { known_frequencies: vec![5180], ..network }
}

fn networks() -> Vec<Network> {
    vec![network(b"home", true), network(b"cafe", false), network(b"owe", false)]
}

/// One move: which, with which option, and its octets.
struct Move<'a> {
    what: u8,
    how: u8,
    octets: &'a [u8],
}

struct Day {
    world: World,
    /// Whether it was lied to: then it may believe what is not so.
    lied: bool,
}

impl Day {
    fn new(what: u8) -> Self {
        let akms: &[Akm] = match what & 3 {
            0 => &[Akm::Sae],
            1 => &[Akm::Psk],
            2 => &[Akm::SaeExtKey],
            _ => &[Akm::Psk, Akm::Sae],
        };
        let mut setups = vec![ap::Setup::new(b"home", 1, akms)];
        match what >> 2 & 3 {
            0 => {}
            1 => setups.push(ap::Setup::new(b"home", 2, akms)),
            2 => setups = vec![ap::Setup::new(b"cafe", 4, &[])],
            _ => setups = vec![ap::Setup::new(b"owe", 5, &[Akm::Owe])],
        }
        setups[0].cached = match what >> 4 & 3 {
            0 => ap::Cached::Taken,
            1 => ap::Cached::Refused,
            2 => ap::Cached::Deauthenticated,
            _ => ap::Cached::NoHandshake,
        };
        let mut world = World::new(u64::from(what), setups);
        let mut radio = world::radio();
        radio.multi_link = what & 64 != 0;
        let settings = Settings { table_capacity: CAPACITY, ..Settings::default() };
        world.station = Station::new(world.station.interface(), radio, OWN, settings);
        let mut day = Self { world, lied: false };
        day.give(Event::Networks(networks()));
        if what & 128 != 0 {
            assert!(day.world.run_until(Duration::from_secs(10), World::is_connected), "an honest world");
        }
        day
    }

    fn give(&mut self, event: Event) {
        let before = (self.world.reports.len(), self.world.requests.len());
        self.world.give(event);
        let after = (self.world.reports.len(), self.world.requests.len());
        assert!(after.0 - before.0 + after.1 - before.1 < ACTIONS, "a turn without end");
        self.check();
    }

    fn lie(&mut self, event: Event) {
        self.lied = true;
        self.give(event);
    }

    fn check(&self) {
        let station = &self.world.station;
        assert!(station.table().len() <= CAPACITY && station.table().unreadable().count() <= 64);
        let waits = match station.summary() {
            Summary::Connecting { .. }
            | Summary::Roaming { .. }
            | Summary::Searching
            | Summary::Disconnecting => true,
            Summary::Connected { .. } | Summary::Disconnected | Summary::Unavailable => false,
        };
        if waits {
            assert!(station.next_deadline().is_some(), "{:?} without a deadline", station.summary());
        }
        for violation in &self.world.violations {
            // What else the world forbids may come of lies: a key for a peer that the kernel has not.
            let always = violation.contains("deadline") || violation.contains("ticket");
            assert!(self.lied && !always, "{violation}");
        }
    }

    /// The ticket of one of the last requests, as the timeline and the order of requests tell it.
    fn ticket(&self, back: u8) -> Option<Ticket> {
        let asked = self.world.reports.iter().filter_map(|report| match report {
            Report::Timeline(record) if matches!(record.entry, Entry::Asked { .. }) => Some(record.attempt),
            _ => None,
        });
        let asked: Vec<_> = asked.collect();
        let place = asked.len().checked_sub(1 + usize::from(back))?;
        Some(Ticket { attempt: asked[place], number: u64::try_from(place).ok()? + 1 })
    }

    fn attempt(&self, how: u8) -> AttemptId {
        match self.world.station.summary() {
            Summary::Connecting { attempt, .. } | Summary::Connected { attempt, .. } if how & 1 == 0 => {
                attempt
            }
            _ => AttemptId(u32::from(how >> 1)),
        }
    }

    fn step(&mut self, step: &Move<'_>) {
        let Move { what, how, octets } = *step;
        match what & 15 {
            0 => self.run(Duration::from_millis(u64::from(how))),
            1 => self.run(Duration::from_millis(u64::from(how) * 100)),
            2 => self.command(how, octets),
            3 => {
                let errno = octets.first().map_or(Errno::EINVAL, |octet| Errno(i32::from(*octet)));
                self.world.refuse.push_back((COMMANDS[usize::from(how & 7)], errno));
            }
            4 => self.world.kernel_disconnects(ReasonCode(u16::from(how))),
            5 => self.world.ap_disconnects(0, ReasonCode(u16::from(how))),
            6 => {
                self.world.set_up(false);
                self.run(Duration::from_millis(u64::from(how)));
                self.world.set_up(true);
            }
            7 => {
                let now = self.world.now;
                let said = self.world.aps[0].rekey_group(now);
                self.world.speak(0, said);
            }
            8 => self.world.data(),
            9 => self.world.aps[0].present ^= true,
            10 => self.world.faults.loss = u64::from(how % 100),
            11 => {
                if let (Some(ticket), Some(reply)) = (self.ticket(how & 7), self.reply(how >> 3, octets)) {
                    self.lie(Event::Completed { ticket, outcome: reply });
                }
            }
            12 => {
                let channel = Frequency(5180);
                let frame = self.frame(how, octets);
                self.lie(Event::Kernel(match how >> 4 & 7 {
                    0 => KernelEvent::Authentication { frame },
                    1 => KernelEvent::Association { frame },
                    2 => KernelEvent::Deauthentication { frame },
                    3 => KernelEvent::Disassociation { frame },
                    4 => KernelEvent::UnprotectedFarewell { frame },
                    5 => KernelEvent::Frame { frequency: Some(channel), bytes: frame },
                    6 => KernelEvent::LinksReconfigured { frame },
                    _ => KernelEvent::UnprotectedBeacon { frame },
                }));
            }
            13 => {
                let (from, bytes) = (self.peer(how), octets.to_vec());
                self.lie(Event::Kernel(KernelEvent::KeyFrame { from, bytes, in_clear: how & 4 != 0 }));
            }
            14 => {
                let event = self.event(how, octets);
                self.lie(Event::Kernel(event));
            }
            _ => self.lie(Event::Tick),
        }
    }

    fn run(&mut self, time: Duration) {
        self.world.run(time);
        self.check();
    }

    fn command(&mut self, how: u8, octets: &[u8]) {
        let network = network(if how & 16 == 0 { b"home" } else { b"cafe" }, how & 32 == 0);
        let event = match how & 15 {
            0 => Event::Disconnect,
            1 | 2 => Event::Connect(network),
            3 => Event::Autoconnect(how & 16 == 0),
            4 => Event::Scan,
            5 => Event::Networks(networks()),
            6 => Event::Networks(vec![]),
            7 => Event::EventsLost,
            8 => Event::Resumed(Duration::from_secs(u64::from(how))),
            9 => return self.lie(Event::Configured(self.attempt(how >> 4))),
            10 => {
                let why = Failure { phase: Phase::Address, code: Code::Asked };
                return self.lie(Event::Unconfigured(self.attempt(how >> 4), why));
            }
            11 => {
                let mut radio = self.world.station.radio().clone();
                radio.channels.retain(|channel| channel.frequency.0 > 5000 || how & 16 != 0);
                self.world.station.set_radio(radio);
                Event::Kernel(KernelEvent::RegulatoryChanged)
            }
            _ => {
                self.world.deaf = true;
                self.world.run(Duration::from_millis(octets.len() as u64 * 10));
                self.world.deaf = false;
                Event::EventsLost
            }
        };
        self.give(event);
    }

    fn peer(&self, how: u8) -> MacAddr {
        if how & 1 == 0 { self.world.aps[0].setup.bssid } else { MacAddr([2, 0, 0, 0, 0xa0, how]) }
    }

    /// The octets as a frame: with the header of one from the AP to us, or as they are.
    fn frame(&self, how: u8, octets: &[u8]) -> Vec<u8> {
        if how & 2 != 0 {
            return octets.to_vec();
        }
        let subtype = match how >> 4 & 7 {
            0 => 0xb0,
            1 => 0x10,
            2 | 4 => 0xc0,
            3 => 0xa0,
            5 | 6 => 0xd0,
            _ => 0x80,
        };
        let peer = self.peer(how).0;
        let (receiver, transmitter) = if how & 4 == 0 { (OWN.0, peer) } else { (peer, OWN.0) };
        let header = [&[subtype, 0, 0, 0][..], &receiver, &transmitter, &peer, &[0, 0]].concat();
        [&header, octets].concat()
    }

    fn reply(&self, how: u8, octets: &[u8]) -> Option<Result<Reply, Refusal>> {
        let (first, rest) = octets.split_first()?;
        Some(match how & 7 {
            0 => Ok(Reply::Done),
            1 => Ok(Reply::Sent { cookie: u64::from(*first) }),
            2..=4 => Ok(Reply::Scan(self.scan(octets))),
            5 => {
                let stations = octets.chunks(2).map(|octets| StationState {
                    address: self.peer(octets[0]),
                    authorized: octets.len() == 2,
                    signal_dbm: None,
                    transmit_rate: None,
                    inactive_ms: None,
                    links: Vec::new(),
                });
                Ok(Reply::Stations(stations.collect()))
            }
            _ => {
                let message = String::from_utf8(rest.to_vec()).ok();
                Err(Refusal { errno: Errno(i32::from(*first)), message })
            }
        })
    }

    /// A table of BSSs: each with a number, a channel, a length, and elements.
    fn scan(&self, octets: &[u8]) -> Vec<ScanEntry> {
        let mut rest = octets;
        let mut entries = vec![];
        while let Some((&[number, channel, length], after)) = rest.split_first_chunk::<3>() {
            let (elements, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
            rest = after;
            let mut whole = if channel & 4 == 0 { self.world.aps[0].elements(true) } else { vec![] };
            whole.extend_from_slice(elements);
            entries.push(ScanEntry {
                bssid: MacAddr([2, 0, 0, 0, 0xa0, number]),
                frequency: Frequency([2412, 5180, 5955, u32::from(channel)][usize::from(channel & 3)]),
                beacon_interval: u16::from(channel),
                capability: if channel & 8 == 0 { 0x11 } else { 1 },
                signal_mbm: (channel & 16 == 0).then_some(-40 * i32::from(number)),
                age: Duration::from_millis(u64::from(number) * 1000),
                beacon_elements: (channel & 32 != 0).then(|| elements.to_vec()),
                beacon_is_newer: channel & 64 != 0,
                elements: whole,
                associated: channel & 64 != 0,
                mld: LinkId::new(channel >> 4).map(|link| (link, self.peer(number))),
            });
        }
        entries
    }

    fn event(&self, how: u8, octets: &[u8]) -> KernelEvent {
        let peer = self.peer(how >> 5);
        let first = octets.first().copied().unwrap_or_default();
        let link = LinkId::new(first).filter(|_| how & 32 != 0);
        let frequency = Frequency(u32::from(first) * 30);
        match how & 31 {
            0 => KernelEvent::ScanStarted,
            1 => KernelEvent::ScanDone { frequencies: vec![frequency] },
            2 => KernelEvent::ScanAborted,
            3 => KernelEvent::AuthenticationTimedOut { peer },
            4 => KernelEvent::AssociationTimedOut { peer },
            5 => {
                KernelEvent::AssociationComeback { peer, after: Duration::from_secs(u64::from(first) << 30) }
            }
            6 | 7 => {
                let links = octets.iter().filter_map(|octet| LinkId::new(octet & 31)).map(|id| {
                    let (bssid, address) = (self.peer(id.get()), OWN);
                    ConnectionLink { id, bssid, address, status: StatusCode(u16::from(first >> 7)) }
                });
                let connection = Connection {
                    peer,
                    status: StatusCode(u16::from(first & 3)),
                    timed_out: first & 4 != 0,
                    request_elements: vec![],
                    response_elements: octets.to_vec(),
                    links: if first & 8 == 0 { vec![] } else { links.collect() },
                };
                if how & 1 == 0 {
                    KernelEvent::Connected(connection)
                } else {
                    KernelEvent::Roamed(connection)
                }
            }
            8 => KernelEvent::Disconnected { reason: ReasonCode(u16::from(first)), by_ap: how & 32 != 0 },
            9 => KernelEvent::KeyFrameStatus { cookie: u64::from(first), acknowledged: how & 32 != 0 },
            10 => KernelEvent::FrameStatus { cookie: u64::from(first), acknowledged: how & 32 != 0 },
            11 => KernelEvent::PortAuthorized { peer },
            12 => KernelEvent::ChannelSwitchStarted { link, frequency },
            13 => KernelEvent::ChannelSwitched { link, frequency },
            14 => {
                KernelEvent::LinksRemoved { links: octets.iter().copied().filter_map(LinkId::new).collect() }
            }
            15 => KernelEvent::Quality(Quality::Low(Some(-i32::from(first)))),
            16 => KernelEvent::Quality(Quality::High(None)),
            17 => KernelEvent::Quality(Quality::BeaconLoss),
            18 => KernelEvent::Quality(Quality::PacketLoss(u32::from(first))),
            19 => KernelEvent::InterfaceDown,
            20 => KernelEvent::InterfaceUp,
            21 => KernelEvent::InterfaceRemoved,
            22 => KernelEvent::AddressChanged { address: peer },
            23 => KernelEvent::ExternalAuthentication(ExternalAuthentication {
                start: first & 1 == 0,
                bssid: peer,
                ssid: (first & 2 == 0).then(|| fixtures::personal(b"home").ssid),
                akm: (first & 4 == 0).then_some(if first & 8 == 0 { Akm::Sae } else { Akm::Psk }),
                mld_address: (first & 16 != 0).then(|| self.peer(first >> 5)),
            }),
            _ => KernelEvent::RegulatoryChanged,
        }
    }
}

/// A day of a station.
fn station(octets: &[u8]) {
    let Some((&what, mut rest)) = octets.split_first() else { return };
    let mut day = Day::new(what);
    for _ in 0..MOVES {
        let Some((&[what, how, length], after)) = rest.split_first_chunk::<3>() else { break };
        let (octets, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        day.step(&Move { what, how, octets });
    }
    day.run(Duration::from_secs(30));
}

/// The actions of which a connected station hears: category and action.
const HEARD: [(u8, u8); 16] = [
    (0, 4),
    (4, 4),
    (5, 0),
    (5, 5),
    (6, 2),
    (8, 0),
    (8, 1),
    (10, 7),
    (10, 7),
    (10, 8),
    (10, 9),
    (15, 7),
    (37, 1),
    (37, 2),
    (37, 10),
    (37, 12),
];

/// What would end or change a connection.
const fn is_change(request: &Request) -> bool {
    matches!(
        request,
        Request::Authenticate(_)
            | Request::Associate(_)
            | Request::Connect(_)
            | Request::Disconnect { .. }
            | Request::Deauthenticate { .. }
            | Request::InstallKey(_)
    )
}

/// Action frames to a connected station, and what the kernel says of the connection's quality: whatever they say, it stays
/// with the only access point of its network, touches no key, and waits for nothing without an end.
fn station_actions(octets: &[u8]) {
    let Some((&what, mut rest)) = octets.split_first() else { return };
    let mut day = Day::new(what & 0x43 | 0x80);
    let changes = |day: &Day| day.world.requests.iter().filter(|request| is_change(request)).count();
    let (before, connection) = (changes(&day), day.world.station.connection().cloned());
    for _ in 0..MOVES {
        let Some((&[what, how, length], after)) = rest.split_first_chunk::<3>() else { break };
        let (octets, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        match what & 7 {
            0 => day.run(Duration::from_millis(u64::from(how))),
            1 => day.run(Duration::from_millis(u64::from(how) * 100)),
            2 => {
                let dbm = -i32::from(how);
                let quality = match octets.len() & 3 {
                    0 => Quality::Low(Some(dbm)),
                    1 => Quality::High(Some(dbm)),
                    2 => Quality::BeaconLoss,
                    _ => Quality::PacketLoss(u32::from(how)),
                };
                day.give(Event::Kernel(KernelEvent::Quality(quality)));
            }
            3 => {
                let bytes = day.frame(0x52, octets);
                day.give(Event::Kernel(KernelEvent::Frame { frequency: None, bytes }));
            }
            _ => {
                // From the access point, or from somebody else to us; of the kinds that are obeyed.
                let (category, action) = HEARD[usize::from(how >> 4)];
                let body = [&[category, action], octets].concat();
                let bytes = day.frame(0x50 | how & 1, &body);
                let frequency = Some(Frequency(5180));
                day.give(Event::Kernel(KernelEvent::Frame { frequency, bytes }));
            }
        }
        assert!(day.world.reports.len() < 10_000 && day.world.requests.len() < 10_000, "it never rests");
    }
    day.run(Duration::from_secs(30));
    assert_eq!(day.world.station.connection().cloned(), connection, "it is not connected as it was");
    assert_eq!(changes(&day), before, "a key or the connection was touched");
}

/// The targets.
pub const TARGETS: &[Target] = &[("station", station), ("station_actions", station_actions)];

#[test]
fn every_start_is_an_honest_world() {
    (0..=255).for_each(|what| station(&[what]));
}
