//! Any element as the type that it is.

use super::{
    Element, ElementId, Elements, RawElement, bss, capabilities, channel, country, eht, ft, he, ht,
    inheritance, layout::show_octets, measurement, multi_link, rates, rnr, rsn, rsnx, security, tid_to_link,
    tim, vendor, vht, wpa,
};
use crate::{
    reader::{ParseError, Problem},
    ssid,
};
use alloc::vec::Vec;
use core::fmt;

/// Defines [`AnyElement`]. Of two types with one ID, the one with the longer prefix comes first.
macro_rules! any_element {
    ($( $name:ident($ty:ty), )*) => {
        /// An element as the type that it is.
        ///
        /// Nothing is lost: [`AnyElement::write`] gives back the octets that it came from, whatever they were.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum AnyElement {
            $(
                #[doc = concat!("[`", stringify!($ty), "`].")]
                $name($ty),
            )*
            /// One that no type is for.
            Unknown {
                /// Its ID.
                id: ElementId,
                /// The whole element.
                octets: Vec<u8>,
            },
            /// One that its type cannot read, or would write otherwise than it stands here.
            Malformed {
                /// Its ID.
                id: ElementId,
                /// The whole element.
                octets: Vec<u8>,
                /// Why.
                error: ParseError,
            },
        }

        impl AnyElement {
            /// The reason of a [`Self::Malformed`] that its type can read but would write otherwise, for
            /// instance because its fragments are not as long as they can be.
            pub const UNUSUAL: &'static str = "fragments or fields are not in their usual form";

            /// The type that an element is, if there is one for it.
            fn known(raw: &RawElement<'_>) -> Option<Result<Self, ParseError>> {
                $(
                    if let Some(result) = raw.parse_as::<$ty>() {
                        return Some(result.map(Self::$name));
                    }
                )*
                None
            }

            /// Its ID.
            #[must_use]
            pub const fn id(&self) -> ElementId {
                match self {
                    $( Self::$name(_) => <$ty as Element>::ID, )*
                    Self::Unknown { id, .. } | Self::Malformed { id, .. } => *id,
                }
            }

            /// The name of its type.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $( Self::$name(_) => stringify!($name), )*
                    Self::Unknown { .. } => "Unknown",
                    Self::Malformed { .. } => "Malformed",
                }
            }

            /// Appends the element.
            pub fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $( Self::$name(element) => element.write(out), )*
                    Self::Unknown { octets, .. } | Self::Malformed { octets, .. } => out.extend_from_slice(octets),
                }
            }
        }

        impl fmt::Display for AnyElement {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$name(element) => write!(f, concat!(stringify!($name), ": {}"), element), )*
                    Self::Unknown { id, octets } => {
                        write!(f, "{id:?}: ")?;
                        show_octets(octets, f)
                    }
                    Self::Malformed { id, octets, error } => {
                        write!(f, "{id:?}, malformed ({error}): ")?;
                        show_octets(octets, f)
                    }
                }
            }
        }
    };
}

any_element! {
    Ssid(ssid::Ssid),
    SupportedRates(rates::SupportedRates),
    ExtendedSupportedRates(rates::ExtendedSupportedRates),
    DsParameter(channel::DsParameter),
    PowerConstraint(channel::PowerConstraint),
    PowerCapability(channel::PowerCapability),
    TransmitPowerEnvelope(channel::TransmitPowerEnvelope),
    TpcReport(channel::TpcReport),
    SupportedChannels(channel::SupportedChannels),
    SupportedOperatingClasses(channel::SupportedOperatingClasses),
    Erp(channel::Erp),
    ChannelSwitch(channel::ChannelSwitch),
    ExtendedChannelSwitch(channel::ExtendedChannelSwitch),
    SecondaryChannelOffset(channel::SecondaryChannelOffset),
    WideBandwidthChannelSwitch(channel::WideBandwidthChannelSwitch),
    ChannelSwitchWrapper(channel::ChannelSwitchWrapper),
    MaxChannelSwitchTime(channel::MaxChannelSwitchTime),
    OperatingChannel(channel::OperatingChannel),
    Country(country::Country),
    Tim(tim::Tim),
    ExtendedCapabilities(capabilities::ExtendedCapabilities),
    RmEnabledCapabilities(capabilities::RmEnabledCapabilities),
    BssLoad(bss::BssLoad),
    TimeoutInterval(bss::TimeoutInterval),
    BssMaxIdlePeriod(bss::BssMaxIdlePeriod),
    MultipleBssid(bss::MultipleBssid),
    MultipleBssidIndex(bss::MultipleBssidIndex),
    NeighborReport(bss::NeighborReport),
    MeasurementRequest(measurement::MeasurementRequest),
    MeasurementReport(measurement::MeasurementReport),
    MobilityDomain(ft::MobilityDomain),
    FastTransition(ft::FastTransition),
    Rsn(rsn::Rsn),
    Rsnx(rsnx::Rsnx),
    RsnOverride(rsn::RsnOverride),
    RsnOverride2(rsn::RsnOverride2),
    RsnxOverride(rsn::RsnxOverride),
    RsnSelection(rsn::RsnSelection),
    HtCapabilities(ht::HtCapabilities),
    HtOperation(ht::HtOperation),
    VhtCapabilities(vht::VhtCapabilities),
    VhtOperation(vht::VhtOperation),
    HeCapabilities(he::HeCapabilities),
    HeOperation(he::HeOperation),
    He6GhzCapabilities(he::He6GhzCapabilities),
    EhtCapabilities(eht::EhtCapabilities),
    EhtOperation(eht::EhtOperation),
    MultiLink(multi_link::MultiLink),
    NonInheritance(inheritance::NonInheritance),
    ReducedNeighborReport(rnr::ReducedNeighborReport),
    TidToLinkMapping(tid_to_link::TidToLinkMapping),
    ManagementMic(security::ManagementMic),
    OweDhParameter(security::OweDhParameter),
    OweTransition(security::OweTransition),
    PasswordIdentifier(security::PasswordIdentifier),
    RejectedGroups(security::RejectedGroups),
    AntiCloggingToken(security::AntiCloggingToken),
    AkmSuiteSelector(security::AkmSuiteSelector),
    Wpa(wpa::Wpa),
    WmmInformation(vendor::WmmInformation),
    WmmParameter(vendor::WmmParameter),
    Vendor(vendor::Vendor),
}

impl From<&RawElement<'_>> for AnyElement {
    fn from(raw: &RawElement<'_>) -> Self {
        let malformed = |error| Self::Malformed { id: raw.id, octets: raw.octets.to_vec(), error };
        match Self::known(raw) {
            None => Self::Unknown { id: raw.id, octets: raw.octets.to_vec() },
            Some(Err(error)) => malformed(error),
            Some(Ok(element)) => {
                // Fragments may be cut in more ways than ours.
                let mut octets = Vec::with_capacity(raw.octets.len());
                element.write(&mut octets);
                if octets == raw.octets {
                    return element;
                }
                let problem = Problem::Invalid(Self::UNUSUAL);
                malformed(ParseError { what: element.name(), at: 0, problem })
            }
        }
    }
}

impl<'a> Elements<'a> {
    /// The elements in their order, each as the type that it is.
    pub fn typed(&self) -> impl Iterator<Item = AnyElement> + use<'a> {
        self.iter().map(|raw| AnyElement::from(&raw))
    }
}
