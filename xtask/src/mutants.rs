//! `cargo xtask mutants`: puts deliberate faults into a copy of the sources, one at a time, and lets the explorer
//! look for each.

use crate::command::{Step, command, output, run, seconds, target_directory, workspace};
use crate::failure::{Doing, Failure, Result};
use lexopt::prelude::*;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const HELP: &str = "\
Puts the faults of xtask/mutants.txt into a copy of the sources, one at a time, builds the copy, and lets the explorer
look for each. Fails if one is not found, or if its text does not stand in the sources any more.

Usage: cargo xtask mutants [--check] [NAME]…

  --check  only see whether each can still be put in
";

/// What the explorer is told, besides the seed. With no fault it finds nothing by this, as the first run shows.
const ARGUMENTS: &[&str] =
    &["--json", "world", "explore", "--states", "150000", "--walks", "400", "--settle-every", "100"];

/// A deliberate fault.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mutant {
    name: String,
    sentence: String,
    changes: Vec<Change>,
}

/// A text, and the one in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    file: PathBuf,
    from: String,
    to: String,
}

/// How the explorer fared with a fault.
struct Caught {
    rule: String,
    steps: usize,
    after: Duration,
}

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut check, mut names) = (false, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("check") => check = true,
            Value(name) => names.push(name.string()?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let list = workspace().join("xtask/mutants.txt");
    let text = fs::read_to_string(&list).doing(|| format!("read {}", list.display()))?;
    let mutants = parse(&text).map_err(Failure::Usage)?;
    if let Some(name) = names.iter().find(|name| mutants.iter().all(|mutant| mutant.name != **name)) {
        return Err(Failure::Usage(format!("no fault is named {name}: see xtask/mutants.txt")));
    }
    for mutant in &mutants {
        for change in &mutant.changes {
            mutated(workspace(), change).map_err(|why| Failure::Usage(format!("{}: {why}", mutant.name)))?;
        }
    }
    if check {
        println!("{} faults can be put in", mutants.len());
        return Ok(());
    }
    let scratch = target_directory().join("mutants");
    copy(&scratch)?;
    let mut missed = Vec::new();
    let step = Step::begin("no fault");
    if let Some(caught) = explored(&scratch)? {
        return Err(Failure::unmet("no rule is broken without a fault", caught.rule));
    }
    step.done();
    println!("| fault | what is wrong | broken rule | steps | found after |\n|---|---|---|---|---|");
    for mutant in mutants.iter().filter(|mutant| names.is_empty() || names.contains(&mutant.name)) {
        let originals = put_in(&scratch, mutant)?;
        let outcome = explored(&scratch);
        for (path, text) in originals {
            fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        }
        let Mutant { name, sentence, .. } = mutant;
        match outcome? {
            Some(Caught { rule, steps, after }) => {
                println!("| {name} | {sentence} | {rule} | {steps} | {} |", seconds(after));
            }
            None => {
                println!("| {name} | {sentence} | **not found** | | |");
                missed.push(name.as_str());
            }
        }
    }
    match missed.as_slice() {
        [] => Ok(()),
        missed => Err(Failure::unmet("the explorer finds each fault", format!("not {}", missed.join(", ")))),
    }
}

/// The faults of a list.
fn parse(text: &str) -> std::result::Result<Vec<Mutant>, String> {
    let mut mutants: Vec<Mutant> = Vec::new();
    let mut file = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let wrong = |what: &str| format!("xtask/mutants.txt, line {}: {what}", number + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        } else if let Some(name) = line.strip_prefix("== ") {
            let (_, sentence) = lines.next().ok_or_else(|| wrong("the sentence is missing"))?;
            mutants.push(Mutant { name: name.into(), sentence: sentence.into(), changes: Vec::new() });
            file = None;
        } else if let Some(path) = line.strip_prefix("-- ") {
            file = Some(PathBuf::from(path));
        } else if line == "<<<" {
            let mut until = |end: &str| {
                let mut block = String::new();
                for (_, line) in lines.by_ref() {
                    if line == end {
                        return Some(block);
                    }
                    block += line;
                    block.push('\n');
                }
                None
            };
            let (from, to) = until("===").zip(until(">>>")).ok_or_else(|| wrong("the block has no end"))?;
            let file = file.clone().ok_or_else(|| wrong("the file is missing"))?;
            let mutant = mutants.last_mut().ok_or_else(|| wrong("the name is missing"))?;
            mutant.changes.push(Change { file, from, to });
        } else {
            return Err(wrong("this is no part of a fault"));
        }
    }
    Ok(mutants)
}

