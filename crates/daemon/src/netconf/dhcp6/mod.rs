//! DHCP for IPv6, without I/O.

pub mod client;
pub mod lease;
mod retransmission;

pub use client::{Action, Client, Event, Settings};
pub use lease::{Information, Kept, Leases, Wish};

#[cfg(test)]
mod tests;
