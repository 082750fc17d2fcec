//! wpa_supplicant with a SoftMAC radio, in two versions: 2.11, and hostap's master branch of August 2026.
//!
//! Modelled, as the sources have it (`sme.c`, `wpa_supplicant.c`, `events.c`):
//! * Whoever is asked to associate anew while connected scans and goes straight to AUTHENTICATE: there is no
//!   goodbye to the access point, and the kernel ends the old connection by itself, without a frame.
//! * There is one variable for the links. It takes the links of the *target* before keys are cleared, whatever
//!   the kernel has; link removals take links out of it.
//! * Keys that may be installed are deleted before an authentication and after a connection: group keys with
//!   link −1 (2.11), or for each of the links of the variable while the state is beyond the association (master).
//! * A cached PMKSA replaces SAE by an open authentication. A refused association drops it; a deauthentication
//!   with reason 9 in its place does in master only; silence never does, so the same way is tried again.
//! * Failures put off the next scan by 0.1, 0.5, 1, 5 and then 10 s; from the fourth on the network is left alone
//!   for 10, 20, 30, 60, 60, 90 … 120 … 300 s.
//! * Master can ask for a link of the AP MLD that it is in (a person's `setup_link_reconfig`); 2.11 cannot.
//!
//! Left out: all key management but open, WPA2- and WPA3-Personal; fast transition, roaming, background scans,
//! power saving; the list of single BSSs to be ignored (where there is nothing else it is emptied at once); the
//! deletion of keys at start; SA Query; links of an AP MLD that were not heard; the scans while a network is left
//! alone; comebacks that the kernel does not handle; FullMAC radios.

mod joining;

use super::handshake::{Handshake, Progress};
use super::search::Search;
use super::target::{Target, View, association_link};
use super::{Numbers, Secrets, Turn, connecting, farewell};
use crate::party::{PartyOutput, Seat};
use joining::deauthenticate;
use lapwing_core::attempt::{AttemptId, Ticket};
use lapwing_core::kernel::{KernelEvent, Refusal, Reply, Request, ScanEntry};
use lapwing_core::network::Network;
use lapwing_core::pmksa::PmksaCache;
use lapwing_core::radio::Radio;
use lapwing_core::rsn::{Candidate, Plan};
use lapwing_core::sae::Sae;
use lapwing_core::station::{Event, Report, Summary};
use lapwing_core::{Duration, Instant, Means};
use lapwing_frames::management::{Body, Management};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeSet;

/// How long the kernel may take over an authentication or an association (`SME_AUTH_TIMEOUT`).
const SME_LIMIT: Duration = Duration::from_secs(5);
/// How long a handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a scan may take before it is asked for anew.
const SCAN_LIMIT: Duration = Duration::from_secs(30);
/// When a scan that the kernel refused is asked for again.
const SCAN_AGAIN: Duration = Duration::from_secs(1);
/// How long after a lost connection the access point is looked for.
const AFTER_LOSS: Duration = Duration::from_millis(100);
/// The indices of group keys that are cleared.
const CLEARED: core::ops::Range<u8> = 0..6;

/// Which wpa_supplicant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Release 2.11.
    V2_11,
    /// The development branch as it was in August 2026.
    Master,
}

/// What the party does about a connection.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Authenticating { going: Box<Going>, sae: Option<Box<Sae>>, ticket: Ticket, until: Instant },
    Associating { going: Box<Going>, ticket: Ticket, until: Instant },
    Handshaking { going: Box<Going>, handshake: Box<Handshake>, until: Instant },
    Completed { target: Box<Target>, handshake: Option<Box<Handshake>> },
}

/// What is on the way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Going {
    target: Target,
    /// As it is announced: with the PMKID.
    plan: Option<Plan>,
    candidates: Vec<Candidate>,
    /// A cached PMKSA replaces SAE.
    cached: bool,
}

/// The machine.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WpaSupplicant {
    version: Version,
    seat: Seat,
    numbers: Numbers,
    inner: Inner,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Inner {
    secrets: Secrets,
    pmksa: PmksaCache,
    networks: Vec<Network>,
    /// The network that is enabled.
    wanted: Option<Network>,
    /// Associate even if nothing better than what there is was found.
    reassociate: bool,
    search: Search,
    phase: Phase,
    /// The one variable: links of the connection, or of the target.
    valid_links: BTreeSet<LinkId>,
    /// Indices of keys that the driver may have.
    keys: BTreeSet<u8>,
    failures: u32,
    long_failures: u32,
    left_alone_until: Option<Instant>,
}

