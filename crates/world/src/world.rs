//! The world without a party: the kernel and its radio, the air, the access points, the attacker and the network
//! behind the access points, with all that is under way between them.

mod air;
mod attack;
mod backbone;
mod drive;
mod flight;
mod timing;

use crate::ap::{Ap, ApSetup};
use crate::attacker::Attacker;
use crate::happening::{Happening, Lane, What};
use crate::kernel::{Kernel, KernelSetup};
use crate::named::Named;
use crate::network::Packet;
use crate::parts::{ApInput, ApOrder, Command, KernelInput, Message};
use crate::person::Fault;
use crate::scenario::{AirSetup, Scenario, channel};
use crate::step::{Channel, Step};
use air::{Air, Listening};
use backbone::Backbone;
use flight::{Fate, Flight, Flying, Item};
use lapwing_core::attempt::Ticket;
use lapwing_core::curve::Curves;
use lapwing_core::kernel::{Frequency, Interface};
use lapwing_core::radio::Radio;
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use timing::Timing;

pub use timing::seed_of;

/// The interface of every world.
pub const INTERFACE: Interface = Interface { wiphy: 0, ifindex: 3, wdev: 1 };

/// The clock of every world at its start: late enough that nobody takes it for nought.
pub const START: Instant = Instant::after_start(Duration::from_secs(1000));

/// What leaves the world for who sits where the station sits, and for its host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outgoing {
    /// The kernel says something to the party.
    Message(Message),
    /// A packet for the host's network stack.
    Packet(Packet),
}

/// What a step of the world may use, and where that goes which comes of it.
pub struct Stage<'a> {
    /// Who calculates on elliptic curves.
    pub curves: &'a dyn Curves,
    /// Who hears of what happens.
    pub tell: &'a mut dyn FnMut(Happening),
    /// What leaves the world, in this order.
    pub out: &'a mut Vec<Outgoing>,
}

/// What does not change in a world. It is compared, and not hashed: states of one run have it in common.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    scenario: Scenario,
    /// The BSSs, with the place of their access point and the number of the link.
    bsss: BTreeMap<MacAddr, (u8, u8)>,
}

impl Hash for Plan {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// The world without a party.
///
/// A copy shares all parts with the original until one of the two changes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    plan: Arc<Plan>,
    now: Instant,
    kernel: Named<Kernel>,
    aps: Vec<Named<Ap>>,
    backbone: Named<Backbone>,
    attacker: Attacker,
    air: Arc<Air>,
    flight: Flight,
    listening: Option<Arc<Listening>>,
    /// The commands that have no answer yet.
    unanswered: BTreeMap<Ticket, &'static str>,
    /// By which address the station spoke last to which BSS.
    addresses: Arc<BTreeMap<MacAddr, MacAddr>>,
    /// The channels that the radio is on.
    tuned: Arc<BTreeSet<Frequency>>,
    /// The channels that may be used, once they are others than in the beginning.
    allowed: Option<Arc<Vec<u32>>>,
    /// In a timed run: what decides delay and loss.
    timing: Option<Timing>,
}

/// How many times one moment can be due at most: a part that is never content must not stop the world.
const MOST_AT_ONCE: u16 = 1000;
/// How time goes on all the same.
const GRAIN: Duration = Duration::from_millis(1);

/// Whether time goes on: it does not while things are due at once, and must at last.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<Instant>,
    count: u16,
}

impl Pace {
    /// The time when this is due goes on from, if it has stood still for too long.
    pub(crate) fn is_stuck(&mut self, at: Instant) -> Option<Instant> {
        if self.last == Some(at) {
            self.count = self.count.saturating_add(1);
        } else {
            *self = Self { last: Some(at), count: 0 };
        }
        (self.count > MOST_AT_ONCE).then(|| at + GRAIN)
    }
}

