//! A member of a protected network without access points: between an honest member, whose messages are lost, doubled and
//! spoiled, and a stranger who does not know the passphrase.

use crate::Target;
use lapwing_core::{
    Duration, Instant, Secret,
    ad_hoc::{Action, AdHoc, Event, Reply, Report, Request, Setup},
    crypto::keys::Pmk,
    entropy::SeededEntropy,
};
use lapwing_frames::{MacAddr, Ssid, suite::Cipher};
use std::collections::VecDeque;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 48;
/// No turn asks and tells more than this, with so few members.
const ACTIONS: usize = 32;
/// No more messages are under way.
const FLIGHT: usize = 64;

const MEMBERS: [MacAddr; 2] = [MacAddr([2, 0, 0, 0, 0, 1]), MacAddr([2, 0, 0, 0, 0, 2])];
const STRANGER: MacAddr = MacAddr([2, 0, 0, 0, 0, 3]);

struct Member {
    machine: AdHoc,
    entropy: SeededEntropy,
}

/// A message: for which member, and whether it is encrypted.
struct Message {
    to: usize,
    bytes: Vec<u8>,
    protected: bool,
}

struct Net {
    now: Instant,
    members: [Member; 2],
    flight: VecDeque<Message>,
    /// The kernel refuses what it is asked for.
    refuses: bool,
}

impl Net {
    fn new(what: u8) -> Self {
        let member = |number: usize| {
            let setup = Setup {
                address: MEMBERS[number],
                ssid: Ssid::new(b"friends").unwrap(),
                pmk: Pmk::new(Secret::new(&[7; 32])).unwrap(),
                cipher: if what & 1 == 0 { Cipher::Ccmp128 } else { Cipher::Gcmp256 },
                protection_is_told: what & 2 == 0,
            };
            let mut entropy = SeededEntropy(u64::from(what) * 2 + number as u64);
            Member { machine: AdHoc::new(setup, &mut entropy).unwrap(), entropy }
        };
        let members = [member(0), member(1)];
        let now = Instant::after_start(Duration::from_secs(1));
        let mut net = Self { now, members, flight: VecDeque::new(), refuses: false };
        for number in 0..2 {
            net.turn(number, Event::Joined);
            net.turn(number, Event::PeerCame(MEMBERS[1 - number]));
        }
        net
    }

    fn turn(&mut self, number: usize, event: Event<'_>) {
        let Member { machine, entropy } = &mut self.members[number];
        let actions = machine.turn(self.now, event, entropy);
        assert!(actions.len() <= ACTIONS, "a turn without end");
        assert!(!machine.connected().any(|peer| peer == STRANGER), "a stranger is connected");
        for action in actions {
            match action {
                Action::Report(Report::Connected(peer)) => {
                    assert!(MEMBERS.contains(&peer), "it says so of a stranger");
                }
                Action::Report(_) => {}
                Action::Request { request: Request::SendKeyFrame { to, bytes, in_clear }, .. } => {
                    if let Some(to) = MEMBERS.iter().position(|member| *member == to)
                        && self.flight.len() < FLIGHT
                    {
                        self.flight.push_back(Message { to, bytes, protected: !in_clear });
                    }
                }
                Action::Request { number: asked, request } => {
                    if let Request::AuthorizePeer { peer } = &request {
                        assert!(MEMBERS.contains(peer), "a stranger's port is opened");
                    }
                    let outcome = match request {
                        _ if self.refuses => Err(()),
                        Request::ReadPacketNumber { .. } => Ok(Reply::PacketNumber(5)),
                        _ => Ok(Reply::Done),
                    };
                    self.turn(number, Event::Answered { number: asked, outcome });
                }
            }
        }
    }

    fn deliver(&mut self) {
        if let Some(Message { to, bytes, protected }) = self.flight.pop_front() {
            let from = MEMBERS[1 - to];
            self.turn(to, Event::KeyFrame { from, bytes: &bytes, protected });
        }
    }

    fn step(&mut self, what: u8, how: u8, octets: &[u8]) {
        let number = usize::from(how & 1);
        match what & 15 {
            0 | 1 => (0..=how & 15).for_each(|_| self.deliver()),
            2 => drop(self.flight.pop_front()),
            3 => {
                if let Some(Message { to, bytes, protected }) = self.flight.front() {
                    let again = Message { to: *to, bytes: bytes.clone(), protected: *protected };
                    self.flight.push_back(again);
                }
            }
            4 => {
                if let Some(message) = self.flight.front_mut() {
                    for (octet, change) in message.bytes.iter_mut().skip(usize::from(how)).zip(octets) {
                        *octet ^= change;
                    }
                }
            }
            5 => self.flight.rotate_left(usize::from(how).min(self.flight.len())),
            6 | 7 => {
                self.now = self.now + Duration::from_millis(u64::from(how) * 20);
                (0..2).for_each(|number| self.turn(number, Event::Tick));
            }
            8 => self.turn(number, Event::PeerLeft(MEMBERS[1 - number])),
            9 => self.turn(number, Event::PeerCame(MEMBERS[1 - number])),
            10 => self.turn(number, Event::PeerCame(STRANGER)),
            11 => {
                let event = Event::KeyFrame { from: STRANGER, bytes: octets, protected: how & 2 != 0 };
                self.turn(number, event);
            }
            12 => {
                let from = MEMBERS[1 - number];
                self.turn(number, Event::KeyFrame { from, bytes: octets, protected: how & 2 != 0 });
            }
            13 => self.refuses = how & 1 != 0,
            14 => {
                // An answer to something else, or to nothing.
                let outcome = if how & 2 == 0 { Ok(Reply::Done) } else { Err(()) };
                self.turn(number, Event::Answered { number: u64::from(how >> 2), outcome });
            }
            _ => {
                // What one has sent, with another's name on it.
                if let Some(Message { to, bytes, protected }) = self.flight.pop_front() {
                    self.turn(to, Event::KeyFrame { from: STRANGER, bytes: &bytes, protected });
                }
            }
        }
    }
}

fn ad_hoc(octets: &[u8]) {
    let Some((&what, mut rest)) = octets.split_first() else { return };
    let mut net = Net::new(what);
    for _ in 0..MOVES {
        let Some((&[what, how, length], after)) = rest.split_first_chunk::<3>() else { break };
        let (octets, after) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        rest = after;
        net.step(what, how, octets);
    }
}

/// The targets.
pub const TARGETS: &[Target] = &[("ad_hoc", ad_hoc)];

#[test]
fn two_who_are_let_alone_are_connected() {
    for what in 0..4 {
        let mut net = Net::new(what);
        (0..20).for_each(|_| net.deliver());
        for number in 0..2 {
            let connected: Vec<_> = net.members[number].machine.connected().collect();
            assert_eq!(connected, [MEMBERS[1 - number]], "{what}");
        }
    }
}
