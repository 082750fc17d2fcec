//! Fuzz targets: one for each entry point of foreign bytes, each with a property beyond "no panic".
//!
//! To add one, write a function in the module of its subject and a line in that module's `TARGETS`; a new
//! subject is a module here and a line in [`GROUPS`]. `README.md` says how to run them.

pub mod ad_hoc;
pub mod ap;
pub mod bus;
pub mod daemon;
pub mod eapol;
pub mod elements;
pub mod first_wpa;
pub mod handshake;
pub mod management;
pub mod multi_link;
pub mod nl80211;
pub mod phy;
pub mod provisioning;
pub mod rnr;
pub mod sae;
pub mod selection;
pub mod station;

/// The name of a target and what it does with the bytes; a panic is a finding.
pub type Target = (&'static str, fn(&[u8]));

/// The targets by subject: what they read, and they.
pub const GROUPS: &[(&str, &[Target])] = &[
    ("frames and orders, to a whole access point", ap::TARGETS),
    ("calls and replies of D-Bus", bus::TARGETS),
    ("files from disk, DHCP and ARP packets", daemon::TARGETS),
    ("EAPOL-Key frames and key data", eapol::TARGETS),
    ("elements of frames", elements::TARGETS),
    ("moves in the handshakes of the first WPA", first_wpa::TARGETS),
    ("moves in a network without access points", ad_hoc::TARGETS),
    ("moves in the 4-way and group key handshake", handshake::TARGETS),
    ("management frames", management::TARGETS),
    ("multi-link elements", multi_link::TARGETS),
    ("messages of the kernel (nl80211, rtnetlink)", nl80211::TARGETS),
    ("HT, VHT, HE and EHT elements", phy::TARGETS),
    ("provisioning by button, PIN or code", provisioning::TARGETS),
    ("reduced neighbour reports", rnr::TARGETS),
    ("SAE frames and exchanges", sae::TARGETS),
    ("beacons and probe responses, to the choice of an access point", selection::TARGETS),
    ("events, replies and frames, to the whole station", station::TARGETS),
];

/// All targets.
pub fn targets() -> impl Iterator<Item = Target> {
    GROUPS.iter().flat_map(|(_, targets)| targets.iter().copied())
}

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<fn(&[u8])> {
    targets().find(|target| target.0 == name).map(|target| target.1)
}
