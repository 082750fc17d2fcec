//! The connection to the bus: a socket, and what waits on both sides of it.

use super::BUS;
use super::handshake::{self, BEGIN, Door, Who};
use super::message::{Incoming, Outgoing};
use super::value::Value;
use super::wire::{Inbox, Message, encode};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use tokio::net::UnixStream;
use zeroize::Zeroize;

/// How many octets are read at once.
const AT_ONCE: usize = 4 << 10;
/// How many messages are read in one turn, so that the rest of the daemon has its turns too.
const MESSAGES: usize = 32;
/// How many octets wait to be sent. A bus that lets more pile up does not read any more.
const UNSENT: usize = 8 << 20;
/// What is kept of the room for octets that are sent.
const ROOM: usize = 4 << 10;
/// When more octets than this have waited to be sent, much else was freed with them: thousands of objects were shown.
const MUCH: usize = 256 << 10;
/// The number of the first message on a connection, with which we ask for a name of our own.
const HELLO: u32 = 1;

/// A connection to the bus.
#[derive(Debug)]
pub struct Connection {
    pipe: Pipe,
    /// The number of the last message that has none of its own.
    serial: u32,
}

impl Connection {
    /// Connects to the bus at this address, or else to the system bus, which is where
    /// `$DBUS_SYSTEM_BUS_ADDRESS` says if that is set.
    ///
    /// # Errors
    /// If there is no bus, or it does not let us in.
    pub async fn open(address: Option<String>) -> Result<Self, String> {
        let said = || std::env::var("DBUS_SYSTEM_BUS_ADDRESS").ok();
        let address = address.or_else(said).unwrap_or_else(|| handshake::SYSTEM.to_owned());
        let mut failed = format!("{address} names no socket");
        for socket in handshake::sockets(&address) {
            // A bus of a test may want to know nobody: then whoever we are is no way in.
            for who in [Who::User(rustix::process::geteuid().as_raw()), Who::Anybody] {
                match Self::enter(&socket, who).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => failed = format!("{}: {error}", socket.replace('\0', "@")),
                }
            }
        }
        Err(failed)
    }

    async fn enter(socket: &str, who: Who) -> Result<Self, String> {
        let stream = UnixStream::connect(socket).await.map_err(|error| error.to_string())?;
        let mut pipe = Pipe::new(stream);
        pipe.push(who.greeting().as_bytes());
        let length = poll_fn(|context| {
            pipe.flush(context)?;
            loop {
                if let Some(length) = handshake::admission(pipe.inbox.rest())? {
                    return Poll::Ready(Ok::<_, String>(length));
                }
                ready!(pipe.read(context))?;
            }
        })
        .await?;
        pipe.inbox.skip(length);
        pipe.push(BEGIN.as_bytes());
        let hello = Outgoing::Call {
            serial: Some(HELLO),
            destination: BUS.to_owned(),
            path: "/org/freedesktop/DBus".to_owned(),
            interface: BUS,
            member: "Hello",
            body: Vec::new(),
        };
        pipe.push(&encode(&hello, None, HELLO).map_err(|error| error.to_string())?);
        // Nobody else can know us yet: who speaks is the bus, though one of a test may not say so.
        let is_answer =
            |message: &Message| matches!(&message.incoming, Incoming::Reply { serial: HELLO, .. });
        let answer = poll_fn(|context| {
            pipe.flush(context)?;
            loop {
                match pipe.inbox.next(Some(BUS))? {
                    Some(message) if is_answer(&message) => {
                        return Poll::Ready(Ok::<_, String>(message.incoming));
                    }
                    Some(_) => {}
                    None => ready!(pipe.read(context))?,
                }
            }
        })
        .await?;
        match answer {
            Incoming::Reply { outcome: Ok(name), .. } if matches!(*name, [Value::Text(_)]) => {
                Ok(Self { pipe, serial: HELLO })
            }
            _ => Err("it gives us no name".to_owned()),
        }
    }

    /// Puts a message behind those that are to be sent.
    ///
    /// # Errors
    /// If it cannot be written down: a name or path in it is none.
    pub fn push(&mut self, message: &Outgoing) -> Result<(), String> {
        let octets = encode(message, None, next(&mut self.serial));
        self.pipe.push(&octets.map_err(|error| format!("{error}: {message:?}"))?);
        Ok(())
    }

    /// Sends what the socket takes now. The rest is sent by [`Self::wait`].
    ///
    /// # Errors
    /// If the connection is lost.
    pub async fn flush(&mut self) -> Result<(), String> {
        poll_fn(|context| Poll::Ready(self.pipe.flush(context))).await
    }

    /// Whether the bus has yet to take what was said.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.pipe.is_behind()
    }

    /// Waits for messages, and goes on sending meanwhile; who has more to say waits no longer than until everything is
    /// sent. Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// If the connection is lost.
    pub async fn wait(&mut self, has_more: bool) -> Result<Vec<Incoming>, String> {
        poll_fn(|context| {
            // The bus names the sender of everything.
            let heard = self.pipe.hear(context, None)?;
            if heard.is_empty() && (!has_more || self.pipe.is_behind()) {
                return Poll::Pending;
            }
            Poll::Ready(Ok(heard.into_iter().map(|message| message.incoming).collect()))
        })
        .await
    }
}

