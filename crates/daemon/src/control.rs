//! What people and programs ask of the daemon and what they are told, whichever surface carries it.
//!
//! A surface (D-Bus today) turns its messages into [`Call`]s and makes its objects from the [`View`]; it
//! decides nothing. A call gets a number from the surface, and exactly one [`News::Answered`] with that
//! number follows, at once or later.

mod agents;
mod links;

pub use agents::{Addressed, CodeId, ConfigurationId, Family, Party, Secrets, Unneeded};
pub use links::{KernelLink, LinkFigures, LinkReport, LinkView, LinksReport, LinksView};

use crate::hotspot;
use crate::kernel::Mode;
use crate::netconf::Configured;
use crate::networks::FileName;
use crate::networks::name::Security;
use crate::networks::profile::Profile;
use lapwing_core::dpp::keys::Code;
use lapwing_core::failure::Failure;
use lapwing_core::kernel::{ChannelDefinition, Frequency};
use lapwing_core::select::Judged;
use lapwing_core::station::{Connected, Summary};
use lapwing_core::wsc::{Password, Pin, Troubles};
use lapwing_core::{Secret, dpp};
use lapwing_frames::dpp::Uri;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of a call; the surface counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The number of a question for a secret; the daemon counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(pub u64);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Scan all channels. Answered as soon as the scan is accepted, as iwd does; its end is seen in the view.
    Scan {
        /// The interface.
        ifindex: u32,
    },
    /// Scan these channels. Answered as [`Call::Scan`].
    ScanOn {
        /// The interface.
        ifindex: u32,
        /// The channels.
        frequencies: Vec<Frequency>,
    },
    /// The networks that are heard, for developers.
    HeardNetworks {
        /// The interface.
        ifindex: u32,
    },
    /// Whether known networks are joined without being asked.
    SetStationAutoconnect {
        /// The interface.
        ifindex: u32,
        /// Whether to.
        on: bool,
    },
    /// Stay with an access point until its signal is hardly usable; or no longer.
    SetAffinity {
        /// The interface.
        ifindex: u32,
        /// The access point of the connection; none to take the wish back.
        bssid: Option<MacAddr>,
    },
    /// Tell when the signal of the connection goes from one range to another ([`News::SignalLevel`]).
    WatchSignal {
        /// The interface.
        ifindex: u32,
        /// Where the ranges meet, in dBm, falling; nothing is told any more if there are none.
        levels: Vec<i8>,
    },
    /// Whether another program sets addresses, routes and name servers ([`News::Configure`]).
    HandOver {
        /// Whether one does.
        on: bool,
    },
    /// Join a network that is in the view. Answered when the port is open, or with the reason why not. A
    /// network that is not known yet is stored once it was joined; its passphrase is asked for first.
    Connect {
        /// The interface.
        ifindex: u32,
        /// The network.
        network: FileName,
    },
    /// Join the network of this BSS, by this BSS and no other. The address of an AP MLD, or of one of its links,
    /// means that AP MLD; that of a link, that the association goes through it. Else as [`Call::Connect`], but
    /// that a connection with the same network is made anew.
    ConnectTo {
        /// The interface.
        ifindex: u32,
        /// The address.
        bssid: MacAddr,
    },
    /// Go from the access point of the connection to another one of the network, or to the same again. Answered as
    /// [`Call::Connect`]; where it cannot be joined, the connection stays.
    Roam {
        /// The interface.
        ifindex: u32,
        /// The BSS, the AP MLD, or a link of that.
        bssid: MacAddr,
    },
    /// Join a network that does not announce its name.
    ConnectHidden {
        /// The interface.
        ifindex: u32,
        /// Its name.
        ssid: Ssid,
    },
    /// Leave, and stay away until asked otherwise. Answered when the kernel confirms it.
    Disconnect {
        /// The interface.
        ifindex: u32,
    },
    /// Forget a known network: its file, its memory and its cached keys. Who is in it leaves it.
    Forget {
        /// The network.
        network: FileName,
    },
    /// Whether a known network is joined without being asked. Written into its file.
    SetAutoconnect {
        /// The network.
        network: FileName,
        /// Whether to.
        on: bool,
    },
    /// Set an interface up or down.
    SetPowered {
        /// The interface.
        ifindex: u32,
        /// Up or down.
        on: bool,
    },
    /// Set all interfaces of a radio up (lifting its soft block) or down.
    SetRadioPowered {
        /// The radio.
        wiphy: u32,
        /// On or off.
        on: bool,
    },
    /// The link's figures of this moment.
    Diagnose {
        /// The interface.
        ifindex: u32,
    },
    /// The links of the connection, as the daemon and as the kernel sees them.
    Links {
        /// The interface.
        ifindex: u32,
    },
    /// The timeline of the latest attempt.
    Timeline {
        /// The interface.
        ifindex: u32,
    },
    /// Use an interface for something else. Answered when the kernel has done it: what it did before has ended
    /// properly by then.
    SetMode {
        /// The interface.
        ifindex: u32,
        /// What for.
        mode: Mode,
    },
    /// Start the hotspot of an interface that is an access point. Answered when all its BSSs are on the air.
    StartAccessPoint {
        /// The interface.
        ifindex: u32,
        /// What it is to be.
        profile: Box<Profile>,
    },
    /// Start the hotspot whose settings are in a file.
    StartProfile {
        /// The interface.
        ifindex: u32,
        /// Its name.
        ssid: Ssid,
    },
    /// End the hotspot of an interface. Answered when its clients were told and the kernel has ended it.
    StopAccessPoint {
        /// The interface.
        ifindex: u32,
    },
    /// Do something with a hotspot that is on the air. Answered when it has begun.
    AccessPointOrder {
        /// The interface.
        ifindex: u32,
        /// What.
        order: hotspot::Order,
    },
    /// Have an access point that is on the air look for other networks. Answered when the scan has begun.
    ScanAsAccessPoint {
        /// The interface.
        ifindex: u32,
    },
    /// Join an ad-hoc network, or begin it. Answered when the kernel has taken it.
    StartAdHoc {
        /// The interface.
        ifindex: u32,
        /// The network's name.
        ssid: Ssid,
        /// The passphrase that all of its members know; it is open if none.
        passphrase: Option<AdHocPassphrase>,
    },
    /// Leave the ad-hoc network. Answered when the kernel has done it.
    StopAdHoc {
        /// The interface.
        ifindex: u32,
    },
    /// The figures of each client of a hotspot, of this moment.
    AccessPointDiagnostics {
        /// The interface.
        ifindex: u32,
    },
    /// Have a network handed over, or hand that of the connection over, by device provisioning. Whoever shows a URI
    /// is answered when it can be used, the others at once; how it goes is seen in the view. A network that is
    /// handed over is stored, and joined.
    Provision {
        /// The interface.
        ifindex: u32,
        /// In which way.
        wish: Provision,
    },
    /// End that.
    StopProvisioning {
        /// The interface.
        ifindex: u32,
        /// Whether it was begun with a shared code.
        by_code: bool,
    },
    /// A random PIN.
    GeneratePin,
    /// Have a network handed over by an access point whose button was pushed, or that was told our PIN (Wi-Fi Simple
    /// Configuration), and join it. The network of before is left first. Answered as [`Call::Connect`].
    Enrol {
        /// The interface.
        ifindex: u32,
        /// The button, or the PIN.
        password: Password,
    },
    /// End that.
    CancelEnrol {
        /// The interface.
        ifindex: u32,
    },
}

