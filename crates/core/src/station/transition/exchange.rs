//! Transitioning: a fast transition is under way, over the air from its first frame on, or from the reassociation on.

use super::super::{
    Footing, LATE, State,
    associating::{WORD_LIMIT as ASSOCIATION_LIMIT, extended_capabilities},
    connected::Connected,
    context::{Journey, Turn},
    interference,
    outstanding::Outstanding,
    roam::announced_measurements,
};
use crate::{
    attempt::{Entry, Phase, Ticket, Way},
    failure::Code,
    kernel::{
        AssociateRequest, AssociationPeer, AuthenticateRequest, Connection, KernelEvent, Refusal, Reply,
        Request,
    },
    rsn::{
        Supplicant,
        ft::{Finished, Transition},
    },
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::Element,
    management::{AuthenticationAlgorithm, Body, Management, StatusCode},
};

/// How long the kernel may take to say what became of the Authentication frame: it sends it three times, 200 ms apart.
const WORD_LIMIT: Duration = Duration::from_secs(2);
/// The kernel repeats the reassociation for longer than some APs remember what it is about.
const LEAST_DEADLINE: Duration = Duration::from_secs(1);
/// How long it may take to install the keys and to open the port.
const KERNEL_LIMIT: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Stage {
    /// The AP's answer.
    Asked { exchange: Transition, ticket: Ticket },
    /// The response to the reassociation.
    Reassociating { exchange: Transition, ticket: Ticket },
    /// The kernel, with keys and port.
    Securing { supplicant: Box<Supplicant>, outstanding: Outstanding },
}

/// A fast transition.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::station) struct Transitioning {
    pub journey: Journey,
    pub target: Target,
    stage: Stage,
    until: Instant,
}

impl core::fmt::Debug for Transitioning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Transitioning")
            .field("journey", &self.journey)
            .field("target", &self.target)
            .field("waits_for", &self.deadline())
            .finish_non_exhaustive()
    }
}

impl Transitioning {
    /// Asks the AP over the air.
    pub(super) fn ask(
        turn: &mut Turn<'_>,
        mut journey: Journey,
        target: Target,
        exchange: Transition,
        elements: Vec<u8>,
    ) -> State {
        turn.log(Some(journey.id), Entry::Way { to: target.address(), by: Way::FastOverAir });
        journey.enter(turn, Phase::Authenticate);
        let bss = target.bss();
        let request = AuthenticateRequest {
            bssid: bss.bssid,
            frequency: bss.frequency,
            ssid: bss.ssid.clone(),
            algorithm: AuthenticationAlgorithm::FastTransition,
            data: Vec::new(),
            elements,
            mld: None,
        };
        let ticket = turn.ask(Some(journey.id), Request::Authenticate(request));
        let until = turn.now + WORD_LIMIT;
        State::Transitioning(Box::new(Self {
            journey,
            target,
            stage: Stage::Asked { exchange, ticket },
            until,
        }))
    }

    /// Asks for the reassociation.
    pub(super) fn reassociate(
        turn: &mut Turn<'_>,
        mut journey: Journey,
        target: Target,
        exchange: Transition,
        mut elements: Vec<u8>,
    ) -> State {
        journey.enter(turn, Phase::Associate);
        if turn.context.radio.radio_measurement
            && let Some(announced) = announced_measurements(target.bss())
        {
            announced.write(&mut elements);
        }
        let extended = extended_capabilities(&turn.context.radio);
        if !extended.octets().is_empty() {
            extended.write(&mut elements);
        }
        let bss = target.bss();
        let request = AssociateRequest {
            peer: AssociationPeer::Bss { bssid: bss.bssid, frequency: bss.frequency },
            ssid: bss.ssid.clone(),
            elements,
            security: target.plan().map(|plan| turn.security(plan)),
            previous: journey.leaving.as_ref().map(|leaving| leaving.from()),
        };
        let ticket = turn.ask(Some(journey.id), Request::Associate(request));
        // After the AP's deadline nobody there knows of it any more.
        let deadline = exchange.reassociation_deadline().unwrap_or(ASSOCIATION_LIMIT);
        let until = turn.now + deadline.clamp(LEAST_DEADLINE, ASSOCIATION_LIMIT);
        let stage = Stage::Reassociating { exchange, ticket };
        State::Transitioning(Box::new(Self { journey, target, stage, until }))
    }

