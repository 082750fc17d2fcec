//! Connecting: the firmware was asked to connect, and does so by itself.
//!
//! What it is asked for depends on what it can do ([`Guard`]); what it does in the end is its own decision. So
//! nothing here relies on what was intended: SAE is done whenever it asks for it (see `external`), the key of the
//! handshake is the one that message 1 names, and the elements of message 2 are those that it says it has sent.
//! A firmware that says nothing is told to stop after a while, and what it holds is read back.

use super::{
    Footing, State,
    associating::{KeyFrame, extended_capabilities, owe_code},
    connected::Connected,
    context::{Journey, Turn},
    departure::Then,
    disconnecting::Disconnecting,
    external::Served,
    interference,
    mirror::Told,
    roaming::Roaming,
    scanning::Scanning,
    securing::Association,
};
use crate::{
    attempt::{Entry, Phase, Ticket},
    crypto::keys::{Pmk, Pmkid},
    failure::Code,
    kernel::{ConnectRequest, Connection, Errno, KernelEvent, Offload, Refusal, Reply, Request},
    network::{Credentials, Network},
    owe::{Owe, OweProgress},
    radio::RadioKind,
    rsn::{Candidate, Plan},
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::{Element, Elements, OweDhParameter, Rsn},
    management::{AuthenticationAlgorithm, ReasonCode, StatusCode},
    suite::Akm,
};

/// How long the firmware may take to connect, SAE by our frames included.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long it may take for a handshake of its own.
const PORT_LIMIT: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile whether the port is open: not every driver says so by itself.
const PORT_READ_EVERY: Duration = Duration::from_secs(1);
/// How long it may take to say that it gave up, once it was told that there is no key. Some never say so.
const SURRENDER_LIMIT: Duration = Duration::from_secs(3);
/// How long it may take to take a key.
const TELLING_LIMIT: Duration = Duration::from_secs(5);
/// When to ask a firmware again that is busy.
const BUSY_FOR: Duration = Duration::from_millis(700);
/// How often to ask it before it is told to give up whatever it is busy with.
const BUSY_TRIES: u8 = 4;

/// What the connection is protected by, and who does the work.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Guard {
    /// Nothing.
    Open,
    /// A pre-shared key; the handshake is ours.
    PreShared(Pmk),
    /// SAE by our frames whenever the firmware asks for it; the handshake is ours. A key of an earlier
    /// connection is offered, perhaps.
    Sae { offered: Option<Candidate> },
    /// A key that the association makes; the handshake is ours.
    Owe { machine: Box<Owe>, offered: Option<Candidate> },
    /// All is the firmware's work, with this secret.
    Firmware(Offload),
}

impl Guard {
    const fn offered(&self) -> Option<&Candidate> {
        match self {
            Self::Sae { offered } | Self::Owe { offered, .. } => offered.as_ref(),
            Self::Open | Self::PreShared(_) | Self::Firmware(_) => None,
        }
    }

    fn offer_none(&mut self) {
        match self {
            Self::Sae { offered } | Self::Owe { offered, .. } => *offered = None,
            Self::Open | Self::PreShared(_) | Self::Firmware(_) => {}
        }
    }

    /// What the firmware has to be given or told for it.
    fn offload(&self) -> Offload {
        match self {
            Self::Open | Self::PreShared(_) | Self::Owe { .. } => Offload::None,
            Self::Sae { .. } => Offload::ExternalSae,
            Self::Firmware(offload) => offload.clone(),
        }
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// The firmware is being told the key that will be offered.
    Telling(Ticket),
    /// It is busy, and will be asked again.
    Busy,
    /// It was asked to connect, and has accepted that or not yet.
    Asked { ticket: Ticket, accepted: bool },
    /// It was told that there is no key, and ought to give up.
    Surrendering(Code),
    /// It is associated and does the handshake: the port is read back now and then.
    Offloaded { reading: Option<Ticket>, limit: Instant },
}

/// The firmware connects.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Connecting {
    pub journey: Journey,
    pub target: Target,
    guard: Guard,
    stage: Stage,
    /// How often it was busy.
    refusals: u8,
    /// A key frame that overtook the kernel's word of the connection, and who sent it.
    early: Option<(MacAddr, KeyFrame)>,
    until: Instant,
}

