//! The program: from the command line to the loop.

use crate::bus::private::Private;
use crate::bus::service::Facts;
use crate::bus::{Bus, NameTaken, Wanted};
use crate::daemon::{self, Daemon};
use crate::linux::Linux;
use crate::log::{Lines, Log};
use crate::machine::Machine;
use crate::networks::{Seal, Store, store};
use crate::options::{self, Clients, HELP, Invocation, Options, Program, World};
use crate::resolver::Place;
use crate::run::run;
use crate::settings::{self, Settings};
use crate::world::{Virtual, WorldError};
use lapwing_core::entropy::random;
use lapwing_linux::curves::AwsLcCurves;
use lapwing_linux::entropy::OsEntropy;
use std::error::Error;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing::{debug, error, info, warn};

/// The exit status if the command line, or what it names, cannot be understood.
const USAGE: u8 = 2;
/// The exit status if another supplicant runs: systemd does not try again then.
const ANOTHER_SUPPLICANT: u8 = 3;

/// Runs the program to its end, with these arguments (without its name).
pub fn main(program: Program, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match options::parse(program, arguments, |name| std::env::var_os(name)) {
        Ok(Invocation::Run(options)) => *options,
        Ok(Invocation::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Version) => {
            println!("{}", program.version());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("lapwingd: {error}\nTry 'lapwingd --help'.");
            return ExitCode::from(USAGE);
        }
    };
    let log = Log::new(options.level, options.bus_log, options.logger);
    let lines = log.lines();
    let rescued = lines.clone();
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        rescued.rescue();
        tell(panic);
    }));
    // It is the first and only one.
    drop(tracing::subscriber::set_global_default(log));
    match serve(options, &lines) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::from(match () {
                () if error.is::<NameTaken>() => ANOTHER_SUPPLICANT,
                () if error.is::<WorldError>() => USAGE,
                () => 1,
            })
        }
    }
}

fn serve(mut options: Options, lines: &Lines) -> Result<(), Box<dyn Error>> {
    let world = match &options.world {
        Some(world) => Some((Ground::new(world)?, Virtual::scenario(&world.name)?, world.seed)),
        None => None,
    };
    let machine = if world.is_some() { virtual_settings() } else { real_settings(options.program) };
    options.network_configuration &= machine.network_configuration;
    let place = Place::find(machine.name_service, options.clients == Clients::System, &options.runtime);
    debug!("name servers are told to {place}");
    for (directory, mode) in [(&options.state, 0o700), (&options.runtime, 0o755)] {
        create(directory, mode)?;
    }
    let credential = machine.credential.as_deref().map(credential).transpose()?;
    // No pool of threads: everything is done on this one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let facts = Facts {
            state_directory: options.state.display().to_string(),
            credential: credential.as_ref().map(|path| path.display().to_string()),
            developer: options.developer,
            network_configuration: options.network_configuration,
            route_metric: machine.metric,
            resolved: place == Place::Resolved && options.network_configuration,
            machine_id: fs::read_to_string("/etc/machine-id").ok().map(|id| id.trim().to_owned()),
        };
        let mut bus = Bus::new(facts, wanted(&options.clients)?);
        // First of all: clients wait for the name, and who has it already must not be disturbed.
        bus.start().await?;
        let kernel = match &world {
            Some((_, scenario, seed)) => {
                Machine::Virtual(Box::new(Virtual::open(scenario, *seed, &options.runtime)?))
            }
            None => Machine::Real(Box::new(linux(&options.runtime, machine.clone(), place)?)),
        };
        let state = options.state.clone();
        let seal = credential.as_deref().map(seal).transpose()?;
        let daemon = open(kernel, options, machine, seal);
        Ok(run(daemon, &state, bus, lines).await?)
    })
}

/// What the machine's own file says.
fn real_settings(program: Program) -> Settings {
    let (settings, mistakes) =
        settings::load(program, std::env::var_os("CONFIGURATION_DIRECTORY").as_deref());
    for mistake in mistakes {
        warn!("{mistake}");
    }
    settings
}

/// The machine's own file is not about a world, and nobody of the machine is told its name servers.
fn virtual_settings() -> Settings {
    Settings { name_service: settings::NameService::None, ..Settings::default() }
}

fn wanted(clients: &Clients) -> Result<Wanted, Box<dyn Error>> {
    Ok(match clients {
        Clients::System => Wanted::System,
        Clients::Nobody => Wanted::Nothing,
        Clients::Private(path) => {
            let private = Private::listen(path, random(&mut OsEntropy))
                .map_err(|error| format!("clients cannot be listened for at {}: {error}", path.display()))?;
            info!("clients find the daemon at unix:path={}", path.display());
            Wanted::Private(Box::new(private))
        }
    })
}

/// The kernel of this machine, with its sockets open.
fn linux(runtime: &Path, settings: Settings, place: Place) -> io::Result<Linux> {
    Linux::open(runtime.to_owned(), settings, place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), "this kernel has no nl80211: is cfg80211 loaded?")
        }
        _ => io::Error::new(error.kind(), format!("the kernel's sockets cannot be opened: {error}")),
    })
}

/// Where systemd has put a credential for us.
fn credential(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or(
        "SystemdEncrypt in main.conf needs a credential, and $CREDENTIALS_DIRECTORY is not set: add \
         LoadCredentialEncrypted= or SetCredentialEncrypted= to the service",
    )?;
    Ok(PathBuf::from(directory).join(name))
}

/// The key of network files, from a credential.
fn seal(path: &Path) -> Result<Seal, Box<dyn Error>> {
    let octets = store::read(path)
        .map_err(|error| format!("the credential of SystemdEncrypt cannot be read: {path:?}: {error}"))?;
    Ok(Seal::of_credential(octets.expose())
        .ok_or_else(|| format!("{path:?}, the credential of SystemdEncrypt, is empty"))?)
}

fn open(kernel: Machine, options: Options, machine: Settings, seal: Option<Seal>) -> Daemon<Machine> {
    let store = Store::new(options.state).sealed(seal);
    let hostname = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    let settings = daemon::Options {
        choice: options.choice,
        developer: options.developer,
        network_configuration: options.network_configuration,
        ipv6: machine.ipv6,
        runtime: options.runtime,
        hostname,
        hotspot_blocks: machine.hotspots,
        station: machine.station,
    };
    Daemon::new(kernel, settings, store, Box::new(OsEntropy), Box::new(AwsLcCurves))
}

/// Creates a directory, unless it is there.
fn create(directory: &Path, mode: u32) -> io::Result<()> {
    let result = DirBuilder::new().recursive(true).mode(mode).create(directory);
    result.map_err(|error| io::Error::new(error.kind(), format!("cannot create {directory:?}: {error}")))
}

/// The directory of a world, which goes with this.
struct Ground(PathBuf);

impl Ground {
    fn new(world: &World) -> io::Result<Self> {
        let place = &world.place;
        // It must not be there: below /tmp it could be somebody else's.
        let made = DirBuilder::new().mode(0o700).create(place);
        made.map_err(|error| io::Error::new(error.kind(), format!("cannot create {place:?}: {error}")))?;
        Ok(Self(place.clone()))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            warn!("{:?} is left behind: {error}", self.0);
        }
    }
}
