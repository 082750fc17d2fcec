//! Elements say what the radio can do on the channel that there is, and no more.

use crate::world::{World, bss, link, mld, single};
use lapwing_core::{
    ap::{Bss, Request, Setup, Structure},
    kernel::{Band, ChannelDefinition, ChannelWidth, Frequency},
    radio::{AccessPointRadio, BandCapabilities},
};
use lapwing_frames::{
    channel::Secondary,
    element::{
        AnyElement, Country, EhtCapabilities, EhtOperation, Element, ElementId, Elements, HeCapabilities,
        HeOperation, HtCapabilities, HtOperation, MultiLink, NonInheritance, VhtCapabilities, VhtOperation,
        WmmParameter,
        country::{CountryCode, CountryTriplet, CountryTriplets},
        eht::{EhtMcs, EhtSender},
        inheritance::inherit,
        multi_link::ProfileKind,
    },
    suite::Akm,
};
use std::collections::BTreeMap;

/// A radio that can do more than we know how to use.
fn proud() -> AccessPointRadio {
    let he = |widths: u8, sets: usize| {
        let mut he = [&[0xff; 6][..], &[widths], &[0xff; 10]].concat();
        he.extend([0xaa; 4].repeat(sets));
        // PPE thresholds.
        he.extend([0x7b, 0x1c]);
        he
    };
    let eht = |sets: &[[u8; 3]]| [&[0xff; 11][..], &sets.concat(), &[0x99]].concat();
    let mut ht = [0xff; 26];
    ht[3..19].fill(0x11);
    let wide = BandCapabilities {
        rates: vec![12, 18, 24, 36, 48, 72, 96, 108],
        ht: Some(ht),
        vht: Some([0xfb, 0xff, 0xff, 0xff, 0xaa, 0xaa, 1, 2, 0xaa, 0xaa, 3, 4]),
        he: Some(he(0x1c, 3)),
        he_6ghz: Some([0x12, 0x34]),
        eht: Some(eht(&[[0x44; 3], [0x33; 3], [0x22; 3]])),
    };
    let narrow = BandCapabilities {
        rates: vec![2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108],
        ht: Some(ht),
        vht: wide.vht,
        he: Some(he(0x02, 1)),
        he_6ghz: None,
        eht: Some(eht(&[[0x44; 3]])),
    };
    AccessPointRadio {
        bands: BTreeMap::from([(Band::Band2, narrow), (Band::Band5, wide.clone()), (Band::Band6, wide)]),
        client_limit: Some(1),
        eml_capabilities: Some(0xffff),
        mld_capabilities: Some(0xffe1),
        ..AccessPointRadio::UNKNOWN
    }
}

fn channel(primary: u32, width: ChannelWidth, center: u32) -> ChannelDefinition {
    ChannelDefinition { primary: Frequency(primary), width, center1: Frequency(center), center2: None }
}

/// The elements of a beacon of an AP MLD with one link, on this channel.
fn elements(radio: AccessPointRadio, channel: ChannelDefinition) -> Vec<u8> {
    let links = BTreeMap::from([(link(0), Bss { channel, ..bss(0, 0) })]);
    let setup =
        Setup { structure: Structure::Mld { address: crate::world::MLD, links }, radio, ..mld(&[Akm::Sae]) };
    let world = World::new(setup);
    let elements = world.beacons[&Some(link(0))].elements.clone();
    Elements::new(&elements).check().unwrap();
    for element in Elements::new(&elements).typed() {
        assert!(!matches!(element, AnyElement::Malformed { .. }), "{element}");
    }
    elements
}

fn find<E: Element>(elements: &[u8]) -> Option<E> {
    Elements::new(elements).find::<E>().unwrap()
}

#[test]
fn the_channel_is_told_in_the_terms_of_each_generation() {
    use ChannelWidth::{Mhz20, Mhz40, Mhz80, Mhz160, Mhz320};
    use Secondary::{Above, Below};
    for (channel, secondary, vht, six_ghz) in [
        (channel(2412, Mhz20, 2412), None, None, None),
        (channel(2462, Mhz40, 2452), Some(Below), None, None),
        (channel(5180, Mhz20, 5180), None, Some((0, 0, 0)), None),
        (channel(5200, Mhz40, 5190), Some(Below), Some((0, 0, 0)), None),
        (channel(5180, Mhz80, 5210), Some(Above), Some((1, 42, 0)), None),
        (channel(5260, Mhz160, 5250), Some(Above), Some((1, 58, 50)), None),
        (channel(5240, Mhz160, 5250), Some(Below), Some((1, 42, 50)), None),
        (channel(5955, Mhz20, 5955), None, None, Some((0, 1, 0))),
        (channel(5975, Mhz40, 5965), None, None, Some((1, 3, 0))),
        (channel(5995, Mhz80, 5985), None, None, Some((2, 7, 0))),
        (channel(6055, Mhz160, 6025), None, None, Some((3, 23, 15))),
        (channel(6055, Mhz320, 6105), None, None, Some((3, 23, 15))),
    ] {
        let elements = elements(proud(), channel);
        let ht = find::<HtOperation>(&elements);
        assert_eq!(ht.as_ref().and_then(HtOperation::secondary), secondary, "{channel:?}");
        assert_eq!(ht.is_some(), channel.primary.band() != Some(Band::Band6));
        let told = find::<VhtOperation>(&elements).map(|operation| operation.information);
        let told = told.map(|told| (told.width, told.center_segment_0, told.center_segment_1));
        assert_eq!(told, vht, "{channel:?}");
        let he = find::<HeOperation>(&elements).unwrap();
        let told = he.six_ghz.map(|told| (told.width_code(), told.center_segment_0, told.center_segment_1));
        assert_eq!(told, six_ghz, "{channel:?}");
        let eht = find::<EhtOperation>(&elements).unwrap().information;
        let told = eht.map(|told| (told.width_code(), told.center_segment_0, told.center_segment_1));
        assert_eq!(told, (channel.width == Mhz320).then_some((4, 15, 31)));
        assert!(find::<WmmParameter>(&elements).is_some());
    }
}

