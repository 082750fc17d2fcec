//! (Re)Association requests (802.11-2020 11.3.5, 12.6.10; 802.11be 35.3.5): what is asked, what is granted, and
//! the machine that comes of it.

use super::{
    AUTHENTICATED, AccessPoint, At,
    client::{Association, Authentication, Client, Port, Proof, Told},
    setup::{FrameProtection, Security},
    vocabulary::{NewStation, Report, Request},
};
use crate::{
    Duration, Instant, Means,
    crypto::keys::{Pmk, Pmkid, Ptk},
    kernel::{KeyKind, KeyRequest},
    owe,
    rsn::{
        Candidate, Link, Peer,
        authenticator::{self, Authenticator},
        ft::{Hierarchy, Membership},
    },
};
use alloc::{boxed::Box, collections::BTreeMap, vec, vec::Vec};
use core::mem::take;
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{
        Element, Elements, MobilityDomain, MultiLink, OweDhParameter, Rsn, RsnCapabilities, RsnSelection,
        Rsnx, RsnxCapability, inheritance::inherit, multi_link::ProfileKind,
    },
    management::{
        AssociationId, AssociationResponse, Body, CapabilityInformation, Departure, Management, ReasonCode,
        StatusCode,
    },
    suite::{Akm, Cipher},
};

/// How long the acknowledgement of a response is waited for. Drivers tell within the time of a few repetitions; of
/// those that never do, the handshake is but so much later.
const ACKNOWLEDGEMENT: Duration = Duration::from_millis(200);

/// A link that was asked for.
struct AskedLink {
    /// The client's address there.
    address: MacAddr,
    /// The answer.
    status: StatusCode,
    /// What the client says of itself there, if it is not the link of the frame.
    elements: Vec<u8>,
}

/// The links that were asked for; none of a plain client.
type Links = BTreeMap<LinkId, AskedLink>;

/// What a client will have if it is associated.
struct Granted {
    links: Links,
    keys: Option<GrantedKeys>,
    /// Elements for the response.
    elements: Vec<u8>,
}

/// What goes into its handshake.
struct GrantedKeys {
    akm: Akm,
    pairwise: Cipher,
    capabilities: RsnCapabilities,
    frame_protection: bool,
    candidates: Vec<Candidate>,
    announced: Option<Pmkid>,
    /// What the response says of the mobility domain, in one.
    membership: Option<Membership>,
    /// The keys of a transition.
    fast: Option<(Ptk, Hierarchy)>,
}

/// The PMK of a client, and what goes with it.
struct Proved {
    candidate: Candidate,
    announced: Option<Pmkid>,
    /// Elements for the response.
    elements: Vec<u8>,
}

impl AccessPoint {
    pub(super) fn on_association(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        at: &At,
        (capability, listen_interval, octets): (CapabilityInformation, u16, &[u8]),
        reassociation: bool,
    ) {
        let asker = self.asker(at);
        if let Some(other) = asker.and_then(|station| self.in_the_way_of(station)) {
            let Some(association) = self.association(other) else { return };
            if association.is_protected() {
                return self.query(now, means, at, other, reassociation);
            }
            self.drop_client(other, "its address is another client's now");
        }
        if let Some(station) = asker.filter(|_| reassociation)
            && let Some(granted) = self.granted_before(station, octets)
        {
            // It did not hear the response. The keys are in use, and are not installed again.
            let Some(association) = self.association(station) else { return };
            let id = AssociationId::new(association.id);
            let elements = [self.response_elements(at.link), granted].concat();
            return self.respond(at, true, (StatusCode::Success, id), elements);
        }
        let known = asker.and_then(|station| Some((station, self.clients.get(station)?)));
        let (station, authentication) = match known {
            Some((station, Client::Authenticated(authentication))) => (station, authentication.clone()),
            Some((station, Client::Associated(association))) if association.is_protected() => {
                match &association.again {
                    // The request proves that it is the client: it need not be asked.
                    Some(again) if self.transits(station) => (station, again.clone()),
                    _ => return self.query(now, means, at, station, reassociation),
                }
            }
            // The response was lost, or it changes its mind.
            Some((station, Client::Associated(association))) => (station, association.authentication.clone()),
            None => {
                let reason = ReasonCode::NotAuthenticated;
                return self.reply(at, Body::Deauthentication(Departure { reason, elements: vec![] }));
            }
        };
        let elements = Elements::new(octets);
        match self.judge(now, means, at, (station, &authentication), elements) {
            Err(status) => {
                let id = AssociationId::new(0);
                self.respond(at, reassociation, (status, id), vec![]);
            }
            Ok(granted) => {
                let client =
                    NewClient { station, authentication, capability, listen_interval, elements, granted };
                self.associate(now, at, client, reassociation);
            }
        }
    }

