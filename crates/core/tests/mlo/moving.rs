//! From one connection to another: a goodbye with a frame first, the kernel's word, then a new authentication.

use super::{
    ap::{ApMld, id},
    bench::{Bench, Held, mlo_radio},
};
use lapwing_core::{Duration, kernel::Request};

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
    bench.give(lapwing_core::station::Event::Disconnect);
    bench.connect(b"first");
    assert_eq!(bench.commands(since)[..2], ["DEAUTHENTICATE", "AUTHENTICATE"]);
    assert!(bench.agreed().cached_pmksa);
    assert_eq!(bench.aps[1].full_authentications, 1);
}
