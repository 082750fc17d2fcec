//! iwd 3.3.
//!
//! Modelled, as the sources have it (`netdev.c`, `station.c`, `pmksa.c`, `blacklist.c`):
//! * With firmware that connects by itself and has SAE done outside: one CONNECT. Without a cached PMKSA a machine
//!   of SAE (group 19) waits for the firmware's wish. With one there is none ("Skipping SAE"): CONNECT says open,
//!   and the PMKID is in the RSNE. The firmware is not told any PMKSA.
//! * A wish that meets no machine is answered with status 1. Then the word of the kernel is waited for, without
//!   a limit.
//! * A PMKSA leaves the cache when it is used and comes back when the handshake has been completed: after a
//!   failure the next attempt does SAE.
//! * With a SoftMAC radio: AUTHENTICATE, ASSOCIATE. Who is asked to connect while connected disconnects first. Keys
//!   are never deleted.
//! * An AP MLD is the BSSs that it is made of: there is no multi-link operation.
//!
//! Left out: all key management but open, WPA2- and WPA3-Personal; offload of SAE and of the handshake; roaming;
//! hunting and pecking, which it insists on with such firmware (the access points here know hash-to-element only);
//! CONNECT on SoftMAC radios for what is not SAE; the several lists of its automatic connection (it is one list
//! here, with a scan every 10 s and then ever less often); SA Query; the list of APs that failed is kept, with its
//! time that grows by 30, from a minute to a day.

mod external;
mod joining;

use super::handshake::{Handshake, Progress};
use super::search::Search;
use super::target::{Target, View};
use super::{Numbers, Secrets, Turn, connecting, farewell};
use crate::party::{PartyOutput, Seat};
use lapwing_core::attempt::{AttemptId, Ticket};
use lapwing_core::kernel::{KernelEvent, Refusal, Reply, Request, ScanEntry};
use lapwing_core::network::Network;
use lapwing_core::pmksa::PmksaCache;
use lapwing_core::radio::{Radio, RadioKind};
use lapwing_core::rsn::{Candidate, Plan};
use lapwing_core::sae::{self, Sae};
use lapwing_core::station::{Event, Report, Summary};
use lapwing_core::{Duration, Instant, Means};
use lapwing_frames::MacAddr;
use lapwing_frames::management::{Body, Management, ReasonCode, StatusCode};
use std::collections::BTreeMap;

/// How long a scan may take before it is asked for anew.
const SCAN_LIMIT: Duration = Duration::from_secs(30);
/// When the air is searched again, at first; the time doubles.
const SCAN_AGAIN: Duration = Duration::from_secs(10);
/// The longest time between two scans.
const SCAN_AT_MOST: Duration = Duration::from_secs(300);
/// How long a BSS is left alone at first.
const ALONE: Duration = Duration::from_secs(60);
/// By how much that grows with the next failure.
const ALONE_FACTOR: u32 = 30;
/// How long a BSS is left alone at the most.
const ALONE_AT_MOST: Duration = Duration::from_secs(86_400);
/// How often a frame of SAE goes out again in the firmware's name, and after what time (`dot11RSNAConfigSAESync`).
const REPEAT: Duration = Duration::from_secs(2);

/// What the party does about a connection.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// The kernel was asked to leave, and has not said that it did.
    Leaving,
    /// SoftMAC.
    Authenticating(Box<Going>),
    /// SoftMAC: the association; FullMAC: all of it.
    Connecting(Box<Going>),
    Handshaking(Box<Going>, Box<Handshake>),
    Connected(Box<Target>, Option<Box<Handshake>>),
}

/// What is on the way.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Going {
    target: Target,
    /// As it is announced: with the PMKID.
    plan: Option<Plan>,
    candidate: Option<Candidate>,
    cached: bool,
    sae: Option<Box<Sae>>,
    /// When the frame of SAE is repeated, if it travels in the firmware's name.
    repeat: Option<Instant>,
    ticket: Ticket,
}

/// The machine.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Iwd {
    seat: Seat,
    numbers: Numbers,
    inner: Inner,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Inner {
    secrets: Secrets,
    pmksa: PmksaCache,
    networks: Vec<Network>,
    wanted: Option<Network>,
    search: Search,
    pause: Duration,
    phase: Phase,
    /// BSSs that are left alone: since when, and for how long.
    alone: BTreeMap<MacAddr, (Instant, Duration)>,
}

impl core::fmt::Debug for Iwd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Iwd").field("state", &self.summary()).finish_non_exhaustive()
    }
}

