//! Two sessions and the air between them.

use lapwing_core::{
    Duration, Instant, Means, Secret,
    curve::PureCurves,
    dpp::{Action, Akms, Bootstrapping, Configuration, Event, Part, Session, Setup, Troubles},
    entropy::SeededEntropy,
    kernel::Frequency,
    network::Personal,
};
use lapwing_frames::{MacAddr, Ssid};
use std::collections::VecDeque;

pub(crate) const HOME: Frequency = Frequency(2437);
pub(crate) const AWAY: Frequency = Frequency(2412);

pub(crate) fn network() -> Configuration {
    Configuration {
        ssid: Ssid::new(b"home").unwrap(),
        akms: Akms { psk: true, sae: true },
        secret: Personal { passphrase: Some(Secret::new(b"correct horse")), ..Personal::default() },
        hidden: false,
        send_hostname: true,
    }
}

pub(crate) struct Side {
    pub(crate) address: MacAddr,
    pub(crate) session: Session,
    pub(crate) ended: Option<Result<(), Troubles>>,
    pub(crate) provisioned: Vec<Configuration>,
    pub(crate) asked: Vec<String>,
    /// How often it went to a channel only to listen, and how often back from one.
    pub(crate) listened: usize,
    pub(crate) returned: usize,
    /// Whether that is for the sake of a frame that it has sent.
    stays: bool,
    /// Where it listens, and until when; at home for ever.
    on: (Frequency, Instant),
    home: Option<Frequency>,
}

/// A frame in the air.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: usize,
    pub(crate) to: MacAddr,
    pub(crate) frequency: Frequency,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Air {
    pub(crate) now: Instant,
    pub(crate) sides: [Side; 2],
    pub(crate) log: Vec<Sent>,
    /// Whether the frame of this number is lost.
    pub(crate) loses: fn(usize) -> bool,
    /// The frame of this number arrives with another octet at this place.
    pub(crate) forges: Option<(usize, usize)>,
    entropy: SeededEntropy,
}

pub(crate) fn address(side: usize) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, 0x10 + u8::try_from(side).unwrap()])
}

pub(crate) fn setup(side: usize, home: Option<Frequency>) -> Setup {
    Setup { address: address(side), name: format!("side {side}"), home }
}

impl Air {
    /// Two sessions; the second is told the first one's URI where it begins.
    pub(crate) fn new(
        seed: u64,
        parts: [(Part, Option<Frequency>); 2],
        first: Bootstrapping,
        second: impl FnOnce(&Session) -> Bootstrapping,
    ) -> Self {
        let mut entropy = SeededEntropy(seed);
        let now = Instant::after_start(Duration::from_secs(100));
        let mut make = |side: usize, part, home, bootstrapping| {
            let mut means = Means { entropy: &mut entropy, curves: &PureCurves };
            let session = Session::new(setup(side, home), part, bootstrapping, now, &mut means).unwrap();
            Side {
                address: address(side),
                session,
                ended: None,
                provisioned: Vec::new(),
                asked: Vec::new(),
                listened: 0,
                stays: false,
                returned: 0,
                on: (home.unwrap_or(AWAY), now),
                home,
            }
        };
        let [(part, home), (other_part, other_home)] = parts;
        let first = make(0, part, home, first);
        let second = second(&first.session);
        let second = make(1, other_part, other_home, second);
        Self { now, sides: [first, second], log: Vec::new(), loses: |_| false, forges: None, entropy }
    }

    pub(crate) fn give(&mut self, side: usize, event: &Event<'_>) {
        let mut queue = VecDeque::new();
        self.turn(side, event, &mut queue);
        while let Some(sent) = queue.pop_front() {
            assert!(self.log.len() < 500, "they never end");
            self.log.push(sent.clone());
            let lost = (self.loses)(self.log.len());
            let other = 1 - sent.from;
            let hears = {
                let other = &self.sides[other];
                let there = other.home == Some(sent.frequency)
                    || (other.on.0 == sent.frequency && other.on.1 >= self.now);
                there && (sent.to == other.address || sent.to == MacAddr::BROADCAST)
            };
            let arrives = hears && !lost;
            self.turn(
                sent.from,
                &Event::Transmitted { acknowledged: arrives && !sent.to.is_group() },
                &mut queue,
            );
            if arrives {
                let mut sent = sent;
                if let Some((_, at)) = self.forges.filter(|(number, _)| *number == self.log.len()) {
                    sent.body[at] ^= 0x20;
                }
                let event = Event::Frame {
                    from: self.sides[sent.from].address,
                    frequency: Some(sent.frequency),
                    body: &sent.body,
                };
                self.turn(other, &event, &mut queue);
            }
        }
    }

    fn turn(&mut self, side: usize, event: &Event<'_>, queue: &mut VecDeque<Sent>) {
        let mut means = Means { entropy: &mut self.entropy, curves: &PureCurves };
        let now = self.now;
        let this = &mut self.sides[side];
        for action in this.session.turn(now, event, &mut means) {
            match action {
                Action::Transmit { to, frequency, wait, body } => {
                    assert_eq!(wait.is_zero(), this.home == Some(frequency));
                    assert!(
                        !this.stays || this.on.1 <= now,
                        "it waits until the radio has stayed to the end"
                    );
                    this.stays = !wait.is_zero();
                    this.on = (frequency, now + wait);
                    queue.push_back(Sent { from: side, to, frequency, body });
                }
                Action::Listen { frequency, wait } => {
                    assert!(this.home != Some(frequency) && !wait.is_zero());
                    this.listened += 1;
                    this.stays = false;
                    this.on = (frequency, now + wait);
                }
                Action::Return => {
                    this.returned += 1;
                    this.on.1 = now;
                }
                Action::AskCode(identifier) => this.asked.push(identifier),
                Action::WithdrawCode => drop(this.asked.pop()),
                Action::Provisioned(configuration) => this.provisioned.push(configuration),
                Action::Ended(result) => assert!(this.ended.replace(result).is_none(), "it ended twice"),
            }
        }
        assert_eq!(this.session.is_over(), this.ended.is_some());
    }

    /// Time goes by until both have ended, or this long.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..2000 {
            let next = |side: &Side| side.session.next_deadline();
            let due = self.sides.iter().enumerate().filter_map(|(number, side)| Some((next(side)?, number)));
            let Some((at, side)) = due.min().filter(|(at, _)| *at <= end) else { break };
            self.now = self.now.max(at);
            self.give(side, &Event::Tick);
        }
    }

    /// That the first side has the second's network, and both know it.
    pub(crate) fn assert_handed_over(&self) {
        assert_eq!(self.sides[0].provisioned, [network()]);
        assert_eq!(self.sides[0].ended, Some(Ok(())));
        assert_eq!(self.sides[1].ended, Some(Ok(())));
    }
}
