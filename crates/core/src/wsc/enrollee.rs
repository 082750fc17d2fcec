//! The enrollee's half of the registration protocol, inside EAP.
//!
//! ```text
//! Begun ─Start/M1▶ Introduced ─M2/M3▶ Committed ─M4/M5▶ HalfShown ─M6/M7▶ Shown ─M8/Done▶ Over
//! ```
//!
//! Nothing that comes before there are keys is authentic, so that a message that does not fit is not answered: the
//! right one may still come. What proves that the registrar does not know the password ends it at once: each try of
//! a stranger gives away half of a guess.

use super::{
    credential::Credential,
    inbox::{Inbox, Put},
    keys::{Keys, SecretNonce},
    pin::Password,
};
use crate::{
    Means,
    crypto::{kdf::Hash, modp::KeyPair},
    entropy::random,
};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use lapwing_frames::{
    MacAddr,
    eap::{Code, Expanded, Method, Packet},
    wsc::{
        Ack, AssociationState, Attributes, AuthenticationTypes, ConfigurationError, ConfigurationMethods,
        DeviceType, Done, EncryptionTypes, Extension, Flags, M1, M2, M2d, M3, M4, M5, M6, M7, M8,
        MessageType, Nack, OpCode, RfBands, State as Configured, Text, Type, Value, Wsc,
    },
};
use subtle::ConstantTimeEq;

/// What an enrollee answers when it is asked who it is.
pub const IDENTITY: &[u8] = b"WFA-SimpleConfig-Enrollee-1-0";

/// What the enrollee says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// Its address.
    pub address: MacAddr,
    /// Its UUID.
    pub uuid: [u8; 16],
    /// How it can be given a password.
    pub methods: ConfigurationMethods,
    /// Who made it.
    pub manufacturer: Text,
    /// Its model.
    pub model_name: Text,
    /// Its model's number.
    pub model_number: Text,
    /// Its serial number.
    pub serial_number: Text,
    /// What it is.
    pub device_type: DeviceType,
    /// What a person calls it.
    pub name: Text,
    /// The bands of the access point.
    pub bands: RfBands,
}

impl Device {
    /// A computer of this name.
    #[must_use]
    pub fn computer(address: MacAddr, name: &str) -> Self {
        Self {
            address,
            uuid: uuid(address),
            methods: ConfigurationMethods::VIRTUAL_DISPLAY
                .with(ConfigurationMethods::KEYPAD)
                .with(ConfigurationMethods::VIRTUAL_PUSH_BUTTON),
            manufacturer: Text::from("Lapwing"),
            model_name: Text::from("Computer"),
            model_number: Text::from("1"),
            serial_number: Text::from("1"),
            device_type: DeviceType { category: 1, oui: [0x00, 0x50, 0xf2, 4], subcategory: 1 },
            // The longest that the attribute may be.
            name: Text::new(name.as_bytes().get(..32).unwrap_or(name.as_bytes())),
            bands: RfBands::BAND_2_4_GHZ.with(RfBands::BAND_5_GHZ),
        }
    }
}

/// A UUID of version 5 (RFC 9562 5.5) for an address, in the name space that other implementations use for it.
fn uuid(address: MacAddr) -> [u8; 16] {
    const SPACE: u128 = 0x5264_80f8_c99b_4be5_a655_58ed_5f5d_6084;
    let digest = Hash::Sha1.digest(&[&SPACE.to_be_bytes(), &address.0]);
    let number = digest.first_chunk().map_or(0, |octets| u128::from_be_bytes(*octets));
    let version = number & !(0xf << 76) | 5 << 76;
    (version & !(3 << 62) | 2 << 62).to_be_bytes()
}

/// Why no network was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The access point has no registrar that waits for us.
    NoRegistrar(ConfigurationError),
    /// The registrar does not know the password.
    WrongPassword,
    /// The registrar broke it off.
    Refused(ConfigurationError),
    /// The access point ended it without a word.
    EndedEarly,
    /// What was handed over is of no use: WEP, 802.1X or nothing.
    NoCredentials,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRegistrar(error) => write!(f, "the access point has nobody who waits for us ({error})"),
            Self::WrongPassword => f.write_str("the access point has another PIN"),
            Self::Refused(error) => write!(f, "the access point broke it off ({error})"),
            Self::EndedEarly => f.write_str("the access point ended it"),
            Self::NoCredentials => f.write_str("the access point handed over no network that can be used"),
        }
    }
}

