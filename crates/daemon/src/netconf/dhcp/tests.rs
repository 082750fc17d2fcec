//! The client against a scripted server, on a line that loses, repeats and garbles.

use super::client::{Action, Client, Event, Settings};
use super::lease::{Lease, Times};
use crate::netconf::settings::Prefix;
use lapwing_core::entropy::{SeededEntropy, random};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;
use lapwing_frames::internet::dhcp::{Kind, Message, option};
use lapwing_frames::internet::udp::Datagram;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

mod guard;
mod known;
mod lease;
mod wire;

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const SERVER_HARDWARE: MacAddr = MacAddr([2, 0, 0, 0, 0, 0xfe]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

/// What the server does.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    Plain,
    Rapid,
    Silent,
    Refusing,
}

impl Server {
    fn answer(self, request: &Message) -> Option<Message> {
        let rapid = self == Self::Rapid && request.options.contains_key(&option::RAPID_COMMIT);
        let kind = match request.kind()? {
            _ if self == Self::Silent => return None,
            Kind::Discover if rapid => Kind::Ack,
            Kind::Discover => Kind::Offer,
            Kind::Request if self == Self::Refusing => Kind::Nak,
            Kind::Request => Kind::Ack,
            _ => return None,
        };
        let mut options =
            BTreeMap::from([(option::KIND, vec![kind.0]), (option::SERVER, SERVER.octets().to_vec())]);
        if kind != Kind::Nak {
            options.extend([
                (option::MASK, vec![255, 255, 255, 0]),
                (option::ROUTER, SERVER.octets().to_vec()),
                (option::DNS, [SERVER.octets(), [192, 0, 2, 2]].concat()),
                (option::DOMAIN, b"example.org\0".to_vec()),
                (option::LEASE, 3600_u32.to_be_bytes().to_vec()),
            ]);
        }
        if rapid {
            options.insert(option::RAPID_COMMIT, Vec::new());
        }
        Some(Message { reply: true, yours: ADDRESS, options, ..request.clone() })
    }
}

fn packet(message: &Message) -> Vec<u8> {
    Datagram {
        source: SERVER,
        destination: Ipv4Addr::BROADCAST,
        source_port: 67,
        destination_port: 68,
        payload: &message.build(),
    }
    .build()
}

/// A client, its clock, and everything it did.
struct Run {
    now: Instant,
    client: Client,
    entropy: SeededEntropy,
    sent: Vec<(Instant, MacAddr, Message)>,
    arp: Vec<(Instant, MacAddr, Arp)>,
    lease: Option<Lease>,
    kept: Vec<Lease>,
    notes: Vec<String>,
}

