//! The page of failures in the documentation is made from the catalogue, and says what it says.
#![allow(clippy::panic)] // A test helper outside of a test function may fail the test.

use lapwing_core::{
    attempt::{Phase, RoamTrigger},
    failure::{Code, Failure},
    kernel::{Errno, Refusal},
};
use lapwing_frames::MacAddr;
use lapwing_frames::management::{ReasonCode, StatusCode};
use std::{collections::BTreeSet, fmt::Write};

/// One example of each code. The match below makes a new variant an error here until it has one.
fn examples() -> Vec<Code> {
    let refused = |errno, message: &str| Code::Refused {
        command: "NEW_KEY",
        refusal: Refusal { errno, message: Some(message.into()) },
    };
    let all = vec![
        Code::NotFound,
        Code::NoneSuitable,
        Code::AuthenticationRefused(StatusCode(17)),
        Code::AuthenticationTimedOut,
        Code::WrongPassword,
        Code::WrongPasswordLikely,
        Code::UnknownPasswordIdentifier,
        Code::Sae("the access point shares no group with us"),
        Code::Owe("the access point sent no key"),
        Code::AssociationRefused(StatusCode(17)),
        Code::AssociationTimedOut,
        Code::PmksaRefused,
        Code::HandshakeSilent,
        Code::Handshake("message 3 does not repeat the beacon's RSNE"),
        refused(Errno::EINVAL, "link ID must be set for MLO group key"),
        Code::KernelSilent("the association"),
        Code::EndedByAccessPoint(ReasonCode(4)),
        Code::LostBeacons(ReasonCode(4)),
        Code::OtherProgram("it disconnected the interface".into()),
        Code::Asked,
        Code::InterfaceDown,
        Code::InterfaceRemoved,
        Code::OperatingChannel("the operating channel is not the one we are on"),
        Code::Downgrade("WPA2 where WPA3 was used before"),
        Code::NoAddress,
        Code::RekeyByReconnect,
        Code::Firmware("it never said whether it is connected"),
        Code::FirmwareRoamed,
        Code::Roamed(RoamTrigger::LowSignal(-81)),
        Code::MultiLink("no link is left"),
        Code::KernelLinks("it keeps a link that was removed"),
        Code::FastTransition("the integrity code of the response is wrong"),
        Code::StateLost,
        Code::MicFailures,
        Code::AddressTaken { address: [192, 0, 2, 7].into(), by: MacAddr([2, 0, 0, 0, 0, 9]) },
    ];
    let kinds: BTreeSet<u8> = all.iter().map(kind).collect();
    assert_eq!(kinds, (0..35).collect(), "each code has one example");
    all
}

fn kind(code: &Code) -> u8 {
    match code {
        Code::NotFound => 0,
        Code::NoneSuitable => 1,
        Code::AuthenticationRefused(_) => 2,
        Code::AuthenticationTimedOut => 3,
        Code::WrongPassword => 4,
        Code::WrongPasswordLikely => 5,
        Code::UnknownPasswordIdentifier => 6,
        Code::Sae(_) => 7,
        Code::Owe(_) => 8,
        Code::AssociationRefused(_) => 9,
        Code::AssociationTimedOut => 10,
        Code::PmksaRefused => 11,
        Code::HandshakeSilent => 12,
        Code::Handshake(_) => 13,
        Code::Refused { .. } => 14,
        Code::KernelSilent(_) => 15,
        Code::EndedByAccessPoint(_) => 16,
        Code::LostBeacons(_) => 17,
        Code::OtherProgram(_) => 18,
        Code::Asked => 19,
        Code::InterfaceDown => 20,
        Code::InterfaceRemoved => 21,
        Code::OperatingChannel(_) => 26,
        Code::Downgrade(_) => 22,
        Code::NoAddress => 23,
        Code::RekeyByReconnect => 24,
        Code::MultiLink(_) => 29,
        Code::KernelLinks(_) => 30,
        Code::StateLost => 25,
        Code::MicFailures => 33,
        Code::AddressTaken { .. } => 34,
        Code::Firmware(_) => 27,
        Code::FirmwareRoamed => 28,
        Code::Roamed(_) => 31,
        Code::FastTransition(_) => 32,
    }
}

fn page() -> String {
    let mut page = String::from(
        "# Failures\n\n\
         Everything that can go wrong has a code, which does not change, and says whose doing it is and what to do\n\
         next. The log, the flight recorder and this page are made from one catalogue,\n\
         `crates/core/src/failure.rs`; what is specific (a status, a reason, the kernel's words) is an example here.\n\n\
         | code | what is said | whose | what to do |\n|---|---|---|---|\n",
    );
    for code in examples() {
        let failure = Failure { phase: Phase::Associate, code };
        writeln!(
            page,
            "| `{}` | {failure} | {} | {} |",
            failure.name(),
            failure.whose(),
            failure.next_step()
        )
        .unwrap_or_else(|error| panic!("writing to a string: {error}"));
    }
    page
}

/// Run with `LAPWING_BLESS=1` to write the page anew.
#[test]
fn the_page_of_failures_says_what_the_catalogue_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/failures.md");
    if std::env::var_os("LAPWING_BLESS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page(), "LAPWING_BLESS=1 writes it anew");
}

#[test]
fn every_code_has_a_name_of_its_own_a_sentence_and_a_next_step() {
    let mut names = BTreeSet::new();
    for code in examples() {
        let failure = Failure { phase: Phase::Associate, code };
        assert!(names.insert(failure.name()), "{} twice", failure.name());
        assert!(failure.next_step().ends_with('.'), "{}", failure.name());
        let sentence = failure.to_string();
        assert!(!sentence.ends_with('.') && sentence.len() > 8, "{sentence}");
    }
}
