//! EAPOL-Key frames and their key data.

use crate::Target;
use lapwing_frames::{
    eapol::{KeyFrame, Packet},
    kde::KeyData,
};

/// A key frame that is accepted is written back octet for octet, padding excepted.
fn frame(octets: &[u8]) {
    for length in [0, 16, 24, 32] {
        if let Ok(frame) = KeyFrame::parse(octets, length) {
            let packet = Packet::parse(octets).expect("a key frame is an EAPOL frame");
            assert_eq!(frame.to_octets(), packet.octets);
            assert_eq!(frame.to_octets_without_mic().len(), packet.octets.len());
        }
    }
}

/// The pieces of key data and their padding are the key data; each piece written again means the same.
fn key_data(octets: &[u8]) {
    let mut data = KeyData::new(octets);
    let mut joined = Vec::new();
    for datum in data.by_ref() {
        let Ok(datum) = datum else { return };
        joined.extend_from_slice(datum.octets);
        let mut written = Vec::new();
        datum.kde.write(&mut written);
        let again = KeyData::new(&written).next().map(|datum| datum.map(|datum| datum.kde));
        assert_eq!(again, Some(Ok(datum.kde)));
    }
    joined.extend_from_slice(data.rest());
    assert_eq!(joined, octets);
}

/// The targets of this module.
pub const TARGETS: &[Target] = &[("eapol_frame", frame), ("eapol_key_data", key_data)];
