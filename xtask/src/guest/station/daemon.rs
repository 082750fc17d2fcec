//! Our daemon, or iwd, in the part of the station: both are driven by iwd's client.

use super::{Kind, Settings, Station, Trouble};
use crate::command::{command, last_lines};
use crate::failure::{Doing, Failure, Result};
use crate::guest::bus::SOCKET;
use crate::guest::client::{Client, wait_heard};
use crate::guest::flight::{self, Record};
use crate::guest::network::Network;
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use crate::guest::tool::{Shown, Tool};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a program may take to be on the bus.
const PATIENCE: Duration = Duration::from_secs(10);

/// What iwd is told: how EAPOL travels, our radios as they are, and addresses.
fn text(settings: &Settings) -> String {
    let Settings { control_port, addresses, further, general, .. } = settings;
    format!(
        "[General]\nControlPortOverNL80211={control_port}\nEnableNetworkConfiguration={addresses}\n{general}[Network]\nEnableIPv6=true\n\
                   NameResolvingService=none\n[DriverQuirks]\nDefaultInterface=*\n{further}"
    )
}

/// A running daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    kind: Kind,
    process: Process,
    radio: Radio,
    directory: PathBuf,
    iwctl: Tool,
    /// Whether it serves developers.
    developer: bool,
    /// The network that was joined last.
    network: Option<Network>,
}

impl Daemon {
    pub(crate) fn start(kind: Kind, radio: Radio, directory: &Path, settings: &Settings) -> Result<Self> {
        for name in ["state", "runtime", "config"] {
            let place = directory.join(name);
            fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
        }
        fs::write(directory.join("config/main.conf"), text(settings))
            .doing(|| "write iwd's settings".into())?;
        let process = run(kind, &radio, directory, settings.developer)?;
        let (directory, iwctl) = (directory.to_owned(), Tool::iwctl(directory));
        Ok(Self { kind, process, radio, directory, iwctl, developer: settings.developer, network: None })
    }

    /// The records of failures.
    fn failures(&self) -> impl Iterator<Item = Record> {
        let failed = |record: &Record| record.event().to_lowercase().contains("fail");
        flight::read(&self.directory.join("runtime/flight.jsonl")).into_iter().filter(failed)
    }

    /// `iwctl station INTERFACE …`.
    fn order(&self, order: &[&str], passphrase: Option<&str>) -> Result<Shown> {
        self.iwctl.run(&[["station", &self.radio.interface].as_slice(), order].concat(), passphrase)
    }

    /// The same, where it must end well.
    fn must(&self, order: &[&str]) -> Result<()> {
        let shown = self.order(order, None)?;
        match shown.well {
            true => Ok(()),
            false => Err(Failure::unmet(format!("`iwctl station {}`", order.join(" ")), shown.text)),
        }
    }

    fn joined(&self) -> Result<&Network> {
        self.network.as_ref().ok_or_else(|| Failure::Usage("no network was joined yet".into()))
    }
}

/// Starts the program.
fn run(kind: Kind, radio: &Radio, directory: &Path, developer: bool) -> Result<Process> {
    // Other radios of the machine are other parties of the scenario.
    let (name, mut daemon): (_, Command) = match kind {
        Kind::Lapwing => ("lapwingd", command("lapwingd", ["--interface", &radio.interface])),
        _ => ("iwd", command("/usr/libexec/iwd", ["-d", "-i", &radio.interface])),
    };
    if developer {
        daemon.arg("-E");
    }
    for (variable, place) in [
        ("STATE_DIRECTORY", "state"),
        ("RUNTIME_DIRECTORY", "runtime"),
        ("CONFIGURATION_DIRECTORY", "config"),
        ("CREDENTIALS_DIRECTORY", "credentials"),
    ] {
        daemon.env(variable, directory.join(place));
    }
    let process = Process::start(name, &mut daemon, directory.join(format!("{name}.log")))?;
    if Path::new(SOCKET).exists() {
        Client::connect()?.wait_service(PATIENCE)?;
    }
    Ok(process)
}

impl Station for Daemon {
    fn radio(&self) -> &Radio {
        &self.radio
    }

    fn join(&mut self, network: &Network) -> Result<Option<String>> {
        self.network = Some(network.clone());
        let name = network.name();
        if network.hidden {
            let words = ["station", &self.radio.interface, "connect-hidden", &name];
            let shown = self.iwctl.session(&words, network.passphrase())?;
            return Ok((!shown.well).then_some(shown.text));
        }
        let mut client = Client::connect()?;
        let (device, path) = (<dyn Station>::path(self)?, <dyn Station>::network_path(self, network)?);
        wait_heard(&mut client, &device, &path)?;
        let shown = self.order(&["connect", &name], network.passphrase())?;
        Ok((!shown.well).then_some(shown.text))
    }

    fn provide(&mut self, network: &Network) -> Result<()> {
        self.network = Some(network.clone());
        let place = self.directory.join("state").join(network.file_name());
        fs::write(&place, network.file_text()).doing(|| format!("write {}", place.display()))
    }

    fn connect(&mut self) -> Result<()> {
        let name = self.joined()?.name();
        self.must(&["connect", &name])
    }

    fn disconnect(&mut self) -> Result<()> {
        self.must(&["disconnect"])
    }

    fn forget(&mut self) -> Result<()> {
        let name = self.joined()?.name();
        self.iwctl.shows(&["known-networks", &name, "forget"], None, &[]).map(drop)
    }

    fn iwctl(&self) -> Result<Tool> {
        Ok(self.iwctl.clone())
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.process = run(self.kind, &self.radio, &self.directory, self.developer)?;
        Ok(())
    }

    fn configure_address(&mut self) -> Result<()> {
        Ok(())
    }

    fn wait_trouble(&mut self, trouble: Trouble, within: Duration) -> Result<()> {
        if self.kind == Kind::Iwd {
            return Err(Failure::Unable("iwd does not say why it cannot connect".into()));
        }
        let words = match trouble {
            Trouble::WrongPassphrase => ["passphrase", "password"],
        };
        let told = |record: &Record| words.iter().any(|word| record.mentions(word));
        match wait(within, || self.failures().find(told)) {
            Some(_) => Ok(()),
            None => Err(Failure::unmet(
                format!("{trouble:?} in a failure's record within {within:?}"),
                self.last_words(),
            )),
        }
    }

    fn last_words(&mut self) -> String {
        let records = flight::read(&self.directory.join("runtime/flight.jsonl"));
        let records: String = records.iter().map(|record| record.line() + "\n").collect();
        let end = self.process.ended().unwrap_or_default();
        format!("{}{}{end}", last_lines(&records, 12), last_lines(&self.process.log(), 12))
    }
}
