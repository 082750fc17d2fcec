//! A terminal of our own, with the command in it.

use crate::double::Double;
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Winsize};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A terminal with the command in it.
pub(crate) struct Terminal {
    pub(crate) master: File,
    side: OwnedFd,
    child: Child,
    pub(crate) shown: String,
}

impl Terminal {
    /// Runs the command with this terminal as its controlling one.
    pub(crate) fn run(double: &Double, arguments: &[&str]) -> Self {
        // setsid --ctty makes the terminal of its standard input the controlling one.
        Self::run_in(&["--ctty", "--wait"], double, arguments)
    }

    pub(crate) fn run_in(session: &[&str], double: &Double, arguments: &[&str]) -> Self {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        // Kept open, so that its modes can be looked at when the command is gone.
        let side = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let inner = double.command(arguments);
        let mut command = Command::new("setsid");
        command.args(session).arg(inner.get_program()).args(inner.get_args()).env_clear();
        command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?)))).env("TERM", "xterm");
        command.stdin(Stdio::from(side.try_clone().unwrap()));
        command.stdout(Stdio::from(side.try_clone().unwrap())).stderr(Stdio::from(side.try_clone().unwrap()));
        let child = command.spawn().unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        Self { master: File::from(master), side, child, shown: String::new() }
    }

    /// Reads what is shown until it contains a text.
    pub(crate) fn until(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.shown.contains(text) {
            self.read();
            assert!(Instant::now() < deadline, "{:?} shows no {text:?}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads what has come.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.master.read(&mut buffer) {
            self.shown.push_str(&String::from_utf8_lossy(buffer.get(..count).unwrap()));
        }
    }

    pub(crate) fn has_echo(&self) -> bool {
        rustix::termios::tcgetattr(&self.side).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// The status with which the command ends, after everything that it shows was read.
    pub(crate) fn end(&mut self) -> i32 {
        // It may have more to say than the terminal takes unread.
        let status = loop {
            self.read();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.read();
        status.code().unwrap()
    }
}
