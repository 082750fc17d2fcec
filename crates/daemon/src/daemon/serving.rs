//! The networks of hotspots' clients: addresses, and the way on.

use super::interface::Interface;
use super::modes::Role;
use super::{Daemon, Now};
use crate::flight::event::{self, Place};
use crate::kernel::{Heard, Kernel};
use crate::netconf::serving::{Action, Serving};
use crate::networks::profile::Profile;
use lapwing_core::Instant;
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The network of a hotspot's clients, and which address each was given.
#[derive(Debug)]
pub(super) struct ClientNetwork {
    serving: Serving,
    pub(super) leased: BTreeMap<MacAddr, Ipv4Addr>,
}

impl ClientNetwork {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.serving.deadline()
    }
}

impl Interface {
    fn client_network(&mut self) -> Option<&mut ClientNetwork> {
        match &mut self.role {
            Role::Station | Role::AdHoc(_) => None,
            Role::AccessPoint { network, .. } => network.as_deref_mut(),
        }
    }
}

impl<K: Kernel> Daemon<K> {
    /// A hotspot is on the air: its clients want addresses. One that has begun anew goes on with its network.
    pub(super) fn begin_serving(&mut self, now: Now, ifindex: u32) {
        if !self.options.network_configuration {
            // Somebody else does it.
            return;
        }
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AccessPoint { hotspot, network, .. } = &mut interface.role else { return };
        let Some(profile) = hotspot.profile().filter(|_| network.is_none()) else { return };
        let Some(addresses) = profile.addresses.clone() else { return };
        let blocks = self.options.hotspot_blocks.clone();
        let (serving, first) = Serving::begin(ifindex, profile.ssid.clone(), addresses, blocks);
        *network = Some(Box::new(ClientNetwork { serving, leased: BTreeMap::new() }));
        self.serve_clients(now, ifindex, first);
    }

    /// Whether the networks of other hotspots leave room for that of this one's clients.
    pub(super) fn has_room_for(&self, profile: &Profile) -> bool {
        let Some(addresses) = profile.addresses.as_ref().filter(|_| self.options.network_configuration)
        else {
            return true;
        };
        let networks = self.interfaces.values().filter_map(|interface| interface.role.network());
        let used: Vec<_> = networks.filter_map(|network| network.serving.own()).collect();
        addresses.own(&profile.ssid, &self.options.hotspot_blocks, &used).is_some()
    }

    /// A hotspot has ended: so has the network of its clients.
    pub(super) fn end_serving(&mut self, ifindex: u32) {
        let interface = self.interfaces.get_mut(&ifindex);
        let Some(Role::AccessPoint { network, .. }) = interface.map(|interface| &mut interface.role) else {
            return;
        };
        for command in network.take().into_iter().flat_map(|network| network.serving.end()) {
            self.kernel.perform(command);
        }
    }

    /// Lets the networks of hotspots hear, each what is for it.
    pub(super) fn hear_serving(&mut self, now: Now, heard: &Heard) {
        self.each_serving(now, |serving| serving.hear(now.clock, heard));
    }

    /// Does what is due.
    pub(super) fn tick_serving(&mut self, now: Now) {
        self.each_serving(now, |serving| serving.tick(now.clock).into_iter().collect());
    }

    fn each_serving(&mut self, now: Now, act: impl Fn(&mut Serving) -> Vec<Action>) {
        let networks = self.interfaces.iter_mut().filter_map(|(&ifindex, interface)| {
            Some((ifindex, act(&mut interface.client_network()?.serving)))
        });
        for (ifindex, actions) in networks.collect::<Vec<_>>() {
            for action in actions {
                self.serve_clients(now, ifindex, action);
            }
        }
    }

    fn serve_clients(&mut self, now: Now, ifindex: u32, action: Action) {
        let action = match action {
            Action::Perform(command) => return self.kernel.perform(command),
            action => action,
        };
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let name = interface.name.clone();
        if let Some(network) = interface.client_network() {
            match &action {
                Action::Leased(lease) => {
                    network.leased.insert(lease.client, lease.address);
                }
                Action::Released { client } => {
                    network.leased.remove(client);
                }
                _ => {}
            }
        }
        let place = Place { at: now.clock, interface: &name };
        if let Some(told) = event::serving(place, &action) {
            self.changed();
            self.tell(&name, told);
        }
    }
}
