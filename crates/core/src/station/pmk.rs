//! The station's use of the PMKSA cache.

use super::context::{Journey, Turn};
use crate::{
    network::{Network, Proven},
    pmksa::{Entry, Key, LIFETIME},
    rsn::{Candidate, Plan},
    select::Target,
};
use alloc::vec::Vec;
use lapwing_frames::suite::Akm;

impl Turn<'_> {
    pub(super) fn pmksa_key(&self, target: &Target, akm: Akm) -> Key {
        let (station, authenticator) = (self.context.address, target.address());
        Key { station, authenticator, ssid: target.bss().ssid.clone(), akm }
    }

    /// The PMK of an earlier connection with this AP by this plan, if there is one.
    pub(super) fn cached(&mut self, target: &Target, plan: &Plan) -> Option<Candidate> {
        // There is nothing to be gained for a pre-shared key.
        if plan.akm().is_psk() || !self.context.settings.reuses_keys {
            return None;
        }
        let gone = self.context.pmksa.expire(self.now);
        self.forgotten(gone);
        self.context.pmksa.find(self.now, &self.pmksa_key(target, plan.akm())).map(Entry::candidate)
    }

    /// The PMK of the AP that the journey leaves, if the next one may know it too. Firmware is never told of a key
    /// that its AP did not make: it would keep to the name.
    pub(super) fn shared(&self, journey: &Journey, target: &Target, plan: &Plan) -> Option<Candidate> {
        let leaving = journey.leaving.as_ref()?;
        if self.is_fullmac() || target.mld().is_some() || !self.context.settings.reuses_keys {
            return None;
        }
        let key = self.pmksa_key(target, plan.akm());
        self.context.pmksa.find_shared(self.now, leaving.from(), &key).map(Entry::candidate)
    }

    /// The AP has proved to know the PMK that was offered: if it is that of the AP of before, it is its own from now on.
    pub(super) fn take_shared(&mut self, journey: &Journey, target: &Target, akm: Akm) {
        let key = self.pmksa_key(target, akm);
        let Some(leaving) = &journey.leaving else { return };
        if self.context.pmksa.find(self.now, &key).is_none() {
            let gone = self.context.pmksa.share(self.now, leaving.from(), key);
            self.forgotten(gone);
        }
    }

    /// Keeps a PMK that the handshake has proved.
    pub(super) fn remember(&mut self, target: &Target, akm: Akm, candidate: &Candidate) {
        if !self.context.settings.reuses_keys {
            return;
        }
        let key = self.pmksa_key(target, akm);
        let Some(pmkid) = candidate.pmkid else { return };
        let gone = self.context.pmksa.insert(self.now, key.clone(), pmkid, candidate.pmk.clone(), LIFETIME);
        self.forgotten(gone);
        if self.is_fullmac()
            && self.may_offer()
            && let Some(entry) = self.context.pmksa.find(self.now, &key).cloned()
        {
            self.tell_firmware(None, &entry);
        }
    }

    /// Takes the networks as they are now: where a secret has changed, keys that were made of the old one
    /// are dropped.
    pub(super) fn take_networks(&mut self, mut networks: Vec<Network>) {
        let mut gone = Vec::new();
        for old in &self.context.networks {
            match networks.iter_mut().find(|network| network.is_same(old)) {
                // What was learned since may not have reached the disk.
                Some(network) => network.proven = network.proven.and(old.proven),
                None => gone.extend(self.context.pmksa.forget(&old.ssid)),
            }
        }
        self.forgotten(gone);
        self.context.passwords.retain(&networks);
        self.context.networks = networks;
    }

    /// Takes what is known of a network that somebody asks for: they may know less of it.
    pub(super) fn take_known(&self, network: &mut Network) {
        let known = self.context.networks.iter().find(|known| known.is_same(network));
        network.proven = known.map_or(network.proven, |known| network.proven.and(known.proven));
    }

    /// Notes what joining a network, or completing SAE with it, has proved.
    pub(super) fn proved(&mut self, network: &mut Network, proven: Proven) {
        network.proven = network.proven.and(proven);
        for known in self.context.networks.iter_mut().filter(|known| known.is_same(network)) {
            known.proven = known.proven.and(network.proven);
        }
    }
}
