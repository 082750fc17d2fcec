//! What a station asks of the kernel and what the kernel tells it, as values.
//!
//! This is the vocabulary of nl80211 without its encoding: `lapwing-linux` turns a [`Request`] into a
//! message and a message into a [`Reply`] or [`KernelEvent`]; the virtual world answers the same values.
//! Every request carries a [`Ticket`](crate::attempt::Ticket); a reply to another ticket than the one
//! waited for is late, and changes nothing.

mod channel;
mod event;
mod firmware;

pub use channel::{ChannelDefinition, ChannelWidth};
pub use event::{Connection, ConnectionLink, KernelEvent, Quality};
pub use firmware::{ConnectRequest, ExternalAuthentication, Offload, Pmksa};

use crate::secret::Secret;
use alloc::{boxed::Box, string::String, vec::Vec};
use core::{fmt, time::Duration};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    management::{AuthenticationAlgorithm, ReasonCode, StatusCode},
    suite::{Akm, Cipher},
};

/// A channel's centre frequency in MHz (for wide channels: of the primary 20 MHz).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frequency(pub u32);

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MHz", self.0)
    }
}

/// A frequency band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// 2.4 GHz.
    Band2,
    /// 5 GHz.
    Band5,
    /// 6 GHz.
    Band6,
}

impl Frequency {
    /// The band, if it is one that Lapwing knows.
    #[must_use]
    pub const fn band(self) -> Option<Band> {
        match self.0 {
            2400..=2500 => Some(Band::Band2),
            4900..=5924 => Some(Band::Band5),
            5925..=7125 => Some(Band::Band6),
            _ => None,
        }
    }
}

/// The interface that a request is for and an event is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface {
    /// The radio's index (`NL80211_ATTR_WIPHY`).
    pub wiphy: u32,
    /// The interface's index.
    pub ifindex: u32,
    /// The wireless device's identifier (`NL80211_ATTR_WDEV`), which stays when the interface is renamed.
    pub wdev: u64,
}

/// A request to the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Start a scan. [`KernelEvent::ScanDone`] or [`KernelEvent::ScanAborted`] follows.
    TriggerScan(ScanRequest),
    /// Stop a running scan.
    AbortScan,
    /// Read the kernel's BSS table: [`Reply::Scan`].
    ReadScan,
    /// Send an Authentication frame (SoftMAC).
    Authenticate(AuthenticateRequest),
    /// Send a (Re)Association Request frame (SoftMAC).
    Associate(AssociateRequest),
    /// Leave a peer, or give up an authentication.
    Deauthenticate {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The reason that the frame carries.
        reason: ReasonCode,
        /// Change the kernel's state without sending a frame.
        local_only: bool,
    },
    /// Send an EAPOL frame, over the control port or as a packet.
    SendKeyFrame {
        /// The AP, or the AP MLD.
        to: MacAddr,
        /// The frame from the 802.1X header on.
        bytes: Vec<u8>,
        /// Whether the frame goes out in clear (before a pairwise key is in use). As a packet it goes out in
        /// clear exactly if the kernel has no pairwise key.
        in_clear: bool,
    },
    /// Install a key.
    InstallKey(KeyRequest),
    /// Switch transmission to an Extended Key ID key that was installed for reception.
    UseKey {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The key index, 0 or 1.
        index: u8,
    },
    /// Open the port: data frames may pass.
    AuthorizePort {
        /// The AP, or the AP MLD.
        peer: MacAddr,
    },
    /// Send a management frame (SA Query and other actions).
    SendFrame {
        /// The channel; the current one if none.
        frequency: Option<Frequency>,
        /// The whole frame with its header, without FCS.
        bytes: Vec<u8>,
    },
    /// Read the interface's state: [`Reply::Interface`].
    ReadInterface,
    /// Read the peers: [`Reply::Stations`].
    ReadStations,
    /// Have the firmware connect (FullMAC). [`KernelEvent::Connected`] follows, if the firmware is honest.
    Connect(Box<ConnectRequest>),
    /// Have the firmware disconnect, or give up connecting.
    Disconnect {
        /// The reason that the frame carries.
        reason: ReasonCode,
    },
    /// The one answer to a [`KernelEvent::ExternalAuthentication`] that starts.
    AnswerExternalAuthentication {
        /// The BSS, as in the event.
        bssid: MacAddr,
        /// The network.
        ssid: Ssid,
        /// 0, or why it failed.
        status: StatusCode,
        /// The PMKSA's name, if it succeeded.
        pmkid: Option<[u8; 16]>,
    },
    /// Tell the firmware a PMKSA.
    SetPmksa(Pmksa),
    /// Have the firmware forget a PMKSA.
    DeletePmksa {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The PMKSA's name.
        pmkid: [u8; 16],
    },
    /// Have the firmware forget every PMKSA.
    FlushPmksas,
    /// Be told when the signal of the connection crosses one of these thresholds ([`KernelEvent::Quality`]), until it
    /// ends. A kernel that cannot refuses.
    WatchSignal {
        /// The thresholds in dBm, rising.
        thresholds_dbm: Vec<i8>,
        /// By how much it must have crossed one, in dB.
        hysteresis_db: u8,
    },
    /// Give the interface this address, while it is in no network. It is up again when the answer comes, and
    /// [`KernelEvent::AddressChanged`] has come before it.
    SetAddress {
        /// The address.
        address: MacAddr,
    },
    /// Ask the AP MLD to add and remove links. [`KernelEvent::LinksReconfigured`] follows; links that are to be
    /// removed are gone at once ([`KernelEvent::LinksRemoved`]).
    ReconfigureLinks {
        /// The links to add.
        add: Vec<AssociationLink>,
        /// The links to remove.
        remove: Vec<LinkId>,
    },
}

