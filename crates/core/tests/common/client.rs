//! A client without a kernel, made of the station's own machines: SAE, OWE and the supplicant.

use lapwing_core::{
    Means, Secret,
    crypto::{
        kdf::passphrase_to_psk,
        keys::{Pmk, Pmkid},
    },
    curve::Group,
    kernel::{Band, KeyKind, KeyRequest},
    owe::{Owe, OweProgress},
    rsn::{
        Advertised, Candidate, Link, Peer, Plan, Supplicant,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::{self, HandshakeFailure, Output},
    },
    sae::{self, Method, Password, Progress, Sae},
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{
        Element, ElementId, Elements, MultiLink, OperatingChannel, OweDhParameter, Rsn,
        multi_link::{
            Basic, BasicCommon, CompleteProfile, MldCapabilities, PerStaProfile, PerStaReconfiguration,
            ProfileKind, Reconfiguration, ReconfigurationCommon, ReconfigurationInfo,
            ReconfigurationOperation, StaInfo, Subelement,
        },
        write_raw,
    },
    management::{
        Action, AssociationRequest, Authentication, AuthenticationAlgorithm, Body, CapabilityInformation,
        Departure, Header, Management, ReasonCode, StatusCode,
        action::{LinkReconfigurationRequest, LinkReconfigurationResponse, SaQuery},
    },
    suite::{Akm, Cipher},
};
use std::collections::BTreeMap;

pub(crate) const PASSPHRASE: &[u8] = b"correct horse battery";

/// A BSS as the client heard it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Heard {
    pub(crate) bssid: MacAddr,
    pub(crate) elements: Vec<u8>,
}

/// The network as the client knows it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) ssid: Ssid,
    /// The BSSs by link; one without a link.
    pub(crate) bss: BTreeMap<Option<LinkId>, Heard>,
    pub(crate) mld_address: Option<MacAddr>,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Frame { link: Option<LinkId>, bytes: Vec<u8>, protected: bool },
    KeyFrame { bytes: Vec<u8>, in_clear: bool },
}

/// What a client has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Authenticated,
    Associated,
    Secured,
    Rekeyed,
    Refused(StatusCode),
    ThrownOut(ReasonCode),
    Broken(HandshakeFailure),
    Failed(String),
    Reconfigured(Vec<(LinkId, StatusCode)>),
}

/// A client.
pub(crate) struct Client {
    pub(crate) address: MacAddr,
    /// Its addresses on the links that it wants; none: a plain client.
    pub(crate) links: BTreeMap<LinkId, MacAddr>,
    /// The link that it associates on, of an AP MLD.
    pub(crate) on: Option<LinkId>,
    pub(crate) known: Known,
    pub(crate) akm: Option<Akm>,
    pub(crate) groups: Vec<Group>,
    pub(crate) passphrase: Vec<u8>,
    /// What it offers in the association, after a success.
    pub(crate) cached: Option<Candidate>,
    pub(crate) operating_channel: Option<lapwing_frames::kde::OperatingChannel>,
    pub(crate) sae: Option<Sae>,
    owe: Option<Owe>,
    pub(crate) supplicant: Option<Supplicant>,
    candidates: Vec<Candidate>,
    pub(crate) keys: BTreeMap<(Option<LinkId>, KeyKindName, u8), Secret>,
    /// How far it was told that each group key is.
    pub(crate) packet_numbers: BTreeMap<(Option<LinkId>, KeyKindName, u8), u64>,
    pub(crate) status_of_links: BTreeMap<LinkId, StatusCode>,
    /// What the profiles of links that were added by request contained.
    pub(crate) profiles_of_added: BTreeMap<LinkId, Vec<ElementId>>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) sent: Vec<Sent>,
    /// Whether it has a pairwise key.
    pub(crate) has_key: bool,
}

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyKindName {
    Pairwise,
    Group,
    Integrity,
    Beacon,
}

impl From<KeyKind> for KeyKindName {
    fn from(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Pairwise { .. } => Self::Pairwise,
            KeyKind::Group => Self::Group,
            KeyKind::Integrity => Self::Integrity,
            KeyKind::Beacon => Self::Beacon,
        }
    }
}

