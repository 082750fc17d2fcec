//! What DHCP, DHCPv6 and a fixed address want done.

use super::{Action, Configuration, Four, Prefix};
use crate::netconf::{dhcp, dhcp6, fixed, remembered::Remembered};
use lapwing_core::attempt::Phase;
use lapwing_core::failure::{Code, Failure};
use lapwing_core::{Entropy, Instant};
use lapwing_frames::MacAddr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

impl Configuration {
    /// IPv4's part of a turn.
    pub(super) fn turn4(
        &mut self,
        now: Instant,
        wall_clock: u64,
        entropy: &mut dyn Entropy,
        event: dhcp::Event<'_>,
        out: &mut Vec<Action>,
    ) {
        match &mut self.four {
            Four::Fixed(fixed) => {
                let arp = match event {
                    dhcp::Event::Arp { octets } => Some(octets),
                    dhcp::Event::Packet { .. } | dhcp::Event::Tick => None,
                };
                let actions = fixed.turn(now, arp);
                self.done_fixed(now, actions, out);
            }
            Four::Dhcp(client) => {
                let actions = client.turn(now, entropy, event);
                self.done4(now, wall_clock, actions, out);
            }
        }
    }

    /// What DHCP wants done.
    fn done4(&mut self, now: Instant, wall_clock: u64, actions: Vec<dhcp::Action>, out: &mut Vec<Action>) {
        for action in actions {
            match action {
                dhcp::Action::Send { to, octets } => out.push(Action::Send { to, octets }),
                dhcp::Action::SendArp { to, octets } => out.push(Action::SendArp { to, octets }),
                dhcp::Action::Note(text) => out.push(Action::Note(text)),
                dhcp::Action::Use(lease) => self.lease(now, &lease, out),
                dhcp::Action::Keep(lease) => {
                    let ends = lease.time.map(|time| wall_clock.saturating_add(time.end.as_secs()));
                    let hardware = self.begin.hardware;
                    out.push(Action::Remember(Some(Remembered { hardware, ends, lease })));
                }
                dhcp::Action::Drop(why) => {
                    out.push(Action::Note(why.to_owned()));
                    self.remove(|address| address.is_ipv4(), out);
                    self.names.leased(None);
                    self.resolve(out);
                    out.push(Action::Remember(None));
                    self.tell(now, out);
                }
            }
        }
    }

    /// What becomes of a fixed IPv4 address.
    fn done_fixed(&mut self, now: Instant, actions: Vec<fixed::Action>, out: &mut Vec<Action>) {
        let Some(fixed) = self.begin.addressing.ipv4.clone() else { return };
        let address = Prefix { address: IpAddr::V4(fixed.address.address), length: fixed.address.length };
        for action in actions {
            match action {
                fixed::Action::SendArp(octets) => {
                    out.push(Action::SendArp { to: MacAddr::BROADCAST, octets })
                }
                fixed::Action::Note(text) => out.push(Action::Note(text)),
                fixed::Action::Use => {
                    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                    self.fixed(address, any, fixed.gateway.map(IpAddr::V4), out);
                    self.resolve(out);
                    self.tell(now, out);
                }
                fixed::Action::Taken { by, in_use } => {
                    let code = Code::AddressTaken { address: fixed.address.address, by };
                    let why = Failure { phase: Phase::Address, code };
                    out.push(Action::Note(why.to_string()));
                    if in_use {
                        self.remove(|address| address.is_ipv4(), out);
                    }
                    self.lost(now, why, out);
                }
            }
        }
    }

    /// What DHCPv6 wants done. The addresses count once the kernel says that they can be used.
    pub(super) fn done6(&mut self, actions: Vec<dhcp6::Action>, out: &mut Vec<Action>) {
        let whole = |address| Prefix { address: IpAddr::V6(address), length: 128 };
        for action in actions {
            match action {
                dhcp6::Action::Send { to, octets } => out.push(Action::Send6 { to, octets }),
                dhcp6::Action::Note(text) => out.push(Action::Note(text)),
                dhcp6::Action::Use(address, lifetimes) => {
                    let address = whole(address);
                    self.addresses.insert(address);
                    out.push(Action::SetAddress { address, lifetimes });
                }
                dhcp6::Action::Drop(address) => {
                    let address = whole(address);
                    if self.addresses.remove(&address) {
                        out.push(Action::RemoveAddress(address));
                    }
                }
                dhcp6::Action::Inform(information) => self.names.given(information),
            }
        }
    }

    /// Somebody else has an IPv6 address: one that a person fixed is good for nothing any more.
    pub(super) fn taken6(&mut self, address: Ipv6Addr, out: &mut Vec<Action>) {
        if let (None, Some(fixed)) = (&self.dhcp6, &self.begin.addressing.ipv6)
            && fixed.address.address == address
        {
            out.push(Action::Note(format!("another host has {address}, which the network's file fixes")));
            self.remove(|address| address.is_ipv6(), out);
        }
    }
}
