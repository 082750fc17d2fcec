//! An AP MLD made of the machines of the AP's side. Its BSSs can be joined without links too.

use super::{
    bench::OWN,
    fixtures::{ApLink, mld_beacon, neighbors},
};
use lapwing_core::{
    Instant, Secret,
    crypto::keys::{Pmk, Pmkid},
    curve::{Group, ShamCurves},
    entropy::SeededEntropy,
    kernel::{AssociationPeer, KeyKind, KeyRequest, ScanEntry},
    means::Means,
    rsn::{
        Advertised, Candidate, Link, Peer,
        authenticator::{self, Authenticator, Output},
    },
    sae::{
        Method, Password, SaeAuthenticator,
        authenticator::{Action, Configuration},
    },
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{Counted, Element, Elements, MultiLink, Rsn, Rsnx},
    kde::{GroupKey, GroupKeyKind, Kde, KeyOctets},
    management::{
        Authentication, AuthenticationAlgorithm, StatusCode,
        action::{GroupKeyData, LinkReconfigurationResponse, LinkStatus},
    },
    suite::{Akm, Cipher},
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct ApMld {
    pub(crate) ssid: &'static [u8],
    pub(crate) address: MacAddr,
    pub(crate) links: Vec<ApLink>,
    /// The links that it refuses.
    pub(crate) refused: BTreeSet<u8>,
    /// What it says its address is in Authentication frames, if not the truth; `Some(None)`: nothing.
    pub(crate) pretends: Option<Option<MacAddr>>,
    /// It is no MLD: its beacons have no Multi-Link element.
    pub(crate) plain: bool,
    /// It answers nothing.
    pub(crate) silent: bool,
    /// It answers a probe request for its links.
    pub(crate) tells_links: bool,
    /// The links that its neighbor reports say are disabled.
    pub(crate) disabled: BTreeSet<u8>,
    /// The signal of its first link, in hundredths of dBm.
    pub(crate) signal: i32,
    /// What its beacons have besides.
    pub(crate) more_elements: Vec<u8>,
    sae: BTreeMap<MacAddr, SaeAuthenticator>,
    pmks: BTreeMap<[u8; 16], Secret>,
    fresh: Option<[u8; 16]>,
    pub(crate) authenticator: Option<Authenticator>,
    pub(crate) full_authentications: u32,
    pub(crate) generation: u8,
    entropy: SeededEntropy,
}

pub(crate) fn id(number: u8) -> LinkId {
    LinkId::new(number).unwrap()
}

impl ApMld {
    pub(crate) fn new(ssid: &'static [u8], number: u8, links: &[(u8, u8)]) -> Self {
        let links = links.iter().map(|&(id, channel)| {
            let mut link = ApLink::new(id, channel);
            link.bssid.0[3] = number;
            link
        });
        Self {
            ssid,
            address: MacAddr([2, 0, 0, number, 0xaa, 0]),
            links: links.collect(),
            refused: BTreeSet::new(),
            pretends: None,
            plain: false,
            silent: false,
            tells_links: false,
            disabled: BTreeSet::new(),
            signal: -4000,
            more_elements: vec![],
            sae: BTreeMap::new(),
            pmks: BTreeMap::new(),
            fresh: None,
            authenticator: None,
            full_authentications: 0,
            generation: 0,
            entropy: SeededEntropy(0x100 + u64::from(number)),
        }
    }

    /// It is switched off and on: it knows no station and no key any more.
    pub(crate) fn restart(&mut self) {
        (self.fresh, self.authenticator) = (None, None);
        self.pmks.clear();
        self.sae.clear();
    }

    pub(crate) fn has(&self, address: MacAddr) -> bool {
        self.address == address || self.links.iter().any(|link| link.bssid == address)
    }

    fn elements(&self, link: ApLink) -> Vec<u8> {
        let others: Vec<_> = self.links.iter().copied().filter(|other| *other != link).collect();
        let (disabled, enabled): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| self.disabled.contains(&other.id));
        let mut beacon = mld_beacon(self.ssid, self.address, link, &enabled);
        if !disabled.is_empty() {
            beacon.extend(neighbors(&disabled, 0x20));
        }
        beacon.extend(&self.more_elements);
        if !self.plain {
            return beacon;
        }
        let kept = Elements::new(&beacon).iter().filter(|element| element.id != MultiLink::ID);
        kept.flat_map(|element| element.octets.to_vec()).collect()
    }

    pub(crate) fn beacons(&self) -> Vec<ScanEntry> {
        let entry = |link: &ApLink| {
            let mut entry = super::fixtures::entry(link.bssid, link.frequency(), self.elements(*link));
            entry.signal_mbm = Some(self.signal - 100 * i32::from(link.id));
            entry
        };
        self.links.iter().map(entry).collect()
    }

    fn advertised(&self, bssid: MacAddr) -> Advertised {
        let link = self.links.iter().find(|link| link.bssid == bssid).unwrap();
        Advertised::of(Elements::new(&self.elements(*link)))
    }

    /// The answers to an Authentication frame that is for this address of it.
    pub(crate) fn authentication(
        &mut self,
        now: Instant,
        own: MacAddr,
        frame: &Authentication,
    ) -> Vec<Authentication> {
        if self.silent {
            return vec![];
        }
        let mut answers = vec![];
        if frame.algorithm == AuthenticationAlgorithm::Open {
            answers.push(Authentication { transaction: 2, ..frame.clone() });
        } else {
            let sae = self.sae.entry(own).or_insert_with(|| {
                SaeAuthenticator::new(Configuration {
                    own,
                    akms: vec![Akm::Sae],
                    groups: vec![Group::P256],
                    methods: vec![Method::HashToElement, Method::HuntingAndPecking],
                    passwords: vec![Password::new(self.ssid, b"correct horse battery", None)],
                    token_threshold: 5,
                })
            });
            let mut means = Means { entropy: &mut self.entropy, curves: &ShamCurves };
            for action in sae.handle(now, &mut means, OWN, frame) {
                match action {
                    Action::Send(_, frame) => answers.push(frame),
                    Action::Accepted { pmk, pmkid, .. } => {
                        self.full_authentications += 1;
                        self.fresh = Some(pmkid);
                        self.pmks.insert(pmkid, pmk);
                    }
                }
            }
        }
        let named = self.pretends.unwrap_or((own == self.address).then_some(self.address));
        if let Some(address) = named {
            answers.iter_mut().for_each(|answer| MultiLink::address_only(address).write(&mut answer.payload));
        }
        answers
    }

    /// Takes an association, and sets up the handshake; `own` has the station's address on each link.
    pub(crate) fn associate(
        &mut self,
        peer: &AssociationPeer,
        own: &BTreeMap<LinkId, MacAddr>,
        elements: &[u8],
    ) {
        let elements = Elements::new(elements);
        let rsn = elements.find::<Rsn>().unwrap().unwrap();
        let named = rsn.pmkids().first().copied().or(self.fresh).unwrap();
        let link = |bssid: MacAddr, station: MacAddr, accepted: bool| Link {
            bssid,
            station,
            advertised: self.advertised(bssid),
            channel: None,
            accepted,
        };
        let peer = match peer {
            AssociationPeer::Bss { bssid, .. } => Peer::Bss(link(*bssid, OWN, true)),
            AssociationPeer::Mld { address, association_link, links } => Peer::Mld {
                address: *address,
                station: OWN,
                association_link: *association_link,
                links: links
                    .iter()
                    .map(|asked| {
                        let accepted = !self.refused.contains(&asked.id.get());
                        (asked.id, link(asked.bssid, own[&asked.id], accepted))
                    })
                    .collect(),
            },
        };
        let pmk = self.pmks.get(&named).cloned();
        self.authenticator = pmk.map(|pmk| {
            Authenticator::new(authenticator::Setup {
                ssid: Ssid::new(self.ssid).unwrap(),
                group_keys: self.group_keys(&peer),
                membership: None,
                peer,
                akm: Akm::Sae,
                pairwise: Cipher::Ccmp128,
                rsne: elements.find_raw::<Rsn>().unwrap().octets.to_vec(),
                rsnxe: elements.find_raw::<Rsnx>().map(|element| element.octets.to_vec()),
                selection: None,
                candidates: vec![Candidate { pmkid: Some(Pmkid(named)), pmk: Pmk::new(pmk).unwrap() }],
                announced: Some(Pmkid(named)),
                operating_channel_validation: false,
                ssid_protection: false,
                extended_key_id: false,
                transition_disable: None,
            })
        });
    }

    /// The group keys of every accepted link.
    pub(crate) fn group_keys(&self, peer: &Peer) -> Vec<KeyRequest> {
        let links: Vec<Option<LinkId>> = match peer {
            Peer::Bss(_) => vec![None],
            Peer::Mld { links, .. } => {
                links.iter().filter(|(_, link)| link.accepted).map(|(id, _)| Some(*id)).collect()
            }
        };
        links.into_iter().flat_map(|link| self.keys_of(link)).collect()
    }

    pub(crate) fn keys_of(&self, link: Option<LinkId>) -> Vec<KeyRequest> {
        let key = |kind, index, cipher, octet: u8| KeyRequest {
            kind,
            link,
            index: index + self.generation % 2,
            cipher,
            key: Secret::new(&[octet ^ self.generation << 4 ^ link.map_or(15, LinkId::get); 16]),
            sequence: [0; 6],
        };
        vec![
            key(KeyKind::Group, 1, Cipher::Ccmp128, 0x40),
            key(KeyKind::Integrity, 4, Cipher::BipCmac128, 0x80),
        ]
    }

    /// Begins the handshake, if there is a key for it.
    pub(crate) fn start(&mut self, now: Instant) -> Vec<Output> {
        let mut outputs = vec![];
        if let Some(authenticator) = &mut self.authenticator {
            authenticator.start(now, &mut self.entropy, &mut outputs);
        }
        outputs
    }

    pub(crate) fn key_frame(&mut self, now: Instant, octets: &[u8], encrypted: bool) -> Vec<Output> {
        let mut outputs = vec![];
        if let Some(authenticator) = self.authenticator.as_mut().filter(|_| !self.silent) {
            authenticator.handle(now, octets, encrypted, &mut outputs);
        }
        outputs
    }

    /// Renews the group keys of these links.
    pub(crate) fn rekey(&mut self, now: Instant, links: &[u8]) -> Vec<Output> {
        self.generation += 1;
        let keys = links.iter().flat_map(|link| self.keys_of(Some(id(*link)))).collect();
        let mut outputs = vec![];
        self.authenticator.as_mut().unwrap().renew_group_keys(now, keys, &mut outputs);
        outputs
    }

    pub(crate) fn is_secured(&self) -> bool {
        self.authenticator.as_ref().is_some_and(Authenticator::is_established)
    }

    /// The answer to a request to add links: their statuses, and the group keys of these.
    pub(crate) fn reconfigured(&self, statuses: &[(u8, u16)], keys: &[u8]) -> LinkReconfigurationResponse {
        let mut data = vec![];
        for key in keys.iter().flat_map(|link| self.keys_of(Some(id(*link)))) {
            let kind = if key.kind == KeyKind::Group { GroupKeyKind::Data } else { GroupKeyKind::Integrity };
            let key = GroupKey {
                kind,
                link: key.link,
                key_id: u16::from(key.index),
                transmit: false,
                packet_number: Some([1, 0, 0, 0, 0, 0]),
                key: KeyOctets(key.key.expose()),
            };
            Kde::GroupKey(key).write(&mut data);
        }
        let mut elements = vec![];
        MultiLink::address_only(self.address).write(&mut elements);
        LinkReconfigurationResponse {
            dialog_token: 1,
            links: statuses
                .iter()
                .map(|&(information, status)| LinkStatus { information, status: StatusCode(status) })
                .collect(),
            group_keys: Some(GroupKeyData(Counted::new(data).unwrap())).filter(|_| !keys.is_empty()),
            elements,
        }
    }
}
