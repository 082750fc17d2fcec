//! Octets as the kernel's own program for tables sends them, and a kernel that takes them.

use super::*;
use crate::netlink::{Attributes, Errno, Messages, ReplyError, flags};
use crate::testing::in_namespace;
use core::net::{Ipv4Addr, SocketAddr};
use std::net::UdpSocket;

fn sharing() -> Sharing {
    Sharing { interface: "wlan0".into(), ifindex: 7, network: Ipv4Addr::new(192, 168, 9, 1), prefix: 24 }
}

/// An attribute with its header and padding.
fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 4).unwrap();
    let mut octets = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), payload].concat();
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

fn nest(kind: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    attribute(0x8000 | kind, &parts.concat())
}

fn expression(name: &[u8], data: &[Vec<u8>]) -> Vec<u8> {
    nest(1, &[attribute(1, name), nest(2, data)])
}

fn be(kind: u16, value: u32) -> Vec<u8> {
    attribute(kind, &value.to_be_bytes())
}

#[test]
fn a_batch_is_one_transaction_with_a_table_two_chains_and_five_rules() {
    let (octets, last) = sharing().make().unwrap().datagram().unwrap();
    let messages: Vec<_> = Messages::new(&octets).map(Result::unwrap).collect();
    let kinds: Vec<_> = messages.iter().map(|message| message.header.kind).collect();
    let rule = 0xa06;
    assert_eq!(kinds, [0x10, 0xa00, 0xa03, 0xa03, rule, rule, rule, rule, rule, 0x11]);
    let numbers: Vec<_> = messages.iter().map(|message| message.header.sequence).collect();
    assert_eq!((numbers, last), ((1..11).collect(), 9));
    let wanted = flags::REQUEST | flags::ACK | flags::CREATE;
    let flags: Vec<_> = messages.iter().map(|message| message.header.flags).collect();
    assert_eq!(flags[..5], [flags::REQUEST, wanted | flags::EXCLUSIVE, wanted, wanted, wanted | 0x800]);
    for end in [messages[0], messages[9]] {
        assert_eq!(end.payload, [0, 0, 0, 10], "the subsystem in network byte order");
    }
    assert_eq!(messages[1].payload, [&[2, 0, 0, 0][..], &attribute(1, b"lapwing-wlan0\0")].concat());
    let chain = [
        attribute(1, b"lapwing-wlan0\0"),
        attribute(3, b"postrouting\0"),
        nest(4, &[be(1, 4), be(2, 100)]),
        attribute(7, b"nat\0"),
    ];
    assert_eq!(messages[2].payload[4..], chain.concat());
    let chain = [
        attribute(1, b"lapwing-wlan0\0"),
        attribute(3, b"forward\0"),
        nest(4, &[be(1, 2), be(2, 0)]),
        attribute(7, b"filter\0"),
    ];
    assert_eq!(messages[3].payload[4..], chain.concat());
}

#[test]
fn the_rule_that_translates_octet_for_octet() {
    let (octets, _) = sharing().make().unwrap().datagram().unwrap();
    let rule = Messages::new(&octets).nth(4).unwrap().unwrap();
    let network = |offset, operation| {
        [
            expression(b"payload\0", &[be(1, 1), be(2, 1), be(3, offset), be(4, 4)]),
            expression(
                b"bitwise\0",
                &[
                    be(1, 1),
                    be(2, 1),
                    be(3, 4),
                    nest(4, &[attribute(1, &[255, 255, 255, 0])]),
                    nest(5, &[attribute(1, &[0; 4])]),
                ],
            ),
            expression(b"cmp\0", &[be(1, 1), be(2, operation), nest(3, &[attribute(1, &[192, 168, 9, 0])])]),
        ]
        .concat()
    };
    let expressions = [
        network(12, 0),
        network(16, 1),
        expression(b"meta\0", &[be(1, 1), be(2, 5)]),
        expression(b"cmp\0", &[be(1, 1), be(2, 1), nest(3, &[attribute(1, &7_u32.to_ne_bytes())])]),
        expression(b"masq\0", &[]),
    ];
    let whole =
        [attribute(1, b"lapwing-wlan0\0"), attribute(2, b"postrouting\0"), nest(4, &[expressions.concat()])];
    assert_eq!(rule.payload[4..], whole.concat());
}

#[test]
fn answers_come_in_and_strangers_do_not() {
    let (octets, _) = sharing().make().unwrap().datagram().unwrap();
    let rules: Vec<_> = Messages::new(&octets).skip(5).take(4).map(Result::unwrap).collect();
    let last_expressions = |rule: usize, count: usize| {
        let attributes = Attributes::new("rule", &rules[rule].payload[4..]);
        let list = attributes.find(4).unwrap().nested("expressions");
        let all: Vec<_> = list.map(|item| item.unwrap().payload.to_vec()).collect();
        all[all.len() - count..].concat()
    };
    let inside = |expression: Vec<u8>| expression[4..].to_vec();
    let verdict = |code| inside(expression(b"immediate\0", &[be(1, 0), nest(2, &[nest(2, &[be(1, code)])])]));
    let answer = [
        inside(expression(b"ct\0", &[be(1, 1), be(2, 0)])),
        inside(expression(
            b"bitwise\0",
            &[
                be(1, 1),
                be(2, 1),
                be(3, 4),
                nest(4, &[attribute(1, &6_u32.to_ne_bytes())]),
                nest(5, &[attribute(1, &[0; 4])]),
            ],
        )),
        inside(expression(b"cmp\0", &[be(1, 1), be(2, 1), nest(3, &[attribute(1, &[0; 4])])])),
        verdict(1),
    ];
    assert_eq!(last_expressions(0, 1), verdict(1));
    assert_eq!(last_expressions(1, 4), answer.concat());
    assert_eq!(last_expressions(2, 1), verdict(0));
    assert_eq!(last_expressions(3, 1), verdict(0));
}

