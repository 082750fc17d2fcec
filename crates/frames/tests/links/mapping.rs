//! TID-To-Link Mapping.

use crate::common::is_written;
use lapwing_frames::element::{
    TidToLinkMapping,
    tid_to_link::{LinkMapping, MappingDirection},
};

#[test]
fn mappings() {
    let default = TidToLinkMapping {
        direction: MappingDirection::Both,
        mapping: LinkMapping::Default,
        switch_time: None,
        expected_duration: None,
        reserved: 0,
        tail: vec![],
    };
    is_written(&default, "ff..6d 06");
    is_written(&TidToLinkMapping { reserved: 0xe0, ..default.clone() }, "ff..6d e6");

    let mapping = LinkMapping::Short([Some(1), None, None, None, None, None, None, Some(2)]);
    assert_eq!(
        (mapping.links(0), mapping.links(1), mapping.links(7), mapping.links(8)),
        (Some(1), None, Some(2), None)
    );
    let short = TidToLinkMapping { direction: MappingDirection::Downlink, mapping, ..default.clone() };
    is_written(&short, "ff..6d 20 81 01 02");

    let mapping = LinkMapping::Long([None, Some(0x4001), None, None, None, None, None, None]);
    assert_eq!(mapping.links(1), Some(0x4001));
    let long = TidToLinkMapping {
        mapping,
        switch_time: Some(0x1234),
        expected_duration: Some(0x0056_789a),
        tail: vec![0x77],
        ..default
    };
    is_written(&long, "ff..6d 1a 02 3412 9a7856 0140 77");
}
