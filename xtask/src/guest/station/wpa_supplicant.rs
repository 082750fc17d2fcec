//! wpa_supplicant in the part of the station.

use super::{Station, Trouble};
use crate::command::{command, last_lines};
use crate::failure::{Doing, Failure, Result};
use crate::guest::control::Control;
use crate::guest::network::{Network, Secret, hexadecimal};
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What busybox's DHCP client calls with the address that it got.
const DHCP_SCRIPT: &str = "#!/bin/sh
[ \"$1\" = bound ] && ip address replace $ip/$mask dev $interface
exit 0
";

/// Where its control sockets are: not in the folder of the scenario, which is copied as it is.
const SOCKETS: &str = "/tmp/wpa_supplicant";

/// A running wpa_supplicant.
#[derive(Debug)]
pub(crate) struct WpaSupplicant {
    process: Process,
    control: Control,
    dhcp: Option<Process>,
    radio: Radio,
    directory: PathBuf,
}

impl WpaSupplicant {
    /// Connects again to what it is connected to, as `wpa_cli reassociate` does.
    pub(crate) fn reassociate(&self) -> Result<()> {
        self.control.order("REASSOCIATE")
    }

    /// Goes to a BSS, as `wpa_cli roam` does.
    pub(crate) fn roam(&self, bssid: &str) -> Result<()> {
        self.control.order(&format!("ROAM {bssid}"))
    }

    /// How often it has connected.
    pub(crate) fn connections(&self) -> usize {
        self.process.log().matches("CTRL-EVENT-CONNECTED").count()
    }

    /// Gives an order whose answer is a number or a text.
    pub(crate) fn ask(&self, request: &str) -> Result<String> {
        match self.control.ask(request)? {
            refused if refused.starts_with("FAIL") || refused.starts_with("UNKNOWN") => {
                Err(Failure::unmet(format!("an answer to {request}"), refused))
            }
            answer => Ok(answer),
        }
    }

    /// Whether its log has this.
    pub(crate) fn has_said(&self, word: &str) -> bool {
        self.process.log().contains(word)
    }

    /// Its own account of its connection, as `wpa_cli status` shows it.
    pub(crate) fn status(&self) -> Result<String> {
        self.control.ask("STATUS")
    }

    fn last_lines(&self) -> String {
        last_lines(&self.process.log(), 15)
    }

    pub(crate) fn start(radio: Radio, directory: &Path) -> Result<Self> {
        let place = directory.join("wpa_supplicant.conf");
        write_configuration(&place, None)?;
        let process = run(&radio, directory)?;
        let control = Control::connect(&Path::new(SOCKETS).join(&radio.interface))?;
        Ok(Self { process, control, dhcp: None, radio, directory: directory.to_owned() })
    }
}

/// One program for many radios that are all to join a network at once.
pub(crate) fn crowd(
    radios: &[Radio],
    network: &Network,
    frequency: u32,
    directory: &Path,
) -> Result<Process> {
    let place = directory.join("crowd.conf");
    // They know where it is: a radio that looks around on all channels has the kernel's receiver warn of a frame that
    // comes in between.
    let text = format!("sae_pwe=2\npmf=1\nfreq_list={frequency}\n{}", block(network));
    fs::write(&place, text).doing(|| format!("write {}", place.display()))?;
    let place = place.display().to_string();
    let each = radios.iter().map(|radio| ["-D", "nl80211", "-c", &place, "-i", &radio.interface]);
    let words = each.collect::<Vec<_>>().join(&"-N");
    let mut program = command("wpa_supplicant", words);
    Process::start("wpa_supplicant", &mut program, directory.join("crowd.log"))
}

/// Starts the program.
fn run(radio: &Radio, directory: &Path) -> Result<Process> {
    let mut program = radio.command(&format!("wpa_supplicant -D nl80211 -d -K -t -i {} -c", radio.interface));
    program.arg(directory.join("wpa_supplicant.conf"));
    Process::start("wpa_supplicant", &mut program, directory.join("wpa_supplicant.log"))
}

impl Station for WpaSupplicant {
    fn radio(&self) -> &Radio {
        &self.radio
    }

    fn join(&mut self, network: &Network) -> Result<Option<String>> {
        self.provide(network).map(|()| None)
    }

    fn provide(&mut self, network: &Network) -> Result<()> {
        write_configuration(&self.directory.join("wpa_supplicant.conf"), Some(network))?;
        self.control.order("RECONFIGURE")
    }

    fn connect(&mut self) -> Result<()> {
        self.control.order("RECONNECT")
    }

    fn disconnect(&mut self) -> Result<()> {
        self.control.order("DISCONNECT")
    }

    fn forget(&mut self) -> Result<()> {
        write_configuration(&self.directory.join("wpa_supplicant.conf"), None)?;
        self.control.order("RECONFIGURE")
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn start_again(&mut self) -> Result<()> {
        self.process = run(&self.radio, &self.directory)?;
        self.control = Control::connect(&Path::new(SOCKETS).join(&self.radio.interface))?;
        Ok(())
    }

    fn configure_address(&mut self) -> Result<()> {
        let script = self.directory.join("dhcp-script");
        fs::write(&script, DHCP_SCRIPT).doing(|| "write the DHCP script".into())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))
            .doing(|| "make a script run".into())?;
        let mut client =
            self.radio.command(&format!("busybox udhcpc -f -n -q -i {} -s", self.radio.interface));
        self.dhcp = Some(Process::start("udhcpc", client.arg(script), self.directory.join("udhcpc.log"))?);
        Ok(())
    }

    fn wait_trouble(&mut self, trouble: Trouble, within: Duration) -> Result<()> {
        let Trouble::WrongPassphrase = trouble;
        let told = |log: String| log.contains("reason=WRONG_KEY").then_some(());
        match wait(within, || told(self.process.log())) {
            Some(()) => Ok(()),
            None if self.process.log().contains("using KEY_MGMT SAE") => Err(Failure::Unable(
                "wpa_supplicant does not tell a wrong SAE password from other failures".into(),
            )),
            None => Err(Failure::unmet("a wrong passphrase is reported", self.last_words())),
        }
    }

    fn last_words(&mut self) -> String {
        self.last_lines() + &self.process.ended().unwrap_or_default()
    }
}

/// The file: everything that the network may turn out to be is allowed.
fn write_configuration(place: &Path, network: Option<&Network>) -> Result<()> {
    let network = network.map(block).unwrap_or_default();
    let text = format!("ctrl_interface={SOCKETS}\nsae_pwe=2\npmf=1\n{network}");
    fs::write(place, text).doing(|| format!("write {}", place.display()))
}

fn block(network: &Network) -> String {
    let security = match &network.secret {
        Secret::Nothing => "key_mgmt=NONE".to_owned(),
        Secret::NothingButOwe => "key_mgmt=OWE\n ieee80211w=2".to_owned(),
        Secret::Passphrase { passphrase, identifier } => {
            let identifier =
                identifier.iter().map(|name| format!("\n sae_password_id=\"{name}\"")).collect::<String>();
            format!(
                "key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE SAE-EXT-KEY\n psk=\"{passphrase}\"\n \
                 pairwise=CCMP CCMP-256 GCMP GCMP-256\n group=CCMP CCMP-256 GCMP GCMP-256\n beacon_prot=1{identifier}"
            )
        }
    };
    let (ssid, hidden) = (hexadecimal(&network.ssid), u8::from(network.hidden));
    format!("network={{\n ssid={ssid}\n scan_ssid={hidden}\n {security}\n}}\n")
}
