//! What is due with time.

use super::say::Exchange;
use super::{Action, Hold, State, Turn};
use lapwing_core::{Duration, Instant};
use lapwing_frames::internet::dhcp::{Kind, option};
use std::net::Ipv4Addr;

/// How often an offer is asked for before looking for servers again: 1.8 seconds.
const REQUEST_TRIES: u32 = 6;
/// The shortest time between two requests for more time (RFC 2131 4.4.5).
const RENEW_WAIT: Duration = Duration::from_secs(60);

impl Hold {
    /// T2; at once for a lease without end, which is never extended.
    pub(super) fn rebind_at(&self) -> Instant {
        self.lease.time.map_or(self.since, |time| self.since + time.rebind)
    }
}

impl Turn<'_> {
    /// Does what is due. The second value says whether there may be more.
    pub(super) fn due(&mut self, state: State) -> (State, bool) {
        match state {
            State::Waiting { until } if self.now >= until => match self.settings.remembered.clone() {
                Some(lease) => {
                    let hold = Hold::new(self.now, lease, self.now);
                    (State::Rebooting { exchange: self.exchange(), hold }, true)
                }
                None => (self.select(), true),
            },
            State::Waiting { .. } => (state, false),
            State::Rebooting { exchange, hold } => self.reboot(exchange, hold, false),
            State::Confirming { exchange, hold } => self.reboot(exchange, hold, true),
            State::Selecting { exchange } if self.now >= exchange.next => {
                let mut options = self.options(Kind::Discover);
                options.insert(option::RAPID_COMMIT, Vec::new());
                if let Some(lease) = &self.settings.remembered {
                    options.insert(option::ADDRESS, lease.address.address.octets().to_vec());
                }
                let exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
                (State::Selecting { exchange }, false)
            }
            State::Selecting { .. } => (state, false),
            State::Requesting { exchange, hold } => self.request(exchange, hold),
            State::Bound { mut hold } => {
                self.guard(&mut hold, true);
                match hold.lease.time {
                    Some(time) if self.now >= hold.since + time.renew => {
                        (State::Extending { exchange: self.exchange(), hold }, true)
                    }
                    _ => (State::Bound { hold }, false),
                }
            }
            State::Extending { exchange, mut hold } => {
                self.guard(&mut hold, true);
                let state = self.extend(exchange, hold);
                let is_over = matches!(state, State::Selecting { .. });
                (state, is_over)
            }
        }
    }

    pub(super) fn select(&mut self) -> State {
        State::Selecting { exchange: self.exchange() }
    }

    /// Asks for what was offered.
    fn request(&mut self, mut exchange: Exchange, mut hold: Hold) -> (State, bool) {
        if self.now >= exchange.next {
            if exchange.sent >= REQUEST_TRIES {
                self.note(format!("{} does not answer the request: looking again", hold.lease.server));
                return (self.select(), true);
            }
            let mut options = self.options(Kind::Request);
            options.insert(option::ADDRESS, hold.lease.address.address.octets().to_vec());
            options.insert(option::SERVER, hold.lease.server.octets().to_vec());
            exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
        }
        self.guard(&mut hold, false);
        (State::Requesting { exchange, hold }, false)
    }

    /// Asks for more time: until T2 the server of the lease, then anyone; at the end it is over.
    fn extend(&mut self, mut exchange: Exchange, hold: Hold) -> State {
        let Some(time) = hold.lease.time else { return State::Bound { hold } };
        let end = hold.since + time.end;
        if self.now >= end {
            self.out.push(Action::Drop("the DHCP lease ended"));
            return self.select();
        }
        if self.now >= exchange.next {
            let rebind = hold.rebind_at();
            let (goal, server) = if self.now < rebind { (rebind, Some(&hold.lease)) } else { (end, None) };
            let options = self.options(Kind::Request);
            exchange = self.say(exchange, hold.lease.address.address, server, options);
            // RFC 2131 4.4.5: half of the time that is left, but no more often than once a minute.
            let half = goal.since(self.now) / 2;
            exchange.next = (self.now + half.max(RENEW_WAIT)).min(goal);
        }
        State::Extending { exchange, hold }
    }
}
