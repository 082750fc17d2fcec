//! A kernel that does nothing, for as long as there is no other.

use crate::habit::Habits;
use crate::parts::{KernelInput, KernelOutput};
use lapwing_core::Instant;
use lapwing_core::kernel::{Frequency, Interface};
use lapwing_core::radio::Radio;
use lapwing_frames::MacAddr;
use std::collections::BTreeSet;

/// How it is set up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct KernelSetup {
    pub(super) interface: Interface,
    pub(super) name: String,
    pub(super) address: MacAddr,
    pub(super) radio: Radio,
    pub(super) habits: Habits,
    pub(super) entropy: u64,
    pub(super) words: bool,
}

/// The kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kernel(KernelSetup);

impl Kernel {
    pub(super) fn new(setup: KernelSetup) -> Self {
        Self(setup)
    }

    pub(super) fn turn(&mut self, _now: Instant, _input: KernelInput, _out: &mut Vec<KernelOutput>) {}

    pub(super) fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(super) fn frequencies(&self) -> BTreeSet<Frequency> {
        BTreeSet::new()
    }
}
