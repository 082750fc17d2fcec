//! Requests, and what answers each.

use super::constants::Command;
use super::{access_point, ad_hoc as encode_ad_hoc};
use crate::netlink::Expect;
use core::fmt;
use lapwing_core::{ad_hoc, ap, kernel};
use lapwing_frames::management::{AuthenticationAlgorithm, ReasonCode};
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
    /// An access point's request, for the interface with this index.
    AccessPoint {
        /// The interface.
        ifindex: u32,
        /// Whether EAPOL frames travel over this socket: the driver has to be able to.
        control_port: bool,
        /// The request.
        request: ap::Request,
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
        /// Whether those that are sent to groups too; not every driver can.
        groups: bool,
    },
    /// Sends a frame on whichever channel, and stays there to listen.
    SendOffChannel {
        /// The interface.
        ifindex: u32,
        /// The channel.
        frequency: kernel::Frequency,
        /// How long to stay, in ms, from 10 to what the radio can; with 0 it is sent on the channel where the interface
        /// is.
        wait: u32,
        /// The whole frame with its header, without FCS.
        bytes: Vec<u8>,
    },
    /// Stays on a channel to listen.
    RemainOnChannel {
        /// The interface.
        ifindex: u32,
        /// The channel.
        frequency: kernel::Frequency,
        /// How long, in ms.
        duration: u32,
    },
    /// Stays no longer where a frame was sent.
    CancelFrameWait {
        /// The interface.
        ifindex: u32,
        /// The kernel's name for the frame.
        cookie: u64,
    },
    /// Asks an access point's interface to tell of frames from those who are not associated.
    RegisterStrangers {
        /// The interface.
        ifindex: u32,
    },
    /// Has a client of an access point show that it is there
    /// ([`EventKind::ClientProbed`](super::EventKind::ClientProbed)).
    ProbeClient {
        /// The interface.
        ifindex: u32,
        /// The client.
        client: MacAddr,
    },
    /// Has an access point look for networks on all channels, actively.
    ScanAsAccessPoint {
        /// The interface.
        ifindex: u32,
    },
    /// Joins an ad-hoc network, or begins it. It ends with this socket.
    JoinIbss {
        /// The interface, of the ad-hoc type.
        ifindex: u32,
        /// The network.
        ibss: Ibss,
    },
    /// A request of a member of a protected ad-hoc network, for the interface with this index.
    AdHoc {
        /// The interface.
        ifindex: u32,
        /// The request.
        request: ad_hoc::Request,
    },
    /// Leaves the ad-hoc network.
    LeaveIbss {
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

/// An ad-hoc network, on a channel of 20 MHz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ibss {
    /// Its name.
    pub ssid: Ssid,
    /// Its channel.
    pub frequency: kernel::Frequency,
    /// How it is protected; open if none.
    pub protection: Option<IbssProtection>,
}

/// How an ad-hoc network is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IbssProtection {
    /// The RSNE of its beacons, whole.
    pub rsne: Vec<u8>,
    /// Whether EAPOL frames travel over this socket: the driver has to be able to.
    pub control_port: bool,
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

/// Why a request cannot be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// A part is longer than an attribute can be.
    TooLong,
    /// nl80211 has no number for this authentication algorithm.
    Algorithm(AuthenticationAlgorithm),
    /// It is a request to rtnetlink.
    Elsewhere,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("a part of the request is too long for a netlink attribute"),
            Self::Algorithm(algorithm) => write!(f, "nl80211 does not know the algorithm {algorithm}"),
            Self::Elsewhere => f.write_str("nl80211 has no command for it"),
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
                kernel::Request::Connect(_) => (Command::CONNECT, Acknowledgement),
                kernel::Request::Disconnect { .. } => (Command::DISCONNECT, Acknowledgement),
                kernel::Request::AnswerExternalAuthentication { .. } => {
                    (Command::EXTERNAL_AUTH, Acknowledgement)
                }
                kernel::Request::SetPmksa(_) => (Command::SET_PMKSA, Acknowledgement),
                kernel::Request::DeletePmksa { .. } => (Command::DEL_PMKSA, Acknowledgement),
                kernel::Request::FlushPmksas => (Command::FLUSH_PMKSA, Acknowledgement),
                kernel::Request::WatchSignal { .. } => (Command::SET_CQM, Acknowledgement),
                kernel::Request::ReconfigureLinks { .. } => (Command::ASSOC_MLO_RECONF, Acknowledgement),
                // No command has the number 0; there is no message of it either.
                kernel::Request::SetAddress { .. } => (Command(0), Acknowledgement),
            },
            Self::AccessPoint { request, .. } => {
                let (command, expect, _) = access_point::command(request);
                (command, expect)
            }
            Self::AdHoc { request, .. } => {
                let (command, expect, _) = encode_ad_hoc::command(request);
                (command, expect)
            }
            Self::RegisterStrangers { .. } => (Command::UNEXPECTED_FRAME, Acknowledgement),
            Self::ProbeClient { .. } => (Command::PROBE_CLIENT, Messages),
            Self::Fence => (Command::GET_PROTOCOL_FEATURES, Messages),
            Self::ReadRadios => (Command::GET_WIPHY, Dump),
            Self::ReadInterfaces => (Command::GET_INTERFACE, Dump),
            Self::ReadRegulatory { .. } => (Command::GET_REG, Messages),
            Self::SetCountry { .. } => (Command::REQ_SET_REG, Acknowledgement),
            Self::SetInterfaceType { .. } => (Command::SET_INTERFACE, Acknowledgement),
            Self::NewInterface { .. } => (Command::NEW_INTERFACE, Messages),
            Self::DelInterface { .. } => (Command::DEL_INTERFACE, Acknowledgement),
            Self::Disassociate { .. } => (Command::DISASSOCIATE, Acknowledgement),
            Self::ReadFigures { .. } => (Command::GET_STATION, Dump),
            Self::DeleteKey(_) => (Command::DEL_KEY, Acknowledgement),
            Self::ReadKey(_) => (Command::GET_KEY, Messages),
            Self::RegisterFrame { .. } => (Command::REGISTER_FRAME, Acknowledgement),
            Self::SendOffChannel { .. } => (Command::FRAME, Messages),
            Self::RemainOnChannel { .. } => (Command::REMAIN_ON_CHANNEL, Messages),
            Self::CancelFrameWait { .. } => (Command::FRAME_WAIT_CANCEL, Acknowledgement),
            Self::SetPowerSave { .. } => (Command::SET_POWER_SAVE, Acknowledgement),
            Self::ScanAsAccessPoint { .. } => (Command::TRIGGER_SCAN, Acknowledgement),
            Self::JoinIbss { .. } => (Command::JOIN_IBSS, Acknowledgement),
            Self::LeaveIbss { .. } => (Command::LEAVE_IBSS, Acknowledgement),
        }
    }
}
