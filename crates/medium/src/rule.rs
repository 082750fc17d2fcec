//! Rules: which frames between which radios, and what becomes of them.

use crate::kind::FrameKind;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use lapwing_frames::MacAddr;

/// How many rules there may be. A test that adds more has lost count.
pub const MOST: usize = 1024;
/// How many octets a rule compares at most.
pub const LONGEST: usize = 128;
/// The longest delay: what is later than that is lost for every protocol here.
pub const LATEST: Duration = Duration::from_secs(10);
/// How strong frames arrive by themselves, in hundredths of dBm: as without a medium.
pub const USUAL_SIGNAL: i16 = -3000;

/// Which radios a rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum End {
    /// Every one.
    #[default]
    Any,
    /// As a destination: all at once, of a frame to a group. No radio is this.
    Group,
    /// The radio with this address: one of its own two, or of one of its interfaces or links.
    Radio(MacAddr),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Group => f.write_str("multicast"),
            Self::Radio(address) => fmt::Display::fmt(address, f),
        }
    }
}

impl FromStr for End {
    type Err = lapwing_frames::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "any" => Self::Any,
            "multicast" => Self::Group,
            _ => match text.parse()? {
                MacAddr::BROADCAST => Self::Group,
                address => Self::Radio(address),
            },
        })
    }
}

/// A rule. As it begins, it is about every frame and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who sends.
    pub source: End,
    /// Who hears.
    pub destination: End,
    /// Whether it is about the other direction too.
    pub bidirectional: bool,
    /// On which channel, in MHz; on all if none.
    pub frequency: Option<u32>,
    /// Which kind of frames.
    pub kind: Option<FrameKind>,
    /// What the frame begins with.
    pub prefix: Vec<u8>,
    /// What stands in the frame, and where.
    pub bytes: Vec<u8>,
    /// Where [`Self::bytes`] stand, counted from the frame's first octet.
    pub offset: u16,
    /// Of two rules about a frame that of the higher priority decides; of two with the same, the older one.
    pub priority: i16,
    /// For how many frames it is there still; for all if none.
    pub times: Option<u16>,
    /// Whether it is in force.
    pub enabled: bool,
    /// How strong the frame arrives, in hundredths of dBm.
    pub signal: Option<i16>,
    /// Whether the frame is lost.
    pub drop: bool,
    /// Whether an acknowledgement that goes this way is lost too when the frame is.
    pub drop_acknowledgement: bool,
    /// How many of a hundred are lost, by chance.
    pub loss: u8,
    /// How late the frame arrives.
    pub delay: Duration,
    /// Whether it arrives twice.
    pub duplicate: bool,
    /// Whether it arrives with a bit of its last octet changed.
    pub corrupt: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            source: End::Any,
            destination: End::Any,
            bidirectional: false,
            frequency: None,
            kind: None,
            prefix: Vec::new(),
            bytes: Vec::new(),
            offset: 0,
            priority: 0,
            times: None,
            enabled: true,
            signal: None,
            drop: false,
            drop_acknowledgement: true,
            loss: 0,
            delay: Duration::ZERO,
            duplicate: false,
            corrupt: false,
        }
    }
}

/// What becomes of a frame on its way to one radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// How strong it arrives, in hundredths of dBm.
    pub signal: i16,
    /// Whether it is lost.
    pub drop: bool,
    /// How many of a hundred are lost.
    pub loss: u8,
    /// How late it arrives.
    pub delay: Duration,
    /// Whether it arrives twice.
    pub duplicate: bool,
    /// Whether it arrives damaged.
    pub corrupt: bool,
}

impl Default for Effect {
    fn default() -> Self {
        Self {
            signal: USUAL_SIGNAL,
            drop: false,
            loss: 0,
            delay: Duration::ZERO,
            duplicate: false,
            corrupt: false,
        }
    }
}

/// A way that a frame or its acknowledgement takes.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The addresses of who sends.
    pub from: &'a [MacAddr],
    /// The addresses of who hears; none if it is a group that is asked for as such.
    pub to: Option<&'a [MacAddr]>,
    /// The octets of the frame.
    pub octets: &'a [u8],
    /// The channel, in MHz.
    pub frequency: u32,
    /// Whether it is the acknowledgement that goes this way.
    pub acknowledgement: bool,
}

