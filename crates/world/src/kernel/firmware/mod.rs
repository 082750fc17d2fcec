//! Firmware that connects by itself, with the driver above it: what cfg80211 calls a FullMAC radio.
//!
//! It has an opinion of its own: whether it wants SAE done, by whom, and which key it believes the AP knows. Its bad
//! habits are those of brcmfmac.

mod authenticate;
mod handshake;
mod join;
mod link;
mod transmit;

use super::driver::{Association, Completion, Context, Denial, Driver, Indication, Operation, Stimulus};
use crate::habit::Habit;
use authenticate::Calculation;
use join::{Joining, Step};
use lapwing_core::curve::Curves;
use lapwing_core::kernel::{ConnectRequest, Errno, Frequency};
use lapwing_core::{Entropy, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::management::{ReasonCode, StatusCode};
use link::Link;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use transmit::{Awaited, Blocked};

/// How many names of keys it keeps.
const MOST_PMKIDS: usize = 16;
/// After how long without beacons it believes that the AP is gone.
const LOSS: Duration = Duration::from_secs(2);

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Phase {
    #[default]
    Idle,
    /// Busy with an attempt that it will never speak of again.
    Stuck,
    /// Connecting; with the connection that it will leave for it, when it roams.
    Joining(Box<Joining>),
    /// Connected.
    Joined(Box<Link>),
}

/// The firmware and its driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Firmware {
    phase: Phase,
    /// The names of the keys that it knows, by AP.
    pmkids: BTreeMap<MacAddr, [u8; 16]>,
    /// The frames whose status is to come, by the lowest numbers that were free.
    awaited: BTreeMap<u64, Awaited>,
    /// The command that waits for one of them.
    blocked: Option<Blocked>,
    /// What takes arithmetic on curves.
    calculation: Option<Calculation>,
}

/// The kernel's random numbers as entropy.
struct Dice<'a, 'c>(&'a mut Context<'c>);

impl Entropy for Dice<'_, '_> {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let word = self.0.random().to_le_bytes();
            chunk.iter_mut().zip(word).for_each(|(octet, random)| *octet = random);
        }
    }
}

impl Driver for Firmware {
    fn operate(&mut self, operation: Operation, context: &mut Context<'_>) -> Result<Completion, Denial> {
        match operation {
            Operation::Scan(_) => match self.phase {
                Phase::Joining(_) | Phase::Stuck => {
                    context.log(|| String::from("Connecting: status (3)"));
                    return Err(Errno::EAGAIN.into());
                }
                Phase::Idle | Phase::Joined(_) => {}
            },
            Operation::Connect(request) => self.connect(*request, context)?,
            Operation::Disconnect(reason) => self.disconnect(reason, context),
            Operation::AnswerExternalAuthentication { bssid, status, pmkid, .. } => {
                self.answered(bssid, status, pmkid, context);
            }
            Operation::ExternalAuthenticationRefused(errno) => {
                context.log(|| format!("Ext Auth request to supplicant failed (-{})", errno.0));
                self.phase = Phase::Stuck;
            }
            Operation::WatchSignal(_) => return Err(Errno::EOPNOTSUPP.into()),
            Operation::SetPmksa(_) | Operation::DeletePmksa { .. } | Operation::FlushPmksas
                if context.setup.habits.has(Habit::FirmwareNoPmksa) =>
            {
                return Err(Errno::EOPNOTSUPP.into());
            }
            Operation::SetPmksa(pmksa) => self.learn(pmksa.peer, pmksa.pmkid, context),
            Operation::DeletePmksa { peer, pmkid } => {
                if self.pmkids.get(&peer) == Some(&pmkid) {
                    self.pmkids.remove(&peer);
                }
            }
            Operation::FlushPmksas => self.pmkids.clear(),
            Operation::AddKey(key) => self.joined()?.add_key(&key)?,
            Operation::DeleteKey { peer, index, .. } => self.joined()?.delete_key(peer, index)?,
            Operation::UseKey { peer, index } => self.joined()?.use_key(peer, index)?,
            Operation::Authorize(peer) => self.joined()?.authorize(peer)?,
            Operation::SendFrame { frequency, frame } => return self.send_frame(frequency, frame, context),
            Operation::SendKeyFrame { to, bytes, in_clear } => {
                return Ok(self.send_key_frame(to, bytes, in_clear, context));
            }
            Operation::Authenticate(_)
            | Operation::Associate(_)
            | Operation::Deauthenticate { .. }
            | Operation::Reconfigure { .. } => return Err(Errno::EOPNOTSUPP.into()),
        }
        Ok(Completion::Done)
    }

