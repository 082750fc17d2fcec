//! The objects as data: made from a view by a pure function, never changed in place.

mod access_point;

use super::device_provisioning;
use super::few::Few;
use super::interfaces::{
    AD_HOC, ADAPTER, AGENT_MANAGER, BSS, DAEMON, DEBUG, DEVICE, DIAGNOSTIC, KNOWN, LAPWING_DAEMON,
    LAPWING_STATION, NETWORK, OBJECT_MANAGER, PROPERTIES, SIMPLE_CONFIGURATION, STATION,
};
use super::links;
use super::path;
use super::time::utc;
use super::value::Value;
use crate::control::{DeviceView, KnownView, RadioView, View};
use crate::flight::status;
use crate::kernel::Mode;
use crate::networks::FileName;
use lapwing_core::failure::Failure;
use lapwing_core::rsn::plan::Weakness;
use lapwing_core::station::{Connected, Summary};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The properties of an interface that have a value.
pub type Properties = Few<Value>;
/// The interfaces of an object.
pub type Interfaces = Few<Properties>;

/// What an object stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// All of them.
    Root,
    /// The daemon.
    Daemon,
    /// A radio, by its number.
    Radio(u32),
    /// An interface, by its index.
    Device(u32),
    /// A network that an interface hears.
    Network(u32, FileName),
    /// A BSS.
    Bss,
    /// A known network.
    Known(FileName),
    /// A profile of others' hotspots, by its number.
    Passpoint(u32),
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it stands for.
    pub thing: Thing,
    /// Its interfaces, shared with what is told of them.
    pub interfaces: Arc<Interfaces>,
}

/// All objects by their paths. Parents come before their children. Those that are the same in another tree are shared
/// with it.
pub type Tree = BTreeMap<String, Arc<Object>>;

/// What was shown before. Of thousands of networks, few change at a time.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The view.
    pub view: &'a View,
    /// Its tree.
    pub tree: &'a Tree,
}

/// The objects that show `view`. `caution` is what the surface itself has to warn of; developers are shown more.
#[must_use]
pub fn tree(view: &View, caution: Option<&str>, developer: bool, before: Option<Before<'_>>) -> Tree {
    let mut tree = Tree::new();
    let was = before.map(|before| before.tree);
    let version = Value::text(env!("CARGO_PKG_VERSION"));
    put(&mut tree, was, path::ROOT.to_owned(), Thing::Root, [(OBJECT_MANAGER, Properties::new())]);
    let daemon = [
        (DAEMON, Properties::new()),
        (AGENT_MANAGER, Properties::new()),
        (LAPWING_DAEMON, Properties::from([("Version", version)])),
        (PROPERTIES, Properties::new()),
    ];
    put(&mut tree, was, path::DAEMON.to_owned(), Thing::Daemon, daemon);
    for radio in &view.radios {
        let interfaces = [(ADAPTER, adapter(radio)), (PROPERTIES, Properties::new())];
        put(&mut tree, was, path::radio(radio.wiphy), Thing::Radio(radio.wiphy), interfaces);
    }
    let known: BTreeSet<&FileName> = view.known.iter().map(|known| &known.name).collect();
    let before = before.filter(|before| before.view.known == view.known);
    for profile in &view.passpoints {
        let properties = Properties::from([
            ("Name", Value::Text(profile.name.replace('\0', "\u{fffd}"))),
            ("Type", Value::text(path::PASSPOINT)),
            ("Hidden", Value::Boolean(profile.hidden)),
            ("AutoConnect", Value::Boolean(profile.autoconnect)),
        ]);
        let interfaces = [(KNOWN, properties), (PROPERTIES, Properties::new())];
        put(&mut tree, was, path::passpoint(profile.id), Thing::Passpoint(profile.id), interfaces);
    }
    for device in &view.devices {
        add_device(&mut tree, was, device, caution, developer);
        add_networks(&mut tree, was, device, &known, before);
    }
    if let Some(before) = before {
        let known = before.tree.iter().filter(|(_, object)| matches!(object.thing, Thing::Known(_)));
        tree.extend(known.map(|(path, object)| (path.clone(), object.clone())));
        return tree;
    }
    for known in &view.known {
        let interfaces = [(KNOWN, known_network(known)), (PROPERTIES, Properties::new())];
        put(&mut tree, was, path::known(&known.name), Thing::Known(known.name.clone()), interfaces);
    }
    tree
}

