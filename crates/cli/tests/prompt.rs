//! The question for a passphrase on a terminal: nothing of it is shown, and the terminal is as before.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod double;

use double::{Double, Flavour, PASSPHRASE};
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::LocalModes;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A terminal with the command in it.
struct Terminal {
    master: File,
    side: OwnedFd,
    child: Child,
    shown: String,
}

impl Terminal {
    /// Runs the command with this terminal as its controlling one.
    fn run(double: &Double, arguments: &[&str]) -> Self {
        // setsid --ctty makes the terminal of its standard input the controlling one.
        Self::run_in(&["--ctty", "--wait"], double, arguments)
    }

    fn run_in(session: &[&str], double: &Double, arguments: &[&str]) -> Self {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
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
    fn until(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.shown.contains(text) {
            self.read();
            assert!(Instant::now() < deadline, "{:?} shows no {text:?}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        if let Ok(count) = self.master.read(&mut buffer) {
            self.shown.push_str(&String::from_utf8_lossy(buffer.get(..count).unwrap()));
        }
    }

    fn has_echo(&self) -> bool {
        rustix::termios::tcgetattr(&self.side).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// The status with which the command ends, after everything that it shows was read.
    fn end(&mut self) -> i32 {
        let status = self.child.wait().unwrap();
        self.read();
        status.code().unwrap()
    }
}

#[test]
fn the_passphrase_is_asked_for_without_echo() {
    let double = Double::start(Flavour::Lapwing);
    let mut terminal = Terminal::run(&double, &["connect", "home"]);
    terminal.until("Passphrase of home: ");
    assert!(!terminal.has_echo());
    writeln!(terminal.master, "{PASSPHRASE}").unwrap();
    terminal.until("connected to");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.has_echo());
    assert!(!terminal.shown.contains("horse"), "{}", terminal.shown);
    // One line that changes, and colours.
    assert!(
        terminal.shown.contains("\r\u{1b}[K") && terminal.shown.contains("\u{1b}[32m"),
        "{}",
        terminal.shown
    );
}

#[test]
fn an_interrupted_question_leaves_the_terminal_as_it_was() {
    let double = Double::start(Flavour::Lapwing);
    let mut terminal = Terminal::run(&double, &["connect", "home"]);
    terminal.until("Passphrase of home: ");
    // Half a passphrase, and Ctrl-C.
    terminal.master.write_all(b"half\x03").unwrap();
    assert_eq!(terminal.end(), 130);
    assert!(terminal.has_echo());
    assert!(!terminal.shown.contains("half"), "{}", terminal.shown);
    assert_eq!(double.calls().last().unwrap(), "Station.Disconnect");
}

#[test]
fn saying_nothing_is_an_answer() {
    let double = Double::start(Flavour::Lapwing);
    let mut terminal = Terminal::run(&double, &["connect", "home"]);
    terminal.until("Passphrase of home: ");
    // Ctrl-D.
    terminal.master.write_all(b"\x04").unwrap();
    terminal.until("No passphrase was given.");
    assert_eq!(terminal.end(), 1);
    assert!(terminal.has_echo());
    assert!(
        double.calls().contains(&"net.connman.iwd.Agent.Error.Canceled".to_owned()),
        "{:?}",
        double.calls()
    );
}

#[test]
fn a_terminal_that_controls_nothing_will_do() {
    let double = Double::start(Flavour::Lapwing);
    let mut terminal = Terminal::run_in(&["--wait"], &double, &["connect", "home", "--no-wait"]);
    terminal.until("Passphrase of home: ");
    assert!(!terminal.has_echo());
    writeln!(terminal.master, "{PASSPHRASE}").unwrap();
    assert_eq!(terminal.end(), 0);
    assert!(terminal.has_echo() && !terminal.shown.contains("horse"), "{}", terminal.shown);
}

#[test]
fn without_a_terminal_the_way_is_told() {
    let double = Double::start(Flavour::Lapwing);
    let inner = double.command(&["connect", "home"]);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let outcome = double::finish(command);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.err.contains("--passphrase-fd"), "{}", outcome.err);
}
