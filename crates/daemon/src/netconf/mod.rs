//! Network configuration: from an open port to an address.

pub mod arp;
pub mod configuration;
pub mod dhcp;
pub mod domain;
pub mod ip;
pub mod remembered;
pub mod settings;

pub use configuration::{Advertised, Begin, Configuration, Configured, Resolver};
pub use remembered::Remembered;
