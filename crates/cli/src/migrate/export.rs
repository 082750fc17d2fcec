//! Our network files become those of other programs.

use super::{Export, Outcome, Program, Report, Row, directory, not_read, put};
use crate::failure::{Failure, Kind};
use lapwing_core::Secret;
use lapwingd::networks::document::Document;
use lapwingd::networks::foreign::{Carried, network_manager, shown, wpa_supplicant};
use lapwingd::networks::name::Parsed;
use lapwingd::networks::{FileName, Store, store};
use rustix::rand::{GetRandomFlags, getrandom};
use std::fs;
use std::path::PathBuf;

pub(super) fn run(options: &Export) -> Result<Report, Failure> {
    let state = &options.state_directory;
    let mut names = Vec::new();
    for entry in fs::read_dir(state).map_err(|error| not_read(state, &error))? {
        let entry = entry.map_err(|error| not_read(state, &error))?;
        if let Parsed::Network(name) = FileName::parse(&entry.file_name()) {
            names.push((name, entry.path()));
        }
    }
    names.sort_unstable();
    match options.to {
        Program::Iwd => plain(options, &names),
        Program::WpaSupplicant => one_file(options),
        Program::NetworkManager => keyfiles(options),
    }
}

fn row(name: &FileName, options: &Export) -> Row {
    Row {
        name: shown(name.ssid.octets()),
        source: options.state_directory.join(name.to_string()).display().to_string(),
        file: None,
        outcome: Outcome::Written,
        reason: None,
        left_out: Vec::new(),
    }
}

/// The networks that can be used, and rows for those that cannot.
fn known(options: &Export) -> (Vec<Carried>, Vec<Row>) {
    let loaded = Store::new(options.state_directory.clone()).load();
    let refused = loaded.unreadable.iter().map(|(name, reason)| Row {
        outcome: Outcome::Refused,
        reason: Some(reason.clone()),
        ..row(name, options)
    });
    (loaded.networks.iter().map(Carried::of).collect(), refused.collect())
}

/// What is ours alone goes; everything else is as it was, certificates and encrypted groups too.
fn plain(options: &Export, names: &[(FileName, PathBuf)]) -> Result<Report, Failure> {
    directory(&options.target, false)?;
    let mut report = Report::default();
    for (name, path) in names {
        let octets = store::read(path).map_err(|error| not_read(path, &error))?;
        let octets = match Document::parse(octets.expose()) {
            Ok(mut document) => {
                document.remove_group("Lapwing");
                document.octets()
            }
            Err(_) => octets,
        };
        let target = options.target.join(name.to_string());
        let outcome = put(&target, octets.expose(), options.replace, false)?;
        report.networks.push(written(row(name, options), target, outcome));
    }
    Ok(report)
}

fn one_file(options: &Export) -> Result<Report, Failure> {
    let (networks, mut rows) = known(options);
    let (file, left_out) = wpa_supplicant::write(&networks);
    let outcome = put(&options.target, file.expose(), options.replace, false)?;
    if outcome == Outcome::Kept {
        let sentence = format!("{} is there; --replace takes its place.", options.target.display());
        return Err(Failure::new(Kind::Failed, sentence));
    }
    for network in &networks {
        let mut row = row(&network.name, options);
        let own = left_out.iter().filter(|(name, _)| *name == row.name);
        row.left_out = own.map(|(_, sentence)| sentence.clone()).collect();
        rows.push(written(row, options.target.clone(), outcome));
    }
    Ok(Report { networks: rows, mistakes: Vec::new() })
}

fn keyfiles(options: &Export) -> Result<Report, Failure> {
    directory(&options.target, false)?;
    let (networks, mut rows) = known(options);
    for network in &networks {
        let mut uuid = [0; 16];
        getrandom(&mut uuid[..], GetRandomFlags::empty()).map_err(|error| {
            Failure::new(Kind::Failed, format!("The system gives no random octets: {error}."))
        })?;
        let file: Secret = network_manager::write(network, uuid);
        // Both kinds of a name may be known.
        let target = options.target.join(format!("{}.nmconnection", network.name));
        let outcome = put(&target, file.expose(), options.replace, false)?;
        rows.push(written(row(&network.name, options), target, outcome));
    }
    Ok(Report { networks: rows, mistakes: Vec::new() })
}

fn written(row: Row, target: PathBuf, outcome: Outcome) -> Row {
    let file = target.display().to_string();
    let reason = (outcome == Outcome::Kept).then(|| format!("{file} is there; --replace takes its place"));
    Row { file: Some(file), outcome, reason, ..row }
}
