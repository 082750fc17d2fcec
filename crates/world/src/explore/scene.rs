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

/// A scenario that is explored.
#[derive(Clone, Debug)]
pub struct Scene {
    scenario: Scenario,
    seed: u64,
    beginning: Beginning,
    /// The first state, once it was made.
    start: OnceLock<State>,
}

/// When a scene begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// With nothing.
    Start,
    /// When the kernel is associated for the first time: what follows is the handshake, which is too many steps from
    /// the start for every order of things to come so far.
    Associated,
    /// When the station is connected for the first time.
    Connected,
}

impl Beginning {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Associated => ASSOCIATED,
            Self::Connected => CONNECTED,
        }
    }

    /// Whether a run is there.
    fn is_reached(self, run: &Run) -> bool {
        match self {
            Self::Start => true,
            Self::Associated => run.world().kernel().truth().held.is_some(),
            Self::Connected => run.is_online(),
        }
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

/// What a name ends with of a scene that begins when the station is connected.
pub const CONNECTED: &str = "+connected";

/// What a name ends with of a scene that begins when the kernel is associated.
pub const ASSOCIATED: &str = "+associated";

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
    /// [`CONNECTED`], or one that the number draws.
    #[must_use]
    pub fn named(name: &str, seed: u64) -> Option<Self> {
        let later = [Beginning::Associated, Beginning::Connected].into_iter();
        let (base, beginning) = later
            .filter_map(|beginning| Some((name.strip_suffix(beginning.suffix())?, beginning)))
            .next()
            .unwrap_or((name, Beginning::Start));
        let scenario = if base == WALK { drawn(seed) } else { Scenario::named(base) };
        Some(Self { beginning, ..Self::new(scenario?, seed) })
    }

    /// A scenario from its start, with its random numbers.
    #[must_use]
    pub const fn new(scenario: Scenario, seed: u64) -> Self {
        Self { scenario, seed, beginning: Beginning::Start, start: OnceLock::new() }
    }

    /// The same from the moment on when the station is connected for the first time, and nothing went wrong
    /// before.
    #[must_use]
    pub fn connected(self) -> Self {
        Self { beginning: Beginning::Connected, start: OnceLock::new(), ..self }
    }

    /// Its name, which leads back to it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{}", self.scenario.name, self.beginning.suffix())
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
            // What is possible begins with what is under way; only when nothing is, time passes.
            let steps = state.run.steps();
            let good = |step: &&Step| matches!(step, Step::Start | Step::Deliver(_) | Step::Advance);
            let Some(step) = steps.iter().find(good) else { break };
            // A rule that is broken here is broken at the first step of a scene from the start, too.
            let _taken = self.take(&mut state, step);
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
    let sight = Sight {
        now,
        kernel: world.kernel().truth(),
        access_points,
        summary,
        connection: station.connection(),
        is_scanning: station.is_scanning(),
        has_deadline: station.next_deadline().is_some(),
        at_rest,
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
        state.run.steps()
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
