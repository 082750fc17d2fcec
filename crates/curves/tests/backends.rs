//! Both real backends against each other.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use lapwing_core::{
    curve::{Curves, Group, Point, PureCurves, Scalar},
    entropy::SeededEntropy,
};
use lapwing_curves::FastCurves;

fn check(first: (&Scalar, &Point), second: (&Scalar, &Point)) {
    assert!(FastCurves.multiply(first.0, first.1) == PureCurves.multiply(first.0, first.1));
    assert!(FastCurves.multiply_add(first, second) == PureCurves.multiply_add(first, second));
}

#[test]
fn random_operands() {
    let mut entropy = SeededEntropy(11);
    for group in Group::ALL {
        let mut point = PureCurves.multiply_generator(&Scalar::one(group)).unwrap();
        for _ in 0..30 {
            let [a, b] = [(); 2].map(|()| Scalar::random(group, &mut entropy));
            let other = PureCurves.multiply(&a, &point).unwrap();
            check((&a, &point), (&b, &other));
            point = FastCurves.multiply_add((&b, &point), (&a, &other)).unwrap();
            assert!(PureCurves.point(group, point.octets()).is_some());
        }
    }
}

/// Scalars with long runs of equal bits, around powers of two, and around the order; points that are equal,
/// opposite, or multiples of each other, so that every special case of an addition comes up.
#[test]
fn special_operands() {
    for group in Group::ALL {
        let one = Scalar::one(group);
        let base = PureCurves.multiply_generator(&Scalar::reduce(group, b"base")).unwrap();
        let mut scalars = vec![Scalar::reduce(group, &[0]), one.clone(), -&one];
        for bit in 0..usize::from(group.bits()) {
            let mut octets = vec![0; group.octets()];
            let place = octets.len() - 1 - bit / 8;
            *octets.get_mut(place).unwrap() = 1 << (bit % 8);
            let power = Scalar::reduce(group, &octets);
            if bit < 6 || bit % 101 == 64 || bit + 2 > usize::from(group.bits()) {
                scalars.extend([&power + &-&one, &power + &one, -&power, power]);
            }
        }
        let minus = PureCurves.multiply(&-&one, &base).unwrap();
        let twice = PureCurves.multiply(&Scalar::reduce(group, &[2]), &base).unwrap();
        for scalar in &scalars {
            for other in [&base, &minus, &twice] {
                check((scalar, &base), (scalar, other));
                check((scalar, &base), (&-scalar, other));
                check((scalar, &base), (&one, other));
            }
        }
    }
}

#[test]
fn operands_of_two_groups_are_refused() {
    let [a, b] = [Group::P256, Group::P384].map(Scalar::one);
    let point = PureCurves.multiply_generator(&a).unwrap();
    assert!(FastCurves.multiply(&b, &point).is_none());
    assert!(FastCurves.multiply_add((&a, &point), (&b, &point)).is_none());
}
