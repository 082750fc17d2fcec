use super::*;
use crate::air::{Content, Transmission};
use crate::happening::What;
use crate::parts::Command;
use lapwing_core::attempt::Ticket;
use lapwing_core::kernel::{Errno, Frequency, Refusal};
use lapwing_frames::management::{
    Authentication, AuthenticationAlgorithm, Body, Header, Management, StatusCode,
};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

fn happened(millis: u64, lane: Lane, what: What) -> Happening {
    Happening { at: START + Duration::from_millis(millis), lane, what }
}

fn note(millis: u64, text: &str) -> Happening {
    happened(millis, Lane::Station, What::Note(text.to_owned()))
}

/// A try that fails, at this moment.
fn attempt(millis: u64, own: u8) -> Vec<Happening> {
    let own = MacAddr([2, 0, 0, 0, 0, own]);
    let body = Body::Authentication(Authentication {
        algorithm: AuthenticationAlgorithm::Open,
        transaction: 1,
        status: StatusCode::Success,
        payload: Vec::new(),
    });
    let mut frame = Vec::new();
    Management { header: Header::new(AP, own, AP), body }.write(&mut frame);
    let transmission = Transmission {
        frequency: Frequency(5180),
        transmitter: own,
        receiver: AP,
        content: Content::Management { frame, protection: None },
    };
    let refusal = Refusal { errno: Errno::EINVAL, message: Some(String::from("link ID must be set")) };
    let ticket = Ticket { attempt: None, number: millis };
    vec![
        note(millis, &format!("tries at {own} for {millis} s")),
        happened(
            millis + 1,
            Lane::Station,
            What::Asked { ticket, command: Command::DeleteKey { peer: None, link: None, index: 1 } },
        ),
        happened(millis + 2, Lane::Kernel, What::Refused { ticket, command: "DEL_KEY", refusal }),
        happened(millis + 3, Lane::Kernel, What::Sent(transmission.clone())),
        happened(millis + 4, Lane::Kernel, What::Sent(transmission.clone())),
        happened(millis + 5, Lane::Ap(0), What::Lost(transmission)),
    ]
}

fn cast() -> Cast {
    let mut cast = Cast::default();
    cast.name(Lane::Station, "supplicant");
    cast.name(Lane::Kernel, "kernel");
    cast.name(Lane::Ap(0), "AP home");
    cast.addresses.insert(AP, Lane::Ap(0));
    cast
}

fn timeline(tries: &[u64]) -> Timeline {
    let mut timeline = Timeline::new(cast());
    timeline.take(&note(0, "begins\x1b[2J"));
    for (place, at) in (1..).zip(tries) {
        attempt(*at, place).iter().for_each(|happening| timeline.take(happening));
    }
    timeline
}

#[test]
fn lanes_have_arrows_between_them() {
    let drawn = timeline(&[1_500]).draw(&Paper { width: 96, ..Paper::default() });
    let expected = [
        "            supplicant                          kernel                              AP home",
        "    0.000   ● begins?[2J                        │                                   │",
        "    1.500   ● tries at 02:00:00:00:00:01 for 1500 s                                 │",
        "    1.501   │── DEL_KEY group key 1, no link ──▶│                                   │",
        "    1.502   │ DEL_KEY refused: EINVAL, \"link ID must be set\"                        │",
        "            │◀──────────────────────────────────│                                   │",
        "    1.503   │                                   │─ Authentication (open) (2 times) ▶│",
        "    1.505   │                                   │ Authentication (open): lost on the way",
        "            │                                   │──────────────────────────────────▶│",
    ];
    assert_eq!(drawn.lines().collect::<Vec<_>>(), expected, "{drawn}");
}

#[test]
fn a_narrow_terminal_has_a_line_for_each_happening() {
    let drawn = timeline(&[1_500]).draw(&Paper { width: 50, colour: false, unicode: false });
    let expected = [
        "    0.000  supplicant: begins?[2J",
        "    1.500  supplicant: tries at 02:00:00:00:00:01",
        "           for 1500 s",
        "    1.501  supplicant -> kernel: DEL_KEY group key",
        "           1, no link",
        "    1.502  kernel -> supplicant: DEL_KEY refused:",
        "           EINVAL, \"link ID must be set\"",
        "    1.503  kernel -> AP home: Authentication",
        "           (open) (2 times)",
        "    1.505  kernel -> AP home: Authentication",
        "           (open): lost on the way",
    ];
    assert_eq!(drawn.lines().collect::<Vec<_>>(), expected, "{drawn}");
}

#[test]
fn what_repeats_is_told_once() {
    let drawn = timeline(&[1_000, 2_000, 32_000, 122_000, 212_000]).draw(&Paper::default());
    assert_eq!(drawn.matches("tries at").count(), 1, "{drawn}");
    assert!(
        drawn.contains("… the same again first after 1 s, at last every 90 s, 4 times, until 212.005 s"),
        "{drawn}"
    );
    let drawn = timeline(&[1_000, 91_000, 181_000, 271_000]).draw(&Paper::default());
    assert!(drawn.contains("… the same again every 90 s, 3 times"), "{drawn}");
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let plain = timeline(&[1_500]).draw(&Paper::default());
    let colourful = timeline(&[1_500]).draw(&Paper { colour: true, ..Paper::default() });
    assert!(!plain.contains('\x1b') && colourful.contains("\x1b[31m"));
}
