use super::super::constants::{attr, cqm, cqm_event, pmksa_candidate, rekey};
use super::*;
use crate::netlink::{Builder, DecodeError};
use lapwing_core::Duration;
use lapwing_core::kernel::{Frequency, KernelEvent, Quality};
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::suite::Akm;
use lapwing_frames::{LinkId, MacAddr};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const OWN: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

#[test]
fn every_recorded_event_has_a_meaning_and_a_place() {
    let mut seen = std::collections::BTreeSet::new();
    for message in events() {
        let event = Event::decode(&message).unwrap_or_else(|error| panic!("{error}: {message:02x?}"));
        let command = command(&message).unwrap();
        seen.insert(command);
        // START_AP and UNEXPECTED_FRAME are hostapd's, and are for no station.
        if !matches!(command, Command(15 | 83)) {
            assert!(!matches!(event.kind, EventKind::Other { .. }), "{event:?}");
        }
        let global = matches!(event.kind, EventKind::Station(KernelEvent::RegulatoryChanged));
        assert!(event.origin.ifindex.is_some() || global, "{event:?}");
    }
    for command in [
        Command::AUTHENTICATE,
        Command::ASSOCIATE,
        Command::CONNECT,
        Command::DEAUTHENTICATE,
        Command::DISCONNECT,
        Command::CONTROL_PORT_FRAME,
        Command::CONTROL_PORT_FRAME_TX_STATUS,
        Command::FRAME,
        Command::FRAME_TX_STATUS,
        Command::LINKS_REMOVED,
        Command::NEW_SCAN_RESULTS,
        Command::NEW_STATION,
        Command::DEL_STATION,
        Command::REG_CHANGE,
        Command::TRIGGER_SCAN,
    ] {
        assert!(seen.contains(&command), "{command:?} is not in the captures");
    }
}

#[test]
fn events_cut_at_every_length_never_panic() {
    for message in events().iter().filter(|message| message.len() < 400).take(120) {
        for length in 0..message.len() {
            drop(Event::decode(&message[..length]));
        }
    }
}

/// The station's events of a capture, in their order, each once.
fn station_events(name: &str) -> Vec<KernelEvent> {
    let mut events: Vec<KernelEvent> = Vec::new();
    for message in recorded(name) {
        if message.header.sequence != 0 || message.is_request() {
            continue;
        }
        let event = Event::decode(&message.payload).unwrap();
        // The access point is interface 2 in every capture.
        if let EventKind::Station(kind) = event.kind
            && event.origin.ifindex == Some(3)
            && events.last() != Some(&kind)
        {
            events.push(kind);
        }
    }
    events
}

#[test]
fn a_connection_with_links() {
    let events = station_events("mlo-kernel7");
    let link = |number| LinkId::new(number).unwrap();
    let connection = events
        .iter()
        .find_map(|event| match event {
            KernelEvent::Connected(connection) => Some(connection),
            _ => None,
        })
        .unwrap();
    assert_eq!((connection.peer, connection.status, connection.timed_out), (AP, StatusCode(0), false));
    assert_eq!(connection.links.len(), 2);
    assert_eq!(connection.links[0].id, link(0));
    assert_eq!(connection.links[0].bssid, "02:00:00:79:4c:15".parse().unwrap());
    assert_eq!(connection.links[0].address, "ea:a1:4f:7f:72:62".parse().unwrap());
    assert_eq!(connection.links[1].status, StatusCode(0));
    assert!(connection.request_elements.starts_with(&[0, 3, b'm', b'l', b'o']));
    // Then EAPOL in clear, from the MLD's address.
    let KernelEvent::KeyFrame { from, bytes, in_clear } =
        events.iter().find(|event| matches!(event, KernelEvent::KeyFrame { .. })).unwrap()
    else {
        unreachable!()
    };
    assert_eq!((*from, *in_clear, &bytes[..2]), (AP, true, &[2, 3][..]));
    let removed = station_events("mlo-link-removal-kernel7");
    assert!(removed.contains(&KernelEvent::LinksRemoved { links: vec![link(1)] }), "{removed:?}");
}

#[test]
fn a_connection_without_links_and_its_end() {
    let events = station_events("wpa2-psk");
    let position = |wanted: fn(&KernelEvent) -> bool| events.iter().position(wanted).unwrap();
    let order = [
        position(|event| matches!(event, KernelEvent::ScanStarted)),
        position(
            |event| matches!(event, KernelEvent::ScanDone { frequencies } if frequencies.contains(&Frequency(2412))),
        ),
        position(|event| matches!(event, KernelEvent::Authentication { .. })),
        position(|event| matches!(event, KernelEvent::Association { .. })),
        position(|event| matches!(event, KernelEvent::Connected(connection) if connection.links.is_empty())),
        position(|event| matches!(event, KernelEvent::KeyFrame { .. })),
        position(|event| matches!(event, KernelEvent::Deauthentication { .. })),
        position(|event| matches!(event, KernelEvent::Disconnected { reason: ReasonCode(3), by_ap: false })),
    ];
    assert!(order.is_sorted(), "{order:?}: {events:?}");
    // Who sent the farewell is in the frame: our own address.
    let KernelEvent::Deauthentication { frame } = &events[order[6]] else { unreachable!() };
    assert_eq!(frame[10..16], OWN.0);
}

