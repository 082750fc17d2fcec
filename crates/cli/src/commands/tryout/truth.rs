//! How it stands: links and keys as the kernel, the access point and the daemon hold them, and whether they agree.

use crate::events::Event;
use crate::radio;
use crate::text::{Cell, Paint, Style, table};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A group key: of which link (none without links), and its index.
type Place = (Option<u64>, u64);

/// Keys by where they are, with their names.
type Keys = BTreeMap<Place, String>;

/// One link as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    id: u64,
    frequency: Option<u32>,
    bssid: String,
    address: String,
}

/// What the kernel and the access point hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Truth {
    /// The access point.
    pub(super) peer: Option<String>,
    links: Vec<Link>,
    pairwise: Keys,
    group: Keys,
    ap_links: BTreeSet<u64>,
    ap_pairwise: Keys,
    ap_group: Keys,
}

impl Truth {
    /// Reads what the world told.
    pub(super) fn read(event: &Event) -> Self {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let links = list(event.member("links")).filter_map(|link| {
            Some(Link {
                id: link.get("link")?.as_u64()?,
                frequency: link.get("frequency").and_then(Value::as_u64).and_then(|mhz| mhz.try_into().ok()),
                bssid: text(link, "bssid"),
                address: text(link, "address"),
            })
        });
        let ap = event.member("access_point");
        let of_ap = |key: &str| ap.and_then(|ap| ap.get(key));
        Self {
            peer: event.text("peer").map(str::to_owned),
            links: links.collect(),
            pairwise: keys(event.member("pairwise")),
            group: keys(event.member("group")),
            ap_links: list(of_ap("links")).filter_map(Value::as_u64).collect(),
            ap_pairwise: keys(of_ap("pairwise")),
            ap_group: keys(of_ap("group")),
        }
    }

    /// The numbers of the kernel's links.
    pub(super) fn links(&self) -> BTreeSet<u64> {
        self.links.iter().map(|link| link.id).collect()
    }

    /// What the three do not agree about, in words; nothing if all is well. `known` are the daemon's links.
    pub(super) fn quarrels(&self, known: &BTreeSet<u64>) -> Vec<String> {
        let mut quarrels = Vec::new();
        let links = self.links();
        if links != *known {
            quarrels.push(format!("the daemon has links {known:?}, the kernel {links:?}"));
        }
        if links != self.ap_links {
            quarrels.push(format!("the access point has links {:?}, the kernel {links:?}", self.ap_links));
        }
        if !self.pairwise.values().eq(self.ap_pairwise.values()) {
            quarrels.push("the kernel's pairwise key is not the access point's".to_owned());
        }
        // A key that was renewed may still be there beside the new one.
        let is_wrong =
            |(place, key): (&Place, &String)| self.ap_group.get(place).is_some_and(|other| other != key);
        if self.group.iter().any(is_wrong)
            || self.ap_group.keys().any(|place| !self.group.contains_key(place))
        {
            quarrels.push("the kernel's group keys are not the access point's".to_owned());
        }
        quarrels
    }

    /// The table of the links, or of the one connection without.
    pub(super) fn table(&self, style: Style) -> String {
        let heading = ["", "link", "band", "channel", "access point", "own address", "keys"];
        let mut rows =
            vec![heading.iter().map(|title| Cell::new(*title).paint(Paint::Faint)).collect::<Vec<_>>()];
        for link in &self.links {
            let (channel, band) = link.frequency.and_then(radio::channel).unzip();
            rows.push(vec![
                Cell::new("   "),
                Cell::new(link.id.to_string()).right().paint(Paint::Strong),
                Cell::new(band.unwrap_or_default()),
                Cell::new(channel.map(|channel| channel.to_string()).unwrap_or_default()).right(),
                Cell::new(style.text(&link.bssid)),
                Cell::new(style.text(&link.address)),
                Cell::new(self.keys_of(style, Some(link.id))).paint(Paint::Good),
            ]);
        }
        if self.links.is_empty() {
            rows = vec![vec![
                Cell::new("   "),
                Cell::new("access point").paint(Paint::Faint),
                Cell::new(style.text(self.peer.as_deref().unwrap_or_default())),
                Cell::new("keys").paint(Paint::Faint),
                Cell::new(self.keys_of(style, None)).paint(Paint::Good),
            ]];
        }
        table(style, &rows)
    }

