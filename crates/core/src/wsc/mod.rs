//! Wi-Fi Simple Configuration ("WPS"), the enrollee's side: how a person gets a network's passphrase by a push of a
//! button or by a PIN instead of typing it (WSC specification 2.0.5).
//!
//! [`Enrollee`] speaks the registration protocol inside EAP; [`choose()`] says which access point is meant;
//! [`Session`] does the whole over the kernel: it scans, associates without keys, and has the exchange.
//!
//! The protocol is weak. Whoever pushes a button lets in whoever asks within two minutes; and a PIN of eight digits
//! that is used again is found in some thousand tries, since each half is proven alone. So nothing here begins by
//! itself, and a failed proof is the end of a session.

mod choose;
mod credential;
mod enrollee;
mod inbox;
pub mod keys;
mod pin;
mod session;

pub use choose::{Candidate, Choice, choose};
pub use credential::Credential;
pub use enrollee::{Device, Enrollee, Failure, IDENTITY, Outcome, Said};
pub use inbox::MAX_MESSAGE;
pub use pin::{Password, Pin};
pub use session::{Action, Event, Session, Troubles, WALK_TIME};
