//! Authentication frames (802.11-2020 11.3.4, 12.4.8): open system and SAE.

use super::{
    AUTHENTICATED, AccessPoint, At, UNASSOCIATED,
    client::{Authentication, Client, Proof},
    mobility::Message,
    vocabulary::{Action as Deed, Report, Request},
};
use crate::{
    Instant, Means,
    crypto::keys::{Pmk, Pmkid},
    curve::Curves,
    pmksa::Key,
    rsn::Candidate,
    sae::{
        Method, SaeAuthenticator,
        authenticator::{Action, Configuration},
    },
};
use alloc::vec::Vec;
use lapwing_frames::{
    LinkId, MacAddr,
    element::{Element, Elements, MultiLink},
    management::{self, AuthenticationAlgorithm, Body, StatusCode},
};

/// How an MLD shows itself in a frame of SAE, where fields of other lengths stand in front: by an element at the
/// end with nothing but its address.
const MLD_ELEMENT: [u8; 6] = [0xff, 0x0a, 0x6b, 0, 0, 7];

/// The MLD address that an Authentication frame carries, if an MLD sent it.
#[must_use]
pub fn mld_address(frame: &management::Authentication) -> Option<MacAddr> {
    let elements = match frame.elements() {
        Some(elements) => elements,
        None => {
            let start = frame.payload.len().checked_sub(MLD_ELEMENT.len() + 6)?;
            Elements::new(frame.payload.get(start..).filter(|end| end.starts_with(&MLD_ELEMENT))?)
        }
    };
    let element = elements.find::<MultiLink>().ok()??;
    Some(element.basic()?.common.mld_address)
}

/// Who authenticates, and where.
pub(super) struct Whom {
    pub(super) own: MacAddr,
    pub(super) is_mld: bool,
    pub(super) link: Option<LinkId>,
    pub(super) address: MacAddr,
}

impl Whom {
    /// An authentication that is good for a while.
    pub(super) fn proved(&self, now: Instant, proof: Proof) -> Authentication {
        let Self { own, is_mld, link, address } = *self;
        Authentication { proof, own, is_mld, link, address, until: now + AUTHENTICATED }
    }
}

impl AccessPoint {
    pub(super) fn on_authentication(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        at: &At,
        frame: &management::Authentication,
    ) {
        let from = at.header.transmitter;
        // An AP that is no MLD does not know the element.
        let own_mld = self.setup.structure.mld_address();
        let mld = own_mld.and_then(|_| mld_address(frame));
        let address = self.link_address(at);
        // A plain client is known by that, whatever the device was before and the kernel takes it for.
        let (station, is_mld) = (mld.unwrap_or(address), mld.is_some());
        let Some(own) = (if is_mld { own_mld } else { self.bssid(at.link) }) else { return };
        if station.is_group() || station.is_zero() || self.is_ours(station) {
            return self.ignore(from, "its address is impossible");
        }
        let whom = Whom { own, is_mld, link: at.link, address };
        let authentication = |proof| whom.proved(now, proof);
        match frame.algorithm {
            AuthenticationAlgorithm::Open if frame.transaction == 1 => {
                self.answer_authentication(at, frame, StatusCode::Success, is_mld);
                self.authenticated(station, authentication(Proof::Open));
            }
            AuthenticationAlgorithm::Open => self.ignore(from, "it answers, but was asked nothing"),
            AuthenticationAlgorithm::FastTransition
                if frame.transaction == 1 && !is_mld && self.setup.mobility.is_some() =>
            {
                self.on_transition(now, means, at, (station, &whom), frame);
            }
            AuthenticationAlgorithm::Sae if self.does_sae() => {
                let Some(sae) = self.sae_machine(own, means.curves) else { return };
                for action in sae.handle(now, means, station, frame) {
                    match action {
                        Action::Send(_, mut answer) => {
                            if is_mld {
                                MultiLink::address_only(own).write(&mut answer.payload);
                            }
                            self.reply(at, Body::Authentication(answer));
                        }
                        Action::Accepted { peer, akm, pmk, pmkid } => {
                            let Some(key) = Pmk::new(pmk.clone()) else { continue };
                            let pmkid = Pmkid(pmkid);
                            self.remember(now, self.pmksa_key(peer, own, akm), pmkid, key.clone());
                            if self.setup.shares_pmksas {
                                let candidate = Candidate { pmkid: Some(pmkid), pmk: key };
                                self.out.push(Deed::Tell(Message::Pmksa { station: peer, akm, candidate }));
                            }
                            self.authenticated(peer, authentication(Proof::Sae { akm, pmkid, pmk }));
                        }
                    }
                }
            }
            _ => {
                let status = StatusCode::UnsupportedAuthenticationAlgorithm;
                self.answer_authentication(at, frame, status, is_mld);
            }
        }
    }

