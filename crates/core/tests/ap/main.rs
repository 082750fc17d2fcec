//! The access point against clients made of the station's machines, and against everybody else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

mod beacons;
mod capabilities;
#[path = "../common/client.rs"]
mod client;
mod hostile;
mod joining;
mod kernel;
mod links;
mod rules;
mod staying;
mod table;
mod world;
