//! Negotiation: what the AP offers, what the radio can do and what the user allows, made into a plan.

mod tkip;

use super::{
    Advertised, Plan,
    plan::{Generation, SaeMethod},
};
use crate::{
    Secret,
    curve::Group,
    kernel::Band,
    network::{Credentials, Network, TransitionDisable},
    radio::{Radio, RadioKind},
};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{
    ParseError,
    element::{
        Elements, MobilityDomain,
        rsn::{Rsn, RsnCapabilities, RsnChoice},
        rsnx::{Rsnx, RsnxCapability},
    },
    suite::{Akm, Cipher},
};

/// What the AP is.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Its security elements.
    pub advertised: &'a Advertised,
    /// The Privacy bit of its capability information: without any of those elements, it means WEP.
    pub privacy: bool,
    /// The band; none if it is one that Lapwing does not know.
    pub band: Option<Band>,
    /// Whether to associate with it as a multi-link device.
    pub multi_link: bool,
}

/// What our side can do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// The ciphers.
    pub ciphers: Vec<Cipher>,
    /// The AKMs that the driver restricts itself to, if it says so.
    pub akms: Option<Vec<Akm>>,
    /// Whether SAE can be done.
    pub sae: bool,
    /// Whether beacons can be verified.
    pub beacon_protection: bool,
    /// Whether pairwise keys can use the indices 0 and 1.
    pub extended_key_id: bool,
    /// Whether the operating channel can be validated.
    pub operating_channel_validation: bool,
    /// Whether RSN overriding is used where it is offered.
    pub overriding: bool,
    /// Whether fast BSS transition can be done.
    pub fast_transition: bool,
    /// Whether TKIP and the first WPA, which are broken, are put up with.
    pub tkip: bool,
}

impl Capabilities {
    /// Those of a radio.
    #[must_use]
    pub fn of(radio: &Radio) -> Self {
        Self {
            ciphers: radio.ciphers.clone(),
            akms: radio.akms.clone(),
            sae: match radio.kind {
                RadioKind::SoftMac => radio.sae,
                RadioKind::FullMacExternalSae | RadioKind::FullMacSaeOffload => true,
                RadioKind::FullMac => false,
            },
            beacon_protection: radio.beacon_protection,
            extended_key_id: radio.extended_key_id,
            operating_channel_validation: radio.operating_channel_validation,
            overriding: true,
            // Nothing in nl80211 tells of a firmware whether it takes the frames of it from us.
            fast_transition: radio.kind == RadioKind::SoftMac,
            tkip: false,
        }
    }
}

/// What the user has and allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// No secret.
    Open {
        /// Whether an open network is refused and only OWE is taken.
        owe_only: bool,
    },
    /// A secret that a person can remember.
    Personal {
        /// Whether WPA2-Personal is allowed: there is a key for it, and nothing forbids it.
        psk: bool,
        /// Whether SAE is possible: there is a password for it.
        sae: bool,
        /// Whether only hash-to-element is possible: there is an SAE password identifier, or the password
        /// itself is not known.
        hash_to_element_only: bool,
        /// Whether WPA2-Personal was forbidden by the AP (Transition Disable) and PMF is required.
        transition_disabled: bool,
    },
}

impl Policy {
    /// That of a network.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let disabled = network.transition_disable;
        match &network.credentials {
            Credentials::Open => Self::Open { owe_only: disabled.has(TransitionDisable::ENHANCED_OPEN) },
            Credentials::Personal(personal) => {
                let passphrase = personal.passphrase.as_ref().map(Secret::len);
                let transition_disabled = disabled.has(TransitionDisable::WPA3_PERSONAL);
                Self::Personal {
                    psk: personal.psk.is_some()
                        || passphrase.is_some_and(|length| (8..=63).contains(&length)),
                    sae: passphrase.is_some() || has_element(&personal.password_elements),
                    hash_to_element_only: personal.password_identifier.is_some() || passphrase.is_none(),
                    transition_disabled,
                }
            }
        }
    }
}

/// Whether there is an element of a group that SAE can use.
fn has_element(elements: &[(u16, Secret)]) -> bool {
    elements.iter().any(|(group, _)| Group::from_number(*group).is_some())
}

