//! What the daemon shows, checked; and at the same time what `--json` prints.
//!
//! iwd's interfaces give the frame. What only ours give (`org.lapwing.*`) is `None` with another daemon.

use crate::bus::{Bus, DAEMON, Objects, Properties, decode, present};
use crate::failure::{CallError, Failure};
use crate::hotspot;
use crate::radio;
use serde::Serialize;
use std::collections::HashMap;
use zbus::{OwnedObjectPath, OwnedVariant};

mod links;
mod station;

pub use links::{Figures, Link, Links};
pub use station::Station;
use station::diagnose;
pub(crate) use station::last_failure;

/// The interface with what iwd's station does not tell.
pub const STATION: &str = "org.lapwing.Station1";

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Radio {
    /// Such as `phy0`.
    pub name: String,
    /// Whether it is switched on.
    pub powered: bool,
    /// The model, if the hardware tells.
    pub model: Option<String>,
    /// The vendor, if the hardware tells.
    pub vendor: Option<String>,
    /// What it can be used as, in iwd's words: `station`, `ap`, `ad-hoc`.
    pub modes: Vec<String>,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its object.
    #[serde(skip)]
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its MAC address.
    pub address: Option<String>,
    /// Whether it is up.
    pub powered: bool,
    /// What it is used as: `station`, or `ap` for a hotspot.
    pub mode: Option<String>,
    /// What the station does; `unavailable` if there is none.
    pub state: String,
    /// Whether it is looking for networks.
    pub scanning: bool,
    /// Its radio.
    pub radio: Option<Radio>,
}

/// The name and the kind of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name {
    /// The octets.
    #[serde(skip)]
    pub octets: Vec<u8>,
    /// As it is shown.
    pub name: String,
    /// The octets in hexadecimal.
    pub ssid: String,
    /// `open`, `psk`, `8021x` or `wep`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A network that was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Its object.
    #[serde(skip)]
    pub path: String,
    /// Which it is.
    #[serde(flatten)]
    pub name: Name,
    /// The signal of the strongest BSS in dBm.
    pub signal_dbm: Option<i32>,
    /// Whether its secret is stored.
    pub known: bool,
    /// Whether the device is in it.
    pub connected: bool,
    /// Its BSSs, the best first.
    pub bsss: Vec<Bss>,
}

/// A BSS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bss {
    /// Its address.
    pub bssid: String,
    /// In MHz.
    pub frequency: Option<u32>,
    /// The number of its channel.
    pub channel: Option<u32>,
    /// Its band.
    pub band: Option<&'static str>,
    /// Its signal in dBm.
    pub signal_dbm: Option<i32>,
    /// Whether it can be used.
    pub usable: Option<bool>,
    /// How good it is, if it can.
    pub score: Option<u32>,
    /// Why it cannot.
    pub reason: Option<String>,
}

/// A known network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Its object.
    #[serde(skip)]
    pub path: String,
    /// Which it is.
    #[serde(flatten)]
    pub name: Name,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether it is joined without being asked.
    pub autoconnect: bool,
    /// When it was last joined (ISO 8601).
    pub last_connected: Option<String>,
    /// Whether it is heard at the moment.
    pub in_range: bool,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The number of the attempt that made it.
    pub attempt: Option<u64>,
    /// The access point.
    pub bssid: Option<String>,
    /// In MHz.
    pub frequency: Option<u32>,
    /// The number of its channel.
    pub channel: Option<u32>,
    /// Its band.
    pub band: Option<&'static str>,
    /// `WPA3-Personal`, `WPA2-Personal`, `Enhanced Open`, `open` …
    pub security: Option<String>,
    /// How keys were agreed upon.
    pub akm: Option<String>,
    /// How frames are encrypted.
    pub pairwise_cipher: Option<String>,
    /// How management frames to all are protected.
    pub group_management_cipher: Option<String>,
    /// What is broken about the protection, in a sentence.
    pub weakness: Option<String>,
    /// Whether beacons are protected.
    pub beacon_protection: Option<bool>,
    /// Whether a cached key saved an authentication.
    pub cached_pmksa: Option<bool>,
    /// The signal in dBm.
    pub signal_dbm: Option<i32>,
    /// The rate at which was last received.
    pub receive_kbps: Option<u64>,
    /// The rate at which was last sent.
    pub transmit_kbps: Option<u64>,
    /// How long it lasts.
    pub connected_seconds: Option<u32>,
}

/// What a device's network was configured with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// Addresses with their prefix lengths.
    pub addresses: Vec<String>,
    /// The router.
    pub router: Option<String>,
    /// The name servers.
    pub name_servers: Vec<String>,
}

/// Why the last attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastFailure {
    /// Its name in the catalogue of failures.
    pub code: String,
    /// The phase.
    pub phase: Option<String>,
    /// Whose doing it is.
    pub whose: Option<String>,
    /// What happened.
    pub sentence: String,
    /// What to do next.
    pub next_step: Option<String>,
}

