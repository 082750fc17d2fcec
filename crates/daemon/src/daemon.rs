//! The daemon between the stations and the machine: one turn for each thing heard, nothing that waits.

mod interface;
#[cfg(test)]
mod tests;

use crate::flight::event::{self, Loudness, Place, Told};
use crate::flight::status::{self, Status};
use crate::flight::{Recorder, timeline};
use crate::kernel::{Block, Command, Found, Heard, Kernel, PacketKind};
use crate::netconf::configuration::{self, Begin, Configuration};
use crate::netconf::{dhcp, settings::Addressing};
use crate::networks::{FileName, KnownNetwork, Store, name::Security, store};
use interface::Interface;
use lapwing_core::attempt::{AttemptId, Entry, Phase};
use lapwing_core::curve::Curves;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::means::Means;
use lapwing_core::network::Network;
use lapwing_core::station::{Action, Event, Report, Settings, Station, Summary};
use lapwing_core::{Duration, Entropy, Instant};
use lapwing_frames::Ssid;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use tracing::{debug, info, warn};

/// What the daemon was told to do otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The interfaces to run; the first of each radio if none is named.
    pub interfaces: Vec<String>,
    /// Whether connections are given addresses.
    pub network_configuration: bool,
    /// Where the flight recorder and the status file are.
    pub runtime: PathBuf,
    /// The machine's name.
    pub hostname: Option<String>,
}

/// The moment of a turn, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// On the clock that never goes back.
    pub clock: Instant,
    /// Seconds since 1970, for what is written to disk.
    pub wall: u64,
}

/// The daemon.
pub struct Daemon<K> {
    kernel: K,
    options: Options,
    store: Store,
    networks: Vec<KnownNetwork>,
    interfaces: BTreeMap<u32, Interface>,
    /// Interfaces that are not run: another of the same radio is, or they are not asked for.
    spare: BTreeMap<u32, Found>,
    entropy: Box<dyn Entropy>,
    curves: Box<dyn Curves>,
    recorder: Recorder,
    /// Whether the recorder's last line could be written: a full disk is told once.
    recording: bool,
    status: String,
}

impl<K: Kernel> Daemon<K> {
    /// A daemon that has heard nothing yet.
    pub fn new(
        kernel: K,
        options: Options,
        store: Store,
        entropy: Box<dyn Entropy>,
        curves: Box<dyn Curves>,
    ) -> Self {
        let recorder = Recorder::new(options.runtime.clone());
        let mut this = Self {
            kernel,
            options,
            store,
            networks: Vec::new(),
            interfaces: BTreeMap::new(),
            spare: BTreeMap::new(),
            entropy,
            curves,
            recorder,
            recording: true,
            status: String::new(),
        };
        this.load();
        this.write_status();
        this
    }

    /// The machine.
    #[must_use]
    pub const fn kernel(&self) -> &K {
        &self.kernel
    }

    /// The machine, for those who have to hear it.
    pub const fn kernel_mut(&mut self) -> &mut K {
        &mut self.kernel
    }

