//! Scanning: looking for one network, or for any that is known.

use super::{
    Footing, State,
    context::{Journey, Turn},
    departure::Then,
    idle::Idle,
    survey::Surveyed,
    unavailable::Unavailable,
};
use crate::{
    attempt::{Cause, Difference, Entry, Phase},
    failure::Code,
    kernel::{Errno, Frequency, Refusal},
    network::Network,
    scan::{self, Stage},
    select::{self, Judged, Policy, Rejection, Target, Verdict},
    time::Duration,
};
use alloc::{vec, vec::Vec};
use lapwing_frames::Ssid;

/// The kernel's table is not read again within this time.
const TABLE_FRESH: Duration = Duration::from_secs(2);
/// What was heard within this time is joined without a scan.
const HEARD_FRESH: Duration = Duration::from_secs(20);
/// How often the hidden, encrypted twin of an open BSS is probed for. A probe or its answer is easily lost, and
/// the price is a connection in clear; an AP that announces a twin it does not have costs as many short scans.
const TWIN_PROBES: u8 = 3;
/// Why a network is not joined that was joined by SAE or OWE before.
const WEAKER: &str = "it does without SAE or OWE, by which the network was joined";
/// How many judged BSSs a timeline holds.
const MAX_JUDGED: usize = 32;

/// Looking for a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scanning {
    goal: Goal,
    look: Look,
    /// How often hidden names of encrypted twins may still be probed for.
    twin_probes: u8,
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
    /// In the kernel's table.
    Table,
    /// On the channels where the networks were heard before.
    Known,
    /// On all channels.
    All,
    /// On one channel again: the kernel had forgotten the BSS there.
    Again,
}

impl Scanning {
    /// Looks for the network of an attempt; in fresh scan results only, if asked.
    pub(super) fn join(turn: &mut Turn<'_>, mut journey: Journey, fresh: bool) -> State {
        journey.enter(turn, Phase::Scan);
        let scanning = Self { goal: Goal::One(journey), look: Look::Table, twin_probes: TWIN_PROBES };
        if fresh { scanning.widen(turn) } else { scanning.start(turn) }
    }

    /// Looks for any known network.
    pub(super) fn search(turn: &mut Turn<'_>, after: Option<Ssid>, round: u32) -> State {
        Self { goal: Goal::Any { after, round }, look: Look::Table, twin_probes: TWIN_PROBES }.start(turn)
    }

    /// Looks again for the network of an attempt on one channel.
    pub(super) fn rescan(turn: &mut Turn<'_>, mut journey: Journey, frequency: Frequency) -> State {
        journey.rescanned = true;
        journey.enter(turn, Phase::Scan);
        let scanning = Self { goal: Goal::One(journey), look: Look::Again, twin_probes: 0 };
        scanning.scan(turn, Stage::All, Some((frequency, None)))
    }