impl core::fmt::Debug for Connecting {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connecting")
            .field("journey", &self.journey)
            .field("target", &self.target)
            .field("stage", &self.stage)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// What a connection by this plan takes on this radio.
    fn guard(
        &mut self,
        network: &Network,
        plan: Option<&Plan>,
        offered: Option<Candidate>,
    ) -> Result<Guard, Code> {
        let kind = self.context.radio.kind;
        Ok(match (plan, &network.credentials) {
            (None, _) => Guard::Open,
            (Some(plan), _) if plan.akm() == Akm::Owe => {
                Guard::Owe { machine: Box::new(Owe::new(self.groups(network).to_vec())), offered }
            }
            (Some(plan), Credentials::Personal(_)) if plan.akm().is_psk() => {
                let psk = self.pre_shared(network).ok_or(Code::NoneSuitable)?;
                if self.context.radio.psk_offload {
                    Guard::Firmware(Offload::Psk(psk))
                } else {
                    Guard::PreShared(Pmk::new(psk).ok_or(Code::NoneSuitable)?)
                }
            }
            (Some(_), Credentials::Personal(personal)) if kind == RadioKind::FullMacSaeOffload => {
                // There is no way to tell it an identifier, or a password element instead of the password.
                let password = personal.passphrase.clone().filter(|_| personal.password_identifier.is_none());
                Guard::Firmware(Offload::Sae(password.ok_or(Code::NoneSuitable)?))
            }
            (Some(_), _) if kind == RadioKind::FullMacExternalSae => Guard::Sae { offered },
            (Some(_), _) => return Err(Code::NoneSuitable),
        })
    }

    /// Has the firmware connect with the AP that was chosen, by a cached PMKSA if there is one.
    pub(super) fn connect(
        &mut self,
        mut journey: Journey,
        target: Target,
        cached: Option<Candidate>,
    ) -> State {
        self.context.made = None;
        let guard = match self.guard(&journey.network, target.plan(), cached) {
            Ok(guard) => guard,
            Err(code) => return self.failed(journey, Some(&target), code, Footing::Clean),
        };
        let phase = match &guard {
            Guard::Sae { offered: None } | Guard::Firmware(Offload::Sae(_)) => Phase::Authenticate,
            _ => Phase::Associate,
        };
        journey.enter(self, phase);
        let offers = guard.offered().is_some();
        let mut connecting = Connecting {
            journey,
            target,
            guard,
            stage: Stage::Busy,
            refusals: 0,
            early: None,
            until: self.now + TELLING_LIMIT,
        };
        // A firmware that does not know the key would ask for SAE; or take its name, and fail.
        if offers && let Some(ticket) = self.tell_offered(&connecting) {
            connecting.stage = Stage::Telling(ticket);
            return State::Connecting(Box::new(connecting));
        }
        connecting.ask(self)
    }

    fn tell_offered(&mut self, connecting: &Connecting) -> Option<Ticket> {
        let plan = connecting.target.plan()?;
        let key = self.pmksa_key(&connecting.target, plan.akm());
        let entry = self.context.pmksa.find(self.now, &key)?.clone();
        Some(self.tell_firmware(Some(connecting.journey.id), &entry))
    }

    /// The firmware is connected with this AP: what was asked for goes on there.
    pub(super) fn linked(
        &mut self,
        mut journey: Journey,
        target: Target,
        connection: Connection,
        early: Option<KeyFrame>,
    ) -> State {
        journey.enter(self, Phase::Associate);
        let footing = Footing::Connected(connection.peer);
        match self.guard(&journey.network, target.plan(), None) {
            Ok(guard) => self.guarded(journey, target, guard, connection, early),
            Err(code) => self.failed(journey, Some(&target), code, footing),
        }
    }

