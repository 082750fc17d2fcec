//! `cargo xtask fuzz`: the targets of the folder `fuzz`, which is a workspace of its own.

use crate::command::{command, exists, run, workspace};
use crate::failure::{Failure, Result};
use lexopt::prelude::*;
use std::process::Command;

const HELP: &str = "\
Fuzzes one target, or each in turn with `all`. Needs a C++ compiler.

Usage: cargo xtask fuzz TARGET [--seconds N] [-- LIBFUZZER OPTIONS]
";

/// How long each target is fuzzed when everything is tested: enough to find what is broken, not what is subtle.
const SMOKE_SECONDS: u32 = 3;

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut target, mut options) = (None, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) if target.is_none() => target = Some(word.string()?),
            Value(word) => options.push(word.string()?),
            Long("seconds") => options.push(limit(arguments.value()?.parse()?)),
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let target =
        target.ok_or_else(|| Failure::Usage("which target? See `cargo xtask fuzz --help`".into()))?;
    run(fuzz(&target)?.args(options))
}

/// Every target on its seeds, then each for some seconds.
pub(crate) fn smoke() -> Result<()> {
    run(fuzz("all")?.arg(limit(SMOKE_SECONDS)).arg("-verbosity=0"))
}

fn fuzz(target: &str) -> Result<Command> {
    if !exists("c++") && !exists("g++") {
        return Err(Failure::Usage("fuzzing needs a C++ compiler. As root: apt-get install g++".into()));
    }
    let script = workspace().join("fuzz/run");
    Ok(command(&script.to_string_lossy(), [target]))
}

fn limit(seconds: u32) -> String {
    format!("-max_total_time={seconds}")
}