/// Puts an object, or the one that was there before if they are the same: of thousands, two of each are never held.
fn put(
    tree: &mut Tree,
    was: Option<&Tree>,
    path: String,
    thing: Thing,
    interfaces: impl IntoIterator<Item = (&'static str, Properties)>,
) {
    let object = Object { thing, interfaces: Arc::new(interfaces.into_iter().collect()) };
    let same = was.and_then(|was| was.get(&path)).filter(|was| ***was == object);
    let object = same.cloned().unwrap_or_else(|| Arc::new(object));
    tree.insert(path, object);
}

fn adapter(radio: &RadioView) -> Properties {
    let mut properties =
        Properties::from([("Powered", Value::Boolean(radio.powered)), ("Name", Value::text(&radio.name))]);
    let modes = [radio.ad_hoc.then_some("ad-hoc"), Some("station"), radio.access_point.then_some("ap")];
    properties.insert("SupportedModes", Value::texts(modes.into_iter().flatten()));
    properties.extend(radio.model.as_ref().map(|model| ("Model", Value::text(model))));
    properties.extend(radio.vendor.as_ref().map(|vendor| ("Vendor", Value::text(vendor))));
    properties
}

fn known_network(known: &KnownView) -> Properties {
    let mut properties = Properties::from([
        ("Name", Value::Text(path::label(&known.name.ssid))),
        ("Type", Value::text(path::kind(known.name.security))),
        ("Hidden", Value::Boolean(known.hidden)),
        ("AutoConnect", Value::Boolean(known.autoconnect)),
    ]);
    properties.extend(known.last_joined.map(|seconds| ("LastConnectedTime", Value::Text(utc(seconds)))));
    properties
}

/// A mode, as iwd names it.
#[must_use]
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Station => "station",
        Mode::AccessPoint => "ap",
        Mode::AdHoc => "ad-hoc",
    }
}

/// Whether an interface has a station: not while it is down, as with iwd, and not while it is an access point.
#[must_use]
pub fn has_station(device: &DeviceView) -> bool {
    device.powered && device.mode == Mode::Station && device.state != Summary::Unavailable
}

/// The network that a device is in or on the way into.
fn current(device: &DeviceView) -> Option<&FileName> {
    match device.state {
        Summary::Connecting { .. } | Summary::Connected { .. } | Summary::Roaming { .. } => {
            device.network.as_ref()
        }
        Summary::Disconnected | Summary::Searching | Summary::Disconnecting | Summary::Unavailable => None,
    }
}

fn add_device(
    tree: &mut Tree,
    was: Option<&Tree>,
    device: &DeviceView,
    caution: Option<&str>,
    developer: bool,
) {
    let at = path::device(device.wiphy, device.ifindex);
    let mut interfaces = Interfaces::from([
        (
            DEVICE,
            Properties::from([
                ("Name", Value::text(&device.name)),
                ("Address", Value::text(device.address)),
                ("Powered", Value::Boolean(device.powered)),
                ("Adapter", Value::Path(path::radio(device.wiphy))),
                ("Mode", Value::text(mode(device.mode))),
            ]),
        ),
        (LAPWING_STATION, lapwing_station(device, caution)),
        (PROPERTIES, Properties::new()),
    ]);
    if let Some(access_point) = &device.access_point
        && device.powered
    {
        access_point::add(&mut interfaces, access_point);
    }
    if let Some(ad_hoc) = device.ad_hoc.as_ref().filter(|_| device.powered) {
        let peers = Value::texts(&ad_hoc.peers);
        let properties =
            Properties::from([("ConnectedPeers", peers), ("Started", Value::Boolean(ad_hoc.started))]);
        interfaces.insert(AD_HOC, properties);
    }
    if has_station(device) {
        interfaces.insert(STATION, station(device, &at));
        interfaces.insert(SIMPLE_CONFIGURATION, Properties::new());
        device_provisioning::add(&mut interfaces, device.provisioning.as_ref());
        if developer {
            let autoconnect = Value::Boolean(device.autoconnects);
            interfaces.insert(DEBUG, Properties::from([("AutoConnect", autoconnect)]));
        }
        if matches!(device.state, Summary::Connected { .. } | Summary::Roaming { .. }) {
            interfaces.insert(DIAGNOSTIC, Properties::new());
        }
    }
    put(tree, was, at, Thing::Device(device.ifindex), interfaces);
}

/// The networks of a station, and their BSSs.
fn add_networks(
    tree: &mut Tree,
    was: Option<&Tree>,
    device: &DeviceView,
    known: &BTreeSet<&FileName>,
    before: Option<Before<'_>>,
) {
    if !has_station(device) {
        return;
    }
    let at = path::device(device.wiphy, device.ifindex);
    let current = current(device);
    let is_same = |other: &&DeviceView| {
        let is_it = (other.wiphy, other.ifindex) == (device.wiphy, device.ifindex) && has_station(other);
        is_it && Arc::ptr_eq(&other.networks, &device.networks) && self::current(other) == current
    };
    if let Some(before) = before.filter(|before| before.view.devices.iter().any(|other| is_same(&other))) {
        let below = format!("{at}/");
        let objects = before.tree.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below));
        tree.extend(objects.map(|(path, object)| (path.clone(), object.clone())));
        return;
    }
    let unheard = current.filter(|current| device.networks.iter().all(|heard| heard.name != **current));
    let heard = device.networks.iter().map(|heard| (&heard.name, heard.bsss.as_slice(), heard.passpoint));
    for (name, bsss, passpoint) in heard.chain(unheard.map(|name| (name, &[][..], None))) {
        let network = path::network(&at, name);
        let paths = bsss.iter().map(|bss| path::bss(&network, bss.bssid));
        let mut properties = Properties::from([
            ("Name", Value::Text(path::label(&name.ssid))),
            ("Connected", Value::Boolean(current == Some(name))),
            ("Device", Value::Path(at.clone())),
            ("Type", Value::text(path::kind(name.security))),
            ("ExtendedServiceSet", Value::paths(paths)),
        ]);
        if known.contains(name) {
            properties.insert("KnownNetwork", Value::Path(path::known(name)));
        } else if let Some(id) = passpoint {
            properties.insert("KnownNetwork", Value::Path(path::passpoint(id)));
        }
        for bss in bsss {
            let properties = Properties::from([("Address", Value::text(bss.bssid))]);
            let interfaces = [(BSS, properties), (PROPERTIES, Properties::new())];
            put(tree, was, path::bss(&network, bss.bssid), Thing::Bss, interfaces);
        }
        let thing = Thing::Network(device.ifindex, name.clone());
        put(tree, was, network, thing, [(NETWORK, properties), (PROPERTIES, Properties::new())]);
    }
}

