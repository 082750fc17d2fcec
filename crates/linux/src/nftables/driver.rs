//! What is asked of the kernel.

use super::message::{self, Batch, Sharing, attr};
use crate::netlink::{Attributes, Connection, Errno, Expect, Heard, KernelError, Messages, Outline};
use crate::netlink::{Received, ReplyError, Socket, kind};
use lapwing_core::Duration;
use std::io;

/// `NETLINK_NETFILTER`.
const PROTOCOL: isize = 12;
/// How long the kernel may take to list its tables. It does so while it is asked; loading its module takes longest.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many tables are listed at most: more than any firewall has.
const MOST: usize = 1024;

/// Makes the table of a network that is shared, whole or not at all.
///
/// # Errors
/// The kernel's first refusal (`EPROTONOSUPPORT` if it has no nfnetlink, `EEXIST` if there is such a table),
/// [`ReplyError::Lost`] if it said nothing.
pub fn make(sharing: &Sharing) -> Result<(), ReplyError> {
    apply(sharing.make())
}

/// Removes a table with all that is in it.
///
/// # Errors
/// As [`make`]; `ENOENT` if there is none.
pub fn remove(table: &str) -> Result<(), ReplyError> {
    apply(Sharing::unmake(table))
}

/// The names of the tables for IPv4.
///
/// # Errors
/// Those of the system calls; the kernel's refusal.
pub fn tables() -> Result<Vec<String>, ReplyError> {
    let mut connection = Connection::open(PROTOCOL).map_err(refused)?;
    let request = message::read_tables().ok_or_else(invalid)?;
    let answer = connection.ask(request, Expect::Dump, 0, PATIENCE, |_: Heard| {}).map_err(refused)?.result?;
    let name = |payload: &Vec<u8>| {
        let attributes = Attributes::new("nf_tables table", payload.get(4..).unwrap_or_default());
        attributes.find(attr::TABLE_NAME).map(|name| name.text())
    };
    Ok(answer.iter().take(MOST).filter_map(name).collect())
}

/// Has the kernel obey a batch, on a socket of its own: it happens seldom. The kernel does what it is asked while it
/// is asked, so nothing here waits.
fn apply(batch: Option<Batch>) -> Result<(), ReplyError> {
    let (octets, last) = batch.and_then(Batch::datagram).ok_or_else(invalid)?;
    let mut socket = Socket::open(PROTOCOL).map_err(refused)?;
    socket.send(&octets).map_err(refused)?;
    let mut outcome = Err(ReplyError::Lost);
    loop {
        let datagram = match socket.receive().map_err(refused)? {
            Received::Datagram(datagram) => datagram,
            Received::EventsLost => return Err(ReplyError::Lost),
            Received::Nothing => return outcome,
        };
        for message in Messages::new(datagram) {
            let message = message?;
            if message.header.kind != kind::ERROR {
                continue;
            }
            match message.acknowledgement(&Outline::default())? {
                Ok(_) if message.header.sequence == last && outcome == Err(ReplyError::Lost) => {
                    outcome = Ok(())
                }
                Ok(_) => {}
                // The first one tells why.
                Err(_) if matches!(outcome, Err(ReplyError::Kernel(_))) => {}
                Err(error) => outcome = Err(ReplyError::Kernel(error)),
            }
        }
    }
}

fn invalid() -> ReplyError {
    ReplyError::Kernel(KernelError::plain(Errno::EINVAL))
}

fn refused(error: io::Error) -> ReplyError {
    ReplyError::Kernel(KernelError::plain(Errno(error.raw_os_error().unwrap_or(Errno::EIO.0))))
}
