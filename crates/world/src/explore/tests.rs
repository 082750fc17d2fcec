//! The machinery on small models whose states can be counted otherwise.

use super::breadth::{End, Progress};
use super::checkpoint::{Identity, Unusable};
use super::frontier::Entry;
use super::walk::Draw;
use super::*;
use lapwing_core::Instant;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Two processes that want to be alone in the critical section, and how often each was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Processes {
    at: [u8; 2],
    wants: [bool; 2],
    turn: usize,
    rounds: [u8; 2],
}

/// How they go about it.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    /// Peterson's: right.
    Peterson,
    /// Each looks first and says that it wants afterwards: wrong.
    LookThenSay,
    /// Peterson's, but who leaves while the other has just said that it wants dies of fright, and says nothing:
    /// the other waits for ever.
    Fearful,
}

struct Mutex(Protocol, u8);

#[derive(Clone, Debug, PartialEq)]
struct Turn(usize);

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.0)
    }
}

impl Model for Mutex {
    type State = Processes;
    type Step = Turn;

    fn start(&self) -> Processes {
        Processes { at: [0; 2], wants: [false; 2], turn: 0, rounds: [0; 2] }
    }

    fn steps(&self, state: &Processes) -> Vec<Turn> {
        let can = |me: usize| match (self.0, state.at[me]) {
            (_, 0) if state.rounds[me] == self.1 => false,
            (Protocol::LookThenSay, 0) => !state.wants[1 - me],
            (Protocol::LookThenSay, _) => true,
            (_, 2) => !state.wants[1 - me] || state.turn == me,
            _ => true,
        };
        (0..2).filter(|me| can(*me)).map(Turn).collect()
    }

    fn take(&self, state: &mut Processes, step: &Turn) -> Result<(), Violation> {
        let me = step.0;
        match (self.0, state.at[me]) {
            (Protocol::LookThenSay, 0) => state.at[me] = 1,
            (Protocol::LookThenSay, 1) => (state.wants[me], state.at[me]) = (true, 3),
            (_, 0) => (state.wants[me], state.at[me]) = (true, 1),
            (_, 1) => (state.turn, state.at[me]) = (1 - me, 2),
            (_, 2) => state.at[me] = 3,
            (Protocol::Fearful, _) if state.at[1 - me] == 1 => {
                (state.rounds[me], state.at[me]) = (self.1, 0);
            }
            _ => {
                state.rounds[me] += 1;
                (state.wants[me], state.at[me]) = (false, 0);
            }
        }
        match state.at {
            [3, 3] => Err(Violation { rule: "alone", seen: String::from("both are in it") }),
            _ => Ok(()),
        }
    }

    fn digest(&self, state: &Processes) -> u64 {
        RelativeHasher::name(Instant::default(), state)
    }

    fn settle(&self, state: &mut Processes) -> Result<u64, Violation> {
        let mut steps = 0;
        while let Some(step) = self.steps(state).first() {
            self.take(state, step)?;
            steps += 1;
        }
        match state.rounds.iter().all(|rounds| *rounds == self.1) {
            true => Ok(steps),
            false => Err(Violation { rule: "both come to an end", seen: format!("{:?}", state.rounds) }),
        }
    }
}

/// The same, with states that take so many octets.
struct Heavy(Mutex, usize);

impl Model for Heavy {
    type State = Processes;
    type Step = Turn;

    fn start(&self) -> Processes {
        self.0.start()
    }

    fn steps(&self, state: &Processes) -> Vec<Turn> {
        self.0.steps(state)
    }

    fn take(&self, state: &mut Processes, step: &Turn) -> Result<(), Violation> {
        self.0.take(state, step)
    }

    fn digest(&self, state: &Processes) -> u64 {
        self.0.digest(state)
    }

    fn settle(&self, state: &mut Processes) -> Result<u64, Violation> {
        self.0.settle(state)
    }

