//! The scan that runs, or does not: one at a time, whoever wants it.

use super::{context::Turn, vocabulary::Report};
use crate::{
    attempt::{AttemptId, Entry, Ticket},
    kernel::{Errno, Frequency, KernelEvent, Refusal, Reply, Request, ScanRequest},
    network::{Credentials, Network},
    scan::{Search, Stage},
    time::{Duration, Instant},
};
use alloc::vec::Vec;
use lapwing_frames::Ssid;

/// How long a scan of all channels may take: 40 channels of 110 ms passively, twice over, and a driver
/// that goes home in between.
const SCAN_LIMIT: Duration = Duration::from_secs(15);
/// When to ask a firmware again that is busy.
const BUSY_LIMIT: Duration = Duration::from_secs(2);
/// How long the kernel may take to answer a request at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How often to wait for another program's scan.
const TRIES: u8 = 3;

/// A scan and whom it serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job {
    request: ScanRequest,
    /// The part of all channels that this is, if it is one.
    stage: Option<Stage>,
    attempt: Option<AttemptId>,
    tries: u8,
    /// It was broken off for something more urgent: it has not been done.
    abandoned: bool,
    /// The interface came up since it was asked for: that it was down is no answer.
    outdated: bool,
}

/// What the survey of channels is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Survey {
    /// Nothing.
    #[default]
    Resting,
    /// A scan was asked for.
    Asking { ticket: Ticket, job: Job, until: Instant },
    /// It runs.
    Running { job: Job, until: Instant },
    /// Another program's scan runs; ours comes after it.
    Blocked { job: Job, until: Instant },
    /// The kernel's table is being read, at the end of a scan if there was one.
    Reading { ticket: Ticket, job: Option<Job>, until: Instant },
}

/// The end of a survey: the table is up to date, or the kernel refused.
pub(super) type Surveyed = Result<(), Refusal>;

impl Survey {
    pub(super) const fn is_resting(&self) -> bool {
        matches!(self, Self::Resting)
    }

    /// Whether a scan of ours is under way.
    pub(super) const fn is_scanning(&self) -> bool {
        match self {
            Self::Resting | Self::Reading { job: None, .. } => false,
            Self::Asking { .. } | Self::Running { .. } | Self::Blocked { .. } | Self::Reading { .. } => true,
        }
    }

    /// Until when the survey waits, and for what.
    pub(super) const fn deadline(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Resting => None,
            Self::Asking { until, .. } => Some((*until, "the kernel's answer to the scan")),
            Self::Running { until, .. } => Some((*until, "the end of the scan")),
            Self::Blocked { until, .. } => Some((*until, "the end of another program's scan")),
            Self::Reading { until, .. } => Some((*until, "the kernel's table of BSSs")),
        }
    }
}

