//! Multi-link operation on two kernels: what they said to wpa_supplicant, field by field, and its requests beside ours.

use super::requests::{OVERRIDES, assert_same, find, sent, station, tree};
use super::*;
use crate::netlink::Attributes;
use crate::nl80211::constants::attr;
use lapwing_core::kernel::{
    self, AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, AuthenticateRequest,
    ChannelWidth, Connection, Frequency, KernelEvent,
};
use lapwing_frames::element::{Element, Elements, MultiLink, Rsn};
use lapwing_frames::management::{AuthenticationAlgorithm, ReasonCode, StatusCode};
use lapwing_frames::suite::{Akm, Cipher};
use lapwing_frames::{LinkId, MacAddr, Ssid};

const MLD: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const OWN: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const STATION: u32 = 3;

/// The links of the AP MLD on the machine of a capture: 2.4 and 5 GHz on 6.12, two channels of 2.4 GHz on 7.2.
fn links(name: &str) -> [(LinkId, MacAddr, Frequency); 2] {
    let [first, second] = if name.ends_with("kernel6") {
        [("02:00:00:2e:a5:94", 2412), ("02:00:00:d2:b7:2c", 5180)]
    } else {
        [("02:00:00:79:4c:15", 2412), ("02:00:00:ff:39:fc", 2437)]
    };
    let link = |number, (bssid, frequency): (&str, u32)| {
        (LinkId::new(number).unwrap(), bssid.parse().unwrap(), Frequency(frequency))
    };
    [link(0, first), link(1, second)]
}

