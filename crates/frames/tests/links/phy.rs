//! HT, VHT, HE and EHT, as hostapd on simulated radios sends them where the bytes are long.

use crate::common::both_ways;
use lapwing_frames::{
    channel::Secondary,
    element::{
        EhtCapabilities, EhtOperation, Element, He6GhzCapabilities, HeCapabilities, HeOperation,
        HtCapabilities, HtOperation, VhtCapabilities, VhtOperation,
        eht::{EhtMcs, EhtOperationInformation, EhtSender},
        he::{HeMcs, HeWidths, SixGhzOperation},
        vht::{McsMap, VhtOperationInformation},
    },
};

#[test]
fn ht() {
    let capabilities: HtCapabilities =
        both_ways("2d1a 7e10 1b ffff0000000000000000000001000000 0000 00000000 00");
    assert!(capabilities.supports_40_mhz());
    assert_eq!((capabilities.receive_streams(), capabilities.ampdu_parameters), (2, 0x1b));
    assert!(
        !both_ways::<HtCapabilities>("2d.. 0c00 1b ffff0000000000000000000001000000 0000 00000000 00 77")
            .supports_40_mhz()
    );

    let plain: HtOperation = both_ways("3d16 24 0000000000 00000000000000000000000000000000");
    assert_eq!((plain.primary_channel, plain.secondary(), plain.center_segment_2()), (36, None, 0));
    for (information, secondary) in
        [("05", Some(Secondary::Above)), ("07", Some(Secondary::Below)), ("04", None), ("01", None)]
    {
        let digits = format!("3d16 24 {information} 40050000 00000000000000000000000000000000");
        let wide: HtOperation = both_ways(&digits);
        assert_eq!(wide.secondary(), secondary);
        assert_eq!(wide.center_segment_2(), 42);
    }
}

#[test]
fn vht() {
    let capabilities: VhtCapabilities = both_ways("bf0c fa048003 aaaa0000 aaaa0000");
    assert_eq!(capabilities.receive.streams(), 8);
    assert!(capabilities.supports_160_mhz() && capabilities.supports_80_plus_80_mhz());
    assert!(!both_ways::<VhtCapabilities>("bf0c 00000000 faff0000 faff0000").supports_160_mhz());
    let operation: VhtOperation = both_ways("c005 01 2a 32 fcff");
    assert_eq!(
        operation.information,
        VhtOperationInformation { width: 1, center_segment_0: 42, center_segment_1: 50 }
    );
    assert_eq!(operation.basic.streams(), 1);
}

#[test]
fn mcs_maps() {
    assert_eq!(McsMap::NONE.streams(), 0);
    assert_eq!(McsMap(0xfffa).streams(), 2);
    assert_eq!((McsMap(0xfff6).highest_mcs(1), McsMap(0xfff6).highest_mcs(2)), (Some(2), Some(1)));
    assert_eq!(
        (McsMap(0xfff6).highest_mcs(3), McsMap(0).highest_mcs(0), McsMap(0).highest_mcs(9)),
        (None, None, None)
    );
}

#[test]
fn he() {
    let mcs = HeMcs { receive: McsMap(0xfffa), transmit: McsMap(0xfffa) };
    let wide: HeCapabilities =
        both_ways("ff1e23 0178c81a4000 1cbfce0000000000000000 fafffaff fafffaff fafffaff");
    assert_eq!((&wide.mcs_160, &wide.mcs_80_plus_80), (&Some(mcs.clone()), &Some(mcs.clone())));
    let narrow: HeCapabilities = both_ways("ff1823 0178c81a4000 02bfce0000000000000000 fafffaff 3b12");
    assert_eq!((narrow.mcs_80, narrow.mcs_160, narrow.mcs_80_plus_80), (mcs, None, None));
    assert_eq!(narrow.tail, [0x3b, 0x12]);

    let plain: HeOperation = both_ways("ff0724 f03f00 89 fcff");
    assert_eq!((plain.parameters, plain.bss_color, plain.six_ghz), (0x3ff0, 0x89, None));
    let full: HeOperation = both_ways("ff..24 f0ff02 89 fcff 012a32 05 250b2f0f06 77");
    assert_eq!(
        full.vht,
        Some(VhtOperationInformation { width: 1, center_segment_0: 42, center_segment_1: 50 })
    );
    assert_eq!(full.max_cohosted_bssid, Some(5));
    let six = full.six_ghz.unwrap();
    assert_eq!(
        six,
        SixGhzOperation {
            primary_channel: 37,
            control: 0x0b,
            center_segment_0: 47,
            center_segment_1: 15,
            minimum_rate: 6
        }
    );
    assert_eq!((six.width_code(), six.duplicate_beacon(), six.regulatory_info()), (3, false, 1));
    assert_eq!(full.tail, [0x77]);
    assert_eq!(both_ways::<He6GhzCapabilities>("ff033b ff3e").information, 0x3eff);
}

