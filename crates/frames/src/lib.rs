//! Bytes to values and back: 802.11 frames and elements, EAPOL-Key frames and their key data.
//!
//! Three rules hold in every module:
//!
//! - **Past the parser nobody indexes a slice.** Every parser goes through [`Reader`], which checks each
//!   step and names what was being read and where it ran out.
//! - **Nothing is lost.** Unknown codes are kept in open enums ([`open_enum!`]), unknown elements and
//!   trailing octets are kept as bytes: what was parsed is written back octet for octet.
//! - **No state, no cryptography, no log.** The crate is `no_std` with `alloc`.
//!
//! Fields of 802.11 are little endian, fields of EAPOL big endian; a docstring says so where it matters.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

#[macro_use]
mod open_enum;

pub mod address;
pub mod channel;
pub mod data;
pub mod dpp;
pub mod eap;
pub mod eapol;
#[macro_use]
pub mod element;
pub mod internet;
pub mod kde;
pub mod management;
pub mod reader;
pub mod ssid;
pub mod suite;
pub mod wsc;

pub use address::{LinkId, MacAddr};
pub use channel::Channel;
pub use reader::{ParseError, Problem, Reader};
pub use ssid::Ssid;
