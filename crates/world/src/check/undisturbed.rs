//! What must be where nobody interferes: nothing is lost, late or broken, and a person only asks.

use super::keys::is_end;
use super::{Rule, Sight, told};
use crate::happening::{Happening, What};
use crate::parts::Message;
use lapwing_core::attempt::{Entry, Record};
use lapwing_core::failure::{Code, Failure};
use lapwing_core::kernel::KernelEvent;
use lapwing_core::station::Report;
use lapwing_core::{Duration, Instant};
use std::collections::BTreeMap;

/// How soon after it is connected a station's data must have come through.
const SOON: Duration = Duration::from_secs(1);

/// The kernel does whatever the station asks of it.
///
/// What was asked before the station could know that the connection, the attempt or the scan has ended may be refused,
/// as for keys ([`RefusedKey`](super::RefusedKey)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RefusedCommand {
    /// How many requests the station has made: the number of the last.
    asked: u64,
    /// Requests up to this number were made before the station was told of an end.
    outdated: u64,
    /// Requests to end a scan up to this number were made before the station was told that it has ended.
    scanned: u64,
    /// What was refused, and the station has not been told yet.
    refused: BTreeMap<u64, &'static str>,
    /// What it was told of in this step.
    seen: Option<String>,
}

impl Rule for RefusedCommand {
    const NAME: &'static str = "no-refused-command";
    const SENTENCE: &'static str = "undisturbed, the kernel refuses nothing that the station asks of it";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Reported(Report::Timeline(record)) if matches!(record.entry, Entry::Asked { .. }) => {
                self.asked += 1;
            }
            What::Refused { ticket, command, .. } => drop(self.refused.insert(ticket.number, command)),
            What::Told(Message::Completed { ticket, outcome: Err(refusal) }) => {
                let Some(command) = self.refused.remove(&ticket.number) else { return Ok(()) };
                let excused = if command == "ABORT_SCAN" { self.scanned } else { self.outdated };
                if ticket.number > excused {
                    self.seen = Some(format!("{command} was refused: {refusal}"));
                }
            }
            _ if matches!(told(happening), Some(KernelEvent::ScanDone { .. } | KernelEvent::ScanAborted)) => {
                self.scanned = self.asked;
            }
            _ if is_end(happening)
                || matches!(told(happening), Some(KernelEvent::AuthenticationTimedOut { .. })) =>
            {
                self.outdated = self.asked;
            }
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        judge(&mut self.seen, sight)
    }
}

/// The first attempt at what somebody wants succeeds, and the connection lasts until somebody wants another. A cached key
/// that is refused counts too, although the attempt goes on without it; but on the way to another access point, where it
/// may be that of the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FirstAttempt {
    /// A connection is on its way to another access point.
    on_the_way: bool,
    /// What failed in this step.
    failed: Option<String>,
}

impl Rule for FirstAttempt {
    const NAME: &'static str = "first-attempt";
    const SENTENCE: &'static str = "undisturbed, no attempt fails and no connection is lost";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        let What::Reported(report) = &happening.what else { return Ok(()) };
        match report {
            Report::Timeline(Record { entry: Entry::Way { .. }, .. }) => self.on_the_way = true,
            Report::Connected(_) | Report::Roamed(_) => self.on_the_way = false,
            _ => {}
        }
        let why: Option<&Failure> = match report {
            Report::Timeline(Record { entry: Entry::Failed(why), .. })
                if self.on_the_way && why.code == Code::PmksaRefused =>
            {
                None
            }
            Report::Failed { why, .. } | Report::Disconnected { why, .. } => Some(why),
            Report::Timeline(Record { entry: Entry::Failed(why), .. }) => Some(why),
            _ => None,
        };
        if let Some(why) = why.filter(|why| why.code != Code::Asked) {
            self.failed = Some(format!("an attempt or a connection failed: {why}"));
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        judge(&mut self.failed, sight)
    }
}

/// Who is connected has a network that carries data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PromptTraffic {
    /// Since when the station is connected, and its data has not come back.
    silent: Option<Instant>,
}

impl Rule for PromptTraffic {
    const NAME: &'static str = "prompt-traffic";
    const SENTENCE: &'static str = "undisturbed, data passes within a second of being connected";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match &happening.what {
            What::Reported(Report::Connected(_)) => self.silent = Some(happening.at),
            What::Reported(Report::Disconnected { .. }) => self.silent = None,
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.is_online || !sight.undisturbed {
            self.silent = None;
        }
        match self.silent {
            Some(since) if sight.now.since(since) > SOON => {
                Err(String::from("it is connected, and nothing has come through for a second"))
            }
            _ => Ok(()),
        }
    }
}

/// What happened in this step is wrong only if nobody has interfered.
fn judge(what: &mut Option<String>, sight: &Sight<'_>) -> Result<(), String> {
    match what.take().filter(|_| sight.undisturbed) {
        Some(what) => Err(what),
        None => Ok(()),
    }
}
