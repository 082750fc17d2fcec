//! Links that come and go while the connection stands.
//!
//! What the kernel reports is what there is. A link that the AP removed, or that was not there when it was joined,
//! is looked for, and added when it is there: by asking the AP MLD to, or by a new connection where the kernel is known
//! to end this one. A kernel that has no way to add links keeps the connection as it is.

use super::{
    super::{
        Footing, Turn,
        context::AddsLinks,
        links::is_own_address,
        multi_link::{LinkState, Origin},
        resync::Picture,
        securing::NO_LINK,
    },
    Connected, State,
};
use crate::{
    attempt::{Entry, Ticket},
    failure::Code,
    kernel::{AssociationLink, Errno, Frequency, InterfaceState, Refusal, Reply, Request, ScanRequest},
    rsn::{Link, Supplicant},
    secret::Secret,
    select::{
        LeftOut, MldLink, Policy, Target,
        mld::{Announced, View},
    },
    time::{Duration, Instant},
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use lapwing_frames::{
    LinkId, MacAddr, Ssid,
    element::{ElementId, Elements},
    management::{
        Action, Body, Management, StatusCode,
        action::{GroupKeyData, LinkReconfigurationResponse},
    },
};

/// How long after its removal a link is looked for, and how often again: the other links name it when it is back.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// How often it is looked what has become of the links, if none was removed; and how often a channel is listened to
/// at most, which keeps the radio from the links in use for a beacon interval.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long the kernel may take to add a link: it gives the AP 100 ms.
const CHANGE_LIMIT: Duration = Duration::from_secs(2);

/// The kernel's entry of the AP still has a link that the interface has not: adding it again would end the
/// connection.
const KEPT: &str = "it keeps a link of the access point that the interface no longer has";
const GAVE_UP: &str = "it gave the connection up when a link was to be added";
const NOT_ADDED: &str = "it has not added a link that the access point accepted";
const BACK: &str = "a link that was removed is back, and is added by a new connection";
const UNREADABLE: &str = "the access point's answer about links cannot be read";
const OTHER_LINKS: &str = "the access point's answer is about other links";
/// The command that adds links.
const RECONFIGURE: &str = "ASSOC_MLO_RECONF";

/// The links of a connection, beside their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Links {
    /// The channel of each.
    pub frequencies: BTreeMap<LinkId, Frequency>,
    /// Those that may come, or come back.
    pub missing: BTreeMap<LinkId, Missing>,
    /// When they are looked for.
    look: Option<Instant>,
    /// Those that the AP has disabled, when it was last heard.
    pub disabled: BTreeSet<LinkId>,
    /// In this look, the channel of one may be scanned.
    may_scan: bool,
    /// When one was, since the last removal.
    scanned: Option<Instant>,
    pub change: Option<Change>,
    /// What was known when the connection was made, of an AP that is an AP MLD.
    pub origin: Option<Origin>,
}

/// A link that the AP MLD may have, and the connection has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Missing {
    since: Instant,
    /// Where it was, if the AP removed it from this connection.
    pub removed: Option<(MacAddr, Frequency)>,
    /// Whether it is there again, and the kernel cannot add it.
    pub is_back: bool,
}

/// Links that are being added.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Change {
    /// The AP is asked.
    Asked { ticket: Ticket, links: BTreeMap<LinkId, MldLink>, until: Instant },
    /// It has accepted these, with these group keys; the kernel is asked for our addresses on them.
    Accepted { ticket: Ticket, links: BTreeMap<LinkId, MldLink>, keys: Secret, until: Instant },
}

impl core::fmt::Debug for Change {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (name, links) = match self {
            Self::Asked { links, .. } => ("Asked", links),
            Self::Accepted { links, .. } => ("Accepted", links),
        };
        f.debug_tuple(name).field(&links.keys()).finish()
    }
}

impl Change {
    const fn ticket(&self) -> Ticket {
        match self {
            Self::Asked { ticket, .. } | Self::Accepted { ticket, .. } => *ticket,
        }
    }

    const fn until(&self) -> Instant {
        match self {
            Self::Asked { until, .. } | Self::Accepted { until, .. } => *until,
        }
    }

    pub(super) const fn links(&self) -> &BTreeMap<LinkId, MldLink> {
        match self {
            Self::Asked { links, .. } | Self::Accepted { links, .. } => links,
        }
    }
}

