//! An access point made of the real machines of the AP's side.

use lapwing_core::{
    Instant, Secret,
    crypto::keys::{Pmk, Pmkid},
    curve::Group,
    kernel::{ChannelDefinition, ChannelWidth, Frequency, KeyKind, KeyRequest},
    means::Means,
    owe,
    rsn::{
        Advertised, Candidate, Link, Peer,
        authenticator::{self, Authenticator},
    },
    sae::{
        self, Commit, Password, SaeAuthenticator,
        authenticator::{Action as SaeAction, Configuration},
    },
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        Element, ElementId, Elements, OweDhParameter, OweTransition, Rsn, RsnCapabilities, RsnSelection,
        Rsnx, RsnxCapability, security::OweTransitionChannel, write_raw,
    },
    management::{
        AssociationId, AssociationRequest, AssociationResponse, Authentication, AuthenticationAlgorithm,
        CapabilityInformation, ReasonCode, StatusCode,
    },
    suite::{Akm, Cipher},
};
use std::collections::BTreeMap;

/// What an AP does with a PMKSA that a station names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cached {
    /// Takes it up, if it has it.
    Taken,
    /// Refuses the association with status 53.
    Refused,
    /// Deauthenticates with reason 9 instead of an answer.
    Deauthenticated,
    /// Does not answer the association.
    Silent,
    /// Associates, and then never begins the handshake.
    NoHandshake,
}

/// How an AP is set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) ssid: Ssid,
    pub(crate) bssid: MacAddr,
    pub(crate) frequency: Frequency,
    pub(crate) signal_mbm: i32,
    pub(crate) akms: Vec<Akm>,
    pub(crate) passphrase: Vec<u8>,
    pub(crate) psk: [u8; 32],
    pub(crate) groups: Vec<Group>,
    /// A group whose commits it does not answer, not even with a refusal.
    pub(crate) deaf_to: Option<Group>,
    pub(crate) cached: Cached,
    pub(crate) twin: Option<(MacAddr, Ssid)>,
    pub(crate) twin_channel: Option<OweTransitionChannel>,
    pub(crate) hidden: bool,
    /// How many probes for a hidden name are lost on the way.
    pub(crate) lost_probes: u8,
    pub(crate) transition_disable: Option<u8>,
    pub(crate) token_threshold: usize,
    /// How often an association is answered with status 30, come back after that many ms.
    pub(crate) comebacks: (u8, u32),
    /// Operating channel validation.
    pub(crate) validates_channel: bool,
    pub(crate) width: ChannelWidth,
    /// The cipher of what goes to everybody.
    pub(crate) group: Cipher,
    /// What else its beacons have.
    pub(crate) elements: Vec<u8>,
}

impl Setup {
    pub(crate) fn new(ssid: &[u8], number: u8, akms: &[Akm]) -> Self {
        Self {
            ssid: Ssid::new(ssid).unwrap(),
            bssid: MacAddr([2, 0, 0, 0, 0xa0, number]),
            frequency: Frequency(if number % 2 == 1 { 5180 } else { 2412 }),
            signal_mbm: -4000 - i32::from(number) * 300,
            akms: akms.to_vec(),
            passphrase: b"correct horse battery".to_vec(),
            psk: [7; 32],
            groups: vec![Group::P256],
            deaf_to: None,
            cached: Cached::Taken,
            twin: None,
            twin_channel: None,
            hidden: false,
            lost_probes: 0,
            transition_disable: None,
            token_threshold: 5,
            comebacks: (0, 0),
            validates_channel: false,
            width: ChannelWidth::Mhz20,
            group: Cipher::Ccmp128,
            elements: vec![],
        }
    }
}

/// One station as the AP knows it.
#[derive(Clone)]
pub(crate) enum Client {
    Authenticated,
    Associated,
    Secured(Box<Authenticator>),
}

pub(crate) struct Ap {
    pub(crate) setup: Setup,
    pub(crate) sae: SaeAuthenticator,
    /// The PMKSAs, by PMKID.
    pub(crate) pmksas: BTreeMap<[u8; 16], Secret>,
    /// The PMK that SAE made for the station that comes next.
    fresh: Option<([u8; 16], Secret)>,
    pub(crate) client: Option<Client>,
    pub(crate) present: bool,
    pub(crate) full_authentications: u32,
    pub(crate) associations: u32,
    /// How often the group keys were renewed.
    pub(crate) generation: u8,
}

