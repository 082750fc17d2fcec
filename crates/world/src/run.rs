//! A run: a world, the party in it, the person and the host, as one value that goes on step by step.

use crate::habit::Habits;
use crate::happening::{Happening, Lane, What};
use crate::host::{Host, Wants};
use crate::named::Named;
use crate::network::ROUTER;
use crate::parts::{ApOrder, KernelInput, Message};
use crate::party::{Party, PartyOutput, Seat};
use crate::person::{At, Deed};
use crate::scenario::{Budget, Expectation, Scenario};
use crate::step::{Channel, Step};
use crate::world::{INTERFACE, Outgoing, Pace, START, Stage, World, seed_of};
use lapwing_core::curve::Curves;
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::means::Means;
use lapwing_core::station::{Event, Summary};
use lapwing_core::{Duration, Instant};

/// Who sits in the world, and where its random numbers come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sitter {
    party: Party,
    entropy: SeededEntropy,
}

/// A run.
///
/// It is a value: a copy goes on as the original does, and equal ones go on equally. There are two ways to drive
/// it. Somebody chooses from [`Self::steps`], and delays are choices; or [`Self::next`] says what the seed and the
/// clock have decided ([`Self::new`] makes such a *timed* run).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    world: World,
    sitter: Named<Sitter>,
    host: Host,
    started: bool,
    /// Until when the machine sleeps, and for how long in all: the party and the person wait for it.
    asleep: Option<(Instant, Duration)>,
    /// How much of the script is done.
    deeds: u8,
    /// The faults that have happened, a bit each.
    faults: u64,
    budget: Budget,
    /// Whether the clock decides.
    timed: bool,
}

/// The most faults of a scenario: a bit each.
pub(crate) const MAX_FAULTS: usize = 64;

