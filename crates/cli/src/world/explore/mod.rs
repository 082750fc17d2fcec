//! `lapwing world explore`: looks for an order of things in which the station goes wrong.

mod merge;
pub mod options;
mod replay;
mod results;

pub(super) use merge::merge;
pub(super) use replay::replay;

use crate::commands::print;
use crate::failure::{Failure, Kind};
use crate::signals::Signals;
use crate::terminal::Progress;
use lapwing_world::explore::breadth::End;
use lapwing_world::explore::checkpoint::{self, Identity, Unusable};
use lapwing_world::explore::drawn::WALK;
use lapwing_world::explore::scene::{SMALL, Scene, WAYS};
use lapwing_world::explore::{
    Explored, Limits, Model, Shard, Sketch, Violation, explore as look, shrink, walk,
};
use lapwing_world::{Scenario, Step};
use options::Explore;
use results::{Exploration, Found, Result as Line, Walks};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, BufWriter, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How many states are looked at for a shorter schedule than the one that was found.
const SHRINK_STATES: u64 = 20_000;

/// How often a record is written and the progress shown.
const RECORD_EVERY: Duration = Duration::from_secs(30);
const SHOW_EVERY: Duration = Duration::from_millis(200);

/// What the work tells while it is done.
enum News {
    /// How far it is, in words.
    Progress(String),
    /// A result.
    Result(Box<Line>),
}

/// Explores until it is done or a signal comes, and prints the results.
///
/// # Errors
/// If a rule is broken, or the options make no sense.
pub(super) fn explore(options: &Explore, json: bool) -> Result<(), Failure> {
    let plan = Plan::of(options)?;
    let no_means = |error| Failure::new(Kind::Failed, format!("The system gives no means to wait: {error}."));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_means)?;
    runtime.block_on(async { supervise(plan, json, &mut Signals::catch().map_err(no_means)?).await })
}

/// Has the work done by other threads, tells of it, and listens for signals.
async fn supervise(plan: Plan, json: bool, signals: &mut Signals) -> Result<(), Failure> {
    let mut progress =
        Progress::new(json || !std::io::stderr().is_terminal(), |name| std::env::var(name).ok());
    if !json {
        print(&format!(
            "seed {:#x}, shard {}, {} threads\n",
            plan.seed, plan.limits.shard, plan.limits.threads
        ))?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, mut news) = tokio::sync::mpsc::unbounded_channel();
    let work = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || plan.work(&stop, &|item| _ = tell.send(item)))
    };
    let (mut interrupted, mut failures) = (None, 0);
    loop {
        tokio::select! {
            item = news.recv() => match item {
                Some(News::Progress(text)) => progress.show(&text),
                Some(News::Result(line)) => {
                    progress.clear();
                    failures += line.failures();
                    print(&if json { line.json() + "\n" } else { line.human() })?;
                }
                None => break,
            },
            signal = signals.next(), if interrupted.is_none() => {
                // What was seen is told, and written down, before the end.
                stop.store(true, Ordering::Relaxed);
                interrupted = Some(signal);
            }
        }
    }
    progress.clear();
    let worked = work.join().map_err(|_| Failure::new(Kind::Failed, "The explorer itself failed."))?;
    worked?;
    match (failures, interrupted) {
        (0, None) => Ok(()),
        (0, Some(signal)) => Err(signal),
        (1, _) => Err(Failure::new(Kind::Failed, "A rule is broken.").code("rule-broken")),
        (many, _) => {
            Err(Failure::new(Kind::Failed, format!("Rules are broken: {many} times.")).code("rule-broken"))
        }
    }
}

/// What is to be done.
struct Plan {
    scenes: Vec<Scene>,
    limits: Limits,
    seed: u64,
    walks: u64,
    except: Vec<u64>,
    length: usize,
    until: Option<Instant>,
    checkpoint: Option<std::path::PathBuf>,
}

impl Plan {
    fn of(options: &Explore) -> Result<Self, Failure> {
        let usage = |sentence: String| Failure::new(Kind::Usage, sentence);
        let of_cluster = || Shard::of_cluster(|name| std::env::var(name).ok());
        let shard = match options.shard {
            Some(shard) => shard,
            None => of_cluster().map_err(|bad| usage(format!("{bad}.")))?.unwrap_or(Shard::WHOLE),
        };
        let seed = match options.seed {
            Some(seed) => seed,
            // The parts of one exploration must be of one.
            None if shard != Shard::WHOLE => {
                return Err(usage(String::from("Say --seed: all parts of one exploration need the same.")));
            }
            None => fresh_seed(),
        };
        let small = SMALL.iter().chain(WAYS).map(|name| (*name).to_owned());
        let names: Vec<String> =
            if options.scenarios.is_empty() { small.collect() } else { options.scenarios.clone() };
        let scenes = names.iter().map(|name| scene(name, seed)).collect::<Result<Vec<_>, _>>()?;
        let limits = Limits {
            depth: options.depth.unwrap_or(usize::MAX),
            states: options.states,
            time: None,
            memory: options.memory.saturating_mul(1 << 20),
            threads: options.threads.unwrap_or(Limits::default().threads).max(1),
            shard,
            settle_every: options.settle_every,
        };
        Ok(Self {
            scenes,
            limits,
            seed,
            walks: options.walks,
            except: options.except.clone(),
            length: options.length,
            until: options.time.map(|time| Instant::now() + Duration::from_secs(time)),
            checkpoint: options.checkpoint.clone(),
        })
    }

