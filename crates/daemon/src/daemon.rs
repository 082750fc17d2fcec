//! The daemon between the stations and the machine: one turn for each thing heard, nothing that waits.

mod ad_hoc;
mod addressing;
mod bare;
mod calls;
mod debugging;
mod enrolling;
mod handover;
mod hearing;
mod hotspots;
mod interface;
mod joining;
mod known;
mod links;
mod looking;
mod modes;
mod power;
mod provisioning;
mod serving;
mod signal;
mod staying;
mod storing;
mod survey;
mod telling;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use crate::choice::Choice;
use crate::control::{CallId, News, Passed};
use crate::flight::{Recorder, timeline};
use crate::hotspot::Hotspot;
use crate::kernel::{Command, Found, Kernel, Regulatory};
use crate::netconf::configuration::{self, Configuration};
use crate::netconf::dhcp;
use crate::netconf::settings::Prefix;
use crate::networks::{FileName, KnownNetwork, Store, passpoint};
use ad_hoc::AdHoc;
use calls::Desk;
use enrolling::Enrolling;
pub use hearing::Listened;
use interface::Interface;
use lapwing_core::attempt::{AttemptId, Entry, Phase};
use lapwing_core::curve::Curves;
use lapwing_core::failure::Code;
use lapwing_core::kernel::{KernelEvent, Reply};
use lapwing_core::means::Means;
use lapwing_core::station::{self, Action, Event, Report, Summary};
use lapwing_core::{Duration, Entropy, Instant, dpp, wsc};
use power::RadioState;
use provisioning::Provisioning;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use storing::Lesson;
use tracing::{debug, info};

