//! What is asked of the driver.

use super::{RATES, Rate, attr, command};
use crate::netlink::{self, Builder, Expect};
use lapwing_frames::MacAddr;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Be the medium of all radios of this network namespace; ends when the socket is closed.
    Register,
    /// Have a radio hear a frame. Refused (`EINVAL`) by one that is on another channel, or on none.
    Deliver {
        /// The address by which the driver knows the radio.
        receiver: MacAddr,
        /// The octets of the frame. Fewer than 24 are refused.
        octets: Vec<u8>,
        /// On which channel, in MHz.
        frequency: u32,
        /// Which rate of the band.
        rate: u32,
        /// How strong it arrives, in dBm.
        signal: i32,
    },
    /// Tell a radio what came of a frame that it has sent. Each frame wants one, or the driver keeps it.
    Report {
        /// The address by which the driver knows the radio.
        transmitter: MacAddr,
        /// The number that came with the frame.
        cookie: u64,
        /// See [`super::flags`].
        flags: u32,
        /// How strong the acknowledgement arrives, in dBm.
        signal: i32,
        /// What was tried.
        rates: [Rate; RATES],
    },
    /// Make a radio.
    NewRadio(NewRadio),
    /// Remove the radio with this number.
    DeleteRadio(u32),
    /// Tell of all radios of this network namespace.
    GetRadios,
}

/// What a new radio is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRadio {
    /// The name of its wiphy; the kernel finds one otherwise.
    pub name: Option<String>,
    /// On how many channels it can be at once; as the module was told otherwise.
    pub channels: Option<u32>,
    /// Whether it can be a P2P device.
    pub p2p: bool,
    /// Whether it can do multi-link operation.
    pub multi_link: bool,
    /// Whether it begins without an interface.
    pub no_interface: bool,
    /// Whether it goes when the socket that has made it is closed.
    pub goes_with_us: bool,
    /// The types of interfaces that it can have: a bit for each number of nl80211.
    pub interface_types: Option<u32>,
    /// The ciphers that it knows, as suite selectors.
    pub ciphers: Option<Vec<u32>>,
}

impl Request {
    /// As a message; nothing if a part is too long for one.
    #[must_use]
    pub fn encode(&self, family: u16) -> Option<netlink::Request> {
        let mut message = Builder::generic(family, self.command());
        match self {
            Self::Register | Self::GetRadios => {}
            Self::Deliver { receiver, octets, frequency, rate, signal } => {
                message
                    .mac(attr::ADDR_RECEIVER, *receiver)
                    .bytes(attr::FRAME, octets)
                    .u32(attr::RX_RATE, *rate)
                    .i32(attr::SIGNAL, *signal)
                    .u32(attr::FREQ, *frequency);
            }
            Self::Report { transmitter, cookie, flags, signal, rates } => {
                let tried: Vec<u8> =
                    rates.iter().flat_map(|rate| [rate.index.cast_unsigned(), rate.count]).collect();
                message
                    .mac(attr::ADDR_TRANSMITTER, *transmitter)
                    .u32(attr::FLAGS, *flags)
                    .i32(attr::SIGNAL, *signal)
                    .u64(attr::COOKIE, *cookie)
                    .bytes(attr::TX_INFO, &tried);
            }
            Self::NewRadio(radio) => radio.write(&mut message),
            Self::DeleteRadio(id) => {
                message.u32(attr::RADIO_ID, *id);
            }
        }
        message.finish()
    }

    /// What answers it.
    pub(super) const fn expect(&self) -> Expect {
        match self {
            Self::GetRadios => Expect::Dump,
            _ => Expect::Acknowledgement,
        }
    }

    const fn command(&self) -> u8 {
        match self {
            Self::Register => command::REGISTER,
            Self::Deliver { .. } => command::FRAME,
            Self::Report { .. } => command::TX_INFO_FRAME,
            Self::NewRadio(_) => command::NEW_RADIO,
            Self::DeleteRadio(_) => command::DEL_RADIO,
            Self::GetRadios => command::GET_RADIO,
        }
    }
}

impl NewRadio {
    fn write(&self, message: &mut Builder) {
        if let Some(name) = &self.name {
            message.text(attr::RADIO_NAME, name);
        }
        if let Some(channels) = self.channels {
            message.u32(attr::CHANNELS, channels);
        }
        message
            .flag_if(attr::SUPPORT_P2P_DEVICE, self.p2p)
            .flag_if(attr::MLO_SUPPORT, self.multi_link)
            .flag_if(attr::NO_VIF, self.no_interface)
            .flag_if(attr::DESTROY_RADIO_ON_CLOSE, self.goes_with_us);
        if let Some(types) = self.interface_types {
            message.u32(attr::IFTYPE_SUPPORT, types);
        }
        if let Some(ciphers) = &self.ciphers {
            message.u32_list(attr::CIPHER_SUPPORT, ciphers.iter().copied());
        }
    }
}
