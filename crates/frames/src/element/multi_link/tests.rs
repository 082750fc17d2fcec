use super::*;
use crate::element::{Element, Elements};
use crate::management::{CapabilityInformation, StatusCode};
use alloc::vec;

const MLD: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);
const LINK: MacAddr = MacAddr([2, 0, 0, 0, 1, 9]);

/// Checks body octets and element against each other, and every shorter body for an error or a shorter value.
fn both_ways(octets: &[u8], element: &MultiLink) {
    assert_eq!(&MultiLink::parse(octets).unwrap(), element);
    let mut written = vec![];
    element.write_body(&mut written);
    assert_eq!(written, octets);
    for length in 0..octets.len() {
        if let Ok(shorter) = MultiLink::parse(&octets[..length]) {
            let mut written = vec![];
            shorter.write_body(&mut written);
            assert_eq!(written, &octets[..length]);
        }
    }
}

#[test]
fn of_an_authentication_frame() {
    let mut octets = vec![];
    Element::write(&MultiLink::address_only(MLD), &mut octets);
    assert_eq!(octets, [255, 10, 107, 0, 0, 7, 2, 0, 0, 0, 0, 9]);
    both_ways(&octets[3..], &MultiLink::address_only(MLD));
}

#[test]
fn basic_with_everything() {
    let common = BasicCommon {
        mld_address: MLD,
        link_id: Some(LinkIdInfo(1)),
        bss_parameters_change_count: Some(2),
        medium_sync_delay: Some(MediumSyncDelay(0x10ac)),
        eml_capabilities: Some(EmlCapabilities(0x0081)),
        mld_capabilities: Some(MldCapabilities(0x2061)),
        ap_mld_id: Some(4),
        extended_mld_capabilities: Some(ExtendedMldCapabilities(0x0005)),
        tail: vec![0x77],
    };
    let info = StaInfo {
        address: Some(LINK),
        beacon_interval: Some(100),
        tsf_offset: Some(0x0807_0605_0403_0201),
        dtim: Some(Dtim { count: 1, period: 2 }),
        nstr: Some(NstrBitmap::Long(0x0102)),
        bss_parameters_change_count: Some(3),
        tail: vec![0x66],
    };
    let mut profile = vec![];
    let complete = CompleteProfile {
        capabilities: CapabilityInformation(0x0011),
        status: Some(StatusCode::DeniedTxLinkNotAccepted),
        elements: Elements::new(&[1, 1, 0x82]),
    };
    complete.write(&mut profile);
    let per_sta = PerStaProfile { number: 3, complete: true, info, reserved: 0x1000, profile };
    let element = MultiLink::Basic(Basic {
        common,
        links: vec![Subelement::PerSta(per_sta.clone()), Subelement::Other { id: 221, octets: vec![1, 2] }],
        reserved: 0x0808,
    });
    let octets = [
        &[0xf8, 0x0f, 19, 2, 0, 0, 0, 0, 9, 1, 2, 0xac, 0x10, 0x81, 0, 0x61, 0x20, 4, 5, 0, 0x77][..],
        &[0, 32, 0xf3, 0x1f, 23, 2, 0, 0, 0, 1, 9, 100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 2, 1, 3, 0x66],
        &[0x11, 0, 139, 0, 1, 1, 0x82],
        &[221, 2, 1, 2],
    ]
    .concat();
    both_ways(&octets, &element);
    assert_eq!(per_sta.complete_profile(ProfileKind::AssociationResponse), Ok(complete));
    let basic = element.basic().unwrap();
    assert_eq!(basic.common.link_id.unwrap().link(), LinkId::new(1));
    assert_eq!(basic.common.mld_capabilities.unwrap().max_simultaneous_links(), 2);
    assert_eq!(basic.common.mld_capabilities.unwrap().ttlm_negotiation(), TtlmNegotiation::Any);
    assert!(basic.common.mld_capabilities.unwrap().link_reconfiguration());
    assert!(basic.common.eml_capabilities.unwrap().emlsr() && basic.common.eml_capabilities.unwrap().emlmr());
    assert_eq!(basic.common.extended_mld_capabilities.unwrap().recommended_max_simultaneous_links(), 2);
}

