//! Data frames: the MAC header, the header of the cipher, and LLC (802.11-2020 9.3.2).

use crate::{
    address::MacAddr,
    element::layout::Field,
    management::{FrameFlags, SequenceControl},
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// The header of CCMP and GCMP, which stands between the MAC header and the encrypted octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CipherHeader(pub [u8; 8]);

impl CipherHeader {
    /// Splits the header off the body of a protected data or management frame.
    ///
    /// # Errors
    /// If there are fewer than eight octets.
    pub fn split(body: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut reader = Reader::new("CCMP or GCMP header", body);
        Ok((Self(reader.array()?), reader.rest()))
    }

    /// The packet number, 48 bits.
    #[must_use]
    pub const fn packet_number(self) -> u64 {
        let [pn0, pn1, _, _, pn2, pn3, pn4, pn5] = self.0;
        u64::from_le_bytes([pn0, pn1, pn2, pn3, pn4, pn5, 0, 0])
    }

    /// The ID of the key, 0 to 3.
    #[must_use]
    pub const fn key_id(self) -> u8 {
        let [_, _, _, key, ..] = self.0;
        key >> 6
    }

    /// Whether the bit is set that tells this header from that of WEP.
    #[must_use]
    pub const fn extended_iv(self) -> bool {
        let [_, _, _, key, ..] = self.0;
        key & 0x20 != 0
    }
}

/// A data frame without its FCS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Data {
    /// The subtype, 0 to 15. Bit 2 says that there is no body, bit 3 that there is a QoS Control field.
    pub subtype: u8,
    /// The second octet of Frame Control.
    pub flags: FrameFlags,
    /// Duration in µs.
    pub duration: u16,
    /// Addresses 1 to 3; what they mean depends on the flags, see [`Self::destination`] and
    /// [`Self::source`].
    pub addresses: [MacAddr; 3],
    /// Sequence and fragment number.
    pub sequence: SequenceControl,
    /// Address 4: there if the flags have both TO_DS and FROM_DS.
    pub address_4: Option<MacAddr>,
    /// The QoS Control field: there if bit 3 of the subtype is set.
    pub qos: Option<u16>,
    /// The HT Control field: there in a QoS frame whose flags have HT_CONTROL.
    pub ht_control: Option<[u8; 4]>,
    /// The body: with the cipher's header and MIC if the flags have PROTECTED.
    pub body: Vec<u8>,
}

impl Data {
    const QOS: u8 = 0x8;
    const DS: FrameFlags = FrameFlags(FrameFlags::TO_DS.0 | FrameFlags::FROM_DS.0);

    /// Parses a frame.
    ///
    /// # Errors
    /// If it is no data frame, or its header is cut short.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("data frame", octets);
        // Protocol version 0 in bits 0 and 1, type 2 (data) in bits 2 and 3, subtype above.
        let first = reader.peek().first().copied().unwrap_or_default();
        if first & 0xf != 0x8 {
            return Err(reader.invalid("type or protocol version is not that of a data frame"));
        }
        reader.u8()?;
        let subtype = first >> 4;
        let flags = FrameFlags(reader.u8()?);
        let with_qos = subtype & Self::QOS != 0;
        let with_ht_control = with_qos && flags.contains(FrameFlags::HT_CONTROL);
        Ok(Self {
            subtype,
            flags,
            duration: reader.u16_le()?,
            addresses: [
                MacAddr::read(&mut reader)?,
                MacAddr::read(&mut reader)?,
                MacAddr::read(&mut reader)?,
            ],
            sequence: Field::read(&mut reader)?,
            address_4: flags.contains(Self::DS).then(|| MacAddr::read(&mut reader)).transpose()?,
            qos: with_qos.then(|| reader.u16_le()).transpose()?,
            ht_control: with_ht_control.then(|| reader.array()).transpose()?,
            body: reader.rest().to_vec(),
        })
    }

    /// Appends the frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.subtype << 4 | 0x8, self.flags.0]);
        self.duration.write(out);
        self.addresses.iter().for_each(|address| address.write(out));
        self.sequence.write(out);
        self.address_4.write(out);
        self.qos.write(out);
        self.ht_control.write(out);
        self.body.write(out);
    }

    /// Whether the body is encrypted.
    #[must_use]
    pub const fn is_protected(&self) -> bool {
        self.flags.contains(FrameFlags::PROTECTED)
    }

    /// The traffic identifier of a QoS frame.
    #[must_use]
    pub fn tid(&self) -> Option<u8> {
        self.qos.map(|qos| qos.to_le_bytes()).map(|[low, _]| low & 0xf)
    }

    /// Who shall have the frame in the end.
    #[must_use]
    pub const fn destination(&self) -> MacAddr {
        let [first, _, third] = self.addresses;
        if self.flags.contains(FrameFlags::TO_DS) { third } else { first }
    }

    /// Who sent the frame at first.
    #[must_use]
    pub const fn source(&self) -> MacAddr {
        let [_, second, third] = self.addresses;
        match self.address_4 {
            Some(fourth) => fourth,
            None if self.flags.contains(FrameFlags::FROM_DS) => third,
            None => second,
        }
    }

    /// The EtherType and what follows it, if the body is in the clear and starts with LLC and SNAP.
    #[must_use]
    pub fn ethernet(&self) -> Option<(u16, &[u8])> {
        if self.is_protected() { None } else { ethernet(&self.body) }
    }
}

