//! Keys: one set of pairwise keys for a peer, group keys for each link, and which packets they let in.

use super::{Associated, Mac80211, Phase};
use crate::air::{KeyPrint, Protection};
use crate::kernel::driver::{Denial, Key};
use lapwing_core::kernel::{Errno, KeyKind};
use lapwing_frames::{LinkId, MacAddr};

/// A pairwise key, with what was sent and received under it.
///
/// Frames on different links overtake each other, and the reorder buffer of a block agreement puts them in order
/// before the replay check: so the check here is whether a number was seen, within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PairwiseKey {
    print: KeyPrint,
    sent: u64,
    /// The greatest packet number received.
    greatest: u64,
    /// Which of the numbers below that were received: bit 0 is the greatest.
    seen: u64,
}

/// A group key, with the greatest packet number received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    print: KeyPrint,
    received: u64,
}

impl PairwiseKey {
    const fn new(print: KeyPrint, received: u64) -> Self {
        Self { print, sent: 0, greatest: received, seen: u64::MAX }
    }

    pub(super) const fn print(&self) -> KeyPrint {
        self.print
    }

    /// Whether a packet with this number is new; from now on it is not.
    fn accept(&mut self, number: u64) -> bool {
        let Some(ahead) = number.checked_sub(self.greatest).filter(|ahead| *ahead > 0) else {
            let bit = self.greatest.saturating_sub(number);
            let fresh = bit < u64::BITS.into() && self.seen & 1 << bit == 0;
            if fresh {
                self.seen |= 1 << bit;
            }
            return fresh;
        };
        self.seen =
            u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead)).unwrap_or_default() | 1;
        self.greatest = number;
        true
    }
}

impl GroupKey {
    pub(super) const fn print(&self) -> KeyPrint {
        self.print
    }
}

impl Associated {
    /// Protection for a frame to the peer; none as long as there is no key.
    pub(super) fn protect(&mut self) -> Option<Protection> {
        let key = self.pairwise.get_mut(&self.sending)?;
        key.sent += 1;
        Some(Protection { key: key.print, packet_number: key.sent })
    }

    /// Protection for a management frame to the peer.
    pub(super) fn protect_management(&mut self) -> Option<Protection> {
        if self.protects_management { self.protect() } else { None }
    }

    /// Whether a protected frame can be read: we hold its key, and it is no repetition.
    pub(super) fn admits(&mut self, link: Option<LinkId>, group: bool, protection: Protection) -> bool {
        let number = protection.packet_number;
        if group {
            let mut keys = self.group.iter_mut().filter(|((on, _), _)| *on == link).map(|(_, key)| key);
            return keys.find(|key| key.print == protection.key).is_some_and(|key| {
                let fresh = number > key.received;
                key.received = key.received.max(number);
                fresh
            });
        }
        let key = self.pairwise.values_mut().find(|key| key.print == protection.key);
        key.is_some_and(|key| key.accept(number))
    }
}

impl Mac80211 {
    /// `ieee80211_add_key`.
    pub(super) fn add_key(&mut self, key: &Key) -> Result<(), Denial> {
        let Phase::Associated(associated) = &mut self.phase else { return Err(Errno::ENOENT.into()) };
        match key.kind {
            KeyKind::Pairwise { peer, .. } if peer != associated.peer => Err(Errno::ENOENT.into()),
            KeyKind::Pairwise { receive_only, .. } => {
                let held = associated.pairwise.get(&key.index).is_some_and(|held| held.print == key.print);
                // The same key again: success, and its packet numbers go on.
                if !held {
                    associated.pairwise.insert(key.index, PairwiseKey::new(key.print, key.sequence));
                    if !receive_only {
                        associated.sending = key.index;
                    }
                }
                Ok(())
            }
            KeyKind::Group | KeyKind::Integrity | KeyKind::Beacon => {
                let place = (key.link, key.index);
                if associated.group.get(&place).is_none_or(|held| held.print != key.print) {
                    associated.group.insert(place, GroupKey { print: key.print, received: key.sequence });
                }
                Ok(())
            }
        }
    }

    /// `ieee80211_del_key`.
    pub(super) fn delete_key(
        &mut self,
        peer: Option<MacAddr>,
        link: Option<LinkId>,
        index: u8,
    ) -> Result<(), Denial> {
        let Phase::Associated(associated) = &mut self.phase else { return Err(Errno::ENOENT.into()) };
        let found = match peer {
            Some(peer) => peer == associated.peer && associated.pairwise.remove(&index).is_some(),
            None => associated.group.remove(&(link, index)).is_some(),
        };
        if found { Ok(()) } else { Err(Errno::ENOENT.into()) }
    }

    /// `ieee80211_set_tx`.
    pub(super) fn use_key(&mut self, peer: MacAddr, index: u8) -> Result<(), Denial> {
        match &mut self.phase {
            Phase::Associated(associated)
                if associated.peer == peer && associated.pairwise.contains_key(&index) =>
            {
                associated.sending = index;
                Ok(())
            }
            _ => Err(Errno::EINVAL.into()),
        }
    }

    /// `ieee80211_change_station`: the port is opened.
    pub(super) fn authorize(&mut self, peer: MacAddr) -> Result<(), Denial> {
        match &mut self.phase {
            Phase::Associated(associated) if associated.peer == peer => {
                associated.authorized = true;
                Ok(())
            }
            // The entry is there, but not associated.
            Phase::Authenticating(authenticating) if authenticating.peer == peer => Err(Errno::EINVAL.into()),
            Phase::Joining(joining) if joining.peer == peer => Err(Errno::EINVAL.into()),
            _ => Err(Errno::ENOENT.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_that_overtake_each_other_are_new_and_repeated_ones_are_not() {
        let mut key = PairwiseKey::new(KeyPrint(1), 0);
        let numbers = [1, 3, 2, 2, 3, 1, 0, 70, 5, 7, 7, 71, 8];
        let fresh: Vec<bool> = numbers.into_iter().map(|number| key.accept(number)).collect();
        let expected = [true, true, true, false, false, false, false, true, false, true, false, true, true];
        assert_eq!(fresh, expected);
        assert!(PairwiseKey::new(KeyPrint(1), 9).accept(10));
        assert!(!PairwiseKey::new(KeyPrint(1), 9).accept(9));
        let mut far = PairwiseKey::new(KeyPrint(1), 0);
        assert!(far.accept(1 << 47) && far.accept((1 << 47) - 1) && !far.accept((1 << 47) - 64));
    }
}
