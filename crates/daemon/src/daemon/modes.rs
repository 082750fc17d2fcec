//! What an interface is used for, and the way from one use to another.
//!
//! The old use ends properly first: the station leaves its network, the hotspot says goodbye. Then the kernel is
//! asked, and only its word makes the new use. Each wait has a deadline.

use super::ad_hoc::AdHoc;
use super::calls::{First, NO_INTERFACE, Wish, refused};
use super::interface::Interface;
use super::serving::ClientNetwork;
use super::survey::Survey;
use super::{Daemon, Now};
use crate::control::{Answer, Call, CallError, CallId, News, Passed, Unwanted};
use crate::hotspot::plan::Neighbour;
use crate::hotspot::{Hotspot, Phase as HotspotPhase};
use crate::kernel::{Command, Kernel, Mode};
use lapwing_core::attempt::Phase;
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::{KernelEvent, Refusal};
use lapwing_core::station::{Event, Summary};
use lapwing_core::{Duration, Instant};
use tracing::{info, warn};

/// How long the old use may take to end. After that the kernel ends it, with the interface.
const LEAVING: Duration = Duration::from_secs(6);
/// How long the kernel may take: it sets the interface down and up, which loads firmware on some radios.
const CHANGING: Duration = Duration::from_secs(15);

/// The kernel did not say what became of a change of mode.
pub(super) const SILENT: CallError =
    CallError::Failed(Failure { phase: Phase::Leave, code: Code::KernelSilent("the change of mode") });
/// The interface is used for something else.
const NO_STATION: CallError = CallError::NotAvailable(
    "The interface is no station now. Make it one first: lapwing hotspot stop, or set its Mode to 'station'.",
);
/// The interface is used for something else.
pub(super) const NO_ACCESS_POINT: CallError = CallError::NotAvailable(
    "The interface is no access point. Make it one first: lapwing hotspot start does, or set its Mode to \
     'ap'.",
);
/// What it is used for is being changed.
pub(super) const SWITCHING: CallError =
    CallError::Busy("What the interface is used for is being changed. Ask again when that has ended.");

/// What an interface is used for.
#[derive(Debug)]
pub(super) enum Role {
    /// It joins networks.
    Station,
    /// It is a network.
    AccessPoint {
        /// Its hotspot.
        hotspot: Box<Hotspot>,
        /// What was heard before it became one: nothing is heard of other channels from then on.
        heard: Vec<Neighbour>,
        /// The network of its clients.
        network: Option<Box<ClientNetwork>>,
        /// Whether it looks for other networks.
        survey: Survey,
    },
    /// It is in a network without access points, or could be.
    AdHoc(AdHoc),
}

impl Role {
    pub(super) const fn mode(&self) -> Mode {
        match self {
            Self::Station => Mode::Station,
            Self::AccessPoint { .. } => Mode::AccessPoint,
            Self::AdHoc(_) => Mode::AdHoc,
        }
    }

    pub(super) fn network(&self) -> Option<&ClientNetwork> {
        match self {
            Self::Station | Self::AdHoc(_) => None,
            Self::AccessPoint { network, .. } => network.as_deref(),
        }
    }

    pub(super) fn hotspot(&self) -> Option<&Hotspot> {
        match self {
            Self::Station | Self::AdHoc(_) => None,
            Self::AccessPoint { hotspot, .. } => Some(hotspot),
        }
    }

    pub(super) fn survey_deadline(&self) -> Option<Instant> {
        match self {
            Self::Station | Self::AdHoc(_) => None,
            Self::AccessPoint { survey, .. } => survey.deadline(),
        }
    }

    pub(super) const fn ad_hoc(&self) -> Option<&AdHoc> {
        match self {
            Self::Station | Self::AccessPoint { .. } => None,
            Self::AdHoc(ad_hoc) => Some(ad_hoc),
        }
    }
}

/// That the use of an interface is being changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switching {
    to: Mode,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The old use ends.
    Leaving { until: Instant },
    /// The kernel has been asked.
    Asked { until: Instant },
    /// The kernel has been asked, and does not answer. If it does after all, that counts.
    Overdue,
}

impl Switching {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Leaving { until } | Step::Asked { until } => Some(until),
            Step::Overdue => None,
        }
    }

    /// Whether the kernel is at it.
    pub(super) const fn is_asked(&self) -> bool {
        matches!(self.step, Step::Asked { .. } | Step::Overdue)
    }
}

impl Interface {
    /// Whether it is a station and stays one.
    pub(super) const fn is_plain_station(&self) -> bool {
        matches!(self.role, Role::Station) && self.switching.is_none()
    }

    /// Whether what the kernel says of it is for its station.
    fn is_station(&self) -> bool {
        matches!(self.role, Role::Station) && !self.switching.as_ref().is_some_and(Switching::is_asked)
    }

