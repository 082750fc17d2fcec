//! What goes into a station's turn and what comes out of it.

use crate::{
    attempt::{AttemptId, Record, Ticket},
    failure::Failure,
    kernel::{Frequency, KernelEvent, Refusal, Reply, Request},
    network::{Network, Proven, TransitionDisable},
    rsn::plan::Weakness,
    secret::Secret,
    time::Duration,
};
use alloc::{string::String, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    suite::{Akm, Cipher},
};

/// What the world tells a station.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The networks that may be joined, all of them, have changed (or are given for the first time).
    Networks(Vec<Network>),
    /// Join this network now. It need not be among the known ones.
    ///
    /// The attempt or connection of before ends, and is reported to have ended because somebody asked. An
    /// attempt at the same network with the same secret goes on instead: its timeline says that it began,
    /// with the same number, and now because somebody asked.
    Connect(Network),
    /// Join this network now by this BSS and no other. The address of an AP MLD, or of one of its links, means that
    /// AP MLD; that of a link, that the association goes through it.
    ///
    /// It is as [`Event::Connect`] but for the choice, which counts until the network is joined, or until it is
    /// not to be found there.
    ConnectTo {
        /// The network.
        network: Network,
        /// Its BSS, its AP MLD, or a link of that.
        bssid: MacAddr,
    },
    /// Go from the AP of the connection to this one of the same network, or to the same again. The connection goes on
    /// there, or, if that AP does not want us, with the AP of before; to the same again, and to or from an AP MLD, it
    /// ends first and is made anew. Nothing happens without a connection, and if [`Station::could_roam`](super::Station::could_roam)
    /// says that it could not be joined.
    Roam {
        /// The BSS, the AP MLD, or a link of that.
        bssid: MacAddr,
    },
    /// Leave, and stay away until [`Event::Connect`] or [`Event::Autoconnect`].
    Disconnect,
    /// Join known networks without being asked, or stop doing so.
    Autoconnect(bool),
    /// The BSSs that somebody wants to stay with while the connection lasts, all of them, 32 at most: of theirs, only a
    /// critical signal is a reason to go to another.
    Affinities(Vec<MacAddr>),
    /// Scan now, for a person who looks at the list.
    Scan,
    /// Scan now for a network that does not announce its name, which a person has said.
    ScanFor(Ssid),
    /// Scan these channels now and no others, for a person; all if none is named. Those that nobody may use are left out.
    ScanOn(Vec<Frequency>),
    /// Something else needs the radio on its channel, or on others than a scan goes to: the rest of a scan that the connection
    /// has interrupted waits until this is over. A scan that is asked for does not.
    HoldScan(bool),
    /// The kernel answered a request.
    Completed {
        /// Of which request.
        ticket: Ticket,
        /// With what.
        outcome: Result<Reply, Refusal>,
    },
    /// The kernel said something.
    Kernel(KernelEvent),
    /// Events of the kernel were lost: nothing that we believe about it is certain.
    EventsLost,
    /// The machine slept for this long.
    Resumed(Duration),
    /// Network configuration of this attempt got an address.
    Configured(AttemptId),
    /// Network configuration of this attempt got no address, which ends its connection, or lost the one it had, for which
    /// another may come.
    Unconfigured(AttemptId, Failure),
    /// Nothing but time.
    Tick,
}

/// What a station wants done, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask the kernel; the answer comes back as [`Event::Completed`] with the same ticket.
    Ask {
        /// The request's number.
        ticket: Ticket,
        /// The request.
        request: Request,
    },
    /// Tell those who listen.
    Report(Report),
}

