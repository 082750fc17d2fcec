//! Either side of the protocol, from looking for the other to the network that was handed over.
//!
//! ```text
//!            announce, wait or begin                                        enrollee: Asked ─▶ Finishing
//! Seeking ──────────────────────────▶ Requested / Responded ─▶ Confirmed ─▶ configurator: Waiting ─▶ Handed
//!    └─ by a code ─▶ Revealing / Asking ─▶ Exchanged ─▶ Known ──▲
//! ```

mod authentication;
mod configuring;
mod pkex;
mod states;

use super::{
    configuration::Configuration,
    keys::{self, Code, KeyPair, PKEX_GROUP},
};
use crate::{
    Means, Secret,
    curve::{Curves, Group, Point},
    kernel::Frequency,
    time::{Duration, Instant},
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use lapwing_frames::{
    Channel, MacAddr,
    dpp::{Frame, FrameType, Gas, Status, Type, Uri, Writer},
};
use states::{Outgoing, Peer, State};

/// How long we listen on a channel after we have said something there. No driver's limit is lower, and some radios
/// answer only when they have listened to the end.
const DWELL: Duration = Duration::from_millis(1000);
/// For one step of the exchange, repetitions included.
const STEP: Duration = Duration::from_secs(10);
/// For a whole exchange by a code.
const CODE_TIME: Duration = Duration::from_secs(120);
/// For the kernel to say what became of a frame: it goes out when the radio has ended what it does for others.
const LOST: Duration = Duration::from_secs(10);
/// A frame that was not acknowledged goes out again after this.
const UNHEARD: Duration = Duration::from_millis(200);
/// One that was acknowledged, and not answered.
const UNANSWERED: Duration = Duration::from_millis(2000);
/// How often a frame goes out.
const TRIES: u8 = 5;
/// How often somebody may guess the code wrong.
const GUESSES: u8 = 5;
/// The version of the protocol that we speak.
const VERSION: u8 = 2;

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Setup {
    /// Our address.
    pub address: MacAddr,
    /// Our name, for people.
    pub name: String,
    /// The channel of our connection, where we listen anyway.
    pub home: Option<Frequency>,
}

/// What we want.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A network.
    Enrollee,
    /// To hand this one over.
    Configurator(Configuration),
}

/// How we find each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bootstrapping {
    /// We announce ourselves on these channels, to whoever was shown our URI.
    Announce(Vec<Frequency>),
    /// We wait on the channel of our connection for whoever was shown our URI.
    Wait,
    /// We were shown the other's URI, and look for it on these channels.
    Begin(Uri, Vec<Frequency>),
    /// We were told a code, and look for the other who was, on these channels; at this address alone, if there is one.
    Code(Code, Option<MacAddr>, Vec<Frequency>),
    /// We wait on the channel of our connection for whoever was told this code; if none, who it is for is asked.
    WaitForCode(Option<Code>),
}

/// What a session is told.
#[derive(Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A public action frame came.
    Frame {
        /// From whom.
        from: MacAddr,
        /// On which channel, if the kernel says.
        frequency: Option<Frequency>,
        /// From the category on.
        body: &'a [u8],
    },
    /// What became of the last [`Action::Transmit`].
    Transmitted {
        /// Whether it was acknowledged.
        acknowledged: bool,
    },
    /// The answer to [`Action::AskCode`]; none if there is no such code.
    Code(Option<Secret>),
    /// Somebody wants it to end.
    Cancel,
    /// Nothing but time.
    Tick,
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send a public action frame, and stay on its channel for so long. What becomes of it is told as
    /// [`Event::Transmitted`].
    Transmit {
        /// To whom; broadcast too.
        to: MacAddr,
        /// On which channel.
        frequency: Frequency,
        /// How long to stay; not at all on the channel of the connection.
        wait: Duration,
        /// From the category on.
        body: Vec<u8>,
    },
    /// Stay on a channel to listen.
    Listen {
        /// On which.
        frequency: Frequency,
        /// How long.
        wait: Duration,
    },
    /// Stay on no other channel than that of the connection any longer.
    Return,
    /// Ask for the code of this name.
    AskCode(String),
    /// The answer is not wanted any more.
    WithdrawCode,
    /// A network was handed to us.
    Provisioned(Configuration),
    /// It is over, well or not.
    Ended(Result<(), Troubles>),
}

