//! Elements: `ID | length | body`, with an extension ID as the first octet of the body of ID 255.
//!
//! [`Elements`] walks the bytes of a frame body, joins fragments (802.11-2020 10.28.12) and keeps what
//! it cannot read as a tail. Each element that Lapwing understands implements [`Element`] in a module of
//! its own; [`Elements::find`] looks one up and parses it.

#[macro_use]
mod bits;
#[macro_use]
pub(crate) mod layout;

pub mod any;
pub mod bss;
pub mod capabilities;
pub mod channel;
pub mod country;
pub mod eht;
pub mod ft;
pub mod he;
pub mod ht;
pub mod inheritance;
pub mod measurement;
pub mod multi_link;
pub mod rates;
pub mod rnr;
pub mod rsn;
pub mod rsnx;
pub mod security;
mod ssid;
pub mod tid_to_link;
pub mod tim;
pub mod vendor;
pub mod vht;
pub mod wpa;

pub use any::AnyElement;
pub use bss::{
    BssLoad, BssMaxIdlePeriod, MultipleBssid, MultipleBssidIndex, NeighborReport, TimeoutInterval,
    TimeoutKind,
};
pub use capabilities::{ExtendedCapabilities, ExtendedCapability, RmCapability, RmEnabledCapabilities};
pub use channel::{
    ChannelSwitch, ChannelSwitchWrapper, DsParameter, Erp, ExtendedChannelSwitch, MaxChannelSwitchTime,
    OperatingChannel, PowerCapability, PowerConstraint, SecondaryChannelOffset, SupportedChannels,
    SupportedOperatingClasses, TpcReport, TransmitPowerEnvelope, WideBandwidthChannelSwitch,
};
pub use country::Country;
pub use eht::{EhtCapabilities, EhtOperation};
pub use ft::{FastTransition, MobilityDomain};
pub use he::{He6GhzCapabilities, HeCapabilities, HeOperation};
pub use ht::{HtCapabilities, HtOperation};
pub use inheritance::NonInheritance;
pub use layout::{Counted, Subelement};
pub use measurement::{MeasurementReport, MeasurementRequest};
pub use multi_link::MultiLink;
pub use rates::{ExtendedSupportedRates, MembershipSelector, Rate, SupportedRates};
pub use rnr::ReducedNeighborReport;
pub use rsn::{
    Pmkid, Rsn, RsnCapabilities, RsnChoice, RsnOverride, RsnOverride2, RsnSelection, RsnxOverride,
};
pub use rsnx::{Rsnx, RsnxCapability};
pub use security::{
    AkmSuiteSelector, AntiCloggingToken, ManagementMic, OweDhParameter, OweTransition, PasswordIdentifier,
    RejectedGroups, TransitionDisable,
};
pub use tid_to_link::TidToLinkMapping;
pub use tim::Tim;
pub use vendor::{Vendor, WmmInformation, WmmParameter};
pub use vht::{VhtCapabilities, VhtOperation};
pub use wpa::Wpa;

use crate::reader::{ParseError, Problem};
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// The ID of an element: one octet, or 255 and an extension.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ElementId {
    /// An element ID below 255.
    Plain(u8),
    /// Element ID 255 with this extension.
    Extended(u8),
}

impl ElementId {
    /// The Fragment element, which carries on an element that is too long for one.
    pub const FRAGMENT: Self = Self::Plain(242);
    /// The Vendor Specific element.
    pub const VENDOR: Self = Self::Plain(221);
}

impl fmt::Debug for ElementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(id) => write!(f, "element {id}"),
            Self::Extended(id) => write!(f, "element 255/{id}"),
        }
    }
}

/// An element with a meaning that Lapwing knows.
pub trait Element: Sized {
    /// Its ID.
    const ID: ElementId;
    /// For vendor elements, the octets (OUI and type) that the body starts with; empty otherwise.
    const PREFIX: &'static [u8] = &[];

    /// Parses the body: what follows the length, the extension ID and [`Self::PREFIX`].
    ///
    /// # Errors
    /// Whatever the standard forbids, with its place counted from the first octet of `body`.
    fn parse(body: &[u8]) -> Result<Self, ParseError>;

    /// Appends the body: what follows the length, the extension ID and [`Self::PREFIX`].
    fn write_body(&self, out: &mut Vec<u8>);

    /// Appends the whole element, in fragments if it is longer than 255 octets.
    fn write(&self, out: &mut Vec<u8>) {
        let mut body = Self::PREFIX.to_vec();
        self.write_body(&mut body);
        write_raw(Self::ID, &body, out);
    }
}

/// Appends an element of any ID with this body (without the extension ID), in fragments if need be.
pub fn write_raw(id: ElementId, body: &[u8], out: &mut Vec<u8>) {
    const MAX: usize = 255;
    let (number, extension) = match id {
        ElementId::Plain(id) => (id, None),
        ElementId::Extended(id) => (255, Some(id)),
    };
    let room = if extension.is_some() { MAX - 1 } else { MAX };
    let (first, mut rest) = body.split_at_checked(room).unwrap_or((body, &[]));
    out.push(number);
    out.push(u8::try_from(first.len() + usize::from(extension.is_some())).unwrap_or(u8::MAX));
    out.extend(extension);
    out.extend_from_slice(first);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(MAX).unwrap_or((rest, &[]));
        out.push(242);
        out.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(piece);
        rest = after;
    }
}

/// One element as it stands in a frame, fragments joined.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawElement<'a> {
    /// Its ID.
    pub id: ElementId,
    /// Its body without the extension ID, fragments joined.
    pub body: Cow<'a, [u8]>,
    /// The octets of the whole element as they were received, headers and fragments included.
    pub octets: &'a [u8],
}

