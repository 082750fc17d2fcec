//! The DHCPv6 client: a machine without a socket or a clock (RFC 8415 section 18.2).
//!
//! The kernel follows router advertisements; what they say of DHCPv6 is told to the client as a [`Wish`]. It asks for
//! addresses (`IA_NA`), for none that change with time and for no prefixes. Each address is the kernel's to look for a
//! duplicate of (RFC 4862 5.4), and to let go when its time is over.
//!
//! Where it departs from the RFC: the first message leaves at once. The random wait of up to a second before it is
//! there so that hosts which lost power together do not ask together; each has just sent a router solicitation after a
//! random wait of the kernel's, and each joins an access point at its own time. Reconfigure messages are ignored, and
//! none is ever said to be accepted: without a key that both sides know (RFC 8415 20.4) anybody on the link could send
//! them.
//!
//! Who we are is told with the interface's own address (a DUID of the third kind, DUID-LL): as stable as that, and
//! where it is drawn anew for each network no more of a trace than it (RFC 7844 4.3). The number of the addresses
//! (IAID) is always 1: no two interfaces share a DUID.

mod answers;
mod due;
mod say;

use super::lease::{Information, Kept, Lease, Wish};
use super::retransmission::{Exchange, Pace};
use crate::netconf::lifetimes::Lifetimes;
use lapwing_core::{Duration, Entropy, Instant};
use lapwing_frames::MacAddr;
use std::net::Ipv6Addr;

/// What the client is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The interface's address.
    pub hardware: MacAddr,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// What routers say is to be had.
    Wished(Wish),
    /// The interface's own address on the link can be used, or no longer.
    LinkLocal(Option<Ipv6Addr>),
    /// An address that was given can be used.
    Usable(Ipv6Addr),
    /// Somebody else has an address that was given: the kernel has found out.
    Taken(Ipv6Addr),
    /// A packet came to the port of DHCPv6 clients, from the IPv6 header on.
    Packet(&'a [u8]),
    /// Nothing but time.
    Tick,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an IPv6 packet.
    Send {
        /// To which link address.
        to: MacAddr,
        /// From the IPv6 header on.
        octets: Vec<u8>,
    },
    /// Use an address from now on, or for longer.
    Use(Ipv6Addr, Lifetimes),
    /// Use it no more.
    Drop(Ipv6Addr),
    /// This is what servers say of names from now on, in place of what they said.
    Inform(Information),
    /// Something for the timeline.
    Note(String),
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    settings: Settings,
    known: Known,
    state: State,
}

/// What is known whatever the state is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    wish: Wish,
    /// From where messages are sent.
    source: Option<Ipv6Addr>,
    /// How many addresses in a row turned out to be somebody else's.
    declined: u32,
    /// The longest wait between two solicitations, as the last server said (RFC 8415 18.2.4).
    longest_solicit: Duration,
    /// The same of information requests.
    longest_information_request: Duration,
}

/// What a server would give.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    preference: u8,
    lease: Lease,
}

/// What the client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// To be wanted.
    Idle,
    /// The same, with what was had here before.
    Back { lease: Lease },
    /// For any server to say whether what was had here before is good. It is not used meanwhile: this may be another link
    /// by the same name.
    Returning { exchange: Exchange, lease: Lease },
    /// For servers that say what they would give.
    Soliciting { exchange: Exchange, best: Option<Offer> },
    /// For one server to give what it offered, or what it has forgotten.
    Requesting { exchange: Exchange, lease: Lease },
    /// For any server to say whether the addresses fit the link.
    Confirming { exchange: Exchange, lease: Lease },
    /// For T1.
    Bound { lease: Lease },
    /// For more time of the server.
    Renewing { exchange: Exchange, lease: Lease },
    /// For more time of any server.
    Rebinding { exchange: Exchange, lease: Lease },
    /// For the server to know that an address is taken. What else it gave is kept.
    Declining { exchange: Exchange, address: Ipv6Addr, lease: Lease },
    /// Before asking again.
    Waiting { until: Instant },
    /// For what is no address.
    Informing { exchange: Exchange },
    /// For the time to ask for it again.
    Informed { until: Instant },
}

