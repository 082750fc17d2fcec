//! The client against the router of a made world, on a line that loses, repeats and holds up.

use super::client::{Action, Client, Event, Settings};
use super::lease::{Information, Wish};
use crate::netconf::lifetimes::Lifetimes;
use lapwing_core::entropy::{SeededEntropy, random};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp6::{
    Address, Association, Field, Kind, Message, SERVERS, Status, StatusCode,
};
use lapwing_frames::internet::udp6::Datagram;
use lapwing_world::network::six::{self, Managed, Six};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

mod lifetime;
mod refused;
mod seeds;

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const DUID: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
const START: Instant = Instant::after_start(Duration::from_secs(100));

/// The message in a packet of the client, which must be well addressed.
fn message(octets: &[u8]) -> Message {
    let datagram = Datagram::parse(octets).unwrap();
    assert_eq!((datagram.source, datagram.destination), (SOURCE, SERVERS));
    assert_eq!((datagram.source_port, datagram.destination_port), (546, 547));
    let message = Message::parse(datagram.payload).unwrap();
    assert_eq!(message.client(), Some(&DUID[..]));
    message
}

/// A packet of a server.
fn packet(message: &Message) -> Vec<u8> {
    Datagram {
        source: six::LINK_LOCAL,
        destination: SOURCE,
        source_port: 547,
        destination_port: 546,
        payload: &message.build(),
    }
    .build()
}

/// A client and what it has done.
struct Run {
    now: Instant,
    client: Client,
    entropy: SeededEntropy,
    server: Six,
    sent: Vec<(Instant, Message)>,
    uses: BTreeMap<Ipv6Addr, Lifetimes>,
    information: Information,
    notes: Vec<String>,
}

impl Run {
    fn new(managed: Managed) -> Self {
        Self::of(1, Six::new(managed, false))
    }

    fn of(seed: u64, server: Six) -> Self {
        Self {
            now: START,
            client: Client::new(Settings { hardware: WE }),
            entropy: SeededEntropy(seed),
            server,
            sent: Vec::new(),
            uses: BTreeMap::new(),
            information: Information::default(),
            notes: Vec::new(),
        }
    }

    /// The link is there and the router has said what is to be had.
    fn begin(&mut self) {
        let wish = match self.server.managed {
            Managed::Nothing => Wish::Nothing,
            Managed::Information => Wish::Information,
            Managed::Addresses => Wish::Addresses,
        };
        self.turn(Event::LinkLocal(Some(SOURCE)));
        self.turn(Event::Wished(wish));
    }

    /// A turn, without answers. Returns what was sent.
    fn turn(&mut self, event: Event<'_>) -> Vec<Vec<u8>> {
        let actions = self.client.turn(self.now, &mut self.entropy, event);
        self.done(actions)
    }

