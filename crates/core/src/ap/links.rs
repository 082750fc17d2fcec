//! Links that go and come, and channels that change (802.11be 35.3.6, 802.11-2020 11.8.8).

use super::{
    AccessPoint, At,
    bss::{BssState, Removal},
    client::{Client, Reading, Reconfiguration},
    vocabulary::{Report, Request},
};
use crate::{
    Entropy, Instant,
    kernel::{ChannelDefinition, KeyKind, KeyRequest},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use lapwing_frames::{
    LinkId, MacAddr,
    element::{
        Counted, Element, MultiLink,
        multi_link::{PerStaReconfiguration, ReconfigurationOperation},
    },
    kde::{GroupKey, GroupKeyKind, Kde, KeyOctets},
    management::{
        Action, Body, ReasonCode, StatusCode,
        action::{GroupKeyData, LinkReconfigurationRequest, LinkReconfigurationResponse, LinkStatus},
    },
};

impl AccessPoint {
    /// Announces the end of a link. The last one stays: an AP MLD without links is none.
    pub(super) fn announce_removal(&mut self, now: Instant, link: LinkId, beacons: u16) {
        let staying = self.bss.iter().filter(|(id, bss)| **id != Some(link) && bss.removal.is_none()).count();
        let beacon_time = self.setup.beacon_time();
        let Some(bss) = self.bss.get_mut(&Some(link)) else { return };
        if staying == 0 || bss.removal.is_some() {
            return;
        }
        bss.removal = Some(Removal { beacons: beacons.max(1), next: now + beacon_time });
        bss.count_change();
        self.refresh_beacons();
    }

    /// Counts the beacons of links that go.
    pub(super) fn count_removals_down(&mut self, now: Instant) {
        let beacon_time = self.setup.beacon_time();
        let mut changed = false;
        let mut gone = Vec::new();
        for (id, bss) in &mut self.bss {
            let (Some(id), Some(removal)) = (id, &mut bss.removal) else { continue };
            while now >= removal.next && removal.beacons > 0 {
                removal.beacons -= 1;
                removal.next = removal.next + beacon_time;
                changed = true;
            }
            if removal.beacons == 0 {
                gone.push(*id);
            }
        }
        gone.iter().for_each(|link| self.remove_link(*link));
        if changed {
            self.refresh_beacons();
        }
    }

    /// Removes a link: from every client first, so that none refers to what is not there.
    fn remove_link(&mut self, link: LinkId) {
        for station in self.clients.stations().collect::<Vec<_>>() {
            let (only, has) = match self.clients.get(station) {
                Some(Client::Authenticated(authentication)) => {
                    let on_it = authentication.link == Some(link);
                    (on_it, on_it)
                }
                Some(Client::Associated(association)) if association.authentication.is_mld => {
                    let has = association.links.contains_key(&link);
                    (has && association.links.len() == 1, has)
                }
                Some(Client::Associated(association)) => {
                    (association.link == Some(link), association.link == Some(link))
                }
                None => (false, false),
            };
            if only {
                self.expel(station, ReasonCode::LeavingDeauthenticated, "its last link was removed");
            } else if has {
                self.ask(Request::RemoveLinkStation { station, link });
                self.change_links(station, |links| {
                    links.remove(&link);
                });
            }
        }
        self.drop_bss(link);
        self.ask(Request::StopBss { link: Some(link) });
        self.ask(Request::RemoveLink { link });
        self.count_change_of_all();
        self.report(Report::LinksChanged);
    }

    /// The kernel refused what a BSS cannot begin without. An AP MLD goes on with the other links, as long as there is
    /// one.
    pub(super) fn on_refused_bss(&mut self, link: Option<LinkId>) {
        // What belongs to a link that was given up is refused, too.
        if !self.bss.contains_key(&link) {
            return;
        }
        match link {
            Some(link) if self.bss.len() > 1 => {
                self.remove_link(link);
                self.refresh_beacons();
                self.report(Report::LinkRefused(link));
            }
            _ => self.report(Report::Broken("a BSS cannot begin")),
        }
    }

    /// Brings a link back onto the air, with new keys.
    pub(super) fn add_link(&mut self, link: LinkId, entropy: &mut dyn Entropy) {
        let Some(bss) = self.setup.structure.bss(Some(link)) else { return };
        if self.bss.is_empty() || self.bss.contains_key(&Some(link)) {
            return;
        }
        self.ask(Request::AddLink { link, address: bss.bssid });
        // A station that remembers the link from before must see that it is another one now.
        let count = self.bss.values().map(|bss| bss.change_count).max().unwrap_or_default();
        self.start_bss(Some(link), count, entropy);
        self.count_change_of_all();
        self.announce_bss(Some(link));
        self.refresh_beacons();
        self.report(Report::LinksChanged);
    }

    fn count_change_of_all(&mut self) {
        self.bss.values_mut().for_each(BssState::count_change);
    }

    /// Changes the links of an associated client, and what its handshakes know of them.
    fn change_links(&mut self, station: MacAddr, change: impl FnOnce(&mut BTreeMap<LinkId, MacAddr>)) {
        let Some(Client::Associated(association)) = self.clients.get_mut(station) else { return };
        change(&mut association.links);
        if !association.link.is_some_and(|link| association.links.contains_key(&link)) {
            association.link = association.links.keys().next().copied();
        }
        let links = association.links.clone();
        let Some(association) = self.association(station) else { return };
        let keys = self.keys_for(association);
        let peer_links =
            links.iter().map(|(id, address)| (*id, self.peer_link(Some(*id), *address, true))).collect();
        if let Some(Client::Associated(association)) = self.clients.get_mut(station)
            && let Some(authenticator) = association.port.authenticator_mut()
        {
            authenticator.set_links(peer_links, keys);
        }
    }

    /// A client wants other links (802.11be 35.3.6.4). It is associated, and the request was protected.
    pub(super) fn on_reconfiguration(
        &mut self,
        now: Instant,
        at: &At,
        station: MacAddr,
        request: &LinkReconfigurationRequest,
    ) {
        let Ok(Some(MultiLink::Reconfiguration(asked))) = request.elements().find::<MultiLink>() else {
            return self.ignore(station, "it asks for nothing");
        };
        if request.elements().iter().filter(|element| element.id == MultiLink::ID).count() > 1 {
            return self.ignore(station, "it contradicts itself");
        }
        let adds = asked.profiles().any(|asked| asked.operation == ReconfigurationOperation::AddLink);
        let here = self.association(station).is_some_and(|own| self.is_here(at, own, &request.elements));
        if adds && !here {
            return self.ignore(station, "it is on another channel");
        }
        let is_mld = self.association(station).is_some_and(|association| {
            association.authentication.is_mld && association.reconfiguration.is_none()
        });
        let Ok(profiles) = asked.profiles_by_link() else {
            return self.ignore(station, "it contradicts itself");
        };
        if !is_mld || asked.common.mld_address != Some(station) || profiles.is_empty() {
            return self.ignore(station, "it is no wish of this device");
        }
        let mut statuses = Vec::new();
        let mut added = Vec::new();
        for (link, profile) in profiles {
            let status = match profile.operation {
                // The keys of all new links have to fit one field.
                ReconfigurationOperation::AddLink if !self.keys_fit(added.len() + 1) => {
                    StatusCode::RequestDeclined
                }
                _ => self.reconfigure(station, link, profile),
            };
            if status == StatusCode::Success && profile.operation == ReconfigurationOperation::AddLink {
                added.push(link);
            }
            statuses.push(LinkStatus { information: link.get(), status });
        }
        let (wanted, until) = (BTreeSet::new(), now);
        let (reading, dialog_token) = (Reading { wanted, until }, request.dialog_token);
        self.read_for_links(now, station, Reconfiguration { reading, dialog_token, statuses, added });
    }

    /// Tells a client which links it has now, with their keys.
    pub(super) fn answer_reconfiguration(&mut self, station: MacAddr, answer: Reconfiguration) {
        let Reconfiguration { dialog_token, statuses: links, added, .. } = answer;
        let Some(association) = self.association(station) else { return };
        let (Some(on), keys) = (association.link, self.keys_for(association)) else { return };
        let mut elements = Vec::new();
        let mut group_keys = None;
        if !added.is_empty() {
            let of_added = keys.iter().filter(|key| key.link.is_some_and(|link| added.contains(&link)));
            let mut octets = Vec::new();
            of_added.filter_map(key_data).for_each(|kde| kde.write(&mut octets));
            group_keys = Counted::new(octets).filter(|octets| !octets.is_empty()).map(GroupKeyData);
            // Nothing to inherit is in the frame around them.
            let profiles = added.iter().map(|id| self.profile(*id, &[], Some(StatusCode::Success))).collect();
            elements.extend(self.operating_channel_of(station));
            self.multi_link(on, profiles).write(&mut elements);
        }
        let response = LinkReconfigurationResponse { dialog_token, links, group_keys, elements };
        self.send_to(station, Body::Action(Action::LinkReconfigurationResponse(response)));
        self.report(Report::LinksChanged);
    }

    /// Whether the group keys of so many links fit the Group Key Data field, whose length is one octet.
    fn keys_fit(&self, links: usize) -> bool {
        /// Header, key ID, packet number and link of a KDE.
        const AROUND: usize = 15;
        let of_one = |bss: &BssState| bss.keys.iter().map(|key| key.key.len() + AROUND).sum::<usize>();
        let longest = self.bss.values().map(of_one).max().unwrap_or_default();
        longest * links <= usize::from(u8::MAX)
    }

    /// Adds or removes one link of a client, if it can be.
    fn reconfigure(&mut self, station: MacAddr, link: LinkId, profile: &PerStaReconfiguration) -> StatusCode {
        let Some(association) = self.association(station) else { return StatusCode::UnspecifiedFailure };
        let (has, count) = (association.links.contains_key(&link), association.links.len());
        let wanted = profile.info.address.filter(|address| !address.is_group() && !address.is_zero());
        match (profile.operation, wanted) {
            (ReconfigurationOperation::AddLink, Some(address)) => {
                let there = self.bss.get(&Some(link)).is_some_and(|bss| bss.removal.is_none());
                let taken = self.is_ours(address)
                    || self.is_used_by_another(station, address)
                    || association.links.values().any(|other| *other == address);
                let complete = profile.complete_profile().ok();
                let complete = complete.filter(|own| own.elements.find_raw::<MultiLink>().is_none());
                let (false, false, Some(complete)) = (has, taken, complete) else {
                    return StatusCode::InvalidParameters;
                };
                if !there {
                    return StatusCode::RequestDeclined;
                }
                // Nothing to inherit is in the frame around it.
                let elements = complete.elements.octets().to_vec();
                self.ask(Request::AddLinkStation { station, link, address, elements });
                self.change_links(station, |links| {
                    links.insert(link, address);
                });
                StatusCode::Success
            }
            (ReconfigurationOperation::DeleteLink, _) if has && count > 1 => {
                self.ask(Request::RemoveLinkStation { station, link });
                self.change_links(station, |links| {
                    links.remove(&link);
                });
                StatusCode::Success
            }
            (ReconfigurationOperation::AddLink | ReconfigurationOperation::DeleteLink, _) => {
                StatusCode::InvalidParameters
            }
            _ => StatusCode::RequestDeclined,
        }
    }

    /// Begins a channel switch.
    pub(super) fn switch_channel(&mut self, link: Option<LinkId>, to: ChannelDefinition, beacons: u8) {
        let beacons = beacons.max(1);
        let Some(bss) = self.bss.get_mut(&link).filter(|bss| bss.switching.is_none()) else { return };
        let from = core::mem::replace(&mut bss.channel, to);
        bss.count_change();
        let after = self.announcement(link);
        if let Some(bss) = self.bss.get_mut(&link) {
            (bss.channel, bss.switching) = (from, Some((to, beacons)));
        }
        if let (Some(during), Some(after)) = (self.announcement(link), after) {
            self.ask(Request::SwitchChannel { to, beacons, during, after });
        }
    }

    /// A channel switch is complete: the other links' beacons name the new channel.
    pub(super) fn on_channel_switched(&mut self, link: Option<LinkId>, channel: ChannelDefinition) {
        let Some(bss) = self.bss.get_mut(&link) else { return };
        (bss.channel, bss.switching) = (channel, None);
        let others: Vec<_> = self.bss.keys().copied().filter(|id| *id != link).collect();
        let announcements: Vec<_> = others.into_iter().filter_map(|id| self.announcement(id)).collect();
        announcements.into_iter().for_each(|announcement| self.ask(Request::SetBeacon(announcement)));
    }
}

/// A group key as key data.
fn key_data(key: &KeyRequest) -> Option<Kde<'_>> {
    let kind = match key.kind {
        KeyKind::Group => GroupKeyKind::Data,
        KeyKind::Integrity => GroupKeyKind::Integrity,
        KeyKind::Beacon => GroupKeyKind::Beacon,
        KeyKind::Pairwise { .. } => return None,
    };
    Some(Kde::GroupKey(GroupKey {
        kind,
        link: key.link,
        key_id: u16::from(key.index),
        transmit: false,
        packet_number: Some(key.sequence),
        key: KeyOctets(key.key.expose()),
    }))
}
