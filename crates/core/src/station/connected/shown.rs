//! What a person is told of the links of a connection.

use super::{super::Context, Connected};
use crate::{
    scan::Table,
    select::{
        LeftOut,
        mld::{self, Announced},
    },
    station::multi_link::{LinkState, LinkView, MultiLink},
    time::Instant,
};
use alloc::collections::{BTreeMap, BTreeSet};
use lapwing_frames::LinkId;

impl Connected {
    /// The AP MLD that the connection is with, if it is with one, and all links of it that are known.
    pub(in super::super) fn multi_link(&self, context: &Context, now: Instant) -> Option<MultiLink> {
        let origin = self.links.origin.as_ref().filter(|_| self.is_held())?;
        let mut links: BTreeMap<LinkId, LinkView> = BTreeMap::new();
        // What comes later about a link counts.
        let mut add = |link: LinkView| links.extend([(link.id, link)]);
        for link in &origin.left_out {
            let state = LinkState::LeftOut(link.left_out?);
            add(LinkView::outside(link.id, link.bssid, link.frequency, state));
        }
        for (id, (bssid, frequency, status)) in &origin.refused {
            add(LinkView::outside(*id, *bssid, Some(*frequency), LinkState::Refused(*status)));
        }
        for (id, missing) in &self.links.missing {
            if let Some((bssid, frequency)) = missing.removed {
                let is_back = LinkState::LeftOut(LeftOut::NotByKernel);
                let state = if missing.is_back { is_back } else { LinkState::Removed };
                add(LinkView::outside(*id, bssid, Some(frequency), state));
            }
        }
        for (id, link) in self.links.change.iter().flat_map(|change| change.links()) {
            add(LinkView::outside(*id, link.bssid, Some(link.frequency), LinkState::BeingAdded));
        }
        let peer = self.supplicant.as_ref().map(|supplicant| &supplicant.setup().peer);
        for (id, link) in peer.into_iter().flat_map(|peer| peer.links()) {
            add(LinkView {
                id,
                bssid: link.bssid,
                frequency: self.links.frequencies.get(&id).copied(),
                own: Some(link.station),
                association: peer.is_some_and(|peer| peer.association_link() == Some(id)),
                state: if self.links.disabled.contains(&id) { LinkState::Disabled } else { LinkState::Used },
            });
        }
        if let Some(id) = origin.alone {
            add(LinkView {
                id,
                bssid: self.peer,
                frequency: Some(crate::kernel::Frequency(self.connection.frequency)),
                own: Some(context.address),
                association: true,
                state: LinkState::Used,
            });
        }
        Some(MultiLink {
            address: origin.address,
            manner: origin.manner,
            fell_back: context.history.fell_back(origin.address, now).cloned(),
            links: links.into_values().collect(),
        })
    }

    /// The links that the AP has disabled for the moment, by what was heard last of it.
    pub(super) fn disabled(&self, table: &Table) -> BTreeSet<LinkId> {
        let bsss = self.bssids().into_iter().filter_map(|bssid| table.get(bssid));
        let latest = bsss.max_by_key(|bss| bss.heard);
        let said = latest.and_then(|bss| Some((bss, Announced::of(bss)?)));
        said.filter(|(_, said)| said.address == self.peer)
            .map_or_else(BTreeSet::new, |(bss, said)| mld::disabled(bss, &said))
    }
}
