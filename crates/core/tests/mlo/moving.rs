//! From one connection to another: a goodbye with a frame first, the kernel's word, then a new authentication.

use super::{
    ap::{ApMld, id},
    bench::{Bench, Held, OWN, mlo_radio, network},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{Errno, KernelEvent, Request},
    select::Rejection,
    station::Event,
};
use lapwing_frames::{MacAddr, management::ReasonCode};

/// A network to move to: the plain one is an AP MLD for a station that knows no links.
const KINDS: [(&[u8], &[u8]); 3] = [(b"plain", &[]), (b"first", &[0, 1]), (b"second", &[1, 2])];

fn world() -> Bench {
    let mut plain = ApMld::new(b"plain", 1, &[(0, 36)]);
    plain.plain = true;
    let first = ApMld::new(b"first", 2, &[(0, 36), (1, 40)]);
    let second = ApMld::new(b"second", 3, &[(1, 44), (2, 149)]);
    Bench::with(mlo_radio(), vec![plain, first, second])
}

#[test]
fn each_transition_says_goodbye_first_and_asks_for_no_key_that_the_kernel_refuses() {
    let before = [None].into_iter().chain(KINDS.into_iter().map(Some));
    for from in before {
        for (ssid, links) in KINDS {
            let mut bench = world();
            if let Some((ssid, _)) = from {
                bench.connect(ssid);
                bench.agreed();
                bench.pass(Duration::from_secs(20));
            }
            let since = bench.asked.len();
            bench.connect(ssid);
            bench.pass(Duration::from_millis(30));
            let links: Vec<_> = links.iter().map(|link| id(*link)).collect();
            assert_eq!(bench.agreed().links, links, "{from:?} to {ssid:?}");
            let commands = bench.commands(since);
            let goodbye = commands.iter().position(|name| *name == "DEAUTHENTICATE");
            assert_eq!(goodbye, from.map(|_| 0), "{commands:?}");
            let key_count = 1 + 2 * links.len().max(1);
            assert_eq!(commands.iter().filter(|name| **name == "NEW_KEY").count(), key_count);
            // It was a frame, to whom the kernel was connected with.
            if let Some(Request::Deauthenticate { peer, local_only, .. }) = bench.asked.get(since) {
                let left = bench.aps.iter().find(|ap| Some(ap.ssid) == from.map(|(ssid, _)| ssid)).unwrap();
                assert!(left.has(*peer) && !local_only);
                assert!(left.ssid == ssid || !left.is_secured(), "the AP was told");
            }
        }
    }
}

#[test]
fn nothing_is_asked_before_the_kernel_has_said_that_the_ap_mld_was_left() {
    for silent in [true, false] {
        let mut bench = world();
        bench.connect(b"first");
        bench.pass(Duration::from_secs(20));
        let since = bench.asked.len();
        bench.late_word = true;
        bench.connect(b"second");
        assert_eq!(bench.commands(since), ["DEAUTHENTICATE"]);
        if !silent {
            bench.late_word = false;
            bench.tell();
            assert_eq!(bench.agreed().links, [1, 2].map(id));
            continue;
        }
        // No word comes: the kernel is asked, and says that it holds nothing.
        bench.late_word = false;
        bench.pass(Duration::from_secs(3));
        assert!(matches!(bench.held, Held::Connected { authorized: true, .. }));
        assert_eq!(bench.agreed().links, [1, 2].map(id));
    }
}

#[test]
fn the_return_to_the_same_ap_mld_is_by_the_cached_key() {
    let mut bench = world();
    bench.connect(b"first");
    bench.pass(Duration::from_secs(20));
    let since = bench.asked.len();
    bench.give(Event::Disconnect);
    bench.connect(b"first");
    assert_eq!(bench.commands(since)[..2], ["DEAUTHENTICATE", "AUTHENTICATE"]);
    assert!(bench.agreed().cached_pmksa);
    assert_eq!(bench.aps[1].full_authentications, 1);
}

