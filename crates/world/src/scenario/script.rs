//! What a person does and what goes wrong, in a scenario file.

use super::file::{ScenarioError, Table, Value};
use super::radio::RadioSetup;
use super::read::{address, frequencies, frequency, milliseconds};
use crate::ap::{ApLinks, ApSetup};
use crate::attacker::Attack;
use crate::parts::ApOrder;
use crate::person::{At, Deed, Fault};
use lapwing_core::kernel::Frequency;
use lapwing_core::network::Network;
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr};

/// What the script can speak of.
pub(super) struct World<'a> {
    pub(super) aps: &'a [ApSetup],
    pub(super) networks: &'a [Network],
    pub(super) radio: &'a RadioSetup,
}

/// What the person does, in the order of the file, which must be that of time.
pub(super) fn person(table: &mut Table<'_>, world: &World<'_>) -> Result<Vec<At<Deed>>, ScenarioError> {
    let list = table.read("person", Value::list)?.unwrap_or_default();
    if list.len() > usize::from(u8::MAX) {
        return Err(table.error("person", "there are more than 255 deeds"));
    }
    let mut deeds: Vec<At<Deed>> = Vec::new();
    for value in list {
        let early = value.error("comes before what stands above it");
        let mut table = value.table()?;
        let after = table.need("at_ms").and_then(milliseconds)?;
        let what = deed(&mut table, world)?;
        table.finish()?;
        if deeds.last().is_some_and(|last| last.after > after) {
            return Err(early);
        }
        deeds.push(At { after, what });
    }
    Ok(deeds)
}

/// What a person can do.
#[derive(Clone, Copy)]
enum Verb {
    Connect,
    Roam,
    Disconnect,
    Autoconnect(bool),
    Scan,
    Sleep,
    Block(bool),
    SetUp(bool),
    Rename,
    Carry,
    LosePackets,
    SendAway(bool),
}

fn deed(table: &mut Table<'_>, world: &World<'_>) -> Result<Deed, ScenarioError> {
    let verb = table.need("does")?.one_of(&[
        ("connect", Verb::Connect),
        ("roam-to", Verb::Roam),
        ("disconnect", Verb::Disconnect),
        ("autoconnect-on", Verb::Autoconnect(true)),
        ("autoconnect-off", Verb::Autoconnect(false)),
        ("scan", Verb::Scan),
        ("sleep", Verb::Sleep),
        ("radio-off", Verb::Block(true)),
        ("radio-on", Verb::Block(false)),
        ("interface-down", Verb::SetUp(false)),
        ("interface-up", Verb::SetUp(true)),
        ("rename", Verb::Rename),
        ("carry", Verb::Carry),
        ("lose-packets", Verb::LosePackets),
        ("send-away", Verb::SendAway(false)),
        ("send-away-and-end", Verb::SendAway(true)),
    ])?;
    Ok(match verb {
        Verb::Connect => {
            let network = table.need("network")?.text(|name| {
                let mut places = (0..=u8::MAX).zip(world.networks);
                let found = places.find(|(_, network)| network.ssid.octets() == name.as_bytes());
                found.map(|(place, _)| place).ok_or("no known network has this name")
            })?;
            match table.read("bssid", |value| bss(value, world))? {
                Some(bssid) => Deed::ConnectTo { network, bssid },
                None => Deed::Connect(network),
            }
        }
        Verb::Roam => Deed::Roam(table.need("bssid").and_then(|value| bss(value, world))?),
        Verb::Disconnect => Deed::Disconnect,
        Verb::Autoconnect(on) => Deed::Autoconnect(on),
        Verb::Scan => Deed::Scan,
        Verb::Sleep => Deed::Sleep(table.need("for_ms").and_then(milliseconds)?),
        Verb::Block(blocked) => Deed::Block(blocked),
        Verb::SetUp(up) => Deed::SetUp(up),
        Verb::Rename => Deed::Rename(table.need("name")?.string()?),
        Verb::Carry => Deed::Carry {
            ap: table.need("ap").and_then(|value| access_point(value, world))?.0,
            dbm: table.need("signal_dbm")?.number(-100..1)?,
        },
        Verb::LosePackets => Deed::LosePackets,
        Verb::SendAway(leaves) => {
            Deed::SendAway { ap: table.need("ap").and_then(|value| access_point(value, world))?.0, leaves }
        }
    })
}

/// What goes wrong.
pub(super) fn faults(table: &mut Table<'_>, world: &World<'_>) -> Result<Vec<At<Fault>>, ScenarioError> {
    let list = table.read("fault", Value::list)?.unwrap_or_default();
    let fault = |value: Value<'_>| {
        let mut table = value.table()?;
        let after = table.need("at_ms").and_then(milliseconds)?;
        let what = fault(&mut table, world)?;
        table.finish()?;
        Ok(At { after, what })
    };
    list.into_iter().map(fault).collect()
}

