//! The 4-way and the group key handshake behind the MIC. The target is the peer and knows the PMK, so that
//! what the input says reaches the checks and does not end at the integrity code.
//!
//! The first two octets choose the handshake (AKM, ciphers, links, channel validation, overriding …). Then
//! come moves: an octet that says which, one with its options, one with the length of the octets for it.

use crate::Target;
use lapwing_core::{
    Duration, Instant,
    crypto::{
        keys::{KeySchedule, Ptk, PtkInput},
        keywrap,
    },
    entropy::SeededEntropy,
    kernel::{KeyKind, KeyRequest},
    rsn::{
        Authenticator, Link, Peer, Plan, Supplicant,
        authenticator::Output as ApOutput,
        supplicant::{Ignored, Output},
    },
};
use lapwing_frames::{
    LinkId,
    eapol::{KeyFrame, KeyInformation as Info},
    element::{ElementId, write_raw},
    kde::{self, GroupKey, GroupKeyKind, Kde, KeyOctets},
    suite::{Akm, Cipher},
};
use world::{Case, FULL, PLAIN};

// The world of the handshake's own tests has more than is needed here.
#[allow(dead_code)]
#[path = "../../crates/core/tests/handshake/world.rs"]
mod world;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 24;
/// How many keys of a kind are surely remembered; one frame can bring a dozen.
const REMEMBERED: usize = 31;

/// The handshake that two octets choose.
fn case(what: u8, suites: u8) -> Case {
    let (cipher, bip) = match suites & 3 {
        0 => (Cipher::Ccmp128, Cipher::BipCmac128),
        1 => (Cipher::Gcmp128, Cipher::BipGmac128),
        2 => (Cipher::Ccmp256, Cipher::BipCmac256),
        _ => (Cipher::Gcmp256, Cipher::BipGmac256),
    };
    let (akm, pmk_length) = match what & 7 {
        0 => return PLAIN,
        1 => return FULL,
        2 => (Akm::PskSha256, 32),
        3 => (Akm::Owe, 32),
        4 => (Akm::SaeExtKey, 48),
        5 => (Akm::SaeExtKey, 64),
        _ => (Akm::Sae, 32),
    };
    Case {
        akm,
        pmk_length,
        cipher,
        bip: Some(bip),
        // A multi-link device takes no pre-shared key.
        links: if what & 8 != 0 && akm != Akm::PskSha256 { 3 } else { 0 },
        channel_validation: what & 16 != 0,
        extended_key_id: what & 32 != 0,
        ssid_protection: what & 64 != 0,
        overrides: what & 128 != 0,
    }
}

/// One move of the input.
struct Move<'a> {
    what: u8,
    how: u8,
    octets: &'a [u8],
}

impl Move<'_> {
    fn has(&self, bit: u8) -> bool {
        self.how & bit != 0
    }

    /// A field of two bits.
    fn choice(&self) -> u8 {
        self.how >> 1 & 3
    }

    /// Honest data with the changes that the octets say: a count, so many places and values, and what is
    /// appended.
    fn edit(&self, mut data: Vec<u8>) -> Vec<u8> {
        let Some((&count, mut rest)) = self.octets.split_first() else { return data };
        for _ in 0..count & 7 {
            let Some((&[place, value], after)) = rest.split_first_chunk::<2>() else { break };
            rest = after;
            let length = data.len().max(1);
            if let Some(octet) = data.get_mut(usize::from(place) % length) {
                *octet ^= value;
            }
        }
        if count & 8 != 0 {
            data.truncate(usize::from(count) * data.len() / 256);
        }
        data.extend_from_slice(rest);
        data
    }
}

fn moves(octets: &[u8]) -> impl Iterator<Item = Move<'_>> {
    let mut rest = octets;
    let next = move || {
        let (&[what, how, length], after) = rest.split_first_chunk::<3>()?;
        let (octets, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        Some(Move { what, how, octets })
    };
    std::iter::from_fn(next).take(MOVES)
}