impl Links {
    /// The links of a target, some of which the AP has refused.
    pub(super) fn of(target: &Target, refused: &BTreeMap<LinkId, StatusCode>, now: Instant) -> Self {
        let Some(mld) = target.mld() else {
            return Self { origin: target.apart().map(Origin::apart), ..Self::default() };
        };
        let missing: BTreeMap<_, _> =
            mld.absent().map(|id| (id, Missing { since: now, removed: None, is_back: false })).collect();
        Self {
            frequencies: mld.links.iter().map(|(id, link)| (*id, link.frequency)).collect(),
            look: (!missing.is_empty()).then(|| now + LOOK_AFTER).or(Some(now + LOOK_AGAIN)),
            missing,
            origin: Some(Origin::of(mld, refused)),
            ..Self::default()
        }
    }

    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        let change = self.change.as_ref().map(|change| (change.until(), "links that are to be added"));
        let look = self.look.map(|at| (at, "a look what has become of the links"));
        [change, look].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Whether a completion is that of a change.
    pub(super) fn is_waiting_for(&self, ticket: Ticket) -> bool {
        self.change.as_ref().is_some_and(|change| change.ticket() == ticket)
    }

    /// Whether links are being added.
    pub(super) const fn is_changing(&self) -> bool {
        self.change.is_some()
    }
}

impl Connected {
    /// The AP switched a channel.
    pub(super) fn switched(&mut self, link: Option<LinkId>, frequency: Frequency) {
        let of_link = link.and_then(|link| self.links.frequencies.get_mut(&link));
        of_link.into_iter().for_each(|known| *known = frequency);
        let association = self.supplicant.as_ref().and_then(|it| it.setup().peer.association_link());
        if link == association {
            self.connection.frequency = frequency.0;
        }
    }

    /// The set of links is another one: what follows from it.
    fn relinked(&mut self, turn: &mut Turn<'_>, removed: Vec<LinkId>, added: Vec<LinkId>) {
        let Some(supplicant) = &self.supplicant else { return };
        self.connection.links = supplicant.links().collect();
        let association = supplicant.setup().peer.association_link();
        if let Some(frequency) = association.and_then(|link| self.links.frequencies.get(&link)) {
            self.connection.frequency = frequency.0;
        }
        let links = self.connection.links.clone();
        turn.log(Some(self.journey.id), Entry::Links { links, removed, added });
        // The kernel is asked whether it believes the same; what was read before is out of date.
        turn.resync();
    }

    /// The kernel has removed links, as the AP announced.
    pub(super) fn links_removed(mut self: Box<Self>, turn: &mut Turn<'_>, gone: &[LinkId]) -> State {
        let Some(supplicant) = &mut self.supplicant else {
            return self.ignore(turn, "links that a connection without links does not have");
        };
        let gone: Vec<_> = supplicant.links().filter(|link| gone.contains(link)).collect();
        if gone.is_empty() {
            return self.ignore(turn, "the removal of links that are not ours");
        }
        for link in &gone {
            let bssid = supplicant.setup().peer.bssid(*link);
            supplicant.remove_link(*link);
            self.outstanding.excuse(*link);
            let removed = bssid.zip(self.links.frequencies.remove(link));
            self.links.missing.insert(*link, Missing { since: turn.now, removed, is_back: false });
        }
        (self.links.look, self.links.may_scan) = (Some(turn.now + LOOK_AFTER), false);
        self.links.scanned = None;
        self.relinked(turn, gone, Vec::new());
        if self.connection.links.is_empty() {
            let footing = Footing::Connected(self.peer);
            return self.lost(turn, Code::MultiLink(NO_LINK), footing);
        }
        State::Connected(self)
    }

