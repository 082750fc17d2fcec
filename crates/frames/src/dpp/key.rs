//! A bootstrapping key: the SubjectPublicKeyInfo of X.509, in DER (Easy Connect 3.0 5.2.1, RFC 5480).

use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;

/// A curve that a key may be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

/// 1.2.840.10045.2.1, a key on an elliptic curve.
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The octets of a coordinate.
    #[must_use]
    pub const fn octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The object identifier.
    const fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }
}

/// A key: its curve, and its point as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// The curve.
    pub curve: Curve,
    /// The point as SEC 1 writes it: 2 or 3 and x, or 4, x and y. Nobody has checked that it is on the curve.
    pub point: Vec<u8>,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BIT_STRING: u8 = 0x03;

impl PublicKey {
    /// Reads a key.
    ///
    /// # Errors
    /// If it is no key on a curve that we know, is cut short or too long, or has a point of another length.
    pub fn from_der(der: &[u8]) -> Result<Self, ParseError> {
        let mut outside = Reader::new("bootstrapping key", der);
        let mut key = Reader::new("bootstrapping key", element(&mut outside, SEQUENCE)?);
        outside.finish()?;
        let mut algorithm = Reader::new("bootstrapping key's algorithm", element(&mut key, SEQUENCE)?);
        if element(&mut algorithm, OBJECT_IDENTIFIER)? != EC_PUBLIC_KEY {
            return Err(algorithm.invalid("no key on an elliptic curve"));
        }
        let oid = element(&mut algorithm, OBJECT_IDENTIFIER)?;
        let curve = Curve::ALL.into_iter().find(|curve| curve.oid() == oid);
        let curve = curve.ok_or_else(|| algorithm.invalid("a curve that is not supported"))?;
        algorithm.finish()?;
        let mut point = Reader::new("bootstrapping key's point", element(&mut key, BIT_STRING)?);
        key.finish()?;
        if point.u8()? != 0 {
            return Err(point.invalid("bits are left over"));
        }
        let at = point.clone();
        let point = point.rest();
        let octets = curve.octets();
        let fits = match point.split_first() {
            Some((2 | 3, x)) => x.len() == octets,
            Some((4, both)) => both.len() == octets.saturating_mul(2),
            _ => false,
        };
        if !fits {
            return Err(at.invalid("no point of the curve"));
        }
        Ok(Self { curve, point: point.to_vec() })
    }

    /// The key in DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let algorithm = [wrap(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), wrap(OBJECT_IDENTIFIER, self.curve.oid())];
        let point = [&[0][..], &self.point].concat();
        wrap(SEQUENCE, &[wrap(SEQUENCE, &algorithm.concat()), wrap(BIT_STRING, &point)].concat())
    }
}

/// The content of the next element, which must have this tag.
fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<&'a [u8], ParseError> {
    if reader.u8()? != tag {
        return Err(reader.invalid("another ASN.1 tag"));
    }
    // DER has one way to write a length; no key is longer than an octet can say.
    let length = match reader.u8()? {
        short @ 0..=0x7f => short,
        0x81 => match reader.u8()? {
            long @ 0x80.. => long,
            _ => return Err(reader.invalid("a length that is not DER")),
        },
        _ => return Err(reader.invalid("a length that no key has")),
    };
    reader.take(usize::from(length))
}

/// An element of at most 255 octets, which no key exceeds.
fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let mut out = alloc::vec![tag];
    if length >= 0x80 {
        out.push(0x81);
    }
    out.push(length);
    out.extend(content);
    out
}