/// What an honest AP says of the keys in message 3, and in a group message: of `generation`.
fn group_data(case: &Case, peer: &Peer, generation: u8) -> Vec<u8> {
    let mut data = Vec::new();
    for key in case.group_keys(generation) {
        let kind = match key.kind {
            KeyKind::Integrity => GroupKeyKind::Integrity,
            KeyKind::Beacon => GroupKeyKind::Beacon,
            _ => GroupKeyKind::Data,
        };
        let packet_number = (kind != GroupKeyKind::Data || key.link.is_some()).then_some(key.sequence);
        let (link, key_id) = (key.link, u16::from(key.index));
        let octets = KeyOctets(key.key.expose());
        let kde = GroupKey { kind, link, key_id, transmit: false, packet_number, key: octets };
        Kde::GroupKey(kde).write(&mut data);
    }
    tell_channel(case, peer, &mut data);
    data
}

fn tell_channel(case: &Case, peer: &Peer, data: &mut Vec<u8>) {
    let channel = match peer {
        Peer::Bss(link) => link.channel,
        Peer::Mld { association_link, links, .. } => links[association_link].channel,
    };
    if let (true, Some(channel)) = (case.channel_validation, channel) {
        Kde::OperatingChannel(channel).write(data);
    }
}

/// The key data of an honest message 3.
fn third_data(case: &Case, peer: &Peer, generation: u8, key_id: u8) -> Vec<u8> {
    let mut data = Vec::new();
    let overrides = |link: &Link| {
        let told = &link.advertised;
        let elements = [&told.rsne_override, &told.rsne_override2, &told.rsnxe_override];
        elements.into_iter().flatten().flatten().copied().collect::<Vec<u8>>()
    };
    match peer {
        Peer::Bss(link) => {
            data.extend(link.advertised.rsne.iter().chain(&link.advertised.rsnxe).flatten());
            data.extend(overrides(link));
        }
        Peer::Mld { address, links, .. } => {
            Kde::MacAddress(*address).write(&mut data);
            for (id, link) in links {
                let (rsne, rsnxe) = (link.advertised.rsne.as_deref(), link.advertised.rsnxe.as_deref());
                Kde::MloLink { link: *id, address: link.bssid, rsne, rsnxe }.write(&mut data);
                if case.overrides {
                    Kde::RsnOverrideLink { link: *id, elements: &overrides(link) }.write(&mut data);
                }
            }
        }
    }
    if case.extended_key_id {
        Kde::KeyId(key_id).write(&mut data);
    }
    if case.ssid_protection {
        write_raw(ElementId::Plain(0), b"net", &mut data);
    }
    data.extend(group_data(case, peer, generation));
    data
}

/// The frame with key data and MIC, wrapped if its key information says so.
fn sealed(mut frame: KeyFrame, mut data: Vec<u8>, ptk: &Ptk) -> KeyFrame {
    if frame.information.contains(Info::ENCRYPTED) {
        kde::pad(&mut data);
        data.truncate(data.len() & !7);
        frame.key_data = keywrap::wrap(ptk.kek.expose(), &data).unwrap_or(data);
    } else {
        frame.key_data = data;
    }
    frame.mic = ptk.mic(&frame.to_octets_without_mic()).expect("every schedule here has a MIC");
    frame
}

/// An AP that knows the PMK, and what its station must never do.
struct Ap {
    case: Case,
    peer: Peer,
    station: Supplicant,
    entropy: SeededEntropy,
    schedule: KeySchedule,
    counter: u64,
    /// The nonces and keys of the message 2 that came.
    keys: Vec<([u8; 32], Ptk)>,
    /// Those of the handshake that was completed last.
    current: Option<([u8; 32], Ptk)>,
    last: Option<(Vec<u8>, bool)>,
    put_out: Vec<KeyRequest>,
    pairwise: Option<u8>,
    secured: bool,
    broken: bool,
    /// The last replay counter of a frame with a MIC that was answered.
    answered: Option<u64>,
}

