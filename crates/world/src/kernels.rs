//! Kernels by name: each is a set of habits.

use crate::habit::{Habit, Habits};
use crate::party::Policy;
use core::fmt;
use core::str::FromStr;

/// A kernel that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedKernel {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    habits: &'static [Habit],
    /// Whose policy its story was told with, if it is the kernel of a story.
    pub told_with: Option<Policy>,
}

/// The kernels.
pub const KERNELS: &[NamedKernel] = &[
    NamedKernel {
        name: "6.12-before-fix",
        about: "Before mac80211 freed a station's entry of a removed link; in old words",
        habits: &[Habit::KernelKeepsRemovedStationLinks, Habit::KernelOldWords],
        told_with: Some(Policy::HostapMaster),
    },
    NamedKernel {
        name: "6.12",
        about: "The stable series with that fix; in old words, and EAPOL may come before the connection",
        habits: &[Habit::KernelOldWords, Habit::KernelEarlyKeyFrames],
        told_with: None,
    },
    NamedKernel {
        name: "7.2",
        about: "The newest: keys before the connection, and no VHT on 2.4 GHz",
        habits: &[Habit::KernelKeysBeforeConnection, Habit::KernelStrictVht],
        told_with: None,
    },
];

impl NamedKernel {
    /// Its habits in place of those that a set has of kernels; the others stay.
    #[must_use]
    pub fn habits(&self, set: Habits) -> Habits {
        let others = set.iter().filter(|habit| !habit.name().starts_with("kernel."));
        others.chain(self.habits.iter().copied()).collect()
    }

    /// All that it is known by.
    #[must_use]
    pub fn own_habits(&self) -> Habits {
        self.habits.iter().copied().collect()
    }
}

/// A name that is no kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKernel(pub String);

impl fmt::Display for UnknownKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no kernel named {}", self.0)
    }
}

impl std::error::Error for UnknownKernel {}

impl FromStr for NamedKernel {
    type Err = UnknownKernel;

    fn from_str(name: &str) -> Result<Self, UnknownKernel> {
        let found = KERNELS.iter().find(|kernel| kernel.name == name);
        found.copied().ok_or_else(|| UnknownKernel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_has_its_own_habits_and_leaves_those_of_others() {
        let kernel: NamedKernel = "6.12-before-fix".parse().unwrap();
        let before = Habits::NONE.with(Habit::KernelLateLinkClear).with(Habit::FirmwareForgetsPmkid);
        let habits = kernel.habits(before);
        assert!(habits.has(Habit::KernelKeepsRemovedStationLinks) && habits.has(Habit::FirmwareForgetsPmkid));
        assert!(!habits.has(Habit::KernelLateLinkClear));
        assert_eq!("2.4".parse::<NamedKernel>(), Err(UnknownKernel("2.4".to_owned())));
    }
}
