//! Reads the capture of the air: who sent what to begin a connection?

use crate::failure::{Doing, Result};
use std::fs;
use std::path::Path;

/// The frames of a capture that somebody sent to authenticate, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Air {
    authentications: Vec<Authentication>,
}

/// The beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Authentication {
    from: String,
    sequence: u16,
}

impl Air {
    /// Reads a capture file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self::parse(&fs::read(path).doing(|| format!("read {}", path.display()))?))
    }

    /// How often a station began to authenticate: first frames that are no repetition.
    pub(crate) fn attempts(&self, from: &str) -> usize {
        self.authentications.iter().filter(|frame| frame.from == from && frame.sequence == 1).count()
    }

    /// Takes as much from the bytes as makes sense: the last packet may still be on its way to the disk.
    fn parse(bytes: &[u8]) -> Self {
        let mut air = Self::default();
        // The file's header is 24 bytes, a packet's 16, with its length in the third number.
        let mut rest = bytes.get(24..).unwrap_or_default();
        while let Some(length) = rest.get(8..12).and_then(|length| length.first_chunk()) {
            let length = u32::from_le_bytes(*length) as usize;
            let Some(packet) = rest.get(16..).and_then(|packet| packet.get(..length)) else { break };
            air.authentications.extend(authentication(packet));
            rest = rest.get(16 + length..).unwrap_or_default();
        }
        air
    }
}

/// An authentication frame behind the radio's own header.
fn authentication(packet: &[u8]) -> Option<Authentication> {
    let header = u16::from_le_bytes(*packet.get(2..)?.first_chunk()?);
    let frame = packet.get(usize::from(header)..)?;
    let [kind, flags] = *frame.first_chunk()?;
    // Management, subtype 11; not a repetition.
    if kind != 0xb0 || flags & 0x08 != 0 {
        return None;
    }
    let from: Vec<_> = frame.get(10..16)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let sequence = u16::from_le_bytes(*frame.get(26..)?.first_chunk()?);
    Some(Authentication { from: from.join(":"), sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_frames_are_counted() {
        let packet = |kind: u8, flags: u8, sequence: u8| {
            let mut frame = vec![0, 0, 8, 0, 0, 0, 0, 0, kind, flags, 0, 0];
            frame.extend([2, 0, 0, 0, 2, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]);
            frame.extend([3, 0, sequence, 0, 0, 0]);
            let length = u8::try_from(frame.len()).unwrap();
            let mut packet = vec![0; 8];
            packet.extend([length, 0, 0, 0, length, 0, 0, 0]);
            packet.extend(frame);
            packet
        };
        let mut bytes = vec![0; 24];
        for (kind, flags, sequence) in [(0xb0, 0, 1), (0xb0, 8, 1), (0xb0, 0, 2), (0x80, 0, 1), (0xb0, 0, 1)]
        {
            bytes.extend(packet(kind, flags, sequence));
        }
        bytes.extend([1; 10]);
        assert_eq!(Air::parse(&bytes).attempts("02:00:00:00:00:00"), 2);
        assert_eq!(Air::parse(&bytes).attempts("02:00:00:00:02:00"), 0);
    }
}
