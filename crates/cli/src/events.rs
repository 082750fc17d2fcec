//! Events of the flight recorder as sentences.

use crate::text::{Paint, Style};
use serde_json::{Map, Value};

/// An event: a line of the flight recorder (`docs/flight-recorder.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct Event(Map<String, Value>);

impl Event {
    /// Reads a line; none if it is no JSON object.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        match serde_json::from_str(line) {
            Ok(Value::Object(members)) => Some(Self(members)),
            _ => None,
        }
    }

    /// An event that we noticed ourselves, with the members that all have.
    #[must_use]
    pub fn noticed(at: f64, interface: Option<&str>, event: &str, key: &str, value: Value) -> Self {
        let members = [
            ("at", Value::from(at)),
            ("interface", Value::from(interface)),
            ("attempt", Value::Null),
            ("event", Value::from(event)),
            (key, value),
        ];
        Self(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// On one line.
    #[must_use]
    pub fn json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// A text member.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    /// A member.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// When, in seconds since the machine was started.
    #[must_use]
    pub fn at(&self) -> Option<f64> {
        self.0.get("at")?.as_f64()
    }

    /// Any member as a text; empty if it is not there.
    fn any(&self, key: &str) -> String {
        match self.0.get(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(list)) => {
                let parts: Vec<String> = list
                    .iter()
                    .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                    .collect();
                parts.join(", ")
            }
            Some(other) => other.to_string(),
        }
    }

    /// The same with words around it, if it is there.
    fn with(&self, before: &str, key: &str, behind: &str) -> String {
        match self.any(key) {
            text if text.is_empty() => text,
            text => format!("{before}{text}{behind}"),
        }
    }

    /// Whether a member is there and true.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// What happened, and its colour.
    #[must_use]
    pub fn sentence(&self) -> (Paint, String) {
        let any = |key| self.any(key);
        let failure = || format!("{}{}", any("sentence"), self.with(" (", "whose", ")"));
        match self.text("event").unwrap_or_default() {
            "began" => {
                (Paint::Strong, format!("joining \"{}\"{}", any("ssid"), self.with(", ", "cause", "")))
            }
            "entered" => (Paint::Plain, doing(&any("phase"))),
            "scanning" => (
                Paint::Faint,
                match self.0.get("frequencies").and_then(Value::as_array).map(Vec::len) {
                    None | Some(0) => "scanning all channels".to_owned(),
                    Some(1) => format!("scanning {} MHz", any("frequencies")),
                    Some(count) => format!("scanning {count} channels"),
                },
            ),
            "heard" => (Paint::Faint, format!("access points heard: {}", any("bsss"))),
            "judged" => (Paint::Faint, self.judged()),
            "chosen" => {
                let signal = self.with(" at ", "signal_dbm", " dBm");
                let akm = self.with(", ", "akm", "");
                (Paint::Plain, format!("chose {} on {} MHz{signal}{akm}", any("bssid"), any("frequency")))
            }
            "asked" => {
                (Paint::Faint, format!("kernel asked: {}{}", any("command"), self.with(" ", "detail", "")))
            }
            "refused" => {
                let message = self.with(": ", "message", "");
                (Paint::Bad, format!("the kernel refused {} ({}){message}", any("command"), any("errno")))
            }
            "answered" => (
                Paint::Faint,
                format!("the access point answered {}, status {}", any("frame"), any("status")),
            ),
            "handshake" => (Paint::Faint, any("what")),
            "ignored" => (Paint::Faint, format!("ignored: {}", any("why"))),
            "farewell" => {
                let who = if self.is("by_ap") { "the access point" } else { "the kernel" };
                (Paint::Fair, format!("{who} disconnected, reason {}", any("reason")))
            }
            "links" => {
                let change = self.with(", removed ", "removed", "") + &self.with(", added ", "added", "");
                (Paint::Plain, format!("the links are {} now{change}", self.any("links")))
            }
            "link" => {
                let paint = if any("state") == "used" { Paint::Good } else { Paint::Fair };
                (paint, format!("link {}: {}", any("link"), any("what")))
            }
            "rekeyed" => (Paint::Faint, format!("keys were renewed: {}", any("what"))),
            "configuration" => (Paint::Faint, any("sentence")),
            "roamed" => {
                let frequency = self.with(" on ", "frequency", " MHz");
                (Paint::Good, format!("the connection goes on at {}{frequency}", any("peer")))
            }
            "roam-failed" => {
                let next = self.with(". ", "next_step", "");
                (Paint::Fair, format!("{} could not be gone to: {}{next}", any("bssid"), failure()))
            }
            "way" => {
                let by = match self.text("by") {
                    Some("fast-over-air") => ", by a fast transition",
                    Some("fast-over-ds") => ", by a fast transition that this access point passes on",
                    Some("reassociation") => ", by a reassociation",
                    _ => "",
                };
                (Paint::Plain, format!("going to {}{by}", any("bssid")))
            }
            "roam" => {
                let paint = match any("step").as_str() {
                    "signal-fell" | "wished" | "stays" => Paint::Fair,
                    "polls" | "neighbors" => Paint::Faint,
                    _ => Paint::Plain,
                };
                (paint, any("sentence"))
            }
            "warning" | "network-ends" => (Paint::Fair, any("sentence")),
            "failed" => (Paint::Bad, format!("failed: {}", failure())),
            "ended" => (Paint::Fair, format!("ended: {}", failure())),
            "disconnected" => (Paint::Fair, format!("disconnected: {}", failure())),
            "attempt-failed" => {
                let next = match self.0.get("next_try").and_then(Value::as_f64) {
                    Some(seconds) => format!("; next try in {seconds:.1} s"),
                    None => self.with(". ", "next_step", ""),
                };
                (Paint::Bad, format!("could not join \"{}\": {}{next}", any("ssid"), failure()))
            }
            "connected" => {
                let akm = self.with(", ", "akm", "");
                let frequency = self.with(" on ", "frequency", " MHz");
                (Paint::Good, format!("connected to \"{}\" at {}{frequency}{akm}", any("ssid"), any("peer")))
            }
            "configured" => {
                let router = self.with(" by way of ", "routers", "");
                (Paint::Good, format!("address {}{router}", any("addresses")))
            }
            "state" => (Paint::Plain, any("state")),
            "learned" => (Paint::Faint, format!("learned about \"{}\"", any("ssid"))),
            "scanned" => (Paint::Faint, "the scan has ended".to_owned()),
            "scan-failed" => (Paint::Bad, format!("the scan failed{}", self.with(": ", "refusal", ""))),
            "timeline" => (Paint::Faint, "the timeline is complete (lapwing why)".to_owned()),
            "daemon" if self.is("running") => (Paint::Good, "the daemon was started".to_owned()),
            "daemon" => (Paint::Bad, "the daemon has ended".to_owned()),
            other => self.hotspot(other).unwrap_or_else(|| {
                // An event of a newer daemon may bring its own.
                let own = self.text("sentence").map(str::to_owned);
                (Paint::Plain, own.unwrap_or_else(|| self.unknown(other)))
            }),
        }
    }

    /// What happened to a hotspot.
    fn hotspot(&self, event: &str) -> Option<(Paint, String)> {
        let any = |key| self.any(key);
        let client = any("client");
        Some(match event {
            "hotspot-started" => {
                (Paint::Good, format!("the hotspot \"{}\" is on the air, {}", any("ssid"), any("security")))
            }
            "hotspot-stopped" => match self.text("sentence") {
                Some(why) => {
                    (Paint::Bad, format!("the hotspot has ended: {why}{}", self.with(". ", "next_step", "")))
                }
                None => (Paint::Fair, "the hotspot has ended".to_owned()),
            },
            "hotspot-narrowed" | "hotspot-lost-asleep" => (Paint::Fair, any("sentence")),
            "client-associated" => (Paint::Faint, format!("{client} is associated")),
            "client-joined" => (Paint::Good, format!("{client} has joined")),
            "client-left" => (Paint::Fair, format!("{client} has left{}", self.with(": ", "why", ""))),
            "hotspot-addresses" => {
                (Paint::Plain, format!("clients get addresses; ours is {}", any("address")))
            }
            "hotspot-shared" => (Paint::Plain, "clients reach what this machine reaches".to_owned()),
            "client-leased" => (
                Paint::Plain,
                format!("{client}{} has the address {}", self.with(" (", "name", ")"), any("address")),
            ),
            "client-released" => (Paint::Faint, format!("{client} has given its address back")),
            "group-keys-renewed" => (Paint::Faint, "the group keys of the hotspot were renewed".to_owned()),
            "hotspot-links-changed" => (Paint::Plain, "the links of the hotspot have changed".to_owned()),
            "hotspot-link-refused" => (
                Paint::Fair,
                format!("the hotspot goes on without link {}: the kernel refused it", any("link")),
            ),
            "hotspot-broken" => (Paint::Fair, format!("the hotspot is not as it should be: {}", any("what"))),
            "packet-numbers-unread" => {
                (Paint::Faint, format!("the kernel did not tell how far the group keys of {client} are"))
            }
            _ => return None,
        })
    }

    fn judged(&self) -> String {
        let list = self.0.get("list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rejected: Vec<String> = list
            .iter()
            .filter_map(|bss| {
                let reason = bss.get("reason")?.as_str()?;
                Some(format!("{} {reason}", bss.get("bssid")?.as_str()?))
            })
            .collect();
        let usable = list.len().saturating_sub(rejected.len());
        let rejected = if rejected.is_empty() { String::new() } else { format!("; {}", rejected.join("; ")) };
        format!("{usable} of {} access points can be used{rejected}", list.len())
    }

    /// An event of a newer daemon: its name and what it has.
    fn unknown(&self, name: &str) -> String {
        let mut text = if name.is_empty() { "event".to_owned() } else { name.to_owned() };
        for key in
            self.0.keys().filter(|key| !matches!(key.as_str(), "at" | "interface" | "attempt" | "event"))
        {
            text.push_str(&format!(" {key}={}", self.any(key)));
        }
        text
    }

    /// A line for a person: seconds since `start`, interface, what happened.
    #[must_use]
    pub fn line(&self, style: Style, start: f64) -> String {
        let (colour, sentence) = self.sentence();
        let at = self.at().map(|at| format!("{:+.3}", at - start)).unwrap_or_default();
        let interface = self.text("interface").unwrap_or("-");
        format!(
            "{}  {}  {}\n",
            style.paint(Paint::Faint, &format!("{at:>9}")),
            style.text(interface),
            style.paint(colour, &style.text(&sentence))
        )
    }

    /// What to show while an attempt goes on; none if it is no news of an attempt.
    #[must_use]
    pub fn progress(&self) -> Option<String> {
        match self.text("event")? {
            "entered" => Some(doing(self.text("phase")?)),
            "scanning" | "chosen" | "failed" | "connected" | "refused" => Some(self.sentence().1),
            _ => None,
        }
    }
}

/// What is done in a phase.
fn doing(phase: &str) -> String {
    match phase {
        "leave" => "leaving the network before",
        "scan" => "scanning",
        "select" => "choosing an access point",
        "authenticate" => "authenticating",
        "associate" => "associating",
        "handshake" => "agreeing on keys",
        "secure" => "installing keys",
        "address" => "getting an address",
        "online" => "online",
        other => return format!("phase {other}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences() {
        for (line, sentence) in [
            (r#"{"event":"began","ssid":"home","cause":"asked for"}"#, "joining \"home\", asked for"),
            (r#"{"event":"entered","phase":"authenticate"}"#, "authenticating"),
            (r#"{"event":"scanning","frequencies":[]}"#, "scanning all channels"),
            (r#"{"event":"scanning","frequencies":[2412]}"#, "scanning 2412 MHz"),
            (r#"{"event":"scanning","frequencies":[2412,2437]}"#, "scanning 2 channels"),
            (
                r#"{"event":"judged","list":[{"bssid":"a","score":3},{"bssid":"b","rejected":"wep","reason":"it is WEP"}]}"#,
                "1 of 2 access points can be used; b it is WEP",
            ),
            (
                r#"{"event":"chosen","bssid":"02:00","frequency":5180,"signal_dbm":-40,"akm":"SAE"}"#,
                "chose 02:00 on 5180 MHz at -40 dBm, SAE",
            ),
            (r#"{"event":"warning","sentence":"x was not stored"}"#, "x was not stored"),
            (r#"{"event":"newest","sentence":"something new"}"#, "something new"),
            (
                r#"{"event":"links","links":[0,1],"removed":[2],"added":[]}"#,
                "the links are 0, 1 now, removed 2",
            ),
            (r#"{"event":"heard","bsss":3}"#, "access points heard: 3"),
            (
                r#"{"event":"way","bssid":"02:00","by":"fast-over-ds"}"#,
                "going to 02:00, by a fast transition that this access point passes on",
            ),
            (r#"{"event":"roam","step":"stays","sentence":"staying"}"#, "staying"),
            (r#"{"event":"network-ends","url":null,"sentence":"it ends"}"#, "it ends"),
            (r#"{"event":"farewell","reason":3,"by_ap":true}"#, "the access point disconnected, reason 3"),
            (
                r#"{"event":"attempt-failed","ssid":"x","sentence":"s","whose":"user","next_step":"Do.","next_try":null}"#,
                "could not join \"x\": s (user). Do.",
            ),
            (
                r#"{"event":"attempt-failed","ssid":"x","sentence":"s","whose":"user","next_try":2.5}"#,
                "could not join \"x\": s (user); next try in 2.5 s",
            ),
            (
                r#"{"event":"configured","addresses":["192.0.2.7/24"],"routers":["192.0.2.1"]}"#,
                "address 192.0.2.7/24 by way of 192.0.2.1",
            ),
            (r#"{"event":"daemon","running":false}"#, "the daemon has ended"),
            (r#"{"event":"client-left","client":"02:00","why":"asked"}"#, "02:00 has left: asked"),
            (
                r#"{"event":"hotspot-stopped","sentence":"it was blocked","next_step":"Unblock it."}"#,
                "the hotspot has ended: it was blocked. Unblock it.",
            ),
            (r#"{"event":"new","at":1,"what":[1,"x"]}"#, "new what=1, x"),
            ("{}", "event"),
        ] {
            assert_eq!(Event::parse(line).unwrap().sentence().1, sentence);
        }
        assert_eq!(Event::parse("[]"), None);
        assert_eq!(Event::parse("{"), None);
    }

    #[test]
    fn every_documented_event_has_its_sentence() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flight-recorder.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut count = 0;
        for row in page.lines().filter(|row| row.starts_with("| `")) {
            let (names, members) = row.trim_matches('|').split_once('|').unwrap();
            let sentence = if members.contains("`sentence`") { ",\"sentence\":\"It happened.\"" } else { "" };
            // The first table names members, not events.
            for name in names
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|name| !["at", "interface", "attempt", "event"].contains(name))
            {
                let event = Event::parse(&format!("{{\"event\":\"{name}\",\"mark\":1{sentence}}}")).unwrap();
                assert!(!event.sentence().1.contains("mark=1"), "{name} has no sentence");
                count += 1;
            }
        }
        assert!(count > 20, "the page is not read as it should be: {count}");
    }

    #[test]
    fn a_line_of_the_monitor() {
        let line = r#"{"at":12.5,"interface":"wlan0","attempt":1,"event":"state","state":"\u001b[2J"}"#;
        let event = Event::parse(line).unwrap();
        assert_eq!(event.line(Style::PLAIN, 12.25), "   +0.250  wlan0  \\u{1b}[2J\n");
        let noticed = Event::noticed(1.5, None, "daemon", "running", true.into());
        assert_eq!(
            noticed.json(),
            r#"{"at":1.5,"attempt":null,"event":"daemon","interface":null,"running":true}"#
        );
    }

    proptest! {
        #[test]
        fn no_event_harms_a_terminal(name in any::<String>(), key in any::<String>(), value in any::<String>()) {
            let name = if name.len() % 2 == 0 { "began".to_owned() } else { name };
            let event = serde_json::json!({ "event": name, "ssid": value, (key): value, "interface": value });
            let event = Event::parse(&event.to_string()).unwrap();
            let line = event.line(Style::PLAIN, 0.0);
            prop_assert!(crate::text::is_harmless(&line));
            prop_assert_eq!(line.matches('\n').count(), 1);
        }
    }
}
