//! What can be joined: a BSS of a scan, or an AP MLD made of several.

use lapwing_core::kernel::{AssociationLink, AssociationPeer, Frequency, ScanEntry};
use lapwing_core::network::Network;
use lapwing_core::radio::Radio;
use lapwing_core::rsn::negotiate::{Capabilities, Offer, Policy, Security, negotiate};
use lapwing_core::rsn::{Advertised, Plan};
use lapwing_frames::element::{Elements, MultiLink};
use lapwing_frames::management::CapabilityInformation;
use lapwing_frames::suite::Akm;
use lapwing_frames::{LinkId, MacAddr, Ssid};
use std::collections::BTreeMap;
use std::time::Duration;

/// cfg80211 forgets a BSS that it has not heard for this long.
const KERNEL_KEEPS: Duration = Duration::from_secs(30);

/// What can be joined, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) ssid: Ssid,
    /// Of the link that carries the association, if there are several.
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) advertised: Advertised,
    /// How it is protected; none if it is open.
    pub(super) plan: Option<Plan>,
    pub(super) mld: Option<Mld>,
}

/// The AP MLD of a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mld {
    pub(super) address: MacAddr,
    /// The link that carries the association.
    pub(super) association_link: LinkId,
    /// All links, the association link included.
    pub(super) links: BTreeMap<LinkId, MldLink>,
}

/// A link of an AP MLD.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MldLink {
    pub(super) bssid: MacAddr,
    pub(super) frequency: Frequency,
    pub(super) advertised: Advertised,
}

/// How a supplicant looks at what was heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) network: &'a Network,
    pub(super) radio: &'a Radio,
    /// Whether it makes one of the BSSs of an AP MLD.
    pub(super) multi_link: bool,
}

impl View<'_> {
    /// What of a scan can be joined, the strongest first.
    pub(super) fn targets(&self, heard: &[ScanEntry]) -> Vec<Target> {
        let mut fresh: Vec<&ScanEntry> = heard.iter().filter(|entry| entry.age < KERNEL_KEEPS).collect();
        fresh.sort_by_key(|entry| (core::cmp::Reverse(entry.signal_mbm), entry.bssid));
        fresh.iter().filter_map(|entry| self.target(entry, &fresh)).collect()
    }

    fn is_ours(&self, entry: &ScanEntry) -> bool {
        let name = Elements::new(&entry.elements).find::<Ssid>().ok().flatten();
        name.is_some_and(|name| name == self.network.ssid)
    }

    fn target(&self, entry: &ScanEntry, heard: &[&ScanEntry]) -> Option<Target> {
        if !self.is_ours(entry) {
            return None;
        }
        let mld = if self.multi_link { self.mld(entry, heard) } else { None };
        let advertised = Advertised::of(Elements::new(&entry.elements));
        let offer = Offer {
            advertised: &advertised,
            privacy: CapabilityInformation(entry.capability).contains(CapabilityInformation::PRIVACY),
            band: entry.frequency.band(),
            multi_link: mld.is_some(),
        };
        let capabilities =
            Capabilities { overriding: false, fast_transition: false, ..Capabilities::of(self.radio) };
        let plan = match negotiate(&offer, &capabilities, &Policy::of(self.network)).ok()? {
            Security::Open => None,
            Security::Protected(plan) if plan.akm() == Akm::Owe => return None,
            Security::Protected(plan) => Some(plan),
        };
        let (ssid, bssid, frequency) = (self.network.ssid.clone(), entry.bssid, entry.frequency);
        Some(Target { ssid, bssid, frequency, advertised, plan, mld })
    }

    /// The AP MLD that a BSS belongs to, with the links that were heard.
    fn mld(&self, entry: &ScanEntry, heard: &[&ScanEntry]) -> Option<Mld> {
        let (address, association_link) = membership(entry)?;
        let links = heard.iter().filter(|other| self.is_ours(other)).filter_map(|other| {
            let (of, link) = membership(other)?;
            let advertised = Advertised::of(Elements::new(&other.elements));
            let found = MldLink { bssid: other.bssid, frequency: other.frequency, advertised };
            (of == address).then_some((link, found))
        });
        Some(Mld { address, association_link, links: links.collect() })
    }
}

/// The AP MLD that a BSS says it belongs to, and the number of its link.
fn membership(entry: &ScanEntry) -> Option<(MacAddr, LinkId)> {
    // Before it, or behind it, may stand the one that announces changes.
    let mut elements =
        Elements::new(&entry.elements).iter().filter_map(|element| element.parse_as::<MultiLink>());
    elements.find_map(|element| {
        let MultiLink::Basic(basic) = element.ok()? else { return None };
        Some((basic.common.mld_address, basic.common.link_id?.link()?))
    })
}

impl Target {
    /// The address that keys are made with, and that the kernel knows it by.
    pub(super) fn authenticator(&self) -> MacAddr {
        self.mld.as_ref().map_or(self.bssid, |mld| mld.address)
    }

    /// Its links, if it is an AP MLD.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.mld.iter().flat_map(|mld| mld.links.keys().copied())
    }

    /// How the kernel is told of it.
    pub(super) fn peer(&self) -> AssociationPeer {
        match &self.mld {
            None => AssociationPeer::Bss { bssid: self.bssid, frequency: self.frequency },
            Some(mld) => AssociationPeer::Mld {
                address: mld.address,
                association_link: mld.association_link,
                links: mld.links.iter().map(|(id, link)| association_link(*id, link)).collect(),
            },
        }
    }
}

/// How the kernel is told of a link.
pub(super) fn association_link(id: LinkId, link: &MldLink) -> AssociationLink {
    AssociationLink { id, bssid: link.bssid, frequency: link.frequency }
}
