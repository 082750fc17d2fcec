//! An access point, or an AP MLD with its links: every decision, without I/O.
//!
//! The way in is [`AccessPoint::turn`]. Each client is a machine of its own: authenticated, then
//! associated, with a port that the 4-way handshake opens. A client is known by its MLD address if it uses links,
//! else by its only one; what belongs to an association (addresses, links, handshake) is made with it and goes
//! with it. Everything that a stranger can make us keep is bounded:
//!
//! | what | at most | for how long |
//! |---|---|---|
//! | associated clients | [`Setup::capacity`] | until they leave or are silent |
//! | clients that only authenticated | the same, 64 at least; who proved nothing goes first | 10 s |
//! | exchanges of SAE for each address of ours | 2,007; tokens from [`Security::token_threshold`] unfinished ones on | 5 s, finished ones 60 s |
//! | keys of the mobility domain | as clients | [`Member::key_lifetime`](crate::rsn::ft::authenticator::Member) |
//! | PMKSAs | as clients, 64 at least | [`Setup::pmksa_lifetime`] |
//! | packet numbers being read | one for each group key in use | 50 ms |
//! | acknowledgements waited for | one for each client | 200 ms |
//! | SA Queries, wishes for links | one for each client | 1 s, 50 ms |

mod actions;
mod association;
mod authentication;
mod bss;
mod capabilities;
mod client;
mod clients;
mod elements;
mod identity;
mod links;
pub mod mobility;
mod packet_numbers;
mod probe;
mod sa_query;
pub mod setup;
pub mod vocabulary;

pub use authentication::mld_address;
pub use setup::{Bss, DTIM_PERIOD, FrameProtection, Security, Setup, Structure};
pub use vocabulary::{Action, Announcement, Event, KernelEvent, NewStation, Order, Reply, Report, Request};

use crate::{
    Duration, Instant, Means,
    kernel::KeyKind,
    pmksa::{self, PmksaCache},
    rsn::authenticator::Output,
    sae::SaeAuthenticator,
    shared::Shared,
};
use alloc::{collections::BTreeMap, vec::Vec};
use bss::{BssState, Renewal};
use client::{Association, Client, Port, Proof, Told};
use clients::Clients;
use lapwing_frames::{
    LinkId, MacAddr,
    management::{Body, Departure, Header, Management, ReasonCode},
};
use mobility::Roots;
use packet_numbers::Reads;

/// How long an authentication is good for without an association.
const AUTHENTICATED: Duration = Duration::from_secs(10);
/// How many stations may be authenticated and not associated, at least: as many as there is room for, should all come
/// at once. Of more, those that proved nothing make room first.
const UNASSOCIATED: usize = 64;

/// Where a frame came in, and from whom.
#[derive(Clone)]
struct At {
    link: Option<LinkId>,
    header: Header,
    protected: bool,
}

/// What an access point says of one client, to be shown or checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientState {
    /// Whether it is associated.
    pub associated: bool,
    /// Whether its port is open.
    pub authorized: bool,
    /// Whether its management frames are protected.
    pub frame_protection: bool,
    /// Its links with its address on each.
    pub links: BTreeMap<LinkId, MacAddr>,
}

/// An access point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccessPoint {
    setup: Shared<Setup>,
    /// What is on the air; nothing before it began and after its end.
    bss: BTreeMap<Option<LinkId>, BssState>,
    clients: Clients,
    /// The machines of SAE, by the address that we have in them.
    sae: BTreeMap<MacAddr, SaeAuthenticator>,
    pmksas: PmksaCache,
    roots: Roots,
    renewal: Option<Renewal>,
    group_keys_due: Option<Instant>,
    reads: Reads,
    /// What the turn under way has to do; empty between turns.
    out: Vec<Action>,
}

impl AccessPoint {
    /// An access point that has not begun.
    #[must_use]
    pub fn new(setup: Shared<Setup>) -> Self {
        Self {
            pmksas: PmksaCache::with_capacity(setup.capacity().max(pmksa::CAPACITY)),
            setup,
            bss: BTreeMap::new(),
            clients: Clients::new(),
            sae: BTreeMap::new(),
            roots: Roots::default(),
            renewal: None,
            group_keys_due: None,
            reads: Reads::new(),
            out: Vec::new(),
        }
    }