/// What an AP says.
pub(crate) enum Said {
    Authentication(Authentication),
    Association(AssociationResponse),
    Deauthentication(ReasonCode),
    KeyFrame { octets: Vec<u8>, in_clear: bool },
}

impl Ap {
    pub(crate) fn new(setup: Setup) -> Self {
        let password = Password::new(setup.ssid.octets(), &setup.passphrase, None);
        let configuration = Configuration {
            own: setup.bssid,
            akms: setup.akms.iter().copied().filter(|akm| akm.is_sae()).collect(),
            groups: setup.groups.clone(),
            methods: vec![sae::Method::HashToElement, sae::Method::HuntingAndPecking],
            passwords: vec![password],
            token_threshold: setup.token_threshold,
        };
        Self {
            sae: SaeAuthenticator::new(configuration),
            setup,
            pmksas: BTreeMap::new(),
            fresh: None,
            client: None,
            present: true,
            full_authentications: 0,
            associations: 0,
            generation: 0,
        }
    }

    pub(crate) fn is_secured(&self) -> bool {
        match &self.client {
            Some(Client::Secured(authenticator)) => authenticator.is_established(),
            Some(Client::Associated) => self.setup.akms.is_empty(),
            Some(Client::Authenticated) | None => false,
        }
    }

    /// The channel with its width.
    pub(crate) fn channel(&self) -> ChannelDefinition {
        let (primary, width) = (self.setup.frequency, self.setup.width);
        let above = match width {
            ChannelWidth::Mhz40 => 10,
            ChannelWidth::Mhz80 => 30,
            _ => 0,
        };
        ChannelDefinition { primary, width, center1: Frequency(primary.0 + above), center2: None }
    }

    /// The elements with which it answers an SA Query with these elements, if it is asked and does.
    pub(crate) fn vouches(&self, bssid: MacAddr, elements: &[u8]) -> Option<Vec<u8>> {
        if self.setup.bssid != bssid {
            return None;
        }
        if !self.setup.validates_channel {
            return Some(vec![]);
        }
        let own = self.channel().operating_channel()?;
        let mut named = vec![];
        let octets = [own.operating_class, own.primary, own.segment1];
        write_raw(ElementId::Extended(54), &octets, &mut named);
        (elements == named).then_some(named)
    }

    /// The elements of a beacon; with the name, even if it is hidden.
    pub(crate) fn elements(&self, named: bool) -> Vec<u8> {
        let mut elements = vec![];
        let name = if named || !self.setup.hidden { self.setup.ssid.octets() } else { &[] };
        write_raw(ElementId::Plain(0), name, &mut elements);
        write_raw(ElementId::Plain(1), &[0x8c, 0x12, 0x98, 0x24], &mut elements);
        if !self.setup.akms.is_empty() {
            let strong = self.setup.akms.iter().any(|akm| akm.is_sae() || *akm == Akm::Owe);
            let mut capabilities = RsnCapabilities::default();
            if strong {
                capabilities = capabilities.with(RsnCapabilities::MFPC);
            }
            if self.setup.validates_channel {
                capabilities = capabilities.with(RsnCapabilities::OCVC);
            }
            if self.setup.akms.iter().all(|akm| !akm.is_psk()) {
                capabilities = capabilities.with(RsnCapabilities::MFPR);
            }
            let akms = self.setup.akms.clone();
            let mut rsn = Rsn::new(self.setup.group, vec![Cipher::Ccmp128], akms, capabilities);
            if strong {
                rsn.set_group_management(Cipher::BipCmac128);
            }
            rsn.write(&mut elements);
            if strong {
                Rsnx::new(&[RsnxCapability::SaeH2e]).write(&mut elements);
            }
        }
        if let Some((bssid, ssid)) = &self.setup.twin {
            let channel = self.setup.twin_channel.clone();
            let twin = OweTransition { bssid: *bssid, ssid: ssid.clone(), channel, tail: vec![] };
            twin.write(&mut elements);
        }
        elements.extend(&self.setup.elements);
        elements
    }

