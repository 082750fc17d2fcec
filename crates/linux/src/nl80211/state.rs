//! The kernel's state as it is read back: interfaces, BSS table, regulatory rules.

use super::constants::{attr, bss, bss_status, chan, reg};
use crate::netlink::{Attribute, Attributes, DecodeError};
use lapwing_core::Duration;
use lapwing_core::kernel::{
    ChannelDefinition, ChannelWidth, Frequency, Interface, InterfaceLink, InterfaceState, ScanEntry,
};
use lapwing_frames::{LinkId, MacAddr, Ssid};

/// An interface, as `NEW_INTERFACE` reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// Where it is. A device without a network interface (P2P) has index 0.
    pub interface: Interface,
    /// Its name; empty for a device without a network interface.
    pub name: String,
    /// Its type (`enum nl80211_iftype`; [`super::iftype`]).
    pub iftype: u16,
    /// What a station needs to know of it.
    pub state: InterfaceState,
}

impl InterfaceInfo {
    /// Decodes a message, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        Self::from_attributes(super::attributes("NEW_INTERFACE", message)?)
    }

    pub(super) fn from_attributes(attributes: Attributes<'_>) -> Result<Self, DecodeError> {
        let mut info = Self {
            interface: Interface { wiphy: 0, ifindex: 0, wdev: 0 },
            name: String::new(),
            iftype: 0,
            state: InterfaceState {
                address: MacAddr::default(),
                ssid: None,
                channel: None,
                links: Vec::new(),
            },
        };
        let mut channel = ChannelFields::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.kind {
                attr::WIPHY => info.interface.wiphy = attribute.u32()?,
                attr::IFINDEX => info.interface.ifindex = attribute.u32()?,
                attr::WDEV => info.interface.wdev = attribute.u64()?,
                attr::IFNAME => info.name = attribute.text(),
                attr::IFTYPE => info.iftype = u16::try_from(attribute.u32()?).unwrap_or_default(),
                attr::MAC => info.state.address = attribute.mac()?,
                attr::SSID => info.state.ssid = Some(ssid(&attribute)?),
                attr::MLO_LINKS => {
                    for link in attribute.nested("links of an interface") {
                        info.state.links.extend(interface_link(link?)?);
                    }
                }
                _ => channel.take(&attribute)?,
            }
        }
        info.state.channel = channel.definition();
        Ok(info)
    }
}

fn interface_link(link: Attribute<'_>) -> Result<Option<InterfaceLink>, DecodeError> {
    let (mut id, mut address, mut channel) = (None, MacAddr::default(), ChannelFields::default());
    for field in link.nested("link of an interface") {
        let field = field?;
        match field.kind {
            attr::MLO_LINK_ID => id = Some(link_id(&field)?),
            attr::MAC => address = field.mac()?,
            _ => channel.take(&field)?,
        }
    }
    Ok(id.map(|id| InterfaceLink { id, address, channel: channel.definition() }))
}

/// The attributes that describe a channel, which stand among others.
#[derive(Clone, Copy, Default)]
pub(super) struct ChannelFields {
    primary: Option<u32>,
    width: Option<u32>,
    center1: Option<u32>,
    center2: Option<u32>,
}

impl ChannelFields {
    /// Takes an attribute, if it is one of these.
    pub(super) fn take(&mut self, attribute: &Attribute<'_>) -> Result<(), DecodeError> {
        let field = match attribute.kind {
            attr::WIPHY_FREQ => &mut self.primary,
            attr::CHANNEL_WIDTH => &mut self.width,
            attr::CENTER_FREQ1 => &mut self.center1,
            attr::CENTER_FREQ2 => &mut self.center2,
            _ => return Ok(()),
        };
        *field = Some(attribute.u32()?);
        Ok(())
    }

    /// The channel. A width that is not told is one of 20 MHz, around the primary channel.
    pub(super) fn definition(self) -> Option<ChannelDefinition> {
        let primary = self.primary?;
        let width = match self.width.unwrap_or(chan::WIDTH_20_NOHT) {
            chan::WIDTH_20_NOHT | chan::WIDTH_20 => ChannelWidth::Mhz20,
            chan::WIDTH_40 => ChannelWidth::Mhz40,
            chan::WIDTH_80 => ChannelWidth::Mhz80,
            chan::WIDTH_80P80 => ChannelWidth::Mhz80Plus80,
            chan::WIDTH_160 => ChannelWidth::Mhz160,
            chan::WIDTH_320 => ChannelWidth::Mhz320,
            other => ChannelWidth::Other(other),
        };
        Some(ChannelDefinition {
            primary: Frequency(primary),
            width,
            center1: Frequency(self.center1.unwrap_or(primary)),
            center2: self.center2.filter(|center| *center != 0).map(Frequency),
        })
    }
}

pub(super) fn ssid(attribute: &Attribute<'_>) -> Result<Ssid, DecodeError> {
    Ssid::new(attribute.payload).map_err(|error| attribute.error(error.problem))
}

pub(super) fn link_id(attribute: &Attribute<'_>) -> Result<LinkId, DecodeError> {
    LinkId::new(attribute.u8()?).ok_or_else(|| attribute.invalid("a link number is at most 14"))
}

/// One entry of the BSS table, with what selection beyond [`ScanEntry`] needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BssEntry {
    /// What a station needs to know of it.
    pub entry: ScanEntry,
    /// The timing synchronisation function when it was heard, in µs.
    pub tsf: u64,
    /// What it can be used for (`enum nl80211_bss_use_for`); none on kernels that do not say.
    pub use_for: Option<u32>,
    /// Why it cannot be used (`enum nl80211_bss_cannot_use_reasons`).
    pub cannot_use_reasons: u64,
}

