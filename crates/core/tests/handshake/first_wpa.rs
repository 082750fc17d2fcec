//! The first WPA and RSN with TKIP: a supplicant against an access point of that time, which only tests have.

mod old_ap;

use lapwing_core::{
    Entropy, Secret,
    crypto::keys::Pmk,
    entropy::SeededEntropy,
    kernel::{KeyKind, KeyRequest},
    rsn::{
        Supplicant,
        supplicant::{HandshakeFailure as Failure, Ignored, Output, Rekeyed, Waiting},
    },
};
use lapwing_frames::{
    eapol::{KeyFrame, KeyInformation as Info},
    element::{Elements, wpa::Wpa},
    kde::GroupKeyKind,
    suite::Cipher,
};
use old_ap::{CASES, CCMP_ALONE, Case, FIRST, FIRST_CCMP, MIXED, OldAp, Step, TKIP, pmk};

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