impl Rule {
    /// Whether it is about this.
    #[must_use]
    pub fn fits(&self, way: &Way<'_>) -> bool {
        let forth = is(self.source, Some(way.from)) && is(self.destination, way.to);
        let back = self.bidirectional && is(self.source, way.to) && is(self.destination, Some(way.from));
        let offset = usize::from(self.offset);
        self.enabled
            && self.times != Some(0)
            && (forth || back)
            && self.frequency.is_none_or(|frequency| frequency == way.frequency)
            && self.kind.is_none_or(|kind| kind.fits(way.octets))
            && way.octets.starts_with(&self.prefix)
            && way.octets.get(offset..).unwrap_or_default().starts_with(&self.bytes)
    }

    /// Has its say, over rules that had theirs before.
    pub fn apply(&self, acknowledgement: bool, effect: &mut Effect) {
        effect.signal = self.signal.unwrap_or(effect.signal);
        if !acknowledgement || self.drop_acknowledgement {
            (effect.drop, effect.loss) = (self.drop, self.loss);
        }
        effect.delay = self.delay;
        (effect.duplicate, effect.corrupt) = (self.duplicate, self.corrupt);
    }
}

fn is(end: End, radio: Option<&[MacAddr]>) -> bool {
    match (end, radio) {
        (End::Any, _) | (End::Group, None) => true,
        (End::Radio(address), Some(addresses)) => addresses.contains(&address),
        (End::Group, Some(_)) | (End::Radio(_), None) => false,
    }
}

/// The rules that there are.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Numbered>,
    next: u32,
    /// Grows with every rule that is put in its place.
    placed: u64,
}

#[derive(Clone, Debug)]
struct Numbered {
    number: u32,
    placed: u64,
    rule: Rule,
}

impl Rules {
    /// Adds a rule; nothing if there are too many. Returns its number, which no other rule ever has.
    pub fn add(&mut self, rule: Rule) -> Option<u32> {
        let number = (self.rules.len() < MOST).then_some(self.next)?;
        self.next = self.next.saturating_add(1);
        let placed = self.place();
        self.rules.push(Numbered { number, placed, rule });
        self.sort();
        Some(number)
    }

    /// Changes a rule. False if there is none with this number.
    pub fn change(&mut self, number: u32, change: impl FnOnce(&mut Rule)) -> bool {
        let place = self.place();
        let Some(found) = self.rules.iter_mut().find(|found| found.number == number) else { return false };
        let before = found.rule.priority;
        change(&mut found.rule);
        if found.rule.priority != before {
            found.placed = place;
        }
        self.sort();
        true
    }

    /// Removes a rule. False if there is none with this number.
    pub fn remove(&mut self, number: u32) -> bool {
        let before = self.rules.len();
        self.rules.retain(|found| found.number != number);
        self.rules.len() != before
    }

    /// All rules with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Rule)> {
        self.rules.iter().map(|found| (found.number, &found.rule))
    }

    /// Lets every rule that is about this have its say, the one that decides last. Returns their numbers.
    pub fn judge(&self, way: &Way<'_>, effect: &mut Effect) -> Vec<u32> {
        let fitting = self.rules.iter().filter(|found| found.rule.fits(way));
        fitting
            .map(|found| {
                found.rule.apply(way.acknowledgement, effect);
                found.number
            })
            .collect()
    }

    /// Counts a frame that these rules were about.
    pub fn count(&mut self, numbers: &[u32]) {
        for found in self.rules.iter_mut().filter(|found| numbers.contains(&found.number)) {
            found.rule.times = found.rule.times.map(|times| times.saturating_sub(1));
        }
    }

    fn place(&mut self) -> u64 {
        self.placed = self.placed.saturating_add(1);
        self.placed
    }

    /// The one that decides last.
    fn sort(&mut self) {
        self.rules.sort_by_key(|found| (found.rule.priority, core::cmp::Reverse(found.placed)));
    }
}

#[cfg(test)]
mod tests;