/// How a network is handed over by device provisioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provision {
    /// To us: our URI is shown to the other.
    Enrol,
    /// By us, to whoever was shown our URI.
    Configure,
    /// By us, to the device with this URI.
    ConfigureWith(Box<Uri>),
    /// To us, by a code that both were told.
    EnrolByCode {
        /// The code.
        code: Code,
        /// Where the other is, if that is known.
        address: Option<MacAddr>,
        /// Its channel, if that is known.
        frequency: Option<Frequency>,
    },
    /// By us, to whoever was told this code.
    ConfigureByCode(Code),
    /// By us, to whoever was told a code that this agent knows by its name.
    ConfigureByAgent(Party),
}

/// A network that is being handed over by device provisioning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningView {
    /// Whether it is handed over to us.
    pub enrollee: bool,
    /// How the two find each other.
    pub by: FoundBy,
}

/// How the two sides of device provisioning find each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// One is shown the other's URI; this is ours.
    Uri(String),
    /// Both were told a code.
    Code,
    /// The same, and this agent knows the code.
    Agent(Party),
}

/// What came of device provisioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvisionedView {
    /// Whether a network was handed over to us, or was to be.
    pub enrollee: bool,
    /// Whether it was.
    pub outcome: Result<(), dpp::Troubles>,
}

