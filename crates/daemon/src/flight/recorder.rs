//! The flight recorder: a bounded file of lines, one event each.

use rustix::fs::OFlags;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The name of the file that is written.
pub const FILE: &str = "flight.jsonl";
/// The name of the full one before it.
pub const OLD_FILE: &str = "flight.1.jsonl";
/// How long a file gets before the next is begun.
pub const FULL: u64 = 4 * 1024 * 1024;
/// The longest line: a scan of a stadium has some 300 BSSs.
const LONGEST: usize = 256 * 1024;
/// How much waits to be written.
const MOST_WAITING: usize = 256 * 1024;

/// The recorder. It never stands in the way: what cannot be written is counted and told once.
#[derive(Debug)]
pub struct Recorder {
    directory: PathBuf,
    file: Option<File>,
    /// Lines that are not written yet.
    waiting: Vec<u8>,
    length: u64,
    full: u64,
}

impl Recorder {
    /// A recorder in this directory; it begins with the first line.
    #[must_use]
    pub const fn new(directory: PathBuf) -> Self {
        Self { directory, file: None, waiting: Vec::new(), length: 0, full: FULL }
    }

    /// Where it writes.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes a line, which [`Self::flush`] writes with the others, or this if there are very many. Returns how many
    /// octets were written.
    ///
    /// # Errors
    /// If the line is too long, or those of writing.
    pub fn note(&mut self, line: &str) -> io::Result<usize> {
        if line.len() > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the line is too long"));
        }
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        if self.waiting.len() > MOST_WAITING { self.flush() } else { Ok(0) }
    }

    /// Writes the lines that wait. Returns how many octets they are.
    ///
    /// # Errors
    /// Those of the system calls; the lines are lost then. The next ones are tried anew.
    pub fn flush(&mut self) -> io::Result<usize> {
        let lines = std::mem::take(&mut self.waiting);
        if lines.is_empty() {
            return Ok(0);
        }
        if self.length >= self.full {
            self.file = None;
            fs::rename(self.directory.join(FILE), self.directory.join(OLD_FILE))?;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                // Whatever else lies under the name is not written, and a pipe is not waited for.
                const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);
                let mut options = OpenOptions::new();
                let options = options.append(true).create(true).custom_flags(FLAGS.bits().cast_signed());
                let file = options.mode(0o600).open(self.directory.join(FILE))?;
                self.length = file.metadata()?.len();
                self.file.insert(file)
            }
        };
        // In one call, so that no reader sees half a line.
        let result = file.write_all(&lines);
        match result {
            Ok(()) => {
                self.length = self.length.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX))
            }
            // The disk may have been full, or the directory been replaced.
            Err(_) => self.file = None,
        }
        result.map(|()| lines.len())
    }
}

impl Drop for Recorder {
    /// What led to the end is wanted most of all.
    fn drop(&mut self) {
        drop(self.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(recorder: &mut Recorder, line: &str) -> io::Result<usize> {
        recorder.note(line)?;
        recorder.flush()
    }

    /// A recorder whose files are soon full.
    fn small(directory: &Path) -> Recorder {
        let mut recorder = Recorder::new(directory.to_owned());
        recorder.full = 1000;
        recorder
    }
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let directory = std::env::temp_dir().join(format!("lapwing-flight-link-{}", std::process::id()));
        drop(fs::remove_dir_all(&directory));
        fs::create_dir(&directory).unwrap();
        let victim = directory.join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, directory.join(FILE)).unwrap();
        assert!(write(&mut Recorder::new(directory.clone()), "{}").is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn two_bounded_files_for_the_owner_only() {
        let directory = std::env::temp_dir().join(format!("lapwing-flight-{}", std::process::id()));
        drop(fs::remove_dir_all(&directory));
        fs::create_dir(&directory).unwrap();
        let mut recorder = small(&directory);
        for number in 0..500 {
            write(&mut recorder, &format!("{{\"number\":{number}}}")).unwrap();
        }
        // A new process goes on in the same file.
        let mut recorder = small(&directory);
        recorder.note("{\"number\":500}").unwrap();
        let text = |name| fs::read_to_string(directory.join(name)).unwrap();
        assert!(!text(FILE).contains("500"), "not yet");
        drop(recorder);
        let (old, new) = (text(OLD_FILE), text(FILE));
        assert!(old.len() < 1020 && new.len() < 1020);
        let numbers: Vec<_> = (old + &new).lines().map(str::to_owned).collect();
        assert_eq!(numbers.last().unwrap(), "{\"number\":500}");
        for pair in numbers.windows(2) {
            let number = |line: &str| line[10..line.len() - 1].parse::<u32>().unwrap();
            assert_eq!(number(&pair[0]) + 1, number(&pair[1]));
        }
        let mode = fs::metadata(directory.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut recorder = Recorder::new(directory.clone());
        assert!(recorder.note(&"x".repeat(LONGEST + 1)).is_err());
        for _ in 0..=MOST_WAITING / 100 {
            recorder.note(&"y".repeat(99)).unwrap();
        }
        assert!(text(FILE).contains("yyyy"), "what waits is bounded");
        fs::remove_dir_all(&directory).unwrap();
        let mut recorder = Recorder::new(directory);
        assert!(write(&mut recorder, "{}").is_err());
        assert!(recorder.flush().is_ok(), "nothing waits any more");
    }
}
