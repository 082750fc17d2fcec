//! `cargo xtask bench`: our daemon and its peers measured on one kernel in virtual time, and the benchmarks of the crates.

mod layout;
mod table;

use crate::command::{Step, cargo, last_lines, paint, run, target_directory};
use crate::failure::{Doing, Failure, Result};
use crate::guest::bench::{CALLED, CLAIMS, KEPT, PLAN, PROBES, Part, RESULTS, Subject, hurried, unit};
use crate::lab::{Clock, Image, Kernel, Machine, Purpose};
use layout::Functions;
use lexopt::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const HELP: &str = "\
Measures lapwingd, Debian's iwd and Debian's wpa_supplicant with the same access point in a virtual machine whose clock
counts instructions, and prints how they compare.

Usage: cargo xtask bench [OPTIONS]

  --only PART       one part; may be given more than once: connect, connect-wpa2, connect-sae, connect-owe,
                    connect-one-link, connect-two-links, start, first, address, bus-name, crowd (all with peers);
                    roam-ft-psk, roam-ft-sae, roam-wpa2, roam-sae, roam-full-sae (wpa_supplicant), roam-wished-ft-psk,
                    roam-wished-ft-sae (all with peers); crates (`cargo bench`)
  --rounds N        how often each time is taken (default: 10); ordered roams four times as often
  --daemon NAME     lapwing, iwd or wpa_supplicant; may be given more than once
  --add             keep the figures of the last run for all that is not measured anew
  --json            print the figures as JSON
  --layout          find out instead which functions of lapwingd run, and write them to crates/daemon/layout.txt
  --jobs N          machines at a time (default: one per processor, at most 2)
  --help            print this

Without --only, everything but `cargo bench` is measured.
";

/// A unit that takes longer than this hangs, and so much longer for each round.
const PATIENCE: Duration = Duration::from_secs(600);
const PATIENCE_OF_A_ROUND: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Options {
    parts: Vec<Part>,
    subjects: Vec<Subject>,
    rounds: u64,
    machines: usize,
    add: bool,
    json: bool,
    layout: bool,
}

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (parts, subjects) = (Vec::new(), Vec::new());
    let mut options = Options {
        parts,
        subjects,
        rounds: 10,
        machines: processors.min(2),
        add: false,
        json: false,
        layout: false,
    };
    let mut crates = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => match arguments.value()?.string()?.as_str() {
                "crates" => crates = true,
                start => {
                    let before = options.parts.len();
                    options.parts.extend(Part::ALL.into_iter().filter(|part| part.name().starts_with(start)));
                    if options.parts.len() == before {
                        return Err(Failure::Usage(format!("no part is named {start}: see `--help`")));
                    }
                }
            },
            Long("rounds") => options.rounds = arguments.value()?.parse::<u64>()?.max(1),
            Long("daemon") => options.subjects.push(arguments.value()?.parse()?),
            Long("jobs") => options.machines = arguments.value()?.parse::<usize>()?.max(1),
            Long("add") => options.add = true,
            Long("layout") => options.layout = true,
            Long("json") => options.json = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if crates {
        run(&mut cargo(["bench", "--workspace"]))?;
        if options.parts.is_empty() {
            return Ok(());
        }
    }
    if options.layout {
        // What always runs: one machine counts it all.
        let (subjects, rounds, machines) = (vec![Subject::Lapwing], 1, 1);
        options = Options { parts: Part::LAYOUT.to_vec(), subjects, rounds, machines, ..options };
    }
    if options.parts.is_empty() {
        options.parts = Part::ALL.to_vec();
    }
    if options.subjects.is_empty() {
        options.subjects = Subject::ALL.to_vec();
    }
    let figures = measure(&options)?;
    if options.layout {
        let run = target_directory().join("bench/run");
        let place = run.join(KEPT).join(CALLED);
        let profile = fs::read_to_string(&place).doing(|| format!("read {}", place.display()))?;
        let hurried = units(&options).map(|(part, subject)| {
            let place = run.join(KEPT).join(hurried(&unit(part, subject)));
            fs::read_to_string(&place).doing(|| format!("read {}", place.display()))
        });
        let hurried = hurried.collect::<Result<Vec<_>>>()?;
        let count = Functions::of(&run.join("bin/lapwingd"))?.write(&profile, &hurried)?;
        println!("{count} functions run");
        return figures.complete();
    }
    match options.json {
        true => println!("{}", figures.to_json()),
        false => print!("{}", table::render(&figures)),
    }
    figures.complete()
}

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    versions: String,
    /// By part and daemon: the figures, in the order in which they were taken.
    units: BTreeMap<(Part, Subject), Json>,
}

impl Figures {
    /// The values of one figure. `field` is empty for a figure that is a plain number.
    pub(crate) fn values(&self, part: Part, subject: Subject, name: &str, field: &str) -> Vec<u64> {
        let unit = self.units.get(&(part, subject)).and_then(|unit| unit.get("figures")?.as_array());
        let named = unit.into_iter().flatten().filter(|figure| figure.get("name") == Some(&json!(name)));
        let value = |figure: &Json| match field {
            "" => figure.get("value")?.as_u64(),
            field => figure.get("value")?.get(field)?.as_u64(),
        };
        named.filter_map(value).collect()
    }

    /// Everything, for programs.
    fn to_json(&self) -> Json {
        let raw: BTreeMap<_, _> =
            self.units.iter().map(|((part, subject), value)| (unit(*part, *subject), value)).collect();
        json!({ "versions": self.versions, "lines": table::to_json(self), "measured": raw })
    }

