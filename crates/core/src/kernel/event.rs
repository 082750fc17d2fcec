//! What the kernel says unasked, or as the later outcome of a request.

use super::{ExternalAuthentication, Frequency};
use alloc::vec::Vec;
use core::time::Duration;
use lapwing_frames::{
    LinkId, MacAddr,
    management::{ReasonCode, StatusCode},
};

/// What the kernel says unasked, or as the later outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KernelEvent {
    /// A scan began, ours or another program's.
    ScanStarted,
    /// A scan ended; the table may be read.
    ScanDone {
        /// The channels that were scanned.
        frequencies: Vec<Frequency>,
    },
    /// A scan was broken off.
    ScanAborted,
    /// An Authentication frame came (with its header; MLD addresses for multi-link).
    Authentication {
        /// The frame.
        frame: Vec<u8>,
    },
    /// No Authentication frame came in time.
    AuthenticationTimedOut {
        /// The AP or AP MLD.
        peer: MacAddr,
    },
    /// A (Re)Association Response came.
    Association {
        /// The frame.
        frame: Vec<u8>,
    },
    /// No (Re)Association Response came in time.
    AssociationTimedOut {
        /// The AP or AP MLD.
        peer: MacAddr,
    },
    /// The AP asked to come back later with the association; the kernel does so by itself.
    AssociationComeback {
        /// The AP.
        peer: MacAddr,
        /// How long it asked for.
        after: Duration,
    },
    /// The kernel is connected, or failed to.
    Connected(Connection),
    /// The firmware moved the connection to another AP.
    Roamed(Connection),
    /// A Deauthentication frame came or was sent (its transmitter says which).
    Deauthentication {
        /// The frame.
        frame: Vec<u8>,
    },
    /// A Disassociation frame came or was sent.
    Disassociation {
        /// The frame.
        frame: Vec<u8>,
    },
    /// The connection is gone, and with it every key and link.
    Disconnected {
        /// The reason, 0 if the kernel gives none.
        reason: ReasonCode,
        /// Whether the AP ended it.
        by_ap: bool,
    },
    /// A Deauthentication or Disassociation frame without protection came and was not obeyed.
    UnprotectedFarewell {
        /// The frame.
        frame: Vec<u8>,
    },
    /// An EAPOL frame came, over the control port or as a packet.
    KeyFrame {
        /// Who sent it.
        from: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether it came in clear. Of a packet nobody knows: this is true then, and means nothing.
        in_clear: bool,
    },
    /// What became of an EAPOL frame.
    KeyFrameStatus {
        /// The cookie of [`Reply::Sent`](super::Reply::Sent).
        cookie: u64,
        /// Whether the AP acknowledged it.
        acknowledged: bool,
    },
    /// A management frame came that was registered for.
    Frame {
        /// Its channel.
        frequency: Option<Frequency>,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// What became of a management frame.
    FrameStatus {
        /// The cookie of [`Reply::Sent`](super::Reply::Sent).
        cookie: u64,
        /// Whether it was acknowledged.
        acknowledged: bool,
    },
    /// The firmware wants SAE done by us, or no longer.
    ExternalAuthentication(ExternalAuthentication),
    /// The firmware completed the handshake by itself.
    PortAuthorized {
        /// The AP or AP MLD.
        peer: MacAddr,
    },
    /// The AP announced a channel switch.
    ChannelSwitchStarted {
        /// The link, on an interface with links.
        link: Option<LinkId>,
        /// The coming channel.
        frequency: Frequency,
    },
    /// The channel was switched.
    ChannelSwitched {
        /// The link, on an interface with links.
        link: Option<LinkId>,
        /// The channel now.
        frequency: Frequency,
    },
    /// The AP removed links; the kernel's set is smaller already.
    LinksRemoved {
        /// Which.
        links: Vec<LinkId>,
    },
    /// The AP answered a link reconfiguration.
    LinksReconfigured {
        /// The Link Reconfiguration Response frame.
        frame: Vec<u8>,
    },
    /// A frame that seemed to be of the AP failed TKIP's integrity check.
    MicFailure {
        /// Who seemed to have sent it.
        from: MacAddr,
        /// Whether it came under the pairwise key.
        pairwise: bool,
    },
    /// The connection's quality changed.
    Quality(Quality),
    /// A beacon failed its integrity check.
    UnprotectedBeacon {
        /// The frame.
        frame: Vec<u8>,
    },
    /// The regulatory rules changed: channels may have come or gone.
    RegulatoryChanged,
    /// The interface was set down (rfkill does that too).
    InterfaceDown,
    /// The interface was set up.
    InterfaceUp,
    /// The interface is gone.
    InterfaceRemoved,
    /// The interface has another address.
    AddressChanged {
        /// The address now.
        address: MacAddr,
    },
}

