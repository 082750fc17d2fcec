//! Lanes drawn with characters.

use super::repeat::{Again, Part};
use super::{Cast, Line, Paper, Tone};
use crate::happening::Lane;
use core::fmt::Write;
use lapwing_core::Duration;
use std::collections::BTreeSet;

/// The width of the column of times, its gap included.
const TIMES: usize = 11;
/// The distance from the person's lane to the next: no arrow begins there.
const PERSON: usize = 8;
/// What is left for the last lane, to the right of its bar.
const LAST: usize = 12;
/// The shortest distance between two lanes that are drawn as columns.
const NARROWEST: usize = 22;
/// The longest.
const WIDEST: usize = 46;

/// The characters of a drawing.
struct Glyphs {
    bar: char,
    dash: char,
    right: char,
    left: char,
    dot: char,
    ellipsis: &'static str,
}

const UNICODE: Glyphs =
    Glyphs { bar: '│', dash: '─', right: '▶', left: '◀', dot: '●', ellipsis: "…" };
const ASCII: Glyphs = Glyphs { bar: '|', dash: '-', right: '>', left: '<', dot: '*', ellipsis: "..." };

/// Draws a timeline.
pub(super) fn draw(cast: &Cast, parts: &[Part], paper: &Paper) -> String {
    let lanes = lanes(parts);
    let glyphs = if paper.unicode { &UNICODE } else { &ASCII };
    let (columns, drawn) = columns(&lanes, paper.width);
    let sheet = Sheet { cast, columns, glyphs, paper };
    let mut out = String::new();
    if drawn {
        sheet.heading(&mut out);
    }
    for part in parts {
        match part {
            Part::Line(line) if drawn => sheet.line(&mut out, line),
            Part::Line(line) => sheet.tagged(&mut out, line),
            Part::Again(again) => {
                let text = format!("{} {}", glyphs.ellipsis, repeated(again));
                let _ = writeln!(out, "{:TIMES$}{}", "", sheet.paint(Tone::Fair, &text));
            }
        }
    }
    out
}

/// How often something came again, and when.
fn repeated(again: &Again) -> String {
    let Again { lines, times, apart, steady, last } = again;
    let what = if *lines == 1 { "again" } else { "the same again" };
    let apart = match steady {
        Some(steady) if apart.1.abs_diff(apart.0) <= apart.1 / 10 => format!("every {}", seconds(*steady)),
        Some(steady) => format!("first after {}, at last every {}", seconds(apart.0), seconds(*steady)),
        None => format!("{} to {} apart", seconds(apart.0), seconds(apart.1)),
    };
    format!("{what} {apart}, {}, until {} s", counted(*times), clock(last.1).trim_start())
}

fn counted(times: usize) -> String {
    match times {
        1 => String::from("once"),
        2 => String::from("twice"),
        times => format!("{times} times"),
    }
}

/// The lanes in which something happens, in their order.
fn lanes(parts: &[Part]) -> Vec<Lane> {
    let lines = parts.iter().filter_map(|part| match part {
        Part::Line(line) => Some(line),
        Part::Again(_) => None,
    });
    let used: BTreeSet<Lane> =
        lines.flat_map(|line| [Some(line.said.from), line.said.to]).flatten().collect();
    used.into_iter().collect()
}

/// Where the bar of each lane stands, and whether there is room for columns.
fn columns(lanes: &[Lane], width: usize) -> (Vec<(Lane, usize)>, bool) {
    let has_person = lanes.first() == Some(&Lane::Person);
    let person = if has_person { PERSON } else { 0 };
    let gaps = lanes.len().saturating_sub(if has_person { 2 } else { 1 });
    let room = width.saturating_sub(TIMES + 1 + person + LAST);
    let gap = room.checked_div(gaps).unwrap_or(WIDEST).min(WIDEST);
    let mut column = TIMES + 1;
    let mut columns = Vec::new();
    for lane in lanes {
        columns.push((*lane, column));
        column += if *lane == Lane::Person { person } else { gap };
    }
    (columns, gap >= NARROWEST)
}

/// A time span for people.
pub(super) fn seconds(span: Duration) -> String {
    let tenths = (span.as_millis() + 50) / 100;
    match tenths {
        0..10 => format!("0.{tenths} s"),
        _ => format!("{} s", (tenths + 5) / 10),
    }
}

fn clock(at: Duration) -> String {
    format!("{:>5}.{:03}", at.as_secs(), at.subsec_millis())
}

struct Sheet<'a> {
    cast: &'a Cast,
    /// The lanes and where their bars stand.
    columns: Vec<(Lane, usize)>,
    glyphs: &'a Glyphs,
    paper: &'a Paper,
}

