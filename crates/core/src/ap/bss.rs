//! The BSSs on the air, and their group keys.

use super::{
    AccessPoint,
    client::{Association, Client, Port},
    setup::FrameProtection,
    vocabulary::{Report, Request},
};
use crate::{
    Entropy, Instant, Secret,
    kernel::{ChannelDefinition, KeyKind, KeyRequest},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};
use lapwing_frames::{LinkId, MacAddr, suite::Cipher};

/// A link that will be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Removal {
    /// After so many beacons.
    pub(super) beacons: u16,
    /// When the next one is due.
    pub(super) next: Instant,
}

/// A BSS on the air.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct BssState {
    pub(super) bssid: MacAddr,
    pub(super) channel: ChannelDefinition,
    /// Counts critical updates.
    pub(super) change_count: u8,
    /// GTK, IGTK and BIGTK, as far as there are any.
    pub(super) keys: Vec<KeyRequest>,
    pub(super) removal: Option<Removal>,
    /// The coming channel, and how many beacons announce it.
    pub(super) switching: Option<(ChannelDefinition, u8)>,
}

impl BssState {
    /// Counts a critical update. 255 means something else in some places: the count goes back to 0 before.
    pub(super) const fn count_change(&mut self) {
        self.change_count = (self.change_count + 1) % 255;
    }
}

/// New group keys that not every client has yet.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Renewal {
    keys: BTreeMap<Option<LinkId>, Vec<KeyRequest>>,
    waiting: BTreeSet<MacAddr>,
}

/// The key index that comes after one: each kind of group key has two.
const fn next_index(kind: KeyKind, index: u8) -> u8 {
    match kind {
        KeyKind::Integrity => 9 - index,
        KeyKind::Beacon => 13 - index,
        KeyKind::Group | KeyKind::Pairwise { .. } => 3 - index,
    }
}

impl AccessPoint {
    /// Brings a BSS of the setup onto the air, with keys of its own; the beacons of the others do not know yet.
    pub(super) fn start_bss(&mut self, id: Option<LinkId>, change_count: u8, entropy: &mut dyn Entropy) {
        let Some(bss) = self.setup.structure.bss(id) else { return };
        let state = BssState {
            bssid: bss.bssid,
            channel: bss.channel,
            change_count,
            keys: self.make_keys(id, entropy),
            removal: None,
            switching: None,
        };
        self.bss.insert(id, state);
    }

    /// Asks for what [`Self::start_bss`] has prepared.
    pub(super) fn announce_bss(&mut self, id: Option<LinkId>) {
        let Some(announcement) = self.announcement(id) else { return };
        let keys = self.bss.get(&id).map(|bss| bss.keys.clone()).unwrap_or_default();
        self.ask(Request::StartBss(announcement));
        // Said either way: the kernel remembers it from the access point before.
        self.ask(Request::IsolateClients { link: id, isolate: self.setup.isolate_clients });
        for key in keys {
            let index = key.index;
            self.ask(Request::InstallKey(key));
            self.ask(Request::UseGroupKey { link: id, index });
        }
    }

    /// The first group keys of a BSS.
    fn make_keys(&self, link: Option<LinkId>, entropy: &mut dyn Entropy) -> Vec<KeyRequest> {
        let Some(security) = &self.setup.security else { return vec![] };
        let mut key = |kind, index, cipher: Cipher| {
            let mut octets = vec![0; cipher.key_length().unwrap_or(16)];
            entropy.fill(&mut octets);
            KeyRequest { kind, link, index, cipher, key: Secret::from_vec(octets), sequence: [0; 6] }
        };
        let mut keys = vec![key(KeyKind::Group, 1, security.group)];
        if security.frame_protection != FrameProtection::No {
            keys.push(key(KeyKind::Integrity, 4, security.group_management));
            if security.beacon_protection {
                keys.push(key(KeyKind::Beacon, 6, security.group_management));
            }
        }
        keys
    }

    /// The group keys that a client is to have: of its links, and no more than it understands. Those that are
    /// about to be used, if the keys are being renewed.
    pub(super) fn keys_for(&self, association: &Association) -> Vec<KeyRequest> {
        let is_mld = association.authentication.is_mld;
        let links = if is_mld {
            association.links.keys().map(|id| Some(*id)).collect()
        } else {
            vec![association.link]
        };
        self.keys_of(links, is_mld, association.frame_protection)
    }