/// Why no network was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Troubles {
    /// Nobody was found in time, or the other fell silent.
    TimedOut,
    /// Both want the same: two enrollees, or two configurators.
    NotCompatible,
    /// The other says that it failed.
    Refused(Status),
    /// The other's network is of a kind that we cannot join, or it is malformed.
    NoConfiguration,
    /// The code was guessed wrong too often.
    WrongCode,
    /// Somebody wanted it to end.
    Cancelled,
}

impl fmt::Display for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the other device did not answer in time"),
            Self::NotCompatible => f.write_str("both devices want to do the same"),
            Self::Refused(status) => write!(f, "the other device refused: {status}"),
            Self::NoConfiguration => f.write_str("the other device gave a network that cannot be joined"),
            Self::WrongCode => f.write_str("the code was wrong too often"),
            Self::Cancelled => f.write_str("it was cancelled"),
        }
    }
}

impl core::error::Error for Troubles {}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    setup: Setup,
    part: Part,
    bootstrapping: Bootstrapping,
    own: KeyPair,
    own_hash: [u8; 32],
    /// The bootstrapping key of the other, once it is known, and its hash.
    other: Option<(Point2, [u8; 32])>,
    /// The ephemeral key of an exchange by a code that we begin.
    ephemeral: Option<KeyPair>,
    /// Which channel is next.
    next: usize,
    /// Until when we stay on another channel than that of the connection, as far as we have asked for it.
    stay: Option<Instant>,
    guesses: u8,
    /// When it is over even if nobody was found.
    until: Option<Instant>,
    state: State,
    outgoing: Option<Outgoing>,
}

/// A point, with a `Debug` that does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Point2(Point);

impl fmt::Debug for Point2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point")
    }
}

/// What a turn needs.
struct Turn<'a, 'b> {
    now: Instant,
    means: &'a mut Means<'b>,
    actions: Vec<Action>,
}

impl Turn<'_, '_> {
    fn curves(&self) -> &dyn Curves {
        self.means.curves
    }

    fn nonce(&mut self, group: Group) -> Vec<u8> {
        let mut nonce = alloc::vec![0; keys::nonce_octets(group)];
        self.means.entropy.fill(&mut nonce);
        nonce
    }
}

impl Session {
    /// A session that begins now: its first [`Event::Tick`] is due at once. Nothing if the other's key is not on its
    /// curve.
    #[must_use]
    pub fn new(
        setup: Setup,
        part: Part,
        bootstrapping: Bootstrapping,
        now: Instant,
        means: &mut Means<'_>,
    ) -> Option<Self> {
        let (other, group, until) = match &bootstrapping {
            Bootstrapping::Begin(uri, _) => {
                let point = keys::from_public_key(&uri.key, means.curves)?;
                let group = point.group();
                (Some((Point2(point), keys::bootstrapping_hash(&uri.key.to_der(), false))), group, None)
            }
            Bootstrapping::Code(..) | Bootstrapping::WaitForCode(_) => {
                (None, PKEX_GROUP, Some(now + CODE_TIME))
            }
            Bootstrapping::Announce(_) | Bootstrapping::Wait => (None, Group::P256, None),
        };
        let own = KeyPair::random(group, means.curves, means.entropy)?;
        let ephemeral = match &bootstrapping {
            Bootstrapping::Code(..) => Some(KeyPair::random(group, means.curves, means.entropy)?),
            _ => None,
        };
        let own_hash = keys::bootstrapping_hash(&keys::to_public_key(own.public()).to_der(), false);
        Some(Self {
            setup,
            part,
            bootstrapping,
            own,
            own_hash,
            other,
            ephemeral,
            next: 0,
            stay: None,
            guesses: 0,
            until,
            state: State::Seeking { next: Some(now) },
            outgoing: None,
        })
    }

