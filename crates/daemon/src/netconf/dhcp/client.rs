//! The DHCP client: a machine without a socket or a clock (RFC 2131 section 4.4).
//!
//! Where it departs from the RFC, it is to be quick on a link that has just come up, and each case has its
//! reason beside it: no random wait before the first message, one second before the first repetition, and
//! the quick variant of address conflict detection (`PROBES`).

use super::lease::{Lease, Times};
use super::message::{Kind, Message, option};
use crate::netconf::arp::Arp;
use crate::netconf::ip::Datagram;
use lapwing_core::entropy::random;
use lapwing_core::{Duration, Entropy, Instant};
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The wait before the first repetition. The first message leaves within a millisecond of message 4 of the
/// handshake, and an access point that has not opened its own port by then drops it in silence.
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// The wait before the second repetition; it doubles with each. RFC 2131 says 4 s, from a time when a server
/// took that long; on a radio a message is lost more often than a server is slow.
const SECOND_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between repetitions (RFC 2131 4.1).
const LONGEST_WAIT: Duration = Duration::from_secs(64);
/// How often a remembered address is asked for before looking for any server.
const REBOOT_TRIES: u32 = 3;
/// How often an offer is asked for before looking for servers again.
const REQUEST_TRIES: u32 = 4;
/// The probes before an address is used. RFC 5227 sends three within up to seven seconds, which nobody
/// waits for on Wi-Fi; these two find a conflict with any station that is awake, and the watch that
/// follows for as long as the address is used finds the others.
const PROBES: u32 = 2;
/// The wait after each probe.
const PROBE_WAIT: Duration = Duration::from_millis(100);
/// Announcements of an address, and the time between them (RFC 5227 1.1).
const ANNOUNCEMENTS: u32 = 2;
const ANNOUNCE_WAIT: Duration = Duration::from_secs(2);
/// An address is defended once in this time, and given up if it is attacked again (RFC 5227 2.4).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);
/// The wait after an address turned out to be taken (RFC 2131 3.1 point 5).
const DECLINE_WAIT: Duration = Duration::from_secs(10);
/// The wait after a server refused what it had offered: without one, the two would never rest.
const REFUSED_WAIT: Duration = Duration::from_secs(5);
/// The shortest time between two requests for more time (RFC 2131 4.4.5).
const RENEW_WAIT: Duration = Duration::from_secs(60);

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

/// What the client is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The interface's address.
    pub hardware: MacAddr,
    /// The host name to tell the server, if any.
    pub hostname: Option<String>,
    /// The address that was leased here before, if it still holds.
    pub remembered: Option<Ipv4Addr>,
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
    /// Send an ARP packet to everybody.
    SendArp(Vec<u8>),
    /// Use this lease from now on, in place of any other.
    Use(Lease),
    /// Stop using the address.
    Drop(&'static str),
    /// Something for the timeline.
    Note(String),
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    settings: Settings,
    state: State,
}

/// A message that is repeated until it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exchange {
    transaction: u32,
    /// When the first was sent.
    began: Instant,
    /// How many were sent.
    sent: u32,
    /// When the next one is due.
    next: Instant,
}

/// What the client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// For the right moment to begin.
    Waiting { until: Instant },
    /// For an acknowledgement of the address that was leased before.
    Rebooting { exchange: Exchange, address: Ipv4Addr },
    /// For an offer.
    Selecting { exchange: Exchange },
    /// For an acknowledgement of an offer.
    Requesting { exchange: Exchange, offer: Lease },
    /// For the owner of the address, if there is one.
    Probing { lease: Lease, since: Instant, sent: u32, next: Instant },
    /// For the lease to end.
    Bound { lease: Lease, since: Instant, watch: Watch },
    /// For an acknowledgement of more time.
    Extending { lease: Lease, since: Instant, exchange: Exchange, watch: Watch },
}

/// What is done about an address in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Watch {
    announced: u32,
    next_announcement: Option<Instant>,
    last_conflict: Option<Instant>,
}

/// What a turn works with.
struct Turn<'a> {
    now: Instant,
    settings: &'a mut Settings,
    entropy: &'a mut dyn Entropy,
    out: Vec<Action>,
}

