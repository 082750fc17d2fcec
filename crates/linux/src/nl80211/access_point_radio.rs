//! What a radio can do as an access point, as the contents of elements.

use super::combinations::Combination;
use super::constants::{Command, feature, iftype};
use super::lengths::{self, EhtSender};
use super::wiphy::{BandCapabilities, Wiphy, WiphyBand};
use lapwing_core::kernel::Band;
use lapwing_core::radio::{self, AccessPointRadio};

/// Bands by nl80211's numbers.
const BANDS: [(u16, Band); 3] = [(0, Band::Band2), (1, Band::Band5), (3, Band::Band6)];

impl Wiphy {
    /// How many channels a station's links can be on at once. Each radio of a device with several has its own.
    pub(super) fn channels_at_once(&self) -> usize {
        let of = |combinations: &Vec<_>| Combination::channels_of(combinations, iftype::STATION);
        let alone = of(&self.combinations).unwrap_or(1);
        let together = self.radio_combinations.iter().filter_map(of).fold(0, usize::saturating_add);
        let bound = of(&self.device_combinations).unwrap_or(usize::MAX);
        alone.max(together.min(bound)).max(1)
    }

    /// What it can do as an access point, if its clients' authentications and associations are ours to answer.
    pub(super) fn access_point(&self) -> Option<AccessPointRadio> {
        let able = self.interface_types.contains(&iftype::AP) && self.commands.contains(&Command::START_AP);
        if !able || self.ap_sme {
            return None;
        }
        let bands = BANDS.into_iter().filter_map(|(number, name)| {
            let band = self.bands.get(&number)?;
            (!band.channels.is_empty()).then(|| (name, band.of_access_point(name)))
        });
        let capabilities = self.iftype_capabilities.get(&iftype::AP);
        Some(AccessPointRadio {
            bands: bands.collect(),
            full_client_state: self.features & feature::FULL_AP_CLIENT_STATE != 0,
            client_limit: self.client_limit,
            eml_capabilities: capabilities.and_then(|capabilities| capabilities.eml),
            mld_capabilities: capabilities.and_then(|capabilities| capabilities.mld),
        })
    }
}

impl WiphyBand {
    fn of_access_point(&self, band: Band) -> radio::BandCapabilities {
        let of_type = self.iftype_capabilities.values();
        let newer = of_type.clone().find(|capabilities| capabilities.interface_types.contains(&iftype::AP));
        let he = newer.and_then(BandCapabilities::he);
        // In units of 100 kbit/s there, of 500 kbit/s here.
        let rates = self.rates.iter().filter_map(|rate| u8::try_from(rate / 5).ok());
        radio::BandCapabilities {
            rates: rates.collect(),
            ht: self.ht_capabilities.zip(self.ht_mcs).map(|(information, mcs)| {
                let mut ht = [0; 26];
                let [low, high] = information.to_le_bytes();
                let said = [low, high, self.ht_ampdu].into_iter().chain(mcs);
                ht.iter_mut().zip(said).for_each(|(place, octet)| *place = octet);
                ht
            }),
            vht: self.vht_capabilities.zip(self.vht_mcs).map(|(information, mcs)| {
                let mut vht = [0; 12];
                let said = information.to_le_bytes().into_iter().chain(mcs);
                vht.iter_mut().zip(said).for_each(|(place, octet)| *place = octet);
                vht
            }),
            eht: newer.zip(he.as_deref()).and_then(|(newer, he)| newer.eht(he)),
            he,
            he_6ghz: newer
                .filter(|_| band == Band::Band6)
                .and_then(|newer| newer.he_6ghz.as_slice().try_into().ok()),
        }
    }
}

impl BandCapabilities {
    /// HE Capabilities. The kernel gives MCS and thresholds in their greatest lengths.
    fn he(&self) -> Option<Vec<u8>> {
        let mut he = [self.he_mac.as_slice(), &self.he_phy].concat();
        // The fixed part alone tells how much of the MCS there is.
        he.extend(self.he_mcs.get(..lengths::he_mcs(&he)?)?);
        he.extend_from_slice(&self.he_ppe);
        he.truncate(lengths::he(&he)?);
        Some(he)
    }

    /// EHT Capabilities.
    fn eht(&self, he: &[u8]) -> Option<Vec<u8>> {
        let mut eht = [self.eht_mac.as_slice(), &self.eht_phy, &self.eht_mcs, &self.eht_ppe].concat();
        eht.truncate(lengths::eht(he, &eht, EhtSender::Ap)?);
        Some(eht)
    }
}
