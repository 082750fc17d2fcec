//! What an access point says of itself can be read back, and says the same everywhere.

use crate::world::{MLD, World, bss, link, mld, single, ssid};
use lapwing_core::ap::{Event, Request, Setup};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        AnyElement, Element, ElementId, Elements, MultiLink, OweTransition, ReducedNeighborReport, Rsn,
        inheritance::inherit,
        multi_link::{self, PerStaProbe, ProbeRequestCommon, ProfileKind, Subelement},
        rnr::short_ssid,
        write_raw,
    },
    management::{Beacon, Body, Header, Management, ProbeRequest},
    suite::Akm,
};

/// The octets of hexadecimal digits.
fn octets(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_element_is_one_that_its_type_reads() {
    for setup in [single(&[]), single(&[Akm::Psk, Akm::Sae]), mld(&[Akm::Sae]), mld(&[Akm::Owe])] {
        let world = World::new(setup);
        for heard in world.beacons.values() {
            let elements = Elements::new(&heard.elements);
            elements.check().unwrap();
            for element in elements.typed() {
                assert!(!matches!(element, AnyElement::Malformed { .. }), "{element}");
            }
        }
    }
}

#[test]
fn links_and_security_of_an_ap_mld_have_these_octets() {
    let world = World::new(mld(&[Akm::Sae]));
    let elements = &world.beacons[&Some(link(1))].elements;
    let multi_link = Elements::new(elements).find_raw::<MultiLink>().unwrap();
    assert_eq!(multi_link.octets, octets("ff10 6b b001 0d 02000000a0ff 01 00 0000 0220"));
    let report = Elements::new(elements).find_raw::<ReducedNeighborReport>().unwrap();
    let crc: String = short_ssid(&ssid()).to_le_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let neighbors = format!(
        "c928 0010 5101 ff 02000000a000 {crc} 42 7f 000000
              0010 8301 ff 02000000a002 {crc} 42 7f 000200"
    );
    assert_eq!(report.octets, octets(&neighbors));
    let rsn = Elements::new(elements).find_raw::<Rsn>().unwrap();
    assert_eq!(rsn.octets, octets("301a 0100 000fac04 0100 000fac04 0100 000fac08 c000 0000 000fac06"));
}

#[test]
fn the_links_in_beacons_are_those_that_there_are() {
    let world = World::new(mld(&[Akm::Sae]));
    for (id, heard) in &world.beacons {
        let elements = Elements::new(&heard.elements);
        let element = elements.find::<MultiLink>().unwrap().unwrap();
        let common = &element.basic().unwrap().common;
        assert_eq!((common.mld_address, common.link_id.unwrap().link()), (MLD, *id));
        assert!(common.mld_capabilities.unwrap().link_reconfiguration());
        let report = elements.find::<ReducedNeighborReport>().unwrap().unwrap();
        let mut told: Vec<_> = report
            .neighbors
            .iter()
            .flat_map(|neighbor| {
                let channel = neighbor.channel().unwrap().frequency();
                neighbor.targets.iter().map(move |target| (target.mld.unwrap().link(), target.bssid, channel))
            })
            .collect();
        told.push((*id, Some(heard.bssid), world.setup.structure.bss(*id).unwrap().channel.primary.0));
        told.sort();
        let all = world.setup.structure.iter();
        let all: Vec<_> = all.map(|(id, bss)| (id, Some(bss.bssid), bss.channel.primary.0)).collect();
        assert_eq!(told, all);
    }
}

fn probe(world: &mut World, on: u8, ssid: &[u8], asked: Option<multi_link::ProbeRequest>) -> Option<Beacon> {
    let mut elements = vec![];
    write_raw(ElementId::Plain(0), ssid, &mut elements);
    if let Some(asked) = asked {
        MultiLink::ProbeRequest(asked).write(&mut elements);
    }
    let from = MacAddr([2, 4, 4, 4, 4, 4]);
    let header = Header::new(MacAddr::BROADCAST, from, MacAddr::BROADCAST);
    let mut bytes = vec![];
    Management { header, body: Body::ProbeRequest(ProbeRequest { elements }) }.write(&mut bytes);
    let link = world.setup.structure.mld_address().map(|_| link(on));
    match &world.turn(Event::Frame { link, bytes: &bytes, protected: false })[..] {
        [] => None,
        [Request::SendFrame { bytes, .. }] => {
            let frame = Management::parse(bytes).unwrap();
            assert_eq!(frame.header, Header::new(from, bss(on, 0).bssid, bss(on, 0).bssid));
            let Body::ProbeResponse(response) = frame.body else { panic!() };
            Some(response)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_probe_is_answered_if_it_is_for_us() {
    let mut world = World::new(single(&[Akm::Psk]));
    let response = probe(&mut world, 0, b"net", None).unwrap();
    assert_eq!(response.elements, world.beacons[&None].elements);
    assert!(probe(&mut world, 0, b"", None).is_some());
    assert!(probe(&mut world, 0, b"other", None).is_none());
    let mut world = World::new(Setup { hidden: true, ..single(&[Akm::Psk]) });
    assert!(probe(&mut world, 0, b"", None).is_none());
    let response = probe(&mut world, 0, b"net", None).unwrap();
    assert_eq!(response.elements().find::<Ssid>(), Ok(Some(ssid())));
    assert_eq!(Elements::new(&world.beacons[&None].elements).find::<Ssid>(), Ok(Some(Ssid::default())));
}

#[test]
fn a_multi_link_probe_brings_the_profiles_that_it_asks_for() {
    let mut world = World::new(mld(&[Akm::Sae]));
    let asked = |numbers: &[u8], mld_address| multi_link::ProbeRequest {
        common: ProbeRequestCommon { mld_address, ..ProbeRequestCommon::default() },
        links: numbers
            .iter()
            .map(|number| {
                Subelement::PerSta(PerStaProbe {
                    number: *number,
                    complete: true,
                    reserved: 0,
                    profile: vec![],
                })
            })
            .collect(),
        reserved: 0,
    };
    for (numbers, expected) in [(&[][..], &[0, 2][..]), (&[2], &[2]), (&[1], &[])] {
        let response = probe(&mut world, 1, b"net", Some(asked(numbers, None))).unwrap();
        let element = response.elements().find::<MultiLink>().unwrap().unwrap();
        let profiles = element.basic().unwrap().profiles_by_link().unwrap();
        assert_eq!(profiles.keys().map(|id| id.get()).collect::<Vec<_>>(), expected);
        for (id, profile) in profiles {
            // What it comes to is what the beacon of that link says, but for what belongs to a frame.
            let complete = profile.complete_profile(ProfileKind::Other).unwrap();
            let inherited = inherit(response.elements(), complete.elements).unwrap();
            let own = &world.beacons[&Some(id)].elements;
            for element in Elements::new(own) {
                let of_the_frame = [ElementId::Plain(201), ElementId::Extended(107)].contains(&element.id);
                let there = Elements::new(&inherited).iter().any(|other| other.octets == element.octets);
                assert!(there != of_the_frame, "{element:?}");
            }
            let count = Elements::new(own).iter().count() - 2;
            assert_eq!(Elements::new(&inherited).iter().count(), count, "and nothing else");
        }
    }
    let other = Some(MacAddr([2, 3, 3, 3, 3, 3]));
    assert!(probe(&mut world, 1, b"net", Some(asked(&[], other))).is_none());
    assert!(probe(&mut world, 1, b"net", Some(asked(&[], Some(MLD)))).is_some());
}

#[test]
fn the_open_bss_of_an_owe_transition_names_the_other() {
    let twin = (MacAddr([2, 0, 0, 0, 0xa0, 9]), Ssid::new(b"net-owe").unwrap());
    let world = World::new(Setup { owe_twin: Some(twin.clone()), ..single(&[]) });
    let element = Elements::new(&world.beacons[&None].elements).find::<OweTransition>().unwrap().unwrap();
    assert_eq!((element.bssid, element.ssid), twin);
}
