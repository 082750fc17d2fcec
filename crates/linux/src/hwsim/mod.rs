//! The driver of virtual radios, `mac80211_hwsim`, as its medium sees it: every frame that a radio sends is handed to
//! one program, which says who hears it and whether the sender hears an acknowledgement.
//!
//! Facts are from `drivers/net/wireless/virtual/mac80211_hwsim.[ch]`. A radio has two addresses: the one that its
//! first interface begins with, and the same with bit 0x40 of the first octet, by which the driver knows it. Here the
//! latter is a [`Frame::transmitter`] and a [`Request::Deliver`]'s `receiver`.
//!
//! Registration is refused (`EOPNOTSUPP`) while there is a radio of several channels; radios that are made after it
//! may have as many as they like, and belong to the medium too.

mod decode;
mod driver;
mod request;

pub use decode::Event;
pub use driver::{Hwsim, Incoming, Reply};
pub use request::{NewRadio, Request};

use lapwing_frames::MacAddr;

/// Commands of the family (`enum hwsim_commands`).
mod command {
    pub(super) const REGISTER: u8 = 1;
    pub(super) const FRAME: u8 = 2;
    pub(super) const TX_INFO_FRAME: u8 = 3;
    pub(super) const NEW_RADIO: u8 = 4;
    pub(super) const DEL_RADIO: u8 = 5;
    pub(super) const GET_RADIO: u8 = 6;
    pub(super) const ADD_MAC_ADDR: u8 = 7;
    pub(super) const DEL_MAC_ADDR: u8 = 8;
}

/// Attributes of the family (`enum hwsim_attrs`).
mod attr {
    pub(super) const ADDR_RECEIVER: u16 = 1;
    pub(super) const ADDR_TRANSMITTER: u16 = 2;
    pub(super) const FRAME: u16 = 3;
    pub(super) const FLAGS: u16 = 4;
    pub(super) const RX_RATE: u16 = 5;
    pub(super) const SIGNAL: u16 = 6;
    pub(super) const TX_INFO: u16 = 7;
    pub(super) const COOKIE: u16 = 8;
    pub(super) const CHANNELS: u16 = 9;
    pub(super) const RADIO_ID: u16 = 10;
    pub(super) const SUPPORT_P2P_DEVICE: u16 = 14;
    pub(super) const DESTROY_RADIO_ON_CLOSE: u16 = 16;
    pub(super) const RADIO_NAME: u16 = 17;
    pub(super) const NO_VIF: u16 = 18;
    pub(super) const FREQ: u16 = 19;
    pub(super) const TX_INFO_FLAGS: u16 = 21;
    pub(super) const IFTYPE_SUPPORT: u16 = 23;
    pub(super) const CIPHER_SUPPORT: u16 = 24;
    pub(super) const MLO_SUPPORT: u16 = 25;
}

/// What is special about a transmission (`enum hwsim_tx_control_flags`).
pub mod flags {
    /// The sender wants to know what came of it.
    pub const WANTS_STATUS: u32 = 1;
    /// Nobody acknowledges it.
    pub const NO_ACKNOWLEDGEMENT: u32 = 2;
    /// In a report: it was acknowledged.
    pub const ACKNOWLEDGED: u32 = 4;
}

/// How many rates a sender may try one after the other (`IEEE80211_TX_MAX_RATES`).
pub const RATES: usize = 4;

/// A rate that is tried (`struct hwsim_tx_rate` and `struct hwsim_tx_rate_flag`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Which rate of the band or which MCS; −1 says that no more are tried.
    pub index: i8,
    /// How often.
    pub count: u8,
    /// Bits of `enum hwsim_tx_rate_flags`.
    pub flags: u16,
}

impl Rate {
    /// No rate.
    pub const NONE: Self = Self { index: -1, count: 0, flags: 0 };
    /// The flags that say that the index is an MCS: of HT and of VHT.
    pub const MCS: u16 = 1 << 3 | 1 << 8;
}

/// A frame that a radio sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The address by which the driver knows the radio.
    pub transmitter: MacAddr,
    /// The octets of the frame, from its header on, without a check sequence. Addresses are those of the link.
    pub octets: Vec<u8>,
    /// See [`flags`].
    pub flags: u32,
    /// On which channel, in MHz.
    pub frequency: u32,
    /// How it is sent.
    pub rates: [Rate; RATES],
    /// By which the driver knows the frame again.
    pub cookie: u64,
}

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Radio {
    /// Its number.
    pub id: u32,
    /// The name of its wiphy when it was made.
    pub name: String,
    /// On how many channels it can be at once.
    pub channels: u32,
    /// Whether it can be a P2P device.
    pub p2p: bool,
}

#[cfg(test)]
mod tests;