    /// What was granted to a client that came by a transition, if this is its request once more.
    fn granted_before(&self, station: MacAddr, octets: &[u8]) -> Option<Vec<u8>> {
        let association = self.association(station).filter(|association| association.port.is_open())?;
        let Proof::Fast(offer) = &association.authentication.proof else { return None };
        let granted = offer.grant(octets, &self.advertised(), &self.keys_for(association));
        granted.ok().map(|granted| granted.elements)
    }

    /// Whether an association is granted, and with what.
    fn judge(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        at: &At,
        (station, authentication): (MacAddr, &Authentication),
        elements: Elements<'_>,
    ) -> Result<Granted, StatusCode> {
        if !matches!(elements.find::<Ssid>(), Ok(Some(ssid)) if ssid == self.setup.ssid) {
            return Err(StatusCode::UnspecifiedFailure);
        }
        let links = self.judge_links(station, authentication, at, elements)?;
        let others = self.clients.associated() - usize::from(self.association(station).is_some());
        if others >= self.setup.capacity() {
            return Err(StatusCode::DeniedNoMoreStas);
        }
        let setup = self.setup.clone();
        let Some(security) = &setup.security else {
            return Ok(Granted { links, keys: None, elements: vec![] });
        };
        let rsn = match elements.find::<Rsn>() {
            Ok(Some(rsn)) => rsn,
            _ => return Err(StatusCode::InvalidElement),
        };
        let (akm, pairwise, frame_protection) = judge_suites(security, authentication.is_mld, &rsn)?;
        let keys = GrantedKeys {
            akm,
            pairwise,
            capabilities: rsn.capabilities(),
            frame_protection,
            candidates: vec![],
            announced: None,
            membership: None,
            fast: None,
        };
        if let Proof::Fast(offer) = &authentication.proof {
            let group_keys = self.keys_of(vec![at.link], false, frame_protection);
            let granted = offer.grant(elements.octets(), &self.advertised(), &group_keys)?;
            let (membership, fast) = (Some(granted.membership), Some((granted.ptk, granted.hierarchy)));
            return Ok(Granted {
                links,
                keys: Some(GrantedKeys { membership, fast, ..keys }),
                elements: granted.elements,
            });
        }
        let proved = self.prove(now, means, (station, authentication), (akm, &rsn), elements)?;
        let mut response = proved.elements;
        let membership = match &setup.mobility {
            Some(member) if akm.is_ft() => {
                match elements.find::<MobilityDomain>() {
                    Ok(Some(domain)) if domain.id == member.domain => {}
                    _ => return Err(StatusCode::InvalidMde),
                }
                let length = proved.candidate.pmk.expose().len();
                let membership = member.membership(authentication.own, akm, length);
                let membership = membership.ok_or(StatusCode::InvalidAkm)?;
                response.extend_from_slice(&membership.mobility_domain);
                response.extend_from_slice(&membership.fast_transition);
                Some(membership)
            }
            _ if akm.is_ft() => return Err(StatusCode::InvalidAkm),
            _ => None,
        };
        let (candidates, announced) = (vec![proved.candidate], proved.announced);
        let keys = GrantedKeys { candidates, announced, membership, ..keys };
        Ok(Granted { links, keys: Some(keys), elements: response })
    }

