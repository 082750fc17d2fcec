//! The client against a scripted server, on a line that loses, repeats and garbles.

use super::client::{Action, Client, Event, Settings};
use super::lease::Lease;
use super::message::{Kind, Message, option};
use crate::netconf::arp::Arp;
use crate::netconf::ip::Datagram;
use crate::netconf::settings::Prefix;
use lapwing_core::entropy::{SeededEntropy, random};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

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
    arp: Vec<(Instant, Arp)>,
    lease: Option<Lease>,
    notes: Vec<String>,
}

impl Run {
    fn new(remembered: Option<Ipv4Addr>) -> Self {
        let now = Instant::after_start(Duration::from_secs(1000));
        let settings = Settings { hardware: WE, hostname: None, remembered };
        Self {
            now,
            client: Client::new(now, settings),
            entropy: SeededEntropy(7),
            sent: Vec::new(),
            arp: Vec::new(),
            lease: None,
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
                Action::SendArp(octets) => self.arp.push((self.now, Arp::parse(&octets).unwrap())),
                Action::Use(lease) => self.lease = Some(lease),
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

    fn kinds(&self) -> Vec<Kind> {
        self.sent.iter().filter_map(|(_, _, message)| message.kind()).collect()
    }

    fn elapsed(&self) -> Duration {
        self.now.since(Instant::after_start(Duration::from_secs(1000)))
    }
}

#[test]
fn four_messages_two_probes_and_an_address() {
    let mut run = Run::new(None);
    run.steps(Server::Plain, 3);
    assert_eq!(run.kinds(), [Kind::Discover, Kind::Request]);
    assert_eq!(run.arp.iter().filter(|(_, arp)| arp.sender.is_unspecified()).count(), 2);
    assert_eq!(run.elapsed(), Duration::from_millis(200));
    let lease = run.lease.clone().unwrap();
    assert_eq!(lease.address, Prefix { address: ADDRESS, length: 24 });
    assert_eq!((lease.router(), lease.dns.len()), (Some(SERVER), 2));
    assert_eq!(lease.domain.as_deref(), Some("example.org"));
    let time = lease.time.unwrap();
    assert_eq!((time.renew.as_secs(), time.rebind.as_secs(), time.end.as_secs()), (1800, 3150, 3600));
    run.steps(Server::Plain, 1);
    let announced: Vec<_> = run.arp.iter().filter(|(_, arp)| arp.sender == ADDRESS).collect();
    assert_eq!(announced.len(), 2);
    assert_eq!(announced[1].0.since(announced[0].0), Duration::from_secs(2));
}

#[test]
fn rapid_commit_takes_two() {
    let mut run = Run::new(None);
    run.steps(Server::Rapid, 3);
    assert_eq!(run.kinds(), [Kind::Discover]);
    assert!(run.lease.is_some());
}

#[test]
fn a_remembered_address_comes_back_at_once() {
    let mut run = Run::new(Some(ADDRESS));
    run.step(Server::Plain);
    assert_eq!(run.kinds(), [Kind::Request]);
    assert_eq!(run.elapsed(), Duration::ZERO);
    assert!(run.lease.is_some());
    let (_, to, request) = &run.sent[0];
    assert_eq!((*to, request.address(option::ADDRESS)), (MacAddr::BROADCAST, Some(ADDRESS)));
    assert_eq!((request.address(option::SERVER), request.client), (None, Ipv4Addr::UNSPECIFIED));
}

#[test]
fn a_remembered_address_that_is_refused_or_unknown_is_forgotten() {
    let mut run = Run::new(Some(ADDRESS));
    run.step(Server::Refusing);
    assert_eq!(run.kinds()[..2], [Kind::Request, Kind::Discover]);
    assert_eq!(run.sent[1].2.address(option::ADDRESS), None);

    let mut run = Run::new(Some(Ipv4Addr::new(10, 0, 0, 1)));
    run.steps(Server::Silent, 4);
    assert_eq!(run.kinds(), [Kind::Request, Kind::Request, Kind::Request, Kind::Discover]);
    run.steps(Server::Plain, 3);
    assert_eq!(run.lease.unwrap().address.address, ADDRESS);
}

#[test]
fn repetitions_become_rarer_and_never_stop() {
    let mut run = Run::new(None);
    run.steps(Server::Silent, 12);
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_secs_f64()).collect();
    for (wait, expected) in waits.iter().zip([0.15, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 64.0, 64.0, 64.0]) {
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
    run.steps(Server::Plain, 4);
    let bound = run.now;
    run.sent.clear();
    // The server is there: one request to it alone.
    run.step(Server::Plain);
    let (at, to, request) = run.sent[0].clone();
    assert!(at.since(bound) < Duration::from_secs(1801));
    assert_eq!((to, request.client, request.kind()), (SERVER_HARDWARE, ADDRESS, Some(Kind::Request)));
    assert_eq!((request.address(option::SERVER), request.address(option::ADDRESS)), (None, None));
    assert_eq!(run.arp.len(), 4, "nothing new to announce");
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
    run.steps(Server::Plain, 4);
    run.step(Server::Refusing);
    assert!(run.lease.is_none());
    let refused = run.now;
    run.steps(Server::Plain, 4);
    assert!(run.lease.is_some());
    // What it had just offered was refused too: there is a pause.
    assert!(run.now.since(refused) >= Duration::from_secs(5));
}

#[test]
fn an_address_that_is_taken_is_declined() {
    let mut run = Run::new(None);
    run.step(Server::Plain);
    let taken = Arp { operation: 2, ..Arp::announcement(OTHER, ADDRESS) }.build();
    run.turn(Event::Arp { octets: &taken });
    assert_eq!(run.kinds(), [Kind::Discover, Kind::Request, Kind::Decline]);
    assert_eq!(run.sent[2].2.address(option::ADDRESS), Some(ADDRESS));
    assert!(run.lease.is_none());
    let declined = run.now;
    run.step(Server::Plain);
    assert_eq!(run.now.since(declined), Duration::from_secs(10));
    assert_eq!(run.kinds()[3..], [Kind::Discover, Kind::Request]);
}

#[test]
fn an_address_in_use_is_defended_once_and_then_given_up() {
    let mut run = Run::new(None);
    run.steps(Server::Plain, 4);
    let attack = Arp::announcement(OTHER, ADDRESS).build();
    let before = run.arp.len();
    run.turn(Event::Arp { octets: &attack });
    assert_eq!((run.arp.len(), run.lease.is_some()), (before + 1, true));
    run.now = run.now + Duration::from_secs(11);
    run.turn(Event::Arp { octets: &attack });
    assert_eq!((run.arp.len(), run.lease.is_some()), (before + 2, true));
    run.now = run.now + Duration::from_secs(5);
    run.turn(Event::Arp { octets: &attack });
    assert_eq!((run.kinds().pop(), run.lease.is_some()), (Some(Kind::Decline), false));
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

#[test]
fn odd_servers_are_understood() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    // Classless routes win over the router; T2 before T1 is nonsense; no end mark; a lease without end.
    answer.options.insert(option::ROUTES, vec![0, 192, 0, 2, 9, 25, 198, 51, 100, 128, 0, 0, 0, 0]);
    answer.options.insert(option::RENEWAL, 3000_u32.to_be_bytes().to_vec());
    answer.options.insert(option::REBINDING, 2000_u32.to_be_bytes().to_vec());
    let lease = Lease::read(&answer, SERVER_HARDWARE).unwrap();
    assert_eq!(lease.router(), Some(Ipv4Addr::new(192, 0, 2, 9)));
    assert_eq!(lease.routes[1], (Prefix { address: Ipv4Addr::new(198, 51, 100, 128), length: 25 }, None));
    let time = lease.time.unwrap();
    assert!(time.renew < time.rebind && time.rebind < time.end);
    answer.options.insert(option::LEASE, u32::MAX.to_be_bytes().to_vec());
    assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().time, None);
    answer.options.insert(option::LEASE, 0_u32.to_be_bytes().to_vec());
    let time = Lease::read(&answer, SERVER_HARDWARE).unwrap().time.unwrap();
    assert!(time.renew < time.rebind && time.rebind < time.end && time.end >= Duration::from_secs(30));
    answer.options.insert(option::DOMAIN, b"evil\nnameserver 6.6.6.6".to_vec());
    assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().domain, None);
}

