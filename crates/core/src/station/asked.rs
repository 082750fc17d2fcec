//! What somebody asks for: joining a network, and leaving one.

use super::{
    State,
    context::{Journey, Turn},
    departure::Then,
    disconnecting::Disconnecting,
};
use crate::{attempt::Cause, failure::Code, network::Network};
use alloc::boxed::Box;

impl State {
    pub(super) fn connect(self, turn: &mut Turn<'_>, mut network: Network) -> Self {
        turn.take_known(&mut network);
        turn.context.history.asked(&network.ssid);
        // The attempt of before ends before this one begins.
        self.tell_end(turn);
        let journey = Journey::begin(turn, network, true, Cause::Asked);
        if let Self::Unavailable(_) = self {
            turn.gave_up(&journey, Code::InterfaceDown, None);
            return self;
        }
        self.depart(turn, Then::Join(Box::new(journey)))
    }

    /// Says that whatever is going on ends, because somebody asked.
    pub(super) fn tell_end(&self, turn: &mut Turn<'_>) {
        let journey = match self {
            Self::Idle(_) | Self::Unavailable(_) => None,
            Self::Scanning(state) => state.journey(),
            Self::Authenticating(state) => Some(&state.journey),
            Self::Associating(state) => Some(&state.journey),
            Self::Securing(state) => Some(&state.journey),
            Self::Connected(state) => return turn.ended(&state.journey, Code::Asked),
            Self::Disconnecting(state) => state.then.journey(),
        };
        if let Some(journey) = journey {
            turn.gave_up(journey, Code::Asked, None);
        }
    }

    /// Leaves the AP, if there is one, and goes on with something else.
    pub(super) fn depart(self, turn: &mut Turn<'_>, then: Then) -> Self {
        match self {
            Self::Idle(_) | Self::Scanning(_) => then.follow(turn),
            Self::Authenticating(state) => Disconnecting::begin(turn, state.peer(), false, then),
            Self::Associating(state) => Disconnecting::begin(turn, state.peer(), false, then),
            Self::Securing(state) => Disconnecting::begin(turn, state.peer(), true, then),
            Self::Connected(state) if !state.is_held() => then.follow(turn),
            Self::Connected(state) => Disconnecting::begin(turn, state.peer(), true, then),
            Self::Disconnecting(mut state) => {
                state.then = then.entered(turn);
                Self::Disconnecting(state)
            }
            Self::Unavailable(state) => Self::Unavailable(state.leave(then)),
        }
    }
}
