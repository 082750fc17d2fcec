//! What clients get of the router.

use super::*;
use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, UdpPacket, UdpRepr};

const CLIENT: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const NOW: Instant = Instant::after_start(Duration::from_secs(5));

fn packet(source: MacAddr, ethertype: u16, payload: Vec<u8>) -> Packet {
    Packet { source, destination: MacAddr::BROADCAST, ethertype, payload }
}

/// A client's message.
fn say(client: MacAddr, kind: DhcpMessageType, requested: Option<Ipv4Addr>) -> Packet {
    let message = DhcpRepr {
        message_type: kind,
        transaction_id: 7,
        secs: 0,
        client_hardware_address: EthernetAddress(client.0),
        client_ip: Ipv4Addr::UNSPECIFIED,
        your_ip: Ipv4Addr::UNSPECIFIED,
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: None,
        subnet_mask: None,
        relay_agent_ip: Ipv4Addr::UNSPECIFIED,
        broadcast: false,
        requested_ip: requested,
        client_identifier: Some(EthernetAddress(client.0)),
        server_identifier: (kind == DhcpMessageType::Decline).then_some(ADDRESS),
        parameter_request_list: None,
        dns_servers: None,
        max_size: None,
        lease_duration: None,
        renew_duration: None,
        rebind_duration: None,
        additional_options: &[],
    };
    let ports = UdpRepr { src_port: 68, dst_port: 67 };
    let ip = Ipv4Repr {
        src_addr: Ipv4Addr::UNSPECIFIED,
        dst_addr: Ipv4Addr::BROADCAST,
        next_header: IpProtocol::Udp,
        payload_len: ports.header_len() + message.buffer_len(),
        hop_limit: 64,
    };
    let checksums = ChecksumCapabilities::default();
    let mut octets = vec![0; ip.buffer_len() + ip.payload_len];
    let mut whole = Ipv4Packet::new_unchecked(&mut octets[..]);
    ip.emit(&mut whole, &checksums);
    ports.emit(
        &mut UdpPacket::new_unchecked(whole.payload_mut()),
        &ip.src_addr.into(),
        &ip.dst_addr.into(),
        message.buffer_len(),
        |payload| message.emit(&mut DhcpPacket::new_unchecked(payload)).unwrap(),
        &checksums,
    );
    packet(client, IPV4, octets)
}

/// The kind and the address of an answer, whose checksums must be right.
fn read(answer: &Packet) -> (DhcpMessageType, Ipv4Addr) {
    let ip = Ipv4Packet::new_checked(&answer.payload[..]).unwrap();
    assert!(ip.verify_checksum());
    let udp = UdpPacket::new_checked(ip.payload()).unwrap();
    assert!(udp.verify_checksum(&ip.src_addr().into(), &ip.dst_addr().into()));
    let message = DhcpPacket::new_checked(udp.payload()).unwrap();
    let message = DhcpRepr::parse(&message).unwrap();
    assert_eq!((message.transaction_id, message.server_identifier), (7, Some(ADDRESS)));
    (message.message_type, message.your_ip)
}

#[test]
fn an_address_is_offered_given_and_kept() {
    let mut router = Router::default();
    let offer = router.turn(NOW, &say(CLIENT, DhcpMessageType::Discover, None)).unwrap();
    assert_eq!((offer.source, offer.destination), (ROUTER, CLIENT));
    let (kind, address) = read(&offer);
    assert_eq!(kind, DhcpMessageType::Offer);
    assert_eq!(router.address_of(NOW, CLIENT), None, "an offer gives nothing");
    let ack = router.turn(NOW, &say(CLIENT, DhcpMessageType::Request, Some(address))).unwrap();
    assert_eq!(read(&ack), (DhcpMessageType::Ack, address));
    assert_eq!(router.address_of(NOW, CLIENT), Some(address));
    let other = router.turn(NOW, &say(OTHER, DhcpMessageType::Discover, None)).unwrap();
    assert_ne!(read(&other).1, address, "it is taken");
    // After a restart of the client (INIT-REBOOT), the same; another's is refused.
    let again = router.turn(NOW, &say(CLIENT, DhcpMessageType::Request, Some(address))).unwrap();
    assert_eq!(read(&again), (DhcpMessageType::Ack, address));
    let stolen = router.turn(NOW, &say(OTHER, DhcpMessageType::Request, Some(address))).unwrap();
    assert_eq!(read(&stolen).0, DhcpMessageType::Nak);
    // What somebody else uses is not offered again.
    assert_eq!(router.turn(NOW, &say(CLIENT, DhcpMessageType::Decline, Some(address))), None);
    let new = router.turn(NOW, &say(CLIENT, DhcpMessageType::Discover, None)).unwrap();
    assert_ne!(read(&new).1, address);
}

#[test]
fn the_router_is_found_and_echoes() {
    let mut router = Router::default();
    let question = |target| ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr: EthernetAddress(CLIENT.0),
        source_protocol_addr: Ipv4Addr::new(192, 0, 2, 100),
        target_hardware_addr: EthernetAddress([0; 6]),
        target_protocol_addr: target,
    };
    let ask = |target| {
        let mut octets = vec![0; 28];
        question(target).emit(&mut ArpPacket::new_unchecked(&mut octets[..]));
        packet(CLIENT, ARP, octets)
    };
    let reply = router.turn(NOW, &ask(ADDRESS)).unwrap();
    let parsed = ArpRepr::parse(&ArpPacket::new_checked(&reply.payload[..]).unwrap()).unwrap();
    let ArpRepr::EthernetIpv4 { operation, source_hardware_addr, .. } = parsed else { panic!("{parsed:?}") };
    assert_eq!((operation, source_hardware_addr.0), (ArpOperation::Reply, ROUTER.0));
    assert_eq!(router.turn(NOW, &ask(Ipv4Addr::new(192, 0, 2, 100))), None, "nobody has the client's");
    let probe = Packet { destination: ROUTER, ..packet(CLIENT, PROBE, b"here".to_vec()) };
    let echo = router.turn(NOW, &probe).unwrap();
    assert_eq!((echo.destination, &echo.payload[..]), (CLIENT, &b"here"[..]));
    assert_eq!(router.turn(NOW, &Packet { destination: OTHER, ..probe }), None, "not for the router");
}

#[test]
fn rubbish_is_not_answered() {
    let mut router = Router::default();
    let whole = say(CLIENT, DhcpMessageType::Discover, None);
    for length in 0..whole.payload.len() {
        let cut = Packet { payload: whole.payload[..length].to_vec(), ..whole.clone() };
        assert_eq!(router.turn(NOW, &cut), None, "{length}");
    }
    assert_eq!(router.turn(NOW, &packet(CLIENT, IPV6, vec![0; 40])), None);
}

#[test]
fn the_router_advertises_what_is_to_be_had() {
    let asked = six::solicitation(std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7));
    assert_eq!(six::advertised(&asked), None);
    for managed in [Managed::Addresses, Managed::Information] {
        let mut router = Router::default();
        router.six.managed = managed;
        let answer = router.turn(NOW, &packet(CLIENT, IPV6, asked.clone())).unwrap();
        assert_eq!(six::advertised(&answer.payload), Some(managed));
        for length in 0..asked.len() {
            assert_eq!(router.turn(NOW, &packet(CLIENT, IPV6, asked[..length].to_vec())), None, "{length}");
        }
    }
    let mut router = Router::default();
    router.six.managed = Managed::Nothing;
    assert_eq!(router.turn(NOW, &packet(CLIENT, IPV6, asked)), None);
}
