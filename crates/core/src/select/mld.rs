//! AP MLDs: which BSSs are links of one device, and which of them one association can use together.
//!
//! The kernel refuses a whole association for one link that does not fit, so every link is checked here as the
//! kernel checks it (`cfg80211_mlme_assoc`), and one that fails is left out with its reason.

use super::{Manner, Policy, score};
use crate::{
    kernel::Frequency,
    radio::Radio,
    rsn::{Advertised, Plan, plan::SaeMethod},
    scan::{Bss, Table},
    time::Instant,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::cmp::Reverse;
use lapwing_frames::{
    LinkId, MacAddr,
    element::{
        Element, Elements, MultiLink, ReducedNeighborReport, TidToLinkMapping,
        multi_link::{LinkIdInfo, MldCapabilities, ReconfigurationOperation},
        rsn::{RsnCapabilities, RsnChoice},
        rsnx::RsnxCapability,
    },
    suite::Akm,
};

/// An AP MLD as the target of an association.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mld {
    /// Its MLD address.
    pub address: MacAddr,
    /// The link that will carry authentication and association.
    pub association_link: LinkId,
    /// The links to ask for, the association link included.
    pub links: BTreeMap<LinkId, MldLink>,
    /// In which manner it is joined.
    pub manner: Manner,
    /// The links that are not asked for, each with its reason.
    pub left_out: Vec<JudgedLink>,
    /// Whether links can be added later without a new association.
    pub reconfigurable: bool,
}

impl Mld {
    /// The links that are left out for a reason that may pass.
    pub fn absent(&self) -> impl Iterator<Item = LinkId> {
        self.left_out.iter().filter(|link| link.left_out.is_some_and(LeftOut::may_pass)).map(|link| link.id)
    }
}

/// A link to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MldLink {
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// Its channel.
    pub frequency: Frequency,
    /// The security elements of its beacons, which message 3 must repeat.
    pub advertised: Advertised,
}

/// What was thought of one link of an AP MLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JudgedLink {
    /// Its number.
    pub id: LinkId,
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// Its channel, if it is known.
    pub frequency: Option<Frequency>,
    /// Why it is not asked for, if it is not.
    pub left_out: Option<LeftOut>,
}

impl JudgedLink {
    /// Where it may be heard, if it was not: the association link announces it there.
    #[must_use]
    pub fn unheard_on(&self) -> Option<Frequency> {
        self.frequency.filter(|_| matches!(self.left_out, Some(LeftOut::NotHeard | LeftOut::Stale)))
    }
}

/// Why a link of an AP MLD is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// The neighbor report of the association link does not name it.
    NotAnnounced,
    /// The neighbor report names it, and it was not heard.
    NotHeard,
    /// It was heard too long ago.
    Stale,
    /// The AP has disabled it.
    Disabled,
    /// The AP is about to remove it.
    BeingRemoved,
    /// Its channel is disabled by the regulatory rules in force.
    ChannelDisabled,
    /// It has another network's name.
    OtherName,
    /// What it says of itself contradicts itself, or the neighbor report names it twice.
    Contradicts,
    /// It names another AP MLD than the association link, or none.
    OtherMld,
    /// It says to be another link than the neighbor report says.
    OtherNumber,
    /// Its EML or MLD capabilities are not those of the association link.
    OtherCapabilities,
    /// Its security does not suit what was negotiated on the association link.
    OtherSecurity,
    /// It does not protect management frames.
    Unprotected,
    /// It has the address of the association link, or ours.
    AddressTaken,
    /// With several links it failed a moment ago.
    FellBack,
    /// The radio cannot be on more channels at once.
    NotMoreAtOnce,
    /// The AP MLD serves no more links of one station.
    NotMoreByAccessPoint,
    /// Its signal is too weak to be of any use.
    TooWeak,
    /// The radio, or its firmware, joins without links.
    NotByRadio,
    /// It came back while the connection stood, and the kernel adds no links to a connection.
    NotByKernel,
    /// The links of the AP MLD cannot be used together by this network's security.
    NotTogether,
}

