//! What to scan: the channels where a network is known to be come first.

use crate::{
    kernel::{Band, Frequency, ScanRequest},
    network::Network,
    radio::Radio,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use lapwing_frames::Ssid;

/// How widely to scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Only the channels on which the networks were heard before.
    Known,
    /// Every channel.
    All,
}

/// The known channels of one scan: more of them are hardly faster than all.
const MAX_KNOWN: usize = 12;

/// The scan request of a stage for these networks; nothing if the stage has no channels.
///
/// `ours` allows what must not be done while connected: a random source address.
#[must_use]
pub fn request(
    stage: Stage,
    networks: &[Network],
    radio: &Radio,
    random_address: bool,
) -> Option<ScanRequest> {
    let usable = |frequency: Frequency| {
        radio.channels.iter().any(|channel| channel.frequency == frequency && !channel.disabled)
    };
    let frequencies = match stage {
        Stage::All => Vec::new(),
        Stage::Known => {
            let mut seen = BTreeSet::new();
            let known =
                networks.iter().flat_map(|network| &network.known_frequencies).copied().map(Frequency);
            let known: Vec<_> = known
                .filter(|&frequency| usable(frequency) && seen.insert(frequency))
                .take(MAX_KNOWN)
                .collect();
            if known.is_empty() {
                return None;
            }
            known
        }
    };
    // The wildcard first: every AP that announces its name answers it.
    let mut ssids = vec![Ssid::default()];
    let hidden = networks.iter().filter(|network| network.hidden).map(|network| network.ssid.clone());
    ssids.extend(hidden.take(radio.max_scan_ssids.saturating_sub(1)));
    let has_6ghz = radio.channels.iter().any(|channel| channel.frequency.band() == Some(Band::Band6));
    Some(ScanRequest {
        colocated_6ghz: has_6ghz && frequencies.is_empty(),
        frequencies,
        ssids,
        flush: false,
        random_address: random_address && radio.random_scan_address,
        elements: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::Credentials,
        radio::{Channel, RadioKind},
    };

    fn network(name: &[u8], hidden: bool, known: &[u32]) -> Network {
        Network {
            hidden,
            known_frequencies: known.to_vec(),
            ..Network::new(Ssid::new(name).unwrap(), Credentials::Open)
        }
    }

    fn radio(frequencies: &[u32]) -> Radio {
        let channel = |&frequency| Channel {
            frequency: Frequency(frequency),
            disabled: frequency == 5500,
            no_initiating_radiation: false,
            radar: false,
        };
        Radio {
            kind: RadioKind::SoftMac,
            ciphers: vec![],
            akms: None,
            channels: frequencies.iter().map(channel).collect(),
            max_scan_ssids: 3,
            max_scan_elements: 500,
            sae: true,
            control_port: true,
            beacon_protection: true,
            extended_key_id: false,
            can_replace_pairwise_key: true,
            operating_channel_validation: false,
            multi_link: false,
            random_scan_address: true,
            spp_amsdu: false,
            extended_capabilities: vec![],
        }
    }

    #[test]
    fn known_channels_first_and_only_usable_ones() {
        let networks = [network(b"a", false, &[2412, 5500, 5180]), network(b"b", true, &[2412, 9999])];
        let radio = radio(&[2412, 5180, 5500]);
        let known = request(Stage::Known, &networks, &radio, true).unwrap();
        assert_eq!(known.frequencies, [Frequency(2412), Frequency(5180)]);
        assert_eq!(known.ssids, [Ssid::default(), Ssid::new(b"b").unwrap()]);
        assert!(known.random_address && !known.colocated_6ghz);
        assert!(request(Stage::Known, &[network(b"a", false, &[5500])], &radio, true).is_none());
    }

    #[test]
    fn all_channels_with_as_many_hidden_names_as_fit() {
        let networks: Vec<_> = (0..9).map(|number| network(&[number], true, &[])).collect();
        let all = request(Stage::All, &networks, &radio(&[2412, 5955]), false).unwrap();
        assert!(all.frequencies.is_empty() && all.colocated_6ghz && !all.random_address);
        assert_eq!(all.ssids.len(), 3);
    }
}
