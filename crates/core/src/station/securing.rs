//! Securing: the kernel is connected; the 4-way handshake, the keys, and the port.

use super::{
    Footing, LATE, State,
    associating::KeyFrame,
    connected::Connected,
    context::{Journey, Turn},
    interference, links,
    multi_link::LinkState,
    outstanding::{EXCUSED, Outstanding},
    roaming::Roaming,
};
use crate::{
    attempt::{Entry, Phase, Ticket},
    failure::Code,
    kernel::{ChannelDefinition, Connection, KernelEvent, KeyRequest, Refusal, Reply, Request},
    rsn::{
        Candidate, Plan, Supplicant,
        ft::Membership,
        supplicant::{HandshakeFailure, Output, Rekeyed, Setup, Waiting},
    },
    select::Target,
    time::{Duration, Instant},
};
use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use lapwing_frames::{
    LinkId, MacAddr,
    element::Elements,
    management::{ReasonCode, StatusCode},
};

/// How long an AP may take to begin the handshake.
const FIRST_LIMIT: Duration = Duration::from_secs(5);
/// How long it may take to answer message 2 that it has acknowledged.
const THIRD_LIMIT: Duration = Duration::from_secs(4);
/// The same once it has sent message 1 again: it did not like the first answer.
const THIRD_AGAIN_LIMIT: Duration = Duration::from_millis(1200);
/// How long it may take to bring the group key in a handshake of its own, which the first WPA has: it may send it four
/// times, the first time before we have the key to read it with.
const GROUP_LIMIT: Duration = Duration::from_secs(5);
/// How long the kernel may take to install keys and open the port.
const KERNEL_LIMIT: Duration = Duration::from_secs(5);

const THIRD: &str = "message 3, answered by message 4";
const GROUP: &str = "group message 1, answered by group message 2";

/// Why a connection with an AP MLD cannot go on.
pub(super) const NO_LINK: &str = "no link is left";
/// The command that says which channel the interface is on.
pub(super) const READ_CHANNEL: &str = "GET_INTERFACE";
/// Why there is no validation of the channel.
pub(super) const UNKNOWN_CHANNEL: &str = "the kernel does not say on which channel the interface is";

/// How often an AP must ask again for a message 2 that it has acknowledged before the key counts as wrong. It
/// may have asked once or twice while an answer was on its way through a slow host.
const UNHEEDED: u8 = 3;
/// A message 1 that comes sooner after the word that the AP has message 2 was sent before: an AP waits 100 ms and more
/// before it asks again.
const ASKS_AGAIN: Duration = Duration::from_millis(50);
/// It had message 2, and did not go on: the key may be wrong.
pub(super) const NOT_HEEDED: Code = Code::Handshake("the access point did not go on after message 2");

/// An association that the kernel has reported, and what is known for the handshake.
pub(super) struct Association {
    pub journey: Journey,
    pub target: Target,
    /// The plan as it was announced; none for an open network.
    pub plan: Option<Plan>,
    pub connection: Connection,
    pub candidates: Vec<Candidate>,
    /// The PMK that was made for this association, to be kept if the handshake proves it.
    pub fresh: Option<Candidate>,
    pub used_cache: bool,
    pub early: Option<KeyFrame>,
}

/// What became of message 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Second {
    /// It was not sent yet, or nothing is known of it.
    Unknown,
    /// The kernel told what became of a frame before it said what it calls ours.
    Told { cookie: u64, acknowledged: bool },
    /// It is on its way; the kernel calls it so.
    Sent(u64),
    /// The AP has it, since then.
    Acknowledged(Instant),
    /// The AP has not acknowledged it.
    Lost(u64),
}

impl Second {
    /// The kernel says what it calls the frame.
    const fn named(self, cookie: u64, now: Instant) -> Self {
        match self {
            Self::Unknown => Self::Sent(cookie),
            Self::Told { cookie: theirs, acknowledged } if theirs == cookie => {
                Self::Sent(cookie).told(cookie, acknowledged, now)
            }
            Self::Told { .. } => Self::Sent(cookie),
            Self::Sent(_) | Self::Acknowledged(_) | Self::Lost(_) => self,
        }
    }

    /// The kernel says what became of a frame.
    const fn told(self, cookie: u64, acknowledged: bool, now: Instant) -> Self {
        match self {
            Self::Sent(ours) if ours == cookie && acknowledged => Self::Acknowledged(now),
            Self::Sent(ours) if ours == cookie => Self::Lost(cookie),
            Self::Unknown | Self::Told { .. } => Self::Told { cookie, acknowledged },
            Self::Sent(_) | Self::Acknowledged(_) | Self::Lost(_) => self,
        }
    }

