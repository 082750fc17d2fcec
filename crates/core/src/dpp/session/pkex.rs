//! Each finds the other's bootstrapping key by a code that both were told (PKEX version 1, Easy Connect 3.0 5.6).

use super::{
    Action, Bootstrapping, GUESSES, Point2, STEP, Session, Troubles, Turn,
    states::{Asking, Exchanged, Peer, Revealing, State},
};
use crate::{
    Secret,
    crypto::siv,
    curve::Point,
    dpp::keys::{self, Code, KeyPair, PKEX_GROUP, Side},
};
use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use lapwing_frames::{
    MacAddr,
    dpp::{Attributes, Frame, FrameType, Status, Type, Writer},
};
use subtle::ConstantTimeEq;

/// The longest identifier of a code, in octets (5.6.1).
const MAX_IDENTIFIER: usize = 80;
/// What tells a request from a response, where the wrapped data are all there is.
const REQUEST: [u8; 1] = [0];
const RESPONSE: [u8; 1] = [1];

fn wrap(kind: FrameType, z: &Secret, which: [u8; 1], inside: &Writer) -> Option<Vec<u8>> {
    let wrapped = siv::seal(z.expose(), &[&Frame::header(kind), &which], inside.octets())?;
    Some(Frame::write(kind, Writer::new().with(Type::WrappedData, &wrapped).octets()))
}

fn unwrap(frame: &Frame<'_>, z: &Secret, which: [u8; 1]) -> Option<Secret> {
    let (wrapped, _) = frame.attributes.wrapped()?;
    siv::open(z.expose(), &[&Frame::header(frame.kind), &which], wrapped)
}

fn group_of(attributes: Attributes<'_>) -> Option<u16> {
    attributes.array(Type::FiniteCyclicGroup).map(u16::from_le_bytes)
}

fn hidden_key(turn: &Turn<'_, '_>, attributes: Attributes<'_>) -> Option<Point> {
    turn.curves().point(PKEX_GROUP, attributes.find(Type::EncryptedKey)?)
}

impl Session {
    /// What we say to find whoever was told the code.
    pub(super) fn exchange_request(&self, turn: &Turn<'_, '_>, code: &Code) -> Option<Vec<u8>> {
        let hidden = self.hidden(turn, code)?;
        let attributes = Writer::new()
            .with(Type::FiniteCyclicGroup, &PKEX_GROUP.number().to_le_bytes())
            .with_some(Type::CodeIdentifier, code.identifier.as_ref().map(String::as_bytes))
            .with(Type::EncryptedKey, hidden.octets());
        Some(Frame::write(FrameType::PkexVersion1ExchangeRequest, attributes.octets()))
    }

    /// M: our ephemeral key, hidden by the code.
    fn hidden(&self, turn: &Turn<'_, '_>, code: &Code) -> Option<Point> {
        let mask = code.mask(turn.curves(), Side::Initiator, self.setup.address)?;
        keys::hide(turn.curves(), self.ephemeral.as_ref()?.public(), &mask)
    }

    /// Somebody begins by a code.
    pub(super) fn pkex_request(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, frame: &Frame<'_>) {
        let Bootstrapping::WaitForCode(code) = &self.bootstrapping else { return };
        let code = code.clone();
        let attributes = frame.attributes;
        match &self.state {
            State::Seeking { .. } => {}
            State::Exchanged(state) if state.peer.address == peer.address => {
                // The answer was lost, or the other begins anew with another key.
                if hidden_key(turn, attributes).as_ref() == Some(&state.hidden.0) {
                    self.transmit(turn);
                    return;
                }
            }
            _ => return,
        }
        if group_of(attributes).is_some_and(|group| group != PKEX_GROUP.number()) {
            let attributes = Writer::new()
                .with(Type::Status, &[Status::BadGroup.0])
                .with(Type::FiniteCyclicGroup, &PKEX_GROUP.number().to_le_bytes());
            let body = Frame::write(FrameType::PkexExchangeResponse, attributes.octets());
            self.send(turn, &peer, body);
            return;
        }
        let Some(hidden) = hidden_key(turn, attributes) else { return };
        let identifier = match attributes.find(Type::CodeIdentifier).map(core::str::from_utf8) {
            None => None,
            Some(Ok(identifier)) if identifier.len() <= MAX_IDENTIFIER => Some(identifier.to_string()),
            Some(_) => return,
        };
        match code {
            Some(code) if code.identifier == identifier => self.exchange(turn, peer, hidden, code),
            Some(_) => {}
            None => {
                let Some(identifier) = identifier else { return };
                turn.actions.push(Action::AskCode(identifier.clone()));
                let (hidden, until) = (Point2(hidden), turn.now + STEP);
                self.state = State::Asking(Box::new(Asking { peer, hidden, identifier, until }));
            }
        }
    }

