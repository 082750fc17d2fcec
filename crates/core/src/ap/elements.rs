//! What an access point says of itself: in beacons, probe responses, association responses, and about its
//! links.

use super::{
    AccessPoint,
    bss::Removal,
    setup::{FrameProtection, Security, Structure},
    vocabulary::{Announcement, Request},
};
use crate::{kernel::Band, rsn::Advertised, sae::Method};
use alloc::{boxed::Box, vec, vec::Vec};
use lapwing_frames::{
    Channel, LinkId, MacAddr,
    element::{
        ChannelSwitch, Element, ElementId, Elements, ExtendedCapabilities, ExtendedCapability,
        ExtendedChannelSwitch, MultiLink, NonInheritance, OweTransition, ReducedNeighborReport, Rsn,
        RsnCapabilities, Rsnx, RsnxCapability,
        channel::SwitchMode,
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

const SUPPORTED_RATES: ElementId = ElementId::Plain(1);
const DS_PARAMETER: ElementId = ElementId::Plain(3);
const HT_CAPABILITIES: ElementId = ElementId::Plain(45);
const EXTENDED_RATES: ElementId = ElementId::Plain(50);
const HT_OPERATION: ElementId = ElementId::Plain(61);
const VHT_CAPABILITIES: ElementId = ElementId::Plain(191);
const VHT_OPERATION: ElementId = ElementId::Plain(192);
const HE_CAPABILITIES: ElementId = ElementId::Extended(35);
const HE_OPERATION: ElementId = ElementId::Extended(36);
const HE_6GHZ_CAPABILITIES: ElementId = ElementId::Extended(59);
const EHT_OPERATION: ElementId = ElementId::Extended(106);
const EHT_CAPABILITIES: ElementId = ElementId::Extended(108);

/// Elements that belong to the frame around a profile alone.
const OF_THE_FRAME: [ElementId; 4] =
    [ElementId::Plain(201), ElementId::Plain(37), ElementId::Plain(60), ElementId::Extended(107)];

/// 1, 2, 5.5 and 11 Mb/s, which every station has, then four of OFDM.
const RATES_2GHZ: [u8; 8] = [0x82, 0x84, 0x8b, 0x96, 0x0c, 0x12, 0x18, 0x24];
/// The other four of OFDM.
const MORE_RATES_2GHZ: [u8; 4] = [0x30, 0x48, 0x60, 0x6c];
/// All eight of OFDM, with 6, 12 and 24 Mb/s for everybody.
const RATES_OFDM: [u8; 8] = [0x8c, 0x12, 0x98, 0x24, 0xb0, 0x48, 0x60, 0x6c];
/// Two streams, 20 MHz, short guard interval.
const HT: [u8; 26] =
    [0x2c, 0, 0x1b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Two streams with MCS 0 to 9 both ways.
const VHT: [u8; 12] = [0x20, 0, 0, 0, 0xfa, 0xff, 0, 0, 0xfa, 0xff, 0, 0];
/// 20 or 40 MHz as HT says; MCS 0 to 7 for one stream is all that a member must have.
const VHT_20: [u8; 5] = [0, 0, 0, 0xfc, 0xff];
/// Two streams with HE-MCS 0 to 11 both ways, up to 80 MHz.
const HE: [u8; 21] = [0, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfa, 0xff, 0xfa, 0xff];
/// The same in 2.4 GHz, where the bit for 40 MHz is another.
const HE_2GHZ: [u8; 21] = [0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfa, 0xff, 0xfa, 0xff];
/// Two streams for each range of MCS, up to 80 MHz.
const EHT: [u8; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 0x22, 0x22];
/// No width of its own; one stream for each range of MCS is all that a member must have.
const EHT_20: [u8; 5] = [0, 0x11, 0, 0, 0];
/// WMM parameters with the values of the standard; a station refuses links without.
const WMM: [u8; 24] = [
    0x00, 0x50, 0xf2, 2, 1, 1, 0, 0, 0x03, 0xa4, 0, 0, 0x27, 0xa4, 0, 0, 0x42, 0x43, 0x5e, 0, 0x62, 0x32,
    0x2f, 0,
];
/// The bit of the MLD capabilities for link reconfiguration.
const LINK_RECONFIGURATION: u16 = 0x2000;

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
        let (setup, band) = (&*self.setup, bss.channel.primary.band());
        let number = Channel::from_frequency(bss.channel.primary.0).map_or(0, |channel| channel.number());
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        if let Place::Beacon { named } = place {
            write_raw(ElementId::Plain(0), if named { setup.ssid.octets() } else { &[] }, &mut head);
        }
        let in_2ghz = band == Some(Band::Band2);
        write_raw(SUPPORTED_RATES, if in_2ghz { &RATES_2GHZ } else { &RATES_OFDM }, &mut head);
        if in_2ghz {
            write_raw(DS_PARAMETER, &[number], &mut head);
        }
        let out = &mut tail;
        if let (Place::Beacon { .. }, Some((to, beacons))) = (place, bss.switching)
            && let Some(to) = Channel::from_frequency(to.primary.0)
        {
            let (mode, channel, tail) = (SwitchMode::NoRestriction, to.number(), vec![]);
            ChannelSwitch { mode, channel, count: beacons, tail }.write(out);
            let operating_class =
                to.operating_class(lapwing_frames::channel::Width::Mhz20).unwrap_or_default();
            let (mode, tail) = (SwitchMode::NoRestriction, vec![]);
            ExtendedChannelSwitch { mode, operating_class, channel, count: beacons, tail }.write(out);
        }
        if let (Place::Beacon { .. }, Some(security)) = (place, &setup.security) {
            out.extend(security.rsne());
        }
        if in_2ghz {
            write_raw(EXTENDED_RATES, &MORE_RATES_2GHZ, out);
        }
        if band != Some(Band::Band6) {
            write_raw(HT_CAPABILITIES, &HT, out);
            let mut operation = [0; 22];
            operation[0] = number;
            write_raw(HT_OPERATION, &operation, out);
        }
        let mut extended = ExtendedCapabilities::new(&[ExtendedCapability::ExtendedChannelSwitching]);
        if setup.security.as_ref().is_some_and(|security| security.beacon_protection) {
            extended.insert(ExtendedCapability::BeaconProtection);
        }
        extended.write(out);
        if band == Some(Band::Band5) {
            write_raw(VHT_CAPABILITIES, &VHT, out);
            write_raw(VHT_OPERATION, &VHT_20, out);
        }
        if let (Place::Beacon { .. }, Structure::Mld { .. }) = (place, &setup.structure) {
            self.neighbors(id).write(out);
        }
        if let (Place::Beacon { .. }, Some(security)) = (place, &setup.security) {
            out.extend(security.rsnxe().iter().flatten());
        }
        write_raw(HE_CAPABILITIES, if in_2ghz { &HE_2GHZ } else { &HE }, out);
        match band {
            Some(Band::Band6) => {
                // With 6 GHz Operation Information: the primary channel, 20 MHz, its center, 6 Mb/s.
                let operation = [0, 0, 2, 1, 0xfc, 0xff, number, 0, number, 0, 6];
                write_raw(HE_OPERATION, &operation, out);
                write_raw(HE_6GHZ_CAPABILITIES, &[0, 0], out);
            }
            _ => write_raw(HE_OPERATION, &[0, 0, 0, 1, 0xfc, 0xff], out),
        }
        if matches!(setup.structure, Structure::Mld { .. }) {
            write_raw(EHT_OPERATION, &EHT_20, out);
            write_raw(EHT_CAPABILITIES, &EHT, out);
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
        // What the device can do, not what is on the air: the links of an MLD must agree in it, and a station
        // heard them at different times.
        let others = self.setup.structure.iter().count().saturating_sub(1);
        let others = u16::try_from(others).unwrap_or_default() & 0xf;
        let common = BasicCommon {
            mld_address,
            link_id: Some(LinkIdInfo::new(link)),
            bss_parameters_change_count: Some(self.change_count(link)),
            eml_capabilities: Some(EmlCapabilities(0)),
            mld_capabilities: Some(MldCapabilities(others | LINK_RECONFIGURATION)),
            ..BasicCommon::default()
        };
        let links = profiles.into_iter().map(Subelement::PerSta).collect();
        MultiLink::Basic(Basic { common, links, reserved: 0 })
    }

    /// The complete profile of a link in a response on another one; `status` in an association response.
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
            dtim: Some(Dtim { count: 0, period: 2 }),
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
