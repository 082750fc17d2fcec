//! What the driver says.

use super::{Frame, RATES, Radio, Rate, attr, command};
use crate::netlink::{Attribute, Attributes, DecodeError};
use lapwing_frames::{MacAddr, Problem};

/// The longest frame that the driver takes (`IEEE80211_MAX_DATA_LEN`), in octets.
const LONGEST: usize = 2304 + 48;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A radio sends a frame: only to the medium.
    Frame(Frame),
    /// A radio hears an address from now on: an interface went up, or scans from an address of the moment. Only to
    /// the medium; addresses of links are not told.
    AddressAdded {
        /// The address by which the driver knows the radio.
        radio: MacAddr,
        /// What it hears.
        address: MacAddr,
    },
    /// A radio does not hear an address any more.
    AddressRemoved {
        /// The address by which the driver knows the radio.
        radio: MacAddr,
        /// What it does not hear.
        address: MacAddr,
    },
    /// There is a new radio.
    RadioAdded(Radio),
    /// A radio is gone.
    RadioRemoved(u32),
    /// Something that is no concern of a medium: the number of the command.
    Other(u8),
}

impl Event {
    /// Decodes a message, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode, or that one is missing.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let short = DecodeError { what: "hwsim", attribute: None, problem: Problem::Invalid("no header") };
        let (&command, rest) = message.split_first().ok_or(short)?;
        let attributes = Attributes::new("hwsim", rest.get(3..).ok_or(short)?);
        let addresses = || {
            let (radio, address) = (attr::ADDR_TRANSMITTER, attr::ADDR_RECEIVER);
            Ok((find(attributes, radio)?.mac()?, find(attributes, address)?.mac()?))
        };
        Ok(match command {
            command::FRAME => Self::Frame(frame(attributes)?),
            command::ADD_MAC_ADDR => {
                addresses().map(|(radio, address)| Self::AddressAdded { radio, address })?
            }
            command::DEL_MAC_ADDR => {
                addresses().map(|(radio, address)| Self::AddressRemoved { radio, address })?
            }
            command::NEW_RADIO | command::GET_RADIO => Self::RadioAdded(radio(attributes)?),
            command::DEL_RADIO => Self::RadioRemoved(find(attributes, attr::RADIO_ID)?.u32()?),
            other => Self::Other(other),
        })
    }
}

fn find(attributes: Attributes<'_>, kind: u16) -> Result<Attribute<'_>, DecodeError> {
    let missing = DecodeError {
        what: "hwsim",
        attribute: Some(kind),
        problem: Problem::Invalid("the attribute is missing"),
    };
    attributes.find(kind).ok_or(missing)
}

fn frame(attributes: Attributes<'_>) -> Result<Frame, DecodeError> {
    let octets = find(attributes, attr::FRAME)?;
    if octets.payload.len() > LONGEST {
        return Err(octets.invalid("longer than a frame can be"));
    }
    let mut rates = [Rate::NONE; RATES];
    let tried = find(attributes, attr::TX_INFO)?.payload.as_chunks::<2>().0;
    let flags = attributes.find(attr::TX_INFO_FLAGS).map_or(&[][..], |found| found.payload);
    let flags = flags.as_chunks::<3>().0.iter().map(|&[_, low, high]| u16::from_ne_bytes([low, high]));
    for ((rate, &[index, count]), flags) in rates.iter_mut().zip(tried).zip(flags.chain([0; RATES])) {
        *rate = Rate { index: index.cast_signed(), count, flags };
    }
    Ok(Frame {
        transmitter: find(attributes, attr::ADDR_TRANSMITTER)?.mac()?,
        octets: octets.payload.to_vec(),
        flags: find(attributes, attr::FLAGS)?.u32()?,
        frequency: find(attributes, attr::FREQ)?.u32()?,
        rates,
        cookie: find(attributes, attr::COOKIE)?.u64()?,
    })
}

pub(super) fn radio(attributes: Attributes<'_>) -> Result<Radio, DecodeError> {
    Ok(Radio {
        id: find(attributes, attr::RADIO_ID)?.u32()?,
        name: find(attributes, attr::RADIO_NAME)?.text(),
        channels: attributes.find(attr::CHANNELS).map_or(Ok(1), |found| found.u32())?,
        p2p: attributes.find(attr::SUPPORT_P2P_DEVICE).is_some(),
    })
}