    /// An error if something could not be measured.
    fn complete(&self) -> Result<()> {
        let failed = self.units.iter().filter_map(|((part, subject), value)| {
            Some(format!("{}: {}", unit(*part, *subject), value.get("error")?.as_str()?))
        });
        let failed: Vec<_> = failed.collect();
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::Usage(failed.join("\n"))),
        }
    }
}

/// Measures everything that is asked for, with as many machines as asked for.
fn measure(options: &Options) -> Result<Figures> {
    let image = Image::obtain(Purpose::Scenarios)?;
    let step = Step::begin("building lapwingd and lapwing");
    run(&mut cargo(["build", "--quiet", "--release", "--package", "lapwingd", "--package", "lapwing"]))?;
    step.done();
    let directory = prepare(options)?;
    eprintln!("    {}", image.versions());
    let step = Step::begin(format!("{} measurements", units(options).count()));
    let machines = options.machines.min(units(options).count());
    let rounds = u32::try_from(options.rounds).unwrap_or(u32::MAX);
    let patience = PATIENCE + PATIENCE_OF_A_ROUND.saturating_mul(rounds);
    let ended: Vec<Result<()>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..machines)
            .map(|number| {
                let (image, directory) = (&image, &directory);
                scope.spawn(move || watch(image, directory, number, patience))
            })
            .collect();
        announce(options, &directory, || workers.iter().all(|worker| worker.is_finished()));
        let broken = || Err(Failure::Usage("a worker broke".into()));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| broken())).collect()
    });
    ended.into_iter().collect::<Result<Vec<()>>>()?;
    step.done();
    let read = |(part, subject): (Part, Subject)| {
        let text = fs::read_to_string(directory.join(RESULTS).join(unit(part, subject))).ok();
        let value = text.and_then(|text| serde_json::from_str(&text).ok());
        let asked = units(options).any(|asked| asked == (part, subject));
        let value = value.or_else(|| asked.then(|| json!({ "error": "it left no figures" })));
        value.map(|value| ((part, subject), value))
    };
    let all = Part::ALL.into_iter().flat_map(|part| Subject::ALL.map(|subject| (part, subject)));
    Ok(Figures { versions: image.versions(), units: all.filter_map(read).collect() })
}

fn units(options: &Options) -> impl Iterator<Item = (Part, Subject)> {
    let pairs = |part: Part| options.subjects.iter().map(move |subject| (part, *subject));
    options.parts.iter().copied().flat_map(pairs)
}

/// Lays out the folder that is shared with the guests.
fn prepare(options: &Options) -> Result<PathBuf> {
    let directory = target_directory().join("bench/run");
    let fresh = if options.add { directory.join(CLAIMS) } else { directory.clone() };
    if fresh.exists() {
        fs::remove_dir_all(&fresh).doing(|| format!("remove {}", fresh.display()))?;
    }
    for name in units(options).map(|(part, subject)| unit(part, subject)) {
        // Mostly there is none from the last run.
        let _ = fs::remove_file(directory.join(RESULTS).join(name));
    }
    for name in ["bin", CLAIMS, RESULTS, KEPT] {
        let place = directory.join(name);
        fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
    }
    let own = std::env::current_exe().doing(|| "find our own program".into())?;
    let built = ["lapwingd", "lapwing"].map(|name| (target_directory().join("release").join(name), name));
    for (program, name) in [(own, "xtask")].into_iter().chain(built) {
        let place = directory.join("bin").join(name);
        fs::copy(&program, place).doing(|| format!("copy {}", program.display()))?;
    }
    let probes = directory.join(PROBES);
    if options.layout {
        let program = directory.join("bin/lapwingd");
        let text = Functions::of(&program)?.probes(&program, "/run/bin/lapwingd")?;
        fs::write(&probes, text).doing(|| format!("write {}", probes.display()))?;
    } else if probes.exists() {
        fs::remove_file(&probes).doing(|| format!("remove {}", probes.display()))?;
    }
    let names: Vec<_> = units(options).map(|(part, subject)| unit(part, subject)).collect();
    let plan = json!({ "units": names, "rounds": options.rounds });
    fs::write(directory.join(PLAN), plan.to_string()).doing(|| "write the plan".into())?;
    Ok(directory)
}

/// Runs one machine until it has nothing left to measure.
fn watch(image: &Image, directory: &Path, number: usize, patience: Duration) -> Result<()> {
    let mut machine = Machine::boot(image, Kernel::Newest, number, directory, Clock::Virtual)?;
    let finished = || fs::read_dir(directory.join(RESULTS)).map_or(0, Iterator::count);
    let (mut before, mut last) = (0, Instant::now());
    while machine.is_running() {
        if finished() != before {
            (before, last) = (finished(), Instant::now());
        }
        if last.elapsed() > patience {
            let console = last_lines(&machine.console(), 30);
            return Err(Failure::Usage(format!("the virtual machine hangs:\n{console}")));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let console = machine.console();
    match console.lines().find(|line| line.contains("error:")) {
        Some(_) => Err(Failure::Usage(last_lines(&console, 30))),
        None => Ok(()),
    }
}

/// Tells what is finished, until all is.
fn announce(options: &Options, directory: &Path, ended: impl Fn() -> bool) {
    let mut told = Vec::new();
    loop {
        let last = ended();
        for unit in units(options).map(|(part, subject)| unit(part, subject)) {
            if !told.contains(&unit)
                && let Ok(text) = fs::read_to_string(directory.join(RESULTS).join(&unit))
            {
                let mark =
                    if text.contains("\"error\":null") { paint("done", "32") } else { paint("FAIL", "1;31") };
                eprintln!("    {mark} {unit}");
                told.push(unit);
            }
        }
        if last {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
