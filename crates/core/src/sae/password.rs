//! Passwords and the elements they lead to (802.11-2020 12.4.4.2.2 and 12.4.4.2.3).

use super::{body::Method, exchange::zeros};
use crate::{
    Entropy, Means, Secret,
    crypto::kdf::Hash,
    curve::{Curves, Group, Point, Scalar},
};
use alloc::{vec, vec::Vec};
use lapwing_frames::MacAddr;
use subtle::{Choice, ConditionallySelectable};

/// A password of a network, with what can be calculated from it in advance.
///
/// The octets are used as they are configured: no preparation, no terminator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Password {
    ssid: Vec<u8>,
    /// None if only elements made of it are known.
    password: Option<Secret>,
    identifier: Option<Vec<u8>>,
    prepared: Vec<Point>,
}

impl Password {
    /// A password of the network with this SSID, perhaps one of many that an identifier tells apart.
    #[must_use]
    pub fn new(ssid: &[u8], password: &[u8], identifier: Option<&[u8]>) -> Self {
        Self { password: Some(Secret::new(password)), ..Self::of_elements(ssid, identifier) }
    }

    /// A password that is not known itself: [`Self::store`] gives it elements, which do for hash-to-element in
    /// their groups.
    #[must_use]
    pub fn of_elements(ssid: &[u8], identifier: Option<&[u8]>) -> Self {
        Self {
            ssid: ssid.to_vec(),
            password: None,
            identifier: identifier.map(<[u8]>::to_vec),
            prepared: Vec::new(),
        }
    }

    /// The identifier that tells the AP which password is meant.
    #[must_use]
    pub fn identifier(&self) -> Option<&[u8]> {
        self.identifier.as_deref()
    }

    /// Takes an element PT that was calculated earlier, as x then y, each of [`Group::octets`], big endian.
    /// Whether there is one now: a point of the group's curve. One that is there already is kept.
    pub fn store(&mut self, curves: &dyn Curves, group: Group, octets: &[u8]) -> bool {
        if self.prepared(group).is_some() {
            return true;
        }
        if octets.len() != 2 * group.octets() {
            return false;
        }
        let point = curves.point(group, octets);
        self.prepared.extend(point);
        self.prepared(group).is_some()
    }

    /// The elements PT that are ready, to be stored.
    pub fn elements(&self) -> impl Iterator<Item = (Group, Secret)> {
        self.prepared.iter().map(|point| (point.group(), Secret::new(point.octets())))
    }

    /// Whether there is an element for a group, or what it is calculated from.
    #[must_use]
    pub fn serves(&self, group: Group) -> bool {
        self.password.is_some() || self.prepared(group).is_some()
    }

    /// Calculates the secret element PT of hash-to-element for a group and keeps it, so that the next
    /// exchange finds it ready. It depends on nothing that changes.
    pub fn prepare(&mut self, curves: &dyn Curves, group: Group) {
        if self.prepared(group).is_none() {
            self.prepared.extend(self.calculate(curves, group));
        }
    }

    fn prepared(&self, group: Group) -> Option<&Point> {
        self.prepared.iter().find(|point| point.group() == group)
    }

    /// PT.
    fn calculate(&self, curves: &dyn Curves, group: Group) -> Option<Point> {
        let password = self.password.as_ref()?;
        let hash = group.hash();
        let identifier = self.identifier.as_deref().unwrap_or_default();
        let seed = hash.hkdf_extract(&self.ssid, &[password.expose(), identifier]);
        let value = |label: &[u8]| hash.hkdf_expand(&seed, label, group.wide_octets());
        let first = value(b"SAE Hash to Element u1 P1");
        let second = value(b"SAE Hash to Element u2 P2");
        curves.map_to_curve(group, first.expose(), second.expose())
    }

    /// The password element of an exchange between two addresses. `None` if there is none, which has a
    /// chance of 1 in 2²⁰⁰ at the most, or if the method cannot do with an identifier.
    pub(super) fn element(
        &self,
        means: &mut Means<'_>,
        group: Group,
        method: Method,
        addresses: [MacAddr; 2],
    ) -> Option<PasswordElement> {
        let (low, high) = in_order(addresses);
        match method {
            Method::HashToElement => {
                let base = match self.prepared(group) {
                    Some(point) => point.clone(),
                    None => self.calculate(means.curves, group)?,
                };
                let hash = group.hash();
                let value = hash.hkdf_extract(zeros(hash), &[&high.0, &low.0]);
                Some(PasswordElement { base, factor: Scalar::from_hash(group, &value) })
            }
            Method::HuntingAndPecking if self.identifier.is_none() => {
                let base = self.hunt(means, group, &[high.0, low.0])?;
                Some(PasswordElement { base, factor: Scalar::one(group) })
            }
            Method::HuntingAndPecking => None,
        }
    }

    /// Hunting and pecking. At least 40 rounds whatever the password, so that their number tells nothing.
    fn hunt(&self, means: &mut Means<'_>, group: Group, addresses: &[[u8; 6]; 2]) -> Option<Point> {
        const ROUNDS: u8 = 40;
        const LIMIT: u8 = 200;
        let password = self.password.as_ref()?;
        let mut found = Choice::from(0);
        let mut odd = Choice::from(0);
        let mut x = vec![0; group.octets()];
        let curves = means.curves;
        let entropy: &mut dyn Entropy = &mut *means.entropy;
        for counter in 1..=LIMIT {
            let seed = Hash::Sha256.hmac(addresses.as_flattened(), &[password.expose(), &[counter]]);
            let label = "SAE Hunting and Pecking";
            let value = Hash::Sha256.kdf_bits(&seed, label, &[group.prime()], group.bits());
            let value = align_right(&value, group.bits());
            let take = curves.is_x_of_point(group, value.expose(), entropy) & !found;
            for (kept, candidate) in x.iter_mut().zip(value.expose()) {
                kept.conditional_assign(candidate, take);
            }
            odd.conditional_assign(&Choice::from(seed.last().map_or(0, |octet| octet & 1)), take);
            found |= take;
            if counter >= ROUNDS && bool::from(found) {
                break;
            }
        }
        let x = Secret::from_vec(x);
        curves.point_with_x(group, x.expose(), odd)
    }
}

/// The two addresses, the smaller one first.
pub(super) fn in_order([one, other]: [MacAddr; 2]) -> (MacAddr, MacAddr) {
    (one.min(other), one.max(other))
}

/// Moves a number of so many bits from the left end of its octets to the right end.
fn align_right(value: &Secret, bits: u16) -> Secret {
    let spare = (8 - bits % 8) % 8;
    let mut before = 0;
    let shifted = value.expose().iter().map(|&octet| {
        let pair = u16::from_be_bytes([before, octet]);
        before = octet;
        (pair >> spare).to_le_bytes()[0]
    });
    Secret::from_vec(shifted.collect())
}

/// The password element of one exchange, as a product that is never calculated alone: `factor · base`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PasswordElement {
    pub(super) base: Point,
    pub(super) factor: Scalar,
}