/// The events of the station's interface, each once.
fn heard(name: &str) -> Vec<KernelEvent> {
    let mut messages: Vec<_> = recorded(name)
        .into_iter()
        .filter(|message| message.header.sequence == 0 && !message.is_request())
        .map(|message| message.payload)
        .collect();
    messages.dedup();
    let events = messages.iter().map(|message| Event::decode(message).unwrap());
    let of_station = events.filter(|event| event.origin.ifindex == Some(STATION));
    of_station
        .filter_map(|event| match event.kind {
            EventKind::Station(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// The answers of one kind about the station's interface, in their order.
fn read(name: &str, wanted: Command) -> Vec<Vec<u8>> {
    let answers = recorded(name).into_iter().filter(|message| message.header.sequence != 0);
    let answers = answers.filter(|message| !message.is_request() && command(&message.payload) == Ok(wanted));
    let of_station = answers.map(|message| message.payload).filter(|payload| {
        let ifindex = Attributes::new("answer", &payload[4..]).find(attr::IFINDEX);
        ifindex.and_then(|ifindex| ifindex.u32().ok()) == Some(STATION)
    });
    of_station.collect()
}

fn connections(name: &str) -> Vec<Connection> {
    let connections = heard(name).into_iter().filter_map(|event| match event {
        KernelEvent::Connected(connection) => Some(connection),
        _ => None,
    });
    connections.collect()
}

#[test]
fn the_word_of_a_connection_names_each_link_with_both_addresses_and_a_status() {
    for (name, expected) in [
        ("mlo-kernel6", 2),
        ("mlo-kernel7", 2),
        ("mlo-pmksa-kernel6", 2),
        ("mlo-pmksa-kernel7", 2),
        ("mlo-reassociate-kernel6", 1),
    ] {
        let [connection] = &connections(name)[..] else { panic!("{name}") };
        assert_eq!(
            (connection.peer, connection.status, connection.timed_out),
            (MLD, StatusCode::Success, false)
        );
        assert_eq!(connection.links.len(), expected, "{name}");
        let interfaces = read(name, Command::NEW_INTERFACE);
        let mut interface = interfaces.iter().map(|message| InterfaceInfo::decode(message).unwrap().state);
        let interface = interface.rfind(|state| !state.links.is_empty()).unwrap();
        assert_eq!((interface.address, interface.links.len()), (OWN, expected));
        // The AP has no Country element, so that cfg80211 never looks for the name.
        assert_eq!((interface.ssid, interface.channel), (None, None));
        for ((link, held), (id, bssid, frequency)) in
            connection.links.iter().zip(&interface.links).zip(links(name))
        {
            assert_eq!((link.id, link.bssid, link.status), (id, bssid, StatusCode::Success));
            assert!(link.address != OWN && link.address != bssid && !link.address.is_group());
            assert_eq!((held.id, held.address), (id, link.address));
            // The kernel says the channel of a link that it has active; of the other one not at once.
            if let Some(channel) = held.channel {
                assert_eq!((channel.primary, channel.width), (frequency, ChannelWidth::Mhz20));
            }
        }
        assert!(interface.links.iter().any(|link| link.channel.is_some()));
        // What message 2 must repeat, and what the AP said of its links.
        let asked = Elements::new(&connection.request_elements).find::<Rsn>().unwrap().unwrap();
        assert_eq!(asked.pmkids().len(), usize::from(!name.starts_with("mlo-kernel")), "{name}");
        let answered = Elements::new(&connection.response_elements);
        let multi_link = answered.iter().find(|element| element.id == MultiLink::ID).unwrap();
        let MultiLink::Basic(basic) = MultiLink::parse(&multi_link.body).unwrap() else { panic!("{name}") };
        assert_eq!((basic.common.mld_address, basic.profiles().count()), (MLD, expected - 1), "{name}");
    }
    // Three authentications in vain: the AP answers the address of before.
    assert_eq!(connections("mlo-reassociate-kernel7"), []);
}

#[test]
fn an_end_is_told_by_the_frame_and_then_the_word_with_addresses_of_mlds() {
    for (name, reason) in [
        ("mlo-pmksa-kernel6", ReasonCode::LeavingDeauthenticated),
        ("mlo-pmksa-kernel7", ReasonCode::LeavingDeauthenticated),
        // Nobody said goodbye: the kernel gave the connection up by itself for the new authentication.
        ("mlo-reassociate-kernel6", ReasonCode::Unspecified),
        ("mlo-reassociate-kernel7", ReasonCode::Unspecified),
    ] {
        let events = heard(name);
        let place = events.iter().position(|event| matches!(event, KernelEvent::Deauthentication { .. }));
        let [KernelEvent::Deauthentication { frame }, end, ..] = &events[place.unwrap()..] else {
            panic!("{name}")
        };
        assert_eq!(*end, KernelEvent::Disconnected { reason, by_ap: false }, "{name}");
        assert_eq!((&frame[4..10], &frame[10..16], &frame[16..22]), (&MLD.0[..], &OWN.0[..], &MLD.0[..]));
        assert_eq!(frame[24..], reason.0.to_le_bytes());
        let said = events.iter().filter(|event| matches!(event, KernelEvent::Disconnected { .. })).count();
        assert_eq!(said, 1, "{name}");
    }
}

#[test]
fn a_removed_link_is_named_and_gone_from_the_interface() {
    for name in ["mlo-link-removal-kernel6", "mlo-link-removal-kernel7"] {
        let removed = KernelEvent::LinksRemoved { links: vec![LinkId::new(1).unwrap()] };
        assert_eq!(heard(name).iter().filter(|event| **event == removed).count(), 1, "{name}");
        for message in read(name, Command::NEW_INTERFACE) {
            let state = InterfaceInfo::decode(&message).unwrap().state;
            let [link] = &state.links[..] else { panic!("{name}: {state:?}") };
            let (id, _, frequency) = links(name)[0];
            assert_eq!((link.id, link.channel.map(|channel| channel.primary)), (id, Some(frequency)));
            assert_eq!(state.ssid, None);
        }
    }
}

#[test]
fn the_table_says_which_bss_is_which_link_while_it_is_one() {
    for name in ["mlo-kernel6", "mlo-kernel7", "mlo-pmksa-kernel6", "mlo-pmksa-kernel7"] {
        let mut linked = 0;
        for message in read(name, Command::NEW_SCAN_RESULTS) {
            let BssEntry { entry, use_for, cannot_use_reasons, .. } =
                BssEntry::decode(&message).unwrap().unwrap();
            let (id, _, frequency) =
                links(name).into_iter().find(|(_, bssid, _)| *bssid == entry.bssid).unwrap();
            assert_eq!((entry.frequency, entry.beacon_interval), (frequency, 100));
            assert_eq!((use_for, cannot_use_reasons), (Some(3), 0), "as a BSS and as a link");
            assert_eq!(entry.associated, entry.mld.is_some());
            assert!(entry.mld.is_none_or(|mld| mld == (id, MLD)));
            linked += usize::from(entry.mld.is_some());
            let ssid = Elements::new(&entry.elements).iter().next().unwrap();
            assert_eq!(&*ssid.body, b"mlo");
        }
        assert!(linked >= 4, "{name}");
    }
    // After its removal a link is in the table for as long as any BSS that is not heard.
    for name in ["mlo-reassociate-kernel6", "mlo-reassociate-kernel7"] {
        let entries = read(name, Command::NEW_SCAN_RESULTS);
        let entries = entries.iter().map(|message| BssEntry::decode(message).unwrap().unwrap().entry);
        let [(_, first, _), (_, second, _)] = links(name);
        let (mut held, mut gone) = (0, 0);
        for entry in entries {
            assert!([first, second].contains(&entry.bssid));
            held += usize::from(entry.mld == Some((LinkId::new(0).unwrap(), MLD)));
            if entry.bssid == second {
                assert!(entry.mld.is_none() && entry.age.as_secs() >= 5);
                gone += 1;
            }
        }
        assert!(held > 0 && gone > 0, "{name}");
    }
}

/// The attribute of a request, as a number or an address.
fn number(message: &[u8], kind: u16) -> u32 {
    Attributes::new("request", &message[4..]).find(kind).unwrap().u32().unwrap()
}

fn address(message: &[u8], kind: u16) -> MacAddr {
    Attributes::new("request", &message[4..]).find(kind).unwrap().mac().unwrap()
}

fn link_of(message: &[u8]) -> LinkId {
    LinkId::new(Attributes::new("request", &message[4..]).find(attr::MLO_LINK_ID).unwrap().u8().unwrap())
        .unwrap()
}

const CAPTURED: [&str; 6] = [
    "mlo-kernel6",
    "mlo-kernel7",
    "mlo-pmksa-kernel6",
    "mlo-pmksa-kernel7",
    "mlo-reassociate-kernel6",
    "mlo-reassociate-kernel7",
];

#[test]
fn our_authentications_are_those_that_the_kernels_took() {
    let mut open = 0;
    for name in CAPTURED {
        let all = sent(name, Command::AUTHENTICATE);
        assert!(!all.is_empty(), "{name}");
        for theirs in all {
            let sae = number(&theirs, attr::AUTH_TYPE) == 4;
            open += usize::from(!sae);
            let message = station(kernel::Request::Authenticate(AuthenticateRequest {
                bssid: address(&theirs, attr::MAC),
                frequency: Frequency(number(&theirs, attr::WIPHY_FREQ)),
                ssid: Ssid::new(b"mlo").unwrap(),
                algorithm: if sae { AuthenticationAlgorithm::Sae } else { AuthenticationAlgorithm::Open },
                data: if sae { find(&theirs, attr::AUTH_DATA).to_vec() } else { vec![] },
                elements: vec![],
                mld: Some((link_of(&theirs), address(&theirs, attr::MLD_ADDR))),
            }));
            assert_same(&message, &theirs, &[]);
        }
    }
    assert!(open > 4, "by a cached PMKSA");
}

#[test]
fn our_associations_are_those_that_the_kernels_took() {
    for name in CAPTURED.into_iter().filter(|name| *name != "mlo-reassociate-kernel7") {
        let all = sent(name, Command::ASSOCIATE);
        assert_eq!(all.len(), 1, "{name}");
        let theirs = &all[0];
        let asked = Attributes::new("links", find(theirs, attr::MLO_LINKS));
        let asked: Vec<_> = asked
            .map(|link| {
                let link = link.unwrap();
                let field = |kind| link.nested("link").find(kind).unwrap();
                AssociationLink {
                    id: LinkId::new(field(attr::MLO_LINK_ID).u8().unwrap()).unwrap(),
                    bssid: field(attr::MAC).mac().unwrap(),
                    frequency: Frequency(field(attr::WIPHY_FREQ).u32().unwrap()),
                }
            })
            .collect();
        let message = station(kernel::Request::Associate(AssociateRequest {
            peer: AssociationPeer::Mld {
                address: address(theirs, attr::MLD_ADDR),
                association_link: link_of(theirs),
                links: asked,
            },
            ssid: Ssid::new(b"mlo").unwrap(),
            elements: find(theirs, attr::IE).to_vec(),
            security: Some(AssociateSecurity {
                akm: Akm::Sae,
                pairwise: Cipher::Ccmp128,
                group: Cipher::Ccmp128,
                management_frame_protection: true,
                control_port: true,
            }),
            previous: None,
        }));
        // The links are numbered from 1 here and from 0 there; nobody reads the numbers.
        assert_same(&message, theirs, &[OVERRIDES.as_slice(), &[attr::MLO_LINKS]].concat());
        let nests = |message: &[u8]| -> Vec<_> {
            let links = Attributes::new("links", find(message, attr::MLO_LINKS));
            links.map(|link| tree("link", link.unwrap().payload)).collect()
        };
        assert_eq!(nests(&message), nests(theirs), "{name}");
    }
}

#[test]
fn our_key_frames_port_and_goodbye_are_those_that_the_kernels_took() {
    let (mut frames, mut ports, mut goodbyes) = (0, 0, 0);
    for name in CAPTURED {
        for theirs in sent(name, Command::CONTROL_PORT_FRAME) {
            let in_clear =
                Attributes::new("request", &theirs[4..]).find(attr::CONTROL_PORT_NO_ENCRYPT).is_some();
            let message = station(kernel::Request::SendKeyFrame {
                to: MLD,
                bytes: find(&theirs, attr::FRAME).to_vec(),
                in_clear,
            });
            assert_same(&message, &theirs, &[]);
            frames += 1;
        }
        for theirs in sent(name, Command::SET_STATION) {
            if find(&theirs, attr::STA_FLAGS2)[4..] == [0; 4] {
                // It closes the port before it begins. Ours is closed until it is opened.
                continue;
            }
            assert_same(&station(kernel::Request::AuthorizePort { peer: MLD }), &theirs, &[]);
            ports += 1;
        }
        for theirs in sent(name, Command::DEAUTHENTICATE) {
            let reason = ReasonCode::LeavingDeauthenticated;
            let message = station(kernel::Request::Deauthenticate { peer: MLD, reason, local_only: false });
            assert_same(&message, &theirs, &[]);
            goodbyes += 1;
        }
    }
    assert!(frames >= 6 && ports >= 4 && goodbyes == 2, "{frames} {ports} {goodbyes}");
}
