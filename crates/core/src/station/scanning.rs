//! Scanning: looking for one network, or for any that is known.

use super::{
    Footing, State,
    context::{Context, Journey, Turn},
    departure::Then,
    disconnecting::Disconnecting,
    idle::Idle,
    survey::Surveyed,
    unavailable::Unavailable,
};
use crate::{
    attempt::{Cause, Difference, Entry, Phase},
    failure::Code,
    kernel::{Errno, Frequency, Refusal},
    network::Network,
    radio::RadioKind,
    scan::{Search, Stage},
    select::{self, Judged, JudgedLink, Policy, Rejection, Target, Verdict},
    time::{Duration, Instant},
};
use alloc::{boxed::Box, collections::BTreeSet, vec, vec::Vec};
use core::ops::ControlFlow;
use lapwing_frames::{MacAddr, Ssid};

/// The kernel's table is not read again within this time.
const TABLE_FRESH: Duration = Duration::from_secs(2);
/// What was heard within this time is joined without a scan.
const HEARD_FRESH: Duration = Duration::from_secs(20);
/// How often the hidden, encrypted twin of an open BSS is probed for. A probe or its answer is easily lost, and
/// the price is a connection in clear; an AP that announces a twin it does not have costs as many short scans.
const TWIN_PROBES: u8 = 3;
/// How long after a scan was asked for it is under way.
const PREPARES_AFTER: Duration = Duration::from_millis(1);
/// How long to leave a firmware alone that was told to give up what it was busy with.
const FREED_AFTER: Duration = Duration::from_secs(5);
/// Within this time it is not told so again.
const FREES_AGAIN: Duration = Duration::from_secs(60);
/// How old what was heard may be where nothing can be scanned.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Why a network is not joined that was joined by SAE or OWE before.
const WEAKER: &str = "it does without SAE or OWE, by which the network was joined";
/// How long an AP MLD is not asked again for its links.
const ASKS_AGAIN: Duration = Duration::from_secs(60);
/// Of how many AP MLDs it is remembered that they were asked.
const MAX_ASKED: usize = 16;
/// How many judged BSSs a timeline holds.
const MAX_JUDGED: usize = 32;

/// Looking for a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scanning {
    goal: Goal,
    look: Look,
    /// How often hidden names of encrypted twins may still be probed for.
    twin_probes: u8,
    links: Links,
    /// When to calculate what the attempt may need, unless that was done.
    prepares: Option<Instant>,
}

/// The links that the best AP MLD announces and that were not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Links {
    /// They may be asked for, and listened for.
    Unheard,
    /// Their AP MLD is being asked for them.
    Asked,
    /// They are being listened for.
    Sought,
    /// They were.
    Done,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Goal {
    /// The network of an attempt.
    One(Journey),
    /// Any known network; `after` is the one that failed before.
    Any { after: Option<Ssid>, round: u32 },
}

/// Where it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Look {
    /// In our table.
    Memory,
    /// In the kernel's table.
    Table,
    /// On one channel again: the kernel had forgotten the BSS there.
    Again,
    /// On the channels of a stage, whose scan waits for the end of something else.
    Next(Stage),
    /// On the channels of a stage.
    Stage(Stage),
}

impl Scanning {
    fn new(goal: Goal) -> Self {
        Self { goal, look: Look::Memory, twin_probes: TWIN_PROBES, links: Links::Unheard, prepares: None }
    }

    /// Looks for the network of an attempt; in fresh scan results only, if asked.
    pub(super) fn join(turn: &mut Turn<'_>, mut journey: Journey, fresh: bool) -> State {
        journey.enter(turn, Phase::Scan);
        // Somebody waits: whatever else is scanned has time.
        turn.abandon_scan();
        let scanning = Self::new(Goal::One(journey));
        if fresh { scanning.stage(turn, Stage::Known) } else { scanning.start(turn) }
    }

