//! The station's side of the exchange.

use super::{
    Hierarchy, Membership, TransitionFailure as Failure,
    elements::{Read, Sealed, bare, names, unwrap, with_name},
};
use crate::{
    Entropy, Secret,
    crypto::{
        ft::{Message, PmkR1},
        keys::{KeySchedule, Ptk, PtkInput},
    },
    entropy::random,
    kernel::KeyRequest,
    rsn::{Advertised, Peer, Plan, Supplicant, supplicant},
    time::Duration,
};
use alloc::{sync::Arc, vec, vec::Vec};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Elements, ft::FtSubelement},
    kde::GroupKeyKind,
};

/// Where a transition leads, and by which keys.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Setup {
    /// The network.
    pub ssid: Ssid,
    /// The keys of the mobility domain.
    pub hierarchy: Hierarchy,
    /// What was negotiated with the AP to go to.
    pub plan: Plan,
    /// What its beacons say of security.
    pub advertised: Advertised,
    /// Its address.
    pub bssid: MacAddr,
    /// Our address.
    pub station: MacAddr,
}

/// What the exchange has come to.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Step {
    /// The AP was asked.
    Asked,
    /// It has agreed: the reassociation is out.
    Agreed { anonce: [u8; 32], key: PmkR1, r1kh: MacAddr, ptk: Ptk },
}

/// An exchange with the AP to go to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Transition {
    setup: Arc<Setup>,
    snonce: [u8; 32],
    step: Step,
}

/// A transition that succeeded.
pub struct Finished {
    /// The key machine of the new association: no handshake is needed.
    pub supplicant: Supplicant,
    /// The keys to install, in this order, now that the kernel is associated.
    pub keys: Vec<KeyRequest>,
}

impl Transition {
    /// Whether these keys lead to a BSS: it must be of the same domain, and use the same kind of keys.
    #[must_use]
    pub fn is_possible(hierarchy: &Hierarchy, ssid: &Ssid, plan: &Plan, station: MacAddr) -> bool {
        let holder = hierarchy.holder();
        plan.akm() == hierarchy.akm()
            && plan.mobility_domain().is_some_and(|domain| domain.id == holder.domain)
            && *ssid == holder.ssid
            && station == holder.station
            // Which of several RSNEs the AP would repeat is nowhere said.
            && plan.selection().is_none()
    }

    /// Begins: the elements of the Authentication frame, or of the request over the distribution system.
    #[must_use]
    pub fn begin(setup: Setup, entropy: &mut (impl Entropy + ?Sized)) -> Option<(Self, Vec<u8>)> {
        let snonce = random(entropy);
        let rsne = with_name(&setup.plan.rsne(), setup.hierarchy.root().name())?;
        // The length of the key for one AP is that of the root.
        let key = setup.hierarchy.key_for(setup.bssid)?;
        let schedule = KeySchedule::of(setup.plan.akm(), key.key.expose().len())?;
        let r0kh = FtSubelement::R0kh(setup.hierarchy.holder().r0kh.clone());
        let element = bare(&schedule, ([0; 32], snonce), vec![r0kh]);
        let mut elements = rsne;
        elements.extend(setup.plan.mobility_domain_octets().unwrap_or_default());
        elements.extend(super::elements::whole(&element));
        Some((Self { setup: Arc::new(setup), snonce, step: Step::Asked }, elements))
    }

    /// Where it leads.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// How long after the AP's answer the reassociation may come, if the domain has said so.
    #[must_use]
    pub fn reassociation_deadline(&self) -> Option<Duration> {
        self.setup.hierarchy.reassociation_deadline
    }

    /// The AP's answer: the elements of the reassociation request.
    ///
    /// # Errors
    /// The rule that the answer breaks. Anybody can have sent it.
    pub fn answered(&mut self, octets: &[u8]) -> Result<Vec<u8>, Failure> {
        if self.step != Step::Asked {
            return Err(Failure::OutOfOrder);
        }
        let setup = &self.setup;
        let read = Read::of(Elements::new(octets))?;
        self.check(&read)?;
        if names(setup.advertised.rsne.as_deref(), Some(read.rsne))? != setup.hierarchy.root().name() {
            return Err(Failure::KeyName);
        }
        let anonce = read.element.anonce;
        if anonce == [0; 32] {
            return Err(Failure::ApNonce);
        }
        let r1kh = read.r1kh.ok_or(Failure::R1Holder)?;
        let key = setup.hierarchy.key_for(r1kh).ok_or(Failure::NoKey)?;
        let input =
            PtkInput { authenticator: setup.bssid, supplicant: setup.station, anonce, snonce: self.snonce };
        let plan = &setup.plan;
        let ptk = Ptk::derive(plan.akm(), &key.key, plan.pairwise(), &input, false).ok_or(Failure::NoKey)?;
        let r0kh = FtSubelement::R0kh(setup.hierarchy.holder().r0kh.clone());
        let element = bare(&ptk.schedule, (anonce, self.snonce), vec![FtSubelement::R1kh(r1kh.0), r0kh]);
        let sealed = Sealed { station: setup.station, ap: setup.bssid, ptk: &ptk, message: Message::Request };
        let rsne = with_name(&plan.rsne(), key.name).ok_or(Failure::Rsne)?;
        let rsnxe = plan.rsnxe();
        let mobility_domain = plan.mobility_domain_octets().unwrap_or_default();
        let elements =
            sealed.seal(&rsne, mobility_domain, element, rsnxe.as_deref()).ok_or(Failure::NoKey)?;
        self.step = Step::Agreed { anonce, key, r1kh, ptk };
        Ok(elements)
    }

