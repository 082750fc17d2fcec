//! Attempts, tickets, phases, and the record that a timeline is made of.

use crate::{
    failure::Failure,
    kernel::{Frequency, Refusal},
    rsn::plan::Weakness,
    select::Judged,
    station::{LinkState, RoamStep},
    time::Instant,
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    management::{ReasonCode, StatusCode},
    suite::{Akm, Cipher},
};

/// The number of a try to be connected. Numbers rise and are never used twice by a station.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u32);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}", self.0)
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of a request to the kernel, and the attempt that it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// The attempt, if the request is part of one.
    pub attempt: Option<AttemptId>,
    /// The request's number; never used twice by a station.
    pub number: u64,
}

/// The phases of an attempt, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Leaving the AP of before.
    Leave,
    /// Looking for the network.
    Scan,
    /// Choosing an AP.
    Select,
    /// 802.11 authentication, SAE included.
    Authenticate,
    /// Association.
    Associate,
    /// 4-way handshake.
    Handshake,
    /// Installing keys and opening the port.
    Secure,
    /// Getting an address.
    Address,
    /// Connected.
    Online,
}

impl Phase {
    /// The phase in a word, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Scan => "scan",
            Self::Select => "select",
            Self::Authenticate => "authenticate",
            Self::Associate => "associate",
            Self::Handshake => "handshake",
            Self::Secure => "secure",
            Self::Address => "address",
            Self::Online => "online",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why an attempt was begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Somebody asked.
    Asked,
    /// A known network was found.
    Automatic,
    /// The connection was lost.
    Lost,
    /// The connection goes to another AP.
    Roam(RoamTrigger),
    /// The attempt before failed, and this one differs from it as the text says.
    Retry(Difference),
}

/// Why a connection goes to another AP of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoamTrigger {
    /// Somebody asked.
    Asked,
    /// The signal is below the threshold: this many dBm.
    LowSignal(i8),
    /// Packets were not acknowledged.
    PacketLoss,
    /// The AP's beacons stopped coming.
    BeaconLoss,
    /// The AP wishes it (BSS transition management).
    AccessPointAsked,
    /// The AP is about to disassociate us, or to end (BSS transition management).
    AccessPointLeaves,
}

impl fmt::Display for RoamTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("somebody asked"),
            Self::LowSignal(dbm) => write!(f, "the signal is weak, {dbm} dBm"),
            Self::PacketLoss => f.write_str("packets are lost"),
            Self::BeaconLoss => f.write_str("the access point's beacons stopped coming"),
            Self::AccessPointAsked => f.write_str("the access point wishes it"),
            Self::AccessPointLeaves => f.write_str("the access point is about to end the connection"),
        }
    }
}

/// How an attempt differs from the failed one before it: no attempt repeats another on the same input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// The cached PMKSA was dropped: full SAE this time.
    WithoutPmksa,
    /// Another AP of the network.
    OtherAccessPoint,
    /// Fresh scan results.
    FreshScan,
    /// The AP was told goodbye first.
    AfterFarewell,
    /// The AP MLD is joined with one link.
    FewerLinks,
    /// The AP MLD is joined as a BSS without links.
    WithoutLinks,
    /// Some time has passed.
    Later,
}

/// How a connection goes from one AP of a network to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// By a fast transition, the AP itself being asked.
    FastOverAir,
    /// By a fast transition, the AP being asked by way of the AP of before.
    FastOverDs,
    /// By a reassociation with a handshake; before it a full authentication, unless there is a key.
    Reassociation,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FastOverAir => "by a fast transition over the air",
            Self::FastOverDs => "by a fast transition over the distribution system",
            Self::Reassociation => "by a reassociation",
        })
    }
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// In which attempt, if in one.
    pub attempt: Option<AttemptId>,
    /// What happened.
    pub entry: Entry,
}

/// What a line of a timeline says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// An attempt began.
    Began {
        /// The network.
        ssid: Ssid,
        /// Why.
        cause: Cause,
    },
    /// A phase began; the one before ended.
    Entered(Phase),
    /// A scan was asked for.
    Scanning {
        /// The channels; all if empty.
        frequencies: Vec<Frequency>,
    },
    /// The BSSs that were judged, the best first, with the reason for each that was rejected.
    Judged(Vec<Judged>),
    /// What was chosen.
    Chosen {
        /// The BSS (for an AP MLD: of the association link).
        bssid: MacAddr,
        /// Its channel.
        frequency: Frequency,
        /// The signal in dBm, if known.
        signal_dbm: Option<i32>,
        /// The AKM; none for an open network.
        akm: Option<Akm>,
        /// The pairwise cipher; none for an open network.
        pairwise: Option<Cipher>,
        /// The links, of an AP MLD.
        links: Vec<LinkId>,
        /// Whether a cached PMKSA is used instead of SAE or OWE.
        cached_pmksa: bool,
    },
    /// Which way the connection goes to another AP, or back.
    Way {
        /// The AP.
        to: MacAddr,
        /// How.
        by: Way,
    },
    /// A request went to the kernel.
    Asked {
        /// Its nl80211 command.
        command: &'static str,
        /// Which of them: a transaction, a key, an address.
        detail: String,
    },
    /// The kernel refused it.
    Refused {
        /// Its nl80211 command.
        command: &'static str,
        /// In the kernel's words.
        refusal: Refusal,
    },
    /// The AP answered.
    Answered {
        /// Which frame.
        frame: &'static str,
        /// Its status.
        status: StatusCode,
    },
    /// A message of a handshake came or was sent.
    Handshake(&'static str),
    /// The connection is protected by something that is broken.
    Weak(Weakness),
    /// Something was not acted on, and why.
    Ignored(&'static str),
    /// The kernel disconnected us or the AP said goodbye.
    Farewell {
        /// The reason given.
        reason: ReasonCode,
        /// Whether the AP gave it.
        by_ap: bool,
    },
    /// The links of the connection have changed.
    Links {
        /// Those that there are now.
        links: Vec<LinkId>,
        /// Those that are gone.
        removed: Vec<LinkId>,
        /// Those that came.
        added: Vec<LinkId>,
    },
    /// Something became of one link that leaves the others as they are.
    Link {
        /// Which.
        id: LinkId,
        /// What it is now.
        state: LinkState,
    },
    /// Keys were renewed.
    Rekeyed(&'static str),
    /// A step of roaming.
    Roam(RoamStep),
    /// A sentence about network configuration.
    Configuration(String),
    /// The attempt failed.
    Failed(Failure),
    /// The connection ended after it had been made.
    Ended(Failure),
}
