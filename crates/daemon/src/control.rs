//! What people and programs ask of the daemon and what they are told, whichever surface carries it.
//!
//! A surface (D-Bus today) turns its messages into [`Call`]s and makes its objects from the [`View`]; it
//! decides nothing. A call gets a number from the surface, and exactly one [`News::Answered`] with that
//! number follows, at once or later.

mod agents;
mod links;
mod provisioning;
mod views;

pub use agents::{Addressed, CodeId, ConfigurationId, Family, Party, Secrets, Unneeded};
pub use links::{KernelLink, LinkFigures, LinkReport, LinkView, LinksReport, LinksView};
pub use provisioning::{FoundBy, Provision, ProvisionedView, ProvisioningView};
pub use views::{
    AccessPointBss, AccessPointView, AdHocView, ClientFigures, ClientView, DeviceView, Diagnostics, Figures,
    HeardBss, HeardNetworks, HiddenView, KnownView, NetworkView, PasspointView, RadioView, RateView, View,
};

use crate::hotspot;
use crate::kernel::Mode;
use crate::networks::FileName;
use crate::networks::profile::Profile;
use lapwing_core::failure::Failure;
use lapwing_core::kernel::Frequency;
use lapwing_core::wsc::{Password, Pin, Troubles};
use lapwing_core::{Secret, dpp};
use lapwing_frames::{MacAddr, Ssid};

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
    /// Forget the profile of others' hotspots: its file goes.
    ForgetPasspoint {
        /// Its number.
        id: u32,
    },
    /// Whether the networks of such a profile are joined without being asked. Written into its file.
    SetPasspointAutoconnect {
        /// Its number.
        id: u32,
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
    /// Something is over again, so that the view may not show it, and clients of iwd wait to see it.
    Passed {
        /// The interface.
        ifindex: u32,
        /// What.
        what: Passed,
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

/// What is over again by the time that a view shows how things are: on a fast machine all of it is one turn of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A connection has ended without being asked to. It may be made again already.
    End,
    /// A connection was on its way to another access point.
    Way,
    /// The device was down, as the kernel changed its mode.
    Down,
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
