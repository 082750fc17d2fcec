//! Members of ad-hoc networks with a passphrase, on one air with kernels that keep their keys.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

use lapwing_core::{
    Duration, Instant,
    ad_hoc::{Action, AdHoc, Event, Reply, Report, Request, Setup, Trouble},
    crypto::{kdf::passphrase_to_psk, keys::Pmk},
    entropy::SeededEntropy,
};
use lapwing_frames::{MacAddr, Ssid, eapol::KeyInformation, suite::Cipher};
use std::collections::{BTreeMap, VecDeque};

const LOW: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const MIDDLE: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const HIGH: MacAddr = MacAddr([2, 0, 0, 0, 0, 3]);

fn setup(address: MacAddr, passphrase: &str) -> Setup {
    let ssid = Ssid::new(b"mesh").unwrap();
    let pmk = Pmk::new(passphrase_to_psk(passphrase.as_bytes(), ssid.octets())).unwrap();
    Setup { address, ssid, pmk, cipher: Cipher::Ccmp128, protection_is_told: true }
}

/// A member and its kernel.
struct Member {
    machine: AdHoc,
    entropy: SeededEntropy,
    pairwise: BTreeMap<MacAddr, Vec<u8>>,
    /// Of the others, and our own under our own address.
    group: BTreeMap<MacAddr, Vec<u8>>,
    open: Vec<MacAddr>,
    reports: Vec<Report>,
    /// Refuse requests for which this is true.
    refuse: fn(&Request) -> bool,
    keys: Vec<Vec<u8>>,
}

/// A frame on the air.
struct Frame {
    from: MacAddr,
    to: MacAddr,
    bytes: Vec<u8>,
    protected: bool,
}

struct Air {
    now: Instant,
    members: BTreeMap<MacAddr, Member>,
    frames: VecDeque<Frame>,
    /// Whether a frame is lost: its number, and itself.
    lost: fn(u64, &Frame) -> bool,
    sent: u64,
}

impl Air {
    fn of(passphrases: &[(MacAddr, &str)]) -> Self {
        let (members, frames) = (BTreeMap::new(), VecDeque::new());
        let mut air =
            Self { now: Instant::after_start(Duration::ZERO), members, frames, lost: |_, _| false, sent: 0 };
        for (address, passphrase) in passphrases {
            air.enter(*address, passphrase);
        }
        air
    }

    /// A member begins, with everybody who is there: its kernel knows them, and theirs know it.
    fn enter(&mut self, address: MacAddr, passphrase: &str) {
        let mut entropy = SeededEntropy(u64::from(address.0[5]) << 32 | self.sent);
        let machine = AdHoc::new(setup(address, passphrase), &mut entropy).unwrap();
        let (pairwise, group) = (BTreeMap::new(), BTreeMap::new());
        let member = Member {
            machine,
            entropy,
            pairwise,
            group,
            open: Vec::new(),
            reports: Vec::new(),
            refuse: |_| false,
            keys: Vec::new(),
        };
        let known = self.members.insert(address, member).is_some();
        let others: Vec<_> = self.members.keys().copied().filter(|other| *other != address).collect();
        // One that the kernel knows before it says that we are in the network.
        others.first().into_iter().for_each(|other| self.hear(address, Event::PeerCame(*other)));
        self.hear(address, Event::Joined);
        for other in others {
            self.hear(address, Event::PeerCame(other));
            if !known {
                self.hear(other, Event::PeerCame(address));
            }
        }
    }

    fn hear(&mut self, address: MacAddr, event: Event<'_>) {
        let member = self.members.get_mut(&address).unwrap();
        let actions = member.machine.turn(self.now, event, &mut member.entropy);
        for action in actions {
            match action {
                Action::Report(report) => self.members.get_mut(&address).unwrap().reports.push(report),
                Action::Request { number, request } => {
                    let outcome = self.perform(address, request);
                    self.hear(address, Event::Answered { number, outcome });
                }
            }
        }
    }