impl RawElement<'_> {
    /// Whether it has the ID (and prefix) of `E`.
    #[must_use]
    pub fn is<E: Element>(&self) -> bool {
        self.id == E::ID && self.body.starts_with(E::PREFIX)
    }

    /// Parses it as `E`, if it is one.
    ///
    /// # Errors
    /// What [`Element::parse`] says.
    pub fn parse_as<E: Element>(&self) -> Option<Result<E, ParseError>> {
        if self.id != E::ID {
            return None;
        }
        Some(E::parse(self.body.strip_prefix(E::PREFIX)?))
    }
}

impl fmt::Debug for RawElement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ", self.id)?;
        self.body.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// The elements of a frame body.
///
/// A frame whose last element is cut short is common in the air: what was whole is still given, and
/// [`Elements::tail`] says what was not.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Elements<'a> {
    octets: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Elements in these octets.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The octets.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The elements in their order, each with its fragments.
    #[must_use]
    pub const fn iter(&self) -> Iter<'a> {
        Iter { rest: self.octets }
    }

    /// The octets after the last whole element; empty in a well-formed frame.
    #[must_use]
    pub fn tail(&self) -> &'a [u8] {
        let mut iter = self.iter();
        while iter.next().is_some() {}
        iter.rest
    }

    /// Checks that the octets end with a whole element.
    ///
    /// # Errors
    /// Where the element that is cut short starts.
    pub fn check(&self) -> Result<(), ParseError> {
        let tail = self.tail();
        if tail.is_empty() {
            return Ok(());
        }
        let needed = tail.get(1).map_or(2, |&length| usize::from(length).saturating_add(2));
        Err(ParseError {
            what: "element",
            at: self.octets.len().saturating_sub(tail.len()),
            problem: Problem::Truncated { needed, left: tail.len() },
        })
    }

    /// The first element with the ID (and prefix) of `E`, unparsed.
    #[must_use]
    pub fn find_raw<E: Element>(&self) -> Option<RawElement<'a>> {
        self.iter().find(RawElement::is::<E>)
    }

    /// The first element of type `E`.
    ///
    /// # Errors
    /// If it is there and cannot be parsed.
    pub fn find<E: Element>(&self) -> Result<Option<E>, ParseError> {
        self.find_raw::<E>().and_then(|element| element.parse_as::<E>()).transpose()
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for Elements<'a> {
    type Item = RawElement<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The iterator of [`Elements::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a [u8],
}

/// Splits `ID | length | body` off the front.
fn split_element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[id, length], rest) = octets.split_first_chunk::<2>()?;
    let (body, rest) = rest.split_at_checked(usize::from(length))?;
    Some((id, body, rest))
}

impl<'a> Iterator for Iter<'a> {
    type Item = RawElement<'a>;

    fn next(&mut self) -> Option<RawElement<'a>> {
        let start = self.rest;
        let (number, first, mut rest) = split_element(start)?;
        let mut body = Cow::Borrowed(first);
        // A fragment follows only an element of the greatest length; a stray one stays an element.
        let mut full = first.len() == 255 && number != 242;
        while full && let Some((242, piece, after)) = split_element(rest) {
            body.to_mut().extend_from_slice(piece);
            full = piece.len() == 255;
            rest = after;
        }
        let id = if number == 255 {
            match &mut body {
                Cow::Borrowed(octets) => {
                    // An extended element without an extension ID is no element: it becomes the tail.
                    let (&id, after) = octets.split_first()?;
                    *octets = after;
                    ElementId::Extended(id)
                }
                Cow::Owned(octets) => ElementId::Extended(octets.remove(0)),
            }
        } else {
            ElementId::Plain(number)
        };
        self.rest = rest;
        let octets = start.get(..start.len().saturating_sub(rest.len())).unwrap_or_default();
        Some(RawElement { id, body, octets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn walks_and_keeps_the_tail() {
        let octets = [0, 2, b'h', b'i', 255, 2, 107, 9, 1, 8, 2];
        let elements = Elements::new(&octets);
        let found: Vec<_> = elements.iter().collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].id, ElementId::Plain(0));
        assert_eq!(found[1].id, ElementId::Extended(107));
        assert_eq!(&*found[1].body, &[9]);
        assert_eq!(elements.tail(), &[1, 8, 2]);
        assert_eq!(elements.check().unwrap_err().at, 8);
    }

    #[test]
    fn fragments_both_ways_at_every_length() {
        for length in [0, 1, 253, 254, 255, 256, 508, 509, 510, 511, 1000] {
            for id in [ElementId::Plain(5), ElementId::Extended(107)] {
                let body: Vec<u8> = (0..length).map(|octet| u8::try_from(octet % 251).unwrap()).collect();
                let mut octets = vec![];
                write_raw(id, &body, &mut octets);
                write_raw(ElementId::Plain(7), b"x", &mut octets);
                let found: Vec<_> = Elements::new(&octets).iter().collect();
                assert_eq!(found.len(), 2, "{id:?} {length}");
                assert_eq!((found[0].id, &*found[0].body), (id, &body[..]));
                assert_eq!(&*found[1].body, b"x");
                let joined: Vec<u8> = found.iter().flat_map(|element| element.octets.to_vec()).collect();
                assert_eq!(joined, octets);
            }
        }
    }

    #[test]
    fn a_stray_fragment_stays_an_element() {
        let octets = [242, 1, 9, 0, 0];
        let found: Vec<_> = Elements::new(&octets).iter().collect();
        assert_eq!(found[0].id, ElementId::FRAGMENT);
        assert_eq!(found.len(), 2);
    }
}
