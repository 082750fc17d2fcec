//! Access points and known networks in a scenario file.

use super::file::{ScenarioError, Table, Value};
use super::radio::RadioSetup;
use super::read::{address, frequency, habits};
use crate::ap::{ApBss, ApDomain, ApLinks, ApSecurity, ApSetup};
use crate::habit::Habits;
use crate::pre_shared::pre_shared_key;
use lapwing_core::Secret;
use lapwing_core::curve::Group;
use lapwing_core::kernel::Frequency;
use lapwing_core::network::{Credentials, Network, Personal};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};

const SECURITIES: [(&str, ApSecurity); 6] = [
    ("open", ApSecurity::Open),
    ("wpa2", ApSecurity::Wpa2),
    ("wpa3", ApSecurity::Wpa3),
    ("wpa3-extended-key", ApSecurity::Wpa3ExtendedKey),
    ("transition", ApSecurity::Transition),
    ("owe", ApSecurity::Owe),
];

/// The most access points: more make no other world.
const MAX_APS: usize = 32;
/// The most known networks.
const MAX_NETWORKS: usize = 64;

/// A network's name.
pub(super) fn ssid(name: &str) -> Result<Ssid, String> {
    let ssid = Ssid::new(name.as_bytes()).map_err(|error| error.to_string())?;
    if name.is_empty() { Err(String::from("a network has a name")) } else { Ok(ssid) }
}

/// Whose address each is.
type Taken = BTreeSet<MacAddr>;

/// The access points, each with the habits that all of them share.
pub(super) fn aps(
    table: &mut Table<'_>,
    radio: &RadioSetup,
    shared: Habits,
) -> Result<Vec<ApSetup>, ScenarioError> {
    let list = table.read("ap", Value::list)?.unwrap_or_default();
    if list.len() > MAX_APS {
        return Err(table.error("ap", format!("there are more than {MAX_APS}")));
    }
    let mut taken = Taken::from([radio.address]);
    let places = 1..=u8::MAX;
    list.into_iter().zip(places).map(|(value, place)| ap(value, place, radio, &mut taken, shared)).collect()
}

fn ap(
    value: Value<'_>,
    place: u8,
    radio: &RadioSetup,
    taken: &mut Taken,
    shared: Habits,
) -> Result<ApSetup, ScenarioError> {
    let mut table = value.table()?;
    let name = table.need("ssid")?.text(ssid)?;
    let security = table.need("security")?.one_of(&SECURITIES)?;
    let links = links(&mut table, place, radio, taken)?;
    if matches!(links, ApLinks::Mld { .. }) && security == ApSecurity::Wpa2 {
        return Err(table.error("security", "an AP MLD is not allowed WPA2 alone (802.11be 12.12)"));
    }
    let single = matches!(links, ApLinks::Single(_));
    let usual = ApSetup::new(name, security, links);
    let secret = !matches!(security, ApSecurity::Open | ApSecurity::Owe);
    let passphrase = table.read("passphrase", |value| {
        if secret { passphrase(value) } else { Err(value.error("the network has none")) }
    })?;
    let own = table.read("habits", |value| habits(value, |habit| habit.name().starts_with("ap.")))?;
    let setup = ApSetup {
        passphrase: passphrase.unwrap_or_else(|| usual.passphrase.clone()),
        client_limit: table
            .read("client_limit", |value| value.number(0..2008))?
            .unwrap_or(usual.client_limit),
        groups: table.read("groups", groups)?.unwrap_or_else(|| usual.groups.clone()),
        token_threshold: table
            .read("token_threshold", |value| value.number(0..65536))?
            .unwrap_or(usual.token_threshold),
        beacon_protection: table
            .read("beacon_protection", Value::boolean)?
            .unwrap_or(usual.beacon_protection),
        extended_key_id: table.read("extended_key_id", Value::boolean)?.unwrap_or(usual.extended_key_id),
        operating_channel_validation: table
            .read("operating_channel_validation", Value::boolean)?
            .unwrap_or(usual.operating_channel_validation),
        transition_disable: table.read("transition_disable", |value| value.number(0..256))?,
        mobility: mobility(&mut table, single && secret)?,
        shares_pmksas: table
            .read("shares_pmksas", |value| {
                let wrong =
                    value.error("an access point with links, or without a passphrase, has none to share");
                if single && secret { value.boolean() } else { Err(wrong) }
            })?
            .unwrap_or(usual.shares_pmksas),
        owe_twin: table.read("owe_twin", twin)?,
        signal_mbm: table
            .read("signal_dbm", |value| value.number(-100..1))?
            .map_or(usual.signal_mbm, |dbm: i32| dbm * 100),
        habits: own.unwrap_or_default().iter().chain(shared.iter()).collect(),
        ..usual
    };
    table.finish()?;
    Ok(setup)
}

/// The mobility domain, for those that may be in one.
fn mobility(table: &mut Table<'_>, may: bool) -> Result<Option<ApDomain>, ScenarioError> {
    let domain = table.read("mobility_domain", |value| {
        let wrong = value.error("an access point with links, or without a passphrase, is in none");
        let id: u16 = value.number(0..65_536)?;
        if may { Ok(id.to_le_bytes()) } else { Err(wrong) }
    })?;
    let over_ds = table.read("ft_over_ds", Value::boolean)?.unwrap_or_default();
    Ok(domain.map(|id| ApDomain { id, over_ds }))
}

