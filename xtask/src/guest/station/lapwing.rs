//! Our daemon in the part of the station.

use super::{Station, Trouble};
use crate::command::{command, last_lines};
use crate::failure::{Doing, Failure, Result};
use crate::guest::flight::{self, Record};
use crate::guest::network::{Network, Secret};
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A running lapwingd with one network file.
#[derive(Debug)]
pub(crate) struct Lapwing {
    process: Process,
    radio: Radio,
    records: PathBuf,
    network: PathBuf,
    /// Where the network file waits while the station is not to connect.
    aside: PathBuf,
}

impl Lapwing {
    pub(crate) fn start(network: &Network, radio: Radio, directory: &Path) -> Result<Self> {
        let (state, runtime) = (directory.join("state"), directory.join("runtime"));
        for place in [&state, &runtime] {
            fs::create_dir_all(place).doing(|| format!("create {}", place.display()))?;
        }
        let place = state.join(file_name(network));
        fs::write(&place, file_text(network)).doing(|| format!("write {}", place.display()))?;
        // Other radios of the machine are other parties of the scenario.
        let mut daemon = command("lapwingd", ["--interface", &radio.interface]);
        daemon.env("STATE_DIRECTORY", &state).env("RUNTIME_DIRECTORY", &runtime);
        let process = Process::start("lapwingd", &mut daemon, directory.join("lapwingd.log"))?;
        let aside = directory.join("network-file");
        Ok(Self { process, radio, records: runtime.join("flight.jsonl"), network: place, aside })
    }

    /// The records of failures.
    fn failures(&self) -> impl Iterator<Item = Record> {
        flight::read(&self.records)
            .into_iter()
            .filter(|record| record.event().to_lowercase().contains("fail"))
    }
}

impl Station for Lapwing {
    fn radio(&self) -> &Radio {
        &self.radio
    }

    fn connect(&mut self) -> Result<()> {
        fs::rename(&self.aside, &self.network).doing(|| "put the network file back".into())
    }

    fn disconnect(&mut self) -> Result<()> {
        fs::rename(&self.network, &self.aside).doing(|| "take the network file away".into())
    }

    fn configure_address(&mut self) -> Result<()> {
        Ok(())
    }

    fn wait_trouble(&mut self, trouble: Trouble, within: Duration) -> Result<()> {
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
        let records: String = flight::read(&self.records).iter().map(|record| record.line() + "\n").collect();
        let end = self.process.ended().unwrap_or_default();
        format!("{}{}{end}", last_lines(&records, 12), last_lines(&self.process.log(), 12))
    }
}

/// iwd's way to name a file: the network's name itself where it is harmless, else its bytes in hexadecimal.
fn file_name(network: &Network) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_ ".contains(&byte);
    let stem = match network.ssid.bytes().all(harmless) {
        true => network.ssid.clone(),
        false => network.ssid.bytes().fold("=".to_owned(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
    };
    match network.secret {
        Secret::Nothing | Secret::NothingButOwe => stem + ".open",
        Secret::Passphrase { .. } => stem + ".psk",
    }
}

fn file_text(network: &Network) -> String {
    let mut text = String::new();
    if let Secret::Passphrase { passphrase, identifier } = &network.secret {
        text = format!("[Security]\nPassphrase={passphrase}\n");
        if let Some(identifier) = identifier {
            text = format!("{text}PasswordIdentifier={identifier}\n");
        }
    }
    match network.hidden {
        true => text + "[Settings]\nHidden=true\n",
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_and_written_as_iwd_does() {
        let network = Network::psk("plain", "secret 12").password_identifier("me").hidden();
        assert_eq!(file_name(&network), "plain.psk");
        let text = "[Security]\nPassphrase=secret 12\nPasswordIdentifier=me\n[Settings]\nHidden=true\n";
        assert_eq!(file_text(&network), text);
        assert_eq!(file_name(&Network::open("a/é")), "=612fc3a9.open");
    }
}
