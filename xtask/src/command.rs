//! Running programs, and saying what goes on.

use crate::failure::{Doing, Failure, Result};
use std::ffi::OsStr;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command from words.
pub(crate) fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// `cargo` as it called us, so that a chosen toolchain stays chosen.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut cargo = command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments);
    cargo.current_dir(workspace());
    cargo
}

/// The folder of the workspace: known at build time, since a task is always run through `cargo xtask`.
pub(crate) fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder that cargo builds into.
pub(crate) fn target_directory() -> std::path::PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => workspace().join(directory),
        None => workspace().join("target"),
    }
}

/// Runs a command with our own input and outputs.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().doing(|| format!("start `{}`", line(command)))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::Command { command: line(command), status, output: String::new() }),
    }
}

/// Runs a command and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let result = command.stdin(Stdio::null()).output().doing(|| format!("start `{}`", line(command)))?;
    let text = String::from_utf8_lossy(&result.stdout).into_owned();
    match result.status.success() {
        true => Ok(text),
        false => Err(Failure::Command {
            command: line(command),
            status: result.status,
            output: format!(
                "{}{}",
                last_lines(&text, 20),
                last_lines(&String::from_utf8_lossy(&result.stderr), 40)
            ),
        }),
    }
}

/// Whether a program is there to be started.
pub(crate) fn exists(program: &str) -> bool {
    let system = ["/usr/sbin", "/sbin"].map(Into::into);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(system).any(|directory| directory.join(program).is_file())
}

/// The last `count` lines of a text, each with its end of line.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(count);
    lines.into_iter().skip(skipped).fold(String::new(), |text, line| text + line + "\n")
}

/// The command line, for a message.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Writing to a string cannot fail.
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

/// A piece of work that takes long enough for the developer to wonder.
pub(crate) struct Step {
    name: String,
    started: Instant,
}

impl Step {
    /// Says that the work begins.
    pub(crate) fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        eprintln!("{} {name}", paint("==>", "1;36"));
        Self { name, started: Instant::now() }
    }

    /// Says that the work is done and how long it took.
    pub(crate) fn done(self) -> Duration {
        let taken = self.started.elapsed();
        eprintln!("{} {} ({})", paint("  ✓", "32"), self.name, seconds(taken));
        taken
    }

    /// Says that the work has ended, and what is wrong with it.
    pub(crate) fn failed(self, why: &str) {
        eprintln!("{} {}: {why} ({})", paint("  ✗", "1;31"), self.name, seconds(self.started.elapsed()));
    }
}

/// A duration in seconds, with one digit.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Colours a word where a terminal will show it.
pub(crate) fn paint(text: &str, colour: &str) -> String {
    match std::io::stderr().is_terminal() {
        true => format!("\x1b[{colour}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
