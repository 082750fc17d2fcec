//! The socket.

use super::Radio;
use super::decode::{self, Event};
use super::request::Request;
use crate::netlink::{Answer, Attributes, Connection, DecodeError, Errno, Expect, Heard, ReplyError};
use crate::nl80211::{Family, GENERIC, resolve};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A request is finished.
    Answer {
        /// What [`Hwsim::send`] returned for it.
        sequence: u32,
        /// The kernel's word.
        result: Result<Reply, ReplyError>,
    },
    /// Something happened.
    Event(Event),
    /// A message that does not decode.
    Malformed(DecodeError),
    /// Messages are missing, frames perhaps among them.
    EventsLost,
}

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It was done.
    Done,
    /// The new radio's number.
    Number(u32),
    /// The radios.
    Radios(Vec<Radio>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Done,
    Number,
    Radios,
}

/// The driver on one socket.
#[derive(Debug)]
pub struct Hwsim {
    connection: Connection,
    family: Family,
    waiting: BTreeMap<u32, Shape>,
}

impl Hwsim {
    /// Opens a socket that hears of radios that come and go.
    ///
    /// # Errors
    /// Those of the system calls; `NotFound` if the driver is not loaded.
    pub fn open() -> io::Result<Self> {
        let mut connection = Connection::open(GENERIC)?;
        let family = resolve(&mut connection, "MAC80211_HWSIM")?;
        let group = family.groups.get("config").ok_or(io::ErrorKind::NotFound)?;
        connection.join(*group)?;
        Ok(Self { connection, family, waiting: BTreeMap::new() })
    }

    /// Sends a request. Its [`Incoming::Answer`] carries the number returned here.
    ///
    /// # Errors
    /// `InvalidInput` if a part is too long; that of the system call if the kernel did not take it.
    pub fn send(&mut self, request: &Request) -> io::Result<u32> {
        let message = request.encode(self.family.id).ok_or(io::ErrorKind::InvalidInput)?;
        let sequence = self.connection.submit(message, request.expect(), 0)?;
        let shape = match request {
            Request::NewRadio(_) => Shape::Number,
            _ if request.expect() == Expect::Dump => Shape::Radios,
            _ => Shape::Done,
        };
        self.waiting.insert(sequence, shape);
        Ok(sequence)
    }

    /// Reads one datagram; nothing if none is there.
    ///
    /// # Errors
    /// That of the system call: the socket is unusable.
    pub fn receive(&mut self) -> io::Result<Option<Vec<Incoming>>> {
        let Some(messages) = self.connection.receive()? else { return Ok(None) };
        let heard = messages.into_iter().filter_map(|message| match message {
            Heard::Answer(answer) => {
                let shape = self.waiting.remove(&answer.sequence)?;
                Some(Incoming::Answer { sequence: answer.sequence, result: shape.decode(answer) })
            }
            Heard::Event(kind, payload) if kind == self.family.id => {
                Some(Event::decode(&payload).map_or_else(Incoming::Malformed, Incoming::Event))
            }
            Heard::Event(..) => None,
            Heard::Malformed(error) => Some(Incoming::Malformed(error)),
            Heard::EventsLost => Some(Incoming::EventsLost),
        });
        Ok(Some(heard.collect()))
    }
}

impl Shape {
    fn decode(self, answer: Answer) -> Result<Reply, ReplyError> {
        match (self, answer.result) {
            (Self::Number, result) => number(result).map(Reply::Number),
            (Self::Done, result) => result.map(|_| Reply::Done),
            (Self::Radios, result) => {
                let radio = |message: &Vec<u8>| {
                    decode::radio(Attributes::new("hwsim radio", message.get(4..).unwrap_or_default()))
                };
                Ok(Reply::Radios(result?.iter().map(radio).collect::<Result<_, _>>()?))
            }
        }
    }
}

/// The driver answers with the radio's number where others answer with an error's: a positive one is none.
pub(super) fn number(result: Result<Vec<Vec<u8>>, ReplyError>) -> Result<u32, ReplyError> {
    match result {
        Ok(_) => Ok(0),
        Err(ReplyError::Kernel(error)) => match error.errno {
            Errno(number) if number < 0 => Ok(number.unsigned_abs()),
            _ => Err(ReplyError::Kernel(error)),
        },
        Err(error) => Err(error),
    }
}

impl AsFd for Hwsim {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl AsRawFd for Hwsim {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.as_raw_fd()
    }
}
