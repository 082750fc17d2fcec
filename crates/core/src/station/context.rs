//! What a station knows besides its state, and the tools of one turn.

use super::{
    LATE, Survey,
    external::External,
    interference::Interference,
    mirror::Mirror,
    passwords::Passwords,
    resync::Resync,
    roam::{BlockList, RoamPolicy},
    transition::Leaving,
    vocabulary::{Action, Report, Summary},
};
use crate::{
    address::AddressPolicy,
    attempt::{AttemptId, Entry, Phase, Record, RoamTrigger, Ticket},
    failure::{Code, Failure},
    kernel::{Frequency, Interface, KeyKind, Pmksa, Refusal, Reply, Request},
    means::Means,
    network::Network,
    pmksa::PmksaCache,
    radio::Radio,
    rsn::Candidate,
    scan::{Bss, Stage, Table},
    select::{self, History, Judged, Policy, Preferences, Rejection, Verdict},
    time::{Duration, Instant},
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    vec::Vec,
};
use lapwing_frames::{
    MacAddr, Ssid,
    management::{Body, Management},
};

/// What a station may be told to do otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Join known networks without being asked; [`Event::Autoconnect`](super::Event::Autoconnect) changes it.
    pub autoconnect: bool,
    /// Scan from a random source address while not connected, if the radio can.
    pub random_scan_address: bool,
    /// How many BSSs to remember at most.
    pub table_capacity: usize,
    /// When to go to another AP.
    pub roam: RoamPolicy,
    /// How a known network is looked for that was not found: once only if none.
    pub search: Option<Pauses>,
    /// Whether keys of earlier connections are used again (PMKSA caching).
    pub reuses_keys: bool,
    /// Which BSSs are preferred.
    pub preferences: Preferences,
    /// With which addresses networks are joined.
    pub addresses: AddressPolicy,
}

/// The pauses between searches for a known network, each twice as long as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pauses {
    /// The first.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: Duration::from_secs(60) }
    }
}

impl Pauses {
    /// The pause after so many others.
    #[must_use]
    pub fn after(&self, round: u32) -> Duration {
        let factor = 1_u32.checked_shl(round).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            autoconnect: true,
            random_scan_address: true,
            table_capacity: Table::CAPACITY,
            roam: RoamPolicy::default(),
            search: Some(Pauses::default()),
            reuses_keys: true,
            preferences: Preferences::NONE,
            addresses: AddressPolicy::Kept,
        }
    }
}

/// What a station knows whatever its state.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Context {
    pub interface: Interface,
    pub radio: Radio,
    pub address: MacAddr,
    /// The address that the hardware has from its maker.
    pub permanent: MacAddr,
    pub settings: Settings,
    /// The networks that may be joined.
    pub networks: Vec<Network>,
    /// Whether to join them without being asked.
    pub autoconnect: bool,
    pub table: Table,
    /// When the kernel's table was last read.
    pub table_read: Option<Instant>,
    pub survey: Survey,
    /// What is still to be scanned for a person who waits for all channels.
    pub scan_wanted: BTreeSet<Stage>,
    /// The name that it is for, if it is for one that is not announced.
    pub sought: Option<Network>,
    /// The only channels that a person wants scanned; all if there are none.
    pub scan_only: Vec<Frequency>,
    /// How often a person has asked for that.
    pub person_scans: u32,
    pub resync: Resync,
    pub history: History,
    pub pmksa: PmksaCache,
    /// The firmware's copy of it.
    pub mirror: Mirror,
    /// What the firmware wants of us.
    pub external: External,
    /// The key that SAE made for the firmware last, and with which AP.
    pub made: Option<(MacAddr, Candidate)>,
    pub passwords: Passwords,
    pub next_ticket: u64,
    pub next_attempt: u32,
    pub interference: Interference,
    /// The BSSs that somebody wants to stay with.
    pub affinities: BTreeSet<MacAddr>,
    /// The APs that are not gone to for a while.
    pub roam_blocked: BlockList,
    /// The AP that said nothing to a fast transition last: it is gone to by another way.
    pub without_keys: Option<MacAddr>,
    /// The AP to which a commit of SAE went out last, and when, unless it was answered to the end. What it says
    /// next may be about that one.
    pub committed: Option<(MacAddr, Instant)>,
    /// How a link comes to a connection that stands.
    pub adds_links: AddsLinks,
    /// The AP MLDs that were asked for their links lately, and when.
    pub asked_for_links: BTreeMap<MacAddr, Instant>,
    /// The network of the last association with an AP MLD by several links, until it was left.
    pub several_links: Option<Ssid>,
    /// The summary that was last reported.
    pub reported: Option<Summary>,
    /// Why the last attempt or connection failed, if none has succeeded since.
    pub last_failure: Option<Failure>,
    /// When the firmware was last told to leave or to give up, unless it was told to connect in spite of it since.
    pub freed: Option<Instant>,
}

