//! Joining and leaving: the order of events, the timers, and what is left.

use super::world::{
    AP, Bench, MLD, OWN, State, accepted, associate, authenticate, bssid, deauthenticate, events, farewell,
    key, lines, link, order, outcome, pairwise, response, sae, sent,
};
use crate::air::{Content, Protection, Transmission};
use crate::habit::{Habit, Habits};
use crate::parts::{Command, KernelInput, KernelOutput};
use lapwing_core::Duration;
use lapwing_core::kernel::{AssociateRequest, KernelEvent, KeyKind, Quality, Reply, Request};
use lapwing_frames::MacAddr;
use lapwing_frames::element::multi_link::MultiLink;
use lapwing_frames::element::{ElementId, write_raw};
use lapwing_frames::management::{AuthenticationAlgorithm, Body, Management, ReasonCode, StatusCode};

const OPEN: AuthenticationAlgorithm = AuthenticationAlgorithm::Open;
const SAE: AuthenticationAlgorithm = AuthenticationAlgorithm::Sae;

fn frame(transmission: &Transmission) -> Management {
    match &transmission.content {
        Content::Management { frame, .. } => Management::parse(frame).unwrap(),
        Content::Data { .. } => panic!("a data frame"),
    }
}

#[test]
fn a_connection_is_an_association_and_then_a_connection() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    let out = bench.command(Command::Request(Request::Authenticate(authenticate(false))));
    assert_eq!(
        lines(&out),
        [
            "wlan0: authenticate with 02:00:00:00:09:01 (local address=02:00:00:00:00:01)",
            "wlan0: send auth to 02:00:00:00:09:01 (try 1/3)",
        ]
    );
    assert_eq!(order(&out), ["="]);
    let out = bench.receive(0, response(OPEN, 2, 0), None);
    assert_eq!((order(&out), lines(&out)), (vec!["an authentication"], vec!["wlan0: authenticated"]));
    let out = bench.command(Command::Request(Request::Associate(associate(false))));
    assert_eq!(
        (order(&out), lines(&out)),
        (vec!["="], vec!["wlan0: associate with 02:00:00:00:09:01 (try 1/3)"])
    );
    let Body::AssociationRequest(request) = frame(&sent(&out)[0].0).body else { panic!() };
    let out = bench.receive(0, accepted(false, 0, 0), None);
    assert_eq!(order(&out), ["an association", "a connection"]);
    assert_eq!(
        lines(&out),
        ["wlan0: RX AssocResp from 02:00:00:00:09:01 (capab=0x11 status=0 aid=1)", "wlan0: associated",]
    );
    let KernelEvent::Connected(connection) = &events(&out)[1] else { panic!() };
    assert_eq!((connection.peer, connection.status, connection.links.len()), (AP, StatusCode::Success, 0));
    assert_eq!(connection.request_elements, request.elements);
    assert_eq!(bench.kernel.deadline(), None);
    let held = bench.held();
    assert_eq!((held.peer, held.authorized, held.links.len()), (AP, false, 0));
}

#[test]
fn an_ap_mld_is_joined_with_link_addresses_and_told_with_mld_addresses() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    let out = bench.command(Command::Request(Request::Authenticate(sae(true, 1))));
    let (first, _) = sent(&out).remove(0);
    let own = first.transmitter;
    assert!(own != OWN && own.is_local() && !own.is_group());
    let header = frame(&first).header;
    assert_eq!((header.receiver, header.transmitter, header.bssid), (bssid(0), own, bssid(0)));
    let Body::Authentication(commit) = frame(&first).body else { panic!() };
    let mut element = vec![];
    lapwing_frames::element::Element::write(&MultiLink::address_only(OWN), &mut element);
    assert_eq!(commit.payload, [vec![9, 9], element].concat());
    let out = bench.receive(0, response(SAE, 1, 0), None);
    let [KernelEvent::Authentication { frame: octets }] = &events(&out)[..] else { panic!() };
    let header = Management::parse(octets).unwrap().header;
    assert_eq!((header.receiver, header.transmitter, header.bssid), (OWN, MLD, MLD));
    // The confirm goes on with the same link and address.
    let out = bench.command(Command::Request(Request::Authenticate(sae(true, 2))));
    assert_eq!(sent(&out)[0].0.transmitter, own);
    bench.receive(0, response(SAE, 2, 0), None);
    let out = bench.command(Command::Request(Request::Associate(associate(true))));
    let Body::AssociationRequest(request) = frame(&sent(&out)[0].0).body else { panic!() };
    let element = request.elements().find::<MultiLink>().unwrap().unwrap();
    let basic = element.basic().unwrap();
    assert_eq!(basic.common.mld_address, OWN);
    let profiles = basic.profiles_by_link().unwrap();
    assert_eq!(profiles.keys().copied().collect::<Vec<_>>(), [link(1)]);
    let second = profiles[&link(1)].info.address.unwrap();
    let out = bench.receive(0, accepted(true, 0, 0), None);
    let KernelEvent::Connected(connection) = &events(&out)[1] else { panic!() };
    assert_eq!(connection.peer, MLD);
    let links: Vec<_> = connection.links.iter().map(|link| (link.id, link.bssid, link.address)).collect();
    assert_eq!(links, [(link(0), bssid(0), own), (link(1), bssid(1), second)]);
    assert_eq!(bench.held().links.len(), 2);
}

