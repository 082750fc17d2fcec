//! How an access point of the world is set up: plain data, as in a scenario file.

use crate::habit::{Habit, Habits};
use crate::pre_shared::pre_shared_key;
use core::fmt;
use lapwing_core::Secret;
use lapwing_core::ap::{Bss, Security, Setup, Structure};
use lapwing_core::curve::Group;
use lapwing_core::kernel::{ChannelDefinition, Frequency};
use lapwing_core::radio::AccessPointRadio;
use lapwing_core::rsn::ft::authenticator::Member;
use lapwing_frames::suite::Akm;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::BTreeMap;

/// How long after an answer a reassociation may come, in TU: as hostapd has it.
const REASSOCIATION_DEADLINE: u32 = 1_000;
/// How long the keys of a mobility domain are good for, in seconds: two weeks, as hostapd has it.
const KEY_LIFETIME: u32 = 1_209_600;

/// What protects a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApSecurity {
    /// Nothing.
    Open,
    /// WPA2-Personal: PSK, management frames protected if the station can.
    Wpa2,
    /// WPA3-Personal: SAE by hash-to-element, management frame protection required.
    Wpa3,
    /// WPA3-Personal with the AKM of a hash that fits the group (AKM 24) beside AKM 8.
    Wpa3ExtendedKey,
    /// WPA2 and WPA3 side by side.
    Transition,
    /// Enhanced Open.
    Owe,
}

impl ApSecurity {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Wpa2, Self::Wpa3, Self::Wpa3ExtendedKey, Self::Transition, Self::Owe];
}

/// A BSS: an access point, or one link of an AP MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApBss {
    /// Its address.
    pub bssid: MacAddr,
    /// Its channel, 20 MHz wide.
    pub frequency: Frequency,
}

/// What an access point consists of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApLinks {
    /// One BSS.
    Single(ApBss),
    /// An AP MLD.
    Mld {
        /// Its MLD address.
        address: MacAddr,
        /// Its links, at least one.
        links: BTreeMap<LinkId, ApBss>,
    },
}

impl ApLinks {
    /// The BSSs, each with its link if it is one.
    pub fn iter(&self) -> impl Iterator<Item = (Option<LinkId>, ApBss)> {
        let (single, mld) = match self {
            Self::Single(bss) => (Some((None, *bss)), None),
            Self::Mld { links, .. } => (None, Some(links)),
        };
        single.into_iter().chain(mld.into_iter().flatten().map(|(id, bss)| (Some(*id), *bss)))
    }

    /// The address that clients authenticate to if they use links: the MLD's; else the BSSID.
    #[must_use]
    pub const fn address(&self) -> MacAddr {
        match self {
            Self::Single(bss) => bss.bssid,
            Self::Mld { address, .. } => *address,
        }
    }
}

/// A mobility domain: fast transitions lead from one of its access points to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApDomain {
    /// Its identifier.
    pub id: [u8; 2],
    /// Whether one access point may be asked by way of another.
    pub over_ds: bool,
}

/// An access point, before it is switched on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ApSetup {
    /// The network.
    pub ssid: Ssid,
    /// What protects it.
    pub security: ApSecurity,
    /// The passphrase, of WPA2 and WPA3.
    pub passphrase: Secret,
    /// Its BSSs.
    pub links: ApLinks,
    /// How many clients it takes.
    pub client_limit: u16,
    /// The groups for SAE and OWE.
    pub groups: Vec<Group>,
    /// From how many unfinished SAE exchanges on it asks for tokens.
    pub token_threshold: u16,
    /// Whether beacons are protected (BIGTK).
    pub beacon_protection: bool,
    /// Whether pairwise keys may alternate between two indices.
    pub extended_key_id: bool,
    /// Whether the operating channel is validated.
    pub operating_channel_validation: bool,
    /// The bitmap of the Transition Disable KDE, if it is sent.
    pub transition_disable: Option<u8>,
    /// The mobility domain, of a single BSS with a passphrase.
    pub mobility: Option<ApDomain>,
    /// Whether it shares the keys of SAE with the other access points of its network that do.
    pub shares_pmksas: bool,
    /// Of the two BSSs of an OWE transition, the other one: the hidden OWE BSS for the open one.
    pub owe_twin: Option<(MacAddr, Ssid)>,
    /// How strong the station hears it, in hundredths of a dBm.
    pub signal_mbm: i32,
    /// Its habits; those of other parts mean nothing to it.
    pub habits: Habits,
    /// What its random numbers come from.
    pub entropy: u64,
    /// Whether it tells what it does ([`ApOutput::Note`](crate::parts::ApOutput::Note)), which costs time.
    pub notes: bool,
}

