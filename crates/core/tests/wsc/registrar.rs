//! A registrar, which may misbehave.

use lapwing_core::{
    crypto::modp::KeyPair,
    entropy::SeededEntropy,
    wsc::{Password, keys::Keys},
};
use lapwing_frames::{
    eap::{Code, Expanded, Packet},
    wsc::{
        Attributes, ConfigurationError, ConfigurationMethods, Extension, Flags, M1, M2, M2d, M3, M4, M5, M6,
        M7, M8, Nack, OpCode, Type, Value, Wsc,
    },
};

/// What a registrar does otherwise than it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// It has nobody who waits.
    Nobody,
    /// It breaks off after M3.
    BreaksOff,
    /// Its authenticators are wrong.
    Unauthentic,
    /// Its public value is 1.
    GuessableSecret,
    /// Its settings are encrypted with other keys.
    ForeignSettings,
    /// It hands over nothing.
    Empty,
    /// Its M8 comes in fragments of this many octets.
    Fragments(usize),
}

pub(crate) struct Registrar {
    password: Password,
    credentials: Vec<u8>,
    fault: Fault,
    pair: KeyPair,
    nonce: [u8; 16],
    secret_nonces: [[u8; 16]; 2],
    identifier: u8,
    session: Option<Met>,
    /// The last message that was sent.
    sent: Vec<u8>,
    queue: Vec<Vec<u8>>,
    /// Whether the enrollee has said that it is done.
    pub(crate) done: bool,
    /// What the enrollee broke off with.
    pub(crate) refused: Option<ConfigurationError>,
    /// Whether the enrollee proved that it knows each half of the password.
    pub(crate) proven: [bool; 2],
}

struct Met {
    keys: Keys,
    enrollee_nonce: [u8; 16],
    enrollee_public: [u8; 192],
    hashes: [[u8; 32]; 2],
    first: [u8; 16],
}

/// A Credential attribute.
pub(crate) fn credential(ssid: &[u8], authentication: u16, encryption: u16, key: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    1u8.put(Type::NetworkIndex, &mut inner);
    ssid.to_vec().put(Type::Ssid, &mut inner);
    authentication.put(Type::AuthenticationType, &mut inner);
    encryption.put(Type::EncryptionType, &mut inner);
    key.to_vec().put(Type::NetworkKey, &mut inner);
    super::OURS.put(Type::MacAddress, &mut inner);
    let mut out = Vec::new();
    inner.put(Type::Credential, &mut out);
    out
}

impl Registrar {
    pub(crate) fn new(password: Password, credentials: Vec<u8>, fault: Fault) -> Self {
        Self {
            password,
            credentials,
            fault,
            pair: KeyPair::random(&mut SeededEntropy(77)),
            nonce: [0x52; 16],
            secret_nonces: [[0x61; 16], [0x62; 16]],
            identifier: 0,
            session: None,
            sent: Vec::new(),
            queue: Vec::new(),
            done: false,
            refused: None,
            proven: [false; 2],
        }
    }

    fn request(&mut self, payload: &[u8]) -> Vec<u8> {
        self.identifier = self.identifier.wrapping_add(1);
        Packet { code: Code::Request, identifier: self.identifier, payload }.to_octets()
    }

    fn say(&mut self, operation: OpCode, data: &[u8]) -> Vec<u8> {
        let wsc = Wsc { operation, flags: Flags::default(), length: None, data };
        self.request(&wsc.to_payload())
    }

    pub(crate) fn identity(&mut self) -> Vec<u8> {
        self.request(&[1])
    }

    pub(crate) fn start(&mut self) -> Vec<u8> {
        self.say(OpCode::Start, &[])
    }

    pub(crate) fn failure(&self) -> Vec<u8> {
        Packet { code: Code::Failure, identifier: self.identifier, payload: &[] }.to_octets()
    }

