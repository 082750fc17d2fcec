//! Passing IPv4 packets on from one interface to another, as long as a network is shared.

use lapwing_linux::sysctl;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Has packets passed on. That they were not before is kept in a file, since a daemon that was killed has to undo it
/// after its restart.
///
/// # Errors
/// Those of the file system.
pub fn begin(runtime: &Path) -> io::Result<()> {
    if sysctl::forwards()? {
        return Ok(());
    }
    // First the mark: without the rest it does no harm.
    fs::write(mark(runtime), "")?;
    sysctl::set_forwarding(true)
}

/// Has packets passed on no longer, if they were not before.
///
/// # Errors
/// Those of the file system; the mark stays then, for the next time.
pub fn end(runtime: &Path) -> io::Result<()> {
    let mark = mark(runtime);
    if !mark.exists() {
        return Ok(());
    }
    sysctl::set_forwarding(false)?;
    match fs::remove_file(mark) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn mark(runtime: &Path) -> PathBuf {
    runtime.join("ip-forward-off")
}
