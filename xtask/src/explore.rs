//! The explorer, as part of everything that must hold: a million states and two thousand walks.

use crate::command::{cargo, output};
use crate::failure::{Failure, Result};
use serde_json::Value;

/// The same numbers each time: what is new is looked for elsewhere.
const SEED: &str = "1";

/// What must have been seen at least.
const STATES: u64 = 1_000_000;
const WALKS: u64 = 2_000;

/// Explores, and counts.
pub(crate) fn look() -> Result<()> {
    let program = ["run", "--quiet", "--profile", "explore", "--package", "lapwing", "--", "--json"];
    let explore = ["world", "explore", "--seed", SEED, "--states", "200000", "--walks", "2000"];
    let lines = output(&mut cargo(program.into_iter().chain(explore)))?;
    let results: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let sum = |kind: &str, what: &str| -> u64 {
        let of_kind = results.iter().filter(|line| line.get("kind").is_some_and(|known| known == kind));
        of_kind.filter_map(|line| line.get(what)?.as_u64()).sum()
    };
    let (states, walks) = (sum("exploration", "states"), sum("walks", "walks"));
    let steps = sum("exploration", "steps") + sum("walks", "steps");
    eprintln!("    {states} states, {walks} walks, {steps} steps");
    match states >= STATES && walks >= WALKS {
        true => Ok(()),
        false => Err(Failure::unmet(
            format!("{STATES} states and {WALKS} walks"),
            format!("{states} states and {walks} walks"),
        )),
    }
}
