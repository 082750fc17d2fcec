//! Who sits where the station sits.

use crate::parts::Command;
use crate::policy::wpa_supplicant::Version;
use crate::policy::{Iwd, WpaSupplicant};
use core::fmt;
use core::str::FromStr;
use lapwing_core::Instant;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::Interface;
use lapwing_core::means::Means;
use lapwing_core::radio::Radio;
use lapwing_core::station::{Action, Event, Report, Settings, Station, Summary};
use lapwing_frames::MacAddr;

/// What a party wants done or known, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PartyOutput {
    /// Ask the kernel; the answer comes back as [`Event::Completed`].
    Ask {
        /// The request's number.
        ticket: Ticket,
        /// The command.
        command: Command,
    },
    /// Something is to be known.
    Report(Report),
    /// A line for the party's lane in the timeline.
    Note(String),
}

/// Where a party sits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Seat {
    /// The interface.
    pub interface: Interface,
    /// Its address.
    pub address: MacAddr,
    /// What its radio can do.
    pub radio: Radio,
    /// Whether known networks are joined unasked.
    pub autoconnect: bool,
}

/// Whose policy a run is with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// The product's own.
    #[default]
    Lapwing,
    /// Release 2.11 of wpa_supplicant.
    WpaSupplicant211,
    /// hostap's development branch of August 2026.
    HostapMaster,
    /// Release 3.3 of iwd.
    Iwd33,
}

impl Policy {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Lapwing, Self::WpaSupplicant211, Self::HostapMaster, Self::Iwd33];

    /// Its name, as in scenario files and on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lapwing => "lapwing",
            Self::WpaSupplicant211 => "wpa_supplicant-2.11",
            Self::HostapMaster => "hostap-master",
            Self::Iwd33 => "iwd-3.3",
        }
    }

    /// Whose it is, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Lapwing => "Lapwing's own, unchanged: the station that the daemon has",
            Self::WpaSupplicant211 => "What release 2.11 of wpa_supplicant does",
            Self::HostapMaster => "What the development branch of wpa_supplicant did in August 2026",
            Self::Iwd33 => "What release 3.3 of iwd does",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no policy's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPolicy(pub String);

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no policy named {}", self.0)
    }
}

impl std::error::Error for UnknownPolicy {}

impl FromStr for Policy {
    type Err = UnknownPolicy;

    fn from_str(name: &str) -> Result<Self, UnknownPolicy> {
        let found = Self::ALL.iter().find(|policy| policy.name() == name);
        found.copied().ok_or_else(|| UnknownPolicy(name.to_owned()))
    }
}

/// A party.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The product's own station, unchanged.
    Lapwing(Box<Station>),
    /// Another supplicant's policy.
    WpaSupplicant(Box<WpaSupplicant>),
    /// Another supplicant's policy.
    Iwd(Box<Iwd>),
}

impl Party {
    /// A party that has heard nothing yet.
    #[must_use]
    pub fn new(policy: Policy, seat: Seat) -> Self {
        match policy {
            Policy::Lapwing => {
                let settings = Settings { autoconnect: seat.autoconnect, ..Settings::default() };
                Self::Lapwing(Box::new(Station::new(seat.interface, seat.radio, seat.address, settings)))
            }
            Policy::WpaSupplicant211 => {
                Self::WpaSupplicant(Box::new(WpaSupplicant::new(Version::V2_11, seat)))
            }
            Policy::HostapMaster => Self::WpaSupplicant(Box::new(WpaSupplicant::new(Version::Master, seat))),
            Policy::Iwd33 => Self::Iwd(Box::new(Iwd::new(seat))),
        }
    }

    /// Takes an event, and says what is to be done about it, in this order.
    pub fn turn(&mut self, now: Instant, event: Event, means: &mut Means<'_>, out: &mut Vec<PartyOutput>) {
        match self {
            Self::Lapwing(station) => station.turn(now, event, means, |action| {
                out.push(match action {
                    Action::Ask { ticket, request } => {
                        PartyOutput::Ask { ticket, command: Command::Request(request) }
                    }
                    Action::Report(report) => PartyOutput::Report(report),
                });
            }),
            Self::WpaSupplicant(party) => party.turn(now, event, means, out),
            Self::Iwd(party) => party.turn(now, event, means, out),
        }
    }

    /// When it must be told the time, and what it waits for until then.
    #[must_use]
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Lapwing(station) => station.next_deadline(),
            Self::WpaSupplicant(party) => party.deadline(),
            Self::Iwd(party) => party.deadline(),
        }
    }

    /// What it is doing, in a word.
    #[must_use]
    pub fn summary(&self) -> Summary {
        match self {
            Self::Lapwing(station) => station.summary(),
            Self::WpaSupplicant(party) => party.summary(),
            Self::Iwd(party) => party.summary(),
        }
    }

    /// The product's own station, if that is who sits here.
    #[must_use]
    pub fn station(&self) -> Option<&Station> {
        match self {
            Self::Lapwing(station) => Some(station),
            Self::WpaSupplicant(_) | Self::Iwd(_) => None,
        }
    }

    /// Takes other capabilities or channels of the radio.
    pub fn set_radio(&mut self, radio: Radio) {
        match self {
            Self::Lapwing(station) => station.set_radio(radio),
            Self::WpaSupplicant(party) => party.set_radio(radio),
            Self::Iwd(party) => party.set_radio(radio),
        }
    }
}