impl Run {
    fn new(remembered: Option<Lease>) -> Self {
        let now = Instant::after_start(Duration::from_secs(1000));
        let settings = Settings { hardware: WE, hostname: None, remembered };
        Self {
            now,
            client: Client::new(now, settings),
            entropy: SeededEntropy(7),
            sent: Vec::new(),
            arp: Vec::new(),
            lease: None,
            kept: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn turn(&mut self, event: Event<'_>) -> Vec<Message> {
        let mut requests = Vec::new();
        for action in self.client.turn(self.now, &mut self.entropy, event) {
            match action {
                Action::Send { to, octets } => {
                    let datagram = Datagram::parse(&octets).unwrap();
                    assert_eq!((datagram.source_port, datagram.destination_port), (68, 67));
                    let message = Message::parse(datagram.payload).unwrap();
                    self.sent.push((self.now, to, message.clone()));
                    requests.push(message);
                }
                Action::SendArp { to, octets } => {
                    self.arp.push((self.now, to, Arp::parse(&octets).unwrap()));
                }
                Action::Use(lease) => self.lease = Some(lease),
                Action::Keep(lease) => {
                    assert_eq!(lease.address, self.lease.as_ref().unwrap().address, "only what is in use");
                    self.lease = Some(lease.clone());
                    self.kept.push(lease);
                }
                Action::Drop(_) => self.lease = None,
                Action::Note(text) => self.notes.push(text),
            }
        }
        assert_eq!(self.client.lease(), self.lease.as_ref(), "what is told is what is so");
        requests
    }

    /// Goes to the next deadline and lets the server answer what is asked there.
    fn step(&mut self, server: Server) {
        self.now = self.client.next_deadline().unwrap().max(self.now);
        let mut requests = self.turn(Event::Tick);
        while let Some(request) = requests.pop() {
            if let Some(answer) = server.answer(&request) {
                requests
                    .extend(self.turn(Event::Packet { source: SERVER_HARDWARE, octets: &packet(&answer) }));
            }
        }
    }

    fn steps(&mut self, server: Server, count: usize) {
        for _ in 0..count {
            self.step(server);
        }
    }

    /// Goes on until nothing is due for a while.
    fn settle(&mut self, server: Server) {
        while self.client.next_deadline().unwrap().since(self.now) < Duration::from_secs(10) {
            self.step(server);
        }
    }

    fn arp(&mut self, packet: Arp) {
        self.turn(Event::Arp { octets: &packet.build() });
    }

    fn kinds(&self) -> Vec<Kind> {
        self.sent.iter().filter_map(|(_, _, message)| message.kind()).collect()
    }

    fn elapsed(&self) -> Duration {
        self.now.since(Instant::after_start(Duration::from_secs(1000)))
    }
}

/// A lease that was had before: the server is also the router.
fn remembered() -> Lease {
    let time = |seconds| Duration::from_secs(seconds);
    Lease {
        address: Prefix { address: ADDRESS, length: 24 },
        server: SERVER,
        server_hardware: SERVER_HARDWARE,
        router_hardware: Some(SERVER_HARDWARE),
        routes: vec![(Prefix { address: Ipv4Addr::UNSPECIFIED, length: 0 }, Some(SERVER))],
        dns: vec![SERVER],
        search: Vec::new(),
        mtu: None,
        time: Some(Times { renew: time(900), rebind: time(1500), end: time(1800) }),
    }
}

#[test]
fn four_messages_and_the_address_is_used() {
    let mut run = Run::new(None);
    run.step(Server::Plain);
    assert_eq!(run.kinds(), [Kind::Discover, Kind::Request]);
    assert_eq!(run.elapsed(), Duration::ZERO);
    let lease = run.lease.clone().unwrap();
    assert_eq!(lease.address, Prefix { address: ADDRESS, length: 24 });
    assert_eq!((lease.router(), lease.dns.len()), (Some(SERVER), 2));
    assert_eq!(lease.search, ["example.org"]);
    let time = lease.time.unwrap();
    assert_eq!((time.renew.as_secs(), time.rebind.as_secs(), time.end.as_secs()), (1800, 3150, 3600));
    assert_eq!(run.kept, [lease]);
}

#[test]
fn rapid_commit_takes_two() {
    let mut run = Run::new(None);
    run.step(Server::Rapid);
    assert_eq!(run.kinds(), [Kind::Discover]);
    assert!(run.sent[0].2.options.contains_key(&option::RAPID_COMMIT));
    assert!(run.lease.is_some() && run.elapsed() == Duration::ZERO);
}

#[test]
fn repetitions_become_rarer_and_never_stop() {
    let mut run = Run::new(None);
    run.steps(Server::Silent, 15);
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_secs_f64()).collect();
    let expected = [0.002, 0.008, 0.04, 0.15, 0.6, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 64.0, 64.0];
    assert_eq!(waits.len(), expected.len());
    for (wait, expected) in waits.iter().zip(expected) {
        assert!((expected * 0.87..=expected * 1.13).contains(wait), "{wait} for {expected}");
    }
    let transactions: std::collections::BTreeSet<_> =
        run.sent.iter().map(|(_, _, message)| message.transaction).collect();
    assert_eq!(transactions.len(), 1);
    assert!(run.sent.last().unwrap().2.seconds > 100);
}

#[test]
fn a_lease_is_renewed_rebound_and_lost() {
    let mut run = Run::new(None);
    run.step(Server::Plain);
    let bound = run.now;
    run.settle(Server::Plain);
    let packets = run.arp.len();
    run.sent.clear();
    // The server is there: one request to it alone.
    run.step(Server::Plain);
    let (at, to, request) = run.sent[0].clone();
    assert!(at.since(bound) < Duration::from_secs(1801));
    assert_eq!((to, request.client, request.kind()), (SERVER_HARDWARE, ADDRESS, Some(Kind::Request)));
    assert_eq!((request.address(option::SERVER), request.address(option::ADDRESS)), (None, None));
    assert_eq!(run.arp.len(), packets, "nothing new to announce");
    // It is gone: first it alone, then anyone, then it is over.
    run.sent.clear();
    while run.lease.is_some() {
        run.step(Server::Silent);
    }
    assert!(run.now.since(at) >= Duration::from_secs(3600));
    let to_server = run.sent.iter().take_while(|(_, to, _)| *to == SERVER_HARDWARE).count();
    let rest = &run.sent[to_server..];
    assert!(to_server >= 3 && rest.len() >= 3);
    assert!(rest.iter().all(|(_, to, _)| *to == MacAddr::BROADCAST));
    assert_eq!(run.sent.last().unwrap().2.kind(), Some(Kind::Discover));
    let rest = &rest[..rest.len() - 1];
    for pair in run.sent[..to_server].windows(2).chain(rest.windows(2)) {
        assert!(pair[1].0.since(pair[0].0) >= Duration::from_secs(60));
    }
}

#[test]
fn a_renewal_that_is_refused_ends_the_lease() {
    let mut run = Run::new(None);
    run.settle(Server::Plain);
    run.step(Server::Refusing);
    assert!(run.lease.is_none());
    let refused = run.now;
    run.steps(Server::Plain, 1);
    assert!(run.lease.is_some());
    // What it had just offered was refused too: there is a pause.
    assert!(run.now.since(refused) >= Duration::from_secs(5));
}

#[test]
fn answers_that_do_not_belong_change_nothing() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let request = run.sent[0].2.clone();
    let good = Server::Plain.answer(&request).unwrap();
    let without = |number: u8| {
        let mut message = good.clone();
        message.options.remove(&number);
        message
    };
    let with = |number: u8, value: &[u8]| {
        let mut message = good.clone();
        message.options.insert(number, value.to_vec());
        message
    };
    let before = run.client.clone();
    for wrong in [
        Message { transaction: request.transaction ^ 1, ..good.clone() },
        Message { hardware: OTHER, ..good.clone() },
        Message { reply: false, ..good.clone() },
        Message { yours: Ipv4Addr::UNSPECIFIED, ..good.clone() },
        Message { yours: Ipv4Addr::LOCALHOST, ..good.clone() },
        Message { yours: Ipv4Addr::BROADCAST, ..good.clone() },
        without(option::SERVER),
        without(option::LEASE),
        without(option::KIND),
        with(option::SERVER, &[1, 2, 3]),
        with(option::MASK, &[255, 0, 255, 0]),
        with(option::ROUTES, &[24, 192]),
        with(option::ROUTES, &[33, 1, 2, 3, 4, 5, 1, 2, 3, 4]),
        with(option::KIND, &[Kind::Ack.0]),
        with(option::KIND, &[Kind::Nak.0]),
        with(option::KIND, &[Kind::Discover.0]),
        with(option::KIND, &[99]),
    ] {
        run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &packet(&wrong) });
        assert_eq!(run.client, before, "{wrong:?}");
    }
    let octets = packet(&good);
    for length in 0..octets.len() {
        run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &octets[..length] });
        assert_eq!(run.client, before, "cut to {length}");
    }
    run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &octets });
    assert_ne!(run.client, before);
}