    fn perform(&mut self, address: MacAddr, request: Request) -> Result<Reply, ()> {
        let member = self.members.get_mut(&address).unwrap();
        if (member.refuse)(&request) {
            return Err(());
        }
        match request {
            Request::SendKeyFrame { to, bytes, in_clear } => {
                let protected = !in_clear && member.pairwise.contains_key(&to);
                let frame = Frame { from: address, to, bytes, protected };
                self.sent += 1;
                if !(self.lost)(self.sent, &frame) {
                    self.frames.push_back(frame);
                }
            }
            Request::InstallKey(key) => {
                let octets = key.key.expose().to_vec();
                assert!(!member.keys.contains(&octets), "a key is installed twice");
                member.keys.push(octets.clone());
                let lapwing_core::kernel::KeyKind::Pairwise { peer, .. } = key.kind else {
                    panic!("{key:?}")
                };
                member.pairwise.insert(peer, octets);
            }
            Request::InstallGroupKey { peer, key } => {
                member.group.insert(peer.unwrap_or(address), key.key.expose().to_vec());
            }
            Request::ReadPacketNumber { .. } => return Ok(Reply::PacketNumber(self.sent)),
            Request::AuthorizePeer { peer } => member.open.push(peer),
            Request::UseGroupKey { .. } => {}
        }
        Ok(Reply::Done)
    }

