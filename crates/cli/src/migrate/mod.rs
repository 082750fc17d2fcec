//! `lapwing import` and `lapwing export`: networks of other programs become files of ours, and the other way round.
//!
//! No daemon is asked: one that runs notices the files.

mod export;
mod import;

use crate::commands;
use crate::failure::{Failure, Kind};
use crate::text::{self, Paint, Style};
use clap::{Args, ValueEnum};
use lapwingd::networks::store;
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The options of `import`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Import {
    /// wpa_supplicant.conf, a connection of NetworkManager, or a folder of them
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Write nothing; say what would be written
    #[arg(long)]
    pub dry_run: bool,

    /// Take the place of networks that are known; what was there is kept beside it
    #[arg(long)]
    pub replace: bool,

    /// Where network files are
    #[arg(long, value_name = "DIR", default_value = STATE)]
    pub state_directory: PathBuf,
}

/// The options of `export`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Export {
    /// For which program
    #[arg(long, value_name = "PROGRAM", value_enum)]
    pub to: Program,

    /// The file for wpa-supplicant, the folder for the others
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,

    /// Take the place of files that are there; what was there is kept beside it
    #[arg(long)]
    pub replace: bool,

    /// Where network files are
    #[arg(long, value_name = "DIR", default_value = STATE)]
    pub state_directory: PathBuf,
}

/// Programs that have files of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// A wpa_supplicant.conf
    WpaSupplicant,
    /// Keyfiles (*.nmconnection)
    #[value(name = "networkmanager")]
    NetworkManager,
    /// Network files as they are
    Iwd,
}

const STATE: &str = "/var/lib/lapwing";
/// The most files of a folder.
const MAX_FILES: usize = 4096;
/// How many old files of one name are kept.
const MAX_KEPT: u32 = 1000;

/// What became of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// Its file is new.
    Written,
    /// Its file took the place of another.
    Replaced,
    /// There is a file, which stays.
    Kept,
    /// Nothing is carried over.
    Refused,
}

/// A network, and what became of it.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    source: String,
    file: Option<String>,
    outcome: Outcome,
    reason: Option<String>,
    left_out: Vec<String>,
}

/// What came of a command.
#[derive(Debug, Default, Serialize)]
struct Report {
    networks: Vec<Row>,
    mistakes: Vec<String>,
}

/// Runs `import` and prints what came of it: the exit status.
///
/// # Errors
/// If nothing could be read, or a file could not be written.
pub fn import(options: &Import, json: bool, style: Style) -> Result<u8, Failure> {
    import::run(options).and_then(|report| report.print(json, style, options.dry_run))
}

/// Runs `export` and prints what came of it: the exit status.
///
/// # Errors
/// If the networks could not be read, or a file could not be written.
pub fn export(options: &Export, json: bool, style: Style) -> Result<u8, Failure> {
    export::run(options).and_then(|report| report.print(json, style, false))
}

impl Report {
    /// 1 if something could not be read, for whoever looks at nothing else.
    fn print(&self, json: bool, style: Style, dry_run: bool) -> Result<u8, Failure> {
        let printed = if json {
            let mut value = serde_json::to_value(self).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.insert("dry_run".to_owned(), dry_run.into());
            }
            text::json(&value.to_string()) + "\n"
        } else {
            self.lines(style, dry_run)
        };
        commands::print(&printed)?;
        Ok(u8::from(!self.mistakes.is_empty()))
    }

    fn lines(&self, style: Style, dry_run: bool) -> String {
        let mut lines = String::new();
        for row in &self.networks {
            let (paint, word) = match row.outcome {
                Outcome::Written => (Paint::Good, "written"),
                Outcome::Replaced => (Paint::Good, "replaced"),
                Outcome::Kept => (Paint::Fair, "kept"),
                Outcome::Refused => (Paint::Bad, "not carried over"),
            };
            let about = row.reason.as_ref().or(row.file.as_ref());
            let about = about.map(|about| format!(": {}", style.text(about))).unwrap_or_default();
            lines += &format!("{}  {}{about}\n", style.text(&row.name), style.paint(paint, word));
            for sentence in &row.left_out {
                lines += &format!("    without {}\n", style.text(sentence));
            }
        }
        for mistake in &self.mistakes {
            lines += &format!("{} {}\n", style.paint(Paint::Bad, "lapwing:"), style.text(mistake));
        }
        let count = |outcome| self.networks.iter().filter(|row| row.outcome == outcome).count();
        let written = count(Outcome::Written) + count(Outcome::Replaced);
        let would = if dry_run { " would be" } else { "" };
        let (kept, refused) = (count(Outcome::Kept), count(Outcome::Refused));
        lines + &format!("{written}{would} written, {kept} kept as they are, {refused} not carried over\n")
    }
}

/// Writes a file for its owner only, unless it is there and shall stay; an old one is kept beside it.
fn put(path: &Path, octets: &[u8], replace: bool, dry_run: bool) -> Result<Outcome, Failure> {
    let is_there = path.symlink_metadata().is_ok();
    if is_there && !replace {
        return Ok(Outcome::Kept);
    }
    let outcome = if is_there { Outcome::Replaced } else { Outcome::Written };
    if !dry_run {
        let done = if is_there { keep(path) } else { Ok(()) };
        done.and_then(|()| store::replace(path, octets, 0o600)).map_err(|error| not_written(path, &error))?;
    }
    Ok(outcome)
}

/// Gives a file a second name, which neither iwd nor we take for a network's.
fn keep(path: &Path) -> io::Result<()> {
    for number in 1..=MAX_KEPT {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-{number}"));
        match fs::hard_link(path, &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    Err(io::Error::other("there are too many old files of that name"))
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    let sentence = format!("{} cannot be written: {error}.", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::new(Kind::NotAllowed, sentence)
            .next("Network files hold passphrases: only root writes them. Try it with sudo."),
        _ => Failure::new(Kind::Failed, sentence),
    }
}

fn not_read(path: &Path, error: &io::Error) -> Failure {
    let sentence = format!("{} cannot be read: {error}.", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::new(Kind::NotAllowed, sentence)
            .next("Files with passphrases are root's: try it with sudo."),
        io::ErrorKind::NotFound => Failure::new(Kind::NotFound, sentence),
        _ => Failure::new(Kind::Failed, sentence),
    }
}

/// The directory, made for root alone if it is not there.
fn directory(path: &Path, dry_run: bool) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    if dry_run || path.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| not_written(path, &error))
}
