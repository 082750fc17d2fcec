//! A network that was joined before: is it the same as then?
//!
//! The remembered address is asked for at once (INIT-REBOOT, RFC 2131 3.2). Meanwhile the router of that time
//! is asked whether it is there, at its own link address (RFC 4436 section 2): most routers answer ARP in a
//! millisecond, also where a DHCP server takes its time, and then the address is used until a server says
//! otherwise. Both are sent together, and repeated together, so neither waits for the other. A refusal of the
//! server wins in any case.

use super::say::Exchange;
use super::{Action, Hold, State, Turn, guard::Router};
use crate::netconf::dhcp::lease::Lease;
use lapwing_frames::internet::arp::Arp;
use lapwing_frames::internet::dhcp::{Kind, option};
use std::net::Ipv4Addr;

/// How often a remembered address is asked for before looking for any server: 1.8 seconds.
const TRIES: u32 = 6;

impl Hold {
    /// Takes over what an older lease knew of the router, if it is the same one.
    pub(super) fn keep_router(&mut self, old: &Lease) {
        let lease = &mut self.lease;
        if lease.router().is_none() {
            self.router = Router::Known;
        } else if lease.router() == Some(lease.server) {
            // It has just spoken.
            lease.router_hardware = Some(lease.server_hardware);
            self.router = Router::Known;
        } else if lease.router() == old.router() {
            lease.router_hardware = old.router_hardware;
        } else {
            self.router = Router::Unknown;
        }
    }
}

impl Turn<'_> {
    /// Asks for the remembered address, and for the router. Both states of it are alike: the second value
    /// says whether the address is in use.
    pub(super) fn reboot(&mut self, mut exchange: Exchange, mut hold: Hold, in_use: bool) -> (State, bool) {
        if self.now >= exchange.next {
            let address = hold.lease.address.address;
            if exchange.sent >= TRIES {
                if in_use {
                    self.note(format!("no server confirms {address}, but the router is there: it is kept"));
                    return (State::Bound { hold }, true);
                }
                self.note(format!("nobody confirms {address}: looking for any server"));
                return (self.select(), true);
            }
            let mut options = self.options(Kind::Request);
            options.insert(option::ADDRESS, address.octets().to_vec());
            exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
            if let (false, Some(router), Some(to)) = (in_use, hold.lease.router(), hold.lease.router_hardware)
            {
                let test =
                    Arp { target_hardware: to, ..Arp::request(self.settings.hardware, address, router) };
                self.out.push(Action::SendArp { to, octets: test.build() });
            }
        }
        self.guard(&mut hold, in_use);
        let state =
            if in_use { State::Confirming { exchange, hold } } else { State::Rebooting { exchange, hold } };
        (state, false)
    }

    /// Asks for the router's link address, if it is not known to be that of today.
    pub(super) fn ask_router(&mut self, hold: &mut Hold) {
        if let (Router::Unknown, Some(router)) = (hold.router, hold.lease.router()) {
            self.arp_to_all(Arp::request(self.settings.hardware, hold.lease.address.address, router));
            hold.router = Router::Asked;
        }
    }

    /// An ARP packet that is no conflict: perhaps the answer of the router.
    pub(super) fn router_answers(&mut self, mut state: State, packet: &Arp) -> State {
        let hardware = self.settings.hardware;
        let Some(hold) = state.hold_mut() else { return state };
        let address = hold.lease.address.address;
        if !packet.answers(hardware, address) || hold.lease.router() != Some(packet.sender) {
            return state;
        }
        match state {
            // The same address of another router is another network.
            State::Rebooting { exchange, mut hold }
                if hold.lease.router_hardware == Some(packet.sender_hardware) =>
            {
                self.note(format!("the router {} is there: {address} is used again", packet.sender));
                hold.router = Router::Known;
                hold.watch.in_use(self.now);
                self.out.push(Action::Use(hold.lease.clone()));
                State::Confirming { exchange, hold }
            }
            State::Bound { ref mut hold } | State::Extending { ref mut hold, .. }
                if hold.router != Router::Known =>
            {
                // To this or to the kernel, which asks too. Only the first counts: what is kept goes to disk.
                hold.router = Router::Known;
                if hold.lease.router_hardware != Some(packet.sender_hardware) {
                    hold.lease.router_hardware = Some(packet.sender_hardware);
                    self.out.push(Action::Keep(hold.lease.clone()));
                }
                state
            }
            state => state,
        }
    }
}
