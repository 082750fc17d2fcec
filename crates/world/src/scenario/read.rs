//! A scenario from the text of a file.

use super::file::{File, ScenarioError, Table, Value};
use super::radio::{KINDS, RadioSetup, WATCHES};
use super::{AirSetup, Budget, Expectation, Scenario, script, stations};
use crate::attacker::Powers;
use crate::habit::{Habit, Habits};
use crate::run::MAX_FAULTS;
use lapwing_core::Duration;
use lapwing_frames::MacAddr;
use std::collections::BTreeSet;

/// How long it may take at last, if the file does not say.
const BOUND: Duration = Duration::from_secs(75);

/// Reads a file.
pub(super) fn read(file: File<'_>) -> Result<Scenario, ScenarioError> {
    let mut table = Table::parse(file)?;
    let about = table.need("about")?.string()?;
    let policy = table.read("policy", |value| value.text(str::parse))?.unwrap_or_default();
    let radio = table.read("radio", radio)?.unwrap_or_default();
    let all = table.read("habits", |value| habits(value, |_| true))?.unwrap_or_default();
    let of_aps = |habit: &Habit| habit.name().starts_with("ap.");
    let shared = all.iter().filter(of_aps).collect();
    let aps = stations::aps(&mut table, &radio, shared)?;
    let networks = stations::networks(&mut table)?;
    let world = script::World { aps: &aps, networks: &networks, radio: &radio };
    let person = script::person(&mut table, &world)?;
    let faults = script::faults(&mut table, &world)?;
    if faults.len() > MAX_FAULTS {
        return Err(table.error("fault", format!("there are more than {MAX_FAULTS}")));
    }
    let air = table.read("air", air)?.unwrap_or_default();
    let attacker = table.read("attacker", powers)?.unwrap_or_default();
    let budget = table.read("explore", budget)?.unwrap_or_default();
    let autoconnect = table.read("autoconnect", Value::boolean)?.unwrap_or(true);
    let bound = table.read("bound_ms", milliseconds)?.unwrap_or(BOUND);
    let wanted = table.read("expect_network", |value| value.text(stations::ssid))?;
    let expects =
        table.read("expect", |value| value.one_of(&[("connected", true), ("disconnected", false)]))?;
    let expect = match (expects.unwrap_or(true), wanted) {
        (true, wanted) => Expectation::Connected(wanted),
        (false, None) => Expectation::Disconnected,
        (false, Some(_)) => {
            return Err(table.error("expect_network", "is for those that are connected at last"));
        }
    };
    table.finish()?;
    let habits = all.iter().filter(|habit| !of_aps(habit)).collect();
    Ok(Scenario {
        name: file.name.trim_end_matches(".toml").to_owned(),
        about,
        policy,
        radio,
        habits,
        aps,
        networks,
        autoconnect,
        person,
        faults,
        air,
        attacker,
        budget,
        bound,
        expect,
    })
}

/// A time in milliseconds, at most a day.
pub(super) fn milliseconds(value: Value<'_>) -> Result<Duration, ScenarioError> {
    value.number(0..86_400_001).map(Duration::from_millis)
}

/// An address.
pub(super) fn address(value: Value<'_>) -> Result<MacAddr, ScenarioError> {
    value.text(str::parse)
}

/// The habits of a list that may stand there.
pub(super) fn habits(value: Value<'_>, may: impl Fn(Habit) -> bool) -> Result<Habits, ScenarioError> {
    let mut habits = Habits::NONE;
    for value in value.list()? {
        let habit = value.text(|name| {
            let habit: Habit =
                name.parse().map_err(|unknown: crate::habit::UnknownHabit| unknown.to_string())?;
            if may(habit) { Ok(habit) } else { Err(format!("{habit} is the habit of another part")) }
        })?;
        habits = habits.with(habit);
    }
    Ok(habits)
}

fn radio(value: Value<'_>) -> Result<RadioSetup, ScenarioError> {
    let mut table = value.table()?;
    let usual = RadioSetup::default();
    let radio = RadioSetup {
        kind: table.read("kind", |value| value.one_of(&KINDS))?.unwrap_or(usual.kind),
        frequencies: table.read("frequencies", frequencies)?.unwrap_or(usual.frequencies),
        address: table.read("address", address)?.unwrap_or(usual.address),
        interface: table.read("interface", Value::string)?.unwrap_or(usual.interface),
        multi_link: table.read("multi_link", Value::boolean)?.unwrap_or(usual.multi_link),
        control_port: table.read("control_port", Value::boolean)?.unwrap_or(usual.control_port),
        signal_watch: table.read("signal", |value| value.one_of(&WATCHES))?.unwrap_or(usual.signal_watch),
    };
    table.finish()?;
    Ok(radio)
}

/// A list of channels, each once.
pub(super) fn frequencies(value: Value<'_>) -> Result<Vec<u32>, ScenarioError> {
    let mut frequencies = Vec::new();
    let mut seen = BTreeSet::new();
    for value in value.list()? {
        let twice = value.error("the channel is there twice");
        let frequency = frequency(value)?;
        if !seen.insert(frequency) {
            return Err(twice);
        }
        frequencies.push(frequency);
    }
    Ok(frequencies)
}

/// The center frequency of a channel in MHz.
pub(super) fn frequency(value: Value<'_>) -> Result<u32, ScenarioError> {
    let none = value.error("no channel has this frequency (in MHz)");
    let frequency = value.number(2412..7116)?;
    lapwing_frames::channel::Channel::from_frequency(frequency).map(|_| frequency).ok_or(none)
}

fn air(value: Value<'_>) -> Result<AirSetup, ScenarioError> {
    let mut table = value.table()?;
    let usual = AirSetup::default();
    let micros = |value: Value<'_>| value.number(0..10_000_001).map(Duration::from_micros);
    let percent = |value: Value<'_>| value.number(0..101);
    let air = AirSetup {
        delay_least: table.read("delay_least_us", micros)?.unwrap_or(usual.delay_least),
        delay_most: table.read("delay_most_us", micros)?.unwrap_or(usual.delay_most),
        loss: table.read("loss", percent)?.unwrap_or(usual.loss),
        duplicates: table.read("duplicates", percent)?.unwrap_or(usual.duplicates),
        calm_after: table.read("calm_after_ms", milliseconds)?,
    };
    if air.delay_least > air.delay_most {
        return Err(table.error("delay_least_us", "is more than delay_most_us"));
    }
    table.finish()?;
    Ok(air)
}

fn powers(value: Value<'_>) -> Result<Powers, ScenarioError> {
    let mut table = value.table()?;
    let powers = Powers {
        memory: table.read("memory", |value| value.number(0..33))?.unwrap_or_default(),
        forges: table.read("forges", Value::boolean)?.unwrap_or_default(),
    };
    table.finish()?;
    Ok(powers)
}

fn budget(value: Value<'_>) -> Result<Budget, ScenarioError> {
    let mut table = value.table()?;
    let mut purse = |key| Ok(table.read(key, |value| value.number(0..256))?.unwrap_or_default());
    let budget = Budget {
        losses: purse("losses")?,
        duplicates: purse("duplicates")?,
        delays: purse("delays")?,
        faults: purse("faults")?,
        attacks: purse("attacks")?,
    };
    table.finish()?;
    Ok(budget)
}
