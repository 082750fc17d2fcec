//! The methods of access points, and of interfaces in ad-hoc networks.

use super::calls::{Outcome, Response, figures, hundredths};
use crate::bus::errors::{dbus, iwd};
use crate::bus::interfaces;
use crate::bus::message::Error;
use crate::bus::path;
use crate::bus::value::Value;
use crate::control::{AdHocPassphrase, Call, ClientFigures, ClientView, DeviceView, NetworkView};
use crate::hotspot::{Order, Phase};
use crate::netconf::settings::Prefix;
use crate::networks::profile::{Addresses, Key, Place, Profile, Protection, Subnet};
use lapwing_core::{Duration, Secret};
use lapwing_frames::channel::{Band, Channel};
use lapwing_frames::{LinkId, MacAddr, Ssid};

/// How many beacons announce the end of a link at most: two minutes of the usual ones.
const BEACONS: u16 = 1200;
/// The shortest time between renewals of the group keys: each costs every client some frames.
const RENEWAL: u32 = 60;

/// What a call of an access point's method leads to.
pub(super) fn call(
    ifindex: u32,
    device: Option<&DeviceView>,
    interface: &str,
    member: &str,
    arguments: &[Value],
) -> Outcome {
    let later = |call| Ok(Response::Later(call));
    let order = |order| Ok(Response::Later(Call::AccessPointOrder { ifindex, order }));
    let start = |profile| later(Call::StartAccessPoint { ifindex, profile: Box::new(profile) });
    match (interface, member, arguments) {
        (interfaces::ACCESS_POINT, "Start", [Value::Text(name), Value::Text(passphrase)]) => {
            let passphrase = Secret::new(passphrase.as_bytes());
            start(Profile::new(ssid(name.as_bytes())?, Protection::Transition(checked(passphrase)?)))
        }
        (interfaces::ACCESS_POINT, "StartProfile", [Value::Text(name)]) => {
            later(Call::StartProfile { ifindex, ssid: ssid(name.as_bytes())? })
        }
        (interfaces::AD_HOC, "StartOpen", [Value::Text(name)]) => {
            later(Call::StartAdHoc { ifindex, ssid: ssid(name.as_bytes())?, passphrase: None })
        }
        (interfaces::AD_HOC, "Start", [Value::Text(name), Value::Text(passphrase)]) => {
            let passphrase = Some(AdHocPassphrase(checked(Secret::new(passphrase.as_bytes()))?));
            later(Call::StartAdHoc { ifindex, ssid: ssid(name.as_bytes())?, passphrase })
        }
        (interfaces::AD_HOC, "Stop", []) => later(Call::StopAdHoc { ifindex }),
        (interfaces::ACCESS_POINT, "Stop", []) => later(Call::StopAccessPoint { ifindex }),
        (interfaces::ACCESS_POINT, "Scan" | "GetOrderedNetworks", []) if !is_started(device) => {
            Err(iwd("NotAvailable", "No hotspot is on the air. Start one first."))
        }
        (interfaces::ACCESS_POINT, "Scan", []) => later(Call::ScanAsAccessPoint { ifindex }),
        (interfaces::ACCESS_POINT, "GetOrderedNetworks", []) => {
            let networks =
                device.map_or_else(Vec::new, |device| device.networks.iter().map(network).collect());
            Ok(Response::Now(vec![Value::Array("a{sv}", networks)]))
        }
        (interfaces::ACCESS_POINT_DIAGNOSTIC, "GetDiagnostics", []) => {
            later(Call::AccessPointDiagnostics { ifindex })
        }
        (interfaces::LAPWING_ACCESS_POINT, "StartAs", [Value::Dictionary(_, _, options)]) => {
            start(profile(options)?)
        }
        (interfaces::LAPWING_ACCESS_POINT, "GetClients", []) => {
            let view = device.and_then(|device| device.access_point.as_ref());
            let clients = view.map_or_else(Vec::new, |view| view.clients.iter().map(client).collect());
            Ok(Response::Now(vec![Value::Array("a{sv}", clients)]))
        }
        (
            interfaces::LAPWING_ACCESS_POINT,
            "RemoveLink",
            [Value::Byte(link), Value::Uint16(beacons @ 1..=BEACONS)],
        ) => order(Order::RemoveLink { link: link_id(*link)?, beacons: *beacons }),
        (interfaces::LAPWING_ACCESS_POINT, "RemoveLink", _) => {
            Err(invalid(format_args!("A link's end is announced in 1 to {BEACONS} beacons.")))
        }
        (interfaces::LAPWING_ACCESS_POINT, "AddLink", [Value::Byte(link)]) => {
            order(Order::AddLink(link_id(*link)?))
        }
        (interfaces::LAPWING_ACCESS_POINT, "ForgetPmksas", []) => order(Order::ForgetPmksas),
        (interfaces::LAPWING_ACCESS_POINT, "RenewGroupKeys", []) => order(Order::RenewGroupKeys),
        (interfaces::LAPWING_ACCESS_POINT, "ThrowOut", [Value::Text(client)]) => {
            // Nobody in particular is everybody.
            let client = if client.is_empty() { None } else { Some(address(client)?) };
            order(Order::ThrowOut(client))
        }
        (interfaces::LAPWING_ACCESS_POINT, "Restart", [Value::Dictionary(_, _, options)]) => {
            let (mut goodbye, mut forget) = (true, false);
            for (name, value) in entries(options) {
                match (name, value) {
                    ("Goodbye", Value::Boolean(value)) => goodbye = *value,
                    ("ForgetPmksas", Value::Boolean(value)) => forget = *value,
                    (name, value) => return Err(unknown(name, value)),
                }
            }
            order(Order::Restart { goodbye, forget })
        }
        _ => Err(dbus("UnknownMethod", format_args!("There is no such method {member}."))),
    }
}