    fn work(&self, stop: &AtomicBool, tell: &(dyn Fn(News) + Sync)) -> Result<(), Failure> {
        let stopped = || stop.load(Ordering::Relaxed);
        if self.limits.states > 0 {
            for (number, scene) in self.scenes.iter().enumerate() {
                if stopped() || self.until.is_some_and(|until| Instant::now() >= until) {
                    break;
                }
                self.exploration(number, scene, stop, tell)?;
            }
        }
        if self.walks > 0 && !stopped() {
            self.take_walks(stop, tell);
        }
        Ok(())
    }

    fn exploration(
        &self,
        number: usize,
        scene: &Scene,
        stop: &AtomicBool,
        tell: &(dyn Fn(News) + Sync),
    ) -> Result<(), Failure> {
        let name = scene.name();
        let shard = self.limits.shard;
        let start = scene.digest(&scene.start());
        let identity = Identity { model: name.clone(), seed: self.seed, shard, start };
        let record = self.checkpoint.as_ref().map(|directory| {
            directory.join(format!("{name}-{:x}-{}of{}", self.seed, shard.index(), shard.count()))
        });
        let explored = match &record {
            Some(path) => from_record(path, scene, &identity)?,
            None => Explored::new(scene),
        };
        let began = Instant::now();
        let steps_before = explored.progress.steps;
        // What is left of the time, in equal parts.
        let left = self.scenes.len().saturating_sub(number).max(1) + usize::from(self.walks > 0);
        let time = self.until.map(|until| until.saturating_duration_since(began) / left as u32);
        let limits = Limits { time, ..self.limits.clone() };
        let (mut shown, mut written) = (began, began);
        let mut trouble = None;
        let explored = look(scene, explored, &limits, stop, &mut |explored| {
            let now = Instant::now();
            if now - shown >= SHOW_EVERY {
                shown = now;
                let seconds = (now - began).as_secs_f64();
                let rate = (explored.progress.steps - steps_before) as f64 / seconds;
                let share = explored.progress.states as f64 / limits.states as f64;
                let share = time.map_or(share, |time| share.max(seconds / time.as_secs_f64()));
                tell(News::Progress(results::bar(&name, share, &explored.progress, rate)));
            }
            if let Some(path) = record.as_ref().filter(|_| now - written >= RECORD_EVERY) {
                written = now;
                trouble = to_record(path, &identity, explored).err();
            }
        });
        if let Some(path) = &record {
            to_record(path, &identity, &explored)?;
        }
        if let Some(failure) = trouble {
            return Err(failure);
        }
        let failure = explored.failure.as_ref().map(|failure| {
            let settles_before = failure.schedule.settles;
            // What breaks on the way is shortest already.
            let short =
                if settles_before { shrink(scene, failure.clone(), SHRINK_STATES) } else { failure.clone() };
            found(scene, &name, &short.schedule, &short.violation)
        });
        let seconds = began.elapsed().as_secs_f64();
        tell(News::Result(Box::new(Line::Exploration(Exploration {
            scenario: name,
            seed: self.seed,
            shard: shard.to_string(),
            end: explored.end.name().to_owned(),
            is_exhaustive: explored.end.is_exhaustive() || explored.end == End::All,
            states: explored.progress.states,
            steps: explored.progress.steps,
            settled: explored.progress.settled,
            level: explored.progress.level,
            spilled: explored.progress.spilled,
            seconds,
            steps_per_second: (explored.progress.steps - steps_before) as f64 / seconds,
            sketch: Sketch::of(&explored.visited).iter().map(|name| format!("{name:016x}")).collect(),
            failure,
        }))));
        Ok(())
    }

