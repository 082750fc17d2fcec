//! Networks that may be joined: a name, the secret, and the settings of the user.

use crate::{curve::Group, secret::Secret};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{MacAddr, Ssid, suite::Akm};

/// A network that may be joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Its name.
    pub ssid: Ssid,
    /// How to get in.
    pub credentials: Credentials,
    /// Whether it does not announce its name.
    pub hidden: bool,
    /// Whether to join it without being asked.
    pub autoconnect: bool,
    /// When it was last joined, as a number that is greater for later; none if never. Orders automatic
    /// connection.
    pub last_joined: Option<u64>,
    /// The channels on which it was last heard, in MHz, the latest first: scanned before all others.
    pub known_frequencies: Vec<u32>,
    /// Weaker ways that the AP has forbidden for good (Transition Disable, WPA3 specification 8).
    pub transition_disable: TransitionDisable,
    /// The stronger ways by which it has been joined: it is not joined by a weaker one any more.
    pub proven: Proven,
    /// Join only this BSSID (or the AP MLD that has it as a link), if set.
    pub bssid: Option<MacAddr>,
    /// With which group SAE and OWE begin.
    pub first_group: FirstGroup,
    /// With which address it is joined, where each network has one of its own.
    pub address: OwnAddress,
}

/// With which address of ours a network is joined, where each has one of its own
/// ([`AddressPolicy::PerNetwork`](crate::address::AddressPolicy)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OwnAddress {
    /// With one that is made of its name, always the same.
    #[default]
    OfName,
    /// With another one for each attempt.
    Drawn,
    /// With this one.
    Fixed(MacAddr),
}

impl Network {
    /// A network of which nothing is known but how to get in: it announces its name, is joined without being
    /// asked, and has never been joined.
    #[must_use]
    pub const fn new(ssid: Ssid, credentials: Credentials) -> Self {
        Self {
            ssid,
            credentials,
            hidden: false,
            autoconnect: true,
            last_joined: None,
            known_frequencies: Vec::new(),
            transition_disable: TransitionDisable(0),
            proven: Proven(0),
            bssid: None,
            first_group: FirstGroup::Usual,
            address: OwnAddress::OfName,
        }
    }

    /// Whether it is the same network with the same secret.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.ssid == other.ssid && self.credentials.is_same_secret(&other.credentials)
    }
}

/// With which group SAE and OWE begin. Whatever it is, those that follow are tried as the AP refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FirstGroup {
    /// As the station is set.
    #[default]
    Usual,
    /// The cheapest, 19, which every AP has.
    Cheapest,
    /// The strongest that we have.
    Strongest,
}

impl FirstGroup {
    /// All groups in their order. `stronger` is said of the usual: it begins with 20 then.
    #[must_use]
    pub const fn order(self, stronger: bool) -> [Group; 3] {
        let [cheapest, middle, strongest] = Group::ALL;
        match self {
            // What costs most is for those that take nothing else.
            Self::Usual if stronger => [middle, cheapest, strongest],
            Self::Usual | Self::Cheapest => Group::ALL,
            Self::Strongest => [strongest, middle, cheapest],
        }
    }
}

/// How to get into a network.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// No secret: open, and opportunistic encryption (OWE) wherever it is offered.
    Open,
    /// A passphrase or its key: WPA2-Personal and WPA3-Personal.
    Personal(Personal),
}

impl Credentials {
    /// Whether it is the same secret, whatever was computed from it meanwhile.
    #[must_use]
    pub fn is_same_secret(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Personal(one), Self::Personal(other)) if one.passphrase.is_some() => {
                one.passphrase == other.passphrase && one.password_identifier == other.password_identifier
            }
            _ => self == other,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Personal(_) => f.write_str("Personal"),
        }
    }
}

/// The secret of a personal network. At least one of `passphrase` and `psk` is there; SAE needs the
/// passphrase or a password element (PT) made from it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Personal {
    /// The passphrase: 8 to 63 octets for WPA2; SAE takes any.
    pub passphrase: Option<Secret>,
    /// The pre-shared key of WPA2, 32 octets: PBKDF2 of passphrase and SSID.
    pub psk: Option<Secret>,
    /// The SAE password identifier.
    pub password_identifier: Option<Vec<u8>>,
    /// SAE password elements that were computed before: the group and the point, x then y.
    pub password_elements: Vec<(u16, Secret)>,
}

/// Weaker ways that are forbidden: the bits of the Transition Disable KDE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TransitionDisable(pub u8);

impl TransitionDisable {
    /// Bit 0: no WPA2-Personal any more, protected management frames required.
    pub const WPA3_PERSONAL: u8 = 1 << 0;
    /// Bit 1: SAE-PK only.
    pub const SAE_PK: u8 = 1 << 1;
    /// Bit 2: WPA3-Enterprise only.
    pub const WPA3_ENTERPRISE: u8 = 1 << 2;
    /// Bit 3: no open association any more, OWE only.
    pub const ENHANCED_OPEN: u8 = 1 << 3;

    /// The bits that an AP may set that was joined with this AKM: those that close the older way of the
    /// same kind of network. Whoever knows no more than the older way's secret cannot close anything.
    #[must_use]
    pub const fn may_be_set_by(akm: Akm) -> u8 {
        match akm {
            akm if akm.is_sae() => Self::WPA3_PERSONAL | Self::SAE_PK,
            Akm::Owe => Self::ENHANCED_OPEN,
            Akm::Ieee8021xSha256 | Akm::Ieee8021xSha384 | Akm::SuiteB192 => Self::WPA3_ENTERPRISE,
            _ => 0,
        }
    }

    /// Whether a bit is set.
    #[must_use]
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// The stronger ways by which a network has been joined, to be stored with it. Whoever can make an AP vanish
/// and show one of the same name in its place shows one without them.
///
/// They belong to the network as it was entered: forgetting it and entering it anew (or entering another
/// secret) is how a person says that the access point really changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Proven(pub u8);

impl Proven {
    /// SAE has been completed: the AP knows the password.
    pub const SAE: u8 = 1 << 0;
    /// The connection was encrypted by OWE.
    pub const OWE: u8 = 1 << 1;
    /// WPA2 with CCMP or better: what TKIP would take back.
    pub const RSN: u8 = 1 << 2;

    /// What a connection by this AKM proves, whatever the ciphers are.
    #[must_use]
    pub const fn by(akm: Akm) -> Self {
        match akm {
            akm if akm.is_sae() => Self(Self::SAE),
            Akm::Owe => Self(Self::OWE),
            _ => Self(0),
        }
    }

    /// Whether a bit is set.
    #[must_use]
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// This and that.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
