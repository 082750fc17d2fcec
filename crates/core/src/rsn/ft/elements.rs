//! The elements of the exchange: made by one side, and read by the other.

use super::{TransitionFailure as Failure, holders};
use crate::{
    Secret,
    crypto::{
        ft::{Covered, Message},
        keys::{KeySchedule, Pmkid, Ptk},
        keywrap,
    },
};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::{
        Element, Elements, FastTransition, MobilityDomain, Rsn, Rsnx,
        ft::{FtControl, FtMic, FtSubelement},
    },
};

/// RSNE, Mobility Domain and Fast BSS Transition are always protected.
const ALWAYS_COVERED: u8 = 3;

/// An element, whole.
pub(crate) fn whole(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}

/// An RSNE that names one key: a list of others gives way.
pub(crate) fn with_name(rsne: &[u8], name: Pmkid) -> Option<Vec<u8>> {
    let mut rsn = Elements::new(rsne).find::<Rsn>().ok()??;
    rsn.set_pmkids(vec![name.0]);
    Some(whole(&rsn))
}

/// Whether an RSNE is that of the beacons but for the key that it names, and which that is.
pub(crate) fn names(beacon: Option<&[u8]>, told: Option<&[u8]>) -> Result<Pmkid, Failure> {
    let told = told.ok_or(Failure::Rsne)?;
    let rsn = Elements::new(told).find::<Rsn>().ok().flatten().ok_or(Failure::Rsne)?;
    let [name] = rsn.pmkids() else { return Err(Failure::KeyName) };
    let same = beacon.and_then(|beacon| with_name(beacon, Pmkid(*name))).is_some_and(|same| same == told);
    if same { Ok(Pmkid(*name)) } else { Err(Failure::Rsne) }
}

/// An integrity code of zeros, as long as it will be.
pub(super) fn no_mic(schedule: &KeySchedule) -> FtMic {
    match schedule.mic_length() {
        24 => FtMic::Octets24([0; 24]),
        32 => FtMic::Octets32([0; 32]),
        _ => FtMic::Octets16([0; 16]),
    }
}

fn as_mic(octets: &[u8]) -> Option<FtMic> {
    Some(match octets.len() {
        16 => FtMic::Octets16(octets.try_into().ok()?),
        24 => FtMic::Octets24(octets.try_into().ok()?),
        32 => FtMic::Octets32(octets.try_into().ok()?),
        _ => return None,
    })
}

/// A Fast BSS Transition element without an integrity code.
pub(super) fn bare(
    schedule: &KeySchedule,
    (anonce, snonce): ([u8; 32], [u8; 32]),
    subelements: Vec<FtSubelement>,
) -> FastTransition {
    FastTransition {
        control: FtControl::default(),
        element_count: 0,
        mic: no_mic(schedule),
        anonce,
        snonce,
        subelements,
    }
}

/// Two sides and what they have agreed on: what the frames of a reassociation are protected by.
pub(super) struct Sealed<'a> {
    pub(super) station: MacAddr,
    pub(super) ap: MacAddr,
    pub(super) ptk: &'a Ptk,
    pub(super) message: Message,
}

impl Sealed<'_> {
    /// The elements of a reassociation frame with the integrity code: RSNE, Mobility Domain, Fast BSS Transition and
    /// RSNXE.
    pub(super) fn seal(
        &self,
        rsne: &[u8],
        mobility_domain: &[u8],
        mut element: FastTransition,
        rsnxe: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        element.mic = element.mic.zeroed();
        element.element_count = ALWAYS_COVERED + u8::from(rsnxe.is_some());
        if rsnxe.is_some() {
            element.control = FtControl::RSNXE_USED;
        }
        let rsnxe = rsnxe.unwrap_or_default();
        let mic = self.mic(rsne, mobility_domain, &whole(&element), rsnxe)?;
        element.mic = as_mic(mic.octets())?;
        Some([rsne, mobility_domain, &whole(&element), rsnxe].concat())
    }

    fn mic(
        &self,
        rsne: &[u8],
        mobility_domain: &[u8],
        fast_transition: &[u8],
        rsnxe: &[u8],
    ) -> Option<crate::crypto::mic::Mic> {
        let covered = Covered {
            station: self.station,
            ap: self.ap,
            message: self.message,
            rsne,
            mobility_domain,
            fast_transition,
            resources: &[],
            rsnxe,
        };
        covered.mic(&self.ptk.schedule, &self.ptk.kck)
    }

    /// Checks the integrity code of a frame.
    pub(super) fn verify(&self, read: &Read<'_>) -> Result<(), Failure> {
        let rsnxe = read.rsnxe.unwrap_or_default();
        if read.element.element_count != ALWAYS_COVERED + u8::from(read.rsnxe.is_some()) {
            return Err(Failure::Count);
        }
        let mut zeroed = read.element.clone();
        zeroed.mic = zeroed.mic.zeroed();
        let computed = self.mic(read.rsne, read.mobility_domain, &whole(&zeroed), rsnxe);
        match computed {
            Some(mic) if mic.matches(read.element.mic.octets()) => Ok(()),
            _ => Err(Failure::Mic),
        }
    }
}

/// The elements of a frame of the exchange.
pub(super) struct Read<'a> {
    pub(super) rsne: &'a [u8],
    pub(super) mobility_domain: &'a [u8],
    pub(super) domain: [u8; 2],
    pub(super) element: FastTransition,
    pub(super) rsnxe: Option<&'a [u8]>,
    pub(super) r0kh: Option<Vec<u8>>,
    pub(super) r1kh: Option<MacAddr>,
}

impl<'a> Read<'a> {
    pub(super) fn of(elements: Elements<'a>) -> Result<Self, Failure> {
        let mobility_domain = elements.find_raw::<MobilityDomain>().ok_or(Failure::MobilityDomain)?;
        let domain = mobility_domain.parse_as::<MobilityDomain>().and_then(Result::ok);
        let raw = elements.find_raw::<FastTransition>().ok_or(Failure::Element)?;
        let element = raw.parse_as::<FastTransition>().and_then(Result::ok).ok_or(Failure::Element)?;
        // What was not understood would not be under the integrity code.
        if whole(&element) != raw.octets {
            return Err(Failure::Element);
        }
        let (r0kh, r1kh) = holders(&element);
        Ok(Self {
            rsne: elements.find_raw::<Rsn>().ok_or(Failure::Rsne)?.octets,
            mobility_domain: mobility_domain.octets,
            domain: domain.ok_or(Failure::MobilityDomain)?.id,
            element,
            rsnxe: elements.find_raw::<Rsnx>().map(|element| element.octets),
            r0kh,
            r1kh,
        })
    }
}

/// Wraps a group key: padded to what can be wrapped.
pub(super) fn wrap(kek: &Secret, key: &Secret) -> Option<Vec<u8>> {
    let mut plain = key.expose().to_vec();
    let length = plain.len().next_multiple_of(8).max(16);
    if plain.len() < length {
        plain.push(0xdd);
        plain.resize(length, 0);
    }
    let wrapped = keywrap::wrap(kek.expose(), &plain);
    zeroize::Zeroize::zeroize(&mut plain);
    wrapped
}

/// Unwraps a group key of so many octets.
pub(super) fn unwrap(kek: &Secret, wrapped: &[u8], length: u8) -> Result<Secret, Failure> {
    let plain = keywrap::unwrap(kek.expose(), wrapped).ok_or(Failure::KeyUnwrap)?;
    plain.expose().get(..usize::from(length)).map(Secret::new).ok_or(Failure::KeyUnwrap)
}
