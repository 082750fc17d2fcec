use super::*;
use crate::entropy::SeededEntropy;
use std::vec;

fn backends() -> [&'static dyn Curves; 2] {
    [&PureCurves, &ShamCurves]
}

#[test]
fn laws_of_a_group_hold() {
    let mut entropy = SeededEntropy(1);
    for curves in backends() {
        for group in Group::ALL {
            let [a, b] = [(); 2].map(|()| Scalar::random(group, &mut entropy));
            let one = Scalar::one(group);
            let p = curves.multiply_generator(&a).unwrap();
            assert_eq!(p.octets().len(), 2 * group.octets());
            assert!(curves.point(group, p.octets()).is_some_and(|point| point == p));
            let q = curves.multiply(&b, &p).unwrap();
            assert!(q == curves.multiply_generator(&(&a * &b)).unwrap(), "associative");
            let sum = curves.multiply_add((&a, &p), (&b, &q)).unwrap();
            let alone = [curves.multiply(&a, &p).unwrap(), curves.multiply(&b, &q).unwrap()];
            assert!(sum == curves.multiply_add((&one, &alone[0]), (&one, &alone[1])).unwrap());
            assert!(curves.multiply_add((&a, &p), (&-&a, &p)).is_none(), "the identity");
            assert!(curves.multiply(&(&a + &-&a), &p).is_none(), "zero");
            assert!(curves.multiply(&one, &p).unwrap() == p);
            let minus = curves.multiply(&-&one, &p).unwrap();
            assert!(minus.x() == p.x() && minus.y() != p.y());
            for point in [&p, &minus] {
                let odd = Choice::from(point.y().last().unwrap() & 1);
                assert!(&curves.point_with_x(group, p.x(), odd).unwrap() == point);
            }
            assert!(bool::from(curves.is_x_of_point(group, p.x(), &mut entropy)));
        }
    }
}

#[test]
fn about_half_of_all_numbers_are_coordinates() {
    let mut entropy = SeededEntropy(2);
    for group in Group::ALL {
        let mut hits = 0;
        for _ in 0..64 {
            let number = Scalar::random(group, &mut entropy);
            let is_x = bool::from(PureCurves.is_x_of_point(group, number.octets(), &mut entropy));
            let found = PureCurves.point_with_x(group, number.octets(), Choice::from(1));
            assert_eq!(found.is_some(), is_x);
            hits += u32::from(is_x);
        }
        assert!((12..52).contains(&hits), "{group}: {hits}");
        let above = vec![0xff; group.octets()];
        assert!(!bool::from(PureCurves.is_x_of_point(group, &above, &mut entropy)));
        assert!(PureCurves.point_with_x(group, &above, Choice::from(0)).is_none());
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    for curves in backends() {
        for group in Group::ALL {
            let octets = group.octets();
            let good = curves.multiply_generator(&Scalar::reduce(group, &[77])).unwrap();
            for wrong in 0..2 * octets {
                let mut bad = good.octets().to_vec();
                bad[wrong] ^= 1;
                assert!(curves.point(group, &bad).is_none(), "{group} octet {wrong}");
            }
            for length in 0..2 * octets {
                assert!(curves.point(group, &good.octets()[..length]).is_none());
            }
            for bad in [vec![0; 2 * octets], vec![0xff; 2 * octets]] {
                assert!(curves.point(group, &bad).is_none());
            }
        }
    }
}

#[test]
fn operands_of_two_groups_are_refused() {
    let [a, b] = [Group::P256, Group::P384].map(Scalar::one);
    for curves in backends() {
        let [p, q] = [&a, &b].map(|scalar| curves.multiply_generator(scalar).unwrap());
        assert!(curves.multiply(&b, &p).is_none());
        for second in [(&b, &p), (&a, &q), (&b, &q)] {
            assert!(curves.multiply_add((&a, &p), second).is_none());
            assert!(curves.multiply_add(second, (&a, &p)).is_none());
        }
    }
}

#[test]
fn scalars_at_the_edges() {
    for group in Group::ALL {
        let zero = Scalar::reduce(group, &[]);
        let one = Scalar::one(group);
        let two = &one + &one;
        let last = -&one;
        assert!(bool::from(zero.is_below_two()) && bool::from(one.is_below_two()));
        assert!(!bool::from(two.is_below_two()) && !bool::from(last.is_below_two()));
        assert!(Scalar::from_octets(group, last.octets()).is_some_and(|same| same == last));
        let mut order = last.octets().to_vec();
        *order.last_mut().unwrap() += 1;
        assert!(Scalar::from_octets(group, &order).is_none(), "the order itself");
        assert!(Scalar::from_octets(group, &order[1..]).is_none(), "too short");
        assert!(Scalar::reduce(group, &order) == zero);

        // h mod (q - 1) + 1 around q - 1.
        assert!(Scalar::from_hash(group, zero.octets()) == one);
        assert!(Scalar::from_hash(group, (-&two).octets()) == last, "q - 2 becomes q - 1");
        assert!(Scalar::from_hash(group, last.octets()) == one, "q - 1 becomes 1");
        assert!(Scalar::from_hash(group, &order) == two, "q becomes 2");
        *order.last_mut().unwrap() += 1;
        assert!(Scalar::from_hash(group, &order) == &two + &one);
        assert!(Scalar::from_hash(group, &[0; 32]) == one, "a hash shorter than the order");
    }
}
