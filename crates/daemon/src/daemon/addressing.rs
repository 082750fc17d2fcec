//! The addresses of connections: network configuration between the stations and the machine.

use super::handover::Handed;
use super::{Daemon, Now};
use crate::flight::event::{self, Place};
use crate::kernel::{Command, Kernel, PacketKind};
use crate::netconf::configuration::{self, Begin, Configuration};
use crate::netconf::{dhcp, settings::Addressing};
use lapwing_core::attempt::AttemptId;
use lapwing_core::station::Event;

impl<K: Kernel> Daemon<K> {
    /// The port is open: addresses are wanted.
    pub(super) fn begin(&mut self, now: Now, ifindex: u32, attempt: AttemptId) -> Option<Event> {
        self.kernel.perform(Command::SetPort { ifindex, open: true });
        if !self.options.network_configuration {
            // Somebody else does it; for us the open port is all there is.
            return Some(Event::Configured(attempt));
        }
        let file = self.interfaces.get(&ifindex)?.network();
        let known = file.as_ref().and_then(|file| self.networks.get(file));
        let mut addressing = known.map_or_else(Addressing::default, |known| known.addressing.clone());
        addressing.ipv6_enabled &= self.options.ipv6;
        let remembered = file.as_ref().and_then(|file| self.store.lease(file));
        let handed = self.handover.then(|| Handed::new(&addressing));
        let interface = self.interfaces.get_mut(&ifindex)?;
        self.kernel.perform(Command::Listen { ifindex, on: true });
        let begin = Begin {
            attempt,
            hardware: interface.address,
            addressing,
            remembered,
            kept: file.as_ref().and_then(|file| interface.leases6.take(file)),
            hostname: self.options.hostname.clone(),
            wall_clock: now.wall,
        };
        let (configuration, actions) = Configuration::begin(now.clock, begin);
        interface.configuration = Some(configuration);
        interface.handed = handed;
        interface.file = file;
        let first =
            actions.into_iter().filter_map(|action| self.configured(now, ifindex, attempt, action)).last();
        // What came before there was anybody to hear it.
        self.kernel.perform(Command::ReadIpv6 { ifindex });
        let first = first.or_else(|| self.order(now, ifindex));
        // DHCP begins with the first turn, which is due now.
        first.or_else(|| self.turn_configuration(now, ifindex, configuration::Event::Dhcp(dhcp::Event::Tick)))
    }

    /// Gives network configuration an event, and the station what comes of it.
    pub(super) fn configure(&mut self, now: Now, ifindex: u32, event: configuration::Event<'_>) {
        if let Some(event) = self.turn_configuration(now, ifindex, event) {
            self.turn(now, ifindex, event);
        }
    }

    pub(super) fn turn_configuration(
        &mut self,
        now: Now,
        ifindex: u32,
        event: configuration::Event<'_>,
    ) -> Option<Event> {
        let configuration = self.interfaces.get_mut(&ifindex)?.configuration.as_mut()?;
        let attempt = configuration.attempt();
        let actions = configuration.turn(now.clock, now.wall, &mut *self.entropy, event);
        let event =
            actions.into_iter().filter_map(|action| self.configured(now, ifindex, attempt, action)).last();
        event.or_else(|| self.order(now, ifindex))
    }

    /// Whether somebody wants the network of the connection to be left, as this event says: for another one, or for none.
    /// Who is back in it at once needs what was given there.
    pub(super) fn is_left_by(&self, ifindex: u32, event: &Event) -> bool {
        let network = self.interfaces.get(&ifindex).and_then(|interface| interface.station.network());
        match event {
            Event::Disconnect => true,
            Event::Connect(other) | Event::ConnectTo { network: other, .. } => {
                network.is_some_and(|network| network.ssid != other.ssid)
            }
            _ => false,
        }
    }

    /// A connection is about to be left on purpose: what servers gave is given back while they can be reached.
    pub(super) fn give_back(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Some(configuration) = &mut interface.configuration else { return };
        let attempt = configuration.attempt();
        for action in configuration.leave(now.clock, &mut *self.entropy) {
            // Nothing for the station comes of it: it leaves.
            self.configured(now, ifindex, attempt, action);
        }
    }

    /// Undoes the addresses of a connection.
    pub(super) fn unconfigure(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        interface.configured = None;
        let Some(configuration) = interface.configuration.take() else { return };
        if let (Some(file), Some(kept)) = (&interface.file, configuration.kept()) {
            interface.leases6.keep(file.clone(), kept);
        }
        let attempt = configuration.attempt();
        for action in configuration.end() {
            // Nothing for the station comes of it: the connection is gone.
            self.configured(now, ifindex, attempt, action);
        }
        self.end_orders(now, ifindex);
        self.kernel.perform(Command::Listen { ifindex, on: false });
    }

    /// Does one thing that network configuration wants. Returns what the station is to know.
    pub(super) fn configured(
        &mut self,
        now: Now,
        ifindex: u32,
        attempt: AttemptId,
        action: configuration::Action,
    ) -> Option<Event> {
        use configuration::Action as Wanted;
        if self.is_handed(now, ifindex, &action) {
            return None;
        }
        let name = self.interfaces.get(&ifindex)?.name.clone();
        let place = Place { at: now.clock, interface: &name };
        let command = match action {
            Wanted::Send { to, octets } => Command::Send { ifindex, kind: PacketKind::Dhcp, to, octets },
            Wanted::SendArp { to, octets } => Command::Send { ifindex, kind: PacketKind::Arp, to, octets },
            Wanted::Send6 { to, octets } => Command::Send { ifindex, kind: PacketKind::Dhcp6, to, octets },
            Wanted::SetAddress { address, lifetimes } => Command::SetAddress { ifindex, address, lifetimes },
            Wanted::RemoveAddress(address) => Command::RemoveAddress { ifindex, address },
            Wanted::SetRoute(route) => Command::SetRoute { ifindex, route },
            Wanted::RemoveRoute(route) => Command::RemoveRoute { ifindex, route },
            Wanted::EnableIpv6(on) => Command::EnableIpv6 { name, on },
            Wanted::Resolve(resolver) => Command::Resolve { name, resolver },
            Wanted::Configured(configured) => {
                self.tell(&name, event::configured(place, attempt, &configured));
                self.changed();
                let interface = self.interfaces.get_mut(&ifindex)?;
                interface.configured = Some(configured);
                if let Some(handed) = &mut interface.handed {
                    handed.wait();
                    return None;
                }
                return Some(Event::Configured(attempt));
            }
            Wanted::Unconfigured(why) => {
                self.tell(&name, event::configuration(place, attempt, &why.to_string()));
                self.interfaces.get_mut(&ifindex)?.configured = None;
                self.changed();
                return Some(Event::Unconfigured(attempt, why));
            }
            Wanted::Remember(lease) => {
                if let Some(file) = &self.interfaces.get(&ifindex)?.file {
                    self.store.leased(file, lease.as_ref());
                }
                return None;
            }
            Wanted::Note(sentence) => {
                self.tell(&name, event::configuration(place, attempt, &sentence));
                return None;
            }
        };
        self.kernel.perform(command);
        None
    }
}
