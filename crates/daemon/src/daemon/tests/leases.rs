//! What servers gave, when a connection ends.

use super::ap::Setup;
use super::desk::{DONE, Desk};
use super::*;
use crate::netconf::dhcp6::Wish;
use crate::networks::name::Security;
use lapwing_world::network::six::{Managed, Six};
use std::net::Ipv6Addr;

const DUID: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);

/// The router says that addresses are to be had, and the server answers, until nothing more is said. Returns the kinds
/// of the messages of the client.
fn serve(desk: &mut Desk, server: &mut Six) -> Vec<u8> {
    let mut kinds = Vec::new();
    desk.daemon.kernel.performed.clear();
    desk.daemon.hear(desk.now, Heard::LinkLocal { ifindex: 3, address: Some(LINK_LOCAL) });
    desk.daemon.hear(desk.now, Heard::Routers { ifindex: 3, wish: Wish::Addresses });
    loop {
        let messages = messages(desk);
        if messages.is_empty() {
            return kinds;
        }
        for octets in messages {
            kinds.push(octets[48]);
            let octets = server.turn(desk.now.clock, &octets).unwrap();
            let packet = Heard::Packet { ifindex: 3, kind: PacketKind::Dhcp6, source: AP, octets };
            desk.daemon.hear(desk.now, packet);
        }
    }
}

/// The messages of the DHCPv6 client since the last look.
fn messages(desk: &mut Desk) -> Vec<Vec<u8>> {
    let sent =
        std::mem::take(&mut desk.daemon.kernel.performed).into_iter().filter_map(|command| match command {
            Command::Send { kind: PacketKind::Dhcp6, octets, .. } => Some(octets),
            _ => None,
        });
    sent.collect()
}

/// In the network "cafe", with an address of the server, beside another network.
fn addressed(name: &str) -> (Desk, Six) {
    let setups = vec![Setup::new(b"cafe", 2, &[]), Setup::new(b"inn", 4, &[])];
    let files = [("cafe.open", ""), ("inn.open", "[Settings]\nAutoConnect=false\n")];
    let mut desk = Desk::new(name, setups, &files);
    desk.daemon.options.network_configuration = true;
    assert_eq!(desk.ask(Call::Disconnect { ifindex: 3 }), DONE);
    desk.connect("cafe", Security::Open);
    desk.pass(Duration::from_secs(1));
    let mut server = Six::new(Managed::Addresses, true);
    assert_eq!(serve(&mut desk, &mut server), [1]);
    assert!(server.address_of(desk.now.clock, &DUID).is_some());
    (desk, server)
}

/// Gives the server what was said. Returns whether an address is still leased.
fn is_leased(desk: &mut Desk, server: &mut Six) -> bool {
    for octets in messages(desk) {
        let _acknowledged = server.turn(desk.now.clock, &octets);
    }
    server.address_of(desk.now.clock, &DUID).is_some()
}

#[test]
fn who_leaves_for_another_network_or_none_gives_back_what_a_server_gave() {
    let (mut desk, mut server) = addressed("left");
    desk.begin(Call::Disconnect { ifindex: 3 });
    assert!(!is_leased(&mut desk, &mut server));
    let (mut desk, mut server) = addressed("left-for-another");
    desk.connect("inn", Security::Open);
    assert!(!is_leased(&mut desk, &mut server));
    desk.pass(Duration::from_secs(1));
    assert_eq!(serve(&mut desk, &mut server), [1]);
}

#[test]
fn whose_connection_is_lost_or_made_anew_is_back_with_what_a_server_gave() {
    let (mut desk, mut server) = addressed("lost");
    desk.daemon.kernel.peer = None;
    let event = KernelEvent::Disconnected { reason: ReasonCode(4), by_ap: true };
    desk.daemon.hear(desk.now, Heard::Station { ifindex: Some(3), event });
    assert!(desk.daemon.interfaces[&3].configuration.is_none());
    assert!(is_leased(&mut desk, &mut server));
    desk.pass(Duration::from_secs(10));
    assert_eq!(serve(&mut desk, &mut server), [4], "it is confirmed");
    let here = desk.daemon.kernel.aps[0].setup.bssid;
    desk.begin(Call::ConnectTo { ifindex: 3, bssid: here });
    desk.pass(Duration::from_secs(1));
    assert!(is_leased(&mut desk, &mut server));
    assert_eq!(serve(&mut desk, &mut server), [4]);
}