    /// Whether the AP has it, and has had it for long enough to ask again because of what is in it.
    fn may_be_disliked(self, now: Instant) -> bool {
        matches!(self, Self::Acknowledged(at) if now.since(at) >= ASKS_AGAIN)
    }
}

/// The handshake, the keys and the port.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Securing {
    pub journey: Journey,
    pub target: Target,
    supplicant: Box<Supplicant>,
    fresh: Option<Candidate>,
    used_cache: bool,
    second: Second,
    /// How often the AP asked again for a message 2 that it had acknowledged.
    unheeded: u8,
    /// The request that sent message 2.
    second_ticket: Option<Ticket>,
    outstanding: Outstanding,
    /// The port was asked for: everything else is in front of it.
    port_asked: bool,
    transition_disable: u8,
    /// The links that the AP refused, and how.
    refused: BTreeMap<LinkId, StatusCode>,
    /// A key frame that has to wait until the channel is known.
    early: Option<KeyFrame>,
    until: Instant,
}

impl core::fmt::Debug for Securing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Securing")
            .field("journey", &self.journey)
            .field("target", &self.target)
            .field("waiting_for", &self.supplicant.waiting_for())
            .field("outstanding", &self.outstanding)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// Begins the handshake; without protection there is none.
    pub(super) fn secure(&mut self, association: Association) -> State {
        let Association { mut journey, target, plan, connection, candidates, fresh, used_cache, early } =
            association;
        let Some(plan) = plan else {
            // The kernel opens the port of an open network by itself.
            return Connected::begin(self, journey, target, None, false, 0, &BTreeMap::new());
        };
        journey.enter(self, Phase::Handshake);
        let several = target.mld().is_some_and(|mld| mld.links.len() > 1);
        self.context.several_links = several.then(|| journey.network.ssid.clone());
        let peer = match links::peer(&target, &connection, self.context.address) {
            Ok(peer) => peer,
            Err(how) => {
                let footing = Footing::Connected(connection.peer);
                return self.failed(journey, Some(&target), Code::KernelLinks(how), footing);
            }
        };
        let refused = connection.links.iter().filter(|link| link.status != StatusCode::Success);
        let refused: BTreeMap<_, _> = refused.map(|link| (link.id, link.status)).collect();
        for (id, status) in &refused {
            self.log(Some(journey.id), Entry::Link { id: *id, state: LinkState::Refused(*status) });
        }
        let membership = plan.mobility_domain_octets().map(|announced| {
            Membership::of_response(Elements::new(&connection.response_elements), announced)
        });
        let membership = match membership.transpose() {
            Ok(membership) => membership,
            Err(why) => {
                let footing = Footing::Connected(connection.peer);
                return self.failed(journey, Some(&target), Code::FastTransition(why.text()), footing);
            }
        };
        let setup = Setup {
            ssid: target.bss().ssid.clone(),
            peer,
            plan,
            candidates,
            can_replace_pairwise: self.context.radio.can_replace_pairwise_key,
            protection_is_told: self.context.radio.control_port,
            membership,
        };
        let validates = setup.plan.operating_channel_validation();
        let mut securing = Box::new(Securing {
            journey,
            target,
            supplicant: Box::new(Supplicant::new(setup)),
            fresh,
            used_cache,
            second: Second::Unknown,
            unheeded: 0,
            second_ticket: None,
            outstanding: Outstanding::default(),
            port_asked: false,
            transition_disable: 0,
            refused,
            early: None,
            until: self.now + FIRST_LIMIT,
        });
        if validates {
            self.read_channel(&securing.journey, &mut securing.outstanding);
        }
        match early {
            Some(frame) => securing.key_frame(self, frame),
            None => State::Securing(securing),
        }
    }

    /// Sends a key frame.
    pub(super) fn send_key_frame(
        &mut self,
        journey: &Journey,
        to: MacAddr,
        bytes: Vec<u8>,
        in_clear: bool,
    ) -> Ticket {
        self.ask(Some(journey.id), Request::SendKeyFrame { to, bytes, in_clear })
    }

    /// Reads back which channel the interface is on, with its width.
    pub(super) fn read_channel(&mut self, journey: &Journey, outstanding: &mut Outstanding) {
        let ticket = self.ask(Some(journey.id), Request::ReadInterface);
        outstanding.push(ticket, READ_CHANNEL);
    }

    /// Installs a key.
    pub(super) fn install(&mut self, journey: &Journey, outstanding: &mut Outstanding, key: KeyRequest) {
        let link = key.link;
        let ticket = self.ask(Some(journey.id), Request::InstallKey(key));
        outstanding.push_key(ticket, link);
    }
}

