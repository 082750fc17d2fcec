//! Every order of what can happen, level by level: first all that one step leads to, then two, and so on. So
//! the first failure that is found is one of the shortest.
//!
//! Which states are seen does not depend on the number of threads, nor on where an interruption fell.

use super::frontier::{Entry, Path, longer, steps_of};
use super::visited::{OCTETS_EACH, Visited};
use super::{Failure, Model, Schedule, Shard, Violation};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far an exploration goes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// At most so many steps from the start.
    pub depth: usize,
    /// End when so many states were seen (a batch more is finished).
    pub states: u64,
    /// End after so long.
    pub time: Option<Duration>,
    /// How many octets of memory the states may take. A frontier that does not fit is spilled: only the ways to
    /// its states are kept. When not even the names fit, the exploration ends.
    pub memory: usize,
    /// How many threads.
    pub threads: usize,
    /// Which part of the states.
    pub shard: Shard,
    /// Of how many states one is let settle, to see whether all comes to a good end; 0: none.
    pub settle_every: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: usize::MAX,
            states: u64::MAX,
            time: None,
            memory: 1 << 30,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            shard: Shard::WHOLE,
            settle_every: 0,
        }
    }
}

/// Why an exploration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Every state was seen.
    All,
    /// Every state within the depth was seen.
    Depth,
    /// A rule was broken.
    Failed,
    /// So many states were to be seen.
    States,
    /// The time is over.
    Time,
    /// The memory is full.
    Memory,
    /// Somebody interrupted it.
    Interrupted,
}

impl End {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Depth => "depth",
            Self::Failed => "failed",
            Self::States => "states",
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether nothing within the limits was left out.
    #[must_use]
    pub const fn is_exhaustive(self) -> bool {
        matches!(self, Self::All | Self::Depth)
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// States that were seen, each once.
    pub states: u64,
    /// Steps that were taken, those that led to known states included.
    pub steps: u64,
    /// States from which all was let settle.
    pub settled: u64,
    /// Steps from the start.
    pub level: usize,
    /// States of this level and the next that are still to be looked at.
    pub waiting: u64,
    /// States that were spilled for lack of memory, so far.
    pub spilled: u64,
    /// Whether this shard has left what all shards do alike.
    pub parted: bool,
}

/// What an exploration is when it ends or is written down.
#[derive(Debug)]
pub struct Explored<M: Model> {
    /// How far it came.
    pub progress: Progress,
    /// The names of all states that were seen.
    pub visited: Visited,
    /// What is left of this level.
    pub current: Vec<Entry<M::State>>,
    /// What was found of the next level.
    pub next: Vec<Entry<M::State>>,
    /// One of the shortest failures.
    pub failure: Option<Failure<M::Step>>,
    /// Why it ended.
    pub end: End,
}

impl<M: Model> Explored<M> {
    /// An exploration that has not begun.
    pub fn new(model: &M) -> Self {
        let visited = Visited::default();
        let start = model.start();
        visited.insert(model.digest(&start));
        let progress = Progress { states: 1, waiting: 1, ..Progress::default() };
        let current = vec![Entry::Kept(Path::new(), Box::new(start))];
        Self { progress, visited, current, next: Vec::new(), failure: None, end: End::Interrupted }
    }
}

/// Explores, from where `explored` is. `watch` is called after each batch, and may write it down.
pub fn explore<M: Model>(
    model: &M,
    mut explored: Explored<M>,
    limits: &Limits,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Explored<M>),
) -> Explored<M> {
    let began = Instant::now();
    explored.end = loop {
        if explored.current.is_empty() {
            if explored.next.is_empty() {
                break End::All;
            }
            explored.progress.level += 1;
            explored.current = std::mem::take(&mut explored.next);
            part(model, &mut explored, limits.shard);
            // The last first: what was kept in memory the longest ago goes first.
            explored.current.reverse();
        }
        if explored.progress.level >= limits.depth {
            break End::Depth;
        }
        if stop.load(Ordering::Relaxed) {
            break End::Interrupted;
        }
        if explored.progress.states >= limits.states {
            break End::States;
        }
        if limits.time.is_some_and(|time| began.elapsed() >= time) {
            break End::Time;
        }
        if explored.progress.states.saturating_mul(OCTETS_EACH as u64) > limits.memory as u64 / 2 {
            break End::Memory;
        }
        if let Some((path, violation, settles)) = batch(model, &mut explored, limits) {
            let schedule = Schedule { steps: steps_of(model, &path), settles };
            explored.failure = Some(Failure { schedule, violation });
            break End::Failed;
        }
        watch(&explored);
    };
    explored
}

/// From the first level on that has enough states for all shards, only this shard's states go on.
fn part<M: Model>(model: &M, explored: &mut Explored<M>, shard: Shard) {
    let states: usize = explored.current.iter().map(Entry::states).sum();
    if explored.progress.parted || shard == Shard::WHOLE || states < Shard::SPREAD * shard.count() as usize {
        return;
    }
    explored.progress.parted = true;
    let mut own = Vec::new();
    for entry in std::mem::take(&mut explored.current) {
        entry.states_of(model, |path, state| {
            if shard.has(model.digest(&state)) {
                own.push(Entry::Kept(path, Box::new(state)));
            }
        });
    }
    explored.progress.waiting = own.len() as u64;
    explored.current = own;
}

