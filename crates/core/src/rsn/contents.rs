//! The key data of one message, gathered by meaning.

use alloc::{collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr, ParseError, Problem,
    element::{
        Element, Elements, FastTransition, MobilityDomain, TimeoutInterval,
        rsn::{Rsn, RsnOverride, RsnOverride2, RsnSelection, RsnxOverride},
        rsnx::Rsnx,
        wpa::Wpa,
    },
    kde::{GroupKey, Kde, KeyData, OperatingChannel},
};

/// Security elements, whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SecurityElements<'a> {
    pub(super) rsne: Option<&'a [u8]>,
    pub(super) rsnxe: Option<&'a [u8]>,
    pub(super) rsne_override: Option<&'a [u8]>,
    pub(super) rsne_override2: Option<&'a [u8]>,
    pub(super) rsnxe_override: Option<&'a [u8]>,
    pub(super) wpa: Option<&'a [u8]>,
}

impl<'a> SecurityElements<'a> {
    /// Takes an element if it is one of the override elements.
    fn take_override(&mut self, octets: &'a [u8]) {
        for element in Elements::new(octets) {
            let slot = if element.parse_as::<RsnOverride>().is_some() {
                &mut self.rsne_override
            } else if element.parse_as::<RsnOverride2>().is_some() {
                &mut self.rsne_override2
            } else if element.parse_as::<RsnxOverride>().is_some() {
                &mut self.rsnxe_override
            } else {
                continue;
            };
            slot.get_or_insert(element.octets);
        }
    }
}

/// What an MLO Link KDE and an RSN Override Link KDE say of a link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinkContents<'a> {
    pub(super) address: Option<MacAddr>,
    pub(super) security: SecurityElements<'a>,
}

/// The key data of one message. Of a piece that is there twice, the first counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents<'a> {
    pub(super) security: SecurityElements<'a>,
    /// The RSN Selection element.
    pub(super) selection: Option<&'a [u8]>,
    /// A second RSNE: the authenticator would change the pairwise cipher by it.
    pub(super) second_rsne: bool,
    pub(super) ssid: Option<&'a [u8]>,
    /// The Mobility Domain element, whole.
    pub(super) mobility_domain: Option<&'a [u8]>,
    /// The Fast BSS Transition element, whole.
    pub(super) fast_transition: Option<&'a [u8]>,
    /// The bodies of Timeout Interval elements.
    pub(super) timeouts: Vec<&'a [u8]>,
    pub(super) mac_address: Option<MacAddr>,
    pub(super) pmkid: Option<[u8; 16]>,
    pub(super) key_id: Option<u8>,
    pub(super) operating_channel: Option<OperatingChannel>,
    pub(super) transition_disable: Option<u8>,
    pub(super) links: BTreeMap<LinkId, LinkContents<'a>>,
    pub(super) group_keys: Vec<GroupKey<'a>>,
}

const SSID: u8 = 0;
const RSNE: u8 = 48;
const MOBILITY_DOMAIN: u8 = 54;
const FAST_TRANSITION: u8 = 55;
const TIMEOUT_INTERVAL: u8 = 56;
const RSNXE: u8 = 244;

const _: () = {
    // The element modules own these numbers; they are repeated as constants to be matched on.
    assert!(matches!(Rsn::ID, lapwing_frames::element::ElementId::Plain(RSNE)));
    assert!(matches!(Rsnx::ID, lapwing_frames::element::ElementId::Plain(RSNXE)));
    assert!(matches!(MobilityDomain::ID, lapwing_frames::element::ElementId::Plain(MOBILITY_DOMAIN)));
    assert!(matches!(FastTransition::ID, lapwing_frames::element::ElementId::Plain(FAST_TRANSITION)));
    assert!(matches!(TimeoutInterval::ID, lapwing_frames::element::ElementId::Plain(TIMEOUT_INTERVAL)));
};

impl<'a> Contents<'a> {
    /// Gathers key data in clear. Unknown pieces are passed over.
    pub(super) fn gather(octets: &'a [u8]) -> Result<Self, ParseError> {
        let mut contents = Self::default();
        for datum in KeyData::new(octets) {
            let datum = datum?;
            match datum.kde {
                Kde::GroupKey(key) => contents.group_keys.push(key),
                Kde::MacAddress(address) => keep(&mut contents.mac_address, address),
                Kde::Pmkid(pmkid) => keep(&mut contents.pmkid, pmkid),
                Kde::KeyId(key_id) => keep(&mut contents.key_id, key_id),
                Kde::OperatingChannel(channel) => keep(&mut contents.operating_channel, channel),
                Kde::TransitionDisable(bitmap) => {
                    keep(&mut contents.transition_disable, bitmap.first().copied().unwrap_or_default());
                }
                Kde::MloLink { link, address, rsne, rsnxe } => {
                    let link = contents.links.entry(link).or_default();
                    if link.address.is_some() {
                        return Err(twice("there are two MLO Link KDEs for one link"));
                    }
                    link.address = Some(address);
                    (link.security.rsne, link.security.rsnxe) = (rsne, rsnxe);
                }
                Kde::RsnOverrideLink { link, elements } => {
                    contents.links.entry(link).or_default().security.take_override(elements);
                }
                Kde::Element { id: SSID, body } => keep(&mut contents.ssid, body),
                Kde::Element { id: RSNE, .. } => {
                    contents.second_rsne |= contents.security.rsne.is_some();
                    keep(&mut contents.security.rsne, datum.octets);
                }
                Kde::Element { id: MOBILITY_DOMAIN, .. } => {
                    keep(&mut contents.mobility_domain, datum.octets);
                }
                Kde::Element { id: FAST_TRANSITION, .. } => {
                    keep(&mut contents.fast_transition, datum.octets);
                }
                Kde::Element { id: TIMEOUT_INTERVAL, body } => contents.timeouts.push(body),
                Kde::Element { id: RSNXE, .. } => keep(&mut contents.security.rsnxe, datum.octets),
                Kde::Element { body, .. } if body.starts_with(RsnSelection::PREFIX) => {
                    keep(&mut contents.selection, datum.octets);
                }
                Kde::Element { id: 221, body } if body.starts_with(Wpa::PREFIX) => {
                    keep(&mut contents.security.wpa, datum.octets);
                }
                Kde::Element { id: 221, .. } => contents.security.take_override(datum.octets),
                Kde::Element { .. } | Kde::Lifetime(_) | Kde::SaePasswordIds(_) | Kde::Dpp(_) => {}
            }
        }
        Ok(contents)
    }
}

fn keep<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

const fn twice(why: &'static str) -> ParseError {
    ParseError { what: "key data", at: 0, problem: Problem::Invalid(why) }
}
