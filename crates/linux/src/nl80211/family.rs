//! The number of a generic netlink family and of its multicast groups.

use crate::netlink::{Builder, DecodeError, Request};
use std::collections::BTreeMap;

/// The family of the generic netlink controller itself (`GENL_ID_CTRL`).
pub(super) const CONTROLLER: u16 = 0x10;
/// `CTRL_CMD_GETFAMILY`.
const GET_FAMILY: u8 = 3;

/// Attributes of the controller (`linux/genetlink.h`).
mod attr {
    pub(super) const FAMILY_ID: u16 = 1;
    pub(super) const FAMILY_NAME: u16 = 2;
    pub(super) const MULTICAST_GROUPS: u16 = 7;
    pub(super) const GROUP_NAME: u16 = 1;
    pub(super) const GROUP_ID: u16 = 2;
}

/// A generic netlink family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its number: the kind of its messages.
    pub id: u16,
    /// Its multicast groups by name.
    pub groups: BTreeMap<String, u32>,
}

impl Family {
    /// The request for the family of this name; nothing if the name is no name.
    #[must_use]
    pub fn request(name: &str) -> Option<Request> {
        let mut message = Builder::generic(CONTROLLER, GET_FAMILY);
        message.text(attr::FAMILY_NAME, name);
        message.finish()
    }

    /// Decodes the controller's answer, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode, or that there is no number.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let (mut id, mut groups) = (None, BTreeMap::new());
        for attribute in super::attributes("NEWFAMILY", message)? {
            let attribute = attribute?;
            match attribute.kind {
                attr::FAMILY_ID => id = Some(attribute.u16()?),
                attr::MULTICAST_GROUPS => {
                    for group in attribute.nested("multicast groups") {
                        let group = group?.nested("multicast group");
                        if let (Some(name), Some(id)) =
                            (group.find(attr::GROUP_NAME), group.find(attr::GROUP_ID))
                        {
                            groups.insert(name.text(), id.u32()?);
                        }
                    }
                }
                _ => {}
            }
        }
        let id = id.ok_or(DecodeError::invalid("NEWFAMILY", "no number"))?;
        Ok(Self { id, groups })
    }
}
