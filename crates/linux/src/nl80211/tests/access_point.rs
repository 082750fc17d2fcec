//! An access point's requests beside those that hostapd sent for the same step, and its events.

use super::super::constants::{attr, key as key_attr, key_default, sta_flag};
use super::requests::{Tree, assert_same, find, ours, tree};
use super::*;
use crate::netlink::{Attributes, Builder};
use lapwing_core::Secret;
use lapwing_core::ap::{self, Announcement, NewStation};
use lapwing_core::kernel::{ChannelDefinition, ChannelWidth, Frequency, KeyKind, KeyRequest};
use lapwing_frames::element::{ElementId, write_raw};
use lapwing_frames::management::{AssociationId, CapabilityInformation};
use lapwing_frames::suite::Cipher;
use lapwing_frames::{LinkId, MacAddr, Ssid};

const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const INTERFACE: u32 = 2;
/// Where hostapd names the interface by the wireless device, and what it says beside what is compared.
const WDEV: u16 = attr::WDEV;

/// hostapd's requests with this command in a capture, whichever way they name the interface.
fn sent(name: &str, wanted: Command) -> Vec<Vec<u8>> {
    let is_ours = |payload: &[u8]| {
        let all = Attributes::new("request", &payload[4..]);
        let ifindex = all.find(attr::IFINDEX).map(|ifindex| ifindex.u32().unwrap());
        ifindex.map_or_else(|| all.find(WDEV).unwrap().u64().unwrap() == 1, |found| found == INTERFACE)
    };
    recorded(name)
        .into_iter()
        .filter(|message| message.is_request() && command(&message.payload) == Ok(wanted))
        .map(|message| message.payload)
        .filter(|payload| is_ours(payload))
        .collect()
}

fn message(request: ap::Request) -> Vec<u8> {
    ours(&Request::AccessPoint { ifindex: INTERFACE, control_port: true, request })
}

fn link_of(message: &[u8]) -> Option<LinkId> {
    let link = Attributes::new("request", &message[4..]).find(attr::MLO_LINK_ID)?;
    LinkId::new(link.u8().unwrap())
}

fn mac_of(message: &[u8], kind: u16) -> MacAddr {
    MacAddr(find(message, kind).try_into().unwrap())
}

fn has(message: &[u8], kind: u16) -> bool {
    Attributes::new("request", &message[4..]).find(kind).is_some()
}

fn kinds(message: &[u8]) -> Vec<u16> {
    tree("request", &message[4..]).into_iter().map(|(kind, _)| kind).collect()
}

/// What hostapd announces, from its message.
fn announcement(theirs: &[u8]) -> Announcement {
    let head = find(theirs, attr::BEACON_HEAD);
    let interval = u16::from_le_bytes([head[32], head[33]]);
    Announcement {
        link: link_of(theirs),
        bssid: MacAddr(head[10..16].try_into().unwrap()),
        channel: ChannelDefinition::narrow(Frequency(u32::from_ne_bytes(
            find(theirs, attr::WIPHY_FREQ).try_into().unwrap(),
        ))),
        interval,
        capability: CapabilityInformation(u16::from_le_bytes([head[34], head[35]])),
        ssid: Ssid::new(find(theirs, attr::SSID)).unwrap(),
        hidden: false,
        head: head[36..].to_vec(),
        tail: find(theirs, attr::BEACON_TAIL).to_vec(),
        probe_response: [&head[36..], find(theirs, attr::BEACON_TAIL)].concat(),
    }
}

