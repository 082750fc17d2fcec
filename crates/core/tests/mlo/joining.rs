//! Into an AP MLD, and why not.

use super::{
    ap::{ApMld, id},
    bench::{Bench, Held, OWN, mlo_radio},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{AssociationPeer, Connection, Frequency, KernelEvent, KeyKind, Request, ScanRequest},
    radio::Radio,
};
use lapwing_frames::{
    MacAddr,
    management::{ReasonCode, StatusCode},
};

fn three() -> ApMld {
    ApMld::new(b"net", 1, &[(0, 36), (1, 40), (2, 149)])
}

#[test]
fn an_ap_mld_is_joined_with_all_its_links() {
    let mut bench = Bench::new(vec![three()]);
    bench.connect(b"net");
    let connection = bench.agreed();
    let (mld, links) = (bench.aps[0].address, &bench.aps[0].links);
    assert_eq!((connection.peer, connection.frequency), (mld, 5180));
    assert_eq!(connection.links, [0, 1, 2].map(id));
    assert_eq!(
        bench.commands(0),
        [
            &["AUTHENTICATE"; 2][..],
            &["ASSOCIATE"],
            &["CONTROL_PORT_FRAME"; 2],
            &["NEW_KEY"; 7],
            &["SET_STATION"],
        ]
        .concat()
    );
    for request in &bench.asked {
        match request {
            Request::Authenticate(request) => {
                assert_eq!((request.bssid, request.mld), (links[0].bssid, Some((id(0), mld))));
            }
            Request::Associate(request) => {
                let AssociationPeer::Mld { address, association_link, links: asked } = &request.peer else {
                    panic!("{request:?}")
                };
                assert_eq!((*address, *association_link, asked.len()), (mld, id(0), 3));
                assert_eq!(request.previous, None);
            }
            Request::SendKeyFrame { to, .. } | Request::AuthorizePort { peer: to } => assert_eq!(*to, mld),
            Request::InstallKey(key) => match key.kind {
                KeyKind::Pairwise { peer, .. } => assert_eq!((peer, key.link), (mld, None)),
                _ => assert!(key.link.is_some()),
            },
            _ => {}
        }
    }
}

#[test]
fn a_cached_pmksa_is_the_mlds_own() {
    let mut bench = Bench::new(vec![three()]);
    bench.connect(b"net");
    bench.ends(ReasonCode::Unspecified, true);
    assert!(bench.agreed().cached_pmksa);
    assert_eq!(bench.aps[0].full_authentications, 1);
    // As a single BSS it is another authenticator: nothing is cached for that.
    bench.pass(Duration::from_secs(20));
    let mut radio = bench.station.radio().clone();
    radio.multi_link = false;
    bench.station.set_radio(radio);
    bench.ends(ReasonCode::Unspecified, true);
    let connection = bench.agreed();
    assert!(!connection.cached_pmksa && connection.links.is_empty());
    assert_eq!(bench.aps[0].full_authentications, 2);
}

#[test]
fn a_refused_link_is_named_in_message_2_and_gets_no_keys() {
    let mut bench = Bench::new(vec![three()]);
    bench.aps[0].refused.insert(1);
    bench.connect(b"net");
    // The AP has counted the links of message 2, the refused one included.
    assert_eq!(bench.agreed().links, [0, 2].map(id));
}

#[test]
fn an_authentication_of_another_mld_or_of_nobody_is_not_taken() {
    for pretends in [None, Some(MacAddr([2, 0, 0, 9, 9, 9]))] {
        let mut bench = Bench::new(vec![three()]);
        bench.aps[0].pretends = Some(pretends);
        bench.connect(b"net");
        assert!(matches!(bench.failures()[0], Code::MultiLink(_)), "{:?}", bench.failures());
        assert!(!bench.asked.iter().any(|request| matches!(request, Request::Associate(_))));
        // In the end without multi-link operation.
        bench.aps[0].pretends = Some(None);
        bench.pass(Duration::from_secs(60));
        assert!(bench.agreed().links.is_empty());
    }
}

#[test]
fn an_ap_mld_that_gives_no_answer_is_tried_in_ways_that_differ() {
    let mut bench = Bench::new(vec![three()]);
    bench.aps[0].silent = true;
    bench.connect(b"net");
    bench.pass(Duration::from_secs(60));
    let tried: Vec<_> = bench
        .entries()
        .filter_map(|entry| match entry {
            lapwing_core::attempt::Entry::Chosen { bssid, links, .. } => Some((*bssid, links.len())),
            _ => None,
        })
        .collect();
    let bssid = |place: usize| bench.aps[0].links[place].bssid;
    // Each time by another link too, as the one before gave no answer.
    assert_eq!(tried[..3], [(bssid(0), 3), (bssid(1), 3), (bssid(2), 1)], "{tried:?}");
    assert!(tried[3..].iter().all(|(_, links)| *links == 0), "{tried:?}");
    bench.aps[0].silent = false;
    bench.pass(Duration::from_secs(100));
    assert!(bench.is_connected());
}

