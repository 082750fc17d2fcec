use super::*;
use crate::netlink::{Errno, ReplyError};
use crate::sysctl::{self, Ipv6Setting};
use crate::testing::{CAPTURES, in_namespace, messages};
use lapwing_core::Duration;
use lapwing_core::kernel::KernelEvent;
use lapwing_frames::MacAddr;

#[test]
fn every_recorded_message_decodes() {
    let mut dormant = 0;
    let mut all = 0;
    for name in CAPTURES {
        for message in messages(name).into_iter().filter(|message| message.protocol == 0) {
            if message.header.kind < 16 || message.is_request() {
                continue;
            }
            let event = Event::decode(message.header.kind, &message.payload).unwrap();
            // A part of the messages are wireless extensions, which say nothing of the rest.
            if let Some(Event::Link(link)) = event {
                assert!(link.ifindex > 0 && !link.name.is_empty() && link.mtu > 0, "{link:?}");
                dormant += u32::from(link.oper_state == OperState::Dormant);
                all += 1;
            }
        }
    }
    assert!(all > 100 && dormant > 0, "{all} {dormant}");
}

#[test]
fn set_link_as_wpa_supplicant_does() {
    let mut requests = CAPTURES.iter().flat_map(|name| messages(name)).filter(|message| {
        message.protocol == 0 && message.header.kind == kind::SET_LINK && message.payload.len() == 32
    });
    let theirs = requests.next().unwrap();
    let request = Request::SetOperation { ifindex: 3, mode: LinkMode::Dormant, state: OperState::Dormant };
    let mut ours = request.encode().unwrap().payload().to_vec();
    // They leave the index in another place of the message: compare the attributes.
    assert_eq!(ours.split_off(16), theirs.payload[16..]);
}

#[test]
fn messages_cut_at_every_length_never_panic() {
    let decoders = [kind::NEW_LINK, kind::NEW_ADDRESS, kind::NEW_ROUTE];
    for message in messages("mlo-kernel7").into_iter().filter(|message| message.protocol == 0).take(20) {
        for length in 0..message.payload.len() {
            for kind in decoders {
                drop(Event::decode(kind, &message.payload[..length]));
            }
        }
    }
}

#[test]
fn addresses_and_routes_both_ways() {
    let address = Address {
        broadcast: Some(Ipv4Addr::new(192, 0, 2, 255)),
        valid_seconds: Some(3600),
        preferred_seconds: Some(1800),
        metric: Some(600),
        ..Address::new(7, IpAddr::from([192, 0, 2, 10]), 24).without_prefix_route()
    };
    let route = Route {
        ifindex: 7,
        destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        prefix: 0,
        gateway: Some(IpAddr::from([192, 0, 2, 1])),
        source: Some(IpAddr::from([192, 0, 2, 10])),
        metric: Some(600),
        mtu: Some(1400),
        protocol: RouteProtocol::Dhcp,
    };
    let six = Address::new(7, "2001:db8::5".parse().unwrap(), 64);
    let on_link = Route {
        destination: IpAddr::from([198, 51, 100, 0]),
        prefix: 24,
        gateway: None,
        source: None,
        metric: None,
        mtu: None,
        ..route
    };
    let six_route = Route {
        destination: "2001:db8:1::".parse().unwrap(),
        prefix: 48,
        gateway: Some("fe80::1".parse().unwrap()),
        source: None,
        ..route
    };
    for address in [address, six] {
        let message = Request::SetAddress(address).encode().unwrap();
        assert_eq!(Address::decode(message.payload()), Ok(Some(address)));
    }
    for route in [route, on_link, six_route] {
        let message = Request::SetRoute(route).encode().unwrap();
        assert_eq!(Route::decode(message.payload()), Ok(Some(route)));
        for length in 0..message.payload().len() {
            assert_ne!(Route::decode(&message.payload()[..length]), Ok(Some(route)));
        }
    }
}

