//! A client that people use, driven as a person drives it: on a terminal.

use crate::command::command;
use crate::failure::{Doing, Failure, Result};
use crate::guest::terminal::Terminal;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the file that it goes into.
pub(crate) const TRANSCRIPT: &str = "transcript.txt";

/// How long one command may take. iwctl itself gives the daemon half a minute for most of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a person takes to begin typing, at least.
const MOMENT: Duration = Duration::from_millis(300);

/// A command that was answered has ended after this time.
const ENDED: Duration = Duration::from_secs(5);

/// A client. What was typed and shown is kept in a file.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    program: &'static str,
    /// What it shows when it wants a passphrase typed.
    prompt: &'static str,
    transcript: PathBuf,
}

/// What one command showed, and whether it ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) well: bool,
}

impl Tool {
    /// iwd's own client, unmodified. Its transcript is kept in a folder.
    pub(crate) fn iwctl(directory: &Path) -> Self {
        Self { program: "iwctl", prompt: "Passphrase: ", transcript: directory.join(TRANSCRIPT) }
    }

    /// Our own.
    pub(crate) fn lapwing(directory: &Path) -> Self {
        Self { program: "lapwing", prompt: "Passphrase of ", ..Self::iwctl(directory) }
    }

    /// Runs one command; a passphrase is typed if it is asked for. One that fails is not an error here.
    pub(crate) fn run(&self, words: &[&str], passphrase: Option<&str>) -> Result<Shown> {
        let mut terminal = Terminal::start(&mut command(self.program, words))?;
        let asked = passphrase.is_some() && terminal.waits_for(self.prompt, PATIENCE);
        if let (true, Some(passphrase)) = (asked, passphrase) {
            // It shows the prompt a moment before it takes the terminal's keys to itself.
            std::thread::sleep(MOMENT);
            terminal.type_line(passphrase)?;
        }
        let (status, text) = terminal.end(PATIENCE)?;
        let line: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        self.keep(&format!("$ {} {}\n{text}[{status}]\n\n", self.program, line.join(" ")))?;
        Ok(Shown { text, well: status.success() })
    }

    /// Types one command, and a passphrase when it is asked for, into the program's own prompt. Only there iwctl
    /// hears of networks that are found after it was started.
    pub(crate) fn session(&self, words: &[&str], passphrase: Option<&str>) -> Result<Shown> {
        let mut terminal = Terminal::start(&mut command::<&str>(self.program, []))?;
        terminal.waits_for("# ", PATIENCE);
        terminal.type_line(&words.join(" "))?;
        let asked = passphrase.is_none() || terminal.waits_for(self.prompt, PATIENCE);
        if let (true, Some(passphrase)) = (asked, passphrase) {
            std::thread::sleep(MOMENT);
            terminal.type_line(passphrase)?;
        }
        // The prompt does not say when a command has ended.
        std::thread::sleep(ENDED);
        terminal.type_line("exit")?;
        let (status, text) = terminal.end(PATIENCE)?;
        self.keep(&format!("$ {}\n{text}[{status}]\n\n", self.program))?;
        Ok(Shown { text, well: asked && status.success() })
    }

    fn keep(&self, entry: &str) -> Result<()> {
        let file = File::options().create(true).append(true).open(&self.transcript);
        file.and_then(|mut file| file.write_all(entry.as_bytes())).doing(|| "write the transcript".into())
    }

    /// Runs one command that must end well and show these texts. Returns what it showed.
    pub(crate) fn shows(&self, words: &[&str], passphrase: Option<&str>, texts: &[&str]) -> Result<String> {
        let shown = self.run(words, passphrase)?;
        let missing = texts.iter().find(|text| !shown.text.contains(**text));
        match (shown.well, missing) {
            (true, None) => Ok(shown.text),
            (true, Some(text)) => Err(Failure::unmet(
                format!("`{} {}` shows {text:?}", self.program, words.join(" ")),
                shown.text,
            )),
            (false, _) => {
                Err(Failure::unmet(format!("`{} {}` succeeds", self.program, words.join(" ")), shown.text))
            }
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    match word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
