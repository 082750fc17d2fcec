//! Scenarios on a real kernel: the side of the host.
//!
//! Two machines share the list. A guest claims a scenario by making a folder of its name in `claims`, runs it, and
//! leaves a file in `results`: so a machine that dies costs one scenario, and a new one goes on with the rest.

mod figures;
mod image;
mod initrd;
mod job;
mod kernel;
mod machine;
mod modules;
mod table;

pub(crate) use image::{Image, Purpose};
pub(crate) use job::{IN_GUEST, Job, Outcome, Verdict};
pub(crate) use kernel::Kernel;
pub(crate) use machine::{Clock, Machine};

use crate::command::{Step, cargo, last_lines, run, seconds, target_directory};
use crate::failure::{Doing, Failure, Result};
use crate::guest::scenarios::Scenario;
use crate::guest::{Kind, TRANSCRIPT, scenarios};
use lexopt::prelude::*;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const HELP: &str = "\
Runs scenarios on a real kernel in a virtual machine, with virtual radios and Debian's hostapd.

Usage: cargo xtask lab [OPTIONS] [SCENARIO…]

  SCENARIO          a name, or the start of names; without one, all run that need no image of their own
  --managers        those too that have NetworkManager and the like in them, which are in an image of their own
  --list            print the scenarios and what each shows
  --filter TEXT     only scenarios whose name contains TEXT
  --kernel NAME     newest, stable (Debian's stable series) or both; without it, each scenario runs on those that it
                    names itself
  --station NAME    who takes the station's part: lapwing (the default), iwd, wpa_supplicant
  --table           run them with each of the three, and print a table of the results in Markdown, with a column for
                    each station and kernel
  --transcript NAME run the scenario of a client (iwctl or lapwing) and print what was typed and shown
  --keep            keep logs and captures of passed scenarios too
  --json            print the results as JSON
  --jobs N          machines at a time (default: one per processor, at most 2)
  --count N         how often scenarios that count do what they count (switches, reassociate), instead of twice
  --real-time       let the guest's clock follow the host's, with KVM where there is one
  --help            print this

Logs and captures are kept in target/lab/run/kept, those of peers and of the other kernel in
target/lab/run-NAME/kept. The image is kept in /var/cache/lapwing-lab for root, in ~/.cache/lapwing-lab for others, or in $LAPWING_LAB_CACHE.
";

/// A scenario that takes longer than this hangs, whatever it waits for: its own waits pass in virtual time.
const PATIENCE: Duration = Duration::from_secs(300);

/// Those with other programs of a system do much in one scenario, and start large programs often.
const MANAGERS_PATIENCE: Duration = Duration::from_secs(1200);

/// As many rounds of what is counted take this much longer.
const ROUNDS_IN_PATIENCE: usize = 5;

/// What a run of the lab is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) names: Vec<String>,
    /// The kernels on which all are to run, instead of those that each names itself.
    pub(crate) kernels: Option<Vec<Kernel>>,
    pub(crate) station: Kind,
    pub(crate) keep: bool,
    pub(crate) machines: usize,
    pub(crate) real_time: bool,
    /// How long one scenario may take here.
    pub(crate) patience: Duration,
    /// How often a scenario that counts does what it counts; as often as it likes by itself if none.
    pub(crate) rounds: Option<usize>,
}

impl Options {
    /// The named scenarios with our daemon; one machine per processor, but no more than two.
    pub(crate) fn new(names: Vec<String>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let machines = processors.min(2);
        Self {
            names,
            kernels: None,
            station: Kind::Lapwing,
            keep: false,
            machines,
            real_time: false,
            patience: PATIENCE,
            rounds: None,
        }
    }

