//! The control socket that hostapd and wpa_supplicant share the manners of: one datagram asks, one answers.

use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long a peer may think.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open control connection.
#[derive(Debug)]
pub(crate) struct Control {
    socket: UnixDatagram,
    own: PathBuf,
}

impl Control {
    /// Connects to a socket as soon as the program has made it.
    pub(crate) fn connect(to: &Path) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let own = PathBuf::from(format!("/tmp/control-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let socket = UnixDatagram::bind(&own).doing(|| format!("make {}", own.display()))?;
        socket.set_read_timeout(Some(PATIENCE)).doing(|| "set a time limit".into())?;
        match wait(PATIENCE, || socket.connect(to).ok()) {
            Some(()) => Ok(Self { socket, own }),
            None => Err(Failure::unmet(format!("a control socket {}", to.display()), "none")),
        }
    }

    /// Asks for something and returns the answer, whatever it is.
    pub(crate) fn ask(&self, request: &str) -> Result<String> {
        let doing = || format!("ask for {}", request.split(' ').next().unwrap_or_default());
        self.socket.send(request.as_bytes()).doing(doing)?;
        let mut buffer = vec![0; 8192];
        let length = self.socket.recv(&mut buffer).doing(doing)?;
        buffer.truncate(length);
        Ok(String::from_utf8_lossy(&buffer).trim().to_owned())
    }

    /// Gives an order that must be answered with `OK`.
    pub(crate) fn order(&self, request: &str) -> Result<()> {
        match self.ask(request)?.as_str() {
            "OK" => Ok(()),
            other => Err(Failure::unmet(format!("OK for {request}"), other)),
        }
    }

    /// One value of an answer in lines of `name=value`.
    pub(crate) fn value(answer: &str, name: &str) -> Option<String> {
        answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // It lies in the guest's memory, which goes with the machine.
        let _ = std::fs::remove_file(&self.own);
    }
}
