//! The state directory: reading all network files, and writing what was learned.

use super::document::{Document, MAX_OCTETS};
use super::error::{FileError, FileProblem};
use super::file::{KnownNetwork, Unfit, enter, learn};
use super::memory::{self, Memory};
use super::name::{FileName, Parsed};
use crate::netconf::Remembered;
use lapwing_core::network::{Network, Proven};
use lapwing_core::{Secret, station::Learned};
use rustix::fs::OFlags;
use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many network files are read: far more than anybody has, and a bound.
const MAX_FILES: usize = 4096;

/// The state directory and what is known of it.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    memory: Memory,
    /// The network files by the name that they have.
    files: BTreeMap<FileName, PathBuf>,
}

/// What a directory holds.
#[derive(Debug)]
pub struct Loaded {
    /// The networks that can be used.
    pub networks: Vec<KnownNetwork>,
    /// The files that cannot.
    pub errors: Vec<FileError>,
    /// The networks of those files, and why they cannot be used.
    pub unreadable: BTreeMap<FileName, String>,
}

impl Store {
    /// A store in this directory, which need not exist yet.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        let read = |name| read(&directory.join(name)).unwrap_or_default();
        let memory = Memory::read(read(memory::FILE).expose(), read(memory::IWD_FREQUENCIES).expose());
        Self { directory, memory, files: BTreeMap::new() }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads all network files. A directory that is not there holds none.
    pub fn load(&mut self) -> Loaded {
        let mut loaded = Loaded { networks: Vec::new(), errors: Vec::new(), unreadable: BTreeMap::new() };
        let mut names = Vec::new();
        match fs::read_dir(&self.directory) {
            Ok(entries) => names.extend(entries.filter_map(|entry| Some(entry.ok()?.file_name()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => loaded.errors.push(fail(&self.directory, error)),
        }
        // In the order of names, so that what is read does not depend on the file system.
        names.sort_unstable();
        self.files.clear();
        for file_name in names.into_iter().take(MAX_FILES) {
            let path = self.directory.join(&file_name);
            let name = match FileName::parse(&file_name) {
                Parsed::Network(name) => name,
                Parsed::Unusable(why) => {
                    let problem = FileProblem::Name(why);
                    loaded.errors.push(FileError { path, line: None, problem });
                    continue;
                }
                Parsed::Other => continue,
            };
            // Of two spellings of one name, the proper one counts.
            if self.files.contains_key(&name) && !name.is_written_as(&file_name) {
                continue;
            }
            match load_file(&path, name.clone()) {
                Ok((_, mut known)) => {
                    self.remember(&mut known);
                    loaded.networks.retain(|other| other.name != name);
                    loaded.networks.push(known);
                    self.files.insert(name, path);
                }
                Err(error) => {
                    loaded.unreadable.insert(name.clone(), error.to_string());
                    self.files.insert(name, path);
                    loaded.errors.push(error);
                }
            }
        }
        loaded
    }

    /// Notes what was learned of a network: in its file what belongs there, in the memory the channel. The
    /// file is read again first, so that an edit of a moment ago is kept; a file that cannot be read is not
    /// written.
    ///
    /// # Errors
    /// Those of reading and writing. The connection does not depend on it.
    pub fn learn(&mut self, name: &FileName, learned: &Learned, now: u64) -> Result<(), FileError> {
        self.memory.joined(name, learned.frequency, now);
        self.memory.prove(name, learned.proven);
        let memory = self.write_memory();
        if let Some(path) = self.files.get(name) {
            let (mut document, _) = load_file(path, name.clone())?;
            if learn(&mut document, name, learned) {
                write(path, &document)?;
            }
        }
        memory
    }

    /// Stores a network that was joined for the first time, or with another secret: its file gets the secret
    /// and what was learned, and keeps whatever else it has. Returns the network as it is known now.
    ///
    /// # Errors
    /// Those of reading and writing; the file is as before then.
    pub fn provision(
        &mut self,
        name: &FileName,
        network: &Network,
        learned: &Learned,
        now: u64,
    ) -> Result<KnownNetwork, FileError> {
        let path = self.path(name);
        let mut document = match read(&path) {
            Ok(octets) => {
                Document::parse(octets.expose()).map_err(|malformed| unfit(&path, malformed.into()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Document::default(),
            Err(error) => return Err(fail(&path, error)),
        };
        enter(&mut document, network);
        let _ = learn(&mut document, name, learned);
        let mut known = KnownNetwork::read(name.clone(), &document).map_err(|error| unfit(&path, error))?;
        write(&path, &document)?;
        self.files.insert(name.clone(), path);
        self.memory.joined(name, learned.frequency, now);
        self.memory.prove(name, learned.proven);
        self.write_memory()?;
        self.remember(&mut known);
        Ok(known)
    }

    /// Removes a network's file. [`Self::forget_memory`] belongs to it, and may fail for itself.
    ///
    /// # Errors
    /// That of removing the file, which is there still then.
    pub fn forget(&mut self, name: &FileName) -> Result<(), FileError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(&path, error)),
            _ => {}
        }
        self.files.remove(name);
        Ok(())
    }

    /// Removes what is remembered of a network beside its file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn forget_memory(&mut self, name: &FileName) -> Result<(), FileError> {
        if self.memory.forget(name) { self.write_memory() } else { Ok(()) }
    }

    /// Writes into a network's file whether it is joined without being asked.
    ///
    /// # Errors
    /// Those of reading and writing; the file is as before then.
    pub fn set_autoconnect(&mut self, name: &FileName, on: bool) -> Result<(), FileError> {
        let path = self.path(name);
        let octets = read(&path).map_err(|error| fail(&path, error))?;
        let parsed = Document::parse(octets.expose());
        let mut document = parsed.map_err(|malformed| unfit(&path, malformed.into()))?;
        let is_so = document.value("Settings", "AutoConnect").map(|value| value.boolean());
        if is_so == Some(Ok(on)) || is_so.is_none() && on {
            return Ok(());
        }
        document.set("Settings", "AutoConnect", if on { b"true" } else { b"false" });
        write(&path, &document)
    }

    /// Forgets by which ways a network was joined: it has another secret now.
    ///
    /// # Errors
    /// Those of writing.
    pub fn disprove(&mut self, name: &FileName) -> Result<(), FileError> {
        if self.memory.prove(name, Proven::default()) { self.write_memory() } else { Ok(()) }
    }

    /// When a network was last joined, in seconds since 1970.
    #[must_use]
    pub fn last_joined(&self, name: &FileName) -> Option<u64> {
        self.memory.last_joined(name)
    }

    /// The file of a network: the one that was read, else the one that it gets.
    fn path(&self, name: &FileName) -> PathBuf {
        let known = self.files.get(name).cloned();
        known.unwrap_or_else(|| self.directory.join(name.to_string()))
    }

    /// Adds to a network what is remembered beside its file.
    fn remember(&self, known: &mut KnownNetwork) {
        known.network.known_frequencies = self.memory.frequencies(&known.name);
        known.network.last_joined = self.memory.last_joined(&known.name);
        known.network.proven = self.memory.proven(&known.name);
    }

    /// The last lease in a network.
    #[must_use]
    pub fn lease(&self, name: &FileName) -> Option<Remembered> {
        self.memory.lease(name)
    }

    /// Notes a lease, or that there is none any more.
    ///
    /// # Errors
    /// Those of writing.
    pub fn leased(&mut self, name: &FileName, lease: Option<&Remembered>) -> Result<(), FileError> {
        if self.memory.leased(name, lease) { self.write_memory() } else { Ok(()) }
    }

    fn write_memory(&self) -> Result<(), FileError> {
        write(&self.directory.join(memory::FILE), self.memory.document())
    }
}

fn fail(path: &Path, problem: impl Into<FileProblem>) -> FileError {
    FileError { path: path.to_owned(), line: None, problem: problem.into() }
}

fn load_file(path: &Path, name: FileName) -> Result<(Document, KnownNetwork), FileError> {
    let octets = read(path).map_err(|error| fail(path, error))?;
    let document = Document::parse(octets.expose()).map_err(|malformed| unfit(path, malformed.into()))?;
    let known = KnownNetwork::read(name, &document).map_err(|error| unfit(path, error))?;
    Ok((document, known))
}

fn unfit(path: &Path, unfit: Unfit) -> FileError {
    FileError { path: path.to_owned(), line: unfit.line, problem: FileProblem::Content(unfit.problem) }
}

/// Reads a file whole, into a buffer that is wiped.
fn read(path: &Path) -> io::Result<Secret> {
    // Not blocking: somebody may have put a pipe there.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    // One octet more than allowed shows that it is too long; one more than there are, that it is read whole
    // without a buffer that grows and leaves a copy behind.
    let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX).saturating_add(1);
    let length = metadata.len().saturating_add(1).min(most);
    let mut octets = Vec::with_capacity(usize::try_from(length).unwrap_or(MAX_OCTETS));
    let result = file.take(length).read_to_end(&mut octets);
    let octets = Secret::from_vec(octets);
    result.map(|_| octets)
}

/// Replaces a file, or leaves it as it was: a reader, or the next start after a power cut, sees the old
/// content or the new one, never a part.
fn write(path: &Path, document: &Document) -> Result<(), FileError> {
    replace(path, document.octets().expose(), 0o600).map_err(|error| fail(path, error))
}

/// Replaces the content of a file in one step; the file has these permissions afterwards.
///
/// # Errors
/// Those of the system calls; the file is as before then.
pub fn replace(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok();
    if before.as_ref().is_some_and(fs::Metadata::is_symlink) {
        // It is kept elsewhere, by somebody who manages it: replacing the link would cut that.
        return Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a symbolic link is not written"));
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut temporary = path.file_name().unwrap_or_default().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = directory.join(temporary);
    let result = (|| {
        // Left by an earlier process of the same number that was cut off.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(octets)?;
        // iwd orders networks by the time of their files.
        if let Some(modified) = before.and_then(|before| before.modified().ok()) {
            file.set_times(FileTimes::new().set_modified(modified))?;
        }
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(directory)?.sync_all()
    })();
    if result.is_err() {
        // It is gone already if the failure came after the rename.
        drop(fs::remove_file(&temporary));
    }
    result
}

#[cfg(test)]
mod tests;
