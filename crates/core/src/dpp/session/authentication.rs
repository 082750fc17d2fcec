//! Who is who: request, response and confirm (Easy Connect 3.0 6.3).

use super::{
    Part, Point2, STEP, Session, Troubles, Turn, VERSION,
    states::{Authenticated, Peer, Requested, Responded, State},
};
use crate::{
    Secret,
    crypto::siv,
    dpp::keys::{self, KeyPair, Points},
    kernel::Frequency,
    time::Instant,
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    Channel,
    channel::Width,
    dpp::{Attributes, Frame, FrameType, Status, Type, Writer},
};
use subtle::ConstantTimeEq;

/// The roles in the octet of the capabilities.
const ENROLLEE: u8 = 1;
const CONFIGURATOR: u8 = 2;

/// What wrapped data hold, if the key and the frame are right.
pub(super) fn unwrap(frame: &Frame<'_>, key: &Secret) -> Option<Secret> {
    let (wrapped, before) = frame.attributes.wrapped()?;
    siv::open(key.expose(), &[&Frame::header(frame.kind), before], wrapped)
}

/// A frame that ends with these attributes under a key.
pub(super) fn wrap(kind: FrameType, clear: Writer, key: &Secret, inside: &Writer) -> Option<Vec<u8>> {
    let components: [&[u8]; 2] = [&Frame::header(kind), clear.octets()];
    let wrapped = siv::seal(key.expose(), &components, inside.octets())?;
    Some(Frame::write(kind, clear.with(Type::WrappedData, &wrapped).octets()))
}

impl Session {
    const fn role(&self) -> u8 {
        match self.part {
            Part::Enrollee => ENROLLEE,
            Part::Configurator(_) => CONFIGURATOR,
        }
    }

    /// Whether the other can do what we do not.
    const fn fits(&self, capabilities: u8) -> bool {
        capabilities & (ENROLLEE | CONFIGURATOR) & !self.role() != 0
    }

    /// Begins with the other, whose bootstrapping key is known.
    pub(super) fn request(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, until: Instant, seeking: bool) {
        let Some(body) = self.build_request(turn, &peer, until, seeking) else {
            // Its key gives no secret with ours: a fresh one of ours may.
            self.state = State::Seeking { next: Some(until) };
            return;
        };
        self.send(turn, &peer, body);
    }

    fn build_request(
        &mut self,
        turn: &mut Turn<'_, '_>,
        peer: &Peer,
        until: Instant,
        seeking: bool,
    ) -> Option<Vec<u8>> {
        let group = self.own.group();
        let (point, hash) = self.other.clone()?;
        let protocol = KeyPair::random(group, turn.means.curves, turn.means.entropy)?;
        let (m, k1) = keys::first_key(turn.curves(), &protocol, &point.0)?;
        let nonce = turn.nonce(group);
        // Whoever has a connection stays on its channel. Of one whose address is not known nobody can tell whether it
        // has heard that.
        let away = |home: &Frequency| *home != peer.frequency && !peer.address.is_group();
        let move_to = self.setup.home.filter(away).and_then(channel_attribute);
        let clear = Writer::new()
            .with(Type::ResponderBootstrappingHash, &hash)
            .with(Type::InitiatorBootstrappingHash, &self.own_hash)
            .with(Type::InitiatorProtocolKey, protocol.public().octets())
            .with(Type::ProtocolVersion, &[VERSION])
            .with_some(Type::Channel, move_to.as_ref().map(|pair| &pair[..]));
        let inside = Writer::new()
            .with(Type::InitiatorNonce, &nonce)
            .with(Type::InitiatorCapabilities, &[self.role()]);
        let body = wrap(FrameType::AuthenticationRequest, clear, &k1, &inside)?;
        self.state = State::Requested(Box::new(Requested {
            peer: peer.clone(),
            protocol,
            nonce,
            m,
            k1,
            until,
            seeking,
        }));
        Some(body)
    }

