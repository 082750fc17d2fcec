//! Radios and interfaces: which there are, and running them.

use super::{Change, Linux, Purpose};
use crate::kernel::{Found, Heard};
use lapwing_core::kernel::{Interface, KernelEvent};
use lapwing_core::radio::{Radio, RadioKind};
use lapwing_linux::hardware::{self, Hardware};
use lapwing_linux::nl80211::{self, Wiphy, iftype};
use lapwing_linux::rtnetlink::{self, Link, LinkMode, OperState};
use std::collections::BTreeMap;

/// Management frames that stations want, as type and first octets of the body: requests and responses of
/// SA Query (802.11-2020 9.6.9), BSS transition requests (9.6.13.9), requests for measurements and neighbor reports
/// (9.6.6.2, 9.6.6.7), answers to fast transitions by way of another AP (9.6.8.3).
const FRAMES: [(u16, &[u8]); 6] = [
    (0x00d0, &[8, 0]),
    (0x00d0, &[8, 1]),
    (0x00d0, &[10, 7]),
    (0x00d0, &[5, 0]),
    (0x00d0, &[5, 5]),
    (0x00d0, &[6, 2]),
];
/// The same of SAE, which is done here for firmware that asks for it: Authentication frames, by their algorithm.
const SAE_FRAMES: (u16, &[u8]) = (0x00b0, &[3, 0]);

/// The frames to register for with a radio of this kind.
fn frames(kind: RadioKind) -> impl Iterator<Item = (u16, &'static [u8])> {
    FRAMES.into_iter().chain((kind == RadioKind::FullMacExternalSae).then_some(SAE_FRAMES))
}

impl Linux {
    pub(super) fn adopt(&mut self, interface: Interface) {
        let ifindex = interface.ifindex;
        self.adopted.insert(ifindex);
        self.off.remove(&ifindex);
        self.unmark_access_point(ifindex);
        let radio = self.radios.get(&interface.wiphy).map(Wiphy::radio);
        for (frame_type, prefix) in frames(radio.map_or(RadioKind::SoftMac, |radio| radio.kind)) {
            let request = nl80211::Request::RegisterFrame {
                ifindex,
                frame_type,
                prefix: prefix.to_vec(),
                groups: false,
            };
            self.ask(&request, Purpose::Registration);
        }
        let driver =
            self.radios.get(&interface.wiphy).and_then(|wiphy| hardware::driver_of_radio(&wiphy.name));
        if driver.is_some_and(|driver| self.settings.quirks.no_power_save.fit(&driver)) {
            let request = nl80211::Request::SetPowerSave { ifindex, enabled: false };
            self.ask(&request, Purpose::Setting("power saving cannot be switched off"));
        }
        // Dormant until the port opens, so that nothing is sent into a closed one.
        self.set_port(ifindex, false);
        self.draw_address(ifindex);
        self.set_up(ifindex);
        self.clear_leftovers(ifindex);
        self.look_for_rivals();
    }

    /// What a radio can do, of which the settings may want less.
    pub(super) fn limited(&self, wiphy: &Wiphy) -> Radio {
        self.settings.limit(wiphy.radio(), hardware::driver_of_radio(&wiphy.name).as_deref())
    }

    /// Removes what an earlier process that was killed has left: the kernel ended its connection and removed
    /// its keys when its sockets closed, but it keeps addresses and routes.
    fn clear_leftovers(&mut self, ifindex: u32) {
        let Some(left) = self.leftovers.remove(&ifindex) else { return };
        // A route may have gone with its address: that it is not there is no trouble.
        for route in left.routes {
            self.change(&rtnetlink::Request::DelRoute(route), Change::MayFail);
        }
        for address in left.addresses {
            self.change(&rtnetlink::Request::DelAddress(address), Change::MayFail);
        }
    }

    pub(super) fn set_up(&mut self, ifindex: u32) {
        let what = format!("set {} up", self.name(ifindex));
        self.change(&rtnetlink::Request::SetUp { ifindex, up: true }, Change::Told(what));
    }

    pub(super) fn set_port(&mut self, ifindex: u32, open: bool) {
        let state = if open { OperState::Up } else { OperState::Dormant };
        let what = format!("set the state of {}", self.name(ifindex));
        let mode = LinkMode::Dormant;
        self.change(&rtnetlink::Request::SetOperation { ifindex, mode, state }, Change::Told(what));
    }

