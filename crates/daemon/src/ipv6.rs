//! IPv6 of an interface: switched off where a file says so, and otherwise as the administrator set it.
//!
//! The kernel follows router advertisements by itself once the port is open. Whether it does, how it makes
//! addresses and whether it makes temporary ones is set by the administrator (`accept_ra`, `addr_gen_mode`,
//! `use_tempaddr`) and never changed here.

use lapwing_linux::sysctl::{self, Ipv6Setting};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The kernel's metric of default routes from router advertisements.
const KERNEL_METRIC: i64 = 1024;

/// Switches IPv6 off on the interface with this name, or back on if it was switched off here: an administrator
/// who has it off, for a tunnel perhaps, wants it to stay off. That it was done here is kept in a file, since
/// a daemon that was killed has to undo it after its restart.
///
/// # Errors
/// Those of the file system; none if the kernel has no IPv6.
pub fn switch(runtime: &Path, name: &str, on: bool) -> io::Result<()> {
    let mark = mark(runtime, name);
    let is_off = match sysctl::read(name, Ipv6Setting::Disable) {
        Ok(value) => value != 0,
        // A kernel without IPv6 has it switched off already.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if on {
        if mark.exists() {
            sysctl::write(name, Ipv6Setting::Disable, 0)?;
            fs::remove_file(mark)?;
        }
    } else if !is_off {
        // First the mark: without the rest it does no harm.
        fs::write(&mark, "")?;
        sysctl::write(name, Ipv6Setting::Disable, 1)?;
    }
    Ok(())
}

/// Gives default routes from router advertisements our metric, so that a cable goes before Wi-Fi in IPv6 as it
/// does in IPv4. Another than the kernel's own was set by the administrator.
///
/// # Errors
/// Those of the file system; none if the kernel has no IPv6, or is older than 5.12.
pub fn prefer(name: &str, metric: u32) -> io::Result<()> {
    match sysctl::read(name, Ipv6Setting::RouterAdvertisementMetric) {
        Ok(KERNEL_METRIC) => sysctl::write(name, Ipv6Setting::RouterAdvertisementMetric, metric),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Has the kernel follow routes to certain networks in router advertisements (RFC 4191), as it follows default routes.
/// It ignores all of them unless it is told to (a length of at most 0), and a minimum that an administrator set goes on
/// to count. Another value than the kernel's own was set by the administrator.
///
/// # Errors
/// Those of the file system; none if the kernel has no IPv6, or cannot follow them.
pub fn follow_routes(name: &str) -> io::Result<()> {
    match sysctl::read(name, Ipv6Setting::LongestAdvertisedRoute) {
        Ok(0) => sysctl::write(name, Ipv6Setting::LongestAdvertisedRoute, 128),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn mark(runtime: &Path, name: &str) -> PathBuf {
    runtime.join(format!("ipv6-off.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_no_error_and_leaves_nothing() {
        let runtime = std::env::temp_dir();
        for on in [true, false] {
            switch(&runtime, "lapwing-none", on).unwrap();
        }
        prefer("lapwing-none", 600).unwrap();
        follow_routes("lapwing-none").unwrap();
        assert!(!mark(&runtime, "lapwing-none").exists());
        assert!(switch(&runtime, "../all", true).is_err());
    }
}