    /// The PMK that the client must have, by its AKM and by how it authenticated.
    fn prove(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        (station, authentication): (MacAddr, &Authentication),
        (akm, rsn): (Akm, &Rsn),
        elements: Elements<'_>,
    ) -> Result<Proved, StatusCode> {
        let setup = self.setup.clone();
        let security = setup.security.as_ref().ok_or(StatusCode::InvalidAkm)?;
        let of_pmksa = |pmkid, pmk| Proved {
            candidate: Candidate { pmkid: Some(pmkid), pmk },
            announced: Some(pmkid),
            elements: vec![],
        };
        if akm.is_psk() {
            let pmk = security.psk.clone().ok_or(StatusCode::InvalidAkm)?;
            let candidate = Candidate { pmkid: None, pmk };
            return Ok(Proved { candidate, announced: None, elements: vec![] });
        }
        let named = rsn.pmkids().first().copied().map(Pmkid);
        let key = self.pmksa_key(station, authentication.own, akm);
        let cached = named.and_then(|pmkid| self.pmksas.find_named(now, &key, pmkid));
        match (&authentication.proof, cached) {
            (Proof::Sae { akm: proved, pmkid, pmk }, _) => {
                let pmk = Pmk::new(pmk.clone()).filter(|_| is_same_sae(*proved, akm));
                let pmk = pmk.ok_or(StatusCode::InvalidAkm)?;
                if *proved != akm {
                    // Its commit did not say which of the two it meant.
                    self.remember(now, key, *pmkid, pmk.clone());
                }
                Ok(of_pmksa(*pmkid, pmk))
            }
            (Proof::Fast(_), _) => Err(StatusCode::InvalidAkm),
            (Proof::Open, Some(entry)) => {
                let mut proved = of_pmksa(entry.pmkid, entry.pmk.clone());
                if akm == Akm::Owe {
                    // The PMKID in the response says that no exchange is needed (RFC 8110 4.5).
                    rsn.write(&mut proved.elements);
                }
                Ok(proved)
            }
            (Proof::Open, None) if akm == Akm::Owe => {
                let Ok(Some(parameter)) = elements.find::<OweDhParameter>() else {
                    return Err(StatusCode::InvalidElement);
                };
                let (parameter, keys) = owe::answer(means, &security.groups, &parameter)?;
                let pmk = Pmk::new(keys.pmk).ok_or(StatusCode::UnspecifiedFailure)?;
                self.remember(now, key, Pmkid(keys.pmkid), pmk.clone());
                let mut response = Vec::new();
                parameter.write(&mut response);
                // Its name follows from the exchange: message 1 need not say it.
                Ok(Proved { announced: None, elements: response, ..of_pmksa(Pmkid(keys.pmkid), pmk) })
            }
            (Proof::Open, None) if named.is_some() => Err(StatusCode::InvalidPmkid),
            (Proof::Open, None) => Err(StatusCode::InvalidAkm),
        }
    }