#[test]
fn a_bss_starts_as_that_of_hostapd() {
    // What only its own ends use: elements apart from the beacon's, the color of HE, how SAE finds its element. It
    // says the channel's width in the way of before VHT.
    const THEIRS: [u16; 7] = [attr::CONTROL_PORT, 42, 127, 128, 39, 283, attr::SAE_PWE];
    const OURS: [u16; 3] = [attr::PROBE_RESP, attr::CHANNEL_WIDTH, attr::CENTER_FREQ1];
    for name in ["wpa2-psk", "sae-h2e", "owe", "sae-ext-key-group20-gcmp256"] {
        let theirs = &sent(name, Command::START_AP)[0];
        let whole = announcement(theirs);
        let started = message(ap::Request::StartBss(Box::new(whole.clone())));
        // hostapd calls SAE WPA2 here.
        assert_same(&started, theirs, &[&THEIRS[..], &OURS, &[attr::WPA_VERSIONS]].concat());
        assert_eq!(find(&started, attr::CHANNEL_WIDTH), 1_u32.to_ne_bytes(), "20 MHz with HT");
        assert_eq!(find(&started, attr::CENTER_FREQ1), 2412_u32.to_ne_bytes());
        let version: u32 = if name.starts_with("sae") { 4 } else { 2 };
        assert_eq!(find(&started, attr::WPA_VERSIONS), version.to_ne_bytes());
        let response = find(&started, attr::PROBE_RESP);
        assert_eq!(
            (response[0], &response[4..10], &response[36..]),
            (0x50, &[0; 6][..], &whole.probe_response[..])
        );

        let packets = Request::AccessPoint {
            ifindex: INTERFACE,
            control_port: false,
            request: ap::Request::StartBss(Box::new(whole)),
        };
        let without = ours(&packets);
        assert!(
            !has(&without, attr::CONTROL_PORT_OVER_NL80211) && has(&without, attr::CONTROL_PORT_ETHERTYPE)
        );
        assert_eq!(packets.command().0, Command::START_AP);
    }
}

#[test]
fn an_open_hidden_and_wide_bss() {
    let theirs = &sent("wpa2-psk", Command::START_AP)[0];
    let center2 = Some(Frequency(5775));
    let channel = ChannelDefinition {
        primary: Frequency(5180),
        width: ChannelWidth::Mhz80Plus80,
        center1: Frequency(5210),
        center2,
    };
    let capability = CapabilityInformation::ESS;
    let open = Announcement { channel, capability, hidden: true, tail: vec![], ..announcement(theirs) };
    let started = message(ap::Request::StartBss(Box::new(open.clone())));
    assert_eq!(find(&started, attr::HIDDEN_SSID), 1_u32.to_ne_bytes());
    assert_eq!(find(&started, attr::CHANNEL_WIDTH), 4_u32.to_ne_bytes());
    assert_eq!(find(&started, attr::CENTER_FREQ2), 5775_u32.to_ne_bytes());
    for of_security in [attr::PRIVACY, attr::AKM_SUITES, attr::CONTROL_PORT_ETHERTYPE] {
        assert!(!has(&started, of_security), "{of_security}");
    }
    let narrow = Announcement { channel: ChannelDefinition::narrow(Frequency(5180)), ..open };
    let started = message(ap::Request::StartBss(Box::new(narrow)));
    assert_eq!(find(&started, attr::CHANNEL_WIDTH), 0_u32.to_ne_bytes(), "no HT");
}

#[test]
fn beacons_of_links_are_set_as_hostapd_sets_them() {
    for name in ["mlo-link-removal-kernel6", "mlo-link-removal-kernel7"] {
        let all = sent(name, Command::SET_BEACON);
        assert!(all.len() > 5, "{name}");
        for theirs in all {
            let set = message(ap::Request::SetBeacon(Box::new(announcement(&theirs))));
            let expected =
                [attr::IFINDEX, attr::BEACON_HEAD, attr::BEACON_TAIL, attr::PROBE_RESP, attr::MLO_LINK_ID];
            assert_eq!(kinds(&set), expected);
            for kind in [attr::BEACON_HEAD, attr::BEACON_TAIL, attr::MLO_LINK_ID] {
                assert_eq!(find(&set, kind), find(&theirs, kind), "{name} {kind}");
            }
        }
    }
}

