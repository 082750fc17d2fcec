use super::*;
use crate::netconf::dhcp::message::{Kind, Message, option};
use crate::netconf::ip::Datagram;
use crate::netconf::settings::{StaticIpv4, StaticIpv6};
use lapwing_core::entropy::SeededEntropy;
use std::collections::BTreeMap;

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const NOW: Instant = Instant::after_start(Duration::from_secs(100));

fn begin(addressing: Addressing) -> Begin {
    Begin {
        attempt: AttemptId(3),
        hardware: WE,
        addressing,
        remembered: None,
        hostname: Some("machine".to_owned()),
        wall_clock: 1_000_000,
    }
}

fn turn(configuration: &mut Configuration, now: Instant, event: Event<'_>) -> Vec<Action> {
    configuration.turn(now, 1_000_000, &mut SeededEntropy(1), event)
}

const TICK: Event<'static> = Event::Dhcp(dhcp::Event::Tick);

fn configured(actions: &[Action]) -> Option<&Configured> {
    actions.iter().find_map(|action| match action {
        Action::Configured(configured) => Some(configured),
        _ => None,
    })
}

/// Answers a DHCP packet with an acknowledgement of this address, rapidly.
fn answer(sent: &Action, address: [u8; 4]) -> Vec<u8> {
    let Action::Send { octets, .. } = sent else { panic!("{sent:?}") };
    let request = Message::parse(Datagram::parse(octets).unwrap().payload).unwrap();
    let options = BTreeMap::from([
        (option::KIND, vec![Kind::Ack.0]),
        (option::RAPID_COMMIT, Vec::new()),
        (option::SERVER, vec![192, 0, 2, 1]),
        (option::MASK, vec![255, 255, 255, 0]),
        (option::ROUTER, vec![192, 0, 2, 1]),
        (option::DNS, vec![192, 0, 2, 53]),
        (option::LEASE, 600_u32.to_be_bytes().to_vec()),
    ]);
    let message = Message { reply: true, yours: address.into(), options, ..request }.build();
    Datagram {
        source: Ipv4Addr::new(192, 0, 2, 1),
        destination: Ipv4Addr::BROADCAST,
        source_port: 67,
        destination_port: 68,
        payload: &message,
    }
    .build()
}

#[test]
fn static_addresses_are_there_at_once_and_go_with_the_connection() {
    let addressing = Addressing {
        ipv4: Some(StaticIpv4 {
            address: Prefix { address: Ipv4Addr::new(192, 0, 2, 7), length: 24 },
            gateway: Some(Ipv4Addr::new(192, 0, 2, 1)),
        }),
        ipv6: Some(StaticIpv6 {
            address: Prefix { address: "2001:db8::7".parse().unwrap(), length: 64 },
            gateway: None,
        }),
        dns: vec!["192.0.2.53".parse().unwrap()],
        ..Addressing::default()
    };
    let (configuration, actions) = Configuration::begin(NOW, begin(addressing));
    let done = configured(&actions).unwrap();
    assert_eq!(done.addresses.len(), 2);
    assert_eq!(done.routers, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    assert_eq!(done.resolver.servers.len(), 1);
    assert_eq!(configuration.next_deadline(), None);
    let undone = configuration.end();
    assert_eq!(undone.iter().filter(|action| matches!(action, Action::RemoveAddress(_))).count(), 2);
    assert!(matches!(undone[0], Action::RemoveRoute(_)), "routes go before the address they start from");
    assert_eq!(undone.last(), Some(&Action::Resolve(None)));
}

#[test]
fn dhcp_gives_an_address_and_a_renewal_is_no_news() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let sent = turn(&mut configuration, NOW, TICK);
    let octets = answer(sent.last().unwrap(), [192, 0, 2, 7]);
    let packet = Event::Dhcp(dhcp::Event::Packet { source: WE, octets: &octets });
    turn(&mut configuration, NOW, packet);
    let mut actions = Vec::new();
    let mut now;
    while configured(&actions).is_none() {
        now = configuration.next_deadline().unwrap();
        actions = turn(&mut configuration, now, TICK);
    }
    let done = configured(&actions).unwrap();
    assert_eq!(done.addresses[0].to_string(), "192.0.2.7/24");
    assert_eq!(done.duration, Duration::from_millis(200));
    assert!(actions.iter().any(|action| matches!(
        action,
        Action::Remember(Some(lease)) if lease.ends == 1_000_600 && lease.address == Ipv4Addr::new(192, 0, 2, 7)
    )));
    // T1: the same address for longer.
    let sent = loop {
        now = configuration.next_deadline().unwrap();
        let actions = turn(&mut configuration, now, TICK);
        if let Some(sent) = actions.iter().find(|action| matches!(action, Action::Send { .. })) {
            break sent.clone();
        }
    };
    let octets = answer(&sent, [192, 0, 2, 7]);
    let actions =
        turn(&mut configuration, now, Event::Dhcp(dhcp::Event::Packet { source: WE, octets: &octets }));
    assert!(configured(&actions).is_none());
    assert!(actions.iter().any(|action| matches!(action, Action::SetAddress { lifetime: Some(_), .. })));
    // The end, with nobody answering: everything is undone, and told.
    let mut seen = Vec::new();
    while configuration.is_configured() {
        let now = configuration.next_deadline().unwrap();
        seen.extend(turn(&mut configuration, now, TICK));
    }
    assert!(seen.iter().any(|action| matches!(action, Action::RemoveAddress(_))));
    assert!(seen.iter().any(|action| matches!(action, Action::RemoveRoute(_))));
    assert!(seen.contains(&Action::Unconfigured(no_address())));
    assert!(seen.contains(&Action::Remember(None)));
}

#[test]
fn nobody_answers() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let mut told = Vec::new();
    let mut now = NOW;
    while now < NOW + Duration::from_secs(300) {
        let actions = turn(&mut configuration, now, TICK);
        told.extend(
            actions.into_iter().filter(|action| matches!(action, Action::Unconfigured(_))).map(|_| now),
        );
        now = configuration.next_deadline().unwrap();
    }
    assert_eq!(told, [NOW + PATIENCE], "once");
    // An IPv6 address comes late: that is an address.
    let address = "2001:db8::1".parse().unwrap();
    assert!(configured(&turn(&mut configuration, now, Event::Address6(address))).is_some());
    assert!(configured(&turn(&mut configuration, now, Event::Address6(address))).is_none());
    let gone = turn(&mut configuration, now, Event::Address6Gone(address));
    assert!(gone.contains(&Action::Unconfigured(no_address())));
}

#[test]
fn a_lease_is_asked_for_again_only_where_it_can_hold() {
    let lease = Remembered { address: Ipv4Addr::new(192, 0, 2, 7), hardware: WE, ends: 1_000_001 };
    for (remembered, kind) in [
        (Some(lease), Kind::Request),
        (None, Kind::Discover),
        (Some(Remembered { ends: 1_000_000, ..lease }), Kind::Discover),
        (Some(Remembered { hardware: MacAddr([2; 6]), ..lease }), Kind::Discover),
    ] {
        let begin = Begin { remembered, ..begin(Addressing::default()) };
        let (mut configuration, _) = Configuration::begin(NOW, begin);
        let sent = turn(&mut configuration, NOW, TICK);
        let Some(Action::Send { octets, .. }) = sent.last() else { panic!("{sent:?}") };
        let message = Message::parse(Datagram::parse(octets).unwrap().payload).unwrap();
        assert_eq!(message.kind(), Some(kind));
        assert!(!message.options.contains_key(&option::HOSTNAME), "not unless the file says so");
    }
}