/// What the daemon was told to do otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The radios and interfaces to run.
    pub choice: Choice,
    /// Whether developers are served: then nothing is joined before somebody asks, as with iwd.
    pub developer: bool,
    /// Whether connections are given addresses.
    pub network_configuration: bool,
    /// Whether IPv6 is used; a network's file can say no in any case.
    pub ipv6: bool,
    /// Where the flight recorder and the status file are.
    pub runtime: PathBuf,
    /// The machine's name.
    pub hostname: Option<String>,
    /// The blocks of addresses in which hotspots have their networks; as usual if none.
    pub hotspot_blocks: Vec<Prefix<Ipv4Addr>>,
    /// What stations are told.
    pub station: station::Settings,
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
    /// The known networks that can be used.
    networks: BTreeMap<FileName, KnownNetwork>,
    /// Those whose file cannot be used, and why.
    unreadable: BTreeMap<FileName, String>,
    /// Those whose file has no secret: it is asked for.
    lacking: BTreeSet<FileName>,
    /// The profiles of others' hotspots.
    passpoints: BTreeMap<u32, passpoint::Profile>,
    /// Those whose file is encrypted and cannot be decrypted: nobody is told that they are known, as with iwd.
    locked: BTreeSet<FileName>,
    /// What a person should know of the network files.
    file_warning: Option<String>,
    /// Known networks whose stored secret was wrong.
    wrong: BTreeSet<FileName>,
    /// Connections that get their addresses once those who waited for them have their answer.
    later: VecDeque<(u32, AttemptId)>,
    /// What is to be asked of the kernel once those who waited have their answer.
    put_off: VecDeque<Command>,
    /// What is still to be told of the ways of connections, each with its moment and its interface's name.
    untold: VecDeque<(Instant, String, Report)>,
    /// What was learned and is not written yet.
    lessons: Vec<Lesson>,
    /// The stations have not heard of the last change of the networks.
    networks_changed: bool,
    radios: BTreeMap<u32, RadioState>,
    interfaces: BTreeMap<u32, Interface>,
    /// Interfaces that are not run: another of the same radio is, or they are not asked for.
    spare: BTreeMap<u32, Found>,
    /// Radios that get an interface at a moment if they have none by then, and its name.
    bare: BTreeMap<u32, (Instant, String)>,
    desk: Desk,
    /// Calls whose hidden network was found: they go on when the turn has ended.
    found: Vec<CallId>,
    /// Whether another program sets addresses.
    handover: bool,
    /// How many orders it was given.
    orders: u64,
    generation: u64,
    /// The number of the last frame of device provisioning, or question about it.
    numbers: u64,
    /// The country's rules for each radio, as far as the kernel told them.
    regulatory: BTreeMap<u32, Regulatory>,
    entropy: Box<dyn Entropy>,
    curves: Box<dyn Curves>,
    recorder: Recorder,
    /// Whether the recorder's last line could be written: a full disk is told once.
    recording: bool,
    status: String,
    /// The generation that the status is of.
    status_of: Option<u64>,
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
            networks: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            lacking: BTreeSet::new(),
            passpoints: BTreeMap::new(),
            locked: BTreeSet::new(),
            file_warning: None,
            wrong: BTreeSet::new(),
            later: VecDeque::new(),
            put_off: VecDeque::new(),
            untold: VecDeque::new(),
            lessons: Vec::new(),
            networks_changed: false,
            radios: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            spare: BTreeMap::new(),
            bare: BTreeMap::new(),
            desk: Desk::default(),
            found: Vec::new(),
            handover: false,
            orders: 0,
            generation: 0,
            numbers: 0,
            regulatory: BTreeMap::new(),
            entropy,
            curves,
            recorder,
            recording: true,
            status: String::new(),
            status_of: None,
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
        let interfaces = self.interfaces.values().filter_map(Interface::next_deadline);
        interfaces.chain(self.desk.next_deadline()).chain(self.furnishing_deadline()).min()
    }

    /// Nothing happened but time.
    pub fn tick(&mut self, now: Now) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now.clock);
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            let Some(interface) = self.interfaces.get(&ifindex) else { continue };
            let station = due(interface.station.next_deadline().map(|(at, _)| at));
            let addressing = due(interface.configuration.as_ref().and_then(Configuration::next_deadline));
            let hotspot = due(interface.role.hotspot().and_then(Hotspot::next_deadline));
            let enrolling = due(interface.enrolling.as_ref().and_then(Enrolling::deadline));
            let provisioning = due(interface.provisioning.as_ref().and_then(Provisioning::deadline));
            let survey = due(interface.role.survey_deadline());
            let ad_hoc = due(interface.role.ad_hoc().and_then(AdHoc::next_deadline));
            if provisioning {
                self.provisioning_hears(now, ifindex, &dpp::Event::Tick);
            }
            if survey {
                self.survey_overdue(now, ifindex);
            }
            if ad_hoc {
                self.tick_ad_hoc(now, ifindex);
            }
            if enrolling {
                self.enrolling_hears(now, ifindex, wsc::Event::Tick);
            }
            if addressing {
                self.configure(now, ifindex, configuration::Event::Dhcp(dhcp::Event::Tick));
            }
            if station {
                self.turn(now, ifindex, Event::Tick);
            }
            if hotspot {
                self.with_hotspot(now, ifindex, |hotspot, means| hotspot.tick(now.clock, means));
            }
        }
        self.furnish_radios(now);
        self.tick_serving(now);
        self.ask_signals(now);
        self.orders_overdue(now);
        self.calls_overdue(now);
        self.follow(now);
    }

    /// The machine slept.
    pub fn resumed(&mut self, now: Now, slept: Duration) {
        info!("the machine slept for {}", timeline::milliseconds(slept));
        self.turn_all(now, &Event::Resumed(slept));
        self.check_hotspots();
        self.tick(now);
    }

    /// Leaves every network, and ends every hotspot. Go on hearing until [`Self::is_quiet`], within reason, and then
    /// [`Self::finish`].
    pub fn shut_down(&mut self, now: Now) {
        self.close_desk();
        self.cancel_all_enrolling(now);
        self.cancel_all_provisioning(now);
        self.turn_all(now, &Event::Disconnect);
        self.leave_modes(now);
        self.settle(now);
    }

    /// Whether no station is in, or on its way into or out of, a network, and no interface is an access point or has a
    /// network handed over.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_quiet = |summary: Summary| match summary {
            Summary::Disconnected | Summary::Unavailable => true,
            Summary::Searching
            | Summary::Connecting { .. }
            | Summary::Connected { .. }
            | Summary::Roaming { .. }
            | Summary::Disconnecting => false,
        };
        self.interfaces.values().all(|interface| {
            let is_at_rest = is_quiet(interface.station.summary()) && interface.enrolling.is_none();
            is_at_rest && interface.is_plain_station()
        })
    }

    /// Undoes what is left of the addresses, and the status file.
    pub fn finish(&mut self, now: Now) {
        let ifindices: Vec<_> = self.interfaces.keys().copied().collect();
        for ifindex in ifindices {
            self.unconfigure(now, ifindex);
            self.end_serving(ifindex);
        }
        self.interfaces.clear();
        self.changed();
        self.settle(now);
    }

    /// Writes to files what the turns before left to be written. This may take time, so it comes when all that
    /// they led to has been told; what it leads to itself is told next.
    pub fn settle(&mut self, now: Now) {
        self.store_lessons(now);
        self.follow(now);
        self.tell_rest();
        self.write_record();
        self.write_status();
    }

    /// Ends what was heard: calls go on, and the stations hear of other networks.
    fn follow(&mut self, now: Now) {
        self.catch_up(now);
        self.begin_enrolling(now);
        self.tend_provisioning(now);
        self.switch_modes(now);
        self.join_found(now);
        if std::mem::take(&mut self.networks_changed) {
            self.give_networks(now);
        }
        self.look_around(now);
    }

    /// Does what was put off.
    fn catch_up(&mut self, now: Now) {
        while let Some(command) = self.put_off.pop_front() {
            self.kernel.perform(command);
        }
        while let Some((ifindex, attempt)) = self.later.pop_front() {
            if let Some(event) = self.begin(now, ifindex, attempt) {
                self.turn(now, ifindex, event);
            }
        }
    }

    fn appeared(&mut self, now: Now, found: Found) {
        let ifindex = found.interface.ifindex;
        if !self.options.choice.has_radio(&found.radio_name) {
            debug!("{} of {} is left alone", found.name, found.radio_name);
            return;
        }
        let radio = self.radios.entry(found.interface.wiphy).or_default();
        radio.name = Some(found.radio_name.clone());
        radio.hardware.clone_from(&found.hardware);
        radio.ad_hoc = found.ad_hoc;
        self.changed();
        let mut others = self.interfaces.values();
        let is_first = others.all(|other| other.station.interface().wiphy != found.interface.wiphy);
        if !self.options.choice.has_interface(&found.name, is_first) {
            debug!("{} is left alone", found.name);
            self.spare.insert(ifindex, found);
            return;
        }
        info!("{} ({}) is run", found.name, found.address);
        self.kernel.perform(Command::Adopt(found.interface));
        let was_up = found.up;
        let settings = station::Settings { autoconnect: !self.options.developer, ..self.options.station };
        self.interfaces.insert(ifindex, Interface::new(found, settings));
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
        self.end_serving(ifindex);
        let Some(interface) = self.interfaces.remove(&ifindex) else { return };
        info!("{} is gone", interface.name);
        self.close_calls_of(ifindex);
        self.changed();
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
        self.catch_up(now);
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if self.is_left_by(ifindex, &event) {
                self.give_back(now, ifindex);
            }
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
            // What was heard, and whether a scan runs, is seen though no report says it.
            let is_table = matches!(event, Event::Completed { outcome: Ok(Reply::Scan(_)), .. });
            let was_scanning = interface.station.is_scanning();
            let mut means = Means { entropy: &mut *self.entropy, curves: &*self.curves };
            let mut actions = Vec::new();
            interface.station.turn(now.clock, event, &mut means, |action| actions.push(action));
            if is_table {
                *interface.shown.get_mut() = None;
            }
            if is_table || was_scanning != interface.station.is_scanning() {
                self.generation = self.generation.saturating_add(1);
            }
            let place = interface.station.interface();
            let mut told = VecDeque::new();
            for action in actions {
                match action {
                    Action::Ask { ticket, request } => {
                        self.perform(Command::Ask { interface: place, ticket, request });
                    }
                    // The kernel and the access point begin with what is asked of them while it is told.
                    Action::Report(report @ (Report::Timeline(_) | Report::State(_))) => {
                        told.push_back(report)
                    }
                    Action::Report(report) => {
                        told.push_back(report);
                        for report in told.drain(..) {
                            events.extend(self.reported(now, ifindex, &report));
                        }
                    }
                }
            }
            for report in told {
                events.extend(self.reported(now, ifindex, &report));
            }
        }
    }

    /// Asks the kernel for something, in the order in which the station wants it; but behind an answer that somebody
    /// waits for and that does not depend on it.
    fn perform(&mut self, command: Command) {
        if self.desk.has_answers() || !self.put_off.is_empty() {
            self.put_off.push_back(command);
        } else {
            self.kernel.perform(command);
        }
    }

    /// Tells a report to those who listen, and does what belongs to it. Returns what the station is to know.
    fn reported(&mut self, now: Now, ifindex: u32, report: &Report) -> Vec<Event> {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return Vec::new() };
        if let Report::Timeline(record) = report {
            interface.remember(record);
        }
        // Whom it joins is seen as soon as that is chosen.
        if !matches!(report, Report::Timeline(record) if !matches!(record.entry, Entry::Chosen { .. })) {
            self.generation = self.generation.saturating_add(1);
        }
        // Nobody waits for the words; the access point may have answered meanwhile, and whoever waits is answered first.
        self.untold.push_back((now.clock, interface.name.clone(), report.clone()));
        self.tell_developers(ifindex, report);
        self.calls_hear_report(ifindex, report);
        match report {
            Report::Timeline(record) => {
                self.join_began(ifindex, record);
                if let (Entry::Entered(Phase::Online), Some(attempt)) = (&record.entry, record.attempt) {
                    self.tell_timeline(now, ifindex, attempt);
                    self.join_is_online(ifindex, attempt);
                }
            }
            Report::Connected(connected) => {
                self.undisturbed(ifindex);
                self.end_affinity(ifindex);
                self.follow_signal(now, ifindex);
                self.join_ended_well(ifindex, connected);
                self.later.push_back((ifindex, connected.attempt));
            }
            Report::Roamed(connected) => {
                self.desk.tell(News::Passed { ifindex, what: Passed::Way });
                // The kernel has set the carrier down meanwhile, and the interface is dormant again. Addresses stay.
                self.kernel.perform(Command::SetPort { ifindex, open: true });
                self.end_affinity(ifindex);
                let interface = self.interfaces.get_mut(&ifindex);
                if let Some(configuration) = interface.and_then(|it| it.configuration.as_mut()) {
                    configuration.roamed(now.clock, connected.attempt);
                }
                self.roam_ended_well(ifindex, connected);
            }
            Report::RoamFailed { attempt, why, .. } => {
                self.tell_timeline(now, ifindex, *attempt);
                self.roam_failed(ifindex, *attempt, why);
            }
            Report::Disconnected { attempt, why, next_try } => {
                if why.code != Code::Asked {
                    self.desk.tell(News::Passed { ifindex, what: Passed::End });
                }
                // On the way from one access point to another.
                self.roam_failed(ifindex, *attempt, why);
                self.later.retain(|(of, _)| *of != ifindex);
                self.unconfigure(now, ifindex);
                self.end_affinity(ifindex);
                self.follow_signal(now, ifindex);
                self.kernel.perform(Command::SetPort { ifindex, open: false });
                let mut events = self.lost(ifindex);
                if let Some(wait) = next_try {
                    self.tell_timeline(now, ifindex, *attempt);
                    events.extend(self.join_was_of_no_use(ifindex, *attempt, why, *wait));
                }
                return events;
            }
            Report::Failed { attempt, ssid, why, next_try } => {
                self.tell_timeline(now, ifindex, *attempt);
                return self.join_failed(ifindex, *attempt, ssid, why, *next_try);
            }
            Report::Learned(learned) => self.learned(ifindex, learned),
            Report::Interfered { what } => self.interfered(ifindex, what),
            Report::State(_)
            | Report::Heard { .. }
            | Report::NetworkEnds { .. }
            | Report::Scanned
            | Report::ScanFailed(_) => {}
        }
        Vec::new()
    }
}
