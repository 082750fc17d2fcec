//! Who is told what happens.

use super::*;
use crate::bus::watchers::WATCHERS;

const LINE: &str = "{\"event\":\"scanned\"}";

/// To whom a line is told; none is all who listen.
fn told(service: &mut Service) -> Vec<Option<String>> {
    let effects = service.settle(vec![News::Happened(LINE.to_owned())], None);
    let signal = |effect| match effect {
        Effect::Send(Outgoing::Signal { destination, path, interface, member, body }) => {
            assert_eq!(
                (path.as_str(), interface, member),
                (path::DAEMON, interfaces::LAPWING_DAEMON, "Happened")
            );
            assert_eq!(body, [Value::text(LINE)]);
            destination
        }
        other => panic!("{other:?}"),
    };
    effects.into_iter().map(signal).collect()
}

/// A call about watching: the calls of the bus that follow, and whether it was answered well.
fn watching(service: &mut Service, client: &str, member: &str) -> (Vec<(&'static str, Option<u32>)>, bool) {
    let call = called(client, path::DAEMON, Some(interfaces::LAPWING_DAEMON), member, vec![]);
    let effects = service.receive(Incoming::Call(call));
    let is_done = reply(&effects).is_ok_and(|values| values.is_empty());
    (of_bus(&effects), is_done)
}

fn of_bus(effects: &[Effect]) -> Vec<(&'static str, Option<u32>)> {
    let call = |effect: &Effect| match effect {
        Effect::Send(Outgoing::Call { member, serial, .. }) => Some((*member, *serial)),
        _ => None,
    };
    effects.iter().filter_map(call).collect()
}

fn gone(client: &str) -> Incoming {
    Incoming::NameOwnerChanged { name: client.to_owned(), owner: String::new() }
}

#[test]
fn what_happens_is_told_to_those_who_watch() {
    let mut service = service();
    assert_eq!(told(&mut service), []);
    let (calls, is_done) = watching(&mut service, ":1.7", "Watch");
    assert!(matches!(calls[..], [("AddMatch", None), ("NameHasOwner", Some(_))]) && is_done, "{calls:?}");
    // Twice is once.
    assert_eq!(watching(&mut service, ":1.7", "Watch"), (vec![], true));
    assert_eq!(told(&mut service), [Some(":1.7".to_owned())]);
    watching(&mut service, ":1.8", "Watch");
    assert_eq!(told(&mut service), [":1.7", ":1.8"].map(|client| Some(client.to_owned())));
    assert_eq!(watching(&mut service, ":1.7", "Unwatch"), (vec![("RemoveMatch", None)], true));
    assert_eq!(watching(&mut service, ":1.7", "Unwatch"), (vec![], true));
    assert_eq!(told(&mut service), [Some(":1.8".to_owned())]);
    // One leaves.
    assert_eq!(of_bus(&service.receive(gone(":1.8"))), [("RemoveMatch", None)]);
    assert!(service.receive(gone(":1.8")).is_empty());
    assert_eq!(told(&mut service), []);
    // One had left before the bus knew that we care.
    let (calls, _) = watching(&mut service, ":1.9", "Watch");
    let serial = calls.last().unwrap().1.unwrap();
    let outcome = Ok(vec![Value::Boolean(false)]);
    service.receive(Incoming::Reply { serial, sender: BUS.to_owned(), outcome: outcome.map(Into::into) });
    assert_eq!(told(&mut service), []);
    // All are gone with the bus.
    watching(&mut service, ":1.7", "Watch");
    service.end();
    assert_eq!(told(&mut service), []);
}

#[test]
fn a_watcher_may_have_an_agent() {
    let mut service = service();
    watching(&mut service, ":1.7", "Watch");
    let path = vec![Value::Path("/agent".to_owned())];
    let manager = "net.connman.iwd.AgentManager";
    ask(&mut service, path::DAEMON, &format!("{manager}.RegisterAgent"), path.clone());
    ask(&mut service, path::DAEMON, &format!("{manager}.UnregisterAgent"), path.clone());
    assert_eq!(told(&mut service), [Some(":1.7".to_owned())]);
    // However much it has here, the bus was asked once to tell when the client leaves.
    ask(&mut service, path::DAEMON, &format!("{manager}.RegisterAgent"), path);
    assert_eq!(of_bus(&service.receive(gone(":1.7"))), [("RemoveMatch", None)]);
    assert_eq!(told(&mut service), []);
}

#[test]
fn watchers_are_bounded() {
    let mut service = service();
    let accepted =
        (0..100).filter(|client| watching(&mut service, &format!(":1.{client}"), "Watch").1).count();
    assert_eq!((accepted, told(&mut service).len()), (WATCHERS, WATCHERS));
    assert_eq!(watching(&mut service, ":1.99", "Watch"), (vec![], false));
    watching(&mut service, ":1.0", "Unwatch");
    assert!(watching(&mut service, ":1.99", "Watch").1);
}
