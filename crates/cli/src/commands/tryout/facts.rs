//! Facts as lines: who, what, and the colour.

use super::feed::{Fact, Source};
use crate::events::Event;
use crate::radio;
use crate::text::{Paint, Style};
use serde_json::Value;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Whose doing it is.
    pub(super) who: &'static str,
    /// Its colour.
    pub(super) paint: Paint,
    /// What happened.
    pub(super) text: String,
}

/// Who is named in front of a line.
const DAEMON: &str = "daemon";
const KERNEL: &str = "kernel";
const AIR: &str = "air";
const AP: &str = "AP";

/// What is told of a fact: nothing, or some lines.
pub(super) fn lines(fact: &Fact, style: Style) -> Vec<Line> {
    match fact.source {
        Source::Daemon => of_daemon(&fact.event, style),
        Source::World => of_world(&fact.event, style).into_iter().collect(),
    }
}

fn of_daemon(event: &Event, style: Style) -> Vec<Line> {
    let line = |(paint, text): (Paint, String)| vec![Line { who: DAEMON, paint, text }];
    match event.text("event").unwrap_or_default() {
        "judged" => judged(event, style),
        "chosen" => {
            let (paint, text) = event.sentence();
            let links = list(event, "links").map(Value::to_string).collect::<Vec<_>>();
            let links = match links.len() {
                0 => String::new(),
                _ => format!(", links {}", links.join(" ")),
            };
            let cached = if event.is("cached_pmksa") { ", with the key of the last time" } else { "" };
            line((paint, format!("{text}{links}{cached}")))
        }
        "asked" if event.text("command") == Some("NEW_KEY") => {
            let detail = event.text("detail").unwrap_or_default();
            line((Paint::Faint, format!("has the kernel use the {detail}")))
        }
        "disconnected" => {
            let text = |key| event.text(key).unwrap_or_default();
            let mut lines = line((Paint::Fair, format!("disconnected: {}", text("sentence"))));
            lines.extend(line((Paint::Faint, format!("whose doing: {}", text("whose")))));
            lines
        }
        "scanning" | "connected" | "configured" | "refused" | "attempt-failed" | "farewell" | "rekeyed"
        | "links" | "warning" | "began" => line(event.sentence()),
        // A frame of the air says the same, or the next line does; or it is an event of a newer daemon, which says
        // itself what it is.
        _ => event
            .text("sentence")
            .filter(|_| !matches!(event.text("event"), Some("failed" | "ended" | "configuration")))
            .map(|sentence| line((Paint::Plain, sentence.to_owned())))
            .unwrap_or_default(),
    }
}

/// The access points, and the reason for each that is not taken.
fn judged(event: &Event, style: Style) -> Vec<Line> {
    let bss = |bss: &Value| {
        let text = |key: &str| bss.get(key).and_then(Value::as_str).map(|text| style.text(text));
        let number = |key: &str| bss.get(key).and_then(Value::as_i64);
        let signal = number("signal_dbm").and_then(|dbm| i32::try_from(dbm).ok());
        let (bar, _) = signal.map_or_else(|| (String::new(), Paint::Plain), |dbm| style.bar(dbm));
        let signal = signal.map(|dbm| format!("{dbm} dBm")).unwrap_or_default();
        let channel = number("frequency").and_then(|mhz| radio::channel(u32::try_from(mhz).ok()?));
        let channel =
            channel.map(|(channel, band)| format!("channel {channel} ({band})")).unwrap_or_default();
        let (paint, verdict) = match (text("reason"), number("score")) {
            (Some(reason), _) => (Paint::Fair, reason),
            (None, Some(score)) => (Paint::Plain, format!("score {score}")),
            (None, None) => (Paint::Plain, String::new()),
        };
        let bssid = text("bssid").unwrap_or_default();
        Line { who: DAEMON, paint, text: format!("{bar} {signal:>7}  {bssid}  {channel:<21} {verdict}") }
    };
    list(event, "list").map(bss).collect()
}

