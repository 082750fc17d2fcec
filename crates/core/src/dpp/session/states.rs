//! What a session is doing, as data.

use super::{Point2, Troubles};
use crate::{
    Secret,
    dpp::keys::{Code, KeyPair},
    kernel::Frequency,
    time::Instant,
};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;
use lapwing_frames::MacAddr;

/// The other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    pub(super) address: MacAddr,
    pub(super) frequency: Frequency,
    /// The version of the protocol that it speaks.
    pub(super) version: u8,
}

/// A frame that goes out until it was acknowledged or answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outgoing {
    pub(super) to: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) body: Vec<u8>,
    pub(super) tries: u8,
    pub(super) again: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Nobody is there; when to say again whom we look for.
    Seeking {
        next: Option<Instant>,
    },
    /// A person is asked for the code of who begins.
    Asking(Box<Asking>),
    /// The answer to who begins by a code is out.
    Exchanged(Box<Exchanged>),
    /// Our proof of our key is out.
    Revealing(Box<Revealing>),
    /// Both know each other's key; the other begins.
    Known {
        peer: Peer,
        until: Instant,
    },
    /// The authentication request is out.
    Requested(Box<Requested>),
    /// The authentication response is out.
    Responded(Box<Responded>),
    /// The enrollee's confirm is out.
    Confirmed(Box<Authenticated>),
    /// The configurator waits for the configuration request.
    Waiting(Box<Authenticated>),
    /// The configuration request is out.
    Asked(Box<Asked>),
    /// The configuration is out.
    Handed(Box<Handed>),
    /// The last word is out.
    Finishing(Result<(), Troubles>, Instant),
    Over,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    pub(super) peer: Peer,
    pub(super) hidden: Point2,
    pub(super) identifier: String,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Exchanged {
    pub(super) peer: Peer,
    /// The hidden key that was answered: it may come again.
    pub(super) hidden: Point2,
    /// The initiator's ephemeral key.
    pub(super) theirs: Point2,
    pub(super) ours: KeyPair,
    pub(super) z: Secret,
    pub(super) code: Code,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Revealing {
    pub(super) peer: Peer,
    /// The responder's ephemeral key.
    pub(super) theirs: Point2,
    pub(super) z: Secret,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Requested {
    pub(super) peer: Peer,
    pub(super) protocol: KeyPair,
    pub(super) nonce: Vec<u8>,
    pub(super) m: Secret,
    pub(super) k1: Secret,
    pub(super) until: Instant,
    /// Whether we only try whether it is on this channel.
    pub(super) seeking: bool,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Responded {
    pub(super) peer: Peer,
    /// The request that was answered: it may come again.
    pub(super) request: Vec<u8>,
    pub(super) k2: Secret,
    pub(super) ke: Secret,
    /// What the initiator has to prove itself with.
    pub(super) tag: Vec<u8>,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Authenticated {
    pub(super) peer: Peer,
    pub(super) ke: Secret,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) peer: Peer,
    pub(super) ke: Secret,
    pub(super) dialog_token: u8,
    pub(super) nonce: Vec<u8>,
    /// The fragments so far, and the number of the next one.
    pub(super) parts: Vec<u8>,
    pub(super) next: u8,
    /// When to ask for the answer.
    pub(super) comeback: Option<Instant>,
    pub(super) until: Instant,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Handed {
    pub(super) peer: Peer,
    pub(super) ke: Secret,
    pub(super) dialog_token: u8,
    pub(super) nonce: Vec<u8>,
    /// Whether there was one in it.
    pub(super) granted: bool,
    pub(super) until: Instant,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seeking { .. } => "Seeking",
            Self::Asking(_) => "Asking",
            Self::Exchanged(_) => "Exchanged",
            Self::Revealing(_) => "Revealing",
            Self::Known { .. } => "Known",
            Self::Requested(_) => "Requested",
            Self::Responded(_) => "Responded",
            Self::Confirmed(_) => "Confirmed",
            Self::Waiting(_) => "Waiting",
            Self::Asked(_) => "Asked",
            Self::Handed(_) => "Handed",
            Self::Finishing(..) => "Finishing",
            Self::Over => "Over",
        })
    }
}

impl State {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Seeking { next } => *next,
            Self::Asking(state) => Some(state.until),
            Self::Exchanged(state) => Some(state.until),
            Self::Revealing(state) => Some(state.until),
            Self::Known { until, .. } | Self::Finishing(_, until) => Some(*until),
            Self::Requested(state) => Some(state.until),
            Self::Responded(state) => Some(state.until),
            Self::Confirmed(state) | Self::Waiting(state) => Some(state.until),
            Self::Asked(state) => Some(state.comeback.map_or(state.until, |at| at.min(state.until))),
            Self::Handed(state) => Some(state.until),
            Self::Over => None,
        }
    }

    pub(super) fn peer(&self) -> Option<&Peer> {
        match self {
            Self::Seeking { .. } | Self::Finishing(..) | Self::Over => None,
            Self::Asking(state) => Some(&state.peer),
            Self::Exchanged(state) => Some(&state.peer),
            Self::Revealing(state) => Some(&state.peer),
            Self::Known { peer, .. } => Some(peer),
            Self::Requested(state) => Some(&state.peer),
            Self::Responded(state) => Some(&state.peer),
            Self::Confirmed(state) | Self::Waiting(state) => Some(&state.peer),
            Self::Asked(state) => Some(&state.peer),
            Self::Handed(state) => Some(&state.peer),
        }
    }

    /// Whether the frame that is out is answered by the other, so that it goes out again if no answer comes.
    pub(super) const fn wants_answer(&self) -> bool {
        matches!(self, Self::Revealing(_) | Self::Requested(_) | Self::Asked(_))
    }
}