impl Request {
    /// The name of the nl80211 command (of rtnetlink's message, where that does it), for timelines and errors.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TriggerScan(_) => "TRIGGER_SCAN",
            Self::AbortScan => "ABORT_SCAN",
            Self::ReadScan => "GET_SCAN",
            Self::Authenticate(_) => "AUTHENTICATE",
            Self::Associate(_) => "ASSOCIATE",
            Self::Deauthenticate { .. } => "DEAUTHENTICATE",
            Self::SendKeyFrame { .. } => "CONTROL_PORT_FRAME",
            Self::InstallKey(_) => "NEW_KEY",
            Self::UseKey { .. } => "SET_KEY",
            Self::AuthorizePort { .. } => "SET_STATION",
            Self::SendFrame { .. } => "FRAME",
            Self::ReadInterface => "GET_INTERFACE",
            Self::ReadStations => "GET_STATION",
            Self::Connect(_) => "CONNECT",
            Self::Disconnect { .. } => "DISCONNECT",
            Self::AnswerExternalAuthentication { .. } => "EXTERNAL_AUTH",
            Self::SetPmksa(_) => "SET_PMKSA",
            Self::DeletePmksa { .. } => "DEL_PMKSA",
            Self::FlushPmksas => "FLUSH_PMKSA",
            Self::WatchSignal { .. } => "SET_CQM",
            Self::SetAddress { .. } => "RTM_SETLINK",
            Self::ReconfigureLinks { .. } => "ASSOC_MLO_RECONF",
        }
    }
}

/// What to scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScanRequest {
    /// The channels; all that the regulatory domain allows if empty.
    pub frequencies: Vec<Frequency>,
    /// Probe requests to send: the empty SSID is the wildcard; none at all makes the scan passive.
    pub ssids: Vec<Ssid>,
    /// Forget what was heard before.
    pub flush: bool,
    /// Use a random source address (only while not connected, only if the radio can).
    pub random_address: bool,
    /// Look also for the co-located 6 GHz APs that beacons announce.
    pub colocated_6ghz: bool,
    /// Elements to add to probe requests.
    pub elements: Vec<u8>,
    /// The one BSS that is asked; all if none.
    pub bssid: Option<MacAddr>,
}