#[test]
fn who_the_mld_is_stands_once_in_a_frame_wherever_the_party_put_it() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    let mut element = vec![];
    lapwing_frames::element::Element::write(&MultiLink::address_only(OWN), &mut element);
    let mut request = sae(true, 1);
    request.data.extend([&element[..], &[255, 1, 93]].concat());
    let payload = request.data[4..].to_vec();
    let out = bench.command(Command::Request(Request::Authenticate(request)));
    let Body::Authentication(commit) = frame(&sent(&out)[0].0).body else { panic!() };
    assert_eq!(commit.payload, payload);
}

#[test]
fn a_link_that_the_ap_refuses_is_told_and_not_held() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    bench.ask(Request::Associate(associate(true))).unwrap();
    let out = bench.receive(0, accepted(true, 0, 37), None);
    let KernelEvent::Connected(connection) = &events(&out)[1] else { panic!() };
    let statuses: Vec<_> = connection.links.iter().map(|link| link.status.0).collect();
    assert_eq!(statuses, [0, 37]);
    assert_eq!(bench.held().links.keys().copied().collect::<Vec<_>>(), [link(0)]);
    assert_eq!(bench.held().station_links.len(), 1);
    let Ok(Reply::Interface(interface)) = bench.ask(Request::ReadInterface) else { panic!() };
    assert_eq!(interface.links.len(), 1);
}

#[test]
fn an_association_response_without_a_profile_for_each_link_is_a_timeout() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    bench.ask(Request::Associate(associate(true))).unwrap();
    let out = bench.receive(0, accepted(false, 0, 0), None);
    assert_eq!(events(&out), [KernelEvent::AssociationTimedOut { peer: MLD }]);
    assert!(!bench.kernel.truth().busy);
}

#[test]
fn a_refused_association_leaves_nothing() {
    let mut bench = Bench::at(State::Associating, Habits::NONE);
    let out = bench.receive(0, accepted(false, 53, 0), None);
    assert_eq!(order(&out), ["an association", "a connection"]);
    assert!(lines(&out).contains(&"wlan0: 02:00:00:00:09:01 denied association (code=53)"));
    nothing_is_left(&mut bench);
}

/// The old connection goes inside the command, and no frame says so.
#[test]
fn a_new_authentication_ends_the_connection_without_a_word_to_the_ap() {
    let mut bench = Bench::at(State::ConnectedMlo, Habits::NONE);
    let before = bench.held();
    bench.ask(Request::InstallKey(pairwise(MLD))).unwrap();
    let out = bench.command(Command::Request(Request::Authenticate(sae(true, 1))));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection", "="]);
    assert_eq!(
        lines(&out)[0],
        "wlan0: disconnect from AP 02:00:00:00:08:00 for new auth to 02:00:00:00:08:00"
    );
    let sent = sent(&out);
    assert_eq!(sent.len(), 1, "the Authentication frame alone");
    assert!(matches!(frame(&sent[0].0).body, Body::Authentication(_)));
    assert_ne!(sent[0].0.transmitter, before.links[&link(0)].address, "another link address");
    let KernelEvent::Disconnected { reason, by_ap } = events(&out)[1] else { panic!() };
    assert_eq!((reason, by_ap), (ReasonCode::Unspecified, false));
    // The AP answers the address that it knows: nobody is there.
    let old = before.links[&link(0)];
    let mut octets = vec![];
    let header = lapwing_frames::management::Header::new(old.address, bssid(0), bssid(0));
    Management { header, body: response(SAE, 1, 0) }.write(&mut octets);
    let lost = Transmission {
        frequency: super::world::CHANNEL,
        transmitter: bssid(0),
        receiver: old.address,
        content: Content::Management { frame: octets, protection: None },
    };
    assert_eq!(bench.turn(KernelInput::Received(lost)), []);
}

