use super::*;
use crate::netconf::settings::{StaticIpv4, StaticIpv6};
use lapwing_core::entropy::SeededEntropy;
use lapwing_frames::internet::dhcp::{Kind, Message, option};
use lapwing_frames::internet::udp::Datagram;
use std::collections::BTreeMap;

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const NOW: Instant = Instant::after_start(Duration::from_secs(100));

fn begin(addressing: Addressing) -> Begin {
    Begin {
        attempt: AttemptId(3),
        hardware: WE,
        addressing,
        remembered: None,
        kept: None,
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

/// Goes on until the connection is configured, or is not.
fn settle(configuration: &mut Configuration, mut now: Instant) -> (Instant, Vec<Action>) {
    let mut all = turn(configuration, now, TICK);
    while configuration.is_waiting() {
        now = configuration.next_deadline().unwrap();
        all.extend(turn(configuration, now, TICK));
    }
    (now, all)
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
fn fixed_addresses_are_there_and_go_with_the_connection() {
    let addressing = Addressing {
        ipv4: Some(StaticIpv4 {
            address: Prefix { address: Ipv4Addr::new(192, 0, 2, 7), length: 24 },
            gateway: Some(Ipv4Addr::new(192, 0, 2, 1)),
        }),
        ipv6: Some(StaticIpv6 {
            address: Prefix { address: "2001:db8::7".parse().unwrap(), length: 64 },
            gateway: Some("2001:db8::1".parse().unwrap()),
        }),
        dns: vec!["192.0.2.53".parse().unwrap()],
        ..Addressing::default()
    };
    let (mut configuration, mut actions) = Configuration::begin(NOW, begin(addressing));
    assert_eq!(configured(&actions), None, "first it is asked who has the address");
    let (now, more) = settle(&mut configuration, NOW);
    assert_eq!(now.since(NOW).as_millis(), 300);
    actions.extend(more);
    let done = configured(&actions).unwrap();
    assert_eq!(done.addresses.len(), 2);
    let routers = ["192.0.2.1", "2001:db8::1"].map(|router| router.parse::<IpAddr>().unwrap());
    assert_eq!(done.routers, routers);
    // An address that is still being probed for is no source to the kernel.
    let sources: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::SetRoute(route) => Some(route.source),
            _ => None,
        })
        .collect();
    assert_eq!(sources, [None, Some("192.0.2.7".parse().unwrap())]);
    assert_eq!(done.resolver.servers.len(), 1);
    let undone = configuration.end();
    assert_eq!(undone.iter().filter(|action| matches!(action, Action::RemoveAddress(_))).count(), 2);
    assert!(matches!(undone[0], Action::RemoveRoute(_)), "routes go before the address they start from");
    assert_eq!(undone.last(), Some(&Action::Resolve(None)));
}

#[test]
fn dhcp_gives_an_address_and_a_renewal_is_no_news() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let sent = turn(&mut configuration, NOW, TICK);
    let octets =
        answer(sent.iter().find(|action| matches!(action, Action::Send { .. })).unwrap(), [192, 0, 2, 7]);
    let packet = Event::Dhcp(dhcp::Event::Packet { source: WE, octets: &octets });
    let actions = turn(&mut configuration, NOW, packet);
    let mut now;
    let done = configured(&actions).unwrap();
    assert_eq!(done.addresses[0].to_string(), "192.0.2.7/24");
    assert_eq!(done.duration, Duration::ZERO);
    let remembered = actions.iter().find_map(|action| match action {
        Action::Remember(Some(lease)) => Some(lease.clone()),
        _ => None,
    });
    let remembered = remembered.unwrap();
    assert_eq!((remembered.ends, remembered.hardware), (Some(1_000_600), WE));
    assert_eq!(remembered.lease.address.address, Ipv4Addr::new(192, 0, 2, 7));
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
    assert!(actions.iter().any(|action| matches!(
        action,
        Action::SetAddress { lifetimes: Lifetimes { valid: Some(_), .. }, .. }
    )));
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
fn a_roam_before_the_first_address_renews_the_patience() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let roamed = NOW + PATIENCE / 2;
    configuration.roamed(roamed, AttemptId(9));
    assert_eq!(configuration.attempt(), AttemptId(9));
    let given_up = Action::Unconfigured(no_address());
    assert!(!turn(&mut configuration, NOW + PATIENCE, TICK).contains(&given_up));
    assert!(turn(&mut configuration, roamed + PATIENCE, TICK).contains(&given_up));
    // It was said, and a roam does not make it unsaid.
    configuration.roamed(roamed + PATIENCE, AttemptId(10));
    assert!(!turn(&mut configuration, roamed + PATIENCE * 3, TICK).contains(&given_up));
}

