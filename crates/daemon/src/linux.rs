//! The machine: nl80211, rtnetlink, packet sockets and rfkill behind one descriptor.

use crate::ipv6;
use crate::kernel::{Block, Command, Found, Hardware, Heard, Kernel, PacketKind};
use crate::netconf::Advertised;
use crate::netconf::configuration::Route;
use crate::netconf::settings::Prefix;
use crate::resolver;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Errno, Interface, KernelEvent, Refusal};
use lapwing_linux::nl80211::{self, EventKind, InterfaceInfo, Nl80211, Wiphy, iftype};
use lapwing_linux::packet::PacketSocket;
use lapwing_linux::rfkill::{self, Operation, RadioKind, Rfkill, RfkillEvent};
use lapwing_linux::rtnetlink::{self, Address, Link, LinkMode, OperState, RouteProtocol, Rtnetlink};
use rustix::event::epoll;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// Management frames that stations want, as type and first octets of the body: requests and responses of
/// SA Query (802.11-2020 9.6.9), BSS transition requests (9.6.13.9).
const FRAMES: [(u16, &[u8]); 3] = [(0x00d0, &[8, 0]), (0x00d0, &[8, 1]), (0x00d0, &[10, 7])];

/// What a request to nl80211 was for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Station { ifindex: u32, ticket: Ticket },
    Registration,
    Radios,
    Interfaces,
}

/// The machine.
#[derive(Debug)]
pub struct Linux {
    epoll: OwnedFd,
    nl80211: Nl80211,
    rtnetlink: Rtnetlink,
    rfkill: Option<Rfkill>,
    packets: BTreeMap<u32, [PacketSocket; 2]>,
    asked: BTreeMap<u32, Purpose>,
    /// What rtnetlink was asked, in words, for the log if it refuses.
    changes: BTreeMap<u32, String>,
    /// The interfaces that rtnetlink was asked to set up or down, by the number of the request.
    powering: BTreeMap<u32, u32>,
    /// The interfaces that shall be down.
    off: BTreeSet<u32>,
    /// The switches of Wi-Fi radios by their number.
    switches: BTreeMap<u32, RfkillEvent>,
    /// The radios that were said to be blocked.
    blocked: BTreeMap<u32, Block>,
    radios: BTreeMap<u32, Wiphy>,
    interfaces: BTreeMap<u32, InterfaceInfo>,
    links: BTreeMap<u32, Link>,
    announced: BTreeSet<u32>,
    adopted: BTreeSet<u32>,
    radios_asked: bool,
    /// Told once the radios have been read again: the rules have changed.
    regulatory: bool,
    heard: VecDeque<Heard>,
    runtime: PathBuf,
    /// The metric of our routes.
    metric: u32,
    /// Who is told of name servers.
    resolver: resolver::Place,
}

impl Linux {
    /// Opens everything and asks what there is.
    ///
    /// # Errors
    /// Those of the system calls: without nl80211 and rtnetlink there is nothing to do.
    pub fn open(runtime: PathBuf, metric: u32, resolver: resolver::Place) -> io::Result<Self> {
        let nl80211 = Nl80211::open()?;
        let rtnetlink = Rtnetlink::open()?;
        // A machine without the device has no switch, and nothing to hear.
        let rfkill = Rfkill::open().ok();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        watch(&epoll, &nl80211)?;
        watch(&epoll, &rtnetlink)?;
        if let Some(rfkill) = &rfkill {
            watch(&epoll, rfkill)?;
        }
        let mut this = Self {
            epoll,
            nl80211,
            rtnetlink,
            rfkill,
            packets: BTreeMap::new(),
            asked: BTreeMap::new(),
            changes: BTreeMap::new(),
            powering: BTreeMap::new(),
            off: BTreeSet::new(),
            switches: BTreeMap::new(),
            blocked: BTreeMap::new(),
            radios: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            links: BTreeMap::new(),
            announced: BTreeSet::new(),
            adopted: BTreeSet::new(),
            radios_asked: false,
            regulatory: false,
            heard: VecDeque::new(),
            runtime,
            metric,
            resolver,
        };
        this.survey();
        Ok(this)
    }

