//! Associating: an Association Request is out.

use super::{
    Footing, State,
    context::{Journey, Turn},
    interference,
    roam::announced_measurements,
};
use crate::{
    attempt::{Entry, Phase, Ticket},
    crypto::keys::{Pmk, Pmkid},
    failure::Code,
    kernel::{
        AssociateRequest, AssociateSecurity, AssociationLink, AssociationPeer, Connection, KernelEvent,
        Refusal, Reply, Request,
    },
    owe::{Owe, OweFailure, OweProgress},
    radio::{Radio, RadioKind},
    rsn::{Candidate, Plan},
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    MacAddr,
    element::{Element, Elements, ExtendedCapabilities, ExtendedCapability, OweDhParameter, Rsn},
    management::StatusCode,
};

/// How long the kernel may take to say what became of an Association Request. It sends it three times,
/// 200 ms apart.
pub(super) const WORD_LIMIT: Duration = Duration::from_secs(5);
/// The most time that an AP is given to be ready for us.
const COMEBACK_LIMIT: Duration = Duration::from_secs(10);
/// Extended capabilities that a driver may want announced and that need more than a driver: nobody here
/// answers their frames.
const NOT_KEPT: [ExtendedCapability; 10] = [
    ExtendedCapability::ProxyArp,
    ExtendedCapability::Tfs,
    ExtendedCapability::WnmSleepMode,
    ExtendedCapability::TimBroadcast,
    ExtendedCapability::SsidList,
    ExtendedCapability::Dms,
    ExtendedCapability::Interworking,
    ExtendedCapability::QosMap,
    ExtendedCapability::WnmNotification,
    ExtendedCapability::Fils,
];

/// What the driver wants announced, without what cannot be kept, and what is done here.
pub(super) fn extended_capabilities(radio: &Radio) -> ExtendedCapabilities {
    let mut announced = ExtendedCapabilities::default();
    if radio.kind == RadioKind::SoftMac {
        announced.insert(ExtendedCapability::BssTransition);
    }
    if let Ok(wanted) = ExtendedCapabilities::parse(&radio.extended_capabilities) {
        let kept = wanted.capabilities().filter(|capability| !NOT_KEPT.contains(capability));
        kept.for_each(|capability| announced.insert(capability));
    }
    announced
}

/// What will protect the connection.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Keys {
    /// Nothing.
    Open,
    /// A pre-shared key.
    PreShared(Pmk),
    /// A PMK that SAE made a moment ago.
    Fresh(Candidate),
    /// A PMK of an earlier connection.
    Cached(Candidate),
    /// A PMK that the association makes, or one of an earlier connection if the AP still knows it.
    Owe { machine: Box<Owe>, cached: Option<Candidate> },
}

impl Keys {
    /// The PMK of an earlier connection that is offered.
    const fn offered(&self) -> Option<&Candidate> {
        match self {
            Self::Cached(candidate) | Self::Owe { cached: Some(candidate), .. } => Some(candidate),
            Self::Open | Self::PreShared(_) | Self::Fresh(_) | Self::Owe { cached: None, .. } => None,
        }
    }

    pub(super) const fn is_cached(&self) -> bool {
        self.offered().is_some()
    }
}

/// An Association Request is out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Associating {
    pub journey: Journey,
    pub target: Target,
    /// The target's plan, with the PMKID that was offered.
    plan: Option<Plan>,
    keys: Keys,
    ticket: Ticket,
    /// A key frame that overtook the kernel's word of the association.
    early: Option<KeyFrame>,
    until: Instant,
}

/// A key frame and whether it came in clear.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct KeyFrame {
    pub bytes: Vec<u8>,
    pub in_clear: bool,
}