impl core::error::Error for Failure {}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With networks: at least one that [`Credential::network`] can make something of.
    Configured(Vec<Credential>),
    /// Without.
    Failed(Failure),
}

/// What is to be done about a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Said {
    /// An EAP packet to send.
    pub response: Option<Vec<u8>>,
    /// The end, once.
    pub outcome: Option<Outcome>,
}

/// The machine.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Enrollee {
    device: Device,
    password: Password,
    inbox: Inbox,
    state: State,
    /// The identifier of the last request that was answered, and the answer: it may have been lost.
    last: Option<(u8, Vec<u8>)>,
}

impl fmt::Debug for Enrollee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrollee").field("state", &self.state.name()).finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    Begun,
    Introduced(Box<Introduced>),
    /// M3 is out.
    Committed(Box<Committed>),
    /// M5 is out.
    HalfShown(Box<HalfShown>),
    /// M7 is out.
    Shown(Box<Committed>),
    Over,
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Begun => "Begun",
            Self::Introduced(_) => "Introduced",
            Self::Committed(_) => "Committed",
            Self::HalfShown(_) => "HalfShown",
            Self::Shown(_) => "Shown",
            Self::Over => "Over",
        }
    }
}

/// M1 is out.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Introduced {
    pair: KeyPair,
    nonce: [u8; 16],
    m1: Vec<u8>,
}

/// There are keys.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Committed {
    keys: Keys,
    enrollee_nonce: [u8; 16],
    registrar_nonce: [u8; 16],
    enrollee_public: [u8; 192],
    registrar_public: [u8; 192],
    secret_nonces: [SecretNonce; 2],
    /// The last message that was sent.
    sent: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HalfShown {
    committed: Committed,
    /// What the registrar has opened its first commitment with, and its second commitment.
    first: SecretNonce,
    hash2: [u8; 32],
}

/// What a state makes of a message: the next state, and what is said.
type Step = (State, Reply);

enum Reply {
    /// Nothing: it does not belong here.
    Nothing,
    Message(OpCode, Vec<u8>),
    /// This, and it is over.
    Last(OpCode, Vec<u8>, Outcome),
}

impl Enrollee {
    /// A machine that waits for the access point to begin.
    #[must_use]
    pub fn new(device: Device, password: Password) -> Self {
        Self { device, password, inbox: Inbox::default(), state: State::Begun, last: None }
    }

    /// Whether there was an outcome.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes an EAP packet.
    pub fn receive(&mut self, packet: &[u8], means: &mut Means<'_>) -> Said {
        let Ok(packet) = Packet::parse(packet) else { return Said::default() };
        match packet.code {
            Code::Request => self.asked(&packet, means),
            Code::Failure | Code::Success if !self.is_over() => {
                // A failure is how every exchange ends, but not before its end. It may also be a leftover of
                // what this address did before, or a forgery: nothing has begun then.
                if matches!(self.state, State::Begun) {
                    return Said::default();
                }
                self.state = State::Over;
                Said { response: None, outcome: Some(Outcome::Failed(Failure::EndedEarly)) }
            }
            _ => Said::default(),
        }
    }

    fn asked(&mut self, packet: &Packet<'_>, means: &mut Means<'_>) -> Said {
        if let Some((identifier, response)) = &self.last
            && *identifier == packet.identifier
        {
            return Said { response: Some(response.clone()), outcome: None };
        }
        let Some((method, data)) = packet.method() else { return Said::default() };
        let (payload, outcome) = match method {
            Method::Identity => ([&[Method::Identity.0], IDENTITY].concat(), None),
            Method::Expanded => {
                let Ok(wsc) = Expanded::parse(data).and_then(|expanded| Wsc::parse(&expanded)) else {
                    return Said::default();
                };
                match self.inbox.put(&wsc) {
                    Put::Ignored => return Said::default(),
                    Put::Fragment => (payload(OpCode::FragmentAck, &[]), None),
                    Put::Whole(operation, message) => match self.step(operation, &message, means) {
                        Reply::Nothing => return Said::default(),
                        Reply::Message(operation, message) => (payload(operation, &message), None),
                        Reply::Last(operation, message, outcome) => {
                            (payload(operation, &message), Some(outcome))
                        }
                    },
                }
            }
            // The access point wants to authenticate us in another way: ours is the only one.
            _ => (alloc::vec![Method::Nak.0, Method::Expanded.0], None),
        };
        let response =
            Packet { code: Code::Response, identifier: packet.identifier, payload: &payload }.to_octets();
        self.last = Some((packet.identifier, response.clone()));
        Said { response: Some(response), outcome }
    }

