//! Elements: known bytes both ways, cut at every length, and whole frames from the air.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes only #[test] functions for tests"
)]

mod bss;
mod common;
mod frames;
mod rsn;
mod security;