    /// One event in, every action out, in the order in which they must happen.
    pub fn turn(
        &mut self,
        now: Instant,
        event: Event<'_>,
        means: &mut Means<'_>,
        mut perform: impl FnMut(Action),
    ) {
        self.pass_time(now, means);
        match event {
            Event::Start => self.start(now, means),
            Event::Down => {
                *self = Self { pmksas: core::mem::take(&mut self.pmksas), ..Self::new(self.setup.clone()) }
            }
            Event::Frame { link, bytes, protected } => self.on_frame(now, means, link, bytes, protected),
            Event::KeyFrame { from, bytes, protected } => self.on_key_frame(now, from, bytes, protected),
            Event::Stranger { link, from } => self.on_stranger(link, from),
            Event::Silent { station } => self.on_silence(station),
            Event::ChannelSwitched { link, channel } => self.on_channel_switched(link, channel),
            Event::Refused(request) => self.on_refused(now, request),
            Event::Answered { request, reply } => self.on_answered(now, request, reply),
            Event::Sent { request, acknowledged } => self.on_sent(now, means, request, acknowledged),
            Event::Told(message) => self.on_message(now, means, message),
            Event::Order(order) => self.obey(now, means, order),
            Event::Tick => {}
        }
        self.clients.settle();
        self.out.drain(..).for_each(&mut perform);
    }