impl LeftOut {
    /// Whether it may fit later, with the AP as it is.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Self::NotAnnounced
                | Self::NotHeard
                | Self::Stale
                | Self::Disabled
                | Self::BeingRemoved
                | Self::Contradicts
                | Self::TooWeak
                | Self::NotMoreAtOnce
                | Self::NotMoreByAccessPoint
        )
    }

    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::NotAnnounced => "the other links do not name it",
            Self::NotHeard => "it was not heard",
            Self::Stale => "it was heard too long ago",
            Self::Disabled => "the access point has disabled it",
            Self::BeingRemoved => "the access point is about to remove it",
            Self::ChannelDisabled => "its channel is forbidden here",
            Self::OtherName => "it has another network's name",
            Self::Contradicts => "what is said of it contradicts itself",
            Self::OtherMld => "it belongs to another multi-link device",
            Self::OtherNumber => "it says to be another link",
            Self::OtherCapabilities => "its capabilities are not those of the other links",
            Self::OtherSecurity => "its security is not that of the other links",
            Self::Unprotected => "it does not protect management frames",
            Self::AddressTaken => "its address is that of another link, or ours",
            Self::FellBack => "several links failed a moment ago",
            Self::NotMoreAtOnce => "the radio cannot be on more channels at once",
            Self::NotMoreByAccessPoint => "the access point serves no more links at once",
            Self::TooWeak => "its signal is too weak to be of use",
            Self::NotByRadio => "this radio joins without links",
            Self::NotByKernel => "it is back, and this kernel cannot add it before the next connection",
            Self::NotTogether => "its links cannot be used together",
        }
    }
}

/// EML capabilities, MLD capabilities, and of the extended ones those that an AP may not change: not the
/// number of links that it recommends.
type Abilities = (u16, u16, u16);

const EXTENDED_FIXED: u16 = 0x00e1;

/// What a BSS says of the AP MLD that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    pub address: MacAddr,
    pub link: LinkId,
    abilities: Abilities,
    pub reconfigurable: bool,
    /// The links that the AP is about to remove.
    leaving: BTreeSet<LinkId>,
    /// Whether it says to be of two MLDs, or two links.
    pub contradicts: bool,
}

impl Announced {
    /// What the elements of a BSS say; nothing if it is no link of an AP MLD, or says so in a way that cannot
    /// be used.
    pub(crate) fn of(bss: &Bss) -> Option<Self> {
        let mut found: Option<Self> = None;
        let mut leaving = BTreeSet::new();
        let mut contradicts = false;
        let beacon = bss.beacon_elements.as_deref().unwrap_or_default();
        // A removal is announced by every beacon until it is done: an older probe response has nothing to add.
        let probed = multi_links(&bss.elements).map(|element| (element, bss.beacon_is_newer));
        for (element, is_old) in probed.chain(multi_links(beacon).map(|element| (element, false))) {
            match element {
                // That of another MLD of the same device, in the answer to who asked for it.
                MultiLink::Basic(basic) if basic.common.ap_mld_id.is_some_and(|id| id != 0) => {}
                MultiLink::Basic(basic) => {
                    let common = basic.common;
                    if let Some(before) = &found {
                        let link = common.link_id.and_then(LinkIdInfo::link);
                        contradicts |= before.address != common.mld_address || Some(before.link) != link;
                        continue;
                    }
                    let link = common.link_id?.link()?;
                    if common.mld_address.is_group() || common.mld_address.is_zero() {
                        return None;
                    }
                    let mld = common.mld_capabilities;
                    found = Some(Self {
                        address: common.mld_address,
                        link,
                        abilities: (
                            common.eml_capabilities.map_or(0, |field| field.0),
                            mld.map_or(0, |field| field.0),
                            common.extended_mld_capabilities.map_or(0, |field| field.0 & EXTENDED_FIXED),
                        ),
                        reconfigurable: mld.is_some_and(|field| field.link_reconfiguration()),
                        leaving: BTreeSet::new(),
                        contradicts: false,
                    });
                }
                MultiLink::Reconfiguration(_) if is_old => {}
                MultiLink::Reconfiguration(reconfiguration) => {
                    let gone = reconfiguration
                        .profiles()
                        .filter(|profile| profile.operation == ReconfigurationOperation::ApRemoval);
                    leaving.extend(gone.filter_map(|profile| LinkId::new(profile.number)));
                }
                _ => {}
            }
        }
        found.map(|found| Self { leaving, contradicts, ..found })
    }

