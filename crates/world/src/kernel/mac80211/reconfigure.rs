//! Links added and removed by request of the party (`ieee80211_mgd_assoc_ml_reconf`).

use super::associate::{RECONFIGURATION, link};
use super::frame;
use super::{Link, Mac80211, Phase, mask};
use crate::kernel::driver::{Context, Denial, Indication};
use lapwing_core::Instant;
use lapwing_core::kernel::{Errno, Frequency};
use lapwing_frames::element::Element;
use lapwing_frames::element::multi_link::{
    MldCapabilities, MultiLink, PerStaReconfiguration, ProfileKind, Reconfiguration, ReconfigurationCommon,
    ReconfigurationInfo, ReconfigurationOperation, Subelement,
};
use lapwing_frames::management::action::{LinkReconfigurationRequest, LinkReconfigurationResponse};
use lapwing_frames::management::{Action, Body, CapabilityInformation, StatusCode};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the AP MLD may take to answer (`IEEE80211_ASSOC_TIMEOUT_SHORT`).
const TIMEOUT: Duration = Duration::from_millis(100);

/// A reconfiguration that the AP MLD has not answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reconfiguring {
    pub(super) until: Instant,
    dialog_token: u8,
    added: BTreeMap<LinkId, Link>,
    removed: BTreeSet<LinkId>,
}

/// The request's Multi-Link element.
fn element(own: MacAddr, added: &BTreeMap<LinkId, Link>, removed: &BTreeMap<LinkId, MacAddr>) -> MultiLink {
    let profile = |id: LinkId, address, operation, profile: Vec<u8>| {
        Subelement::PerSta(PerStaReconfiguration {
            number: id.get(),
            complete: !profile.is_empty(),
            operation,
            info: ReconfigurationInfo { address: Some(address), ..ReconfigurationInfo::default() },
            reserved: 0,
            profile,
        })
    };
    let capability = CapabilityInformation::ESS.with(CapabilityInformation::PRIVACY).0.to_le_bytes().to_vec();
    let add = added
        .iter()
        .map(|(id, link)| profile(*id, link.address, ReconfigurationOperation::AddLink, capability.clone()));
    let delete = removed
        .iter()
        .map(|(id, address)| profile(*id, *address, ReconfigurationOperation::DeleteLink, Vec::new()));
    let common = ReconfigurationCommon {
        mld_address: Some(own),
        mld_capabilities: (!added.is_empty()).then_some(MldCapabilities(RECONFIGURATION | 1)),
        ..ReconfigurationCommon::default()
    };
    MultiLink::Reconfiguration(Reconfiguration { common, links: delete.chain(add).collect(), reserved: 0 })
}

impl Mac80211 {
    pub(super) fn reconfigure(
        &mut self,
        add: &BTreeMap<LinkId, (MacAddr, Frequency)>,
        remove: &BTreeSet<LinkId>,
        context: &mut Context<'_>,
    ) -> Result<(), Denial> {
        let Phase::Associated(associated) = &mut self.phase else { return Err(Errno::EINVAL.into()) };
        let before = associated.link_ids();
        if before.is_empty() || !associated.reconfigurable {
            return Err(Errno::EINVAL.into());
        }
        if associated.reconfiguring.is_some() {
            return Err(Errno::EBUSY.into());
        }
        if before.is_subset(remove) {
            context.log(|| String::from("mlo: reconf: no valid links"));
            return Err(Errno::EINVAL.into());
        }
        let mut added = BTreeMap::new();
        for (id, (bssid, frequency)) in add {
            let bss = context.table.on(*bssid, *frequency).ok_or(Errno::ENOENT)?.clone();
            added.insert(*id, link(context.random_address(), *bssid, *frequency, &bss));
        }
        let links = associated.links.iter();
        let removed: BTreeMap<_, _> = links
            .filter_map(|(id, link)| Some(((*id)?, link.address)))
            .filter(|(id, _)| remove.contains(id))
            .collect();
        self.dialog_token = self.dialog_token.wrapping_add(1);
        let mut elements = Vec::new();
        element(context.address, &added, &removed).write(&mut elements);
        let request = LinkReconfigurationRequest { dialog_token: self.dialog_token, elements };
        let peer = associated.peer;
        let body = Body::Action(Action::LinkReconfigurationRequest(request));
        let frame = frame::management(peer, context.address, peer, body);
        // The links go before the frame: nothing shall be sent on what the AP is about to drop.
        if !remove.is_empty() {
            associated.remove_links(context.now, remove, false);
            context.say(Indication::LinksRemoved(remove.clone()));
        }
        context.log(|| format!("mlo: reconf: adding={:#x}, removed={:#x}", mask(added.keys()), mask(remove)));
        associated.reconfiguring = Some(Reconfiguring {
            until: context.now + TIMEOUT,
            dialog_token: self.dialog_token,
            added,
            removed: remove.clone(),
        });
        let protection = associated.protect_management();
        let Some(link) = associated.links.values().next().copied() else { return Err(Errno::EINVAL.into()) };
        context.say(frame::transmit(&frame, &link, protection, None));
        Ok(())
    }

