//! How many channels a device can be on at once.

use super::constants::{combination, limit, wiphy_radio};
use super::wiphy::kinds;
use crate::netlink::{Attribute, DecodeError};
use std::collections::BTreeSet;

/// Interfaces that can be there together (`NL80211_ATTR_INTERFACE_COMBINATIONS`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combination {
    /// The interface types.
    pub interface_types: BTreeSet<u16>,
    /// The channels that they can be on.
    pub channels: u32,
}

impl Combination {
    /// All that a device says.
    pub(super) fn list(attribute: Attribute<'_>) -> Result<Vec<Self>, DecodeError> {
        attribute.nested("interface combinations").map(|entry| Self::decode(entry?)).collect()
    }

    fn decode(attribute: Attribute<'_>) -> Result<Self, DecodeError> {
        let mut found = Self::default();
        for field in attribute.nested("interface combination") {
            let field = field?;
            match field.kind {
                combination::NUM_CHANNELS => found.channels = field.u32()?,
                combination::LIMITS => {
                    for entry in field.nested("limits of a combination") {
                        if let Some(types) = entry?.nested("limit of a combination").find(limit::TYPES) {
                            found.interface_types.append(&mut kinds(types)?);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Those of each radio of a device that has several.
    pub(super) fn of_radios(attribute: Attribute<'_>) -> Result<Vec<Vec<Self>>, DecodeError> {
        let mut radios = Vec::new();
        for radio in attribute.nested("radios of a device") {
            let mut combinations = Vec::new();
            for field in radio?.nested("radio of a device") {
                let field = field?;
                if field.kind == wiphy_radio::INTERFACE_COMBINATION {
                    combinations.append(&mut Self::list(field)?);
                }
            }
            radios.push(combinations);
        }
        Ok(radios)
    }

    /// The most channels that an interface of this type can be on; nothing if no combination has one.
    pub(super) fn channels_of(combinations: &[Self], iftype: u16) -> Option<usize> {
        let with = combinations.iter().filter(|combination| combination.interface_types.contains(&iftype));
        with.filter_map(|combination| usize::try_from(combination.channels).ok()).max()
    }
}