    /// Asks for everything that is announced by events otherwise.
    fn survey(&mut self) {
        self.ask_radios();
        self.ask(&nl80211::Request::ReadInterfaces, Purpose::Interfaces);
        self.change(&rtnetlink::Request::ReadLinks, "read the interfaces".to_owned());
        self.change(&rtnetlink::Request::ReadAddresses, "read the addresses".to_owned());
    }

    fn ask_radios(&mut self) {
        if !self.radios_asked {
            self.radios_asked = true;
            self.ask(&nl80211::Request::ReadRadios, Purpose::Radios);
        }
    }

    fn ask(&mut self, request: &nl80211::Request, purpose: Purpose) {
        match self.nl80211.send(request) {
            Ok(sequence) => {
                self.asked.insert(sequence, purpose);
            }
            Err(error) => {
                let refusal = Refusal { errno: Errno::EINVAL, message: Some(error.to_string()) };
                match purpose {
                    Purpose::Station { ifindex, ticket } => {
                        self.heard.push_back(Heard::Answered { ifindex, ticket, outcome: Err(refusal) });
                    }
                    Purpose::Registration | Purpose::Radios | Purpose::Interfaces => {
                        self.trouble(format!("a request cannot be sent: {refusal}"));
                    }
                }
            }
        }
    }

    fn change(&mut self, request: &rtnetlink::Request, what: String) {
        match self.rtnetlink.send(request) {
            Ok(sequence) => {
                self.changes.insert(sequence, what);
            }
            Err(error) => self.trouble(format!("cannot {what}: {error}")),
        }
    }

    fn trouble(&mut self, text: String) {
        self.heard.push_back(Heard::Trouble(text));
    }

    fn name(&self, ifindex: u32) -> String {
        let known = self.links.get(&ifindex).map(|link| link.name.clone());
        known.unwrap_or_else(|| format!("interface {ifindex}"))
    }

    fn adopt(&mut self, interface: Interface) {
        let ifindex = interface.ifindex;
        self.adopted.insert(ifindex);
        for (frame_type, prefix) in FRAMES {
            let request = nl80211::Request::RegisterFrame { ifindex, frame_type, prefix: prefix.to_vec() };
            self.ask(&request, Purpose::Registration);
        }
        // Dormant until the port opens, so that nothing is sent into a closed one.
        self.set_port(ifindex, false);
        self.set_up(ifindex);
    }

    fn set_up(&mut self, ifindex: u32) {
        let what = format!("set {} up", self.name(ifindex));
        self.change(&rtnetlink::Request::SetUp { ifindex, up: true }, what);
    }

    fn set_powered(&mut self, ifindex: u32, on: bool) {
        if on {
            self.off.remove(&ifindex);
        } else {
            self.off.insert(ifindex);
        }
        match self.rtnetlink.send(&rtnetlink::Request::SetUp { ifindex, up: on }) {
            Ok(sequence) => {
                self.powering.insert(sequence, ifindex);
            }
            Err(error) => {
                let outcome = Err(Refusal { errno: Errno::EIO, message: Some(error.to_string()) });
                self.heard.push_back(Heard::Powered { ifindex, outcome });
            }
        }
    }

    /// The switches of a radio, and their states.
    fn switches_of(&self, wiphy: u32) -> Vec<RfkillEvent> {
        let name = self.radios.get(&wiphy).map(|radio| radio.name.clone());
        let is_of = |event: &&RfkillEvent| name.is_some() && rfkill::radio_of(event.index) == name;
        self.switches.values().filter(is_of).copied().collect()
    }

    fn set_radio_blocked(&mut self, wiphy: u32, blocked: bool) {
        let switches = self.switches_of(wiphy);
        let mut outcome = Ok(());
        if switches.is_empty() {
            outcome = Err(Refusal { errno: Errno::EOPNOTSUPP, message: None });
        }
        for switch in switches {
            if let Err(error) = rfkill::set_soft(switch.index, blocked) {
                let errno = error.raw_os_error().map_or(Errno::EIO, Errno);
                outcome = Err(Refusal { errno, message: Some(error.to_string()) });
            }
        }
        self.heard.push_back(Heard::RadioSwitched { wiphy, outcome });
    }

