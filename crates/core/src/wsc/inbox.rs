//! Messages that come in fragments, put together within a bound.

use alloc::vec::Vec;
use lapwing_frames::wsc::{Flags, OpCode, Wsc};

/// The longest message that is taken, in octets: M8 with eight networks has some 1,500.
pub const MAX_MESSAGE: usize = 8192;

/// What came of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Put {
    /// A whole message.
    Whole(OpCode, Vec<u8>),
    /// A fragment, which is to be acknowledged.
    Fragment,
    /// Nothing that belongs there.
    Ignored,
}

/// The fragments so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Inbox {
    parts: Option<(OpCode, Vec<u8>)>,
}

impl Inbox {
    pub(super) fn put(&mut self, packet: &Wsc<'_>) -> Put {
        if packet.length.is_some_and(|length| usize::from(length) > MAX_MESSAGE) {
            self.parts = None;
            return Put::Ignored;
        }
        // A first fragment has a length and begins anew; one that goes on is of the same operation.
        let begun = match self.parts.take() {
            Some((operation, parts)) if packet.length.is_none() && operation == packet.operation => parts,
            _ => Vec::new(),
        };
        if begun.len().saturating_add(packet.data.len()) > MAX_MESSAGE {
            return Put::Ignored;
        }
        let mut whole = begun;
        whole.extend_from_slice(packet.data);
        if packet.flags.has(Flags::MORE) {
            if packet.data.is_empty() {
                return Put::Ignored;
            }
            self.parts = Some((packet.operation, whole));
            return Put::Fragment;
        }
        Put::Whole(packet.operation, whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(length: Option<u16>, more: bool, data: &[u8]) -> Wsc<'_> {
        let flags = if more { Flags::MORE } else { Flags::default() };
        Wsc { operation: OpCode::Message, flags, length, data }
    }

    #[test]
    fn fragments_are_put_together_and_a_first_one_begins_anew() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.put(&part(Some(4), true, &[1])), Put::Fragment);
        assert_eq!(inbox.put(&part(Some(4), true, &[2])), Put::Fragment);
        assert_eq!(inbox.put(&part(None, true, &[3, 4])), Put::Fragment);
        assert_eq!(inbox.put(&part(None, false, &[5])), Put::Whole(OpCode::Message, [2, 3, 4, 5].to_vec()));
        assert_eq!(inbox.put(&part(None, false, &[6])), Put::Whole(OpCode::Message, [6].to_vec()));
    }

    #[test]
    fn no_message_is_longer_than_the_bound() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.put(&part(Some(u16::MAX), true, &[1])), Put::Ignored);
        let piece = [7; 1000];
        for _ in 0..8 {
            assert_eq!(inbox.put(&part(None, true, &piece)), Put::Fragment);
        }
        assert_eq!(inbox.put(&part(None, true, &piece)), Put::Ignored);
        assert_eq!(inbox, Inbox::default());
        assert_eq!(inbox.put(&part(None, true, &[])), Put::Ignored, "it would go on for ever");
    }
}
