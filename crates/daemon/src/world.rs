//! A machine of a virtual world, in real time: the daemon that runs on it is the same in everything but this.
//!
//! The world's clock follows the machine's. Nothing of the machine itself is touched: addresses and routes are
//! kept in a table, and the world's own network answers DHCP. Whoever wants to turn the world's wheels does so
//! through [`control`].

pub mod control;
mod truth;
mod words;

use crate::kernel::{
    AdHocEvent, Block, Command, Found, Hardware, Heard, Kernel, NotShared, OffChannel, PacketKind, Standing,
    StationFigures, SurveyEvent,
};
use crate::netconf::configuration::Route;
use crate::netconf::dhcp6::Wish;
use crate::netconf::settings::Prefix;
use control::{Ask, Control};
use lapwing_core::kernel::{Errno, KernelEvent, Refusal};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_linux::clock;
use lapwing_linux::curves::AwsLcCurves;
use lapwing_world::happening::Happening;
use lapwing_world::network::six::{self, Managed};
use lapwing_world::parts::{self, KernelInput, Message};
use lapwing_world::person::{At, Fault};
use lapwing_world::scenario::Scenario;
use lapwing_world::world::{INTERFACE, Outgoing, START, Stage, World};
use rustix::event::epoll;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// The Ethernet types of what is listened for.
const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
/// The machine's own address on the link.
const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
/// Where all routers hear.
const ROUTERS: MacAddr = MacAddr([0x33, 0x33, 0, 0, 0, 2]);

/// A world that cannot be had.
#[derive(Debug)]
pub struct WorldError(String);

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WorldError {}

/// What the world's machine has of a network, beside its radio.
#[derive(Debug, Default)]
struct Stack {
    addresses: Vec<Prefix<IpAddr>>,
    routes: Vec<Route>,
    is_open: bool,
    is_listening: bool,
    is_blocked: bool,
}

/// A machine of a world.
pub struct Virtual {
    world: World,
    /// The machine's clock when the world began.
    origin: Instant,
    curves: AwsLcCurves,
    name: String,
    stack: Stack,
    /// What is still to happen by the scenario's own script, the next one first.
    script: VecDeque<At<Fault>>,
    heard: VecDeque<Heard>,
    control: Control,
    /// Wakes when the world or who controls it has something to do.
    epoll: OwnedFd,
    timer: OwnedFd,
    /// For when the timer is set.
    alarm: Option<Instant>,
}