#[test]
fn a_name_that_is_too_long_makes_no_batch() {
    let interface = "x".repeat(70_000);
    assert!(Sharing { interface: interface.clone(), ..sharing() }.make().is_none());
    assert!(Sharing::unmake(&interface).is_none());
}

/// The kernel that runs the tests may have no nf_tables, and says so by one of these; the lab's has it.
fn lacks(error: &ReplyError) -> bool {
    let lacking = [libc::EPROTONOSUPPORT, libc::EOPNOTSUPP, libc::ENOENT, libc::EINVAL].map(Errno);
    matches!(error, ReplyError::Kernel(error) if lacking.contains(&error.errno))
}

#[test]
fn a_kernel_takes_the_table_once_lists_it_and_forgets_it() {
    in_namespace("nftables", || {
        let sharing = Sharing { ifindex: 1, ..sharing() };
        if let Err(error) = make(&sharing) {
            assert!(lacks(&error), "{error}");
            return;
        }
        assert_eq!(tables().unwrap(), ["lapwing-wlan0"]);
        // The table is there: nothing of the second is made.
        let Err(ReplyError::Kernel(error)) = make(&sharing) else { panic!("made twice") };
        assert_eq!(error.errno, Errno(libc::EEXIST));
        remove(&sharing.table()).unwrap();
        assert_eq!(tables().unwrap(), [""; 0]);
        let Err(ReplyError::Kernel(error)) = remove(&sharing.table()) else { panic!("removed twice") };
        assert_eq!(error.errno, Errno(libc::ENOENT));
    });
}

/// Runs `ip` with these arguments.
fn ip(arguments: &str) {
    let status = std::process::Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

/// A socket in another namespace, where it stays.
fn socket(namespace: &str, address: &str) -> UdpSocket {
    std::thread::scope(|scope| {
        let open = scope.spawn(|| {
            let file = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
            let kind = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), kind).unwrap();
            UdpSocket::bind(address).unwrap()
        });
        let socket = open.join().unwrap();
        socket.set_read_timeout(Some(core::time::Duration::from_millis(500))).unwrap();
        socket
    })
}

/// Who sent what came, if something comes soon.
fn heard(socket: &UdpSocket) -> Option<SocketAddr> {
    socket.recv_from(&mut [0; 16]).ok().map(|(_, from)| from)
}

#[test]
fn a_shared_network_reaches_out_under_our_address_and_is_not_reached() {
    in_namespace("sharing", || {
        let [client, outside] =
            ["client", "outside"].map(|who| format!("lapwing-{who}-{}", std::process::id()));
        ip(&format!("netns add {client}"));
        ip(&format!("netns add {outside}"));
        ip(&format!("link set right0 netns {client}"));
        ip(&format!("link add up0 type veth peer name peer0 netns {outside}"));
        for (name, address) in [("left0", "192.168.9.1"), ("up0", "203.0.113.1")] {
            ip(&format!("address add {address}/24 dev {name}"));
            ip(&format!("link set {name} up"));
        }
        for (namespace, name, address, router) in [
            (&client, "right0", "192.168.9.7", "192.168.9.1"),
            (&outside, "peer0", "203.0.113.2", "203.0.113.1"),
        ] {
            ip(&format!("-n {namespace} address add {address}/24 dev {name} nodad"));
            ip(&format!("-n {namespace} link set {name} up"));
            ip(&format!("-n {namespace} route add default via {router}"));
        }
        crate::sysctl::set_forwarding(true).unwrap();
        assert!(crate::sysctl::forwards().unwrap());
        let left = std::process::Command::new("ip").args(["-o", "link", "show", "left0"]).output().unwrap();
        let ifindex = String::from_utf8(left.stdout).unwrap().split(':').next().unwrap().parse().unwrap();
        let sharing = Sharing { interface: "left0".into(), ifindex, ..sharing() };
        let made = make(&sharing);
        if made.is_ok() {
            let (inside, server) = (socket(&client, "0.0.0.0:0"), socket(&outside, "203.0.113.2:7"));
            inside.send_to(b"hello", "203.0.113.2:7").unwrap();
            let from = heard(&server).unwrap();
            assert_eq!(from.ip(), Ipv4Addr::new(203, 0, 113, 1), "translated");
            server.send_to(b"hello", from).unwrap();
            assert_eq!(heard(&inside).unwrap().port(), 7, "answers come in");
            // Nobody reaches it by himself, though a route leads there; and it reaches us.
            let waiting = socket(&client, "192.168.9.7:8");
            server.send_to(b"hello", "192.168.9.7:8").unwrap();
            assert_eq!(heard(&waiting), None);
            let ours = UdpSocket::bind("192.168.9.1:9").unwrap();
            ours.set_read_timeout(Some(core::time::Duration::from_millis(500))).unwrap();
            inside.send_to(b"hello", "192.168.9.1:9").unwrap();
            assert_eq!(heard(&ours).unwrap().ip(), Ipv4Addr::new(192, 168, 9, 7));
            // Without the table, the same packet from outside arrives: it was the table that held it.
            remove(&sharing.table()).unwrap();
            server.send_to(b"hello", "192.168.9.7:8").unwrap();
            assert_eq!(heard(&waiting).unwrap().port(), 7);
        }
        ip(&format!("netns del {client}"));
        ip(&format!("netns del {outside}"));
        if let Err(error) = made {
            assert!(lacks(&error), "{error}");
        }
    });
}
