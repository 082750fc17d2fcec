//! The figures beside their bounds.

mod roams;

use super::Figures;
use crate::guest::bench::{Part, Security, Subject};
use serde_json::{Value as Json, json};
use std::fmt::Write;

/// Whom a figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Against {
    /// The better of the two.
    Better,
    /// One of them.
    One(Subject),
    /// Ourselves with one link.
    OneLink,
}

/// A line of the table.
struct Line {
    what: String,
    unit: &'static str,
    /// What one of the unit is in the figures.
    scale: f64,
    source: Source,
    bounds: &'static [(Against, f64)],
}

/// Where the values of a line come from.
enum Source {
    Values(Part, &'static str, &'static str),
    /// The median of a full SAE without that of a connection with its PMKSA.
    Cryptography,
}

/// The median, the least and the greatest of some values, and how many there were.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
    count: usize,
}

const BETTER: Against = Against::Better;
const IWD: Against = Against::One(Subject::Iwd);
const WPA_SUPPLICANT: Against = Against::One(Subject::WpaSupplicant);

/// Milliseconds of the nanoseconds that are noted, and megabytes of the kilobytes.
const NANOSECONDS: f64 = 1e6;
const KILOBYTES: f64 = 1024.0;

fn lines() -> Vec<Line> {
    let line =
        |what: &str, unit, scale, source, bounds| Line { what: what.into(), unit, scale, source, bounds };
    let connections = [
        ("WPA2", Security::Wpa2),
        ("SAE", Security::Sae),
        ("SAE with PMKSA", Security::SaeCached),
        ("OWE", Security::Owe),
        ("SAE, our access point", Security::OneLink),
        ("SAE, our AP MLD of two links", Security::TwoLinks),
    ];
    let mut lines = Vec::new();
    for (name, security) in connections {
        let part = Part::Connect(security);
        let mut add = |what: &str, unit, scale, figure, field, bounds| {
            lines.push(line(
                &format!("{name}: {what}"),
                unit,
                scale,
                Source::Values(part, figure, field),
                bounds,
            ));
        };
        let connected: &[_] = match security {
            // iwd is a plain client there, so it is no peer.
            Security::TwoLinks => &[(Against::OneLink, 1.2), (WPA_SUPPLICANT, 0.9)],
            Security::OneLink => &[],
            _ => &[(BETTER, 0.9)],
        };
        let hostapds = !matches!(security, Security::OneLink | Security::TwoLinks);
        let better = |bound: &'static [(Against, f64)]| if hostapds { bound } else { &[] };
        add("request to connected", "ms", NANOSECONDS, "warm", "connected", connected);
        add("until the kernel lets data through", "ms", NANOSECONDS, "warm", "authorized", &[]);
        add("processor time of the daemon", "ms", NANOSECONDS, "warm", "processor", better(&[(BETTER, 0.9)]));
        add("in a daemon that has joined nothing yet", "ms", NANOSECONDS, "cold", "connected", &[]);
        add("nl80211 requests", "", 1.0, "count", "requests", better(&[(BETTER, 1.0)]));
        let calls: &[_] = if security == Security::Sae { &[(BETTER, 0.5)] } else { &[] };
        add("system calls", "", 1.0, "count", "system_calls", calls);
        if security == Security::Sae {
            add("memory as it connects (PSS)", "kB", 1.0, "memory_at_work", "", &[]);
            add("memory a second later (PSS)", "kB", 1.0, "memory", "", &[(IWD, 1.0)]);
        }
    }
    lines.push(line(
        "cryptography of one SAE, in million instructions",
        "",
        NANOSECONDS,
        Source::Cryptography,
        &[(BETTER, 1.0)],
    ));
    let mut add = |what: &str, part, figure, field, bounds| {
        lines.push(line(what, "ms", NANOSECONDS, Source::Values(part, figure, field), bounds));
    };
    add(
        "start to connected, known network",
        Part::Start,
        "known",
        "connected",
        &[(IWD, 0.8), (WPA_SUPPLICANT, 0.1)][..],
    );
    add("start to connected, network never joined", Part::Start, "never-joined", "connected", &[]);
    add("first connection ever, nothing heard yet", Part::First, "first", "connected", &[(BETTER, 0.25)]);
    add("request to address, first time", Part::Address, "first", "address", &[(BETTER, 0.7)]);
    add("request to address, known network", Part::Address, "known", "address", &[(BETTER, 0.7)]);
    add("start to bus name", Part::BusName, "bus-name", "time", &[(BETTER, 1.0)]);
    let crowd = "500 known networks, 2,000 in the air";
    add(&format!("{crowd}: start to all shown"), Part::Crowd, "shown", "ready", &[(IWD, 0.5)]);
    add(&format!("{crowd}: processor time of the first 12 s"), Part::Crowd, "shown", "processor", &[]);
    add(&format!("{crowd}: GetOrderedNetworks"), Part::Crowd, "listed", "time", &[(IWD, 1.0)]);
    add(&format!("{crowd}: its processor time"), Part::Crowd, "listed", "processor", &[]);
    lines.push(line(
        &format!("{crowd}: memory then (PSS)"),
        "MB",
        KILOBYTES,
        Source::Values(Part::Crowd, "shown", "memory"),
        &[(IWD, 1.0)],
    ));
    lines.extend(roams::lines());
    lines
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, greatest, count) = (*values.first()?, *values.last()?, values.len());
        let middle = |at: usize| values.get(at).copied().unwrap_or(least);
        // Of an even number, half way between the two in the middle.
        let median = f64::midpoint(middle((count - 1) / 2), middle(count / 2));
        Some(Self { median, least, greatest, count })
    }
}

