//! The hotspot of an interface: what drives the access point's machine on a kernel.
//!
//! [`Hotspot`] owns the machine. It numbers what the machine asks of the kernel, waits for each answer no longer
//! than is sensible, and says that it has started when the kernel has done all that belongs to the BSSs, not
//! before. [`plan`] makes of what a person wants what the radio can be.

mod failure;
mod ledger;
pub mod plan;
#[cfg(test)]
mod tests;

pub use failure::Failure;

use crate::networks::profile::Profile;
use lapwing_core::ap::{AccessPoint, Action, Event, KernelEvent, Order as ApOrder, Reply, Report, Request};
use lapwing_core::ap::{Bss, Setup, Structure};
use lapwing_core::kernel::{ChannelDefinition, Errno, InterfaceState, Refusal};
use lapwing_core::means::Means;
use lapwing_core::shared::Shared;
use lapwing_core::{Duration, Instant};
use lapwing_frames::management::ReasonCode;
use lapwing_frames::{LinkId, MacAddr};
use ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};

/// How long the BSSs may take to begin.
const BEGINNING: Duration = Duration::from_secs(10);
/// How long they may take to end.
const ENDING: Duration = Duration::from_secs(5);
/// How long an interface may be down before its hotspot has ended: word of what a change of its mode did may come
/// after that has ended, and says both down and up.
const DOWN: Duration = Duration::from_millis(500);

/// How far a hotspot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Nothing is on the air.
    Stopped,
    /// The kernel has not begun with every BSS yet.
    Starting,
    /// All is on the air.
    Started,
    /// The kernel has not ended every BSS yet.
    Stopping,
}

impl Phase {
    /// Its name on D-Bus, which does not change.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Stopping => "stopping",
        }
    }
}

/// What somebody wants of a hotspot that is on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Remove a link of an AP MLD, announced in so many beacons. The last one stays.
    RemoveLink {
        /// Which.
        link: LinkId,
        /// The announcement.
        beacons: u16,
    },
    /// Bring a link back that was removed.
    AddLink(LinkId),
    /// Forget the PMKSAs.
    ForgetPmksas,
    /// Renew the group keys of all links.
    RenewGroupKeys,
    /// Throw out a client, or all.
    ThrowOut(Option<MacAddr>),
    /// End all BSSs and begin anew with the same addresses.
    Restart {
        /// Whether clients are told.
        goodbye: bool,
        /// Whether the PMKSAs are forgotten.
        forget: bool,
    },
}

/// Something that a person should know of a hotspot that goes on. The text of each is a sentence without its stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The kernel refused it at its width: it is tried once more with channels of 20 MHz.
    Narrowed(Refusal),
    /// The kernel has lost BSSs while the machine slept: they begin anew.
    LostAsleep,
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Narrowed(refusal) => {
                write!(f, "the kernel refused START_AP ({refusal}): 20 MHz are tried in place of more")
            }
            Self::LostAsleep => {
                f.write_str("the kernel lost the hotspot while the machine slept: it begins anew")
            }
        }
    }
}

/// What comes of a turn, in the order in which it must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Ask the kernel.
    Serve {
        /// The request's number.
        number: u64,
        /// The request.
        request: Request,
    },
    /// The machine has something to tell.
    Told(Report),
    /// Something that a person should know though it goes on.
    Noted(Note),
    /// All is on the air.
    Started,
    /// It has ended: as was asked, or by a failure.
    Stopped(Option<Failure>),
}

/// A hotspot. It has one from the moment when the interface is an access point until it is none any more.
#[derive(Clone, Debug)]
pub struct Hotspot {
    state: State,
    ledger: Ledger,
    last_failure: Option<Failure>,
    /// The links that the kernel did not take, and why.
    missing: BTreeMap<LinkId, Failure>,
    /// Since when the interface is said to be down.
    down: Option<Instant>,
    out: Vec<Output>,
}

