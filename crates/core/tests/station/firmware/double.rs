//! A radio whose firmware connects by itself, between a station and some APs, in virtual time.

use super::super::{
    ap::{Ap, Client, Said, Setup},
    fixtures,
    world::OWN,
};
use lapwing_core::{
    Duration, Instant,
    attempt::Ticket,
    curve::ShamCurves,
    entropy::SeededEntropy,
    kernel::{
        ConnectRequest, Connection, Errno, ExternalAuthentication, Interface, InterfaceState, KernelEvent,
        Offload, Refusal, Reply, Request, StationState,
    },
    means::Means,
    network::Network,
    radio::{Radio, RadioKind},
    station::{Action, Event, Report, Settings, Station, Summary},
};
use lapwing_frames::{
    MacAddr,
    element::{Element, Elements, Rsn},
    management::{
        AssociationRequest, Authentication, Body, CapabilityInformation, Header, Management, ReasonCode,
        StatusCode,
    },
    suite::Akm,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the firmware does otherwise than it should.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    /// It forgets the names of keys.
    pub(crate) forgets: bool,
    /// After a failed SAE it says nothing and stays busy.
    pub(crate) silent: bool,
    /// It never says that the port is open.
    pub(crate) no_port_event: bool,
    /// It does not take keys.
    pub(crate) no_pmksa: bool,
    /// A command that sends an Authentication frame takes so long.
    pub(crate) transmit: Duration,
    /// The first key frame overtakes the word of the connection.
    pub(crate) hasty: bool,
    /// It uses a key that it knows, whether it is offered or not.
    pub(crate) own_keys: bool,
    /// It never answers a request to connect.
    pub(crate) mute: bool,
}

/// What the firmware does.
#[derive(Clone, Debug)]
pub(crate) enum Firmware {
    Resting,
    /// It has asked for SAE.
    Asking {
        request: ConnectRequest,
        bssid: MacAddr,
    },
    /// It stays busy with what nobody waits for.
    Busy,
    Connected {
        request: ConnectRequest,
        bssid: MacAddr,
        authorized: bool,
    },
}

pub(crate) struct Double {
    pub(crate) now: Instant,
    pub(crate) station: Station,
    pub(crate) aps: Vec<Ap>,
    pub(crate) habits: Habits,
    pub(crate) firmware: Firmware,
    /// The names of keys that the firmware knows.
    pub(crate) known: BTreeMap<MacAddr, [u8; 16]>,
    pub(crate) requests: Vec<Request>,
    pub(crate) reports: Vec<Report>,
    /// How often SAE was asked for.
    pub(crate) wishes: usize,
    pub(crate) refuse: BTreeMap<&'static str, (u32, Errno)>,
    /// The key frames that the station heard.
    pub(crate) key_frames: Vec<KernelEvent>,
    /// Whether the radio says of key frames that they came encrypted.
    control_port: bool,
    entropy: SeededEntropy,
    dice: SeededEntropy,
    things: BTreeMap<(Instant, u64), Event>,
    count: u64,
    scan: Option<()>,
    last: Instant,
}

impl Double {
    pub(crate) fn new(kind: RadioKind, psk_offload: bool, setups: Vec<Setup>) -> Self {
        Self::with_radio(Radio { kind, psk_offload, ..fixtures::radio(&[2412, 5180]) }, setups)
    }

    pub(crate) fn with_radio(radio: Radio, setups: Vec<Setup>) -> Self {
        let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
        let control_port = radio.control_port;
        let settings = Settings { autoconnect: false, ..Settings::default() };
        let mut double = Self {
            now: Instant::after_start(Duration::from_secs(1000)),
            station: Station::new(interface, radio, OWN, settings),
            aps: setups.into_iter().map(Ap::new).collect(),
            habits: Habits::default(),
            firmware: Firmware::Resting,
            known: BTreeMap::new(),
            requests: vec![],
            reports: vec![],
            wishes: 0,
            refuse: BTreeMap::new(),
            key_frames: vec![],
            control_port,
            entropy: SeededEntropy(1),
            dice: SeededEntropy(2),
            things: BTreeMap::new(),
            count: 0,
            scan: None,
            last: Instant::default(),
        };
        double.give(Event::Tick);
        double.run(Duration::from_secs(1));
        double
    }

    pub(crate) fn join(&mut self, network: &Network) {
        self.give(Event::Connect(network.clone()));
    }

    pub(crate) fn leave(&mut self) {
        self.give(Event::Disconnect);
        self.run(Duration::from_secs(3));
        assert!(matches!(self.station.summary(), Summary::Disconnected), "{:?}", self.station);
    }

