//! The daemon: files from disk, and packets from a network that is not configured yet.

use crate::Target;
use lapwing_core::dhcp::{self as server, Server};
use lapwing_core::entropy::SeededEntropy;
use lapwing_core::{Duration, Instant, Shared};
use lapwing_frames::internet::arp::Arp;
use lapwing_frames::internet::dhcp::Message;
use lapwing_frames::internet::udp::Datagram;
use lapwing_frames::internet::{dhcp6, udp6};
use lapwing_frames::{MacAddr, Ssid};
use lapwingd::netconf::dhcp::{Action, Client, Event, Settings};
use lapwingd::netconf::dhcp6 as client6;
use lapwingd::netconf::domain::{self, Pointers};
use lapwingd::netconf::remembered::Remembered;
use lapwingd::netconf::settings::{Prefix, is_domain};
use lapwingd::netconf::subnet;
use lapwingd::networks::document::Document;
use lapwingd::networks::file::KnownNetwork;
use lapwingd::networks::foreign::{Carried, Foreign, network_manager, wpa_supplicant};
use lapwingd::networks::memory::Memory;
use lapwingd::networks::name::{FileName, Parsed, Security};
use lapwingd::networks::{Profile, Seal, sealing};
use lapwingd::options::Program;
use lapwingd::settings::keys::{self, KEYS};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// A network file: octets that are read are kept, a change changes nothing else, and the network is one or
/// has a typed error.
fn network_file(octets: &[u8]) {
    let Ok(mut document) = Document::parse(octets) else { return };
    assert_eq!(document.octets().expose(), octets);
    let ssid = Ssid::new(b"fuzz").expect("four octets are an SSID");
    for security in [Security::Open, Security::Personal] {
        let name = FileName { ssid: ssid.clone(), security };
        let _typed = KnownNetwork::read(name, &document);
    }
    document.set("Security", "Passphrase", b" a\\b\n");
    let written = document.octets();
    let again = Document::parse(written.expose()).expect("what was written is read");
    let value = again.value("Security", "Passphrase").expect("it was set");
    assert_eq!(value.text().expect("it was escaped").expose(), b" a\\b\n");
    let groups: Vec<_> = document.groups().collect();
    assert_eq!(again.groups().collect::<Vec<_>>(), groups);
}

/// The file of what is remembered, and its name and iwd's.
fn memory_file(octets: &[u8]) {
    let name = std::ffi::OsStr::new("fuzz.psk");
    if let Parsed::Network(name) = FileName::parse(name) {
        let mut memory = Memory::read(octets, octets);
        memory.joined(&name, 2412, 1);
        assert_eq!(memory.frequencies(&name).first(), Some(&2412));
        assert!(memory.frequencies(&name).len() <= 5 && memory.last_joined(&name).is_some());
    }
    if let Ok(text) = std::str::from_utf8(octets)
        && let Parsed::Network(name) = FileName::parse(std::ffi::OsStr::new(text))
    {
        let written = name.to_string();
        assert_eq!(FileName::parse(std::ffi::OsStr::new(&written)), Parsed::Network(name));
    }
}

/// A DHCP message: what is read is written back to the same value.
fn dhcp_message(octets: &[u8]) {
    if let Ok(message) = Message::parse(octets) {
        assert_eq!(Message::parse(&message.build()), Ok(message));
    }
    if let Ok(packet) = Arp::parse(octets) {
        assert_eq!(Arp::parse(&packet.build()), Ok(packet));
    }
    let _typed = Datagram::parse(octets);
}

/// A DHCPv6 message: what is read is written back to the same value.
fn dhcp6_message(octets: &[u8]) {
    if let Ok(message) = dhcp6::Message::parse(octets) {
        assert_eq!(dhcp6::Message::parse(&message.build()), Ok(message));
    }
    let _typed = udp6::Datagram::parse(octets);
}

/// A list of domain names: whatever is read fits into a resolver's configuration, and names without pointers
/// are the same either way.
fn domain_names(octets: &[u8]) {
    let names = domain::list(octets, Pointers::Backwards);
    let plain = domain::list(octets, Pointers::None);
    assert!(names.len() <= domain::MOST && plain.len() <= domain::MOST);
    assert!(names.iter().all(|name| is_domain(name.as_bytes())));
    assert_eq!(names.get(..plain.len()), Some(&plain[..]), "what ends at a pointer is a beginning");
}

/// The settings of the machine: whatever stands there, each is in its bounds, and each mistake is of a line.
fn main_conf(octets: &[u8]) {
    let (settings, mistakes) = keys::understand(Program::Lapwingd, octets);
    assert!(settings.metric > 0 && mistakes.len() <= 100 + KEYS.len());
    assert!(mistakes.iter().all(|mistake| mistake.starts_with("line ")));
}

