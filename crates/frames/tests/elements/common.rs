//! What every test of an element does.

use lapwing_frames::element::{Element, Elements};
use std::fmt::Debug;

/// Octets from hexadecimal digits; spaces are for the reader.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(|digit| !digit.is_whitespace()).collect();
    assert_eq!(digits.len() % 2, 0, "pairs of digits");
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

/// Octets of an element, with `..` where its length belongs.
pub(crate) fn element(digits: &str) -> Vec<u8> {
    match digits.split_once("..") {
        None => hex(digits),
        Some((id, body)) => {
            let body = hex(body);
            [hex(id), vec![u8::try_from(body.len()).expect("no fragments")], body].concat()
        }
    }
}

/// Parses one whole element, checks that it is written back octet for octet and that every shorter body
/// is either refused or a value that is written back likewise.
pub(crate) fn both_ways<E: Element + Debug + PartialEq>(digits: &str) -> E {
    let octets = element(digits);
    let raw = Elements::new(&octets).iter().next().expect("an element");
    assert_eq!(raw.octets, octets, "one element and nothing else");
    let value = raw.parse_as::<E>().expect("the ID and the prefix of the type").unwrap();
    let mut written = vec![];
    value.write(&mut written);
    assert_eq!(written, octets, "{value:?}");
    let body = raw.body.strip_prefix(E::PREFIX).unwrap();
    for length in 0..body.len() {
        if let Ok(shorter) = E::parse(&body[..length]) {
            let mut written = vec![];
            shorter.write_body(&mut written);
            assert_eq!(written, &body[..length], "{shorter:?} cut to {length}");
        }
    }
    value
}

/// Checks that a value becomes these octets and these octets this value.
pub(crate) fn is_written<E: Element + Debug + PartialEq>(value: &E, digits: &str) {
    assert_eq!(&both_ways::<E>(digits), value);
}

/// Checks that a body is no `E`.
pub(crate) fn refuses<E: Element + Debug>(body: &str) {
    let body = hex(body);
    assert!(E::parse(&body).is_err(), "{:?}", E::parse(&body));
}
