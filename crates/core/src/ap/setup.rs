//! How an access point is set up.

use crate::{
    Duration, Secret,
    crypto::{kdf::passphrase_to_psk, keys::Pmk},
    curve::Group,
    kernel::{Band, ChannelDefinition},
    pmksa,
    radio::AccessPointRadio,
    rsn::ft::authenticator::Member,
    sae::{Method, Password},
};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::Country,
    suite::{Akm, Cipher},
};

/// The highest association ID.
pub(super) const ASSOCIATION_IDS: u16 = 2007;

/// Beacons from one DTIM to the next, which lets out what is kept for sleeping clients: as the kernel is told, and as
/// the profiles in Multi-Link elements say.
pub const DTIM_PERIOD: u8 = 2;

/// A BSS: an access point, or one link of an AP MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bss {
    /// Its address.
    pub bssid: MacAddr,
    /// The channel that it starts on.
    pub channel: ChannelDefinition,
}

/// What an access point consists of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Structure {
    /// One BSS.
    Single(Bss),
    /// An AP MLD.
    Mld {
        /// Its address.
        address: MacAddr,
        /// Its links.
        links: BTreeMap<LinkId, Bss>,
    },
}

impl Structure {
    /// The BSSs, each with its link if it is one.
    pub fn iter(&self) -> impl Iterator<Item = (Option<LinkId>, &Bss)> {
        let (single, mld) = match self {
            Self::Single(bss) => (Some((None, bss)), None),
            Self::Mld { links, .. } => (None, Some(links)),
        };
        single.into_iter().chain(mld.into_iter().flatten().map(|(id, bss)| (Some(*id), bss)))
    }

    /// The BSS of a link, or the only one.
    #[must_use]
    pub fn bss(&self, link: Option<LinkId>) -> Option<&Bss> {
        match (self, link) {
            (Self::Single(bss), None) => Some(bss),
            (Self::Mld { links, .. }, Some(link)) => links.get(&link),
            _ => None,
        }
    }

    /// The address of the AP MLD, if it is one.
    #[must_use]
    pub const fn mld_address(&self) -> Option<MacAddr> {
        match self {
            Self::Single(_) => None,
            Self::Mld { address, .. } => Some(*address),
        }
    }
}

/// Whether management frames are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameProtection {
    /// No.
    No,
    /// If the station can.
    Optional,
    /// Always.
    Required,
}

/// What protects a network.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Security {
    /// The AKMs: PSK, SAE and OWE ones.
    pub akms: Vec<Akm>,
    /// The pairwise ciphers, the best first.
    pub pairwise: Vec<Cipher>,
    /// The group cipher.
    pub group: Cipher,
    /// The cipher of group management frames.
    pub group_management: Cipher,
    /// Whether management frames are protected.
    pub frame_protection: FrameProtection,
    /// The pre-shared key.
    pub psk: Option<Pmk>,
    /// The passwords of SAE.
    pub passwords: Vec<Password>,
    /// How SAE may find its password element.
    pub methods: Vec<Method>,
    /// The groups of SAE and OWE.
    pub groups: Vec<Group>,
    /// From how many unfinished SAE exchanges on tokens are asked for.
    pub token_threshold: usize,
    /// Whether beacons are protected.
    pub beacon_protection: bool,
    /// Whether pairwise keys may alternate between two indices.
    pub extended_key_id: bool,
    /// Whether the operating channel is validated.
    pub operating_channel_validation: bool,
    /// Whether message 3 repeats the SSID for stations that want it.
    pub ssid_protection: bool,
    /// The bitmap of the Transition Disable KDE, if it is sent.
    pub transition_disable: Option<u8>,
}

impl Security {
    /// The usual settings for these AKMs: CCMP, BIP, group 19, hash-to-element alone. Management frames are
    /// protected: always, unless there is a PSK.
    #[must_use]
    pub fn new(akms: Vec<Akm>) -> Self {
        let old = akms.iter().any(|akm| akm.is_psk());
        Self {
            akms,
            pairwise: vec![Cipher::Ccmp128],
            group: Cipher::Ccmp128,
            group_management: Cipher::BipCmac128,
            frame_protection: if old { FrameProtection::Optional } else { FrameProtection::Required },
            psk: None,
            passwords: Vec::new(),
            methods: vec![Method::HashToElement],
            groups: vec![Group::P256],
            token_threshold: 5,
            beacon_protection: false,
            extended_key_id: false,
            operating_channel_validation: false,
            ssid_protection: false,
            transition_disable: None,
        }
    }

