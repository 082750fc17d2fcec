//! `lapwing`: reads the command line, runs the command, and ends with its status.
#![forbid(unsafe_code)]

use clap::{CommandFactory, Parser};
use lapwing::commands::{self, Surroundings};
use lapwing::failure::{Failure, Kind};
use lapwing::migrate;
use lapwing::options::{Command, Dpp, Options};
use lapwing::secret;
use lapwing::signals::Signals;
use lapwing::terminal::Progress;
use lapwing::text::{self, Style};
use lapwing::world;
use lapwingd::options::Program;
use rustix::process::Signal;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(Command::Daemon(daemon)) = options.command {
        // However that one ends.
        if daemon.with_parent
            && let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
        {
            eprintln!("lapwing: the daemon may outlive its parent: {error}");
        }
        return lapwingd::start::main(Program::Lapwingd, daemon.arguments);
    }
    match run(&options) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            tell(&failure, options.json);
            ExitCode::from(failure.kind.status())
        }
    }
}

/// Prints what a shell needs to complete the command line.
fn complete(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Options::command(), "lapwing", &mut script);
    commands::print(&String::from_utf8_lossy(&script)).map(|()| 0)
}

/// Runs the command: the exit status, if it is one that can end well in several ways.
fn run(options: &Options) -> Result<u8, Failure> {
    // Ended by a signal as any program that only calculates.
    let style = Style::detect(std::io::stdout().is_terminal(), environment);
    match &options.command {
        Some(Command::World(world)) => return world::world(world, options.json, style),
        Some(Command::Import(import)) => return migrate::import(import, options.json, style),
        Some(Command::Export(export)) => return migrate::export(export, options.json, style),
        _ => {}
    }
    if let Some(Command::Completions { shell }) = options.command {
        return complete(shell);
    }
    // Before signals are caught: whoever waits for one who does not deliver can interrupt.
    let secret = match &options.command {
        Some(Command::Connect(connect)) => {
            secret::given(connect.passphrase_fd, connect.passphrase_file.as_deref())?
        }
        Some(Command::Hotspot(hotspot)) => hotspot.passphrase()?,
        Some(Command::Dpp(Dpp::Enroll(code) | Dpp::Configure { code, .. })) => {
            secret::given(code.code_fd, code.code_file.as_deref())?
        }
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Kind::Failed, format!("The system gives no means to wait: {error}."))
    })?;
    runtime.block_on(async {
        let signals = || {
            Signals::catch().map_err(|error| {
                Failure::new(Kind::Failed, format!("The system does not let signals be caught: {error}."))
            })
        };
        let mut around = Surroundings {
            style,
            progress: Progress::new(options.json, environment),
            is_terminal: std::io::stdout().is_terminal(),
            secret,
            signals: signals()?,
        };
        // These have something to undo; they take care of signals themselves.
        if let Some(Command::Connect(_) | Command::Dpp(_) | Command::Wps(_) | Command::Try(_)) =
            options.command
        {
            commands::run(options, &mut around).await?;
            return Ok(0);
        }
        let mut signals = signals()?;
        tokio::select! {
            outcome = commands::run(options, &mut around) => outcome.map(|()| 0),
            signal = signals.next() => Err(signal),
        }
    })
}

/// Says what went wrong: to a program on standard output, to a person on standard error.
fn tell(failure: &Failure, json: bool) {
    match failure.kind {
        // Who interrupts knows, and nobody is there to be told of a closed pipe.
        Kind::Interrupted(_) if !json => {}
        _ if json => {
            let _printed = commands::print(&(text::json(&failure.json().to_string()) + "\n"));
        }
        _ => {
            let style = Style::detect(std::io::stderr().is_terminal(), environment);
            let _written = std::io::stderr().write_all(failure.render(style).as_bytes());
        }
    }
}
