//! Which message answers which request: a state machine without a socket.
//!
//! The kernel handles a request inside `sendmsg`, so answers to requests that are no dumps come in the
//! order of the requests. That gives a rule for lost answers without a timer: when a request is answered,
//! every older one that is no dump and still waits has lost its answer. A dump goes on while the socket is
//! read and the kernel runs one per socket at a time: the others wait here.

use super::{DecodeError, Message, Messages, Outline, ReplyError, Request, flags, kind};
use std::collections::{BTreeMap, VecDeque};

/// How often a disturbed dump is started again before it is given up.
const DUMP_TRIES: u8 = 5;

/// What a request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// An acknowledgement only. A message of the family with the same sequence number is an event: that is
    /// how rtnetlink reports a change to the one who made it.
    Acknowledgement,
    /// Messages of the family, then an acknowledgement.
    Messages,
    /// All entries. The request carries no secret: it is kept to be repeated.
    Dump,
}

/// A finished request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The sequence number that [`Exchange::submit`] gave it.
    pub sequence: u32,
    /// The payloads of the messages that answer it (family header and attributes).
    pub result: Result<Vec<Vec<u8>>, ReplyError>,
    /// The cookie of the acknowledgement, if there was one.
    pub cookie: Option<u64>,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A request is finished.
    Answer(Answer),
    /// An event: the kind of the message, and its payload.
    Event(u16, Vec<u8>),
    /// Octets that are no message.
    Malformed(DecodeError),
    /// The kernel could not deliver everything: what is known of its state is in doubt. Only a socket says
    /// this.
    EventsLost,
}

#[derive(Debug)]
struct Pending {
    expect: Expect,
    outline: Outline,
    messages: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Dump {
    /// The sequence number that the caller knows.
    sequence: u32,
    /// The one on the wire: another for each try.
    on_the_wire: u32,
    request: Request,
    outline: Outline,
    messages: Vec<Vec<u8>>,
    interrupted: bool,
    tries: u8,
}

/// Requests in flight on one socket.
#[derive(Debug, Default)]
pub struct Exchange {
    port: u32,
    sequence: u32,
    pending: BTreeMap<u32, Pending>,
    dump: Option<Dump>,
    waiting: VecDeque<(u32, Request)>,
    outbox: VecDeque<(u32, Request)>,
}

impl Exchange {
    /// For the socket with this port number.
    #[must_use]
    pub fn new(port: u32) -> Self {
        Self { port, ..Self::default() }
    }

    /// Takes a request on; [`Self::outgoing`] then gives what to send. Returns its sequence number.
    pub fn submit(&mut self, mut request: Request, expect: Expect, extra_flags: u16) -> u32 {
        let sequence = self.next_sequence();
        if expect == Expect::Dump {
            self.waiting.push_back((sequence, request));
            self.start_dump();
        } else {
            request.address(flags::ACK | extra_flags, sequence);
            let outline = request.outline();
            self.pending.insert(sequence, Pending { expect, outline, messages: Vec::new() });
            self.outbox.push_back((sequence, request));
        }
        sequence
    }

    /// The next datagram to send, and the sequence number of the request that it belongs to.
    pub fn outgoing(&mut self) -> Option<(u32, Request)> {
        self.outbox.pop_front()
    }

    /// Forgets a request that could not be sent; false if there is no such request.
    pub fn withdraw(&mut self, sequence: u32) -> bool {
        if self.dump.as_ref().is_some_and(|dump| dump.sequence == sequence) {
            self.dump = None;
            self.start_dump();
            return true;
        }
        self.pending.remove(&sequence).is_some()
    }

    /// How many requests have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.pending.len().saturating_add(self.waiting.len()).saturating_add(usize::from(self.dump.is_some()))
    }

