//! A supplicant and an authenticator with a link between them that loses, repeats and reorders.

use lapwing_core::{
    Duration, Instant, Secret,
    crypto::keys::{Pmk, Pmkid},
    entropy::{Entropy, SeededEntropy},
    kernel::{Band, KeyKind, KeyRequest},
    rsn::{
        Advertised, Authenticator, Candidate, Link, Peer, Plan, Supplicant,
        authenticator::{self, Output as ApOutput},
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::{self, HandshakeFailure, Ignored, Output, Rekeyed},
    },
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{
        Element,
        rsn::{Rsn, RsnCapabilities, RsnOverride, RsnOverride2, RsnxOverride},
        rsnx::{Rsnx, RsnxCapability},
    },
    kde::OperatingChannel,
    suite::{Akm, Cipher},
};
use std::collections::{BTreeMap, VecDeque};

pub(crate) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
pub(crate) const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

/// What a handshake is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) akm: Akm,
    pub(crate) cipher: Cipher,
    pub(crate) bip: Option<Cipher>,
    pub(crate) links: u8,
    pub(crate) pmk_length: usize,
    pub(crate) channel_validation: bool,
    pub(crate) extended_key_id: bool,
    pub(crate) ssid_protection: bool,
    pub(crate) overrides: bool,
}

pub(crate) const PLAIN: Case = Case {
    akm: Akm::Psk,
    cipher: Cipher::Ccmp128,
    bip: None,
    links: 0,
    pmk_length: 32,
    channel_validation: false,
    extended_key_id: false,
    ssid_protection: false,
    overrides: false,
};

pub(crate) const SAE: Case = Case { akm: Akm::Sae, bip: Some(Cipher::BipCmac128), ..PLAIN };
pub(crate) const MLO: Case = Case { links: 3, ..SAE };
pub(crate) const FULL: Case = Case {
    akm: Akm::SaeExtKey,
    cipher: Cipher::Gcmp256,
    bip: Some(Cipher::BipGmac256),
    pmk_length: 48,
    channel_validation: true,
    extended_key_id: true,
    ssid_protection: true,
    overrides: true,
    ..MLO
};

/// Every kind of handshake that there is.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![PLAIN, SAE, MLO, FULL, Case { links: 0, ..FULL }];
    for (akm, pmk_length) in [
        (Akm::PskSha256, 32),
        (Akm::Owe, 32),
        (Akm::Owe, 48),
        (Akm::Owe, 64),
        (Akm::SaeExtKey, 32),
        (Akm::SaeExtKey, 64),
    ] {
        cases.push(Case { akm, pmk_length, ..SAE });
    }
    for (cipher, bip) in [
        (Cipher::Gcmp128, Cipher::BipGmac128),
        (Cipher::Ccmp256, Cipher::BipCmac256),
        (Cipher::Gcmp256, Cipher::BipGmac256),
    ] {
        cases.push(Case { cipher, bip: Some(bip), ..SAE });
    }
    cases.push(Case { channel_validation: true, ..SAE });
    cases.push(Case { extended_key_id: true, ..SAE });
    cases.push(Case { ssid_protection: true, ..SAE });
    cases.push(Case { overrides: true, ..SAE });
    cases.push(Case { overrides: true, ..MLO });
    cases
}

fn whole(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}

impl Case {
    pub(crate) fn advertised(&self) -> Advertised {
        let mut capabilities = RsnCapabilities::default();
        for (set, bit) in [
            (self.bip.is_some(), RsnCapabilities::MFPC),
            (self.channel_validation, RsnCapabilities::OCVC),
            (self.extended_key_id, RsnCapabilities::EXTENDED_KEY_ID),
        ] {
            if set {
                capabilities = capabilities.with(bit);
            }
        }
        let mut rsn = Rsn::new(self.cipher, vec![self.cipher], vec![self.akm], capabilities);
        if let Some(cipher) = self.bip {
            rsn.set_group_management(cipher);
        }
        let mut extensions = vec![RsnxCapability::SaeH2e];
        if self.ssid_protection {
            extensions.push(RsnxCapability::SsidProtection);
        }
        let rsnx = Rsnx::new(&extensions);
        let mut advertised =
            Advertised { rsne: Some(whole(&rsn)), rsnxe: Some(whole(&rsnx)), ..Advertised::default() };
        if self.overrides {
            advertised.rsne_override = Some(whole(&RsnOverride(rsn.clone())));
            advertised.rsne_override2 = Some(whole(&RsnOverride2(rsn)));
            advertised.rsnxe_override = Some(whole(&RsnxOverride(rsnx)));
        }
        advertised
    }

