//! Programs that manage a machine's networks, and have the station do the Wi-Fi: as Debian ships them.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::lab::Lab;
use crate::guest::process::{Process, wait_large};
use crate::guest::radio::{self, Radio};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long a manager may take to be there.
const PATIENCE: Duration = Duration::from_secs(30);

const NETWORK_MANAGER: &str = "/etc/NetworkManager/NetworkManager.conf";
const NETWORK_MANAGER_PROFILES: &str = "/etc/NetworkManager/system-connections";
const CONNMAN: &str = "/etc/connman/main.conf";
const CONNMAN_STATE: &str = "/var/lib/connman";
const NETWORKD: &str = "/etc/systemd/network/20-station.network";

/// What a client was told to do, and whether it did: each is tried, and all of them are shown.
#[derive(Debug)]
pub(crate) struct Orders {
    client: &'static str,
    rows: Vec<Value>,
    failures: Vec<String>,
}

impl Orders {
    /// Orders to one client.
    pub(crate) const fn to(client: &'static str) -> Self {
        Self { client, rows: Vec::new(), failures: Vec::new() }
    }

    /// One order. What fails is noted, and the others follow all the same.
    pub(crate) fn give(&mut self, order: &str, done: impl FnOnce() -> Result<()>) {
        let outcome = done();
        self.rows.push(json!({
            "client": self.client,
            "command": order,
            "works": if outcome.is_ok() { "yes" } else { "**no**" },
        }));
        // On the machine's console, for whoever wonders how far it got.
        println!("{}: {order}: {}", self.client, if outcome.is_ok() { "done" } else { "failed" });
        if let Err(failure) = outcome {
            self.failures.push(format!("{order}: {failure}"));
        }
    }

    /// Writes down what came of it all.
    pub(crate) fn end(self, lab: &mut Lab) -> Result<()> {
        lab.record("clients", Value::Array(self.rows));
        match self.failures.is_empty() {
            true => Ok(()),
            false => Err(Failure::unmet(
                format!("{} works", self.client),
                format!("it does not:\n{}", self.failures.join("\n")),
            )),
        }
    }
}

/// NetworkManager, which manages nothing but this interface, and gets addresses by itself.
pub(crate) fn network_manager(radio: &Radio, directory: &Path) -> Result<Process> {
    let text = format!(
        "[main]\nplugins=keyfile\ndhcp=internal\ndns=none\nno-auto-default=*\nauth-polkit=false\n\
         [keyfile]\nunmanaged-devices=*,except:interface-name:{}\n\
         [device]\nwifi.backend=iwd\n[connectivity]\nenabled=false\n[logging]\nlevel=DEBUG\n",
        radio.interface
    );
    place(NETWORK_MANAGER, &text)?;
    fs::create_dir_all(NETWORK_MANAGER_PROFILES).doing(|| "make a folder for profiles".into())?;
    known_to_udev(radio)?;
    let mut program = command("NetworkManager", ["--debug"]);
    let manager = Process::start("NetworkManager", &mut program, directory.join("NetworkManager.log"))?;
    let ready = || {
        let devices = output(&mut command("nmcli", ["-t", "-f", "DEVICE,STATE", "device"])).ok()?;
        let state = devices.lines().find_map(|line| line.strip_prefix(&format!("{}:", radio.interface)))?;
        (!["unmanaged", "unavailable"].contains(&state)).then_some(())
    };
    match wait_large(PATIENCE, ready) {
        Some(()) => Ok(manager),
        None => Err(Failure::unmet("NetworkManager manages the station", manager.log())),
    }
}

/// Takes away what NetworkManager has stored: the machine is another scenario's next.
pub(crate) fn forget_network_manager() {
    for place in [NETWORK_MANAGER_PROFILES, "/var/lib/NetworkManager"] {
        // What was never there is gone.
        let _ = fs::remove_dir_all(place);
    }
}

/// ConnMan, which is told to leave wpa_supplicant alone, and gets addresses by itself.
pub(crate) fn connman(radio: &Radio, directory: &Path) -> Result<Process> {
    let text = "[General]\nAllowHostnameUpdates=false\nAllowDomainnameUpdates=false\nOnlineCheckMode=none\n";
    place(CONNMAN, text)?;
    let settings = format!("{CONNMAN_STATE}/settings");
    if !Path::new(&settings).exists() {
        // Else it begins by turning all radios of the machine off, those of the access points too.
        place(&settings, "[global]\nOfflineMode=false\n[WiFi]\nEnable=true\nTethering=false\n")?;
    }
    known_to_udev(radio)?;
    let words = ["-n", "-d", "--noplugin=wifi", "--nodnsproxy", "-i", &radio.interface, "-c", CONNMAN];
    let manager =
        Process::start("connmand", &mut command("connmand", words), directory.join("connmand.log"))?;
    let ready = || {
        let technologies = output(&mut command("connmanctl", ["technologies"])).ok()?;
        technologies.contains("/net/connman/technology/wifi").then_some(())
    };
    match wait_large(PATIENCE, ready) {
        Some(()) => Ok(manager),
        None => Err(Failure::unmet("ConnMan sees the station", manager.log())),
    }
}

/// Takes away what ConnMan has stored.
pub(crate) fn forget_connman() {
    let _ = fs::remove_dir_all(CONNMAN_STATE);
}

/// systemd-networkd, which has the station's interface get addresses by DHCP.
pub(crate) fn networkd(radio: &Radio, directory: &Path) -> Result<Process> {
    let text = format!("[Match]\nName={}\n[Network]\nDHCP=ipv4\n", radio.interface);
    place(NETWORKD, &text)?;
    known_to_udev(radio)?;
    // Those are its own, which gives up root's rights: what has no owner in the machine's image is root's.
    for home in ["/run/systemd/netif", "/var/lib/systemd/network"] {
        fs::create_dir_all(home).doing(|| format!("create {home}"))?;
        radio::words(&format!("chown -R systemd-network:systemd-network {home}"))?;
    }
    let mut program = command::<&str>("/usr/lib/systemd/systemd-networkd", []);
    program.env("SYSTEMD_LOG_LEVEL", "debug");
    Process::start("systemd-networkd", &mut program, directory.join("networkd.log"))
}

/// Says what udev would have said: these programs wait until it has seen an interface.
fn known_to_udev(radio: &Radio) -> Result<()> {
    let (_, interface) = radio.numbers()?;
    place(&format!("/run/udev/data/n{interface}"), "I:1\n")?;
    place("/run/udev/control", "")
}

fn place(path: &str, text: &str) -> Result<()> {
    if let Some(home) = Path::new(path).parent() {
        fs::create_dir_all(home).doing(|| format!("create {}", home.display()))?;
    }
    fs::write(path, text).doing(|| format!("write {path}"))
}
