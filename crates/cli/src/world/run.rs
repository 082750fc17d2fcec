//! `lapwing world run`.

use super::json;
use super::options::Run as Options;
use crate::commands;
use crate::failure::{Failure, Kind};
use crate::text::{self, Style};
use lapwing_core::Duration;
use lapwing_core::curve::PureCurves;
use lapwing_world::lanes::{Cast, Paper, Timeline};
use lapwing_world::run::Run;
use lapwing_world::scenario::Scenario;
use lapwing_world::verdict::Witness;
use rustix::termios;
use std::path::Path;

/// How long a run goes on after the last that is wanted or goes wrong, before its end is looked at: what is going
/// to fail fails meanwhile.
const SETTLING: Duration = Duration::from_secs(20);
/// How often the kernel is looked into.
const SLICE: Duration = Duration::from_secs(1);
/// The width where there is no terminal.
const WIDTH: usize = 100;

/// Runs a scenario: the exit status.
pub(super) fn run(options: &Options, json: bool, style: Style) -> Result<u8, Failure> {
    let scenario = scenario(options)?;
    let mut run = Run::new(&scenario, options.seed);
    let mut witness = Witness::default();
    let mut timeline = Timeline::new(Cast::of(&scenario));
    let mut lines = String::new();
    let settled = run.calm_from() + SETTLING;
    let end = run.calm_from() + scenario.bound.max(SETTLING);
    while run.now() < settled || (run.now() < end && !run.is_as_expected()) {
        let to = run.now() + SLICE;
        run.run_to(to, &PureCurves, &mut |happening| {
            witness.take(&happening);
            match json {
                true => lines += &line(&json::happening(&happening)),
                false => timeline.take(&happening),
            }
        });
        witness.look(&run);
    }
    let verdict = witness.verdict(&run);
    if json {
        lines += &line(&json::verdict(&scenario, options.seed, &verdict));
        commands::print(&lines)?;
    } else {
        let paper = Paper { width: width(), colour: style.colour, unicode: style.unicode };
        let kernel = options.kernel.map_or(String::new(), |kernel| format!(" on kernel {}", kernel.name));
        let heading = format!(
            "{}: {}\nPolicy {}{kernel}, seed {}. Times in seconds.\n\n",
            style.text(&scenario.name),
            style.text(&scenario.about),
            scenario.policy,
            options.seed
        );
        commands::print(&format!(
            "{heading}{}\n{}",
            timeline.draw(&paper),
            folded(&verdict.to_string(), paper.width)
        ))?;
    }
    Ok(if verdict.passed { 0 } else { 1 })
}

/// The scenario, changed as the command line says.
fn scenario(options: &Options) -> Result<Scenario, Failure> {
    let mut scenario = match Scenario::named(&options.scenario) {
        Some(scenario) => scenario,
        None => read(&options.scenario)?,
    };
    if let Some(kernel) = options.kernel {
        scenario.habits = kernel.habits(scenario.habits);
        scenario.policy = kernel.told_with.unwrap_or(scenario.policy);
    }
    if let Some(policy) = options.policy {
        scenario.policy = policy;
    }
    for habit in &options.habits {
        scenario.habits = scenario.habits.with(*habit);
        for ap in &mut scenario.aps {
            ap.habits = ap.habits.with(*habit);
        }
    }
    Ok(scenario)
}

fn read(name: &str) -> Result<Scenario, Failure> {
    let usage = |sentence| Failure::new(Kind::Usage, sentence);
    if !Path::new(name).exists() {
        return Err(usage(format!("There is no scenario and no file named {name}."))
            .code("no-scenario")
            .next("See which there are: lapwing world list."));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|error| usage(format!("{name} cannot be read: {error}.")).code("scenario-unreadable"))?;
    Scenario::parse(name, &text).map_err(|error| usage(format!("{error}.")).code("scenario-error"))
}

fn line(value: &serde_json::Value) -> String {
    text::json(&value.to_string()) + "\n"
}

/// The width of the terminal.
pub(super) fn width() -> usize {
    let columns = termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_col));
    columns.ok().filter(|columns| *columns > 0).unwrap_or(WIDTH)
}

/// A text with lines of so many characters at the most.
fn folded(text: &str, width: usize) -> String {
    let mut folded = String::new();
    for line in text.lines() {
        let mut length = 0;
        for word in line.split(' ') {
            let word_length = word.chars().count();
            if length > 0 && length + 1 + word_length > width {
                folded.push('\n');
                length = 0;
            } else if length > 0 {
                folded.push(' ');
                length += 1;
            }
            folded.push_str(word);
            length += word_length;
        }
        folded.push('\n');
    }
    folded
}
