//! External authentication: the firmware asks us for SAE, and may do so whenever it likes: although a cached key
//! was offered, again in the middle of a connection, for another BSS of the network, or for a network that was
//! given up long ago. Each wish gets exactly one answer.
//!
//! Whether a connection is made by SAE or by a key of before is the firmware's decision, not ours: what SAE makes
//! here is one of the keys that message 1 may name.

use super::{State, authenticating::ANSWER_LIMIT, context::Turn};
use crate::{
    attempt::{AttemptId, Entry, Ticket},
    crypto::keys::{Pmk, Pmkid},
    failure::Code,
    kernel::{ExternalAuthentication, Frequency, Refusal, Reply, Request},
    network::{Network, Proven},
    rsn::{Candidate, Plan},
    sae::{self, Progress, Sae},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, MultiLink},
    management::{Authentication, AuthenticationAlgorithm, Body, Header, Management, StatusCode},
};

/// How long the kernel may take to send a frame: brcmfmac waits for 4.1 s, and all other requests behind it.
const SENDING_LIMIT: Duration = Duration::from_secs(5);
/// How long an AP may take to answer before the frame is sent again. Nobody below us repeats it.
const REPEAT_AFTER: Duration = Duration::from_secs(1);
/// How long it may take in all. A connection that is being made has less patience by itself.
const TOTAL_LIMIT: Duration = Duration::from_secs(15);
/// How long the kernel may take to pass an answer on.
const PASSING_LIMIT: Duration = Duration::from_secs(5);

/// What is done about the firmware's wish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum External {
    /// Nothing is wished.
    #[default]
    Resting,
    /// SAE is under way.
    Running(Box<Exchange>),
    /// The answer that it is done is on its way.
    Answering { ticket: Ticket, until: Instant },
}

/// An exchange of SAE by our own frames.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Exchange {
    wish: ExternalAuthentication,
    network: Network,
    /// The name under which the kernel knows it.
    ssid: Ssid,
    attempt: AttemptId,
    /// The BSSID, or the AP MLD's address.
    peer: MacAddr,
    frequency: Option<Frequency>,
    machine: Sae,
    /// The frame that is being sent.
    sending: Option<Ticket>,
    /// When it is sent again.
    until: Instant,
    limit: Instant,
    /// An exchange with the same AP was given up a moment ago.
    crossed: bool,
}

impl core::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Exchange")
            .field("peer", &self.peer)
            .field("machine", &self.machine)
            .field("sending", &self.sending)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// The connection, or the attempt, that a wish may belong to.
pub(super) struct Subject {
    pub attempt: AttemptId,
    pub network: Network,
    /// The name under which the kernel knows it.
    pub ssid: Ssid,
    /// How it is protected; none if open.
    pub plan: Option<Plan>,
}

/// What became of a wish.
pub(super) enum Served {
    /// SAE made a key for this AP.
    Made(MacAddr, Candidate),
    /// There is none, and the firmware was told so.
    Failed(Code),
}

impl External {
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Resting => None,
            Self::Running(exchange) if exchange.sending.is_some() => {
                Some((exchange.until.min(exchange.limit), "the firmware to send an authentication"))
            }
            Self::Running(exchange) => {
                Some((exchange.until.min(exchange.limit), "the access point's authentication"))
            }
            Self::Answering { until, .. } => Some((*until, "the kernel to pass on the end of SAE")),
        }
    }
}

impl Exchange {
    /// The whole frame. There is no link yet, so that the addresses are those of the devices.
    fn octets(&self, own: MacAddr, mut body: Authentication) -> Vec<u8> {
        if self.wish.mld_address.is_some() {
            MultiLink::address_only(own).write(&mut body.payload);
        }
        let header = Header::new(self.peer, own, self.peer);
        let mut octets = Vec::new();
        Management { header, body: Body::Authentication(body) }.write(&mut octets);
        octets
    }

    /// The body of a frame of SAE from the AP.
    fn read(&self, octets: &[u8]) -> Option<Authentication> {
        let Ok(Management { header, body: Body::Authentication(body) }) = Management::parse(octets) else {
            return None;
        };
        // Drivers put the frame together anew, with the address that they know.
        let from = header.transmitter == self.peer || header.transmitter == self.wish.bssid;
        (from && body.algorithm == AuthenticationAlgorithm::Sae).then_some(body)
    }
}

impl State {
    /// The firmware wants SAE, or no longer.
    pub(super) fn wished(self, turn: &mut Turn<'_>, wish: ExternalAuthentication) -> Self {
        if !wish.start {
            let broken_off = turn.external_aborted();
            return self.served(turn, broken_off);
        }
        if let External::Running(exchange) = &turn.context.external
            && exchange.wish == wish
        {
            return self.ignore(turn, "the firmware asks for SAE again, which is under way");
        }
        // The firmware has one wish at a time.
        turn.end_external();
        let subject =
            self.subject().filter(|subject| wish.ssid.as_ref().is_none_or(|ssid| *ssid == subject.ssid));
        match subject {
            Some(subject) => {
                let served = turn.serve(wish, &subject);
                self.served(turn, served)
            }
            None => {
                let ssid = wish.ssid.unwrap_or_default();
                turn.answer_external(self.attempt(), wish.bssid, ssid, None);
                self.ignore(turn, "the firmware's wish for SAE in a network that is not being joined")
            }
        }
    }

