//! The machine: nl80211, rtnetlink, packet sockets and rfkill behind one descriptor.

mod access_point;
mod ad_hoc;
mod addresses;
mod bare;
mod events;
mod interfaces;
mod key_frames;
mod off_channel;
mod own_address;
mod packets;
mod power;
mod rivals;
mod sharing;

use crate::ipv6;
use crate::kernel::{Block, Command, Heard, Kernel};
use crate::resolver;
use crate::settings::Settings;
use access_point::AccessPoints;
use lapwing_core::Duration;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Errno, Refusal, Request};
use lapwing_frames::MacAddr;
use lapwing_linux::nl80211::{self, InterfaceInfo, Nl80211, Wiphy};
use lapwing_linux::packet::PacketSocket;
use lapwing_linux::rfkill::{Rfkill, RfkillEvent};
use lapwing_linux::rtnetlink::{self, Address, Link, Route, Rtnetlink};
use rivals::Watch;
use rustix::event::{Timespec, epoll};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// How many datagrams of one source are read before the others have their turn.
const AT_ONCE: usize = 16;

/// What a request to nl80211 was for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Station {
        ifindex: u32,
        ticket: Ticket,
        joins: bool,
    },
    Figures {
        ifindex: u32,
    },
    /// The country's rules for a radio.
    Regulatory {
        wiphy: u32,
    },
    /// [`Command::ReadInterface`].
    Interface {
        ifindex: u32,
    },
    /// [`Command::Serve`].
    Serve {
        ifindex: u32,
        number: u64,
        is_frame: bool,
    },
    /// A step of [`Command::SetMode`].
    Mode {
        ifindex: u32,
    },
    /// [`Command::JoinAdHoc`] and [`Command::LeaveAdHoc`].
    AdHoc {
        ifindex: u32,
    },
    /// [`Command::ScanAsAccessPoint`]: to begin, and to read.
    Survey {
        ifindex: u32,
    },
    /// [`Command::AskAdHoc`].
    Member {
        ifindex: u32,
        number: u64,
    },
    /// The figures of an access point's clients.
    Clients {
        ifindex: u32,
    },
    /// A probe of a client.
    Probe {
        ifindex: u32,
        client: MacAddr,
    },
    /// [`Command::OffChannel`], with the number of a frame.
    OffChannel {
        ifindex: u32,
        number: Option<u64>,
    },
    /// [`Command::DiagnoseClients`].
    ClientFigures {
        ifindex: u32,
    },
    /// [`Command::MakeInterface`].
    NewInterface {
        wiphy: u32,
    },
    Registration,
    /// Of a setting; in words, for the log if it is refused.
    Setting(&'static str),
    Radios,
    Interfaces,
}

/// What a request to rtnetlink was for.
#[derive(Clone, Debug)]
enum Change {
    /// In words, for the log if it is refused.
    Told(String),
    /// Nobody needs to know how it went.
    MayFail,
    /// [`Command::SetPowered`].
    Power { ifindex: u32 },
    /// A step of [`Command::SetMode`].
    Mode { ifindex: u32 },
    /// What routers say on an interface where one has just spoken.
    Routers { ifindex: u32 },
    /// A step of [`Request::SetAddress`].
    Address { ifindex: u32, step: own_address::Step },
}

/// How much of the first survey has been read: radios come before interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surveyed {
    /// Not the interfaces yet.
    Nothing,
    /// The radios and their interfaces.
    Interfaces,
    /// The links too: what comes from now on is new.
    All,
}

/// What an earlier process has left on an interface.
#[derive(Debug, Default)]
struct Leftovers {
    addresses: Vec<Address>,
    routes: Vec<Route>,
}

