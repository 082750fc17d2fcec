//! The log: lines on standard error, with the priority in front where journald reads them; or datagrams to the
//! system's log or to the journal itself.

use crate::options::Logger;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The socket of the system's log.
const SYSLOG: &str = "/dev/log";
/// The socket of the journal.
const JOURNAL: &str = "/run/systemd/journal/socket";
/// What the bus is handled in: its events have this in front of their target.
const BUS: &str = "lapwingd::bus";
/// The facility of system daemons (RFC 3164 4.1.1), in the place where a priority has it.
const DAEMON: u8 = 3 << 3;

/// How much waits for the end of a turn.
const MOST_WAITING: usize = 16 << 10;

/// Lines for standard error: each is written at once, or those of a turn of the loop together at its end, so that who
/// waits for an answer does not wait for the log.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Waiting>);

#[derive(Debug, Default)]
enum Waiting {
    /// No line waits.
    #[default]
    None,
    /// Until the end of the turn.
    Turn(Vec<u8>),
}

impl Waiting {
    /// Takes a line, and returns what is to be written now.
    fn take(&mut self, level: Level, line: Vec<u8>) -> Vec<u8> {
        match self {
            Self::None => line,
            Self::Turn(lines) => {
                lines.extend(line);
                // What went wrong may be the last that is said.
                if level > Level::WARN && lines.len() < MOST_WAITING {
                    return Vec::new();
                }
                std::mem::take(lines)
            }
        }
    }

    /// The turn has ended. Returns what has waited for that.
    fn end(&mut self) -> Vec<u8> {
        match std::mem::take(self) {
            Self::None => Vec::new(),
            Self::Turn(lines) => lines,
        }
    }
}

/// A turn whose lines are written together at its end, which is when this goes.
#[derive(Debug)]
pub struct Turn<'a>(&'a Lines);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let waiting = self.0.lock().end();
        // There is nobody to tell that the log cannot be written.
        drop(put(&waiting));
    }
}