#[test]
fn frames_are_sent_three_times_and_then_it_is_over() {
    for (state, peer, each, event) in [
        (State::Authenticating, AP, 200, KernelEvent::AuthenticationTimedOut { peer: AP }),
        (State::Associating, AP, 200, KernelEvent::AssociationTimedOut { peer: AP }),
    ] {
        let mut bench = Bench::at(state, Habits::NONE);
        let out = bench.pass(Duration::from_millis(3 * each - 1));
        assert_eq!((sent(&out).len(), order(&out).len()), (2, 0), "{state:?}");
        let out = bench.pass(Duration::from_millis(1));
        assert_eq!(events(&out), [event], "{state:?}");
        assert!(lines(&out)[0].ends_with(&format!("with {peer} timed out")));
        nothing_is_left(&mut bench);
    }
    // Without an acknowledgement there is nothing to wait for.
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    let mut out = bench.command(Command::Request(Request::Authenticate(sae(false, 1))));
    for _ in 0..3 {
        let number = sent(&out)[0].1.unwrap();
        out = bench.turn(KernelInput::Transmitted { number, acknowledged: false });
    }
    assert_eq!(events(&out), [KernelEvent::AuthenticationTimedOut { peer: AP }]);
}

#[test]
fn sae_waits_two_seconds_for_each_side_and_says_nothing_of_the_party_s_lateness() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    bench.ask(Request::Authenticate(sae(false, 1))).unwrap();
    assert_eq!(bench.pass(Duration::from_millis(1999)), []);
    let out = bench.pass(Duration::from_millis(1));
    assert_eq!(sent(&out).len(), 1, "the commit again");
    for status in [0, 126, 127, 76] {
        let mut bench = bench.clone();
        let out = bench.receive(0, response(SAE, 1, status), None);
        assert_eq!(order(&out), ["an authentication"]);
        assert_eq!(bench.pass(Duration::from_secs(2)), [], "no event");
        assert!(!bench.kernel.truth().busy);
    }
    let out = bench.receive(0, response(SAE, 1, 77), None);
    assert_eq!(order(&out), ["an authentication"]);
    assert!(lines(&out)[0].ends_with("denied authentication (status 77)"));
    assert!(!bench.kernel.truth().busy);
}

#[test]
fn an_authentication_is_good_for_five_seconds() {
    let mut bench = Bench::at(State::Authenticated, Habits::NONE);
    assert_eq!(bench.pass(Duration::from_millis(4999)), []);
    assert!(bench.kernel.truth().busy);
    assert_eq!(bench.pass(Duration::from_millis(1)), [], "no event");
    assert!(!bench.kernel.truth().busy);
    // What comes after that is an association with nobody.
    assert_eq!(bench.ask(Request::Associate(associate(false))), Ok(Reply::Done));
}

#[test]
fn a_confirm_that_comes_before_ours_was_sent_counts() {
    let mut bench = Bench::at(State::Idle, Habits::NONE);
    bench.ask(Request::Authenticate(sae(false, 1))).unwrap();
    bench.receive(0, response(SAE, 1, 0), None);
    let out = bench.receive(0, response(SAE, 2, 0), None);
    assert_eq!(lines(&out), ["wlan0: SAE peer confirmed"]);
    let out = bench.command(Command::Request(Request::Authenticate(sae(false, 2))));
    assert!(lines(&out).contains(&"wlan0: authenticated"));
    assert_eq!(bench.ask(Request::Associate(associate(false))), Ok(Reply::Done));
}

#[test]
fn the_ap_may_ask_to_come_back_later() {
    let mut bench = Bench::at(State::Associating, Habits::NONE);
    let mut elements = vec![];
    write_raw(ElementId::Plain(56), &[3, 0xe8, 3, 0, 0], &mut elements);
    let Body::AssociationResponse(response) = accepted(false, 30, 0) else { panic!() };
    let later = lapwing_frames::management::AssociationResponse { elements, ..response };
    let out = bench.receive(0, Body::AssociationResponse(later), None);
    let after = Duration::from_micros(1_024_000);
    assert_eq!(events(&out), [KernelEvent::AssociationComeback { peer: AP, after }]);
    assert_eq!(bench.pass(after - Duration::from_millis(1)), []);
    assert_eq!(sent(&bench.pass(Duration::from_millis(1))).len(), 1);
    bench.receive(0, accepted(false, 0, 0), None);
    assert_eq!(bench.held().peer, AP);
}

