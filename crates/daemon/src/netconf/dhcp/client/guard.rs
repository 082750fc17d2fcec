//! Address conflict detection (RFC 5227): is the address ours alone?
//!
//! RFC 5227 2.1 has a host probe for up to seven seconds before it uses an address. That was written for
//! addresses that hosts pick themselves. Here a server gave the address, which keeps account of who has it
//! and is to probe before it offers (RFC 2131 2.2); other clients of today do not probe at all. So the address
//! is used at once and checked meanwhile. The first probe leaves with our request, so that whoever has the
//! address and is awake is mostly heard before the server's acknowledgement, and then it is never used.
//!
//! What can go wrong: for the time between use and the answer to a probe, hosts that we talk to may take our
//! link address for the other's. It is bounded to the time of the probes, since they are sent from no
//! address and any answer to them ends the use at once; the other's answer to the next question puts right
//! what was learned. Announcements, which make everybody learn, come only after the last probe. From then on
//! the address is defended once, and given up if it is attacked again (RFC 5227 2.4 b).

use super::{Action, Hold, State, Turn};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;

/// The probes (`PROBE_NUM`), and the time after each.
const PROBES: u32 = 3;
const PROBE_WAIT: Duration = Duration::from_millis(100);
/// Announcements of an address, and the time between them (RFC 5227 1.1).
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
/// An address is defended once in this time, and given up if it is attacked again (RFC 5227 2.4).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);
/// The wait after a second address in a row turned out to be taken (RFC 2131 3.1 point 5). After the first,
/// the server knows better than to give it again, and nobody has to wait.
const DECLINE_WAIT: Duration = Duration::from_secs(10);

/// What is done about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    phase: Phase,
    /// When the first defence was.
    defended: Option<Instant>,
    pub(super) router: Router,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Asking whether somebody else has it.
    Probing { sent: u32, next: Instant },
    /// Nobody has, and it is not in use yet.
    Free,
    /// Saying that it is ours.
    Announcing { sent: u32, next: Instant },
    /// All is said.
    Said,
}

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

impl Watch {
    pub(super) const fn begin(now: Instant) -> Self {
        Self { phase: Phase::Probing { sent: 0, next: now }, defended: None, router: Router::Unknown }
    }

    pub(super) const fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Probing { next, .. } | Phase::Announcing { next, .. } => Some(next),
            Phase::Free | Phase::Said => None,
        }
    }

    /// The address is in use from now on.
    pub(super) fn in_use(&mut self, now: Instant) {
        if self.phase == Phase::Free {
            self.phase = Phase::Announcing { sent: 0, next: now };
        }
    }

    /// Whether the time of the probes is not over.
    const fn is_probing(&self) -> bool {
        matches!(self.phase, Phase::Probing { .. })
    }
}

impl Turn<'_> {
    /// Sends the probe or announcement that is due.
    pub(super) fn guard(&mut self, hold: &mut Hold, in_use: bool) {
        let (hardware, address) = (self.settings.hardware, hold.lease.address.address);
        match hold.watch.phase {
            Phase::Probing { sent, next } if self.now >= next => {
                if sent < PROBES {
                    self.arp_to_all(Arp::probe(hardware, address));
                    let next = self.now + PROBE_WAIT;
                    hold.watch.phase = Phase::Probing { sent: sent.saturating_add(1), next };
                } else {
                    hold.watch.phase = Phase::Free;
                    if in_use {
                        hold.watch.in_use(self.now);
                        self.guard(hold, in_use);
                    }
                }
            }
            Phase::Announcing { sent, next } if self.now >= next => {
                *self.declined = 0;
                self.arp_to_all(Arp::announcement(hardware, address));
                if sent == 0 {
                    self.ask_router(hold);
                }
                let sent = sent.saturating_add(1);
                let next = self.now + ANNOUNCE_WAIT;
                hold.watch.phase =
                    if sent < ANNOUNCEMENTS { Phase::Announcing { sent, next } } else { Phase::Said };
            }
            Phase::Probing { .. } | Phase::Free | Phase::Announcing { .. } | Phase::Said => {}
        }
    }

    pub(super) fn arp_to_all(&mut self, packet: Arp) {
        self.out.push(Action::SendArp { to: MacAddr::BROADCAST, octets: packet.build() });
    }

    /// An ARP packet: does somebody else have the address? Is the router there?
    pub(super) fn arp(&mut self, mut state: State, octets: &[u8]) -> State {
        let Ok(packet) = Arp::parse(octets) else { return state };
        let hardware = self.settings.hardware;
        let in_use = state.is_in_use();
        let Some(hold) = state.hold_mut() else { return state };
        let address = hold.lease.address.address;
        if in_use && packet.claims(hardware, address) {
            // Whoever answers a probe was there first.
            if !hold.watch.is_probing() && self.defend(hold, packet.sender_hardware) {
                return state;
            }
            self.out.push(Action::Drop("somebody else uses the address"));
            return self.decline(&state, packet.sender_hardware);
        }
        // The kernel answers the probe of somebody else if the address is in use: it is no conflict yet.
        if !in_use && packet.conflicts(hardware, address) {
            return self.decline(&state, packet.sender_hardware);
        }
        self.router_answers(state, &packet)
    }

    /// Announces the address once more, unless that was done a moment ago and did not help.
    fn defend(&mut self, hold: &mut Hold, other: MacAddr) -> bool {
        let address = hold.lease.address.address;
        if hold.watch.defended.is_some_and(|last| self.now.since(last) < DEFEND_INTERVAL) {
            return false;
        }
        hold.watch.defended = Some(self.now);
        self.note(format!("{other} uses our address {address} too: it is defended once"));
        self.arp_to_all(Arp::announcement(self.settings.hardware, address));
        true
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
