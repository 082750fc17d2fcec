//! A socket and its requests in flight.

use super::Errno;
use super::{Answer, Exchange, Expect, Heard, KernelError, Received, ReplyError, Request, Socket};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// One socket, with the requests that wait for an answer on it.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    exchange: Exchange,
}

impl Connection {
    /// Opens a socket of this netlink protocol.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let socket = Socket::open(protocol)?;
        let exchange = Exchange::new(socket.port());
        Ok(Self { socket, exchange })
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    /// That of the system call.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.socket.join(group)
    }

    /// Sends a request, or queues it if it is a dump and another one is under way. Returns the sequence
    /// number that its [`Answer`] will carry; every request that was taken gets exactly one.
    ///
    /// # Errors
    /// That of the system call: the kernel did not take the request, and nothing will answer it.
    pub fn submit(&mut self, request: Request, expect: Expect, extra_flags: u16) -> io::Result<u32> {
        let sequence = self.exchange.submit(request, expect, extra_flags);
        let mut outcome = Ok(sequence);
        self.flush(|failed, error| {
            debug_assert_eq!(failed, sequence, "whatever could be sent before was sent before");
            outcome = Err(error);
        });
        outcome
    }

    /// How many requests have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.exchange.in_flight()
    }

    /// Reads one datagram; nothing if none is there.
    ///
    /// # Errors
    /// That of the system call: the socket is unusable.
    pub fn receive(&mut self) -> io::Result<Option<Vec<Heard>>> {
        let mut incoming = Vec::new();
        match self.socket.receive()? {
            Received::Datagram(datagram) => self.exchange.hear(datagram, |heard| incoming.push(heard)),
            Received::EventsLost => incoming.push(Heard::EventsLost),
            Received::Nothing => return Ok(None),
        }
        // The end of a dump lets the next one out.
        self.flush(|sequence, error| {
            let errno = Errno(error.raw_os_error().unwrap_or(Errno::EIO.0));
            let result = Err(ReplyError::Kernel(KernelError::plain(errno)));
            incoming.push(Heard::Answer(Answer { sequence, result, cookie: None }));
        });
        Ok(Some(incoming))
    }

    /// Waits until something can be read. For tests, tools and start-up; a daemon polls the descriptor.
    ///
    /// # Errors
    /// That of the system call; [`io::ErrorKind::TimedOut`] after `limit`.
    pub fn wait(&self, limit: core::time::Duration) -> io::Result<()> {
        let limit = rustix::time::Timespec::try_from(limit).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut polled = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut polled, Some(&limit))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    /// Sends one request and waits for its answer; what else is heard goes to `other`.
    ///
    /// # Errors
    /// Those of [`Self::submit`], [`Self::wait`] and [`Self::receive`], the limit counting from the last
    /// datagram.
    pub fn ask(
        &mut self,
        request: Request,
        expect: Expect,
        extra_flags: u16,
        limit: core::time::Duration,
        mut other: impl FnMut(Heard),
    ) -> io::Result<Answer> {
        let sequence = self.submit(request, expect, extra_flags)?;
        loop {
            self.wait(limit)?;
            let mut found = None;
            for incoming in self.receive()?.unwrap_or_default() {
                match incoming {
                    Heard::Answer(answer) if answer.sequence == sequence => found = Some(answer),
                    incoming => other(incoming),
                }
            }
            if let Some(answer) = found {
                return Ok(answer);
            }
        }
    }

    /// Sends what may go out; `failed` is told of each request that could not.
    fn flush(&mut self, mut failed: impl FnMut(u32, io::Error)) {
        while let Some((sequence, request)) = self.exchange.outgoing() {
            if let Err(error) = self.socket.send(request.octets())
                && self.exchange.withdraw(sequence)
            {
                failed(sequence, error);
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
