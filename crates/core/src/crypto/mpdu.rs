//! CCMP and GCMP: the encryption of frames (802.11-2020 12.5.2 and 12.5.5).
//!
//! In the product the kernel and the radio do this. It is here to read captures and for a virtual air.

use aes::{Aes128, Aes256};
use aes_gcm::{
    AesGcm,
    aead::{AeadInOut, KeyInit, Nonce, Tag, consts},
};
use alloc::vec::Vec;
use ccm::Ccm;
use core::fmt;
use lapwing_frames::{MacAddr, suite::Cipher};

type Ccmp128 = Ccm<Aes128, consts::U8, consts::U13>;
type Ccmp256 = Ccm<Aes256, consts::U16, consts::U13>;
type Gcmp128 = AesGcm<Aes128, consts::U12>;
type Gcmp256 = AesGcm<Aes256, consts::U12>;

/// Why a frame could not be encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MpduError {
    /// It ends too early.
    Short,
    /// It is not protected.
    Unprotected,
    /// The cipher does not do this.
    Cipher,
    /// The key is not of the cipher's length.
    KeyLength,
    /// Its integrity check failed.
    Integrity,
}

impl fmt::Display for MpduError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the frame ends too early",
            Self::Unprotected => "the frame is not protected",
            Self::Cipher => "the cipher does not protect such frames",
            Self::KeyLength => "the key has another length than the cipher's",
            Self::Integrity => "the integrity check failed",
        })
    }
}

impl core::error::Error for MpduError {}

/// Addresses 1 to 3 of a frame, where they differ from those in the header: between multi-link devices
/// individually addressed frames are protected under the addresses of the devices, not of the link
/// (802.11be 12.5.2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Address 1, the receiver.
    pub receiver: MacAddr,
    /// Address 2, the transmitter.
    pub transmitter: MacAddr,
    /// Address 3.
    pub third: MacAddr,
}

/// The parts of a frame's header that protection depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    control: u16,
    addresses: Addresses,
    sequence: u16,
    fourth: Option<MacAddr>,
    qos: Option<u16>,
    length: usize,
}

const PROTECTED: u16 = 1 << 14;
const ORDER: u16 = 1 << 15;
/// Retry, Power Management and More Data: what a retransmission may change.
const MUTABLE: u16 = 1 << 11 | 1 << 12 | 1 << 13;

impl Header {
    pub(super) fn parse(frame: &[u8]) -> Result<Self, MpduError> {
        let mut reader = lapwing_frames::Reader::new("MAC header", frame);
        let mut read = || -> Result<Self, lapwing_frames::ParseError> {
            let control = reader.u16_le()?;
            let _duration = reader.u16_le()?;
            let receiver = MacAddr::read(&mut reader)?;
            let transmitter = MacAddr::read(&mut reader)?;
            let third = MacAddr::read(&mut reader)?;
            let sequence = reader.u16_le()?;
            let data = control >> 2 & 3 == 2;
            let fourth = if control >> 8 & 3 == 3 { Some(MacAddr::read(&mut reader)?) } else { None };
            let qos = if data && control & 0x80 != 0 { Some(reader.u16_le()?) } else { None };
            if control & ORDER != 0 && (qos.is_some() || !data) {
                reader.take(4)?;
            }
            let addresses = Addresses { receiver, transmitter, third };
            Ok(Self { control, addresses, sequence, fourth, qos, length: reader.position() })
        };
        read().map_err(|_| MpduError::Short)
    }

    pub(super) const fn length(&self) -> usize {
        self.length
    }

    pub(super) const fn transmitter(&self) -> MacAddr {
        self.addresses.transmitter
    }

    const fn is_management(&self) -> bool {
        self.control >> 2 & 3 == 0
    }

    pub(super) const fn is_beacon(&self) -> bool {
        self.is_management() && self.control >> 4 & 0xf == 8
    }

    fn addresses_into(&self, addresses: &Addresses, out: &mut Vec<u8>) {
        for address in [addresses.receiver, addresses.transmitter, addresses.third] {
            out.extend(address.0);
        }
    }

    /// The additional authenticated data of BIP (12.5.4.3).
    pub(super) fn bip_additional_data(&self) -> Vec<u8> {
        let mut out = (self.control & !MUTABLE).to_le_bytes().to_vec();
        self.addresses_into(&self.addresses, &mut out);
        out
    }

    /// The additional authenticated data of CCMP and GCMP (12.5.2.3.3).
    fn additional_data(&self, addresses: &Addresses) -> Vec<u8> {
        let mut control = self.control & !MUTABLE | PROTECTED;
        if !self.is_management() {
            control &= !0x70;
            if self.qos.is_some() {
                control &= !ORDER;
            }
        }
        let mut out = control.to_le_bytes().to_vec();
        self.addresses_into(addresses, &mut out);
        out.extend((self.sequence & 0x0f).to_le_bytes());
        if let Some(fourth) = self.fourth {
            out.extend(fourth.0);
        }
        if let Some(qos) = self.qos {
            out.extend((qos & 0x0f).to_le_bytes());
        }
        out
    }