/// The machine.
#[derive(Debug)]
pub struct Linux {
    epoll: OwnedFd,
    nl80211: Nl80211,
    rtnetlink: Rtnetlink,
    rfkill: Option<Rfkill>,
    packets: BTreeMap<u32, packets::Sockets>,
    /// For the interfaces on which this machine is the DHCP server.
    clients: BTreeMap<u32, packets::Clients>,
    /// For the interfaces whose EAPOL frames are packets.
    key_frames: BTreeMap<u32, PacketSocket>,
    asked: BTreeMap<u32, Purpose>,
    changes: BTreeMap<u32, Change>,
    radios: BTreeMap<u32, Wiphy>,
    interfaces: BTreeMap<u32, InterfaceInfo>,
    links: BTreeMap<u32, Link>,
    /// The radios that have had an interface, or were said to have none.
    furnished: BTreeSet<u32>,
    /// How much of the first survey has been read.
    surveyed: Surveyed,
    announced: BTreeSet<u32>,
    adopted: BTreeSet<u32>,
    /// The interfaces that hear of device provisioning, and whether of frames to groups too.
    provisions: BTreeMap<u32, bool>,
    /// The interfaces that have an address of their own by now.
    drawn: BTreeSet<u32>,
    /// The interfaces that are being given another address.
    readdressing: BTreeMap<u32, own_address::Readdressing>,
    /// The interfaces that shall be down.
    off: BTreeSet<u32>,
    leftovers: BTreeMap<u32, Leftovers>,
    /// The tables of nf_tables for the interfaces whose networks use this machine's connections.
    shared: BTreeMap<u32, String>,
    /// The switches of Wi-Fi radios by their number.
    switches: BTreeMap<u32, RfkillEvent>,
    /// The radios that were said to be blocked.
    blocked: BTreeMap<u32, Block>,
    rivals: Watch,
    access_points: AccessPoints,
    radios_asked: bool,
    /// Told once the radios have been read again: the rules have changed.
    regulatory: bool,
    heard: VecDeque<Heard>,
    runtime: PathBuf,
    settings: Settings,
    /// Who is told of name servers.
    resolver: resolver::Teller,
}

impl Linux {
    /// Opens everything and asks what there is.
    ///
    /// # Errors
    /// Those of the system calls: without nl80211 and rtnetlink there is nothing to do.
    pub fn open(runtime: PathBuf, settings: Settings, resolver: resolver::Place) -> io::Result<Self> {
        let nl80211 = Nl80211::open()?;
        let rtnetlink = Rtnetlink::open()?;
        // A machine without the device has no switch, and nothing to hear.
        let rfkill = Rfkill::open().ok();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        watch(&epoll, &nl80211, Source::Nl80211)?;
        watch(&epoll, &rtnetlink, Source::Rtnetlink)?;
        if let Some(rfkill) = &rfkill {
            watch(&epoll, rfkill, Source::Rfkill)?;
        }
        let mut this = Self {
            epoll,
            nl80211,
            rtnetlink,
            rfkill,
            packets: BTreeMap::new(),
            clients: BTreeMap::new(),
            key_frames: BTreeMap::new(),
            asked: BTreeMap::new(),
            changes: BTreeMap::new(),
            radios: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            links: BTreeMap::new(),
            furnished: BTreeSet::new(),
            surveyed: Surveyed::Nothing,
            announced: BTreeSet::new(),
            adopted: BTreeSet::new(),
            provisions: BTreeMap::new(),
            drawn: BTreeSet::new(),
            readdressing: BTreeMap::new(),
            off: BTreeSet::new(),
            leftovers: BTreeMap::new(),
            shared: BTreeMap::new(),
            switches: BTreeMap::new(),
            blocked: BTreeMap::new(),
            rivals: Watch::default(),
            access_points: AccessPoints::default(),
            radios_asked: false,
            regulatory: false,
            heard: VecDeque::new(),
            runtime,
            settings,
            resolver: resolver::Teller::new(resolver),
        };
        this.end_old_sharing();
        if let Some(country) = this.settings.country {
            let refused = "the kernel does not take the country of main.conf";
            this.ask(&nl80211::Request::SetCountry { country }, Purpose::Setting(refused));
        }
        this.survey();
        Ok(this)
    }

    /// Asks for everything that is announced by events otherwise.
    fn survey(&mut self) {
        self.ask_radios();
        self.ask(&nl80211::Request::ReadInterfaces, Purpose::Interfaces);
        // Before the links, without which no interface is told of: what was left on it is known by then.
        self.leftovers.clear();
        self.change(
            &rtnetlink::Request::ReadRoutes { protocol: addresses::OURS },
            Change::Told("read the routes".to_owned()),
        );
        self.read_addresses();
        self.read_links();
    }

    fn read_addresses(&mut self) {
        self.change(&rtnetlink::Request::ReadAddresses, Change::Told("read the addresses".to_owned()));
    }