/// The elements that hostapd had these attributes from.
fn elements_of(theirs: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let rates = find(theirs, attr::STA_SUPPORTED_RATES);
    let (first, more) = rates.split_at(rates.len().min(8));
    write_raw(ElementId::Plain(1), first, &mut out);
    write_raw(ElementId::Plain(50), more, &mut out);
    for (kind, id) in [
        (attr::HT_CAPABILITY, ElementId::Plain(45)),
        (attr::VHT_CAPABILITY, ElementId::Plain(191)),
        (attr::HE_CAPABILITY, ElementId::Extended(35)),
        (attr::EHT_CAPABILITY, ElementId::Extended(108)),
    ] {
        if has(theirs, kind) {
            write_raw(id, find(theirs, kind), &mut out);
        }
    }
    write_raw(ElementId::VENDOR, &[0, 0x50, 0xf2, 2, 0, 1, 0], &mut out);
    out
}

/// That a client does no P2P.
const NO_P2P: u16 = 228;

#[test]
fn a_client_is_added_with_what_hostapd_says_of_it() {
    for name in ["mlo-kernel6", "mlo-kernel7", "sae-h2e", "wpa2-psk"] {
        let full = |theirs: &Vec<u8>| has(theirs, attr::STA_WME);
        let theirs = sent(name, Command::SET_STATION).into_iter().find(full).unwrap();
        let is_mld = has(&theirs, attr::MLD_ADDR);
        assert_eq!(is_mld, name.starts_with("mlo"));
        let number = |kind| u16::from_ne_bytes(find(&theirs, kind).try_into().unwrap());
        let added = message(ap::Request::AddStation(Box::new(NewStation {
            station: CLIENT,
            link: link_of(&theirs),
            link_address: is_mld.then(|| mac_of(&theirs, attr::MAC)),
            association_id: AssociationId::new(number(attr::STA_AID)),
            capability: CapabilityInformation(number(attr::STA_CAPABILITY)),
            listen_interval: number(attr::STA_LISTEN_INTERVAL),
            elements: elements_of(&theirs),
            frame_protection: name != "wpa2-psk",
        })));
        assert_eq!(added[0], Command::NEW_STATION.0);
        let mut same = theirs.clone();
        same[0] = Command::NEW_STATION.0;
        assert_same(&added, &same, &[NO_P2P, attr::STA_FLAGS2, attr::IFINDEX, WDEV]);
        // It is associated from the start because nothing is said of that.
        let flags = |message: &[u8]| {
            let (mask, set) = find(message, attr::STA_FLAGS2).split_at(4);
            [mask, set].map(|flags| u32::from_ne_bytes(flags.try_into().unwrap()))
        };
        let stages = 1 << 5 | 1 << 7;
        assert_eq!(flags(&added), flags(&theirs).map(|flags| flags & !stages), "{name}");
    }
}

#[test]
fn links_of_a_client_come_and_go_as_with_hostapd() {
    let theirs = &sent("mlo-kernel7", Command::ADD_LINK_STA)[0];
    let added = message(ap::Request::AddLinkStation {
        station: CLIENT,
        link: link_of(theirs).unwrap(),
        address: mac_of(theirs, attr::MAC),
        elements: elements_of(theirs),
    });
    // These are of the client, not of the link: the kernel does not read them here.
    let of_client = [
        attr::STA_AID,
        attr::STA_CAPABILITY,
        attr::STA_LISTEN_INTERVAL,
        attr::STA_WME,
        attr::STA_FLAGS2,
        NO_P2P,
    ];
    assert_same(&added, theirs, &[&of_client[..], &[attr::IFINDEX, WDEV]].concat());

    let theirs = &sent("mlo-link-removal-kernel7", Command::REMOVE_LINK_STA)[0];
    let (station, link) = (CLIENT, link_of(theirs).unwrap());
    assert_same(&message(ap::Request::RemoveLinkStation { station, link }), theirs, &[]);
    let theirs = &sent("mlo-link-removal-kernel7", Command::REMOVE_LINK)[0];
    assert_same(&message(ap::Request::RemoveLink { link }), theirs, &[]);
    let address = MacAddr([2, 0, 0, 0, 0x41, 0]);
    let added = message(ap::Request::AddLink { link, address });
    assert_eq!((added[0], link_of(&added), mac_of(&added, attr::MAC)), (148, Some(link), address));
    let stopped = message(ap::Request::StopBss { link: Some(link) });
    assert_eq!((stopped[0], kinds(&stopped)), (16, vec![attr::IFINDEX, attr::MLO_LINK_ID]));
    assert_eq!(kinds(&message(ap::Request::StopBss { link: None })), [attr::IFINDEX]);
}

