//! Errors as clients see them: iwd's names, and sentences that say what happened and what to do next.

use super::device_provisioning;
use super::message::Error;
use super::simple_configuration;
use crate::control::CallError;
use crate::hotspot;
use lapwing_core::failure::{Code, Failure};
use std::fmt;

/// An error of iwd.
pub fn iwd(name: &str, text: impl fmt::Display) -> Error {
    Error { name: format!("net.connman.iwd.{name}"), text: sentence(&text.to_string()) }
}

/// An error of D-Bus itself.
pub fn dbus(name: &str, text: impl fmt::Display) -> Error {
    Error { name: format!("org.freedesktop.DBus.Error.{name}"), text: sentence(&text.to_string()) }
}

/// What becomes of a call that was not done.
#[must_use]
pub fn describe(error: &CallError) -> Error {
    match error {
        CallError::Aborted => iwd(
            "Aborted",
            "It was cancelled, or another request took its place. Ask again if you still want it.",
        ),
        // The name that iwd has for this one.
        CallError::Overtaken => iwd(
            "Failed",
            "Another network was asked for before this one was found. Ask again if you still want it.",
        ),
        CallError::InProgress => iwd("InProgress", "It is being done already. Wait until it is finished."),
        // iwd documents a name of its own for this, and sends that of what is being done.
        CallError::Busy(what) => iwd("InProgress", what),
        CallError::NoAgent => iwd(
            "NoAgent",
            "A passphrase is needed, and no program is there that could ask for it. Use a program that asks, such \
             as lapwing or iwctl, or write the passphrase into the network's file.",
        ),
        CallError::AgentTimedOut => iwd("Timeout", "Nobody entered a passphrase in time. Ask again."),
        CallError::BadSecret(why) => {
            iwd("InvalidFormat", format_args!("{} Enter the passphrase again.", sentence(why)))
        }
        CallError::NotSupported(why) => iwd("NotSupported", why),
        CallError::NotFound(what) => iwd("NotFound", what),
        CallError::NotConnected => {
            iwd("NotConnected", "The interface is in no network. Connect to one first.")
        }
        CallError::NotHidden => {
            iwd("NotHidden", "The network announces its name. Connect to it in the list of networks.")
        }
        CallError::AlreadyProvisioned => iwd(
            "AlreadyProvisioned",
            "The network is known already. It is joined by itself, or connect to it in the list of networks.",
        ),
        CallError::ServiceSetOverlap => iwd(
            "ServiceSetOverlap",
            "An open and a protected network have this name, and which is meant cannot be told. Write a network file \
             for the right one.",
        ),
        CallError::AlreadyExists(what) => iwd("AlreadyExists", what),
        CallError::HotspotFailed(failure) => {
            let name = match failure {
                hotspot::Failure::NoAccessPoint | hotspot::Failure::Unsupported(_) => "NotSupported",
                hotspot::Failure::Contradiction(_) => "InvalidArguments",
                hotspot::Failure::InterfaceDown => "NotAvailable",
                hotspot::Failure::NoChannel
                | hotspot::Failure::Channel(..)
                | hotspot::Failure::Refused { .. }
                | hotspot::Failure::Silent(_)
                | hotspot::Failure::EndedByKernel => "Failed",
            };
            iwd(name, format_args!("{} {}", sentence(&failure.to_string()), failure.next_step()))
        }
        CallError::NotProvisioned(troubles) => device_provisioning::describe(*troubles),
        CallError::NotHandedOver(troubles) => simple_configuration::describe(troubles),
        CallError::InvalidArguments(why) => iwd("InvalidArguments", why),
        CallError::NotAvailable(what) => iwd("NotAvailable", what),
        CallError::NotStored(why) => iwd("Failed", why),
        CallError::Failed(failure) => failed(failure),
    }
}

fn failed(failure: &Failure) -> Error {
    let name = match failure.code {
        Code::Asked => "Aborted",
        Code::InterfaceDown | Code::InterfaceRemoved => "NotAvailable",
        // Clients of iwd ask for the passphrase anew after this one, as they should when it was wrong; iwd has
        // no other for the rest.
        _ => "Failed",
    };
    iwd(name, format_args!("{} {}", sentence(&failure.to_string()), failure.next_step()))
}

/// With a capital at the beginning and a full stop at the end.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) || text.is_empty() { "" } else { "." };
    // NUL ends a text in D-Bus.
    format!("{first}{}{end}", characters.as_str()).replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_core::attempt::Phase;

    #[test]
    fn a_failure_is_what_happened_and_what_to_do() {
        let wrong = Failure { phase: Phase::Authenticate, code: Code::WrongPassword };
        let error = describe(&CallError::Failed(wrong));
        assert_eq!(error.name, "net.connman.iwd.Failed");
        assert_eq!(error.text, "The passphrase is wrong. Enter the passphrase again.");
        let asked = Failure { phase: Phase::Scan, code: Code::Asked };
        assert_eq!(describe(&CallError::Failed(asked)).name, "net.connman.iwd.Aborted");
    }

    #[test]
    fn texts_are_sentences() {
        let errors = [
            CallError::Aborted,
            CallError::Overtaken,
            CallError::InProgress,
            CallError::Busy("it is leaving a network"),
            CallError::NoAgent,
            CallError::AgentTimedOut,
            CallError::BadSecret("a passphrase has 8 to 63 characters"),
            CallError::NotSupported("the network uses 802.1X".to_owned()),
            CallError::NotFound("no such network is heard"),
            CallError::NotConnected,
            CallError::NotHidden,
            CallError::AlreadyProvisioned,
            CallError::ServiceSetOverlap,
            CallError::InvalidArguments("an SSID has 1 to 32 octets"),
            CallError::NotAvailable("the radio is blocked: rfkill unblock wifi"),
            CallError::NotStored("/x cannot be written: full".to_owned()),
        ];
        for error in errors {
            let Error { name, text } = describe(&error);
            assert!(name.starts_with("net.connman.iwd."), "{name}");
            assert!(text.starts_with(char::is_uppercase) || text.starts_with('/'), "{text}");
            assert!(text.ends_with('.') && !text.ends_with(".."), "{text}");
        }
        assert_eq!(dbus("UnknownObject", "a\0b").text, "A\u{fffd}b.");
    }
}