/// The goodbye may be on another link than the authentication that follows it, and an AP that heard them in the
/// other order said goodbye itself, for reason 9.
#[test]
fn an_authentication_does_not_overtake_the_goodbye_on_another_link() {
    let mut bench = world();
    bench.connect(b"first");
    bench.pass(Duration::from_secs(20));
    let since = bench.asked.len();
    bench.connect(b"first");
    bench.pass(Duration::from_millis(19));
    assert_eq!((bench.commands(since), &bench.held), (vec!["DEAUTHENTICATE"], &Held::Nothing));
    bench.pass(Duration::from_millis(2));
    assert_eq!(bench.agreed().links, [0, 1].map(id));
    // Another AP has nothing to get in the wrong order, and neither has one link.
    for (ssid, links) in [(b"second", 2), (b"plain\0", 0)].map(|(ssid, links)| (&ssid[..], links)) {
        let ssid = ssid.strip_suffix(b"\0").unwrap_or(ssid);
        bench.connect(ssid);
        assert_eq!(bench.agreed().links.len(), links);
    }
    bench.connect(b"plain");
    assert_eq!(bench.agreed().links, []);
}

/// Two AP MLDs of one network; the first one is nearer.
fn two() -> Bench {
    let near = ApMld::new(b"net", 1, &[(0, 36), (1, 40)]);
    let mut far = ApMld::new(b"net", 2, &[(1, 44), (2, 149)]);
    far.signal = -7000;
    Bench::with(mlo_radio(), vec![near, far])
}

/// The BSS of the first authentication since then, and how often one began.
fn authenticated(bench: &Bench, since: usize) -> (MacAddr, usize) {
    let requests = bench.asked[since..].iter().filter_map(|request| match request {
        Request::Authenticate(request) if request.data.first().is_none_or(|first| *first == 1) => {
            Some(request)
        }
        _ => None,
    });
    let bssids: Vec<_> = requests.map(|request| request.bssid).collect();
    (bssids[0], bssids.len())
}

#[test]
fn a_chosen_link_carries_the_association_and_a_chosen_ap_mld_takes_its_best() {
    for (chosen, expected) in [(0, 0), (1, 1), (2, 0)] {
        let mut bench = two();
        let (network, ap) = (network(b"net"), &bench.aps[0]);
        let addresses = [ap.links[0].bssid, ap.links[1].bssid, ap.address];
        bench.give(Event::ConnectTo { network, bssid: addresses[chosen] });
        assert_eq!(authenticated(&bench, 0), (addresses[expected], 1));
        assert_eq!(bench.agreed().links, [0, 1].map(id));
    }
    // Not the best, and another one.
    let mut bench = two();
    let bssid = bench.aps[1].links[1].bssid;
    bench.give(Event::ConnectTo { network: network(b"net"), bssid });
    assert_eq!((bench.agreed().peer, authenticated(&bench, 0)), (bench.aps[1].address, (bssid, 1)));
}

/// To the own AP MLD and each of its own links, to another one and back: the goodbye, the kernel's word, and the
/// first authentication connects.
#[test]
fn each_roam_takes_the_whole_way_and_connects_at_the_first_attempt() {
    let mut bench = two();
    bench.connect(b"net");
    let ways: Vec<_> =
        bench.aps.iter().flat_map(|ap| [ap.links[0].bssid, ap.links[1].bssid, ap.address]).collect();
    let mut full = [1, 0];
    for (place, bssid) in ways.iter().chain(&ways).enumerate() {
        bench.pass(Duration::from_secs(3));
        let since = bench.asked.len();
        // Others are heard only when somebody scans.
        bench.event(KernelEvent::ScanDone { frequencies: vec![] });
        assert_eq!(bench.station.could_roam(*bssid, bench.now), Ok(()));
        bench.give(Event::Roam { bssid: *bssid });
        bench.pass(Duration::from_millis(30));
        let to = (place % 6) / 3;
        let connection = bench.agreed();
        assert_eq!(connection.peer, bench.aps[to].address);
        assert_eq!(connection.cached_pmksa, bench.aps[to].full_authentications == full[to]);
        full[to] = bench.aps[to].full_authentications;
        assert_eq!(bench.commands(since)[..2], ["DEAUTHENTICATE", "AUTHENTICATE"]);
        let (first, count) = authenticated(&bench, since);
        assert_eq!(count, 1, "{place}");
        assert!(first == *bssid || bench.aps[to].address == *bssid);
        assert!(bench.failures().iter().all(|code| *code == Code::Asked));
    }
    assert_eq!(full, [1, 1]);
}

