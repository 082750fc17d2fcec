//! What a client says of itself in its elements, as the kernel wants to hear it.

use super::super::constants::{attr, sta_wme};
use super::super::lengths::{self, EhtSender};
use crate::netlink::Builder;
use lapwing_frames::element::{
    Element, ElementId, Elements, ExtendedCapabilities, HtCapabilities, MultiLink, VhtCapabilities,
    WmmInformation,
};

const SUPPORTED_RATES: ElementId = ElementId::Plain(1);
const EXTENDED_RATES: ElementId = ElementId::Plain(50);
const QOS_CAPABILITY: ElementId = ElementId::Plain(46);
const HE_CAPABILITIES: ElementId = ElementId::Extended(35);
const HE_6GHZ_CAPABILITIES: ElementId = ElementId::Extended(59);
const EHT_CAPABILITIES: ElementId = ElementId::Extended(108);

/// The greatest number of rates that the kernel takes.
const RATES: usize = 32;
/// The longest HE and EHT capabilities that it takes.
const HE_LONGEST: usize = 54;
const EHT_LONGEST: usize = 51;
/// The rates that every station has, of both kinds of bands: for a client that says none. The kernel takes no
/// client without, and overlooks those that the band has not.
const MANDATORY_RATES: [u8; 7] = [0x02, 0x04, 0x0b, 0x16, 0x0c, 0x18, 0x30];

/// What a client says of itself, as far as it is well-formed: the kernel refuses a client whole for one field that
/// is cut short, and with HE it wants QoS, with EHT it wants HE, and with 6 GHz neither HT nor VHT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    rates: Vec<u8>,
    extended: Option<Vec<u8>>,
    ht: Option<Vec<u8>>,
    vht: Option<Vec<u8>>,
    he: Option<Vec<u8>>,
    he_6ghz: Option<Vec<u8>>,
    eht: Option<Vec<u8>>,
    /// The QoS Info field, if it speaks WMM.
    pub(super) wme: Option<u8>,
    /// The EML Capabilities field of an MLD.
    eml: Option<u16>,
}

/// The body of the first element of this kind, if its length is right.
fn body(elements: Elements<'_>, id: ElementId, right: impl FnOnce(&[u8]) -> bool) -> Option<Vec<u8>> {
    let element = elements.iter().find(|element| element.id == id)?;
    right(&element.body).then(|| element.body.into_owned())
}

impl Capabilities {
    pub(super) fn read(elements: Elements<'_>) -> Self {
        let mut rates = body(elements, SUPPORTED_RATES, |_| true).unwrap_or_default();
        rates.extend(body(elements, EXTENDED_RATES, |_| true).into_iter().flatten());
        if rates.is_empty() {
            rates = MANDATORY_RATES.to_vec();
        }
        rates.truncate(RATES);
        let wmm = elements.find::<WmmInformation>().ok().flatten().map(|wmm| wmm.qos_info);
        let qos = || body(elements, QOS_CAPABILITY, |body| body.len() == 1)?.first().copied();
        let wme = wmm.or_else(qos);
        let of_qos = Elements::new(if wme.is_some() { elements.octets() } else { &[] });
        let whole_he = |he: &[u8]| he.len() <= HE_LONGEST && lengths::he(he).is_some();
        let he = body(of_qos, HE_CAPABILITIES, whole_he);
        let of_he = Elements::new(if he.is_some() { of_qos.octets() } else { &[] });
        let whole_eht = |eht: &[u8]| {
            let length = lengths::eht(he.as_deref().unwrap_or_default(), eht, EhtSender::Station);
            eht.len() <= EHT_LONGEST && length.is_some()
        };
        let eht = body(of_he, EHT_CAPABILITIES, whole_eht);
        let he_6ghz = body(of_he, HE_6GHZ_CAPABILITIES, |body| body.len() == 2);
        let before_6ghz = Elements::new(if he_6ghz.is_none() { of_qos.octets() } else { &[] });
        let eml = match elements.find::<MultiLink>() {
            Ok(Some(MultiLink::Basic(basic))) => basic.common.eml_capabilities.map(|eml| eml.0),
            _ => None,
        };
        Self {
            rates,
            extended: body(elements, ExtendedCapabilities::ID, |_| true),
            ht: body(before_6ghz, HtCapabilities::ID, |body| body.len() == 26),
            vht: body(before_6ghz, VhtCapabilities::ID, |body| body.len() == 12),
            he,
            he_6ghz,
            eht,
            wme,
            eml,
        }
    }

