//! Joining a BSS: what is asked of whom, and the frames of open authentication and association.

use super::link::Link;
use super::{Firmware, Phase};
use crate::air::{Content, Transmission};
use crate::habit::Habit;
use crate::kernel::driver::{Context, Indication};
use lapwing_core::Instant;
use lapwing_core::kernel::{ConnectRequest, Connection, ExternalAuthentication, Frequency, Offload};
use lapwing_core::radio::RadioKind;
use lapwing_core::sae::Sae;
use lapwing_frames::MacAddr;
use lapwing_frames::element::{Element, ElementId, Elements, Rsn, write_raw};
use lapwing_frames::management::{
    AssociationRequest, AssociationResponse, Authentication, AuthenticationAlgorithm, Body,
    CapabilityInformation, Departure, Header, Management, ReasonCode, ReassociationRequest, StatusCode,
};
use std::sync::Arc;
use std::time::Duration;

/// How long it takes from the request to the first frame.
const BEGINS_AFTER: Duration = Duration::from_millis(2);
/// How often a frame is sent.
pub(super) const TRIES: u8 = 3;
/// How long each waits for an answer.
pub(super) const TIMEOUT: Duration = Duration::from_millis(200);
/// Our rates: 6 to 54 Mbit/s, of which 6, 12 and 24 are basic.
const RATES: [u8; 8] = [0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c];
/// How often the station wakes up, in beacon intervals.
const LISTEN_INTERVAL: u16 = 10;

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// It will begin in a moment.
    Beginning,
    /// SAE is done above: whoever does it has no deadline.
    External,
    /// An open Authentication frame is out; the association will name this key.
    Open(Option<[u8; 16]>),
    /// SAE by itself.
    Sae(Box<Sae>),
    /// An association request is out: its frame.
    Associating {
        pmkid: Option<[u8; 16]>,
        frame: Vec<u8>,
        elements: Vec<u8>,
        pmk: Option<super::handshake::Key>,
    },
}

/// A connection that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Joining {
    pub(super) request: Arc<ConnectRequest>,
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) step: Step,
    pub(super) tries: u8,
    pub(super) until: Option<Instant>,
    /// The connection that is left for it.
    pub(super) from: Option<Box<Link>>,
}

impl Joining {
    /// A management frame to the AP.
    pub(super) fn transmit(&self, body: Body, context: &mut Context<'_>) {
        let mut frame = Vec::new();
        Management { header: Header::new(self.bssid, context.address, self.bssid), body }.write(&mut frame);
        self.send(frame, context);
    }

    fn send(&self, frame: Vec<u8>, context: &mut Context<'_>) {
        context.say(Indication::Transmit {
            number: None,
            transmission: Transmission {
                frequency: self.frequency,
                transmitter: context.address,
                receiver: self.bssid,
                content: Content::Management { frame, protection: None },
            },
        });
    }

    /// Gives up: an AP that may know of it is told.
    pub(super) fn leave(mut self, reason: ReasonCode, context: &mut Context<'_>) {
        if let Some(from) = &mut self.from {
            from.leave(reason, context);
        }
        if let Step::Associating { .. } = self.step {
            self.transmit(Body::Deauthentication(Departure { reason, elements: Vec::new() }), context);
        }
    }

    /// The elements of the request: the RSNE is the one that was given, with the name of the key that is believed
    /// to be known, and no other.
    fn elements(&self, pmkid: Option<[u8; 16]>) -> Vec<u8> {
        let mut elements = Vec::new();
        self.request.ssid.write(&mut elements);
        write_raw(ElementId::Plain(1), &RATES, &mut elements);
        for element in Elements::new(&self.request.elements).iter() {
            match element.parse_as::<Rsn>() {
                Some(Ok(mut rsn)) => {
                    rsn.set_pmkids(pmkid.into_iter().collect());
                    rsn.write(&mut elements);
                }
                _ => elements.extend_from_slice(element.octets),
            }
        }
        elements
    }
}

impl Firmware {
    /// Begins to join a BSS.
    pub(super) fn begin(
        &mut self,
        request: Arc<ConnectRequest>,
        bssid: MacAddr,
        frequency: Frequency,
        from: Option<Box<Link>>,
        context: &mut Context<'_>,
    ) {
        let until = Some(context.now + BEGINS_AFTER);
        let step = Step::Beginning;
        self.phase =
            Phase::Joining(Box::new(Joining { request, bssid, frequency, step, tries: 0, until, from }));
        if context.setup.habits.has(Habit::FirmwareAsksAtOnce) {
            // Before the kernel knows whose connection it is.
            self.start(context);
        }
    }

    /// Decides what to do first.
    pub(super) fn start(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let sae = joining.request.security.is_some_and(|security| security.akm.is_sae());
        let known = self.pmkids.get(&joining.bssid).copied();
        match (&joining.request.offload, known) {
            (Offload::Sae(_), _) if sae => self.start_sae(),
            (_, None) if sae && context.setup.radio.kind == RadioKind::FullMacExternalSae => {
                joining.step = Step::External;
                joining.until = None;
                context.say(Indication::ExternalAuthentication(ExternalAuthentication {
                    start: true,
                    bssid: joining.bssid,
                    ssid: Some(joining.request.ssid.clone()),
                    akm: joining.request.security.map(|security| security.akm),
                    mld_address: None,
                }));
            }
            (_, known) => {
                joining.step = Step::Open(known.filter(|_| sae));
                joining.tries = 0;
                self.try_open(context);
            }
        }
    }