#[test]
fn a_port_opens_and_a_client_goes_as_with_hostapd() {
    for name in ["mlo-kernel7", "wpa2-psk"] {
        let opens = 1_u32 << sta_flag::AUTHORIZED;
        let opens = [opens.to_ne_bytes(), opens.to_ne_bytes()].concat();
        let all = sent(name, Command::SET_STATION);
        let theirs = all
            .iter()
            .find(|theirs| has(theirs, attr::STA_FLAGS2) && find(theirs, attr::STA_FLAGS2) == opens)
            .unwrap();
        // Flags in the way of before; they say the same.
        let left_out = [17, attr::IFINDEX, WDEV];
        assert_same(&message(ap::Request::AuthorizeStation { station: CLIENT }), theirs, &left_out);
        let removed = message(ap::Request::RemoveStation { station: CLIENT });
        let theirs = sent(name, Command::DEL_STATION);
        let theirs = theirs.iter().find(|theirs| has(theirs, attr::MAC)).unwrap();
        assert_same(&removed, theirs, &[attr::IFINDEX, WDEV]);
    }
    let theirs = &sent("wpa2-psk", Command::UNEXPECTED_FRAME)[0];
    assert_same(&ours(&Request::RegisterStrangers { ifindex: INTERFACE }), theirs, &[]);
    let probe = ours(&Request::ProbeClient { ifindex: INTERFACE, client: CLIENT });
    assert_eq!((probe[0], mac_of(&probe, attr::MAC)), (84, CLIENT));
}

#[test]
fn keys_are_those_of_hostapd() {
    let nest = |message: &[u8]| -> Tree { tree("key", find(message, attr::KEY)) };
    let mut compared = [0; 3];
    for name in CAPTURES {
        for theirs in sent(name, Command::SET_KEY) {
            let Some(index) = Attributes::new("key", find(&theirs, attr::KEY)).find(key_attr::IDX) else {
                panic!("{name}")
            };
            let link = link_of(&theirs);
            let used = message(ap::Request::UseGroupKey { link, index: index.u8().unwrap() });
            assert_same(&used, &theirs, &[attr::KEY]);
            assert_eq!(nest(&used), nest(&theirs), "{name}");
            compared[0] += 1;
        }
        for theirs in sent(name, Command::GET_KEY) {
            let index = find(&theirs, attr::KEY_IDX)[0];
            let read = message(ap::Request::ReadPacketNumber { link: link_of(&theirs), index });
            assert_same(&read, &theirs, &[]);
            compared[1] += 1;
        }
        for theirs in sent(name, Command::NEW_KEY) {
            let field = |kind| Attributes::new("key", find(&theirs, attr::KEY)).find(kind).unwrap().payload;
            let index = field(key_attr::IDX)[0];
            let pairwise = has(&theirs, attr::MAC);
            let installed = message(ap::Request::InstallKey(KeyRequest {
                kind: match index {
                    _ if pairwise => KeyKind::Pairwise { peer: CLIENT, receive_only: false },
                    0..=3 => KeyKind::Group,
                    4 | 5 => KeyKind::Integrity,
                    _ => KeyKind::Beacon,
                },
                link: link_of(&theirs),
                index,
                cipher: Cipher::from_u32(u32::from_ne_bytes(field(key_attr::CIPHER).try_into().unwrap())),
                key: Secret::new(field(key_attr::DATA)),
                sequence: [0; 6],
            }));
            assert_same(&installed, &theirs, &[attr::KEY]);
            // The counter of what is received, which hostapd leaves out for its own keys.
            let zero = |(kind, value): &(u16, Vec<u8>)| *kind != key_attr::SEQ || *value != [0; 6];
            let without = |key: Tree| key.into_iter().filter(zero).collect::<Tree>();
            assert_eq!(without(nest(&installed)), without(nest(&theirs)), "{name}");
            compared[2] += 1;
        }
    }
    assert!(compared.into_iter().all(|count| count > 20), "{compared:?}");
    let used = message(ap::Request::UseGroupKey { link: None, index: 6 });
    let types = Attributes::new("key", find(&used, attr::KEY)).find(key_attr::DEFAULT_TYPES).unwrap();
    assert!(types.nested("types").find(key_default::MULTICAST).is_some());
}

