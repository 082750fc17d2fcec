//! The state directory: reading all network files, and writing what was learned.

use super::document::{Document, MAX_OCTETS};
use super::error::{FileError, FileProblem, Problem};
use super::file::{KnownNetwork, Unfit, enter, learn, secret_mark};
use super::memory::{self, Memory};
use super::name::{FileName, Parsed, Security};
use super::passpoint;
use super::sealing::{self, Seal};
use crate::netconf::Remembered;
use lapwing_core::entropy::random;
use lapwing_core::network::Network;
use lapwing_core::{Secret, station::Learned};
use lapwing_linux::entropy::OsEntropy;
use rustix::fs::OFlags;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How many network files are read: far more than anybody has, and a bound.
const MAX_FILES: usize = 4096;
/// How old the last change of a file must be to tell it from the next one: file systems count in steps, the
/// coarsest of two seconds.
const TELLABLE: Duration = Duration::from_secs(3);

/// The state directory and what is known of it.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    /// The key of encrypted files: with it, files are encrypted.
    seal: Option<Seal>,
    memory: Memory,
    /// The network files by the name that they have.
    files: BTreeMap<FileName, PathBuf>,
    /// What was read of files that have not changed since.
    read: BTreeMap<OsString, (Stamp, KnownNetwork)>,
    /// The memory's file does not have all that is remembered.
    unwritten: bool,
    /// [`TELLABLE`].
    tellable: Duration,
}

/// By what a file is known to be the one that was read: its device, number and length, and when its content and
/// its entry changed, in seconds and nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp([u64; 3], [(i64, i64); 2]);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let written = (metadata.mtime(), metadata.mtime_nsec());
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self([metadata.dev(), metadata.ino(), metadata.len()], [written, changed])
    }

    /// Whether the file cannot change any more without being told from what it is now.
    fn is_telling(&self, tellable: Duration) -> bool {
        let Self(_, [_, changed]) = self;
        let since = SystemTime::UNIX_EPOCH.elapsed().ok();
        let changed = u64::try_from(changed.0).ok().map(Duration::from_secs);
        let age = since.zip(changed).and_then(|(since, changed)| since.checked_sub(changed));
        age.is_some_and(|age| age >= tellable)
    }
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
    /// The networks of files that lack nothing but the secret: it is asked for when they are to be joined.
    pub lacking: BTreeSet<FileName>,
    /// Those of the networks whose file cannot be used that are encrypted with another key, or for whom there is none.
    pub locked: BTreeSet<FileName>,
    /// The profiles of others' hotspots, by their numbers.
    pub passpoints: BTreeMap<u32, passpoint::Profile>,
}

