//! The cursor that every parser uses, and the one error they share.

use core::fmt;

/// What went wrong while bytes were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The bytes ended early: `needed` octets were to be read, `left` were there.
    Truncated {
        /// Octets that the field needs.
        needed: usize,
        /// Octets that were left.
        left: usize,
    },
    /// Octets are left over where the format has none.
    TrailingOctets {
        /// How many.
        count: usize,
    },
    /// A value that the standard forbids in this place; the text says which and why.
    Invalid(&'static str),
}

/// A parse error: what was being read, where, and what was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParseError {
    /// The field, element or frame that was being read, in the standard's words.
    pub what: &'static str,
    /// The octet, counted from the start of the bytes given to the parser named by `what`.
    pub at: usize,
    /// What was wrong.
    pub problem: Problem,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}: ", self.what, self.at)?;
        match self.problem {
            Problem::Truncated { needed, left } => write!(f, "needs {needed} octets, {left} left"),
            Problem::TrailingOctets { count } => write!(f, "{count} octets too many"),
            Problem::Invalid(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for ParseError {}

/// A checked cursor over bytes. Running out is its only error; it never panics.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    what: &'static str,
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first octet of `bytes`; `what` names the structure in errors.
    #[must_use]
    pub const fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, all: bytes, at: 0 }
    }

    /// The offset of the next octet.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// How many octets are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.all.len().saturating_sub(self.at)
    }

    /// Whether every octet was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The octets that are left, without moving on.
    #[must_use]
    pub fn peek(&self) -> &'a [u8] {
        self.all.get(self.at..).unwrap_or_default()
    }

    /// An error at the current position.
    #[must_use]
    pub const fn invalid(&self, why: &'static str) -> ParseError {
        ParseError { what: self.what, at: self.at, problem: Problem::Invalid(why) }
    }

    /// The next `count` octets.
    ///
    /// # Errors
    /// [`Problem::Truncated`] if fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ParseError> {
        let taken = self.peek().get(..count).ok_or(ParseError {
            what: self.what,
            at: self.at,
            problem: Problem::Truncated { needed: count, left: self.remaining() },
        })?;
        self.at = self.at.saturating_add(count);
        Ok(taken)
    }

    /// The next `N` octets as an array.
    ///
    /// # Errors
    /// [`Problem::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The next octet.
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, ParseError> {
        self.array::<1>().map(|[octet]| octet)
    }

    /// A little-endian 16-bit number (802.11).
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u16_le(&mut self) -> Result<u16, ParseError> {
        self.array().map(u16::from_le_bytes)
    }

    /// A big-endian 16-bit number (EAPOL).
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u16_be(&mut self) -> Result<u16, ParseError> {
        self.array().map(u16::from_be_bytes)
    }

    /// A little-endian 32-bit number (802.11).
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u32_le(&mut self) -> Result<u32, ParseError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A little-endian 64-bit number (802.11).
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u64_le(&mut self) -> Result<u64, ParseError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A big-endian 64-bit number (EAPOL).
    ///
    /// # Errors
    /// [`Problem::Truncated`] at the end.
    pub fn u64_be(&mut self) -> Result<u64, ParseError> {
        self.array().map(u64::from_be_bytes)
    }

    /// Everything that is left; the reader is empty afterwards.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.peek();
        self.at = self.all.len();
        rest
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`Problem::TrailingOctets`] otherwise.
    pub fn finish(self) -> Result<(), ParseError> {
        match self.remaining() {
            0 => Ok(()),
            count => {
                Err(ParseError { what: self.what, at: self.at, problem: Problem::TrailingOctets { count } })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_names_the_structure_the_place_and_the_need() {
        let mut reader = Reader::new("RSNE version", &[1]);
        let error = reader.u16_le().unwrap_err();
        assert_eq!(
            error,
            ParseError { what: "RSNE version", at: 0, problem: Problem::Truncated { needed: 2, left: 1 } }
        );
        assert_eq!(std::format!("{error}"), "RSNE version at octet 0: needs 2 octets, 1 left");
        assert_eq!(reader.u8(), Ok(1), "a failed read moves nothing");
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn huge_lengths_do_not_overflow() {
        let mut reader = Reader::new("test", &[1, 2, 3]);
        assert!(reader.take(usize::MAX).is_err());
        assert_eq!(reader.take(3), Ok(&[1, 2, 3][..]));
        assert!(reader.take(usize::MAX).is_err());
    }
}
