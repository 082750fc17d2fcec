//! Packet sockets for what happens before an interface has an address: DHCP and ARP, and EAPOL on radios that do
//! not carry it over nl80211.

use lapwing_frames::MacAddr;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, SockFilter, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// The room for one packet: more than any Wi-Fi interface's MTU.
const PACKET: usize = 4096;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// IPv4 packets to the UDP port of DHCP clients, 68. The packets start with the IPv4 header.
    Dhcp,
    /// IPv4 packets to the UDP port of DHCP servers, 67. The packets start with the IPv4 header.
    DhcpServer,
    /// ARP. The packets start with the hardware type.
    Arp,
    /// IPv6 packets to the UDP port of DHCPv6 clients, 546. The packets start with the IPv6 header.
    Dhcp6,
}

impl PacketKind {
    const fn ethertype(self) -> u16 {
        match self {
            Self::Dhcp | Self::DhcpServer => 0x0800,
            Self::Arp => 0x0806,
            Self::Dhcp6 => 0x86dd,
        }
    }

    /// The program that drops everything else.
    const fn filter(self) -> &'static [Instruction] {
        match self {
            Self::Dhcp => &UDP_TO_CLIENTS,
            Self::DhcpServer => &UDP_TO_SERVERS,
            Self::Dhcp6 => &UDP6_TO_CLIENTS,
            // Ethernet addresses of 6 octets and IPv4 addresses of 4 only.
            Self::Arp => {
                &[(LOAD_HALF, 0, 0, 4), (JUMP_EQUAL, 0, 1, 0x0604), (RETURN, 0, 0, ALL), (RETURN, 0, 0, 0)]
            }
        }
    }
}

/// An instruction of classic BPF: code, jumps, value. The kernel runs a program on the packet without its link
/// header, since the sockets are of the kind that has none.
type Instruction = (u16, u8, u8, u32);

const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF: u16 = 0x28;
const LOAD_HALF_INDIRECT: u16 = 0x48;
const LOAD_X_IP_HEADER: u16 = 0xb1;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;
/// IPv4 packets with UDP to the ports of DHCP.
const UDP_TO_CLIENTS: [Instruction; 9] = udp_to(68);
const UDP_TO_SERVERS: [Instruction; 9] = udp_to(67);
/// IPv6 packets with UDP to the port of DHCPv6 clients, without extension headers.
const UDP6_TO_CLIENTS: [Instruction; 6] = [
    (LOAD_BYTE, 0, 0, 6),
    (JUMP_EQUAL, 0, 3, 17),
    (LOAD_HALF, 0, 0, 42),
    (JUMP_EQUAL, 0, 1, 546),
    (RETURN, 0, 0, ALL),
    (RETURN, 0, 0, 0),
];
/// As much of the packet as there is.
const ALL: u32 = 0x4_0000;
/// Only IPv4 packets with UDP to this port.
const fn udp_to(port: u32) -> [Instruction; 9] {
    const UDP: u32 = 17;
    [
        (LOAD_BYTE, 0, 0, 9),
        (JUMP_EQUAL, 0, 6, UDP),
        (LOAD_HALF, 0, 0, 6),
        // Only a first fragment has the port.
        (JUMP_SET, 4, 0, 0x1fff),
        (LOAD_X_IP_HEADER, 0, 0, 0),
        (LOAD_HALF_INDIRECT, 0, 0, 2),
        (JUMP_EQUAL, 0, 1, port),
        (RETURN, 0, 0, ALL),
        (RETURN, 0, 0, 0),
    ]
}
/// Where a program reads whom the packet is for (`SKF_AD_OFF + SKF_AD_PKTTYPE`): 0 is us.
const PACKET_TYPE: u32 = 0xffff_f004;

/// The EtherType of EAPOL.
const EAPOL: u16 = 0x888e;
/// Frames to our own address only: neither to a group, nor to others while the interface hears everything.
const TO_US: [Instruction; 4] =
    [(LOAD_BYTE, 0, 0, PACKET_TYPE), (JUMP_EQUAL, 0, 1, 0), (RETURN, 0, 0, ALL), (RETURN, 0, 0, 0)];

/// A packet, and who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// The sender's link address.
    pub source: MacAddr,
    /// The packet from its network header on.
    pub octets: Vec<u8>,
}

/// A non-blocking packet socket on one interface.
#[derive(Debug)]
pub struct PacketSocket {
    socket: Socket,
    interface: u32,
    ethertype: u16,
}