    /// What the kernel believes about the links, after doubt or a change.
    pub(super) fn links_resynced(
        self: Box<Self>,
        turn: &mut Turn<'_>,
        interface: &InterfaceState,
        picture: &Picture,
    ) -> State {
        let footing = Footing::Connected(self.peer);
        let Some(supplicant) = &self.supplicant else {
            if interface.links.is_empty() {
                return State::Connected(self);
            }
            return self.lost(turn, Code::StateLost, footing);
        };
        let held: BTreeMap<_, _> = interface.links.iter().map(|link| (link.id, link.address)).collect();
        let kept = picture.links_of(self.peer).any(|link| !held.contains_key(&link));
        if kept && turn.context.adds_links == AddsLinks::ByRequest {
            turn.context.adds_links = AddsLinks::ByConnection;
            let why = self.journey.failure(Code::KernelLinks(KEPT));
            turn.log(Some(self.journey.id), Entry::Failed(why));
        }
        let is_known =
            |(id, address): (&LinkId, &MacAddr)| supplicant.setup().peer.own_address(*id) == Some(*address);
        if !held.iter().all(is_known) {
            // Nobody has keys for it: the event that brings them comes before this answer, so that it was lost; or it is
            // another program's doing.
            return self.lost(turn, Code::StateLost, footing);
        }
        let gone: Vec<_> = supplicant.links().filter(|link| !held.contains_key(link)).collect();
        if gone.is_empty() { State::Connected(self) } else { self.links_removed(turn, &gone) }
    }

    /// The table is up to date: is a link back that was removed?
    pub(super) fn links_surveyed(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        if self.is_held() {
            self.note_disabled(turn);
        }
        if !self.is_held() || self.links.missing.is_empty() || self.links.is_changing() {
            return State::Connected(self);
        }
        let Some(supplicant) = self.supplicant.as_ref().filter(|_| self.outstanding.is_empty()) else {
            return State::Connected(self);
        };
        let (mut add, scan, reconfigurable) = self.returned(turn, supplicant);
        let validates = supplicant.setup().plan.operating_channel_validation();
        if turn.context.adds_links == AddsLinks::Never {
            for (id, missing) in &mut self.links.missing {
                missing.is_back = add.contains_key(id);
            }
            return State::Connected(self);
        }
        let by_connection =
            turn.context.adds_links == AddsLinks::ByConnection || !reconfigurable || validates;
        if by_connection {
            // Only what the AP took away is worth a new connection.
            add.retain(|id, _| self.links.missing.get(id).is_some_and(|missing| missing.removed.is_some()));
        }
        if !add.is_empty() {
            if by_connection {
                let footing = Footing::Connected(self.peer);
                return self.lost(turn, Code::MultiLink(BACK), footing);
            }
            let links = add.iter().map(|(id, link)| AssociationLink {
                id: *id,
                bssid: link.bssid,
                frequency: link.frequency,
            });
            let request = Request::ReconfigureLinks { add: links.collect(), remove: Vec::new() };
            let ticket = turn.ask(Some(self.journey.id), request);
            self.links.change = Some(Change::Asked { ticket, links: add, until: turn.now + CHANGE_LIMIT });
            return State::Connected(self);
        }
        if let Some(frequency) = scan.filter(|_| self.links.may_scan) {
            // An AP MLD on Linux hears no probe request of a client on a link that the client has not, and a scan that
            // asks leaves before a beacon is due. Only a network that hides its name must be asked for it.
            let ssids = if self.hides_name(turn) { Vec::from([self.ssid.clone()]) } else { Vec::new() };
            let request =
                ScanRequest { frequencies: Vec::from([frequency]), ssids, ..ScanRequest::default() };
            if turn.scan(Some(self.journey.id), None, request) {
                (self.links.may_scan, self.links.scanned) = (false, Some(turn.now));
            }
        }
        State::Connected(self)
    }

    /// Whether the beacons of the links in use are without the network's name.
    fn hides_name(&self, turn: &Turn<'_>) -> bool {
        let bsss = self.bssids().into_iter().filter_map(|bssid| turn.context.table.get(bssid));
        let mut beacons = bsss.filter_map(|bss| bss.beacon_elements.as_deref());
        beacons.any(|beacon| {
            let ssid = Elements::new(beacon).iter().find(|element| element.id == ElementId::Plain(0));
            ssid.is_some_and(|ssid| Ssid::new(&ssid.body).is_ok_and(|name| name.is_hidden()))
        })
    }

    /// Notes which links the AP has disabled by now. The kernel keeps them, and sends nothing on them.
    fn note_disabled(&mut self, turn: &mut Turn<'_>) {
        let disabled = self.disabled(&turn.context.table);
        for id in &self.connection.links {
            let state = match (self.links.disabled.contains(id), disabled.contains(id)) {
                (false, true) => LinkState::Disabled,
                (true, false) => LinkState::Used,
                (true, true) | (false, false) => continue,
            };
            turn.log(Some(self.journey.id), Entry::Link { id: *id, state });
        }
        self.links.disabled = disabled;
    }

