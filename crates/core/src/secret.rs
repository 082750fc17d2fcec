//! Secrets: wiped on drop, compared in constant time, without `Debug`.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Octets that nobody else may learn: a key, a passphrase, a shared secret.
///
/// The type has no `Debug` and no `Display`: whoever holds one writes its own `Debug` without it. It is
/// compared in constant time (for equal lengths) and wiped when dropped. `Hash` exists so that a whole
/// state can be a key in the explorer of interleavings; nothing prints a hash.
#[derive(Clone, Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes over these octets.
    #[must_use]
    pub const fn from_vec(octets: Vec<u8>) -> Self {
        Self(octets)
    }

    /// A copy of these octets.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }

    /// The octets. Look at them only where they are used.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many octets.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
