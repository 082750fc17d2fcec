//! The attribute list and the values in it.

use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

open_enum! {
    /// The type of an attribute (WSC 2.0.5 table 28).
    pub enum Type: u16 {
        /// Whether the enrollee is associated.
        AssociationState = 0x1002,
        /// One authentication type.
        AuthenticationType = 0x1003,
        /// The authentication types that a device can use.
        AuthenticationTypes = 0x1004,
        /// The keyed hash of the message before and this one.
        Authenticator = 0x1005,
        /// How a device can be given a password.
        ConfigurationMethods = 0x1008,
        /// What went wrong.
        ConfigurationError = 0x1009,
        /// The connection types that a device can use.
        ConnectionTypes = 0x100d,
        /// A network and how to get in.
        Credential = 0x100e,
        /// One encryption type.
        EncryptionType = 0x100f,
        /// The encryption types that a device can use.
        EncryptionTypes = 0x1010,
        /// What a person calls the device.
        DeviceName = 0x1011,
        /// Which password is meant.
        DevicePasswordId = 0x1012,
        /// The enrollee's commitment to the first half of the password.
        EnrolleeHash1 = 0x1014,
        /// The enrollee's commitment to the second half.
        EnrolleeHash2 = 0x1015,
        /// What opens the first commitment.
        EnrolleeSecretNonce1 = 0x1016,
        /// What opens the second.
        EnrolleeSecretNonce2 = 0x1017,
        /// Attributes under AES.
        EncryptedSettings = 0x1018,
        /// The enrollee's nonce.
        EnrolleeNonce = 0x101a,
        /// The keyed hash inside encrypted settings.
        KeyWrapAuthenticator = 0x101e,
        /// An address.
        MacAddress = 0x1020,
        /// Who made the device.
        Manufacturer = 0x1021,
        /// Which message it is.
        MessageType = 0x1022,
        /// The model.
        ModelName = 0x1023,
        /// The model's number.
        ModelNumber = 0x1024,
        /// Obsolete, always 1.
        NetworkIndex = 0x1026,
        /// The passphrase or key.
        NetworkKey = 0x1027,
        /// Which WEP key.
        NetworkKeyIndex = 0x1028,
        /// The operating system's version.
        OsVersion = 0x102d,
        /// A Diffie-Hellman value.
        PublicKey = 0x1032,
        /// The registrar's nonce.
        RegistrarNonce = 0x1039,
        /// Why a probe or association request is made.
        RequestType = 0x103a,
        /// What kind of device responds.
        ResponseType = 0x103b,
        /// The bands.
        RfBands = 0x103c,
        /// The registrar's commitment to the first half of the password.
        RegistrarHash1 = 0x103d,
        /// The registrar's commitment to the second half.
        RegistrarHash2 = 0x103e,
        /// What opens the first commitment.
        RegistrarSecretNonce1 = 0x103f,
        /// What opens the second.
        RegistrarSecretNonce2 = 0x1040,
        /// Whether a registrar waits for an enrollee.
        SelectedRegistrar = 0x1041,
        /// The device's serial number.
        SerialNumber = 0x1042,
        /// Whether the device is configured.
        State = 0x1044,
        /// A network's name.
        Ssid = 0x1045,
        /// The enrollee's UUID.
        EnrolleeUuid = 0x1047,
        /// The registrar's UUID.
        RegistrarUuid = 0x1048,
        /// What a vendor adds.
        VendorExtension = 0x1049,
        /// The version, always 1.0.
        Version = 0x104a,
        /// How the selected registrar can be given a password.
        SelectedRegistrarMethods = 0x1053,
        /// What the device is.
        PrimaryDeviceType = 0x1054,
        /// Whether the access point refuses external registrars.
        SetupLocked = 0x1057,
    }
}

/// An attribute: its type and its value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// The type.
    pub kind: Type,
    /// The value.
    pub value: &'a [u8],
}

/// Attributes in a row, as octets.
///
/// There is no `Debug`: it may be a network's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Checks that the octets are attributes from the first to the last.
    ///
    /// # Errors
    /// If one is cut short.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("WSC attributes", octets);
        while !reader.is_empty() {
            read(&mut reader)?;
        }
        Ok(Self(octets))
    }

    /// The attributes in their order.
    pub fn iter(self) -> impl Iterator<Item = Attribute<'a>> {
        let mut reader = Reader::new("WSC attributes", self.0);
        core::iter::from_fn(move || read(&mut reader).ok())
    }

    /// The value of the first attribute of this type.
    #[must_use]
    pub fn find(self, kind: Type) -> Option<&'a [u8]> {
        self.iter().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// The value of the attributes of a type, as the view wants it.
    ///
    /// # Errors
    /// If it is missing or malformed.
    pub fn get<V: Value>(self, kind: Type) -> Result<V, ParseError> {
        V::take(self, kind)
    }

    /// The octets.
    #[must_use]
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }
}

/// Appends an attribute. A value beyond what 16 bits can count is cut off.
pub(super) fn write(kind: Type, value: &[u8], out: &mut Vec<u8>) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend(kind.0.to_be_bytes());
    out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(value);
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Attribute<'a>, ParseError> {
    let kind = Type(reader.u16_be()?);
    let length = reader.u16_be()?;
    Ok(Attribute { kind, value: reader.take(usize::from(length))? })
}

/// What a view has for the attributes of one type: a value, perhaps a value, or all values.
pub trait Value: Sized {
    /// Finds and reads it.
    ///
    /// # Errors
    /// If it is missing though needed, or malformed.
    fn take(attributes: Attributes<'_>, kind: Type) -> Result<Self, ParseError>;

    /// Appends it.
    fn put(&self, kind: Type, out: &mut Vec<u8>);
}

/// The value of one attribute.
pub(super) trait Single: Sized {
    /// Reads it, to its end.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
}

/// What an error calls the value of an attribute.
fn name(kind: Type) -> &'static str {
    kind.name().unwrap_or("WSC attribute")
}

fn parse<S: Single>(kind: Type, value: &[u8]) -> Result<S, ParseError> {
    let mut reader = Reader::new(name(kind), value);
    let single = S::read(&mut reader)?;
    reader.finish()?;
    Ok(single)
}

impl<S: Single> Value for S {
    fn take(attributes: Attributes<'_>, kind: Type) -> Result<Self, ParseError> {
        let missing = || Reader::new(name(kind), &[]).invalid("the attribute is missing");
        parse(kind, attributes.find(kind).ok_or_else(missing)?)
    }

    fn put(&self, kind: Type, out: &mut Vec<u8>) {
        let mut value = Vec::new();
        self.write(&mut value);
        write(kind, &value, out);
    }
}

impl<S: Single> Value for Option<S> {
    fn take(attributes: Attributes<'_>, kind: Type) -> Result<Self, ParseError> {
        attributes.find(kind).map(|value| parse(kind, value)).transpose()
    }

    fn put(&self, kind: Type, out: &mut Vec<u8>) {
        if let Some(value) = self {
            value.put(kind, out);
        }
    }
}

impl Single for u8 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.u8()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
}

impl Single for u16 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.u16_be()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_be_bytes());
    }
}

impl Single for u32 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.array().map(Self::from_be_bytes)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_be_bytes());
    }
}

/// Zero is no; some access points write other numbers than one for yes.
impl Single for bool {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(reader.u8()? != 0)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl<const N: usize> Single for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.array()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }
}

impl Single for Vec<u8> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(reader.rest().to_vec())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self);
    }
}

impl Single for MacAddr {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Self::read(reader)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }
}
