//! The calls of clients: each gets exactly one answer, at once or later, whatever happens meanwhile.

use super::joining::{Join, Sought};
use super::{Daemon, Now};
use crate::control::{Answer, Call, CallError, CallId, Diagnostics, Figures, News, SecretId, Unwanted};
use crate::hotspot;
use crate::kernel::{Command, Kernel, StationFigures};
use lapwing_core::attempt::{AttemptId, Phase};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::{Errno, InterfaceState, KernelEvent, Refusal};
use lapwing_core::station::{Event, Report, Summary};
use lapwing_core::{Duration, Instant, wsc};
use std::collections::{BTreeMap, BTreeSet};

/// How many calls may wait for their answer: far more than people and programs make, and a bound.
const MAX_OPEN: usize = 64;
/// How much news is kept for a surface that does not fetch it; of a flood, lines of the flight recorder are
/// left out.
const MAX_NEWS: usize = 1024;

/// What comes of a call at first: an answer, or the promise of one.
pub(super) type First = Result<Option<Answer>, CallError>;

/// The calls that are not answered yet, and what the surface has not fetched.
#[derive(Debug, Default)]
pub(super) struct Desk {
    open: BTreeMap<CallId, Open>,
    news: Vec<News>,
    secrets: u64,
    /// The daemon ends: nothing is begun any more.
    closed: bool,
}

/// A call that is not answered yet.
#[derive(Debug)]
struct Open {
    wish: Wish,
    until: Instant,
}

/// What a call waits for.
#[derive(Debug)]
pub(super) enum Wish {
    /// The secret of a network that is to be joined.
    Secret { ifindex: u32, secret: SecretId, join: Join },
    /// The end of a scan for something that was not heard yet.
    Find { ifindex: u32, what: Sought },
    /// The end of an attempt; no number until it has begun.
    Join { ifindex: u32, join: Join, attempt: Option<AttemptId> },
    /// The kernel's word that a network was left.
    Leave { ifindex: u32 },
    /// The kernel's word that a scan runs.
    Scan { ifindex: u32 },
    /// The kernel's answer to setting an interface up or down.
    Power { ifindex: u32 },
    /// The same for a radio, and then for its interfaces.
    Radio { wiphy: u32, on: bool, left: BTreeSet<u32> },
    /// The figures of a link.
    Figures { ifindex: u32 },
    /// The change of an interface's mode.
    Mode { ifindex: u32 },
    /// The beginning of a hotspot.
    StartHotspot { ifindex: u32 },
    /// The end of a hotspot.
    StopHotspot { ifindex: u32 },
    /// The kernel's answer to joining or leaving an ad-hoc network.
    AdHoc { ifindex: u32 },
    /// The figures of a hotspot's clients.
    ClientFigures { ifindex: u32 },
    /// A network by a button or a PIN.
    Enrol { ifindex: u32 },
    /// The first announcement to whoever is shown our URI.
    Announce { ifindex: u32 },
    /// The kernel's side of the links: the interface, and then the figures.
    Links { ifindex: u32, state: Option<Box<InterfaceState>> },
}

impl Wish {
    /// The interface, if it is about one.
    pub(super) const fn ifindex(&self) -> Option<u32> {
        match self {
            Self::Secret { ifindex, .. }
            | Self::Find { ifindex, .. }
            | Self::Join { ifindex, .. }
            | Self::Leave { ifindex }
            | Self::Scan { ifindex }
            | Self::Power { ifindex }
            | Self::Figures { ifindex }
            | Self::Links { ifindex, .. }
            | Self::Mode { ifindex }
            | Self::StartHotspot { ifindex }
            | Self::StopHotspot { ifindex }
            | Self::AdHoc { ifindex }
            | Self::ClientFigures { ifindex }
            | Self::Enrol { ifindex }
            | Self::Announce { ifindex } => Some(*ifindex),
            Self::Radio { .. } => None,
        }
    }

    /// Whether it is about joining or leaving a network: a newer one of these takes its place.
    const fn is_movement(&self) -> bool {
        match self {
            Self::Secret { .. } | Self::Find { .. } | Self::Join { .. } | Self::Leave { .. } => true,
            Self::Scan { .. }
            | Self::Power { .. }
            | Self::Radio { .. }
            | Self::Figures { .. }
            | Self::Links { .. }
            | Self::Mode { .. }
            | Self::StartHotspot { .. }
            | Self::StopHotspot { .. }
            | Self::AdHoc { .. }
            | Self::ClientFigures { .. }
            | Self::Enrol { .. }
            | Self::Announce { .. } => false,
        }
    }

