//! The vendor extension of the Wi-Fi Alliance, where everything of version 2.0 is (WSC 2.0.5 table 29).

use super::{
    VERSION2,
    attribute::{Attributes, Type, Value, write},
};
use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// The Wi-Fi Alliance, in the numbers of SMI.
const WFA: [u8; 3] = [0x00, 0x37, 0x2a];

/// The subelements of the extension.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extension {
    /// The version that the sender speaks; none means 1.0.
    pub version2: Option<u8>,
    /// The enrollees that the registrar waits for; all if it has the broadcast address.
    pub authorized: Option<Vec<MacAddr>>,
    /// Whether the key may be handed on.
    pub key_shareable: Option<bool>,
    /// Whether the enrollee asks to be enrolled at once.
    pub request_to_enroll: Option<bool>,
    /// Subelements with another number, with that.
    pub others: Vec<(u8, Vec<u8>)>,
}

impl Extension {
    /// What we say: version 2.0, and nothing else.
    #[must_use]
    pub fn ours() -> Self {
        Self { version2: Some(VERSION2), ..Self::default() }
    }

    fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("WFA vendor extension", octets);
        let mut extension = Self::default();
        while !reader.is_empty() {
            let id = reader.u8()?;
            let length = reader.u8()?;
            let mut value = Reader::new("WFA subelement", reader.take(usize::from(length))?);
            match id {
                0 => extension.version2 = Some(value.u8()?),
                1 => {
                    let mut list = Vec::new();
                    while !value.is_empty() {
                        list.push(MacAddr::read(&mut value)?);
                    }
                    extension.authorized = Some(list);
                }
                2 => extension.key_shareable = Some(value.u8()? != 0),
                3 => extension.request_to_enroll = Some(value.u8()? != 0),
                _ => extension.others.push((id, value.rest().to_vec())),
            }
            value.finish()?;
        }
        Ok(extension)
    }

    fn octets(&self) -> Vec<u8> {
        let mut out = WFA.to_vec();
        let mut put = |id: u8, value: &[u8]| {
            let value = value.get(..255).unwrap_or(value);
            out.extend([id, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
            out.extend(value);
        };
        if let Some(version) = self.version2 {
            put(0, &[version]);
        }
        if let Some(list) = &self.authorized {
            put(1, &list.iter().flat_map(|address| address.0).collect::<Vec<_>>());
        }
        if let Some(shareable) = self.key_shareable {
            put(2, &[u8::from(shareable)]);
        }
        if let Some(asked) = self.request_to_enroll {
            put(3, &[u8::from(asked)]);
        }
        self.others.iter().for_each(|(id, value)| put(*id, value));
        out
    }
}

/// The first extension of the Wi-Fi Alliance among those of all vendors; an empty one if there is none.
impl Value for Extension {
    fn take(attributes: Attributes<'_>, kind: Type) -> Result<Self, ParseError> {
        let mut all = attributes.iter().filter(|attribute| attribute.kind == kind);
        all.find_map(|attribute| attribute.value.strip_prefix(&WFA)).map_or(Ok(Self::default()), Self::parse)
    }

    fn put(&self, kind: Type, out: &mut Vec<u8>) {
        if *self != Self::default() {
            write(kind, &self.octets(), out);
        }
    }
}
