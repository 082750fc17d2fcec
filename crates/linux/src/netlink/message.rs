//! Messages of a datagram, and the two that end an exchange: `NLMSG_ERROR` and `NLMSG_DONE`.

use super::{Attributes, DecodeError, Errno, KernelError, Outline};
use lapwing_frames::{ParseError, Reader};

/// Kinds of message that every family shares.
pub mod kind {
    /// Acknowledgement or refusal.
    pub const ERROR: u16 = 2;
    /// The end of a dump.
    pub const DONE: u16 = 3;
    /// Kinds below this one are control messages of netlink itself.
    pub const FIRST_OF_FAMILY: u16 = 0x10;
}

/// Flags of a message.
pub mod flags {
    /// It is a request.
    pub const REQUEST: u16 = 0x01;
    /// An acknowledgement is wanted.
    pub const ACK: u16 = 0x04;
    /// A dump was disturbed by a change: it is not one consistent picture.
    pub const DUMP_INTERRUPTED: u16 = 0x10;
    /// All entries are wanted (`NLM_F_ROOT | NLM_F_MATCH`).
    pub const DUMP: u16 = 0x300;
    /// On a request that makes something: fail if it is there.
    pub const EXCLUSIVE: u16 = 0x200;
    /// On a request that makes something: replace what is there.
    pub const REPLACE: u16 = 0x100;
    /// On a request that makes something: make it if it is not there.
    pub const CREATE: u16 = 0x400;
    /// On an acknowledgement: the request is not repeated in it.
    pub(super) const CAPPED: u16 = 0x100;
    /// On an acknowledgement: attributes follow.
    pub(super) const ACK_TLVS: u16 = 0x200;
}

/// Attributes of an extended acknowledgement (`enum nlmsgerr_attrs`).
mod extended {
    pub(super) const TEXT: u16 = 1;
    pub(super) const OFFSET: u16 = 2;
    pub(super) const COOKIE: u16 = 3;
    pub(super) const MISSING: u16 = 5;
}

/// The header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The family, or a control message (see [`kind`]).
    pub kind: u16,
    /// See [`flags`].
    pub flags: u16,
    /// The sequence number of the request that this answers; often 0 for an event.
    pub sequence: u32,
    /// The port of the socket whose request caused it; 0 for an event of the kernel's own.
    pub port: u32,
}

/// A message, borrowed from its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message<'a> {
    /// Its header.
    pub header: Header,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// The messages of a datagram. The first malformed one is the last item, as an error.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// The messages in a datagram.
    #[must_use]
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    fn read(&mut self) -> Result<Message<'a>, ParseError> {
        let all = core::mem::take(&mut self.rest);
        let mut reader = Reader::new("netlink message", all);
        let length = u32::from_ne_bytes(reader.array()?);
        let header = Header {
            kind: u16::from_ne_bytes(reader.array()?),
            flags: u16::from_ne_bytes(reader.array()?),
            sequence: u32::from_ne_bytes(reader.array()?),
            port: u32::from_ne_bytes(reader.array()?),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let body = length.checked_sub(16).ok_or_else(|| reader.invalid("shorter than its own header"))?;
        let payload = reader.take(body)?;
        self.rest = all.get(length.next_multiple_of(4)..).unwrap_or_default();
        Ok(Message { header, payload })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.read().map_err(|error| DecodeError {
            what: error.what,
            attribute: None,
            problem: error.problem,
        }))
    }
}

/// The end of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    /// The cookie of the extended acknowledgement, if there is one.
    pub(crate) cookie: Option<u64>,
}

impl Message<'_> {
    /// Reads an `NLMSG_ERROR` or `NLMSG_DONE`; `outline` is of the request that it answers.
    pub(crate) fn acknowledgement(
        &self,
        outline: &Outline,
    ) -> Result<Result<Acknowledgement, KernelError>, DecodeError> {
        let wrong = |error: ParseError| DecodeError {
            what: "acknowledgement",
            attribute: None,
            problem: error.problem,
        };
        let mut reader = Reader::new("acknowledgement", self.payload);
        // The end of a dump carried no error number before it could fail.
        let errno = match reader.array() {
            Ok(octets) => i32::from_ne_bytes(octets),
            Err(_) if self.header.kind == kind::DONE => 0,
            Err(error) => return Err(wrong(error)),
        };
        if self.header.kind == kind::ERROR {
            let length = u32::from_ne_bytes(reader.array().map_err(wrong)?);
            reader.take(12).map_err(wrong)?;
            if self.header.flags & flags::CAPPED == 0 {
                let request = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(16);
                // Without the flag for attributes nothing follows the request: its padding may be missing.
                reader.take(request.next_multiple_of(4).min(reader.remaining())).map_err(wrong)?;
            }
        }
        let mut acknowledgement = Acknowledgement::default();
        let mut error = KernelError::plain(Errno(errno.saturating_neg()));
        if self.header.flags & flags::ACK_TLVS != 0 {
            for attribute in Attributes::new("extended acknowledgement", reader.peek()) {
                let attribute = attribute?;
                match attribute.kind {
                    extended::TEXT => error.text = Some(attribute.text()),
                    extended::OFFSET => {
                        let offset = usize::try_from(attribute.u32()?).unwrap_or(usize::MAX);
                        error.attribute = outline.attribute_at(offset);
                    }
                    extended::COOKIE => {
                        // A binary of up to 20 octets; nl80211 puts 8 in.
                        acknowledgement.cookie =
                            attribute.payload.first_chunk().map(|octets| u64::from_ne_bytes(*octets));
                    }
                    extended::MISSING => error.missing = u16::try_from(attribute.u32()?).ok(),
                    _ => {}
                }
            }
        }
        Ok(if errno == 0 { Ok(acknowledgement) } else { Err(error) })
    }
}