    fn octets(&self) -> usize {
        self.1
    }
}

/// All states within a depth, found in the plainest way.
fn states_of(model: &Mutex, depth: usize) -> BTreeSet<u64> {
    let mut seen = BTreeSet::from([model.start()]);
    let mut level = seen.clone();
    for _ in 0..depth {
        let mut next = BTreeSet::new();
        for state in &level {
            for step in model.steps(state) {
                let mut successor = state.clone();
                if model.take(&mut successor, &step).is_ok() && seen.insert(successor.clone()) {
                    next.insert(successor);
                }
            }
        }
        level = next;
    }
    seen.iter().map(|state| model.digest(state)).collect()
}

fn all_of(limits: &Limits, model: &Mutex) -> Explored<Mutex> {
    explore(model, Explored::new(model), limits, &AtomicBool::new(false), &mut |_| {})
}

fn names(explored: &Explored<Mutex>) -> BTreeSet<u64> {
    let mut names = BTreeSet::new();
    explored.visited.for_each(|name| assert!(names.insert(name)));
    assert_eq!(names.len() as u64, explored.progress.states);
    names
}

const PETERSON: Mutex = Mutex(Protocol::Peterson, 40);

#[test]
fn every_state_is_seen_once_with_any_number_of_threads() {
    let expected = states_of(&PETERSON, usize::from(u8::MAX) * 2);
    for threads in [1, 2, 5] {
        let explored = all_of(&Limits { threads, ..Limits::default() }, &PETERSON);
        assert_eq!(explored.end, End::All);
        assert_eq!(names(&explored), expected, "{threads} threads");
        assert_eq!(explored.failure, None);
    }
    assert!(expected.len() > 5_000, "{}", expected.len());
}

#[test]
fn a_depth_bounds_the_states() {
    for depth in [0, 1, 2, 7, 30] {
        let explored = all_of(&Limits { depth, ..Limits::default() }, &PETERSON);
        assert_eq!((names(&explored), explored.end), (states_of(&PETERSON, depth), End::Depth));
    }
}

#[test]
fn a_frontier_that_does_not_fit_is_spilled_and_nothing_is_lost() {
    let crowded = Mutex(Protocol::Peterson, 200);
    let limits = Limits { memory: 0, threads: 2, ..Limits::default() };
    assert_eq!(all_of(&limits, &crowded).end, End::Memory, "not even the names fit");
    let roomy = all_of(&Limits { depth: 150, ..Limits::default() }, &crowded);
    assert_eq!(roomy.progress.spilled, 0);
    // Room for the names, and for a few states.
    let names_only = roomy.progress.states as usize * visited::OCTETS_EACH * 2;
    let heavy = Heavy(crowded, names_only / 20);
    let limits = Limits { memory: names_only, depth: 150, threads: 2, ..Limits::default() };
    let tight = explore(&heavy, Explored::new(&heavy), &limits, &AtomicBool::new(false), &mut |_| {});
    assert!(tight.progress.spilled > 1_000, "{:?}", tight.progress);
    let mut seen = BTreeSet::new();
    tight.visited.for_each(|name| assert!(seen.insert(name)));
    assert_eq!((seen, tight.end), (names(&roomy), End::Depth));
}

#[test]
fn the_first_failure_is_a_shortest_one() {
    let model = Mutex(Protocol::LookThenSay, 3);
    let explored = all_of(&Limits { threads: 2, ..Limits::default() }, &model);
    let failure = explored.failure.unwrap();
    assert_eq!((explored.end, failure.violation.rule), (End::Failed, "alone"));
    assert_eq!(failure.schedule.steps.len(), 4, "{:?}", failure.schedule);
    assert_eq!(run(&model, &failure.schedule), Some(failure));
}

