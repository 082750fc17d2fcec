//! Prime fields: numbers of `L` limbs of 64 bits, in constant time.
//!
//! Numbers are in Montgomery's representation. The primes are sums of few powers of two, so that a step of the
//! reduction is made of shifts and additions, but for one multiplication on P-256.
#![allow(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "indices run to the constant length of their arrays, and carries chain the steps"
)]

use core::ops::{Add, Mul, Neg, Sub};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// A prime and how products are reduced by it.
pub(crate) trait Prime<const L: usize>: Copy {
    /// The prime, least limb first.
    const MODULUS: [u64; L];
    /// What the representation multiplies numbers with, 2 to the number of bits of all limbs, modulo the prime.
    const RADIX: [u64; L] = power_of_two(64 * L, &Self::MODULUS);
    /// Its square, modulo the prime.
    const RADIX_SQUARED: [u64; L] = power_of_two(128 * L, &Self::MODULUS);

    /// One step of a multiplication (Montgomery's): adds the multiple of the prime that makes the lowest limb
    /// zero, and drops that limb. `high` is what stands above the limbs of `sum`; the new one is returned.
    fn step(sum: &mut [u64; L], high: u128) -> u64;
}

pub(crate) const fn multiply_add(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = sum as u128 + a as u128 * b as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

pub(crate) const fn add_carry(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = a as u128 + b as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

/// `a - b - borrow`; the new borrow is 0 or 1.
pub(crate) const fn sub_borrow(a: u64, b: u64, borrow: u64) -> (u64, u64) {
    let wide = (a as u128).wrapping_sub(b as u128 + borrow as u128);
    (wide as u64, (wide >> 127) as u64)
}

/// A number below twice the modulus, with its carry, reduced below it.
const fn subtract_once<const L: usize>(number: [u64; L], carry: u64, modulus: &[u64; L]) -> [u64; L] {
    let mut reduced = [0; L];
    let mut borrow = 0;
    let mut i = 0;
    while i < L {
        (reduced[i], borrow) = sub_borrow(number[i], modulus[i], borrow);
        i += 1;
    }
    // All ones if the number was below the modulus.
    let (keep, _) = sub_borrow(carry, borrow, 0);
    let mut i = 0;
    while i < L {
        reduced[i] ^= keep & (reduced[i] ^ number[i]);
        i += 1;
    }
    reduced
}

/// Adds the modulus if the number had to borrow.
const fn add_if<const L: usize>(mut number: [u64; L], borrow: u64, modulus: &[u64; L]) -> [u64; L] {
    let mask = 0u64.wrapping_sub(borrow);
    let mut carry = 0;
    let mut i = 0;
    while i < L {
        (number[i], carry) = add_carry(number[i], modulus[i] & mask, carry);
        i += 1;
    }
    number
}

/// `2^bits` modulo the modulus, for constants.
const fn power_of_two<const L: usize>(bits: usize, modulus: &[u64; L]) -> [u64; L] {
    let mut number = [0; L];
    number[0] = 1;
    let mut doubled = 0;
    while doubled < bits {
        let mut carry = 0;
        let mut i = 0;
        while i < L {
            (number[i], carry) = add_carry(number[i], number[i], carry);
            i += 1;
        }
        number = subtract_once(number, carry, modulus);
        doubled += 1;
    }
    number
}

/// An element of the field, below the prime, in the prime's representation.
#[derive(Clone, Copy)]
pub(crate) struct Element<P, const L: usize>([u64; L], core::marker::PhantomData<P>);

impl<P: Prime<L>, const L: usize> Element<P, L> {
    pub(crate) const ZERO: Self = Self::raw([0; L]);
    pub(crate) const ONE: Self = Self::raw(P::RADIX);

    const fn raw(limbs: [u64; L]) -> Self {
        Self(limbs, core::marker::PhantomData)
    }

    /// A number below the prime, least limb first.
    pub(crate) fn new(number: [u64; L]) -> Self {
        Self::raw(number) * Self::raw(P::RADIX_SQUARED)
    }

    /// A coordinate of a point, big endian; whoever holds a point knows that it is below the prime.
    pub(crate) fn from_octets(octets: &[u8]) -> Self {
        let mut number = [0; L];
        for (limb, chunk) in number.iter_mut().zip(octets.rchunks(8)) {
            *limb = chunk.iter().fold(0, |limb, &octet| limb << 8 | u64::from(octet));
        }
        Self::new(number)
    }

    /// Writes the number, big endian, over all of `octets`.
    pub(crate) fn write(self, octets: &mut [u8]) {
        let mut one = [0; L];
        one[0] = 1;
        let number = (self * Self::raw(one)).0;
        for (chunk, limb) in octets.rchunks_mut(8).zip(number) {
            let limb = limb.to_be_bytes();
            let start = limb.len().saturating_sub(chunk.len());
            chunk.copy_from_slice(&limb[start..]);
        }
    }

    #[inline(always)]
    pub(crate) fn square(self) -> Self {
        self * self
    }

    #[inline(always)]
    pub(crate) fn double(self) -> Self {
        self + self
    }

    /// The inverse; zero for zero. By Fermat: the exponent is public.
    pub(crate) fn invert(self) -> Self {
        let mut exponent = P::MODULUS;
        exponent[0] -= 2;
        let mut powers = [Self::ONE; 16];
        for i in 1..16 {
            powers[i] = powers[i - 1] * self;
        }
        let mut result = Self::ONE;
        for limb in exponent.into_iter().rev() {
            for shift in (0..64).step_by(4).rev() {
                result = result.square().square().square().square();
                result = result * powers[(limb >> shift & 15) as usize];
            }
        }
        result
    }

    pub(crate) fn is_zero(&self) -> Choice {
        self.0.iter().fold(0, |all, limb| all | limb).ct_eq(&0)
    }
}

impl<P: Prime<L>, const L: usize> Mul for Element<P, L> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (mut sum, mut top) = ([0; L], 0);
        for limb in other.0 {
            let mut carry = 0;
            for j in 0..L {
                (sum[j], carry) = multiply_add(sum[j], self.0[j], limb, carry);
            }
            let (low, high) = add_carry(top, carry, 0);
            top = P::step(&mut sum, u128::from(high) << 64 | u128::from(low));
        }
        Self::raw(subtract_once(sum, top, &P::MODULUS))
    }
}

impl<P: Prime<L>, const L: usize> Add for Element<P, L> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut sum = [0; L];
        let mut carry = 0;
        for i in 0..L {
            (sum[i], carry) = add_carry(self.0[i], other.0[i], carry);
        }
        Self::raw(subtract_once(sum, carry, &P::MODULUS))
    }
}

impl<P: Prime<L>, const L: usize> Sub for Element<P, L> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut difference = [0; L];
        let mut borrow = 0;
        for i in 0..L {
            (difference[i], borrow) = sub_borrow(self.0[i], other.0[i], borrow);
        }
        Self::raw(add_if(difference, borrow, &P::MODULUS))
    }
}

impl<P: Prime<L>, const L: usize> Neg for Element<P, L> {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl<P: Prime<L>, const L: usize> ConditionallySelectable for Element<P, L> {
    #[inline(always)]
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self::raw(<[u64; L]>::conditional_select(&a.0, &b.0, choice))
    }
}
