//! What the driver says, and what cfg80211 makes of it.

use super::driver::{Completion, Indication, Operation};
use super::{Current, Kernel, LATE, Later, Wdev};
use crate::habit::Habit;
use crate::parts::{EAPOL, KernelOutput};
use lapwing_core::Instant;
use lapwing_core::kernel::{Connection, Errno, Frequency, KernelEvent, Reply};
use lapwing_frames::management::{ReasonCode, StatusCode};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, VecDeque};

impl Kernel {
    pub(super) fn indicated(&mut self, now: Instant, indication: Indication, out: &mut Vec<KernelOutput>) {
        if !matches!(
            indication,
            Indication::KeyFrame { .. }
                | Indication::KeyFrameStatus { .. }
                | Indication::Deliver { .. }
                | Indication::Transmit { .. }
                | Indication::Console(_)
        ) {
            self.settle(now, out);
        }
        match indication {
            Indication::Completed(outcome) => {
                if let Some(blocked) = self.blocking.take() {
                    let outcome = outcome.map(|completion| match completion {
                        Completion::Done | Completion::Blocked => Reply::Done,
                        Completion::Sent { cookie } => Reply::Sent { cookie },
                    });
                    self.answer(now, blocked, outcome, out);
                }
            }
            Indication::Authentication(frame) => self.event(KernelEvent::Authentication { frame }, out),
            Indication::AuthenticationTimedOut(peer) => {
                self.event(KernelEvent::AuthenticationTimedOut { peer }, out);
            }
            Indication::Association { frame, connection, channels }
                if self.setup.habits.has(Habit::KernelEarlyKeyFrames) =>
            {
                self.later(now, Later::Association { frame, connection, channels });
            }
            Indication::Association { frame, connection, channels } => {
                self.event(KernelEvent::Association { frame }, out);
                self.connect_result(connection, &channels, out);
            }
            Indication::AssociationTimedOut(peer) => {
                self.wdev = Wdev::Idle;
                self.event(KernelEvent::AssociationTimedOut { peer }, out);
            }
            Indication::AssociationAbandoned => self.wdev = Wdev::Idle,
            Indication::AssociationComeback { peer, after } => {
                self.event(KernelEvent::AssociationComeback { peer, after }, out);
            }
            Indication::Deauthentication { frame, peer, reason, by_peer } => {
                self.event(KernelEvent::Deauthentication { frame }, out);
                if self.connected() == Some(peer) {
                    self.disconnected(now, reason, by_peer, out);
                }
            }
            Indication::Disassociation { frame, peer, reason } => {
                self.event(KernelEvent::Disassociation { frame }, out);
                if self.connected() == Some(peer) {
                    self.disconnected(now, reason, true, out);
                }
            }
            Indication::UnprotectedFarewell(frame) => {
                self.event(KernelEvent::UnprotectedFarewell { frame }, out);
            }
            Indication::LinksRemoved(removed) => {
                if let Wdev::Connected { links, .. } = &mut self.wdev {
                    links.retain(|id, _| id.is_none_or(|id| !removed.contains(&id)));
                }
                self.event(KernelEvent::LinksRemoved { links: removed.into_iter().collect() }, out);
            }
            Indication::LinksAdded { frame, links: added } => {
                if let Wdev::Connected { links, .. } = &mut self.wdev {
                    for (id, (address, bssid, frequency)) in added {
                        links.insert(Some(id), Current { address, bssid, frequency });
                    }
                }
                self.event(KernelEvent::LinksReconfigured { frame }, out);
            }
            Indication::Unlink(bssid) => self.table.unlink(bssid),
            Indication::AbortScan => {
                if self.scan.take().is_some() {
                    self.event(KernelEvent::ScanAborted, out);
                }
            }
            Indication::ConnectDone(connection) => self.later(now, Later::ConnectDone(connection)),
            Indication::Roamed(connection) => self.later(now, Later::Roamed(connection)),
            Indication::Disconnected { reason, by_ap } => {
                self.later(now, Later::Disconnected { reason, by_ap });
            }
            Indication::PortAuthorized(peer) => self.later(now, Later::PortAuthorized(peer)),
            Indication::ExternalAuthentication(request) => {
                if self.owner.is_some() {
                    self.event(KernelEvent::ExternalAuthentication(request), out);
                } else {
                    // The driver cannot refuse to hear that it was refused.
                    let _ = self.operate(now, Operation::ExternalAuthenticationRefused(Errno::EINVAL), out);
                }
            }
            Indication::KeyFrame { from, bytes, in_clear } => match self.owner {
                Some(_) if self.setup.radio.control_port => {
                    self.event(KernelEvent::KeyFrame { from, bytes, in_clear }, out)
                }
                _ => out.push(KernelOutput::Deliver { source: from, ethertype: EAPOL, payload: bytes }),
            },
            Indication::KeyFrameStatus { cookie, acknowledged } => {
                self.event(KernelEvent::KeyFrameStatus { cookie, acknowledged }, out);
            }
            Indication::Frame { frequency, frame } => {
                self.event(KernelEvent::Frame { frequency, bytes: frame }, out);
            }
            Indication::FrameStatus { cookie, acknowledged } => {
                self.event(KernelEvent::FrameStatus { cookie, acknowledged }, out);
            }
            Indication::ChannelSwitchStarted { link, frequency } => {
                self.event(KernelEvent::ChannelSwitchStarted { link, frequency }, out);
            }
            Indication::ChannelSwitched { link, frequency } => {
                if let Wdev::Connected { links, .. } = &mut self.wdev
                    && let Some(current) = links.get_mut(&link)
                {
                    current.frequency = frequency;
                    self.table.moves(current.bssid, frequency);
                }
                self.event(KernelEvent::ChannelSwitched { link, frequency }, out);
            }
            Indication::Quality(quality) => self.event(KernelEvent::Quality(quality), out),
            Indication::Transmit { number, transmission } => {
                out.push(KernelOutput::Transmit { number, transmission });
            }
            Indication::Deliver { source, ethertype, payload } => {
                out.push(KernelOutput::Deliver { source, ethertype, payload });
            }
            Indication::Console(line) => out.push(KernelOutput::Console(line)),
        }
    }

