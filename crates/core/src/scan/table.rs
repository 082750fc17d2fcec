//! The table of what was heard: bounded, aged, one entry for each BSSID.

use crate::{
    kernel::{Frequency, ScanEntry},
    time::{Duration, Instant},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use lapwing_frames::{
    LinkId, MacAddr, ParseError, Ssid,
    element::{ElementId, Elements},
};

/// A BSS that was heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bss {
    /// Its BSSID.
    pub bssid: MacAddr,
    /// The channel on which it was heard.
    pub frequency: Frequency,
    /// Its network; blank if it hides the name.
    pub ssid: Ssid,
    /// The beacon interval, in time units of 1,024 µs.
    pub beacon_interval: u16,
    /// The Capability Information field.
    pub capability: u16,
    /// The signal in hundredths of a dBm, if the radio measures it so.
    pub signal_mbm: Option<i32>,
    /// When it was last heard.
    pub heard: Instant,
    /// The elements of the last Probe Response, or of whichever frame was heard.
    pub elements: Vec<u8>,
    /// The elements of the last Beacon, if one was heard.
    pub beacon_elements: Option<Vec<u8>>,
    /// Whether that was heard after the Probe Response, by the AP's own clock. The kernel keeps what a probe response said
    /// for as long as beacons are heard, however old it is.
    pub beacon_is_newer: bool,
    /// For a link of the current association: its number and the AP MLD's address.
    pub mld: Option<(LinkId, MacAddr)>,
}

/// How long the kernel keeps a BSS that is not heard.
const KERNEL_KEEPS: Duration = Duration::from_secs(30);

impl Bss {
    /// Whether another entry of the same BSSID says nothing better. The kernel lists a BSS that hides its name
    /// twice: nameless from its beacons, which go on, and by name from the answer to a probe, which was once.
    fn outweighs(&self, other: &Self) -> bool {
        match (self.ssid.is_hidden(), other.ssid.is_hidden()) {
            (false, true) => other.heard.since(self.heard) <= KERNEL_KEEPS,
            (true, false) => self.heard.since(other.heard) > KERNEL_KEEPS,
            (true, true) | (false, false) => self.heard > other.heard,
        }
    }

    /// Reads an entry of the kernel's table.
    ///
    /// # Errors
    /// If it has no readable SSID element, or ends in the middle of an element.
    pub fn read(entry: ScanEntry, now: Instant) -> Result<Self, ParseError> {
        let elements = Elements::new(&entry.elements);
        elements.check()?;
        let ssid = elements.iter().find(|element| element.id == SSID);
        let ssid = Ssid::new(&ssid.map_or_else(Default::default, |element| element.body))?;
        Ok(Self {
            bssid: entry.bssid,
            frequency: entry.frequency,
            ssid,
            beacon_interval: entry.beacon_interval,
            capability: entry.capability,
            signal_mbm: entry.signal_mbm,
            heard: now - entry.age,
            beacon_elements: entry.beacon_elements,
            beacon_is_newer: entry.beacon_is_newer,
            mld: entry.mld,
            elements: entry.elements,
        })
    }

    /// The signal in dBm, if known.
    #[must_use]
    pub fn signal_dbm(&self) -> Option<i32> {
        self.signal_mbm.map(|signal| signal.div_euclid(100))
    }

    /// The place in the order in which entries are given up: the longest unheard first, of these the weakest.
    fn rank(&self) -> Rank {
        (self.heard, self.signal_mbm.unwrap_or(i32::MIN), self.bssid)
    }
}

const SSID: ElementId = ElementId::Plain(0);

type Rank = (Instant, i32, MacAddr);

/// What was heard, one entry for each BSSID.
///
/// It has a bound, so that a neighbourhood (or somebody who invents beacons) cannot fill the memory: the
/// entry that was heard longest ago makes room. An insertion takes logarithmic time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    capacity: usize,
    /// Each is shared by the copies of the table.
    entries: BTreeMap<MacAddr, Arc<Bss>>,
    order: BTreeSet<Rank>,
    unreadable: BTreeMap<MacAddr, ParseError>,
}

impl Default for Table {
    fn default() -> Self {
        Self::new(Self::CAPACITY)
    }
}

impl Table {
    /// The usual bound: four times of what the kernel keeps by default, for who has told it to keep more.
    pub const CAPACITY: usize = 4096;
    /// How many BSSIDs with unreadable elements are remembered.
    const UNREADABLE: usize = 64;

    /// An empty table that will hold at most so many entries (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            entries: BTreeMap::new(),
            order: BTreeSet::new(),
            unreadable: BTreeMap::new(),
        }
    }

    /// Takes in an entry of the kernel's table. What was heard later stays, and a name that was learned.
    ///
    /// # Errors
    /// If its elements cannot be read; [`Table::unreadable`] remembers it.
    pub fn insert(&mut self, entry: ScanEntry, now: Instant) -> Result<(), ParseError> {
        let bssid = entry.bssid;
        let bss = match Bss::read(entry, now) {
            Ok(bss) => bss,
            Err(error) => {
                if self.unreadable.len() >= Self::UNREADABLE {
                    self.unreadable.pop_first();
                }
                self.unreadable.insert(bssid, error);
                return Err(error);
            }
        };
        self.unreadable.remove(&bssid);
        if let Some(known) = self.entries.get(&bssid) {
            if known.outweighs(&bss) {
                return Ok(());
            }
            self.order.remove(&known.rank());
        }
        self.order.insert(bss.rank());
        self.entries.insert(bssid, Arc::new(bss));
        if self.entries.len() > self.capacity
            && let Some((_, _, bssid)) = self.order.pop_first()
        {
            self.entries.remove(&bssid);
        }
        Ok(())
    }

    /// Forgets what was last heard longer ago than `age`.
    pub fn expire(&mut self, now: Instant, age: Duration) {
        while let Some(&rank) = self.order.first()
            && now.since(rank.0) > age
        {
            self.order.remove(&rank);
            self.entries.remove(&rank.2);
        }
    }

    /// Forgets every BSSID that is not among these: what the kernel has dropped from its own table.
    pub fn retain(&mut self, held: &BTreeSet<MacAddr>) {
        self.entries.retain(|bssid, _| held.contains(bssid));
        self.order.retain(|(_, _, bssid)| held.contains(bssid));
    }

    /// Forgets one entry.
    pub fn remove(&mut self, bssid: MacAddr) {
        if let Some(bss) = self.entries.remove(&bssid) {
            self.order.remove(&bss.rank());
        }
    }

    /// The entry of a BSSID.
    #[must_use]
    pub fn get(&self, bssid: MacAddr) -> Option<&Bss> {
        self.entries.get(&bssid).map(Arc::as_ref)
    }

    /// All entries, by BSSID.
    pub fn iter(&self) -> impl Iterator<Item = &Bss> {
        self.entries.values().map(Arc::as_ref)
    }

    /// The BSSIDs that are kept out because their elements cannot be read, and what is wrong with them.
    pub fn unreadable(&self) -> impl Iterator<Item = (MacAddr, ParseError)> {
        self.unreadable.iter().map(|(&bssid, &error)| (bssid, error))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
