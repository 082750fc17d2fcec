//! The names of the states that were seen, shared by all threads.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A name is as good as random already.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        self.0 = octets.iter().fold(self.0, |name, octet| name << 8 | u64::from(*octet));
    }

    fn write_u64(&mut self, name: u64) {
        self.0 = name;
    }
}

type Part = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// So many that two threads rarely want the same.
const PARTS: usize = 256;

/// What one name takes at most while its table grows: an octet of order and eight of name, at half load.
pub const OCTETS_EACH: usize = 18;

/// A set of names.
#[derive(Debug)]
pub struct Visited {
    parts: Vec<Mutex<Part>>,
}

impl Default for Visited {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }
}

impl Visited {
    /// Adds a name; false if it was there.
    pub fn insert(&self, name: u64) -> bool {
        // The middle of the name, since the table within a part goes by both ends.
        let part = usize::from((name >> 32) as u8);
        self.parts.get(part).is_some_and(|part| lock(part).insert(name))
    }

    /// How many names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| lock(part).len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands each name over, in no order.
    pub fn for_each(&self, mut take: impl FnMut(u64)) {
        for part in &self.parts {
            lock(part).iter().copied().for_each(&mut take);
        }
    }
}

/// A set that a thread panicked over is still a set.
fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
