//! The command line: ours, and every word of iwd's.

use crate::choice::Choice;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use tracing::level_filters::LevelFilter;

/// What `--help` says.
pub const HELP: &str = "\
lapwingd joins Wi-Fi networks.

It joins the networks whose files are in the state directory by itself, and keeps in them.

Usage: lapwingd [OPTIONS]
       iwd [OPTIONS]           The same, with iwd's directories and iwd's defaults in main.conf.

Options:
  -i, --interfaces LIST        Run these interfaces: names or patterns (wlan*), with commas between.
                               Without it, the first interface of each radio is run. These lists may
                               be given more than once. --interface is the same.
  -I, --nointerfaces LIST      Leave these interfaces alone.
  -p, --phys LIST              Touch only the radios of these names or patterns (phy0,phy1).
  -P, --nophys LIST            Leave these radios alone.
  -E, --developer              Serve what developers ask for too.
  -d, --debug[=WHAT]           Log what happens in detail; twice: everything. Iwd's names of its own
                               source files may stand behind it, and say nothing here.
  -B, --dbus-debug             Log what is said on the bus.
  -l, --logger WHERE           stderr, syslog or journal: where the log goes; stderr by default.
      --state-directory DIR    Where network files are. The default is the first directory of
                               $STATE_DIRECTORY, or else /var/lib/lapwing; under the name iwd
                               /var/lib/iwd.
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
  -v, -V, --version            Print the version and exit.

Environment:
  CONFIGURATION_DIRECTORY      Where main.conf is: directories with colons between. The default is
                               /etc/lapwing, then /etc/iwd; under the name iwd /etc/iwd.
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
    Run(Box<Options>),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// The name under which the program was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// Our own.
    Lapwingd,
    /// iwd's: directories, defaults and the version are as with iwd.
    Iwd,
}

impl Program {
    /// The program that this first word of a command line names.
    #[must_use]
    pub fn named(word: Option<&OsStr>) -> Self {
        let name = word.and_then(|word| Path::new(word).file_name());
        if name == Some(OsStr::new("iwd")) { Self::Iwd } else { Self::Lapwingd }
    }