/// The file with the change, and how it was.
fn mutated(root: &Path, change: &Change) -> std::result::Result<(PathBuf, String, String), String> {
    let path = root.join(&change.file);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    // The last line may stand in the midst of one.
    let from = change.from.trim_end_matches('\n');
    match text.matches(from).count() {
        1 => Ok((path, text.replacen(from, change.to.trim_end_matches('\n'), 1), text)),
        count => {
            Err(format!("its text stands {count} times in {}, not once:\n{from}", change.file.display()))
        }
    }
}

/// Puts a fault in. The files as they were are returned, the one that was changed last first.
fn put_in(root: &Path, mutant: &Mutant) -> Result<Vec<(PathBuf, String)>> {
    let mut originals = Vec::new();
    for change in &mutant.changes {
        let (path, changed, original) = mutated(root, change).map_err(Failure::Usage)?;
        fs::write(&path, changed).doing(|| format!("write {}", path.display()))?;
        originals.insert(0, (path, original));
    }
    Ok(originals)
}

/// A copy of all that git knows.
fn copy(scratch: &Path) -> Result<()> {
    let mut list = command("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let files = output(list.current_dir(workspace()))?;
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (workspace().join(file), scratch.join(file));
        let Ok(text) = fs::read(&from) else { continue };
        // What has not changed keeps its time, so that it is not built again.
        if fs::read(&to).is_ok_and(|there| there == text) {
            continue;
        }
        let directory = to.parent().unwrap_or(scratch);
        fs::create_dir_all(directory).doing(|| format!("make {}", directory.display()))?;
        fs::write(&to, text).doing(|| format!("write {}", to.display()))?;
    }
    Ok(())
}

/// Builds the copy and explores: the first rule that is broken.
fn explored(scratch: &Path) -> Result<Option<Caught>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let built = scratch.join("target");
    let mut build = command(&cargo, ["build", "--quiet", "--profile", "explore", "--package", "lapwing"]);
    build.current_dir(scratch).env("CARGO_TARGET_DIR", &built).env("RUSTFLAGS", "--cap-lints=allow");
    run(&mut build)?;
    let began = Instant::now();
    let mut explorer = command(&built.join("explore/lapwing").to_string_lossy(), ARGUMENTS);
    let mut explorer = explorer
        .args(["--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .doing(|| String::from("start the explorer"))?;
    let mut caught = None;
    if let Some(lines) = explorer.stdout.take() {
        for line in BufReader::new(lines).lines() {
            let line = line.doing(|| String::from("read what the explorer says"))?;
            let result: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let found = ["/failure", "/failures/0"]
                .iter()
                .filter_map(|place| result.pointer(place))
                .find(|found| found.is_object());
            if let Some(found) = found {
                let rule = found.get("rule").and_then(|rule| rule.as_str()).unwrap_or_default().to_owned();
                let steps = found.get("schedule").and_then(|steps| steps.as_array()).map_or(0, Vec::len);
                caught = Some(Caught { rule, steps, after: began.elapsed() });
                break;
            }
        }
    }
    // One is enough.
    let _ended = explorer.kill();
    explorer.wait().doing(|| String::from("wait for the explorer"))?;
    Ok(caught)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_put_in() {
        let mutants = parse(include_str!("../mutants.txt")).unwrap();
        assert!(mutants.len() >= 15);
        for mutant in &mutants {
            assert!(!mutant.changes.is_empty(), "{}", mutant.name);
            for change in &mutant.changes {
                mutated(workspace(), change).unwrap_or_else(|why| panic!("{}: {why}", mutant.name));
            }
        }
    }

    #[test]
    fn a_list_with_an_error_names_the_line() {
        for (text, line) in [("== a", 1), ("== a\nb\n<<<\n", 3), ("== a\nb\n-- c\n<<<\nx\n", 4), ("x", 1)] {
            assert!(parse(text).unwrap_err().contains(&format!("line {line}:")), "{text}");
        }
    }
}
