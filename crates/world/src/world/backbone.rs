//! The distribution system: the wire between the access points and the router.

use super::flight::Item;
use super::{Stage, World};
use crate::network::{Packet, Router};
use crate::parts::ApInput;
use crate::step::Channel;
use lapwing_core::ap::mobility;
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;

/// The router, and where it heard whom last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Backbone {
    pub(super) router: Router,
    places: BTreeMap<MacAddr, u8>,
}

impl World {
    /// A client's packet comes from an access point.
    pub(super) fn deliver(&mut self, ap: u8, packet: Packet) {
        let now = self.now;
        let backbone = self.backbone.make_mut();
        backbone.places.insert(packet.source, ap);
        if let Some(answer) = backbone.router.turn(now, &packet) {
            self.dispatch(Channel::Distribution, Item::Packet(answer));
        }
    }

    /// One access point has told something to the others of its mobility domain, or a key to those of its network.
    pub(super) fn pass_on(&mut self, from: u8, message: &mobility::Message, stage: &mut Stage<'_>) {
        let is_pmksa = matches!(message, mobility::Message::Pmksa { .. });
        // Whom it has in common with others: the network, or the mobility domain.
        let circle = |ap: u8| {
            let setup = self.aps.get(usize::from(ap))?.setup();
            let domain = setup.mobility.filter(|_| !is_pmksa).map(|domain| domain.id);
            Some((setup.ssid.clone(), domain))
        };
        let others = (0..u8::try_from(self.aps.len()).unwrap_or(u8::MAX)).filter(|ap| *ap != from);
        let members: Vec<u8> = others.filter(|ap| circle(*ap) == circle(from)).collect();
        for ap in members {
            self.drive_ap(ap, ApInput::Told(Box::new(message.clone())), stage);
        }
    }

    /// A packet goes to where its receiver was heard last.
    pub(super) fn bridge(&mut self, packet: Packet, stage: &mut Stage<'_>) {
        let Some(&ap) = self.backbone.places.get(&packet.destination) else { return };
        let Packet { source, destination, ethertype, payload } = packet;
        self.drive_ap(ap, ApInput::Send { source, destination, ethertype, payload }, stage);
    }
}