#[test]
fn nobody_goes_to_an_ap_that_was_not_heard_or_cannot_be_joined() {
    let mut bench = two();
    let unheard = MacAddr([2, 9, 9, 9, 9, 9]);
    assert_eq!(bench.station.could_roam(unheard, bench.now), Err(None));
    bench.connect(b"net");
    let since = bench.asked.len();
    for bssid in [unheard, OWN] {
        assert_eq!(bench.station.could_roam(bssid, bench.now), Err(None));
        bench.give(Event::Roam { bssid });
    }
    bench.pass(Duration::from_secs(20));
    let bssid = bench.aps[1].links[0].bssid;
    bench.pass(Duration::from_secs(8));
    assert_eq!(bench.station.could_roam(bssid, bench.now), Err(Some(Rejection::Stale)));
    bench.give(Event::Roam { bssid });
    assert!(bench.commands(since).is_empty() && bench.is_connected());
}

#[test]
fn a_choice_that_is_in_vain_does_not_keep_anybody_out_of_the_network() {
    let mut bench = two();
    bench.aps[1].silent = true;
    let bssid = bench.aps[1].address;
    bench.give(Event::ConnectTo { network: network(b"net"), bssid });
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.agreed().peer, bench.aps[0].address);
    // It counts for once: after a loss the best comes next.
    let mut bench = two();
    bench.give(Event::ConnectTo { network: network(b"net"), bssid });
    assert_eq!(bench.agreed().peer, bssid);
    bench.pass(Duration::from_secs(20));
    bench.ends(ReasonCode::Unspecified, true);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.agreed().peer, bench.aps[0].address);
}

/// Whatever is under way, the next request is done, and the one before leaves nothing behind.
#[test]
fn a_request_while_the_last_one_is_half_done() {
    for halfway in
        ["DEAUTHENTICATE", "AUTHENTICATE", "ASSOCIATE", "CONTROL_PORT_FRAME", "NEW_KEY", "SET_STATION"]
    {
        for wanted in 0..3 {
            let mut bench = two();
            bench.connect(b"net");
            bench.pass(Duration::from_secs(3));
            bench.silent_about = Some(halfway);
            let own = bench.aps[0].links[1].bssid;
            bench.give(Event::Roam { bssid: own });
            bench.pass(Duration::from_millis(40));
            let bssid = [bench.aps[0].links[0].bssid, own, bench.aps[1].address][wanted];
            bench.give(Event::ConnectTo { network: network(b"net"), bssid });
            bench.silent_about = None;
            bench.answer_all(Errno::ENOLINK);
            bench.pass(Duration::from_secs(8));
            bench.refused.clear();
            let expected = bench.aps[wanted / 2].address;
            assert_eq!(bench.agreed().peer, expected, "{halfway} {wanted}");
            assert!(bench.violations.is_empty());
        }
    }
}

/// Its last word may come, or the kernel finds by itself that the beacons have stopped. Either way nobody has to do
/// anything, and the way back takes ten seconds at most, the five for a handshake that never begins included.
#[test]
fn an_ap_mld_that_was_restarted_without_its_keys_is_returned_to_by_itself() {
    for (reason, by_ap) in [(ReasonCode::LeavingDeauthenticated, true), (ReasonCode::Inactivity, false)] {
        let mut bench = world();
        bench.connect(b"first");
        bench.pass(Duration::from_secs(20));
        assert_eq!(bench.aps[1].full_authentications, 1);
        bench.aps[1].restart();
        bench.ends(reason, by_ap);
        bench.pass(Duration::from_secs(10));
        assert_eq!(bench.agreed().links, [0, 1].map(id));
        assert_eq!((bench.agreed().cached_pmksa, bench.aps[1].full_authentications), (false, 2));
    }
}
