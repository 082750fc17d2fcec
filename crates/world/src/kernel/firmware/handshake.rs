//! The 4-way handshake by the firmware itself, with the core's own machine as its firmware.

use super::link::{Data, EAPOL, Link};
use super::{Dice, Firmware, Phase};
use crate::air::KeyPrint;
use crate::kernel::driver::{Context, Indication, Key as Installed};
use lapwing_core::Instant;
use lapwing_core::crypto::keys::{Pmk, Pmkid};
use lapwing_core::kernel::{KeyRequest, Offload};
use lapwing_core::rsn::negotiate::{Capabilities, Offer, Policy, Security, negotiate};
use lapwing_core::rsn::supplicant::{Output, Setup};
use lapwing_core::rsn::{Advertised, Candidate, Peer, Plan, Supplicant};
use lapwing_frames::management::{ReasonCode, StatusCode};
use std::fmt;
use std::time::Duration;

/// How long the AP may take for the whole of it.
const LIMIT: Duration = Duration::from_secs(5);

/// A PMK, which is not to be shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) Pmk);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Who does the handshake.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Handshake {
    /// Whoever asked for the connection, if there is one to be done.
    Above,
    /// The firmware: until when the first one must be done, unless it is.
    Own { supplicant: Box<Supplicant>, until: Option<Instant> },
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above => f.write_str("Above"),
            Self::Own { supplicant, until } => {
                f.debug_struct("Own").field("waits", &supplicant.waiting_for()).field("until", until).finish()
            }
        }
    }
}

impl Link {
    /// When the handshake has failed.
    pub(super) const fn handshake_until(&self) -> Option<Instant> {
        match &self.handshake {
            Handshake::Above => None,
            Handshake::Own { until, .. } => *until,
        }
    }

    /// Begins the handshake that was agreed; whether it is the firmware's own.
    pub(super) fn begin_handshake(
        &mut self,
        made: Option<(Option<[u8; 16]>, Key)>,
        elements: &[u8],
        context: &Context<'_>,
    ) -> bool {
        if self.request.security.is_none() {
            self.authorized = true;
        }
        let candidate = match (&self.request.offload, made) {
            (_, Some((pmkid, Key(pmk)))) => Some(Candidate { pmkid: pmkid.map(Pmkid), pmk }),
            (Offload::Psk(psk), None) => Pmk::new(psk.clone()).map(|pmk| Candidate { pmkid: None, pmk }),
            _ => None,
        };
        let Some((candidate, (advertised, plan))) = candidate.zip(self.plan(elements, context)) else {
            return false;
        };
        let link = lapwing_core::rsn::Link {
            bssid: self.bssid,
            station: context.address,
            advertised,
            channel: None,
            accepted: true,
        };
        let setup = Setup {
            ssid: self.request.ssid.clone(),
            peer: Peer::Bss(link),
            plan,
            candidates: vec![candidate],
            can_replace_pairwise: true,
            protection_is_told: true,
            membership: None,
        };
        let supplicant = Box::new(Supplicant::new(setup));
        self.handshake = Handshake::Own { supplicant, until: Some(context.now + LIMIT) };
        true
    }

    /// What was agreed: the AP's elements, and ours as they were sent.
    fn plan(&self, elements: &[u8], context: &Context<'_>) -> Option<(Advertised, Plan)> {
        let security = self.request.security?;
        let bss = context.table.find(self.bssid, self.frequency, &self.request.ssid)?;
        let advertised = Advertised::of(bss.elements());
        let offer =
            Offer { advertised: &advertised, privacy: true, band: self.frequency.band(), multi_link: false };
        let radio = &context.setup.radio;
        let chosen = [security.pairwise, security.group];
        let ciphers =
            radio.ciphers.iter().copied().filter(|cipher| cipher.is_bip() || chosen.contains(cipher));
        let capabilities = Capabilities {
            ciphers: ciphers.collect(),
            akms: Some(vec![security.akm]),
            sae: true,
            ..Capabilities::of(radio)
        };
        let policy = Policy::Personal {
            psk: true,
            sae: true,
            hash_to_element_only: false,
            transition_disabled: false,
        };
        let Ok(Security::Protected(plan)) = negotiate(&offer, &capabilities, &policy) else { return None };
        Some((advertised, plan.as_sent(elements)?))
    }

