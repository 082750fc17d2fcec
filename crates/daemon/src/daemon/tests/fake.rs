//! A kernel with one access point, which does what it is asked.

use super::*;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{
    self, Connection, Errno, Frequency, InterfaceState, Refusal, Reply, Request, ScanEntry, StationState,
};
use lapwing_frames::internet::dhcp::{Kind, Message, option};
use lapwing_frames::internet::udp::Datagram;
use lapwing_frames::management::StatusCode;
use lapwing_frames::{LinkId, Ssid};

/// A kernel with an open network "cafe" in reach, which does what it is asked at once.
pub(super) struct Fake {
    pub(super) heard: VecDeque<Heard>,
    pub(super) performed: Vec<Command>,
    pub(super) connected: bool,
    /// Whether it answers at all.
    pub(super) silent: bool,
    /// Whether there is a DHCP server.
    pub(super) server: bool,
    /// The commands of access points that it refuses, by the name of a request or "SetMode".
    pub(super) refused: Option<&'static str>,
    /// The only link of which it refuses them.
    pub(super) refused_link: Option<LinkId>,
    /// Those that it does not answer.
    pub(super) unanswered: Option<&'static str>,
    /// Whether it refuses BSSs on channels of more than 20 MHz.
    pub(super) narrow: bool,
    /// What it says of an interface, if not the usual.
    pub(super) interface: Option<InterfaceState>,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self {
            heard: VecDeque::new(),
            performed: Vec::new(),
            connected: false,
            silent: false,
            server: true,
            refused: None,
            refused_link: None,
            unanswered: None,
            narrow: false,
            interface: None,
        }
    }

    fn frame(subtype: u8, body: &[u8]) -> Vec<u8> {
        [&[subtype, 0, 0, 0], &WE.0[..], &AP.0, &AP.0, &[0, 0], body].concat()
    }

    fn scan(&self) -> Reply {
        let elements = b"\0\x04cafe\x01\x08\x82\x84\x8b\x96\x0c\x12\x18\x24\x03\x01\x01".to_vec();
        Reply::Scan(vec![ScanEntry {
            bssid: AP,
            frequency: Frequency(2412),
            beacon_interval: 100,
            capability: 1,
            signal_mbm: Some(-4000),
            age: Duration::ZERO,
            beacon_elements: Some(elements.clone()),
            beacon_is_newer: false,
            elements,
            associated: self.connected,
            mld: None,
        }])
    }

    fn answer(&mut self, ifindex: u32, ticket: Ticket, request: &Request) {
        let mut events = Vec::new();
        let connection = Connection {
            peer: AP,
            status: StatusCode(0),
            timed_out: false,
            request_elements: Vec::new(),
            response_elements: Vec::new(),
            links: Vec::new(),
        };
        let outcome = match request {
            Request::TriggerScan(_) => {
                events.push(KernelEvent::ScanDone { frequencies: vec![Frequency(2412)] });
                Ok(Reply::Done)
            }
            Request::ReadScan => Ok(self.scan()),
            Request::ReadInterface => Ok(Reply::Interface(InterfaceState {
                address: WE,
                ssid: self.connected.then(|| Ssid::new(b"cafe").unwrap()),
                channel: None,
                links: Vec::new(),
            })),
            Request::ReadStations => Ok(Reply::Stations(if self.connected {
                vec![StationState {
                    address: AP,
                    authorized: true,
                    signal_dbm: None,
                    transmit_rate: None,
                    inactive_ms: None,
                    links: Vec::new(),
                }]
            } else {
                Vec::new()
            })),
            Request::Authenticate(_) => {
                let frame = Self::frame(0xb0, &[0, 0, 2, 0, 0, 0]);
                events.push(KernelEvent::Authentication { frame });
                Ok(Reply::Done)
            }
            Request::Associate(_) => {
                let frame = Self::frame(0x10, b"\x01\0\0\0\x01\xc0\x01\x04\x82\x84\x8b\x96");
                events.push(KernelEvent::Association { frame });
                events.push(KernelEvent::Connected(connection));
                self.connected = true;
                Ok(Reply::Done)
            }
            Request::Deauthenticate { reason, .. } => {
                if std::mem::take(&mut self.connected) {
                    events.push(KernelEvent::Disconnected { reason: *reason, by_ap: false });
                }
                Ok(Reply::Done)
            }
            Request::AuthorizePort { .. } => Ok(Reply::Done),
            _ => Err(Refusal { errno: Errno::EOPNOTSUPP, message: None }),
        };
        self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
        let event = |event| Heard::Station { ifindex: Some(ifindex), event };
        self.heard.extend(events.into_iter().map(event));
    }

    /// What is answered to a command of an access point; nothing if there is no answer.
    fn outcome(&self, name: &str) -> Option<Result<(), Refusal>> {
        if self.unanswered == Some(name) {
            return None;
        }
        let refusal = Refusal { errno: Errno::EBUSY, message: None };
        Some(if self.refused == Some(name) { Err(refusal) } else { Ok(()) })
    }

    /// What a DHCP server says to this packet.
    fn serve(&mut self, ifindex: u32, octets: &[u8]) {
        let request = Message::parse(Datagram::parse(octets).unwrap().payload).unwrap();
        let kind = if request.kind() == Some(Kind::Discover) { Kind::Offer } else { Kind::Ack };
        let options = BTreeMap::from([
            (option::KIND, vec![kind.0]),
            (option::SERVER, SERVER.to_vec()),
            (option::MASK, vec![255, 255, 255, 0]),
            (option::ROUTER, SERVER.to_vec()),
            (option::DNS, SERVER.to_vec()),
            (option::LEASE, 3600_u32.to_be_bytes().to_vec()),
        ]);
        let payload = Message { reply: true, yours: [192, 0, 2, 7].into(), options, ..request }.build();
        let octets = Datagram {
            source: SERVER.into(),
            destination: [192, 0, 2, 7].into(),
            source_port: 67,
            destination_port: 68,
            payload: &payload,
        }
        .build();
        self.heard.push_back(Heard::Packet { ifindex, kind: PacketKind::Dhcp, source: AP, octets });
    }
}

