//! The attacker at work.

use super::{Stage, World};
use crate::air::Transmission;
use crate::ap::ApSecurity;
use crate::attacker::{self, Attack, Ends};
use crate::happening::{Lane, What};
use crate::parts::{ApInput, KernelInput};

impl World {
    /// What the attacker can do now.
    pub fn attacks(&self) -> impl Iterator<Item = Attack> {
        let memory = u8::try_from(self.attacker.memory()).unwrap_or(u8::MAX);
        let forges = self.plan.scenario.attacker.forges;
        let bsss = self.plan.bsss.values().filter(move |_| forges);
        let forgeries = bsss.flat_map(|(ap, link)| Attack::forgeries(*ap, *link));
        (0..memory).map(Attack::Replay).chain(forgeries)
    }

    /// The attacker sends something, which arrives at once.
    pub(super) fn attack(&mut self, attack: Attack, stage: &mut Stage<'_>) {
        let Some(transmission) = self.forgery(attack) else { return };
        self.tell(stage, Lane::Attacker, || What::Sent(transmission.clone()));
        match self.plan.bsss.get(&transmission.receiver) {
            Some(&(ap, _)) if self.air.hears(&transmission) => {
                self.drive_ap(ap, ApInput::Received(transmission), stage);
            }
            None if self.is_on(transmission.frequency) => {
                self.drive_kernel(KernelInput::Received(transmission), stage);
            }
            _ => {}
        }
    }

    fn forgery(&self, attack: Attack) -> Option<Transmission> {
        let (ap, link) = match attack {
            Attack::Replay(place) => return self.attacker.remembered(place).cloned(),
            Attack::Deauthenticate { ap, link }
            | Attack::Disassociate { ap, link }
            | Attack::DeauthenticateAp { ap, link }
            | Attack::RefuseAuthentication { ap, link }
            | Attack::RefuseAssociation { ap, link }
            | Attack::Message1 { ap, link } => (ap, link),
        };
        let (bssid, _) = self.plan.bsss.iter().find(|(_, place)| **place == (ap, link))?;
        let frequency = self.air.beacon(*bssid)?.frequency;
        let protected = self.aps.get(usize::from(ap))?.setup().security != ApSecurity::Open;
        attacker::forge(
            attack,
            Ends { frequency, bssid: *bssid, station: self.station_on(*bssid) },
            protected,
        )
    }
}
