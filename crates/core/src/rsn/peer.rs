//! Who a handshake is between: an AP or AP MLD, a station, and their links.

use super::Advertised;
use crate::crypto::keys::{Pmk, Pmkid};
use alloc::collections::BTreeMap;
use core::fmt;
use lapwing_frames::{LinkId, MacAddr, kde::OperatingChannel};

/// One link of an association; the only one of a BSS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// The AP's address on it.
    pub bssid: MacAddr,
    /// The station's address on it.
    pub station: MacAddr,
    /// What the AP's beacons say about security, which message 3 must repeat.
    pub advertised: Advertised,
    /// The operating channel, for its validation.
    pub channel: Option<OperatingChannel>,
    /// Whether the AP accepted the link. Message 3 must name a rejected one too, but brings no keys.
    pub accepted: bool,
}

/// The AP of an association and its links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A BSS.
    Bss(Link),
    /// An AP MLD.
    Mld {
        /// Its MLD address.
        address: MacAddr,
        /// The station's MLD address.
        station: MacAddr,
        /// The link that carried the association.
        association_link: LinkId,
        /// All links that were asked for, the association link included.
        links: BTreeMap<LinkId, Link>,
    },
}

impl Peer {
    /// The link that carried the association, of an AP MLD; a later one if that is gone.
    #[must_use]
    pub const fn association_link(&self) -> Option<LinkId> {
        match self {
            Self::Bss(_) => None,
            Self::Mld { association_link, .. } => Some(*association_link),
        }
    }

    /// The authenticator's address in keys: BSSID or MLD address.
    #[must_use]
    pub const fn address(&self) -> MacAddr {
        match self {
            Self::Bss(link) => link.bssid,
            Self::Mld { address, .. } => *address,
        }
    }

    /// The AP's addresses on the links in use.
    pub fn bssids(&self) -> impl Iterator<Item = MacAddr> {
        self.accepted().map(|(_, link)| link.bssid)
    }

    /// The supplicant's address in keys.
    #[must_use]
    pub const fn station(&self) -> MacAddr {
        match self {
            Self::Bss(link) => link.station,
            Self::Mld { station, .. } => *station,
        }
    }

    /// The links that are in use, each with its number if there are numbers.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (Option<LinkId>, &Link)> {
        let (bss, mld) = match self {
            Self::Bss(link) => (Some((None, link)), None),
            Self::Mld { links, .. } => (None, Some(links)),
        };
        let mld = mld.into_iter().flatten().map(|(id, link)| (Some(*id), link));
        bss.into_iter().chain(mld).filter(|(_, link)| link.accepted)
    }

    /// The links in use that have numbers.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.accepted().filter_map(|(id, link)| Some((id?, link)))
    }

    /// The AP's address on a link in use.
    #[must_use]
    pub fn bssid(&self, id: LinkId) -> Option<MacAddr> {
        self.links().find(|(link, _)| *link == id).map(|(_, link)| link.bssid)
    }

    /// Our own address on a link in use.
    #[must_use]
    pub fn own_address(&self, id: LinkId) -> Option<MacAddr> {
        self.accepted().find(|(link, _)| *link == Some(id)).map(|(_, link)| link.station)
    }

    /// Takes up links that were added.
    pub(super) fn add(&mut self, added: BTreeMap<LinkId, Link>) {
        if let Self::Mld { links, .. } = self {
            links.extend(added);
        }
    }

    /// Drops a link that is gone.
    pub(super) fn remove(&mut self, link: LinkId) {
        if let Self::Mld { association_link, links, .. } = self {
            links.remove(&link);
            if *association_link == link
                && let Some((next, _)) = links.iter().find(|(_, link)| link.accepted)
            {
                *association_link = *next;
            }
        }
    }

    /// The operating channel, for the OCI KDE of a message.
    pub(super) fn channel(&self) -> Option<OperatingChannel> {
        match self {
            Self::Bss(link) => link.channel,
            Self::Mld { association_link, links, .. } => links.get(association_link)?.channel,
        }
    }
}

/// A PMK that message 1 may ask for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its name. A pre-shared key needs none.
    pub pmkid: Option<Pmkid>,
    /// The key.
    pub pmk: Pmk,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate").field("pmkid", &self.pmkid).finish_non_exhaustive()
    }
}
