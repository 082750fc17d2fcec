//! For how long an address holds.

use lapwing_core::{Duration, Instant};

/// For how long an address may be used from now on; for ever if none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetimes {
    /// As the source of new connections. It is not longer than the other.
    pub preferred: Option<Duration>,
    /// At all.
    pub valid: Option<Duration>,
}

/// When an address is to be used no more; never if none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// As the source of new connections.
    pub preferred: Option<Instant>,
    /// At all.
    pub valid: Option<Instant>,
}

impl Lifetimes {
    /// Without end.
    pub const FOREVER: Self = Self { preferred: None, valid: None };

    /// One that is preferred for as long as it is valid, as with IPv4.
    #[must_use]
    pub const fn lasting(time: Option<Duration>) -> Self {
        Self { preferred: time, valid: time }
    }

    /// When it ends, counted from a moment.
    #[must_use]
    pub fn from(self, since: Instant) -> Until {
        let end = |time: Option<Duration>| time.map(|time| since + time);
        Until { preferred: end(self.preferred), valid: end(self.valid) }
    }
}

impl Until {
    /// What is left of it.
    #[must_use]
    pub fn left(self, now: Instant) -> Lifetimes {
        let left = |end: Option<Instant>| end.map(|end| end.since(now));
        Lifetimes { preferred: left(self.preferred), valid: left(self.valid) }
    }
}