    /// The links that are asked for. A link that cannot be had is refused alone; a request that contradicts itself
    /// is refused whole.
    fn judge_links(
        &self,
        station: MacAddr,
        authentication: &Authentication,
        at: &At,
        elements: Elements<'_>,
    ) -> Result<Links, StatusCode> {
        let wrong = StatusCode::UnspecifiedFailure;
        if self.setup.structure.mld_address().is_none() {
            return Ok(Links::new());
        }
        if authentication.link != at.link {
            return Err(wrong);
        }
        let element = elements.find::<MultiLink>().map_err(|_| wrong)?;
        if self.bss.get(&at.link).is_some_and(|bss| bss.removal.is_some()) {
            // It may hear no beacon any more that says so, and would believe in the link for as long as it is here.
            return Err(match authentication.is_mld {
                true => StatusCode::DeniedTxLinkNotAccepted,
                false => StatusCode::RequestDeclined,
            });
        }
        let (Some(link), true) = (at.link, authentication.is_mld) else {
            return if element.is_some() { Err(wrong) } else { Ok(Links::new()) };
        };
        let Some(MultiLink::Basic(element)) = element else { return Err(wrong) };
        if elements.iter().filter(|element| element.id == MultiLink::ID).count() > 1 {
            return Err(wrong);
        }
        if element.common.mld_address != station {
            return Err(wrong);
        }
        let of_frame =
            AskedLink { address: authentication.address, status: StatusCode::Success, elements: vec![] };
        let mut links = Links::from([(link, of_frame)]);
        for (id, profile) in element.profiles_by_link().map_err(|_| wrong)? {
            let address = profile.info.address.filter(|address| !address.is_group() && !address.is_zero());
            let address = address.ok_or(wrong)?;
            let taken = links.contains_key(&id) || links.values().any(|other| other.address == address);
            if taken || self.setup.structure.bss(Some(id)).is_none() {
                return Err(wrong);
            }
            let there = self.bss.get(&Some(id)).is_some_and(|bss| bss.removal.is_none());
            let complete = profile.complete_profile(ProfileKind::Other);
            // An element about links has no place in what is said of one.
            let nested = matches!(&complete, Ok(own) if own.elements.find_raw::<MultiLink>().is_some());
            let taken = self.is_ours(address) || self.is_used_by_another(station, address);
            let own = complete.and_then(|complete| inherit(elements, complete.elements));
            let (status, elements) = match own {
                _ if !there => (StatusCode::RequestDeclined, vec![]),
                _ if nested || taken => (StatusCode::InvalidParameters, vec![]),
                Err(_) => (StatusCode::InvalidParameters, vec![]),
                Ok(elements) => (StatusCode::Success, elements),
            };
            links.insert(id, AskedLink { address, status, elements });
        }
        Ok(links)
    }

    fn associate(&mut self, now: Instant, at: &At, client: NewClient<'_>, reassociation: bool) {
        let NewClient { station, authentication, capability, listen_interval, elements, mut granted } =
            client;
        if self.association(station).is_some() {
            self.ask(Request::RemoveStation { station });
        }
        self.clients.remove(station);
        self.has_group_keys(station);
        let is_mld = authentication.is_mld;
        let accepted = granted.links.iter().filter(|(_, asked)| asked.status == StatusCode::Success);
        let accepted: BTreeMap<_, _> = accepted.map(|(id, asked)| (*id, asked.address)).collect();
        let mut association = Association {
            id: self.clients.free_id(),
            link: at.link,
            links: accepted.clone(),
            frame_protection: granted.keys.as_ref().is_some_and(|keys| keys.frame_protection),
            port: Port::Unprotected,
            told: Told::Waiting(now + ACKNOWLEDGEMENT),
            reading: None,
            reconfiguration: None,
            query: None,
            again: None,
            authentication,
        };
        self.ask(Request::AddStation(Box::new(NewStation {
            station,
            link: at.link,
            link_address: is_mld.then_some(association.authentication.address),
            association_id: AssociationId::new(association.id),
            capability,
            listen_interval,
            elements: elements.octets().to_vec(),
            frame_protection: association.frame_protection,
        })));
        for (link, address) in accepted.into_iter().filter(|(id, _)| Some(*id) != at.link) {
            let elements =
                granted.links.get_mut(&link).map(|asked| take(&mut asked.elements)).unwrap_or_default();
            self.ask(Request::AddLinkStation { station, link, address, elements });
        }
        let mut response = self.response_elements(at.link);
        if let (true, Some(link)) = (is_mld, at.link) {
            let others = granted.links.iter().filter(|(id, _)| **id != link);
            let profiles =
                others.map(|(id, asked)| self.profile(*id, &response, Some(asked.status))).collect();
            self.multi_link(link, profiles).write(&mut response);
        }
        response.extend(granted.elements);
        let id = AssociationId::new(association.id);
        self.respond(at, reassociation, (StatusCode::Success, id), response);
        self.report(Report::Associated { station, links: association.links.len() });

        if let Some(mut keys) = granted.keys {
            let fast = keys.fast.take();
            let peer = self.peer(station, &association, at, &granted.links);
            let group_keys = self.keys_for(&association);
            let Some(setup) = self.handshake(keys, peer, elements, group_keys) else { return };
            association.port = match fast {
                None => Port::Closed(Authenticator::with_packet_numbers(setup)),
                Some((ptk, hierarchy)) => {
                    self.ask(Request::InstallKey(KeyRequest {
                        kind: KeyKind::Pairwise { peer: station, receive_only: false },
                        link: None,
                        index: 0,
                        cipher: setup.pairwise,
                        key: ptk.tk.clone(),
                        sequence: [0; 6],
                    }));
                    Port::Open(Authenticator::transitioned(setup, ptk, hierarchy))
                }
            };
        }
        let open = association.port.is_open();
        self.clients.insert(station, Client::Associated(Box::new(association)));
        if open {
            self.ask(Request::AuthorizeStation { station });
            self.report(Report::Authorized(station));
        }
    }

