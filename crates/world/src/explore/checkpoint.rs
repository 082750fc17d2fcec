//! An exploration written down, so that another process can go on with it.
//!
//! States are not written, only the ways to them: they are made again.

use super::breadth::{End, Explored, Progress};
use super::frontier::{Entry, Path};
use super::visited::Visited;
use super::{Model, Shard};
use std::fmt;
use std::io::{self, Read, Write};

/// The first octets of a file of this format.
const MAGIC: &[u8; 8] = b"lapwexp1";

/// The most that a length in a file may be: more cannot be meant.
const LONGEST: u64 = 1 << 40;

/// What an exploration is of: only that same one can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name of the model.
    pub model: String,
    /// Its seed.
    pub seed: u64,
    /// Which part of it.
    pub shard: Shard,
    /// The name of the first state: another one if the model is another one.
    pub start: u64,
}

/// Why an exploration cannot be gone on with.
#[derive(Debug)]
pub enum Unusable {
    /// The file cannot be read.
    Io(io::Error),
    /// It is no such file, or is broken off.
    NotOne,
    /// It is of another exploration, or of another version of the model.
    Other,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotOne => f.write_str("this is not the record of an exploration, or not a whole one"),
            Self::Other => f.write_str(
                "this is the record of another exploration: of another scenario, seed, shard or version",
            ),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::NotOne,
            _ => Self::Io(error),
        }
    }
}

/// Writes an exploration down.
///
/// # Errors
///
/// It cannot be written.
pub fn write<M: Model>(to: &mut impl Write, identity: &Identity, explored: &Explored<M>) -> io::Result<()> {
    to.write_all(MAGIC)?;
    number(to, identity.model.len() as u64)?;
    to.write_all(identity.model.as_bytes())?;
    let Progress { states, steps, settled, level, waiting, spilled, parted } = explored.progress;
    let shard = [identity.shard.index().into(), identity.shard.count().into()];
    let progress = [states, steps, settled, level as u64, waiting, spilled, parted.into()];
    for value in [identity.seed, identity.start].into_iter().chain(shard).chain(progress) {
        number(to, value)?;
    }
    number(to, explored.visited.len() as u64)?;
    let mut written = Ok(());
    explored.visited.for_each(|name| {
        if written.is_ok() {
            written = number(to, name);
        }
    });
    written?;
    for entries in [&explored.current, &explored.next] {
        number(to, entries.len() as u64)?;
        for entry in entries {
            match entry {
                Entry::Kept(path, _) => {
                    let (parent, last) = path.split_at(path.len().saturating_sub(1));
                    places(to, parent)?;
                    places(to, last)?;
                }
                Entry::Spilled(path, successors) => {
                    places(to, path)?;
                    places(to, successors)?;
                }
            }
        }
    }
    to.write_all(MAGIC)
}

/// Reads an exploration.
///
/// # Errors
///
/// It cannot be gone on with: [`Unusable`] says why.
pub fn read<M: Model>(from: &mut impl Read, model: &M, identity: &Identity) -> Result<Explored<M>, Unusable> {
    magic(from)?;
    let name_length = length(from)?;
    if name_length != identity.model.len() as u64 {
        return Err(Unusable::Other);
    }
    let mut name = vec![0; identity.model.len()];
    from.read_exact(&mut name)?;
    let mut next = || read_number(from);
    let (seed, start) = (next()?, next()?);
    let shard = [next()?, next()?];
    let of_this = [u64::from(identity.shard.index()), u64::from(identity.shard.count())];
    if (name.as_slice(), seed, start, shard)
        != (identity.model.as_bytes(), identity.seed, identity.start, of_this)
    {
        return Err(Unusable::Other);
    }
    let progress = Progress {
        states: next()?,
        steps: next()?,
        settled: next()?,
        level: usize::try_from(next()?).map_err(|_| Unusable::NotOne)?,
        waiting: next()?,
        spilled: next()?,
        parted: next()? != 0,
    };
    let visited = Visited::default();
    for _ in 0..length(from)? {
        visited.insert(read_number(from)?);
    }
    let current = entries(from, model)?;
    let next = entries(from, model)?;
    magic(from)?;
    Ok(Explored { progress, visited, current, next, failure: None, end: End::Interrupted })
}

fn entries<M: Model>(from: &mut impl Read, model: &M) -> Result<Vec<Entry<M::State>>, Unusable> {
    let mut entries: Vec<Entry<M::State>> = Vec::new();
    for _ in 0..length(from)? {
        let (path, successors) = (read_places(from)?, read_places(from)?);
        match entries.last_mut() {
            // States with one parent are made again together.
            Some(Entry::Spilled(before, more)) if *before == path && !successors.is_empty() => {
                more.extend(successors);
            }
            _ if successors.is_empty() => entries.push(Entry::Kept(path, Box::new(model.start()))),
            _ => entries.push(Entry::Spilled(path, successors)),
        }
    }
    Ok(entries)
}

fn magic(from: &mut impl Read) -> Result<(), Unusable> {
    let mut magic = [0; MAGIC.len()];
    from.read_exact(&mut magic)?;
    if magic == *MAGIC { Ok(()) } else { Err(Unusable::NotOne) }
}

fn number(to: &mut impl Write, value: u64) -> io::Result<()> {
    to.write_all(&value.to_le_bytes())
}

fn read_number(from: &mut impl Read) -> Result<u64, Unusable> {
    let mut octets = [0; 8];
    from.read_exact(&mut octets)?;
    Ok(u64::from_le_bytes(octets))
}

fn length(from: &mut impl Read) -> Result<u64, Unusable> {
    read_number(from).and_then(|length| if length <= LONGEST { Ok(length) } else { Err(Unusable::NotOne) })
}

fn places(to: &mut impl Write, places: &[u16]) -> io::Result<()> {
    number(to, places.len() as u64)?;
    places.iter().try_for_each(|place| to.write_all(&place.to_le_bytes()))
}

fn read_places(from: &mut impl Read) -> Result<Path, Unusable> {
    let mut places = Vec::new();
    for _ in 0..length(from)? {
        let mut octets = [0; 2];
        from.read_exact(&mut octets)?;
        places.push(u16::from_le_bytes(octets));
    }
    Ok(places)
}
