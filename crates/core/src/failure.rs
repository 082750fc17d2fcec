//! The one catalogue of failures: what went wrong, whose fault it is, and what to do next.
//!
//! D-Bus errors, the sentences of the command line, the log and the page in the documentation are all
//! made from here, so that every surface says the same.

use crate::{
    attempt::{Phase, RoamTrigger},
    kernel::{Errno, Refusal},
};
use alloc::string::String;
use core::{fmt, net::Ipv4Addr};
use lapwing_frames::MacAddr;
use lapwing_frames::management::{ReasonCode, StatusCode};

/// Whose doing a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// The access point's.
    AccessPoint,
    /// The kernel's.
    Kernel,
    /// The driver's or its firmware's.
    Driver,
    /// Lapwing's own.
    Lapwing,
    /// The user's: a secret or a setting.
    User,
    /// Another program's.
    OtherProgram,
    /// Nobody's: distance, interference, absence.
    Circumstances,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessPoint => "access point",
            Self::Kernel => "kernel",
            Self::Driver => "driver",
            Self::Lapwing => "lapwing",
            Self::User => "user",
            Self::OtherProgram => "another program",
            Self::Circumstances => "circumstances",
        })
    }
}

/// A failure: where in the attempt, and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// The phase in which it happened.
    pub phase: Phase,
    /// What happened.
    pub code: Code,
}