    pub(crate) fn give(&mut self, event: Event) {
        if std::env::var_os("LAPWING_TRACE").is_some() {
            println!("{:?} {event:.300?}", self.now.since_start());
        }
        let mut actions = vec![];
        let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
        self.station.turn(self.now, event, &mut means, |action| actions.push(action));
        for action in actions {
            match action {
                Action::Ask { ticket, request } => self.perform(ticket, request),
                Action::Report(report) => self.reports.push(report),
            }
        }
        let overdue = self.station.next_deadline().filter(|(at, _)| *at <= self.now);
        assert_eq!(overdue, None, "a deadline stays overdue");
    }

    /// To the station, behind all that is on its way to it.
    fn tell(&mut self, after: Duration, event: Event) {
        self.last = self.last.max(self.now + after);
        self.count += 1;
        self.things.insert((self.last, self.count), event);
    }

    pub(crate) fn event(&mut self, event: KernelEvent) {
        self.tell(Duration::from_millis(1), Event::Kernel(event));
    }

    pub(crate) fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    pub(crate) fn run_until(&mut self, time: Duration, met: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + time;
        loop {
            if met(self) {
                return true;
            }
            let thing = self.things.keys().next().map(|(at, _)| *at);
            let tick = self.station.next_deadline().map(|(at, _)| at);
            let Some(at) = thing.into_iter().chain(tick).min().filter(|at| *at <= end) else {
                self.now = end;
                return false;
            };
            self.now = self.now.max(at);
            let event = match self.things.first_key_value() {
                Some(((first, _), _)) if *first == at => self.things.pop_first().unwrap().1,
                _ => Event::Tick,
            };
            self.give(event);
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.station.summary(), Summary::Connected { .. })
    }

    /// Whether it is connected within the time that a person has.
    pub(crate) fn connects(&mut self, seconds: u64) -> bool {
        self.run_until(Duration::from_secs(seconds), Self::is_connected)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.requests.iter().map(Request::name).collect()
    }

    /// The status of each answer to a wish for SAE.
    pub(crate) fn answers(&self) -> Vec<u16> {
        let answers = self.requests.iter().filter_map(|request| match request {
            Request::AnswerExternalAuthentication { status, .. } => Some(status.0),
            _ => None,
        });
        answers.collect()
    }

    fn perform(&mut self, ticket: Ticket, request: Request) {
        let name = request.name();
        self.requests.push(request.clone());
        let mut after = Duration::from_millis(1);
        if let Request::SendFrame { .. } = request {
            after += self.habits.transmit;
        }
        let outcome = match self.refuse.get_mut(name) {
            Some((times, errno)) if *times > 0 => {
                *times -= 1;
                Err(*errno)
            }
            _ => self.execute(request),
        };
        let outcome = outcome.map_err(|errno| Refusal { errno, message: None });
        self.tell(after, Event::Completed { ticket, outcome });
    }