impl Client {
    pub(crate) fn new(number: u8, known: Known, akm: Option<Akm>) -> Self {
        let on = *known.bss.keys().next().unwrap();
        Self {
            address: MacAddr([2, 0, 0, 1, 0, number]),
            links: BTreeMap::new(),
            on,
            known,
            akm,
            groups: vec![Group::P256],
            passphrase: PASSPHRASE.to_vec(),
            cached: None,
            operating_channel: None,
            sae: None,
            owe: None,
            supplicant: None,
            candidates: vec![],
            keys: BTreeMap::new(),
            packet_numbers: BTreeMap::new(),
            status_of_links: BTreeMap::new(),
            profiles_of_added: BTreeMap::new(),
            outcomes: vec![],
            sent: vec![],
            has_key: false,
        }
    }

    /// The same as an MLD that wants every link.
    pub(crate) fn with_links(mut self) -> Self {
        let [.., number] = self.address.0;
        let links = self.known.bss.keys().flatten();
        self.links = links.map(|id| (*id, MacAddr([2, 0, 0, 2, id.get(), number]))).collect();
        self
    }

    pub(crate) fn is_mld(&self) -> bool {
        !self.links.is_empty()
    }

    fn link_address(&self) -> MacAddr {
        self.on.and_then(|on| self.links.get(&on)).copied().unwrap_or(self.address)
    }

    pub(crate) fn bssid(&self) -> MacAddr {
        self.known.bss[&self.on].bssid
    }

    /// Who the AP is in keys.
    pub(crate) fn peer_address(&self) -> MacAddr {
        if self.is_mld() { self.known.mld_address.unwrap() } else { self.bssid() }
    }

    fn advertised(&self) -> Advertised {
        Advertised::of(Elements::new(&self.known.bss[&self.on].elements))
    }

    pub(crate) fn plan(&self) -> Option<Plan> {
        let akm = self.akm?;
        let advertised = self.advertised();
        // Only the AKM that is wanted.
        let rsn = Elements::new(advertised.rsne.as_deref().unwrap()).find::<Rsn>().unwrap().unwrap();
        assert!(rsn.akms().contains(&akm), "the AP does not offer {akm}");
        let offer = Offer {
            advertised: &advertised,
            privacy: true,
            band: Some(Band::Band5),
            multi_link: self.is_mld(),
        };
        let capabilities = Capabilities {
            ciphers: vec![Cipher::Ccmp128, Cipher::Gcmp256, Cipher::BipCmac128, Cipher::BipGmac256],
            akms: Some(vec![akm]),
            sae: true,
            beacon_protection: true,
            extended_key_id: true,
            operating_channel_validation: self.operating_channel.is_some(),
            overriding: true,
            fast_transition: true,
            tkip: false,
        };
        let policy = match akm {
            Akm::Owe => Policy::Open { owe_only: true },
            _ => Policy::Personal {
                psk: true,
                sae: true,
                hash_to_element_only: false,
                transition_disabled: false,
            },
        };
        match negotiate(&offer, &capabilities, &policy).unwrap() {
            Security::Protected(plan) => Some(plan),
            Security::Open => panic!("the network is open"),
        }
    }

    fn send(&mut self, body: Body, protected: bool) {
        let bssid = self.bssid();
        let header = Header::new(bssid, self.link_address(), bssid);
        let mut bytes = vec![];
        Management { header, body }.write(&mut bytes);
        self.sent.push(Sent::Frame { link: self.on, bytes, protected });
    }

    /// Begins: by SAE, or openly.
    pub(crate) fn authenticate(&mut self, means: &mut Means<'_>) {
        self.supplicant = None;
        (self.has_key, self.keys) = (false, BTreeMap::new());
        match self.akm {
            Some(akm) if akm.is_sae() && self.cached.is_none() => {
                let setup = sae::station::Setup {
                    own: self.address,
                    peer: self.peer_address(),
                    akm,
                    method: Method::HashToElement,
                    groups: self.groups.clone(),
                };
                let password = Password::new(self.known.ssid.octets(), &self.passphrase, None);
                let mut sae = Sae::new(setup, password);
                let progress = sae.start(means);
                self.sae = Some(sae);
                self.follow_sae(progress);
            }
            _ => self.send_authentication(Authentication {
                algorithm: AuthenticationAlgorithm::Open,
                transaction: 1,
                status: StatusCode::Success,
                payload: vec![],
            }),
        }
    }

    fn send_authentication(&mut self, mut frame: Authentication) {
        if self.is_mld() {
            MultiLink::address_only(self.address).write(&mut frame.payload);
        }
        self.send(Body::Authentication(frame), false);
    }

