//! Device Provisioning Protocol: the calculations against published vectors, and two sessions against each other,
//! over air that loses frames and carries everybody's.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

mod air;
mod hostile;
mod provisioning;
mod vectors;
