//! The AP's side of the exchange.

use super::{
    Hierarchy, Membership,
    elements::{Read, Sealed, bare, whole, with_name, wrap},
};
use crate::{
    Entropy,
    crypto::{
        ft::{Message, PmkR1},
        keys::{KeySchedule, Pmkid, Ptk, PtkInput},
    },
    entropy::random,
    kernel::{KeyKind, KeyRequest},
    rsn::Advertised,
};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::{
        Elements, FastTransition, MobilityDomain, Rsn, TimeoutInterval, TimeoutKind,
        ft::{FtCapabilities, FtGtk, FtIgtk, FtSubelement},
    },
    management::StatusCode,
    suite::{Akm, Cipher},
};

/// An AP of a mobility domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// The domain.
    pub domain: [u8; 2],
    /// Whether stations may ask for a transition by way of another AP.
    pub over_ds: bool,
    /// Our name as a holder of PMK-R0, 1 to 48 octets.
    pub r0kh: Vec<u8>,
    /// How long after our answer the reassociation may come, in TU of 1,024 µs.
    pub reassociation_deadline: u32,
    /// How long the keys of the domain are good for, in seconds.
    pub key_lifetime: u32,
}

impl Member {
    /// The Mobility Domain element, whole.
    #[must_use]
    pub fn mobility_domain(&self) -> Vec<u8> {
        let capabilities = if self.over_ds { FtCapabilities::OVER_DS } else { FtCapabilities::default() };
        whole(&MobilityDomain { id: self.domain, capabilities, tail: Vec::new() })
    }

    /// What message 3 says of the time, in Timeout Interval elements.
    pub(in crate::rsn) fn timeouts(&self) -> Vec<u8> {
        let deadline = (TimeoutKind::ReassociationDeadline, self.reassociation_deadline);
        let lifetime = (TimeoutKind::KeyLifetime, self.key_lifetime);
        let element = |(kind, value)| whole(&TimeoutInterval { kind, value, tail: Vec::new() });
        [element(deadline), element(lifetime)].concat()
    }

    /// What the response to a first association says, by this AKM with a PMK of so many octets; we are known by this
    /// address.
    #[must_use]
    pub fn membership(&self, own: MacAddr, akm: Akm, pmk_length: usize) -> Option<Membership> {
        let schedule = KeySchedule::of(akm, pmk_length)?;
        let holders = vec![FtSubelement::R1kh(own.0), FtSubelement::R0kh(self.r0kh.clone())];
        Some(Membership {
            domain: self.domain,
            r0kh: self.r0kh.clone(),
            r1kh: own,
            mobility_domain: self.mobility_domain(),
            fast_transition: whole(&bare(&schedule, ([0; 32], [0; 32]), holders)),
        })
    }
}

/// What a station asks for in its first frame.
pub struct Asked {
    /// The name of the root key that it has.
    pub name: Pmkid,
    /// The holder of it.
    pub r0kh: Vec<u8>,
    akm: Akm,
    pairwise: Cipher,
    snonce: [u8; 32],
}

impl Asked {
    /// Reads the first frame.
    ///
    /// # Errors
    /// The status to refuse with.
    pub fn read(member: &Member, octets: &[u8]) -> Result<Self, StatusCode> {
        let elements = Elements::new(octets);
        match elements.find::<MobilityDomain>() {
            Ok(Some(domain)) if domain.id == member.domain => {}
            _ => return Err(StatusCode::InvalidMde),
        }
        let Ok(Some(element)) = elements.find::<FastTransition>() else { return Err(StatusCode::InvalidFte) };
        let r0kh = super::holders(&element).0.ok_or(StatusCode::InvalidFte)?;
        let Ok(Some(rsn)) = elements.find::<Rsn>() else { return Err(StatusCode::InvalidElement) };
        let [name] = rsn.pmkids() else { return Err(StatusCode::InvalidPmkid) };
        let ([akm], [pairwise]) = (rsn.akms(), rsn.pairwise()) else { return Err(StatusCode::InvalidAkm) };
        Ok(Self { name: Pmkid(*name), r0kh, akm: *akm, pairwise: *pairwise, snonce: element.snonce })
    }
}

/// An exchange that was agreed to: what the reassociation has to show.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Offer {
    hierarchy: Hierarchy,
    key: PmkR1,
    own: MacAddr,
    station: MacAddr,
    nonces: ([u8; 32], [u8; 32]),
    ptk: Ptk,
    mobility_domain: Vec<u8>,
}

/// A reassociation by a transition, granted.
pub struct Granted {
    /// The elements of the response: RSNE, Mobility Domain, Fast BSS Transition, RSNXE.
    pub elements: Vec<u8>,
    /// What a later handshake has to repeat.
    pub membership: Membership,
    /// The keys.
    pub ptk: Ptk,
    /// Where they are from.
    pub hierarchy: Hierarchy,
}

