//! A scripted kernel between a station and some APs, in virtual time.

use super::ap::{Ap, Client, Said, Setup};
use super::fixtures;
use lapwing_core::{
    Duration, Entropy, Instant,
    attempt::{AttemptId, Entry, Record, Ticket},
    curve::{Curves, Group, Point, Scalar, ShamCurves},
    entropy::SeededEntropy,
    failure::Code,
    kernel::{
        ChannelDefinition, Connection, Errno, Frequency, Interface, InterfaceState, KernelEvent, KeyKind,
        Refusal, Reply, Request, ScanEntry, StationState,
    },
    means::Means,
    radio::Radio,
    sae,
    station::{Action, Event, Report, Settings, Station, Summary},
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{ElementId, Elements},
    management::{
        Action as Action80211, AssociationRequest, Authentication, AuthenticationAlgorithm, Body,
        CapabilityInformation, Departure, Header, Management, ReasonCode, StatusCode,
    },
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use subtle::Choice;

pub(crate) const OWN: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// The sham groups, counting how often the station calculates a password element.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) elements: Cell<u32>,
}

impl Curves for Counting {
    fn point(&self, group: Group, octets: &[u8]) -> Option<Point> {
        ShamCurves.point(group, octets)
    }
    fn point_with_x(&self, group: Group, x: &[u8], odd: Choice) -> Option<Point> {
        ShamCurves.point_with_x(group, x, odd)
    }
    fn is_x_of_point(&self, group: Group, x: &[u8], entropy: &mut dyn Entropy) -> Choice {
        ShamCurves.is_x_of_point(group, x, entropy)
    }
    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point> {
        ShamCurves.multiply_generator(scalar)
    }
    fn multiply(&self, scalar: &Scalar, point: &Point) -> Option<Point> {
        ShamCurves.multiply(scalar, point)
    }
    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point> {
        ShamCurves.multiply_add(first, second)
    }
    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point> {
        self.elements.set(self.elements.get() + 1);
        ShamCurves.map_to_curve(group, first, second)
    }
}

/// How badly the world behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// Frames lost, in percent.
    pub(crate) loss: u64,
    /// The greatest delay of a frame or an answer, in milliseconds.
    pub(crate) delay: u64,
    /// A key frame may reach the station before the kernel's word of the connection.
    pub(crate) early_key_frames: bool,
}

/// What the kernel holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Nothing,
    Authenticating { bssid: MacAddr, number: u64 },
    Authenticated { bssid: MacAddr, number: u64 },
    Associating { bssid: MacAddr, number: u64 },
    Connected { bssid: MacAddr, authorized: bool },
}

/// Something that will happen.
enum Thing {
    /// To the station, over the one socket.
    Event(Event),
    /// An Authentication frame reaches an AP.
    Authentication { bssid: MacAddr, frame: Authentication },
    /// An Association Request reaches an AP.
    Association { bssid: MacAddr, request: AssociationRequest },
    /// A key frame reaches an AP.
    KeyFrame { bssid: MacAddr, octets: Vec<u8>, in_clear: bool },
    /// A farewell reaches an AP.
    Farewell { bssid: MacAddr },
    /// What an AP says reaches the kernel.
    Said { bssid: MacAddr, said: Said },
    /// The kernel's patience with a frame is over.
    Impatience { number: u64 },
    /// A scan ends.
    ScanEnds { number: u64 },
}

/// What was tried last of each network: no try repeats a failed one on the same input.
#[derive(Default)]
struct Tries {
    networks: BTreeMap<AttemptId, Ssid>,
    last: BTreeMap<Ssid, Try>,
    /// How many scans have ended.
    scans: u64,
}

struct Try {
    attempt: AttemptId,
    bssid: MacAddr,
    cached: bool,
    scans: u64,
    /// When it failed, if it did.
    failed: Option<Instant>,
}