impl Virtual {
    /// The scenario of this name, or in this file.
    ///
    /// # Errors
    /// If there is none, or it says something that cannot be understood: then its line and key are named.
    pub fn scenario(name: &str) -> Result<Scenario, WorldError> {
        if let Some(scenario) = Scenario::named(name) {
            return Ok(scenario);
        }
        let text = std::fs::read_to_string(name).map_err(|error| {
            let names: Vec<_> = Scenario::names().collect();
            let why = match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("there is no such file, and built in are {}", names.join(", "))
                }
                _ => error.to_string(),
            };
            WorldError(format!("the world {name:?} cannot be had: {why}"))
        })?;
        Scenario::parse(name, &text).map_err(|error| WorldError(error.to_string()))
    }

    /// Begins a world. It is controlled through a socket in this directory.
    ///
    /// # Errors
    /// If the system has no timer or socket for it.
    pub fn open(scenario: &Scenario, seed: u64, runtime: &Path) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
        let control = Control::open(&runtime.join(control::SOCKET), epoll.try_clone()?)?;
        let mut script = scenario.faults.clone();
        script.sort_by_key(|fault| fault.after);
        let world = World::new(scenario, seed);
        let mut this = Self {
            world,
            origin: clock::now(),
            curves: AwsLcCurves,
            name: scenario.radio.interface.clone(),
            stack: Stack::default(),
            script: script.into(),
            heard: VecDeque::new(),
            control,
            epoll,
            timer,
            alarm: None,
        };
        this.appear();
        this.set_alarm()?;
        Ok(this)
    }

    /// The interface is there.
    fn appear(&mut self) {
        let scenario = self.world.scenario();
        self.heard.push_back(Heard::Appeared(Found {
            interface: INTERFACE,
            name: self.name.clone(),
            address: scenario.radio.address,
            permanent: scenario.radio.address,
            radio: scenario.radio.radio(),
            ad_hoc: false,
            up: self.world.kernel().truth().up,
            radio_name: "phy0".to_owned(),
            hardware: Hardware {
                model: Some(format!("virtual radio, world {}", scenario.name)),
                vendor: Some("Lapwing".to_owned()),
            },
        }));
    }

    /// The machine's moment of one of the world's.
    fn real(&self, at: Instant) -> Instant {
        self.origin + at.since(START)
    }

    /// Lets something be done to the world, and takes what comes of it.
    fn stage(&mut self, act: impl FnOnce(&mut World, &mut Stage<'_>)) {
        let Self { world, curves, control, origin, .. } = self;
        let plan = words::Places::of(world.scenario());
        let mut out = Vec::new();
        let mut tell = |happening: Happening| {
            if control.is_watched() {
                let at = *origin + happening.at.since(START);
                if let Some(line) = words::line(&plan, at, &happening) {
                    control.tell(&line);
                }
            }
        };
        act(world, &mut Stage { curves, tell: &mut tell, out: &mut out });
        for outgoing in out {
            self.take(outgoing);
        }
    }

    /// Lets everything happen that is due by now.
    fn catch_up(&mut self) {
        let now = START + clock::now().since(self.origin);
        while let Some(due) = self.script.front().map(|fault| START + fault.after).filter(|due| *due <= now) {
            self.stage(|world, stage| world.advance(due, stage));
            if let Some(At { what, .. }) = self.script.pop_front() {
                self.stage(|world, stage| world.befall(&what, stage));
            }
        }
        self.stage(|world, stage| world.advance(now, stage));
    }

    /// Does something to the kernel of the world now.
    fn input(&mut self, input: KernelInput) {
        self.catch_up();
        self.stage(|world, stage| world.kernel_input(input, stage));
    }

    fn take(&mut self, outgoing: Outgoing) {
        let ifindex = INTERFACE.ifindex;
        match outgoing {
            Outgoing::Message(Message::Completed { ticket, outcome }) => {
                self.heard.push_back(Heard::Answered { ifindex, ticket, outcome });
            }
            Outgoing::Message(Message::EventsLost) => self.heard.push_back(Heard::EventsLost),
            Outgoing::Message(Message::Event(event)) => self.take_event(event),
            Outgoing::Packet(packet) if self.stack.is_listening => {
                let kind = match packet.ethertype {
                    IPV4 => PacketKind::Dhcp,
                    ARP => PacketKind::Arp,
                    IPV6 => match six::advertised(&packet.payload) {
                        Some(managed) => return self.advertised(managed),
                        None => PacketKind::Dhcp6,
                    },
                    _ => return,
                };
                let (source, octets) = (packet.source, packet.payload);
                self.heard.push_back(Heard::Packet { ifindex, kind, source, octets });
            }
            Outgoing::Packet(_) => {}
        }
    }

    fn take_event(&mut self, event: KernelEvent) {
        let Interface { ifindex, wiphy } = HERE;
        match event {
            KernelEvent::InterfaceRemoved => self.heard.push_back(Heard::Gone { ifindex }),
            event => {
                if event == KernelEvent::RegulatoryChanged {
                    let radio = self.world.radio();
                    self.heard.push_back(Heard::RadioChanged { wiphy, radio });
                }
                self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
            }
        }
    }

    /// Answers those who control the world.
    fn obey(&mut self) {
        for (client, ask) in self.control.asks() {
            self.catch_up();
            let answer = match ask {
                Ok(Ask::World) => truth::world(self.world.scenario()),
                Ok(Ask::Truth) => {
                    truth::truth(self.real(self.world.now()), &self.world, &self.stack.addresses)
                }
                Ok(Ask::Watch) => {
                    self.control.watch(client);
                    control::done()
                }
                Ok(Ask::Order { ap, order }) if usize::from(ap) < self.world.scenario().aps.len() => {
                    self.stage(|world, stage| world.order(ap, order, stage));
                    control::done()
                }
                Ok(Ask::Order { ap, .. }) => control::refused(&format!("there is no access point {ap}")),
                Err(why) => control::refused(&why),
            };
            self.control.answer(client, &answer);
        }
    }

    /// Sets the timer for what is due next.
    fn set_alarm(&mut self) -> io::Result<()> {
        let script = self.script.front().map(|fault| START + fault.after);
        let next = if self.heard.is_empty() {
            self.world.deadline().into_iter().chain(script).min().map(|at| self.real(at))
        } else {
            // Something is to be read already.
            Some(self.real(START))
        };
        if next == self.alarm {
            return Ok(());
        }
        self.alarm = next;
        // Nought would disarm it, and is the start of the machine.
        let at = next.map_or(Duration::ZERO, |at| at.since_start().max(Duration::from_nanos(1)));
        let value = Timespec {
            tv_sec: at.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: at.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }

    /// The figures of the peer, if there is one.
    fn figures(&self) -> Option<Box<StationFigures>> {
        let held = self.world.kernel().truth().held?;
        let setup = self.world.scenario().aps.iter().find(|setup| setup.links.address() == held.peer);
        // A signal is told in whole dBm.
        let signal = setup.and_then(|setup| i8::try_from(setup.signal_mbm / 100).ok());
        let of_signal = |address| StationFigures { address, signal_dbm: signal, ..StationFigures::default() };
        let bssid = |id| {
            let links = setup.into_iter().flat_map(|setup| setup.links.iter());
            links.filter(|(link, _)| *link == Some(id)).map(|(_, bss)| bss.bssid).next()
        };
        let links = held.station_links.iter().filter_map(|id| Some((*id, of_signal(bssid(*id)?))));
        Some(Box::new(StationFigures {
            authorized: held.authorized,
            average_signal_dbm: signal,
            links: links.collect(),
            ..of_signal(held.peer)
        }))
    }

    /// The kernel of the world's machine asks for routers when its address on the link is good, which is at once.
    fn solicit(&mut self) {
        let Interface { ifindex, .. } = HERE;
        self.heard.push_back(Heard::LinkLocal { ifindex, address: Some(LINK_LOCAL) });
        let asked = six::solicitation(LINK_LOCAL);
        self.stage(|world, stage| world.send(ROUTERS, IPV6, asked, stage));
    }

    /// A router has answered: it makes no addresses of prefixes, since there are none in what it says.
    fn advertised(&mut self, managed: Managed) {
        let wish = match managed {
            Managed::Nothing => Wish::Nothing,
            Managed::Information => Wish::Information,
            Managed::Addresses => Wish::Addresses,
        };
        self.heard.push_back(Heard::Routers { ifindex: HERE.ifindex, wish });
    }

    fn send(&mut self, kind: PacketKind, to: MacAddr, octets: Vec<u8>) {
        let ethertype = match kind {
            PacketKind::Dhcp | PacketKind::DhcpServer => IPV4,
            PacketKind::Arp => ARP,
            PacketKind::Dhcp6 => IPV6,
        };
        self.stage(|world, stage| world.send(to, ethertype, octets, stage));
    }
}

/// The numbers of the one interface.
struct Interface {
    ifindex: u32,
    wiphy: u32,
}

const HERE: Interface = Interface { ifindex: INTERFACE.ifindex, wiphy: INTERFACE.wiphy };

impl Kernel for Virtual {
    fn perform(&mut self, command: Command) {
        let Interface { ifindex, wiphy } = HERE;
        self.catch_up();
        match command {
            Command::Adopt(_) => self.input(KernelInput::SetUp(true)),
            Command::Ask { ticket, request, .. } => self.world.ask(ticket, parts::Command::Request(request)),
            Command::ReadInterface { .. } => {
                let outcome = Ok(Box::new(self.world.kernel().read_interface()));
                self.heard.push_back(Heard::InterfaceRead { ifindex, outcome });
            }
            Command::Diagnose { .. } => {
                let outcome = Ok(self.figures());
                self.heard.push_back(Heard::Diagnosed { ifindex, outcome });
            }
            Command::SetPowered { on, .. } => {
                self.input(KernelInput::SetUp(on));
                self.heard.push_back(Heard::Powered { ifindex, outcome: Ok(()) });
            }
            Command::SetRadioBlocked { blocked, .. } => {
                self.input(KernelInput::Block(blocked));
                self.heard.push_back(Heard::RadioSwitched { wiphy, outcome: Ok(()) });
                if blocked != std::mem::replace(&mut self.stack.is_blocked, blocked) {
                    self.heard.push_back(Heard::RadioBlocked { wiphy, by: blocked.then_some(Block::Soft) });
                }
                // As this machine does: what was up before comes up again.
                if !blocked {
                    self.input(KernelInput::SetUp(true));
                }
            }
            Command::SetPort { open, .. } => self.stack.is_open = open,
            Command::Listen { on, .. } => self.stack.is_listening = on,
            Command::Send { kind, to, octets, .. } => self.send(kind, to, octets),
            Command::SetAddress { address, .. } => {
                if !self.stack.addresses.contains(&address) {
                    self.stack.addresses.push(address);
                }
                if let IpAddr::V6(address) = address.address {
                    // Nobody else is there.
                    self.heard.push_back(Heard::Address6 { ifindex, address, standing: Standing::Usable });
                }
            }
            Command::RemoveAddress { address, .. } => self.stack.addresses.retain(|has| *has != address),
            Command::SetRoute { route, .. } => {
                if !self.stack.routes.contains(&route) {
                    self.stack.routes.push(route);
                }
            }
            Command::RemoveRoute { route, .. } => self.stack.routes.retain(|has| *has != route),
            // The virtual radio takes a station's part only.
            Command::SetMode { ifindex, .. } => {
                self.heard.push_back(Heard::ModeSet {
                    ifindex,
                    outcome: Err(Refusal { errno: Errno::EOPNOTSUPP, message: None }),
                });
            }
            Command::JoinAdHoc { ifindex, .. } | Command::LeaveAdHoc { ifindex } => {
                let refusal = Refusal { errno: Errno::EOPNOTSUPP, message: None };
                let event = AdHocEvent::Answered(Err(refusal));
                self.heard.push_back(Heard::AdHoc { ifindex, event });
            }
            // Nobody is there who would hand a network over.
            Command::OffChannel { ifindex, what: OffChannel::Send { number, .. } } => {
                let outcome = Err(Refusal { errno: Errno::EOPNOTSUPP, message: None });
                self.heard.push_back(Heard::OffChannelSent { ifindex, number, outcome });
            }
            Command::OffChannel { .. } => {}
            Command::ScanAsAccessPoint { ifindex } => {
                let refusal = Refusal { errno: Errno::EOPNOTSUPP, message: None };
                let event = SurveyEvent::Begun(Err(refusal));
                self.heard.push_back(Heard::Surveyed { ifindex, event });
            }
            Command::AskAdHoc { ifindex, number, .. } => {
                let outcome = Err(Refusal { errno: Errno::EOPNOTSUPP, message: None });
                self.heard.push_back(Heard::AdHoc { ifindex, event: AdHocEvent::Done { number, outcome } });
            }
            Command::Serve { ifindex, number, .. } => {
                self.heard.push_back(Heard::Served {
                    ifindex,
                    number,
                    outcome: Err(Refusal { errno: Errno::EOPNOTSUPP, message: None }),
                });
            }
            Command::Share { ifindex, .. } => {
                let refusal = Refusal { errno: Errno::EOPNOTSUPP, message: None };
                self.heard
                    .push_back(Heard::Shared { ifindex, outcome: Err(NotShared::NoTranslation(refusal)) });
            }
            Command::ReadSurroundings => {
                self.heard.push_back(Heard::Surroundings { networks: Vec::new(), name_servers: Vec::new() });
            }
            Command::ListenForClients { .. } | Command::Unshare { .. } => {}
            Command::DiagnoseClients { ifindex } => {
                self.heard.push_back(Heard::ClientsDiagnosed {
                    ifindex,
                    outcome: Err(Refusal { errno: Errno::EOPNOTSUPP, message: None }),
                });
            }
            // Its radio has one.
            Command::MakeInterface { .. } => {}
            // Nobody there looks names up.
            Command::EnableIpv6 { .. } | Command::Resolve { .. } => {}
            Command::ReadIpv6 { .. } => self.solicit(),
        }
        // Nobody reads before there is something to be read.
        if let Err(error) = self.set_alarm() {
            self.heard.push_back(Heard::Trouble(format!("the world's clock cannot be set: {error}")));
        }
    }

    fn receive(&mut self) -> io::Result<Option<Heard>> {
        if self.heard.is_empty() {
            // Its count means nothing: the clock is read anyway.
            let _read = rustix::io::read(&self.timer, &mut [0_u8; 8]);
            self.catch_up();
            self.obey();
            self.control.flush();
            self.set_alarm()?;
        }
        Ok(self.heard.pop_front())
    }
}

impl AsFd for Virtual {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
