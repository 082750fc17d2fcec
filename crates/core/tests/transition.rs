//! Fast transitions: a station and an AP of one mobility domain, and everything that may be changed between them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    Secret,
    crypto::keys::Pmk,
    entropy::SeededEntropy,
    kernel::{Band, KeyKind, KeyRequest},
    rsn::{
        Advertised, Plan,
        ft::{
            Hierarchy, Membership, Setup, Transition, TransitionFailure,
            authenticator::{Asked, Member, Offer},
        },
        negotiate::{Capabilities, Offer as Announced, Policy, Security, negotiate},
    },
    sae::Method,
};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{Element, Elements, FastTransition, MobilityDomain, Rsn},
    management::StatusCode,
    suite::{Akm, Cipher},
};

const STATION: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const FIRST: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);
const SECOND: MacAddr = MacAddr([2, 0, 0, 0, 2, 0]);

/// Two APs and a station that has been with the first.
struct World {
    ssid: Ssid,
    member: Member,
    advertised: Advertised,
    plan: Plan,
    hierarchy: Hierarchy,
    group_keys: Vec<KeyRequest>,
    entropy: SeededEntropy,
}

impl World {
    fn new(akm: Akm, pmk_length: usize) -> Self {
        let ssid = Ssid::new(b"home").unwrap();
        let member = Member {
            domain: [0x12, 0x34],
            over_ds: true,
            r0kh: b"first.example".to_vec(),
            reassociation_deadline: 1_000,
            key_lifetime: 3_600,
        };
        let mut security = lapwing_core::ap::Security::new(vec![akm]);
        security.methods = vec![Method::HashToElement];
        let advertised = Advertised {
            rsne: Some(security.rsne()),
            rsnxe: security.rsnxe(),
            mobility_domain: Some(member.mobility_domain()),
            ..Advertised::default()
        };
        let plan = plan(&advertised);
        assert_eq!(plan.akm(), akm);
        let pmk = Pmk::new(Secret::new(&vec![7; pmk_length])).unwrap();
        let membership = member.membership(FIRST, akm, pmk_length).unwrap();
        let hierarchy = Hierarchy::new(akm, &pmk, &ssid, &membership, STATION).unwrap();
        let key = |kind, index, cipher| KeyRequest {
            kind,
            link: None,
            index,
            cipher,
            key: Secret::new(&[index; 16]),
            sequence: [index, 0, 0, 0, 0, 0],
        };
        let mut group_keys = vec![key(KeyKind::Group, 1, Cipher::Ccmp128)];
        group_keys.push(key(KeyKind::Integrity, 4, Cipher::BipCmac128));
        Self { ssid, member, advertised, plan, hierarchy, group_keys, entropy: SeededEntropy(1) }
    }

    fn begin(&mut self) -> (Transition, Vec<u8>) {
        let setup = Setup {
            ssid: self.ssid.clone(),
            hierarchy: self.hierarchy.clone(),
            plan: self.plan.clone(),
            advertised: self.advertised.clone(),
            bssid: SECOND,
            station: STATION,
        };
        Transition::begin(setup, &mut self.entropy).unwrap()
    }

    fn agree(&mut self, first: &[u8]) -> Result<(Offer, Vec<u8>), StatusCode> {
        let asked = Asked::read(&self.member, first)?;
        let hierarchy = self.hierarchy.clone();
        Offer::make(&self.member, (SECOND, STATION), &asked, hierarchy, &self.advertised, &mut self.entropy)
    }
}

fn plan(advertised: &Advertised) -> Plan {
    let capabilities = Capabilities {
        ciphers: vec![Cipher::Ccmp128, Cipher::BipCmac128],
        akms: None,
        sae: true,
        beacon_protection: true,
        extended_key_id: false,
        operating_channel_validation: true,
        overriding: true,
        fast_transition: true,
        tkip: false,
    };
    let policy =
        Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: false };
    let offer = Announced { advertised, privacy: true, band: Some(Band::Band5), multi_link: false };
    match negotiate(&offer, &capabilities, &policy).unwrap() {
        Security::Protected(plan) => plan,
        Security::Open => panic!("it is protected"),
    }
}