    pub(crate) fn authentication(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        from: MacAddr,
        frame: &Authentication,
    ) -> Vec<Said> {
        if frame.algorithm == AuthenticationAlgorithm::Open {
            self.client = Some(Client::Authenticated);
            let answer = Authentication { transaction: 2, ..frame.clone() };
            return vec![Said::Authentication(answer)];
        }
        let mut said = vec![];
        let group = Commit::group_number(&frame.payload).ok();
        if frame.transaction == sae::COMMIT
            && group.is_some()
            && group == self.setup.deaf_to.map(Group::number)
        {
            return said;
        }
        for action in self.sae.handle(now, means, from, frame) {
            match action {
                SaeAction::Send(_, frame) => said.push(Said::Authentication(frame)),
                SaeAction::Accepted { pmk, pmkid, .. } => {
                    self.full_authentications += 1;
                    self.fresh = Some((pmkid, pmk.clone()));
                    self.pmksas.insert(pmkid, pmk);
                    self.client = Some(Client::Authenticated);
                }
            }
        }
        said
    }

    pub(crate) fn association(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        from: MacAddr,
        request: &AssociationRequest,
    ) -> Vec<Said> {
        if self.client.is_none() {
            return vec![Said::Deauthentication(ReasonCode::NotAuthenticated)];
        }
        self.associations += 1;
        let elements = Elements::new(&request.elements);
        let mut response = AssociationResponse {
            capabilities: CapabilityInformation(1),
            status: StatusCode::Success,
            association_id: AssociationId::new(1),
            elements: vec![],
        };
        let refuse = |status| {
            let response = AssociationResponse {
                capabilities: CapabilityInformation(1),
                status,
                association_id: AssociationId::new(0),
                elements: vec![],
            };
            vec![Said::Association(response)]
        };
        if let Some(left) = self.setup.comebacks.0.checked_sub(1) {
            self.setup.comebacks.0 = left;
            // Timeout Interval, of the kind of association comebacks, in time units.
            let units = (self.setup.comebacks.1 / 1024 * 1000).to_le_bytes();
            response.status = StatusCode(30);
            write_raw(ElementId::Plain(56), &[&[3], &units[..]].concat(), &mut response.elements);
            return vec![Said::Association(response)];
        }
        if self.setup.akms.is_empty() {
            self.client = Some(Client::Associated);
            return vec![Said::Association(response)];
        }
        let Ok(Some(rsn)) = elements.find::<Rsn>() else { return refuse(StatusCode::InvalidElement) };
        let whole =
            |element: Option<lapwing_frames::element::RawElement<'_>>| element.map(|e| e.octets.to_vec());
        let akm = rsn.akms()[0];
        // Firmware names the key that SAE has just made, too.
        let is_fresh = |name: &[u8; 16]| self.fresh.as_ref().is_some_and(|(fresh, _)| fresh == name);
        let asked = rsn.pmkids().first().copied().filter(|name| !is_fresh(name));
        let mut announced = asked;
        let mut silent = false;
        let candidates = if akm.is_psk() {
            announced = None;
            vec![Candidate { pmkid: None, pmk: Pmk::new(Secret::new(&self.setup.psk)).unwrap() }]
        } else if let Some(pmkid) = asked {
            let known = self.pmksas.get(&pmkid).cloned();
            match (self.setup.cached, known) {
                (Cached::Taken, Some(pmk)) => {
                    if akm == Akm::Owe {
                        rsn.write(&mut response.elements);
                    }
                    vec![Candidate { pmkid: Some(Pmkid(pmkid)), pmk: Pmk::new(pmk).unwrap() }]
                }
                (Cached::Taken, None) if akm == Akm::Owe => {
                    announced = None;
                    vec![]
                }
                (Cached::Deauthenticated, _) => {
                    self.client = None;
                    return vec![Said::Deauthentication(ReasonCode::NotAuthenticated)];
                }
                (Cached::Silent, _) => return vec![],
                (Cached::NoHandshake, _) => {
                    silent = true;
                    vec![]
                }
                (Cached::Taken | Cached::Refused, _) => return refuse(StatusCode(53)),
            }
        } else {
            vec![]
        };
        let candidates = if !candidates.is_empty() || silent {
            candidates
        } else if akm == Akm::Owe {
            let Ok(Some(parameter)) = elements.find::<OweDhParameter>() else {
                return refuse(StatusCode::InvalidElement);
            };
            match owe::answer(means, &self.setup.groups, &parameter) {
                Ok((parameter, keys)) => {
                    self.full_authentications += 1;
                    parameter.write(&mut response.elements);
                    self.pmksas.insert(keys.pmkid, keys.pmk.clone());
                    announced = None;
                    vec![Candidate { pmkid: Some(Pmkid(keys.pmkid)), pmk: Pmk::new(keys.pmk).unwrap() }]
                }
                Err(status) => return refuse(status),
            }
        } else {
            let Some((pmkid, pmk)) = self.fresh.take() else { return refuse(StatusCode::InvalidAkm) };
            announced = Some(pmkid);
            vec![Candidate { pmkid: Some(Pmkid(pmkid)), pmk: Pmk::new(pmk).unwrap() }]
        };
        let mut said = vec![Said::Association(response)];
        self.client = Some(Client::Associated);
        if !silent {
            let link = Link {
                bssid: self.setup.bssid,
                station: from,
                advertised: Advertised::of(Elements::new(&self.elements(true))),
                channel: self.channel().operating_channel(),
                accepted: true,
            };
            let mut authenticator = Authenticator::new(authenticator::Setup {
                ssid: self.setup.ssid.clone(),
                peer: Peer::Bss(link),
                akm,
                pairwise: rsn.pairwise()[0],
                rsne: whole(elements.find_raw::<Rsn>()).unwrap(),
                rsnxe: whole(elements.find_raw::<Rsnx>()),
                selection: whole(elements.find_raw::<RsnSelection>()),
                candidates,
                announced: announced.map(Pmkid),
                operating_channel_validation: self.setup.validates_channel
                    && rsn.capabilities().contains(RsnCapabilities::OCVC),
                ssid_protection: false,
                extended_key_id: false,
                transition_disable: self.setup.transition_disable,
                group_keys: self.group_keys(rsn.group_management().is_some()),
                membership: None,
            });
            let mut outputs = vec![];
            authenticator.start(now, means.entropy, &mut outputs);
            self.client = Some(Client::Secured(Box::new(authenticator)));
            said.extend(self.take(outputs));
        }
        said
    }

