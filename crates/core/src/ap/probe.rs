//! Probe requests (802.11-2020 11.1.4.3), multi-link ones included (802.11be 35.3.4.2).

use super::{AccessPoint, At};
use alloc::vec::Vec;
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{Element, MultiLink, multi_link},
    management::{Beacon, Body, ProbeRequest},
};

impl AccessPoint {
    /// Answers a probe for our name or for any; a hidden name only if it is named.
    pub(super) fn on_probe(&mut self, at: &At, request: &ProbeRequest) {
        let Some(announcement) = self.announcement(at.link) else { return };
        let ours = [announcement.bssid, MacAddr::BROADCAST];
        if !ours.contains(&at.header.receiver) || !ours.contains(&at.header.bssid) {
            return;
        }
        match request.elements().find::<Ssid>() {
            Ok(Some(ssid)) if ssid == self.setup.ssid => {}
            Ok(Some(ssid)) if ssid.octets().is_empty() && !self.setup.hidden => {}
            _ => return,
        }
        let mut elements = announcement.probe_response;
        match request.elements().find::<MultiLink>() {
            Ok(Some(MultiLink::ProbeRequest(asked))) => {
                let Some(link) = at.link else { return };
                let profiles = match self.asked_links(link, &asked) {
                    Some(links) => links.into_iter().map(|id| self.profile(id, &elements, None)).collect(),
                    None => return,
                };
                // The element of the beacon gives way to the one with the profiles.
                let kept = lapwing_frames::element::Elements::new(&elements);
                let kept = kept.iter().filter(|element| element.id != MultiLink::ID);
                elements = kept.flat_map(|element| element.octets.to_vec()).collect();
                self.multi_link(link, profiles).write(&mut elements);
            }
            Ok(_) => {}
            Err(_) => return,
        }
        let beacon = Beacon {
            timestamp: 0,
            beacon_interval: announcement.interval,
            capabilities: announcement.capability,
            elements,
        };
        let header = lapwing_frames::management::Header::new(
            at.header.transmitter,
            announcement.bssid,
            announcement.bssid,
        );
        self.send(at.link, header, Body::ProbeResponse(beacon));
    }

    /// The links whose profiles a multi-link probe asks for; nothing if it is for another MLD.
    fn asked_links(&self, on: LinkId, asked: &multi_link::ProbeRequest) -> Option<Vec<LinkId>> {
        let other_mld = asked.common.ap_mld_id.is_some_and(|id| id != 0)
            || asked
                .common
                .mld_address
                .is_some_and(|address| Some(address) != self.setup.structure.mld_address());
        let profiles = asked.profiles_by_link().ok().filter(|_| !other_mld)?;
        let all = self.bss.keys().flatten().copied().filter(|id| *id != on);
        Some(all.filter(|id| profiles.is_empty() || profiles.contains_key(id)).collect())
    }
}