impl Ap {
    fn new(what: u8, suites: u8) -> Self {
        let case = case(what, suites);
        let mut setup = world::supplicant_setup(&case);
        setup.can_replace_pairwise = suites & 4 == 0;
        let schedule = KeySchedule::of(case.akm, case.pmk_length).expect("the case is a handshake");
        Self {
            case,
            peer: setup.peer.clone(),
            station: Supplicant::new(setup),
            entropy: SeededEntropy(1),
            schedule,
            counter: 0,
            keys: Vec::new(),
            current: None,
            last: None,
            put_out: Vec::new(),
            pairwise: None,
            secured: false,
            broken: false,
            answered: None,
        }
    }

    /// A frame with the next replay counter.
    fn frame(&mut self, bits: Info) -> KeyFrame {
        self.counter += 1;
        let information = bits.with(Info::ACK).with_version(self.schedule.version);
        let mut frame = KeyFrame::new(information, self.counter, self.schedule.mic_length());
        frame.key_length = u16::try_from(self.case.cipher.key_length().expect("a cipher")).expect("short");
        frame
    }

    fn first(&mut self, nonce: u8, data: &[u8], encrypted: bool) {
        let mut frame = self.frame(Info::PAIRWISE);
        frame.nonce = [nonce; 32];
        if let Peer::Mld { address, .. } = &self.peer {
            Kde::MacAddress(*address).write(&mut frame.key_data);
        }
        frame.key_data.extend_from_slice(data);
        self.give(&frame.to_octets(), encrypted, false);
    }

    fn sealed_frame(&mut self, mut frame: KeyFrame, data: Vec<u8>, ptk: &Ptk, step: &Move<'_>) {
        if step.has(32) {
            // Any bit but those that the keys depend on.
            let flip = u16::from_be_bytes([step.how, step.octets.len() as u8]) & !7;
            frame.information = Info(frame.information.0 ^ flip);
        }
        if step.has(64) {
            frame.replay_counter = self.counter.saturating_sub(u64::from(step.what >> 4));
        }
        let octets = sealed(frame, data, ptk).to_octets();
        self.give(&octets, step.has(1), true);
        self.last = Some((octets, true));
    }

    fn third(&mut self, step: &Move<'_>) {
        let fresh = usize::from(step.choice()).checked_rem(self.keys.len()).map(|n| self.keys[n].clone());
        let known = if step.has(16) { self.current.clone() } else { fresh };
        let Some((nonce, ptk)) = known else { return };
        let mut frame = self.frame(
            Info::PAIRWISE.with(Info::INSTALL).with(Info::MIC).with(Info::SECURE).with(Info::ENCRYPTED),
        );
        frame.nonce = nonce;
        let free = self.pairwise.map_or(0, |used| used ^ 1);
        let data = if step.has(128) {
            step.octets.to_vec()
        } else {
            step.edit(third_data(&self.case, &self.peer, u8::from(step.has(8)), free))
        };
        self.sealed_frame(frame, data, &ptk, step);
    }

    fn group(&mut self, data: Vec<u8>, step: &Move<'_>) {
        let Some((_, ptk)) = self.current.clone().or_else(|| self.keys.last().cloned()) else { return };
        let mut frame = self.frame(Info::MIC.with(Info::SECURE).with(Info::ENCRYPTED));
        frame.receive_sequence = [step.how; 8];
        self.sealed_frame(frame, data, &ptk, step);
    }

    /// One group key as the octets say.
    fn one_group_key(&self, step: &Move<'_>) -> Vec<u8> {
        let [kind, link, key_id, length, octet] = step.octets.first_chunk::<5>().copied().unwrap_or_default();
        let kind = match kind & 3 {
            0 | 3 => GroupKeyKind::Data,
            1 => GroupKeyKind::Integrity,
            _ => GroupKeyKind::Beacon,
        };
        let link = LinkId::new(link).filter(|_| self.case.links > 0);
        let usual = self.case.cipher.key_length().expect("a cipher");
        let key = vec![octet; if length == 0 { usual } else { usize::from(length & 63) }];
        let packet_number = (kind != GroupKeyKind::Data || link.is_some()).then_some([octet; 6]);
        let key_id = u16::from(key_id);
        let mut data = Vec::new();
        let kde = GroupKey { kind, link, key_id, transmit: false, packet_number, key: KeyOctets(&key) };
        Kde::GroupKey(kde).write(&mut data);
        tell_channel(&self.case, &self.peer, &mut data);
        data.extend_from_slice(step.octets.get(5..).unwrap_or_default());
        data
    }

