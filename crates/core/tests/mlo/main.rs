//! The station and AP MLDs: what is asked, in which order, and that no key is ever asked for on a link that the
//! kernel has not reported.
// A test may fail by panicking; the configuration's exception is for functions with #[test] only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/fixtures.rs"]
mod fixtures;

mod ap;
mod bench;
mod joining;
mod moving;
mod relinking;
mod shown;
mod table;