impl ApSetup {
    /// The passphrase that a network has if nobody gives another.
    pub const PASSPHRASE: &'static [u8] = b"correct horse battery";

    /// An access point with nothing unusual about it.
    #[must_use]
    pub fn new(ssid: Ssid, security: ApSecurity, links: ApLinks) -> Self {
        Self {
            ssid,
            security,
            passphrase: Secret::new(Self::PASSPHRASE),
            links,
            client_limit: 16,
            groups: vec![Group::P256],
            token_threshold: 5,
            beacon_protection: false,
            extended_key_id: false,
            operating_channel_validation: false,
            transition_disable: None,
            mobility: None,
            shares_pmksas: false,
            owe_twin: None,
            signal_mbm: -5000,
            habits: Habits::NONE,
            entropy: 1,
            notes: false,
        }
    }

    /// The settings of its machine.
    pub(super) fn settings(&self) -> Setup {
        let mut akms = match self.security {
            ApSecurity::Open => vec![],
            ApSecurity::Wpa2 => vec![Akm::Psk],
            ApSecurity::Wpa3 => vec![Akm::Sae],
            ApSecurity::Wpa3ExtendedKey => vec![Akm::SaeExtKey, Akm::Sae],
            ApSecurity::Transition => vec![Akm::Psk, Akm::Sae],
            ApSecurity::Owe => vec![Akm::Owe],
        };
        if self.mobility.is_some() {
            let fast = akms.clone().into_iter().filter_map(|akm| match akm {
                Akm::Psk => Some(Akm::FtPsk),
                Akm::Sae => Some(Akm::FtSae),
                Akm::SaeExtKey => Some(Akm::FtSaeExtKey),
                _ => None,
            });
            akms.extend(fast.collect::<Vec<_>>());
        }
        let mobility = self.mobility.map(|domain| Member {
            domain: domain.id,
            over_ds: domain.over_ds,
            r0kh: self.links.address().to_string().into_bytes(),
            reassociation_deadline: REASSOCIATION_DEADLINE,
            key_lifetime: KEY_LIFETIME,
        });
        let security = (!akms.is_empty()).then(|| Security {
            groups: self.groups.clone(),
            token_threshold: usize::from(self.token_threshold),
            beacon_protection: self.beacon_protection,
            extended_key_id: self.extended_key_id,
            operating_channel_validation: self.operating_channel_validation,
            transition_disable: self.transition_disable,
            ..Security::new(akms).with_passphrase_by(pre_shared_key, &self.ssid, &self.passphrase)
        });
        let bss = |bss: &ApBss| Bss { bssid: bss.bssid, channel: ChannelDefinition::narrow(bss.frequency) };
        let structure = match &self.links {
            ApLinks::Single(single) => Structure::Single(bss(single)),
            ApLinks::Mld { address, links } => Structure::Mld {
                address: *address,
                links: links.iter().map(|(id, link)| (*id, bss(link))).collect(),
            },
        };
        Setup {
            hidden: self.habits.has(Habit::ApHidesName),
            owe_twin: self.owe_twin.clone(),
            client_limit: self.client_limit,
            radio: AccessPointRadio::simulated(),
            mobility,
            shares_pmksas: self.shares_pmksas,
            ..Setup::new(self.ssid.clone(), structure, security)
        }
    }
}

impl fmt::Debug for ApSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApSetup")
            .field("ssid", &self.ssid)
            .field("security", &self.security)
            .field("links", &self.links)
            .field("habits", &self.habits)
            .finish_non_exhaustive()
    }
}