/// What can go wrong.
#[derive(Clone, Copy)]
enum Mishap {
    Ap(ApOrder),
    ThrowOut,
    SwitchChannel,
    RemoveLink,
    AddLink,
    Overflow,
    Roam,
    Regulatory,
    Remove,
    Loss,
    Attack,
}

fn fault(table: &mut Table<'_>, world: &World<'_>) -> Result<Fault, ScenarioError> {
    let mishap = table.need("does")?.one_of(&[
        ("power-off", Mishap::Ap(ApOrder::PowerOff)),
        ("power-on", Mishap::Ap(ApOrder::PowerOn)),
        ("stop", Mishap::Ap(ApOrder::Stop)),
        ("forget-pmksas", Mishap::Ap(ApOrder::ForgetPmksas)),
        ("renew-group-keys", Mishap::Ap(ApOrder::RenewGroupKeys)),
        ("fade", Mishap::Ap(ApOrder::Fade(true))),
        ("return", Mishap::Ap(ApOrder::Fade(false))),
        ("throw-out", Mishap::ThrowOut),
        ("switch-channel", Mishap::SwitchChannel),
        ("remove-link", Mishap::RemoveLink),
        ("add-link", Mishap::AddLink),
        ("overflow", Mishap::Overflow),
        ("roam", Mishap::Roam),
        ("regulatory", Mishap::Regulatory),
        ("remove-interface", Mishap::Remove),
        ("loss", Mishap::Loss),
        ("attack", Mishap::Attack),
    ])?;
    let order =
        |table: &mut Table<'_>,
         order: &mut dyn FnMut(&mut Table<'_>, &ApSetup) -> Result<ApOrder, ScenarioError>| {
            let (ap, setup) = table.need("ap").and_then(|value| access_point(value, world))?;
            Ok(Fault::Ap { ap, order: order(table, setup)? })
        };
    match mishap {
        Mishap::Ap(wanted) => order(table, &mut |_, _| Ok(wanted)),
        Mishap::ThrowOut => order(table, &mut |table, _| {
            let reason = table.read("reason", |value| value.number(1..65536))?;
            Ok(ApOrder::ThrowOut(reason.map_or(ReasonCode::Unspecified, ReasonCode)))
        }),
        Mishap::SwitchChannel => order(table, &mut |table, setup| {
            let link = table.read("link", |value| link(value, setup))?;
            if link.is_none() && matches!(setup.links, ApLinks::Mld { .. }) {
                return Err(table.error("link", "is missing: which link of the AP MLD?"));
            }
            let value = table.need("frequency")?;
            let lacks = value.error("the radio does not have this channel (radio.frequencies)");
            let to = frequency(value)?;
            if world.radio.frequencies.contains(&to) {
                Ok(ApOrder::SwitchChannel { link, to: Frequency(to) })
            } else {
                Err(lacks)
            }
        }),
        Mishap::RemoveLink => order(table, &mut |table, setup| {
            let link = table.need("link").and_then(|value| link(value, setup))?;
            let beacons = table.read("beacons", |value| value.number(0..65536))?.unwrap_or(10);
            Ok(ApOrder::RemoveLink { link, beacons })
        }),
        Mishap::AddLink => order(table, &mut |table, setup| {
            table.need("link").and_then(|value| link(value, setup)).map(ApOrder::AddLink)
        }),
        Mishap::Overflow => Ok(Fault::Overflow),
        Mishap::Roam => table.need("bssid").and_then(address).map(Fault::Roam),
        Mishap::Regulatory => table.need("frequencies").and_then(frequencies).map(Fault::Regulatory),
        Mishap::Remove => Ok(Fault::Remove),
        Mishap::Loss => Ok(Fault::Loss(table.need("percent")?.number(0..101)?)),
        Mishap::Attack => {
            let attack = table.need("attack")?;
            attack.text(|name| Attack::parse(name).ok_or("there is no such attack")).map(Fault::Attack)
        }
    }
}

/// An access point that there is.
fn access_point<'a>(value: Value<'_>, world: &World<'a>) -> Result<(u8, &'a ApSetup), ScenarioError> {
    let none = value.error("there is no such access point (they are counted from 0)");
    let ap: u8 = value.number(0..256)?;
    world.aps.get(usize::from(ap)).map(|setup| (ap, setup)).ok_or(none)
}

/// The address of a BSS that there is.
fn bss(value: Value<'_>, world: &World<'_>) -> Result<MacAddr, ScenarioError> {
    let none = value.error("no access point has this BSS");
    let bssid = address(value)?;
    let mut all = world.aps.iter().flat_map(|ap| ap.links.iter());
    if all.any(|(_, bss)| bss.bssid == bssid) { Ok(bssid) } else { Err(none) }
}

/// A link that an access point has.
fn link(value: Value<'_>, setup: &ApSetup) -> Result<LinkId, ScenarioError> {
    let none = value.error("the access point has no such link");
    let id = LinkId::new(value.number(0..256)?);
    id.filter(|id| setup.links.iter().any(|(link, _)| link == Some(*id))).ok_or(none)
}
