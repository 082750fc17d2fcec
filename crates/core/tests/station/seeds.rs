//! Thousands of bad days: faults, commands and events at any moment; then calm, and all must settle.

use super::{
    ap::{Cached, Setup},
    joining::{SECOND, open, personal},
    world::{Faults, World},
};
use lapwing_core::{
    Duration,
    failure::Code,
    kernel::{Errno, KernelEvent},
    network::Network,
    station::Event,
};
use lapwing_frames::{management::ReasonCode, suite::Akm};

const COMMANDS: [&str; 10] = [
    "TRIGGER_SCAN",
    "GET_SCAN",
    "AUTHENTICATE",
    "ASSOCIATE",
    "DEAUTHENTICATE",
    "CONTROL_PORT_FRAME",
    "NEW_KEY",
    "SET_STATION",
    "GET_INTERFACE",
    "GET_STATION",
];
const ERRORS: [Errno; 8] = [
    Errno::EINVAL,
    Errno::ENOLINK,
    Errno::EALREADY,
    Errno::ENOENT,
    Errno::EBUSY,
    Errno::ENOTCONN,
    Errno::EIO,
    Errno::EAGAIN,
];
const REASONS: [ReasonCode; 6] = [
    ReasonCode::Unspecified,
    ReasonCode::InvalidAuthentication,
    ReasonCode::LeavingDeauthenticated,
    ReasonCode::Inactivity,
    ReasonCode::NotAuthenticated,
    ReasonCode::FourWayHandshakeTimeout,
];
const CACHED: [Cached; 5] =
    [Cached::Taken, Cached::Refused, Cached::Deauthenticated, Cached::Silent, Cached::NoHandshake];

/// How long it may take until all is well again.
const CALM: Duration = Duration::from_secs(75);

fn networks() -> Vec<Network> {
    vec![personal(b"home"), personal(b"work"), open(b"cafe"), open(b"owe")]
}

fn world(seed: u64) -> World {
    let akms: [&[Akm]; 4] = [&[Akm::Sae], &[Akm::Psk, Akm::Sae], &[Akm::SaeExtKey], &[Akm::Sae]];
    let home = akms[usize::try_from(seed % 4).unwrap()];
    let mut world = World::new(
        seed,
        vec![
            Setup::new(b"home", 1, home),
            Setup::new(b"home", 2, home),
            Setup::new(b"work", 3, &[Akm::Psk]),
            Setup::new(b"cafe", 4, &[]),
            Setup::new(b"owe", 5, &[Akm::Owe]),
        ],
    );
    for ap in &mut world.aps {
        ap.setup.validates_channel = seed.is_multiple_of(3);
    }
    world.faults =
        Faults { loss: world.roll(30), delay: 1 + world.roll(40), early_key_frames: world.roll(2) == 0 };
    world.give(Event::Networks(networks()));
    world
}

fn pick<T: Copy>(world: &mut World, from: &[T]) -> T {
    from[usize::try_from(world.roll(from.len() as u64)).unwrap()]
}

fn mischief(world: &mut World) {
    let place = usize::try_from(world.roll(5)).unwrap();
    match world.roll(19) {
        0 => world.give(Event::Disconnect),
        1 | 2 => {
            let network = networks()[usize::try_from(world.roll(4)).unwrap()].clone();
            world.give(Event::Connect(network));
        }
        3 => world.give(Event::Autoconnect(true)),
        4 => world.give(Event::Scan),
        5 => world.give(Event::Networks(networks())),
        6 => {
            let reason = pick(world, &REASONS);
            world.kernel_disconnects(reason);
        }
        7 | 8 => {
            let reason = pick(world, &REASONS);
            world.ap_disconnects(place, reason);
        }
        9 => {
            world.deaf = true;
            let time = world.roll(300);
            world.run(Duration::from_millis(time));
            world.deaf = false;
            world.give(Event::EventsLost);
        }
        10 => world.give(Event::Resumed(60 * SECOND)),
        11 => {
            world.set_up(false);
            let time = world.roll(3000);
            world.run(Duration::from_millis(time));
            world.set_up(true);
        }
        12 | 13 => {
            let refusal = (pick(world, &COMMANDS), pick(world, &ERRORS));
            world.refuse.push_back(refusal);
        }
        14 => world.aps[place].setup.cached = pick(world, &CACHED),
        15 => {
            let now = world.now;
            let said = world.aps[place].rekey_group(now);
            world.speak(place, said);
        }
        16 => {
            // The AP starts anew: it knows nobody.
            world.aps[place].client = None;
            world.aps[place].pmksas.clear();
        }
        17 => {
            let frequency = world.aps[place].setup.frequency;
            world.event(KernelEvent::ChannelSwitched { link: None, frequency });
        }
        _ => world.aps[place].present = !world.aps[place].present,
    }
}

#[test]
fn no_day_is_too_bad() {
    let seeds = std::env::var("LAPWING_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1500);
    let only: Option<u64> = std::env::var("LAPWING_SEED").ok().and_then(|text| text.parse().ok());
    for seed in only.map_or(0..seeds, |seed| seed..seed + 1) {
        let mut world = world(seed);
        for _ in 0..20 {
            let time = match world.roll(3) {
                0 => world.roll(50),
                1 => world.roll(500),
                _ => world.roll(5000),
            };
            world.run(Duration::from_millis(time));
            mischief(&mut world);
            assert!(world.violations.is_empty(), "seed {seed}: {:?}", world.violations);
        }
        // The passphrase is right, whatever is lost.
        let wrong = |code: &Code| matches!(code, Code::WrongPassword | Code::WrongPasswordLikely);
        assert!(!world.failures().iter().any(wrong), "seed {seed}: a right passphrase was called wrong");
        // Calm.
        world.refuse.clear();
        world.faults = Faults { loss: 0, delay: 2, early_key_frames: false };
        for ap in &mut world.aps {
            ap.present = true;
        }
        world.give(Event::Autoconnect(true));
        let settled = |world: &World| world.is_connected() && world.agrees();
        // The longest pause after a failure is a minute; the next try succeeds.
        let calm = world.now;
        let mut done = false;
        while !done && world.now.since(calm) < CALM {
            world.data();
            done = world.run_until(SECOND, settled) && {
                world.run(5 * SECOND);
                settled(&world)
            };
        }
        if std::env::var_os("LAPWING_CALM").is_some() {
            println!("seed {seed}: calm after {:?}", world.now.since(calm));
        }
        assert!(done, "seed {seed}: {:?}, held {:?}", world.station.summary(), world.held);
        assert!(world.violations.is_empty(), "seed {seed}: {:?}", world.violations);
    }
}
