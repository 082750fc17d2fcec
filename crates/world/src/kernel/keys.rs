//! The checks of key commands: first the key by itself, then whether the interface may have one, then the link.

use super::Kernel;
use super::driver::{Denial, Key, Operation};
use crate::air::KeyPrint;
use crate::habit::Habit;
use lapwing_core::kernel::{Errno, KeyKind, KeyRequest};
use lapwing_frames::{LinkId, MacAddr};

/// The text for a group key without a link since 2026.
pub(super) const LINK_MUST_BE_SET: &str = "link ID must be set for MLO group key";
/// The same until then.
pub(super) const LINK_MUST: &str = "link ID must for MLO group key";

const fn invalid(words: &'static str) -> Denial {
    Denial(Errno::EINVAL, Some(words))
}

impl Kernel {
    /// `nl80211_new_key`.
    pub(super) fn check_install_key(&self, request: &KeyRequest) -> Result<Operation, Denial> {
        let (pairwise, receive_only) = match request.kind {
            KeyKind::Pairwise { receive_only, .. } => (true, receive_only),
            _ => (false, false),
        };
        match request.kind {
            _ if request.index > 7 => return Err(invalid("key idx not 0-7")),
            _ if request.key.expose().is_empty() => return Err(invalid("no key")),
            _ => {}
        }
        if !self.is_key_valid(request, pairwise, receive_only) {
            return Err(invalid("key setting validation failed"));
        }
        if !self.may_have_keys() {
            return Err(Denial(Errno::ENOLINK, Some("key not allowed")));
        }
        self.check_key_link(request.link, pairwise)?;
        let [a, b, c, d, e, f] = request.sequence;
        Ok(Operation::AddKey(Key {
            kind: request.kind,
            link: request.link,
            index: request.index,
            cipher: request.cipher,
            print: KeyPrint::of(request.key.expose()),
            sequence: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
        }))
    }

    /// `cfg80211_validate_key_settings`.
    fn is_key_valid(&self, request: &KeyRequest, pairwise: bool, receive_only: bool) -> bool {
        let radio = &self.setup.radio;
        let index = request.index;
        let greatest = if radio.beacon_protection { 7 } else { 5 };
        let index_fits = match request.cipher {
            cipher if cipher.is_bip() => !pairwise && index >= 4,
            _ if pairwise && radio.extended_key_id => index <= 1,
            _ if pairwise => index == 0 && !receive_only,
            _ => true,
        };
        index <= greatest
            && index_fits
            && request.cipher.key_length() == Some(request.key.expose().len())
            && radio.ciphers.contains(&request.cipher)
    }

    /// `nl80211_del_key`.
    pub(super) fn check_delete_key(
        &self,
        peer: Option<MacAddr>,
        link: Option<LinkId>,
        index: u8,
    ) -> Result<Operation, Denial> {
        if index > 7 {
            return Err(invalid("key idx not 0-7"));
        }
        let radio = &self.setup.radio;
        let greatest = match peer {
            Some(_) => 3,
            None if radio.beacon_protection => 7,
            None if radio.ciphers.iter().any(|cipher| cipher.is_bip()) => 5,
            None => 3,
        };
        if index > greatest {
            return Err(Errno::EINVAL.into());
        }
        if !self.may_have_keys() {
            return Err(Errno::ENOLINK.into());
        }
        self.check_key_link(link, peer.is_some())?;
        Ok(Operation::DeleteKey { peer, link, index })
    }

    /// `nl80211_key_allowed`.
    fn may_have_keys(&self) -> bool {
        self.connected().is_some() || self.setup.habits.has(Habit::KernelKeysBeforeConnection)
    }

    /// `nl80211_validate_key_link_id`: pairwise keys have no link; group keys have one exactly if the interface has
    /// links, and then one of those.
    fn check_key_link(&self, link: Option<LinkId>, pairwise: bool) -> Result<(), Denial> {
        let links = self.links();
        match link {
            Some(_) if pairwise => Err(invalid("link ID not allowed for pairwise key")),
            None if pairwise => Ok(()),
            None if links.is_empty() => Ok(()),
            Some(_) if links.is_empty() => Err(invalid("link ID not allowed for non-MLO group key")),
            None if self.setup.habits.has(Habit::KernelOldWords) => Err(invalid(LINK_MUST)),
            None => Err(invalid(LINK_MUST_BE_SET)),
            Some(link) if links.contains_key(&link) => Ok(()),
            Some(_) => Err(invalid("invalid link ID for MLO group key")),
        }
    }
}
