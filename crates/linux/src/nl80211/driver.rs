//! The socket: requests out, replies and events in, in the kernel's order.

use super::event::Event;
use super::family::{CONTROLLER, Family};
use super::reply::{Reply, Shape};
use super::request::{EncodeError, Request};
use crate::netlink::{self, Answer, Connection, DecodeError, Expect, Heard, ReplyError};
use lapwing_core::Duration;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// `NETLINK_GENERIC`.
pub(crate) const GENERIC: isize = 16;
/// The multicast groups whose events a station needs.
const GROUPS: [&str; 4] = ["config", "scan", "regulatory", "mlme"];
/// How long the kernel may take to say its family's number: it answers before `send` returns.
const LIMIT: Duration = Duration::from_secs(2);

/// What nl80211 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A request is finished.
    Reply {
        /// What [`Nl80211::send`] returned for it.
        sequence: u32,
        /// The reply, or why there is none.
        result: Result<Reply, ReplyError>,
    },
    /// An event.
    Event(Event),
    /// A message that does not decode. It changes nothing, and is worth a line in the log.
    Malformed(DecodeError),
    /// Events, and perhaps replies, are missing: the kernel's state must be read again.
    EventsLost,
}

/// nl80211 on one socket, for requests, events, registrations and ownership: so their order is kept.
///
/// Closing it disconnects what it connected and ends its registrations.
#[derive(Debug)]
pub struct Nl80211 {
    connection: Connection,
    family: Family,
    waiting: BTreeMap<u32, Shape>,
}

impl Nl80211 {
    /// Opens a socket and joins the groups of nl80211's events.
    ///
    /// # Errors
    /// Those of the system calls; `NotFound` if the kernel has no nl80211.
    pub fn open() -> io::Result<Self> {
        let mut connection = Connection::open(GENERIC)?;
        let family = resolve(&mut connection, "nl80211")?;
        for name in GROUPS {
            let group = family.groups.get(name).ok_or(io::ErrorKind::NotFound)?;
            connection.join(*group)?;
        }
        Ok(Self { connection, family, waiting: BTreeMap::new() })
    }

    /// Sends a request. Its [`Incoming::Reply`] carries the number returned here. Dumps wait for one
    /// another; everything else goes out at once, in the order of the calls.
    ///
    /// # Errors
    /// `InvalidInput` if the request cannot be said in nl80211; that of the system call if the kernel did
    /// not take it. There is no reply then. A refusal of the kernel is a reply.
    pub fn send(&mut self, request: &Request) -> io::Result<u32> {
        let message = request
            .encode(self.family.id)
            .map_err(|error: EncodeError| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let sequence = self.connection.submit(message, request.command().1, 0)?;
        self.waiting.insert(sequence, request.shape());
        Ok(sequence)
    }

    /// Reads one datagram; nothing if none is there. The descriptor is drained when nothing comes.
    ///
    /// # Errors
    /// That of the system call: the socket is unusable.
    pub fn receive(&mut self) -> io::Result<Option<impl Iterator<Item = Incoming>>> {
        let Some(messages) = self.connection.receive()? else { return Ok(None) };
        Ok(Some(messages.into_iter().filter_map(|message| match message {
            Heard::Answer(answer) => {
                let shape = self.waiting.remove(&answer.sequence)?;
                Some(reply(shape, answer))
            }
            Heard::Event(kind, payload) if kind == self.family.id => {
                Some(Event::decode(&payload).map_or_else(Incoming::Malformed, Incoming::Event))
            }
            Heard::Event(..) => None,
            Heard::Malformed(error) => Some(Incoming::Malformed(error)),
            Heard::EventsLost => Some(Incoming::EventsLost),
        })))
    }

    /// How many requests have no reply yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.connection.in_flight()
    }

    /// Waits until something can be read. For start-up and tools; a daemon polls the descriptor.
    ///
    /// # Errors
    /// That of the system call; [`io::ErrorKind::TimedOut`] after `limit`.
    pub fn wait(&self, limit: Duration) -> io::Result<()> {
        self.connection.wait(limit)
    }
}

fn reply(shape: Shape, Answer { sequence, result, cookie }: Answer) -> Incoming {
    let result = result.and_then(|messages| Ok(shape.decode(&messages, cookie)?));
    Incoming::Reply { sequence, result }
}

/// Asks the controller for a family.
pub(crate) fn resolve(connection: &mut Connection, name: &str) -> io::Result<Family> {
    let request: netlink::Request = Family::request(name).ok_or(io::ErrorKind::InvalidInput)?;
    debug_assert_eq!(request.kind(), CONTROLLER);
    let answer = connection.ask(request, Expect::Messages, 0, LIMIT, drop)?;
    let messages = answer.result.map_err(|error| match error {
        ReplyError::Kernel(error) => io::Error::from_raw_os_error(error.errno.0),
        error => io::Error::other(error),
    })?;
    let first = messages.first().ok_or(io::ErrorKind::NotFound)?;
    Family::decode(first).map_err(io::Error::other)
}

impl AsFd for Nl80211 {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl AsRawFd for Nl80211 {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.as_raw_fd()
    }
}
