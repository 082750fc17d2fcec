//! What repeats is told once.

use super::Line;
use lapwing_core::Duration;

/// The longest sequence of lines that is recognised when it comes again.
const LONGEST: usize = 80;

/// A part of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A line.
    Line(Line),
    /// The lines before came again, beginning at these moments after the first time.
    Again {
        /// How many lines.
        lines: usize,
        /// How often again.
        times: usize,
        /// The shortest and the longest time from one beginning to the next.
        apart: (Duration, Duration),
        /// The time between the last two beginnings, if those before had the same.
        steady: Option<Duration>,
        /// When the last of them ended.
        until: Duration,
    },
}

/// Folds lines that repeat.
pub(super) fn fold(lines: &[Line]) -> Vec<Part> {
    let joined = join(lines);
    let shapes: Vec<_> = joined.iter().map(shape).collect();
    let mut parts = Vec::new();
    let mut place = 0;
    while let Some(line) = joined.get(place) {
        match repetition(&shapes, place) {
            Some((length, times)) => {
                let end = place + length * (times + 1);
                parts.extend(joined.iter().skip(place).take(length).cloned().map(Part::Line));
                parts.extend(again(&joined, place, length, times));
                place = end;
            }
            None => {
                parts.push(Part::Line(line.clone()));
                place += 1;
            }
        }
    }
    parts
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

/// A line without what differs from one time to the next: numbers and addresses.
fn shape(line: &Line) -> (crate::Lane, Option<crate::Lane>, String) {
    let mut text = String::new();
    for word in line.said.text.split_inclusive(' ') {
        let is_number = word.chars().next().is_some_and(|first| first.is_ascii_digit());
        let is_address = word.matches(':').count() >= 5;
        if is_number || is_address { text.push('#') } else { text.push_str(word) }
    }
    (line.said.from, line.said.to, text)
}

/// The shortest sequence from here on that comes again at once at least twice more, and how often it does.
fn repetition<T: PartialEq>(shapes: &[T], place: usize) -> Option<(usize, usize)> {
    let rest = shapes.get(place..)?;
    (2..=LONGEST.min(rest.len() / 3)).find_map(|length| {
        let (first, after) = rest.split_at_checked(length)?;
        let times = after.chunks_exact(length).take_while(|chunk| *chunk == first).count();
        (times >= 2).then_some((length, times))
    })
}

fn again(lines: &[Line], place: usize, length: usize, times: usize) -> Option<Part> {
    let beginnings: Vec<Duration> =
        (0..=times).filter_map(|time| Some(lines.get(place + time * length)?.at)).collect();
    let apart: Vec<Duration> = beginnings
        .iter()
        .zip(beginnings.iter().skip(1))
        .map(|(one, next)| next.saturating_sub(*one))
        .collect();
    let (least, most) = (*apart.iter().min()?, *apart.iter().max()?);
    let last = *apart.last()?;
    let before = *apart.iter().rev().nth(1)?;
    let steady = (last.abs_diff(before) <= last / 10).then_some(last);
    let until = lines.get(place + length * (times + 1) - 1)?.at;
    Some(Part::Again { lines: length, times, apart: (least, most), steady, until })
}