    /// The removed links that are back, a channel on which one may be heard, and whether the AP adds links.
    fn returned(
        &self,
        turn: &Turn<'_>,
        supplicant: &Supplicant,
    ) -> (BTreeMap<LinkId, MldLink>, Option<Frequency>, bool) {
        let context = &*turn.context;
        let peer = &supplicant.setup().peer;
        let association =
            peer.bssids().filter_map(|bssid| context.table.get(bssid)).max_by_key(|bss| bss.heard);
        let view = association.and_then(|bss| Some(View::new(bss, Announced::of(bss)?)));
        let Some(view) = view.filter(|view| view.said.address == self.peer) else {
            return (BTreeMap::new(), None, false);
        };
        let policy = Policy { own: Some(context.address), ..Policy::at(turn.now) };
        let (mut add, mut scan) = (BTreeMap::new(), None);
        let room = view.said.most_links(&context.radio).0.saturating_sub(supplicant.links().count());
        if room == 0 {
            return (add, scan, view.said.reconfigurable);
        }
        // What the AP says of a link may be of the time before its removal: the kernel takes a beacon for news only if it
        // differs from the last one.
        let is_news = |missing: &Missing| missing.removed.is_none() || view.heard() > missing.since;
        for (id, missing @ Missing { since, .. }) in &self.links.missing {
            let link = view.link(*id, &context.table, &context.radio, &policy, &supplicant.setup().plan);
            let heard = |link: &MldLink| context.table.get(link.bssid).is_some_and(|bss| bss.heard > *since);
            match link {
                Ok(link) if heard(&link) => drop(add.insert(*id, link)),
                // What is known of it is of the time before its removal.
                Ok(_) | Err(LeftOut::NotHeard | LeftOut::Stale | LeftOut::BeingRemoved) => {
                    scan = scan.or(view.frequency(*id).filter(|_| is_news(missing)));
                }
                Err(_) => {}
            }
        }
        while add.len() > room {
            add.pop_last();
        }
        (add, scan, view.said.reconfigurable)
    }

