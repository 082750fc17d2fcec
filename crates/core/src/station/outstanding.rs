//! Requests that a state waits for, all of which must succeed.

use crate::attempt::Ticket;
use alloc::vec::Vec;
use lapwing_frames::LinkId;

/// A request, its command, and of a group key the link that it is for.
type Waited = (Ticket, &'static str, Option<LinkId>);

/// A key of a link that is gone since it was asked for: the kernel may refuse it.
pub(super) const EXCUSED: &str = "NEW_KEY of a link that is gone";

/// Requests to the kernel that must all succeed, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Outstanding(Vec<Waited>);

impl Outstanding {
    pub(super) fn push(&mut self, ticket: Ticket, command: &'static str) {
        self.0.push((ticket, command, None));
    }

    /// The same of the request to install a key.
    pub(super) fn push_key(&mut self, ticket: Ticket, link: Option<LinkId>) {
        self.0.push((ticket, "NEW_KEY", link));
    }

    /// A link is gone: what its keys become does not matter any more.
    pub(super) fn excuse(&mut self, gone: LinkId) {
        for (_, command, _) in self.0.iter_mut().filter(|(_, _, link)| *link == Some(gone)) {
            *command = EXCUSED;
        }
    }

    /// Takes a request off the list, if it is on it: which command it was.
    pub(super) fn take(&mut self, ticket: Ticket) -> Option<&'static str> {
        let place = self.0.iter().position(|(ours, ..)| *ours == ticket)?;
        Some(self.0.remove(place).1)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, command: &str) -> bool {
        self.0.iter().any(|(_, ours, _)| *ours == command)
    }

    pub(super) fn first(&self) -> Option<&'static str> {
        self.0.first().map(|(_, command, _)| *command)
    }
}
