//! The RSN elements and their relatives: known bytes both ways, cut at every length.

use crate::common::{both_ways, hex, is_written};
use lapwing_frames::{
    element::{
        Element, Rsn, RsnCapabilities, RsnChoice, RsnOverride, RsnOverride2, RsnSelection, Rsnx,
        RsnxCapability, RsnxOverride, Wpa,
    },
    suite::{Akm, Cipher},
};
use proptest::prelude::*;

#[test]
fn rsn_of_a_wpa3_network_in_full() {
    let mut rsn = Rsn::new(
        Cipher::Ccmp128,
        vec![Cipher::Ccmp128, Cipher::Gcmp256],
        vec![Akm::Sae, Akm::SaeExtKey],
        RsnCapabilities::MFPC | RsnCapabilities::MFPR | RsnCapabilities::OCVC,
    );
    rsn.set_pmkids(vec![[0x11; 16]]);
    rsn.set_group_management(Cipher::BipGmac256);
    is_written(
        &rsn,
        "30 .. 0100 000fac04 0200 000fac04000fac09 0200 000fac08000fac18 c040 \
         0100 11111111111111111111111111111111 000fac0c",
    );
    assert_eq!(rsn.group_management(), Some(Cipher::BipGmac256));
    assert_eq!(rsn.version(), Rsn::VERSION);
    assert_eq!(
        rsn.to_string(),
        "version 1, group CCMP-128, pairwise CCMP-128 GCMP-256, AKM SAE SAE-EXT-KEY, \
         capabilities 0x40c0 MFPR MFPC OCVC, group management BIP-GMAC-256, PMKID 11111111111111111111111111111111"
    );
}

#[test]
fn rsn_ends_after_any_complete_field_and_the_rest_has_the_defaults_of_the_standard() {
    let full = hex("0100 000fac09 0100 000fac09 0100 000fac08 8000 0000 000fac0c");
    // After the version, each of the three suites, the capabilities, the PMKIDs and all.
    for length in [2, 6, 12, 18, 20, 22, 26] {
        let rsn = Rsn::parse(&full[..length]).unwrap();
        let mut written = vec![];
        rsn.write_body(&mut written);
        assert_eq!(written, &full[..length]);
        assert_eq!(rsn.group(), if length < 6 { Cipher::Ccmp128 } else { Cipher::Gcmp256 });
        assert_eq!(rsn.pairwise(), [if length < 12 { Cipher::Ccmp128 } else { Cipher::Gcmp256 }]);
        assert_eq!(rsn.akms(), [if length < 18 { Akm::Ieee8021x } else { Akm::Sae }]);
        assert_eq!(rsn.capabilities().contains(RsnCapabilities::MFPC), length >= 20);
        let management = match length {
            26 => Some(Cipher::BipGmac256),
            20.. => Some(Cipher::BipCmac128),
            _ => None,
        };
        assert_eq!(rsn.group_management(), management);
        assert!(rsn.tail().is_empty());
    }
}

#[test]
fn rsn_refuses_half_a_suite_and_keeps_a_tail() {
    for wrong in
        ["", "01", "0100 000fac", "0100 000fac04 01", "0100 000fac04 0200 000fac04", "0100 000fac04 ffff"]
    {
        assert!(Rsn::parse(&hex(wrong)).is_err(), "{wrong}");
    }
    let body = "0100 000fac04 0100 000fac04 0100 000fac02";
    assert!(Rsn::parse(&hex(&format!("{body} 0000 0200 00"))).is_err(), "more PMKIDs than octets");
    let mut odd = both_ways::<Rsn>(&format!("30 .. {body} 99"));
    assert_eq!(odd.tail(), [0x99]);
    odd.set_capabilities(RsnCapabilities::MFPC);
    is_written(&odd, &format!("30 .. {body} 8000"));
    let later = both_ways::<Rsn>(&format!("30 .. {body} 0000 0000 000fac06 aabb"));
    assert_eq!(later.tail(), [0xaa, 0xbb]);
    assert_eq!(later.group_management(), Some(Cipher::BipCmac128));
}

#[test]
fn rsn_counts_replay_counters() {
    let capabilities = RsnCapabilities(0x003c);
    assert_eq!((capabilities.pairwise_replay_counters(), capabilities.group_replay_counters()), (16, 16));
    let capabilities = RsnCapabilities(0x0018);
    assert_eq!((capabilities.pairwise_replay_counters(), capabilities.group_replay_counters()), (4, 2));
    assert_eq!(RsnCapabilities::default().group_replay_counters(), 1);
}

#[test]
fn rsnx_of_any_length() {
    let h2e = Rsnx::new(&[RsnxCapability::SaeH2e]);
    is_written(&h2e, "f4 .. 20");
    assert!(h2e.has(RsnxCapability::SaeH2e) && !h2e.has(RsnxCapability::SaePk));
    let more = Rsnx::new(&[RsnxCapability::SaeH2e, RsnxCapability::SsidProtection, RsnxCapability(36)]);
    is_written(&more, "f4 .. 24 00 20 00 10");
    assert_eq!(more.capabilities().map(|bit| bit.0).collect::<Vec<_>>(), [5, 21, 36]);
    assert_eq!(more.to_string(), "SaeH2e(5) SsidProtection(21) UnauthenticatedEppke(36)");
    is_written(&Rsnx::new(&[RsnxCapability(0), RsnxCapability(200)]), "f4 .. 00");
}