    pub(crate) fn follow_sae(&mut self, progress: Progress) {
        match progress {
            Progress::Send(frame) => self.send_authentication(frame),
            Progress::Ignored(_) => {}
            Progress::Accepted(accepted) => {
                let candidate =
                    Candidate { pmkid: Some(Pmkid(accepted.pmkid)), pmk: Pmk::new(accepted.pmk).unwrap() };
                self.candidates = vec![candidate];
                self.outcomes.push(Outcome::Authenticated);
            }
            Progress::Failed(why) => self.outcomes.push(Outcome::Failed(format!("{why:?}"))),
        }
    }

    /// The elements of the association request, and the plan for what follows.
    pub(crate) fn request(&mut self, means: &mut Means<'_>) -> (Option<Plan>, Vec<u8>) {
        let mut elements = vec![];
        self.known.ssid.write(&mut elements);
        write_raw(ElementId::Plain(1), &[0x8c, 0x12, 0x98, 0x24], &mut elements);
        let mut plan = self.plan();
        match self.akm {
            Some(akm) if akm.is_psk() => {
                let psk = passphrase_to_psk(&self.passphrase, self.known.ssid.octets());
                self.candidates = vec![Candidate { pmkid: None, pmk: Pmk::new(psk).unwrap() }];
            }
            Some(_) => {
                if let Some(cached) = self.cached.clone() {
                    plan = plan.map(|plan| plan.with_pmkid(cached.pmkid.unwrap()));
                    self.candidates = vec![cached];
                }
            }
            None => {}
        }
        elements.extend(plan.iter().flat_map(Plan::association_elements));
        if self.akm == Some(Akm::Owe) {
            let mut owe = Owe::new(self.groups.clone());
            owe.start(means).unwrap().write(&mut elements);
            self.owe = Some(owe);
        }
        if self.is_mld() {
            let profile = |id: &LinkId, address: &MacAddr| {
                let profile = CompleteProfile {
                    capabilities: CapabilityInformation::ESS,
                    status: None,
                    elements: Elements::new(&[]),
                };
                let mut octets = vec![];
                profile.write(&mut octets);
                let info = StaInfo { address: Some(*address), ..StaInfo::default() };
                Subelement::PerSta(PerStaProfile {
                    number: id.get(),
                    complete: true,
                    info,
                    reserved: 0,
                    profile: octets,
                })
            };
            let others = self.links.iter().filter(|(id, _)| Some(**id) != self.on);
            let common = BasicCommon {
                mld_address: self.address,
                mld_capabilities: Some(MldCapabilities(2)),
                ..BasicCommon::default()
            };
            let links = others.map(|(id, address)| profile(id, address)).collect();
            MultiLink::Basic(Basic { common, links, reserved: 0 }).write(&mut elements);
        }
        (plan, elements)
    }

    pub(crate) fn associate(&mut self, means: &mut Means<'_>) {
        let (_, elements) = self.request(means);
        self.send(
            Body::AssociationRequest(AssociationRequest {
                capabilities: CapabilityInformation::ESS,
                listen_interval: 10,
                elements,
            }),
            false,
        );
    }

    /// Takes a frame. It is for this client.
    pub(crate) fn on_frame(&mut self, means: &mut Means<'_>, bytes: &[u8]) {
        match Management::parse_decrypted(bytes).unwrap().body {
            Body::Authentication(frame) => match frame.algorithm {
                AuthenticationAlgorithm::Sae => {
                    let Some(mut sae) = self.sae.take() else { return };
                    let progress = sae.handle(means, &frame);
                    self.sae = Some(sae);
                    self.follow_sae(progress);
                }
                _ if frame.status == StatusCode::Success => {
                    if self.is_mld() && self.named_mld(frame.elements().unwrap()).is_none() {
                        return self.outcomes.push(Outcome::Failed(String::from("another device answered")));
                    }
                    self.outcomes.push(Outcome::Authenticated);
                }
                _ => self.outcomes.push(Outcome::Refused(frame.status)),
            },
            Body::AssociationResponse(response) => {
                self.on_response(means, response.status, &response.elements)
            }
            Body::Deauthentication(departure) | Body::Disassociation(departure) => {
                (self.supplicant, self.has_key) = (None, false);
                self.outcomes.push(Outcome::ThrownOut(departure.reason));
            }
            Body::Action(Action::SaQueryRequest(query)) => {
                let elements = self.channel_elements();
                let answer = SaQuery { transaction: query.transaction, elements };
                self.send(Body::Action(Action::SaQueryResponse(answer)), true);
            }
            Body::Action(Action::LinkReconfigurationResponse(response)) => self.on_reconfigured(response),
            _ => {}
        }
    }