/// An Authentication frame to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthenticateRequest {
    /// The BSS (for an AP MLD: of the link on which to authenticate).
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
    /// The network.
    pub ssid: Ssid,
    /// The algorithm.
    pub algorithm: AuthenticationAlgorithm,
    /// For SAE: the frame body from the transaction sequence number on (`NL80211_ATTR_AUTH_DATA`).
    pub data: Vec<u8>,
    /// For a fast transition: the elements of the frame (`NL80211_ATTR_IE`).
    pub elements: Vec<u8>,
    /// For an AP MLD: the link and the MLD's address.
    pub mld: Option<(LinkId, MacAddr)>,
}

/// The AP to associate with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AssociationPeer {
    /// A BSS.
    Bss {
        /// Its address.
        bssid: MacAddr,
        /// Its channel.
        frequency: Frequency,
    },
    /// An AP MLD.
    Mld {
        /// The MLD's address.
        address: MacAddr,
        /// The link that carries the frames.
        association_link: LinkId,
        /// All links to set up, the association link included.
        links: Vec<AssociationLink>,
    },
}

impl AssociationPeer {
    /// The address that the kernel knows the peer by: the BSSID, or the MLD's address.
    #[must_use]
    pub const fn address(&self) -> MacAddr {
        match self {
            Self::Bss { bssid, .. } => *bssid,
            Self::Mld { address, .. } => *address,
        }
    }
}

/// One link of an association with an AP MLD.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssociationLink {
    /// Its number.
    pub id: LinkId,
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
}

/// A (Re)Association Request to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssociateRequest {
    /// The AP or AP MLD.
    pub peer: AssociationPeer,
    /// The network.
    pub ssid: Ssid,
    /// The elements to add: RSNE, RSNXE, extended capabilities, OWE DH Parameter …
    pub elements: Vec<u8>,
    /// The suites, if the network is protected.
    pub security: Option<AssociateSecurity>,
    /// The address of the AP that this reassociation leaves.
    pub previous: Option<MacAddr>,
}

/// The suites of an association, told to the kernel beside the RSNE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssociateSecurity {
    /// The AKM: of the first WPA, as that names it.
    pub akm: Akm,
    /// The pairwise cipher, as RSN names it in any case.
    pub pairwise: Cipher,
    /// The group cipher.
    pub group: Cipher,
    /// Whether management frames are protected.
    pub management_frame_protection: bool,
    /// Whether EAPOL frames travel over nl80211 ([`Radio::control_port`](crate::radio::Radio::control_port)).
    /// Else they are packets of the interface, in no order with events: message 1 may be there before the word
    /// that the kernel is connected, and another frame after the word that it no longer is.
    pub control_port: bool,
}

/// What a key protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// TK: unicast frames.
    Pairwise {
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// Install for reception only (Extended Key ID); [`Request::UseKey`] follows.
        receive_only: bool,
    },
    /// GTK: group addressed data frames. Index 0 to 3.
    Group,
    /// IGTK: group addressed management frames. Index 4 or 5.
    Integrity,
    /// BIGTK: beacons. Index 6 or 7.
    Beacon,
}

/// A key to be installed.
///
/// The link is part of the value and comes from the set that the kernel reported, so that a group key
/// without a link cannot be asked for while the interface has links.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyRequest {
    /// What it protects.
    pub kind: KeyKind,
    /// The link of a group key; none for pairwise keys and on interfaces without links.
    pub link: Option<LinkId>,
    /// The key index.
    pub index: u8,
    /// The cipher.
    pub cipher: Cipher,
    /// The key.
    pub key: Secret,
    /// The receive sequence counter (PN, IPN or BIPN) to start from, little endian.
    pub sequence: [u8; 6],
}

