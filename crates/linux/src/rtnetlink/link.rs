//! Interfaces.

use super::short;
use crate::netlink::{Attributes, DecodeError};
use lapwing_core::kernel::KernelEvent;
use lapwing_frames::{MacAddr, Reader};

/// Attributes of an interface (`linux/if_link.h`).
pub(super) mod attr {
    pub(crate) const ADDRESS: u16 = 1;
    pub(crate) const NAME: u16 = 3;
    pub(crate) const MTU: u16 = 4;
    pub(crate) const WIRELESS: u16 = 11;
    pub(crate) const OPER_STATE: u16 = 16;
    pub(crate) const LINK_MODE: u16 = 17;
    pub(crate) const AF_SPEC: u16 = 26;
    pub(crate) const CARRIER: u16 = 33;
    pub(crate) const PERMANENT_ADDRESS: u16 = 54;
    pub(crate) const INET6_ADDRESS_GENERATION: u16 = 8;
}

/// `IFF_UP`.
pub(super) const UP: u32 = 1;
/// `IFF_LOWER_UP`.
const LOWER_UP: u32 = 1 << 16;

lapwing_frames::open_enum! {
    /// Whether an interface can carry traffic (RFC 2863).
    pub enum OperState: u8 {
        /// The driver does not say.
        Unknown = 0,
        /// The hardware is gone.
        NotPresent = 1,
        /// It is down.
        Down = 2,
        /// The one below it is down.
        LowerLayerDown = 3,
        /// Testing.
        Testing = 4,
        /// It waits for something: a station for its port to open.
        Dormant = 5,
        /// It carries traffic.
        Up = 6,
    }
}

lapwing_frames::open_enum! {
    /// What an interface does when it gets a carrier.
    pub enum LinkMode: u8 {
        /// It is up at once.
        Default = 0,
        /// It becomes dormant, until a program says that it is up.
        Dormant = 1,
    }
}

lapwing_frames::open_enum! {
    /// How the kernel makes IPv6 interface identifiers.
    pub enum AddressGeneration: u8 {
        /// From the MAC address.
        Eui64 = 0,
        /// Not at all: no link-local address either.
        None = 1,
        /// From a stable secret (RFC 7217).
        StablePrivacy = 2,
        /// From a random stable secret (RFC 7217).
        Random = 3,
    }
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its index.
    pub ifindex: u32,
    /// Its name.
    pub name: String,
    /// Its MAC address, if it has one of 6 octets.
    pub address: Option<MacAddr>,
    /// The one that it has from its maker, where the kernel knows it.
    pub permanent: Option<MacAddr>,
    /// `IFF_…`.
    pub flags: u32,
    /// Its state.
    pub oper_state: OperState,
    /// What it does when it gets a carrier.
    pub mode: LinkMode,
    /// The greatest packet, in octets.
    pub mtu: u32,
    /// Whether there is a carrier: for a station, an association.
    pub carrier: bool,
}

impl Link {
    /// Decodes a message from `struct ifinfomsg` on; nothing for a message about one protocol of an
    /// interface (bridges and IPv6 send some) and for wireless extensions, which say nothing of the rest.
    ///
    /// # Errors
    /// The first field that does not decode.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new("link", message);
        let [family, _pad, _, _] = reader.array().map_err(short)?;
        let ifindex = u32::from_ne_bytes(reader.array().map_err(short)?);
        let flags = u32::from_ne_bytes(reader.array().map_err(short)?);
        reader.take(4).map_err(short)?;
        let mut link = Self {
            ifindex,
            name: String::new(),
            address: None,
            permanent: None,
            flags,
            oper_state: OperState::Unknown,
            mode: LinkMode::Default,
            mtu: 0,
            carrier: flags & LOWER_UP != 0,
        };
        for attribute in Attributes::new("link", reader.peek()) {
            let attribute = attribute?;
            match attribute.kind {
                attr::NAME => link.name = attribute.text(),
                attr::ADDRESS => link.address = attribute.mac().ok(),
                attr::PERMANENT_ADDRESS => link.permanent = attribute.mac().ok(),
                attr::MTU => link.mtu = attribute.u32()?,
                attr::OPER_STATE => link.oper_state = OperState(attribute.u8()?),
                attr::LINK_MODE => link.mode = LinkMode(attribute.u8()?),
                attr::CARRIER => link.carrier = attribute.u8()? != 0,
                attr::WIRELESS => return Ok(None),
                _ => {}
            }
        }
        Ok((family == 0).then_some(link))
    }

    /// Whether it was set up by an administrator.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.flags & UP != 0
    }

    /// What the station must know of the change from `before`.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<KernelEvent> {
        let mut events = Vec::new();
        if let Some(address) = self.address.filter(|_| self.address != before.address) {
            events.push(KernelEvent::AddressChanged { address });
        }
        match (before.is_up(), self.is_up()) {
            (false, true) => events.push(KernelEvent::InterfaceUp),
            (true, false) => events.push(KernelEvent::InterfaceDown),
            (false, false) | (true, true) => {}
        }
        events
    }
}