    /// What the other is to be shown.
    #[must_use]
    pub fn uri(&self) -> Uri {
        let channels = match &self.bootstrapping {
            Bootstrapping::Announce(channels) => channels.as_slice(),
            _ => self.setup.home.as_slice(),
        };
        Uri {
            address: Some(self.setup.address),
            channels: channels.iter().filter_map(|frequency| Channel::from_frequency(frequency.0)).collect(),
            version: Some(VERSION),
            ..Uri::new(keys::to_public_key(self.own.public()))
        }
    }

    /// Looks for the other on these channels, once it is known which there are.
    pub fn look_on(&mut self, frequencies: Vec<Frequency>) {
        match &mut self.bootstrapping {
            Bootstrapping::Announce(channels)
            | Bootstrapping::Begin(_, channels)
            | Bootstrapping::Code(.., channels) => *channels = frequencies,
            Bootstrapping::Wait | Bootstrapping::WaitForCode(_) => {}
        }
    }

    /// The channel of our connection.
    #[must_use]
    pub const fn home(&self) -> Option<Frequency> {
        self.setup.home
    }

    /// Whether we want a network.
    #[must_use]
    pub const fn is_enrollee(&self) -> bool {
        matches!(self.part, Part::Enrollee)
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// When [`Event::Tick`] is due at the latest; none once it is over, and none while we wait for anybody.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let whole = self.until.filter(|_| !self.is_over());
        let again = self.outgoing.as_ref().and_then(|outgoing| outgoing.again);
        let stay = self.stay.filter(|_| self.waits_elsewhere().is_some());
        [self.state.deadline(), whole, again, stay].into_iter().flatten().min()
    }

    /// Takes an event; the actions are to be done in this order.
    pub fn turn(&mut self, now: Instant, event: &Event<'_>, means: &mut Means<'_>) -> Vec<Action> {
        let mut turn = Turn { now, means, actions: Vec::new() };
        if self.is_over() {
            return turn.actions;
        }
        match event {
            Event::Frame { from, frequency, body } if !from.is_group() && *from != self.setup.address => {
                let frequency = frequency.or_else(|| self.frequency());
                if let Some(frequency) = frequency {
                    self.heard(&mut turn, Peer { address: *from, frequency, version: 1 }, body);
                }
            }
            Event::Frame { .. } => {}
            Event::Transmitted { acknowledged } => self.transmitted(&mut turn, *acknowledged),
            Event::Code(code) => self.code(&mut turn, code.clone()),
            Event::Cancel => self.end(&mut turn, Err(Troubles::Cancelled)),
            Event::Tick => {}
        }
        self.overdue(&mut turn);
        turn.actions
    }

    /// The channels that are looked at.
    fn channels(&self) -> &[Frequency] {
        match &self.bootstrapping {
            Bootstrapping::Announce(channels)
            | Bootstrapping::Begin(_, channels)
            | Bootstrapping::Code(.., channels) => channels,
            Bootstrapping::Wait | Bootstrapping::WaitForCode(_) => self.setup.home.as_slice(),
        }
    }

    /// The channel on which we are.
    fn frequency(&self) -> Option<Frequency> {
        let peer = self.state.peer().map(|peer| peer.frequency);
        peer.or_else(|| self.channels().get(self.next).copied()).or(self.setup.home)
    }

    /// The channel on which we wait for the other, if that is not where we are anyway.
    fn waits_elsewhere(&self) -> Option<Frequency> {
        let frequency = match &self.state {
            // It goes on to the next channel.
            State::Requested(requested) if requested.seeking => return None,
            state => state.peer()?.frequency,
        };
        (self.setup.home != Some(frequency)).then_some(frequency)
    }

    /// That a channel is gone to; how long to stay there. What is sent would wait until the radio has stayed to the end for what
    /// was sent before: elsewhere, and with radios that stay by themselves on the same channel too.
    fn go(&mut self, turn: &mut Turn<'_, '_>, frequency: Frequency) -> Duration {
        let is_home = self.setup.home == Some(frequency);
        if self.stay.is_some_and(|until| until > turn.now) {
            turn.actions.push(Action::Return);
        }
        let wait = if is_home { Duration::ZERO } else { DWELL };
        self.stay = Some(turn.now + wait);
        wait
    }

