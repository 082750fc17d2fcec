//! The clients of an access point, found by any of their addresses and by what is due, however many there are.

use super::{
    client::{Authentication, Client, Proof},
    setup::ASSOCIATION_IDS,
};
use crate::Instant;
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::{
    hash::{Hash, Hasher},
    mem::take,
};
use lapwing_frames::MacAddr;

/// A bit for each association ID; 0 is none.
const ID_WORDS: usize = (ASSOCIATION_IDS as usize + 1).div_ceil(64);

/// The clients. All but the first field follows from that: it adds nothing to what makes two of them equal.
#[derive(Clone)]
pub(super) struct Clients {
    all: BTreeMap<MacAddr, Client>,
    /// Each address on a link, with who uses it.
    addresses: BTreeSet<(MacAddr, MacAddr)>,
    /// When something is due of whom.
    due: BTreeSet<(Instant, MacAddr)>,
    /// Who only authenticated, whether that proved anything, and until when it is good.
    waiting: BTreeSet<(bool, Instant, MacAddr)>,
    associated: usize,
    ids: [u64; ID_WORDS],
    /// Who was given out to be changed since [`Self::settle`], and is in none of the sets.
    touched: BTreeSet<MacAddr>,
}

impl Clients {
    pub(super) const fn new() -> Self {
        Self {
            all: BTreeMap::new(),
            addresses: BTreeSet::new(),
            due: BTreeSet::new(),
            waiting: BTreeSet::new(),
            associated: 0,
            ids: [0; ID_WORDS],
            touched: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, station: MacAddr) -> Option<&Client> {
        self.all.get(&station)
    }

    /// A client that may be changed, but for being associated or not.
    pub(super) fn get_mut(&mut self, station: MacAddr) -> Option<&mut Client> {
        if self.touched.contains(&station) {
            return self.all.get_mut(&station);
        }
        self.all.get(&station)?;
        self.unlist(station);
        self.touched.insert(station);
        self.all.get_mut(&station)
    }

    pub(super) fn insert(&mut self, station: MacAddr, client: Client) {
        self.remove(station);
        if let Client::Associated(association) = &client {
            self.associated += 1;
            self.mark_id(association.id, true);
        }
        self.all.insert(station, client);
        self.list(station);
    }

    pub(super) fn remove(&mut self, station: MacAddr) -> Option<Client> {
        if !self.touched.remove(&station) {
            self.unlist(station);
        }
        let client = self.all.remove(&station)?;
        if let Client::Associated(association) = &client {
            self.associated = self.associated.saturating_sub(1);
            self.mark_id(association.id, false);
        }
        Some(client)
    }

    /// Whom an address belongs to: a client itself, or one that uses it on a link.
    pub(super) fn whose(&self, address: MacAddr) -> Option<MacAddr> {
        if self.all.contains_key(&address) {
            return Some(address);
        }
        self.users(address).next()
    }

    /// Who uses an address on a link.
    pub(super) fn users(&self, address: MacAddr) -> impl Iterator<Item = MacAddr> {
        let listed = (address, MacAddr([0; 6]))..=(address, MacAddr::BROADCAST);
        let touched = self.touched.iter().copied();
        let touched =
            touched.filter(move |station| self.get(*station).is_some_and(|own| own.has_address(address)));
        self.addresses.range(listed).map(|(_, station)| *station).chain(touched)
    }

    pub(super) fn stations(&self) -> impl Iterator<Item = MacAddr> {
        self.all.keys().copied()
    }

    /// How many are associated.
    pub(super) const fn associated(&self) -> usize {
        self.associated
    }

    /// Who only authenticated, if they are so many: one who proved nothing, and of those the one whose time is up first.
    pub(super) fn first_of(&self, many: usize) -> Option<MacAddr> {
        self.waiting.first().filter(|_| self.waiting.len() >= many).map(|(.., station)| *station)
    }

    /// The lowest association ID that nobody has.
    pub(super) fn free_id(&self) -> u16 {
        let words = (0..).step_by(64).zip(self.ids);
        let free = words.filter_map(|(first, word): (u16, u64)| {
            // 0 is no association ID.
            let taken = if first == 0 { word | 1 } else { word };
            let place = u16::try_from(taken.trailing_ones()).ok().filter(|place| *place < 64)?;
            Some(first + place)
        });
        free.min().unwrap_or(ASSOCIATION_IDS)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let touched = self.touched.iter().filter_map(|station| self.get(*station)?.deadline());
        touched.chain(self.due.first().map(|(due, _)| *due)).min()
    }

    /// Those of whom something is due.
    pub(super) fn due(&self, now: Instant) -> Vec<MacAddr> {
        self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, station)| *station).collect()
    }

    /// Lists whoever was changed: at the end of each turn.
    pub(super) fn settle(&mut self) {
        take(&mut self.touched).into_iter().for_each(|station| self.list(station));
    }

    fn list(&mut self, station: MacAddr) {
        let Some(client) = self.all.get(&station) else { return };
        self.addresses.extend(client.addresses().map(|address| (address, station)));
        self.due.extend(client.deadline().map(|due| (due, station)));
        if let Client::Authenticated(authentication) = client {
            self.waiting.insert(place_of(authentication, station));
        }
    }

    fn unlist(&mut self, station: MacAddr) {
        let Some(client) = self.all.get(&station) else { return };
        for address in client.addresses() {
            self.addresses.remove(&(address, station));
        }
        if let Some(due) = client.deadline() {
            self.due.remove(&(due, station));
        }
        if let Client::Authenticated(authentication) = client {
            self.waiting.remove(&place_of(authentication, station));
        }
    }

    fn mark_id(&mut self, id: u16, taken: bool) {
        if let Some(word) = self.ids.get_mut(usize::from(id / 64)) {
            let bit = 1 << (id % 64);
            *word = if taken { *word | bit } else { *word & !bit };
        }
    }
}

/// Where somebody stands among those who only authenticated: whoever proved nothing goes first.
const fn place_of(authentication: &Authentication, station: MacAddr) -> (bool, Instant, MacAddr) {
    (matches!(authentication.proof, Proof::Sae { .. }), authentication.until, station)
}

impl PartialEq for Clients {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl Eq for Clients {}

impl Hash for Clients {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.hash(state);
    }
}
