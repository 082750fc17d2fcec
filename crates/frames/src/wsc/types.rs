//! Numbers, sets of bits and texts that attributes hold (WSC 2.0.5 chapter 12).

use super::attribute::Single;
use crate::reader::{ParseError, Reader};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Newtypes of a number are read as it.
macro_rules! single {
    ($($name:ident,)*) => { $(
        impl Single for $name {
            fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                Single::read(reader).map(Self)
            }
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }
    )* };
}

single! {
    AssociationState, AuthenticationTypes, ConfigurationError, ConfigurationMethods, DevicePasswordId,
    EncryptionTypes, MessageType, RequestType, ResponseType, RfBands, State,
}

open_enum! {
    /// Which message it is (table 40).
    pub enum MessageType: u8 {
        /// The enrollee introduces itself.
        M1 = 0x04,
        /// The registrar introduces itself.
        M2 = 0x05,
        /// The registrar has nothing for the enrollee yet.
        M2d = 0x06,
        /// The enrollee commits to the password.
        M3 = 0x07,
        /// The registrar commits to it and proves the first half.
        M4 = 0x08,
        /// The enrollee proves the first half.
        M5 = 0x09,
        /// The registrar proves the second half.
        M6 = 0x0a,
        /// The enrollee proves the second half.
        M7 = 0x0b,
        /// The registrar hands over the networks.
        M8 = 0x0c,
        /// A message was understood, but there is no answer to it.
        Ack = 0x0d,
        /// The exchange is broken off.
        Nack = 0x0e,
        /// The enrollee has its networks.
        Done = 0x0f,
    }
}

open_enum! {
    /// Whether the enrollee is associated (table 30).
    pub enum AssociationState: u16 {
        /// It is not.
        NotAssociated = 0,
        /// It is.
        Connected = 1,
    }
}

open_enum! {
    /// What went wrong (table 34).
    pub enum ConfigurationError: u16 {
        /// Nothing.
        None = 0,
        /// The interface of an NFC token did not read.
        OobInterfaceRead = 1,
        /// Decryption failed.
        DecryptionCrcFailure = 2,
        /// The channel of 2.4 GHz is not supported.
        Channel24NotSupported = 3,
        /// The channel of 5 GHz is not supported.
        Channel50NotSupported = 4,
        /// Too weak.
        SignalTooWeak = 5,
        /// The network's authentication failed.
        NetworkAuthFailure = 6,
        /// The network's association failed.
        NetworkAssociationFailure = 7,
        /// Nobody answered DHCP.
        NoDhcpResponse = 8,
        /// The address configuration failed.
        FailedDhcpConfig = 9,
        /// Two have the address.
        IpAddressConflict = 10,
        /// No registrar could be reached.
        CouldNotConnectToRegistrar = 11,
        /// Several enrollees or registrars in push button mode.
        MultiplePbcSessions = 12,
        /// Somebody misbehaves.
        RogueActivitySuspected = 13,
        /// The device is busy.
        DeviceBusy = 14,
        /// The access point refuses registrars.
        SetupLocked = 15,
        /// A message did not come in time.
        MessageTimeout = 16,
        /// The whole took too long.
        RegistrationSessionTimeout = 17,
        /// The password is wrong.
        DevicePasswordAuthFailure = 18,
    }
}

open_enum! {
    /// Which password is meant (table 37).
    pub enum DevicePasswordId: u16 {
        /// The PIN on a label or display.
        Default = 0,
        /// A password that a person chose.
        UserSpecified = 1,
        /// The machine's own.
        MachineSpecified = 2,
        /// A new password for an old device.
        Rekey = 3,
        /// No password: the button was pushed.
        PushButton = 4,
        /// A password that the registrar chose.
        RegistrarSpecified = 5,
    }
}

open_enum! {
    /// Why a request is made (table 43).
    pub enum RequestType: u8 {
        /// Only to look.
        EnrolleeInfo = 0,
        /// To be enrolled.
        Enrollee = 1,
        /// To be a registrar.
        Registrar = 2,
        /// To be a registrar of an access point.
        ManagerRegistrar = 3,
    }
}

