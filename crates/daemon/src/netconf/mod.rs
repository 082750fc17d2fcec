//! Network configuration: from an open port to an address.

pub mod arp;
pub mod configuration;
pub mod dhcp;
pub mod ip;
pub mod settings;

pub use configuration::{Begin, Configuration, Configured, Resolver};