    /// The scenarios that run on a kernel.
    fn on(&self, kernel: Kernel) -> Vec<String> {
        let runs = |name: &&String| match &self.kernels {
            Some(kernels) => kernels.contains(&kernel),
            None => scenarios::all().any(|known| known.name == **name && known.kernels.contains(&kernel)),
        };
        self.names.iter().filter(runs).cloned().collect()
    }
}

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let mut options = Options::new(Vec::new());
    let (mut wanted, mut filter, mut list, mut json) = (Vec::new(), String::new(), false, false);
    let (mut table, mut transcript, mut managers) = (false, None, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(name) => wanted.push(name.string()?),
            Long("list") => list = true,
            Long("managers") => managers = true,
            Long("filter") => filter = arguments.value()?.string()?,
            Long("keep") => options.keep = true,
            Long("json") => json = true,
            Long("jobs") => options.machines = arguments.value()?.parse::<usize>()?.max(1),
            Long("count") => options.rounds = Some(arguments.value()?.parse::<usize>()?.max(1)),
            Long("real-time") => options.real_time = true,
            Long("kernel") => {
                options.kernels = match arguments.value()?.string()?.as_str() {
                    "both" => Some(Kernel::ALL.to_vec()),
                    name => Some(vec![name.parse()?]),
                }
            }
            Long("station") => options.station = arguments.value()?.parse()?,
            Long("table") => table = true,
            Long("transcript") => transcript = Some(arguments.value()?.string()?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    for name in &wanted {
        if !scenarios::all().any(|scenario| scenario.name.starts_with(name.as_str())) {
            return Err(Failure::Usage(format!("no scenario is named {name}: see `cargo xtask lab --list`")));
        }
    }
    let usual = |scenario: &Scenario| list || managers || scenario.image == Purpose::Scenarios;
    let chosen = |scenario: &&Scenario| {
        let asked_for = match wanted.is_empty() {
            true => usual(scenario),
            false => wanted.iter().any(|start| scenario.name.starts_with(start.as_str())),
        };
        asked_for && scenario.name.contains(&filter)
    };
    let chosen: Vec<_> = scenarios::all().filter(chosen).collect();
    if list {
        for scenario in chosen {
            let also = if scenario.kernels.contains(&Kernel::Stable) { " [both kernels]" } else { "" };
            let image = if scenario.image == Purpose::Managers { " [--managers]" } else { "" };
            println!("{:28} {}{also}{image}", scenario.name, scenario.about);
        }
        return Ok(());
    }
    if let Some(name) = transcript {
        if !scenarios::all().any(|scenario| scenario.name == name) {
            return Err(Failure::Usage(format!("no scenario is named {name}: see `cargo xtask lab --list`")));
        }
        return print_transcript(&Options { names: vec![name], keep: true, ..options });
    }
    options.names = chosen.iter().map(|scenario| scenario.name.to_owned()).collect();
    if table {
        return table::print(&options, &chosen);
    }
    let report = run_scenarios(&options)?;
    match json {
        true => println!("{}", report.to_json()),
        false => report.print(),
    }
    report.into_result()
}

/// Runs the scenario of a client and prints what a person would have seen.
fn print_transcript(options: &Options) -> Result<()> {
    let report = run_scenarios(options)?;
    for run in report.runs.iter().take(1) {
        for outcome in &run.outcomes {
            let place = run.kept.join(&outcome.name).join(TRANSCRIPT);
            print!("{}", fs::read_to_string(&place).doing(|| format!("read {}", place.display()))?);
        }
    }
    report.into_result()
}

/// What came out of the scenarios, on one kernel after the other.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) runs: Vec<Run>,
    pub(crate) versions: String,
    took: Duration,
}

/// What came out on one kernel.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) kernel: Kernel,
    /// Its version.
    version: String,
    pub(crate) outcomes: Vec<Outcome>,
    /// The folder with what the scenarios have left.
    pub(crate) kept: PathBuf,
}

impl Run {
    fn verdict(&self, name: &str) -> Option<&Verdict> {
        self.outcomes.iter().find(|outcome| outcome.name == name).map(|outcome| &outcome.verdict)
    }

    fn print(&self) {
        println!("\nkernel {}", self.version);
        for outcome in &self.outcomes {
            let times = format!("{:>7} of {:>6}", seconds(outcome.real), seconds(outcome.guest));
            println!("{} {:28} {times}", outcome.verdict.mark(), outcome.name);
            figures::singles(&outcome.figures).iter().for_each(|line| println!("    {line}"));
            if let Some(text) = outcome.verdict.text() {
                println!("    {}", text.replace('\n', "\n    "));
            }
            if matches!(outcome.verdict, Verdict::Failed(_)) {
                println!("    logs and captures: {}", self.kept.join(&outcome.name).display());
            }
        }
        print!("{}", figures::tables(self));
    }

    fn to_json(&self) -> serde_json::Value {
        let outcomes: Vec<_> = self.outcomes.iter().map(Outcome::to_json).collect();
        serde_json::json!({
            "kernel": self.kernel.name(),
            "version": self.version,
            "kept": self.kept,
            "scenarios": outcomes,
        })
    }
}

impl Report {
    fn count(&self, is: fn(&Verdict) -> bool) -> usize {
        let outcomes = self.runs.iter().flat_map(|run| &run.outcomes);
        outcomes.filter(|outcome| is(&outcome.verdict)).count()
    }

