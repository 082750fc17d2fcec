//! The checks of message 3 and of group message 1: everything that must hold before an answer.

use super::{
    super::{
        Advertised, Peer,
        contents::{Contents, SecurityElements},
        operating_channel::reaches,
        plan::Generation,
    },
    Authentic, Established, HandshakeFailure, State, Supplicant,
    transition::Rooted,
};
use crate::{
    Secret,
    crypto::keys::Ptk,
    kernel::{KeyKind, KeyRequest},
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    LinkId,
    eapol::KeyInformation as Info,
    kde::{GroupKey, GroupKeyKind, KeyOctets},
    suite::Cipher,
};

/// What a message 3 leads to, wholly checked.
pub(super) struct Checked {
    /// The group keys of every accepted link.
    pub(super) group_keys: Vec<KeyRequest>,
    /// The index of the pairwise key.
    pub(super) key_id: u8,
    pub(super) transition_disable: Option<u8>,
}

impl Supplicant {
    /// Checks message 3; `repeated` if it is that of the keys in use.
    pub(super) fn check_third(
        &self,
        third: &Authentic<'_>,
        rooted: &mut Option<Box<Rooted>>,
        repeated: bool,
    ) -> Result<Checked, HandshakeFailure> {
        use HandshakeFailure as Failure;
        let plan = &self.setup.plan;
        let info = third.frame.information;
        let needed = match plan.generation() {
            Generation::FirstWpa => Info::INSTALL,
            Generation::Rsn => Info::INSTALL.with(Info::SECURE).with(Info::ENCRYPTED),
        };
        if !info.contains(needed) {
            return Err(Failure::KeyInformation);
        }
        let key_length = plan.pairwise().key_length();
        if key_length != Some(usize::from(third.frame.key_length)) {
            return Err(Failure::KeyLength);
        }
        if plan.is_first_wpa() {
            return self.check_third_of_first_wpa(third);
        }
        let plain = third.decrypt().ok_or(Failure::KeyUnwrap)?;
        let contents = Contents::gather(plain.expose()).map_err(Failure::KeyData)?;
        if contents.second_rsne {
            return Err(Failure::SecondRsne);
        }
        match &self.setup.peer {
            Peer::Bss(link) => {
                let mut told = contents.security;
                if let Some(rooted) = rooted {
                    self.check_membership(&contents, link.advertised.rsne.as_deref(), rooted)?;
                    // But for the name of the key, it is that of the beacons.
                    told.rsne = link.advertised.rsne.as_deref();
                }
                self.compare(&link.advertised, &told, None)?;
            }
            Peer::Mld { address, links, .. } => {
                if contents.mac_address != Some(*address) {
                    return Err(Failure::OtherMld);
                }
                for (id, link) in links {
                    let told = contents.links.get(id).ok_or(Failure::LinkMissing(*id))?;
                    match told.address {
                        None => return Err(Failure::LinkMissing(*id)),
                        Some(address) if address != link.bssid => return Err(Failure::LinkAddress(*id)),
                        Some(_) => self.compare(&link.advertised, &told.security, Some(*id))?,
                    }
                }
            }
        }
        if plan.ssid_protection() && contents.ssid != Some(self.setup.ssid.octets()) {
            return Err(Failure::Ssid);
        }
        self.check_channel(&contents)?;
        let key_id = match (plan.extended_key_id(), contents.key_id) {
            (false, _) => 0,
            (true, Some(key_id @ 0..=1)) if self.index_is_free(key_id, repeated) => key_id,
            (true, _) => return Err(Failure::PairwiseIndex),
        };
        let links = self.setup.peer.accepted().map(|(link, _)| link);
        let group_keys = self.keys_of(links, &contents, sequence(third))?;
        Self::take_lifetimes(rooted, &contents);
        Ok(Checked { group_keys, key_id, transition_disable: contents.transition_disable })
    }

    /// In the first WPA, message 3 is in clear and has no keys: it repeats what the beacons say.
    fn check_third_of_first_wpa(&self, third: &Authentic<'_>) -> Result<Checked, HandshakeFailure> {
        let contents = Contents::gather(&third.frame.key_data).map_err(HandshakeFailure::KeyData)?;
        let Peer::Bss(link) = &self.setup.peer else { return Err(HandshakeFailure::OtherMld) };
        let (beacon, told) = (&link.advertised, &contents.security);
        // An AP that has RSN says so here, though somebody has kept it out of its beacons.
        if beacon.rsne.as_deref() != told.rsne {
            return Err(HandshakeFailure::Rsne(None));
        }
        if beacon.wpa.as_deref() != told.wpa {
            return Err(HandshakeFailure::FirstWpa);
        }
        Ok(Checked { group_keys: Vec::new(), key_id: 0, transition_disable: None })
    }

