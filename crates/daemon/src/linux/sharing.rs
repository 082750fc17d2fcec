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
        // A kernel that cannot list tables has none.
        for table in nftables::tables().unwrap_or_default() {
            if table.starts_with(nftables::PREFIX)
                && let Err(error) = nftables::remove(&table)
            {
                self.trouble(format!("cannot remove the rules of {table}: {error}"));
            }
        }
        self.end_forwarding();
    }

    fn end_forwarding(&mut self) {
        if let Err(error) = forwarding::end(&self.runtime) {
            self.trouble(format!("cannot set net.ipv4.ip_forward back to what it was: {error}"));
        }
    }
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
