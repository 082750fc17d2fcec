//! What is in the air: frames, with their protection as a fact instead of a cipher.
//!
//! A protected frame says by which key it is protected, and only who holds that key can read or make it. That is
//! what the ciphers promise; it costs nothing, and a checker can see every packet number.

use lapwing_core::kernel::Frequency;
use lapwing_frames::MacAddr;

/// The name of a key: equal for two parties if, and only if, they hold the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPrint(pub u64);

impl KeyPrint {
    /// The name of a key with these octets (FNV-1a).
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        let print = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |print, octet| {
            (print ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(print)
    }
}

/// The protection of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protection {
    /// The key.
    pub key: KeyPrint,
    /// The packet number: never used twice with a key.
    pub packet_number: u64,
}

/// A frame in the air.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transmission {
    /// The channel.
    pub frequency: Frequency,
    /// Who sends it: the address of a link, not of an MLD.
    pub transmitter: MacAddr,
    /// Who is to receive it: the address of a link, or a group.
    pub receiver: MacAddr,
    /// What it carries.
    pub content: Content,
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// A management frame other than a beacon or a probe: the whole frame with its header (link addresses, as
    /// on the air), without FCS. The body is readable here whatever protects it; who lacks the key must not
    /// look.
    Management {
        /// The frame.
        frame: Vec<u8>,
        /// By TK, or by IGTK for a group; none in clear.
        protection: Option<Protection>,
    },
    /// A data frame, EAPOL included.
    Data {
        /// Who it is from in the end (for an MLD: its MLD address).
        source: MacAddr,
        /// Who it is for in the end.
        destination: MacAddr,
        /// Its Ethernet type: 0x888e for EAPOL.
        ethertype: u16,
        /// From the network header on.
        payload: Vec<u8>,
        /// By TK, or by GTK for a group; none in clear.
        protection: Option<Protection>,
    },
}

impl Content {
    /// Whether it is a Deauthentication or Disassociation frame.
    #[must_use]
    pub fn is_goodbye(&self) -> bool {
        // The first octet of Frame Control, version 0 and type management (9.2.4.1): subtypes 12 and 10.
        matches!(self, Self::Management { frame, .. } if matches!(frame.first(), Some(0xc0 | 0xa0)))
    }
}

/// A BSS as it can be heard: its beacon, and its answer to a probe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beacon {
    /// The BSSID.
    pub bssid: MacAddr,
    /// The channel.
    pub frequency: Frequency,
    /// The beacon interval, in time units of 1,024 µs.
    pub interval: u16,
    /// The Capability Information field.
    pub capability: u16,
    /// How strong the station hears it, in hundredths of a dBm.
    pub signal_mbm: i32,
    /// The elements of the beacon.
    pub elements: Vec<u8>,
    /// The elements of a probe response, if a probe for this name or for any is answered with other ones (a
    /// hidden name, the profiles of links).
    pub probe_elements: Option<Vec<u8>>,
}
