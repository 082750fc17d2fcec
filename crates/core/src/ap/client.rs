//! The machine of one client: what is known of it in each state.

use super::packet_numbers::GroupKeyName;
use crate::{
    Instant, Secret,
    crypto::keys::Pmkid,
    rsn::{Authenticator, ft::authenticator::Offer},
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use lapwing_frames::{LinkId, MacAddr, management::action::LinkStatus, suite::Akm};

/// How a client authenticated.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Proof {
    /// Not at all (open system): what follows must prove something, if the network is protected.
    Open,
    /// By SAE.
    Sae { akm: Akm, pmkid: Pmkid, pmk: Secret },
    /// By the first two frames of a fast transition: the reassociation has to prove the key.
    Fast(Box<Offer>),
}

/// A client's authentication.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Authentication {
    pub(super) proof: Proof,
    /// Who we are for it: the AP MLD, or the BSS of a plain client.
    pub(super) own: MacAddr,
    /// Whether it is an MLD, and so known by its MLD address.
    pub(super) is_mld: bool,
    /// The link that it came on, of an AP MLD.
    pub(super) link: Option<LinkId>,
    /// The address that it had there.
    pub(super) address: MacAddr,
    /// When it is void unless an association follows.
    pub(super) until: Instant,
}

/// The port of a client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Port {
    /// There is nothing to protect: it is open.
    Unprotected,
    /// Until the first handshake is complete.
    Closed(Authenticator),
    /// From then on.
    Open(Authenticator),
}

impl Port {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Unprotected | Self::Open(_))
    }

    pub(super) const fn authenticator(&self) -> Option<&Authenticator> {
        match self {
            Self::Unprotected => None,
            Self::Closed(authenticator) | Self::Open(authenticator) => Some(authenticator),
        }
    }

    pub(super) const fn authenticator_mut(&mut self) -> Option<&mut Authenticator> {
        match self {
            Self::Unprotected => None,
            Self::Closed(authenticator) | Self::Open(authenticator) => Some(authenticator),
        }
    }
}

/// An SA Query under way: does the client still have the keys (802.11-2020 11.13)?
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SaQuery {
    pub(super) transaction: [u8; 2],
    /// When to ask again.
    pub(super) next: Instant,
    /// When the association is given up.
    pub(super) until: Instant,
}

/// Whether a client knows that it is associated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told {
    /// Its acknowledgement of the response is waited for until then; no handshake begins before.
    Waiting(Instant),
    /// It acknowledged the response, or nobody says whether it did.
    Yes,
}

/// Packet numbers that the kernel was asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    /// Of which keys.
    pub(super) wanted: BTreeSet<GroupKeyName>,
    /// When it goes on without.
    pub(super) until: Instant,
}

/// An answer about links that waits for the packet numbers of their keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Reconfiguration {
    pub(super) reading: Reading,
    pub(super) dialog_token: u8,
    pub(super) statuses: Vec<LinkStatus>,
    pub(super) added: Vec<LinkId>,
}

/// An association.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Association {
    pub(super) authentication: Authentication,
    pub(super) id: u16,
    /// The link on which it is spoken to, of an AP MLD.
    pub(super) link: Option<LinkId>,
    /// Its links with its address on each; none of a plain client.
    pub(super) links: BTreeMap<LinkId, MacAddr>,
    pub(super) frame_protection: bool,
    pub(super) port: Port,
    pub(super) told: Told,
    /// What its next message of a handshake waits for.
    pub(super) reading: Option<Reading>,
    /// The links that it asked for, one request at a time.
    pub(super) reconfiguration: Option<Reconfiguration>,
    pub(super) query: Option<SaQuery>,
    /// It authenticated again, while its keys are still good.
    pub(super) again: Option<Authentication>,
}

impl Association {
    /// Whether it stands until an SA Query shows that it does not: nobody else may end it.
    pub(super) const fn is_protected(&self) -> bool {
        self.frame_protection && matches!(self.port, Port::Open(_))
    }

    /// What is being read for it.
    pub(super) fn readings(&mut self) -> impl Iterator<Item = &mut Reading> {
        let of_links = self.reconfiguration.as_mut().map(|answer| &mut answer.reading);
        self.reading.iter_mut().chain(of_links)
    }
}

/// A client.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Authenticated(Authentication),
    Associated(Box<Association>),
}

impl Client {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Authenticated(authentication) => Some(authentication.until),
            Self::Associated(association) => {
                let handshake = association.port.authenticator().and_then(Authenticator::deadline);
                let query = association.query.map(|query| query.next.min(query.until));
                let again = association.again.as_ref().map(|again| again.until);
                let told = match association.told {
                    Told::Waiting(until) => Some(until),
                    Told::Yes => None,
                };
                let reading = association.reading.as_ref().map(|reading| reading.until);
                let links = association.reconfiguration.as_ref().map(|answer| answer.reading.until);
                [handshake, query, again, told, reading, links].into_iter().flatten().min()
            }
        }
    }

    /// The addresses that it uses on links.
    pub(super) fn addresses(&self) -> impl Iterator<Item = MacAddr> {
        let (authentication, association) = match self {
            Self::Authenticated(authentication) => (authentication, None),
            Self::Associated(association) => (&association.authentication, Some(association)),
        };
        let again = association.and_then(|association| association.again.as_ref());
        let links = association.into_iter().flat_map(|association| association.links.values().copied());
        links.chain([authentication.address]).chain(again.map(|again| again.address))
    }

    /// Whether it uses this address on some link.
    pub(super) fn has_address(&self, address: MacAddr) -> bool {
        self.addresses().any(|own| own == address)
    }
}
