//! Encrypted network files, as iwd writes them with `SystemdEncrypt`.
//!
//! Facts (iwd's `src/storage.c`): the group `[Security]` and all embedded groups are one text, encrypted with AES-SIV
//! (RFC 5297) under a key of 32 octets; the associated data are 32 random octets and the SSID. In the file stand
//! `EncryptedSalt` and `EncryptedSecurity` instead, the latter with the synthetic IV in front. The key is HKDF-SHA256 of
//! systemd's credential, without a salt, for the words "System Key".

use super::document::{Document, MAX_OCTETS, hex};
use super::error::Problem;
use super::file::Unfit;
use lapwing_core::Secret;
use lapwing_core::crypto::kdf::Hash;
use lapwing_core::crypto::siv;
use lapwing_frames::Ssid;
use std::fmt;

const GROUP: &str = "Security";
const SALT: &str = "EncryptedSalt";
const TEXT: &str = "EncryptedSecurity";

/// The octets of a salt.
pub const SALT_OCTETS: usize = 32;

/// The key of the machine's network files.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal(Secret);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

/// Whether the secrets of a document are encrypted.
#[must_use]
pub fn is_sealed(document: &Document) -> bool {
    document.value(GROUP, TEXT).is_some() || document.value(GROUP, SALT).is_some()
}

impl Seal {
    /// The key that a credential makes; none if it is empty.
    #[must_use]
    pub fn of_credential(credential: &[u8]) -> Option<Self> {
        if credential.is_empty() {
            return None;
        }
        let extracted = Hash::Sha256.hkdf_extract(&[], &[credential]);
        Some(Self(Hash::Sha256.hkdf_expand(&extracted, b"System Key", 32)))
    }

    /// The document with its secrets, in which nothing tells that they were encrypted.
    ///
    /// # Errors
    /// If what is encrypted was changed, or was encrypted with another key or for another network.
    pub fn open(&self, document: &Document, ssid: &Ssid) -> Result<Document, Unfit> {
        let octets =
            |key| document.value(GROUP, key).ok_or(Problem::HalfEncrypted)?.octets().map_err(Unfit::from);
        let (salt, text) = (octets(SALT)?, octets(TEXT)?);
        let text = siv::open(self.0.expose(), &[salt.expose(), ssid.octets()], text.expose());
        let text = text.ok_or(Problem::OtherKey)?;
        let (mut open, _) = document.split(GROUP);
        open.append(&Document::parse(text.expose())?);
        Ok(open)
    }

    /// The document with its secrets encrypted; as it is if it has none.
    ///
    /// # Errors
    /// If it would be too long to be read again.
    pub fn close(
        &self,
        document: &Document,
        ssid: &Ssid,
        salt: [u8; SALT_OCTETS],
    ) -> Result<Document, Unfit> {
        if !document.has_group(GROUP) || is_sealed(document) {
            return Ok(document.clone());
        }
        let (mut closed, secrets) = document.split(GROUP);
        let text = siv::seal(self.0.expose(), &[&salt, ssid.octets()], secrets.octets().expose());
        let text = text.ok_or(Problem::OtherKey)?;
        closed.set(GROUP, SALT, hex(&salt).expose());
        closed.set(GROUP, TEXT, hex(&text).expose());
        // A mark of the passphrase would let it be guessed.
        super::file::unmark(&mut closed);
        // Encrypted it is twice as long, and has to be read again.
        if closed.octets().len() > MAX_OCTETS { Err(Problem::TooLong.into()) } else { Ok(closed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[Settings]\nAutoConnect=false\n\n[Security]\n# ours\nPassphrase=secret123\n\
        [@pem@ca]\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n[IPv4]\nDNS=192.0.2.1\n";

    fn ssid(name: &[u8]) -> Ssid {
        Ssid::new(name).unwrap()
    }

    fn text(document: &Document) -> String {
        String::from_utf8(document.octets().expose().to_vec()).unwrap()
    }

    #[test]
    fn what_is_closed_is_opened_by_the_same_key_for_the_same_network_only() {
        let seal = Seal::of_credential(b"abc123").unwrap();
        let document = Document::parse(FILE.as_bytes()).unwrap();
        let closed = seal.close(&document, &ssid(b"home"), [7; 32]).unwrap();
        let shown = text(&closed);
        assert!(is_sealed(&closed) && !is_sealed(&document));
        assert!(!shown.contains("secret123") && !shown.contains("CERTIFICATE") && !shown.contains("ours"));
        assert!(
            shown.starts_with("# mine\n[Settings]\nAutoConnect=false\n") && shown.contains("DNS=192.0.2.1")
        );
        let again = Document::parse(shown.as_bytes()).unwrap();
        let open = seal.open(&again, &ssid(b"home")).unwrap();
        assert!(!is_sealed(&open));
        assert_eq!(open.value("Security", "Passphrase").unwrap().text().unwrap().expose(), b"secret123");
        assert_eq!(open.value("IPv4", "DNS").unwrap().plain().unwrap(), "192.0.2.1");
        assert!(text(&open).contains("[@pem@ca]\n-----BEGIN"));
        // Closed once, it stays as it is; what has no secrets too.
        assert_eq!(text(&seal.close(&again, &ssid(b"home"), [9; 32]).unwrap()), shown);
        let plain = Document::parse(b"[Settings]\nHidden=true\n").unwrap();
        assert_eq!(seal.close(&plain, &ssid(b"home"), [9; 32]).unwrap(), plain);

        let other = Seal::of_credential(b"abc124").unwrap();
        let problem =
            |seal: &Seal, document: &Document, name| seal.open(document, &ssid(name)).unwrap_err().problem;
        assert_eq!(problem(&other, &again, b"home"), Problem::OtherKey);
        assert_eq!(problem(&seal, &again, b"hone"), Problem::OtherKey);
        let mut changed = again.clone();
        changed.set("Security", SALT, &[b'0'; 64]);
        assert_eq!(problem(&seal, &changed, b"home"), Problem::OtherKey);
        changed.set("Security", TEXT, b"0102");
        assert_eq!(problem(&seal, &changed, b"home"), Problem::OtherKey);
        changed.remove("Security", TEXT);
        assert_eq!(problem(&seal, &changed, b"home"), Problem::HalfEncrypted);
        assert!(Seal::of_credential(b"").is_none());
    }
}