    fn happen(&mut self, stimulus: Stimulus, context: &mut Context<'_>) {
        match stimulus {
            Stimulus::Received(transmission) => self.receive(&transmission, context),
            Stimulus::Transmitted { number, acknowledged } => {
                self.transmitted(number, acknowledged, context);
            }
            Stimulus::Beacon { bssid, frequency } => {
                if let Phase::Joined(link) = &mut self.phase
                    && link.bssid == bssid
                {
                    link.loss = None;
                    if link.frequency != frequency {
                        link.frequency = frequency;
                        context.say(Indication::ChannelSwitched { link: None, frequency });
                    }
                }
            }
            Stimulus::BeaconsLost(bssid) => {
                if let Phase::Joined(link) = &mut self.phase
                    && link.bssid == bssid
                {
                    link.loss.get_or_insert(context.now + LOSS);
                }
            }
            Stimulus::Send { destination, ethertype, payload } => {
                if let Phase::Joined(link) = &mut self.phase {
                    link.send(destination, ethertype, payload, context);
                }
            }
            // It counts nothing.
            Stimulus::PacketsLost => {}
            Stimulus::Roam(bssid) => self.roam(bssid, context),
            Stimulus::Stop | Stimulus::Suspend => {
                // Whoever waits for its word about a frame waits no longer.
                self.unblock(false, context);
                self.disconnect(ReasonCode::LeavingDeauthenticated, context);
                *self = Self { pmkids: std::mem::take(&mut self.pmkids), ..Self::default() };
            }
            Stimulus::Tick => self.tick(context),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Idle | Phase::Stuck => None,
            Phase::Joining(joining) => joining.until,
            Phase::Joined(link) => {
                [link.loss, link.handshake_until(), link.query_until()].into_iter().flatten().min()
            }
        };
        phase.into_iter().chain(self.blocked.as_ref().map(|blocked| blocked.until)).min()
    }

    fn frequencies(&self) -> BTreeSet<Frequency> {
        match &self.phase {
            Phase::Idle | Phase::Stuck => BTreeSet::new(),
            Phase::Joining(joining) => {
                let from = joining.from.as_ref().map(|link| link.frequency);
                from.into_iter().chain([joining.frequency]).collect()
            }
            Phase::Joined(link) => BTreeSet::from([link.frequency]),
        }
    }

    fn association(&self) -> Option<Association> {
        match &self.phase {
            Phase::Joined(link) => Some(link.association()),
            Phase::Joining(joining) => joining.from.as_ref().map(|link| link.association()),
            Phase::Idle | Phase::Stuck => None,
        }
    }

    fn busy(&self) -> bool {
        matches!(self.phase, Phase::Joining(_)) || self.blocked.is_some()
    }

    fn wants_curves(&self) -> bool {
        self.calculation.is_some()
    }

    fn calculate(&mut self, curves: &dyn Curves, context: &mut Context<'_>) {
        self.do_calculation(curves, context);
    }
}

impl Firmware {
    fn joined(&mut self) -> Result<&mut Link, Denial> {
        match &mut self.phase {
            Phase::Joined(link) => Ok(link),
            Phase::Idle | Phase::Stuck | Phase::Joining(_) => Err(Errno::ENOENT.into()),
        }
    }

    /// Learns the name of a key, if it does not forget it at once.
    fn learn(&mut self, peer: MacAddr, pmkid: [u8; 16], context: &Context<'_>) {
        if context.setup.habits.has(Habit::FirmwareForgetsPmkid) {
            return;
        }
        if self.pmkids.len() >= MOST_PMKIDS && !self.pmkids.contains_key(&peer) {
            self.pmkids.pop_first();
        }
        self.pmkids.insert(peer, pmkid);
    }

    /// The key that it knows for an AP did not lead to an open port: if nobody can tell it to forget the key, it does so by
    /// itself. Otherwise it would never be connected again.
    fn doubt_key(&mut self, bssid: MacAddr, context: &Context<'_>) {
        if context.setup.habits.has(Habit::FirmwareNoPmksa) {
            self.pmkids.remove(&bssid);
        }
    }

