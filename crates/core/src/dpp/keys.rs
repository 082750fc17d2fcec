//! What both sides calculate (Easy Connect 3.0 3.2, 6.3 and 5.6).

use crate::{
    Entropy, Secret,
    crypto::kdf::Hash,
    curve::{Curves, Group, Point, Scalar},
};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{
    MacAddr,
    dpp::{Curve, PublicKey},
};
use subtle::Choice;

/// A private number and its point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPair {
    private: Scalar,
    public: Point,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("group", &self.group()).finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A fresh pair.
    pub fn random(group: Group, curves: &dyn Curves, entropy: &mut dyn Entropy) -> Option<Self> {
        Self::of(Scalar::random(group, entropy), curves)
    }

    /// The pair of this private number; nothing for zero.
    #[must_use]
    pub fn of(private: Scalar, curves: &dyn Curves) -> Option<Self> {
        Some(Self { public: curves.multiply_generator(&private)?, private })
    }

    /// The point.
    #[must_use]
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> Group {
        self.private.group()
    }
}

/// The octets of keys, tags and hashes of a group.
#[must_use]
pub const fn key_octets(group: Group) -> usize {
    group.hash().output_length()
}

/// The octets of nonces of a group.
#[must_use]
pub const fn nonce_octets(group: Group) -> usize {
    key_octets(group) / 2
}

const fn curve(group: Group) -> Curve {
    match group {
        Group::P256 => Curve::P256,
        Group::P384 => Curve::P384,
        Group::P521 => Curve::P521,
    }
}

/// The point as a bootstrapping key, compressed as the protocol wants it.
#[must_use]
pub fn to_public_key(point: &Point) -> PublicKey {
    let odd = point.y().last().is_some_and(|octet| octet & 1 == 1);
    let point_octets = [&[if odd { 3 } else { 2 }], point.x()].concat();
    PublicKey { curve: curve(point.group()), point: point_octets }
}

/// The point of a bootstrapping key, if it is on its curve.
#[must_use]
pub fn from_public_key(key: &PublicKey, curves: &dyn Curves) -> Option<Point> {
    let group = Group::ALL.into_iter().find(|group| curve(*group) == key.curve)?;
    match key.point.split_first()? {
        (4, both) => curves.point(group, both),
        (form @ (2 | 3), x) => curves.point_with_x(group, x, Choice::from(form & 1)),
        _ => None,
    }
}

/// What a key is called in frames: a hash of it. An enrollee that announces itself puts a word in front, so that
/// only who knows its key knows that it is meant.
#[must_use]
pub fn bootstrapping_hash(der: &[u8], chirp: bool) -> [u8; 32] {
    let word: &[u8] = if chirp { b"chirp" } else { b"" };
    Hash::Sha256.digest(&[word, der]).first_chunk().copied().unwrap_or_default()
}

fn hkdf(group: Group, salt: &[u8], info: &[u8], input: &[&[u8]]) -> Secret {
    let hash = group.hash();
    let octets = u8::try_from(key_octets(group)).unwrap_or(u8::MAX);
    hash.hkdf_expand(&hash.hkdf_extract(salt, input), info, octets)
}

/// The x of a product, which is a secret.
fn shared(curves: &dyn Curves, own: &KeyPair, other: &Point) -> Option<Secret> {
    curves.multiply(&own.private, other).map(|point| Secret::new(point.x()))
}

/// M.x and k1, from our key (the initiator's protocol key, the responder's bootstrapping key) and the other's.
#[must_use]
pub fn first_key(curves: &dyn Curves, own: &KeyPair, other: &Point) -> Option<(Secret, Secret)> {
    let m = shared(curves, own, other)?;
    let k1 = hkdf(own.group(), &[], b"first intermediate key", &[m.expose()]);
    Some((m, k1))
}

/// N.x and k2, from both protocol keys.
#[must_use]
pub fn second_key(curves: &dyn Curves, own: &KeyPair, other: &Point) -> Option<(Secret, Secret)> {
    let n = shared(curves, own, other)?;
    let k2 = hkdf(own.group(), &[], b"second intermediate key", &[n.expose()]);
    Some((n, k2))
}

