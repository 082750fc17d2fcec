//! Points of a curve `y² = x³ - 3x + b` of prime order, and their multiplication by secret scalars.
//!
//! Additions use the complete formulas of Renes, Costello and Batina (2016, algorithm 4) in homogeneous
//! coordinates: no operands are special, so nothing depends on them. Doublings run five at a time in
//! Jacobian coordinates, which have no special cases there either and cost a third less; changing over
//! costs three multiplications each way.

use crate::field::{Element, Prime};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// A curve over a field of `L` limbs.
pub(crate) trait Curve<const L: usize>: Prime<L> {
    /// The coefficient b, least limb first.
    const B: [u64; L];
    /// The length of scalars in bits.
    const BITS: usize;
}

/// A point in homogeneous coordinates; the identity is (0 : 1 : 0).
#[derive(Clone, Copy)]
pub(crate) struct Point<C, const L: usize> {
    x: Element<C, L>,
    y: Element<C, L>,
    z: Element<C, L>,
}

impl<C: Curve<L>, const L: usize> Point<C, L> {
    const IDENTITY: Self = Self { x: Element::ZERO, y: Element::ONE, z: Element::ZERO };

    /// The point with these coordinates, big endian.
    pub(crate) fn new(x: &[u8], y: &[u8]) -> Self {
        Self { x: Element::from_octets(x), y: Element::from_octets(y), z: Element::ONE }
    }

    /// Writes x then y, big endian, over all of `octets`; false for the identity.
    pub(crate) fn write(&self, octets: &mut [u8]) -> bool {
        let inverse = self.z.invert();
        let (x, y) = octets.split_at_mut(octets.len() / 2);
        (self.x * inverse).write(x);
        (self.y * inverse).write(y);
        !bool::from(self.z.is_zero())
    }

    fn add(&self, other: &Self, b: Element<C, L>) -> Self {
        let Self { x: x1, y: y1, z: z1 } = *self;
        let Self { x: x2, y: y2, z: z2 } = *other;
        let (xx, yy, zz) = (x1 * x2, y1 * y2, z1 * z2);
        let xy = (x1 + y1) * (x2 + y2) - (xx + yy);
        let yz = (y1 + z1) * (y2 + z2) - (yy + zz);
        let xz = (x1 + z1) * (x2 + z2) - (xx + zz);
        let triple = |element: Element<C, L>| element.double() + element;
        let part = triple(xz - b * zz);
        let (minus, plus) = (yy - part, yy + part);
        let zz3 = triple(zz);
        let mixed = triple(b * xz - zz3 - xx);
        let slope = triple(xx) - zz3;
        Self { x: plus * xy - yz * mixed, y: plus * minus + slope * mixed, z: minus * yz + xy * slope }
    }

    /// `2⁵ ·` the point.
    fn double_five_times(&self) -> Self {
        // Jacobian: x = X/Z², y = Y/Z³; the identity has Z = 0, and (1, 1, 0) keeps it through doublings.
        let identity = self.z.is_zero();
        let mut x = Element::conditional_select(&(self.x * self.z), &Element::ONE, identity);
        let mut y = Element::conditional_select(&(self.y * self.z.square()), &Element::ONE, identity);
        let mut z = self.z;
        for _ in 0..WINDOW {
            let (delta, gamma) = (z.square(), y.square());
            let beta = x * gamma;
            let product = (x - delta) * (x + delta);
            let alpha = product.double() + product;
            let beta4 = beta.double().double();
            x = alpha.square() - beta4.double();
            z = (y + z).square() - gamma - delta;
            y = alpha * (beta4 - x) - gamma.square().double().double().double();
        }
        Self { x: x * z, y, z: z.square() * z }
    }

    /// The sum of scalars times points. The scalars are big endian.
    pub(crate) fn sum<const N: usize>(terms: [(&[u8], Self); N]) -> Self {
        let b = Element::new(C::B);
        let terms = terms.map(|(scalar, point)| (scalar, Multiples::new(point, b)));
        let mut sum = Self::IDENTITY;
        // Whoever starts with the identity may double it too: that is what makes the loop uniform.
        for window in (0..=C::BITS / WINDOW).rev() {
            sum = sum.double_five_times();
            for (scalar, multiples) in &terms {
                sum = sum.add(&multiples.select(scalar, window), b);
            }
        }
        sum
    }
}

impl<C: Curve<L>, const L: usize> ConditionallySelectable for Point<C, L> {
    #[inline(always)]
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self {
            x: Element::conditional_select(&a.x, &b.x, choice),
            y: Element::conditional_select(&a.y, &b.y, choice),
            z: Element::conditional_select(&a.z, &b.z, choice),
        }
    }
}

/// Bits of a scalar that are used at once.
const WINDOW: usize = 5;

/// A point times 1 to 16.
struct Multiples<C, const L: usize>([Point<C, L>; 1 << (WINDOW - 1)]);

impl<C: Curve<L>, const L: usize> Multiples<C, L> {
    fn new(point: Point<C, L>, b: Element<C, L>) -> Self {
        let mut next = point;
        Self(core::array::from_fn(|_| {
            let this = next;
            next = next.add(&point, b);
            this
        }))
    }

    /// The multiple for the digit of a scalar in one window. Digits are signed, from -16 to 16 (Booth), and
    /// every entry is looked at.
    fn select(&self, scalar: &[u8], window: usize) -> Point<C, L> {
        // Six bits: those of the window, and the one below it.
        let bit = |number: usize| {
            let octet = scalar.iter().rev().nth(number / 8).map_or(0, |octet| octet >> (number % 8) & 1);
            u32::from(octet)
        };
        let low = WINDOW * window;
        let below = if low == 0 { 0 } else { bit(low - 1) };
        let bits = (0..WINDOW).fold(below, |bits, place| bits | bit(low + place) << (place + 1));
        let negative = 0u32.wrapping_sub(bits >> WINDOW);
        let folded = (bits ^ negative) & 0x3f;
        let digit = (folded >> 1) + (folded & 1);

        let mut chosen = Point::IDENTITY;
        for (multiple, number) in self.0.iter().zip(1u32..) {
            chosen.conditional_assign(multiple, number.ct_eq(&digit));
        }
        let negated = -chosen.y;
        chosen.y.conditional_assign(&negated, Choice::from((negative & 1) as u8));
        chosen
    }
}
