//! A hotspot, for people.

use super::model::{Client, Link, Status};
use crate::text::{Cell, Paint, Style, table};
use crate::view::{duration, heading, place, row};

/// What a hotspot is.
pub(crate) fn status(style: Style, status: &Status) -> String {
    let colour = match status.state.as_str() {
        "started" => Paint::Good,
        "starting" | "stopping" => Paint::Fair,
        _ => Paint::Bad,
    };
    let doing = match (status.state.as_str(), &status.name) {
        ("started", Some(_)) => format!("is the hotspot {}", style.title(&status.octets)),
        ("stopped", _) => "is an access point without a hotspot".to_owned(),
        (state, _) => format!("is a hotspot that is {state}"),
    };
    let mut text = format!(
        "{} {}  {}\n",
        style.paint(colour, style.dot()),
        style.paint(Paint::Strong, &style.text(&status.device)),
        style.paint(colour, &doing),
    );
    let mut rows = Vec::new();
    if let Some(security) = &status.security {
        let hidden = if status.hidden { ", its name is not announced" } else { "" };
        rows.push(row("security", format!("{}{hidden}", style.text(named(security)))));
    }
    rows.extend(status.mld.iter().map(|mld| row("address", style.text(mld))));
    rows.extend(status.links.iter().map(|link| link_row(style, link)));
    rows.extend(status.missing.iter().map(|missing| {
        vec![
            Cell::new(""),
            Cell::new(format!("link {}", missing.link)).paint(Paint::Faint),
            Cell::new(format!("is missing: {}", style.text(&missing.sentence))).paint(Paint::Bad),
        ]
    }));
    if status.state == "started" {
        rows.push(row("clients", status.clients.len().to_string()));
    }
    if let Some(failure) = &status.last_failure {
        rows.push(vec![
            Cell::new(""),
            Cell::new("last failure").paint(Paint::Faint),
            Cell::new(style.text(&failure.sentence)).paint(Paint::Bad),
        ]);
        rows.extend(failure.next_step.iter().map(|step| row("next", style.text(step))));
    }
    text.push_str(&table(style, &rows));
    text
}

/// A hotspot that was just started, with all that a person needs to join it.
pub(super) fn started(style: Style, hotspot: &Status, passphrase: Option<&str>, is_terminal: bool) -> String {
    let mut text = status(style, hotspot);
    if let Some(passphrase) = passphrase {
        let rows = [vec![
            Cell::new(""),
            Cell::new("passphrase").paint(Paint::Faint),
            Cell::new(style.text(passphrase)).paint(Paint::Strong),
        ]];
        text.push_str(&table(style, &rows));
    }
    let invitation = hotspot.invitation(passphrase.map(str::as_bytes));
    // In a file or a pipe nobody points a telephone at it, and its blocks need UTF-8.
    if let Some(invitation) = invitation.filter(|_| is_terminal && style.unicode) {
        text.extend(invitation.draw(style.colour).map(|code| format!("\n{}", *code)));
    }
    text
}

/// Who has joined.
pub(crate) fn clients(style: Style, list: &[Client]) -> String {
    if list.is_empty() {
        return "Nobody has joined the hotspot.\n".to_owned();
    }
    let mut rows = vec![heading(&["client", "address", "signal", "", "received", "sent", "links", "for"])];
    for client in list {
        let (bar, colour) =
            client.signal_dbm.map_or_else(|| (String::new(), Paint::Plain), |dbm| style.bar(i32::from(dbm)));
        let rate = |kbps: Option<u64>| {
            kbps.map(|kbps| format!("{}.{} Mbit/s", kbps / 1000, kbps % 1000 / 100)).unwrap_or_default()
        };
        let links: Vec<_> = client.links.keys().map(ToString::to_string).collect();
        let name = style.text(&client.address);
        rows.push(vec![
            Cell::new(name).paint(if client.authorized { Paint::Strong } else { Paint::Faint }),
            Cell::new(style.text(client.ipv4_address.as_deref().unwrap_or_default())),
            Cell::new(bar).paint(colour),
            Cell::new(client.signal_dbm.map(|dbm| format!("{dbm} dBm")).unwrap_or_default()).right(),
            Cell::new(rate(client.receive_kbps)).right(),
            Cell::new(rate(client.transmit_kbps)).right(),
            Cell::new(links.join(", ")),
            Cell::new(client.connected_seconds.map(duration).unwrap_or_default()),
        ]);
    }
    table(style, &rows)
}

fn link_row(style: Style, link: &Link) -> Vec<Cell> {
    let title = link.link.map_or("channel".to_owned(), |id| format!("link {id}"));
    let place = place(Some(link.frequency)).unwrap_or_default();
    row(&title, format!("{place}, {} MHz wide, {}", link.width, style.text(&link.bssid)))
}

fn named(security: &str) -> &str {
    match security {
        "wpa2" => "WPA2",
        "wpa3" => "WPA3",
        "transition" => "WPA2 and WPA3",
        "owe" => "encrypted without a passphrase (OWE)",
        "open" => "none",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hotspot::model::Missing;

    #[test]
    fn a_link_that_the_kernel_refused_is_shown_with_the_reason() {
        let link = Link { link: Some(0), bssid: "02:00:00:00:00:01".to_owned(), frequency: 2412, width: 20 };
        let sentence = "the kernel refused START_AP: EBUSY".to_owned();
        let hotspot = Status {
            device: "wlan0".to_owned(),
            state: "started".to_owned(),
            ssid: Some("6d696e65".to_owned()),
            octets: b"mine".to_vec(),
            name: Some("mine".to_owned()),
            security: Some("wpa3".to_owned()),
            hidden: false,
            mld: Some("02:00:00:00:00:00".to_owned()),
            links: vec![link],
            missing: vec![Missing { link: 1, sentence: sentence.clone() }],
            clients: Vec::new(),
            last_failure: None,
        };
        let text = status(Style::PLAIN, &hotspot);
        let line = text.lines().find(|line| line.contains("link 1")).unwrap();
        assert!(line.contains("is missing") && line.contains(&sentence), "{text}");
    }
}
