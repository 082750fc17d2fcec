//! What an access point says of itself: in beacons, probe responses, association responses, and about its
//! links.

use super::{
    AccessPoint,
    bss::Removal,
    capabilities::{OnChannel, Shape},
    setup::{DTIM_PERIOD, FrameProtection, Security, Structure},
    vocabulary::{Announcement, Request},
};
use crate::{
    rsn::{Advertised, ft::authenticator::Member},
    sae::Method,
};
use alloc::{boxed::Box, vec, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr,
    element::{
        Element, ElementId, Elements, ExtendedCapabilities, ExtendedCapability, MultiLink, NonInheritance,
        OweTransition, ReducedNeighborReport, Rsn, RsnCapabilities, Rsnx, RsnxCapability,
        multi_link::{
            Basic, BasicCommon, CompleteProfile, Dtim, EmlCapabilities, LinkIdInfo, MldCapabilities,
            PerStaProfile, PerStaReconfiguration, Reconfiguration, ReconfigurationCommon,
            ReconfigurationInfo, ReconfigurationOperation, StaInfo, Subelement,
        },
        rnr::{BssParameters, MldParameters, NeighborAp, TbttInfo, short_ssid},
        write_raw,
    },
    management::{CapabilityInformation, StatusCode},
};

/// Elements that belong to the frame around a profile alone.
const OF_THE_FRAME: [ElementId; 6] = [
    ElementId::Plain(37),
    ElementId::Plain(60),
    ElementId::Plain(62),
    ElementId::Plain(196),
    ElementId::Plain(201),
    ElementId::Extended(107),
];

/// WMM parameters with the values of the standard; a station refuses links without.
const WMM: [u8; 24] = [
    0x00, 0x50, 0xf2, 2, 1, 1, 0, 0, 0x03, 0xa4, 0, 0, 0x27, 0xa4, 0, 0, 0x42, 0x43, 0x5e, 0, 0x62, 0x32,
    0x2f, 0,
];

impl Security {
    /// Our RSNE, whole.
    #[must_use]
    pub fn rsne(&self) -> Vec<u8> {
        let mut capabilities = RsnCapabilities::default();
        for (set, bit) in [
            (self.frame_protection != FrameProtection::No, RsnCapabilities::MFPC),
            (self.frame_protection == FrameProtection::Required, RsnCapabilities::MFPR),
            (self.extended_key_id, RsnCapabilities::EXTENDED_KEY_ID),
            (self.operating_channel_validation, RsnCapabilities::OCVC),
        ] {
            if set {
                capabilities = capabilities.with(bit);
            }
        }
        let mut rsn = Rsn::new(self.group, self.pairwise.clone(), self.akms.clone(), capabilities);
        if self.frame_protection != FrameProtection::No {
            rsn.set_group_management(self.group_management);
        }
        whole(&rsn)
    }

    /// Our RSNXE, whole, if there is anything to say in it.
    #[must_use]
    pub fn rsnxe(&self) -> Option<Vec<u8>> {
        let mut capabilities = Vec::new();
        if self.akms.iter().any(|akm| akm.is_sae()) && self.methods.contains(&Method::HashToElement) {
            capabilities.push(RsnxCapability::SaeH2e);
        }
        if self.ssid_protection {
            capabilities.push(RsnxCapability::SsidProtection);
        }
        (!capabilities.is_empty()).then(|| whole(&Rsnx::new(&capabilities)))
    }
}

/// What the elements are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Beacon { named: bool },
    Response,
}

impl AccessPoint {
    /// The Capability Information field of every BSS.
    pub(super) fn capability(&self) -> CapabilityInformation {
        let open = CapabilityInformation::ESS.with(CapabilityInformation::SHORT_SLOT_TIME);
        if self.setup.security.is_some() { open.with(CapabilityInformation::PRIVACY) } else { open }
    }

    /// What every beacon says of security.
    pub(super) fn advertised(&self) -> Advertised {
        let security = self.setup.security.as_ref();
        Advertised {
            rsne: security.map(Security::rsne),
            rsnxe: security.and_then(Security::rsnxe),
            mobility_domain: self.setup.mobility.as_ref().map(Member::mobility_domain),
            ..Advertised::default()
        }
    }

    /// What a BSS has in its beacons now.
    pub(super) fn announcement(&self, id: Option<LinkId>) -> Option<Box<Announcement>> {
        let bss = self.bss.get(&id)?;
        let named = Place::Beacon { named: true };
        let (probe_head, probe_tail) = self.elements(id, named);
        let (head, tail) = match self.setup.hidden {
            true => self.elements(id, Place::Beacon { named: false }),
            false => (probe_head.clone(), probe_tail.clone()),
        };
        Some(Box::new(Announcement {
            link: id,
            bssid: bss.bssid,
            channel: bss.channel,
            interval: self.setup.beacon_interval,
            capability: self.capability(),
            ssid: self.setup.ssid.clone(),
            hidden: self.setup.hidden,
            head,
            tail,
            probe_response: [probe_head, probe_tail].concat(),
        }))
    }

