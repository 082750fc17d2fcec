//! AWS-LC's numbers and points as owned values.
//!
//! Only entry points that take constant time for the three groups are called. `EC_POINT_mul` is one as long as
//! the scalar is below the order, which a [`Scalar`] always is; points come and go as octets, because the way
//! over `BIGNUM` coordinates compares them in variable time.
#![allow(unsafe_code)] // AWS-LC is C, and has no safe binding for arithmetic on points.

use aws_lc_sys::{
    BIGNUM, BN_bin2bn, BN_clear_free, EC_GROUP, EC_POINT, EC_POINT_add, EC_POINT_free, EC_POINT_mul,
    EC_POINT_new, EC_POINT_oct2point, EC_POINT_point2oct, EC_group_p256, EC_group_p384, EC_group_p521,
    point_conversion_form_t,
};
use lapwing_core::{
    Secret,
    curve::{Group, Point, Scalar},
};
use std::{
    ffi::c_int,
    ptr::{NonNull, null, null_mut},
};
use zeroize::Zeroizing;

/// The first octet of a point that is written as x then y (SEC 1 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The library did not do it: it had no memory, or refused an operand.
pub(super) struct Failed;

/// The library's word for success is one.
fn done(code: c_int) -> Result<(), Failed> {
    (code == 1).then_some(()).ok_or(Failed)
}

/// The library's description of a group. It is static: the first call makes it, nobody frees it.
fn description(group: Group) -> *const EC_GROUP {
    // SAFETY: the functions take no arguments; their first call is guarded by the library's own `once`, so that
    // any thread may be the first. They do not fail.
    unsafe {
        match group {
            Group::P256 => EC_group_p256(),
            Group::P384 => EC_group_p384(),
            Group::P521 => EC_group_p521(),
        }
    }
}

/// A secret number, owned, and erased when dropped.
struct Number(NonNull<BIGNUM>);

impl Number {
    fn new(scalar: &Scalar) -> Result<Self, Failed> {
        let octets = scalar.octets();
        // SAFETY: pointer and length are of one live slice, which is only read. With no number to write to, the
        // function allocates one, which is ours, or returns null.
        NonNull::new(unsafe { BN_bin2bn(octets.as_ptr(), octets.len(), null_mut()) }).map(Self).ok_or(Failed)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: the number was allocated by the library in `new`, nobody else has it, and this is its end.
        unsafe { BN_clear_free(self.0.as_ptr()) }
    }
}

/// A point or the identity, owned. The library erases whatever it frees.
pub(super) struct Element {
    group: Group,
    point: NonNull<EC_POINT>,
}

impl Element {
    /// The identity.
    fn new(group: Group) -> Result<Self, Failed> {
        // SAFETY: the group is a live description; the point is allocated and ours, or null.
        let point = NonNull::new(unsafe { EC_POINT_new(description(group)) }).ok_or(Failed)?;
        Ok(Self { group, point })
    }

    fn from_point(point: &Point) -> Result<Self, Failed> {
        let element = Self::new(point.group())?;
        let octets = Secret::from_vec([&[UNCOMPRESSED], point.octets()].concat());
        let (octets, length) = (octets.expose().as_ptr(), octets.len());
        // SAFETY: group and point are live, the point is ours alone, and of this group, which the library checks
        // besides. Pointer and length are of one live vector, which is only read. The context may be null.
        // A failure leaves a valid point.
        done(unsafe {
            EC_POINT_oct2point(description(element.group), element.point.as_ptr(), octets, length, null_mut())
        })?;
        Ok(element)
    }

    /// `scalar · generator`.
    pub(super) fn generated(scalar: &Scalar) -> Result<Self, Failed> {
        let (result, number) = (Self::new(scalar.group())?, Number::new(scalar)?);
        // SAFETY: group, result and number are live, the result is ours alone. The second pair of factors may be
        // null if both are, the context too.
        done(unsafe {
            EC_POINT_mul(
                description(result.group),
                result.point.as_ptr(),
                number.0.as_ptr(),
                null(),
                null(),
                null_mut(),
            )
        })?;
        Ok(result)
    }

    /// `scalar · point`; fails if they are of two groups.
    pub(super) fn product(scalar: &Scalar, point: &Point) -> Result<Self, Failed> {
        // A number of another group could be above the order, and would be reduced in variable time.
        (scalar.group() == point.group()).then_some(()).ok_or(Failed)?;
        let (result, factor) = (Self::new(point.group())?, Self::from_point(point)?);
        let number = Number::new(scalar)?;
        // SAFETY: group, result, factor and number are live, the result is ours alone, the points are of this
        // group. The generator's factor may be null, the context too.
        done(unsafe {
            EC_POINT_mul(
                description(result.group),
                result.point.as_ptr(),
                null(),
                factor.point.as_ptr(),
                number.0.as_ptr(),
                null_mut(),
            )
        })?;
        Ok(result)
    }

    /// The sum of both; fails if they are of two groups.
    pub(super) fn plus(&self, other: &Self) -> Result<Self, Failed> {
        let sum = Self::new(self.group)?;
        // SAFETY: group and points are live, the sum is ours alone. The library itself refuses points of
        // different groups. The context may be null.
        done(unsafe {
            EC_POINT_add(
                description(sum.group),
                sum.point.as_ptr(),
                self.point.as_ptr(),
                other.point.as_ptr(),
                null_mut(),
            )
        })?;
        Ok(sum)
    }

    /// The point; `None` for the identity.
    pub(super) fn to_point(&self) -> Result<Option<Point>, Failed> {
        let mut octets = Zeroizing::new(vec![0; 1 + 2 * self.group.octets()]);
        // SAFETY: group and point are live and only read, the point is of this group. The library writes no more
        // than the length that goes with the pointer, both of one vector of ours. The context may be null.
        let written = unsafe {
            EC_POINT_point2oct(
                description(self.group),
                self.point.as_ptr(),
                point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
                octets.as_mut_ptr(),
                octets.len(),
                null_mut(),
            )
        };
        match octets.split_first() {
            Some((0, _)) if written == 1 => Ok(None),
            Some((&UNCOMPRESSED, point)) if written == octets.len() => {
                Ok(Some(Point::of_backend(self.group, Secret::new(point))))
            }
            _ => Err(Failed),
        }
    }
}

impl Drop for Element {
    fn drop(&mut self) {
        // SAFETY: the point was allocated by the library in `new`, nobody else has it, and this is its end.
        unsafe { EC_POINT_free(self.point.as_ptr()) }
    }
}