open_enum! {
    /// What kind of device responds (table 44).
    pub enum ResponseType: u8 {
        /// An enrollee that only looks.
        EnrolleeInfo = 0,
        /// An enrollee.
        Enrollee = 1,
        /// A registrar.
        Registrar = 2,
        /// An access point.
        AccessPoint = 3,
    }
}

open_enum! {
    /// Whether a device is configured (table 49).
    pub enum State: u8 {
        /// As it left the factory.
        NotConfigured = 1,
        /// It has a network.
        Configured = 2,
    }
}

/// Defines a set of bits in a big-endian number.
macro_rules! bits {
    ($( $(#[$meta:meta])* $name:ident: $repr:ty { $( $(#[$vmeta:meta])* $bit:ident = $value:expr, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $( $(#[$vmeta])* pub const $bit: Self = Self($value); )*

            /// Whether all bits of `other` are set.
            #[must_use]
            pub const fn has(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The bits of both.
            #[must_use]
            pub const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    )* };
}

bits! {
    /// Authentication types (table 32).
    AuthenticationTypes: u16 {
        /// None.
        OPEN = 0x01,
        /// The first WPA with a passphrase.
        WPA_PERSONAL = 0x02,
        /// WEP's.
        SHARED = 0x04,
        /// The first WPA with 802.1X.
        WPA_ENTERPRISE = 0x08,
        /// WPA2 with 802.1X.
        WPA2_ENTERPRISE = 0x10,
        /// WPA2 with a passphrase.
        WPA2_PERSONAL = 0x20,
    }
    /// Encryption types (table 38).
    EncryptionTypes: u16 {
        /// None.
        NONE = 0x01,
        /// WEP.
        WEP = 0x02,
        /// TKIP.
        TKIP = 0x04,
        /// AES, which is CCMP.
        AES = 0x08,
    }
    /// How a device can be given a password (table 33).
    ConfigurationMethods: u16 {
        /// A PIN on a label.
        LABEL = 0x0004,
        /// A display.
        DISPLAY = 0x0008,
        /// A token for near field communication, outside.
        NFC_TOKEN = 0x0010,
        /// The same, built in.
        NFC_TOKEN_BUILT_IN = 0x0020,
        /// An interface for it.
        NFC_INTERFACE = 0x0040,
        /// A button, of any kind.
        PUSH_BUTTON = 0x0080,
        /// Something to type digits on.
        KEYPAD = 0x0100,
        /// A button on a screen.
        VIRTUAL_PUSH_BUTTON = 0x0280,
        /// A button with one's finger on it.
        PHYSICAL_PUSH_BUTTON = 0x0480,
        /// A PIN that a program shows on a far away screen.
        VIRTUAL_DISPLAY = 0x2008,
        /// A PIN on a display of its own.
        PHYSICAL_DISPLAY = 0x4008,
    }
    /// Bands (table 44).
    RfBands: u8 {
        /// 2.4 GHz.
        BAND_2_4_GHZ = 1,
        /// 5 GHz.
        BAND_5_GHZ = 2,
        /// 60 GHz.
        BAND_60_GHZ = 4,
    }
}

/// What a device is (table 41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceType {
    /// The category; 1 is a computer.
    pub category: u16,
    /// Who defines the subcategory, with its type; 00-50-F2-04 is the specification.
    pub oui: [u8; 4],
    /// The subcategory.
    pub subcategory: u16,
}

impl Single for DeviceType {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self { category: reader.u16_be()?, oui: reader.array()?, subcategory: reader.u16_be()? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.category.write(out);
        out.extend(self.oui);
        self.subcategory.write(out);
    }
}

/// A text of a device about itself: any octets, shown without control characters.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// The longest that any attribute may hold (of the manufacturer).
    pub const MAX: usize = 64;

    /// This text, cut off after 64 octets.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        Self(octets.get(..Self::MAX).unwrap_or(octets).to_vec())
    }

    /// The octets as they are.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = String::from_utf8_lossy(&self.0).trim_end_matches('\0').to_string();
        text.chars().try_for_each(|c| fmt::Write::write_char(f, if c.is_control() { '\u{fffd}' } else { c }))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Single for Text {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let at = reader.clone();
        let octets = reader.rest();
        if octets.len() > Self::MAX {
            return Err(at.invalid("longer than 64 octets"));
        }
        Ok(Self(octets.to_vec()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(&self.0);
    }
}