impl Line {
    fn values(&self, figures: &Figures, subject: Subject) -> Option<Spread> {
        let scaled = |part, name, field| {
            let values = figures.values(part, subject, name, field);
            Spread::of(values.into_iter().map(|value| value as f64 / self.scale).collect())
        };
        match self.source {
            Source::Values(part, name, field) => scaled(part, name, field),
            Source::Cryptography => {
                let cost = |security| scaled(Part::Connect(security), "warm", "processor");
                let (full, cached) = (cost(Security::Sae)?, cost(Security::SaeCached)?);
                Some(Spread {
                    median: full.median - cached.median,
                    least: full.least - cached.greatest,
                    greatest: full.greatest - cached.least,
                    count: full.count.min(cached.count),
                })
            }
        }
    }

    /// Each bound with the ratio that was reached.
    fn ratios(&self, figures: &Figures) -> Vec<(Against, f64, f64)> {
        let median = |subject| self.values(figures, subject).map(|spread| spread.median);
        let ratio = |against| {
            let peer = match against {
                Against::One(subject) => median(subject)?,
                Against::OneLink => {
                    let part = Part::Connect(Security::OneLink);
                    let values = figures.values(part, Subject::Lapwing, "warm", "connected");
                    Spread::of(values.into_iter().map(|value| value as f64 / self.scale).collect())?.median
                }
                Against::Better => {
                    let peers = [Subject::Iwd, Subject::WpaSupplicant].into_iter().filter_map(median);
                    peers.min_by(f64::total_cmp)?
                }
            };
            Some(median(Subject::Lapwing)? / peer)
        };
        let bounds = self.bounds.iter();
        bounds.filter_map(|(against, bound)| Some((*against, *bound, ratio(*against)?))).collect()
    }
}

impl Against {
    const fn name(self) -> &'static str {
        match self {
            Self::Better => "the better",
            Self::One(subject) => subject.name(),
            Self::OneLink => "one link",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Better => "",
            Self::One(Subject::Iwd) => " of iwd's",
            Self::One(_) => " of wpa_supplicant's",
            Self::OneLink => " of one link",
        }
    }
}