#[test]
fn changes_that_a_station_must_know() {
    let before = Link {
        ifindex: 3,
        name: "wlan0".into(),
        address: Some(MacAddr([2, 0, 0, 0, 0, 1])),
        permanent: None,
        flags: 0,
        oper_state: OperState::Down,
        mode: LinkMode::Default,
        mtu: 1500,
        carrier: false,
    };
    let address = MacAddr([2, 0, 0, 0, 0, 2]);
    let after = Link { flags: 1, address: Some(address), ..before.clone() };
    assert_eq!(
        after.changes_since(&before),
        [KernelEvent::AddressChanged { address }, KernelEvent::InterfaceUp]
    );
    assert_eq!(before.changes_since(&Link { flags: 1, ..before.clone() }), [KernelEvent::InterfaceDown]);
    assert_eq!(before.changes_since(&before), []);
}

/// A driver with everything that it has heard.
struct World {
    driver: Rtnetlink,
    events: Vec<Event>,
}

impl World {
    fn ask(&mut self, request: Request) -> Result<Reply, ReplyError> {
        let sequence = self.driver.send(&request).unwrap();
        loop {
            self.driver.wait(Duration::from_secs(5)).unwrap();
            let Some(incoming) = self.driver.receive().unwrap() else { continue };
            let mut answer = None;
            for incoming in incoming {
                match incoming {
                    Incoming::Reply { sequence: found, result } if found == sequence => answer = Some(result),
                    Incoming::Event(event) => self.events.push(event),
                    other => panic!("{other:?}"),
                }
            }
            if let Some(answer) = answer {
                return answer;
            }
        }
    }

    fn link(&mut self, name: &str) -> Link {
        let Ok(Reply::Links(links)) = self.ask(Request::ReadLinks) else { panic!() };
        links.into_iter().find(|link| link.name == name).unwrap()
    }

    fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) {
        while !self.events.iter().any(&wanted) {
            self.driver.wait(Duration::from_secs(5)).unwrap();
            for incoming in self.driver.receive().unwrap().into_iter().flatten() {
                match incoming {
                    Incoming::Event(event) => self.events.push(event),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn the_real_kernel() {
    in_namespace("rtnetlink", || {
        let mut world = World { driver: Rtnetlink::open().unwrap(), events: vec![] };
        let left = world.link("left0");
        let right = world.link("right0");
        let ifindex = left.ifindex;
        assert!(!left.is_up() && left.address.is_some() && left.mtu == 1500);

        let address = MacAddr([2, 0, 0, 0, 0, 9]);
        assert_eq!(world.ask(Request::SetMacAddress { ifindex, address }), Ok(Reply::Done));
        let mode = AddressGeneration::None;
        assert_eq!(world.ask(Request::SetAddressGeneration { ifindex, mode }), Ok(Reply::Done));
        sysctl::write("left0", Ipv6Setting::AcceptRouterAdvertisements, 0).unwrap();
        assert_eq!(sysctl::read("left0", Ipv6Setting::AcceptRouterAdvertisements).unwrap(), 0);
        let dormant = Request::SetOperation { ifindex, mode: LinkMode::Dormant, state: OperState::Dormant };
        assert_eq!(world.ask(dormant), Ok(Reply::Done));
        for ifindex in [right.ifindex, ifindex] {
            assert_eq!(world.ask(Request::SetUp { ifindex, up: true }), Ok(Reply::Done));
        }
        let waiting = |event: &Event| {
            matches!(event, Event::Link(link) if link.ifindex == ifindex
                && link.carrier && link.oper_state == OperState::Dormant)
        };
        world.wait_for(waiting);
        let link = world.link("left0");
        assert_eq!(link.address, Some(address));
        assert!(link.is_up() && link.mode == LinkMode::Dormant);
        let up = Request::SetOperation { ifindex, mode: LinkMode::Dormant, state: OperState::Up };
        assert_eq!(world.ask(up), Ok(Reply::Done));
        assert_eq!(world.link("left0").oper_state, OperState::Up);

        // An address for an hour, without the kernel's route; then the routes.
        let own = Ipv4Addr::new(192, 0, 2, 10);
        let leased = Address {
            broadcast: Some(Ipv4Addr::new(192, 0, 2, 255)),
            valid_seconds: Some(3600),
            preferred_seconds: Some(3600),
            protocol: Some(76),
            ..Address::new(ifindex, own.into(), 24).without_prefix_route()
        };
        assert_eq!(world.ask(Request::SetAddress(leased)), Ok(Reply::Done));
        world.wait_for(|event| matches!(event, Event::Address(found) if found.address == own));
        let renewed = Address { valid_seconds: Some(7200), preferred_seconds: Some(7200), ..leased };
        assert_eq!(world.ask(Request::SetAddress(renewed)), Ok(Reply::Done));
        let Ok(Reply::Addresses(addresses)) = world.ask(Request::ReadAddresses) else { panic!() };
        let found: Vec<_> = addresses.iter().filter(|found| found.ifindex == ifindex).collect();
        assert_eq!(found.len(), 1, "no link-local address was made: {found:?}");
        assert_eq!(
            (found[0].address, found[0].prefix, found[0].broadcast),
            (own.into(), 24, leased.broadcast)
        );
        assert!(found[0].valid_seconds.is_some_and(|seconds| (7100..=7200).contains(&seconds)));
        assert!(!found[0].is_permanent());
        assert_eq!(found[0].protocol, Some(76), "who made it (Linux 5.18)");

        let router = Ipv4Addr::new(192, 0, 2, 1);
        let subnet = Route {
            ifindex,
            destination: Ipv4Addr::new(192, 0, 2, 0).into(),
            prefix: 24,
            gateway: None,
            source: Some(own.into()),
            metric: Some(600),
            mtu: None,
            protocol: RouteProtocol::Dhcp,
        };
        let default = Route {
            destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            prefix: 0,
            gateway: Some(router.into()),
            ..subnet
        };
        // Without a route to it, the router cannot be reached: the kernel says so in words.
        let Err(ReplyError::Kernel(error)) = world.ask(Request::SetRoute(default)) else { panic!() };
        assert!(error.text.is_some(), "{error:?}");
        for route in [subnet, default, default] {
            assert_eq!(world.ask(Request::SetRoute(route)), Ok(Reply::Done));
        }
        // Only those that were asked for: the kernel's own routes are not among them.
        let protocol = RouteProtocol::Dhcp;
        let Ok(Reply::Routes(found)) = world.ask(Request::ReadRoutes { protocol }) else { panic!() };
        assert_eq!(found.len(), 2);
        assert!(found.contains(&subnet) && found.contains(&default), "{found:?}");
        world.wait_for(|event| matches!(event, Event::Route(route) if *route == default));
        assert_eq!(world.ask(Request::DelRoute(default)), Ok(Reply::Done));
        world.wait_for(|event| matches!(event, Event::RouteRemoved(route) if *route == default));
        assert_eq!(world.ask(Request::DelAddress(leased)), Ok(Reply::Done));
        world.wait_for(|event| matches!(event, Event::AddressRemoved(found) if found.address == own));
        let Err(ReplyError::Kernel(error)) = world.ask(Request::DelAddress(leased)) else { panic!() };
        assert_eq!(error.errno, Errno(99), "EADDRNOTAVAIL");

        // IPv6: tentative while the kernel looks for duplicates, then found unique.
        let six = Address::new(ifindex, "2001:db8::5".parse().unwrap(), 64);
        assert_eq!(world.ask(Request::SetAddress(six)), Ok(Reply::Done));
        let ours = |event: &Event| match event {
            Event::Address(found) if found.address == six.address => Some(*found),
            _ => None,
        };
        world.wait_for(|event| ours(event).is_some_and(|found| found.is_tentative()));
        world.wait_for(|event| {
            ours(event).is_some_and(|found| !found.is_tentative() && !found.is_duplicate())
        });
        // The same address on the other end is a duplicate.
        let twin = Address { ifindex: right.ifindex, ..six };
        assert_eq!(world.ask(Request::SetAddress(twin)), Ok(Reply::Done));
        world.wait_for(|event| {
            ours(event).is_some_and(|found| found.ifindex == right.ifindex && found.is_duplicate())
        });

        assert_eq!(world.ask(Request::SetUp { ifindex, up: false }), Ok(Reply::Done));
        world
            .wait_for(|event| matches!(event, Event::Link(link) if link.ifindex == ifindex && !link.is_up()));
    });
}

#[test]
fn a_full_buffer_is_noticed_and_so_is_the_lost_answer() {
    in_namespace("lost", || {
        let mut world = World { driver: Rtnetlink::open().unwrap(), events: vec![] };
        let ifindex = world.link("left0").ifindex;
        let mut slow = Rtnetlink::open().unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&slow, 4096).unwrap();
        for last in 1..=100 {
            let address = Address::new(ifindex, IpAddr::from([192, 0, 2, last]), 24);
            assert_eq!(world.ask(Request::SetAddress(address)), Ok(Reply::Done));
        }
        // Its buffer is full: the kernel does this, and cannot say so.
        let lost = slow.send(&Request::SetUp { ifindex, up: true }).unwrap();
        let mut heard = Vec::new();
        while let Some(incoming) = slow.receive().unwrap() {
            heard.extend(incoming);
        }
        assert!(heard.contains(&Incoming::EventsLost), "{heard:?}");
        assert!(!heard.iter().any(|incoming| matches!(incoming, Incoming::Reply { .. })));
        // The next answer shows that the other will not come.
        let next = slow.send(&Request::SetUp { ifindex, up: true }).unwrap();
        let mut replies = Vec::new();
        while let Some(incoming) = slow.receive().unwrap() {
            replies.extend(incoming.filter_map(|incoming| match incoming {
                Incoming::Reply { sequence, result } => Some((sequence, result)),
                _ => None,
            }));
        }
        assert_eq!(replies, [(lost, Err(ReplyError::Lost)), (next, Ok(Reply::Done))]);
        assert!(world.link("left0").is_up(), "the first of them was done all the same");
    });
}

#[test]
fn the_real_kernel_hands_on_what_a_router_says_of_names() {
    use socket2::{Domain, Protocol, Socket, Type};
    use std::net::SocketAddrV6;
    in_namespace("router", || {
        // Link-local addresses are usable at once.
        let setting = |name| format!("/proc/sys/net/ipv6/conf/{name}/accept_dad");
        if ["left0", "right0"].iter().any(|name| std::fs::write(setting(name), "0").is_err()) {
            println!("skipped: this kernel has no IPv6");
            return;
        }
        let mut world = World { driver: Rtnetlink::open().unwrap(), events: vec![] };
        let (left, right) = (world.link("left0").ifindex, world.link("right0").ifindex);
        for ifindex in [left, right] {
            assert_eq!(world.ask(Request::SetUp { ifindex, up: true }), Ok(Reply::Done));
        }
        for ifindex in [left, right] {
            world.wait_for(|event| {
                matches!(event, Event::Address(found) if found.ifindex == ifindex
                    && found.address.is_ipv6() && !found.is_tentative())
            });
        }
        let router = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap();
        router.set_multicast_hops_v6(255).unwrap();
        router.set_multicast_if_v6(right).unwrap();
        let server: Ipv6Addr = "2001:db8::53".parse().unwrap();
        // A router advertisement (RFC 4861 4.2) with a name server for ten minutes (RFC 8106 5.1).
        let header = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        let option = [25, 3, 0, 0, 0, 0, 2, 88];
        let packet = [&header[..], &option, &server.octets()].concat();
        let everybody = SocketAddrV6::new("ff02::1".parse().unwrap(), 0, 0, right);
        router.send_to(&packet, &everybody.into()).unwrap();
        let options = vec![RouterOption::Servers { lifetime: 600, servers: vec![server] }];
        let wanted = Event::Advertisement(Advertisement { ifindex: left, options });
        world.wait_for(|event| *event == wanted);
    });
}