impl core::fmt::Debug for WpaSupplicant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WpaSupplicant")
            .field("version", &self.version)
            .field("state", &self.summary())
            .field("valid_links", &self.inner.valid_links)
            .field("search", &self.inner.search)
            .finish_non_exhaustive()
    }
}

impl WpaSupplicant {
    /// One that has heard nothing yet.
    #[must_use]
    pub fn new(version: Version, seat: Seat) -> Self {
        let inner = Inner {
            secrets: Secrets::default(),
            pmksa: PmksaCache::new(),
            networks: Vec::new(),
            wanted: None,
            reassociate: false,
            search: Search::No,
            phase: Phase::Idle,
            valid_links: BTreeSet::new(),
            keys: BTreeSet::new(),
            failures: 0,
            long_failures: 0,
            left_alone_until: None,
        };
        Self { version, seat, numbers: Numbers::default(), inner }
    }

    /// Takes an event, and says what is to be done about it, in this order.
    pub fn turn(&mut self, now: Instant, event: Event, means: &mut Means<'_>, out: &mut Vec<PartyOutput>) {
        let before = self.summary();
        match &event {
            Event::Kernel(KernelEvent::AddressChanged { address }) => self.seat.address = *address,
            Event::Autoconnect(on) => self.seat.autoconnect = *on,
            _ => {}
        }
        let mut turn = Turn { now, seat: &self.seat, numbers: &mut self.numbers, means, out };
        self.inner.step(self.version, &mut turn, event);
        self.inner.overdue(self.version, &mut turn);
        let after = self.summary();
        if before != after {
            out.push(PartyOutput::Report(Report::State(after)));
        }
    }

    /// When it must be told the time, and what it waits for until then.
    #[must_use]
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let search = self.inner.search.deadline();
        let phase = match self.inner.phase {
            Phase::Authenticating { until, .. } => Some((until, "an authentication")),
            Phase::Associating { until, .. } => Some((until, "an association")),
            Phase::Handshaking { until, .. } => Some((until, "the 4-way handshake")),
            Phase::Idle | Phase::Completed { .. } => None,
        };
        [search, phase].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What it is doing, in a word.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let inner = &self.inner;
        let attempt = AttemptId(self.numbers.attempt);
        match (&inner.phase, &inner.wanted) {
            (Phase::Completed { target, .. }, _) => Summary::Connected { ssid: target.ssid.clone(), attempt },
            (Phase::Idle, None) if inner.search == Search::No => Summary::Disconnected,
            (Phase::Idle, None) => Summary::Searching,
            (_, Some(network)) => connecting(&network.ssid, &self.numbers),
            (_, None) => Summary::Disconnecting,
        }
    }

    /// Takes other capabilities or channels of the radio.
    pub fn set_radio(&mut self, radio: Radio) {
        self.seat.radio = radio;
    }
}

impl Inner {
    fn step(&mut self, version: Version, turn: &mut Turn<'_, '_>, event: Event) {
        match event {
            Event::Networks(networks) => {
                self.networks = networks;
                self.enable(turn, turn.seat.autoconnect);
            }
            Event::Autoconnect(on) => self.enable(turn, on),
            // This model knows no choice of a BSS.
            Event::Connect(network) | Event::ConnectTo { network, .. } => {
                turn.note("is asked to associate");
                self.wanted = Some(network);
                self.begin(turn);
            }
            Event::Disconnect => {
                (self.wanted, self.search) = (None, Search::No);
                if let Some(peer) = self.peer() {
                    turn.ask(deauthenticate(peer));
                }
                self.phase = Phase::Idle;
                self.clear_keys(version, turn, None);
            }
            Event::Scan | Event::ScanFor(_) | Event::ScanOn(_) => self.search.want(turn.now),
            Event::Completed { ticket, outcome } => self.completed(version, turn, ticket, outcome),
            Event::Kernel(event) => self.heard(version, turn, event),
            // It reads on, and does not know what it missed.
            Event::EventsLost
            | Event::Roam { .. }
            | Event::Affinities(_)
            | Event::HoldScan(_)
            | Event::Resumed(_)
            | Event::Configured(_)
            | Event::Unconfigured(..)
            | Event::Tick => {}
        }
    }