    fn deliver(&mut self) {
        while let Some(frame) = self.frames.pop_front() {
            let keyed = |member: &Member, other| member.pairwise.get(other).cloned();
            // What is protected is read by who has the key.
            let readable = !frame.protected
                || keyed(&self.members[&frame.from], &frame.to)
                    == keyed(&self.members[&frame.to], &frame.from);
            if readable {
                let event =
                    Event::KeyFrame { from: frame.from, bytes: &frame.bytes, protected: frame.protected };
                self.hear(frame.to, event);
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.deliver();
        loop {
            let due =
                self.members.iter().filter_map(|(address, it)| Some((it.machine.next_deadline()?, *address)));
            let Some((when, address)) = due.min().filter(|(when, _)| *when <= end) else { break };
            self.now = self.now.max(when);
            self.hear(address, Event::Tick);
            self.deliver();
        }
        self.now = end;
    }

    fn connected(&self, address: MacAddr) -> Vec<MacAddr> {
        self.members[&address].machine.connected().collect()
    }

    fn reports(&mut self, address: MacAddr) -> Vec<Report> {
        std::mem::take(&mut self.members.get_mut(&address).unwrap().reports)
    }

    /// Two are connected, with the same keys and open ports.
    fn assert_agreed(&self, a: MacAddr, b: MacAddr) {
        let (one, other) = (&self.members[&a], &self.members[&b]);
        assert!(self.connected(a).contains(&b) && self.connected(b).contains(&a), "{a} {b}");
        assert!(one.open.contains(&b) && other.open.contains(&a));
        assert_eq!(one.pairwise[&b], other.pairwise[&a]);
        assert_eq!((&one.group[&b], &other.group[&a]), (&other.group[&b], &one.group[&a]));
        assert_ne!(one.group[&a], other.group[&b]);
    }
}

#[test]
fn members_have_the_same_keys_and_open_ports() {
    let mut air = Air::of(&[(LOW, "secret123"), (HIGH, "secret123"), (MIDDLE, "secret123")]);
    air.pass(Duration::from_secs(1));
    for (a, b) in [(LOW, HIGH), (LOW, MIDDLE), (MIDDLE, HIGH)] {
        air.assert_agreed(a, b);
    }
    assert_eq!(air.reports(MIDDLE), [Report::Connected(LOW), Report::Connected(HIGH)]);
    // The key is that of the handshake which the greater address began: the pair installs one each.
    assert!(air.members.values().all(|member| member.keys.len() == 2));
    air.pass(Duration::from_secs(100));
    assert!(
        air.members.values().all(|member| member.keys.len() == 2 && member.machine.next_deadline().is_none())
    );
    air.hear(MIDDLE, Event::PeerLeft(LOW));
    assert_eq!(air.reports(MIDDLE), [Report::Disconnected(LOW)]);
    assert_eq!(air.connected(MIDDLE), [HIGH]);
}

#[test]
fn frames_that_are_lost_are_sent_again() {
    for nth in 1..=8 {
        let mut air = Air::of(&[(LOW, "secret123")]);
        // Each of the eight frames of the two handshakes, once.
        air.lost = match nth {
            1 => |n, _| n == 1,
            2 => |n, _| n == 2,
            3 => |n, _| n == 3,
            4 => |n, _| n == 4,
            5 => |n, _| n == 5,
            6 => |n, _| n == 6,
            7 => |n, _| n == 7,
            _ => |n, _| n == 8,
        };
        air.enter(HIGH, "secret123");
        air.pass(Duration::from_secs(5));
        air.assert_agreed(LOW, HIGH);
    }
}

#[test]
fn a_member_that_could_not_be_reached_for_long_is_tried_again() {
    let mut air = Air::of(&[(LOW, "secret123")]);
    air.lost = |_, _| true;
    air.enter(HIGH, "secret123");
    air.pass(Duration::from_secs(30));
    assert_eq!(air.reports(LOW), [Report::Failed { peer: HIGH, why: Trouble::Silent }]);
    assert_eq!(air.connected(LOW), []);
    air.lost = |_, _| false;
    air.pass(Duration::from_secs(15));
    air.assert_agreed(LOW, HIGH);
    assert_eq!(air.reports(LOW), [Report::Connected(HIGH)]);
    // What nobody answers is not sent more and more often.
    let sent = air.sent;
    air.pass(Duration::from_secs(1000));
    assert!(air.sent < sent + 8, "{sent} {}", air.sent);
}

#[test]
fn another_passphrase_opens_nothing_and_is_told_once() {
    let mut air = Air::of(&[(LOW, "secret123"), (HIGH, "InvalidPassword")]);
    air.pass(Duration::from_secs(100));
    for (own, peer) in [(LOW, HIGH), (HIGH, LOW)] {
        assert_eq!(air.reports(own), [Report::Failed { peer, why: Trouble::Passphrase }]);
        let member = &air.members[&own];
        assert!(member.open.is_empty() && member.pairwise.is_empty() && member.group.len() == 1);
    }
    // Four messages 1 and their answers every thirteen seconds, each way.
    assert!(air.sent < 200, "{}", air.sent);
}

#[test]
fn a_member_that_came_back_without_a_word_is_let_in_again_and_they_come_to_rest() {
    let mut air = Air::of(&[(LOW, "secret123"), (HIGH, "secret123")]);
    air.pass(Duration::from_secs(60));
    for back in [LOW, HIGH] {
        let before = air.members[&LOW].pairwise[&HIGH].clone();
        air.enter(back, "secret123");
        air.pass(Duration::from_secs(5));
        air.assert_agreed(LOW, HIGH);
        assert_ne!(before, air.members[&LOW].pairwise[&HIGH]);
        let sent = air.sent;
        air.pass(Duration::from_secs(600));
        assert_eq!(air.sent, sent, "they begin again and again");
        air.assert_agreed(LOW, HIGH);
    }
    // At once, too.
    air.enter(LOW, "secret123");
    air.pass(Duration::from_millis(200));
    air.enter(LOW, "secret123");
    air.pass(Duration::from_secs(60));
    air.assert_agreed(LOW, HIGH);
}

#[test]
fn a_stranger_that_claims_to_be_a_member_ends_nothing() {
    let mut air = Air::of(&[(LOW, "secret123"), (HIGH, "secret123")]);
    air.pass(Duration::from_secs(60));
    let before = air.members[&LOW].pairwise.clone();
    // Who knows another passphrase begins in its name.
    let mut entropy = SeededEntropy(99);
    let mut stranger = AdHoc::new(setup(HIGH, "InvalidPassword"), &mut entropy).unwrap();
    stranger.turn(air.now, Event::Joined, &mut entropy);
    let mut firsts = stranger.turn(air.now, Event::PeerCame(LOW), &mut entropy);
    for _ in 0..20 {
        for action in firsts.drain(..) {
            if let Action::Request { request: Request::SendKeyFrame { bytes, .. }, .. } = action {
                let mut torn = bytes.clone();
                torn.truncate(bytes.len() / 2);
                for bytes in [&bytes[..], &torn, &[], &[0xff; 300]] {
                    for protected in [false, true] {
                        air.hear(LOW, Event::KeyFrame { from: HIGH, bytes, protected });
                        air.hear(LOW, Event::KeyFrame { from: MIDDLE, bytes, protected });
                    }
                }
            }
        }
        air.now = air.now + Duration::from_secs(1);
        firsts = stranger.turn(air.now, Event::Tick, &mut entropy);
    }
    air.frames.clear();
    air.pass(Duration::from_secs(60));
    air.assert_agreed(LOW, HIGH);
    assert_eq!(before, air.members[&LOW].pairwise);
    assert_eq!(air.reports(LOW), [Report::Connected(HIGH)]);
}

#[test]
fn a_frame_that_is_recorded_and_sent_again_installs_nothing_twice() {
    let mut air = Air::of(&[(LOW, "secret123")]);
    air.enter(HIGH, "secret123");
    let mut recorded = Vec::new();
    while let Some(frame) = air.frames.pop_front() {
        recorded.push((frame.from, frame.to, frame.bytes.clone()));
        air.hear(frame.to, Event::KeyFrame { from: frame.from, bytes: &frame.bytes, protected: false });
    }
    assert_eq!(recorded.len(), 8);
    for (from, to, bytes) in &recorded {
        // The kernel asserts that no key is installed twice.
        air.hear(*to, Event::KeyFrame { from: *from, bytes, protected: false });
    }
    air.pass(Duration::from_secs(20));
    air.assert_agreed(LOW, HIGH);
}

#[test]
fn what_the_kernel_refuses_is_no_connection_and_is_tried_again() {
    fn key(request: &Request) -> bool {
        matches!(request, Request::InstallKey(_))
    }
    fn port(request: &Request) -> bool {
        matches!(request, Request::AuthorizePeer { .. })
    }
    for refuse in [key, port] {
        let mut air = Air::of(&[(LOW, "secret123")]);
        air.members.get_mut(&LOW).unwrap().refuse = refuse;
        air.enter(HIGH, "secret123");
        air.pass(Duration::from_secs(5));
        assert_eq!(air.connected(LOW), []);
        assert_eq!(air.reports(LOW), [Report::Failed { peer: HIGH, why: Trouble::Kernel }]);
        air.members.get_mut(&LOW).unwrap().refuse = |_| false;
        air.pass(Duration::from_secs(30));
        air.assert_agreed(LOW, HIGH);
    }
    // Without the number of the last packet the group key is given away all the same; without the key it is told.
    let mut air = Air::of(&[(LOW, "secret123")]);
    air.members.get_mut(&LOW).unwrap().refuse = |request| matches!(request, Request::ReadPacketNumber { .. });
    air.enter(HIGH, "secret123");
    air.pass(Duration::from_secs(1));
    air.assert_agreed(LOW, HIGH);
    let mut entropy = SeededEntropy(1);
    let mut machine = AdHoc::new(setup(LOW, "secret123"), &mut entropy).unwrap();
    let actions = machine.turn(Instant::after_start(Duration::ZERO), Event::Joined, &mut entropy);
    let Some(Action::Request { number, .. }) = actions.first() else { panic!("{actions:?}") };
    let refused = Event::Answered { number: *number, outcome: Err(()) };
    let actions = machine.turn(Instant::after_start(Duration::ZERO), refused, &mut entropy);
    assert_eq!(actions, [Action::Report(Report::NoGroupKey)]);
}

#[test]
fn members_are_bounded_and_nobody_is_his_own_peer() {
    let mut entropy = SeededEntropy(1);
    let mut machine = AdHoc::new(setup(LOW, "secret123"), &mut entropy).unwrap();
    machine.turn(Instant::after_start(Duration::ZERO), Event::Joined, &mut entropy);
    assert_eq!(machine.turn(Instant::after_start(Duration::ZERO), Event::PeerCame(LOW), &mut entropy), []);
    assert_eq!(
        machine.turn(Instant::after_start(Duration::ZERO), Event::PeerCame(MacAddr::BROADCAST), &mut entropy),
        []
    );
    let begun = (0..=255).filter(|number| {
        let peer = MacAddr([2, 1, 0, 0, 0, *number]);
        !machine.turn(Instant::after_start(Duration::ZERO), Event::PeerCame(peer), &mut entropy).is_empty()
    });
    assert_eq!(begun.count(), 128);
}

#[test]
fn messages_say_what_iwd_expects() {
    let octets = setup(LOW, "secret123").rsne();
    let expected = [48, 20, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 2, 0, 0];
    assert_eq!(octets, expected);
    let mut air = Air::of(&[(LOW, "secret123")]);
    air.enter(HIGH, "secret123");
    let first = air.frames.front().unwrap();
    let information = KeyInformation(u16::from_be_bytes([first.bytes[5], first.bytes[6]]));
    assert!(information.contains(KeyInformation::ACK) && !first.protected);
    let mut entropy = SeededEntropy(1);
    let setup = Setup { cipher: Cipher::GroupNotAllowed, ..setup(LOW, "secret123") };
    assert!(AdHoc::new(setup, &mut entropy).is_none());
}