impl Kernel for Fake {
    fn perform(&mut self, command: Command) {
        self.performed.push(command.clone());
        match command {
            Command::Ask { interface, ticket, request } if !self.silent => {
                self.answer(interface.ifindex, ticket, &request);
            }
            Command::SetMode { ifindex, .. } => {
                self.connected = false;
                if let Some(outcome) = self.outcome("SetMode") {
                    self.heard.push_back(Heard::ModeSet { ifindex, outcome });
                }
            }
            Command::Serve { ifindex, number, request } => {
                let name = format!("{request:?}");
                let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
                let link = match &request {
                    lapwing_core::ap::Request::AddLink { link, .. } => Some(*link),
                    lapwing_core::ap::Request::StartBss(announcement) => announcement.link,
                    _ => None,
                };
                let outcome = match self.outcome(name) {
                    Some(Err(_)) if self.refused_link.is_some_and(|only| Some(only) != link) => Some(Ok(())),
                    outcome => outcome,
                };
                let is_wide = |told: &lapwing_core::ap::Announcement| {
                    told.channel != kernel::ChannelDefinition::narrow(told.channel.primary)
                };
                let refusal = Refusal { errno: Errno::EINVAL, message: None };
                let too_wide = match &request {
                    lapwing_core::ap::Request::StartBss(told) if self.narrow && is_wide(told) => Err(refusal),
                    _ => Ok(()),
                };
                if let Some(outcome) = outcome.map(|outcome| outcome.and(too_wide)) {
                    let outcome = outcome.map(|()| lapwing_core::ap::Reply::Done);
                    self.heard.push_back(Heard::Served { ifindex, number, outcome });
                }
            }
            Command::ReadInterface { ifindex } => {
                if let Some(state) = self.interface.clone() {
                    self.heard.push_back(Heard::InterfaceRead { ifindex, outcome: Ok(Box::new(state)) });
                }
            }
            Command::ReadSurroundings => {
                self.heard.push_back(Heard::Surroundings { networks: Vec::new(), name_servers: Vec::new() });
            }
            Command::Share { ifindex, .. } => {
                self.heard.push_back(Heard::Shared { ifindex, outcome: Ok(()) })
            }
            Command::Send { ifindex, kind: PacketKind::Dhcp, octets, .. } if self.server => {
                self.serve(ifindex, &octets);
            }
            _ => {}
        }
    }

    fn receive(&mut self) -> io::Result<Option<Heard>> {
        Ok(self.heard.pop_front())
    }
}