    /// An enrollee is there: if it is ours, we begin with it.
    pub(super) fn announced(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, frame: &Frame<'_>) {
        let super::Bootstrapping::Begin(uri, _) = &self.bootstrapping else { return };
        let idle = match &self.state {
            State::Seeking { .. } => true,
            State::Requested(requested) => requested.seeking,
            _ => false,
        };
        let chirp = keys::bootstrapping_hash(&uri.key.to_der(), true);
        let ours = frame.attributes.array(Type::ResponderBootstrappingHash) == Some(chirp);
        if idle && ours && uri.address.is_none_or(|address| address == peer.address) {
            let until = turn.now + STEP;
            self.request(turn, peer, until, false);
        }
    }

    /// Somebody begins with us.
    pub(super) fn authentication_request(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, frame: &Frame<'_>) {
        let expected = match (&self.state, &self.bootstrapping) {
            (State::Responded(state), _) if state.request == frame.attributes.octets() => {
                // The answer was lost.
                if state.peer.address == peer.address {
                    self.transmit(turn);
                }
                return;
            }
            (State::Known { peer: known, .. }, _) => known.address == peer.address,
            (
                State::Seeking { .. } | State::Responded(_),
                super::Bootstrapping::Announce(_) | super::Bootstrapping::Wait,
            ) => true,
            _ => false,
        };
        if expected {
            // What is not from who was shown our key changes nothing.
            let _ = self.respond(turn, peer, frame);
        }
    }

    fn respond(&mut self, turn: &mut Turn<'_, '_>, mut peer: Peer, frame: &Frame<'_>) -> Option<()> {
        let attributes = frame.attributes;
        let group = self.own.group();
        if attributes.array(Type::ResponderBootstrappingHash)? != self.own_hash {
            return None;
        }
        let theirs = turn.curves().point(group, attributes.find(Type::InitiatorProtocolKey)?)?;
        let (m, k1) = keys::first_key(turn.curves(), &self.own, &theirs)?;
        let plain = unwrap(frame, &k1)?;
        let inside = Attributes::parse(plain.expose()).ok()?;
        let nonce = inside.find(Type::InitiatorNonce)?;
        let [capabilities] = inside.array(Type::InitiatorCapabilities)?;
        if nonce.len() != keys::nonce_octets(group) {
            return None;
        }
        peer.version = attributes.array(Type::ProtocolVersion).map_or(1, |[version]| version);
        if let Some(wanted) = attributes.find(Type::Channel) {
            let wanted = frequency_of(wanted)?;
            // Whoever has a connection stays on its channel.
            if self.setup.home.is_some_and(|home| home != wanted) {
                return None;
            }
            peer.frequency = wanted;
        }
        if !self.fits(capabilities) {
            let clear = Writer::new()
                .with(Type::Status, &[Status::NotCompatible.0])
                .with(Type::ResponderBootstrappingHash, &self.own_hash)
                .with(Type::ProtocolVersion, &[VERSION]);
            let inside = Writer::new()
                .with(Type::InitiatorNonce, nonce)
                .with(Type::ResponderCapabilities, &[self.role()]);
            let body = wrap(FrameType::AuthenticationResponse, clear, &k1, &inside)?;
            self.send(turn, &peer, body);
            return None;
        }
        let protocol = KeyPair::random(group, turn.means.curves, turn.means.entropy)?;
        let (n, k2) = keys::second_key(turn.curves(), &protocol, &theirs)?;
        // Who begins is proven too, if we know its key.
        let hash = attributes.array::<32>(Type::InitiatorBootstrappingHash);
        let mutual = self.other.clone().filter(|(_, known)| hash.as_ref() == Some(known));
        let l = match &mutual {
            Some((point, _)) => Some(keys::responder_l(turn.curves(), &self.own, &protocol, &point.0)?),
            None => None,
        };
        let own_nonce = turn.nonce(group);
        let nonces = [nonce, &own_nonce[..]];
        let ke = keys::session_key(group, nonces, &m, &n, l.as_ref());
        let points = Points {
            initiator_protocol: &theirs,
            responder_protocol: protocol.public(),
            initiator: mutual.as_ref().map(|(point, _)| &point.0),
            responder: self.own.public(),
        };
        let proof = Writer::new().with(Type::ResponderAuthenticatingTag, &points.responder_tag(nonces));
        let proof = siv::seal(ke.expose(), &[], proof.octets())?;
        let clear = Writer::new()
            .with(Type::Status, &[Status::Ok.0])
            .with(Type::ResponderBootstrappingHash, &self.own_hash)
            .with_some(Type::InitiatorBootstrappingHash, mutual.as_ref().map(|(_, hash)| &hash[..]))
            .with(Type::ResponderProtocolKey, protocol.public().octets())
            .with(Type::ProtocolVersion, &[VERSION]);
        let inside = Writer::new()
            .with(Type::ResponderNonce, &own_nonce)
            .with(Type::InitiatorNonce, nonce)
            .with(Type::ResponderCapabilities, &[self.role()])
            .with(Type::WrappedData, &proof);
        let body = wrap(FrameType::AuthenticationResponse, clear, &k2, &inside)?;
        let tag = points.initiator_tag(nonces);
        self.send(turn, &peer, body);
        self.state = State::Responded(Box::new(Responded {
            peer,
            request: attributes.octets().to_vec(),
            k2,
            ke,
            tag,
            until: turn.now + STEP,
        }));
        Some(())
    }