    /// The same of these links.
    pub(super) fn keys_of(
        &self,
        links: Vec<Option<LinkId>>,
        is_mld: bool,
        frame_protection: bool,
    ) -> Vec<KeyRequest> {
        let mut keys = Vec::new();
        for link in links {
            let renewed = self.renewal.as_ref().and_then(|renewal| renewal.keys.get(&link));
            let of_link = renewed.or_else(|| self.bss.get(&link).map(|bss| &bss.keys));
            for key in of_link.into_iter().flatten() {
                if frame_protection || key.kind == KeyKind::Group {
                    // For a plain client the key has no link, whatever it is here.
                    let link = key.link.filter(|_| is_mld);
                    keys.push(KeyRequest { link, ..key.clone() });
                }
            }
        }
        keys
    }

    /// Makes new group keys for every BSS and gives them to the clients; they are used when all have them.
    pub(super) fn renew_group_keys(&mut self, now: Instant, entropy: &mut dyn Entropy) {
        self.schedule_renewal(now);
        if self.renewal.is_some() || self.setup.security.is_none() || self.bss.is_empty() {
            return;
        }
        let mut keys = BTreeMap::new();
        for (id, bss) in &self.bss {
            let mut renewed = bss.keys.clone();
            for key in &mut renewed {
                let mut octets = vec![0; key.key.len()];
                entropy.fill(&mut octets);
                (key.index, key.key) = (next_index(key.kind, key.index), Secret::from_vec(octets));
                key.sequence = [0; 6];
            }
            keys.insert(*id, renewed);
        }
        for key in keys.values().flatten().cloned().collect::<Vec<_>>() {
            self.ask(Request::InstallKey(key));
        }
        self.renewal = Some(Renewal { keys, waiting: BTreeSet::new() });
        let stations: Vec<MacAddr> = self.clients.stations().collect();
        let mut waiting = BTreeSet::new();
        for station in stations {
            let Some(Client::Associated(association)) = self.clients.get(station) else { continue };
            let keys = self.keys_for(association);
            let Some(Client::Associated(association)) = self.clients.get_mut(station) else { continue };
            let open = matches!(association.port, Port::Open(_));
            let mut outputs = Vec::new();
            if let Some(authenticator) = association.port.authenticator_mut() {
                authenticator.renew_group_keys(now, keys, &mut outputs);
            }
            if open {
                waiting.insert(station);
            }
            self.follow(now, station, outputs);
        }
        if let Some(renewal) = &mut self.renewal {
            waiting.retain(|station| self.clients.get(*station).is_some());
            renewal.waiting = waiting;
        }
        self.finish_renewal();
    }

    /// Whether a link has new keys that nothing was sent with yet.
    pub(super) fn is_renewed(&self, link: Option<LinkId>) -> bool {
        self.renewal.as_ref().is_some_and(|renewal| renewal.keys.contains_key(&link))
    }

    /// The next renewal is so much later.
    pub(super) fn schedule_renewal(&mut self, now: Instant) {
        self.group_keys_due = self.setup.group_key_lifetime.map(|lifetime| now + lifetime);
    }

    /// A link is gone, and its keys with it, those that are being renewed too: if it comes back, it has others.
    pub(super) fn drop_bss(&mut self, link: LinkId) {
        self.bss.remove(&Some(link));
        if let Some(renewal) = &mut self.renewal {
            renewal.keys.remove(&Some(link));
        }
    }

    /// A client has the new keys, or is gone.
    pub(super) fn has_group_keys(&mut self, station: MacAddr) {
        if let Some(renewal) = &mut self.renewal {
            renewal.waiting.remove(&station);
            self.finish_renewal();
        }
    }

    /// Uses the new keys, if nobody is waited for.
    fn finish_renewal(&mut self) {
        let Some(renewal) = self.renewal.take_if(|renewal| renewal.waiting.is_empty()) else { return };
        for (link, keys) in renewal.keys {
            let Some(bss) = self.bss.get_mut(&link) else { continue };
            let indices: Vec<u8> = keys.iter().map(|key| key.index).collect();
            bss.keys = keys;
            indices.into_iter().for_each(|index| self.ask(Request::UseGroupKey { link, index }));
        }
        self.report(Report::GroupKeysRenewed);
    }
}
