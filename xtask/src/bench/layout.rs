//! Which functions of the daemon run: the list after which the linker puts them side by side.
//!
//! A process holds its code by the page, and the kernel maps sixteen pages around each that is touched. What runs lies
//! scattered among what seldom does, so that nearly all would be held, and found again piece by piece (some 10 µs each, counted
//! in instructions) once it has been let go of (`lapwing_linux::memory::let_go_of_code`) and somebody waits for an answer.
//! So what runs between an order and its answer comes first, in most kinds of orders first of all; then what is called most.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The list, which the daemon's build script hands to the linker.
const LIST: &str = "crates/daemon/layout.txt";

/// The functions of a program by their addresses.
#[derive(Debug)]
pub(super) struct Functions(BTreeMap<u64, Vec<String>>);

impl Functions {
    /// Reads the symbols of a program.
    pub(super) fn of(program: &Path) -> Result<Self> {
        let text = output(command("nm", ["--format=posix"]).arg(program))?;
        let mut functions = BTreeMap::<u64, Vec<String>>::new();
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            if let [name, "t" | "T" | "w" | "W", address, ..] = *words
                && let Ok(address) = u64::from_str_radix(address, 16)
            {
                functions.entry(address).or_default().push(name.to_owned());
            }
        }
        Ok(Self(functions))
    }

    /// The kernel's words for a probe at the beginning of each, where the program is in the guest.
    pub(super) fn probes(&self, program: &Path, in_guest: &str) -> Result<String> {
        let text = output(command("readelf", ["-lW"]).arg(program))?;
        let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok();
        let segments: Vec<_> = text
            .lines()
            .filter_map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                match *words {
                    ["LOAD", offset, address, _, length, ..] => {
                        Some((number(offset)?, number(address)?, number(length)?))
                    }
                    _ => None,
                }
            })
            .collect();
        let probe = |address: &u64| {
            let holds = |(_, start, length): &&(u64, u64, u64)| (*start..start + length).contains(address);
            let (offset, start, _) = segments.iter().find(holds)?;
            Some(format!("p:layout/f{address:x} {in_guest}:0x{:x}\n", address - start + offset))
        };
        Ok(self.0.keys().filter_map(probe).collect())
    }

    /// Writes the list from what the kernel has counted: all calls, and of each kind of order what ran until its answer.
    pub(super) fn write(&self, profile: &str, hurried: &[String]) -> Result<usize> {
        let (count, text) = self.list(profile, hurried);
        if count == 0 {
            return Err(Failure::unmet("functions that were called", profile));
        }
        fs::write(LIST, text).doing(|| format!("write {LIST}"))?;
        Ok(count)
    }

    /// How many functions were called, and the list: what takes part in most kinds of orders first, and of that what is
    /// called most, which is what runs while nothing goes on; the start comes last. First each by its own name: of one that
    /// is made for many types, a few are called. Then patterns for those that have other names in the next build.
    fn list(&self, profile: &str, hurried: &[String]) -> (usize, String) {
        let mut orders = BTreeMap::<u64, usize>::new();
        for probe in hurried.iter().flat_map(|names| names.lines()).filter_map(address_of) {
            *orders.entry(probe).or_default() += 1;
        }
        let mut called: Vec<_> = called(profile)
            .filter_map(|(address, hits)| {
                let orders = orders.get(&address).copied().unwrap_or_default();
                Some(((Reverse(orders), Reverse(hits)), self.0.get(&address)?))
            })
            .flat_map(|(rank, names)| names.iter().map(move |name| (rank, name.clone())))
            .collect();
        called.sort_unstable();
        let names: Vec<_> = called.into_iter().map(|(_, name)| name).collect();
        let mut told: BTreeSet<_> = names.iter().cloned().collect();
        let patterns =
            names.iter().filter_map(|name| lasting(name)).filter(|pattern| told.insert(pattern.clone()));
        let patterns: Vec<_> = patterns.collect();
        let lines = names.iter().chain(&patterns);
        (names.len(), lines.map(|name| format!("{name}\n")).collect())
    }
}

/// The addresses whose probes were hit, and how often: a line has the file, the probe's name, and the number.
fn called(profile: &str) -> impl Iterator<Item = (u64, u64)> {
    profile.lines().filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [.., name, hits] = *words else { return None };
        let address = address_of(name)?;
        let hits = hits.parse().ok()?;
        (hits != 0).then_some((address, hits))
    })
}

/// The address of the function that a probe of this name is for.
fn address_of(name: &str) -> Option<u64> {
    u64::from_str_radix(name.strip_prefix('f')?, 16).ok()
}

/// A pattern for what a symbol's name has in common with those of other builds: all but the number at its end, those of the
/// crates in it, or the version of AWS-LC.
fn lasting(name: &str) -> Option<String> {
    if name.starts_with("_ZN") {
        let (path, number) = name.rsplit_once("17h")?;
        return (number.len() >= 17).then(|| format!("{path}17h*"));
    }
    if let Some(versioned) = name.strip_prefix("aws_lc_") {
        let function =
            versioned.trim_start_matches(|character: char| character.is_ascii_digit() || character == '_');
        return Some(format!("aws_lc_*_{function}"));
    }
    let Some(rest) = name.strip_prefix("_R") else { return Some(name.to_owned()) };
    let mut parts = rest.split("Cs");
    let mut pattern = format!("_R{}", parts.next()?);
    for part in parts {
        match part.split_once('_') {
            Some((number, rest)) if number.bytes().all(|octet| octet.is_ascii_alphanumeric()) => {
                pattern.extend(["Cs*_", rest]);
            }
            _ => pattern.extend(["Cs", part]),
        }
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_called_is_known_by_its_lasting_name() {
        let name = "_ZN12lapwing_core4scan5table5Table6insert17h0123456789abcdefE";
        let functions =
            Functions(BTreeMap::from([(0x1000, vec![name.to_owned()]), (0x2000, vec!["main".to_owned()])]));
        let profile =
            "  /run/bin/lapwingd  f1000   12\n  /run/bin/lapwingd  f2000 0\n  /run/bin/lapwingd f3000 1\n";
        let pattern = "_ZN12lapwing_core4scan5table5Table6insert17h*";
        assert_eq!(functions.list(profile, &[]), (1, format!("{name}\n{pattern}\n")));
        let profile = "/run/bin/lapwingd f1000 12\n/run/bin/lapwingd f2000 90\n";
        assert_eq!(functions.list(profile, &[]), (2, format!("main\n{name}\n{pattern}\n")));
        let hurried = ["f1000\nf2000\n".to_owned(), "f1000\n".to_owned()];
        assert_eq!(functions.list(profile, &hurried), (2, format!("{name}\nmain\n{pattern}\n")));
        let pattern = |name| lasting(name).unwrap_or_default();
        assert_eq!(pattern(name), "_ZN12lapwing_core4scan5table5Table6insert17h*");
        assert_eq!(pattern("_RNvNtCsgEmfK2I1SDS_4core3fmt5write"), "_RNvNtCs*_4core3fmt5write");
        assert_eq!(pattern("aws_lc_0_47_0_EC_POINT_new"), "aws_lc_*_EC_POINT_new");
        assert_eq!(pattern("ec_GFp_simple_oct2point"), "ec_GFp_simple_oct2point");
    }
}
