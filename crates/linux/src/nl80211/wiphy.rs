//! What a radio can do: the split dump of `GET_WIPHY`, merged.

use super::combinations::Combination;
use super::constants::{
    Command, attr, band as band_attr, band_iftype, bitrate, extended, feature, four_way, frequency, iftype,
    iftype_akm,
};
use crate::netlink::{Attribute, Attributes, DecodeError};
use lapwing_core::kernel::Frequency;
use lapwing_core::radio::{Channel, Radio, RadioKind, SignalWatch};
use lapwing_frames::suite::{Akm, Cipher};
use std::collections::{BTreeMap, BTreeSet};

/// A radio and its capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiphy {
    /// Its index.
    pub index: u32,
    /// Its name, like `phy0`.
    pub name: String,
    /// Its bands by nl80211's number (0 is 2.4 GHz, 1 is 5 GHz, 3 is 6 GHz).
    pub bands: BTreeMap<u16, WiphyBand>,
    /// The ciphers.
    pub ciphers: Vec<Cipher>,
    /// The AKMs that the driver restricts itself to; none if it does not say.
    pub akms: Option<Vec<Akm>>,
    /// AKMs by interface type, for drivers that differ there.
    pub iftype_akms: BTreeMap<u16, Vec<Akm>>,
    /// The interface types.
    pub interface_types: BTreeSet<u16>,
    /// The commands.
    pub commands: BTreeSet<Command>,
    /// `NL80211_ATTR_FEATURE_FLAGS`.
    pub features: u32,
    /// `NL80211_ATTR_EXT_FEATURES`: bit `i % 8` of octet `i / 8`.
    pub extended_features: Vec<u8>,
    /// SSIDs in one scan request.
    pub max_scan_ssids: u8,
    /// Octets of elements in a probe request.
    pub max_scan_elements: u16,
    /// PMKSAs that the driver keeps.
    pub max_pmkids: u8,
    /// The longest stay on another channel, in ms.
    pub max_remain_on_channel: Option<u32>,
    /// The firmware roams by itself.
    pub firmware_roams: bool,
    /// Multi-link operation.
    pub multi_link: bool,
    /// Extended capabilities that the driver announces for every interface type.
    pub extended_capabilities: Vec<u8>,
    /// What differs by interface type.
    pub iftype_capabilities: BTreeMap<u16, IftypeCapabilities>,
    /// The driver sets its own regulatory rules.
    pub self_managed_regulatory: bool,
    /// Which interfaces can be there together, and on how many channels.
    pub combinations: Vec<Combination>,
    /// The same of the whole device, where [`Self::combinations`] is what holds for each of its radios.
    pub device_combinations: Vec<Combination>,
    /// The same of each of its radios, if it has several.
    pub radio_combinations: Vec<Vec<Combination>>,
    /// An access point's authentications and associations are the firmware's.
    pub ap_sme: bool,
    /// The clients that the driver can have.
    pub client_limit: Option<u16>,
}

/// Capabilities of one interface type (`NL80211_ATTR_IFTYPE_EXT_CAPA`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IftypeCapabilities {
    /// Extended capabilities.
    pub extended: Vec<u8>,
    /// The EML Capabilities field.
    pub eml: Option<u16>,
    /// The MLD Capabilities and Operations field.
    pub mld: Option<u16>,
    /// The Extended MLD Capabilities and Operations field.
    pub extended_mld: Option<u16>,
}

/// One band of a radio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WiphyBand {
    /// Channels by their number in the dump.
    pub channels: BTreeMap<u16, WiphyChannel>,
    /// Legacy rates in units of 100 kbit/s.
    pub rates: Vec<u32>,
    /// HT Capability Information.
    pub ht_capabilities: Option<u16>,
    /// HT Supported MCS Set.
    pub ht_mcs: Option<[u8; 16]>,
    /// The A-MPDU Parameters field of HT: bits 0 and 1 the length, bits 2 to 4 the spacing.
    pub ht_ampdu: u8,
    /// VHT Capabilities Information.
    pub vht_capabilities: Option<u32>,
    /// VHT Supported MCS and NSS Set.
    pub vht_mcs: Option<[u8; 8]>,
    /// HE and EHT capabilities, by the number in the dump.
    pub iftype_capabilities: BTreeMap<u16, BandCapabilities>,
}