#[test]
fn what_must_be_at_last_is_looked_for_from_states_on_the_way() {
    let model = Mutex(Protocol::Fearful, 5);
    assert_eq!(all_of(&Limits::default(), &model).failure, None, "nothing is wrong on the way");
    let explored = all_of(&Limits { settle_every: 1, ..Limits::default() }, &model);
    let failure = explored.failure.unwrap();
    assert_eq!((failure.violation.rule, failure.schedule.settles), ("both come to an end", true));
    assert!(explored.progress.settled > 0);
}

#[test]
fn shards_together_see_what_one_run_sees() {
    let crowded = Mutex(Protocol::Peterson, 200);
    for depth in [20, 200, 300] {
        let whole = all_of(&Limits { depth, ..Limits::default() }, &crowded);
        let mut union = BTreeSet::new();
        let (mut sketch, mut parted) = (Sketch::default(), 0);
        for index in 0..2 {
            let shard = Shard::new(index, 2).unwrap();
            let explored = all_of(&Limits { depth, shard, ..Limits::default() }, &crowded);
            parted += usize::from(explored.progress.parted);
            sketch.extend(Sketch::of(&explored.visited).iter());
            union.extend(names(&explored));
        }
        assert_eq!(union, names(&whole), "depth {depth}");
        assert_eq!(sketch, Sketch::of(&whole.visited));
        assert_eq!(parted, if depth > 20 { 2 } else { 0 }, "depth {depth}");
    }
}

#[test]
fn an_interrupted_exploration_goes_on_from_its_record() {
    let whole = all_of(&Limits::default(), &PETERSON);
    let shard = Shard::WHOLE;
    let start = PETERSON.digest(&PETERSON.start());
    let identity = Identity { model: "peterson".into(), seed: 1, shard, start };
    let mut explored = Explored::new(&PETERSON);
    let mut interruptions = 0;
    loop {
        let states = explored.progress.states + 1_000;
        let limits = Limits { states, threads: 2, ..Limits::default() };
        explored = explore(&PETERSON, explored, &limits, &AtomicBool::new(false), &mut |_| {});
        if explored.end != End::States {
            break;
        }
        let mut record = Vec::new();
        checkpoint::write(&mut record, &identity, &explored).unwrap();
        explored = checkpoint::read(&mut record.as_slice(), &PETERSON, &identity).unwrap();
        interruptions += 1;
    }
    assert!(interruptions > 3);
    assert_eq!((names(&explored), explored.end), (names(&whole), End::All));
}

#[test]
fn a_record_of_something_else_is_not_gone_on_with() {
    let identity = Identity { model: "peterson".into(), seed: 1, shard: Shard::WHOLE, start: 7 };
    let mut record = Vec::new();
    checkpoint::write(&mut record, &identity, &Explored::new(&PETERSON)).unwrap();
    let read = |mut record: &[u8], identity: &Identity| checkpoint::read(&mut record, &PETERSON, identity);
    assert!(read(&record, &identity).is_ok());
    for other in [
        Identity { model: "petersen".into(), ..identity.clone() },
        Identity { model: "mutex".into(), ..identity.clone() },
        Identity { seed: 2, ..identity.clone() },
        Identity { start: 8, ..identity.clone() },
        Identity { shard: Shard::new(0, 2).unwrap(), ..identity.clone() },
    ] {
        assert!(matches!(read(&record, &other), Err(Unusable::Other)), "{other:?}");
    }
    for length in 0..record.len() {
        assert!(matches!(read(&record[..length], &identity), Err(Unusable::NotOne)), "{length}");
    }
}

#[test]
fn interruption_and_time_end_an_exploration() {
    let stopped =
        explore(&PETERSON, Explored::new(&PETERSON), &Limits::default(), &AtomicBool::new(true), &mut |_| {});
    assert_eq!((stopped.end, stopped.progress), (End::Interrupted, Explored::new(&PETERSON).progress));
    let limits = Limits { time: Some(Duration::ZERO), ..Limits::default() };
    assert_eq!(all_of(&limits, &PETERSON).end, End::Time);
}