impl core::fmt::Debug for Context {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Context")
            .field("interface", &self.interface)
            .field("address", &self.address)
            .field("autoconnect", &self.autoconnect)
            .field("networks", &self.networks)
            .field("table", &self.table.len())
            .field("survey", &self.survey)
            .field("resync", &self.resync)
            .field("external", &self.external)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

impl Context {
    pub(super) fn new(interface: Interface, radio: Radio, address: MacAddr, settings: Settings) -> Self {
        Self {
            interface,
            radio,
            address,
            permanent: address,
            settings,
            networks: Vec::new(),
            autoconnect: settings.autoconnect,
            table: Table::new(settings.table_capacity),
            table_read: None,
            survey: Survey::default(),
            scan_wanted: BTreeSet::new(),
            sought: None,
            scan_only: Vec::new(),
            person_scans: 0,
            resync: Resync::default(),
            history: History::default(),
            pmksa: PmksaCache::default(),
            mirror: Mirror::default(),
            external: External::default(),
            made: None,
            passwords: Passwords::default(),
            next_ticket: 1,
            next_attempt: 1,
            interference: Interference::default(),
            affinities: BTreeSet::new(),
            roam_blocked: BlockList::default(),
            without_keys: None,
            committed: None,
            adds_links: AddsLinks::ByRequest,
            asked_for_links: BTreeMap::new(),
            several_links: None,
            reported: None,
            last_failure: None,
            freed: None,
        }
    }
}

/// How a link that an AP MLD brings back comes to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AddsLinks {
    /// The AP MLD is asked.
    ByRequest,
    /// By a new connection: this kernel does not add those that it had before.
    ByConnection,
    /// Not before the next connection: the kernel has no command for it, as Linux 6.12.
    Never,
}

impl Context {
    /// What would be thought of the BSSs of a network now.
    pub(super) fn judge(&self, network: &Network, now: Instant) -> Vec<Judged> {
        let preferences = self.settings.preferences;
        let policy = Policy { own: Some(self.address), preferences, ..Policy::at(now) };
        select::judge(&self.table, network, &self.radio, &self.history, &policy)
    }

    /// The same, of BSSs of the table that bear its name.
    pub(super) fn judge_among(&self, heard: &[&Bss], network: &Network, now: Instant) -> Vec<Judged> {
        let preferences = self.settings.preferences;
        let policy = Policy { own: Some(self.address), preferences, ..Policy::at(now) };
        select::judge_among(heard, &self.table, network, &self.radio, &self.history, &policy)
    }

    /// Whether a network could be joined now by this BSS, AP MLD or link: `Err` says why not, or nothing if it was
    /// not heard.
    pub(super) fn judge_at(
        &self,
        network: &Network,
        bssid: MacAddr,
        now: Instant,
    ) -> Result<(), Option<Rejection>> {
        let mut why = None;
        for judged in self.judge(&Network { bssid: Some(bssid), ..network.clone() }, now) {
            match judged.verdict {
                Verdict::Usable { .. } => return Ok(()),
                Verdict::Rejected(Rejection::OtherBssidWanted) => {}
                Verdict::Rejected(rejection) => why = Some(rejection),
            }
        }
        Err(why)
    }
}

/// One turn: the moment, what the station knows, what it may use, and what it wants done.
pub(super) struct Turn<'t> {
    pub now: Instant,
    pub context: &'t mut Context,
    pub means: Means<'t>,
    pub actions: &'t mut Vec<Action>,
}

