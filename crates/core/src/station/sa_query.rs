//! SA Query (802.11-2020 11.13): is the peer still the one that has our keys?

use crate::{
    kernel::Request,
    rsn::operating_channel::reaches,
    time::{Duration, Instant},
};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr,
    element::{ElementId, Elements, write_raw},
    kde::OperatingChannel,
    management::{Action, Body, Header, Management},
};

/// How often a query is repeated, and how long it may take (dot11AssociationSAQueryRetryTimeout and
/// dot11AssociationSAQueryMaximumTimeout).
const RETRY: Duration = Duration::from_millis(201);
const LIMIT: Duration = Duration::from_millis(1000);

const CATEGORY: u8 = 8;
const REQUEST: u8 = 0;
const RESPONSE: u8 = 1;
/// OCI: operating class, primary channel, segment 1 (802.11-2020 9.4.2.236).
const OPERATING_CHANNEL: ElementId = ElementId::Extended(54);

/// A query of ours that was not answered yet.
/// Why the AP is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// A farewell without protection came.
    Farewell,
    /// The channel was switched, and the AP has to prove that it is there.
    ChannelSwitch,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SaQuery {
    pub why: Why,
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
    pub(super) fn new(now: Instant, transaction: [u8; 2], why: Why) -> Self {
        Self { why, transaction, again: now, until: now + LIMIT }
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
    pub(super) fn repeat(&mut self, now: Instant, between: &Between) -> Request {
        self.again = now + RETRY;
        between.frame(REQUEST, self.transaction)
    }
}

/// Who asks whom, and whether both validate the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Between {
    pub own: MacAddr,
    pub peer: MacAddr,
    pub validation: Validation,
}

/// Operating channel validation of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validation {
    /// It was not negotiated.
    None,
    /// It was: we are on this channel, if it is known.
    On(Option<OperatingChannel>),
}

impl Between {
    /// Reads a management frame, if it is an SA Query of the peer, from where it has to be.
    pub(super) fn read(&self, octets: &[u8]) -> Option<Heard> {
        let Ok(Management { header, body: Body::Action(action) }) = Management::parse_decrypted(octets)
        else {
            return None;
        };
        let mut body = Vec::new();
        action.write(&mut body);
        let (&[category, kind, low, high], elements) = body.split_first_chunk()?;
        if header.transmitter != self.peer || category != CATEGORY || !self.is_here(elements) {
            return None;
        }
        match kind {
            REQUEST => Some(Heard::Asked(self.frame(RESPONSE, [low, high]))),
            RESPONSE => Some(Heard::Answered([low, high])),
            _ => None,
        }
    }

    /// Whether the elements of a frame say that its sender is on our channel, where that is needed.
    fn is_here(&self, elements: &[u8]) -> bool {
        let own = match self.validation {
            Validation::None => return true,
            Validation::On(own) => own,
        };
        let told = Elements::new(elements).iter().find(|element| element.id == OPERATING_CHANNEL);
        match (own, told.as_ref().map(|element| &*element.body)) {
            (Some(own), Some(&[operating_class, primary, segment1])) => {
                reaches(own, OperatingChannel { operating_class, primary, segment1 })
            }
            _ => false,
        }
    }

    fn frame(&self, kind: u8, [low, high]: [u8; 2]) -> Request {
        let mut body = Vec::from([CATEGORY, kind, low, high]);
        if let Validation::On(Some(OperatingChannel { operating_class, primary, segment1 })) = self.validation
        {
            write_raw(OPERATING_CHANNEL, &[operating_class, primary, segment1], &mut body);
        }
        let mut bytes = Vec::new();
        if let Ok(action) = Action::parse(&body) {
            let header = Header::new(self.peer, self.own, self.peer);
            Management { header, body: Body::Action(action) }.write(&mut bytes);
        }
        Request::SendFrame { frequency: None, bytes }
    }
}