#[test]
fn a_walk_is_the_same_each_time_and_its_failure_shrinks_to_the_shortest() {
    let model = Mutex(Protocol::LookThenSay, 50);
    let walks: Vec<_> = (0..50).map(|seed| walk(&model, seed, 300)).collect();
    assert_eq!(walks[7], walk(&model, 7, 300));
    let failed: Vec<_> = walks.into_iter().filter_map(|walked| walked.failure).collect();
    assert!(failed.len() > 40, "{}", failed.len());
    let longest = failed.into_iter().max_by_key(|failure| failure.schedule.steps.len()).unwrap();
    assert!(longest.schedule.steps.len() > 8, "{:?}", longest.schedule);
    assert_eq!(shrink(&model, longest, 10_000).schedule.steps.len(), 4);
}

#[test]
fn a_failure_to_settle_shrinks_too() {
    let model = Mutex(Protocol::Fearful, 5);
    let failure = (0..50).find_map(|seed| walk(&model, seed, 200).failure).unwrap();
    assert!(failure.schedule.steps.len() > 4);
    let short = shrink(&model, failure.clone(), 0);
    assert!(short.schedule.steps.len() < failure.schedule.steps.len(), "by leaving out");
    let shortest = shrink(&model, failure, 10_000);
    assert_eq!(
        (shortest.schedule.steps.len(), shortest.schedule.settles),
        (4, true),
        "by looking for another"
    );
}

#[test]
fn a_token_leads_back_to_its_schedule() {
    let model = Mutex(Protocol::LookThenSay, 3);
    let failure = walk(&model, 3, 300).failure.unwrap();
    let token = Token::record(&model, "look-then-say", 42, &failure.schedule).unwrap();
    let read: Token = token.to_string().parse().unwrap();
    assert_eq!(read, token);
    assert_eq!(read.replay(&model), Replay::Same(failure.schedule.clone(), Some(failure.violation)));
    assert!(matches!(read.replay(&Mutex(Protocol::Peterson, 3)), Replay::OtherModel { .. }));
}

#[test]
fn what_is_no_token_is_not_replayed() {
    for bad in ["", "a", "a@1:2:3", "a@1:x:0:0", "a@1:2:!:0", "a@1:2:A:0", "@1:2:0:0", "a@1:2:0:0:0"] {
        assert!(bad.parse::<Token>().is_err(), "{bad}");
    }
    let long: Token = "a@1:2:09azA0Zz~:0".parse().unwrap();
    assert_eq!(long.to_string(), "a@1:2:09azA0Zz~:00000000");
}

#[test]
fn spilled_states_are_those_that_were_kept() {
    let start = Entry::Kept(vec![], Box::new(PETERSON.start()));
    assert_eq!(start.clone().spilled(), start, "the start needs no way");
    let mut state = PETERSON.start();
    let mut path = Vec::new();
    let mut draw = Draw(5);
    for _ in 0..30 {
        let steps = PETERSON.steps(&state);
        let place = draw.below(steps.len() as u64) as u16;
        PETERSON.take(&mut state, &steps[usize::from(place)]).unwrap();
        path.push(place);
        let mut again = Vec::new();
        let kept = Entry::Kept(path.clone(), Box::new(state.clone()));
        kept.spilled().states_of(&PETERSON, |path, state| again.push((path, state)));
        assert_eq!(again, [(path.clone(), state.clone())]);
    }
}

#[test]
fn progress_counts_what_waits() {
    let mut waiting = Vec::new();
    let limits = Limits { depth: 12, threads: 1, ..Limits::default() };
    let explored =
        explore(&PETERSON, Explored::new(&PETERSON), &limits, &AtomicBool::new(false), &mut |explored| {
            waiting.push(explored.progress.waiting)
        });
    let Progress { level, waiting: left, .. } = explored.progress;
    assert_eq!((level, Some(&left)), (12, waiting.last()));
}