/// HE and EHT capabilities of a band for some interface types, as the octets of the standard's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BandCapabilities {
    /// The interface types.
    pub interface_types: BTreeSet<u16>,
    /// HE MAC Capabilities Information.
    pub he_mac: Vec<u8>,
    /// HE PHY Capabilities Information.
    pub he_phy: Vec<u8>,
    /// Supported HE-MCS and NSS Set.
    pub he_mcs: Vec<u8>,
    /// PPE Thresholds of HE.
    pub he_ppe: Vec<u8>,
    /// HE 6 GHz Band Capabilities.
    pub he_6ghz: Vec<u8>,
    /// EHT MAC Capabilities Information.
    pub eht_mac: Vec<u8>,
    /// EHT PHY Capabilities Information.
    pub eht_phy: Vec<u8>,
    /// Supported EHT-MCS and NSS Set.
    pub eht_mcs: Vec<u8>,
    /// EHT PPE Thresholds.
    pub eht_ppe: Vec<u8>,
}

/// One channel of a band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WiphyChannel {
    /// Centre frequency in MHz.
    pub frequency: u32,
    /// What is to be added to it, in kHz.
    pub offset_khz: u32,
    /// Forbidden by the regulatory rules in force.
    pub disabled: bool,
    /// No transmission before an AP was heard.
    pub no_initiating_radiation: bool,
    /// Radar detection is required.
    pub radar: bool,
    /// Greatest transmit power in hundredths of a dBm.
    pub max_power_mbm: u32,
}

impl Wiphy {
    /// Whether it can be in ad-hoc networks.
    #[must_use]
    pub fn is_ad_hoc(&self) -> bool {
        self.interface_types.contains(&iftype::ADHOC)
    }

    /// Merges the messages of a split dump, each from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode.
    pub fn decode_dump<'a>(
        messages: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<BTreeMap<u32, Self>, DecodeError> {
        let mut radios = BTreeMap::<u32, Self>::new();
        for message in messages {
            let attributes = super::attributes("NEW_WIPHY", message)?;
            let Some(index) = attributes.find(attr::WIPHY) else { continue };
            let index = index.u32()?;
            let radio = radios.entry(index).or_default();
            radio.index = index;
            radio.merge(attributes)?;
        }
        Ok(radios)
    }