fn decode(command: Command, fill: impl FnOnce(&mut Builder)) -> Result<Event, DecodeError> {
    let mut message = Builder::generic(0x25, command.0);
    message.u32(attr::WIPHY, 1).u32(attr::IFINDEX, 3).u64(attr::WDEV, 0x1_0000_0001);
    fill(&mut message);
    Event::decode(message.finish().unwrap().payload())
}

/// An event of a station, made by hand.
fn station(command: Command, fill: impl FnOnce(&mut Builder)) -> KernelEvent {
    match decode(command, fill).unwrap() {
        Event { origin, kind: EventKind::Station(event), .. } => {
            assert_eq!((origin.wiphy, origin.ifindex, origin.wdev), (Some(1), Some(3), Some(0x1_0000_0001)));
            event
        }
        other => panic!("{other:?}"),
    }
}

fn other(command: Command, fill: impl FnOnce(&mut Builder)) -> EventKind {
    decode(command, fill).unwrap().kind
}

#[test]
fn events_that_no_capture_has() {
    let timed_out = |message: &mut Builder| {
        message.flag(attr::TIMED_OUT).mac(attr::MAC, AP);
    };
    assert_eq!(station(Command::AUTHENTICATE, timed_out), KernelEvent::AuthenticationTimedOut { peer: AP });
    assert_eq!(station(Command::ASSOCIATE, timed_out), KernelEvent::AssociationTimedOut { peer: AP });
    let failed = station(Command::CONNECT, |message| {
        message.flag(attr::TIMED_OUT).u16(attr::STATUS_CODE, 1);
    });
    assert!(matches!(failed, KernelEvent::Connected(connection)
        if connection.timed_out && connection.status == StatusCode(1)));
    assert_eq!(
        station(Command::ASSOC_COMEBACK, |message| {
            message.mac(attr::MAC, AP).u32(attr::TIMEOUT, 1000);
        }),
        KernelEvent::AssociationComeback { peer: AP, after: Duration::from_micros(1_024_000) }
    );
    assert_eq!(
        station(Command::DISCONNECT, |message| {
            message.u16(attr::REASON_CODE, 15).flag(attr::DISCONNECTED_BY_AP);
        }),
        KernelEvent::Disconnected { reason: ReasonCode(15), by_ap: true }
    );
    let frame = |message: &mut Builder| {
        message.bytes(attr::FRAME, &[0xa0, 0]);
    };
    let bytes = vec![0xa0, 0];
    for (command, event) in [
        (Command::DISASSOCIATE, KernelEvent::Disassociation { frame: bytes.clone() }),
        (Command::UNPROT_DISASSOCIATE, KernelEvent::UnprotectedFarewell { frame: bytes.clone() }),
        (Command::UNPROT_DEAUTHENTICATE, KernelEvent::UnprotectedFarewell { frame: bytes.clone() }),
        (Command::UNPROT_BEACON, KernelEvent::UnprotectedBeacon { frame: bytes.clone() }),
        (Command::ASSOC_MLO_RECONF, KernelEvent::LinksReconfigured { frame: bytes }),
        (Command::SCAN_ABORTED, KernelEvent::ScanAborted),
        (Command::WIPHY_REG_CHANGE, KernelEvent::RegulatoryChanged),
        (Command::DEL_INTERFACE, KernelEvent::InterfaceRemoved),
    ] {
        assert_eq!(station(command, frame), event);
    }
    assert_eq!(
        station(Command::PORT_AUTHORIZED, |message| {
            message.mac(attr::MAC, AP);
        }),
        KernelEvent::PortAuthorized { peer: AP }
    );
    let switch = |message: &mut Builder| {
        message.u8(attr::MLO_LINK_ID, 2).u32(attr::WIPHY_FREQ, 5180);
    };
    let (link, frequency) = (LinkId::new(2), Frequency(5180));
    assert_eq!(
        station(Command::CH_SWITCH_STARTED_NOTIFY, switch),
        KernelEvent::ChannelSwitchStarted { link, frequency }
    );
    assert_eq!(station(Command::CH_SWITCH_NOTIFY, switch), KernelEvent::ChannelSwitched { link, frequency });
}

#[test]
fn quality() {
    let quality = |fill: fn(&mut Builder)| {
        station(Command::NOTIFY_CQM, |message| {
            message.nest(attr::CQM, fill);
        })
    };
    assert_eq!(
        quality(|nest| {
            nest.u32(cqm::RSSI_THRESHOLD_EVENT, cqm_event::THRESHOLD_EVENT_LOW).i32(cqm::RSSI_LEVEL, -80);
        }),
        KernelEvent::Quality(Quality::Low(Some(-80)))
    );
    assert_eq!(
        quality(|nest| {
            nest.u32(cqm::RSSI_THRESHOLD_EVENT, cqm_event::THRESHOLD_EVENT_HIGH);
        }),
        KernelEvent::Quality(Quality::High(None))
    );
    assert_eq!(
        quality(|nest| {
            nest.flag(cqm::BEACON_LOSS_EVENT);
        }),
        KernelEvent::Quality(Quality::BeaconLoss)
    );
    assert_eq!(
        quality(|nest| {
            nest.u32(cqm::PKT_LOSS_EVENT, 50);
        }),
        KernelEvent::Quality(Quality::PacketLoss(50))
    );
    assert!(matches!(other(Command::NOTIFY_CQM, |_| {}), EventKind::Other { .. }));
}