const KINDS: [(Akm, usize); 5] = [
    (Akm::FtPsk, 32),
    (Akm::FtSae, 32),
    (Akm::FtSaeExtKey, 32),
    (Akm::FtSaeExtKey, 48),
    (Akm::FtSaeExtKey, 64),
];

#[test]
fn both_sides_have_the_same_keys_and_the_group_keys_arrive() {
    for (akm, length) in KINDS {
        let mut world = World::new(akm, length);
        let (mut station, first) = world.begin();
        let (offer, second) = world.agree(&first).unwrap();
        let third = station.answered(&second).unwrap();
        let granted = offer.grant(&third, &world.advertised, &world.group_keys).unwrap();
        let finished = station.finish(&granted.elements, true, true).unwrap();
        let kinds: Vec<_> = finished.keys.iter().map(|key| key.kind).collect();
        let pairwise = KeyKind::Pairwise { peer: SECOND, receive_only: false };
        let mut wanted = vec![pairwise, KeyKind::Group];
        wanted.extend(world.plan.protects_management_frames().then_some(KeyKind::Integrity));
        assert_eq!(kinds, wanted, "{akm}");
        assert!(finished.keys[0].key == granted.ptk.tk, "{akm}");
        for (taken, given) in finished.keys[1..].iter().zip(&world.group_keys) {
            assert!(taken == given, "{akm} {taken:?}");
        }
        assert_eq!(finished.supplicant.hierarchy(), Some(&world.hierarchy), "{akm}");
        // The request once more is granted once more, with the same keys.
        assert!(offer.grant(&third, &world.advertised, &world.group_keys).unwrap().ptk == granted.ptk);
    }
}

/// Each octet of each frame, changed: nobody accepts what the other did not say.
#[test]
fn whatever_is_changed_on_the_way_is_refused() {
    for (akm, length) in [(Akm::FtPsk, 32), (Akm::FtSaeExtKey, 48)] {
        let mut world = World::new(akm, length);
        let (station, first) = world.begin();
        let (offer, second) = world.agree(&first).unwrap();
        let mut honest = station.clone();
        let third = honest.answered(&second).unwrap();
        let granted = offer.grant(&third, &world.advertised, &world.group_keys).unwrap();
        for at in 0..second.len() {
            let mut octets = second.clone();
            octets[at] ^= 1;
            // What is believed of it leads to other keys, and the AP sees that; or it has no meaning yet (the place
            // of the integrity code), and nothing comes of it.
            if let Ok(other) = station.clone().answered(&octets) {
                let refused = offer.grant(&other, &world.advertised, &[]).is_err();
                assert!(refused || other == third, "{akm} answer, octet {at}");
            }
        }
        for at in 0..third.len() {
            let mut octets = third.clone();
            octets[at] ^= 1;
            assert!(offer.grant(&octets, &world.advertised, &[]).is_err(), "{akm} request, octet {at}");
        }
        for at in 0..granted.elements.len() {
            let mut octets = granted.elements.clone();
            octets[at] ^= 1;
            assert!(honest.clone().finish(&octets, true, true).is_err(), "{akm} response, octet {at}");
        }
        for length in 0..granted.elements.len() {
            assert!(
                honest.clone().finish(&granted.elements[..length], true, true).is_err(),
                "{akm} {length}"
            );
        }
    }
}

#[test]
fn an_ap_that_has_no_such_key_or_is_of_another_domain_says_so() {
    let mut world = World::new(Akm::FtSae, 32);
    let (_, first) = world.begin();
    let member = Member { domain: [9, 9], ..world.member.clone() };
    assert_eq!(Asked::read(&member, &first).err(), Some(StatusCode::InvalidMde));
    let asked = Asked::read(&world.member, &first).unwrap();
    let membership = world.member.membership(FIRST, Akm::FtSae, 32).unwrap();
    let pmk = Pmk::new(Secret::new(&[8; 32])).unwrap();
    let other = Hierarchy::new(Akm::FtSae, &pmk, &world.ssid, &membership, STATION).unwrap();
    let advertised = world.advertised.clone();
    let refused =
        Offer::make(&world.member, (SECOND, STATION), &asked, other, &advertised, &mut world.entropy);
    assert_eq!(refused.err(), Some(StatusCode::InvalidPmkid));
    for cut in 0..first.len() {
        assert!(Asked::read(&world.member, &first[..cut]).is_err(), "cut to {cut}");
    }
}

