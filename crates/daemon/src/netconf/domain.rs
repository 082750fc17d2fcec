//! Lists of domain names as networks send them: DHCP's option 119 (RFC 3397) and router advertisements
//! (RFC 8106), both in the form of DNS messages (RFC 1035 3.1 and 4.1.4).

use super::settings::is_domain;

/// The most names of a list that are used: resolvers of C libraries look at six.
pub const MOST: usize = 8;

/// The longest name in text, as [`is_domain`] has it.
const LONGEST: usize = 253;

/// Whether a list may have names that end with a pointer into another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointers {
    /// They point to what stands before them in the list (RFC 3397).
    Backwards,
    /// There are none (RFC 8106 5.2).
    None,
}

/// The names of a list up to the first that is malformed. What no resolver's configuration can hold is
/// passed over, and so are names of no label: they are padding.
#[must_use]
pub fn list(octets: &[u8], pointers: Pointers) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while at < octets.len() && names.len() < MOST {
        let Some((name, end)) = name(octets, at, pointers) else { break };
        at = end;
        if is_domain(name.as_bytes()) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The name that begins at an offset, and where it ends.
fn name(octets: &[u8], start: usize, pointers: Pointers) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = start;
    let mut end = None;
    // Each pointer leads to before the last one, so the walk comes to an end.
    let mut before = start;
    loop {
        let length = *octets.get(at)?;
        let next = at.checked_add(1)?;
        match length >> 6 {
            0 if length == 0 => return Some((text, end.unwrap_or(next))),
            0 => {
                let after = next.checked_add(usize::from(length))?;
                let label = octets.get(next..after)?;
                // A dot in a label would make two of it; other octets are looked at in the end.
                if label.contains(&b'.') || text.len().checked_add(label.len())? > LONGEST {
                    return None;
                }
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&String::from_utf8_lossy(label));
                at = after;
            }
            3 if pointers == Pointers::Backwards => {
                let target = usize::from(u16::from_be_bytes([length & 0x3f, *octets.get(next)?]));
                if target >= before {
                    return None;
                }
                before = target;
                end = end.or(next.checked_add(1));
                at = target;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 3397 section 2.
    const EXAMPLE: &[u8] = b"\x03eng\x05apple\x03com\0\x09marketing\xc0\x04";

    #[test]
    fn the_example_of_the_standard() {
        assert_eq!(list(EXAMPLE, Pointers::Backwards), ["eng.apple.com", "marketing.apple.com"]);
        assert_eq!(list(EXAMPLE, Pointers::None), ["eng.apple.com"]);
        for length in 0..EXAMPLE.len() {
            assert!(list(&EXAMPLE[..length], Pointers::Backwards).len() < 2, "{length}");
        }
    }

    #[test]
    fn pointers_that_lead_nowhere_or_around() {
        for wrong in [
            &b"\xc0\0"[..],            // To itself.
            b"\xc0\x05\x01a\0\x01b\0", // Forwards.
            b"\x01a\xc0\0",            // Into its own name.
            b"\x40a\0",                // A kind of label that there is not.
            b"\x01a\x01b",             // No end.
        ] {
            assert_eq!(list(wrong, Pointers::Backwards), [] as [&str; 0], "{wrong:?}");
        }
        // Two names that point at each other: the second pointer goes forwards.
        assert_eq!(list(b"\x01a\0\x01b\xc0\x05\x01c\0", Pointers::Backwards), ["a"]);
    }

    #[test]
    fn names_are_bounded_and_fit_for_a_file() {
        let label = [&[63][..], &[b'a'; 63]].concat();
        assert_eq!(list(&[&label.repeat(4)[..], &[0]].concat(), Pointers::None), [] as [&str; 0]);
        assert_eq!(list(&[&label.repeat(3)[..], &[0]].concat(), Pointers::None).len(), 1);
        assert_eq!(list(b"\x03a\nb\0\x03a.b\0\x02ok\0", Pointers::None), [] as [&str; 0], "a dot ends it");
        assert_eq!(list(b"\x03a\nb\0\x02ok\0\0\0\0", Pointers::None), ["ok"], "padding is no name");
        let many: Vec<u8> = (0..20).flat_map(|n| [1, b'a' + n, 0]).collect();
        assert_eq!(list(&many, Pointers::None).len(), MOST);
        assert_eq!(list(b"\x01a\0\x01a\0", Pointers::None), ["a"]);
    }
}