/// A device and all that is known of what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// The network that it is in, or on the way into.
    pub network: Option<Name>,
    /// The connection, while there is one.
    pub connection: Option<Connection>,
    /// Its addresses, if the daemon gave it some.
    pub addresses: Option<Addresses>,
    /// Why the last attempt failed, until one succeeds.
    pub last_failure: Option<LastFailure>,
    /// What a person should know besides.
    pub warning: Option<String>,
    /// The hotspot, if it is an access point.
    pub(crate) hotspot: Option<hotspot::Status>,
}

/// The octets of a network's name and its kind, as its path has them: it is the only place where iwd tells the
/// octets.
fn from_path(path: &str) -> Option<Vec<u8>> {
    let (digits, _) = path.rsplit('/').next()?.rsplit_once('_')?;
    octets(digits)
}

/// Octets from hexadecimal digits.
#[must_use]
pub fn octets(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        })
        .collect()
}

impl Name {
    /// A network's name and kind.
    #[must_use]
    pub fn new(octets: Vec<u8>, kind: impl Into<String>) -> Self {
        Self {
            name: crate::text::Style::PLAIN.name(&octets),
            ssid: octets.iter().map(|octet| format!("{octet:02x}")).collect(),
            octets,
            kind: kind.into(),
        }
    }

    fn read(path: &str, properties: &Properties) -> Result<Self, Failure> {
        let name: String = properties.require("Name")?;
        let kind: String = properties.require("Type")?;
        // The path of a hotspot profile has a number in it, and not its name.
        let exact = if kind == "hotspot" { None } else { from_path(path) };
        Ok(Self::new(exact.unwrap_or(name.into_bytes()), kind))
    }
}

/// All objects, and the way to what they do not have.
#[derive(Debug)]
pub struct Snapshot<'b> {
    bus: &'b Bus,
    objects: Objects,
}

impl<'b> Snapshot<'b> {
    /// Takes one.
    ///
    /// # Errors
    /// If the daemon does not give it.
    pub async fn take(bus: &'b Bus) -> Result<Self, Failure> {
        Ok(Self { bus, objects: bus.objects().await? })
    }

    /// The devices, by name.
    ///
    /// # Errors
    /// If one is not as it must be.
    pub fn devices(&self) -> Result<Vec<Device>, Failure> {
        let mut devices = Vec::new();
        for (path, properties) in self.objects.with("net.connman.iwd.Device") {
            let station = self.objects.get(path, "net.connman.iwd.Station");
            let ours = self.objects.get(path, STATION).map(|ours| ours.text("State")).transpose()?.flatten();
            let state = match (ours, station) {
                (Some(state), _) => state,
                (None, Some(station)) => station.require("State")?,
                (None, None) => "unavailable".to_owned(),
            };
            let radio = match properties.get::<OwnedObjectPath>("Adapter")? {
                Some(radio) => self.radio(&radio)?,
                None => None,
            };
            let scanning = station.map(|station| station.get("Scanning")).transpose()?.flatten();
            devices.push(Device {
                path: path.to_owned(),
                name: properties.require("Name")?,
                address: properties.text("Address")?,
                powered: properties.get("Powered")?.unwrap_or(true),
                mode: properties.text("Mode")?,
                state,
                scanning: scanning.unwrap_or(false),
                radio,
            });
        }
        devices.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(devices)
    }

    fn radio(&self, path: &str) -> Result<Option<Radio>, Failure> {
        let Some(properties) = self.objects.get(path, "net.connman.iwd.Adapter") else { return Ok(None) };
        Ok(Some(Radio {
            name: properties.require("Name")?,
            powered: properties.get("Powered")?.unwrap_or(true),
            model: properties.text("Model")?,
            vendor: properties.text("Vendor")?,
            modes: properties.get("SupportedModes")?.unwrap_or_default(),
        }))
    }

    /// All that is known of what a device does.
    ///
    /// # Errors
    /// If it is not as it must be.
    pub async fn status(&self, device: Device) -> Result<Status, Failure> {
        let ours = match self.objects.get(&device.path, STATION) {
            Some(properties) => Station::read(properties)?,
            None => Station::default(),
        };
        let network = match self.objects.get(&device.path, "net.connman.iwd.Station") {
            Some(station) => station.get::<OwnedObjectPath>("ConnectedNetwork")?,
            None => None,
        };
        let network = match network {
            Some(path) => match self.objects.get(&path, "net.connman.iwd.Network") {
                Some(properties) => Some(Name::read(&path, properties)?),
                None => None,
            },
            None => None,
        };
        let hotspot = match self.objects.get(&device.path, hotspot::LAPWING) {
            Some(properties) => Some(hotspot::Status::of(&device.name, properties)?),
            None => None,
        };
        let mut connection = ours.connection;
        if matches!(device.state.as_str(), "connected" | "roaming") {
            let call =
                self.bus.call(&device.path, "net.connman.iwd.StationDiagnostic", "GetDiagnostics", &());
            // The connection may end at any moment: then there are no figures, and that is no failure.
            match call.await {
                Ok(reply) => {
                    let members: HashMap<String, OwnedVariant> = decode(&reply.body(), "GetDiagnostics")?;
                    diagnose(
                        connection.get_or_insert_default(),
                        &Properties::new("GetDiagnostics", members),
                    )?;
                }
                Err(CallError::Missing(_) | CallError::Refused(..)) => {}
                Err(CallError::Other(failure)) => return Err(failure),
            }
        }
        Ok(Status {
            device,
            network,
            connection,
            addresses: ours.addresses,
            last_failure: ours.last_failure,
            warning: ours.warning,
            hotspot,
        })
    }

