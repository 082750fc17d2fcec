//! Where our belief about the kernel is not certain, or wrong: lost events, what was read back, an interface
//! that is gone.

use super::{
    Footing, State,
    context::Turn,
    departure::Then,
    disconnecting::Disconnecting,
    external::External,
    interference,
    resync::{Picture, Resync},
    unavailable::Unavailable,
    vocabulary::Report,
};
use crate::failure::Code;

impl State {
    /// The kernel's view has been read back.
    pub(super) fn resynced(self, turn: &mut Turn<'_>, picture: &Picture) -> Self {
        match self {
            Self::Connected(state) => state.resynced(turn, picture),
            Self::Disconnecting(state) => state.resynced(turn, picture),
            // Nobody may be connected now: whoever is, is not us. It may be what is left of a connection of
            // ours, so it is ended once; a program that makes another one is not fought with, until we have
            // something to do ourselves.
            Self::Idle(idle) => match turn.held(picture) {
                Some(peer) => {
                    let what = interference::connected(peer);
                    turn.interfered(what.clone());
                    turn.report(Report::Interfered { what });
                    if turn.context.interference.is_persistent() {
                        turn.ignore(None, "a connection that is not ours: leaving it alone");
                        return Self::Idle(idle);
                    }
                    turn.ignore(None, "a connection that is not ours: ending it");
                    Disconnecting::begin(turn, peer, true, idle.then())
                }
                None => Self::Idle(idle),
            },
            state => state,
        }
    }

    /// Events were lost, or the machine slept: what we believe about the kernel is not certain.
    pub(super) fn in_doubt(self, turn: &mut Turn<'_>) -> Self {
        match self {
            Self::Idle(_) => {
                turn.resync();
                self
            }
            // Its answer is not among what was lost.
            Self::Scanning(_) | Self::Readdressing(_) => self,
            // What has begun may still come about after the kernel was read: it is ended first.
            Self::Authenticating(state) => {
                let peer = state.peer();
                turn.failed(state.journey, Some(&state.target), Code::StateLost, Footing::Halfway(peer))
            }
            Self::Associating(state) => {
                let peer = state.peer();
                turn.failed(state.journey, Some(&state.target), Code::StateLost, Footing::Halfway(peer))
            }
            Self::Securing(state) => {
                let peer = state.peer();
                turn.failed(state.journey, Some(&state.target), Code::StateLost, Footing::Connected(peer))
            }
            Self::Connecting(state) if !state.is_out() => {
                turn.failed(state.journey, Some(&state.target), Code::StateLost, Footing::Doubt)
            }
            Self::Connecting(state) => {
                let peer = state.peer();
                turn.failed(state.journey, Some(&state.target), Code::StateLost, Footing::Halfway(peer))
            }
            Self::Roaming(state) => {
                let peer = state.peer();
                turn.failed(state.journey, None, Code::StateLost, Footing::Connected(peer))
            }
            Self::Transitioning(state) => state.in_doubt(turn),
            Self::Connected(_) => {
                turn.resync();
                self
            }
            Self::Disconnecting(state) => state.in_doubt(turn),
            // The event that it came up may be among the lost: trying tells.
            Self::Unavailable(state) => state.try_again(turn),
        }
    }

    /// The interface went down or away: the kernel has dropped everything by itself.
    pub(super) fn unavailable(self, turn: &mut Turn<'_>, code: Code) -> Self {
        turn.survey_dropped();
        turn.context.resync = Resync::Resting;
        // Nobody is there to be answered.
        turn.context.external = External::Resting;
        let then = match self {
            Self::Idle(idle) => idle.then(),
            Self::Scanning(state) => match state.into_journey() {
                Some(journey) => turn.cut_short(&journey, code),
                None => Then::Seek,
            },
            Self::Readdressing(state) => turn.cut_short(&state.journey, code),
            Self::Authenticating(state) => turn.cut_short(&state.journey, code),
            Self::Associating(state) => turn.cut_short(&state.journey, code),
            Self::Securing(state) => turn.cut_short(&state.journey, code),
            Self::Connecting(state) => turn.cut_short(&state.journey, code),
            Self::Roaming(state) => turn.cut_short(&state.journey, code),
            Self::Transitioning(state) => turn.cut_short(&state.journey, code),
            Self::Connected(state) => {
                turn.ended(&state.journey, code);
                Then::after(turn.now, &state.journey)
            }
            Self::Disconnecting(state) => match state.then {
                Then::Join(journey) => turn.cut_short(&journey, code),
                Then::Again(pair) | Then::Go(pair) => turn.cut_short(&pair.0, code),
                then @ (Then::Seek | Then::SeekLater { .. } | Then::Try(_)) => then,
            },
            Self::Unavailable(state) => state.then,
        };
        Self::Unavailable(Unavailable { then })
    }
}
