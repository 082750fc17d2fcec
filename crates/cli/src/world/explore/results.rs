//! The results of an exploration, for a person and for a program: one JSON object a line, which can be put together
//! from many jobs by putting the files together.

use lapwing_world::explore::breadth::Progress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A line of results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Result {
    /// Every order of things in one scenario.
    Exploration(Exploration),
    /// Walks.
    Walks(Walks),
}

/// What an exploration came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Exploration {
    pub(super) scenario: String,
    pub(super) seed: u64,
    pub(super) shard: String,
    /// Why it ended.
    pub(super) end: String,
    /// Whether nothing within the limits was left out.
    pub(super) is_exhaustive: bool,
    /// Distinct states.
    pub(super) states: u64,
    pub(super) steps: u64,
    /// States from which all was let settle.
    pub(super) settled: u64,
    pub(super) level: usize,
    /// States that were made again for lack of memory.
    pub(super) spilled: u64,
    pub(super) seconds: f64,
    pub(super) steps_per_second: f64,
    /// The smallest names of the states, hexadecimal.
    pub(super) sketch: Vec<String>,
    pub(super) failure: Option<Found>,
}

/// What walks came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Walks {
    pub(super) seed: u64,
    pub(super) shard: String,
    pub(super) walks: u64,
    pub(super) length: usize,
    pub(super) steps: u64,
    pub(super) seconds: f64,
    pub(super) steps_per_second: f64,
    /// How many walks broke each rule.
    #[serde(default)]
    pub(super) broken: BTreeMap<String, u64>,
    /// One for each rule that was broken.
    pub(super) failures: Vec<Found>,
}

/// A broken rule, and how it comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) rule: String,
    pub(super) seen: String,
    pub(super) schedule: Vec<String>,
    pub(super) settles: bool,
    pub(super) token: Option<String>,
}

impl Result {
    /// How many rules are broken in it.
    pub(super) fn failures(&self) -> usize {
        match self {
            Self::Exploration(exploration) => usize::from(exploration.failure.is_some()),
            Self::Walks(walks) => walks.failures.len(),
        }
    }

    pub(super) fn json(&self) -> String {
        // What we print has text keys only, which is all that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn human(&self) -> String {
        match self {
            Self::Exploration(this) => {
                let end = match this.end.as_str() {
                    "all" => "all states",
                    "depth" => "all within the depth",
                    "failed" => "a rule is broken",
                    "states" => "as many as were wanted",
                    "time" => "time is over",
                    "memory" => "memory is full",
                    _ => "interrupted",
                };
                let mut text = format!(
                    "{:16} {:>11} states {:>12} steps  level {:>3}  {:>7}/s  {:>6.1} s  {end}\n",
                    this.scenario,
                    grouped(this.states),
                    grouped(this.steps),
                    this.level,
                    rate(this.steps_per_second),
                    this.seconds,
                );
                if this.spilled > 0 {
                    let spilled = grouped(this.spilled);
                    _ = writeln!(
                        text,
                        "{:16} {spilled:>11} of them did not fit into memory and were made again",
                        ""
                    );
                }
                this.failure.iter().for_each(|found| text += &found.human());
                text
            }
            Self::Walks(this) => {
                let mut text = format!(
                    "{:16} {:>11} walks  {:>12} steps  {:>16}/s  {:>6.1} s\n",
                    "walks",
                    grouped(this.walks),
                    grouped(this.steps),
                    rate(this.steps_per_second),
                    this.seconds,
                );
                for (rule, walks) in &this.broken {
                    _ = writeln!(text, "{:16} {:>11} of them broke {rule}", "", grouped(*walks));
                }
                this.failures.iter().for_each(|found| text += &found.human());
                text
            }
        }
    }
}

impl Found {
    pub(super) fn human(&self) -> String {
        let mut text = format!("  broken: {}: {}\n", self.rule, self.seen);
        for (number, step) in self.schedule.iter().enumerate() {
            _ = writeln!(text, "  {:>4}  {step}", number + 1);
        }
        if self.settles {
            text += "        and then all settles\n";
        }
        if let Some(token) = &self.token {
            _ = writeln!(text, "  replay: lapwing world replay {token}");
        }
        text
    }
}

/// A number with a mark at each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let places: usize = digits.len();
    let mark = |(place, digit): (usize, char)| {
        let marked: &str = if place > 0 && (places - place).is_multiple_of(3) { "," } else { "" };
        format!("{marked}{digit}")
    };
    digits.chars().enumerate().map(mark).collect()
}

fn rate(each_second: f64) -> String {
    match each_second {
        small if small < 10_000.0 => format!("{small:.0}"),
        large => format!("{:.0}k", large / 1000.0),
    }
}

const WIDTH: usize = 24;

fn line(share: f64) -> String {
    let full = ((share.clamp(0.0, 1.0) * WIDTH as f64) as usize).min(WIDTH);
    format!("[{}{}]", "=".repeat(full), " ".repeat(WIDTH - full))
}

/// How far an exploration is.
pub(super) fn bar(name: &str, share: f64, progress: &Progress, steps_per_second: f64) -> String {
    format!(
        "{name} {} {} states, level {}, {} waiting, {} steps/s",
        line(share),
        grouped(progress.states),
        progress.level,
        grouped(progress.waiting),
        rate(steps_per_second),
    )
}

/// How far the walks are.
pub(super) fn walk_bar(done: u64, all: u64, each_second: f64, steps_per_second: f64) -> String {
    let share = done as f64 / all.max(1) as f64;
    format!(
        "walks {} {} of {}, {} schedules/s, {} steps/s",
        line(share),
        grouped(done),
        grouped(all),
        rate(each_second),
        rate(steps_per_second),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((rate(9_999.0).as_str(), rate(123_456.0).as_str()), ("9999", "123k"));
        assert_eq!(line(0.5).matches('=').count() * 2, WIDTH);
    }
}
