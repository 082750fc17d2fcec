//! Association (`ieee80211_mgd_assoc` and what follows).

use super::frame;
use super::{Associated, Awaited, Link, Mac80211, Phase, time_units};
use crate::habit::Habit;
use crate::kernel::driver::{Context, Denial, Indication};
use crate::kernel::shared::Shared;
use crate::kernel::table::Bss;
use lapwing_core::Instant;
use lapwing_core::kernel::{
    AssociateRequest, AssociationPeer, Band, Connection, ConnectionLink, Errno, Frequency,
};
use lapwing_frames::element::inheritance::inherit;
use lapwing_frames::element::multi_link::{
    Basic, BasicCommon, MldCapabilities, MultiLink, PerStaProfile, ProfileKind, StaInfo, Subelement,
};
use lapwing_frames::element::{Element, ElementId, Elements, write_raw};
use lapwing_frames::management::{
    AssociationRequest, AssociationResponse, Body, CapabilityInformation, ReasonCode, ReassociationRequest,
    StatusCode,
};
use lapwing_frames::{LinkId, MacAddr};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often the request is sent (`IEEE80211_ASSOC_MAX_TRIES`).
const TRIES: u8 = 3;
/// How long each waits for an answer (`IEEE80211_ASSOC_TIMEOUT`).
const TIMEOUT: Duration = Duration::from_millis(200);
/// The header of a management frame.
const HEADER: usize = 24;
/// What stands in a request before the elements.
const FIXED: usize = 4;
/// The same with the address of the AP of before.
const FIXED_REASSOCIATION: usize = 10;
/// Our rates: 6 to 54 Mbit/s, of which 6, 12 and 24 are basic.
const RATES: [u8; 8] = [0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c];
/// The VHT Capabilities element.
const VHT_CAPABILITIES: ElementId = ElementId::Plain(191);
/// How often the station wakes up, in beacon intervals.
const LISTEN_INTERVAL: u16 = 10;
/// MLD Capabilities and Operations, bit 13: links can be added and removed by request.
pub(super) const RECONFIGURATION: u16 = 1 << 13;

/// An association under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Joining {
    /// The AP, or the AP MLD.
    pub(super) peer: MacAddr,
    association_link: Option<LinkId>,
    /// Each link; one without number if it is no multi-link association.
    pub(super) links: BTreeMap<Option<LinkId>, Link>,
    frame: Shared<Vec<u8>>,
    reassociation: bool,
    /// Whether the port is opened by the party.
    controls_port: bool,
    protects_management: bool,
    reconfigurable: bool,
    tries: u8,
    pub(super) until: Instant,
}

impl Joining {
    pub(super) fn association_link(&self) -> Option<&Link> {
        self.links.get(&self.association_link)
    }

    fn request_elements(&self) -> Vec<u8> {
        let fixed = if self.reassociation { FIXED_REASSOCIATION } else { FIXED };
        self.frame.get(HEADER + fixed..).unwrap_or_default().to_vec()
    }
}

pub(super) fn link(address: MacAddr, bssid: MacAddr, frequency: Frequency, bss: &Bss) -> Link {
    Link { address, bssid, frequency, interval: bss.interval, switching: None, silent: false }
}

/// The elements of the request: what every station says, what the party added, and who the links are.
fn elements(request: &AssociateRequest, own: MacAddr, links: &BTreeMap<Option<LinkId>, Link>) -> Vec<u8> {
    let mut elements = Vec::new();
    request.ssid.write(&mut elements);
    write_raw(ElementId::Plain(1), &RATES, &mut elements);
    elements.extend_from_slice(&request.elements);
    if let AssociationPeer::Mld { association_link, .. } = &request.peer {
        let capability = capability(request.security.is_some());
        let others =
            links.iter().filter_map(|(id, link)| id.filter(|id| id != association_link).map(|id| (id, link)));
        let profiles = others.map(|(id, link)| {
            Subelement::PerSta(PerStaProfile {
                number: id.get(),
                complete: true,
                info: StaInfo { address: Some(link.address), ..StaInfo::default() },
                reserved: 0,
                profile: capability.0.to_le_bytes().to_vec(),
            })
        });
        let most = u16::try_from(links.len().saturating_sub(1)).unwrap_or_default() & 0xf;
        let common = BasicCommon {
            mld_address: own,
            mld_capabilities: Some(MldCapabilities(most | RECONFIGURATION)),
            ..BasicCommon::default()
        };
        MultiLink::Basic(Basic { common, links: profiles.collect(), reserved: 0 }).write(&mut elements);
    }
    elements
}

fn capability(private: bool) -> CapabilityInformation {
    let capability = CapabilityInformation::ESS.with(CapabilityInformation::SHORT_SLOT_TIME);
    if private { capability.with(CapabilityInformation::PRIVACY) } else { capability }
}

