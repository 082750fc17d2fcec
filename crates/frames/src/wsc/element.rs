//! The element of beacons, probes and association requests (vendor 00-50-F2, type 4).

use super::{
    VERSION,
    attribute::{Attributes, Type, Value},
    extension::Extension,
    message::view,
    types::{
        AssociationState, ConfigurationError, ConfigurationMethods, DevicePasswordId, DeviceType,
        RequestType, ResponseType, RfBands, State, Text,
    },
};
use crate::{
    element::{Element, ElementId, Elements},
    reader::ParseError,
};
use alloc::vec::Vec;

/// One element: a piece of the attributes, which may be longer than an element can be.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SimpleConfiguration {
    /// The piece.
    pub octets: Vec<u8>,
}

impl core::fmt::Debug for SimpleConfiguration {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SimpleConfiguration({} octets)", self.octets.len())
    }
}

impl Element for SimpleConfiguration {
    const ID: ElementId = ElementId::VENDOR;
    const PREFIX: &'static [u8] = &[0x00, 0x50, 0xf2, 4];

    fn parse(body: &[u8]) -> Result<Self, ParseError> {
        Ok(Self { octets: body.to_vec() })
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.octets);
    }
}

impl SimpleConfiguration {
    /// The attributes of all such elements of a frame, put together; nothing if there is none.
    #[must_use]
    pub fn join(elements: Elements<'_>) -> Option<Vec<u8>> {
        let mut pieces = elements.into_iter().filter_map(|raw| raw.parse_as::<Self>()?.ok()).peekable();
        pieces.peek()?;
        Some(pieces.flat_map(|piece| piece.octets).collect())
    }
}

/// These attributes as elements: as many as they need.
#[must_use]
pub fn to_elements(attributes: &[u8]) -> Vec<u8> {
    /// An element's 255 octets without the vendor and type.
    const ROOM: usize = 251;
    let mut out = Vec::new();
    for piece in attributes.chunks(ROOM) {
        SimpleConfiguration { octets: piece.to_vec() }.write(&mut out);
    }
    out
}

/// Views with the version in front.
macro_rules! elements {
    ($( $(#[$meta:meta])* $name:ident { $($fields:tt)* } )*) => { $(
        view! { $(#[$meta])* $name { $($fields)* } }

        impl $name {
            /// Reads it from the attributes of [`SimpleConfiguration::join`].
            ///
            /// # Errors
            /// If an attribute is missing, cut short or malformed.
            pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
                Self::read(Attributes::parse(octets)?)
            }

            /// The attributes as octets.
            #[must_use]
            pub fn to_octets(&self) -> Vec<u8> {
                let mut out = Vec::new();
                VERSION.put(Type::Version, &mut out);
                self.write(&mut out);
                out
            }
        }
    )* };
}

elements! {
    /// What a beacon says, and a probe response too.
    Beacon {
        /// Whether the access point has a network configured.
        state: State = State,
        /// Whether it refuses external registrars.
        locked: Option<bool> = SetupLocked,
        /// Whether a registrar waits for an enrollee now.
        selected: Option<bool> = SelectedRegistrar,
        /// For which password it waits.
        password_id: Option<DevicePasswordId> = DevicePasswordId,
        /// How the registrar can be given it.
        selected_methods: Option<ConfigurationMethods> = SelectedRegistrarMethods,
        /// What kind of device it is; in probe responses only.
        response: Option<ResponseType> = ResponseType,
        /// The access point's UUID, one for all of its bands.
        uuid: Option<[u8; 16]> = EnrolleeUuid,
        /// The bands on which it waits.
        bands: Option<RfBands> = RfBands,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// What an enrollee says when it looks for access points.
    ProbeRequest {
        /// Why it asks.
        request: RequestType = RequestType,
        /// How it can be given a password.
        methods: ConfigurationMethods = ConfigurationMethods,
        /// Its UUID.
        uuid: [u8; 16] = EnrolleeUuid,
        /// What it is.
        device_type: DeviceType = PrimaryDeviceType,
        /// Its bands.
        bands: RfBands = RfBands,
        /// Whether it is associated.
        association: AssociationState = AssociationState,
        /// What went wrong before.
        error: ConfigurationError = ConfigurationError,
        /// Which password it will prove.
        password_id: DevicePasswordId = DevicePasswordId,
        /// Who made it.
        manufacturer: Option<Text> = Manufacturer,
        /// Its model.
        model_name: Option<Text> = ModelName,
        /// Its model's number.
        model_number: Option<Text> = ModelNumber,
        /// What a person calls it.
        device_name: Option<Text> = DeviceName,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
    /// What an enrollee says when it associates without keys.
    AssociationRequest {
        /// Why it associates.
        request: RequestType = RequestType,
        /// The vendor extension.
        extension: Extension = VendorExtension,
    }
}
