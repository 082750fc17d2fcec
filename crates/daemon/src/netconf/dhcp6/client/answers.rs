//! What servers answer.

use super::say::ASSOCIATION;
use super::{Action, LONGEST_BELIEVED, Lease, Offer, REFUSED_WAIT, State, Turn};
use crate::netconf::dhcp6::lease::Information;
use lapwing_core::{Duration, Instant};
use lapwing_frames::internet::dhcp6::{CLIENT_PORT, FOREVER, Field, Kind, Message, StatusCode};
use lapwing_frames::internet::udp6::Datagram;

/// When to ask again for what is no address, if the server does not say (IRT_DEFAULT), and the soonest that is
/// believed (IRT_MINIMUM; RFC 8415 7.6).
const REFRESH: Duration = Duration::from_secs(86_400);
const SOONEST_REFRESH: Duration = Duration::from_secs(600);
/// As long as whatever is called endless takes to be asked for again.
const NEVER: Duration = Duration::from_secs(365 * 86_400);
const OTHER_SERVER: &str = "it is of another server";
/// The server that is to be taken without a wait (RFC 8415 18.2.1).
const FIRST_CHOICE: u8 = 255;

impl Turn<'_> {
    /// A packet that may be an answer. Whatever does not belong to the exchange changes nothing.
    pub(super) fn packet(&mut self, state: State, octets: &[u8]) -> State {
        let Some(exchange) = state.exchange() else { return state };
        let Ok(datagram) = Datagram::parse(octets) else { return state };
        if datagram.destination_port != CLIENT_PORT {
            return state;
        }
        let message = match Message::parse(datagram.payload) {
            Ok(message) => message,
            Err(error) => return self.ignored(state, &error.to_string()),
        };
        if !exchange.is_of(message.transaction) {
            return state;
        }
        let is_alone = matches!(state, State::Informing { .. });
        match message.client() {
            Some(client) if client == self.duid() => {}
            // RFC 8415 16.10: who is not told who asks need not say so.
            None if is_alone => {}
            Some(_) | None => return self.ignored(state, "it is for somebody else"),
        }
        let Some(server) = message.server().map(<[u8]>::to_vec) else {
            return self.ignored(state, "it says not of which server it is");
        };
        for field in &message.fields {
            match *field {
                Field::LongestSolicit(seconds) if LONGEST_BELIEVED.contains(&seconds) => {
                    self.known.longest_solicit = Duration::from_secs(seconds.into());
                }
                Field::LongestInformationRequest(seconds) if LONGEST_BELIEVED.contains(&seconds) => {
                    self.known.longest_information_request = Duration::from_secs(seconds.into());
                }
                _ => {}
            }
        }
        match message.kind {
            Kind::Advertise => self.advertisement(state, &message, &server),
            Kind::Reply => self.reply(state, &message, &server),
            _ => self.ignored(state, "it is no answer of a server"),
        }
    }

    fn advertisement(&mut self, state: State, message: &Message, server: &[u8]) -> State {
        let State::Soliciting { exchange, best } = state else { return state };
        let lease = match given(self.now, message, server) {
            Ok(lease) => lease,
            Err(why) => return self.ignored(State::Soliciting { exchange, best }, why),
        };
        let preference = message.fields.iter().find_map(|field| match field {
            Field::Preference(preference) => Some(*preference),
            _ => None,
        });
        let preference = preference.unwrap_or(0);
        // What comes after the first wait is not compared any more.
        if preference == FIRST_CHOICE || exchange.sent() > 1 {
            return self.request(lease);
        }
        let best = match best {
            Some(best) if best.preference >= preference => best,
            Some(_) | None => Offer { preference, lease },
        };
        State::Soliciting { exchange, best: Some(best) }
    }

    fn reply(&mut self, state: State, message: &Message, server: &[u8]) -> State {
        match state {
            State::Soliciting { exchange, best } => {
                // Only a server that commits rapidly may give at once.
                if !message.fields.contains(&Field::RapidCommit) {
                    return self.ignored(State::Soliciting { exchange, best }, "nothing was asked for yet");
                }
                match given(self.now, message, server) {
                    Ok(lease) => self.bind(None, lease, message),
                    Err(why) => self.ignored(State::Soliciting { exchange, best }, why),
                }
            }
            State::Requesting { exchange, lease } if server != lease.server => {
                self.ignored(State::Requesting { exchange, lease }, OTHER_SERVER)
            }
            State::Requesting { .. } => self.requested(message, server),
            State::Returning { exchange, lease } => match message.status() {
                StatusCode::Success => {
                    self.note("the DHCPv6 addresses of before are still ours".to_owned());
                    self.again(lease)
                }
                StatusCode::NotOnLink => {
                    self.note("the DHCPv6 addresses of before do not fit here".to_owned());
                    State::Idle
                }
                _ => self
                    .ignored(State::Returning { exchange, lease }, "it says not whether the addresses fit"),
            },
            State::Confirming { exchange, lease } => match message.status() {
                StatusCode::Success => {
                    self.note("the DHCPv6 addresses fit here too".to_owned());
                    State::Bound { lease }
                }
                StatusCode::NotOnLink => {
                    self.note("the DHCPv6 addresses do not fit here".to_owned());
                    self.drop_all(&lease);
                    State::Idle
                }
                _ => self
                    .ignored(State::Confirming { exchange, lease }, "it says not whether the addresses fit"),
            },
            State::Renewing { exchange, lease } => {
                if server != lease.server {
                    return self.ignored(State::Renewing { exchange, lease }, OTHER_SERVER);
                }
                match self.extended(&lease, message, server) {
                    Ok(state) => state,
                    Err(why) => self.ignored(State::Renewing { exchange, lease }, why),
                }
            }
            State::Rebinding { exchange, lease } => match self.extended(&lease, message, server) {
                Ok(state) => state,
                Err(why) => self.ignored(State::Rebinding { exchange, lease }, why),
            },
            // Whatever it says: it knows.
            State::Declining { exchange, address, lease } => {
                if server != lease.server {
                    let state = State::Declining { exchange, address, lease };
                    return self.ignored(state, OTHER_SERVER);
                }
                self.declined(lease)
            }
            State::Informing { exchange } => {
                if message.status() != StatusCode::Success {
                    return self.ignored(State::Informing { exchange }, "it says nothing");
                }
                self.informed(message)
            }
            State::Idle
            | State::Back { .. }
            | State::Bound { .. }
            | State::Waiting { .. }
            | State::Informed { .. } => state,
        }
    }

    /// The answer to a request.
    fn requested(&mut self, message: &Message, server: &[u8]) -> State {
        match given(self.now, message, server) {
            Ok(lease) => self.bind(None, lease, message),
            Err(why) => {
                self.note(format!("the DHCPv6 server does not give what it offered: {why}"));
                State::Waiting { until: self.now + REFUSED_WAIT }
            }
        }
    }

    /// The answer to a request for more time: a state, or why it changes nothing.
    fn extended(&mut self, lease: &Lease, message: &Message, server: &[u8]) -> Result<State, &'static str> {
        let association = message.association(ASSOCIATION).ok_or("it says nothing of the addresses")?;
        if association.code() == StatusCode::NoBinding {
            // RFC 8415 18.2.10.1: a server that has forgotten is asked to give what it gave. Meanwhile nothing is
            // used that it might give to others.
            self.note("the DHCPv6 server knows nothing of the addresses: they are asked for anew".to_owned());
            self.drop_all(lease);
            return Ok(self.request(Lease { server: server.to_vec(), ..lease.clone() }));
        }
        let mut given = given(self.now, message, server)?;
        // What is not named stays as it was; what lasts no longer goes.
        let gone: Vec<_> =
            association.addresses.iter().filter(|it| it.valid == 0).map(|it| it.address).collect();
        for (&address, &until) in lease.addresses.iter().filter(|(address, _)| !gone.contains(address)) {
            given.addresses.entry(address).or_insert(until);
        }
        Ok(self.bind(Some(lease), given, message))
    }

    /// Uses what a server gives.
    fn bind(&mut self, old: Option<&Lease>, mut lease: Lease, message: &Message) -> State {
        let gone = old.into_iter().flat_map(|old| old.addresses.keys());
        let gone = gone.filter(|address| !lease.addresses.contains_key(address));
        self.out.extend(gone.map(|&address| Action::Drop(address)));
        for (&address, until) in &lease.addresses {
            self.out.push(Action::Use(address, until.left(self.now)));
        }
        lease.information = Information::read(message);
        self.out.push(Action::Inform(lease.information.clone()));
        State::Bound { lease }
    }

    /// Everything but addresses.
    fn informed(&mut self, message: &Message) -> State {
        let said = message.fields.iter().find_map(|field| match field {
            Field::RefreshTime(seconds) => Some(*seconds),
            _ => None,
        });
        let wait = match said {
            None => REFRESH,
            Some(FOREVER) => NEVER,
            Some(seconds) => Duration::from_secs(seconds.into()).max(SOONEST_REFRESH),
        };
        self.out.push(Action::Inform(Information::read(message)));
        State::Informed { until: self.now + wait }
    }
}

/// What a message gives, or why it gives nothing.
fn given(since: Instant, message: &Message, server: &[u8]) -> Result<Lease, &'static str> {
    match message.status() {
        StatusCode::Success => {}
        StatusCode::NoAddresses => return Err("it has no address for us"),
        _ => return Err("it refuses"),
    }
    let association = message.association(ASSOCIATION).ok_or("it says nothing of addresses")?;
    Lease::read(since, server, association)
}