    /// Looks for any known network.
    pub(super) fn search(turn: &mut Turn<'_>, after: Option<Ssid>, round: u32) -> State {
        Self::new(Goal::Any { after, round }).start(turn)
    }

    /// Looks for any known network, in fresh scan results only.
    pub(super) fn search_afresh(turn: &mut Turn<'_>) -> State {
        Self::new(Goal::Any { after: None, round: 0 }).stage(turn, Stage::Known)
    }

    /// Looks again for the network of an attempt on one channel.
    pub(super) fn rescan(turn: &mut Turn<'_>, mut journey: Journey, frequency: Frequency) -> State {
        journey.rescanned = true;
        journey.enter(turn, Phase::Scan);
        let scanning = Self {
            goal: Goal::One(journey),
            look: Look::Again,
            twin_probes: 0,
            links: Links::Unheard,
            prepares: None,
        };
        scanning.channel(turn, frequency, None)
    }

    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.prepares.map(|at| (at, "the scan to be under way, to calculate keys meanwhile"))
    }

    /// The scan is under way: there is time to calculate.
    pub(super) fn overdue(mut self, turn: &mut Turn<'_>) -> State {
        self.prepares = None;
        if let Some(journey) = self.journey() {
            turn.prepare(&journey.network);
        }
        State::Scanning(self)
    }

    pub(super) const fn journey(&self) -> Option<&Journey> {
        match &self.goal {
            Goal::One(journey) => Some(journey),
            Goal::Any { .. } => None,
        }
    }

    pub(super) const fn journey_mut(&mut self) -> Option<&mut Journey> {
        match &mut self.goal {
            Goal::One(journey) => Some(journey),
            Goal::Any { .. } => None,
        }
    }

    pub(super) fn into_journey(self) -> Option<Journey> {
        match self.goal {
            Goal::One(journey) => Some(journey),
            Goal::Any { .. } => None,
        }
    }

    fn start(self, turn: &mut Turn<'_>) -> State {
        // Whatever anybody scans is read, so that the kernel has nothing newer than our table.
        if turn.context.table_read.is_some() && turn.context.survey.is_resting() {
            return self.look(turn);
        }
        self.read(turn)
    }

    /// Reads the kernel's table, or waits for the survey that is under way.
    fn read(mut self, turn: &mut Turn<'_>) -> State {
        self.look = Look::Table;
        turn.read_table(self.journey().map(|journey| journey.id));
        State::Scanning(self)
    }

    /// The search for the networks that are looked for.
    fn sought<'t>(&'t self, turn: &'t Turn<'_>) -> Search<'t> {
        let (networks, round) = match &self.goal {
            Goal::One(journey) => (vec![&journey.network], 0),
            Goal::Any { round, .. } => (turn.in_order(), *round),
        };
        let random_address = turn.context.settings.random_scan_address;
        Search { networks, known: &turn.context.networks, round, random_address }
    }

    /// Begins the scan of one channel, with a hidden name, perhaps.
    fn channel(self, turn: &mut Turn<'_>, frequency: Frequency, name: Option<Ssid>) -> State {
        let request = self.sought(turn).channel(frequency, name, &turn.context.radio);
        turn.scan(self.journey().map(|journey| journey.id), None, request);
        State::Scanning(self)
    }

    /// Begins the scan of the channels of links that the best AP MLD announces and that were not heard, once: a
    /// link that is left out now is missing for as long as the connection lasts. It goes on if there are none.
    fn listen(mut self, turn: &mut Turn<'_>, judged: &[Judged]) -> ControlFlow<State, Self> {
        let links = judged.first().map(|judged| judged.links.as_slice()).unwrap_or_default();
        let channels = &turn.context.radio.channels;
        let allowed = |frequency: &Frequency| {
            channels.iter().any(|channel| channel.frequency == *frequency && !channel.disabled)
        };
        let unheard: BTreeSet<_> = links.iter().filter_map(JudgedLink::unheard_on).filter(allowed).collect();
        let may = matches!(self.links, Links::Unheard | Links::Asked);
        let Some(&first) = unheard.first().filter(|_| may) else {
            return ControlFlow::Continue(self);
        };
        if let Some(best) = judged.first().filter(|_| self.links == Links::Unheard)
            && let Some(mld) = best.mld
            && turn.may_ask(mld)
            && let Some(request) = self.sought(turn).links(best.frequency, best.bssid, &turn.context.radio)
        {
            // One channel, whatever the number of links, and no waiting for beacons.
            self.links = Links::Asked;
            if turn.scan(self.journey().map(|journey| journey.id), None, request) {
                return ControlFlow::Break(State::Scanning(self));
            }
        }
        let mut request = self.sought(turn).channel(first, None, &turn.context.radio);
        request.frequencies = unheard.into_iter().collect();
        self.links = Links::Sought;
        if turn.scan(self.journey().map(|journey| journey.id), None, request) {
            return ControlFlow::Break(State::Scanning(self));
        }
        ControlFlow::Continue(self)
    }

    /// Begins the scan of a stage, or of the next one that has channels.
    fn stage(mut self, turn: &mut Turn<'_>, first: Stage) -> State {
        let mut next = Some(first);
        while let Some(stage) = next {
            self.look = Look::Stage(stage);
            if let Some(request) = self.sought(turn).stage(stage, &turn.context.radio) {
                if stage <= Stage::Common && self.journey().is_some() {
                    self.prepares = Some(turn.now + PREPARES_AFTER);
                }
                if !turn.scan(self.journey().map(|journey| journey.id), Some(stage), request) {
                    self.look = Look::Next(stage);
                }
                return State::Scanning(self);
            }
            next = stage.next();
        }
        self.in_vain(turn)
    }

    /// Nothing was found: look more widely.
    fn widen(self, turn: &mut Turn<'_>) -> State {
        match self.look {
            Look::Memory if turn.context.table_read.is_some_and(|at| turn.now.since(at) < TABLE_FRESH) => {
                self.stage(turn, Stage::Known)
            }
            // While connected, the kernel hears the beacons of the AP, and of no other.
            Look::Memory => self.read(turn),
            Look::Table | Look::Again => self.stage(turn, Stage::Known),
            Look::Next(stage) => self.stage(turn, stage),
            Look::Stage(stage) => match stage.next() {
                Some(next) => self.stage(turn, next),
                None => self.in_vain(turn),
            },
        }
    }

    /// Nothing was found anywhere, but for what failed again and again: it is tried before its time.
    fn in_vain(self, turn: &mut Turn<'_>) -> State {
        let policy = Policy::at(turn.now);
        let networks = match &self.goal {
            Goal::One(journey) => vec![&journey.network],
            Goal::Any { .. } => turn.heard(turn.in_order()).collect(),
        };
        let judged = networks.into_iter().flat_map(|network| turn.select(network, &policy).0);
        let waiting = Verdict::Rejected(Rejection::FailedRecently);
        let waiting: Vec<_> = judged.filter(|judged| judged.verdict == waiting).collect();
        let whole = |judged: &Judged| turn.context.table.get(judged.bssid).and_then(select::mld_address);
        let addresses: Vec<_> =
            waiting.iter().flat_map(|judged| [Some(judged.bssid), whole(judged)]).flatten().collect();
        let addresses = addresses.into_iter();
        let forgiven = addresses.filter(|address| turn.context.history.forgive(*address)).count();
        if forgiven > 0 {
            return self.look(turn);
        }
        match self.goal {
            Goal::Any { after, round } => {
                // Why none of those that were heard: one line for each network.
                let policy = Policy::at(turn.now);
                let judged: Vec<_> =
                    turn.heard(turn.in_order()).map(|network| turn.select(network, &policy).0).collect();
                for judged in judged.into_iter().filter(|judged| !judged.is_empty()) {
                    turn.log(None, Entry::Judged(judged));
                }
                Idle::pause(turn, after, round)
            }
            Goal::One(journey) => {
                let heard = turn.context.table.iter().any(|bss| {
                    bss.ssid == journey.network.ssid && turn.now.since(bss.heard) <= Policy::FRESH_FOR
                });
                let (judged, _) = turn.select_for(&journey, &Policy::at(turn.now));
                let weaker = |judged: &Judged| judged.verdict == Verdict::Rejected(Rejection::Downgrade);
                // One of its own was here and is gone: that others cannot be used explains nothing.
                let gone = |judged: &Judged| {
                    let passing = [Rejection::Stale, Rejection::BeingRemoved];
                    matches!(&judged.verdict, Verdict::Rejected(why) if passing.contains(why))
                };
                let code = match heard && !judged.iter().any(gone) {
                    false => Code::NotFound,
                    true if judged.iter().any(weaker) => Code::Downgrade(WEAKER),
                    true => Code::NoneSuitable,
                };
                turn.failed(journey, None, code, Footing::Clean)
            }
        }
    }

    pub(super) fn surveyed(mut self, turn: &mut Turn<'_>, surveyed: Surveyed) -> State {
        let links = self.links;
        if links == Links::Sought {
            self.links = Links::Done;
        }
        match (surveyed, self.look) {
            // What has ended was not ours: it may have been but a look into the kernel's table.
            (_, Look::Next(stage)) => self.stage(turn, stage),
            (Ok(()), _) => self.look(turn),
            (Err(Refusal { errno: Errno::ENETDOWN | Errno::ERFKILL | Errno::ENODEV, .. }), _) => {
                let then = match self.goal {
                    Goal::One(journey) => turn.cut_short(&journey, Code::InterfaceDown),
                    Goal::Any { .. } => Then::Seek,
                };
                // Nobody will scan for the person either.
                turn.survey_dropped();
                State::Unavailable(Unavailable { then })
            }
            // Then without them.
            (Err(_), _) if matches!(links, Links::Asked | Links::Sought) => self.look(turn),
            // Of no use to the kernel by now, perhaps as the rules have changed: the other stages may be.
            (Err(Refusal { errno: Errno::EINVAL, .. }), Look::Stage(stage)) if stage.next().is_some() => {
                self.widen(turn)
            }
            (Err(Refusal { errno: Errno::EAGAIN | Errno::EBUSY, .. }), _)
                if let Some((network, target)) = self.remembered(turn) =>
            {
                self.by_memory(turn, network, target)
            }
            (Err(Refusal { errno: Errno::EAGAIN | Errno::EBUSY, .. }), _) if self.may_free(turn) => {
                // The firmware is still busy with a connection that nobody waits for any more.
                let then = match self.goal {
                    Goal::One(mut journey) => {
                        journey.freed = true;
                        Then::Join(Box::new(journey))
                    }
                    Goal::Any { after, .. } => {
                        let at = turn.now + FREED_AFTER;
                        after.map_or(Then::Seek, |after| Then::SeekLater { at, after })
                    }
                };
                Disconnecting::begin(turn, MacAddr::default(), true, then)
            }
            (Err(refusal), _) => match self.goal {
                Goal::One(journey) => turn.failed(
                    journey,
                    None,
                    Code::Refused { command: "TRIGGER_SCAN", refusal },
                    Footing::Clean,
                ),
                Goal::Any { after, round } => Idle::pause(turn, after, round),
            },
        }
    }

    /// Whether to have the firmware give up what it is busy with: once in an attempt.
    fn may_free(&self, turn: &Turn<'_>) -> bool {
        turn.is_fullmac() && self.journey().is_none_or(|journey| !journey.freed)
    }

    /// A BSS that was heard before, if the firmware was told in vain to give up what it is busy with: the kernel tells it
    /// nothing of a goodbye when it believes that there is no connection. To be told to connect is what it heeds.
    fn remembered(&self, turn: &Turn<'_>) -> Option<(Network, Target)> {
        turn.context.freed.filter(|at| turn.is_fullmac() && turn.now.since(*at) < FREES_AGAIN)?;
        let networks = match &self.goal {
            Goal::One(journey) => vec![&journey.network],
            Goal::Any { .. } => turn.in_order(),
        };
        let found = |network: &Network| Some((network.clone(), turn.target_in(network, REMEMBERED)?));
        networks.into_iter().find_map(found)
    }

    fn by_memory(self, turn: &mut Turn<'_>, network: Network, target: Target) -> State {
        turn.context.freed = None;
        let mut journey = match self.goal {
            Goal::One(journey) => journey,
            Goal::Any { .. } => Journey::begin(turn, network, false, Cause::Retry(Difference::Later)),
        };
        journey.enter(turn, Phase::Select);
        turn.authenticate(journey, target, true)
    }

    /// Looks at what the table has now.
    fn look(mut self, turn: &mut Turn<'_>) -> State {
        // Before any scan, only what was heard a moment ago is good enough to leave the scan out.
        let unscanned = matches!(self.look, Look::Memory | Look::Table);
        let fresh_for = if unscanned { HEARD_FRESH } else { Policy::FRESH_FOR };
        let policy = Policy { fresh_for, ..Policy::at(turn.now) };
        if let Some(left) = self.twin_probes.checked_sub(1) {
            let networks = self.sought(turn).networks;
            let twin = turn.heard(networks).find_map(|network| {
                let Context { table, history, .. } = &*turn.context;
                select::twins_to_probe(table, network, history, &policy).pop_first()
            });
            if let Some((name, frequency)) = twin {
                self.twin_probes = left;
                return self.channel(turn, frequency, Some(name));
            }
        }
        match self.goal {
            Goal::One(journey) => match turn.select_for(&journey, &policy) {
                (judged, Some(target)) => {
                    let this = match (Self { goal: Goal::One(journey), ..self }).listen(turn, &judged) {
                        ControlFlow::Break(state) => return state,
                        ControlFlow::Continue(this) => this,
                    };
                    let Goal::One(mut journey) = this.goal else { return State::Scanning(this) };
                    journey.enter(turn, Phase::Select);
                    turn.log(Some(journey.id), Entry::Judged(judged));
                    turn.authenticate(journey, target, true)
                }
                (judged, None) => {
                    if !judged.is_empty() {
                        turn.log(Some(journey.id), Entry::Judged(judged));
                    }
                    Self { goal: Goal::One(journey), ..self }.widen(turn)
                }
            },
            Goal::Any { after, round } => {
                // Where nothing was scanned yet, only the network that is wanted most is taken: the table may
                // be from a part of the channels, and a look at those where the known networks ought to be
                // costs less than half a second. After that look each has had its chance, and whoever was
                // heard goes before a better one that is probably not here: to look for it everywhere would
                // take seconds from everybody.
                let most = if unscanned { 1 } else { usize::MAX };
                let networks = turn.in_order().into_iter().take(most).collect();
                let found = turn.heard(networks).find_map(|network| {
                    let (judged, target) = turn.select(network, &policy);
                    target.map(|target| (network.clone(), judged, target))
                });
                let Some((network, judged, target)) = found else {
                    return Self { goal: Goal::Any { after, round }, ..self }.widen(turn);
                };
                let this = match (Self { goal: Goal::Any { after, round }, ..self }).listen(turn, &judged) {
                    ControlFlow::Break(state) => return state,
                    ControlFlow::Continue(this) => this,
                };
                let cause = match this.goal {
                    Goal::Any { after: Some(ssid), .. } if ssid == network.ssid => {
                        Cause::Retry(Difference::Later)
                    }
                    _ => Cause::Automatic,
                };
                let mut journey = Journey::begin(turn, network, false, cause);
                journey.enter(turn, Phase::Select);
                turn.log(Some(journey.id), Entry::Judged(judged));
                turn.authenticate(journey, target, true)
            }
        }
    }
}