/// L.x of the initiator, who has its bootstrapping key and both keys of the responder.
#[must_use]
pub fn initiator_l(
    curves: &dyn Curves,
    own: &KeyPair,
    bootstrapping: &Point,
    protocol: &Point,
) -> Option<Secret> {
    let l = curves.multiply_add((&own.private, bootstrapping), (&own.private, protocol))?;
    Some(Secret::new(l.x()))
}

/// L.x of the responder, who has both of its keys and the bootstrapping key of the initiator.
#[must_use]
pub fn responder_l(
    curves: &dyn Curves,
    bootstrapping: &KeyPair,
    protocol: &KeyPair,
    other: &Point,
) -> Option<Secret> {
    let l = curves.multiply(&(&bootstrapping.private + &protocol.private), other)?;
    Some(Secret::new(l.x()))
}

/// ke, with L.x if both know each other's bootstrapping key.
#[must_use]
pub fn session_key(group: Group, nonces: [&[u8]; 2], m: &Secret, n: &Secret, l: Option<&Secret>) -> Secret {
    let l = l.map_or(&[][..], Secret::expose);
    hkdf(group, &nonces.concat(), b"DPP Key", &[m.expose(), n.expose(), l])
}

/// The points that tags are made of.
#[derive(Clone, Copy)]
pub struct Points<'a> {
    /// The protocol key of who begins.
    pub initiator_protocol: &'a Point,
    /// The other's.
    pub responder_protocol: &'a Point,
    /// The bootstrapping key of who begins, if the other knows it.
    pub initiator: Option<&'a Point>,
    /// The other's.
    pub responder: &'a Point,
}

impl Points<'_> {
    fn tag(&self, nonces: [&[u8]; 2], parts: [Option<&[u8]>; 4], last: u8) -> Vec<u8> {
        let mut all: Vec<&[u8]> = nonces.to_vec();
        all.extend(parts.into_iter().flatten());
        let last = [last];
        all.push(&last);
        self.responder.group().hash().digest(&all).to_vec()
    }

    /// R-auth: what proves the responder. The nonces are I's, then R's.
    #[must_use]
    pub fn responder_tag(&self, [i, r]: [&[u8]; 2]) -> Vec<u8> {
        let (pi, pr) = (self.initiator_protocol.x(), self.responder_protocol.x());
        self.tag([i, r], [Some(pi), Some(pr), self.initiator.map(Point::x), Some(self.responder.x())], 0)
    }

    /// I-auth: what proves the initiator. The nonces are I's, then R's.
    #[must_use]
    pub fn initiator_tag(&self, [i, r]: [&[u8]; 2]) -> Vec<u8> {
        let (pi, pr) = (self.initiator_protocol.x(), self.responder_protocol.x());
        self.tag([r, i], [Some(pr), Some(pi), Some(self.responder.x()), self.initiator.map(Point::x)], 1)
    }
}

/// A code that both sides were told, by which they find each other's bootstrapping key (PKEX).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Code {
    /// The code.
    pub code: Secret,
    /// What it is called.
    pub identifier: Option<alloc::string::String>,
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}