    /// A wish was served, or could not be.
    pub(super) fn served(mut self, turn: &mut Turn<'_>, served: Option<Served>) -> Self {
        let Some(served) = served else { return self };
        if let Served::Made(..) = served
            && let Some(akm) = self.subject().and_then(|subject| subject.plan).map(|plan| plan.akm())
            && let Some(journey) = self.journey_mut()
        {
            turn.proved(&mut journey.network, Proven::by(akm));
        }
        match (self, served) {
            (Self::Connecting(state), served) => state.served(turn, served),
            (Self::Securing(mut state), Served::Made(peer, candidate)) => {
                state.offer(peer, candidate);
                Self::Securing(state)
            }
            (Self::Connected(mut state), Served::Made(peer, candidate)) => {
                state.offer(peer, candidate);
                Self::Connected(state)
            }
            (state @ (Self::Securing(_) | Self::Connected(_)), Served::Failed(code)) => {
                // Whether the firmware has kept the connection, it does not say.
                let phase = crate::attempt::Phase::Authenticate;
                turn.log(state.attempt(), Entry::Failed(crate::failure::Failure { phase, code }));
                turn.resync();
                state
            }
            (state, _) => state,
        }
    }
}

impl Turn<'_> {
    /// Begins SAE for the firmware.
    fn serve(&mut self, wish: ExternalAuthentication, subject: &Subject) -> Option<Served> {
        let refused = |turn: &mut Self, code| {
            turn.answer_external(Some(subject.attempt), wish.bssid, subject.ssid.clone(), None);
            Some(Served::Failed(code))
        };
        let target = self.target_at(&subject.network, wish.bssid);
        let plan = target.as_ref().and_then(|target| target.plan()).or(subject.plan.as_ref());
        let Some(plan) = plan.filter(|plan| plan.akm().is_sae()) else {
            return refused(self, Code::Firmware("it asks for SAE in a network without"));
        };
        if wish.akm.is_some_and(|akm| !akm.is_sae()) {
            return refused(self, Code::Firmware("it asks for an authentication that is not SAE"));
        }
        // Whatever was known of that AP, it or the firmware does not know it any more.
        let gone = self.context.pmksa.refused(wish.mld_address.unwrap_or(wish.bssid), &subject.ssid);
        self.forgotten(gone);
        let peer = wish.mld_address.unwrap_or(wish.bssid);
        let (machine, frame) = match self.start_sae(&subject.network, peer, plan) {
            Ok(begun) => begun,
            Err(code) => return refused(self, code),
        };
        let before = self.context.committed.replace((peer, self.now));
        let crossed = before.is_some_and(|(bssid, at)| bssid == peer && self.now.since(at) < ANSWER_LIMIT);
        let frequency = target.map(|target| target.bss().frequency).or_else(|| {
            self.context.table.iter().find(|bss| bss.bssid == wish.bssid).map(|bss| bss.frequency)
        });
        let exchange = Box::new(Exchange {
            network: subject.network.clone(),
            ssid: subject.ssid.clone(),
            attempt: subject.attempt,
            peer,
            frequency,
            machine: *machine,
            sending: None,
            until: self.now,
            limit: self.now + TOTAL_LIMIT,
            crossed,
            wish,
        });
        self.send_external(exchange, frame);
        None
    }

    fn send_external(&mut self, mut exchange: Box<Exchange>, frame: Authentication) {
        let bytes = exchange.octets(self.context.address, frame);
        let frequency = exchange.frequency;
        exchange.sending = Some(self.ask(Some(exchange.attempt), Request::SendFrame { frequency, bytes }));
        exchange.until = self.now + SENDING_LIMIT;
        self.context.external = External::Running(exchange);
    }

    /// Answers a wish: with the name of the key, or that there is none.
    ///
    /// Firmware that cannot be made to forget a key is not told its name: some go on to offer it to an AP that has
    /// forgotten it, and never ask for SAE again.
    fn answer_external(
        &mut self,
        attempt: Option<AttemptId>,
        bssid: MacAddr,
        ssid: Ssid,
        pmkid: Option<Pmkid>,
    ) -> Ticket {
        let status = if pmkid.is_some() { StatusCode::Success } else { StatusCode::UnspecifiedFailure };
        let pmkid = pmkid.filter(|_| self.may_offer()).map(|Pmkid(octets)| octets);
        self.ask(attempt, Request::AnswerExternalAuthentication { bssid, ssid, status, pmkid })
    }

    /// The exchange has failed.
    fn external_failed(&mut self, exchange: Exchange, code: Code) -> Option<Served> {
        self.context.external = External::Resting;
        self.answer_external(Some(exchange.attempt), exchange.wish.bssid, exchange.ssid, None);
        Some(Served::Failed(code))
    }

    /// The firmware gives up what it wished.
    fn external_aborted(&mut self) -> Option<Served> {
        match core::mem::take(&mut self.context.external) {
            External::Running(exchange) => {
                self.external_failed(*exchange, Code::Firmware("it broke off SAE"))
            }
            External::Resting | External::Answering { .. } => {
                self.ignore(None, "the firmware breaks off SAE that is over");
                None
            }
        }
    }

    /// Ends what is under way: what it was for is over.
    pub(super) fn end_external(&mut self) {
        if let External::Running(exchange) = core::mem::take(&mut self.context.external) {
            self.external_failed(*exchange, Code::Asked);
        }
    }

    /// A management frame came. Whether it was one of SAE, and what came of that.
    pub(super) fn external_heard(&mut self, octets: &[u8]) -> Option<Option<Served>> {
        let External::Running(exchange) = &mut self.context.external else { return None };
        let body = exchange.read(octets)?;
        let (attempt, ssid) = (exchange.attempt, exchange.network.ssid.clone());
        let progress = exchange.machine.handle(&mut self.means.lend(), &body);
        self.answered(attempt, &ssid, "authentication", body.status);
        if let Progress::Ignored(_) = progress {
            self.ignore(Some(attempt), "an SAE frame out of order");
            return Some(None);
        }
        Some(self.external_progress(progress))
    }

    fn external_progress(&mut self, progress: Progress) -> Option<Served> {
        let External::Running(exchange) = core::mem::take(&mut self.context.external) else { return None };
        match progress {
            Progress::Send(frame) => {
                let crossed = exchange.crossed || self.may_have_repeated();
                self.send_external(Box::new(Exchange { crossed, ..*exchange }), frame);
                None
            }
            Progress::Ignored(_) => {
                self.context.external = External::Running(exchange);
                None
            }
            Progress::Failed(failure) => {
                self.sae_failed(&failure);
                let code = self.sae_verdict(&exchange.network, &failure, exchange.crossed);
                self.external_failed(*exchange, code)
            }
            Progress::Accepted(sae::station::Accepted { pmk, pmkid, .. }) => {
                self.context.committed = None;
                let Some(pmk) = Pmk::new(pmk) else {
                    return self.external_failed(*exchange, Code::Sae("a key of no use"));
                };
                let candidate = Candidate { pmkid: Some(Pmkid(pmkid)), pmk };
                let Exchange { attempt, wish, network, ssid, peer, machine, .. } = *exchange;
                // Another group than the first may have been needed.
                self.keep_password(&network, machine.password());
                let ticket = self.answer_external(Some(attempt), wish.bssid, ssid, candidate.pmkid);
                self.context.external = External::Answering { ticket, until: self.now + PASSING_LIMIT };
                self.context.made = Some((peer, candidate.clone()));
                Some(Served::Made(peer, candidate))
            }
        }
    }

    /// Takes the completion of a request of SAE. `Err` gives it back if it is not one.
    pub(super) fn external_completed(
        &mut self,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Result<Option<Served>, Result<Reply, Refusal>> {
        match &mut self.context.external {
            External::Running(exchange) if exchange.sending == Some(ticket) => {
                // What became of the frame may have been told before, and its name may be 0: it does not matter.
                // An AP that has it answers; if it was lost, or refused, it is sent again in its time.
                exchange.sending = None;
                exchange.until = self.now + REPEAT_AFTER;
                if let Err(refusal) = outcome {
                    self.log(ticket.attempt, Entry::Refused { command: "FRAME", refusal });
                }
                Ok(None)
            }
            External::Answering { ticket: ours, .. } if *ours == ticket => {
                self.context.external = External::Resting;
                Ok(outcome.err().map(|refusal| {
                    let command = "EXTERNAL_AUTH";
                    self.log(ticket.attempt, Entry::Refused { command, refusal: refusal.clone() });
                    Served::Failed(Code::Refused { command, refusal })
                }))
            }
            _ => Err(outcome),
        }
    }

    /// A deadline of SAE is over.
    pub(super) fn external_overdue(&mut self) -> Option<Served> {
        match core::mem::take(&mut self.context.external) {
            External::Resting => None,
            External::Answering { .. } => Some(Served::Failed(Code::KernelSilent("EXTERNAL_AUTH"))),
            External::Running(exchange) if exchange.limit <= self.now => {
                self.external_failed(*exchange, Code::AuthenticationTimedOut)
            }
            External::Running(mut exchange) => {
                exchange.sending = None;
                let progress = exchange.machine.repeat();
                self.context.external = External::Running(exchange);
                self.external_progress(progress)
            }
        }
    }
}
