//! The habits of kernels, firmwares and access points: each one a switch with a name.

use core::fmt;
use core::str::FromStr;

macro_rules! habits {
    ($(#[doc = $doc:literal] $habit:ident = $name:literal,)*) => {
        /// Something that some real part does, and others do not. Without any, all parts are well-behaved.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Habit { $(#[doc = $doc] $habit,)* }

        impl Habit {
            /// All habits.
            pub const ALL: &'static [Self] = &[$(Self::$habit,)*];

            /// Its name, as in scenario files and on command lines.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$habit => $name,)* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$habit => $doc.trim_ascii(),)* }
            }
        }
    };
}

habits! {
    /// When links are removed, the kernel's entry of the AP keeps them (mac80211 until the fix of 2026).
    KernelKeepsRemovedStationLinks = "kernel.keeps-removed-station-links",
    /// A group key without a link is refused in the words of kernels up to 2026 ("link ID must for MLO group key").
    KernelOldWords = "kernel.old-words",
    /// After a disconnection the kernel keeps the link set of the interface for a moment longer.
    KernelLateLinkClear = "kernel.late-link-clear",
    /// The event socket overflows now and then.
    KernelLosesEvents = "kernel.loses-events",
    /// Answers to commands come after what the air brings at once.
    KernelLateReplies = "kernel.late-replies",
    /// EAPOL is told before the connection that it belongs to (seen with 6.12).
    KernelEarlyKeyFrames = "kernel.early-key-frames",
    /// Keys may be named before there is a connection, as association frames can be encrypted (seen with 7.2).
    KernelKeysBeforeConnection = "kernel.keys-before-connection",
    /// A 2.4 GHz link is not set up if what the AP MLD says of it inherits VHT from a 5 GHz link (7.2 in strict mode).
    KernelStrictVht = "kernel.strict-vht",
    /// The firmware does not know the PMKIDs that it was not told, and forgets those that it was told.
    FirmwareForgetsPmkid = "firmware.forgets-pmkid",
    /// After a failed external authentication the firmware says nothing and stays busy.
    FirmwareSilentAfterFailure = "firmware.silent-after-failure",
    /// Sending an Authentication frame blocks the radio for up to 4.1 seconds.
    FirmwareBlockingTransmit = "firmware.blocking-transmit",
    /// Cookies of frames are always 0, and their status comes before the answer.
    FirmwareZeroCookies = "firmware.zero-cookies",
    /// The firmware asks for SAE before the kernel knows whose connection it is: it asks nobody, and waits for ever.
    FirmwareAsksAtOnce = "firmware.asks-at-once",
    /// The firmware does not say that the port is open after it did the handshake.
    FirmwareNoPortAuthorized = "firmware.no-port-authorized",
    /// The firmware does not know SET_PMKSA.
    FirmwareNoPmksa = "firmware.no-pmksa",
    /// The firmware moves to another AP by itself.
    FirmwareRoams = "firmware.roams",
    /// The AP forgets its PMKSAs.
    ApForgetsPmksa = "ap.forgets-pmksa",
    /// The AP answers an association that names a cached PMKSA with a deauthentication, reason 9.
    ApDeauth9OnCachedPmksa = "ap.deauth9-on-cached-pmksa",
    /// The AP answers an association that names a cached PMKSA with status 53.
    ApStatus53OnCachedPmksa = "ap.status53-on-cached-pmksa",
    /// The AP does not answer an association that names a cached PMKSA.
    ApSilentOnCachedPmksa = "ap.silent-on-cached-pmksa",
    /// The AP associates by a cached PMKSA and never begins the handshake.
    ApNoHandshakeOnCachedPmksa = "ap.no-handshake-on-cached-pmksa",
    /// As long as an AP MLD holds a station, it answers it at the link address that it knows.
    ApAnswersOldLinkAddress = "ap.answers-old-link-address",
    /// The AP hides its name.
    ApHidesName = "ap.hides-name",
}

impl fmt::Display for Habit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no habit's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownHabit(pub String);

impl fmt::Display for UnknownHabit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no habit named {}", self.0)
    }
}

impl std::error::Error for UnknownHabit {}

impl FromStr for Habit {
    type Err = UnknownHabit;

    fn from_str(name: &str) -> Result<Self, UnknownHabit> {
        let found = Self::ALL.iter().find(|habit| habit.name() == name);
        found.copied().ok_or_else(|| UnknownHabit(name.to_owned()))
    }
}

/// A set of habits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Habits(u64);

impl Habits {
    /// No bad habits.
    pub const NONE: Self = Self(0);

    /// Whether a habit is among them.
    #[must_use]
    pub const fn has(self, habit: Habit) -> bool {
        self.0 & (1 << habit as u32) != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, habit: Habit) -> Self {
        Self(self.0 | (1 << habit as u32))
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, habit: Habit) -> Self {
        Self(self.0 & !(1 << habit as u32))
    }

    /// All of them, in the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = Habit> {
        Habit::ALL.iter().copied().filter(move |habit| self.has(*habit))
    }
}

impl FromIterator<Habit> for Habits {
    fn from_iter<I: IntoIterator<Item = Habit>>(habits: I) -> Self {
        habits.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_habits() {
        for habit in Habit::ALL {
            assert_eq!(habit.name().parse(), Ok(*habit));
            assert!(!habit.meaning().is_empty());
        }
        let both: Habits = [Habit::KernelOldWords, Habit::ApHidesName].into_iter().collect();
        assert_eq!(both.iter().count(), 2);
        assert!(!both.without(Habit::ApHidesName).has(Habit::ApHidesName));
        assert_eq!("ap.kind".parse::<Habit>(), Err(UnknownHabit(String::from("ap.kind"))));
    }
}
