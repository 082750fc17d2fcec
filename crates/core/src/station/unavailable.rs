//! Unavailable: the interface is down or gone, and the kernel holds nothing.

use super::{State, context::Turn, departure::Then, disconnecting::Disconnecting};

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

    /// The interface is up, or may be. What the kernel holds by now is read first: it may have dropped
    /// everything, or another program was faster.
    pub(super) fn try_again(self, turn: &mut Turn<'_>) -> State {
        Disconnecting::doubt(turn, self.then)
    }
}
