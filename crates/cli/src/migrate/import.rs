//! Networks of other programs become files of ours.

use super::{Import, MAX_FILES, Outcome, Report, Row, directory, not_read, put};
use crate::failure::Failure;
use lapwing_core::Secret;
use lapwingd::networks::foreign::{Carried, Foreign, MAX_OCTETS, network_manager, wpa_supplicant};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub(super) fn run(options: &Import) -> Result<Report, Failure> {
    directory(&options.state_directory, options.dry_run)?;
    let mut report = Report::default();
    let mut seen = BTreeSet::new();
    for path in &options.paths {
        for file in files(path).map_err(|error| not_read(path, &error))? {
            let octets = match read(&file) {
                Ok(octets) => octets,
                // Of a folder, the others are still of use.
                Err(error) if path.is_dir() => {
                    report.mistakes.push(not_read(&file, &error).sentence);
                    continue;
                }
                Err(error) => return Err(not_read(&file, &error)),
            };
            let source = file.display().to_string();
            let (networks, mistakes) = understand(&file, octets.expose());
            report.mistakes.extend(mistakes.into_iter().map(|mistake| format!("{source}: {mistake}")));
            for network in networks {
                report.networks.push(carry(options, &mut seen, source.clone(), network)?);
            }
        }
    }
    Ok(report)
}

/// The files of a path, in the order of their names.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = entries.filter(|file| file.is_file()).take(MAX_FILES).collect();
    files.sort_unstable();
    Ok(files)
}

fn read(path: &Path) -> io::Result<Secret> {
    // Not blocking: somebody may have put a pipe there.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let most = u64::try_from(MAX_OCTETS).unwrap_or(u64::MAX).saturating_add(1);
    let length = file.metadata()?.len().saturating_add(1).min(most);
    // Room for everything at once: a buffer that grows would leave copies of secrets behind.
    let mut octets = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let result = file.take(length).read_to_end(&mut octets);
    let octets = Secret::from_vec(octets);
    result.map(|_| octets)
}

/// The networks of a file of either kind, and what in it is nothing.
fn understand(path: &Path, octets: &[u8]) -> (Vec<Foreign>, Vec<String>) {
    let has =
        |start: &[u8]| octets.split(|&octet| octet == b'\n').any(|line| line.trim_ascii().starts_with(start));
    if has(b"[connection]") {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return (network_manager::read(&name, octets).into_iter().collect(), Vec::new());
    }
    if has(b"network={") || has(b"ctrl_interface=") {
        return wpa_supplicant::read(octets);
    }
    (Vec::new(), vec!["this is neither a wpa_supplicant.conf nor a connection of NetworkManager".to_owned()])
}

fn carry(
    options: &Import,
    seen: &mut BTreeSet<String>,
    source: String,
    network: Foreign,
) -> Result<Row, Failure> {
    let Foreign { name, outcome } = network;
    let refused = |reason: String, left_out| Row {
        name: name.clone(),
        source: source.clone(),
        file: None,
        outcome: Outcome::Refused,
        reason: Some(reason),
        left_out,
    };
    let carried: Carried = match outcome {
        Ok(carried) => carried,
        Err(reason) => return Ok(refused(reason, Vec::new())),
    };
    let document = match carried.document() {
        Ok(document) => document,
        Err(unfit) => return Ok(refused(unfit.problem.to_string(), carried.left_out)),
    };
    let file = carried.name.to_string();
    if !seen.insert(file.clone()) {
        return Ok(refused(format!("another network is {file} already"), carried.left_out));
    }
    let path = options.state_directory.join(&file);
    let outcome = put(&path, document.octets().expose(), options.replace, options.dry_run)?;
    let reason = (outcome == Outcome::Kept).then(|| format!("{file} is there; --replace takes its place"));
    Ok(Row { name, source, file: Some(file), outcome, reason, left_out: carried.left_out })
}
