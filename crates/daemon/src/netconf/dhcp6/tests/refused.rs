//! Servers that give nothing, or nothing good, and addresses that somebody else has.

use super::*;

fn refuse(answer: &mut Message, code: StatusCode) {
    let association = association(answer);
    association.addresses.clear();
    association.status = Some(Status { code, text: Vec::new() });
}

#[test]
fn a_server_without_addresses_is_not_asked_for_one() {
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    run.hear(|answer| refuse(answer, StatusCode::NoAddresses));
    run.wait();
    assert_eq!(run.kinds(), [Kind::Solicit; 2]);
}

#[test]
fn servers_say_how_often_they_are_asked() {
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    run.hear(|answer| {
        refuse(answer, StatusCode::NoAddresses);
        answer.fields.push(Field::LongestSolicit(60));
    });
    // It counts from the next time that it is begun.
    run.client.moved(run.now);
    for _ in 0..12 {
        run.wait();
    }
    let waits: Vec<_> = run.sent.windows(2).map(|pair| pair[1].0.since(pair[0].0).as_secs()).collect();
    assert!((54..=66).contains(waits.last().unwrap()), "{waits:?}");
}

#[test]
fn a_server_that_takes_its_word_back_is_asked_again_later() {
    for code in [StatusCode::NoAddresses, StatusCode::NotOnLink, StatusCode::Unspecified] {
        let mut run = Run::new(Managed::Addresses);
        run.begin();
        run.hear(|_| {});
        run.wait();
        run.hear(|answer| refuse(answer, code));
        let refused = run.now;
        assert!(run.uses.is_empty());
        run.wait();
        assert_eq!((run.now.since(refused).as_secs(), run.sent.last().unwrap().1.kind), (10, Kind::Solicit));
    }
}

#[test]
fn a_server_that_is_silent_by_then_is_looked_for_again() {
    let mut run = Run::new(Managed::Addresses);
    run.begin();
    run.hear(|_| {});
    for _ in 0..11 {
        run.wait();
    }
    assert_eq!(run.kinds().iter().filter(|kind| **kind == Kind::Request).count(), 10);
    assert_eq!(run.sent.last().unwrap().1.kind, Kind::Solicit);
}

#[test]
fn a_server_that_has_forgotten_is_asked_to_give_the_same() {
    let mut run = Run::bound(true);
    let before: Vec<_> = run.uses.keys().copied().collect();
    run.server = Six::new(Managed::Addresses, false);
    run.wait();
    run.hear(|_| {});
    assert!(run.uses.is_empty(), "by now it may be somebody else's");
    let (_, request) = run.sent.last().unwrap();
    assert_eq!((request.kind, named(request)), (Kind::Request, before));
    run.hear(|_| {});
    assert_eq!(run.uses.len(), 1);
}

#[test]
fn addresses_that_no_host_can_have_are_not_used() {
    for text in ["::", "::1", "ff02::1", "fe80::7"] {
        let mut run = Run::of(1, Six::new(Managed::Addresses, true));
        run.begin();
        run.hear(|answer| association(answer).addresses[0].address = text.parse().unwrap());
        assert!(run.uses.is_empty(), "{text}");
    }
    let wrong: [fn(&mut Association); 3] = [
        |association| association.addresses[0].valid = 0,
        |association| association.addresses[0].preferred = association.addresses[0].valid + 1,
        |association| (association.renew, association.rebind) = (2, 1),
    ];
    for change in wrong {
        let mut run = Run::of(1, Six::new(Managed::Addresses, true));
        run.begin();
        run.hear(|answer| change(association(answer)));
        assert!(run.uses.is_empty());
    }
}

#[test]
fn a_server_cannot_have_us_ask_without_pause() {
    let mut run = Run::of(1, Six::new(Managed::Addresses, true));
    run.begin();
    run.hear(|answer| (association(answer).renew, association(answer).rebind) = (1, 1));
    run.wait();
    assert_eq!(run.now.since(START).as_secs(), 15);
}

#[test]
fn an_address_that_is_taken_is_declined_and_another_asked_for() {
    let mut run = Run::bound(true);
    let first = *run.uses.first_key_value().unwrap().0;
    run.turn(Event::Taken(first));
    assert!(run.uses.is_empty());
    let declined = run.sent.last().unwrap().1.clone();
    assert_eq!((declined.kind, named(&declined)), (Kind::Decline, vec![first]));
    run.hear(|_| {});
    assert_eq!(run.sent.last().unwrap().1.kind, Kind::Solicit, "at once");
    run.hear(|_| {});
    let second = *run.uses.first_key_value().unwrap().0;
    assert_ne!(first, second);
    // The second in a row: somebody answers for all of them, perhaps.
    run.turn(Event::Taken(second));
    run.hear(|_| {});
    let declined = run.now;
    run.wait();
    assert_eq!((run.now.since(declined).as_secs(), run.sent.last().unwrap().1.kind), (10, Kind::Solicit));
    run.hear(|_| {});
    // One that could be used ends the row.
    let third = *run.uses.first_key_value().unwrap().0;
    run.turn(Event::Usable(third));
    run.turn(Event::Taken(third));
    run.hear(|_| {});
    assert_eq!(run.sent.last().unwrap().1.kind, Kind::Solicit);
}

#[test]
fn a_server_that_does_not_hear_of_it_is_told_four_times() {
    let mut run = Run::bound(true);
    let address = *run.uses.first_key_value().unwrap().0;
    run.turn(Event::Taken(address));
    while run.sent.last().unwrap().1.kind == Kind::Decline {
        run.wait();
    }
    let told = run.kinds().iter().filter(|kind| **kind == Kind::Decline).count();
    assert_eq!((told, run.sent.last().unwrap().1.kind), (4, Kind::Solicit));
    // What is not ours is nobody's to be told of.
    let before = run.sent.len();
    run.turn(Event::Taken(address));
    assert_eq!(run.sent.len(), before);
}