    /// When [`Event::Tick`] is due, if it is.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let sae = self.sae.values().filter_map(SaeAuthenticator::next_deadline);
        let removals = self.bss.values().filter_map(|bss| Some(bss.removal?.next));
        sae.chain(removals).chain(self.group_keys_due).chain(self.clients.deadline()).min()
    }

    /// What is known of a client.
    #[must_use]
    pub fn client(&self, station: MacAddr) -> Option<ClientState> {
        Some(match self.clients.get(station)? {
            Client::Authenticated(_) => ClientState {
                associated: false,
                authorized: false,
                frame_protection: false,
                links: BTreeMap::new(),
            },
            Client::Associated(association) => ClientState {
                associated: true,
                authorized: association.port.is_open(),
                frame_protection: association.frame_protection,
                links: association.links.clone(),
            },
        })
    }

    /// The clients, by the addresses that they are known by.
    pub fn clients(&self) -> impl Iterator<Item = MacAddr> {
        self.clients.stations()
    }

    /// The BSSs on the air, each with its link if it is one, its address and its channel of now.
    pub fn on_air(&self) -> impl Iterator<Item = (Option<LinkId>, Bss)> {
        self.bss.iter().map(|(id, bss)| (*id, Bss { bssid: bss.bssid, channel: bss.channel }))
    }

    /// Whom an address belongs to: a client itself, or one that uses it on a link.
    #[must_use]
    pub fn whose(&self, address: MacAddr) -> Option<MacAddr> {
        self.clients.whose(address)
    }

    /// Whether the last authentication of a client was by SAE, so that its key is fresh.
    #[must_use]
    pub fn proved_by_sae(&self, station: MacAddr) -> bool {
        let authentication = match self.clients.get(station) {
            Some(Client::Authenticated(authentication)) => authentication,
            Some(Client::Associated(association)) => {
                association.again.as_ref().unwrap_or(&association.authentication)
            }
            None => return false,
        };
        matches!(authentication.proof, Proof::Sae { .. })
    }

    fn ask(&mut self, request: Request) {
        self.out.push(Action::Request(request));
    }

    fn report(&mut self, report: Report) {
        self.out.push(Action::Report(report));
    }

    fn ignore(&mut self, from: MacAddr, why: &'static str) {
        self.report(Report::Ignored { from, why });
    }

    fn start(&mut self, now: Instant, means: &mut Means<'_>) {
        if !self.bss.is_empty() {
            return;
        }
        let setup = self.setup.clone();
        for (id, bss) in setup.structure.iter() {
            if let Some(link) = id {
                self.ask(Request::AddLink { link, address: bss.bssid });
            }
            self.start_bss(id, 0, means.entropy);
        }
        // All are known by now, so each beacon names the others from the start.
        setup.structure.iter().for_each(|(id, _)| self.announce_bss(id));
        self.schedule_renewal(now);
    }

    fn obey(&mut self, now: Instant, means: &mut Means<'_>, order: Order) {
        match order {
            Order::Stop => self.stop(),
            Order::ForgetPmksas => self.pmksas = Self::new(self.setup.clone()).pmksas,
            Order::ThrowOut(reason) => self.throw_out(reason),
            Order::Expel { station, reason } => {
                if let Some(station) = self.whose(station) {
                    self.expel(station, reason, "it was thrown out");
                }
            }
            Order::RenewGroupKeys => self.renew_group_keys(now, means.entropy),
            Order::RenewPairwiseKey(station) => {
                if let Some(Client::Associated(association)) = self.clients.get_mut(station)
                    && let Port::Open(authenticator) = &mut association.port
                {
                    let mut outputs = Vec::new();
                    authenticator.start(now, means.entropy, &mut outputs);
                    self.follow(now, station, outputs);
                }
            }
            Order::SwitchChannel { link, to, beacons } => self.switch_channel(link, to, beacons),
            Order::RemoveLink { link, beacons } => self.announce_removal(now, link, beacons),
            Order::AddLink(link) => self.add_link(link, means.entropy),
        }
    }

    fn throw_out(&mut self, reason: ReasonCode) {
        for station in self.clients.stations().collect::<Vec<_>>() {
            self.expel(station, reason, "it was thrown out");
        }
    }

    fn stop(&mut self) {
        self.throw_out(ReasonCode::LeavingDeauthenticated);
        for id in core::mem::take(&mut self.bss).into_keys() {
            self.ask(Request::StopBss { link: id });
            if let Some(link) = id {
                self.ask(Request::RemoveLink { link });
            }
        }
        self.clients = Clients::new();
        self.sae.clear();
        self.reads.clear();
        (self.renewal, self.group_keys_due) = (None, None);
    }

    /// Does what is due.
    fn pass_time(&mut self, now: Instant, means: &mut Means<'_>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.sae.values_mut().for_each(|sae| sae.expire(now));
        for station in self.clients.due(now) {
            self.pass_time_of(now, means, station);
        }
        self.count_removals_down(now);
        if self.group_keys_due.is_some_and(|due| now >= due) {
            self.renew_group_keys(now, means.entropy);
        }
        self.clients.settle();
    }

    fn pass_time_of(&mut self, now: Instant, means: &mut Means<'_>, station: MacAddr) {
        match self.clients.get_mut(station) {
            Some(Client::Authenticated(authentication)) if now >= authentication.until => {
                self.clients.remove(station);
            }
            Some(Client::Associated(association)) => {
                association.again.take_if(|again| now >= again.until);
                let mut outputs = Vec::new();
                if let Some(authenticator) = association.port.authenticator_mut() {
                    authenticator.tick(now, &mut outputs);
                }
                let begins = matches!(association.told, Told::Waiting(until) if now >= until);
                self.follow(now, station, outputs);
                if begins {
                    self.begin_handshake(now, means, station);
                }
                self.end_readings(now, station);
                self.continue_query(now, station);
            }
            _ => {}
        }
    }

    fn on_frame(
        &mut self,
        now: Instant,
        means: &mut Means<'_>,
        link: Option<LinkId>,
        bytes: &[u8],
        protected: bool,
    ) {
        let Ok(Management { header, body }) = Management::parse_decrypted(bytes) else { return };
        let Some(own) = self.bss.get(&link).map(|bss| bss.bssid) else { return };
        let at = At { link, header, protected };
        let to_us =
            at.header.receiver == own || Some(at.header.receiver) == self.setup.structure.mld_address();
        let from = at.header.transmitter;
        if from.is_group() || self.is_ours(from) {
            return;
        }
        match body {
            Body::ProbeRequest(request) => self.on_probe(&at, &request),
            _ if !to_us => {}
            Body::Authentication(frame) => self.on_authentication(now, means, &at, &frame),
            Body::AssociationRequest(request) => {
                let own = (request.capabilities, request.listen_interval, &request.elements[..]);
                self.on_association(now, means, &at, own, false);
            }
            Body::ReassociationRequest(request) => {
                let own = (request.capabilities, request.listen_interval, &request.elements[..]);
                self.on_association(now, means, &at, own, true);
            }
            Body::Deauthentication(_) => self.on_departure(&at, "it said goodbye"),
            Body::Disassociation(_) => self.on_departure(&at, "it ended the association"),
            Body::Action(action) => self.on_action(now, &at, action),
            _ => self.ignore(from, "an access point has no use for the frame"),
        }
    }

    fn on_departure(&mut self, at: &At, why: &'static str) {
        let from = at.header.transmitter;
        let Some(station) = self.associated_at(from).or_else(|| self.whose(from)) else { return };
        if let Some(Client::Associated(association)) = self.clients.get(station)
            && association.is_protected()
            && !at.protected
        {
            return self.ignore(from, "its goodbye is not protected");
        }
        self.drop_client(station, why);
    }

    fn on_key_frame(&mut self, now: Instant, from: MacAddr, bytes: &[u8], protected: bool) {
        let Some(Client::Associated(association)) = self.clients.get_mut(from) else {
            return self.ignore(from, "it is not associated");
        };
        let mut outputs = Vec::new();
        match association.port.authenticator_mut() {
            Some(authenticator) => authenticator.handle(now, bytes, protected, &mut outputs),
            None => return self.ignore(from, "there are no keys here"),
        }
        self.follow(now, from, outputs);
    }

    /// A client is gone without a word (802.11-2020 11.3.5.8 lets it be told, should it still hear).
    fn on_silence(&mut self, station: MacAddr) {
        if self.association(station).is_some() {
            self.expel(station, ReasonCode::Inactivity, "it was silent for too long");
        }
    }

    /// Somebody behaves as if associated: tell him that he is not (802.11-2020 11.3.5.1).
    fn on_stranger(&mut self, link: Option<LinkId>, from: MacAddr) {
        if from.is_group() || matches!(self.clients.get(from), Some(Client::Associated(_))) {
            return;
        }
        // Older kernels (6.12) do not say on which link of an AP MLD: it hears the one that it is on.
        let meant = self.bss.iter().filter(|(known, _)| link.is_none() || **known == link);
        let bssids: Vec<_> = meant.map(|(known, bss)| (*known, bss.bssid)).collect();
        for (link, own) in bssids {
            let departure = Departure { reason: ReasonCode::InvalidClass3Frame, elements: Vec::new() };
            self.send(link, Header::new(from, own, own), Body::Deauthentication(departure));
        }
    }

    fn on_refused(&mut self, now: Instant, request: &Request) {
        match request {
            Request::AddLink { link, .. } => self.on_refused_bss(Some(*link)),
            Request::StartBss(announcement) => self.on_refused_bss(announcement.link),
            // It was told that it is associated.
            Request::AddStation(new) => {
                self.expel(new.station, ReasonCode::NoMoreStas, "the kernel did not take it");
            }
            Request::AddLinkStation { station, .. } | Request::AuthorizeStation { station } => {
                self.expel(*station, ReasonCode::Unspecified, "the kernel did not take it");
            }
            Request::InstallKey(key) => match key.kind {
                KeyKind::Pairwise { peer, .. } => {
                    self.expel(peer, ReasonCode::Unspecified, "the kernel did not take its key");
                }
                _ if self.bss.contains_key(&key.link) => {
                    self.report(Report::Broken("a group key cannot be installed"));
                }
                _ => {}
            },
            Request::SwitchChannel { during, .. } => {
                if let Some(bss) = self.bss.get_mut(&during.link) {
                    bss.switching = None;
                }
                self.refresh_beacons();
            }
            Request::ReadPacketNumber { link, index } => self.on_unread(now, (*link, *index)),
            Request::IsolateClients { link, isolate: true } if self.bss.contains_key(link) => {
                self.report(Report::Broken("the clients cannot be kept from each other"));
            }
            // What is gone already need not be removed, and a frame that was not sent is one that was lost.
            Request::RemoveLink { .. }
            | Request::SetBeacon(_)
            | Request::StopBss { .. }
            | Request::RemoveLinkStation { .. }
            | Request::RemoveStation { .. }
            | Request::UseGroupKey { .. }
            | Request::IsolateClients { .. }
            | Request::SendFrame { .. }
            | Request::SendKeyFrame { .. } => {}
        }
    }

    /// Does what a client's authenticator wants done.
    fn follow(&mut self, now: Instant, station: MacAddr, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    let plain = self.association(station).filter(|association| association.links.is_empty());
                    let link = plain.and_then(|association| association.link);
                    self.ask(Request::SendKeyFrame { to: station, link, bytes: octets, in_clear });
                }
                Output::InstallKey(key) => self.ask(Request::InstallKey(key)),
                Output::Secured { .. } => {
                    self.open_port(station);
                    self.share_keys(now, station);
                }
                Output::GroupKeysTaken => self.has_group_keys(station),
                Output::WantsPacketNumbers => self.read_for_handshake(now, station),
                Output::Disconnect(reason) => self.expel(station, reason, "the handshake failed"),
                Output::Ignored(why) => self.ignore(station, why),
            }
        }
    }

    fn open_port(&mut self, station: MacAddr) {
        let Some(Client::Associated(association)) = self.clients.get_mut(station) else { return };
        let first = match core::mem::replace(&mut association.port, Port::Unprotected) {
            Port::Closed(authenticator) => {
                association.port = Port::Open(authenticator);
                true
            }
            port => {
                association.port = port;
                false
            }
        };
        if first {
            self.ask(Request::AuthorizeStation { station });
            self.report(Report::Authorized(station));
        }
    }

    /// Sends a management frame.
    fn send(&mut self, link: Option<LinkId>, header: Header, body: Body) {
        let mut bytes = Vec::new();
        Management { header, body }.write(&mut bytes);
        self.ask(Request::SendFrame { link, bytes });
    }

    /// Answers a frame where it came from.
    fn reply(&mut self, at: &At, body: Body) {
        let Header { receiver, transmitter, bssid, .. } = at.header;
        self.send(at.link, Header::new(transmitter, receiver, bssid), body);
    }

    /// Sends a management frame to an associated client.
    fn send_to(&mut self, station: MacAddr, body: Body) {
        let Some(Client::Associated(association)) = self.clients.get(station) else { return };
        let (link, own) = (association.link, association.authentication.own);
        self.send(link, Header::new(station, own, own), body);
    }

    /// Throws a client out.
    fn expel(&mut self, station: MacAddr, reason: ReasonCode, why: &'static str) {
        let body = Body::Deauthentication(Departure { reason, elements: Vec::new() });
        match self.clients.get(station) {
            Some(Client::Associated(_)) => self.send_to(station, body),
            Some(Client::Authenticated(authentication)) => {
                let (link, to) = (authentication.link, authentication.address);
                let own = self.bssid(link).unwrap_or(authentication.own);
                self.send(link, Header::new(to, own, own), body);
            }
            None => return,
        }
        self.drop_client(station, why);
    }

    /// Forgets a client, keys and all.
    fn drop_client(&mut self, station: MacAddr, why: &'static str) {
        let Some(client) = self.clients.remove(station) else { return };
        self.sae.values_mut().for_each(|sae| sae.forget(station));
        self.forget_reads(station);
        if let Client::Associated(_) = client {
            self.ask(Request::RemoveStation { station });
            self.report(Report::Left { station, why });
        }
        self.has_group_keys(station);
    }

    fn association(&self, station: MacAddr) -> Option<&Association> {
        match self.clients.get(station) {
            Some(Client::Associated(association)) => Some(association),
            _ => None,
        }
    }

    fn association_mut(&mut self, station: MacAddr) -> Option<&mut Association> {
        match self.clients.get_mut(station) {
            Some(Client::Associated(association)) => Some(association),
            _ => None,
        }
    }
}
