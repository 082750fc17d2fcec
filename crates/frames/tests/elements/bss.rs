//! What a BSS says of itself: name, rates, channel, country, map of traffic, load, capabilities, neighbours.

use crate::common::{both_ways, is_written, refuses};
use lapwing_frames::{
    MacAddr, Ssid,
    element::{
        BssLoad, BssMaxIdlePeriod, ChannelSwitch, ChannelSwitchWrapper, Country, DsParameter, Erp,
        ExtendedCapabilities, ExtendedCapability, ExtendedChannelSwitch, ExtendedSupportedRates,
        MaxChannelSwitchTime, MembershipSelector, MultipleBssid, MultipleBssidIndex, NeighborReport,
        OperatingChannel, PowerCapability, PowerConstraint, Rate, RmCapability, RmEnabledCapabilities,
        SecondaryChannelOffset, SupportedChannels, SupportedOperatingClasses, SupportedRates, Tim,
        TimeoutInterval, TimeoutKind, TpcReport, TransmitPowerEnvelope, Vendor, WideBandwidthChannelSwitch,
        WmmInformation, WmmParameter,
        bss::BssidInformation,
        channel::{ChannelRun, SwitchMode},
        country::{CountryCode, CountryTriplet, CountryTriplets},
        vendor::WmmCategory,
    },
};

#[test]
fn ssid() {
    is_written(&Ssid::new(b"mlo").unwrap(), "00 03 6d6c6f");
    is_written(&Ssid::default(), "00 00");
    refuses::<Ssid>(&"61".repeat(33));
}

#[test]
fn rates_and_what_hides_among_them() {
    let rates = both_ways::<SupportedRates>("01 08 82848b960c121824");
    assert_eq!(rates.to_string(), "rates=[1*; 2*; 5.5*; 11*; 6; 9; 12; 18]");
    assert!(rates.rates[0].is_basic() && !rates.rates[4].is_basic());
    assert_eq!(rates.rates[2].half_megabits(), Some(11));

    let more = both_ways::<ExtendedSupportedRates>("32 05 3048606cfb");
    assert_eq!(more.rates[4], Rate::SAE_H2E_ONLY);
    assert_eq!(more.rates[4].selector(), Some(MembershipSelector::SaeH2eOnly));
    assert_eq!(more.rates[4].half_megabits(), None);
    let selectors = both_ways::<ExtendedSupportedRates>("32 04 fffefaf9").rates;
    assert_eq!(
        selectors.iter().map(|rate| rate.selector().unwrap()).collect::<Vec<_>>(),
        [
            MembershipSelector::HtPhy,
            MembershipSelector::VhtPhy,
            MembershipSelector::HePhy,
            MembershipSelector::EhtPhy
        ]
    );
    assert_eq!(Rate(0x7b).selector(), None, "a demand is in the basic set");
    both_ways::<SupportedRates>("01 00");
}

#[test]
fn channels_and_power() {
    is_written(&DsParameter { channel: 6, tail: vec![] }, "03 01 06");
    is_written(&DsParameter { channel: 6, tail: vec![1] }, "03 02 06 01");
    is_written(&PowerConstraint { decibels: 3, tail: vec![] }, "20 01 03");
    is_written(&PowerCapability { minimum: 0, maximum: 20, tail: vec![] }, "21 02 0014");
    is_written(&TpcReport { transmit_power: 0xfb, link_margin: 0, tail: vec![] }, "23 02 fb00");
    is_written(&TransmitPowerEnvelope { information: 0, limits: vec![0x2e] }, "c3 02 00 2e");
    let runs = vec![ChannelRun { first: 1, count: 13 }, ChannelRun { first: 36, count: 4 }];
    is_written(&SupportedChannels { runs }, "24 04 010d 2404");
    refuses::<SupportedChannels>("010d 24");
    is_written(&SupportedOperatingClasses { current: 0x73, others: vec![0x51, 0x80] }, "3b 03 73 51 80");
    is_written(&Erp { parameters: 4, tail: vec![] }, "2a 01 04");
    let here = OperatingChannel { operating_class: 81, primary_channel: 6, segment1: 0, tail: vec![] };
    is_written(&here, "ff 04 36 51 06 00");
    refuses::<DsParameter>("");
    refuses::<OperatingChannel>("5106");
}

#[test]
fn channel_switches() {
    let tail = vec![];
    let mode = SwitchMode::Quiet;
    is_written(&ChannelSwitch { mode, channel: 11, count: 5, tail: tail.clone() }, "25 03 01 0b 05");
    let extended =
        ExtendedChannelSwitch { mode, operating_class: 128, channel: 36, count: 0, tail: tail.clone() };
    is_written(&extended, "3c 04 01 80 24 00");
    is_written(&SecondaryChannelOffset { offset: 3, tail: tail.clone() }, "3e 01 03");
    let wide = WideBandwidthChannelSwitch { width: 1, segment0: 42, segment1: 0, tail: tail.clone() };
    is_written(&wide, "c2 03 01 2a 00");
    is_written(&MaxChannelSwitchTime { time: [0x10, 0x27, 0], tail }, "ff 04 34 102700");
    let wrapper = both_ways::<ChannelSwitchWrapper>("c4 05 c2 03 01 2a 00");
    assert_eq!(wrapper.elements().find::<WideBandwidthChannelSwitch>().unwrap(), Some(wide));
}

