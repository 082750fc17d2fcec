//! The pre-shared keys of WPA2.

use lapwing_core::Secret;
use lapwing_core::crypto::kdf::passphrase_to_psk;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many are remembered: far more than there are passphrases in scenarios.
const MOST: usize = 256;

/// By passphrase and SSID.
type Known = BTreeMap<(Vec<u8>, Vec<u8>), Secret>;

static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());

/// The key of a passphrase and an SSID, by PBKDF2: calculated once in a process, since it takes as long as hundreds
/// of steps, and worlds are made by the thousand from the same few scenarios.
pub(crate) fn pre_shared_key(passphrase: &[u8], ssid: &[u8]) -> Secret {
    let which = (passphrase.to_vec(), ssid.to_vec());
    // What a thread left that panicked is still a map.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST && !known.contains_key(&which) {
        known.clear();
    }
    known.entry(which).or_insert_with(|| passphrase_to_psk(passphrase, ssid)).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_calculated() {
        for _ in 0..2 {
            for ssid in [&b"home"[..], b"away"] {
                let key = pre_shared_key(b"twelve drummers", ssid);
                assert_eq!(key.expose(), passphrase_to_psk(b"twelve drummers", ssid).expose());
            }
        }
    }
}
