//! Every decision of a Wi-Fi station, and of an access point, without I/O.
//!
//! The way in is the turn of a [`station`] or an [`ap`]: the time and an event go in, actions come out in the order in
//! which they must happen. The crate is `no_std`, so it cannot name a clock, a socket, a file, a log or a
//! random source: what it needs of them is handed in. The daemon and the simulator are two drivers of it.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

// What unit tests share with the other tests names the crate as they do.
#[cfg(test)]
extern crate self as lapwing_core;

#[cfg(test)]
#[path = "../tests/common/fixtures.rs"]
mod fixtures;

pub mod ad_hoc;
pub mod address;
pub mod ap;
pub mod attempt;
pub mod crypto;
pub mod curve;
pub mod dhcp;
pub mod dpp;
pub mod entropy;
pub mod failure;
pub mod kernel;
pub mod means;
pub mod network;
pub mod owe;
pub mod pmksa;
pub mod radio;
pub mod rsn;
pub mod sae;
pub mod scan;
pub mod secret;
pub mod select;
pub mod shared;
pub mod station;
pub mod time;
pub mod wsc;

pub use entropy::Entropy;
pub use means::Means;
pub use secret::Secret;
pub use shared::Shared;
pub use time::{Duration, Instant};
