//! Links that come and go, and what goes through them (802.11be 9.6.36).

use crate::{
    address::LinkId,
    element::{Counted, Element, ElementId, MultiLink, OperatingChannel, layout::Field},
    management::StatusCode,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;
use core::fmt;

fields! {
    /// The body of a TID-To-Link Mapping Request.
    pub struct MappingRequest {
        /// What tells one request from another.
        dialog_token: u8,
        /// One or two TID-To-Link Mapping elements.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a TID-To-Link Mapping Response.
    pub struct MappingResponse {
        /// That of the request.
        dialog_token: u8,
        /// The answer.
        status: StatusCode,
        /// TID-To-Link Mapping elements that are preferred.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a TID-To-Link Mapping Teardown.
    pub struct MappingTeardown {
        /// Octets that a later standard may add.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a Link Reconfiguration Request, and of the AP's Notify.
    pub struct LinkReconfigurationRequest {
        /// What tells one request from another.
        dialog_token: u8,
        /// The Multi-Link element of the Reconfiguration variant, and Operating Channel Information.
        elements: Vec<u8>,
    }
}

fields! {
    /// What became of one link.
    pub struct LinkStatus {
        /// The link in the low four bits; see [`Self::link`].
        information: u8,
        /// The answer.
        status: StatusCode,
    }
}

impl LinkStatus {
    /// The link; nothing if the number is 15.
    #[must_use]
    pub const fn link(&self) -> Option<LinkId> {
        LinkId::new(self.information & 0xf)
    }
}

/// Key data with the group keys of new links: KDEs that were encrypted with the frame. Its `Debug` tells only
/// the length.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GroupKeyData(pub Counted);

impl fmt::Debug for GroupKeyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key data of {} octets", self.0.len())
    }
}

/// The body of a Link Reconfiguration Response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkReconfigurationResponse {
    /// That of the request.
    pub dialog_token: u8,
    /// What became of each link that the request named.
    pub links: Vec<LinkStatus>,
    /// The group keys: there if a link was added. The frame does not say so by itself; what follows the links is
    /// taken for elements if it starts as one of those that can stand there.
    pub group_keys: Option<GroupKeyData>,
    /// Operating Channel Information, and the Multi-Link element of the Basic variant with complete profiles
    /// of the links that were added.
    pub elements: Vec<u8>,
}

has_elements!(MappingRequest, MappingResponse, LinkReconfigurationRequest, LinkReconfigurationResponse);

/// The most links that a response can name.
const MAX_LINKS: u8 = 15;

/// Whether octets start with an element that follows the links, or there are none. Key data starts with its
/// length and the 0xdd of a KDE, whose length then is not that of any group key.
fn starts_with_element(octets: &[u8]) -> bool {
    match octets {
        [] => true,
        [255, _, extension, ..] => {
            [OperatingChannel::ID, MultiLink::ID].contains(&ElementId::Extended(*extension))
        }
        _ => false,
    }
}

impl Field for LinkReconfigurationResponse {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let dialog_token = reader.u8()?;
        let count = reader.u8()?;
        if count > MAX_LINKS {
            return Err(reader.invalid("an MLD has at most 15 links"));
        }
        let links = (0..count).map(|_| Field::read(reader)).collect::<Result<_, _>>()?;
        let group_keys =
            if starts_with_element(reader.peek()) { None } else { Some(GroupKeyData(Field::read(reader)?)) };
        Ok(Self { dialog_token, links, group_keys, elements: Field::read(reader)? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.dialog_token);
        out.push(u8::try_from(self.links.len()).unwrap_or(u8::MAX));
        self.links.write(out);
        if let Some(GroupKeyData(keys)) = &self.group_keys {
            keys.write(out);
        }
        self.elements.write(out);
    }
}
