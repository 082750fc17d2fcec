//! The links of a connection: what the kernel reports, held against what was asked for.
//!
//! Nothing else makes the peer of a handshake, so that no key can be asked for on a link that the kernel has not
//! reported.

use crate::{
    kernel::{Connection, ConnectionLink},
    rsn::{Link, Peer},
    select::{Mld, Target},
};
use alloc::collections::{BTreeMap, BTreeSet};
use lapwing_frames::{MacAddr, management::StatusCode};

/// The peer of the handshake that follows an association.
///
/// # Errors
/// How the kernel's report contradicts what was asked for.
pub(super) fn peer(target: &Target, connection: &Connection, own: MacAddr) -> Result<Peer, &'static str> {
    match target.mld() {
        Some(mld) => links(mld, connection, own),
        None if !connection.links.is_empty() => Err("the kernel reports links that were not asked for"),
        None => Ok(Peer::Bss(Link {
            bssid: connection.peer,
            station: own,
            advertised: target.advertised().clone(),
            channel: None,
            accepted: true,
        })),
    }
}

fn links(mld: &Mld, connection: &Connection, own: MacAddr) -> Result<Peer, &'static str> {
    if connection.peer != mld.address {
        return Err("the kernel names another multi-link device");
    }
    let mut links = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    for &ConnectionLink { id, bssid, address, status } in &connection.links {
        let asked = mld.links.get(&id).ok_or("the kernel reports a link that was not asked for")?;
        if asked.bssid != bssid {
            return Err("the kernel reports another address of a link");
        }
        if !is_own_address(address, bssid) || !addresses.insert(address) {
            return Err("the kernel reports a link address of ours that cannot be");
        }
        let (advertised, accepted) = (asked.advertised.clone(), status == StatusCode::Success);
        let link = Link { bssid, station: address, advertised, channel: None, accepted };
        if links.insert(id, link).is_some() {
            return Err("the kernel reports a link twice");
        }
    }
    // Message 2 has to name our address on each link that was asked for, refused ones included.
    if links.len() != mld.links.len() {
        return Err("the kernel leaves out a link that was asked for");
    }
    if links.get(&mld.association_link).is_none_or(|link| !link.accepted) {
        return Err("the kernel is connected without the link of the association");
    }
    Ok(Peer::Mld { address: mld.address, station: own, association_link: mld.association_link, links })
}

/// Whether this can be our address on a link of this AP.
pub(super) fn is_own_address(address: MacAddr, bssid: MacAddr) -> bool {
    !address.is_group() && !address.is_zero() && address != bssid
}
