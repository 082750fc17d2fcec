//! The fast elliptic-curve backend of the product.
//!
//! Multiplications make up nearly all of SAE's time, so they are done here; field roots, maps and checks
//! stay with RustCrypto, by way of [`PureCurves`]. Everything is safe Rust and needs no C compiler.
#![forbid(unsafe_code)]
#![no_std]

extern crate alloc;

mod field;
mod point;

use alloc::vec;
use field::{Prime, add_carry, multiply_add, sub_borrow};
use lapwing_core::{
    Entropy, Secret,
    curve::{Curves, Group, Point, PureCurves, Scalar},
};
use subtle::Choice;

/// The backend of the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FastCurves;

/// FIPS 186-4 D.1.2.3: 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1.
#[derive(Clone, Copy)]
struct P256;

impl Prime<4> for P256 {
    const MODULUS: [u64; 4] = [u64::MAX, 0x0000_0000_ffff_ffff, 0, 0xffff_ffff_0000_0001];

    #[inline(always)]
    fn step(sum: &mut [u64; 4], high: u128) -> u64 {
        // The lowest limb of the prime is -1, so the factor is the lowest limb of the sum, and what it leaves
        // there is a carry as large as itself: with the next limb of the prime, the factor times 2³².
        let [factor, a, b, c] = *sum;
        let (a, carry) = add_carry(a, factor << 32, 0);
        let (b, carry) = add_carry(b, factor >> 32, carry);
        let (c, carry) = multiply_add(c, factor, 0xffff_ffff_0000_0001, carry);
        let high = high + u128::from(carry);
        *sum = [a, b, c, high as u64];
        (high >> 64) as u64
    }
}

impl point::Curve<4> for P256 {
    const B: [u64; 4] =
        [0x3bce_3c3e_27d2_604b, 0x651d_06b0_cc53_b0f6, 0xb3eb_bd55_7698_86bc, 0x5ac6_35d8_aa3a_93e7];
    const BITS: usize = 256;
}

/// FIPS 186-4 D.1.2.4: 2³⁸⁴ - 2¹²⁸ - 2⁹⁶ + 2³² - 1.
#[derive(Clone, Copy)]
struct P384;

impl Prime<6> for P384 {
    const MODULUS: [u64; 6] =
        [0x0000_0000_ffff_ffff, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_fffe, u64::MAX, u64::MAX, u64::MAX];

    #[inline(always)]
    fn step(sum: &mut [u64; 6], high: u128) -> u64 {
        let [lowest, a, b, c, d, e] = *sum;
        // The negative inverse of the prime modulo 2⁶⁴ is 2³² + 1.
        let factor = lowest.wrapping_add(lowest << 32);
        // Subtract the factor times 2¹²⁸ + 2⁹⁶ - 2³² + 1, whose lowest limb is that of the sum,
        let (low, up) = (factor << 32, factor >> 32);
        let (_, borrow) = sub_borrow(factor, low, 0);
        let (first, borrow) = sub_borrow(low, up, borrow);
        let second = u128::from(up) + u128::from(factor) - u128::from(borrow);
        let (a, borrow) = sub_borrow(a, first, 0);
        let (b, borrow) = sub_borrow(b, second as u64, borrow);
        let (c, borrow) = sub_borrow(c, (second >> 64) as u64, borrow);
        let (d, borrow) = sub_borrow(d, 0, borrow);
        let (e, borrow) = sub_borrow(e, 0, borrow);
        // and add the factor times 2³⁸⁴.
        let high = high + u128::from(factor) - u128::from(borrow);
        *sum = [a, b, c, d, e, high as u64];
        (high >> 64) as u64
    }
}

impl point::Curve<6> for P384 {
    const B: [u64; 6] = [
        0x2a85_c8ed_d3ec_2aef,
        0xc656_398d_8a2e_d19d,
        0x0314_088f_5013_875a,
        0x181d_9c6e_fe81_4112,
        0x988e_056b_e3f8_2d19,
        0xb331_2fa7_e23e_e7e4,
    ];
    const BITS: usize = 384;
}

/// FIPS 186-4 D.1.2.5: 2⁵²¹ - 1.
#[derive(Clone, Copy)]
struct P521;

impl Prime<9> for P521 {
    const MODULUS: [u64; 9] =
        [u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, 0x1ff];

    #[inline(always)]
    fn step(sum: &mut [u64; 9], high: u128) -> u64 {
        // The factor is the lowest limb: subtracting it clears that limb, and 2⁵²¹ times it is added.
        let [factor, a, b, c, d, e, f, g, h] = *sum;
        let (h, carry) = add_carry(h, factor << 9, 0);
        let high = high + u128::from(factor >> 55) + u128::from(carry);
        *sum = [a, b, c, d, e, f, g, h, high as u64];
        (high >> 64) as u64
    }
}

impl point::Curve<9> for P521 {
    const B: [u64; 9] = [
        0xef45_1fd4_6b50_3f00,
        0x3573_df88_3d2c_34f1,
        0x1652_c0bd_3bb1_bf07,
        0x5619_3951_ec7e_937b,
        0xb8b4_8991_8ef1_09e1,
        0xa2da_725b_99b3_15f3,
        0x929a_21a0_b685_40ee,
        0x953e_b961_8e1c_9a1f,
        0x0000_0000_0000_0051,
    ];
    const BITS: usize = 521;
}

/// The sum of scalars times points, all of one group.
fn sum<const N: usize>(terms: [(&Scalar, &Point); N]) -> Option<Point> {
    let group = terms.first()?.1.group();
    if terms.iter().any(|(scalar, point)| scalar.group() != group || point.group() != group) {
        return None;
    }
    let mut octets = vec![0; 2 * group.octets()];
    macro_rules! with {
        ($curve:ty, $limbs:literal) => {
            point::Point::<$curve, $limbs>::sum(
                terms.map(|(scalar, point)| (scalar.octets(), point::Point::new(point.x(), point.y()))),
            )
            .write(&mut octets)
        };
    }
    let finite = match group {
        Group::P256 => with!(P256, 4),
        Group::P384 => with!(P384, 6),
        Group::P521 => with!(P521, 9),
    };
    finite.then(|| Point::of_backend(group, Secret::from_vec(octets)))
}

impl Curves for FastCurves {
    fn multiply(&self, scalar: &Scalar, point: &Point) -> Option<Point> {
        sum([(scalar, point)])
    }

    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point> {
        sum([first, second])
    }

    fn point(&self, group: Group, octets: &[u8]) -> Option<Point> {
        PureCurves.point(group, octets)
    }

    fn point_with_x(&self, group: Group, x: &[u8], odd: Choice) -> Option<Point> {
        PureCurves.point_with_x(group, x, odd)
    }

    fn is_x_of_point(&self, group: Group, x: &[u8], entropy: &mut dyn Entropy) -> Choice {
        PureCurves.is_x_of_point(group, x, entropy)
    }

    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point> {
        PureCurves.multiply_generator(scalar)
    }

    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point> {
        PureCurves.map_to_curve(group, first, second)
    }
}
