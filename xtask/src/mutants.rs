//! `cargo xtask mutants`: puts deliberate faults into a copy of the sources, one at a time, and lets the explorer
//! look for each.

use crate::command::{Step, command, output, paint, seconds, target_directory, workspace};
use crate::failure::{Doing, Failure, Result};
use lexopt::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const HELP: &str = "\
Puts the faults of xtask/mutants.txt into a copy of the sources, one at a time, builds the copy, and lets the explorer
look for each. Fails if one is not found, or if its text does not stand in the sources any more.

Usage: cargo xtask mutants [--check] [--open] [NAME]…

  --check  only see whether each can still be put in
  --open   look for those, too, that are known not to be found yet, which fails nothing
";

/// What is explored for a fault, after the scene that it names: what is explored if nothing is named, and what begins with a
/// handshake. Without a fault nothing is found in them by these limits, as the first run shows.
const SCENES: &[&str] =
    &["small", "small-handshake+associated", "small-reconnect+associated", "small-links+associated"];
/// The seed, how many states of each scene are seen, of how many one is let settle, and how many walks follow.
const LIMITS: [&str; 4] = ["1", "20000", "100", "0"];

/// Dependencies are optimised and stay as they are. What a fault is in is built each time, which takes longer than the
/// exploration if it is optimised.
const UNOPTIMISED: &[&str] = &["lapwing-frames", "lapwing-core", "lapwing-world"];

/// A deliberate fault.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mutant {
    name: String,
    sentence: String,
    /// The scene that shows it soonest.
    scene: Option<String>,
    /// Why it is not found yet, if it is not.
    open: Option<String>,
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
    scene: String,
    steps: String,
    /// States in all scenes until then.
    states: u64,
    /// Since the explorer began.
    after: Duration,
}

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut check, mut open, mut names) = (false, false, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("check") => check = true,
            Long("open") => open = true,
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
    let step = Step::begin("no fault");
    build(&scratch)?;
    if let Some(caught) = explored(&scratch, None)? {
        return Err(Failure::unmet(
            "no rule is broken without a fault",
            format!("{} in {}", caught.rule, caught.scene),
        ));
    }
    step.done();
    let is_wanted = |mutant: &&Mutant| match names.as_slice() {
        [] => open || mutant.open.is_none(),
        names => names.contains(&mutant.name),
    };
    let wanted: Vec<_> = mutants.iter().filter(is_wanted).collect();
    let (began, mut missed) = (Instant::now(), Vec::new());
    println!("| fault | what is wrong | broken rule | scene | steps | states until then | time |");
    println!("|---|---|---|---|---|---|---|");
    for (done, mutant) in wanted.iter().enumerate() {
        let Mutant { name, sentence, scene, open, .. } = mutant;
        let left = match u32::try_from(done) {
            Ok(done @ 1..) => {
                let rest = u32::try_from(wanted.len()).unwrap_or(done).saturating_sub(done);
                format!(", about {} left", seconds(began.elapsed() / done * rest))
            }
            _ => String::new(),
        };
        eprintln!("{} {name} ({} of {}{left})", paint("==>", "1;36"), done + 1, wanted.len());
        let originals = put_in(&scratch, mutant)?;
        let outcome = build(&scratch).and_then(|()| explored(&scratch, scene.as_deref()));
        for (path, text) in originals {
            fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        }
        match outcome? {
            Some(Caught { rule, scene, steps, states, after }) => {
                let after = seconds(after);
                println!("| `{name}` | {sentence} | `{rule}` | `{scene}` | {steps} | {states} | {after} |");
            }
            None => {
                println!("| `{name}` | {sentence} | **not found** | | | | |");
                missed.extend(open.is_none().then_some(name.as_str()));
            }
        }
    }
    for Mutant { name, open, .. } in &mutants {
        if let Some(why) = open {
            println!("\n`{name}` is not found yet: {why}");
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
            mutants.push(Mutant {
                name: name.into(),
                sentence: sentence.into(),
                scene: None,
                open: None,
                changes: Vec::new(),
            });
            file = None;
        } else if let Some(scene) = line.strip_prefix("++ ") {
            mutants.last_mut().ok_or_else(|| wrong("the name is missing"))?.scene = Some(scene.into());
        } else if let Some(why) = line.strip_prefix("?? ") {
            mutants.last_mut().ok_or_else(|| wrong("the name is missing"))?.open = Some(why.into());
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

/// Where the copy is built, so that what does not change stays built.
fn target(scratch: &Path) -> PathBuf {
    scratch.join("target")
}

/// Builds the copy.
fn build(scratch: &Path) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let what = ["build", "--profile", "explore", "--package", "lapwing-world", "--example", "hunt"];
    let mut build = command(&cargo, what);
    for package in UNOPTIMISED {
        build.arg("--config").arg(format!("profile.explore.package.{package}.opt-level=0"));
    }
    build.current_dir(scratch).env("CARGO_TARGET_DIR", target(scratch)).env("CARGO_INCREMENTAL", "1");
    // What the compiler thinks of a fault is told only if it does not take it.
    output(&mut build).map(drop)
}

/// Explores one scene, then all others: the first rule that is broken.
fn explored(scratch: &Path, first: Option<&str>) -> Result<Option<Caught>> {
    let began = Instant::now();
    let mut explorer = command(
        &target(scratch).join("explore/examples/hunt").to_string_lossy(),
        LIMITS.into_iter().chain(first).chain(SCENES.iter().copied()),
    );
    let lines = output(&mut explorer)?;
    let mut states = 0;
    for line in lines.lines() {
        let mut words = line.split('\t');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (scene, seen, _, rule, steps) = (word(), word(), word(), word(), word());
        states += seen.parse::<u64>().unwrap_or_default();
        if !rule.is_empty() {
            return Ok(Some(Caught { rule, scene, steps, states, after: began.elapsed() }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_can_be_put_in() {
        let mutants = parse(include_str!("../mutants.txt")).unwrap();
        assert!(mutants.len() >= 18);
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