    fn step(&mut self, step: &Move<'_>) {
        match step.what & 7 {
            0 => self.give(step.octets, step.has(1), false),
            1 => self.first(step.choice(), step.octets, step.has(1)),
            2 => self.third(step),
            3 => {
                let data = step.edit(group_data(&self.case, &self.peer, step.choice()));
                self.group(data, step);
            }
            4 => self.group(self.one_group_key(step), step),
            5 => {
                self.first(step.how, &[], self.secured);
                // The newest keys, nothing changed.
                let newest = u8::try_from(self.keys.len().saturating_sub(1)).expect("few keys");
                let how = newest << 1 | u8::from(self.secured);
                self.third(&Move { what: 0, how, octets: &[] });
            }
            6 => {
                if let Some(link) = LinkId::new(step.how) {
                    self.station.remove_link(link);
                    if let Peer::Mld { links, .. } = &mut self.peer
                        && let Some(link) = links.get_mut(&link)
                    {
                        link.accepted = false;
                    }
                }
            }
            _ => {
                if let Some((octets, proven)) = self.last.clone() {
                    self.give(&octets, step.has(1), proven);
                }
            }
        }
    }

    /// Gives the station a frame; `proven` if its MIC is right.
    fn give(&mut self, octets: &[u8], encrypted: bool, proven: bool) {
        let mut out = Vec::new();
        self.station.handle(&mut self.entropy, octets, encrypted, &mut out);
        if self.broken {
            assert_eq!(out, [Output::Ignored(Ignored::AfterFailure)], "nothing comes after a failure");
            return;
        }
        let asked = KeyFrame::parse(octets, self.schedule.mic_length());
        let was_secured = self.secured;
        let (mut fourth, mut installed) = (None, None);
        for output in out {
            assert!(!self.broken, "the failure is the last word");
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    let asked = asked.as_ref().expect("an answer to a frame that can be read");
                    let answer = KeyFrame::parse(&octets, self.schedule.mic_length()).expect("an answer");
                    assert_eq!(answer.replay_counter, asked.replay_counter);
                    if !asked.information.contains(Info::MIC) {
                        assert_eq!(in_clear, !was_secured);
                        self.take_second(asked, &answer);
                        continue;
                    }
                    assert!(proven, "an answer to a frame whose MIC is wrong");
                    assert!(self.answered < Some(asked.replay_counter), "a replay counter is used twice");
                    self.answered = Some(asked.replay_counter);
                    assert!(in_clear || was_secured || installed.is_some());
                    if asked.information.contains(Info::PAIRWISE) {
                        let known = self.keys.iter().chain(&self.current);
                        let of_nonce = known.filter(|(nonce, _)| *nonce == asked.nonce);
                        let right = |(_, ptk): &&([u8; 32], Ptk)| {
                            ptk.verify(&answer.to_octets_without_mic(), &answer.mic)
                        };
                        let keys =
                            of_nonce.rev().find(right).expect("message 4 is under the keys of message 3");
                        fourth = Some(keys.clone());
                    }
                }
                Output::InstallKey(key) => {
                    assert!(proven, "a key of a frame whose MIC is wrong");
                    if let KeyKind::Pairwise { receive_only, .. } = key.kind {
                        assert_eq!(receive_only, self.case.extended_key_id);
                        assert_eq!(fourth.is_none(), receive_only, "message 4 goes out under the old key");
                        assert!(!receive_only || self.pairwise != Some(key.index), "over a key in use");
                        installed = Some(key.index);
                    }
                    self.install(key);
                }
                Output::UseKey { index } => {
                    assert!(fourth.is_some() && installed == Some(index), "a key that is not there");
                }
                Output::Secured => {
                    assert!(!was_secured && installed.is_some(), "secured without a key");
                    self.secured = true;
                    self.current = Some(fourth.clone().expect("secured without message 4"));
                }
                Output::Rekeyed(lapwing_core::rsn::supplicant::Rekeyed::Pairwise) => {
                    assert!(was_secured && encrypted && installed.is_some());
                    self.current = Some(fourth.clone().expect("new keys without message 4"));
                }
                Output::Rekeyed(_) => assert!(was_secured && encrypted && proven),
                Output::RekeyByReconnect => assert!(was_secured && encrypted),
                Output::TransitionDisable(_) => assert!(proven && fourth.is_some()),
                Output::Broken(_) => {
                    assert!(proven, "broken by what anybody could have sent");
                    self.broken = true;
                }
                Output::Ignored(_) => {}
            }
        }
        self.pairwise = installed.or(self.pairwise);
        assert_eq!(self.station.is_established(), self.secured && !self.broken);
        assert!(!self.secured || self.broken || self.pairwise.is_some());
    }

    /// The station's nonce: with it come the keys.
    fn take_second(&mut self, first: &KeyFrame, second: &KeyFrame) {
        let input = PtkInput {
            authenticator: self.peer.address(),
            supplicant: self.peer.station(),
            anonce: first.nonce,
            snonce: second.nonce,
        };
        let pmk = world::pmk(7, self.case.pmk_length).pmk;
        let ptk = Ptk::derive(self.case.akm, &pmk, self.case.cipher, &input, false).expect("a handshake");
        assert!(ptk.verify(&second.to_octets_without_mic(), &second.mic), "message 2 has another key");
        self.keys.retain(|(nonce, _)| *nonce != first.nonce);
        self.keys.push((first.nonce, ptk));
    }

    /// No key is put out twice, and each is one that the station may have.
    fn install(&mut self, key: KeyRequest) {
        let indices = match key.kind {
            KeyKind::Pairwise { .. } => 0..=1,
            KeyKind::Group => 0..=3,
            KeyKind::Integrity => 4..=5,
            KeyKind::Beacon => 6..=7,
        };
        assert!(indices.contains(&key.index), "{key:?}");
        let cipher = match key.kind {
            KeyKind::Pairwise { .. } | KeyKind::Group => self.case.cipher,
            KeyKind::Integrity | KeyKind::Beacon => self.case.bip.expect("no protection was negotiated"),
        };
        assert!(key.cipher == cipher && Some(key.key.len()) == cipher.key_length(), "{key:?}");
        let accepted = match (&self.peer, key.link, key.kind) {
            (_, None, KeyKind::Pairwise { .. }) | (Peer::Bss(_), None, _) => true,
            (Peer::Mld { links, .. }, Some(id), _) => links.get(&id).is_some_and(|link| link.accepted),
            _ => false,
        };
        assert!(accepted, "a key for a link that is not in use: {key:?}");
        let mut of_kind =
            self.put_out.iter().rev().filter(|before| (before.link, before.kind) == (key.link, key.kind));
        let twice = of_kind.by_ref().take(REMEMBERED).any(|before| before.key == key.key);
        assert!(!twice, "a key is put out twice: {key:?}");
        self.put_out.push(key);
    }
}