impl Turn<'_> {
    /// Whether an AP MLD may be asked for its links now: once in a while, as one that does not answer is not to cost
    /// every attempt a scan. Notes that it is.
    fn may_ask(&mut self, mld: MacAddr) -> bool {
        let now = self.now;
        let asked = &mut self.context.asked_for_links;
        asked.retain(|_, at| now.since(*at) < ASKS_AGAIN);
        let may = self.context.radio.kind == RadioKind::SoftMac && !asked.contains_key(&mld);
        if may && asked.len() < MAX_ASKED {
            asked.insert(mld, now);
        }
        may
    }

    /// The known networks that may be joined without being asked.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Network> {
        let networks = self.context.networks.iter().filter(|network| network.autoconnect);
        networks.filter(|network| self.barred_until(network).is_none_or(|until| until <= self.now))
    }

    /// Until when a network is not joined without being asked, as its secret was wrong.
    fn barred_until(&self, network: &Network) -> Option<Instant> {
        self.context.history.barred_until(&network.ssid, &network.credentials)
    }

    /// When the first of the networks may be joined again whose secret was wrong.
    pub(super) fn first_unbarred(&self) -> Option<Instant> {
        let networks = self.context.networks.iter().filter(|network| network.autoconnect);
        networks.filter_map(|network| self.barred_until(network)).min()
    }

    /// Whether this network may be joined without being asked.
    pub(super) fn wants(&self, network: &Network) -> bool {
        self.context.autoconnect && self.wanted().any(|wanted| wanted.is_same(network))
    }

    /// Those of which a BSS is in the table.
    fn heard<'n>(&self, networks: Vec<&'n Network>) -> impl Iterator<Item = &'n Network> {
        // For one, looking is as quick as gathering the names.
        let names: Option<BTreeSet<_>> =
            (networks.len() > 1).then(|| self.context.table.iter().map(|bss| &bss.ssid).collect());
        let heard =
            move |network: &&Network| names.as_ref().is_none_or(|names| names.contains(&network.ssid));
        networks.into_iter().filter(heard)
    }

    /// The same, the one that was joined last first.
    fn in_order(&self) -> Vec<&Network> {
        let mut networks: Vec<_> = self.wanted().collect();
        networks.sort_by_key(|network| core::cmp::Reverse(network.last_joined));
        networks
    }

    /// Chooses a BSS of a network.
    pub(super) fn select(&self, network: &Network, policy: &Policy) -> (Vec<Judged>, Option<Target>) {
        let context = &*self.context;
        let preferences = context.settings.preferences;
        let policy = Policy { own: Some(context.address), preferences, ..*policy };
        let (mut judged, target) =
            select::choose(&context.table, network, &context.radio, &context.history, &policy);
        judged.truncate(MAX_JUDGED);
        (judged, target)
    }

    /// Chooses a BSS for an attempt.
    pub(super) fn select_for(&self, journey: &Journey, policy: &Policy) -> (Vec<Judged>, Option<Target>) {
        match journey.chosen {
            Some(_) => {
                let network = Network { bssid: journey.chosen, ..journey.network.clone() };
                self.select(&network, policy)
            }
            None => self.select(&journey.network, policy),
        }
    }

    /// Whether another BSS could be tried now in an attempt.
    pub(super) fn has_other(&self, journey: &Journey) -> bool {
        self.has_another(journey, Policy::FRESH_FOR)
    }

    /// The same, of those that were heard within this time.
    pub(super) fn has_another(&self, journey: &Journey, fresh_for: Duration) -> bool {
        let policy = Policy { fresh_for, ..Policy::at(self.now) };
        self.select_for(journey, &policy).1.is_some()
    }
}
