//! Wi-Fi Simple Configuration: the enrollee against a recorded access point, against a registrar of ours that may
//! be hostile, and the whole session against a kernel.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

mod choosing;
mod exchange;
mod recorded;
mod registrar;
mod session;

use lapwing_core::{Entropy, Means, curve::PureCurves, entropy::SeededEntropy, wsc::Device};
use lapwing_frames::MacAddr;

pub(crate) const OURS: MacAddr = MacAddr([2, 0, 0, 0, 0, 0x11]);

pub(crate) fn device() -> Device {
    Device::computer(OURS, "laptop")
}

/// Means with these octets.
pub(crate) fn with<T>(entropy: &mut dyn Entropy, run: impl FnOnce(&mut Means<'_>) -> T) -> T {
    run(&mut Means { entropy, curves: &PureCurves })
}

/// Means of a seed.
pub(crate) fn seeded<T>(seed: u64, run: impl FnOnce(&mut Means<'_>) -> T) -> T {
    with(&mut SeededEntropy(seed), run)
}
