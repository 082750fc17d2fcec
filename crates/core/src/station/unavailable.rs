//! Unavailable: the interface is down or gone, and the kernel holds nothing.

use super::{State, context::Turn, departure::Then};

/// Waiting for the interface to come up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Unavailable {
    /// What comes when it does.
    pub then: Then,
}

impl Unavailable {
    pub(super) fn leave(self, then: Then) -> Self {
        Self { then }
    }

    /// The interface is up, or may be.
    pub(super) fn try_again(self, turn: &mut Turn<'_>) -> State {
        self.then.follow(turn)
    }
}