impl Mac80211 {
    pub(super) fn associate(
        &mut self,
        request: AssociateRequest,
        context: &mut Context<'_>,
    ) -> Result<(), Denial> {
        let peer = request.peer.address();
        let wanted: Vec<(Option<LinkId>, MacAddr, Frequency)> = match &request.peer {
            AssociationPeer::Bss { bssid, frequency } => vec![(None, *bssid, *frequency)],
            AssociationPeer::Mld { links, .. } => {
                links.iter().map(|link| (Some(link.id), link.bssid, link.frequency)).collect()
            }
        };
        let association_link = match &request.peer {
            AssociationPeer::Bss { .. } => None,
            AssociationPeer::Mld { association_link, .. } => Some(*association_link),
        };
        let mut found: Vec<(Option<LinkId>, MacAddr, Frequency, Shared<Bss>)> = Vec::new();
        for (id, bssid, frequency) in wanted {
            let bss = context.table.find(bssid, frequency, &request.ssid).ok_or(Errno::ENOENT)?;
            found.push((id, bssid, frequency, bss.clone()));
        }
        let first = found.iter().find(|(id, ..)| *id == association_link).ok_or(Errno::EINVAL)?;
        if first.3.switches_channel() {
            context.log(|| String::from("AP is in CSA process, reject assoc"));
            return Err(Errno::EINVAL.into());
        }
        let reconfigurable = first.3.multi_link().is_some_and(|element| {
            let capabilities = element.basic().and_then(|basic| basic.common.mld_capabilities);
            capabilities.is_some_and(|capabilities| capabilities.0 & RECONFIGURATION != 0)
        });
        let bssid = first.1;
        if let Phase::Associated(associated) = &self.phase {
            let old = associated.peer;
            context.log(|| format!("disconnect from AP {old} for new assoc to {peer}"));
            self.leave(ReasonCode::Unspecified, false, context);
        }
        // Who authenticated goes on with the link that there is, and its address.
        let before = match &self.phase {
            Phase::Authenticating(authenticating) if !authenticating.is_done() => {
                return Err(Errno::EBUSY.into());
            }
            Phase::Joining(_) => return Err(Errno::EBUSY.into()),
            Phase::Authenticating(before) if before.bssid == bssid && before.link == association_link => {
                Some(before.address)
            }
            _ => None,
        };
        let mut links = BTreeMap::new();
        for (id, bssid, frequency, bss) in found {
            let address = match (before, id) {
                (Some(address), id) if id == association_link => address,
                (_, Some(_)) => context.random_address(),
                (_, None) => context.address,
            };
            links.insert(id, link(address, bssid, frequency, &bss));
        }
        let elements = elements(&request, context.address, &links);
        let capabilities = capability(request.security.is_some());
        let body = match request.previous {
            None => Body::AssociationRequest(AssociationRequest {
                capabilities,
                listen_interval: LISTEN_INTERVAL,
                elements,
            }),
            Some(current_ap) => Body::ReassociationRequest(ReassociationRequest {
                capabilities,
                listen_interval: LISTEN_INTERVAL,
                current_ap,
                elements,
            }),
        };
        self.awaited.retain(|_, awaited| !matches!(awaited, Awaited::Authentication | Awaited::Association));
        context.say(Indication::AbortScan);
        self.phase = Phase::Joining(Box::new(Joining {
            peer,
            association_link,
            links,
            frame: Shared::new(frame::management(peer, context.address, peer, body)),
            reassociation: request.previous.is_some(),
            controls_port: request.security.is_some(),
            protects_management: request
                .security
                .is_some_and(|security| security.management_frame_protection),
            reconfigurable,
            tries: 0,
            until: context.now,
        }));
        self.send_association(context);
        Ok(())
    }

    fn send_association(&mut self, context: &mut Context<'_>) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let peer = joining.peer;
        if joining.tries >= TRIES {
            context.log(|| format!("association with {peer} timed out"));
            return self.association_fails(context);
        }
        joining.tries += 1;
        joining.until = context.now + TIMEOUT;
        let (tries, frame) = (joining.tries, joining.frame.clone());
        let Some(link) = joining.association_link().copied() else { return };
        context.log(|| format!("associate with {peer} (try {tries}/{TRIES})"));
        let number = self.number(Awaited::Association);
        context.say(frame::transmit(&frame, &link, None, Some(number)));
    }

    /// The association ends without an answer that can be told.
    fn association_fails(&mut self, context: &mut Context<'_>) {
        if let Phase::Joining(joining) = std::mem::take(&mut self.phase) {
            context.say(Indication::AssociationTimedOut(joining.peer));
        }
    }

    pub(super) fn association_sent(&mut self, acknowledged: bool, context: &mut Context<'_>) {
        if let Phase::Joining(joining) = &mut self.phase {
            if acknowledged {
                joining.until = joining.until.max(context.now + TIMEOUT);
            } else {
                self.send_association(context);
            }
        }
    }

    pub(super) fn association_due(&mut self, context: &mut Context<'_>) {
        if let Phase::Joining(joining) = &self.phase
            && joining.until <= context.now
        {
            self.send_association(context);
        }
    }

