//! What a lease is read from.

use super::*;
use crate::netconf::settings::Prefix;

#[test]
fn odd_servers_are_understood() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    // Classless routes win over the router; T2 before T1 is nonsense; no end mark; a lease without end.
    answer.options.insert(option::ROUTES, vec![0, 192, 0, 2, 9, 25, 198, 51, 100, 128, 0, 0, 0, 0]);
    answer.options.insert(option::RENEWAL, 3000_u32.to_be_bytes().to_vec());
    answer.options.insert(option::REBINDING, 2000_u32.to_be_bytes().to_vec());
    let lease = Lease::read(&answer, SERVER_HARDWARE).unwrap();
    assert_eq!(lease.router(), Some(Ipv4Addr::new(192, 0, 2, 9)));
    assert_eq!(lease.routes[1], (Prefix { address: Ipv4Addr::new(198, 51, 100, 128), length: 25 }, None));
    let time = lease.time.unwrap();
    assert!(time.renew < time.rebind && time.rebind < time.end);
    answer.options.insert(option::LEASE, u32::MAX.to_be_bytes().to_vec());
    assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().time, None);
    answer.options.insert(option::LEASE, 0_u32.to_be_bytes().to_vec());
    let time = Lease::read(&answer, SERVER_HARDWARE).unwrap().time.unwrap();
    assert!(time.renew < time.rebind && time.rebind < time.end && time.end >= Duration::from_secs(30));
    answer.options.insert(option::DOMAIN, b"evil\nnameserver 6.6.6.6".to_vec());
    assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().search, [] as [&str; 0]);
}

#[test]
fn a_server_cannot_have_us_ask_without_pause() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    for (renewal, rebinding, end) in [(0, 1, 3600), (0, 0, 0), (1, 3599, 3600), (5, 6, 20)] {
        for (number, value) in
            [(option::RENEWAL, renewal), (option::REBINDING, rebinding), (option::LEASE, end)]
        {
            answer.options.insert(number, u32::to_be_bytes(value).to_vec());
        }
        let time = Lease::read(&answer, SERVER_HARDWARE).unwrap().time.unwrap();
        assert!(time.renew >= Duration::from_secs(15), "{time:?}");
        assert!(time.renew < time.rebind && time.rebind < time.end, "{time:?}");
    }
}

#[test]
fn routes_lead_to_hosts_through_hosts() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    for route in [
        &[8, 127, 192, 0, 2, 1][..],
        &[4, 224, 192, 0, 2, 1],
        &[0, 127, 0, 0, 1],
        &[0, 224, 0, 0, 1],
        &[0, 255, 255, 255, 255],
    ] {
        answer.options.insert(option::ROUTES, route.to_vec());
        assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().routes, [], "{route:?}");
    }
}

#[test]
fn what_a_network_says_of_names_and_sizes() {
    let mut run = Run::new(None);
    run.step(Server::Silent);
    let mut answer = Server::Plain.answer(&run.sent[0].2).unwrap();
    let asked = &run.sent[0].2.options[&option::PARAMETERS];
    for number in [option::ROUTES, option::ROUTER, option::DNS, option::SEARCH, option::DOMAIN, option::MTU] {
        assert!(asked.contains(&number), "{number}");
    }
    let position = |number| asked.iter().position(|&other| other == number);
    assert!(position(option::ROUTES) < position(option::ROUTER), "RFC 3442");
    // The list of domains goes before the one, but a list of nothing does not.
    answer.options.insert(option::SEARCH, b"\x01a\x07example\0\x01b\xc0\x02".to_vec());
    let search = |answer: &Message| Lease::read(answer, SERVER_HARDWARE).unwrap().search;
    assert_eq!(search(&answer), ["a.example", "b.example"]);
    answer.options.insert(option::SEARCH, b"\xc0\0".to_vec());
    assert_eq!(search(&answer), ["example.org"]);
    for (octets, mtu) in [
        (&[5, 0xdc][..], None), // 1500: says nothing.
        (&[5, 0xdb], Some(1499)),
        (&[2, 0x40], Some(576)),
        (&[2, 0x3f], None),
        (&[0, 0], None),
        (&[5], None),
        (&[5, 0, 0], None),
    ] {
        answer.options.insert(option::MTU, octets.to_vec());
        assert_eq!(Lease::read(&answer, SERVER_HARDWARE).unwrap().mtu, mtu, "{octets:?}");
    }
}
