//! Time as a value: the driver reads the clock once per turn and hands it in.

pub use core::time::Duration;
use core::{
    hash::{Hash, Hasher},
    ops::{Add, Sub},
};

/// A moment on a clock that never goes back and counts suspended time (`CLOCK_BOOTTIME`), as the time
/// since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

/// A moment is hashed as its nanoseconds, by [`Hasher::write_u128`], and nothing else in the core is hashed by
/// that: so a hasher that knows what time it is can hash moments relative to now, and two states that differ
/// in nothing but the time of day are found equal.
impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.as_nanos());
    }
}

impl Instant {
    /// The moment this long after the clock's start.
    #[must_use]
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time since the clock's start.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}
