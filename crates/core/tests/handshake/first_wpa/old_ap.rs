//! An access point of the time of the first WPA, which only tests have.

use lapwing_core::{
    Secret,
    crypto::{
        arc4,
        keys::{Pmk, Ptk, PtkInput},
        keywrap,
    },
    kernel::Band,
    rsn::{
        Advertised, Candidate, Link, Peer, Plan, Supplicant,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::Setup,
    },
};
use lapwing_frames::{
    MacAddr, Ssid,
    eapol::{DescriptorType, KeyFrame, KeyInformation as Info},
    element::{Element, Rsn, RsnCapabilities, wpa::Wpa},
    kde::{GroupKey, GroupKeyKind, Kde, KeyOctets, pad},
    suite::{Akm, Cipher},
};

pub(super) const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
pub(super) const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

pub(super) fn whole(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}

/// What an access point offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) first_wpa: bool,
    pub(super) pairwise: Cipher,
    pub(super) group: Cipher,
}

pub(super) const FIRST: Case = Case { first_wpa: true, pairwise: Cipher::Tkip, group: Cipher::Tkip };
pub(super) const FIRST_CCMP: Case = Case { pairwise: Cipher::Ccmp128, ..FIRST };
pub(super) const CCMP_ALONE: Case = Case { group: Cipher::Ccmp128, ..FIRST_CCMP };
pub(super) const TKIP: Case = Case { first_wpa: false, ..FIRST };
pub(super) const MIXED: Case = Case { first_wpa: false, ..FIRST_CCMP };
pub(super) const CASES: [Case; 5] = [FIRST, FIRST_CCMP, CCMP_ALONE, TKIP, MIXED];

impl Case {
    pub(super) fn advertised(&self) -> Advertised {
        let named = |cipher: Cipher| cipher.of_first_wpa().unwrap();
        let wpa = Wpa {
            version: 1,
            group: named(self.group),
            pairwise: vec![named(self.pairwise)],
            akms: vec![Akm::WpaPsk],
            tail: Vec::new(),
        };
        let rsn = Rsn::new(self.group, vec![self.pairwise], vec![Akm::Psk], RsnCapabilities::default());
        Advertised {
            wpa: self.first_wpa.then(|| whole(&wpa)),
            rsne: (!self.first_wpa).then(|| whole(&rsn)),
            ..Advertised::default()
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let advertised = self.advertised();
        let offer =
            Offer { advertised: &advertised, privacy: true, band: Some(Band::Band2), multi_link: false };
        let capabilities = Capabilities {
            ciphers: vec![Cipher::Tkip, Cipher::Ccmp128],
            akms: None,
            sae: true,
            beacon_protection: true,
            extended_key_id: true,
            operating_channel_validation: true,
            overriding: false,
            fast_transition: true,
            tkip: true,
        };
        let policy = Policy::Personal {
            psk: true,
            sae: true,
            hash_to_element_only: false,
            transition_disabled: false,
        };
        match negotiate(&offer, &capabilities, &policy).unwrap() {
            Security::Protected(plan) => plan,
            Security::Open => panic!("{self:?} is open"),
        }
    }

    pub(super) fn station(&self, pmk: &Pmk) -> Supplicant {
        let link = Link {
            bssid: AP,
            station: STATION,
            advertised: self.advertised(),
            channel: None,
            accepted: true,
        };
        Supplicant::new(Setup {
            ssid: Ssid::new(b"old").unwrap(),
            peer: Peer::Bss(link),
            plan: self.plan(),
            candidates: vec![Candidate { pmkid: None, pmk: pmk.clone() }],
            can_replace_pairwise: true,
            protection_is_told: true,
            membership: None,
        })
    }
}

pub(super) fn pmk() -> Pmk {
    Pmk::new(Secret::new(&[7; 32])).unwrap()
}

/// Which answer the access point waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Second,
    Fourth,
    Group,
    Done,
}

/// An access point of that time.
#[derive(Clone)]
pub(super) struct OldAp {
    pub(super) case: Case,
    pub(super) step: Step,
    pub(super) anonce: [u8; 32],
    pub(super) ptk: Option<Ptk>,
    pub(super) counter: u64,
    pub(super) gtk: Vec<u8>,
    pub(super) index: u8,
}

impl OldAp {
    pub(super) fn new(case: Case) -> Self {
        let gtk = (0..u8::try_from(case.group.key_length().unwrap()).unwrap()).collect();
        Self { case, step: Step::Second, anonce: [3; 32], ptk: None, counter: 0, gtk, index: 2 }
    }

    pub(super) fn version(&self) -> u8 {
        if self.case.pairwise == Cipher::Tkip { 1 } else { 2 }
    }

