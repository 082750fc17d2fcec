//! The netlink socket: never blocking, owned by the one who polls it.

use netlink_sys::SocketAddr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// The room for a datagram. The kernel fills dumps to at most 32 KiB; no event of nl80211 is longer.
const DATAGRAM: usize = 64 * 1024;
/// The receive buffer asked for, so that a burst of scan events does not overflow it.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A datagram of the kernel.
    Datagram(&'a [u8]),
    /// The kernel could not deliver: its buffer for this socket was full, or a datagram was longer than
    /// the room for it. Events, and perhaps replies, are missing.
    EventsLost,
    /// There is nothing to read now.
    Nothing,
}

/// A netlink socket. Wrap its descriptor in the loop's own way and call [`Socket::receive`] until
/// [`Received::Nothing`] whenever it is readable.
pub struct Socket {
    socket: netlink_sys::Socket,
    port: u32,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket for one netlink protocol (`NETLINK_GENERIC`, `NETLINK_ROUTE`), non-blocking, with
    /// extended acknowledgements.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(protocol)?;
        socket.set_non_blocking(true)?;
        socket.set_ext_ack(true)?;
        socket.set_cap_ack(true)?;
        // Unknown before Linux 4.20, and only a courtesy: dumps are filtered again by who reads them.
        let _unsupported = socket.set_netlink_get_strict_chk(true);
        set_receive_buffer(&socket);
        let port = socket.bind_auto()?.port_number();
        Ok(Self { socket, port, buffer: Vec::new() })
    }

    /// The socket's port number: its own requests come back with it.
    #[must_use]
    pub const fn port(&self) -> u32 {
        self.port
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    /// That of the system call.
    pub fn join(&self, group: u32) -> io::Result<()> {
        self.socket.add_membership(group)
    }

    /// Sends to the kernel, which handles a request before this returns.
    ///
    /// # Errors
    /// That of the system call.
    pub fn send(&self, octets: &[u8]) -> io::Result<()> {
        let sent = self.socket.send_to(octets, &SocketAddr::new(0, 0), 0)?;
        if sent == octets.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// Reads one datagram. What other processes send is dropped.
    ///
    /// # Errors
    /// That of the system call, but for "would block" and "no buffer space", which are values.
    pub fn receive(&mut self) -> io::Result<Received<'_>> {
        loop {
            self.buffer.clear();
            self.buffer.reserve(DATAGRAM);
            match self.socket.recv_from(&mut self.buffer, libc::MSG_TRUNC) {
                Ok((_, from)) if from.port_number() != 0 => {}
                Ok((length, _)) if length > self.buffer.len() => return Ok(Received::EventsLost),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Nothing),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(Received::EventsLost),
                Err(error) => return Err(error),
            }
        }
        Ok(Received::Datagram(&self.buffer))
    }
}

/// Past the system's limit with the capability to administer the network, else up to it.
fn set_receive_buffer(socket: &netlink_sys::Socket) {
    use rustix::net::sockopt;
    if sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER).is_err() {
        // A smaller buffer overflows earlier, which is noticed and repaired.
        let _smaller = sockopt::set_socket_recv_buffer_size(socket, RECEIVE_BUFFER);
    }
}

impl core::fmt::Debug for Socket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "netlink socket, port {}", self.port)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
