//! What happens in a world, for a program.

use lapwing_core::Instant;
use lapwing_core::kernel::Refusal;
use lapwing_core::station::Report;
use lapwing_world::happening::{Happening, Lane, What};
use lapwing_world::lanes::named;
use lapwing_world::parts::Message;
use lapwing_world::scenario::Scenario;
use lapwing_world::verdict::Verdict;
use lapwing_world::world::START;
use lapwing_world::{Content, Transmission};
use lapwingd::flight::event::{self, Place};
use serde_json::{Map, Value, json};

/// What a station of a world is called.
const STATION: &str = "station";

/// A happening: when in microseconds, in which lane, and what.
pub(super) fn happening(happening: &Happening) -> Value {
    let (kind, details) = match &happening.what {
        What::Asked { ticket, command } => {
            ("asked", json!({ "ticket": ticket.number, "command": command.name() }))
        }
        What::Refused { ticket, command, refusal } => {
            let Refusal { errno, message } = refusal;
            let errno = errno.to_string();
            (
                "refused",
                json!({ "ticket": ticket.number, "command": command, "errno": errno, "message": message }),
            )
        }
        What::Told(Message::Completed { ticket, outcome }) => {
            ("completed", json!({ "ticket": ticket.number, "accepted": outcome.is_ok() }))
        }
        What::Told(Message::Event(event)) => ("event", json!({ "event": event.name() })),
        What::Told(Message::EventsLost) => ("event", json!({ "event": "events were lost" })),
        What::Sent(frame) => ("sent", transmission(frame)),
        What::Lost(frame) => ("lost", transmission(frame)),
        What::Missed(frame) => ("missed", transmission(frame)),
        What::Reported(report) => ("reported", json!({ "report": reported(happening.at, report) })),
        What::Console(line) => ("console", json!({ "line": line })),
        What::Note(text) => ("note", json!({ "text": text })),
    };
    let at = u64::try_from(happening.at.since(START).as_micros()).unwrap_or(u64::MAX);
    let mut line = Map::new();
    line.insert(String::from("at_us"), json!(at));
    line.insert(String::from("lane"), lane(happening.lane));
    line.insert(String::from("kind"), json!(kind));
    if let Value::Object(details) = details {
        line.extend(details);
    }
    Value::Object(line)
}

/// What a station reports, as the flight recorder of a daemon writes it down.
fn reported(at: Instant, report: &Report) -> Value {
    let told = event::report(Place { at, interface: STATION }, report);
    // The recorder writes JSON.
    serde_json::from_str(&told.object.finish()).unwrap_or_default()
}

fn lane(lane: Lane) -> Value {
    match lane {
        Lane::Person => json!("person"),
        Lane::Station => json!("station"),
        Lane::Kernel => json!("kernel"),
        Lane::Firmware => json!("firmware"),
        Lane::Attacker => json!("attacker"),
        Lane::Ap(place) => json!(format!("ap-{place}")),
    }
}

fn transmission(frame: &Transmission) -> Value {
    let (octets, protection) = match &frame.content {
        Content::Management { frame, protection } => (frame, protection),
        Content::Data { payload, protection, .. } => (payload, protection),
    };
    let octets: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    json!({
        "frame": named(frame),
        "frequency": frame.frequency.0,
        "transmitter": frame.transmitter.to_string(),
        "receiver": frame.receiver.to_string(),
        "protected": protection.is_some(),
        "octets": octets,
    })
}

/// The last line: what it has come to.
pub(super) fn verdict(scenario: &Scenario, seed: u64, verdict: &Verdict) -> Value {
    let findings = verdict.findings.iter().map(|finding| {
        json!({
            "blame": finding.blame,
            "what": finding.what,
            "whose": finding.whose,
            "instead": finding.instead,
        })
    });
    json!({
        "kind": "verdict",
        "scenario": scenario.name,
        "policy": verdict.policy.name(),
        "seed": seed,
        "passed": verdict.passed,
        "connected": verdict.connected,
        "failed_attempts": verdict.failed,
        "findings": findings.collect::<Vec<_>>(),
    })
}
