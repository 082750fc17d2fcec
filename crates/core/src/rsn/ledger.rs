//! Which group keys were handed out to be installed, so that none is ever installed twice.
//!
//! Installing a key again resets its packet numbers: that is KRACK. The ledger belongs to one association
//! and knows keys by link and kind, also those that others have replaced since: an AP that goes back to one
//! would start its packet numbers anew.

use crate::{
    crypto::kdf::Hash,
    kernel::{KeyKind, KeyRequest},
};
use alloc::{collections::BTreeMap, vec::Vec};
use lapwing_frames::LinkId;

/// How many keys of a link and kind are remembered: with a key each hour, those of more than a day.
const REMEMBERED: usize = 32;

/// The index and the hash of a key: the key itself is the radio's alone.
type Print = (u8, Vec<u8>);

/// Keys handed out, the oldest first. Bounded by links times kinds times [`REMEMBERED`].
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger(BTreeMap<(Option<LinkId>, KeyKind), Vec<Print>>);

impl Ledger {
    /// Enters a key; false if it was handed out before, under this index or another, and must not be
    /// installed again.
    pub(super) fn enter(&mut self, key: &KeyRequest) -> bool {
        let print = Hash::Sha256.digest(&[key.key.expose()]).to_vec();
        let known = self.0.entry((key.link, key.kind)).or_default();
        if known.iter().any(|(_, before)| *before == print) {
            return false;
        }
        known.push((key.index, print));
        if known.len() > REMEMBERED {
            // The oldest that is in use no more: a later one has its index. There are four indices at most.
            let mut later = known.iter().skip(1);
            let replaced = known.iter().position(|(index, _)| {
                let replaced = later.clone().any(|(other, _)| other == index);
                later.next();
                replaced
            });
            known.remove(replaced.unwrap_or_default());
        }
        true
    }

    /// Forgets a link that is gone, and its keys with it.
    pub(super) fn forget_link(&mut self, link: LinkId) {
        self.0.retain(|&(of, _), _| of != Some(link));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use lapwing_frames::suite::Cipher;

    fn key(index: u8, value: u8) -> KeyRequest {
        let (kind, cipher, key) = (KeyKind::Group, Cipher::Ccmp128, Secret::new(&[value; 16]));
        KeyRequest { kind, link: None, index, cipher, key, sequence: [0; 6] }
    }

    #[test]
    fn a_key_is_known_while_it_is_in_use_and_long_after() {
        let mut ledger = Ledger::default();
        assert!(ledger.enter(&key(2, 0)));
        for value in 1..=200 {
            assert!(ledger.enter(&key(1, value)));
            for before in (0..=value).rev().take(REMEMBERED - 1) {
                assert!(!ledger.enter(&key(1, before)) && !ledger.enter(&key(3, before)), "{before}");
            }
            assert!(!ledger.enter(&key(1, 0)), "index 2 still has it");
        }
        assert_eq!(ledger.0.values().map(Vec::len).sum::<usize>(), REMEMBERED);
    }
}
