//! Radio measurement.

use crate::element::{Element, NeighborReport};
use crate::reader::ParseError;
use alloc::vec::Vec;

fields! {
    /// The body of a Radio Measurement Request.
    pub struct MeasurementRequest {
        /// What tells one request from another, not 0.
        dialog_token: u8,
        /// How often to repeat.
        repetitions: u16,
        /// Measurement Request elements.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a Radio Measurement Report.
    pub struct MeasurementReport {
        /// That of the request, or 0 for a report of one's own accord.
        dialog_token: u8,
        /// Measurement Report elements.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a Neighbor Report Request.
    pub struct NeighborReportRequest {
        /// What tells one request from another, not 0.
        dialog_token: u8,
        /// The elements: an SSID if not that of the BSS is meant.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of a Neighbor Report Response.
    pub struct NeighborReportResponse {
        /// That of the request, or 0 for a report of the AP's own accord.
        dialog_token: u8,
        /// Neighbor Report elements.
        elements: Vec<u8>,
    }
}

has_elements!(MeasurementRequest, MeasurementReport, NeighborReportRequest, NeighborReportResponse);

impl NeighborReportResponse {
    /// The neighbors in their order. One that is malformed is an error of its own.
    pub fn neighbors(&self) -> impl Iterator<Item = Result<NeighborReport, ParseError>> {
        self.elements()
            .iter()
            .filter(|raw| raw.id == NeighborReport::ID)
            .map(|raw| NeighborReport::parse(&raw.body))
    }
}