    fn end(&mut self, turn: &mut Turn<'_, '_>, result: Result<(), Troubles>) {
        if matches!(self.state, State::Asking(_)) {
            turn.actions.push(Action::WithdrawCode);
        }
        self.state = State::Over;
        self.outgoing = None;
        turn.actions.push(Action::Ended(result));
    }

    /// Sends a frame that is answered, or acknowledged at least.
    fn send(&mut self, turn: &mut Turn<'_, '_>, peer: &Peer, body: Vec<u8>) {
        let outgoing = Outgoing { to: peer.address, frequency: peer.frequency, body, tries: 0, again: None };
        self.outgoing = Some(outgoing);
        self.transmit(turn);
    }

    /// Sends what is to be sent once more.
    fn transmit(&mut self, turn: &mut Turn<'_, '_>) {
        let Some(outgoing) = &mut self.outgoing else { return };
        outgoing.tries = outgoing.tries.saturating_add(1);
        outgoing.again = Some(turn.now + LOST);
        let (to, frequency, body) = (outgoing.to, outgoing.frequency, outgoing.body.clone());
        let wait = self.go(turn, frequency);
        turn.actions.push(Action::Transmit { to, frequency, wait, body });
    }

    /// Sends a frame for whoever may be there, once.
    fn call(&mut self, turn: &mut Turn<'_, '_>, to: MacAddr, frequency: Frequency, body: Vec<u8>) {
        self.outgoing = None;
        let wait = self.go(turn, frequency);
        turn.actions.push(Action::Transmit { to, frequency, wait, body });
    }

    fn transmitted(&mut self, turn: &mut Turn<'_, '_>, acknowledged: bool) {
        let now = turn.now;
        match &mut self.state {
            // The time on the channel begins when the frame is out.
            State::Seeking { next: Some(next) } => *next = now + DWELL,
            State::Requested(requested) if requested.seeking => {
                requested.until = requested.until.min(now + DWELL);
                if acknowledged {
                    // It is there: it has time to answer.
                    requested.seeking = false;
                    requested.until = now + STEP;
                }
            }
            _ => {}
        }
        if let State::Requested(requested) = &mut self.state
            && let Some(home) =
                self.setup.home.filter(|home| acknowledged && *home != requested.peer.frequency)
        {
            // The other has heard that it is to come to our channel.
            requested.peer.frequency = home;
            if let Some(outgoing) = &mut self.outgoing {
                outgoing.frequency = home;
            }
            self.stay = None;
            turn.actions.push(Action::Return);
        }
        let Some(outgoing) = &mut self.outgoing else { return };
        if !acknowledged {
            outgoing.again = Some(turn.now + UNHEARD);
            return;
        }
        if self.state.wants_answer() {
            outgoing.again = Some(turn.now + UNANSWERED);
            return;
        }
        // It is kept: if the other asks again, it has not understood.
        outgoing.again = None;
        outgoing.tries = 0;
        self.delivered(turn);
    }

    fn heard(&mut self, turn: &mut Turn<'_, '_>, peer: Peer, body: &[u8]) {
        if let Ok(frame) = Frame::parse(body) {
            match frame.kind {
                FrameType::AuthenticationRequest => self.authentication_request(turn, peer, &frame),
                FrameType::AuthenticationResponse => self.authentication_response(turn, peer, &frame),
                FrameType::AuthenticationConfirm => self.authentication_confirm(turn, &peer, &frame),
                FrameType::PresenceAnnouncement => self.announced(turn, peer, &frame),
                FrameType::ConfigurationResult => self.result(turn, &peer, &frame),
                FrameType::PkexVersion1ExchangeRequest => self.pkex_request(turn, peer, &frame),
                FrameType::PkexExchangeResponse => self.pkex_response(turn, peer, &frame),
                FrameType::PkexCommitRevealRequest => self.pkex_revealed(turn, &peer, &frame),
                FrameType::PkexCommitRevealResponse => self.pkex_proven(turn, &peer, &frame),
                _ => {}
            }
        } else if let Ok(gas) = Gas::parse(body) {
            self.gas(turn, &peer, &gas);
        }
    }