/// After an honest start (none, message 1, or a whole handshake) comes whatever anybody could send.
fn supplicant_garbage(octets: &[u8]) {
    let Some((&[what, suites], rest)) = octets.split_first_chunk::<2>() else { return };
    let mut ap = Ap::new(what, suites);
    match suites >> 4 & 3 {
        0 => {}
        1 => ap.first(1, &[], false),
        _ => ap.step(&Move { what: 5, how: 1, octets: &[] }),
    }
    let secured = ap.secured;
    assert_eq!(secured, suites & 32 != 0, "an honest handshake");
    for step in moves(rest) {
        ap.give(step.octets, step.has(1), false);
    }
    assert!(ap.secured == secured && !ap.broken);
}

/// An AP that proves who it is, and says whatever the input says.
fn supplicant(octets: &[u8]) {
    let Some((&[what, suites], rest)) = octets.split_first_chunk::<2>() else { return };
    let mut ap = Ap::new(what, suites);
    moves(rest).for_each(|step| ap.step(&step));
}

/// A station that proves who it is, and what its AP must never do.
struct Station {
    /// The place of its PMK among those that the AP has.
    candidate: usize,
    plan: Plan,
    case: Case,
    peer: Peer,
    ap: Authenticator,
    schedule: KeySchedule,
    now: Instant,
    entropy: SeededEntropy,
    /// The last frame of the AP, and the nonces it may mean.
    heard: Option<KeyFrame>,
    anonce: [u8; 32],
    snonce: u8,
    last: Option<Vec<u8>>,
    put_out: Vec<KeyRequest>,
    waiting: bool,
    ended: bool,
    sent: u64,
}