    fn install(&mut self, key: &KeyRequest) {
        let [a, b, c, d, e, f] = key.sequence;
        // It is the key of this AP: there is nothing to be refused.
        let _ = self.add_key(&Installed {
            kind: key.kind,
            link: key.link,
            index: key.index,
            cipher: key.cipher,
            print: KeyPrint::of(key.key.expose()),
            sequence: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
        });
    }
}

impl Firmware {
    /// A data frame of the AP.
    pub(super) fn data_received(&mut self, data: &Data<'_>, context: &mut Context<'_>) {
        let Phase::Joined(link) = &mut self.phase else { return };
        if data.protection.is_some_and(|protection| !link.admits(data.group, protection)) {
            return;
        }
        let payload = data.payload.to_vec();
        if data.ethertype != EAPOL {
            if link.lets_in(data, context.address) {
                let (source, ethertype) = (data.source, data.ethertype);
                context.say(Indication::Deliver { source, ethertype, payload });
            }
            return;
        }
        if data.destination != context.address {
            return;
        }
        let in_clear = data.protection.is_none();
        match &mut link.handshake {
            Handshake::Above => {
                context.say(Indication::KeyFrame { from: data.source, bytes: payload, in_clear });
            }
            Handshake::Own { supplicant, .. } => {
                let mut outputs = Vec::new();
                supplicant.handle(&mut Dice(context), &payload, !in_clear, &mut outputs);
                for output in outputs {
                    self.handshake_says(output, context);
                }
            }
        }
    }

    fn handshake_says(&mut self, output: Output, context: &mut Context<'_>) {
        let Phase::Joined(link) = &mut self.phase else { return };
        let bssid = link.bssid;
        match output {
            Output::SendKeyFrame { octets, in_clear } => {
                link.send_key_frame(None, bssid, octets, in_clear, context);
            }
            Output::InstallKey(key) => link.install(&key),
            Output::UseKey { index } => {
                // It was installed a moment ago.
                let _ = link.use_key(bssid, index);
            }
            Output::Secured => {
                link.authorized = true;
                if let Handshake::Own { until, .. } = &mut link.handshake {
                    *until = None;
                }
                match link.word.take() {
                    Some(word) => context.say(word),
                    None => context.say(Indication::PortAuthorized(bssid)),
                }
            }
            Output::Broken(why) => self.handshake_failed(why.reason(), context),
            Output::RekeyByReconnect => self.handshake_failed(ReasonCode::Unspecified, context),
            Output::Rekeyed(_) | Output::TransitionDisable(_) | Output::Ignored(_) => {}
        }
    }

    /// The firmware leaves, as the handshake came to nothing.
    pub(super) fn handshake_failed(&mut self, reason: ReasonCode, context: &mut Context<'_>) {
        if let Phase::Joined(link) = &mut self.phase {
            link.leave(reason, context);
        }
        self.lost(reason, false, context);
    }

    /// The connection is gone. Whoever has not heard of it yet hears that it failed.
    pub(super) fn lost(&mut self, reason: ReasonCode, by_ap: bool, context: &mut Context<'_>) {
        let Phase::Joined(link) = std::mem::take(&mut self.phase) else { return };
        context.say(match link.word {
            Some(Indication::ConnectDone(mut connection)) => {
                connection.status = StatusCode::SequenceTimeout;
                Indication::ConnectDone(connection)
            }
            _ => Indication::Disconnected { reason, by_ap },
        });
    }
}