    fn try_open(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        joining.tries += 1;
        joining.until = Some(context.now + TIMEOUT);
        let body = Authentication {
            algorithm: AuthenticationAlgorithm::Open,
            transaction: 1,
            status: StatusCode::Success,
            payload: Vec::new(),
        };
        joining.transmit(Body::Authentication(body), context);
    }

    /// Asks for the association.
    pub(super) fn associate(&mut self, pmkid: Option<[u8; 16]>, context: &mut Context<'_>) {
        self.associate_with(pmkid, None, context);
    }

    /// The same, with the key that the firmware has made itself.
    pub(super) fn associate_with(
        &mut self,
        pmkid: Option<[u8; 16]>,
        pmk: Option<super::handshake::Key>,
        context: &mut Context<'_>,
    ) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let elements = joining.elements(pmkid);
        let mut capabilities = CapabilityInformation::ESS.with(CapabilityInformation::SHORT_SLOT_TIME);
        if joining.request.security.is_some() {
            capabilities = capabilities.with(CapabilityInformation::PRIVACY);
        }
        let (listen_interval, current_ap) = (LISTEN_INTERVAL, joining.from.as_ref().map(|link| link.bssid));
        let body = match current_ap {
            None => Body::AssociationRequest(AssociationRequest {
                capabilities,
                listen_interval,
                elements: elements.clone(),
            }),
            Some(current_ap) => Body::ReassociationRequest(ReassociationRequest {
                capabilities,
                listen_interval,
                current_ap,
                elements: elements.clone(),
            }),
        };
        let mut frame = Vec::new();
        let header = Header::new(joining.bssid, context.address, joining.bssid);
        Management { header, body }.write(&mut frame);
        joining.step = Step::Associating { pmkid, frame, elements, pmk };
        joining.tries = 0;
        self.try_associate(context);
    }

    fn try_associate(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        joining.tries += 1;
        joining.until = Some(context.now + TIMEOUT);
        if let Step::Associating { frame, .. } = &joining.step {
            joining.send(frame.clone(), context);
        }
    }

    pub(super) fn overdue(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        joining.until = None;
        match joining.step {
            Step::Beginning => self.start(context),
            Step::External => {}
            Step::Open(_) if joining.tries < TRIES => self.try_open(context),
            Step::Associating { .. } if joining.tries < TRIES => self.try_associate(context),
            Step::Sae(_) => self.repeat_sae(context),
            Step::Open(_) | Step::Associating { .. } => self.failed(StatusCode::SequenceTimeout, context),
        }
    }

    /// It came to nothing: back to the connection of before, or to none.
    pub(super) fn failed(&mut self, status: StatusCode, context: &mut Context<'_>) {
        let Phase::Joining(joining) = std::mem::take(&mut self.phase) else { return };
        if status == StatusCode::InvalidPmkid {
            self.doubt_key(joining.bssid, context);
        }
        let elements = match &joining.step {
            Step::Associating { elements, .. } => elements.clone(),
            _ => Vec::new(),
        };
        if joining.from.is_some() {
            // The AP of before may know no more of us than the one that refused.
            let reason = ReasonCode::LeavingDeauthenticated;
            joining.leave(reason, context);
            context.say(Indication::Disconnected { reason, by_ap: false });
            return;
        }
        context.say(Indication::ConnectDone(Connection {
            peer: joining.bssid,
            status,
            timed_out: false,
            request_elements: elements,
            response_elements: Vec::new(),
            links: Vec::new(),
        }));
    }

    /// An open Authentication frame of the AP.
    pub(super) fn open_authenticated(&mut self, body: &Authentication, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &self.phase else { return };
        let Step::Open(pmkid) = joining.step else { return };
        if body.algorithm != AuthenticationAlgorithm::Open || body.transaction != 2 {
            return;
        }
        if body.status == StatusCode::Success {
            self.associate(pmkid, context);
        } else {
            self.failed(body.status, context);
        }
    }

    /// The AP's answer to the association.
    pub(super) fn associated(&mut self, body: AssociationResponse, context: &mut Context<'_>) {
        match &self.phase {
            Phase::Joining(joining) if matches!(joining.step, Step::Associating { .. }) => {}
            _ => return,
        }
        if body.status != StatusCode::Success {
            return self.failed(body.status, context);
        }
        let Phase::Joining(joining) = std::mem::take(&mut self.phase) else { return };
        let Joining { request, bssid, frequency, step, from, .. } = *joining;
        let Step::Associating { elements, pmk, pmkid, .. } = step else { return };
        let connection = Connection {
            peer: bssid,
            status: StatusCode::Success,
            timed_out: false,
            request_elements: elements,
            response_elements: body.elements,
            links: Vec::new(),
        };
        let mut link = Box::new(Link::new(request, context.address, bssid, frequency));
        let own = link.begin_handshake(pmk.map(|key| (pmkid, key)), &connection.request_elements, context);
        let word =
            if from.is_some() { Indication::Roamed(connection) } else { Indication::ConnectDone(connection) };
        if own && context.setup.habits.has(Habit::FirmwareNoPortAuthorized) {
            // Its word is that the port is open.
            link.word = Some(word);
        } else {
            context.say(word);
        }
        self.phase = Phase::Joined(link);
    }
}