/// Why an AP cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unsuitable {
    /// An element of it cannot be read.
    Malformed(ParseError),
    /// Its RSNE is of a version that does not exist yet.
    Version(u16),
    /// It only has WEP.
    Wep,
    /// It only has the first WPA, which is not allowed.
    FirstWpa,
    /// It protects frames by TKIP, which is not allowed: all of them, or those to everybody.
    Tkip,
    /// It is open, but the network has a secret: perhaps an impostor.
    Unprotected,
    /// It is open, and only encrypted networks are allowed.
    OpenForbidden,
    /// It wants a secret, but the network has none.
    SecretMissing,
    /// It wants a user's identity (802.1X).
    Enterprise,
    /// It has none of the AKMs that the secret is good for.
    NoCommonAkm(Vec<Akm>),
    /// It only has WPA2-Personal, which it had forbidden for good (Transition Disable).
    TransitionDisabled,
    /// It wants SAE, which the radio cannot do.
    SaeUnsupported,
    /// It wants SAE, and the secret is a key of WPA2 instead of a passphrase.
    PassphraseMissing,
    /// It has no hash-to-element, which 6 GHz, multi-link operation and password identifiers need.
    HashToElementMissing,
    /// None of its pairwise ciphers is one that can be used.
    PairwiseCipher(Vec<Cipher>),
    /// Its group cipher cannot be used.
    GroupCipher(Cipher),
    /// Its cipher for group management frames cannot be used, and protection is required.
    GroupManagementCipher(Cipher),
    /// It does not protect management frames, which is required here.
    NoManagementFrameProtection,
    /// It requires protected management frames without being capable of them.
    Contradiction,
}

impl fmt::Display for Unsuitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, what: &str, items: &[impl fmt::Display]) -> fmt::Result {
            f.write_str(what)?;
            items.iter().try_for_each(|item| write!(f, " {item}"))
        }
        match self {
            Self::Malformed(error) => write!(f, "its security cannot be read: {error}"),
            Self::Version(version) => write!(f, "its RSNE is of version {version}"),
            Self::Wep => f.write_str("it has nothing better than WEP"),
            Self::FirstWpa => f.write_str(
                "it has nothing better than the first WPA, which is broken and only joined with AllowTkip=true in main.conf",
            ),
            Self::Tkip => f.write_str(
                "it protects frames by TKIP, which is broken and only used with AllowTkip=true in main.conf",
            ),
            Self::Unprotected => f.write_str("it is open, though the network has a secret"),
            Self::OpenForbidden => f.write_str("it is open, and only encryption is allowed"),
            Self::SecretMissing => f.write_str("it wants a passphrase"),
            Self::Enterprise => f.write_str("it wants a user's identity (802.1X)"),
            Self::NoCommonAkm(akms) => list(f, "it only authenticates by", akms),
            Self::TransitionDisabled => {
                f.write_str("it only has WPA2, though the network announced WPA3 for good")
            }
            Self::SaeUnsupported => f.write_str("it wants SAE, which the radio cannot do"),
            Self::PassphraseMissing => f.write_str("it wants SAE, for which the passphrase itself is needed"),
            Self::HashToElementMissing => f.write_str("it lacks hash-to-element, which is needed here"),
            Self::PairwiseCipher(ciphers) => list(f, "it only has the pairwise ciphers", ciphers),
            Self::GroupCipher(cipher) => write!(f, "its group cipher is {cipher}"),
            Self::GroupManagementCipher(cipher) => {
                write!(f, "its cipher for management frames is {cipher}, which the radio cannot do")
            }
            Self::NoManagementFrameProtection => {
                f.write_str("it does not protect management frames, which is needed here")
            }
            Self::Contradiction => {
                f.write_str("it requires protected management frames without being capable of them")
            }
        }
    }
}

impl core::error::Error for Unsuitable {}

/// What to do with an AP that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    /// It is open: no keys.
    Open,
    /// It is protected, in this way.
    Protected(Plan),
}

/// AKMs from best to worst, for networks with a secret.
const PERSONAL: [Akm; 7] =
    [Akm::FtSaeExtKey, Akm::SaeExtKey, Akm::FtSae, Akm::Sae, Akm::FtPsk, Akm::PskSha256, Akm::Psk];
/// Pairwise ciphers from best to worst. WEP is not among them and never will be; TKIP comes after them, where it is
/// allowed.
pub(crate) const PAIRWISE: [Cipher; 4] = [Cipher::Gcmp256, Cipher::Ccmp256, Cipher::Gcmp128, Cipher::Ccmp128];