fn is_started(device: Option<&DeviceView>) -> bool {
    let view = device.and_then(|device| device.access_point.as_ref());
    view.is_some_and(|view| view.phase == Phase::Started)
}

/// The figures of clients under iwd's names.
pub(super) fn diagnostics(clients: &[ClientFigures]) -> Value {
    let client = |client: &ClientFigures| {
        let mut entries = vec![("Address", Value::text(client.address))];
        entries.extend(figures(&client.figures));
        Value::options(entries)
    };
    Value::Array("a{sv}", clients.iter().map(client).collect())
}

fn client(client: &ClientView) -> Value {
    let links = client.links.iter().map(|(id, address)| {
        Value::options([("Link", Value::Byte(id.get())), ("Address", Value::text(address))])
    });
    let mut entries = vec![
        ("Address", Value::text(client.address)),
        ("Authorized", Value::Boolean(client.authorized)),
        ("ManagementFrameProtection", Value::Boolean(client.frame_protection)),
        ("Links", Value::Array("a{sv}", links.collect())),
    ];
    entries.extend(client.leased.map(|leased| ("IPv4Address", Value::text(leased))));
    Value::options(entries)
}

/// A network that was heard, under iwd's names.
fn network(heard: &NetworkView) -> Value {
    Value::options([
        ("Name", Value::Text(path::label(&heard.name.ssid))),
        ("SignalStrength", hundredths(heard.signal_mbm)),
        ("Type", Value::text(path::kind(heard.name.security))),
    ])
}

fn invalid(text: impl std::fmt::Display) -> Error {
    iwd("InvalidArguments", text)
}

fn unknown(name: &str, value: &Value) -> Error {
    invalid(format_args!(
        "There is no option {name} of type '{}'. docs/dbus.md lists them.",
        value.signature()
    ))
}

fn ssid(octets: &[u8]) -> Result<Ssid, Error> {
    let ssid = Ssid::new(octets).ok().filter(|ssid| !ssid.octets().is_empty());
    ssid.ok_or_else(|| invalid("The name of a network has 1 to 32 octets. Check it."))
}

fn checked(passphrase: Secret) -> Result<Secret, Error> {
    if !(8..=63).contains(&passphrase.len()) || passphrase.expose().iter().any(u8::is_ascii_control) {
        return Err(invalid("A passphrase has 8 to 63 characters, without control characters."));
    }
    Ok(passphrase)
}

fn link_id(number: u8) -> Result<LinkId, Error> {
    LinkId::new(number).ok_or_else(|| invalid("The number of a link is at most 14."))
}

fn address(text: &str) -> Result<MacAddr, Error> {
    text.parse().map_err(|_| invalid("An address is written like 02:00:00:00:00:01."))
}

/// Options by their names.
fn entries(options: &[(Value, Value)]) -> impl Iterator<Item = (&str, &Value)> {
    options.iter().filter_map(|(name, value)| match (name, value) {
        (Value::Text(name), Value::Variant(value)) => Some((name.as_str(), &**value)),
        _ => None,
    })
}