    fn read_links(&mut self) {
        self.change(&rtnetlink::Request::ReadLinks, Change::Told("read the interfaces".to_owned()));
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
                    Purpose::Station { ifindex, ticket, .. } => {
                        self.heard.push_back(Heard::Answered { ifindex, ticket, outcome: Err(refusal) });
                    }
                    Purpose::Figures { ifindex } => {
                        self.heard.push_back(Heard::Diagnosed { ifindex, outcome: Err(refusal) });
                    }
                    Purpose::Interface { ifindex } => {
                        self.heard.push_back(Heard::InterfaceRead { ifindex, outcome: Err(refusal) });
                    }
                    Purpose::Serve { ifindex, number, .. } => self.served(ifindex, number, Err(refusal)),
                    Purpose::Mode { ifindex } => self.step_taken(ifindex, Err(refusal)),
                    Purpose::AdHoc { ifindex } => self.answered_ad_hoc(ifindex, Err(refusal)),
                    Purpose::OffChannel { ifindex, number } => {
                        self.off_channel_sent(ifindex, number, Err(refusal));
                    }
                    Purpose::Survey { ifindex } => self.answered_survey(ifindex, Err(refusal)),
                    Purpose::Member { ifindex, number } => {
                        self.done_for_member(ifindex, number, Err(refusal));
                    }
                    Purpose::Clients { .. } | Purpose::Probe { .. } => {}
                    Purpose::ClientFigures { ifindex } => {
                        self.heard.push_back(Heard::ClientsDiagnosed { ifindex, outcome: Err(refusal) });
                    }
                    Purpose::Registration
                    | Purpose::NewInterface { .. }
                    | Purpose::Setting(_)
                    | Purpose::Radios
                    | Purpose::Regulatory { .. }
                    | Purpose::Interfaces => {
                        self.trouble(format!("a request cannot be sent: {refusal}"));
                    }
                }
            }
        }
    }

    fn change(&mut self, request: &rtnetlink::Request, change: Change) {
        match self.rtnetlink.send(request) {
            Ok(sequence) => {
                self.changes.insert(sequence, change);
            }
            Err(error) => {
                let errno = Errno(error.raw_os_error().unwrap_or(Errno::EIO.0));
                self.changed(change, Err(Refusal { errno, message: None }));
            }
        }
    }

    /// Rtnetlink has answered.
    fn changed(&mut self, change: Change, outcome: Result<(), Refusal>) {
        match (change, outcome) {
            (Change::Told(what), Err(refusal)) => self.trouble(format!("cannot {what}: {refusal}")),
            (Change::Told(_), Ok(())) | (Change::MayFail | Change::Routers { .. }, _) => {}
            (Change::Power { ifindex }, outcome) => {
                self.heard.push_back(Heard::Powered { ifindex, outcome });
            }
            (Change::Mode { ifindex }, outcome) => self.step_taken(ifindex, outcome),
            (Change::Address { ifindex, step }, outcome) => self.address_step(ifindex, step, outcome),
        }
    }

    fn trouble(&mut self, text: String) {
        self.heard.push_back(Heard::Trouble(text));
    }

    fn name(&self, ifindex: u32) -> String {
        let known = self.links.get(&ifindex).map(|link| link.name.clone());
        known.unwrap_or_else(|| format!("interface {ifindex}"))
    }

    /// Reads what is there, once around; true if there was anything.
    fn read(&mut self) -> io::Result<bool> {
        let mut any = false;
        for source in self.ready()? {
            match source {
                Source::Nl80211 => {
                    for _ in 0..AT_ONCE {
                        let messages = self.nl80211.receive()?.map(Iterator::collect::<Vec<_>>);
                        let Some(messages) = messages else { break };
                        any = true;
                        messages.into_iter().for_each(|incoming| self.heard_nl80211(incoming));
                    }
                }
                Source::Rtnetlink => {
                    for _ in 0..AT_ONCE {
                        let messages = self.rtnetlink.receive()?.map(Iterator::collect::<Vec<_>>);
                        let Some(messages) = messages else { break };
                        any = true;
                        messages.into_iter().for_each(|incoming| self.heard_rtnetlink(incoming));
                    }
                }
                Source::Rfkill => self.heard_rfkill(),
                Source::Timer => self.heard_timer(),
                Source::Clients => self.look_for_silent_clients(),
                Source::Packets => self.heard_packets(),
            }
        }
        Ok(any || !self.heard.is_empty())
    }

    /// Which sources have something to read: one system call, where asking each would be five.
    fn ready(&self) -> io::Result<BTreeSet<Source>> {
        let mut events = [MaybeUninit::uninit(); 8];
        // It does not sleep, so that no signal breaks it off.
        let (events, _) = epoll::wait(&self.epoll, &mut events[..], Some(&Timespec::default()))?;
        Ok(events.iter().filter_map(|event| Source::of(event.data)).collect())
    }
}

