//! Negotiation: what is chosen, and the reason for every refusal.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    kernel::Band,
    network::Proven,
    rsn::{
        Advertised, Plan, Unsuitable,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        plan::{SaeMethod, Weakness},
    },
};
use lapwing_frames::{
    element::{
        Element,
        rsn::{Rsn, RsnCapabilities as Bits, RsnChoice, RsnOverride, RsnOverride2},
        rsnx::{Rsnx, RsnxCapability},
        wpa::Wpa,
    },
    suite::{Akm, Cipher},
};

fn whole(element: &impl Element) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    Some(octets)
}

fn rsn(group: Cipher, pairwise: &[Cipher], akms: &[Akm], bits: Bits) -> Rsn {
    Rsn::new(group, pairwise.to_vec(), akms.to_vec(), bits)
}

fn ap(rsn: &Rsn, extensions: &[RsnxCapability]) -> Advertised {
    let rsnxe = (!extensions.is_empty()).then(|| whole(&Rsnx::new(extensions))).flatten();
    Advertised { rsne: whole(rsn), rsnxe, ..Advertised::default() }
}

const MFP: Bits = Bits::MFPC;
const CCMP: Cipher = Cipher::Ccmp128;
const H2E: &[RsnxCapability] = &[RsnxCapability::SaeH2e];
const PASSPHRASE: Policy =
    Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: false };
const OPEN: Policy = Policy::Open { owe_only: false };

fn capable() -> Capabilities {
    Capabilities {
        ciphers: vec![
            Cipher::Tkip,
            Cipher::Wep40,
            CCMP,
            Cipher::Gcmp128,
            Cipher::Gcmp256,
            Cipher::Ccmp256,
            Cipher::BipCmac128,
        ],
        akms: None,
        sae: true,
        beacon_protection: true,
        extended_key_id: true,
        operating_channel_validation: true,
        overriding: true,
        fast_transition: true,
        tkip: false,
    }
}

/// The same, where TKIP is put up with.
fn old() -> Capabilities {
    Capabilities { tkip: true, ..capable() }
}

fn judge(
    advertised: &Advertised,
    policy: &Policy,
    band: Band,
    multi_link: bool,
) -> Result<Security, Unsuitable> {
    let offer = Offer { advertised, privacy: false, band: Some(band), multi_link };
    negotiate(&offer, &capable(), policy)
}

fn plan(advertised: &Advertised, policy: &Policy) -> Plan {
    match judge(advertised, policy, Band::Band5, false).unwrap() {
        Security::Protected(plan) => plan,
        Security::Open => panic!("open"),
    }
}

fn refusal(advertised: &Advertised, policy: &Policy) -> Unsuitable {
    let why = judge(advertised, policy, Band::Band5, false).unwrap_err();
    assert!(!why.to_string().is_empty());
    why
}

#[test]
fn the_best_akm_and_cipher_are_taken() {
    let all = [Akm::Psk, Akm::FtSae, Akm([9, 9, 9, 9]), Akm::Sae, Akm::PskSha256, Akm::SaeExtKey];
    for (akms, best) in
        [(&all[..], Akm::SaeExtKey), (&all[..5], Akm::Sae), (&[Akm::Psk, Akm::PskSha256], Akm::PskSha256)]
    {
        assert_eq!(plan(&ap(&rsn(CCMP, &[CCMP], akms, MFP), H2E), &PASSPHRASE).akm(), best);
    }
    let order = [Cipher::Gcmp256, Cipher::Ccmp256, Cipher::Gcmp128, CCMP];
    for start in 0..order.len() {
        let mut offered = order[start..].to_vec();
        offered.reverse();
        offered.push(Cipher::Tkip);
        let plan = plan(&ap(&rsn(CCMP, &offered, &[Akm::Sae], MFP), H2E), &PASSPHRASE);
        assert_eq!(plan.pairwise(), order[start]);
    }
}

/// What is thought of an AP in 2.4 GHz.
fn thought(
    advertised: &Advertised,
    capabilities: &Capabilities,
    policy: &Policy,
) -> Result<Plan, Unsuitable> {
    let offer = Offer { advertised, privacy: true, band: Some(Band::Band2), multi_link: false };
    match negotiate(&offer, capabilities, policy)? {
        Security::Protected(plan) => Ok(plan),
        Security::Open => panic!("it is not open"),
    }
}

