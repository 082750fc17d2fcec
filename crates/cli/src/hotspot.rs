//! `lapwing hotspot`: this machine as an access point.

mod model;
mod options;
mod view;

pub use options::{Action, Hotspot, Restart, Security, Start};

use crate::bus::Bus;
use crate::commands::{Output, Surroundings, devices_meant, listed, no_device};
use crate::failure::{Failure, Kind};
use crate::model::{Device, Snapshot};
use crate::options::Options;
use crate::secret::Secret;
use model::ACCESS_POINT;
pub(crate) use model::{Client, LAPWING, Status};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;
pub(crate) use view::{clients, status};
use zbus::Variant;
use zbus::zvariant::DynamicType;
use zeroize::Zeroizing;

/// How long the daemon may take for a change of mode, or a start: it says itself what was missing before that.
const PATIENCE: Duration = Duration::from_secs(40);
/// The letters of a passphrase that is made here: 32 that are not taken for each other.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
/// How many of them: 80 bits.
const LENGTH: usize = 16;

/// Does what the command line says.
///
/// # Errors
/// If it failed.
pub(crate) async fn run(
    bus: &Bus,
    options: &Options,
    hotspot: &Hotspot,
    around: &mut Surroundings,
) -> Result<Output, Failure> {
    let snapshot = Snapshot::take(bus).await?;
    let style = around.style;
    let action = hotspot.action.as_ref().unwrap_or(&Action::Status);
    if let Action::Start(start) = action {
        let device = able(&snapshot, options)?;
        let tell = |what: &str| around.progress.show(what);
        let (status, passphrase) = begin(bus, &device, start, around.secret.take(), tell).await?;
        let passphrase = passphrase.as_deref().map(String::as_str);
        let human = view::started(style, &status, passphrase, around.is_terminal);
        return Ok(Output::new(json!({ "hotspot": status, "passphrase": passphrase }), human));
    }
    let device = running(&snapshot, options)?;
    let name = style.text(&device.name);
    let sentence = match action {
        Action::Start(_) => return Err(no_device()),
        Action::Status => {
            let status = Status::read(bus, &device).await?;
            return Ok(Output::new(json!({ "hotspot": status }), view::status(style, &status)));
        }
        Action::Clients => {
            let clients = Client::read(bus, &device).await?;
            let human = view::clients(style, &clients);
            return Ok(Output::new(json!({ "device": device.name, "clients": clients }), human));
        }
        Action::Stop => {
            end(bus, &device).await?;
            format!("The hotspot has ended; {name} joins networks again.")
        }
        Action::RemoveLink { link, beacons } => {
            call(bus, &device, LAPWING, "RemoveLink", &(*link, *beacons)).await?;
            format!("Link {link} goes after {beacons} beacons.")
        }
        Action::AddLink { link } => {
            call(bus, &device, LAPWING, "AddLink", &(*link,)).await?;
            format!("Link {link} is back.")
        }
        Action::ThrowOut { client } => {
            let who = client.as_deref().unwrap_or_default();
            call(bus, &device, LAPWING, "ThrowOut", &(who,)).await?;
            format!(
                "{} thrown out.",
                client.as_ref().map_or("Every client is".to_owned(), |it| style.text(it) + " is")
            )
        }
        Action::Restart(Restart { silently, forget }) => {
            let wishes = HashMap::from([
                ("Goodbye", Variant::Bool(!silently)),
                ("ForgetPmksas", Variant::Bool(*forget)),
            ]);
            call(bus, &device, LAPWING, "Restart", &(wishes,)).await?;
            "The hotspot has begun anew.".to_owned()
        }
        Action::ForgetPmksas => {
            call(bus, &device, LAPWING, "ForgetPmksas", &()).await?;
            "The cached keys of clients are forgotten.".to_owned()
        }
        Action::RenewKeys => {
            call(bus, &device, LAPWING, "RenewGroupKeys", &()).await?;
            "The group keys are being renewed.".to_owned()
        }
    };
    Ok(Output::new(json!({ "device": device.name, "done": true }), sentence + "\n"))
}

/// Calls a method that may take its time.
async fn call<B>(bus: &Bus, device: &Device, interface: &str, method: &str, body: &B) -> Result<(), Failure>
where
    B: serde::Serialize + DynamicType,
{
    match tokio::time::timeout(PATIENCE, bus.call_patiently(&device.path, interface, method, body)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let sentence = format!("The daemon does not answer to {method} in time.");
            Err(Failure::new(Kind::Failed, sentence).code("timeout"))
        }
    }
}

async fn set_mode(bus: &Bus, device: &Device, mode: &str) -> Result<(), Failure> {
    let body = ("net.connman.iwd.Device", "Mode", Variant::from(mode));
    call(bus, device, "org.freedesktop.DBus.Properties", "Set", &body).await
}

fn is_access_point(device: &Device) -> bool {
    device.mode.as_deref() == Some("ap")
}

/// The device that is a hotspot.
fn running(snapshot: &Snapshot<'_>, options: &Options) -> Result<Device, Failure> {
    let devices = devices_meant(snapshot, options)?;
    if devices.is_empty() {
        return Err(no_device());
    }
    let found: Vec<Device> = devices.into_iter().filter(is_access_point).collect();
    one(found, || {
        Failure::new(Kind::NotFound, "No device is a hotspot.")
            .code("no-hotspot")
            .next("Start one: lapwing hotspot start.")
    })
}