impl BssEntry {
    /// Decodes a message of the `GET_SCAN` dump, from the generic netlink header on; nothing if it has no
    /// BSS with an address.
    ///
    /// # Errors
    /// The first attribute that does not decode.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let attributes = super::attributes("NEW_SCAN_RESULTS", message)?;
        let mut bssid = None;
        let mut status = None;
        let mut elements = None;
        let (mut beacon_elements, mut beacon_tsf) = (None, None);
        let (mut link, mut mld_address) = (None, None);
        let mut found = Self {
            entry: ScanEntry {
                bssid: MacAddr::default(),
                frequency: Frequency(0),
                beacon_interval: 0,
                capability: 0,
                signal_mbm: None,
                age: Duration::ZERO,
                elements: Vec::new(),
                beacon_elements: None,
                beacon_is_newer: false,
                associated: false,
                mld: None,
            },
            tsf: 0,
            use_for: None,
            cannot_use_reasons: 0,
        };
        for attribute in attributes {
            let attribute = attribute?;
            if attribute.kind != attr::BSS {
                continue;
            }
            for field in attribute.nested("BSS") {
                let field = field?;
                match field.kind {
                    bss::BSSID => bssid = Some(field.mac()?),
                    bss::FREQUENCY => found.entry.frequency = Frequency(field.u32()?),
                    bss::TSF => found.tsf = field.u64()?,
                    bss::BEACON_INTERVAL => found.entry.beacon_interval = field.u16()?,
                    bss::CAPABILITY => found.entry.capability = field.u16()?,
                    bss::INFORMATION_ELEMENTS => elements = Some(field.payload.to_vec()),
                    bss::BEACON_TSF => beacon_tsf = Some(field.u64()?),
                    bss::BEACON_IES => beacon_elements = Some(field.payload.to_vec()),
                    bss::SIGNAL_MBM => found.entry.signal_mbm = Some(field.i32()?),
                    bss::SEEN_MS_AGO => found.entry.age = Duration::from_millis(field.u32()?.into()),
                    bss::STATUS => status = Some(field.u32()?),
                    bss::MLO_LINK_ID => link = Some(link_id(&field)?),
                    bss::MLD_ADDR => mld_address = Some(field.mac()?),
                    bss::USE_FOR => found.use_for = Some(field.u32()?),
                    bss::CANNOT_USE_REASONS => found.cannot_use_reasons = field.u64()?,
                    _ => {}
                }
            }
        }
        let Some(bssid) = bssid else { return Ok(None) };
        found.entry.bssid = bssid;
        found.entry.associated = status == Some(bss_status::ASSOCIATED);
        found.entry.mld = link.zip(mld_address);
        found.entry.elements = elements.or_else(|| beacon_elements.clone()).unwrap_or_default();
        found.entry.beacon_elements = beacon_elements;
        found.entry.beacon_is_newer = beacon_tsf.is_some_and(|tsf| tsf > found.tsf);
        Ok(Some(found))
    }
}

/// The regulatory rules in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regulatory {
    /// The country, two letters; `00` is the world, `99` a driver's own rules.
    pub country: String,
    /// The radio, if the rules are its own.
    pub wiphy: Option<u32>,
    /// The region whose radar rules apply (`enum nl80211_dfs_regions`).
    pub dfs_region: u8,
    /// The rules.
    pub rules: Vec<RegulatoryRule>,
}

/// One regulatory rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegulatoryRule {
    /// Where the range starts, in kHz.
    pub start_khz: u32,
    /// Where it ends, in kHz.
    pub end_khz: u32,
    /// The greatest bandwidth, in kHz.
    pub max_bandwidth_khz: u32,
    /// The greatest power (EIRP), in hundredths of a dBm.
    pub max_eirp_mbm: u32,
    /// `enum nl80211_reg_rule_flags`.
    pub flags: u32,
}

impl Regulatory {
    /// Decodes the reply to `GET_REG`, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        let mut regulatory = Self::default();
        for attribute in super::attributes("GET_REG", message)? {
            let attribute = attribute?;
            match attribute.kind {
                attr::REG_ALPHA2 => regulatory.country = attribute.text(),
                attr::WIPHY => regulatory.wiphy = Some(attribute.u32()?),
                attr::DFS_REGION => regulatory.dfs_region = attribute.u8()?,
                attr::REG_RULES => {
                    for rule in attribute.nested("regulatory rules") {
                        regulatory.rules.push(regulatory_rule(rule?)?);
                    }
                }
                _ => {}
            }
        }
        Ok(regulatory)
    }
}

fn regulatory_rule(attribute: Attribute<'_>) -> Result<RegulatoryRule, DecodeError> {
    let mut rule = RegulatoryRule::default();
    for field in attribute.nested("regulatory rule") {
        let field = field?;
        let number = match field.kind {
            reg::FREQ_RANGE_START => &mut rule.start_khz,
            reg::FREQ_RANGE_END => &mut rule.end_khz,
            reg::FREQ_RANGE_MAX_BW => &mut rule.max_bandwidth_khz,
            reg::POWER_RULE_MAX_EIRP => &mut rule.max_eirp_mbm,
            reg::REG_RULE_FLAGS => &mut rule.flags,
            _ => continue,
        };
        *number = field.u32()?;
    }
    Ok(rule)
}