    /// Tells which radios are blocked now.
    fn tell_blocks(&mut self) {
        let radios: Vec<_> = self.radios.keys().copied().collect();
        for wiphy in radios {
            let switches = self.switches_of(wiphy);
            let by = if switches.iter().any(|switch| switch.hard) {
                Some(Block::Hard)
            } else {
                switches.iter().any(|switch| switch.soft).then_some(Block::Soft)
            };
            let before = match by {
                Some(by) => self.blocked.insert(wiphy, by),
                None => self.blocked.remove(&wiphy),
            };
            if before != by {
                self.heard.push_back(Heard::RadioBlocked { wiphy, by });
            }
        }
    }

    fn set_port(&mut self, ifindex: u32, open: bool) {
        let state = if open { OperState::Up } else { OperState::Dormant };
        let what = format!("set the state of {}", self.name(ifindex));
        let mode = LinkMode::Dormant;
        self.change(&rtnetlink::Request::SetOperation { ifindex, mode, state }, what);
    }

    fn listen(&mut self, ifindex: u32, on: bool) {
        // Once open they stay, for the next connection: to close one, the kernel waits until no processor can
        // be reading from it, and for tens of milliseconds nothing else would be done here.
        if !on || self.packets.contains_key(&ifindex) {
            return;
        }
        let open = || -> io::Result<[PacketSocket; 2]> {
            let sockets = [
                PacketSocket::open(ifindex, PacketKind::Dhcp)?,
                PacketSocket::open(ifindex, PacketKind::Arp)?,
            ];
            for socket in &sockets {
                watch(&self.epoll, socket)?;
            }
            Ok(sockets)
        };
        match open() {
            Ok(sockets) => {
                self.packets.insert(ifindex, sockets);
            }
            Err(error) => {
                self.trouble(format!("cannot listen for DHCP on {}: {error}", self.name(ifindex)));
            }
        }
    }

    fn send(&mut self, ifindex: u32, kind: PacketKind, to: lapwing_frames::MacAddr, octets: &[u8]) {
        let Some([dhcp, arp]) = self.packets.get(&ifindex) else { return };
        let socket = match kind {
            PacketKind::Dhcp => dhcp,
            PacketKind::Arp => arp,
        };
        if let Err(error) = socket.send(to, octets) {
            self.trouble(format!("cannot send on {}: {error}", self.name(ifindex)));
        }
    }

    /// Tells of interfaces of station type whose radio and link are known by now.
    fn announce(&mut self) {
        for (&ifindex, info) in &self.interfaces {
            if info.iftype != iftype::STATION || self.announced.contains(&ifindex) {
                continue;
            }
            let (Some(wiphy), Some(link)) =
                (self.radios.get(&info.interface.wiphy), self.links.get(&ifindex))
            else {
                continue;
            };
            self.announced.insert(ifindex);
            self.heard.push_back(Heard::Appeared(Found {
                interface: info.interface,
                name: link.name.clone(),
                address: link.address.unwrap_or(info.state.address),
                radio: wiphy.radio(),
                up: link.is_up(),
                radio_name: wiphy.name.clone(),
                hardware: Hardware::default(),
            }));
        }
    }

    fn gone(&mut self, ifindex: u32) {
        self.interfaces.remove(&ifindex);
        self.links.remove(&ifindex);
        self.packets.remove(&ifindex);
        self.adopted.remove(&ifindex);
        self.off.remove(&ifindex);
        if self.announced.remove(&ifindex) {
            self.heard.push_back(Heard::Gone { ifindex });
        }
    }

    fn heard_nl80211(&mut self, incoming: nl80211::Incoming) {
        match incoming {
            nl80211::Incoming::Reply { sequence, result } => {
                let Some(purpose) = self.asked.remove(&sequence) else { return };
                self.answered(purpose, result);
            }
            nl80211::Incoming::Event(event) => self.happened(event),
            nl80211::Incoming::Malformed(error) => {
                self.trouble(format!("a message of nl80211 does not decode: {error}"));
            }
            nl80211::Incoming::EventsLost => {
                self.heard.push_back(Heard::EventsLost);
                self.radios_asked = false;
                self.survey();
            }
        }
    }

