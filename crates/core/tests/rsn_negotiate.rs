//! Negotiation: what is chosen, and the reason for every refusal.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests too"
)]

use lapwing_core::{
    kernel::Band,
    rsn::{
        Advertised, Plan, Unsuitable,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        plan::SaeMethod,
    },
};
use lapwing_frames::{
    element::{
        Element,
        rsn::{Rsn, RsnCapabilities as Bits, RsnChoice, RsnOverride, RsnOverride2},
        rsnx::{Rsnx, RsnxCapability},
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
    }
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

#[test]
fn wep_and_tkip_are_never_used() {
    let tkip = rsn(CCMP, &[Cipher::Tkip, Cipher::Wep40], &[Akm::Psk], Bits::default());
    assert!(matches!(refusal(&ap(&tkip, &[]), &PASSPHRASE), Unsuitable::PairwiseCipher(_)));
    for group in [Cipher::Tkip, Cipher::Wep40, Cipher::UseGroup] {
        let mixed = rsn(group, &[CCMP], &[Akm::Psk], Bits::default());
        assert_eq!(refusal(&ap(&mixed, &[]), &PASSPHRASE), Unsuitable::GroupCipher(group));
    }
    let wpa = Advertised { wpa: Some(vec![221, 4, 0, 0x50, 0xf2, 1]), ..Advertised::default() };
    assert_eq!(refusal(&wpa, &PASSPHRASE), Unsuitable::FirstWpa);
    let bare = Advertised::default();
    let offer = Offer { advertised: &bare, privacy: true, band: Some(Band::Band2), multi_link: false };
    assert_eq!(negotiate(&offer, &capable(), &PASSPHRASE), Err(Unsuitable::Wep));
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
    assert_eq!(refusal(&unprotected, &OPEN), Unsuitable::NoManagementFrameProtection);
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
