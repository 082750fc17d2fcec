//! A way from one access point to another: one at a time, and never the end of what was there before.

use super::{Rule, Sight};
use crate::happening::{Happening, Lane, What};
use crate::parts::Message;
use lapwing_core::attempt::{AttemptId, Entry, Record};
use lapwing_core::failure::Code;
use lapwing_core::kernel::KernelEvent;
use lapwing_core::station::{Report, Summary};
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;

/// A roam leads there or back: it never ends the connection if the access point of before is still there. There are never
/// two at once, and it is one attempt with the connection, so that addresses stay.
///
/// The access point of before is there unless something befell it since the roam began, a frame between the two was
/// lost, events were lost, somebody interfered, or time passed while something was under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeptByRoam {
    /// The connection: its attempt and its access point.
    connection: Option<(AttemptId, MacAddr)>,
    way: Option<OnTheWay>,
    /// Who is where, as frames have shown.
    places: BTreeMap<u8, MacAddr>,
    /// What was seen in this step that only lateness can excuse.
    seen: Option<String>,
}

/// A roam that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct OnTheWay {
    from: MacAddr,
    to: MacAddr,
    /// The access point of before may not be there any more.
    excused: bool,
}

impl KeptByRoam {
    fn excuse(&mut self, concerns: impl FnOnce(MacAddr) -> bool) {
        if let Some(way) = self.way.as_mut().filter(|way| concerns(way.from)) {
            way.excused = true;
        }
    }

    fn reported(&mut self, report: &Report) -> Result<(), String> {
        match report {
            Report::Connected(connected) => {
                self.connection = Some((connected.attempt, connected.peer));
                self.way = None;
            }
            Report::Roamed(connected) => {
                let before = self.connection.replace((connected.attempt, connected.peer));
                self.way = None;
                if before.is_none_or(|(attempt, _)| attempt != connected.attempt) {
                    return Err(format!("{} is reached by another attempt", connected.peer));
                }
            }
            Report::Disconnected { why, .. } => {
                self.connection = None;
                if let Some(way) = self.way.take().filter(|way| !way.excused && why.code != Code::Asked) {
                    let (from, to) = (way.from, way.to);
                    self.seen = Some(format!("on the way from {from} to {to} the connection ended: {why}"));
                }
            }
            Report::Timeline(Record { entry: Entry::Way { to, .. }, .. }) => {
                match (self.way, self.connection) {
                    (Some(way), _) if way.from != *to && way.to != *to => {
                        return Err(format!("on the way from {} to {} it goes to {to}", way.from, way.to));
                    }
                    (None, Some((_, from))) => {
                        self.way = Some(OnTheWay { from, to: *to, excused: false });
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Rule for KeptByRoam {
    const NAME: &'static str = "kept-by-roam";
    const SENTENCE: &'static str = "a roam leads to one access point at a time, and ends no connection whose access point is still there";

    fn happened(&mut self, happening: &Happening) -> Result<(), String> {
        match (&happening.what, happening.lane) {
            (What::Reported(report), _) => return self.reported(report),
            (What::Sent(frame), Lane::Ap(place)) => {
                self.places.insert(place, frame.transmitter);
            }
            (What::Lost(frame) | What::Missed(frame), _) => {
                self.excuse(|from| frame.transmitter == from || frame.receiver == from);
            }
            (What::Note(_), Lane::Ap(place)) => {
                let befallen = self.places.get(&place).copied();
                self.excuse(|from| befallen.is_none_or(|befallen| befallen == from));
            }
            (_, Lane::Attacker)
            | (What::Told(Message::EventsLost), _)
            | (What::Told(Message::Event(KernelEvent::InterfaceDown | KernelEvent::InterfaceRemoved)), _) => {
                self.excuse(|_| true);
            }
            _ => {}
        }
        Ok(())
    }

    fn seen(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        // Another access point was only asked, by way of the one that we are with.
        if let Summary::Connected { .. } = sight.summary {
            self.way = None;
        }
        match self.seen.take().filter(|_| !sight.late && !sight.asleep) {
            Some(seen) => Err(seen),
            None => Ok(()),
        }
    }
}