#[test]
fn a_reassociation_leaves_the_ap_of_before_inside_the_command() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let again = AssociateRequest { previous: Some(AP), ..associate(true) };
    let out = bench.command(Command::Request(Request::Associate(again)));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection", "="]);
    assert!(lines(&out)[0].contains("for new assoc to 02:00:00:00:08:00"));
    let Body::ReassociationRequest(request) = frame(&sent(&out)[0].0).body else { panic!() };
    assert_eq!(request.current_ap, AP);
    let out = bench.receive(0, accepted(true, 0, 0), None);
    let KernelEvent::Connected(connection) = &events(&out)[1] else { panic!() };
    assert_eq!(connection.request_elements, request.elements);
}

/// Every way in which a connection ends, or an attempt.
#[test]
fn nothing_is_left_of_a_connection_whichever_way_it_ends() {
    type End = fn(&mut Bench, MacAddr) -> Vec<KernelOutput>;
    let by_command: End = |bench, peer| bench.command(Command::Request(deauthenticate(peer)));
    let by_disconnect: End = |bench, _| {
        bench.command(Command::Request(Request::Disconnect { reason: ReasonCode::LeavingDeauthenticated }))
    };
    let by_ap: End = |bench, _| bench.receive(0, farewell(6), None);
    let down: End = |bench, _| {
        let out = bench.turn(KernelInput::SetUp(false));
        bench.turn(KernelInput::SetUp(true));
        out
    };
    let blocked: End = |bench, _| {
        let out = bench.turn(KernelInput::Block(true));
        bench.turn(KernelInput::Block(false));
        bench.turn(KernelInput::SetUp(true));
        out
    };
    let asleep: End = |bench, _| {
        let out = bench.turn(KernelInput::Sleep(Duration::from_secs(60)));
        bench.pass(Duration::from_secs(61));
        out
    };
    let orphaned: End = |bench, _| {
        bench.turn(KernelInput::OwnerGone);
        bench.pass(Duration::ZERO);
        vec![]
    };
    let silent: End = |bench, _| {
        let known: Vec<_> = [0, 1].into_iter().map(|number| bench.addresses(number).1).collect();
        known.into_iter().for_each(|bssid| {
            bench.turn(KernelInput::BeaconsLost(bssid));
        });
        bench.pass(Duration::from_secs(2))
    };
    for end in [by_command, by_disconnect, by_ap, down, blocked, asleep, orphaned, silent] {
        for state in [State::Connected, State::ConnectedMlo] {
            let mut bench = Bench::at(state, Habits::NONE);
            let peer = Bench::peer(state);
            let on = (state == State::ConnectedMlo).then_some(1);
            bench.ask(Request::InstallKey(key(KeyKind::Group, on, 1))).unwrap();
            bench.ask(Request::AuthorizePort { peer }).unwrap();
            let out = end(&mut bench, peer);
            let farewells = ["a deauthentication", "the end of a connection"];
            let told: Vec<_> = order(&out).into_iter().filter(|name| farewells.contains(name)).collect();
            assert!(told.is_empty() || told == farewells, "{out:?}");
            nothing_is_left(&mut bench);
        }
    }
}

fn nothing_is_left(bench: &mut Bench) {
    let truth = bench.kernel.truth();
    assert_eq!((truth.up, truth.busy, truth.held), (true, false, None));
    assert_eq!(bench.kernel.deadline(), None);
    assert!(bench.kernel.frequencies().is_empty());
    let Ok(Reply::Interface(interface)) = bench.ask(Request::ReadInterface) else { panic!() };
    assert_eq!((interface.ssid, interface.channel, interface.links.len()), (None, None, 0));
    assert_eq!(bench.ask(Request::ReadStations), Ok(Reply::Stations(vec![])));
    let Ok(Reply::Scan(entries)) = bench.ask(Request::ReadScan) else { panic!() };
    assert!(entries.iter().all(|entry| !entry.associated));
}

