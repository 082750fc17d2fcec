//! The screen, on a terminal: what keys do arrives at the daemon, and the terminal is as before.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod double;
mod terminal;

use double::{Double, Flavour, PASSPHRASE};
use std::io::Write;
use std::process::Stdio;
use terminal::Terminal;

#[test]
fn a_network_is_joined_with_a_typed_passphrase() {
    let double = Double::start(Flavour::Lapwing);
    let mut terminal = Terminal::run(&double, &["tui"]);
    terminal.until("home");
    assert!(!terminal.has_echo());
    // It is the first, and its passphrase is not known.
    terminal.master.write_all(b"\r").unwrap();
    terminal.until("Passphrase");
    write!(terminal.master, "{PASSPHRASE}\r").unwrap();
    terminal.until("Connected");
    terminal.master.write_all(b"q").unwrap();
    assert_eq!(terminal.end(), 0);
    assert!(terminal.has_echo() && !terminal.shown.contains("horse"), "{}", terminal.shown);
    // The alternate screen is left.
    assert!(terminal.shown.contains("\u{1b}[?1049l"), "{}", terminal.shown);
}

#[test]
fn an_interrupted_screen_leaves_the_terminal_as_it_was() {
    let double = Double::start(Flavour::Lapwing);
    for keys in [&b"\x03"[..], b"?x5q"] {
        let mut terminal = Terminal::run(&double, &["tui"]);
        terminal.until("Networks");
        terminal.master.write_all(keys).unwrap();
        assert_eq!(terminal.end(), 0);
        assert!(terminal.has_echo() && terminal.shown.contains("\u{1b}[?1049l"), "{}", terminal.shown);
    }
}

#[test]
fn without_a_terminal_or_a_daemon_the_way_is_told() {
    let double = Double::start(Flavour::Lapwing);
    let mut command = double.command(&["tui"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let outcome = double::finish(command);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.err.contains("monitor --json"), "{}", outcome.err);
    let absent = Double::start(Flavour::Absent);
    let mut terminal = Terminal::run(&absent, &["tui"]);
    assert_eq!(terminal.end(), 3);
    assert!(!terminal.shown.contains("\u{1b}[?1049h"), "{}", terminal.shown);
}