    pub(in crate::station) fn peer(&self) -> MacAddr {
        self.target.address()
    }

    /// Whether the AP's answer is awaited.
    const fn is_asked(&self) -> bool {
        matches!(self.stage, Stage::Asked { .. })
    }

    /// Whether the kernel may be connected with the AP by now.
    pub(in crate::station) const fn is_connected(&self) -> bool {
        matches!(self.stage, Stage::Securing { .. })
    }

    pub(in crate::station) const fn deadline(&self) -> (Instant, &'static str) {
        let what = match self.stage {
            Stage::Asked { .. } => "the access point's answer to the fast transition",
            Stage::Reassociating { .. } => "the kernel's word about the reassociation",
            Stage::Securing { .. } => "the kernel's word about keys and port",
        };
        (self.until, what)
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Transitioning(self)
    }

    fn failed(self, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        let Self { journey, target, .. } = self;
        turn.failed(journey, Some(&target), code, footing)
    }

    /// What the kernel holds of it.
    const fn footing(&self, peer: MacAddr) -> Footing {
        match self.stage {
            Stage::Asked { .. } | Stage::Reassociating { .. } => Footing::Halfway(peer),
            Stage::Securing { .. } => Footing::Connected(peer),
        }
    }

    pub(in crate::station) fn in_doubt(self, turn: &mut Turn<'_>) -> State {
        let footing = self.footing(self.peer());
        self.failed(turn, Code::StateLost, footing)
    }