    /// The networks that a device hears, the best first.
    ///
    /// # Errors
    /// If they are not as they must be.
    pub async fn networks(&self, device: &Device) -> Result<Vec<Network>, Failure> {
        let reply = self.bus.call(&device.path, STATION, "GetNetworks", &()).await;
        if let Some(reply) = present(reply)? {
            let list: Vec<HashMap<String, OwnedVariant>> = decode(&reply.body(), "GetNetworks")?;
            return list
                .into_iter()
                .map(|members| network(&Properties::new("GetNetworks", members)))
                .collect();
        }
        let reply = self.bus.call(&device.path, "net.connman.iwd.Station", "GetOrderedNetworks", &()).await;
        let Some(reply) = present(reply)? else { return Ok(Vec::new()) };
        let list: Vec<(OwnedObjectPath, i16)> = decode(&reply.body(), "GetOrderedNetworks")?;
        let mut networks = Vec::new();
        for (path, signal) in list {
            // It may have gone between the two calls.
            let Some(properties) = self.objects.get(&path, "net.connman.iwd.Network") else { continue };
            let members: Vec<OwnedObjectPath> = properties.get("ExtendedServiceSet")?.unwrap_or_default();
            let mut bsss = Vec::new();
            for path in &members {
                if let Some(bss) = self.objects.get(path, "net.connman.iwd.BasicServiceSet") {
                    bsss.push(Bss::of(bss.require("Address")?));
                }
            }
            networks.push(Network {
                name: Name::read(&path, properties)?,
                path: path.to_string(),
                signal_dbm: Some(i32::from(signal) / 100),
                known: properties.get::<OwnedObjectPath>("KnownNetwork")?.is_some(),
                connected: properties.get("Connected")?.unwrap_or(false),
                bsss,
            });
        }
        Ok(networks)
    }

    /// The known networks, by name.
    ///
    /// # Errors
    /// If one is not as it must be.
    pub fn known(&self) -> Result<Vec<Known>, Failure> {
        let mut heard = Vec::new();
        for (_, network) in self.objects.with("net.connman.iwd.Network") {
            heard.extend(network.get::<OwnedObjectPath>("KnownNetwork")?);
        }
        let mut known = Vec::new();
        for (path, properties) in self.objects.with("net.connman.iwd.KnownNetwork") {
            known.push(Known {
                path: path.to_owned(),
                name: Name::read(path, properties)?,
                hidden: properties.get("Hidden")?.unwrap_or(false),
                autoconnect: properties.get("AutoConnect")?.unwrap_or(true),
                last_connected: properties.text("LastConnectedTime")?,
                in_range: heard.iter().any(|heard| heard.as_str() == path),
            });
        }
        known.sort_by(|a, b| (&a.name.octets, &a.name.kind).cmp(&(&b.name.octets, &b.name.kind)));
        Ok(known)
    }

    /// Whether the daemon gives addresses; none if it does not say.
    pub async fn gives_addresses(&self) -> Option<bool> {
        let reply = self.bus.call(DAEMON, "net.connman.iwd.Daemon", "GetInfo", &()).await.ok()?;
        let members: HashMap<String, OwnedVariant> = decode(&reply.body(), "GetInfo").ok()?;
        Properties::new("GetInfo", members).get("NetworkConfigurationEnabled").ok()?
    }
}

impl Bss {
    fn of(bssid: String) -> Self {
        Self {
            bssid,
            frequency: None,
            channel: None,
            band: None,
            signal_dbm: None,
            usable: None,
            score: None,
            reason: None,
        }
    }
}

/// A network of `GetNetworks`.
fn network(members: &Properties) -> Result<Network, Failure> {
    let bsss: Result<Vec<Bss>, Failure> = members
        .list("BSSs")?
        .into_iter()
        .map(|members| {
            let frequency = members.get::<u32>("Frequency")?;
            Ok(Bss {
                frequency,
                channel: frequency.and_then(radio::channel).map(|(channel, _)| channel),
                band: frequency.and_then(radio::channel).map(|(_, band)| band),
                signal_dbm: members.get::<i16>("Signal")?.map(i32::from),
                usable: members.get("Usable")?,
                score: members.get("Score")?,
                reason: members.text("Reason")?,
                ..Bss::of(members.require("BSSID")?)
            })
        })
        .collect();
    Ok(Network {
        path: members.require::<OwnedObjectPath>("Path")?.to_string(),
        name: Name::new(members.require("SSID")?, members.require::<String>("Type")?),
        signal_dbm: members.get::<i16>("Signal")?.map(|signal| i32::from(signal) / 100),
        known: members.get("Known")?.unwrap_or(false),
        connected: members.get("Connected")?.unwrap_or(false),
        bsss: bsss?,
    })
}