    /// Takes a datagram in.
    pub fn hear(&mut self, datagram: &[u8], mut heard: impl FnMut(Heard)) {
        for message in Messages::new(datagram) {
            match message {
                Ok(message) => self.hear_message(&message, &mut heard),
                Err(error) => heard(Heard::Malformed(error)),
            }
        }
    }

    fn hear_message(&mut self, message: &Message<'_>, heard: &mut impl FnMut(Heard)) {
        let Message { header, payload } = *message;
        let ours = header.port == self.port;
        if ours && self.dump.as_ref().is_some_and(|dump| dump.on_the_wire == header.sequence) {
            return self.hear_dump(message, heard);
        }
        let control = header.kind < kind::FIRST_OF_FAMILY;
        match self.pending.get_mut(&header.sequence).filter(|_| ours) {
            Some(pending) if !control && pending.expect == Expect::Messages => {
                pending.messages.push(payload.to_vec());
            }
            Some(_) if header.kind == kind::ERROR => self.finish(message, heard),
            // NLMSG_NOOP and the like; the acknowledgement of a request that was given up.
            _ if control => {}
            _ => heard(Heard::Event(header.kind, payload.to_vec())),
        }
    }

    fn finish(&mut self, message: &Message<'_>, heard: &mut impl FnMut(Heard)) {
        let sequence = message.header.sequence;
        while let Some(entry) = self.pending.first_entry().filter(|entry| *entry.key() <= sequence) {
            let (number, pending) = entry.remove_entry();
            let answer = if number < sequence {
                Answer { sequence: number, result: Err(ReplyError::Lost), cookie: None }
            } else {
                let (result, cookie) = match message.acknowledgement(&pending.outline) {
                    Ok(Ok(acknowledgement)) => (Ok(pending.messages), acknowledgement.cookie),
                    Ok(Err(error)) => (Err(ReplyError::Kernel(error)), None),
                    Err(error) => (Err(ReplyError::Malformed(error)), None),
                };
                Answer { sequence, result, cookie }
            };
            heard(Heard::Answer(answer));
        }
    }

    fn hear_dump(&mut self, message: &Message<'_>, heard: &mut impl FnMut(Heard)) {
        let Some(mut dump) = self.dump.take() else { return };
        dump.interrupted |= message.header.flags & flags::DUMP_INTERRUPTED != 0;
        if !matches!(message.header.kind, kind::DONE | kind::ERROR) {
            if message.header.kind >= kind::FIRST_OF_FAMILY {
                dump.messages.push(message.payload.to_vec());
            }
            self.dump = Some(dump);
            return;
        }
        let result = match message.acknowledgement(&dump.outline) {
            Ok(Ok(_)) if dump.interrupted && dump.tries < DUMP_TRIES => {
                self.send_dump(dump.sequence, dump.request, dump.tries.saturating_add(1));
                return;
            }
            Ok(Ok(_)) if dump.interrupted => Err(ReplyError::Inconsistent),
            Ok(Ok(_)) => Ok(dump.messages),
            Ok(Err(error)) => Err(ReplyError::Kernel(error)),
            Err(error) => Err(ReplyError::Malformed(error)),
        };
        heard(Heard::Answer(Answer { sequence: dump.sequence, result, cookie: None }));
        self.start_dump();
    }

    fn start_dump(&mut self) {
        if self.dump.is_none()
            && let Some((sequence, request)) = self.waiting.pop_front()
        {
            self.send_dump(sequence, request, 1);
        }
    }

    fn send_dump(&mut self, sequence: u32, mut request: Request, tries: u8) {
        let on_the_wire = if tries == 1 { sequence } else { self.next_sequence() };
        request.address(flags::DUMP, on_the_wire);
        let outline = request.outline();
        self.outbox.push_back((sequence, request.copy()));
        let messages = Vec::new();
        self.dump =
            Some(Dump { sequence, on_the_wire, request, outline, messages, interrupted: false, tries });
    }

    /// Sequence numbers start again at 1 after four thousand million; 0 is for events.
    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        self.sequence
    }
}