    fn execute(&mut self, request: Request) -> Result<Reply, Errno> {
        match request {
            Request::TriggerScan(scan) => {
                if !matches!(self.firmware, Firmware::Resting | Firmware::Connected { .. }) {
                    return Err(Errno::EAGAIN);
                }
                self.scan = Some(());
                self.event(KernelEvent::ScanStarted);
                self.tell(
                    Duration::from_millis(100),
                    Event::Kernel(KernelEvent::ScanDone { frequencies: scan.frequencies }),
                );
            }
            Request::ReadScan => {
                let present = self.aps.iter().filter(|ap| ap.present && self.scan.is_some());
                let entry = |ap: &Ap| {
                    let Setup { bssid, frequency, .. } = ap.setup;
                    fixtures::entry(bssid, frequency.0, ap.elements(true))
                };
                return Ok(Reply::Scan(present.map(entry).collect()));
            }
            Request::ReadInterface => {
                let ssid = match &self.firmware {
                    Firmware::Resting => None,
                    Firmware::Busy => Some(self.aps[0].setup.ssid.clone()),
                    Firmware::Asking { request, .. } | Firmware::Connected { request, .. } => {
                        Some(request.ssid.clone())
                    }
                };
                let state = InterfaceState { address: OWN, ssid, channel: None, links: vec![] };
                return Ok(Reply::Interface(state));
            }
            Request::ReadStations => {
                let stations = match &self.firmware {
                    Firmware::Connected { bssid, authorized, .. } => vec![StationState {
                        address: *bssid,
                        authorized: *authorized,
                        signal_dbm: None,
                        transmit_rate: None,
                        inactive_ms: None,
                        links: vec![],
                    }],
                    _ => vec![],
                };
                return Ok(Reply::Stations(stations));
            }
            Request::Connect(request) => match self.firmware {
                Firmware::Resting => self.start(*request),
                _ => return Err(Errno::EAGAIN),
            },
            Request::Disconnect { reason } => {
                if !matches!(self.firmware, Firmware::Resting) {
                    self.firmware = Firmware::Resting;
                    self.event(KernelEvent::Disconnected { reason, by_ap: false });
                }
            }
            Request::SendFrame { bytes, .. } => {
                let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(&bytes)
                else {
                    return Err(Errno::EINVAL);
                };
                assert_eq!((header.transmitter, header.bssid), (OWN, header.receiver));
                // The status comes before the answer, and neither has a name.
                self.event(KernelEvent::FrameStatus { cookie: 0, acknowledged: true });
                self.authenticate(header.receiver, &body);
                return Ok(Reply::Sent { cookie: 0 });
            }
            Request::AnswerExternalAuthentication { bssid, status, pmkid, .. } => {
                let Firmware::Asking { request, bssid: asked } = self.firmware.clone() else {
                    return Ok(Reply::Done);
                };
                assert_eq!(bssid, asked);
                if status == StatusCode::Success {
                    self.known.extend(pmkid.map(|pmkid| (bssid, pmkid)));
                    self.associate(request, bssid, pmkid);
                } else if self.habits.silent {
                    self.firmware = Firmware::Busy;
                } else {
                    self.fail(bssid, StatusCode::UnspecifiedFailure);
                }
            }
            Request::SetPmksa(_) if self.habits.no_pmksa => return Err(Errno::EOPNOTSUPP),
            Request::SetPmksa(pmksa) => {
                if !self.habits.forgets {
                    self.known.insert(pmksa.peer, pmksa.pmkid);
                }
            }
            Request::DeletePmksa { peer, pmkid } => {
                if self.known.get(&peer) == Some(&pmkid) {
                    self.known.remove(&peer);
                }
            }
            Request::FlushPmksas => self.known.clear(),
            Request::SetAddress { address } => self.event(KernelEvent::AddressChanged { address }),
            Request::SendKeyFrame { to, bytes, in_clear } => {
                let now = self.now;
                let said = match self.ap(to) {
                    Some(ap) => ap.key_frame(now, &bytes, !in_clear),
                    None => vec![],
                };
                self.hear(to, said);
                return Ok(Reply::Sent { cookie: 0 });
            }
            Request::AuthorizePort { peer } => match &mut self.firmware {
                Firmware::Connected { bssid, authorized, .. } if *bssid == peer => *authorized = true,
                _ => return Err(Errno::ENOENT),
            },
            Request::InstallKey(_) if !matches!(self.firmware, Firmware::Connected { .. }) => {
                return Err(Errno::ENOLINK);
            }
            Request::InstallKey(_) | Request::AbortScan => {}
            other => panic!("{}", other.name()),
        }
        Ok(Reply::Done)
    }

    pub(crate) fn ap(&mut self, bssid: MacAddr) -> Option<&mut Ap> {
        self.aps.iter_mut().find(|ap| ap.setup.bssid == bssid && ap.present)
    }

    /// The firmware joins.
    fn start(&mut self, request: ConnectRequest) {
        let bssid = request.bssid.unwrap();
        if self.habits.mute {
            self.firmware = Firmware::Busy;
            return;
        }
        let own = Elements::new(&request.elements).find::<Rsn>().unwrap();
        let named = own.and_then(|rsn| rsn.pmkids().first().copied());
        let known =
            self.known.get(&bssid).copied().filter(|name| self.habits.own_keys || named == Some(*name));
        match (&request.offload, known) {
            (Offload::ExternalSae, None) => {
                let event = self.wish(bssid, &request);
                self.firmware = Firmware::Asking { request, bssid };
                self.event(event);
            }
            (Offload::Sae(_) | Offload::Psk(_), _) => {
                self.firmware = Firmware::Connected { request, bssid, authorized: self.habits.no_port_event };
                let event = self.connection(bssid, StatusCode::Success);
                self.event(event);
                if !self.habits.no_port_event {
                    self.tell(
                        Duration::from_millis(50),
                        Event::Kernel(KernelEvent::PortAuthorized { peer: bssid }),
                    );
                }
            }
            (_, pmkid) => {
                if let Some(ap) = self.ap(bssid) {
                    ap.client = Some(Client::Authenticated);
                }
                self.associate(request, bssid, pmkid);
            }
        }
    }

    pub(crate) fn wish(&mut self, bssid: MacAddr, request: &ConnectRequest) -> KernelEvent {
        self.wishes += 1;
        KernelEvent::ExternalAuthentication(ExternalAuthentication {
            start: true,
            bssid,
            ssid: Some(request.ssid.clone()),
            akm: Some(Akm::Sae),
            mld_address: None,
        })
    }

    fn fail(&mut self, bssid: MacAddr, status: StatusCode) {
        self.firmware = Firmware::Resting;
        let event = self.connection(bssid, status);
        self.event(event);
    }

    fn connection(&self, peer: MacAddr, status: StatusCode) -> KernelEvent {
        KernelEvent::Connected(Connection {
            peer,
            status,
            timed_out: false,
            request_elements: vec![],
            response_elements: vec![],
            links: vec![],
        })
    }

