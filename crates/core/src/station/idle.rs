//! Idle: nothing is going on, until a moment or an event.

use super::{
    State, Summary,
    context::Turn,
    departure::{Next, Then},
    scanning::Scanning,
};
use crate::{kernel::KernelEvent, time::Instant};
use alloc::boxed::Box;
use lapwing_frames::{Ssid, management::StatusCode};

/// Why nothing is going on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Idle {
    /// Nothing is wanted.
    Resting,
    /// The secrets of all networks that may be joined were wrong. The next of them is tried again at this moment.
    Barred { until: Instant },
    /// The next attempt has its time.
    Waiting(Box<Next>),
    /// The next search for a known network has its time. `after` is the network whose failure it follows.
    Pausing { at: Instant, after: Option<Ssid>, round: u32 },
}

impl Idle {
    pub(super) const fn summary(&self) -> Summary {
        match self {
            Self::Resting | Self::Barred { .. } => Summary::Disconnected,
            Self::Waiting(_) | Self::Pausing { .. } => Summary::Searching,
        }
    }

    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Resting => None,
            Self::Barred { until } => Some((*until, "the time to try a refused secret again")),
            Self::Waiting(next) => Some((next.at, "the time of the next attempt")),
            Self::Pausing { at, .. } => Some((*at, "the time of the next search")),
        }
    }

    /// Whether it waits for the time of something that somebody asked for.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Self::Waiting(next) if next.asked)
    }

    /// Looks for a known network, if that is wanted and there is one to be looked for.
    pub(super) fn seek(turn: &mut Turn<'_>, after: Option<Ssid>) -> State {
        Self::seek_again(turn, after, 0)
    }

    fn seek_again(turn: &mut Turn<'_>, after: Option<Ssid>, round: u32) -> State {
        match Self::without_goal(turn) {
            Some(idle) => State::Idle(idle),
            None => Scanning::search(turn, after, round),
        }
    }

    /// What to do if there is nothing to be looked for, or nothing wanted.
    fn without_goal(turn: &Turn<'_>) -> Option<Self> {
        if !turn.context.autoconnect {
            return Some(Self::Resting);
        }
        if turn.wanted().next().is_some() {
            return None;
        }
        Some(turn.first_unbarred().map_or(Self::Resting, |until| Self::Barred { until }))
    }

    /// Known networks are to be joined again after a time without: nobody waits, and what was heard last may be of
    /// another place.
    pub(super) fn resume(self, turn: &mut Turn<'_>) -> State {
        match (self, Self::without_goal(turn)) {
            (this @ Self::Waiting(_), _) => State::Idle(this),
            (_, Some(idle)) => State::Idle(idle),
            (_, None) => Scanning::search_afresh(turn),
        }
    }

    /// The pause after a search in vain; without an end if one search is all that is wanted.
    pub(super) fn pause(turn: &Turn<'_>, after: Option<Ssid>, round: u32) -> State {
        let Some(pauses) = turn.context.settings.search else { return State::Idle(Self::Resting) };
        let at = turn.now + pauses.after(round);
        State::Idle(Self::Pausing { at, after, round: round.saturating_add(1) })
    }

    /// The networks or the wish to join them have changed.
    pub(super) fn look_around(self, turn: &mut Turn<'_>) -> State {
        match self {
            Self::Resting | Self::Barred { .. } | Self::Pausing { .. } => Self::seek(turn, None),
            Self::Waiting(_) => State::Idle(self),
        }
    }

    /// The same as something to come back to.
    pub(super) fn then(self) -> Then {
        match self {
            Self::Waiting(next) => Then::Try(next),
            Self::Resting | Self::Barred { .. } | Self::Pausing { .. } => Then::Seek,
        }
    }

    pub(super) fn overdue(self, turn: &mut Turn<'_>) -> State {
        match self {
            Self::Resting => State::Idle(self),
            Self::Barred { .. } => Self::seek(turn, None),
            Self::Waiting(next) => Then::Try(next).follow(turn),
            Self::Pausing { after, round, .. } => Self::seek_again(turn, after, round),
        }
    }

    pub(super) fn heard(self, turn: &mut Turn<'_>, event: &KernelEvent) -> State {
        // A connection that we did not ask for: another program's, or a firmware that roams on its own. It is
        // read back, as it may be what is left of one of ours.
        if let KernelEvent::Connected(connection) | KernelEvent::Roamed(connection) = event
            && connection.status == StatusCode::Success
        {
            turn.resync();
        }
        turn.ignore(None, event.name());
        State::Idle(self)
    }
}