/// Decides how to join an AP, or why not.
///
/// Where the AP has several RSN elements (RSN overriding), the first that suits is taken, from the one for
/// the newest stations to the plain one.
///
/// # Errors
/// The reason, which is that of the plain RSNE if there are several.
pub fn negotiate(
    offer: &Offer<'_>,
    capabilities: &Capabilities,
    policy: &Policy,
) -> Result<Security, Unsuitable> {
    let advertised = offer.advertised;
    let mut why = None;
    for choice in [RsnChoice::Override2, RsnChoice::Override, RsnChoice::Rsn] {
        let skipped = match choice {
            RsnChoice::Override2 => !capabilities.overriding || !offer.multi_link,
            RsnChoice::Override => !capabilities.overriding,
            _ => false,
        };
        let Some(parsed) = (!skipped).then(|| advertised.rsn(choice)).flatten() else { continue };
        let plan = parsed
            .map_err(Unsuitable::Malformed)
            .and_then(|(rsn, rsnx)| plan(offer, capabilities, policy, &rsn, rsnx.as_ref()));
        match plan {
            Ok(mut plan) => {
                plan.overriding = capabilities.overriding;
                plan.selection = (capabilities.overriding && advertised.has_overrides()).then_some(choice);
                return Ok(Security::Protected(plan));
            }
            Err(error) => why = Some(error),
        }
    }
    match (why, policy) {
        (Some(why), _) => Err(why),
        (None, _) if advertised.wpa.is_some() => {
            tkip::first_wpa(offer, capabilities, policy).map(Security::Protected)
        }
        (None, _) if offer.privacy => Err(Unsuitable::Wep),
        (None, Policy::Personal { .. }) => Err(Unsuitable::Unprotected),
        (None, Policy::Open { owe_only }) => {
            // 6 GHz and multi-link operation know no open networks.
            let encrypted = *owe_only || offer.multi_link || offer.band == Some(Band::Band6);
            if encrypted { Err(Unsuitable::OpenForbidden) } else { Ok(Security::Open) }
        }
    }
}

/// A plan for one RSN element.
fn plan(
    offer: &Offer<'_>,
    capabilities: &Capabilities,
    policy: &Policy,
    rsn: &Rsn,
    rsnx: Option<&Rsnx>,
) -> Result<Plan, Unsuitable> {
    if rsn.version() != Rsn::VERSION {
        return Err(Unsuitable::Version(rsn.version()));
    }
    let has = |bit| rsn.capabilities().contains(bit);
    if has(RsnCapabilities::MFPR) && !has(RsnCapabilities::MFPC) {
        return Err(Unsuitable::Contradiction);
    }
    let modern = offer.multi_link || offer.band == Some(Band::Band6);
    let known = |cipher| capabilities.ciphers.contains(&cipher);
    let pairwise = tkip::choose_pairwise(capabilities, rsn.pairwise())?;
    let group = rsn.group();
    match group {
        Cipher::GroupNotAllowed => {}
        Cipher::Tkip if known(group) && !capabilities.tkip => return Err(Unsuitable::Tkip),
        // 6 GHz and multi-link operation do not know it.
        Cipher::Tkip if known(group) && !modern => {}
        _ if PAIRWISE.contains(&group) && known(group) => {}
        _ => return Err(Unsuitable::GroupCipher(group)),
    }
    // With TKIP there are no protected management frames, and with that neither SAE nor OWE.
    let weak = [pairwise, group].contains(&Cipher::Tkip);
    let offered = rsn.group_management().filter(|_| has(RsnCapabilities::MFPC) && !weak);
    let group_management = offered.filter(|cipher| cipher.is_bip() && known(*cipher));
    let protection_needed = || match offered {
        Some(cipher) => Unsuitable::GroupManagementCipher(cipher),
        None => Unsuitable::NoManagementFrameProtection,
    };
    // An AP MLD is entered the full way.
    let domain =
        advertised_domain(offer.advertised).filter(|_| capabilities.fast_transition && !offer.multi_link);
    let extras = Extras {
        rsnx,
        modern,
        protected: group_management.is_some(),
        domain: domain.is_some(),
        tkip: pairwise == Cipher::Tkip,
        weak,
    };
    let (akm, sae) = choose_akm(capabilities, policy, rsn, &extras).map_err(|why| {
        if why == Unsuitable::NoManagementFrameProtection { protection_needed() } else { why }
    })?;
    if group_management.is_none() && (modern || has(RsnCapabilities::MFPR)) {
        return Err(protection_needed());
    }
    let protected = group_management.is_some();
    let has_extension = |capability| rsnx.is_some_and(|rsnx| rsnx.has(capability));
    Ok(Plan {
        generation: Generation::Rsn,
        akm,
        pairwise,
        group,
        group_management,
        beacon_protection: protected && capabilities.beacon_protection,
        operating_channel_validation: protected
            && !akm.is_ft()
            && capabilities.operating_channel_validation
            && has(RsnCapabilities::OCVC),
        extended_key_id: capabilities.extended_key_id && has(RsnCapabilities::EXTENDED_KEY_ID),
        ssid_protection: has_extension(RsnxCapability::SsidProtection),
        sae,
        overriding: false,
        selection: None,
        pmkids: Vec::new(),
        mobility_domain: domain.filter(|_| akm.is_ft()),
        sent: None,
    })
}

