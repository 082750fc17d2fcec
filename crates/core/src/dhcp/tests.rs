//! What clients get, those of good will and the others.

use super::*;
use std::{collections::BTreeSet, vec};

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const DNS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);
const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const NOW: Instant = Instant::after_start(Duration::from_secs(5));

fn server(pool: RangeInclusive<u8>) -> Server {
    let address = |last: &u8| Ipv4Addr::new(192, 0, 2, *last);
    let pool = address(pool.start())..=address(pool.end());
    Server::new(Shared::new(Settings { pool, ..Settings::new(SERVER, 24) }), &[DNS])
}

/// A client's message.
fn message(client: MacAddr, kind: Kind) -> Message {
    Message {
        reply: false,
        transaction: 7,
        seconds: 0,
        broadcast: false,
        client: Ipv4Addr::UNSPECIFIED,
        yours: Ipv4Addr::UNSPECIFIED,
        relay: Ipv4Addr::UNSPECIFIED,
        hardware: client,
        options: BTreeMap::from([
            (option::KIND, vec![kind.0]),
            (option::CLIENT, vec![1, 2, 3]),
            (option::HOSTNAME, b"phone".to_vec()),
        ]),
    }
}

fn with(mut message: Message, number: u8, value: impl Into<Vec<u8>>) -> Message {
    message.options.insert(number, value.into());
    message
}

/// A request for an address, of an offer of this server's if it names one.
fn request(client: MacAddr, address: Ipv4Addr, server: Option<Ipv4Addr>) -> Message {
    let asks = with(message(client, Kind::Request), option::ADDRESS, address.octets());
    match server {
        Some(server) => with(asks, option::SERVER, server.octets()),
        None => asks,
    }
}

fn packet(message: &Message) -> Vec<u8> {
    Datagram {
        source: message.client,
        destination: Ipv4Addr::BROADCAST,
        source_port: CLIENT_PORT,
        destination_port: SERVER_PORT,
        payload: &message.build(),
    }
    .build()
}

/// What the server does about a message.
fn turn(server: &mut Server, now: Instant, message: &Message) -> Vec<Action> {
    server.turn(now, Event::Packet { source: message.hardware, octets: &packet(message) })
}

/// The server's answer, to whom it is sent, and what it says.
fn ask(server: &mut Server, now: Instant, message: &Message) -> Option<(Ipv4Addr, Message)> {
    turn(server, now, message).into_iter().find_map(|action| match action {
        Action::Send { to, octets } => {
            assert_eq!(to, message.hardware);
            let datagram = Datagram::parse(&octets).unwrap();
            let ports = (datagram.source, datagram.source_port, datagram.destination_port);
            assert_eq!(ports, (SERVER, SERVER_PORT, CLIENT_PORT));
            let answer = Message::parse(datagram.payload).unwrap();
            assert!(answer.reply && answer.transaction == message.transaction);
            assert_eq!(answer.hardware, message.hardware);
            assert_eq!(answer.address(option::SERVER), Some(SERVER));
            assert_eq!(answer.options.get(&option::CLIENT), message.options.get(&option::CLIENT));
            Some((datagram.destination, answer))
        }
        _ => None,
    })
}

/// The kind of the answer and the address that it gives.
fn gist(server: &mut Server, now: Instant, message: &Message) -> Option<(Kind, Ipv4Addr)> {
    ask(server, now, message).map(|(_, answer)| (answer.kind().unwrap(), answer.yours))
}

/// A client gets an address.
fn join(server: &mut Server, now: Instant, client: MacAddr) -> Ipv4Addr {
    let (kind, address) = gist(server, now, &message(client, Kind::Discover)).unwrap();
    assert_eq!(kind, Kind::Offer);
    let ack = gist(server, now, &request(client, address, Some(SERVER)));
    assert_eq!(ack, Some((Kind::Ack, address)));
    address
}

