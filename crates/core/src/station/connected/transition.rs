//! A fast transition over the distribution system, while the connection stands: another AP is asked by way of the one
//! that we are with.

use super::{Connected, State, Turn};
use crate::{
    attempt::{Entry, Ticket},
    kernel::{Refusal, Reply, Request},
    rsn::ft::{Hierarchy, Transition},
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::management::{
    Action, Body, Header, Management, StatusCode,
    action::{TransitionAnswered, TransitionAsked},
};

/// How long the answer may take, two access points and the wires between them included: the question is not asked
/// twice, and the air is there.
const ANSWER_LIMIT: Duration = Duration::from_millis(300);

/// A question to another AP.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    exchange: Transition,
    target: Target,
    ticket: Ticket,
    pub(super) until: Instant,
}

impl Connected {
    /// The keys of the mobility domain, while they are good.
    pub(in crate::station) fn hierarchy(&self, now: Instant) -> Option<&Hierarchy> {
        let keys = self.supplicant.as_ref()?.hierarchy()?;
        self.keys_until.is_none_or(|until| now < until).then_some(keys)
    }

    /// Until when they are good, if the AP has said so.
    pub(in crate::station) const fn keys_until(&self) -> Option<Instant> {
        self.keys_until
    }

    /// A question to another AP counts no more.
    pub(in crate::station) fn end_transition(&mut self) {
        self.asking = None;
    }

    /// Asks another AP by way of this one.
    pub(in crate::station) fn ask_over_ds(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        target: Target,
        exchange: Transition,
        elements: Vec<u8>,
    ) -> State {
        let own = turn.context.address;
        let asked = TransitionAsked { station: own, target: target.address(), elements };
        let header = Header::new(self.peer, own, self.peer);
        let mut bytes = Vec::new();
        Management { header, body: Body::Action(Action::FastTransitionRequest(asked)) }.write(&mut bytes);
        let ticket = turn.ask(Some(self.journey.id), Request::SendFrame { frequency: None, bytes });
        let until = turn.now + ANSWER_LIMIT;
        self.asking = Some(Box::new(Asking { exchange, target, ticket, until }));
        State::Connected(self)
    }

    /// What became of the question; `Err` gives the outcome back if it is of another request.
    pub(super) fn asked(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Result<State, (Box<Self>, Result<Reply, Refusal>)> {
        if self.asking.as_ref().is_none_or(|asking| asking.ticket != ticket) {
            return Err((self, outcome));
        }
        let Err(refusal) = outcome else { return Ok(State::Connected(self)) };
        turn.log(Some(self.journey.id), Entry::Refused { command: "FRAME", refusal });
        Ok(match self.asking.take() {
            Some(asking) => turn.transit_without_ds(self, asking.target),
            None => State::Connected(self),
        })
    }

    /// The answer of another AP, if the frame is that; else nothing has changed.
    pub(super) fn answered_over_ds(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        bytes: &[u8],
    ) -> Result<State, Box<Self>> {
        let answer = match Management::parse_decrypted(bytes) {
            Ok(Management { header, body: Body::Action(Action::FastTransitionResponse(answer)) })
                if header.transmitter == self.peer =>
            {
                answer
            }
            _ => return Err(self),
        };
        let TransitionAnswered { station, target, status, elements } = answer;
        let Some(asking) = self.asking.take_if(|asking| asking.target.address() == target) else {
            return Err(self);
        };
        if station != turn.context.address {
            self.asking = Some(asking);
            return Err(self);
        }
        turn.log(Some(self.journey.id), Entry::Answered { frame: "fast transition", status });
        let Asking { mut exchange, target, .. } = *asking;
        if status == StatusCode::Success
            && let Ok(elements) = exchange.answered(&elements)
        {
            return Ok(turn.transit_agreed(self, target, exchange, elements));
        }
        Ok(turn.transit_without_ds(self, target))
    }

    /// There was no answer in time.
    pub(super) fn unanswered_over_ds(mut self: Box<Self>, turn: &mut Turn<'_>) -> Result<State, Box<Self>> {
        match self.asking.take_if(|asking| asking.until <= turn.now) {
            Some(asking) => {
                turn.ignore(
                    Some(self.journey.id),
                    "no answer by way of this access point: asking over the air",
                );
                Ok(turn.transit_without_ds(self, asking.target))
            }
            None => Err(self),
        }
    }
}
