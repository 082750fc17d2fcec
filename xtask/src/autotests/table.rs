//! The results, for people and for programs.

use super::{Directory, Run};
use crate::guest::autotests::{Function, FunctionOutcome};
use serde_json::{Value, json};
use std::fmt::Write;

/// How much of a complaint is shown, in characters.
const COMPLAINT: usize = 110;

/// A table in Markdown: a row for each directory, a column for each daemon, and below it what failed.
pub(super) fn markdown(runs: &[Run]) -> String {
    let names: Vec<_> = runs.iter().map(|run| run.daemon.name()).collect();
    let mut text = format!("| directory | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(runs.len()));
    let directories = runs.first().map_or(&[][..], |run| &run.directories);
    for (number, directory) in directories.iter().enumerate() {
        let cells: Vec<_> =
            runs.iter().map(|run| run.directories.get(number).map_or_else(String::new, cell)).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} | {} |", directory.name, cells.join(" | "));
    }
    let sums: Vec<_> =
        runs.iter().map(|run| sum(run.directories.iter().flat_map(|one| &one.functions))).collect();
    let _ = writeln!(text, "| all | {} |", sums.join(" | "));
    for run in runs {
        let _ = writeln!(text, "\nFailed with {}:\n", run.daemon.name());
        for directory in &run.directories {
            if let Some(trouble) = &directory.trouble {
                let _ = writeln!(text, "- {}: {}", directory.name, short(trouble));
            }
            for function in
                directory.functions.iter().filter(|function| function.outcome == FunctionOutcome::Failed)
            {
                let _ = writeln!(text, "- {} {}: {}", directory.name, function.name, short(&function.why));
            }
        }
    }
    text
}

fn cell(directory: &Directory) -> String {
    match directory.functions.is_empty() {
        true => "nothing ran".to_owned(),
        false => sum(&directory.functions),
    }
}

/// Passed of all, and how many were skipped.
fn sum<'a>(functions: impl IntoIterator<Item = &'a Function>) -> String {
    let (mut passed, mut skipped, mut all) = (0, 0, 0);
    for function in functions {
        all += 1;
        passed += usize::from(function.outcome == FunctionOutcome::Passed);
        skipped += usize::from(function.outcome == FunctionOutcome::Skipped);
    }
    match skipped {
        0 => format!("{passed} of {all}"),
        _ => format!("{passed} of {all}, {skipped} skipped"),
    }
}

fn short(text: &str) -> String {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(COMPLAINT).collect()
}

/// The same for programs.
pub(super) fn json(runs: &[Run]) -> Value {
    let directory = |directory: &Directory| {
        json!({
            "name": directory.name,
            "trouble": directory.trouble,
            "functions": directory.functions.iter().map(Function::to_json).collect::<Vec<_>>(),
        })
    };
    let run = |run: &Run| {
        json!({
            "daemon": run.daemon.name(),
            "directories": run.directories.iter().map(directory).collect::<Vec<_>>(),
        })
    };
    Value::Array(runs.iter().map(run).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Kind;

    #[test]
    fn daemons_stand_side_by_side() {
        let function = |outcome| Function { name: "a.py: b".into(), outcome, why: "first\nthe last".into() };
        let directory = |functions: Vec<Function>, trouble: Option<&str>| Directory {
            name: "testX".into(),
            functions,
            trouble: trouble.map(Into::into),
        };
        let both = vec![function(FunctionOutcome::Passed), function(FunctionOutcome::Skipped)];
        let runs = [
            Run { daemon: Kind::Iwd, directories: vec![directory(both, None)] },
            Run {
                daemon: Kind::Lapwing,
                directories: vec![directory(vec![function(FunctionOutcome::Failed)], None)],
            },
        ];
        let text = markdown(&runs);
        assert!(text.contains("| testX | 1 of 2, 1 skipped | 0 of 1 |"), "{text}");
        assert!(text.contains("- testX a.py: b: the last"), "{text}");
        let broken =
            [Run { daemon: Kind::Iwd, directories: vec![directory(vec![], Some("no test ran:\nwhy"))] }];
        assert!(markdown(&broken).contains("| testX | nothing ran |"));
        assert!(markdown(&broken).contains("- testX: why"));
    }
}