    fn plan(&self) -> Plan {
        let advertised = self.advertised();
        let offer = Offer {
            advertised: &advertised,
            privacy: true,
            band: Some(Band::Band5),
            multi_link: self.links > 0,
        };
        let capabilities = Capabilities {
            fast_transition: true,
            tkip: false,
            ciphers: [Some(self.cipher), self.bip].into_iter().flatten().collect(),
            akms: None,
            sae: true,
            beacon_protection: true,
            extended_key_id: true,
            operating_channel_validation: true,
            overriding: self.overrides,
        };
        let policy = match self.akm {
            Akm::Owe => Policy::Open { owe_only: true },
            _ => Policy::Personal {
                psk: true,
                sae: true,
                hash_to_element_only: false,
                transition_disabled: false,
            },
        };
        match negotiate(&offer, &capabilities, &policy).unwrap() {
            Security::Protected(plan) => plan,
            Security::Open => panic!("{self:?} is open"),
        }
    }

    pub(crate) fn peer(&self) -> Peer {
        let link = |number: u8| Link {
            bssid: MacAddr([2, 0, 0, 0, number, 1]),
            station: MacAddr([2, 0, 0, 0, number, 2]),
            advertised: self.advertised(),
            channel: Some(OperatingChannel { operating_class: 115, primary: 36 + number, segment1: 0 }),
            accepted: number != 2,
        };
        match self.links {
            0 => Peer::Bss(Link { bssid: AP, station: STATION, ..link(0) }),
            count => Peer::Mld {
                address: AP,
                station: STATION,
                association_link: LinkId::new(1).unwrap(),
                links: (0..count).map(|number| (LinkId::new(number).unwrap(), link(number))).collect(),
            },
        }
    }

    /// Group keys for every accepted link; `generation` alternates their indices.
    pub(crate) fn group_keys(&self, generation: u8) -> Vec<KeyRequest> {
        let links: Vec<Option<LinkId>> = match self.peer() {
            Peer::Bss(_) => vec![None],
            Peer::Mld { links, .. } => {
                links.iter().filter(|(_, link)| link.accepted).map(|(id, _)| Some(*id)).collect()
            }
        };
        let mut keys = Vec::new();
        for link in links {
            let bips = [(KeyKind::Integrity, 4), (KeyKind::Beacon, 6)];
            let bips = bips.into_iter().filter_map(|(kind, index)| Some((kind, index, self.bip?)));
            for (kind, index, cipher) in [(KeyKind::Group, 1, self.cipher)].into_iter().chain(bips) {
                let mut key = vec![0; cipher.key_length().unwrap()];
                let seed = u64::from(generation) << 16 | u64::from(index) << 8;
                SeededEntropy(seed | link.map_or(99, |link| u64::from(link.get()))).fill(&mut key);
                let index = index + generation % 2;
                // The GTK KDE of a BSS has no packet number; it travels in the frame, which here says zero.
                let sequence =
                    if kind == KeyKind::Group && link.is_none() { [0; 6] } else { [generation; 6] };
                keys.push(KeyRequest { kind, link, index, cipher, key: Secret::from_vec(key), sequence });
            }
        }
        keys
    }
}

pub(crate) fn pmk(seed: u8, length: usize) -> Candidate {
    let pmk = Pmk::new(Secret::from_vec(vec![seed; length])).unwrap();
    Candidate { pmkid: Some(Pmkid([seed; 16])), pmk }
}

pub(crate) fn supplicant_setup(case: &Case) -> supplicant::Setup {
    supplicant::Setup {
        ssid: Ssid::new(b"net").unwrap(),
        peer: case.peer(),
        plan: case.plan(),
        candidates: vec![pmk(7, case.pmk_length)],
        can_replace_pairwise: true,
        protection_is_told: true,
        membership: None,
    }
}

