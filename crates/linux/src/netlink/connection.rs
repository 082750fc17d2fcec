//! A socket and its requests in flight.

use super::Errno;
use super::{Answer, Exchange, Expect, Heard, KernelError, Received, ReplyError, Request, Socket};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// One socket, with the requests that wait for an answer on it.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    exchange: Exchange,
    /// Answers that the kernel had no part in: dumps that could not be sent.
    failed: VecDeque<Answer>,
}

impl Connection {
    /// Opens a socket of this netlink protocol.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let socket = Socket::open(protocol)?;
        let exchange = Exchange::new(socket.port());
        Ok(Self { socket, exchange, failed: VecDeque::new() })
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    /// That of the system call.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.socket.join(group)
    }

    /// Sends a request, or queues it if it is a dump and another one is under way. Returns the sequence
    /// number that its [`Answer`] will carry; every request gets exactly one.
    pub fn submit(&mut self, request: Request, expect: Expect, extra_flags: u16) -> u32 {
        let sequence = self.exchange.submit(request, expect, extra_flags);
        self.flush();
        sequence
    }

    /// How many requests have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.exchange.in_flight().saturating_add(self.failed.len())
    }

    /// Reads one datagram; nothing if none is there.
    ///
    /// # Errors
    /// That of the system call: the socket is unusable.
    pub fn receive(&mut self) -> io::Result<Option<Vec<Heard>>> {
        let mut incoming: Vec<_> = self.failed.drain(..).map(Heard::Answer).collect();
        match self.socket.receive()? {
            Received::Datagram(datagram) => self.exchange.hear(datagram, |heard| incoming.push(heard)),
            Received::EventsLost => incoming.push(Heard::EventsLost),
            Received::Nothing if incoming.is_empty() => return Ok(None),
            Received::Nothing => {}
        }
        self.flush();
        Ok(Some(incoming))
    }

    /// Waits until something can be read. For tests, tools and start-up; a daemon polls the descriptor.
    ///
    /// # Errors
    /// That of the system call; [`io::ErrorKind::TimedOut`] after `limit`.
    pub fn wait(&self, limit: core::time::Duration) -> io::Result<()> {
        if !self.failed.is_empty() {
            return Ok(());
        }
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
    /// Those of [`Self::wait`] and [`Self::receive`], the limit counting from the last datagram.
    pub fn ask(
        &mut self,
        request: Request,
        expect: Expect,
        extra_flags: u16,
        limit: core::time::Duration,
        mut other: impl FnMut(Heard),
    ) -> io::Result<Answer> {
        let sequence = self.submit(request, expect, extra_flags);
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

    fn flush(&mut self) {
        while let Some((sequence, request)) = self.exchange.outgoing() {
            if let Err(error) = self.socket.send(request.octets()) {
                let errno = Errno(error.raw_os_error().unwrap_or(Errno::ENOBUFS.0));
                if self.exchange.withdraw(sequence) {
                    let result = Err(ReplyError::Kernel(KernelError::plain(errno)));
                    self.failed.push_back(Answer { sequence, result, cookie: None });
                }
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
