//! Authentication (`ieee80211_mgd_auth` and what follows).

use super::frame;
use super::{Awaited, Link, Mac80211, Phase, reason_name};
use crate::kernel::driver::{Context, Denial, Indication};
use crate::kernel::shared::Shared;
use lapwing_core::Instant;
use lapwing_core::kernel::{AuthenticateRequest, Errno, Frequency};
use lapwing_frames::element::{Element, MultiLink};
use lapwing_frames::management::{Authentication, AuthenticationAlgorithm, Body, ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr};
use std::time::Duration;

/// How often a frame is sent (`IEEE80211_AUTH_MAX_TRIES`).
const TRIES: u8 = 3;
/// How long each waits for an answer (`IEEE80211_AUTH_TIMEOUT`).
const TIMEOUT: Duration = Duration::from_millis(200);
/// The same for SAE, where the AP calculates (`IEEE80211_AUTH_TIMEOUT_SAE`).
const TIMEOUT_SAE: Duration = Duration::from_secs(2);
/// How long the party may take for the next frame of SAE (`IEEE80211_AUTH_WAIT_SAE_RETRY`).
const WAIT_SAE: Duration = Duration::from_secs(2);
/// How long the party may take to associate (`IEEE80211_AUTH_WAIT_ASSOC`).
const WAIT_ASSOCIATION: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wait {
    /// The AP.
    Answer(Instant),
    /// The party, with the next frame of SAE.
    Party(Instant),
    /// The party, with an association: authentication is done.
    Association(Instant),
}

/// An authentication under way, or done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Authenticating {
    /// The AP, or the AP MLD.
    pub(super) peer: MacAddr,
    /// Our address on the link.
    pub(super) address: MacAddr,
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) link: Option<LinkId>,
    interval: u16,
    algorithm: AuthenticationAlgorithm,
    /// The number of the frame that is waited for; for SAE, the least.
    expected: u16,
    /// SAE: the peer's confirm came before ours was sent.
    confirmed: bool,
    frame: Shared<Vec<u8>>,
    tries: u8,
    wait: Wait,
}

impl Authenticating {
    pub(super) const fn deadline(&self) -> Instant {
        match self.wait {
            Wait::Answer(until) | Wait::Party(until) | Wait::Association(until) => until,
        }
    }

    pub(super) const fn is_done(&self) -> bool {
        matches!(self.wait, Wait::Association(_))
    }

    pub(super) const fn link(&self) -> Link {
        Link {
            address: self.address,
            bssid: self.bssid,
            frequency: self.frequency,
            interval: self.interval,
            switching: None,
            silent: false,
        }
    }

    fn timeout(&self) -> Duration {
        if self.algorithm == AuthenticationAlgorithm::Sae { TIMEOUT_SAE } else { TIMEOUT }
    }
}

