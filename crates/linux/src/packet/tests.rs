use super::*;
use crate::rtnetlink::{Event, Incoming, OperState, Reply, Request, Rtnetlink};
use crate::testing::in_namespace;
use lapwing_core::Duration;

/// An IPv4 packet with UDP to this port; the checksums do not matter here.
fn udp(port: u16, options: usize) -> Vec<u8> {
    let mut packet = vec![0; 20 + options];
    packet[0] = 0x45 + u8::try_from(options / 4).unwrap();
    packet[9] = 17;
    packet.extend([0, 67]);
    packet.extend(port.to_be_bytes());
    packet.extend([0, 12, 0, 0, b'd', b'h', b'c', b'p']);
    packet
}

fn wait(socket: &PacketSocket) -> bool {
    let limit = rustix::time::Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    let mut polled = [rustix::event::PollFd::new(socket, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut polled, Some(&limit)).unwrap() > 0
}

/// The next packet, if one comes soon.
fn next(socket: &mut PacketSocket) -> Option<Packet> {
    while wait(socket) {
        if let Some(packet) = socket.receive().unwrap() {
            return Some(packet);
        }
    }
    None
}

/// Sets both ends up, waits until they carry packets, and gives their indices and addresses.
fn ends() -> [(u32, MacAddr); 2] {
    let mut driver = Rtnetlink::open().unwrap();
    driver.send(&Request::ReadLinks).unwrap();
    let mut ends = [("left0", None), ("right0", None)];
    let mut carrying = std::collections::BTreeSet::new();
    while carrying.len() < ends.len() {
        driver.wait(Duration::from_secs(5)).unwrap();
        for incoming in driver.receive().unwrap().into_iter().flatten().collect::<Vec<_>>() {
            match incoming {
                Incoming::Reply { result: Ok(Reply::Links(links)), .. } => {
                    for (name, end) in &mut ends {
                        let link = links.iter().find(|link| link.name == *name).unwrap();
                        *end = Some((link.ifindex, link.address.unwrap()));
                        driver.send(&Request::SetUp { ifindex: link.ifindex, up: true }).unwrap();
                    }
                }
                Incoming::Event(Event::Link(link)) if link.oper_state == OperState::Up => {
                    carrying.insert(link.ifindex);
                }
                _ => {}
            }
        }
    }
    ends.map(|(_, end)| end.unwrap())
}

#[test]
fn dhcp_and_arp_over_a_cable() {
    in_namespace("packet", || {
        let [(left, left_address), (right, right_address)] = ends();
        let sender = PacketSocket::open(left, PacketKind::Dhcp).unwrap();
        let mut receiver = PacketSocket::open(right, PacketKind::Dhcp).unwrap();
        assert_eq!(receiver.receive().unwrap(), None);
        // Not for us: another port, another protocol, not the first fragment, too short.
        let mut tcp = udp(68, 0);
        tcp[9] = 6;
        let mut fragment = udp(68, 0);
        fragment[7] = 1;
        for other in [udp(67, 0), tcp, fragment, udp(68, 0)[..20].to_vec()] {
            sender.send(MacAddr::BROADCAST, &other).unwrap();
        }
        for options in [0, 8] {
            let packet = udp(68, options);
            sender.send(MacAddr::BROADCAST, &packet).unwrap();
            assert_eq!(next(&mut receiver), Some(Packet { source: left_address, octets: packet }));
        }
        let sender = PacketSocket::open(right, PacketKind::Arp).unwrap();
        let mut receiver = PacketSocket::open(left, PacketKind::Arp).unwrap();
        let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 1];
        arp.resize(28, 7);
        let mut other = arp.clone();
        other[5] = 16;
        sender.send(left_address, &other).unwrap();
        sender.send(left_address, &arp).unwrap();
        assert_eq!(next(&mut receiver), Some(Packet { source: right_address, octets: arp.clone() }));

        // An interface that goes down says so once.
        let mut driver = Rtnetlink::open().unwrap();
        driver.send(&Request::SetUp { ifindex: left, up: false }).unwrap();
        assert!(wait(&receiver));
        assert_eq!(receiver.receive().unwrap_err().kind(), io::ErrorKind::NetworkDown);
        assert_eq!(receiver.receive().unwrap(), None);
        assert!(receiver.send(left_address, &arp).is_err());
    });
}

#[test]
fn key_frames_are_for_our_address_only() {
    in_namespace("key-frames", || {
        let [(left, left_address), (right, right_address)] = ends();
        let sender = PacketSocket::open_for_key_frames(left).unwrap();
        let mut receiver = PacketSocket::open_for_key_frames(right).unwrap();
        // Neither for another station, nor for a group.
        for other in [MacAddr([2, 0, 0, 0, 0, 9]), MacAddr([1, 0x80, 0xc2, 0, 0, 3]), MacAddr::BROADCAST] {
            sender.send(other, b"other").unwrap();
        }
        PacketSocket::open(left, PacketKind::Arp).unwrap().send(right_address, b"another kind").unwrap();
        sender.send(right_address, b"key frame").unwrap();
        let heard = Packet { source: left_address, octets: b"key frame".to_vec() };
        assert_eq!(next(&mut receiver), Some(heard));
        // Not even what was sent from here.
        receiver.send(left_address, b"answer").unwrap();
        assert_eq!(receiver.receive().unwrap(), None);
    });
}

#[test]
fn no_such_interface() {
    if rustix::process::geteuid().is_root() {
        let error = PacketSocket::open(i32::MAX as u32, PacketKind::Arp).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    } else {
        println!("skipped: packet sockets need root");
    }
    assert!(PacketSocket::open(u32::MAX, PacketKind::Arp).is_err());
}

#[test]
fn a_server_hears_clients_and_keeps_its_port() {
    in_namespace("server", || {
        let [(left, _), (right, right_address)] = ends();
        let sender = PacketSocket::open(left, PacketKind::Dhcp).unwrap();
        let mut receiver = PacketSocket::open(right, PacketKind::DhcpServer).unwrap();
        for port in [68, 53, 67] {
            sender.send(right_address, &udp(port, 0)).unwrap();
        }
        assert_eq!(next(&mut receiver).unwrap().octets, udp(67, 0));
        assert!(!wait(&receiver), "nothing else");
        let port = ServerPort::open("right0").unwrap();
        assert_eq!(ServerPort::open("right0").unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(port);
        ServerPort::open("right0").unwrap();
    });
}
