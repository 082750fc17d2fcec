//! The parts of the Wi-Fi station daemon, as a library so that tests and fuzz targets reach them.
//!
//! [`run`] waits and wakes the [`daemon`], which hands what was heard from the [`kernel`] to the stations
//! and to network configuration ([`netconf`]), and does what they want; what happens is told by [`flight`].
//! The networks come from files ([`networks`]).
#![forbid(unsafe_code)]

pub mod bus;
pub mod choice;
pub mod control;
pub mod daemon;
pub mod flight;
pub mod forwarding;
pub mod glob;
pub mod hotspot;
pub mod ipv6;
pub mod kernel;
pub mod linux;
pub mod log;
pub mod machine;
pub mod netconf;
pub mod networks;
pub mod notify;
pub mod options;
pub mod resolver;
mod rest;
pub mod run;
pub mod settings;
pub mod start;
pub mod world;