    /// Appends what a client or one of its links has.
    pub(super) fn fill(&self, message: &mut Builder) {
        message.bytes(attr::STA_SUPPORTED_RATES, &self.rates);
        for (kind, octets) in [
            (attr::HT_CAPABILITY, &self.ht),
            (attr::VHT_CAPABILITY, &self.vht),
            (attr::HE_CAPABILITY, &self.he),
            (attr::HE_6GHZ_CAPABILITY, &self.he_6ghz),
            (attr::EHT_CAPABILITY, &self.eht),
        ] {
            if let Some(octets) = octets {
                message.bytes(kind, octets);
            }
        }
    }

    /// Appends what a client has once, whatever its links.
    pub(super) fn fill_of_client(&self, message: &mut Builder) {
        if let Some(octets) = &self.extended {
            message.bytes(attr::STA_EXT_CAPABILITY, octets);
        }
        if let Some(qos) = self.wme {
            message.nest(attr::STA_WME, |nest| {
                nest.u8(sta_wme::UAPSD_QUEUES, qos & 0xf).u8(sta_wme::MAX_SP, qos >> 5 & 3);
            });
        }
        if let Some(eml) = self.eml {
            message.u16(attr::EML_CAPABILITY, eml);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_frames::element::write_raw;

    fn elements(list: &[(ElementId, &[u8])]) -> Vec<u8> {
        let mut octets = Vec::new();
        list.iter().for_each(|(id, body)| write_raw(*id, body, &mut octets));
        octets
    }

    const WMM: (ElementId, &[u8]) = (ElementId::VENDOR, &[0, 0x50, 0xf2, 2, 0, 1, 0x4f]);
    const HT: (ElementId, &[u8]) = (ElementId::Plain(45), &[7; 26]);
    const VHT: (ElementId, &[u8]) = (ElementId::Plain(191), &[8; 12]);
    const HE: (ElementId, &[u8]) = (HE_CAPABILITIES, &[0; 21]);
    const EHT: (ElementId, &[u8]) = (EHT_CAPABILITIES, &[0; 15]);
    const SIX: (ElementId, &[u8]) = (HE_6GHZ_CAPABILITIES, &[1, 2]);

    fn read(list: &[(ElementId, &[u8])]) -> Capabilities {
        Capabilities::read(Elements::new(&elements(list)))
    }

    #[test]
    fn each_generation_needs_what_the_kernel_needs_for_it() {
        let all = read(&[(SUPPORTED_RATES, &[0x8c]), (EXTENDED_RATES, &[0x30]), HT, VHT, HE, EHT, WMM]);
        assert_eq!((all.rates, all.wme), (vec![0x8c, 0x30], Some(0x4f)));
        assert_eq!(all.ht.as_deref(), Some(&[7; 26][..]));
        assert_eq!(all.vht.as_deref(), Some(&[8; 12][..]));
        assert!(all.he.is_some() && all.eht.is_some() && all.he_6ghz.is_none());
        let without_qos = read(&[HT, VHT, HE, EHT]);
        assert_eq!(without_qos, Capabilities { rates: MANDATORY_RATES.to_vec(), ..Capabilities::default() });
        let without_he = read(&[HT, EHT, SIX, (QOS_CAPABILITY, &[0])]);
        assert!(without_he.ht.is_some() && without_he.eht.is_none() && without_he.he_6ghz.is_none());
        let in_6ghz = read(&[HT, VHT, HE, SIX, EHT, WMM]);
        assert!(in_6ghz.ht.is_none() && in_6ghz.vht.is_none() && in_6ghz.eht.is_some());
        assert_eq!(in_6ghz.he_6ghz, Some(vec![1, 2]));
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_left_out() {
        let short = read(&[
            (SUPPORTED_RATES, &[2; 40]),
            (HT.0, &[7; 25]),
            (VHT.0, &[8; 13]),
            (HE.0, &[0; 20]),
            EHT,
            WMM,
        ]);
        assert_eq!(short.rates.len(), RATES);
        assert!(short.ht.is_none() && short.vht.is_none() && short.he.is_none() && short.eht.is_none());
        let short = read(&[HE, (EHT.0, &[0; 14]), WMM]);
        assert!(short.he.is_some() && short.eht.is_none());
        let long = read(&[(HE.0, &[0; 55]), (EHT.0, &[0; 52]), WMM]);
        assert!(long.he.is_none() && long.eht.is_none());
    }
}
