//! A kernel that answers at once, in the order of the real one, between a station and some AP MLDs. Time passes
//! only if it is told to.

use super::{
    ap::ApMld,
    fixtures::{personal, radio},
};
use lapwing_core::{
    Duration, Instant, Secret,
    attempt::{Entry, Record, Ticket},
    curve::ShamCurves,
    entropy::SeededEntropy,
    failure::Code,
    kernel::{
        AssociationLink, AssociationPeer, Connection, ConnectionLink, Errno, Interface, InterfaceLink,
        InterfaceState, KernelEvent, KeyKind, KeyRequest, Refusal, Reply, Request, StationState,
    },
    means::Means,
    network::Network,
    radio::Radio,
    rsn::authenticator::Output,
    sae,
    station::{Action, Connected, Event, Report, Settings, Station, Summary},
};
use lapwing_frames::{
    LinkId, MacAddr,
    management::{
        Authentication, AuthenticationAlgorithm, Body, Departure, Header, Management, ReasonCode, StatusCode,
    },
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(crate) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// A link that the kernel holds: the AP's address and ours.
pub(crate) type HeldLink = (MacAddr, MacAddr);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    Authenticating { peer: MacAddr, link: Option<LinkId> },
    Connected { peer: MacAddr, links: BTreeMap<LinkId, HeldLink>, authorized: bool },
}

