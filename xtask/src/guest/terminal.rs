//! A program on a terminal of its own: what it shows is read, and keys are typed.

use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two keys.
const KEY: Duration = Duration::from_millis(20);

/// A program that runs on a terminal. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Terminal {
    name: String,
    child: Child,
    keys: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a program.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let doing = || "make a terminal".to_owned();
        let name = command.get_program().to_string_lossy().into_owned();
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .map_err(Into::into)
            .doing(doing)?;
        grantpt(&keys).and_then(|()| unlockpt(&keys)).map_err(Into::into).doing(doing)?;
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&keys, size).map_err(Into::into).doing(doing)?;
        let other = ptsname(&keys, Vec::new()).map_err(Into::into).doing(doing)?;
        let other = std::ffi::OsStr::from_bytes(other.to_bytes());
        let other = File::options().read(true).write(true).open(other).doing(doing)?;
        let copy = || other.try_clone().doing(doing);
        command.stdin(copy()?).stdout(copy()?).stderr(copy()?).env("TERM", "xterm");
        let child = command.spawn().doing(|| format!("start {name}"))?;
        // The command keeps what the program got, and the end is seen when nobody has it any more.
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        drop(other);
        let keys = File::from(keys);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut source, shown) = (keys.try_clone().doing(doing)?, Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match source.read(&mut buffer) {
                    Ok(length @ 1..) => {
                        let new = buffer.get(..length).unwrap_or_default();
                        shown.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(new);
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // The system's way to say that the other side is closed is an error.
                    Ok(0) | Err(_) => break,
                }
            }
        });
        Ok(Self { name, child, keys, screen, reader: Some(reader) })
    }

    /// What it has shown so far, as a person would read it.
    pub(crate) fn shown(&self) -> String {
        plain(&self.screen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Types a line, as fast as a person may.
    pub(crate) fn type_line(&mut self, line: &str) -> Result<()> {
        for byte in line.bytes().chain(*b"\n") {
            self.keys.write_all(&[byte]).doing(|| format!("type to {}", self.name))?;
            // iwctl masks, and keeps, one key after each look: of many at once it keeps none.
            std::thread::sleep(KEY);
        }
        Ok(())
    }

    /// Waits until it shows a text, or has ended. Says whether it shows it.
    pub(crate) fn waits_for(&mut self, text: &str, within: Duration) -> bool {
        let shown = wait(within, || {
            let there = self.shown().contains(text);
            let ended = matches!(self.child.try_wait(), Ok(Some(_)));
            (there || ended).then_some(there)
        });
        // What it showed last may have come between the two looks.
        shown.is_some_and(|there| there || self.shown().contains(text))
    }

    /// Waits until it ends. Returns how, and all it has shown.
    pub(crate) fn end(mut self, within: Duration) -> Result<(ExitStatus, String)> {
        let Some(status) = wait(within, || self.child.try_wait().ok().flatten()) else {
            return Err(Failure::unmet(format!("{} ends within {within:?}", self.name), self.shown()));
        };
        if let Some(reader) = self.reader.take() {
            // It ends with the program, and there is nothing to be told of a thread that broke.
            let _ = reader.join();
        }
        Ok((status, self.shown()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without what moves the cursor and sets colours.
fn plain(screen: &[u8]) -> String {
    let text = String::from_utf8_lossy(screen);
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => match characters.next() {
                // Up to the letter that ends the sequence.
                Some('[') => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
                // Up to the bell.
                Some(']') => while characters.next().is_some_and(|next| next != '\x07') {},
                _ => {}
            },
            '\n' | '\t' => plain.push(character),
            '\x08' => {
                plain.pop();
            }
            // A return in front of a line's end moves nothing; another one begins the line anew.
            '\r' => {
                while characters.peek() == Some(&'\r') {
                    characters.next();
                }
                if characters.peek() != Some(&'\n') {
                    plain.truncate(plain.rfind('\n').map_or(0, |end| end + 1));
                }
            }
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::command;

    #[test]
    fn the_screen_is_read_as_a_person_reads_it() {
        assert_eq!(
            plain(b"\x1b[1;90mGreen\x1b[0m\r\nold\rnew\x1b]0;title\x07\x07!\r\nab\x08c"),
            "Green\nnew!\nac"
        );
    }

    #[test]
    fn a_program_asks_and_is_answered() {
        let script =
            "test -t 0 && stty -echo && printf 'Name: ' && read name && echo \"Hello $name\"; exit 3";
        let mut terminal = Terminal::start(&mut command("sh", ["-c", script])).unwrap();
        assert!(terminal.waits_for("Name: ", Duration::from_secs(10)));
        terminal.type_line("lapwing").unwrap();
        let (status, shown) = terminal.end(Duration::from_secs(10)).unwrap();
        assert_eq!((status.code(), shown.as_str()), (Some(3), "Name: Hello lapwing\n"));
    }
}