/// How many entries a thread takes at a time, and how many such portions make a batch for each thread.
const PORTION: usize = 32;
const PORTIONS: usize = 64;

/// What the threads of a batch share.
struct Work<'a, M: Model> {
    model: &'a M,
    visited: &'a Visited,
    portions: Mutex<Vec<Vec<Entry<M::State>>>>,
    settle_every: u64,
    /// How many states may still be kept.
    room: AtomicUsize,
    states: AtomicU64,
    steps: AtomicU64,
    settled: AtomicU64,
    spilled: AtomicU64,
    found: Mutex<Option<Found>>,
}

/// The way to a failure, and whether all settles after it.
type Found = (Path, Violation, bool);

/// Looks at some of the level.
fn batch<M: Model>(model: &M, explored: &mut Explored<M>, limits: &Limits) -> Option<Found> {
    let threads = limits.threads.max(1);
    let from = explored.current.len().saturating_sub(PORTION * PORTIONS * threads);
    let mut entries = explored.current.split_off(from);
    let mut portions = Vec::with_capacity(entries.len() / PORTION + 1);
    while !entries.is_empty() {
        portions.push(entries.split_off(entries.len().saturating_sub(PORTION)));
    }
    let kept = explored.current.iter().chain(&explored.next);
    let kept = kept.filter(|entry| matches!(entry, Entry::Kept(..))).count();
    let work = Work {
        model,
        visited: &explored.visited,
        portions: Mutex::new(portions),
        settle_every: limits.settle_every,
        room: AtomicUsize::new((limits.memory / 2 / model.octets().max(1)).saturating_sub(kept)),
        states: AtomicU64::new(0),
        steps: AtomicU64::new(0),
        settled: AtomicU64::new(0),
        spilled: AtomicU64::new(0),
        found: Mutex::new(None),
    };
    if threads == 1 {
        explored.next.extend(work.go());
    } else {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| work.go())).collect();
            for thread in all {
                match thread.join() {
                    Ok(next) => explored.next.extend(next),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    let progress = &mut explored.progress;
    progress.states += work.states.into_inner();
    progress.steps += work.steps.into_inner();
    progress.settled += work.settled.into_inner();
    progress.spilled += work.spilled.into_inner();
    let waiting: usize = explored.current.iter().chain(&explored.next).map(Entry::states).sum();
    progress.waiting = waiting as u64;
    work.found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<M: Model> Work<'_, M> {
    /// One thread's work.
    fn go(&self) -> Vec<Entry<M::State>> {
        let mut next = Vec::new();
        loop {
            // The lock is given back at once.
            let portion = self.portions.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(portion) = portion else { return next };
            for entry in portion {
                entry.states_of(self.model, |path, state| self.look(path, state, &mut next));
            }
        }
    }

    /// Looks at all that can happen in a state.
    fn look(&self, path: Path, state: M::State, next: &mut Vec<Entry<M::State>>) {
        let steps = self.model.steps(&state);
        self.steps.fetch_add(steps.len() as u64, Ordering::Relaxed);
        let mut spilled = Vec::new();
        let mut last = Some(state);
        for (place, step) in steps.iter().enumerate() {
            let successor = if place + 1 == steps.len() { last.take() } else { last.clone() };
            let (Some(mut successor), Ok(place)) = (successor, u16::try_from(place)) else { break };
            if let Err(violation) = self.model.take(&mut successor, step) {
                self.found(longer(&path, place), violation, false);
                continue;
            }
            let name = self.model.digest(&successor);
            if !self.visited.insert(name) {
                continue;
            }
            self.states.fetch_add(1, Ordering::Relaxed);
            if self.settle_every > 0 && name.is_multiple_of(self.settle_every) {
                self.settled.fetch_add(1, Ordering::Relaxed);
                match self.model.settle(&mut successor.clone()) {
                    Ok(steps) => _ = self.steps.fetch_add(steps, Ordering::Relaxed),
                    Err(violation) => self.found(longer(&path, place), violation, true),
                }
            }
            let less = |room: usize| room.checked_sub(1);
            if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
                next.push(Entry::Kept(longer(&path, place), Box::new(successor)));
            } else {
                spilled.push(place);
            }
        }
        if !spilled.is_empty() {
            self.spilled.fetch_add(spilled.len() as u64, Ordering::Relaxed);
            next.push(Entry::Spilled(path, spilled));
        }
    }

    /// Keeps the first of the shortest failures.
    fn found(&self, path: Path, violation: Violation, settles: bool) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = found.as_ref().is_none_or(|(first, _, settled)| (settles, &path) < (*settled, first));
        if is_first {
            *found = Some((path, violation, settles));
        }
    }
}
