//! Many clients that join at once.

use crate::{
    client::{Client, Outcome, Sent},
    world::{World, mld, single},
};
use lapwing_core::ap::{Event, Request, Setup};
use lapwing_frames::{
    MacAddr,
    management::{Body, Management, StatusCode},
    suite::Akm,
};
use std::collections::{BTreeMap, VecDeque};

/// An access point, or an AP MLD, with room for so many.
pub(crate) fn setup(count: u16, links: bool) -> Setup {
    let setup = if links { mld(&[Akm::Sae]) } else { single(&[Akm::Sae]) };
    Setup { client_limit: count, ..setup }
}

/// So many clients that have not begun.
pub(crate) fn clients(world: &World, count: u16) -> Vec<Client> {
    let links = world.setup.structure.mld_address().is_some();
    let client = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let mut client = Client::new(0, world.known(), Some(Akm::Sae));
        client.address = MacAddr([2, 0, 0, 1, high, low]);
        if links {
            client = client.with_links();
            for (id, address) in &mut client.links {
                *address = MacAddr([2, 0, 2, id.get(), high, low]);
            }
        }
        client
    };
    (1..=count).map(client).collect()
}

/// What it took.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) frames_to_ap: usize,
    pub(crate) tokens: usize,
    pub(crate) refusals: Vec<StatusCode>,
}

/// Has all of them join, frame by frame in turn.
pub(crate) fn join_all(world: &mut World, clients: &mut [Client]) -> Tally {
    let mut places = BTreeMap::new();
    for (place, client) in clients.iter_mut().enumerate() {
        places.insert(client.address, place);
        places.extend(client.links.values().map(|address| (*address, place)));
        world.with_means(|means| client.authenticate(means));
    }
    let mut tally = Tally::default();
    let mut turn: VecDeque<usize> = (0..clients.len()).collect();
    while let Some(place) = turn.pop_front() {
        if clients[place].sent.is_empty() {
            continue;
        }
        let sent = clients[place].sent.remove(0);
        tally.frames_to_ap += 1;
        let requests = match sent {
            Sent::Frame { link, bytes, protected } => {
                world.turn(Event::Frame { link, bytes: &bytes, protected })
            }
            Sent::KeyFrame { bytes, in_clear } => {
                let from = clients[place].address;
                world.turn(Event::KeyFrame { from, bytes: &bytes, protected: !in_clear })
            }
        };
        for request in &requests {
            let to = match request {
                Request::SendFrame { bytes, .. } => {
                    let frame = Management::parse_decrypted(bytes).unwrap();
                    match frame.body {
                        Body::Authentication(answer) => match answer.status {
                            StatusCode::Success | StatusCode::SaeHashToElement => {}
                            StatusCode::AntiCloggingTokenRequired => tally.tokens += 1,
                            status => tally.refusals.push(status),
                        },
                        Body::AssociationResponse(answer) if answer.status != StatusCode::Success => {
                            tally.refusals.push(answer.status);
                        }
                        _ => {}
                    }
                    frame.header.receiver
                }
                Request::SendKeyFrame { to, .. } => *to,
                _ => continue,
            };
            let Some(place) = places.get(&to).copied() else { continue };
            let client = &mut clients[place];
            let before = client.outcomes.len();
            world.deliver_all(client, std::slice::from_ref(request));
            if client.outcomes.len() > before && client.outcomes.last() == Some(&Outcome::Authenticated) {
                world.with_means(|means| client.associate(means));
            }
            turn.push_back(place);
        }
        // Whoever has more to say does so when the others have spoken.
        turn.push_back(place);
    }
    // What was asked of the kernel is of no interest any more.
    (world.requests, world.reports) = (Vec::new(), Vec::new());
    tally
}