/// The device that becomes a hotspot.
fn able(snapshot: &Snapshot<'_>, options: &Options) -> Result<Device, Failure> {
    let devices = devices_meant(snapshot, options)?;
    if devices.is_empty() {
        return Err(no_device());
    }
    let can = |device: &Device| {
        device.radio.as_ref().is_none_or(|radio| radio.modes.iter().any(|mode| mode == "ap"))
    };
    one(devices.into_iter().filter(can).collect(), || {
        Failure::new(Kind::Failed, "No radio can be an access point.")
            .code("no-access-point")
            .next("See what each can: lapwing devices --json.")
    })
}

fn one(mut devices: Vec<Device>, none: impl FnOnce() -> Failure) -> Result<Device, Failure> {
    if devices.len() > 1 {
        let sentence = "There are several devices.";
        return Err(Failure::new(Kind::Usage, sentence)
            .code("several-devices")
            .next(format!("Say which with --device: {}.", listed(&devices))));
    }
    devices.pop().ok_or_else(none)
}

/// Makes a device a hotspot, and tells what it does: what it is then, and its passphrase if it has one that may be shown.
///
/// # Errors
/// If it cannot be one; then the device is what it was before.
pub(crate) async fn begin(
    bus: &Bus,
    device: &Device,
    start: &Start,
    given: Option<Secret>,
    mut tell: impl FnMut(&str),
) -> Result<(Status, Option<Secret>), Failure> {
    let name = start.name.clone().unwrap_or_else(host_name);
    let passphrase = passphrase(start, given)?;
    let was_station = !is_access_point(device);
    if was_station {
        tell("making the device an access point");
        set_mode(bus, device, "ap").await?;
    }
    tell("bringing the hotspot onto the air");
    let outcome = if start.profile {
        call(bus, device, ACCESS_POINT, "StartProfile", &(name.as_str(),)).await
    } else {
        let wishes = wishes(start, &name, passphrase.as_deref().map(String::as_str));
        call(bus, device, LAPWING, "StartAs", &(wishes,)).await
    };
    if let Err(failure) = outcome {
        // As it was before; of two failures the first is the one to tell.
        if was_station {
            let _back = set_mode(bus, device, "station").await;
        }
        return Err(failure);
    }
    Ok((Status::read(bus, device).await?, passphrase))
}

/// Ends a hotspot: the device joins networks again.
///
/// # Errors
/// If the daemon refuses.
pub(crate) async fn end(bus: &Bus, device: &Device) -> Result<(), Failure> {
    call(bus, device, ACCESS_POINT, "Stop", &()).await?;
    set_mode(bus, device, "station").await
}

/// The passphrase: the one that was given, or a new one; none if none belongs to it, or if the profile has it.
fn passphrase(start: &Start, given: Option<Secret>) -> Result<Option<Secret>, Failure> {
    match given {
        _ if start.profile => Ok(None),
        Some(_) if !start.security.has_passphrase() => {
            Err(Failure::new(Kind::Usage, "A hotspot of this security has no passphrase.")
                .next("Leave the passphrase out, or choose another --security."))
        }
        Some(passphrase) => Ok(Some(passphrase)),
        None if start.security.has_passphrase() => made().map(Some),
        None => Ok(None),
    }
}

/// The options of `StartAs`.
fn wishes<'a>(
    start: &'a Start,
    name: &str,
    passphrase: Option<&'a str>,
) -> HashMap<&'static str, Variant<'a>> {
    let mut wishes: HashMap<&str, Variant<'a>> = HashMap::from([
        ("SSID", Variant::from(name.as_bytes().to_vec())),
        ("Security", Variant::from(start.security.name())),
        ("Links", Variant::from(start.links.clone())),
        ("Hidden", Variant::Bool(start.hidden)),
        ("Isolate", Variant::Bool(start.isolate)),
        ("Addresses", Variant::Bool(!start.no_addresses)),
        ("Forward", Variant::Bool(!start.no_nat)),
    ]);
    if let Some(passphrase) = passphrase {
        wishes.insert("Passphrase", Variant::from(passphrase));
    }
    if let Some(address) = &start.subnet {
        wishes.insert("Address", Variant::from(address.as_str()));
    }
    if let Some(limit) = start.client_limit {
        wishes.insert("ClientLimit", Variant::U16(limit));
    }
    if let Some(seconds) = start.group_key_lifetime {
        wishes.insert("GroupKeyLifetime", Variant::U32(seconds));
    }
    wishes
}

/// A passphrase that nobody guesses.
fn made() -> Result<Secret, Failure> {
    let mut octets = Zeroizing::new([0_u8; LENGTH]);
    let mut filled = 0;
    while let Some(rest) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty()).map_err(|error| {
            Failure::new(Kind::Failed, format!("The system gives no random numbers: {error}."))
        })?;
    }
    let letter = |octet: &u8| LETTERS.get(usize::from(octet % 32)).map(|letter| char::from(*letter));
    Ok(Zeroizing::new(octets.iter().filter_map(letter).collect()))
}

/// The machine's name, for a hotspot that got none.
fn host_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    let name: String = name.chars().take(32).collect();
    if (1..=32).contains(&name.len()) { name } else { "lapwing".to_owned() }
}
