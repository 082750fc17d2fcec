//! Is the address ours alone?

use super::*;

/// Somebody else has the address and says so.
fn taken() -> Arp {
    Arp {
        operation: 2,
        target_hardware: WE,
        target: Ipv4Addr::UNSPECIFIED,
        ..Arp::announcement(OTHER, ADDRESS)
    }
}

#[test]
fn the_address_is_probed_while_it_is_asked_for_and_announced_after() {
    let mut run = Run::new(None);
    run.settle(Server::Plain);
    let began = run.arp[0].0;
    let seen: Vec<_> =
        run.arp.iter().map(|(at, _, arp)| (at.since(began).as_millis(), arp.sender, arp.target)).collect();
    let none = Ipv4Addr::UNSPECIFIED;
    assert_eq!(
        seen,
        [
            (0, none, ADDRESS),
            (100, none, ADDRESS),
            (200, none, ADDRESS),
            (300, ADDRESS, ADDRESS),
            (2300, ADDRESS, ADDRESS)
        ]
    );
    assert_eq!(began, run.sent[1].0, "the first probe leaves with the request");
}

#[test]
fn an_address_that_is_taken_is_never_used_if_its_owner_is_quick() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let offer = Server::Plain.answer(&run.sent[0].2).unwrap();
    run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &packet(&offer) });
    run.arp(taken());
    assert_eq!(run.kinds(), [Kind::Discover, Kind::Request, Kind::Decline, Kind::Discover]);
    assert_eq!(run.kept, []);
    let declined = &run.sent[2].2;
    assert_eq!(
        (declined.address(option::ADDRESS), declined.address(option::SERVER)),
        (Some(ADDRESS), Some(SERVER))
    );
    // What the server says to the old request comes too late.
    let late = Server::Plain.answer(&run.sent[1].2).unwrap();
    run.turn(Event::Packet { source: SERVER_HARDWARE, octets: &packet(&late) });
    assert_eq!(run.lease, None);
}

#[test]
fn an_address_that_is_taken_is_withdrawn_and_declined() {
    let mut run = Run::new(None);
    run.step(Server::Plain);
    assert!(run.lease.is_some());
    run.arp(taken());
    assert_eq!(run.lease, None);
    assert_eq!(
        run.kinds(),
        [Kind::Discover, Kind::Request, Kind::Decline, Kind::Discover],
        "and at once another"
    );
    assert!(run.notes.iter().any(|note| note.contains("has 192.0.2.7 already")), "{:?}", run.notes);
    assert_eq!(run.sent[3].2.address(option::ADDRESS), None);
    // A second one in a row: now there is a pause.
    run.step(Server::Plain);
    run.arp(taken());
    let declined = run.now;
    assert_eq!(run.kinds().last(), Some(&Kind::Decline));
    run.step(Server::Plain);
    assert_eq!(run.now.since(declined), Duration::from_secs(10));
    assert!(run.lease.is_some());
    // One that stays ours is forgiven.
    run.settle(Server::Plain);
    for _ in 0..2 {
        run.arp(taken());
    }
    assert_eq!(run.kinds().last(), Some(&Kind::Discover));
}

#[test]
fn a_probe_of_another_is_a_conflict_only_before_use() {
    let probe = Arp::probe(OTHER, ADDRESS);
    let mut run = Run::new(Some(remembered()));
    run.step(Server::Silent);
    run.arp(probe);
    assert_eq!(run.kinds(), [Kind::Request, Kind::Decline, Kind::Discover]);
    let mut run = Run::new(None);
    run.step(Server::Plain);
    run.arp(probe);
    assert!(run.lease.is_some(), "the kernel answers it");
}

#[test]
fn our_own_packets_come_back() {
    let mut run = Run::new(None);
    run.step(Server::Plain);
    run.arp(Arp::probe(WE, ADDRESS));
    run.arp(Arp::announcement(WE, ADDRESS));
    assert!(run.lease.is_some());
}

#[test]
fn an_address_in_use_is_defended_once_and_then_given_up() {
    let mut run = Run::new(None);
    run.settle(Server::Plain);
    let attack = Arp::announcement(OTHER, ADDRESS);
    let before = run.arp.len();
    run.arp(attack);
    assert_eq!((run.arp.len(), run.lease.is_some()), (before + 1, true));
    run.now = run.now + Duration::from_secs(11);
    run.arp(attack);
    assert_eq!((run.arp.len(), run.lease.is_some()), (before + 2, true));
    run.now = run.now + Duration::from_secs(5);
    run.arp(attack);
    assert!(run.lease.is_none());
    assert!(run.kinds().contains(&Kind::Decline));
}
