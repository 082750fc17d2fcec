//! The SAE passwords of networks, with the elements that were calculated from them: once for each network,
//! not at each exchange.

use super::context::Turn;
use crate::{
    curve::Group,
    network::{Credentials, Network},
    sae::Password,
    secret::Secret,
};
use alloc::{collections::BTreeMap, vec::Vec};
use lapwing_frames::Ssid;

/// How many networks' passwords are kept.
const BOUND: usize = 64;

/// The passwords with their elements, by network.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Passwords(BTreeMap<Ssid, (Credentials, Password)>);

impl Passwords {
    /// Forgets those of networks that are gone or have another secret.
    pub(super) fn retain(&mut self, networks: &[Network]) {
        self.0.retain(|ssid, (secret, _)| {
            let same =
                |network: &Network| network.ssid == *ssid && network.credentials.is_same_secret(secret);
            networks.iter().any(same)
        });
    }

    fn find(&self, network: &Network) -> Option<&Password> {
        let (secret, password) = self.0.get(&network.ssid)?;
        network.credentials.is_same_secret(secret).then_some(password)
    }

    fn keep(&mut self, network: &Network, password: Password) {
        if self.0.len() >= BOUND && !self.0.contains_key(&network.ssid) {
            self.0.pop_first();
        }
        self.0.insert(network.ssid.clone(), (network.credentials.clone(), password));
    }
}

impl Turn<'_> {
    /// The SAE password of a network, with the elements that are known; none if nothing leads to one.
    pub(super) fn password(&self, network: &Network) -> Option<Password> {
        let Credentials::Personal(personal) = &network.credentials else { return None };
        let ssid = network.ssid.octets();
        let identifier = personal.password_identifier.as_deref();
        let mut password = match (self.context.passwords.find(network), &personal.passphrase) {
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

    /// Keeps what was calculated for a network.
    pub(super) fn keep_password(&mut self, network: &Network, password: &Password) {
        self.context.passwords.keep(network, password.clone());
    }

    /// The elements that were calculated for a network and are not stored with it yet.
    pub(super) fn new_elements(&self, network: &Network) -> Vec<(u16, Secret)> {
        let Credentials::Personal(personal) = &network.credentials else { return Vec::new() };
        let Some(password) = self.context.passwords.find(network) else { return Vec::new() };
        let elements = password.elements().map(|(group, octets)| (group.number(), octets));
        elements.filter(|element| !personal.password_elements.contains(element)).collect()
    }
}
