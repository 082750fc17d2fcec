//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

/// What `--help` says.
pub const HELP: &str = "\
lapwingd joins Wi-Fi networks.

It joins the networks whose files are in the state directory by itself, and keeps in them.

Usage: lapwingd [OPTIONS]

Options:
  -i, --interface NAME         Run this interface; may be given more than once.
                               Without it, the first interface of each radio is run.
  -d, --debug                  Log what happens in detail; twice: everything.
      --state-directory DIR    Where network files are. The default is the first directory of
                               $STATE_DIRECTORY, or else /var/lib/lapwing.
      --runtime-directory DIR  Where the flight recorder and the status file are. The default is the
                               first directory of $RUNTIME_DIRECTORY, or else /run/lapwing.
      --no-network-configuration
                               Leave addresses, routes and name servers to another program.
      --no-dbus                Stay away from the system bus: networks are joined from their files
                               only, and no client is served.
  -h, --help                   Print this help and exit.
  -V, --version                Print the version and exit.

Environment:
  DBUS_SYSTEM_BUS_ADDRESS      Where the system bus is, if it is elsewhere.
  LAPWING_LOG                  error, warn, info, debug or trace: the level of the log, if -d is not
                               given. The default is info.

Signals:
  SIGTERM, SIGINT              Leave every network, undo the addresses, and exit.
  SIGHUP                       Read the network files again. Changes are noticed anyway.
";

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Run.
    Run(Options),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The interfaces to run; the first of each radio if none is named.
    pub interfaces: Vec<String>,
    /// Where network files are.
    pub state: PathBuf,
    /// Where the flight recorder and the status file are.
    pub runtime: PathBuf,
    /// Whether connections are given addresses.
    pub network_configuration: bool,
    /// Whether clients on the system bus are served.
    pub dbus: bool,
    /// How much is logged.
    pub level: LevelFilter,
}

/// A command line that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Of a wrong form.
    #[error(transparent)]
    Form(#[from] lexopt::Error),
    /// A level that is none.
    #[error("LAPWING_LOG is error, warn, info, debug or trace")]
    Level,
}

/// Reads the command line (without the program's name) and the environment.
///
/// # Errors
/// If it cannot be understood.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Invocation, Error> {
    use lexopt::prelude::*;
    let directory = |variable, default: &str| {
        // systemd separates several directories with colons.
        let list = environment(variable).filter(|value| !value.is_empty());
        let first = list.map(|list| match list.to_str().and_then(|text| text.split_once(':')) {
            Some((first, _)) => PathBuf::from(first),
            None => PathBuf::from(list),
        });
        first.unwrap_or_else(|| PathBuf::from(default))
    };
    let mut options = Options {
        interfaces: Vec::new(),
        state: directory("STATE_DIRECTORY", "/var/lib/lapwing"),
        runtime: directory("RUNTIME_DIRECTORY", "/run/lapwing"),
        network_configuration: true,
        dbus: true,
        level: match environment("LAPWING_LOG") {
            Some(level) => level.to_str().and_then(|level| level.parse().ok()).ok_or(Error::Level)?,
            None => LevelFilter::INFO,
        },
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut debug = 0_u8;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('i') | Long("interface") => options.interfaces.push(parser.value()?.string()?),
            Short('d') | Long("debug") => debug = debug.saturating_add(1),
            Long("state-directory") => options.state = parser.value()?.into(),
            Long("runtime-directory") => options.runtime = parser.value()?.into(),
            Long("no-network-configuration") => options.network_configuration = false,
            Long("no-dbus") => options.dbus = false,
            Short('h') | Long("help") => return Ok(Invocation::Help),
            Short('V') | Long("version") => return Ok(Invocation::Version),
            other => return Err(other.unexpected().into()),
        }
    }
    match debug {
        0 => {}
        1 => options.level = LevelFilter::DEBUG,
        _ => options.level = LevelFilter::TRACE,
    }
    Ok(Invocation::Run(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Invocation, Error> {
        parse(arguments.iter().map(OsString::from), |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    fn options(arguments: &[&str], environment: &[(&str, &str)]) -> Options {
        match run(arguments, environment).unwrap() {
            Invocation::Run(options) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn defaults_environment_and_options() {
        let plain = options(&[], &[]);
        assert_eq!(plain.state, PathBuf::from("/var/lib/lapwing"));
        assert_eq!(plain.runtime, PathBuf::from("/run/lapwing"));
        assert!(plain.network_configuration && plain.dbus && plain.level == LevelFilter::INFO);
        let environment =
            [("STATE_DIRECTORY", "/a:/b"), ("RUNTIME_DIRECTORY", "/c"), ("LAPWING_LOG", "warn")];
        let set = options(&["-i", "wlan0", "--interface=wlan1"], &environment);
        assert_eq!((set.state, set.runtime), (PathBuf::from("/a"), PathBuf::from("/c")));
        assert_eq!((set.interfaces.len(), set.level), (2, LevelFilter::WARN));
        let arguments = ["-dd", "--state-directory", "/x", "--no-network-configuration", "--no-dbus"];
        let set = options(&arguments, &environment);
        assert_eq!((set.state, set.level), (PathBuf::from("/x"), LevelFilter::TRACE));
        assert!(!set.network_configuration && !set.dbus);
    }

    #[test]
    fn what_is_not_understood() {
        assert!(run(&["--nonsense"], &[]).is_err());
        assert!(run(&["wlan0"], &[]).is_err());
        assert!(run(&["-i"], &[]).is_err());
        assert!(run(&[], &[("LAPWING_LOG", "loud")]).is_err());
    }

    #[test]
    fn the_help_names_every_option() {
        assert_eq!(run(&["--help"], &[]).unwrap(), Invocation::Help);
        assert_eq!(run(&["-V"], &[]).unwrap(), Invocation::Version);
        for option in [
            "interface",
            "debug",
            "state-directory",
            "runtime-directory",
            "no-network-configuration",
            "no-dbus",
        ] {
            let long = format!("--{option}");
            assert!(HELP.contains(&long), "{long}");
            // Each is known to the parser: it complains about a missing value at most.
            let error = run(&[&long, "value", "--nonsense"], &[]).unwrap_err().to_string();
            assert!(error.contains("nonsense") || error.contains("value"), "{error}");
        }
        assert!(HELP.lines().all(|line| line.len() <= 100));
    }
}