impl World {
    /// A world in which a seed and the clock decide what happens next.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self { timing: Some(Timing::new(seed_of(seed, "air"))), ..Self::of(scenario, seed, true) }
    }

    /// A world in which somebody else decides what happens next: delays are choices.
    #[must_use]
    pub fn untimed(scenario: &Scenario, seed: u64) -> Self {
        Self::of(scenario, seed, false)
    }

    fn of(scenario: &Scenario, seed: u64, timed: bool) -> Self {
        let kernel = Kernel::new(KernelSetup {
            interface: INTERFACE,
            name: scenario.radio.interface.clone(),
            address: scenario.radio.address,
            radio: scenario.radio.radio(),
            habits: scenario.habits,
            entropy: seed_of(seed, "kernel"),
            words: timed,
        });
        let places = || (0_u8..).zip(&scenario.aps);
        let aps = places().map(|(place, setup)| {
            let entropy = seed_of(seed, "ap").wrapping_add(u64::from(place).wrapping_mul(0x9e37_79b9));
            Named::new(Ap::new(ApSetup { entropy, ..setup.clone() }))
        });
        let bsss = places().flat_map(|(place, setup)| {
            let number = |link: Option<lapwing_frames::LinkId>| link.map_or(0, lapwing_frames::LinkId::get);
            setup.links.iter().map(move |(link, bss)| (bss.bssid, (place, number(link))))
        });
        let plan = Plan { scenario: scenario.clone(), bsss: bsss.collect() };
        let aps: Vec<Named<Ap>> = aps.collect();
        let air = Air::of(aps.iter().flat_map(|ap| ap.beacons()));
        Self {
            plan: Arc::new(plan),
            now: START,
            kernel: Named::new(kernel),
            aps,
            backbone: Named::default(),
            attacker: Attacker::default(),
            air: Arc::new(air),
            flight: Flight::default(),
            listening: None,
            unanswered: BTreeMap::new(),
            addresses: Arc::default(),
            tuned: Arc::default(),
            allowed: None,
            timing: None,
        }
    }

    /// What the world was made of.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.plan.scenario
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The access points, in the scenario's order.
    pub fn aps(&self) -> impl Iterator<Item = &Ap> {
        self.aps.iter().map(|ap| &**ap)
    }

    /// The network behind the access points.
    #[must_use]
    pub fn router(&self) -> &crate::network::Router {
        &self.backbone.router
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.flight.is_empty()
    }

    /// What the radio can do now.
    #[must_use]
    pub fn radio(&self) -> Radio {
        let mut radio = self.plan.scenario.radio.radio();
        if let Some(frequencies) = &self.allowed {
            radio.channels = frequencies.iter().map(|frequency| channel(*frequency)).collect();
        }
        radio
    }

    /// From now on seed and clock decide, and all is calm. What is under way arrives.
    pub fn calm(&mut self, seed: u64) {
        let mut timing = Timing::new(seed);
        timing.loss = Some(0);
        self.flight.plan_all(|channel, last| timing.plan(self.now, last, channel, &AirSetup::default()));
        self.timing = Some(timing);
    }

    /// All that can be put right is put right: access points are there, the radio and the interface are on, and
    /// every channel may be used.
    pub(crate) fn mend(&mut self, stage: &mut Stage<'_>) {
        for ap in (0..=u8::MAX).take(self.aps.len()) {
            if !self.is_on_air(ap) {
                self.order(ap, ApOrder::Fade(false), stage);
            }
            if !self.is_on_air(ap) {
                self.order(ap, ApOrder::PowerOn, stage);
            }
        }
        if self.allowed.take().is_some() {
            let channels = self.radio().channels;
            self.drive_kernel(KernelInput::Regulatory(channels), stage);
        }
        self.drive_kernel(KernelInput::Block(false), stage);
        self.drive_kernel(KernelInput::SetUp(true), stage);
    }

    /// The channels on which something is under way, with how much.
    pub fn under_way(&self) -> impl Iterator<Item = (Channel, usize)> {
        self.flight.channels()
    }

    /// The party asks the kernel for something.
    pub fn ask(&mut self, ticket: Ticket, command: Command) {
        self.unanswered.insert(ticket, command.name());
        self.dispatch(Channel::Commands, Item::Command { ticket, command });
    }

    /// The host's network stack sends a packet.
    pub fn send(&mut self, destination: MacAddr, ethertype: u16, payload: Vec<u8>, stage: &mut Stage<'_>) {
        self.drive_kernel(KernelInput::Send { destination, ethertype, payload }, stage);
    }

    /// Something happens to the kernel: the interface is set up, the radio is blocked …
    pub fn kernel_input(&mut self, input: KernelInput, stage: &mut Stage<'_>) {
        self.drive_kernel(input, stage);
    }

    /// Something happens to an access point.
    pub fn order(&mut self, ap: u8, order: ApOrder, stage: &mut Stage<'_>) {
        self.tell(stage, Lane::Ap(ap), || What::Note(order.to_string()));
        self.drive_ap(ap, ApInput::Order(order), stage);
    }

    /// A fault happens.
    pub fn befall(&mut self, fault: &Fault, stage: &mut Stage<'_>) {
        match fault {
            Fault::Ap { ap, order } => self.order(*ap, *order, stage),
            Fault::Overflow => {
                self.flight.drop_events();
                self.drive_kernel(KernelInput::Overflow, stage);
            }
            Fault::Roam(bssid) => self.drive_kernel(KernelInput::Roam(*bssid), stage),
            Fault::Regulatory(frequencies) => {
                self.allowed = Some(Arc::new(frequencies.clone()));
                let channels = frequencies.iter().map(|frequency| channel(*frequency)).collect();
                self.drive_kernel(KernelInput::Regulatory(channels), stage);
            }
            Fault::Remove => self.drive_kernel(KernelInput::Remove, stage),
            Fault::Loss(percent) => {
                if let Some(timing) = &mut self.timing {
                    timing.loss = Some(*percent);
                }
            }
            Fault::Attack(attack) => self.attack(*attack, stage),
        }
    }

    /// The next deadline of a part, whatever arrives before it.
    #[must_use]
    pub fn part_deadline(&self) -> Option<Instant> {
        let aps = self.aps.iter().filter_map(|ap| ap.deadline());
        let listening = self.listening.as_ref().map(|listening| listening.until);
        aps.chain(self.kernel.deadline()).chain(listening).min()
    }

    /// In a timed world: what arrives next, and when.
    #[must_use]
    pub fn next_arrival(&self) -> Option<(Instant, Step)> {
        self.next_arrival_on(|_| true)
    }

    /// What arrives next on some of the channels, and when.
    pub(crate) fn next_arrival_on(&self, which: impl Fn(Channel) -> bool) -> Option<(Instant, Step)> {
        self.flight.next(which).map(|(at, step)| (at.max(self.now), step))
    }

    /// The time comes, in which nothing was due.
    pub(crate) fn skip_to(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }

    /// In a timed world: what happens next, and when. [`Step::Advance`] is for a deadline of a part.
    #[must_use]
    pub fn next(&self) -> Option<(Instant, Step)> {
        let deadline = self.part_deadline().map(|at| (at.max(self.now), Step::Advance));
        self.next_arrival().into_iter().chain(deadline).min_by_key(|(at, _)| *at)
    }

    /// In a timed world: when something happens next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.next().map(|(at, _)| at)
    }

    /// In a timed world: lets everything happen that is due until then.
    pub fn advance(&mut self, to: Instant, stage: &mut Stage<'_>) {
        let mut pace = Pace::default();
        while let Some((at, step)) = self.next().filter(|(at, _)| *at <= to) {
            match step {
                Step::Advance => self.advance_to(at, stage),
                step => self.take(step, stage),
            }
            if let Some(later) = pace.is_stuck(at) {
                self.skip_to(later);
            }
        }
        self.now = self.now.max(to);
    }

    /// The time comes, and with it what was due for it, once for each part. Nothing arrives.
    pub(crate) fn advance_to(&mut self, at: Instant, stage: &mut Stage<'_>) {
        self.skip_to(at);
        let now = self.now;
        if let Some(listening) = self.listening.take_if(|listening| listening.until <= now) {
            let heard = self.heard(&listening);
            self.drive_kernel(KernelInput::Heard(heard), stage);
        }
        if self.kernel.deadline().is_some_and(|at| at <= now) {
            self.drive_kernel(KernelInput::Tick, stage);
        }
        for place in 0..self.plan.scenario.aps.len() {
            let due = self.aps.get(place).and_then(|ap| ap.deadline());
            if due.is_some_and(|at| at <= now) {
                // A scenario has no more than 255 of them.
                self.drive_ap(u8::try_from(place).unwrap_or(u8::MAX), ApInput::Tick, stage);
            }
        }
    }

    /// Takes a step on a channel, or one of the attacker's. Others are not the world's alone.
    pub fn take(&mut self, step: Step, stage: &mut Stage<'_>) {
        let (channel, fate) = match step {
            Step::Deliver(channel) => (channel, Fate::Arrives),
            Step::Lose(channel) => (channel, Fate::Lost),
            Step::Duplicate(channel) => (channel, Fate::Doubled),
            Step::Attack(attack) => return self.attack(attack, stage),
            Step::Start | Step::Advance | Step::Person | Step::Fault(_) => return,
        };
        let Some(Flying { item, plan, .. }) = self.flight.pop(channel) else { return };
        if let Some(plan) = plan {
            self.now = self.now.max(plan.due);
        }
        match fate {
            Fate::Arrives => self.arrive(channel, item, true, stage),
            Fate::Lost => self.lose(item, stage),
            Fate::Doubled => {
                let plan = plan.map(|plan| flight::Plan { fate: Fate::Arrives, ..plan });
                self.flight.push_front(channel, Flying { item: item.clone(), plan });
                self.arrive(channel, item, false, stage);
            }
        }
    }
}
