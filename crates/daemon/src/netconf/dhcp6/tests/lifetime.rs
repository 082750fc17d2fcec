//! From the first address to the last.

use super::*;

#[test]
fn more_time_is_asked_for_at_half_the_time() {
    let mut run = Run::bound(true);
    let given = run.now;
    run.wait();
    assert_eq!((run.now.since(given).as_secs(), run.sent[1].1.kind), (900, Kind::Renew));
    assert_eq!(named(&run.sent[1].1), run.uses.keys().copied().collect::<Vec<_>>());
    assert!(run.sent[1].1.server().is_some());
    run.hear(|_| {});
    let renewed = run.now;
    run.wait();
    assert_eq!((run.now.since(renewed).as_secs(), run.kinds()[2]), (900, Kind::Renew));
}

#[test]
fn any_server_is_asked_then_and_in_the_end_it_is_over() {
    let mut run = Run::bound(true);
    let given = run.now;
    while !run.uses.is_empty() {
        run.wait();
    }
    assert_eq!(run.now.since(given).as_secs(), 3600);
    assert_eq!(run.information, Information::default());
    let at =
        |kind| run.sent.iter().find(|(_, message)| message.kind == kind).unwrap().0.since(given).as_secs();
    assert_eq!((at(Kind::Renew), at(Kind::Rebind)), (900, 1440));
    assert_eq!(run.sent.last().unwrap().1.kind, Kind::Solicit, "it is looked for again");
    let waits: Vec<_> = run
        .sent
        .windows(2)
        .filter(|pair| pair[0].1.kind == Kind::Rebind && pair[1].1.kind == Kind::Rebind)
        .map(|pair| pair[1].0.since(pair[0].0).as_secs())
        .collect();
    assert!((9..=11).contains(&waits[0]) && waits.iter().all(|wait| *wait <= 660), "{waits:?}");
}

#[test]
fn another_server_may_give_more_time_once_any_is_asked() {
    let other = |answer: &mut Message| answer.fields[1] = Field::Server(vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 9]);
    let mut run = Run::bound(true);
    run.wait();
    run.hear(other);
    assert_eq!(
        run.notes.last().map(String::as_str),
        Some("a DHCPv6 message was ignored: it is of another server")
    );
    while run.sent.last().unwrap().1.kind != Kind::Rebind {
        run.wait();
    }
    run.hear(other);
    run.wait();
    assert_eq!(run.sent.last().unwrap().1.server().unwrap()[9], 9);
}

#[test]
fn a_time_without_end_is_never_asked_to_be_longer() {
    let mut run = Run::of(1, Six::new(Managed::Addresses, true));
    run.begin();
    run.hear(|answer| {
        let given = &mut association(answer).addresses[0];
        (given.preferred, given.valid) = (u32::MAX, u32::MAX);
    });
    assert_eq!(run.uses.values().collect::<Vec<_>>(), [&Lifetimes { preferred: None, valid: None }]);
    assert_eq!(run.client.next_deadline(), None);
}

#[test]
fn what_the_server_no_longer_gives_goes() {
    let second = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0x77);
    let mut run = Run::of(1, Six::new(Managed::Addresses, true));
    run.begin();
    run.hear(|answer| {
        let addresses = &mut association(answer).addresses;
        addresses.push(Address { address: second, ..addresses[0].clone() });
    });
    assert_eq!(run.uses.len(), 2);
    run.wait();
    run.hear(|answer| {
        let addresses = &mut association(answer).addresses;
        addresses.push(Address { address: second, preferred: 0, valid: 0, status: None });
    });
    assert_eq!(run.uses.len(), 1);
    assert!(!run.uses.contains_key(&second));
    // One that is not named lasts as long as it was said to.
    run.wait();
    run.hear(|answer| association(answer).addresses[0].address = second);
    assert_eq!(run.uses.len(), 2);
}

#[test]
fn addresses_are_given_back_on_leaving() {
    let mut run = Run::bound(false);
    let [address] = run.uses.keys().copied().collect::<Vec<_>>()[..] else { panic!() };
    let actions = run.client.leave(run.now, &mut run.entropy);
    assert!(matches!(actions[0], Action::Drop(_)), "it is not used any more when it is given back");
    let packets = run.done(actions);
    let released = run.sent.last().unwrap().1.clone();
    assert_eq!((released.kind, named(&released)), (Kind::Release, vec![address]));
    assert_eq!(run.server.address_of(run.now, &DUID), Some(address));
    assert!(run.server.turn(run.now, &packets[0]).is_some());
    assert_eq!(run.server.address_of(run.now, &DUID), None);
    // Who has nothing has nothing to say.
    assert_eq!(run.client.leave(run.now, &mut run.entropy), []);
}

#[test]
fn at_another_access_point_the_addresses_are_confirmed() {
    let mut run = Run::bound(true);
    run.client.moved(run.now);
    run.wait();
    assert_eq!(run.kinds(), [Kind::Solicit, Kind::Confirm]);
    assert_eq!(run.uses.len(), 1, "they are used meanwhile");
    run.hear(|_| {});
    assert_eq!(run.sent.len(), 2);
    assert_eq!(run.uses.len(), 1);
    // Nobody answers: they are kept, and more time is asked for as before.
    run.client.moved(run.now);
    let moved = run.now;
    while run.client.next_deadline().unwrap().since(moved) < Duration::from_secs(60) {
        run.wait();
    }
    let confirms = run.kinds().iter().filter(|kind| **kind == Kind::Confirm).count();
    assert!((4..=5).contains(&confirms), "{confirms}");
    assert_eq!((run.uses.len(), run.now.since(moved)), (1, Duration::from_secs(10)));
    run.wait();
    assert_eq!(run.sent.last().unwrap().1.kind, Kind::Renew);
}

#[test]
fn addresses_that_do_not_fit_go_and_others_are_asked_for() {
    let mut run = Run::bound(true);
    run.client.moved(run.now);
    run.wait();
    run.hear(|answer| {
        answer.fields = vec![
            answer.fields[0].clone(),
            answer.fields[1].clone(),
            Field::Status(Status { code: StatusCode::NotOnLink, text: Vec::new() }),
        ];
    });
    assert_eq!(run.uses.len(), 0);
    assert_eq!(run.kinds(), [Kind::Solicit, Kind::Confirm, Kind::Solicit]);
}

#[test]
fn what_is_being_asked_for_is_asked_for_again_at_another_access_point() {
    for (managed, kind) in
        [(Managed::Addresses, Kind::Solicit), (Managed::Information, Kind::InformationRequest)]
    {
        let mut run = Run::new(managed);
        run.begin();
        run.client.moved(run.now);
        run.wait();
        assert_eq!((run.kinds(), run.now), (vec![kind; 2], START));
    }
}
