//! An access point that looks for other networks: a scan, and then what the kernel knows.

use crate::kernel::{Heard, SurveyEvent};
use crate::linux::{Linux, Purpose};
use lapwing_core::kernel::{Errno, Refusal, Reply, Request};
use lapwing_linux::nl80211;

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Survey {
    /// Nothing is looked for: what others scan is theirs.
    #[default]
    Idle,
    /// The kernel was asked to scan.
    Asked,
    /// It scans.
    Running,
    /// It was asked what it heard.
    Reading,
}

impl Linux {
    pub(in crate::linux) fn scan_as_access_point(&mut self, ifindex: u32) {
        let Some(running) = self.access_points.running.get_mut(&ifindex) else {
            let refusal = Refusal { errno: Errno::ENODEV, message: None };
            return self.told(ifindex, SurveyEvent::Begun(Err(refusal)));
        };
        running.survey = Survey::Asked;
        self.ask(&nl80211::Request::ScanAsAccessPoint { ifindex }, Purpose::Survey { ifindex });
    }

    /// The kernel has answered.
    pub(in crate::linux) fn answered_survey(
        &mut self,
        ifindex: u32,
        result: Result<nl80211::Reply, Refusal>,
    ) {
        let Some(running) = self.access_points.running.get_mut(&ifindex) else { return };
        let event = match (running.survey, result) {
            (Survey::Asked, Ok(_)) => {
                running.survey = Survey::Running;
                SurveyEvent::Begun(Ok(()))
            }
            (Survey::Asked, Err(refusal)) => {
                running.survey = Survey::Idle;
                SurveyEvent::Begun(Err(refusal))
            }
            (Survey::Reading, result) => {
                running.survey = Survey::Idle;
                SurveyEvent::Ended(result.map(|reply| match reply {
                    nl80211::Reply::Station(Reply::Scan(entries)) => entries,
                    _ => Vec::new(),
                }))
            }
            (Survey::Idle | Survey::Running, _) => return,
        };
        self.told(ifindex, event);
    }

    /// A scan has ended.
    pub(super) fn survey_done(&mut self, ifindex: u32) {
        if let Some(running) = self.access_points.running.get_mut(&ifindex)
            && running.survey == Survey::Running
        {
            running.survey = Survey::Reading;
            let request = nl80211::Request::Station { ifindex, request: Request::ReadScan };
            self.ask(&request, Purpose::Survey { ifindex });
        }
    }

    fn told(&mut self, ifindex: u32, event: SurveyEvent) {
        self.heard.push_back(Heard::Surveyed { ifindex, event });
    }
}
