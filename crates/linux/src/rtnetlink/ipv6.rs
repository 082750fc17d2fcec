//! What the kernel knows of an interface's IPv6 beside its addresses: what routers said last.

use super::{IPV6, short};
use crate::netlink::{Attributes, DecodeError};
use lapwing_frames::Reader;

/// Attributes (`linux/if_link.h`).
mod attr {
    pub(super) const PROTOCOL_INFORMATION: u16 = 12;
    pub(super) const FLAGS: u16 = 1;
}

/// `IF_RA_OTHERCONF` (`linux/if_link.h` calls them flags of `inet6_dev`; `net/if_inet6.h` has the numbers).
const OTHER: u32 = 0x80;
/// `IF_RA_MANAGED`.
const MANAGED: u32 = 0x40;
/// `IF_RA_RCVD`.
const RECEIVED: u32 = 0x20;

/// An interface's IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6State {
    /// The interface.
    pub ifindex: u32,
    /// The kernel's flags.
    pub flags: u32,
}

impl Ipv6State {
    /// Whether addresses are to be had of DHCPv6 servers (the M flag, RFC 4861 4.2), by the last router advertisement,
    /// which may have been in another network.
    #[must_use]
    pub const fn is_managed(self) -> bool {
        self.flags & MANAGED != 0
    }

    /// Whether other things are (the O flag), likewise.
    #[must_use]
    pub const fn has_other(self) -> bool {
        self.flags & OTHER != 0
    }

    /// Whether a router advertisement has come since the kernel asked for one.
    #[must_use]
    pub const fn has_heard_router(self) -> bool {
        self.flags & RECEIVED != 0
    }

    /// Decodes a message from `struct ifinfomsg` on; nothing for messages of other families, and such as say nothing of
    /// the flags.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new("IPv6 of a link", message);
        let [family, _pad, _, _] = reader.array().map_err(short)?;
        let ifindex = u32::from_ne_bytes(reader.array().map_err(short)?);
        reader.take(8).map_err(short)?;
        if family != IPV6 {
            return Ok(None);
        }
        let mut flags = None;
        for attribute in Attributes::new("IPv6 of a link", reader.peek()) {
            let attribute = attribute?;
            if attribute.kind == attr::PROTOCOL_INFORMATION {
                let found = attribute.nested("IPv6 flags of a link").find(attr::FLAGS);
                flags = found.map(|found| found.u32()).transpose()?;
            }
        }
        Ok(flags.map(|flags| Self { ifindex, flags }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(family: u8, attributes: &[u8]) -> Vec<u8> {
        let mut message = vec![family, 0, 0, 0];
        message.extend(7_u32.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(attributes);
        message
    }

    fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 4).unwrap();
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), payload].concat()
    }

    #[test]
    fn what_routers_said() {
        let flags = |flags: u32| attribute(0x8000 | 12, &attribute(1, &flags.to_ne_bytes()));
        let state = Ipv6State::decode(&message(IPV6, &flags(0x8000_0060))).unwrap().unwrap();
        assert_eq!(state.ifindex, 7);
        assert!(state.is_managed() && !state.has_other() && state.has_heard_router());
        let state = Ipv6State::decode(&message(IPV6, &flags(0x80))).unwrap().unwrap();
        assert!(!state.is_managed() && state.has_other() && !state.has_heard_router());
        assert_eq!(Ipv6State::decode(&message(0, &flags(0x60))), Ok(None));
        assert_eq!(Ipv6State::decode(&message(IPV6, &attribute(3, b"wlan0\0\0\0"))), Ok(None));
    }

    #[test]
    fn cut() {
        let whole = message(IPV6, &attribute(12, &attribute(1, &[0x60, 0, 0, 0])));
        for length in 0..whole.len() {
            // Without the attribute it says nothing.
            let cut = Ipv6State::decode(&whole[..length]);
            assert!(cut.is_err() || (length == 16 && cut == Ok(None)), "{length}");
        }
    }
}
