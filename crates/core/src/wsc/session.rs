//! The whole of it over the kernel: find who waits, associate without keys, have the exchange, leave.
//!
//! ```text
//! Scanning ─▶ Authenticating ─▶ Associating ─▶ Exchanging ─▶ Leaving ─▶ over
//!    ▲  └▶ Resting ─┐  └──────────────┴─────────────┴── the next one, or ──┐
//!    └──────────────┴────────────────────────────────────────────────◀─────┘
//! ```
//!
//! It has the interface to itself: the station is out of the way meanwhile.

use super::{
    choose::{Candidate, Choice, choose},
    credential::Credential,
    enrollee::{Device, Enrollee, Failure, Outcome},
    pin::Password,
};
use crate::{
    Means,
    attempt::Ticket,
    kernel::{
        AssociateRequest, AssociationPeer, AuthenticateRequest, ConnectRequest, Errno, KernelEvent, Offload,
        Refusal, Reply, Request, ScanRequest,
    },
    scan::Table,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec, vec::Vec};
use core::fmt;
use lapwing_frames::{
    Ssid,
    eapol::{Packet, PacketType},
    management::{AuthenticationAlgorithm, Body, Management, ReasonCode, StatusCode},
    wsc::{
        AssociationRequest, AssociationState, ConfigurationError, Extension, ProbeRequest, RequestType,
        to_elements,
    },
};

/// How long a pushed button counts (WSC 2.0.5 11.3), and how long we look for whoever pushed it.
pub const WALK_TIME: Duration = Duration::from_secs(120);
/// Between two scans.
const REST: Duration = Duration::from_secs(2);
/// For all channels, with beacons waited for on those where one may not ask.
const SCANNING: Duration = Duration::from_secs(40);
/// For an answer of the kernel and one of the access point, with its repetitions.
const ANSWER: Duration = Duration::from_secs(5);
/// For the whole exchange (WSC 2.0.5 7.7.4 allows two minutes; no registrar takes so long).
const EXCHANGE: Duration = Duration::from_secs(60);
/// Until EAPOL-Start is repeated, as long as nobody has asked us anything.
const START_AGAIN: Duration = Duration::from_secs(4);
/// For the access point to end what is over.
const FAREWELL: Duration = Duration::from_secs(1);
/// No more BSSs are looked at.
const TABLE: usize = 512;
/// EAPOL-Start, of version 1, which every access point understands.
const EAPOL_START: [u8; 4] = [1, PacketType::Start.0, 0, 0];
/// Numbers of requests begin here, where those of a station never come.
const FIRST_TICKET: u64 = 1 << 62;

/// What is told to a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The kernel answered a request.
    Completed {
        /// Of which request.
        ticket: Ticket,
        /// With what.
        outcome: Result<Reply, Refusal>,
    },
    /// The kernel said something.
    Kernel(KernelEvent),
    /// Somebody wants it to end.
    Cancel,
    /// Nothing but time.
    Tick,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Ask the kernel.
    Ask {
        /// The request's number.
        ticket: Ticket,
        /// The request.
        request: Request,
    },
    /// It is over: nothing is asked any more, and no association is left.
    Ended(Result<Vec<Credential>, Troubles>),
}

/// Why there are no networks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Troubles {
    /// The buttons of several access points are pushed.
    Overlap,
    /// Two minutes went by, and nobody waited for us.
    WalkTimeOver,
    /// Whoever waited could not be reached, in two minutes.
    NotReached,
    /// The exchange failed.
    Exchange(Failure),
    /// The kernel does not do it.
    Kernel(&'static str, Refusal),
    /// Somebody wanted it to end.
    Cancelled,
    /// The interface went away.
    Unavailable,
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap => f.write_str("the buttons of several access points are pushed"),
            Self::WalkTimeOver => f.write_str("no access point waited for us within two minutes"),
            Self::NotReached => f.write_str("the access point that waited could not be reached"),
            Self::Exchange(failure) => fmt::Display::fmt(failure, f),
            Self::Kernel(what, refusal) => write!(f, "the kernel refused {what}: {refusal}"),
            Self::Cancelled => f.write_str("it was cancelled"),
            Self::Unavailable => f.write_str("the interface went away"),
        }
    }
}

