//! Somebody at the machine, and the machine's own fate.

use crate::attacker::Attack;
use crate::parts::ApOrder;
use core::fmt;
use lapwing_core::Duration;
use lapwing_frames::MacAddr;

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Wants to be in a network: one of the known ones, by its place in the scenario.
    Connect(u8),
    /// Wants to be in a network by this BSS of it, or by the AP MLD that has it as a link.
    ConnectTo {
        /// The network, by its place in the scenario.
        network: u8,
        /// The BSS.
        bssid: MacAddr,
    },
    /// Wants to go to this BSS of the network that it is in, or to the AP MLD that has it as a link.
    Roam(MacAddr),
    /// Wants to be in none.
    Disconnect,
    /// Wants known networks to be joined unasked, or not.
    Autoconnect(bool),
    /// Looks at the list of networks.
    Scan,
    /// Closes the lid for so long.
    Sleep(Duration),
    /// Switches the radio off (rfkill), or on.
    Block(bool),
    /// Sets the interface up or down.
    SetUp(bool),
    /// Gives the interface another name.
    Rename(String),
    /// Carries the machine to where an access point, by its place in the scenario, is heard as strong as this, in dBm.
    Carry {
        /// The access point.
        ap: u8,
        /// Its signal.
        dbm: i8,
    },
    /// Stands where so many packets in a row are not acknowledged that the kernel says so.
    LosePackets,
    /// Has an access point, by its place in the scenario, send its clients away.
    SendAway {
        /// The access point.
        ap: u8,
        /// Whether it says that it is about to end their connections.
        leaves: bool,
    },
}

impl Deed {
    /// Whether it takes nothing from the party that it needs.
    #[must_use]
    pub const fn is_wish(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Roam(_)
            | Self::ConnectTo { .. }
            | Self::Disconnect
            | Self::Autoconnect(_)
            | Self::Carry { .. }
            | Self::SendAway { .. }
            | Self::LosePackets
            | Self::Scan => true,
            Self::Sleep(_) | Self::Block(_) | Self::SetUp(_) | Self::Rename(_) => false,
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(place) => write!(f, "connects to network {place}"),
            Self::ConnectTo { network, bssid } => write!(f, "connects to network {network} by {bssid}"),
            Self::Roam(bssid) => write!(f, "goes to {bssid}"),
            Self::Disconnect => f.write_str("disconnects"),
            Self::Autoconnect(true) => f.write_str("wants known networks to be joined"),
            Self::Autoconnect(false) => f.write_str("wants no network to be joined unasked"),
            Self::Scan => f.write_str("looks for networks"),
            Self::Sleep(time) => write!(f, "lets the machine sleep for {} s", time.as_secs()),
            Self::Block(true) => f.write_str("switches the radio off"),
            Self::Block(false) => f.write_str("switches the radio on"),
            Self::SetUp(true) => f.write_str("sets the interface up"),
            Self::SetUp(false) => f.write_str("sets the interface down"),
            Self::Rename(name) => write!(f, "names the interface {name}"),
            Self::Carry { ap, dbm } => {
                write!(f, "goes to where access point {ap} is heard with {dbm} dBm")
            }
            Self::LosePackets => f.write_str("stands where packets are lost"),
            Self::SendAway { ap, leaves: false } => {
                write!(f, "has access point {ap} ask its clients to go elsewhere")
            }
            Self::SendAway { ap, leaves: true } => {
                write!(f, "has access point {ap} tell its clients that it is about to end")
            }
        }
    }
}

/// What befalls the other parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Something happens to an access point, by its place in the scenario.
    Ap {
        /// Which.
        ap: u8,
        /// What.
        order: ApOrder,
    },
    /// The party's socket overflows: what is on its way is lost.
    Overflow,
    /// The firmware moves to this BSS.
    Roam(MacAddr),
    /// The regulatory rules change: these channels, in MHz, are the only ones that may be used now.
    Regulatory(Vec<u32>),
    /// The interface is taken away.
    Remove,
    /// From now on frames are lost in a timed run: so many of a hundred.
    Loss(u8),
    /// The attacker sends something.
    Attack(Attack),
}

/// Something at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct At<T> {
    /// When, in a timed run: since its start.
    pub after: Duration,
    /// What.
    pub what: T,
}