#[derive(Clone, Debug)]
enum State {
    Stopped,
    Starting {
        running: Box<Running>,
        /// The requests that have to be done.
        waiting: BTreeSet<u64>,
        until: Instant,
    },
    Started(Box<Running>),
    Stopping {
        running: Box<Running>,
        until: Instant,
        then: Then,
    },
    /// The kernel ended it; when the interface is up again it begins anew.
    Interrupted(Box<Running>),
}

/// What comes after the end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    Rest(Option<Failure>),
    Again,
    /// With channels of 20 MHz.
    Narrow,
}

/// A hotspot's machine and what it was made of.
#[derive(Clone)]
struct Running {
    machine: AccessPoint,
    setup: Shared<Setup>,
    profile: Profile,
}

impl Running {
    /// The same with channels of 20 MHz; none if it is on such ones already.
    fn narrowed(&self) -> Option<Self> {
        let mut setup = (*self.setup).clone();
        let is_wide = |bss: &Bss| bss.channel != ChannelDefinition::narrow(bss.channel.primary);
        setup.structure.iter().any(|(_, bss)| is_wide(bss)).then_some(())?;
        match &mut setup.structure {
            Structure::Single(bss) => bss.channel = ChannelDefinition::narrow(bss.channel.primary),
            Structure::Mld { links, .. } => {
                for bss in links.values_mut() {
                    bss.channel = ChannelDefinition::narrow(bss.channel.primary);
                }
            }
        }
        let setup = Shared::new(setup);
        Some(Self { machine: AccessPoint::new(setup.clone()), setup, profile: self.profile.clone() })
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The machine has keys in it.
        f.debug_struct("Running").field("profile", &self.profile).finish_non_exhaustive()
    }
}

impl Default for Hotspot {
    fn default() -> Self {
        Self::new()
    }
}