    /// Enables the first network, if nothing else is wanted and it may.
    fn enable(&mut self, turn: &mut Turn<'_, '_>, autoconnect: bool) {
        if autoconnect && self.wanted.is_none() && !self.networks.is_empty() {
            self.wanted = self.networks.iter().find(|network| network.autoconnect).cloned();
            self.begin(turn);
        }
    }

    fn begin(&mut self, turn: &mut Turn<'_, '_>) {
        self.reassociate = true;
        (self.failures, self.long_failures, self.left_alone_until) = (0, 0, None);
        self.search = Search::At(turn.now);
    }

    /// What is overdue.
    fn overdue(&mut self, version: Version, turn: &mut Turn<'_, '_>) {
        match self.search {
            Search::At(at) if at <= turn.now => {
                self.search = Search::begin(turn, self.wanted.as_ref(), SCAN_LIMIT);
            }
            Search::Running { until } if until <= turn.now => self.search = Search::At(turn.now + SCAN_AGAIN),
            _ => {}
        }
        match &self.phase {
            Phase::Authenticating { until, .. }
            | Phase::Associating { until, .. }
            | Phase::Handshaking { until, .. }
                if *until <= turn.now =>
            {
                turn.note("waited long enough");
                self.give_up(version, turn);
            }
            _ => {}
        }
    }

    /// The access point or AP MLD of the phase.
    fn peer(&self) -> Option<MacAddr> {
        match &self.phase {
            Phase::Idle => None,
            Phase::Authenticating { going, .. }
            | Phase::Associating { going, .. }
            | Phase::Handshaking { going, .. } => Some(going.target.authenticator()),
            Phase::Completed { target, .. } => Some(target.authenticator()),
        }
    }

    fn completed(
        &mut self,
        version: Version,
        turn: &mut Turn<'_, '_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) {
        if self.search == Search::Reading(ticket) {
            self.search = Search::No;
            match outcome {
                Ok(Reply::Scan(entries)) => self.choose(version, turn, &entries),
                _ => self.search = Search::At(turn.now + SCAN_AGAIN),
            }
            return;
        }
        let accepted = outcome.is_ok();
        let progress = match &mut self.phase {
            Phase::Authenticating { ticket: ours, .. } | Phase::Associating { ticket: ours, .. }
                if *ours == ticket && !accepted =>
            {
                Progress::Failed
            }
            Phase::Handshaking { handshake, .. } => handshake.completed(ticket, accepted),
            Phase::Completed { handshake: Some(handshake), .. } => {
                // A key of a renewal that is refused is logged, no more.
                handshake.completed(ticket, accepted);
                Progress::Going
            }
            _ => Progress::Going,
        };
        match progress {
            Progress::Going => {}
            Progress::Open => self.complete(turn),
            Progress::Failed => self.give_up(version, turn),
        }
    }

    /// Decides about what was heard.
    fn choose(&mut self, version: Version, turn: &mut Turn<'_, '_>, heard: &[ScanEntry]) {
        let Some(network) = self.wanted.clone() else { return };
        if let Some(until) = self.left_alone_until.filter(|until| turn.now < *until) {
            self.search = Search::At(until);
            return;
        }
        let (radio, multi_link) = (&turn.seat.radio, turn.seat.radio.multi_link);
        let view = View { network: &network, radio, multi_link };
        let Some(target) = view.targets(heard).into_iter().next() else {
            self.search = Search::At(turn.now + Duration::from_secs(5));
            return;
        };
        if let Phase::Completed { target: held, .. } = &self.phase {
            if !self.reassociate {
                return;
            }
            if version == Version::Master && self.reconfigure(turn, held, &target) {
                self.reassociate = false;
                return;
            }
        }
        self.reassociate = false;
        self.authenticate(version, turn, &network, target);
    }