/// The EtherType and what follows it, if these octets start with LLC and SNAP (RFC 1042).
#[must_use]
pub fn ethernet(body: &[u8]) -> Option<(u16, &[u8])> {
    const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];
    let (kind, payload) = body.strip_prefix(&SNAP)?.split_first_chunk()?;
    Some((u16::from_be_bytes(*kind), payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn address(last: u8) -> MacAddr {
        MacAddr([2, 0, 0, 0, 0, last])
    }

    fn both_ways(octets: &[u8], header: usize, frame: &Data) {
        assert_eq!(&Data::parse(octets).unwrap(), frame);
        for length in 0..=octets.len() {
            match Data::parse(&octets[..length]) {
                Ok(shorter) => {
                    let mut written = vec![];
                    shorter.write(&mut written);
                    assert_eq!(written, &octets[..length]);
                    assert!(length >= header);
                }
                Err(_) => assert!(length < header),
            }
        }
    }

    fn octets(first: u8, flags: u8, more: &[u8]) -> Vec<u8> {
        let mut octets = vec![first, flags, 0x3a, 0x01];
        (1..=3).for_each(|last| octets.extend(address(last).0));
        octets.extend([0x20, 0x43]);
        octets.extend(more);
        octets
    }

    fn frame() -> Data {
        Data {
            subtype: 0,
            flags: FrameFlags::TO_DS,
            duration: 314,
            addresses: [address(1), address(2), address(3)],
            sequence: SequenceControl(0x4320),
            address_4: None,
            qos: None,
            ht_control: None,
            body: vec![],
        }
    }

    #[test]
    fn eapol_in_a_plain_frame() {
        let body = [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e, 2, 3];
        let frame = Data { body: body.to_vec(), ..frame() };
        both_ways(&octets(0x08, 0x01, &body), 24, &frame);
        assert_eq!(frame.ethernet(), Some((0x888e, &[2, 3][..])));
        assert_eq!((frame.destination(), frame.source(), frame.tid()), (address(3), address(2), None));
    }

    #[test]
    fn all_optional_fields_and_protection() {
        let more = [2, 0, 0, 0, 0, 4, 0x06, 0, 1, 2, 3, 4, 6, 5, 0, 0x60, 4, 3, 2, 1, 9];
        let frame = Data {
            subtype: 8,
            flags: FrameFlags::TO_DS | FrameFlags::FROM_DS | FrameFlags::PROTECTED | FrameFlags::HT_CONTROL,
            address_4: Some(address(4)),
            qos: Some(6),
            ht_control: Some([1, 2, 3, 4]),
            body: more[12..].to_vec(),
            ..frame()
        };
        both_ways(&octets(0x88, 0xc3, &more), 36, &frame);
        assert_eq!((frame.destination(), frame.source(), frame.tid()), (address(3), address(4), Some(6)));
        assert_eq!(frame.ethernet(), None);
        let (header, sealed) = CipherHeader::split(&frame.body).unwrap();
        assert_eq!(
            (header.packet_number(), header.key_id(), header.extended_iv()),
            (0x0102_0304_0506, 1, true)
        );
        assert_eq!(sealed, [9]);
        assert!(CipherHeader::split(&frame.body[..7]).is_err());
    }

    #[test]
    fn from_the_ap_the_source_is_the_third_address() {
        let frame = Data { flags: FrameFlags::FROM_DS, ..frame() };
        assert_eq!((frame.destination(), frame.source()), (address(1), address(3)));
    }

    #[test]
    fn other_types_are_refused() {
        for first in [0x80, 0xd4, 0x09] {
            assert_eq!(Data::parse(&octets(first, 0, &[])).unwrap_err().at, 0);
        }
    }
}