    /// The same, with what it takes.
    fn guarded(
        &mut self,
        mut journey: Journey,
        target: Target,
        guard: Guard,
        connection: Connection,
        early: Option<KeyFrame>,
    ) -> State {
        let footing = Footing::Connected(connection.peer);
        let Some(plan) = target.plan() else {
            return Connected::begin(self, journey, target, None, false, 0, &BTreeMap::new());
        };
        let plan = match guard.offered().and_then(|offered| offered.pmkid) {
            Some(pmkid) => plan.clone().with_pmkid(pmkid),
            None => plan.clone(),
        };
        let Some(plan) = plan.as_sent(&connection.request_elements) else {
            let code = Code::Firmware("it asked the access point for other protection than it was told");
            return self.failed(journey, Some(&target), code, footing);
        };
        let mut fresh = None;
        let mut candidates = Vec::new();
        match guard {
            Guard::Open | Guard::Firmware(_) => {
                journey.enter(self, Phase::Handshake);
                let mut connecting = Connecting {
                    journey,
                    target,
                    guard,
                    stage: Stage::Offloaded { reading: None, limit: self.now + PORT_LIMIT },
                    refusals: 0,
                    early: None,
                    until: self.now,
                };
                connecting.read_port(self);
                return State::Connecting(Box::new(connecting));
            }
            Guard::PreShared(pmk) => candidates.push(Candidate { pmkid: None, pmk }),
            Guard::Sae { offered } => {
                let made = self.context.made.clone().filter(|(peer, _)| *peer == connection.peer);
                fresh = made.map(|(_, candidate)| candidate);
                candidates.extend(fresh.clone());
                candidates.extend(offered.or_else(|| self.cached(&target, &plan)));
                // An AP that names none in message 1 means the one that it was told.
                let told = |candidate: &Candidate| {
                    candidate.pmkid.is_some_and(|pmkid| plan.pmkids().contains(&pmkid))
                };
                candidates.sort_by_key(|candidate| !told(candidate));
            }
            Guard::Owe { mut machine, offered } => {
                let response = Elements::new(&connection.response_elements);
                let repeated = offered.as_ref().and_then(|candidate| candidate.pmkid).is_some_and(|pmkid| {
                    matches!(response.find::<Rsn>(), Ok(Some(rsn)) if rsn.pmkids().contains(&pmkid.0))
                });
                let parameter = response.find::<OweDhParameter>().ok().flatten();
                let status = StatusCode::Success;
                match machine.handle(&mut self.means.lend(), status, parameter.as_ref(), repeated) {
                    OweProgress::Accepted(keys) => {
                        if offered.is_some() {
                            let gone = self.context.pmksa.refused(target.address(), &target.bss().ssid);
                            self.forgotten(gone);
                        }
                        fresh =
                            Pmk::new(keys.pmk).map(|pmk| Candidate { pmkid: Some(Pmkid(keys.pmkid)), pmk });
                        candidates.extend(fresh.clone());
                    }
                    OweProgress::PmksaAccepted => candidates.extend(offered),
                    OweProgress::Retry(_) => {}
                    OweProgress::Failed(failure) => {
                        return self.failed(journey, Some(&target), owe_code(&failure), footing);
                    }
                }
            }
        }
        if candidates.is_empty() {
            let code = Code::Firmware("it is connected by a key that nobody here knows");
            return self.failed(journey, Some(&target), code, footing);
        }
        let used_cache = fresh.is_none() && !plan.akm().is_psk();
        self.secure(Association {
            journey,
            target,
            plan: Some(plan),
            connection,
            candidates,
            fresh,
            used_cache,
            early,
        })
    }
}

impl Connecting {
    pub(super) fn peer(&self) -> MacAddr {
        self.target.address()
    }

