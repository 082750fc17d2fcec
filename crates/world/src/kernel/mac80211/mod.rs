//! mac80211's station side: authentication, association, links, keys and data of a radio whose frames the kernel makes.
//!
//! The phases exclude each other: who authenticates anew has left what was before, with or without a frame.

mod associate;
mod authenticate;
mod beacon;
mod frame;
mod keys;
mod receive;
mod reconfigure;
mod transmit;

use super::driver::{Association, Completion, Context, Denial, Driver, Indication, Operation, Stimulus};
use associate::Joining;
use authenticate::Authenticating;
use keys::{GroupKey, PairwiseKey};
use lapwing_core::Instant;
use lapwing_core::kernel::{Errno, Frequency, Quality};
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr};
use reconfigure::Reconfiguring;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many packets in a row are not acknowledged when mac80211 says so (`STA_LOST_PKT_THRESHOLD`).
const LOST_PACKETS: u32 = 50;

/// A link: our address, the AP's, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Link {
    address: MacAddr,
    bssid: MacAddr,
    frequency: Frequency,
    /// The beacon interval, in time units.
    interval: u16,
    /// A switch to another channel, and when.
    switching: Option<(Instant, Frequency)>,
    /// Whether its beacons stopped.
    silent: bool,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Associated {
    peer: MacAddr,
    /// Whether management frames are protected once there is a key.
    protects_management: bool,
    authorized: bool,
    /// Without number if it is no multi-link connection.
    links: BTreeMap<Option<LinkId>, Link>,
    /// The links of the peer's entry.
    station_links: BTreeSet<LinkId>,
    /// Whether the AP MLD takes requests to add and remove links.
    reconfigurable: bool,
    pairwise: BTreeMap<u8, PairwiseKey>,
    /// The index of the pairwise key to send with.
    sending: u8,
    group: BTreeMap<(Option<LinkId>, u8), GroupKey>,
    /// Links that the AP is about to remove, and when.
    removal: Option<(Instant, BTreeSet<LinkId>)>,
    reconfiguring: Option<Reconfiguring>,
    /// Beacons of no link come any more.
    loss: Option<Loss>,
    /// The thresholds of the signal that somebody wants to be told of, in dBm, and how many of them it was below when that
    /// was told last.
    watched: Option<(Vec<i8>, usize)>,
}

/// How far the kernel has come in believing that the AP is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Loss {
    /// Beacons are missed: until then.
    Missing(Instant),
    /// The AP is probed: until then.
    Probing(Instant),
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    #[default]
    Idle,
    Authenticating(Box<Authenticating>),
    Joining(Box<Joining>),
    Associated(Box<Associated>),
}

/// What a transmission was whose status is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Awaited {
    Authentication,
    Association,
    KeyFrame,
    Frame,
}

/// mac80211 with one station interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mac80211 {
    phase: Phase,
    /// The transmissions whose status is to come, by the lowest numbers that were free.
    awaited: BTreeMap<u64, Awaited>,
    dialog_token: u8,
}

/// The most transmissions whose status is waited for: the oldest is given up.
const MOST_AWAITED: usize = 64;

/// The duration of so many time units of 1,024 µs.
fn time_units(number: u64) -> Duration {
    Duration::from_micros(number.saturating_mul(1024))
}

/// Link numbers as the kernel prints them.
fn mask<'a>(links: impl IntoIterator<Item = &'a LinkId>) -> u16 {
    links.into_iter().fold(0, |mask, id| mask | 1 << id.get())
}

/// `ieee80211_get_reason_code_string`, for the codes that a station meets.
const fn reason_name(reason: ReasonCode) -> &'static str {
    match reason.0 {
        1 => "UNSPECIFIED",
        2 => "PREV_AUTH_NOT_VALID",
        3 => "DEAUTH_LEAVING",
        4 => "DISASSOC_DUE_TO_INACTIVITY",
        5 => "DISASSOC_AP_BUSY",
        6 => "CLASS2_FRAME_FROM_NONAUTH_STA",
        7 => "CLASS3_FRAME_FROM_NONASSOC_STA",
        8 => "DISASSOC_STA_HAS_LEFT",
        9 => "STA_REQ_ASSOC_WITHOUT_AUTH",
        13 => "INVALID_IE",
        14 => "MIC_FAILURE",
        15 => "4WAY_HANDSHAKE_TIMEOUT",
        16 => "GROUP_KEY_HANDSHAKE_TIMEOUT",
        17 => "IE_DIFFERENT",
        23 => "IEEE8021X_FAILED",
        _ => "<unknown>",
    }
}