    /// A response went out. Who did not hear it is not associated: it may ask again, and gets no key frames.
    pub(super) fn on_sent(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        request: &Request,
        acknowledged: bool,
    ) {
        let Request::SendFrame { bytes, .. } = request else { return };
        let Ok(Management { header, body }) = Management::parse_decrypted(bytes) else { return };
        let (Body::AssociationResponse(response) | Body::ReassociationResponse(response)) = body else {
            return;
        };
        let station = self.whose(header.receiver).filter(|_| response.status == StatusCode::Success);
        let Some(station) = station else { return };
        let Some(association) = self.association(station) else { return };
        if association.told == Told::Yes || association.id != response.association_id.number() {
            return;
        }
        if acknowledged {
            return self.begin_handshake(now, means, station);
        }
        let mut authentication = association.authentication.clone();
        authentication.until = now + AUTHENTICATED;
        self.ask(Request::RemoveStation { station });
        self.report(Report::Left { station, why: "it did not acknowledge the response" });
        self.forget_reads(station);
        self.clients.insert(station, Client::Authenticated(authentication));
        self.has_group_keys(station);
    }

    /// A client knows that it is associated.
    pub(super) fn begin_handshake(&mut self, now: Instant, means: &mut Means<'_>, station: MacAddr) {
        let mut outputs = Vec::new();
        if let Some(Client::Associated(association)) = self.clients.get_mut(station) {
            association.told = Told::Yes;
            if let Port::Closed(authenticator) = &mut association.port {
                authenticator.start(now, means.entropy, &mut outputs);
            }
        }
        self.follow(now, station, outputs);
    }

    fn respond(
        &mut self,
        at: &At,
        reassociation: bool,
        (status, association_id): (StatusCode, AssociationId),
        elements: Vec<u8>,
    ) {
        let response =
            AssociationResponse { capabilities: self.capability(), status, association_id, elements };
        self.reply(
            at,
            match reassociation {
                true => Body::ReassociationResponse(response),
                false => Body::AssociationResponse(response),
            },
        );
    }

    /// A link of a client, for its handshake.
    pub(super) fn peer_link(&self, id: Option<LinkId>, station: MacAddr, accepted: bool) -> Link {
        Link {
            bssid: self.bssid(id).unwrap_or_default(),
            station,
            advertised: self.advertised(),
            channel: self.bss.get(&id).and_then(|bss| bss.channel.operating_channel()),
            accepted,
        }
    }

    fn peer(&self, station: MacAddr, association: &Association, at: &At, links: &Links) -> Peer {
        match at.link {
            Some(association_link) if association.authentication.is_mld => Peer::Mld {
                address: association.authentication.own,
                station,
                association_link,
                links: links
                    .iter()
                    .map(|(id, asked)| {
                        (*id, self.peer_link(Some(*id), asked.address, asked.status == StatusCode::Success))
                    })
                    .collect(),
            },
            link => Peer::Bss(self.peer_link(link, station, true)),
        }
    }