impl Iwd {
    /// One that has heard nothing yet.
    #[must_use]
    pub fn new(seat: Seat) -> Self {
        let inner = Inner {
            secrets: Secrets::default(),
            pmksa: PmksaCache::new(),
            networks: Vec::new(),
            wanted: None,
            search: Search::No,
            pause: SCAN_AGAIN,
            phase: Phase::Idle,
            alone: BTreeMap::new(),
        };
        Self { seat, numbers: Numbers::default(), inner }
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
        self.inner.step(&mut turn, event);
        self.inner.overdue(&mut turn);
        let after = self.summary();
        if before != after {
            out.push(PartyOutput::Report(Report::State(after)));
        }
    }

    /// When it must be told the time, and what it waits for until then. While it waits for the kernel, never.
    #[must_use]
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let search = self.inner.search.deadline();
        let repeat = match &self.inner.phase {
            Phase::Connecting(going) => going.repeat.map(|at| (at, "an answer to a frame of SAE")),
            _ => None,
        };
        [search, repeat].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// What it is doing, in a word.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let inner = &self.inner;
        match (&inner.phase, &inner.wanted) {
            (Phase::Connected(target, _), _) => {
                Summary::Connected { ssid: target.ssid.clone(), attempt: AttemptId(self.numbers.attempt) }
            }
            (Phase::Leaving, _) => Summary::Disconnecting,
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
    fn step(&mut self, turn: &mut Turn<'_, '_>, event: Event) {
        match event {
            Event::Networks(networks) => {
                self.networks = networks;
                self.look(turn, turn.seat.autoconnect);
            }
            Event::Autoconnect(on) => self.look(turn, on),
            // This model knows no choice of a BSS.
            Event::Connect(network) | Event::ConnectTo { network, .. } => {
                turn.note("is asked to connect");
                self.wanted = Some(network);
                self.alone.clear();
                (self.search, self.pause) = (Search::At(turn.now), SCAN_AGAIN);
                self.leave(turn);
            }
            Event::Disconnect => {
                (self.wanted, self.search) = (None, Search::No);
                self.leave(turn);
            }
            Event::Scan | Event::ScanFor(_) | Event::ScanOn(_) => self.search.want(turn.now),
            Event::Completed { ticket, outcome } => self.completed(turn, ticket, outcome),
            Event::Kernel(event) => self.heard(turn, event),
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

    /// Looks for the known networks, if it may.
    fn look(&mut self, turn: &mut Turn<'_, '_>, autoconnect: bool) {
        if autoconnect && self.wanted.is_none() && self.phase == Phase::Idle {
            self.wanted = self.networks.iter().find(|network| network.autoconnect).cloned();
            if self.wanted.is_some() {
                self.search = Search::At(turn.now);
            }
        }
    }

    /// Leaves what there is; the search waits for the kernel's word.
    fn leave(&mut self, turn: &mut Turn<'_, '_>) {
        if matches!(self.phase, Phase::Idle | Phase::Leaving) {
            return;
        }
        let reason = ReasonCode::LeavingDeauthenticated;
        match (turn.seat.radio.kind, &self.phase) {
            (RadioKind::SoftMac, Phase::Authenticating(going)) => {
                let peer = going.target.authenticator();
                turn.ask(Request::Deauthenticate { peer, reason, local_only: false });
                self.phase = Phase::Idle;
            }
            _ => {
                turn.ask(Request::Disconnect { reason });
                self.phase = Phase::Leaving;
            }
        }
    }

    fn overdue(&mut self, turn: &mut Turn<'_, '_>) {
        match self.search {
            Search::At(at) if at <= turn.now && self.phase == Phase::Idle => {
                self.search = Search::begin(turn, self.wanted.as_ref(), SCAN_LIMIT);
            }
            // Not while there is a connection, or the wish for one.
            Search::At(at) if at <= turn.now => self.search = Search::At(turn.now + SCAN_AGAIN),
            Search::Running { until } if until <= turn.now => self.later(turn),
            _ => {}
        }
        if let Phase::Connecting(going) = &mut self.phase
            && going.repeat.is_some_and(|at| at <= turn.now)
            && let Some(machine) = &mut going.sae
        {
            match machine.repeat() {
                sae::Progress::Send(frame) => {
                    going.repeat = Some(turn.now + REPEAT);
                    external::send_frame(turn, &going.target, frame);
                }
                _ => {
                    going.repeat = None;
                    let target = going.target.clone();
                    external::answer(turn, &target, StatusCode::UnspecifiedFailure);
                }
            }
        }
    }

    /// The next scan is a while away.
    fn later(&mut self, turn: &Turn<'_, '_>) {
        self.search = Search::At(turn.now + self.pause);
        self.pause = (self.pause * 2).min(SCAN_AT_MOST);
    }

    fn completed(&mut self, turn: &mut Turn<'_, '_>, ticket: Ticket, outcome: Result<Reply, Refusal>) {
        if self.search == Search::Reading(ticket) {
            self.search = Search::No;
            match outcome {
                Ok(Reply::Scan(entries)) => self.choose(turn, &entries),
                _ => self.later(turn),
            }
            return;
        }
        let accepted = outcome.is_ok();
        let progress = match &mut self.phase {
            Phase::Authenticating(going) | Phase::Connecting(going)
                if going.ticket == ticket && !accepted =>
            {
                Progress::Failed
            }
            Phase::Handshaking(_, handshake) => handshake.completed(ticket, accepted),
            _ => Progress::Going,
        };
        match progress {
            Progress::Going => {}
            Progress::Open => self.secured(turn),
            Progress::Failed => self.failed(turn),
        }
    }

    fn choose(&mut self, turn: &mut Turn<'_, '_>, heard: &[ScanEntry]) {
        let Some(network) = self.wanted.clone() else { return };
        let now = turn.now;
        self.alone.retain(|_, (since, length)| now.since(*since) < *length);
        let view = View { network: &network, radio: &turn.seat.radio, multi_link: false };
        let found = view.targets(heard).into_iter().find(|target| !self.alone.contains_key(&target.bssid));
        match found {
            Some(target) => self.connect(turn, &network, target),
            None => self.later(turn),
        }
    }

    fn heard(&mut self, turn: &mut Turn<'_, '_>, event: KernelEvent) {
        let goodbye = farewell(&event);
        match (event, &mut self.phase) {
            (KernelEvent::ScanDone { .. }, _) => {
                if matches!(self.search, Search::Running { .. } | Search::No) {
                    self.search = Search::Reading(turn.ask(Request::ReadScan));
                }
            }
            (KernelEvent::ScanAborted, _) if self.search != Search::No => self.later(turn),
            (KernelEvent::ExternalAuthentication(wish), Phase::Connecting(going)) => {
                external::asked(turn, going, &wish)
            }
            (KernelEvent::Frame { bytes, .. }, Phase::Connecting(going)) => {
                external::frame(turn, going, &bytes)
            }
            (KernelEvent::Authentication { frame }, Phase::Authenticating(going)) => {
                if let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(&frame)
                    && header.transmitter == going.target.bssid
                {
                    self.authenticated(turn, &body);
                }
            }
            (KernelEvent::AuthenticationTimedOut { .. }, Phase::Authenticating(_))
            | (KernelEvent::AssociationTimedOut { .. }, Phase::Connecting(_)) => self.failed(turn),
            (KernelEvent::Connected(connection), Phase::Connecting(_)) => self.connected(turn, &connection),
            (KernelEvent::KeyFrame { bytes, in_clear, .. }, Phase::Handshaking(_, handshake)) => {
                let progress = handshake.take(turn, &bytes, in_clear);
                if progress == Progress::Failed {
                    self.leave(turn);
                }
            }
            (KernelEvent::KeyFrame { bytes, in_clear, .. }, Phase::Connected(_, Some(handshake))) => {
                handshake.take(turn, &bytes, in_clear);
            }
            (
                KernelEvent::Deauthentication { .. } | KernelEvent::Disassociation { .. },
                Phase::Authenticating(going) | Phase::Connecting(going),
            ) if goodbye.is_some_and(|(from, _)| from == going.target.bssid) => self.failed(turn),
            (KernelEvent::Disconnected { .. }, Phase::Leaving) => {
                self.phase = Phase::Idle;
                if self.wanted.is_some() {
                    self.search = Search::At(turn.now);
                }
            }
            (KernelEvent::Disconnected { reason, .. }, phase) if *phase != Phase::Idle => {
                turn.note(format!("the connection is gone, reason {}", reason.0));
                let was_connected = matches!(phase, Phase::Connected(..));
                if was_connected {
                    (self.phase, self.search, self.pause) = (Phase::Idle, Search::At(turn.now), SCAN_AGAIN);
                } else {
                    self.failed(turn);
                }
            }
            (KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved, _) => {
                (self.phase, self.search) = (Phase::Idle, Search::No);
            }
            (KernelEvent::InterfaceUp, _) if self.wanted.is_some() => self.search = Search::At(turn.now),
            _ => {}
        }
    }

    fn succeeded(&mut self) {
        (self.search, self.pause) = (Search::No, SCAN_AGAIN);
        self.alone.clear();
    }

    /// The attempt failed: the BSS is left alone for a while.
    fn failed(&mut self, turn: &mut Turn<'_, '_>) {
        match core::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Authenticating(going) | Phase::Connecting(going) | Phase::Handshaking(going, _) => {
                turn.note("failed to connect");
                let before = self.alone.get(&going.target.bssid).map(|(_, length)| *length);
                let length = before.map_or(ALONE, |length| (length * ALONE_FACTOR).min(ALONE_AT_MOST));
                self.alone.insert(going.target.bssid, (turn.now, length));
                self.later(turn);
            }
            other => self.phase = other,
        }
    }
}