impl KernelEvent {
    /// What it is, in words, for timelines.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ScanStarted => "a scan began",
            Self::ScanDone { .. } => "a scan ended",
            Self::ScanAborted => "a scan was broken off",
            Self::Authentication { .. } => "an authentication",
            Self::AuthenticationTimedOut { .. } => "an authentication timed out",
            Self::Association { .. } => "an association",
            Self::AssociationTimedOut { .. } => "an association timed out",
            Self::AssociationComeback { .. } => "an association is to be asked for again",
            Self::Connected(_) => "a connection",
            Self::Roamed(_) => "a roaming of the firmware",
            Self::Deauthentication { .. } => "a deauthentication",
            Self::Disassociation { .. } => "a disassociation",
            Self::Disconnected { .. } => "the end of a connection",
            Self::UnprotectedFarewell { .. } => "a farewell without protection",
            Self::KeyFrame { .. } => "a key frame",
            Self::KeyFrameStatus { .. } => "the fate of a key frame",
            Self::Frame { .. } => "a management frame",
            Self::FrameStatus { .. } => "the fate of a management frame",
            Self::ExternalAuthentication(_) => "the firmware's wish for SAE",
            Self::PortAuthorized { .. } => "a port opened by the firmware",
            Self::ChannelSwitchStarted { .. } => "the announcement of a channel switch",
            Self::ChannelSwitched { .. } => "a channel switch",
            Self::LinksRemoved { .. } => "the removal of links",
            Self::LinksReconfigured { .. } => "a reconfiguration of links",
            Self::MicFailure { .. } => "a frame that fails TKIP's integrity check",
            Self::Quality(_) => "a change of quality",
            Self::UnprotectedBeacon { .. } => "a beacon that is not the access point's",
            Self::RegulatoryChanged => "other regulatory rules",
            Self::InterfaceDown => "the interface was set down",
            Self::InterfaceUp => "the interface was set up",
            Self::InterfaceRemoved => "the interface is gone",
            Self::AddressChanged { .. } => "another address of the interface",
        }
    }
}

/// A connection as the kernel reports it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// 0, or why it failed.
    pub status: StatusCode,
    /// Whether the AP did not answer.
    pub timed_out: bool,
    /// The elements of the (Re)Association Request as sent.
    pub request_elements: Vec<u8>,
    /// The elements of the response.
    pub response_elements: Vec<u8>,
    /// The links of a multi-link connection, requested ones that were refused included; else none.
    pub links: Vec<ConnectionLink>,
}

/// One link of a [`Connection`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionLink {
    /// Its number.
    pub id: LinkId,
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// Our own address on it.
    pub address: MacAddr,
    /// 0 if accepted, or why the AP refused it.
    pub status: StatusCode,
}

/// A change of the connection's quality (`NL80211_CMD_NOTIFY_CQM`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quality {
    /// The signal fell below a threshold; the level in dBm if known.
    Low(Option<i32>),
    /// The signal rose above a threshold; the level in dBm if known.
    High(Option<i32>),
    /// Beacons stopped coming.
    BeaconLoss,
    /// So many packets in a row were not acknowledged.
    PacketLoss(u32),
}