    /// Takes a response: the next request, if there is one.
    pub(crate) fn receive(&mut self, response: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet::parse(response).unwrap();
        assert_eq!((packet.code, packet.identifier), (Code::Response, self.identifier));
        let (method, data) = packet.method()?;
        if method.0 == 1 {
            assert_eq!(data, lapwing_core::wsc::IDENTITY);
            return Some(self.start());
        }
        let wsc = Wsc::parse(&Expanded::parse(data).ok()?).ok()?;
        match wsc.operation {
            OpCode::Message => self.message(wsc.data),
            OpCode::FragmentAck => {
                let payload = self.queue.remove(0);
                Some(self.request(&payload))
            }
            OpCode::Nack => {
                self.refused = Some(Nack::parse(wsc.data).unwrap().error);
                Some(self.failure())
            }
            OpCode::Done | OpCode::Ack => {
                self.done = wsc.operation == OpCode::Done;
                Some(self.failure())
            }
            other => panic!("{other}"),
        }
    }

    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if let Ok(m1) = M1::parse(message) {
            return Some(self.introduce(&m1, message));
        }
        let mut met = self.session.take().unwrap();
        let before = self.sent.clone();
        let authentic = |authenticator: &[u8; 8]| assert!(met.keys.verifies(&before, message, authenticator));
        let mut plain = Vec::new();
        let next = if let Ok(m3) = M3::parse(message) {
            authentic(&m3.authenticator);
            met.hashes = [m3.hash1, m3.hash2];
            if self.fault == Fault::BreaksOff {
                let nack = Nack {
                    enrollee_nonce: met.enrollee_nonce,
                    registrar_nonce: self.nonce,
                    error: ConfigurationError::DeviceBusy,
                    extension: Extension::ours(),
                };
                return Some(self.say(OpCode::Nack, &nack.to_octets()));
            }
            self.secret_nonces[0].put(Type::RegistrarSecretNonce1, &mut plain);
            let nonces = [&self.secret_nonces[0], &self.secret_nonces[1]];
            let [hash1, hash2] =
                met.keys.commit(&self.password, nonces, &met.enrollee_public, self.pair.public());
            M4 {
                enrollee_nonce: met.enrollee_nonce,
                hash1,
                hash2,
                settings: self.wrap(&met, &plain),
                extension: Extension::ours(),
                authenticator: [0; 8],
            }
            .to_octets()
        } else if let Ok(m5) = M5::parse(message) {
            authentic(&m5.authenticator);
            met.first = opened(&met, &m5.settings, Type::EnrolleeSecretNonce1);
            let nonces = [&met.first, &[0; 16]];
            let [expected, _] =
                met.keys.commit(&self.password, nonces, &met.enrollee_public, self.pair.public());
            self.proven[0] = expected == met.hashes[0];
            self.secret_nonces[1].put(Type::RegistrarSecretNonce2, &mut plain);
            M6 {
                enrollee_nonce: met.enrollee_nonce,
                settings: self.wrap(&met, &plain),
                extension: Extension::ours(),
                authenticator: [0; 8],
            }
            .to_octets()
        } else {
            let m7 = M7::parse(message).unwrap();
            authentic(&m7.authenticator);
            let second = opened(&met, &m7.settings, Type::EnrolleeSecretNonce2);
            let nonces = [&met.first, &second];
            let [_, expected] =
                met.keys.commit(&self.password, nonces, &met.enrollee_public, self.pair.public());
            self.proven[1] = expected == met.hashes[1];
            if self.fault != Fault::Empty {
                plain.extend(&self.credentials);
            }
            M8 {
                enrollee_nonce: met.enrollee_nonce,
                settings: self.wrap(&met, &plain),
                extension: Extension::ours(),
                authenticator: [0; 8],
            }
            .to_octets()
        };
        let sent = met.keys.authenticate(message, next);
        self.session = Some(met);
        Some(self.deliver(sent))
    }

    fn wrap(&self, met: &Met, plain: &[u8]) -> Vec<u8> {
        let mut settings = met.keys.wrap([9; 16], plain);
        if self.fault == Fault::ForeignSettings {
            settings[3] ^= 1;
        }
        settings
    }

    fn introduce(&mut self, m1: &M1, message: &[u8]) -> Vec<u8> {
        if self.fault == Fault::Nobody {
            let m2d = M2d {
                enrollee_nonce: m1.nonce,
                registrar_nonce: self.nonce,
                error: ConfigurationError::DeviceBusy,
                extension: Extension::ours(),
            };
            return self.say(OpCode::Message, &m2d.to_octets());
        }
        assert_eq!(m1.password_id, self.password.id());
        let enrollee = (&m1.nonce, m1.address);
        let keys = Keys::derive(&self.pair, &m1.public_key, enrollee, &self.nonce).unwrap();
        let mut public_key = *self.pair.public();
        if self.fault == Fault::GuessableSecret {
            public_key = [0; 192];
            public_key[191] = 1;
        }
        let m2 = M2 {
            enrollee_nonce: m1.nonce,
            registrar_nonce: self.nonce,
            uuid: [3; 16],
            public_key,
            authentication: Some(m1.authentication),
            encryption: None,
            connection: None,
            methods: Some(ConfigurationMethods::LABEL),
            manufacturer: None,
            model_name: None,
            model_number: None,
            serial_number: None,
            device_type: None,
            device_name: None,
            bands: None,
            association: None,
            error: None,
            password_id: self.password.id(),
            os_version: None,
            extension: Extension::ours(),
            authenticator: [0; 8],
        };
        let sent = keys.authenticate(message, m2.to_octets());
        self.session = Some(Met {
            keys,
            enrollee_nonce: m1.nonce,
            enrollee_public: m1.public_key,
            hashes: [[0; 32]; 2],
            first: [0; 16],
        });
        self.deliver(sent)
    }

    fn deliver(&mut self, mut message: Vec<u8>) -> Vec<u8> {
        self.sent.clone_from(&message);
        match self.fault {
            Fault::Unauthentic => {
                let last = message.len() - 1;
                message[last] ^= 1;
            }
            Fault::Fragments(size) => {
                let length = u16::try_from(message.len()).ok();
                let count = message.len().div_ceil(size);
                self.queue = message
                    .chunks(size)
                    .enumerate()
                    .map(|(number, data)| {
                        let flags = if number + 1 < count { Flags::MORE } else { Flags::default() };
                        let length = length.filter(|_| number == 0 && count > 1);
                        Wsc { operation: OpCode::Message, flags, length, data }.to_payload()
                    })
                    .collect();
                let first = self.queue.remove(0);
                return self.request(&first);
            }
            _ => {}
        }
        self.say(OpCode::Message, &message)
    }
}

fn opened(met: &Met, settings: &[u8], kind: Type) -> [u8; 16] {
    let plain = met.keys.unwrap(settings).unwrap();
    Attributes::parse(plain.expose()).unwrap().get(kind).unwrap()
}