impl Tries {
    fn note(&mut self, now: Instant, report: &Report) -> Option<String> {
        let (attempt, entry) = match report {
            Report::Timeline(Record { attempt: Some(attempt), entry, .. }) => (*attempt, entry),
            _ => return None,
        };
        match entry {
            Entry::Began { ssid, .. } => drop(self.networks.insert(attempt, ssid.clone())),
            // What was ended because somebody asked may be done again.
            Entry::Failed(why) if why.code != Code::Asked => {
                let tried = self.last.values_mut().find(|tried| tried.attempt == attempt);
                tried.into_iter().for_each(|tried| tried.failed = Some(now));
            }
            Entry::Chosen { bssid, cached_pmksa, .. } => {
                let (bssid, cached, scans) = (*bssid, *cached_pmksa, self.scans);
                let tried = Try { attempt, bssid, cached, scans, failed: None };
                let before = self.last.insert(self.networks.get(&attempt)?.clone(), tried)?;
                let differs = before.bssid != bssid || before.cached != cached || before.scans != scans;
                let later = before.failed.is_none_or(|at| now.since(at) >= Duration::from_secs(1));
                return (!differs && !later).then(|| format!("{attempt} repeats {}", before.attempt));
            }
            _ => {}
        }
        None
    }
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) curves: Counting,
    pub(crate) station: Station,
    pub(crate) aps: Vec<Ap>,
    pub(crate) faults: Faults,
    pub(crate) held: Held,
    pub(crate) reports: Vec<Report>,
    pub(crate) requests: Vec<Request>,
    /// Refusals of the kernel, with the command.
    pub(crate) refusals: Vec<(&'static str, Errno)>,
    /// Requests that the next command of a name is refused with.
    pub(crate) refuse: VecDeque<(&'static str, Errno)>,
    /// What must never be.
    pub(crate) violations: Vec<String>,
    /// BSSs that the kernel has forgotten though they are on the air.
    pub(crate) forgotten: BTreeSet<MacAddr>,
    entropy: SeededEntropy,
    dice: SeededEntropy,
    things: BTreeMap<(Instant, u64), Thing>,
    count: u64,
    /// The socket is in order.
    last_delivery: Instant,
    last_sent: Instant,
    up: bool,
    scanning: Option<Vec<Frequency>>,
    /// The names that are probed for in it.
    probes: Vec<Ssid>,
    scan_number: u64,
    /// When a hidden BSS answered to its name.
    revealed: BTreeMap<MacAddr, Instant>,
    /// The transaction of the Authentication frame that is waited for: others are not passed on.
    expected: u16,
    /// The association that was asked for last.
    association: Option<AssociationRequest>,
    /// What was heard, and when.
    heard: BTreeMap<MacAddr, Instant>,
    installed: BTreeSet<(KeyKind, u8, Vec<u8>)>,
    awaiting: BTreeSet<Ticket>,
    /// What the association of the moment asked for keys and port, and whether it was done.
    securing: BTreeMap<Ticket, (&'static str, Option<bool>)>,
    /// The attempts that have begun and not ended.
    pub(crate) live: BTreeSet<AttemptId>,
    /// How often each attempt was said to have ended.
    pub(crate) ended: BTreeMap<AttemptId, u32>,
    tries: Tries,
    /// Whether events are delivered; if not, they are lost.
    pub(crate) deaf: bool,
    connected: Option<AttemptId>,
    /// The channel that the kernel says the interface is on; none for that of the AP.
    pub(crate) channel: Option<ChannelDefinition>,
}

pub(crate) fn radio() -> Radio {
    let extended_capabilities = vec![4, 0, 8, 0x80, 0, 0, 0, 0x40];
    Radio { extended_capabilities, ..fixtures::radio(&[2412, 5180]) }
}

impl World {
    pub(crate) fn new(seed: u64, setups: Vec<Setup>) -> Self {
        let interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };
        Self {
            now: Instant::after_start(Duration::from_secs(1000)),
            curves: Counting::default(),
            station: Station::new(interface, radio(), OWN, Settings::default()),
            aps: setups.into_iter().map(Ap::new).collect(),
            faults: Faults { delay: 2, ..Faults::default() },
            held: Held::Nothing,
            reports: vec![],
            requests: vec![],
            refusals: vec![],
            refuse: VecDeque::new(),
            violations: vec![],
            forgotten: BTreeSet::new(),
            entropy: SeededEntropy(seed),
            dice: SeededEntropy(!seed),
            things: BTreeMap::new(),
            count: 0,
            last_delivery: Instant::default(),
            last_sent: Instant::default(),
            up: true,
            scanning: None,
            probes: vec![],
            scan_number: 0,
            revealed: BTreeMap::new(),
            expected: 0,
            association: None,
            heard: BTreeMap::new(),
            installed: BTreeSet::new(),
            awaiting: BTreeSet::new(),
            securing: BTreeMap::new(),
            live: BTreeSet::new(),
            ended: BTreeMap::new(),
            tries: Tries::default(),
            deaf: false,
            connected: None,
            channel: None,
        }
    }

    /// A number below `below`.
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        let mut octets = [0; 8];
        self.dice.fill(&mut octets);
        u64::from_le_bytes(octets) % below.max(1)
    }

    fn delay(&mut self) -> Duration {
        let most = self.faults.delay * 1000;
        Duration::from_micros(200 + self.roll(most))
    }

    fn lost(&mut self) -> bool {
        self.roll(100) < self.faults.loss
    }

    fn later(&mut self, after: Duration, thing: Thing) {
        self.count += 1;
        self.things.insert((self.now + after, self.count), thing);
    }

    /// Over the air to an AP: one radio sends its frames one after the other.
    fn send(&mut self, after: Duration, thing: Thing) {
        let at = (self.now + after + self.delay()).max(self.last_sent);
        self.last_sent = at;
        self.count += 1;
        self.things.insert((at, self.count), thing);
    }

    /// To the station, behind everything that is on its way to it.
    fn tell(&mut self, event: Event) {
        if self.deaf && matches!(event, Event::Kernel(_)) {
            return;
        }
        let at = (self.now + self.delay()).max(self.last_delivery);
        self.last_delivery = at;
        self.count += 1;
        self.things.insert((at, self.count), Thing::Event(event));
    }

    pub(crate) fn event(&mut self, event: KernelEvent) {
        self.tell(Event::Kernel(event));
    }

    /// Gives the station an event now.
    pub(crate) fn give(&mut self, event: Event) {
        let mut actions = vec![];
        if let Event::Connect(_) = event {
            // A person may want the same again.
            self.tries.last.clear();
        }
        self.trace(|world| format!("    {event:?} (held: {:?})", world.held));
        let Self { station, entropy, now, curves, .. } = self;
        let mut means = Means { entropy, curves };
        station.turn(*now, event, &mut means, |action| actions.push(action));
        for action in actions {
            match action {
                Action::Ask { ticket, request } => self.perform(ticket, request),
                Action::Report(report) => self.note(report),
            }
        }
        if let Some((at, why)) = self.station.next_deadline()
            && at <= self.now
        {
            self.violations.push(format!("a deadline stays overdue: {why}"));
        }
    }

    /// Prints a line, if the environment asks for it.
    fn trace(&self, line: impl FnOnce(&Self) -> String) {
        if std::env::var_os("LAPWING_TRACE").is_some() {
            println!("{:?} {:.400}", self.now.since_start(), line(self));
        }
    }

    fn note(&mut self, report: Report) {
        self.trace(|_| format!("{report:?}"));
        self.violations.extend(self.tries.note(self.now, &report));
        if let Report::Failed { attempt, .. } | Report::Disconnected { attempt, .. } = &report {
            *self.ended.entry(*attempt).or_default() += 1;
        }
        match &report {
            Report::Timeline(Record { attempt: Some(attempt), entry: Entry::Began { .. }, .. }) => {
                self.live.insert(*attempt);
                if self.live.len() > 1 {
                    self.violations.push(format!("more than one attempt is live: {:?}", self.live));
                }
            }
            Report::Failed { attempt, .. } if !self.live.remove(attempt) => {
                self.violations.push("an attempt failed that was not live".into());
            }
            Report::Connected(connected) => {
                let done = self.securing.values().all(|(_, done)| *done == Some(true));
                let port = self.securing.values().any(|(name, _)| *name == "SET_STATION");
                let key = self.securing.values().any(|(name, _)| *name == "NEW_KEY");
                if connected.akm.is_some() && !(done && port && key) {
                    self.violations.push(format!("connected, and not all was done: {:?}", self.securing));
                }
                if self.connected.replace(connected.attempt).is_some() {
                    self.violations.push("connected twice".into());
                }
            }
            Report::Disconnected { attempt, .. }
                if self.connected.take() != Some(*attempt) || !self.live.remove(attempt) =>
            {
                self.violations.push("disconnected from nothing".into());
            }
            _ => {}
        }
        self.reports.push(report);
    }

    /// Runs until the moment is over.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let thing = self.things.keys().next().map(|(at, _)| *at);
            let tick = self.station.next_deadline().map(|(at, _)| at);
            let ap = self.aps.iter().filter_map(Ap::deadline).min();
            let Some(at) = [thing, tick, ap].into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            if thing == Some(at) {
                let (_, thing) = self.things.pop_first().unwrap();
                self.happen(thing);
            } else if ap == Some(at) {
                let place = self.aps.iter().position(|ap| ap.deadline() == Some(at)).unwrap();
                let now = self.now;
                let said = self.aps[place].tick(now);
                self.speak(place, said);
            } else {
                self.give(Event::Tick);
            }
        }
        self.now = end;
    }

    /// Runs until something is true, or so long.
    pub(crate) fn run_until(&mut self, time: Duration, mut met: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + time;
        while self.now < end {
            if met(self) {
                return true;
            }
            let next = self.next().unwrap_or(end).min(end);
            self.run(next.since(self.now));
            if next == end && !met(self) {
                return false;
            }
        }
        met(self)
    }

    fn next(&self) -> Option<Instant> {
        let thing = self.things.keys().next().map(|(at, _)| *at);
        let tick = self.station.next_deadline().map(|(at, _)| at);
        let ap = self.aps.iter().filter_map(Ap::deadline).min();
        [thing, tick, ap].into_iter().flatten().min()
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.station.summary(), Summary::Connected { .. })
    }

    pub(crate) fn ap(&mut self, bssid: MacAddr) -> Option<usize> {
        self.aps.iter().position(|ap| ap.setup.bssid == bssid && ap.present)
    }

    /// What an AP says goes through the air.
    pub(crate) fn speak(&mut self, place: usize, said: Vec<Said>) {
        if !self.aps[place].present {
            return;
        }
        let bssid = self.aps[place].setup.bssid;
        let mut after = Duration::ZERO;
        for said in said {
            after += self.delay();
            if !self.lost() {
                self.later(after, Thing::Said { bssid, said });
            }
        }
    }

    fn with_ap(&mut self, bssid: MacAddr, act: impl FnOnce(&mut Ap, Instant, &mut Means<'_>) -> Vec<Said>) {
        let Some(place) = self.ap(bssid) else { return };
        let Self { aps, dice, now, .. } = self;
        let mut means = Means { entropy: dice, curves: &ShamCurves };
        let said = act(&mut aps[place], *now, &mut means);
        self.speak(place, said);
    }

    fn happen(&mut self, thing: Thing) {
        match thing {
            Thing::Event(event) => {
                if let Event::Completed { ticket, outcome } = &event {
                    self.awaiting.remove(ticket);
                    if let Some((_, done)) = self.securing.get_mut(ticket) {
                        *done = Some(outcome.is_ok());
                    }
                }
                self.give(event);
            }
            Thing::Authentication { bssid, frame } => {
                self.with_ap(bssid, |ap, now, means| ap.authentication(now, means, OWN, &frame));
            }
            Thing::Association { bssid, request } => {
                self.with_ap(bssid, |ap, now, means| ap.association(now, means, OWN, &request));
            }
            Thing::KeyFrame { bssid, octets, in_clear } => {
                self.with_ap(bssid, |ap, now, _| ap.key_frame(now, &octets, !in_clear));
            }
            Thing::Farewell { bssid } => {
                if let Some(place) = self.ap(bssid) {
                    self.aps[place].client = None;
                    self.aps[place].sae.forget(OWN);
                }
            }
            Thing::Said { bssid, said } => self.receive(bssid, said),
            Thing::Impatience { number } => match self.held.clone() {
                Held::Authenticating { bssid, number: current } if current == number => {
                    self.held = Held::Nothing;
                    self.event(KernelEvent::AuthenticationTimedOut { peer: bssid });
                }
                // After success, five seconds, and no word.
                Held::Authenticated { number: current, .. } if current == number => self.held = Held::Nothing,
                Held::Associating { bssid, number: current } if current == number => {
                    self.held = Held::Nothing;
                    self.event(KernelEvent::AssociationTimedOut { peer: bssid });
                }
                _ => {}
            },
            Thing::ScanEnds { number } => {
                if number != self.scan_number {
                    return;
                }
                let Some(frequencies) = self.scanning.take() else { return };
                self.tries.scans += 1;
                let now = self.now;
                let there = |ap: &&mut Ap| ap.present && frequencies.contains(&ap.setup.frequency);
                for ap in self.aps.iter_mut().filter(there) {
                    self.heard.insert(ap.setup.bssid, now);
                    self.forgotten.remove(&ap.setup.bssid);
                    if ap.setup.hidden && self.probes.contains(&ap.setup.ssid) {
                        match ap.setup.lost_probes.checked_sub(1) {
                            Some(left) => ap.setup.lost_probes = left,
                            None => drop(self.revealed.insert(ap.setup.bssid, now)),
                        }
                    }
                }
                self.event(KernelEvent::ScanDone { frequencies });
            }
        }
    }

    fn management(from: MacAddr, to: MacAddr, bssid: MacAddr, body: Body) -> Vec<u8> {
        let mut octets = vec![];
        Management { header: Header::new(to, from, bssid), body }.write(&mut octets);
        octets
    }

    /// The kernel hears an AP.
    fn receive(&mut self, bssid: MacAddr, said: Said) {
        match (said, self.held.clone()) {
            (Said::Authentication(frame), Held::Authenticating { bssid: ours, number })
                if ours == bssid && frame.transaction == self.expected =>
            {
                let sae = frame.algorithm == AuthenticationAlgorithm::Sae;
                let done = frame.status == StatusCode::Success && (!sae || frame.transaction == 2);
                let goes_on = matches!(frame.status.0, 0 | 76 | 126 | 127);
                let octets = Self::management(bssid, OWN, bssid, Body::Authentication(frame));
                if done {
                    self.held = Held::Authenticated { bssid, number };
                    self.later(Duration::from_secs(5), Thing::Impatience { number });
                } else if goes_on {
                    // Two seconds for the next frame, then it is all forgotten without a word.
                    self.held = Held::Authenticated { bssid, number };
                    self.later(Duration::from_secs(2), Thing::Impatience { number });
                } else {
                    self.held = Held::Nothing;
                }
                self.event(KernelEvent::Authentication { frame: octets });
            }
            (Said::Association(response), Held::Associating { bssid: ours, .. }) if ours == bssid => {
                let status = response.status;
                if status == StatusCode(30)
                    && let Some(interval) = Elements::new(&response.elements)
                        .iter()
                        .find(|element| element.id == ElementId::Plain(56))
                    && let [3, a, b, c, d] = interval.body[..]
                {
                    // The kernel asks again by itself.
                    let after = Duration::from_micros(1024 * u64::from(u32::from_le_bytes([a, b, c, d])));
                    self.event(KernelEvent::AssociationComeback { peer: bssid, after });
                    self.count += 1;
                    let number = self.count;
                    self.held = Held::Associating { bssid, number };
                    let request = self.association.clone().unwrap();
                    self.later(after, Thing::Association { bssid, request });
                    self.later(after + Duration::from_millis(600), Thing::Impatience { number });
                    return;
                }
                let response_elements = response.elements.clone();
                let octets = Self::management(bssid, OWN, bssid, Body::AssociationResponse(response));
                self.held = match status {
                    StatusCode::Success => Held::Connected { bssid, authorized: false },
                    _ => Held::Nothing,
                };
                self.installed.clear();
                self.event(KernelEvent::Association { frame: octets });
                self.event(KernelEvent::Connected(Connection {
                    peer: bssid,
                    status,
                    timed_out: false,
                    request_elements: vec![],
                    response_elements,
                    links: vec![],
                }));
            }
            (Said::Deauthentication(reason), held) => {
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(bssid, OWN, bssid, body);
                match held {
                    Held::Connected { bssid: ours, .. } if ours == bssid => {
                        self.held = Held::Nothing;
                        self.event(KernelEvent::Deauthentication { frame });
                        self.event(KernelEvent::Disconnected { reason, by_ap: true });
                    }
                    Held::Associating { bssid: ours, .. } if ours == bssid => {
                        self.held = Held::Nothing;
                        self.event(KernelEvent::Deauthentication { frame });
                    }
                    _ => {}
                }
            }
            (Said::KeyFrame { octets, in_clear }, Held::Connected { bssid: ours, .. }) if ours == bssid => {
                self.event(KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear });
            }
            (Said::KeyFrame { octets, in_clear }, Held::Associating { bssid: ours, .. })
                if ours == bssid && self.faults.early_key_frames =>
            {
                self.event(KernelEvent::KeyFrame { from: bssid, bytes: octets, in_clear });
            }
            _ => {}
        }
    }

    /// The kernel ends a connection by itself.
    pub(crate) fn kernel_disconnects(&mut self, reason: ReasonCode) {
        if let Held::Connected { bssid, .. } = self.held {
            self.held = Held::Nothing;
            let body = Body::Deauthentication(Departure { reason, elements: vec![] });
            let frame = Self::management(OWN, bssid, bssid, body);
            self.event(KernelEvent::Deauthentication { frame });
            self.event(KernelEvent::Disconnected { reason, by_ap: false });
        }
    }

    /// Another program connects the interface, without asking what was before.
    pub(crate) fn another_program_connects(&mut self, bssid: MacAddr) {
        self.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
        self.held = Held::Connected { bssid, authorized: true };
        self.event(KernelEvent::Connected(Connection {
            peer: bssid,
            status: StatusCode::Success,
            timed_out: false,
            request_elements: vec![],
            response_elements: vec![],
            links: vec![],
        }));
    }

    /// Some data is sent: an AP that knows nothing of a connection says so, without protection if it has
    /// no keys; one that is not there is missed by the kernel.
    pub(crate) fn data(&mut self) {
        let Held::Connected { bssid, .. } = self.held else { return };
        let Some(place) = self.ap(bssid) else { return self.kernel_disconnects(ReasonCode::Inactivity) };
        if self.agrees() {
            return;
        }
        let reason = ReasonCode::InvalidClass3Frame;
        let strong = self.aps[place].setup.akms.iter().any(|akm| !akm.is_psk());
        if strong {
            let body = Body::Deauthentication(Departure { reason, elements: vec![] });
            let frame = Self::management(bssid, OWN, bssid, body);
            self.event(KernelEvent::UnprotectedFarewell { frame });
        } else {
            self.speak(place, vec![Said::Deauthentication(reason)]);
        }
    }

    /// An AP says goodbye.
    pub(crate) fn ap_disconnects(&mut self, place: usize, reason: ReasonCode) {
        self.aps[place].client = None;
        self.speak(place, vec![Said::Deauthentication(reason)]);
    }

    /// The interface goes down, or comes up.
    pub(crate) fn set_up(&mut self, up: bool) {
        self.up = up;
        if up {
            self.event(KernelEvent::InterfaceUp);
            return;
        }
        self.kernel_disconnects(ReasonCode::LeavingDeauthenticated);
        self.held = Held::Nothing;
        self.scanning = None;
        self.heard.clear();
        self.revealed.clear();
        self.event(KernelEvent::InterfaceDown);
    }

    /// What the kernel's table has of an AP. One that hides its name is in it twice: without name from the
    /// beacons, and by its name from the answer to a probe, if that was not long ago.
    fn listed(&self, ap: &Ap) -> Vec<ScanEntry> {
        let bssid = ap.setup.bssid;
        let entry = |at: Option<&Instant>, named| {
            let age = self.now.since(*at?);
            (age < Duration::from_secs(30)).then(|| ScanEntry {
                capability: if ap.setup.akms.is_empty() { 1 } else { 0x11 },
                signal_mbm: Some(ap.setup.signal_mbm),
                age,
                ..fixtures::entry(bssid, ap.setup.frequency.0, ap.elements(named))
            })
        };
        let revealed = self.revealed.get(&bssid).filter(|_| ap.setup.hidden);
        [entry(self.heard.get(&bssid), false), entry(revealed, true)].into_iter().flatten().collect()
    }

    /// The kernel takes a request.
    fn perform(&mut self, ticket: Ticket, request: Request) {
        if !self.awaiting.insert(ticket) {
            self.violations.push("a ticket was used twice".into());
        }
        let name = request.name();
        self.requests.push(request.clone());
        match name {
            "ASSOCIATE" => self.securing.clear(),
            "NEW_KEY" | "SET_STATION" | "CONTROL_PORT_FRAME" => {
                self.securing.insert(ticket, (name, None));
            }
            _ => {}
        }
        let forced = self.refuse.iter().position(|(command, _)| *command == name);
        let outcome = match forced {
            Some(place) => Err(self.refuse.remove(place).unwrap().1),
            None if !self.up && !name.starts_with("GET") => Err(Errno::ENETDOWN),
            None => self.execute(request),
        };
        if let Err(errno) = &outcome {
            self.refusals.push((name, *errno));
        }
        let outcome = outcome.map_err(|errno| Refusal { errno, message: None });
        self.tell(Event::Completed { ticket, outcome });
    }

    fn execute(&mut self, request: Request) -> Result<Reply, Errno> {
        match request {
            Request::TriggerScan(scan) => {
                if self.scanning.is_some() {
                    return Err(Errno::EBUSY);
                }
                if scan.frequencies.is_empty() {
                    self.violations.push("a scan of all channels at once".into());
                }
                let passive = |frequency: &&Frequency| {
                    self.station.radio().channels.iter().any(|channel| {
                        channel.frequency == **frequency && (channel.no_initiating_radiation || channel.radar)
                    })
                };
                let slow = scan.frequencies.iter().filter(passive).count() as u64;
                let quick = scan.frequencies.len() as u64 - slow;
                self.scanning = Some(scan.frequencies);
                self.probes = scan.ssids;
                self.event(KernelEvent::ScanStarted);
                self.count += 1;
                self.scan_number = self.count;
                let number = self.count;
                self.later(Duration::from_millis(33 * quick + 110 * slow), Thing::ScanEnds { number });
            }
            Request::AbortScan => {
                self.scanning.take().ok_or(Errno::ENOENT)?;
                self.event(KernelEvent::ScanAborted);
            }
            Request::ReadScan => {
                let mut entries: Vec<_> = self.aps.iter().flat_map(|ap| self.listed(ap)).collect();
                // In no order that anybody could rely on.
                let turn = usize::try_from(self.roll(entries.len() as u64)).unwrap();
                entries.rotate_left(turn);
                return Ok(Reply::Scan(entries));
            }
            Request::Authenticate(request) => {
                if let Held::Connected { bssid, .. } = self.held {
                    // Only where the kernel does not let go, however often it is asked.
                    if !self
                        .refusals
                        .iter()
                        .any(|(command, _)| ["DEAUTHENTICATE", "GET_STATION"].contains(command))
                    {
                        self.violations.push("authentication while connected".into());
                    }
                    if bssid == request.bssid {
                        return Err(Errno::EALREADY);
                    }
                    self.kernel_disconnects(ReasonCode::Unspecified);
                }
                let listed = self.aps.iter().flat_map(|ap| self.listed(ap)).any(|entry| {
                    let ssid = Elements::new(&entry.elements).iter().find(|it| it.id == ElementId::Plain(0));
                    entry.bssid == request.bssid && ssid.is_some_and(|it| it.body == request.ssid.octets())
                });
                if !listed || self.forgotten.contains(&request.bssid) {
                    return Err(Errno::ENOENT);
                }
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
                let sae = frame.algorithm == AuthenticationAlgorithm::Sae;
                self.expected = if sae { frame.transaction } else { 2 };
                self.count += 1;
                let (number, bssid) = (self.count, request.bssid);
                self.held = Held::Authenticating { bssid, number };
                let tries = if frame.algorithm == AuthenticationAlgorithm::Sae { 1 } else { 3 };
                self.later(
                    Duration::from_millis(if tries == 1 { 2000 } else { 600 }),
                    Thing::Impatience { number },
                );
                for attempt in 0..tries {
                    if !self.lost() {
                        let after = Duration::from_millis(200 * attempt);
                        self.send(after, Thing::Authentication { bssid, frame });
                        break;
                    }
                }
            }
            Request::Associate(request) => {
                let bssid = request.peer.address();
                match self.held {
                    Held::Authenticated { bssid: ours, .. } if ours == bssid => {}
                    Held::Connected { .. } => return Err(Errno::EALREADY),
                    // The authentication was forgotten: the AP will not like it.
                    _ => {}
                }
                self.count += 1;
                let number = self.count;
                self.held = Held::Associating { bssid, number };
                self.later(Duration::from_millis(600), Thing::Impatience { number });
                let request = AssociationRequest {
                    capabilities: CapabilityInformation(1),
                    listen_interval: 1,
                    elements: request.elements,
                };
                self.association = Some(request.clone());
                for attempt in 0..3 {
                    if !self.lost() {
                        let after = Duration::from_millis(200 * attempt);
                        self.send(after, Thing::Association { bssid, request });
                        break;
                    }
                }
            }
            Request::Deauthenticate { peer, reason, .. } => {
                let (bssid, connected) = match self.held {
                    Held::Nothing => return Err(Errno::ENOTCONN),
                    Held::Authenticating { bssid, .. }
                    | Held::Authenticated { bssid, .. }
                    | Held::Associating { bssid, .. } => (bssid, false),
                    Held::Connected { bssid, .. } => (bssid, true),
                };
                if bssid != peer {
                    return Err(Errno::ENOTCONN);
                }
                self.held = Held::Nothing;
                let body = Body::Deauthentication(Departure { reason, elements: vec![] });
                let frame = Self::management(OWN, bssid, bssid, body);
                self.event(KernelEvent::Deauthentication { frame });
                if connected {
                    self.event(KernelEvent::Disconnected { reason, by_ap: false });
                }
                if !self.lost() {
                    self.send(Duration::ZERO, Thing::Farewell { bssid });
                }
            }
            Request::SendKeyFrame { to, bytes, in_clear } => {
                let Held::Connected { bssid, .. } = self.held else { return Err(Errno::ENOTCONN) };
                if bssid != to {
                    return Err(Errno::ENOTCONN);
                }
                self.count += 1;
                let cookie = self.count;
                let acknowledged = !self.lost() && self.ap(bssid).is_some();
                if acknowledged {
                    self.send(Duration::ZERO, Thing::KeyFrame { bssid, octets: bytes, in_clear });
                }
                self.event(KernelEvent::KeyFrameStatus { cookie, acknowledged });
                return Ok(Reply::Sent { cookie });
            }
            Request::InstallKey(key) => {
                let Held::Connected { .. } = self.held else { return Err(Errno::ENOLINK) };
                if key.link.is_some() {
                    return Err(Errno::EINVAL);
                }
                if !self.installed.insert((key.kind, key.index, key.key.expose().to_vec())) {
                    self.violations.push("a key was installed twice".into());
                }
            }
            Request::UseKey { .. } => return Err(Errno::EOPNOTSUPP),
            Request::AuthorizePort { peer } => {
                let installed =
                    self.installed.iter().any(|(kind, ..)| matches!(kind, KeyKind::Pairwise { .. }));
                match &mut self.held {
                    Held::Connected { bssid, authorized } if *bssid == peer => {
                        // Requests are not held back for the answers to those before them: the port may
                        // be asked for though a key was refused, and the station leaves at the answer.
                        if !installed && !self.refusals.iter().any(|(command, _)| *command == "NEW_KEY") {
                            self.violations.push("the port was opened before the key".into());
                        }
                        *authorized = true;
                    }
                    _ => return Err(Errno::ENOENT),
                }
            }
            Request::SendFrame { bytes, .. } => {
                let Held::Connected { bssid, .. } = self.held else { return Err(Errno::ENOTCONN) };
                self.count += 1;
                // An SA Query: whoever has the keys answers it.
                let mut answer = Management::parse(&bytes).map_err(|_| Errno::EINVAL)?;
                if let Some([8, 0, low, high]) = bytes.get(24..28)
                    && self.agrees()
                    && let Some(elements) = self.aps.iter().find_map(|ap| ap.vouches(bssid, &bytes[28..]))
                {
                    answer.header = Header::new(OWN, bssid, bssid);
                    let body = [&[8, 1, *low, *high][..], &elements].concat();
                    answer.body = Body::Action(Action80211::parse(&body).unwrap());
                    let mut bytes = vec![];
                    answer.write(&mut bytes);
                    self.event(KernelEvent::Frame { frequency: None, bytes });
                }
                return Ok(Reply::Sent { cookie: self.count });
            }
            Request::ReadInterface => {
                let place = match self.held {
                    Held::Connected { bssid, .. } | Held::Associating { bssid, .. } => {
                        self.aps.iter().position(|ap| ap.setup.bssid == bssid)
                    }
                    _ => None,
                };
                let ssid: Option<Ssid> = place.map(|place| self.aps[place].setup.ssid.clone());
                let channel = place.map(|place| self.channel.unwrap_or(self.aps[place].channel()));
                return Ok(Reply::Interface(InterfaceState { address: OWN, ssid, channel, links: vec![] }));
            }
            Request::ReadStations => {
                let station = match self.held {
                    Held::Connected { bssid, authorized } => {
                        let open =
                            self.aps.iter().any(|ap| ap.setup.bssid == bssid && ap.setup.akms.is_empty());
                        vec![StationState {
                            address: bssid,
                            authorized: authorized || open,
                            signal_dbm: None,
                            transmit_rate: None,
                            inactive_ms: None,
                        }]
                    }
                    _ => vec![],
                };
                return Ok(Reply::Stations(station));
            }
        }
        Ok(Reply::Done)
    }

    /// The failures that were reported.
    pub(crate) fn failures(&self) -> Vec<Code> {
        let failed = self.reports.iter().filter_map(|report| match report {
            Report::Failed { why, .. } => Some(why.code.clone()),
            _ => None,
        });
        failed.collect()
    }

    /// The ends of connections that were reported.
    pub(crate) fn ends(&self) -> Vec<Code> {
        let ended = self.reports.iter().filter_map(|report| match report {
            Report::Disconnected { why, .. } => Some(why.code.clone()),
            _ => None,
        });
        ended.collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.requests.iter().filter(|request| request.name() == name).count()
    }

    /// Whether the AP that the kernel is connected to agrees.
    pub(crate) fn agrees(&self) -> bool {
        match self.held {
            Held::Connected { bssid, .. } => {
                self.aps.iter().any(|ap| ap.setup.bssid == bssid && ap.is_secured())
            }
            _ => false,
        }
    }

    pub(crate) fn check(&self) {
        assert!(self.violations.is_empty(), "{:?}", self.violations);
    }

    pub(crate) fn has_client(&self, place: usize) -> bool {
        matches!(self.aps[place].client, Some(Client::Associated | Client::Secured(_)))
    }
}
