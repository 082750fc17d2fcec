//! Scenarios on a real kernel: the side of the guest.
//!
//! The same program as on the host, started by the guest's first process. See `scenarios` for how a scenario is
//! written: radios, an access point and a station are asked of a [`Lab`], and everything is taken down after it.

mod access_point;
mod air;
pub(crate) mod autotests;
pub(crate) mod bench;
mod bus;
mod client;
mod control;
mod domain;
mod flight;
mod hostapd;
mod hotspot;
mod lab;
mod links;
mod manager;
mod medium;
mod member;
mod netlink;
mod network;
mod process;
mod radio;
mod remains;
mod router;
pub(crate) mod scenarios;
mod station;
mod terminal;
mod tool;

pub(crate) use access_point::{AccessPoint, Goodbye};
pub(crate) use bus::Policy;
pub(crate) use client::{Argument, Client};
pub(crate) use hostapd::Hostapd;
pub(crate) use hotspot::{Hotspot, LapwingAp, Outside, Protection};
pub(crate) use lab::Lab;
pub(crate) use links::Link;
pub(crate) use member::Member;
pub(crate) use netlink::{Attempts, Ports};
pub(crate) use network::Network;
pub(crate) use radio::Radios;
pub(crate) use station::{Kind, Station, Trouble, WpaSupplicant};
pub(crate) use tool::{TRANSCRIPT, Tool};

use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::lab::{Job, Outcome, Verdict};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs scenarios until none is left.
pub(crate) fn main() -> Result<()> {
    let shared = Path::new(crate::lab::IN_GUEST);
    if shared.join(bench::PLAN).exists() {
        return bench::main(shared);
    }
    if shared.join(autotests::SUITE).exists() {
        return autotests::main(shared);
    }
    let job = Job::open(shared)?;
    let machine = std::env::var("LAB_MACHINE").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    radio::prepare()?;
    for name in &job.names {
        let Some(scenario) = scenarios::all().find(|scenario| scenario.name == name) else {
            return Err(Failure::Usage(format!("no scenario {name}")));
        };
        if job.claim(name, machine) {
            job.finish(&perform(scenario, &job), machine)?;
        }
    }
    Ok(())
}

/// Runs one scenario and keeps what it leaves if that is of use.
fn perform(scenario: &scenarios::Scenario, job: &Job) -> Outcome {
    let started = Instant::now();
    let (mut took, mut figures) = (Duration::ZERO, serde_json::Map::new());
    let ended = Lab::open(scenario, job).and_then(|mut lab| {
        let ended = (scenario.run)(&mut lab);
        let (clean, directory) = (lab.close(), lab.directory().to_owned());
        took = started.elapsed();
        figures = lab.take_figures();
        let verdict = match (ended, clean) {
            (Err(Failure::Unable(what)), _) => Verdict::Skipped(what),
            (Err(failure), _) | (Ok(()), Err(failure)) => Verdict::Failed(failure.to_string()),
            (Ok(()), Ok(())) => Verdict::Passed,
        };
        if job.keep || matches!(verdict, Verdict::Failed(_)) {
            output(command("cp", ["-r"]).arg(&directory).arg(job.kept(scenario.name)))?;
        }
        // The memory that it lies in is wanted for the next one; a remnant hurts nobody.
        let _ = fs::remove_dir_all(directory);
        Ok(verdict)
    });
    let verdict = ended.unwrap_or_else(|failure| Verdict::Failed(failure.to_string()));
    Outcome { guest: took, figures, ..Outcome::new(scenario.name, verdict) }
}