    /// The answer to a request of a change.
    pub(super) fn change_completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        match (self.links.change.take(), outcome) {
            (change @ Some(Change::Asked { .. }), Ok(_)) => {
                self.links.change = change;
                State::Connected(self)
            }
            (Some(Change::Accepted { links, keys, .. }), Ok(Reply::Interface(interface))) => {
                self.links_added(turn, links, &keys, &interface)
            }
            (change, outcome) => {
                let command =
                    if matches!(change, Some(Change::Asked { .. })) { RECONFIGURE } else { "GET_INTERFACE" };
                let errno = outcome.as_ref().err().map(|refusal| refusal.errno);
                if let Err(refusal) = outcome {
                    turn.log(Some(self.journey.id), Entry::Refused { command, refusal });
                }
                if errno == Some(Errno::EOPNOTSUPP) && command == RECONFIGURE {
                    // Linux 6.12 has no such command. The connection is none the worse for it.
                    turn.context.adds_links = AddsLinks::Never;
                    return self.links_surveyed(turn);
                }
                turn.context.adds_links = AddsLinks::ByConnection;
                let footing = Footing::Connected(self.peer);
                self.lost(turn, Code::MultiLink(BACK), footing)
            }
        }
    }

    /// The AP's answer about links that are to be added. The kernel has checked it too, and added them.
    pub(super) fn links_reconfigured(mut self: Box<Self>, turn: &mut Turn<'_>, frame: &[u8]) -> State {
        if frame.is_empty() && self.links.is_changing() {
            // Linux has found the answer wanting. It ends the connection, and says so next.
            return self.ignore(turn, "an answer about links that the kernel does not take");
        }
        let Some(Change::Asked { mut links, .. }) = self.links.change.take() else {
            if self.supplicant.is_some() {
                turn.resync();
            }
            return self.ignore(turn, "a reconfiguration of links that was not asked for");
        };
        let footing = Footing::Connected(self.peer);
        let answer = match Management::parse_decrypted(frame) {
            Ok(Management { header, body: Body::Action(Action::LinkReconfigurationResponse(answer)) })
                if header.transmitter == self.peer || self.bssids().contains(&header.transmitter) =>
            {
                answer
            }
            _ => return self.lost(turn, Code::MultiLink(UNREADABLE), footing),
        };
        let statuses: BTreeMap<_, _> =
            answer.links.iter().filter_map(|link| Some((link.link()?, link.status))).collect();
        if answer.links.len() != links.len() || !statuses.keys().eq(links.keys()) {
            return self.lost(turn, Code::MultiLink(OTHER_LINKS), footing);
        }
        for (id, status) in &statuses {
            if *status != StatusCode::Success {
                // It is not asked for again in this connection.
                self.links.missing.remove(id);
                if let (Some(link), Some(origin)) = (links.remove(id), &mut self.links.origin) {
                    origin.refused.insert(*id, (link.bssid, link.frequency, *status));
                }
                turn.log(Some(self.journey.id), Entry::Link { id: *id, state: LinkState::Refused(*status) });
            }
        }
        if links.is_empty() {
            return State::Connected(self);
        }
        let Some(keys) = group_keys(answer, self.peer) else {
            return self.lost(turn, Code::MultiLink(UNREADABLE), footing);
        };
        let ticket = turn.ask(Some(self.journey.id), Request::ReadInterface);
        let until = turn.now + CHANGE_LIMIT;
        self.links.change = Some(Change::Accepted { ticket, links, keys, until });
        State::Connected(self)
    }

    /// The kernel has added links: they get their keys.
    fn links_added(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        links: BTreeMap<LinkId, MldLink>,
        keys: &Secret,
        interface: &InterfaceState,
    ) -> State {
        let footing = Footing::Connected(self.peer);
        let mut added = BTreeMap::new();
        for (id, asked) in links {
            let held = interface.links.iter().find(|link| link.id == id);
            let Some(held) = held.filter(|link| is_own_address(link.address, asked.bssid)) else {
                return self.lost(turn, Code::KernelLinks(NOT_ADDED), footing);
            };
            self.links.frequencies.insert(id, asked.frequency);
            self.links.missing.remove(&id);
            let link = Link {
                bssid: asked.bssid,
                station: held.address,
                advertised: asked.advertised,
                channel: held.channel.and_then(|channel| channel.operating_channel()),
                accepted: true,
            };
            added.insert(id, link);
        }
        let ids = added.keys().copied().collect();
        let keys = match &mut self.supplicant {
            Some(supplicant) => supplicant.add_links(added, keys),
            None => Ok(Vec::new()),
        };
        match keys {
            Ok(keys) => {
                for key in keys {
                    turn.install(&self.journey, &mut self.outstanding, key);
                }
                self.outstanding_until = turn.now + super::KERNEL_LIMIT;
                self.relinked(turn, Vec::new(), ids);
                State::Connected(self)
            }
            Err(why) => self.lost(turn, super::handshake_code(why), footing),
        }
    }

    /// The kernel ended the connection while a link was to be added: it cannot add one that it had before.
    pub(super) fn gave_up_adding(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        turn.context.adds_links = AddsLinks::ByConnection;
        self.lost(turn, Code::KernelLinks(GAVE_UP), Footing::Clean)
    }

    /// What is due about links: a change that the kernel forgot, or a look at the table.
    pub(super) fn links_overdue(mut self: Box<Self>, turn: &mut Turn<'_>) -> State {
        if self.links.change.as_ref().is_some_and(|change| change.until() <= turn.now) {
            turn.context.adds_links = AddsLinks::ByConnection;
            let footing = Footing::Connected(self.peer);
            return self.lost(turn, Code::KernelSilent(RECONFIGURE), footing);
        }
        if self.links.look.is_some_and(|at| at <= turn.now) {
            // No event tells that the AP has disabled a link, or enabled it again.
            let is_removed = self.links.missing.values().any(|missing| missing.removed.is_some());
            self.links.look = Some(turn.now + if is_removed { LOOK_AFTER } else { LOOK_AGAIN });
            self.links.may_scan = self.links.scanned.is_none_or(|at| turn.now.since(at) >= LOOK_AGAIN);
            turn.read_table(Some(self.journey.id));
        }
        State::Connected(self)
    }
}

/// The key data of an answer that accepts links, if it is the peer's and has some.
fn group_keys(answer: LinkReconfigurationResponse, peer: MacAddr) -> Option<Secret> {
    let elements = Elements::new(&answer.elements);
    elements.check().ok()?;
    if crate::sae::multi_link_address_of(elements).is_some_and(|address| address != peer) {
        return None;
    }
    let GroupKeyData(keys) = answer.group_keys?;
    Some(Secret::from_vec(keys.to_vec()))
}
