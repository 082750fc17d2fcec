//! Links that come and go while the connection stands.

use super::{
    ap::{ApMld, id},
    bench::{Bench, Held, OWN},
    fixtures::ApLink,
};
use lapwing_core::{
    Duration,
    attempt::Entry,
    failure::Code,
    kernel::{Errno, Frequency, KernelEvent, KeyKind, Request},
    select::LeftOut,
    station::{Event, LinkState},
};
use lapwing_frames::{
    MacAddr,
    management::{Action, Body, Header, Management, ReasonCode, action::LinkReconfigurationResponse},
};

/// Connected by three links, for long enough that an end of it is followed at once.
fn connected() -> Bench {
    let mut bench = Bench::new(vec![ApMld::new(b"net", 1, &[(0, 36), (1, 40), (2, 149)])]);
    bench.connect(b"net");
    bench.pass(Duration::from_secs(20));
    bench
}

/// The AP removes a link.
fn remove(bench: &mut Bench, number: u8) -> ApLink {
    let place = bench.aps[0].links.iter().position(|link| link.id == number).unwrap();
    let link = bench.aps[0].links.remove(place);
    bench.remove_links(&[number]);
    link
}

/// Until the AP is asked to add a link.
fn until_asked(bench: &mut Bench) {
    let asked = (0..60).any(|_| {
        bench.pass(Duration::from_secs(1));
        bench.reconfiguring.is_some()
    });
    assert!(asked);
}

fn mld(bench: &Bench) -> MacAddr {
    bench.aps[0].address
}

fn response(bench: &Bench, body: LinkReconfigurationResponse) -> KernelEvent {
    let peer = mld(bench);
    let mut frame = vec![];
    let body = Body::Action(Action::LinkReconfigurationResponse(body));
    Management { header: Header::new(OWN, peer, peer), body }.write(&mut frame);
    KernelEvent::LinksReconfigured { frame }
}

#[test]
fn a_removed_link_is_dropped_with_its_keys_and_another_is_the_association_link() {
    let mut bench = connected();
    remove(&mut bench, 0);
    let connection = bench.agreed();
    assert_eq!((&connection.links[..], connection.frequency), (&[id(1), id(2)][..], 5200));
    let gone = Entry::Links { links: vec![id(1), id(2)], removed: vec![id(0)], added: vec![] };
    assert!(bench.entries().any(|entry| *entry == gone));
    // What it does not have cannot be removed.
    for numbers in [&[0][..], &[14], &[]] {
        bench.remove_links(numbers);
    }
    assert_eq!(bench.agreed().links, [1, 2].map(id));
    // The last one leaves nothing.
    bench.aps[0].silent = true;
    bench.remove_links(&[1, 2]);
    assert_eq!(bench.failures(), [Code::MultiLink("no link is left")]);
    assert!(bench.asked.iter().any(|request| request.name() == "DEAUTHENTICATE"));
}

#[test]
fn group_keys_of_a_removed_link_are_not_taken_and_those_of_the_others_are() {
    let mut bench = connected();
    remove(&mut bench, 1);
    let since = bench.asked.len();
    let outputs = bench.aps[0].rekey(bench.now, &[0, 1, 2]);
    let peer = mld(&bench);
    bench.ap_says(peer, outputs);
    bench.give(Event::Tick);
    let links: Vec<_> = bench.asked[since..]
        .iter()
        .filter_map(|request| match request {
            Request::InstallKey(key) => Some(key.link.unwrap().get()),
            _ => None,
        })
        .collect();
    assert_eq!(links, [0, 0, 2, 2]);
    assert!(bench.has_ignored("a group key of a link that is not in use"));
    assert!(bench.aps[0].is_secured(), "it was answered all the same");
    bench.agreed();
}

#[test]
fn a_key_that_the_kernel_refuses_as_its_link_has_gone_ends_nothing() {
    let mut bench = connected();
    bench.silent_about = Some("NEW_KEY");
    let outputs = bench.aps[0].rekey(bench.now, &[1]);
    let peer = mld(&bench);
    bench.ap_says(peer, outputs);
    bench.give(Event::Tick);
    // The removal overtook the request; its refusal comes after the event.
    remove(&mut bench, 1);
    bench.silent_about = None;
    bench.answer_all(Errno::EINVAL);
    assert_eq!(bench.failures(), []);
    assert_eq!(bench.station.connection().unwrap().links, [0, 2].map(id));
}

