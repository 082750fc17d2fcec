//! The scenarios with each station, as a table.

use super::{Options, Verdict, run_scenarios};
use crate::failure::Result;
use crate::guest::Kind;
use crate::guest::scenarios::Scenario;

/// Runs the scenarios with one station after the other and prints what came of it. That a peer fails is no failure.
pub(super) fn print(options: &Options, scenarios: &[&Scenario]) -> Result<()> {
    let mut reports = Vec::new();
    for station in Kind::ALL {
        reports.push(run_scenarios(&Options { station, ..options.clone() })?);
    }
    println!("| scenario | what it shows | {} |", Kind::ALL.map(Kind::name).join(" | "));
    println!("|---|---|{}", "---|".repeat(reports.len()));
    for scenario in scenarios {
        let cells: Vec<_> = reports.iter().map(|report| cell(report.verdict(scenario.name))).collect();
        println!("| `{}` | {} | {} |", scenario.name, scenario.about, cells.join(" | "));
    }
    let versions = reports.first().map(|report| report.versions.clone()).unwrap_or_default();
    println!("\n{versions}");
    for (kind, report) in Kind::ALL.into_iter().zip(&reports) {
        println!("{}: {}", kind.name(), report.summary());
    }
    reports.into_iter().next().map_or(Ok(()), super::Report::into_result)
}

const fn cell(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Passed) => "yes",
        Some(Verdict::Skipped(_)) => "–",
        Some(Verdict::Failed(_)) | None => "**no**",
    }
}
