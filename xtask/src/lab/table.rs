//! The scenarios with each station and kernel, as a table.

use super::{Kernel, Options, Run, Verdict, run_scenarios};
use crate::failure::Result;
use crate::guest::Kind;
use crate::guest::scenarios::Scenario;

/// Runs the scenarios with one station after the other and prints what came of it. That a peer fails is no failure.
pub(super) fn print(options: &Options, scenarios: &[&Scenario]) -> Result<()> {
    let mut reports = Vec::new();
    for station in Kind::ALL {
        reports.push(run_scenarios(&Options { station, ..options.clone() })?);
    }
    let columns: Vec<(Kind, &Run)> = Kind::ALL
        .into_iter()
        .zip(&reports)
        .flat_map(|(station, report)| report.runs.iter().map(move |run| (station, run)))
        .collect();
    let titles: Vec<_> = columns.iter().map(|(station, run)| title(*station, run.kernel)).collect();
    println!("| scenario | what it shows | {} |", titles.join(" | "));
    println!("|---|---|{}", "---|".repeat(columns.len()));
    for scenario in scenarios {
        let cells: Vec<_> = columns.iter().map(|(_, run)| cell(run.verdict(scenario.name))).collect();
        println!("| `{}` | {} | {} |", scenario.name, scenario.about, cells.join(" | "));
    }
    let versions = reports.first().map(|report| report.versions.clone()).unwrap_or_default();
    println!("\n{versions}");
    for (kind, report) in Kind::ALL.into_iter().zip(&reports) {
        println!("{}: {}", kind.name(), report.summary());
    }
    reports.into_iter().next().map_or(Ok(()), super::Report::into_result)
}

fn title(station: Kind, kernel: Kernel) -> String {
    match kernel {
        Kernel::Newest => station.name().to_owned(),
        Kernel::Stable => format!("{}, stable kernel", station.name()),
    }
}

const fn cell(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Passed) => "yes",
        Some(Verdict::Skipped(_)) => "–",
        Some(Verdict::Failed(_)) => "**no**",
        // Not one of its kernels.
        None => "",
    }
}
