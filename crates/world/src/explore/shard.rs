//! A part of the work, for one of several machines that do not talk to each other.
//!
//! An exploration begins alike everywhere, up to the first level with [`Shard::SPREAD`] states for each shard.
//! From there a shard goes on from those states only whose name, modulo the number of shards, is its own. A
//! state beyond is reached within the same number of steps by the shard that has the state through which a
//! shortest way to it leads. So all shards together see exactly the states that one run sees; some states are
//! seen by several. Of walks a shard takes those whose number, modulo the number of shards, is its own.

use std::fmt;
use std::str::FromStr;

/// One of several equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// How many states for each shard the level has on which the shards part: so many that their shares are
    /// about equal.
    pub const SPREAD: usize = 64;

    /// All of the work.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `index`, from 0, of `count`.
    #[must_use]
    pub const fn new(index: u32, count: u32) -> Option<Self> {
        if index < count { Some(Self { index, count }) } else { None }
    }

    /// Which part, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Whether something with this number belongs to it.
    #[must_use]
    pub const fn has(self, number: u64) -> bool {
        number % self.count as u64 == self.index as u64
    }

    /// The part that falls to this job of a cluster, if it is one of several: of an Indexed Job of Kubernetes
    /// (`JOB_COMPLETION_INDEX`, with `JOB_COMPLETIONS` from the manifest, since Kubernetes gives the index only),
    /// or of an array of Slurm (`SLURM_ARRAY_TASK_ID`, `_COUNT`, `_MIN`, `_STEP`).
    ///
    /// # Errors
    ///
    /// There is an index without a number of jobs, or they make no sense together.
    pub fn of_cluster(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, BadShard> {
        let number = |name: &str| -> Result<Option<u32>, BadShard> {
            let Some(text) = variable(name) else { return Ok(None) };
            let bad = || BadShard(format!("{name} is {text:?}, which is no number"));
            Ok(Some(text.parse().map_err(|_| bad())?))
        };
        let part = |what: &str, index: Option<u32>, count: Option<u32>| match (index, count) {
            (None, _) => Ok(None),
            (Some(_), None) => Err(BadShard(format!("{what}: an index without the number of jobs"))),
            (Some(index), Some(count)) => Self::new(index, count)
                .map(Some)
                .ok_or_else(|| BadShard(format!("{what}: there is no job {index} of {count}"))),
        };
        let kubernetes = part("Kubernetes", number("JOB_COMPLETION_INDEX")?, number("JOB_COMPLETIONS")?)?;
        if kubernetes.is_some() {
            return Ok(kubernetes);
        }
        let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        let index = number("SLURM_ARRAY_TASK_ID")?.map(|id| id.saturating_sub(first) / step);
        part("Slurm", index, number("SLURM_ARRAY_TASK_COUNT")?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let parsed = text.split_once('/').and_then(|(k, n)| Self::new(k.parse().ok()?, n.parse().ok()?));
        parsed.ok_or_else(|| BadShard(format!("{text:?} is not K/N, with K from 0 to N - 1")))
    }
}

/// A shard that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadShard(String);

impl fmt::Display for BadShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadShard {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Shard>, BadShard> {
        Shard::of_cluster(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn clusters_say_which_part() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "8")]), Ok(Shard::new(2, 8)));
        let array = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(of(&array), Ok(Shard::new(3, 4)));
        assert!(of(&[("JOB_COMPLETION_INDEX", "2")]).is_err());
        assert!(of(&[("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "2")]).is_err());
        assert!(of(&[("SLURM_ARRAY_TASK_ID", "x"), ("SLURM_ARRAY_TASK_COUNT", "2")]).is_err());
    }

    #[test]
    fn text_leads_back_to_the_shard() {
        assert_eq!("1/3".parse(), Shard::new(1, 3).ok_or_else(|| unreachable!()));
        assert_eq!("1/3".parse::<Shard>().map(|shard| shard.to_string()), Ok("1/3".into()));
        for bad in ["", "3/3", "1", "0/0", "-1/2", "a/b"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
