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
mod instances;
pub mod password;
pub mod station;

pub use authenticator::SaeAuthenticator;
pub use body::{Commit, Confirm, Method};
pub use password::Password;
pub use station::{Progress, Sae, SaeFailure, Setup};

use crate::curve::Group;
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr, ParseError, Reader,
    element::{Elements, MultiLink},
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

/// The address in the Multi-Link element of a frame of SAE, if it has one.
///
/// Where the elements begin follows from what stands before them; of a confirm, whose length is its AKM's, the
/// place is taken at which they can be read.
#[must_use]
pub fn multi_link_address(frame: &Authentication) -> Option<MacAddr> {
    let payload = frame.payload.as_slice();
    let at = |place: usize| multi_link_address_of(Elements::new(payload.get(place..)?));
    match (frame.transaction, frame.status) {
        (COMMIT, StatusCode::Success | StatusCode::SaeHashToElement) => {
            let group = Group::from_number(Commit::group_number(payload).ok()?)?;
            at(GROUP_NUMBER + 3 * group.octets())
        }
        (COMMIT, _) => at(GROUP_NUMBER),
        _ => CONFIRM_LENGTHS.into_iter().find_map(|length| at(SEND_CONFIRM + length)),
    }
}

const GROUP_NUMBER: usize = 2;
const SEND_CONFIRM: usize = 2;
/// The lengths of the hashes of SAE.
const CONFIRM_LENGTHS: [usize; 3] = [32, 48, 64];

/// The MLD address in the Basic Multi-Link element among some, if there is one and they can be read.
pub(crate) fn multi_link_address_of(elements: Elements<'_>) -> Option<MacAddr> {
    elements.check().ok()?;
    elements.find::<MultiLink>().ok()??.basic().map(|basic| basic.common.mld_address)
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