    fn authenticate(&mut self, bssid: MacAddr, body: &Authentication) {
        let Self { aps, dice, now, .. } = self;
        let Some(ap) = aps.iter_mut().find(|ap| ap.setup.bssid == bssid && ap.present) else { return };
        let mut means = Means { entropy: dice, curves: &ShamCurves };
        for said in ap.authentication(*now, &mut means, OWN, body) {
            let Said::Authentication(body) = said else { continue };
            let mut bytes = vec![];
            let header = Header::new(OWN, bssid, bssid);
            Management { header, body: Body::Authentication(body) }.write(&mut bytes);
            self.event(KernelEvent::Frame { frequency: None, bytes });
        }
    }

    /// The firmware's association, with an RSNE of its own making: the name of a key that it knows is in it.
    pub(crate) fn association(
        &mut self,
        request: &ConnectRequest,
        bssid: MacAddr,
        pmkid: Option<[u8; 16]>,
    ) -> (Connection, Vec<Said>) {
        let given = Elements::new(&request.elements);
        let mut elements = vec![];
        if let Some(mut rsn) = given.find::<Rsn>().unwrap() {
            rsn.set_pmkids(pmkid.into_iter().collect());
            rsn.write(&mut elements);
        }
        for other in given.iter().filter(|element| element.id != Rsn::ID) {
            elements.extend_from_slice(other.octets);
        }
        let asked = AssociationRequest {
            capabilities: CapabilityInformation(1),
            listen_interval: 1,
            elements: elements.clone(),
        };
        let Self { aps, dice, now, .. } = self;
        let mut means = Means { entropy: dice, curves: &ShamCurves };
        let ap = aps.iter_mut().find(|ap| ap.setup.bssid == bssid && ap.present);
        let mut said = ap.map_or(vec![], |ap| ap.association(*now, &mut means, OWN, &asked));
        let response = match said.first() {
            Some(Said::Association(_)) => match said.remove(0) {
                Said::Association(response) => Some(response),
                _ => None,
            },
            _ => None,
        };
        let connection = Connection {
            peer: bssid,
            status: response.as_ref().map_or(StatusCode::UnspecifiedFailure, |response| response.status),
            timed_out: false,
            request_elements: elements,
            response_elements: response.map(|response| response.elements).unwrap_or_default(),
            links: vec![],
        };
        (connection, said)
    }

    fn associate(&mut self, request: ConnectRequest, bssid: MacAddr, pmkid: Option<[u8; 16]>) {
        let (connection, mut said) = self.association(&request, bssid, pmkid);
        if connection.status == StatusCode::Success {
            self.firmware = Firmware::Connected { request, bssid, authorized: false };
        } else {
            self.firmware = Firmware::Resting;
            said.clear();
        }
        let early = if self.habits.hasty && !said.is_empty() { vec![said.remove(0)] } else { vec![] };
        self.hear(bssid, early);
        self.event(KernelEvent::Connected(connection));
        self.hear(bssid, said);
    }

    /// The firmware moves to another AP, with SAE of its own or a key that it knows.
    pub(crate) fn roam(&mut self, bssid: MacAddr, pmkid: Option<[u8; 16]>) {
        let Firmware::Connected { request, .. } = self.firmware.clone() else {
            panic!("{:?}", self.firmware)
        };
        if let Some(ap) = self.ap(bssid)
            && ap.client.is_none()
        {
            ap.client = Some(Client::Authenticated);
        }
        let (connection, said) = self.association(&request, bssid, pmkid);
        assert_eq!(connection.status, StatusCode::Success);
        self.firmware = Firmware::Connected { request, bssid, authorized: false };
        self.event(KernelEvent::Roamed(connection));
        self.hear(bssid, said);
    }

    pub(crate) fn hear(&mut self, bssid: MacAddr, said: Vec<Said>) {
        for said in said {
            match said {
                Said::KeyFrame { octets, in_clear } => {
                    let in_clear = in_clear || !self.control_port;
                    let event = KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear };
                    self.key_frames.push(event.clone());
                    self.event(event);
                }
                Said::Deauthentication(reason) => self.deauthenticated(reason),
                Said::Authentication(_) | Said::Association(_) => {}
            }
        }
    }

    pub(crate) fn deauthenticated(&mut self, reason: ReasonCode) {
        self.firmware = Firmware::Resting;
        self.event(KernelEvent::Disconnected { reason, by_ap: true });
    }

    /// The keys that were installed since, by octets.
    pub(crate) fn installed(&self) -> BTreeSet<Vec<u8>> {
        let keys = self.requests.iter().filter_map(|request| match request {
            Request::InstallKey(key) => Some(key.key.expose().to_vec()),
            _ => None,
        });
        keys.collect()
    }
}
