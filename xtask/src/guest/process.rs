//! A program that runs beside a scenario, with a log of its own.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often a condition is looked at. Idle time costs nothing in virtual time, each look does.
const INTERVAL: Duration = Duration::from_millis(50);

/// How often a program is asked that is large: a look costs more than the time between two.
const LARGE: Duration = Duration::from_secs(2);

/// Looks until something is there. `None` when it never is.
pub(crate) fn wait<T>(within: Duration, look: impl FnMut() -> Option<T>) -> Option<T> {
    wait_at(INTERVAL, within, look)
}

/// The same by asking a large program.
pub(crate) fn wait_large<T>(within: Duration, look: impl FnMut() -> Option<T>) -> Option<T> {
    wait_at(LARGE, within, look)
}

fn wait_at<T>(interval: Duration, within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + within;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= until {
            return found;
        }
        std::thread::sleep(interval);
    }
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose outputs go into a log.
    pub(crate) fn start(name: &str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .doing(|| format!("open {}", log.display()))?;
        let errors = file.try_clone().doing(|| format!("share {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn();
        Ok(Self { name: name.into(), child: child.doing(|| format!("start {name}"))?, log })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it holds in memory of its own, in KiB: not the code, which comes and goes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let place = format!("/proc/{}/status", self.id());
        let text = fs::read_to_string(&place).doing(|| format!("read {place}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| Failure::unmet("the size of the program", text))
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| format!("{} ended: {status}", self.name))
    }

    /// Ends it at once, without a chance to say goodbye to anybody.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map(drop).doing(|| format!("kill {}", self.name))
    }

    /// Asks it to end, and waits until it has; one that does not listen is killed and that is an error.
    pub(crate) fn stop(&mut self, within: Duration) -> Result<()> {
        if self.ended().is_some() {
            return Ok(());
        }
        output(&mut command("sh", ["-c", "kill -TERM $0", &self.child.id().to_string()]))?;
        match wait(within, || self.ended()) {
            Some(_) => Ok(()),
            None => Err(Failure::unmet(format!("{} ends when asked to", self.name), "it had to be killed")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