#[test]
fn frames_and_settings() {
    for name in ["mlo-kernel7", "owe"] {
        for theirs in sent(name, Command::CONTROL_PORT_FRAME) {
            let frame = message(ap::Request::SendKeyFrame {
                to: mac_of(&theirs, attr::MAC),
                link: link_of(&theirs),
                bytes: find(&theirs, attr::FRAME).to_vec(),
                in_clear: has(&theirs, attr::CONTROL_PORT_NO_ENCRYPT),
            });
            assert_same(&frame, &theirs, &[]);
        }
    }
    let theirs = &sent("mlo-link-removal-kernel7", Command::SET_BSS)[0];
    let isolated = message(ap::Request::IsolateClients { link: link_of(theirs), isolate: false });
    // Protection of before HT, its preamble and slot time, and the basic rates.
    assert_same(&isolated, theirs, &[28, 29, 30, 36, 109]);
    let isolated = message(ap::Request::IsolateClients { link: None, isolate: true });
    assert_eq!((find(&isolated, attr::AP_ISOLATE), link_of(&isolated)), (&[1][..], None));
    let link = LinkId::new(1);
    let frame = message(ap::Request::SendFrame { link, bytes: vec![0xb0, 0, 7] });
    assert_eq!((frame[0], find(&frame, attr::FRAME), link_of(&frame)), (59, &[0xb0, 0, 7][..], link));
}

#[test]
fn a_channel_switch_has_both_beacons_and_the_places_of_its_counters() {
    let after = announcement(&sent("mlo-link-removal-kernel7", Command::SET_BEACON)[0]);
    let mut during = after.clone();
    // Mode, channel, count; mode, class, channel, count. An element stands in front.
    let switch = [127, 2, 4, 0, 37, 3, 0, 6, 5, 60, 4, 0, 81, 6, 5];
    during.tail = [&switch[..], &after.tail].concat();
    during.probe_response = during.tail.clone();
    let to = ChannelDefinition::narrow(Frequency(2437));
    let (during, after) = (Box::new(during), Box::new(after));
    let switched =
        message(ap::Request::SwitchChannel { to, beacons: 5, during: during.clone(), after: after.clone() });
    assert_eq!((switched[0], link_of(&switched)), (102, after.link));
    assert_eq!(find(&switched, attr::CH_SWITCH_COUNT), 5_u32.to_ne_bytes());
    assert_eq!(find(&switched, attr::WIPHY_FREQ), 2437_u32.to_ne_bytes());
    assert_eq!(find(&switched, attr::BEACON_TAIL), after.tail);
    let until = Attributes::new("until then", find(&switched, attr::CSA_IES));
    let field = |kind| until.find(kind).unwrap().payload;
    assert_eq!(field(attr::BEACON_TAIL), during.tail);
    let places = |kind| -> Vec<usize> {
        let numbers = field(kind).chunks(2).map(|number| u16::from_ne_bytes(number.try_into().unwrap()));
        numbers.map(usize::from).collect()
    };
    let (in_beacon, in_response) = (places(attr::CNTDWN_OFFS_BEACON), places(attr::CNTDWN_OFFS_PRESP));
    assert_eq!((in_beacon.len(), in_response.len()), (2, 2));
    assert!(in_beacon.iter().all(|at| field(attr::BEACON_TAIL)[*at] == 5), "{in_beacon:?}");
    assert!(in_response.iter().all(|at| field(attr::PROBE_RESP)[*at] == 5), "{in_response:?}");
}

