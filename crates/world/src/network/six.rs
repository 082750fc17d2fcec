//! IPv6 of the router: it advertises itself to whoever asks (RFC 4861), and gives addresses (RFC 8415).

use super::ROUTER;
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp6::{
    Address, Association, CLIENT_PORT, Field, Kind, Message, SERVER_PORT, Status, StatusCode,
};
use lapwing_frames::internet::udp6::Datagram;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet, Ipv6Repr, NdiscRepr, NdiscRouterFlags,
    RawHardwareAddress,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

/// The router's address on the link.
pub const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// The network, of the block for documentation (RFC 3849).
pub const NETWORK: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0);
/// Where names are looked up.
pub const NAME_SERVER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 0x53);
/// The domain to search, `example.org`, as in messages of DNS.
const SEARCH: &[u8] = b"\x07example\x03org\0";

/// How long addresses are given for.
const PREFERRED: u32 = 1800;
const VALID: u32 = 3600;
/// The most clients: those of a made world are few.
const MOST: u128 = 0x100;

/// What the router says is to be had of DHCPv6 servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Managed {
    /// Nothing: it says nothing of itself either.
    #[default]
    Nothing,
    /// Everything but addresses.
    Information,
    /// Addresses too.
    Addresses,
}

/// The router's side of IPv6.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Six {
    /// What it says is to be had.
    pub managed: Managed,
    /// Whether it gives an address in two messages.
    pub rapid: bool,
    /// Whose the addresses are, by DUID, and until when.
    leases: BTreeMap<Vec<u8>, (Ipv6Addr, Instant)>,
    /// What somebody else uses.
    taken: BTreeSet<Ipv6Addr>,
}

impl Six {
    /// A router that says this, and gives addresses in two messages or in four.
    #[must_use]
    pub fn new(managed: Managed, rapid: bool) -> Self {
        Self { managed, rapid, ..Self::default() }
    }

    /// Takes a packet of a client; the router's answer, if there is one.
    #[must_use]
    pub fn turn(&mut self, now: Instant, octets: &[u8]) -> Option<Vec<u8>> {
        if self.managed == Managed::Nothing {
            return None;
        }
        let ip = Ipv6Packet::new_checked(octets).ok()?;
        match ip.next_header() {
            IpProtocol::Icmpv6 => self.advertise(&ip),
            IpProtocol::Udp => {
                let asked =
                    Datagram::parse(octets).ok().filter(|asked| asked.destination_port == SERVER_PORT)?;
                let answer = self.answer(now, &Message::parse(asked.payload).ok()?)?;
                let datagram = Datagram {
                    source: LINK_LOCAL,
                    destination: asked.source,
                    source_port: SERVER_PORT,
                    destination_port: CLIENT_PORT,
                    payload: &answer.build(),
                };
                Some(datagram.build())
            }
            _ => None,
        }
    }

    /// The address that a client with this DUID has.
    #[must_use]
    pub fn address_of(&self, now: Instant, client: &[u8]) -> Option<Ipv6Addr> {
        self.leases.get(client).filter(|(_, until)| *until > now).map(|(address, _)| *address)
    }

    /// The answer to a router solicitation.
    fn advertise(&self, ip: &Ipv6Packet<&[u8]>) -> Option<Vec<u8>> {
        let checksums = ChecksumCapabilities::default();
        let asked = Icmpv6Packet::new_checked(ip.payload()).ok()?;
        let Ok(Icmpv6Repr::Ndisc(NdiscRepr::RouterSolicit { .. })) =
            Icmpv6Repr::parse(&ip.src_addr(), &ip.dst_addr(), &asked, &checksums)
        else {
            return None;
        };
        let advertisement = Icmpv6Repr::Ndisc(NdiscRepr::RouterAdvert {
            hop_limit: 64,
            flags: match self.managed {
                Managed::Nothing => NdiscRouterFlags::empty(),
                Managed::Information => NdiscRouterFlags::OTHER,
                Managed::Addresses => NdiscRouterFlags::MANAGED,
            },
            router_lifetime: smoltcp::time::Duration::from_secs(1800),
            reachable_time: smoltcp::time::Duration::ZERO,
            retrans_time: smoltcp::time::Duration::ZERO,
            lladdr: Some(RawHardwareAddress::from_bytes(&ROUTER.0)),
            mtu: None,
            prefix_info: None,
        });
        Some(icmp(LINK_LOCAL, ip.src_addr(), &advertisement))
    }