impl core::fmt::Debug for Associating {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Associating")
            .field("journey", &self.journey)
            .field("target", &self.target)
            .field("ticket", &self.ticket)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// Asks for the association.
    pub(super) fn associate(&mut self, mut journey: Journey, target: Target, mut keys: Keys) -> State {
        journey.enter(self, Phase::Associate);
        let plan = target.plan().map(|plan| match keys.offered().and_then(|candidate| candidate.pmkid) {
            Some(pmkid) => plan.clone().with_pmkid(pmkid),
            None => plan.clone(),
        });
        let mut elements = plan.as_ref().map(Plan::association_elements).unwrap_or_default();
        if let Keys::Owe { machine, .. } = &mut keys {
            match machine.start(&mut self.means.lend()) {
                Ok(parameter) => parameter.write(&mut elements),
                Err(failure) => {
                    let peer = target.address();
                    return self.failed(journey, Some(&target), owe_code(&failure), Footing::Halfway(peer));
                }
            }
        }
        if self.context.radio.radio_measurement
            && let Some(announced) = announced_measurements(target.bss())
        {
            announced.write(&mut elements);
        }
        let extended = extended_capabilities(&self.context.radio);
        if !extended.octets().is_empty() {
            extended.write(&mut elements);
        }
        let security = plan.as_ref().map(|plan| self.security(plan));
        let bss = target.bss();
        let request = AssociateRequest {
            peer: association_peer(&target),
            ssid: bss.ssid.clone(),
            elements,
            security,
            previous: journey.leaving.as_ref().map(|leaving| leaving.from()),
        };
        let ticket = self.ask(Some(journey.id), Request::Associate(request));
        let until = self.now + WORD_LIMIT;
        State::Associating(Box::new(Associating { journey, target, plan, keys, ticket, early: None, until }))
    }

    /// What the kernel is told of a plan beside the RSNE.
    pub(super) const fn security(&self, plan: &Plan) -> AssociateSecurity {
        AssociateSecurity {
            akm: plan.named_akm(),
            pairwise: plan.pairwise(),
            group: plan.group(),
            management_frame_protection: plan.protects_management_frames(),
            control_port: self.context.radio.control_port,
        }
    }
}

/// Whom to associate with, and on which links.
fn association_peer(target: &Target) -> AssociationPeer {
    let bss = target.bss();
    match target.mld() {
        None => AssociationPeer::Bss { bssid: bss.bssid, frequency: bss.frequency },
        Some(mld) => AssociationPeer::Mld {
            address: mld.address,
            association_link: mld.association_link,
            links: mld
                .links
                .iter()
                .map(|(id, link)| AssociationLink { id: *id, bssid: link.bssid, frequency: link.frequency })
                .collect(),
        },
    }
}

/// A failure of OWE in the catalogue.
pub(super) fn owe_code(failure: &OweFailure) -> Code {
    match failure {
        OweFailure::Refused(status) => Code::AssociationRefused(*status),
        OweFailure::NoPublicValue => Code::Owe("the access point sent no public value"),
        OweFailure::GroupMismatch(_) => Code::Owe("the access point answered in another group"),
        OweFailure::InvalidPublicValue => Code::Owe("the access point's public value is invalid"),
        OweFailure::NoCommonGroup => Code::Owe("the access point takes none of our groups"),
        OweFailure::NotStarted => Code::Owe("it had not begun"),
    }
}

impl Associating {
    pub(super) fn peer(&self) -> MacAddr {
        self.target.address()
    }

    pub(super) const fn deadline(&self) -> (Instant, &'static str) {
        (self.until, "the kernel's word about the association")
    }

    pub(super) fn completed(
        self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let Some(refusal) = turn.refusal((self.ticket, "ASSOCIATE"), ticket, outcome) else {
            return State::Associating(self);
        };
        // What the authentication has left in the kernel would not be seen by reading it.
        let peer = self.peer();
        self.refused(turn, Code::Refused { command: "ASSOCIATE", refusal }, Footing::Halfway(peer))
    }

    /// The AP does not want this association: with a cached PMKSA, a full authentication comes at once.
    fn refused(self, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        let Self { journey, target, keys, .. } = self;
        if keys.is_cached() && !matches!(code, Code::Refused { .. }) {
            return turn.without_pmksa(journey, target, footing);
        }
        turn.failed(journey, Some(&target), code, footing)
    }

