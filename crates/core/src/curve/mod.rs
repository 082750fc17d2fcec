//! Elliptic-curve groups, as far as SAE and OWE need them, behind one narrow trait.
//!
//! [`Curves`] is the core's one replaceable part. [`pure::PureCurves`] is the default: RustCrypto, no
//! feature of the host needed. The product passes in a faster one, and the virtual world may pass in
//! [`sham::ShamCurves`], which is no cryptography at all.
//!
//! Values travel between core and backend as octet strings of fixed length, big endian, so that no
//! backend's types leak into the machines and their state stays a plain value.

pub mod pure;
pub mod scalar;
pub mod sham;

pub use pure::PureCurves;
pub use scalar::Scalar;
pub use sham::ShamCurves;

use crate::{Entropy, Secret, crypto::kdf::Hash};
use core::fmt;
use subtle::Choice;

/// A finite cyclic group, by its number in the IANA registry of IKE groups (802.11-2020 12.4.4.1).
///
/// Only the groups of prime order over a NIST prime curve are here. The small, the special and the
/// Brainpool groups are refused by every careful peer since the Dragonblood attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Group 19, NIST P-256.
    P256,
    /// Group 20, NIST P-384.
    P384,
    /// Group 21, NIST P-521.
    P521,
}

/// 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1.
const P256_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];
/// 2³⁸⁴ - 2¹²⁸ - 2⁹⁶ + 2³² - 1.
const P384_PRIME: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
];
/// 2⁵²¹ - 1.
const P521_PRIME: [u8; 66] = {
    let mut prime = [0xff; 66];
    prime[0] = 0x01;
    prime
};

impl Group {
    /// All of them, the cheapest first, which is the usual order of preference.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The number in the registry.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::P256 => 19,
            Self::P384 => 20,
            Self::P521 => 21,
        }
    }

    /// The group of a number, if it is one of ours.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            19 => Some(Self::P256),
            20 => Some(Self::P384),
            21 => Some(Self::P521),
            _ => None,
        }
    }

    /// The length in octets of a coordinate and of a scalar, which are equal for these groups.
    #[must_use]
    pub const fn octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The length in bits of the prime.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// The prime, big endian.
    #[must_use]
    pub const fn prime(self) -> &'static [u8] {
        match self {
            Self::P256 => &P256_PRIME,
            Self::P384 => &P384_PRIME,
            Self::P521 => &P521_PRIME,
        }
    }

    /// Octets that are reduced to a field element or a scalar without a noticeable bias: half as many
    /// again (802.11-2020 12.4.4.2.3).
    #[must_use]
    pub const fn wide_octets(self) -> u8 {
        match self {
            Self::P256 => 48,
            Self::P384 => 72,
            Self::P521 => 99,
        }
    }

    /// The hash function that goes with the size of the prime (802.11-2020 table 12-1).
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {}", self.number())
    }
}

/// A point of a group other than the identity, affine: x then y, each of [`Group::octets`].
///
/// To hold one is the proof that it is on the curve: they come from [`Curves::point`] and from
/// calculations only. It may be secret (a password element, a shared point), so it is treated as such.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Point {
    group: Group,
    octets: Secret,
}

impl Point {
    /// For backends: a point that they calculated or checked, as x then y.
    #[must_use]
    pub fn of_backend(group: Group, octets: Secret) -> Self {
        debug_assert_eq!(octets.len(), 2 * group.octets());
        Self { group, octets }
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> Group {
        self.group
    }

    /// x then y.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.expose()
    }

    /// The coordinate x.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        self.octets().get(..self.group.octets()).unwrap_or_default()
    }

    /// The coordinate y.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        self.octets().get(self.group.octets()..).unwrap_or_default()
    }
}

/// Arithmetic on the groups.
///
/// Everything takes a time that does not depend on the values, except where a result is `None`: that is
/// public by then. Operands of different groups are a mistake of the caller; the result is `None`.
pub trait Curves {
    /// The point with the coordinates x then y, if both are below the prime and it is on the curve.
    fn point(&self, group: Group, octets: &[u8]) -> Option<Point>;

    /// One of the two points with this x; y is odd or even as asked. `None` if there is none.
    fn point_with_x(&self, group: Group, x: &[u8], odd: Choice) -> Option<Point>;

    /// Whether x is below the prime and the coordinate of some point; the octets drawn from `entropy`
    /// blind the test.
    fn is_x_of_point(&self, group: Group, x: &[u8], entropy: &mut dyn Entropy) -> Choice;

    /// `scalar · generator`.
    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point>;

    /// `scalar · point`; `None` for the identity.
    fn multiply(&self, scalar: &Scalar, point: &Point) -> Option<Point>;

    /// `first.0 · first.1 + second.0 · second.1`; `None` for the identity.
    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point>;

    /// The sum of the images of two field elements under the simplified SWU map (RFC 9380 6.6.2 and
    /// 802.11-2020 12.4.4.2.3). Each is given by [`Group::wide_octets`] that are reduced by the prime.
    /// `None` for the identity, which no password that anybody can find leads to.
    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point>;
}

/// The group of these operands, if all are of one. A scalar of another group would count as zero, and leave the
/// other product for the sum.
fn common_group(first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Group> {
    let group = first.1.group();
    let others = [first.0.group(), second.0.group(), second.1.group()];
    others.iter().all(|other| *other == group).then_some(group)
}

#[cfg(test)]
mod tests;
