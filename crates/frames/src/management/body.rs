//! The bodies with fixed fields and elements (802.11-2020 9.3.3).

use super::codes::{AssociationId, AuthenticationAlgorithm, CapabilityInformation, ReasonCode, StatusCode};
use crate::{address::MacAddr, element::Elements};
use alloc::vec::Vec;

body! {
    /// The body of a Beacon or Probe Response.
    "beacon or probe response" => pub struct Beacon {
        /// The TSF timer of the sender in µs.
        timestamp: u64,
        /// The time between beacons in TU of 1024 µs.
        beacon_interval: u16,
        /// What the BSS does.
        capabilities: CapabilityInformation,
        /// The elements.
        elements: Vec<u8>,
    }
}

body! {
    /// The body of a Probe Request.
    "probe request" => pub struct ProbeRequest {
        /// The elements.
        elements: Vec<u8>,
    }
}

body! {
    /// The body of an Authentication frame.
    "authentication" => pub struct Authentication {
        /// How to authenticate.
        algorithm: AuthenticationAlgorithm,
        /// The number of the frame in the exchange, from 1.
        transaction: u16,
        /// The status; of use in a response, and in any frame of SAE.
        status: StatusCode,
        /// What follows: for SAE its own fields and then elements, for PASN and the others elements.
        payload: Vec<u8>,
    }
}

impl Authentication {
    /// The elements, unless the algorithm puts fields of its own before them (SAE, FILS with a group).
    #[must_use]
    pub fn elements(&self) -> Option<Elements<'_>> {
        match self.algorithm {
            AuthenticationAlgorithm::Open
            | AuthenticationAlgorithm::SharedKey
            | AuthenticationAlgorithm::FastTransition
            | AuthenticationAlgorithm::FilsSharedKey
            | AuthenticationAlgorithm::Pasn => Some(Elements::new(&self.payload)),
            _ => None,
        }
    }
}

body! {
    /// The body of an Association Request.
    "association request" => pub struct AssociationRequest {
        /// What the station does.
        capabilities: CapabilityInformation,
        /// How often it wakes up, in beacon intervals.
        listen_interval: u16,
        /// The elements.
        elements: Vec<u8>,
    }
}

body! {
    /// The body of a Reassociation Request.
    "reassociation request" => pub struct ReassociationRequest {
        /// What the station does.
        capabilities: CapabilityInformation,
        /// How often it wakes up, in beacon intervals.
        listen_interval: u16,
        /// The AP (or AP MLD) that it is associated with.
        current_ap: MacAddr,
        /// The elements.
        elements: Vec<u8>,
    }
}

body! {
    /// The body of an Association or Reassociation Response.
    "(re)association response" => pub struct AssociationResponse {
        /// What the BSS does.
        capabilities: CapabilityInformation,
        /// The answer.
        status: StatusCode,
        /// The number that the station gets.
        association_id: AssociationId,
        /// The elements.
        elements: Vec<u8>,
    }
}

body! {
    /// The body of a Deauthentication or Disassociation.
    "deauthentication or disassociation" => pub struct Departure {
        /// Why.
        reason: ReasonCode,
        /// The elements: of vendors, and the MIC if it is protected and group addressed.
        elements: Vec<u8>,
    }
}

has_elements!(Beacon, ProbeRequest, AssociationRequest, ReassociationRequest, AssociationResponse, Departure);