impl core::error::Error for Troubles {}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    device: Device,
    password: Password,
    /// Whether the firmware associates by itself.
    full_mac: bool,
    until: Instant,
    next_ticket: u64,
    /// Whoever waited, and was not tried so far; the likeliest last.
    candidates: Vec<Candidate>,
    /// What the last try failed for.
    last: Option<Failure>,
    /// Whether somebody waited.
    met: bool,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Resting {
        until: Instant,
    },
    Scanning {
        ticket: Ticket,
        step: Scan,
        since: Instant,
        until: Instant,
    },
    Authenticating {
        candidate: Candidate,
        ticket: Ticket,
        until: Instant,
    },
    Associating {
        candidate: Candidate,
        ticket: Ticket,
        until: Instant,
    },
    Exchanging {
        candidate: Candidate,
        enrollee: Box<Enrollee>,
        until: Instant,
        /// When EAPOL-Start is sent again; none once we were asked something.
        again: Option<Instant>,
    },
    /// The last word was sent: the access point may want to say goodbye itself.
    Parting {
        candidate: Candidate,
        outcome: Outcome,
        until: Instant,
    },
    Leaving {
        then: Then,
        ticket: Ticket,
        until: Instant,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scan {
    Asked,
    Running,
    Reading,
}

/// What comes after an access point was left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Then {
    /// The next one.
    Next,
    /// The end.
    End(Result<Vec<Credential>, Troubles>),
}

struct Turn<'a> {
    now: Instant,
    actions: &'a mut Vec<Action>,
}

impl Session {
    /// A session that looks for an access point from now on. Its first [`Event::Tick`] is due at once.
    #[must_use]
    pub const fn new(device: Device, password: Password, full_mac: bool, now: Instant) -> Self {
        Self {
            device,
            password,
            full_mac,
            until: Instant::after_start(now.since_start().saturating_add(WALK_TIME)),
            next_ticket: FIRST_TICKET,
            candidates: Vec::new(),
            last: None,
            met: false,
            state: State::Resting { until: now },
        }
    }

    /// Whether a ticket is one of a session.
    #[must_use]
    pub const fn is_ticket(ticket: Ticket) -> bool {
        ticket.number >= FIRST_TICKET
    }

