//! Subelements and their fragments (802.11be 35.3.3.4).

use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

/// The ID of a Per-STA Profile.
pub(super) const PER_STA_PROFILE: u8 = 0;
/// The ID of the Fragment subelement, which carries on one that is too long.
const FRAGMENT: u8 = 254;
const MAX: usize = 255;

/// Reads a subelement and joins its fragments.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<(u8, Vec<u8>), ParseError> {
    let id = reader.u8()?;
    let length = reader.u8()?;
    let mut octets = reader.take(usize::from(length))?.to_vec();
    let mut full = octets.len() == MAX && id != FRAGMENT;
    // An empty fragment carries nothing on: it stays a subelement of its own, so that nothing is lost.
    while full && let Some([FRAGMENT, 1..=u8::MAX]) = reader.peek().first_chunk::<2>() {
        reader.u8()?;
        let length = reader.u8()?;
        octets.extend_from_slice(reader.take(usize::from(length))?);
        full = usize::from(length) == MAX;
    }
    Ok((id, octets))
}

/// Appends a subelement, in fragments if it is longer than 255 octets.
pub(super) fn write(id: u8, octets: &[u8], out: &mut Vec<u8>) {
    let (first, rest) = octets.split_at_checked(MAX).unwrap_or((octets, &[]));
    for (id, piece) in core::iter::once((id, first)).chain(rest.chunks(MAX).map(|piece| (FRAGMENT, piece))) {
        out.push(id);
        out.push(u8::try_from(piece.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(piece);
    }
}