    /// Asks for the links that the AP MLD of the connection has besides; whether there are any.
    fn reconfigure(&self, turn: &mut Turn<'_, '_>, held: &Target, found: &Target) -> bool {
        let Some(mld) = found.mld.as_ref().filter(|_| held.authenticator() == found.authenticator()) else {
            return false;
        };
        let missing = mld.links.iter().filter(|(id, _)| !self.valid_links.contains(id));
        let add: Vec<_> = missing.map(|(id, link)| association_link(*id, link)).collect();
        if add.is_empty() {
            return false;
        }
        turn.note("asks the AP MLD for the links that it has besides");
        turn.ask(Request::ReconfigureLinks { add, remove: Vec::new() });
        true
    }

    fn heard(&mut self, version: Version, turn: &mut Turn<'_, '_>, event: KernelEvent) {
        let goodbye = farewell(&event);
        match (event, &mut self.phase) {
            (KernelEvent::ScanDone { .. }, _) => {
                if matches!(self.search, Search::Running { .. } | Search::No) {
                    self.search = Search::Reading(turn.ask(Request::ReadScan));
                }
            }
            (KernelEvent::ScanAborted, _) if self.search != Search::No => {
                self.search = Search::At(turn.now + SCAN_AGAIN);
            }
            (KernelEvent::Authentication { frame }, Phase::Authenticating { going, .. }) => {
                if let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(&frame)
                    && (header.transmitter == going.target.authenticator()
                        || header.transmitter == going.target.bssid)
                {
                    self.authenticated(version, turn, &body);
                }
            }
            (KernelEvent::AuthenticationTimedOut { .. }, Phase::Authenticating { .. }) => {
                turn.note("the authentication timed out");
                self.connection_failed(turn);
            }
            (KernelEvent::AssociationTimedOut { .. }, Phase::Associating { .. }) => {
                turn.note("the association timed out");
                self.connection_failed(turn);
            }
            (KernelEvent::Connected(connection), Phase::Associating { .. }) => {
                self.associated(version, turn, &connection);
            }
            (KernelEvent::KeyFrame { bytes, in_clear, .. }, Phase::Handshaking { handshake, .. }) => {
                let progress = handshake.take(turn, &bytes, in_clear);
                self.keys.extend(core::mem::take(&mut handshake.installed));
                if progress == Progress::Failed {
                    self.give_up(version, turn);
                }
            }
            (
                KernelEvent::KeyFrame { bytes, in_clear, .. },
                Phase::Completed { handshake: Some(handshake), .. },
            ) => {
                handshake.take(turn, &bytes, in_clear);
                self.keys.extend(core::mem::take(&mut handshake.installed));
            }
            (
                KernelEvent::Deauthentication { .. } | KernelEvent::Disassociation { .. },
                Phase::Authenticating { going, .. } | Phase::Associating { going, .. },
            ) => {
                // One of our own is the end of what was before.
                if let Some((_, reason)) = goodbye.filter(|(from, _)| *from != turn.seat.address)
                    && goodbye.is_some_and(|(from, _)| {
                        from == going.target.authenticator() || from == going.target.bssid
                    })
                {
                    self.thrown_out(version, turn, reason);
                }
            }
            (
                KernelEvent::Disconnected { reason, .. },
                Phase::Handshaking { .. } | Phase::Completed { .. },
            ) => {
                turn.note(format!("the connection is gone, reason {}", reason.0));
                let was_complete = matches!(self.phase, Phase::Completed { .. });
                self.phase = Phase::Idle;
                self.clear_keys(version, turn, None);
                if was_complete {
                    self.search = Search::At(turn.now + AFTER_LOSS);
                    self.reassociate = true;
                } else {
                    self.connection_failed(turn);
                }
            }
            (KernelEvent::LinksRemoved { links }, _) => {
                for link in links {
                    self.valid_links.remove(&link);
                    if let Phase::Completed { handshake: Some(handshake), .. } = &mut self.phase {
                        handshake.remove_link(link);
                    }
                }
            }
            (KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved, _) => {
                (self.phase, self.search) = (Phase::Idle, Search::No);
                self.keys.clear();
            }
            (KernelEvent::InterfaceUp, _) if self.wanted.is_some() => self.begin(turn),
            _ => {}
        }
    }
}
