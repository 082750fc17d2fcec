//! `cargo xtask mutants` builds this with each deliberate fault: explores scenes one after the other, and the walks, and
//! tells the first rule that is broken.
//!
//! `hunt SEED STATES SETTLE_EVERY WALKS SCENE…`, where the scene `walk` stands for the walks, and `small` for those that are
//! explored if nothing is named; none is explored twice. A line for each: the scene, the states (or walks), the seconds, and
//! if a rule was broken, its name, the number of steps, and what was seen. The steps themselves go to the standard error
//! output.

use lapwing_world::explore::scene::{SMALL, Scene};
use lapwing_world::explore::{Explored, Failure, Limits, explore, walk};
use lapwing_world::{Step, explore::drawn::WALK};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The steps of a walk before its troubles end.
const LENGTH: usize = 400;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let mut number = || words.next()?.parse::<u64>().ok();
    let (Some(seed), Some(states), Some(settle_every), Some(walks)) =
        (number(), number(), number(), number())
    else {
        eprintln!("usage: hunt SEED STATES SETTLE_EVERY WALKS SCENE…");
        return ExitCode::from(2);
    };
    let mut scenes: Vec<String> = Vec::new();
    for word in words {
        let named =
            if word == "small" { SMALL.iter().map(|name| (*name).to_owned()).collect() } else { vec![word] };
        for name in named {
            if !scenes.contains(&name) {
                scenes.push(name);
            }
        }
    }
    for name in scenes {
        let began = Instant::now();
        let (seen, failure) = match name.as_str() {
            WALK => walked(seed, walks),
            name => match Scene::named(name, seed) {
                Some(scene) => explored(&scene, states, settle_every),
                None => {
                    eprintln!("no scene is named {name}");
                    return ExitCode::from(2);
                }
            },
        };
        let seconds = began.elapsed().as_secs_f64();
        match failure {
            None => println!("{name}\t{seen}\t{seconds:.1}"),
            Some(Failure { schedule, violation }) => {
                let steps = schedule.steps.len();
                schedule.steps.iter().for_each(|step| eprintln!("{step}"));
                println!("{name}\t{seen}\t{seconds:.1}\t{}\t{steps}\t{}", violation.rule, violation.seen);
                break;
            }
        }
    }
    ExitCode::SUCCESS
}

/// Every order of things, up to so many states.
fn explored(scene: &Scene, states: u64, settle_every: u64) -> (u64, Option<Failure<Step>>) {
    let limits = Limits { states, settle_every, ..Limits::default() };
    let explored = explore(scene, Explored::new(scene), &limits, &AtomicBool::new(false), &mut |_| {});
    (explored.progress.states, explored.failure)
}

/// Walks, by all cores, until one breaks a rule.
fn walked(seed: u64, walks: u64) -> (u64, Option<Failure<Step>>) {
    let (next, failure) = (AtomicU64::new(0), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..Limits::default().threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let found = failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
                    let seed = seed.wrapping_add(number);
                    let Some(scene) = Scene::named(WALK, seed).filter(|_| number < walks && !found) else {
                        return;
                    };
                    if let Some(found) = walk(&scene, seed, LENGTH).failure {
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
                    }
                }
            });
        }
    });
    (next.into_inner().min(walks), failure.into_inner().unwrap_or_else(PoisonError::into_inner))
}