    /// How long it is waited for.
    const fn patience(&self) -> Duration {
        Duration::from_secs(match self {
            // A person looks for the passphrase; an attempt tries every access point.
            Self::Secret { .. } | Self::Join { .. } => 120,
            // The session itself ends after two minutes and what it has begun by then.
            Self::Enrol { .. } => 240,
            // Longer than the machines themselves wait, which know better what was missing.
            Self::Find { .. }
            | Self::Leave { .. }
            | Self::Scan { .. }
            | Self::Mode { .. }
            | Self::StartHotspot { .. }
            | Self::StopHotspot { .. }
            | Self::AdHoc { .. }
            | Self::Announce { .. } => 30,
            Self::Power { .. }
            | Self::Radio { .. }
            | Self::Figures { .. }
            | Self::Links { .. }
            | Self::ClientFigures { .. } => 10,
        })
    }

    /// The answer when it was waited for in vain.
    fn in_vain(&self) -> CallError {
        let silent = |phase, what| CallError::Failed(Failure { phase, code: Code::KernelSilent(what) });
        match self {
            Self::Secret { .. } => CallError::AgentTimedOut,
            Self::Join { .. } => silent(Phase::Scan, "the attempt"),
            Self::Leave { .. } => silent(Phase::Leave, "the farewell"),
            Self::Find { .. } | Self::Scan { .. } => silent(Phase::Scan, "the scan"),
            Self::Power { .. } | Self::Radio { .. } => silent(Phase::Scan, "the switch"),
            Self::Figures { .. } => silent(Phase::Online, "the figures of the link"),
            Self::Mode { .. } => super::modes::SILENT,
            Self::AdHoc { .. } => silent(Phase::Associate, "the ad-hoc network"),
            Self::StartHotspot { .. } => CallError::HotspotFailed(hotspot::Failure::Silent("the start")),
            Self::StopHotspot { .. } => CallError::HotspotFailed(hotspot::Failure::Silent("the end")),
            Self::ClientFigures { .. } => {
                CallError::HotspotFailed(hotspot::Failure::Silent("the figures of the clients"))
            }
            Self::Links { .. } => silent(Phase::Online, "the links of the interface"),
            Self::Announce { .. } => silent(Phase::Scan, "the announcement"),
            Self::Enrol { .. } => CallError::NotHandedOver(wsc::Troubles::WalkTimeOver),
        }
    }
}

impl Desk {
    /// Whether a call was answered that nobody has been told of.
    pub(super) fn has_answers(&self) -> bool {
        self.news.iter().any(|news| matches!(news, News::Answered { .. }))
    }

    /// The calls whose wish fits.
    pub(super) fn which(&self, fits: impl Fn(&Wish) -> bool) -> Vec<CallId> {
        self.open.iter().filter(|(_, open)| fits(&open.wish)).map(|(&id, _)| id).collect()
    }

    /// What an open call waits for.
    pub(super) fn wish(&self, id: CallId) -> Option<&Wish> {
        self.open.get(&id).map(|open| &open.wish)
    }

    /// The same, to be changed.
    pub(super) fn wish_mut(&mut self, id: CallId) -> Option<&mut Wish> {
        self.open.get_mut(&id).map(|open| &mut open.wish)
    }

    /// The wishes of the open calls.
    pub(super) fn wishes_mut(&mut self) -> impl Iterator<Item = (CallId, &mut Wish)> {
        self.open.iter_mut().map(|(&id, open)| (id, &mut open.wish))
    }

    /// Takes a call off the desk without an answer: it goes on otherwise.
    pub(super) fn take(&mut self, id: CallId) -> Option<Wish> {
        self.open.remove(&id).map(|open| open.wish)
    }

