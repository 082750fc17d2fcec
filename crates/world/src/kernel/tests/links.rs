//! Links that go and come: by the AP's announcement, and by request.

use super::world::{
    Bench, MLD, State, accepted, associate, beacon, bssid, channel, events, key, lines, link, mld_elements,
    order, pairwise, sent,
};
use crate::air::{Content, Protection};
use crate::habit::{Habit, Habits};
use crate::parts::{Command, KernelInput, KernelOutput};
use lapwing_core::Duration;
use lapwing_core::kernel::{AssociationLink, Errno, Frequency, KernelEvent, KeyKind, Reply, Request};
use lapwing_frames::element::channel::{ChannelSwitch, SwitchMode};
use lapwing_frames::element::multi_link::{
    Basic, BasicCommon, PerStaProfile, PerStaReconfiguration, Reconfiguration, ReconfigurationCommon,
    ReconfigurationInfo, ReconfigurationOperation, StaInfo, Subelement,
};
use lapwing_frames::element::{Counted, Element, MultiLink};
use lapwing_frames::management::action::{GroupKeyData, LinkReconfigurationResponse, LinkStatus};
use lapwing_frames::management::{Action, Body, Management, ReasonCode, StatusCode};

/// A beacon of a link that announces the removal of links, each with its countdown.
fn removal(number: u8, going: &[(u8, u16)]) -> KernelInput {
    let links = going.iter().map(|(number, timer)| {
        Subelement::PerSta(PerStaReconfiguration {
            number: *number,
            complete: false,
            operation: ReconfigurationOperation::ApRemoval,
            info: ReconfigurationInfo { removal_timer: Some(*timer), ..ReconfigurationInfo::default() },
            reserved: 0,
            profile: vec![],
        })
    });
    let common = ReconfigurationCommon::default();
    let mut elements = mld_elements(number);
    MultiLink::Reconfiguration(Reconfiguration { common, links: links.collect(), reserved: 0 })
        .write(&mut elements);
    KernelInput::Beacon(beacon(bssid(number), channel(number), elements))
}

fn connected(habits: Habits) -> Bench {
    let mut bench = Bench::at(State::ConnectedMlo, habits);
    bench.ask(Request::InstallKey(pairwise(MLD))).unwrap();
    for on in [0, 1] {
        bench.ask(Request::InstallKey(key(KeyKind::Group, Some(on), 1))).unwrap();
    }
    bench
}

#[test]
fn an_announced_link_goes_when_its_beacons_are_counted() {
    let mut bench = connected(Habits::NONE);
    bench.turn(removal(0, &[(1, 10)]));
    let until = Duration::from_micros(9 * 100 * 1024);
    assert_eq!(bench.pass(until - Duration::from_millis(1)), []);
    let out = bench.pass(Duration::from_millis(1));
    assert_eq!(events(&out), [KernelEvent::LinksRemoved { links: vec![link(1)] }]);
    assert_eq!(lines(&out), ["wlan0: MLO Reconfiguration: work: valid=0x3, removed=0x2"]);
    let held = bench.held();
    assert_eq!(held.links.keys().copied().collect::<Vec<_>>(), [link(0)]);
    assert_eq!(held.station_links.len(), 1);
    assert_eq!(held.group.keys().copied().collect::<Vec<_>>(), [(Some(link(0)), 1)]);
    let gone = bench.ask(Request::InstallKey(key(KeyKind::Group, Some(1), 2))).unwrap_err();
    assert_eq!(
        (gone.errno, gone.message.as_deref()),
        (Errno::EINVAL, Some("invalid link ID for MLO group key"))
    );
}

#[test]
fn the_least_countdown_is_that_of_all_links_and_a_beacon_without_cancels_it() {
    let mut bench = connected(Habits::NONE);
    bench.turn(removal(0, &[(0, 50), (1, 3), (2, 1)]));
    assert_eq!(bench.kernel.deadline(), Some(bench.now + Duration::from_micros(2 * 102_400)));
    let mut cancelled = bench.clone();
    cancelled.hear();
    assert_eq!(cancelled.kernel.deadline(), None);
    let out = bench.pass(Duration::from_secs(1));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    assert_eq!(lines(&out)[1], "wlan0: No valid links after reconfiguration");
    let KernelEvent::Disconnected { reason, by_ap } = events(&out)[1] else { panic!() };
    assert_eq!((reason, by_ap), (ReasonCode::Inactivity, false));
}

#[test]
fn a_bad_kernel_keeps_the_removed_link_in_the_station() {
    let mut bench = connected(Habits::NONE.with(Habit::KernelKeepsRemovedStationLinks));
    bench.turn(removal(0, &[(1, 1)]));
    bench.pass(Duration::ZERO);
    assert_eq!(bench.held().links.len(), 1);
    assert_eq!(bench.held().station_links.len(), 2);
    let Ok(Reply::Stations(stations)) = bench.ask(Request::ReadStations) else { panic!() };
    assert_eq!(stations[0].links, [link(0), link(1)]);
    // The same link comes again: the kernel stumbles over what it kept.
    let (out, token) = add(&mut bench, 1);
    assert_eq!(order(&out), ["="]);
    let out = answer(&mut bench, token, &[(1, 0)], true);
    assert_eq!(lines(&out)[0], "WARNING: at net/mac80211/sta_info.c ieee80211_sta_allocate_link [mac80211]");
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
}