impl State {
    const fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Returning { exchange, .. }
            | Self::Soliciting { exchange, .. }
            | Self::Requesting { exchange, .. }
            | Self::Confirming { exchange, .. }
            | Self::Renewing { exchange, .. }
            | Self::Rebinding { exchange, .. }
            | Self::Declining { exchange, .. }
            | Self::Informing { exchange } => Some(exchange),
            Self::Idle
            | Self::Back { .. }
            | Self::Bound { .. }
            | Self::Waiting { .. }
            | Self::Informed { .. } => None,
        }
    }

    /// The addresses that are in use.
    const fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Confirming { lease, .. }
            | Self::Bound { lease }
            | Self::Renewing { lease, .. }
            | Self::Rebinding { lease, .. }
            | Self::Declining { lease, .. } => Some(lease),
            Self::Idle
            | Self::Back { .. }
            | Self::Returning { .. }
            | Self::Soliciting { .. }
            | Self::Requesting { .. }
            | Self::Waiting { .. }
            | Self::Informing { .. }
            | Self::Informed { .. } => None,
        }
    }

    /// The addresses that are ours, in use or not.
    const fn owned(&self) -> Option<&Lease> {
        match self {
            Self::Back { lease } | Self::Returning { lease, .. } => Some(lease),
            state => state.lease(),
        }
    }
}

/// What a turn works with.
struct Turn<'a> {
    now: Instant,
    settings: Settings,
    known: &'a mut Known,
    entropy: &'a mut dyn Entropy,
    out: Vec<Action>,
}

/// The longest waits, unless a server says others (SOL_MAX_RT and INF_MAX_RT).
const LONGEST: Duration = Duration::from_secs(3600);
/// How servers ask to be left alone for a while: the values that are believed (RFC 8415 21.24).
const LONGEST_BELIEVED: std::ops::RangeInclusive<u32> = 60..=86_400;
/// The wait after a server had nothing for us, or a second address in a row turned out to be taken.
const REFUSED_WAIT: Duration = Duration::from_secs(10);

/// How messages are repeated (RFC 8415 7.6), but for the two whose longest wait servers say.
const REQUEST: Pace = Pace { most: Some(10), ..Pace::new(1, 30) };
const CONFIRM: Pace = Pace { lasts: Some(Duration::from_secs(10)), ..Pace::new(1, 4) };
const EXTEND: Pace = Pace::new(10, 600);
const DECLINE: Pace = Pace { most: Some(4), ..Pace::new(1, 3600) };

impl Client {
    /// A client that nobody wants anything of yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        let known = Known {
            wish: Wish::Nothing,
            source: None,
            declined: 0,
            longest_solicit: LONGEST,
            longest_information_request: LONGEST,
        };
        Self { settings, known, state: State::Idle }
    }

    /// A client that is back where it was given addresses before: servers are asked whether they are good, which is said
    /// sooner than others are given (RFC 8415 18.2.3).
    #[must_use]
    pub fn back(settings: Settings, kept: Kept) -> Self {
        let mut this = Self::new(settings);
        if kept.hardware == settings.hardware {
            this.state = State::Back { lease: kept.lease };
        }
        this
    }

    /// What to come back with, when the connection is lost.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        let lease = self.state.owned().filter(|lease| !lease.addresses.is_empty())?;
        Some(Kept { hardware: self.settings.hardware, lease: lease.clone() })
    }

    /// When the next turn is due at the latest; none if only an event can change anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let message = self.state.exchange().map(Exchange::next);
        let time = match &self.state {
            State::Bound { lease } => lease.renew.into_iter().chain(lease.rebind).min(),
            // The end of the time ends the exchange too.
            State::Renewing { lease, .. } => lease.rebind,
            State::Waiting { until } | State::Informed { until } => Some(*until),
            _ => None,
        };
        let end = self.state.lease().and_then(Lease::next_end);
        message.into_iter().chain(time).chain(end).min()
    }

    /// The addresses that are in use, in their order.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.state.lease().into_iter().flat_map(|lease| lease.addresses.keys().copied())
    }

    /// The interface is at another access point of its network: are the addresses good there (RFC 8415 18.2.3)? What
    /// is to be said is said in the next turn, which is due now.
    pub fn moved(&mut self, now: Instant) {
        self.state = match std::mem::replace(&mut self.state, State::Idle) {
            State::Bound { lease }
            | State::Confirming { lease, .. }
            | State::Renewing { lease, .. }
            | State::Rebinding { lease, .. } => {
                State::Confirming { exchange: Exchange::new(now, CONFIRM), lease }
            }
            // The servers there have heard nothing of the old exchange.
            State::Soliciting { .. } | State::Requesting { .. } | State::Waiting { .. } => {
                State::Waiting { until: now }
            }
            State::Informing { .. } | State::Informed { .. } => State::Informed { until: now },
            State::Returning { lease, .. } => State::Back { lease },
            state @ (State::Idle | State::Back { .. } | State::Declining { .. }) => state,
        };
    }

    /// The connection is about to be left on purpose: gives the addresses back (RFC 8415 18.2.7). It is said once:
    /// nobody is there to hear an answer.
    pub fn leave(&mut self, now: Instant, entropy: &mut dyn Entropy) -> Vec<Action> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        let mut turn =
            Turn { now, settings: self.settings, known: &mut self.known, entropy, out: Vec::new() };
        if let Some(lease) = state.owned().filter(|lease| !lease.addresses.is_empty()) {
            if state.lease().is_some() {
                turn.drop_all(lease);
            }
            turn.say_released(lease);
        }
        turn.out
    }

    /// One event in, every action out.
    pub fn turn(&mut self, now: Instant, entropy: &mut dyn Entropy, event: Event<'_>) -> Vec<Action> {
        let mut turn =
            Turn { now, settings: self.settings, known: &mut self.known, entropy, out: Vec::new() };
        // The state is given away for the step; this value is never seen.
        let state = std::mem::replace(&mut self.state, State::Idle);
        let mut state = match event {
            Event::Wished(wish) => {
                turn.known.wish = wish;
                turn.wished(state)
            }
            Event::LinkLocal(source) => {
                turn.known.source = source;
                state
            }
            Event::Usable(address) => {
                if state.lease().is_some_and(|lease| lease.addresses.contains_key(&address)) {
                    turn.known.declined = 0;
                }
                state
            }
            Event::Taken(address) => turn.taken(state, address),
            Event::Packet(octets) => turn.packet(state, octets),
            Event::Tick => state,
        };
        // What is due is done after every event, so that a flood of packets cannot hold it up.
        loop {
            let (next, again) = turn.due(state);
            state = next;
            if !again {
                break;
            }
        }
        self.state = state;
        turn.out
    }
}