impl Turn<'_> {
    /// Begins a scan, unless a survey is under way: whoever wants one has to come again at its end. Whether it
    /// has begun.
    pub(super) fn scan(
        &mut self,
        attempt: Option<AttemptId>,
        stage: Option<Stage>,
        request: ScanRequest,
    ) -> bool {
        let free = self.context.survey.is_resting();
        if free {
            self.trigger(Job { request, stage, attempt, tries: 0, abandoned: false, outdated: false });
        }
        free
    }

    /// Breaks off a scan that runs, as something more urgent waits for its end. The kernel may refuse that;
    /// then it ends as it would have.
    pub(super) fn abandon_scan(&mut self) {
        if let Survey::Asking { job, .. } | Survey::Running { job, .. } = &mut self.context.survey
            && !job.abandoned
        {
            job.abandoned = true;
            self.ask(None, Request::AbortScan);
        }
    }

    /// Reads the kernel's table, unless a survey is under way: then its end counts.
    pub(super) fn read_table(&mut self, attempt: Option<AttemptId>) {
        if self.context.survey.is_resting() {
            self.read(attempt, None);
        }
    }

    fn trigger(&mut self, mut job: Job) {
        job.tries += 1;
        job.outdated = false;
        self.log(job.attempt, Entry::Scanning { frequencies: job.request.frequencies.clone() });
        let ticket = self.ask(job.attempt, Request::TriggerScan(job.request.clone()));
        self.context.survey = Survey::Asking { ticket, job, until: self.now + ANSWER_LIMIT };
    }

    fn read(&mut self, attempt: Option<AttemptId>, job: Option<Job>) {
        let ticket = self.ask(attempt, Request::ReadScan);
        self.context.survey = Survey::Reading { ticket, job, until: self.now + ANSWER_LIMIT };
    }

    /// The end of a survey. The stage that it was is done for the person too who waits for all of them.
    fn surveyed(&mut self, job: Option<&Job>, outcome: Surveyed) -> Option<Surveyed> {
        self.context.survey = Survey::Resting;
        let wanted = &mut self.context.scan_wanted;
        if let Some(job) = job.filter(|job| !job.abandoned && !wanted.is_empty()) {
            match &outcome {
                Err(refusal) if refusal.errno != Errno::EINVAL => {
                    wanted.clear();
                    self.report(Report::ScanFailed(refusal.clone()));
                }
                // Of no use to the kernel by now, perhaps as the rules have changed: the other stages may be.
                Ok(()) | Err(_) => {
                    if job.stage.is_some_and(|stage| wanted.remove(&stage)) && wanted.is_empty() {
                        self.report(Report::Scanned);
                    }
                }
            }
        }
        Some(outcome)
    }

    /// Wants all channels scanned, or only some, for a person; with a name that is not announced, for that alone.
    pub(super) fn want_scan(&mut self, name: Option<Ssid>, frequencies: Vec<Frequency>) {
        self.context.sought =
            name.map(|ssid| Network { hidden: true, ..Network::new(ssid, Credentials::Open) });
        self.context.scan_only = frequencies;
        self.context.scan_wanted = Stage::SURVEY.into_iter().collect();
        self.context.person_scans = self.context.person_scans.wrapping_add(1);
    }

    /// Begins the next stage of the scan that a person waits for.
    pub(super) fn scan_for_person(&mut self, random_address: bool) {
        while let Some(&stage) = self.context.scan_wanted.first()
            && self.context.survey.is_resting()
        {
            let context = &*self.context;
            let search = Search {
                networks: match &context.sought {
                    Some(sought) => Vec::from([sought]),
                    None => {
                        // A person sees those as well that are not joined without being asked.
                        let (first, later): (Vec<_>, Vec<_>) =
                            context.networks.iter().partition(|network| network.autoconnect);
                        first.into_iter().chain(later).collect()
                    }
                },
                known: &context.networks,
                round: context.person_scans,
                random_address,
            };
            match search.stage(stage, &context.radio).and_then(|request| only(&context.scan_only, request)) {
                Some(request) => {
                    self.scan(None, Some(stage), request);
                }
                None => {
                    self.context.scan_wanted.pop_first();
                    if self.context.scan_wanted.is_empty() {
                        self.report(Report::Scanned);
                    }
                }
            }
        }
    }

    /// Takes the completion of a request of the survey. `Err` gives it back if it is not one.
    pub(super) fn survey_completed(
        &mut self,
        ticket: Ticket,
        outcome: Result<Reply, Refusal>,
    ) -> Result<Option<Surveyed>, Result<Reply, Refusal>> {
        match core::mem::take(&mut self.context.survey) {
            Survey::Asking { ticket: ours, job, .. } if ours == ticket => Ok(match outcome {
                Ok(_) => {
                    self.context.survey = Survey::Running { job, until: self.now + SCAN_LIMIT };
                    None
                }
                Err(refusal) => self.scan_refused(job, refusal),
            }),
            Survey::Reading { ticket: ours, job, .. } if ours == ticket => Ok(match outcome {
                Ok(Reply::Scan(entries)) => {
                    // What the kernel has forgotten cannot be joined.
                    let held = entries.iter().map(|entry| entry.bssid).collect();
                    self.context.table.retain(&held);
                    for entry in entries {
                        // What cannot be read is remembered by the table, with the reason.
                        let _ = self.context.table.insert(entry, self.now);
                    }
                    self.context.table_read = Some(self.now);
                    let bsss = u32::try_from(self.context.table.len()).unwrap_or(u32::MAX);
                    self.report(Report::Heard { bsss });
                    self.surveyed(job.as_ref(), Ok(()))
                }
                Ok(_) => self.surveyed(job.as_ref(), Ok(())),
                Err(refusal) => {
                    self.log(
                        ticket.attempt,
                        Entry::Refused { command: "GET_SCAN", refusal: refusal.clone() },
                    );
                    self.surveyed(job.as_ref(), Err(refusal))
                }
            }),
            survey => {
                self.context.survey = survey;
                Err(outcome)
            }
        }
    }

    fn scan_refused(&mut self, job: Job, refusal: Refusal) -> Option<Surveyed> {
        self.log(job.attempt, Entry::Refused { command: "TRIGGER_SCAN", refusal: refusal.clone() });
        match refusal.errno {
            Errno::EBUSY | Errno::EAGAIN if job.tries < TRIES => {
                // A firmware that is connecting says so by EAGAIN, and no event tells when it is done.
                let limit = if refusal.errno == Errno::EAGAIN { BUSY_LIMIT } else { SCAN_LIMIT };
                self.context.survey = Survey::Blocked { job, until: self.now + limit };
                None
            }
            // The kernel's word that it is up was faster than this answer, and comes once.
            Errno::ENETDOWN if job.outdated => {
                self.trigger(job);
                None
            }
            // Not while connected, says a kernel that believes otherwise than we do: then without.
            Errno::EOPNOTSUPP if job.request.random_address => {
                let request = ScanRequest { random_address: false, ..job.request.clone() };
                self.trigger(Job { request, ..job });
                None
            }
            _ => self.surveyed(Some(&job), Err(refusal)),
        }
    }

    /// Takes an event about scans.
    pub(super) fn survey_heard(&mut self, event: &KernelEvent) {
        match core::mem::take(&mut self.context.survey) {
            // The event may overtake the answer to the request.
            Survey::Asking { job, .. } | Survey::Running { job, .. }
                if !matches!(event, KernelEvent::ScanStarted) =>
            {
                self.read(job.attempt, Some(job));
            }
            Survey::Blocked { job, .. } if !matches!(event, KernelEvent::ScanStarted) => self.trigger(job),
            // Somebody else scanned: what was heard is worth having.
            Survey::Resting if matches!(event, KernelEvent::ScanDone { .. }) => self.read(None, None),
            survey => self.context.survey = survey,
        }
    }

    /// What becomes of the survey when its time is over.
    pub(super) fn survey_overdue(&mut self) -> Option<Surveyed> {
        match core::mem::take(&mut self.context.survey) {
            Survey::Resting => None,
            // The word of the end was lost, or the driver forgot the scan: what it heard counts.
            Survey::Asking { job, .. } | Survey::Running { job, .. } => {
                self.read(job.attempt, Some(job));
                None
            }
            Survey::Blocked { job, .. } => {
                self.trigger(job);
                None
            }
            Survey::Reading { job, .. } => self.surveyed(job.as_ref(), Err(SILENCE)),
        }
    }

    /// Events were lost: perhaps that of the end of the scan. It is asked for again; if it still runs, the
    /// kernel says so, and its end is waited for.
    pub(super) fn survey_in_doubt(&mut self) {
        match core::mem::take(&mut self.context.survey) {
            Survey::Running { job, .. } | Survey::Asking { job, .. } | Survey::Blocked { job, .. } => {
                self.trigger(Job { tries: 0, ..job });
            }
            survey @ (Survey::Resting | Survey::Reading { .. }) => self.context.survey = survey,
        }
    }

    /// The interface is up: a scan that was asked for before may yet be refused, as it was down.
    pub(super) fn survey_outdated(&mut self) {
        if let Survey::Asking { job, .. } = &mut self.context.survey {
            job.outdated = true;
        }
    }

    /// The interface is gone: so is its scan.
    pub(super) fn survey_dropped(&mut self) {
        self.context.survey = Survey::Resting;
        if !core::mem::take(&mut self.context.scan_wanted).is_empty() {
            self.report(Report::ScanFailed(Refusal { errno: Errno::ENETDOWN, message: None }));
        }
    }
}

/// What of a scan is on the channels that are wanted; nothing if it is all elsewhere.
fn only(wanted: &[Frequency], mut request: ScanRequest) -> Option<ScanRequest> {
    if !wanted.is_empty() {
        if request.frequencies.is_empty() {
            request.frequencies = wanted.to_vec();
        }
        request.frequencies.retain(|frequency| wanted.contains(frequency));
    }
    (wanted.is_empty() || !request.frequencies.is_empty()).then_some(request)
}

/// No answer in time.
const SILENCE: Refusal = Refusal { errno: Errno::ETIMEDOUT, message: None };
