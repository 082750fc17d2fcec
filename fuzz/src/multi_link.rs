//! Multi-Link elements, their profiles, and what those inherit.

use crate::{Target, elements::lossless};
use lapwing_frames::{
    element::{
        Element, Elements, MultiLink, NonInheritance, TidToLinkMapping, inheritance::inherit,
        multi_link::ProfileKind,
    },
    management::{Action, Body, Management},
};

/// The element, and each of its profiles as if it were complete in both forms.
fn multi_link(body: &[u8]) {
    lossless::<MultiLink>(body);
    match MultiLink::parse(body) {
        Ok(MultiLink::Basic(basic)) => {
            assert!(basic.profiles().count() <= 15);
            if let Ok(profiles) = basic.profiles_by_link() {
                assert_eq!(profiles.len(), basic.profiles().count());
            }
            for profile in basic.profiles() {
                for kind in [ProfileKind::AssociationResponse, ProfileKind::Other] {
                    let Ok(complete) = profile.complete_profile(kind) else { continue };
                    let mut written = Vec::new();
                    complete.write(&mut written);
                    assert_eq!(written, profile.profile);
                }
            }
        }
        Ok(MultiLink::Reconfiguration(reconfiguration)) => {
            for profile in reconfiguration.profiles() {
                assert_eq!(
                    profile.complete_profile().is_ok(),
                    profile.complete && profile.profile.len() >= 2
                );
            }
        }
        _ => {}
    }
}

/// The first octet says how long the frame's elements are; the profile's follow. What is in force has every
/// element of the profile, and nothing that is in neither.
fn inheritance(octets: &[u8]) {
    let Some((&length, octets)) = octets.split_first() else { return };
    let (frame, profile) = octets.split_at_checked(usize::from(length)).unwrap_or((octets, &[]));
    let (frame, profile) = (Elements::new(frame), Elements::new(profile));
    let Ok(effective) = inherit(frame, profile) else { return };
    let is_own = |octets: &[u8]| profile.iter().any(|own| own.octets == octets);
    let effective = Elements::new(&effective);
    for element in effective {
        assert!(
            is_own(element.octets) || frame.iter().any(|outer| outer.octets == element.octets),
            "{element:?}"
        );
        assert_ne!(element.id, NonInheritance::ID);
        assert!(element.id != MultiLink::ID || is_own(element.octets));
    }
}

/// A whole frame of an AP MLD, or to one: each complete profile is laid over the frame around it.
fn frame(octets: &[u8]) {
    let Ok(Management { body, .. }) = Management::parse(octets) else { return };
    let (elements, kind) = match &body {
        Body::Beacon(body) | Body::ProbeResponse(body) => (body.elements(), ProfileKind::Other),
        Body::AssociationResponse(body) | Body::ReassociationResponse(body) => {
            (body.elements(), ProfileKind::AssociationResponse)
        }
        Body::AssociationRequest(body) => (body.elements(), ProfileKind::Other),
        Body::ReassociationRequest(body) => (body.elements(), ProfileKind::Other),
        Body::Action(Action::LinkReconfigurationRequest(body)) => {
            (Elements::new(&body.elements), ProfileKind::Other)
        }
        Body::Action(Action::LinkReconfigurationResponse(body)) => {
            (Elements::new(&body.elements), ProfileKind::AssociationResponse)
        }
        _ => return,
    };
    for element in elements.iter().filter(|element| element.id == MultiLink::ID) {
        let Ok(element) = MultiLink::parse(&element.body) else { continue };
        if let MultiLink::Reconfiguration(reconfiguration) = &element {
            let links = reconfiguration.profiles_by_link();
            assert!(links.is_err() || reconfiguration.profiles().count() <= 15);
        }
        let Some(basic) = element.basic() else { continue };
        let Ok(profiles) = basic.profiles_by_link() else { continue };
        assert!(profiles.len() <= 15);
        for (link, profile) in profiles {
            assert!(basic.common.link_id.and_then(|own| own.link()) != Some(link));
            let Ok(complete) = profile.complete_profile(kind) else { continue };
            let Ok(effective) = inherit(elements, complete.elements) else { continue };
            assert!(effective.len() <= elements.octets().len() + complete.elements.octets().len());
            assert_eq!(Elements::new(&effective).tail(), []);
        }
    }
}

/// Targets of links.
pub const TARGETS: &[Target] = &[
    ("element_multi_link", multi_link),
    ("element_non_inheritance", lossless::<NonInheritance>),
    ("element_tid_to_link_mapping", lossless::<TidToLinkMapping>),
    ("inheritance", inheritance),
    ("multi_link_frame", frame),
];
