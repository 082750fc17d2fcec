//! The kernel's messages: attributes, exchanges, and the decoders of nl80211 and rtnetlink.

use crate::Target;
use lapwing_core::ap::{self, KernelEvent, NewStation};
use lapwing_frames::{
    MacAddr,
    management::{AssociationId, CapabilityInformation},
};
use lapwing_linux::{
    netlink::{Attributes, Builder, Exchange, Expect, Heard},
    nl80211::{
        self, BssEntry, Event, EventKind, InterfaceInfo, Regulatory, StationFigures, Wiphy,
        access_point_event,
    },
    rivals,
    rtnetlink::{self, Request},
};
use std::collections::BTreeSet;

/// What the walk gives can be built again, and then walks the same. A walk ends with its first error.
fn attributes(octets: &[u8]) {
    let walked: Vec<_> = Attributes::new("attributes", octets).collect();
    let mut builder = Builder::new(16, &[]);
    for (at, attribute) in walked.iter().enumerate() {
        match attribute {
            Ok(attribute) => {
                builder.bytes(attribute.kind, attribute.payload);
            }
            Err(_) => assert_eq!(at + 1, walked.len(), "nothing after an error"),
        }
    }
    // The padding may make it longer than what was read, but no attribute is.
    let built = builder.finish().expect("each attribute was short enough to be read");
    let again: Vec<_> = built.attributes().map(|attribute| attribute.expect("it was just built")).collect();
    let pairs: Vec<_> = again.iter().map(|attribute| (attribute.kind, attribute.payload)).collect();
    let before: Vec<_> = walked.iter().flatten().map(|found| (found.kind, found.payload)).collect();
    assert_eq!(pairs, before);
    let outline = built.outline();
    assert_eq!(outline.attribute_at(usize::MAX), before.last().map(|(kind, _)| *kind));
}

/// Whatever is heard, each request is answered at most once, and no answer is for another.
fn exchange(octets: &[u8]) {
    let mut exchange = Exchange::new(7);
    let mut waiting = BTreeSet::new();
    for expect in [Expect::Acknowledgement, Expect::Messages, Expect::Dump, Expect::Dump] {
        let mut request = Builder::generic(37, 1);
        request.u32(3, 1);
        waiting.insert(exchange.submit(request.finish().expect("it is short"), expect, 0));
    }
    for _ in 0..2 {
        exchange.hear(octets, |heard| {
            if let Heard::Answer(answer) = heard {
                assert!(waiting.remove(&answer.sequence), "{answer:?}");
            }
        });
        while exchange.outgoing().is_some() {}
    }
    assert_eq!(exchange.in_flight(), waiting.len());
}

/// An event that has no meaning keeps every octet, and no event is larger than its message.
fn event(message: &[u8]) {
    let Ok(event) = Event::decode(message) else { return };
    if let EventKind::Other { command, attributes } = &event.kind {
        assert_eq!((command.0, &attributes[..]), (message[0], &message[4..]));
    }
    assert!(format!("{event:?}").len() <= 1024 + 64 * message.len());
}

/// What an access point hears was in the message, and on the link that the message names.
fn access_point(message: &[u8]) {
    let Ok(event) = Event::decode(message) else { return };
    let named = event.origin.link;
    let contains = |part: &[u8]| part.is_empty() || message.windows(part.len()).any(|window| window == part);
    match access_point_event(event) {
        Some(KernelEvent::Frame { link, bytes, protected }) => {
            assert!(link == named && contains(&bytes));
            assert_eq!(protected, bytes.get(1).is_some_and(|flags| flags & 0x40 != 0));
        }
        Some(KernelEvent::KeyFrame { from, bytes, .. }) => assert!(contains(&from.0) && contains(&bytes)),
        Some(KernelEvent::Stranger { link, from }) => assert!(link == named && contains(&from.0)),
        Some(KernelEvent::ChannelSwitched { link, .. }) => assert_eq!(link, named),
        Some(KernelEvent::Silent { .. }) => panic!("that is for others to judge"),
        Some(KernelEvent::Stopped) | None => {}
    }
}

