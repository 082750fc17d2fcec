//! Every way for a network to change hands.

use super::air::{AWAY, Air, HOME, network, setup};
use lapwing_core::{
    Duration, Instant, Means, Secret,
    curve::PureCurves,
    dpp::{Bootstrapping, Event, Part, Session, Troubles, keys::Code},
    entropy::SeededEntropy,
};
use lapwing_frames::dpp::Uri;

const ENROLLEE: (Part, Option<lapwing_core::kernel::Frequency>) = (Part::Enrollee, None);
const MINUTE: Duration = Duration::from_secs(60);

fn configurator() -> (Part, Option<lapwing_core::kernel::Frequency>) {
    (Part::Configurator(network()), Some(HOME))
}

fn begin(with: &Session) -> Bootstrapping {
    // As it goes through a QR code.
    let uri = Uri::parse(&with.uri().to_string()).unwrap();
    Bootstrapping::Begin(uri, vec![AWAY, HOME])
}

fn code(text: &str) -> Code {
    Code { code: Secret::new(text.as_bytes()), identifier: Some("shelf".into()) }
}

#[test]
fn an_enrollee_shows_its_code_and_is_configured() {
    let announce = Bootstrapping::Announce(vec![AWAY, HOME]);
    let mut air = Air::new(1, [ENROLLEE, configurator()], announce, begin);
    air.run(MINUTE);
    air.assert_handed_over();
    assert!(air.log.len() < 12, "{}", air.log.len());
}

#[test]
fn a_configurator_moves_the_enrollee_to_its_own_channel() {
    let announce = Bootstrapping::Announce(vec![AWAY]);
    let mut air = Air::new(2, [ENROLLEE, configurator()], announce, begin);
    air.run(MINUTE);
    air.assert_handed_over();
    let configuration = air.log.iter().rev().find(|sent| sent.from == 1).unwrap();
    assert_eq!(configuration.frequency, HOME);
}

#[test]
fn who_was_told_to_come_is_not_waited_for_where_it_was() {
    let announce = Bootstrapping::Announce(vec![AWAY]);
    let mut air = Air::new(2, [ENROLLEE, configurator()], announce, begin);
    air.run(MINUTE);
    assert_eq!(air.sides[1].returned, 1);
}

#[test]
fn an_enrollee_listens_where_it_waits_for_an_answer() {
    let announce = Bootstrapping::Announce(vec![HOME]);
    let mut air = Air::new(12, [ENROLLEE, configurator()], announce, begin);
    // The configurator's confirm is lost each time: it begins anew, and is heard.
    air.loses = |number| (4..9).contains(&number);
    air.run(MINUTE);
    air.assert_handed_over();
    assert!(air.sides[0].listened > 0);
}

#[test]
fn the_time_on_a_channel_begins_when_the_frame_is_out() {
    let mut entropy = SeededEntropy(13);
    let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
    let begun = Instant::after_start(Duration::from_secs(1));
    let way = Bootstrapping::Announce(vec![AWAY]);
    let mut session = Session::new(setup(0, None), Part::Enrollee, way, begun, &mut means).unwrap();
    assert_eq!(session.turn(begun, &Event::Tick, &mut means).len(), 1);
    // The radio was elsewhere for three seconds.
    let out = begun + Duration::from_secs(3);
    assert!(session.turn(out, &Event::Tick, &mut means).is_empty(), "one announcement at a time");
    session.turn(out, &Event::Transmitted { acknowledged: false }, &mut means);
    assert_eq!(session.next_deadline(), Some(out + Duration::from_secs(1)));
    // Nobody tells what becomes of a frame that is lost on the way to the radio.
    session.turn(out + Duration::from_secs(1), &Event::Tick, &mut means);
    assert_eq!(session.next_deadline(), Some(out + Duration::from_secs(11)));
}

#[test]
fn a_configurator_shows_its_code_and_an_enrollee_begins() {
    let mut air =
        Air::new(3, [(Part::Configurator(network()), Some(HOME)), ENROLLEE], Bootstrapping::Wait, begin);
    air.run(MINUTE);
    assert_eq!(air.sides[1].provisioned, [network()]);
    assert_eq!([air.sides[0].ended, air.sides[1].ended], [Some(Ok(())); 2]);
}