    /// The answer to a client's message; none if it is no client's, or another server's.
    #[must_use]
    pub fn answer(&mut self, now: Instant, asked: &Message) -> Option<Message> {
        let client = asked.client()?.to_vec();
        let is_ours = asked.server() == Some(&duid()[..]);
        let association = asked.fields.iter().find_map(|field| match field {
            Field::Addresses(association) => Some(association.clone()),
            _ => None,
        });
        let named: Vec<_> =
            association.iter().flat_map(|association| &association.addresses).map(|it| it.address).collect();
        let mut kind = Kind::Reply;
        let mut fields = vec![Field::Client(client.clone()), Field::Server(duid())];
        match asked.kind {
            Kind::Solicit if self.managed == Managed::Addresses => {
                let rapid = self.rapid && asked.fields.contains(&Field::RapidCommit);
                let given = self.give(now, &client, rapid);
                if rapid {
                    fields.push(Field::RapidCommit);
                } else {
                    kind = Kind::Advertise;
                }
                fields.push(Field::Addresses(association_of(association?.id, given)));
            }
            Kind::Request if is_ours => {
                let given = self.give(now, &client, true);
                fields.push(Field::Addresses(association_of(association?.id, given)));
            }
            Kind::Renew | Kind::Rebind if is_ours || asked.server().is_none() => {
                let has = self.address_of(now, &client).filter(|address| named.contains(address));
                let mut answer = association_of(association?.id, has);
                if has.is_some() {
                    self.give(now, &client, true);
                } else {
                    answer.status = Some(status(StatusCode::NoBinding));
                }
                fields.push(Field::Addresses(answer));
            }
            Kind::Confirm => {
                let fits = named.iter().all(|address| address.segments()[..4] == NETWORK.segments()[..4]);
                let code = if fits { StatusCode::Success } else { StatusCode::NotOnLink };
                fields.push(Field::Status(status(code)));
            }
            Kind::Release if is_ours => {
                self.leases.retain(|_, (address, _)| !named.contains(address));
                fields.push(Field::Status(status(StatusCode::Success)));
            }
            Kind::Decline if is_ours => {
                self.leases.retain(|_, (address, _)| !named.contains(address));
                self.taken.extend(named);
                fields.push(Field::Status(status(StatusCode::Success)));
            }
            Kind::InformationRequest => {}
            _ => return None,
        }
        if kind == Kind::Reply {
            fields.extend([Field::NameServers(vec![NAME_SERVER]), Field::Search(SEARCH.to_vec())]);
        }
        Some(Message { kind, transaction: asked.transaction, fields })
    }

    /// The address for a client: that which it has, or one that nobody has.
    fn give(&mut self, now: Instant, client: &[u8], keep: bool) -> Option<Ipv6Addr> {
        self.leases.retain(|_, (_, until)| *until > now);
        let free = || {
            let mut all = (1..=MOST).map(|host| Ipv6Addr::from_bits(NETWORK.to_bits() | (0x1000 + host)));
            let is_taken = |address| self.leases.values().any(|(has, _)| *has == address);
            all.find(|&address| !self.taken.contains(&address) && !is_taken(address))
        };
        let address = self.leases.get(client).map(|(address, _)| *address).or_else(free)?;
        if keep {
            self.leases.insert(client.to_vec(), (address, now + Duration::from_secs(VALID.into())));
        }
        Some(address)
    }
}

/// A host's question for routers.
#[must_use]
pub fn solicitation(source: Ipv6Addr) -> Vec<u8> {
    let asked = Icmpv6Repr::Ndisc(NdiscRepr::RouterSolicit { lladdr: None });
    let routers = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
    icmp(source, routers, &asked)
}

/// What a router says is to be had, if this is an advertisement of one.
#[must_use]
pub fn advertised(octets: &[u8]) -> Option<Managed> {
    let ip = Ipv6Packet::new_checked(octets).ok().filter(|ip| ip.next_header() == IpProtocol::Icmpv6)?;
    let said = Icmpv6Packet::new_checked(ip.payload()).ok()?;
    let checksums = ChecksumCapabilities::default();
    match Icmpv6Repr::parse(&ip.src_addr(), &ip.dst_addr(), &said, &checksums) {
        Ok(Icmpv6Repr::Ndisc(NdiscRepr::RouterAdvert { flags, .. })) => {
            Some(if flags.contains(NdiscRouterFlags::MANAGED) {
                Managed::Addresses
            } else if flags.contains(NdiscRouterFlags::OTHER) {
                Managed::Information
            } else {
                Managed::Nothing
            })
        }
        _ => None,
    }
}

/// A packet that no router passes on (RFC 4861 6.1).
fn icmp(source: Ipv6Addr, destination: Ipv6Addr, message: &Icmpv6Repr<'_>) -> Vec<u8> {
    let header = Ipv6Repr {
        src_addr: source,
        dst_addr: destination,
        next_header: IpProtocol::Icmpv6,
        payload_len: message.buffer_len(),
        hop_limit: 255,
    };
    let mut octets = vec![0; header.buffer_len() + header.payload_len];
    let mut packet = Ipv6Packet::new_unchecked(&mut octets[..]);
    header.emit(&mut packet);
    let mut icmp = Icmpv6Packet::new_unchecked(packet.payload_mut());
    message.emit(&source, &destination, &mut icmp, &ChecksumCapabilities::default());
    octets
}

/// Who the router is.
fn duid() -> Vec<u8> {
    let MacAddr(address) = ROUTER;
    [&[0, 3, 0, 1][..], &address].concat()
}

fn status(code: StatusCode) -> Status {
    Status { code, text: Vec::new() }
}

fn association_of(id: u32, given: Option<Ipv6Addr>) -> Association {
    let addresses =
        given.map(|address| Address { address, preferred: PREFERRED, valid: VALID, status: None });
    let status = given.is_none().then(|| status(StatusCode::NoAddresses));
    Association { id, renew: 0, rebind: 0, addresses: addresses.into_iter().collect(), status }
}