#[test]
fn an_address_is_offered_given_renewed_and_ends() {
    let mut server = server(10..=20);
    let (to, offer) = ask(&mut server, NOW, &message(CLIENT, Kind::Discover)).unwrap();
    assert_eq!((offer.kind(), to), (Some(Kind::Offer), offer.yours));
    assert!((10..=20).contains(&offer.yours.octets()[3]));
    assert_eq!(server.leases(NOW).count(), 0, "an offer gives nothing");
    let actions = turn(&mut server, NOW, &request(CLIENT, offer.yours, Some(SERVER)));
    let until = NOW + Duration::from_secs(3600);
    let lease = Lease { client: CLIENT, address: offer.yours, name: Some("phone".into()), until };
    assert_eq!(actions.last(), Some(&Action::Leased(lease.clone())));
    assert_eq!(server.lease(NOW, CLIENT), Some(lease));
    assert_ne!(join(&mut server, NOW, OTHER), offer.yours, "it is taken");
    // Renewing, it is asked directly and answers to the address in use.
    let later = NOW + Duration::from_secs(1800);
    let renewal = Message { client: offer.yours, ..message(CLIENT, Kind::Request) };
    let (to, ack) = ask(&mut server, later, &renewal).unwrap();
    assert_eq!((to, ack.kind(), ack.yours), (offer.yours, Some(Kind::Ack), offer.yours));
    let (end, over) = (later + Duration::from_secs(3599), later + Duration::from_secs(3600));
    assert_eq!(server.leases(end).map(|lease| lease.client).collect::<Vec<_>>(), [CLIENT]);
    assert_eq!(server.leases(over).count(), 0);
    assert_eq!(join(&mut server, over, CLIENT), offer.yours, "the same client, the same address");
}

#[test]
fn addresses_are_given_from_the_first_on() {
    let mut server = server(10..=20);
    let last = |address: Ipv4Addr| address.octets()[3];
    assert_eq!([CLIENT, OTHER].map(|client| last(join(&mut server, NOW, client))), [10, 11]);
}

#[test]
fn what_an_answer_says() {
    let mut server = server(10..=20);
    let (_, offer) = ask(&mut server, NOW, &message(CLIENT, Kind::Discover)).unwrap();
    assert_eq!(offer.address(option::MASK), Some(Ipv4Addr::new(255, 255, 255, 0)));
    assert_eq!((offer.address(option::ROUTER), offer.addresses(option::DNS)), (Some(SERVER), vec![DNS]));
    let times = [option::LEASE, option::RENEWAL, option::REBINDING].map(|number| offer.duration(number));
    assert_eq!(times, [Some(3600), Some(1800), Some(3150)]);
    assert!(!offer.options.contains_key(&option::RAPID_COMMIT));
    let deaf = Message { broadcast: true, ..message(CLIENT, Kind::Discover) };
    assert_eq!(ask(&mut server, NOW, &deaf).unwrap().0, Ipv4Addr::BROADCAST);
    // The uplink has gone, and its name servers with it.
    assert_eq!(server.turn(NOW, Event::NameServers(&[])), []);
    let (_, offer) = ask(&mut server, NOW, &message(CLIENT, Kind::Discover)).unwrap();
    assert!(!offer.options.contains_key(&option::DNS));
}

#[test]
fn rapid_commit_takes_two_messages() {
    let mut server = server(10..=20);
    let discover = with(message(CLIENT, Kind::Discover), option::RAPID_COMMIT, []);
    let (_, ack) = ask(&mut server, NOW, &discover).unwrap();
    assert_eq!(ack.kind(), Some(Kind::Ack));
    assert!(ack.options.contains_key(&option::RAPID_COMMIT));
    assert_eq!(server.lease(NOW, CLIENT).unwrap().address, ack.yours);
}

