//! What repeats is told once.

use super::{Lane, Line};
use lapwing_core::Duration;

/// The longest sequences that are recognised when they come again: short ones first, so that what repeats within
/// something that repeats is told once too.
const LONGEST: [usize; 2] = [6, 80];
/// What comes again sooner than this is no repetition but one matter: several keys, several links.
const SOON: Duration = Duration::from_millis(100);

/// A part of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A line.
    Line(Line),
    /// What is before came again.
    Again(Again),
}

/// What came again, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// How many lines it has, all told.
    pub(super) lines: usize,
    /// How often again.
    pub(super) times: usize,
    /// The shortest and the longest time from one beginning to the next.
    pub(super) apart: (Duration, Duration),
    /// The time between the last two beginnings, if those before had the same.
    pub(super) steady: Option<Duration>,
    /// When the last of them began and ended.
    pub(super) last: (Duration, Duration),
}

impl Part {
    /// When it begins.
    const fn begins(&self) -> Duration {
        match self {
            Self::Line(line) => line.at,
            Self::Again(again) => again.last.0,
        }
    }

    /// When it ends.
    const fn ends(&self) -> Duration {
        match self {
            Self::Line(line) => line.at,
            Self::Again(again) => again.last.1,
        }
    }

    /// The part without what differs from one time to the next: numbers and addresses.
    fn shape(&self) -> (Option<Lane>, Option<Lane>, String) {
        let Self::Line(line) = self else {
            return (None, None, String::from("again"));
        };
        let mut text = String::new();
        for word in line.said.text.split_inclusive(' ') {
            let is_number = word.chars().next().is_some_and(|first| first.is_ascii_digit());
            let is_address = word.matches(':').count() >= 5;
            if is_number || is_address { text.push('#') } else { text.push_str(word) }
        }
        (Some(line.said.from), line.said.to, text)
    }
}

/// Folds lines that repeat.
pub(super) fn fold(lines: &[Line]) -> Vec<Part> {
    let parts = join(lines).into_iter().map(Part::Line).collect();
    LONGEST.into_iter().fold(parts, |parts, longest| once(&parts, longest))
}

/// Joins equal lines that follow each other at once: a frame that is sent three times.
fn join(lines: &[Line]) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last) if last.said == line.said => last.times += 1,
            _ => joined.push(line.clone()),
        }
    }
    joined
}

/// Folds sequences of up to so many parts.
fn once(parts: &[Part], longest: usize) -> Vec<Part> {
    let shapes: Vec<_> = parts.iter().map(Part::shape).collect();
    let mut folded = Vec::new();
    let mut place = 0;
    while let Some(part) = parts.get(place) {
        let Some((length, times)) = repetition(&shapes, parts, place, longest) else {
            folded.push(part.clone());
            place += 1;
            continue;
        };
        // A repetition begins where something begins: after the longest pause within it.
        let pause = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| parts.get(before)).map(Part::ends);
            parts.get(place).map(Part::begins).zip(before).map(|(at, before)| at.saturating_sub(before))
        };
        let shift = (0..length)
            .max_by_key(|shift| (pause(place + length + shift), length - shift))
            .unwrap_or_default();
        let start = place + shift;
        let times = if shift == 0 { times } else { count(&shapes, start, length).max(times - 1) };
        folded.extend(parts.iter().skip(place).take(shift + length).cloned());
        folded.extend(again(parts, start, length, times).map(Part::Again));
        place = start + length * (times + 1);
    }
    folded
}

/// How often the sequence at a place comes again at once.
fn count<T: PartialEq>(shapes: &[T], place: usize, length: usize) -> usize {
    let Some((first, after)) = shapes.get(place..).and_then(|rest| rest.split_at_checked(length)) else {
        return 0;
    };
    after.chunks_exact(length).take_while(|chunk| *chunk == first).count()
}

/// The shortest sequence from here on that comes again at least twice more, and how often it does.
fn repetition<T: PartialEq>(
    shapes: &[T],
    parts: &[Part],
    place: usize,
    longest: usize,
) -> Option<(usize, usize)> {
    let rest = shapes.len().checked_sub(place)?;
    (1..=longest.min(rest / 3)).find_map(|length| {
        let times = count(shapes, place, length);
        let begins = |place| parts.get(place).map(Part::begins);
        let apart = begins(place + length).zip(begins(place)).map(|(next, one)| next.saturating_sub(one));
        (times >= 2 && apart.is_some_and(|apart| apart >= SOON)).then_some((length, times))
    })
}

fn again(parts: &[Part], place: usize, length: usize, times: usize) -> Option<Again> {
    let beginnings: Vec<Duration> =
        (0..=times).filter_map(|time| Some(parts.get(place + time * length)?.begins())).collect();
    let apart: Vec<Duration> = beginnings
        .iter()
        .zip(beginnings.iter().skip(1))
        .map(|(one, next)| next.saturating_sub(*one))
        .collect();
    let last = *apart.last()?;
    let before = apart.iter().rev().nth(1);
    let steady = before.is_none_or(|before| last.abs_diff(*before) <= last / 10).then_some(last);
    let ends = parts.get(place + length * (times + 1) - 1)?.ends();
    let lines = parts.iter().skip(place).take(length).map(|part| match part {
        Part::Line(_) => 1,
        Part::Again(again) => again.lines * again.times,
    });
    Some(Again {
        lines: lines.sum(),
        times,
        apart: (*apart.iter().min()?, *apart.iter().max()?),
        steady,
        last: (*beginnings.last()?, ends),
    })
}