/// Whatever a client says of itself, the kernel gets no more than it takes: lengths in its bounds, and nothing of HE
/// without QoS, of EHT without HE, of before 6 GHz with 6 GHz. The numbers are those of `linux/nl80211.h`.
fn client(elements: &[u8]) {
    let new = NewStation {
        station: MacAddr([2, 0, 0, 0, 1, 0]),
        link: None,
        link_address: None,
        association_id: AssociationId::new(1),
        capability: CapabilityInformation(0),
        listen_interval: 1,
        elements: elements.to_vec(),
        frame_protection: false,
    };
    let request = ap::Request::AddStation(Box::new(new));
    let request = nl80211::Request::AccessPoint { ifindex: 1, control_port: true, request };
    let Ok(message) = request.encode(37) else { return assert!(elements.len() > 0xff00, "it is short") };
    let length = |kind| message.attributes().find(kind).map(|attribute| attribute.payload.len());
    let (ht, vht, he, he_6ghz, eht) = (length(31), length(157), length(269), length(293), length(310));
    assert!(length(19).is_some_and(|rates| (1..=32).contains(&rates)));
    assert!(ht.is_none_or(|ht| ht == 26) && vht.is_none_or(|vht| vht == 12));
    assert!(he.is_none_or(|he| (21..=54).contains(&he)) && he_6ghz.is_none_or(|length| length == 2));
    assert!(eht.is_none_or(|eht| (14..=51).contains(&eht) && he.is_some()));
    assert!(he_6ghz.is_none() || (ht.is_none() && vht.is_none()));
    let flags = message.attributes().find(67).and_then(|flags| flags.payload.first().copied());
    let qos = flags.expect("there are flags") & 1 << 3 != 0;
    assert!(qos || [ht, vht, he, he_6ghz, eht].iter().all(Option::is_none));
}

/// A dump that says the same twice says it once.
fn wiphy(message: &[u8]) {
    let Ok(radios) = Wiphy::decode_dump([message]) else { return };
    assert_eq!(Wiphy::decode_dump([message, message]).as_ref(), Ok(&radios));
    for wiphy in radios.values() {
        let channels: usize = wiphy.bands.values().map(|band| band.channels.len()).sum();
        assert_eq!(wiphy.radio().channels.len(), channels);
    }
}

/// What is in an entry was in the message.
fn scan(message: &[u8]) {
    let Ok(Some(found)) = BssEntry::decode(message) else { return };
    let contains = |part: &[u8]| part.is_empty() || message.windows(part.len()).any(|window| window == part);
    assert!(contains(&found.entry.elements));
    assert!(contains(found.entry.beacon_elements.as_deref().unwrap_or_default()));
    assert!(contains(&found.entry.bssid.0));
}

fn interface(message: &[u8]) {
    let Ok(found) = InterfaceInfo::decode(message) else { return };
    assert!(found.state.links.len() <= message.len() / 4);
}

fn regulatory(message: &[u8]) {
    let Ok(found) = Regulatory::decode(message) else { return };
    assert!(found.rules.len() <= message.len() / 4);
}

/// What the station sees of a peer is what the person sees.
fn station(message: &[u8]) {
    let Ok(found) = StationFigures::decode(message) else { return };
    let state = found.state();
    assert_eq!((state.address, state.authorized), (found.address, found.authorized));
    for rate in [found.receive, found.transmit].into_iter().flatten() {
        assert!((5..=320).contains(&rate.width_mhz));
        assert!(rate.modulation.mcs().is_some() || rate.guard_interval_ns.is_none());
    }
}

/// The kernel's tables of sockets: no more of them than lines.
fn sockets(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let lines = text.lines().count();
    assert!(rivals::NetlinkSocket::table(&text).count() <= lines);
    assert!(rivals::eapol_listeners(&text).len() <= lines);
}

/// The first octet is the kind of the message. An address or a route that is read can be set as it is.
fn route(octets: &[u8]) {
    let Some((&kind, message)) = octets.split_first() else { return };
    let again = |request: Request| {
        let request = request.encode().expect("an address is short");
        rtnetlink::Event::decode(request.kind(), request.payload())
    };
    match rtnetlink::Event::decode(kind.into(), message) {
        Ok(Some(event @ rtnetlink::Event::Address(address))) => {
            assert_eq!(again(Request::SetAddress(address)), Ok(Some(event)));
        }
        // A default route has no destination: one that was given is not written.
        Ok(Some(event @ rtnetlink::Event::Route(route)))
            if !route.is_default() || route.destination.is_unspecified() =>
        {
            assert_eq!(again(Request::SetRoute(route)), Ok(Some(event)));
        }
        _ => {}
    }
}

/// The targets of this module.
pub const TARGETS: &[Target] = &[
    ("netlink_attributes", attributes),
    ("netlink_exchange", exchange),
    ("nl80211_event", event),
    ("nl80211_access_point", access_point),
    ("nl80211_client", client),
    ("nl80211_wiphy", wiphy),
    ("nl80211_scan", scan),
    ("nl80211_interface", interface),
    ("nl80211_regulatory", regulatory),
    ("nl80211_station", station),
    ("rtnetlink", route),
    ("socket_tables", sockets),
];
