//! Fast transitions in whole worlds: two access points of one mobility domain, and a person who goes from one to the
//! other and back, with whatever goes wrong on the way.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use lapwing_core::Duration;
use lapwing_core::attempt::{Entry, Way};
use lapwing_core::curve::ShamCurves;
use lapwing_core::failure::Code;
use lapwing_core::kernel::{KeyKind, Request};
use lapwing_core::network::Credentials;
use lapwing_core::station::Report;
use lapwing_frames::MacAddr;
use lapwing_frames::management::AuthenticationAlgorithm;
use lapwing_world::ap::ApSecurity;
use lapwing_world::parts::Command;
use lapwing_world::world::START;
use lapwing_world::{Run, Scenario, What};

const FIRST: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const SECOND: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

/// Two access points, and three roams from second 18 on.
fn scenario(security: &str, (first, second): (&str, &str), rest: &str) -> Scenario {
    let text = format!(
        r#"
        about = "transitions"
        [radio]
        frequencies = [2412, 2437]
        [[ap]]
        ssid = "home"
        security = "{security}"
        frequency = 2412
        signal_dbm = -50
        {first}
        [[ap]]
        ssid = "home"
        security = "{security}"
        frequency = 2437
        signal_dbm = -60
        {second}
        [[network]]
        ssid = "home"
        passphrase = "correct horse battery"
        [[person]]
        at_ms = 15_000
        does = "scan"
        [[person]]
        at_ms = 18_000
        does = "roam-to"
        bssid = "{SECOND}"
        [[person]]
        at_ms = 20_000
        does = "roam-to"
        bssid = "{FIRST}"
        [[person]]
        at_ms = 22_000
        does = "roam-to"
        bssid = "{SECOND}"
        {rest}
        "#,
    );
    Scenario::parse("transitions", &text).unwrap()
}

const OVER_AIR: &str = "mobility_domain = 4660";
const OVER_DS: &str = "mobility_domain = 4660\nft_over_ds = true";

/// What a run has shown.
#[derive(Debug, Default)]
struct Seen {
    connected: Vec<MacAddr>,
    roamed: Vec<MacAddr>,
    failed: Vec<(MacAddr, String)>,
    disconnected: Vec<String>,
    ways: Vec<Way>,
    fast: usize,
    /// Frames of SAE.
    sae: usize,
    /// Offered keys that the access point did not know.
    unknown_keys: usize,
    pairwise: usize,
    handshakes: usize,
    refused: Vec<String>,
    /// The longest time from a roam's beginning to its end.
    longest: Duration,
}

fn run(scenario: &Scenario, seed: u64) -> Seen {
    let mut seen = Seen::default();
    let mut begun = None;
    let mut run = Run::new(scenario, seed);
    run.run_to(START + Duration::from_secs(40), &ShamCurves, &mut |happening| match &happening.what {
        What::Asked { command: Command::Request(Request::Authenticate(request)), .. } => {
            seen.sae += usize::from(request.algorithm == AuthenticationAlgorithm::Sae);
            seen.fast += usize::from(request.algorithm == AuthenticationAlgorithm::FastTransition);
        }
        What::Asked { command: Command::Request(Request::InstallKey(key)), .. } => {
            seen.pairwise += usize::from(matches!(key.kind, KeyKind::Pairwise { .. }));
        }
        What::Refused { command, refusal, .. } => seen.refused.push(format!("{command}: {refusal}")),
        What::Reported(Report::Connected(connected)) => seen.connected.push(connected.peer),
        What::Reported(Report::Roamed(connected)) => {
            seen.roamed.push(connected.peer);
            let begun = begun.take().unwrap();
            seen.longest = seen.longest.max(happening.at.since(begun));
        }
        What::Reported(Report::RoamFailed { bssid, why, .. }) => seen.failed.push((*bssid, why.to_string())),
        What::Reported(Report::Disconnected { why, .. }) => seen.disconnected.push(why.to_string()),
        What::Reported(Report::Timeline(record)) => match &record.entry {
            Entry::Way { by, .. } => {
                seen.ways.push(*by);
                begun = begun.or(Some(record.at));
            }
            Entry::Handshake(_) => seen.handshakes += 1,
            Entry::Failed(why) if why.code == Code::PmksaRefused => seen.unknown_keys += 1,
            _ => {}
        },
        _ => {}
    });
    assert!(run.is_online(), "seed {seed}: {seen:?}");
    seen
}

#[test]
fn a_connection_goes_from_one_to_the_other_over_the_air_without_a_handshake() {
    for security in ["wpa2", "wpa3", "wpa3-extended-key", "transition"] {
        let seen = run(&scenario(security, (OVER_AIR, OVER_AIR), ""), 1);
        assert_eq!(seen.connected, [FIRST], "{security}: {seen:?}");
        assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{security}: {seen:?}");
        assert_eq!(seen.ways, [Way::FastOverAir; 3], "{security}");
        assert_eq!((seen.fast, seen.pairwise, seen.handshakes), (3, 4, 2), "{security}: {seen:?}");
        assert!(
            seen.disconnected.is_empty() && seen.failed.is_empty() && seen.refused.is_empty(),
            "{seen:?}"
        );
        assert!(seen.longest < Duration::from_millis(30), "{security}: {seen:?}");
    }
}