    fn answered(
        &mut self,
        purpose: Purpose,
        result: Result<nl80211::Reply, lapwing_linux::netlink::ReplyError>,
    ) {
        match (purpose, result) {
            (Purpose::Station { ifindex, ticket }, result) => {
                let outcome = match result {
                    Ok(nl80211::Reply::Station(reply)) => Ok(reply),
                    Ok(_) => {
                        let message = Some("the reply is to another request".to_owned());
                        Err(Refusal { errno: Errno::EIO, message })
                    }
                    Err(error) => Err(error.into()),
                };
                self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
            }
            (Purpose::Registration, Err(error)) => {
                // Without it some frames are not heard; a driver that cannot do it says so here.
                self.trouble(format!("a kind of frame cannot be registered for: {error}"));
            }
            (Purpose::Radios, result) => {
                self.radios_asked = false;
                match result {
                    Ok(nl80211::Reply::Radios(radios)) => self.radios(radios),
                    Ok(_) => {}
                    Err(error) => self.trouble(format!("cannot read the radios: {error}")),
                }
            }
            (Purpose::Interfaces, Ok(nl80211::Reply::Interfaces(list))) => {
                let here: BTreeSet<_> = list.iter().map(|info| info.interface.ifindex).collect();
                let lost: Vec<_> =
                    self.interfaces.keys().filter(|known| !here.contains(known)).copied().collect();
                for ifindex in lost {
                    self.gone(ifindex);
                }
                for info in list {
                    self.interfaces.insert(info.interface.ifindex, info);
                }
                self.announce();
            }
            (Purpose::Interfaces, Err(error)) => self.trouble(format!("cannot read the interfaces: {error}")),
            (Purpose::Registration | Purpose::Interfaces, Ok(_)) => {}
        }
    }

    fn radios(&mut self, radios: BTreeMap<u32, Wiphy>) {
        for (&wiphy, now) in &radios {
            if self.radios.get(&wiphy).is_some_and(|before| before != now) {
                self.heard.push_back(Heard::RadioChanged { wiphy, radio: now.radio() });
            }
        }
        self.radios = radios;
        if std::mem::take(&mut self.regulatory) {
            let event = KernelEvent::RegulatoryChanged;
            self.heard.push_back(Heard::Station { ifindex: None, event });
        }
        self.tell_blocks();
        self.announce();
    }

    fn happened(&mut self, event: nl80211::Event) {
        let ifindex = event.origin.ifindex;
        match event.kind {
            EventKind::Station(KernelEvent::InterfaceRemoved) => {
                if let Some(ifindex) = ifindex {
                    self.gone(ifindex);
                }
            }
            EventKind::Station(KernelEvent::RegulatoryChanged) => {
                // The stations hear of it when the channels are known.
                self.regulatory = true;
                self.ask_radios();
            }
            EventKind::Station(event) => self.heard.push_back(Heard::Station { ifindex, event }),
            EventKind::NewInterface(info) => {
                let ifindex = info.interface.ifindex;
                if info.iftype != iftype::STATION && self.announced.contains(&ifindex) {
                    self.gone(ifindex);
                    // It is there still, as something else.
                    self.change(&rtnetlink::Request::ReadLinks, "read the interfaces".to_owned());
                }
                self.interfaces.insert(ifindex, info);
                self.announce();
            }
            EventKind::NewWiphy => self.ask_radios(),
            EventKind::DelWiphy => {
                if let Some(wiphy) = event.origin.wiphy {
                    self.radios.remove(&wiphy);
                }
            }
            EventKind::NewPeer(_)
            | EventKind::DelPeer(_)
            | EventKind::ExternalAuthentication(_)
            | EventKind::PmksaCandidate { .. }
            | EventKind::MichaelMicFailure(_)
            | EventKind::OffChannelBegan { .. }
            | EventKind::OffChannelEnded { .. }
            | EventKind::Radar(_)
            | EventKind::RekeyOffload { .. }
            | EventKind::Vendor
            | EventKind::Other { .. } => {}
        }
    }