/// Asks for a link to be added: what came of it, and the dialog token.
fn add(bench: &mut Bench, number: u8) -> (Vec<KernelOutput>, u8) {
    bench.hear();
    let add = vec![AssociationLink { id: link(number), bssid: bssid(number), frequency: channel(number) }];
    let out = bench.command(Command::Request(Request::ReconfigureLinks { add, remove: vec![] }));
    let token = token(&out);
    (out, token)
}

fn token(out: &[KernelOutput]) -> u8 {
    let Content::Management { frame, protection } = &sent(out)[0].0.content else { panic!() };
    assert!(protection.is_some(), "a robust action");
    match Management::parse(frame).unwrap().body {
        Body::Action(Action::LinkReconfigurationRequest(request)) => request.dialog_token,
        other => panic!("{other:?}"),
    }
}

fn answer(bench: &mut Bench, dialog_token: u8, links: &[(u8, u16)], keys: bool) -> Vec<KernelOutput> {
    let profiles = links.iter().map(|(number, status)| {
        Subelement::PerSta(PerStaProfile {
            number: *number,
            complete: true,
            info: StaInfo { address: Some(bssid(*number)), ..StaInfo::default() },
            reserved: 0,
            profile: [&[0x11, 0][..], &status.to_le_bytes()].concat(),
        })
    });
    let common = BasicCommon { mld_address: MLD, ..BasicCommon::default() };
    let mut elements = vec![];
    MultiLink::Basic(Basic { common, links: profiles.collect(), reserved: 0 }).write(&mut elements);
    let links =
        links.iter().map(|(number, status)| LinkStatus { information: *number, status: StatusCode(*status) });
    let body = Body::Action(Action::LinkReconfigurationResponse(LinkReconfigurationResponse {
        dialog_token,
        links: links.collect(),
        group_keys: keys.then(|| GroupKeyData(Counted::new(vec![0xdd, 4, 0, 15, 172, 16]).unwrap())),
        elements,
    }));
    let number = bench.held().links.keys().next().unwrap().get();
    let print = bench.held().pairwise[&0];
    let packet_number = u64::from(dialog_token) + 100;
    bench.receive(number, body, Some(Protection { key: print, packet_number }))
}

#[test]
fn a_link_is_added_once_the_ap_says_so() {
    let mut bench = connected(Habits::NONE);
    let (out, token) = add(&mut bench, 2);
    assert_eq!(lines(&out), ["wlan0: mlo: reconf: adding=0x4, removed=0x0"]);
    let busy = Request::ReconfigureLinks { add: vec![], remove: vec![link(0)] };
    assert_eq!(bench.clone().ask(busy).unwrap_err().errno, Errno::EBUSY);
    assert_eq!(answer(&mut bench.clone(), token + 1, &[(2, 0)], true), [], "another dialog");
    let out = answer(&mut bench, token, &[(2, 0)], true);
    assert_eq!(order(&out), ["a reconfiguration of links"]);
    assert_eq!(bench.held().links.len(), 3);
    assert_eq!(bench.held().station_links.len(), 3);
    bench.ask(Request::InstallKey(key(KeyKind::Group, Some(2), 1))).unwrap();
    assert_eq!(bench.kernel.deadline(), None);
}

#[test]
fn a_removed_link_goes_before_the_frame_and_without_an_answer_everything_goes() {
    let mut bench = connected(Habits::NONE);
    let request = Request::ReconfigureLinks { add: vec![], remove: vec![link(0)] };
    let out = bench.command(Command::Request(request));
    assert_eq!(order(&out), ["the removal of links", "="]);
    let kinds: Vec<_> = out.iter().map(|output| matches!(output, KernelOutput::Transmit { .. })).collect();
    assert_eq!(kinds, [false, false, true, false], "event, line, frame, answer");
    assert_eq!(sent(&out)[0].0.receiver, bssid(1), "on the link that stays");
    assert_eq!(bench.held().links.len(), 1);
    let mut answered = bench.clone();
    assert_eq!(answer(&mut answered, token(&out), &[(0, 0)], false), []);
    assert_eq!(answered.kernel.deadline(), None);
    let out = bench.pass(Duration::from_millis(100));
    assert_eq!(lines(&out), ["wlan0: mlo: reconf: timeout: added=0x0, removed=0x1"]);
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
}

