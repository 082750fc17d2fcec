//! The network changes hands: request and response over GAS, and the result (Easy Connect 3.0 6.4).

use super::{
    Action, Part, STEP, Session, Troubles, Turn, UNANSWERED,
    authentication::{unwrap, wrap},
    states::{Asked, Authenticated, Handed, Peer, State},
};
use crate::{
    Secret,
    crypto::siv,
    dpp::{Configuration, ConfigurationRequest, MAX_TEXT},
    entropy::random,
    time::Duration,
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    dpp::{Attributes, Frame, FrameType, Gas, Status, Type, Writer},
    management::StatusCode,
};

/// A time unit of 802.11.
const TU: Duration = Duration::from_micros(1024);
/// Nobody waits longer for a person at the other side.
const LONGEST_COMEBACK: Duration = Duration::from_secs(30);
/// A response has wrapped data around the longest object.
const MAX_RESPONSE: usize = MAX_TEXT + 256;

/// GAS frames authenticate what is in front of the wrapped data, if anything is.
fn components<'a>(before: &'a [u8], list: &'a mut [&'a [u8]; 1]) -> &'a [&'a [u8]] {
    *list = [before];
    if before.is_empty() { &[] } else { &*list }
}

fn open(attributes: Attributes<'_>, key: &Secret) -> Option<Secret> {
    let (wrapped, before) = attributes.wrapped()?;
    siv::open(key.expose(), components(before, &mut [&[]]), wrapped)
}

fn seal(clear: Writer, key: &Secret, inside: &Writer) -> Option<Vec<u8>> {
    let wrapped = siv::seal(key.expose(), components(clear.octets(), &mut [&[]]), inside.octets())?;
    Some(clear.with(Type::WrappedData, &wrapped).into_octets())
}

impl Session {
    /// The enrollee asks for the network.
    pub(super) fn ask(&mut self, turn: &mut Turn<'_, '_>, state: Authenticated) {
        let [dialog_token] = random(turn.means.entropy);
        let nonce = turn.nonce(self.own.group());
        let request = ConfigurationRequest::station(&self.setup.name).to_json();
        let inside = Writer::new()
            .with(Type::EnrolleeNonce, &nonce)
            .with(Type::ConfigurationRequest, request.as_bytes());
        let Some(query) = seal(Writer::new(), &state.ke, &inside) else { return self.seek_again(turn) };
        let body = Gas::InitialRequest { dialog_token, query: &query }.to_octets();
        self.state = State::Asked(Box::new(Asked {
            peer: state.peer.clone(),
            ke: state.ke,
            dialog_token,
            nonce,
            parts: Vec::new(),
            next: 0,
            comeback: None,
            until: turn.now + STEP + STEP,
        }));
        self.send(turn, &state.peer, body);
    }

    /// The answer is ready, or it is time to ask again.
    pub(super) fn come_back(&mut self, turn: &mut Turn<'_, '_>) {
        let State::Asked(asked) = &mut self.state else { return };
        asked.comeback = None;
        asked.until = turn.now + STEP;
        let (peer, dialog_token) = (asked.peer.clone(), asked.dialog_token);
        self.send(turn, &peer, Gas::ComebackRequest { dialog_token }.to_octets());
    }

    pub(super) fn gas(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, gas: &Gas<'_>) {
        if self.state.peer().is_none_or(|known| known.address != peer.address) {
            return;
        }
        match gas {
            Gas::InitialRequest { dialog_token, query } => self.asked(turn, *dialog_token, query),
            Gas::InitialResponse { dialog_token, status, comeback_delay, response } => {
                if self.is_answer(turn, *dialog_token, *status, *comeback_delay) {
                    self.answered(turn, response);
                }
            }
            Gas::ComebackResponse { dialog_token, status, fragment, comeback_delay, response } => {
                if !self.is_answer(turn, *dialog_token, *status, *comeback_delay) {
                    return;
                }
                let State::Asked(asked) = &mut self.state else { return };
                if fragment.number() != asked.next
                    || asked.parts.len().saturating_add(response.len()) > MAX_RESPONSE
                {
                    return;
                }
                asked.parts.extend_from_slice(response);
                asked.next = asked.next.wrapping_add(1) & 0x7f;
                if fragment.more() {
                    self.come_back(turn);
                } else {
                    let whole = core::mem::take(&mut asked.parts);
                    self.answered(turn, &whole);
                }
            }
            // Our answers are short enough to be whole.
            Gas::ComebackRequest { .. } => {}
        }
    }

