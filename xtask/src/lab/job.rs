//! The folder that host and guest share: what to run, who runs what, and what came of it.

use super::Options;
use crate::command::paint;
use crate::failure::{Doing, Failure, Result};
use crate::guest::Kind;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the guest finds the job.
pub(crate) const IN_GUEST: &str = "/job";

/// The folder of the job that holds what scenarios leave behind.
pub(crate) const KEPT: &str = "kept";

/// The shared folder.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    directory: PathBuf,
    /// The scenarios, in order.
    pub(crate) names: Vec<String>,
    /// What takes the part of the station.
    pub(crate) station: Kind,
    /// Whether the logs of a passed scenario are kept.
    pub(crate) keep: bool,
    /// How often a scenario that counts is to do what it counts, instead of as often as it would by itself.
    pub(crate) rounds: Option<usize>,
}

/// How a scenario ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// The station cannot do what the scenario asks for, and says so.
    Skipped(String),
    Failed(String),
}

/// One scenario's end.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// Time that passed in the guest.
    pub(crate) guest: Duration,
    /// Time that passed here, as far as the host knows.
    pub(crate) real: Duration,
    /// What it has counted and measured, by name.
    pub(crate) figures: Map<String, Value>,
}

impl Verdict {
    pub(crate) fn mark(&self) -> String {
        match self {
            Self::Passed => paint("pass", "32"),
            Self::Skipped(_) => paint("skip", "33"),
            Self::Failed(_) => paint("FAIL", "1;31"),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Skipped(text) | Self::Failed(text) => Some(text),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }
}

impl Outcome {
    pub(crate) fn failed(name: &str, text: impl Into<String>) -> Self {
        Self::new(name, Verdict::Failed(text.into()))
    }

    /// One that took no time and has counted nothing.
    pub(crate) fn new(name: &str, verdict: Verdict) -> Self {
        Self { name: name.into(), verdict, guest: Duration::ZERO, real: Duration::ZERO, figures: Map::new() }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "verdict": self.verdict.word(),
            "text": self.verdict.text(),
            "guest_seconds": self.guest.as_secs_f64(),
            "real_seconds": self.real.as_secs_f64(),
            "figures": self.figures,
        })
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = value.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let verdict = match value.get("verdict")?.as_str()? {
            "passed" => Verdict::Passed,
            "skipped" => Verdict::Skipped(text),
            _ => Verdict::Failed(text),
        };
        let name = value.get("name")?.as_str()?.to_owned();
        let guest = value.get("guest_seconds").and_then(Value::as_f64).unwrap_or_default();
        let guest = Duration::try_from_secs_f64(guest).unwrap_or_default();
        let figures = value.get("figures").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Self { name, verdict, guest, real: Duration::ZERO, figures })
    }
}

impl Job {
    /// Lays out an empty folder.
    pub(crate) fn create(directory: &Path, options: &Options) -> Result<Self> {
        if directory.exists() {
            fs::remove_dir_all(directory).doing(|| format!("remove {}", directory.display()))?;
        }
        for name in ["bin", "claims", "results", KEPT] {
            let place = directory.join(name);
            fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
        }
        let all = Self {
            directory: directory.to_owned(),
            names: Vec::new(),
            station: options.station,
            keep: options.keep,
            rounds: options.rounds,
        };
        all.part(options)
    }

    /// The part of the job with these scenarios only, which is the next to be done.
    pub(crate) fn part(&self, options: &Options) -> Result<Self> {
        let plan = json!({
            "scenarios": options.names,
            "station": self.station.name(),
            "keep": self.keep,
            "rounds": self.rounds,
        });
        fs::write(self.directory.join("plan"), plan.to_string()).doing(|| "write the plan".into())?;
        Ok(Self { names: options.names.clone(), ..self.clone() })
    }

    /// Reads the plan, in the guest.
    pub(crate) fn open(directory: &Path) -> Result<Self> {
        let text = fs::read_to_string(directory.join("plan")).doing(|| "read the plan".into())?;
        let broken = || Failure::Usage("the plan is broken".into());
        let plan: Value = serde_json::from_str(&text).map_err(|_| broken())?;
        let names = plan.get("scenarios").and_then(Value::as_array).ok_or_else(broken)?;
        Ok(Self {
            directory: directory.to_owned(),
            names: names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            station: plan.get("station").and_then(Value::as_str).ok_or_else(broken)?.parse()?,
            keep: plan.get("keep").and_then(Value::as_bool).unwrap_or(false),
            rounds: plan.get("rounds").and_then(Value::as_u64).and_then(|rounds| rounds.try_into().ok()),
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes a scenario, unless another machine has it: making a folder is one step for everybody.
    pub(crate) fn claim(&self, name: &str, machine: usize) -> bool {
        let claimed = fs::create_dir(self.directory.join("claims").join(name)).is_ok();
        claimed && fs::write(self.current(machine), name).is_ok()
    }

    pub(crate) fn has_unclaimed(&self) -> bool {
        self.names.iter().any(|name| !self.directory.join("claims").join(name).exists())
    }

    /// The scenario that a machine has begun and not ended.
    pub(crate) fn running_on(&self, machine: usize) -> Option<String> {
        fs::read_to_string(self.current(machine)).ok().filter(|name| !name.is_empty())
    }

    /// Writes down how a scenario ended.
    pub(crate) fn finish(&self, outcome: &Outcome, machine: usize) -> Result<()> {
        let results = self.directory.join("results");
        let mut value = outcome.to_json();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("machine".into(), machine.into());
        }
        let temporary = results.join(format!(".{}", outcome.name));
        fs::write(&temporary, value.to_string()).doing(|| "write a result".into())?;
        fs::rename(&temporary, results.join(&outcome.name)).doing(|| "write a result".into())?;
        fs::write(self.current(machine), "").doing(|| "write that nothing runs".into())
    }

    /// How a scenario ended.
    pub(crate) fn outcome(&self, name: &str) -> Outcome {
        let read = self.result(name).and_then(|value| Outcome::from_json(&value));
        read.map_or_else(|| Outcome::failed(name, "it left no result"), |outcome| self.timed(outcome))
    }

    /// Adds the time on the host's clock, which the guest cannot see: from the claim to the result.
    fn timed(&self, outcome: Outcome) -> Outcome {
        let time = |folder: &str| {
            fs::metadata(self.directory.join(folder).join(&outcome.name)).ok()?.modified().ok()
        };
        let real =
            time("results").zip(time("claims")).and_then(|(end, start)| end.duration_since(start).ok());
        Outcome { real: real.unwrap_or_default(), ..outcome }
    }

    /// What a machine has finished, oldest first.
    pub(crate) fn finished_by(&self, machine: usize) -> Vec<Outcome> {
        let own = |value: &Value| value.get("machine").and_then(Value::as_u64) == Some(machine as u64);
        let results = self.names.iter().filter_map(|name| self.result(name)).filter(own);
        results.filter_map(|value| Outcome::from_json(&value)).map(|outcome| self.timed(outcome)).collect()
    }

    /// Where what a scenario leaves is kept.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.directory.join(KEPT).join(name)
    }

    /// Keeps a text for a scenario.
    pub(crate) fn keep(&self, name: &str, file: &str, text: &str) -> Result<()> {
        let directory = self.kept(name);
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        fs::write(directory.join(file), text).doing(|| format!("write {file}"))
    }

    fn result(&self, name: &str) -> Option<Value> {
        let text = fs::read_to_string(self.directory.join("results").join(name)).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn current(&self, machine: usize) -> PathBuf {
        self.directory.join(format!("current-{machine}"))
    }
}
