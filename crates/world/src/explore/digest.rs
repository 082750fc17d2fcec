//! The name of a state in 64 bits.
//!
//! With n states the chance that any two of them share a name is about n² / 2^65: with a hundred million, one in
//! three and a half thousand.

use lapwing_core::Instant;
use std::hash::{Hash, Hasher};

/// A hasher that knows what time it is: moments count from now, so that two states which differ in nothing but
/// the time of day have one name.
///
/// Moments are what is hashed by [`Hasher::write_u128`], and nothing else is (see
/// [`Instant`]). It is quick, and it is not meant against somebody who chooses the states.
#[derive(Clone, Debug)]
pub struct RelativeHasher {
    now: u128,
    state: u64,
}

/// An odd number without a pattern, as a factor that spreads every bit (the fraction of the golden ratio).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl RelativeHasher {
    /// For a state at this moment.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { now: now.since_start().as_nanos(), state: 0 }
    }

    /// The name of a value at this moment.
    #[must_use]
    pub fn name(now: Instant, value: &impl Hash) -> u64 {
        let mut hasher = Self::new(now);
        value.hash(&mut hasher);
        hasher.finish()
    }

    const fn mix(&mut self, word: u64) {
        // The two halves of the full product: every bit of the word reaches all of the state.
        let product = (self.state ^ word) as u128 * FACTOR as u128;
        self.state = ((product as u64) ^ (product >> 64) as u64).wrapping_add(FACTOR);
    }
}

impl Hasher for RelativeHasher {
    fn finish(&self) -> u64 {
        mix64(self.state)
    }

    fn write(&mut self, octets: &[u8]) {
        let (words, rest) = octets.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            // The length in the upper octet: `[0]` is not `[0, 0]`.
            let word = rest.iter().fold(rest.len() as u64, |word, octet| word << 8 | u64::from(*octet));
            self.mix(word);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value as u64);
    }

    fn write_u128(&mut self, moment: u128) {
        let relative = moment.wrapping_sub(self.now);
        self.mix(relative as u64);
        self.mix((relative >> 64) as u64);
    }
}

/// Spreads what differs between two numbers over all their bits (the end of SplitMix64).
#[must_use]
pub(crate) const fn mix64(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::Duration;
    use std::collections::BTreeSet;

    fn at(seconds: u64) -> Instant {
        Instant::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn moments_count_from_now() {
        let name = |now: u64, deadline: u64| RelativeHasher::name(at(now), &(at(deadline), "waiting"));
        assert_eq!(name(10, 12), name(100, 102));
        assert_ne!(name(10, 12), name(10, 13));
        assert_eq!(name(10, 7), name(100, 97), "a moment that is over");
    }

    #[test]
    fn small_differences_make_other_names() {
        let mut names = BTreeSet::new();
        for octets in [&b""[..], &[0], &[0, 0], &[0; 8], &[0; 9], &[1], &[0, 1], &[1, 0]] {
            assert!(names.insert(RelativeHasher::name(at(0), &octets)), "{octets:?}");
        }
        for number in 0_u64..100_000 {
            assert!(names.insert(RelativeHasher::name(at(0), &(number, number / 7))));
        }
    }
}
