//! Whose is which port of netlink?

use crate::failure::{Doing, Result};
use std::collections::BTreeSet;
use std::fs;

/// The ports of netlink that a running program has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports(BTreeSet<u32>);

impl Ports {
    /// Looks, by the program's number.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let home = format!("/proc/{process}");
        let table = format!("{home}/net/netlink");
        let table = fs::read_to_string(&table).doing(|| format!("read {table}"))?;
        let entries = fs::read_dir(format!("{home}/fd")).doing(|| format!("list the files of {process}"))?;
        let sockets = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        let sockets: BTreeSet<String> = sockets.map(|link| link.to_string_lossy().into_owned()).collect();
        Ok(Self::among(&table, |inode| sockets.contains(&format!("socket:[{inode}]"))))
    }

    /// Whether the program has this port.
    pub(crate) fn contains(&self, port: u32) -> bool {
        self.0.contains(&port)
    }

    /// The ports of a table of the kernel's whose inode is the program's.
    fn among(table: &str, own: impl Fn(&str) -> bool) -> Self {
        let port = |line: &str| {
            let mut words = line.split_whitespace();
            let port = words.nth(2)?.parse().ok()?;
            own(words.last()?).then_some(port)
        };
        Self(table.lines().skip(1).filter_map(port).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_by_their_inodes() {
        let table = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n\
                     00000000f6a4d4d2 16  4294963257 00000000 0        0        0     2        0        7000   \n\
                     0000000041c5e4f0 16  412        00000000 0        0        0     2        0        7001   \n";
        let ports = Ports::among(table, |inode| inode == "7000");
        assert!(ports.contains(4_294_963_257));
        assert!(!ports.contains(412));
    }
}