#[test]
fn two_segments_are_told_with_both_centers() {
    let channel = ChannelDefinition {
        center2: Some(Frequency(5775)),
        ..channel(5180, ChannelWidth::Mhz80Plus80, 5210)
    };
    let operation = find::<VhtOperation>(&elements(proud(), channel)).unwrap().information;
    assert_eq!((operation.width, operation.center_segment_0, operation.center_segment_1), (1, 42, 155));
}

#[test]
fn nothing_is_promised_that_the_channel_or_we_cannot_keep() {
    use ChannelWidth::{Mhz20, Mhz160, Mhz320};
    let narrow = elements(proud(), channel(5180, Mhz20, 5180));
    let ht = find::<HtCapabilities>(&narrow).unwrap();
    assert!(!ht.supports_40_mhz());
    assert_eq!((ht.information, ht.extended, ht.beamforming, ht.antenna_selection), (0x0bad, 0, 0, 0));
    let vht = find::<VhtCapabilities>(&narrow).unwrap();
    assert!(!vht.supports_160_mhz());
    assert_eq!(vht.information & 0x0018_1800, 0, "no beamforming");
    let he = find::<HeCapabilities>(&narrow).unwrap();
    assert_eq!((he.phy[0], he.phy[3], he.phy[4]), (0x04, 0x7f, 0xfc));
    assert_eq!((he.mcs_160, he.mcs_80_plus_80), (None, None));
    assert_eq!(he.tail, [0x7b, 0x1c], "the thresholds stay");
    let eht = find::<EhtCapabilities>(&narrow).unwrap();
    assert_eq!((eht.mac[0], eht.phy[0], eht.phy[7]), (0xce, 0x9d, 0x8f));
    assert_eq!(eht.rest, [0x44, 0x44, 0x44, 0x99]);

    let wide = elements(proud(), channel(5180, Mhz160, 5250));
    assert!(find::<VhtCapabilities>(&wide).unwrap().supports_160_mhz());
    let he = find::<HeCapabilities>(&wide).unwrap();
    assert_eq!(he.phy[0], 0x0c);
    let eht = find::<EhtCapabilities>(&wide).unwrap();
    let mcs = EhtMcs::Wider { mhz_80: Some([0x44; 3]), mhz_160: Some([0x33; 3]), mhz_320: None };
    assert_eq!(eht.mcs(&he, EhtSender::Ap), Ok(mcs));

    let widest = elements(proud(), channel(6055, Mhz320, 6105));
    let he = find::<HeCapabilities>(&widest).unwrap();
    let eht = find::<EhtCapabilities>(&widest).unwrap();
    assert!(eht.supports_320_mhz());
    let mcs = EhtMcs::Wider { mhz_80: Some([0x44; 3]), mhz_160: Some([0x33; 3]), mhz_320: Some([0x22; 3]) };
    assert_eq!(eht.mcs(&he, EhtSender::Ap), Ok(mcs));
    assert!(find::<HtCapabilities>(&widest).is_none() && find::<VhtCapabilities>(&widest).is_none());
    // 802.11ac in 2.4 GHz is no standard.
    let elements = elements(proud(), channel(2412, Mhz20, 2412));
    assert!(find::<VhtCapabilities>(&elements).is_none());
}

#[test]
fn a_radio_of_which_nothing_is_known_says_its_rates() {
    let setup = Setup { radio: AccessPointRadio::UNKNOWN, ..single(&[Akm::Psk]) };
    let elements = World::new(setup).beacons[&None].elements.clone();
    let rates = Elements::new(&elements).iter().find(|element| element.id == ElementId::Plain(1)).unwrap();
    assert_eq!(*rates.body, [0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c]);
    assert!(find::<HtCapabilities>(&elements).is_none() && find::<HeCapabilities>(&elements).is_none());
    // One that says nonsense is not believed.
    let mut radio = proud();
    let band = radio.bands.get_mut(&Band::Band5).unwrap();
    (band.he, band.eht, band.rates) = (Some(vec![1, 2, 3]), Some(vec![]), vec![0xff; 300]);
    let elements = World::new(Setup { radio, ..single(&[Akm::Psk]) }).beacons[&None].elements.clone();
    assert!(find::<HeCapabilities>(&elements).is_none() && find::<EhtCapabilities>(&elements).is_none());
}

