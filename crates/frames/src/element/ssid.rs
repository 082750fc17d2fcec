//! The SSID element (0).

use super::{Element, ElementId};
use crate::{reader::ParseError, ssid::Ssid};
use alloc::vec::Vec;

impl Element for Ssid {
    const ID: ElementId = ElementId::Plain(0);

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Self::new(body)
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.octets());
    }
}
