//! iwd's public tests in the guest: each directory of them with virtual radios, a bus and processes of its own.
//!
//! The suite is given from outside and brings its own library, which starts hostapd, the bus, the program `hwsim`, which
//! is our medium here, and the program `iwd`, which is the daemon under test. Both are found by a folder of links.

mod output;
mod python;

pub(crate) use output::{Function, Outcome as FunctionOutcome};

use crate::command::{command, output as output_of};
use crate::failure::{Doing, Failure, Result};
use crate::guest::radio::{self, words};
use crate::guest::station::Kind;
use crate::lab::{Job, Outcome, Verdict};
use python::Python;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

/// The folder of the job with the suite; where it is, the job is this one.
pub(crate) const SUITE: &str = "suite";
/// Under which name the functions of a directory are among its figures.
pub(crate) const FUNCTIONS: &str = "functions";
/// Where the guest has it: in memory, as the clock runs away while the shared folder is read.
const HOME: &str = "/run/suite";
/// Where the programs are found first.
const PROGRAMS: &str = "/run/suite-programs";
/// How long one file of tests may take, in the guest's seconds. iwd's own runner gives as much.
const PATIENCE: u64 = 240;
/// How many times that a directory may take: none has more files.
const FILES: u32 = 12;
/// Where Debian has iwd.
const IWD: &str = "/usr/libexec/iwd";
/// Where the suite has the sockets of hostapd.
const SOCKETS: &str = "/var/run/hostapd";
/// What may be left when a directory's tests have ended in the middle.
const REMAINS: &[&str] = &[
    "dbus-daemon",
    "dhclient",
    "dhcpd",
    "dmesg",
    "haveged",
    "hostapd",
    "hwsim",
    "iwd",
    "iwmon",
    "lapwing-medium",
    "lapwingd",
    "radvd",
    "wpa_supplicant",
];

/// Runs directories until none is left.
pub(crate) fn main(shared: &Path) -> Result<()> {
    let job = Job::open(shared)?;
    let machine = std::env::var("LAB_MACHINE").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    radio::prepare()?;
    for folder in ["/dev/shm", "/dev/net"] {
        fs::create_dir_all(folder).doing(|| format!("create {folder}"))?;
    }
    words("mount -t tmpfs shm /dev/shm")?;
    output_of(command("cp", ["-r"]).arg(shared.join(SUITE)).arg(HOME))?;
    fs::create_dir_all(PROGRAMS).doing(|| format!("create {PROGRAMS}"))?;
    let daemon = if job.station == Kind::Iwd { IWD } else { "/run/bin/lapwingd" };
    for (program, name) in [("/run/bin/lapwing-medium", "hwsim"), (daemon, "iwd")] {
        let place = Path::new(PROGRAMS).join(name);
        symlink(program, &place).doing(|| format!("link {}", place.display()))?;
    }
    let mut python = None;
    for name in &job.names {
        if job.claim(name, machine) {
            let outcome = perform(name, &job, &mut python)
                .unwrap_or_else(|failure| Outcome::failed(name, failure.to_string()));
            job.finish(&outcome, machine)?;
        }
    }
    Ok(())
}

/// Runs the tests of one directory.
fn perform(name: &str, job: &Job, python: &mut Option<Python>) -> Result<Outcome> {
    let started = Instant::now();
    let directory = Path::new("/run/lab").join(name);
    fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
    words("busybox dmesg -c")?;
    words("modprobe mac80211_hwsim radios=0")?;
    words("mount -t tmpfs -o mode=1777 tmp /tmp")?;
    let log = directory.join("output.log");
    let logs = directory.join("logs");
    if job.keep {
        fs::create_dir_all(&logs).doing(|| format!("create {}", logs.display()))?;
    }
    let mut running = match python.take() {
        Some(python) => python,
        None => Python::start()?,
    };
    let until = Duration::from_secs(PATIENCE).saturating_mul(FILES);
    let ended = running.run(name, &log, job.keep.then_some(logs.as_path()), until)?;
    // One that hangs is of no use for the next directory.
    *python = ended.then_some(running);
    clear();
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    let messages = output_of(&mut command("busybox", ["dmesg"]))?;
    fs::write(directory.join("dmesg.log"), messages).doing(|| "write the kernel's log".into())?;
    let functions = output::functions(&text);
    let failed: Vec<_> =
        functions.iter().filter(|function| function.outcome == output::Outcome::Failed).collect();
    let verdict = match (ended, functions.is_empty(), failed.is_empty()) {
        (false, ..) => Verdict::Failed("it did not end".to_owned()),
        (_, true, _) => Verdict::Failed(format!("no test ran:\n{}", crate::command::last_lines(&text, 12))),
        (_, _, false) => Verdict::Failed(format!("{} of {} failed", failed.len(), functions.len())),
        _ => Verdict::Passed,
    };
    output_of(command("cp", ["-r"]).arg(&directory).arg(job.kept(name)))?;
    let _ = fs::remove_dir_all(&directory);
    let figures = functions.iter().map(Function::to_json).collect();
    let figures = serde_json::Map::from_iter([(FUNCTIONS.to_owned(), Value::Array(figures))]);
    Ok(Outcome { guest: started.elapsed(), figures, ..Outcome::new(name, verdict) })
}

/// Takes down what the tests have left: what is not there cannot be, which is as good.
fn clear() {
    for name in REMAINS {
        let _ = output_of(&mut command("busybox", ["killall", "-q", "-9", name]));
    }
    let namespaces = output_of(&mut command("ip", ["netns", "list"])).unwrap_or_default();
    for namespace in namespaces.lines().filter_map(|line| line.split_whitespace().next()) {
        let _ = words(&format!("ip netns del {namespace}"));
    }
    std::thread::sleep(Duration::from_secs(1));
    // A hostapd that was killed leaves its sockets, and nobody answers who is asked there.
    let _ = fs::remove_dir_all(SOCKETS);
    let removed = radio::remove();
    if let Err(failure) = removed {
        eprintln!("{failure}");
    }
    let _ = words("umount -l /tmp");
}

impl From<output::Outcome> for &'static str {
    fn from(outcome: output::Outcome) -> Self {
        match outcome {
            output::Outcome::Passed => "passed",
            output::Outcome::Failed => "failed",
            output::Outcome::Skipped => "skipped",
        }
    }
}

/// A suite that is none is told before anything is begun.
pub(crate) fn directories(suite: &Path) -> Result<Vec<String>> {
    let tests = suite.join("autotests");
    let entries = fs::read_dir(&tests).doing(|| format!("list {}", tests.display()))?;
    let named = entries.flatten().filter(|entry| entry.path().join("hw.conf").is_file());
    let mut names: Vec<_> = named.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    match names.is_empty() {
        true => Err(Failure::Usage(format!("{} holds no tests", tests.display()))),
        false => Ok(names),
    }
}
