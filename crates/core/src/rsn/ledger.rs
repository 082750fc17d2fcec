//! Which group keys were handed out to be installed, so that none is ever installed twice.
//!
//! Installing a key again resets its packet numbers: that is KRACK. The ledger belongs to one association
//! and knows the value of each key by link, kind and index.

use crate::{
    Secret,
    kernel::{KeyKind, KeyRequest},
};
use alloc::collections::BTreeMap;
use lapwing_frames::LinkId;

/// Keys handed out, bounded by links times kinds times indices (at most 15 times 8).
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger(BTreeMap<(Option<LinkId>, KeyKind, u8), Secret>);

impl Ledger {
    /// Enters a key; false if this value is in use already, under this index or another, and must not be
    /// installed again.
    pub(super) fn enter(&mut self, key: &KeyRequest) -> bool {
        let used = |(&(link, kind, _), value): (&(_, _, _), &Secret)| {
            link == key.link && kind == key.kind && *value == key.key
        };
        if self.0.iter().any(used) {
            return false;
        }
        self.0.insert((key.link, key.kind, key.index), key.key.clone());
        true
    }

    /// Forgets a link that is gone, and its keys with it.
    pub(super) fn forget_link(&mut self, link: LinkId) {
        self.0.retain(|&(of, _, _), _| of != Some(link));
    }
}