#[test]
fn both_were_told_a_code() {
    let first = Bootstrapping::Code(code("a shared code"), None, vec![AWAY, HOME]);
    let waits = |_: &Session| Bootstrapping::WaitForCode(Some(code("a shared code")));
    let mut air = Air::new(4, [ENROLLEE, configurator()], first, waits);
    air.run(MINUTE);
    air.assert_handed_over();
}

#[test]
fn the_code_is_asked_for_by_its_name() {
    let first = Bootstrapping::Code(code("a shared code"), None, vec![HOME]);
    let mut air = Air::new(5, [ENROLLEE, configurator()], first, |_| Bootstrapping::WaitForCode(None));
    air.run(Duration::from_millis(100));
    assert_eq!(air.sides[1].asked, ["shelf"]);
    air.give(1, &Event::Code(Some(Secret::new(b"a shared code"))));
    air.run(MINUTE);
    air.assert_handed_over();
}

#[test]
fn a_code_that_nobody_knows_or_nobody_answers_about_is_asked_for_again() {
    let first = Bootstrapping::Code(code("a shared code"), None, vec![HOME]);
    let mut air = Air::new(6, [ENROLLEE, configurator()], first, |_| Bootstrapping::WaitForCode(None));
    air.run(Duration::from_millis(100));
    air.give(1, &Event::Code(None));
    air.run(Duration::from_secs(2));
    assert_eq!(air.sides[1].asked, ["shelf", "shelf"]);
    air.run(Duration::from_secs(20));
    assert!(air.sides[1].asked.len() < 3, "the question that nobody answered was withdrawn");
}

#[test]
fn a_wrong_code_is_guessed_a_few_times_and_no_more() {
    let first = Bootstrapping::Code(code("a wrong code"), None, vec![HOME]);
    let waits = |_: &Session| Bootstrapping::WaitForCode(Some(code("a shared code")));
    let mut air = Air::new(7, [ENROLLEE, configurator()], first, waits);
    air.run(4 * MINUTE);
    assert!(air.sides[0].provisioned.is_empty());
    assert_eq!(air.sides[0].ended, Some(Err(Troubles::TimedOut)));
    assert!(matches!(air.sides[1].ended, Some(Err(Troubles::WrongCode | Troubles::TimedOut))));
}

#[test]
fn nobody_waits_for_a_code_for_ever() {
    let first = Bootstrapping::Code(code("a shared code"), None, vec![AWAY]);
    let waits = |_: &Session| Bootstrapping::WaitForCode(Some(code("a shared code")));
    let mut air = Air::new(8, [ENROLLEE, configurator()], first, waits);
    air.run(4 * MINUTE);
    assert_eq!([air.sides[0].ended, air.sides[1].ended], [Some(Err(Troubles::TimedOut)); 2]);
}

#[test]
fn lost_frames_are_sent_again() {
    let losses: [fn(usize) -> bool; 5] = [
        |number| number % 2 == 0,
        |number| number % 3 == 1,
        |number| number % 3 != 0,
        |number| number > 3 && number < 8,
        |number| number % 4 != 3,
    ];
    for loses in losses {
        let announce = Bootstrapping::Announce(vec![AWAY, HOME]);
        let mut air = Air::new(9, [ENROLLEE, configurator()], announce, begin);
        air.loses = loses;
        air.run(3 * MINUTE);
        assert_eq!(air.sides[0].provisioned, [network()]);
    }
}

#[test]
fn two_that_want_the_same_are_told_so() {
    let mut air = Air::new(10, [ENROLLEE, ENROLLEE], Bootstrapping::Announce(vec![AWAY]), begin);
    air.run(MINUTE);
    assert_eq!(air.sides[1].ended, Some(Err(Troubles::NotCompatible)));
    assert_eq!(air.sides[0].ended, None, "the right one may still come");
}

#[test]
fn a_cancelled_session_says_so_once_and_nothing_more() {
    let mut air = Air::new(11, [ENROLLEE, configurator()], Bootstrapping::Announce(vec![HOME]), begin);
    air.give(0, &Event::Cancel);
    assert_eq!(air.sides[0].ended, Some(Err(Troubles::Cancelled)));
    let before = air.log.iter().filter(|sent| sent.from == 0).count();
    air.run(Duration::from_secs(10));
    assert_eq!(air.log.iter().filter(|sent| sent.from == 0).count(), before);
    assert_eq!(air.sides[0].session.next_deadline(), None);
}
