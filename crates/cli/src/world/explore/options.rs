//! The options of `lapwing world explore`, `replay` and `merge`.

use clap::Args;
use lapwing_world::explore::Shard;
use std::path::PathBuf;

const EXPLORE: &str = "\
Looks for an order of things in which the station goes wrong.

First every order of what can happen in small worlds, step by step, with states that are equal looked at once. \
Then long walks, drawn by a number, through worlds with bad habits and troubles; after each the troubles stop, and \
all must come to a good end. Rules from outside watch every step.

What is found is made as short as can be and printed as a command that replays it. The exit status is 1 then.

As one of several jobs of a Kubernetes Indexed Job or a Slurm array, its part of the work follows from the job's own \
variables. With --json it prints a line for each result: the lines of all jobs together are read by `lapwing world \
merge`.";

/// The options of `explore`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(long_about = EXPLORE)]
pub struct Explore {
    /// Explore this scenario, built in or a file; may be repeated [default: the small ones]
    #[arg(long = "scenario", value_name = "NAME|FILE")]
    pub scenarios: Vec<String>,

    /// Go at most so many steps from the start
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,

    /// See about so many states of each scenario; 0: only walk
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub states: u64,

    /// Take so many walks
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub walks: u64,

    /// Leave out the walks of these numbers, whose finds are known and open
    #[arg(long, value_name = "SEED", value_delimiter = ',')]
    pub except: Vec<u64>,

    /// Let a walk have so many steps before the troubles stop
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub length: usize,

    /// Draw from this number [default: another one each time, which is printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub time: Option<u64>,

    /// Use so many threads [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Use about so many megabytes of memory: states that do not fit are made again when they are needed
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    pub memory: usize,

    /// Of so many states let one settle, to see whether all comes to a good end; 0: none
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub settle_every: u64,

    /// Do part K (from 0) of N [default: what the cluster's variables say, or all]
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,

    /// Keep record in this directory, and go on from what is recorded there
    #[arg(long, value_name = "DIRECTORY")]
    pub checkpoint: Option<PathBuf>,
}

/// The options of `replay`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Replay {
    /// The schedule in one word, or a file with it or with results of `explore --json`
    #[arg(value_name = "TOKEN|FILE")]
    pub schedule: String,

    /// The scenario file, if it is of one
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
}

/// The options of `merge`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Merge {
    /// Files with results of `explore --json`, of all jobs
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}