    /// Has every BSS send what it has to say now.
    pub(super) fn refresh_beacons(&mut self) {
        let announcements: Vec<_> = self.bss.keys().filter_map(|id| self.announcement(*id)).collect();
        announcements.into_iter().for_each(|announcement| self.ask(Request::SetBeacon(announcement)));
    }

    /// The elements of an association response, all but those that belong to one client.
    pub(super) fn response_elements(&self, id: Option<LinkId>) -> Vec<u8> {
        let (head, tail) = self.elements(id, Place::Response);
        [head, tail].concat()
    }

    /// The elements in front of the TIM and behind it.
    fn elements(&self, id: Option<LinkId>, place: Place) -> (Vec<u8>, Vec<u8>) {
        let Some(bss) = self.bss.get(&id) else { return (Vec::new(), Vec::new()) };
        let setup = &*self.setup;
        let radio = OnChannel::new(&setup.radio, bss.channel);
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        if let Place::Beacon { named } = place {
            write_raw(ElementId::Plain(0), if named { setup.ssid.octets() } else { &[] }, &mut head);
        }
        radio.write_head(&mut head);
        let out = &mut tail;
        if let (Place::Beacon { .. }, Some(country)) = (place, bss.channel.primary.band()) {
            setup.country.get(&country).into_iter().for_each(|country| country.write(out));
        }
        if let (Place::Beacon { .. }, Some((to, beacons))) = (place, bss.switching) {
            Shape::of(to).write_switch(beacons, out);
        }
        radio.write_erp(out);
        if let (Place::Beacon { .. }, Some(security)) = (place, &setup.security) {
            out.extend(security.rsne());
        }
        radio.write_more_rates(out);
        if let (Place::Beacon { .. }, Some(member)) = (place, &setup.mobility) {
            out.extend(member.mobility_domain());
        }
        radio.write_ht(out);
        let mut extended = ExtendedCapabilities::new(&[ExtendedCapability::ExtendedChannelSwitching]);
        if setup.security.as_ref().is_some_and(|security| security.beacon_protection) {
            extended.insert(ExtendedCapability::BeaconProtection);
        }
        extended.write(out);
        radio.write_vht(out);
        if let (Place::Beacon { .. }, Structure::Mld { .. }) = (place, &setup.structure) {
            self.neighbors(id).write(out);
        }
        if let (Place::Beacon { .. }, Some(security)) = (place, &setup.security) {
            out.extend(security.rsnxe().iter().flatten());
        }
        radio.write_he(out);
        if matches!(setup.structure, Structure::Mld { .. }) {
            radio.write_eht(out);
        }
        if let (Place::Beacon { .. }, Some(link)) = (place, id) {
            self.multi_link(link, Vec::new()).write(out);
            let leaving = self.leaving_links();
            if !leaving.is_empty() {
                MultiLink::Reconfiguration(Reconfiguration {
                    common: ReconfigurationCommon::default(),
                    links: leaving,
                    reserved: 0,
                })
                .write(out);
            }
        }
        write_raw(ElementId::VENDOR, &WMM, out);
        if let (Place::Beacon { .. }, Some((bssid, ssid))) = (place, &setup.owe_twin) {
            OweTransition { bssid: *bssid, ssid: ssid.clone(), channel: None, tail: vec![] }.write(out);
        }
        (head, tail)
    }

    /// The Basic Multi-Link element of a frame on a link.
    pub(super) fn multi_link(&self, link: LinkId, profiles: Vec<PerStaProfile>) -> MultiLink {
        let mld_address = self.setup.structure.mld_address().unwrap_or_default();
        let common = BasicCommon {
            mld_address,
            link_id: Some(LinkIdInfo::new(link)),
            bss_parameters_change_count: Some(self.change_count(link)),
            eml_capabilities: Some(EmlCapabilities(self.setup.eml_capabilities())),
            mld_capabilities: Some(MldCapabilities(self.setup.mld_capabilities())),
            ..BasicCommon::default()
        };
        let links = profiles.into_iter().map(Subelement::PerSta).collect();
        MultiLink::Basic(Basic { common, links, reserved: 0 })
    }