    /// The group key of the first WPA, which is all of the key data.
    fn check_group_of_first_wpa(
        &self,
        first: &Authentic<'_>,
    ) -> Result<(Vec<KeyRequest>, bool), HandshakeFailure> {
        use HandshakeFailure as Failure;
        if !first.frame.information.contains(Info::SECURE) {
            return Err(Failure::KeyInformation);
        }
        let plain = first.decrypt().ok_or(Failure::KeyUnwrap)?;
        let length = usize::from(first.frame.key_length);
        // What is behind it is padding.
        let octets = plain.expose().get(..length);
        let octets = octets.ok_or(Failure::GroupKeyLength(GroupKeyKind::Data, None))?;
        let key = GroupKey {
            kind: GroupKeyKind::Data,
            link: None,
            key_id: u16::from(first.frame.information.index()),
            transmit: false,
            packet_number: None,
            key: KeyOctets(octets),
        };
        Ok((self.group_key(&key, sequence(first))?.into_iter().collect(), false))
    }

    /// All group keys of some links, each of which must have those that were negotiated.
    pub(super) fn keys_of(
        &self,
        links: impl Iterator<Item = Option<LinkId>>,
        contents: &Contents<'_>,
        sequence: [u8; 6],
    ) -> Result<Vec<KeyRequest>, HandshakeFailure> {
        let plan = &self.setup.plan;
        let mut group_keys = Vec::new();
        for link in links {
            let needed = [
                (GroupKeyKind::Data, plan.group() != Cipher::GroupNotAllowed),
                (GroupKeyKind::Integrity, plan.group_management().is_some()),
                (GroupKeyKind::Beacon, false),
            ];
            for (kind, needed) in needed {
                let of_kind = contents.group_keys.iter().filter(|key| key.link == link && key.kind == kind);
                let before = group_keys.len();
                for key in of_kind {
                    group_keys.extend(self.group_key(key, sequence)?);
                }
                if needed && group_keys.len() == before {
                    return Err(HandshakeFailure::GroupKeyMissing(kind, link));
                }
            }
        }
        Ok(group_keys)
    }

    /// The keys that a reconfiguration brings for the links that it adds.
    pub(super) fn check_added(
        &self,
        links: impl Iterator<Item = LinkId>,
        key_data: &Secret,
    ) -> Result<Vec<KeyRequest>, HandshakeFailure> {
        let contents = Contents::gather(key_data.expose()).map_err(HandshakeFailure::KeyData)?;
        self.keys_of(links.map(Some), &contents, [0; 6])
    }

    /// The keys of a group message 1 for the links that are in use, and whether it has keys of others.
    pub(super) fn check_group(
        &self,
        first: &Authentic<'_>,
    ) -> Result<(Vec<KeyRequest>, bool), HandshakeFailure> {
        use HandshakeFailure as Failure;
        if self.setup.plan.is_first_wpa() {
            return self.check_group_of_first_wpa(first);
        }
        if !first.frame.information.contains(Info::SECURE.with(Info::ENCRYPTED)) {
            return Err(Failure::KeyInformation);
        }
        let plain = first.decrypt().ok_or(Failure::KeyUnwrap)?;
        let contents = Contents::gather(plain.expose()).map_err(Failure::KeyData)?;
        self.check_channel(&contents)?;
        let mut keys = Vec::new();
        let mut other = false;
        for key in &contents.group_keys {
            // Keys of links that are gone are in order, and of no use.
            if self.setup.peer.accepted().any(|(link, _)| link == key.link) {
                keys.extend(self.group_key(key, sequence(first))?);
            } else {
                other = true;
            }
        }
        if contents.group_keys.is_empty() {
            return Err(Failure::GroupKeyMissing(GroupKeyKind::Data, None));
        }
        Ok((keys, other))
    }