#[test]
fn country_with_operating_triplets_and_padding() {
    let country = Country {
        code: CountryCode(*b"DE\x04"),
        channels: CountryTriplets {
            triplets: vec![
                CountryTriplet::Operating { extension: 201, operating_class: 128, coverage_class: 0 },
                CountryTriplet::Subband { first_channel: 36, channels: 4, maximum_power: 23 },
            ],
            padding: vec![0],
        },
    };
    is_written(&country, "07 0a 444504 c98000 240417 00");
    assert_eq!(country.to_string(), "code=DE\\x04 channels=[class 128 coverage 0; 36+4 23 dBm]");
    assert!(both_ways::<Country>("07 06 555320 010b1e").channels.padding.is_empty());
    refuses::<Country>("5553");
}

#[test]
fn tim_finds_a_station_in_a_partial_map() {
    let tim = both_ways::<Tim>("05 06 00 03 03 0000 10");
    assert!(tim.group_traffic());
    // The map starts at octet 2, station 16; its third octet has bit 4.
    assert!(tim.has(16 + 16 + 4));
    assert!(!tim.has(4) && !tim.has(36 - 16) && !tim.has(37) && !tim.has(2007));
    is_written(&Tim { dtim_count: 1, dtim_period: 2, control: 0, bitmap: vec![0] }, "05 04 01020000");
    refuses::<Tim>("0102");
}

#[test]
fn load_deadlines_and_several_bssids() {
    let load = BssLoad { stations: 258, utilization: 127, admission_capacity: 31250, tail: vec![] };
    is_written(&load, "0b 05 0201 7f 127a");
    assert_eq!(load.to_string(), "stations=258 utilization=127 admission_capacity=31250");
    let comeback = TimeoutInterval { kind: TimeoutKind::AssociationComeback, value: 1000, tail: vec![] };
    is_written(&comeback, "38 05 03 e8030000");
    refuses::<TimeoutInterval>("03 e80300");

    is_written(&BssMaxIdlePeriod { period: 292, options: 0, tail: vec![] }, "5a 03 2401 00");

    let several = both_ways::<MultipleBssid>("47 09 03 00 06 53 02 1100 0061");
    assert_eq!((several.max_bssid_indicator, several.subelements.len()), (3, 1));
    assert_eq!(&*several.subelements[0].body, [0x53, 2, 0x11, 0, 0, 0x61]);
    refuses::<MultipleBssid>("03 00 07 5302");
    let index = MultipleBssidIndex { index: 1, dtim_period: Some(2), dtim_count: Some(0), tail: vec![] };
    is_written(&index, "55 03 01 02 00");
    is_written(
        &MultipleBssidIndex { index: 1, dtim_period: None, dtim_count: None, tail: vec![] },
        "55 01 01",
    );
}

#[test]
fn capabilities_in_octets() {
    let extended = both_ways::<ExtendedCapabilities>("7f 0b 04004a0201404040000120");
    assert!(extended.has(ExtendedCapability::ExtendedChannelSwitching));
    assert!(extended.has(ExtendedCapability::BssTransition));
    assert!(!extended.has(ExtendedCapability::BeaconProtection));
    let ours =
        ExtendedCapabilities::new(&[ExtendedCapability::BssTransition, ExtendedCapability::BeaconProtection]);
    is_written(&ours, "7f 0b 0000080000000000000010");
    assert_eq!(ours.to_string(), "BssTransition BeaconProtection");
    both_ways::<ExtendedCapabilities>("7f 00");

    let measurements = RmEnabledCapabilities::new(&[RmCapability::NeighborReport, RmCapability::BeaconTable]);
    is_written(&measurements, "46 01 42");
    assert_eq!(
        both_ways::<RmEnabledCapabilities>("46 05 7200000008")
            .capabilities()
            .map(|bit| bit.0)
            .collect::<Vec<_>>(),
        [1, 4, 5, 6, 35]
    );
}

#[test]
fn neighbor_report() {
    let neighbor = both_ways::<NeighborReport>("34 13 020000000100 87080000 73 24 09 03 01 ff c9 01 00");
    assert_eq!(neighbor.bssid, MacAddr([2, 0, 0, 0, 1, 0]));
    assert_eq!(neighbor.information.reachability(), 3);
    assert!(neighbor.information.contains(BssidInformation::SECURITY | BssidInformation::HIGH_THROUGHPUT));
    assert_eq!(neighbor.preference(), Some(255));
    assert_eq!(neighbor.subelement(NeighborReport::MULTI_LINK), Some(&[0][..]));
    assert_eq!(neighbor.subelement(NeighborReport::TERMINATION), None);
    assert_eq!(both_ways::<NeighborReport>("34 0d 020000000100 00000000 51 06 07").preference(), None);
    refuses::<NeighborReport>("020000000100 00000000 51 06 07 03 01");
}

#[test]
fn wmm_and_other_vendors() {
    is_written(&WmmInformation { version: 1, qos_info: 0, tail: vec![] }, "dd 07 0050f2020001 00");
    let category = |aci_aifsn, ecw, txop_limit| WmmCategory { aci_aifsn, ecw, txop_limit };
    let parameters = WmmParameter {
        version: 1,
        qos_info: 1,
        reserved: 0,
        best_effort: category(3, 0xa4, 0),
        background: category(0x27, 0xa4, 0),
        video: category(0x42, 0x43, 94),
        voice: category(0x62, 0x32, 47),
        tail: vec![],
    };
    is_written(&parameters, "dd 18 0050f2020101 01 00 03a40000 27a40000 42435e00 62322f00");
    is_written(
        &Vendor { oui: [0x50, 0x6f, 0x9a], kind: Some(0x16), body: vec![3, 1, 3] },
        "dd 07 506f9a 16 030103",
    );
    is_written(&Vendor { oui: [1, 2, 3], kind: None, body: vec![] }, "dd 03 010203");
    refuses::<Vendor>("0102");
}
