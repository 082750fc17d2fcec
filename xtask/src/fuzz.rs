//! `cargo xtask fuzz`: the targets of the folder `fuzz`, which is a workspace of its own.

use crate::command::{command, exists, last_lines, output, run, seconds, workspace};
use crate::failure::{Doing, Failure, Result};
use lexopt::prelude::*;
use std::ffi::OsStr;
use std::fmt::Write;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const HELP: &str = "\
Fuzzes one target, or all. Needs a C++ compiler.

Usage: cargo xtask fuzz TARGET [--seconds N] [-- LIBFUZZER OPTIONS]
       cargo xtask fuzz all [--seconds N] [--jobs N] [--table] [-- LIBFUZZER OPTIONS]

  --seconds N   how long for each target: without it, one target runs until it is stopped, all for 12 s each
  --jobs N      how many targets at a time (1)
  --table       write the result to docs/fuzzing.md
";

/// How long each target is fuzzed when everything is tested: enough to find what is broken, not what is subtle.
const SMOKE_SECONDS: u32 = 2;
/// With what, when everything is tested: always the same inputs in the same order, so that a change is judged by what
/// it did and not by luck. What chance finds is looked for by `cargo xtask fuzz all`, which begins elsewhere each time.
const SMOKE_OPTIONS: [&str; 2] = ["-seed=1", "-runs=50000"];
/// How many targets at a time when everything is tested: what a small machine has.
const SMOKE_JOBS: usize = 2;
/// How long each target is fuzzed for the table.
const USUAL_SECONDS: u32 = 12;

const TABLE: &str = "docs/fuzzing.md";
/// What stands above it in the file is written by people.
const MARK: &str = "<!-- Below: cargo xtask fuzz all --table -->\n";

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut target, mut options, mut time, mut jobs, mut table) = (None, Vec::new(), None, 1, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) if target.is_none() => target = Some(word.string()?),
            Value(word) => options.push(word.string()?),
            Long("seconds") => time = Some(arguments.value()?.parse()?),
            Long("jobs") => jobs = arguments.value()?.parse()?,
            Long("table") => table = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    match target.as_deref() {
        None => Err(Failure::Usage("which target? See `cargo xtask fuzz --help`".into())),
        Some("all") => {
            let runs = all(time.unwrap_or(USUAL_SECONDS), jobs, &options)?;
            if table {
                write_table(&runs)?;
            }
            judge(&runs)
        }
        Some(name) => {
            let limit = time.map(limit);
            run(script(name)?.args(limit).args(options))
        }
    }
}

/// Each target for some seconds, beginning with its seeds, the same way each time.
pub(crate) fn smoke() -> Result<()> {
    judge(&all(SMOKE_SECONDS, SMOKE_JOBS, &SMOKE_OPTIONS)?)
}

/// What came of one target.
struct Run {
    target: String,
    reads: String,
    executions: u64,
    taken: Duration,
    /// How it ended, and its last words, if it found something.
    failed: Option<(ExitStatus, String)>,
}

/// Runs every target, so many at a time.
fn all(time: u32, jobs: usize, options: &[impl AsRef<OsStr> + Sync]) -> Result<Vec<Run>> {
    let binary = output(&mut script("binary")?)?;
    let binary = binary.trim();
    let list = output(&mut script("list")?)?;
    let targets = list.lines().filter_map(|line| line.split_once('\t'));
    let (waiting, runs) = (Mutex::new(targets), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1))
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let next = waiting.lock().map(|mut waiting| waiting.next());
                        let Ok(Some((target, reads))) = next else { return Ok(()) };
                        let run = fuzz(binary, target, reads, time, options)?;
                        let verdict = if run.failed.is_some() { "FAILED" } else { "" };
                        eprintln!("    {target:40} {:>9} executions {verdict}", run.executions);
                        if let Ok(mut runs) = runs.lock() {
                            runs.push(run);
                        }
                    }
                })
            })
            .collect();
        let died = |_| Failure::unmet("every target is fuzzed", "a worker panicked");
        workers.into_iter().try_for_each(|worker| worker.join().map_err(died)?)
    })?;
    let mut runs = runs.into_inner().unwrap_or_default();
    runs.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(runs)
}

