//! The command line of `lapwing world`.

use super::explore::options as explore;
use clap::{Args, Subcommand};
use lapwing_world::Habit;
use lapwing_world::kernels::NamedKernel;
use lapwing_world::party::Policy;

const RUN: &str = "\
Runs a scenario by the clock of a world that is not there, and draws what happened: a lane for each party, \
arrows between them, and at the end whose doing it was and what Lapwing does instead.

A KERNEL that has a story is run with the policy that the story was told of, unless --policy names another: \
'removed-link --kernel 6.12-before-fix' shows the failure as it happened, and \
'removed-link --kernel 6.12-before-fix --policy lapwing' shows Lapwing on the same old kernel.

Exit status: 0 if at the end that is so which the scenario expects (as a rule: connected) and nothing went \
wrong on the way that the story is about; 1 if not; 2 if the scenario has an error.";

/// The options of `world`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct World {
    /// What to do in it.
    #[command(subcommand)]
    pub what: What,
}

/// What to do in a world.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum What {
    /// Run a scenario and show what happened
    #[command(long_about = RUN)]
    Run(Run),
    /// List scenarios, policies, kernels and habits
    List,
    /// Look for an order of things in which the station goes wrong
    Explore(explore::Explore),
    /// Let a schedule that was found happen again
    Replay(explore::Replay),
    /// Add up the results of several jobs
    Merge(explore::Merge),
}

/// The options of `world run`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Run {
    /// A scenario by its name, or the file of one
    #[arg(value_name = "NAME|FILE")]
    pub scenario: String,

    /// Who sits where the station sits; lapwing if not given
    #[arg(long, value_name = "NAME")]
    pub policy: Option<Policy>,

    /// The kernel; that of the scenario if not given
    #[arg(long, value_name = "NAME")]
    pub kernel: Option<NamedKernel>,

    /// The number that decides delays and order
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// A habit more, of kernel, firmware or all access points
    #[arg(long = "habit", value_name = "NAME")]
    pub habits: Vec<Habit>,
}