    /// The complete profile of a link in a response on another one, which inherits from the elements `frame`;
    /// `status` in an association response.
    pub(super) fn profile(&self, link: LinkId, frame: &[u8], status: Option<StatusCode>) -> PerStaProfile {
        let Some(bss) = self.bss.get(&Some(link)) else {
            // A link that is not on the air any more can only be refused.
            let profile =
                CompleteProfile { capabilities: self.capability(), status, elements: Elements::new(&[]) };
            let mut octets = Vec::new();
            profile.write(&mut octets);
            let address = self.setup.structure.bss(Some(link)).map(|bss| bss.bssid);
            let info = StaInfo { address, ..StaInfo::default() };
            return PerStaProfile { number: link.get(), complete: true, info, reserved: 0, profile: octets };
        };
        let own = match status {
            Some(_) => self.response_elements(Some(link)),
            None => {
                let (head, tail) = self.elements(Some(link), Place::Beacon { named: true });
                [head, tail].concat()
            }
        };
        let elements = differing(Elements::new(frame), Elements::new(&own));
        let profile =
            CompleteProfile { capabilities: self.capability(), status, elements: Elements::new(&elements) };
        let mut octets = Vec::new();
        profile.write(&mut octets);
        let info = StaInfo {
            address: Some(bss.bssid),
            beacon_interval: Some(self.setup.beacon_interval),
            tsf_offset: Some(0),
            dtim: Some(Dtim { count: 0, period: DTIM_PERIOD }),
            bss_parameters_change_count: Some(bss.change_count),
            ..StaInfo::default()
        };
        PerStaProfile { number: link.get(), complete: true, info, reserved: 0, profile: octets }
    }

    fn change_count(&self, link: LinkId) -> u8 {
        self.bss.get(&Some(link)).map_or(0, |bss| bss.change_count)
    }

    /// The other links, in the Reduced Neighbor Report of one.
    fn neighbors(&self, of: Option<LinkId>) -> ReducedNeighborReport {
        let others = self.bss.iter().filter(|(id, _)| **id != of);
        let neighbors = others.filter_map(|(id, bss)| {
            let channel = bss.channel.operating_channel()?;
            let (link, count) = ((*id)?.get(), bss.change_count);
            let target = TbttInfo {
                offset: Some(u8::MAX),
                bssid: Some(bss.bssid),
                short_ssid: Some(short_ssid(&self.setup.ssid)),
                parameters: Some(BssParameters::SAME_SSID.with(BssParameters::COLOCATED)),
                psd: Some(127),
                mld: Some(MldParameters([0, link | count << 4, count >> 4])),
                tail: vec![],
            };
            Some(NeighborAp {
                kind: 0,
                filtered: false,
                reserved: false,
                operating_class: channel.operating_class,
                channel: channel.primary,
                targets: vec![target],
            })
        });
        ReducedNeighborReport { neighbors: neighbors.collect() }
    }

    /// The links that will be removed, for the Reconfiguration Multi-Link element.
    fn leaving_links(&self) -> Vec<Subelement<PerStaReconfiguration>> {
        let leaving = self.bss.iter().filter_map(|(id, bss)| Some(((*id)?, bss.removal?)));
        let profile = |(link, removal): (LinkId, Removal)| {
            Subelement::PerSta(PerStaReconfiguration {
                number: link.get(),
                complete: false,
                operation: ReconfigurationOperation::ApRemoval,
                info: ReconfigurationInfo { removal_timer: Some(removal.beacons), ..Default::default() },
                reserved: 0,
                profile: vec![],
            })
        };
        leaving.map(profile).collect()
    }

    /// The BSSID on a link, on the air or not.
    pub(super) fn bssid(&self, link: Option<LinkId>) -> Option<MacAddr> {
        self.setup.structure.bss(link).map(|bss| bss.bssid)
    }
}

/// What a profile must carry so that a receiver that lets it inherit from `frame` gets the elements `own`.
fn differing(frame: Elements<'_>, own: Elements<'_>) -> Vec<u8> {
    let of_the_frame = |id: ElementId| id == ElementId::Plain(0) || OF_THE_FRAME.contains(&id);
    let mut out = Vec::new();
    for element in own.iter().filter(|element| !of_the_frame(element.id)) {
        if !frame.iter().any(|other| other.octets == element.octets) {
            out.extend_from_slice(element.octets);
        }
    }
    let mut exceptions = NonInheritance::default();
    for element in frame.iter().filter(|element| !of_the_frame(element.id)) {
        if !own.iter().any(|other| other.id == element.id) {
            match element.id {
                ElementId::Plain(id) => exceptions.ids.push(id),
                ElementId::Extended(id) => exceptions.extensions.push(id),
            }
        }
    }
    if exceptions != NonInheritance::default() {
        exceptions.write(&mut out);
    }
    out
}

fn whole(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}