impl Kernel for Linux {
    fn perform(&mut self, command: Command) {
        match command {
            Command::Adopt(interface) => self.adopt(interface),
            Command::MakeInterface { wiphy, name } => self.make_interface(wiphy, name),
            Command::Ask { interface, ticket, request } => {
                let ifindex = interface.ifindex;
                let joins = rivals::joins(&request);
                self.rivals.asked(ifindex, &request);
                if let Request::SetAddress { address } = request {
                    return self.readdress(ifindex, ticket, address);
                }
                if let Some(outcome) = self.by_packet(ifindex, &request) {
                    self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
                    return;
                }
                let request = nl80211::Request::Station { ifindex, request };
                self.ask(&request, Purpose::Station { ifindex, ticket, joins });
            }
            Command::SetMode { ifindex, mode } => self.set_mode(ifindex, mode),
            Command::JoinAdHoc { ifindex, ssid, frequency, rsne } => {
                self.join_ad_hoc(ifindex, ssid, frequency, rsne);
            }
            Command::ScanAsAccessPoint { ifindex } => self.scan_as_access_point(ifindex),
            Command::AskAdHoc { ifindex, number, request } => self.ask_for_member(ifindex, number, request),
            Command::LeaveAdHoc { ifindex } => self.leave_ad_hoc(ifindex),
            Command::Serve { ifindex, number, request } => self.serve(ifindex, number, request),
            Command::SetPowered { ifindex, on } => self.set_powered(ifindex, on),
            Command::SetRadioBlocked { wiphy, blocked } => self.set_radio_blocked(wiphy, blocked),
            Command::ReadInterface { ifindex } => {
                let request = nl80211::Request::Station { ifindex, request: Request::ReadInterface };
                self.ask(&request, Purpose::Interface { ifindex });
            }
            Command::Diagnose { ifindex } => {
                self.ask(&nl80211::Request::ReadFigures { ifindex }, Purpose::Figures { ifindex });
            }
            Command::DiagnoseClients { ifindex } => {
                self.ask(&nl80211::Request::ReadFigures { ifindex }, Purpose::ClientFigures { ifindex });
            }
            Command::SetPort { ifindex, open } => self.set_port(ifindex, open),
            Command::OffChannel { ifindex, what } => self.off_channel(ifindex, what),
            Command::Listen { ifindex, on } => self.listen(ifindex, on),
            Command::ListenForClients { ifindex, on } => self.listen_for_clients(ifindex, on),
            Command::ReadIpv6 { .. } => {
                self.read_addresses();
                let what = "read what routers say".to_owned();
                self.change(&rtnetlink::Request::ReadIpv6, Change::Told(what));
            }
            Command::ReadSurroundings => self.read_surroundings(),
            Command::Share { ifindex, network } => self.share(ifindex, network),
            Command::Unshare { ifindex } => self.unshare(ifindex),
            Command::Send { ifindex, kind, to, octets } => self.send(ifindex, kind, to, &octets),
            Command::SetAddress { ifindex, address, lifetimes } => {
                let what = format!("add the address {address}");
                let mut new = addresses::address(ifindex, address, self.settings.metric);
                let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX - 1);
                new.valid_seconds = lifetimes.valid.map(seconds);
                new.preferred_seconds = lifetimes.preferred.map(seconds);
                self.change(&rtnetlink::Request::SetAddress(new), Change::Told(what));
            }
            Command::RemoveAddress { ifindex, address } => {
                let what = format!("remove the address {address}");
                self.change(
                    &rtnetlink::Request::DelAddress(addresses::address(
                        ifindex,
                        address,
                        self.settings.metric,
                    )),
                    Change::Told(what),
                );
            }
            Command::SetRoute { ifindex, route } => {
                let what = format!("add the route to {}", route.destination);
                self.change(
                    &rtnetlink::Request::SetRoute(addresses::route(ifindex, route, self.settings.metric)),
                    Change::Told(what),
                );
            }
            Command::RemoveRoute { ifindex, route } => {
                let what = format!("remove the route to {}", route.destination);
                self.change(
                    &rtnetlink::Request::DelRoute(addresses::route(ifindex, route, self.settings.metric)),
                    Change::Told(what),
                );
            }
            Command::EnableIpv6 { name, on } => {
                let mut done = ipv6::switch(&self.runtime, &name, on);
                if on {
                    done = done.and_then(|()| ipv6::prefer(&name, self.settings.metric));
                    done = done.and_then(|()| ipv6::follow_routes(&name));
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

/// What wakes us, in the order in which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Nl80211,
    Rtnetlink,
    Rfkill,
    Timer,
    Clients,
    Packets,
}

impl Source {
    const ALL: [Self; 6] =
        [Self::Nl80211, Self::Rtnetlink, Self::Rfkill, Self::Timer, Self::Clients, Self::Packets];

    const fn data(self) -> epoll::EventData {
        epoll::EventData::new_u64(self as u64)
    }

    fn of(data: epoll::EventData) -> Option<Self> {
        Self::ALL.into_iter().find(|source| *source as u64 == data.u64())
    }
}

/// Adds a descriptor to the set that wakes us.
fn watch(epoll: &OwnedFd, descriptor: &impl AsFd, source: Source) -> io::Result<()> {
    Ok(epoll::add(epoll, descriptor, source.data(), epoll::EventFlags::IN)?)
}
