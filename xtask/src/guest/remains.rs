//! What a station leaves in the kernel: addresses, routes, access points with their keys.

use crate::command::{command, output};
use crate::failure::{Failure, Result};
use std::collections::BTreeSet;

/// What the kernel holds for an interface, without what changes with time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    addresses: BTreeSet<String>,
    routes: BTreeSet<String>,
    peers: usize,
}

impl Remains {
    /// Looks.
    pub(crate) fn of(interface: &str) -> Result<Self> {
        let lines = |words: &str| {
            let line = words.split_whitespace().chain(["dev", interface]);
            output(&mut command("ip", line))
        };
        let address = |line: &str| line.split_whitespace().nth(3).map(str::to_owned);
        let addresses = lines("-oneline address show scope global")?.lines().filter_map(address).collect();
        let mut routes = BTreeSet::new();
        for family in ["-4", "-6"] {
            for line in lines(&format!("{family} route show table all"))?.lines() {
                // What follows changes with time, or is told only now and then.
                let words = line.split_whitespace().take_while(|word| !["expires", "pref"].contains(word));
                let route = words.collect::<Vec<_>>().join(" ");
                // The kernel's own, which come and go with the addresses and the link.
                if !route.contains("proto kernel") {
                    routes.insert(route);
                }
            }
        }
        // The kernel shows no keys; they go with the access point that it knows.
        let known = output(&mut command("iw", ["dev", interface, "station", "dump"]))?;
        let peers = known.lines().filter(|line| line.starts_with("Station")).count();
        Ok(Self { addresses, routes, peers })
    }

    /// Demands that nothing is left at all.
    pub(crate) fn expect_nothing(&self) -> Result<()> {
        match self.addresses.is_empty() && self.routes.is_empty() && self.peers == 0 {
            true => Ok(()),
            false => {
                Err(Failure::unmet("no address, no route, no access point is left", format!("{self:?}")))
            }
        }
    }

    /// Demands that it is the same as before.
    pub(crate) fn expect(&self, before: &Self) -> Result<()> {
        match self == before {
            true => Ok(()),
            false => Err(Failure::unmet(format!("as it was: {before:?}"), format!("{self:?}"))),
        }
    }
}
