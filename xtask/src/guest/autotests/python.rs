//! The process that runs the tests: it lives longer than a directory, since it takes long to begin.

use super::{HOME, PATIENCE, PROGRAMS};
use crate::command::command;
use crate::failure::{Doing, Failure, Result};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long it may take to load what it needs.
const LOADED: Duration = Duration::from_secs(600);

/// The process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Python {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Python {
    pub(super) fn start() -> Result<Self> {
        let mut python = command("python3", ["-u", "-c", include_str!("begin.py")]);
        let path = format!("{PROGRAMS}:{}", std::env::var("PATH").unwrap_or_default());
        let timeout = PATIENCE.to_string();
        python.current_dir(HOME).env_clear();
        python.envs([
            ("PATH", path.as_str()),
            ("HOME", "/root"),
            ("LC_ALL", "C.UTF-8"),
            ("FORCE_COLOR", "1"),
        ]);
        python.envs([("testhome", HOME), ("runner", "qemu"), ("timeout", &timeout)]);
        let mut child =
            python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().doing(|| "start python3".into())?;
        let gone = || Failure::unmet("python3 with pipes", "without");
        let (input, output) = (child.stdin.take().ok_or_else(gone)?, child.stdout.take().ok_or_else(gone)?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(|line| line.ok());
            // Nobody listens any more when the process was given up.
            lines.map(|line| sender.send(line)).take_while(|sent| sent.is_ok()).for_each(drop);
        });
        let python = Self { child, input, lines };
        match python.lines.recv_timeout(LOADED).as_deref() {
            Ok("ready") => Ok(python),
            other => Err(Failure::unmet("python3 loads what the tests need", format!("{other:?}"))),
        }
    }

    /// Runs a directory of tests. False if it does not end.
    pub(super) fn run(
        &mut self,
        directory: &str,
        output: &Path,
        logs: Option<&Path>,
        within: Duration,
    ) -> Result<bool> {
        let logs = logs.map(|logs| logs.display().to_string()).unwrap_or_default();
        writeln!(self.input, "{directory} {} {logs}", output.display())
            .doing(|| "tell python3 what to do".into())?;
        Ok(self.lines.recv_timeout(within).is_ok())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