#[test]
fn rsnx_has_nothing_beyond_the_length_in_it() {
    let longer = both_ways::<Rsnx>("f4 .. 20 01");
    assert!(longer.has(RsnxCapability::SaeH2e) && !longer.has(RsnxCapability::SecureLtf));
    let shorter = both_ways::<Rsnx>("f4 .. 21");
    assert!(!shorter.has(RsnxCapability::SaeH2e));
    assert_eq!(both_ways::<Rsnx>("f4 00").capabilities().count(), 0);
    assert!(!Rsnx::parse(&[0x0f]).unwrap().has(RsnxCapability(0)), "the length is no capability");
}

#[test]
fn rsn_overriding() {
    let body = "0100 000fac09 0100 000fac09 0100 000fac18 c000";
    let inner = Rsn::parse(&hex(body)).unwrap();
    is_written(&RsnOverride(inner.clone()), &format!("dd .. 506f9a 29 {body}"));
    is_written(&RsnOverride2(inner), &format!("dd .. 506f9a 2a {body}"));
    is_written(&RsnxOverride(Rsnx::new(&[RsnxCapability::SaeH2e])), "dd .. 506f9a 2b 20");
    is_written(&RsnSelection { choice: RsnChoice::Override2, tail: vec![] }, "dd .. 506f9a 2c 02");
    assert_eq!(RsnSelection::parse(&[1, 7]).unwrap().tail, [7]);
    assert_eq!(RsnOverride2::parse(&[1]).unwrap_err().what, "RSNE Override 2");
}

#[test]
fn wpa_of_a_mixed_network() {
    let wpa = Wpa {
        version: 1,
        group: Cipher::WpaTkip,
        pairwise: vec![Cipher::WpaTkip, Cipher::WpaCcmp],
        akms: vec![Akm::WpaPsk],
        tail: vec![],
    };
    is_written(&wpa, "dd .. 0050f2 01 0100 0050f202 0200 0050f2020050f204 0100 0050f202");
    assert_eq!(wpa.to_string(), "version 1, group WPA-TKIP, pairwise WPA-TKIP WPA-CCMP, AKM WPA-PSK");
    assert_eq!(both_ways::<Wpa>("dd .. 0050f2 01 0100 0050f202 0000 0000 0c00").tail, [12, 0]);
}

/// What a station does to an RSNE, in any order.
#[derive(Clone, Debug)]
enum Change {
    Capabilities(u16),
    Pmkids(Vec<[u8; 16]>),
    GroupManagement(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<u16>().prop_map(Change::Capabilities),
        prop::collection::vec(any::<[u8; 16]>(), 0..3).prop_map(Change::Pmkids),
        any::<u8>().prop_map(Change::GroupManagement),
    ]
}

proptest! {
    #[test]
    fn an_rsn_that_was_received_and_changed_is_read_as_it_was_written(
        received in prop::collection::vec(any::<u8>(), 0..12),
        suites in prop::collection::vec(0u8..26, 0..4),
        changes in prop::collection::vec(change(), 0..4),
    ) {
        let list: Vec<u8> = suites.iter().flat_map(|&number| [0, 0x0f, 0xac, number]).collect();
        let count = u8::try_from(suites.len()).unwrap();
        let body = [&[1, 0, 0, 0x0f, 0xac, 4, count, 0][..], &list, &[count, 0], &list, &received].concat();
        let Ok(mut rsn) = Rsn::parse(&body) else { return Ok(()) };
        for change in changes {
            match change {
                Change::Capabilities(bits) => {
                    rsn.set_capabilities(RsnCapabilities(bits));
                    prop_assert_eq!(rsn.capabilities(), RsnCapabilities(bits));
                }
                Change::Pmkids(pmkids) => {
                    rsn.set_pmkids(pmkids.clone());
                    prop_assert_eq!(rsn.pmkids(), pmkids);
                }
                Change::GroupManagement(number) => {
                    let cipher = Cipher([0, 0x0f, 0xac, number]);
                    rsn.set_group_management(cipher);
                    prop_assert_eq!(rsn.group_management(), Some(cipher));
                }
            }
        }
        let mut written = vec![];
        rsn.write_body(&mut written);
        prop_assert_eq!(Rsn::parse(&written), Ok(rsn));
    }

    #[test]
    fn an_rsnx_has_what_it_was_made_of(numbers in prop::collection::btree_set(4u8..128, 0..6)) {
        let capabilities: Vec<_> = numbers.into_iter().map(RsnxCapability).collect();
        let rsnx = Rsnx::new(&capabilities);
        prop_assert_eq!(rsnx.capabilities().collect::<Vec<_>>(), capabilities);
    }
}