#[test]
fn events_for_the_daemon() {
    // SAE's number comes in either byte order.
    for number in [0x000f_ac08_u32, 0x08ac_0f00] {
        let event = other(Command::EXTERNAL_AUTH, |message| {
            message.u32(attr::AKM_SUITES, number).u32(attr::EXTERNAL_AUTH_ACTION, 0);
            message.mac(attr::BSSID, AP).bytes(attr::SSID, b"plain").mac(attr::MLD_ADDR, OWN);
        });
        let EventKind::Station(KernelEvent::ExternalAuthentication(request)) = event else {
            panic!("{event:?}")
        };
        assert!(request.start);
        assert_eq!((request.bssid, request.akm, request.mld_address), (AP, Some(Akm::Sae), Some(OWN)));
    }
    let aborted = other(Command::EXTERNAL_AUTH, |message| {
        message.u32(attr::EXTERNAL_AUTH_ACTION, 1).mac(attr::BSSID, AP);
    });
    assert!(
        matches!(aborted, EventKind::Station(KernelEvent::ExternalAuthentication(request)) if !request.start)
    );
    assert_eq!(
        other(Command::PMKSA_CANDIDATE, |message| {
            message.nest(attr::PMKSA_CANDIDATE, |nest| {
                nest.u32(1, 0).mac(pmksa_candidate::BSSID, AP).flag(pmksa_candidate::PREAUTH);
            });
        }),
        EventKind::PmksaCandidate { bssid: AP, preauthentication: true }
    );
    assert_eq!(
        other(Command::SET_REKEY_OFFLOAD, |message| {
            message.nest(attr::REKEY_DATA, |nest| {
                nest.bytes(rekey::REPLAY_CTR, &[0, 0, 0, 0, 0, 0, 0, 9]);
            });
        }),
        EventKind::RekeyOffload { replay_counter: [0, 0, 0, 0, 0, 0, 0, 9] }
    );
    let address = |message: &mut Builder| {
        message.mac(attr::MAC, AP).u64(attr::COOKIE, 5).u32(attr::RADAR_EVENT, 1);
    };
    for (kind, pairwise) in [(Some(0), false), (Some(1), true), (Some(2), false), (None, false)] {
        let failure = other(Command::MICHAEL_MIC_FAILURE, |message| {
            message.mac(attr::MAC, AP);
            if let Some(kind) = kind {
                message.u32(attr::KEY_TYPE, kind);
            }
        });
        assert_eq!(failure, EventKind::Station(KernelEvent::MicFailure { from: AP, pairwise }));
    }
    assert_eq!(other(Command::NEW_STATION, address), EventKind::NewPeer(AP));
    assert_eq!(other(Command::DEL_STATION, address), EventKind::DelPeer(AP));
    assert_eq!(other(Command::JOIN_IBSS, address), EventKind::IbssJoined(AP));
    assert_eq!(other(Command::REMAIN_ON_CHANNEL, address), EventKind::OffChannelBegan { cookie: 5 });
    assert_eq!(other(Command::CANCEL_REMAIN_ON_CHANNEL, address), EventKind::OffChannelEnded { cookie: 5 });
    assert_eq!(other(Command::RADAR_DETECT, address), EventKind::Radar(1));
    assert_eq!(other(Command::NEW_WIPHY, address), EventKind::NewWiphy);
    assert_eq!(other(Command::DEL_WIPHY, address), EventKind::DelWiphy);
    let EventKind::Other { command, attributes } = other(Command(250), address) else { panic!() };
    assert_eq!(command, Command(250));
    assert_eq!(attributes.len(), 8 + 8 + 12 + 12 + 12 + 8);
}

#[test]
fn what_an_event_cannot_be_without() {
    for command in [
        Command::AUTHENTICATE,
        Command::ASSOCIATE,
        Command::CONTROL_PORT_FRAME,
        Command::FRAME,
        Command::PORT_AUTHORIZED,
        Command::EXTERNAL_AUTH,
        Command::CH_SWITCH_NOTIFY,
        Command::PMKSA_CANDIDATE,
    ] {
        let error = decode(command, |_| {}).unwrap_err();
        assert_eq!(error.what, command.name().unwrap());
    }
    // A link number that cannot be.
    let error = decode(Command::FRAME, |message| {
        message.u8(attr::MLO_LINK_ID, 15);
    });
    assert_eq!(error.unwrap_err().attribute, Some(attr::MLO_LINK_ID));
}