    /// The Basic Multi-Link element, if it is of the AP MLD.
    fn named_mld(&self, elements: Elements<'_>) -> Option<Basic> {
        let element = elements.find::<MultiLink>().ok()??;
        element.basic().filter(|basic| Some(basic.common.mld_address) == self.known.mld_address).cloned()
    }

    fn on_response(&mut self, means: &mut Means<'_>, status: StatusCode, octets: &[u8]) {
        if status != StatusCode::Success {
            return self.outcomes.push(Outcome::Refused(status));
        }
        let elements = Elements::new(octets);
        elements.check().unwrap();
        self.outcomes.push(Outcome::Associated);
        self.status_of_links.clear();
        if self.is_mld() {
            let Some(element) = self.named_mld(elements) else {
                return self.outcomes.push(Outcome::Failed(String::from("another device answered")));
            };
            for (id, profile) in element.profiles_by_link().unwrap() {
                let profile = profile.complete_profile(ProfileKind::AssociationResponse).unwrap();
                self.status_of_links.insert(id, profile.status.unwrap());
            }
        }
        let Some(mut plan) = self.plan() else { return };
        if self.akm == Some(Akm::Owe) {
            let parameter = elements.find::<OweDhParameter>().unwrap();
            let named = elements.find::<Rsn>().unwrap().is_some_and(|rsn| !rsn.pmkids().is_empty());
            let Some(mut owe) = self.owe.take() else { return };
            match owe.handle(means, status, parameter.as_ref(), named) {
                OweProgress::Accepted(keys) => {
                    let pmk = Pmk::new(keys.pmk).unwrap();
                    self.candidates = vec![Candidate { pmkid: Some(Pmkid(keys.pmkid)), pmk }];
                }
                OweProgress::PmksaAccepted => {}
                OweProgress::Retry(_) => {
                    return self.outcomes.push(Outcome::Failed(String::from("another group")));
                }
                OweProgress::Failed(why) => return self.outcomes.push(Outcome::Failed(format!("{why:?}"))),
            }
        }
        if let Some(cached) = &self.cached {
            plan = plan.with_pmkid(cached.pmkid.unwrap());
        }
        self.supplicant = Some(Supplicant::new(supplicant::Setup {
            ssid: self.known.ssid.clone(),
            peer: self.peer(),
            plan,
            candidates: self.candidates.clone(),
            can_replace_pairwise: true,
            protection_is_told: true,
            membership: None,
        }));
    }

    fn peer(&self) -> Peer {
        let link = |id: Option<LinkId>, station| {
            let heard = &self.known.bss[&id];
            let refused = id.is_some_and(|id| {
                self.status_of_links.get(&id).is_some_and(|status| *status != StatusCode::Success)
            });
            Link {
                bssid: heard.bssid,
                station,
                advertised: Advertised::of(Elements::new(&heard.elements)),
                channel: self.operating_channel,
                accepted: !refused,
            }
        };
        if !self.is_mld() {
            return Peer::Bss(link(self.on, self.address));
        }
        Peer::Mld {
            address: self.peer_address(),
            station: self.address,
            association_link: self.on.unwrap(),
            links: self.links.iter().map(|(id, address)| (*id, link(Some(*id), *address))).collect(),
        }
    }