/// What a station tells those who listen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// A line for the timeline.
    Timeline(Record),
    /// The state changed.
    State(Summary),
    /// The port is open: data may pass and network configuration shall begin.
    Connected(Connected),
    /// The connection goes on with another AP of its network, or with the one of before again: the port is open, and
    /// network configuration stays as it is.
    Roamed(Connected),
    /// The connection could not go to this AP. It goes back to the AP of before: [`Self::Roamed`] says when it is
    /// there, [`Self::Disconnected`] if it came to nothing.
    RoamFailed {
        /// The attempt that had made the connection.
        attempt: AttemptId,
        /// The AP.
        bssid: MacAddr,
        /// Why.
        why: Failure,
    },
    /// The connection ended: network configuration shall be undone.
    Disconnected {
        /// The attempt that had made it.
        attempt: AttemptId,
        /// Why it ended.
        why: Failure,
        /// When the next attempt begins, if the connection was of no use: it got no address.
        next_try: Option<Duration>,
    },
    /// An attempt failed before it was connected.
    Failed {
        /// Which.
        attempt: AttemptId,
        /// The network.
        ssid: Ssid,
        /// Why.
        why: Failure,
        /// When the next one begins; none if it needs a person.
        next_try: Option<Duration>,
    },
    /// Another program did something to the interface that ended nothing of ours: what was seen of it. What
    /// ends an attempt or a connection is told with that ([`Code::OtherProgram`](crate::failure::Code)).
    Interfered {
        /// What was seen.
        what: String,
    },
    /// The network was joined: what is worth keeping about it.
    Learned(Learned),
    /// The AP has said that the whole network is about to end the connection: it is not joined again at once.
    NetworkEnds {
        /// Where a person can read more, if the AP says so in letters that can be shown.
        url: Option<String>,
    },
    /// The table of BSSs is up to date with the kernel's: after each part of a scan, whoever wanted it.
    Heard {
        /// How many BSSs are in it.
        bsss: u32,
    },
    /// A scan that was asked for has ended: all channels were scanned.
    Scanned,
    /// A scan that was asked for could not be done.
    ScanFailed(Refusal),
}

/// A connection that was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connected {
    /// The attempt that made it.
    pub attempt: AttemptId,
    /// The network.
    pub ssid: Ssid,
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// The frequency in MHz (of the association link).
    pub frequency: u32,
    /// The AKM; none if open.
    pub akm: Option<Akm>,
    /// The pairwise cipher; none if open.
    pub pairwise: Option<Cipher>,
    /// The cipher that protects group management frames; none if they are not protected.
    pub group_management: Option<Cipher>,
    /// What is broken about the protection, if something is.
    pub weakness: Option<Weakness>,
    /// Whether beacons are verified.
    pub beacon_protection: bool,
    /// Whether a cached PMKSA was used.
    pub cached_pmksa: bool,
    /// The links, of a multi-link connection.
    pub links: Vec<LinkId>,
}

/// What a joined network taught us, to be stored with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Learned {
    /// The network.
    pub ssid: Ssid,
    /// The frequency in MHz on which it was joined.
    pub frequency: u32,
    /// The pre-shared key, if it was computed.
    pub psk: Option<Secret>,
    /// SAE password elements that were computed: the group and the point, x then y.
    pub password_elements: Vec<(u16, Secret)>,
    /// Weaker ways that the AP has forbidden for good.
    pub transition_disable: TransitionDisable,
    /// The stronger ways by which it has been joined, this connection's included. It comes back with the
    /// network as [`Network::proven`].
    pub proven: Proven,
}

impl core::fmt::Debug for Learned {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Learned")
            .field("ssid", &self.ssid)
            .field("frequency", &self.frequency)
            .field("transition_disable", &self.transition_disable)
            .field("proven", &self.proven)
            .finish_non_exhaustive()
    }
}

/// A station's state, in a word and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Summary {
    /// Not connected, and not about to be.
    Disconnected,
    /// Not connected, looking for known networks.
    Searching,
    /// On the way into a network.
    Connecting {
        /// Which.
        ssid: Ssid,
        /// The attempt.
        attempt: AttemptId,
    },
    /// In a network: the port is open.
    Connected {
        /// Which.
        ssid: Ssid,
        /// The attempt.
        attempt: AttemptId,
    },
    /// On the way from one AP of a network to another.
    Roaming {
        /// Which network.
        ssid: Ssid,
        /// The attempt that had made the connection.
        attempt: AttemptId,
    },
    /// On the way out of a network.
    Disconnecting,
    /// The interface is down or gone.
    Unavailable,
}
