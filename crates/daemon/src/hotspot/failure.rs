//! Why a hotspot did not begin, or ended.

use lapwing_core::kernel::{Errno, Frequency, Refusal};
use std::fmt;

/// Why a hotspot did not begin, or ended. The text of each is a sentence without its stop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The radio cannot be an access point.
    NoAccessPoint,
    /// The radio cannot do what the settings want; the text says what.
    Unsupported(&'static str),
    /// The settings contradict themselves; the text says how.
    Contradiction(&'static str),
    /// No channel of the kind that is wanted may be used here.
    NoChannel,
    /// The channel that is wanted must not be used; the text says why.
    Channel(Frequency, &'static str),
    /// The kernel refused a request.
    Refused {
        /// The nl80211 command.
        command: &'static str,
        /// In the kernel's words.
        refusal: Refusal,
    },
    /// The kernel did not answer in time; the text says what.
    Silent(&'static str),
    /// The interface was set down, or the radio was blocked.
    InterfaceDown,
    /// The kernel ended it by itself, or another program did.
    EndedByKernel,
}

impl Failure {
    /// Its name, which does not change.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoAccessPoint => "no-access-point",
            Self::Unsupported(_) => "unsupported",
            Self::Contradiction(_) => "contradiction",
            Self::NoChannel => "no-channel",
            Self::Channel(..) => "channel",
            Self::Refused { .. } => "refused",
            Self::Silent(_) => "kernel-silent",
            Self::InterfaceDown => "interface-down",
            Self::EndedByKernel => "ended-by-kernel",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::NoAccessPoint => "Use another radio: lapwing devices lists them.",
            Self::Unsupported(_) => "Ask for less, or use another radio.",
            Self::Contradiction(_) => "Change one of the settings.",
            Self::NoChannel | Self::Channel(..) => {
                "Choose another band or channel, or set the country: iw reg set."
            }
            Self::Refused { refusal: Refusal { errno: Errno::EBUSY, .. }, .. } => {
                "Another program or interface uses the radio: stop it, and start the hotspot again."
            }
            Self::Refused { refusal: Refusal { errno: Errno::ERFKILL | Errno::ENETDOWN, .. }, .. }
            | Self::InterfaceDown => "Switch Wi-Fi on: rfkill unblock wifi, and set the device's power on.",
            Self::Refused { .. } => "Try another channel or fewer links; the kernel's log may say more.",
            Self::Silent(_) => "Start the hotspot again; if that does not help, reload the driver.",
            Self::EndedByKernel => {
                "Look whether another program uses the radio, and start the hotspot again."
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccessPoint => f.write_str("the radio cannot be an access point"),
            Self::Unsupported(what) => write!(f, "the radio cannot do this: {what}"),
            Self::Contradiction(how) => write!(f, "the settings cannot go together: {how}"),
            Self::NoChannel => f.write_str("no such channel may be used here without being asked first"),
            Self::Channel(frequency, why) => write!(f, "{frequency} cannot be used: {why}"),
            Self::Refused { command, refusal } => write!(f, "the kernel refused {command}: {refusal}"),
            Self::Silent(what) => write!(f, "the kernel did not answer in time: {what}"),
            Self::InterfaceDown => f.write_str("the interface was set down or the radio was blocked"),
            Self::EndedByKernel => f.write_str("the kernel ended it by itself, or another program did"),
        }
    }
}

impl std::error::Error for Failure {}
