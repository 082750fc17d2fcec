//! What servers answer.

use super::say::Exchange;
use super::{Action, Hold, State, Turn};
use crate::netconf::dhcp::lease::Lease;
use lapwing_core::Duration;
use lapwing_frames::MacAddr;
use lapwing_frames::internet::dhcp::{CLIENT_PORT, Kind, Message, SERVER_PORT, option};
use lapwing_frames::internet::udp::Datagram;

/// The wait after a server refused what it had offered: without one, the two would never rest.
const REFUSED_WAIT: Duration = Duration::from_secs(5);

impl Turn<'_> {
    /// A packet that may be an answer. Whatever does not belong to the exchange changes nothing.
    pub(super) fn packet(&mut self, state: State, source: MacAddr, octets: &[u8]) -> State {
        let Some(exchange) = state.exchange() else { return state };
        let Ok(datagram) = Datagram::parse(octets) else { return state };
        if datagram.source_port != SERVER_PORT || datagram.destination_port != CLIENT_PORT {
            return state;
        }
        let message = match Message::parse(datagram.payload) {
            Ok(message) => message,
            Err(error) => return self.ignored(state, &error.to_string()),
        };
        if !message.reply
            || message.transaction != exchange.transaction
            || message.hardware != self.settings.hardware
        {
            return state;
        }
        match message.kind() {
            Some(Kind::Offer) => self.offer(state, &message, source),
            Some(Kind::Ack) => self.acknowledgement(state, &message, source),
            Some(Kind::Nak) => self.refusal(state, &message),
            _ => self.ignored(state, "it is no answer of a server"),
        }
    }

    fn offer(&mut self, state: State, message: &Message, source: MacAddr) -> State {
        let State::Selecting { exchange } = state else { return state };
        match Lease::read(message, source) {
            Ok(lease) => {
                self.note(format!("{} offers {}", lease.server, lease.address));
                // The same transaction goes on (RFC 2131 4.4.1), with its own count of repetitions.
                let exchange = Exchange { sent: 0, next: self.now, ..exchange };
                let hold = Hold::new(self.now, lease, exchange.began);
                State::Requesting { exchange, hold }
            }
            Err(why) => self.ignored(State::Selecting { exchange }, why),
        }
    }

    fn acknowledgement(&mut self, state: State, message: &Message, source: MacAddr) -> State {
        let lease = match Lease::read(message, source) {
            Ok(lease) => lease,
            Err(why) => return self.ignored(state, why),
        };
        // The address that was asked for, and no other: to say that a lease is another now is a refusal.
        let is_asked = |hold: &Hold| hold.lease.address.address == lease.address.address;
        match state {
            // RFC 4039: only a server that commits rapidly may acknowledge at once.
            State::Selecting { exchange } if message.options.contains_key(&option::RAPID_COMMIT) => {
                self.note(format!("{} gives {} at once", lease.server, lease.address));
                let hold = Hold::new(self.now, self.old(&lease), exchange.began);
                self.bind(&exchange, hold, lease)
            }
            State::Selecting { .. } => self.ignored(state, "nothing was asked for yet"),
            State::Requesting { exchange, mut hold }
                if is_asked(&hold) && hold.lease.server == lease.server =>
            {
                hold.lease = self.old(&lease);
                self.bind(&exchange, hold, lease)
            }
            State::Rebooting { exchange, hold }
            | State::Confirming { exchange, hold }
            | State::Extending { exchange, hold }
                if is_asked(&hold) =>
            {
                self.bind(&exchange, hold, lease)
            }
            State::Requesting { .. }
            | State::Rebooting { .. }
            | State::Confirming { .. }
            | State::Extending { .. } => self.ignored(state, "it is not what was asked for"),
            State::Waiting { .. } | State::Bound { .. } => state,
        }
    }

    /// What is known from an earlier time of the surroundings of a lease.
    fn old(&self, lease: &Lease) -> Lease {
        self.settings.remembered.as_ref().unwrap_or(lease).clone()
    }

    fn refusal(&mut self, state: State, message: &Message) -> State {
        // Only of the server that was asked, where one was.
        let server = message.address(option::SERVER);
        let asked = match &state {
            State::Requesting { hold, .. } => Some(hold.lease.server),
            State::Extending { hold, .. } if self.now < hold.rebind_at() => Some(hold.lease.server),
            State::Selecting { .. } => return self.ignored(state, "nothing was asked for yet"),
            State::Extending { .. }
            | State::Rebooting { .. }
            | State::Confirming { .. }
            | State::Waiting { .. }
            | State::Bound { .. } => None,
        };
        if asked.is_some() && server != asked {
            return self.ignored(state, "it is of another server");
        }
        // Whoever knows better says that it is not ours.
        self.settings.remembered = None;
        self.note(match server {
            Some(server) => format!("{server} refuses the address"),
            None => "a server refuses the address".to_owned(),
        });
        if state.is_in_use() {
            self.out.push(Action::Drop("the DHCP server refused the lease"));
        }
        if matches!(state, State::Requesting { .. }) {
            return State::Waiting { until: self.now + REFUSED_WAIT };
        }
        self.select()
    }
}