/// The next number of messages that have none of their own: the upper half is for calls.
pub(super) const fn next(serial: &mut u32) -> u32 {
    *serial = if *serial >= u32::MAX >> 1 { 1 } else { *serial + 1 };
    *serial
}

/// Messages both ways. Whoever polls it is woken when there is more to be done.
#[derive(Debug)]
pub(super) struct Pipe {
    stream: UnixStream,
    inbox: Inbox,
    /// What is to be sent, and how much of it is.
    unsent: Vec<u8>,
    sent: usize,
}

impl Pipe {
    const fn new(stream: UnixStream) -> Self {
        Self { stream, inbox: Inbox::new(), unsent: Vec::new(), sent: 0 }
    }

    /// Lets a client in that has connected: it proves to be the user that the kernel says it is.
    pub(super) async fn accept(stream: UnixStream, guid: String) -> Result<Self, String> {
        let peer = stream.peer_cred().map_err(|error| error.to_string())?;
        let mut door = Door::new(&guid, peer.uid());
        let mut pipe = Self::new(stream);
        poll_fn(|context| {
            loop {
                let heard = door.hear(pipe.inbox.rest())?;
                pipe.inbox.skip(heard.taken);
                pipe.push(heard.answers.as_bytes());
                pipe.flush(context)?;
                if heard.is_in {
                    return Poll::Ready(Ok::<_, String>(()));
                }
                ready!(pipe.read(context))?;
            }
        })
        .await?;
        Ok(pipe)
    }

    const fn is_behind(&self) -> bool {
        self.sent < self.unsent.len()
    }

    /// Puts octets behind those that are to be sent.
    pub(super) fn push(&mut self, octets: &[u8]) {
        self.unsent.extend_from_slice(octets);
    }

    /// Sends what the socket takes now.
    pub(super) fn flush(&mut self, context: &mut Context<'_>) -> Result<(), String> {
        match self.send(context) {
            Poll::Ready(result) => result,
            Poll::Pending if self.unsent.len() - self.sent > UNSENT => {
                Err("it does not read what is sent to it".to_owned())
            }
            Poll::Pending => Ok(()),
        }
    }