    /// How many links one station may have, and whose bound that is.
    ///
    /// A radio that can use links and says that it is on one channel at a time has said nothing: hwsim does. Nor has
    /// an AP MLD of several links that says that it serves one.
    pub(crate) fn most_links(&self, radio: &Radio) -> (usize, LeftOut) {
        let spoken = |count: usize| if count > 1 { count } else { usize::MAX };
        let by_ap = spoken(usize::from(MldCapabilities(self.abilities.1).max_simultaneous_links()));
        let by_radio = spoken(radio.channels_at_once);
        if by_ap < by_radio {
            (by_ap, LeftOut::NotMoreByAccessPoint)
        } else {
            (by_radio, LeftOut::NotMoreAtOnce)
        }
    }

    /// Whether the BSS itself is about to be removed.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.contains(&self.link)
    }
}

/// The links that a BSS says its AP MLD has disabled: by the neighbor report, or because its TID-to-link mapping in
/// force has nothing for them.
pub(crate) fn disabled(bss: &Bss, said: &Announced) -> BTreeSet<LinkId> {
    let neighbors = View::new(bss, said.clone()).neighbors;
    let mut disabled: BTreeSet<_> =
        neighbors.into_iter().filter(|(_, neighbor)| neighbor.disabled).map(|(id, _)| id).collect();
    let beacon = bss.beacon_elements.as_deref().unwrap_or(&bss.elements);
    let elements = Elements::new(beacon);
    let of_kind = elements.iter().filter(|element| element.id == TidToLinkMapping::ID);
    let mappings = of_kind.filter_map(|element| TidToLinkMapping::parse(&element.body).ok());
    // With a switch time it is not in force yet.
    for mapping in mappings.filter(|mapping| mapping.switch_time.is_none()) {
        // What is not mentioned goes through all links.
        let used = (0..8).map(|tid| mapping.mapping.links(tid).unwrap_or(u16::MAX));
        let used = used.fold(0, |all, links| all | links);
        disabled.extend((0..15).filter(|id| used >> id & 1 == 0).filter_map(LinkId::new));
    }
    disabled
}

/// The AP MLD that a BSS belongs to, which is joined by itself and not as a link of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Apart {
    /// The MLD address.
    pub address: MacAddr,
    /// The BSS's own number.
    pub link: LinkId,
    /// In which manner it is joined.
    pub manner: Manner,
    /// The other links that it names.
    pub left_out: Vec<JudgedLink>,
}

impl Apart {
    /// What a BSS says of its AP MLD, if it belongs to one.
    pub(super) fn of(bss: &Bss, manner: Manner, why: LeftOut) -> Option<Self> {
        let said = Announced::of(bss)?;
        let (address, link) = (said.address, said.link);
        let left_out = View::new(bss, said).neighbors.into_iter().map(|(id, neighbor)| JudgedLink {
            id,
            bssid: neighbor.bssid,
            frequency: neighbor.frequency,
            left_out: Some(why),
        });
        Some(Self { address, link, manner, left_out: left_out.collect() })
    }
}

