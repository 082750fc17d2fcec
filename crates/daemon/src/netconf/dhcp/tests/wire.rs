//! Messages as octets.

use super::*;

#[test]
fn a_message_both_ways() {
    let mut options = BTreeMap::from([
        (option::KIND, vec![Kind::Offer.0]),
        (option::MESSAGE, vec![b'x'; 300]),
        (option::RAPID_COMMIT, Vec::new()),
    ]);
    let message = Message {
        reply: true,
        transaction: 0x0102_0304,
        seconds: 5,
        broadcast: true,
        client: SERVER,
        yours: ADDRESS,
        relay: Ipv4Addr::UNSPECIFIED,
        hardware: WE,
        options: options.clone(),
    };
    let octets = message.build();
    assert_eq!(Message::parse(&octets), Ok(message.clone()), "a long option travels in two parts");
    assert_eq!(&octets[236..243], &[99, 130, 83, 99, 53, 1, 2], "the kind is in front");
    // Options in the file and name fields.
    options.remove(&option::MESSAGE);
    let mut octets = Message { options, ..message }.build();
    octets.truncate(octets.iter().rposition(|&octet| octet == option::END).unwrap());
    octets.extend([option::OVERLOAD, 1, 3]);
    octets[108..114].copy_from_slice(&[option::ROUTER, 4, 192, 0, 2, 1]);
    octets[44..50].copy_from_slice(&[option::DNS, 4, 192, 0, 2, 2]);
    let parsed = Message::parse(&octets).unwrap();
    assert_eq!(parsed.address(option::ROUTER), Some(SERVER));
    assert_eq!(parsed.addresses(option::DNS), [Ipv4Addr::new(192, 0, 2, 2)]);
    // In the fields themselves it means nothing.
    octets[114..117].copy_from_slice(&[option::OVERLOAD, 1, 2]);
    assert_eq!(Message::parse(&octets), Ok(parsed.clone()));
    assert_eq!(Message::parse(&parsed.build()), Ok(parsed));
    for length in 0..octets.len() {
        let _error_or_less = Message::parse(&octets[..length]);
    }
}

#[test]
fn another_implementation_reads_our_messages() {
    use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr};
    let mut run = Run::new(None);
    run.step(Server::Plain);
    for ((_, _, message), kind) in run.sent.iter().zip([DhcpMessageType::Discover, DhcpMessageType::Request])
    {
        let octets = message.build();
        let packet = DhcpPacket::new_checked(&octets[..]).unwrap();
        let parsed = DhcpRepr::parse(&packet).unwrap();
        assert_eq!((parsed.message_type, parsed.transaction_id), (kind, message.transaction));
        assert_eq!(parsed.client_hardware_address.0, WE.0);
        assert_eq!(parsed.requested_ip, message.address(option::ADDRESS));
        assert_eq!(parsed.server_identifier, message.address(option::SERVER));
        assert!(parsed.client_identifier.is_some() && parsed.parameter_request_list.is_some());
    }
}
