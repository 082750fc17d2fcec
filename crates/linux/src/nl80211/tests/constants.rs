//! Every number of ours against the header's.

use super::super::constants::TABLES;
use crate::testing::data;
use std::collections::BTreeMap;

/// The numbers of the newest header, one object for each enum.
fn numbers() -> BTreeMap<String, u64> {
    let text = std::fs::read_to_string(data("nl80211-numbers.json")).unwrap();
    let enums: BTreeMap<String, BTreeMap<String, i64>> = serde_json::from_str(&text).unwrap();
    let all = enums.into_values().flatten();
    all.filter_map(|(name, number)| Some((name, u64::try_from(number).ok()?))).collect()
}

/// A simple reader of C enums: names count up from the last number, `A = B`, `A = 7` and `A = 1 << 7` set it.
fn parse_header(text: &str) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    for body in plain.split("enum ").skip(1) {
        let Some((_, body)) = body.split_once('{') else { continue };
        let Some((body, _)) = body.split_once('}') else { continue };
        let mut next = Some(0);
        for entry in body.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, value) = match entry.split_once('=') {
                Some((name, value)) => (name.trim(), value_of(value.trim(), &found)),
                None => (entry, next),
            };
            if let Some(value) = value {
                found.insert(name.to_owned(), value);
            }
            next = value.map(|value| value + 1);
        }
    }
    found
}

fn value_of(text: &str, known: &BTreeMap<String, u64>) -> Option<u64> {
    let number = |text: &str| {
        let text = text.trim().trim_end_matches(['U', 'L', 'u', 'l']);
        text.strip_prefix("0x")
            .map_or_else(|| text.parse().ok(), |hexadecimal| u64::from_str_radix(hexadecimal, 16).ok())
    };
    match text.split_once("<<") {
        Some((left, right)) => Some(number(left)? << number(right)?),
        None => number(text).or_else(|| known.get(text).copied()),
    }
}

fn compare(header: &BTreeMap<String, u64>) -> usize {
    let ours = || TABLES.iter().flat_map(|table| table.iter());
    for (name, number) in ours() {
        if let Some(theirs) = header.get(*name) {
            assert_eq!(number, theirs, "{name}");
        }
    }
    ours().filter(|(name, _)| header.contains_key(*name)).count()
}

#[test]
fn all_are_the_newest_headers() {
    let header = numbers();
    let ours = TABLES.iter().map(|table| table.len()).sum::<usize>();
    assert!(ours > 200, "{ours}");
    for (name, _) in TABLES.iter().flat_map(|table| table.iter()) {
        assert!(header.contains_key(*name), "{name} is not in the header");
    }
    assert_eq!(compare(&header), ours);
}

#[test]
fn all_that_this_machines_header_has_agree() {
    let Ok(text) = std::fs::read_to_string("/usr/include/linux/nl80211.h") else {
        println!("this machine has no linux/nl80211.h");
        return;
    };
    let compared = compare(&parse_header(&text));
    assert!(compared > 150, "{compared}: the header was not read");
}

#[test]
fn the_reader_of_headers_reads() {
    let header = "/* enum x { A } */ enum nl { A, B = 5, /* , */ C, D = B, E, F = 1 << 4, G = 0x20U };";
    let found = parse_header(header);
    let expected = [("A", 0), ("B", 5), ("C", 6), ("D", 5), ("E", 6), ("F", 16), ("G", 32)];
    assert_eq!(found, expected.map(|(name, number)| (name.to_owned(), number)).into());
}
