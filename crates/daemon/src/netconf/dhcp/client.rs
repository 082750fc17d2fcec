//! The DHCP client: a machine without a socket or a clock (RFC 2131 section 4.4).
//!
//! Where it departs from the RFC, it is to be quick on a link that has just come up, and each case has its
//! reason where it is done: when messages are repeated in `say`, an address that is used while it is being
//! checked in `guard`, and a router that vouches for a network in `known`.

mod answers;
mod due;
mod guard;
mod known;
mod say;

use super::lease::Lease;
use crate::netconf::conflict::Watch;
use guard::Router;
use lapwing_core::{Entropy, Instant};
use lapwing_frames::MacAddr;
use say::Exchange;

/// What the client is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The interface's address.
    pub hardware: MacAddr,
    /// The host name to tell the server, if any.
    pub hostname: Option<String>,
    /// The lease that was had here before, with the times that are left of it.
    pub remembered: Option<Lease>,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A packet came to the port of DHCP clients.
    Packet {
        /// The sender's link address.
        source: MacAddr,
        /// From the IPv4 header on.
        octets: &'a [u8],
    },
    /// An ARP packet came.
    Arp {
        /// The packet.
        octets: &'a [u8],
    },
    /// Nothing but time.
    Tick,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an IPv4 packet.
    Send {
        /// To which link address.
        to: MacAddr,
        /// From the IPv4 header on.
        octets: Vec<u8>,
    },
    /// Send an ARP packet.
    SendArp {
        /// To which link address.
        to: MacAddr,
        /// The packet.
        octets: Vec<u8>,
    },
    /// Use this lease from now on, in place of any other.
    Use(Lease),
    /// Keep this lease for the next time.
    Keep(Lease),
    /// Stop using the address.
    Drop(&'static str),
    /// Something for the timeline.
    Note(String),
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    settings: Settings,
    /// How many addresses in a row turned out to be somebody else's.
    declined: u32,
    state: State,
}

/// An address on its way into use, or in use.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hold {
    lease: Lease,
    /// When it was asked for: its times count from then.
    since: Instant,
    watch: Watch,
    router: Router,
}

impl Hold {
    const fn new(now: Instant, lease: Lease, since: Instant) -> Self {
        Self { lease, since, watch: Watch::begin(now), router: Router::Unknown }
    }
}

/// What the client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// For the right moment to begin.
    Waiting { until: Instant },
    /// For an acknowledgement of the address that was leased before, or the router of that time.
    Rebooting { exchange: Exchange, hold: Hold },
    /// For an acknowledgement of the address that was leased before and is in use, since the router is there.
    Confirming { exchange: Exchange, hold: Hold },
    /// For an offer.
    Selecting { exchange: Exchange },
    /// For an acknowledgement of an offer.
    Requesting { exchange: Exchange, hold: Hold },
    /// For T1.
    Bound { hold: Hold },
    /// For an acknowledgement of more time.
    Extending { exchange: Exchange, hold: Hold },
}

impl State {
    const fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Rebooting { exchange, .. }
            | Self::Confirming { exchange, .. }
            | Self::Selecting { exchange }
            | Self::Requesting { exchange, .. }
            | Self::Extending { exchange, .. } => Some(exchange),
            Self::Waiting { .. } | Self::Bound { .. } => None,
        }
    }

    const fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Rebooting { hold, .. }
            | Self::Confirming { hold, .. }
            | Self::Requesting { hold, .. }
            | Self::Bound { hold }
            | Self::Extending { hold, .. } => Some(hold),
            Self::Waiting { .. } | Self::Selecting { .. } => None,
        }
    }

    const fn hold_mut(&mut self) -> Option<&mut Hold> {
        match self {
            Self::Rebooting { hold, .. }
            | Self::Confirming { hold, .. }
            | Self::Requesting { hold, .. }
            | Self::Bound { hold }
            | Self::Extending { hold, .. } => Some(hold),
            Self::Waiting { .. } | Self::Selecting { .. } => None,
        }
    }

    /// Whether the address is in use.
    const fn is_in_use(&self) -> bool {
        match self {
            Self::Confirming { .. } | Self::Bound { .. } | Self::Extending { .. } => true,
            Self::Waiting { .. }
            | Self::Rebooting { .. }
            | Self::Selecting { .. }
            | Self::Requesting { .. } => false,
        }
    }
}

/// What a turn works with.
struct Turn<'a> {
    now: Instant,
    settings: &'a mut Settings,
    declined: &'a mut u32,
    entropy: &'a mut dyn Entropy,
    out: Vec<Action>,
}

impl Client {
    /// A client that begins at the first turn.
    #[must_use]
    pub const fn new(now: Instant, settings: Settings) -> Self {
        Self { settings, declined: 0, state: State::Waiting { until: now } }
    }

    /// When the next turn is due at the latest; none if nothing but a packet can change anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let begin = match &self.state {
            State::Waiting { until } => Some(*until),
            _ => None,
        };
        let message = self.state.exchange().map(|exchange| exchange.next);
        let hold = self.state.hold();
        let time = hold.and_then(|hold| {
            let time = hold.lease.time?;
            match &self.state {
                State::Bound { .. } => Some(hold.since + time.renew),
                State::Extending { .. } => Some(hold.since + time.end),
                _ => None,
            }
        });
        let watch = hold.and_then(|hold| hold.watch.next());
        begin.into_iter().chain(message).chain(time).chain(watch).min()
    }

    /// The lease in use.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.state.hold().filter(|_| self.state.is_in_use()).map(|hold| &hold.lease)
    }

    /// One event in, every action out.
    pub fn turn(&mut self, now: Instant, entropy: &mut dyn Entropy, event: Event<'_>) -> Vec<Action> {
        let (settings, declined) = (&mut self.settings, &mut self.declined);
        let mut turn = Turn { now, settings, declined, entropy, out: Vec::new() };
        // The state is given away for the step; this value is never seen.
        let state = std::mem::replace(&mut self.state, State::Waiting { until: now });
        let mut state = match event {
            Event::Packet { source, octets } => turn.packet(state, source, octets),
            Event::Arp { octets } => turn.arp(state, octets),
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
        self.note(format!("a DHCP message was ignored: {why}"));
        state
    }

    /// Uses a lease that a server has just given.
    fn bind(&mut self, exchange: &Exchange, mut hold: Hold, lease: Lease) -> State {
        let old = std::mem::replace(&mut hold.lease, lease);
        hold.since = exchange.began;
        hold.keep_router(&old);
        hold.watch.in_use(self.now);
        self.settings.remembered = Some(hold.lease.clone());
        self.out.push(Action::Use(hold.lease.clone()));
        self.out.push(Action::Keep(hold.lease.clone()));
        State::Bound { hold }
    }
}