/// The BSS of an access point, or the links of an AP MLD.
fn links(
    table: &mut Table<'_>,
    place: u8,
    radio: &RadioSetup,
    taken: &mut Taken,
) -> Result<ApLinks, ScenarioError> {
    let Some(list) = table.read("link", Value::list)? else {
        return bss(table, MacAddr([2, 0, 0, 0, place, 0]), radio, taken).map(ApLinks::Single);
    };
    let usual = MacAddr([2, 0, 0, 0, place, 0xff]);
    let own = unused(table, "mld_address", usual, taken)?;
    let mut links = BTreeMap::new();
    for value in list {
        let mut table = value.table()?;
        let id = table.need("id")?;
        let twice = id.error("the link is there twice");
        let id = id.number(0..i64::from(LinkId::COUNT)).map(LinkId::new)?;
        let Some(id) = id.filter(|id| !links.contains_key(id)) else { return Err(twice) };
        let bss = bss(&mut table, MacAddr([2, 0, 0, 0, place, 0x10 + id.get()]), radio, taken)?;
        table.finish()?;
        links.insert(id, bss);
    }
    if links.is_empty() {
        return Err(table.error("link", "an AP MLD has at least one link"));
    }
    Ok(ApLinks::Mld { address: own, links })
}

fn bss(
    table: &mut Table<'_>,
    usual: MacAddr,
    radio: &RadioSetup,
    taken: &mut Taken,
) -> Result<ApBss, ScenarioError> {
    let value = table.need("frequency")?;
    let lacks = value.error("the radio does not have this channel (radio.frequencies)");
    let frequency = frequency(value)?;
    if !radio.frequencies.contains(&frequency) {
        return Err(lacks);
    }
    Ok(ApBss { bssid: unused(table, "bssid", usual, taken)?, frequency: Frequency(frequency) })
}

/// An address that nobody else has.
fn unused(
    table: &mut Table<'_>,
    key: &str,
    usual: MacAddr,
    taken: &mut Taken,
) -> Result<MacAddr, ScenarioError> {
    let mut twice = table.error(key, format!("{usual} is somebody else's"));
    let given = table.read(key, |value| {
        twice = value.error("the address is somebody else's");
        let group = value.error("a group has this address");
        let given = address(value)?;
        if given.is_group() { Err(group) } else { Ok(given) }
    })?;
    let address = given.unwrap_or(usual);
    if taken.insert(address) { Ok(address) } else { Err(twice) }
}

fn groups(value: Value<'_>) -> Result<Vec<Group>, ScenarioError> {
    let group = |value: Value<'_>| {
        let unknown = value.error("the groups are 19, 20 and 21");
        Group::from_number(value.number(0..65536)?).ok_or(unknown)
    };
    value.list()?.into_iter().map(group).collect()
}

fn twin(value: Value<'_>) -> Result<(MacAddr, Ssid), ScenarioError> {
    let mut table = value.table()?;
    let twin = (address(table.need("bssid")?)?, table.need("ssid")?.text(ssid)?);
    table.finish()?;
    Ok(twin)
}

fn passphrase(value: Value<'_>) -> Result<Secret, ScenarioError> {
    value.text(|text| {
        // WPA2 takes no others, and there is always a station that knows no more than WPA2.
        let fits = (8..=63).contains(&text.len());
        if fits { Ok(Secret::new(text.as_bytes())) } else { Err("a passphrase has 8 to 63 octets") }
    })
}

/// The known networks.
pub(super) fn networks(table: &mut Table<'_>) -> Result<Vec<Network>, ScenarioError> {
    let list = table.read("network", Value::list)?.unwrap_or_default();
    if list.len() > MAX_NETWORKS {
        return Err(table.error("network", format!("there are more than {MAX_NETWORKS}")));
    }
    let mut names = BTreeSet::new();
    list.into_iter().map(|value| network(value, &mut names)).collect()
}

fn network(value: Value<'_>, names: &mut BTreeSet<Vec<u8>>) -> Result<Network, ScenarioError> {
    let mut table = value.table()?;
    let name = table.need("ssid")?;
    let twice = name.error("the network is there twice");
    let name = name.text(ssid)?;
    if !names.insert(name.octets().to_vec()) {
        return Err(twice);
    }
    let credentials = match table.read("passphrase", passphrase)? {
        None => Credentials::Open,
        Some(passphrase) => {
            // A known network's key is stored with it: it is not calculated in every run.
            let psk = pre_shared_key(passphrase.expose(), name.octets());
            Credentials::Personal(Personal {
                passphrase: Some(passphrase),
                psk: Some(psk),
                ..Personal::default()
            })
        }
    };
    let mut network = Network::new(name, credentials);
    network.hidden = table.read("hidden", Value::boolean)?.unwrap_or_default();
    network.autoconnect = table.read("autoconnect", Value::boolean)?.unwrap_or(true);
    network.known_frequencies =
        table.read("known_frequencies", super::read::frequencies)?.unwrap_or_default();
    network.bssid = table.read("bssid", address)?;
    table.finish()?;
    Ok(network)
}
