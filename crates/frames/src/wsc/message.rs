//! The messages of the registration protocol (WSC 2.0.5 8.3), as views of their attributes.

use super::{
    VERSION,
    attribute::{Attributes, Type, Value},
    extension::Extension,
    types::{
        AssociationState, AuthenticationTypes, ConfigurationError, ConfigurationMethods, DevicePasswordId,
        DeviceType, EncryptionTypes, MessageType, RfBands, State, Text,
    },
};
use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// Defines a view: its fields, each with the attribute that it is, in the order in which they are written.
macro_rules! view {
    ($(#[$meta:meta])* $name:ident { $( $(#[$fmeta:meta])* $field:ident: $ty:ty = $kind:ident, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
        }

        impl $name {
            fn read(attributes: Attributes<'_>) -> Result<Self, ParseError> {
                Ok(Self { $( $field: <$ty as Value>::take(attributes, Type::$kind)?, )* })
            }

            fn write(&self, out: &mut Vec<u8>) {
                $( self.$field.put(Type::$kind, out); )*
            }
        }
    };
}
pub(super) use view;

/// Messages: views with a version and a message type in front.
macro_rules! messages {
    ($( $(#[$meta:meta])* $name:ident { $($fields:tt)* } )*) => { $(
        view! { $(#[$meta])* $name { $($fields)* } }

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// If it is another message, or an attribute is missing, cut short or malformed.
            pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
                let attributes = Attributes::parse(octets)?;
                if MessageType::take(attributes, Type::MessageType)? != MessageType::$name {
                    return Err(Reader::new("WSC message", octets).invalid("another message type"));
                }
                Self::read(attributes)
            }

            /// The message as octets.
            #[must_use]
            pub fn to_octets(&self) -> Vec<u8> {
                let mut out = Vec::new();
                VERSION.put(Type::Version, &mut out);
                MessageType::$name.put(Type::MessageType, &mut out);
                self.write(&mut out);
                out
            }
        }
    )* };
}

messages! {
    /// M1: the enrollee says who it is, what it can, and its public value.
    M1 {
        /// Its UUID.
        uuid: [u8; 16] = EnrolleeUuid,
        /// Its address, of which the keys are made too.
        address: MacAddr = MacAddress,
        /// Its nonce.
        nonce: [u8; 16] = EnrolleeNonce,
        /// Its public value, of group 5.
        public_key: [u8; 192] = PublicKey,
        /// How it can authenticate.
        authentication: AuthenticationTypes = AuthenticationTypes,
        /// How it can encrypt.
        encryption: EncryptionTypes = EncryptionTypes,
        /// How it can connect; 1 is to an access point.
        connection: u8 = ConnectionTypes,
        /// How it can be given a password.
        methods: ConfigurationMethods = ConfigurationMethods,
        /// Whether it is configured.
        state: State = State,
        /// Who made it.
        manufacturer: Text = Manufacturer,
        /// Its model.
        model_name: Text = ModelName,
        /// Its model's number.
        model_number: Text = ModelNumber,
        /// Its serial number.
        serial_number: Text = SerialNumber,
        /// What it is.
        device_type: DeviceType = PrimaryDeviceType,
        /// What a person calls it.
        device_name: Text = DeviceName,
        /// Its bands.
        bands: RfBands = RfBands,
        /// Whether it is associated.
        association: AssociationState = AssociationState,
        /// Which password it will prove.
        password_id: DevicePasswordId = DevicePasswordId,
        /// What went wrong before.
        error: ConfigurationError = ConfigurationError,
        /// The version of its operating system, with the highest bit set.
        os_version: u32 = OsVersion,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// M2: the registrar says the same about itself. What is not needed may be missing.
    M2 {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The registrar's.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// The registrar's UUID.
        uuid: [u8; 16] = RegistrarUuid,
        /// Its public value, of group 5.
        public_key: [u8; 192] = PublicKey,
        /// How it can authenticate.
        authentication: Option<AuthenticationTypes> = AuthenticationTypes,
        /// How it can encrypt.
        encryption: Option<EncryptionTypes> = EncryptionTypes,
        /// How it can connect.
        connection: Option<u8> = ConnectionTypes,
        /// How it can be given a password.
        methods: Option<ConfigurationMethods> = ConfigurationMethods,
        /// Who made it.
        manufacturer: Option<Text> = Manufacturer,
        /// Its model.
        model_name: Option<Text> = ModelName,
        /// Its model's number.
        model_number: Option<Text> = ModelNumber,
        /// Its serial number.
        serial_number: Option<Text> = SerialNumber,
        /// What it is.
        device_type: Option<DeviceType> = PrimaryDeviceType,
        /// What a person calls it.
        device_name: Option<Text> = DeviceName,
        /// Its bands.
        bands: Option<RfBands> = RfBands,
        /// Whether the enrollee is associated.
        association: Option<AssociationState> = AssociationState,
        /// What went wrong before.
        error: Option<ConfigurationError> = ConfigurationError,
        /// Which password it will prove.
        password_id: DevicePasswordId = DevicePasswordId,
        /// The version of its operating system.
        os_version: Option<u32> = OsVersion,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M1 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M2D: the registrar has nothing for this enrollee; perhaps another registrar has.
    M2d {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The registrar's.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// What is wrong.
        error: ConfigurationError = ConfigurationError,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// M3: the enrollee commits to both halves of the password.
    M3 {
        /// The registrar's nonce.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// The commitment to the first half.
        hash1: [u8; 32] = EnrolleeHash1,
        /// The commitment to the second half.
        hash2: [u8; 32] = EnrolleeHash2,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M2 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M4: the registrar commits to them too, and opens the first.
    M4 {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The commitment to the first half.
        hash1: [u8; 32] = RegistrarHash1,
        /// The commitment to the second half.
        hash2: [u8; 32] = RegistrarHash2,
        /// What opens the first.
        settings: Vec<u8> = EncryptedSettings,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M3 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M5: the enrollee opens its first.
    M5 {
        /// The registrar's nonce.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// What opens the first.
        settings: Vec<u8> = EncryptedSettings,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M4 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M6: the registrar opens its second.
    M6 {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// What opens the second.
        settings: Vec<u8> = EncryptedSettings,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M5 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M7: the enrollee opens its second.
    M7 {
        /// The registrar's nonce.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// What opens the second.
        settings: Vec<u8> = EncryptedSettings,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M6 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// M8: the registrar hands over the networks.
    M8 {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The networks.
        settings: Vec<u8> = EncryptedSettings,
        /// The vendor extension.
        extension: Extension = VendorExtension,
        /// The keyed hash over M7 and this.
        authenticator: [u8; 8] = Authenticator,
    }
    /// WSC_ACK: an M2D was read.
    Ack {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The registrar's.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// WSC_NACK: the exchange ends here.
    Nack {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The registrar's.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// Why.
        error: ConfigurationError = ConfigurationError,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// WSC_Done: the enrollee has its networks.
    Done {
        /// The enrollee's nonce.
        enrollee_nonce: [u8; 16] = EnrolleeNonce,
        /// The registrar's.
        registrar_nonce: [u8; 16] = RegistrarNonce,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
}