    fn merge(&mut self, attributes: Attributes<'_>) -> Result<(), DecodeError> {
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.kind {
                attr::WIPHY_NAME => self.name = attribute.text(),
                attr::WIPHY_BANDS => {
                    for band in attribute.nested("band") {
                        let band = band?;
                        self.bands.entry(band.kind).or_default().merge(band)?;
                    }
                }
                attr::CIPHER_SUITES => self.ciphers = attribute.u32_list().map(Cipher::from_u32).collect(),
                attr::AKM_SUITES => self.akms = Some(attribute.u32_list().map(Akm::from_u32).collect()),
                attr::IFTYPE_AKM_SUITES => self.merge_akms(attribute)?,
                attr::SUPPORTED_IFTYPES => self.interface_types = kinds(attribute)?,
                attr::SUPPORTED_COMMANDS => {
                    for command in attribute.nested("supported commands") {
                        // Numbers past 255 cannot be sent in generic netlink.
                        self.commands.extend(u8::try_from(command?.u32()?).map(Command));
                    }
                }
                attr::FEATURE_FLAGS => self.features = attribute.u32()?,
                attr::EXT_FEATURES => self.extended_features = attribute.payload.to_vec(),
                attr::MAX_NUM_SCAN_SSIDS => self.max_scan_ssids = attribute.u8()?,
                attr::MAX_SCAN_IE_LEN => self.max_scan_elements = attribute.u16()?,
                attr::MAX_NUM_PMKIDS => self.max_pmkids = attribute.u8()?,
                attr::MAX_REMAIN_ON_CHANNEL_DURATION => self.max_remain_on_channel = Some(attribute.u32()?),
                attr::ROAM_SUPPORT => self.firmware_roams = true,
                attr::MLO_SUPPORT => self.multi_link = true,
                attr::EXT_CAPA => self.extended_capabilities = attribute.payload.to_vec(),
                attr::IFTYPE_EXT_CAPA => self.merge_iftype_capabilities(attribute)?,
                attr::WIPHY_SELF_MANAGED_REG => self.self_managed_regulatory = true,
                attr::INTERFACE_COMBINATIONS => self.combinations = Combination::list(attribute)?,
                attr::WIPHY_INTERFACE_COMBINATIONS => {
                    self.device_combinations = Combination::list(attribute)?;
                }
                attr::WIPHY_RADIOS => self.radio_combinations = Combination::of_radios(attribute)?,
                attr::DEVICE_AP_SME => self.ap_sme = true,
                attr::MAX_AP_ASSOC_STA => self.client_limit = Some(attribute.u16()?),
                _ => {}
            }
        }
        Ok(())
    }

    fn merge_akms(&mut self, attribute: Attribute<'_>) -> Result<(), DecodeError> {
        for entry in attribute.nested("AKM suites by interface type") {
            let (mut types, mut akms) = (BTreeSet::new(), Vec::new());
            for field in entry?.nested("AKM suites of an interface type") {
                let field = field?;
                match field.kind {
                    iftype_akm::IFTYPES => types = kinds(field)?,
                    iftype_akm::SUITES => akms = field.u32_list().map(Akm::from_u32).collect(),
                    _ => {}
                }
            }
            self.iftype_akms.extend(types.into_iter().map(|kind| (kind, akms.clone())));
        }
        Ok(())
    }

    fn merge_iftype_capabilities(&mut self, attribute: Attribute<'_>) -> Result<(), DecodeError> {
        for entry in attribute.nested("capabilities by interface type") {
            let (mut kind, mut found) = (None, IftypeCapabilities::default());
            for field in entry?.nested("capabilities of an interface type") {
                let field = field?;
                match field.kind {
                    attr::IFTYPE => kind = u16::try_from(field.u32()?).ok(),
                    attr::EXT_CAPA => found.extended = field.payload.to_vec(),
                    attr::EML_CAPABILITY => found.eml = Some(field.u16()?),
                    attr::MLD_CAPA_AND_OPS => found.mld = Some(field.u16()?),
                    attr::EXT_MLD_CAPA_AND_OPS => found.extended_mld = Some(field.u16()?),
                    _ => {}
                }
            }
            self.iftype_capabilities.extend(kind.map(|kind| (kind, found)));
        }
        Ok(())
    }

    /// Whether an extended feature (a number of [`extended`]) is there.
    #[must_use]
    pub fn has(&self, extended_feature: u16) -> bool {
        let octet = self.extended_features.get(usize::from(extended_feature / 8));
        octet.is_some_and(|octet| octet & (1 << (extended_feature % 8)) != 0)
    }

    /// Whether an interface that is up, and in no network, can be given another address.
    #[must_use]
    pub fn changes_address_while_up(&self) -> bool {
        self.has(extended::POWERED_ADDR_CHANGE)
    }

    /// What the station's decisions need of it.
    #[must_use]
    pub fn radio(&self) -> Radio {
        let softmac =
            self.commands.contains(&Command::AUTHENTICATE) && self.commands.contains(&Command::ASSOCIATE);
        let sae = self.features & feature::SAE != 0;
        let kind = match (softmac, self.has(extended::SAE_OFFLOAD), sae) {
            (true, _, _) => RadioKind::SoftMac,
            (false, true, _) => RadioKind::FullMacSaeOffload,
            (false, false, true) => RadioKind::FullMacExternalSae,
            (false, false, false) => RadioKind::FullMac,
        };
        let station = self.iftype_capabilities.get(&iftype::STATION);
        Radio {
            kind,
            ciphers: self.ciphers.clone(),
            akms: self.iftype_akms.get(&iftype::STATION).or(self.akms.as_ref()).cloned(),
            channels: self.bands.values().flat_map(|band| band.channels.values()).map(channel).collect(),
            max_scan_ssids: self.max_scan_ssids.into(),
            max_scan_elements: self.max_scan_elements.into(),
            sae,
            psk_offload: kind != RadioKind::SoftMac && self.has(four_way::STA_PSK),
            control_port: self.has(extended::CONTROL_PORT_OVER_NL80211),
            beacon_protection: self.has(extended::BEACON_PROTECTION)
                || self.has(extended::BEACON_PROTECTION_CLIENT),
            extended_key_id: self.has(extended::EXT_KEY_ID),
            can_replace_pairwise_key: self.has(extended::CAN_REPLACE_PTK0),
            // Where the frames are ours, so is the validation; the flag is for firmwares that send them.
            operating_channel_validation: kind == RadioKind::SoftMac
                || self.has(extended::OPERATING_CHANNEL_VALIDATION),
            multi_link: self.multi_link,
            radio_measurement: kind == RadioKind::SoftMac && self.has(extended::RRM),
            signal_watch: match () {
                () if self.firmware_roams => SignalWatch::Nobody,
                () if self.has(extended::CQM_RSSI_LIST) => SignalWatch::Thresholds,
                // No flag tells: a driver without it refuses, and is asked for the signal instead.
                () => SignalWatch::Threshold,
            },
            random_scan_address: self.features & feature::SCAN_RANDOM_MAC_ADDR != 0,
            spp_amsdu: self.has(extended::SPP_AMSDU_SUPPORT),
            extended_capabilities: station.map_or(&self.extended_capabilities, |own| &own.extended).clone(),
            channels_at_once: self.channels_at_once(),
            access_point: self.access_point(),
        }
    }
}

