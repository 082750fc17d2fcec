//! Parts of a state that many states have in common.

use crate::explore::RelativeHasher;
use lapwing_core::Instant;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A part of a state: copied when it is changed and not before, and looked through for a hash once.
///
/// Moments are hashed relative to now, which another hasher may take for another time. So what is kept is a name
/// of all but the moments, and the moments as they follow each other: those few are hashed each time.
pub(crate) struct Named<T>(Arc<Part<T>>);

struct Part<T> {
    value: T,
    print: OnceLock<Print>,
}

/// What is hashed of a part.
#[derive(Debug)]
struct Print {
    rest: u64,
    moments: Box<[u128]>,
}

impl<T> Named<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Part { value, print: OnceLock::new() }))
    }
}

impl<T: Clone> Named<T> {
    /// The part, to be changed: a copy if another state has it, too.
    pub(crate) fn make_mut(&mut self) -> &mut T {
        let part = Arc::make_mut(&mut self.0);
        part.print = OnceLock::new();
        &mut part.value
    }

    /// The part itself: a copy if another state has it, too.
    pub(crate) fn into_inner(self) -> T {
        Arc::unwrap_or_clone(self.0).value
    }
}

impl<T: Clone> Clone for Part<T> {
    /// For who is about to change it: the print would be wrong.
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), print: OnceLock::new() }
    }
}

impl<T> Clone for Named<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Named<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Default> Default for Named<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Named<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value
    }
}

impl<T: Eq> Eq for Named<T> {}

impl<T: Hash> Hash for Named<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Print { rest, moments } = self.0.print.get_or_init(|| Print::of(&self.0.value));
        state.write_u64(*rest);
        moments.iter().for_each(|moment| state.write_u128(*moment));
    }
}

impl Print {
    fn of(value: &impl Hash) -> Self {
        let mut apart = Apart { rest: RelativeHasher::new(Instant::default()), moments: Vec::new() };
        value.hash(&mut apart);
        Self { rest: apart.rest.finish(), moments: apart.moments.into() }
    }
}

/// Takes moments apart from all else.
struct Apart {
    rest: RelativeHasher,
    moments: Vec<u128>,
}

impl Hasher for Apart {
    fn finish(&self) -> u64 {
        self.rest.finish()
    }

    fn write(&mut self, octets: &[u8]) {
        self.rest.write(octets);
    }

    fn write_u8(&mut self, value: u8) {
        self.rest.write_u8(value);
    }

    fn write_u16(&mut self, value: u16) {
        self.rest.write_u16(value);
    }

    fn write_u32(&mut self, value: u32) {
        self.rest.write_u32(value);
    }

    fn write_u64(&mut self, value: u64) {
        self.rest.write_u64(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.rest.write_usize(value);
    }

    fn write_isize(&mut self, value: isize) {
        self.rest.write_isize(value);
    }

    fn write_u128(&mut self, moment: u128) {
        self.moments.push(moment);
        // Where it stood: behind what came before, and before what follows.
        self.rest.write_usize(self.moments.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::Duration;

    fn at(seconds: u64) -> Instant {
        Instant::after_start(Duration::from_secs(seconds))
    }

    fn name<T: Hash>(now: u64, part: &T) -> u64 {
        RelativeHasher::name(at(now), part)
    }

    #[test]
    fn a_print_that_is_kept_still_counts_moments_from_now() {
        let (one, later) = (Named::new((1_u8, at(12))), Named::new((1_u8, at(102))));
        assert_eq!(name(10, &one), name(100, &later));
        assert_ne!(name(10, &one), name(11, &one));
        assert_ne!(name(10, &one), name(10, &Named::new((2_u8, at(12)))));
        assert_ne!(name(0, &Named::new((at(1), 2_u8))), name(0, &Named::new((2_u8, at(1)))));
    }

    #[test]
    fn a_part_that_changed_has_another_print() {
        for shared in [false, true] {
            let mut part = Named::new(1_u8);
            let before = name(0, &part);
            let copy = shared.then(|| part.clone());
            *part.make_mut() = 2;
            assert_ne!(name(0, &part), before);
            assert!(copy.is_none_or(|copy| name(0, &copy) == before && *copy == 1));
        }
    }
}