impl Securing {
    pub(super) fn peer(&self) -> MacAddr {
        self.target.address()
    }

    pub(super) fn deadline(&self) -> (Instant, &'static str) {
        let what = match self.supplicant.waiting_for() {
            Waiting::MessageOne => "message 1 of the access point",
            Waiting::MessageThree { .. } | Waiting::MessageThreeOfRekeying => "message 3 of the access point",
            Waiting::GroupKey => "the group key of the access point",
            Waiting::Nothing | Waiting::Broken(_) => "the kernel's word about keys and port",
        };
        (self.until, what)
    }

    /// SAE was done again, for the firmware: message 1 may name that key.
    pub(super) fn offer(&mut self, peer: MacAddr, candidate: Candidate) {
        if peer == self.peer() {
            self.supplicant.offer(candidate.clone());
            self.fresh = Some(candidate);
            self.used_cache = false;
        }
    }

    fn ignore(self: Box<Self>, turn: &mut Turn<'_>, why: &'static str) -> State {
        turn.ignore(Some(self.journey.id), why);
        State::Securing(self)
    }

    /// It failed. With a cached PMKSA that the AP has not proved to know, a full authentication comes at
    /// once.
    fn broken(self, turn: &mut Turn<'_>, code: Code, footing: Footing) -> State {
        let proved = self.supplicant.is_established();
        let Self { journey, target, used_cache, .. } = self;
        if used_cache && !proved {
            return turn.without_pmksa(journey, target, footing);
        }
        turn.failed(journey, Some(&target), code, footing)
    }

    fn key_frame(mut self: Box<Self>, turn: &mut Turn<'_>, frame: KeyFrame) -> State {
        if self.outstanding.contains(READ_CHANNEL) {
            // The answer must name the channel. An AP repeats itself: the latest is enough.
            self.early = Some(frame);
            return State::Securing(self);
        }
        let mut outputs = Vec::new();
        self.supplicant.handle(&mut *turn.means.entropy, &frame.bytes, !frame.in_clear, &mut outputs);
        let peer = self.peer();
        for output in outputs {
            match output {
                Output::SendKeyFrame { octets, in_clear } => {
                    if matches!(self.supplicant.waiting_for(), Waiting::MessageThree { .. })
                        && self.second.may_be_disliked(turn.now)
                    {
                        self.unheeded = self.unheeded.saturating_add(1);
                        if self.unheeded >= UNHEEDED && self.is_key_suspect() {
                            let code = self.suspicion(turn);
                            return self.broken(turn, code, Footing::Connected(peer));
                        }
                    }
                    let ticket = turn.send_key_frame(&self.journey, peer, octets, in_clear);
                    match self.supplicant.waiting_for() {
                        Waiting::MessageThree { answered } => {
                            turn.log(
                                Some(self.journey.id),
                                Entry::Handshake("message 1, answered by message 2"),
                            );
                            self.second_ticket = Some(ticket);
                            self.second = Second::Unknown;
                            self.until = match answered {
                                0 | 1 => turn.now + THIRD_LIMIT,
                                2 | 3 => turn.now + THIRD_AGAIN_LIMIT,
                                _ => self.until,
                            };
                        }
                        Waiting::GroupKey => {
                            turn.log(Some(self.journey.id), Entry::Handshake(THIRD));
                            self.until = turn.now + GROUP_LIMIT;
                        }
                        _ => {
                            let is_group = self.supplicant.setup().plan.is_first_wpa();
                            turn.log(
                                Some(self.journey.id),
                                Entry::Handshake(if is_group { GROUP } else { THIRD }),
                            );
                            self.until = turn.now + KERNEL_LIMIT;
                        }
                    }
                    self.outstanding.push(ticket, "CONTROL_PORT_FRAME");
                }
                Output::InstallKey(key) => {
                    self.journey.enter(turn, Phase::Secure);
                    turn.install(&self.journey, &mut self.outstanding, key);
                }
                Output::UseKey { index } => {
                    let ticket = turn.ask(Some(self.journey.id), Request::UseKey { peer, index });
                    self.outstanding.push(ticket, "SET_KEY");
                }
                Output::Secured => {
                    self.journey.enter(turn, Phase::Secure);
                    let ticket = turn.ask(Some(self.journey.id), Request::AuthorizePort { peer });
                    self.outstanding.push(ticket, "SET_STATION");
                    self.port_asked = true;
                    self.until = turn.now + KERNEL_LIMIT;
                }
                Output::TransitionDisable(bitmap) => self.transition_disable |= bitmap,
                Output::Ignored(why) => turn.ignore(Some(self.journey.id), why.text()),
                Output::Rekeyed(which) => turn.log(Some(self.journey.id), Entry::Rekeyed(rekeyed(which))),
                Output::RekeyByReconnect => {
                    return self.broken(turn, Code::RekeyByReconnect, Footing::Connected(peer));
                }
                Output::Broken(why) => {
                    return self.broken(turn, handshake_code(why), Footing::Connected(peer));
                }
            }
        }
        State::Securing(self)
    }

