//! Radios and interfaces as the system shows them, for those who want to see them on the bus.

use lapwing_frames::MacAddr;
use std::fs;
use std::path::Path;

/// Where the kernel shows radios, and where interfaces.
const RADIOS: &str = "/sys/class/ieee80211";
const INTERFACES: &str = "/sys/class/net";

/// An interface of a radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: MacAddr,
    /// The name of its radio.
    pub radio: String,
}

/// The addresses of the radio with this name: the one that interfaces begin with, and the driver's. None if it is not
/// in our network namespace.
#[must_use]
pub fn addresses(name: &str) -> Option<[MacAddr; 2]> {
    let text = read(&Path::new(RADIOS).join(name).join("addresses"))?;
    let mut addresses = text.split_whitespace().filter_map(|word| word.parse().ok());
    Some([addresses.next()?, addresses.next()?])
}

/// All interfaces of radios in our network namespace.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let entries = fs::read_dir(INTERFACES).into_iter().flatten().flatten();
    let interface = |entry: fs::DirEntry| {
        Some(Interface {
            number: read(&entry.path().join("ifindex"))?.parse().ok()?,
            name: entry.file_name().into_string().ok()?,
            address: read(&entry.path().join("address"))?.parse().ok()?,
            radio: read(&entry.path().join("phy80211/name"))?,
        })
    };
    entries.filter_map(interface).collect()
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
