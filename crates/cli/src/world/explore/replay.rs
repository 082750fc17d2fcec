//! `lapwing world replay`: lets a schedule happen again, step by step.

use super::options::Replay as Options;
use super::results::Result as Line;
use crate::commands::print;
use crate::failure::{Failure, Kind};
use crate::text::Style;
use lapwing_world::explore::scene::{Scene, ending};
use lapwing_world::explore::{Model, Replay, Token};
use lapwing_world::lanes::{Cast, Paper, Timeline};
use lapwing_world::{Happening, Lane, Scenario, What};
use serde_json::json;
use std::fs;

/// Lets a schedule happen again and prints all of it.
///
/// # Errors
/// If it ends with a broken rule, as it did when it was found; or if it is of another version, or none.
pub(in crate::world) fn replay(options: &Options, json: bool, style: Style) -> Result<(), Failure> {
    let token = token(&options.schedule)?;
    let scene = match &options.scenario {
        Some(file) => Some(super::scene(&format!("{}{}", file.display(), ending(&token.model)), token.seed)?),
        None => Scene::named(&token.model, token.seed),
    };
    let Some(scene) = scene else {
        let names: Vec<_> = Scenario::names().collect();
        return Err(Failure::new(Kind::Usage, format!("No scenario is built in as {}.", token.model))
            .next(format!("Name its file with --scenario. Built in are: {}.", names.join(", "))));
    };
    let (schedule, violation) = match token.replay(&scene) {
        Replay::Same(schedule, violation) => (schedule, violation),
        Replay::OtherModel { recorded, this } => {
            let versions = match recorded == this {
                true => format!("another build of version {this}"),
                false => format!("version {recorded}, and this is {this}"),
            };
            return Err(Failure::new(
                Kind::Failed,
                format!("The schedule was recorded by {versions}: here it goes another way."),
            )
            .code("other-version")
            .next("Replay it with the program that found it, or explore again with its seed."));
        }
    };
    let mut timeline = Timeline::new(Cast::of(scene.scenario()));
    let mut lines = String::new();
    let mut state = scene.start();
    for (number, step) in schedule.steps.iter().enumerate() {
        let (number, step_name) = (number + 1, step.to_string());
        if json {
            lines += &format!("{}\n", json!({ "kind": "step", "number": number, "step": step_name }));
        } else {
            let what = What::Note(format!("step {number}: {step_name}"));
            timeline.take(&Happening { at: state.run().now(), lane: Lane::Person, what });
        }
        let taken = scene.take_and_tell(&mut state, step, &mut |happening| match json {
            true => lines += &format!("{}\n", super::super::json::happening(happening)),
            false => timeline.take(happening),
        });
        if taken.is_err() {
            break;
        }
    }
    if schedule.settles {
        // How it ends is known already.
        let _ended = scene.settle_and_tell(&mut state, &mut |happening| match json {
            true => lines += &format!("{}\n", super::super::json::happening(happening)),
            false => timeline.take(happening),
        });
    }
    let paper = Paper { width: super::super::run::width(), colour: style.colour, unicode: style.unicode };
    print(&if json { lines } else { timeline.draw(&paper) })?;
    match violation {
        None => print(if json { "" } else { "No rule is broken.\n" }),
        Some(violation) => {
            Err(Failure::new(Kind::Failed, format!("A rule is broken: {violation}.")).code("rule-broken"))
        }
    }
}

/// The token of a text, or of the first line of a file that has one.
fn token(text: &str) -> Result<Token, Failure> {
    let no_token = match text.parse() {
        Ok(token) => return Ok(token),
        Err(no_token) => no_token,
    };
    let bad = |why: String| Failure::new(Kind::Usage, why);
    let content = fs::read_to_string(text).map_err(|error| {
        bad(format!("{no_token}; and there is no file of that name that can be read: {error}."))
    })?;
    let of_line = |line: &str| -> Option<Token> {
        if let Ok(token) = line.parse() {
            return Some(token);
        }
        let result: Line = serde_json::from_str(line).ok()?;
        let found = match result {
            Line::Exploration(exploration) => exploration.failure,
            Line::Walks(walks) => walks.failures.into_iter().next(),
        };
        found?.token?.parse().ok()
    };
    content.lines().find_map(of_line).ok_or_else(|| bad(format!("{text}: no schedule is in this file.")))
}
