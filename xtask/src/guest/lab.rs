//! What a scenario has in its hands.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::access_point::AccessPoint;
use crate::guest::hostapd::Hostapd;
use crate::guest::netlink::Capture;
use crate::guest::network::Network;
use crate::guest::process::{Process, wait};
use crate::guest::radio::{self, Radio, words};
use crate::guest::scenarios::PASSWORD;
use crate::guest::station::{self, Kind, Station};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Radios of a scenario: one for the station, the others for access points.
const RADIOS: usize = 3;

/// Words of the kernel's log that no scenario may cause.
const ALARMS: &[&str] = &["WARNING:", "BUG:", "Oops", "general protection", "refcount_t", "KASAN"];

/// One scenario's world.
#[derive(Debug)]
pub(crate) struct Lab {
    directory: PathBuf,
    kind: Kind,
    /// The first is the station's, the others are for access points.
    radios: Vec<Radio>,
    access_points: u8,
    netlink: Process,
    air: Process,
}

impl Lab {
    /// Fresh radios, and captures that run.
    pub(crate) fn open(name: &str, kind: Kind) -> Result<Self> {
        let directory = PathBuf::from("/run/lab").join(name);
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        words("busybox dmesg -c")?;
        let radios = radio::create(RADIOS)?;
        let netlink = capture(&directory, "nlmon0", "netlink")?;
        let air = capture(&directory, "hwsim0", "air")?;
        Ok(Self { directory, kind, radios, access_points: 0, netlink, air })
    }

    /// The folder for whatever is worth keeping.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts an access point.
    pub(crate) fn access_point(&mut self, config: Hostapd) -> Result<AccessPoint> {
        let radio = self.radios.pop();
        let radio =
            radio.ok_or_else(|| Failure::unmet(format!("at most {RADIOS} radios"), "one more asked for"))?;
        self.access_points += 1;
        AccessPoint::start(&config, radio, self.access_points, &self.directory)
    }

    /// Starts the station under test, knowing one network, which it is to join by itself.
    pub(crate) fn station(&mut self, network: Network) -> Result<Box<dyn Station>> {
        let radio = self
            .radios
            .first()
            .cloned()
            .ok_or_else(|| Failure::unmet("a radio for the station", "none is left"))?;
        station::start(self.kind, network, radio, &self.directory)
    }

    /// What went between the kernel and the programs in the station's namespace so far.
    pub(crate) fn netlink(&self) -> Result<Capture> {
        // What the capture program has not read yet, it reads within one of its rounds.
        std::thread::sleep(Duration::from_secs(2));
        Capture::read(&self.directory.join("netlink.pcap"))
    }

    /// Demands that the kernel refused nothing that our daemon asked for. The peer asks in vain as a habit: what
    /// the kernel cannot do, and keys that are not there.
    pub(crate) fn expect_no_refusals(&self) -> Result<()> {
        let mut refusals = BTreeMap::new();
        for refusal in self.netlink()?.refusals() {
            *refusals.entry(refusal.to_string()).or_insert(0) += 1;
        }
        let lines: Vec<_> =
            refusals.iter().map(|(refusal, count)| format!("{count} times {refusal}")).collect();
        match lines.is_empty() || self.kind != Kind::Lapwing {
            true => Ok(()),
            false => Err(Failure::unmet("no request refused by the kernel", lines.join("\n    "))),
        }
    }

    /// Demands that nothing our daemon writes for the eyes of people holds the passphrase.
    fn expect_no_secret(&self) -> Result<()> {
        for name in ["lapwingd.log", "runtime/flight.jsonl"] {
            let text = fs::read(self.directory.join(name)).unwrap_or_default();
            if text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()) {
                return Err(Failure::unmet("no secret in a log", format!("the passphrase in {name}")));
            }
        }
        Ok(())
    }

    /// Takes everything down. What the scenario started is gone by now; the kernel must have had no complaint.
    pub(crate) fn close(&mut self) -> Result<()> {
        let stopped = self.netlink.stop(Duration::from_secs(5)).and(self.air.stop(Duration::from_secs(5)));
        let removed = radio::remove();
        let messages = output(&mut command("busybox", ["dmesg"]))?;
        fs::write(self.directory.join("dmesg.log"), &messages).doing(|| "write the kernel's log".into())?;
        stopped.and(removed)?;
        self.expect_no_secret()?;
        let alarm = messages.lines().find(|line| ALARMS.iter().any(|alarm| line.contains(alarm)));
        match alarm {
            Some(line) => Err(Failure::unmet("no alarm in the kernel's log", line)),
            None => Ok(()),
        }
    }
}

/// Captures an interface, from now on.
fn capture(directory: &Path, interface: &str, name: &str) -> Result<Process> {
    let mut tcpdump =
        command("tcpdump", ["-i", interface, "-U", "-s", "0", "-B", "16384", "-Z", "root", "-w"]);
    let file = directory.join(format!("{name}.pcap"));
    let process =
        Process::start("tcpdump", tcpdump.arg(&file), directory.join(format!("tcpdump-{name}.log")))?;
    let begun = wait(Duration::from_secs(10), || process.log().contains("listening on").then_some(()));
    begun.map(|()| process).ok_or_else(|| Failure::unmet(format!("a capture of {interface}"), "none"))
}