#[test]
fn a_server_cannot_have_us_ask_without_pause() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    for (renewal, rebinding, end) in [(0, 1, 3600), (0, 0, 0), (1, 3599, 3600), (5, 6, 20)] {
        for (number, value) in
            [(option::RENEWAL, renewal), (option::REBINDING, rebinding), (option::LEASE, end)]
        {
            answer.options.insert(number, u32::to_be_bytes(value).to_vec());
        }
        let time = Lease::read(&answer, SERVER_HARDWARE).unwrap().time.unwrap();
        assert!(time.renew >= Duration::from_secs(15), "{time:?}");
        assert!(time.renew < time.rebind && time.rebind < time.end, "{time:?}");
    }
}

#[test]
fn routes_lead_to_hosts_through_hosts() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    for route in [
        &[8, 127, 192, 0, 2, 1][..],
        &[4, 224, 192, 0, 2, 1],
        &[0, 127, 0, 0, 1],
        &[0, 224, 0, 0, 1],
        &[0, 255, 255, 255, 255],
    ] {
        answer.options.insert(option::ROUTES, route.to_vec());
        assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().routes, [], "{route:?}");
    }
}

#[test]
fn a_message_both_ways() {
    let mut options = BTreeMap::from([
        (option::KIND, vec![Kind::Offer.0]),
        (option::MESSAGE, vec![b'x'; 300]),
        (option::RAPID_COMMIT, Vec::new()),
    ]);
    let message = Message {
        reply: true,
        transaction: 0x0102_0304,
        seconds: 5,
        client: SERVER,
        yours: ADDRESS,
        hardware: WE,
        options: options.clone(),
    };
    let octets = message.build();
    assert_eq!(Message::parse(&octets), Ok(message.clone()), "a long option travels in two parts");
    assert_eq!(&octets[236..243], &[99, 130, 83, 99, 53, 1, 2], "the kind is in front");
    // Options in the file and name fields.
    options.remove(&option::MESSAGE);
    let mut octets = Message { options, ..message }.build();
    octets.truncate(octets.iter().rposition(|&octet| octet == option::END).unwrap());
    octets.extend([option::OVERLOAD, 1, 3]);
    octets[108..114].copy_from_slice(&[option::ROUTER, 4, 192, 0, 2, 1]);
    octets[44..50].copy_from_slice(&[option::DNS, 4, 192, 0, 2, 2]);
    let parsed = Message::parse(&octets).unwrap();
    assert_eq!(parsed.address(option::ROUTER), Some(SERVER));
    assert_eq!(parsed.addresses(option::DNS), [Ipv4Addr::new(192, 0, 2, 2)]);
    // In the fields themselves it means nothing.
    octets[114..117].copy_from_slice(&[option::OVERLOAD, 1, 2]);
    assert_eq!(Message::parse(&octets), Ok(parsed.clone()));
    assert_eq!(Message::parse(&parsed.build()), Ok(parsed));
    for length in 0..octets.len() {
        let _error_or_less = Message::parse(&octets[..length]);
    }
}