impl Turn<'_> {
    fn note(&mut self, text: String) {
        self.out.push(Action::Note(text));
    }

    fn ignored(&mut self, state: State, why: &str) -> State {
        self.note(format!("a DHCPv6 message was ignored: {why}"));
        state
    }

    /// Routers say something else. What was given is kept (RFC 4861 4.2 has the flags say what is there, not what is
    /// gone), what is only being asked for is not.
    fn wished(&mut self, state: State) -> State {
        match (self.known.wish, state) {
            (Wish::Addresses, State::Informing { .. } | State::Informed { .. })
            | (
                Wish::Nothing | Wish::Information,
                State::Soliciting { .. } | State::Requesting { .. } | State::Waiting { .. },
            )
            | (Wish::Nothing, State::Informing { .. }) => State::Idle,
            (Wish::Addresses | Wish::Information | Wish::Nothing, state) => state,
        }
    }

    fn drop_all(&mut self, lease: &Lease) {
        self.out.extend(lease.addresses.keys().map(|&address| Action::Drop(address)));
        self.out.push(Action::Inform(Information::default()));
    }

    fn solicit(&self) -> State {
        let pace = Pace { longest: self.known.longest_solicit, collects: true, ..Pace::new(1, 0) };
        State::Soliciting { exchange: Exchange::new(self.now, pace), best: None }
    }

    fn inform(&self) -> State {
        let pace = Pace { longest: self.known.longest_information_request, ..Pace::new(1, 0) };
        State::Informing { exchange: Exchange::new(self.now, pace) }
    }

    /// Somebody else has an address that was given: the server is told, and asked for another.
    fn taken(&mut self, state: State, address: Ipv6Addr) -> State {
        if !state.lease().is_some_and(|lease| lease.addresses.contains_key(&address)) {
            return state;
        }
        let (State::Bound { mut lease }
        | State::Confirming { mut lease, .. }
        | State::Renewing { mut lease, .. }
        | State::Rebinding { mut lease, .. }) = state
        else {
            return state;
        };
        lease.addresses.remove(&address);
        self.note(format!("somebody else has {address}: the DHCPv6 server is told so"));
        self.out.push(Action::Drop(address));
        self.known.declined = self.known.declined.saturating_add(1);
        State::Declining { exchange: Exchange::new(self.now, DECLINE), address, lease }
    }
}
