//! What both sides of an exchange calculate (802.11-2020 12.4.5).

use super::{
    body::{Commit, Method, list},
    password::{PasswordElement, in_order},
};
use crate::{
    Means, Secret,
    crypto::kdf::{Digest, Hash},
    curve::{Curves, Group, Point, Scalar},
};
use alloc::vec::Vec;
use lapwing_frames::{MacAddr, suite::Akm};
use subtle::ConstantTimeEq;

/// What an exchange is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) own: MacAddr,
    pub(super) peer: MacAddr,
    pub(super) akm: Akm,
    pub(super) method: Method,
}

/// Our half: what we committed ourselves to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct OwnCommit {
    password: PasswordElement,
    rand: Scalar,
    scalar: Scalar,
    element: Point,
}

/// The peer's half, its values checked.
pub(super) struct PeerCommit {
    scalar: Scalar,
    element: Point,
}

impl PeerCommit {
    /// Checks scalar and element: `1 < scalar < q`, coordinates below the prime, a point of the curve.
    pub(super) fn check(curves: &dyn Curves, commit: &Commit) -> Option<Self> {
        let scalar = Scalar::from_octets(commit.group, &commit.scalar)?;
        if scalar.is_below_two().into() {
            return None;
        }
        Some(Self { scalar, element: curves.point(commit.group, &commit.element)? })
    }
}

/// The groups that each side names as rejected by the other.
#[derive(Clone, Copy)]
pub(super) struct Rejected<'a> {
    pub(super) own: Option<&'a [u16]>,
    pub(super) peer: Option<&'a [u16]>,
}

impl OwnCommit {
    /// Commits with fresh secrets.
    pub(super) fn new(means: &mut Means<'_>, password: PasswordElement) -> Option<Self> {
        let group = password.base.group();
        let rand = Scalar::random(group, means.entropy);
        let mut mask = Scalar::random(group, means.entropy);
        let mut scalar = &rand + &mask;
        // A sum of zero or one is to be drawn again; it does not come up, so the shortest way will do.
        if scalar.is_below_two().into() {
            let two = &Scalar::one(group) + &Scalar::one(group);
            mask = &mask + &two;
            scalar = &scalar + &two;
        }
        let element = means.curves.multiply(&-&(&mask * &password.factor), &password.base)?;
        Some(Self { password, rand, scalar, element })
    }

    pub(super) fn group(&self) -> Group {
        self.scalar.group()
    }

    /// Scalar, then element: what a confirm covers.
    fn values(&self) -> Vec<u8> {
        [self.scalar.octets(), self.element.octets()].concat()
    }

    /// Whether the peer sent our own values back to us.
    pub(super) fn is_reflected_in(&self, commit: &Commit) -> bool {
        commit.scalar == self.scalar.octets() && commit.element == self.element.octets()
    }

    /// The frame's content, without token, identifier and lists.
    pub(super) fn to_commit(&self) -> Commit {
        Commit {
            group: self.group(),
            token: None,
            scalar: self.scalar.octets().to_vec(),
            element: self.element.octets().to_vec(),
            password_identifier: None,
            rejected_groups: None,
            akm: None,
            other: Vec::new(),
        }
    }

    /// The keys of both halves; `None` if the shared point is the identity.
    pub(super) fn keys(
        &self,
        curves: &dyn Curves,
        subject: &Subject,
        peer: &PeerCommit,
        rejected: Rejected<'_>,
    ) -> Option<Keys> {
        // K = rand · (peer-scalar · PWE + peer-element), in one pass over both points.
        let factor = &(&self.rand * &peer.scalar) * &self.password.factor;
        let shared = curves.multiply_add((&factor, &self.password.base), (&self.rand, &peer.element))?;

        let peer = [peer.scalar.octets(), peer.element.octets()].concat();
        Keys::derive(self.group(), subject, shared.x(), [self.values(), peer], rejected)
    }
}

/// The hash function of an exchange.
pub(super) const fn hash(group: Group, method: Method) -> Hash {
    match method {
        Method::HuntingAndPecking => Hash::Sha256,
        Method::HashToElement => group.hash(),
    }
}

/// A salt of zeros as long as the hash.
pub(super) fn zeros(hash: Hash) -> &'static [u8] {
    [0; 64].get(..hash.output_length()).unwrap_or_default()
}

/// What both sides know once commits are exchanged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Keys {
    hash: Hash,
    pub(super) kck: Secret,
    pub(super) pmk: Secret,
    pub(super) pmkid: [u8; 16],
    own: Vec<u8>,
    peer: Vec<u8>,
}

impl Keys {
    /// The keys of a shared coordinate (802.11-2020 12.4.5.4). `values` are scalar and element as they were
    /// sent, our own first.
    pub(super) fn derive(
        group: Group,
        subject: &Subject,
        shared: &[u8],
        values: [Vec<u8>; 2],
        rejected: Rejected<'_>,
    ) -> Option<Self> {
        let hash = hash(group, subject.method);
        let keyseed = match rejected {
            Rejected { own: None, peer: None } => hash.hkdf_extract(zeros(hash), &[shared]),
            Rejected { own, peer } => {
                let (own, peer) = (list(own.unwrap_or_default()), list(peer.unwrap_or_default()));
                let own_is_higher = in_order([subject.own, subject.peer]).1 == subject.own;
                let salt = if own_is_higher { [own, peer] } else { [peer, own] };
                hash.hkdf_extract(&salt.concat(), &[shared])
            }
        };
        let [own, peer] = values;
        let scalar = |values: &[u8]| Scalar::from_octets(group, values.get(..group.octets())?);
        let context = &scalar(&own)? + &scalar(&peer)?;
        let key_length = hash.output_length();
        let pmk_length = match subject.akm {
            Akm::SaeExtKey | Akm::FtSaeExtKey => key_length,
            _ => 32,
        };
        let length = u8::try_from(key_length + pmk_length).unwrap_or(u8::MAX);
        let keys = hash.kdf(&keyseed, "SAE KCK and PMK", &[context.octets()], length);
        let (kck, pmk) = keys.expose().split_at_checked(key_length)?;
        Some(Self {
            hash,
            kck: Secret::new(kck),
            pmk: Secret::new(pmk),
            pmkid: *context.octets().first_chunk()?,
            own,
            peer,
        })
    }

    /// The length of a confirm.
    pub(super) const fn confirm_length(&self) -> usize {
        self.hash.output_length()
    }

    /// The scalar that the peer sent.
    pub(super) fn is_peer_scalar(&self, scalar: &[u8]) -> bool {
        self.peer.starts_with(scalar)
    }

    /// Our confirm.
    pub(super) fn confirm(&self, send_confirm: u16) -> Digest {
        self.hash.hmac(self.kck.expose(), &[&send_confirm.to_le_bytes(), &self.own, &self.peer])
    }

    /// Whether the peer's confirm is right.
    pub(super) fn verify(&self, send_confirm: u16, confirm: &[u8]) -> bool {
        let expected =
            self.hash.hmac(self.kck.expose(), &[&send_confirm.to_le_bytes(), &self.peer, &self.own]);
        expected.ct_eq(confirm).into()
    }
}