pub(crate) fn authenticator_setup(case: &Case) -> authenticator::Setup {
    let plan = case.plan();
    authenticator::Setup {
        ssid: Ssid::new(b"net").unwrap(),
        peer: case.peer(),
        akm: case.akm,
        pairwise: case.cipher,
        rsne: plan.rsne(),
        rsnxe: plan.rsnxe(),
        selection: plan.rsn_selection(),
        candidates: vec![pmk(7, case.pmk_length)],
        announced: None,
        operating_channel_validation: case.channel_validation,
        ssid_protection: case.ssid_protection,
        extended_key_id: case.extended_key_id,
        transition_disable: Some(1),
        group_keys: case.group_keys(0),
        membership: None,
    }
}

/// A frame in the air.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) to_ap: bool,
    pub(crate) octets: Vec<u8>,
    /// The key it is encrypted with.
    pub(crate) key: Option<Secret>,
}

/// Keys of one radio.
#[derive(Clone, Default)]
pub(crate) struct Radio {
    pairwise: BTreeMap<u8, Secret>,
    transmit: u8,
    /// Every key ever installed, to find one that is installed twice.
    history: Vec<KeyRequest>,
    pub(crate) group: BTreeMap<(Option<LinkId>, KeyKind, u8), Secret>,
}

impl Radio {
    fn install(&mut self, key: &KeyRequest) {
        let same = |before: &&KeyRequest| (&before.link, &before.key) == (&key.link, &key.key);
        assert!(!self.history.iter().any(|before| same(&before)), "a key is installed twice: {key:?}");
        self.history.push(key.clone());
        match key.kind {
            KeyKind::Pairwise { receive_only, .. } => {
                self.pairwise.insert(key.index, key.key.clone());
                if !receive_only {
                    self.transmit = key.index;
                }
            }
            kind => {
                self.group.insert((key.link, kind, key.index), key.key.clone());
            }
        }
    }

    fn key(&self, in_clear: bool) -> Option<Secret> {
        if in_clear { None } else { self.pairwise.get(&self.transmit).cloned() }
    }

    fn can_read(&self, flight: &Flight) -> bool {
        flight.key.as_ref().is_none_or(|key| self.pairwise.values().any(|own| own == key))
    }

    pub(crate) fn pairwise(&self) -> Option<&Secret> {
        self.pairwise.get(&self.transmit)
    }
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) entropy: SeededEntropy,
    pub(crate) station: Supplicant,
    pub(crate) ap: Authenticator,
    pub(crate) air: VecDeque<Flight>,
    pub(crate) station_radio: Radio,
    pub(crate) ap_radio: Radio,
    pub(crate) secured: usize,
    pub(crate) ap_secured: usize,
    pub(crate) rekeyed: Vec<Rekeyed>,
    pub(crate) taken: usize,
    pub(crate) ignored: Vec<Ignored>,
    pub(crate) ap_ignored: Vec<&'static str>,
    pub(crate) broken: Option<HandshakeFailure>,
    pub(crate) disconnected: bool,
    pub(crate) transition_disable: Option<u8>,
}

impl World {
    pub(crate) fn new(case: &Case, seed: u64) -> Self {
        Self::with(supplicant_setup(case), authenticator_setup(case), seed)
    }

    pub(crate) fn with(station: supplicant::Setup, ap: authenticator::Setup, seed: u64) -> Self {
        Self {
            now: Instant::default(),
            entropy: SeededEntropy(seed),
            station: Supplicant::new(station),
            ap: Authenticator::new(ap),
            air: VecDeque::new(),
            station_radio: Radio::default(),
            ap_radio: Radio::default(),
            secured: 0,
            ap_secured: 0,
            rekeyed: Vec::new(),
            taken: 0,
            ignored: Vec::new(),
            ap_ignored: Vec::new(),
            broken: None,
            disconnected: false,
            transition_disable: None,
        }
    }

    pub(crate) fn start(&mut self) {
        let mut out = Vec::new();
        self.ap.start(self.now, &mut self.entropy, &mut out);
        self.of_ap(out);
    }