impl Sheet<'_> {
    fn column(&self, lane: Lane) -> usize {
        let found = self.columns.iter().find(|(other, _)| *other == lane);
        found.map_or(TIMES, |(_, column)| *column)
    }

    fn heading(&self, out: &mut String) {
        let mut row = Row::blank(self.paper.width);
        let ends = self.columns.iter().skip(1).map(|(_, column)| *column).chain([self.paper.width]);
        for ((lane, column), end) in self.columns.iter().zip(ends) {
            let room = end.saturating_sub(column + 1);
            let name: String = self.cast.name_of(*lane).chars().take(room).collect();
            row.write(*column, &name);
        }
        let _ = writeln!(out, "{}", self.paint(Tone::Good, row.text().trim_end()));
    }

    /// A row with nothing but the bars.
    fn bars(&self) -> Row {
        let mut row = Row::blank(self.paper.width);
        for (_, column) in &self.columns {
            row.put(*column, self.glyphs.bar);
        }
        row
    }

    fn line(&self, out: &mut String, line: &Line) {
        let text = worded(line);
        match line.said.to.filter(|to| *to != line.said.from) {
            Some(to) => self.arrow(out, line, to, &text),
            None => self.remark(out, line, &text),
        }
    }

    fn arrow(&self, out: &mut String, line: &Line, to: Lane, text: &str) {
        let (from, to) = (self.column(line.said.from), self.column(to));
        let (left, right) = (from.min(to), from.max(to));
        let length = text.chars().count();
        let inside = right.saturating_sub(left + 1);
        let mut row = self.bars();
        for column in left + 1..right {
            row.put(column, self.glyphs.dash);
        }
        if to > from {
            row.put(right - 1, self.glyphs.right)
        } else {
            row.put(left + 1, self.glyphs.left)
        }
        // On the arrow if there is room, else behind it, else above it.
        if length + 4 <= inside {
            row.write(left + (inside - length) / 2, &format!(" {text} "));
            self.row(out, Some(line.at), line.said.tone, &row);
        } else if right + 2 + length < self.paper.width {
            row.write(right + 1, &format!(" {text}"));
            self.row(out, Some(line.at), line.said.tone, &row);
        } else {
            let start = left + 2;
            let room = self.paper.width.saturating_sub(start);
            for (place, piece) in wrap(text, room).iter().enumerate() {
                let mut above = self.bars();
                above.write(start, piece);
                self.row(out, (place == 0).then_some(line.at), line.said.tone, &above);
            }
            self.row(out, None, line.said.tone, &row);
        }
    }

    /// Something that stays in its lane: to the right of the bar, or where there is more room.
    fn remark(&self, out: &mut String, line: &Line, text: &str) {
        let column = self.column(line.said.from);
        let (right, left) = (self.paper.width.saturating_sub(column + 2), column.saturating_sub(TIMES + 1));
        let length = text.chars().count();
        if line.said.tone == Tone::Console
            && length > right
            && length + 2 < self.paper.width.saturating_sub(TIMES)
        {
            // Whoever searches for the words of the kernel's log finds them in one piece.
            let mut row = self.bars();
            let start = self.paper.width - length;
            row.write(start - 2, &format!("{} {text}", self.glyphs.dot));
            return self.row(out, Some(line.at), line.said.tone, &row);
        }
        let to_the_left = right < 30 && left > right;
        let pieces = wrap(text, if to_the_left { left } else { right });
        for (place, piece) in pieces.iter().enumerate() {
            let mut row = self.bars();
            row.put(column, self.glyphs.dot);
            let length = piece.chars().count();
            row.write(if to_the_left { column.saturating_sub(length + 1) } else { column + 2 }, piece);
            if place > 0 {
                row.put(column, self.glyphs.bar);
            }
            self.row(out, (place == 0).then_some(line.at), line.said.tone, &row);
        }
    }

    fn row(&self, out: &mut String, at: Option<Duration>, tone: Tone, row: &Row) {
        let time = at.map(clock).unwrap_or_default();
        let body: String = row.text().chars().skip(TIMES).collect();
        let _ = writeln!(out, "{time:<TIMES$}{}", self.paint(tone, body.trim_end()));
    }

    /// A line for a narrow terminal: who to whom, and what.
    fn tagged(&self, out: &mut String, line: &Line) {
        let arrow = if self.paper.unicode { "→" } else { "->" };
        let who = match line.said.to {
            Some(to) => format!("{} {arrow} {}", self.cast.name_of(line.said.from), self.cast.name_of(to)),
            None => self.cast.name_of(line.said.from),
        };
        let room = self.paper.width.saturating_sub(TIMES).max(20);
        for (place, piece) in wrap(&format!("{who}: {}", worded(line)), room).iter().enumerate() {
            let time = if place == 0 { clock(line.at) } else { String::new() };
            let _ = writeln!(out, "{time:<TIMES$}{}", self.paint(line.said.tone, piece));
        }
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Faint => "2",
            Tone::Good => "1;32",
            Tone::Fair => "33",
            Tone::Bad => "31",
            Tone::Console => "1;31",
        };
        if self.paper.colour && !code.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The words of a line, with how often.
fn worded(line: &Line) -> String {
    match line.times {
        1 => line.said.text.clone(),
        times => format!("{} ({times} times)", line.said.text),
    }
}

/// Breaks a text into pieces of so many characters at the most, at blanks where there are any.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(8);
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        while word.len() > room {
            let rest = word.split_off(room);
            pieces.push(word.into_iter().collect());
            word = rest;
        }
        let word: String = word.into_iter().collect();
        match pieces.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= room => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => pieces.push(word),
        }
    }
    pieces
}

/// A row of characters.
struct Row(Vec<char>);

impl Row {
    fn blank(width: usize) -> Self {
        Self(vec![' '; width])
    }

    fn put(&mut self, column: usize, character: char) {
        if let Some(place) = self.0.get_mut(column) {
            *place = character;
        }
    }

    /// Writes a text over whatever there is.
    fn write(&mut self, column: usize, text: &str) {
        for (place, character) in self.0.iter_mut().skip(column).zip(text.chars()) {
            *place = character;
        }
    }

    fn text(&self) -> String {
        self.0.iter().collect()
    }
}
