//! Addresses of our own: which one a network sees.
//!
//! Facts: `iwd.config(5)` and `iwd.network(5)`. The address of a network is made as iwd makes it, so that whoever
//! takes over from it keeps its addresses, and with them leases and access lists.

use lapwing_frames::{MacAddr, Ssid};
use sha2::{Digest, Sha256};

/// With which addresses networks are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressPolicy {
    /// With the one that the interface has.
    #[default]
    Kept,
    /// Each with its own ([`Network::address`](crate::network::Network::address)).
    PerNetwork(AddressRange),
}

/// Which part of an address is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressRange {
    /// All of it; the address is a locally administered one then.
    #[default]
    Full,
    /// The last three octets: the maker's stay.
    Nic,
}

impl AddressRange {
    /// An address of a station, made of these octets, in the place of this one.
    #[must_use]
    pub const fn address(self, permanent: MacAddr, octets: [u8; 6]) -> MacAddr {
        let MacAddr([one, two, three, ..]) = permanent;
        let [first, second, third, fourth, fifth, sixth] = octets;
        // Neither the first nor the last of a maker's addresses.
        let (fourth, fifth, sixth) = match (fourth, fifth, sixth & 0xfe) {
            (0, 0, 0) => (0, 0, 1),
            other => other,
        };
        match self {
            // Locally administered, and of one station.
            Self::Full => MacAddr([first & !1 | 2, second, third, fourth, fifth, sixth]),
            Self::Nic => MacAddr([one, two, three, fourth, fifth, sixth]),
        }
    }

    /// The address for the network of this name: the same for the same hardware, and no hint of it to anybody else.
    #[must_use]
    pub fn of_name(self, permanent: MacAddr, ssid: &Ssid) -> MacAddr {
        let mut hash = Sha256::new();
        hash.update(ssid.octets());
        hash.update(permanent.0);
        let [one, two, three, four, five, six, ..]: [u8; 32] = hash.finalize().into();
        self.address(
            permanent,
            match self {
                Self::Full => [one, two, three, four, five, six],
                Self::Nic => [0, 0, 0, one, two, three],
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMANENT: MacAddr = MacAddr([0, 0x1b, 0x21, 1, 2, 3]);

    #[test]
    fn an_address_is_one_of_a_station() {
        let nic = |octets| AddressRange::Nic.address(PERMANENT, octets);
        assert_eq!(nic([9, 8, 7, 6, 5, 4]), MacAddr([0, 0x1b, 0x21, 6, 5, 4]));
        assert_eq!(nic([0; 6]), MacAddr([0, 0x1b, 0x21, 0, 0, 1]));
        let full = |octets| AddressRange::Full.address(PERMANENT, octets);
        assert_eq!(full([0xff; 6]), MacAddr([0xfe, 0xff, 0xff, 0xff, 0xff, 0xfe]));
        assert_eq!(full([1, 2, 3, 4, 5, 6]), MacAddr([2, 2, 3, 4, 5, 6]));
    }

    /// SHA-256 of the name and the permanent address, as computed by another implementation.
    #[test]
    fn the_address_of_a_network_is_that_of_iwd() {
        let ssid = Ssid::new(b"ssidCCMP").unwrap();
        let full = MacAddr([0x92, 0xb6, 0xe1, 0xfb, 0xf, 0xd8]);
        let nic = MacAddr([0, 0x1b, 0x21, 0x91, 0xb6, 0xe0]);
        assert_eq!(AddressRange::Full.of_name(PERMANENT, &ssid), full);
        assert_eq!(AddressRange::Nic.of_name(PERMANENT, &ssid), nic);
        let other = Ssid::new(b"other").unwrap();
        assert_ne!(AddressRange::Full.of_name(PERMANENT, &other), full);
    }
}