    pub(super) fn frame(&mut self, bits: Info, length: Cipher) -> KeyFrame {
        self.counter += 1;
        let mut frame = KeyFrame::new(bits.with(Info::ACK).with_version(self.version()), self.counter, 16);
        if self.case.first_wpa {
            frame.descriptor = DescriptorType::Wpa;
        }
        frame.key_length = u16::try_from(length.key_length().unwrap()).unwrap();
        frame
    }

    pub(super) fn sealed(&self, mut frame: KeyFrame, mut data: Vec<u8>) -> Vec<u8> {
        let kek = self.ptk.as_ref().unwrap().kek.expose();
        frame.iv = [self.counter as u8; 16];
        frame.key_data = if self.version() == 1 {
            arc4::apply(&frame.iv, kek, &data).unwrap().expose().to_vec()
        } else {
            pad(&mut data);
            keywrap::wrap(kek, &data).unwrap()
        };
        if !self.case.first_wpa {
            frame.information = frame.information.with(Info::ENCRYPTED);
        }
        self.signed(frame)
    }

    pub(super) fn signed(&self, mut frame: KeyFrame) -> Vec<u8> {
        frame.mic = self.ptk.as_ref().unwrap().mic(&frame.to_octets_without_mic()).unwrap();
        frame.to_octets()
    }

    pub(super) fn group_data(&self) -> Vec<u8> {
        let mut data = Vec::new();
        let key = KeyOctets(&self.gtk);
        let key_id = u16::from(self.index);
        let kind = GroupKeyKind::Data;
        let key = GroupKey { kind, link: None, key_id, transmit: false, packet_number: None, key };
        Kde::GroupKey(key).write(&mut data);
        data
    }

    pub(super) fn third(&mut self, data: Option<Vec<u8>>) -> Vec<u8> {
        let bits = Info::PAIRWISE.with(Info::INSTALL).with(Info::MIC);
        let mut frame = self.frame(bits, self.case.pairwise);
        frame.nonce = self.anonce;
        let advertised = self.case.advertised();
        if self.case.first_wpa {
            frame.key_data = data.unwrap_or_else(|| advertised.wpa.unwrap());
            return self.signed(frame);
        }
        frame.information = frame.information.with(Info::SECURE);
        frame.receive_sequence = [9, 8, 7, 6, 5, 4, 0, 0];
        let usual = [advertised.rsne.unwrap(), self.group_data()].concat();
        self.sealed(frame, data.unwrap_or(usual))
    }

    pub(super) fn group(&mut self) -> Vec<u8> {
        let bits = Info::MIC.with(Info::SECURE);
        if self.case.first_wpa {
            let mut frame = self.frame(bits.with_index(self.index), self.case.group);
            frame.receive_sequence = [9, 8, 7, 6, 5, 4, 0, 0];
            return self.sealed(frame, self.gtk.clone());
        }
        let frame = self.frame(bits, self.case.group);
        self.sealed(frame, self.group_data())
    }

    /// The message that it sends now, or sends again; and whether it is encrypted.
    pub(super) fn message(&mut self) -> Option<(Vec<u8>, bool)> {
        match self.step {
            Step::Second => {
                let mut frame = self.frame(Info::PAIRWISE, self.case.pairwise);
                frame.nonce = self.anonce;
                Some((frame.to_octets(), false))
            }
            Step::Fourth => Some((self.third(None), false)),
            Step::Group => Some((self.group(), true)),
            Step::Done => None,
        }
    }

    pub(super) fn handle(&mut self, octets: &[u8]) {
        let frame = KeyFrame::parse(octets, 16).unwrap();
        let of_case = if self.case.first_wpa { DescriptorType::Wpa } else { DescriptorType::Rsn };
        assert_eq!((frame.descriptor, frame.information.version()), (of_case, self.version()));
        assert!(!frame.information.contains(Info::ACK) && frame.information.contains(Info::MIC));
        if frame.replay_counter != self.counter {
            return;
        }
        if self.step == Step::Second {
            let input =
                PtkInput { authenticator: AP, supplicant: STATION, anonce: self.anonce, snonce: frame.nonce };
            self.ptk = Ptk::derive(Akm::Psk, &pmk(), self.case.pairwise, &input, false);
            assert_eq!(frame.key_data, self.case.plan().association_elements());
        }
        assert!(self.ptk.as_ref().unwrap().verify(&frame.to_octets_without_mic(), &frame.mic));
        let is_pairwise = frame.information.contains(Info::PAIRWISE);
        self.step = match self.step {
            Step::Second if is_pairwise => Step::Fourth,
            Step::Fourth if is_pairwise && self.case.first_wpa => Step::Group,
            Step::Fourth if is_pairwise => Step::Done,
            Step::Group if !is_pairwise => {
                let index = if self.case.first_wpa { self.index } else { 0 };
                assert_eq!(frame.information.index(), index);
                Step::Done
            }
            step => step,
        };
    }
}