fn channel(channel: &WiphyChannel) -> Channel {
    Channel {
        frequency: Frequency(channel.frequency),
        disabled: channel.disabled,
        no_initiating_radiation: channel.no_initiating_radiation,
        radar: channel.radar,
    }
}

/// A set written as a nest of flags.
pub(super) fn kinds(attribute: Attribute<'_>) -> Result<BTreeSet<u16>, DecodeError> {
    attribute.nested("set of flags").map(|flag| flag.map(|flag| flag.kind)).collect()
}

impl WiphyBand {
    fn merge(&mut self, attribute: Attribute<'_>) -> Result<(), DecodeError> {
        for field in attribute.nested("band") {
            let field = field?;
            match field.kind {
                band_attr::FREQS => {
                    for entry in field.nested("channels") {
                        let entry = entry?;
                        self.channels.insert(entry.kind, WiphyChannel::decode(entry)?);
                    }
                }
                band_attr::RATES => {
                    let rates = field.nested("rates").filter_map(|rate| match rate {
                        Ok(rate) => rate.nested("rate").find(bitrate::RATE).map(|rate| rate.u32()),
                        Err(error) => Some(Err(error)),
                    });
                    self.rates = rates.collect::<Result<_, _>>()?;
                }
                band_attr::HT_CAPA => self.ht_capabilities = Some(field.u16()?),
                band_attr::HT_MCS_SET => self.ht_mcs = Some(field.array()?),
                band_attr::HT_AMPDU_FACTOR => self.ht_ampdu |= field.u8()? & 3,
                band_attr::HT_AMPDU_DENSITY => self.ht_ampdu |= (field.u8()? & 7) << 2,
                band_attr::VHT_CAPA => self.vht_capabilities = Some(field.u32()?),
                band_attr::VHT_MCS_SET => self.vht_mcs = Some(field.array()?),
                band_attr::IFTYPE_DATA => {
                    for entry in field.nested("band capabilities") {
                        let entry = entry?;
                        self.iftype_capabilities.insert(entry.kind, BandCapabilities::decode(entry)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl WiphyChannel {
    fn decode(attribute: Attribute<'_>) -> Result<Self, DecodeError> {
        let mut channel = Self::default();
        for field in attribute.nested("channel") {
            let field = field?;
            match field.kind {
                frequency::FREQ => channel.frequency = field.u32()?,
                frequency::OFFSET => channel.offset_khz = field.u32()?,
                frequency::DISABLED => channel.disabled = true,
                frequency::NO_IR => channel.no_initiating_radiation = true,
                frequency::RADAR => channel.radar = true,
                frequency::MAX_TX_POWER => channel.max_power_mbm = field.u32()?,
                _ => {}
            }
        }
        Ok(channel)
    }
}

impl BandCapabilities {
    fn decode(attribute: Attribute<'_>) -> Result<Self, DecodeError> {
        let mut found = Self::default();
        for field in attribute.nested("band capabilities") {
            let field = field?;
            let octets = match field.kind {
                band_iftype::IFTYPES => {
                    found.interface_types = kinds(field)?;
                    continue;
                }
                band_iftype::HE_CAP_MAC => &mut found.he_mac,
                band_iftype::HE_CAP_PHY => &mut found.he_phy,
                band_iftype::HE_CAP_MCS_SET => &mut found.he_mcs,
                band_iftype::HE_CAP_PPE => &mut found.he_ppe,
                band_iftype::HE_6GHZ_CAPA => &mut found.he_6ghz,
                band_iftype::EHT_CAP_MAC => &mut found.eht_mac,
                band_iftype::EHT_CAP_PHY => &mut found.eht_phy,
                band_iftype::EHT_CAP_MCS_SET => &mut found.eht_mcs,
                band_iftype::EHT_CAP_PPE => &mut found.eht_ppe,
                _ => continue,
            };
            *octets = field.payload.to_vec();
        }
        Ok(found)
    }
}