    /// When [`Self::tick`] is due at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.interfaces.values().filter_map(Interface::next_deadline).min()
    }

    /// Hears all that is there.
    ///
    /// # Errors
    /// If the kernel cannot be heard any more.
    pub fn listen(&mut self, mut now: impl FnMut() -> Now) -> io::Result<()> {
        while let Some(heard) = self.kernel.receive()? {
            self.hear(now(), heard);
        }
        Ok(())
    }

    /// Takes one thing that was heard.
    pub fn hear(&mut self, now: Now, heard: Heard) {
        match heard {
            Heard::Appeared(found) => self.appeared(now, found),
            Heard::Gone { ifindex } => self.gone(now, ifindex),
            Heard::Renamed { ifindex, name } => {
                if let Some(interface) = self.interfaces.get_mut(&ifindex) {
                    interface.name = name;
                } else if let Some(mut found) = self.spare.remove(&ifindex) {
                    found.name = name;
                    self.appeared(now, found);
                }
            }
            Heard::RadioChanged { wiphy, radio } => {
                for interface in self.interfaces.values_mut() {
                    if interface.station.interface().wiphy == wiphy {
                        interface.station.set_radio(radio.clone());
                    }
                }
            }
            Heard::Answered { ifindex, ticket, outcome } => {
                self.turn(now, ifindex, Event::Completed { ticket, outcome });
            }
            Heard::Station { ifindex, event } => {
                if let Some(KernelEvent::AddressChanged { address }) = ifindex.map(|_| &event)
                    && let Some(interface) = ifindex.and_then(|ifindex| self.interfaces.get_mut(&ifindex))
                {
                    interface.address = *address;
                }
                match ifindex {
                    Some(ifindex) => self.turn(now, ifindex, Event::Kernel(event)),
                    None => self.turn_all(now, &Event::Kernel(event)),
                }
            }
            Heard::EventsLost => {
                warn!("events of the kernel were lost: reading its state back");
                self.turn_all(now, &Event::EventsLost);
            }
            Heard::Packet { ifindex, kind, source, octets } => {
                let event = match kind {
                    PacketKind::Dhcp => dhcp::Event::Packet { source, octets: &octets },
                    PacketKind::Arp => dhcp::Event::Arp { octets: &octets },
                };
                self.configure(now, ifindex, configuration::Event::Dhcp(event));
            }
            Heard::Address6 { ifindex, address, usable } => {
                let event = if usable {
                    configuration::Event::Address6(address)
                } else {
                    configuration::Event::Address6Gone(address)
                };
                self.configure(now, ifindex, event);
            }
            Heard::Powered { outcome: Ok(()), .. } | Heard::RadioSwitched { outcome: Ok(()), .. } => {}
            Heard::Powered { ifindex, outcome: Err(refusal) } => {
                warn!("interface {ifindex} was not switched: {refusal}");
            }
            Heard::RadioSwitched { wiphy, outcome: Err(refusal) } => {
                warn!("radio {wiphy} was not switched: {refusal}");
            }
            Heard::RadioBlocked { wiphy, by: None } => info!("radio {wiphy} is not blocked any more"),
            Heard::RadioBlocked { wiphy, by: Some(Block::Soft) } => {
                warn!("radio {wiphy} is blocked by software")
            }
            Heard::RadioBlocked { wiphy, by: Some(Block::Hard) } => {
                warn!("radio {wiphy} is blocked by hardware")
            }
            Heard::Advertised { ifindex, advertised } => {
                self.configure(now, ifindex, configuration::Event::Advertised(&advertised));
            }
            Heard::Trouble(text) => warn!("{text}"),
        }
        self.write_status();
    }

    /// Nothing happened but time.
    pub fn tick(&mut self, now: Now) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now.clock);
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            let Some(interface) = self.interfaces.get(&ifindex) else { continue };
            let station = due(interface.station.next_deadline().map(|(at, _)| at));
            let addressing = due(interface.configuration.as_ref().and_then(Configuration::next_deadline));
            if addressing {
                self.configure(now, ifindex, configuration::Event::Dhcp(dhcp::Event::Tick));
            }
            if station {
                self.turn(now, ifindex, Event::Tick);
            }
        }
        self.write_status();
    }

    /// The machine slept.
    pub fn resumed(&mut self, now: Now, slept: Duration) {
        info!("the machine slept for {}", timeline::milliseconds(slept));
        self.turn_all(now, &Event::Resumed(slept));
        self.tick(now);
    }

    /// The network files may have changed.
    pub fn reload(&mut self, now: Now) {
        if !self.load() {
            return;
        }
        let networks = self.for_stations();
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            let lost = self.interfaces.get(&ifindex).is_some_and(|interface| {
                let current = match interface.station.summary() {
                    Summary::Connecting { ssid, .. } | Summary::Connected { ssid, .. } => Some(ssid),
                    Summary::Disconnected
                    | Summary::Searching
                    | Summary::Disconnecting
                    | Summary::Unavailable => None,
                };
                current.is_some_and(|ssid| networks.iter().all(|network| network.ssid != ssid))
            });
            self.turn(now, ifindex, Event::Networks(networks.clone()));
            if lost {
                // Its file is gone: so is the wish to be there.
                self.turn(now, ifindex, Event::Disconnect);
                self.turn(now, ifindex, Event::Autoconnect(true));
            }
        }
        self.write_status();
    }

    /// Leaves every network. Go on hearing until [`Self::is_quiet`], within reason, and then
    /// [`Self::finish`].
    pub fn shut_down(&mut self, now: Now) {
        self.turn_all(now, &Event::Disconnect);
        self.write_status();
    }

    /// Whether no station is in, or on its way into or out of, a network.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_quiet = |summary: Summary| match summary {
            Summary::Disconnected | Summary::Unavailable => true,
            Summary::Searching
            | Summary::Connecting { .. }
            | Summary::Connected { .. }
            | Summary::Disconnecting => false,
        };
        self.interfaces.values().all(|interface| is_quiet(interface.station.summary()))
    }

    /// Undoes what is left of the addresses, and the status file.
    pub fn finish(&mut self, now: Now) {
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            self.unconfigure(now, ifindex);
        }
        self.interfaces.clear();
        self.write_status();
    }

    /// Reads the network files. Returns whether they differ from before.
    fn load(&mut self) -> bool {
        let loaded = self.store.load();
        for error in &loaded.errors {
            warn!("not used: {error}");
        }
        if loaded.networks == self.networks {
            return false;
        }
        info!("{} networks are known", loaded.networks.len());
        self.networks = loaded.networks;
        true
    }

    fn for_stations(&self) -> Vec<Network> {
        self.networks.iter().map(|known| known.network.clone()).collect()
    }

    fn appeared(&mut self, now: Now, found: Found) {
        let ifindex = found.interface.ifindex;
        let is_wanted = if self.options.interfaces.is_empty() {
            let mut others = self.interfaces.values();
            others.all(|other| other.station.interface().wiphy != found.interface.wiphy)
        } else {
            self.options.interfaces.contains(&found.name)
        };
        if !is_wanted {
            debug!("{} is left alone", found.name);
            self.spare.insert(ifindex, found);
            return;
        }
        info!("{} ({}) is run", found.name, found.address);
        self.kernel.perform(Command::Adopt(found.interface));
        let station = Station::new(found.interface, found.radio, found.address, Settings::default());
        let was_up = found.up;
        self.interfaces.insert(ifindex, Interface::new(found.name, found.address, station));
        if !was_up {
            // It is being set up; until it is, the kernel refuses everything.
            self.turn(now, ifindex, Event::Kernel(KernelEvent::InterfaceDown));
        }
        let networks = self.for_stations();
        self.turn(now, ifindex, Event::Networks(networks));
    }

    fn gone(&mut self, now: Now, ifindex: u32) {
        self.spare.remove(&ifindex);
        if !self.interfaces.contains_key(&ifindex) {
            return;
        }
        // The station says goodbye to those who listen; what it asks for comes to nothing.
        self.turn(now, ifindex, Event::Kernel(KernelEvent::InterfaceRemoved));
        self.unconfigure(now, ifindex);
        let Some(interface) = self.interfaces.remove(&ifindex) else { return };
        info!("{} is gone", interface.name);
        // Another interface of the radio may take its place.
        let wiphy = interface.station.interface().wiphy;
        let next =
            self.spare.iter().find(|(_, found)| found.interface.wiphy == wiphy).map(|(&ifindex, _)| ifindex);
        if let Some(found) = next.and_then(|next| self.spare.remove(&next)) {
            self.appeared(now, found);
        }
    }

    fn turn_all(&mut self, now: Now, event: &Event) {
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            self.turn(now, ifindex, event.clone());
        }
    }

    /// Gives a station an event, does what it wants, and gives it what comes of that, until all is done.
    fn turn(&mut self, now: Now, ifindex: u32, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
            let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
            let mut actions = Vec::new();
            interface.station.turn(now.clock, event, &mut means, |action| actions.push(action));
            let place = interface.station.interface();
            for action in actions {
                match action {
                    Action::Ask { ticket, request } => {
                        self.kernel.perform(Command::Ask { interface: place, ticket, request });
                    }
                    Action::Report(report) => events.extend(self.reported(now, ifindex, &report)),
                }
            }
        }
    }

    /// Tells a report to those who listen, and does what belongs to it. Returns what the station is to know.
    fn reported(&mut self, now: Now, ifindex: u32, report: &Report) -> Option<Event> {
        let name = self.interfaces.get(&ifindex)?.name.clone();
        let place = Place { at: now.clock, interface: &name };
        self.tell(&name, event::report(place, report));
        let interface = self.interfaces.get_mut(&ifindex)?;
        match report {
            Report::Timeline(record) => {
                interface.remember(record);
                if let (Entry::Entered(Phase::Online), Some(attempt)) = (&record.entry, record.attempt) {
                    self.tell_timeline(now, ifindex, attempt);
                }
                None
            }
            Report::State(summary) => {
                interface.status.summary = summary.clone();
                None
            }
            Report::Connected(connected) => {
                interface.status.connected = Some(connected.clone());
                interface.status.last_failure = None;
                self.begin(now, ifindex, connected.attempt, &connected.ssid)
            }
            Report::Disconnected { why, .. } => {
                interface.status.connected = None;
                interface.status.last_failure = Some((why.name(), why.to_string()));
                self.unconfigure(now, ifindex);
                self.kernel.perform(Command::SetPort { ifindex, open: false });
                None
            }
            Report::Failed { attempt, why, .. } => {
                interface.status.last_failure = Some((why.name(), why.to_string()));
                self.tell_timeline(now, ifindex, *attempt);
                None
            }
            Report::Learned(learned) => {
                let name = self.file_of(&learned.ssid)?;
                // The connection does not depend on it: a disk may be full or read-only.
                if let Err(error) = self.store.learn(&name, learned, now.wall) {
                    warn!("what was learned could not be kept: {error}");
                }
                None
            }
            Report::Heard { .. } | Report::Scanned | Report::ScanFailed(_) => None,
        }
    }

    /// The file of a network: one with a secret goes before an open one of the same name.
    fn file_of(&self, ssid: &Ssid) -> Option<FileName> {
        let files = self.networks.iter().map(|known| &known.name).filter(|name| name.ssid == *ssid);
        files.max_by_key(|name| name.security == Security::Personal).cloned()
    }

    /// The port is open: addresses are wanted.
    fn begin(&mut self, now: Now, ifindex: u32, attempt: AttemptId, ssid: &Ssid) -> Option<Event> {
        self.kernel.perform(Command::SetPort { ifindex, open: true });
        if !self.options.network_configuration {
            // Somebody else does it; for us the open port is all there is.
            return Some(Event::Configured(attempt));
        }
        let file = self.file_of(ssid);
        let known = self.networks.iter().find(|known| Some(&known.name) == file.as_ref());
        let addressing = known.map_or_else(Addressing::default, |known| known.addressing.clone());
        let remembered = file.as_ref().and_then(|file| self.store.lease(file));
        let interface = self.interfaces.get_mut(&ifindex)?;
        self.kernel.perform(Command::Listen { ifindex, on: true });
        let begin = Begin {
            attempt,
            hardware: interface.address,
            addressing,
            remembered,
            hostname: self.options.hostname.clone(),
            wall_clock: now.wall,
        };
        let (configuration, actions) = Configuration::begin(now.clock, begin);
        interface.configuration = Some(configuration);
        interface.file = file;
        let first =
            actions.into_iter().filter_map(|action| self.configured(now, ifindex, attempt, action)).last();
        // DHCP begins with the first turn, which is due now.
        first.or_else(|| self.turn_configuration(now, ifindex, configuration::Event::Dhcp(dhcp::Event::Tick)))
    }

    /// Gives network configuration an event, and the station what comes of it.
    fn configure(&mut self, now: Now, ifindex: u32, event: configuration::Event<'_>) {
        if let Some(event) = self.turn_configuration(now, ifindex, event) {
            self.turn(now, ifindex, event);
        }
    }

    fn turn_configuration(
        &mut self,
        now: Now,
        ifindex: u32,
        event: configuration::Event<'_>,
    ) -> Option<Event> {
        let configuration = self.interfaces.get_mut(&ifindex)?.configuration.as_mut()?;
        let attempt = configuration.attempt();
        let actions = configuration.turn(now.clock, now.wall, &mut *self.entropy, event);
        actions.into_iter().filter_map(|action| self.configured(now, ifindex, attempt, action)).last()
    }

    /// Undoes the addresses of a connection.
    fn unconfigure(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        interface.status.configured = None;
        let Some(configuration) = interface.configuration.take() else { return };
        let attempt = configuration.attempt();
        for action in configuration.end() {
            // Nothing for the station comes of it: the connection is gone.
            self.configured(now, ifindex, attempt, action);
        }
        self.kernel.perform(Command::Listen { ifindex, on: false });
    }

    /// Does one thing that network configuration wants. Returns what the station is to know.
    fn configured(
        &mut self,
        now: Now,
        ifindex: u32,
        attempt: AttemptId,
        action: configuration::Action,
    ) -> Option<Event> {
        use configuration::Action as Wanted;
        let name = self.interfaces.get(&ifindex)?.name.clone();
        let place = Place { at: now.clock, interface: &name };
        let command = match action {
            Wanted::Send { to, octets } => Command::Send { ifindex, kind: PacketKind::Dhcp, to, octets },
            Wanted::SendArp { to, octets } => Command::Send { ifindex, kind: PacketKind::Arp, to, octets },
            Wanted::SetAddress { address, lifetime } => Command::SetAddress { ifindex, address, lifetime },
            Wanted::RemoveAddress(address) => Command::RemoveAddress { ifindex, address },
            Wanted::SetRoute(route) => Command::SetRoute { ifindex, route },
            Wanted::RemoveRoute(route) => Command::RemoveRoute { ifindex, route },
            Wanted::EnableIpv6(on) => Command::EnableIpv6 { name, on },
            Wanted::Resolve(resolver) => Command::Resolve { name, resolver },
            Wanted::Configured(configured) => {
                self.tell(&name, event::configured(place, attempt, &configured));
                self.interfaces.get_mut(&ifindex)?.status.configured = Some(configured);
                return Some(Event::Configured(attempt));
            }
            Wanted::Unconfigured(why) => {
                self.tell(&name, event::configuration(place, attempt, &why.to_string()));
                self.interfaces.get_mut(&ifindex)?.status.configured = None;
                return Some(Event::Unconfigured(attempt, why));
            }
            Wanted::Remember(lease) => {
                if let Some(file) = self.interfaces.get(&ifindex)?.file.clone()
                    && let Err(error) = self.store.leased(&file, lease.as_ref())
                {
                    warn!("the lease could not be kept: {error}");
                }
                return None;
            }
            Wanted::Note(sentence) => {
                self.tell(&name, event::configuration(place, attempt, &sentence));
                return None;
            }
        };
        self.kernel.perform(command);
        None
    }

    /// Tells the timeline of an attempt that is at its end, or connected.
    fn tell_timeline(&mut self, now: Now, ifindex: u32, attempt: AttemptId) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        let text = interface.timeline(attempt);
        if text.is_empty() {
            return;
        }
        for line in text.lines() {
            info!("{}: {line}", interface.name);
        }
        let name = interface.name.clone();
        let place = Place { at: now.clock, interface: &name };
        self.record(&event::timeline(place, attempt, &text));
    }

    fn tell(&mut self, name: &str, told: Told) {
        match told.loudness {
            Loudness::Warning => warn!("{name}: {}", told.sentence),
            Loudness::Info => info!("{name}: {}", told.sentence),
            Loudness::Debug => debug!("{name}: {}", told.sentence),
        }
        self.record(&told);
    }

    fn record(&mut self, told: &Told) {
        match self.recorder.write(&told.object.clone().finish()) {
            Ok(()) => self.recording = true,
            Err(error) => {
                if std::mem::take(&mut self.recording) {
                    warn!("the flight recorder cannot write: {error}");
                }
            }
        }
    }

    fn write_status(&mut self) {
        let all: BTreeMap<String, Status> = self
            .interfaces
            .values()
            .map(|interface| (interface.name.clone(), interface.status.clone()))
            .collect();
        let text = status::render(&all);
        if text != self.status {
            if let Err(error) =
                store::replace(&self.options.runtime.join(status::FILE), text.as_bytes(), 0o644)
            {
                debug!("the status file cannot be written: {error}");
            }
            self.status = text;
        }
    }
}
