//! Scenarios: what a world consists of, and what is to happen in it, as plain data.
//!
//! A scenario is a TOML file; `docs/scenarios.md` says what can be in it. Some are built in.

mod builtin;
mod file;
mod radio;
mod read;
mod script;
mod stations;

pub use file::ScenarioError;
pub(crate) use radio::channel;
pub use radio::{RadioSetup, kind_name};

use crate::ap::ApSetup;
use crate::attacker::Powers;
use crate::habit::Habits;
use crate::party::Policy;
use crate::person::{At, Deed, Fault};
use lapwing_core::Duration;
use lapwing_core::network::Network;
use lapwing_frames::Ssid;

/// What a world consists of, and what is to happen in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// Who sits where the station sits.
    pub policy: Policy,
    /// The radio.
    pub radio: RadioSetup,
    /// The habits of kernel and firmware. Those of access points are in their setups.
    pub habits: Habits,
    /// The access points.
    pub aps: Vec<ApSetup>,
    /// The networks that the party knows.
    pub networks: Vec<Network>,
    /// Whether the party joins them unasked.
    pub autoconnect: bool,
    /// What the person does, in this order.
    pub person: Vec<At<Deed>>,
    /// What goes wrong: each once, in any order.
    pub faults: Vec<At<Fault>>,
    /// How the air is in a timed run.
    pub air: AirSetup,
    /// What the attacker may do.
    pub attacker: Powers,
    /// How much may go wrong by an explorer's choice.
    pub budget: Budget,
    /// How long after the last that goes wrong or is wanted the expectation must be met, in a timed run.
    pub bound: Duration,
    /// What must be at last.
    pub expect: Expectation,
}

impl Scenario {
    /// Reads the text of a scenario file. The file's name is for errors, and names the scenario.
    ///
    /// # Errors
    /// If it is no TOML, a key is unknown or has the wrong type, or things do not go together: with file, line
    /// and key.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        read::read(file::File { name: file, text })
    }

    /// The built-in scenario with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = builtin::FILES.iter().find(|(known, _)| *known == name)?;
        // A test reads all of them.
        Self::parse(name, text).ok()
    }

    /// The names of the built-in scenarios.
    pub fn names() -> impl Iterator<Item = &'static str> {
        builtin::FILES.iter().map(|(name, _)| *name)
    }
}

/// How the air is in a timed run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AirSetup {
    /// The shortest time that a frame is under way.
    pub delay_least: Duration,
    /// The longest.
    pub delay_most: Duration,
    /// How many of a hundred frames are lost.
    pub loss: u8,
    /// How many of a hundred frames arrive twice.
    pub duplicates: u8,
    /// When it becomes calm: nothing is lost or doubled any more. Never if none.
    pub calm_after: Option<Duration>,
}

impl Default for AirSetup {
    fn default() -> Self {
        Self {
            delay_least: Duration::from_micros(200),
            delay_most: Duration::from_millis(2),
            loss: 0,
            duplicates: 0,
            calm_after: None,
        }
    }
}

/// How often something may go wrong by choice in one schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Budget {
    /// Frames lost.
    pub losses: u8,
    /// Frames that arrive twice.
    pub duplicates: u8,
    /// Deadlines that come while something is under way: it is delayed beyond them.
    pub delays: u8,
    /// Faults of the list that happen.
    pub faults: u8,
    /// Frames of the attacker.
    pub attacks: u8,
}

/// What must be at last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// The party is connected to this network, or to any of the known ones, and its probe comes back.
    Connected(Option<Ssid>),
    /// The party is not connected.
    Disconnected,
}

#[cfg(test)]
mod tests;
