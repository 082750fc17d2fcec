//! What a station and an AP will use: the outcome of negotiation.

use crate::{crypto::keys::Pmkid, network::Proven};
use alloc::{vec, vec::Vec};
use lapwing_frames::{
    eapol::DescriptorType,
    element::{
        Element, Elements, MobilityDomain,
        rsn::{Rsn, RsnCapabilities, RsnChoice, RsnSelection},
        rsnx::{Rsnx, RsnxCapability},
        wpa::Wpa,
    },
    suite::{Akm, Cipher},
};

/// How SAE finds its password element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SaeMethod {
    /// Hash-to-element.
    HashToElement,
    /// Hunting-and-pecking, for APs that know nothing better.
    HuntingAndPecking,
}

/// Which generation of protection it is: what the elements and the key frames look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// The first WPA, of 2003.
    FirstWpa,
    /// RSN: WPA2 and everything after it.
    Rsn,
}

/// What is broken about a plan that is put up with all the same. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// It is the first WPA, with TKIP.
    FirstWpaTkip,
    /// It is the first WPA, with CCMP: nothing proves that the AP has nothing better.
    FirstWpa,
    /// Every frame is protected by TKIP.
    Tkip,
    /// What goes to everybody is protected by TKIP.
    GroupTkip,
}

impl Weakness {
    /// A name that does not change, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstWpaTkip => "first-wpa-tkip",
            Self::FirstWpa => "first-wpa",
            Self::Tkip => "tkip",
            Self::GroupTkip => "group-tkip",
        }
    }

    /// What is broken, in a sentence for a person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::FirstWpaTkip => {
                "the first WPA with TKIP protects it, which is broken: others can forge frames"
            }
            Self::FirstWpa => {
                "the first WPA protects it, which is broken: others can hide that there is better"
            }
            Self::Tkip => "TKIP protects it, which is broken: others can forge frames",
            Self::GroupTkip => "TKIP protects what goes to everybody, which is broken: others can forge that",
        }
    }

    /// Whether the frames between us and the AP are concerned, not only those to everybody.
    #[must_use]
    pub const fn is_pairwise(self) -> bool {
        !matches!(self, Self::GroupTkip)
    }
}

/// Radios keep a receive counter for each of the sixteen TIDs of a pairwise key, and say so.
const SIXTEEN_REPLAY_COUNTERS: RsnCapabilities = RsnCapabilities(3 << 2);

