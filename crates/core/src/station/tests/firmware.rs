//! The same for radios whose firmware connects by itself: only what differs.

use super::*;
use crate::radio::RadioKind;

const STATES: [&str; 5] = ["Connecting", "Securing", "Connected", "Roaming", "Disconnecting"];

/// The AP of the moment.
fn peer(state: &str) -> MacAddr {
    if matches!(state, "Connected" | "Disconnecting") { OPEN } else { SECURED }
}

/// In one of the states.
fn within(state: &str) -> Bench {
    let radio = Radio { kind: RadioKind::FullMacExternalSae, ..radio(&[2412]) };
    let mut bench = Bench::of(radio);
    let peer = peer(state);
    let target = if peer == OPEN { open(b"open") } else { secured() };
    let [(ticket, Request::Connect(_))] = bench.turn(Event::Connect(target))[..] else { panic!("{state}") };
    bench.turn(Event::Completed { ticket, outcome: Ok(Reply::Done) });
    let events = match state {
        "Connecting" => vec![],
        "Roaming" => vec![Event::Kernel(KernelEvent::Roamed(connection(OWN)))],
        "Disconnecting" => vec![connected(peer), Event::Disconnect],
        _ => vec![connected(peer)],
    };
    for event in events {
        bench.turn(event);
    }
    assert_eq!(name(&bench.station), state);
    bench
}

/// What becomes of each event; those that change nothing anywhere are left out.
const OF_FIRMWARE: [(&str, [&str; 5]); 19] = [
    (
        "Connect",
        [
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            ".",
        ],
    ),
    (
        "ConnectTo",
        [
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            ".",
        ],
    ),
    ("Roam", [".", ".", "Disconnecting DISCONNECT", ".", "."]),
    (
        "Disconnect",
        [
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            ".",
        ],
    ),
    ("Unconfigured", [".", ".", "Disconnecting DISCONNECT", ".", "."]),
    ("Scan", [".", ".", ". TRIGGER_SCAN", ".", "."]),
    ("ScanFor", [".", ".", ". TRIGGER_SCAN", ".", "."]),
    ("ScanOn", [".", ".", ". TRIGGER_SCAN", ".", "."]),
    (
        "EventsLost",
        [
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            ". GET_INTERFACE GET_STATION GET_SCAN",
            "Disconnecting DISCONNECT",
            ". GET_INTERFACE GET_STATION GET_SCAN",
        ],
    ),
    (
        "Resumed",
        [
            "Disconnecting DISCONNECT",
            "Disconnecting DISCONNECT",
            ". GET_INTERFACE GET_STATION GET_SCAN",
            "Disconnecting DISCONNECT",
            ". GET_INTERFACE GET_STATION GET_SCAN",
        ],
    ),
    ("ScanDone", [". GET_SCAN", ". GET_SCAN", ". GET_SCAN", ".", ". GET_SCAN"]),
    ("Connected", ["Securing", ".", ". GET_INTERFACE GET_STATION GET_SCAN", ".", "."]),
    ("Roamed", ["Securing", ".", ".", "Securing", "."]),
    (
        "Disconnected",
        ["Scanning TRIGGER_SCAN", "Scanning TRIGGER_SCAN", "Connecting CONNECT", "Scanning", "."],
    ),
    ("Frame", [".", ".", ". FRAME", ".", "."]),
    (
        "ExternalAuthentication",
        [
            ". EXTERNAL_AUTH",
            ". EXTERNAL_AUTH GET_INTERFACE GET_STATION GET_SCAN",
            ". EXTERNAL_AUTH GET_INTERFACE GET_STATION GET_SCAN",
            ". EXTERNAL_AUTH",
            ". EXTERNAL_AUTH",
        ],
    ),
    ("InterfaceDown", ["Unavailable", "Unavailable", "Unavailable", "Unavailable", "Unavailable"]),
    ("InterfaceRemoved", ["Unavailable", "Unavailable", "Unavailable", "Unavailable", "Unavailable"]),
    ("AddressChanged", [". FLUSH_PMKSA", ". FLUSH_PMKSA", ". FLUSH_PMKSA", ". FLUSH_PMKSA", ". FLUSH_PMKSA"]),
];

#[test]
fn every_event_in_every_state_of_firmware() {
    for (place, (event, _)) in TABLE.iter().enumerate() {
        let expected = OF_FIRMWARE.iter().find(|(name, _)| name == event);
        let expected = expected.map_or(["."; 5], |(_, outcomes)| *outcomes);
        for (state, expected) in STATES.iter().zip(expected) {
            let mut bench = within(state);
            let asked = bench.turn(events(peer(state)).swap_remove(place));
            let next = name(&bench.station);
            let next = if next == *state { "." } else { next };
            let found =
                asked.iter().fold(String::from(next), |text, (_, request)| text + " " + request.name());
            assert_eq!(found, expected, "{event} in {state}");
        }
    }
}