    /// What it hears, for the choice of a channel.
    fn neighbours(&self) -> Vec<Neighbour> {
        let bsss = self.station.table().iter();
        bsss.map(|bss| Neighbour { frequency: bss.frequency, signal_mbm: bss.signal_mbm }).collect()
    }
}

impl<K: Kernel> Daemon<K> {
    /// Whether a call is for what its interface is used for.
    pub(super) fn check_role(&self, call: &Call) -> Result<(), CallError> {
        if let Call::SetMode { ifindex, .. }
        | Call::Scan { ifindex }
        | Call::ScanOn { ifindex, .. }
        | Call::Connect { ifindex, .. }
        | Call::ConnectTo { ifindex, .. }
        | Call::Roam { ifindex, .. }
        | Call::ConnectHidden { ifindex, .. }
        | Call::Disconnect { ifindex }
        | Call::Provision { ifindex, .. }
        | Call::Enrol { ifindex, .. } = call
        {
            self.check_enrolling(*ifindex)?;
        }
        if let Call::Enrol { ifindex, .. } = call {
            self.check_provisioning(*ifindex)?;
        }
        let (Call::Scan { ifindex }
        | Call::ScanOn { ifindex, .. }
        | Call::Connect { ifindex, .. }
        | Call::ConnectTo { ifindex, .. }
        | Call::Roam { ifindex, .. }
        | Call::ConnectHidden { ifindex, .. }
        | Call::Disconnect { ifindex }
        | Call::Enrol { ifindex, .. }
        | Call::Provision { ifindex, .. }
        | Call::Diagnose { ifindex }) = call
        else {
            return Ok(());
        };
        match self.interfaces.get(ifindex) {
            Some(Interface { role: Role::AccessPoint { .. } | Role::AdHoc(_), .. }) => Err(NO_STATION),
            Some(Interface { switching: Some(_), .. }) => Err(SWITCHING),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether what the kernel says of an interface is for its station.
    pub(super) fn is_station(&self, ifindex: u32) -> bool {
        self.interfaces.get(&ifindex).is_none_or(Interface::is_station)
    }

    pub(super) fn set_mode(&mut self, now: Now, id: CallId, ifindex: u32, mode: Mode) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        match &mut interface.switching {
            // Both wait for the same.
            Some(Switching { to, step }) if *to == mode => {
                if *step == Step::Overdue {
                    *step = Step::Asked { until: now.clock + CHANGING };
                    self.kernel.perform(Command::SetMode { ifindex, mode });
                }
            }
            Some(_) => return Err(SWITCHING),
            None if interface.role.mode() == mode => return Ok(Some(Answer::Done)),
            None => {
                if mode == Mode::AccessPoint && interface.station.radio().access_point.is_none() {
                    return Err(CallError::NotSupported(
                        "The radio cannot be an access point. lapwing devices lists those that can."
                            .to_owned(),
                    ));
                }
                let radio = self.radios.get(&interface.wiphy());
                if mode == Mode::AdHoc && !radio.is_some_and(|radio| radio.ad_hoc) {
                    return Err(CallError::NotSupported(
                        "The radio cannot be in ad-hoc networks. Adapter.SupportedModes says what it can be."
                            .to_owned(),
                    ));
                }
                self.leave_mode(now, ifindex, mode);
            }
        }
        self.desk.open(now, id, Wish::Mode { ifindex });
        Ok(None)
    }

    /// Begins the way to another use.
    fn leave_mode(&mut self, now: Now, ifindex: u32, to: Mode) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        interface.switching = Some(Switching { to, step: Step::Leaving { until: now.clock + LEAVING } });
        match interface.role.mode() {
            Mode::Station => {
                self.supersede(ifindex);
                self.turn(now, ifindex, Event::Disconnect);
            }
            Mode::AccessPoint => {
                self.with_hotspot(now, ifindex, |hotspot, means| hotspot.stop(now.clock, true, means));
            }
            Mode::AdHoc => self.leave_ad_hoc(ifindex),
        }
    }

    /// The daemon ends: what is an access point becomes a station again, as it was found.
    pub(super) fn leave_modes(&mut self, now: Now) {
        let is_other =
            |interface: &Interface| !matches!(interface.role, Role::Station) && interface.switching.is_none();
        let others = self.interfaces.iter().filter(|(_, interface)| is_other(interface));
        for ifindex in others.map(|(&ifindex, _)| ifindex).collect::<Vec<_>>() {
            self.leave_mode(now, ifindex, Mode::Station);
        }
    }

