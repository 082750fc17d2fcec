//! Random octets of the operating system.

use lapwing_core::Entropy;
use rustix::rand::{GetRandomFlags, getrandom};

/// The kernel's random numbers (`getrandom`): blocks at boot until the kernel has enough entropy.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&mut self, octets: &mut [u8]) {
        let mut filled = 0;
        while let Some(rest) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            // Long reads may be interrupted or cut short: go on. There is no other error with these flags on
            // a kernel that has the call (3.17), and nothing safe could be done about one.
            if let Ok(count) = getrandom(rest, GetRandomFlags::empty()) {
                filled = filled.saturating_add(count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::entropy::random;

    #[test]
    fn fills_all_of_it_and_never_the_same() {
        let first: [u8; 1000] = random(&mut OsEntropy);
        let second: [u8; 1000] = random(&mut OsEntropy);
        assert_ne!(first, second);
        assert!(first.rchunks(32).next().unwrap().iter().any(|&octet| octet != 0));
    }
}
