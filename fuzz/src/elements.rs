//! Elements: each type from the octets of its body, and the walker from those of a frame.

use crate::Target;
use lapwing_frames::{
    Problem, Ssid,
    element::{
        AkmSuiteSelector, AntiCloggingToken, AnyElement, BssLoad, BssMaxIdlePeriod, ChannelSwitch,
        ChannelSwitchWrapper, Country, DsParameter, Element, Elements, Erp, ExtendedCapabilities,
        ExtendedChannelSwitch, ExtendedSupportedRates, FastTransition, ManagementMic, MaxChannelSwitchTime,
        MeasurementReport, MeasurementRequest, MobilityDomain, MultipleBssid, MultipleBssidIndex,
        NeighborReport, OperatingChannel, OweDhParameter, OweTransition, PasswordIdentifier, PowerCapability,
        PowerConstraint, RejectedGroups, RmEnabledCapabilities, Rsn, RsnOverride, RsnOverride2, RsnSelection,
        Rsnx, RsnxOverride, SecondaryChannelOffset, SupportedChannels, SupportedOperatingClasses,
        SupportedRates, Tim, TimeoutInterval, TpcReport, TransmitPowerEnvelope, Vendor,
        WideBandwidthChannelSwitch, WmmInformation, WmmParameter, Wpa,
        measurement::{BeaconReport, BeaconRequest},
        write_raw,
    },
};
use std::fmt::{Debug, Display};

/// A type reads any body it accepts without loss: it writes the same octets, alone and as an element with
/// its header, prefix and fragments.
pub fn lossless<E: Element + Debug + PartialEq>(body: &[u8]) {
    let Ok(value) = E::parse(body) else { return };
    let mut written = Vec::new();
    value.write_body(&mut written);
    assert_eq!(written, body, "{value:?}");
    let mut element = Vec::new();
    value.write(&mut element);
    let elements = Elements::new(&element);
    assert_eq!(elements.tail(), [], "{value:?}");
    assert_eq!(elements.find::<E>(), Ok(Some(value)));
    assert_eq!(elements.iter().count(), 1);
}

/// The same for types that print themselves.
fn printed<E: Element + Debug + Display + PartialEq>(body: &[u8]) {
    lossless::<E>(body);
    if let Ok(value) = E::parse(body) {
        assert!(!value.to_string().chars().any(char::is_control), "{value}");
    }
}

/// Whatever the octets, all elements and the tail are written back as they were, through types; and no
/// type reads an element in its usual form only to write it otherwise.
fn walker(octets: &[u8]) {
    let elements = Elements::new(octets);
    let mut written = Vec::new();
    for raw in elements {
        let element = AnyElement::from(&raw);
        if let AnyElement::Malformed { error, .. } = &element
            && error.problem == Problem::Invalid(AnyElement::UNUSUAL)
        {
            let mut usual = Vec::new();
            write_raw(raw.id, &raw.body, &mut usual);
            assert_ne!(usual, raw.octets, "{element}");
        }
        assert!(!element.to_string().chars().any(char::is_control), "{element}");
        element.write(&mut written);
    }
    assert_eq!(elements.check().is_ok(), elements.tail().is_empty());
    written.extend_from_slice(elements.tail());
    assert_eq!(written, octets);
}

/// A measurement request, and its details if it is one for beacons.
fn measurement_request(body: &[u8]) {
    lossless::<MeasurementRequest>(body);
    if let Ok(request) = MeasurementRequest::parse(body)
        && let Ok(details) = BeaconRequest::parse(&request.request)
    {
        let _ = details.subelements_of(BeaconRequest::SSID).count();
    }
}

/// A measurement report, and its details if it is one of a beacon: they are written as they were.
fn measurement_report(body: &[u8]) {
    lossless::<MeasurementReport>(body);
    if let Ok(report) = MeasurementReport::parse(body)
        && let Ok(details) = BeaconReport::parse(&report.report)
    {
        let mut written = Vec::new();
        details.write_to(&mut written);
        assert_eq!(written, report.report);
    }
}

/// Targets of elements.
pub const TARGETS: &[Target] = &[
    ("elements", walker),
    ("element_ssid", printed::<Ssid>),
    ("element_supported_rates", printed::<SupportedRates>),
    ("element_extended_supported_rates", printed::<ExtendedSupportedRates>),
    ("element_ds_parameter", printed::<DsParameter>),
    ("element_power_constraint", printed::<PowerConstraint>),
    ("element_power_capability", printed::<PowerCapability>),
    ("element_tpc_report", printed::<TpcReport>),
    ("element_supported_channels", printed::<SupportedChannels>),
    ("element_supported_operating_classes", printed::<SupportedOperatingClasses>),
    ("element_erp", printed::<Erp>),
    ("element_channel_switch", printed::<ChannelSwitch>),
    ("element_extended_channel_switch", printed::<ExtendedChannelSwitch>),
    ("element_secondary_channel_offset", printed::<SecondaryChannelOffset>),
    ("element_wide_bandwidth_channel_switch", printed::<WideBandwidthChannelSwitch>),
    ("element_channel_switch_wrapper", printed::<ChannelSwitchWrapper>),
    ("element_max_channel_switch_time", printed::<MaxChannelSwitchTime>),
    ("element_operating_channel", printed::<OperatingChannel>),
    ("element_country", printed::<Country>),
    ("element_tim", printed::<Tim>),
    ("element_extended_capabilities", printed::<ExtendedCapabilities>),
    ("element_rm_enabled_capabilities", printed::<RmEnabledCapabilities>),
    ("element_bss_load", printed::<BssLoad>),
    ("element_timeout_interval", printed::<TimeoutInterval>),
    ("element_bss_max_idle_period", printed::<BssMaxIdlePeriod>),
    ("element_transmit_power_envelope", printed::<TransmitPowerEnvelope>),
    ("element_multiple_bssid", printed::<MultipleBssid>),
    ("element_multiple_bssid_index", printed::<MultipleBssidIndex>),
    ("element_neighbor_report", printed::<NeighborReport>),
    ("element_measurement_request", measurement_request),
    ("element_measurement_report", measurement_report),
    ("element_mobility_domain", printed::<MobilityDomain>),
    ("element_fast_transition", printed::<FastTransition>),
    ("element_rsn", printed::<Rsn>),
    ("element_rsnx", printed::<Rsnx>),
    ("element_rsn_override", printed::<RsnOverride>),
    ("element_rsn_override_2", printed::<RsnOverride2>),
    ("element_rsnx_override", printed::<RsnxOverride>),
    ("element_rsn_selection", printed::<RsnSelection>),
    ("element_management_mic", printed::<ManagementMic>),
    ("element_owe_dh_parameter", printed::<OweDhParameter>),
    ("element_owe_transition", printed::<OweTransition>),
    ("element_password_identifier", printed::<PasswordIdentifier>),
    ("element_rejected_groups", printed::<RejectedGroups>),
    ("element_anti_clogging_token", printed::<AntiCloggingToken>),
    ("element_akm_suite_selector", printed::<AkmSuiteSelector>),
    ("element_wpa", printed::<Wpa>),
    ("element_wmm_information", printed::<WmmInformation>),
    ("element_wmm_parameter", printed::<WmmParameter>),
    ("element_vendor", printed::<Vendor>),
];
