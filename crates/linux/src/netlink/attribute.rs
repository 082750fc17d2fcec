//! Attributes: `length u16 | kind u16 | payload | padding to 4`.

use super::DecodeError;
use core::fmt;
use lapwing_frames::{MacAddr, Problem};

/// The bits of the kind field that say "nested" and "big endian"; the rest is the kind.
const KIND_FLAGS: u16 = 0xc000;
/// The length of the header of an attribute.
const HEADER: usize = 4;

/// One attribute, borrowed from its message.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// Its kind, without the flags for nesting and byte order.
    pub kind: u16,
    /// Its payload, without padding.
    pub payload: &'a [u8],
    what: &'static str,
}

impl fmt::Debug for Attribute<'_> {
    // Without the payload: it may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attribute {} of {} octets", self.what, self.kind, self.payload.len())
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => { $(
        #[doc = concat!("The payload as a `", stringify!($type), "` of the host's byte order.")]
        ///
        /// # Errors
        /// If the payload has another length.
        pub fn $name(&self) -> Result<$type, DecodeError> {
            self.array().map(<$type>::from_ne_bytes)
        }
    )* };
}

impl<'a> Attribute<'a> {
    numbers!(u8: u8, u16: u16, u32: u32, u64: u64, i8: i8, i32: i32);

    /// The payload as an array.
    ///
    /// # Errors
    /// If the payload has another length.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], DecodeError> {
        self.payload.try_into().map_err(|_| match self.payload.len().checked_sub(N) {
            None => self.error(Problem::Truncated { needed: N, left: self.payload.len() }),
            Some(count) => self.error(Problem::TrailingOctets { count }),
        })
    }

    /// The payload as a MAC address.
    ///
    /// # Errors
    /// If the payload has another length.
    pub fn mac(&self) -> Result<MacAddr, DecodeError> {
        self.array().map(MacAddr)
    }

    /// The payload as text: the octets before the first NUL, what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let octets = self.payload.split(|&octet| octet == 0).next().unwrap_or_default();
        String::from_utf8_lossy(octets).into_owned()
    }

    /// The payload as a list of numbers of 32 bits; octets that make no whole number are ignored.
    pub fn u32_list(&self) -> impl Iterator<Item = u32> + 'a {
        self.payload.as_chunks::<4>().0.iter().map(|octets| u32::from_ne_bytes(*octets))
    }

    /// The attributes inside; `what` names the nest in errors.
    #[must_use]
    pub const fn nested(&self, what: &'static str) -> Attributes<'a> {
        Attributes::new(what, self.payload)
    }

    /// An error about this attribute.
    #[must_use]
    pub const fn error(&self, problem: Problem) -> DecodeError {
        DecodeError { what: self.what, attribute: Some(self.kind), problem }
    }

    /// An error about this attribute's value.
    #[must_use]
    pub const fn invalid(&self, why: &'static str) -> DecodeError {
        self.error(Problem::Invalid(why))
    }
}

/// A bounds-checked walk over attributes. The first malformed one is the last item, as an error.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// The attributes in these octets; `what` names the message or nest in errors.
    #[must_use]
    pub const fn new(what: &'static str, octets: &'a [u8]) -> Self {
        Self { what, rest: octets }
    }

    /// The first attribute of this kind, if there is one before any malformed one.
    #[must_use]
    pub fn find(self, kind: u16) -> Option<Attribute<'a>> {
        self.map_while(Result::ok).find(|attribute| attribute.kind == kind)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let all = core::mem::take(&mut self.rest);
        if all.is_empty() {
            return None;
        }
        let truncated = |attribute, needed| DecodeError {
            what: self.what,
            attribute,
            problem: Problem::Truncated { needed, left: all.len() },
        };
        let Some((&[a, b, c, d], after)) = all.split_first_chunk::<HEADER>() else {
            return Some(Err(truncated(None, HEADER)));
        };
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let kind = u16::from_ne_bytes([c, d]) & !KIND_FLAGS;
        let Some(payload) = length.checked_sub(HEADER).and_then(|length| after.get(..length)) else {
            return Some(Err(truncated(Some(kind), length.max(HEADER))));
        };
        // The padding of the last attribute may be left out.
        self.rest = all.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Ok(Attribute { kind, payload, what: self.what }))
    }
}
