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

/// The tables of the attempts, as the daemon rendered them.
fn timeline(records: &str) -> String {
    let records = records.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let tables = records.filter(|record| record.get("event").and_then(Json::as_str) == Some("timeline"));
    tables.filter_map(|record| record.get("text")?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_an_attempt_is_found_among_the_records() {
        let records = "{\"event\":\"entered\",\"phase\":\"scan\"}
broken
{\"event\":\"timeline\",\"text\":\"  scan\n\"}
";
        assert_eq!(
            timeline(records),
            "  scan
"
        );
    }
}