/// What a hotspot is to be; what is not understood is refused, since it might have been for safety.
fn profile(options: &[(Value, Value)]) -> Result<Profile, Error> {
    let (mut name, mut passphrase, mut security) = (None, None, None);
    // The name is set below: without, nothing is returned.
    let mut profile = Profile::new(Ssid::default(), Protection::Open);
    let mut addresses = Addresses::default();
    let mut shares = true;
    for (option, value) in entries(options) {
        match (option, value) {
            ("Name", Value::Text(text)) => name = Some(ssid(text.as_bytes())?),
            ("SSID", Value::Array("y", octets)) => {
                let octet = |value: &Value| if let Value::Byte(octet) = value { Some(*octet) } else { None };
                name = Some(ssid(&octets.iter().filter_map(octet).collect::<Vec<_>>())?);
            }
            ("Passphrase", Value::Text(text)) => passphrase = Some(checked(Secret::new(text.as_bytes()))?),
            ("Security", Value::Text(text)) => security = Some(text.as_str()),
            ("Links", Value::Array("s", links)) => {
                if links.len() > usize::from(LinkId::COUNT) {
                    return Err(invalid("An access point has 15 links at most."));
                }
                profile.links = links.iter().map(link).collect::<Result<_, _>>()?;
            }
            ("Hidden", Value::Boolean(value)) => profile.hidden = *value,
            ("Isolate", Value::Boolean(value)) => profile.isolate = *value,
            ("ClientLimit", Value::Uint16(limit @ 1..=2007)) => profile.client_limit = Some(*limit),
            ("GroupKeyLifetime", Value::Uint32(seconds @ RENEWAL..)) => {
                profile.group_key_lifetime = Some(Duration::from_secs(u64::from(*seconds)));
            }
            ("Addresses", Value::Boolean(value)) => shares = *value,
            ("Forward", Value::Boolean(value)) => addresses.forward = *value,
            ("Address", Value::Text(text)) => addresses.subnet = Subnet::Own(subnet(text)?),
            ("ClientLimit" | "GroupKeyLifetime", Value::Uint16(_) | Value::Uint32(_)) => {
                return Err(invalid(format_args!(
                    "ClientLimit is 1 to 2007, and GroupKeyLifetime {RENEWAL} seconds at least."
                )));
            }
            (name, value) => return Err(unknown(name, value)),
        }
    }
    profile.ssid = name.ok_or_else(|| invalid("A hotspot has a name: Name, or SSID in octets."))?;
    profile.protection = protection(security, passphrase)?;
    profile.addresses = shares.then_some(addresses);
    Ok(profile)
}

fn protection(security: Option<&str>, passphrase: Option<Secret>) -> Result<Protection, Error> {
    Ok(match (security, passphrase) {
        (Some("open"), None) => Protection::Open,
        (Some("owe"), None) => Protection::Owe,
        (Some("wpa2"), Some(passphrase)) => Protection::Wpa2(Key::Passphrase(passphrase)),
        (Some("wpa3"), Some(passphrase)) => Protection::Wpa3(passphrase),
        (Some("transition") | None, Some(passphrase)) => Protection::Transition(passphrase),
        (Some("open" | "owe"), Some(_)) => {
            return Err(invalid("Open and owe hotspots have no passphrase. Leave it out."));
        }
        (Some("wpa2" | "wpa3" | "transition") | None, None) => {
            return Err(invalid("A passphrase is needed, or Security 'open' or 'owe'."));
        }
        (Some(_), _) => return Err(invalid("Security is wpa2, wpa3, transition, owe or open.")),
    })
}

/// A link: a band, or a frequency in MHz.
fn link(text: &Value) -> Result<Place, Error> {
    let Value::Text(text) = text else { return Err(invalid("A link is a text.")) };
    Ok(match text.as_str() {
        "2.4" => Place::Band(Band::Ghz2),
        "5" => Place::Band(Band::Ghz5),
        "6" => Place::Band(Band::Ghz6),
        other => {
            let channel = other.parse().ok().and_then(Channel::from_frequency);
            Place::Channel(channel.ok_or_else(|| {
                invalid("A link is a band (2.4, 5 or 6) or a frequency in MHz, such as 5180.")
            })?)
        }
    })
}

/// An address with the length of its prefix.
fn subnet(text: &str) -> Result<Prefix<std::net::Ipv4Addr>, Error> {
    let parsed = text.split_once('/').and_then(|(address, length)| {
        let length = length.parse().ok().filter(|length| (8..=30).contains(length))?;
        Some(Prefix { address: address.parse().ok()?, length })
    });
    parsed.ok_or_else(|| invalid("Address is written like 192.168.77.1/24."))
}
