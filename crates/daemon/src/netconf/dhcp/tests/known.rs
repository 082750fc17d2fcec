//! A network that was joined before.

use super::*;

/// The router of that time answers.
fn router_answer() -> Arp {
    Arp {
        operation: 2,
        sender_hardware: SERVER_HARDWARE,
        sender: SERVER,
        target_hardware: WE,
        target: ADDRESS,
    }
}

#[test]
fn a_remembered_address_comes_back_at_once() {
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Plain);
    assert_eq!(run.kinds(), [Kind::Request]);
    assert_eq!(run.elapsed(), Duration::ZERO);
    assert!(run.lease.is_some());
    let (_, to, request) = &run.sent[0];
    assert_eq!((*to, request.address(option::ADDRESS)), (MacAddr::BROADCAST, Some(ADDRESS)));
    assert_eq!((request.address(option::SERVER), request.client), (None, Ipv4Addr::UNSPECIFIED));
    // The server's lease takes the place of the remembered one.
    assert_eq!(run.lease.unwrap().time.unwrap().end, Duration::from_secs(3600));
}

#[test]
fn a_remembered_address_that_is_refused_or_unknown_is_forgotten() {
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Refusing);
    assert_eq!(run.kinds()[..2], [Kind::Request, Kind::Discover]);
    assert_eq!(run.sent[1].2.address(option::ADDRESS), None);

    let address = Prefix { address: Ipv4Addr::new(10, 0, 0, 1), length: 24 };
    let mut run = Run::new(Some(Lease { address, ..remembered() }));
    while run.kinds().last() != Some(&Kind::Discover) {
        run.step(Server::Silent);
    }
    assert_eq!(run.kinds(), [&[Kind::Request; 6][..], &[Kind::Discover]].concat());
    assert!((1.5..2.1).contains(&run.elapsed().as_secs_f64()), "{:?}", run.elapsed());
    run.step(Server::Plain);
    assert_eq!(run.lease.unwrap().address.address, ADDRESS);
}

#[test]
fn the_router_vouches_before_the_server_speaks() {
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Silent);
    // It is asked by itself, from the address and with the link address of that time.
    let (_, to, test) = run.arp.iter().find(|(_, to, _)| *to != MacAddr::BROADCAST).unwrap();
    assert_eq!((*to, test.sender, test.target, test.operation), (SERVER_HARDWARE, ADDRESS, SERVER, 1));
    assert_eq!(run.lease, None);
    run.arp(router_answer());
    assert_eq!(run.lease, Some(remembered()));
    assert_eq!(run.kept, [], "nothing new to keep");
    // The server confirms it.
    run.step(Server::Plain);
    assert_eq!(run.kinds(), [Kind::Request, Kind::Request]);
    assert_eq!(run.lease.unwrap().time.unwrap().end, Duration::from_secs(3600));
    assert_eq!(run.kept.len(), 1);
}

#[test]
fn only_the_same_router_vouches() {
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Silent);
    for wrong in [
        Arp { sender_hardware: OTHER, ..router_answer() },
        Arp { sender: Ipv4Addr::new(192, 0, 2, 9), ..router_answer() },
        Arp { operation: 1, ..router_answer() },
        Arp { target_hardware: OTHER, ..router_answer() },
        Arp { target: Ipv4Addr::new(192, 0, 2, 8), ..router_answer() },
    ] {
        run.arp(wrong);
        assert_eq!(run.lease, None, "{wrong:?}");
    }
    // Its link address was never heard, or the clock cannot be trusted.
    let mut run = Run::new(Some(Lease { router_hardware: None, ..remembered() }));
    run.step(Server::Silent);
    assert!(run.arp.iter().all(|(_, to, _)| *to == MacAddr::BROADCAST));
    run.arp(router_answer());
    assert_eq!(run.lease, None);
}

#[test]
fn the_server_goes_before_the_router() {
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Silent);
    run.arp(router_answer());
    assert!(run.lease.is_some());
    run.step(Server::Refusing);
    assert_eq!(run.lease, None);
    assert_eq!(run.kinds()[..3], [Kind::Request, Kind::Request, Kind::Discover]);
}

#[test]
fn without_a_server_the_lease_is_used_to_its_end() {
    let mut run = Run::new(Some(remembered()));
    let began = run.now;
    run.step(Server::Silent);
    run.arp(router_answer());
    while run.lease.is_some() {
        run.step(Server::Silent);
    }
    assert_eq!(run.now.since(began), Duration::from_secs(1800));
}

#[test]
fn a_router_that_is_not_the_server_is_asked_for_its_address() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Rapid.answer(&run.sent[0].2).unwrap();
    let router = Ipv4Addr::new(192, 0, 2, 9);
    answer.options.insert(option::ROUTER, router.octets().to_vec());
    run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &packet(&answer) });
    assert_eq!(run.kept[0].router_hardware, None);
    run.settle(Server::Silent);
    let asked = run.arp.iter().filter(|(_, _, arp)| arp.target == router && arp.sender == ADDRESS);
    assert_eq!(asked.count(), 1);
    for other in [OTHER, SERVER_HARDWARE] {
        run.arp(Arp { sender: router, sender_hardware: other, ..router_answer() });
    }
    assert_eq!(run.kept.len(), 2, "once");
    assert_eq!(run.kept[1].router_hardware, Some(OTHER));
}
