//! A member of an ad-hoc network: our daemon, or iwd, ordered about on a bus.

use crate::command::{last_lines, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::bus::{Bus, Policy, SOCKET};
use crate::guest::client::{Argument, Client, refused};
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use crate::guest::station::Kind;
use serde_json::Value;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const DEVICE: &str = "net.connman.iwd.Device";
const AD_HOC: &str = "net.connman.iwd.AdHoc";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// How long the program may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the kernel may look for a network before it begins one.
const BEGUN: Duration = Duration::from_secs(40);

/// The bus of the second one: a name has one owner on each.
const ANOTHER: &str = "/tmp/another.bus";

/// What it is told: our radios are as they are, and addresses are ours to give.
const SETTINGS: &str = "[General]\nEnableNetworkConfiguration=false\n[DriverQuirks]\nDefaultInterface=*\n";

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    // In the order in which they are to go.
    client: Client,
    process: Process,
    _bus: Option<Bus>,
    radio: Radio,
    /// Its device's path on its bus.
    path: String,
}

impl Member {
    /// Starts the program on the machine's bus.
    pub(crate) fn start(kind: Kind, radio: Radio, directory: &Path) -> Result<Self> {
        Self::start_on(SOCKET, None, kind, radio, directory)
    }

    /// Starts it in a namespace and on a bus of its own.
    pub(crate) fn start_elsewhere(kind: Kind, mut radio: Radio, directory: &Path) -> Result<Self> {
        let directory = directory.join("elsewhere");
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        radio.move_into("elsewhere")?;
        let bus = Bus::start_at(ANOTHER, Policy::Open, None, &directory)?;
        Self::start_on(ANOTHER, Some(bus), kind, radio, &directory)
    }

    fn start_on(socket: &str, bus: Option<Bus>, kind: Kind, radio: Radio, directory: &Path) -> Result<Self> {
        let process = run(socket, kind, &radio, directory)?;
        let mut client = Client::connect_to(socket)?;
        client.wait_service(PATIENCE)?;
        let path = wait(PATIENCE, || device(&client.objects().ok()?, &radio.interface));
        let path = path.ok_or_else(|| Failure::unmet("a device", last_lines(&process.log(), 15)))?;
        Ok(Self { client, process, _bus: bus, radio, path })
    }

    /// Makes its interface one for ad-hoc networks.
    pub(crate) fn be_ad_hoc(&mut self) -> Result<()> {
        let words = [Argument::Text(DEVICE), Argument::Text("Mode"), Argument::Choice("ad-hoc")];
        self.client.call(&self.path, PROPERTIES, "Set", &words)?.map_err(refused("Set Mode"))?;
        let there = wait(PATIENCE, || self.client.property(&self.path, AD_HOC, "Started").ok()?);
        there.map(drop).ok_or_else(|| Failure::unmet("an interface for ad-hoc networks", self.last_words()))
    }

    /// Begins a network, or joins the one that is there.
    pub(crate) fn begin(&mut self, name: &str, passphrase: Option<&str>) -> Result<()> {
        let words = [Some(name), passphrase].into_iter().flatten().map(Argument::Text).collect::<Vec<_>>();
        let member = if passphrase.is_some() { "Start" } else { "StartOpen" };
        self.client.call(&self.path, AD_HOC, member, &words)?.map_err(refused(member))?;
        let begun = wait(BEGUN, || {
            (self.client.property(&self.path, AD_HOC, "Started").ok()?? == true).then_some(())
        });
        begun.ok_or_else(|| Failure::unmet("an ad-hoc network that has started", self.last_words()))
    }

    /// Leaves it.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.client.call(&self.path, AD_HOC, "Stop", &[])?.map_err(refused("Stop")).map(drop)
    }

    /// Waits until it says that exactly these others are connected.
    pub(crate) fn wait_peers(&mut self, wanted: &[&str], within: Duration) -> Result<()> {
        let mut seen = Value::Null;
        let there = wait(within, || {
            seen = self.client.property(&self.path, AD_HOC, "ConnectedPeers").ok()??;
            let names = seen.as_array()?.iter().filter_map(Value::as_str);
            names.eq(wanted.iter().copied()).then_some(())
        });
        there.ok_or_else(|| {
            Failure::unmet(format!("the members {wanted:?}"), format!("{seen}\n{}", self.last_words()))
        })
    }

    /// Its hardware address.
    pub(crate) fn hardware_address(&self) -> String {
        self.radio.address.clone()
    }

    /// Gives its interface an address.
    pub(crate) fn set_address(&self, address: Ipv4Addr) -> Result<()> {
        self.radio.set_address(address)
    }

    /// Pings somebody through the radio, once.
    pub(crate) fn ping(&self, to: Ipv4Addr) -> Result<()> {
        let line = format!("ping -c 1 -W 3 -I {} {to}", self.radio.interface);
        output(&mut self.radio.command(&line)).map(drop)
    }

    /// What it said last, and what the kernel holds.
    pub(crate) fn last_words(&self) -> String {
        let line = format!("iw dev {} station dump", self.radio.interface);
        let stations = output(&mut self.radio.command(&line)).unwrap_or_default();
        last_lines(&self.process.log(), 15) + &stations
    }
}

/// Starts the program.
fn run(socket: &str, kind: Kind, radio: &Radio, directory: &Path) -> Result<Process> {
    let (name, line) = match kind {
        Kind::Lapwing => ("lapwingd", format!("lapwingd --interface {}", radio.interface)),
        Kind::Iwd => ("iwd", format!("/usr/libexec/iwd -d -i {}", radio.interface)),
        Kind::WpaSupplicant => return Err(Failure::Usage("wpa_supplicant is on no bus".into())),
    };
    let mut program: Command = radio.command(&line);
    program.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={socket}"));
    program.env("LAPWING_LOG", "debug");
    for (variable, place) in [
        ("STATE_DIRECTORY", "state"),
        ("RUNTIME_DIRECTORY", "runtime"),
        ("CONFIGURATION_DIRECTORY", "config"),
    ] {
        let place = directory.join(place);
        fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
        program.env(variable, place);
    }
    fs::write(directory.join("config/main.conf"), SETTINGS).doing(|| "write the settings".into())?;
    Process::start(name, &mut program, directory.join(format!("{name}.log")))
}

/// The path of the device with a name, if it can be ordered about.
fn device(objects: &Value, name: &str) -> Option<String> {
    let named = |object: &Value| object.get(DEVICE)?.get("Name")?.as_str().map(|own| own == name);
    let mut objects = objects.as_object()?.iter();
    objects.find(|(_, object)| named(object) == Some(true)).map(|(path, _)| path.clone())
}
