//! What is seen of a hotspot.

use super::{Interfaces, Properties};
use crate::bus::interfaces::{ACCESS_POINT, ACCESS_POINT_DIAGNOSTIC, LAPWING_ACCESS_POINT};
use crate::bus::path;
use crate::bus::value::Value;
use crate::control::{AccessPointBss, AccessPointView};
use crate::hotspot::{Failure, Phase};
use lapwing_core::kernel::ChannelWidth;
use lapwing_frames::LinkId;

/// Adds the interfaces of an access point.
pub(super) fn add(interfaces: &mut Interfaces, view: &AccessPointView) {
    interfaces.insert(ACCESS_POINT, access_point(view));
    interfaces.insert(LAPWING_ACCESS_POINT, lapwing(view));
    if view.phase == Phase::Started {
        interfaces.insert(ACCESS_POINT_DIAGNOSTIC, Properties::new());
    }
}

fn access_point(view: &AccessPointView) -> Properties {
    let is_started = view.phase == Phase::Started;
    let mut properties = Properties::from([("Started", Value::Boolean(is_started))]);
    if !is_started {
        return properties;
    }
    properties.insert("Scanning", Value::Boolean(view.scanning));
    let name = view.ssid.as_ref().map(|ssid| Value::Text(path::label(ssid)));
    properties.extend(name.map(|name| ("Name", name)));
    // Of several links, the first stands for all.
    let frequency = view.bsss.first().map(|bss| Value::Uint32(bss.channel.primary.0));
    properties.extend(frequency.map(|frequency| ("Frequency", frequency)));
    if let Some(group) = &view.group_cipher {
        properties.insert("PairwiseCiphers", Value::texts(&view.pairwise_ciphers));
        properties.insert("GroupCipher", Value::text(group));
    }
    properties
}

fn lapwing(view: &AccessPointView) -> Properties {
    Properties::from([
        ("State", Value::text(view.phase.name())),
        ("SSID", Value::octets(view.ssid.as_ref().map_or(&[][..], |ssid| ssid.octets()))),
        ("Security", Value::text(view.protection)),
        ("Hidden", Value::Boolean(view.hidden)),
        ("MLD", Value::Text(view.mld.map(|address| address.to_string()).unwrap_or_default())),
        ("Links", Value::Array("a{sv}", view.bsss.iter().map(bss).collect())),
        ("MissingLinks", Value::Array("a{sv}", view.missing.iter().map(missing).collect())),
        ("Clients", Value::texts(view.clients.iter().map(|client| client.address))),
        ("LastFailure", Value::options(view.last_failure.as_ref().map_or_else(Vec::new, failure))),
    ])
}

fn bss(bss: &AccessPointBss) -> Value {
    let channel = &bss.channel;
    let mut entries = vec![
        ("BSSID", Value::text(bss.bssid)),
        ("Frequency", Value::Uint32(channel.primary.0)),
        ("Width", Value::Uint32(width(channel.width))),
        ("CenterFrequency", Value::Uint32(channel.center1.0)),
    ];
    entries.extend(bss.link.map(|link| ("Link", Value::Byte(link.get()))));
    Value::options(entries)
}

/// A width in MHz; 0 if it has no such number.
const fn width(width: ChannelWidth) -> u32 {
    match width {
        ChannelWidth::Mhz20 => 20,
        ChannelWidth::Mhz40 => 40,
        ChannelWidth::Mhz80 => 80,
        ChannelWidth::Mhz80Plus80 | ChannelWidth::Mhz160 => 160,
        ChannelWidth::Mhz320 => 320,
        ChannelWidth::Other(_) => 0,
    }
}

fn missing((link, why): (&LinkId, &Failure)) -> Value {
    let mut entries = failure(why);
    entries.push(("Link", Value::Byte(link.get())));
    Value::options(entries)
}

fn failure(failure: &Failure) -> Vec<(&'static str, Value)> {
    vec![
        ("Code", Value::text(failure.name())),
        ("Sentence", Value::text(failure)),
        ("NextStep", Value::text(failure.next_step())),
    ]
}
