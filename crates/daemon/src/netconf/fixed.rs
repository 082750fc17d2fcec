//! An IPv4 address that a person fixed: looked for before it is used, and watched from then on (RFC 5227).

use super::conflict::{Claim, Due, Heard, Watch};
use lapwing_core::{Duration, Instant};
use lapwing_frames::MacAddr;
use lapwing_frames::internet::arp::Arp;
use std::net::Ipv4Addr;

/// After this time an address that was somebody else's is looked for again: whoever has it may have left.
const AGAIN: Duration = Duration::from_secs(60);

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an ARP packet to all hosts.
    SendArp(Vec<u8>),
    /// Nobody else has the address: use it.
    Use,
    /// It is somebody else's.
    Taken {
        /// Whose.
        by: MacAddr,
        /// Whether it was in use, which has to end.
        in_use: bool,
    },
    /// Something for the timeline.
    Note(String),
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    hardware: MacAddr,
    address: Ipv4Addr,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Is it somebody's?
    Looking { watch: Watch },
    /// It is ours.
    Used { watch: Watch },
    /// It is somebody else's.
    Lost { again: Instant },
}

impl Fixed {
    /// One that is looked for now.
    #[must_use]
    pub const fn new(now: Instant, hardware: MacAddr, address: Ipv4Addr) -> Self {
        Self { hardware, address, state: State::Looking { watch: Watch::begin(now) } }
    }

    /// When the next turn is due at the latest.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Looking { watch } | State::Used { watch } => watch.next(),
            State::Lost { again } => Some(*again),
        }
    }

    /// An ARP packet came, or nothing but time has passed. What is due is done either way.
    pub fn turn(&mut self, now: Instant, arp: Option<&[u8]>) -> Vec<Action> {
        let mut out = Vec::new();
        if let Some(Ok(packet)) = arp.map(Arp::parse) {
            self.heard(now, &packet, &mut out);
        }
        if let State::Lost { again } = self.state
            && now >= again
        {
            self.state = State::Looking { watch: Watch::begin(now) };
        }
        let Self { hardware, address, state } = self;
        let claim = |in_use| Claim { hardware: *hardware, address: *address, in_use };
        match state {
            State::Looking { watch } => match watch.due(now, claim(false)) {
                Due::Use => {
                    let mut watch = watch.clone();
                    watch.in_use(now);
                    out.push(Action::Use);
                    announce(watch.due(now, claim(true)), &mut out);
                    *state = State::Used { watch };
                }
                due => announce(due, &mut out),
            },
            State::Used { watch } => announce(watch.due(now, claim(true)), &mut out),
            State::Lost { .. } => {}
        }
        out
    }

    fn heard(&mut self, now: Instant, packet: &Arp, out: &mut Vec<Action>) {
        let (watch, in_use) = match &mut self.state {
            State::Looking { watch } => (watch, false),
            State::Used { watch } => (watch, true),
            State::Lost { .. } => return,
        };
        let by = packet.sender_hardware;
        match watch.heard(now, Claim { hardware: self.hardware, address: self.address, in_use }, packet) {
            Heard::Nothing => {}
            Heard::Defend(announcement) => {
                let address = self.address;
                out.push(Action::Note(format!("{by} uses our address {address} too: it is defended once")));
                out.push(Action::SendArp(announcement.build()));
            }
            Heard::Taken => {
                out.push(Action::Taken { by, in_use });
                self.state = State::Lost { again: now + AGAIN };
            }
        }
    }
}

fn announce(due: Due, out: &mut Vec<Action>) {
    match due {
        Due::Probe(packet) | Due::Announce { packet, .. } => out.push(Action::SendArp(packet.build())),
        Due::Nothing | Due::Use => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
    const START: Instant = Instant::after_start(Duration::from_secs(100));

    /// Everything that is done until nothing is due for a minute, with the time since the start in milliseconds.
    fn settle(fixed: &mut Fixed, from: Instant) -> Vec<(u128, Action)> {
        let (mut now, mut all) = (from, Vec::new());
        loop {
            all.extend(
                fixed.turn(now, None).into_iter().map(|action| (now.since(START).as_millis(), action)),
            );
            match fixed.next_deadline().filter(|next| next.since(now) < Duration::from_secs(60)) {
                Some(next) => now = next,
                None => return all,
            }
        }
    }

    fn says(who: MacAddr) -> Vec<u8> {
        Arp::announcement(who, ADDRESS).build()
    }

    #[test]
    fn it_is_used_when_nobody_has_answered_and_announced_then() {
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        let probe = || Action::SendArp(Arp::probe(WE, ADDRESS).build());
        let announcement = || Action::SendArp(says(WE));
        assert_eq!(
            settle(&mut fixed, START),
            [
                (0, probe()),
                (100, probe()),
                (200, probe()),
                (300, Action::Use),
                (300, announcement()),
                (2300, announcement())
            ]
        );
        assert_eq!(fixed.next_deadline(), None);
    }

    #[test]
    fn what_somebody_has_is_not_used_and_looked_for_again_in_a_minute() {
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        fixed.turn(START, None);
        let heard = fixed.turn(START, Some(&says(OTHER)));
        assert_eq!(heard, [Action::Taken { by: OTHER, in_use: false }]);
        assert_eq!(fixed.turn(START, Some(&says(OTHER))), [], "once is enough");
        let again = fixed.next_deadline().unwrap();
        assert_eq!(again.since(START), AGAIN);
        let later = settle(&mut fixed, again);
        assert!(later.contains(&(60_300, Action::Use)), "{later:?}");
    }

    #[test]
    fn another_that_asks_for_it_at_the_same_time_has_it() {
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        fixed.turn(START, None);
        let probe = Arp::probe(OTHER, ADDRESS).build();
        assert_eq!(fixed.turn(START, Some(&probe)), [Action::Taken { by: OTHER, in_use: false }]);
        // Once it is in use, the kernel answers.
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        settle(&mut fixed, START);
        assert_eq!(fixed.turn(START, Some(&probe)), []);
    }

    #[test]
    fn it_is_defended_once_and_given_up_then() {
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        settle(&mut fixed, START);
        let now = START + Duration::from_secs(100);
        let defended = fixed.turn(now, Some(&says(OTHER)));
        assert!(matches!(defended[..], [Action::Note(_), Action::SendArp(_)]), "{defended:?}");
        let soon = now + Duration::from_secs(9);
        assert_eq!(fixed.clone().turn(soon, Some(&says(OTHER))), [Action::Taken { by: OTHER, in_use: true }]);
        let late = now + Duration::from_secs(11);
        assert_eq!(fixed.turn(late, Some(&says(OTHER))).len(), 2, "it is another attack");
    }

    #[test]
    fn rubbish_is_nobodys_word() {
        let mut fixed = Fixed::new(START, WE, ADDRESS);
        fixed.turn(START, None);
        let before = fixed.clone();
        let whole = says(OTHER);
        for length in 0..whole.len() {
            assert_eq!(fixed.turn(START, Some(&whole[..length])), []);
        }
        assert_eq!(fixed, before);
    }
}
