//! Reduced Neighbor Report.

use crate::common::{both_ways, hex, is_written};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{
        Element, ReducedNeighborReport,
        rnr::{BssParameters, MldParameters, NeighborAp, TbttInfo, short_ssid},
    },
};

const BSSID: MacAddr = MacAddr([2, 0, 0, 0x2e, 0xa5, 0x94]);

#[test]
fn link_of_an_mld() {
    let report: ReducedNeighborReport = both_ways("c914 0010 51 01 ff 0200002ea594 03d90bab 42 7f 001000");
    let [neighbor] = &report.neighbors[..] else { panic!("one neighbor") };
    assert_eq!(neighbor.channel().unwrap().frequency(), 2412);
    assert!(!neighbor.filtered);
    let [target] = &neighbor.targets[..] else { panic!("one target") };
    assert_eq!((target.offset, target.bssid, target.psd), (Some(255), Some(BSSID), Some(127)));
    assert_eq!(target.short_ssid, Some(short_ssid(&Ssid::new(b"mlo").unwrap())));
    assert_eq!(target.parameters, Some(BssParameters::SAME_SSID | BssParameters::COLOCATED));
    let mld = target.mld.unwrap();
    assert_eq!((mld.ap_mld_id(), mld.link(), mld.bss_parameters_change_count()), (0, LinkId::new(0), 1));
    assert!(!mld.disabled() && !mld.all_updates_included());
    let unknown = MldParameters([255, 0xff, 0x3f]);
    assert_eq!(
        (unknown.ap_mld_id(), unknown.link(), unknown.bss_parameters_change_count()),
        (255, None, 255)
    );
    assert!(unknown.disabled() && unknown.all_updates_included());
}

/// Every length that the standard gives, and those between: what is there and what is left.
#[test]
fn all_lengths() {
    let short = Some(0x0403_0201);
    let base = TbttInfo { offset: Some(9), ..TbttInfo::default() };
    let parameters = Some(BssParameters(0x40));
    let with_bssid = TbttInfo { bssid: Some(BSSID), ..base.clone() };
    let both = TbttInfo { short_ssid: short, ..with_bssid.clone() };
    let full = TbttInfo { parameters, psd: Some(20), ..both.clone() };
    let mld = Some(MldParameters([0, 0x21, 0]));
    let bssid = "0200002ea594";
    for (target, digits) in [
        (base.clone(), "09".to_owned()),
        (TbttInfo { parameters, ..base.clone() }, "09 40".to_owned()),
        (TbttInfo { tail: vec![1, 2, 3], ..base.clone() }, "09 010203".to_owned()),
        (TbttInfo { short_ssid: short, ..base.clone() }, "09 01020304".to_owned()),
        (TbttInfo { short_ssid: short, parameters, ..base }, "09 01020304 40".to_owned()),
        (with_bssid.clone(), format!("09 {bssid}")),
        (TbttInfo { parameters, ..with_bssid.clone() }, format!("09 {bssid} 40")),
        (TbttInfo { parameters, psd: Some(20), ..with_bssid.clone() }, format!("09 {bssid} 40 14")),
        (TbttInfo { parameters, psd: Some(20), tail: vec![1], ..with_bssid }, format!("09 {bssid} 40 14 01")),
        (both.clone(), format!("09 {bssid} 01020304")),
        (TbttInfo { parameters, ..both }, format!("09 {bssid} 01020304 40")),
        (full.clone(), format!("09 {bssid} 01020304 40 14")),
        (TbttInfo { tail: vec![1, 2], ..full.clone() }, format!("09 {bssid} 01020304 40 14 0102")),
        (TbttInfo { mld, ..full.clone() }, format!("09 {bssid} 01020304 40 14 002100")),
        (TbttInfo { mld, tail: vec![5], ..full }, format!("09 {bssid} 01020304 40 14 002100 05")),
    ] {
        let neighbor = NeighborAp {
            kind: 0,
            filtered: true,
            reserved: false,
            operating_class: 131,
            channel: 5,
            targets: vec![target.clone(), target],
        };
        let length = hex(&digits).len();
        is_written(
            &ReducedNeighborReport { neighbors: vec![neighbor] },
            &format!("c9.. 14 {length:02x} 83 05 {digits} {digits}"),
        );
    }
}

#[test]
fn other_kinds_are_kept_and_no_octets_refused() {
    let report: ReducedNeighborReport = both_ways("c9.. 09 03 51 06 001000 0003 51 06 010203");
    assert_eq!((report.neighbors[0].kind, report.neighbors[0].reserved), (1, true));
    assert_eq!(report.neighbors[0].targets[0], TbttInfo { tail: vec![0, 0x10, 0], ..TbttInfo::default() });
    assert_eq!(report.neighbors[1].targets[0].offset, Some(1));
    assert!(ReducedNeighborReport::parse(&[0, 0, 81, 6]).is_err());
}

#[test]
fn targets_of_different_form_or_too_many_are_written_apart() {
    let target = TbttInfo { offset: Some(1), ..TbttInfo::default() };
    let mut targets = vec![target; 17];
    targets.push(TbttInfo { offset: Some(2), parameters: Some(BssParameters(0)), ..TbttInfo::default() });
    let neighbor =
        NeighborAp { kind: 0, filtered: false, reserved: false, operating_class: 81, channel: 1, targets };
    let mut body = vec![];
    ReducedNeighborReport { neighbors: vec![neighbor.clone()] }.write_body(&mut body);
    let counts: Vec<_> = ReducedNeighborReport::parse(&body)
        .unwrap()
        .neighbors
        .iter()
        .map(|neighbor| neighbor.targets.len())
        .collect();
    assert_eq!(counts, [16, 1, 1]);
}
