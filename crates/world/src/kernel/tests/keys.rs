//! Key commands: who may have which key, and in which words that is refused.

use super::world::{AP, Bench, MLD, State, key, link, pairwise};
use crate::habit::{Habit, Habits};
use crate::parts::Command;
use lapwing_core::kernel::{Errno, KeyKind, KeyRequest, Reply, Request};
use lapwing_core::secret::Secret;
use lapwing_frames::suite::Cipher;

type Refused = Option<(Errno, Option<&'static str>)>;

fn refused(bench: &mut Bench, command: Command) -> (Errno, Option<String>) {
    let refusal = super::world::outcome(bench.command(command)).unwrap_err();
    (refusal.errno, refusal.message)
}

fn check(bench: &Bench, command: Command, expected: Refused) {
    let mut bench = bench.clone();
    let name = format!("{command:?}");
    match expected {
        None => assert_eq!(super::world::outcome(bench.command(command)), Ok(Reply::Done), "{name}"),
        Some((errno, words)) => {
            assert_eq!(refused(&mut bench, command), (errno, words.map(str::to_owned)), "{name}");
        }
    }
}

fn install(key: KeyRequest) -> Command {
    Command::Request(Request::InstallKey(key))
}

const WORDS_PAIRWISE: &str = "link ID not allowed for pairwise key";
const WORDS_PLAIN: &str = "link ID not allowed for non-MLO group key";
const WORDS_MISSING: &str = "link ID must be set for MLO group key";
const WORDS_MISSING_OLD: &str = "link ID must for MLO group key";
const WORDS_STRANGE: &str = "invalid link ID for MLO group key";

/// The whole table: connection, kind of key, link named; the answer to NEW_KEY and to DEL_KEY of a key that is there.
#[test]
fn the_link_of_a_key_is_checked_by_the_whole_table() {
    for old in [false, true] {
        let missing = if old { WORDS_MISSING_OLD } else { WORDS_MISSING };
        let habits = if old { Habits::NONE.with(Habit::KernelOldWords) } else { Habits::NONE };
        for (state, named, pair, group) in [
            (State::Connected, None, None, None),
            (State::Connected, Some(0), Some(WORDS_PAIRWISE), Some(WORDS_PLAIN)),
            (State::Connected, Some(14), Some(WORDS_PAIRWISE), Some(WORDS_PLAIN)),
            (State::ConnectedMlo, None, None, Some(missing)),
            (State::ConnectedMlo, Some(0), Some(WORDS_PAIRWISE), None),
            (State::ConnectedMlo, Some(1), Some(WORDS_PAIRWISE), None),
            (State::ConnectedMlo, Some(2), Some(WORDS_PAIRWISE), Some(WORDS_STRANGE)),
        ] {
            let mut bench = Bench::at(state, habits);
            let peer = Bench::peer(state);
            let expected = |words: Option<&'static str>| words.map(|words| (Errno::EINVAL, Some(words)));
            check(&bench, install(KeyRequest { link: named.map(link), ..pairwise(peer) }), expected(pair));
            let groups = [(KeyKind::Group, 1), (KeyKind::Integrity, 4)];
            for (kind, index) in groups {
                check(&bench, install(key(kind, named, index)), expected(group));
            }
            // All keys there: deleting meets the same table.
            bench.ask(Request::InstallKey(pairwise(peer))).unwrap();
            let links = if state == State::ConnectedMlo { vec![Some(0), Some(1)] } else { vec![None] };
            for on in links {
                for (kind, index) in groups {
                    bench.ask(Request::InstallKey(key(kind, on, index))).unwrap();
                }
            }
            let delete = |peer, index| Command::DeleteKey { peer, link: named.map(link), index };
            check(&bench, delete(Some(peer), 0), expected(pair));
            for (_, index) in groups {
                check(&bench, delete(None, index), expected(group));
            }
        }
    }
}

#[test]
fn a_key_is_checked_by_itself_before_anything_else() {
    let invalid = |words| Some((Errno::EINVAL, Some(words)));
    let short = KeyRequest { key: Secret::new(&[1; 15]), ..key(KeyKind::Group, None, 1) };
    let none = KeyRequest { key: Secret::new(&[]), ..key(KeyKind::Group, None, 1) };
    let later = KeyRequest { index: 1, ..pairwise(AP) };
    let wrong = KeyRequest { cipher: Cipher::Gcmp128, ..key(KeyKind::Group, None, 1) };
    let low = KeyRequest { index: 3, ..key(KeyKind::Integrity, None, 4) };
    for state in State::ALL {
        let bench = Bench::at(state, Habits::NONE);
        check(&bench, install(key(KeyKind::Group, None, 8)), invalid("key idx not 0-7"));
        check(&bench, install(none.clone()), invalid("no key"));
        for key in [&short, &later, &wrong, &low] {
            check(&bench, install(key.clone()), invalid("key setting validation failed"));
        }
        check(&bench, Command::DeleteKey { peer: None, link: None, index: 8 }, invalid("key idx not 0-7"));
        let strange = Command::DeleteKey { peer: Some(AP), link: None, index: 4 };
        check(&bench, strange, Some((Errno::EINVAL, None)));
    }
}

#[test]
fn who_is_not_connected_has_no_keys() {
    for state in [State::Idle, State::Authenticating, State::Authenticated, State::Associating] {
        let bench = Bench::at(state, Habits::NONE);
        for on in [None, Some(0)] {
            for key in [pairwise(AP), key(KeyKind::Group, on, 1)] {
                check(&bench, install(key), Some((Errno::ENOLINK, Some("key not allowed"))));
            }
            let delete = |peer, index| Command::DeleteKey { peer, link: on.map(link), index };
            check(&bench, delete(None, 1), Some((Errno::ENOLINK, None)));
            check(&bench, delete(Some(AP), 0), Some((Errno::ENOLINK, None)));
        }
    }
}

#[test]
fn a_key_that_is_not_there_cannot_be_deleted_and_a_stranger_gets_none() {
    let bench = Bench::at(State::Connected, Habits::NONE);
    check(&bench, Command::DeleteKey { peer: None, link: None, index: 1 }, Some((Errno::ENOENT, None)));
    check(&bench, Command::DeleteKey { peer: Some(AP), link: None, index: 0 }, Some((Errno::ENOENT, None)));
    check(&bench, install(pairwise(MLD)), Some((Errno::ENOENT, Some("key addition failed"))));
}

#[test]
fn the_same_key_again_changes_nothing() {
    let mut bench = Bench::at(State::Connected, Habits::NONE);
    bench.ask(Request::InstallKey(pairwise(AP))).unwrap();
    bench.ask(Request::AuthorizePort { peer: AP }).unwrap();
    let group = KeyRequest { sequence: [9, 0, 0, 0, 0, 0], ..key(KeyKind::Group, None, 1) };
    bench.ask(Request::InstallKey(group.clone())).unwrap();
    bench.turn(crate::parts::KernelInput::Send { destination: AP, ethertype: 0x800, payload: vec![] });
    let before = bench.kernel.clone();
    bench.ask(Request::InstallKey(pairwise(AP))).unwrap();
    bench.ask(Request::InstallKey(KeyRequest { sequence: [0; 6], ..group })).unwrap();
    assert_eq!(bench.kernel, before);
}
