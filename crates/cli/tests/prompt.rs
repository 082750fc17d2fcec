//! The question for a passphrase on a terminal: nothing of it is shown, and the terminal is as before.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod double;
mod terminal;

use double::{Double, Flavour, PASSPHRASE};
use std::io::Write;
use std::process::{Command, Stdio};
use terminal::Terminal;

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