    fn done(&mut self, actions: Vec<Action>) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for action in actions {
            match action {
                Action::Send { to, octets } => {
                    assert_eq!(to, MacAddr([0x33, 0x33, 0, 1, 0, 2]));
                    self.sent.push((self.now, message(&octets)));
                    packets.push(octets);
                }
                Action::Use(address, lifetimes) => {
                    self.uses.insert(address, lifetimes);
                }
                Action::Drop(address) => assert!(self.uses.remove(&address).is_some(), "{address} is in use"),
                Action::Inform(information) => self.information = information,
                Action::Note(text) => self.notes.push(text),
            }
        }
        assert_eq!(
            self.client.addresses().collect::<Vec<_>>(),
            self.uses.keys().copied().collect::<Vec<_>>()
        );
        packets
    }

    /// An answer, to the last message that was sent.
    fn hear(&mut self, change: impl FnOnce(&mut Message)) {
        let asked = self.sent.last().unwrap().1.clone();
        let mut answer = self.server.answer(self.now, &asked).unwrap();
        change(&mut answer);
        self.turn(Event::Packet(&packet(&answer)));
    }

    /// Goes on to when the client is due.
    fn wait(&mut self) {
        self.now = self.client.next_deadline().unwrap();
        self.turn(Event::Tick);
    }

    /// Goes on for so long, the server answering.
    fn live(&mut self, time: Duration) {
        let end = self.now + time;
        let mut packets = self.turn(Event::Tick);
        loop {
            for octets in std::mem::take(&mut packets) {
                if let Some(answer) = self.server.turn(self.now, &octets) {
                    packets.extend(self.turn(Event::Packet(&answer)));
                }
            }
            if packets.is_empty() {
                match self.client.next_deadline().filter(|next| *next <= end) {
                    Some(next) => self.now = next,
                    None => break,
                }
                packets = self.turn(Event::Tick);
            }
        }
        self.now = end;
    }

    /// Has an address.
    fn bound(rapid: bool) -> Self {
        let mut run = Self::of(1, Six::new(Managed::Addresses, rapid));
        run.begin();
        run.hear(|_| {});
        if !rapid {
            run.wait();
            run.hear(|_| {});
        }
        assert_eq!(run.uses.len(), 1);
        run
    }

    fn kinds(&self) -> Vec<Kind> {
        self.sent.iter().map(|(_, message)| message.kind).collect()
    }
}

/// The addresses that a message names.
fn named(message: &Message) -> Vec<Ipv6Addr> {
    let association = message.association(1).expect("it has addresses");
    association.addresses.iter().map(|given| given.address).collect()
}

/// The addresses in a message of a server, to be changed.
fn association(message: &mut Message) -> &mut Association {
    let found = message.fields.iter_mut().find_map(|field| match field {
        Field::Addresses(association) => Some(association),
        _ => None,
    });
    found.expect("it has addresses")
}

#[test]
fn nothing_is_said_until_it_is_wanted_and_can_be() {
    let mut run = Run::new(Managed::Addresses);
    run.turn(Event::Tick);
    run.turn(Event::Wished(Wish::Addresses));
    assert_eq!((run.kinds(), run.client.next_deadline()), (vec![], None), "from where?");
    run.turn(Event::LinkLocal(Some(SOURCE)));
    assert_eq!(run.kinds(), [Kind::Solicit]);
    let mut run = Run::new(Managed::Nothing);
    run.begin();
    assert_eq!((run.kinds(), run.client.next_deadline()), (vec![], None));
}

#[test]
fn four_messages_give_an_address() {
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    let (_, solicit) = &run.sent[0];
    assert!(solicit.fields.contains(&Field::RapidCommit) && solicit.server().is_none());
    assert!(solicit.fields.contains(&Field::Elapsed(0)));
    assert!(named(solicit).is_empty());
    run.hear(|_| {});
    assert_eq!(run.kinds(), [Kind::Solicit], "others may offer too");
    run.wait();
    assert_eq!(run.kinds(), [Kind::Solicit, Kind::Request]);
    let waited = run.now.since(START).as_micros();
    assert!(waited > 1_000_000 && waited <= 1_100_000);
    assert!(run.sent[1].1.server().is_some());
    run.hear(|_| {});
    let (address, lifetimes) = run.uses.first_key_value().unwrap();
    assert_eq!(run.server.address_of(run.now, &DUID), Some(*address));
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(*lifetimes, Lifetimes { preferred: seconds(1800), valid: seconds(3600) });
    let information = Information { servers: vec![six::NAME_SERVER], search: vec!["example.org".to_owned()] };
    assert_eq!(run.information, information);
}

#[test]
fn a_server_that_commits_rapidly_gives_in_two() {
    let run = Run::bound(true);
    assert_eq!((run.kinds(), run.now), (vec![Kind::Solicit], START));
    // Who was not asked to give at once does not give at once.
    let mut run = Run::of(1, Six::new(Managed::Addresses, true));
    run.begin();
    run.hear(|answer| answer.fields.retain(|field| *field != Field::RapidCommit));
    assert!(run.uses.is_empty());
}

