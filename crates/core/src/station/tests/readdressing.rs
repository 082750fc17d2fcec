//! The address with which a network is joined: it is there before the first frame.

use super::*;
use crate::{
    address::{AddressPolicy, AddressRange},
    network::OwnAddress,
    radio::RadioKind,
};

const WANTED: MacAddr = MacAddr([0xe6, 0xf6, 0x38, 0xa9, 2, 2]);
const PERMANENT: MacAddr = MacAddr([0, 0x1b, 0x21, 1, 2, 3]);

/// A network that wants this address.
fn wanting(address: OwnAddress) -> Network {
    Network { address, ..open(b"open") }
}

/// A station that gives each network its address.
fn bench(kind: RadioKind) -> Bench {
    let addresses = AddressPolicy::PerNetwork(AddressRange::Full);
    let settings = Settings { addresses, ..Settings::default() };
    let mut bench = Bench::with(Radio { kind, ..radio(&[2412]) }, settings);
    bench.station.set_permanent_address(PERMANENT);
    bench
}

/// The request for an address, if that is what is asked.
fn address(asked: &[(Ticket, Request)]) -> (Ticket, MacAddr) {
    let [(ticket, Request::SetAddress { address })] = asked[..] else { panic!("{asked:?}") };
    (ticket, address)
}

fn changed(address: MacAddr) -> Event {
    Event::Kernel(KernelEvent::AddressChanged { address })
}

fn done(ticket: Ticket) -> Event {
    Event::Completed { ticket, outcome: Ok(Reply::Done) }
}

fn names(asked: &[(Ticket, Request)]) -> Vec<&'static str> {
    asked.iter().map(|(_, request)| request.name()).collect()
}

/// In the state, by this network.
fn within(kind: RadioKind, wanted: OwnAddress) -> (Bench, Ticket, MacAddr) {
    let mut bench = bench(kind);
    let (ticket, address) = address(&bench.turn(Event::Connect(wanting(wanted))));
    assert_eq!(name(&bench.station), "Readdressing");
    (bench, ticket, address)
}

/// The table: each event that does not leave all as it is.
const OF_READDRESSING: [(&str, &str); 10] = [
    ("Connect", "."),
    ("ConnectTo", "Readdressing RTM_SETLINK"),
    ("Disconnect", "Idle"),
    ("ScanDone", ". GET_SCAN"),
    ("ExternalAuthentication", ". EXTERNAL_AUTH"),
    ("InterfaceDown", "Unavailable"),
    ("InterfaceRemoved", "Unavailable"),
    ("InterfaceUp", "."),
    ("AddressChanged", "."),
    ("Completed", "."),
];

#[test]
fn every_event_while_the_address_changes() {
    for (place, (event, _)) in TABLE.iter().enumerate() {
        let expected = OF_READDRESSING.iter().find(|(name, _)| name == event).map_or(".", |(_, what)| what);
        let (mut bench, ..) = within(RadioKind::SoftMac, OwnAddress::Fixed(WANTED));
        let asked = bench.turn(events(OPEN).swap_remove(place));
        let next = match name(&bench.station) {
            "Readdressing" if asked.is_empty() || *event != "ConnectTo" => ".",
            next => next,
        };
        let found = asked.iter().fold(String::from(next), |text, (_, request)| text + " " + request.name());
        assert_eq!(found, expected, "{event}");
    }
}

#[test]
fn nothing_is_sent_before_both_words_of_the_kernel() {
    for kind in [RadioKind::SoftMac, RadioKind::FullMac] {
        let join = if kind == RadioKind::SoftMac { "AUTHENTICATE" } else { "CONNECT" };
        // In either order.
        let (mut bench, ticket, _) = within(kind, OwnAddress::Fixed(WANTED));
        assert!(bench.turn(done(ticket)).is_empty());
        assert_eq!(names(&bench.turn(changed(WANTED))).last(), Some(&join));
        let (mut bench, ticket, _) = within(kind, OwnAddress::Fixed(WANTED));
        let asked = bench.turn(changed(WANTED));
        assert!(!names(&asked).contains(&join), "{asked:?}");
        assert_eq!(names(&bench.turn(done(ticket))), [join]);
        assert_eq!(bench.station.address(), WANTED);
        // Another address than that is none.
        let (mut bench, ticket, _) = within(kind, OwnAddress::Fixed(WANTED));
        bench.turn(done(ticket));
        assert!(!names(&bench.turn(changed(SECURED))).contains(&join));
    }
}

#[test]
fn an_address_that_is_there_is_not_asked_for() {
    let mut bench = bench(RadioKind::SoftMac);
    bench.turn(changed(WANTED));
    let network = wanting(OwnAddress::Fixed(WANTED));
    assert_eq!(names(&bench.turn(Event::Connect(network))), ["AUTHENTICATE"]);
    // Nor where networks have none of their own.
    let mut bench = Bench::new();
    let network = wanting(OwnAddress::Fixed(WANTED));
    assert_eq!(names(&bench.turn(Event::Connect(network))), ["AUTHENTICATE"]);
}

#[test]
fn a_driver_that_cannot_is_no_reason_to_stay_away() {
    let (mut bench, ticket, _) = within(RadioKind::SoftMac, OwnAddress::Fixed(WANTED));
    let refusal = Refusal { errno: Errno::EOPNOTSUPP, message: None };
    let asked = bench.turn(Event::Completed { ticket, outcome: Err(refusal) });
    assert_eq!(names(&asked), ["AUTHENTICATE"]);
    assert_eq!(bench.station.address(), OWN);
}

#[test]
fn the_address_of_a_name_is_always_the_same_and_a_drawn_one_never() {
    let asked = |wanted| within(RadioKind::SoftMac, wanted).2;
    let of_name = AddressRange::Full.of_name(PERMANENT, &open(b"open").ssid);
    assert_eq!(asked(OwnAddress::OfName), of_name);
    let (mut bench, ticket, first) = within(RadioKind::SoftMac, OwnAddress::Drawn);
    assert_ne!(first, of_name);
    bench.turn(changed(first));
    bench.turn(done(ticket));
    // Once for an attempt, and again for the next.
    let [(ticket, Request::Deauthenticate { .. })] = bench.turn(Event::Disconnect)[..] else { panic!() };
    bench.turn(done(ticket));
    bench.turn(Event::Kernel(KernelEvent::Deauthentication { frame: frame(0xc0, OPEN, &[3, 0]) }));
    let (_, second) = address(&bench.turn(Event::Connect(wanting(OwnAddress::Drawn))));
    assert_ne!(first, second);
}

#[test]
fn a_kernel_that_never_answers_is_asked_what_it_holds() {
    let (mut bench, ..) = within(RadioKind::SoftMac, OwnAddress::Fixed(WANTED));
    let (at, what) = bench.station.next_deadline().unwrap();
    assert_eq!(what, "the interface to have another address");
    let mut asked = vec![];
    let mut means = Means { entropy: &mut bench.entropy, curves: &ShamCurves };
    bench.station.turn(at, Event::Tick, &mut means, |action| {
        if let Action::Ask { request, .. } = action {
            asked.push(request.name());
        }
    });
    assert_eq!(asked, ["GET_INTERFACE", "GET_STATION", "GET_SCAN"]);
    assert_eq!(bench.station.last_failure().unwrap().code, Code::KernelSilent("RTM_SETLINK"));
}