/// The answer to a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// To [`Call::Diagnose`].
    Diagnostics(Box<Diagnostics>),
    /// To [`Call::Links`].
    Links(Box<LinksReport>),
    /// To [`Call::Timeline`]: readable lines; empty if nothing happened yet.
    Timeline(String),
    /// To [`Call::HeardNetworks`].
    Heard(Box<HeardNetworks>),
    /// To [`Call::AccessPointDiagnostics`].
    Clients(Vec<ClientFigures>),
    /// To [`Call::Provision`]: what the other is to be shown.
    Uri(String),
    /// To [`Call::GeneratePin`].
    Pin(Pin),
}

/// Why a call was not done. Each has a name among iwd's errors; the sentence tells people the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Another request took its place, or the person cancelled it.
    Aborted,
    /// Another network was asked for before the hidden one was found.
    Overtaken,
    /// Something of the kind is being done.
    InProgress,
    /// The interface cannot do it in its state; the text says which.
    Busy(&'static str),
    /// Nobody is there who could be asked for the secret.
    NoAgent,
    /// The agent did not answer in time.
    AgentTimedOut,
    /// The agent's answer cannot be a secret of this network; the text says why.
    BadSecret(&'static str),
    /// The network cannot be joined with what we can do; the text says why.
    NotSupported(String),
    /// There is no such thing (any more); the text says what.
    NotFound(&'static str),
    /// The interface is in no network.
    NotConnected,
    /// The network announces its name: it is joined as any other.
    NotHidden,
    /// It is known already.
    AlreadyProvisioned,
    /// There is one already; the text says what.
    AlreadyExists(&'static str),
    /// An open and a protected network share the hidden name: which one is meant cannot be told.
    ServiceSetOverlap,
    /// What was given makes no sense; the text says why.
    InvalidArguments(&'static str),
    /// The interface is down or blocked; the text says what to do.
    NotAvailable(&'static str),
    /// A file could not be written or removed; the text says which and why.
    NotStored(String),
    /// The attempt failed.
    Failed(Failure),
    /// The hotspot did not begin, or ended.
    HotspotFailed(hotspot::Failure),
    /// No network was handed over.
    NotHandedOver(Troubles),
    /// Device provisioning ended before it could be of use.
    NotProvisioned(dpp::Troubles),
}

/// What the daemon tells a surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A call is done.
    Answered {
        /// Which.
        call: CallId,
        /// How.
        outcome: Result<Answer, CallError>,
    },
    /// A secret is wanted from the person who made a call. `Daemon::secret` takes the answer, once.
    SecretWanted {
        /// The number of the question.
        secret: SecretId,
        /// The call.
        call: CallId,
        /// The interface.
        ifindex: u32,
        /// The network.
        network: FileName,
        /// What is wanted.
        secrets: Secrets,
    },
    /// The secret is not wanted any more.
    SecretUnwanted {
        /// The number of the question.
        secret: SecretId,
        /// Why, in iwd's words for agents.
        why: Unwanted,
    },
    /// The code of a device is wanted. `Daemon::code` takes the answer, once.
    CodeWanted {
        /// The number of the question.
        code: CodeId,
        /// Who knows it.
        agent: Party,
        /// What it is called.
        identifier: String,
    },
    /// The code is not wanted any more.
    CodeUnwanted {
        /// The number of the question.
        code: CodeId,
        /// Why, in iwd's words for agents.
        why: Unwanted,
    },
    /// The signal of a connection is in another range, or in this one at first.
    SignalLevel {
        /// The interface.
        ifindex: u32,
        /// The number of thresholds that it is below.
        level: u8,
    },
    /// A connection has ended without being asked to. It may be made again already, so that the view does not show it.
    Ended {
        /// The interface.
        ifindex: u32,
    },
    /// Something that developers wait for.
    Debugged {
        /// The interface.
        ifindex: u32,
        /// What, in iwd's words.
        what: &'static str,
    },
    /// Another program is to set addresses. `Daemon::addressed` takes its answer, once.
    Configure {
        /// The number of the order.
        id: ConfigurationId,
        /// The interface.
        ifindex: u32,
        /// What is to be there; nothing if all of it goes.
        addressed: Box<Addressed>,
    },
    /// An answer to that is not waited for any more.
    ConfigureUnwanted {
        /// The number of the order.
        id: ConfigurationId,
        /// Why.
        why: Unneeded,
    },
    /// Something happened: the flight recorder's line.
    Happened(String),
}

/// Why a secret is not wanted any more, as `net.connman.iwd.Agent.Cancel` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unwanted {
    /// The network is out of range.
    OutOfRange,
    /// The person changed their mind.
    UserCanceled,
    /// The agent took too long.
    TimedOut,
    /// The daemon ends.
    Shutdown,
}

impl Unwanted {
    /// The word for it that agents of iwd are told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OutOfRange => "out-of-range",
            Self::UserCanceled => "user-canceled",
            Self::TimedOut => "timed-out",
            Self::Shutdown => "shutdown",
        }
    }
}

/// An agent's answer.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretAnswer {
    /// The passphrase, or the password.
    Passphrase(Secret),
    /// The name of a user, and the password.
    UserNameAndPassword(String, Secret),
    /// The person does not want to say.
    Canceled,
    /// There is no agent, or it is gone.
    NoAgent,
    /// The answer was of a wrong kind; the text says how.
    Garbage(&'static str),
}

/// The passphrase of an ad-hoc network.
#[derive(Clone, PartialEq, Eq)]
pub struct AdHocPassphrase(pub Secret);

impl std::fmt::Debug for AdHocPassphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdHocPassphrase")
    }
}

