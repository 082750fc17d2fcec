//! What happens in a world, for timelines and checkers.

use crate::air::Transmission;
use crate::parts::{Command, Message};
use lapwing_core::Instant;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::Refusal;
use lapwing_core::station::Report;

/// Whose doing it is: one lane of the timeline each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Somebody at the keyboard.
    Person,
    /// The station, or the supplicant in its place.
    Station,
    /// The kernel: cfg80211 and mac80211.
    Kernel,
    /// The firmware of a FullMAC radio.
    Firmware,
    /// Somebody who is not meant to be there.
    Attacker,
    /// An access point, by its place in the scenario.
    Ap(u8),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When, on the world's clock.
    pub at: Instant,
    /// Whose doing.
    pub lane: Lane,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The party asked the kernel for something, and the kernel took it up.
    Asked {
        /// The request's number.
        ticket: Ticket,
        /// The command.
        command: Command,
    },
    /// The kernel refused something.
    Refused {
        /// The request's number.
        ticket: Ticket,
        /// The command.
        command: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// A message reached the party.
    Told(Message),
    /// A frame went into the air.
    Sent(Transmission),
    /// A frame was lost.
    Lost(Transmission),
    /// A frame reached somebody whose address it is not for.
    Missed(Transmission),
    /// The station reported something.
    Reported(Report),
    /// A line of the kernel's log.
    Console(String),
    /// Something that a party, an access point or a person did, in words.
    Note(String),
}