impl Store {
    /// A store in this directory, which need not exist yet.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        let read = |name| read(&directory.join(name)).unwrap_or_default();
        let memory = Memory::read(read(memory::FILE).expose(), read(memory::IWD_FREQUENCIES).expose());
        Self {
            directory,
            seal: None,
            memory,
            files: BTreeMap::new(),
            read: BTreeMap::new(),
            unwritten: false,
            tellable: TELLABLE,
        }
    }

    /// The same with a key: encrypted files are read, and secrets are encrypted wherever they are written or found.
    #[must_use]
    pub fn sealed(self, seal: Option<Seal>) -> Self {
        Self { seal, ..self }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether a network's file is as it was when it was read, or is not there and was not.
    #[must_use]
    pub fn is_as_read(&self, name: &FileName) -> bool {
        let path = self.path(name);
        let before = path.file_name().and_then(|file| self.read.get(file)).map(|(before, _)| before);
        match fs::metadata(&path) {
            Ok(metadata) => before == Some(&Stamp::of(&metadata)),
            Err(_) => !self.files.contains_key(name),
        }
    }

    /// Reads the network files, except those that are as they were. A directory that is not there holds none.
    pub fn load(&mut self) -> Loaded {
        let mut loaded = Loaded {
            networks: Vec::new(),
            errors: Vec::new(),
            unreadable: BTreeMap::new(),
            lacking: BTreeSet::new(),
            locked: BTreeSet::new(),
            passpoints: BTreeMap::new(),
        };
        self.load_passpoints(&mut loaded);
        let mut names = Vec::new();
        match fs::read_dir(&self.directory) {
            Ok(entries) => names.extend(entries.filter_map(|entry| Some(entry.ok()?.file_name()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => loaded.errors.push(fail(&self.directory, error)),
        }
        // In the order of names, so that what is read does not depend on the file system.
        names.sort_unstable();
        self.files.clear();
        let mut before = std::mem::take(&mut self.read);
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
            let stamp = fs::metadata(&path).ok().map(|metadata| Stamp::of(&metadata));
            let same = before.remove(&file_name).filter(|(before, _)| Some(before) == stamp.as_ref());
            let stamp = stamp.filter(|stamp| same.is_some() || stamp.is_telling(self.tellable));
            let result = match same {
                Some((_, known)) => Ok(known),
                None => {
                    loaded.errors.extend(self.seal_file(&path, &name).err());
                    self.load_file(&path, name.clone()).map(|(_, known)| known)
                }
            };
            match result {
                Ok(mut known) => {
                    if let Some(stamp) = stamp {
                        self.read.insert(file_name, (stamp, known.clone()));
                    }
                    self.remember(&mut known);
                    // The other spelling came first.
                    if self.files.insert(name.clone(), path).is_some() {
                        loaded.networks.retain(|other| other.name != name);
                    }
                    loaded.networks.push(known);
                }
                Err(FileError { problem: FileProblem::Content(Problem::NoSecret), .. }) => {
                    loaded.lacking.insert(name.clone());
                    self.files.insert(name, path);
                }
                Err(error) => {
                    if let FileProblem::Content(Problem::Encrypted | Problem::OtherKey) = error.problem {
                        loaded.locked.insert(name.clone());
                    }
                    loaded.unreadable.insert(name.clone(), error.to_string());
                    self.files.insert(name, path);
                    loaded.errors.push(error);
                }
            }
        }
        loaded
    }

    fn load_passpoints(&self, loaded: &mut Loaded) {
        let directory = self.directory.join(passpoint::DIRECTORY);
        let mut names: Vec<_> = match fs::read_dir(&directory) {
            Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return loaded.errors.push(fail(&directory, error)),
        };
        names.retain(|name| Path::new(name).extension().is_some_and(|it| it == passpoint::EXTENSION));
        names.sort_unstable();
        for name in names.into_iter().take(MAX_FILES) {
            let path = directory.join(&name);
            match read_document(&path).and_then(|document| {
                passpoint::Profile::read(name, &document).map_err(|why| unfit(&path, why))
            }) {
                // Of two that fit the same networks, the first counts.
                Ok(profile) => drop(loaded.passpoints.entry(profile.id()).or_insert(profile)),
                Err(error) => loaded.errors.push(error),
            }
        }
    }

    /// Removes the file of a hotspot profile.
    ///
    /// # Errors
    /// That of removing the file, which is there still then.
    pub fn forget_passpoint(&self, profile: &passpoint::Profile) -> Result<(), FileError> {
        let path = self.directory.join(passpoint::DIRECTORY).join(&profile.file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fail(&path, error)),
            _ => Ok(()),
        }
    }

    /// Writes into the file of a hotspot profile whether its networks are joined without being asked.
    ///
    /// # Errors
    /// Those of reading and writing; the file is as before then.
    pub fn set_passpoint_autoconnect(&self, profile: &passpoint::Profile, on: bool) -> Result<(), FileError> {
        let path = self.directory.join(passpoint::DIRECTORY).join(&profile.file);
        let mut document = read_document(&path)?;
        document.set("Settings", "AutoConnect", if on { b"true" } else { b"false" });
        replace(&path, document.octets().expose(), 0o600).map_err(|error| fail(&path, error))
    }

    /// Notes what was learned of a network: in its file what belongs there, in the memory the channel, which
    /// [`Self::flush`] writes. The file is read again first, so that an edit of a moment ago is kept; a file that
    /// cannot be read is not written, and one with another secret than the network was joined with neither.
    /// Returns the network as it is known now, if it has a file.
    ///
    /// # Errors
    /// Those of reading and writing. The connection does not depend on it.
    pub fn learn(
        &mut self,
        name: &FileName,
        network: &Network,
        learned: &Learned,
        now: u64,
    ) -> Result<Option<KnownNetwork>, FileError> {
        self.joined(name, network, learned, now);
        let Some(path) = self.files.get(name) else { return Ok(None) };
        // Before it is read: whoever writes it later gives it another time, and whatever was written before is read.
        let touched = touch(path, now);
        let (mut document, mut known) = self.load_file(path, name.clone())?;
        if known.network.is_same(network) && learn(&mut document, name, learned) {
            known = KnownNetwork::read(name.clone(), &document).map_err(|error| unfit(path, error))?;
            // It keeps the time.
            self.write(path, name, &document)?;
        } else if let (Some(stamp), Some(file)) = (touched, path.file_name()) {
            self.read.insert(file.to_owned(), (stamp, known.clone()));
        }
        self.remember(&mut known);
        Ok(Some(known))
    }

    /// Stores a network that was joined for the first time, or with another secret: its file gets the secret
    /// and what was learned, and keeps whatever else it has. What belongs into the memory is written by
    /// [`Self::flush`]. Returns the network as it is known now.
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
        let (path, document, mut known) = self.provisioned(name, network, learned)?;
        self.write(&path, name, &document)?;
        let _ = touch(&path, now);
        self.files.insert(name.clone(), path);
        self.joined(name, network, learned, now);
        self.remember(&mut known);
        Ok(known)
    }

    /// Stores a network that another device handed over: as [`Self::provision`], before anybody has joined it.
    ///
    /// # Errors
    /// Those of reading and writing; the file is as before then.
    pub fn receive(
        &mut self,
        name: &FileName,
        network: &Network,
        send_hostname: bool,
        now: u64,
    ) -> Result<KnownNetwork, FileError> {
        let (path, mut document) = self.entered(name, network)?;
        if send_hostname {
            document.set("IPv4", "SendHostname", b"true");
        }
        let mut known = KnownNetwork::read(name.clone(), &document).map_err(|error| unfit(&path, error))?;
        self.write(&path, name, &document)?;
        let _ = touch(&path, now);
        self.files.insert(name.clone(), path);
        self.remember(&mut known);
        Ok(known)
    }

    /// The network as [`Self::provision`] will make it known.
    ///
    /// # Errors
    /// Those of reading.
    pub fn preview(
        &self,
        name: &FileName,
        network: &Network,
        learned: &Learned,
    ) -> Result<KnownNetwork, FileError> {
        self.provisioned(name, network, learned).map(|(_, _, known)| known)
    }

    fn provisioned(
        &self,
        name: &FileName,
        network: &Network,
        learned: &Learned,
    ) -> Result<(PathBuf, Document, KnownNetwork), FileError> {
        let (path, mut document) = self.entered(name, network)?;
        let _ = learn(&mut document, name, learned);
        let known = KnownNetwork::read(name.clone(), &document).map_err(|error| unfit(&path, error))?;
        Ok((path, document, known))
    }

    /// A network's file with this secret in it.
    fn entered(&self, name: &FileName, network: &Network) -> Result<(PathBuf, Document), FileError> {
        let path = self.path(name);
        let mut document = match read(&path) {
            Ok(octets) => {
                let parsed = Document::parse(octets.expose());
                let document = parsed.map_err(|malformed| unfit(&path, malformed.into()))?;
                self.open(&path, name, document)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Document::default(),
            Err(error) => return Err(fail(&path, error)),
        };
        enter(&mut document, network);
        Ok((path, document))
    }

    fn joined(&mut self, name: &FileName, network: &Network, learned: &Learned, now: u64) {
        self.memory.joined(name, learned.frequency, now);
        self.memory.prove(name, secret_mark(network).as_deref(), learned.proven);
        self.unwritten = true;
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

    /// Forgets what is remembered of a network beside its file. [`Self::flush`] writes that.
    pub fn forget_memory(&mut self, name: &FileName) {
        self.unwritten |= self.memory.forget(name);
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
        self.write(&path, name, &document)
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
        known.network.proven = self.memory.proven(&known.name, secret_mark(&known.network).as_deref());
    }

    /// The last lease in a network.
    #[must_use]
    pub fn lease(&self, name: &FileName) -> Option<Remembered> {
        self.memory.lease(name)
    }

    /// Notes a lease, or that there is none any more. [`Self::flush`] writes it.
    pub fn leased(&mut self, name: &FileName, lease: Option<&Remembered>) {
        self.unwritten |= self.memory.leased(name, lease);
    }

    /// Writes what is remembered, if its file does not have it. What cannot be written is tried again with the
    /// next thing that is to be remembered.
    ///
    /// # Errors
    /// Those of writing; the file is as before then.
    pub fn flush(&mut self) -> Result<(), FileError> {
        if !std::mem::take(&mut self.unwritten) {
            return Ok(());
        }
        let path = self.directory.join(memory::FILE);
        replace(&path, self.memory.octets().expose(), 0o600).map_err(|error| fail(&path, error))?;
        let Some(octets) = self.memory.iwd_octets(&self.directory) else { return Ok(()) };
        let path = self.directory.join(memory::IWD_FREQUENCIES);
        replace(&path, octets.expose(), 0o600).map_err(|error| fail(&path, error))?;
        self.memory.iwd_written();
        Ok(())
    }

    fn load_file(&self, path: &Path, name: FileName) -> Result<(Document, KnownNetwork), FileError> {
        let octets = read(path).map_err(|error| fail(path, error))?;
        let document = Document::parse(octets.expose()).map_err(|malformed| unfit(path, malformed.into()))?;
        let document = self.open(path, &name, document)?;
        let known = KnownNetwork::read(name, &document).map_err(|error| unfit(path, error))?;
        Ok((document, known))
    }

    /// The document with its secrets, if they are encrypted and there is a key.
    fn open(&self, path: &Path, name: &FileName, document: Document) -> Result<Document, FileError> {
        match &self.seal {
            Some(seal) if sealing::is_sealed(&document) => {
                seal.open(&document, &name.ssid).map_err(|error| unfit(path, error))
            }
            _ => Ok(document),
        }
    }

    /// Encrypts the secrets of a file that has them in clear, if there is a key; as iwd does.
    fn seal_file(&self, path: &Path, name: &FileName) -> Result<(), FileError> {
        if self.seal.is_none() || name.security != Security::Personal {
            return Ok(());
        }
        // Whoever reads the file next says what is wrong with it.
        let Ok(octets) = read(path) else { return Ok(()) };
        match Document::parse(octets.expose()) {
            Ok(document) if document.has_group("Security") && !sealing::is_sealed(&document) => {
                self.write(path, name, &document)
            }
            _ => Ok(()),
        }
    }

    /// Replaces a file, or leaves it as it was: a reader, or the next start after a power cut, sees the old
    /// content or the new one, never a part.
    fn write(&self, path: &Path, name: &FileName, document: &Document) -> Result<(), FileError> {
        let closed = match &self.seal {
            Some(seal) => seal.close(document, &name.ssid, random(&mut OsEntropy)),
            None => Ok(document.clone()),
        };
        let closed = closed.map_err(|error| unfit(path, error))?;
        replace(path, closed.octets().expose(), 0o600).map_err(|error| fail(path, error))
    }
}

/// How much later a file is that was changed: not enough to be another place in the order.
const CHANGED: Duration = Duration::from_millis(1);

/// The part of a second in the times that we give to files, in nanoseconds: where a file system keeps it, no write by
/// others has the same time but by a chance of one to a thousand million.
const OURS: u32 = 1;

/// Gives a file the time at which its network was joined: iwd orders networks by that, and nothing else depends on it.
/// Returns by what it is known from now on, if whatever is written into it later can be told from that.
fn touch(path: &Path, now: u64) -> Option<Stamp> {
    let time = SystemTime::UNIX_EPOCH + Duration::new(now, OURS);
    // Not blocking: somebody may have put a pipe there.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
    file.set_times(FileTimes::new().set_modified(time)).ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.modified().ok()? == time).then(|| Stamp::of(&metadata))
}

fn read_document(path: &Path) -> Result<Document, FileError> {
    let octets = read(path).map_err(|error| fail(path, error))?;
    Document::parse(octets.expose()).map_err(|malformed| unfit(path, malformed.into()))
}

fn fail(path: &Path, problem: impl Into<FileProblem>) -> FileError {
    FileError { path: path.to_owned(), line: None, problem: problem.into() }
}

fn unfit(path: &Path, unfit: Unfit) -> FileError {
    FileError { path: path.to_owned(), line: unfit.line, problem: FileProblem::Content(unfit.problem) }
}

/// Reads a file whole, into a buffer that is wiped; of one that is far too long, no more than shows that.
///
/// # Errors
/// Those of the system calls, and if it is no regular file.
pub fn read(path: &Path) -> io::Result<Secret> {
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

/// Replaces the content of a file in one step; the file has these permissions afterwards.
///
/// # Errors
/// Those of the system calls; the file is as before then.
pub fn replace(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    replace_by(path, mode, |file| file.write_all(octets))
}

/// The same with what is written into the new file.
fn replace_by(path: &Path, mode: u32, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok();
    if before.as_ref().is_some_and(Metadata::is_symlink) {
        // It is kept elsewhere, by somebody who manages it: replacing the link would cut that.
        return Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a symbolic link is not written"));
    }
    // The parent of a name alone is empty.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
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
        write(&mut file)?;
        // iwd orders networks by the time of their files; who looks for files that have changed goes by it too.
        if let Some(modified) = before.and_then(|before| before.modified().ok()) {
            file.set_times(FileTimes::new().set_modified(modified + CHANGED))?;
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
