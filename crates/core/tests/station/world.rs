//! A scripted kernel between a station and some APs, in virtual time.

#[path = "world/checks.rs"]
mod checks;
#[path = "world/kernel.rs"]
mod kernel;

use super::{
    ap::{Ap, Said, Setup},
    fixtures,
};
use checks::Tries;
use lapwing_core::{
    Duration, Entropy, Instant,
    attempt::{AttemptId, Ticket},
    curve::{Curves, Group, Point, Scalar, ShamCurves},
    entropy::SeededEntropy,
    kernel::{ChannelDefinition, Errno, Frequency, Interface, KernelEvent, KeyKind, Request},
    means::Means,
    radio::Radio,
    station::{Action, Event, Report, Settings, Station, Summary},
};
use lapwing_frames::{
    MacAddr, Ssid,
    management::{AssociationRequest, Authentication, Body, Departure, ReasonCode},
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
}