/// The security of an association. Only [`negotiate`](super::negotiate::negotiate) makes one, and an ad-hoc network
/// ([`crate::ad_hoc`]), where there is nothing to negotiate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    pub(super) generation: Generation,
    /// In the names of RSN, as everything that is told to the kernel.
    pub(super) akm: Akm,
    pub(super) pairwise: Cipher,
    pub(super) group: Cipher,
    pub(super) group_management: Option<Cipher>,
    pub(super) beacon_protection: bool,
    pub(super) operating_channel_validation: bool,
    pub(super) extended_key_id: bool,
    pub(super) ssid_protection: bool,
    pub(super) sae: Option<SaeMethod>,
    pub(super) overriding: bool,
    pub(super) selection: Option<RsnChoice>,
    pub(super) pmkids: Vec<Pmkid>,
    /// The Mobility Domain element of the AP, whole and read, if the AKM is one of fast transition.
    pub(super) mobility_domain: Option<(Vec<u8>, MobilityDomain)>,
    /// The RSNE (or the WPA element) and the RSNXE that a firmware sent in our name, if it may have changed ours.
    pub(super) sent: Option<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Plan {
    /// That of a member of an ad-hoc network with a passphrase: one cipher for everything, and the RSNE that all
    /// members have.
    pub(crate) fn of_ad_hoc(cipher: Cipher, rsne: Vec<u8>) -> Self {
        Self { sent: Some((rsne, None)), ..Self::bare(Generation::Rsn, cipher, cipher) }
    }

    /// With a pre-shared key, and nothing that came later.
    pub(super) const fn bare(generation: Generation, pairwise: Cipher, group: Cipher) -> Self {
        Self {
            generation,
            akm: Akm::Psk,
            pairwise,
            group,
            group_management: None,
            beacon_protection: false,
            operating_channel_validation: false,
            extended_key_id: false,
            ssid_protection: false,
            sae: None,
            overriding: false,
            selection: None,
            pmkids: Vec::new(),
            mobility_domain: None,
            sent: None,
        }
    }

    /// Which generation of protection it is.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether it is the first WPA.
    #[must_use]
    pub const fn is_first_wpa(&self) -> bool {
        matches!(self.generation, Generation::FirstWpa)
    }

    /// What is broken about it, if something is.
    #[must_use]
    pub fn weakness(&self) -> Option<Weakness> {
        match self.generation {
            Generation::FirstWpa if self.pairwise == Cipher::Tkip => Some(Weakness::FirstWpaTkip),
            Generation::FirstWpa => Some(Weakness::FirstWpa),
            Generation::Rsn if self.pairwise == Cipher::Tkip => Some(Weakness::Tkip),
            Generation::Rsn => (self.group == Cipher::Tkip).then_some(Weakness::GroupTkip),
        }
    }

    /// What a connection by it proves of the network.
    #[must_use]
    pub fn proves(&self) -> Proven {
        let weak = self.weakness().is_some_and(Weakness::is_pairwise);
        if self.akm.is_psk() && !weak { Proven(Proven::RSN) } else { Proven::by(self.akm) }
    }

    /// The descriptor of key frames.
    #[must_use]
    pub const fn descriptor(&self) -> DescriptorType {
        match self.generation {
            Generation::FirstWpa => DescriptorType::Wpa,
            Generation::Rsn => DescriptorType::Rsn,
        }
    }

    /// The AKM.
    #[must_use]
    pub const fn akm(&self) -> Akm {
        self.akm
    }

    /// The AKM as its generation names it.
    #[must_use]
    pub const fn named_akm(&self) -> Akm {
        if self.is_first_wpa() { Akm::WpaPsk } else { self.akm }
    }

    /// The pairwise cipher.
    #[must_use]
    pub const fn pairwise(&self) -> Cipher {
        self.pairwise
    }

    /// The group cipher.
    #[must_use]
    pub const fn group(&self) -> Cipher {
        self.group
    }

    /// The cipher of group addressed management frames; nothing if management frames are not protected.
    #[must_use]
    pub const fn group_management(&self) -> Option<Cipher> {
        self.group_management
    }

    /// Whether management frames are protected (PMF).
    #[must_use]
    pub const fn protects_management_frames(&self) -> bool {
        self.group_management.is_some()
    }

    /// Whether a BIGTK is installed if the AP gives one.
    #[must_use]
    pub const fn beacon_protection(&self) -> bool {
        self.beacon_protection
    }

    /// Whether both sides tell and check the operating channel.
    #[must_use]
    pub const fn operating_channel_validation(&self) -> bool {
        self.operating_channel_validation
    }

    /// Whether pairwise keys alternate between the indices 0 and 1.
    #[must_use]
    pub const fn extended_key_id(&self) -> bool {
        self.extended_key_id
    }

    /// Whether message 3 must repeat the SSID.
    #[must_use]
    pub const fn ssid_protection(&self) -> bool {
        self.ssid_protection
    }

    /// How SAE is done, if the AKM is SAE.
    #[must_use]
    pub const fn sae(&self) -> Option<SaeMethod> {
        self.sae
    }

    /// Which of the AP's RSN elements was taken, if it has a choice.
    #[must_use]
    pub const fn selection(&self) -> Option<RsnChoice> {
        self.selection
    }

    /// The mobility domain of the AP, if the AKM is one of fast transition.
    #[must_use]
    pub fn mobility_domain(&self) -> Option<&MobilityDomain> {
        self.mobility_domain.as_ref().map(|(_, domain)| domain)
    }

    /// The Mobility Domain element of the AP, whole, if the AKM is one of fast transition.
    #[must_use]
    pub fn mobility_domain_octets(&self) -> Option<&[u8]> {
        self.mobility_domain.as_ref().map(|(octets, _)| &octets[..])
    }

    /// The PMKIDs in our RSNE.
    #[must_use]
    pub fn pmkids(&self) -> &[Pmkid] {
        &self.pmkids
    }

    /// The same plan with this PMKID in our RSNE: offers a cached PMK to the AP.
    #[must_use]
    pub fn with_pmkid(mut self, pmkid: Pmkid) -> Self {
        self.pmkids = vec![pmkid];
        self
    }

    /// The same plan without a PMKID: after the AP refused it.
    #[must_use]
    pub fn without_pmkid(mut self) -> Self {
        self.pmkids.clear();
        self
    }

    /// The same plan as a firmware announced it, which makes the association request by itself and adds or
    /// leaves out a PMKID: message 2 must repeat what the AP was told. `elements` are those of the request,
    /// without an RSNE if the driver does not tell. Nothing if it announced other protection.
    #[must_use]
    pub fn as_sent(mut self, elements: &[u8]) -> Option<Self> {
        let elements = Elements::new(elements);
        if self.is_first_wpa() {
            let Some(raw) = elements.find_raw::<Wpa>() else { return Some(self) };
            // Whatever it announced beside its suites is repeated.
            let same = |wpa: Wpa| (wpa.group, wpa.pairwise, wpa.akms);
            let (own, theirs) = (self.wpa().map(same), elements.find::<Wpa>().ok().flatten().map(same));
            self.sent = Some((raw.octets.to_vec(), None));
            return (own == theirs).then_some(self);
        }
        let Some(raw) = elements.find_raw::<Rsn>() else { return Some(self) };
        let rsn = elements.find::<Rsn>().ok().flatten()?;
        let protects = rsn.capabilities().contains(RsnCapabilities::MFPC);
        let same = rsn.akms() == [self.akm]
            && rsn.pairwise() == [self.pairwise]
            && rsn.group() == self.group
            && protects == self.protects_management_frames();
        self.pmkids = rsn.pmkids().iter().copied().map(Pmkid).collect();
        self.sent =
            Some((raw.octets.to_vec(), elements.find_raw::<Rsnx>().map(|rsnxe| rsnxe.octets.to_vec())));
        same.then_some(self)
    }

    /// Our element of the first WPA.
    fn wpa(&self) -> Option<Wpa> {
        Some(Wpa {
            version: Wpa::VERSION,
            group: self.group.of_first_wpa()?,
            pairwise: vec![self.pairwise.of_first_wpa()?],
            akms: vec![Akm::WpaPsk],
            tail: Vec::new(),
        })
    }

    /// Our RSNE, whole: for the association request and message 2, which must be equal. In the first WPA, its element.
    #[must_use]
    pub fn rsne(&self) -> Vec<u8> {
        if let Some((rsne, _)) = &self.sent {
            return rsne.clone();
        }
        if self.is_first_wpa() {
            return self.wpa().as_ref().map(octets).unwrap_or_default();
        }
        let mut capabilities = SIXTEEN_REPLAY_COUNTERS;
        for (set, bit) in [
            (self.protects_management_frames(), RsnCapabilities::MFPC),
            // SAE and OWE are never used without it.
            (self.akm.is_sae() || self.akm == Akm::Owe, RsnCapabilities::MFPR),
            (self.extended_key_id, RsnCapabilities::EXTENDED_KEY_ID),
            (self.operating_channel_validation, RsnCapabilities::OCVC),
        ] {
            if set {
                capabilities = capabilities.with(bit);
            }
        }
        let mut rsn = Rsn::new(self.group, vec![self.pairwise], vec![self.akm], capabilities);
        if !self.pmkids.is_empty() {
            rsn.set_pmkids(self.pmkids.iter().map(|pmkid| pmkid.0).collect());
        }
        if let Some(cipher) = self.group_management {
            rsn.set_group_management(cipher);
        }
        octets(&rsn)
    }

    /// Our RSNXE, whole, if there is anything to say in it.
    #[must_use]
    pub fn rsnxe(&self) -> Option<Vec<u8>> {
        if let Some((_, rsnxe)) = &self.sent {
            return rsnxe.clone();
        }
        let mut capabilities = Vec::new();
        if self.sae == Some(SaeMethod::HashToElement) {
            capabilities.push(RsnxCapability::SaeH2e);
        }
        if self.ssid_protection {
            capabilities.push(RsnxCapability::SsidProtection);
        }
        (!capabilities.is_empty()).then(|| octets(&Rsnx::new(&capabilities)))
    }

    /// Our RSN Selection element, whole, if the AP gave a choice.
    #[must_use]
    pub fn rsn_selection(&self) -> Option<Vec<u8>> {
        self.selection.map(|choice| octets(&RsnSelection { choice, tail: Vec::new() }))
    }

    /// RSNE, Mobility Domain, RSNXE and RSN Selection, one after the other: what an association request carries.
    #[must_use]
    pub fn association_elements(&self) -> Vec<u8> {
        let mut elements = self.rsne();
        elements.extend_from_slice(self.mobility_domain_octets().unwrap_or_default());
        elements.extend(self.rsnxe().unwrap_or_default());
        elements.extend(self.rsn_selection().unwrap_or_default());
        elements
    }
}

fn octets(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}