    /// Goes on with the changes of use that can go on.
    pub(super) fn switch_modes(&mut self, now: Now) {
        let changing = self.interfaces.iter().filter(|(_, interface)| interface.switching.is_some());
        for ifindex in changing.map(|(&ifindex, _)| ifindex).collect::<Vec<_>>() {
            let Some(interface) = self.interfaces.get_mut(&ifindex) else { continue };
            let Some(switching) = &mut interface.switching else { continue };
            match switching.step {
                Step::Leaving { until } => {
                    let has_left = match &interface.role {
                        Role::Station => matches!(
                            interface.station.summary(),
                            Summary::Disconnected | Summary::Unavailable
                        ),
                        Role::AccessPoint { hotspot, .. } => hotspot.phase() == HotspotPhase::Stopped,
                        Role::AdHoc(ad_hoc) => *ad_hoc == AdHoc::Stopped,
                    };
                    if has_left || until <= now.clock {
                        switching.step = Step::Asked { until: now.clock + CHANGING };
                        let mode = switching.to;
                        self.ask_mode(now, ifindex, mode);
                    }
                }
                Step::Asked { until } if until <= now.clock => {
                    switching.step = Step::Overdue;
                    warn!("{}: the kernel does not say what became of the change of mode", interface.name);
                    self.answer_mode(ifindex, Err(SILENT));
                }
                Step::Asked { .. } | Step::Overdue => {}
            }
        }
    }

    fn ask_mode(&mut self, now: Now, ifindex: u32, mode: Mode) {
        let is_station =
            self.interfaces.get(&ifindex).is_some_and(|interface| matches!(interface.role, Role::Station));
        if is_station && mode != Mode::Station {
            if let Some(interface) = self.interfaces.get_mut(&ifindex) {
                let heard = interface.neighbours();
                interface.heard = heard;
            }
            // What nobody does any more, nobody waits for.
            let of_station = |wish: &Wish| matches!(wish, Wish::Scan { .. } | Wish::Figures { .. });
            for id in self.desk.which(|wish| of_station(wish) && wish.ifindex() == Some(ifindex)) {
                self.desk.withdraw(id, CallError::Aborted, Unwanted::UserCanceled);
            }
            // From here on it is out of the way.
            self.turn(now, ifindex, Event::Kernel(KernelEvent::InterfaceDown));
        }
        self.kernel.perform(Command::SetMode { ifindex, mode });
    }

    /// The kernel's word on a change of use.
    pub(super) fn mode_set(&mut self, now: Now, ifindex: u32, outcome: Result<(), Refusal>) {
        if outcome.is_ok() {
            // It may be there still if the hotspot did not end in time.
            self.end_serving(ifindex);
        }
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Some(switching) = interface.switching.take_if(|switching| switching.is_asked()) else { return };
        let name = interface.name.clone();
        if outcome.is_ok() {
            self.desk.tell(News::Passed { ifindex, what: Passed::Down });
            interface.up = true;
            interface.role = match switching.to {
                Mode::Station => Role::Station,
                Mode::AdHoc => Role::AdHoc(AdHoc::default()),
                Mode::AccessPoint => {
                    let heard = std::mem::take(&mut interface.heard);
                    let hotspot = Box::new(Hotspot::new());
                    Role::AccessPoint { hotspot, heard, network: None, survey: Survey::default() }
                }
            };
            info!(
                "{name} is {} now",
                match switching.to {
                    Mode::Station => "a station",
                    Mode::AccessPoint => "an access point",
                    Mode::AdHoc => "for ad-hoc networks",
                }
            );
        }
        if let Err(refusal) = &outcome {
            warn!("{name}: the kernel refused the change of mode: {refusal}");
        }
        let is_back = matches!(interface.role, Role::Station) && interface.up;
        if is_back && !self.is_closing() {
            self.turn(now, ifindex, Event::Kernel(KernelEvent::InterfaceUp));
            self.turn(now, ifindex, Event::Autoconnect(true));
        }
        let outcome = outcome.map(|()| Answer::Done);
        self.answer_mode(
            ifindex,
            outcome.map_err(|refusal| refused(Phase::Leave, "SET_INTERFACE", &refusal)),
        );
        self.changed();
    }

    fn answer_mode(&mut self, ifindex: u32, outcome: Result<Answer, CallError>) {
        let is_it = |wish: &Wish| matches!(wish, Wish::Mode { ifindex: ours } if *ours == ifindex);
        for id in self.desk.which(is_it) {
            self.desk.close(id, outcome.clone());
        }
    }

    /// What the kernel says of an interface that is no station, or is none any more.
    pub(super) fn heard_by_another(&mut self, now: Now, ifindex: u32, event: KernelEvent) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        interface.hear(&event);
        let is_stable = interface.switching.is_none();
        match event {
            KernelEvent::InterfaceUp | KernelEvent::InterfaceDown => {
                let up = event == KernelEvent::InterfaceUp;
                if is_stable {
                    self.with_hotspot(now, ifindex, |hotspot, means| hotspot.powered(now.clock, up, means));
                    if !up {
                        self.end_ad_hoc(ifindex);
                    }
                }
                self.changed();
            }
            KernelEvent::AddressChanged { .. } | KernelEvent::InterfaceRemoved => {
                self.turn(now, ifindex, Event::Kernel(event));
            }
            _ => {}
        }
    }
}
