//! The first WPA and RSN with TKIP: a supplicant against an access point of that time, which only tests have.

use lapwing_core::{
    Entropy, Secret,
    crypto::{
        arc4,
        keys::{Pmk, Ptk, PtkInput},
        keywrap,
    },
    entropy::SeededEntropy,
    kernel::{Band, KeyKind, KeyRequest},
    rsn::{
        Advertised, Candidate, Link, Peer, Plan, Supplicant,
        negotiate::{Capabilities, Offer, Policy, Security, negotiate},
        supplicant::{HandshakeFailure as Failure, Ignored, Output, Rekeyed, Setup, Waiting},
    },
};
use lapwing_frames::{
    MacAddr, Ssid,
    eapol::{DescriptorType, KeyFrame, KeyInformation as Info},
    element::{Element, Elements, Rsn, RsnCapabilities, wpa::Wpa},
    kde::{GroupKey, GroupKeyKind, Kde, KeyOctets, pad},
    suite::{Akm, Cipher},
};

const AP: MacAddr = MacAddr([2, 0, 0, 0, 0, 0]);
const STATION: MacAddr = MacAddr([2, 0, 0, 0, 1, 0]);

fn whole(element: &impl Element) -> Vec<u8> {
    let mut octets = Vec::new();
    element.write(&mut octets);
    octets
}

/// What an access point offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    first_wpa: bool,
    pairwise: Cipher,
    group: Cipher,
}

const FIRST: Case = Case { first_wpa: true, pairwise: Cipher::Tkip, group: Cipher::Tkip };
const FIRST_CCMP: Case = Case { pairwise: Cipher::Ccmp128, ..FIRST };
const CCMP_ALONE: Case = Case { group: Cipher::Ccmp128, ..FIRST_CCMP };
const TKIP: Case = Case { first_wpa: false, ..FIRST };
const MIXED: Case = Case { first_wpa: false, ..FIRST_CCMP };
pub(super) const CASES: [Case; 5] = [FIRST, FIRST_CCMP, CCMP_ALONE, TKIP, MIXED];

