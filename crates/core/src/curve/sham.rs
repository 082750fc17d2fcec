//! Groups of the right sizes without any security, for simulation and fuzzing only.
//!
//! The y of a "point" is its own discrete logarithm, a number modulo the order of the group, and x is the
//! even one of that number and its negative. All laws of a group hold, and two points with one x are
//! negatives of each other, so protocols run as they do over curves, much faster; and everybody can read
//! the secrets.

use super::{Curves, Group, Point, Scalar, common_group};
use crate::{Entropy, Secret};
use subtle::Choice;

/// The sham groups. Never in a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShamCurves;

fn is_odd(octets: &[u8]) -> bool {
    octets.last().is_some_and(|octet| octet & 1 == 1)
}

fn point(y: &Scalar) -> Option<Point> {
    if y.octets().iter().all(|&octet| octet == 0) {
        return None;
    }
    // The order is odd, so exactly one of the two is even.
    let x = if is_odd(y.octets()) { -y } else { y.clone() };
    Some(Point::of_backend(y.group(), Secret::from_vec([x.octets(), y.octets()].concat())))
}

fn logarithm(point: &Point) -> Option<Scalar> {
    Scalar::from_octets(point.group(), point.y())
}

impl Curves for ShamCurves {
    fn point(&self, group: Group, octets: &[u8]) -> Option<Point> {
        let (_, y) = octets.split_at_checked(group.octets())?;
        point(&Scalar::from_octets(group, y)?).filter(|point| point.octets() == octets)
    }

    fn point_with_x(&self, group: Group, x: &[u8], odd: Choice) -> Option<Point> {
        let x = Scalar::from_octets(group, x).filter(|x| !is_odd(x.octets()))?;
        point(&if bool::from(odd) { -&x } else { x })
    }

    fn is_x_of_point(&self, group: Group, x: &[u8], _entropy: &mut dyn Entropy) -> Choice {
        Choice::from(u8::from(self.point_with_x(group, x, Choice::from(0)).is_some()))
    }

    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point> {
        point(scalar)
    }

    fn multiply(&self, scalar: &Scalar, other: &Point) -> Option<Point> {
        point(&(scalar * &logarithm(other)?))
    }

    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point> {
        common_group(first, second)?;
        point(&(&(first.0 * &logarithm(first.1)?) + &(second.0 * &logarithm(second.1)?)))
    }

    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point> {
        point(&(&Scalar::reduce(group, first) + &Scalar::reduce(group, second)))
    }
}