    /// The code that a person was asked for.
    pub(super) fn code(&mut self, turn: &mut Turn<'_, '_>, code: Option<Secret>) {
        let State::Asking(asking) = &self.state else { return };
        let Asking { peer, hidden, identifier, .. } = (**asking).clone();
        self.state = State::Seeking { next: None };
        if let Some(code) = code {
            self.exchange(turn, peer, hidden.0, Code { code, identifier: Some(identifier) });
        }
    }

    /// Answers who begins with our own hidden key.
    fn exchange(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, hidden: Point, code: Code) {
        if let Some((state, body)) = self.exchanged(turn, &peer, hidden, code) {
            self.state = State::Exchanged(Box::new(state));
            self.send(turn, &peer, body);
        }
    }

    fn exchanged(
        &self,
        turn: &mut Turn<'_, '_>,
        peer: &Peer,
        hidden: Point,
        code: Code,
    ) -> Option<(Exchanged, Vec<u8>)> {
        let own = self.setup.address;
        let ours = KeyPair::random(PKEX_GROUP, turn.means.curves, turn.means.entropy)?;
        let curves = turn.curves();
        let mask = code.mask(curves, Side::Initiator, peer.address)?;
        let theirs = keys::reveal(curves, &hidden, &mask)?;
        let mask = code.mask(curves, Side::Responder, own)?;
        let answer = keys::hide(curves, ours.public(), &mask)?;
        let common = keys::common(curves, &ours, &theirs)?;
        let z = code.wrapping_key([peer.address, own], [&hidden, &answer], &common);
        let attributes = Writer::new()
            .with(Type::Status, &[Status::Ok.0])
            .with_some(Type::CodeIdentifier, code.identifier.as_ref().map(String::as_bytes))
            .with(Type::EncryptedKey, answer.octets());
        let body = Frame::write(FrameType::PkexExchangeResponse, attributes.octets());
        let (hidden, theirs) = (Point2(hidden), Point2(theirs));
        let until = turn.now + STEP;
        Some((Exchanged { peer: peer.clone(), hidden, theirs, ours, z, code, until }, body))
    }

    /// Somebody answers, who was told a code too.
    pub(super) fn pkex_response(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, frame: &Frame<'_>) {
        let (Bootstrapping::Code(code, address, _), State::Seeking { .. }) =
            (&self.bootstrapping, &self.state)
        else {
            return;
        };
        if address.is_some_and(|address| address != peer.address) {
            return;
        }
        let code = code.clone();
        let identifier = frame.attributes.find(Type::CodeIdentifier);
        if frame.attributes.status() != Some(Status::Ok)
            || identifier != code.identifier.as_ref().map(String::as_bytes)
        {
            return;
        }
        if let Some((state, body)) = self.revealing(turn, &peer, frame, &code) {
            self.state = State::Revealing(Box::new(state));
            self.send(turn, &peer, body);
        }
    }