fn wpa(group: Cipher, pairwise: &[Cipher], akm: Akm) -> Advertised {
    let element = Wpa { version: 1, group, pairwise: pairwise.to_vec(), akms: vec![akm], tail: Vec::new() };
    Advertised { wpa: whole(&element), ..Advertised::default() }
}

#[test]
fn wep_is_never_used() {
    for capabilities in [capable(), old()] {
        let wep = rsn(CCMP, &[Cipher::Wep40, Cipher::Wep104], &[Akm::Psk], Bits::default());
        let refused = thought(&ap(&wep, &[]), &capabilities, &PASSPHRASE);
        assert!(matches!(refused, Err(Unsuitable::PairwiseCipher(_))), "{refused:?}");
        for group in [Cipher::Wep40, Cipher::UseGroup] {
            let mixed = ap(&rsn(group, &[CCMP], &[Akm::Psk], Bits::default()), &[]);
            assert_eq!(thought(&mixed, &capabilities, &PASSPHRASE), Err(Unsuitable::GroupCipher(group)));
        }
        assert_eq!(thought(&Advertised::default(), &capabilities, &PASSPHRASE), Err(Unsuitable::Wep));
    }
    let mixed = wpa(Cipher([0, 0x50, 0xf2, 1]), &[Cipher::WpaTkip], Akm::WpaPsk);
    assert!(matches!(thought(&mixed, &old(), &PASSPHRASE), Err(Unsuitable::GroupCipher(_))));
    let wep = wpa(Cipher::WpaTkip, &[Cipher([0, 0x50, 0xf2, 5])], Akm::WpaPsk);
    assert!(matches!(thought(&wep, &old(), &PASSPHRASE), Err(Unsuitable::PairwiseCipher(_))));
}

#[test]
fn tkip_and_the_first_wpa_are_refused_unless_somebody_puts_up_with_them() {
    let tkip = ap(&rsn(Cipher::Tkip, &[Cipher::Tkip], &[Akm::Psk], Bits::default()), &[]);
    let mixed = ap(&rsn(Cipher::Tkip, &[CCMP, Cipher::Tkip], &[Akm::Psk], MFP), &[]);
    let first = wpa(Cipher::WpaTkip, &[Cipher::WpaTkip], Akm::WpaPsk);
    let better = wpa(Cipher::WpaTkip, &[Cipher::WpaTkip, Cipher::WpaCcmp], Akm::WpaPsk);
    for (offered, why) in [
        (&tkip, Unsuitable::Tkip),
        (&mixed, Unsuitable::Tkip),
        (&first, Unsuitable::FirstWpa),
        (&better, Unsuitable::FirstWpa),
    ] {
        assert_eq!(thought(offered, &capable(), &PASSPHRASE), Err(why.clone()));
        assert!(why.to_string().contains("AllowTkip=true"), "a person is told what to do: {why}");
    }
    for (offered, pairwise, weakness) in [
        (&tkip, Cipher::Tkip, Weakness::Tkip),
        (&mixed, CCMP, Weakness::GroupTkip),
        (&first, Cipher::Tkip, Weakness::FirstWpaTkip),
        (&better, CCMP, Weakness::FirstWpa),
    ] {
        let plan = thought(offered, &old(), &PASSPHRASE).unwrap();
        assert_eq!((plan.akm(), plan.pairwise(), plan.group()), (Akm::Psk, pairwise, Cipher::Tkip));
        assert_eq!((plan.weakness(), plan.group_management()), (Some(weakness), None));
        assert_eq!(plan.is_first_wpa(), offered.wpa.is_some());
        // What is told the AP is what it offers, in its own words.
        let elements = plan.association_elements();
        let own = Advertised::of(lapwing_frames::element::Elements::new(&elements));
        assert_eq!((own.wpa.is_some(), own.rsne.is_some()), (plan.is_first_wpa(), !plan.is_first_wpa()));
        assert_eq!(plan.proves().has(Proven::RSN), !weakness.is_pairwise());
    }
    // A radio that cannot do it.
    let modern = Capabilities { ciphers: vec![CCMP, Cipher::BipCmac128], ..old() };
    assert!(matches!(thought(&tkip, &modern, &PASSPHRASE), Err(Unsuitable::PairwiseCipher(_))));
    assert_eq!(thought(&mixed, &modern, &PASSPHRASE), Err(Unsuitable::GroupCipher(Cipher::Tkip)));
    assert!(matches!(thought(&first, &modern, &PASSPHRASE), Err(Unsuitable::PairwiseCipher(_))));
}