/// The table as Markdown, which reads as well on a terminal.
pub(super) fn render(figures: &Figures) -> String {
    let mut rows = vec![["", "Lapwing", "iwd", "wpa_supplicant", "ratio", "to reach", ""].map(str::to_owned)];
    for line in lines() {
        let values = Subject::ALL.map(|subject| line.values(figures, subject));
        if values.iter().all(Option::is_none) {
            continue;
        }
        let ratios = line.ratios(figures);
        let join = |texts: Vec<String>| texts.join("; ");
        let [lapwing, iwd, wpa_supplicant] = values.map(|spread| spread.map_or_else(String::new, cell));
        let unit = if line.unit.is_empty() { String::new() } else { format!(", {}", line.unit) };
        rows.push([
            line.what.clone() + &unit,
            lapwing,
            iwd,
            wpa_supplicant,
            join(ratios.iter().map(|(_, _, ratio)| format!("{ratio:.2}")).collect()),
            join(line.bounds.iter().map(|(who, bound)| format!("{bound}{}", who.suffix())).collect()),
            join(ratios.iter().map(|(_, bound, ratio)| mark(*bound, *ratio).to_owned()).collect()),
        ]);
    }
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..7).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let end = if column == 0 { "-" } else { ":" };
                let _ = write!(text, "|-{}{end}", "-".repeat(*width));
            }
            text.push_str("|\n");
        }
    }
    let _ =
        writeln!(text, "\nMedians, with the least and the greatest where they differ.\n{}", figures.versions);
    text
}

const fn mark(bound: f64, ratio: f64) -> &'static str {
    if ratio <= bound { "ok" } else { "MISSED" }
}

fn cell(spread: Spread) -> String {
    let show = |value: f64| match value {
        value if value >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value => format!("{value:.2}"),
    };
    let [median, least, greatest] = [spread.median, spread.least, spread.greatest].map(show);
    match least == greatest {
        true => median,
        false => format!("{median} ({least}–{greatest})"),
    }
}

/// The same for programs.
pub(super) fn to_json(figures: &Figures) -> Json {
    let lines = lines().into_iter().filter_map(|line| {
        let spread = |subject: Subject| {
            let spread = line.values(figures, subject)?;
            let values = json!({ "median": spread.median, "min": spread.least, "max": spread.greatest, "count": spread.count });
            Some((subject.name().to_owned(), values))
        };
        let values: serde_json::Map<_, _> = Subject::ALL.into_iter().filter_map(spread).collect();
        let ratios = line.ratios(figures).into_iter().map(|(against, bound, ratio)| {
            json!({ "against": against.name(), "bound": bound, "ratio": ratio, "reached": ratio <= bound })
        });
        let bounds: Vec<_> = ratios.collect();
        (!values.is_empty())
            .then(|| json!({ "what": line.what, "unit": line.unit, "values": values, "bounds": bounds }))
    });
    Json::Array(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn figures() -> Figures {
        let part = Part::Connect(Security::Sae);
        let unit = |times: &[u64], memory: u64| {
            let mut list: Vec<_> = times
                .iter()
                .map(|time| json!({ "name": "warm", "value": { "connected": time, "processor": 1_000_000 } }))
                .collect();
            list.push(json!({ "name": "memory", "value": memory }));
            json!({ "figures": list, "error": null })
        };
        let units = BTreeMap::from([
            ((part, Subject::Lapwing), unit(&[9_000_000, 8_000_000, 10_000_000], 2100)),
            ((part, Subject::Iwd), unit(&[30_000_000], 2000)),
            ((part, Subject::WpaSupplicant), unit(&[10_000_000, 12_000_000], 8000)),
        ]);
        Figures { versions: "some versions".into(), units }
    }

    #[test]
    fn medians_are_compared_with_the_better_peer_and_with_the_named_one() {
        let text = render(&figures());
        let row = |start: &str| text.lines().find(|line| line.contains(start)).unwrap().to_owned();
        let time = row("SAE: request to connected, ms");
        assert!(time.contains("| 9 (8–10) ") && time.contains("| 11 (10–12) "), "{time}");
        assert!(time.contains("| 0.82 ") && time.contains("| ok "), "{time}");
        let memory = row("memory");
        assert!(memory.contains("1.05") && memory.contains("MISSED"), "{memory}");
        assert!(!text.contains("OWE"), "what was not measured has no line");
    }

    #[test]
    fn programs_get_the_same() {
        let json = to_json(&figures());
        let line = json.get(0).unwrap();
        assert_eq!(line["values"]["iwd"]["median"], 30.0);
        assert_eq!(line["bounds"][0]["reached"], true);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_two() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 8.0]).unwrap();
        assert_eq!((spread.median, spread.least, spread.greatest), (3.0, 1.0, 8.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
