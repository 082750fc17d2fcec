//! The name of a network.

use crate::reader::{ParseError, Problem};
use alloc::vec::Vec;
use core::fmt;

/// A service set identifier: 0 to 32 octets of any value (802.11-2020 9.4.2.2).
///
/// It is not text: compare octets, and print it with [`fmt::Display`], which escapes whatever is not
/// printable so that no network can write to a terminal or forge a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ssid(Vec<u8>);

impl Ssid {
    /// The longest SSID, in octets.
    pub const MAX: usize = 32;

    /// An SSID of these octets.
    ///
    /// # Errors
    /// If there are more than 32.
    pub fn new(octets: &[u8]) -> Result<Self, ParseError> {
        if octets.len() > Self::MAX {
            return Err(ParseError {
                what: "SSID",
                at: Self::MAX,
                problem: Problem::Invalid("an SSID has at most 32 octets"),
            });
        }
        Ok(Self(octets.to_vec()))
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the wildcard or a hidden network's blank: no octets, or only zeros.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.0.iter().all(|&octet| octet == 0)
    }
}

impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                // Backslash and everything invisible is escaped, so that the printed form is unambiguous.
                if character == '\\' || is_hostile(character) {
                    write!(f, "{}", character.escape_unicode())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            for octet in chunk.invalid() {
                write!(f, "\\x{octet:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a character could confuse a terminal or a reader: controls, and marks that change direction.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Debug for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn any_octets_print_safely() {
        assert_eq!(Ssid::new(b"caf\xc3\xa9").unwrap().to_string(), "café");
        assert_eq!(Ssid::new(b"a\nb\x1b[31m\\\xff").unwrap().to_string(), "a\\u{a}b\\u{1b}[31m\\u{5c}\\xff");
        assert!(Ssid::new(&[0; 33]).is_err());
        assert!(Ssid::new(&[0; 5]).unwrap().is_hidden());
    }
}
