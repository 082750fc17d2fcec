//! A peer's figures: `GET_STATION`.

use super::constants::{attr, rate, rate_width, sta, sta_flag};
use super::state::link_id;
use crate::netlink::{Attribute, Attributes, DecodeError};
use lapwing_core::kernel::StationState;
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeMap;

/// A peer, or one link of it, with all that the driver measures of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StationFigures {
    /// The AP, or the AP MLD; of a link the AP's address on it.
    pub address: MacAddr,
    /// Whether its port is open; a link has none.
    pub authorized: bool,
    /// How long it has been connected, in s.
    pub connected_s: Option<u32>,
    /// How long it was not heard, in ms.
    pub inactive_ms: Option<u32>,
    /// The signal of the last frame in dBm.
    pub signal_dbm: Option<i8>,
    /// The average signal in dBm.
    pub average_signal_dbm: Option<i8>,
    /// The average signal of beacons in dBm.
    pub beacon_signal_dbm: Option<i8>,
    /// The rate of what was last received.
    pub receive: Option<Rate>,
    /// The rate of what was last sent.
    pub transmit: Option<Rate>,
    /// The throughput to expect, in kbit/s.
    pub expected_kbps: Option<u32>,
    /// How many frames had to be sent again.
    pub retries: Option<u32>,
    /// How many frames were given up.
    pub failures: Option<u32>,
    /// How often beacons stopped coming.
    pub beacon_losses: Option<u32>,
    /// How many octets came.
    pub received_octets: Option<u64>,
    /// How many octets went.
    pub sent_octets: Option<u64>,
    /// The figures of each link, where the kernel tells them. Linux 6.12 and 7.2 tell one set for all.
    pub links: BTreeMap<LinkId, Self>,
}

/// A rate and how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// In units of 100 kbit/s, if the kernel can say it so.
    pub bitrate: Option<u32>,
    /// The modulation.
    pub modulation: Modulation,
    /// The width of the channel in MHz; twice 80 MHz are 160.
    pub width_mhz: u16,
    /// The guard interval in ns, where there is a choice of them.
    pub guard_interval_ns: Option<u16>,
}

/// The modulation of a rate, by the generation that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modulation {
    /// 802.11a, b or g.
    Legacy,
    /// 802.11n.
    Ht {
        /// The index, which counts the streams too.
        mcs: u8,
    },
    /// 802.11ac.
    Vht {
        /// The index.
        mcs: u8,
        /// The spatial streams.
        streams: Option<u8>,
    },
    /// 802.11ax.
    He {
        /// The index.
        mcs: u8,
        /// The spatial streams.
        streams: Option<u8>,
        /// Whether each bit goes over two carriers.
        dual_carrier: bool,
        /// The part of the channel (`enum nl80211_he_ru_alloc`), if not all of it.
        resource_unit: Option<u8>,
    },
    /// 802.11be.
    Eht {
        /// The index.
        mcs: u8,
        /// The spatial streams.
        streams: Option<u8>,
        /// The part of the channel (`enum nl80211_eht_ru_alloc`), if not all of it.
        resource_unit: Option<u8>,
    },
}

impl Modulation {
    /// The name of the standard's part.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "802.11a/b/g",
            Self::Ht { .. } => "802.11n",
            Self::Vht { .. } => "802.11ac",
            Self::He { .. } => "802.11ax",
            Self::Eht { .. } => "802.11be",
        }
    }

    /// The index of modulation and coding.
    #[must_use]
    pub const fn mcs(self) -> Option<u8> {
        match self {
            Self::Legacy => None,
            Self::Ht { mcs } | Self::Vht { mcs, .. } | Self::He { mcs, .. } | Self::Eht { mcs, .. } => {
                Some(mcs)
            }
        }
    }

    /// The spatial streams.
    #[must_use]
    pub const fn streams(self) -> Option<u8> {
        match self {
            // Eight indices for each number of streams (802.11-2020 19.5); those above mix modulations.
            Self::Ht { mcs: mcs @ 0..32 } => Some(mcs / 8 + 1),
            Self::Legacy | Self::Ht { .. } => None,
            Self::Vht { streams, .. } | Self::He { streams, .. } | Self::Eht { streams, .. } => streams,
        }
    }
}

impl StationFigures {
    /// Decodes a message of the `GET_STATION` dump, from the generic netlink header on.
    ///
    /// # Errors
    /// The first attribute that does not decode.
    pub fn decode(message: &[u8]) -> Result<Self, DecodeError> {
        Self::from_attributes(super::attributes("NEW_STATION", message)?)
    }