impl std::fmt::Debug for SecretAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase",
            Self::UserNameAndPassword(..) => "UserNameAndPassword",
            Self::Canceled => "Canceled",
            Self::NoAgent => "NoAgent",
            Self::Garbage(_) => "Garbage",
        })
    }
}

/// All that can be seen. Two views are compared, and the difference is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The radios, by their number.
    pub radios: Vec<RadioView>,
    /// The interfaces that are run, by their index.
    pub devices: Vec<DeviceView>,
    /// The known networks, by name.
    pub known: Vec<KnownView>,
}

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioView {
    /// Its number.
    pub wiphy: u32,
    /// Its name, such as `phy0`.
    pub name: String,
    /// Whether it is not blocked and has an interface that is up.
    pub powered: bool,
    /// The model, if the hardware tells.
    pub model: Option<String>,
    /// The vendor, if the hardware tells.
    pub vendor: Option<String>,
    /// Whether it can be an access point.
    pub access_point: bool,
    /// Whether it can be in ad-hoc networks.
    pub ad_hoc: bool,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Its index.
    pub ifindex: u32,
    /// Its radio.
    pub wiphy: u32,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: MacAddr,
    /// Whether it is up.
    pub powered: bool,
    /// What it is used for; while that changes, what it was used for before.
    pub mode: Mode,
    /// Its hotspot, while it is an access point.
    pub access_point: Option<AccessPointView>,
    /// Its ad-hoc network, while it is of that kind.
    pub ad_hoc: Option<AdHocView>,
    /// What the station does; unavailable while the interface is an access point.
    pub state: Summary,
    /// Whether a scan runs.
    pub scanning: bool,
    /// The network that it is in, or on the way into.
    pub network: Option<FileName>,
    /// The BSS that is being joined, once one is chosen; the access point that was joined.
    pub chosen: Option<MacAddr>,
    /// Whether known networks are joined without being asked.
    pub autoconnects: bool,
    /// The access point that a client wants to stay with.
    pub affinity: Option<MacAddr>,
    /// The connection, while the port is open.
    pub connected: Option<Connected>,
    /// The links of the connection and those that its access point has besides, while the port is open.
    pub links: Option<LinksView>,
    /// Its addresses, while there are some.
    pub configured: Option<Configured>,
    /// Why the last attempt or connection failed, until the next one succeeds.
    pub last_failure: Option<Failure>,
    /// What a person should know of this interface though no attempt failed: that a network could not be
    /// stored, or that another program runs this radio.
    pub warning: Option<String>,
    /// The networks that were heard, the best first: the one it is in, then known ones, then the others, each
    /// kind by signal.
    pub networks: Arc<Vec<NetworkView>>,
    /// The BSSs that do not announce their name and whose name is not known, the strongest first.
    pub hidden: Vec<HiddenView>,
    /// A network that is being handed over by device provisioning.
    pub provisioning: Option<ProvisioningView>,
    /// What came of it the last time.
    pub provisioned: Option<ProvisionedView>,
}