#[test]
fn a_client_that_comes_back_keeps_its_address_or_is_told_at_once() {
    let mut server = server(10..=20);
    let address = join(&mut server, NOW, CLIENT);
    // After its own restart; without a record, after ours.
    assert_eq!(gist(&mut server, NOW, &request(CLIENT, address, None)), Some((Kind::Ack, address)));
    let free = (10..=20).map(|last| Ipv4Addr::new(192, 0, 2, last)).find(|it| *it != address).unwrap();
    assert_eq!(gist(&mut server, NOW, &request(OTHER, free, None)), Some((Kind::Ack, free)));
    // From another network, another's address, not its own, the server's, and outside the pool.
    let third = MacAddr([2, 0, 0, 0, 0, 3]);
    for (client, wrong) in [
        (third, Ipv4Addr::new(10, 0, 0, 10)),
        (third, address),
        (CLIENT, free),
        (third, SERVER),
        (third, Ipv4Addr::new(192, 0, 2, 30)),
    ] {
        let (to, nak) = ask(&mut server, NOW, &request(client, wrong, None)).unwrap();
        assert_eq!((to, nak.kind()), (Ipv4Addr::BROADCAST, Some(Kind::Nak)), "{client} {wrong}");
        assert!(nak.yours.is_unspecified() && !nak.options.contains_key(&option::LEASE));
    }
    assert_eq!(server.lease(NOW, CLIENT).unwrap().address, address, "a refusal takes nothing");
}

#[test]
fn an_offer_of_another_server_is_taken() {
    let mut server = server(10..=10);
    assert!(ask(&mut server, NOW, &message(CLIENT, Kind::Discover)).is_some());
    let elsewhere = request(CLIENT, Ipv4Addr::new(192, 0, 2, 99), Some(Ipv4Addr::new(192, 0, 2, 2)));
    assert_eq!(turn(&mut server, NOW, &elsewhere), []);
    assert_eq!(join(&mut server, NOW, OTHER), Ipv4Addr::new(192, 0, 2, 10), "ours is free again");
}

#[test]
fn a_declined_address_is_avoided_for_a_while() {
    let mut server = server(10..=11);
    let address = join(&mut server, NOW, CLIENT);
    let decline = |client| {
        let named = with(message(client, Kind::Decline), option::ADDRESS, address.octets());
        with(named, option::SERVER, SERVER.octets())
    };
    assert_eq!(turn(&mut server, NOW, &decline(OTHER)), [], "not another's");
    let actions = turn(&mut server, NOW, &decline(CLIENT));
    assert_eq!(actions.first(), Some(&Action::Released { client: CLIENT }));
    assert_ne!(join(&mut server, NOW, CLIENT), address);
    // Nothing else is left: better an address that was in use than none.
    assert_eq!(join(&mut server, NOW, OTHER), address);
}

#[test]
fn a_released_address_is_free() {
    let mut server = server(10..=10);
    let address = join(&mut server, NOW, CLIENT);
    let release = |client| {
        let message = Message { client: address, ..message(client, Kind::Release) };
        with(message, option::SERVER, SERVER.octets())
    };
    assert_eq!(turn(&mut server, NOW, &release(OTHER)), []);
    assert_eq!(turn(&mut server, NOW, &release(CLIENT)), [Action::Released { client: CLIENT }]);
    assert_eq!(join(&mut server, NOW, OTHER), address);
}

#[test]
fn who_has_an_address_is_told_the_rest() {
    let mut server = server(10..=10);
    let inform = Message { client: Ipv4Addr::new(192, 0, 2, 200), ..message(CLIENT, Kind::Inform) };
    let (to, ack) = ask(&mut server, NOW, &inform).unwrap();
    assert_eq!((to, ack.kind(), ack.yours), (inform.client, Some(Kind::Ack), Ipv4Addr::UNSPECIFIED));
    assert!(ack.options.contains_key(&option::DNS) && !ack.options.contains_key(&option::LEASE));
    let far = Message { client: Ipv4Addr::new(10, 0, 0, 1), ..inform };
    assert_eq!(turn(&mut server, NOW, &far), []);
}

