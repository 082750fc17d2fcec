//! Development tasks: `cargo xtask --help`.
#![forbid(unsafe_code)]

mod autotests;
mod bench;
mod command;
mod demo;
mod explore;
mod failure;
mod fuzz;
mod guest;
mod lab;
mod mutants;
mod suite;

use failure::{Failure, Result};
use lexopt::prelude::*;
use std::process::ExitCode;

const HELP: &str = "\
Lapwing's development tasks.

Usage: cargo xtask TASK [OPTIONS]

  test     everything that must hold: format, lints, docs, tests, purity, licences, fuzz smoke, explorer, lab
  lab      scenarios on a real kernel with virtual radios
  demo     joins a WPA3 network in the lab and prints how long each phase took
  bench    our daemon beside its peers in the lab, and the benchmarks of the crates
  autotests  iwd's own public tests, given from outside, against iwd and our daemon
  fuzz     runs one fuzz target
  mutants  puts deliberate faults into a copy and lets the explorer look for each

`cargo xtask TASK --help` tells more.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{} {failure}", command::paint("error:", "1;31"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next()? {
        Some(Value(task)) => match task.string()?.as_str() {
            "test" => suite::main(arguments),
            "lab" => lab::main(arguments),
            "demo" => demo::main(arguments),
            "autotests" => autotests::main(arguments),
            "bench" => bench::main(arguments),
            "fuzz" => fuzz::main(arguments),
            "mutants" => mutants::main(arguments),
            "guest" => guest::main(),
            other => Err(Failure::Usage(format!("no task is named {other}: see `cargo xtask --help`"))),
        },
        None | Some(Short('h') | Long("help")) => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(other.unexpected().into()),
    }
}