#[test]
fn another_implementation_reads_our_messages() {
    use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr};
    let mut run = Run::new(None);
    run.step(Server::Plain);
    for ((_, _, message), kind) in run.sent.iter().zip([DhcpMessageType::Discover, DhcpMessageType::Request])
    {
        let octets = message.build();
        let packet = DhcpPacket::new_checked(&octets[..]).unwrap();
        let parsed = DhcpRepr::parse(&packet).unwrap();
        assert_eq!((parsed.message_type, parsed.transaction_id), (kind, message.transaction));
        assert_eq!(parsed.client_hardware_address.0, WE.0);
        assert_eq!(parsed.requested_ip, message.address(option::ADDRESS));
        assert_eq!(parsed.server_identifier, message.address(option::SERVER));
        assert!(parsed.client_identifier.is_some() && parsed.parameter_request_list.is_some());
    }
}

/// A line that loses, repeats, delays and garbles; in the end every client has the address.
#[test]
fn thousands_of_bad_lines() {
    for seed in 0..4000 {
        let mut chance = SeededEntropy(seed);
        let mut roll = |sides: u8| random::<1>(&mut chance)[0] % sides;
        let remembered = [None, Some(ADDRESS), Some(Ipv4Addr::new(10, 0, 0, 1))][usize::from(roll(3))];
        let server = [Server::Plain, Server::Rapid][usize::from(roll(2))];
        let mut run = Run::new(remembered);
        run.entropy = SeededEntropy(seed ^ 0xffff);
        let mut held: Vec<Vec<u8>> = Vec::new();
        let mut steps = 0;
        let wrong_network = remembered.is_some_and(|address| address != ADDRESS);
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
                if wrong_network && request.kind() == Some(Kind::Request) && asked == remembered {
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
