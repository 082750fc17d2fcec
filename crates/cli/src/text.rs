//! Texts on a terminal: what may be printed, how wide it is, how it is painted.
//!
//! Names of networks are chosen by strangers. Nothing reaches the terminal that is not a visible character:
//! everything else is written as an escape.

use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks that join a letter, in a row; more are not writing but mischief.
const MARKS: usize = 4;

/// A colour, named by what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    Plain,
    /// What the eye should find.
    Strong,
    /// What it may pass over.
    Faint,
    /// It is well.
    Good,
    /// It is on the way, or not quite well.
    Fair,
    /// It failed.
    Bad,
}

/// What the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours.
    pub colour: bool,
    /// Whether there are characters beyond ASCII.
    pub unicode: bool,
}

impl Style {
    /// For a file or a program that reads UTF-8.
    pub const PLAIN: Self = Self { colour: false, unicode: true };

    /// What the output can show, from the environment.
    #[must_use]
    pub fn detect(is_terminal: bool, environment: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| environment(name).filter(|value| !value.is_empty());
        // The first of these that is set decides (locale(7)).
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let is_dumb = set("TERM").is_none_or(|terminal| terminal == "dumb");
        Self {
            colour: is_terminal && !is_dumb && set("NO_COLOR").is_none(),
            // In another encoding, octets of a UTF-8 character may be control characters.
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// A text of one line from outside, fit for printing.
    #[must_use]
    pub fn text(self, text: &str) -> String {
        let mut printed = String::with_capacity(text.len());
        self.escape(&mut printed, text, false);
        printed
    }

    /// A text of several lines from outside, fit for printing.
    #[must_use]
    pub fn lines(self, text: &str) -> String {
        text.lines().map(|line| self.text(line) + "\n").collect()
    }

    /// The name of a network, fit for printing, and so that no two names look the same to a program.
    #[must_use]
    pub fn name(self, ssid: &[u8]) -> String {
        let mut printed = String::with_capacity(ssid.len());
        for chunk in ssid.utf8_chunks() {
            self.escape(&mut printed, chunk.valid(), true);
            for octet in chunk.invalid() {
                // Writing into a text does not fail.
                let _done = write!(printed, "\\x{octet:02x}");
            }
        }
        printed
    }

    /// The name of a network in a table: as [`Style::name`], and its ends can be seen.
    #[must_use]
    pub fn title(self, ssid: &[u8]) -> String {
        let name = self.name(ssid);
        let has_blank_end = name.is_empty() || name.trim() != name;
        if has_blank_end { format!("\"{name}\"") } else { name }
    }

    fn escape(self, printed: &mut String, text: &str, is_name: bool) {
        // Marks need a letter before them, or they would change what was printed before this text.
        let mut marks = MARKS;
        for character in text.chars() {
            let is_mark = character.width() == Some(0);
            let is_shown = match character {
                '\\' => !is_name,
                ' '..='~' => true,
                _ => self.unicode && !is_hostile(character) && (!is_mark || marks < MARKS),
            };
            if is_shown {
                printed.push(character);
                marks = if is_mark { marks.saturating_add(1) } else { 0 };
            } else {
                printed.extend(character.escape_unicode());
                marks = MARKS;
            }
        }
    }

    /// The text in its colour.
    #[must_use]
    pub fn paint(self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Strong => "1",
            Paint::Faint => "2",
            Paint::Good => "32",
            Paint::Fair => "33",
            Paint::Bad => "31",
            Paint::Plain => return text.to_owned(),
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A signal as four steps, and its colour.
    #[must_use]
    pub fn bar(self, dbm: i32) -> (String, Paint) {
        // Where the rates of a 20 MHz channel fall to three quarters, half, a quarter, and the lowest.
        let (steps, paint) = match dbm {
            -60.. => (4, Paint::Good),
            -67..=-61 => (3, Paint::Good),
            -75..=-68 => (2, Paint::Fair),
            -85..=-76 => (1, Paint::Bad),
            ..=-86 => (0, Paint::Bad),
        };
        let (full, empty) = if self.unicode { ("▂▄▆█", '·') } else { ("****", '.') };
        let bar = full.chars().enumerate().map(|(step, mark)| if step < steps { mark } else { empty });
        (bar.collect(), paint)
    }

    /// A mark in front of a line.
    #[must_use]
    pub const fn dot(self) -> &'static str {
        if self.unicode { "●" } else { "*" }
    }
}

/// Whether a character is invisible, or changes how others are read: controls, marks of direction, separators
/// of lines, fillers, tags, and what the standard says may be ignored.
#[must_use]
pub fn is_hostile(character: char) -> bool {
    character.width().is_none()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a text has nothing in it that could harm a terminal.
#[must_use]
pub fn is_harmless(text: &str) -> bool {
    !text.chars().any(|character| character != '\n' && is_hostile(character))
}

/// A JSON text with every hostile character as an escape. In JSON they can only stand within strings.
#[must_use]
pub fn json(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for character in line.chars() {
        if character != '\n' && is_hostile(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing into a text does not fail.
                let _done = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
    to_the_right: bool,
}

impl Cell {
    /// A cell.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), paint: Paint::Plain, to_the_right: false }
    }

    /// In this colour.
    #[must_use]
    pub fn paint(self, paint: Paint) -> Self {
        Self { paint, ..self }
    }

    /// A number: its end is where the others end.
    #[must_use]
    pub fn right(self) -> Self {
        Self { to_the_right: true, ..self }
    }
}

/// A table: columns as wide as their widest cell, two spaces between them, nothing at the end of a line.
#[must_use]
pub fn table(style: Style, rows: &[Vec<Cell>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.text.width();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut blank = 0;
        for (cell, widest) in row.iter().zip(&widths) {
            let spare = widest.saturating_sub(cell.text.width());
            let (before, behind) = if cell.to_the_right { (spare, 0) } else { (0, spare) };
            if !cell.text.is_empty() {
                text.push_str(&" ".repeat(blank + before));
                text.push_str(&style.paint(cell.paint, &cell.text));
                blank = 0;
            } else {
                blank += before;
            }
            blank += behind + 2;
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ASCII: Style = Style { colour: false, unicode: false };

    #[test]
    fn names() {
        for (ssid, unicode, ascii) in [
            (&b"home"[..], "home", "home"),
            ("café".as_bytes(), "café", "caf\\u{e9}"),
            ("日本 📶".as_bytes(), "日本 📶", "\\u{65e5}\\u{672c} \\u{1f4f6}"),
            // A vowel sign joins the letter before it; alone it would join what was printed before.
            ("कि".as_bytes(), "कि", "\\u{915}\\u{93f}"),
            ("\u{301}a".as_bytes(), "\\u{301}a", "\\u{301}a"),
            (b"a\\b", "a\\u{5c}b", "a\\u{5c}b"),
            (b"\x1b[2J\x07\xff", "\\u{1b}[2J\\u{7}\\xff", "\\u{1b}[2J\\u{7}\\xff"),
            // C1 controls: two octets of UTF-8, one control character to a terminal of another encoding.
            ("\u{9b}31m".as_bytes(), "\\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}".as_bytes(), "a\\u{202e}b\\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("ho\u{200d}me".as_bytes(), "ho\\u{200d}me", "ho\\u{200d}me"),
            (b"a\nb\r\t\0", "a\\u{a}b\\u{d}\\u{9}\\u{0}", "a\\u{a}b\\u{d}\\u{9}\\u{0}"),
        ] {
            assert_eq!(Style::PLAIN.name(ssid), unicode);
            assert_eq!(ASCII.name(ssid), ascii);
        }
        assert_eq!(Style::PLAIN.title(b" x"), "\" x\"");
        assert_eq!(Style::PLAIN.title(b""), "\"\"");
        assert_eq!(Style::PLAIN.text("C:\\x\u{1b}"), "C:\\x\\u{1b}");
        assert_eq!(Style::PLAIN.lines("a\r\nb\u{7}"), "a\nb\\u{7}\n");
    }

    #[test]
    fn what_the_output_can_show() {
        let detect = |is_terminal, variables: &'static [(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            let style = Style::detect(is_terminal, find);
            (style.colour, style.unicode)
        };
        assert_eq!(detect(true, &[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")]), (true, true));
        assert_eq!(detect(false, &[("TERM", "xterm"), ("LANG", "C.utf8")]), (false, true));
        assert_eq!(detect(true, &[("TERM", "xterm"), ("NO_COLOR", "1")]), (false, false));
        assert_eq!(detect(true, &[("TERM", "xterm"), ("NO_COLOR", "")]), (true, false));
        assert_eq!(detect(true, &[("TERM", "dumb"), ("LC_ALL", "C"), ("LANG", "C.UTF-8")]), (false, false));
        assert_eq!(detect(true, &[]), (false, false));
    }

    #[test]
    fn tables_line_up() {
        let row = |name: &str, number: &str, last: &str| {
            vec![Cell::new(name).paint(Paint::Strong), Cell::new(number).right(), Cell::new(last)]
        };
        let rows = [row("日本", "7", "x"), row("home", "-52", ""), row("a", "", "y")];
        assert_eq!(table(Style::PLAIN, &rows), "日本    7  x\nhome  -52\na          y\n");
        let colour = Style { colour: true, unicode: true };
        assert_eq!(
            table(colour, &rows),
            "\x1b[1m日本\x1b[0m    7  x\n\x1b[1mhome\x1b[0m  -52\n\x1b[1ma\x1b[0m          y\n"
        );
    }

    #[test]
    fn bars() {
        for (dbm, unicode, ascii) in [
            (-30, "▂▄▆█", "****"),
            (-61, "▂▄▆·", "***."),
            (-70, "▂▄··", "**.."),
            (-80, "▂···", "*..."),
            (-95, "····", "...."),
        ] {
            assert_eq!(Style::PLAIN.bar(dbm).0, unicode);
            assert_eq!(ASCII.bar(dbm).0, ascii);
        }
    }

    proptest! {
        #[test]
        fn no_name_harms_a_terminal(ssid in proptest::collection::vec(any::<u8>(), 0..=32)) {
            prop_assert!(is_harmless(&Style::PLAIN.title(&ssid)));
            prop_assert!(Style::PLAIN.title(&ssid).find('\n').is_none());
            prop_assert!(ASCII.title(&ssid).bytes().all(|octet| (b' '..=b'~').contains(&octet)));
        }

        #[test]
        fn no_text_harms_a_terminal(text in any::<String>()) {
            let printed = Style::PLAIN.text(&text);
            prop_assert!(printed.find('\n').is_none() && is_harmless(&printed));
            prop_assert!(is_harmless(&Style::PLAIN.lines(&text)));
            prop_assert!(ASCII.text(&text).bytes().all(|octet| (b' '..=b'~').contains(&octet)));
        }

        #[test]
        fn two_names_never_look_the_same(
            a in proptest::collection::vec(any::<u8>(), 0..=4),
            b in proptest::collection::vec(any::<u8>(), 0..=4),
        ) {
            prop_assert_eq!(a == b, Style::PLAIN.name(&a) == Style::PLAIN.name(&b));
        }

        #[test]
        fn json_keeps_its_meaning(text in any::<String>()) {
            let line = serde_json::to_string(&text).unwrap();
            let safe = json(&line);
            prop_assert!(is_harmless(&safe));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }

        #[test]
        fn tables_are_straight(cells in proptest::collection::vec(any::<String>(), 1..6)) {
            let rows: Vec<_> =
                cells.iter().map(|cell| vec![Cell::new(Style::PLAIN.text(cell)), Cell::new("|")]).collect();
            let text = table(Style::PLAIN, &rows);
            let ends: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        }
    }
}