    /// The nonce: flags (CCMP only), transmitter, packet number from its highest octet.
    fn nonce(&self, cipher: Cipher, addresses: &Addresses, packet_number: u64) -> Vec<u8> {
        let mut nonce = Vec::with_capacity(13);
        if matches!(cipher, Cipher::Ccmp128 | Cipher::Ccmp256) {
            let priority = self.qos.map_or(0, |qos| (qos & 0x0f) as u8);
            nonce.push(priority | u8::from(self.is_management()) << 4);
        }
        nonce.extend(addresses.transmitter.0);
        nonce.extend(packet_number.to_be_bytes().iter().skip(2));
        nonce
    }
}

fn seal<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    body: &mut Vec<u8>,
) -> Result<(), MpduError> {
    let cipher = C::new_from_slice(key).map_err(|_| MpduError::KeyLength)?;
    let nonce = <&Nonce<C>>::try_from(nonce).map_err(|_| MpduError::Cipher)?;
    let tag = cipher
        .encrypt_inout_detached(nonce, data, body.as_mut_slice().into())
        .map_err(|_| MpduError::Integrity)?;
    body.extend(tag.iter());
    Ok(())
}

fn open<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    body: &mut Vec<u8>,
) -> Result<(), MpduError> {
    let cipher = C::new_from_slice(key).map_err(|_| MpduError::KeyLength)?;
    let nonce = <&Nonce<C>>::try_from(nonce).map_err(|_| MpduError::Cipher)?;
    let start = body.len().checked_sub(Tag::<C>::default().len()).ok_or(MpduError::Short)?;
    let tag = body.split_off(start);
    let tag = <&Tag<C>>::try_from(tag.as_slice()).map_err(|_| MpduError::Short)?;
    cipher
        .decrypt_inout_detached(nonce, data, body.as_mut_slice().into(), tag)
        .map_err(|_| MpduError::Integrity)
}

/// Calls `seal` or `open` with the type of the cipher.
macro_rules! with_cipher {
    ($cipher:expr, $function:ident($($argument:expr),*)) => {
        match $cipher {
            Cipher::Ccmp128 => $function::<Ccmp128>($($argument),*),
            Cipher::Ccmp256 => $function::<Ccmp256>($($argument),*),
            Cipher::Gcmp128 => $function::<Gcmp128>($($argument),*),
            Cipher::Gcmp256 => $function::<Gcmp256>($($argument),*),
            _ => Err(MpduError::Cipher),
        }
    };
}

/// Encrypts a whole frame (MAC header and body, without FCS); the Protected bit is set in the result.
///
/// # Errors
/// If the header is not whole, the cipher is none of CCMP and GCMP, or the key is not of its length.
pub fn protect(
    cipher: Cipher,
    key: &[u8],
    key_id: u8,
    packet_number: u64,
    frame: &[u8],
    translated: Option<Addresses>,
) -> Result<Vec<u8>, MpduError> {
    let header = Header::parse(frame)?;
    let addresses = translated.unwrap_or(header.addresses);
    let (start, body) = frame.split_at_checked(header.length).ok_or(MpduError::Short)?;
    let mut out = start.to_vec();
    if let Some(high) = out.get_mut(1) {
        *high |= 0x40;
    }
    let [n0, n1, n2, n3, n4, n5, ..] = packet_number.to_le_bytes();
    out.extend([n0, n1, 0, (key_id & 3) << 6 | 0x20, n2, n3, n4, n5]);
    let mut body = body.to_vec();
    let nonce = header.nonce(cipher, &addresses, packet_number);
    with_cipher!(cipher, seal(key, &nonce, &header.additional_data(&addresses), &mut body))?;
    out.append(&mut body);
    Ok(out)
}

/// A decrypted frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// Header and body; the Protected bit is clear.
    pub frame: Vec<u8>,
    /// The key ID.
    pub key_id: u8,
    /// The packet number, to be compared with the last one.
    pub packet_number: u64,
}

/// Decrypts a whole frame (MAC header and body, without FCS).
///
/// # Errors
/// [`MpduError::Integrity`] if it was not encrypted with this key; others if it cannot have been.
pub fn unprotect(
    cipher: Cipher,
    key: &[u8],
    frame: &[u8],
    translated: Option<Addresses>,
) -> Result<Opened, MpduError> {
    let header = Header::parse(frame)?;
    if header.control & PROTECTED == 0 {
        return Err(MpduError::Unprotected);
    }
    let addresses = translated.unwrap_or(header.addresses);
    let (start, body) = frame.split_at_checked(header.length).ok_or(MpduError::Short)?;
    let (&[n0, n1, _, info, n2, n3, n4, n5], body) = body.split_first_chunk::<8>().ok_or(MpduError::Short)?;
    let packet_number = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, 0, 0]);
    let mut body = body.to_vec();
    let nonce = header.nonce(cipher, &addresses, packet_number);
    with_cipher!(cipher, open(key, &nonce, &header.additional_data(&addresses), &mut body))?;
    let mut frame = start.to_vec();
    if let Some(high) = frame.get_mut(1) {
        *high &= !0x40;
    }
    frame.append(&mut body);
    Ok(Opened { frame, key_id: info >> 6, packet_number })
}

/// GMAC: the tag of GCM over authenticated data alone.
pub(super) fn gmac(key: &[u8], nonce: &[u8; 12], data: &[u8]) -> Result<Vec<u8>, MpduError> {
    let mut tag = Vec::new();
    match key.len() {
        16 => seal::<Gcmp128>(key, nonce, data, &mut tag)?,
        32 => seal::<Gcmp256>(key, nonce, data, &mut tag)?,
        _ => return Err(MpduError::KeyLength),
    }
    Ok(tag)
}