impl Client {
    /// A client that begins at the first turn.
    #[must_use]
    pub const fn new(now: Instant, settings: Settings) -> Self {
        Self { settings, state: State::Waiting { until: now } }
    }

    /// When the next turn is due at the latest; none if nothing but a packet can change anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Waiting { until } => Some(*until),
            State::Rebooting { exchange, .. }
            | State::Selecting { exchange }
            | State::Requesting { exchange, .. } => Some(exchange.next),
            State::Probing { next, .. } => Some(*next),
            State::Bound { lease, since, watch } => {
                let renew = lease.time.map(|time| *since + time.renew);
                renew.into_iter().chain(watch.next_announcement).min()
            }
            State::Extending { lease, since, exchange, watch } => {
                let end = lease.time.map(|time| *since + time.end);
                end.into_iter().chain(watch.next_announcement).chain([exchange.next]).min()
            }
        }
    }

    /// The lease in use.
    #[must_use]
    pub const fn lease(&self) -> Option<&Lease> {
        match &self.state {
            State::Bound { lease, .. } | State::Extending { lease, .. } => Some(lease),
            State::Waiting { .. }
            | State::Rebooting { .. }
            | State::Selecting { .. }
            | State::Requesting { .. }
            | State::Probing { .. } => None,
        }
    }

    /// One event in, every action out.
    pub fn turn(&mut self, now: Instant, entropy: &mut dyn Entropy, event: Event<'_>) -> Vec<Action> {
        let mut turn = Turn { now, settings: &mut self.settings, entropy, out: Vec::new() };
        // The state is given away for the step; this value is never seen.
        let state = std::mem::replace(&mut self.state, State::Waiting { until: now });
        self.state = match event {
            Event::Packet { source, octets } => turn.packet(state, source, octets),
            Event::Arp { octets } => turn.arp(state, octets),
            Event::Tick => state,
        };
        // What is due is done after every event, so that a flood of packets cannot hold it up.
        loop {
            let state = std::mem::replace(&mut self.state, State::Waiting { until: now });
            let (state, again) = turn.due(state);
            self.state = state;
            if !again {
                break;
            }
        }
        turn.out
    }
}

