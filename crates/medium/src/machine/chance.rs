//! Chance, the same in every run that begins with the same number.

/// A sequence of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something happens that happens so many times of a hundred.
    pub(super) fn happens(&mut self, of_hundred: u8) -> bool {
        // What is certain either way takes no number, so that a rule that loses nothing changes nothing.
        match of_hundred {
            0 => false,
            100.. => true,
            _ => self.next() % 100 < u64::from(of_hundred),
        }
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_often_as_it_should() {
        let mut chance = Chance::new(1);
        let happened = (0..10_000).filter(|_| chance.happens(30)).count();
        assert!((2_800..3_200).contains(&happened), "{happened}");
        assert!((0..100).all(|_| !chance.happens(0) && chance.happens(100)));
    }
}
