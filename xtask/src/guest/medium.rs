//! The air between the radios as a scenario wants it: our own medium, in place of the kernel's perfect one.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::{Process, wait};
use crate::guest::radio::{self, Radio, Radios, words};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the program may take to be there, or to read its rules.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running medium, and what holds in it.
#[derive(Debug)]
pub(crate) struct Medium {
    process: Process,
    file: PathBuf,
    /// How strong two radios hear each other, in dBm.
    signals: BTreeMap<(String, String), f64>,
    /// Rules that a scenario has given.
    rules: Vec<Value>,
    /// How often the rules were read.
    readings: usize,
}

impl Medium {
    /// Starts it, with new radios: it has to be there before them, as the kernel allows none over radios of several
    /// channels.
    pub(crate) fn start(count: usize, kind: Radios, directory: &Path) -> Result<(Self, Vec<Radio>)> {
        words("modprobe mac80211_hwsim radios=0")?;
        let file = directory.join("rules.json");
        fs::write(&file, r#"{"rules":[]}"#).doing(|| format!("write {}", file.display()))?;
        let mut program = command("lapwing-medium", ["--no-bus", "--radios", &count.to_string(), "--rules"]);
        program.arg(&file);
        match kind {
            Radios::Simple => words("ip link set hwsim0 up")?,
            // See `Scenario::has_air`.
            Radios::MultiLink => {
                program.args(["--mlo", "--channels", &radio::LINKS.to_string()]);
            }
        }
        let mut process = Process::start("lapwing-medium", &mut program, directory.join("medium.log"))?;
        let ready = wait(PATIENCE, || match process.ended() {
            Some(end) => Some(Err(Failure::unmet("a medium", format!("{end}\n{}", process.log())))),
            None => process.log().contains("ready").then_some(Ok(())),
        });
        ready.unwrap_or_else(|| Err(Failure::unmet("a medium", "it does not become ready")))?;
        let radios = radio::wait_for(count)?;
        let (signals, rules, readings) = (BTreeMap::new(), Vec::new(), 0);
        Ok((Self { process, file, signals, rules, readings }, radios))
    }

    /// Has two radios hear each other so strong, in dBm.
    pub(crate) fn set_signal(&mut self, one: &str, other: &str, signal: f64) -> Result<()> {
        self.signals.insert((one.to_owned(), other.to_owned()), signal);
        self.tell()
    }

    /// Adds a rule, which decides over those that were there: see `docs/lab.md`.
    pub(crate) fn add(&mut self, rule: Value) -> Result<()> {
        self.rules.push(rule);
        self.tell()
    }

    fn tell(&mut self) -> Result<()> {
        let signals = self.signals.iter().map(|((one, other), signal)| {
            // A rule decides over loss and delay too: those that are added come later.
            json!({ "source": one, "destination": other, "bidirectional": true, "signal": signal })
        });
        let rules: Vec<_> = signals.chain(self.rules.iter().cloned()).collect();
        let text = json!({ "rules": rules }).to_string();
        fs::write(&self.file, text).doing(|| format!("write {}", self.file.display()))?;
        output(&mut command("sh", ["-c", "kill -HUP $0", &self.process.id().to_string()]))?;
        self.readings += 1;
        let read = wait(PATIENCE, || {
            (self.process.log().matches(" rules of ").count() >= self.readings).then_some(())
        });
        read.ok_or_else(|| Failure::unmet("the medium takes the rules", self.process.log()))
    }
}
