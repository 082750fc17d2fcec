//! Supplicant and authenticator back to back: every kind of handshake, on a good line and on a bad one,
//! against repetition and forgery, and the whole table of the supplicant's transitions.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

mod first_wpa;
mod line;
mod messages;
mod multi_link;
mod table;
mod untold;
mod world;
