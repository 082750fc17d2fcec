//! The choice of an access point: a pure function from what was heard to an order and its reasons.

use crate::kernel::Frequency;
use lapwing_frames::MacAddr;

/// One BSS (or AP MLD) of a network and what was thought of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// The BSSID (of an AP MLD: of the link that would carry the association).
    pub bssid: MacAddr,
    /// The AP MLD's address, if it is one.
    pub mld: Option<MacAddr>,
    /// The channel.
    pub frequency: Frequency,
    /// The signal in dBm, if known.
    pub signal_dbm: Option<i32>,
    /// Usable, and how good; or why not.
    pub verdict: Verdict,
}

/// What was thought of a BSS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It can be used; a greater score is better.
    Usable {
        /// An estimate of the throughput in kbit/s, weighed by band and load.
        score: u32,
    },
    /// It cannot be used.
    Rejected(Rejection),
}

/// Why a BSS was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The channel is disabled by the regulatory rules in force.
    ChannelDisabled,
    /// The network file names another BSSID.
    OtherBssidWanted,
    /// It failed a moment ago and has to wait.
    FailedRecently,
}