    pub(super) fn reconfiguration_due(&mut self, context: &mut Context<'_>) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let now = context.now;
        if let Some(late) = associated.reconfiguring.take_if(|reconfiguring| reconfiguring.until <= now) {
            context.log(|| {
                let (added, removed) = (mask(late.added.keys()), mask(&late.removed));
                format!("mlo: reconf: timeout: added={added:#x}, removed={removed:#x}")
            });
            self.lose(context);
        }
    }

    /// `ieee80211_process_ml_reconf_resp`: whatever is not as it must be ends the connection.
    pub(super) fn reconfiguration_received(
        &mut self,
        frame: Vec<u8>,
        body: &LinkReconfigurationResponse,
        context: &mut Context<'_>,
    ) {
        let Phase::Associated(associated) = &mut self.phase else { return };
        let token = body.dialog_token;
        let Some(Reconfiguring { mut added, removed, .. }) =
            associated.reconfiguring.take_if(|reconfiguring| reconfiguring.dialog_token == token)
        else {
            return;
        };
        let changed: BTreeSet<LinkId> = added.keys().chain(&removed).copied().collect();
        let mut left = changed.clone();
        for answer in &body.links {
            let number = answer.information & 0xf;
            let Some(id) = answer.link().filter(|id| left.remove(id)) else {
                let changed = mask(&changed);
                context.log(|| format!("mlo: reconf: unexpected link: {number}, changed={changed:#x}"));
                return self.lose(context);
            };
            if answer.status != StatusCode::Success {
                let status = answer.status.0;
                context.log(|| format!("mlo: reconf: failed on link={number}, status={status}"));
                if removed.contains(&id) {
                    return self.lose(context);
                }
                added.remove(&id);
            }
        }
        if !left.is_empty() {
            context.log(|| format!("mlo: reconf: no response for links={:#x}", mask(&left)));
            return self.lose(context);
        }
        // A removal alone is no event: it was told when the links went.
        if added.is_empty() {
            return;
        }
        if body.group_keys.is_none() {
            context.log(|| String::from("mlo: reconf: invalid group key data length"));
            return self.lose(context);
        }
        for id in added.keys() {
            if associated.station_links.contains(id) {
                context.warn("net/mac80211/sta_info.c", "ieee80211_sta_allocate_link");
                return self.lose(context);
            }
        }
        if !profiles_accept(body, &added) {
            return self.lose(context);
        }
        for (id, link) in &added {
            context.log(|| {
                let (address, bssid) = (link.address, link.bssid);
                format!("[link {id}] mlo: reconf: local address {address}, AP link address {bssid}")
            });
            associated.station_links.insert(*id);
            associated.links.insert(Some(*id), *link);
        }
        let (valid, new) = (mask(&associated.link_ids()), mask(added.keys()));
        context.log(|| format!("mlo: reconf: current valid_links={valid:#x}, added={new:#x}"));
        let links = added.into_iter().map(|(id, link)| (id, (link.address, link.bssid, link.frequency)));
        context.say(Indication::LinksAdded { frame, links: links.collect() });
    }
}

/// Whether the response has a complete profile that says yes for each link.
fn profiles_accept(body: &LinkReconfigurationResponse, added: &BTreeMap<LinkId, Link>) -> bool {
    let Ok(Some(MultiLink::Basic(basic))) = body.elements().find::<MultiLink>() else { return false };
    let Ok(profiles) = basic.profiles_by_link() else { return false };
    added.keys().all(|id| {
        let profile =
            profiles.get(id).map(|profile| profile.complete_profile(ProfileKind::AssociationResponse));
        matches!(profile, Some(Ok(profile)) if profile.status == Some(StatusCode::Success))
    })
}