    /// The same with this passphrase, for whichever of the AKMs uses one.
    #[must_use]
    pub fn with_passphrase(self, ssid: &Ssid, passphrase: &Secret) -> Self {
        self.with_passphrase_by(passphrase_to_psk, ssid, passphrase)
    }

    /// The same, where somebody else turns passphrase and SSID into the key of WPA2: whoever sets up many access
    /// points can remember it.
    #[must_use]
    pub fn with_passphrase_by(
        mut self,
        pre_shared_key: impl FnOnce(&[u8], &[u8]) -> Secret,
        ssid: &Ssid,
        passphrase: &Secret,
    ) -> Self {
        if self.akms.iter().any(|akm| akm.is_psk()) {
            self.psk = Pmk::new(pre_shared_key(passphrase.expose(), ssid.octets()));
        }
        if self.akms.iter().any(|akm| akm.is_sae()) {
            self.passwords.push(Password::new(ssid.octets(), passphrase.expose(), None));
        }
        self
    }
}

/// How an access point is set up.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// The network.
    pub ssid: Ssid,
    /// Whether beacons leave the name out.
    pub hidden: bool,
    /// What it consists of.
    pub structure: Structure,
    /// What protects it; none for an open network.
    pub security: Option<Security>,
    /// The other BSS of an OWE transition and its name.
    pub owe_twin: Option<(MacAddr, Ssid)>,
    /// The beacon interval, in time units of 1,024 µs.
    pub beacon_interval: u16,
    /// How many clients may be associated; never more than the radio can have or than there are association IDs.
    pub client_limit: u16,
    /// Whether clients are kept from reaching each other.
    pub isolate_clients: bool,
    /// What the radio can do. One of which nothing is known says its rates alone, and so can have no links.
    pub radio: AccessPointRadio,
    /// What the Country element of each band says, where the regulator's limits are known.
    pub country: BTreeMap<Band, Country>,
    /// How long a PMKSA is good for.
    pub pmksa_lifetime: Duration,
    /// How often the group keys are renewed.
    pub group_key_lifetime: Option<Duration>,
    /// The mobility domain, of an access point without links whose AKMs include one of fast transition.
    pub mobility: Option<Member>,
    /// Whether the PMKSAs of SAE are shared with the other access points of the network (opportunistic key caching).
    pub shares_pmksas: bool,
}

impl Setup {
    /// The usual settings.
    #[must_use]
    pub const fn new(ssid: Ssid, structure: Structure, security: Option<Security>) -> Self {
        Self {
            ssid,
            hidden: false,
            structure,
            security,
            owe_twin: None,
            beacon_interval: 100,
            client_limit: 64,
            isolate_clients: false,
            radio: AccessPointRadio::UNKNOWN,
            country: BTreeMap::new(),
            pmksa_lifetime: pmksa::LIFETIME,
            group_key_lifetime: None,
            mobility: None,
            shares_pmksas: false,
        }
    }

    /// The time from beacon to beacon.
    #[must_use]
    pub const fn beacon_time(&self) -> Duration {
        Duration::from_micros(self.beacon_interval as u64 * 1024)
    }

    /// How many clients may be associated: no more than wished, than the radio has room for, than there are
    /// association IDs.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let radio = self.radio.client_limit.unwrap_or(ASSOCIATION_IDS);
        usize::from(self.client_limit.min(radio).min(ASSOCIATION_IDS))
    }

    /// The EML Capabilities field: what the radio has, with the delays that only stations have as 0.
    pub(super) fn eml_capabilities(&self) -> u16 {
        /// Padding delay and transition delay.
        const DELAYS: u16 = 0x007e;
        self.radio.eml_capabilities.unwrap_or_default() & !DELAYS
    }

    /// The MLD Capabilities and Operations field. It says what the device can do, not what is on the air: the links
    /// must agree in it, and a station heard them at different times.
    pub(super) fn mld_capabilities(&self) -> u16 {
        /// The highest number of links that are used at once, less one.
        const LINKS: u16 = 0x000f;
        /// Whether links can be added and removed, which we do; TID-to-link mapping is not negotiated.
        const LINK_RECONFIGURATION: u16 = 0x2000;
        let links = u16::try_from(self.structure.iter().count().saturating_sub(1)).unwrap_or(LINKS);
        let radio = self.radio.mld_capabilities.map_or(LINKS, |capabilities| capabilities & LINKS);
        links.min(radio) | LINK_RECONFIGURATION
    }
}
