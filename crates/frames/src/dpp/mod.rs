//! Device Provisioning Protocol ("Easy Connect", specification 3.0): public action frames and their
//! attributes, the GAS frames that carry the configuration, the bootstrapping URI and the key in it.
//!
//! Attributes have a type and a length of 16 bits, little endian.

mod attribute;
pub mod base64;
mod frame;
mod gas;
mod key;
mod uri;

pub use attribute::{Attribute, Attributes, Status, Type, Writer};
pub use frame::{Frame, FrameType};
pub use gas::{Fragment, Gas};
pub use key::{Curve, PublicKey};
pub use uri::{MAX_URI, Uri};

#[cfg(test)]
mod tests;
