//! Fast BSS transition: the keys of a mobility domain, which the first handshake makes, and the machine that goes on
//! after a transition, which needs none.

use super::{
    super::{
        contents::Contents,
        ft::{self, Hierarchy},
    },
    Established, HandshakeFailure, Port, Setup, State, Supplicant,
};
use crate::{
    Secret,
    crypto::{
        ft::PmkR1,
        kdf::Hash,
        keys::{Pmk, Ptk},
    },
    kernel::KeyRequest,
    time::Duration,
};
use alloc::{boxed::Box, vec::Vec};
use lapwing_frames::{
    element::{Element, TimeoutInterval, TimeoutKind},
    kde::{GroupKey, GroupKeyKind, KeyOctets},
};

/// 1,024 µs.
const TIME_UNIT: Duration = Duration::from_micros(1024);

/// What a message 1 leads to in a mobility domain.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Rooted {
    pub(super) hierarchy: Hierarchy,
    pub(super) key: PmkR1,
}

impl Supplicant {
    /// The keys of the mobility domain, once the handshake has proved them.
    #[must_use]
    pub fn hierarchy(&self) -> Option<&Hierarchy> {
        match &self.state {
            State::Established { keys, .. } => keys.rooted.as_ref().map(|rooted| &rooted.hierarchy),
            State::First | State::Third(_) | State::Broken(_) => None,
        }
    }

    /// What a PMK leads to in the mobility domain of the association, if it is in one: those of a transition, or of
    /// an earlier handshake, stand.
    pub(super) fn rooted(&self, pmk: Option<&Pmk>) -> Option<Box<Rooted>> {
        if let State::Established { keys, .. } = &self.state
            && let Some(rooted) = &keys.rooted
        {
            return Some(rooted.clone());
        }
        let membership = self.setup.membership.as_ref()?;
        let (akm, station) = (self.setup.plan.akm(), self.setup.peer.station());
        let hierarchy = Hierarchy::new(akm, pmk?, &self.setup.ssid, membership, station)?;
        let key = hierarchy.key_for(membership.r1kh)?;
        Some(Box::new(Rooted { hierarchy, key }))
    }

    /// What message 2 says of us: with the name of the key and what the response said, in a mobility domain.
    pub(super) fn own_elements(&self, rooted: Option<&Rooted>) -> Vec<u8> {
        let plan = &self.setup.plan;
        let (Some(rooted), Some(membership)) = (rooted, &self.setup.membership) else {
            return plan.association_elements();
        };
        let mut elements = ft::with_name(&plan.rsne(), rooted.key.name).unwrap_or_default();
        elements.extend_from_slice(&membership.mobility_domain);
        elements.extend_from_slice(&membership.fast_transition);
        elements.extend(plan.rsnxe().unwrap_or_default());
        elements.extend(plan.rsn_selection().unwrap_or_default());
        elements
    }

    /// Message 3 must name the key, and repeat what the response said of the mobility domain.
    pub(super) fn check_membership(
        &self,
        contents: &Contents<'_>,
        beacon: Option<&[u8]>,
        rooted: &Rooted,
    ) -> Result<(), HandshakeFailure> {
        let Some(membership) = &self.setup.membership else { return Ok(()) };
        let told = contents.security.rsne;
        if ft::names(beacon, told).map_err(|_| HandshakeFailure::Rsne(None))? != rooted.key.name {
            return Err(HandshakeFailure::MobilityDomain);
        }
        let same = contents.mobility_domain == Some(&membership.mobility_domain[..])
            && contents.fast_transition == Some(&membership.fast_transition[..]);
        if same { Ok(()) } else { Err(HandshakeFailure::MobilityDomain) }
    }

    /// After a transition: a machine that has its keys, which are not installed yet, and which those are. `told` are
    /// the group keys that came with the response.
    pub(in crate::rsn) fn transitioned(
        setup: Setup,
        ptk: &Ptk,
        anonce: [u8; 32],
        hierarchy: Hierarchy,
        told: &[(GroupKeyKind, u16, [u8; 6], Secret)],
    ) -> Result<(Self, Vec<KeyRequest>), HandshakeFailure> {
        let mut supplicant = Self::new(setup);
        let pairwise = supplicant.pairwise_key(ptk, 0);
        let contents = Contents {
            group_keys: told
                .iter()
                .map(|(kind, key_id, sequence, key)| GroupKey {
                    kind: *kind,
                    link: None,
                    key_id: *key_id,
                    transmit: false,
                    packet_number: Some(*sequence),
                    key: KeyOctets(key.expose()),
                })
                .collect(),
            ..Contents::default()
        };
        let group_keys = supplicant.keys_of([None].into_iter(), &contents, [0; 6])?;
        let mut keys = Vec::from([pairwise]);
        keys.extend(group_keys.into_iter().filter(|key| supplicant.ledger.enter(key)));
        let rooted = supplicant.setup.membership.as_ref().and_then(|membership| {
            let key = hierarchy.key_for(membership.r1kh)?;
            Some(Box::new(Rooted { hierarchy, key }))
        });
        let print = Hash::Sha256.digest(&[ptk.tk.expose()]).to_vec();
        let ptk = Ptk { tk: Secret::default(), ..ptk.clone() };
        supplicant.state = State::Established {
            keys: Established { anonce, ptk, print, key_id: 0, rooted },
            rekeying: None,
            port: Port::Open,
        };
        Ok((supplicant, keys))
    }

    /// Takes what message 3 says about how long the keys of the domain are good for.
    pub(super) fn take_lifetimes(rooted: &mut Option<Box<Rooted>>, contents: &Contents<'_>) {
        let Some(rooted) = rooted else { return };
        for octets in &contents.timeouts {
            match TimeoutInterval::parse(octets) {
                Ok(TimeoutInterval { kind: TimeoutKind::ReassociationDeadline, value, .. }) => {
                    rooted.hierarchy.reassociation_deadline = Some(TIME_UNIT.saturating_mul(value));
                }
                Ok(TimeoutInterval { kind: TimeoutKind::KeyLifetime, value, .. }) => {
                    rooted.hierarchy.lifetime = Some(Duration::from_secs(value.into()));
                }
                _ => {}
            }
        }
    }
}