    /// The other answers.
    pub(super) fn authentication_response(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, frame: &Frame<'_>) {
        let State::Requested(requested) = &self.state else { return };
        if !requested.peer.address.is_group() && requested.peer.address != peer.address {
            return;
        }
        let requested = requested.clone();
        // What is not from who has the key changes nothing.
        let _ = self.confirm(turn, peer, frame, *requested);
    }

    fn confirm(
        &mut self,
        turn: &mut Turn<'_, '_>,
        mut peer: Peer,
        frame: &Frame<'_>,
        requested: Requested,
    ) -> Option<()> {
        let attributes = frame.attributes;
        let group = self.own.group();
        let (point, hash) = self.other.clone()?;
        if attributes.array(Type::ResponderBootstrappingHash)? != hash {
            return None;
        }
        match attributes.status()? {
            Status::Ok => {}
            status => {
                let plain = unwrap(frame, &requested.k1)?;
                let inside = Attributes::parse(plain.expose()).ok()?;
                if inside.find(Type::InitiatorNonce)? != requested.nonce {
                    return None;
                }
                let trouble = match status {
                    Status::ResponsePending => {
                        // A person is being asked: the answer comes by itself.
                        self.outgoing = None;
                        self.state = State::Requested(Box::new(Requested {
                            peer,
                            until: turn.now + STEP + STEP,
                            seeking: false,
                            ..requested
                        }));
                        return Some(());
                    }
                    Status::NotCompatible => Troubles::NotCompatible,
                    status => Troubles::Refused(status),
                };
                self.end(turn, Err(trouble));
                return Some(());
            }
        }
        let theirs = turn.curves().point(group, attributes.find(Type::ResponderProtocolKey)?)?;
        let (n, k2) = keys::second_key(turn.curves(), &requested.protocol, &theirs)?;
        let plain = unwrap(frame, &k2)?;
        let inside = Attributes::parse(plain.expose()).ok()?;
        let nonce = inside.find(Type::ResponderNonce)?;
        if inside.find(Type::InitiatorNonce)? != requested.nonce || nonce.len() != keys::nonce_octets(group) {
            return None;
        }
        let mutual = match attributes.array::<32>(Type::InitiatorBootstrappingHash) {
            None => false,
            Some(hash) if hash == self.own_hash => true,
            Some(_) => return None,
        };
        let l =
            if mutual { Some(keys::initiator_l(turn.curves(), &self.own, &point.0, &theirs)?) } else { None };
        let nonces = [&requested.nonce[..], nonce];
        let ke = keys::session_key(group, nonces, &requested.m, &n, l.as_ref());
        let proof = siv::open(ke.expose(), &[], inside.find(Type::WrappedData)?)?;
        let proof = Attributes::parse(proof.expose()).ok()?.find(Type::ResponderAuthenticatingTag)?.to_vec();
        let points = Points {
            initiator_protocol: requested.protocol.public(),
            responder_protocol: &theirs,
            initiator: mutual.then_some(self.own.public()),
            responder: &point.0,
        };
        if !bool::from(proof.ct_eq(&points.responder_tag(nonces))) {
            return None;
        }
        let [capabilities] = inside.array(Type::ResponderCapabilities)?;
        if !self.fits(capabilities) {
            self.end(turn, Err(Troubles::NotCompatible));
            return Some(());
        }
        peer.version = attributes.array(Type::ProtocolVersion).map_or(1, |[version]| version);
        let own_hash = self.own_hash;
        let clear = Writer::new()
            .with(Type::Status, &[Status::Ok.0])
            .with(Type::ResponderBootstrappingHash, &hash)
            .with_some(Type::InitiatorBootstrappingHash, mutual.then_some(&own_hash[..]));
        let inside = Writer::new().with(Type::InitiatorAuthenticatingTag, &points.initiator_tag(nonces));
        let body = wrap(FrameType::AuthenticationConfirm, clear, &ke, &inside)?;
        self.send(turn, &peer, body);
        let next = Box::new(Authenticated { peer, ke, until: turn.now + STEP });
        self.state = match self.part {
            Part::Enrollee => State::Confirmed(next),
            Part::Configurator(_) => State::Waiting(next),
        };
        Some(())
    }