#[test]
fn the_capabilities_of_the_device_are_those_of_radio_and_links() {
    let setup = Setup { radio: proud(), ..mld(&[Akm::Sae]) };
    assert_eq!(setup.capacity(), 1);
    let world = World::new(setup);
    let elements = &world.beacons[&Some(link(1))].elements;
    let element = find::<MultiLink>(elements).unwrap();
    let common = &element.basic().unwrap().common;
    assert_eq!(common.eml_capabilities.unwrap().0, 0xff81);
    // Three links, of which the radio uses two at once; no mapping; links can be reconfigured.
    assert_eq!(common.mld_capabilities.unwrap().0, 0x2001);
}

#[test]
fn a_profile_comes_to_what_the_link_says_whatever_the_bands_differ_in() {
    let country = |code, first_channel| Country {
        code: CountryCode(code),
        channels: CountryTriplets {
            triplets: vec![CountryTriplet::Subband { first_channel, channels: 4, maximum_power: 20 }],
            padding: vec![],
        },
    };
    let country = BTreeMap::from([(Band::Band2, country(*b"DE ", 1)), (Band::Band5, country(*b"DE ", 36))]);
    for radio in [proud(), AccessPointRadio::simulated()] {
        let setup = Setup {
            radio: AccessPointRadio { client_limit: None, ..radio },
            country: country.clone(),
            ..mld(&[Akm::Sae])
        };
        let mut world = World::new(setup);
        for (on, heard) in world.beacons.clone() {
            let mut client = crate::client::Client::new(1, world.known(), Some(Akm::Sae)).with_links();
            client.on = on;
            world.requests.clear();
            assert_eq!(world.join(&mut client).last(), Some(&crate::client::Outcome::Secured));
            let response = response(&world.requests);
            let element = find::<MultiLink>(&response).unwrap();
            for (id, profile) in element.basic().unwrap().profiles_by_link().unwrap() {
                let complete = profile.complete_profile(ProfileKind::AssociationResponse).unwrap();
                let inherited = inherit(Elements::new(&response), complete.elements).unwrap();
                let has =
                    |wanted: u8| Elements::new(&inherited).iter().any(|e| e.id == ElementId::Plain(wanted));
                assert_eq!(has(191), id == link(1), "VHT is of 5 GHz alone");
                assert_eq!(has(45), id != link(2), "there is no HT in 6 GHz");
                assert_eq!((has(3), has(50)), (id == link(0), id == link(0)), "DSSS and more rates");
                let exceptions = complete.elements.find::<NonInheritance>().unwrap();
                assert_eq!(
                    complete.elements.iter().last().unwrap().id == NonInheritance::ID,
                    exceptions.is_some()
                );
                // What the link's own beacon has of its radio is there to the octet.
                for own in Elements::new(&world.beacons[&Some(id)].elements) {
                    let of_radio = [1, 3, 42, 45, 50, 61, 127, 191, 192].map(ElementId::Plain);
                    let of_radio =
                        of_radio.into_iter().chain([35, 36, 59, 106, 108].map(ElementId::Extended));
                    if of_radio.into_iter().any(|of_radio| of_radio == own.id) {
                        assert!(Elements::new(&inherited).iter().any(|e| e.octets == own.octets), "{own:?}");
                    }
                }
            }
            assert!(heard.elements.len() > 100);
            world.order(lapwing_core::ap::Order::ThrowOut(
                lapwing_frames::management::ReasonCode::Unspecified,
            ));
        }
    }
}

/// The elements of the last association response.
fn response(requests: &[Request]) -> Vec<u8> {
    let frames = requests.iter().filter_map(|request| match request {
        Request::SendFrame { bytes, .. } => {
            lapwing_frames::management::Management::parse_decrypted(bytes).ok()
        }
        _ => None,
    });
    let mut responses = frames.filter_map(|frame| match frame.body {
        lapwing_frames::management::Body::AssociationResponse(response) => Some(response.elements),
        _ => None,
    });
    responses.next_back().unwrap()
}

#[test]
fn isolation_is_asked_of_every_bss_either_way() {
    for isolate_clients in [true, false] {
        let world = World::new(Setup { isolate_clients, ..mld(&[Akm::Sae]) });
        let asked = world.requests.iter().filter(
            |request| matches!(request, Request::IsolateClients { isolate, .. } if *isolate == isolate_clients),
        );
        assert_eq!(asked.count(), 3);
    }
}