impl Station {
    fn new(what: u8, suites: u8) -> Self {
        let case = case(what, suites);
        let supplicant = world::supplicant_setup(&case);
        let mut setup = world::authenticator_setup(&case);
        if suites & 4 != 0 {
            setup.candidates.insert(0, world::pmk(3, case.pmk_length));
        }
        let candidate = setup.candidates.len() - 1;
        Self {
            candidate,
            plan: supplicant.plan,
            case,
            peer: supplicant.peer,
            ap: Authenticator::new(setup),
            schedule: KeySchedule::of(case.akm, case.pmk_length).expect("the case is a handshake"),
            now: Instant::default(),
            entropy: SeededEntropy(2),
            heard: None,
            anonce: [0; 32],
            snonce: 0,
            last: None,
            put_out: Vec::new(),
            waiting: false,
            ended: false,
            sent: 0,
        }
    }

    fn nonce(&self) -> [u8; 32] {
        let mut nonce = [self.snonce; 32];
        if self.case.overrides && self.snonce < 128 {
            // The end of the nonce of a station that knows overriding.
            nonce[26..].copy_from_slice(&[0x50, 0x6f, 0x9a, 0, 0, 0x29]);
        }
        nonce
    }

    fn ptk(&self) -> Ptk {
        let input = PtkInput {
            authenticator: self.peer.address(),
            supplicant: self.peer.station(),
            anonce: self.anonce,
            snonce: self.nonce(),
        };
        let pmk = world::pmk(7, self.case.pmk_length).pmk;
        Ptk::derive(self.case.akm, &pmk, self.case.cipher, &input, false).expect("a handshake")
    }

    fn second_data(&self) -> Vec<u8> {
        let mut data = self.plan.association_elements();
        tell_channel(&self.case, &self.peer, &mut data);
        if let Peer::Mld { station, association_link, links, .. } = &self.peer {
            Kde::MacAddress(*station).write(&mut data);
            for (id, link) in links.iter().filter(|(id, _)| *id != association_link) {
                Kde::MloLink { link: *id, address: link.station, rsne: None, rsnxe: None }.write(&mut data);
            }
        }
        data
    }

    /// Sends an answer under the keys of the moment.
    fn answer(&mut self, bits: Info, nonce: bool, data: Vec<u8>, step: &Move<'_>) {
        let Some(heard) = self.heard.clone() else { return };
        let ptk = self.ptk();
        let mut bits = bits.with(Info::MIC).with_version(self.schedule.version);
        if step.has(32) {
            bits = Info(bits.0 ^ (u16::from_be_bytes([step.how, step.octets.len() as u8]) & !7));
        }
        let counter = heard.replay_counter.saturating_sub(u64::from(step.what >> 4));
        let mut frame = KeyFrame::new(bits, counter, self.schedule.mic_length());
        if nonce {
            frame.nonce = self.nonce();
        }
        let octets = sealed(frame, data, &ptk).to_octets();
        self.give(&octets, step.has(1), true);
        self.last = Some(octets);
    }

    fn mac_address(&self) -> Vec<u8> {
        let mut data = Vec::new();
        if let Peer::Mld { station, .. } = &self.peer {
            Kde::MacAddress(*station).write(&mut data);
        }
        data
    }

    fn give(&mut self, octets: &[u8], encrypted: bool, proven: bool) {
        let mut out = Vec::new();
        self.ap.handle(self.now, octets, encrypted, &mut out);
        self.take(out, proven);
    }