    fn print(&self) {
        self.runs.iter().for_each(Run::print);
        println!("\n{} (each: real time of guest's time)\n{}", self.versions, self.summary());
    }

    /// The closing line.
    pub(crate) fn summary(&self) -> String {
        let skipped = match self.count(|verdict| matches!(verdict, Verdict::Skipped(_))) {
            0 => String::new(),
            count => format!(", {count} skipped"),
        };
        let passed = self.count(|verdict| matches!(verdict, Verdict::Passed));
        let failed = self.count(|verdict| matches!(verdict, Verdict::Failed(_)));
        format!("{passed} passed, {failed} failed{skipped} in {}", seconds(self.took))
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "versions": self.versions,
            "seconds": self.took.as_secs_f64(),
            "runs": self.runs.iter().map(Run::to_json).collect::<Vec<_>>(),
        })
    }

    /// A run with a failure, or with nothing that passed, is a failure.
    pub(crate) fn into_result(self) -> Result<()> {
        match self.count(|verdict| matches!(verdict, Verdict::Failed(_))) {
            0 => Ok(()),
            _ => Err(Failure::Usage(self.summary())),
        }
    }
}

/// Runs scenarios, with as many machines as asked for, on one kernel after the other.
pub(crate) fn run_scenarios(options: &Options) -> Result<Report> {
    let images = Images::obtain(&options.names)?;
    let started = Instant::now();
    let on_medium = |name: &String| scenarios::all().any(|known| known.name == *name && known.on_medium);
    let programs = build(options.names.iter().any(on_medium))?;
    eprintln!("    {}", images.versions().replace('\n', "\n    "));
    let mut runs = Vec::new();
    for kernel in Kernel::ALL {
        let names = options.on(kernel);
        if !names.is_empty() {
            let options = Options { names, ..options.clone() };
            runs.push(run_on(kernel, &images, &programs, &options)?);
        }
    }
    Ok(Report { runs, versions: images.versions(), took: started.elapsed() })
}

/// The images that scenarios need, each with the names of those that need it.
#[derive(Debug)]
struct Images(Vec<(Purpose, Image, Vec<String>)>);

impl Images {
    fn obtain(names: &[String]) -> Result<Self> {
        let mut images = Vec::new();
        for purpose in [Purpose::Scenarios, Purpose::Managers] {
            let needs =
                |name: &&String| scenarios::all().any(|known| known.name == **name && known.image == purpose);
            let names: Vec<_> = names.iter().filter(needs).cloned().collect();
            if !names.is_empty() {
                images.push((purpose, Image::obtain(purpose)?, names));
            }
        }
        Ok(Self(images))
    }

    /// A line for each.
    fn versions(&self) -> String {
        self.0.iter().map(|(_, image, _)| image.versions()).collect::<Vec<_>>().join("\n")
    }

    /// The version of a kernel, or the versions: images may be of different days.
    fn kernel_version(&self, kernel: Kernel) -> String {
        let mut versions: Vec<_> = self.0.iter().map(|(_, image, _)| image.kernel_version(kernel)).collect();
        versions.dedup();
        versions.join(" and ")
    }
}

fn run_on(kernel: Kernel, images: &Images, programs: &[Program], options: &Options) -> Result<Run> {
    let mut folder = "lab/run".to_owned();
    if options.station != Kind::Lapwing {
        folder = format!("{folder}-{}", options.station.name());
    }
    if kernel != Kernel::default() {
        folder = format!("{folder}-{kernel}");
    }
    let job = prepare(&folder, options, programs)?;
    let kept = job.directory().join(job::KEPT);
    let (count, station) = (options.names.len(), options.station.name());
    let version = images.kernel_version(kernel);
    let step = Step::begin(format!("{count} scenarios, station {station}, kernel {version}"));
    for (purpose, image, names) in &images.0 {
        let names: Vec<_> = options.names.iter().filter(|name| names.contains(name)).cloned().collect();
        if !names.is_empty() {
            let patience = match purpose {
                Purpose::Managers => options.patience.max(MANAGERS_PATIENCE),
                Purpose::Scenarios | Purpose::PublicTests => options.patience,
            };
            let options = Options { names, patience, ..options.clone() };
            drive(image, kernel, &job.part(&options)?, &options)?;
        }
    }
    let outcomes: Vec<_> = options.names.iter().map(|name| job.outcome(name)).collect();
    match outcomes.iter().filter(|outcome| matches!(outcome.verdict, Verdict::Failed(_))).count() {
        0 => {
            step.done();
        }
        failed => step.failed(&format!("{failed} failed")),
    }
    Ok(Run { kernel, version, outcomes, kept })
}

