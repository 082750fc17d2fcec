//! `cargo xtask demo`: joins a WPA3 network in the lab and shows what took how long.

use crate::command::paint;
use crate::failure::Result;
use crate::lab::{self, Options};
use lexopt::prelude::*;
use serde_json::Value as Json;
use std::fs;

const HELP: &str = "\
Builds lapwingd, boots a Debian kernel in a virtual machine, joins a WPA3 network of Debian's hostapd there, gets
addresses, pings, and prints the timeline of the connection.

Usage: cargo xtask demo
";

/// The scenario that is shown.
const SCENARIO: &str = "sae-h2e-group-19";

/// The command line.
pub(crate) fn main(mut arguments: lexopt::Parser) -> Result<()> {
    match arguments.next()? {
        None => {}
        Some(Short('h') | Long("help")) => {
            print!("{HELP}");
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    }
    let report = lab::run_scenarios(&Options { keep: true, ..Options::new(vec![SCENARIO.into()]) })?;
    let kept = report.kept.join(SCENARIO);
    let records = fs::read_to_string(kept.join("runtime/flight.jsonl")).unwrap_or_default();
    println!("\nJoined a WPA3 network (SAE, hash-to-element, group 19) on a real kernel:\n");
    print!("{}", timeline(&records));
    println!("\nlogs and captures of air and netlink: {}", kept.display());
    println!("{}\n{}", report.versions, paint(&report.summary(), "1"));
    report.into_result()
}

/// One line for each flight record: its fields as they are, and the duration where it has one.
fn timeline(records: &str) -> String {
    let records = records.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    records.fold(String::new(), |text, record| {
        let Some(fields) = record.as_object() else { return text };
        let event = fields.get("event").and_then(Json::as_str).unwrap_or("?");
        let others = fields.iter().filter(|(name, _)| *name != "event");
        let others: Vec<_> = others.map(|(name, value)| format!("{name}={}", plain(value))).collect();
        text + &format!("  {event:20} {}\n", others.join(" "))
    })
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_with_its_event_first() {
        let text = timeline("{\"at\":5,\"event\":\"phase\",\"name\":\"scan\"}\nbroken\n");
        assert_eq!(text, format!("  {:20} at=5 name=scan\n", "phase"));
    }
}
