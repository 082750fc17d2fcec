//! Roaming that the station decides on: when the connection goes to another AP of its network, and to which one.
//!
//! This module says *that* and *whither*; how the connection gets there is [`Turn::begin_roam`]'s.

mod action;
mod blocked;
mod channels;
mod choice;
mod look;
mod measurement;
mod neighbors;
mod policy;
mod said;
mod signal;
mod transition_management;
mod watch;

pub use blocked::Blocking;
pub(super) use blocked::{BlockList, Offence};
pub(super) use measurement::announced as announced_measurements;
pub use policy::RoamPolicy;
pub use said::RoamStep;
pub(super) use watch::Watch;

use super::{
    State, connected,
    context::{Journey, Turn},
    departure::Then,
};
use crate::{
    attempt::{Cause, RoamTrigger},
    failure::Code,
    network::Network,
    select::{Policy, Target},
};
use alloc::boxed::Box;
use lapwing_frames::MacAddr;

/// Where the connection goes, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Destination {
    /// The BSS or AP MLD, as it was chosen.
    pub target: Target,
    /// The address that was asked for: of the BSS, of the AP MLD, or of the link that carries the association.
    pub through: MacAddr,
    /// Why the connection goes there.
    pub trigger: RoamTrigger,
}

impl Turn<'_> {
    /// One BSS, AP MLD or link of a network as a destination, if it might be joined now.
    pub(super) fn destination(
        &self,
        network: &Network,
        through: MacAddr,
        trigger: RoamTrigger,
    ) -> Option<Destination> {
        let network = Network { bssid: Some(through), ..network.clone() };
        let (_, target) = self.select(&network, &Policy::at(self.now));
        let may = |target: &Target| {
            let offence = self.context.roam_blocked.offence(target.address(), self.now);
            trigger == RoamTrigger::Asked || offence != Some(Offence::Failed)
        };
        target.filter(may).map(|target| Destination { target, through, trigger })
    }

    /// Begins the way from the AP of a connection to another one of the same network.
    pub(super) fn begin_roam(&mut self, from: Box<connected::Connected>, to: Destination) -> State {
        let mut network = from.journey.network.clone();
        self.take_known(&mut network);
        let asked = to.trigger == RoamTrigger::Asked;
        let cause = if asked {
            self.context.history.asked(&network.ssid);
            Cause::Asked
        } else {
            Cause::Roam(to.trigger)
        };
        if self.can_transit(&from, &to.target) {
            return self.transit(from, to.target, cause);
        }
        self.ended(&from.journey, if asked { Code::Asked } else { Code::Roamed(to.trigger) });
        let mut journey = Journey::begin(self, network, asked || from.journey.asked, cause);
        journey.chosen = Some(to.through);
        State::Connected(from).depart(self, Then::Join(Box::new(journey)))
    }

    /// Notes that a roam to this BSS or AP MLD did not succeed: others come first for a while.
    pub(super) fn roam_failed(&mut self, address: MacAddr, offence: Offence) {
        let blocking = self.context.settings.roam.blocking;
        self.context.roam_blocked.add(address, offence, self.now, &blocking);
    }
}
