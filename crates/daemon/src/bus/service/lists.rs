//! The list of networks that a station hears, written down once for all who ask for it: a client asks after each scan and
//! whenever its window opens, and there may be thousands.

use super::calls::level;
use crate::bus::message::Error;
use crate::bus::value::Value;
use crate::bus::{errors, path, wire};
use crate::control::{DeviceView, NetworkView, View};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lists of all stations that were asked for and still hold, by radio and interface.
#[derive(Debug, Default)]
pub(super) struct Lists(BTreeMap<(u32, u32), List>);

/// A list, and the networks that it is of.
#[derive(Debug)]
struct List {
    networks: Arc<Vec<NetworkView>>,
    written: Value,
}

impl Lists {
    /// The networks of a station, in the order of its view.
    pub(super) fn of(&mut self, device: &DeviceView) -> Result<Value, Error> {
        let key = (device.wiphy, device.ifindex);
        let holds = |list: &&List| Arc::ptr_eq(&list.networks, &device.networks);
        if let Some(list) = self.0.get(&key).filter(holds) {
            return Ok(list.written.clone());
        }
        let written = write(device)?;
        let list = List { networks: device.networks.clone(), written: written.clone() };
        self.0.insert(key, list);
        Ok(written)
    }

    /// Forgets those of networks that were shown before.
    pub(super) fn keep(&mut self, view: &View) {
        self.0.retain(|(_, ifindex), list| {
            let device = view.devices.iter().find(|device| device.ifindex == *ifindex);
            device.is_some_and(|device| Arc::ptr_eq(&list.networks, &device.networks))
        });
    }
}

fn write(device: &DeviceView) -> Result<Value, Error> {
    let at = path::device(device.wiphy, device.ifindex);
    let networks = device.networks.iter();
    let networks = networks.map(|heard| (path::network(&at, &heard.name), level(heard.signal_mbm)));
    wire::numbered(networks).map_err(|why| errors::dbus("Failed", why))
}