impl Run {
    /// A run in which seed and clock decide.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self::of(World::new(scenario, seed), seed, true)
    }

    /// A run in which somebody else decides: nothing has a time at which it arrives.
    #[must_use]
    pub fn untimed(scenario: &Scenario, seed: u64) -> Self {
        Self::of(World::untimed(scenario, seed), seed, false)
    }

    fn of(world: World, seed: u64, timed: bool) -> Self {
        let scenario = world.scenario();
        let seat = Seat {
            interface: INTERFACE,
            address: scenario.radio.address,
            radio: scenario.radio.radio(),
            autoconnect: scenario.autoconnect,
        };
        let party = Party::new(scenario.policy, seat);
        let budget = scenario.budget;
        let sitter = Sitter { party, entropy: SeededEntropy(seed_of(seed, "party")) };
        let sitter = Named::new(sitter);
        Self {
            world,
            sitter,
            host: Host::Offline,
            started: false,
            asleep: None,
            deeds: 0,
            faults: 0,
            budget,
            timed,
        }
    }

    /// From now on the clock decides, and all is well: nothing more is lost, goes wrong or is wanted, what can be
    /// put right is, and known networks may be joined. For what must come at last, whatever was before.
    pub fn calm(&mut self, seed: u64, curves: &dyn Curves, tell: &mut dyn FnMut(Happening)) {
        self.world.calm(seed_of(seed, "air"));
        self.timed = true;
        self.deeds = u8::MAX;
        self.faults = u64::MAX;
        self.budget = Budget::default();
        self.host.use_from(self.now());
        if self.started {
            let mut out = Vec::new();
            let stage = &mut Stage { curves, tell, out: &mut out };
            if let Some((until, time)) = self.asleep.take() {
                self.world.advance_to(until, stage);
                self.turn(Event::Resumed(time), stage);
            }
            self.world.mend(stage);
            self.turn(Event::Autoconnect(true), stage);
            self.settle(stage);
        }
    }

    /// Time passes in which nothing happens: only before the start.
    pub fn wait(&mut self, time: Duration) {
        if !self.started {
            self.world.skip_to(self.now() + time);
        }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.world.now()
    }

    /// The world.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Who sits where the station sits.
    #[must_use]
    pub fn party(&self) -> &Party {
        &self.sitter.party
    }

    /// What the run is of.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        self.world.scenario()
    }

    /// How much may still go wrong by choice.
    #[must_use]
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// How much of the person's script is done.
    #[must_use]
    pub const fn deeds(&self) -> u8 {
        self.deeds
    }

    /// Whether nobody has interfered so far: nothing was lost, doubled or late and nothing went wrong, no part has
    /// a bad habit, and the person did nothing but ask.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        let scenario = self.scenario();
        let mut habits = scenario.aps.iter().map(|ap| ap.habits).chain([scenario.habits]);
        let mut deeds = scenario.person.iter().take(usize::from(self.deeds));
        !self.timed
            && self.budget == scenario.budget
            && deeds.all(|deed| deed.what.is_wish())
            && habits.all(|habits| habits == Habits::NONE)
    }

    /// Whether time has passed while something was under way, as far as that was chosen.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.timed || self.budget.delays != self.scenario().budget.delays
    }

    /// Whether the machine sleeps: the party does nothing, and hears nothing.
    #[must_use]
    pub const fn is_asleep(&self) -> bool {
        self.asleep.is_some()
    }

    /// Whether a probe came back through the connection that the party has.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let attempt = match self.party().summary() {
            Summary::Connected { attempt, .. } => Some(attempt),
            _ => None,
        };
        attempt.is_some() && self.host.online() == attempt
    }

    /// Whether that is so which the scenario expects at last.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        match &self.scenario().expect {
            Expectation::Connected(ssid) => {
                self.is_online()
                    && match self.party().summary() {
                        Summary::Connected { ssid: joined, .. } => {
                            ssid.as_ref().is_none_or(|ssid| *ssid == joined)
                        }
                        _ => false,
                    }
            }
            Expectation::Disconnected => !matches!(
                self.party().summary(),
                Summary::Connected { .. } | Summary::Connecting { .. } | Summary::Roaming { .. }
            ),
        }
    }

    /// When the last of the script and of the faults is over, in a timed run: from then on the scenario's bound
    /// counts.
    #[must_use]
    pub fn calm_from(&self) -> Instant {
        let scenario = self.scenario();
        let deeds = scenario.person.iter().fold(Duration::ZERO, |now, deed| {
            let now = now.max(deed.after);
            // What is to be done meanwhile is done later.
            if let Deed::Sleep(time) = deed.what { now + time } else { now }
        });
        let faults = scenario.faults.iter().map(|fault| fault.after).max();
        START + Some(deeds).max(faults).max(scenario.air.calm_after).unwrap_or(deeds)
    }

    /// The next deadline of any part.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let machine = match self.asleep {
            Some((until, _)) => Some(until),
            None => self.party().deadline().map(|(at, _)| at).into_iter().chain(self.host.deadline()).min(),
        };
        self.world.part_deadline().into_iter().chain(machine).min()
    }

    /// All that can happen next, always in the same order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        if !self.started {
            return vec![Step::Start];
        }
        let under_way =
            || self.world.under_way().map(|(channel, _)| channel).filter(|channel| self.is_open(*channel));
        let mut steps: Vec<Step> = under_way().map(Step::Deliver).collect();
        // A command is taken up at once, or waits in the kernel: no time passes on its way.
        let asks = under_way().any(|channel| channel == Channel::Commands);
        if !asks && self.deadline().is_some_and(|at| self.budget.delays > 0 || !self.is_delay(at)) {
            steps.push(Step::Advance);
        }
        if self.asleep.is_none() && usize::from(self.deeds) < self.scenario().person.len() {
            steps.push(Step::Person);
        }
        if self.budget.faults > 0 {
            let open = (0_u8..).zip(&self.scenario().faults).filter(|(place, _)| !self.has_happened(*place));
            steps.extend(open.map(|(place, _)| Step::Fault(place)));
        }
        let air = || under_way().filter(|channel| channel.is_air());
        if self.budget.losses > 0 {
            steps.extend(air().map(Step::Lose));
        }
        if self.budget.duplicates > 0 {
            steps.extend(air().map(Step::Duplicate));
        }
        if self.budget.attacks > 0 {
            steps.extend(self.world.attacks().map(Step::Attack));
        }
        steps
    }

    /// In a timed run: what happens next by the seed and the clock; nothing if nothing ever will.
    #[must_use]
    pub fn next(&self) -> Option<Step> {
        self.next_at().map(|(_, step)| step)
    }

    /// In a timed run: what happens next by the seed and the clock, and when.
    #[must_use]
    pub fn next_at(&self) -> Option<(Instant, Step)> {
        let now = self.now();
        if !self.started {
            return Some((now, Step::Start));
        }
        let scenario = self.scenario();
        let due = |after: Duration| (START + after).max(now);
        let person = scenario.person.get(usize::from(self.deeds)).filter(|_| self.asleep.is_none());
        let person = person.map(|deed| (due(deed.after), Step::Person));
        let faults = (0_u8..).zip(&scenario.faults).filter(|(place, _)| !self.has_happened(*place));
        let faults = faults.map(|(place, fault)| (due(fault.after), Step::Fault(place)));
        let advance = self.deadline().map(|at| (at.max(now), Step::Advance));
        let arrival = self.world.next_arrival_on(|channel| self.is_open(channel));
        arrival.into_iter().chain(advance).chain(person).chain(faults).min_by_key(|(at, _)| *at)
    }

    /// Lets a step happen. One that cannot happen changes nothing.
    pub fn take(&mut self, step: &Step, curves: &dyn Curves, tell: &mut dyn FnMut(Happening)) {
        if self.started == (*step == Step::Start) {
            return;
        }
        self.pay(*step);
        let mut out = Vec::new();
        let stage = &mut Stage { curves, tell, out: &mut out };
        match *step {
            Step::Start => {
                self.started = true;
                let networks = self.scenario().networks.clone();
                self.turn(Event::Networks(networks), stage);
            }
            Step::Deliver(_) | Step::Lose(_) | Step::Duplicate(_) | Step::Attack(_) => {
                self.world.take(*step, stage);
            }
            Step::Advance => self.advance(stage),
            Step::Person => self.person(stage),
            Step::Fault(place) => self.fault(place, stage),
        }
        self.settle(stage);
    }

    /// In a timed run: goes on until that moment.
    pub fn run_to(&mut self, to: Instant, curves: &dyn Curves, tell: &mut dyn FnMut(Happening)) {
        self.run_until(to, curves, tell, |_| false);
        self.world.skip_to(to);
    }

    /// In a timed run: goes on until something is so, or that moment has come. Says whether it is so.
    pub fn run_until(
        &mut self,
        to: Instant,
        curves: &dyn Curves,
        tell: &mut dyn FnMut(Happening),
        mut met: impl FnMut(&Self) -> bool,
    ) -> bool {
        let mut pace = Pace::default();
        while !met(self) {
            let Some((at, step)) = self.next_at().filter(|(at, _)| *at <= to) else { return false };
            self.take(&step, curves, tell);
            if let Some(later) = pace.is_stuck(at) {
                self.world.skip_to(later);
            }
        }
        true
    }

    /// Whether what is on a channel can arrive: a machine that sleeps reads no socket.
    fn is_open(&self, channel: Channel) -> bool {
        self.asleep.is_none() || !matches!(channel, Channel::Socket | Channel::Packets)
    }

    /// Whether what is under way would be later than this.
    fn is_delay(&self, at: Instant) -> bool {
        at > self.now() && !self.world.is_silent()
    }

    const fn has_happened(&self, fault: u8) -> bool {
        match 1_u64.checked_shl(fault as u32) {
            Some(bit) => self.faults & bit != 0,
            None => true,
        }
    }

    /// What is chosen must be afforded; what the clock decides costs nothing.
    fn pay(&mut self, step: Step) {
        if self.timed {
            return;
        }
        let delays = step == Step::Advance && self.deadline().is_some_and(|at| self.is_delay(at));
        let Budget { losses, duplicates, delays: left, faults, attacks } = &mut self.budget;
        let purse = match step {
            Step::Lose(_) => losses,
            Step::Duplicate(_) => duplicates,
            Step::Fault(_) => faults,
            Step::Attack(_) => attacks,
            Step::Advance if delays => left,
            Step::Start | Step::Deliver(_) | Step::Advance | Step::Person => return,
        };
        *purse = purse.saturating_sub(1);
    }

    fn advance(&mut self, stage: &mut Stage<'_>) {
        let Some(at) = self.deadline() else { return };
        self.world.advance_to(at, stage);
        let now = self.now();
        if let Some((until, time)) = self.asleep {
            if until <= now {
                self.asleep = None;
                self.turn(Event::Resumed(time), stage);
            }
            return;
        }
        if self.host.deadline().is_some_and(|at| at <= now) {
            let wants = self.host.tick(now);
            self.grant(wants, stage);
        }
        if self.party().deadline().is_some_and(|(at, _)| at <= now) {
            self.turn(Event::Tick, stage);
        }
    }

    fn person(&mut self, stage: &mut Stage<'_>) {
        if self.asleep.is_some() {
            return;
        }
        let Some(deed) = self.scenario().person.get(usize::from(self.deeds)).cloned() else { return };
        self.deeds += 1;
        if self.timed {
            self.world.skip_to(START + deed.after);
        }
        let at = self.now();
        let network = match deed.what {
            Deed::Connect(place) | Deed::ConnectTo { network: place, .. } => {
                self.scenario().networks.get(usize::from(place)).cloned()
            }
            _ => None,
        };
        let text = match (&network, &deed.what) {
            (Some(network), Deed::ConnectTo { bssid, .. }) => format!("asks for {} by {bssid}", network.ssid),
            (Some(network), _) => format!("asks for {}", network.ssid),
            (None, deed) => deed.to_string(),
        };
        (stage.tell)(Happening { at, lane: Lane::Person, what: What::Note(text) });
        match deed.what {
            Deed::Connect(_) => {
                if let Some(network) = network {
                    self.turn(Event::Connect(network), stage);
                }
            }
            Deed::ConnectTo { bssid, .. } => {
                if let Some(network) = network {
                    self.turn(Event::ConnectTo { network, bssid }, stage);
                }
            }
            Deed::Roam(bssid) => self.turn(Event::Roam { bssid }, stage),
            Deed::Disconnect => self.turn(Event::Disconnect, stage),
            Deed::Autoconnect(on) => self.turn(Event::Autoconnect(on), stage),
            Deed::Scan => self.turn(Event::Scan, stage),
            Deed::Sleep(time) => {
                self.world.kernel_input(KernelInput::Sleep(time), stage);
                self.asleep = Some((self.now() + time, time));
            }
            Deed::Block(true) => self.world.kernel_input(KernelInput::Block(true), stage),
            Deed::Block(false) => {
                self.world.kernel_input(KernelInput::Block(false), stage);
                // The kernel leaves the interface down; whoever runs it sets it up again.
                self.world.kernel_input(KernelInput::SetUp(true), stage);
            }
            Deed::SetUp(up) => self.world.kernel_input(KernelInput::SetUp(up), stage),
            Deed::Rename(name) => self.world.kernel_input(KernelInput::Rename(name), stage),
            Deed::Carry { ap, dbm } => self.world.order(ap, ApOrder::Signal(dbm), stage),
            Deed::LosePackets => self.world.kernel_input(KernelInput::PacketsLost, stage),
            Deed::SendAway { ap, leaves } => self.world.order(ap, ApOrder::SendAway { leaves }, stage),
        }
    }

    fn fault(&mut self, place: u8, stage: &mut Stage<'_>) {
        if self.has_happened(place) {
            return;
        }
        let Some(At { after, what }) = self.scenario().faults.get(usize::from(place)).cloned() else {
            return;
        };
        self.faults |= 1 << place;
        if self.timed {
            self.world.skip_to(START + after);
        }
        self.world.befall(&what, stage);
    }

    /// Hands on what left the world, until nothing is left to be handed on.
    fn settle(&mut self, stage: &mut Stage<'_>) {
        while !stage.out.is_empty() {
            for outgoing in core::mem::take(stage.out) {
                match outgoing {
                    Outgoing::Message(Message::Completed { ticket, outcome }) => {
                        self.turn(Event::Completed { ticket, outcome }, stage);
                    }
                    Outgoing::Message(Message::Event(event)) => {
                        if event == KernelEvent::RegulatoryChanged {
                            let radio = self.world.radio();
                            self.sitter.make_mut().party.set_radio(radio);
                        }
                        self.turn(Event::Kernel(event), stage);
                    }
                    Outgoing::Message(Message::EventsLost) => self.turn(Event::EventsLost, stage),
                    Outgoing::Packet(packet) => {
                        let wants = self.host.receive(self.now(), &packet, self.timed);
                        self.grant(wants, stage);
                    }
                }
            }
        }
    }

    /// The party's turn.
    fn turn(&mut self, event: Event, stage: &mut Stage<'_>) {
        let now = self.now();
        let Sitter { party, entropy } = self.sitter.make_mut();
        let mut outputs = Vec::new();
        party.turn(now, event, &mut Means { entropy, curves: stage.curves }, &mut outputs);
        for output in outputs {
            let mut tell = |what| (stage.tell)(Happening { at: now, lane: Lane::Station, what });
            match output {
                PartyOutput::Ask { ticket, command } => self.world.ask(ticket, command),
                PartyOutput::Report(report) => {
                    let wants = self.host.hear(now, &report);
                    tell(What::Reported(report));
                    self.grant(wants, stage);
                }
                PartyOutput::Note(line) => tell(What::Note(line)),
            }
        }
    }

    fn grant(&mut self, wants: Wants, stage: &mut Stage<'_>) {
        if let Some(payload) = wants.probe {
            self.world.send(ROUTER, crate::network::PROBE, payload, stage);
        }
        if let Some(event) = wants.event {
            self.turn(event, stage);
        }
    }
}