    /// The messages that are there, after sending what can be sent. Without a name for the sender, the messages have
    /// it.
    pub(super) fn hear(
        &mut self,
        context: &mut Context<'_>,
        sender: Option<&str>,
    ) -> Result<Vec<Message>, String> {
        if let Poll::Ready(Err(error)) = self.send(context) {
            return Err(error);
        }
        let mut heard = Vec::new();
        while heard.len() < MESSAGES {
            let more = match self.inbox.next(sender) {
                Ok(Some(message)) => {
                    heard.push(message);
                    continue;
                }
                Ok(None) => match self.read(context) {
                    Poll::Ready(more) => more,
                    Poll::Pending => return Ok(heard),
                },
                Err(error) => Err(error.to_owned()),
            };
            match more {
                Ok(()) => {}
                // What came before the end is still heard.
                Err(error) if heard.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        context.waker().wake_by_ref();
        Ok(heard)
    }

    /// Ready when there is more in the inbox.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        let mut octets = [0; AT_ONCE];
        loop {
            match self.stream.try_read(&mut octets) {
                Ok(0) => return Poll::Ready(Err("it was closed by the other side".to_owned())),
                Ok(count) => {
                    let read = octets.get_mut(..count).unwrap_or_default();
                    self.inbox.extend(read);
                    read.zeroize();
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_read_ready(context)).map_err(|error| error.to_string())?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        }
    }

    /// Ready when everything is sent.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), String>> {
        while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.try_write(rest) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_write_ready(context)).map_err(|error| error.to_string())?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        }
        let is_much = self.unsent.capacity() > MUCH;
        self.unsent.clear();
        self.unsent.shrink_to(ROOM);
        self.sent = 0;
        if is_much {
            lapwing_linux::memory::give_back();
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use tokio::net::UnixListener;
    use zbus::conn::AuthMechanism;
    use zbus::export::futures_core::Stream;
    use zbus::{Guid, conn};

    /// A bus that lets in only who does not say who it is.
    async fn anonymous_bus(listener: UnixListener) {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let guid = Guid::generate();
            let server = conn::Builder::unix_stream(socket.into_std().unwrap()).server(guid);
            let stream = server.p2p().auth_mechanism(AuthMechanism::Anonymous).build_message_stream().await;
            let Ok(mut stream) = stream else { continue };
            let hello = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await.unwrap().unwrap();
            let connection = zbus::Connection::from(&stream);
            connection.reply(&hello.header(), &":1.1").await.unwrap();
            poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await;
        }
    }

    #[test]
    fn a_bus_that_knows_only_strangers_lets_us_in() {
        let place = std::env::temp_dir().join(format!("lapwing-anonymous-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = std::fs::remove_file(&place);
            let listener = UnixListener::bind(&place).unwrap();
            let server = tokio::spawn(anonymous_bus(listener));
            let opened = Connection::open(Some(format!("unix:path={}", place.display()))).await;
            server.abort();
            assert!(opened.is_ok(), "{:?}", opened.err());
        });
        std::fs::remove_file(&place).unwrap();
    }

    #[test]
    fn who_has_more_to_say_waits_until_everything_is_sent() {
        const LENGTH: usize = 4 << 20;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (ours, bus) = UnixStream::pair().unwrap();
            let mut connection = Connection { pipe: Pipe::new(ours), serial: HELLO };
            connection.pipe.push(&vec![0; LENGTH]);
            connection.flush().await.unwrap();
            assert!(connection.is_behind());
            let moment = std::time::Duration::from_millis(20);
            assert!(tokio::time::timeout(moment, connection.wait(true)).await.is_err());
            let taken = async {
                let (mut count, mut octets) = (0, vec![0; LENGTH]);
                while count < LENGTH {
                    bus.readable().await.unwrap();
                    count += bus.try_read(&mut octets).unwrap_or_default();
                }
            };
            let (heard, ()) = tokio::join!(connection.wait(true), taken);
            assert_eq!(heard.unwrap(), []);
            assert!(!connection.is_behind());
            // Whoever has no more waits for messages.
            assert!(tokio::time::timeout(moment, connection.wait(false)).await.is_err());
        });
    }

    #[test]
    fn numbers_of_messages_stay_below_those_of_calls() {
        let mut serial = (1 << 31) - 2;
        assert_eq!([next(&mut serial), next(&mut serial)], [(1 << 31) - 1, 1]);
    }
}
