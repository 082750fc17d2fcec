//! Telling systemd how the service is (`sd_notify(3)`).

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends `state` (such as `READY=1`) to the socket that systemd names in `$NOTIFY_SOCKET`; does nothing
/// without one.
///
/// # Errors
/// Those of the socket.
pub fn notify(socket: Option<&OsStr>, state: &str) -> io::Result<()> {
    let Some(socket) = socket.filter(|socket| !socket.is_empty()) else { return Ok(()) };
    let address = match socket.as_bytes() {
        // A name that is not in the file system.
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_socket() {
        let name = format!("lapwing-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        drop(std::fs::remove_file(&path));
        let in_files = UnixDatagram::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let elsewhere = UnixDatagram::bind_addr(&address).unwrap();
        let mut octets = [0; 16];
        notify(Some(path.as_os_str()), "READY=1").unwrap();
        assert_eq!(in_files.recv(&mut octets).unwrap(), 7);
        notify(Some(OsStr::new(&format!("@{name}"))), "STOPPING=1").unwrap();
        assert_eq!(elsewhere.recv(&mut octets).unwrap(), 10);
        std::fs::remove_file(&path).unwrap();
        assert!(notify(Some(path.as_os_str()), "READY=1").is_err());
        assert!(notify(None, "READY=1").is_ok());
    }
}