    /// The keys of a link, each with a mark if it is the access point's too. All links share the pairwise key.
    fn keys_of(&self, style: Style, link: Option<u64>) -> String {
        let (same, other) = if style.unicode { ("✓", "✗") } else { ("", "!") };
        let mark = |is_same: bool| if is_same { same } else { other };
        let pairwise = self.pairwise.values().map(|key| {
            let is_same = self.ap_pairwise.values().any(|has| has == key);
            format!("TK{}", mark(is_same))
        });
        let group = self.group.iter().filter(|((of, _), _)| *of == link).map(|(place, key)| {
            let kind = match place.1 {
                0..=3 => "GTK",
                4 | 5 => "IGTK",
                _ => "BIGTK",
            };
            format!("{kind} {}{}", place.1, mark(self.ap_group.get(place) == Some(key)))
        });
        pairwise.chain(group).collect::<Vec<_>>().join("  ")
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn keys(value: Option<&Value>) -> Keys {
    let key = |key: &Value| {
        let place = (key.get("link").and_then(Value::as_u64), key.get("index")?.as_u64()?);
        Some((place, key.get("key")?.as_str()?.to_owned()))
    };
    list(value).filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(line: &str) -> Truth {
        Truth::read(&Event::parse(line).unwrap())
    }

    const AGREED: &str = r#"{"event":"truth","connected":true,"peer":"02:00:00:00:01:00","links":[
        {"link":0,"address":"02:00:00:00:00:10","bssid":"02:00:00:00:01:01","frequency":2412},
        {"link":2,"address":"02:00:00:00:00:12","bssid":"02:00:00:00:01:03","frequency":5955}],
        "pairwise":[{"link":null,"index":0,"key":"aa"}],
        "group":[{"link":0,"index":1,"key":"b0"},{"link":0,"index":4,"key":"c0"},{"link":2,"index":1,"key":"b2"}],
        "access_point":{"associated":true,"authorized":true,"links":[0,2],
        "pairwise":[{"link":null,"index":0,"key":"aa"}],
        "group":[{"link":0,"index":1,"key":"b0"},{"link":0,"index":4,"key":"c0"},{"link":2,"index":1,"key":"b2"}]}}"#;

    #[test]
    fn who_agrees_and_who_does_not() {
        let known = BTreeSet::from([0, 2]);
        assert_eq!(truth(AGREED).quarrels(&known), Vec::<String>::new());
        assert_eq!(truth(AGREED).quarrels(&BTreeSet::from([0])).len(), 1);
        for (from, to, why) in [
            (r#""links":[0,2]"#, r#""links":[0]"#, "the access point has links {0}"),
            (
                r#""key":"aa"}],
        "group""#,
                r#""key":"ab"}],
        "group""#,
                "pairwise key",
            ),
            (r#"{"link":2,"index":1,"key":"b2"}]}}"#, r#"{"link":2,"index":1,"key":"xx"}]}}"#, "group keys"),
            (r#"{"link":2,"index":1,"key":"b2"}]}}"#, r#"{"link":2,"index":2,"key":"b2"}]}}"#, "group keys"),
        ] {
            assert!(AGREED.contains(from), "{from}");
            let quarrels = truth(&AGREED.replacen(from, to, 1)).quarrels(&known).join("; ");
            assert!(quarrels.contains(why), "{from}: {quarrels}");
        }
    }

    #[test]
    fn the_table_shows_links_and_keys() {
        let text = truth(AGREED).table(Style::PLAIN);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("2.4 GHz") && lines[1].contains("TK✓  GTK 1✓  IGTK 4✓"), "{text}");
        assert!(lines[2].contains("6 GHz") && lines[2].contains("02:00:00:00:00:12"), "{text}");
        let single = r#"{"event":"truth","connected":true,"peer":"02:00:00:00:01:00","links":[],
            "pairwise":[{"link":null,"index":0,"key":"aa"}],"group":[{"link":null,"index":1,"key":"b"}]}"#;
        let text = truth(single).table(Style::PLAIN);
        assert!(text.contains("02:00:00:00:01:00") && text.contains("TK✗  GTK 1✗"), "{text}");
    }
}
