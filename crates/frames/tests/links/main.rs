//! What links and their channels are told by: known bytes both ways, cut at every length.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy takes only #[test] functions for tests"
)]

#[path = "../elements/common.rs"]
#[allow(dead_code, reason = "shared with the tests of the other elements, which use all of it")]
mod common;
mod hostile;
mod mapping;
mod neighbors;
mod phy;
