//! The Country element (7).

use super::{
    ElementId,
    layout::{Field, show_octets},
};
use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::fmt;

/// A country string: two letters and an octet for the environment (802.11-2020 9.4.2.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountryCode(pub [u8; 3]);

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{}", octet.escape_ascii()))
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
wrapped_field! { CountryCode }

/// Three octets of a Country element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CountryTriplet {
    /// Channels and how loud one may be on them.
    Subband {
        /// The first channel number, at most 200.
        first_channel: u8,
        /// How many channels.
        channels: u8,
        /// The maximum transmit power in dBm, a signed number.
        maximum_power: u8,
    },
    /// The operating class that the following subbands belong to.
    Operating {
        /// The operating extension identifier, at least 201.
        extension: u8,
        /// The operating class.
        operating_class: u8,
        /// The coverage class.
        coverage_class: u8,
    },
}

impl Field for CountryTriplet {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let [first, second, third] = reader.array()?;
        Ok(if first > 200 {
            Self::Operating { extension: first, operating_class: second, coverage_class: third }
        } else {
            Self::Subband { first_channel: first, channels: second, maximum_power: third }
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(match *self {
            Self::Operating { extension, operating_class, coverage_class } => {
                [extension, operating_class, coverage_class]
            }
            Self::Subband { first_channel, channels, maximum_power } => {
                [first_channel, channels, maximum_power]
            }
        });
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operating { operating_class, coverage_class, .. } => {
                write!(f, "class {operating_class} coverage {coverage_class}")
            }
            Self::Subband { first_channel, channels, maximum_power } => {
                write!(f, "{first_channel}+{channels} {} dBm", maximum_power.cast_signed())
            }
        }
    }
}

/// The triplets of a Country element with the padding behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CountryTriplets {
    /// The triplets.
    pub triplets: Vec<CountryTriplet>,
    /// Up to two octets that make no triplet. The standard pads to an even length with one zero.
    pub padding: Vec<u8>,
}

impl Field for CountryTriplets {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let mut triplets = Vec::new();
        while reader.remaining() >= 3 {
            triplets.push(CountryTriplet::read(reader)?);
        }
        Ok(Self { triplets, padding: reader.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.triplets.write(out);
        self.padding.write(out);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.triplets.show(f)?;
        if self.padding.iter().any(|&octet| octet != 0) {
            f.write_str(" padding=")?;
            show_octets(&self.padding, f)?;
        }
        Ok(())
    }
}

fields! {
    /// Country: where the AP says it is, and what it says one may do there.
    pub struct Country {
        /// The country string.
        code: CountryCode,
        /// The channels.
        channels: CountryTriplets,
    }
}
element!(Country, "Country", ElementId::Plain(7));