/// Whether the driver allows an AKM.
fn allows(capabilities: &Capabilities, akm: Akm) -> bool {
    capabilities.akms.as_ref().is_none_or(|akms| akms.contains(&akm))
}

/// The mobility domain that an AP says to be in.
fn advertised_domain(advertised: &Advertised) -> Option<(Vec<u8>, MobilityDomain)> {
    let octets = advertised.mobility_domain.as_ref()?;
    let domain = Elements::new(octets).find::<MobilityDomain>().ok()??;
    Some((octets.clone(), domain))
}

/// What counts beside the AKMs of both sides.
struct Extras<'a> {
    rsnx: Option<&'a Rsnx>,
    /// 6 GHz or multi-link operation.
    modern: bool,
    /// Management frames can be protected.
    protected: bool,
    /// The AP is in a mobility domain, and we can do fast transitions.
    domain: bool,
    /// The pairwise cipher is TKIP, with which nothing goes that is newer than it.
    tkip: bool,
    /// Some cipher is TKIP.
    weak: bool,
}

/// The best AKM that both sides can, and how SAE is done with it.
fn choose_akm(
    capabilities: &Capabilities,
    policy: &Policy,
    rsn: &Rsn,
    &Extras { rsnx, modern, protected, domain, tkip, weak }: &Extras<'_>,
) -> Result<(Akm, Option<SaeMethod>), Unsuitable> {
    let offers = |akm: Akm| {
        rsn.akms().contains(&akm)
            && allows(capabilities, akm)
            && (domain || !akm.is_ft())
            && (!tkip || akm == Akm::Psk)
    };
    let none = || Err(nothing_common(rsn.akms(), policy));
    let (psk, sae, only, disabled) = match *policy {
        Policy::Open { .. } if !offers(Akm::Owe) => return none(),
        Policy::Open { .. } if weak => return Err(Unsuitable::Tkip),
        // It should protect management frames too. But to refuse it would leave no more than an open network.
        Policy::Open { .. } => return Ok((Akm::Owe, None)),
        Policy::Personal { psk, sae, hash_to_element_only, transition_disabled } => {
            (psk, sae, hash_to_element_only, transition_disabled)
        }
    };
    // The reason is that of the best AKM that the AP offers.
    let mut why = None;
    for akm in PERSONAL.into_iter().filter(|akm| offers(*akm)) {
        let method = match akm {
            Akm::SaeExtKey | Akm::FtSaeExtKey => SaeMethod::HashToElement,
            _ if rsnx.is_some_and(|rsnx| rsnx.has(RsnxCapability::SaeH2e)) => SaeMethod::HashToElement,
            _ => SaeMethod::HuntingAndPecking,
        };
        let obstacle = if akm.is_sae() {
            match method {
                _ if !sae => Some(Unsuitable::PassphraseMissing),
                _ if !capabilities.sae => Some(Unsuitable::SaeUnsupported),
                // WPA3 requires it, and without it SAE's gain is small.
                _ if !protected => Some(Unsuitable::NoManagementFrameProtection),
                SaeMethod::HuntingAndPecking if modern || only => Some(Unsuitable::HashToElementMissing),
                _ => None,
            }
        } else {
            match () {
                () if disabled => Some(Unsuitable::TransitionDisabled),
                // Neither 6 GHz nor multi-link operation allow WPA2.
                () if modern || !psk => Some(nothing_common(rsn.akms(), policy)),
                () => None,
            }
        };
        match obstacle {
            None => return Ok((akm, akm.is_sae().then_some(method))),
            Some(obstacle) => why = why.or(Some(obstacle)),
        }
    }
    why.map_or_else(none, Err)
}

/// Why none of the AP's AKMs can be used.
fn nothing_common(akms: &[Akm], policy: &Policy) -> Unsuitable {
    let personal = akms.iter().any(|akm| akm.is_sae() || akm.is_psk());
    let enterprise = [
        Akm::Ieee8021x,
        Akm::Ieee8021xSha256,
        Akm::Ieee8021xSha384,
        Akm::Ft8021x,
        Akm::Ft8021xSha384,
        Akm::SuiteB,
        Akm::SuiteB192,
        Akm::FilsSha256,
        Akm::FilsSha384,
    ];
    match policy {
        Policy::Open { .. } if personal => Unsuitable::SecretMissing,
        _ if !personal && akms.iter().any(|akm| enterprise.contains(akm)) => Unsuitable::Enterprise,
        _ => Unsuitable::NoCommonAkm(akms.to_vec()),
    }
}
