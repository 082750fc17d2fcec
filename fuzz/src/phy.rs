//! HT, VHT, HE and EHT.

use crate::{Target, elements::lossless};
use lapwing_frames::element::{
    EhtCapabilities, EhtOperation, Element, He6GhzCapabilities, HeCapabilities, HeOperation, HtCapabilities,
    HtOperation, VhtCapabilities, VhtOperation, eht::EhtSender,
};

/// The body, and its MCS set behind a body of HE capabilities whose PHY octet is the last one.
fn eht_capabilities(body: &[u8]) {
    lossless::<EhtCapabilities>(body);
    let Ok(capabilities) = EhtCapabilities::parse(body) else { return };
    let mut he = vec![0; 6 + 11 + 12];
    he[6] = body.last().copied().unwrap_or_default();
    let he = HeCapabilities::parse(&he).expect("there is room for every MCS map");
    for sender in [EhtSender::Ap, EhtSender::Station] {
        if let Ok(mcs) = capabilities.mcs(&he, sender) {
            assert!(mcs.receive_streams() < 16);
        }
    }
}

/// Targets of capabilities and operation.
pub const TARGETS: &[Target] = &[
    ("element_ht_capabilities", lossless::<HtCapabilities>),
    ("element_ht_operation", lossless::<HtOperation>),
    ("element_vht_capabilities", lossless::<VhtCapabilities>),
    ("element_vht_operation", lossless::<VhtOperation>),
    ("element_he_capabilities", lossless::<HeCapabilities>),
    ("element_he_operation", lossless::<HeOperation>),
    ("element_he_6_ghz_capabilities", lossless::<He6GhzCapabilities>),
    ("element_eht_capabilities", eht_capabilities),
    ("element_eht_operation", lossless::<EhtOperation>),
];