    pub(super) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let peer = self.peer();
        self.refused(turn, Code::KernelSilent("ASSOCIATE"), Footing::Halfway(peer))
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Associating(self)
    }

    pub(super) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        let peer = self.peer();
        match event {
            KernelEvent::Association { frame } => {
                turn.log_association(&self.journey, "association", &frame);
                State::Associating(self)
            }
            KernelEvent::AssociationTimedOut { peer: from } if self.target.has_address(from) => {
                self.refused(turn, Code::AssociationTimedOut, Footing::Clean)
            }
            KernelEvent::AssociationComeback { peer: from, after } if self.target.has_address(from) => {
                self.until = turn.now + after.min(COMEBACK_LIMIT) + WORD_LIMIT;
                self.ignore(turn, "the access point is not ready: the kernel asks again")
            }
            // One is kept: an AP sends message 1 again, never two different ones.
            KernelEvent::KeyFrame { from, bytes, in_clear } if from == peer => {
                self.early = Some(KeyFrame { bytes, in_clear });
                State::Associating(self)
            }
            KernelEvent::Connected(connection) if connection.peer == peer || connection.peer.is_zero() => {
                self.connected(turn, connection)
            }
            KernelEvent::Connected(connection) if connection.status != StatusCode::Success => {
                self.connected(turn, connection)
            }
            KernelEvent::Connected(connection) => {
                let code = turn.interfered(interference::connected(connection.peer));
                let Self { journey, target, .. } = *self;
                turn.failed(journey, Some(&target), code, Footing::Doubt)
            }
            KernelEvent::Deauthentication { frame } | KernelEvent::Disassociation { frame }
                if self.target.is_concerned(&frame) =>
            {
                match self.target.farewell(&frame) {
                    Some(reason) => {
                        turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap: true });
                        self.refused(turn, Code::EndedByAccessPoint(reason), Footing::Doubt)
                    }
                    None => self.ignore(turn, "a deauthentication that was sent from here"),
                }
            }
            event => self.ignore(turn, event.name()),
        }
    }

    /// The kernel's word: connected, or refused.
    fn connected(self: Box<Self>, turn: &mut Turn<'_>, connection: Connection) -> State {
        if connection.timed_out {
            return self.refused(turn, Code::AssociationTimedOut, Footing::Clean);
        }
        let Self { journey, target, plan, mut keys, early, .. } = *self;
        let status = connection.status;
        let peer = target.address();
        let footing = if status == StatusCode::Success { Footing::Connected(peer) } else { Footing::Clean };
        let mut candidates = Vec::new();
        let mut fresh = None;
        match &mut keys {
            Keys::Open | Keys::PreShared(_) | Keys::Fresh(_) | Keys::Cached(_)
                if footing == Footing::Clean =>
            {
                if keys.is_cached() {
                    return turn.without_pmksa(journey, target, footing);
                }
                return turn.failed(journey, Some(&target), Code::AssociationRefused(status), footing);
            }
            Keys::Open => {}
            Keys::PreShared(pmk) => candidates.push(Candidate { pmkid: None, pmk: pmk.clone() }),
            Keys::Fresh(candidate) => {
                candidates.push(candidate.clone());
                fresh = Some(candidate.clone());
            }
            Keys::Cached(candidate) => candidates.push(candidate.clone()),
            Keys::Owe { machine, cached } => {
                let response = Elements::new(&connection.response_elements);
                let repeated = cached.as_ref().and_then(|candidate| candidate.pmkid).is_some_and(|pmkid| {
                    matches!(response.find::<Rsn>(), Ok(Some(rsn)) if rsn.pmkids().contains(&pmkid.0))
                });
                let parameter = response.find::<OweDhParameter>().ok().flatten();
                match machine.handle(&mut turn.means.lend(), status, parameter.as_ref(), repeated) {
                    OweProgress::Accepted(keys) => {
                        if cached.is_some() {
                            // It made another key, so that it does not know this one; it may even fail because of it.
                            let gone = turn.context.pmksa.refused(peer, &target.bss().ssid);
                            turn.forgotten(gone);
                        }
                        let Some(pmk) = Pmk::new(keys.pmk) else {
                            return turn.failed(
                                journey,
                                Some(&target),
                                Code::Owe("a key of no use"),
                                footing,
                            );
                        };
                        let candidate = Candidate { pmkid: Some(Pmkid(keys.pmkid)), pmk };
                        candidates.push(candidate.clone());
                        fresh = Some(candidate);
                    }
                    OweProgress::PmksaAccepted => candidates.extend(cached.clone()),
                    // Another group: the kernel has dropped the authentication with the refusal.
                    OweProgress::Retry(_) => return turn.authenticate_open(journey, target, keys),
                    OweProgress::Failed(_) if cached.is_some() => {
                        return turn.without_pmksa(journey, target, footing);
                    }
                    OweProgress::Failed(failure) => {
                        return turn.failed(journey, Some(&target), owe_code(&failure), footing);
                    }
                }
            }
        }
        let used_cache = keys.is_cached() && fresh.is_none();
        turn.secure(super::securing::Association {
            journey,
            target,
            plan,
            connection,
            candidates,
            fresh,
            used_cache,
            early,
        })
    }
}