    fn take(&mut self, out: Vec<ApOutput>, proven: bool) {
        for output in out {
            assert!(!self.ended || matches!(output, ApOutput::Ignored(_)), "something after the end");
            match output {
                ApOutput::SendKeyFrame { octets, .. } => {
                    let frame = KeyFrame::parse(&octets, self.schedule.mic_length()).expect("a message");
                    assert!(frame.replay_counter > self.sent, "a replay counter is used twice");
                    self.sent = frame.replay_counter;
                    if frame.information.contains(Info::PAIRWISE) {
                        self.anonce = frame.nonce;
                    }
                    self.heard = Some(frame);
                    self.waiting = true;
                }
                ApOutput::InstallKey(key) => {
                    assert!(proven, "a key by an answer whose MIC is wrong");
                    assert!(!self.put_out.iter().any(|before| before.key == key.key), "put out twice");
                    self.put_out.push(key);
                }
                ApOutput::Secured { candidate } => {
                    assert!(proven && self.put_out.last().is_some(), "secured without a key");
                    assert_eq!(candidate, self.candidate, "another station's key");
                    self.waiting = false;
                }
                ApOutput::GroupKeysTaken => {
                    assert!(proven, "taken by an answer whose MIC is wrong");
                    self.waiting = false;
                }
                ApOutput::WantsPacketNumbers => panic!("they are given"),
                ApOutput::Disconnect(_) => (self.ended, self.waiting) = (true, false),
                ApOutput::Ignored(_) => {}
            }
        }
        assert_eq!(self.ap.deadline().is_some(), self.waiting, "waits without a deadline");
    }

    fn step(&mut self, step: &Move<'_>) {
        let mut out = Vec::new();
        match step.what & 7 {
            0 => return self.give(step.octets, step.has(1), false),
            1 => self.ap.start(self.now, &mut self.entropy, &mut out),
            2 => self.ap.renew_group_keys(self.now, self.case.group_keys(step.choice()), &mut out),
            3 => {
                self.now = match self.ap.deadline() {
                    Some(deadline) if step.has(1) => self.now.max(deadline),
                    _ => self.now + Duration::from_millis(u64::from(step.how)),
                };
                self.ap.tick(self.now, &mut out);
                assert!(self.ap.deadline().is_none_or(|at| at > self.now), "a deadline stays overdue");
            }
            4 => {
                self.snonce = step.octets.first().copied().unwrap_or_default();
                let data = step.edit(self.second_data());
                return self.answer(Info::PAIRWISE, true, data, step);
            }
            5 => {
                let data = step.edit(self.mac_address());
                return self.answer(Info::PAIRWISE.with(Info::SECURE), false, data, step);
            }
            6 => return self.answer(Info::SECURE, false, step.octets.to_vec(), step),
            _ => {
                if let Some(octets) = self.last.clone() {
                    self.give(&octets, step.has(1), true);
                }
                return;
            }
        }
        self.take(out, false);
    }
}

/// An AP's machine whose station proves who it is, and says whatever the input says.
fn authenticator(octets: &[u8]) {
    let Some((&[what, suites], rest)) = octets.split_first_chunk::<2>() else { return };
    let mut station = Station::new(what, suites);
    moves(rest).for_each(|step| station.step(&step));
}

/// The targets.
pub const TARGETS: &[Target] = &[
    ("authenticator", authenticator),
    ("supplicant", supplicant),
    ("supplicant_garbage", supplicant_garbage),
];

#[test]
fn every_choice_is_a_handshake_that_succeeds() {
    let finish = Move { what: 5, how: 1, octets: &[] };
    for what in 0..=255 {
        for suites in [0, 7] {
            let mut ap = Ap::new(what, suites);
            ap.step(&finish);
            assert!(ap.secured, "{:?}", ap.case);
            let keys = ap.put_out.len();
            ap.step(&Move { what: 3, how: 3, octets: &[] });
            assert!(ap.put_out.len() > keys, "{:?}", ap.case);
            let mut station = Station::new(what, suites);
            for what in [1, 4, 5] {
                station.step(&Move { what, how: 0, octets: &[] });
            }
            assert!(station.ap.is_established(), "{:?}", station.case);
            station.step(&Move { what: 2, how: 2, octets: &[] });
            station.step(&Move { what: 6, how: 1, octets: &[] });
            assert!(station.ap.is_established() && !station.waiting);
        }
    }
}