impl Offer {
    /// Agrees to a transition of a station whose keys we have: the exchange, and the elements of the answer.
    ///
    /// # Errors
    /// The status to refuse with.
    pub fn make(
        member: &Member,
        (own, station): (MacAddr, MacAddr),
        asked: &Asked,
        hierarchy: Hierarchy,
        advertised: &Advertised,
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<(Self, Vec<u8>), StatusCode> {
        if hierarchy.root().name() != asked.name || hierarchy.akm() != asked.akm {
            return Err(StatusCode::InvalidPmkid);
        }
        if hierarchy.holder().r0kh != asked.r0kh {
            return Err(StatusCode::R0khUnreachable);
        }
        let anonce = random(entropy);
        let key = hierarchy.key_for(own).ok_or(StatusCode::InvalidAkm)?;
        let input = PtkInput { authenticator: own, supplicant: station, anonce, snonce: asked.snonce };
        let ptk = Ptk::derive(asked.akm, &key.key, asked.pairwise, &input, false);
        let ptk = ptk.ok_or(StatusCode::InvalidPairwiseCipher)?;
        let rsne = advertised.rsne.as_deref().and_then(|rsne| with_name(rsne, asked.name));
        let mut elements = rsne.ok_or(StatusCode::InvalidElement)?;
        let mobility_domain = member.mobility_domain();
        elements.extend_from_slice(&mobility_domain);
        let holders = vec![FtSubelement::R1kh(own.0), FtSubelement::R0kh(asked.r0kh.clone())];
        let nonces = (anonce, asked.snonce);
        elements.extend(whole(&bare(&ptk.schedule, nonces, holders)));
        Ok((Self { hierarchy, key, own, station, nonces, ptk, mobility_domain }, elements))
    }

    /// The name of the key that the exchange is about (PMKR1Name).
    #[must_use]
    pub const fn name(&self) -> Pmkid {
        self.key.name
    }

    /// The pairwise cipher and AKM follow the first frame: checks the reassociation request, and grants it with the
    /// group keys.
    ///
    /// # Errors
    /// The status to refuse with.
    pub fn grant(
        &self,
        octets: &[u8],
        advertised: &Advertised,
        group_keys: &[KeyRequest],
    ) -> Result<Granted, StatusCode> {
        let elements = Elements::new(octets);
        let read = Read::of(elements).map_err(|_| StatusCode::InvalidFte)?;
        if read.domain != self.hierarchy.holder().domain {
            return Err(StatusCode::InvalidMde);
        }
        let Ok(Some(rsn)) = elements.find::<Rsn>() else { return Err(StatusCode::InvalidElement) };
        if rsn.pmkids() != [self.key.name.0] {
            return Err(StatusCode::InvalidPmkid);
        }
        let same = (read.element.anonce, read.element.snonce) == self.nonces
            && read.r0kh.as_ref() == Some(&self.hierarchy.holder().r0kh)
            && read.r1kh == Some(self.own);
        let sealed = |message| Sealed { station: self.station, ap: self.own, ptk: &self.ptk, message };
        if !same || sealed(Message::Request).verify(&read).is_err() {
            return Err(StatusCode::InvalidFte);
        }
        let mut subelements =
            vec![FtSubelement::R1kh(self.own.0), FtSubelement::R0kh(self.hierarchy.holder().r0kh.clone())];
        for key in group_keys {
            let wrapped_key = wrap(&self.ptk.kek, &key.key).ok_or(StatusCode::UnspecifiedFailure)?;
            let key_length = u8::try_from(key.key.len()).map_err(|_| StatusCode::UnspecifiedFailure)?;
            let [a, b, c, d, e, f] = key.sequence;
            let integrity =
                |wrapped_key| FtIgtk { key_id: key.index.into(), ipn: key.sequence, key_length, wrapped_key };
            subelements.push(match key.kind {
                KeyKind::Group => FtSubelement::Gtk(FtGtk {
                    key_info: key.index.into(),
                    key_length,
                    rsc: [a, b, c, d, e, f, 0, 0],
                    wrapped_key,
                }),
                KeyKind::Integrity => FtSubelement::Igtk(integrity(wrapped_key)),
                KeyKind::Beacon => FtSubelement::Bigtk(integrity(wrapped_key)),
                KeyKind::Pairwise { .. } => continue,
            });
        }
        let element = bare(&self.ptk.schedule, self.nonces, subelements);
        let rsne = advertised.rsne.as_deref().and_then(|rsne| with_name(rsne, self.key.name));
        let rsne = rsne.ok_or(StatusCode::InvalidElement)?;
        // It is repeated to those that have one.
        let rsnxe = advertised.rsnxe.as_deref().filter(|_| read.rsnxe.is_some());
        let response = sealed(Message::Response).seal(&rsne, &self.mobility_domain, element, rsnxe);
        let response = response.ok_or(StatusCode::UnspecifiedFailure)?;
        let fast_transition = Elements::new(&response).find_raw::<FastTransition>();
        let membership = Membership {
            domain: self.hierarchy.holder().domain,
            r0kh: self.hierarchy.holder().r0kh.clone(),
            r1kh: self.own,
            mobility_domain: self.mobility_domain.clone(),
            fast_transition: fast_transition.map(|raw| raw.octets.to_vec()).unwrap_or_default(),
        };
        let (ptk, hierarchy) = (self.ptk.clone(), self.hierarchy.clone());
        Ok(Granted { elements: response, membership, ptk, hierarchy })
    }
}
