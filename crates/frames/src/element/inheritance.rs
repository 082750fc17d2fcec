//! Inheritance: what a complete profile in a Multi-Link element leaves out is as in the frame around it
//! (802.11be 35.3.3.3), and the Non-Inheritance element (255/56) that makes exceptions.

use super::{Element, ElementId, Elements, RawElement, layout::Field};
use crate::reader::{ParseError, Reader};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

/// The Non-Inheritance element: what the profile has not got although the frame has (802.11-2020 9.4.2.240).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NonInheritance {
    /// Element IDs.
    pub ids: Vec<u8>,
    /// Element ID extensions.
    pub extensions: Vec<u8>,
    /// Octets after the lists.
    pub tail: Vec<u8>,
}

shown_as_debug! { NonInheritance }
element!(NonInheritance, "Non-Inheritance element", ElementId::Extended(56));

impl Field for NonInheritance {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let mut list = || {
            let length = reader.u8()?;
            reader.take(usize::from(length)).map(<[u8]>::to_vec)
        };
        Ok(Self { ids: list()?, extensions: list()?, tail: reader.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        for list in [&self.ids, &self.extensions] {
            out.push(u8::try_from(list.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(list);
        }
        out.extend_from_slice(&self.tail);
    }
}

impl NonInheritance {
    /// Whether elements with this ID are not inherited.
    #[must_use]
    pub fn excludes(&self, id: ElementId) -> bool {
        match id {
            ElementId::Plain(id) => self.ids.contains(&id),
            ElementId::Extended(id) => self.extensions.contains(&id),
        }
    }
}

/// Elements that say something about the transmitting BSS or link alone.
const NEVER_INHERITED: [ElementId; 5] = [
    ElementId::Plain(5),      // TIM
    ElementId::Plain(71),     // Multiple BSSID
    ElementId::Plain(201),    // Reduced Neighbor Report
    ElementId::Extended(56),  // Non-Inheritance
    ElementId::Extended(107), // Multi-Link
];

/// The elements that are in force for a link: those of its complete profile, and those of the frame around
/// the Multi-Link element that the profile neither replaces nor excludes. The frame's order is kept.
///
/// An element replaces all of the same ID; a vendor's one all of the same vendor and type.
///
/// # Errors
/// If the Non-Inheritance element is malformed: without it nobody can say what is in force.
pub fn inherit(frame: Elements<'_>, profile: Elements<'_>) -> Result<Vec<u8>, ParseError> {
    let exceptions = profile.find::<NonInheritance>()?.unwrap_or_default();
    // By what makes two the same, so that the time does not grow with the square of their number.
    let mut own: BTreeMap<Key, Vec<&[u8]>> = BTreeMap::new();
    let mut order = Vec::new();
    for element in profile.iter().filter(|element| element.id != NonInheritance::ID) {
        let same = own.entry(key_of(&element)).or_default();
        if same.is_empty() {
            order.push(key_of(&element));
        }
        same.push(element.octets);
    }
    let replaced: BTreeSet<Key> = own.keys().copied().collect();
    let mut out = Vec::new();
    for element in frame {
        let key = key_of(&element);
        if replaced.contains(&key) {
            out.extend(own.remove(&key).unwrap_or_default().concat());
        } else if !NEVER_INHERITED.contains(&element.id) && !exceptions.excludes(element.id) {
            out.extend_from_slice(element.octets);
        }
    }
    for key in order {
        out.extend(own.remove(&key).unwrap_or_default().concat());
    }
    Ok(out)
}

/// What makes two elements the same: the ID, and of a vendor's the OUI and type.
type Key = (ElementId, [u8; 4]);

fn key_of(element: &RawElement<'_>) -> Key {
    let vendor = match element.id {
        ElementId::VENDOR => element.body.first_chunk().copied().unwrap_or_default(),
        _ => [0; 4],
    };
    (element.id, vendor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn known_bytes_both_ways() {
        let octets = [255, 7, 56, 2, 48, 127, 2, 107, 92];
        let element = NonInheritance { ids: vec![48, 127], extensions: vec![107, 92], tail: vec![] };
        assert_eq!(Elements::new(&octets).find::<NonInheritance>(), Ok(Some(element.clone())));
        let mut written = vec![];
        Element::write(&element, &mut written);
        assert_eq!(written, octets);
        for length in 0..6 {
            assert!(NonInheritance::parse(&octets[3..3 + length]).is_err(), "{length}");
        }
    }

    #[test]
    fn profile_replaces_excludes_and_adds() {
        let frame = [
            &[0, 1, b'a'][..],        // inherited
            &[5, 1, 0],               // TIM, never
            &[48, 1, 1],              // replaced
            &[221, 5, 0, 1, 2, 3, 9], // replaced: same vendor and type
            &[221, 5, 0, 1, 2, 4, 9], // inherited: another type
            &[255, 2, 107, 0],        // Multi-Link, never
            &[127, 1, 7],             // excluded
            &[255, 2, 108, 7],        // excluded
            &[48, 1, 2],              // replaced, and not doubled
        ]
        .concat();
        let profile =
            [&[48, 1, 3][..], &[61, 1, 6], &[221, 5, 0, 1, 2, 3, 8], &[255, 5, 56, 1, 127, 1, 108]].concat();
        let expected =
            [&[0, 1, b'a'][..], &[48, 1, 3], &[221, 5, 0, 1, 2, 3, 8], &[221, 5, 0, 1, 2, 4, 9], &[61, 1, 6]]
                .concat();
        assert_eq!(inherit(Elements::new(&frame), Elements::new(&profile)).unwrap(), expected);
    }

    #[test]
    fn a_malformed_exception_list_is_an_error() {
        let error = inherit(Elements::new(&[0, 0]), Elements::new(&[255, 2, 56, 9])).unwrap_err();
        assert_eq!((error.what, error.at), ("Non-Inheritance element", 1));
    }
}