#[test]
fn a_lease_is_asked_for_again_only_where_it_can_hold() {
    let lease: Remembered =
        "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe ends=1000100 lasts=3600 \
                             router=02:00:00:00:00:fe route=0.0.0.0/0,192.0.2.1"
            .parse()
            .unwrap();
    for (remembered, kind) in [
        (Some(lease.clone()), Kind::Request),
        (None, Kind::Discover),
        (Some(Remembered { ends: Some(1_000_000), ..lease.clone() }), Kind::Discover),
        (Some(Remembered { hardware: MacAddr([2; 6]), ..lease.clone() }), Kind::Discover),
    ] {
        let begin = Begin { remembered, ..begin(Addressing::default()) };
        let (mut configuration, _) = Configuration::begin(NOW, begin);
        let sent = turn(&mut configuration, NOW, TICK);
        let octets = sent.iter().find_map(|action| match action {
            Action::Send { octets, .. } => Some(octets),
            _ => None,
        });
        let message = Message::parse(Datagram::parse(octets.unwrap()).unwrap().payload).unwrap();
        assert_eq!(message.kind(), Some(kind));
        assert!(!message.options.contains_key(&option::HOSTNAME), "not unless the file says so");
    }
}

/// A lease with this router and name server.
fn lease(address: [u8; 4], router: [u8; 4]) -> Lease {
    let text = "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe dns=192.0.2.53 search=example.org";
    let mut lease = text.parse::<Remembered>().unwrap().lease;
    lease.address.address = address.into();
    lease.routes = vec![(Prefix { address: Ipv4Addr::UNSPECIFIED, length: 0 }, Some(router.into()))];
    lease
}

fn leased(configuration: &mut Configuration, lease: &Lease) -> Vec<Action> {
    let mut out = Vec::new();
    configuration.lease(NOW, lease, &mut out);
    out
}

#[test]
fn another_router_takes_the_place_of_the_old_one() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    leased(&mut configuration, &lease([192, 0, 2, 7], [192, 0, 2, 1]));
    let actions = leased(&mut configuration, &lease([192, 0, 2, 7], [192, 0, 2, 9]));
    let routes: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::SetRoute(route) => Some((true, route.router.unwrap().to_string())),
            Action::RemoveRoute(route) => Some((false, route.router.unwrap().to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(routes, [(true, "192.0.2.9".to_owned())], "replaced, not taken away");
    assert_eq!(configured(&actions).unwrap().routers, ["192.0.2.9".parse::<IpAddr>().unwrap()]);
    // At the end there is one to remove.
    let undone = configuration.end();
    assert_eq!(undone.iter().filter(|action| matches!(action, Action::RemoveRoute(_))).count(), 1);
}

#[test]
fn another_address_comes_before_the_old_one_goes() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let mut first = lease([192, 0, 2, 7], [192, 0, 2, 1]);
    let network = Prefix { address: Ipv4Addr::new(198, 51, 100, 0), length: 24 };
    first.routes.push((network, Some(Ipv4Addr::new(192, 0, 2, 2))));
    leased(&mut configuration, &first);
    let actions = leased(&mut configuration, &lease([192, 0, 2, 8], [192, 0, 2, 1]));
    let at = |wanted: fn(&Action) -> bool| actions.iter().position(wanted).unwrap();
    let new = at(|action| matches!(action, Action::SetAddress { .. }));
    let route = at(|action| matches!(action, Action::SetRoute(_)));
    let no_route =
        at(|action| matches!(action, Action::RemoveRoute(route) if route.destination.length == 24));
    let old = at(|action| matches!(action, Action::RemoveAddress(_)));
    assert!(new < route && route < no_route && no_route < old, "{actions:?}");
    assert_eq!(configured(&actions).unwrap().addresses.len(), 1);
}

#[test]
fn a_smaller_mtu_holds_for_the_routes_of_the_lease() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let small = Lease { mtu: Some(1400), ..lease([192, 0, 2, 7], [192, 0, 2, 1]) };
    let actions = leased(&mut configuration, &small);
    let routes: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::SetRoute(route) => Some((route.destination.to_string(), route.mtu)),
            _ => None,
        })
        .collect();
    assert_eq!(routes, [("192.0.2.0/24".to_owned(), Some(1400)), ("0.0.0.0/0".to_owned(), Some(1400))]);
}

