//! What is told of the links of a connection.

use super::RateView;
use lapwing_core::failure::Failure;
use lapwing_core::select::Manner;
use lapwing_core::station::LinkState;
use lapwing_frames::{LinkId, MacAddr};

/// The links of a connection and those that its access point has besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinksView {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// In which manner it was joined; plainly too if it is no AP MLD.
    pub manner: Manner,
    /// Why not with all links, if it failed with them and that is still remembered.
    pub fell_back: Option<Failure>,
    /// Each link, by number.
    pub links: Vec<LinkView>,
}

/// One of them. An access point that is no AP MLD has one, without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Its number, of an AP MLD.
    pub id: Option<LinkId>,
    /// The AP's address on it, if it is known.
    pub bssid: Option<MacAddr>,
    /// The frequency of its primary channel in MHz, if it is known.
    pub frequency: Option<u32>,
    /// Whether it carried the association.
    pub association: bool,
    /// What the daemon makes of it; nothing if only the kernel knows it.
    pub state: Option<LinkState>,
}

impl LinkView {
    /// Whether it is part of the connection.
    #[must_use]
    pub const fn is_used(&self) -> bool {
        matches!(self.state, Some(LinkState::Used | LinkState::Disabled))
    }

    /// The name of its state, which does not change.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        self.state.map_or("unknown", LinkState::name)
    }

    /// Why nothing is sent on it; empty if it is used.
    #[must_use]
    pub fn reason(&self) -> String {
        match self.state {
            Some(LinkState::Used) => String::new(),
            Some(state) => state.to_string(),
            None => "only the kernel knows it".to_owned(),
        }
    }
}

/// What the kernel does with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelLink {
    /// It is a link of the interface, or the interface is plainly connected to it.
    Used,
    /// It is none of the interface any more, and the kernel's entry of the access point has it still.
    Kept,
    /// It is none.
    Absent,
}

impl KernelLink {
    /// The name, which does not change.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Kept => "kept",
            Self::Absent => "absent",
        }
    }
}

/// The figures of a link at a moment, as the kernel gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkFigures {
    /// The signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// What was last received.
    pub receive: Option<RateView>,
    /// What was last sent.
    pub transmit: Option<RateView>,
    /// How many octets came.
    pub received_octets: Option<u64>,
    /// How many octets went.
    pub sent_octets: Option<u64>,
    /// How many frames had to be sent again.
    pub retries: Option<u32>,
    /// How many frames were given up.
    pub failures: Option<u32>,
}

/// One link, as the daemon and as the kernel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkReport {
    /// The daemon's side.
    pub link: LinkView,
    /// The kernel's side.
    pub kernel: KernelLink,
    /// Whether the two are the same.
    pub agree: bool,
    /// Our address on it, as the kernel has it.
    pub address: Option<MacAddr>,
    /// The frequency of its primary channel in MHz, as the kernel has it.
    pub kernel_frequency: Option<u32>,
    /// The width of its channel in MHz, as the kernel has it.
    pub width_mhz: Option<u16>,
    /// The signal of its beacons in dBm, as they were heard last.
    pub beacon_dbm: Option<i8>,
    /// Its figures, if the kernel keeps some for each link.
    pub figures: Option<LinkFigures>,
}

/// The links of a connection from both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinksReport {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// Whether the connection is multi-link.
    pub multi_link: bool,
    /// Each link, by number.
    pub links: Vec<LinkReport>,
    /// The figures of all links together.
    pub together: LinkFigures,
    /// How it is, in one line.
    pub verdict: String,
    /// Whether daemon and kernel agree about every link.
    pub agree: bool,
    /// What a person can do; empty if nothing is wrong.
    pub next_step: &'static str,
}