    /// Connects; whatever was being done before is forgotten.
    fn connect(&mut self, request: ConnectRequest, context: &mut Context<'_>) -> Result<(), Denial> {
        let (Some(bssid), Some(frequency)) = (request.bssid, request.frequency) else {
            return Err(Errno::EINVAL.into());
        };
        self.calculation = None;
        let from = match std::mem::take(&mut self.phase) {
            Phase::Joined(link) if request.previous.is_some() => Some(link),
            _ => None,
        };
        self.begin(Arc::new(request), bssid, frequency, from, context);
        Ok(())
    }

    /// Disconnects, or gives up connecting: it says so in either case.
    fn disconnect(&mut self, reason: ReasonCode, context: &mut Context<'_>) {
        self.calculation = None;
        match std::mem::take(&mut self.phase) {
            Phase::Idle => return,
            Phase::Stuck => {}
            Phase::Joining(joining) => {
                joining.leave(reason, context);
            }
            Phase::Joined(mut link) => {
                if !link.authorized {
                    self.doubt_key(link.bssid, context);
                }
                link.leave(reason, context);
            }
        }
        context.say(Indication::Disconnected { reason, by_ap: false });
    }

    /// Moves to another BSS of the network.
    fn roam(&mut self, bssid: MacAddr, context: &mut Context<'_>) {
        if !context.setup.habits.has(Habit::FirmwareRoams) {
            return;
        }
        let Phase::Joined(link) = &self.phase else { return };
        let there = context.channels.iter().map(|channel| channel.frequency);
        let mut there =
            there.filter(|frequency| context.table.find(bssid, *frequency, &link.request.ssid).is_some());
        let Some(frequency) = there.next().filter(|_| bssid != link.bssid && link.authorized) else { return };
        if let Phase::Joined(link) = std::mem::take(&mut self.phase) {
            self.begin(link.request.clone(), bssid, frequency, Some(link), context);
        }
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        if self.blocked.as_ref().is_some_and(|blocked| blocked.until <= context.now) {
            self.unblock(false, context);
        }
        match &mut self.phase {
            Phase::Joining(joining) if joining.until.is_some_and(|at| at <= context.now) => {
                self.overdue(context)
            }
            Phase::Joined(link) if link.loss.is_some_and(|at| at <= context.now) => {
                self.phase = Phase::Idle;
                // It knows no reason.
                context.say(Indication::Disconnected { reason: ReasonCode(0), by_ap: false });
            }
            Phase::Joined(link) if link.handshake_until().is_some_and(|at| at <= context.now) => {
                self.handshake_failed(ReasonCode::FourWayHandshakeTimeout, context);
            }
            Phase::Joined(link) if link.query_until().is_some_and(|at| at <= context.now) => {
                self.unanswered(context);
            }
            _ => {}
        }
    }

    /// The AP did not say that it knows us: it is asked once more, or left.
    fn unanswered(&mut self, context: &mut Context<'_>) {
        let Phase::Joined(link) = &mut self.phase else { return };
        if !link.ask(context) {
            link.leave(ReasonCode::InvalidAuthentication, context);
            self.lost(ReasonCode::InvalidAuthentication, false, context);
        }
    }

    /// The answer to an external authentication.
    fn answered(
        &mut self,
        bssid: MacAddr,
        status: StatusCode,
        pmkid: Option<[u8; 16]>,
        context: &mut Context<'_>,
    ) {
        match &self.phase {
            Phase::Joining(joining) if joining.bssid == bssid && joining.step == Step::External => {}
            _ => return,
        }
        if status == StatusCode::Success {
            // Not everybody names the PMKSA: it is not known then, and the handshake shows the key.
            if let Some(pmkid) = pmkid {
                self.learn(bssid, pmkid, context);
            }
            self.associate(pmkid, context);
            return;
        }
        context.log(|| format!("External authentication failed: status={}", status.0));
        let Phase::Joining(joining) = &mut self.phase else { return };
        if let Some(from) = joining.from.take() {
            self.phase = Phase::Joined(from);
        } else if context.setup.habits.has(Habit::FirmwareSilentAfterFailure) {
            self.phase = Phase::Stuck;
        } else {
            self.failed(status, context);
        }
    }
}
