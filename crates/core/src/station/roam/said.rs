//! What a timeline says about roaming: why it was looked for another AP, and what came of it.

use crate::{attempt::RoamTrigger, kernel::Frequency};
use alloc::vec::Vec;
use core::fmt;
use lapwing_frames::{MacAddr, management::action::TransitionStatus};

/// A step of roaming.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoamStep {
    /// The signal fell below the threshold, both in dBm.
    SignalFell {
        /// The signal.
        dbm: i8,
        /// The threshold.
        threshold: i8,
    },
    /// The signal is above the threshold again.
    SignalRose {
        /// The signal in dBm.
        dbm: i8,
    },
    /// The kernel does not tell of the signal: it is asked.
    Polls,
    /// Another AP is looked for.
    Looks {
        /// Why.
        trigger: RoamTrigger,
        /// The channels on which it is looked for, in their order.
        channels: Vec<Frequency>,
        /// The AP has named them, and others come only if nothing is found there.
        named: bool,
    },
    /// Nothing is worth the way on the channels that the AP has named: it is looked for on all others, in this order.
    Widens {
        /// The channels.
        channels: Vec<Frequency>,
    },
    /// The AP has named its neighbors: so many.
    Neighbors(usize),
    /// The AP wishes that we go elsewhere (BSS transition management).
    Wished {
        /// It is about to end the connection.
        leaves: bool,
        /// How many candidates it names.
        candidates: usize,
    },
    /// We have answered that.
    Answered {
        /// How.
        status: TransitionStatus,
        /// Where we go.
        target: Option<MacAddr>,
    },
    /// No other AP is worth the way.
    Stays {
        /// Why one was looked for.
        trigger: RoamTrigger,
        /// The best of the others and its signal in dBm, if one was heard.
        best: Option<(MacAddr, i32)>,
    },
    /// This AP does not take the keys of the mobility domain, or says nothing to them: another way to it is taken next.
    FallsBack(MacAddr),
    /// The AP asked for measurements.
    Measured {
        /// How many were made.
        reported: usize,
        /// How many were refused.
        refused: usize,
    },
}

impl RoamStep {
    /// The name, which does not change: for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SignalFell { .. } => "signal-fell",
            Self::SignalRose { .. } => "signal-rose",
            Self::Polls => "polls",
            Self::Looks { .. } => "looks",
            Self::Widens { .. } => "widens",
            Self::Neighbors(_) => "neighbors",
            Self::Wished { .. } => "wished",
            Self::Answered { .. } => "answered",
            Self::Stays { .. } => "stays",
            Self::FallsBack(_) => "falls-back",
            Self::Measured { .. } => "measured",
        }
    }
}

impl fmt::Display for RoamStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignalFell { dbm, threshold } => {
                write!(f, "the signal is weak: {dbm} dBm, below {threshold} dBm")
            }
            Self::SignalRose { dbm } => write!(f, "the signal is good enough again: {dbm} dBm"),
            Self::Polls => {
                f.write_str("the kernel does not tell when the signal changes, and is asked for it")
            }
            Self::Looks { trigger, channels, named } => {
                write!(f, "looking for another access point, as {trigger}: ")?;
                match channels.len() {
                    0 => f.write_str("among those heard lately"),
                    1 => f.write_str("on 1 channel"),
                    count => write!(f, "on {count} channels"),
                }?;
                if *named { f.write_str(" that the one of now has named") } else { Ok(()) }
            }
            Self::Widens { channels } => {
                write!(f, "none there is worth the way: looking on {} other channels", channels.len())
            }
            Self::Neighbors(1) => f.write_str("the access point names 1 neighbor"),
            Self::Neighbors(count) => write!(f, "the access point names {count} neighbors"),
            Self::Wished { leaves, candidates } => {
                let what =
                    if *leaves { "is about to end the connection" } else { "wishes that we go elsewhere" };
                write!(f, "the access point {what}, and names {candidates} others")
            }
            Self::Answered { status, target } => match target {
                Some(target) => write!(f, "the access point's wish is followed: to {target}"),
                None => write!(f, "the access point's wish is not followed: {}", why(*status)),
            },
            Self::Stays { trigger, best } => {
                write!(f, "staying, though {trigger}: ")?;
                match best {
                    Some((bssid, signal)) => {
                        write!(f, "the best of the others, {bssid} with {signal} dBm, is not worth the way")
                    }
                    None => f.write_str("no other access point of the network is heard"),
                }
            }
            Self::FallsBack(to) => {
                write!(f, "{to} does not take the keys of its domain: next by a reassociation")
            }
            Self::Measured { reported, refused } => {
                write!(f, "the access point asked for measurements: {reported} made, {refused} refused")
            }
        }
    }
}

/// Why a wish is not followed.
const fn why(status: TransitionStatus) -> &'static str {
    match status {
        TransitionStatus::RejectInsufficientBeacons => "none of the others is heard",
        TransitionStatus::RejectNoSuitableCandidates => "none of the others can be used here",
        TransitionStatus::RejectLeavingEss => "the network itself is to be left",
        _ => "there is something else to do",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, string::ToString, vec};

    #[test]
    fn each_step_has_a_name_of_its_own_and_a_sentence() {
        let trigger = RoamTrigger::LowSignal(-81);
        let ap = MacAddr([2, 0, 0, 0, 0, 7]);
        let steps = [
            RoamStep::SignalFell { dbm: -81, threshold: -76 },
            RoamStep::SignalRose { dbm: -70 },
            RoamStep::Polls,
            RoamStep::Looks { trigger, channels: vec![Frequency(5180), Frequency(2412)], named: false },
            RoamStep::Neighbors(3),
            RoamStep::Wished { leaves: true, candidates: 2 },
            RoamStep::Answered { status: TransitionStatus::Accept, target: Some(ap) },
            RoamStep::Stays { trigger, best: Some((ap, -79)) },
            RoamStep::Measured { reported: 1, refused: 2 },
            RoamStep::Widens { channels: vec![Frequency(2412)] },
            RoamStep::FallsBack(ap),
        ];
        let names: BTreeSet<_> = steps.iter().map(RoamStep::name).collect();
        assert_eq!(names.len(), steps.len());
        let said = |place: usize| steps[place].to_string();
        assert_eq!(said(0), "the signal is weak: -81 dBm, below -76 dBm");
        assert_eq!(
            said(3),
            "looking for another access point, as the signal is weak, -81 dBm: on 2 channels"
        );
        assert_eq!(said(6), "the access point's wish is followed: to 02:00:00:00:00:07");
        assert_eq!(
            said(7),
            "staying, though the signal is weak, -81 dBm: the best of the others, 02:00:00:00:00:07 with -79 dBm, is not worth the way"
        );
    }
}
