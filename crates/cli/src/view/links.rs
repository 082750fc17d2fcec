//! The links of a connection, for people.

use super::heading;
use crate::model::{Figures, Link, Links};
use crate::text::{Cell, Paint, Style, table};

/// The links of a device's connection.
#[must_use]
pub fn links(style: Style, device: &str, links: &Links) -> String {
    let colour = if links.agree { Paint::Good } else { Paint::Bad };
    let mut text = format!(
        "{} {}  {}\n",
        style.paint(colour, style.dot()),
        style.paint(Paint::Strong, &style.text(device)),
        style.text(&links.verdict),
    );
    let titles =
        ["", "link", "channel", "width", "signal", "daemon", "kernel", "received", "sent", "retries"];
    let mut rows = vec![heading(&titles)];
    rows.extend(links.links.iter().map(|link| row(style, link)));
    if links.links.len() > 1 && links.together != Figures::default() {
        let mut cells =
            vec![Cell::new(""), Cell::new("all").paint(Paint::Faint), Cell::new(""), Cell::new("")];
        cells.push(Cell::new(dbm(links.together.signal_dbm)).right());
        cells.extend([Cell::new(""), Cell::new("")]);
        cells.extend(figures(&links.together));
        rows.push(cells);
    }
    text.push_str(&table(style, &rows));
    for link in &links.links {
        let Some(reason) = &link.reason else { continue };
        text.push_str(&format!("  link {}: {}\n", number(link), style.text(reason)));
    }
    if let Some(step) = &links.next_step {
        text.push_str(&format!("  next: {}\n", style.text(step)));
    }
    text
}

fn row(style: Style, link: &Link) -> Vec<Cell> {
    let mark = if link.association { style.dot() } else { "" };
    let channel = match (link.channel, link.band, link.frequency) {
        (Some(channel), Some(band), _) => format!("{channel} ({band})"),
        (_, _, Some(mhz)) => format!("{mhz} MHz"),
        _ => String::new(),
    };
    let daemon = match link.state.as_str() {
        "used" => Paint::Good,
        "disabled" | "being-added" => Paint::Fair,
        _ => Paint::Faint,
    };
    let kernel = if link.agree { Paint::Plain } else { Paint::Bad };
    let mut cells = vec![
        Cell::new(mark).paint(Paint::Good),
        Cell::new(number(link)).paint(Paint::Strong),
        Cell::new(channel),
        Cell::new(link.width_mhz.map(|mhz| format!("{mhz} MHz")).unwrap_or_default()).right(),
        Cell::new(dbm(link.figures.signal_dbm.or(link.beacon_dbm))).right(),
        Cell::new(style.text(&link.state)).paint(daemon),
        Cell::new(style.text(&link.kernel)).paint(kernel),
    ];
    cells.extend(figures(&link.figures));
    cells
}

/// The number of a link, or that there is none.
fn number(link: &Link) -> String {
    link.link.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn dbm(dbm: Option<i32>) -> String {
    dbm.map(|dbm| format!("{dbm} dBm")).unwrap_or_default()
}

fn figures(figures: &Figures) -> [Cell; 3] {
    let way = |kbps: Option<u64>, octets: Option<u64>| {
        let rate = kbps.map(|kbps| format!("{}.{} Mbit/s", kbps / 1000, kbps % 1000 / 100));
        let amount = octets.map(amount);
        Cell::new([rate, amount].into_iter().flatten().collect::<Vec<_>>().join(", "))
    };
    let retries = match (figures.retries, figures.failures) {
        (Some(retries), Some(failures)) if failures > 0 => format!("{retries}, {failures} given up"),
        (retries, _) => retries.map(|retries| retries.to_string()).unwrap_or_default(),
    };
    [
        way(figures.receive_kbps, figures.received_octets),
        way(figures.transmit_kbps, figures.sent_octets),
        Cell::new(retries),
    ]
}

/// How many octets, to three digits.
fn amount(octets: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if octets < 1000 {
        return format!("{octets} B");
    }
    let (mut whole, mut rest) = (octets, 0);
    let mut unit = "B";
    for next in UNITS {
        if whole < 1000 {
            break;
        }
        (rest, whole, unit) = (whole % 1000, whole / 1000, next);
    }
    format!("{whole}.{} {unit}", rest / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (octets, expected) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_999_999, "1.9 MB"), (7_000_000_000, "7.0 GB")]
        {
            assert_eq!(amount(octets), expected);
        }
        assert_eq!(amount(u64::MAX), "18446744.0 TB");
    }
}
