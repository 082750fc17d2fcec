//! The station's use of the PMKSA cache.

use super::context::Turn;
use crate::{
    pmksa::{Key, LIFETIME},
    rsn::{Candidate, Plan},
    select::Target,
};
use lapwing_frames::{Ssid, suite::Akm};

impl Turn<'_> {
    fn pmksa_key(&self, target: &Target, akm: Akm) -> Key {
        let bss = target.bss();
        Key { station: self.context.address, authenticator: bss.bssid, ssid: bss.ssid.clone(), akm }
    }

    /// The PMK of an earlier connection with this AP by this plan, if there is one.
    pub(super) fn cached(&mut self, target: &Target, plan: &Plan) -> Option<Candidate> {
        // There is nothing to be gained for a pre-shared key.
        if plan.akm().is_psk() {
            return None;
        }
        self.context.pmksa.expire(self.now);
        let entry = self.context.pmksa.find(self.now, &self.pmksa_key(target, plan.akm()))?;
        Some(Candidate { pmkid: Some(entry.pmkid), pmk: entry.pmk.clone() })
    }

    /// Keeps a PMK that the handshake has proved.
    pub(super) fn remember(&mut self, target: &Target, akm: Akm, candidate: &Candidate) {
        let key = self.pmksa_key(target, akm);
        if let Some(pmkid) = candidate.pmkid {
            self.context.pmksa.insert(self.now, key, pmkid, candidate.pmk.clone(), LIFETIME);
        }
    }

    /// Takes the networks as they are now: where a secret has changed, keys that were made of the old one
    /// are dropped.
    pub(super) fn take_networks(&mut self, networks: alloc::vec::Vec<crate::network::Network>) {
        let kept = |ssid: &Ssid, old: &crate::network::Credentials| {
            networks.iter().any(|network| network.ssid == *ssid && network.credentials.is_same_secret(old))
        };
        for old in &self.context.networks {
            if !kept(&old.ssid, &old.credentials) {
                self.context.pmksa.forget(&old.ssid);
            }
        }
        self.context.passwords.retain(&networks);
        self.context.networks = networks;
    }
}
