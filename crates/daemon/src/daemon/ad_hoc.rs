//! Ad-hoc networks: open ones, which the kernel runs by itself.

use super::calls::{First, NO_INTERFACE, UNAVAILABLE, Wish, refused};
use super::modes::{Role, SWITCHING};
use super::{Daemon, Now};
use crate::control::{AdHocView, Answer, CallError, CallId};
use crate::kernel::{AdHocEvent, Command, Kernel};
use lapwing_core::attempt::Phase as Attempted;
use lapwing_core::kernel::Frequency;
use lapwing_frames::{MacAddr, Ssid};
use std::collections::BTreeSet;
use tracing::info;

/// Channel 6, where iwd has its networks: those who want to meet have to be on one channel.
const CHANNEL: Frequency = Frequency(2437);

/// The interface is in another mode.
const NO_AD_HOC: CallError =
    CallError::NotAvailable("The interface is not in the ad-hoc mode. Set its Mode to 'ad-hoc' first.");

/// An ad-hoc network, or that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum AdHoc {
    /// There is none.
    #[default]
    Stopped,
    /// The kernel was asked to join it.
    Asked,
    /// The kernel joins it.
    Joining,
    /// The interface is in it, with these.
    Started(BTreeSet<MacAddr>),
    /// The kernel was asked to leave it.
    Leaving,
}

impl AdHoc {
    pub(super) fn view(&self) -> AdHocView {
        match self {
            Self::Started(peers) => AdHocView { started: true, peers: peers.clone() },
            Self::Stopped | Self::Asked | Self::Joining | Self::Leaving => AdHocView::default(),
        }
    }
}

impl<K: Kernel> Daemon<K> {
    fn ad_hoc(&mut self, ifindex: u32) -> Result<&mut AdHoc, CallError> {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.switching.is_some() {
            return Err(SWITCHING);
        }
        let is_up = interface.up;
        match &mut interface.role {
            Role::AdHoc(_) if !is_up => Err(UNAVAILABLE),
            Role::AdHoc(ad_hoc) => Ok(ad_hoc),
            Role::Station | Role::AccessPoint { .. } => Err(NO_AD_HOC),
        }
    }

    pub(super) fn start_ad_hoc(&mut self, now: Now, id: CallId, ifindex: u32, ssid: Ssid) -> First {
        let ad_hoc = self.ad_hoc(ifindex)?;
        match ad_hoc {
            AdHoc::Stopped => {}
            AdHoc::Joining | AdHoc::Started(_) => {
                return Err(CallError::AlreadyExists("An ad-hoc network was begun already. Stop it first."));
            }
            AdHoc::Asked | AdHoc::Leaving => return Err(CallError::InProgress),
        }
        *ad_hoc = AdHoc::Asked;
        self.desk.open(now, id, Wish::AdHoc { ifindex });
        self.kernel.perform(Command::JoinAdHoc { ifindex, ssid, frequency: CHANNEL });
        Ok(None)
    }

    pub(super) fn stop_ad_hoc(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        match self.ad_hoc(ifindex)? {
            AdHoc::Stopped => return Ok(Some(Answer::Done)),
            AdHoc::Asked | AdHoc::Leaving => return Err(CallError::InProgress),
            AdHoc::Joining | AdHoc::Started(_) => {}
        }
        self.desk.open(now, id, Wish::AdHoc { ifindex });
        self.leave_ad_hoc(ifindex);
        Ok(None)
    }

    /// Leaves the ad-hoc network, if there is one.
    pub(super) fn leave_ad_hoc(&mut self, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AdHoc(ad_hoc) = &mut interface.role else { return };
        if !matches!(ad_hoc, AdHoc::Stopped | AdHoc::Leaving) {
            *ad_hoc = AdHoc::Leaving;
            self.kernel.perform(Command::LeaveAdHoc { ifindex });
            self.changed();
        }
    }

    /// The interface went down: the kernel has left the network.
    pub(super) fn end_ad_hoc(&mut self, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        if let Role::AdHoc(ad_hoc) = &mut interface.role {
            *ad_hoc = AdHoc::Stopped;
            self.changed();
        }
    }

    /// Something was heard of an ad-hoc network.
    pub(super) fn ad_hoc_heard(&mut self, ifindex: u32, event: AdHocEvent) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let name = &interface.name;
        let Role::AdHoc(ad_hoc) = &mut interface.role else { return };
        match (std::mem::take(ad_hoc), event) {
            (AdHoc::Asked, AdHocEvent::Answered(outcome)) => {
                if outcome.is_ok() {
                    *ad_hoc = AdHoc::Joining;
                }
                self.answer_ad_hoc(ifindex, outcome, "JOIN_IBSS");
            }
            // Whatever it says, nothing is left to be left.
            (AdHoc::Leaving, AdHocEvent::Answered(outcome)) => {
                self.answer_ad_hoc(ifindex, outcome, "LEAVE_IBSS");
            }
            (AdHoc::Joining, AdHocEvent::Joined) => {
                info!("{name} is in an ad-hoc network");
                *ad_hoc = AdHoc::Started(BTreeSet::new());
            }
            (AdHoc::Started(mut peers), AdHocEvent::PeerCame(peer)) => {
                peers.insert(peer);
                *ad_hoc = AdHoc::Started(peers);
            }
            (AdHoc::Started(mut peers), AdHocEvent::PeerLeft(peer)) => {
                peers.remove(&peer);
                *ad_hoc = AdHoc::Started(peers);
            }
            (before, _) => *ad_hoc = before,
        }
        self.changed();
    }

    fn answer_ad_hoc(
        &mut self,
        ifindex: u32,
        outcome: Result<(), lapwing_core::kernel::Refusal>,
        command: &'static str,
    ) {
        let is_it = |wish: &Wish| matches!(wish, Wish::AdHoc { ifindex: ours } if *ours == ifindex);
        let outcome = outcome.map(|()| Answer::Done);
        let outcome = outcome.map_err(|refusal| refused(Attempted::Associate, command, &refusal));
        for id in self.desk.which(is_it) {
            self.desk.close(id, outcome.clone());
        }
    }
}
