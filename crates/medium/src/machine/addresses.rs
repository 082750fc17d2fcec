//! Who has which address.

use lapwing_frames::MacAddr;
use lapwing_frames::element::multi_link::MultiLink;
use lapwing_frames::management::{Body, Management};
use std::collections::{BTreeMap, VecDeque};

/// How many addresses of a radio are remembered beside its own two: more than interfaces and links together can be.
/// Scans from addresses of the moment push out the oldest.
const REMEMBERED: usize = 64;
/// How many radios there may be. The driver makes no more than a hundred by default.
const MOST: usize = 1024;
/// The bit that the address by which the driver knows a radio has, and the other one has not.
const DRIVERS: u8 = 0x40;
/// Types and subtypes of an association and of a reassociation request.
const REQUESTS: [u8; 2] = [0x00, 0x20];

/// What is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(BTreeMap<MacAddr, Radio>);

#[derive(Clone, Debug)]
struct Radio {
    /// The address that its first interface begins with.
    address: MacAddr,
    /// Further ones, the one heard last at the end.
    others: VecDeque<MacAddr>,
}

impl Radio {
    fn has(&self, address: MacAddr) -> bool {
        self.address == address || self.others.contains(&address)
    }
}

impl Addresses {
    pub(super) fn add_radio(&mut self, radio: MacAddr, address: MacAddr) {
        if let Some(known) = self.0.get_mut(&radio) {
            known.address = address;
        } else if self.0.len() < MOST {
            self.0.insert(radio, Radio { address, others: VecDeque::new() });
        }
    }

    pub(super) fn remove_radio(&mut self, radio: MacAddr) {
        self.0.remove(&radio);
    }

    /// The radio has the address, and nobody else has it any more.
    pub(super) fn add(&mut self, radio: MacAddr, address: MacAddr) {
        if address.is_group() || address.is_zero() {
            return;
        }
        if !self.0.contains_key(&radio) {
            let MacAddr([first, rest @ ..]) = radio;
            let [b, c, d, e, f] = rest;
            self.add_radio(radio, MacAddr([first & !DRIVERS, b, c, d, e, f]));
        }
        for (_, other) in self.0.iter_mut().filter(|(name, _)| **name != radio) {
            other.others.retain(|known| *known != address);
        }
        if let Some(known) = self.0.get_mut(&radio).filter(|known| !known.has(address)) {
            known.others.push_back(address);
            if known.others.len() > REMEMBERED {
                known.others.pop_front();
            }
        }
    }

    pub(super) fn remove(&mut self, radio: MacAddr, address: MacAddr) {
        if let Some(known) = self.0.get_mut(&radio) {
            known.others.retain(|other| *other != address);
        }
    }

    /// Learns from a frame that a radio sends.
    pub(super) fn learn(&mut self, radio: MacAddr, octets: &[u8]) {
        if let Some(from) = super::address(octets, 10) {
            self.add(radio, from);
        }
        if octets.first().is_some_and(|first| REQUESTS.contains(first)) {
            for address in links(octets) {
                self.add(radio, address);
            }
        }
    }

    /// Who has an address. One that was told or heard counts before one that a radio has by its nature.
    pub(super) fn owner(&self, address: MacAddr) -> Option<MacAddr> {
        let named = |(name, _): (&MacAddr, &Radio)| *name;
        let told = self.0.iter().find(|(_, radio)| radio.others.contains(&address)).map(named);
        told.or_else(|| {
            let own = |(name, radio): &(&MacAddr, &Radio)| **name == address || radio.address == address;
            self.0.iter().find(own).map(named)
        })
    }

    /// All addresses of a radio.
    pub(super) fn of(&self, radio: MacAddr) -> Vec<MacAddr> {
        let known = self.0.get(&radio);
        let others = known.into_iter().flat_map(|known| known.others.iter().copied());
        [radio].into_iter().chain(known.map(|known| known.address)).chain(others).collect()
    }

    pub(super) fn radios(&self) -> impl Iterator<Item = MacAddr> {
        self.0.keys().copied()
    }
}

/// The addresses that a station says it will have on links.
fn links(octets: &[u8]) -> Vec<MacAddr> {
    let Ok(frame) = Management::parse(octets) else { return Vec::new() };
    let elements = match &frame.body {
        Body::AssociationRequest(request) => request.elements(),
        Body::ReassociationRequest(request) => request.elements(),
        _ => return Vec::new(),
    };
    let Ok(Some(MultiLink::Basic(element))) = elements.find::<MultiLink>() else { return Vec::new() };
    let links = element.profiles().filter_map(|profile| profile.info.address);
    links.chain([element.common.mld_address]).collect()
}
