//! Requests, and what answers each.

use super::constants::Command;
use crate::netlink::Expect;
use core::fmt;
use lapwing_core::Secret;
use lapwing_core::kernel::{self, AssociateSecurity, Frequency};
use lapwing_frames::management::{AuthenticationAlgorithm, ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr, Ssid};

/// A request: what the station asks of its interface, or what the daemon asks around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A station's request, for the interface with this index.
    Station {
        /// The interface.
        ifindex: u32,
        /// The request.
        request: kernel::Request,
    },
    /// Something cheap: once it is answered, every event of the requests before it has been read.
    /// [`Reply::Fence`](super::Reply::Fence).
    Fence,
    /// All radios: [`Reply::Radios`](super::Reply::Radios).
    ReadRadios,
    /// All interfaces: [`Reply::Interfaces`](super::Reply::Interfaces).
    ReadInterfaces,
    /// The regulatory rules: [`Reply::Regulatory`](super::Reply::Regulatory).
    ReadRegulatory {
        /// The radio, for its own rules; none for the system's.
        wiphy: Option<u32>,
    },
    /// Asks for a country's rules.
    SetCountry {
        /// Two letters.
        country: [u8; 2],
    },
    /// Sets an interface's type.
    SetInterfaceType {
        /// The interface.
        ifindex: u32,
        /// The type ([`super::iftype`]).
        iftype: u16,
    },
    /// Makes an interface: [`Reply::Interfaces`](super::Reply::Interfaces) with the new one.
    NewInterface {
        /// The radio.
        wiphy: u32,
        /// Its name.
        name: String,
        /// Its type ([`super::iftype`]).
        iftype: u16,
        /// Its address; the driver chooses if none.
        address: Option<MacAddr>,
        /// Remove it when this socket closes.
        owned: bool,
    },
    /// Removes an interface.
    DelInterface {
        /// The interface.
        ifindex: u32,
    },
    /// Sends a Disassociation frame.
    Disassociate {
        /// The interface.
        ifindex: u32,
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The reason that the frame carries.
        reason: ReasonCode,
    },
    /// Has the firmware connect.
    Connect {
        /// The interface.
        ifindex: u32,
        /// How.
        request: Box<ConnectRequest>,
    },
    /// Has the firmware disconnect.
    Disconnect {
        /// The interface.
        ifindex: u32,
        /// The reason that the frame carries.
        reason: ReasonCode,
    },
    /// Tells the firmware how SAE went.
    ExternalAuthentication {
        /// The interface.
        ifindex: u32,
        /// The BSS, as in the event.
        bssid: MacAddr,
        /// The network.
        ssid: Ssid,
        /// 0, or why it failed.
        status: StatusCode,
        /// The PMKSA's name, if it succeeded.
        pmkid: Option<[u8; 16]>,
    },
    /// The peers of an interface with their figures: [`Reply::Figures`](super::Reply::Figures).
    ReadFigures {
        /// The interface.
        ifindex: u32,
    },
    /// Removes a key. A station never needs it to clean up: the kernel does on every disconnect.
    DeleteKey(KeyName),
    /// The packet number of a key: [`Reply::KeySequence`](super::Reply::KeySequence).
    ReadKey(KeyName),
    /// Asks for management frames of this type that begin with these octets.
    RegisterFrame {
        /// The interface.
        ifindex: u32,
        /// Type and subtype as in the Frame Control field, like 0x00d0 for Action.
        frame_type: u16,
        /// The first octets of the frame's body.
        prefix: Vec<u8>,
    },
    /// Asks to be told when the signal crosses a threshold.
    SetQualityThresholds {
        /// The interface.
        ifindex: u32,
        /// The thresholds in dBm, rising; none to stop.
        thresholds_dbm: Vec<i32>,
        /// The hysteresis in dB.
        hysteresis_db: u32,
    },
    /// Tells the driver a PMKSA.
    SetPmksa {
        /// The interface.
        ifindex: u32,
        /// The PMKSA.
        pmksa: Pmksa,
    },
    /// Has the driver forget a PMKSA.
    DeletePmksa {
        /// The interface.
        ifindex: u32,
        /// The AP, or the AP MLD.
        peer: MacAddr,
        /// The PMKSA's name.
        pmkid: [u8; 16],
    },
    /// Has the driver forget every PMKSA.
    FlushPmksa {
        /// The interface.
        ifindex: u32,
    },
    /// Sets power saving.
    SetPowerSave {
        /// The interface.
        ifindex: u32,
        /// On or off.
        enabled: bool,
    },
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The interface.
    pub ifindex: u32,
    /// The peer of a pairwise key; none for a group key.
    pub peer: Option<MacAddr>,
    /// The link of a group key on an interface with links.
    pub link: Option<LinkId>,
    /// The key index.
    pub index: u8,
}

/// A PMKSA for the driver.
#[derive(Clone, PartialEq, Eq)]
pub struct Pmksa {
    /// The AP, or the AP MLD.
    pub peer: MacAddr,
    /// Its name.
    pub pmkid: [u8; 16],
    /// The key; some old kernels take only 32 octets.
    pub pmk: Option<Secret>,
    /// How long it is good for, in seconds.
    pub lifetime_seconds: Option<u32>,
}

