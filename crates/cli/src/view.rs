//! What the daemon shows, for people.

mod links;

pub use links::links;

use crate::model::{Addresses, Bss, Connection, Device, Known, Name, Network, Status};
use crate::radio;
use crate::text::{Cell, Paint, Style, table};

/// A state's colour.
fn paint(state: &str) -> Paint {
    match state {
        "connected" => Paint::Good,
        "connecting" | "searching" | "roaming" | "disconnecting" => Paint::Fair,
        "unavailable" => Paint::Bad,
        _ => Paint::Faint,
    }
}

/// What a device does, in words.
fn doing(style: Style, status: &Status) -> String {
    let network = status.network.as_ref().map(|network| style.title(&network.octets));
    match (status.device.state.as_str(), network) {
        ("connected", Some(network)) => format!("connected to {network}"),
        ("connecting", Some(network)) => format!("connecting to {network}"),
        ("roaming", Some(network)) => format!("roaming in {network}"),
        ("unavailable", _) if !status.device.powered => "switched off".to_owned(),
        (state, _) => style.text(state),
    }
}

/// A title and a text of a block.
pub(crate) fn row(title: &str, text: impl Into<String>) -> Vec<Cell> {
    vec![Cell::new(""), Cell::new(title).paint(Paint::Faint), Cell::new(text)]
}

/// Every device and what it does.
#[must_use]
pub fn status(style: Style, list: &[Status]) -> String {
    let blocks: Vec<String> = list.iter().map(|status| block(style, status)).collect();
    blocks.join("\n")
}

fn block(style: Style, status: &Status) -> String {
    if let Some(hotspot) = &status.hotspot {
        return crate::hotspot::status(style, hotspot);
    }
    let colour = paint(&status.device.state);
    let scanning = if status.device.scanning { ", scanning" } else { "" };
    let mut text = format!(
        "{} {}  {}{scanning}\n",
        style.paint(colour, style.dot()),
        style.paint(Paint::Strong, &style.text(&status.device.name)),
        style.paint(colour, &doing(style, status)),
    );
    let mut rows = Vec::new();
    if let Some(connection) = &status.connection {
        rows.extend(connection_rows(style, connection));
    }
    if let Some(addresses) = &status.addresses {
        rows.extend(address_rows(style, addresses));
    }
    if let Some(failure) = &status.last_failure {
        rows.push(vec![
            Cell::new(""),
            Cell::new("last failure").paint(Paint::Faint),
            Cell::new(style.text(&failure.sentence)).paint(Paint::Bad),
        ]);
        if let Some(whose) = &failure.whose {
            let phase = failure.phase.as_ref().map(|phase| format!(", phase {phase}")).unwrap_or_default();
            rows.push(row("whose doing", style.text(&format!("{whose}{phase}"))));
        }
        if let Some(step) = &failure.next_step {
            rows.push(row("next", style.text(step)));
        }
    }
    if let Some(warning) = &status.warning {
        rows.push(vec![
            Cell::new(""),
            Cell::new("warning").paint(Paint::Faint),
            Cell::new(style.text(warning)).paint(Paint::Fair),
        ]);
    }
    text.push_str(&table(style, &rows));
    text
}

fn connection_rows(style: Style, connection: &Connection) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    if let Some(dbm) = connection.signal_dbm {
        let (bar, colour) = style.bar(dbm);
        let bar = style.paint(colour, &bar);
        rows.push(row("signal", format!("{bar}  {dbm} dBm")));
    }
    if let Some(bssid) = &connection.bssid {
        let place = place(connection.frequency).map(|place| format!(" on {place}")).unwrap_or_default();
        rows.push(row("access point", format!("{}{place}", style.text(bssid))));
    }
    if let Some(security) = security(connection) {
        rows.push(row("security", style.text(&security)));
    }
    let rate = |kbps: Option<u64>, way: &str| {
        kbps.map(|kbps| format!("{}.{} Mbit/s {way}", kbps / 1000, kbps % 1000 / 100))
    };
    let rates = [rate(connection.receive_kbps, "received"), rate(connection.transmit_kbps, "sent")];
    let rates: Vec<String> = rates.into_iter().flatten().collect();
    if !rates.is_empty() {
        rows.push(row("rate", rates.join(", ")));
    }
    if let Some(seconds) = connection.connected_seconds {
        rows.push(row("for", duration(seconds)));
    }
    rows
}