#[test]
fn an_answer_that_is_not_as_it_must_be_ends_the_connection() {
    for (links, keys, line) in [
        (vec![(1, 0)], true, "mlo: reconf: unexpected link: 1, changed=0x4"),
        (vec![(2, 0), (2, 0)], true, "mlo: reconf: unexpected link: 2, changed=0x4"),
        (vec![], true, "mlo: reconf: no response for links=0x4"),
        (vec![(2, 0)], false, "mlo: reconf: invalid group key data length"),
    ] {
        let mut bench = connected(Habits::NONE);
        let (_, token) = add(&mut bench, 2);
        let out = answer(&mut bench, token, &links, keys);
        assert_eq!(lines(&out)[0], format!("wlan0: {line}"));
        assert_eq!(order(&out), ["a deauthentication", "the end of a connection"], "{line}");
    }
    // A refused link is no reason to leave, and no event.
    let mut bench = connected(Habits::NONE);
    let (_, token) = add(&mut bench, 2);
    let out = answer(&mut bench, token, &[(2, 37)], false);
    assert_eq!(
        (order(&out).len(), lines(&out)),
        (0, vec!["wlan0: mlo: reconf: failed on link=2, status=37"])
    );
    assert_eq!(bench.held().links.len(), 2);
}

#[test]
fn a_reconfiguration_that_makes_no_sense_is_refused() {
    let bss =
        |number: u8| AssociationLink { id: link(number), bssid: bssid(number), frequency: channel(number) };
    let lost = AssociationLink { frequency: Frequency(2412), ..bss(2) };
    for (add, remove, errno) in [
        (vec![], vec![], Errno::EINVAL),
        (vec![bss(1)], vec![], Errno::EINVAL),
        (vec![], vec![link(2)], Errno::EINVAL),
        (vec![], vec![link(0), link(1)], Errno::EINVAL),
        (vec![bss(2)], vec![link(2)], Errno::EINVAL),
        (vec![lost], vec![], Errno::ENOENT),
    ] {
        let mut bench = connected(Habits::NONE);
        let refusal = bench.ask(Request::ReconfigureLinks { add, remove }).unwrap_err();
        assert_eq!(refusal.errno, errno);
    }
}

#[test]
fn a_channel_switch_is_followed() {
    let switch = |number: u8, to: u8, count| {
        let mut elements = mld_elements(number);
        let announced = ChannelSwitch { mode: SwitchMode::NoRestriction, channel: to, count, tail: vec![] };
        announced.write(&mut elements);
        KernelInput::Beacon(beacon(bssid(number), channel(number), elements))
    };
    let mut bench = connected(Habits::NONE);
    let out = bench.turn(switch(1, 11, 4));
    let target = Frequency(2462);
    let started = KernelEvent::ChannelSwitchStarted { link: Some(link(1)), frequency: target };
    assert_eq!(events(&out), [started]);
    assert_eq!(bench.turn(switch(1, 11, 3)), []);
    let out = bench.pass(Duration::from_micros(3 * 102_400));
    assert_eq!(events(&out), [KernelEvent::ChannelSwitched { link: Some(link(1)), frequency: target }]);
    assert!(bench.kernel.frequencies().contains(&target));
    let Ok(Reply::Interface(interface)) = bench.ask(Request::ReadInterface) else { panic!() };
    assert_eq!(interface.links[1].channel.unwrap().primary, target);
    // Where the radio may not go, it does not follow.
    let out = bench.turn(switch(0, 3, 4));
    assert_eq!(order(&out), ["a deauthentication", "the end of a connection"]);
    assert_eq!(lines(&out), ["wlan0: AP 02:00:00:00:08:00 switches to unsupported channel, disconnecting"]);
}

#[test]
fn the_links_are_read_back_everywhere() {
    let mut bench = connected(Habits::NONE);
    bench.ask(Request::AuthorizePort { peer: MLD }).unwrap();
    bench.pass(Duration::from_secs(60));
    let Ok(Reply::Scan(entries)) = bench.ask(Request::ReadScan) else { panic!() };
    let current: Vec<_> = entries.iter().map(|entry| (entry.bssid, entry.associated, entry.mld)).collect();
    assert_eq!(
        current,
        [(bssid(0), true, Some((link(0), MLD))), (bssid(1), true, Some((link(1), MLD))),],
        "what is held does not expire"
    );
    let Ok(Reply::Stations(stations)) = bench.ask(Request::ReadStations) else { panic!() };
    assert_eq!((stations[0].address, stations[0].authorized, stations[0].signal_dbm), (MLD, true, Some(-42)));
    // A second association gives other links addresses.
    let before = bench.held().links;
    bench.ask(super::world::deauthenticate(MLD)).unwrap();
    bench.hear();
    bench.ask(Request::Associate(associate(true))).unwrap();
    bench.receive(0, accepted(true, 0, 0), None);
    assert!(bench.held().links.iter().all(|(id, held)| before[id].address != held.address));
}

#[test]
fn a_connection_whose_last_link_with_beacons_is_removed_is_lost() {
    let mut bench = connected(Habits::NONE);
    bench.turn(KernelInput::BeaconsLost(bssid(0)));
    assert_eq!(bench.kernel.deadline(), None, "the other link is heard");
    bench.turn(removal(1, &[(1, 1)]));
    let out = bench.pass(Duration::from_secs(2));
    assert_eq!(
        order(&out),
        ["the removal of links", "a change of quality", "a deauthentication", "the end of a connection"]
    );
}