    fn handshake(
        &self,
        keys: GrantedKeys,
        peer: Peer,
        elements: Elements<'_>,
        group_keys: Vec<KeyRequest>,
    ) -> Option<authenticator::Setup> {
        let security = self.setup.security.as_ref()?;
        let both = |ours: bool, bit| ours && keys.capabilities.contains(bit);
        let wants_ssid =
            matches!(elements.find::<Rsnx>(), Ok(Some(rsnx)) if rsnx.has(RsnxCapability::SsidProtection));
        let membership = keys.membership.and_then(|said| Some((self.setup.mobility.clone()?, said)));
        Some(authenticator::Setup {
            membership,
            ssid: self.setup.ssid.clone(),
            peer,
            akm: keys.akm,
            pairwise: keys.pairwise,
            rsne: whole::<Rsn>(elements)?,
            rsnxe: whole::<Rsnx>(elements),
            selection: whole::<RsnSelection>(elements),
            candidates: keys.candidates,
            announced: keys.announced,
            operating_channel_validation: both(security.operating_channel_validation, RsnCapabilities::OCVC),
            ssid_protection: security.ssid_protection && wants_ssid,
            extended_key_id: both(security.extended_key_id, RsnCapabilities::EXTENDED_KEY_ID),
            transition_disable: security.transition_disable,
            group_keys,
        })
    }
}

/// A client that is to be associated.
struct NewClient<'a> {
    station: MacAddr,
    authentication: Authentication,
    capability: CapabilityInformation,
    listen_interval: u16,
    elements: Elements<'a>,
    granted: Granted,
}

/// The AKM, the pairwise cipher and whether management frames are protected.
fn judge_suites(security: &Security, is_mld: bool, rsn: &Rsn) -> Result<(Akm, Cipher, bool), StatusCode> {
    if rsn.version() != Rsn::VERSION {
        return Err(StatusCode::UnsupportedRsneVersion);
    }
    if rsn.group() != security.group {
        return Err(StatusCode::InvalidGroupCipher);
    }
    let pairwise = match rsn.pairwise() {
        [one] if security.pairwise.contains(one) => *one,
        _ => return Err(StatusCode::InvalidPairwiseCipher),
    };
    let akm = match rsn.akms() {
        [one] if security.akms.contains(one) => *one,
        _ => return Err(StatusCode::InvalidAkm),
    };
    let capabilities = rsn.capabilities();
    let (capable, wanted) =
        (capabilities.contains(RsnCapabilities::MFPC), capabilities.contains(RsnCapabilities::MFPR));
    let needed =
        security.frame_protection == FrameProtection::Required || is_mld || akm.is_sae() || akm == Akm::Owe;
    let offered = security.frame_protection != FrameProtection::No;
    if (needed && !capable) || (wanted && !(capable && offered)) {
        return Err(StatusCode::RobustManagementPolicyViolation);
    }
    let frame_protection = capable && offered;
    if frame_protection && rsn.group_management() != Some(security.group_management) {
        return Err(StatusCode::CipherRejectedByPolicy);
    }
    Ok((akm, pairwise, frame_protection))
}

/// Whether an authentication by SAE for one AKM is good for another: of those of before 802.11be a commit does not say
/// whether it is for fast transitions.
const fn is_same_sae(proved: Akm, akm: Akm) -> bool {
    matches!(
        (proved, akm),
        (Akm::Sae | Akm::FtSae, Akm::Sae | Akm::FtSae)
            | (Akm::SaeExtKey, Akm::SaeExtKey)
            | (Akm::FtSaeExtKey, Akm::FtSaeExtKey)
    )
}

fn whole<E: Element>(elements: Elements<'_>) -> Option<Vec<u8>> {
    elements.find_raw::<E>().map(|element| element.octets.to_vec())
}
