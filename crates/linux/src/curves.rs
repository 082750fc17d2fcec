//! The product's elliptic curves: AWS-LC where it is faster, RustCrypto for the rest.
//!
//! Multiplications make up nearly all of SAE's time. AWS-LC does them in constant time, three to five times as
//! fast as RustCrypto. Field roots, maps and checks stay with RustCrypto, by way of [`PureCurves`].

mod aws_lc;

use aws_lc::{Element, Failed};
use lapwing_core::{
    Entropy,
    curve::{Curves, Group, Point, PureCurves, Scalar},
};
use subtle::Choice;

/// The backend of the product.
///
/// What AWS-LC does not do, for want of memory or because an operand is not what it should be, is asked of
/// [`PureCurves`]: the answer is the same, only later, and a mistake of the caller gives `None` there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AwsLcCurves;

impl Curves for AwsLcCurves {
    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point> {
        Element::generated(scalar)
            .and_then(|product| product.to_point())
            .unwrap_or_else(|Failed| PureCurves.multiply_generator(scalar))
    }

    fn multiply(&self, scalar: &Scalar, point: &Point) -> Option<Point> {
        Element::product(scalar, point)
            .and_then(|product| product.to_point())
            .unwrap_or_else(|Failed| PureCurves.multiply(scalar, point))
    }

    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point> {
        let sum =
            || Element::product(first.0, first.1)?.plus(&Element::product(second.0, second.1)?)?.to_point();
        sum().unwrap_or_else(|Failed| PureCurves.multiply_add(first, second))
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

    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point> {
        PureCurves.map_to_curve(group, first, second)
    }
}
