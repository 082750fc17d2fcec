//! The explorer, as part of everything that must hold: a million states and two thousand walks by a number that stays,
//! and some more by one that nobody drew before.

use crate::command::{cargo, target_directory};
use crate::failure::{Doing, Failure, Result};
use serde_json::Value;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::{Command, Stdio};

/// What is explored by one number: the states of each small world, and the walks.
struct Share {
    seed: u64,
    states: u64,
    walks: u64,
}

/// The same number each time: what was fine stays fine.
const SEED: u64 = 1;

/// What must have been seen by it at least.
const STATES: u64 = 1_000_000;
const WALKS: u64 = 2_000;

/// Explores, and counts.
pub(crate) fn look() -> Result<()> {
    let build = ["build", "--quiet", "--profile", "explore", "--package", "lapwing"];
    crate::command::run(&mut cargo(build))?;
    let (states, walks) = explored(&Share { seed: SEED, states: 200_000, walks: WALKS })?;
    if states < STATES || walks < WALKS {
        return Err(Failure::unmet(
            format!("{STATES} states and {WALKS} walks"),
            format!("{states} states and {walks} walks"),
        ));
    }
    // Nobody knows what a new number finds, and what holds must not depend on luck: a find is told with the command
    // that shows it again, and fails nothing.
    let fresh = RandomState::new().build_hasher().finish() >> 16;
    match explored(&Share { seed: fresh, states: 20_000, walks: 500 }) {
        Err(Failure::Unmet { seen, .. }) => eprintln!("    a new find, by seed {fresh}:\n{seen}"),
        other => drop(other?),
    }
    Ok(())
}

/// Explores by one number. Returns how many states were seen and walks taken.
fn explored(share: &Share) -> Result<(u64, u64)> {
    let Share { seed, states, walks } = share;
    let mut explorer = Command::new(target_directory().join("explore/lapwing"));
    explorer.args(["--json", "world", "explore"]);
    for (option, value) in [("--seed", seed), ("--states", states), ("--walks", walks)] {
        explorer.args([option, &value.to_string()]);
    }
    let result = explorer
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .doing(|| String::from("start the explorer"))?;
    let text = String::from_utf8_lossy(&result.stdout).into_owned();
    let results: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let sum = |kind: &str, what: &str| -> u64 {
        let of_kind = results.iter().filter(|line| line.get("kind").is_some_and(|known| known == kind));
        of_kind.filter_map(|line| line.get(what)?.as_u64()).sum()
    };
    let (states, walks) = (sum("exploration", "states"), sum("walks", "walks"));
    let steps = sum("exploration", "steps") + sum("walks", "steps");
    eprintln!("    seed {seed}: {states} states, {walks} walks, {steps} steps");
    if result.status.success() {
        return Ok((states, walks));
    }
    let broken = results.iter().flat_map(broken).collect::<Vec<_>>().join("\n");
    Err(Failure::unmet(
        format!("no rule broken by seed {seed}"),
        if broken.is_empty() { format!("{}: {text}", result.status) } else { broken },
    ))
}

/// What a result says of broken rules, with the commands by which they are seen again.
fn broken(result: &Value) -> Vec<String> {
    let many = result.get("failures").and_then(Value::as_array).into_iter().flatten();
    let one = result.get("failure").filter(|failure| !failure.is_null());
    let word = |failure: &Value, name: &str| {
        failure.get(name).and_then(Value::as_str).unwrap_or("no word").to_owned()
    };
    many.chain(one)
        .map(|failure| {
            format!(
                "{}: {}\n  cargo run --profile explore --package lapwing -- world replay '{}'",
                word(failure, "rule"),
                word(failure, "seen"),
                word(failure, "token"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_is_told_with_the_command_that_shows_it() {
        let failure =
            serde_json::json!({ "rule": "good-end", "seen": "not online", "token": "walk@1:2:~:3" });
        let results = [
            (serde_json::json!({ "kind": "exploration", "failure": failure }), 1),
            (serde_json::json!({ "kind": "exploration", "failure": null }), 0),
            (serde_json::json!({ "kind": "walks", "failures": [failure, failure] }), 2),
        ];
        for (result, count) in results {
            let told = broken(&result);
            assert_eq!(told.len(), count);
            assert!(told.iter().all(|told| told.ends_with("world replay 'walk@1:2:~:3'")), "{told:?}");
        }
    }
}