#[test]
fn a_link_that_is_back_is_added_and_gets_its_keys() {
    let mut bench = connected();
    let link = remove(&mut bench, 1);
    bench.pass(Duration::from_secs(60));
    assert!(bench.reconfiguring.is_none(), "it is not back");
    bench.aps[0].links.insert(1, link);
    until_asked(&mut bench);
    let asked = bench.reconfiguring.take().unwrap();
    assert_eq!((asked.len(), asked[0].id, asked[0].bssid), (1, id(1), link.bssid));
    // The kernel adds the link, then tells.
    bench.add_link(id(1), link.bssid);
    let since = bench.asked.len();
    let event = response(&bench, bench.aps[0].reconfigured(&[(1, 0)], &[1]));
    bench.event(event);
    let keys: Vec<_> = bench.asked[since..]
        .iter()
        .filter_map(|request| match request {
            Request::InstallKey(key) => Some((key.link, key.kind, key.sequence[0])),
            _ => None,
        })
        .collect();
    assert_eq!(keys, [(Some(id(1)), KeyKind::Group, 1), (Some(id(1)), KeyKind::Integrity, 1)]);
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    let added = Entry::Links { links: [0, 1, 2].map(id).to_vec(), removed: vec![], added: vec![id(1)] };
    assert!(bench.entries().any(|entry| *entry == added));
    // It is not asked for again, and its keys can be renewed.
    bench.pass(Duration::from_secs(100));
    assert!(bench.reconfiguring.is_none());
    let outputs = bench.aps[0].rekey(bench.now, &[0, 1, 2]);
    let peer = mld(&bench);
    bench.ap_says(peer, outputs);
    bench.give(Event::Tick);
    assert_eq!(bench.keys.iter().filter(|(link, ..)| *link == Some(id(1))).count(), 4);
    bench.agreed();
}

