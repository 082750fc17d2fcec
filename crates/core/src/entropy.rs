//! Random octets, passed in: from the operating system in the product, from a seed in tests.

/// A source of random octets.
///
/// The product's source must be cryptographically strong and must not fail: it blocks at boot until the
/// operating system has enough.
pub trait Entropy {
    /// Fills `octets`.
    fn fill(&mut self, octets: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, octets: &mut [u8]) {
        (**self).fill(octets);
    }
}

/// `N` random octets.
pub fn random<const N: usize>(entropy: &mut (impl Entropy + ?Sized)) -> [u8; N] {
    let mut octets = [0; N];
    entropy.fill(&mut octets);
    octets
}

/// A source that repeats itself, for tests and simulation only: SplitMix64 from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeededEntropy(pub u64);

impl Entropy for SeededEntropy {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            for (octet, value) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *octet = value;
            }
        }
    }
}