    fn take_walks(&self, stop: &AtomicBool, tell: &(dyn Fn(News) + Sync)) {
        let began = Instant::now();
        let (next, steps, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let (send, receive) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.limits.threads {
                let send = send.clone();
                let (next, steps, done) = (&next, &steps, &done);
                scope.spawn(move || {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let over = self.until.is_some_and(|until| Instant::now() >= until);
                        if number >= self.walks || over || stop.load(Ordering::Relaxed) {
                            return;
                        }
                        if !self.limits.shard.has(number) {
                            continue;
                        }
                        let seed = self.seed.wrapping_add(number);
                        if self.except.contains(&seed) {
                            continue;
                        }
                        let Some(scene) = Scene::named(WALK, seed) else { return };
                        let walked = walk(&scene, seed, self.length);
                        steps.fetch_add(walked.steps, Ordering::Relaxed);
                        done.fetch_add(1, Ordering::Relaxed);
                        // Nobody listens any more only if the program ends.
                        let _sent = send.send(walked.failure.map(|failure| (scene, failure)));
                    }
                });
            }
            drop(send);
            let mut failures: Vec<Found> = Vec::new();
            let mut broken: BTreeMap<String, u64> = BTreeMap::new();
            let mut shown = began;
            for failed in receive {
                if shown.elapsed() >= SHOW_EVERY {
                    shown = Instant::now();
                    let (done, seconds) = (done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
                    tell(News::Progress(results::walk_bar(
                        done,
                        self.walks / u64::from(self.limits.shard.count()),
                        done as f64 / seconds,
                        steps.load(Ordering::Relaxed) as f64 / seconds,
                    )));
                }
                let Some((scene, failure)) = failed else { continue };
                *broken.entry(failure.violation.rule.to_owned()).or_default() += 1;
                // One of each kind is enough, and shrinking takes its time.
                if !failures.iter().any(|known| known.rule == failure.violation.rule) {
                    let short = shrink(&scene, failure, SHRINK_STATES);
                    failures.push(found(&scene, WALK, &short.schedule, &short.violation));
                }
            }
            let seconds = began.elapsed().as_secs_f64();
            let (steps, walks) = (steps.load(Ordering::Relaxed), done.load(Ordering::Relaxed));
            tell(News::Result(Box::new(Line::Walks(Walks {
                seed: self.seed,
                shard: self.limits.shard.to_string(),
                walks,
                length: self.length,
                steps,
                seconds,
                steps_per_second: steps as f64 / seconds,
                broken,
                failures,
            }))));
        });
    }
}

/// What is told of a failure.
fn found(
    scene: &Scene,
    name: &str,
    schedule: &lapwing_world::explore::Schedule<Step>,
    violation: &Violation,
) -> Found {
    let token = lapwing_world::explore::Token::record(scene, name, scene.seed(), schedule);
    Found {
        rule: violation.rule.to_owned(),
        seen: violation.seen.clone(),
        schedule: schedule.steps.iter().map(ToString::to_string).collect(),
        settles: schedule.settles,
        token: token.map(|token| token.to_string()).ok(),
    }
}

/// The scene of a name: of a built-in scenario or a file, from its start or from the first connection.
fn scene(name: &str, seed: u64) -> Result<Scene, Failure> {
    if let Some(scene) = Scene::named(name, seed) {
        return Ok(scene);
    }
    let mut trouble = None;
    let of_file = Scene::by_name(name, seed, |file| {
        let text = fs::read_to_string(file).map_err(|error| {
            let names: Vec<_> = Scenario::names().collect();
            Failure::new(
                Kind::Usage,
                format!("No scenario is built in as {file}, and the file cannot be read: {error}."),
            )
            .next(format!("Built in are: {}.", names.join(", ")))
        });
        let scenario = text.and_then(|text| {
            Scenario::parse(file, &text).map_err(|error| Failure::new(Kind::Usage, error.to_string()))
        });
        scenario.map_err(|failure| trouble = Some(failure)).ok()
    });
    of_file.ok_or_else(|| {
        trouble.unwrap_or_else(|| Failure::new(Kind::Usage, format!("No scene is named {name}.")))
    })
}

/// A number that nobody drew before.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish() >> 16
}

fn from_record(path: &Path, scene: &Scene, identity: &Identity) -> Result<Explored<Scene>, Failure> {
    let unusable = |why: &dyn std::fmt::Display| {
        Failure::new(Kind::Failed, format!("{}: {why}.", path.display())).next("Take it away to begin anew.")
    };
    match fs::File::open(path) {
        Ok(file) => {
            checkpoint::read(&mut BufReader::new(file), scene, identity).map_err(|why| unusable(&why))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Explored::new(scene)),
        Err(error) => Err(unusable(&Unusable::Io(error))),
    }
}

/// The new record takes the place of the old one when it is whole.
fn to_record(path: &Path, identity: &Identity, explored: &Explored<Scene>) -> Result<(), Failure> {
    let write = || {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let new = path.with_extension("new");
        let mut file = BufWriter::new(fs::File::create(&new)?);
        checkpoint::write(&mut file, identity, explored)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| {
        Failure::new(Kind::Failed, format!("{} cannot be written: {error}.", path.display()))
    })
}
