//! What somebody asks for: joining a network, and leaving one.

use super::{
    State,
    context::{Journey, Turn},
    departure::Then,
    disconnecting::Disconnecting,
    idle::Idle,
};
use crate::{
    attempt::{Cause, Entry, RoamTrigger},
    failure::Code,
    network::Network,
};
use alloc::boxed::Box;
use core::mem;
use lapwing_frames::MacAddr;

impl State {
    /// Joins a network, because somebody asked. Who asks for what is being done gets it: it is not begun anew.
    pub(super) fn connect(
        mut self,
        turn: &mut Turn<'_>,
        mut network: Network,
        chosen: Option<MacAddr>,
    ) -> Self {
        turn.take_known(&mut network);
        turn.context.history.asked(&network.ssid);
        let connected = matches!(self, Self::Connected(_));
        if let Some(journey) =
            self.journey_mut().filter(|journey| !connected && journey.is_to(&network, chosen))
        {
            journey.asked = true;
            journey.network = network;
            let (id, ssid) = (journey.id, journey.network.ssid.clone());
            turn.log(Some(id), Entry::Began { ssid, cause: Cause::Asked });
            return self;
        }
        // The attempt of before ends before this one begins.
        self.tell_end(turn);
        let mut journey = Journey::begin(turn, network, true, Cause::Asked);
        journey.chosen = chosen;
        if let Self::Unavailable(_) = self {
            turn.gave_up(&journey, Code::InterfaceDown, None);
            return self;
        }
        self.depart(turn, Then::Join(Box::new(journey)))
    }

    /// Goes to another AP of the network of the connection, or to the same again.
    pub(super) fn roam(self, turn: &mut Turn<'_>, bssid: MacAddr) -> Self {
        let state = match self {
            Self::Connected(state) if state.could_go_to(turn.context, bssid, turn.now).is_ok() => state,
            state => return state.ignore(turn, "the access point to go to cannot be joined from here"),
        };
        match turn.destination(&state.journey.network, bssid, RoamTrigger::Asked) {
            Some(to) => turn.begin_roam(state, to),
            // What was heard of it long ago is no target: it has to be looked for again.
            None => {
                let network = state.journey.network.clone();
                Self::Connected(state).connect(turn, network, Some(bssid))
            }
        }
    }

    /// Joins known networks without being asked, or stops doing so: then what nobody asked for ends, unless it
    /// is a connection already.
    pub(super) fn autoconnect(mut self, turn: &mut Turn<'_>, on: bool) -> Self {
        let before = mem::replace(&mut turn.context.autoconnect, on);
        if on || matches!(self, Self::Connected(_)) {
            return match self {
                Self::Idle(idle) if !before => idle.resume(turn),
                state => state.look_around(turn),
            };
        }
        match self.journey() {
            Some(journey) if journey.asked => self,
            Some(_) => {
                self.tell_end(turn);
                self.depart(turn, Then::Seek)
            }
            None => match &mut self {
                Self::Scanning(_) => Idle::seek(turn, None),
                Self::Idle(idle) if !idle.is_asked() => Idle::seek(turn, None),
                Self::Idle(_) | Self::Disconnecting(_) | Self::Unavailable(_) => self,
                // They have an attempt.
                Self::Readdressing(_)
                | Self::Authenticating(_)
                | Self::Associating(_)
                | Self::Connecting(_)
                | Self::Roaming(_)
                | Self::Transitioning(_)
                | Self::Securing(_)
                | Self::Connected(_) => self,
            },
        }
    }

    /// Says that whatever is going on ends, because somebody asked.
    pub(super) fn tell_end(&self, turn: &mut Turn<'_>) {
        match (self, self.journey()) {
            (_, None) => {}
            (Self::Connected(_), Some(journey)) => turn.ended(journey, Code::Asked),
            (_, Some(journey)) => turn.gave_up(journey, Code::Asked, None),
        }
    }

    /// Leaves the AP, if there is one, and goes on with something else.
    pub(super) fn depart(self, turn: &mut Turn<'_>, then: Then) -> Self {
        turn.end_external();
        match self {
            // What the kernel does to the address it does to the end, and says so.
            Self::Idle(_) | Self::Scanning(_) | Self::Readdressing(_) => then.follow(turn),
            Self::Connecting(state) if !state.is_out() => then.follow(turn),
            Self::Connecting(state) => Disconnecting::begin(turn, state.peer(), false, then),
            Self::Roaming(state) => Disconnecting::begin(turn, state.peer(), true, then),
            Self::Transitioning(state) => {
                Disconnecting::begin(turn, state.peer(), state.is_connected(), then)
            }
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