impl Case {
    fn advertised(&self) -> Advertised {
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

    fn plan(&self) -> Plan {
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
    case: Case,
    pub(super) step: Step,
    anonce: [u8; 32],
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

    fn version(&self) -> u8 {
        if self.case.pairwise == Cipher::Tkip { 1 } else { 2 }
    }

    fn frame(&mut self, bits: Info, length: Cipher) -> KeyFrame {
        self.counter += 1;
        let mut frame = KeyFrame::new(bits.with(Info::ACK).with_version(self.version()), self.counter, 16);
        if self.case.first_wpa {
            frame.descriptor = DescriptorType::Wpa;
        }
        frame.key_length = u16::try_from(length.key_length().unwrap()).unwrap();
        frame
    }

    fn sealed(&self, mut frame: KeyFrame, mut data: Vec<u8>) -> Vec<u8> {
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

    fn signed(&self, mut frame: KeyFrame) -> Vec<u8> {
        frame.mic = self.ptk.as_ref().unwrap().mic(&frame.to_octets_without_mic()).unwrap();
        frame.to_octets()
    }

    fn group_data(&self) -> Vec<u8> {
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

/// Both sides, and what the station's kernel was told.
struct Pair {
    station: Supplicant,
    ap: OldAp,
    entropy: SeededEntropy,
    installed: Vec<KeyRequest>,
    secured: usize,
}

impl Pair {
    fn new(case: Case) -> Self {
        Self {
            station: case.station(&pmk()),
            ap: OldAp::new(case),
            entropy: SeededEntropy(5),
            installed: Vec::new(),
            secured: 0,
        }
    }

    /// A frame reaches the station; its answers.
    fn give(&mut self, octets: &[u8], encrypted: bool) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        for output in handle(&mut self.station, &mut self.entropy, octets, encrypted) {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    let keys = self.installed.iter().any(|key| key.kind != KeyKind::Group);
                    assert!(in_clear != encrypted, "it is answered the way it came");
                    assert!(in_clear || keys, "nothing is encrypted without a key");
                    answers.push(octets);
                }
                Output::InstallKey(key) => {
                    let before = self.installed.iter().any(|before| before.key == key.key);
                    assert!(!before, "a key is installed twice");
                    self.installed.push(key);
                }
                Output::Secured => {
                    assert_eq!(self.installed.len(), 2, "the port is open before there are keys");
                    self.secured += 1;
                }
                Output::Rekeyed(_) | Output::Ignored(_) => {}
                other => panic!("{other:?}"),
            }
        }
        answers
    }

    /// Runs until the access point is done, without the flights that are named.
    fn run(&mut self, lost: &[usize]) {
        let mut flight = 0..;
        for _ in 0..20 {
            let Some((octets, encrypted)) = self.ap.message() else { return };
            if lost.contains(&flight.next().unwrap()) {
                continue;
            }
            for answer in self.give(&octets, encrypted) {
                if !lost.contains(&flight.next().unwrap()) {
                    self.ap.handle(&answer);
                }
            }
        }
        panic!("they do not come to an end");
    }

    /// Until the access point waits for this.
    fn until(&mut self, step: Step) {
        while self.ap.step != step {
            let (octets, encrypted) = self.ap.message().unwrap();
            for answer in self.give(&octets, encrypted) {
                self.ap.handle(&answer);
            }
        }
    }
}

fn handle(
    station: &mut Supplicant,
    entropy: &mut (impl Entropy + ?Sized),
    octets: &[u8],
    encrypted: bool,
) -> Vec<Output> {
    let mut out = Vec::new();
    station.handle(entropy, octets, encrypted, &mut out);
    out
}

/// The keys of Michael the other way round, as a supplicant's kernel wants them.
fn swapped(key: &[u8]) -> Vec<u8> {
    if key.len() == 16 { key.to_vec() } else { [&key[..16], &key[24..], &key[16..24]].concat() }
}

#[test]
fn both_sides_come_to_the_same_keys_whatever_is_lost() {
    for case in CASES {
        let mut losses: Vec<Vec<usize>> = vec![vec![]];
        losses.extend((0..6).map(|one| vec![one]));
        losses.extend((0..6).map(|one| vec![one, one + 1]));
        for lost in losses {
            let mut pair = Pair::new(case);
            pair.run(&lost);
            let [pairwise, group] = &pair.installed[..] else { panic!("{case:?} {lost:?}") };
            assert_eq!(pair.secured, 1, "{case:?} {lost:?}");
            assert_eq!(pair.station.waiting_for(), Waiting::Nothing);
            assert_eq!((pairwise.cipher, group.cipher), (case.pairwise, case.group));
            let tk = pair.ap.ptk.as_ref().unwrap().tk.expose();
            assert_eq!(pairwise.key.expose(), swapped(tk), "{case:?}");
            assert_eq!(group.key.expose(), swapped(&pair.ap.gtk), "{case:?}");
            assert_eq!((group.index, group.sequence), (2, [9, 8, 7, 6, 5, 4]));
        }
    }
}

#[test]
fn the_port_stays_closed_until_the_group_key_is_there() {
    for case in [FIRST, FIRST_CCMP, CCMP_ALONE] {
        let mut pair = Pair::new(case);
        pair.until(Step::Group);
        assert_eq!((pair.secured, pair.installed.len()), (0, 1));
        assert_eq!(pair.station.waiting_for(), Waiting::GroupKey);
        pair.run(&[]);
        assert_eq!((pair.secured, pair.installed.len()), (1, 2));
    }
}

/// Every state meets every message: before its time, replayed, forged, cut.
#[test]
fn every_state_meets_every_message() {
    for case in CASES {
        let mut states = Vec::new();
        let mut pair = Pair::new(case);
        let mut messages: Vec<(Vec<u8>, bool)> = Vec::new();
        while pair.ap.step != Step::Done {
            states.push(pair.station.clone());
            let (octets, encrypted) = pair.ap.message().unwrap();
            messages.push((octets.clone(), encrypted));
            for answer in pair.give(&octets, encrypted) {
                pair.ap.handle(&answer);
            }
        }
        states.push(pair.station.clone());
        for (place, state) in states.iter().enumerate() {
            for (number, (octets, encrypted)) in messages.iter().enumerate() {
                let step = |octets: &[u8], encrypted: bool| {
                    let mut station = state.clone();
                    let out = handle(&mut station, &mut SeededEntropy(5), octets, encrypted);
                    (out, station == *state)
                };
                let (out, unchanged) = step(octets, *encrypted);
                let expected = match number {
                    // Message 1 in clear is answered until there are keys.
                    0 if place < 2 => None,
                    0 => Some(Ignored::Unencrypted),
                    _ if number == place => None,
                    _ if number > place => Some(Ignored::TooEarly),
                    _ => Some(Ignored::Replayed),
                };
                match expected {
                    Some(why) => {
                        assert!(unchanged, "{case:?} {place} {number}");
                        assert_eq!(out, [Output::Ignored(why)], "{case:?} {place} {number}");
                    }
                    None => assert!(out.iter().any(|output| matches!(output, Output::SendKeyFrame { .. }))),
                }
                if number == 0 {
                    continue;
                }
                // The same with the next counter, as anybody could forge it.
                let mut forged = KeyFrame::parse(octets, 16).unwrap();
                forged.replay_counter += 50;
                let (out, unchanged) = step(&forged.to_octets(), *encrypted);
                assert!(unchanged && matches!(out[..], [Output::Ignored(_)]), "{case:?} {place} {number}");
                for at in 0..octets.len() {
                    let (out, unchanged) = step(&octets[..at], *encrypted);
                    assert!(unchanged && matches!(out[..], [Output::Ignored(_)]), "{case:?} cut to {at}");
                    let mut wrong = octets.clone();
                    wrong[at] ^= 1;
                    let (out, unchanged) = step(&wrong, *encrypted);
                    // Without the bit of the MIC it is a message 1, as anybody could send it.
                    let is_first = at == 5 && matches!(out[..], [Output::SendKeyFrame { .. }]);
                    let ignored = unchanged && matches!(out[..], [Output::Ignored(_)]);
                    assert!(ignored || is_first, "{case:?} bit in {at}: {out:?}");
                }
            }
        }
    }
}

#[test]
fn a_repeated_message_installs_no_key_again() {
    for case in CASES {
        let mut pair = Pair::new(case);
        pair.run(&[]);
        for step in [Step::Fourth, Step::Group] {
            for _ in 0..3 {
                pair.ap.step = step;
                let encrypted = step == Step::Group;
                let octets = pair.ap.message().unwrap().0;
                assert_eq!(pair.give(&octets, encrypted).len(), 1, "it is answered");
            }
        }
        // The key of before under another index is the same key.
        pair.ap.index = 1;
        let octets = pair.ap.group();
        assert_eq!(pair.give(&octets, true).len(), 1);
        assert_eq!((pair.installed.len(), pair.secured), (2, 1), "{case:?}");
    }
}

#[test]
fn keys_are_renewed() {
    for case in CASES {
        let mut pair = Pair::new(case);
        pair.run(&[]);
        pair.ap.gtk[0] ^= 0x55;
        pair.ap.index = 1;
        let octets = pair.ap.group();
        let mut station = pair.station.clone();
        let out = handle(&mut station, &mut pair.entropy, &octets, false);
        assert_eq!(out, [Output::Ignored(Ignored::Unencrypted)], "{case:?}");
        let out = handle(&mut pair.station, &mut pair.entropy, &octets, true);
        assert!(out.contains(&Output::Rekeyed(Rekeyed::Group)), "{case:?}");
        let old = pair.ap.ptk.take().unwrap();
        (pair.ap.step, pair.ap.anonce) = (Step::Second, [4; 32]);
        let (octets, _) = pair.ap.message().unwrap();
        let out = handle(&mut pair.station, &mut pair.entropy, &octets, true);
        let [Output::SendKeyFrame { octets, in_clear: false }] = &out[..] else { panic!("{out:?}") };
        pair.ap.handle(octets);
        assert!(pair.ap.ptk.as_ref().unwrap().tk != old.tk);
        let third = pair.ap.third(None);
        let out = handle(&mut pair.station, &mut pair.entropy, &third, true);
        assert!(out.contains(&Output::Rekeyed(Rekeyed::Pairwise)), "{case:?} {out:?}");
        assert!(!out.contains(&Output::Secured));
    }
}

#[test]
fn message_3_repeats_what_the_beacons_say() {
    let third = |case: Case, data: Vec<u8>| {
        let mut pair = Pair::new(case);
        pair.until(Step::Fourth);
        let octets = pair.ap.third(Some(data));
        let out = handle(&mut pair.station, &mut pair.entropy, &octets, false);
        match &out[..] {
            [Output::Broken(why)] => Some(*why),
            _ => None,
        }
    };
    let wpa = FIRST.advertised().wpa.unwrap();
    let rsne = MIXED.advertised().rsne.unwrap();
    assert_eq!(third(FIRST, wpa.clone()), None);
    assert_eq!(third(FIRST, CCMP_ALONE.advertised().wpa.unwrap()), Some(Failure::FirstWpa));
    assert_eq!(third(FIRST, Vec::new()), Some(Failure::FirstWpa));
    // Somebody kept the RSNE out of the beacons: the access point has it.
    assert_eq!(third(FIRST, [rsne.clone(), wpa.clone()].concat()), Some(Failure::Rsne(None)));
    assert_eq!(third(TKIP, [rsne, wpa].concat()), Some(Failure::Rsne(None)));
    // A group key has no place in a message in clear.
    let mut pair = Pair::new(FIRST);
    pair.until(Step::Fourth);
    let data = [FIRST.advertised().wpa.unwrap(), pair.ap.group_data()].concat();
    let octets = pair.ap.third(Some(data));
    pair.give(&octets, false);
    assert_eq!((pair.installed.len(), pair.secured), (1, 0));
}

#[test]
fn a_group_key_is_of_its_cipher() {
    let group = |change: &dyn Fn(&mut OldAp)| {
        let mut pair = Pair::new(FIRST);
        pair.until(Step::Group);
        change(&mut pair.ap);
        let octets = pair.ap.group();
        let mut station = pair.station.clone();
        handle(&mut station, &mut pair.entropy, &octets, true)
    };
    let missing = Failure::GroupKeyLength(GroupKeyKind::Data, None);
    for length in [0, 5, 16, 31, 33] {
        let out = group(&|ap| ap.gtk.resize(length, 1));
        if length > 32 {
            // What is behind the key is padding.
            assert!(out.contains(&Output::Secured));
        } else {
            assert_eq!(out, [Output::Ignored(Ignored::Group(missing))], "{length}");
        }
    }
    let out = group(&|ap| ap.case.group = Cipher::Ccmp128);
    assert_eq!(out, [Output::Ignored(Ignored::Group(missing))]);
}

/// A frame of the other generation is nobody's, whatever its MIC.
#[test]
fn the_generations_do_not_mix() {
    for (case, other) in [(FIRST, TKIP), (TKIP, FIRST)] {
        let mut pair = Pair::new(case);
        pair.ap.case = other;
        let (octets, _) = pair.ap.message().unwrap();
        let out = handle(&mut pair.station, &mut pair.entropy, &octets, false);
        assert_eq!(out, [Output::Ignored(Ignored::Descriptor)]);
    }
    // RSN has no key index; the first WPA has none in pairwise frames.
    for (case, step) in [(TKIP, Step::Group), (MIXED, Step::Group), (FIRST, Step::Fourth)] {
        let mut pair = Pair::new(case);
        pair.run(&[]);
        pair.ap.step = step;
        let mut frame = KeyFrame::parse(&pair.ap.message().unwrap().0, 16).unwrap();
        frame.information = frame.information.with_index(1);
        let octets = pair.ap.signed(frame);
        let out = handle(&mut pair.station, &mut pair.entropy, &octets, true);
        assert_eq!(out, [Output::Ignored(Ignored::KeyIndex)], "{case:?}");
    }
}

#[test]
fn a_failed_integrity_check_is_reported() {
    for case in CASES {
        let mut pair = Pair::new(case);
        assert_eq!(pair.station.report_mic_failure(true), None, "there is no key");
        pair.run(&[]);
        for (number, pairwise) in [true, false].into_iter().enumerate() {
            let Some(Output::SendKeyFrame { octets, in_clear: false }) =
                pair.station.report_mic_failure(pairwise)
            else {
                panic!("{case:?}")
            };
            let frame = KeyFrame::parse(&octets, 16).unwrap();
            let bits = Info::REQUEST.with(Info::ERROR).with(Info::MIC).with(Info::SECURE);
            assert!(frame.information.contains(bits) && !frame.information.contains(Info::ACK));
            assert_eq!(frame.information.contains(Info::PAIRWISE), pairwise);
            assert_eq!(frame.replay_counter, number as u64, "no report is a replay");
            let ptk = pair.ap.ptk.as_ref().unwrap();
            assert!(ptk.verify(&frame.to_octets_without_mic(), &frame.mic));
        }
    }
}

/// Hands out these octets.
struct Scripted(Vec<u8>);

impl Entropy for Scripted {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.copy_from_slice(&self.0[..octets.len()]);
    }
}

#[test]
fn the_recorded_handshake() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../data/vectors/first_wpa.json")).unwrap();
    let hex = |name: &str| -> Vec<u8> {
        let text = file["handshake"][name].as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let pmk = Pmk::new(Secret::from_vec(hex("pmk"))).unwrap();
    let mut station = FIRST.station(&pmk);
    let second = hex("m2");
    let mut entropy = Scripted(second[17..49].to_vec());
    let answer = |octets: Vec<u8>, in_clear| Output::SendKeyFrame { octets, in_clear };
    assert_eq!(handle(&mut station, &mut entropy, &hex("m1"), false), [answer(second, true)]);
    let out = handle(&mut station, &mut entropy, &hex("m3"), false);
    let [fourth, Output::InstallKey(pairwise)] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*fourth, answer(hex("m4"), true));
    assert_eq!(pairwise.key.expose(), swapped(&hex("tk")));
    let out = handle(&mut station, &mut entropy, &hex("g1"), true);
    let [Output::InstallKey(group), second, Output::Secured] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*second, answer(hex("g2"), false));
    assert_eq!((group.key.expose(), group.index), (&swapped(&hex("gtk"))[..], 2));
    assert!(Elements::new(&FIRST.plan().association_elements()).find::<Wpa>().unwrap().is_some());
}
