//! The keys of the registration protocol and what they protect (WSC 2.0.5 7.3 to 7.5).

use super::pin::Password;
use crate::{
    Secret,
    crypto::{cbc, kdf::Hash, modp::KeyPair},
};
use alloc::vec::Vec;
use lapwing_frames::{
    MacAddr,
    wsc::{Attributes, Type, Value},
};
use subtle::ConstantTimeEq;

/// The octets of the authenticator's attribute, which ends every message after M1.
const AUTHENTICATOR: usize = 12;

/// The keys that both sides derive from both public values and nonces.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Keys {
    authentication: Secret,
    wrapping: [u8; 16],
}

impl Drop for Keys {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.wrapping);
    }
}

/// What a half of a password is committed to with.
pub type SecretNonce = [u8; 16];

impl Keys {
    /// Derives them; nothing if the other's public value is none.
    #[must_use]
    pub fn derive(
        ours: &KeyPair,
        theirs: &[u8; 192],
        enrollee: (&[u8; 16], MacAddr),
        registrar_nonce: &[u8; 16],
    ) -> Option<Self> {
        let shared = ours.shared(theirs)?;
        let dh_key = Hash::Sha256.digest(&[shared.expose()]);
        let (nonce, address) = enrollee;
        let kdk = Hash::Sha256.hmac(&dh_key, &[nonce, &address.0, registrar_nonce]);
        // 640 bits: 256 to authenticate, 128 to wrap, and 256 of a session key that nothing uses.
        let mut stream = Vec::with_capacity(96);
        for counter in 1u32..=3 {
            let label = b"Wi-Fi Easy and Secure Key Derivation";
            let parts = [&counter.to_be_bytes()[..], label, &640u32.to_be_bytes()];
            stream.extend_from_slice(&Hash::Sha256.hmac(&kdk, &parts));
        }
        let stream = Secret::from_vec(stream);
        let (authentication, rest) = stream.expose().split_at_checked(32)?;
        Some(Self { authentication: Secret::new(authentication), wrapping: *rest.first_chunk()? })
    }

    fn short(&self, parts: &[&[u8]]) -> [u8; 8] {
        let digest = Hash::Sha256.hmac(self.authentication.expose(), parts);
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// Whether a message, which ends with its authenticator, authenticates the one before and itself.
    #[must_use]
    pub fn verifies(&self, before: &[u8], message: &[u8], authenticator: &[u8; 8]) -> bool {
        let Some(at) = message.len().checked_sub(AUTHENTICATOR) else { return false };
        let (content, last) = message.split_at_checked(at).unwrap_or_default();
        let mut ours = Vec::new();
        self.short(&[before, content]).put(Type::Authenticator, &mut ours);
        // The attribute that was read may be another than the last.
        bool::from(ours.ct_eq(last)) && bool::from(last.get(4..).unwrap_or_default().ct_eq(authenticator))
    }

    /// The message with its authenticator, which was written with any octets.
    #[must_use]
    pub fn authenticate(&self, before: &[u8], mut message: Vec<u8>) -> Vec<u8> {
        message.truncate(message.len().saturating_sub(AUTHENTICATOR));
        self.short(&[before, &message]).put(Type::Authenticator, &mut message);
        message
    }

    /// The commitments to both halves of a password by these nonces.
    #[must_use]
    pub fn commit(
        &self,
        password: &Password,
        nonces: [&SecretNonce; 2],
        enrollee_public: &[u8; 192],
        registrar_public: &[u8; 192],
    ) -> [[u8; 32]; 2] {
        let octets = password.octets();
        let (first, second) = octets.split_at_checked(octets.len().div_ceil(2)).unwrap_or((octets, &[]));
        let commit = |half: &[u8], nonce: &SecretNonce| {
            let key = Hash::Sha256.hmac(self.authentication.expose(), &[half]);
            let psk = key.get(..16).unwrap_or_default();
            let parts = [&nonce[..], psk, enrollee_public, registrar_public];
            let digest = Hash::Sha256.hmac(self.authentication.expose(), &parts);
            digest.first_chunk().copied().unwrap_or_default()
        };
        [commit(first, nonces[0]), commit(second, nonces[1])]
    }

    /// Attributes as encrypted settings.
    #[must_use]
    pub fn wrap(&self, iv: [u8; 16], attributes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::with_capacity(attributes.len().saturating_add(AUTHENTICATOR));
        plain.extend_from_slice(attributes);
        self.short(&[attributes]).put(Type::KeyWrapAuthenticator, &mut plain);
        let plain = Secret::from_vec(plain);
        cbc::encrypt(&self.wrapping, iv, plain.expose())
    }

    /// The attributes of encrypted settings; nothing if they were not made with our keys.
    #[must_use]
    pub fn unwrap(&self, settings: &[u8]) -> Option<Secret> {
        let plain = cbc::decrypt(&self.wrapping, settings)?;
        let at = plain.len().checked_sub(AUTHENTICATOR)?;
        let (attributes, last) = plain.expose().split_at_checked(at)?;
        let mut ours = Vec::new();
        self.short(&[attributes]).put(Type::KeyWrapAuthenticator, &mut ours);
        if !bool::from(ours.ct_eq(last)) {
            return None;
        }
        Attributes::parse(attributes).ok()?;
        Some(Secret::new(attributes))
    }
}
