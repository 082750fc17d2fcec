//! What scenarios have counted and measured, for the eyes of people.

use super::Run;
use serde_json::Value;
use std::fmt::Write;

/// A column: its title, and the name of its figure.
type Column = (&'static str, &'static str);

/// A table of Markdown that a list of figures makes, with the name of the list.
struct Table {
    list: &'static str,
    title: &'static str,
    columns: &'static [Column],
}

const TABLES: &[Table] = &[
    Table {
        list: "switches",
        title: "Switches of the station",
        columns: &[
            ("from", "from"),
            ("to", "to"),
            ("switches", "rounds"),
            ("first attempt connected", "first_attempt_connected"),
            ("by PMKSA", "by_pmksa"),
            ("refused kernel commands", "refused_commands"),
            ("traffic after, median ms", "traffic_median_ms"),
            ("greatest ms", "traffic_greatest_ms"),
        ],
    },
    Table {
        list: "clients",
        title: "Clients and their commands",
        columns: &[("client", "client"), ("command", "command"), ("works", "works")],
    },
    Table {
        list: "reassociate",
        title: "Connected again to the AP MLD that it is connected to",
        columns: &[
            ("program", "program"),
            ("order", "order"),
            ("rounds", "rounds"),
            ("refused deletions of keys", "refused_deletions"),
            ("other refusals", "other_refusals"),
            ("failed authentications", "failed_authentications"),
            ("first attempt connected", "first_attempt_connected"),
            ("connected in the end", "connected_in_the_end"),
        ],
    },
];

/// The tables that a run has figures for.
pub(super) fn tables(run: &Run) -> String {
    let mut text = String::new();
    for table in TABLES {
        let lists = run.outcomes.iter().filter_map(|outcome| outcome.figures.get(table.list)?.as_array());
        let lines: Vec<String> = lists.flatten().map(|figures| line(table.columns, figures)).collect();
        if !lines.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{}, kernel {}:\n\n", table.title, run.version);
            text += &row(table.columns.iter().map(|(title, _)| (*title).to_owned()));
            text += &format!("|{}\n", "---|".repeat(table.columns.len()));
            text += &lines.concat();
        }
    }
    text
}

/// The single figures of an outcome.
pub(super) fn singles(figures: &serde_json::Map<String, Value>) -> Vec<String> {
    let single = figures.iter().filter(|(_, value)| !value.is_array() && !value.is_object());
    single.map(|(name, value)| format!("{}: {}", name.replace('_', " "), shown(value))).collect()
}

fn line(columns: &[Column], figures: &Value) -> String {
    row(columns.iter().map(|(_, name)| figures.get(name).map(shown).unwrap_or_default()))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => format!("{:.1}", number.as_f64().unwrap_or_default()),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Kernel, Outcome, Verdict};
    use serde_json::json;

    #[test]
    fn counts_become_a_table_and_single_figures_lines() {
        let mut outcome = Outcome::new("switches", Verdict::Passed);
        let count = json!({"from": "plain", "to": "MLO", "rounds": 50, "traffic_median_ms": 7.25});
        outcome.figures.insert("switches".into(), json!([count]));
        outcome.figures.insert("seconds_until_back".into(), json!(1.5));
        assert_eq!(singles(&outcome.figures), ["seconds until back: 1.5"]);
        let (kernel, version, kept) = (Kernel::Newest, "7".to_owned(), "/".into());
        let text = tables(&Run { kernel, version, outcomes: vec![outcome], kept });
        assert!(text.starts_with("\nSwitches of the station, kernel 7:\n\n| from | to |"), "{text}");
        assert!(text.ends_with("| plain | MLO | 50 |  |  |  | 7.2 |  |\n"), "{text}");
    }
}