/// The frame's body: SAE's comes from the party, and an MLD adds who it is unless the party did.
fn body(request: &AuthenticateRequest, address: MacAddr) -> Authentication {
    let word = |at: usize| match request.data.get(at..at + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    let (transaction, status, mut payload) = if request.algorithm == AuthenticationAlgorithm::Sae {
        (word(0), StatusCode(word(2)), request.data.get(4..).unwrap_or_default().to_vec())
    } else {
        (1, StatusCode::Success, request.elements.clone())
    };
    if request.mld.is_some() {
        let mut element = Vec::new();
        MultiLink::address_only(address).write(&mut element);
        if !payload.windows(element.len()).any(|octets| octets == element) {
            payload.extend(element);
        }
    }
    Authentication { algorithm: request.algorithm, transaction, status, payload }
}

impl Mac80211 {
    pub(super) fn authenticate(
        &mut self,
        request: AuthenticateRequest,
        context: &mut Context<'_>,
    ) -> Result<(), Denial> {
        let bss =
            context.table.find(request.bssid, request.frequency, &request.ssid).ok_or(Errno::ENOENT)?.clone();
        if matches!(self.phase, Phase::Joining(_)) {
            return Err(Errno::EBUSY.into());
        }
        if bss.switches_channel() {
            context.log(|| String::from("AP is in CSA process, reject auth"));
            return Err(Errno::EINVAL.into());
        }
        let peer = request.mld.map_or(request.bssid, |(_, address)| address);
        let link = request.mld.map(|(id, _)| id);
        let body = body(&request, context.address);
        let sae = request.algorithm == AuthenticationAlgorithm::Sae;
        // A frame for the same BSS and link goes on with what is there: the link, and with it its address, stays.
        let before = match &self.phase {
            Phase::Authenticating(before) if before.bssid == request.bssid && before.link == link => {
                Some((before.address, before.confirmed && sae))
            }
            _ => None,
        };
        if let Phase::Associated(associated) = &self.phase {
            let old = associated.peer;
            context.log(|| format!("disconnect from AP {old} for new auth to {peer}"));
            self.leave(ReasonCode::Unspecified, false, context);
        }
        let address = match (before, link) {
            (Some((address, _)), _) => address,
            (None, Some(_)) => context.random_address(),
            (None, None) => context.address,
        };
        context.log(|| format!("authenticate with {peer} (local address={address})"));
        context.say(Indication::AbortScan);
        let confirmed = before.is_some_and(|(_, confirmed)| confirmed);
        let expected = if sae { body.transaction } else { 2 };
        let frame = frame::management(peer, context.address, peer, Body::Authentication(body));
        let authenticating = Authenticating {
            peer,
            address,
            bssid: request.bssid,
            frequency: request.frequency,
            link,
            interval: bss.interval,
            algorithm: request.algorithm,
            expected,
            confirmed,
            frame: Shared::new(frame),
            tries: 0,
            wait: Wait::Answer(context.now),
        };
        self.awaited.retain(|_, awaited| *awaited != Awaited::Authentication);
        self.phase = Phase::Authenticating(Box::new(authenticating));
        self.send_authentication(context);
        if confirmed
            && expected == 2
            && let Phase::Authenticating(authenticating) = &mut self.phase
        {
            context.log(|| String::from("authenticated"));
            authenticating.wait = Wait::Association(context.now + WAIT_ASSOCIATION);
        }
        Ok(())
    }

    fn send_authentication(&mut self, context: &mut Context<'_>) {
        let Phase::Authenticating(authenticating) = &mut self.phase else { return };
        let peer = authenticating.peer;
        if authenticating.tries >= TRIES {
            context.log(|| format!("authentication with {peer} timed out"));
            self.phase = Phase::Idle;
            context.say(Indication::AuthenticationTimedOut(peer));
            return;
        }
        authenticating.tries += 1;
        authenticating.wait = Wait::Answer(context.now + authenticating.timeout());
        let (tries, link, frame) =
            (authenticating.tries, authenticating.link(), authenticating.frame.clone());
        context.log(|| format!("send auth to {peer} (try {tries}/{TRIES})"));
        let number = self.number(Awaited::Authentication);
        context.say(frame::transmit(&frame, &link, None, Some(number)));
    }

    /// What became of the frame: one that was not acknowledged is sent again at once.
    pub(super) fn authentication_sent(&mut self, acknowledged: bool, context: &mut Context<'_>) {
        let Phase::Authenticating(authenticating) = &mut self.phase else { return };
        if let Wait::Answer(until) = &mut authenticating.wait {
            if acknowledged {
                *until = context.now
                    + if authenticating.algorithm == AuthenticationAlgorithm::Sae {
                        TIMEOUT_SAE
                    } else {
                        TIMEOUT
                    };
            } else {
                self.send_authentication(context);
            }
        }
    }

    pub(super) fn authentication_due(&mut self, context: &mut Context<'_>) {
        let Phase::Authenticating(authenticating) = &self.phase else { return };
        if authenticating.deadline() > context.now {
            return;
        }
        match authenticating.wait {
            Wait::Answer(_) => self.send_authentication(context),
            // The party hears nothing of this.
            Wait::Party(_) | Wait::Association(_) => self.phase = Phase::Idle,
        }
    }

    /// `ieee80211_rx_mgmt_auth`. The frame has the addresses of MLDs.
    pub(super) fn authentication_received(
        &mut self,
        frame: Vec<u8>,
        body: &Authentication,
        context: &mut Context<'_>,
    ) {
        let Phase::Authenticating(authenticating) = &mut self.phase else { return };
        let (peer, expected) = (authenticating.peer, authenticating.expected);
        let sae = authenticating.algorithm == AuthenticationAlgorithm::Sae;
        let (algorithm, transaction, status) = (body.algorithm, body.transaction, body.status);
        if authenticating.is_done() {
            return;
        }
        let in_turn = if sae { (expected..=2).contains(&transaction) } else { transaction == expected };
        if algorithm != authenticating.algorithm || !in_turn {
            let ours = authenticating.algorithm.0;
            let theirs = algorithm.0;
            context.log(|| {
                format!(
                    "{peer} unexpected authentication state: alg {theirs} (expected {ours}) transact {transaction} (expected {expected})"
                )
            });
            return;
        }
        if status != StatusCode::Success {
            let goes_on = sae && (status.0 == 76 || transaction == 1 && matches!(status.0, 126 | 127));
            if goes_on {
                authenticating.wait = Wait::Party(context.now + WAIT_SAE);
            } else {
                context.log(|| format!("{peer} denied authentication (status {})", status.0));
                self.phase = Phase::Idle;
            }
            context.say(Indication::Authentication(frame));
            return;
        }
        if !sae || transaction == 2 && expected == 2 {
            context.log(|| String::from("authenticated"));
            authenticating.wait = Wait::Association(context.now + WAIT_ASSOCIATION);
        } else if transaction == 2 {
            context.log(|| String::from("SAE peer confirmed"));
            authenticating.confirmed = true;
        } else {
            authenticating.wait = Wait::Party(context.now + WAIT_SAE);
        }
        context.say(Indication::Authentication(frame));
    }

    /// A Deauthentication frame that ends what there is.
    pub(super) fn farewell_received(
        &mut self,
        frame: Vec<u8>,
        reason: ReasonCode,
        context: &mut Context<'_>,
    ) {
        let name = reason_name(reason);
        match std::mem::take(&mut self.phase) {
            Phase::Associated(associated) => {
                let peer = associated.peer;
                context.log(|| format!("deauthenticated from {peer} (Reason: {}={name})", reason.0));
                context.say(Indication::Deauthentication { frame, peer, reason, by_peer: true });
            }
            Phase::Joining(joining) => {
                let peer = joining.peer;
                context.log(|| {
                    format!("deauthenticated from {peer} while associating (Reason: {}={name})", reason.0)
                });
                context.say(Indication::AssociationAbandoned);
                context.say(Indication::Deauthentication { frame, peer, reason, by_peer: true });
            }
            // While only authenticating, it means nothing.
            phase => self.phase = phase,
        }
    }
}
