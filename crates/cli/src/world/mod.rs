//! `lapwing world`: a virtual kernel, air and access points on the command line. No daemon, no radio, no root.

pub mod explore;
mod json;
mod list;
pub mod options;
mod run;

use crate::commands;
use crate::failure::Failure;
use crate::text::Style;
use options::{What, World};

/// Runs the command and prints its result: the exit status.
///
/// # Errors
/// If it could not be run.
pub fn world(world: &World, json: bool, style: Style) -> Result<u8, Failure> {
    match &world.what {
        What::Run(options) => run::run(options, json, style),
        What::Explore(options) => explore::explore(options, json).map(|()| 0),
        What::Replay(options) => explore::replay(options, json, style).map(|()| 0),
        What::Merge(options) => explore::merge(options, json).map(|()| 0),
        What::List => {
            commands::print(&list::list(json, style))?;
            Ok(0)
        }
    }
}