#[test]
fn nstr_bitmap_is_there_only_in_a_complete_profile() {
    // Control 0x0223: link 3, address, NSTR announced but not complete; the octet after the length is gone.
    let octets = [0, 0, 7, 2, 0, 0, 0, 0, 9, 0, 9, 0x23, 0x02, 7, 2, 0, 0, 0, 1, 9];
    let element = MultiLink::parse(&octets).unwrap();
    let basic = element.basic().unwrap();
    let profile = basic.profiles().next().unwrap();
    assert_eq!((profile.info.nstr, profile.reserved), (None, 0x0200));
    both_ways(&octets, &element);
    assert!(profile.complete_profile(ProfileKind::Other).is_err());
    // The same, complete, with a short bitmap.
    let octets = [0, 0, 7, 2, 0, 0, 0, 0, 9, 0, 10, 0x33, 0x02, 8, 2, 0, 0, 0, 1, 9, 5];
    let element = MultiLink::parse(&octets).unwrap();
    assert_eq!(element.basic().unwrap().profiles().next().unwrap().info.nstr, Some(NstrBitmap::Short(5)));
    both_ways(&octets, &element);
}

#[test]
fn probe_request() {
    let element = MultiLink::ProbeRequest(ProbeRequest {
        common: ProbeRequestCommon { ap_mld_id: Some(0), mld_address: Some(MLD), tail: vec![] },
        links: vec![Subelement::PerSta(PerStaProbe {
            number: 2,
            complete: true,
            reserved: 0,
            profile: vec![],
        })],
        reserved: 0,
    });
    both_ways(&[0x31, 0, 8, 0, 2, 0, 0, 0, 0, 9, 0, 2, 0x12, 0], &element);
}

#[test]
fn announced_link_removal() {
    let element = MultiLink::Reconfiguration(Reconfiguration {
        common: ReconfigurationCommon::default(),
        links: vec![Subelement::PerSta(PerStaReconfiguration {
            number: 1,
            complete: false,
            operation: ReconfigurationOperation::ApRemoval,
            info: ReconfigurationInfo { removal_timer: Some(10), ..ReconfigurationInfo::default() },
            reserved: 0,
            profile: vec![],
        })],
        reserved: 0,
    });
    both_ways(&[2, 0, 1, 0, 5, 0x41, 0, 3, 10, 0], &element);
    assert_eq!(element.reconfiguration().unwrap().profiles().next().unwrap().link(), LinkId::new(1));
}

#[test]
fn link_addition() {
    let element = MultiLink::Reconfiguration(Reconfiguration {
        common: ReconfigurationCommon {
            mld_address: Some(MLD),
            mld_capabilities: Some(MldCapabilities(1)),
            ..ReconfigurationCommon::default()
        },
        links: vec![Subelement::PerSta(PerStaReconfiguration {
            number: 2,
            complete: true,
            operation: ReconfigurationOperation::AddLink,
            info: ReconfigurationInfo { address: Some(LINK), ..ReconfigurationInfo::default() },
            reserved: 0,
            profile: vec![0x11, 0, 1, 1, 2],
        })],
        reserved: 0,
    });
    let octets = [
        &[0x52, 0, 9, 2, 0, 0, 0, 0, 9, 1, 0][..],
        &[0, 14, 0x32, 0x01, 7, 2, 0, 0, 0, 1, 9, 0x11, 0, 1, 1, 2],
    ]
    .concat();
    both_ways(&octets, &element);
    let profile = element.reconfiguration().unwrap().profiles().next().unwrap();
    assert_eq!(profile.complete_profile().unwrap().elements.octets(), [1, 1, 2]);
}