#[test]
fn the_server_of_the_highest_preference_is_asked() {
    let offer = |run: &mut Run, last: u8, preference: Option<u8>| {
        run.hear(|answer| {
            for field in &mut answer.fields {
                if let Field::Server(duid) = field {
                    *duid = vec![0, 3, 0, 1, 2, 0, 0, 0, 0, last];
                }
            }
            answer.fields.extend(preference.map(Field::Preference));
        });
    };
    let asked = |run: &Run| run.sent.last().unwrap().1.server().unwrap()[9];
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    for (last, preference) in [(1, None), (2, Some(7)), (3, Some(7)), (4, Some(3))] {
        offer(&mut run, last, preference);
    }
    run.wait();
    assert_eq!((run.kinds(), asked(&run)), (vec![Kind::Solicit, Kind::Request], 2));
    // The first choice is not waited for any longer.
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    offer(&mut run, 1, None);
    offer(&mut run, 2, Some(255));
    assert_eq!((run.now, asked(&run)), (START, 2));
    // Neither is whoever comes after the first wait.
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    run.wait();
    assert_eq!(run.kinds(), [Kind::Solicit; 2]);
    offer(&mut run, 5, None);
    assert_eq!(asked(&run), 5);
}

#[test]
fn what_is_no_address_is_asked_for_alone_and_again_in_time() {
    let mut run = Run::new(Managed::Information);
    run.begin();
    assert_eq!(run.kinds(), [Kind::InformationRequest]);
    run.hear(|answer| {
        answer.fields.push(Field::RefreshTime(1));
        // RFC 8415 16.10 has servers repeat who asked only if they were told.
        answer.fields.retain(|field| !matches!(field, Field::Client(_)));
    });
    assert_eq!((run.uses.len(), run.information.servers.len()), (0, 1));
    let asked = run.now;
    run.wait();
    assert_eq!(run.now.since(asked), Duration::from_secs(600), "no server is asked more often");
    assert_eq!(run.kinds(), [Kind::InformationRequest; 2]);
    run.hear(|_| {});
    let asked = run.now;
    run.wait();
    assert_eq!(run.now.since(asked), Duration::from_secs(86_400));
}

#[test]
fn routers_may_say_something_else_later() {
    let mut run = Run::new(Managed::Information);
    run.begin();
    run.hear(|_| {});
    run.server.managed = Managed::Addresses;
    run.turn(Event::Wished(Wish::Addresses));
    assert_eq!(run.kinds(), [Kind::InformationRequest, Kind::Solicit]);
    run.turn(Event::Wished(Wish::Nothing));
    assert_eq!(run.client.next_deadline(), None, "what is only asked for is wanted no more");
    // What was given stays.
    let mut run = Run::bound(true);
    run.turn(Event::Wished(Wish::Nothing));
    assert_eq!(run.uses.len(), 1);
}

#[test]
fn messages_for_others_change_nothing() {
    let mut run = Run::of(1, Six::new(Managed::Addresses, true));
    run.begin();
    let before = run.client.clone();
    run.hear(|answer| answer.transaction[0] ^= 1);
    run.hear(|answer| answer.fields.retain(|field| !matches!(field, Field::Client(_))));
    run.hear(|answer| answer.fields.retain(|field| !matches!(field, Field::Server(_))));
    run.hear(|answer| answer.fields[0] = Field::Client(vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 9]));
    run.hear(|answer| answer.kind = Kind::Reconfigure);
    run.hear(|answer| answer.kind = Kind::Solicit);
    assert_eq!(run.client, before);
    assert_eq!(run.uses.len(), 0);
    // Cut anywhere it is no packet.
    let asked = run.sent[0].1.clone();
    let whole = packet(&run.server.answer(run.now, &asked).unwrap());
    for length in 0..whole.len() {
        run.turn(Event::Packet(&whole[..length]));
    }
    assert_eq!(run.client, before);
}