impl PacketSocket {
    /// Opens a socket on the interface with this index. Needs `CAP_NET_RAW`.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open(interface: u32, kind: PacketKind) -> io::Result<Self> {
        Self::with(interface, kind.ethertype(), kind.filter())
    }

    /// Opens a socket for EAPOL frames to and from the interface's own address, which start with the 802.1X
    /// header. Needs `CAP_NET_RAW`.
    ///
    /// The kernel encrypts what is sent exactly if it has a key for the peer, and does not say whether what came
    /// was encrypted.
    ///
    /// # Errors
    /// Those of the system calls.
    pub fn open_for_key_frames(interface: u32) -> io::Result<Self> {
        Self::with(interface, EAPOL, &TO_US)
    }

    fn with(interface: u32, ethertype: u16, program: &[Instruction]) -> io::Result<Self> {
        // Protocol 0 receives nothing: the filter is in place before the first packet can come.
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(Protocol::from(0)))?;
        socket.set_nonblocking(true)?;
        let instruction = |&(code, yes, no, value): &Instruction| SockFilter::new(code, yes, no, value);
        socket.attach_filter(&program.iter().map(instruction).collect::<Vec<_>>())?;
        let this = Self { socket, interface, ethertype };
        this.socket.bind(&this.address(MacAddr::BROADCAST)?)?;
        Ok(this)
    }

    /// Sends a packet (from its network header on) to a link address.
    ///
    /// # Errors
    /// That of the system call; `NetworkDown` if the interface is down.
    pub fn send(&self, to: MacAddr, octets: &[u8]) -> io::Result<()> {
        let sent = self.socket.send_to(octets, &self.address(to)?)?;
        if sent == octets.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    /// The next packet; nothing if there is none now.
    ///
    /// # Errors
    /// That of the system call; `NetworkDown` once after the interface went down.
    pub fn receive(&mut self) -> io::Result<Option<Packet>> {
        let mut octets = vec![0; PACKET];
        match receive_from(&self.socket, &mut octets) {
            Ok((count, source)) => {
                octets.truncate(count);
                Ok(Some(Packet { source, octets }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn address(&self, peer: MacAddr) -> io::Result<SockAddr> {
        let index = i32::try_from(self.interface).map_err(|_| io::ErrorKind::InvalidInput)?;
        let [a, b, c, d, e, f] = peer.0;
        Ok(link_address(libc::sockaddr_ll {
            sll_family: u16::try_from(libc::AF_PACKET).unwrap_or_default(),
            sll_protocol: self.ethertype.to_be(),
            sll_ifindex: index,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 6,
            sll_addr: [a, b, c, d, e, f, 0, 0],
        }))
    }
}

#[allow(unsafe_code)] // socket2 has no address type for packet sockets.
fn link_address(address: libc::sockaddr_ll) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    let length = u32::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or_default();
    // SAFETY: `sockaddr_ll` is the address type of AF_PACKET, which `address` names as its family; it is
    // plain data and smaller than the storage (`view_as` asserts it), and `length` is its length.
    unsafe {
        *storage.view_as::<libc::sockaddr_ll>() = address;
        SockAddr::new(storage, length)
    }
}

/// Receives one packet and its sender's link address.
fn receive_from(socket: &Socket, octets: &mut [u8]) -> io::Result<(usize, MacAddr)> {
    let flags = rustix::net::RecvFlags::empty();
    let (count, _, from) = rustix::net::recvfrom(socket, octets, flags)?;
    let from = from.filter(|from| {
        from.address_family() == rustix::net::AddressFamily::PACKET
            && usize::try_from(from.addr_len()).is_ok_and(|length| length >= size_of::<libc::sockaddr_ll>())
    });
    Ok((count, from.map_or(MacAddr::default(), |from| source(&from))))
}

#[allow(unsafe_code)] // rustix has no address type for packet sockets.
fn source(from: &rustix::net::SocketAddrAny) -> MacAddr {
    // SAFETY: the caller has checked that the kernel wrote a whole `sockaddr_ll`, which is plain data; the
    // pointer is valid for reads of that many octets while `from` is borrowed, and the read needs no
    // alignment.
    let address = unsafe { from.as_ptr().cast::<libc::sockaddr_ll>().read_unaligned() };
    let [a, b, c, d, e, f, ..] = address.sll_addr;
    MacAddr([a, b, c, d, e, f])
}

/// Sends a UDP datagram over the interface with this name, from an address that it has, by the kernel's own routes and
/// neighbours. What comes back is read by a [`PacketSocket`].
///
/// # Errors
/// Those of the system calls: there is no route, or the address is not there.
pub fn send_datagram(
    interface: &str,
    source: SocketAddrV4,
    destination: SocketAddrV4,
    payload: &[u8],
) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    // It hears nothing, and leaves the port to others.
    socket.attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)])?;
    socket.set_reuse_address(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.bind(&source.into())?;
    let sent = socket.send_to(payload, &destination.into())?;
    if sent == payload.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Keeps the UDP port of DHCP servers on an interface, and hears nothing: what comes there is read by a
/// [`PacketSocket`]. Without somebody at the port the kernel would answer each renewal, which is sent to our
/// address, with "port unreachable".
#[derive(Debug)]
pub struct ServerPort(#[expect(dead_code, reason = "it is kept for what it keeps open")] Socket);

impl ServerPort {
    /// Takes the port on the interface with this name.
    ///
    /// # Errors
    /// Those of the system calls; `AddrInUse` if another DHCP server has it.
    pub fn open(interface: &str) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)])?;
        socket.bind_device(Some(interface.as_bytes()))?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 67).into())?;
        Ok(Self(socket))
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for PacketSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