#[test]
fn rsn_comes_before_the_first_wpa() {
    let first = wpa(Cipher::WpaTkip, &[Cipher::WpaTkip], Akm::WpaPsk).wpa;
    let both = |rsn: &Rsn| Advertised { wpa: first.clone(), ..ap(rsn, &[]) };
    let mixed = both(&rsn(Cipher::Tkip, &[CCMP], &[Akm::Psk], Bits::default()));
    assert!(!thought(&mixed, &old(), &PASSPHRASE).unwrap().is_first_wpa());
    // An RSNE that is of no use does not make the other one better.
    for refused in [
        rsn(CCMP, &[CCMP], &[Akm::Ieee8021x], MFP),
        rsn(CCMP, &[Cipher::Wep40], &[Akm::Psk], MFP),
        rsn(CCMP, &[CCMP], &[Akm::Sae], Bits::default()),
    ] {
        assert!(thought(&both(&refused), &old(), &PASSPHRASE).is_err(), "{refused}");
    }
    let hidden = Advertised {
        wpa: first.clone(),
        rsne_override2: whole(&RsnOverride2(rsn(CCMP, &[CCMP], &[Akm::Sae], MFP))),
        ..Advertised::default()
    };
    assert_eq!(thought(&hidden, &old(), &PASSPHRASE), Err(Unsuitable::FirstWpa));
}

#[test]
fn tkip_is_never_used_for_what_is_newer() {
    // Protected management frames, SAE, OWE, SHA-256, fast transition, 6 GHz, multi-link operation.
    for akm in [Akm::Sae, Akm::SaeExtKey, Akm::Owe, Akm::PskSha256, Akm::FtPsk] {
        let tkip = ap(&rsn(Cipher::Tkip, &[Cipher::Tkip], &[akm], MFP), H2E);
        for policy in [PASSPHRASE, OPEN] {
            assert!(thought(&tkip, &old(), &policy).is_err(), "{akm}");
        }
    }
    for akm in [Akm::Sae, Akm::Owe] {
        let group = ap(&rsn(Cipher::Tkip, &[CCMP], &[akm], MFP), H2E);
        for policy in [PASSPHRASE, OPEN] {
            assert!(thought(&group, &old(), &policy).is_err(), "{akm}");
        }
    }
    let required = ap(&rsn(Cipher::Tkip, &[CCMP], &[Akm::Psk], MFP.with(Bits::MFPR)), &[]);
    assert!(thought(&required, &old(), &PASSPHRASE).is_err());
    let first = wpa(Cipher::WpaTkip, &[Cipher::WpaTkip], Akm::WpaPsk);
    let tkip = ap(&rsn(Cipher::Tkip, &[CCMP], &[Akm::Psk], MFP), &[]);
    for advertised in [&first, &tkip] {
        for (band, multi_link) in [(Band::Band6, false), (Band::Band5, true)] {
            let offer = Offer { advertised, privacy: true, band: Some(band), multi_link };
            assert!(negotiate(&offer, &old(), &PASSPHRASE).is_err());
        }
    }
    let closed =
        Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: true };
    assert_eq!(thought(&first, &old(), &closed), Err(Unsuitable::TransitionDisabled));
    assert_eq!(thought(&first, &old(), &OPEN), Err(Unsuitable::SecretMissing));
    let enterprise = wpa(Cipher::WpaTkip, &[Cipher::WpaTkip], Akm::Wpa8021x);
    assert_eq!(thought(&enterprise, &old(), &PASSPHRASE), Err(Unsuitable::Enterprise));
    let longer =
        Policy::Personal { psk: false, sae: true, hash_to_element_only: false, transition_disabled: false };
    assert!(matches!(thought(&first, &old(), &longer), Err(Unsuitable::NoCommonAkm(_))));
}