    /// Who began proves itself.
    pub(super) fn authentication_confirm(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, frame: &Frame<'_>) {
        let State::Responded(state) = &self.state else { return };
        let ours = frame.attributes.array(Type::ResponderBootstrappingHash) == Some(self.own_hash);
        if state.peer.address != peer.address || !ours {
            return;
        }
        let state = state.clone();
        match frame.attributes.status() {
            Some(Status::Ok) => {
                let plain = unwrap(frame, &state.ke);
                let inside = plain.as_ref().and_then(|plain| Attributes::parse(plain.expose()).ok());
                let tag = inside.and_then(|inside| inside.find(Type::InitiatorAuthenticatingTag));
                if !tag.is_some_and(|tag| bool::from(tag.ct_eq(&state.tag))) {
                    return;
                }
                self.outgoing = None;
                let next = Authenticated { peer: state.peer, ke: state.ke, until: turn.now + STEP };
                match self.part {
                    Part::Enrollee => self.ask(turn, next),
                    Part::Configurator(_) => self.state = State::Waiting(Box::new(next)),
                }
            }
            // It does not want us: it says so with the key of its request and our response.
            Some(_) if unwrap(frame, &state.k2).is_some() => self.seek_again(turn),
            _ => {}
        }
    }

    /// A frame of which no answer comes has arrived.
    pub(super) fn delivered(&mut self, turn: &mut Turn<'_, '_>) {
        match &self.state {
            State::Confirmed(state) => {
                let state = (**state).clone();
                self.ask(turn, state);
            }
            State::Handed(state) => {
                if !state.granted {
                    self.end(turn, Err(Troubles::Refused(Status::ConfigureFailure)));
                } else if state.peer.version < 2 {
                    // Nobody of the first version says what came of it.
                    self.end(turn, Ok(()));
                }
            }
            State::Finishing(result, _) => {
                let result = *result;
                self.end(turn, result);
            }
            _ => {}
        }
    }

    /// The bootstrapping key of the other, found out by a code.
    pub(super) fn learn(&mut self, point: crate::curve::Point) {
        let hash = keys::bootstrapping_hash(&keys::to_public_key(&point).to_der(), false);
        self.other = Some((Point2(point), hash));
    }
}

/// An operating class and a channel.
fn channel_attribute(frequency: Frequency) -> Option<[u8; 2]> {
    let channel = Channel::from_frequency(frequency.0)?;
    Some([channel.operating_class(Width::Mhz20)?, channel.number()])
}

fn frequency_of(attribute: &[u8]) -> Option<Frequency> {
    let &[class, number] = attribute else { return None };
    Some(Frequency(Channel::in_operating_class(class, number)?.frequency()))
}