    fn heard_rtnetlink(&mut self, incoming: rtnetlink::Incoming) {
        match incoming {
            rtnetlink::Incoming::Reply { sequence, result } => {
                if let Some(ifindex) = self.powering.remove(&sequence) {
                    let outcome = result.map(|_| ()).map_err(Refusal::from);
                    self.heard.push_back(Heard::Powered { ifindex, outcome });
                    return;
                }
                let what = self.changes.remove(&sequence).unwrap_or_default();
                match result {
                    Ok(rtnetlink::Reply::Links(links)) => {
                        for link in links {
                            self.link(link);
                        }
                    }
                    Ok(rtnetlink::Reply::Addresses(addresses)) => {
                        for address in &addresses {
                            self.address(address, true);
                        }
                    }
                    Ok(rtnetlink::Reply::Done | rtnetlink::Reply::Routes(_)) => {}
                    Err(error) => self.trouble(format!("cannot {what}: {error}")),
                }
            }
            rtnetlink::Incoming::Event(event) => match event {
                rtnetlink::Event::Link(link) => self.link(link),
                rtnetlink::Event::LinkRemoved(link) => self.gone(link.ifindex),
                rtnetlink::Event::Address(address) => self.address(&address, true),
                rtnetlink::Event::AddressRemoved(address) => self.address(&address, false),
                rtnetlink::Event::Advertisement(found) => {
                    let ifindex = found.ifindex;
                    let said = found.options.into_iter().map(Advertised::from);
                    self.heard.extend(said.map(|advertised| Heard::Advertised { ifindex, advertised }));
                }
                rtnetlink::Event::Route(_) | rtnetlink::Event::RouteRemoved(_) => {}
            },
            rtnetlink::Incoming::Malformed(error) => {
                self.trouble(format!("a message of rtnetlink does not decode: {error}"));
            }
            rtnetlink::Incoming::EventsLost => {
                self.change(&rtnetlink::Request::ReadLinks, "read the interfaces".to_owned());
                self.change(&rtnetlink::Request::ReadAddresses, "read the addresses".to_owned());
            }
        }
    }

    fn link(&mut self, link: Link) {
        let ifindex = link.ifindex;
        if let Some(before) = self.links.get(&ifindex)
            && self.announced.contains(&ifindex)
        {
            if before.name != link.name {
                self.heard.push_back(Heard::Renamed { ifindex, name: link.name.clone() });
            }
            for event in link.changes_since(before) {
                self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
            }
        }
        self.links.insert(ifindex, link);
        self.announce();
    }

    /// An address of the kernel's own making; ours are known anyway.
    fn address(&mut self, address: &Address, present: bool) {
        let IpAddr::V6(six) = address.address else { return };
        if address.scope == 0 {
            let usable = present && !address.is_tentative() && !address.is_duplicate();
            self.heard.push_back(Heard::Address6 { ifindex: address.ifindex, address: six, usable });
        }
    }

    fn heard_rfkill(&mut self) {
        while let Some(Ok(Some(event))) = self.rfkill.as_mut().map(Rfkill::receive) {
            let is_wifi = matches!(event.kind, RadioKind::Wlan | RadioKind::All);
            if event.operation == Operation::Delete {
                self.switches.remove(&event.index);
            } else if is_wifi {
                self.switches.insert(event.index, event);
            }
            self.tell_blocks();
            if is_wifi && !event.soft && !event.hard {
                // The kernel has set the interface down when it was blocked, and leaves it so.
                let is_down = |ifindex: &u32| {
                    !self.off.contains(ifindex) && self.links.get(ifindex).is_some_and(|link| !link.is_up())
                };
                let down: Vec<_> = self.adopted.iter().copied().filter(is_down).collect();
                for ifindex in down {
                    self.set_up(ifindex);
                }
            }
        }
    }

    fn heard_packets(&mut self) {
        for (&ifindex, sockets) in &mut self.packets {
            for (socket, kind) in sockets.iter_mut().zip([PacketKind::Dhcp, PacketKind::Arp]) {
                // An error (the interface went down) is heard as an event of the interface too.
                while let Ok(Some(packet)) = socket.receive() {
                    let heard = Heard::Packet { ifindex, kind, source: packet.source, octets: packet.octets };
                    self.heard.push_back(heard);
                }
            }
        }
    }

    /// Reads what is there, once around; true if there was anything.
    fn read(&mut self) -> io::Result<bool> {
        let mut any = false;
        let messages = self.nl80211.receive()?.map(Iterator::collect::<Vec<_>>);
        if let Some(messages) = messages {
            any = true;
            for incoming in messages {
                self.heard_nl80211(incoming);
            }
        }
        let messages = self.rtnetlink.receive()?.map(Iterator::collect::<Vec<_>>);
        if let Some(messages) = messages {
            any = true;
            for incoming in messages {
                self.heard_rtnetlink(incoming);
            }
        }
        self.heard_rfkill();
        self.heard_packets();
        Ok(any || !self.heard.is_empty())
    }
}

