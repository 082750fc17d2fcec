//! Base64 (RFC 4648): with padding, as URIs have it, and for URLs without, as JSON web objects have it.

use alloc::{string::String, vec::Vec};

/// Which of the two alphabets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// With `+` and `/`, and padded with `=` (RFC 4648 4).
    Standard,
    /// With `-` and `_`, without padding (RFC 4648 5).
    Url,
}

impl Alphabet {
    const fn last(self) -> [u8; 2] {
        match self {
            Self::Standard => *b"+/",
            Self::Url => *b"-_",
        }
    }

    const fn digit(self, value: u8) -> u8 {
        match value & 63 {
            value @ 0..=25 => b'A' + value,
            value @ 26..=51 => b'a' + (value - 26),
            value @ 52..=61 => b'0' + (value - 52),
            62 => self.last()[0],
            _ => self.last()[1],
        }
    }

    fn value(self, digit: u8) -> Option<u8> {
        let [plus, slash] = self.last();
        match digit {
            b'A'..=b'Z' => Some(digit - b'A'),
            b'a'..=b'z' => Some(digit - b'a' + 26),
            b'0'..=b'9' => Some(digit - b'0' + 52),
            _ if digit == plus => Some(62),
            _ if digit == slash => Some(63),
            _ => None,
        }
    }
}

/// The octets as text.
#[must_use]
pub fn encode(alphabet: Alphabet, octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len().div_ceil(3).saturating_mul(4));
    for group in octets.chunks(3) {
        let word = group.iter().fold(0u32, |word, octet| word << 8 | u32::from(*octet));
        let word = word << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = || char::from(alphabet.digit((word >> (18 - 6 * place)) as u8));
            match alphabet {
                _ if place <= group.len() => out.push(digit()),
                Alphabet::Standard => out.push('='),
                Alphabet::Url => {}
            }
        }
    }
    out
}

/// The octets of a text; nothing if it has other characters, another length or bits left over.
#[must_use]
pub fn decode(alphabet: Alphabet, text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let text = match alphabet {
        Alphabet::Url => text,
        Alphabet::Standard if text.len().is_multiple_of(4) => {
            let cut = text.strip_suffix(b"=").unwrap_or(text);
            cut.strip_suffix(b"=").unwrap_or(cut)
        }
        Alphabet::Standard => return None,
    };
    let mut out = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
    for group in text.chunks(4) {
        let mut word = 0u32;
        for digit in group {
            word = word << 6 | u32::from(alphabet.value(*digit)?);
        }
        let octets = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        word <<= 6 * (4 - group.len());
        let bytes = word.to_be_bytes();
        let (kept, spare) = bytes.get(1..)?.split_at_checked(octets)?;
        if spare.iter().any(|octet| *octet != 0) {
            return None;
        }
        out.extend(kept);
    }
    Some(out)
}