#[test]
fn a_firmware_that_announces_the_first_wpa_is_taken_by_its_word() {
    let plan = thought(&wpa(Cipher::WpaTkip, &[Cipher::WpaTkip], Akm::WpaPsk), &old(), &PASSPHRASE).unwrap();
    let announced = |pairwise| {
        let element = Wpa {
            version: 1,
            group: Cipher::WpaTkip,
            pairwise: vec![pairwise],
            akms: vec![Akm::WpaPsk],
            tail: vec![0, 0],
        };
        whole(&element).unwrap()
    };
    let sent = announced(Cipher::WpaTkip);
    assert_eq!(plan.clone().as_sent(&sent).unwrap().rsne(), sent);
    assert_eq!(plan.clone().as_sent(&announced(Cipher::WpaCcmp)), None);
    assert_eq!(plan.clone().as_sent(&[]).unwrap(), plan, "the driver does not tell");
}

#[test]
fn open_networks() {
    let bare = Advertised::default();
    assert_eq!(judge(&bare, &OPEN, Band::Band5, false), Ok(Security::Open));
    assert_eq!(refusal(&bare, &Policy::Open { owe_only: true }), Unsuitable::OpenForbidden);
    assert_eq!(judge(&bare, &OPEN, Band::Band6, false), Err(Unsuitable::OpenForbidden));
    assert_eq!(refusal(&bare, &PASSPHRASE), Unsuitable::Unprotected);
    let owe = ap(&rsn(CCMP, &[CCMP], &[Akm::Owe], MFP), &[]);
    assert_eq!(plan(&owe, &OPEN).akm(), Akm::Owe);
    assert!(matches!(refusal(&owe, &PASSPHRASE), Unsuitable::NoCommonAkm(_)));
    let unprotected = ap(&rsn(CCMP, &[CCMP], &[Akm::Owe], Bits::default()), &[]);
    // Better than what is left without it, an open network.
    let poor = plan(&unprotected, &OPEN);
    assert_eq!((poor.akm(), poor.group_management()), (Akm::Owe, None));
    assert_eq!(judge(&unprotected, &OPEN, Band::Band6, false), Err(Unsuitable::NoManagementFrameProtection));
    let required = ap(&rsn(CCMP, &[CCMP], &[Akm::Owe], Bits::MFPC.with(Bits::MFPR)), &[]);
    assert_eq!(plan(&required, &OPEN).group_management(), Some(Cipher::BipCmac128));
    assert_eq!(refusal(&ap(&rsn(CCMP, &[CCMP], &[Akm::Sae], MFP), H2E), &OPEN), Unsuitable::SecretMissing);
    let enterprise = ap(&rsn(CCMP, &[CCMP], &[Akm::Ieee8021x], MFP), &[]);
    assert_eq!(refusal(&enterprise, &OPEN), Unsuitable::Enterprise);
    assert_eq!(refusal(&enterprise, &PASSPHRASE), Unsuitable::Enterprise);
}

#[test]
fn protected_management_frames_are_used_whenever_both_can() {
    let with = plan(&ap(&rsn(CCMP, &[CCMP], &[Akm::Psk], MFP), &[]), &PASSPHRASE);
    assert_eq!(with.group_management(), Some(Cipher::BipCmac128));
    let without = plan(&ap(&rsn(CCMP, &[CCMP], &[Akm::Psk], Bits::default()), &[]), &PASSPHRASE);
    assert!(!without.protects_management_frames() && !without.beacon_protection());
    let mut foreign = rsn(CCMP, &[CCMP], &[Akm::Psk], MFP);
    foreign.set_group_management(Cipher::BipGmac256);
    assert!(!plan(&ap(&foreign, &[]), &PASSPHRASE).protects_management_frames());
    foreign.set_capabilities(MFP.with(Bits::MFPR));
    let why = Unsuitable::GroupManagementCipher(Cipher::BipGmac256);
    assert_eq!(refusal(&ap(&foreign, &[]), &PASSPHRASE), why);
    let contradiction = rsn(CCMP, &[CCMP], &[Akm::Psk], Bits::MFPR);
    assert_eq!(refusal(&ap(&contradiction, &[]), &PASSPHRASE), Unsuitable::Contradiction);
}