fn of_world(event: &Event, style: Style) -> Option<Line> {
    let text = |key: &str| event.text(key).map(|text| style.text(text));
    let (to, from) = if style.unicode { ("──▶", "◀──") } else { ("-->", "<--") };
    let arrow = if event.text("lane") == Some("access-point") { from } else { to };
    let link = event.member("link").and_then(Value::as_u64);
    let link = link.map(|link| format!(" (link {link})")).unwrap_or_default();
    Some(match event.text("event")? {
        // That an address is nobody else's is asked often.
        "frame" | "frame-lost" if event.text("what") == Some("ARP") => return None,
        "frame" => Line { who: AIR, paint: Paint::Plain, text: format!("{arrow} {}{link}", text("what")?) },
        "frame-lost" => Line { who: AIR, paint: Paint::Fair, text: format!("lost: {}{link}", text("what")?) },
        "console" => Line { who: KERNEL, paint: Paint::Faint, text: text("text")? },
        "kernel-refused" => Line {
            who: KERNEL,
            paint: Paint::Bad,
            text: format!("refuses {}: {}", text("command")?, text("why")?),
        },
        "note" if event.text("lane") == Some("access-point") => {
            Line { who: AP, paint: Paint::Plain, text: text("text")? }
        }
        _ => return None,
    })
}

fn list<'e>(event: &'e Event, key: &str) -> impl Iterator<Item = &'e Value> {
    event.member(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: Source, line: &str) -> Vec<Line> {
        lines(&Fact { source, at: 0.0, event: Event::parse(line).unwrap() }, Style::PLAIN)
    }

    #[test]
    fn what_the_daemon_tells() {
        for (line, texts) in [
            (
                r#"{"event":"judged","list":[{"bssid":"02:00:00:00:01:01","frequency":5180,"signal_dbm":-45,"score":7},
                {"bssid":"02:00:00:00:02:01","frequency":2412,"signal_dbm":-80,"rejected":"wep","reason":"it is WEP"}]}"#,
                &[
                    "▂▄▆█ -45 dBm  02:00:00:00:01:01  channel 36 (5 GHz)    score 7",
                    "▂··· -80 dBm  02:00:00:00:02:01  channel 1 (2.4 GHz)   it is WEP",
                ][..],
            ),
            (
                r#"{"event":"chosen","bssid":"02:00","frequency":5180,"signal_dbm":-40,"akm":"SAE","links":[0,2],"cached_pmksa":true}"#,
                &["chose 02:00 on 5180 MHz at -40 dBm, SAE, links 0 2, with the key of the last time"],
            ),
            (
                r#"{"event":"asked","command":"NEW_KEY","detail":"group key 1, CCMP-128, link 2"}"#,
                &["has the kernel use the group key 1, CCMP-128, link 2"],
            ),
            (r#"{"event":"asked","command":"ASSOCIATE","detail":"x"}"#, &[]),
            (
                r#"{"event":"disconnected","sentence":"it went","whose":"access point"}"#,
                &["disconnected: it went", "whose doing: access point"],
            ),
            (r#"{"event":"state","state":"connected"}"#, &[]),
            (r#"{"event":"new","sentence":"a link is gone"}"#, &["a link is gone"]),
        ] {
            let told: Vec<_> = told(Source::Daemon, line).into_iter().map(|line| line.text).collect();
            assert_eq!(told, texts, "{line}");
        }
    }

    #[test]
    fn what_the_world_tells() {
        for (line, who, text) in [
            (
                r#"{"lane":"station","event":"frame","what":"SAE commit","link":1}"#,
                AIR,
                "──▶ SAE commit (link 1)",
            ),
            (
                r#"{"lane":"access-point","event":"frame","what":"SAE commit","link":null}"#,
                AIR,
                "◀── SAE commit",
            ),
            (r#"{"lane":"kernel","event":"console","text":"wlan0: x"}"#, KERNEL, "wlan0: x"),
            (r#"{"lane":"access-point","event":"note","text":"link 2 goes"}"#, AP, "link 2 goes"),
        ] {
            let told = told(Source::World, line);
            assert_eq!((told[0].who, told[0].text.as_str()), (who, text));
        }
        assert_eq!(told(Source::World, r#"{"lane":"station","event":"note","text":"x"}"#), []);
        assert_eq!(told(Source::World, r#"{"lane":"kernel","event":"frame","what":"ARP"}"#), []);
    }
}
