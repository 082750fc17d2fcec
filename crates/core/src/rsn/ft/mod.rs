//! Fast BSS transition (802.11-2020 clause 13): the keys of a mobility domain, and the exchange by which a station
//! goes from one AP of it to another without a handshake.
//!
//! A station that associates with a mobility domain for the first time ([`Membership`]) makes a [`Hierarchy`] of its
//! PMK in the 4-way handshake. With that, a [`Transition`] leads to another AP of the domain: four frames, of which
//! the last two are the reassociation and bring the keys. [`grant`](authenticator) is the AP's side.
//!
//! Operating channel validation is not negotiated together with it: the request would have to name a channel on
//! which the kernel is not yet.

pub mod authenticator;
mod elements;
mod failure;
mod station;

pub(super) use elements::{names, with_name};
pub use failure::TransitionFailure;
pub use station::{Finished, Setup, Transition};

use crate::{
    crypto::{
        ft::{Holder, PmkR0, PmkR1},
        keys::Pmk,
    },
    time::Duration,
};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Elements, FastTransition, MobilityDomain, ft::FtSubelement},
    suite::Akm,
};

/// What the response of an AP says about its mobility domain: message 2 and 3 must repeat it octet for octet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The domain.
    pub domain: [u8; 2],
    /// The holder of PMK-R0.
    pub r0kh: Vec<u8>,
    /// The holder of PMK-R1: the AP by its name in the domain.
    pub r1kh: MacAddr,
    /// The Mobility Domain element, whole.
    pub mobility_domain: Vec<u8>,
    /// The Fast BSS Transition element, whole.
    pub fast_transition: Vec<u8>,
}

impl Membership {
    /// Reads the elements of a (Re)Association Response; `announced` is the Mobility Domain element of the beacons.
    ///
    /// # Errors
    /// What is missing, or differs.
    pub fn of_response(elements: Elements<'_>, announced: &[u8]) -> Result<Self, TransitionFailure> {
        let mobility_domain =
            elements.find_raw::<MobilityDomain>().ok_or(TransitionFailure::MobilityDomain)?;
        if mobility_domain.octets != announced {
            return Err(TransitionFailure::MobilityDomain);
        }
        let parsed = mobility_domain.parse_as::<MobilityDomain>().and_then(Result::ok);
        let domain = parsed.ok_or(TransitionFailure::MobilityDomain)?.id;
        let raw = elements.find_raw::<FastTransition>().ok_or(TransitionFailure::Element)?;
        let element = raw.parse_as::<FastTransition>().and_then(Result::ok);
        let element = element.ok_or(TransitionFailure::Element)?;
        let (r0kh, r1kh) = holders(&element);
        Ok(Self {
            domain,
            r0kh: r0kh.ok_or(TransitionFailure::R0Holder)?,
            r1kh: r1kh.ok_or(TransitionFailure::R1Holder)?,
            mobility_domain: mobility_domain.octets.to_vec(),
            fast_transition: raw.octets.to_vec(),
        })
    }
}

/// The holders of keys that a Fast BSS Transition element names.
fn holders(element: &FastTransition) -> (Option<Vec<u8>>, Option<MacAddr>) {
    let r0kh = element.subelements.iter().find_map(|subelement| match subelement {
        FtSubelement::R0kh(name) => Some(name.clone()),
        _ => None,
    });
    let r1kh = element.subelements.iter().find_map(|subelement| match subelement {
        FtSubelement::R1kh(name) => Some(MacAddr(*name)),
        _ => None,
    });
    (r0kh, r1kh)
}

/// The key of a mobility domain that a station has from its first association there until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hierarchy {
    holder: Holder,
    r0: PmkR0,
    /// How long it is good for, from the handshake on, if the AP has said so.
    pub lifetime: Option<Duration>,
    /// How long after the answer of an AP the reassociation may come, if the AP has said so.
    pub reassociation_deadline: Option<Duration>,
}

impl Hierarchy {
    /// Derives it from the pre-shared key, or from the PMK of SAE.
    #[must_use]
    pub fn new(akm: Akm, key: &Pmk, ssid: &Ssid, membership: &Membership, station: MacAddr) -> Option<Self> {
        let (ssid, r0kh) = (ssid.clone(), membership.r0kh.clone());
        let holder = Holder { ssid, domain: membership.domain, r0kh, station };
        let r0 = PmkR0::derive(akm, key, &holder)?;
        Some(Self { holder, r0, lifetime: None, reassociation_deadline: None })
    }

    /// The AKM.
    #[must_use]
    pub const fn akm(&self) -> Akm {
        self.r0.akm()
    }

    /// Whose it is, and where.
    #[must_use]
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The root key.
    #[must_use]
    pub const fn root(&self) -> &PmkR0 {
        &self.r0
    }

    /// The key for one AP of the domain.
    #[must_use]
    pub fn key_for(&self, r1kh: MacAddr) -> Option<PmkR1> {
        self.r0.for_holder(r1kh, self.holder.station)
    }
}