#[test]
fn an_access_point_that_says_so_is_asked_by_way_of_the_other() {
    for security in ["wpa2", "wpa3"] {
        let seen = run(&scenario(security, (OVER_DS, OVER_DS), ""), 2);
        assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{security}: {seen:?}");
        assert_eq!(seen.ways, [Way::FastOverDs; 3], "{security}: {seen:?}");
        assert_eq!((seen.fast, seen.pairwise, seen.handshakes), (0, 4, 2), "{security}: {seen:?}");
        assert!(
            seen.disconnected.is_empty() && seen.failed.is_empty() && seen.refused.is_empty(),
            "{seen:?}"
        );
    }
}

#[test]
fn without_a_mobility_domain_the_connection_goes_on_by_a_reassociation() {
    for security in ["open", "owe", "wpa2", "wpa3"] {
        let is_open = security == "open" || security == "owe";
        let mut scenario = scenario(if is_open { "wpa2" } else { security }, ("", ""), "");
        if is_open {
            let kind = if security == "open" { ApSecurity::Open } else { ApSecurity::Owe };
            scenario.aps.iter_mut().for_each(|ap| ap.security = kind);
            scenario.networks[0].credentials = Credentials::Open;
        }
        let seen = run(&scenario, 3);
        assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{security}: {seen:?}");
        assert_eq!(seen.ways, [Way::Reassociation; 3], "{security}");
        assert!(
            seen.disconnected.is_empty() && seen.failed.is_empty() && seen.refused.is_empty(),
            "{seen:?}"
        );
    }
}

#[test]
fn access_points_that_share_their_keys_are_entered_without_sae_from_the_first_time_on() {
    const SHARES: &str = "shares_pmksas = true";
    for security in ["wpa3", "wpa3-extended-key"] {
        let seen = run(&scenario(security, (SHARES, SHARES), ""), 6);
        assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{security}: {seen:?}");
        assert_eq!(seen.sae, 2, "the first connection's commit and confirm: {security}: {seen:?}");
        assert_eq!(seen.unknown_keys, 0, "{security}: {seen:?}");
        assert!(seen.disconnected.is_empty() && seen.failed.is_empty(), "{security}: {seen:?}");
    }
}

#[test]
fn an_access_point_that_does_not_know_the_key_of_another_is_asked_so_once() {
    // The second has the first's key offered once; then both have one of their own.
    let seen = run(&scenario("wpa3", ("", ""), ""), 6);
    assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{seen:?}");
    assert_eq!((seen.sae, seen.unknown_keys), (4, 1), "{seen:?}");
    assert!(seen.disconnected.is_empty() && seen.failed.is_empty(), "{seen:?}");
}

#[test]
fn an_access_point_of_another_domain_is_entered_by_a_handshake() {
    let seen = run(&scenario("wpa3", (OVER_AIR, "mobility_domain = 7"), ""), 4);
    assert_eq!(seen.roamed, [SECOND, FIRST, SECOND], "{seen:?}");
    assert_eq!(seen.ways, [Way::Reassociation; 3], "{seen:?}");
    assert!(seen.disconnected.is_empty() && seen.failed.is_empty(), "{seen:?}");
}

#[test]
fn who_is_refused_goes_back_and_is_not_disconnected() {
    for security in ["wpa2", "wpa3"] {
        for domain in [OVER_AIR, OVER_DS, ""] {
            let full = format!("{domain}\nclient_limit = 0");
            let seen = run(&scenario(security, (domain, &full), ""), 5);
            // Each time there and back. The second roam is to where it is: that begins anew, as it was asked for.
            assert_eq!(seen.connected, [FIRST; 2], "{security} {domain}: {seen:?}");
            assert_eq!(seen.disconnected, ["it was asked for"], "{security} {domain}: {seen:?}");
            assert_eq!(seen.failed.len(), 2, "{security} {domain}: {seen:?}");
            assert!(seen.failed.iter().all(|(ap, why)| *ap == SECOND && why.contains("status")), "{seen:?}");
            assert!(seen.roamed.iter().all(|ap| *ap == FIRST), "{security} {domain}: {seen:?}");
            assert!(seen.refused.is_empty(), "{security} {domain}: {seen:?}");
        }
    }
}

#[test]
fn whatever_is_lost_on_the_air_the_connection_is_there_at_last_and_no_key_is_refused() {
    let air = "[air]\nloss = 25\nduplicates = 10\ncalm_after_ms = 26_000";
    for seed in 0..60 {
        let domain = [OVER_AIR, OVER_DS][usize::try_from(seed % 2).unwrap()];
        let security = ["wpa2", "wpa3"][usize::try_from(seed / 2 % 2).unwrap()];
        let seen = run(&scenario(security, (domain, domain), air), seed);
        let keys: Vec<_> = seen.refused.iter().filter(|refused| refused.contains("KEY")).collect();
        assert!(keys.is_empty(), "seed {seed}: {seen:?}");
    }
}