    pub(in crate::station) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let command = match &self.stage {
            Stage::Asked { .. } => "AUTHENTICATE",
            Stage::Reassociating { .. } => "ASSOCIATE",
            Stage::Securing { outstanding, .. } => outstanding.first().unwrap_or("SET_STATION"),
        };
        let footing = self.footing(self.peer());
        self.failed(turn, Code::KernelSilent(command), footing)
    }

    pub(in crate::station) fn completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let awaited = match &mut self.stage {
            Stage::Asked { ticket, .. } => (*ticket, "AUTHENTICATE"),
            Stage::Reassociating { ticket, .. } => (*ticket, "ASSOCIATE"),
            Stage::Securing { outstanding, .. } => match outstanding.take(ticket) {
                Some(command) => (ticket, command),
                None => return self.ignore(turn, LATE),
            },
        };
        if let Some(refusal) = turn.refusal(awaited, ticket, outcome) {
            return self.failed(turn, Code::Refused { command: awaited.1, refusal }, Footing::Doubt);
        }
        match self.stage {
            Stage::Securing { supplicant, outstanding } if outstanding.is_empty() => {
                let Self { journey, target, .. } = *self;
                Connected::begin(turn, journey, target, Some(supplicant), false, 0, &BTreeMap::new())
            }
            stage => {
                self.stage = stage;
                State::Transitioning(self)
            }
        }
    }

    pub(in crate::station) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        match event {
            KernelEvent::Authentication { frame } => match Management::parse(&frame) {
                Ok(Management { header, body: Body::Authentication(body) })
                    if self.target.has_address(header.transmitter)
                        && body.algorithm == AuthenticationAlgorithm::FastTransition =>
                {
                    turn.log(
                        Some(self.journey.id),
                        Entry::Answered { frame: "fast transition", status: body.status },
                    );
                    self.answered(turn, body.status, &body.payload)
                }
                Ok(_) => self.ignore(turn, "an authentication of another access point, or of another kind"),
                Err(_) => self.ignore(turn, "an authentication that cannot be read"),
            },
            KernelEvent::AuthenticationTimedOut { peer }
                if self.is_asked() && self.target.has_address(peer) =>
            {
                self.failed(turn, Code::AuthenticationTimedOut, Footing::Clean)
            }
            KernelEvent::AssociationTimedOut { peer } if self.target.has_address(peer) => {
                self.failed(turn, Code::AssociationTimedOut, Footing::Clean)
            }
            KernelEvent::AssociationComeback { peer, .. } if self.target.has_address(peer) => {
                // An AP that is not ready for a transition is no better than the one there was.
                turn.ignore(Some(self.journey.id), "the access point asks for patience");
                self.failed(
                    turn,
                    Code::AssociationRefused(StatusCode::RefusedTemporarily),
                    Footing::Halfway(peer),
                )
            }
            KernelEvent::Association { frame } => {
                turn.log_association(&self.journey, "reassociation", &frame);
                State::Transitioning(self)
            }
            KernelEvent::Connected(connection) if !self.is_connected() => self.connected(turn, connection),
            KernelEvent::Disconnected { reason, by_ap } if self.is_connected() => {
                turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap });
                self.failed(turn, Code::EndedByAccessPoint(reason), Footing::Clean)
            }
            // The kernel leaves the AP of before for the new one.
            KernelEvent::Disconnected { .. } => {
                if let Some(leaving) = &mut self.journey.leaving {
                    leaving.left();
                }
                State::Transitioning(self)
            }
            KernelEvent::Deauthentication { frame } | KernelEvent::Disassociation { frame }
                if self.target.is_concerned(&frame) =>
            {
                match self.target.farewell(&frame).filter(|_| !self.is_connected()) {
                    Some(reason) => {
                        turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap: true });
                        self.failed(turn, Code::EndedByAccessPoint(reason), Footing::Doubt)
                    }
                    None => State::Transitioning(self),
                }
            }
            event => self.ignore(turn, event.name()),
        }
    }

    /// The AP's answer.
    fn answered(self: Box<Self>, turn: &mut Turn<'_>, status: StatusCode, payload: &[u8]) -> State {
        let Stage::Asked { mut exchange, .. } = self.stage.clone() else {
            return self.ignore(turn, "an authentication that nobody waits for");
        };
        if status != StatusCode::Success {
            return self.failed(turn, Code::AuthenticationRefused(status), Footing::Clean);
        }
        let peer = self.peer();
        match exchange.answered(payload) {
            Ok(elements) => {
                let Self { journey, target, .. } = *self;
                Self::reassociate(turn, journey, target, exchange, elements)
            }
            Err(why) => self.failed(turn, Code::FastTransition(why.text()), Footing::Halfway(peer)),
        }
    }

    /// The kernel's word: connected, or refused.
    fn connected(mut self: Box<Self>, turn: &mut Turn<'_>, connection: Connection) -> State {
        let peer = self.peer();
        if connection.peer != peer && interference::is_made(&connection) {
            let code = turn.interfered(interference::connected(connection.peer));
            return self.failed(turn, code, Footing::Doubt);
        }
        let Stage::Reassociating { exchange, .. } = self.stage.clone() else {
            return self.ignore(turn, "a connection that was not asked for");
        };
        if connection.timed_out {
            return self.failed(turn, Code::AssociationTimedOut, Footing::Clean);
        }
        if connection.status != StatusCode::Success {
            return self.failed(turn, Code::AssociationRefused(connection.status), Footing::Clean);
        }
        let radio = &turn.context.radio;
        let (can_replace, told) = (radio.can_replace_pairwise_key, radio.control_port);
        match exchange.finish(&connection.response_elements, can_replace, told) {
            Ok(Finished { supplicant, keys }) => {
                self.journey.enter(turn, Phase::Secure);
                let mut outstanding = Outstanding::default();
                for key in keys {
                    turn.install(&self.journey, &mut outstanding, key);
                }
                let ticket = turn.ask(Some(self.journey.id), Request::AuthorizePort { peer });
                outstanding.push(ticket, "SET_STATION");
                self.stage = Stage::Securing { supplicant: Box::new(supplicant), outstanding };
                self.until = turn.now + KERNEL_LIMIT;
                State::Transitioning(self)
            }
            Err(why) => self.failed(turn, Code::FastTransition(why.text()), Footing::Connected(peer)),
        }
    }
}
