//! EAPOL frames as packets, for radios that do not carry them over nl80211.
//!
//! Nothing orders these packets against the events of nl80211, and nobody says of one whether it came in clear. The
//! core knows both from [`lapwing_core::radio::Radio::control_port`].

use super::{Linux, Source, watch};
use crate::kernel::Heard;
use lapwing_core::kernel::{AssociateSecurity, Errno, KernelEvent, Refusal, Reply, Request};
use lapwing_frames::element::Elements;
use lapwing_frames::wsc::SimpleConfiguration;
use lapwing_linux::packet::PacketSocket;
use std::collections::btree_map::Entry;
use std::io;
use std::os::fd::OwnedFd;

/// What a request that leads to an association says of its protection.
fn security(request: &Request) -> Option<&AssociateSecurity> {
    match request {
        Request::Associate(request) => request.security.as_ref(),
        Request::Connect(request) => request.security.as_ref(),
        _ => None,
    }
}

/// Whether an association has no keys but EAP: a network is handed over (Wi-Fi Simple Configuration). The kernel
/// opens the port by itself then, and carries no frames over nl80211.
fn is_simple_configuration(request: &Request) -> bool {
    let elements = match request {
        Request::Associate(request) => &request.elements,
        Request::Connect(request) => &request.elements,
        _ => return false,
    };
    SimpleConfiguration::join(Elements::new(elements)).is_some()
}

pub(super) fn refusal(error: &io::Error) -> Refusal {
    let errno = Errno(error.raw_os_error().unwrap_or(Errno::EIO.0));
    Refusal { errno, message: Some("the socket for EAPOL frames".to_owned()) }
}

/// A socket for the EAPOL frames of an interface.
pub(super) fn listen(epoll: &OwnedFd, ifindex: u32) -> Result<PacketSocket, Refusal> {
    let open = || {
        let socket = PacketSocket::open_for_key_frames(ifindex)?;
        watch(epoll, &socket, Source::Packets)?;
        Ok(socket)
    };
    open().map_err(|error| refusal(&error))
}

impl Linux {
    /// Does what a request has to do with packets. The outcome, if there is nothing more to be done for it.
    pub(super) fn by_packet(&mut self, ifindex: u32, request: &Request) -> Option<Result<Reply, Refusal>> {
        if let Some(security) = security(request) {
            if security.control_port {
                self.key_frames.remove(&ifindex);
                return None;
            }
            return self.expect_key_frames(ifindex).err().map(Err);
        }
        if is_simple_configuration(request) {
            return self.expect_key_frames(ifindex).err().map(Err);
        }
        let Request::SendKeyFrame { to, bytes, .. } = request else { return None };
        let sent = self.key_frames.get(&ifindex)?.send(*to, bytes);
        // Zero is the cookie of a frame of which nobody tells whether it was acknowledged.
        Some(sent.map(|()| Reply::Sent { cookie: 0 }).map_err(|error| refusal(&error)))
    }

    /// Listens before the request goes out: message 1 may be there before its answer.
    fn expect_key_frames(&mut self, ifindex: u32) -> Result<(), Refusal> {
        match self.key_frames.entry(ifindex) {
            // What came before belongs to an earlier association.
            Entry::Occupied(mut entry) => while let Ok(Some(_)) = entry.get_mut().receive() {},
            Entry::Vacant(entry) => {
                entry.insert(listen(&self.epoll, ifindex)?);
            }
        }
        Ok(())
    }

    pub(super) fn heard_key_frames(&mut self) {
        for (&ifindex, socket) in &mut self.key_frames {
            // An error (the interface went down) is heard as an event of the interface too.
            while let Ok(Some(packet)) = socket.receive() {
                let event =
                    KernelEvent::KeyFrame { from: packet.source, bytes: packet.octets, in_clear: true };
                self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
            }
        }
    }
}
