//! Building a request: append only, lengths filled in when a part is finished.

use super::{Attributes, flags};
use core::fmt;
use lapwing_frames::MacAddr;
use zeroize::Zeroize;

/// The bit of the kind field that marks a nest.
const NESTED: u16 = 0x8000;
/// The length of the header of a message.
const HEADER: usize = 16;

/// A request being built. Its octets are wiped when dropped: they may hold keys.
pub struct Builder {
    octets: Octets,
    attributes: usize,
    too_long: bool,
}

/// Octets that leave no copy behind, not even when they grow.
#[derive(Default)]
struct Octets(Vec<u8>);

impl Octets {
    fn extend(&mut self, octets: &[u8]) {
        if self.0.capacity().saturating_sub(self.0.len()) < octets.len() {
            let wanted = self.0.capacity().saturating_mul(2).max(self.0.len().saturating_add(octets.len()));
            let mut larger = Vec::with_capacity(wanted);
            larger.extend_from_slice(&self.0);
            core::mem::replace(&mut self.0, larger).zeroize();
        }
        self.0.extend_from_slice(octets);
    }

    fn overwrite(&mut self, at: usize, octets: &[u8]) {
        if let Some(place) = self.0.get_mut(at..at.saturating_add(octets.len())) {
            place.copy_from_slice(octets);
        }
    }
}

impl Drop for Octets {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({} octets)", self.octets.0.len())
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => { $(
        #[doc = concat!("Appends an attribute with a `", stringify!($type), "` in the host's byte order.")]
        pub fn $name(&mut self, kind: u16, value: $type) -> &mut Self {
            self.bytes(kind, &value.to_ne_bytes())
        }
    )* };
}

impl Builder {
    /// Starts a message of this kind with the octets of the family's own header.
    #[must_use]
    pub fn new(kind: u16, family_header: &[u8]) -> Self {
        let mut octets = Octets(Vec::with_capacity(512));
        octets.extend(&[0; 4]);
        octets.extend(&kind.to_ne_bytes());
        octets.extend(&[0; 10]);
        let mut builder = Self { octets, attributes: 0, too_long: false };
        builder.raw(family_header);
        builder.attributes = builder.octets.0.len();
        builder
    }

    /// Starts a generic netlink message.
    #[must_use]
    pub fn generic(family: u16, command: u8) -> Self {
        // Version 1 is what every family here speaks; nl80211 ignores it.
        Self::new(family, &[command, 1, 0, 0])
    }

    numbers!(u8: u8, u16: u16, u32: u32, u64: u64, i32: i32);

    /// Appends an attribute with these octets.
    pub fn bytes(&mut self, kind: u16, payload: &[u8]) -> &mut Self {
        let Ok(length) = u16::try_from(payload.len().saturating_add(4)) else {
            self.too_long = true;
            return self;
        };
        self.octets.extend(&length.to_ne_bytes());
        self.octets.extend(&kind.to_ne_bytes());
        self.raw(payload)
    }

    /// Appends an attribute that says something by being there.
    pub fn flag(&mut self, kind: u16) -> &mut Self {
        self.bytes(kind, &[])
    }

    /// Appends a flag if `set`.
    pub fn flag_if(&mut self, kind: u16, set: bool) -> &mut Self {
        if set { self.flag(kind) } else { self }
    }

    /// Appends an attribute with a MAC address.
    pub fn mac(&mut self, kind: u16, address: MacAddr) -> &mut Self {
        self.bytes(kind, &address.0)
    }

    /// Appends an attribute with text and a NUL.
    pub fn text(&mut self, kind: u16, text: &str) -> &mut Self {
        let mut octets = text.as_bytes().to_vec();
        octets.push(0);
        self.bytes(kind, &octets)
    }

    /// Appends an attribute with numbers of 32 bits one after the other.
    pub fn u32_list(&mut self, kind: u16, values: impl IntoIterator<Item = u32>) -> &mut Self {
        let octets: Vec<u8> = values.into_iter().flat_map(u32::to_ne_bytes).collect();
        self.bytes(kind, &octets)
    }

    /// Appends a nest that `fill` fills.
    pub fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.octets.0.len();
        self.bytes(kind | NESTED, &[]);
        fill(self);
        match u16::try_from(self.octets.0.len().saturating_sub(start)) {
            Ok(length) => self.octets.overwrite(start, &length.to_ne_bytes()),
            Err(_) => self.too_long = true,
        }
        self
    }

    /// Appends a nest of items numbered from 1, as lists in netlink are.
    pub fn list<T>(
        &mut self,
        kind: u16,
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, u16, T),
    ) -> &mut Self {
        self.nest(kind, |builder| {
            for (number, value) in (1..).zip(items) {
                item(builder, number, value);
            }
        })
    }

    /// The finished message; nothing if a part is longer than an attribute can be.
    #[must_use]
    pub fn finish(mut self) -> Option<Request> {
        let length = u32::try_from(self.octets.0.len()).ok()?;
        self.octets.overwrite(0, &length.to_ne_bytes());
        (!self.too_long).then_some(Request { octets: self.octets, attributes: self.attributes })
    }

    fn raw(&mut self, octets: &[u8]) -> &mut Self {
        self.octets.extend(octets);
        let padding = self.octets.0.len().next_multiple_of(4).saturating_sub(self.octets.0.len());
        self.octets.extend([0; 3].get(..padding).unwrap_or_default());
        self
    }
}

/// A whole request, but for its flags, sequence number and port. Wiped when dropped.
pub struct Request {
    octets: Octets,
    attributes: usize,
}

impl Request {
    /// The octets of the message, header included.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets.0
    }

    /// The kind of the message: the family.
    #[must_use]
    pub fn kind(&self) -> u16 {
        self.octets.0.get(4..6).and_then(<[u8]>::first_chunk).map_or(0, |kind| u16::from_ne_bytes(*kind))
    }

    /// What follows the header of the message: the family's header and the attributes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.octets.0.get(HEADER..).unwrap_or_default()
    }

    /// Sets flags (`NLM_F_REQUEST` is always added) and sequence number.
    pub(crate) fn address(&mut self, flags: u16, sequence: u32) {
        self.octets.overwrite(6, &(flags | flags::REQUEST).to_ne_bytes());
        self.octets.overwrite(8, &sequence.to_ne_bytes());
    }

    /// A copy, to be sent while this one is kept.
    pub(super) fn copy(&self) -> Self {
        let mut octets = Octets::default();
        octets.extend(&self.octets.0);
        Self { octets, attributes: self.attributes }
    }

    /// The attributes.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes::new("request", self.octets.0.get(self.attributes..).unwrap_or_default())
    }

    /// Where each top-level attribute is.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut at = self.attributes;
        let mut places = Vec::new();
        for attribute in self.attributes().map_while(Result::ok) {
            places.push((at, attribute.kind));
            at = at.saturating_add(attribute.payload.len().saturating_add(4).next_multiple_of(4));
        }
        Outline(places)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} octets)", self.octets.0.len())
    }
}

/// Where the top-level attributes of a request are: enough to name the one that the kernel objects to,
/// without keeping the request, which may hold a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline(Vec<(usize, u16)>);

impl Outline {
    /// The kind of the top-level attribute that the octet at `offset` of the message belongs to.
    #[must_use]
    pub fn attribute_at(&self, offset: usize) -> Option<u16> {
        self.0.iter().rev().find(|(at, _)| *at <= offset).map(|&(_, kind)| kind)
    }
}
