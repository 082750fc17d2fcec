//! What becomes of events about links, state by state, on the way into an AP MLD and in it.

use super::{
    ap::{ApMld, id},
    bench::{Bench, OWN},
};
use lapwing_core::{
    Duration,
    kernel::{Connection, Frequency, KernelEvent, Request},
    station::{Event, Summary},
};
use lapwing_frames::{
    MacAddr,
    management::{Body, Departure, Header, Management, ReasonCode, StatusCode},
};

const STATES: [&str; 4] = ["AUTHENTICATE", "ASSOCIATE", "NEW_KEY", "connected"];

/// In the state that waits for the answer to a command, or connected.
fn within(state: &'static str) -> Bench {
    let mut bench = Bench::new(vec![ApMld::new(b"net", 1, &[(0, 36), (1, 40), (2, 149)])]);
    bench.silent_about = Some(state);
    bench.connect(b"net");
    if state == "connected" {
        bench.pass(Duration::from_secs(20));
    }
    bench
}

fn farewell(from: MacAddr) -> Event {
    let mut frame = vec![];
    let body = Body::Deauthentication(Departure { reason: ReasonCode::Unspecified, elements: vec![] });
    Management { header: Header::new(OWN, from, from), body }.write(&mut frame);
    Event::Kernel(KernelEvent::Deauthentication { frame })
}

fn removed(links: &[u8]) -> Event {
    Event::Kernel(KernelEvent::LinksRemoved { links: links.iter().map(|link| id(*link)).collect() })
}

fn stranger() -> Event {
    Event::Kernel(KernelEvent::Connected(Connection {
        peer: MacAddr([2, 9, 9, 9, 9, 9]),
        status: StatusCode::Success,
        timed_out: false,
        request_elements: vec![],
        response_elements: vec![],
        links: vec![],
    }))
}

const READ: &str = "GET_INTERFACE GET_STATION GET_SCAN";
const READ_AND_LEAVE: &str = "GET_INTERFACE GET_STATION GET_SCAN DEAUTHENTICATE";

#[test]
fn events_about_links_in_every_state_of_a_connection_with_an_ap_mld() {
    let ap = ApMld::new(b"net", 1, &[(0, 36)]);
    let (mld, link) = (ap.address, ap.links[0].bssid);
    let frequency = Frequency(5220);
    let table: [(&str, Event, [&str; 4]); 14] = [
        ("another link goes", removed(&[9]), [".", ".", ".", "."]),
        ("no link goes", removed(&[]), [".", ".", ".", "."]),
        ("the association link goes", removed(&[0, 0]), [".", ".", ".", READ]),
        ("all links go", removed(&[0, 1, 2]), [".", ".", "DEAUTHENTICATE", READ_AND_LEAVE]),
        (
            "an answer about links that nobody asked for",
            Event::Kernel(KernelEvent::LinksReconfigured { frame: vec![0xd0; 40] }),
            [".", ".", ".", READ],
        ),
        ("a farewell of the link", farewell(link), [READ, READ, ".", "."]),
        ("a farewell of the MLD", farewell(mld), [READ, READ, ".", "."]),
        (
            "an authentication of the link timed out",
            Event::Kernel(KernelEvent::AuthenticationTimedOut { peer: link }),
            ["TRIGGER_SCAN", ".", ".", "."],
        ),
        (
            "an association of the MLD timed out",
            Event::Kernel(KernelEvent::AssociationTimedOut { peer: mld }),
            [".", "TRIGGER_SCAN", ".", "."],
        ),
        ("another program connects", stranger(), [READ; 4]),
        (
            "the AP MLD ends it",
            Event::Kernel(KernelEvent::Disconnected { reason: ReasonCode::Unspecified, by_ap: true }),
            [".", ".", "TRIGGER_SCAN", "AUTHENTICATE"],
        ),
        (
            "a key frame of the link",
            Event::Kernel(KernelEvent::KeyFrame { from: link, bytes: vec![1; 99], in_clear: true }),
            [".", ".", ".", "."],
        ),
        (
            "a link switches its channel",
            Event::Kernel(KernelEvent::ChannelSwitched { link: Some(id(1)), frequency }),
            [".", ".", ".", "."],
        ),
        ("events were lost", Event::EventsLost, ["DEAUTHENTICATE", "DEAUTHENTICATE", "DEAUTHENTICATE", READ]),
    ];
    for (name, event, expected) in table {
        for (state, expected) in STATES.into_iter().zip(expected) {
            let mut bench = within(state);
            let since = bench.asked.len();
            bench.frozen = true;
            bench.give(event.clone());
            let asked: Vec<_> = bench.asked[since..].iter().map(Request::name).collect();
            let asked = if asked.is_empty() { String::from(".") } else { asked.join(" ") };
            assert_eq!(asked, expected, "{name}, {state}");
            // Whatever came, no state is without a deadline or an end, and what is said of links is true.
            let held = bench.station.connection().is_some();
            assert!(held || bench.station.next_deadline().is_some(), "{name}, {state}");
            if let Some(connection) = bench.station.connection() {
                assert!(matches!(bench.station.summary(), Summary::Connected { .. }));
                assert!(!connection.links.is_empty() && connection.frequency != frequency.0, "{name}");
            }
        }
    }
}