/// What happened. The docstring of each is its entry in the documentation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No BSS of the network was heard.
    NotFound,
    /// BSSs were heard, but none can be used; the timeline has the reason for each.
    NoneSuitable,
    /// The AP refused authentication.
    AuthenticationRefused(StatusCode),
    /// The AP did not answer the authentication.
    AuthenticationTimedOut,
    /// The passphrase is wrong: SAE's confirm did not match.
    WrongPassword,
    /// The passphrase is probably wrong: the AP stayed silent after message 2, which is all that a
    /// WPA2 access point does about a wrong key.
    WrongPasswordLikely,
    /// The AP does not know the password identifier.
    UnknownPasswordIdentifier,
    /// SAE failed; the text says how.
    Sae(&'static str),
    /// OWE failed; the text says how.
    Owe(&'static str),
    /// The AP refused the association.
    AssociationRefused(StatusCode),
    /// The AP did not answer the association.
    AssociationTimedOut,
    /// The AP refused the cached PMKSA; full SAE follows at once.
    PmksaRefused,
    /// The AP never began the handshake.
    HandshakeSilent,
    /// The handshake broke a rule; the text says which.
    Handshake(&'static str),
    /// The kernel refused a request.
    Refused {
        /// The nl80211 command.
        command: &'static str,
        /// In the kernel's words.
        refusal: Refusal,
    },
    /// The kernel did not report the outcome of a request in time.
    KernelSilent(&'static str),
    /// The AP ended it.
    EndedByAccessPoint(ReasonCode),
    /// The kernel ended it: the AP's beacons stopped, or it did not answer.
    LostBeacons(ReasonCode),
    /// Another program disconnected the interface or owns it.
    OtherProgram(String),
    /// Somebody asked to disconnect.
    Asked,
    /// The interface was set down or the radio was blocked.
    InterfaceDown,
    /// The interface is gone.
    InterfaceRemoved,
    /// The AP is not on the channel on which we are, or does not prove that it is; the text says how.
    OperatingChannel(&'static str),
    /// The AP does not protect what it must.
    Downgrade(&'static str),
    /// No DHCP server answered and no router announced itself.
    NoAddress,
    /// Another host has the address that the network's file fixes.
    AddressTaken {
        /// The address.
        address: Ipv4Addr,
        /// The host's link address.
        by: MacAddr,
    },
    /// The pairwise key cannot be replaced safely on this radio: connecting anew.
    RekeyByReconnect,
    /// The firmware of the radio did not do its part; the text says which.
    Firmware(&'static str),
    /// The firmware moved the connection to another AP: it is made anew there.
    FirmwareRoamed,
    /// The connection goes to another AP of its network, and why.
    Roamed(RoamTrigger),
    /// The links of an AP MLD are not what they must be; the text says how.
    MultiLink(&'static str),
    /// What the kernel holds of the links of a connection contradicts itself or what was asked for; the text
    /// says how.
    KernelLinks(&'static str),
    /// Fast BSS transition failed; the text says how.
    FastTransition(&'static str),
    /// Frames failed TKIP's integrity check twice within a minute: TKIP is not used there for another one.
    MicFailures,
    /// Events of the kernel were lost, and its state is not what it was.
    StateLost,
}

impl Failure {
    /// Whose doing it is.
    #[must_use]
    pub fn whose(&self) -> Whose {
        match &self.code {
            Code::NotFound
            | Code::AuthenticationTimedOut
            | Code::AssociationTimedOut
            | Code::LostBeacons(_)
            | Code::FirmwareRoamed
            | Code::Roamed(_)
            | Code::MicFailures
            | Code::StateLost => Whose::Circumstances,
            Code::AuthenticationRefused(_)
            | Code::AssociationRefused(_)
            | Code::PmksaRefused
            | Code::HandshakeSilent
            | Code::Handshake(_)
            | Code::Sae(_)
            | Code::Owe(_)
            | Code::EndedByAccessPoint(_)
            | Code::OperatingChannel(_)
            | Code::Downgrade(_)
            | Code::MultiLink(_)
            | Code::FastTransition(_)
            | Code::NoAddress => Whose::AccessPoint,
            Code::NoneSuitable
            | Code::WrongPassword
            | Code::WrongPasswordLikely
            | Code::UnknownPasswordIdentifier
            | Code::Asked
            | Code::AddressTaken { .. }
            | Code::InterfaceDown => Whose::User,
            Code::Refused { refusal, .. } => match refusal.errno {
                Errno::EPERM | Errno::EALREADY | Errno::EBUSY | Errno::EINPROGRESS => Whose::OtherProgram,
                Errno::ERFKILL | Errno::ENETDOWN => Whose::User,
                Errno::EINVAL | Errno::ERANGE => Whose::Lapwing,
                _ => Whose::Kernel,
            },
            Code::KernelSilent(_) | Code::InterfaceRemoved | Code::RekeyByReconnect | Code::Firmware(_) => {
                Whose::Driver
            }
            Code::KernelLinks(_) => Whose::Kernel,
            Code::OtherProgram(_) => Whose::OtherProgram,
        }
    }

    /// The name of the code, which does not change: for programs, logs and the documentation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.code {
            Code::NotFound => "not-found",
            Code::NoneSuitable => "none-suitable",
            Code::AuthenticationRefused(_) => "authentication-refused",
            Code::AuthenticationTimedOut => "authentication-timed-out",
            Code::WrongPassword => "wrong-password",
            Code::WrongPasswordLikely => "wrong-password-likely",
            Code::UnknownPasswordIdentifier => "unknown-password-identifier",
            Code::Sae(_) => "sae-failed",
            Code::Owe(_) => "owe-failed",
            Code::AssociationRefused(_) => "association-refused",
            Code::AssociationTimedOut => "association-timed-out",
            Code::PmksaRefused => "pmksa-refused",
            Code::HandshakeSilent => "handshake-silent",
            Code::Handshake(_) => "handshake-failed",
            Code::Refused { .. } => "kernel-refused",
            Code::KernelSilent(_) => "kernel-silent",
            Code::EndedByAccessPoint(_) => "ended-by-access-point",
            Code::LostBeacons(_) => "lost-beacons",
            Code::OtherProgram(_) => "other-program",
            Code::Asked => "asked",
            Code::InterfaceDown => "interface-down",
            Code::InterfaceRemoved => "interface-removed",
            Code::OperatingChannel(_) => "operating-channel",
            Code::Downgrade(_) => "downgrade",
            Code::NoAddress => "no-address",
            Code::AddressTaken { .. } => "address-taken",
            Code::RekeyByReconnect => "rekey-by-reconnect",
            Code::Firmware(_) => "firmware-failed",
            Code::FirmwareRoamed => "firmware-roamed",
            Code::Roamed(_) => "roamed",
            Code::MultiLink(_) => "multi-link-failed",
            Code::KernelLinks(_) => "kernel-links",
            Code::FastTransition(_) => "fast-transition-failed",
            Code::MicFailures => "mic-failures",
            Code::StateLost => "state-lost",
        }
    }

    /// What to do next, in a sentence for a person.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match &self.code {
            Code::NotFound => {
                "Move closer, or check that the access point is on and its name is spelt the same."
            }
            Code::NoneSuitable => {
                "Look at the reasons in the timeline; the network file or the access point's security must change."
            }
            Code::WrongPassword => "Enter the passphrase again.",
            Code::WrongPasswordLikely => "Check the passphrase; if it is right, restart the access point.",
            Code::UnknownPasswordIdentifier => "Check the password identifier, or leave it out.",
            Code::Asked => "Nothing.",
            Code::InterfaceDown => "Switch Wi-Fi on: rfkill unblock wifi, or set the interface up.",
            Code::InterfaceRemoved => {
                "Plug the adapter in again; if it is built in, look at the kernel log for its driver."
            }
            Code::OtherProgram(_) => "Stop the other program; only one may run this interface.",
            Code::Refused { refusal, .. } => match refusal.errno {
                Errno::EPERM | Errno::EALREADY | Errno::EBUSY | Errno::EINPROGRESS => {
                    "See whether another program (wpa_supplicant, iwd, a network manager) runs this interface, and stop it."
                }
                Errno::ERFKILL | Errno::ENETDOWN => {
                    "Switch Wi-Fi on: rfkill unblock wifi, or set the interface up."
                }
                _ => "Report it with the timeline; another way is tried meanwhile.",
            },
            Code::KernelSilent(_) => "Wait for the next try; if it repeats, reload the driver.",
            Code::AuthenticationRefused(_) | Code::AssociationRefused(_) => {
                "Another access point or a later try may succeed; the status says why this one refused."
            }
            Code::OperatingChannel(_) => {
                "Another try follows by itself; if it repeats, somebody may be relaying the network from elsewhere."
            }
            Code::Downgrade(_) => {
                "Do not trust this access point until its owner confirms the change; then forget the network and enter it anew."
            }
            Code::NoAddress => "Check the DHCP server of the network; the radio link itself works.",
            Code::AddressTaken { .. } => {
                "Set another address in the network's file, or none, so that DHCP gives one."
            }
            Code::Sae(_) | Code::Owe(_) | Code::Handshake(_) | Code::HandshakeSilent => {
                "Another try follows by itself; if it repeats, restart or update the access point."
            }
            Code::FastTransition(_) => {
                "Another way to the access point follows by itself; if it repeats, its mobility domain is set up wrongly."
            }
            Code::Firmware(_) => {
                "Another try follows by itself; if it repeats, update the radio's firmware or reload its driver."
            }
            Code::FirmwareRoamed | Code::Roamed(_) => "Nothing: the connection is being made anew.",
            Code::MicFailures => {
                "Another try follows in a minute; have the access point use WPA2 or WPA3 with CCMP."
            }
            Code::MultiLink(_) | Code::KernelLinks(_) => {
                "Another try follows by itself, in the end without multi-link operation."
            }
            Code::AuthenticationTimedOut
            | Code::AssociationTimedOut
            | Code::PmksaRefused
            | Code::EndedByAccessPoint(_)
            | Code::LostBeacons(_)
            | Code::RekeyByReconnect
            | Code::StateLost => "Nothing: another try follows by itself.",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Code::NotFound => f.write_str("the network was not heard"),
            Code::NoneSuitable => f.write_str("the network was heard, but no access point of it can be used"),
            Code::AuthenticationRefused(status) => {
                write!(f, "the access point refused authentication with status {status}")
            }
            Code::AuthenticationTimedOut => f.write_str("the access point did not answer the authentication"),
            Code::WrongPassword => f.write_str("the passphrase is wrong"),
            Code::WrongPasswordLikely => {
                f.write_str("the passphrase is probably wrong: the access point did not accept the key")
            }
            Code::UnknownPasswordIdentifier => {
                f.write_str("the access point does not know the password identifier")
            }
            Code::Sae(how) => write!(f, "SAE failed: {how}"),
            Code::Owe(how) => write!(f, "OWE failed: {how}"),
            Code::AssociationRefused(status) => {
                write!(f, "the access point refused the association with status {status}")
            }
            Code::AssociationTimedOut => f.write_str("the access point did not answer the association"),
            Code::PmksaRefused => f.write_str("the access point does not know the cached key"),
            Code::HandshakeSilent => f.write_str("the access point never began the 4-way handshake"),
            Code::Handshake(how) => write!(f, "the handshake failed: {how}"),
            Code::Refused { command, refusal } => write!(f, "the kernel refused {command}: {refusal}"),
            Code::KernelSilent(what) => write!(f, "the kernel did not say what became of {what}"),
            Code::EndedByAccessPoint(reason) => {
                write!(f, "the access point ended the connection with reason {reason}")
            }
            Code::LostBeacons(reason) => {
                write!(f, "the access point is no longer heard (reason {reason} of the kernel)")
            }
            Code::OtherProgram(what) => write!(f, "another program interfered: {what}"),
            Code::Asked => f.write_str("it was asked for"),
            Code::InterfaceDown => f.write_str("the interface was switched off"),
            Code::InterfaceRemoved => f.write_str("the interface is gone"),
            Code::OperatingChannel(how) => write!(f, "the operating channel was not confirmed: {how}"),
            Code::Downgrade(what) => write!(f, "the access point offers less protection than before: {what}"),
            Code::NoAddress => f.write_str("no DHCP server or router answered"),
            Code::AddressTaken { address, by } => write!(f, "{by} has the address {address} already"),
            Code::RekeyByReconnect => {
                f.write_str("the access point renews the pairwise key, which this radio cannot do safely")
            }
            Code::Firmware(how) => write!(f, "the radio's firmware did not do its part: {how}"),
            Code::FirmwareRoamed => {
                f.write_str("the radio's firmware moved the connection to another access point")
            }
            Code::Roamed(why) => write!(f, "the connection goes to another access point: {why}"),
            Code::MicFailures => {
                f.write_str("frames failed TKIP's integrity check: somebody may be trying out forged ones")
            }
            Code::MultiLink(how) => write!(f, "multi-link operation failed: {how}"),
            Code::KernelLinks(how) => write!(f, "the kernel is wrong about the links: {how}"),
            Code::FastTransition(how) => write!(f, "the fast transition failed: {how}"),
            Code::StateLost => f.write_str("events of the kernel were lost and the connection with them"),
        }
    }
}

impl core::error::Error for Failure {}
