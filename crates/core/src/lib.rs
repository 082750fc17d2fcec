//! Every decision of a Wi-Fi station, without I/O.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod crypto;
pub mod entropy;
pub mod secret;
pub mod time;

pub use entropy::Entropy;
pub use secret::Secret;
pub use time::{Duration, Instant};
