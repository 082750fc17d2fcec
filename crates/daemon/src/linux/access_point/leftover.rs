//! Interfaces of access point type that nobody here made one: left by one of us who was killed, or somebody else's.
//!
//! The kernel ends the BSSs of a process that is killed, but leaves the interface of that type, and of that type it
//! is no device. A file in the runtime directory says which are ours.

use super::mode::Switch;
use crate::linux::Linux;
use lapwing_linux::nl80211::iftype;
use lapwing_linux::rivals::{Rival, rivals_of_access_point};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Notes that an interface is made an access point here.
pub(super) fn mark(runtime: &Path, ifindex: u32) -> io::Result<()> {
    fs::write(file(runtime, ifindex), "")
}

/// Notes that it is none any more.
fn unmark(runtime: &Path, ifindex: u32) -> io::Result<()> {
    match fs::remove_file(file(runtime, ifindex)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// By its index: names can be changed, and no two interfaces have one index until the machine starts anew, when the
/// runtime directory is empty.
fn file(runtime: &Path, ifindex: u32) -> PathBuf {
    runtime.join(format!("access-point.{ifindex}"))
}

/// What becomes of an interface that was found as an access point.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It is ours, and becomes a station.
    TakenBack,
    /// It stays what it is; why, in words.
    LeftAlone(String),
}

impl Fate {
    /// A mark counts only where nobody runs the interface: somebody may have taken it since.
    fn of(name: &str, is_marked: bool, rivals: &[Rival]) -> Self {
        if let Some(Rival { program, process }) = rivals.first() {
            let program = program.name();
            return Self::LeftAlone(format!(
                "{name} is an access point of {program} (process {process}): it is left alone"
            ));
        }
        if is_marked {
            return Self::TakenBack;
        }
        Self::LeftAlone(format!(
            "{name} is an access point that was not made here: it is left alone, until it is a station \
             (iw dev {name} set type managed)"
        ))
    }
}

impl Linux {
    /// Notes that an interface is no access point of ours.
    pub(in crate::linux) fn unmark_access_point(&mut self, ifindex: u32) {
        if let Err(error) = unmark(&self.runtime, ifindex) {
            self.trouble(format!("cannot remove the mark of an access point: {error}"));
        }
    }

    /// Looks at interfaces that are access points without our doing, each once.
    pub(in crate::linux) fn look_at_access_points(&mut self) {
        let (interfaces, runtime) = (&self.interfaces, self.runtime.clone());
        let is_one = |ifindex: &u32| {
            let info = interfaces.get(ifindex);
            // One of the ad-hoc type is anybody's, unless it is marked as ours.
            info.is_some_and(|info| match info.iftype {
                iftype::AP => true,
                iftype::ADHOC => file(&runtime, *ifindex).exists(),
                _ => false,
            })
        };
        self.access_points.looked_at.retain(is_one);
        let new: Vec<_> = self
            .interfaces
            .keys()
            .copied()
            .filter(|ifindex| is_one(ifindex) && self.links.contains_key(ifindex))
            .filter(|ifindex| !self.announced.contains(ifindex) && !self.access_points.has(*ifindex))
            .filter(|ifindex| !self.access_points.looked_at.contains(ifindex))
            .collect();
        for ifindex in new {
            self.access_points.looked_at.insert(ifindex);
            let name = self.name(ifindex);
            let interface = BTreeMap::from([(ifindex, name.clone())]);
            // A machine without /proc shows none.
            let rivals = rivals_of_access_point(Path::new("/proc"), std::process::id(), &interface);
            match Fate::of(&name, file(&self.runtime, ifindex).exists(), &rivals.unwrap_or_default()) {
                Fate::TakenBack => {
                    let (switch, first) = Switch::back();
                    self.access_points.switching.insert(ifindex, switch);
                    self.take(ifindex, first);
                }
                Fate::LeftAlone(why) => self.trouble(why),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_linux::rivals::Program;

    #[test]
    fn a_hotspot_of_a_killed_daemon_is_taken_back_and_that_of_somebody_else_is_not() {
        let runtime = std::env::temp_dir().join(format!("lapwing-leftover-{}", std::process::id()));
        fs::create_dir_all(&runtime).unwrap();
        let fate = |ifindex, rivals: &[Rival]| Fate::of("wlan0", file(&runtime, ifindex).exists(), rivals);
        let hostapd = [Rival { program: Program::Hostapd, process: 812 }];
        let left = |fate: Fate| match fate {
            Fate::LeftAlone(why) => why,
            Fate::TakenBack => panic!("taken"),
        };
        assert!(left(fate(3, &[])).contains("was not made here"));
        mark(&runtime, 3).unwrap();
        assert_eq!(fate(3, &[]), Fate::TakenBack);
        assert!(left(fate(4, &[])).contains("was not made here"), "another interface");
        let why = left(fate(3, &hostapd));
        assert!(why.contains("hostapd (process 812)"), "it has it since: {why}");
        for _ in 0..2 {
            unmark(&runtime, 3).unwrap();
            assert!(left(fate(3, &[])).contains("was not made here"), "it was given back");
        }
        fs::remove_dir_all(&runtime).unwrap();
    }
}
