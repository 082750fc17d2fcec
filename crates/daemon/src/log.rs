//! The log: lines on standard error, with the priority in front where journald reads them.

use std::fmt::Write as _;
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Writes events as lines.
#[derive(Debug)]
pub struct Log {
    level: LevelFilter,
    /// Whether standard error is the journal.
    journal: bool,
}

impl Log {
    /// A log that is this loud.
    #[must_use]
    pub fn new(level: LevelFilter) -> Self {
        Self { level, journal: std::env::var_os("JOURNAL_STREAM").is_some() }
    }

    fn line(&self, metadata: &Metadata<'_>, text: &str) -> String {
        let (priority, word) = match *metadata.level() {
            Level::ERROR => (3, "error: "),
            Level::WARN => (4, "warning: "),
            Level::INFO => (6, ""),
            Level::DEBUG | Level::TRACE => (7, ""),
        };
        let start = if self.journal { format!("<{priority}>") } else { word.to_owned() };
        let text = one_line(text);
        format!("{start}{text}\n")
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        // There is nobody to tell that the log cannot be written.
        drop(std::io::stderr().write_all(self.line(event.metadata(), &text.0).as_bytes()));
    }

    // Spans are not used.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A text on one line, in which nothing speaks to a terminal or changes the direction of what follows:
/// names and words in it may be of somebody else.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                line.extend(character.escape_unicode());
            }
            character if character.is_control() => line.extend(character.escape_unicode()),
            character => line.push(character),
        }
    }
    line
}

/// The message, and behind it the fields.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing into a text does not fail.
        let _done = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_writes_to_the_terminal_or_begins_a_line() {
        assert_eq!(
            one_line("a\nb\r\u{1b}[31m\0\u{85}\u{202e}caf\u{e9} \\x"),
            "a\\nb\\r\\u{1b}[31m\\u{0}\\u{85}\\u{202e}caf\u{e9} \\x"
        );
    }
}