    /// The next deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.open.values().map(|open| open.until).min()
    }

    pub(super) fn open(&mut self, now: Now, id: CallId, wish: Wish) {
        let until = now.clock + wish.patience();
        self.open.insert(id, Open { wish, until });
    }

    /// The number of a new question for a secret.
    pub(super) fn new_secret(&mut self) -> SecretId {
        self.secrets = self.secrets.saturating_add(1);
        SecretId(self.secrets)
    }

    /// Tells the surface something.
    pub(super) fn tell(&mut self, news: News) {
        self.news.push(news);
    }

    /// Tells the surface a line of the flight recorder.
    pub(super) fn happened(&mut self, line: &str) {
        if self.news.len() < MAX_NEWS {
            self.news.push(News::Happened(line.to_owned()));
        }
    }

    /// Answers a call that is open; one that was answered already gets no other.
    pub(super) fn close(&mut self, id: CallId, outcome: Result<Answer, CallError>) {
        if self.open.remove(&id).is_some() {
            self.news.push(News::Answered { call: id, outcome });
        }
    }

    /// Answers a call that is open for another reason than its own; a secret is not wanted any more then.
    pub(super) fn withdraw(&mut self, id: CallId, error: CallError, why: Unwanted) {
        if let Some(Open { wish: Wish::Secret { secret, .. }, .. }) = self.open.get(&id) {
            self.news.push(News::SecretUnwanted { secret: *secret, why });
        }
        self.close(id, Err(error));
    }
}

