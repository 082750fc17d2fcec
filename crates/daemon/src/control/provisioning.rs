//! Device provisioning, as it is asked for and seen.

use super::Party;
use lapwing_core::dpp;
use lapwing_core::dpp::keys::Code;
use lapwing_core::kernel::Frequency;
use lapwing_frames::MacAddr;
use lapwing_frames::dpp::Uri;

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
