//! Fuzz targets: one for each entry point of foreign bytes, each with a property beyond "no panic".
//!
//! To add one, write a function in the module of its subject and a line in that module's `TARGETS`; a new
//! subject is a module here and a line in [`GROUPS`]. `README.md` says how to run them.

pub mod daemon;
pub mod eapol;
pub mod elements;
pub mod management;
pub mod multi_link;
pub mod nl80211;
pub mod phy;
pub mod rnr;
pub mod sae;

/// The name of a target and what it does with the bytes; a panic is a finding.
pub type Target = (&'static str, fn(&[u8]));

/// The targets by subject.
pub const GROUPS: &[&[Target]] = &[
    daemon::TARGETS,
    eapol::TARGETS,
    elements::TARGETS,
    management::TARGETS,
    multi_link::TARGETS,
    nl80211::TARGETS,
    phy::TARGETS,
    rnr::TARGETS,
    sae::TARGETS,
];

/// All targets.
pub fn targets() -> impl Iterator<Item = Target> {
    GROUPS.iter().copied().flatten().copied()
}

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<fn(&[u8])> {
    targets().find(|target| target.0 == name).map(|target| target.1)
}
