//! Device Provisioning Protocol ("Easy Connect"): how a network is handed over by a QR code or a shared code
//! (specification 3.0).
//!
//! [`Session`] is either side of it: an enrollee that announces itself or begins by a shared code, a configurator
//! that waits for an enrollee or begins with one whose URI it was told. What is handed over is a network with a
//! shared secret; the protocol's own way to join networks (connectors) is not done.
//!
//! Frames go through the air in clear, on channels of which nobody is sure, and anybody may send any of them at any
//! time: what does not fit or does not open is dropped, and changes nothing.

mod configuration;
mod json;
pub mod keys;
mod session;

pub use configuration::{Akms, Configuration, ConfigurationRequest};
pub use json::MAX_TEXT;
pub use session::{Action, Bootstrapping, Event, Part, Session, Setup, Troubles};