    /// Tells of interfaces of station type whose radio and link are known by now.
    pub(super) fn announce(&mut self) {
        for (&ifindex, info) in &self.interfaces {
            let is_on_its_way = self.access_points.has(ifindex);
            if info.iftype != iftype::STATION || is_on_its_way || self.announced.contains(&ifindex) {
                continue;
            }
            let (Some(wiphy), Some(link)) =
                (self.radios.get(&info.interface.wiphy), self.links.get(&ifindex))
            else {
                continue;
            };
            self.announced.insert(ifindex);
            self.heard.push_back(Heard::Appeared(Found {
                interface: info.interface,
                name: link.name.clone(),
                address: link.address.unwrap_or(info.state.address),
                permanent: link.permanent.or(link.address).unwrap_or(info.state.address),
                radio: self.limited(wiphy),
                ad_hoc: wiphy.is_ad_hoc(),
                up: link.is_up(),
                radio_name: wiphy.name.clone(),
                hardware: Hardware::of_radio(&wiphy.name),
            }));
        }
        self.look_at_access_points();
    }

    pub(super) fn gone(&mut self, ifindex: u32) {
        self.interfaces.remove(&ifindex);
        self.links.remove(&ifindex);
        self.packets.remove(&ifindex);
        self.clients.remove(&ifindex);
        self.unshare(ifindex);
        self.key_frames.remove(&ifindex);
        self.adopted.remove(&ifindex);
        self.drawn.remove(&ifindex);
        self.readdressing.remove(&ifindex);
        self.provisions.remove(&ifindex);
        self.off.remove(&ifindex);
        self.leftovers.remove(&ifindex);
        self.rivals.forget(ifindex);
        self.forget_access_point(ifindex);
        self.unmark_access_point(ifindex);
        if self.announced.remove(&ifindex) {
            self.heard.push_back(Heard::Gone { ifindex });
        }
    }

    pub(super) fn radios(&mut self, radios: BTreeMap<u32, Wiphy>) {
        for (&wiphy, now) in &radios {
            if self.radios.get(&wiphy).is_some_and(|before| before != now) {
                let radio = self.limited(now);
                self.heard.push_back(Heard::RadioChanged { wiphy, radio });
            }
        }
        for &wiphy in radios.keys() {
            // Of a radio with rules of its own the kernel tells those.
            let request = nl80211::Request::ReadRegulatory { wiphy: Some(wiphy) };
            self.ask(&request, Purpose::Regulatory { wiphy });
        }
        self.radios = radios;
        self.tell_blocks();
        if std::mem::take(&mut self.regulatory) {
            let event = KernelEvent::RegulatoryChanged;
            self.heard.push_back(Heard::Station { ifindex: None, event });
        }
        self.announce();
        self.look_for_bare_radios();
    }

    pub(super) fn link(&mut self, link: Link) {
        let ifindex = link.ifindex;
        let mut went_down = false;
        if let Some(before) = self.links.get(&ifindex)
            && self.announced.contains(&ifindex)
        {
            if before.name != link.name {
                self.heard.push_back(Heard::Renamed { ifindex, name: link.name.clone() });
            }
            let is_station = !self.access_points.has(ifindex);
            if !is_station && before.is_up() && !link.is_up() {
                went_down = true;
            }
            let changes = link.changes_since(before).into_iter();
            let ours = self.is_own_doing(ifindex);
            for event in changes.filter(|event| is_station && !(ours && is_power(event))) {
                self.heard.push_back(Heard::Station { ifindex: Some(ifindex), event });
            }
        }
        self.links.insert(ifindex, link);
        if went_down {
            self.stopped(ifindex);
        }
        self.announce();
    }
}

/// Whether it is that the interface was set up or down.
const fn is_power(event: &KernelEvent) -> bool {
    matches!(event, KernelEvent::InterfaceDown | KernelEvent::InterfaceUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_frames_are_for_those_who_do_sae_for_firmware() {
        let kinds = [RadioKind::SoftMac, RadioKind::FullMac, RadioKind::FullMacSaeOffload];
        for kind in kinds {
            assert!(frames(kind).all(|(frame_type, _)| frame_type == 0x00d0), "{kind:?}");
        }
        let registered: Vec<_> = frames(RadioKind::FullMacExternalSae).collect();
        assert_eq!(registered.last(), Some(&(0x00b0, &[3, 0][..])));
        assert_eq!(registered.len(), FRAMES.len() + 1);
    }
}
