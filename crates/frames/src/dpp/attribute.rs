//! The attribute list of frames and of wrapped data.

use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

open_enum! {
    /// The type of an attribute (Easy Connect 3.0 table 29).
    pub enum Type: u16 {
        /// How it went.
        Status = 0x1000,
        /// The hash of the initiator's bootstrapping key.
        InitiatorBootstrappingHash = 0x1001,
        /// The hash of the responder's.
        ResponderBootstrappingHash = 0x1002,
        /// The initiator's protocol key, x then y.
        InitiatorProtocolKey = 0x1003,
        /// Attributes under AES-SIV.
        WrappedData = 0x1004,
        /// The initiator's nonce.
        InitiatorNonce = 0x1005,
        /// The roles that the initiator can have.
        InitiatorCapabilities = 0x1006,
        /// The responder's nonce.
        ResponderNonce = 0x1007,
        /// The role that the responder takes.
        ResponderCapabilities = 0x1008,
        /// The responder's protocol key, x then y.
        ResponderProtocolKey = 0x1009,
        /// What proves the initiator.
        InitiatorAuthenticatingTag = 0x100a,
        /// What proves the responder.
        ResponderAuthenticatingTag = 0x100b,
        /// A network and how to get in, in JSON.
        ConfigurationObject = 0x100c,
        /// A signed key.
        Connector = 0x100d,
        /// Who wants to be configured, in JSON.
        ConfigurationRequest = 0x100e,
        /// A bootstrapping key, x then y.
        BootstrappingKey = 0x100f,
        /// A number of a group.
        FiniteCyclicGroup = 0x1012,
        /// A key hidden by a password.
        EncryptedKey = 0x1013,
        /// The enrollee's nonce.
        EnrolleeNonce = 0x1014,
        /// Which code is meant.
        CodeIdentifier = 0x1015,
        /// A number of a transaction.
        TransactionId = 0x1016,
        /// Bootstrapping information.
        BootstrappingInfo = 0x1017,
        /// An operating class and a channel.
        Channel = 0x1018,
        /// The version of the protocol.
        ProtocolVersion = 0x1019,
        /// What is under another key.
        EnvelopedData = 0x101a,
        /// The configurator wants to know whether the network could be joined.
        SendConnectionStatus = 0x101b,
        /// Whether it could, in JSON.
        ConnectionStatus = 0x101c,
    }
}

open_enum! {
    /// How it went (Easy Connect 3.0 table 31).
    pub enum Status: u8 {
        /// Well.
        Ok = 0,
        /// The roles do not fit.
        NotCompatible = 1,
        /// A proof was wrong.
        AuthFailure = 2,
        /// The code gives no key.
        BadCode = 3,
        /// Another group is wanted.
        BadGroup = 4,
        /// There is no configuration for this enrollee.
        ConfigureFailure = 5,
        /// A person is being asked.
        ResponsePending = 6,
        /// The connector is not valid.
        InvalidConnector = 7,
        /// No connector fits.
        NoMatch = 8,
        /// The enrollee does not want the configuration.
        ConfigRejected = 9,
        /// There is no such access point.
        NoAp = 10,
        /// The configuration comes later.
        ConfigurePending = 11,
        /// A request for a certificate is needed.
        CsrNeeded = 12,
        /// That request was bad.
        CsrBad = 13,
        /// Another protocol key is needed.
        NewKeyNeeded = 14,
    }
}

/// An attribute: its type, its value, and where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// The type.
    pub kind: Type,
    /// The value.
    pub value: &'a [u8],
    /// The octet of its type, counted from the first attribute.
    pub at: usize,
}

/// Attributes in a row, as octets.
///
/// There is no `Debug`: unwrapped, they may be a network's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Checks that the octets are attributes from the first to the last.
    ///
    /// # Errors
    /// If one is cut short.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DPP attributes", octets);
        while !reader.is_empty() {
            read(&mut reader)?;
        }
        Ok(Self(octets))
    }

    /// The attributes in their order.
    pub fn iter(self) -> impl Iterator<Item = Attribute<'a>> {
        let mut reader = Reader::new("DPP attributes", self.0);
        core::iter::from_fn(move || read(&mut reader).ok())
    }

    /// The value of the first attribute of this type.
    #[must_use]
    pub fn find(self, kind: Type) -> Option<&'a [u8]> {
        self.iter().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// The value of the first attribute of this type, if it has exactly `N` octets.
    #[must_use]
    pub fn array<const N: usize>(self, kind: Type) -> Option<[u8; N]> {
        self.find(kind)?.try_into().ok()
    }

    /// The status, if there is one of one octet.
    #[must_use]
    pub fn status(self) -> Option<Status> {
        self.array(Type::Status).map(|[status]| Status(status))
    }

    /// The wrapped data, and the octets in front of their attribute, which they authenticate. Nothing if there
    /// are none, or if another attribute follows, which nothing would authenticate.
    #[must_use]
    pub fn wrapped(self) -> Option<(&'a [u8], &'a [u8])> {
        let last = self.iter().last().filter(|last| last.kind == Type::WrappedData)?;
        Some((last.value, self.0.get(..last.at)?))
    }

    /// The octets.
    #[must_use]
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Attribute<'a>, ParseError> {
    let at = reader.position();
    let kind = Type(reader.u16_le()?);
    let length = reader.u16_le()?;
    Ok(Attribute { kind, value: reader.take(usize::from(length))?, at })
}

/// Puts attributes in a row.
#[derive(Clone, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// No attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// And this one. A value beyond what 16 bits can count is cut off.
    #[must_use]
    pub fn with(mut self, kind: Type, value: &[u8]) -> Self {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        self.0.extend(kind.0.to_le_bytes());
        self.0.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
        self.0.extend(value);
        self
    }

    /// And this one, if there is a value.
    #[must_use]
    pub fn with_some(self, kind: Type, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.with(kind, value),
            None => self,
        }
    }

    /// The octets so far.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The octets.
    #[must_use]
    pub fn into_octets(self) -> Vec<u8> {
        self.0
    }
}