impl Turn<'_> {
    /// A packet that may be an answer. Whatever does not belong to the exchange changes nothing.
    fn packet(&mut self, state: State, source: MacAddr, octets: &[u8]) -> State {
        let (State::Rebooting { exchange, .. }
        | State::Selecting { exchange }
        | State::Requesting { exchange, .. }
        | State::Extending { exchange, .. }) = &state
        else {
            return state;
        };
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
            Ok(offer) => {
                self.note(format!("{} offers {}", offer.server, offer.address));
                // The same transaction goes on (RFC 2131 4.4.1), with its own count of repetitions.
                let exchange = Exchange { sent: 0, next: self.now, ..exchange };
                State::Requesting { exchange, offer }
            }
            Err(why) => self.ignored(State::Selecting { exchange }, why),
        }
    }

    fn acknowledgement(&mut self, state: State, message: &Message, source: MacAddr) -> State {
        let lease = match Lease::read(message, source) {
            Ok(lease) => lease,
            Err(why) => return self.ignored(state, why),
        };
        match state {
            State::Selecting { exchange } => {
                // RFC 4039: only a server that commits rapidly may acknowledge at once.
                if message.options.contains_key(&option::RAPID_COMMIT) {
                    self.probe(lease, exchange.began)
                } else {
                    self.ignored(State::Selecting { exchange }, "nothing was asked for yet")
                }
            }
            State::Requesting { exchange, offer } => {
                if lease.server == offer.server && lease.address.address == offer.address.address {
                    self.probe(lease, exchange.began)
                } else {
                    self.ignored(State::Requesting { exchange, offer }, "it is not what was asked for")
                }
            }
            State::Rebooting { exchange, address } => {
                if lease.address.address == address {
                    // The server says that it is still ours: no wait for a probe, only the watch.
                    self.bind(lease, exchange.began, Watch::default())
                } else {
                    self.ignored(State::Rebooting { exchange, address }, "it is not what was asked for")
                }
            }
            State::Extending { lease: old, since, exchange, watch } => {
                if lease.address.address == old.address.address {
                    // Nothing changed for others: nothing to announce.
                    let watch = Watch { announced: ANNOUNCEMENTS, ..watch };
                    self.bind(lease, exchange.began, watch)
                } else {
                    let state = State::Extending { lease: old, since, exchange, watch };
                    self.ignored(state, "it is not the address in use")
                }
            }
            state @ (State::Waiting { .. } | State::Probing { .. } | State::Bound { .. }) => state,
        }
    }

    fn refusal(&mut self, state: State, message: &Message) -> State {
        // Only of the server that was asked, where one was.
        let server = message.address(option::SERVER);
        let asked = match &state {
            State::Requesting { offer, .. } => Some(offer.server),
            State::Selecting { .. } => return self.ignored(state, "nothing was asked for yet"),
            State::Extending { lease, since, .. } if self.now < rebind_at(lease, *since) => {
                Some(lease.server)
            }
            State::Extending { .. }
            | State::Rebooting { .. }
            | State::Waiting { .. }
            | State::Probing { .. }
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
        if matches!(state, State::Extending { .. }) {
            self.out.push(Action::Drop("the DHCP server refused to extend the lease"));
        }
        if matches!(state, State::Requesting { .. }) {
            return State::Waiting { until: self.now + REFUSED_WAIT };
        }
        self.select()
    }

    /// An ARP packet: does somebody else have the address?
    fn arp(&mut self, state: State, octets: &[u8]) -> State {
        let Ok(packet) = Arp::parse(octets) else { return state };
        let hardware = self.settings.hardware;
        match state {
            State::Probing { lease, .. } if packet.conflicts(hardware, lease.address.address) => {
                self.decline(&lease, packet.sender_hardware)
            }
            // In use: a probe of somebody else is answered by the kernel, and is no conflict yet.
            State::Bound { lease, since, mut watch }
                if packet.sender == lease.address.address && packet.sender_hardware != hardware =>
            {
                if self.defend(&lease, packet.sender_hardware, &mut watch) {
                    State::Bound { lease, since, watch }
                } else {
                    self.out.push(Action::Drop("somebody else uses the address"));
                    self.decline(&lease, packet.sender_hardware)
                }
            }
            State::Extending { lease, since, exchange, mut watch }
                if packet.sender == lease.address.address && packet.sender_hardware != hardware =>
            {
                if self.defend(&lease, packet.sender_hardware, &mut watch) {
                    State::Extending { lease, since, exchange, watch }
                } else {
                    self.out.push(Action::Drop("somebody else uses the address"));
                    self.decline(&lease, packet.sender_hardware)
                }
            }
            state => state,
        }
    }

    /// Announces the address once more, unless that was done a moment ago and did not help.
    fn defend(&mut self, lease: &Lease, other: MacAddr, watch: &mut Watch) -> bool {
        let address = lease.address.address;
        if watch.last_conflict.is_some_and(|last| self.now.since(last) < DEFEND_INTERVAL) {
            return false;
        }
        watch.last_conflict = Some(self.now);
        self.note(format!("{other} uses our address {address} too: it is defended once"));
        self.out.push(Action::SendArp(Arp::announcement(self.settings.hardware, address).build()));
        true
    }

    /// Does what is due. The second value says whether there may be more.
    fn due(&mut self, state: State) -> (State, bool) {
        match state {
            State::Waiting { until } if self.now >= until => match self.settings.remembered {
                Some(address) => (State::Rebooting { exchange: self.exchange(), address }, true),
                None => (self.select(), true),
            },
            State::Rebooting { exchange, address } if self.now >= exchange.next => {
                if exchange.sent >= REBOOT_TRIES {
                    self.note(format!("nobody confirms {address}: looking for any server"));
                    return (self.select(), true);
                }
                let mut options = self.options(Kind::Request);
                options.insert(option::ADDRESS, address.octets().to_vec());
                let exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
                (State::Rebooting { exchange, address }, false)
            }
            State::Selecting { exchange } if self.now >= exchange.next => {
                let mut options = self.options(Kind::Discover);
                options.insert(option::RAPID_COMMIT, Vec::new());
                if let Some(address) = self.settings.remembered {
                    options.insert(option::ADDRESS, address.octets().to_vec());
                }
                let exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
                (State::Selecting { exchange }, false)
            }
            State::Requesting { exchange, offer } if self.now >= exchange.next => {
                if exchange.sent >= REQUEST_TRIES {
                    self.note(format!("{} does not answer the request: looking again", offer.server));
                    return (self.select(), true);
                }
                let mut options = self.options(Kind::Request);
                options.insert(option::ADDRESS, offer.address.address.octets().to_vec());
                options.insert(option::SERVER, offer.server.octets().to_vec());
                let exchange = self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
                (State::Requesting { exchange, offer }, false)
            }
            State::Probing { lease, since, sent, next } if self.now >= next => {
                if sent >= PROBES {
                    return (self.bind(lease, since, Watch::default()), true);
                }
                let probe = Arp::probe(self.settings.hardware, lease.address.address);
                self.out.push(Action::SendArp(probe.build()));
                let next = self.now + PROBE_WAIT;
                (State::Probing { lease, since, sent: sent.saturating_add(1), next }, false)
            }
            State::Bound { lease, since, mut watch } => {
                self.announce(&lease, &mut watch);
                match lease.time {
                    Some(time) if self.now >= since + time.renew => {
                        let exchange = self.exchange();
                        (State::Extending { lease, since, exchange, watch }, true)
                    }
                    _ => (State::Bound { lease, since, watch }, false),
                }
            }
            State::Extending { lease, since, exchange, mut watch } => {
                self.announce(&lease, &mut watch);
                let state = self.extend(lease, since, exchange, watch);
                let is_over = matches!(state, State::Selecting { .. });
                (state, is_over)
            }
            state @ (State::Waiting { .. }
            | State::Rebooting { .. }
            | State::Selecting { .. }
            | State::Requesting { .. }
            | State::Probing { .. }) => (state, false),
        }
    }

    /// Asks for more time: until T2 the server of the lease, then anyone; at the end it is over.
    fn extend(&mut self, lease: Lease, since: Instant, exchange: Exchange, watch: Watch) -> State {
        let Some(time) = lease.time else { return State::Bound { lease, since, watch } };
        if self.now >= since + time.end {
            self.out.push(Action::Drop("the DHCP lease ended"));
            return self.select();
        }
        if self.now < exchange.next {
            return State::Extending { lease, since, exchange, watch };
        }
        let rebind = since + time.rebind;
        let (goal, server) =
            if self.now < rebind { (rebind, Some(&lease)) } else { (since + time.end, None) };
        let options = self.options(Kind::Request);
        let mut exchange = self.say(exchange, lease.address.address, server, options);
        // RFC 2131 4.4.5: half of the time that is left, but no more often than once a minute.
        let half = goal.since(self.now) / 2;
        exchange.next = (self.now + half.max(RENEW_WAIT)).min(goal);
        State::Extending { lease, since, exchange, watch }
    }

    fn announce(&mut self, lease: &Lease, watch: &mut Watch) {
        if watch.next_announcement.is_some_and(|next| self.now >= next) {
            let announcement = Arp::announcement(self.settings.hardware, lease.address.address);
            self.out.push(Action::SendArp(announcement.build()));
            watch.announced = watch.announced.saturating_add(1);
            watch.next_announcement = (watch.announced < ANNOUNCEMENTS).then_some(self.now + ANNOUNCE_WAIT);
        }
    }

    fn select(&mut self) -> State {
        State::Selecting { exchange: self.exchange() }
    }

    fn probe(&mut self, lease: Lease, since: Instant) -> State {
        State::Probing { lease, since, sent: 0, next: self.now }
    }

    fn bind(&mut self, lease: Lease, since: Instant, mut watch: Watch) -> State {
        if watch.announced < ANNOUNCEMENTS && watch.next_announcement.is_none() {
            watch.next_announcement = Some(self.now);
        }
        self.out.push(Action::Use(lease.clone()));
        State::Bound { lease, since, watch }
    }

    /// Tells the server that the address is taken, and waits a little (RFC 2131 3.1 point 5).
    fn decline(&mut self, lease: &Lease, other: MacAddr) -> State {
        let address = lease.address.address;
        self.settings.remembered = None;
        self.note(format!("{other} has {address} already"));
        let mut options = BTreeMap::from([
            (option::KIND, vec![Kind::Decline.0]),
            (option::CLIENT, client_identifier(self.settings.hardware)),
            (option::ADDRESS, address.octets().to_vec()),
            (option::SERVER, lease.server.octets().to_vec()),
        ]);
        options.insert(option::MESSAGE, b"address in use".to_vec());
        let exchange = self.exchange();
        self.say(exchange, Ipv4Addr::UNSPECIFIED, None, options);
        State::Waiting { until: self.now + DECLINE_WAIT }
    }

    fn exchange(&mut self) -> Exchange {
        let transaction = u32::from_be_bytes(random(&mut *self.entropy));
        Exchange { transaction, began: self.now, sent: 0, next: self.now }
    }

    /// The options of every message.
    fn options(&self, kind: Kind) -> BTreeMap<u8, Vec<u8>> {
        let wanted = [
            option::MASK,
            option::ROUTER,
            option::DNS,
            option::DOMAIN,
            option::LEASE,
            option::RENEWAL,
            option::REBINDING,
            option::ROUTES,
        ];
        let mut options = BTreeMap::from([
            (option::KIND, vec![kind.0]),
            (option::CLIENT, client_identifier(self.settings.hardware)),
            (option::PARAMETERS, wanted.to_vec()),
            (option::MAX_SIZE, 1472_u16.to_be_bytes().to_vec()),
        ]);
        if let Some(hostname) = &self.settings.hostname {
            options.insert(option::HOSTNAME, hostname.as_bytes().to_vec());
        }
        options
    }

    /// Sends a message of an exchange, to one server or to everybody, and sets when it is repeated.
    fn say(
        &mut self,
        mut exchange: Exchange,
        client: Ipv4Addr,
        server: Option<&Lease>,
        options: BTreeMap<u8, Vec<u8>>,
    ) -> Exchange {
        let seconds = self.now.since(exchange.began).as_secs();
        let message = Message {
            reply: false,
            transaction: exchange.transaction,
            seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
            client,
            yours: Ipv4Addr::UNSPECIFIED,
            hardware: self.settings.hardware,
            options,
        };
        let octets = Datagram {
            source: client,
            destination: server.map_or(Ipv4Addr::BROADCAST, |lease| lease.server),
            source_port: CLIENT_PORT,
            destination_port: SERVER_PORT,
            payload: &message.build(),
        }
        .build();
        let to = server.map_or(MacAddr::BROADCAST, |lease| lease.server_hardware);
        self.out.push(Action::Send { to, octets });
        let wait = match exchange.sent.checked_sub(1) {
            None => FIRST_WAIT,
            Some(repetitions) => SECOND_WAIT.saturating_mul(1 << repetitions.min(6)).min(LONGEST_WAIT),
        };
        // An eighth more or less, so that stations which lost power together do not ask together.
        let [jitter] = random(&mut *self.entropy);
        let wait = wait - wait / 8 + wait / 4 * u32::from(jitter) / 255;
        exchange.next = self.now + wait;
        exchange.sent = exchange.sent.saturating_add(1);
        exchange
    }

    fn note(&mut self, text: String) {
        self.out.push(Action::Note(text));
    }

    fn ignored(&mut self, state: State, why: &str) -> State {
        self.note(format!("a DHCP message was ignored: {why}"));
        state
    }
}

fn rebind_at(lease: &Lease, since: Instant) -> Instant {
    lease.time.map_or(since, |Times { rebind, .. }| since + rebind)
}

/// Ethernet and the address, as BOOTP had it and every server knows it (RFC 2132 9.14).
fn client_identifier(hardware: MacAddr) -> Vec<u8> {
    [&[1], &hardware.0[..]].concat()
}
