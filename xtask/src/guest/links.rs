//! The links of an interface, as `iw` shows them.

use crate::command::output;
use crate::failure::Result;
use crate::guest::radio::Radio;

/// A link that the kernel has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    /// Its number.
    pub(crate) id: u8,
    /// Our address on it.
    pub(crate) address: String,
    /// The primary channel in MHz, where the kernel says it.
    pub(crate) frequency: Option<u32>,
}

/// What `iw dev … info` shows of a radio's interface.
pub(crate) fn info(radio: &Radio) -> Result<String> {
    output(&mut radio.command(&format!("iw dev {} info", radio.interface)))
}

/// The links of a radio's interface, in the order of their numbers; none of a plain one.
pub(crate) fn of(radio: &Radio) -> Result<Vec<Link>> {
    let mut links = parse(&info(radio)?);
    links.sort();
    Ok(links)
}

/// The links in what `iw dev … info` shows.
fn parse(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some((id, address)) = begins_link(&words) {
            links.push(Link { id, address: address.into(), frequency: None });
        } else if let (Some(link), Some(frequency)) = (links.last_mut(), frequency(&words)) {
            link.frequency.get_or_insert(frequency);
        }
    }
    links
}

/// `- link ID  0 link addr 02:00:00:00:00:00`
fn begins_link<'a>(words: &[&'a str]) -> Option<(u8, &'a str)> {
    let [.., "link", "ID", id, "link", "addr", address] = words else { return None };
    Some((id.parse().ok()?, address))
}

/// `channel 1 (2412 MHz), width: …`
fn frequency(words: &[&str]) -> Option<u32> {
    let ["channel", _, frequency, ..] = words else { return None };
    frequency.strip_prefix('(')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_with_their_channels_where_there_are_any() {
        let text = "Interface wlan0\n\tifindex 4\n\taddr 02:00:00:00:00:00\n\ttype managed\n\tMLD with links:\n\
                    \t - link ID  0 link addr 02:00:00:00:00:00\n\
                    \t   channel 36 (5180 MHz), width: 20 MHz, center1: 5180 MHz\n\t   txpower 20.00 dBm\n\
                    \t - link ID  2 link addr 02:00:00:00:01:00\n";
        let link = |id, address: &str, frequency| Link { id, address: address.into(), frequency };
        let expected = [link(0, "02:00:00:00:00:00", Some(5180)), link(2, "02:00:00:00:01:00", None)];
        assert_eq!(parse(text), expected);
        assert_eq!(parse("Interface wlan0\n\tchannel 1 (2412 MHz), width: 20 MHz\n"), []);
    }
}
