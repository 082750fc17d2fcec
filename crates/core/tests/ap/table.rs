//! The whole table of a client's machine: what each event does in each state.

use crate::{
    client::{Client, Sent},
    world::{World, mld, single},
};
use lapwing_core::{
    Duration,
    ap::{Event, FrameProtection, Order, Setup},
};
use lapwing_frames::{management::ReasonCode, suite::Akm};

/// The states, as they can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Authenticated,
    Associated,
    Open,
    /// Its port is open, it seems to have come anew, and is asked.
    Queried,
}

const STATES: [State; 5] =
    [State::Unknown, State::Authenticated, State::Associated, State::Open, State::Queried];

/// The events.
const EVENTS: [&str; 11] = [
    "authentication",
    "association",
    "message 2",
    "goodbye",
    "protected goodbye",
    "protected answer to a query",
    "a second",
    "a minute",
    "refused key",
    "thrown out",
    "down",
];

/// A world in a state, the client, and frames that are kept for later.
fn reach(setup: Setup, state: State) -> (World, Client, Vec<Sent>) {
    let links = setup.structure.mld_address().is_some();
    let akm = setup.security.as_ref().unwrap().akms[0];
    let mut world = World::new(setup);
    let client = Client::new(1, world.known(), Some(akm));
    let mut client = if links { client.with_links() } else { client };
    let mut kept = vec![];
    if state == State::Unknown {
        return (world, client, kept);
    }
    world.with_means(|means| client.authenticate(means));
    world.settle(&mut [&mut client], vec![]);
    if state == State::Authenticated {
        return (world, client, kept);
    }
    world.with_means(|means| client.associate(means));
    let association = client.sent.pop().unwrap();
    let requests = hear(&mut world, &client, &association);
    world.deliver_all(&mut client, &requests);
    kept.append(&mut client.sent);
    if state == State::Associated {
        return (world, client, kept);
    }
    client.sent.clone_from(&kept);
    world.settle(&mut [&mut client], vec![]);
    if state == State::Queried {
        hear(&mut world, &client, &association);
    }
    (world, client, kept)
}

fn hear(world: &mut World, client: &Client, sent: &Sent) -> Vec<lapwing_core::ap::Request> {
    match sent {
        Sent::Frame { link, bytes, protected } => {
            world.turn(Event::Frame { link: *link, bytes, protected: *protected })
        }
        Sent::KeyFrame { bytes, in_clear } => {
            world.turn(Event::KeyFrame { from: client.address, bytes, protected: !in_clear })
        }
    }
}

fn state(world: &World, client: &Client) -> State {
    match world.ap.client(client.address) {
        None => State::Unknown,
        Some(known) if !known.associated => State::Authenticated,
        Some(known) if !known.authorized => State::Associated,
        Some(_) if world.ap.deadline().is_some_and(|due| due < world.now + Duration::from_secs(2)) => {
            State::Queried
        }
        Some(_) => State::Open,
    }
}

fn after(setup: &Setup, from: State, event: &str) -> State {
    let (mut world, mut client, kept) = reach(setup.clone(), from);
    assert_eq!(state(&world, &client), from);
    match event {
        "authentication" => {
            let cached = client.cached.take();
            let supplicant = client.supplicant.take();
            world.with_means(|means| client.authenticate(means));
            world.settle(&mut [&mut client], vec![]);
            (client.cached, client.supplicant) = (cached, supplicant);
        }
        "association" => {
            world.with_means(|means| client.associate(means));
            let sent = client.sent.pop().unwrap();
            hear(&mut world, &client, &sent);
        }
        "message 2" => {
            let message =
                kept.first().cloned().unwrap_or(Sent::KeyFrame { bytes: vec![2, 3], in_clear: true });
            hear(&mut world, &client, &message);
        }
        "goodbye" | "protected goodbye" => {
            client.deauthenticate(event == "protected goodbye");
            let sent = client.sent.pop().unwrap();
            hear(&mut world, &client, &sent);
        }
        "protected answer to a query" => {
            // The client answers the query that is repeated.
            client.has_key = true;
            if from == State::Queried {
                let requests = world.next();
                world.deliver_all(&mut client, &requests);
            } else {
                client.query();
            }
            let sent = client.sent.pop().unwrap();
            hear(&mut world, &client, &sent);
        }
        "a second" => world.wait(Duration::from_millis(1100)),
        "a minute" => world.wait(Duration::from_secs(60)),
        "refused key" => {
            let key = world.requests.iter().rev().find(|request| {
                matches!(request, lapwing_core::ap::Request::InstallKey(key)
                    if matches!(key.kind, lapwing_core::kernel::KeyKind::Pairwise { .. }))
            });
            if let Some(key) = key.cloned() {
                world.turn(Event::Refused(&key));
            }
        }
        "thrown out" => drop(world.order(Order::ThrowOut(ReasonCode::Unspecified))),
        _ => drop(world.turn(Event::Down)),
    }
    state(&world, &client)
}

/// The states that follow in the order of [`STATES`].
fn row(setup: &Setup, event: &str) -> [State; 5] {
    STATES.map(|from| after(setup, from, event))
}

#[test]
fn with_protected_management_frames() {
    use State::{Associated, Authenticated, Open, Queried, Unknown};
    let expected = [
        // An association that is protected is not ended by who only says that he comes.
        [Authenticated, Authenticated, Authenticated, Open, Queried],
        [Unknown, Associated, Associated, Queried, Queried],
        [Unknown, Authenticated, Associated, Open, Queried],
        [Unknown, Unknown, Unknown, Open, Queried],
        [Unknown, Unknown, Unknown, Unknown, Unknown],
        [Unknown, Authenticated, Associated, Open, Open],
        // Nobody answered the query.
        [Unknown, Authenticated, Associated, Open, Unknown],
        [Unknown, Unknown, Unknown, Open, Unknown],
        [Unknown, Authenticated, Associated, Unknown, Unknown],
        [Unknown; 5],
        [Unknown; 5],
    ];
    for setup in [single(&[Akm::Sae]), mld(&[Akm::Sae])] {
        for (event, expected) in EVENTS.iter().zip(expected) {
            assert_eq!(row(&setup, event), expected, "{event}");
        }
    }
}

#[test]
fn without_protected_management_frames() {
    use State::{Associated, Authenticated, Open, Unknown};
    let mut setup = single(&[Akm::Psk]);
    setup.security.as_mut().unwrap().frame_protection = FrameProtection::No;
    let expected = [
        [Authenticated, Authenticated, Authenticated, Authenticated],
        [Unknown, Associated, Associated, Associated],
        [Unknown, Authenticated, Associated, Open],
        [Unknown; 4],
        [Unknown; 4],
        [Unknown, Authenticated, Associated, Open],
        [Unknown, Authenticated, Associated, Open],
        [Unknown, Unknown, Unknown, Open],
        [Unknown, Authenticated, Associated, Unknown],
        [Unknown; 4],
        [Unknown; 4],
    ];
    for (event, expected) in EVENTS.iter().zip(expected) {
        let [unknown, authenticated, associated, open, _] = STATES;
        let row = [unknown, authenticated, associated, open].map(|from| after(&setup, from, event));
        assert_eq!(row, expected, "{event}");
    }
}