    fn step(&mut self, operation: OpCode, message: &[u8], means: &mut Means<'_>) -> Reply {
        let state = core::mem::replace(&mut self.state, State::Over);
        if operation == OpCode::Nack
            && let Some(reply) = state.refused(message)
        {
            // It is over.
            return reply;
        }
        let kind = || Attributes::parse(message).and_then(|all| all.get::<MessageType>(Type::MessageType));
        let kind = match operation {
            OpCode::Message => kind().ok(),
            _ => None,
        };
        let (state, reply) = match (state, kind) {
            (State::Begun, _) if operation == OpCode::Start => self.introduce(means),
            (State::Introduced(state), Some(MessageType::M2)) => self.commit(state, message, means),
            (State::Introduced(state), Some(MessageType::M2d)) => state.nobody(message),
            (State::Committed(state), Some(MessageType::M4)) => self.show_half(*state, message, means),
            (State::HalfShown(state), Some(MessageType::M6)) => self.show(*state, message, means),
            (State::Shown(state), Some(MessageType::M8)) => self.take(state, message),
            (state, _) => (state, Reply::Nothing),
        };
        self.state = state;
        reply
    }

    /// Start: M1.
    fn introduce(&self, means: &mut Means<'_>) -> Step {
        let nonce = random(means.entropy);
        let pair = KeyPair::random(means.entropy);
        let device = &self.device;
        let m1 = M1 {
            uuid: device.uuid,
            address: device.address,
            nonce,
            public_key: *pair.public(),
            authentication: AuthenticationTypes::WPA2_PERSONAL
                .with(AuthenticationTypes::WPA_PERSONAL)
                .with(AuthenticationTypes::OPEN),
            encryption: EncryptionTypes::AES.with(EncryptionTypes::TKIP).with(EncryptionTypes::NONE),
            connection: 1,
            methods: device.methods,
            state: Configured::NotConfigured,
            manufacturer: device.manufacturer.clone(),
            model_name: device.model_name.clone(),
            model_number: device.model_number.clone(),
            serial_number: device.serial_number.clone(),
            device_type: device.device_type,
            device_name: device.name.clone(),
            bands: device.bands,
            association: AssociationState::NotAssociated,
            password_id: self.password.id(),
            error: ConfigurationError::None,
            os_version: 0x8000_0000,
            extension: Extension::ours(),
        }
        .to_octets();
        let state = Introduced { pair, nonce, m1: m1.clone() };
        (State::Introduced(Box::new(state)), Reply::Message(OpCode::Message, m1))
    }

    /// M2: M3.
    fn commit(&self, state: Box<Introduced>, message: &[u8], means: &mut Means<'_>) -> Step {
        let Ok(m2) = M2::parse(message) else { return (State::Introduced(state), Reply::Nothing) };
        let ours = (&state.nonce, self.device.address);
        let keys = Some(m2.enrollee_nonce == state.nonce)
            .filter(|same| *same)
            .and_then(|_| Keys::derive(&state.pair, &m2.public_key, ours, &m2.registrar_nonce))
            .filter(|keys| keys.verifies(&state.m1, message, &m2.authenticator));
        let Some(keys) = keys else { return (State::Introduced(state), Reply::Nothing) };
        let secret_nonces = [random(means.entropy), random(means.entropy)];
        let enrollee_public = *state.pair.public();
        let [first, second] = &secret_nonces;
        let [hash1, hash2] = keys.commit(&self.password, [first, second], &enrollee_public, &m2.public_key);
        let m3 = M3 {
            registrar_nonce: m2.registrar_nonce,
            hash1,
            hash2,
            extension: Extension::ours(),
            authenticator: [0; 8],
        };
        let sent = keys.authenticate(message, m3.to_octets());
        let state = Committed {
            keys,
            enrollee_nonce: state.nonce,
            registrar_nonce: m2.registrar_nonce,
            enrollee_public,
            registrar_public: m2.public_key,
            secret_nonces,
            sent: sent.clone(),
        };
        (State::Committed(Box::new(state)), Reply::Message(OpCode::Message, sent))
    }

