//! SA Query (802.11-2020 11.13): is the peer still the one that has our keys?

use crate::{
    kernel::Request,
    time::{Duration, Instant},
};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    MacAddr,
    management::{Action, Body, Header, Management},
};

/// How often a query is repeated, and how long it may take (dot11AssociationSAQueryRetryTimeout and
/// dot11AssociationSAQueryMaximumTimeout).
const RETRY: Duration = Duration::from_millis(201);
const LIMIT: Duration = Duration::from_millis(1000);

const CATEGORY: u8 = 8;
const REQUEST: u8 = 0;
const RESPONSE: u8 = 1;

/// A query of ours that was not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SaQuery {
    transaction: [u8; 2],
    /// When it is sent again.
    again: Instant,
    /// When there has been no answer for long enough.
    until: Instant,
}

/// What came.
pub(super) enum Heard {
    /// The AP asks; this is the answer to send.
    Asked(Request),
    /// The AP answers a query with this transaction number.
    Answered([u8; 2]),
}

impl SaQuery {
    /// A query from now on; it is due at once.
    pub(super) fn new(now: Instant, transaction: [u8; 2]) -> Self {
        Self { transaction, again: now, until: now + LIMIT }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.again.min(self.until)
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    pub(super) fn is_answered_by(&self, transaction: [u8; 2]) -> bool {
        self.transaction == transaction
    }

    /// The query, once more.
    pub(super) fn repeat(&mut self, now: Instant, own: MacAddr, peer: MacAddr) -> Request {
        self.again = now + RETRY;
        frame(own, peer, REQUEST, self.transaction)
    }
}

/// Reads a management frame, if it is an SA Query of the peer.
pub(super) fn read(octets: &[u8], own: MacAddr, peer: MacAddr) -> Option<Heard> {
    let Ok(Management { header, body: Body::Action(action) }) = Management::parse_decrypted(octets) else {
        return None;
    };
    let mut body = Vec::new();
    action.write(&mut body);
    let &[category, kind, low, high] = body.first_chunk()?;
    if header.transmitter != peer || category != CATEGORY {
        return None;
    }
    match kind {
        REQUEST => Some(Heard::Asked(frame(own, peer, RESPONSE, [low, high]))),
        RESPONSE => Some(Heard::Answered([low, high])),
        _ => None,
    }
}

fn frame(own: MacAddr, peer: MacAddr, kind: u8, [low, high]: [u8; 2]) -> Request {
    let mut bytes = vec![];
    if let Ok(action) = Action::parse(&[CATEGORY, kind, low, high]) {
        Management { header: Header::new(peer, own, peer), body: Body::Action(action) }.write(&mut bytes);
    }
    Request::SendFrame { frequency: None, bytes }
}
