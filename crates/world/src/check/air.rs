//! Frames: no packet number is used twice, and no data passes before the port is open.

use super::{Rule, Sight};
use crate::air::{Content, KeyPrint};
use crate::happening::{Happening, Lane, What};
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;

/// EAPOL, which is what opens the port.
const EAPOL: u16 = 0x888e;

/// No packet number is used twice with a key, by the station or by an access point.
///
/// The links of an MLD have one key and one count: so the sender is the machine, not the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NonceReuse {
    last: BTreeMap<(Option<u8>, KeyPrint), u64>,
}

/// The access point that did something; none: the station's side.
const fn sender(lane: Lane) -> Option<Option<u8>> {
    match lane {
        Lane::Ap(place) => Some(Some(place)),
        Lane::Station | Lane::Kernel | Lane::Firmware => Some(None),
        Lane::Attacker | Lane::Person => None,
    }
}

impl Rule for NonceReuse {
    const NAME: &'static str = "no-nonce-twice";
    const SENTENCE: &'static str = "no packet number is used twice with a key";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        let (What::Sent(transmission), Some(sender)) = (&happening.what, sender(happening.lane)) else {
            return Ok(());
        };
        let (Content::Management { protection, .. } | Content::Data { protection, .. }) =
            &transmission.content;
        let Some(protection) = protection else { return Ok(()) };
        let before = self.last.insert((sender, protection.key), protection.packet_number);
        match before {
            Some(before) if protection.packet_number <= before => Err(format!(
                "key {:x}: packet number {} after {before}",
                protection.key.0, protection.packet_number
            )),
            _ => Ok(()),
        }
    }
}

/// The station sends nothing but EAPOL before its port is open, and nothing in clear once it has a pairwise key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DataBeforePort {
    /// Data that was sent in this step, and whether it was in clear. It is judged when the step is over.
    sent: Option<(MacAddr, bool)>,
    /// Whether the port was open when the step began, and a pairwise key was there.
    open: bool,
    keyed: bool,
}

impl Rule for DataBeforePort {
    const NAME: &'static str = "no-data-before-port";
    const SENTENCE: &'static str =
        "the station sends only EAPOL before its port is open, and no data in clear when it has a key";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        let is_ours = matches!(happening.lane, Lane::Station | Lane::Kernel | Lane::Firmware);
        if let What::Sent(transmission) = &happening.what
            && is_ours
            && let Content::Data { ethertype, protection, destination, .. } = &transmission.content
            && *ethertype != EAPOL
        {
            self.sent = Some((*destination, protection.is_none()));
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let open = sight.kernel.held.as_ref().is_some_and(|held| held.authorized);
        let keyed = sight.kernel.held.as_ref().is_some_and(|held| !held.pairwise.is_empty());
        let was_open = std::mem::replace(&mut self.open, open) || open;
        let was_keyed = std::mem::replace(&mut self.keyed, keyed) && keyed;
        match self.sent.take() {
            Some((to, _)) if !was_open => Err(format!("data to {to}")),
            Some((to, true)) if was_keyed => Err(format!("data in clear to {to}")),
            _ => Ok(()),
        }
    }
}
