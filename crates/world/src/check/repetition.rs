//! No attempt repeats a failed one on the same input.

use super::Rule;
use crate::happening::{Happening, What};
use crate::parts::Command;
use lapwing_core::attempt::{Cause, Entry};
use lapwing_core::failure::Code;
use lapwing_core::kernel::Request;
use lapwing_core::station::Report;
use lapwing_core::{Duration, Instant};
use lapwing_frames::{LinkId, MacAddr};

/// How much later an attempt must be to count as another one, with nothing else changed.
const LATER: Duration = Duration::from_millis(500);

/// What an attempt went in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Input {
    bssid: MacAddr,
    links: Vec<LinkId>,
    cached_pmksa: bool,
}

/// An attempt after a failed one differs from it: by another access point, other links, without the cached
/// PMKSA, after a scan or a farewell, or some time later. A cached PMKSA that an access point has refused is never
/// used with it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SameInput {
    /// What the attempt of the moment went in with.
    current: Option<Input>,
    /// What the last one that failed went in with, and when.
    failed: Option<(Input, Instant)>,
    /// Whether the kernel was asked for a scan, or to leave, since then.
    refreshed: bool,
    /// The access points that refused a cached PMKSA, until one was joined by SAE.
    refused: Vec<MacAddr>,
}

impl Rule for SameInput {
    const NAME: &'static str = "no-same-input";
    const SENTENCE: &'static str = "no attempt repeats a failed one on the same input";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Asked { command: Command::Request(request), .. } => {
                self.refreshed |= matches!(
                    request,
                    Request::TriggerScan(_) | Request::Deauthenticate { .. } | Request::Disconnect { .. }
                );
            }
            What::Reported(Report::Timeline(record)) => match &record.entry {
                // A wish, or a network that was found, is reason enough to try again.
                Entry::Began {
                    cause: Cause::Asked | Cause::Automatic | Cause::Lost | Cause::Roam(_),
                    ..
                } => self.failed = None,
                Entry::Chosen { bssid, links, cached_pmksa, .. } => {
                    let input = Input { bssid: *bssid, links: links.clone(), cached_pmksa: *cached_pmksa };
                    if *cached_pmksa && self.refused.contains(bssid) {
                        return Err(format!("{bssid} refused a cached PMKSA and gets one again"));
                    }
                    if let Some((failed, at)) = &self.failed
                        && *failed == input
                        && !self.refreshed
                        && happening.at.since(*at) < LATER
                    {
                        return Err(format!("{bssid} again, with nothing changed"));
                    }
                    self.current = Some(input);
                }
                Entry::Failed(failure) => {
                    let Some(input) = self.current.take() else { return Ok(()) };
                    if failure.code == Code::PmksaRefused && !self.refused.contains(&input.bssid) {
                        self.refused.push(input.bssid);
                    }
                    if matches!(failure.code, Code::Asked | Code::InterfaceDown | Code::InterfaceRemoved) {
                        return Ok(());
                    }
                    // The same attempt goes on, without the PMKSA and without another choice.
                    let goes_on = failure.code == Code::PmksaRefused;
                    let now = Input { cached_pmksa: false, ..input.clone() };
                    self.current = goes_on.then_some(now);
                    if !goes_on {
                        self.failed = Some((input, happening.at));
                        self.refreshed = false;
                    }
                }
                _ => {}
            },
            What::Reported(Report::Connected(_) | Report::Roamed(_)) => {
                self.failed = None;
                if let Some(input) = self.current.take()
                    && !input.cached_pmksa
                {
                    self.refused.retain(|bssid| *bssid != input.bssid);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