impl Lines {
    /// From now on lines wait for the end of this turn, but none longer than for a warning.
    #[must_use]
    pub fn turn(&self) -> Turn<'_> {
        *self.lock() = Waiting::Turn(Vec::new());
        Turn(self)
    }

    /// Writes what waits, before the program ends in the middle of a turn.
    pub fn rescue(&self) {
        // Who holds it is just about to write.
        if let Ok(mut waiting) = self.0.try_lock() {
            drop(put(&waiting.end()));
        }
    }

    fn write(&self, level: Level, line: String) -> io::Result<()> {
        let now = self.lock().take(level, line.into_bytes());
        put(&now)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines at once.
fn put(lines: &[u8]) -> io::Result<()> {
    if lines.is_empty() { Ok(()) } else { io::stderr().write_all(lines) }
}

/// Writes events as lines.
#[derive(Debug)]
pub struct Log {
    level: LevelFilter,
    /// Whether all is told of the bus.
    bus: bool,
    place: Place,
    lines: Arc<Lines>,
}

/// Where lines go.
#[derive(Debug)]
enum Place {
    /// Standard error, and whether that is the journal.
    Standard {
        journal: bool,
    },
    Syslog(UnixDatagram),
    Journal(UnixDatagram),
}

impl Log {
    /// A log that is this loud, and with all that is said on the bus if that is wanted. Where the place cannot be
    /// written to, standard error is taken.
    #[must_use]
    pub fn new(level: LevelFilter, bus: bool, logger: Logger) -> Self {
        let socket = |path| {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            // A log that does not read must not hold up the daemon.
            socket.set_nonblocking(true)?;
            io::Result::Ok(socket)
        };
        let place = match logger {
            Logger::Standard => None,
            Logger::Syslog => socket(SYSLOG).ok().map(Place::Syslog),
            Logger::Journal => socket(JOURNAL).ok().map(Place::Journal),
        };
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let lines = Arc::default();
        Self { level, bus, place: place.unwrap_or(Place::Standard { journal }), lines }
    }

    /// The lines on their way to standard error.
    #[must_use]
    pub fn lines(&self) -> Arc<Lines> {
        self.lines.clone()
    }

    fn write(&self, level: Level, text: &str) -> io::Result<()> {
        let (priority, word) = match level {
            Level::ERROR => (3, "error: "),
            Level::WARN => (4, "warning: "),
            Level::INFO => (6, ""),
            Level::DEBUG | Level::TRACE => (7, ""),
        };
        let text = one_line(text);
        match &self.place {
            Place::Standard { journal: true } => self.lines.write(level, format!("<{priority}>{text}\n")),
            Place::Standard { journal: false } => self.lines.write(level, format!("{word}{text}\n")),
            Place::Syslog(socket) => {
                let priority = DAEMON | priority;
                let line = format!("<{priority}>lapwingd[{}]: {text}", std::process::id());
                socket.send(line.as_bytes()).map(drop)
            }
            Place::Journal(socket) => {
                let fields = format!("PRIORITY={priority}\nSYSLOG_IDENTIFIER=lapwingd\nMESSAGE={text}\n");
                socket.send(fields.as_bytes()).map(drop)
            }
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level || (self.bus && metadata.target().starts_with(BUS))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.bus { LevelFilter::TRACE } else { self.level })
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        // There is nobody to tell that the log cannot be written.
        drop(self.write(*event.metadata().level(), &text.0));
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
    if text.bytes().all(|octet| (b' '..0x7f).contains(&octet)) {
        return text.to_owned();
    }
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
    fn lines_of_a_turn_go_out_together_and_none_waits_longer_than_for_a_warning() {
        let mut waiting = Waiting::default();
        let line = |text: &str| text.as_bytes().to_vec();
        assert_eq!(waiting.take(Level::INFO, line("at once\n")), b"at once\n");
        waiting = Waiting::Turn(Vec::new());
        assert_eq!(waiting.take(Level::INFO, line("one\n")), b"");
        assert_eq!(waiting.take(Level::WARN, line("two\n")), b"one\ntwo\n");
        assert_eq!(waiting.take(Level::DEBUG, line("three\n")), b"");
        assert_eq!(waiting.take(Level::INFO, line("four\n")), b"");
        assert_eq!(waiting.end(), b"three\nfour\n");
        assert_eq!(waiting.end(), b"");
        // Between turns, as at the start.
        assert_eq!(waiting.take(Level::INFO, line("five\n")), b"five\n");
        waiting = Waiting::Turn(Vec::new());
        let much = vec![b'x'; MOST_WAITING];
        assert_eq!(waiting.take(Level::INFO, much.clone()), much);
    }

    #[test]
    fn a_log_elsewhere_has_the_priority_in_its_own_form() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut buffer = [0; 200];
        let log =
            Log { level: LevelFilter::INFO, bus: false, place: Place::Syslog(ours), lines: Arc::default() };
        log.write(Level::WARN, "a\nb").unwrap();
        let length = theirs.recv(&mut buffer).unwrap();
        let expected = format!("<28>lapwingd[{}]: a\\nb", std::process::id());
        assert_eq!(std::str::from_utf8(&buffer[..length]).unwrap(), expected);
        let Place::Syslog(ours) = log.place else { unreachable!() };
        Log { level: LevelFilter::INFO, bus: false, place: Place::Journal(ours), lines: Arc::default() }
            .write(Level::ERROR, "a\nMESSAGE=b")
            .unwrap();
        let length = theirs.recv(&mut buffer).unwrap();
        let expected = b"PRIORITY=3\nSYSLOG_IDENTIFIER=lapwingd\nMESSAGE=a\\nMESSAGE=b\n";
        assert_eq!(buffer[..length], expected[..]);
    }

    #[test]
    fn nothing_writes_to_the_terminal_or_begins_a_line() {
        assert_eq!(
            one_line("a\nb\r\u{1b}[31m\0\u{85}\u{202e}caf\u{e9} \\x"),
            "a\\nb\\r\\u{1b}[31m\\u{0}\\u{85}\\u{202e}caf\u{e9} \\x"
        );
    }
}
