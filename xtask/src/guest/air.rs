//! Reads the capture of the air: who sent what to begin a connection, and on which channels went data?

use crate::failure::{Doing, Result};
use std::fs;
use std::path::Path;

/// The frames of a capture that count, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Air {
    authentications: Vec<Authentication>,
    data: Vec<Data>,
}

/// A frame with data.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Data {
    from: String,
    /// The channel, in MHz.
    frequency: u16,
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

    /// How many frames with data a station sent on a channel.
    pub(crate) fn data(&self, from: &str, frequency: u32) -> usize {
        let fits = |data: &&Data| data.from == from && u32::from(data.frequency) == frequency;
        self.data.iter().filter(fits).count()
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
            air.data.extend(data(packet));
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
    let sequence = u16::from_le_bytes(*frame.get(26..)?.first_chunk()?);
    Some(Authentication { from: transmitter(frame)?, sequence })
}

/// The place of the frequency in the header that the radios' capture has: behind its own eight bytes, the time, the
/// flags and the rate.
const FREQUENCY: usize = 18;
/// What says that these are there: bits 0 to 3 of the third number.
const TIME_FLAGS_RATE_CHANNEL: u8 = 0b1111;

/// A frame with data: of type 2, not of the subtypes without, not a repetition.
fn data(packet: &[u8]) -> Option<Data> {
    let header = u16::from_le_bytes(*packet.get(2..)?.first_chunk()?);
    let frame = packet.get(usize::from(header)..)?;
    let [kind, flags] = *frame.first_chunk()?;
    let wanted = kind & 0x0c == 0x08 && kind & 0x40 == 0 && flags & 0x08 == 0;
    if !wanted || packet.get(4)? & TIME_FLAGS_RATE_CHANNEL != TIME_FLAGS_RATE_CHANNEL {
        return None;
    }
    let frequency = u16::from_le_bytes(*packet.get(FREQUENCY..)?.first_chunk()?);
    Some(Data { from: transmitter(frame)?, frequency })
}

/// The address of who sent a frame.
fn transmitter(frame: &[u8]) -> Option<String> {
    let bytes: Vec<_> = frame.get(10..16)?.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(bytes.join(":"))
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

    #[test]
    fn data_is_counted_by_sender_and_channel() {
        let packet = |kind: u8, flags: u8, frequency: u16| {
            let mut packet = vec![0, 0, 22, 0, 0x0f, 0, 0, 0];
            packet.resize(18, 0);
            packet.extend(frequency.to_le_bytes());
            packet.extend([0, 0, kind, flags, 0, 0]);
            packet.extend([2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
            packet
        };
        let from = "02:00:00:00:00:00".to_owned();
        assert_eq!(data(&packet(0x88, 0x41, 5180)), Some(Data { from, frequency: 5180 }));
        // Nothing in it, a repetition, a beacon.
        for other in [packet(0xc8, 1, 5180), packet(0x88, 9, 5180), packet(0x80, 0, 5180)] {
            assert_eq!(data(&other), None);
        }
    }
}
