//! `cargo xtask test`: everything that must hold, cheapest first.

use crate::command::{Step, cargo, command, exists, output, paint, run, seconds, workspace};
use crate::failure::{Failure, Result};
use crate::{explore, fuzz, lab};
use lexopt::prelude::*;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

const HELP: &str = "\
Runs everything that must hold, in this order, and stops at the first failure.

Usage: cargo xtask test [--only STAGE]… [--without STAGE]…

Stages: format, lints, docs, tests, purity, licences, fuzz, explore, lab
";

/// The target without an operating system that the core must build for.
const BARE: &str = "x86_64-unknown-none";

/// The crates that may know neither clock, socket, file nor random source.
const PURE: &[&str] = &["lapwing-frames", "lapwing-core"];

/// Words in the name of a dependency that would bring the outer world into a pure crate. (`rand_core` is only traits; whoever
/// asks the system for random numbers does it through `getrandom`.)
const IMPURE: &[&str] = &["std", "libc", "tokio", "getrandom", "netlink", "nix", "rustix", "log", "tracing"];

type Stage = (&'static str, fn() -> Result<()>);

const STAGES: &[Stage] = &[
    ("format", || run(&mut cargo(["fmt", "--all", "--check"]))),
    ("lints", || {
        run(&mut cargo(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    }),
    ("docs", || {
        let mut doc = cargo(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
        run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    }),
    ("tests", || run(&mut cargo(["test", "--quiet", "--workspace"]))),
    ("purity", purity),
    ("licences", licences),
    ("fuzz", fuzz::smoke),
    ("explore", explore::look),
    ("lab", || lab::main(lexopt::Parser::from_args::<[&str; 0]>([]))),
];

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut only, mut without) = (Vec::new(), Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => only.push(known_stage(arguments.value()?.string()?)?),
            Long("without") => without.push(known_stage(arguments.value()?.string()?)?),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let chosen = |name: &str| {
        (only.is_empty() || only.iter().any(|n| n == name)) && !without.iter().any(|n| n == name)
    };
    let started = Instant::now();
    let mut took: Vec<(&str, Duration)> = Vec::new();
    for (name, stage) in STAGES.iter().filter(|(name, _)| chosen(name)) {
        let step = Step::begin(*name);
        stage()?;
        took.push((name, step.done()));
    }
    println!();
    for (name, duration) in took {
        println!("{} {name:10} {:>9}", paint("pass", "32"), seconds(duration));
    }
    println!("everything holds, in {}", seconds(started.elapsed()));
    Ok(())
}

fn known_stage(name: String) -> Result<String> {
    match STAGES.iter().any(|(known, _)| *known == name) {
        true => Ok(name),
        false => Err(Failure::Usage(format!("no stage is named {name}: see `cargo xtask test --help`"))),
    }
}

/// Builds the pure crates where there is no standard library, and reads their list of dependencies.
fn purity() -> Result<()> {
    let installed = output(&mut command("rustup", ["target", "list", "--installed"])).unwrap_or_default();
    if !installed.lines().any(|target| target == BARE) {
        let mut add = command("rustup", ["target", "add", BARE]);
        run(add.current_dir(workspace()))?;
    }
    for package in PURE {
        run(&mut cargo(["build", "--quiet", "--package", package, "--target", BARE]))?;
        let tree = output(&mut dependencies(package))?;
        // A crate stands in the tree once for each way that leads to it.
        let names: BTreeSet<&str> =
            tree.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
        if let Some(name) = names.iter().find(|name| is_impure(name)) {
            return Err(Failure::unmet(
                format!("{package} depends on nothing that touches the world"),
                *name,
            ));
        }
        eprintln!("    {package}: builds for {BARE}; {} dependencies, none of the outer world", names.len());
    }
    Ok(())
}

/// Each package once, without what only its own tests and build use.
fn dependencies(package: &str) -> Command {
    cargo([
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--target",
        BARE,
        "--prefix",
        "none",
        "--no-dedupe",
    ])
}

/// A name is impure when one of its words is: `netlink-sys` is, `standard` is not.
fn is_impure(name: &str) -> bool {
    name.split(['-', '_']).any(|word| IMPURE.contains(&word))
}

/// Licences, bans and sources; advisories where their database can be had.
fn licences() -> Result<()> {
    if !exists("cargo-deny") && output(&mut cargo(["deny", "--version"])).is_err() {
        let step = Step::begin("installing cargo-deny (some minutes, once)");
        run(&mut cargo(["install", "--quiet", "--locked", "cargo-deny"]))?;
        step.done();
    }
    run(&mut cargo(["deny", "--log-level", "error", "check", "licenses", "bans", "sources"]))?;
    match output(&mut cargo(["deny", "--log-level", "error", "check", "advisories"])) {
        Ok(_) => Ok(()),
        Err(Failure::Command { output, .. }) if output.contains("failed to fetch advisory database") => {
            eprintln!("    advisories: not looked at, their database is out of reach");
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impure_names_are_told_by_their_words() {
        for name in ["libc", "netlink-sys", "getrandom", "tokio"] {
            assert!(is_impure(name), "{name}");
        }
        for name in ["subtle", "standard", "rand_core", "zeroize"] {
            assert!(!is_impure(name), "{name}");
        }
    }
}
