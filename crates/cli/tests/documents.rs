//! What is documented is there, and what is there is documented.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod double;

use clap::CommandFactory;
use double::{Double, Flavour, PASSPHRASE};
use serde_json::Value;
use std::collections::BTreeSet;

fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The paths of all members of a value: `devices[].name`.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                paths(value, &path, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| paths(value, &format!("{path}[]"), found)),
        _ => {}
    }
}

/// The first column of the table under a heading.
fn documented(page: &str, heading: &str) -> BTreeSet<String> {
    let section =
        page.split(&format!("\n### {heading}\n")).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|row| row.starts_with("| `"));
    rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).map(str::to_owned))
        .collect()
}

#[test]
fn json_has_what_the_page_says_and_nothing_else() {
    let page = page("docs/command-line.md");
    let double = Double::start(Flavour::Lapwing);
    let hotspot = Double::start(Flavour::Hotspot);
    let idle = Double::start(Flavour::IdleHotspot);
    let good = double.file(PASSPHRASE.as_bytes());
    double.network_file("guest.open", "");
    // What is not there is null, and has no members: where it matters, several doubles show all of them together.
    for (heading, doubles, arguments) in [
        ("status", &[&double, &hotspot, &idle][..], &["status"][..]),
        ("devices", &[&double], &["devices"]),
        ("networks, scan", &[&double], &["networks"]),
        ("networks, scan", &[&double], &["scan"]),
        ("known", &[&double], &["known"]),
        ("links", &[&double], &["links"]),
        ("timeline", &[&double], &["timeline"]),
        ("connect", &[&double], &["connect", "home", "--passphrase-file", &good]),
        ("share", &[&double], &["share", "guest"]),
        ("forget", &[&double], &["forget", "guest"]),
        ("disconnect", &[&double], &["disconnect"]),
        ("hotspot, hotspot status", &[&hotspot, &idle], &["hotspot"]),
        ("hotspot, hotspot status", &[&hotspot, &idle], &["hotspot", "status"]),
        ("hotspot start", &[&double], &["hotspot", "start", "--profile", "mine"]),
        ("hotspot clients", &[&hotspot], &["hotspot", "clients"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "throw-out"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "remove-link", "1"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "add-link", "1"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "renew-keys"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "forget-pmksas"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "restart"]),
        ("hotspot, what else", &[&hotspot], &["hotspot", "stop"]),
        ("Failures", &[&double], &["forget", "nobody"]),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let mut found = BTreeSet::new();
        for double in doubles {
            let outcome = double.run(&arguments);
            assert_eq!(outcome.err, "", "{arguments:?}");
            assert_eq!(outcome.out.matches('\n').count(), 1, "{arguments:?} prints one line");
            paths(&outcome.json(), "", &mut found);
        }
        assert_eq!(found, documented(&page, heading), "{arguments:?}");
    }
}

#[test]
fn every_command_and_option_is_in_the_manual() {
    // In mdoc a hyphen at the beginning of an option is part of the macro.
    let manual = page("docs/man/lapwing.1");
    let guide = page("docs/command-line.md");
    let command = lapwing::options::Options::command();
    let mut count = 0;
    let mut parts = vec![(String::new(), &command)];
    for part in command.get_subcommands() {
        let name = part.get_name().to_owned();
        parts.extend(part.get_subcommands().map(|inner| (format!("{name} {}", inner.get_name()), inner)));
        parts.push((name, part));
    }
    for (name, part) in parts {
        assert!(name.is_empty() || manual.contains(&format!(".It Cm {name}")), "{name} in the manual");
        assert!(name.is_empty() || guide.contains(&format!("`{name}")), "{name} in the guide");
        // Where a command has commands of its own, each has its options where it stands.
        let own = manual.split(&format!(".It Cm {name}")).nth(1).filter(|_| name.contains(' '));
        let place = own.map_or(manual.as_str(), |rest| rest.split("\n.It Cm ").next().unwrap());
        let shown = part.get_arguments().filter(|option| !option.is_hide_set());
        for option in shown.filter_map(clap::Arg::get_long) {
            assert!(place.contains(&format!("Fl -{option}")), "--{option} of {name} in the manual");
            assert!(guide.contains(&format!("--{option}")), "--{option} in the guide");
            count += 1;
        }
    }
    assert!(count > 10, "the options are not seen: {count}");
}

#[test]
fn the_help_says_what_matters() {
    let double = Double::start(Flavour::Absent);
    let help = double.run(&["--help"]);
    assert_eq!(help.status, 0);
    for word in ["Examples:", "Exit status:", "NO_COLOR", "DBUS_SYSTEM_BUS_ADDRESS", "timeline", "why]"] {
        assert!(help.out.contains(word), "{word}: {}", help.out);
    }
    let help = double.run(&["connect", "--help"]).out.replace('\n', " ");
    assert!(help.contains("can be read by every program of this machine"), "{help}");
    assert_eq!(double.run(&["--version"]).out, format!("lapwing {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(double.run(&["conect"]).status, 2);
    assert!(double.calls().is_empty(), "no daemon is needed for that");
}
