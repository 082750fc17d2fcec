//! The daemon, as a process of its own: this program once more, so that nothing else has to be there. In a process
//! and not a thread, since the daemon is the whole program, with its signals, its log and its end.

use super::super::monitor::now;
use crate::failure::{Failure, Kind};
use crate::options::Try;
use lapwingd::{options, world};
use rustix::process::{Pid, Signal, kill_process};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long the daemon may take to start: it does so in milliseconds, on a machine that is not overloaded.
const START: Duration = Duration::from_secs(20);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(2);
/// How long it may take to leave its network and end.
const FAREWELL: Duration = Duration::from_secs(3);
/// How much of what it said is kept.
const LAST_WORDS: u64 = 64 << 10;

/// The process.
pub(super) struct Daemon {
    child: Child,
    place: PathBuf,
    begun: f64,
}

impl Daemon {
    /// Starts it.
    pub(super) fn start(wish: &Try) -> Result<Self, Failure> {
        let begun = now();
        let failed = |error: std::io::Error| {
            Failure::new(Kind::Failed, format!("The daemon cannot be started: {error}."))
        };
        let child = Command::new("/proc/self/exe")
            .args(["daemon", "--with-parent", "--", "--world", &wish.world, "--seed", &wish.seed.to_string()])
            .env("LAPWING_LOG", "warn")
            .env_remove("JOURNAL_STREAM")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Who interrupts at the keyboard means us; we end it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let process = child.id().unwrap_or_default();
        let place = options::place(process, |name| std::env::var_os(name));
        Ok(Self { child, place, begun })
    }

    /// When it was started, on the machine's clock.
    pub(super) const fn begun(&self) -> f64 {
        self.begun
    }

    /// Where its clients find it.
    pub(super) fn address(&self) -> String {
        format!("unix:path={}", self.place.join(options::BUS).display())
    }

    /// Where its world is controlled.
    pub(super) fn control(&self) -> PathBuf {
        self.place.join(options::RUN).join(world::control::SOCKET)
    }

    /// Waits until it can be talked to.
    pub(super) async fn ready(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + START;
        let control = self.control();
        loop {
            // It is the last that is there.
            if UnixStream::connect(&control).await.is_ok() {
                return Ok(());
            }
            let status = self.child.try_wait().ok().flatten();
            if status.is_none() && Instant::now() < deadline {
                sleep(LOOK).await;
                continue;
            }
            let words = self.last_words().await;
            return Err(match status.and_then(|status| status.code()) {
                Some(2) => Failure::new(Kind::Usage, words).code("bad-world"),
                Some(code) => {
                    Failure::new(Kind::Failed, format!("The daemon ended with status {code}: {words}"))
                }
                None => Failure::new(Kind::Failed, format!("The daemon did not start: {words}")),
            });
        }
    }

    /// The end of what it wrote to its log.
    async fn last_words(&mut self) -> String {
        let mut said = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let _read = timeout(LOOK, errors.take(LAST_WORDS).read_to_end(&mut said)).await;
        }
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().next_back().unwrap_or("it said nothing");
        last.trim_start_matches("error: ").trim_start_matches("lapwingd: ").to_owned()
    }

    /// Ends it, and with it what it made.
    pub(super) async fn end(mut self) {
        if let Some(process) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _told = kill_process(process, Signal::TERM);
        }
        if timeout(FAREWELL, self.child.wait()).await.is_err() {
            let _killed = self.child.kill().await;
            let _removed = std::fs::remove_dir_all(&self.place);
        }
    }
}