    /// Where network files are, unless something else is said.
    const fn state(self) -> &'static str {
        match self {
            Self::Lapwingd => "/var/lib/lapwing",
            Self::Iwd => "/var/lib/iwd",
        }
    }

    /// What it says of its version. Programs compare that of iwd as a number.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Lapwingd => concat!("lapwingd ", env!("CARGO_PKG_VERSION")),
            Self::Iwd => env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name under which the program was started.
    pub program: Program,
    /// The radios and interfaces to run.
    pub choice: Choice,
    /// Whether developers are served.
    pub developer: bool,
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
    /// Whether what is said on the bus is logged, however much else is.
    pub bus_log: bool,
    /// Where the log goes.
    pub logger: Logger,
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logger {
    /// Standard error.
    Standard,
    /// The system's log (`/dev/log`).
    Syslog,
    /// systemd's journal.
    Journal,
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
    /// A log that is none.
    #[error("--logger is stderr, syslog or journal")]
    Logger,
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
    program: Program,
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
        program,
        choice: Choice::default(),
        developer: false,
        state: directory("STATE_DIRECTORY", program.state()),
        runtime: directory("RUNTIME_DIRECTORY", "/run/lapwing"),
        network_configuration: true,
        clients: Clients::System,
        world: None,
        level: match environment("LAPWING_LOG") {
            Some(level) => level.to_str().and_then(|level| level.parse().ok()).ok_or(Error::Level)?,
            None => LevelFilter::INFO,
        },
        // The variable is iwd's.
        bus_log: environment("IWD_DBUS_DEBUG").is_some(),
        logger: Logger::Standard,
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut debug = 0_u8;
    let (mut state, mut runtime, mut clients, mut world, mut seed) = (None, None, None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('i') | Long("interface" | "interfaces") => {
                options.choice.interfaces.add(&parser.value()?.string()?);
            }
            Short('I') | Long("nointerfaces") => {
                options.choice.not_interfaces.add(&parser.value()?.string()?);
            }
            Short('p') | Long("phys") => options.choice.radios.add(&parser.value()?.string()?),
            Short('P') | Long("nophys") => options.choice.not_radios.add(&parser.value()?.string()?),
            Short('E') | Long("developer") => options.developer = true,
            Short('d') | Long("debug") => debug = debug.saturating_add(loudness(&mut parser)),
            Short('B') | Long("dbus-debug") => options.bus_log = true,
            Short('l') | Long("logger") => {
                options.logger = match parser.value()?.to_str() {
                    Some("stderr") => Logger::Standard,
                    Some("syslog") => Logger::Syslog,
                    Some("journal") => Logger::Journal,
                    _ => return Err(Error::Logger),
                }
            }
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
            Short('v' | 'V') | Long("version") => return Ok(Invocation::Version),
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
    Ok(Invocation::Run(Box::new(options)))
}

/// How much louder a `-d` that has just been read makes the log: iwd's takes names of source files, in the same word or
/// in the next one; here only more of the same letter means something.
fn loudness(parser: &mut lexopt::Parser) -> u8 {
    if let Some(value) = parser.optional_value() {
        let more = value.to_str().filter(|value| value.bytes().all(|octet| octet == b'd'));
        return more.map_or(1, |more| u8::try_from(more.len()).unwrap_or(u8::MAX).saturating_add(1));
    }
    if let Some(mut words) = parser.try_raw_args()
        && words.peek().is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-"))
    {
        drop(words.next());
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Invocation, Error> {
        run_as(Program::Lapwingd, arguments, environment)
    }

    fn run_as(
        program: Program,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Invocation, Error> {
        parse(program, arguments.iter().map(OsString::from), |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    fn options(arguments: &[&str], environment: &[(&str, &str)]) -> Options {
        match run(arguments, environment).unwrap() {
            Invocation::Run(options) => *options,
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
        assert_eq!((set.choice.interfaces, set.level), ("wlan0,wlan1".into(), LevelFilter::WARN));
        let arguments = ["-dd", "--state-directory", "/x", "--no-network-configuration", "--no-dbus"];
        let set = options(&arguments, &environment);
        assert_eq!((set.state, set.level), (PathBuf::from("/x"), LevelFilter::TRACE));
        assert!(!set.network_configuration && set.clients == Clients::Nobody);
        let set = options(&["--listen", "unix:path=/x/bus"], &[]);
        assert_eq!(set.clients, Clients::Private("/x/bus".into()));
    }

    #[test]
    fn what_iwd_is_started_with() {
        let as_iwd = |arguments: &[&str], environment: &[(&str, &str)]| match run_as(
            Program::Iwd,
            arguments,
            environment,
        )
        .unwrap()
        {
            Invocation::Run(options) => *options,
            other => panic!("{other:?}"),
        };
        let plain = as_iwd(&[], &[]);
        assert_eq!((plain.state, plain.developer), (PathBuf::from("/var/lib/iwd"), false));
        let set = as_iwd(&["-E", "-p", "rad0,rad1", "-d", "*"], &[("STATE_DIRECTORY", "/a:/b")]);
        assert_eq!((set.state, set.level), (PathBuf::from("/a"), LevelFilter::DEBUG));
        assert!(set.developer && set.choice.has_radio("rad1") && !set.choice.has_radio("rad2"));
        let long = [
            "--developer",
            "--interfaces=wl*",
            "--nointerfaces",
            "wlan7",
            "--phys",
            "phy*",
            "--nophys=phy9",
            "--debug=src/station.c",
            "--dbus-debug",
            "--logger=syslog",
        ];
        let set = as_iwd(&long, &[]);
        let choice = Choice {
            interfaces: "wl*".into(),
            not_interfaces: "wlan7".into(),
            radios: "phy*".into(),
            not_radios: "phy9".into(),
        };
        assert_eq!((set.choice, set.logger, set.bus_log), (choice, Logger::Syslog, true));
        let short = as_iwd(&["-d", "-B", "-lstderr", "-Iwlan7", "-P", "phy9", "-i", "a"], &[]);
        assert!(short.bus_log && short.level == LevelFilter::DEBUG);
        assert!(as_iwd(&[], &[("IWD_DBUS_DEBUG", "1")]).bus_log);
        assert_eq!(run_as(Program::Iwd, &["-v"], &[]).unwrap(), Invocation::Version);
        for (word, program) in [
            (Some("/usr/libexec/iwd"), Program::Iwd),
            (Some("iwd"), Program::Iwd),
            (Some("/usr/bin/lapwingd"), Program::Lapwingd),
            (None, Program::Lapwingd),
        ] {
            assert_eq!(Program::named(word.map(OsStr::new)), program, "{word:?}");
        }
        assert!(Program::Iwd.version().starts_with(|first: char| first.is_ascii_digit()));
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
            &["--logger", "paper"],
            &["-d", "one", "two"],
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
            "interfaces",
            "nointerfaces",
            "phys",
            "nophys",
            "developer",
            "debug",
            "dbus-debug",
            "logger",
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
                ["nonsense", "value", "unix:path=", "--seed", "--logger"]
                    .iter()
                    .any(|word| error.contains(word)),
                "{error}"
            );
        }
        assert!(HELP.lines().all(|line| line.len() <= 100));
    }
}
