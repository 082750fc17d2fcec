//! What is asked of a radio whose firmware connects by itself (FullMAC), and what it asks of us.

use super::{AssociateSecurity, Frequency};
use crate::{rsn::plan::SaeMethod, secret::Secret};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{MacAddr, Ssid, management::AuthenticationAlgorithm, suite::Akm};

/// A connection that the firmware is to make (`NL80211_CMD_CONNECT`).
#[derive(Clone, PartialEq, Eq, Hash)]
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
    /// How SAE is to find its password element, if it is done.
    pub sae: Option<SaeMethod>,
    /// The AP that this leaves.
    pub previous: Option<MacAddr>,
    /// The secret, for firmware that does the handshakes.
    pub offload: Offload,
    /// Whether links may be used.
    pub multi_link: bool,
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

/// What the firmware does by itself.
#[derive(Clone, PartialEq, Eq, Hash)]
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

/// The firmware wants SAE done by us, or no longer (`NL80211_CMD_EXTERNAL_AUTH`). Each start is to be
/// answered exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalAuthentication {
    /// False if the firmware gave up.
    pub start: bool,
    /// The BSS.
    pub bssid: MacAddr,
    /// The network, if the firmware says.
    pub ssid: Option<Ssid>,
    /// The AKM, if the firmware says.
    pub akm: Option<Akm>,
    /// The AP MLD, for multi-link.
    pub mld_address: Option<MacAddr>,
}

/// A PMKSA for the driver.
#[derive(Clone, PartialEq, Eq, Hash)]
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