impl fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRequest")
            .field("kind", &self.kind)
            .field("link", &self.link)
            .field("index", &self.index)
            .field("cipher", &self.cipher)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// What the kernel answers to a [`Request`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// Done, or begun.
    Done,
    /// Accepted for transmission; the cookie names it in a status event.
    Sent {
        /// The kernel's name for the frame; 0 if the driver gives none.
        cookie: u64,
    },
    /// The BSS table.
    Scan(Vec<ScanEntry>),
    /// The interface.
    Interface(InterfaceState),
    /// The peers.
    Stations(Vec<StationState>),
}

/// An error number of the kernel, positive as in `errno.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(pub i32);

macro_rules! errno {
    ($($name:ident = $number:literal),* $(,)?) => {
        #[allow(missing_docs)] // The names of errno.h, each with its own meaning there.
        impl Errno {
            $( pub const $name: Self = Self($number); )*

            /// The name in `errno.h`, if it is one that we know.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $( $number => Some(stringify!($name)), )* _ => None }
            }
        }
    };
}

errno! {
    EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16, EEXIST = 17,
    ENODEV = 19, EINVAL = 22, ENFILE = 23, ENOSPC = 28, ERANGE = 34, ENOLINK = 67, EPROTONOSUPPORT = 93,
    EOPNOTSUPP = 95, EAFNOSUPPORT = 97, ENETDOWN = 100, ENOBUFS = 105, ENOTCONN = 107, ETIMEDOUT = 110,
    EALREADY = 114, EINPROGRESS = 115, ERFKILL = 132,
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why the kernel did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The error number.
    pub errno: Errno,
    /// The kernel's own words (extended acknowledgement), if it has any.
    pub message: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{} ({message})", self.errno),
            None => fmt::Display::fmt(&self.errno, f),
        }
    }
}

impl core::error::Error for Refusal {}

/// One BSS of the kernel's table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScanEntry {
    /// The BSSID.
    pub bssid: MacAddr,
    /// The channel it was heard on.
    pub frequency: Frequency,
    /// The beacon interval, in time units of 1,024 µs.
    pub beacon_interval: u16,
    /// The Capability Information field.
    pub capability: u16,
    /// The signal in hundredths of a dBm, if the radio measures it so.
    pub signal_mbm: Option<i32>,
    /// How long ago it was last heard.
    pub age: Duration,
    /// The elements of the last Probe Response, or whichever frame was heard.
    pub elements: Vec<u8>,
    /// The elements of the last Beacon, if one was heard.
    pub beacon_elements: Option<Vec<u8>>,
    /// Whether that was heard after the Probe Response, by the AP's own clock. The kernel keeps what a probe response said
    /// for as long as beacons are heard, however old it is.
    pub beacon_is_newer: bool,
    /// Whether the interface is associated with it.
    pub associated: bool,
    /// For a link of the current association: its number and the AP MLD's address.
    pub mld: Option<(LinkId, MacAddr)>,
}

/// The interface as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceState {
    /// Its address (for multi-link: the MLD address).
    pub address: MacAddr,
    /// The network that it is connected *or connecting* to.
    pub ssid: Option<Ssid>,
    /// Its channel, on an interface without links, if it is on one.
    pub channel: Option<ChannelDefinition>,
    /// Its links; none on an interface that is not multi-link.
    pub links: Vec<InterfaceLink>,
}

/// One link of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceLink {
    /// Its number.
    pub id: LinkId,
    /// Our own address on it.
    pub address: MacAddr,
    /// Its channel, if the kernel says.
    pub channel: Option<ChannelDefinition>,
}

/// A peer as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StationState {
    /// The AP, or the AP MLD.
    pub address: MacAddr,
    /// Whether its port is open.
    pub authorized: bool,
    /// Signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// Rate of the last frame sent, in units of 100 kbit/s.
    pub transmit_rate: Option<u32>,
    /// Time since it was last heard, in milliseconds.
    pub inactive_ms: Option<u32>,
    /// The links that the kernel's entry of the peer has, where it says so. Linux 6.12 and 7.2 do not: they tell the
    /// links of the interface alone ([`InterfaceState::links`]).
    pub links: Vec<LinkId>,
}