impl Driver for Mac80211 {
    fn operate(&mut self, operation: Operation, context: &mut Context<'_>) -> Result<Completion, Denial> {
        match operation {
            Operation::Scan(_) => {}
            Operation::WatchSignal(thresholds) => self.watch_signal(thresholds, context)?,
            Operation::Authenticate(request) => self.authenticate(request, context)?,
            Operation::Associate(request) => self.associate(request, context)?,
            Operation::Deauthenticate { peer, reason, local_only } => {
                self.deauthenticate(peer, reason, !local_only, context)?;
            }
            Operation::Reconfigure { add, remove } => self.reconfigure(&add, &remove, context)?,
            Operation::AddKey(key) => self.add_key(&key)?,
            Operation::DeleteKey { peer, link, index } => self.delete_key(peer, link, index)?,
            Operation::UseKey { peer, index } => self.use_key(peer, index)?,
            Operation::Authorize(peer) => self.authorize(peer)?,
            Operation::SendFrame { frequency, frame } => return self.send_frame(frequency, frame, context),
            Operation::SendKeyFrame { to, bytes, in_clear } => {
                return Ok(self.send_key_frame(to, bytes, in_clear, context));
            }
            // mac80211 has no such operations.
            Operation::Connect(_)
            | Operation::Disconnect(_)
            | Operation::AnswerExternalAuthentication { .. }
            | Operation::ExternalAuthenticationRefused(_)
            | Operation::SetPmksa(_)
            | Operation::DeletePmksa { .. }
            | Operation::FlushPmksas => return Err(Errno::EOPNOTSUPP.into()),
        }
        Ok(Completion::Done)
    }

    fn happen(&mut self, stimulus: Stimulus, context: &mut Context<'_>) {
        match stimulus {
            Stimulus::Received(transmission) => self.receive(&transmission, context),
            Stimulus::Transmitted { number, acknowledged } => self.transmitted(number, acknowledged, context),
            Stimulus::Beacon { bssid, frequency } => self.beacon(bssid, frequency, context),
            Stimulus::PacketsLost => {
                if let Phase::Associated(associated) = &self.phase
                    && associated.authorized
                {
                    context.say(Indication::Quality(Quality::PacketLoss(LOST_PACKETS)));
                }
            }
            Stimulus::BeaconsLost(bssid) => self.beacons_lost(bssid, context),
            Stimulus::Send { destination, ethertype, payload } => {
                self.send(destination, ethertype, payload, context);
            }
            // Only firmware moves by itself.
            Stimulus::Roam(_) => {}
            Stimulus::Stop => {
                if let Phase::Joining(joining) = std::mem::take(&mut self.phase) {
                    context.say(Indication::AssociationTimedOut(joining.peer));
                }
                self.awaited.clear();
            }
            Stimulus::Suspend => {
                // An attempt is given up with a word to the party, but none to the AP (`ieee80211_mgd_quiesce`).
                self.leave(ReasonCode::LeavingDeauthenticated, false, context);
                self.awaited.clear();
            }
            Stimulus::Tick => self.tick(context),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Idle => None,
            Phase::Authenticating(authenticating) => Some(authenticating.deadline()),
            Phase::Joining(joining) => Some(joining.until),
            Phase::Associated(associated) => associated.deadline(),
        }
    }

    fn frequencies(&self) -> BTreeSet<Frequency> {
        match &self.phase {
            Phase::Idle => BTreeSet::new(),
            Phase::Authenticating(authenticating) => BTreeSet::from([authenticating.frequency]),
            Phase::Joining(joining) => joining.links.values().map(|link| link.frequency).collect(),
            Phase::Associated(associated) => associated.links.values().map(|link| link.frequency).collect(),
        }
    }

    fn association(&self) -> Option<Association> {
        let Phase::Associated(associated) = &self.phase else { return None };
        let links = associated.links.iter();
        Some(Association {
            peer: associated.peer,
            authorized: associated.authorized,
            links: links.map(|(id, link)| (*id, (link.address, link.bssid, link.frequency))).collect(),
            station_links: associated.station_links.clone(),
            pairwise: associated.pairwise.iter().map(|(index, key)| (*index, key.print())).collect(),
            group: associated.group.iter().map(|(place, key)| (*place, key.print())).collect(),
        })
    }

    fn busy(&self) -> bool {
        match &self.phase {
            Phase::Idle => false,
            Phase::Authenticating(_) | Phase::Joining(_) => true,
            Phase::Associated(associated) => associated.deadline().is_some(),
        }
    }
}

