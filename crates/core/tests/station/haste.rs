//! People who do not wait: requests one after the other, whatever the station is at.

use super::{
    ap::Setup,
    fixtures::{open, personal},
    joining::SECOND,
    world::{Held, World},
};
use lapwing_core::{
    Duration,
    attempt::{Cause, Entry, Record},
    failure::Code,
    kernel::Frequency,
    network::Network,
    station::{Event, Report, Summary},
};
use lapwing_frames::suite::Akm;
use std::collections::BTreeSet;

fn setups() -> Vec<Setup> {
    let on = |frequency, setup| Setup { frequency: Frequency(frequency), ..setup };
    vec![
        on(2412, Setup::new(b"home", 1, &[Akm::Sae])),
        on(5180, Setup::new(b"work", 2, &[Akm::Psk])),
        on(2412, Setup::new(b"cafe", 3, &[Akm::Owe])),
    ]
}

fn networks() -> [Network; 3] {
    [personal(b"home"), personal(b"work"), open(b"cafe")]
}

/// The attempts that began, and why.
fn began(world: &World) -> Vec<(lapwing_core::attempt::AttemptId, Cause)> {
    let began = world.reports.iter().filter_map(|report| match report {
        Report::Timeline(Record { attempt, entry: Entry::Began { cause, .. }, .. }) => {
            Some(((*attempt)?, cause.clone()))
        }
        _ => None,
    });
    began.collect()
}

/// Every attempt has ended once, except the one that goes on.
fn each_ended_once(world: &World, what: &str) {
    let live = match world.station.summary() {
        Summary::Connected { attempt, .. } | Summary::Connecting { attempt, .. } => Some(attempt),
        _ => None,
    };
    for (attempt, _) in began(world) {
        let times = world.ended.get(&attempt).copied().unwrap_or_default();
        assert_eq!(times, u32::from(live != Some(attempt)), "{what}: {attempt}");
    }
    assert_eq!(world.live.iter().copied().collect::<Vec<_>>(), Vec::from_iter(live), "{what}");
}

#[test]
fn what_was_asked_last_holds() {
    let seeds = std::env::var("LAPWING_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000);
    let only: Option<u64> = std::env::var("LAPWING_SEED").ok().and_then(|text| text.parse().ok());
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let mut world = World::new(seed, setups());
        world.give(Event::Networks(networks()[..2].to_vec()));
        // What holds: in which network, or none, or whichever is known.
        let (mut wanted, mut autoconnect) = (None, true);
        for _ in 0..12 {
            match world.roll(4) {
                0 => {}
                1 => world.run(Duration::from_micros(300)),
                2 => {
                    let time = world.roll(60);
                    world.run(Duration::from_millis(time));
                }
                _ => {
                    let time = world.roll(600);
                    world.run(Duration::from_millis(time));
                }
            }
            match world.roll(10) {
                choice @ 0..6 => {
                    let network = networks()[usize::try_from(choice / 2).unwrap()].clone();
                    wanted = Some(network.ssid.clone());
                    world.give(Event::Connect(network));
                }
                6 | 7 => {
                    (wanted, autoconnect) = (None, false);
                    world.give(Event::Disconnect);
                }
                8 => world.give(Event::Scan),
                _ => {
                    autoconnect = world.roll(2) == 0;
                    world.give(Event::Autoconnect(autoconnect));
                }
            }
            assert!(world.violations.is_empty(), "seed {seed}: {:?}", world.violations);
        }
        let before = world.is_connected();
        world.run(30 * SECOND);
        let what = format!("seed {seed}, wanted {wanted:?}, automatic {autoconnect}");
        assert!(world.violations.is_empty(), "{what}: {:?}", world.violations);
        // Nobody is to blame for haste; but the AP's answer to a commit of before may be taken for that to the
        // one of now, as nothing in it tells.
        let crossed = |how: &str| how.contains("the exchange before");
        let usual = |code: &Code| match code {
            Code::Asked | Code::AuthenticationTimedOut => true,
            Code::Sae(how) => crossed(how),
            _ => false,
        };
        assert!(world.failures().iter().all(usual), "{what}: {:?}", world.failures());
        assert!(world.ends().iter().all(|code| *code == Code::Asked), "{what}: {:?}", world.ends());
        match (&wanted, world.station.summary()) {
            (Some(wanted), Summary::Connected { ssid, .. }) => assert_eq!(ssid, *wanted, "{what}"),
            (None, Summary::Connected { .. }) => {
                assert!((autoconnect || before) && world.agrees(), "{what}");
            }
            (None, Summary::Disconnected) => {
                assert!(!autoconnect, "{what}");
                assert_eq!(world.held, Held::Nothing, "{what}");
            }
            (_, summary) => panic!("{what}: {summary:?}"),
        }
        each_ended_once(&world, &what);
        assert!(!world.station.is_scanning(), "{what}");
    }
}

