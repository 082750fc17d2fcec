//! A system bus of the scenario's own.

use crate::command::command;
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::{Process, wait};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Where every program looks for the system bus.
pub(crate) const SOCKET: &str = "/run/dbus/system_bus_socket";

/// How long the bus may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who may do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Everybody everything: the scenario is about something else.
    Open,
    /// What a system has before any service adds to it: nobody may own a name or call a service.
    Closed,
}

impl Policy {
    const fn rules(self) -> &'static str {
        match self {
            Self::Open => {
                "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\
                 <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/></policy>"
            }
            Self::Closed => {
                "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/><deny send_type=\"method_call\"/>\
                 <allow send_type=\"signal\"/><allow send_requested_reply=\"true\" send_type=\"method_return\"/>\
                 <allow send_requested_reply=\"true\" send_type=\"error\"/>\
                 <allow receive_type=\"method_call\"/><allow receive_type=\"method_return\"/>\
                 <allow receive_type=\"error\"/><allow receive_type=\"signal\"/>\
                 <allow send_destination=\"org.freedesktop.DBus\" send_interface=\"org.freedesktop.DBus\"/>\
                 </policy>"
            }
        }
    }
}

/// A running bus; it ends with the value.
#[derive(Debug)]
pub(crate) struct Bus {
    _process: Process,
}

impl Bus {
    /// Starts it. `further` is a configuration that a service ships.
    pub(crate) fn start(policy: Policy, further: Option<&str>, directory: &Path) -> Result<Self> {
        Self::start_at(SOCKET, policy, further, directory)
    }

    /// Starts one elsewhere, for programs that would have the same name on the machine's.
    pub(crate) fn start_at(
        socket: &str,
        policy: Policy,
        further: Option<&str>,
        directory: &Path,
    ) -> Result<Self> {
        let place = directory.join("bus.conf");
        let mut include = String::new();
        if let Some(further) = further {
            let own = directory.join("bus-further.conf");
            fs::write(&own, further).doing(|| format!("write {}", own.display()))?;
            include = format!("<include>{}</include>", own.display());
        }
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig><type>system</type>\
             <listen>unix:path={socket}</listen><auth>EXTERNAL</auth>{}{include}</busconfig>\n",
            policy.rules()
        );
        fs::write(&place, text).doing(|| format!("write {}", place.display()))?;
        if let Some(home) = Path::new(socket).parent() {
            fs::create_dir_all(home).doing(|| format!("create {}", home.display()))?;
        }
        // The last scenario's bus leaves its socket when it is killed.
        let _ = fs::remove_file(socket);
        let mut daemon = command("dbus-daemon", ["--nofork", "--nopidfile"]);
        daemon.arg(format!("--config-file={}", place.display()));
        let process = Process::start("dbus-daemon", &mut daemon, directory.join("bus.log"))?;
        match wait(PATIENCE, || UnixStream::connect(socket).ok()) {
            Some(_) => Ok(Self { _process: process }),
            None => Err(Failure::unmet("a system bus", process.log())),
        }
    }
}