#[test]
fn an_answer_comes_once_and_a_response_after_it() {
    let mut world = World::new(Akm::FtPsk, 32);
    let (mut station, first) = world.begin();
    let (offer, second) = world.agree(&first).unwrap();
    let early = station.clone().finish(&second, true, true).err();
    assert_eq!(early, Some(TransitionFailure::OutOfOrder));
    let third = station.answered(&second).unwrap();
    assert_eq!(station.answered(&second), Err(TransitionFailure::OutOfOrder));
    // An AP that leaves out a group key that was negotiated.
    let granted = offer.grant(&third, &world.advertised, &[]).unwrap();
    assert!(matches!(station.finish(&granted.elements, true, true).err(), Some(TransitionFailure::Keys(_))));
}

#[test]
fn keys_lead_only_within_their_domain_network_and_kind() {
    let world = World::new(Akm::FtSae, 32);
    let possible =
        |plan: &Plan, station| Transition::is_possible(&world.hierarchy, &world.ssid, plan, station);
    assert!(possible(&world.plan, STATION));
    assert!(!possible(&world.plan, FIRST), "our address is another now");
    assert!(!possible(&World::new(Akm::FtPsk, 32).plan, STATION), "another AKM");
    let other = Ssid::new(b"work").unwrap();
    assert!(!Transition::is_possible(&world.hierarchy, &other, &world.plan, STATION), "another network");
    let member = Member { domain: [9, 9], ..world.member.clone() };
    let elsewhere =
        Advertised { mobility_domain: Some(member.mobility_domain()), ..world.advertised.clone() };
    assert!(!possible(&plan(&elsewhere), STATION), "another domain");
}

#[test]
fn fast_transition_is_negotiated_where_both_can_and_the_ap_is_in_a_domain() {
    let world = World::new(Akm::FtSae, 32);
    let mut rsn = Elements::new(world.advertised.rsne.as_ref().unwrap()).find::<Rsn>().unwrap().unwrap();
    let both = [Akm::Sae, Akm::FtSae];
    let group_management = rsn.group_management().unwrap();
    rsn = Rsn::new(rsn.group(), rsn.pairwise().to_vec(), both.to_vec(), rsn.capabilities());
    rsn.set_group_management(group_management);
    let mut rsne = Vec::new();
    rsn.write(&mut rsne);
    let advertised = Advertised { rsne: Some(rsne), ..world.advertised.clone() };
    let fast = plan(&advertised);
    assert_eq!(fast.akm(), Akm::FtSae);
    assert!(!fast.operating_channel_validation());
    let announced = world.member.mobility_domain();
    let elements = fast.association_elements();
    let told = Elements::new(&elements).find_raw::<MobilityDomain>().unwrap();
    assert_eq!(told.octets, announced, "the request repeats the beacon's element");
    let without = Advertised { mobility_domain: None, ..advertised.clone() };
    assert_eq!(plan(&without).akm(), Akm::Sae, "no domain, no fast transition");
    assert!(plan(&without).mobility_domain().is_none());
}

#[test]
fn a_response_that_contradicts_the_beacon_is_no_membership() {
    let world = World::new(Akm::FtPsk, 32);
    let announced = world.member.mobility_domain();
    let said = world.member.membership(FIRST, Akm::FtPsk, 32).unwrap();
    let response = [&said.mobility_domain[..], &said.fast_transition].concat();
    let read = |octets: &[u8]| Membership::of_response(Elements::new(octets), &announced);
    assert_eq!(read(&response), Ok(said.clone()));
    assert_eq!(read(&said.fast_transition), Err(TransitionFailure::MobilityDomain));
    assert_eq!(read(&said.mobility_domain), Err(TransitionFailure::Element));
    let other = Member { over_ds: false, ..world.member.clone() }.mobility_domain();
    let other = [&other[..], &said.fast_transition].concat();
    assert_eq!(read(&other), Err(TransitionFailure::MobilityDomain));
    let mut element = Elements::new(&said.fast_transition).find::<FastTransition>().unwrap().unwrap();
    element.subelements.truncate(1);
    let mut octets = said.mobility_domain;
    element.write(&mut octets);
    assert_eq!(read(&octets), Err(TransitionFailure::R0Holder));
}
