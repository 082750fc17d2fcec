//! What clients want to have made or sent.

use super::Effect;
use lapwing_frames::MacAddr;
use lapwing_linux::hwsim::NewRadio;
use lapwingd::bus::message::Origin;
use lapwingd::bus::value::Value;

/// Types of interfaces that can be left out, by name, with their numbers in nl80211. The kernel adds P2P devices itself.
const INTERFACE_TYPES: &[(&str, u32)] =
    &[("station", 2), ("ap", 3), ("adhoc", 1), ("p2p_client", 8), ("p2p_go", 9), ("mesh_point", 7)];

/// Ciphers that can be left out, by name, with their numbers among the suites of 00-0F-AC.
const CIPHERS: &[(&str, u32)] = &[
    ("wep40", 1),
    ("wep104", 5),
    ("tkip", 2),
    ("ccmp", 4),
    ("bip_cmac", 6),
    ("gcmp", 8),
    ("gcmp_256", 9),
    ("ccmp_256", 10),
    ("bip_gmac", 11),
    ("bip_gmac_256", 12),
    ("bip_cmac_256", 13),
];

/// The OUI of the standard's suites.
const SUITES: u32 = 0x000f_ac00;
/// The longest name of a radio, in octets: a radio has a folder of this name, and its file in debugfs another.
const LONGEST_NAME: usize = 63;

/// The radio that somebody wants.
pub(super) fn radio(wishes: &[(Value, Value)]) -> Result<NewRadio, String> {
    let mut radio = NewRadio { goes_with_us: true, ..NewRadio::default() };
    for (name, value) in wishes {
        let (Value::Text(name), Value::Variant(value)) = (name, value) else {
            return Err("Names and values are expected.".to_owned());
        };
        match (name.as_str(), value.as_ref()) {
            ("Name", Value::Text(name)) if (1..=LONGEST_NAME).contains(&name.len()) => {
                radio.name = Some(name.clone());
            }
            ("P2P", Value::Boolean(set)) => radio.p2p = *set,
            ("NoVirtualInterface", Value::Boolean(set)) => radio.no_interface = *set,
            ("MultiLink", Value::Boolean(set)) => radio.multi_link = *set,
            ("Channels", Value::Uint32(channels)) => radio.channels = Some(*channels),
            ("InterfaceTypeDisable", Value::Text(without)) => {
                let types = others(INTERFACE_TYPES, without).map(|number| 1 << number);
                radio.interface_types = Some(types.fold(0, |all, bit| all | bit));
            }
            ("CipherTypeDisable", Value::Text(without)) => {
                radio.ciphers = Some(others(CIPHERS, without).map(|number| SUITES | number).collect());
            }
            _ => return Err(format!("{name} is no property of a new radio, or {value:?} no value for it.")),
        }
    }
    radio.name.is_some().then_some(radio).ok_or_else(|| "A radio needs a name.".to_owned())
}

/// The numbers of those that a list with commas does not name.
fn others(all: &'static [(&str, u32)], without: &str) -> impl Iterator<Item = u32> {
    let named = move |name: &str| without.split(',').any(|other| other == name);
    all.iter().filter(move |(name, _)| !named(name)).map(|&(_, number)| number)
}

/// The frame that somebody wants to be heard.
pub(super) fn frame(origin: Origin, body: &[Value]) -> Option<Effect> {
    let [station, Value::Uint32(frequency), Value::Int32(signal), frame] = body else { return None };
    let station = MacAddr(octets(station)?.try_into().ok()?);
    let (frequency, signal, octets) = (*frequency, *signal, octets(frame)?);
    Some(Effect::SendFrame { origin, station, frequency, signal, octets })
}

/// The octets of a value of type `ay`.
pub(super) fn octets(value: &Value) -> Option<Vec<u8>> {
    let octet = |value: &Value| if let Value::Byte(octet) = value { Some(*octet) } else { None };
    match value {
        Value::Array("y", octets) => octets.iter().map(octet).collect(),
        _ => None,
    }
}