    pub(super) fn completed(
        mut self: Box<Self>,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> State {
        let Some(command) = self.outstanding.take(ticket) else { return self.ignore(turn, LATE) };
        match outcome.or_else(|refusal| if command == EXCUSED { Ok(Reply::Done) } else { Err(refusal) }) {
            Err(refusal) => {
                turn.log(Some(self.journey.id), Entry::Refused { command, refusal: refusal.clone() });
                self.broken(turn, Code::Refused { command, refusal }, Footing::Doubt)
            }
            Ok(reply) if command == READ_CHANNEL => self.take_channel(turn, &reply),
            Ok(reply) => {
                if let Reply::Sent { cookie } = reply
                    && self.second_ticket == Some(ticket)
                {
                    self.second = self.second.named(cookie, turn.now);
                }
                if !self.port_asked || !self.outstanding.is_empty() {
                    return State::Securing(self);
                }
                self.secured(turn)
            }
        }
    }

    /// The kernel's word about the channel: what has waited for it goes on.
    fn take_channel(mut self: Box<Self>, turn: &mut Turn<'_>, reply: &Reply) -> State {
        if !take_channel(&mut self.supplicant, reply) {
            // What cannot be kept is not promised again.
            turn.context.radio.operating_channel_validation = false;
            let footing = Footing::Connected(self.peer());
            return self.broken(turn, Code::OperatingChannel(UNKNOWN_CHANNEL), footing);
        }
        match self.early.take() {
            Some(frame) => self.key_frame(turn, frame),
            None => State::Securing(self),
        }
    }

    /// The kernel has taken all keys and opened the port.
    fn secured(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let Self { journey, target, supplicant, fresh, used_cache, transition_disable, refused, .. } = *self;
        if let Some(candidate) = fresh {
            turn.remember(&target, supplicant.setup().plan.akm(), &candidate);
        } else if used_cache {
            turn.take_shared(&journey, &target, supplicant.setup().plan.akm());
        }
        Connected::begin(turn, journey, target, Some(supplicant), used_cache, transition_disable, &refused)
    }

    pub(super) fn heard(mut self: Box<Self>, turn: &mut Turn<'_>, event: KernelEvent) -> State {
        let peer = self.peer();
        match event {
            KernelEvent::KeyFrame { from, bytes, in_clear } if from == peer => {
                self.key_frame(turn, KeyFrame { bytes, in_clear })
            }
            KernelEvent::ChannelSwitched { .. }
                if self.supplicant.setup().plan.operating_channel_validation() =>
            {
                turn.read_channel(&self.journey, &mut self.outstanding);
                State::Securing(self)
            }
            KernelEvent::LinksRemoved { links } => {
                for link in links {
                    self.outstanding.excuse(link);
                    self.supplicant.remove_link(link);
                }
                if self.supplicant.setup().peer.bssids().next().is_some() {
                    return State::Securing(self);
                }
                self.broken(turn, Code::MultiLink(NO_LINK), Footing::Connected(peer))
            }
            KernelEvent::KeyFrameStatus { cookie, acknowledged } => {
                self.second = self.second.told(cookie, acknowledged, turn.now);
                State::Securing(self)
            }
            // The event of the frame itself comes before that of the end, which says the same and more.
            KernelEvent::Deauthentication { .. } | KernelEvent::Disassociation { .. } => {
                State::Securing(self)
            }
            KernelEvent::Disconnected { reason, by_ap } => {
                turn.log(Some(self.journey.id), Entry::Farewell { reason, by_ap });
                let code = if by_ap {
                    self.verdict(turn, reason)
                } else if turn.is_loss(reason) {
                    Code::LostBeacons(reason)
                } else {
                    let code = turn.interfered(interference::disconnected(reason));
                    let Self { journey, target, .. } = *self;
                    // That says nothing about a cached PMKSA.
                    return turn.failed(journey, Some(&target), code, Footing::Clean);
                };
                self.broken(turn, code, Footing::Clean)
            }
            // What was agreed with the AP of before is of no use with another: none of its keys is installed.
            KernelEvent::Roamed(connection) if turn.is_fullmac() => {
                let Self { journey, .. } = *self;
                Roaming::begin(turn, journey, connection, None)
            }
            KernelEvent::Connected(connection)
                if connection.peer != peer && interference::is_made(&connection) =>
            {
                let code = turn.interfered(interference::connected(connection.peer));
                let Self { journey, target, .. } = *self;
                turn.failed(journey, Some(&target), code, Footing::Doubt)
            }
            event => self.ignore(turn, event.name()),
        }
    }

    /// Why the AP ended a handshake.
    fn verdict(&self, turn: &mut Turn<'_>, reason: ReasonCode) -> Code {
        let about_keys = matches!(
            reason,
            ReasonCode::FourWayHandshakeTimeout
                | ReasonCode::InvalidAuthentication
                | ReasonCode::Unspecified
                | ReasonCode::MicFailure
        );
        if about_keys && self.is_key_suspect() {
            return self.suspicion(turn);
        }
        Code::EndedByAccessPoint(reason)
    }

    /// Whether the pre-shared key may not be the AP's: it has our message 2, which only the same key makes
    /// right, and did not go on.
    fn is_key_suspect(&self) -> bool {
        // Zero is the cookie of a driver that never tells what became of a frame.
        let acknowledged =
            self.unheeded > 0 || matches!(self.second, Second::Acknowledged(_) | Second::Sent(0));
        self.supplicant.setup().plan.akm().is_psk()
            && matches!(self.supplicant.waiting_for(), Waiting::MessageThree { .. })
            && acknowledged
    }

    /// What to say of a key that may be wrong. An AP that likes message 2 sends message 3, again and again,
    /// and never message 1 any more: that it asked twice for what it had acknowledged leaves no doubt. Else
    /// all its messages 3 may have been lost, and only a second attempt of the same kind tells.
    fn suspicion(&self, turn: &mut Turn<'_>) -> Code {
        let network = &self.journey.network;
        let again = turn.context.history.suspect(&network.ssid, &network.credentials);
        if again || self.unheeded >= UNHEEDED { Code::WrongPasswordLikely } else { NOT_HEEDED }
    }

    pub(super) fn overdue(self: Box<Self>, turn: &mut Turn<'_>) -> State {
        let code = match self.supplicant.waiting_for() {
            Waiting::MessageOne => Code::HandshakeSilent,
            Waiting::MessageThree { .. } if self.is_key_suspect() => self.suspicion(turn),
            Waiting::MessageThree { .. } | Waiting::MessageThreeOfRekeying => {
                Code::Handshake("the access point did not answer message 2")
            }
            Waiting::GroupKey => Code::Handshake("the access point did not bring the group key"),
            Waiting::Nothing | Waiting::Broken(_) => {
                Code::KernelSilent(self.outstanding.first().unwrap_or("SET_STATION"))
            }
        };
        let peer = self.peer();
        self.broken(turn, code, Footing::Connected(peer))
    }
}

/// Takes the channel of the association, or of each of its links, from the kernel's word about the
/// interface. Whether it is one that frames have a name for.
pub(super) fn take_channel(supplicant: &mut Supplicant, reply: &Reply) -> bool {
    let Reply::Interface(interface) = reply else { return false };
    let name = |channel: Option<ChannelDefinition>| channel?.operating_channel();
    if interface.links.is_empty() {
        supplicant.set_channel(None, name(interface.channel));
    }
    for link in &interface.links {
        supplicant.set_channel(Some(link.id), name(link.channel));
    }
    supplicant.channel().is_some()
}

/// A broken handshake in the catalogue.
pub(super) const fn handshake_code(why: HandshakeFailure) -> Code {
    match why {
        HandshakeFailure::OperatingChannel => Code::OperatingChannel(why.text()),
        _ => Code::Handshake(why.text()),
    }
}

/// Which keys were renewed, in a word.
pub(super) const fn rekeyed(which: Rekeyed) -> &'static str {
    match which {
        Rekeyed::Pairwise => "pairwise key",
        Rekeyed::Group => "group keys",
    }
}