    pub(super) fn from_attributes(attributes: Attributes<'_>) -> Result<Self, DecodeError> {
        let mut figures = Self::default();
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.kind {
                attr::MAC => figures.address = attribute.mac()?,
                attr::MLO_LINKS => {
                    for link in attribute.nested("links of a station") {
                        let (id, link) = Self::of_link(link?)?;
                        figures.links.extend(id.map(|id| (id, link)));
                    }
                }
                attr::STA_INFO => figures.take_all(attribute)?,
                _ => {}
            }
        }
        Ok(figures)
    }

    /// The figures of one link, with its number if it has one.
    fn of_link(link: Attribute<'_>) -> Result<(Option<LinkId>, Self), DecodeError> {
        let (mut id, mut figures) = (None, Self::default());
        for field in link.nested("link of a station") {
            let field = field?;
            match field.kind {
                attr::MLO_LINK_ID => id = Some(link_id(&field)?),
                attr::MAC => figures.address = field.mac()?,
                attr::STA_INFO => figures.take_all(field)?,
                _ => {}
            }
        }
        Ok((id, figures))
    }

    fn take_all(&mut self, fields: Attribute<'_>) -> Result<(), DecodeError> {
        fields.nested("station").try_for_each(|field| self.take(field?))
    }

    fn take(&mut self, field: Attribute<'_>) -> Result<(), DecodeError> {
        let (number, signal) = match field.kind {
            sta::RX_BITRATE => {
                self.receive = Some(Rate::decode(field)?);
                return Ok(());
            }
            sta::TX_BITRATE => {
                self.transmit = Some(Rate::decode(field)?);
                return Ok(());
            }
            sta::STA_FLAGS => {
                let [a, b, c, d, set @ ..] = field.array::<8>()?;
                let flags = u32::from_ne_bytes([a, b, c, d]) & u32::from_ne_bytes(set);
                self.authorized = flags & (1 << sta_flag::AUTHORIZED) != 0;
                return Ok(());
            }
            sta::RX_BYTES64 => {
                self.received_octets = Some(field.u64()?);
                return Ok(());
            }
            sta::TX_BYTES64 => {
                self.sent_octets = Some(field.u64()?);
                return Ok(());
            }
            sta::INACTIVE_TIME => (Some(&mut self.inactive_ms), None),
            sta::CONNECTED_TIME => (Some(&mut self.connected_s), None),
            sta::EXPECTED_THROUGHPUT => (Some(&mut self.expected_kbps), None),
            sta::TX_RETRIES => (Some(&mut self.retries), None),
            sta::TX_FAILED => (Some(&mut self.failures), None),
            sta::BEACON_LOSS => (Some(&mut self.beacon_losses), None),
            sta::SIGNAL => (None, Some(&mut self.signal_dbm)),
            sta::SIGNAL_AVG => (None, Some(&mut self.average_signal_dbm)),
            sta::BEACON_SIGNAL_AVG => (None, Some(&mut self.beacon_signal_dbm)),
            _ => (None, None),
        };
        if let Some(number) = number {
            *number = Some(field.u32()?);
        }
        if let Some(signal) = signal {
            *signal = Some(field.i8()?);
        }
        Ok(())
    }

    /// What a station needs to know of it.
    #[must_use]
    pub fn state(&self) -> StationState {
        StationState {
            address: self.address,
            authorized: self.authorized,
            signal_dbm: self.signal_dbm,
            transmit_rate: self.transmit.and_then(|rate| rate.bitrate),
            inactive_ms: self.inactive_ms,
            links: self.links.keys().copied().collect(),
        }
    }
}

impl Rate {
    fn decode(attribute: Attribute<'_>) -> Result<Self, DecodeError> {
        let (mut bitrate, mut bitrate32, mut width, mut short) = (None, None, 20, false);
        let (mut ht, mut vht, mut he, mut eht) = (None, None, None, None);
        let (mut vht_streams, mut he_streams, mut eht_streams) = (None, None, None);
        let (mut interval, mut dual_carrier, mut he_unit, mut eht_unit) = (None, false, None, None);
        for field in attribute.nested("rate") {
            let field = field?;
            let number = match field.kind {
                rate::BITRATE => {
                    bitrate = Some(u32::from(field.u16()?));
                    continue;
                }
                rate::BITRATE32 => {
                    bitrate32 = Some(field.u32()?);
                    continue;
                }
                rate::SHORT_GI => {
                    short = true;
                    continue;
                }
                rate::HE_DCM => {
                    dual_carrier = field.u8()? != 0;
                    continue;
                }
                other => match mhz(other) {
                    Some(mhz) => {
                        width = mhz;
                        continue;
                    }
                    None => match other {
                        rate::MCS => &mut ht,
                        rate::VHT_MCS => &mut vht,
                        rate::VHT_NSS => &mut vht_streams,
                        rate::HE_MCS => &mut he,
                        rate::HE_NSS => &mut he_streams,
                        rate::HE_RU_ALLOC => &mut he_unit,
                        rate::EHT_MCS => &mut eht,
                        rate::EHT_NSS => &mut eht_streams,
                        rate::EHT_RU_ALLOC => &mut eht_unit,
                        rate::HE_GI | rate::EHT_GI => &mut interval,
                        _ => continue,
                    },
                },
            };
            *number = Some(field.u8()?);
        }
        // The kernel names one generation; a newer one goes first.
        let modulation = if let Some(mcs) = eht {
            Modulation::Eht { mcs, streams: eht_streams, resource_unit: eht_unit }
        } else if let Some(mcs) = he {
            Modulation::He { mcs, streams: he_streams, dual_carrier, resource_unit: he_unit }
        } else if let Some(mcs) = vht {
            Modulation::Vht { mcs, streams: vht_streams }
        } else {
            ht.map_or(Modulation::Legacy, |mcs| Modulation::Ht { mcs })
        };
        let guard_interval_ns = match modulation {
            Modulation::Legacy => None,
            Modulation::Ht { .. } | Modulation::Vht { .. } => Some(if short { 400 } else { 800 }),
            Modulation::He { .. } | Modulation::Eht { .. } => match interval {
                Some(0) => Some(800),
                Some(1) => Some(1600),
                Some(2) => Some(3200),
                _ => None,
            },
        };
        Ok(Self { bitrate: bitrate32.or(bitrate), modulation, width_mhz: width, guard_interval_ns })
    }
}

/// The width that a flag stands for.
const fn mhz(flag: u16) -> Option<u16> {
    Some(match flag {
        rate_width::_5_MHZ_WIDTH => 5,
        rate_width::_10_MHZ_WIDTH => 10,
        rate_width::_40_MHZ_WIDTH => 40,
        rate_width::_80_MHZ_WIDTH => 80,
        rate_width::_80P80_MHZ_WIDTH | rate_width::_160_MHZ_WIDTH => 160,
        rate_width::_320_MHZ_WIDTH => 320,
        _ => return None,
    })
}