    pub(super) const fn journey(&self) -> Option<&Journey> {
        match &self.goal {
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
        let read = turn.context.table_read;
        if read.is_some_and(|at| turn.now.since(at) < TABLE_FRESH) && turn.context.survey.is_resting() {
            return self.look(turn);
        }
        turn.read_table(self.journey().map(|journey| journey.id));
        State::Scanning(self)
    }

    /// The networks that are looked for.
    fn networks(&self, turn: &Turn<'_>) -> Vec<Network> {
        match &self.goal {
            Goal::One(journey) => vec![journey.network.clone()],
            Goal::Any { .. } => turn.wanted().cloned().collect(),
        }
    }

    /// Begins the scan of a stage, or of one channel (with a hidden name, perhaps).
    fn scan(self, turn: &mut Turn<'_>, stage: Stage, one: Option<(Frequency, Option<Ssid>)>) -> State {
        let networks = self.networks(turn);
        let random = turn.context.settings.random_scan_address;
        let Some(mut request) = scan::request(stage, &networks, &turn.context.radio, random) else {
            return self.widen(turn);
        };
        if let Some((frequency, name)) = one {
            request.frequencies = vec![frequency];
            request.colocated_6ghz = false;
            if let Some(name) = name {
                request.ssids.insert(0, name);
                request.ssids.truncate(turn.context.radio.max_scan_ssids.max(1));
            }
        }
        turn.scan(self.journey().map(|journey| journey.id), request);
        State::Scanning(self)
    }

    /// Nothing was found: look more widely.
    fn widen(mut self, turn: &mut Turn<'_>) -> State {
        match self.look {
            Look::Table => {
                self.look = Look::Known;
                self.scan(turn, Stage::Known, None)
            }
            Look::Known | Look::Again => {
                self.look = Look::All;
                self.scan(turn, Stage::All, None)
            }
            Look::All => self.in_vain(turn),
        }
    }

    /// Nothing was found anywhere.
    fn in_vain(self, turn: &mut Turn<'_>) -> State {
        match self.goal {
            Goal::Any { after, round } => {
                // Why none of those that were heard: one line for each network.
                let networks: Vec<_> = turn.wanted().cloned().collect();
                for network in networks {
                    let (judged, _) = turn.select(&network, &Policy::at(turn.now));
                    if !judged.is_empty() {
                        turn.log(None, Entry::Judged(judged));
                    }
                }
                Idle::pause(turn, after, round)
            }
            Goal::One(journey) => {
                let heard = turn.context.table.iter().any(|bss| {
                    bss.ssid == journey.network.ssid && turn.now.since(bss.heard) <= Policy::FRESH_FOR
                });
                let (judged, _) = turn.select(&journey.network, &Policy::at(turn.now));
                let weaker = |judged: &Judged| judged.verdict == Verdict::Rejected(Rejection::Downgrade);
                let code = match heard {
                    false => Code::NotFound,
                    true if judged.iter().any(weaker) => Code::Downgrade(WEAKER),
                    true => Code::NoneSuitable,
                };
                turn.failed(journey, None, code, Footing::Clean)
            }
        }
    }

    pub(super) fn surveyed(self, turn: &mut Turn<'_>, surveyed: Surveyed) -> State {
        match surveyed {
            Ok(()) => self.look(turn),
            Err(Refusal { errno: Errno::ENETDOWN | Errno::ERFKILL | Errno::ENODEV, .. }) => {
                let then = match self.goal {
                    Goal::One(journey) => turn.cut_short(&journey, Code::InterfaceDown),
                    Goal::Any { .. } => Then::Seek,
                };
                State::Unavailable(Unavailable { then })
            }
            Err(refusal) => match self.goal {
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

    /// Looks at what the table has now.
    fn look(mut self, turn: &mut Turn<'_>) -> State {
        // Before any scan, only what was heard a moment ago is good enough to leave the scan out.
        let fresh_for = if self.look == Look::Table { HEARD_FRESH } else { Policy::FRESH_FOR };
        let policy = Policy { now: turn.now, fresh_for };
        if let Some(left) = self.twin_probes.checked_sub(1) {
            let networks = self.networks(turn);
            let twin = networks.iter().find_map(|network| {
                select::twins_to_probe(&turn.context.table, network, &policy).pop_first()
            });
            if let Some((name, frequency)) = twin {
                self.twin_probes = left;
                return self.scan(turn, Stage::All, Some((frequency, Some(name))));
            }
        }
        match self.goal {
            Goal::One(mut journey) => match turn.select(&journey.network, &policy) {
                (judged, Some(target)) => {
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
                let networks: Vec<_> = turn.in_order().into_iter().cloned().collect();
                let found = networks.into_iter().find_map(|network| {
                    let (judged, target) = turn.select(&network, &policy);
                    target.map(|target| (network, judged, target))
                });
                let Some((network, judged, target)) = found else {
                    return Self { goal: Goal::Any { after, round }, ..self }.widen(turn);
                };
                let cause = match after {
                    Some(ssid) if ssid == network.ssid => Cause::Retry(Difference::Later),
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
    /// The known networks that may be joined without being asked.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Network> {
        let history = &self.context.history;
        self.context
            .networks
            .iter()
            .filter(|network| network.autoconnect && !history.is_wrong(&network.ssid, &network.credentials))
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
        let (mut judged, target) =
            select::choose(&context.table, network, &context.radio, &context.history, policy);
        judged.truncate(MAX_JUDGED);
        (judged, target)
    }

    /// Whether another BSS of a network could be tried now.
    pub(super) fn has_other(&self, network: &Network) -> bool {
        self.select(network, &Policy::at(self.now)).1.is_some()
    }
}
