//! Fast BSS transition over the distribution system (802.11-2020 9.6.8): an exchange with an AP by way of another.

use crate::{address::MacAddr, management::StatusCode};
use alloc::vec::Vec;

fields! {
    /// The body of an FT Request.
    pub struct TransitionAsked {
        /// The station.
        station: MacAddr,
        /// The AP that it would go to.
        target: MacAddr,
        /// RSNE, Mobility Domain and Fast BSS Transition.
        elements: Vec<u8>,
    }
}

fields! {
    /// The body of an FT Response.
    pub struct TransitionAnswered {
        /// The station.
        station: MacAddr,
        /// The AP that it would go to.
        target: MacAddr,
        /// What that AP says.
        status: StatusCode,
        /// RSNE, Mobility Domain and Fast BSS Transition.
        elements: Vec<u8>,
    }
}

has_elements!(TransitionAsked, TransitionAnswered);
