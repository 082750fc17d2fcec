//! `lapwing world merge`: what several jobs found together.

use super::options::Merge;
use super::results::{Found, Result as Line, grouped};
use crate::commands::print;
use crate::failure::{Failure, Kind};
use lapwing_world::explore::Sketch;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The parts of one exploration together.
#[derive(Debug, Default, Serialize)]
struct Together {
    shards: BTreeSet<String>,
    /// Distinct states: exactly if there is one part, else about (six percent), since parts overlap.
    states: u64,
    steps: u64,
    #[serde(skip)]
    sketch: Sketch,
    failures: Vec<Found>,
}

/// Reads results and prints their sums.
///
/// # Errors
/// If a file is none of results, or a rule is broken in one.
pub(in crate::world) fn merge(options: &Merge, json: bool) -> Result<(), Failure> {
    let mut explorations: BTreeMap<(String, u64), Together> = BTreeMap::new();
    let mut walks: BTreeMap<u64, Together> = BTreeMap::new();
    for path in &options.files {
        let name = path.to_string_lossy();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::new(Kind::Usage, format!("{name} cannot be read: {error}.")))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let bad = |error| Failure::new(Kind::Usage, format!("{name}, line {}: {error}.", number + 1));
            let value: serde_json::Value = serde_json::from_str(line).map_err(bad)?;
            // A job that found something ends with a failure, which is on a line of its own.
            if value.get("kind").is_none() {
                continue;
            }
            match serde_json::from_value(value).map_err(bad)? {
                Line::Exploration(part) => {
                    let sum = explorations.entry((part.scenario, part.seed)).or_default();
                    sum.sketch
                        .extend(part.sketch.iter().filter_map(|name| u64::from_str_radix(name, 16).ok()));
                    sum.shards.insert(part.shard);
                    sum.steps += part.steps;
                    sum.states = if sum.shards.len() == 1 { part.states } else { sum.sketch.estimate() };
                    sum.failures.extend(part.failure);
                }
                Line::Walks(part) => {
                    let sum = walks.entry(part.seed).or_default();
                    sum.shards.insert(part.shard);
                    sum.steps += part.steps;
                    sum.states += part.walks;
                    sum.failures.extend(part.failures);
                }
            }
        }
    }
    let failures = explorations.values().chain(walks.values()).map(|sum| sum.failures.len()).sum::<usize>();
    let mut text = String::new();
    for ((scenario, seed), sum) in &explorations {
        text += &told(scenario, *seed, sum, "states", json);
    }
    for (seed, sum) in &walks {
        text += &told("walks", *seed, sum, "walks", json);
    }
    print(&text)?;
    match failures {
        0 => Ok(()),
        _ => {
            Err(Failure::new(Kind::Failed, format!("Rules are broken: {failures} times."))
                .code("rule-broken"))
        }
    }
}

fn told(name: &str, seed: u64, sum: &Together, what: &str, json: bool) -> String {
    if json {
        let line = serde_json::json!({ "kind": "sum", "of": name, "seed": seed, "sum": sum });
        return format!("{line}\n");
    }
    let about = if sum.shards.len() > 1 && what == "states" { "about " } else { "" };
    let mut text = format!(
        "{name:16} seed {seed:#x}  {} shards  {about}{} {what}  {} steps\n",
        sum.shards.len(),
        grouped(sum.states),
        grouped(sum.steps)
    );
    sum.failures.iter().for_each(|found| text += &found.human());
    text
}