pub(crate) struct Bench {
    pub(crate) station: Station,
    pub(crate) now: Instant,
    entropy: SeededEntropy,
    pub(crate) aps: Vec<ApMld>,
    pub(crate) held: Held,
    /// Links that the kernel has removed, and keeps figures of all the same.
    pub(crate) leaked: BTreeSet<LinkId>,
    pub(crate) leaks: bool,
    /// The kernel does not tell which links its entry of the AP has.
    pub(crate) hides_leak: bool,
    /// The kernel does not know the network's name, as the AP has no Country element.
    pub(crate) nameless: bool,
    /// The command that is not answered for the moment.
    pub(crate) silent_about: Option<&'static str>,
    /// Nothing is answered any more.
    pub(crate) frozen: bool,
    unanswered: Vec<Ticket>,
    /// BSSs that are heard only in a scan of their channel.
    pub(crate) unheard: BTreeSet<MacAddr>,
    /// Those that answer no probe request; their beacons are heard by who waits for one.
    pub(crate) mute: BTreeSet<MacAddr>,
    /// They are not heard even then.
    pub(crate) deaf: bool,
    /// The command that is refused next, and how.
    pub(crate) refuse: Option<(&'static str, Errno)>,
    /// Requests, in their order.
    pub(crate) asked: Vec<Request>,
    pub(crate) refused: Vec<(&'static str, Errno)>,
    /// What must never be.
    pub(crate) violations: Vec<&'static str>,
    pub(crate) reports: Vec<Report>,
    /// Every key that is installed.
    pub(crate) keys: Vec<(Option<LinkId>, KeyKind, u8, Secret)>,
    /// Changes the kernel's word of a connection.
    pub(crate) distort: Option<fn(&mut Connection)>,
    /// The kernel's events of an end are held back.
    pub(crate) late_word: bool,
    held_back: Vec<KernelEvent>,
    queue: VecDeque<Event>,
    addresses: u8,
    transaction: u16,
    /// A request to add links that the AP was asked with.
    pub(crate) reconfiguring: Option<Vec<AssociationLink>>,
}

pub(crate) fn mlo_radio() -> Radio {
    let channels: Vec<u32> = [36, 40, 44, 48, 149].iter().map(|channel| 5000 + 5 * channel).collect();
    Radio { multi_link: true, operating_channel_validation: false, channels_at_once: 3, ..radio(&channels) }
}

impl Bench {
    pub(crate) fn new(aps: Vec<ApMld>) -> Self {
        Self::with(mlo_radio(), aps)
    }

    pub(crate) fn with(radio: Radio, aps: Vec<ApMld>) -> Self {
        let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
        let mut bench = Self {
            station: Station::new(interface, radio, OWN, Settings::default()),
            now: Instant::after_start(Duration::from_secs(100)),
            entropy: SeededEntropy(1),
            aps,
            held: Held::Nothing,
            leaked: BTreeSet::new(),
            leaks: false,
            hides_leak: false,
            nameless: false,
            silent_about: None,
            frozen: false,
            unanswered: vec![],
            unheard: BTreeSet::new(),
            mute: BTreeSet::new(),
            deaf: false,
            refuse: None,
            asked: vec![],
            refused: vec![],
            violations: vec![],
            reports: vec![],
            keys: vec![],
            distort: None,
            late_word: false,
            held_back: vec![],
            queue: VecDeque::new(),
            addresses: 0,
            transaction: 0,
            reconfiguring: None,
        };
        bench.give(Event::Tick);
        bench
    }

    /// Gives an event, and lets everything happen that follows at once.
    pub(crate) fn give(&mut self, event: Event) {
        self.queue.push_back(event);
        while let Some(event) = self.queue.pop_front() {
            let mut actions = vec![];
            self.trace(&format!("{event:?}"));
            let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
            self.station.turn(self.now, event, &mut means, |action| actions.push(action));
            for action in actions {
                self.trace(&format!("    {action:?}"));
                match action {
                    Action::Report(report) => self.reports.push(report),
                    Action::Ask { ticket, request } => self.perform(ticket, request),
                }
            }
        }
    }

    /// Prints a line, if the environment asks for it.
    fn trace(&self, line: &str) {
        if std::env::var_os("LAPWING_TRACE").is_some() {
            println!("{:?} {line:.300}", self.now.since_start());
        }
    }

    pub(crate) fn event(&mut self, event: KernelEvent) {
        self.give(Event::Kernel(event));
    }

    fn later(&mut self, event: KernelEvent) {
        self.queue.push_back(Event::Kernel(event));
    }

    /// Lets time pass, with a tick at each deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, _)) = self.station.next_deadline().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            if let Held::Authenticating { peer, .. } = self.held {
                // The kernel's patience is shorter than the station's.
                self.held = Held::Nothing;
                self.event(KernelEvent::AuthenticationTimedOut { peer });
            }
            self.give(Event::Tick);
        }
        self.now = end;
    }

    pub(crate) fn connect(&mut self, ssid: &[u8]) {
        self.give(Event::Connect(network(ssid)));
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.station.summary(), Summary::Connected { .. })
    }

    /// The connection that the station believes in, once it and the kernel and the AP agree.
    pub(crate) fn agreed(&self) -> &Connected {
        assert_eq!((&self.violations, &self.refused), (&vec![], &vec![]));
        let connection = self.station.connection().unwrap();
        let Held::Connected { peer, links, authorized: true } = &self.held else { panic!("{:?}", self.held) };
        assert_eq!(connection.peer, *peer);
        assert_eq!(connection.links, links.keys().copied().collect::<Vec<_>>());
        let ap = self.aps.iter().find(|ap| ap.has(*peer)).unwrap();
        assert!(ap.is_secured());
        let with_keys: BTreeSet<_> = self.keys.iter().filter_map(|(link, ..)| *link).collect();
        assert_eq!(with_keys, links.keys().copied().collect());
        connection
    }

    pub(crate) fn failures(&self) -> Vec<Code> {
        let failed = self.reports.iter().filter_map(|report| match report {
            Report::Failed { why, .. } | Report::Disconnected { why, .. } => Some(why.code.clone()),
            _ => None,
        });
        failed.collect()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.reports.iter().filter_map(|report| match report {
            Report::Timeline(Record { entry, .. }) => Some(entry),
            _ => None,
        })
    }

    pub(crate) fn has_ignored(&self, why: &str) -> bool {
        self.entries().any(|entry| matches!(entry, Entry::Ignored(text) if *text == why))
    }

    /// The names of the requests since a place, without readings.
    pub(crate) fn commands(&self, since: usize) -> Vec<&'static str> {
        let names = self.asked.iter().skip(since).map(Request::name);
        names.filter(|name| !name.starts_with("GET_") && *name != "TRIGGER_SCAN").collect()
    }

    fn frame(&self, from: MacAddr, to: MacAddr, body: Body) -> Vec<u8> {
        let mut frame = vec![];
        Management { header: Header::new(to, from, from), body }.write(&mut frame);
        frame
    }

    fn perform(&mut self, ticket: Ticket, request: Request) {
        let name = request.name();
        self.asked.push(request.clone());
        if self.frozen || self.silent_about == Some(name) {
            return self.unanswered.push(ticket);
        }
        let place = self.queue.len();
        let outcome = self.kernel(request);
        if let Err(errno) = outcome {
            self.refused.push((name, errno));
        }
        let outcome = outcome.map_err(|errno| Refusal { errno, message: None });
        // What follows from a command comes after its answer; an end comes before it.
        let completed = Event::Completed { ticket, outcome };
        let place = if name == "DEAUTHENTICATE" { self.queue.len() } else { place };
        self.queue.insert(place, completed);
    }

    /// The kernel ends what there is, and says so.
    pub(crate) fn drop_connection(&mut self, reason: ReasonCode, by_ap: bool) {
        self.leaked.clear();
        self.keys.clear();
        if let Held::Connected { peer, .. } = core::mem::replace(&mut self.held, Held::Nothing) {
            let (from, to) = if by_ap { (peer, OWN) } else { (OWN, peer) };
            let body = Body::Deauthentication(Departure { reason, elements: vec![] });
            let frame = self.frame(from, to, body);
            let end = [KernelEvent::Deauthentication { frame }, KernelEvent::Disconnected { reason, by_ap }];
            if self.late_word {
                self.held_back.extend(end);
            } else {
                end.into_iter().for_each(|event| self.later(event));
            }
        }
    }

    /// What was not answered is refused.
    pub(crate) fn answer_all(&mut self, errno: Errno) {
        for ticket in core::mem::take(&mut self.unanswered) {
            let outcome = Err(Refusal { errno, message: None });
            self.give(Event::Completed { ticket, outcome });
        }
    }

    /// The events that were held back come.
    pub(crate) fn tell(&mut self) {
        for event in core::mem::take(&mut self.held_back) {
            self.event(event);
        }
    }

    /// The same, as the event of the moment.
    pub(crate) fn ends(&mut self, reason: ReasonCode, by_ap: bool) {
        self.drop_connection(reason, by_ap);
        self.give(Event::Tick);
    }

    /// The kernel removes links, as the AP announced.
    pub(crate) fn remove_links(&mut self, numbers: &[u8]) {
        let gone: Vec<_> = numbers.iter().map(|number| LinkId::new(*number).unwrap()).collect();
        if let Held::Connected { links, .. } = &mut self.held {
            links.retain(|id, _| !gone.contains(id));
        }
        self.keys.retain(|(link, ..)| link.is_none_or(|link| !gone.contains(&link)));
        if self.leaks {
            self.leaked.extend(&gone);
        }
        self.event(KernelEvent::LinksRemoved { links: gone });
    }
    pub(crate) fn ap_says(&mut self, peer: MacAddr, outputs: Vec<Output>) {
        for output in outputs {
            if let Output::SendKeyFrame { octets, in_clear } = output {
                self.later(KernelEvent::KeyFrame { from: peer, bytes: octets, in_clear });
            }
        }
    }

    fn own_address(&mut self) -> MacAddr {
        self.addresses += 1;
        MacAddr([2, 0xee, 0, 0, 0, self.addresses])
    }

    fn kernel(&mut self, request: Request) -> Result<Reply, Errno> {
        if let Some((_, errno)) = self.refuse.take_if(|(name, _)| *name == request.name()) {
            return Err(errno);
        }
        match request {
            Request::TriggerScan(scan) => {
                let entries: Vec<_> = match scan.bssid {
                    // An AP MLD that is asked for its links answers with all of them, on one channel.
                    Some(bssid) => {
                        let asked = self.aps.iter().filter(|ap| ap.has(bssid) && ap.tells_links);
                        asked.flat_map(ApMld::beacons).collect()
                    }
                    None => {
                        let all = self.aps.iter().flat_map(ApMld::beacons);
                        let here = all.filter(|entry| scan.frequencies.contains(&entry.frequency));
                        // Who asks does not wait for a beacon.
                        here.filter(|it| scan.ssids.is_empty() || !self.mute.contains(&it.bssid)).collect()
                    }
                };
                for entry in entries.iter().filter(|_| !self.deaf) {
                    self.unheard.remove(&entry.bssid);
                }
                self.later(KernelEvent::ScanDone { frequencies: scan.frequencies });
            }
            Request::ReadScan => {
                let entries = self.aps.iter().flat_map(ApMld::beacons);
                let heard = entries.filter(|entry| !self.unheard.contains(&entry.bssid));
                return Ok(Reply::Scan(heard.collect()));
            }
            Request::Authenticate(request) => {
                if matches!(self.held, Held::Connected { .. }) {
                    self.violations.push("authentication while connected");
                }
                let peer = request.mld.map_or(request.bssid, |(_, mld)| mld);
                let link = request.mld.map(|(link, _)| link);
                self.held = Held::Authenticating { peer, link };
                let frame = if request.algorithm == AuthenticationAlgorithm::Sae {
                    sae::from_authentication_data(&request.data).map_err(|_| Errno::EINVAL)?
                } else {
                    Authentication {
                        algorithm: request.algorithm,
                        transaction: 1,
                        status: StatusCode::Success,
                        payload: vec![],
                    }
                };
                self.transaction =
                    if request.algorithm == AuthenticationAlgorithm::Sae { frame.transaction } else { 2 };
                let now = self.now;
                let ap = self.aps.iter_mut().find(|ap| ap.has(request.bssid)).ok_or(Errno::ENOENT)?;
                for answer in ap.authentication(now, peer, &frame) {
                    let frame = self.frame(peer, OWN, Body::Authentication(answer));
                    self.later(KernelEvent::Authentication { frame });
                }
            }
            Request::Associate(request) => {
                let peer = request.peer.address();
                if !matches!(self.held, Held::Authenticating { peer: ours, .. } if ours == peer) {
                    return Err(Errno::EINVAL);
                }
                let asked = match &request.peer {
                    AssociationPeer::Bss { .. } => vec![],
                    AssociationPeer::Mld { links, .. } => links.clone(),
                };
                let own: BTreeMap<_, _> = asked.iter().map(|link| (link.id, self.own_address())).collect();
                let now = self.now;
                let ap = self.aps.iter_mut().find(|ap| ap.has(peer)).ok_or(Errno::ENOENT)?;
                ap.associate(&request.peer, &own, &request.elements);
                let first = ap.start(now);
                let refused = ap.refused.clone();
                let links = asked.iter().map(|link| ConnectionLink {
                    id: link.id,
                    bssid: link.bssid,
                    address: own[&link.id],
                    status: if refused.contains(&link.id.get()) {
                        StatusCode(37)
                    } else {
                        StatusCode::Success
                    },
                });
                let mut connection = Connection {
                    peer,
                    status: StatusCode::Success,
                    timed_out: false,
                    request_elements: vec![],
                    response_elements: vec![],
                    links: links.collect(),
                };
                let accepted = connection.links.iter().filter(|link| link.status == StatusCode::Success);
                let links = accepted.map(|link| (link.id, (link.bssid, link.address))).collect();
                self.held = Held::Connected { peer, links, authorized: false };
                if let Some(distort) = self.distort {
                    distort(&mut connection);
                }
                self.later(KernelEvent::Connected(connection));
                self.ap_says(peer, first);
            }
            Request::Deauthenticate { peer, reason, local_only } => {
                let ours = match &self.held {
                    Held::Nothing => None,
                    Held::Authenticating { peer, .. } | Held::Connected { peer, .. } => Some(*peer),
                };
                if ours != Some(peer) {
                    return Err(Errno::ENOTCONN);
                }
                if local_only {
                    self.violations.push("left without a frame");
                }
                if let Some(ap) = self.aps.iter_mut().find(|ap| ap.has(peer)) {
                    ap.authenticator = None;
                }
                if matches!(self.held, Held::Connected { .. }) {
                    self.drop_connection(reason, false);
                } else {
                    self.held = Held::Nothing;
                    let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                    let frame = self.frame(OWN, peer, body);
                    self.later(KernelEvent::Deauthentication { frame });
                }
            }
            Request::SendKeyFrame { to, bytes, in_clear } => {
                let Held::Connected { peer, .. } = self.held else { return Err(Errno::ENOTCONN) };
                if to != peer {
                    return Err(Errno::ENOTCONN);
                }
                let now = self.now;
                let ap = self.aps.iter_mut().find(|ap| ap.has(peer)).ok_or(Errno::ENOENT)?;
                let outputs = ap.key_frame(now, &bytes, !in_clear);
                self.ap_says(peer, outputs);
                return Ok(Reply::Sent { cookie: 0 });
            }
            Request::InstallKey(key) => self.install(key)?,
            Request::AuthorizePort { peer: to } => match &mut self.held {
                Held::Connected { peer, authorized, .. } if *peer == to => *authorized = true,
                _ => return Err(Errno::ENOENT),
            },
            Request::ReadInterface => {
                let links = match &self.held {
                    Held::Connected { links, .. } => links.clone(),
                    _ => BTreeMap::new(),
                };
                let links =
                    links.into_iter().map(|(id, (_, address))| InterfaceLink { id, address, channel: None });
                let ssid = self
                    .network()
                    .filter(|_| !self.nameless)
                    .map(|ssid| lapwing_frames::Ssid::new(ssid).unwrap());
                let links = links.collect();
                return Ok(Reply::Interface(InterfaceState { address: OWN, ssid, channel: None, links }));
            }
            Request::ReadStations => {
                let stations = match &self.held {
                    Held::Connected { peer, links, authorized } => vec![StationState {
                        address: *peer,
                        authorized: *authorized,
                        signal_dbm: None,
                        transmit_rate: None,
                        inactive_ms: None,
                        links: if self.hides_leak {
                            vec![]
                        } else {
                            links.keys().chain(&self.leaked).copied().collect()
                        },
                    }],
                    _ => vec![],
                };
                return Ok(Reply::Stations(stations));
            }
            Request::ReconfigureLinks { add, .. } => {
                if add.iter().any(|link| self.leaked.contains(&link.id)) {
                    // The station's link is still there: WARN, -EBUSY, and the kernel leaves.
                    self.drop_connection(ReasonCode::Unspecified, false);
                    return Ok(Reply::Done);
                }
                self.reconfiguring = Some(add);
            }
            Request::AbortScan | Request::SendFrame { .. } => {}
            _ => return Err(Errno::EOPNOTSUPP),
        }
        Ok(Reply::Done)
    }

    fn network(&self) -> Option<&'static [u8]> {
        let Held::Connected { peer, .. } = &self.held else { return None };
        self.aps.iter().find(|ap| ap.has(*peer)).map(|ap| ap.ssid)
    }

    /// The kernel's table of keys and links, to the letter.
    fn install(&mut self, key: KeyRequest) -> Result<(), Errno> {
        let Held::Connected { links, .. } = &self.held else { return Err(Errno::ENOLINK) };
        let pairwise = matches!(key.kind, KeyKind::Pairwise { .. });
        match key.link {
            Some(_) if pairwise || links.is_empty() => return Err(Errno::EINVAL),
            Some(link) if !links.contains_key(&link) => return Err(Errno::EINVAL),
            None if !pairwise && !links.is_empty() => return Err(Errno::EINVAL),
            _ => {}
        }
        if self.keys.iter().any(|(link, _, _, before)| *link == key.link && *before == key.key) {
            self.violations.push("a key was installed twice");
        }
        self.keys.push((key.link, key.kind, key.index, key.key));
        Ok(())
    }
    /// The kernel has added a link, with a new address of ours.
    pub(crate) fn add_link(&mut self, id: LinkId, bssid: MacAddr) -> MacAddr {
        let address = self.own_address();
        if let Held::Connected { links, .. } = &mut self.held {
            links.insert(id, (bssid, address));
        }
        address
    }
}

pub(crate) fn network(ssid: &[u8]) -> Network {
    personal(ssid)
}
