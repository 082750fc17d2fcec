//! What is due with time.

use super::say::{association, wanted, wanted_alone};
use super::{Action, CONFIRM, EXTEND, Known, Lease, REFUSED_WAIT, REQUEST, State, Turn, Wish};
use crate::netconf::dhcp6::retransmission::Exchange;
use lapwing_frames::internet::dhcp6::{Field, Kind};

impl Turn<'_> {
    /// Does what is due. The second value says whether there may be more.
    pub(super) fn due(&mut self, state: State) -> (State, bool) {
        let state = self.end_addresses(state);
        match state {
            State::Idle => match *self.known {
                Known { source: None, .. } | Known { wish: Wish::Nothing, .. } => (State::Idle, false),
                Known { wish: Wish::Information, .. } => (self.inform(), true),
                Known { wish: Wish::Addresses, .. } => (self.solicit(), true),
            },
            // It is asked about as soon as anything can be asked for.
            State::Back { lease } => match *self.known {
                Known { source: None, .. } | Known { wish: Wish::Nothing, .. } => {
                    (State::Back { lease }, false)
                }
                Known { wish: Wish::Information, .. } => (State::Idle, true),
                Known { wish: Wish::Addresses, .. } => {
                    (State::Returning { exchange: Exchange::new(self.now, CONFIRM), lease }, true)
                }
            },
            State::Returning { mut exchange, lease } if self.now >= exchange.next() => {
                if exchange.is_over(self.now) {
                    self.note(
                        "no DHCPv6 server says whether the addresses of before fit: they are used".to_owned(),
                    );
                    return (self.again(lease), true);
                }
                let given = lease.addresses.keys().copied();
                self.say(&mut exchange, Kind::Confirm, None, vec![association(given)]);
                (State::Returning { exchange, lease }, false)
            }
            State::Soliciting { mut exchange, mut best } if self.now >= exchange.next() => {
                if let Some(offer) = best.take() {
                    return (self.request(offer.lease), true);
                }
                let fields = vec![association([].into_iter()), wanted(), Field::RapidCommit];
                self.say(&mut exchange, Kind::Solicit, None, fields);
                (State::Soliciting { exchange, best }, false)
            }
            State::Requesting { mut exchange, lease } if self.now >= exchange.next() => {
                if exchange.is_over(self.now) {
                    self.note("the DHCPv6 server does not answer the request: looking again".to_owned());
                    return (self.solicit(), true);
                }
                let fields = vec![association(lease.addresses.keys().copied()), wanted()];
                self.say(&mut exchange, Kind::Request, Some(&lease.server), fields);
                (State::Requesting { exchange, lease }, false)
            }
            State::Confirming { mut exchange, lease } if self.now >= exchange.next() => {
                if exchange.is_over(self.now) {
                    self.note(
                        "no DHCPv6 server says whether the addresses fit here: they are kept".to_owned(),
                    );
                    return (State::Bound { lease }, true);
                }
                let given = lease.addresses.keys().copied();
                self.say(&mut exchange, Kind::Confirm, None, vec![association(given)]);
                (State::Confirming { exchange, lease }, false)
            }
            State::Bound { lease } if lease.rebind.is_some_and(|rebind| self.now >= rebind) => {
                (self.rebind(lease), true)
            }
            State::Bound { lease } if lease.renew.is_some_and(|renew| self.now >= renew) => {
                (State::Renewing { exchange: Exchange::new(self.now, EXTEND), lease }, true)
            }
            State::Renewing { lease, .. } if lease.rebind.is_some_and(|rebind| self.now >= rebind) => {
                (self.rebind(lease), true)
            }
            State::Renewing { mut exchange, lease } if self.now >= exchange.next() => {
                let fields = vec![association(lease.addresses.keys().copied()), wanted()];
                self.say(&mut exchange, Kind::Renew, Some(&lease.server), fields);
                (State::Renewing { exchange, lease }, false)
            }
            State::Rebinding { mut exchange, lease } if self.now >= exchange.next() => {
                let fields = vec![association(lease.addresses.keys().copied()), wanted()];
                self.say(&mut exchange, Kind::Rebind, None, fields);
                (State::Rebinding { exchange, lease }, false)
            }
            State::Declining { mut exchange, address, lease } if self.now >= exchange.next() => {
                if exchange.is_over(self.now) {
                    return (self.declined(lease), true);
                }
                let fields = vec![association([address].into_iter())];
                self.say(&mut exchange, Kind::Decline, Some(&lease.server), fields);
                (State::Declining { exchange, address, lease }, false)
            }
            State::Waiting { until } if self.now >= until => (State::Idle, true),
            State::Informing { mut exchange } if self.now >= exchange.next() => {
                self.say(&mut exchange, Kind::InformationRequest, None, vec![wanted_alone()]);
                (State::Informing { exchange }, false)
            }
            // What was said holds until it is said anew.
            State::Informed { until } if self.now >= until => (State::Idle, true),
            state => (state, false),
        }
    }

    pub(super) fn request(&mut self, lease: Lease) -> State {
        State::Requesting { exchange: Exchange::new(self.now, REQUEST), lease }
    }

    /// Uses what was had before.
    pub(super) fn again(&mut self, lease: Lease) -> State {
        for (&address, until) in &lease.addresses {
            self.out.push(Action::Use(address, until.left(self.now)));
        }
        self.out.push(Action::Inform(lease.information.clone()));
        State::Bound { lease }
    }

    fn rebind(&mut self, lease: Lease) -> State {
        self.note("the DHCPv6 server does not answer: asking any".to_owned());
        State::Rebinding { exchange: Exchange::new(self.now, EXTEND), lease }
    }

    /// The server knows that an address is taken, or will not be told.
    pub(super) fn declined(&mut self, lease: Lease) -> State {
        if !lease.addresses.is_empty() {
            return State::Bound { lease };
        }
        self.out.push(Action::Inform(super::Information::default()));
        // After the first, the server knows better than to give it again, and nobody has to wait.
        let wait = if self.known.declined > 1 { REFUSED_WAIT } else { lapwing_core::Duration::ZERO };
        State::Waiting { until: self.now + wait }
    }

    /// Lets go of the addresses whose time is over.
    fn end_addresses(&mut self, mut state: State) -> State {
        if let State::Back { lease } | State::Returning { lease, .. } = &mut state {
            lease.end(self.now);
            return if lease.addresses.is_empty() { State::Idle } else { state };
        }
        let (State::Bound { lease }
        | State::Confirming { lease, .. }
        | State::Renewing { lease, .. }
        | State::Rebinding { lease, .. }
        | State::Declining { lease, .. }) = &mut state
        else {
            return state;
        };
        let over = lease.end(self.now);
        let none = over.is_empty();
        self.out.extend(over.into_iter().map(Action::Drop));
        if none || !lease.addresses.is_empty() || matches!(state, State::Declining { .. }) {
            return state;
        }
        self.note("the time of the DHCPv6 addresses is over".to_owned());
        self.out.push(Action::Inform(super::Information::default()));
        State::Idle
    }
}