#[test]
fn an_attempt_that_is_given_up_is_a_deauthentication_alone() {
    for (state, line) in [
        (State::Authenticating, "aborting authentication with"),
        (State::Authenticated, "aborting authentication with"),
        (State::Associating, "aborting association with"),
    ] {
        let mut bench = Bench::at(state, Habits::NONE);
        let out = bench.command(Command::Request(deauthenticate(AP)));
        assert_eq!(order(&out), ["a deauthentication", "="], "{state:?}");
        assert_eq!(lines(&out), [format!("wlan0: {line} {AP} by local choice (Reason: 3=DEAUTH_LEAVING)")]);
        assert!(matches!(frame(&sent(&out)[0].0).body, Body::Deauthentication(_)));
        nothing_is_left(&mut bench);
    }
    // A farewell of the AP means something only once we associate.
    let mut bench = Bench::at(State::Authenticated, Habits::NONE);
    assert_eq!(bench.receive(0, farewell(1), None), []);
    let mut bench = Bench::at(State::Associating, Habits::NONE);
    let out = bench.receive(0, farewell(9), None);
    assert_eq!(order(&out), ["a deauthentication"]);
    assert_eq!(
        lines(&out),
        [
            "wlan0: deauthenticated from 02:00:00:00:09:01 while associating (Reason: 9=STA_REQ_ASSOC_WITHOUT_AUTH)"
        ]
    );
    nothing_is_left(&mut bench);
}

#[test]
fn the_owner_s_death_ends_even_an_attempt() {
    let mut bench = Bench::at(State::Associating, Habits::NONE);
    assert_eq!(bench.turn(KernelInput::OwnerGone), []);
    let out = bench.pass(Duration::ZERO);
    assert_eq!((order(&out).len(), sent(&out).len()), (0, 1), "nobody listens, and the AP hears it");
    nothing_is_left(&mut bench);
}

#[test]
fn an_ap_without_beacons_is_given_up_and_forgotten() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    bench.turn(KernelInput::BeaconsLost(AP));
    let out = bench.pass(Duration::from_millis(717));
    assert_eq!(events(&out), [KernelEvent::Quality(Quality::BeaconLoss)]);
    let mut back = bench.clone();
    back.hear();
    assert_eq!(back.kernel.deadline(), None);
    let out = bench.pass(Duration::from_secs(1));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    assert_eq!(lines(&out), ["wlan0: Connection to AP 02:00:00:00:09:01 lost"]);
    let KernelEvent::Disconnected { reason, .. } = events(&out)[1] else { panic!() };
    assert_eq!(reason, ReasonCode::Inactivity);
    let Ok(Reply::Scan(entries)) = bench.ask(Request::ReadScan) else { panic!() };
    assert!(entries.iter().all(|entry| entry.bssid != AP));
}

#[test]
fn links_that_are_cleared_late_are_still_shown_for_a_moment() {
    let mut bench = Bench::at(State::ConnectedMlo, Habits::NONE.with(Habit::KernelLateLinkClear));
    bench.ask(deauthenticate(MLD)).unwrap();
    let links = |bench: &mut Bench| match bench.ask(Request::ReadInterface) {
        Ok(Reply::Interface(interface)) => (interface.ssid, interface.links.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(links(&mut bench), (None, 2));
    bench.pass(Duration::from_millis(50));
    assert_eq!(links(&mut bench), (None, 0));
    nothing_is_left(&mut bench);
}

#[test]
fn lost_events_are_reported_as_such() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    let out = bench.turn(KernelInput::Overflow);
    assert_eq!(out, [KernelOutput::Message(crate::parts::Message::EventsLost)]);
    let mut bench = Bench::with(super::world::setup(Habits::NONE.with(Habit::KernelLosesEvents)));
    let mut lost = 0;
    for _ in 0..200 {
        bench.hear();
        let out = bench.command(Command::Request(Request::TriggerScan(Default::default())));
        lost += usize::from(events(&out).is_empty());
        assert_eq!(outcome(out), Ok(Reply::Done), "answers are never lost");
        bench.turn(KernelInput::Heard(vec![]));
    }
    assert!((1..30).contains(&lost), "{lost}");
}

#[test]
fn a_farewell_without_protection_is_reported_once_there_is_a_key() {
    let forged = |bench: &mut Bench| bench.receive(0, farewell(7), None);
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    bench.ask(Request::InstallKey(pairwise(AP))).unwrap();
    let out = forged(&mut bench);
    assert_eq!(order(&out), ["a farewell without protection"]);
    let print = bench.held().pairwise[&0];
    let strange = Protection { key: crate::KeyPrint(7), packet_number: 1 };
    assert_eq!(bench.receive(0, farewell(7), Some(strange)), []);
    let ours = Protection { key: print, packet_number: 1 };
    let out = bench.receive(0, farewell(7), Some(ours));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    // Before there is a key, nobody can tell.
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    assert_eq!(order(&forged(&mut bench)), ["a deauthentication", "the end of a connection"]);
}
