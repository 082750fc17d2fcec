//! A fixed IPv4 address that somebody else has.

use super::*;
use lapwing_frames::internet::arp::Arp;

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

fn fixed() -> Addressing {
    let address = Prefix { address: ADDRESS, length: 24 };
    Addressing { ipv4: Some(StaticIpv4 { address, gateway: None }), ..Addressing::default() }
}

fn hear(configuration: &mut Configuration, now: Instant) -> Vec<Action> {
    let octets = Arp::announcement(OTHER, ADDRESS).build();
    turn(configuration, now, Event::Dhcp(dhcp::Event::Arp { octets: &octets }))
}

fn taken() -> Action {
    let code = Code::AddressTaken { address: ADDRESS, by: OTHER };
    Action::Unconfigured(Failure { phase: Phase::Address, code })
}

#[test]
fn at_the_start_it_is_never_used() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(fixed()));
    turn(&mut configuration, NOW, TICK);
    // Even if there is another address.
    turn(&mut configuration, NOW, Event::Address6("2001:db8::1".parse().unwrap()));
    let actions = hear(&mut configuration, NOW);
    assert!(actions.contains(&taken()), "{actions:?}");
    assert!(!actions.iter().any(|action| matches!(action, Action::SetAddress { .. })));
}

#[test]
fn later_it_is_defended_once_and_goes_then() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(fixed()));
    let (now, _) = settle(&mut configuration, NOW);
    assert!(!hear(&mut configuration, now).contains(&taken()));
    let actions = hear(&mut configuration, now);
    let gone = actions.iter().position(|action| matches!(action, Action::RemoveAddress(_)));
    assert!(gone < actions.iter().position(|action| *action == taken()), "{actions:?}");
    assert!(!configuration.is_configured());
    // In a minute it may be free.
    let mut later = now;
    while later.since(now) < Duration::from_secs(61) {
        later = configuration.next_deadline().unwrap();
        turn(&mut configuration, later, TICK);
    }
    assert!(configuration.is_configured());
}

#[test]
fn another_address_keeps_the_connection() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(fixed()));
    let (now, _) = settle(&mut configuration, NOW);
    turn(&mut configuration, now, Event::Address6("2001:db8::1".parse().unwrap()));
    hear(&mut configuration, now);
    let actions = hear(&mut configuration, now);
    assert!(!actions.contains(&taken()));
    assert_eq!(configured(&actions).unwrap().addresses.len(), 1);
}
