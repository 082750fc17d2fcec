//! The kernel and the radio below an access point: the stations that it was told of, keys and packet numbers, and
//! what is on the air.

use crate::air::{Beacon, KeyPrint, Protection};
use lapwing_core::ap::Announcement;
use lapwing_core::kernel::{Frequency, KeyKind, KeyRequest};
use lapwing_core::{Instant, Shared};
use lapwing_frames::element::{ElementId, Elements};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeMap;

/// The packet numbers of a key that were received: none counts twice, and few are late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Window {
    highest: u64,
    /// The 64 numbers below the highest: the lowest bit is the one next to it.
    seen: u64,
}

impl Window {
    /// Whether a packet number is new; it is not new again.
    pub(super) fn accept(&mut self, number: u64) -> bool {
        if number > self.highest {
            let distance = number - self.highest;
            // The one that was the highest is seen too, but for 0, which is no packet number.
            let shifted = self.seen.checked_shl(u32::try_from(distance).unwrap_or(u32::MAX)).unwrap_or(0);
            let before = match u32::try_from(distance - 1) {
                Ok(place) if self.highest > 0 => 1_u64.checked_shl(place).unwrap_or(0),
                _ => 0,
            };
            (self.highest, self.seen) = (number, shifted | before);
            return true;
        }
        let bit = match u32::try_from(self.highest - number) {
            Ok(below) if (1..=64).contains(&below) && number > 0 => 1_u64 << (below - 1),
            _ => return false,
        };
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

/// A key, pairwise or of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) print: KeyPrint,
    /// The last packet number that was sent.
    sent: u64,
    received: Window,
}

impl Key {
    fn new(request: &KeyRequest) -> Self {
        Self { print: KeyPrint::of(request.key.expose()), sent: 0, received: Window::default() }
    }

    fn protect(&mut self) -> Protection {
        self.sent += 1;
        Protection { key: self.print, packet_number: self.sent }
    }
}

/// A station that the AP told the kernel of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Station {
    /// Who the AP is for it: the MLD, or a BSS.
    pub(super) own: MacAddr,
    /// Its address on each of its links; a plain station has one, on the link (or none) of its BSS.
    pub(super) links: BTreeMap<Option<LinkId>, MacAddr>,
    pub(super) is_mld: bool,
    pub(super) frame_protection: bool,
    pub(super) authorized: bool,
    /// The pairwise keys, by index.
    keys: BTreeMap<u8, Key>,
    /// The one that is sent with.
    sending: Option<u8>,
    /// Where it was heard last.
    pub(super) heard_on: Option<LinkId>,
}

impl Station {
    pub(super) fn new(
        own: MacAddr,
        (link, address): (Option<LinkId>, MacAddr),
        is_mld: bool,
        frame_protection: bool,
    ) -> Self {
        Self {
            own,
            links: BTreeMap::from([(link, address)]),
            is_mld,
            frame_protection,
            authorized: false,
            keys: BTreeMap::new(),
            sending: None,
            heard_on: link,
        }
    }

    pub(super) fn install(&mut self, request: &KeyRequest) {
        self.keys.insert(request.index, Key::new(request));
        self.sending = Some(request.index);
    }

    pub(super) fn has_key(&self) -> bool {
        self.sending.is_some()
    }

    /// The key that frames to it are protected by.
    pub(super) fn print(&self) -> Option<KeyPrint> {
        Some(self.keys.get(&self.sending?)?.print)
    }

    pub(super) fn protect(&mut self) -> Option<Protection> {
        Some(self.keys.get_mut(&self.sending?)?.protect())
    }

    /// Whether a frame can be read, and is none that was there before.
    pub(super) fn open(&mut self, protection: Protection) -> bool {
        let key = self.keys.values_mut().find(|key| key.print == protection.key);
        key.is_some_and(|key| key.received.accept(protection.packet_number))
    }

    /// A link to reach it on: the wanted one, else the one it was heard on, else any.
    pub(super) fn link(&self, wanted: Option<LinkId>) -> Option<(Option<LinkId>, MacAddr)> {
        let known = |link: Option<LinkId>| self.links.get(&link).map(|address| (link, *address));
        known(wanted)
            .or_else(|| known(self.heard_on))
            .or_else(|| self.links.first_key_value().map(|(link, address)| (*link, *address)))
    }
}