/// Takes the link that is worth most beside these. One in a band that is in use already is worth less: what one
/// sends there, the other does not hear.
pub(super) fn take_best(
    fit: &mut Vec<(LinkId, u32, MldLink)>,
    beside: &BTreeMap<LinkId, MldLink>,
) -> Option<(LinkId, u32, MldLink)> {
    let is_in_use =
        |link: &MldLink| beside.values().any(|other| other.frequency.band() == link.frequency.band());
    let worth = |(id, score, link): &(LinkId, u32, MldLink)| {
        (if is_in_use(link) { score / 4 * 3 } else { *score }, Reverse(*id))
    };
    let (place, _) = fit.iter().enumerate().max_by_key(|(_, link)| worth(link))?;
    Some(fit.swap_remove(place))
}

/// The Multi-Link elements that can be read.
fn multi_links(elements: &[u8]) -> impl Iterator<Item = MultiLink> {
    let of_kind = Elements::new(elements).iter().filter(|element| element.id == MultiLink::ID);
    of_kind.filter_map(|element| MultiLink::parse(&element.body).ok())
}

/// The neighbor reports that can be read.
fn neighbor_reports(elements: &[u8]) -> Vec<ReducedNeighborReport> {
    let of_kind = Elements::new(elements).iter().filter(|element| element.id == ReducedNeighborReport::ID);
    of_kind.filter_map(|element| ReducedNeighborReport::parse(&element.body).ok()).collect()
}

/// A link as the neighbor report of another one names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Neighbor {
    bssid: MacAddr,
    frequency: Option<Frequency>,
    disabled: bool,
    /// Whether it is named with another address, too.
    contradicts: bool,
}

/// An AP MLD, seen from the link that would carry the association.
pub(crate) struct View<'a> {
    bss: &'a Bss,
    pub said: Announced,
    neighbors: BTreeMap<LinkId, Neighbor>,
}

impl<'a> View<'a> {
    pub(crate) fn new(bss: &'a Bss, said: Announced) -> Self {
        let mut neighbors: BTreeMap<LinkId, Neighbor> = BTreeMap::new();
        // While connected, beacons are heard all the time, and probe responses never.
        let beacon = bss.beacon_elements.as_deref().unwrap_or_default();
        let mut reports = neighbor_reports(beacon);
        if reports.is_empty() {
            reports = neighbor_reports(&bss.elements);
        }
        for ap in reports.into_iter().flat_map(|report| report.neighbors).filter(|ap| ap.kind == 0) {
            let channel = ap.channel();
            for target in &ap.targets {
                // Zero is the MLD of the reporting BSS.
                let Some(mld) = target.mld.filter(|mld| mld.ap_mld_id() == 0) else { continue };
                let (Some(id), Some(bssid)) = (mld.link(), target.bssid) else { continue };
                let frequency = channel.map(|channel| Frequency(channel.frequency()));
                let disabled = mld.disabled();
                let named = Neighbor { bssid, frequency, disabled, contradicts: false };
                let known = neighbors.entry(id).or_insert(named);
                known.contradicts |= known.bssid != bssid;
            }
        }
        neighbors.remove(&said.link);
        Self { bss, said, neighbors }
    }

