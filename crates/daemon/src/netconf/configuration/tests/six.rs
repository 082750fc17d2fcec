//! IPv6: what the kernel has, what servers give, and what is enough.

use super::*;
use lapwing_world::network::six::{Managed, Six};

const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);

/// The answer of a server that gives at once.
fn answered(server: &mut Six, actions: &[Action]) -> Vec<u8> {
    let octets = actions.iter().find_map(|action| match action {
        Action::Send6 { octets, .. } => Some(octets),
        _ => None,
    });
    server.turn(NOW, octets.expect("a message was sent")).expect("it is answered")
}

/// A connection that a server has given an IPv6 address.
fn given(configuration: &mut Configuration, server: &mut Six) -> (Ipv6Addr, Vec<Action>) {
    turn(configuration, NOW, Event::LinkLocal(Some(SOURCE)));
    let actions = turn(configuration, NOW, Event::Routers(Wish::Addresses));
    let octets = answered(server, &actions);
    let actions = turn(configuration, NOW, Event::Dhcp6(&octets));
    let address = actions.iter().find_map(|action| match action {
        Action::SetAddress { address: Prefix { address: IpAddr::V6(address), length: 128 }, .. } => {
            Some(*address)
        }
        _ => None,
    });
    (address.expect("an address is given"), actions)
}

#[test]
fn a_server_gives_an_address_which_counts_when_the_kernel_says_so() {
    let mut server = Six::new(Managed::Addresses, true);
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let (address, actions) = given(&mut configuration, &mut server);
    let lifetimes = actions.iter().find_map(|action| match action {
        Action::SetAddress { lifetimes, .. } => Some(*lifetimes),
        _ => None,
    });
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(lifetimes, Some(Lifetimes { preferred: seconds(1800), valid: seconds(3600) }));
    assert!(actions.iter().any(|action| matches!(action, Action::Resolve(Some(_)))));
    assert!(!configuration.is_configured());
    turn(&mut configuration, NOW, Event::Address6(address));
    assert!(configuration.is_configured());
    // It is shown once, as it was set.
    let actions = leased(&mut configuration, &lease([192, 0, 2, 7], [192, 0, 2, 1]));
    let shown: Vec<_> = configured(&actions).unwrap().addresses.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["192.0.2.7/24".to_owned(), format!("{address}/128")]);
    // At the end it goes.
    let whole = Prefix { address: IpAddr::V6(address), length: 128 };
    assert!(configuration.clone().end().contains(&Action::RemoveAddress(whole)));
    // On leaving on purpose it goes first, and is given back.
    let left = configuration.leave(NOW, &mut SeededEntropy(1));
    assert_eq!(left[0], Action::RemoveAddress(whole));
    assert!(matches!(left.last(), Some(Action::Send6 { .. })), "{left:?}");
    assert!(!configuration.end().contains(&Action::RemoveAddress(whole)));
}

#[test]
fn an_address_that_somebody_has_goes_and_another_comes() {
    let mut server = Six::new(Managed::Addresses, true);
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let (address, _) = given(&mut configuration, &mut server);
    let actions = turn(&mut configuration, NOW, Event::Address6Taken(address));
    let whole = Prefix { address: IpAddr::V6(address), length: 128 };
    assert!(actions.contains(&Action::RemoveAddress(whole)));
    let octets = answered(&mut server, &actions);
    let actions = turn(&mut configuration, NOW, Event::Dhcp6(&octets));
    let octets = answered(&mut server, &actions);
    let actions = turn(&mut configuration, NOW, Event::Dhcp6(&octets));
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::SetAddress { address, .. } if *address != whole))
    );
}

#[test]
fn fixed_or_switched_off_nothing_is_asked_for() {
    let six =
        StaticIpv6 { address: Prefix { address: "2001:db8::7".parse().unwrap(), length: 64 }, gateway: None };
    let fixed = Addressing { ipv6: Some(six), ..Addressing::default() };
    for addressing in [fixed.clone(), Addressing { ipv6_enabled: false, ..Addressing::default() }] {
        let (mut configuration, _) = Configuration::begin(NOW, begin(addressing));
        turn(&mut configuration, NOW, Event::LinkLocal(Some(SOURCE)));
        let actions = turn(&mut configuration, NOW, Event::Routers(Wish::Addresses));
        assert!(!actions.iter().any(|action| matches!(action, Action::Send6 { .. })));
    }
    // A fixed one that somebody has is good for nothing.
    let (mut configuration, _) = Configuration::begin(NOW, begin(fixed));
    assert!(configuration.is_configured());
    let actions = turn(&mut configuration, NOW, Event::Address6Taken("2001:db8::7".parse().unwrap()));
    assert!(actions.iter().any(|action| matches!(action, Action::RemoveAddress(_))));
    assert!(!configuration.is_configured());
}

#[test]
fn ipv4_is_waited_for_and_ipv6_alone_is_enough_in_the_end() {
    let address = "2001:db8::1".parse().unwrap();
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    assert_eq!(configured(&turn(&mut configuration, NOW, Event::Address6(address))), None);
    assert!(configuration.is_waiting());
    let mut both = configuration.clone();
    assert_eq!(
        configured(&leased(&mut both, &lease([192, 0, 2, 7], [192, 0, 2, 1]))).unwrap().addresses.len(),
        2,
        "IPv4 comes, and nobody waits any more"
    );
    let (now, actions) = settle(&mut configuration, NOW);
    assert_eq!((now, configured(&actions).unwrap().addresses.len()), (NOW + ALONE, 1));
    // One that comes late is enough at once.
    let (mut configuration, _) = Configuration::begin(NOW, begin(Addressing::default()));
    let late = NOW + ALONE * 2;
    turn(&mut configuration, late, TICK);
    assert!(configured(&turn(&mut configuration, late, Event::Address6(address))).is_some());
}