/// x then y of the elements that belong to the roles (Easy Connect 3.0 appendix C); P-256 alone.
const INITIATOR_ELEMENT: [u8; 64] = [
    0x56, 0x26, 0x12, 0xcf, 0x36, 0x48, 0xfe, 0x0b, 0x07, 0x04, 0xbb, 0x12, 0x22, 0x50, 0xb2, 0x54, 0xb1,
    0x94, 0x64, 0x7e, 0x54, 0xce, 0x08, 0x07, 0x2e, 0xec, 0xca, 0x74, 0x5b, 0x61, 0x2d, 0x25, 0x3e, 0x44,
    0xc7, 0xc9, 0x8c, 0x1c, 0xa1, 0x0b, 0x20, 0x09, 0x93, 0xb2, 0xfd, 0xe5, 0x69, 0xdc, 0x75, 0xbc, 0xad,
    0x33, 0xc1, 0xe7, 0xc6, 0x45, 0x4d, 0x10, 0x1e, 0x6a, 0x3d, 0x84, 0x3c, 0xa4,
];
const RESPONDER_ELEMENT: [u8; 64] = [
    0x1e, 0xa4, 0x8a, 0xb1, 0xa4, 0xe8, 0x42, 0x39, 0xad, 0x73, 0x07, 0xf2, 0x34, 0xdf, 0x57, 0x4f, 0xc0,
    0x9d, 0x54, 0xbe, 0x36, 0x1b, 0x31, 0x0f, 0x59, 0x91, 0x52, 0x33, 0xac, 0x19, 0x9d, 0x76, 0xd9, 0xfb,
    0xf6, 0xb9, 0xf5, 0xfa, 0xdf, 0x19, 0x58, 0xd8, 0x3e, 0xc9, 0x89, 0x7a, 0x35, 0xc1, 0xbd, 0xe9, 0x0b,
    0x77, 0x7a, 0xcb, 0x91, 0x2a, 0xe8, 0x21, 0x3f, 0x47, 0x52, 0x02, 0x4d, 0x67,
];

/// The group of the exchange of keys by a code.
pub const PKEX_GROUP: Group = Group::P256;

/// Whose key is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Of who begins.
    Initiator,
    /// Of who answers.
    Responder,
}

impl Code {
    /// Qi or Qr: what hides the key of one side, whose address this is.
    #[must_use]
    pub fn mask(&self, curves: &dyn Curves, side: Side, address: MacAddr) -> Option<Point> {
        let element = match side {
            Side::Initiator => &INITIATOR_ELEMENT,
            Side::Responder => &RESPONDER_ELEMENT,
        };
        let element = curves.point(PKEX_GROUP, element)?;
        let identifier = self.identifier.as_deref().unwrap_or_default().as_bytes();
        let digest = Hash::Sha256.digest(&[&address.0, identifier, self.code.expose()]);
        curves.multiply(&Scalar::reduce(PKEX_GROUP, &digest), &element)
    }

    /// z, from both hidden keys (the initiator's first) and the x that both know.
    #[must_use]
    pub fn wrapping_key(&self, addresses: [MacAddr; 2], hidden: [&Point; 2], k: &Secret) -> Secret {
        let [i, r] = addresses;
        let [m, n] = hidden;
        let mut info = [&i.0[..], &r.0, m.x(), n.x(), self.code.expose()].concat();
        let z = hkdf(PKEX_GROUP, &[], &info, &[k.expose()]);
        zeroize::Zeroize::zeroize(&mut info);
        z
    }
}

/// A key under a mask.
#[must_use]
pub fn hide(curves: &dyn Curves, key: &Point, mask: &Point) -> Option<Point> {
    let one = Scalar::one(key.group());
    curves.multiply_add((&one, key), (&one, mask))
}

/// A key from under its mask; nothing if it is the identity.
#[must_use]
pub fn reveal(curves: &dyn Curves, hidden: &Point, mask: &Point) -> Option<Point> {
    let one = Scalar::one(hidden.group());
    curves.multiply_add((&one, hidden), (&-&one, mask))
}

/// The x that both find, each from its own private number.
#[must_use]
pub fn common(curves: &dyn Curves, own: &KeyPair, other: &Point) -> Option<Secret> {
    shared(curves, own, other)
}

/// u or v: what proves a bootstrapping key. The key is J.x or L.x, the address that of whose key it is; the points
/// are that key, and then the ephemeral ones as the proof has them.
#[must_use]
pub fn proof(key: &Secret, address: MacAddr, points: [&Point; 3]) -> Vec<u8> {
    let [a, b, c] = points;
    PKEX_GROUP.hash().hmac(key.expose(), &[&address.0, a.x(), b.x(), c.x()]).to_vec()
}
