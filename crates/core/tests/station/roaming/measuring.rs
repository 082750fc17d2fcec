//! What the access point asks to be measured, and what we announce that we can.

use super::*;
use lapwing_frames::{
    element::{Elements, MeasurementReport, measurement::BeaconReport},
    management::action::MeasurementRequest,
};

/// A Measurement Request element for beacons: how, on channel 36 or 1, of which BSS.
fn beacons(token: u8, mode: u8, channel: (u8, u8), bssid: [u8; 6], subelements: &[u8]) -> Vec<u8> {
    let length = 16 + u8::try_from(subelements.len()).unwrap();
    [&[38, length, token, 0, 5, channel.0, channel.1, 0, 0, 20, 0, mode][..], &bssid, subelements].concat()
}

/// The reports of the last answer: token, mode, and of a beacon who sent it.
fn measured(world: &World) -> Vec<(u8, u8, Option<MacAddr>)> {
    let reports = sent(world).into_iter().rev().find_map(|action| match action {
        Action::MeasurementReport(report) => Some(report),
        _ => None,
    });
    let reports = reports.unwrap();
    let elements = reports.elements();
    let reports = elements.iter().map(|raw| MeasurementReport::parse(&raw.body).unwrap());
    reports
        .map(|report| {
            let details = BeaconReport::parse(&report.report).ok();
            (report.token, report.mode.0, details.map(|details| details.bssid))
        })
        .collect()
}

#[test]
fn what_is_heard_is_reported_and_the_rest_refused_by_the_bits_for_it() {
    const ANY: [u8; 6] = [255; 6];
    const HIGH: (u8, u8) = (115, 36);
    const LOW: (u8, u8) = (81, 1);
    let mut world = home(&[-50, -60]);
    world.run(SECOND);
    let bssids: Vec<_> = world.aps.iter().map(|ap| ap.setup.bssid).collect();
    let ask = |world: &mut World, elements: Vec<u8>| {
        let request = MeasurementRequest { dialog_token: 9, repetitions: 0, elements };
        says(world, Action::MeasurementRequest(request));
        world.run(2 * SECOND);
    };
    // What is known, of whichever channel, of one BSS, of another name, and without details.
    ask(&mut world, beacons(1, 2, HIGH, ANY, &[]));
    assert_eq!(measured(&world), [(1, 0, Some(bssids[0])), (1, 0, Some(bssids[1]))]);
    ask(&mut world, beacons(3, 2, HIGH, bssids[1].0, &[]));
    assert_eq!(measured(&world), [(3, 0, Some(bssids[1]))]);
    ask(&mut world, beacons(4, 2, HIGH, ANY, &[0, 5, b'o', b't', b'h', b'e', b'r']));
    assert_eq!(measured(&world), [(4, 0, None)]);
    // By a scan, active and passive; not so soon again.
    for (token, mode) in [(5, 1), (6, 0)] {
        let scans = world.count("TRIGGER_SCAN");
        ask(&mut world, beacons(token, mode, LOW, ANY, &[2, 1, 0]));
        assert_eq!(measured(&world), [(token, 0, Some(bssids[1]))]);
        assert_eq!(world.count("TRIGGER_SCAN"), scans + 1);
    }
    // Of the channels of a list; not so soon again after more than one of them.
    let listed = [51, 2, 115, 36, 51, 2, 81, 1];
    ask(&mut world, beacons(10, 0, (115, 255), ANY, &listed));
    assert_eq!(measured(&world), [(10, 0, Some(bssids[0])), (10, 0, Some(bssids[1]))]);
    let twice = [beacons(11, 0, HIGH, ANY, &[]), beacons(12, 0, HIGH, ANY, &[])].concat();
    ask(&mut world, twice);
    let refused = |world: &World| {
        sent(world).into_iter().any(|action| match action {
            Action::MeasurementReport(report) => report.elements().iter().any(|raw| {
                MeasurementReport::parse(&raw.body).is_ok_and(|it| (it.token, it.mode.0) == (12, 4))
            }),
            _ => false,
        })
    };
    assert!(refused(&world), "{:#?}", sent(&world));
    // A channel that the radio does not have, and what nobody measures here: a channel's load.
    ask(&mut world, beacons(7, 1, (115, 40), ANY, &[]));
    assert_eq!(measured(&world), [(7, 4, None)]);
    ask(&mut world, [&[38, 7, 8, 0, 3, 115, 36, 0, 0][..], &beacons(9, 2, HIGH, ANY, &[])].concat());
    assert_eq!(measured(&world), [(8, 2, None), (9, 0, Some(bssids[0])), (9, 0, Some(bssids[1]))]);
    // Rubbish gets no answer.
    let before = sent(&world).len();
    for elements in [vec![], vec![38, 1, 1], vec![38, 200, 1, 2], vec![39, 3, 1, 0, 5]] {
        ask(&mut world, elements);
    }
    assert_eq!(sent(&world).len(), before);
    world.check();
}

#[test]
fn an_association_announces_what_is_done_here() {
    let mut setups = aps(&[-50]);
    RmEnabledCapabilities::new(&[RmCapability::NeighborReport]).write(&mut setups[0].elements);
    for (setups, expected) in [(setups, true), (aps(&[-50]), false)] {
        let world = world_of(setups, personal(b"home"), SignalWatch::Asked);
        let elements = world.requests.iter().find_map(|request| match request {
            Request::Associate(request) => Some(request.elements.clone()),
            _ => None,
        });
        let elements = elements.unwrap();
        let elements = Elements::new(&elements);
        let measurements = elements.find::<RmEnabledCapabilities>().unwrap();
        assert_eq!(measurements.is_some_and(|it| it.has(RmCapability::BeaconTable)), expected);
        let extended = elements.find::<ExtendedCapabilities>().unwrap().unwrap();
        assert!(extended.has(ExtendedCapability::BssTransition));
    }
}