/// The path of the BSS that a device is in or on the way into.
#[must_use]
pub fn connected_bss(device: &DeviceView) -> Option<String> {
    let (current, chosen) = (current(device)?, device.chosen?);
    let network = path::network(&path::device(device.wiphy, device.ifindex), current);
    let heard = device.networks.iter().find(|heard| heard.name == *current)?;
    // Of an AP MLD, the BSS of the association link stands for it.
    let bss = heard.bsss.iter().find(|bss| bss.bssid == chosen || bss.mld == Some(chosen))?;
    Some(path::bss(&network, bss.bssid))
}

fn station(device: &DeviceView, at: &str) -> Properties {
    // iwd says of a station that looks for networks that it is disconnected.
    let state = match device.state {
        Summary::Connecting { .. } => "connecting",
        // As with iwd where addresses are its own to get: whoever waits for "connected" wants to use the network.
        Summary::Connected { .. } | Summary::Roaming { .. } if device.awaits_address => "connecting",
        Summary::Connected { .. } => "connected",
        Summary::Roaming { .. } => "roaming",
        Summary::Disconnecting => "disconnecting",
        Summary::Disconnected | Summary::Searching | Summary::Unavailable => "disconnected",
    };
    let mut properties =
        Properties::from([("State", Value::text(state)), ("Scanning", Value::Boolean(device.scanning))]);
    if let Some(current) = current(device) {
        let bss = connected_bss(device);
        let affinities = bss.clone().filter(|_| device.affinity.is_some());
        properties.insert("Affinities", Value::paths(affinities));
        properties.extend(bss.map(|bss| ("ConnectedAccessPoint", Value::Path(bss))));
        properties.insert("ConnectedNetwork", Value::Path(path::network(at, current)));
    }
    properties
}

fn lapwing_station(device: &DeviceView, caution: Option<&str>) -> Properties {
    let warning = device.warning.as_deref().or(caution).unwrap_or_default();
    let addresses = device.configured.as_ref().map_or_else(Vec::new, |configured| {
        vec![
            ("Addresses", Value::texts(&configured.addresses)),
            ("Router", Value::Text(configured.routers.first().map(ToString::to_string).unwrap_or_default())),
            ("NameServers", Value::texts(&configured.resolver.servers)),
        ]
    });
    Properties::from([
        ("State", Value::text(status::state(&device.state))),
        ("LastFailure", Value::options(device.last_failure.as_ref().map_or_else(Vec::new, failure))),
        ("Warning", Value::text(warning)),
        ("Connection", Value::options(device.connected.as_ref().map_or_else(Vec::new, connection))),
        ("Links", links::view(device.links.as_ref())),
        ("FellBack", links::fell_back(device.links.as_ref())),
        ("Provisioned", Value::options(device_provisioning::outcome(device.provisioned.as_ref()))),
        ("Addresses", Value::options(addresses)),
    ])
}

fn failure(failure: &Failure) -> Vec<(&'static str, Value)> {
    vec![
        ("Code", Value::text(failure.name())),
        ("Phase", Value::text(failure.phase)),
        ("Whose", Value::text(failure.whose())),
        ("Sentence", Value::text(failure)),
        ("NextStep", Value::text(failure.next_step())),
    ]
}

fn connection(connected: &Connected) -> Vec<(&'static str, Value)> {
    // An open connection has none of these; a reader need not ask which are there.
    let named = |suite: Option<String>| Value::Text(suite.unwrap_or_default());
    vec![
        ("Attempt", Value::Uint64(u64::from(connected.attempt.0))),
        ("SSID", Value::octets(connected.ssid.octets())),
        ("BSSID", Value::text(connected.peer)),
        ("Frequency", Value::Uint32(connected.frequency)),
        ("AKM", named(connected.akm.map(|akm| akm.to_string()))),
        ("PairwiseCipher", named(connected.pairwise.map(|cipher| cipher.to_string()))),
        ("GroupManagementCipher", named(connected.group_management.map(|cipher| cipher.to_string()))),
        ("Weakness", Value::text(connected.weakness.map_or("", Weakness::text))),
        ("BeaconProtection", Value::Boolean(connected.beacon_protection)),
        ("CachedPMKSA", Value::Boolean(connected.cached_pmksa)),
    ]
}
