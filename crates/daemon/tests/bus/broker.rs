//! A private message broker.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Everybody may do everything.
pub(crate) const OPEN: &str = r#"<policy context="default">
<allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>"#;

/// A broker; it ends with this value.
pub(crate) struct Broker {
    /// Where it is.
    pub(crate) address: String,
    process: Child,
}

/// A folder of its own, below a path that is short enough for a socket.
pub(crate) fn place() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let place = std::env::temp_dir().join(format!("lapwing-bus-{}-{number}", std::process::id()));
    fs::create_dir_all(&place).unwrap();
    place
}

impl Broker {
    /// Starts one with these rules.
    pub(crate) fn start(rules: &str) -> Self {
        Self::start_in(&place(), rules)
    }

    /// Starts one in this folder.
    pub(crate) fn start_in(place: &Path, rules: &str) -> Self {
        let socket = place.join("socket");
        drop(fs::remove_file(&socket));
        let settings = place.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig><type>system</type>\
             <listen>unix:path={}</listen><auth>EXTERNAL</auth>{rules}</busconfig>",
            socket.display()
        );
        fs::write(&settings, text).unwrap();
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", settings.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is needed: as root on Debian, apt-get install dbus-daemon dbus-bin");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { address: format!("unix:path={}", socket.display()), process }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
