//! The bodies of Action frames (802.11-2020 9.6).

use crate::{
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

crate::open_enum! {
    /// The category of an Action frame (802.11-2020 table 9-51).
    pub enum Category: u8 {
        /// Spectrum management.
        SpectrumManagement = 0,
        /// QoS.
        Qos = 1,
        /// Block ack.
        BlockAck = 3,
        /// Public.
        Public = 4,
        /// Radio measurement.
        RadioMeasurement = 5,
        /// Fast BSS transition.
        FastTransition = 6,
        /// HT.
        Ht = 7,
        /// SA Query.
        SaQuery = 8,
        /// Protected dual of public.
        ProtectedPublic = 9,
        /// Wireless network management.
        Wnm = 10,
        /// Unprotected wireless network management.
        UnprotectedWnm = 11,
        /// VHT.
        Vht = 21,
        /// HE.
        He = 30,
        /// Protected HE.
        ProtectedHe = 31,
        /// EHT.
        Eht = 36,
        /// Protected EHT.
        ProtectedEht = 37,
        /// Vendor specific, protected.
        VendorSpecificProtected = 126,
        /// Vendor specific.
        VendorSpecific = 127,
    }
}

/// The body of an Action frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Any other action.
    Other {
        /// The category.
        category: Category,
        /// The action; in vendor specific categories the first octet of the OUI.
        action: u8,
        /// What follows.
        octets: Vec<u8>,
    },
}

impl Action {
    /// Parses what follows the MAC header.
    ///
    /// # Errors
    /// If the action is one that we know and its fixed fields are cut short or impossible.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("action frame", octets);
        let category = Category(reader.u8()?);
        let action = reader.u8()?;
        Ok(Self::Other { category, action, octets: Field::read(&mut reader)? })
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Other { category, action, octets } => {
                out.extend_from_slice(&[category.0, *action]);
                out.extend_from_slice(octets);
            }
        }
    }
}
