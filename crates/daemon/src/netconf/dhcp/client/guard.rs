//! The address of a lease, watched for conflicts (RFC 5227, see [`crate::netconf::conflict`]).
//!
//! A server gave the address, which keeps account of who has it and is to probe before it offers (RFC 2131 2.2);
//! other clients of today do not probe at all. So the address is used at once and checked meanwhile. The first probe
//! leaves with our request, so that whoever has the address and is awake is mostly heard before the server's
//! acknowledgement, and then it is never used.
//!
//! What can go wrong: for the time between use and the answer to a probe, hosts that we talk to may take our
//! link address for the other's. It is bounded to the time of the probes, since they are sent from no
//! address and any answer to them ends the use at once; the other's answer to the next question puts right
//! what was learned. Announcements, which make everybody learn, come only after the last probe.

use super::{Action, Hold, State, Turn};
use crate::netconf::conflict::{Claim, Due, Heard};
use lapwing_core::Duration;
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;

/// The wait after a second address in a row turned out to be taken (RFC 2131 3.1 point 5). After the first,
/// the server knows better than to give it again, and nobody has to wait.
const DECLINE_WAIT: Duration = Duration::from_secs(10);

/// Whether the router's link address is known to be that of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Router {
    /// No; it is asked for once the address is known to be ours.
    Unknown,
    /// It was asked for.
    Asked,
    /// Yes, or there is no router.
    Known,
}

impl Turn<'_> {
    const fn claim(&self, hold: &Hold, in_use: bool) -> Claim {
        Claim { hardware: self.settings.hardware, address: hold.lease.address.address, in_use }
    }

    /// Sends the probe or announcement that is due.
    pub(super) fn guard(&mut self, hold: &mut Hold, in_use: bool) {
        match hold.watch.due(self.now, self.claim(hold, in_use)) {
            // What is free is used as soon as the server gives it.
            Due::Nothing | Due::Use => {}
            Due::Probe(packet) => self.arp_to_all(packet),
            Due::Announce { packet, first } => {
                *self.declined = 0;
                self.arp_to_all(packet);
                if first {
                    self.ask_router(hold);
                }
            }
        }
    }

    pub(super) fn arp_to_all(&mut self, packet: Arp) {
        self.out.push(Action::SendArp { to: MacAddr::BROADCAST, octets: packet.build() });
    }

    /// An ARP packet: does somebody else have the address? Is the router there?
    pub(super) fn arp(&mut self, mut state: State, octets: &[u8]) -> State {
        let Ok(packet) = Arp::parse(octets) else { return state };
        let (now, hardware) = (self.now, self.settings.hardware);
        let in_use = state.is_in_use();
        let Some(hold) = state.hold_mut() else { return state };
        let address = hold.lease.address.address;
        match hold.watch.heard(now, Claim { hardware, address, in_use }, &packet) {
            Heard::Nothing => self.router_answers(state, &packet),
            Heard::Defend(announcement) => {
                let other = packet.sender_hardware;
                self.note(format!("{other} uses our address {address} too: it is defended once"));
                self.arp_to_all(announcement);
                state
            }
            Heard::Taken => {
                if in_use {
                    self.out.push(Action::Drop("somebody else uses the address"));
                }
                self.decline(&state, packet.sender_hardware)
            }
        }
    }

    /// Tells the server that the address is taken, and asks for another.
    fn decline(&mut self, state: &State, other: MacAddr) -> State {
        let Some(hold) = state.hold() else { return State::Waiting { until: self.now } };
        self.settings.remembered = None;
        self.note(format!(
            "{other} has {} already: the DHCP server is told so and asked for another address",
            hold.lease.address.address
        ));
        self.say_declined(&hold.lease);
        let is_first = *self.declined == 0;
        *self.declined = self.declined.saturating_add(1);
        State::Waiting { until: if is_first { self.now } else { self.now + DECLINE_WAIT } }
    }
}