    /// M4: M5, if the registrar knows the first half.
    fn show_half(&self, mut state: Committed, message: &[u8], means: &mut Means<'_>) -> Step {
        let read = M4::parse(message).ok().filter(|m4| {
            m4.enrollee_nonce == state.enrollee_nonce
                && state.keys.verifies(&state.sent, message, &m4.authenticator)
        });
        let Some(m4) = read else { return (State::Committed(Box::new(state)), Reply::Nothing) };
        let Some(first) = state.opened(&m4.settings, Type::RegistrarSecretNonce1) else {
            return state.refuse(ConfigurationError::DecryptionCrcFailure);
        };
        let [expected, _] = state.commitments(&self.password, [&first, &[0; 16]]);
        if !bool::from(expected.ct_eq(&m4.hash1)) {
            return state.refuse(ConfigurationError::DevicePasswordAuthFailure);
        }
        let settings = state.settings(0, Type::EnrolleeSecretNonce1, means);
        let m5 = M5 {
            registrar_nonce: state.registrar_nonce,
            settings,
            extension: Extension::ours(),
            authenticator: [0; 8],
        };
        state.sent = state.keys.authenticate(message, m5.to_octets());
        let reply = Reply::Message(OpCode::Message, state.sent.clone());
        (State::HalfShown(Box::new(HalfShown { committed: state, first, hash2: m4.hash2 })), reply)
    }

    /// M6: M7, if the registrar knows the second half.
    fn show(&self, half: HalfShown, message: &[u8], means: &mut Means<'_>) -> Step {
        let state = &half.committed;
        let read = M6::parse(message).ok().filter(|m6| {
            m6.enrollee_nonce == state.enrollee_nonce
                && state.keys.verifies(&state.sent, message, &m6.authenticator)
        });
        let Some(m6) = read else { return (State::HalfShown(Box::new(half)), Reply::Nothing) };
        let HalfShown { committed: mut state, first, hash2 } = half;
        let Some(second) = state.opened(&m6.settings, Type::RegistrarSecretNonce2) else {
            return state.refuse(ConfigurationError::DecryptionCrcFailure);
        };
        let [_, expected] = state.commitments(&self.password, [&first, &second]);
        if !bool::from(expected.ct_eq(&hash2)) {
            return state.refuse(ConfigurationError::DevicePasswordAuthFailure);
        }
        let settings = state.settings(1, Type::EnrolleeSecretNonce2, means);
        let m7 = M7 {
            registrar_nonce: state.registrar_nonce,
            settings,
            extension: Extension::ours(),
            authenticator: [0; 8],
        };
        state.sent = state.keys.authenticate(message, m7.to_octets());
        let reply = Reply::Message(OpCode::Message, state.sent.clone());
        (State::Shown(Box::new(state)), reply)
    }

    /// M8: the networks.
    fn take(&self, state: Box<Committed>, message: &[u8]) -> Step {
        let read = M8::parse(message).ok().filter(|m8| {
            m8.enrollee_nonce == state.enrollee_nonce
                && state.keys.verifies(&state.sent, message, &m8.authenticator)
        });
        let Some(m8) = read else { return (State::Shown(state), Reply::Nothing) };
        let Some(plain) = state.keys.unwrap(&m8.settings) else {
            return state.refuse(ConfigurationError::DecryptionCrcFailure);
        };
        let credentials = Attributes::parse(plain.expose())
            .map(|attributes| Credential::all(attributes, self.device.address))
            .unwrap_or_default();
        // It is done in any case: to break it off would tell the registrar that the PIN was wrong.
        let done = Done {
            enrollee_nonce: state.enrollee_nonce,
            registrar_nonce: state.registrar_nonce,
            extension: Extension::ours(),
        };
        let usable = credentials.iter().any(|credential| credential.network().is_some());
        let outcome =
            if usable { Outcome::Configured(credentials) } else { Outcome::Failed(Failure::NoCredentials) };
        (State::Over, Reply::Last(OpCode::Done, done.to_octets(), outcome))
    }
}

