//! The cache of pairwise master keys (PMKSA cache, 802.11-2020 12.6.10.3): bounded, expiring, and keyed by
//! what the standard and the attacks of the past say.
//!
//! An entry belongs to one pair of addresses, one network and one AKM. Whoever looks a key up names all of
//! them, so that an AP cannot have a key of another network accepted by naming its PMKID.
//!
//! APs with one controller may share their keys (opportunistic key caching). None of them says so: it shows when one
//! takes a key that was made with another.

use crate::{
    Duration, Instant,
    crypto::keys::{Pmk, Pmkid},
    rsn::Candidate,
};
use alloc::vec::Vec;
use lapwing_frames::{MacAddr, Ssid, suite::Akm};

/// How many keys are kept. A person's networks have few APs each that are met often.
pub const CAPACITY: usize = 64;

/// How long a key is good if nobody says otherwise: twelve hours.
pub const LIFETIME: Duration = Duration::from_secs(43_200);

/// The part of its lifetime, in percent, after which a key is better made anew when there is an occasion.
const RENEWAL_PERCENT: u32 = 70;

/// What an entry belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Our address when the key was made; the MLD address for a multi-link association.
    pub station: MacAddr,
    /// The address that we authenticated to: a BSSID or the address of an AP MLD.
    pub authenticator: MacAddr,
    /// The network.
    pub ssid: Ssid,
    /// The AKM.
    pub akm: Akm,
}

/// A cached key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What it belongs to.
    pub key: Key,
    /// Its name.
    pub pmkid: Pmkid,
    /// The key itself.
    pub pmk: Pmk,
    expires: Instant,
    renew_at: Instant,
}

impl Entry {
    /// When it ceases to be good.
    #[must_use]
    pub const fn expires(&self) -> Instant {
        self.expires
    }

    /// Whether it is so old that it should be made anew at the next occasion.
    #[must_use]
    pub fn wants_renewal(&self, now: Instant) -> bool {
        now >= self.renew_at
    }

    /// The key as it is offered to an AP.
    #[must_use]
    pub fn candidate(&self) -> Candidate {
        Candidate { pmkid: Some(self.pmkid), pmk: self.pmk.clone() }
    }
}

/// The cache. The first entry is the one that was entered the longest ago.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PmksaCache {
    entries: Vec<Entry>,
    /// The APs that refused a key of another AP, the latest last; no more than entries.
    apart: Vec<(MacAddr, Ssid)>,
    capacity: usize,
}

impl Default for PmksaCache {
    fn default() -> Self {
        Self::new()
    }
}

impl PmksaCache {
    /// An empty cache.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// An empty cache for so many keys: an access point has as many as clients.
    #[must_use]
    pub const fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::new(), apart: Vec::new(), capacity }
    }

    /// The entries that are good now.
    pub fn iter(&self, now: Instant) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| now < entry.expires)
    }

    /// Enters a key, in place of the one for the same key. The oldest entry makes room in a full cache.
    /// What left the cache is returned, so that a driver's own cache can follow.
    pub fn insert(
        &mut self,
        now: Instant,
        key: Key,
        pmkid: Pmkid,
        pmk: Pmk,
        lifetime: Duration,
    ) -> Vec<Entry> {
        let renew_at = now + lifetime.saturating_mul(RENEWAL_PERCENT) / 100;
        self.keep(now, Entry { key, pmkid, pmk, expires: now + lifetime, renew_at })
    }

    fn keep(&mut self, now: Instant, entry: Entry) -> Vec<Entry> {
        let mut gone = self.drop_where(|old| old.key == entry.key || now >= old.expires);
        if self.entries.len() >= self.capacity {
            gone.push(self.entries.remove(0));
        }
        self.entries.push(entry);
        gone
    }

    /// The key for an AP, if there is a good one: to offer its PMKID in an association request.
    #[must_use]
    pub fn find(&self, now: Instant, key: &Key) -> Option<&Entry> {
        self.iter(now).find(|entry| entry.key == *key)
    }

    /// The key that message 1 names, if it is of the same addresses, network and AKM.
    #[must_use]
    pub fn find_named(&self, now: Instant, key: &Key, pmkid: Pmkid) -> Option<&Entry> {
        self.find(now, key).filter(|entry| entry.pmkid == pmkid)
    }

    /// The key of another AP of the network that may be offered to this one. It must be of SAE: such a key has one name
    /// wherever it is used. And it must be young, or a key would live for ever by being handed on.
    #[must_use]
    pub fn find_shared(&self, now: Instant, of: MacAddr, key: &Key) -> Option<&Entry> {
        if !matches!(key.akm, Akm::Sae | Akm::SaeExtKey) || self.keeps_apart(key) {
            return None;
        }
        self.find(now, &Key { authenticator: of, ..key.clone() }).filter(|entry| !entry.wants_renewal(now))
    }

    /// An AP has proved to know the key of another one: from now on it is its own too, and no longer good for that.
    /// What left the cache is returned.
    pub fn share(&mut self, now: Instant, of: MacAddr, key: Key) -> Vec<Entry> {
        let Some(entry) = self.find_shared(now, of, &key).cloned() else { return Vec::new() };
        self.keep(now, Entry { key, ..entry })
    }

    /// An AP does not know the keys of others: none is offered to it again.
    pub fn keep_apart(&mut self, key: &Key) {
        if self.keeps_apart(key) {
            return;
        }
        if self.apart.len() >= self.capacity {
            self.apart.remove(0);
        }
        self.apart.push((key.authenticator, key.ssid.clone()));
    }

    fn keeps_apart(&self, key: &Key) -> bool {
        self.apart.iter().any(|(address, ssid)| *address == key.authenticator && *ssid == key.ssid)
    }

    /// Drops the keys for one AP in one network: it refused one (status 53, deauthentication with reason 9,
    /// silence), and may have lost all. Such a frame may be forged, so no other AP's key goes.
    pub fn refused(&mut self, authenticator: MacAddr, ssid: &Ssid) -> Vec<Entry> {
        self.drop_where(|entry| entry.key.authenticator == authenticator && entry.key.ssid == *ssid)
    }

    /// Drops the keys of a network: its secret changed or it was forgotten.
    pub fn forget(&mut self, ssid: &Ssid) -> Vec<Entry> {
        self.apart.retain(|(_, of)| of != ssid);
        self.drop_where(|entry| entry.key.ssid == *ssid)
    }

    /// Drops what has expired.
    pub fn expire(&mut self, now: Instant) -> Vec<Entry> {
        self.drop_where(|entry| now >= entry.expires)
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        self.entries.iter().map(Entry::expires).min()
    }

    fn drop_where(&mut self, wanted: impl FnMut(&Entry) -> bool) -> Vec<Entry> {
        let (gone, kept) = core::mem::take(&mut self.entries).into_iter().partition(wanted);
        self.entries = kept;
        gone
    }
}