    /// What both answers of the AP have in common.
    fn check(&self, read: &Read<'_>) -> Result<(), Failure> {
        let holder = self.setup.hierarchy.holder();
        if read.domain != holder.domain
            || Some(read.mobility_domain) != self.setup.plan.mobility_domain_octets()
        {
            return Err(Failure::MobilityDomain);
        }
        if read.element.snonce != self.snonce {
            return Err(Failure::StationNonce);
        }
        if read.r0kh.as_ref() != Some(&holder.r0kh) {
            return Err(Failure::R0Holder);
        }
        Ok(())
    }

    /// The reassociation was granted: the keys, and the machine that goes on with them.
    ///
    /// # Errors
    /// The rule that the response breaks.
    pub fn finish(
        self,
        response: &[u8],
        can_replace_pairwise: bool,
        told: bool,
    ) -> Result<Finished, Failure> {
        let elements = Elements::new(response);
        let read = Read::of(elements)?;
        let Step::Agreed { anonce, key, r1kh, ptk } = &self.step else { return Err(Failure::OutOfOrder) };
        let setup = &*self.setup;
        self.check(&read)?;
        if read.element.anonce != *anonce {
            return Err(Failure::ApNonce);
        }
        if read.r1kh != Some(*r1kh) {
            return Err(Failure::R1Holder);
        }
        let sealed = Sealed { station: setup.station, ap: setup.bssid, ptk, message: Message::Response };
        sealed.verify(&read)?;
        // From here on the AP has proved to have sent it.
        if names(setup.advertised.rsne.as_deref(), Some(read.rsne))? != key.name {
            return Err(Failure::KeyName);
        }
        let announced = setup.advertised.rsnxe.as_deref();
        match (announced, read.rsnxe) {
            // An AP repeats it to those that have one.
            (Some(_), None) if setup.plan.rsnxe().is_none() => {}
            (announced, told) if announced == told => {}
            _ => return Err(Failure::Rsnxe),
        }
        let group_keys = group_keys(&ptk.kek, &read.element.subelements)?;
        let membership = Membership {
            domain: read.domain,
            r0kh: setup.hierarchy.holder().r0kh.clone(),
            r1kh: *r1kh,
            mobility_domain: read.mobility_domain.to_vec(),
            fast_transition: super::elements::whole(&read.element),
        };
        let link = super::super::Link {
            bssid: setup.bssid,
            station: setup.station,
            advertised: setup.advertised.clone(),
            channel: None,
            accepted: true,
        };
        let handshake = supplicant::Setup {
            ssid: setup.ssid.clone(),
            peer: Peer::Bss(link),
            plan: setup.plan.clone(),
            candidates: Vec::new(),
            can_replace_pairwise,
            protection_is_told: told,
            membership: Some(membership),
        };
        let (supplicant, keys) =
            Supplicant::transitioned(handshake, ptk, *anonce, setup.hierarchy.clone(), &group_keys)?;
        Ok(Finished { supplicant, keys })
    }
}

/// A group key of a response: its kind, its number, how far it is, and itself.
pub(in crate::rsn) type Unwrapped = (GroupKeyKind, u16, [u8; 6], Secret);

fn group_keys(kek: &Secret, subelements: &[FtSubelement]) -> Result<Vec<Unwrapped>, Failure> {
    let mut keys = Vec::new();
    for subelement in subelements {
        keys.push(match subelement {
            FtSubelement::Gtk(gtk) => {
                let [a, b, c, d, e, f, _, _] = gtk.rsc;
                let key = unwrap(kek, &gtk.wrapped_key, gtk.key_length)?;
                (GroupKeyKind::Data, gtk.key_info & 3, [a, b, c, d, e, f], key)
            }
            FtSubelement::Igtk(igtk) => {
                let key = unwrap(kek, &igtk.wrapped_key, igtk.key_length)?;
                (GroupKeyKind::Integrity, igtk.key_id, igtk.ipn, key)
            }
            FtSubelement::Bigtk(bigtk) => {
                let key = unwrap(kek, &bigtk.wrapped_key, bigtk.key_length)?;
                (GroupKeyKind::Beacon, bigtk.key_id, bigtk.ipn, key)
            }
            _ => continue,
        });
    }
    Ok(keys)
}