    pub(crate) fn on_key_frame(&mut self, means: &mut Means<'_>, bytes: &[u8], protected: bool) {
        let Some(supplicant) = &mut self.supplicant else { return };
        let mut outputs = vec![];
        supplicant.handle(means.entropy, bytes, protected, &mut outputs);
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    self.sent.push(Sent::KeyFrame { bytes: octets, in_clear: in_clear || !self.has_key });
                }
                Output::InstallKey(key) => self.install(&key),
                Output::UseKey { .. } => {}
                Output::Secured => {
                    self.outcomes.push(Outcome::Secured);
                    if self.akm.is_some_and(|akm| !akm.is_psk()) {
                        self.cached = self.candidates.first().cloned();
                    }
                }
                Output::Rekeyed(_) => self.outcomes.push(Outcome::Rekeyed),
                Output::RekeyByReconnect => panic!("the key can be replaced"),
                Output::TransitionDisable(_) | Output::Ignored(_) => {}
                Output::Broken(why) => self.outcomes.push(Outcome::Broken(why)),
            }
        }
    }

    fn install(&mut self, key: &KeyRequest) {
        let kind = KeyKindName::from(key.kind);
        self.has_key |= kind == KeyKindName::Pairwise;
        self.keys.insert((key.link, kind, key.index), key.key.clone());
        self.count_from((key.link, kind, key.index), key.sequence);
    }

    fn count_from(&mut self, key: (Option<LinkId>, KeyKindName, u8), [a, b, c, d, e, f]: [u8; 6]) {
        self.packet_numbers.insert(key, u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
    }

    pub(crate) fn deauthenticate(&mut self, protected: bool) {
        let departure = Departure { reason: ReasonCode::LeavingDeauthenticated, elements: vec![] };
        self.send(Body::Deauthentication(departure), protected);
    }

    /// Asks for other links.
    pub(crate) fn reconfigure(&mut self, add: &[(LinkId, MacAddr)], delete: &[LinkId]) {
        let mut profile = vec![];
        CompleteProfile {
            capabilities: CapabilityInformation::ESS,
            status: None,
            elements: Elements::new(&[]),
        }
        .write(&mut profile);
        let add = add.iter().map(|(id, address)| PerStaReconfiguration {
            number: id.get(),
            complete: true,
            operation: ReconfigurationOperation::AddLink,
            info: ReconfigurationInfo { address: Some(*address), ..Default::default() },
            reserved: 0,
            profile: profile.clone(),
        });
        let delete = delete.iter().map(|id| PerStaReconfiguration {
            number: id.get(),
            complete: false,
            operation: ReconfigurationOperation::DeleteLink,
            info: ReconfigurationInfo { address: self.links.get(id).copied(), ..Default::default() },
            reserved: 0,
            profile: vec![],
        });
        let links = add.chain(delete).map(Subelement::PerSta).collect();
        let common = ReconfigurationCommon { mld_address: Some(self.address), ..Default::default() };
        let mut elements = vec![];
        MultiLink::Reconfiguration(Reconfiguration { common, links, reserved: 0 }).write(&mut elements);
        elements.extend(self.channel_elements());
        let request = LinkReconfigurationRequest { dialog_token: 7, elements };
        self.send(Body::Action(Action::LinkReconfigurationRequest(request)), true);
    }

    fn on_reconfigured(&mut self, response: LinkReconfigurationResponse) {
        assert_eq!(response.dialog_token, 7);
        if let Some(keys) = &response.group_keys {
            for datum in lapwing_frames::kde::KeyData::new(&keys.0) {
                if let lapwing_frames::kde::Kde::GroupKey(key) = datum.unwrap().kde {
                    let kind = match key.kind {
                        lapwing_frames::kde::GroupKeyKind::Data => KeyKindName::Group,
                        lapwing_frames::kde::GroupKeyKind::Integrity => KeyKindName::Integrity,
                        lapwing_frames::kde::GroupKeyKind::Beacon => KeyKindName::Beacon,
                    };
                    let index = u8::try_from(key.key_id).unwrap();
                    self.keys.insert((key.link, kind, index), Secret::new(key.key.0));
                    self.count_from((key.link, kind, index), key.packet_number.unwrap());
                }
            }
        }
        let element = self.named_mld(Elements::new(&response.elements));
        for (id, profile) in element.iter().flat_map(|element| element.profiles_by_link().unwrap()) {
            let profile = profile.complete_profile(ProfileKind::AssociationResponse).unwrap();
            let ids: Vec<_> = profile.elements.iter().map(|element| element.id).collect();
            self.profiles_of_added.insert(id, ids);
        }
        let links = response.links.iter().map(|status| (status.link().unwrap(), status.status)).collect();
        self.outcomes.push(Outcome::Reconfigured(links));
    }

    /// The SA Query of a client, with its Operating Channel Information.
    pub(crate) fn query(&mut self) {
        let elements = self.channel_elements();
        self.act(Action::SaQueryRequest(SaQuery { transaction: [1, 2], elements }), true);
    }

    /// Where it says that it is, if it does.
    fn channel_elements(&self) -> Vec<u8> {
        let mut elements = vec![];
        if let Some(channel) = self.operating_channel {
            OperatingChannel {
                operating_class: channel.operating_class,
                primary_channel: channel.primary,
                segment1: channel.segment1,
                tail: vec![],
            }
            .write(&mut elements);
        }
        elements
    }

    /// Sends an action, under its key or in clear.
    pub(crate) fn act(&mut self, action: Action, protected: bool) {
        self.send(Body::Action(action), protected);
    }
}