fn address_rows(style: Style, addresses: &Addresses) -> Vec<Vec<Cell>> {
    let mut rows: Vec<_> =
        addresses.addresses.iter().map(|address| row("address", style.text(address))).collect();
    rows.extend(addresses.router.iter().map(|router| row("router", style.text(router))));
    rows.extend(addresses.name_servers.iter().map(|server| row("name server", style.text(server))));
    rows
}

/// A frequency in words.
pub(crate) fn place(frequency: Option<u32>) -> Option<String> {
    let mhz = frequency?;
    Some(match radio::channel(mhz) {
        Some((channel, band)) => format!("channel {channel} ({band}, {mhz} MHz)"),
        None => format!("{mhz} MHz"),
    })
}

/// How a connection is protected, in words.
fn security(connection: &Connection) -> Option<String> {
    let mut parts = vec![connection.security.clone()?];
    if let Some(akm) = &connection.akm {
        let cached = if connection.cached_pmksa == Some(true) { " with a cached key" } else { "" };
        parts.push(format!("{akm}{cached}"));
    }
    parts.extend(connection.pairwise_cipher.clone());
    if let Some(cipher) = &connection.group_management_cipher {
        let beacons = if connection.beacon_protection == Some(true) { " and beacons" } else { "" };
        parts.push(format!("management frames{beacons} by {cipher}"));
    }
    let parts = parts.join(", ");
    // It may be the access point's last word that one is safe.
    Some(connection.weakness.iter().fold(parts, |parts, weakness| format!("{parts}; {weakness}")))
}

/// A duration to the two greatest units.
pub(crate) fn duration(seconds: u32) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// One line of a connection that was just made.
#[must_use]
pub fn connected(style: Style, device: &str, network: &Name, seconds: f64, status: &Status) -> String {
    let title = style.paint(Paint::Strong, &style.title(&network.octets));
    let mut text = format!(
        "{} {}  connected to {title} in {}\n",
        style.paint(Paint::Good, style.dot()),
        style.paint(Paint::Strong, &style.text(device)),
        if seconds < 1.0 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") },
    );
    let mut rows = Vec::new();
    rows.extend(status.connection.iter().flat_map(|connection| {
        // What a link did in its first moments says nothing yet.
        let connection = Connection {
            receive_kbps: None,
            transmit_kbps: None,
            connected_seconds: None,
            ..connection.clone()
        };
        connection_rows(style, &connection)
    }));
    rows.extend(status.addresses.iter().flat_map(|addresses| address_rows(style, addresses)));
    text.push_str(&table(style, &rows));
    text
}

pub(crate) fn heading(titles: &[&str]) -> Vec<Cell> {
    titles.iter().map(|title| Cell::new(*title).paint(Paint::Faint)).collect()
}