#[test]
fn other_variants() {
    let plain =
        |links| Plain { common: AddressCommon { mld_address: MLD, tail: vec![] }, links, reserved: 0 };
    both_ways(&[3, 0, 7, 2, 0, 0, 0, 0, 9], &MultiLink::Tdls(plain(vec![])));
    let link = Subelement::PerSta(PerStaLink { number: 1, reserved: 0x80, profile: vec![7] });
    both_ways(&[4, 0, 7, 2, 0, 0, 0, 0, 9, 0, 3, 0x81, 0, 7], &MultiLink::PriorityAccess(plain(vec![link])));
    both_ways(&[7, 0x10, 9, 9], &MultiLink::Other { control: 0x1007, octets: vec![9, 9] });
}

#[test]
fn common_info_length_is_checked() {
    for (octets, at) in [
        (&[0, 0, 0, 2, 0, 0, 0, 0, 9][..], 0),      // the length counts itself
        (&[0, 0, 6, 2, 0, 0, 0, 0, 9], 1),          // shorter than the address
        (&[0, 0, 8, 2, 0, 0, 0, 0, 9], 2),          // longer than the element
        (&[0x10, 0, 7, 2, 0, 0, 0, 0, 9, 1], 7),    // announces a link ID that is not there
        (&[0, 0, 7, 2, 0, 0, 0, 0, 9, 0, 1, 5], 0), // a profile without its control field
    ] {
        assert_eq!(MultiLink::parse(octets).unwrap_err().at, at, "{octets:?}");
    }
}

#[test]
fn links_are_bounded_and_distinct() {
    let with = |numbers: &[u8]| {
        MultiLink::Basic(Basic {
            common: BasicCommon { mld_address: MLD, ..BasicCommon::default() },
            links: numbers
                .iter()
                .map(|&number| {
                    Subelement::PerSta(PerStaProfile {
                        number,
                        complete: false,
                        info: StaInfo::default(),
                        reserved: 0,
                        profile: vec![],
                    })
                })
                .collect(),
            reserved: 0,
        })
    };
    let by_link = |element: &MultiLink| element.basic().unwrap().profiles_by_link().map(|links| links.len());
    assert_eq!(by_link(&with(&[0, 1, 14])), Ok(3));
    assert_eq!(by_link(&with(&[0, 1, 0])), Err(LinkError::Duplicate(LinkId::new(0).unwrap())));
    assert_eq!(by_link(&with(&[15])), Err(LinkError::NotALink(15)));
    for (count, fine) in [(15, true), (16, false)] {
        let mut octets = vec![];
        with(&vec![0; count]).write_body(&mut octets);
        assert_eq!(MultiLink::parse(&octets).is_ok(), fine);
    }
}

#[test]
fn fragments_of_element_and_profile_both_ways() {
    for length in [0, 240, 251, 252, 253, 254, 255, 256, 300, 506, 507, 508, 509, 510, 511, 900] {
        let profile: Vec<u8> = (0..length).map(|octet| u8::try_from(octet % 255).unwrap()).collect();
        let per_sta =
            PerStaProfile { number: 1, complete: true, info: StaInfo::default(), reserved: 0, profile };
        let element = MultiLink::Basic(Basic {
            common: BasicCommon { mld_address: MLD, ..BasicCommon::default() },
            links: vec![
                Subelement::PerSta(per_sta.clone()),
                Subelement::PerSta(PerStaProfile { number: 2, ..per_sta }),
            ],
            reserved: 0,
        });
        let mut octets = vec![];
        Element::write(&element, &mut octets);
        octets.extend([0, 1, b'x']);
        let elements = Elements::new(&octets);
        assert_eq!(elements.iter().count(), 2, "{length}");
        assert_eq!(elements.find::<MultiLink>(), Ok(Some(element)), "{length}");
    }
}

#[test]
fn stray_fragments_stay_subelements() {
    // One after a short subelement, and an empty one after a full one.
    let full = [&[0, 0, 7, 2, 0, 0, 0, 0, 9, 9, 255][..], &[1; 255], &[254, 0]].concat();
    for octets in [&[0, 0, 7, 2, 0, 0, 0, 0, 9, 9, 1, 1, 254, 1, 7][..], &full] {
        let element = MultiLink::parse(octets).unwrap();
        assert_eq!(element.basic().unwrap().links.len(), 2);
        let mut written = vec![];
        element.write_body(&mut written);
        assert_eq!(written, octets);
    }
}
