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

/// The connection of this client is lost, and made again after this time.
fn return_after(run: &mut Run, time: Duration) {
    let kept = run.client.kept().expect("there is a lease");
    run.client = Client::back(Settings { hardware: WE }, kept);
    run.uses.clear();
    run.information = Information::default();
    run.now = run.now + time;
    run.sent.clear();
}

#[test]
fn addresses_of_a_connection_that_was_lost_are_confirmed_and_used_again() {
    let mut run = Run::bound(true);
    let (before, information) = (run.uses.clone(), run.information.clone());
    return_after(&mut run, Duration::from_secs(60));
    // Nothing is said before it can be, and is wanted.
    run.turn(Event::Tick);
    run.turn(Event::LinkLocal(Some(SOURCE)));
    assert_eq!((run.sent.len(), run.client.next_deadline()), (0, None));
    run.turn(Event::Wished(Wish::Addresses));
    assert_eq!((run.kinds(), run.uses.len()), (vec![Kind::Confirm], 0));
    assert_eq!(named(&run.sent[0].1), before.keys().copied().collect::<Vec<_>>());
    run.hear(|_| {});
    assert_eq!(run.kinds(), [Kind::Confirm]);
    assert!(run.uses.keys().eq(before.keys()));
    let valid = |uses: &BTreeMap<Ipv6Addr, Lifetimes>| uses.values().next().unwrap().valid.unwrap();
    assert_eq!(valid(&run.uses) + Duration::from_secs(60), valid(&before), "they last no longer by it");
    assert_eq!(run.information, information);
    // More time is asked for when it would have been.
    run.wait();
    assert_eq!((run.kinds(), run.now), (vec![Kind::Confirm, Kind::Renew], START + Duration::from_secs(900)));
}

#[test]
fn what_is_due_by_the_return_is_asked_for_at_once() {
    for (seconds, kind) in [(1000, Kind::Renew), (2000, Kind::Rebind)] {
        let mut run = Run::bound(true);
        return_after(&mut run, Duration::from_secs(seconds));
        run.begin();
        run.hear(|_| {});
        assert_eq!(run.kinds(), [Kind::Confirm, kind]);
        run.hear(|_| {});
        assert_eq!(run.uses.len(), 1);
    }
    let mut run = Run::bound(true);
    return_after(&mut run, Duration::from_secs(3600));
    run.begin();
    assert_eq!(run.kinds(), [Kind::Solicit], "their time is over");
    // The same between the question and its answer.
    let mut run = Run::bound(true);
    return_after(&mut run, Duration::from_secs(3599));
    run.begin();
    run.now = run.now + Duration::from_secs(1);
    run.turn(Event::Tick);
    assert_eq!((run.kinds(), run.uses.len()), (vec![Kind::Confirm, Kind::Solicit], 0));
}

#[test]
fn addresses_of_another_link_by_the_same_name_are_never_used() {
    let mut run = Run::bound(true);
    return_after(&mut run, Duration::from_secs(60));
    run.begin();
    run.hear(|answer| {
        answer.fields.retain(|field| !matches!(field, Field::Status(_)));
        answer.fields.push(Field::Status(Status { code: StatusCode::NotOnLink, text: Vec::new() }));
    });
    assert_eq!((run.kinds(), run.uses.len()), (vec![Kind::Confirm, Kind::Solicit], 0));
    assert_eq!(run.client.kept(), None);
    // Nor is anything asked for where routers no longer want it asked for, or by another interface's address.
    let mut run = Run::bound(true);
    return_after(&mut run, Duration::from_secs(60));
    run.turn(Event::LinkLocal(Some(SOURCE)));
    run.turn(Event::Wished(Wish::Information));
    assert_eq!(run.kinds(), [Kind::InformationRequest]);
    let kept = Run::bound(true).client.kept().unwrap();
    assert_eq!(Client::back(Settings { hardware: MacAddr([2; 6]) }, kept).kept(), None);
}

#[test]
fn where_nobody_says_whether_they_fit_the_addresses_are_used() {
    let mut run = Run::bound(true);
    return_after(&mut run, Duration::from_secs(60));
    let back = run.now;
    run.begin();
    while run.uses.is_empty() {
        run.wait();
    }
    assert_eq!(run.now.since(back), Duration::from_secs(10));
    assert!(run.kinds().iter().all(|kind| *kind == Kind::Confirm), "{:?}", run.kinds());
    // What is lost again is kept again, also before it was confirmed; and given back if it is left.
    return_after(&mut run, Duration::from_secs(1));
    run.begin();
    return_after(&mut run, Duration::from_secs(1));
    run.begin();
    run.client.moved(run.now);
    run.turn(Event::Tick);
    assert_eq!(run.kinds(), [Kind::Confirm, Kind::Confirm], "another access point is asked by anew");
    let actions = run.client.leave(run.now, &mut run.entropy);
    run.done(actions);
    assert_eq!(run.kinds().last(), Some(&Kind::Release));
    assert_eq!(run.client.kept(), None);
}

#[test]
fn of_too_many_leases_the_one_that_ends_first_goes() {
    let kept = |after: u64| {
        let mut run = Run::new(Managed::Addresses);
        run.now = START + Duration::from_secs(after);
        run.begin();
        run.hear(|_| {});
        run.wait();
        run.hear(|_| {});
        run.client.kept().unwrap()
    };
    let mut leases = super::super::lease::Leases::default();
    for (name, after) in [5, 0].into_iter().chain(10..25).enumerate() {
        leases.keep(name, kept(after));
    }
    assert_eq!(leases.take(&1), None);
    assert_eq!(leases.take(&0), Some(kept(5)));
    assert_eq!(leases.take(&0), None, "it is taken");
}