impl Hotspot {
    /// A hotspot that is stopped.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Stopped,
            ledger: Ledger::new(),
            last_failure: None,
            missing: BTreeMap::new(),
            down: None,
            out: Vec::new(),
        }
    }

    /// How far it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Stopped | State::Interrupted(_) => Phase::Stopped,
            State::Starting { .. } => Phase::Starting,
            State::Started(_) => Phase::Started,
            State::Stopping { .. } => Phase::Stopping,
        }
    }

    /// Why it did not begin or has ended, until it begins again.
    #[must_use]
    pub const fn last_failure(&self) -> Option<&Failure> {
        self.last_failure.as_ref()
    }

    /// The links that it goes on without, since the kernel refused them, each with the reason; until it begins again.
    #[must_use]
    pub const fn missing(&self) -> &BTreeMap<LinkId, Failure> {
        &self.missing
    }

    /// The machine, while there is something on the air or on its way there.
    #[must_use]
    pub fn machine(&self) -> Option<&AccessPoint> {
        Some(&self.running()?.machine)
    }

    /// What it is made of, unless it is stopped.
    #[must_use]
    pub fn setup(&self) -> Option<&Setup> {
        Some(&*self.running()?.setup)
    }

    /// What was asked for, unless it is stopped.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        Some(&self.running()?.profile)
    }

    /// The BSSs on the air, each with its link if it is one.
    pub fn on_air(&self) -> impl Iterator<Item = (Option<LinkId>, Bss)> {
        self.machine().into_iter().flat_map(AccessPoint::on_air)
    }

    fn running(&self) -> Option<&Running> {
        match &self.state {
            State::Stopped | State::Interrupted(_) => None,
            State::Starting { running, .. } | State::Stopping { running, .. } | State::Started(running) => {
                Some(running)
            }
        }
    }

    fn running_mut(&mut self) -> Option<&mut Running> {
        match &mut self.state {
            State::Stopped | State::Interrupted(_) => None,
            State::Starting { running, .. } | State::Stopping { running, .. } | State::Started(running) => {
                Some(running)
            }
        }
    }

    /// When [`Self::tick`] is due at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let own = match &self.state {
            State::Stopped | State::Interrupted(_) => None,
            State::Started(_) => self.down.map(|since| since + DOWN),
            State::Starting { until, .. } | State::Stopping { until, .. } => Some(*until),
        };
        let machine = self.machine().and_then(AccessPoint::deadline);
        let ledger = match &self.state {
            State::Starting { .. } | State::Started(_) => self.ledger.next_deadline(),
            State::Stopped | State::Interrupted(_) | State::Stopping { .. } => None,
        };
        own.into_iter().chain(machine).chain(ledger).min()
    }

    /// Begins, if it is stopped. [`Output::Started`] or [`Output::Stopped`] follows.
    pub fn start(
        &mut self,
        now: Instant,
        profile: Profile,
        setup: Setup,
        means: &mut Means<'_>,
    ) -> Vec<Output> {
        if self.phase() == Phase::Stopped {
            let setup = Shared::new(setup);
            self.begin(now, Running { machine: AccessPoint::new(setup.clone()), setup, profile }, means);
        }
        self.take()
    }

    /// Ends, and tells the clients; without `goodbye` it is as if the power had failed. [`Output::Stopped`]
    /// follows, unless it is stopped.
    pub fn stop(&mut self, now: Instant, goodbye: bool, means: &mut Means<'_>) -> Vec<Output> {
        self.end(now, goodbye, Then::Rest(None), means);
        self.take()
    }

    /// Does what somebody wants. Nothing comes of it unless all is on the air.
    pub fn order(&mut self, now: Instant, order: Order, means: &mut Means<'_>) -> Vec<Output> {
        if !matches!(self.state, State::Started(_)) {
            return self.take();
        }
        const REASON: ReasonCode = ReasonCode::LeavingDeauthenticated;
        let order = match order {
            Order::RemoveLink { link, beacons } => ApOrder::RemoveLink { link, beacons },
            Order::AddLink(link) => ApOrder::AddLink(link),
            Order::ForgetPmksas => ApOrder::ForgetPmksas,
            Order::RenewGroupKeys => ApOrder::RenewGroupKeys,
            Order::ThrowOut(None) => ApOrder::ThrowOut(REASON),
            Order::ThrowOut(Some(station)) => ApOrder::Expel { station, reason: REASON },
            Order::Restart { goodbye, forget } => {
                if forget {
                    self.turn(now, Event::Order(ApOrder::ForgetPmksas), means);
                }
                self.end(now, goodbye, Then::Again, means);
                return self.take();
            }
        };
        self.turn(now, Event::Order(order), means);
        self.take()
    }

    /// Takes the kernel's answer to [`Output::Serve`].
    pub fn served(
        &mut self,
        now: Instant,
        number: u64,
        outcome: Result<Reply, Refusal>,
        means: &mut Means<'_>,
    ) -> Vec<Output> {
        let Some(request) = self.ledger.answered(number, outcome.is_ok()) else { return Vec::new() };
        match outcome {
            Ok(reply) => {
                if let Request::StartBss(announcement) = &request
                    && let Some(link) = announcement.link
                    && self.on_air().any(|(id, _)| id == Some(link))
                {
                    self.missing.remove(&link);
                }
                self.turn(now, Event::Answered { request: &request, reply }, means);
            }
            Err(refusal) => self.refused(now, (number, &request), refusal, means),
        }
        if let State::Starting { waiting, .. } = &mut self.state {
            waiting.remove(&number);
        }
        self.go_on(now, means);
        self.take()
    }

    fn refused(
        &mut self,
        now: Instant,
        (number, request): (u64, &Request),
        refusal: Refusal,
        means: &mut Means<'_>,
    ) {
        let is_needed = match &self.state {
            State::Starting { waiting, .. } => waiting.contains(&number),
            _ => false,
        };
        let link = ledger::link(request);
        let had = self.on_air().any(|(id, _)| id == link);
        self.turn(now, Event::Refused(request), means);
        let has = self.on_air().any(|(id, _)| id == link);
        // Of several links the others go on; the only BSS has a second try. A width has nothing to do with these.
        let can_narrow = link.is_none()
            && matches!(request, Request::StartBss(_))
            && !matches!(refusal.errno, Errno::ERFKILL | Errno::ENETDOWN)
            && self.running().is_some_and(|running| running.narrowed().is_some());
        if is_needed && can_narrow {
            self.out.push(Output::Noted(Note::Narrowed(refusal)));
            return self.end(now, true, Then::Narrow, means);
        }
        let failure = Failure::Refused { command: ledger::command(request), refusal };
        match link {
            Some(link) if had && !has => {
                self.missing.insert(link, failure);
            }
            // It belongs to a link that was given up.
            Some(_) if !has => {}
            _ if is_needed => self.end(now, true, Then::Rest(Some(failure)), means),
            _ => {}
        }
    }

    /// Takes the fate of a frame.
    pub fn frame_served(
        &mut self,
        now: Instant,
        number: u64,
        acknowledged: bool,
        means: &mut Means<'_>,
    ) -> Vec<Output> {
        if let Some(request) = self.ledger.sent(number) {
            self.turn(now, Event::Sent { request: &request, acknowledged }, means);
        }
        self.take()
    }

    /// Takes what the kernel says unasked.
    pub fn hear(&mut self, now: Instant, event: &KernelEvent, means: &mut Means<'_>) -> Vec<Output> {
        match event {
            KernelEvent::Stopped => self.interrupt(now, Failure::EndedByKernel, means),
            other => self.turn(now, other.event(), means),
        }
        self.take()
    }

    /// The interface was set up or down. One that is down takes its BSSs with it; when it is up again they begin
    /// anew.
    pub fn powered(&mut self, now: Instant, up: bool, means: &mut Means<'_>) -> Vec<Output> {
        if !up {
            self.down.get_or_insert(now);
            if matches!(self.state, State::Interrupted(_)) {
                self.last_failure = Some(Failure::InterfaceDown);
            }
            return self.take();
        }
        self.down = None;
        match std::mem::replace(&mut self.state, State::Stopped) {
            State::Interrupted(running) => self.begin(now, *running, means),
            other => self.state = other,
        }
        self.take()
    }

    /// Takes the kernel's side of the interface after the machine slept: what is not on the air any more though it
    /// should be begins anew.
    pub fn checked(&mut self, now: Instant, state: &InterfaceState, means: &mut Means<'_>) -> Vec<Output> {
        // Of a single BSS the kernel says the name, and of each link the channel, as long as it has them.
        let is_there = |link: Option<LinkId>| match link {
            None => self.setup().is_some_and(|setup| state.ssid.as_ref() == Some(&setup.ssid)),
            Some(id) => state.links.iter().any(|link| link.id == id && link.channel.is_some()),
        };
        let is_lost =
            matches!(self.state, State::Started(_)) && self.on_air().any(|(link, _)| !is_there(link));
        if is_lost {
            self.out.push(Output::Noted(Note::LostAsleep));
            self.end(now, false, Then::Again, means);
        }
        self.take()
    }

    /// Nothing but time.
    pub fn tick(&mut self, now: Instant, means: &mut Means<'_>) -> Vec<Output> {
        self.turn(now, Event::Tick, means);
        let overdue = self.ledger.overdue(now);
        match &self.state {
            State::Started(_) if self.down.is_some_and(|since| since + DOWN <= now) => {
                self.interrupt(now, Failure::InterfaceDown, means);
            }
            State::Starting { until, .. } if *until <= now => {
                self.end(now, true, Then::Rest(Some(Failure::Silent("the start"))), means);
            }
            State::Stopping { until, .. } if *until <= now => {
                self.ledger.clear();
                if let State::Stopping { then, .. } = &mut self.state {
                    *then = match std::mem::replace(then, Then::Again) {
                        Then::Rest(Some(why)) => Then::Rest(Some(why)),
                        // What was not ended cannot begin anew.
                        Then::Rest(None) | Then::Again | Then::Narrow => {
                            Then::Rest(Some(Failure::Silent("the end")))
                        }
                    };
                }
                self.go_on(now, means);
            }
            State::Starting { .. } | State::Started(_) => {
                if let Some(command) = overdue {
                    self.end(now, true, Then::Rest(Some(Failure::Silent(command))), means);
                }
            }
            State::Stopped | State::Interrupted(_) | State::Stopping { .. } => {}
        }
        self.take()
    }

    fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }

    fn begin(&mut self, now: Instant, running: Running, means: &mut Means<'_>) {
        self.last_failure = None;
        self.missing.clear();
        let until = now + BEGINNING;
        self.state = State::Starting { running: Box::new(running), waiting: BTreeSet::new(), until };
        self.turn(now, Event::Start, means);
        self.go_on(now, means);
    }

    /// Ends what is on the air.
    fn end(&mut self, now: Instant, goodbye: bool, then: Then, means: &mut Means<'_>) {
        match std::mem::replace(&mut self.state, State::Stopped) {
            State::Stopped => {}
            State::Interrupted(_) => self.out.push(Output::Stopped(None)),
            // A second wish to end takes the place of a beginning.
            State::Stopping { running, until, then: before } => {
                let then = if then == Then::Rest(None) { then } else { before };
                self.state = State::Stopping { running, until, then };
            }
            State::Starting { running, .. } | State::Started(running) => {
                let bsss: Vec<_> = running.machine.on_air().map(|(link, _)| link).collect();
                self.state = State::Stopping { running, until: now + ENDING, then };
                if goodbye {
                    self.turn(now, Event::Order(ApOrder::Stop), means);
                } else {
                    for link in bsss {
                        self.serve(now, Request::StopBss { link });
                        if let Some(link) = link {
                            self.serve(now, Request::RemoveLink { link });
                        }
                    }
                    self.turn(now, Event::Down, means);
                }
                self.go_on(now, means);
            }
        }
    }

    /// The kernel has ended it.
    fn interrupt(&mut self, now: Instant, why: Failure, means: &mut Means<'_>) {
        // While it ends anyway, the answers tell when it has.
        if !matches!(self.state, State::Starting { .. } | State::Started(_)) {
            return;
        }
        self.turn(now, Event::Down, means);
        self.ledger.clear();
        if let State::Starting { running, .. } | State::Started(running) =
            std::mem::replace(&mut self.state, State::Stopped)
        {
            self.state = State::Interrupted(running);
        }
        self.last_failure = Some(why.clone());
        self.out.push(Output::Stopped(Some(why)));
    }

    /// Goes on if nothing is waited for any more.
    fn go_on(&mut self, now: Instant, means: &mut Means<'_>) {
        let is_done = match &self.state {
            State::Starting { waiting, .. } => waiting.is_empty(),
            State::Stopping { .. } => self.ledger.is_clear(),
            State::Stopped | State::Started(_) | State::Interrupted(_) => false,
        };
        if !is_done {
            return;
        }
        match std::mem::replace(&mut self.state, State::Stopped) {
            State::Starting { running, .. } => {
                self.state = State::Started(running);
                self.out.push(Output::Started);
            }
            State::Stopping { running, then, .. } => match then {
                Then::Again => self.begin(now, *running, means),
                Then::Narrow => {
                    let narrowed = running.narrowed().unwrap_or(*running);
                    self.begin(now, narrowed, means);
                }
                Then::Rest(why) => {
                    self.last_failure.clone_from(&why);
                    self.out.push(Output::Stopped(why));
                }
            },
            other => self.state = other,
        }
    }

    fn turn(&mut self, now: Instant, event: Event<'_>, means: &mut Means<'_>) {
        let Some(running) = self.running_mut() else { return };
        let mut actions = Vec::new();
        running.machine.turn(now, event, means, |action| actions.push(action));
        for action in actions {
            match action {
                Action::Request(request) => self.serve(now, request),
                Action::Report(report) => self.out.push(Output::Told(report)),
                // A hotspot is in no mobility domain.
                Action::Tell(_) => {}
            }
        }
    }

    fn serve(&mut self, now: Instant, request: Request) {
        let number = self.ledger.ask(now, request.clone());
        if let State::Starting { waiting, .. } = &mut self.state
            && ledger::belongs_to_bss(&request)
        {
            waiting.insert(number);
        }
        self.out.push(Output::Serve { number, request });
    }
}
