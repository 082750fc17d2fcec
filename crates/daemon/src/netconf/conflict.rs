//! Address conflict detection (RFC 5227): is an IPv4 address ours alone?
//!
//! RFC 5227 2.1 has a host probe for up to seven seconds before it uses an address: three probes a second or two
//! apart, at a random moment, and two seconds for the last answer. That was written for addresses that hosts pick
//! themselves, where a power cut makes all of them pick at once. On a link where an answer takes some milliseconds the
//! probes follow each other by a tenth of a second.
//!
//! An address of a server is used meanwhile (`dhcp::client` says why), one that a person fixed is not: nobody keeps
//! account of who else has it. Either is announced once it is known to be free, and defended from then on: once, and
//! given up if it is attacked again (RFC 5227 2.4 b).

use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;
use std::net::Ipv4Addr;

/// The probes (`PROBE_NUM`), and the time after each.
const PROBES: u32 = 3;
const PROBE_WAIT: Duration = Duration::from_millis(100);
/// Announcements of an address, and the time between them (RFC 5227 1.1).
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
/// An address is defended once in this time, and given up if it is attacked again (RFC 5227 2.4).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The interface's link address.
    pub hardware: MacAddr,
    /// The address.
    pub address: Ipv4Addr,
    /// Whether it is in use.
    pub in_use: bool,
}

/// What is done about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    phase: Phase,
    /// When the last defence was.
    defended: Option<Instant>,
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

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// To ask all hosts whether they have it.
    Probe(Arp),
    /// To tell all hosts that it is ours.
    Announce {
        /// How.
        packet: Arp,
        /// Whether it is the first time.
        first: bool,
    },
    /// To use it, if that was waited for: nobody has it.
    Use,
}

/// What an ARP packet means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing for the address.
    Nothing,
    /// Somebody else uses it: all hosts are to be told whose it is.
    Defend(Arp),
    /// It is somebody else's.
    Taken,
}

impl Watch {
    /// Begins to ask.
    #[must_use]
    pub const fn begin(now: Instant) -> Self {
        Self { phase: Phase::Probing { sent: 0, next: now }, defended: None }
    }

    /// When something is due.
    #[must_use]
    pub const fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Probing { next, .. } | Phase::Announcing { next, .. } => Some(next),
            Phase::Free | Phase::Said => None,
        }
    }

    /// The address is in use from now on.
    pub fn in_use(&mut self, now: Instant) {
        if self.phase == Phase::Free {
            self.phase = Phase::Announcing { sent: 0, next: now };
        }
    }

    /// Does what is due. It is to be asked again until that is nothing.
    pub fn due(&mut self, now: Instant, claim: Claim) -> Due {
        let Claim { hardware, address, in_use } = claim;
        match self.phase {
            Phase::Probing { sent, next } if now >= next => {
                if sent < PROBES {
                    self.phase = Phase::Probing { sent: sent.saturating_add(1), next: now + PROBE_WAIT };
                    return Due::Probe(Arp::probe(hardware, address));
                }
                self.phase = Phase::Free;
                if !in_use {
                    return Due::Use;
                }
                self.in_use(now);
                self.due(now, claim)
            }
            Phase::Announcing { sent, next } if now >= next => {
                let all = sent.saturating_add(1);
                self.phase = if all < ANNOUNCEMENTS {
                    Phase::Announcing { sent: all, next: now + ANNOUNCE_WAIT }
                } else {
                    Phase::Said
                };
                Due::Announce { packet: Arp::announcement(hardware, address), first: sent == 0 }
            }
            Phase::Probing { .. } | Phase::Free | Phase::Announcing { .. } | Phase::Said => Due::Nothing,
        }
    }

    /// An ARP packet came.
    pub fn heard(&mut self, now: Instant, claim: Claim, packet: &Arp) -> Heard {
        let Claim { hardware, address, in_use } = claim;
        if !in_use {
            // The kernel answers the probe of somebody else if the address is in use: it is no conflict then.
            return if packet.conflicts(hardware, address) { Heard::Taken } else { Heard::Nothing };
        }
        if !packet.claims(hardware, address) {
            return Heard::Nothing;
        }
        // Whoever answers a probe was there first.
        let is_probing = matches!(self.phase, Phase::Probing { .. });
        let is_attacked = self.defended.is_some_and(|last| now.since(last) < DEFEND_INTERVAL);
        if is_probing || is_attacked {
            return Heard::Taken;
        }
        self.defended = Some(now);
        Heard::Defend(Arp::announcement(hardware, address))
    }
}
