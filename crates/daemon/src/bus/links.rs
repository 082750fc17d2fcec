//! The links of a connection as values of D-Bus.

use super::value::Value;
use crate::control::{LinkFigures, LinkReport, LinkView, LinksReport, LinksView, RateView};
use lapwing_frames::LinkId;

type Entries = Vec<(&'static str, Value)>;

/// The links as the property has them: what the daemon does with each.
pub(super) fn view(links: Option<&LinksView>) -> Value {
    let links = links.into_iter().flat_map(|links| &links.links);
    Value::Array("a{sv}", links.map(|link| Value::options(view_entries(link))).collect())
}

/// Why the access point was not joined with all its links, if it failed with them; else empty.
pub(super) fn fell_back(links: Option<&LinksView>) -> Value {
    let why = links.and_then(|links| links.fell_back.as_ref());
    why.map_or_else(|| Value::text(""), Value::text)
}

/// The reply to `GetLinks`: each link from both sides, and how it is.
pub(super) fn report(links: &LinksReport) -> Vec<Value> {
    let mut summary = vec![
        ("Peer", Value::text(links.peer)),
        ("MultiLink", Value::Boolean(links.multi_link)),
        ("Verdict", Value::text(&links.verdict)),
        ("Agree", Value::Boolean(links.agree)),
        ("NextStep", Value::text(links.next_step)),
    ];
    summary.extend(figures(&links.together));
    let each = links.links.iter().map(|link| Value::options(link_entries(link))).collect();
    vec![Value::Array("a{sv}", each), Value::options(summary)]
}

fn view_entries(link: &LinkView) -> Entries {
    let mut entries = vec![
        ("State", Value::text(link.state_name())),
        ("Reason", Value::Text(link.reason())),
        ("Association", Value::Boolean(link.association)),
    ];
    entries.extend(link.id.map(LinkId::get).map(|id| ("Link", Value::Byte(id))));
    entries.extend(link.bssid.map(|bssid| ("BSSID", Value::text(bssid))));
    entries.extend(link.frequency.map(|frequency| ("Frequency", Value::Uint32(frequency))));
    entries
}

fn link_entries(report: &LinkReport) -> Entries {
    let mut entries = view_entries(&report.link);
    entries.push(("Kernel", Value::text(report.kernel.name())));
    entries.push(("Agree", Value::Boolean(report.agree)));
    entries.extend(report.address.map(|address| ("Address", Value::text(address))));
    entries.extend(report.kernel_frequency.map(|mhz| ("KernelFrequency", Value::Uint32(mhz))));
    entries.extend(report.width_mhz.map(|mhz| ("Width", Value::Uint16(mhz))));
    entries.extend(report.beacon_dbm.map(|dbm| ("BeaconSignal", Value::Int16(dbm.into()))));
    entries.extend(report.figures.iter().flat_map(figures));
    entries
}

/// Figures under the names that iwd's diagnostics have, and those that they have not.
fn figures(figures: &LinkFigures) -> Entries {
    let mut entries = Entries::new();
    entries.extend(figures.signal_dbm.map(|dbm| ("RSSI", Value::Int16(dbm.into()))));
    let sides = [
        ("RxBitrate", "RxMode", "RxMCS", figures.receive),
        ("TxBitrate", "TxMode", "TxMCS", figures.transmit),
    ];
    for (bitrate, mode, mcs, rate) in sides {
        let Some(RateView { bitrate: kbit100, mode: name, mcs: index, .. }) = rate else { continue };
        entries.push((bitrate, Value::Uint32(kbit100)));
        entries.push((mode, Value::text(name)));
        entries.extend(index.map(|index| (mcs, Value::Byte(index))));
    }
    entries.extend(figures.received_octets.map(|octets| ("RxBytes", Value::Uint64(octets))));
    entries.extend(figures.sent_octets.map(|octets| ("TxBytes", Value::Uint64(octets))));
    entries.extend(figures.retries.map(|frames| ("TxRetries", Value::Uint32(frames))));
    entries.extend(figures.failures.map(|frames| ("TxFailed", Value::Uint32(frames))));
    entries
}
