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
    let kept = report.runs.first().map(|run| run.kept.join(SCENARIO)).unwrap_or_default();
    let records = fs::read_to_string(kept.join("runtime/flight.jsonl")).unwrap_or_default();
    println!("\nA WPA3 network of hostapd, joined on a real kernel:\n");
    print!("{}", story(&records));
    println!("\n{}", timeline(&records));
    println!("Data crossed the radio in both directions (ping, IPv4), and a router gave an IPv6 address.");
    println!("\nlogs and captures of air and netlink: {}", kept.display());
    println!("{}\n{}", report.versions, paint(&report.summary(), "1"));
    report.into_result()
}

/// The records of a flight.
fn parsed(records: &str) -> impl Iterator<Item = Json> {
    records.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok())
}

/// A line for each thing that a newcomer wants to see happen, with the seconds since the daemon began.
fn story(records: &str) -> String {
    let mut begin = None;
    let mut text = String::new();
    for record in parsed(records) {
        let Some(at) = record.get("at").and_then(Json::as_f64) else { continue };
        let begin = *begin.get_or_insert(at);
        if let Some(sentence) = sentence(&record) {
            text += &format!("  {:7.3} s  {sentence}\n", at - begin);
        }
    }
    text
}

fn sentence(record: &Json) -> Option<String> {
    let field = |name: &str| match record.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
        Some(Json::Null) | None => "none".to_owned(),
        Some(other) => other.to_string(),
    };
    Some(match field("event").as_str() {
        "scanning" => match record.get("frequencies").and_then(Json::as_array).map_or(0, Vec::len) {
            0 => "scans all channels".to_owned(),
            1 => "scans one channel".to_owned(),
            channels => format!("scans {channels} channels"),
        },
        "began" => format!("begins to join {:?}, {}", field("ssid"), field("cause")),
        "chosen" => format!(
            "chooses {} on {} MHz at {} dBm: {}, {}",
            field("bssid"),
            field("frequency"),
            field("signal_dbm"),
            field("akm"),
            field("pairwise")
        ),
        "connected" => format!(
            "is connected: management frames under {}, beacon protection {}",
            field("group_management"),
            field("beacon_protection")
        ),
        "configured" => format!("has the addresses {}", field("addresses")),
        _ => return None,
    })
}

/// The tables of the attempts, as the daemon rendered them.
fn timeline(records: &str) -> String {
    let tables =
        parsed(records).filter(|record| record.get("event").and_then(Json::as_str) == Some("timeline"));
    tables.filter_map(|record| record.get("text")?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_and_the_table_are_found_among_the_records() {
        let records = [
            r#"{"at":5.0,"event":"scanning","frequencies":[]}"#,
            r#"{"at":5.2,"event":"scanning","frequencies":[2412,2437,2462]}"#,
            "broken",
            r#"{"at":5.5,"event":"configured","addresses":["10.0.1.2/24","fd00::1/64"]}"#,
            r#"{"at":6.0,"event":"timeline","text":"  scan 1 ms\n"}"#,
        ]
        .join("\n");
        let lines = [
            "    0.000 s  scans all channels",
            "    0.200 s  scans 3 channels",
            "    0.500 s  has the addresses 10.0.1.2/24, fd00::1/64",
            "",
        ];
        assert_eq!(story(&records), lines.join("\n"));
        assert_eq!(timeline(&records), "  scan 1 ms\n");
    }
}