impl Introduced {
    /// M2D: it is acknowledged, and another registrar may still send M2.
    fn nobody(self: Box<Self>, message: &[u8]) -> Step {
        let read = M2d::parse(message).ok().filter(|m2d| m2d.enrollee_nonce == self.nonce);
        let Some(m2d) = read else { return (State::Introduced(self), Reply::Nothing) };
        let ack = Ack {
            enrollee_nonce: self.nonce,
            registrar_nonce: m2d.registrar_nonce,
            extension: Extension::ours(),
        };
        let outcome = Outcome::Failed(Failure::NoRegistrar(m2d.error));
        (State::Over, Reply::Last(OpCode::Ack, ack.to_octets(), outcome))
    }
}

impl Committed {
    fn commitments(&self, password: &Password, nonces: [&SecretNonce; 2]) -> [[u8; 32]; 2] {
        self.keys.commit(password, nonces, &self.enrollee_public, &self.registrar_public)
    }

    /// The secret nonce in encrypted settings.
    fn opened(&self, settings: &[u8], kind: Type) -> Option<SecretNonce> {
        let plain = self.keys.unwrap(settings)?;
        Attributes::parse(plain.expose()).ok()?.get(kind).ok()
    }

    /// Our own secret nonce as encrypted settings.
    fn settings(&self, half: usize, kind: Type, means: &mut Means<'_>) -> Vec<u8> {
        let mut attributes = Vec::new();
        if let Some(nonce) = self.secret_nonces.get(half) {
            nonce.put(kind, &mut attributes);
        }
        self.keys.wrap(random(means.entropy), &attributes)
    }

    /// The registrar does not know what it should.
    fn refuse(&self, error: ConfigurationError) -> Step {
        let failure = match error {
            ConfigurationError::DevicePasswordAuthFailure => Failure::WrongPassword,
            error => Failure::Refused(error),
        };
        let nack = self.nack(error);
        (State::Over, Reply::Last(OpCode::Nack, nack, Outcome::Failed(failure)))
    }

    fn nack(&self, error: ConfigurationError) -> Vec<u8> {
        Nack {
            enrollee_nonce: self.enrollee_nonce,
            registrar_nonce: self.registrar_nonce,
            error,
            extension: Extension::ours(),
        }
        .to_octets()
    }
}

impl State {
    /// WSC_NACK of the registrar, if it is for this exchange: it is answered by the same, and over.
    fn refused(&self, message: &[u8]) -> Option<Reply> {
        let nack = Nack::parse(message).ok()?;
        let (enrollee, registrar) = match self {
            Self::Introduced(state) => (state.nonce, nack.registrar_nonce),
            Self::Committed(state) | Self::Shown(state) => (state.enrollee_nonce, state.registrar_nonce),
            Self::HalfShown(state) => (state.committed.enrollee_nonce, state.committed.registrar_nonce),
            Self::Begun | Self::Over => return None,
        };
        if (nack.enrollee_nonce, nack.registrar_nonce) != (enrollee, registrar) {
            return None;
        }
        let failure = match nack.error {
            ConfigurationError::DevicePasswordAuthFailure => Failure::WrongPassword,
            error => Failure::Refused(error),
        };
        let ours = Nack {
            enrollee_nonce: enrollee,
            registrar_nonce: registrar,
            error: ConfigurationError::None,
            extension: Extension::ours(),
        };
        Some(Reply::Last(OpCode::Nack, ours.to_octets(), Outcome::Failed(failure)))
    }
}

/// The payload of an EAP packet. Our messages fit into one: the longest, M1, has some 450 octets.
fn payload(operation: OpCode, message: &[u8]) -> Vec<u8> {
    Wsc { operation, flags: Flags::default(), length: None, data: message }.to_payload()
}