#[test]
fn a_link_that_is_announced_again_is_listened_for_on_its_channel() {
    let mut bench = connected();
    let link = remove(&mut bench, 1);
    assert!(bench.asked.iter().all(|request| request.name() != "TRIGGER_SCAN"), "it has just gone");
    bench.unheard.insert(link.bssid);
    bench.aps[0].links.insert(1, link);
    let since = bench.asked.len();
    bench.pass(Duration::from_secs(12));
    let scans: Vec<_> = bench.asked[since..]
        .iter()
        .filter_map(|request| match request {
            Request::TriggerScan(scan) => Some(scan.frequencies.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(scans, [vec![Frequency(link.frequency())]]);
    assert!(bench.reconfiguring.is_some());
}

/// An AP MLD on Linux drops the probe requests of a client on a link that the client has not: a scan that asked heard
/// nothing, and the link was never added again.
#[test]
fn a_link_that_is_back_and_gives_its_client_no_answer_is_added() {
    let mut bench = connected();
    for back_after in [0, 100] {
        let link = remove(&mut bench, 1);
        bench.pass(Duration::from_secs(back_after));
        bench.unheard.insert(link.bssid);
        bench.mute.insert(link.bssid);
        bench.aps[0].links.insert(1, link);
        bench.pass(Duration::from_secs(11));
        assert!(bench.reconfiguring.take().is_some(), "back after {back_after} s");
        bench.add_link(id(1), link.bssid);
        let event = response(&bench, bench.aps[0].reconfigured(&[(1, 0)], &[1]));
        bench.event(event);
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    }
}

/// Each scan keeps the radio from the links in use.
#[test]
fn a_link_that_is_named_and_out_of_reach_is_listened_for_twice_a_minute() {
    let mut bench = connected();
    let link = remove(&mut bench, 1);
    bench.unheard.insert(link.bssid);
    bench.aps[0].links.insert(1, link);
    bench.deaf = true;
    let since = bench.asked.len();
    bench.pass(Duration::from_secs(300));
    let scans = bench.asked[since..].iter().filter(|request| request.name() == "TRIGGER_SCAN").count();
    assert_eq!(scans, 10);
}

#[test]
fn a_link_that_the_ap_does_not_add_after_all_is_not_asked_for_again() {
    let mut bench = connected();
    let link = remove(&mut bench, 1);
    bench.aps[0].links.insert(1, link);
    until_asked(&mut bench);
    bench.reconfiguring = None;
    let event = response(&bench, bench.aps[0].reconfigured(&[(1, 37)], &[]));
    bench.event(event);
    bench.pass(Duration::from_secs(100));
    assert!(bench.reconfiguring.is_none());
    assert_eq!(bench.agreed().links, [0, 2].map(id));
}

/// An answer that is wrong ends the connection before any key of it is installed; it comes back whole.
#[test]
fn each_way_in_which_an_answer_about_links_is_wrong() {
    type Wrong = fn(&mut Bench, ApLink) -> KernelEvent;
    let wrongs: [(&str, Wrong); 9] = [
        ("unreadable", |_, _| KernelEvent::LinksReconfigured { frame: vec![0xd0; 30] }),
        ("absurd", |bench, _| {
            let mut event = response(bench, bench.aps[0].reconfigured(&[(1, 0)], &[1]));
            if let KernelEvent::LinksReconfigured { frame } = &mut event {
                frame[27] = 200;
            }
            event
        }),
        ("another's", |bench, _| {
            let mut event = response(bench, bench.aps[0].reconfigured(&[(1, 0)], &[1]));
            if let KernelEvent::LinksReconfigured { frame } = &mut event {
                frame[15] ^= 1;
            }
            event
        }),
        ("about another link", |bench, _| response(bench, bench.aps[0].reconfigured(&[(2, 0)], &[2]))),
        ("about no link", |bench, _| response(bench, bench.aps[0].reconfigured(&[(15, 0)], &[1]))),
        ("about a link twice", |bench, _| {
            response(bench, bench.aps[0].reconfigured(&[(1, 0), (1, 0)], &[1]))
        }),
        ("without keys", |bench, _| response(bench, bench.aps[0].reconfigured(&[(1, 0)], &[]))),
        ("with keys of another link", |bench, link| {
            bench.add_link(id(1), link.bssid);
            response(bench, bench.aps[0].reconfigured(&[(1, 0)], &[2]))
        }),
        ("not the kernel's view", |bench, _| response(bench, bench.aps[0].reconfigured(&[(1, 0)], &[1]))),
    ];
    for (name, wrong) in wrongs {
        let mut bench = connected();
        let link = remove(&mut bench, 1);
        bench.aps[0].links.insert(1, link);
        until_asked(&mut bench);
        let since = bench.asked.len();
        let event = wrong(&mut bench, link);
        bench.event(event);
        assert_eq!(bench.failures().len(), 1, "{name}");
        let until_goodbye = bench.asked[since..].iter().take_while(|it| it.name() != "DEAUTHENTICATE");
        assert!(until_goodbye.clone().all(|request| request.name() != "NEW_KEY"), "{name}");
        assert!(until_goodbye.count() < bench.asked.len() - since, "{name}");
        bench.pass(Duration::from_millis(30));
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id), "{name}");
    }
}

#[test]
fn a_kernel_that_keeps_removed_links_is_found_out_and_gets_no_request_to_add_one() {
    let mut bench = connected();
    bench.leaks = true;
    let link = remove(&mut bench, 1);
    let kept = "it keeps a link of the access point that the interface no longer has";
    let named = bench
        .entries()
        .any(|entry| matches!(entry, Entry::Failed(why) if why.code == Code::KernelLinks(kept)));
    assert!(named && bench.failures().is_empty() && bench.is_connected());
    bench.aps[0].links.insert(1, link);
    bench.pass(Duration::from_secs(12));
    assert!(!bench.asked.iter().any(|request| request.name() == "ASSOC_MLO_RECONF"));
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    assert_eq!(bench.failures().len(), 1);
}

#[test]
fn a_kernel_that_keeps_removed_links_and_does_not_say_so_fails_once() {
    let mut bench = connected();
    bench.leaks = true;
    bench.hides_leak = true;
    for times in 1..=2 {
        let link = remove(&mut bench, 1);
        bench.aps[0].links.insert(1, link);
        bench.pass(Duration::from_secs(40));
        assert_eq!(bench.failures().len(), times);
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    }
    assert_eq!(
        bench.failures()[0],
        Code::KernelLinks("it gave the connection up when a link was to be added")
    );
    let asked = bench.asked.iter().filter(|request| request.name() == "ASSOC_MLO_RECONF").count();
    assert_eq!(asked, 1, "the second time it is done by a new connection");
}

#[test]
fn a_refused_or_forgotten_request_to_add_a_link_is_followed_by_a_new_connection() {
    for refused in [true, false] {
        let mut bench = connected();
        let link = remove(&mut bench, 1);
        bench.aps[0].links.insert(1, link);
        bench.refuse = refused.then_some(("ASSOC_MLO_RECONF", Errno::EBUSY));
        bench.pass(Duration::from_secs(20));
        bench.refused.clear();
        assert_eq!(bench.failures().len(), 1);
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    }
}

/// A kernel that cannot use the answer says so by an empty one, and ends the connection: it is not left a second time.
#[test]
fn a_kernel_that_gives_up_while_it_adds_a_link_is_not_asked_to() {
    let mut bench = connected();
    let link = remove(&mut bench, 1);
    bench.aps[0].links.insert(1, link);
    until_asked(&mut bench);
    bench.event(KernelEvent::LinksReconfigured { frame: vec![] });
    assert_eq!((bench.failures(), bench.is_connected()), (vec![], true));
    let since = bench.asked.len();
    bench.ends(ReasonCode::Inactivity, false);
    assert_eq!(
        bench.failures(),
        [Code::KernelLinks("it gave the connection up when a link was to be added")]
    );
    assert!(bench.asked[since..].iter().all(|request| request.name() != "DEAUTHENTICATE"));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
}

#[test]
fn what_the_kernel_believes_about_links_after_lost_events_is_believed() {
    // A removal was among the lost events.
    let mut bench = connected();
    if let Held::Connected { links, .. } = &mut bench.held {
        links.remove(&id(1));
    }
    bench.keys.retain(|(link, ..)| *link != Some(id(1)));
    bench.give(Event::EventsLost);
    assert_eq!(bench.agreed().links, [0, 2].map(id));
    assert_eq!(bench.failures(), []);
    // A link has come of which nobody here knows: there are no keys for it.
    bench.add_link(id(5), MacAddr([2, 0, 0, 1, 0xb0, 5]));
    bench.give(Event::EventsLost);
    assert_eq!(bench.failures(), [Code::StateLost]);
    bench.pass(Duration::from_millis(30));
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    // A link has another address of ours: it is not the one of before.
    let mut bench = connected();
    if let Held::Connected { links, .. } = &mut bench.held {
        links.get_mut(&id(1)).unwrap().1 = MacAddr([2, 9, 9, 9, 9, 9]);
    }
    bench.give(Event::EventsLost);
    assert_eq!(bench.failures(), [Code::StateLost]);
}

#[test]
fn a_reconfiguration_that_was_not_asked_for_is_looked_into() {
    let mut bench = connected();
    let event = response(&bench, bench.aps[0].reconfigured(&[(3, 0)], &[3]));
    let since = bench.asked.len();
    bench.event(event);
    assert!(bench.asked[since..].iter().any(|request| request.name() == "GET_INTERFACE"));
    assert!(bench.asked[since..].iter().all(|request| request.name() != "NEW_KEY"));
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
}

#[test]
fn an_ap_mld_that_ends_it_is_returned_to_with_all_links() {
    let mut bench = connected();
    remove(&mut bench, 1);
    bench.ends(ReasonCode::InvalidClass3Frame, true);
    assert_eq!(bench.agreed().links, [0, 2].map(id));
}

/// A kernel that is connected to an AP without a Country element does not name the network; it was taken for one
/// that had lost the connection whenever a link was removed.
#[test]
fn a_kernel_that_does_not_name_the_network_has_not_lost_the_connection() {
    let mut bench = connected();
    bench.nameless = true;
    remove(&mut bench, 1);
    bench.give(Event::EventsLost);
    assert_eq!(bench.failures(), []);
    assert_eq!(bench.agreed().links, [0, 2].map(id));
}

/// Linux 6.12 has no command to add links: a link that comes later is not worth the end of a connection.
#[test]
fn a_kernel_that_cannot_add_links_keeps_its_connection() {
    for removed in [false, true] {
        let mut bench = Bench::new(vec![ApMld::new(b"net", 1, &[(0, 36), (1, 40), (2, 149)])]);
        let late = bench.aps[0].links[1];
        if !removed {
            bench.aps[0].links.remove(1);
            // It is announced, and not heard.
            bench.aps[0].links.insert(1, late);
            bench.unheard.insert(late.bssid);
            bench.deaf = true;
            bench.event(KernelEvent::ScanDone { frequencies: vec![] });
        }
        bench.connect(b"net");
        bench.pass(Duration::from_secs(20));
        if removed {
            let link = remove(&mut bench, 1);
            bench.aps[0].links.insert(1, link);
        }
        (bench.deaf, bench.unheard) = (false, [].into());
        bench.refuse = Some(("ASSOC_MLO_RECONF", Errno::EOPNOTSUPP));
        bench.pass(Duration::from_secs(100));
        bench.refused.clear();
        assert_eq!(bench.refuse, None, "it was asked once");
        let asked = bench.asked.iter().filter(|request| request.name() == "ASSOC_MLO_RECONF").count();
        assert_eq!((asked, bench.failures()), (1, vec![]));
        assert_eq!(bench.agreed().links, [0, 2].map(id));
        if removed {
            // Why it is not used is told, until the AP removes it again.
            let is_back = LinkState::LeftOut(LeftOut::NotByKernel);
            assert_eq!(bench.station.multi_link(bench.now).unwrap().links[1].state, is_back);
            bench.aps[0].links.remove(1);
            bench.pass(Duration::from_secs(20));
            let state = bench.station.multi_link(bench.now).unwrap().links[1].state;
            assert_eq!(state, LinkState::Removed);
        }
    }
}