/// The hotspot of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPointView {
    /// How far it is.
    pub phase: hotspot::Phase,
    /// Its name, unless it is stopped.
    pub ssid: Option<Ssid>,
    /// How it is protected, in our words; of one that is stopped, empty.
    pub protection: &'static str,
    /// Its pairwise ciphers in iwd's words.
    pub pairwise_ciphers: Vec<String>,
    /// Its group cipher in iwd's words; none if it is open or stopped.
    pub group_cipher: Option<String>,
    /// Whether its beacons leave the name out.
    pub hidden: bool,
    /// Its address as an AP MLD, if it is one.
    pub mld: Option<MacAddr>,
    /// What is on the air.
    pub bsss: Vec<AccessPointBss>,
    /// The links that the kernel refused, and why.
    pub missing: BTreeMap<LinkId, hotspot::Failure>,
    /// Its clients that are associated.
    pub clients: Vec<ClientView>,
    /// Why it did not begin or has ended, until it begins again.
    pub last_failure: Option<hotspot::Failure>,
    /// Whether a scan runs.
    pub scanning: bool,
}

/// The ad-hoc network of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdHocView {
    /// Whether the interface is in it.
    pub started: bool,
    /// The others in it.
    pub peers: BTreeSet<MacAddr>,
}

/// A BSS of a hotspot: the only one, or a link of an AP MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessPointBss {
    /// The link, of an AP MLD.
    pub link: Option<LinkId>,
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel.
    pub channel: ChannelDefinition,
}

/// A client of a hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its address; its MLD address if it uses links.
    pub address: MacAddr,
    /// Whether its port is open.
    pub authorized: bool,
    /// Whether its management frames are protected.
    pub frame_protection: bool,
    /// Its links with its address on each; none of a plain client.
    pub links: BTreeMap<LinkId, MacAddr>,
    /// The IPv4 address that it was given, if it was.
    pub leased: Option<std::net::Ipv4Addr>,
}

/// The figures of a client of a hotspot at a moment, as the kernel gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFigures {
    /// Its address.
    pub address: MacAddr,
    /// The signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// The average signal in dBm.
    pub average_signal_dbm: Option<i8>,
    /// What was last received.
    pub receive: Option<RateView>,
    /// What was last sent.
    pub transmit: Option<RateView>,
    /// How long nothing was heard, in ms.
    pub inactive_ms: Option<u32>,
    /// How long connected, in s.
    pub connected_s: Option<u32>,
    /// The throughput to expect, in kbit/s.
    pub expected_kbps: Option<u32>,
}

/// A BSS that does not announce its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenView {
    /// Its BSSID.
    pub bssid: MacAddr,
    /// Its signal, in hundredths of dBm.
    pub signal_mbm: i32,
    /// How its network is protected.
    pub security: Security,
}

/// The networks that an interface hears, for developers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardNetworks {
    /// The radio.
    pub wiphy: u32,
    /// The interface.
    pub ifindex: u32,
    /// Each with its BSSs.
    pub networks: Vec<(FileName, Vec<HeardBss>)>,
}

/// A BSS, for developers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardBss {
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
    /// Its signal in hundredths of dBm.
    pub signal_mbm: i32,
    /// How good it is thought to be; 0 if it cannot be joined.
    pub rank: u16,
    /// The body of its Mobility Domain element, if it has one.
    pub mobility_domain: Option<[u8; 3]>,
}

/// A network that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkView {
    /// Its name and kind.
    pub name: FileName,
    /// The signal of the strongest BSS, in hundredths of dBm.
    pub signal_mbm: i32,
    /// Its BSSs with what is thought of each, in the order in which they would be tried.
    pub bsss: Vec<Judged>,
}

/// A known network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownView {
    /// Its name and kind.
    pub name: FileName,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether it is joined without being asked.
    pub autoconnect: bool,
    /// When it was last joined, in seconds since 1970.
    pub last_joined: Option<u64>,
}

/// The figures of a link at a moment, as the kernel gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// The connection.
    pub connected: Connected,
    /// The signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// The average signal in dBm.
    pub average_signal_dbm: Option<i8>,
    /// What was last received.
    pub receive: Option<RateView>,
    /// What was last sent.
    pub transmit: Option<RateView>,
    /// How long nothing was heard, in ms.
    pub inactive_ms: Option<u32>,
    /// How long connected, in s.
    pub connected_s: Option<u32>,
    /// The throughput to expect, in kbit/s.
    pub expected_kbps: Option<u32>,
}

/// A rate and how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateView {
    /// In units of 100 kbit/s.
    pub bitrate: u32,
    /// `802.11a/b/g`, `802.11n`, `802.11ac`, `802.11ax` or `802.11be`.
    pub mode: &'static str,
    /// The index of modulation and coding; none for the oldest modes.
    pub mcs: Option<u8>,
    /// The number of spatial streams, where the mode counts them.
    pub streams: Option<u8>,
}