    fn revealing(
        &self,
        turn: &Turn<'_, '_>,
        peer: &Peer,
        frame: &Frame<'_>,
        code: &Code,
    ) -> Option<(Revealing, Vec<u8>)> {
        let (curves, own) = (turn.curves(), self.setup.address);
        let ours = self.ephemeral.as_ref()?;
        let answer = hidden_key(turn, frame.attributes)?;
        let hidden = self.hidden(turn, code)?;
        let theirs = keys::reveal(curves, &answer, &code.mask(curves, Side::Responder, peer.address)?)?;
        let common = keys::common(curves, ours, &theirs)?;
        let z = code.wrapping_key([own, peer.address], [&hidden, &answer], &common);
        let j = keys::common(curves, &self.own, &theirs)?;
        let u = keys::proof(&j, own, [self.own.public(), &theirs, ours.public()]);
        let inside = Writer::new()
            .with(Type::BootstrappingKey, self.own.public().octets())
            .with(Type::InitiatorAuthenticatingTag, &u);
        let body = wrap(FrameType::PkexCommitRevealRequest, &z, REQUEST, &inside)?;
        let until = turn.now + STEP;
        Some((Revealing { peer: peer.clone(), theirs: Point2(theirs), z, until }, body))
    }

    /// Who began shows its bootstrapping key, and proves that it was told the code.
    pub(super) fn pkex_revealed(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, frame: &Frame<'_>) {
        let state = match &self.state {
            State::Exchanged(state) if state.peer.address == peer.address => state.clone(),
            // The answer was lost.
            State::Known { peer: known, .. } if known.address == peer.address => return self.transmit(turn),
            _ => return,
        };
        let Some((theirs, body)) = self.checked(turn, &state, frame) else {
            // Each wrong proof is a guess.
            self.guesses = self.guesses.saturating_add(1);
            if self.guesses >= GUESSES {
                return self.end(turn, Err(Troubles::WrongCode));
            }
            return self.seek_again(turn);
        };
        self.learn(theirs);
        self.until = None;
        self.state = State::Known { peer: state.peer.clone(), until: turn.now + STEP };
        self.send(turn, &state.peer, body);
    }

    fn checked(&self, turn: &Turn<'_, '_>, state: &Exchanged, frame: &Frame<'_>) -> Option<(Point, Vec<u8>)> {
        let curves = turn.curves();
        let plain = unwrap(frame, &state.z, REQUEST)?;
        let inside = Attributes::parse(plain.expose()).ok()?;
        let theirs = curves.point(PKEX_GROUP, inside.find(Type::BootstrappingKey)?)?;
        let j = keys::common(curves, &state.ours, &theirs)?;
        let points = [&theirs, state.ours.public(), &state.theirs.0];
        let expected = keys::proof(&j, state.peer.address, points);
        if !bool::from(expected.ct_eq(inside.find(Type::InitiatorAuthenticatingTag)?)) {
            return None;
        }
        let l = keys::common(curves, &self.own, &state.theirs.0)?;
        let points = [self.own.public(), &state.theirs.0, state.ours.public()];
        let v = keys::proof(&l, self.setup.address, points);
        let inside = Writer::new()
            .with(Type::BootstrappingKey, self.own.public().octets())
            .with(Type::ResponderAuthenticatingTag, &v);
        Some((theirs, wrap(FrameType::PkexCommitRevealResponse, &state.z, RESPONSE, &inside)?))
    }

    /// The other shows its bootstrapping key too.
    pub(super) fn pkex_proven(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, frame: &Frame<'_>) {
        let State::Revealing(state) = &self.state else { return };
        if state.peer.address != peer.address {
            return;
        }
        let state = state.clone();
        let Some(theirs) = self.proven(turn, state.peer.address, &state, frame) else { return };
        self.learn(theirs);
        self.until = None;
        let until = turn.now + STEP;
        self.request(turn, state.peer, until, false);
    }

    fn proven(
        &self,
        turn: &Turn<'_, '_>,
        address: MacAddr,
        state: &Revealing,
        frame: &Frame<'_>,
    ) -> Option<Point> {
        let curves = turn.curves();
        let plain = unwrap(frame, &state.z, RESPONSE)?;
        let inside = Attributes::parse(plain.expose()).ok()?;
        let theirs = curves.point(PKEX_GROUP, inside.find(Type::BootstrappingKey)?)?;
        let ours = self.ephemeral.as_ref()?;
        let l = keys::common(curves, ours, &theirs)?;
        let expected = keys::proof(&l, address, [&theirs, ours.public(), &state.theirs.0]);
        bool::from(expected.ct_eq(inside.find(Type::ResponderAuthenticatingTag)?)).then_some(theirs)
    }
}