/// A line that loses, repeats, delays and garbles; in the end every client has the address.
#[test]
fn thousands_of_bad_lines() {
    for seed in 0..4000 {
        let mut chance = SeededEntropy(seed);
        let mut roll = |sides: u8| random::<1>(&mut chance)[0] % sides;
        let before = [None, Some(ADDRESS), Some(Ipv4Addr::new(10, 0, 0, 1))][usize::from(roll(3))];
        let server = [Server::Plain, Server::Rapid][usize::from(roll(2))];
        let lease = |address| Lease { address: Prefix { address, length: 24 }, ..remembered() };
        let mut run = Run::new(before.map(lease));
        run.entropy = SeededEntropy(seed ^ 0xffff);
        let mut held: Vec<Vec<u8>> = Vec::new();
        let mut steps = 0;
        let wrong_network = before.is_some_and(|address| address != ADDRESS);
        while run.lease.is_none() {
            steps += 1;
            assert!(steps < 400, "seed {seed}: no lease, {:?}", run.notes.last());
            run.now = run.client.next_deadline().unwrap().max(run.now);
            let mut requests = run.turn(Event::Tick);
            if let Some(old) = (!held.is_empty() && roll(4) == 0).then(|| held.remove(0)) {
                requests.extend(run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &old }));
            }
            while let Some(request) = requests.pop() {
                if roll(3) == 0 {
                    continue; // Lost on the way there.
                }
                // A server keeps silent about an address of another network.
                let asked = request.address(option::ADDRESS);
                if wrong_network && request.kind() == Some(Kind::Request) && asked == before {
                    continue;
                }
                let Some(answer) = server.answer(&request) else { continue };
                let mut octets = packet(&answer);
                match roll(6) {
                    0 => continue,
                    1 => {
                        let at = usize::from(roll(250));
                        octets[at] ^= 1 << roll(8);
                    }
                    2 => octets.truncate(usize::from(roll(250))),
                    3 => held.push(octets.clone()),
                    _ => {}
                }
                for _ in 0..=roll(2) {
                    requests.extend(run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &octets }));
                }
            }
            let noise: [u8; 60] = random(&mut run.entropy);
            run.turn(Event::Arp { octets: &noise });
            run.turn(Event::Packet { source: OTHER, octets: &noise });
        }
        assert_eq!(run.lease.unwrap().address.address, ADDRESS, "seed {seed}");
    }
}
