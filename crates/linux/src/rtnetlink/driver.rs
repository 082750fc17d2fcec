//! The socket: requests out, replies and events in.

use super::{Address, EncodeError, Event, Ipv6State, Link, Reply, Request, Route};
use crate::netlink::{Answer, Connection, DecodeError, Heard, ReplyError};
use lapwing_core::Duration;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// `NETLINK_ROUTE`.
const PROTOCOL: isize = 0;
/// The multicast groups of interfaces, of addresses and routes of IPv4 and IPv6, of the IPv6 of interfaces, and of options
/// of routers.
const GROUPS: [u32; 7] = [1, 5, 7, 9, 11, 12, 20];

/// What rtnetlink says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A request is finished.
    Reply {
        /// What [`Rtnetlink::send`] returned for it.
        sequence: u32,
        /// The reply, or why there is none.
        result: Result<Reply, ReplyError>,
    },
    /// A change, our own ones included.
    Event(Event),
    /// A message that does not decode.
    Malformed(DecodeError),
    /// Events, and perhaps replies, are missing: read everything again.
    EventsLost,
}

/// How to read the reply to a request.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Done,
    Links,
    Addresses,
    Routes,
    Ipv6,
}

/// rtnetlink on one socket.
#[derive(Debug)]
pub struct Rtnetlink {
    connection: Connection,
    waiting: BTreeMap<u32, Shape>,
}

impl Rtnetlink {
    /// Opens a socket and joins the groups of changes to interfaces, addresses and routes.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open() -> io::Result<Self> {
        let connection = Connection::open(PROTOCOL)?;
        for group in GROUPS {
            connection.join(group)?;
        }
        Ok(Self { connection, waiting: BTreeMap::new() })
    }

    /// Sends a request. Its [`Incoming::Reply`] carries the number returned here.
    ///
    /// # Errors
    /// That of the system call if the kernel did not take it: there is no reply then. A refusal of the
    /// kernel is a reply.
    pub fn send(&mut self, request: &Request) -> io::Result<u32> {
        let message = request
            .encode()
            .map_err(|error: EncodeError| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let sequence = self.connection.submit(message, request.expect(), request.flags())?;
        let shape = match request {
            Request::ReadLinks => Shape::Links,
            Request::ReadAddresses => Shape::Addresses,
            Request::ReadRoutes { .. } => Shape::Routes,
            Request::ReadIpv6 => Shape::Ipv6,
            _ => Shape::Done,
        };
        self.waiting.insert(sequence, shape);
        Ok(sequence)
    }

    /// Reads one datagram; nothing if none is there.
    ///
    /// # Errors
    /// That of the system call: the socket is unusable.
    pub fn receive(&mut self) -> io::Result<Option<impl Iterator<Item = Incoming>>> {
        let Some(messages) = self.connection.receive()? else { return Ok(None) };
        Ok(Some(messages.into_iter().filter_map(|message| {
            match message {
                Heard::Answer(Answer { sequence, result, .. }) => {
                    let shape = self.waiting.remove(&sequence)?;
                    let result = result.and_then(|messages| Ok(shape.decode(&messages)?));
                    Some(Incoming::Reply { sequence, result })
                }
                Heard::Event(kind, payload) => Event::decode(kind, &payload).map_or_else(
                    |error| Some(Incoming::Malformed(error)),
                    |event| event.map(Incoming::Event),
                ),
                Heard::Malformed(error) => Some(Incoming::Malformed(error)),
                Heard::EventsLost => Some(Incoming::EventsLost),
            }
        })))
    }

    /// Waits until something can be read. For start-up and tools; a daemon polls the descriptor.
    ///
    /// # Errors
    /// That of the system call; [`io::ErrorKind::TimedOut`] after `limit`.
    pub fn wait(&self, limit: Duration) -> io::Result<()> {
        self.connection.wait(limit)
    }
}

impl Shape {
    fn decode(self, messages: &[Vec<u8>]) -> Result<Reply, DecodeError> {
        fn all<T>(
            messages: &[Vec<u8>],
            decode: fn(&[u8]) -> Result<Option<T>, DecodeError>,
        ) -> Result<Vec<T>, DecodeError> {
            messages.iter().filter_map(|message| decode(message).transpose()).collect()
        }
        match self {
            Self::Done => Ok(Reply::Done),
            Self::Links => all(messages, Link::decode).map(Reply::Links),
            Self::Addresses => all(messages, Address::decode).map(Reply::Addresses),
            Self::Routes => all(messages, Route::decode).map(Reply::Routes),
            Self::Ipv6 => all(messages, Ipv6State::decode).map(Reply::Ipv6),
        }
    }
}

impl AsFd for Rtnetlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl AsRawFd for Rtnetlink {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.as_raw_fd()
    }
}