/// Devices and their radios.
#[must_use]
pub fn devices(style: Style, list: &[Device]) -> String {
    let mut rows = vec![heading(&["device", "state", "mode", "address", "radio"])];
    for device in list {
        let radio = device.radio.as_ref().map(|radio| {
            let parts = [Some(radio.name.clone()), radio.vendor.clone(), radio.model.clone()];
            let off = if radio.powered { "" } else { " (off)" };
            format!("{}{off}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
        });
        let state = if device.powered { device.state.as_str() } else { "switched off" };
        rows.push(vec![
            Cell::new(style.text(&device.name)).paint(Paint::Strong),
            Cell::new(style.text(state)).paint(paint(&device.state)),
            Cell::new(style.text(device.mode.as_deref().unwrap_or_default())),
            Cell::new(style.text(device.address.as_deref().unwrap_or_default())),
            Cell::new(style.text(&radio.unwrap_or_default())),
        ]);
    }
    table(style, &rows)
}

/// Networks that were heard, with their BSSs if wanted.
#[must_use]
pub fn networks(style: Style, device: &str, list: &[Network], with_bsss: bool) -> String {
    if list.is_empty() {
        return format!("{} hears no network. Look around with: lapwing scan\n", style.text(device));
    }
    let mut rows = vec![heading(&["", "network", "signal", "", "type", "known", ""])];
    for network in list {
        let mark = if network.connected { style.dot() } else { "" };
        let (bar, colour) =
            network.signal_dbm.map_or_else(|| (String::new(), Paint::Plain), |dbm| style.bar(dbm));
        rows.push(vec![
            Cell::new(mark).paint(Paint::Good),
            Cell::new(style.title(&network.name.octets)).paint(Paint::Strong),
            Cell::new(bar).paint(colour),
            Cell::new(network.signal_dbm.map(|dbm| format!("{dbm} dBm")).unwrap_or_default()).right(),
            Cell::new(style.text(radio::kind(&network.name.kind))),
            Cell::new(if network.known { "yes" } else { "" }),
            Cell::new(style.text(unusable(network).unwrap_or_default())).paint(Paint::Fair),
        ]);
        if with_bsss {
            rows.extend(network.bsss.iter().map(|bss| bss_row(style, bss)));
        }
    }
    table(style, &rows)
}

/// Why a network cannot be joined: the reason of its best BSS, if none can be used.
fn unusable(network: &Network) -> Option<&str> {
    let is_usable = network.bsss.iter().any(|bss| bss.usable != Some(false));
    if is_usable { None } else { network.bsss.first().and_then(|bss| bss.reason.as_deref()) }
}

fn bss_row(style: Style, bss: &Bss) -> Vec<Cell> {
    let (verdict, colour) = match (bss.usable, &bss.reason, bss.score) {
        (Some(false), Some(reason), _) => (reason.clone(), Paint::Fair),
        (Some(false), None, _) => ("cannot be used".to_owned(), Paint::Fair),
        (Some(true), _, Some(score)) => (format!("score {score}"), Paint::Faint),
        _ => (String::new(), Paint::Plain),
    };
    let channel = match (bss.channel, bss.band) {
        (Some(channel), Some(band)) => format!("{channel} ({band})"),
        _ => String::new(),
    };
    vec![
        Cell::new(""),
        Cell::new(format!("  {}", style.text(&bss.bssid))).paint(Paint::Faint),
        Cell::new(""),
        Cell::new(bss.signal_dbm.map(|dbm| format!("{dbm} dBm")).unwrap_or_default())
            .right()
            .paint(Paint::Faint),
        Cell::new(channel).paint(Paint::Faint),
        Cell::new(""),
        Cell::new(style.text(&verdict)).paint(colour),
    ]
}

/// Known networks.
#[must_use]
pub fn known(style: Style, list: &[Known]) -> String {
    if list.is_empty() {
        return "No network is known yet. Join one with: lapwing connect NETWORK\n".to_owned();
    }
    let mut rows = vec![heading(&["network", "type", "last joined", "in range", ""])];
    for known in list {
        let notes = [(known.hidden, "hidden"), (!known.autoconnect, "not joined by itself")];
        let notes: Vec<_> = notes.into_iter().filter_map(|(holds, note)| holds.then_some(note)).collect();
        rows.push(vec![
            Cell::new(style.title(&known.name.octets)).paint(Paint::Strong),
            Cell::new(style.text(radio::kind(&known.name.kind))),
            Cell::new(style.text(known.last_connected.as_deref().unwrap_or("never"))),
            Cell::new(if known.in_range { "yes" } else { "" }).paint(Paint::Good),
            Cell::new(notes.join(", ")),
        ]);
    }
    table(style, &rows)
}

#[cfg(test)]
mod tests;
