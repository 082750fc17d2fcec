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
      --listen ADDRESS         Serve clients at this address (unix:path=/a/socket) instead of the
                               system bus; no bus daemon is needed. The socket lets in its own user
                               and root.
      --world NAME             Run on a virtual world instead of this machine's radios: one of the
                               built-in ones (lapwing world list), or a scenario file. Nothing of
                               the machine is touched, and no root is needed. Directories that are
                               not given, and the socket for clients, are in a new one that goes
                               with the daemon.
      --seed N                 What is drawn in the world follows from this number; 1 by default.
  -h, --help                   Print this help and exit.
  -V, --version                Print the version and exit.

Environment:
  DBUS_SYSTEM_BUS_ADDRESS      Where the system bus is, if it is elsewhere.
  XDG_RUNTIME_DIR, TMPDIR      Where the directory of a world is made; in /tmp without.
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
    /// Which clients are served.
    pub clients: Clients,
    /// The virtual world to run on, instead of the machine's radios.
    pub world: Option<World>,
    /// How much is logged.
    pub level: LevelFilter,
}

/// Which clients are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Those on the system bus.
    System,
    /// Those that come to this socket.
    Private(PathBuf),
    /// None.
    Nobody,
}

/// A virtual world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Its name, or a scenario file.
    pub name: String,
    /// What is drawn follows from it.
    pub seed: u64,
    /// The directory that is made for it, and goes with it.
    pub place: PathBuf,
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
    /// An address that is none of ours.
    #[error("--listen takes unix:path=/a/socket")]
    Listen,
    /// A seed without a world.
    #[error("--seed is for a --world")]
    Seed,
}

/// The directory of the flight recorder in that of a world.
pub const RUN: &str = "run";
/// The socket for clients in the directory of a world.
pub const BUS: &str = "bus";

/// The directory of the world of the daemon with this process number, in this environment.
#[must_use]
pub fn place(process: u32, environment: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let above = ["XDG_RUNTIME_DIR", "TMPDIR"].into_iter().filter_map(environment);
    let above = above.map(PathBuf::from).find(|above| above.is_absolute());
    above.unwrap_or_else(|| PathBuf::from("/tmp")).join(format!("lapwing-world-{process}"))
}

/// The seed of a world, if none is given.
const SEED: u64 = 1;

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
        clients: Clients::System,
        world: None,
        level: match environment("LAPWING_LOG") {
            Some(level) => level.to_str().and_then(|level| level.parse().ok()).ok_or(Error::Level)?,
            None => LevelFilter::INFO,
        },
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut debug = 0_u8;
    let (mut state, mut runtime, mut clients, mut world, mut seed) = (None, None, None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('i') | Long("interface") => options.interfaces.push(parser.value()?.string()?),
            Short('d') | Long("debug") => debug = debug.saturating_add(1),
            Long("state-directory") => state = Some(PathBuf::from(parser.value()?)),
            Long("runtime-directory") => runtime = Some(PathBuf::from(parser.value()?)),
            Long("no-network-configuration") => options.network_configuration = false,
            Long("no-dbus") => clients = Some(Clients::Nobody),
            Long("listen") => {
                let address = parser.value()?.string()?;
                // What a bus address escapes or adds has no use here.
                let path = address.strip_prefix("unix:path=").filter(|path| !path.contains([',', ';', '%']));
                clients = Some(Clients::Private(path.ok_or(Error::Listen)?.into()));
            }
            Long("world") => world = Some(parser.value()?.string()?),
            Long("seed") => seed = Some(parser.value()?.parse()?),
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
    if let Some(name) = world {
        let place = place(std::process::id(), &environment);
        options.state = place.join("state");
        options.runtime = place.join(RUN);
        options.clients = Clients::Private(place.join(BUS));
        options.world = Some(World { name, seed: seed.unwrap_or(SEED), place });
    } else if seed.is_some() {
        return Err(Error::Seed);
    }
    options.state = state.unwrap_or(options.state);
    options.runtime = runtime.unwrap_or(options.runtime);
    options.clients = clients.unwrap_or(options.clients);
    Ok(Invocation::Run(options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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
        assert!(plain.network_configuration && plain.level == LevelFilter::INFO);
        assert_eq!((plain.clients, plain.world), (Clients::System, None));
        let environment =
            [("STATE_DIRECTORY", "/a:/b"), ("RUNTIME_DIRECTORY", "/c"), ("LAPWING_LOG", "warn")];
        let set = options(&["-i", "wlan0", "--interface=wlan1"], &environment);
        assert_eq!((set.state, set.runtime), (PathBuf::from("/a"), PathBuf::from("/c")));
        assert_eq!((set.interfaces.len(), set.level), (2, LevelFilter::WARN));
        let arguments = ["-dd", "--state-directory", "/x", "--no-network-configuration", "--no-dbus"];
        let set = options(&arguments, &environment);
        assert_eq!((set.state, set.level), (PathBuf::from("/x"), LevelFilter::TRACE));
        assert!(!set.network_configuration && set.clients == Clients::Nobody);
        let set = options(&["--listen", "unix:path=/x/bus"], &[]);
        assert_eq!(set.clients, Clients::Private("/x/bus".into()));
    }

    #[test]
    fn a_world_has_a_place_of_its_own_and_leaves_the_machines_alone() {
        let environment = [("STATE_DIRECTORY", "/a"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("TMPDIR", "/t")];
        let set = options(&["--world", "home", "--seed", "7"], &environment);
        let world = set.world.unwrap();
        assert_eq!((world.name.as_str(), world.seed), ("home", 7));
        assert_eq!(world.place.parent(), Some(Path::new("/run/user/7")));
        assert_eq!((set.state, set.runtime), (world.place.join("state"), world.place.join("run")));
        assert_eq!(set.clients, Clients::Private(world.place.join("bus")));
        // What is said is done.
        let arguments =
            ["--state-directory", "/x", "--world", "home", "--listen", "unix:path=/y", "--seed", "3"];
        let set = options(&arguments, &[("TMPDIR", "relative")]);
        assert_eq!((set.state, set.clients), ("/x".into(), Clients::Private("/y".into())));
        assert!(set.runtime.starts_with("/tmp"));
    }

    #[test]
    fn what_is_not_understood() {
        for wrong in [
            &["--seed", "1"][..],
            &["--world", "x", "--seed", "-1"],
            &["--listen", "tcp:host=a"],
            &["--listen", "/x"],
        ] {
            assert!(run(wrong, &[]).is_err(), "{wrong:?}");
        }
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
            "listen",
            "world",
            "seed",
        ] {
            let long = format!("--{option}");
            assert!(HELP.contains(&long), "{long}");
            // Each is known to the parser: it complains about a missing value at most.
            let error = run(&[&long, "value", "--nonsense"], &[]).unwrap_err().to_string();
            assert!(
                ["nonsense", "value", "unix:path=", "--seed"].iter().any(|word| error.contains(word)),
                "{error}"
            );
        }
        assert!(HELP.lines().all(|line| line.len() <= 100));
    }
}