#[test]
fn a_word_of_the_kernel_that_contradicts_what_was_asked_for_ends_the_attempt() {
    type Distortion = fn(&mut Connection);
    let distortions: [(Distortion, &str); 9] = [
        (|connection| connection.links.clear(), "the kernel leaves out a link that was asked for"),
        (|connection| connection.links.truncate(2), "the kernel leaves out a link that was asked for"),
        (|connection| connection.links[1].id = id(7), "the kernel reports a link that was not asked for"),
        (|connection| connection.links[1].id = id(0), "the kernel reports another address of a link"),
        (
            |connection| connection.links.push(connection.links[1].clone()),
            "the kernel reports a link address of ours that cannot be",
        ),
        (
            |connection| connection.links[1].bssid = MacAddr([2, 0, 0, 9, 9, 9]),
            "the kernel reports another address of a link",
        ),
        (
            |connection| connection.links[1].address = connection.links[1].bssid,
            "the kernel reports a link address of ours that cannot be",
        ),
        (
            |connection| connection.links[1].address = MacAddr::BROADCAST,
            "the kernel reports a link address of ours that cannot be",
        ),
        (
            |connection| connection.links[0].status = StatusCode(37),
            "the kernel is connected without the link of the association",
        ),
    ];
    for (distort, expected) in distortions {
        let mut bench = Bench::new(vec![three()]);
        bench.distort = Some(distort);
        bench.connect(b"net");
        assert_eq!(bench.failures()[0], Code::KernelLinks(expected));
        assert!(!bench.asked.iter().any(|request| matches!(request, Request::InstallKey(_))));
        // It left, and comes in another way: the kernel's word of a BSS cannot be distorted so.
        bench.distort = None;
        bench.pass(Duration::from_secs(60));
        bench.agreed();
    }
}

#[test]
fn links_of_a_connection_that_was_to_have_none_end_the_attempt() {
    let mut bench = Bench::new(vec![three()]);
    let mut radio = bench.station.radio().clone();
    radio.multi_link = false;
    bench.station.set_radio(radio);
    bench.distort = Some(|connection| {
        connection.links.push(lapwing_core::kernel::ConnectionLink {
            id: id(0),
            bssid: connection.peer,
            address: OWN,
            status: StatusCode::Success,
        });
    });
    bench.connect(b"net");
    assert!(matches!(bench.failures()[0], Code::KernelLinks(_)));
    assert!(!matches!(bench.held, Held::Connected { authorized: true, .. }));
}

#[test]
fn a_link_that_is_announced_and_was_not_heard_is_listened_for_once() {
    for audible in [true, false] {
        let mut bench = Bench::new(vec![three()]);
        let link = bench.aps[0].links[2];
        // It was not heard when the table was read.
        bench.unheard.insert(link.bssid);
        bench.give(lapwing_core::station::Event::Kernel(KernelEvent::ScanDone { frequencies: vec![] }));
        bench.pass(Duration::from_secs(30));
        bench.deaf = !audible;
        let since = bench.asked.len();
        bench.connect(b"net");
        let scans: Vec<_> = bench.asked[since..]
            .iter()
            .filter_map(|request| match request {
                Request::TriggerScan(scan) => Some(scan.frequencies.clone()),
                _ => None,
            })
            .collect();
        let for_it = vec![Frequency(link.frequency())];
        assert_eq!(scans.iter().filter(|frequencies| **frequencies == for_it).count(), 1, "{scans:?}");
        assert_eq!(bench.agreed().links.len(), if audible { 3 } else { 2 });
    }
}

/// The directed scans since then, and the others.
fn scans(bench: &Bench, since: usize) -> (Vec<ScanRequest>, Vec<ScanRequest>) {
    let scans = bench.asked[since..].iter().filter_map(|request| match request {
        Request::TriggerScan(scan) => Some(scan.clone()),
        _ => None,
    });
    scans.partition(|scan| scan.bssid.is_some())
}

#[test]
fn an_ap_mld_is_asked_for_links_that_it_announces_and_nobody_heard() {
    for tells_links in [true, false] {
        let mut bench = Bench::new(vec![three()]);
        bench.aps[0].tells_links = tells_links;
        for link in 1..=2 {
            bench.unheard.insert(bench.aps[0].links[link].bssid);
        }
        bench.event(KernelEvent::ScanDone { frequencies: vec![] });
        let since = bench.asked.len();
        bench.connect(b"net");
        let (directed, others) = scans(&bench, since);
        let [asked] = &directed[..] else { panic!("{directed:?}") };
        let first = bench.aps[0].links[0];
        assert_eq!((asked.bssid, &asked.frequencies[..]), (Some(first.bssid), &[Frequency(5180)][..]));
        // Type 1, nothing of the common info, and no link: all of them.
        assert_eq!(asked.elements, [255, 4, 107, 1, 0, 1]);
        // What it did not tell is listened for where it is announced.
        let channels: Vec<_> = others.iter().map(|scan| scan.frequencies.clone()).collect();
        let expected = if tells_links { vec![] } else { vec![vec![Frequency(5200), Frequency(5745)]] };
        assert_eq!(channels, expected);
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
        // Not again and again.
        for seconds in [10, 60] {
            bench.pass(Duration::from_secs(seconds));
            for link in 1..=2 {
                bench.unheard.insert(bench.aps[0].links[link].bssid);
            }
            let since = bench.asked.len();
            bench.event(KernelEvent::ScanDone { frequencies: vec![] });
            bench.ends(ReasonCode::Unspecified, true);
            bench.pass(Duration::from_secs(1));
            assert_eq!(scans(&bench, since).0.len(), usize::from(seconds == 60), "{seconds}");
            assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
        }
    }
}

#[test]
fn a_radio_that_cannot_send_the_question_listens() {
    let mut bench = Bench::with(Radio { max_scan_elements: 5, ..mlo_radio() }, vec![three()]);
    bench.aps[0].tells_links = true;
    bench.unheard.insert(bench.aps[0].links[1].bssid);
    bench.event(KernelEvent::ScanDone { frequencies: vec![] });
    let since = bench.asked.len();
    bench.connect(b"net");
    let (directed, others) = scans(&bench, since);
    assert_eq!((directed.len(), others.len()), (0, 1));
    assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
}
