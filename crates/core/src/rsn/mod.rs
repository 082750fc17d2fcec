//! Robust security: what a station and an AP agree on, and the handshakes that make keys of it.
//!
//! [`negotiate`](negotiate::negotiate) turns what an AP advertises, what the radio can do and what the
//! user allows into a [`Plan`], or says why not. A [`Supplicant`] follows the plan through the 4-way
//! handshake and every rekeying after it; an [`Authenticator`] is its counterpart on the AP's side. Both
//! are values without clock, socket or random source. [`ft`] leads from one AP of a mobility domain to another.

pub mod advertised;
pub mod authenticator;
mod contents;
pub mod ft;
mod ledger;
pub mod negotiate;
pub mod operating_channel;
pub mod peer;
pub mod plan;
pub mod supplicant;

pub use advertised::Advertised;
pub use authenticator::Authenticator;
pub use negotiate::{Unsuitable, negotiate};
pub use peer::{Candidate, Link, Peer};
pub use plan::Plan;
pub use supplicant::Supplicant;