#[test]
fn sae_is_not_done_without_protected_management_frames() {
    for akm in [Akm::Sae, Akm::SaeExtKey] {
        let bare = ap(&rsn(CCMP, &[CCMP], &[akm], Bits::default()), H2E);
        assert_eq!(refusal(&bare, &PASSPHRASE), Unsuitable::NoManagementFrameProtection);
    }
}

#[test]
fn transition_disable_forbids_the_way_back() {
    let disabled =
        Policy::Personal { psk: true, sae: true, hash_to_element_only: false, transition_disabled: true };
    let psk = ap(&rsn(CCMP, &[CCMP], &[Akm::Psk], MFP), &[]);
    assert_eq!(refusal(&psk, &disabled), Unsuitable::TransitionDisabled);
    let both = ap(&rsn(CCMP, &[CCMP], &[Akm::Psk, Akm::Sae], MFP), H2E);
    assert_eq!(plan(&both, &disabled).akm(), Akm::Sae);
}

#[test]
fn the_method_of_sae() {
    let sae = rsn(CCMP, &[CCMP], &[Akm::Sae], MFP);
    assert_eq!(plan(&ap(&sae, H2E), &PASSPHRASE).sae(), Some(SaeMethod::HashToElement));
    let old = plan(&ap(&sae, &[]), &PASSPHRASE);
    assert_eq!((old.sae(), old.rsnxe()), (Some(SaeMethod::HuntingAndPecking), None));
    for (band, multi_link) in [(Band::Band6, false), (Band::Band5, true)] {
        let why = judge(&ap(&sae, &[]), &PASSPHRASE, band, multi_link);
        assert_eq!(why, Err(Unsuitable::HashToElementMissing));
        let psk = ap(&rsn(CCMP, &[CCMP], &[Akm::Psk], MFP), &[]);
        assert!(matches!(judge(&psk, &PASSPHRASE, band, multi_link), Err(Unsuitable::NoCommonAkm(_))));
    }
    let key =
        Policy::Personal { psk: true, sae: false, hash_to_element_only: false, transition_disabled: false };
    assert_eq!(refusal(&ap(&sae, H2E), &key), Unsuitable::PassphraseMissing);
    let mut weak = capable();
    weak.sae = false;
    let advertised = ap(&sae, H2E);
    let offer = Offer { advertised: &advertised, privacy: true, band: None, multi_link: false };
    assert_eq!(negotiate(&offer, &weak, &PASSPHRASE), Err(Unsuitable::SaeUnsupported));
}

#[test]
fn override_elements_come_first() {
    let mut advertised = ap(&rsn(CCMP, &[CCMP], &[Akm::Psk], MFP), H2E);
    let better = rsn(Cipher::Gcmp256, &[Cipher::Gcmp256], &[Akm::SaeExtKey], MFP);
    advertised.rsne_override2 = whole(&RsnOverride2(better));
    // Only a multi-link association takes the second one.
    let psk = plan(&advertised, &PASSPHRASE);
    assert_eq!((psk.akm(), psk.selection()), (Akm::Psk, Some(RsnChoice::Rsn)));
    let Ok(Security::Protected(mld)) = judge(&advertised, &PASSPHRASE, Band::Band5, true) else { panic!() };
    assert_eq!((mld.akm(), mld.selection()), (Akm::SaeExtKey, Some(RsnChoice::Override2)));
    advertised.rsne_override = whole(&RsnOverride(rsn(CCMP, &[CCMP], &[Akm::Sae], MFP)));
    let sae = plan(&advertised, &PASSPHRASE);
    assert_eq!((sae.akm(), sae.selection()), (Akm::Sae, Some(RsnChoice::Override)));
    assert!(sae.association_elements().ends_with(&[221, 5, 0x50, 0x6f, 0x9a, 0x2c, 1]));
}

#[test]
fn a_malformed_rsne_is_named() {
    let broken = Advertised { rsne: Some(vec![48, 3, 1, 0, 5]), ..Advertised::default() };
    assert!(matches!(refusal(&broken, &PASSPHRASE), Unsuitable::Malformed(_)));
    let future = Advertised { rsne: Some(vec![48, 2, 2, 0]), ..Advertised::default() };
    assert_eq!(refusal(&future, &PASSPHRASE), Unsuitable::Version(2));
}