#[test]
fn strangers_use_nothing_up() {
    let mut server = server(10..=13);
    let members = [CLIENT, OTHER];
    let addresses = members.map(|client| join(&mut server, NOW, client));
    // Each takes an offer and never comes back; the oldest make room.
    for number in 0..=255 {
        let now = NOW + Duration::from_millis(number.into());
        let stranger = MacAddr([2, 0, 0, 0, 1, number]);
        let (_, offered) = gist(&mut server, now, &message(stranger, Kind::Discover)).unwrap();
        assert!(!addresses.contains(&offered));
    }
    let newcomer = MacAddr([2, 0, 0, 0, 2, 0]);
    let third = join(&mut server, NOW + Duration::from_secs(1), newcomer);
    assert!(!addresses.contains(&third));
    // A name that is not the sender's gets nothing.
    let discover = message(MacAddr([2, 0, 0, 0, 3, 0]), Kind::Discover);
    let actions = server.turn(NOW, Event::Packet { source: CLIENT, octets: &packet(&discover) });
    assert!(matches!(actions.as_slice(), [Action::Note(_)]), "{actions:?}");
    // All leased: the next one is told nothing, and a person is.
    let fourth = MacAddr([2, 0, 0, 0, 2, 1]);
    join(&mut server, NOW + Duration::from_secs(1), fourth);
    let actions = turn(&mut server, NOW + Duration::from_secs(1), &message(OTHER, Kind::Discover));
    assert!(matches!(actions.as_slice(), [Action::Send { .. }]), "who has one is offered it");
    let late = turn(&mut server, NOW + Duration::from_secs(1), &discover);
    assert!(matches!(late.as_slice(), [Action::Note(_)]), "{late:?}");
}

#[test]
fn two_hundred_clients_get_two_hundred_addresses() {
    let mut server = Server::new(Shared::new(Settings::new(SERVER, 24)), &[DNS]);
    let clients = (0..200).map(|number| MacAddr([2, 0, 0, 0, 0, number]));
    let addresses: BTreeSet<_> = clients.map(|client| join(&mut server, NOW, client)).collect();
    assert_eq!(addresses.len(), 200);
    for nobodys in [0, 1, 255] {
        assert!(!addresses.contains(&Ipv4Addr::new(192, 0, 2, nobodys)));
    }
}

#[test]
fn rubbish_is_not_answered() {
    let mut server = server(10..=20);
    let whole = packet(&message(CLIENT, Kind::Discover));
    for length in 0..whole.len() {
        let event = Event::Packet { source: CLIENT, octets: &whole[..length] };
        assert_eq!(server.turn(NOW, event), [], "{length}");
    }
    let relayed = Message { relay: SERVER, ..message(CLIENT, Kind::Discover) };
    let reply = Message { reply: true, ..message(CLIENT, Kind::Discover) };
    for wrong in [relayed, reply, message(CLIENT, Kind::Offer), message(CLIENT, Kind(99))] {
        assert_eq!(turn(&mut server, NOW, &wrong), []);
    }
    assert_eq!(server.leases(NOW).count(), 0);
}

#[test]
fn odd_networks_hold_what_they_can() {
    // A network of one, of two, and of all addresses; a pool the wrong way round.
    for prefix in [32, 31, 30, 0] {
        let mut server = Server::new(Shared::new(Settings::new(SERVER, prefix)), &[]);
        let offer = gist(&mut server, NOW, &message(CLIENT, Kind::Discover));
        assert_eq!(offer.is_some(), prefix < 31, "{prefix}");
    }
    let settings = Settings { pool: Ipv4Addr::BROADCAST..=SERVER, ..Settings::new(SERVER, 24) };
    let mut server = Server::new(Shared::new(settings), &[]);
    assert_eq!(gist(&mut server, NOW, &message(CLIENT, Kind::Discover)), None);
}
