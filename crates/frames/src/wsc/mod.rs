//! Wi-Fi Simple Configuration ("WPS", WSC specification 2.0.5): its attributes, its element, and the messages
//! that EAP carries.
//!
//! Everything is made of attributes: a type and a length of 16 bits, big endian, and the value. [`Attributes`]
//! walks them; each message is a view that names those it needs. What a view does not name is skipped, as the
//! specification demands: authenticators are computed over the octets, never over a view.

mod attribute;
mod eap;
mod element;
mod extension;
mod message;
mod types;

pub use attribute::{Attribute, Attributes, Type, Value};
pub use eap::{Flags, OpCode, Wsc};
pub use element::{AssociationRequest, Beacon, ProbeRequest, SimpleConfiguration, to_elements};
pub use extension::Extension;
pub use message::{Ack, Done, M1, M2, M2d, M3, M4, M5, M6, M7, M8, Nack};
pub use types::{
    AssociationState, AuthenticationTypes, ConfigurationError, ConfigurationMethods, DevicePasswordId,
    DeviceType, EncryptionTypes, MessageType, RequestType, ResponseType, RfBands, State, Text,
};

/// The version that every implementation writes, 1.0; what it really speaks is in [`Extension::version2`].
pub const VERSION: u8 = 0x10;
/// Version 2.0 of the specification, as [`Extension::version2`] says it.
pub const VERSION2: u8 = 0x20;

#[cfg(test)]
mod tests;
