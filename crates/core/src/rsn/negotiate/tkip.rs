//! TKIP and the first WPA, which are broken: used where that is put up with, and where there is nothing better.

use super::{Capabilities, Offer, PAIRWISE, Policy, Unsuitable, allows};
use crate::{
    kernel::Band,
    rsn::{Plan, plan::Generation},
};
use lapwing_frames::{
    element::{Elements, wpa::Wpa},
    suite::{Akm, Cipher},
};

/// The best of these pairwise ciphers.
pub(super) fn choose_pairwise(capabilities: &Capabilities, offered: &[Cipher]) -> Result<Cipher, Unsuitable> {
    let usable = |cipher: &Cipher| offered.contains(cipher) && capabilities.ciphers.contains(cipher);
    match PAIRWISE.into_iter().find(usable) {
        Some(best) => Ok(best),
        None if !usable(&Cipher::Tkip) => Err(Unsuitable::PairwiseCipher(offered.to_vec())),
        None if capabilities.tkip => Ok(Cipher::Tkip),
        None => Err(Unsuitable::Tkip),
    }
}

/// A plan for the element of the first WPA, of an AP that has no RSNE.
pub(super) fn first_wpa(
    offer: &Offer<'_>,
    capabilities: &Capabilities,
    policy: &Policy,
) -> Result<Plan, Unsuitable> {
    // An AP that knows RSN overriding knows better, though it does not show it.
    if !capabilities.tkip || offer.advertised.has_overrides() {
        return Err(Unsuitable::FirstWpa);
    }
    let octets = offer.advertised.wpa.as_deref().unwrap_or_default();
    let wpa = Elements::new(octets).find::<Wpa>().map_err(Unsuitable::Malformed)?;
    let wpa = wpa.ok_or(Unsuitable::FirstWpa)?;
    if wpa.version != Wpa::VERSION {
        return Err(Unsuitable::Version(wpa.version));
    }
    let known = |cipher: &Cipher, named: Cipher| {
        capabilities.ciphers.contains(cipher) && cipher.of_first_wpa() == Some(named)
    };
    let ciphers = [Cipher::Ccmp128, Cipher::Tkip];
    let pairwise = ciphers.into_iter().find(|cipher| wpa.pairwise.iter().any(|named| known(cipher, *named)));
    let pairwise = pairwise.ok_or_else(|| Unsuitable::PairwiseCipher(wpa.pairwise.clone()))?;
    let group = ciphers.into_iter().find(|cipher| known(cipher, wpa.group));
    let group = group.ok_or(Unsuitable::GroupCipher(wpa.group))?;
    let none = || match policy {
        Policy::Open { .. } if wpa.akms.contains(&Akm::WpaPsk) => Unsuitable::SecretMissing,
        _ if wpa.akms.contains(&Akm::WpaPsk) => Unsuitable::NoCommonAkm(wpa.akms.clone()),
        _ if wpa.akms.contains(&Akm::Wpa8021x) => Unsuitable::Enterprise,
        _ => Unsuitable::NoCommonAkm(wpa.akms.clone()),
    };
    match *policy {
        Policy::Personal { transition_disabled: true, .. } => return Err(Unsuitable::TransitionDisabled),
        Policy::Personal { psk: true, .. } if wpa.akms.contains(&Akm::WpaPsk) => {}
        Policy::Personal { .. } | Policy::Open { .. } => return Err(none()),
    }
    // 6 GHz and multi-link operation do not know it.
    if offer.multi_link || offer.band == Some(Band::Band6) || !allows(capabilities, Akm::Psk) {
        return Err(none());
    }
    Ok(Plan::bare(Generation::FirstWpa, pairwise, group))
}
