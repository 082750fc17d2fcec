//! The APs that are not gone to for a while, as they refused us, sent us away or did not answer.

use crate::{
    failure::Code,
    time::{Duration, Instant},
};
use alloc::collections::BTreeMap;
use lapwing_frames::{MacAddr, management::StatusCode};

/// How many APs are remembered. A bound for an air full of invented ones: a building has fewer.
const BOUND: usize = 64;

/// For how long an AP is blocked (the group `[Blacklist]` of iwd.config(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blocking {
    /// After the first failure (`InitialTimeout`); zero blocks nothing.
    pub initial: Duration,
    /// After an AP said that it has no room, or that we shall go elsewhere (`InitialAccessPointBusyTimeout`).
    pub busy: Duration,
    /// By how much longer each time that the AP offends again after its time (`Multiplier`).
    pub multiplier: u32,
    /// At most (`MaximumTimeout`).
    pub maximum: Duration,
}

impl Default for Blocking {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(60),
            busy: Duration::from_secs(30),
            multiplier: 30,
            maximum: Duration::from_secs(86_400),
        }
    }
}

/// What an AP did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::station) enum Offence {
    /// It refused us, or did not answer.
    Failed,
    /// It has no room for us, or has sent us away.
    Busy,
}

impl Offence {
    /// What a failure says about the AP.
    pub(in crate::station) const fn by(code: &Code) -> Self {
        match code {
            Code::AuthenticationRefused(status) | Code::AssociationRefused(status)
                if status.0 == StatusCode::DeniedNoMoreStas.0 =>
            {
                Self::Busy
            }
            _ => Self::Failed,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Block {
    offence: Offence,
    until: Instant,
    lasted: Duration,
}

/// The APs that are not gone to for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::station) struct BlockList(BTreeMap<MacAddr, Block>);

impl BlockList {
    /// Notes an offence of an AP.
    pub(in crate::station) fn add(
        &mut self,
        address: MacAddr,
        offence: Offence,
        now: Instant,
        blocking: &Blocking,
    ) {
        let initial = match offence {
            Offence::Failed => blocking.initial,
            Offence::Busy => blocking.busy,
        };
        // Who has behaved for as long as an AP may be blocked at most is as good as new.
        self.0.retain(|_, block| now.since(block.until) < blocking.maximum);
        if initial.is_zero() || blocking.initial.is_zero() {
            return;
        }
        let again = self.0.get(&address).filter(|block| block.offence == offence);
        let lasts = match again {
            Some(block) if now < block.until => block.lasted,
            Some(block) => block.lasted.saturating_mul(blocking.multiplier.max(1)),
            None => initial,
        };
        let lasts = lasts.min(blocking.maximum);
        if self.0.len() >= BOUND && !self.0.contains_key(&address) {
            // The one whose time ends first is missed least.
            let first = self.0.iter().min_by_key(|(_, block)| block.until).map(|(address, _)| *address);
            first.and_then(|first| self.0.remove(&first));
        }
        self.0.insert(address, Block { offence, until: now + lasts, lasted: lasts });
    }

    /// What is held against an AP now.
    pub(in crate::station) fn offence(&self, address: MacAddr, now: Instant) -> Option<Offence> {
        self.0.get(&address).filter(|block| now < block.until).map(|block| block.offence)
    }

    /// An AP was joined: nothing is held against it any more.
    pub(in crate::station) fn forgive(&mut self, address: MacAddr) {
        self.0.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    fn at(seconds: u64) -> Instant {
        Instant::after_start(Duration::from_secs(seconds))
    }

    impl BlockList {
        fn has(&self, address: MacAddr, now: Instant) -> bool {
            self.offence(address, now).is_some()
        }
    }

    #[test]
    fn an_ap_that_fails_again_is_blocked_for_longer_up_to_the_maximum() {
        let blocking = Blocking::default();
        let mut list = BlockList::default();
        assert!(!list.has(AP, at(0)));
        list.add(AP, Offence::Failed, at(0), &blocking);
        assert!(list.has(AP, at(59)) && !list.has(AP, at(60)));
        // Again within its time: no longer than before.
        list.add(AP, Offence::Failed, at(30), &blocking);
        assert!(list.has(AP, at(89)) && !list.has(AP, at(90)));
        list.add(AP, Offence::Failed, at(100), &blocking);
        assert!(list.has(AP, at(1_899)) && !list.has(AP, at(1_900)));
        list.add(AP, Offence::Failed, at(2_000), &blocking);
        list.add(AP, Offence::Failed, at(60_000), &blocking);
        assert!(list.has(AP, at(60_000 + 86_399)) && !list.has(AP, at(60_000 + 86_400)));
        list.forgive(AP);
        assert!(!list.has(AP, at(60_001)));
    }

    #[test]
    fn a_busy_ap_is_blocked_for_less_and_zero_blocks_nothing() {
        let mut list = BlockList::default();
        list.add(AP, Offence::Busy, at(0), &Blocking::default());
        assert!(list.has(AP, at(29)) && !list.has(AP, at(30)));
        let off = Blocking { initial: Duration::ZERO, ..Blocking::default() };
        list.add(AP, Offence::Failed, at(40), &off);
        list.add(AP, Offence::Busy, at(40), &off);
        assert!(!list.has(AP, at(41)));
    }

    #[test]
    fn the_list_has_a_bound_and_keeps_what_lasts_longest() {
        let mut list = BlockList::default();
        for number in 0..200 {
            let ap = MacAddr([2, 0, 0, 0, 1, number]);
            list.add(ap, Offence::Failed, at(u64::from(number)), &Blocking::default());
        }
        assert_eq!(list.0.len(), BOUND);
        assert!(list.has(MacAddr([2, 0, 0, 0, 1, 199]), at(200)));
    }
}
