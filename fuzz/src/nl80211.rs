//! The kernel's messages: attributes, exchanges, and the decoders of nl80211 and rtnetlink.

use crate::Target;
use lapwing_linux::{
    netlink::{Attributes, Builder, Exchange, Expect, Heard},
    nl80211::{BssEntry, Event, EventKind, InterfaceInfo, Regulatory, StationFigures, Wiphy},
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
    ("nl80211_wiphy", wiphy),
    ("nl80211_scan", scan),
    ("nl80211_interface", interface),
    ("nl80211_regulatory", regulatory),
    ("nl80211_station", station),
    ("rtnetlink", route),
    ("socket_tables", sockets),
];
