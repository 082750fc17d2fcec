//! The Wi-Fi station daemon.
#![forbid(unsafe_code)]

use lapwing_linux::curves::AwsLcCurves;
use lapwing_linux::entropy::OsEntropy;
use lapwingd::bus::service::Facts;
use lapwingd::bus::{Bus, NameTaken, Wanted};
use lapwingd::daemon::{self, Daemon};
use lapwingd::linux::Linux;
use lapwingd::log::Log;
use lapwingd::networks::Store;
use lapwingd::options::{self, HELP, Invocation, Options};
use lapwingd::resolver::Place;
use lapwingd::run::run;
use lapwingd::settings::{self, Settings};
use std::error::Error;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use tracing::{debug, error, warn};

/// The exit status if another supplicant runs: systemd does not try again then.
const ANOTHER_SUPPLICANT: u8 = 3;

fn main() -> ExitCode {
    let invocation = options::parse(std::env::args_os().skip(1), |name| std::env::var_os(name));
    let options = match invocation {
        Ok(Invocation::Run(options)) => options,
        Ok(Invocation::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Version) => {
            println!("lapwingd {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("lapwingd: {error}\nTry 'lapwingd --help'.");
            return ExitCode::from(2);
        }
    };
    // It is the first and only one.
    drop(tracing::subscriber::set_global_default(Log::new(options.level)));
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::from(if error.downcast_ref::<NameTaken>().is_some() { ANOTHER_SUPPLICANT } else { 1 })
        }
    }
}

fn serve(mut options: Options) -> Result<(), Box<dyn Error>> {
    let (machine, mistakes) = settings::load(std::env::var_os("CONFIGURATION_DIRECTORY").as_deref());
    for mistake in mistakes {
        warn!("{mistake}");
    }
    options.network_configuration &= machine.network_configuration;
    let place = Place::find(machine.name_service, options.dbus, &options.runtime);
    debug!("name servers are told to {place}");
    // No pool of threads: everything is done on this one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let facts = Facts {
            state_directory: options.state.display().to_string(),
            network_configuration: options.network_configuration,
            resolved: place == Place::Resolved && options.network_configuration,
            machine_id: std::fs::read_to_string("/etc/machine-id").ok().map(|id| id.trim().to_owned()),
        };
        let mut bus = Bus::new(facts, if options.dbus { Wanted::System } else { Wanted::Nothing });
        // First of all: clients wait for the name, and who has it already must not be disturbed.
        bus.start().await?;
        let state = options.state.clone();
        let daemon = open(options, machine, place)?;
        Ok(run(daemon, &state, bus).await?)
    })
}

/// The daemon, with the kernel's sockets and all files open.
fn open(options: Options, machine: Settings, place: Place) -> io::Result<Daemon<Linux>> {
    for (directory, mode) in [(&options.state, 0o700), (&options.runtime, 0o755)] {
        create(directory, mode)?;
    }
    let kernel =
        Linux::open(options.runtime.clone(), machine.metric, place).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                io::Error::new(error.kind(), "this kernel has no nl80211: is cfg80211 loaded?")
            }
            _ => io::Error::new(error.kind(), format!("the kernel's sockets cannot be opened: {error}")),
        })?;
    let store = Store::new(options.state.clone());
    let hostname = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    let settings = daemon::Options {
        interfaces: options.interfaces,
        network_configuration: options.network_configuration,
        ipv6: machine.ipv6,
        runtime: options.runtime,
        hostname,
    };
    Ok(Daemon::new(kernel, settings, store, Box::new(OsEntropy), Box::new(AwsLcCurves)))
}

/// Creates a directory, unless it is there.
fn create(directory: &Path, mode: u32) -> io::Result<()> {
    let result = DirBuilder::new().recursive(true).mode(mode).create(directory);
    result.map_err(|error| io::Error::new(error.kind(), format!("cannot create {directory:?}: {error}")))
}
