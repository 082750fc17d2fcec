//! The bodies of Action frames (802.11-2020 9.6).

mod fast_transition;
mod link_reconfiguration;
mod measurement;
mod security;
mod transition;

pub use fast_transition::{TransitionAnswered, TransitionAsked};
pub use link_reconfiguration::{
    GroupKeyData, LinkReconfigurationRequest, LinkReconfigurationResponse, LinkStatus, MappingRequest,
    MappingResponse, MappingTeardown,
};
pub use measurement::{MeasurementReport, MeasurementRequest, NeighborReportRequest, NeighborReportResponse};
pub use security::SaQuery;
pub use transition::{
    BssTermination, TransitionMode, TransitionQuery, TransitionReason, TransitionRequest, TransitionResponse,
    TransitionStatus,
};

use crate::{
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

crate::open_enum! {
    /// The category of an Action frame (802.11-2020 table 9-51).
    pub enum Category: u8 {
        /// Spectrum management.
        SpectrumManagement = 0,
        /// QoS.
        Qos = 1,
        /// Block ack.
        BlockAck = 3,
        /// Public.
        Public = 4,
        /// Radio measurement.
        RadioMeasurement = 5,
        /// Fast BSS transition.
        FastTransition = 6,
        /// HT.
        Ht = 7,
        /// SA Query.
        SaQuery = 8,
        /// Protected dual of public.
        ProtectedPublic = 9,
        /// Wireless network management.
        Wnm = 10,
        /// Unprotected wireless network management.
        UnprotectedWnm = 11,
        /// VHT.
        Vht = 21,
        /// HE.
        He = 30,
        /// Protected HE.
        ProtectedHe = 31,
        /// EHT.
        Eht = 36,
        /// Protected EHT.
        ProtectedEht = 37,
        /// Vendor specific, protected.
        VendorSpecificProtected = 126,
        /// Vendor specific.
        VendorSpecific = 127,
    }
}

/// Defines [`Action`] from its variants, each with the category and number that it stands for.
macro_rules! actions {
    ($( $(#[$meta:meta])* $name:ident($body:ty) = $category:ident $number:literal, )*) => {
        /// The body of an Action frame.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $( $(#[$meta])* $name($body), )*
            /// Any other action.
            Other {
                /// The category.
                category: Category,
                /// The action; in vendor specific categories the first octet of the OUI.
                action: u8,
                /// What follows.
                octets: Vec<u8>,
            },
        }

        impl Action {
            /// Parses what follows the MAC header.
            ///
            /// # Errors
            /// If the action is one that we know and its fields are cut short or impossible.
            pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
                let mut reader = Reader::new("action frame", octets);
                let (category, action) = (Category(reader.u8()?), reader.u8()?);
                let value = match (category, action) {
                    $( (Category::$category, $number) => Self::$name(Field::read(&mut reader)?), )*
                    _ => Self::Other { category, action, octets: Field::read(&mut reader)? },
                };
                reader.finish()?;
                Ok(value)
            }

            /// Appends the body.
            pub fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $( Self::$name(body) => {
                        out.extend([Category::$category.0, $number]);
                        body.write(out);
                    } )*
                    Self::Other { category, action, octets } => {
                        out.extend([category.0, *action]);
                        octets.write(out);
                    }
                }
            }
        }
    };
}

actions! {
    /// Asks another AP by way of this one for a fast transition (802.11-2020 9.6.8).
    FastTransitionRequest(TransitionAsked) = FastTransition 1,
    /// The answer to that.
    FastTransitionResponse(TransitionAnswered) = FastTransition 2,
    /// Asks whether the security association still stands (802.11-2020 9.6.9).
    SaQueryRequest(SaQuery) = SaQuery 0,
    /// The answer to that.
    SaQueryResponse(SaQuery) = SaQuery 1,
    /// What a station shall measure (9.6.6).
    MeasurementRequest(MeasurementRequest) = RadioMeasurement 0,
    /// What it measured.
    MeasurementReport(MeasurementReport) = RadioMeasurement 1,
    /// Asks an AP for its neighbors.
    NeighborReportRequest(NeighborReportRequest) = RadioMeasurement 4,
    /// The answer to that.
    NeighborReportResponse(NeighborReportResponse) = RadioMeasurement 5,
    /// Asks an AP where to go (9.6.13.8).
    TransitionQuery(TransitionQuery) = Wnm 6,
    /// An AP's wish that a station goes.
    TransitionRequest(TransitionRequest) = Wnm 7,
    /// The answer to that.
    TransitionResponse(TransitionResponse) = Wnm 8,
    /// Asks for a TID-to-link mapping (802.11be 9.6.36).
    MappingRequest(MappingRequest) = ProtectedEht 0,
    /// The answer to that.
    MappingResponse(MappingResponse) = ProtectedEht 1,
    /// Ends a negotiated mapping.
    MappingTeardown(MappingTeardown) = ProtectedEht 2,
    /// An AP's wish that a station changes its links.
    LinkReconfigurationNotify(LinkReconfigurationRequest) = ProtectedEht 10,
    /// A station's wish to add or delete links.
    LinkReconfigurationRequest(LinkReconfigurationRequest) = ProtectedEht 11,
    /// The answer to that.
    LinkReconfigurationResponse(LinkReconfigurationResponse) = ProtectedEht 12,
}

#[cfg(test)]
mod tests;
