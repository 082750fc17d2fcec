//! What a person is told of the links of a connection.

use super::{
    ap::{ApMld, id},
    bench::{Bench, OWN, mlo_radio},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{KernelEvent, Request},
    radio::{Radio, SignalWatch},
    select::{LeftOut, Manner},
    station::{LinkState, MultiLink},
};
use lapwing_frames::{
    element::{
        Element, TidToLinkMapping,
        tid_to_link::{LinkMapping, MappingDirection},
    },
    management::{ReasonCode, StatusCode},
};

fn bench() -> Bench {
    Bench::new(vec![ApMld::new(b"net", 1, &[(0, 36), (1, 40), (2, 149)])])
}

fn shown(bench: &Bench) -> MultiLink {
    bench.station.multi_link(bench.now).unwrap()
}

fn states(bench: &Bench) -> Vec<(u8, LinkState)> {
    shown(bench).links.iter().map(|link| (link.id.get(), link.state)).collect()
}

#[test]
fn links_in_use_are_shown_with_both_addresses() {
    let mut bench = bench();
    assert_eq!(bench.station.multi_link(bench.now), None);
    bench.connect(b"net");
    let shown = shown(&bench);
    assert_eq!(
        (shown.address, shown.manner, shown.fell_back),
        (bench.aps[0].address, Manner::AllLinks, None)
    );
    for (link, ap) in shown.links.iter().zip(&bench.aps[0].links) {
        assert_eq!((link.id.get(), link.bssid), (ap.id, ap.bssid));
        assert_eq!(link.frequency.unwrap().0, ap.frequency());
        assert!(link.own.is_some_and(|own| own != OWN && own != link.bssid));
        assert_eq!((link.association, link.state), (ap.id == 0, LinkState::Used));
    }
    assert_eq!(shown.links.len(), 3);
    bench.aps[0].silent = true;
    bench.ends(ReasonCode::Unspecified, true);
    assert_eq!(bench.station.multi_link(bench.now), None);
}

#[test]
fn the_signal_of_an_ap_mld_is_asked_for_since_the_kernel_does_not_tell() {
    for signal_watch in [SignalWatch::Threshold, SignalWatch::Thresholds] {
        let radio = Radio { signal_watch, ..mlo_radio() };
        let mut bench = Bench::with(radio, vec![ApMld::new(b"net", 1, &[(0, 36), (1, 40)])]);
        bench.connect(b"net");
        bench.pass(Duration::from_secs(30));
        let commands: Vec<_> = bench.asked.iter().map(Request::name).collect();
        assert!(!commands.contains(&"SET_CQM") && commands.contains(&"GET_STATION"), "{commands:?}");
        assert!(bench.is_connected());
    }
}

#[test]
fn each_link_that_is_not_used_says_why() {
    let mut bench = bench();
    bench.aps[0].refused.insert(1);
    bench.unheard.insert(bench.aps[0].links[2].bssid);
    bench.deaf = true;
    bench.event(KernelEvent::ScanDone { frequencies: vec![] });
    bench.connect(b"net");
    let refused = LinkState::Refused(StatusCode(37));
    let unheard = LinkState::LeftOut(LeftOut::NotHeard);
    assert_eq!(states(&bench), [(0, LinkState::Used), (1, refused), (2, unheard)]);
    assert!(shown(&bench).links[1..].iter().all(|link| link.own.is_none() && link.frequency.is_some()));
}

#[test]
fn a_removed_link_stays_in_view_and_another_one_stands_for_the_association() {
    let mut bench = bench();
    bench.connect(b"net");
    let gone = bench.aps[0].links.remove(0);
    bench.remove_links(&[0]);
    assert_eq!(states(&bench), [(0, LinkState::Removed), (1, LinkState::Used), (2, LinkState::Used)]);
    let shown = shown(&bench);
    assert_eq!((shown.links[0].bssid, shown.links[0].frequency.unwrap().0), (gone.bssid, gone.frequency()));
    assert_eq!(shown.links.iter().map(|link| link.association).collect::<Vec<_>>(), [false, true, false]);
    bench.aps[0].links.insert(0, gone);
    bench.pass(Duration::from_secs(11));
    assert_eq!(states(&bench)[0], (0, LinkState::BeingAdded));
}

#[test]
fn a_link_that_the_ap_disables_is_shown_so_until_it_is_enabled_again() {
    for by_mapping in [true, false] {
        let mut bench = bench();
        bench.connect(b"net");
        let mapping = TidToLinkMapping {
            direction: MappingDirection::Both,
            mapping: LinkMapping::Short([Some(0b101); 8]),
            switch_time: None,
            expected_duration: None,
            reserved: 0,
            tail: vec![],
        };
        let mut element = vec![];
        mapping.write(&mut element);
        for disabled in [true, false] {
            bench.aps[0].disabled = if disabled && !by_mapping { [1].into() } else { [].into() };
            bench.aps[0].more_elements = if disabled && by_mapping { element.clone() } else { vec![] };
            bench.pass(Duration::from_secs(31));
            let expected = if disabled { LinkState::Disabled } else { LinkState::Used };
            assert_eq!(states(&bench)[1], (1, expected), "{by_mapping}");
            assert_eq!(states(&bench)[2], (2, LinkState::Used));
        }
        assert_eq!(bench.agreed().links, [0, 1, 2].map(id));
    }
}

#[test]
fn the_reason_of_a_fall_back_is_kept_and_shown() {
    let mut bench = bench();
    bench.aps[0].pretends = Some(None);
    bench.connect(b"net");
    bench.pass(Duration::from_secs(60));
    let shown = shown(&bench);
    assert_eq!((shown.address, shown.manner), (bench.aps[0].address, Manner::Plain));
    assert!(matches!(shown.fell_back.unwrap().code, Code::MultiLink(_)));
    let used: Vec<_> = shown.links.iter().filter(|link| link.state == LinkState::Used).collect();
    assert_eq!((used.len(), used[0].own), (1, Some(OWN)));
    let fell_back = LinkState::LeftOut(LeftOut::FellBack);
    assert_eq!(shown.links.iter().filter(|link| link.state == fell_back).count(), 2);
}

/// Two failures in ten minutes made it an AP MLD that is joined by one link, however many connections with all links
/// had lasted between them.
#[test]
fn an_ap_mld_whose_connection_has_lasted_with_all_its_links_does_not_fall_back_for_an_old_failure() {
    for lasted in [1, 60] {
        let mut bench = bench();
        bench.connect(b"net");
        bench.pass(Duration::from_secs(20));
        for _ in 0..2 {
            assert_eq!(shown(&bench).manner, Manner::AllLinks);
            // The next attempt fails, and the one after it does not.
            bench.distort = Some(|connection| connection.links.clear());
            let before = bench.failures().len();
            bench.ends(ReasonCode::StaLeaving, true);
            while bench.failures().len() < before + 2 {
                bench.pass(Duration::from_millis(100));
            }
            bench.distort = None;
            bench.pass(Duration::from_secs(5 + lasted));
        }
        let manner = if lasted == 1 { Manner::OneLink } else { Manner::AllLinks };
        assert_eq!(shown(&bench).manner, manner, "{lasted}");
    }
}