fn event(command: Command, fill: impl FnOnce(&mut Builder)) -> Event {
    let mut message = Builder::generic(0x25, command.0);
    message.u32(attr::WIPHY, 0).u32(attr::IFINDEX, INTERFACE);
    fill(&mut message);
    Event::decode(message.finish().unwrap().payload()).unwrap()
}

#[test]
fn what_clients_send() {
    let from_client = |payload: &Vec<u8>| {
        let all = Attributes::new("event", &payload[4..]);
        command(payload) == Ok(Command::CONTROL_PORT_FRAME)
            && all.find(attr::IFINDEX).unwrap().u32() == Ok(INTERFACE)
    };
    let heard: Vec<_> = events()
        .into_iter()
        .filter(from_client)
        .map(|payload| access_point_event(Event::decode(&payload).unwrap()).unwrap())
        .collect();
    assert!(heard.len() > 10);
    let protected =
        heard.iter().filter(|event| matches!(event, ap::KernelEvent::KeyFrame { protected: true, .. }));
    assert!((1..heard.len()).contains(&protected.count()), "answers in a group key handshake are");
    let all_of_client = heard.iter().all(|event| {
        matches!(event, ap::KernelEvent::KeyFrame { from, bytes, .. } if *from == CLIENT && bytes[1] == 3)
    });
    assert!(all_of_client);

    let link = LinkId::new(1);
    let frame = |flags: u8| {
        let heard = event(Command::FRAME, |message| {
            message
                .u8(attr::MLO_LINK_ID, 1)
                .u32(attr::WIPHY_FREQ, 5180)
                .bytes(attr::FRAME, &[0xd0, flags, 1]);
        });
        assert_eq!(heard.channel, Some(ChannelDefinition::narrow(Frequency(5180))));
        access_point_event(heard)
    };
    let expected =
        |flags, protected| Some(ap::KernelEvent::Frame { link, bytes: vec![0xd0, flags, 1], protected });
    assert_eq!(frame(0), expected(0, false));
    assert_eq!(frame(0x40), expected(0x40, true));
    for command in [Command::UNEXPECTED_FRAME, Command::UNEXPECTED_4ADDR_FRAME] {
        let heard = event(command, |message| {
            message.mac(attr::MAC, CLIENT);
        });
        let stranger = ap::KernelEvent::Stranger { link: None, from: CLIENT };
        assert_eq!(access_point_event(heard), Some(stranger));
    }
}

#[test]
fn what_the_kernel_does_by_itself() {
    let heard = event(Command::CH_SWITCH_NOTIFY, |message| {
        message.u8(attr::MLO_LINK_ID, 1).u32(attr::WIPHY_FREQ, 5180);
        message.u32(attr::CHANNEL_WIDTH, 3).u32(attr::CENTER_FREQ1, 5210);
    });
    let channel = ChannelDefinition {
        primary: Frequency(5180),
        width: ChannelWidth::Mhz80,
        center1: Frequency(5210),
        center2: None,
    };
    let switched = ap::KernelEvent::ChannelSwitched { link: LinkId::new(1), channel };
    assert_eq!(access_point_event(heard), Some(switched));
    assert_eq!(access_point_event(event(Command::STOP_AP, |_| {})), Some(ap::KernelEvent::Stopped));
    let probed = event(Command::PROBE_CLIENT, |message| {
        message.mac(attr::MAC, CLIENT).u64(attr::COOKIE, 7).flag(attr::ACK);
    });
    assert_eq!(probed.kind, EventKind::ClientProbed { cookie: 7, acknowledged: true });
    assert_eq!(access_point_event(probed), None);
    let nobody = Builder::generic(0x25, Command::UNEXPECTED_FRAME.0).finish().unwrap();
    assert!(Event::decode(nobody.payload()).is_err());
}

#[test]
fn what_is_too_long_for_an_attribute_is_refused_here() {
    let request = ap::Request::SendFrame { link: None, bytes: vec![0; 70_000] };
    let request = Request::AccessPoint { ifindex: INTERFACE, control_port: true, request };
    assert_eq!(request.encode(0x25).unwrap_err(), EncodeError::TooLong);
}
