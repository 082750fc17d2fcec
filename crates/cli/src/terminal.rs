//! The terminal: a question without echo, and a line that tells how far it is.

use crate::failure::{Failure, Kind};
use crate::text::Style;
use rustix::fs::{Mode, OFlags};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::io::{IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use tokio::io::unix::AsyncFd;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

/// The longest secret that is read.
pub const LONGEST: usize = 4096;

/// The controlling terminal without echo. It is as it was before when this goes.
struct Quiet {
    terminal: AsyncFd<OwnedFd>,
    before: Termios,
}

impl Quiet {
    fn new() -> std::io::Result<Self> {
        // Its own open file description: that it does not block is nobody else's concern.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).or_else(|error| {
            // Without a controlling terminal, that of standard input.
            match std::io::stdin().is_terminal() {
                true => rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()),
                false => Err(error),
            }
        })?;
        let before = rustix::termios::tcgetattr(&terminal)?;
        #[allow(deprecated, reason = "what replaces it is unsafe, and needless for a descriptor that we own")]
        let terminal = AsyncFd::new(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        quiet.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        // Whoever stops the program here would be left with a terminal that shows nothing.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        rustix::termios::tcsetattr(terminal.get_ref(), OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }

    fn write(&self, text: &str) {
        // A terminal that takes nothing has no one who waits for the question.
        let _written = rustix::io::write(self.terminal.get_ref(), text.as_bytes());
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What was typed and not read goes with it: the shell would take half a passphrase for a command.
        let _done = rustix::termios::tcsetattr(self.terminal.get_ref(), OptionalActions::Flush, &self.before);
        self.write("\n");
    }
}

/// Asks for a secret on the terminal, without echo. The terminal is as before when the future ends or is dropped.
///
/// # Errors
/// If there is no terminal, or nothing was said.
pub async fn ask(question: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let quiet = Quiet::new().map_err(|error| {
        Failure::new(
            Kind::Usage,
            format!("A passphrase is needed, and there is no terminal to ask on ({error})."),
        )
        .code("passphrase-missing")
        .next("Hand it over with --passphrase-fd or --passphrase-file.")
    })?;
    quiet.write(question);
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        let failed = |error: std::io::Error| {
            Failure::new(Kind::Failed, format!("The terminal cannot be read: {error}.")).code("terminal")
        };
        let mut ready = quiet.terminal.readable().await.map_err(failed)?;
        let mut buffer = Zeroizing::new([0; 256]);
        match ready.try_io(|terminal| Ok(rustix::io::read(terminal.get_ref(), &mut buffer[..])?)) {
            Err(_) => {}
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(Err(error)) => return Err(failed(error)),
            Ok(Ok(0)) => return Err(unsaid()),
            Ok(Ok(count)) => {
                line.extend(buffer.iter().take(count));
                if line.last() == Some(&b'\n') {
                    line.pop();
                    return if line.is_empty() { Err(unsaid()) } else { Ok(line) };
                }
                if line.len() > LONGEST {
                    return Err(Failure::new(Kind::Usage, "That is too long for a passphrase."));
                }
            }
        }
    }
}

fn unsaid() -> Failure {
    Failure::new(Kind::Failed, "No passphrase was given.").code("canceled").whose("user")
}

/// What is told while one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// One line that changes.
    Line,
    /// A line for each news.
    Lines,
    /// Nothing.
    Silent,
}

/// Tells on standard error how far it is.
#[derive(Debug)]
pub struct Progress {
    manner: Manner,
    style: Style,
    last: String,
}

impl Progress {
    /// For a person, unless it should be silent.
    #[must_use]
    pub fn new(silent: bool, environment: impl Fn(&str) -> Option<String>) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let manner = match (silent, is_terminal) {
            (true, _) => Manner::Silent,
            (false, true) => Manner::Line,
            (false, false) => Manner::Lines,
        };
        Self { manner, style: Style::detect(is_terminal, environment), last: String::new() }
    }

    /// How standard error is written to.
    #[must_use]
    pub const fn style(&self) -> Style {
        self.style
    }

    /// Shows what is done now.
    pub fn show(&mut self, text: &str) {
        let text = self.style.text(text);
        if text == self.last {
            return;
        }
        match self.manner {
            Manner::Line => {
                let width = columns(std::io::stderr()).unwrap_or(80);
                emit(&format!("\r\x1b[K{}", shortened(&text, width - 1)));
            }
            Manner::Lines => emit(&format!("{text}\n")),
            Manner::Silent => {}
        }
        self.last = text;
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if self.manner == Manner::Line && !self.last.is_empty() {
            emit("\r\x1b[K");
        }
        self.last.clear();
    }

    /// Says something that stays.
    pub fn note(&mut self, text: &str) {
        if self.manner != Manner::Silent {
            self.clear();
            emit(&format!("{}\n", self.style.text(text)));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The width of the terminal that a descriptor is.
fn columns(descriptor: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(descriptor).ok()?;
    Some(usize::from(size.ws_col.max(20)))
}

/// How wide a line on standard output may be; a file or a pipe takes any.
#[must_use]
pub fn width() -> usize {
    columns(std::io::stdout()).unwrap_or(usize::MAX)
}

/// As much of a text as fits.
#[must_use]
pub fn shortened(text: &str, columns: usize) -> String {
    let mut used = 0_usize;
    text.chars()
        .take_while(|character| {
            used = used.saturating_add(character.width().unwrap_or(0));
            used <= columns
        })
        .collect()
}

fn emit(text: &str) {
    // Who closed standard error does not want to know.
    let _written = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        assert_eq!(shortened("日本語", 5), "日本");
        assert_eq!(shortened("home", 10), "home");
        assert_eq!(shortened("home", 0), "");
    }
}