impl<K: Kernel> Daemon<K> {
    /// Takes a call. Exactly one [`News::Answered`] with its number follows, now or later; the number must not
    /// be that of a call without an answer.
    pub fn call(&mut self, now: Now, id: CallId, call: Call) {
        let first = if self.desk.closed {
            Err(CallError::Aborted)
        } else if self.desk.open.len() >= MAX_OPEN {
            Err(CallError::Busy("Too many requests wait for their answer; try again when some have got it."))
        } else if let Err(error) = self.check_role(&call) {
            Err(error)
        } else {
            match call {
                Call::Scan { ifindex } => self.scan(now, id, ifindex, Event::Scan),
                Call::ScanOn { ifindex, frequencies } => {
                    self.scan(now, id, ifindex, Event::ScanOn(frequencies))
                }
                Call::HeardNetworks { ifindex } => self.heard_networks(now, ifindex),
                Call::SetStationAutoconnect { ifindex, on } => self.set_autoconnects(now, ifindex, on),
                Call::SetAffinity { ifindex, bssid } => self.set_affinity(now, ifindex, bssid),
                Call::WatchSignal { ifindex, levels } => self.watch_signal(now, ifindex, levels),
                Call::HandOver { on } => self.hand_over(now, on),
                Call::Connect { ifindex, network } => self.connect(now, id, ifindex, network, None),
                Call::ConnectTo { ifindex, bssid } => self.connect_to(now, id, ifindex, bssid),
                Call::Roam { ifindex, bssid } => self.roam(now, id, ifindex, bssid),
                Call::ConnectHidden { ifindex, ssid } => self.connect_hidden(now, id, ifindex, ssid),
                Call::Disconnect { ifindex } => self.disconnect(now, id, ifindex),
                Call::Forget { network } => self.forget(now, &network),
                Call::ForgetPasspoint { id } => self.forget_passpoint(id),
                Call::SetPasspointAutoconnect { id, on } => self.set_passpoint_autoconnect(id, on),
                Call::SetAutoconnect { network, on } => self.set_autoconnect(now, &network, on),
                Call::SetPowered { ifindex, on } => self.set_powered(now, id, ifindex, on),
                Call::SetRadioPowered { wiphy, on } => self.set_radio_powered(now, id, wiphy, on),
                Call::Links { ifindex } => self.ask_links(now, id, ifindex),
                Call::Diagnose { ifindex } => self.diagnose(now, id, ifindex),
                Call::Timeline { ifindex } => {
                    let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE);
                    interface.map(|interface| Some(Answer::Timeline(interface.latest_timeline())))
                }
                Call::SetMode { ifindex, mode } => self.set_mode(now, id, ifindex, mode),
                Call::StartAccessPoint { ifindex, profile } => self.start_hotspot(now, id, ifindex, *profile),
                Call::StartProfile { ifindex, ssid } => self.start_profile(now, id, ifindex, &ssid),
                Call::ScanAsAccessPoint { ifindex } => self.scan_as_access_point(now, id, ifindex),
                Call::StopAccessPoint { ifindex } => self.stop_hotspot(now, id, ifindex),
                Call::AccessPointOrder { ifindex, order } => self.order_hotspot(now, id, ifindex, order),
                Call::StartAdHoc { ifindex, ssid, passphrase } => {
                    self.start_ad_hoc(now, id, ifindex, ssid, passphrase)
                }
                Call::StopAdHoc { ifindex } => self.stop_ad_hoc(now, id, ifindex),
                Call::AccessPointDiagnostics { ifindex } => self.diagnose_clients(now, id, ifindex),
                Call::Provision { ifindex, wish } => self.provision(now, id, ifindex, wish),
                Call::StopProvisioning { ifindex, by_code } => self.stop_provisioning(now, ifindex, by_code),
                Call::GeneratePin => self.generate_pin(),
                Call::Enrol { ifindex, password } => self.enrol(now, id, ifindex, password),
                Call::CancelEnrol { ifindex } => self.cancel_enrolling(now, ifindex),
            }
        };
        let outcome = match first {
            Ok(None) => None,
            Ok(Some(answer)) => Some(Ok(answer)),
            Err(error) => Some(Err(error)),
        };
        if let Some(outcome) = outcome {
            self.desk.tell(News::Answered { call: id, outcome });
        }
        self.follow(now);
    }

    /// What there is to be told since the last time, in this order.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.desk.news)
    }

    /// Answers the calls about joining and leaving networks with an interface: another has taken their place.
    pub(super) fn supersede(&mut self, ifindex: u32) {
        for id in self.desk.which(|wish| wish.is_movement() && wish.ifindex() == Some(ifindex)) {
            self.desk.withdraw(id, CallError::Aborted, Unwanted::UserCanceled);
        }
    }

    /// Whether the daemon ends.
    pub(super) const fn is_closing(&self) -> bool {
        self.desk.closed
    }

    /// The daemon ends: every call is answered, and none is taken any more.
    pub(super) fn close_desk(&mut self) {
        self.desk.closed = true;
        for id in self.desk.which(|_| true) {
            self.desk.withdraw(id, CallError::Aborted, Unwanted::Shutdown);
        }
    }

    /// The interface is gone: so is what was asked of it.
    pub(super) fn close_calls_of(&mut self, ifindex: u32) {
        for id in self.desk.which(|wish| wish.ifindex() == Some(ifindex)) {
            self.desk.withdraw(id, NO_INTERFACE, Unwanted::OutOfRange);
        }
        self.switched(ifindex, &Ok(()));
    }

    /// Answers the calls whose time is over.
    pub(super) fn calls_overdue(&mut self, now: Now) {
        let due: Vec<_> =
            self.desk.open.iter().filter(|(_, open)| open.until <= now.clock).map(|(&id, _)| id).collect();
        for id in due {
            let Some(open) = self.desk.open.get(&id) else { continue };
            let error = open.wish.in_vain();
            let joining = match open.wish {
                Wish::Join { ifindex, .. } => Some(ifindex),
                _ => None,
            };
            self.desk.withdraw(id, error, Unwanted::TimedOut);
            if let Some(ifindex) = joining {
                for event in super::joining::GIVE_UP {
                    self.turn(now, ifindex, event);
                }
            }
        }
    }

    fn scan(&mut self, now: Now, id: CallId, ifindex: u32, event: Event) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        match interface.station.summary() {
            Summary::Unavailable => return Err(UNAVAILABLE),
            Summary::Connecting { .. } | Summary::Roaming { .. } => {
                return Err(CallError::Busy("A network is being joined; scan when that has ended."));
            }
            Summary::Disconnected
            | Summary::Searching
            | Summary::Connected { .. }
            | Summary::Disconnecting => {}
        }
        let is_ours = |wish: &Wish| matches!(wish, Wish::Scan { ifindex: other } if *other == ifindex);
        if !self.desk.which(is_ours).is_empty() {
            return Err(CallError::InProgress);
        }
        self.desk.open(now, id, Wish::Scan { ifindex });
        self.turn(now, ifindex, event);
        Ok(None)
    }

    fn disconnect(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        if !self.interfaces.contains_key(&ifindex) {
            return Err(NO_INTERFACE);
        }
        let is_leaving = |wish: &Wish| matches!(wish, Wish::Leave { ifindex: other } if *other == ifindex);
        if !self.desk.which(is_leaving).is_empty() {
            return Err(CallError::InProgress);
        }
        self.supersede(ifindex);
        self.desk.open(now, id, Wish::Leave { ifindex });
        self.turn(now, ifindex, Event::Disconnect);
        self.left(ifindex);
        Ok(None)
    }

    /// Answers those who wanted to leave, if the kernel holds nothing any more.
    pub(super) fn left(&mut self, ifindex: u32) {
        let Some(interface) = self.interfaces.get(&ifindex) else { return };
        if matches!(interface.station.summary(), Summary::Disconnected | Summary::Unavailable) {
            let is_leaving =
                |wish: &Wish| matches!(wish, Wish::Leave { ifindex: other } if *other == ifindex);
            for id in self.desk.which(is_leaving) {
                self.desk.close(id, Ok(Answer::Done));
            }
        }
    }

    /// Answers those who wanted a scan, if this says what became of it.
    pub(super) fn scan_told(&mut self, ifindex: u32, outcome: Result<(), &Refusal>) {
        for id in self.desk.which(|wish| matches!(wish, Wish::Scan { ifindex: other } if *other == ifindex)) {
            self.desk.close(
                id,
                match outcome {
                    Ok(()) => Ok(Answer::Done),
                    Err(refusal) => Err(refused(Phase::Scan, "TRIGGER_SCAN", refusal)),
                },
            );
        }
    }

    /// Lets the calls hear what the kernel said to a station.
    pub(super) fn calls_hear(&mut self, ifindex: u32, event: &KernelEvent) {
        if matches!(event, KernelEvent::ScanStarted | KernelEvent::ScanDone { .. }) {
            self.scan_told(ifindex, Ok(()));
        }
    }

    /// Lets the calls hear a station's report.
    pub(super) fn calls_hear_report(&mut self, ifindex: u32, report: &Report) {
        match report {
            Report::State(_) => self.left(ifindex),
            Report::Scanned => {
                self.scan_told(ifindex, Ok(()));
                self.sought(ifindex, Ok(()));
            }
            Report::ScanFailed(refusal) => {
                self.scan_told(ifindex, Err(refusal));
                self.sought(ifindex, Err(refusal));
            }
            Report::Timeline(_)
            | Report::Heard { .. }
            | Report::NetworkEnds { .. }
            | Report::Interfered { .. }
            | Report::Connected(_)
            | Report::Roamed(_)
            | Report::RoamFailed { .. }
            | Report::Disconnected { .. }
            | Report::Failed { .. }
            | Report::Learned(_) => {}
        }
    }

    fn diagnose(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        let interface = self.interfaces.get(&ifindex).ok_or(NO_INTERFACE)?;
        if interface.station.connection().is_none() {
            return Err(CallError::NotConnected);
        }
        self.desk.open(now, id, Wish::Figures { ifindex });
        self.kernel.perform(Command::Diagnose { ifindex });
        Ok(None)
    }

    /// The figures of a link: all who asked meanwhile get the same.
    pub(super) fn diagnosed(&mut self, ifindex: u32, outcome: &Result<Option<Box<StationFigures>>, Refusal>) {
        let is_it = |wish: &Wish| matches!(wish, Wish::Figures { ifindex: ours } if *ours == ifindex);
        for id in self.desk.which(is_it) {
            let connection =
                self.interfaces.get(&ifindex).and_then(|interface| interface.station.connection());
            let answer = match (outcome, connection) {
                (Err(refusal), _) => Err(refused(Phase::Online, "GET_STATION", refusal)),
                (Ok(Some(figures)), Some(connected)) if figures.address == connected.peer => {
                    Ok(Answer::Diagnostics(Box::new(Diagnostics {
                        connected: connected.clone(),
                        figures: Figures::of(figures),
                    })))
                }
                (Ok(_), _) => Err(CallError::NotConnected),
            };
            self.desk.close(id, answer);
        }
    }
}

/// The interface that was named is not there.
pub(super) const NO_INTERFACE: CallError = CallError::NotFound("There is no such interface.");
/// The interface cannot do anything now.
pub(super) const UNAVAILABLE: CallError = CallError::NotAvailable(
    "The interface is down or its radio is blocked. Switch Wi-Fi on: power the device and its adapter on, or \
     run rfkill unblock wifi.",
);

/// A refusal of the kernel as an answer.
pub(super) fn refused(phase: Phase, command: &'static str, refusal: &Refusal) -> CallError {
    match refusal.errno {
        Errno::ENETDOWN | Errno::ERFKILL => UNAVAILABLE,
        Errno::ENODEV => NO_INTERFACE,
        _ => CallError::Failed(Failure { phase, code: Code::Refused { command, refusal: refusal.clone() } }),
    }
}
