//! What a party reads back: the interface, the BSS table, the peers; and what checkers read.

use super::{Current, Held, HeldLink, Kernel, Later, Power, Truth, Wdev};
use lapwing_core::Instant;
use lapwing_core::kernel::{ChannelDefinition, InterfaceLink, InterfaceState, ScanEntry, StationState};
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::{BTreeMap, BTreeSet};

impl Kernel {
    /// What is the case.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let driver = self.below.driver();
        let held = match &self.wdev {
            Wdev::Connected { peer, ssid, .. } => driver.association().map(|association| Held {
                peer: *peer,
                ssid: ssid.clone(),
                authorized: association.authorized,
                links: association
                    .links
                    .iter()
                    .filter_map(|(id, (address, bssid, _))| {
                        Some(((*id)?, HeldLink { address: *address, bssid: *bssid }))
                    })
                    .collect(),
                station_links: association.station_links,
                pairwise: association.pairwise,
                group: association.group,
            }),
            _ => None,
        };
        Truth {
            up: self.power == Power::Up,
            busy: self.scan.is_some()
                || self.blocking.is_some()
                || self.work.is_some()
                || self.reply.is_some()
                || self.late.is_some()
                || matches!(self.wdev, Wdev::Connecting { .. })
                || driver.busy(),
            ending: self.work.as_ref().is_some_and(|(_, work)| {
                work.iter().any(|later| matches!(later, Later::Disconnected { .. } | Later::Roamed(_)))
            }),
            held,
        }
    }

    /// The links of the interface (`wdev->valid_links`).
    pub(super) fn links(&self) -> BTreeMap<LinkId, Current> {
        if let Wdev::Connected { links, .. } = &self.wdev
            && links.keys().any(Option::is_some)
        {
            return links.iter().filter_map(|(id, link)| Some(((*id)?, *link))).collect();
        }
        self.late.as_ref().map(|(_, links)| links.clone()).unwrap_or_default()
    }

    pub(super) const fn connected(&self) -> Option<MacAddr> {
        match &self.wdev {
            Wdev::Connected { peer, .. } => Some(*peer),
            _ => None,
        }
    }

    /// The BSSs that do not expire.
    pub(super) fn held_bssids(&self) -> BTreeSet<MacAddr> {
        match &self.wdev {
            Wdev::Idle => BTreeSet::new(),
            Wdev::Connecting { holding, .. } => holding.clone(),
            Wdev::Connected { links, .. } => links.values().map(|link| link.bssid).collect(),
        }
    }

    /// The network (`ssid_len`). The driver's own name for a pending SoftMAC association is not the interface's.
    fn ssid(&self) -> Option<&Ssid> {
        match &self.wdev {
            Wdev::Connected { ssid, .. } => Some(ssid),
            Wdev::Connecting { ssid, .. } if !self.is_softmac() => Some(ssid),
            _ => None,
        }
    }

    /// What `GET_INTERFACE` tells.
    #[must_use]
    pub fn read_interface(&self) -> InterfaceState {
        let channel = match &self.wdev {
            Wdev::Connected { links, .. } => {
                links.get(&None).map(|link| ChannelDefinition::narrow(link.frequency))
            }
            _ => None,
        };
        let links = self.links().into_iter().map(|(id, link)| InterfaceLink {
            id,
            address: link.address,
            channel: Some(ChannelDefinition::narrow(link.frequency)),
        });
        InterfaceState { address: self.address, ssid: self.ssid().cloned(), channel, links: links.collect() }
    }

    pub(super) fn read_scan(&self, now: Instant) -> Vec<ScanEntry> {
        let current = match &self.wdev {
            Wdev::Connected { peer, links, .. } => {
                links.iter().map(|(id, link)| (link.bssid, id.map(|id| (id, *peer)))).collect()
            }
            _ => BTreeMap::new(),
        };
        self.table.read(now, &current, self.ssid())
    }

    pub(super) fn read_stations(&self) -> Vec<StationState> {
        let Some(association) = self.below.driver().association() else { return Vec::new() };
        let heard =
            association.links.values().next().and_then(|(_, bssid, channel)| self.table.on(*bssid, *channel));
        vec![StationState {
            address: association.peer,
            authorized: association.authorized,
            signal_dbm: heard.and_then(|bss| i8::try_from(bss.signal_mbm / 100).ok()),
            transmit_rate: None,
            inactive_ms: None,
            links: association.station_links.into_iter().collect(),
        }]
    }
}
