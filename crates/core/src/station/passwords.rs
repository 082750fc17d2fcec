//! What is calculated from the secrets of networks: SAE's password elements and the pre-shared key of WPA2.
//! Once for each network, not at each attempt, and while a scan runs if there is one.

use super::context::Turn;
use crate::{
    attempt::{AttemptId, Entry},
    crypto::kdf::passphrase_to_psk,
    curve::Group,
    network::{Credentials, Network, Personal},
    sae::Password,
    secret::Secret,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use lapwing_frames::{Ssid, management::StatusCode};

/// How many networks' passwords are kept.
const BOUND: usize = 64;

/// What was calculated, by network: shared by the copies of a station.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Passwords(BTreeMap<Ssid, Arc<Calculated>>);

/// What was calculated for a network.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Calculated {
    /// From what.
    secret: Credentials,
    /// The password of SAE with its elements.
    password: Option<Password>,
    /// The pre-shared key of WPA2.
    psk: Option<Secret>,
}

impl Passwords {
    /// Forgets those of networks that are gone or have another secret.
    pub(super) fn retain(&mut self, networks: &[Network]) {
        self.0.retain(|ssid, calculated| {
            let same = |network: &Network| {
                network.ssid == *ssid && network.credentials.is_same_secret(&calculated.secret)
            };
            networks.iter().any(same)
        });
    }

    #[cfg(test)]
    pub(super) fn has_psk(&self, network: &Network) -> bool {
        self.find(network).is_some_and(|calculated| calculated.psk.is_some())
    }

    fn find(&self, network: &Network) -> Option<&Calculated> {
        let calculated = &**self.0.get(&network.ssid)?;
        network.credentials.is_same_secret(&calculated.secret).then_some(calculated)
    }

    /// The place for what is calculated for a network; empty if it has another secret than before.
    fn place(&mut self, network: &Network) -> &mut Calculated {
        if self.find(network).is_none() {
            self.0.remove(&network.ssid);
        }
        if self.0.len() >= BOUND && !self.0.contains_key(&network.ssid) {
            self.0.pop_first();
        }
        let new = || Calculated { secret: network.credentials.clone(), password: None, psk: None };
        Arc::make_mut(self.0.entry(network.ssid.clone()).or_insert_with(|| Arc::new(new())))
    }
}

impl Turn<'_> {
    /// The SAE password of a network, with the elements that are known; none if nothing leads to one.
    pub(super) fn password(&self, network: &Network) -> Option<Password> {
        let Credentials::Personal(personal) = &network.credentials else { return None };
        let ssid = network.ssid.octets();
        let identifier = personal.password_identifier.as_deref();
        let known = self.context.passwords.find(network).and_then(|calculated| calculated.password.as_ref());
        let mut password = match (known, &personal.passphrase) {
            (Some(known), _) => known.clone(),
            (None, Some(passphrase)) => Password::new(ssid, passphrase.expose(), identifier),
            (None, None) => Password::of_elements(ssid, identifier),
        };
        for (number, octets) in &personal.password_elements {
            if let Some(group) = Group::from_number(*number) {
                // One that is no point of the curve is of no use: it is calculated, if it can be.
                let _ = password.store(self.means.curves, group, octets.expose());
            }
        }
        Group::ALL.into_iter().any(|group| password.serves(group)).then_some(password)
    }

    /// The groups for SAE and OWE in a network, the first one first.
    pub(super) fn groups(&self, network: &Network) -> [Group; 3] {
        let stronger = self.context.settings.preferences.stronger_group
            && !self.context.history.wants_cheapest_group(&network.ssid);
        network.first_group.order(stronger)
    }

    /// Adds to the timeline what an access point answered, and remembers that it does not take a group.
    pub(super) fn answered(
        &mut self,
        attempt: AttemptId,
        ssid: &Ssid,
        frame: &'static str,
        status: StatusCode,
    ) {
        self.log(Some(attempt), Entry::Answered { frame, status });
        if status == StatusCode::UnsupportedFiniteCyclicGroup {
            self.group_failed(ssid);
        }
    }

    /// An attempt with the group that came first did not go on. Some access points refuse another than 19 in words
    /// of their own, or say nothing at all: from now on they are asked with what they must have.
    pub(super) fn group_failed(&mut self, ssid: &Ssid) {
        if self.context.settings.preferences.stronger_group {
            self.context.history.refused_group(ssid);
        }
    }

    /// Keeps what was calculated for a network.
    pub(super) fn keep_password(&mut self, network: &Network, password: &Password) {
        self.context.passwords.place(network).password = Some(password.clone());
    }

    /// The pre-shared key of a network, calculated if it is not there yet.
    pub(super) fn pre_shared(&mut self, network: &Network) -> Option<Secret> {
        let Credentials::Personal(personal) = &network.credentials else { return None };
        if let Some(psk) = &personal.psk {
            return Some(psk.clone());
        }
        let passphrase = personal.passphrase.as_ref()?;
        if let Some(psk) = self.context.passwords.find(network).and_then(|known| known.psk.clone()) {
            return Some(psk);
        }
        let psk = passphrase_to_psk(passphrase.expose(), network.ssid.octets());
        self.context.passwords.place(network).psk = Some(psk.clone());
        Some(psk)
    }

    /// The pre-shared key, if it was calculated for a network and is not stored with it yet.
    pub(super) fn new_pre_shared(&self, network: &Network) -> Option<Secret> {
        let Credentials::Personal(Personal { psk: None, .. }) = &network.credentials else { return None };
        self.context.passwords.find(network)?.psk.clone()
    }

    /// Calculates what an attempt at a network may need, now that there is time. Both SAE and WPA2: which of
    /// them the AP wants is not known before it was heard.
    pub(super) fn prepare(&mut self, network: &Network) {
        let Credentials::Personal(Personal { passphrase: Some(passphrase), psk, .. }) = &network.credentials
        else {
            return;
        };
        if let Some(mut password) = self.password(network) {
            let [group, ..] = self.groups(network);
            password.prepare(self.means.curves, group);
            self.keep_password(network, &password);
        }
        // WPA2 takes passphrases of these lengths only.
        if psk.is_none() && (8..=63).contains(&passphrase.len()) {
            self.pre_shared(network);
        }
    }

    /// Calculates the keys of one network that is here, if there is one whose keys are not known: nothing else is
    /// to be done now, and whoever asks for it then does not wait. One at a time, since a slow processor needs a
    /// tenth of a second for it.
    pub(super) fn prepare_one(&mut self) {
        let here: BTreeSet<&Ssid> = self.context.table.iter().map(|bss| &bss.ssid).collect();
        let lacks_keys = |network: &&Network| {
            let Credentials::Personal(personal) = &network.credentials else { return false };
            personal.psk.is_none()
                && personal.password_elements.is_empty()
                && personal.passphrase.is_some()
                && here.contains(&network.ssid)
                && self.context.passwords.find(network).is_none()
        };
        if let Some(network) = self.context.networks.iter().find(lacks_keys).cloned() {
            self.prepare(&network);
        }
    }

    /// The elements that were calculated for a network and are not stored with it yet.
    pub(super) fn new_elements(&self, network: &Network) -> Vec<(u16, Secret)> {
        let Credentials::Personal(personal) = &network.credentials else { return Vec::new() };
        let known = self.context.passwords.find(network).and_then(|calculated| calculated.password.as_ref());
        let Some(password) = known else { return Vec::new() };
        let elements = password.elements().map(|(group, octets)| (group.number(), octets));
        elements.filter(|element| !personal.password_elements.contains(element)).collect()
    }
}