impl Associated {
    fn deadline(&self) -> Option<Instant> {
        let loss = self.loss.map(|loss| match loss {
            Loss::Missing(until) | Loss::Probing(until) => until,
        });
        let removal = self.removal.as_ref().map(|(until, _)| *until);
        let reconfiguring = self.reconfiguring.as_ref().map(|reconfiguring| reconfiguring.until);
        let switches = self.links.values().filter_map(|link| link.switching.map(|(until, _)| until));
        [loss, removal, reconfiguring].into_iter().flatten().chain(switches).min()
    }

    fn link_ids(&self) -> BTreeSet<LinkId> {
        self.links.keys().copied().flatten().collect()
    }
}

impl Mac80211 {
    fn tick(&mut self, context: &mut Context<'_>) {
        match &self.phase {
            Phase::Idle => {}
            Phase::Authenticating(_) => self.authentication_due(context),
            Phase::Joining(_) => self.association_due(context),
            Phase::Associated(_) => {
                self.switch_channels(context);
                self.removal_due(context);
                self.reconfiguration_due(context);
                self.loss_due(context);
            }
        }
    }

    /// `ieee80211_mgd_deauth`.
    fn deauthenticate(
        &mut self,
        peer: MacAddr,
        reason: ReasonCode,
        transmit: bool,
        context: &mut Context<'_>,
    ) -> Result<(), Denial> {
        let what = match &self.phase {
            Phase::Authenticating(authenticating) if authenticating.peer == peer => {
                "aborting authentication with"
            }
            Phase::Joining(joining) if joining.peer == peer => "aborting association with",
            Phase::Associated(associated) if associated.peer == peer => "deauthenticating from",
            _ => return Err(Errno::ENOTCONN.into()),
        };
        context
            .log(|| format!("{what} {peer} by local choice (Reason: {}={})", reason.0, reason_name(reason)));
        self.leave(reason, transmit, context);
        Ok(())
    }

    /// Ends what there is, with or without a frame, and says so.
    fn leave(&mut self, reason: ReasonCode, transmit: bool, context: &mut Context<'_>) {
        let phase = std::mem::take(&mut self.phase);
        let (peer, link, protection) = match phase {
            Phase::Idle => return,
            Phase::Authenticating(authenticating) => (authenticating.peer, Some(authenticating.link()), None),
            Phase::Joining(joining) => {
                context.say(Indication::AssociationAbandoned);
                (joining.peer, joining.association_link().copied(), None)
            }
            Phase::Associated(mut associated) => {
                let protection = associated.protect_management();
                (associated.peer, associated.links.values().next().copied(), protection)
            }
        };
        let frame = frame::deauthentication(peer, context.address, reason);
        if let Some(link) = link.filter(|_| transmit) {
            context.say(frame::transmit(&frame, &link, protection, None));
        }
        context.say(Indication::Deauthentication { frame, peer, reason, by_peer: false });
    }

    /// The AP is out of reach, or says what makes no sense (`__ieee80211_disconnect`): its BSSs leave the table.
    fn lose(&mut self, context: &mut Context<'_>) {
        if let Phase::Associated(associated) = &self.phase {
            for link in associated.links.values() {
                context.say(Indication::Unlink(link.bssid));
            }
        }
        self.leave(ReasonCode::Inactivity, true, context);
    }

    /// A number for a transmission whose status is wanted.
    fn number(&mut self, awaited: Awaited) -> u64 {
        if self.awaited.len() >= MOST_AWAITED {
            self.awaited.pop_first();
        }
        let number = (1..).find(|number| !self.awaited.contains_key(number)).unwrap_or(u64::MAX);
        self.awaited.insert(number, awaited);
        number
    }

    fn transmitted(&mut self, number: u64, acknowledged: bool, context: &mut Context<'_>) {
        match self.awaited.remove(&number) {
            Some(Awaited::Authentication) => self.authentication_sent(acknowledged, context),
            Some(Awaited::Association) => self.association_sent(acknowledged, context),
            Some(Awaited::KeyFrame) => {
                context.say(Indication::KeyFrameStatus { cookie: number, acknowledged })
            }
            Some(Awaited::Frame) => context.say(Indication::FrameStatus { cookie: number, acknowledged }),
            None => {}
        }
    }
}

#[cfg(test)]
impl Mac80211 {
    /// Our address, the AP's and the channel of a link, whatever the phase.
    pub(super) fn addresses(&self, id: Option<LinkId>) -> Option<(MacAddr, MacAddr, Frequency)> {
        let link = match &self.phase {
            Phase::Idle => None,
            Phase::Authenticating(it) => (it.link == id).then(|| it.link()),
            Phase::Joining(it) => it.links.get(&id).copied(),
            Phase::Associated(it) => it.links.get(&id).copied(),
        }?;
        Some((link.address, link.bssid, link.frequency))
    }
}