    /// `ieee80211_rx_mgmt_assoc_resp`. The frame has the addresses of MLDs.
    pub(super) fn association_received(
        &mut self,
        frame: Vec<u8>,
        body: AssociationResponse,
        context: &mut Context<'_>,
    ) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let peer = joining.peer;
        let (status, id) = (body.status, body.association_id.0 & 0x3fff);
        let kind = if joining.reassociation { "Reassoc" } else { "Assoc" };
        context.log(|| {
            format!(
                "RX {kind}Resp from {peer} (capab={:#x} status={} aid={id})",
                body.capabilities.0, status.0
            )
        });
        if status == StatusCode::RefusedTemporarily
            && let Some(after) = comeback(&body)
        {
            let time = after.as_millis();
            context.log(|| format!("{peer} rejected association temporarily; comeback duration ({time} ms)"));
            if after > TIMEOUT {
                joining.until = context.now + after;
            }
            context.say(Indication::AssociationComeback { peer, after });
            return;
        }
        let statuses = match joining.statuses(&body, context) {
            Some(statuses) => statuses,
            None => {
                context
                    .log(|| format!("{peer} sent an association response without a profile for each link"));
                return self.association_fails(context);
            }
        };
        let connection = Connection {
            peer,
            status,
            timed_out: false,
            request_elements: joining.request_elements(),
            response_elements: body.elements,
            links: joining
                .links
                .iter()
                .filter_map(|(id, link)| {
                    let id = (*id)?;
                    let status = statuses.get(&id).copied().unwrap_or(StatusCode::UnspecifiedFailure);
                    Some(ConnectionLink { id, bssid: link.bssid, address: link.address, status })
                })
                .collect(),
        };
        let channels = joining.links.iter().map(|(id, link)| (*id, link.frequency)).collect();
        let Phase::Joining(joining) = std::mem::take(&mut self.phase) else { return };
        if status == StatusCode::Success {
            self.phase = Phase::Associated(Box::new(joining.associated(&statuses)));
            context.log(|| String::from("associated"));
        } else {
            context.log(|| format!("{peer} denied association (code={})", status.0));
        }
        context.say(Indication::Association { frame, connection, channels });
    }
}

/// How long the AP asks for (Timeout Interval element of type 3).
fn comeback(body: &AssociationResponse) -> Option<Duration> {
    let interval = body.elements().iter().find(|element| element.id == ElementId::Plain(56))?;
    match interval.body[..] {
        [3, a, b, c, d] => Some(time_units(u64::from(u32::from_le_bytes([a, b, c, d])))),
        _ => None,
    }
}

/// Whether a link has VHT by what is said of it, what it inherits from the frame included.
fn has_vht(frame: Elements<'_>, profile: Elements<'_>) -> bool {
    let own = inherit(frame, profile).unwrap_or_default();
    Elements::new(&own).iter().any(|element| element.id == VHT_CAPABILITIES)
}

impl Joining {
    /// The answer for each link of a multi-link association; nothing if the response does not say.
    fn statuses(
        &self,
        body: &AssociationResponse,
        context: &mut Context<'_>,
    ) -> Option<BTreeMap<LinkId, StatusCode>> {
        let Some(first) = self.association_link else { return Some(BTreeMap::new()) };
        let mut statuses = BTreeMap::from([(first, body.status)]);
        if body.status != StatusCode::Success {
            let others = self.links.keys().copied().flatten();
            statuses.extend(others.map(|id| (id, body.status)));
            return Some(statuses);
        }
        let element = body.elements().find::<MultiLink>().ok()??;
        let basic = element.basic().filter(|basic| basic.common.mld_address == self.peer)?;
        let profiles = basic.profiles_by_link().ok()?;
        let is_strict = context.setup.habits.has(Habit::KernelStrictVht);
        for (id, link) in self.links.iter().filter_map(|(id, link)| Some(((*id)?, link))) {
            if id == first {
                continue;
            }
            let profile = profiles.get(&id)?.complete_profile(ProfileKind::AssociationResponse).ok()?;
            let is_narrow = link.frequency.band() == Some(Band::Band2);
            if is_strict && is_narrow && has_vht(body.elements(), profile.elements) {
                context.log(|| format!("[link {id}] VHT capabilities mismatch"));
                statuses.insert(id, StatusCode::UnspecifiedFailure);
            } else {
                statuses.insert(id, profile.status?);
            }
        }
        Some(statuses)
    }

    fn associated(self, statuses: &BTreeMap<LinkId, StatusCode>) -> Associated {
        let accepted =
            |id: &Option<LinkId>| id.is_none_or(|id| statuses.get(&id) == Some(&StatusCode::Success));
        let links: BTreeMap<_, _> = self.links.into_iter().filter(|(id, _)| accepted(id)).collect();
        Associated {
            peer: self.peer,
            protects_management: self.protects_management,
            authorized: !self.controls_port,
            station_links: links.keys().copied().flatten().collect(),
            links,
            reconfigurable: self.reconfigurable,
            pairwise: BTreeMap::new(),
            sending: 0,
            group: BTreeMap::new(),
            removal: None,
            reconfiguring: None,
            loss: None,
            watched: None,
        }
    }
}