    /// Whether the firmware may be at it.
    pub(super) const fn is_out(&self) -> bool {
        !matches!(self.stage, Stage::Telling(_) | Stage::Busy)
    }

    pub(super) const fn deadline(&self) -> (Instant, &'static str) {
        let what = match &self.stage {
            Stage::Telling(_) => "the firmware to take a key",
            Stage::Busy => "the firmware to be ready",
            Stage::Asked { .. } => "the firmware's word about the connection",
            Stage::Surrendering(_) => "the firmware to give up",
            Stage::Offloaded { .. } => "the firmware to open the port",
        };
        (self.until, what)
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Connecting(self)
    }

    /// Asks the firmware to connect.
    fn ask(mut self, turn: &mut Turn<'_>) -> State {
        let plan =
            self.target.plan().map(|plan| match self.guard.offered().and_then(|offered| offered.pmkid) {
                Some(pmkid) => plan.clone().with_pmkid(pmkid),
                None => plan.clone(),
            });
        let mut elements = plan.as_ref().map(Plan::association_elements).unwrap_or_default();
        if let Guard::Owe { machine, .. } = &mut self.guard {
            match machine.start(&mut turn.means.lend()) {
                Ok(parameter) => parameter.write(&mut elements),
                Err(failure) => {
                    let Self { journey, target, .. } = self;
                    return turn.failed(journey, Some(&target), owe_code(&failure), Footing::Clean);
                }
            }
        }
        let extended = extended_capabilities(&turn.context.radio);
        if !extended.octets().is_empty() {
            extended.write(&mut elements);
        }
        let sae = plan.as_ref().is_some_and(|plan| plan.akm().is_sae());
        let bss = self.target.bss();
        let request = ConnectRequest {
            ssid: bss.ssid.clone(),
            bssid: Some(bss.bssid),
            frequency: Some(bss.frequency),
            elements,
            algorithm: if sae { AuthenticationAlgorithm::Sae } else { AuthenticationAlgorithm::Open },
            security: plan.as_ref().map(|plan| turn.security(plan)),
            sae: plan.as_ref().and_then(Plan::sae),
            previous: None,
            offload: self.guard.offload(),
            multi_link: self.target.mld().is_some(),
        };
        let ticket = turn.ask(Some(self.journey.id), Request::Connect(Box::new(request)));
        self.stage = Stage::Asked { ticket, accepted: false };
        self.until = turn.now + CONNECT_LIMIT;
        State::Connecting(Box::new(self))
    }

    /// The firmware knows the key that will be offered, or does not.
    pub(super) fn told(mut self: Box<Self>, turn: &mut Turn<'_>, told: &Told) -> State {
        match (&self.stage, told.again) {
            (Stage::Telling(ticket), again) if *ticket == told.ticket => {
                if let Some(again) = again {
                    self.stage = Stage::Telling(again);
                    return State::Connecting(self);
                }
                if !told.known {
                    self.guard.offer_none();
                }
                self.ask(turn)
            }
            _ => State::Connecting(self),
        }
    }