/// A channel switch that is being announced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Switch {
    pub(super) to: lapwing_core::kernel::ChannelDefinition,
    /// How many beacons are left.
    pub(super) left: u8,
    /// When the next one is due.
    pub(super) next: Instant,
    /// The beacon after it.
    pub(super) after: Shared<Beacon>,
}

/// A BSS that sends beacons.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RadioBss {
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    /// What it sends follows from the state of the machine.
    pub(super) beacon: Shared<Beacon>,
    /// The group keys, by index.
    keys: BTreeMap<u8, Key>,
    /// Those that are sent with: GTK, IGTK, BIGTK.
    pub(super) sending: [Option<u8>; 3],
    pub(super) switch: Option<Switch>,
}

/// Which of the three kinds of group key has an index.
const fn kind(index: u8) -> usize {
    match index {
        0..=3 => 0,
        4 | 5 => 1,
        _ => 2,
    }
}

impl RadioBss {
    pub(super) fn new(beacon: Beacon) -> Self {
        Self {
            bssid: beacon.bssid,
            frequency: beacon.frequency,
            beacon: Shared::new(beacon),
            keys: BTreeMap::new(),
            sending: [None; 3],
            switch: None,
        }
    }

    pub(super) fn install(&mut self, request: &KeyRequest) {
        debug_assert!(!matches!(request.kind, KeyKind::Pairwise { .. }));
        self.keys.insert(request.index, Key::new(request));
    }

    /// Sends with a key from now on; the one of the same kind before it is of no use any more.
    pub(super) fn send_with(&mut self, index: u8) {
        let Some(slot) = self.sending.get_mut(kind(index)) else { return };
        let before = slot.replace(index);
        if let Some(before) = before.filter(|before| *before != index) {
            self.keys.remove(&before);
        }
    }

    /// The number of the last packet that was sent with a key.
    pub(super) fn packet_number(&self, index: u8) -> u64 {
        self.keys.get(&index).map_or(0, |key| key.sent)
    }

    /// The protection of a group data frame.
    pub(super) fn protect(&mut self) -> Option<Protection> {
        let [gtk, ..] = self.sending;
        Some(self.keys.get_mut(&gtk?)?.protect())
    }

    /// The group keys that are sent with.
    pub(super) fn prints(&self) -> impl Iterator<Item = (u8, KeyPrint)> {
        self.sending.iter().flatten().filter_map(|index| Some((*index, self.keys.get(index)?.print)))
    }

    /// Writes into the beacon how many more announce the channel switch.
    pub(super) fn count_down(&mut self, left: u8) {
        let mut beacon = (*self.beacon).clone();
        beacon.elements = counted(&beacon.elements, left);
        beacon.probe_elements = beacon.probe_elements.map(|elements| counted(&elements, left));
        self.beacon = Shared::new(beacon);
    }
}

/// The elements with this count in those that announce a channel switch: it is their last octet.
fn counted(elements: &[u8], left: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(elements.len());
    for element in Elements::new(elements) {
        out.extend_from_slice(element.octets);
        if matches!(element.id, ElementId::Plain(37 | 60))
            && let Some(last) = out.last_mut()
        {
            *last = left;
        }
    }
    out
}

/// A beacon as it is heard.
pub(super) fn beacon(announcement: Announcement, signal_mbm: i32) -> Beacon {
    let elements = [announcement.head, announcement.tail].concat();
    Beacon {
        bssid: announcement.bssid,
        frequency: announcement.channel.primary,
        interval: announcement.interval,
        capability: announcement.capability.0,
        signal_mbm,
        probe_elements: (announcement.probe_response != elements).then_some(announcement.probe_response),
        elements,
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn a_packet_number_counts_once_and_may_be_a_little_late() {
        let mut window = Window::default();
        for (number, expected) in [
            (0, false),
            (1, true),
            (1, false),
            (4, true),
            (2, true),
            (2, false),
            (1, false),
            (3, true),
            (68, true),
            (4, false),
            (67, true),
            (67, false),
            (3, false),
            (1000, true),
            (68, false),
            (999, true),
        ] {
            assert_eq!(window.accept(number), expected, "{number}");
        }
    }
}
