//! The default backend: RustCrypto, in Rust alone.

use super::{
    Curves, Group, Point, Scalar, common_group,
    scalar::{horner, with_curve},
};
use crate::{Entropy, Secret};
use alloc::vec;
use elliptic_curve::{
    CurveArithmetic, FieldBytes,
    ff::{Field, PrimeField},
    group::{Curve as _, Group as _},
    hazmat::FieldArithmetic,
    ops::LinearCombination,
    point::AffineCoordinates,
};
use hash2curve::MapToCurve;
use subtle::{Choice, ConditionallySelectable};

/// RustCrypto's implementation of the groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PureCurves;

/// The field of a curve.
type Element<C> = <C as FieldArithmetic>::FieldElement;

fn to_affine<C: CurveArithmetic>(point: &Point) -> Option<C::AffinePoint> {
    affine::<C>(point.x(), point.y())
}

fn affine<C: CurveArithmetic>(x: &[u8], y: &[u8]) -> Option<C::AffinePoint> {
    let (x, y) = (FieldBytes::<C>::try_from(x).ok()?, FieldBytes::<C>::try_from(y).ok()?);
    C::AffinePoint::from_coordinates(&x, &y).into()
}

fn from_projective<C: CurveArithmetic>(group: Group, point: C::ProjectivePoint) -> Option<Point> {
    if bool::from(point.is_identity()) {
        return None;
    }
    let affine = point.to_affine();
    let mut octets = affine.x().to_vec();
    // Reserved at once, so that no copy of a secret coordinate stays behind.
    octets.reserve_exact(octets.len());
    octets.extend_from_slice(&affine.y());
    Some(Point::of_backend(group, Secret::from_vec(octets)))
}

/// The right side of the curve's equation, `x³ - 3x + b`, with b from the generator.
fn right_side<C: FieldArithmetic>(x: Element<C>) -> Element<C> {
    let generator = C::ProjectivePoint::generator().to_affine();
    let coordinate = |octets| Option::from(Element::<C>::from_repr(octets)).unwrap_or(Element::<C>::ZERO);
    let cubic = |x: Element<C>| x.square() * x - (x.double() + x);
    let b = coordinate(generator.y()).square() - cubic(coordinate(generator.x()));
    cubic(x) + b
}

fn with_x<C: FieldArithmetic>(group: Group, x: &[u8], odd: Choice) -> Option<Point> {
    let x: Element<C> = Option::from(Element::<C>::from_repr(FieldBytes::<C>::try_from(x).ok()?))?;
    let y: Element<C> = Option::from(right_side::<C>(x).sqrt())?;
    let y = Element::<C>::conditional_select(&y, &-y, y.is_odd() ^ odd);
    let mut octets = vec![0; 2 * group.octets()];
    octets.iter_mut().zip(x.to_repr().iter().chain(y.to_repr().iter())).for_each(|(to, from)| *to = *from);
    Some(Point::of_backend(group, Secret::from_vec(octets)))
}

fn is_x<C: FieldArithmetic>(group: Group, x: &[u8], entropy: &mut dyn Entropy) -> Choice {
    let mut wide = vec![0; usize::from(group.wide_octets())];
    entropy.fill(&mut wide);
    // The square root takes constant time here. The random square in front (802.11-2020 12.4.4.2.2) keeps
    // the value itself away from it all the same; it must not be zero.
    let blind: Element<C> = horner(Secret::from_vec(wide).expose());
    let blind = Element::<C>::conditional_select(&blind, &Element::<C>::ONE, blind.is_zero());
    let Ok(x) = FieldBytes::<C>::try_from(x) else { return Choice::from(0) };
    let x = Element::<C>::from_repr(x);
    let in_field = x.is_some();
    let x = x.unwrap_or(Element::<C>::ZERO);
    in_field & (right_side::<C>(x) * blind.square()).sqrt().is_some()
}

impl Curves for PureCurves {
    fn point(&self, group: Group, octets: &[u8]) -> Option<Point> {
        let (x, y) = octets.split_at_checked(group.octets())?;
        with_curve!(group, C => affine::<C>(x, y).is_some()).then_some(())?;
        Some(Point::of_backend(group, Secret::new(octets)))
    }

    fn point_with_x(&self, group: Group, x: &[u8], odd: Choice) -> Option<Point> {
        with_curve!(group, C => with_x::<C>(group, x, odd))
    }

    fn is_x_of_point(&self, group: Group, x: &[u8], entropy: &mut dyn Entropy) -> Choice {
        with_curve!(group, C => is_x::<C>(group, x, entropy))
    }

    fn multiply_generator(&self, scalar: &Scalar) -> Option<Point> {
        let group = scalar.group();
        with_curve!(group, C => {
            type P = <C as CurveArithmetic>::ProjectivePoint;
            from_projective::<C>(group, P::mul_by_generator(&scalar.to::<C>()))
        })
    }

    fn multiply(&self, scalar: &Scalar, point: &Point) -> Option<Point> {
        let group = point.group();
        with_curve!(group, C => {
            type P = <C as CurveArithmetic>::ProjectivePoint;
            from_projective::<C>(group, P::from(to_affine::<C>(point)?) * scalar.to::<C>())
        })
    }

    fn multiply_add(&self, first: (&Scalar, &Point), second: (&Scalar, &Point)) -> Option<Point> {
        let group = common_group(first, second)?;
        with_curve!(group, C => {
            type P = <C as CurveArithmetic>::ProjectivePoint;
            let pairs = [
                (P::from(to_affine::<C>(first.1)?), first.0.to::<C>()),
                (P::from(to_affine::<C>(second.1)?), second.0.to::<C>()),
            ];
            from_projective::<C>(group, P::lincomb(&pairs))
        })
    }

    fn map_to_curve(&self, group: Group, first: &[u8], second: &[u8]) -> Option<Point> {
        with_curve!(group, C => {
            let image = |octets| C::map_to_curve(horner::<<C as MapToCurve>::FieldElement>(octets));
            from_projective::<C>(group, image(first) + image(second))
        })
    }
}
