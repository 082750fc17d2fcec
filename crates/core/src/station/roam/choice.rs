//! Whether another AP is worth the way: what is gained must be more than a change of mood of the air.

use super::Offence;
use crate::attempt::RoamTrigger;

/// By how much a stronger signal is worth the way, in dB.
pub(in crate::station) const MARGIN: i32 = 8;
/// The same where the own signal is critical: there will soon be nothing. Back it is as far.
const CRITICAL_MARGIN: i32 = 5;
/// A signal in dBm with which a connection holds. Who has set the critical threshold higher wants to leave early, and
/// not to stay where nothing will be.
const HOLDS: i32 = -82;

/// What is known of an AP, the own one or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::station) struct Standing {
    /// The signal in dBm.
    pub signal: i32,
    /// The estimate of the throughput that selection makes, in kbit/s.
    pub score: u32,
    /// The signal below which another AP would be looked for there, in dBm.
    pub threshold: i32,
    /// The signal below which that would be urgent.
    pub critical: i32,
}

/// Whether the way to another AP is worth it. Nothing is known of the own AP if it is no longer heard.
pub(in crate::station) fn is_worth(trigger: RoamTrigger, current: Option<Standing>, other: Standing) -> bool {
    let usable = other.signal >= other.critical.min(HOLDS);
    let Some(current) = current else { return usable };
    let stronger = other.signal >= current.signal + MARGIN;
    match trigger {
        RoamTrigger::Asked => true,
        // The AP decides; but it does not know how weak the others are here.
        RoamTrigger::AccessPointAsked => usable && (other.signal >= other.threshold || stronger),
        // There will be nothing here.
        RoamTrigger::AccessPointLeaves | RoamTrigger::BeaconLoss => usable,
        RoamTrigger::PacketLoss => usable && (stronger || other.score >= current.score),
        RoamTrigger::LowSignal(_) => {
            // Where the signal is as low, the next look is due at once, and leads back.
            let stays = other.signal >= other.threshold + i32::from(super::signal::HYSTERESIS);
            let faster = other.score / 3 >= current.score / 2 && other.score > current.score;
            let urgent =
                current.signal <= current.critical && other.signal >= current.signal + CRITICAL_MARGIN;
            (stronger || urgent) && other.score >= current.score || stays && faster
        }
    }
}

/// How good an AP is that is worth the way, before anything finer is weighed; none that is not to be gone to. One that has
/// sent us away, or had no room, comes behind all others that are strong enough; it is gone to rather than to stay with a
/// signal that is too weak, or with nobody.
pub(in crate::station) fn class(
    trigger: RoamTrigger,
    other: Standing,
    blocked: Option<Offence>,
) -> Option<u8> {
    let strong = other.signal >= other.threshold;
    match blocked {
        None => Some(if strong { 3 } else { 1 }),
        Some(Offence::Failed) => None,
        Some(Offence::Busy) => match trigger {
            RoamTrigger::AccessPointAsked | RoamTrigger::PacketLoss => None,
            RoamTrigger::LowSignal(_) => strong.then_some(2),
            RoamTrigger::Asked | RoamTrigger::AccessPointLeaves | RoamTrigger::BeaconLoss => {
                Some(if strong { 2 } else { 0 })
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEAK: RoamTrigger = RoamTrigger::LowSignal(-78);

    fn standing(signal: i32, score: u32) -> Standing {
        Standing { signal, score, threshold: -76, critical: -82 }
    }

    #[test]
    fn two_aps_that_are_alike_are_not_worth_the_way() {
        for difference in -7..8 {
            let own = standing(-78, 50_000);
            assert!(!is_worth(WEAK, Some(own), standing(-78 + difference, 52_000)), "{difference}");
        }
    }

    #[test]
    fn a_much_stronger_or_a_much_faster_one_is() {
        let own = standing(-78, 50_000);
        assert!(is_worth(WEAK, Some(own), standing(-70, 60_000)));
        assert!(is_worth(WEAK, Some(own), standing(-73, 80_000)));
        // A strong one that is slower, and a fast one that is as weak.
        assert!(!is_worth(WEAK, Some(own), standing(-60, 40_000)));
        assert!(!is_worth(WEAK, Some(own), standing(-75, 500_000)));
    }

    #[test]
    fn a_signal_that_hardly_holds_is_left_for_less_and_not_come_back_to_at_once() {
        let own = standing(-82, 20_000);
        assert!(is_worth(WEAK, Some(own), standing(-77, 30_000)));
        assert!(!is_worth(WEAK, Some(own), standing(-78, 30_000)));
        assert!(!is_worth(WEAK, Some(standing(-81, 20_000)), standing(-76, 30_000)));
        assert!(!is_worth(WEAK, Some(standing(-77, 30_000)), standing(-72, 40_000)));
    }

    #[test]
    fn an_ap_that_has_sent_us_away_is_better_than_none_and_than_a_weak_one() {
        let (strong, weak) = (standing(-60, 50_000), standing(-80, 50_000));
        let busy = Some(Offence::Busy);
        for trigger in [WEAK, RoamTrigger::AccessPointLeaves, RoamTrigger::BeaconLoss] {
            assert!(class(trigger, strong, None) > class(trigger, strong, busy), "{trigger}");
            assert!(class(trigger, strong, busy) > class(trigger, weak, None), "{trigger}");
            assert!(class(trigger, weak, None) > class(trigger, weak, busy), "{trigger}");
            assert_eq!(class(trigger, strong, Some(Offence::Failed)), None);
        }
        assert_eq!(class(WEAK, weak, busy), None);
        assert_eq!(class(RoamTrigger::AccessPointLeaves, weak, busy), Some(0));
        // Two that send us to and fro.
        assert_eq!(class(RoamTrigger::AccessPointAsked, strong, busy), None);
    }

    #[test]
    fn who_wants_to_roam_early_still_has_somewhere_to_go_when_the_ap_ends_it() {
        let own = Standing { signal: -50, score: 500_000, threshold: -72, critical: -72 };
        let other = |signal| Standing { signal, score: 10_000, ..own };
        for trigger in [RoamTrigger::AccessPointLeaves, RoamTrigger::BeaconLoss] {
            assert!(is_worth(trigger, Some(own), other(-80)), "{trigger}");
            assert!(!is_worth(trigger, Some(own), other(-83)), "{trigger}");
        }
        assert!(!is_worth(RoamTrigger::AccessPointAsked, Some(own), other(-80)));
    }

    #[test]
    fn an_ap_that_asks_is_followed_unless_the_other_is_too_weak_to_be_used() {
        let own = standing(-50, 500_000);
        assert!(is_worth(RoamTrigger::AccessPointAsked, Some(own), standing(-70, 10_000)));
        assert!(!is_worth(RoamTrigger::AccessPointAsked, Some(own), standing(-79, 10_000)));
        assert!(is_worth(RoamTrigger::AccessPointLeaves, Some(own), standing(-81, 10_000)));
        assert!(!is_worth(RoamTrigger::AccessPointLeaves, Some(own), standing(-83, 10_000)));
        assert!(is_worth(RoamTrigger::BeaconLoss, None, standing(-81, 10_000)));
        assert!(is_worth(RoamTrigger::PacketLoss, Some(own), standing(-42, 10_000)));
        assert!(!is_worth(RoamTrigger::PacketLoss, Some(own), standing(-50, 10_000)));
    }
}
