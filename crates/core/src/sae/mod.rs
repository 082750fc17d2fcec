//! Simultaneous authentication of equals (802.11-2020 12.4, with hash-to-element and the AKMs 24 and 25
//! of 802.11be): a password becomes a PMK, and nobody can try passwords offline.
//!
//! [`station::Sae`] is the side of an infrastructure station, [`authenticator::SaeAuthenticator`] that of
//! its AP. Both take and give [`Authentication`] frame bodies; [`authentication_data`] and
//! [`from_authentication_data`] make the form that nl80211 wants of them.
//!
//! Every product `scalar · PWE` is calculated as `(scalar · val mod q) · PT`: one multiplication less for
//! each password element, and the element itself, which is secret, never exists.

pub mod authenticator;
pub mod body;
mod exchange;
pub mod password;
pub mod station;

pub use authenticator::SaeAuthenticator;
pub use body::{Commit, Confirm, Method};
pub use password::Password;
pub use station::{Progress, Sae, SaeFailure, Setup};

use alloc::vec::Vec;
use lapwing_frames::{
    ParseError, Reader,
    management::{Authentication, AuthenticationAlgorithm, StatusCode},
};

/// The transaction number of a commit.
pub const COMMIT: u16 = 1;
/// The transaction number of a confirm.
pub const CONFIRM: u16 = 2;

/// A frame body of SAE.
#[must_use]
pub fn frame(transaction: u16, status: StatusCode, payload: Vec<u8>) -> Authentication {
    Authentication { algorithm: AuthenticationAlgorithm::Sae, transaction, status, payload }
}

/// What nl80211 calls `AUTH_DATA`: the frame's body from the transaction number on.
#[must_use]
pub fn authentication_data(frame: &Authentication) -> Vec<u8> {
    let fields = [frame.transaction.to_le_bytes(), frame.status.0.to_le_bytes()];
    [fields.as_flattened(), &frame.payload].concat()
}

/// The frame body of nl80211's `AUTH_DATA`.
///
/// # Errors
/// If it ends before the payload.
pub fn from_authentication_data(octets: &[u8]) -> Result<Authentication, ParseError> {
    let mut reader = Reader::new("SAE authentication data", octets);
    let (transaction, status) = (reader.u16_le()?, StatusCode(reader.u16_le()?));
    Ok(frame(transaction, status, reader.rest().to_vec()))
}

#[cfg(test)]
mod tests;