impl fmt::Debug for Pmksa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pmksa").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// A connection that the firmware is to make (`NL80211_CMD_CONNECT`).
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// The network.
    pub ssid: Ssid,
    /// The BSS, if it is not the firmware's choice.
    pub bssid: Option<MacAddr>,
    /// Its channel.
    pub frequency: Option<Frequency>,
    /// RSNE, RSNXE and others.
    pub elements: Vec<u8>,
    /// The authentication.
    pub algorithm: AuthenticationAlgorithm,
    /// The suites, if the network is protected.
    pub security: Option<AssociateSecurity>,
    /// The AP that this leaves.
    pub previous: Option<MacAddr>,
    /// The secret, for firmware that does the handshakes.
    pub offload: Offload,
    /// Whether links may be used.
    pub multi_link: bool,
}

/// What the firmware does by itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Offload {
    /// Nothing: EAPOL comes to us, and nobody does SAE.
    None,
    /// It asks us for SAE.
    ExternalSae,
    /// It does SAE with this password.
    Sae(Secret),
    /// It does the 4-way handshake with this PMK of 32 octets.
    Psk(Secret),
}

impl fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectRequest")
            .field("ssid", &self.ssid)
            .field("bssid", &self.bssid)
            .field("frequency", &self.frequency)
            .field("algorithm", &self.algorithm)
            .field("security", &self.security)
            .field("multi_link", &self.multi_link)
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// A part is longer than an attribute can be.
    TooLong,
    /// nl80211 has no number for this authentication algorithm.
    Algorithm(AuthenticationAlgorithm),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("a part of the request is too long for a netlink attribute"),
            Self::Algorithm(algorithm) => write!(f, "nl80211 does not know the algorithm {algorithm}"),
        }
    }
}

impl std::error::Error for EncodeError {}

impl Request {
    /// The command and what answers it.
    #[must_use]
    pub const fn command(&self) -> (Command, Expect) {
        use Expect::{Acknowledgement, Dump, Messages};
        match self {
            Self::Station { request, .. } => match request {
                kernel::Request::TriggerScan(_) => (Command::TRIGGER_SCAN, Acknowledgement),
                kernel::Request::AbortScan => (Command::ABORT_SCAN, Acknowledgement),
                kernel::Request::ReadScan => (Command::GET_SCAN, Dump),
                kernel::Request::Authenticate(_) => (Command::AUTHENTICATE, Acknowledgement),
                kernel::Request::Associate(_) => (Command::ASSOCIATE, Acknowledgement),
                kernel::Request::Deauthenticate { .. } => (Command::DEAUTHENTICATE, Acknowledgement),
                kernel::Request::SendKeyFrame { .. } => (Command::CONTROL_PORT_FRAME, Messages),
                kernel::Request::InstallKey(_) => (Command::NEW_KEY, Acknowledgement),
                kernel::Request::UseKey { .. } => (Command::SET_KEY, Acknowledgement),
                kernel::Request::AuthorizePort { .. } => (Command::SET_STATION, Acknowledgement),
                kernel::Request::SendFrame { .. } => (Command::FRAME, Messages),
                kernel::Request::ReadInterface => (Command::GET_INTERFACE, Messages),
                kernel::Request::ReadStations => (Command::GET_STATION, Dump),
            },
            Self::Fence => (Command::GET_PROTOCOL_FEATURES, Messages),
            Self::ReadRadios => (Command::GET_WIPHY, Dump),
            Self::ReadInterfaces => (Command::GET_INTERFACE, Dump),
            Self::ReadRegulatory { .. } => (Command::GET_REG, Messages),
            Self::SetCountry { .. } => (Command::REQ_SET_REG, Acknowledgement),
            Self::SetInterfaceType { .. } => (Command::SET_INTERFACE, Acknowledgement),
            Self::NewInterface { .. } => (Command::NEW_INTERFACE, Messages),
            Self::DelInterface { .. } => (Command::DEL_INTERFACE, Acknowledgement),
            Self::Disassociate { .. } => (Command::DISASSOCIATE, Acknowledgement),
            Self::Connect { .. } => (Command::CONNECT, Acknowledgement),
            Self::Disconnect { .. } => (Command::DISCONNECT, Acknowledgement),
            Self::ExternalAuthentication { .. } => (Command::EXTERNAL_AUTH, Acknowledgement),
            Self::ReadFigures { .. } => (Command::GET_STATION, Dump),
            Self::DeleteKey(_) => (Command::DEL_KEY, Acknowledgement),
            Self::ReadKey(_) => (Command::GET_KEY, Messages),
            Self::RegisterFrame { .. } => (Command::REGISTER_FRAME, Acknowledgement),
            Self::SetQualityThresholds { .. } => (Command::SET_CQM, Acknowledgement),
            Self::SetPmksa { .. } => (Command::SET_PMKSA, Acknowledgement),
            Self::DeletePmksa { .. } => (Command::DEL_PMKSA, Acknowledgement),
            Self::FlushPmksa { .. } => (Command::FLUSH_PMKSA, Acknowledgement),
            Self::SetPowerSave { .. } => (Command::SET_POWER_SAVE, Acknowledgement),
        }
    }
}