    /// `__cfg80211_connect_result`.
    fn connect_result(
        &mut self,
        connection: Connection,
        channels: &BTreeMap<Option<LinkId>, Frequency>,
        out: &mut Vec<KernelOutput>,
    ) {
        let success = connection.status == StatusCode::Success && !connection.timed_out;
        let ssid = match std::mem::replace(&mut self.wdev, Wdev::Idle) {
            Wdev::Connecting { ssid, .. } | Wdev::Connected { ssid, .. } => Some(ssid),
            Wdev::Idle => None,
        };
        match ssid.filter(|_| success) {
            Some(ssid) => {
                let links = self.links_of(&connection, channels);
                // Whatever was left of the one before, its link set takes the place of that.
                self.late = None;
                self.wdev = Wdev::Connected { peer: connection.peer, ssid, links };
            }
            None => self.owner = None,
        }
        self.event(KernelEvent::Connected(connection), out);
    }

    /// The links of a connection that were accepted.
    fn links_of(
        &self,
        connection: &Connection,
        channels: &BTreeMap<Option<LinkId>, Frequency>,
    ) -> BTreeMap<Option<LinkId>, Current> {
        let channel = |id| channels.get(&id).copied().unwrap_or(Frequency(0));
        if connection.links.is_empty() {
            let (address, bssid) = (self.address, connection.peer);
            return BTreeMap::from([(None, Current { address, bssid, frequency: channel(None) })]);
        }
        let accepted = connection.links.iter().filter(|link| link.status == StatusCode::Success);
        accepted
            .map(|link| {
                let id = Some(link.id);
                (id, Current { address: link.address, bssid: link.bssid, frequency: channel(id) })
            })
            .collect()
    }

    /// `__cfg80211_disconnected`.
    pub(super) fn disconnected(
        &mut self,
        now: Instant,
        reason: ReasonCode,
        by_ap: bool,
        out: &mut Vec<KernelOutput>,
    ) {
        if self.setup.habits.has(Habit::KernelLateLinkClear) {
            let links = self.links();
            if !links.is_empty() {
                self.late = Some((now + LATE, links));
            }
        }
        self.wdev = Wdev::Idle;
        self.owner = None;
        self.grace = None;
        self.event(KernelEvent::Disconnected { reason, by_ap }, out);
    }

    fn later(&mut self, now: Instant, what: Later) {
        self.work.get_or_insert_with(|| (now, VecDeque::new())).1.push_back(what);
    }

    /// Tells of an association what was put off: nothing but EAPOL comes before that.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        let association = |later: &Later| matches!(later, Later::Association { .. });
        if self.work.as_ref().is_some_and(|(_, work)| work.iter().any(association)) {
            self.do_work(now, out);
        }
    }

    pub(super) fn owner_gone(&mut self, now: Instant) {
        self.listening = false;
        if self.owner == Some(super::Socket::Party) {
            self.owner = None;
            self.later(now, Later::OwnerGone);
        }
    }

    /// The work item for what was put off.
    pub(super) fn do_work(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        let Some((_, work)) = self.work.take() else { return };
        for item in work {
            match item {
                Later::Association { frame, connection, channels } => {
                    self.event(KernelEvent::Association { frame }, out);
                    self.connect_result(connection, &channels, out);
                }
                Later::ConnectDone(connection) => {
                    let channels =
                        self.below.driver().association().map(|held| held.links).unwrap_or_default();
                    let channels = channels.into_iter().map(|(id, (_, _, channel))| (id, channel)).collect();
                    self.connect_result(connection, &channels, out);
                }
                Later::Roamed(connection) => self.roamed(connection, out),
                Later::Disconnected { reason, by_ap } => self.disconnected(now, reason, by_ap, out),
                Later::PortAuthorized(peer) => {
                    if self.connected() == Some(peer) {
                        self.event(KernelEvent::PortAuthorized { peer }, out);
                    }
                }
                Later::OwnerGone => self.abandon(now, out),
            }
        }
    }

    /// `__cfg80211_roamed`.
    fn roamed(&mut self, connection: Connection, out: &mut Vec<KernelOutput>) {
        let ssid: Ssid = match &self.wdev {
            Wdev::Connected { ssid, .. } => ssid.clone(),
            _ => return,
        };
        let channels = self.below.driver().association().map(|held| held.links).unwrap_or_default();
        let channels = channels.into_iter().map(|(id, (_, _, channel))| (id, channel)).collect();
        let links = self.links_of(&connection, &channels);
        self.wdev = Wdev::Connected { peer: connection.peer, ssid, links };
        self.event(KernelEvent::Roamed(connection), out);
    }

    /// The owner of the connection, or of the attempt, is gone (`cfg80211_autodisconnect_wk`).
    fn abandon(&mut self, now: Instant, out: &mut Vec<KernelOutput>) {
        let reason = ReasonCode::LeavingDeauthenticated;
        let pending: Option<MacAddr> = match &self.wdev {
            Wdev::Connecting { peer, .. } if self.is_softmac() => *peer,
            _ => None,
        };
        // Whoever left cannot be told that it failed.
        let _ = match pending {
            Some(peer) => {
                let operation = Operation::Deauthenticate { peer, reason, local_only: false };
                self.operate(now, operation, out).map(|_| ())
            }
            None => self.disconnect(now, reason, out),
        };
    }
}
