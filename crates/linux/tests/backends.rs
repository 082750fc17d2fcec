//! AWS-LC and RustCrypto against each other.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use lapwing_core::{
    Secret,
    curve::{Curves, Group, Point, PureCurves, Scalar},
    entropy::SeededEntropy,
};
use lapwing_linux::curves::AwsLcCurves;

fn check(first: (&Scalar, &Point), second: (&Scalar, &Point)) {
    assert!(AwsLcCurves.multiply(first.0, first.1) == PureCurves.multiply(first.0, first.1));
    assert!(AwsLcCurves.multiply_add(first, second) == PureCurves.multiply_add(first, second));
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
            point = AwsLcCurves.multiply_add((&b, &point), (&a, &other)).unwrap();
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
            assert!(AwsLcCurves.multiply_generator(scalar) == PureCurves.multiply_generator(scalar));
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
    let other = PureCurves.multiply_generator(&b).unwrap();
    assert!(AwsLcCurves.multiply(&b, &point).is_none());
    for second in [(&b, &point), (&a, &other), (&b, &other)] {
        assert!(AwsLcCurves.multiply_add((&a, &point), second).is_none());
        assert!(AwsLcCurves.multiply_add(second, (&a, &point)).is_none());
    }
}

/// `Point::of_backend` can be told anything; the library refuses what is not on the curve, and so do we.
#[test]
fn operands_off_the_curve_are_refused() {
    for group in Group::ALL {
        let one = Scalar::one(group);
        let good = PureCurves.multiply_generator(&one).unwrap();
        let of = |octets: &[u8]| Point::of_backend(group, Secret::new(octets));
        let mut near = good.octets().to_vec();
        *near.last_mut().unwrap() ^= 1;
        for bad in [of(&near), of(&vec![0xff; near.len()]), of(&vec![0; near.len()])] {
            assert!(AwsLcCurves.multiply(&one, &bad).is_none(), "{group}");
            assert!(AwsLcCurves.multiply_add((&one, &good), (&one, &bad)).is_none(), "{group}");
        }
    }
}

/// The library makes its groups on first use, whichever thread that is.
#[test]
fn threads_share_the_groups() {
    let run = || Group::ALL.map(|group| AwsLcCurves.multiply_generator(&Scalar::one(group)).unwrap());
    let all =
        std::thread::scope(|scope| [(); 4].map(|()| scope.spawn(run)).map(|thread| thread.join().unwrap()));
    assert!(all.iter().all(|points| points == &run()));
}