    /// When [`Event::Tick`] is due at the latest; never once it is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let until = match &self.state {
            State::Resting { until } => (*until).min(self.until),
            State::Exchanging { until, again, .. } => again.map_or(*until, |again| again.min(*until)),
            State::Scanning { until, .. }
            | State::Authenticating { until, .. }
            | State::Associating { until, .. }
            | State::Parting { until, .. }
            | State::Leaving { until, .. } => *until,
            State::Over => return None,
        };
        Some(until)
    }

    /// Whether it has ended.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes an event; the actions are to be done in this order.
    pub fn turn(&mut self, now: Instant, event: Event, means: &mut Means<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut turn = Turn { now, actions: &mut actions };
        let state = core::mem::replace(&mut self.state, State::Over);
        self.state = match event {
            Event::Completed { ticket, outcome } => self.completed(state, &mut turn, ticket, outcome),
            Event::Kernel(event) => self.heard(state, &mut turn, &event, means),
            Event::Cancel => self.cancel(state, &mut turn),
            Event::Tick => state,
        };
        // What is overdue leads to something that has a deadline of its own.
        if self.next_deadline().is_some_and(|at| at <= now) {
            let state = core::mem::replace(&mut self.state, State::Over);
            self.state = self.overdue(state, &mut turn);
        }
        actions
    }

    fn ask(&mut self, turn: &mut Turn<'_>, request: Request) -> Ticket {
        let ticket = Ticket { attempt: None, number: self.next_ticket };
        self.next_ticket = self.next_ticket.saturating_add(1);
        turn.actions.push(Action::Ask { ticket, request });
        ticket
    }

    /// Ends it.
    fn end(&mut self, turn: &mut Turn<'_>, result: Result<Vec<Credential>, Troubles>) -> State {
        turn.actions.push(Action::Ended(result));
        State::Over
    }

    fn scan(&mut self, turn: &mut Turn<'_>) -> State {
        let probe = ProbeRequest {
            request: RequestType::Enrollee,
            methods: self.device.methods,
            uuid: self.device.uuid,
            device_type: self.device.device_type,
            bands: self.device.bands,
            association: AssociationState::NotAssociated,
            error: ConfigurationError::None,
            password_id: self.password.id(),
            manufacturer: Some(self.device.manufacturer.clone()),
            model_name: Some(self.device.model_name.clone()),
            model_number: Some(self.device.model_number.clone()),
            device_name: Some(self.device.name.clone()),
            extension: Extension::ours(),
        };
        let request = ScanRequest {
            ssids: Ssid::new(&[]).into_iter().collect(),
            elements: to_elements(&probe.to_octets()),
            ..ScanRequest::default()
        };
        let ticket = self.ask(turn, Request::TriggerScan(request));
        State::Scanning { ticket, step: Scan::Asked, since: turn.now, until: turn.now + SCANNING }
    }

    /// The next access point; if none is left, a scan, or the end.
    fn next(&mut self, turn: &mut Turn<'_>) -> State {
        if turn.now >= self.until {
            let trouble = match self.last {
                Some(failure) => Troubles::Exchange(failure),
                None if self.met => Troubles::NotReached,
                None => Troubles::WalkTimeOver,
            };
            return self.end(turn, Err(trouble));
        }
        let Some(candidate) = self.candidates.pop() else {
            return State::Resting { until: turn.now + REST };
        };
        if self.full_mac {
            return self.connect(turn, candidate);
        }
        let request = AuthenticateRequest {
            bssid: candidate.bssid,
            frequency: candidate.frequency,
            ssid: candidate.ssid.clone(),
            algorithm: AuthenticationAlgorithm::Open,
            data: Vec::new(),
            elements: Vec::new(),
            mld: None,
        };
        let ticket = self.ask(turn, Request::Authenticate(request));
        State::Authenticating { candidate, ticket, until: turn.now + ANSWER }
    }

    /// The element that says why we have no keys.
    fn elements() -> Vec<u8> {
        let request = AssociationRequest { request: RequestType::Enrollee, extension: Extension::ours() };
        to_elements(&request.to_octets())
    }

    fn connect(&mut self, turn: &mut Turn<'_>, candidate: Candidate) -> State {
        let request = ConnectRequest {
            ssid: candidate.ssid.clone(),
            bssid: Some(candidate.bssid),
            frequency: Some(candidate.frequency),
            elements: Self::elements(),
            algorithm: AuthenticationAlgorithm::Open,
            security: None,
            sae: None,
            previous: None,
            offload: Offload::None,
            multi_link: false,
        };
        let ticket = self.ask(turn, Request::Connect(Box::new(request)));
        State::Associating { candidate, ticket, until: turn.now + ANSWER + ANSWER }
    }

    fn associate(&mut self, turn: &mut Turn<'_>, candidate: Candidate) -> State {
        let request = AssociateRequest {
            peer: AssociationPeer::Bss { bssid: candidate.bssid, frequency: candidate.frequency },
            ssid: candidate.ssid.clone(),
            elements: Self::elements(),
            security: None,
            previous: None,
        };
        let ticket = self.ask(turn, Request::Associate(request));
        State::Associating { candidate, ticket, until: turn.now + ANSWER }
    }

    fn leave(&mut self, turn: &mut Turn<'_>, candidate: &Candidate, then: Then) -> State {
        let reason = ReasonCode::LeavingDeauthenticated;
        let request = if self.full_mac {
            Request::Disconnect { reason }
        } else {
            Request::Deauthenticate { peer: candidate.bssid, reason, local_only: false }
        };
        let ticket = self.ask(turn, request);
        State::Leaving { then, ticket, until: turn.now + ANSWER }
    }

    fn left(&mut self, turn: &mut Turn<'_>, then: Then) -> State {
        match then {
            Then::Next => self.next(turn),
            Then::End(result) => self.end(turn, result),
        }
    }

    fn completed(
        &mut self,
        state: State,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        match (state, outcome) {
            (State::Scanning { ticket: ours, step: Scan::Asked, since, until }, outcome)
                if ours == ticket =>
            {
                match outcome {
                    Ok(_) => State::Scanning { ticket: ours, step: Scan::Running, since, until },
                    // Somebody else scans.
                    Err(Refusal { errno: Errno::EBUSY, .. }) => State::Resting { until: turn.now + REST },
                    Err(refusal) => self.end(turn, Err(Troubles::Kernel("a scan", refusal))),
                }
            }
            (State::Scanning { ticket: ours, step: Scan::Reading, since, .. }, outcome) if ours == ticket => {
                match outcome {
                    Ok(Reply::Scan(entries)) => {
                        let mut table = Table::new(TABLE);
                        for entry in entries {
                            // What cannot be read is no access point that waits.
                            let _ = table.insert(entry, turn.now);
                        }
                        self.found(turn, &table, since)
                    }
                    Ok(_) | Err(_) => State::Resting { until: turn.now + REST },
                }
            }
            (State::Authenticating { ticket: ours, .. }, Err(_)) if ours == ticket => self.next(turn),
            (State::Associating { ticket: ours, candidate, .. }, Err(_)) if ours == ticket => {
                self.leave(turn, &candidate, Then::Next)
            }
            (State::Leaving { then, ticket: ours, .. }, _) if ours == ticket => self.left(turn, then),
            (state, _) => state,
        }
    }

    fn found(&mut self, turn: &mut Turn<'_>, table: &Table, since: Instant) -> State {
        let fresh = table.iter().filter(|bss| bss.heard >= since);
        match choose(fresh, &self.password, self.device.address) {
            Choice::Nobody => State::Resting { until: turn.now + REST },
            Choice::Overlap => self.end(turn, Err(Troubles::Overlap)),
            Choice::These(mut candidates) => {
                candidates.reverse();
                self.candidates = candidates;
                self.met = true;
                self.next(turn)
            }
        }
    }

    fn heard(
        &mut self,
        state: State,
        turn: &mut Turn<'_>,
        event: &KernelEvent,
        means: &mut Means<'_>,
    ) -> State {
        if matches!(event, KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved) && state != State::Over
        {
            return self.end(turn, Err(Troubles::Unavailable));
        }
        match (state, event) {
            (State::Scanning { step: Scan::Running, since, until, .. }, KernelEvent::ScanDone { .. }) => {
                let ticket = self.ask(turn, Request::ReadScan);
                State::Scanning { ticket, step: Scan::Reading, since, until }
            }
            (State::Scanning { step: Scan::Running, .. }, KernelEvent::ScanAborted) => {
                State::Resting { until: turn.now + REST }
            }
            (State::Authenticating { candidate, ticket, until }, KernelEvent::Authentication { frame }) => {
                match Management::parse(frame) {
                    Ok(Management { header, body: Body::Authentication(body) })
                        if header.transmitter == candidate.bssid =>
                    {
                        if body.status == StatusCode::Success {
                            self.associate(turn, candidate)
                        } else {
                            self.next(turn)
                        }
                    }
                    _ => State::Authenticating { candidate, ticket, until },
                }
            }
            (State::Authenticating { candidate, .. }, KernelEvent::AuthenticationTimedOut { peer })
                if *peer == candidate.bssid =>
            {
                self.next(turn)
            }
            (State::Associating { candidate, .. }, KernelEvent::AssociationTimedOut { peer })
                if *peer == candidate.bssid =>
            {
                self.leave(turn, &candidate, Then::Next)
            }
            (State::Associating { candidate, .. }, KernelEvent::Connected(connection)) => {
                if connection.status != StatusCode::Success || connection.timed_out {
                    return self.next(turn);
                }
                self.send(turn, &candidate, EAPOL_START.to_vec());
                State::Exchanging {
                    enrollee: Box::new(Enrollee::new(self.device.clone(), self.password.clone())),
                    candidate,
                    until: turn.now + EXCHANGE,
                    again: Some(turn.now + START_AGAIN),
                }
            }
            (State::Exchanging { candidate, enrollee, until, again }, event) => match event {
                KernelEvent::KeyFrame { from, bytes, .. } if *from == candidate.bssid => {
                    self.exchange(turn, candidate, enrollee, (until, again), bytes, means)
                }
                KernelEvent::Disconnected { .. } => {
                    self.last = Some(Failure::EndedEarly);
                    self.next(turn)
                }
                _ => State::Exchanging { candidate, enrollee, until, again },
            },
            (State::Parting { candidate, outcome, until }, event) => match event {
                KernelEvent::Disconnected { .. } => {
                    let then = self.judge(outcome);
                    self.left(turn, then)
                }
                // EAP-Failure: it is over for the access point too.
                KernelEvent::KeyFrame { from, .. } if *from == candidate.bssid => {
                    let then = self.judge(outcome);
                    self.leave(turn, &candidate, then)
                }
                _ => State::Parting { candidate, outcome, until },
            },
            (State::Leaving { then, .. }, KernelEvent::Disconnected { .. }) => self.left(turn, then),
            (state, _) => state,
        }
    }

    fn send(&mut self, turn: &mut Turn<'_>, candidate: &Candidate, bytes: Vec<u8>) {
        // What becomes of it shows in what the access point says next.
        self.ask(turn, Request::SendKeyFrame { to: candidate.bssid, bytes, in_clear: true });
    }

    fn exchange(
        &mut self,
        turn: &mut Turn<'_>,
        candidate: Candidate,
        mut enrollee: Box<Enrollee>,
        (until, again): (Instant, Option<Instant>),
        bytes: &[u8],
        means: &mut Means<'_>,
    ) -> State {
        let packet = Packet::parse(bytes).ok().filter(|packet| packet.kind == PacketType::Eap);
        let Some(packet) = packet else { return State::Exchanging { candidate, enrollee, until, again } };
        let said = enrollee.receive(packet.body, means);
        let mut again = again;
        if let Some(response) = said.response {
            again = None;
            let mut bytes = vec![1, PacketType::Eap.0];
            bytes.extend(u16::try_from(response.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(response);
            self.send(turn, &candidate, bytes);
        }
        match said.outcome {
            None => State::Exchanging { candidate, enrollee, until, again },
            Some(outcome) => State::Parting { candidate, outcome, until: turn.now + FAREWELL },
        }
    }

    /// What comes after an exchange.
    fn judge(&mut self, outcome: Outcome) -> Then {
        match outcome {
            Outcome::Configured(credentials) => Then::End(Ok(credentials)),
            // Nobody else may be meant: the next guess is not given away.
            Outcome::Failed(failure @ (Failure::WrongPassword | Failure::NoCredentials)) => {
                Then::End(Err(Troubles::Exchange(failure)))
            }
            Outcome::Failed(failure @ Failure::Refused(error)) => {
                if error == ConfigurationError::MultiplePbcSessions {
                    return Then::End(Err(Troubles::Overlap));
                }
                self.last = Some(failure);
                Then::Next
            }
            Outcome::Failed(failure) => {
                self.last = Some(failure);
                Then::Next
            }
        }
    }

    fn cancel(&mut self, state: State, turn: &mut Turn<'_>) -> State {
        let end = || Then::End(Err(Troubles::Cancelled));
        match state {
            State::Over => State::Over,
            State::Resting { .. } => self.end(turn, Err(Troubles::Cancelled)),
            State::Scanning { .. } => {
                self.ask(turn, Request::AbortScan);
                self.end(turn, Err(Troubles::Cancelled))
            }
            State::Authenticating { candidate, .. }
            | State::Associating { candidate, .. }
            | State::Exchanging { candidate, .. }
            | State::Parting { candidate, .. } => self.leave(turn, &candidate, end()),
            State::Leaving { ticket, until, .. } => State::Leaving { then: end(), ticket, until },
        }
    }

    fn overdue(&mut self, state: State, turn: &mut Turn<'_>) -> State {
        match state {
            State::Over => State::Over,
            State::Resting { .. } if turn.now >= self.until => self.next(turn),
            State::Resting { .. } => self.scan(turn),
            State::Scanning { .. } => State::Resting { until: turn.now + REST },
            State::Authenticating { .. } => self.next(turn),
            State::Associating { candidate, .. } => self.leave(turn, &candidate, Then::Next),
            State::Exchanging { candidate, enrollee, until, .. } if turn.now < until => {
                self.send(turn, &candidate, EAPOL_START.to_vec());
                State::Exchanging { candidate, enrollee, until, again: Some(turn.now + START_AGAIN) }
            }
            State::Exchanging { candidate, .. } => {
                self.last = Some(Failure::EndedEarly);
                self.leave(turn, &candidate, Then::Next)
            }
            State::Parting { candidate, outcome, .. } => {
                let then = self.judge(outcome);
                self.leave(turn, &candidate, then)
            }
            // The kernel does not say; what is left of it, the station finds when it is back.
            State::Leaving { then, .. } => self.left(turn, then),
        }
    }
}
