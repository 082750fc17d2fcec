//! Other programs that run the same interface: they are named, and not fought with.

use super::context::Turn;
use crate::{
    failure::Code,
    kernel::Connection,
    select,
    time::{Duration, Instant},
};
use alloc::{format, string::String};
use lapwing_frames::{
    MacAddr,
    management::{ReasonCode, StatusCode},
};

/// After so long without interference it counts as over.
const OVER_AFTER: Duration = Duration::from_secs(300);

/// How often another program has interfered of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Interference {
    times: u32,
    /// When it happened last, if it ever did.
    last: Option<Instant>,
}

impl Interference {
    /// How long to leave the interface alone now: longer each time.
    pub(super) fn patience(self) -> Duration {
        select::backoff(self.times)
    }

    /// Whether it has happened again and again.
    pub(super) const fn is_persistent(self) -> bool {
        self.times > 1
    }
}

impl Turn<'_> {
    /// Another program did something to the interface: notes it, and gives it its place in the catalogue.
    pub(super) fn interfered(&mut self, what: String) -> Code {
        let Interference { times, last } = self.context.interference;
        let is_over = last.is_none_or(|last| self.now.since(last) > OVER_AFTER);
        let times = if is_over { 0 } else { times };
        self.context.interference = Interference { times: times.saturating_add(1), last: Some(self.now) };
        Code::OtherProgram(what)
    }
}

/// Whether there is a connection now, which is somebody else's if it is not the one that was asked for.
pub(super) fn is_made(connection: &Connection) -> bool {
    connection.status == StatusCode::Success
}

/// What was seen of a connection that somebody else made.
pub(super) fn connected(peer: MacAddr) -> String {
    format!("the interface was connected to {peer}")
}

/// What was seen of a disconnection that somebody else made.
pub(super) fn disconnected(reason: ReasonCode) -> String {
    format!("the interface was disconnected with reason {reason}")
}
