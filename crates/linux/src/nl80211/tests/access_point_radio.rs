//! What recorded radios can do as access points, and how many channels they can be on.

use super::super::constants::{attr, combination, limit, wiphy_radio};
use super::capabilities::answers;
use super::*;
use crate::netlink::Builder;
use lapwing_core::kernel::Band;
use lapwing_frames::element::{
    EhtCapabilities, Element, HeCapabilities, HtCapabilities, VhtCapabilities, eht::EhtSender,
};

#[test]
fn every_recorded_radio_can_be_an_access_point_in_three_bands() {
    for name in CAPTURES {
        for dump in answers(name, Command::GET_WIPHY) {
            for wiphy in Wiphy::decode_dump(dump.iter().map(Vec::as_slice)).unwrap().values() {
                let access_point = wiphy.radio().access_point.unwrap();
                assert!(access_point.full_client_state && access_point.client_limit.is_none());
                assert_eq!(access_point.mld_capabilities.is_some(), name.starts_with("mlo"), "{name}");
                assert_eq!(access_point.eml_capabilities.is_some(), name.starts_with("mlo"), "{name}");
                assert_eq!(access_point.bands.len(), 3);
                for (band, found) in &access_point.bands {
                    let (in_2ghz, in_6ghz) = (*band == Band::Band2, *band == Band::Band6);
                    assert_eq!(found.rates.len(), if in_2ghz { 12 } else { 8 });
                    assert_eq!(found.rates.last(), Some(&108), "54 Mb/s");
                    assert_eq!(found.ht.is_none(), in_6ghz);
                    if let Some(ht) = &found.ht {
                        assert_eq!(HtCapabilities::parse(ht).unwrap().receive_streams(), 2, "{name}");
                    }
                    assert_eq!(found.vht.is_some(), *band == Band::Band5);
                    if let Some(vht) = &found.vht {
                        assert!(VhtCapabilities::parse(vht).unwrap().supports_160_mhz());
                    }
                    let he = HeCapabilities::parse(found.he.as_ref().unwrap()).unwrap();
                    assert!(he.tail.is_empty(), "neither a width that is not there nor thresholds");
                    assert_eq!(he.mcs_160.is_some(), !in_2ghz);
                    assert_eq!(found.he_6ghz.is_some(), in_6ghz);
                    let octets = found.eht.as_ref().unwrap();
                    let eht = EhtCapabilities::parse(octets).unwrap();
                    assert_eq!(eht.supports_320_mhz(), in_6ghz);
                    eht.mcs(&he, EhtSender::Ap).unwrap();
                }
            }
        }
    }
}

#[test]
fn firmware_that_answers_clients_itself_is_no_access_point_of_ours() {
    let able = |iftypes: &[u16], commands: &[Command], ap_sme| {
        let wiphy = Wiphy {
            interface_types: iftypes.iter().copied().collect(),
            commands: commands.iter().copied().collect(),
            ap_sme,
            ..Wiphy::default()
        };
        wiphy.radio().access_point.is_some()
    };
    assert!(able(&[iftype::AP], &[Command::START_AP], false));
    assert!(!able(&[iftype::AP], &[Command::START_AP], true));
    assert!(!able(&[iftype::AP], &[], false));
    assert!(!able(&[iftype::STATION], &[Command::START_AP], false));
}

/// A combination of interfaces of one type with so many channels.
fn combinations(message: &mut Builder, kind: u16, iftype: u16, channels: u32) {
    message.list(kind, [()], |list, number, ()| {
        list.nest(number, |nest| {
            nest.list(combination::LIMITS, [()], |limits, number, ()| {
                limits.nest(number, |one| {
                    one.nest(limit::TYPES, |types| {
                        types.flag(iftype);
                    });
                });
            });
            nest.u32(combination::NUM_CHANNELS, channels);
        });
    });
}

fn channels(fill: impl FnOnce(&mut Builder)) -> usize {
    let mut message = Builder::generic(0x25, Command::NEW_WIPHY.0);
    message.u32(attr::WIPHY, 0);
    fill(&mut message);
    let message = message.finish().unwrap();
    Wiphy::decode_dump([message.payload()]).unwrap()[&0].radio().channels_at_once
}

#[test]
fn a_device_is_on_as_many_channels_as_its_radios_together() {
    assert_eq!(channels(|_| {}), 1, "it does not say");
    let alone =
        |message: &mut Builder| combinations(message, attr::INTERFACE_COMBINATIONS, iftype::STATION, 2);
    assert_eq!(channels(alone), 2);
    let of_ap = |message: &mut Builder| combinations(message, attr::INTERFACE_COMBINATIONS, iftype::AP, 4);
    assert_eq!(channels(of_ap), 1, "not as a station");
    let radios = |message: &mut Builder| {
        message.list(attr::WIPHY_RADIOS, [1, 2], |list, number, channels| {
            list.nest(number, |radio| {
                combinations(radio, wiphy_radio::INTERFACE_COMBINATION, iftype::STATION, channels);
            });
        });
    };
    assert_eq!(channels(radios), 3);
    let bounded = |message: &mut Builder| {
        radios(message);
        combinations(message, attr::WIPHY_INTERFACE_COMBINATIONS, iftype::STATION, 2);
    };
    assert_eq!(channels(bounded), 2);
}
