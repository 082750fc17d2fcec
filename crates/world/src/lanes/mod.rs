//! The timeline for people: one lane for each party, arrows between them, and what repeats told once.

mod draw;
mod repeat;
mod words;

pub(crate) use words::is_idle;
pub use words::named;

use crate::air::Transmission;
use crate::happening::{Happening, Lane, What};
use crate::scenario::Scenario;
use crate::world::START;
use lapwing_core::Duration;
use lapwing_core::radio::RadioKind;
use lapwing_frames::MacAddr;
use std::collections::BTreeMap;

/// How a line is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// As it is.
    Plain,
    /// It may be passed over.
    Faint,
    /// It is well.
    Good,
    /// It is not quite well.
    Fair,
    /// It is what went wrong.
    Bad,
    /// It stood in the kernel's log.
    Console,
}

/// Who is in the story: the name of each lane, and whose each address is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    names: BTreeMap<Lane, String>,
    addresses: BTreeMap<MacAddr, Lane>,
}

impl Cast {
    /// The cast of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let mut cast = Self::default();
        cast.name(Lane::Person, "person");
        cast.name(Lane::Station, scenario.policy.name());
        let kernel = match scenario.radio.kind {
            RadioKind::SoftMac => "kernel",
            _ => "kernel, firmware",
        };
        cast.name(Lane::Kernel, kernel);
        cast.name(Lane::Firmware, "firmware");
        cast.name(Lane::Attacker, "attacker");
        let alone = scenario.aps.len() == 1;
        for (place, ap) in scenario.aps.iter().enumerate() {
            let lane = Lane::Ap(u8::try_from(place).unwrap_or(u8::MAX));
            let name = if alone { format!("AP {}", ap.ssid) } else { format!("AP {place} {}", ap.ssid) };
            cast.name(lane, &name);
            for (_, bss) in ap.links.iter() {
                cast.addresses.insert(bss.bssid, lane);
            }
        }
        cast
    }

    fn name(&mut self, lane: Lane, name: &str) {
        self.names.insert(lane, name.to_owned());
    }

    /// The name of a lane.
    #[must_use]
    pub fn name_of(&self, lane: Lane) -> String {
        self.names.get(&lane).cloned().unwrap_or_else(|| format!("{lane:?}"))
    }

    /// The lane that a frame is for; none if it is for all.
    fn receiver(&self, from: Lane, frame: &Transmission) -> Option<Lane> {
        match self.addresses.get(&frame.receiver) {
            Some(lane) => Some(*lane),
            None if frame.receiver.is_group() => None,
            // Whatever its address is now.
            None if matches!(from, Lane::Ap(_) | Lane::Attacker) => Some(Lane::Kernel),
            None => None,
        }
    }

    /// The lane in which a frame of a sender is heard that is for nobody.
    const fn hearer(sender: Lane) -> Lane {
        match sender {
            Lane::Ap(_) | Lane::Attacker => Lane::Kernel,
            lane => lane,
        }
    }

    /// The lane that a frame came from: who tells may be who it did not reach.
    fn transmitter(&self, told_by: Lane, frame: &Transmission) -> Lane {
        match (self.addresses.get(&frame.transmitter), told_by) {
            (Some(lane), _) => *lane,
            (None, Lane::Attacker) => Lane::Attacker,
            (None, _) => Lane::Kernel,
        }
    }
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// Since the start.
    at: Duration,
    said: words::Said,
    /// How often in a row, if more than once.
    times: usize,
}

/// What the timeline is written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// How many characters a line has.
    pub width: usize,
    /// Whether there are colours.
    pub colour: bool,
    /// Whether there are characters beyond ASCII.
    pub unicode: bool,
}

impl Default for Paper {
    fn default() -> Self {
        Self { width: 100, colour: false, unicode: true }
    }
}

/// A timeline: it takes what happens, and is drawn at the end.
#[derive(Clone, Debug)]
pub struct Timeline {
    cast: Cast,
    lines: Vec<Line>,
    /// What the kernel's log said last: it says the same for each frame of SAE.
    logged: Option<words::Said>,
}

impl Timeline {
    /// One in which nothing has happened yet.
    #[must_use]
    pub const fn new(cast: Cast) -> Self {
        Self { cast, lines: Vec::new(), logged: None }
    }

    /// Takes what happened.
    pub fn take(&mut self, happening: &Happening) {
        if let Some(mut said) = words::said(&self.cast, happening) {
            // Names come from scenario files, and whatever a terminal obeys stays out.
            said.text = said.text.replace(char::is_control, "?");
            if matches!(happening.what, What::Console(_)) {
                if self.logged.as_ref() == Some(&said) {
                    return;
                }
                self.logged = Some(said.clone());
            }
            self.lines.push(Line { at: happening.at.since(START), said, times: 1 });
        }
    }

    /// The timeline as text: lanes as columns where the width allows it, else a line for each happening.
    #[must_use]
    pub fn draw(&self, paper: &Paper) -> String {
        draw::draw(&self.cast, &repeat::fold(&self.lines), paper)
    }
}

#[cfg(test)]
mod tests;
