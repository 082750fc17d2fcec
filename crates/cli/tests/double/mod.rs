//! A daemon for tests, and the bus in between: it listens on a socket and answers for both, so that every answer,
//! the absurd ones too, is in the test's hands.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "tests; each file uses a part of it")]

mod client;
mod hotspot;

use client::Client;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const DAEMON: &str = ":1.7";
pub(crate) const DEVICE: &str = "/net/connman/iwd/0/3";
/// A hotspot of this name is refused by the kernel.
pub(crate) const REFUSED: &str = "refused";
pub(crate) const PASSPHRASE: &str = "correct horse battery";

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// lapwingd.
    Lapwing,
    /// Another daemon of the same interface, which lacks ours.
    Iwd,
    /// Nobody.
    Absent,
    /// The bus, which lets nobody in.
    Denied,
    /// lapwingd, with values of wrong types; the number says where.
    Garbage(usize),
    /// lapwingd, which gives no address.
    NoAddress,
    /// lapwingd, which never answers Connect.
    Slow,
    /// lapwingd with a device that is a hotspot with two links.
    Hotspot,
    /// lapwingd with a device that is an access point without a hotspot.
    IdleHotspot,
    /// lapwingd with two devices.
    Two,
    /// lapwingd with no device.
    Bare,
}

/// How many kinds of garbage there are.
pub(crate) const GARBAGE: usize = 13;

type Log = Arc<Mutex<Vec<String>>>;

/// A running double.
pub(crate) struct Double {
    address: String,
    directory: PathBuf,
    log: Log,
}

impl Drop for Double {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a run of the command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Double {
    pub(crate) fn start(flavour: Flavour) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("lapwing-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let listener = UnixListener::bind(directory.join("bus")).unwrap();
        let log = Log::default();
        let heard = Arc::clone(&log);
        let state = directory.to_str().unwrap().to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let heard = Arc::clone(&heard);
                let state = state.clone();
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let stream = stream.unwrap();
                        stream.set_nonblocking(true).unwrap();
                        let stream = zbus::connection::Builder::unix_stream(stream)
                            .server(zbus::Guid::generate())
                            .p2p()
                            .build_message_stream()
                            .await;
                        // A client that goes at once is one that we need not serve.
                        if let Ok(stream) = stream {
                            Client::new(flavour, stream, heard, state).serve().await;
                        }
                    });
                });
            }
        });
        Self { address: format!("unix:path={}", directory.join("bus").display()), directory, log }
    }

    /// The command, ready to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapwing"));
        command
            .args(arguments)
            .env_clear()
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.address)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments))
    }

    /// A file with this content.
    pub(crate) fn file(&self, content: &[u8]) -> String {
        let path = self.directory.join("file");
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A network file of the daemon.
    pub(crate) fn network_file(&self, name: &str, content: &str) {
        std::fs::write(self.directory.join(name), content).unwrap();
    }

    /// The daemon's methods that were called.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

/// Runs a command to its end, which has to come.
pub(crate) fn finish(mut command: Command) -> Outcome {
    let mut child = command.spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).unwrap();
        text
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let watch = std::thread::spawn(move || {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    let status = watch.join().unwrap().expect("the command ends by itself");
    Outcome { status, out: text, err: err.join().unwrap() }
}