#[test]
fn asking_for_what_is_being_done_does_not_begin_it_anew() {
    for moment in 0..60 {
        let mut world = World::new(1, setups());
        world.give(Event::Connect(personal(b"home")));
        world.run(Duration::from_millis(2 * moment));
        let connected = world.is_connected();
        world.give(Event::Connect(personal(b"home")));
        assert!(world.run_until(5 * SECOND, World::is_connected));
        world.run(SECOND);
        assert!(world.is_connected());
        // In the network, it is a wish for a new connection.
        let attempts: BTreeSet<_> = began(&world).into_iter().map(|(attempt, _)| attempt).collect();
        assert_eq!(attempts.len(), if connected { 2 } else { 1 }, "after {moment}");
        // It is said that it was asked for, whoever began it.
        assert!(matches!(began(&world)[..], [(_, Cause::Asked), (_, Cause::Asked)]));
        each_ended_once(&world, "the same");
        world.check();
    }
    // An attempt that nobody asked for is one that somebody asked for from then on.
    let mut world = World::new(1, setups());
    world.give(Event::Networks(vec![personal(b"home")]));
    assert!(world.run_until(SECOND, |world| matches!(world.station.summary(), Summary::Connecting { .. })));
    world.give(Event::Connect(personal(b"home")));
    world.give(Event::Autoconnect(false));
    assert!(world.run_until(5 * SECOND, World::is_connected));
    let [(first, Cause::Automatic), (second, Cause::Asked)] = &began(&world)[..] else { panic!() };
    assert_eq!(first, second);
}

#[test]
fn another_network_ends_the_attempt_at_the_first() {
    let mut world = World::new(1, setups());
    world.give(Event::Connect(personal(b"home")));
    world.run(Duration::from_millis(50));
    let Summary::Connecting { attempt: first, .. } = world.station.summary() else { panic!() };
    world.give(Event::Connect(personal(b"work")));
    let told = world.reports.iter().find_map(|report| match report {
        Report::Failed { attempt, why, next_try, .. } => Some((*attempt, why.code.clone(), *next_try)),
        _ => None,
    });
    assert_eq!(told, Some((first, Code::Asked, None)));
    // That is no failure for a person to see.
    assert_eq!(world.station.last_failure(), None);
    assert!(world.run_until(5 * SECOND, World::is_connected));
    each_ended_once(&world, "another");
    world.check();
}

#[test]
fn what_nobody_asked_for_ends_when_that_is_not_wanted() {
    for moment in 0..60 {
        let mut world = World::new(1, setups());
        world.give(Event::Networks(networks().to_vec()));
        world.run(Duration::from_millis(2 * moment));
        let connected = world.is_connected();
        world.give(Event::Autoconnect(false));
        world.run(10 * SECOND);
        assert_eq!(world.is_connected(), connected, "after {moment}");
        // A connection that is there stays, and is not made again.
        if connected {
            world.set_up(false);
            world.run(SECOND);
            world.set_up(true);
            world.run(10 * SECOND);
        }
        assert_eq!((world.station.summary(), world.held.clone()), (Summary::Disconnected, Held::Nothing));
        each_ended_once(&world, "automatic");
        world.check();
    }
}