    /// An index is free if it is not that of the pairwise key in use; a repeated message 3 names its own.
    fn index_is_free(&self, key_id: u8, repeated: bool) -> bool {
        match &self.state {
            State::Established { keys: Established { key_id: used, .. }, .. } => {
                repeated == (*used == key_id)
            }
            _ => true,
        }
    }

    fn compare(
        &self,
        beacon: &Advertised,
        told: &SecurityElements<'_>,
        link: Option<LinkId>,
    ) -> Result<(), HandshakeFailure> {
        if beacon.rsne.as_deref() != told.rsne {
            return Err(HandshakeFailure::Rsne(link));
        }
        if beacon.rsnxe.as_deref() != told.rsnxe {
            return Err(HandshakeFailure::Rsnxe(link));
        }
        // An AP repeats its override elements only to stations that know them.
        let overrides = beacon.rsne_override.as_deref() == told.rsne_override
            && beacon.rsne_override2.as_deref() == told.rsne_override2
            && beacon.rsnxe_override.as_deref() == told.rsnxe_override;
        if self.setup.plan.overriding && !overrides {
            return Err(HandshakeFailure::Override(link));
        }
        Ok(())
    }

    /// Operating channel validation: the channel told must be that of a link in use.
    fn check_channel(&self, contents: &Contents<'_>) -> Result<(), HandshakeFailure> {
        let told = contents.operating_channel;
        if !self.setup.plan.operating_channel_validation() {
            return Ok(());
        }
        let mut own = self.setup.peer.accepted().filter_map(|(_, link)| link.channel);
        match told {
            Some(told) if own.any(|own| reaches(own, told)) => Ok(()),
            _ => Err(HandshakeFailure::OperatingChannel),
        }
    }

    /// The request to install a group key; nothing for a key that was not negotiated.
    fn group_key(
        &self,
        key: &GroupKey<'_>,
        sequence: [u8; 6],
    ) -> Result<Option<KeyRequest>, HandshakeFailure> {
        let plan = &self.setup.plan;
        let (cipher, indices, kind) = match key.kind {
            GroupKeyKind::Data => {
                let group = Some(plan.group()).filter(|group| *group != Cipher::GroupNotAllowed);
                (group, 0..=3, KeyKind::Group)
            }
            GroupKeyKind::Integrity => (plan.group_management(), 4..=5, KeyKind::Integrity),
            GroupKeyKind::Beacon => {
                (plan.group_management().filter(|_| plan.beacon_protection()), 6..=7, KeyKind::Beacon)
            }
        };
        let Some(cipher) = cipher else { return Ok(None) };
        if cipher.key_length() != Some(key.key.0.len()) {
            return Err(HandshakeFailure::GroupKeyLength(key.kind, key.link));
        }
        let index = u8::try_from(key.key_id).ok().filter(|index| indices.contains(index));
        let index = index.ok_or(HandshakeFailure::GroupKeyIndex(key.kind, key.link))?;
        let sequence = key.packet_number.unwrap_or(sequence);
        let octets = of_supplicant(cipher, key.key.0);
        Ok(Some(KeyRequest { kind, link: key.link, index, cipher, key: octets, sequence }))
    }

    pub(super) fn pairwise_key(&self, ptk: &Ptk, index: u8) -> KeyRequest {
        let receive_only = self.setup.plan.extended_key_id();
        KeyRequest {
            kind: KeyKind::Pairwise { peer: self.setup.peer.address(), receive_only },
            link: None,
            index,
            cipher: self.setup.plan.pairwise(),
            key: of_supplicant(self.setup.plan.pairwise(), ptk.tk.expose()),
            sequence: [0; 6],
        }
    }
}

/// A key as the kernel takes it of a supplicant. With TKIP the two keys of Michael follow that of the cipher, first the one
/// that the authenticator sends with; the kernel wants the one first that we send with.
fn of_supplicant(cipher: Cipher, key: &[u8]) -> Secret {
    match key.split_at_checked(16) {
        Some((key, michael)) if cipher == Cipher::Tkip => {
            let (authenticator, supplicant) = michael.split_at(michael.len() / 2);
            Secret::from_vec([key, supplicant, authenticator].concat())
        }
        _ => Secret::new(key),
    }
}

/// The packet number of a group key that its KDE does not have: the frame does.
const fn sequence(frame: &Authentic<'_>) -> [u8; 6] {
    let [a, b, c, d, e, f, _, _] = frame.frame.receive_sequence;
    [a, b, c, d, e, f]
}