    fn group_keys(&self, protected: bool) -> Vec<KeyRequest> {
        let key = |kind, index, cipher, octet| KeyRequest {
            kind,
            link: None,
            index,
            cipher,
            key: Secret::from_vec(vec![octet; cipher.key_length().unwrap()]),
            sequence: [0; 6],
        };
        let index = 1 + self.generation % 2;
        let mut keys = vec![key(KeyKind::Group, index, self.setup.group, 0x51 + self.generation)];
        if protected {
            keys.push(key(KeyKind::Integrity, 3 + index, Cipher::BipCmac128, 0xa1 + self.generation));
        }
        keys
    }

    /// Renews the group keys.
    pub(crate) fn rekey_group(&mut self, now: Instant) -> Vec<Said> {
        self.generation += 1;
        let keys = self.group_keys(!self.setup.akms.iter().any(|akm| akm.is_psk()));
        let Some(Client::Secured(authenticator)) = &mut self.client else { return vec![] };
        let mut outputs = vec![];
        authenticator.renew_group_keys(now, keys, &mut outputs);
        self.take(outputs)
    }

    /// Renews the pairwise key.
    pub(crate) fn rekey_pairwise(&mut self, now: Instant, means: &mut Means<'_>) -> Vec<Said> {
        let Some(Client::Secured(authenticator)) = &mut self.client else { return vec![] };
        let mut outputs = vec![];
        authenticator.start(now, means.entropy, &mut outputs);
        self.take(outputs)
    }

    pub(crate) fn key_frame(&mut self, now: Instant, octets: &[u8], encrypted: bool) -> Vec<Said> {
        let Some(Client::Secured(authenticator)) = &mut self.client else { return vec![] };
        let mut outputs = vec![];
        authenticator.handle(now, octets, encrypted, &mut outputs);
        self.take(outputs)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.client {
            Some(Client::Secured(authenticator)) => authenticator.deadline(),
            _ => None,
        }
    }

    pub(crate) fn tick(&mut self, now: Instant) -> Vec<Said> {
        let Some(Client::Secured(authenticator)) = &mut self.client else { return vec![] };
        let mut outputs = vec![];
        authenticator.tick(now, &mut outputs);
        self.take(outputs)
    }

    fn take(&mut self, outputs: Vec<authenticator::Output>) -> Vec<Said> {
        let mut said = vec![];
        for output in outputs {
            match output {
                authenticator::Output::SendKeyFrame { octets, in_clear } => {
                    said.push(Said::KeyFrame { octets, in_clear });
                }
                authenticator::Output::Disconnect(reason) => {
                    self.client = None;
                    said.push(Said::Deauthentication(reason));
                }
                authenticator::Output::InstallKey(_)
                | authenticator::Output::Secured { .. }
                | authenticator::Output::GroupKeysTaken
                | authenticator::Output::WantsPacketNumbers
                | authenticator::Output::Ignored(_) => {}
            }
        }
        said
    }
}