impl Kernel for Linux {
    fn perform(&mut self, command: Command) {
        match command {
            Command::Adopt(interface) => self.adopt(interface),
            Command::Ask { interface, ticket, request } => {
                let ifindex = interface.ifindex;
                let request = nl80211::Request::Station { ifindex, request };
                self.ask(&request, Purpose::Station { ifindex, ticket });
            }
            Command::SetPowered { ifindex, on } => self.set_powered(ifindex, on),
            Command::SetRadioBlocked { wiphy, blocked } => self.set_radio_blocked(wiphy, blocked),
            Command::SetPort { ifindex, open } => self.set_port(ifindex, open),
            Command::Listen { ifindex, on } => self.listen(ifindex, on),
            Command::Send { ifindex, kind, to, octets } => self.send(ifindex, kind, to, &octets),
            Command::SetAddress { ifindex, address, lifetime } => {
                let what = format!("add the address {address}");
                let mut new = self::address(ifindex, address, self.metric);
                let seconds = lifetime.map(|time| u32::try_from(time.as_secs()).unwrap_or(u32::MAX - 1));
                new.valid_seconds = seconds;
                new.preferred_seconds = seconds;
                self.change(&rtnetlink::Request::SetAddress(new), what);
            }
            Command::RemoveAddress { ifindex, address } => {
                let what = format!("remove the address {address}");
                self.change(
                    &rtnetlink::Request::DelAddress(self::address(ifindex, address, self.metric)),
                    what,
                );
            }
            Command::SetRoute { ifindex, route } => {
                let what = format!("add the route to {}", route.destination);
                self.change(&rtnetlink::Request::SetRoute(self::route(ifindex, route, self.metric)), what);
            }
            Command::RemoveRoute { ifindex, route } => {
                let what = format!("remove the route to {}", route.destination);
                self.change(&rtnetlink::Request::DelRoute(self::route(ifindex, route, self.metric)), what);
            }
            Command::EnableIpv6 { name, on } => {
                let mut done = ipv6::switch(&self.runtime, &name, on);
                if on {
                    done = done.and_then(|()| ipv6::prefer(&name, self.metric));
                }
                if let Err(error) = done {
                    self.trouble(format!("cannot set IPv6 of {name}: {error}"));
                }
            }
            Command::Resolve { name, resolver } => {
                if let Err(error) = self.resolver.set(&name, resolver.as_ref()) {
                    self.trouble(format!("cannot set the name servers of {name}: {error}"));
                }
            }
        }
    }

    fn receive(&mut self) -> io::Result<Option<Heard>> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(Some(heard));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }
}

impl AsFd for Linux {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Adds a descriptor to the set that wakes us.
fn watch(epoll: &OwnedFd, source: &impl AsFd) -> io::Result<()> {
    // Which one it was does not matter: all of them are read.
    Ok(epoll::add(epoll, source, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?)
}

fn address(ifindex: u32, address: Prefix<IpAddr>, metric: u32) -> Address {
    let mut new = Address::new(ifindex, address.address, address.length);
    new.metric = Some(metric);
    if let IpAddr::V4(four) = address.address
        && address.length < 31
    {
        let host_bits = u32::MAX.checked_shr(u32::from(address.length)).unwrap_or(0);
        new.broadcast = Some(Ipv4Addr::from_bits(four.to_bits() | host_bits));
    }
    new
}

fn route(ifindex: u32, route: Route, metric: u32) -> rtnetlink::Route {
    rtnetlink::Route {
        ifindex,
        destination: route.destination.address,
        prefix: route.destination.length,
        gateway: route.router,
        source: route.source,
        metric: Some(metric),
        mtu: route.mtu,
        protocol: RouteProtocol::Dhcp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_broadcast_address() {
        for (text, length, broadcast) in [
            ("192.0.2.7", 24, Some("192.0.2.255")),
            ("10.0.0.1", 8, Some("10.255.255.255")),
            ("192.0.2.7", 31, None),
            ("2001:db8::1", 64, None),
        ] {
            let new = address(3, Prefix { address: text.parse().unwrap(), length }, 600);
            assert_eq!(new.broadcast.map(|address| address.to_string()).as_deref(), broadcast);
            assert_eq!((new.ifindex, new.metric), (3, Some(600)));
        }
    }
}
