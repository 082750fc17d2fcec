//! What must hold of a target, whatever was heard.

use lapwing_core::select::Target;
use std::collections::BTreeSet;

/// Whether the links of a target can be those of one device.
pub(crate) fn check_target(target: &Target) {
    let Some(mld) = target.mld() else { return };
    assert!(!mld.address.is_group() && !mld.address.is_zero());
    assert!(mld.links.len() <= 15 && mld.links.contains_key(&mld.association_link));
    let bssids: BTreeSet<_> = mld.links.values().map(|link| link.bssid).collect();
    assert_eq!(bssids.len(), mld.links.len(), "no two links have one address");
    assert_eq!(mld.links[&mld.association_link].bssid, target.bss().bssid);
    assert!(mld.left_out.iter().all(|link| link.left_out.is_some() && !mld.links.contains_key(&link.id)));
}
