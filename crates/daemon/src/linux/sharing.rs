//! Letting a network use this machine's connections: its addresses translated, its packets passed on.

use super::Linux;
use crate::forwarding;
use crate::kernel::{Heard, NotShared};
use crate::netconf::settings::Prefix;
use crate::resolver;
use lapwing_core::kernel::{Errno, Refusal};
use lapwing_linux::netlink::ReplyError;
use lapwing_linux::nftables::{self, Sharing};
use lapwing_linux::routes;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

impl Linux {
    pub(super) fn read_surroundings(&mut self) {
        let networks = routes::networks().unwrap_or_else(|error| {
            self.trouble(format!("cannot read the routes: {error}"));
            Vec::new()
        });
        let networks = networks.into_iter().map(|(address, length)| Prefix { address, length }).collect();
        let name_servers = resolver::servers(&self.runtime);
        self.heard.push_back(Heard::Surroundings { networks, name_servers });
    }

    pub(super) fn share(&mut self, ifindex: u32, network: Prefix<Ipv4Addr>) {
        let outcome = self.try_share(ifindex, network);
        self.heard.push_back(Heard::Shared { ifindex, outcome });
    }

    fn try_share(&mut self, ifindex: u32, network: Prefix<Ipv4Addr>) -> Result<(), NotShared> {
        self.unshare(ifindex);
        let interface = self.name(ifindex);
        let sharing = Sharing { interface, ifindex, network: network.address, prefix: network.length };
        let table = sharing.table();
        match nftables::make(&sharing) {
            // Somebody made one of this name after our start: it is in the way.
            Err(error) if errno(&error) == Some(Errno::EEXIST) => {
                nftables::remove(&table).and_then(|()| nftables::make(&sharing)).map_err(not_shared)?;
            }
            outcome => outcome.map_err(not_shared)?,
        }
        if let Err(error) = forwarding::begin(&self.runtime) {
            if let Err(error) = nftables::remove(&table) {
                self.trouble(format!("cannot remove the rules of {table}: {error}"));
            }
            return Err(NotShared::NoForwarding(refusal(&error)));
        }
        self.shared.insert(ifindex, table);
        Ok(())
    }

    pub(super) fn unshare(&mut self, ifindex: u32) {
        let Some(table) = self.shared.remove(&ifindex) else { return };
        if let Err(error) = nftables::remove(&table) {
            self.trouble(format!("cannot remove the rules of {table}: {error}"));
        }
        if self.shared.is_empty() {
            self.end_forwarding();
        }
    }

    /// Ends what an earlier process has shared.
    pub(super) fn end_old_sharing(&mut self) {
        end_old(&self.runtime).into_iter().for_each(|trouble| self.trouble(trouble));
    }

    fn end_forwarding(&mut self) {
        if let Err(error) = forwarding::end(&self.runtime) {
            self.trouble(no_end(&error));
        }
    }
}

/// Removes the tables of an earlier process, and has packets passed on no longer if it did. Returns what did not work.
fn end_old(runtime: &Path) -> Vec<String> {
    // A kernel that cannot list tables has none.
    let tables = nftables::tables().unwrap_or_default();
    let ours = tables.into_iter().filter(|table| table.starts_with(nftables::PREFIX));
    let remove = |table: String| {
        let error = nftables::remove(&table).err()?;
        Some(format!("cannot remove the rules of {table}: {error}"))
    };
    let kept = ours.filter_map(remove);
    kept.chain(forwarding::end(runtime).err().map(|error| no_end(&error))).collect()
}

fn no_end(error: &io::Error) -> String {
    format!("cannot set net.ipv4.ip_forward back to what it was: {error}")
}

const fn errno(error: &ReplyError) -> Option<Errno> {
    match error {
        ReplyError::Kernel(error) => Some(error.errno),
        _ => None,
    }
}

/// Whether the kernel lacks a part: it has no nfnetlink, no nf_tables, not this kind of chain, or not this expression.
fn not_shared(error: ReplyError) -> NotShared {
    match errno(&error) {
        Some(Errno::EPROTONOSUPPORT | Errno::EOPNOTSUPP | Errno::ENOENT | Errno::EAFNOSUPPORT) => {
            NotShared::NoTranslation(error.into())
        }
        _ => NotShared::Refused(error.into()),
    }
}

fn refusal(error: &io::Error) -> Refusal {
    Refusal { errno: Errno(error.raw_os_error().unwrap_or(Errno::EIO.0)), message: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapwing_linux::sysctl;
    use std::fs;
    use std::process::Command;

    /// Set for the process that runs in a network namespace of its own.
    const INSIDE: &str = "LAPWING_TEST_INSIDE";
    const NAME: &str = "linux::sharing::tests::what_a_killed_daemon_shared_is_ended_at_the_next_start";

    #[test]
    fn what_a_killed_daemon_shared_is_ended_at_the_next_start() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: making network namespaces needs root");
        } else if std::env::var_os(INSIDE).is_some() {
            leave_and_start_again();
        } else {
            let own = std::env::current_exe().unwrap();
            let mut inside = Command::new("unshare");
            inside.arg("--net").arg(own).args(["--exact", NAME]).env(INSIDE, "1");
            let output = inside.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
        }
    }

    fn leave_and_start_again() {
        let runtime = std::env::temp_dir().join(format!("lapwing-sharing-{}", std::process::id()));
        fs::create_dir_all(&runtime).unwrap();
        let sharing = |interface: &str| Sharing {
            interface: interface.to_owned(),
            ifindex: 1,
            network: Ipv4Addr::new(192, 168, 77, 1),
            prefix: 24,
        };
        for was_on in [false, true] {
            sysctl::set_forwarding(was_on).unwrap();
            // The kernel that runs the tests may have no nf_tables; the lab's has it.
            let left = ["wlan0", "wlan1"].map(|name| nftables::make(&sharing(name)).is_ok());
            assert_eq!(
                nftables::tables().unwrap_or_default().len(),
                left.iter().filter(|made| **made).count()
            );
            forwarding::begin(&runtime).unwrap();
            assert!(sysctl::forwards().unwrap());
            // Killed; and started again, twice.
            for _ in 0..2 {
                assert_eq!(end_old(&runtime), [""; 0]);
                assert_eq!(nftables::tables().unwrap_or_default(), [""; 0]);
                assert_eq!(sysctl::forwards().unwrap(), was_on, "as it was");
            }
        }
        fs::remove_dir_all(&runtime).unwrap();
    }
}