impl Turn<'_> {
    /// Asks the kernel.
    pub(super) fn ask(&mut self, attempt: Option<AttemptId>, request: Request) -> Ticket {
        self.log(attempt, Entry::Asked { command: request.name(), detail: detail(&request) });
        self.ask_unsaid(attempt, request)
    }

    /// Asks the kernel what is asked so often that a timeline would consist of it.
    pub(super) fn ask_unsaid(&mut self, attempt: Option<AttemptId>, request: Request) -> Ticket {
        let number = self.context.next_ticket;
        self.context.next_ticket = number.saturating_add(1);
        let ticket = Ticket { attempt, number };
        self.actions.push(Action::Ask { ticket, request });
        ticket
    }

    /// The kernel's refusal of the one request that a state waits for. That it was accepted says nothing yet:
    /// its outcome is an event. The answer to another request is late.
    pub(super) fn refusal(
        &mut self,
        (awaited, command): (Ticket, &'static str),
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Option<Refusal> {
        if ticket != awaited {
            self.ignore(ticket.attempt, LATE);
            return None;
        }
        let refusal = outcome.err()?;
        self.log(awaited.attempt, Entry::Refused { command, refusal: refusal.clone() });
        Some(refusal)
    }

    /// Adds a line to the timeline.
    pub(super) fn log(&mut self, attempt: Option<AttemptId>, entry: Entry) {
        self.report(Report::Timeline(Record { at: self.now, attempt, entry }));
    }

    /// Adds what an access point answered to a request to be associated.
    pub(super) fn log_association(&mut self, journey: &Journey, name: &'static str, frame: &[u8]) {
        if let Ok(Management {
            body: Body::AssociationResponse(body) | Body::ReassociationResponse(body),
            ..
        }) = Management::parse(frame)
        {
            self.answered(journey.id, &journey.network.ssid, name, body.status);
        }
    }

    /// Says that something was not acted on.
    pub(super) fn ignore(&mut self, attempt: Option<AttemptId>, why: &'static str) {
        self.log(attempt, Entry::Ignored(why));
    }

    pub(super) fn report(&mut self, report: Report) {
        self.actions.push(Action::Report(report));
    }

    /// The number of a new attempt.
    pub(super) fn attempt(&mut self) -> AttemptId {
        let number = self.context.next_attempt;
        self.context.next_attempt = number.saturating_add(1);
        AttemptId(number)
    }
}

/// Which of its kind a request is, without anything secret.
fn detail(request: &Request) -> String {
    match request {
        Request::TriggerScan(scan) => match scan.frequencies.len() {
            0 => String::from("all channels"),
            1 => String::from("1 channel"),
            count => format!("{count} channels"),
        },
        Request::Authenticate(request) => {
            // The transaction of SAE is the first field of its data, little endian.
            let transaction = request.data.first().copied().unwrap_or(1);
            format!("{:?}, transaction {transaction}, {}", request.algorithm, request.bssid)
        }
        Request::Associate(request) => format!("{}", request.peer.address()),
        Request::Deauthenticate { peer, reason, local_only } => {
            format!("{peer}, reason {reason}{}", if *local_only { ", without a frame" } else { "" })
        }
        Request::SendKeyFrame { to, .. } => format!("{to}"),
        Request::InstallKey(key) => {
            let kind = match key.kind {
                KeyKind::Pairwise { .. } => "pairwise",
                KeyKind::Group => "group",
                KeyKind::Integrity => "integrity",
                KeyKind::Beacon => "beacon",
            };
            match key.link {
                Some(link) => format!("{kind} key {}, {}, link {link}", key.index, key.cipher),
                None => format!("{kind} key {}, {}", key.index, key.cipher),
            }
        }
        Request::UseKey { peer, index } => format!("{peer}, key {index}"),
        Request::AuthorizePort { peer } => format!("{peer}"),
        Request::Connect(request) => format!("{}", request.ssid),
        Request::Disconnect { reason } => format!("reason {reason}"),
        Request::AnswerExternalAuthentication { bssid, status, .. } => format!("{bssid}, status {status}"),
        Request::SetAddress { address } => format!("{address}"),
        Request::SetPmksa(Pmksa { peer, .. }) | Request::DeletePmksa { peer, .. } => format!("{peer}"),
        Request::ReconfigureLinks { add, remove } => {
            format!("{} links more, {} fewer", add.len(), remove.len())
        }
        Request::WatchSignal { thresholds_dbm, .. } => {
            let thresholds: Vec<_> = thresholds_dbm.iter().map(|dbm| format!("{dbm}")).collect();
            format!("{} dBm", thresholds.join(", "))
        }
        Request::FlushPmksas
        | Request::SendFrame { .. }
        | Request::AbortScan
        | Request::ReadScan
        | Request::ReadInterface
        | Request::ReadStations => String::new(),
    }
}

/// A try to be connected to a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Journey {
    pub id: AttemptId,
    pub network: Network,
    /// The one BSS or AP MLD by which to join it this time, if somebody has chosen one. The address of a link means
    /// the AP MLD by an association through that link.
    pub chosen: Option<MacAddr>,
    /// Somebody asked for it.
    pub asked: bool,
    /// It goes to another AP of the network, for this reason, as the station decided.
    pub roam: Option<RoamTrigger>,
    /// The connection that it leaves without a goodbye, while it is on the way from one AP to another.
    pub leaving: Option<Box<Leaving>>,
    /// The phase of the moment.
    pub phase: Phase,
    /// The channel of the chosen BSS was scanned again, as the kernel had forgotten it.
    pub rescanned: bool,
    /// The firmware was told to give up what it was busy with.
    pub freed: bool,
    /// The interface was asked to have the address that the network wants.
    pub addressed: bool,
}

impl Journey {
    /// Whether it leads into this network, with the same secret, and by no other BSS than is wanted.
    pub(super) fn is_to(&self, network: &Network, chosen: Option<MacAddr>) -> bool {
        self.network.is_same(network) && self.network.bssid == network.bssid && self.chosen == chosen
    }

    /// Enters a phase, unless it is in it.
    pub(super) fn enter(&mut self, turn: &mut Turn<'_>, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            turn.log(Some(self.id), Entry::Entered(phase));
        }
    }

    /// A failure in the phase of the moment.
    pub(super) fn failure(&self, code: Code) -> Failure {
        Failure { phase: self.phase, code }
    }
}