    fn overdue(&mut self, turn: &mut Turn<'_, '_>) {
        let now = turn.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.until) && !self.is_over() {
            self.end(turn, Err(Troubles::TimedOut));
        } else if due(self.state.deadline()) {
            self.state_overdue(turn);
        } else if due(self.outgoing.as_ref().and_then(|outgoing| outgoing.again)) {
            let tries = self.outgoing.as_ref().map_or(0, |outgoing| outgoing.tries);
            if tries < TRIES {
                self.transmit(turn);
            } else {
                self.outgoing = None;
                self.state_overdue(turn);
            }
        }
        if let Some(frequency) = self.waits_elsewhere().filter(|_| due(self.stay)) {
            let wait = self.go(turn, frequency);
            turn.actions.push(Action::Listen { frequency, wait });
        }
    }

    /// The other has fallen silent, or it is time to look for it again.
    fn state_overdue(&mut self, turn: &mut Turn<'_, '_>) {
        match &self.state {
            State::Over => {}
            // What was to be said last was said.
            State::Finishing(result, _) => {
                let result = *result;
                self.end(turn, result);
            }
            // Whether it was taken, nobody knows.
            State::Handed(_) => self.end(turn, Err(Troubles::TimedOut)),
            State::Asked(asked) if asked.comeback.is_some_and(|at| at <= turn.now) => self.come_back(turn),
            State::Seeking { .. } => self.seek(turn),
            _ => self.seek_again(turn),
        }
    }

    /// Goes back to looking for the other.
    fn seek_again(&mut self, turn: &mut Turn<'_, '_>) {
        if matches!(self.state, State::Asking(_)) {
            turn.actions.push(Action::WithdrawCode);
        }
        self.outgoing = None;
        if matches!(self.bootstrapping, Bootstrapping::Code(..) | Bootstrapping::WaitForCode(_)) {
            // What was found out by the code is of this exchange alone, and a code is for one exchange.
            if self.other.take().is_some() {
                return self.end(turn, Err(Troubles::TimedOut));
            }
        }
        self.seek(turn);
    }

    /// Says on the next channel whom we look for.
    fn seek(&mut self, turn: &mut Turn<'_, '_>) {
        let channels = self.channels();
        let Some(frequency) = channels.get(self.next).or_else(|| channels.first()).copied() else {
            self.state = State::Seeking { next: None };
            return;
        };
        self.next = self.next.saturating_add(1).checked_rem(channels.len()).unwrap_or(0);
        // Until it is told what became of the frame.
        let lost = Some(turn.now + LOST);
        match &self.bootstrapping {
            Bootstrapping::Announce(_) => {
                let der = keys::to_public_key(self.own.public()).to_der();
                let hash = keys::bootstrapping_hash(&der, true);
                let attributes = Writer::new().with(Type::ResponderBootstrappingHash, &hash);
                let body = Frame::write(FrameType::PresenceAnnouncement, attributes.octets());
                self.state = State::Seeking { next: lost };
                self.call(turn, MacAddr::BROADCAST, frequency, body);
            }
            Bootstrapping::Begin(uri, _) => {
                let address = uri.address.unwrap_or(MacAddr::BROADCAST);
                let until = turn.now + LOST;
                self.request(turn, Peer { address, frequency, version: 1 }, until, true);
            }
            Bootstrapping::Code(code, address, _) => {
                let (code, to) = (code.clone(), address.unwrap_or(MacAddr::BROADCAST));
                self.state = State::Seeking { next: lost };
                if let Some(body) = self.exchange_request(turn, &code) {
                    self.call(turn, to, frequency, body);
                }
            }
            Bootstrapping::Wait | Bootstrapping::WaitForCode(_) => {
                self.state = State::Seeking { next: None };
            }
        }
    }
}