/// Has machines do what a job names, until nothing is left.
pub(crate) fn drive(image: &Image, kernel: Kernel, job: &Job, options: &Options) -> Result<()> {
    let machines = options.machines.min(options.names.len());
    let failures: Vec<Failure> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..machines)
            .map(|number| scope.spawn(move || work(image, kernel, job, number, options)))
            .collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended
            .filter_map(|end| end.unwrap_or_else(|_| Err(Failure::Usage("a worker broke".into()))).err())
            .collect()
    });
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// Boots machines, one after another, until no scenario is left.
fn work(image: &Image, kernel: Kernel, job: &Job, number: usize, options: &Options) -> Result<()> {
    let clock = if options.real_time { Clock::Real } else { Clock::Virtual };
    let mut boots_in_vain = 0;
    while job.has_unclaimed() {
        let mut machine = Machine::boot(image, kernel, number, job.directory(), clock)?;
        let more = options.rounds.unwrap_or(0) / ROUNDS_IN_PATIENCE;
        let patience = options.patience.saturating_mul(u32::try_from(1 + more).unwrap_or(u32::MAX));
        let end = watch(&mut machine, job, number, patience);
        let Some(name) = job.running_on(number) else {
            // The guest says goodbye by running nothing; one that never got there is a broken image.
            boots_in_vain += usize::from(end.is_some());
            if boots_in_vain > 1 {
                let console = last_lines(&machine.console(), 30);
                return Err(Failure::Usage(format!("the virtual machine does not boot:\n{console}")));
            }
            continue;
        };
        let how = end.unwrap_or("the machine stopped in the middle of the scenario");
        let console = machine.console();
        job.keep(&name, "console.log", &console)?;
        let text = format!("{how}; the end of its console:\n{}", last_lines(&console, 30));
        let outcome = Outcome::failed(&name, text);
        announce(&outcome);
        job.finish(&outcome, number)?;
    }
    Ok(())
}

/// Waits until the machine ends, telling what it finishes. Says what was wrong when it had to be stopped.
fn watch(machine: &mut Machine, job: &Job, number: usize, patience: Duration) -> Option<&'static str> {
    let mut last = Instant::now();
    let before = job.finished_by(number).len();
    let mut finished = before;
    loop {
        let running = machine.is_running();
        let outcomes = job.finished_by(number);
        for outcome in outcomes.iter().skip(finished) {
            announce(outcome);
        }
        if outcomes.len() != finished {
            (finished, last) = (outcomes.len(), Instant::now());
        }
        if !running {
            return (finished == before).then_some("the machine stopped before it had run anything");
        }
        if last.elapsed() > patience {
            return Some("the machine hangs");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Says how a scenario ended, and of a failure the beginning of its reason: who reads the output while it comes, or has
/// but a part of it, need not wait for its end.
fn announce(outcome: &Outcome) {
    eprintln!("    {} {} ({})", outcome.verdict.mark(), outcome.name, seconds(outcome.real));
    if let Verdict::Failed(text) = &outcome.verdict {
        text.lines().take(REASON).for_each(|line| eprintln!("         {line}"));
    }
}

/// How many lines of a reason are said at once.
const REASON: usize = 4;

/// A program to be found in the guest: where it is here, and its name there.
pub(crate) type Program = (PathBuf, &'static str);

/// Builds what runs in the guest; the medium only if it is wanted.
pub(crate) fn build(medium: bool) -> Result<Vec<Program>> {
    let own = std::env::current_exe().doing(|| "find our own program".into())?;
    let names: Vec<_> =
        ["lapwingd", "lapwing"].into_iter().chain(medium.then_some("lapwing-medium")).collect();
    let step = Step::begin(format!("building {}", names.join(", ")));
    run(cargo(["build", "--quiet", "--release"]).args(names.iter().flat_map(|name| ["--package", name])))?;
    step.done();
    let built = names.iter().map(|name| (target_directory().join("release").join(name), *name));
    Ok([(own, "xtask")].into_iter().chain(built).collect())
}

/// Lays out the shared folder, of this name in the target folder.
pub(crate) fn prepare(folder: &str, options: &Options, programs: &[Program]) -> Result<Job> {
    let job = Job::create(&target_directory().join(folder), options)?;
    for (program, name) in programs {
        let place = job.directory().join("bin").join(name);
        fs::copy(program, place).doing(|| format!("copy {}", program.display()))?;
    }
    Ok(job)
}
