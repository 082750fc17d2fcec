//! Arithmetic modulo the order of a group, in constant time.

use super::Group;
use crate::{Entropy, Secret};
use alloc::vec;
use core::ops::{Add, Mul, Neg};
use elliptic_curve::{
    Curve, CurveArithmetic, FieldBytes,
    ff::{Field, PrimeField},
};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// A number below the order of its group: big endian, [`Group::octets`] long, wiped on drop.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Scalar {
    group: Group,
    octets: Secret,
}

/// Runs the body with the curve of a group.
macro_rules! with_curve {
    ($group:expr, $curve:ident => $body:expr) => {
        match $group {
            $crate::curve::Group::P256 => {
                type $curve = p256::NistP256;
                $body
            }
            $crate::curve::Group::P384 => {
                type $curve = p384::NistP384;
                $body
            }
            $crate::curve::Group::P521 => {
                type $curve = p521::NistP521;
                $body
            }
        }
    };
}
pub(super) use with_curve;

impl Scalar {
    /// The number with these octets, if there are as many as the group's order has and it is below it.
    #[must_use]
    pub fn from_octets(group: Group, octets: &[u8]) -> Option<Self> {
        with_curve!(group, C => Self::of::<C>(group, parse::<C>(octets)?))
    }

    /// These octets as a number of any length, reduced by the order.
    #[must_use]
    pub fn reduce(group: Group, octets: &[u8]) -> Self {
        with_curve!(group, C => Self::new(group, &horner::<<C as CurveArithmetic>::Scalar>(octets).to_repr()))
    }

    /// A number from 1 on for a hash: the hash modulo one less than the order, plus one
    /// (802.11-2020 12.4.5.2).
    ///
    /// `hash` is at most as long as the order, as the group's own hash function makes it.
    #[must_use]
    pub fn from_hash(group: Group, hash: &[u8]) -> Self {
        with_curve!(group, C => {
            type S = <C as CurveArithmetic>::Scalar;
            // With h below twice the order q, h mod (q-1) + 1 is h + 1 below q-1, and h - q + 2 from there
            // on; modulo q the second is h + 2. Whether h is q-1 or more shows in the reduced value: it is
            // q-1, or it differs from the octets.
            let reduced = horner::<S>(hash);
            let octets = reduced.to_repr();
            let start = octets.len().saturating_sub(hash.len());
            let same = octets.get(start..).unwrap_or_default().ct_eq(hash);
            let wraps = !same | Field::is_zero(&(reduced + S::ONE));
            Self::new(group, &(reduced + S::ONE + S::conditional_select(&S::ZERO, &S::ONE, wraps)).to_repr())
        })
    }

    /// A random number from 2 to one less than the order.
    pub fn random(group: Group, entropy: &mut dyn Entropy) -> Self {
        let mut wide = vec![0; usize::from(group.wide_octets())];
        entropy.fill(&mut wide);
        let wide = Secret::from_vec(wide);
        with_curve!(group, C => {
            type S = <C as CurveArithmetic>::Scalar;
            let number = horner::<S>(wide.expose());
            // Zero and one do not come up; if they did, the standard would have us draw again.
            let small = Field::is_zero(&number) | Field::is_zero(&(number - S::ONE));
            Self::new(group, &S::conditional_select(&number, &S::from(2u64), small).to_repr())
        })
    }

    /// The number one.
    #[must_use]
    pub fn one(group: Group) -> Self {
        Self::reduce(group, &[1])
    }

    /// The group.
    #[must_use]
    pub const fn group(&self) -> Group {
        self.group
    }

    /// The number's octets, big endian.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.expose()
    }

    /// Whether the number is zero or one, which 802.11-2020 12.4.5.4 forbids in a commit.
    #[must_use]
    pub fn is_below_two(&self) -> Choice {
        let (last, front) = self.octets().split_last().unwrap_or((&0, &[]));
        let front = front.iter().fold(0, |all, octet| all | octet);
        (front | (last & 0xfe)).ct_eq(&0)
    }

    fn new(group: Group, octets: &[u8]) -> Self {
        Self { group, octets: Secret::new(octets) }
    }

    fn of<C: Curve>(group: Group, scalar: impl PrimeField<Repr = FieldBytes<C>>) -> Option<Self> {
        Some(Self::new(group, &scalar.to_repr()))
    }

    /// The same number in the type of its curve.
    pub(super) fn to<C: CurveArithmetic>(&self) -> C::Scalar {
        parse::<C>(self.octets()).unwrap_or(C::Scalar::ZERO)
    }
}

/// Defines an operator on references. Operands of two groups are a mistake of the caller, and give zero.
macro_rules! operator {
    ($trait:ident $name:ident) => {
        impl $trait for &Scalar {
            type Output = Scalar;

            fn $name(self, other: Self) -> Scalar {
                with_curve!(self.group, C => {
                    Scalar::new(self.group, &(self.to::<C>().$name(other.to::<C>())).to_repr())
                })
            }
        }
    };
}
operator!(Add add);
operator!(Mul mul);

impl Neg for &Scalar {
    type Output = Scalar;

    fn neg(self) -> Scalar {
        with_curve!(self.group, C => Scalar::new(self.group, &(-self.to::<C>()).to_repr()))
    }
}

fn parse<C: CurveArithmetic>(octets: &[u8]) -> Option<C::Scalar> {
    Option::from(C::Scalar::from_repr(FieldBytes::<C>::try_from(octets).ok()?))
}

/// A number of any length, reduced into a field: eight octets at a time from the front.
pub(super) fn horner<F: PrimeField>(octets: &[u8]) -> F {
    let shift = F::from(u64::from(u32::MAX) + 1).square();
    octets.rchunks(8).rev().fold(F::ZERO, |sum, chunk| {
        sum * shift + F::from(chunk.iter().fold(0, |word: u64, &octet| word << 8 | u64::from(octet)))
    })
}