fn fuzz(binary: &str, target: &str, reads: &str, time: u32, options: &[impl AsRef<OsStr>]) -> Result<Run> {
    let started = Instant::now();
    let mut command = script(target)?;
    command.env("LAPWING_FUZZ_BINARY", binary).args([limit(time), "-verbosity=0".into()]).args(options);
    let result = command.stdin(Stdio::null()).output().doing(|| format!("start `fuzz/run {target}`"))?;
    let said = String::from_utf8_lossy(&result.stderr);
    let executions = executions(&said);
    // A run that says nothing of its executions is no run.
    let failed = !result.status.success() || executions == 0;
    Ok(Run {
        target: target.to_owned(),
        reads: reads.to_owned(),
        executions,
        taken: started.elapsed(),
        failed: failed.then(|| (result.status, last_lines(&said, 60))),
    })
}

/// How many inputs libFuzzer says it has tried.
fn executions(said: &str) -> u64 {
    let count = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}

/// Says how much was tried, and fails if anything was found.
fn judge(runs: &[Run]) -> Result<()> {
    if runs.is_empty() {
        return Err(Failure::unmet("there are fuzz targets", "none"));
    }
    let taken: Duration = runs.iter().map(|run| run.taken).sum();
    let executions: u64 = runs.iter().map(|run| run.executions).sum();
    eprintln!("    {} targets, {executions} executions in {} of fuzzing", runs.len(), seconds(taken));
    let mut guilty = Vec::new();
    for run in runs {
        if let Some((status, said)) = &run.failed {
            eprintln!("\n{}: {status}\n{said}", run.target);
            guilty.push(run.target.as_str());
        }
    }
    match guilty.is_empty() {
        true => Ok(()),
        false => {
            let guilty = guilty.join(", ");
            Err(Failure::unmet("no target finds anything (inputs are in fuzz/artifacts)", guilty))
        }
    }
}

fn write_table(runs: &[Run]) -> Result<()> {
    let path = workspace().join(TABLE);
    let text = std::fs::read_to_string(&path).doing(|| format!("read {TABLE}"))?;
    let above = text.split(MARK).next().unwrap_or_default();
    let date = output(&mut command("date", ["-u", "+%F"]))?;
    std::fs::write(&path, format!("{above}{MARK}\n{}", table(runs, date.trim())))
        .doing(|| format!("write {TABLE}"))
}

fn table(runs: &[Run], date: &str) -> String {
    let mut table = String::from(
        "| target | what it reads | executions | seconds | findings | date |\n|---|---|--:|--:|---|---|\n",
    );
    let mut line = |name: &str, reads: &str, executions: u64, taken: Duration, found: &str| {
        let taken = taken.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {name} | {reads} | {executions} | {taken:.0} | {found} | {date} |");
    };
    for run in runs {
        let found = if run.failed.is_some() { "**yes**" } else { "none" };
        line(&format!("`{}`", run.target), &run.reads, run.executions, run.taken, found);
    }
    let found = runs.iter().filter(|run| run.failed.is_some()).count().to_string();
    let executions = runs.iter().map(|run| run.executions).sum();
    line(&format!("{} targets", runs.len()), "", executions, runs.iter().map(|run| run.taken).sum(), &found);
    table
}

fn script(target: &str) -> Result<Command> {
    if !exists("c++") && !exists("g++") {
        return Err(Failure::Usage("fuzzing needs a C++ compiler. As root: apt-get install g++".into()));
    }
    let script = workspace().join("fuzz/run");
    Ok(command(&script.to_string_lossy(), [target]))
}

fn limit(seconds: u32) -> String {
    format!("-max_total_time={seconds}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read_and_their_absence_is_none() {
        assert_eq!(executions("Done\nstat::number_of_executed_units: 4953\nstat::x: 1\n"), 4953);
        assert_eq!(executions("deadly signal"), 0);
    }

    #[test]
    fn a_finding_is_in_the_table_and_fails_the_stage() {
        let run = |name: &str, failed| Run {
            target: name.into(),
            reads: "octets".into(),
            executions: 5,
            taken: Duration::from_secs(2),
            failed,
        };
        let status = ExitStatus::default();
        let runs = [run("a", None), run("b", Some((status, String::new())))];
        let table = table(&runs, "2000-01-01");
        assert!(table.contains("| `b` | octets | 5 | 2 | **yes** | 2000-01-01 |"), "{table}");
        assert!(table.ends_with("| 2 targets |  | 10 | 4 | 1 | 2000-01-01 |\n"), "{table}");
        assert!(judge(&runs).is_err() && judge(&runs[..1]).is_ok() && judge(&[]).is_err());
    }
}
