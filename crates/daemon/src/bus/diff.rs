//! What has to be told of the difference between two trees, in the order in which clients of iwd expect it.

use super::interfaces::{
    ADAPTER, DEVICE, DEVICE_PROVISIONING, KNOWN, NETWORK, OBJECT_MANAGER, PROPERTIES, SHARED_CODE, STATION,
};
use super::message::Outgoing;
use super::path;
use super::tree::{Interfaces, Properties, Thing, Tree};
use super::value::Value;
use std::sync::Arc;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object has new interfaces, or is new with them.
    Added {
        /// The object.
        path: String,
        /// Whether the object is new.
        is_new: bool,
        /// The interfaces.
        interfaces: Arc<Interfaces>,
    },
    /// An object lost interfaces, or is gone with them.
    Removed {
        /// The object.
        path: String,
        /// The interfaces.
        interfaces: Vec<&'static str>,
    },
    /// Properties have other values.
    Changed {
        /// The object.
        path: String,
        /// The interface.
        interface: &'static str,
        /// The new values.
        changed: Properties,
        /// Properties that have no value any more.
        invalidated: Vec<&'static str>,
    },
}

/// The changes from one tree to another. What is referred to is there before the reference, and goes after it;
/// of what is new, networks are told before the single BSSs, for which nobody waits;
/// a station that vanishes goes before its networks, and the switch that did it is told last.
#[must_use]
pub fn diff(before: &Tree, after: &Tree) -> Vec<Change> {
    let mut lost = Vec::new();
    let (mut added, mut bsss, mut extended) = (Vec::new(), Vec::new(), Vec::new());
    let mut networks = Vec::new();
    let mut changed = Vec::new();
    for (path, object) in after {
        let Some(old) = before.get(path) else {
            let interfaces = object.interfaces.clone();
            let new = match object.thing {
                Thing::Network(..) => &mut networks,
                Thing::Bss => &mut bsss,
                _ => &mut added,
            };
            new.push(Change::Added { path: path.clone(), is_new: true, interfaces });
            continue;
        };
        if Arc::ptr_eq(old, object) {
            continue;
        }
        let gone: Vec<_> =
            old.interfaces.keys().copied().filter(|name| !object.interfaces.contains_key(name)).collect();
        if !gone.is_empty() {
            lost.push(Change::Removed { path: path.clone(), interfaces: gone });
        }
        let mut new = Interfaces::new();
        for (&interface, properties) in object.interfaces.iter() {
            match old.interfaces.get(interface) {
                Some(old) => changed.extend(differing(path, interface, old, properties)),
                None => {
                    new.insert(interface, properties.clone());
                }
            }
        }
        if !new.is_empty() {
            let interfaces = Arc::new(new);
            extended.push(Change::Added { path: path.clone(), is_new: false, interfaces });
        }
    }
    // Children first.
    let gone = before.iter().rev().filter(|(path, _)| !after.contains_key(*path));
    let removed = gone.map(|(path, object)| Change::Removed {
        path: path.clone(),
        interfaces: object.interfaces.keys().copied().collect(),
    });
    changed.sort_by_key(Change::rank);
    let is_switch = |change: &Change| matches!(change, Change::Changed { interface, .. } if [DEVICE, ADAPTER].contains(interface));
    let (switches, others): (Vec<_>, Vec<_>) = changed.into_iter().partition(is_switch);
    // An object that appears with its interfaces is told before an interface that appears on another.
    let added = added.into_iter().chain(networks).chain(bsss).chain(extended);
    lost.into_iter().chain(added).chain(others).chain(removed).chain(switches).collect()
}

fn differing(path: &str, interface: &'static str, before: &Properties, after: &Properties) -> Option<Change> {
    let changed: Properties = after
        .iter()
        .filter(|(name, value)| before.get(name) != Some(value))
        .map(|(name, value)| (*name, value.clone()))
        .collect();
    let invalidated: Vec<_> = before.keys().copied().filter(|name| !after.contains_key(name)).collect();
    let is_same = changed.is_empty() && invalidated.is_empty();
    (!is_same).then(|| Change::Changed { path: path.to_owned(), interface, changed, invalidated })
}

impl Change {
    /// Where it stands among changes of properties.
    fn rank(&self) -> usize {
        // What ends with a connection, or when one begins, is over by the time that this is seen.
        const ORDER: [&str; 7] = [DEVICE_PROVISIONING, SHARED_CODE, STATION, NETWORK, KNOWN, DEVICE, ADAPTER];
        match self {
            Self::Changed { interface, .. } => {
                ORDER.iter().position(|known| known == interface).unwrap_or(ORDER.len())
            }
            Self::Added { .. } | Self::Removed { .. } => 0,
        }
    }

    /// Whether it is told before the replies of the same turn. iwd says that a network has become known, then
    /// answers the call that joined it, and then that the station is connected; clients are written to that.
    #[must_use]
    pub fn is_before_replies(&self) -> bool {
        match self {
            Self::Added { is_new, .. } => *is_new,
            Self::Changed { interface, changed, .. } => {
                *interface == NETWORK && changed.keys().eq(["KnownNetwork"].iter())
            }
            Self::Removed { .. } => false,
        }
    }

    /// The signal that tells it.
    #[must_use]
    pub fn signal(self) -> Outgoing {
        match self {
            Self::Added { path, interfaces, .. } => Outgoing::Signal {
                destination: None,
                path: path::ROOT.to_owned(),
                interface: OBJECT_MANAGER,
                member: "InterfacesAdded",
                body: vec![Value::Path(path), Value::Interfaces(interfaces)],
            },
            Self::Removed { path, interfaces } => Outgoing::Signal {
                destination: None,
                path: path::ROOT.to_owned(),
                interface: OBJECT_MANAGER,
                member: "InterfacesRemoved",
                body: vec![Value::Path(path), Value::texts(interfaces)],
            },
            Self::Changed { path, interface, changed, invalidated } => Outgoing::Signal {
                destination: None,
                path,
                interface: PROPERTIES,
                member: "PropertiesChanged",
                body: vec![Value::text(interface), Value::options(changed), Value::texts(invalidated)],
            },
        }
    }
}