    /// The links that are named, and those of these BSSs; not the association link itself.
    pub(crate) fn others<'m>(
        &self,
        members: impl Iterator<Item = (&'m Bss, &'m Announced)>,
    ) -> BTreeMap<LinkId, MacAddr> {
        let mut links: BTreeMap<_, _> =
            self.neighbors.iter().map(|(id, neighbor)| (*id, neighbor.bssid)).collect();
        for (bss, said) in members.filter(|(_, said)| said.link != self.said.link) {
            links.entry(said.link).or_insert(bss.bssid);
        }
        links
    }

    /// Where a link ought to be, if the neighbor report says.
    pub(crate) fn frequency(&self, id: LinkId) -> Option<Frequency> {
        self.neighbors.get(&id).filter(|neighbor| !neighbor.disabled)?.frequency
    }

    /// When the link that is looked from was heard.
    pub(crate) const fn heard(&self) -> Instant {
        self.bss.heard
    }

    /// The association link itself.
    pub(crate) fn own_link(&self) -> MldLink {
        MldLink {
            bssid: self.bss.bssid,
            frequency: self.bss.frequency,
            advertised: Advertised::of(Elements::new(&self.bss.elements)),
        }
    }

    /// Another link, if it can be used beside the association link.
    pub(crate) fn link(
        &self,
        id: LinkId,
        table: &Table,
        radio: &Radio,
        policy: &Policy,
        plan: &Plan,
    ) -> Result<MldLink, LeftOut> {
        let neighbor = self.neighbors.get(&id).ok_or(LeftOut::NotAnnounced)?;
        if neighbor.contradicts {
            return Err(LeftOut::Contradicts);
        }
        if neighbor.disabled {
            return Err(LeftOut::Disabled);
        }
        if neighbor.bssid == self.bss.bssid || Some(neighbor.bssid) == policy.own {
            return Err(LeftOut::AddressTaken);
        }
        let bss = table.get(neighbor.bssid).ok_or(LeftOut::NotHeard)?;
        if bss.ssid != self.bss.ssid {
            return Err(LeftOut::OtherName);
        }
        if !policy.is_fresh(bss) {
            return Err(LeftOut::Stale);
        }
        let said = Announced::of(bss).ok_or(LeftOut::OtherMld)?;
        if said.contradicts {
            return Err(LeftOut::Contradicts);
        }
        if said.address != self.said.address {
            return Err(LeftOut::OtherMld);
        }
        if said.link != id {
            return Err(LeftOut::OtherNumber);
        }
        if self.said.leaving.contains(&id) || said.leaving.contains(&id) {
            return Err(LeftOut::BeingRemoved);
        }
        if said.abilities != self.said.abilities {
            return Err(LeftOut::OtherCapabilities);
        }
        let channel = radio.channels.iter().find(|channel| channel.frequency == bss.frequency);
        if channel.is_none_or(|channel| channel.disabled) {
            return Err(LeftOut::ChannelDisabled);
        }
        let advertised = Advertised::of(Elements::new(&bss.elements));
        suits(&advertised, plan)?;
        if score::is_useless(bss) {
            return Err(LeftOut::TooWeak);
        }
        Ok(MldLink { bssid: bss.bssid, frequency: bss.frequency, advertised })
    }
}

/// Whether a link can be used by what was negotiated on another one: one association has one AKM and one
/// pairwise cipher, and its group ciphers are told to the kernel once.
fn suits(advertised: &Advertised, plan: &Plan) -> Result<(), LeftOut> {
    let choice = plan.selection().unwrap_or(RsnChoice::Rsn);
    let Some(Ok((rsn, rsnx))) = advertised.rsn(choice) else { return Err(LeftOut::OtherSecurity) };
    if !rsn.capabilities().contains(RsnCapabilities::MFPC) {
        return Err(LeftOut::Unprotected);
    }
    let has = |capability| rsnx.as_ref().is_some_and(|rsnx| rsnx.has(capability));
    let suits = rsn.akms().contains(&plan.akm())
        && rsn.pairwise().contains(&plan.pairwise())
        && rsn.group() == plan.group()
        && rsn.group_management() == plan.group_management()
        && (plan.sae() != Some(SaeMethod::HashToElement)
            || plan.akm() == Akm::SaeExtKey
            || has(RsnxCapability::SaeH2e))
        && has(RsnxCapability::SsidProtection) == plan.ssid_protection();
    if suits { Ok(()) } else { Err(LeftOut::OtherSecurity) }
}

/// The BSSs of each AP MLD, by its address.
pub(super) fn group<'a>(bsss: impl Iterator<Item = &'a Bss>) -> BTreeMap<MacAddr, Vec<(&'a Bss, Announced)>> {
    let mut groups: BTreeMap<MacAddr, Vec<_>> = BTreeMap::new();
    for bss in bsss {
        if let Some(said) = Announced::of(bss) {
            groups.entry(said.address).or_default().push((bss, said));
        }
    }
    groups
}
