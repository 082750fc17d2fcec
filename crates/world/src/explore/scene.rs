//! A scenario as a model: the run and the memory of the rules are the state.

use super::digest::RelativeHasher;
use super::drawn::{WALK, drawn};
use super::{Model, Violation};
use crate::check::{Rules, Sight};
use crate::happening::Happening;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::step::{Channel, Step};
use lapwing_core::Duration;
use lapwing_core::curve::ShamCurves;
use lapwing_core::station::Summary;
use std::sync::OnceLock;

/// What is explored if nothing is named.
pub const SMALL: &[&str] = &[
    "small-reconnect",
    "small-reconnect+connected",
    "small-links+connected",
    "small-firmware",
    "small-firmware+connected",
    "small-two+connected",
    "small-mind+connected",
    "small-attacker",
];

/// What is explored besides: a network with two access points, between which the connection goes to and fro; an AP MLD that
/// removes links, and one that is restarted, at any step of a long way; and the nine ways between a plain network, an AP MLD
/// and another one of the same name.
pub const WAYS: &[&str] = &[
    "small-roam+connected+orderly",
    "small-roam-over-ds+connected+orderly",
    "small-roam-plain+connected+orderly",
    "small-roam-shared+connected+orderly",
    "small-restart+orderly",
    "small-removal+orderly",
    "small-removal-three+orderly",
    "small-nine+connected-3+orderly",
    "small-nine+connected-4+orderly",
    "small-nine+connected-5+orderly",
    "small-nine+connected-6+orderly",
    "small-nine+connected-7+orderly",
    "small-nine+connected-8+orderly",
    "small-nine+connected-9+orderly",
    "small-nine+connected-10+orderly",
    "small-nine+connected-11+orderly",
    "small-nine+connected-13+orderly",
    "small-nine+connected-14+orderly",
    "small-nine+connected-15+orderly",
];

/// A scenario that is explored.
#[derive(Clone, Debug)]
pub struct Scene {
    scenario: Scenario,
    seed: u64,
    beginning: Beginning,
    order: Order,
    /// The first state, once it was made.
    start: OnceLock<State>,
}

/// Which orders of things are possible in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Every one.
    Any,
    /// What is under way arrives in one order, and only then time passes. What somebody wants and what goes wrong come at
    /// any moment: those are few enough to be gone through for a long way.
    One,
}

/// When a scene begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// With nothing.
    Start,
    /// When the kernel is associated for the first time: what follows is the handshake, which is too many steps from
    /// the start for every order of things to come so far.
    Associated,
    /// When the person has done so much of the script, each thing once the station was online after the one before, and
    /// it is online again. Nothing goes wrong meanwhile.
    Connected(u8),
}

impl Beginning {
    /// What the name of a scene ends with; the rest of it.
    fn of(name: &str) -> (&str, Self) {
        if let Some(base) = name.strip_suffix(ASSOCIATED) {
            return (base, Self::Associated);
        }
        let connected = name.rsplit_once(CONNECTED).and_then(|(base, deeds)| match deeds {
            "" => Some((base, Self::Connected(0))),
            deeds => Some((base, Self::Connected(deeds.strip_prefix('-')?.parse().ok()?))),
        });
        connected.unwrap_or((name, Self::Start))
    }

    fn suffix(self) -> String {
        match self {
            Self::Start => String::new(),
            Self::Associated => ASSOCIATED.to_owned(),
            Self::Connected(0) => CONNECTED.to_owned(),
            Self::Connected(deeds) => format!("{CONNECTED}-{deeds}"),
        }
    }

    /// Whether a run is there.
    fn is_reached(self, run: &Run) -> bool {
        match self {
            Self::Start => true,
            Self::Associated => run.world().kernel().truth().held.is_some(),
            Self::Connected(deeds) => run.is_online() && run.deeds() >= deeds,
        }
    }

    /// The next step of the way there, among those that are possible: what is under way comes first; only when nothing is,
    /// time passes.
    fn next(self, run: &Run) -> Option<Step> {
        let steps = run.steps();
        let wants = matches!(self, Self::Connected(deeds) if run.is_online() && run.deeds() < deeds);
        if wants && steps.contains(&Step::Person) {
            return Some(Step::Person);
        }
        steps.into_iter().find(|step| matches!(step, Step::Start | Step::Deliver(_) | Step::Advance))
    }
}

/// The state of a scene.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    run: Run,
    rules: Rules,
}

impl State {
    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }
}