    /// What a PMKSA of ours belongs to.
    pub(super) fn pmksa_key(&self, station: MacAddr, own: MacAddr, akm: lapwing_frames::suite::Akm) -> Key {
        Key { station, authenticator: own, ssid: self.setup.ssid.clone(), akm }
    }

    pub(super) fn remember(&mut self, now: Instant, key: Key, pmkid: Pmkid, pmk: Pmk) {
        self.pmksas.insert(now, key, pmkid, pmk, self.setup.pmksa_lifetime);
    }

    fn does_sae(&self) -> bool {
        self.setup.security.as_ref().is_some_and(|security| security.akms.iter().any(|akm| akm.is_sae()))
    }

    /// The machine of SAE in which we have this address.
    fn sae_machine(&mut self, own: MacAddr, curves: &dyn Curves) -> Option<&mut SaeAuthenticator> {
        let security = self.setup.security.as_ref()?;
        Some(self.sae.entry(own).or_insert_with(|| {
            let mut passwords = security.passwords.clone();
            if security.methods.contains(&Method::HashToElement) {
                // Once, and not for each that comes.
                for password in &mut passwords {
                    security.groups.iter().for_each(|group| password.prepare(curves, *group));
                }
            }
            SaeAuthenticator::new(Configuration {
                own,
                akms: security.akms.iter().copied().filter(|akm| akm.is_sae()).collect(),
                groups: security.groups.clone(),
                methods: security.methods.clone(),
                passwords,
                token_threshold: security.token_threshold,
            })
        }))
    }

    fn answer_authentication(
        &mut self,
        at: &At,
        asked: &management::Authentication,
        status: StatusCode,
        is_mld: bool,
    ) {
        let mut payload = Vec::new();
        if let (true, Some(own)) = (is_mld, self.setup.structure.mld_address()) {
            MultiLink::address_only(own).write(&mut payload);
        }
        let transaction = asked.transaction.saturating_add(1);
        let answer = management::Authentication { algorithm: asked.algorithm, transaction, status, payload };
        self.reply(at, Body::Authentication(answer));
    }

    /// A station authenticated. If it is associated with protected frames, that association stands for now: the
    /// frame may not be its own (802.11-2020 11.3.4.4).
    pub(super) fn authenticated(&mut self, station: MacAddr, authentication: Authentication) {
        self.report(Report::Authenticated(station));
        match self.clients.get_mut(station) {
            Some(Client::Associated(association)) if association.is_protected() => {
                association.again = Some(authentication);
            }
            Some(Client::Associated(_)) => {
                self.ask(Request::RemoveStation { station });
                self.clients.insert(station, Client::Authenticated(authentication));
                self.has_group_keys(station);
            }
            Some(Client::Authenticated(known)) => *known = authentication,
            None => {
                self.make_room();
                self.clients.insert(station, Client::Authenticated(authentication));
            }
        }
    }

    /// Forgets the one whose authentication ends first, if there are many that only authenticated.
    fn make_room(&mut self) {
        if let Some(station) = self.clients.first_of(self.setup.capacity().max(UNASSOCIATED)) {
            self.clients.remove(station);
        }
    }
}
