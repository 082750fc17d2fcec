//! DHCP for IPv4, without I/O.

pub mod client;
pub mod lease;

pub use client::{Action, Client, Event, Settings};
pub use lease::Lease;

#[cfg(test)]
mod tests;
