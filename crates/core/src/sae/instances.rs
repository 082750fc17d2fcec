//! The exchanges of an AP with its stations: how many are unfinished, and which ends first, without a look at all.

use super::authenticator::Instance;
use crate::Instant;
use alloc::collections::{BTreeMap, BTreeSet};
use core::hash::{Hash, Hasher};
use lapwing_frames::MacAddr;

/// The exchanges by station. The other fields follow from the first.
#[derive(Clone, Default)]
pub(super) struct Instances {
    all: BTreeMap<MacAddr, Instance>,
    due: BTreeSet<(Instant, MacAddr)>,
    open: usize,
}

impl Instances {
    pub(super) fn get(&self, peer: MacAddr) -> Option<&Instance> {
        self.all.get(&peer)
    }

    /// An exchange that may be changed, but for when it ends and for being finished.
    pub(super) fn get_mut(&mut self, peer: MacAddr) -> Option<&mut Instance> {
        self.all.get_mut(&peer)
    }

    pub(super) fn insert(&mut self, peer: MacAddr, instance: Instance) {
        self.remove(peer);
        self.due.insert((instance.expires, peer));
        self.open += usize::from(instance.is_open());
        self.all.insert(peer, instance);
    }

    pub(super) fn remove(&mut self, peer: MacAddr) -> Option<Instance> {
        let instance = self.all.remove(&peer)?;
        self.due.remove(&(instance.expires, peer));
        self.open -= usize::from(instance.is_open());
        Some(instance)
    }

    /// How many are unfinished.
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Which ends first, and when.
    pub(super) fn first(&self) -> Option<(Instant, MacAddr)> {
        self.due.first().copied()
    }
}

impl PartialEq for Instances {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl Eq for Instances {}

impl Hash for Instances {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.hash(state);
    }
}
