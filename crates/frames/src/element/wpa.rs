//! The element of the first WPA (vendor 00-50-F2, type 1).

use super::{
    Element, ElementId,
    layout::Field,
    rsn::{read_list, write_list},
};
use crate::{
    reader::{ParseError, Reader},
    suite::{Akm, Cipher},
};
use alloc::vec::Vec;
use core::fmt;

/// The WPA element, a forerunner of the RSNE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wpa {
    /// The version, 1.
    pub version: u16,
    /// The cipher of group frames.
    pub group: Cipher,
    /// The ciphers of pairwise keys.
    pub pairwise: Vec<Cipher>,
    /// The authentication and key management suites.
    pub akms: Vec<Akm>,
    /// Capabilities if there are any, and what else follows.
    pub tail: Vec<u8>,
}

impl Wpa {
    /// The version that there is.
    pub const VERSION: u16 = 1;
}

impl Element for Wpa {
    const ID: ElementId = ElementId::VENDOR;
    const PREFIX: &'static [u8] = &[0x00, 0x50, 0xf2, 1];

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("WPA element", body);
        Ok(Self {
            version: reader.u16_le()?,
            group: Cipher::read(&mut reader)?,
            pairwise: read_list(&mut reader)?,
            akms: read_list(&mut reader)?,
            tail: reader.rest().to_vec(),
        })
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        self.version.write(out);
        self.group.write(out);
        write_list(&self.pairwise, out);
        write_list(&self.akms, out);
        out.extend_from_slice(&self.tail);
    }
}

impl fmt::Display for Wpa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}, group {}, pairwise", self.version, self.group)?;
        self.pairwise.iter().try_for_each(|cipher| write!(f, " {cipher}"))?;
        f.write_str(", AKM")?;
        self.akms.iter().try_for_each(|akm| write!(f, " {akm}"))
    }
}
