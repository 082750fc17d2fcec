//! BIP: the integrity of group addressed management frames and of beacons (802.11-2020 12.5.4).

use super::mpdu::{Header, MpduError, gmac};
use aes::{Aes128, Aes256};
use alloc::vec::Vec;
use cmac::{Cmac, KeyInit, Mac};
use lapwing_frames::suite::Cipher;
use subtle::ConstantTimeEq;

/// The element ID of the Management MIC element.
const MME: u8 = 76;
/// Key ID and packet number in front of the MIC.
const MME_FIXED: usize = 8;

/// What a Management MIC element says, once its MIC was found right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key ID: 4 or 5 for an IGTK, 6 or 7 for a BIGTK.
    pub key_id: u16,
    /// The packet number, to be compared with the last one.
    pub packet_number: u64,
}

/// The MIC's length.
const fn mic_length(cipher: Cipher) -> Option<usize> {
    match cipher {
        Cipher::BipCmac128 => Some(8),
        Cipher::BipCmac256 | Cipher::BipGmac128 | Cipher::BipGmac256 => Some(16),
        _ => None,
    }
}

/// The MIC over a management frame whose MME ends it with a MIC of zeros.
fn mic(cipher: Cipher, key: &[u8], header: &Header, body: &[u8], number: u64) -> Result<Vec<u8>, MpduError> {
    let mut authenticated = header.bip_additional_data();
    // In a beacon the timestamp, which the radio fills in last, counts as zero.
    let timestamp = if header.is_beacon() { 8.min(body.len()) } else { 0 };
    authenticated.resize(authenticated.len().saturating_add(timestamp), 0);
    authenticated.extend(body.get(timestamp..).unwrap_or_default());
    let length = mic_length(cipher).ok_or(MpduError::Cipher)?;
    macro_rules! cmac {
        ($aes:ty) => {{
            let mut mac = <Cmac<$aes> as KeyInit>::new_from_slice(key).map_err(|_| MpduError::KeyLength)?;
            mac.update(&authenticated);
            mac.finalize().into_bytes().iter().copied().take(length).collect()
        }};
    }
    Ok(match cipher {
        Cipher::BipCmac128 => cmac!(Aes128),
        Cipher::BipCmac256 => cmac!(Aes256),
        _ => {
            let [_, _, n5, n4, n3, n2, n1, n0] = number.to_be_bytes();
            let mut nonce = [0; 12];
            let parts = header.transmitter().0.into_iter().chain([n5, n4, n3, n2, n1, n0]);
            nonce.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
            gmac(key, &nonce, &authenticated)?
        }
    })
}

/// Appends a Management MIC element to a whole management frame (without FCS).
///
/// # Errors
/// If the frame has no whole header, the cipher is no BIP cipher, or the key is not of its length.
pub fn protect(
    cipher: Cipher,
    key: &[u8],
    key_id: u16,
    packet_number: u64,
    frame: &[u8],
) -> Result<Vec<u8>, MpduError> {
    let header = Header::parse(frame)?;
    let length = mic_length(cipher).ok_or(MpduError::Cipher)?;
    let mut out = frame.to_vec();
    out.extend([MME, u8::try_from(MME_FIXED.saturating_add(length)).unwrap_or(u8::MAX)]);
    out.extend(key_id.to_le_bytes());
    out.extend(packet_number.to_le_bytes().iter().take(6));
    out.resize(out.len().saturating_add(length), 0);
    let mic = mic(cipher, key, &header, out.get(header.length()..).unwrap_or_default(), packet_number)?;
    let start = out.len().saturating_sub(length);
    out.truncate(start);
    out.extend(mic);
    Ok(out)
}

/// Verifies the Management MIC element at the end of a whole management frame (without FCS).
///
/// # Errors
/// [`MpduError::Integrity`] if the MIC is wrong; others if there is none to verify.
pub fn verify(cipher: Cipher, key: &[u8], frame: &[u8]) -> Result<Verified, MpduError> {
    let header = Header::parse(frame)?;
    let length = mic_length(cipher).ok_or(MpduError::Cipher)?;
    let element = MME_FIXED.saturating_add(length);
    let start = frame.len().checked_sub(element.saturating_add(2)).ok_or(MpduError::Short)?;
    let element_octets = frame.get(start..).filter(|_| start >= header.length()).ok_or(MpduError::Short)?;
    let (&[id, size], content) = element_octets.split_first_chunk::<2>().ok_or(MpduError::Short)?;
    if id != MME || usize::from(size) != element {
        return Err(MpduError::Unprotected);
    }
    let (&[k0, k1, n0, n1, n2, n3, n4, n5], received) =
        content.split_first_chunk::<MME_FIXED>().ok_or(MpduError::Short)?;
    let packet_number = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, 0, 0]);
    let mut body = frame.get(header.length()..).unwrap_or_default().to_vec();
    body.iter_mut().rev().take(length).for_each(|octet| *octet = 0);
    let computed = mic(cipher, key, &header, &body, packet_number)?;
    if !bool::from(computed.ct_eq(received)) {
        return Err(MpduError::Integrity);
    }
    Ok(Verified { key_id: u16::from_le_bytes([k0, k1]), packet_number })
}
