//! Reduced Neighbor Report.

use crate::{Target, elements::lossless};
use lapwing_frames::element::{Element, ReducedNeighborReport};

/// The element, and the channels that it names.
fn report(body: &[u8]) {
    lossless::<ReducedNeighborReport>(body);
    let Ok(report) = ReducedNeighborReport::parse(body) else { return };
    let targets: usize = report.neighbors.iter().map(|neighbor| neighbor.targets.len()).sum();
    assert!(targets <= body.len(), "each has an octet at least");
    for channel in report.neighbors.iter().filter_map(|neighbor| neighbor.channel()) {
        assert!((2412..=7115).contains(&channel.frequency()), "{channel:?}");
    }
}

/// Targets of neighbor reports.
pub const TARGETS: &[Target] = &[("element_reduced_neighbor_report", report)];
