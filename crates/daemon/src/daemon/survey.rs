//! An access point looks for other networks: it leaves its channel for that, and its clients miss what comes meanwhile.
//! Radios say whether they can.

use super::calls::{First, NO_INTERFACE, Wish, refused};
use super::modes::{NO_ACCESS_POINT, Role};
use super::{Daemon, Now};
use crate::control::{Answer, CallError, CallId};
use crate::hotspot::Phase;
use crate::kernel::{Command, Kernel, SurveyEvent};
use lapwing_core::attempt::Phase as Attempted;
use lapwing_core::kernel::{Errno, Refusal};
use lapwing_core::{Duration, Instant};
use tracing::debug;

/// How long a scan may take, of all channels and with the reading of what it found.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether an access point looks for other networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Survey {
    /// It does not.
    #[default]
    Idle,
    /// The kernel was asked.
    Asked { since: Instant },
    /// The kernel scans, or is asked what it found.
    Running { since: Instant },
}

impl Survey {
    pub(super) const fn is_running(self) -> bool {
        matches!(self, Self::Running { .. })
    }

    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Idle => None,
            Self::Asked { since } | Self::Running { since } => Some(since + PATIENCE),
        }
    }
}

impl<K: Kernel> Daemon<K> {
    pub(super) fn scan_as_access_point(&mut self, now: Now, id: CallId, ifindex: u32) -> First {
        let interface = self.interfaces.get_mut(&ifindex).ok_or(NO_INTERFACE)?;
        let Role::AccessPoint { hotspot, survey, .. } = &mut interface.role else {
            return Err(NO_ACCESS_POINT);
        };
        if hotspot.phase() != Phase::Started {
            return Err(CallError::NotAvailable("No hotspot is on the air. Start one first."));
        }
        if *survey != Survey::Idle {
            return Err(CallError::InProgress);
        }
        *survey = Survey::Asked { since: now.clock };
        self.desk.open(now, id, Wish::Scan { ifindex });
        self.kernel.perform(Command::ScanAsAccessPoint { ifindex });
        Ok(None)
    }

    /// What became of it.
    pub(super) fn surveyed(&mut self, now: Now, ifindex: u32, event: SurveyEvent) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let Role::AccessPoint { survey, .. } = &mut interface.role else { return };
        match (*survey, event) {
            (Survey::Asked { since }, SurveyEvent::Begun(Ok(()))) => {
                *survey = Survey::Running { since };
                self.answer_scan(ifindex, Ok(Answer::Done));
            }
            (Survey::Asked { .. }, SurveyEvent::Begun(Err(refusal))) => {
                *survey = Survey::Idle;
                self.answer_scan(ifindex, Err(cannot(&refusal)));
            }
            (Survey::Running { since }, SurveyEvent::Ended(outcome)) => {
                *survey = Survey::Idle;
                match outcome {
                    Ok(mut entries) => {
                        // The kernel has others of half a minute before, which nobody knows to be there still.
                        entries.retain(|entry| entry.age <= now.clock.since(since));
                        interface.station.take_over_table(entries, now.clock);
                    }
                    Err(refusal) => {
                        debug!("{}: what the access point heard is not told: {refusal}", interface.name);
                    }
                }
            }
            (Survey::Idle | Survey::Asked { .. } | Survey::Running { .. }, _) => {}
        }
        self.changed();
    }

    /// The kernel has been silent for too long; who asked is told by the desk.
    pub(super) fn survey_overdue(&mut self, now: Now, ifindex: u32) {
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        if let Role::AccessPoint { survey, .. } = &mut interface.role
            && survey.deadline().is_some_and(|until| until <= now.clock)
        {
            *survey = Survey::Idle;
            self.changed();
        }
    }

    fn answer_scan(&mut self, ifindex: u32, outcome: Result<Answer, CallError>) {
        let is_scan = |wish: &Wish| matches!(wish, Wish::Scan { ifindex: other } if *other == ifindex);
        for id in self.desk.which(is_scan) {
            self.desk.close(id, outcome.clone());
        }
    }
}

fn cannot(refusal: &Refusal) -> CallError {
    if refusal.errno == Errno::EOPNOTSUPP {
        let why = "The radio cannot leave its channel while it is an access point. Look for networks before it begins.";
        return CallError::NotSupported(why.to_owned());
    }
    refused(Attempted::Scan, "TRIGGER_SCAN", refusal)
}
