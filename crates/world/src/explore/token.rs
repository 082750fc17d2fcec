//! A schedule in one word, to be handed on.
//!
//! ```text
//! mutex@0.1.0:2a:0031~:9c01f3d2
//! │     │     │  │     └ what the states on the way were (32 bits)
//! │     │     │  └ the place of each step among the possible ones; ~: and then all settles
//! │     │     └ the seed, hexadecimal
//! │     └ the version that wrote it
//! └ the model
//! ```
//!
//! The places mean something only where the model is the one of before. That is not believed but checked: whoever
//! replays compares the states on the way with those of the recording.

use super::digest::mix64;
use super::{Model, Schedule, Violation};
use std::fmt;
use std::str::FromStr;

/// The version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A schedule of a model, as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    /// The name of the model: letters, digits, `-`, `_`, `.` and `+`.
    pub model: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// The seed of the model.
    pub seed: u64,
    places: Vec<u16>,
    settles: bool,
    trail: u32,
}

/// What a replay comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay<Step> {
    /// The steps are those that were recorded: they end so.
    Same(Schedule<Step>, Option<Violation>),
    /// Something went another way than when it was recorded: the model of then was another one.
    OtherModel {
        /// The version that recorded it.
        recorded: String,
        /// The version of this program.
        this: &'static str,
    },
}

impl Token {
    /// Writes down a schedule, each step of which is possible when its turn comes.
    pub fn record<M: Model>(
        model: &M,
        name: &str,
        seed: u64,
        schedule: &Schedule<M::Step>,
    ) -> Result<Self, NotPossible> {
        let mut places = Vec::with_capacity(schedule.steps.len());
        let mut state = model.start();
        for (number, step) in schedule.steps.iter().enumerate() {
            let place = model.steps(&state).iter().position(|possible| possible == step);
            places.push(place.and_then(|place| u16::try_from(place).ok()).ok_or(NotPossible(number))?);
            if model.take(&mut state, step).is_err() {
                break;
            }
        }
        let (trail, ..) = trail(model, &places, schedule.settles).ok_or(NotPossible(0))?;
        let version = VERSION.to_owned();
        Ok(Self { model: name.to_owned(), version, seed, places, settles: schedule.settles, trail })
    }

    /// Lets it happen again, on the model that it names.
    pub fn replay<M: Model>(&self, model: &M) -> Replay<M::Step> {
        match trail(model, &self.places, self.settles) {
            Some((trail, steps, violation)) if trail == self.trail => {
                Replay::Same(Schedule { steps, settles: self.settles }, violation)
            }
            _ => Replay::OtherModel { recorded: self.version.clone(), this: VERSION },
        }
    }
}

/// What a way is: its name, its steps and how it ends.
type Trail<Step> = (u32, Vec<Step>, Option<Violation>);

/// None if it is no way at all.
fn trail<M: Model>(model: &M, places: &[u16], settles: bool) -> Option<Trail<M::Step>> {
    let mut state = model.start();
    let mut name = mix64(model.digest(&state));
    let mut taken = Vec::with_capacity(places.len());
    let mut violation = None;
    for place in places {
        let steps = model.steps(&state);
        let step = steps.get(usize::from(*place)).filter(|_| violation.is_none())?;
        violation = model.take(&mut state, step).err();
        name = mix64(name.rotate_left(7) ^ model.digest(&state) ^ steps.len() as u64);
        taken.push(step.clone());
    }
    if settles && violation.is_none() {
        violation = model.settle(&mut state).err();
    }
    let rule = violation.as_ref().map_or("", |violation| violation.rule);
    name = rule.bytes().fold(name, |name, octet| mix64(name ^ u64::from(octet)));
    Some((name as u32, taken, violation))
}

/// A step of a schedule that cannot happen when its turn comes, by its place in the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPossible(pub usize);

impl fmt::Display for NotPossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} cannot happen there", self.0 + 1)
    }
}

impl std::error::Error for NotPossible {}

/// A place is a digit of base 36, with a capital letter before it for each 36 more.
fn write_place(f: &mut fmt::Formatter<'_>, place: u16) -> fmt::Result {
    let letter = |number: u16, first: u8| char::from(first.saturating_add(number as u8));
    let mut upper = place / 36;
    while upper > 0 {
        // Fewer letters for large places: each Z stands for 26.
        let part = upper.min(26);
        write!(f, "{}", letter(part - 1, b'A'))?;
        upper -= part;
    }
    match place % 36 {
        digit @ 0..10 => write!(f, "{digit}"),
        digit => write!(f, "{}", letter(digit - 10, b'a')),
    }
}

fn read_places(text: &str) -> Option<Vec<u16>> {
    let (mut places, mut upper) = (Vec::new(), 0_u16);
    for octet in text.bytes() {
        let digit = match octet {
            b'A'..=b'Z' => {
                upper = upper.checked_add(u16::from(octet - b'A') + 1)?;
                continue;
            }
            b'0'..=b'9' => octet - b'0',
            b'a'..=b'z' => octet - b'a' + 10,
            _ => return None,
        };
        places.push(upper.checked_mul(36)?.checked_add(digit.into())?);
        upper = 0;
    }
    (upper == 0).then_some(places)
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{:x}:", self.model, self.version, self.seed)?;
        for place in &self.places {
            write_place(f, *place)?;
        }
        let settles = if self.settles { "~" } else { "" };
        write!(f, "{settles}:{:08x}", self.trail)
    }
}

impl FromStr for Token {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let read = || {
            let (named, rest) = text.trim().split_once(':')?;
            let (model, version) = named.split_once('@')?;
            let mut parts = rest.split(':');
            let seed = u64::from_str_radix(parts.next()?, 16).ok()?;
            let places = parts.next()?;
            let (places, settles) = match places.strip_suffix('~') {
                Some(places) => (places, true),
                None => (places, false),
            };
            let places = read_places(places)?;
            let trail = u32::from_str_radix(parts.next()?, 16).ok()?;
            let is_whole = parts.next().is_none() && !model.is_empty() && !version.is_empty();
            let (model, version) = (model.to_owned(), version.to_owned());
            is_whole.then_some(Self { model, version, seed, places, settles, trail })
        };
        read().ok_or(NoToken)
    }
}

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoToken;

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no schedule: MODEL@VERSION:SEED:STEPS:TRAIL is expected")
    }
}

impl std::error::Error for NoToken {}
