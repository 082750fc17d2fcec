//! `cargo xtask autotests`: iwd's own public tests, given from outside, against iwd and against our daemon.
//!
//! Nothing of the suite is here: its tests and the library that they use come from a folder that is named on the command
//! line, and only what is ours is put around them: the virtual machine, the medium, the daemon under the name `iwd`.

mod table;

use crate::command::{Step, command, output, seconds};
use crate::failure::{Doing, Failure, Result};
use crate::guest::Kind;
use crate::guest::autotests::{FUNCTIONS, Function, SUITE, directories};
use crate::lab::{self, Image, Job, Kernel, Options, Purpose};
use lexopt::prelude::*;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const HELP: &str = "\
Runs iwd's own public tests in the lab's virtual machine, with our medium between the radios.

Usage: cargo xtask autotests --suite FOLDER [OPTIONS] [DIRECTORY…]

  DIRECTORY         the name of a directory of tests, or the start of some; without one, all are run
  --suite FOLDER    the sources of iwd, which are not part of this project: of them autotests and tools are used
  --daemon NAME     lapwing (the default), iwd, or both: then a table compares them
  --kernel NAME     newest (the default) or stable
  --jobs N          machines at a time (default: one per processor, at most 2)
  --keep            keep a log of every process
  --json            print the results as JSON
  --list            print the directories
  --help            print this

The output of the tests is kept in target/lab/autotests-NAME/kept.
";

/// How long one directory may take here: an hour of the guest may be minutes.
const PATIENCE: Duration = Duration::from_secs(1200);

/// What became of the directories with one daemon.
#[derive(Clone, Debug)]
struct Run {
    daemon: Kind,
    directories: Vec<Directory>,
}

/// What became of one directory.
#[derive(Clone, Debug)]
struct Directory {
    name: String,
    functions: Vec<Function>,
    /// What was wrong with it as a whole.
    trouble: Option<String>,
}

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut suite, mut wanted) = (None, Vec::new());
    let (mut daemons, mut kernel) = (vec![Kind::Lapwing], Kernel::default());
    let (mut json, mut list) = (false, false);
    let mut options = Options { patience: PATIENCE, ..Options::new(Vec::new()) };
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(name) => wanted.push(name.string()?),
            Long("suite") => suite = Some(PathBuf::from(arguments.value()?)),
            Long("daemon") => {
                daemons = match arguments.value()?.string()?.as_str() {
                    "both" => vec![Kind::Iwd, Kind::Lapwing],
                    "iwd" => vec![Kind::Iwd],
                    "lapwing" => vec![Kind::Lapwing],
                    other => return Err(Failure::Usage(format!("no daemon {other} can be tested so"))),
                }
            }
            Long("kernel") => kernel = arguments.value()?.string()?.parse()?,
            Long("jobs") => options.machines = arguments.value()?.parse::<usize>()?.max(1),
            Long("keep") => options.keep = true,
            Long("json") => json = true,
            Long("list") => list = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let suite = suite.ok_or_else(|| Failure::Usage("say where iwd's sources are: --suite FOLDER".into()))?;
    let names = directories(&suite)?;
    options.names = chosen(names, &wanted);
    if options.names.is_empty() {
        return Err(Failure::Usage("no directory of tests is named so: see --list".into()));
    }
    if list {
        options.names.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    let image = Image::obtain(Purpose::PublicTests)?;
    let programs = lab::build(true)?;
    eprintln!("    {}", image.versions());
    let mut runs = Vec::new();
    for daemon in daemons {
        runs.push(run(daemon, &image, kernel, &programs, &suite, &options)?);
    }
    match json {
        true => println!("{}", table::json(&runs)),
        false => print!("{}", table::markdown(&runs)),
    }
    Ok(())
}

/// The names that are wanted. One that is a whole name means no other that begins with it.
fn chosen(names: Vec<String>, wanted: &[String]) -> Vec<String> {
    let fits = |name: &String, wish: &String| {
        if names.contains(wish) { name == wish } else { name.starts_with(wish.as_str()) }
    };
    let chosen = |name: &&String| wanted.is_empty() || wanted.iter().any(|wish| fits(name, wish));
    names.iter().filter(chosen).cloned().collect()
}

fn run(
    daemon: Kind,
    image: &Image,
    kernel: Kernel,
    programs: &[lab::Program],
    suite: &Path,
    options: &Options,
) -> Result<Run> {
    let options = Options { station: daemon, ..options.clone() };
    let job = lab::prepare(&format!("lab/autotests-{}", daemon.name()), &options, programs)?;
    let place = job.directory().join(SUITE);
    std::fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
    for part in ["autotests", "tools"] {
        output(command("cp", ["-r"]).arg(suite.join(part)).arg(&place))?;
    }
    let step = Step::begin(format!("{} directories of tests with {}", options.names.len(), daemon.name()));
    let started = Instant::now();
    lab::drive(image, kernel, &job, &options)?;
    step.done();
    let directories = options.names.iter().map(|name| directory(&job, name)).collect();
    eprintln!("    {} in {}", daemon.name(), seconds(started.elapsed()));
    Ok(Run { daemon, directories })
}

fn directory(job: &Job, name: &str) -> Directory {
    let outcome = job.outcome(name);
    let list = outcome.figures.get(FUNCTIONS).and_then(Json::as_array);
    let functions: Vec<_> = list.into_iter().flatten().filter_map(Function::from_json).collect();
    let trouble = outcome.verdict.text().filter(|_| functions.is_empty()).map(str::to_owned);
    Directory { name: name.to_owned(), functions, trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_means_one_directory_and_a_start_means_all() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = list(&["testWPA", "testWPA2", "testWPA2-SHA256", "testOpen"]);
        assert_eq!(chosen(all.clone(), &list(&["testWPA2"])), list(&["testWPA2"]));
        assert_eq!(chosen(all.clone(), &list(&["testW", "testOpen"])), all);
        assert_eq!(chosen(all.clone(), &[]), all);
        assert_eq!(chosen(all, &list(&["testSAE"])), list(&[]));
    }
}