    /// Whether a response is for our request, and here.
    fn is_answer(
        &mut self,
        turn: &mut Turn<'_, '_>,
        dialog_token: u8,
        status: StatusCode,
        comeback_delay: u16,
    ) -> bool {
        let State::Asked(asked) = &mut self.state else { return false };
        if asked.dialog_token != dialog_token || status != StatusCode::Success {
            return false;
        }
        if comeback_delay > 0 {
            let wait = TU.saturating_mul(u32::from(comeback_delay)).min(LONGEST_COMEBACK);
            asked.comeback = Some(turn.now + wait);
            asked.until = turn.now + wait + STEP;
            self.outgoing = None;
            return false;
        }
        true
    }

    /// The enrollee has the answer.
    fn answered(&mut self, turn: &mut Turn<'_, '_>, response: &[u8]) {
        let State::Asked(asked) = &mut self.state else { return };
        // The fragments of an answer that does not open may have been somebody else's.
        asked.parts.clear();
        asked.next = 0;
        let asked = asked.clone();
        let Ok(attributes) = Attributes::parse(response) else { return };
        let Some((status, plain)) = attributes.status().zip(open(attributes, &asked.ke)) else { return };
        let Ok(inside) = Attributes::parse(plain.expose()) else { return };
        if inside.find(Type::EnrolleeNonce) != Some(&asked.nonce) {
            return;
        }
        self.outgoing = None;
        if status != Status::Ok {
            return self.end(turn, Err(Troubles::Refused(status)));
        }
        let objects = inside.iter().filter(|attribute| attribute.kind == Type::ConfigurationObject);
        let configuration = objects.filter_map(|object| Configuration::parse(object.value)).next();
        let (said, result) = match configuration {
            Some(configuration) => {
                turn.actions.push(Action::Provisioned(configuration));
                (Status::Ok, Ok(()))
            }
            None => (Status::ConfigRejected, Err(Troubles::NoConfiguration)),
        };
        if asked.peer.version < 2 {
            return self.end(turn, result);
        }
        let inside = Writer::new().with(Type::Status, &[said.0]).with(Type::EnrolleeNonce, &asked.nonce);
        match wrap(FrameType::ConfigurationResult, Writer::new(), &asked.ke, &inside) {
            Some(body) => {
                self.state = State::Finishing(result, turn.now + UNANSWERED);
                self.send(turn, &asked.peer, body);
            }
            None => self.end(turn, result),
        }
    }

    /// The configurator is asked.
    fn asked(&mut self, turn: &mut Turn<'_, '_>, dialog_token: u8, query: &[u8]) {
        let (peer, ke) = match &self.state {
            State::Waiting(state) => (state.peer.clone(), state.ke.clone()),
            // The answer was lost.
            State::Handed(state) if state.dialog_token == dialog_token => {
                self.transmit(turn);
                return;
            }
            // It begins anew, or the token was garbled.
            State::Handed(state) => (state.peer.clone(), state.ke.clone()),
            _ => return,
        };
        let Part::Configurator(configuration) = &self.part else { return };
        let Ok(attributes) = Attributes::parse(query) else { return };
        let Some(plain) = open(attributes, &ke) else { return };
        let Ok(inside) = Attributes::parse(plain.expose()) else { return };
        let Some(nonce) = inside.find(Type::EnrolleeNonce) else { return };
        let request = inside.find(Type::ConfigurationRequest).and_then(ConfigurationRequest::parse);
        let granted = request.is_some_and(|request| request.is_station());
        let status = if granted { Status::Ok } else { Status::ConfigureFailure };
        let clear = Writer::new().with(Type::Status, &[status.0]);
        let object = configuration.to_json();
        let inside = Writer::new()
            .with(Type::EnrolleeNonce, nonce)
            .with_some(Type::ConfigurationObject, granted.then_some(object.expose()));
        let Some(response) = seal(clear, &ke, &inside) else { return };
        let body = Gas::InitialResponse {
            dialog_token,
            status: StatusCode::Success,
            comeback_delay: 0,
            response: &response,
        }
        .to_octets();
        self.state = State::Handed(Box::new(Handed {
            peer: peer.clone(),
            ke,
            dialog_token,
            nonce: nonce.to_vec(),
            granted,
            until: turn.now + STEP,
        }));
        self.send(turn, &peer, body);
    }

    /// The enrollee says what it thinks of it.
    pub(super) fn result(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, frame: &Frame<'_>) {
        let State::Handed(handed) = &self.state else { return };
        if handed.peer.address != peer.address {
            return;
        }
        let Some(plain) = unwrap(frame, &handed.ke) else { return };
        let Ok(inside) = Attributes::parse(plain.expose()) else { return };
        if inside.find(Type::EnrolleeNonce) != Some(&handed.nonce) {
            return;
        }
        match inside.status() {
            Some(Status::Ok) => self.end(turn, Ok(())),
            Some(status) => self.end(turn, Err(Troubles::Refused(status))),
            None => {}
        }
    }
}
