//! Network configuration: from an open port to an address.

pub mod configuration;
pub mod conflict;
pub mod dhcp;
pub mod dhcp6;
pub mod domain;
pub mod fixed;
pub mod lifetimes;
pub mod remembered;
pub mod serving;
pub mod settings;
pub mod subnet;

pub use configuration::{Advertised, Begin, Configuration, Configured, Resolver};
pub use lifetimes::Lifetimes;
pub use remembered::Remembered;