/// What a name ends with of a scene that begins when the station is connected; with `-3` after it, when it is after the
/// third thing that the person does.
pub const CONNECTED: &str = "+connected";

/// What a name ends with of a scene in which what is under way arrives in one order.
pub const ORDERLY: &str = "+orderly";

/// What a name ends with of a scene that begins when the kernel is associated.
pub const ASSOCIATED: &str = "+associated";

/// What the name of a scene has after that of its scenario: how it begins, and in which order things come.
#[must_use]
pub fn ending(name: &str) -> &str {
    let (base, _) = Beginning::of(name.strip_suffix(ORDERLY).unwrap_or(name));
    name.get(base.len()..).unwrap_or_default()
}

/// The most steps to a first connection on a good day.
const MOST_GOOD_STEPS: usize = 2_000;

/// Nothing is about to happen if nothing does within this time.
const SOON: Duration = Duration::from_secs(2);

/// How long all is watched after it has come to its good end: longer than any part waits for another.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// The rule that a model of its own knows: after the last trouble, with everything mended and known networks to be
/// joined, the station is online within the scenario's bound, and stays so.
pub const GOOD_END: &str = "good-end";

/// The most steps of a settling: far more than any good end takes.
const MOST_STEPS: u64 = 200_000;

/// About what a state takes, measured on the built-in scenarios.
const OCTETS: usize = 24_000;

impl Scene {
    /// The scene that a name and a number stand for: a built-in scenario, from its start, [`ASSOCIATED`] or
    /// [`CONNECTED`], perhaps [`ORDERLY`], or one that the number draws.
    #[must_use]
    pub fn named(name: &str, seed: u64) -> Option<Self> {
        Self::by_name(name, seed, |base| match base {
            WALK => drawn(seed),
            base => Scenario::named(base),
        })
    }

    /// The scene of a name, with the scenario that somebody finds for what is left of it without what says how it begins.
    pub fn by_name(name: &str, seed: u64, find: impl FnOnce(&str) -> Option<Scenario>) -> Option<Self> {
        let rest = name.strip_suffix(ORDERLY);
        let order = if rest.is_some() { Order::One } else { Order::Any };
        let (base, beginning) = Beginning::of(rest.unwrap_or(name));
        Some(Self { beginning, order, ..Self::new(find(base)?, seed) })
    }

    /// A scenario from its start, with its random numbers.
    #[must_use]
    pub const fn new(scenario: Scenario, seed: u64) -> Self {
        Self { scenario, seed, beginning: Beginning::Start, order: Order::Any, start: OnceLock::new() }
    }

    /// Its name, which leads back to it.
    #[must_use]
    pub fn name(&self) -> String {
        let order = if self.order == Order::One { ORDERLY } else { "" };
        format!("{}{}{order}", self.scenario.name, self.beginning.suffix())
    }

    /// The scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The seed of its random numbers.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Lets a step happen, and tells somebody what comes of it.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn take_and_tell(
        &self,
        state: &mut State,
        step: &Step,
        tell: &mut dyn FnMut(&Happening),
    ) -> Result<(), Violation> {
        let State { run, rules } = state;
        let mut broken = None;
        run.take(step, &ShamCurves, &mut |happening| {
            tell(&happening);
            if broken.is_none() {
                broken = rules.happened(&happening).err();
            }
        });
        match broken {
            Some(violation) => Err(violation),
            None => look(state),
        }
    }

    /// Lets all settle, and tells somebody what comes of it.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, or that what must be is not in time.
    pub fn settle_and_tell(
        &self,
        state: &mut State,
        tell: &mut dyn FnMut(&Happening),
    ) -> Result<u64, Violation> {
        let mut broken = None;
        let State { run, rules } = state;
        run.calm(self.seed, &ShamCurves, &mut |happening| {
            tell(&happening);
            if broken.is_none() {
                broken = rules.happened(&happening).err();
            }
        });
        if let Some(violation) = broken {
            return Err(violation);
        }
        let bound = self.scenario.bound;
        let mut steps = self.go_on(state, state.run.now() + bound, tell, &mut Run::is_online)?;
        let bad_end = |what: String, run: &Run| {
            let seen = format!("{what}, but {:?}", run.party().summary());
            Err(Violation { rule: GOOD_END, seen })
        };
        if !state.run.is_online() {
            let what = format!("{} s after the last trouble it is not online", bound.as_secs());
            return bad_end(what, &state.run);
        }
        let until = state.run.now() + AFTERWARDS;
        steps += self.go_on(state, until, tell, &mut |_| false)?;
        // It may be on its way to another access point just now.
        let until = state.run.now() + AFTERWARDS;
        let is_there = |run: &Run| !matches!(run.party().summary(), Summary::Roaming { .. });
        steps += self.go_on(state, until, tell, &mut |run| is_there(run))?;
        if state.run.is_online() {
            Ok(steps)
        } else {
            bad_end(String::from("it did not stay online"), &state.run)
        }
    }

    /// Takes what the clock decides until something is so or that moment has come.
    fn go_on(
        &self,
        state: &mut State,
        until: lapwing_core::Instant,
        tell: &mut dyn FnMut(&Happening),
        met: &mut dyn FnMut(&Run) -> bool,
    ) -> Result<u64, Violation> {
        let mut steps = 0;
        while !met(&state.run) && steps < MOST_STEPS {
            let Some((_, step)) = state.run.next_at().filter(|(at, _)| *at <= until) else { break };
            self.take_and_tell(state, &step, tell)?;
            steps += 1;
        }
        Ok(steps)
    }

    /// The first state.
    fn first(&self) -> State {
        let mut state = State { run: Run::untimed(&self.scenario, self.seed), rules: Rules::default() };
        for _ in 0..MOST_GOOD_STEPS {
            if self.beginning.is_reached(&state.run) {
                break;
            }
            let Some(step) = self.beginning.next(&state.run) else { break };
            // A rule that is broken here is broken at the first step of a scene from the start, too.
            let _taken = self.take(&mut state, &step);
        }
        state
    }
}