#[test]
fn eht_capabilities_need_those_of_he() {
    let he = |widths: HeWidths| {
        let mut body = vec![0; 6 + 11];
        body[6] = widths.0;
        let more =
            [HeWidths::MHZ_160, HeWidths::MHZ_80_PLUS_80].into_iter().filter(|&width| widths.contains(width));
        body.resize(body.len() + 4 + 4 * more.count(), 0xff);
        HeCapabilities::parse(&body).unwrap()
    };
    let wider = |mhz_80, mhz_160, mhz_320| EhtMcs::Wider { mhz_80, mhz_160, mhz_320 };
    let (a, b, c) = ([0x11, 0x12, 0x13], [0x22, 0x23, 0x24], [0x33, 0x34, 0x35]);
    let up_to_80 = HeWidths::MHZ_40_80;
    let up_to_160 = up_to_80 | HeWidths::MHZ_160;
    let plain: EhtCapabilities = both_ways("ff146c 0700 9c1f3ffeffff7f0700 111213 222324 0000");
    let broad: EhtCapabilities = both_ways("ff166c 0700 021f3ffeffff7f0700 111213 222324 333435 99");
    assert!(!plain.supports_320_mhz() && broad.supports_320_mhz());
    for (capabilities, widths, sender, expected) in [
        (&plain, up_to_160, EhtSender::Ap, wider(Some(a), Some(b), None)),
        (&plain, up_to_80, EhtSender::Station, wider(Some(a), None, None)),
        (&plain, HeWidths::MHZ_40_IN_2_4_GHZ, EhtSender::Station, wider(Some(a), None, None)),
        (&plain, HeWidths(0), EhtSender::Ap, wider(Some(a), None, None)),
        (&plain, HeWidths(0), EhtSender::Station, EhtMcs::Only20Mhz([0x11, 0x12, 0x13, 0x22])),
        (&broad, up_to_160, EhtSender::Ap, wider(Some(a), Some(b), Some(c))),
    ] {
        assert_eq!(capabilities.mcs(&he(widths), sender), Ok(expected), "{widths:?} {sender:?}");
    }
    assert_eq!(broad.mcs(&he(up_to_160), EhtSender::Ap).unwrap().receive_streams(), 3);
    assert_eq!(plain.mcs(&he(HeWidths(0)), EhtSender::Station).unwrap().receive_streams(), 1);
    let short = EhtCapabilities { rest: vec![0x11, 0x12], ..plain };
    assert!(short.mcs(&he(up_to_80), EhtSender::Ap).is_err());
}

#[test]
fn eht_operation() {
    let plain: EhtOperation = both_ways("ff066a 40 11000000");
    assert_eq!((plain.parameters, &plain.information, plain.disabled_subchannels), (0x40, &None, None));
    let wide: EhtOperation = both_ways("ff..6a 03 11000000 04 1f2f 3000 77");
    let information = wide.information.unwrap();
    assert_eq!(
        information,
        EhtOperationInformation { control: 4, center_segment_0: 31, center_segment_1: 47 }
    );
    assert_eq!(
        (information.width_code(), wide.disabled_subchannels, &wide.tail[..]),
        (4, Some(0x30), &[0x77][..])
    );
    // A bitmap is announced but has no information to stand in.
    let odd: EhtOperation = both_ways("ff066a 02 11000000");
    assert_eq!((odd.parameters, odd.disabled_subchannels), (2, None));
}
