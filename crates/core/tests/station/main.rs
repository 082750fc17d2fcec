//! The station against a scripted kernel and access points made of the real AP-side machines.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/fixtures.rs"]
mod fixtures;

mod addresses;
mod ap;
mod channel;
mod choosing;
mod firmware;
mod haste;
mod interference;
mod joining;
mod passwords;
mod requests;
mod roaming;
mod scanning;
mod seeds;
mod staying;
mod tkip;
mod troubles;
mod world;