/// What is carried over from another program: it is a network file that is read, and what is written for either program
/// is read as the same.
fn carried_over(foreign: Foreign) {
    let Ok(carried) = foreign.outcome else { return };
    let Ok(document) = carried.document() else { return };
    let known = KnownNetwork::read(carried.name.clone(), &document).expect("it was checked");
    let plain = Carried::of(&known);
    let (file, _) = wpa_supplicant::write(std::slice::from_ref(&plain));
    let (again, mistakes) = wpa_supplicant::read(file.expose());
    assert!(mistakes.is_empty() && again.len() == 1, "{mistakes:?}");
    let file = network_manager::write(&plain, [1; 16]);
    assert!(network_manager::read("fuzz", file.expose()).is_some());
}

/// A wpa_supplicant.conf.
fn wpa_supplicant_file(octets: &[u8]) {
    wpa_supplicant::read(octets).0.into_iter().for_each(carried_over);
}

/// A keyfile of NetworkManager.
fn network_manager_file(octets: &[u8]) {
    network_manager::read("fuzz", octets).into_iter().for_each(carried_over);
}

/// A network file whose secrets are encrypted: what is encrypted here is the same again afterwards, and nothing else is
/// taken for it.
fn sealed_file(octets: &[u8]) {
    let Ok(document) = Document::parse(octets) else { return };
    let ssid = Ssid::new(b"fuzz").expect("four octets are an SSID");
    let seal = Seal::of_credential(b"fuzz").expect("it is not empty");
    if sealing::is_sealed(&document) {
        let _typed = seal.open(&document, &ssid);
    } else if document.has_group("Security") {
        let closed = seal.close(&document, &ssid, [5; sealing::SALT_OCTETS]).expect("the key has its length");
        let closed = Document::parse(closed.octets().expose()).expect("what was written is read");
        let open = seal.open(&closed, &ssid).expect("it was closed with this key");
        let pairs = |document: &Document| {
            let security = document.pairs().filter(|(group, ..)| *group == "Security");
            security.map(|(_, key, _)| key.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(pairs(&open), pairs(&document));
    }
}

/// A lease as a line of text: what is read is written back to the same value.
fn remembered(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let Ok(remembered) = text.parse::<Remembered>() else { return };
    assert_eq!(remembered.to_string().parse(), Ok(remembered.clone()));
    if let Some(lease) = remembered.lease(remembered.hardware, 1_800_000_000) {
        assert!(lease.time.is_none_or(|left| Some(left.end) <= remembered.lease.time.map(|given| given.end)));
    }
}

/// The DHCP client: each octet of the input lets time pass, sends it an answer made from the rest (with
/// the right transaction, so that it gets in), or garbage. It never stops, and never asks in a loop.
fn dhcp_client(octets: &[u8]) {
    let Some((&first, rest)) = octets.split_first() else { return };
    let text = "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:01 ends=9 lasts=600 router=02:00:00:00:00:02 \
                route=0.0.0.0/0,192.0.2.1";
    let before = text.parse::<Remembered>().expect("this is a lease").lease;
    let remembered = (first & 1 != 0).then_some(before);
    let mut now = Instant::after_start(Duration::from_secs(1));
    let mut client = Client::new(now, Settings { hardware: WE, hostname: None, remembered });
    let mut entropy = SeededEntropy(u64::from(first));
    let mut transaction = 0;
    for piece in rest.chunks(64) {
        let Some((&what, body)) = piece.split_first() else { continue };
        let actions = match what & 3 {
            0 => {
                let next = client.next_deadline().unwrap_or(now);
                assert!(next.since(now) < Duration::from_secs(1 << 33));
                now = now.max(next);
                client.turn(now, &mut entropy, Event::Tick)
            }
            1 => client.turn(now, &mut entropy, Event::Arp { octets: body }),
            2 => client.turn(now, &mut entropy, Event::Packet { source: WE, octets: body }),
            _ => {
                let mut payload = vec![2, 1, 6, 0];
                payload.extend(u32::to_be_bytes(transaction));
                payload.extend([0; 8]);
                payload.extend([192, 0, 2, what]);
                payload.extend([0; 8]);
                payload.extend(WE.0);
                payload.extend([0; 10 + 64 + 128]);
                payload.extend([99, 130, 83, 99]);
                payload.extend(body);
                let octets = Datagram {
                    source: Ipv4Addr::new(192, 0, 2, 1),
                    destination: Ipv4Addr::BROADCAST,
                    source_port: 67,
                    destination_port: 68,
                    payload: &payload,
                }
                .build();
                client.turn(now, &mut entropy, Event::Packet { source: WE, octets: &octets })
            }
        };
        assert!(actions.len() < 10, "{actions:?}");
        for action in actions {
            if let Action::Send { octets, .. } = action {
                let datagram = Datagram::parse(&octets).expect("our packets are packets");
                transaction =
                    Message::parse(datagram.payload).expect("our messages are messages").transaction;
            }
        }
    }
}

/// The DHCPv6 client: each piece of the input lets time pass, changes what routers and the kernel say, or sends an answer
/// made from the rest (with the right transaction and names, so that it gets in) or garbage. It never asks in a loop, and
/// drops no address that it does not use.
fn dhcp6_client(octets: &[u8]) {
    const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    let Some((&first, rest)) = octets.split_first() else { return };
    let mut now = Instant::after_start(Duration::from_secs(1));
    let mut client = client6::Client::new(client6::Settings { hardware: WE });
    let mut entropy = SeededEntropy(u64::from(first));
    let mut sent = dhcp6::Message { kind: dhcp6::Kind(first), transaction: [0; 3], fields: Vec::new() };
    let mut used = BTreeSet::new();
    client.turn(now, &mut entropy, client6::Event::LinkLocal(Some(SOURCE)));
    for piece in rest.chunks(96) {
        let Some((&what, body)) = piece.split_first() else { continue };
        let wish = [client6::Wish::Nothing, client6::Wish::Information, client6::Wish::Addresses];
        let actions = match what & 7 {
            0 | 1 => {
                let next = client.next_deadline().unwrap_or(now);
                assert!(next.since(now) < Duration::from_secs(1 << 33));
                now = now.max(next);
                client.turn(now, &mut entropy, client6::Event::Tick)
            }
            2 => client.turn(now, &mut entropy, client6::Event::Packet(body)),
            3 => {
                let wish = wish.into_iter().cycle().nth(usize::from(what >> 3)).unwrap_or_default();
                client.turn(now, &mut entropy, client6::Event::Wished(wish))
            }
            4 => match used.first() {
                Some(&address) => client.turn(now, &mut entropy, client6::Event::Taken(address)),
                None => client.turn(now, &mut entropy, client6::Event::LinkLocal(None)),
            },
            5 if what & 8 != 0 => client.leave(now, &mut entropy),
            5 => {
                client.moved(now);
                client.turn(now, &mut entropy, client6::Event::LinkLocal(Some(SOURCE)))
            }
            _ => {
                let mut payload = vec![if what & 1 == 0 { 7 } else { 2 }];
                payload.extend(sent.transaction);
                let ours = [sent.client().unwrap_or_default(), sent.server().unwrap_or(&[0, 3, 0, 1])];
                for (number, duid) in [1_u16, 2].into_iter().zip(ours) {
                    payload.extend(number.to_be_bytes());
                    payload.extend(u16::try_from(duid.len()).unwrap_or(u16::MAX).to_be_bytes());
                    payload.extend(duid);
                }
                payload.extend(body);
                let packet = udp6::Datagram {
                    source: SOURCE,
                    destination: SOURCE,
                    source_port: dhcp6::SERVER_PORT,
                    destination_port: dhcp6::CLIENT_PORT,
                    payload: &payload,
                };
                client.turn(now, &mut entropy, client6::Event::Packet(&packet.build()))
            }
        };
        assert!(actions.len() < 30, "{actions:?}");
        for action in actions {
            match action {
                client6::Action::Send { octets, .. } => {
                    let datagram = udp6::Datagram::parse(&octets).expect("our packets are packets");
                    sent = dhcp6::Message::parse(datagram.payload).expect("our messages are messages");
                }
                client6::Action::Use(address, lifetimes) => {
                    assert!(
                        lifetimes.valid.is_none_or(|valid| lifetimes.preferred.is_some_and(|it| it <= valid))
                    );
                    used.insert(address);
                }
                client6::Action::Drop(address) => assert!(used.remove(&address), "{address} is not used"),
                client6::Action::Inform(_) | client6::Action::Note(_) => {}
            }
        }
    }
}

/// The DHCP server: each piece of the input lets time pass, tells it name servers, or sends it a message of one of
/// a few clients made from the rest. It answers with messages that are ones, to the sender alone, and never gives
/// one address to two.
fn dhcp_server(octets: &[u8]) {
    let address = Ipv4Addr::new(192, 0, 2, 1);
    let pool = Ipv4Addr::new(192, 0, 2, 8)..=Ipv4Addr::new(192, 0, 2, 10);
    let mut server =
        Server::new(Shared::new(server::Settings { pool, ..server::Settings::new(address, 24) }), &[address]);
    let mut now = Instant::after_start(Duration::from_secs(1));
    for piece in octets.chunks(48) {
        let Some((&what, body)) = piece.split_first() else { continue };
        let source = MacAddr([2, 0, 0, 0, 1, what >> 4]);
        let actions = match what & 3 {
            0 => {
                now = now + Duration::from_secs(body.len().try_into().unwrap_or(0));
                server.turn(now, server::Event::Packet { source, octets: body })
            }
            1 => {
                let (servers, _) = body.as_chunks::<4>();
                let servers: Vec<_> = servers.iter().map(|octets| Ipv4Addr::from(*octets)).collect();
                server.turn(now, server::Event::NameServers(&servers))
            }
            _ => {
                let (client, body) = body.split_at(body.len().min(4));
                let client = client.try_into().map_or(Ipv4Addr::UNSPECIFIED, |octets: [u8; 4]| octets.into());
                let mut payload = vec![1, 1, 6, 0, 0, 0, 0, 7, 0, 0, what & 0x80, 0];
                payload.extend(if what & 4 == 0 { [0; 4] } else { client.octets() });
                payload.extend([0; 12]);
                payload.extend(source.0);
                payload.extend([0; 10 + 64 + 128]);
                payload.extend([99, 130, 83, 99]);
                payload.extend(body);
                let packet = Datagram {
                    source: client,
                    destination: address,
                    source_port: 68,
                    destination_port: 67,
                    payload: &payload,
                }
                .build();
                server.turn(now, server::Event::Packet { source, octets: &packet })
            }
        };
        assert!(actions.len() <= 2, "{actions:?}");
        for action in actions {
            if let server::Action::Send { to, octets } = action {
                assert_eq!(to, source);
                let datagram = Datagram::parse(&octets).expect("our packets are packets");
                let message = Message::parse(datagram.payload).expect("our messages are messages");
                assert!(message.reply && message.hardware == source);
            }
        }
        let leases: Vec<_> = server.leases(now).map(|lease| lease.address).collect();
        let addresses: BTreeSet<_> = leases.iter().collect();
        assert!(leases.len() <= 3 && addresses.len() == leases.len());
    }
}

/// The profile of a hotspot: it is one or has a typed error, and the addresses that it gives are a host's.
fn hotspot_profile(octets: &[u8]) {
    let Ok(document) = Document::parse(octets) else { return };
    let ssid = Ssid::new(b"fuzz").expect("four octets are an SSID");
    let Ok(profile) = Profile::read(ssid, &document) else { return };
    assert!(profile.links.len() <= 3);
    let Some(addresses) = profile.addresses else { return };
    if let Some(own) = addresses.own(&profile.ssid, &[], &[]) {
        let mut server = Server::new(Shared::new(addresses.server(own)), &[]);
        let discover = b"\x01\x01\x06\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        let payload = [&discover[..], &WE.0, &[0; 202], &[99, 130, 83, 99, 53, 1, 1, 255]].concat();
        let packet = Datagram {
            source: Ipv4Addr::UNSPECIFIED,
            destination: Ipv4Addr::BROADCAST,
            source_port: 68,
            destination_port: 67,
            payload: &payload,
        };
        let now = Instant::after_start(Duration::from_secs(1));
        for action in server.turn(now, server::Event::Packet { source: WE, octets: &packet.build() }) {
            if let server::Action::Send { octets, .. } = action {
                let datagram = Datagram::parse(&octets).expect("our packets are packets");
                let offer = Message::parse(datagram.payload).expect("our messages are messages");
                let other = Prefix { address: offer.yours, length: own.length };
                assert!(offer.yours != own.address && subnet::overlap(&own, &other));
            }
        }
    }
}

/// The targets.
pub const TARGETS: &[Target] = &[
    ("dhcp6_client", dhcp6_client),
    ("dhcp6_message", dhcp6_message),
    ("dhcp_client", dhcp_client),
    ("dhcp_message", dhcp_message),
    ("dhcp_server", dhcp_server),
    ("domain_names", domain_names),
    ("hotspot_profile", hotspot_profile),
    ("main_conf", main_conf),
    ("memory_file", memory_file),
    ("network_file", network_file),
    ("network_manager_file", network_manager_file),
    ("remembered", remembered),
    ("sealed_file", sealed_file),
    ("wpa_supplicant_file", wpa_supplicant_file),
];