    pub(crate) fn renew_group_keys(&mut self, keys: Vec<KeyRequest>) {
        let mut out = Vec::new();
        self.ap.renew_group_keys(self.now, keys, &mut out);
        self.of_ap(out);
    }

    /// Lets the authenticator's deadline come, if it has one.
    pub(crate) fn wait(&mut self) {
        self.now = self.ap.deadline().unwrap_or(self.now + Duration::from_secs(1)).max(self.now);
        let mut out = Vec::new();
        self.ap.tick(self.now, &mut out);
        self.of_ap(out);
    }

    fn of_ap(&mut self, out: Vec<ApOutput>) {
        for output in out {
            match output {
                ApOutput::SendKeyFrame { octets, in_clear } => {
                    self.air.push_back(Flight { to_ap: false, octets, key: self.ap_radio.key(in_clear) });
                }
                ApOutput::InstallKey(key) => self.ap_radio.install(&key),
                ApOutput::Secured { .. } => self.ap_secured += 1,
                ApOutput::GroupKeysTaken => self.taken += 1,
                ApOutput::WantsPacketNumbers => panic!("they are given"),
                ApOutput::Disconnect(_) => self.disconnected = true,
                ApOutput::Ignored(why) => self.ap_ignored.push(why),
            }
        }
    }

    pub(crate) fn deliver(&mut self, flight: &Flight) -> Vec<Output> {
        let encrypted = flight.key.is_some();
        let mut out = Vec::new();
        if flight.to_ap {
            if self.ap_radio.can_read(flight) {
                let mut out = Vec::new();
                self.ap.handle(self.now, &flight.octets, encrypted, &mut out);
                self.of_ap(out);
            }
            return out;
        }
        if !self.station_radio.can_read(flight) {
            return out;
        }
        let encrypted = encrypted && self.station.setup().protection_is_told;
        self.station.handle(&mut self.entropy, &flight.octets, encrypted, &mut out);
        let mut fourth_sent = false;
        for output in &out {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    fourth_sent = true;
                    let key = self.station_radio.key(*in_clear);
                    self.air.push_back(Flight { to_ap: true, octets: octets.clone(), key });
                }
                Output::InstallKey(key) => {
                    if let KeyKind::Pairwise { receive_only, .. } = key.kind {
                        assert_ne!(fourth_sent, receive_only, "message 4 is sent under the old key or none");
                    }
                    self.station_radio.install(key);
                }
                Output::UseKey { index } => self.station_radio.transmit = *index,
                Output::Secured => {
                    self.secured += 1;
                    assert!(self.station_radio.pairwise().is_some());
                }
                Output::Rekeyed(which) => self.rekeyed.push(*which),
                Output::TransitionDisable(bitmap) => self.transition_disable = Some(*bitmap),
                Output::Ignored(why) => self.ignored.push(*why),
                Output::Broken(why) => self.broken = Some(*why),
                Output::RekeyByReconnect => self.disconnected = true,
            }
        }
        out
    }

    /// Delivers everything in order until the air is empty.
    pub(crate) fn settle(&mut self) {
        while let Some(flight) = self.air.pop_front() {
            self.deliver(&flight);
        }
    }

    /// A world whose first handshake is complete.
    pub(crate) fn connected(case: &Case, seed: u64) -> Self {
        let mut world = Self::new(case, seed);
        world.start();
        world.settle();
        world.check_agreement(case, 0);
        world
    }

    /// Both sides are secured once, with equal keys, and the station has the group keys of `generation`.
    pub(crate) fn check_agreement(&self, case: &Case, generation: u8) {
        assert!(self.station.is_established() && self.ap.is_established(), "{case:?}");
        assert!(self.station_radio.pairwise().is_some(), "{case:?}");
        assert!(self.station_radio.pairwise() == self.ap_radio.pairwise(), "{case:?}");
        for key in case.group_keys(generation) {
            let installed = self.station_radio.group.get(&(key.link, key.kind, key.index));
            assert!(installed == Some(&key.key), "{case:?} {key:?}");
        }
        assert_eq!((self.secured, self.broken), (1, None), "{case:?}");
    }
}