    pub(super) fn completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        match (&mut self.stage, outcome) {
            (Stage::Asked { ticket: ours, accepted }, Ok(_)) if *ours == ticket => {
                *accepted = true;
                State::Connecting(self)
            }
            (Stage::Asked { ticket: ours, .. }, Err(refusal)) if *ours == ticket => {
                let command = "CONNECT";
                turn.log(ticket.attempt, Entry::Refused { command, refusal: refusal.clone() });
                self.refused(turn, refusal)
            }
            (Stage::Offloaded { reading, .. }, outcome) if *reading == Some(ticket) => {
                *reading = None;
                let peer = self.peer();
                let open = matches!(&outcome, Ok(Reply::Stations(stations))
                    if stations.iter().any(|station| station.address == peer && station.authorized));
                if open { self.port_is_open(turn) } else { State::Connecting(self) }
            }
            _ => self.ignore(turn, super::LATE),
        }
    }

    /// The kernel did not take the request.
    fn refused(mut self: Box<Self>, turn: &mut Turn<'_>, refusal: Refusal) -> State {
        match refusal.errno {
            Errno::EAGAIN | Errno::EBUSY | Errno::EINPROGRESS => {
                self.refusals += 1;
                if self.refusals < BUSY_TRIES {
                    self.stage = Stage::Busy;
                    self.until = turn.now + BUSY_FOR;
                    return State::Connecting(self);
                }
                let Self { mut journey, target, .. } = *self;
                if core::mem::replace(&mut journey.freed, true) {
                    let code = Code::Firmware("it stays busy with an earlier connection");
                    return turn.failed(journey, Some(&target), code, Footing::Doubt);
                }
                let peer = target.address();
                Disconnecting::begin(turn, peer, true, Then::Again(Box::new((journey, target))))
            }
            Errno::ENOENT if !self.journey.rescanned => {
                // The kernel has forgotten the BSS. One look at its channel brings it back, or not.
                let Self { journey, target, .. } = *self;
                turn.context.table.remove(target.bss().bssid);
                Scanning::rescan(turn, journey, target.bss().frequency)
            }
            _ => self.gave_up(turn, Code::Refused { command: "CONNECT", refusal }, Footing::Doubt),
        }
    }

    /// It came to nothing: with a key of an earlier connection, a full authentication comes at once.
    fn gave_up(self: Box<Self>, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        let Self { journey, target, guard, stage, .. } = *self;
        if guard.offered().is_some() && !matches!(code, Code::Refused { .. }) {
            return turn.without_pmksa(journey, target, footing);
        }
        let asked_for_sae = turn.context.made.is_some() || matches!(stage, Stage::Surrendering(_));
        if matches!(guard, Guard::Sae { .. }) && !asked_for_sae {
            // It was to do SAE and did not ask for it: it uses a key that it got by an answer of ours, to an attempt
            // that came to nothing. The next attempt would meet the same refusal.
            turn.flush_firmware();
        }
        turn.failed(journey, Some(&target), code, footing)
    }

    /// The firmware asked for SAE, and was served or not.
    pub(super) fn served(mut self: Box<Self>, turn: &mut Turn<'_>, served: Served) -> State {
        // It did not want the key that was offered.
        self.guard.offer_none();
        match served {
            Served::Made(..) => self.journey.enter(turn, Phase::Associate),
            Served::Failed(code) => {
                if let Stage::Asked { .. } = self.stage {
                    self.stage = Stage::Surrendering(code);
                    self.until = self.until.min(turn.now + SURRENDER_LIMIT);
                }
            }
        }
        State::Connecting(self)
    }

    pub(super) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        match event {
            KernelEvent::Connected(connection) | KernelEvent::Roamed(connection)
                if !self.is_out() && interference::is_made(&connection) =>
            {
                let code = turn.interfered(interference::connected(connection.peer));
                let Self { journey, target, .. } = *self;
                turn.failed(journey, Some(&target), code, Footing::Doubt)
            }
            KernelEvent::Connected(connection) if self.is_out() => self.connected(turn, connection),
            KernelEvent::Roamed(connection) => {
                let Self { journey, early, .. } = *self;
                Roaming::begin(turn, journey, connection, early)
            }
            // One is kept: an AP sends message 1 again, never two different ones.
            KernelEvent::KeyFrame { from, bytes, in_clear } => {
                self.early = Some((from, KeyFrame { bytes, in_clear }));
                State::Connecting(self)
            }
            KernelEvent::PortAuthorized { peer }
                if peer == self.peer() && matches!(self.stage, Stage::Offloaded { .. }) =>
            {
                self.port_is_open(turn)
            }
            KernelEvent::Disconnected { reason, by_ap } => self.disconnected(turn, reason, by_ap),
            event => self.ignore(turn, event.name()),
        }
    }

    /// The firmware's word: connected, or refused.
    fn connected(self: Box<Self>, turn: &mut Turn<'_>, connection: Connection) -> State {
        if connection.timed_out || connection.status != StatusCode::Success {
            let code = match self.stage {
                Stage::Surrendering(ref code) => code.clone(),
                // Those that do SAE by themselves say so of a confirm that does not match, and of one that an AP
                // refused which was switched off and on since the commit.
                _ if connection.status == StatusCode::ChallengeFailure => {
                    turn.mismatched(&self.journey.network)
                }
                _ if connection.timed_out => Code::AssociationTimedOut,
                _ => Code::AssociationRefused(connection.status),
            };
            return self.gave_up(turn, code, Footing::Clean);
        }
        let peer = connection.peer;
        let Self { journey, target, guard, early, .. } = *self;
        if peer == target.address() {
            let early = early.filter(|(from, _)| *from == peer).map(|(_, frame)| frame);
            return turn.guarded(journey, target, guard, connection, early);
        }
        Roaming::begin(turn, journey, connection, early)
    }

    /// The firmware gave up, or lost what it had.
    fn disconnected(self: Box<Self>, turn: &mut Turn<'_>, reason: ReasonCode, by_ap: bool) -> State {
        let about_keys = matches!(
            reason,
            ReasonCode::FourWayHandshakeTimeout | ReasonCode::InvalidAuthentication | ReasonCode::MicFailure
        );
        let code = match &self.stage {
            // The end of something before, which the request has not reached yet.
            Stage::Telling(_) | Stage::Busy | Stage::Asked { accepted: false, .. } => {
                return self.ignore(turn, "the end of an earlier connection");
            }
            Stage::Surrendering(code) => code.clone(),
            Stage::Offloaded { .. }
                if about_keys && matches!(self.guard, Guard::Firmware(Offload::Psk(_))) =>
            {
                let network = &self.journey.network;
                let again = turn.context.history.suspect(&network.ssid, &network.credentials);
                if again { Code::WrongPasswordLikely } else { super::securing::NOT_HEEDED }
            }
            _ if by_ap => Code::EndedByAccessPoint(reason),
            _ => Code::Firmware("it gave up connecting"),
        };
        turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap });
        self.gave_up(turn, code, Footing::Clean)
    }

    /// Asks the firmware whether the port is open.
    fn read_port(&mut self, turn: &mut Turn<'_>) {
        if let Stage::Offloaded { reading, .. } = &mut self.stage {
            *reading = Some(turn.ask(Some(self.journey.id), Request::ReadStations));
            self.until = turn.now + PORT_READ_EVERY;
        }
    }

    /// The firmware has done the handshake.
    fn port_is_open(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let Self { journey, target, .. } = *self;
        Connected::begin(turn, journey, target, None, false, 0, &BTreeMap::new())
    }

    pub(super) fn overdue(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let peer = self.peer();
        match self.stage.clone() {
            Stage::Telling(_) => {
                self.guard.offer_none();
                self.ask(turn)
            }
            Stage::Busy => self.ask(turn),
            Stage::Asked { accepted: false, .. } => {
                self.gave_up(turn, Code::KernelSilent("CONNECT"), Footing::Halfway(peer))
            }
            Stage::Asked { .. } => {
                let code = Code::Firmware("it never said whether it is connected");
                self.gave_up(turn, code, Footing::Halfway(peer))
            }
            Stage::Surrendering(code) => self.gave_up(turn, code, Footing::Halfway(peer)),
            Stage::Offloaded { limit, .. } if limit <= turn.now => {
                let code = Code::Firmware("it never opened the port");
                self.gave_up(turn, code, Footing::Connected(peer))
            }
            Stage::Offloaded { .. } => {
                self.read_port(turn);
                State::Connecting(self)
            }
        }
    }
}