#[test]
fn name_servers_of_routers_come_behind_and_go_with_their_time() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    leased(&mut configuration, &lease([192, 0, 2, 7], [192, 0, 2, 1]));
    let six: Ipv6Addr = "2001:db8::53".parse().unwrap();
    let servers = |lifetime| Advertised::Servers {
        servers: vec![six, Ipv6Addr::UNSPECIFIED, "ff02::1".parse().unwrap()],
        lifetime: Some(Duration::from_secs(lifetime)),
    };
    let search = Advertised::Search { domains: vec!["six.example".to_owned()], lifetime: None };
    turn(&mut configuration, NOW, Event::Advertised(&search));
    let actions = turn(&mut configuration, NOW, Event::Advertised(&servers(60)));
    let resolver = actions.iter().find_map(|action| match action {
        Action::Resolve(resolver) => resolver.clone(),
        _ => None,
    });
    let resolver = resolver.unwrap();
    assert_eq!(resolver.servers, ["192.0.2.53".parse::<IpAddr>().unwrap(), six.into()]);
    assert_eq!(resolver.search, ["example.org", "six.example"]);
    assert_eq!(configured(&actions).unwrap().resolver, resolver);
    // The same again is no news, but lasts longer.
    let later = NOW + Duration::from_secs(30);
    assert_eq!(configured(&turn(&mut configuration, later, Event::Advertised(&servers(60)))), None);
    let over = NOW + Duration::from_secs(90);
    assert_eq!(configured(&turn(&mut configuration, over - Duration::from_millis(1), TICK)), None);
    assert_eq!(configuration.names.next_deadline(), Some(over));
    assert_eq!(configured(&turn(&mut configuration, over, TICK)).unwrap().resolver.servers.len(), 1);
    // A router that goes says so with a lifetime of zero.
    turn(&mut configuration, over, Event::Advertised(&servers(60)));
    let gone = turn(&mut configuration, over, Event::Advertised(&servers(0)));
    assert_eq!(configured(&gone).unwrap().resolver.servers.len(), 1);
    // Ever new ones do not pile up.
    for number in 0..100 {
        let servers = vec![Ipv6Addr::from_bits(1 << 120 | number)];
        turn(&mut configuration, over, Event::Advertised(&Advertised::Servers { servers, lifetime: None }));
    }
    assert_eq!(configuration.resolver.servers.len(), 9);
}

#[test]
fn the_file_goes_before_the_network() {
    let server: IpAddr = "9.9.9.9".parse().unwrap();
    let addressing =
        Addressing { dns: vec![server], domain: Some("file.example".to_owned()), ..Addressing::default() };
    let (mut configuration, _) = Configuration::begin(NOW, begin(addressing));
    leased(&mut configuration, &lease([192, 0, 2, 7], [192, 0, 2, 1]));
    let six = Advertised::Servers { servers: vec!["2001:db8::53".parse().unwrap()], lifetime: None };
    turn(&mut configuration, NOW, Event::Advertised(&six));
    let expected = Resolver { servers: vec![server], search: vec!["file.example".to_owned()] };
    assert_eq!(configuration.resolver, expected);
}

#[test]
fn ipv6_off_means_off() {
    let addressing = Addressing { ipv6_enabled: false, ..Addressing::default() };
    let (mut configuration, actions) = Configuration::begin(NOW, begin(addressing));
    assert!(actions.contains(&Action::EnableIpv6(false)));
    let six = Advertised::Servers { servers: vec!["2001:db8::53".parse().unwrap()], lifetime: None };
    turn(&mut configuration, NOW, Event::Advertised(&six));
    assert_eq!(configuration.resolver, Resolver::default());
    assert!(configuration.end().contains(&Action::EnableIpv6(true)));
}

#[test]
fn what_routers_advertised_goes_with_the_connection() {
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    turn(&mut configuration, NOW, Event::Address6("2001:db8::7".parse().unwrap()));
    let switched: Vec<_> =
        configuration.end().into_iter().filter(|action| matches!(action, Action::EnableIpv6(_))).collect();
    assert_eq!(switched, [Action::EnableIpv6(false), Action::EnableIpv6(true)]);
}

mod six;
mod taken;