/// What the rules say to what can be seen now.
fn look(state: &mut State) -> Result<(), Violation> {
    let State { run, rules } = state;
    let Some(station) = run.party().station() else { return Ok(()) };
    let world = run.world();
    let now = run.now();
    let address = station.address();
    let is_near = |deadline: Option<lapwing_core::Instant>| deadline.is_some_and(|at| at.since(now) < SOON);
    let summary = station.summary();
    let is_resting =
        matches!(summary, Summary::Connected { .. } | Summary::Disconnected | Summary::Searching);
    // What the kernel answers while the machine sleeps waits until it wakes.
    let at_rest = is_resting
        && !run.is_asleep()
        && world.is_silent()
        && !is_near(world.part_deadline())
        && !is_near(station.next_deadline().map(|(at, _)| at));
    let access_points = match at_rest {
        true => world.aps().map(|ap| (ap.setup().links.address(), ap.truth(address))).collect(),
        false => Vec::new(),
    };
    let setups = || world.aps().map(|ap| &ap.setup().links).filter(|_| at_rest);
    let links = setups().flat_map(|links| links.iter().map(|(_, bss)| (bss.bssid, links.address())));
    let sight = Sight {
        links: links.collect(),
        now,
        kernel: world.kernel().truth(),
        access_points,
        summary,
        connection: station.connection(),
        is_scanning: station.is_scanning(),
        has_deadline: station.next_deadline().is_some(),
        at_rest,
        is_online: run.is_online(),
        undisturbed: run.is_undisturbed(),
        late: run.is_late(),
        asleep: run.is_asleep(),
        checks_beacons: run.scenario().radio.checks_beacons(),
    };
    rules.seen(&sight)
}

impl Model for Scene {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        self.start.get_or_init(|| self.first()).clone()
    }

    fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = state.run.steps();
        if self.order == Order::One {
            let mut arrives = false;
            // A moment that comes before what is under way is one of the things that go wrong.
            steps.retain(|step| !matches!(step, Step::Deliver(_)) || !std::mem::replace(&mut arrives, true));
        }
        steps
    }

    fn take(&self, state: &mut State, step: &Step) -> Result<(), Violation> {
        self.take_and_tell(state, step, &mut |_| {})
    }

    fn digest(&self, state: &State) -> u64 {
        RelativeHasher::name(state.run.now(), state)
    }

    fn settle(&self, state: &mut State) -> Result<u64, Violation> {
        self.settle_and_tell(state, &mut |_| {})
    }

    fn weight(&self, step: &Step) -> u32 {
        match step {
            Step::Start | Step::Deliver(Channel::Commands | Channel::Socket | Channel::Packets) => 40,
            Step::Deliver(_) => 20,
            Step::Advance => 12,
            Step::Person | Step::Fault(_) | Step::Lose(_) | Step::Duplicate(_) => 2,
            Step::Attack(_) => 1,
        }
    }

    fn octets(&self) -> usize {
        OCTETS
    }
}
