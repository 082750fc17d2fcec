//! The three daemons measured on one kernel, in turn: the side of the guest.
//!
//! One instruction is one nanosecond here, and one processor runs everything: a time is a count of the work that the
//! daemon, the access point and the kernel do. Whatever else would work at the same time is kept away from the moments
//! that are measured: no capture, no debug log, no client that unpacks messages.

mod crowd;
mod crowded;
mod dbus;
mod meter;
mod roams;
mod subject;

pub(crate) use roams::Roam;
pub(crate) use subject::Subject;

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::access_point::AccessPoint;
use crate::guest::hostapd::Hostapd;
use crate::guest::hotspot::{Hotspot, LapwingAp};
use crate::guest::netlink::{Capture, command_name};
use crate::guest::process::{Process, wait};
use crate::guest::radio::{self, Radio, Radios};
use meter::{Phase, Record, Trace};
use rustix::net::{AddressFamily, RecvFlags, SocketType, bind, netlink, recv, socket};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;
use subject::{Daemon, Joined, Setting};

/// The network's name and passphrase.
const SSID: &str = "bench";
const PASSPHRASE: &str = "vast-lapwing-17";

/// How long things take to calm down after a change.
const CALM: Duration = Duration::from_secs(1);
/// How long an address may take.
const ADDRESS: Duration = Duration::from_secs(60);
/// How long after the daemon's word its requests still belong to the connection.
const AFTERMATH: Duration = Duration::from_millis(100);
/// A step that is no divisor of a beacon interval (102.4 ms).
const STEP: Duration = Duration::from_micros(13_700);
/// How often the things that hardly differ from one time to the next are counted.
const COUNTINGS: u32 = 3;

/// How the network is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Security {
    Wpa2,
    /// A full SAE each time: no PMKSA is left from the last one.
    Sae,
    /// SAE with the PMKSA of the last one.
    SaeCached,
    /// A full exchange each time.
    Owe,
    /// A full SAE each time with our own access point, which has one link.
    OneLink,
    /// The same with our own AP MLD of two links. iwd is a plain client there.
    TwoLinks,
    /// WPA2 in a mobility domain.
    FtPsk,
    /// SAE in a mobility domain.
    FtSae,
}

/// The channels of the access points, in MHz: the second one is the second link's.
const CHANNELS: [u32; 2] = [2437, 5180];

/// An access point of whatever make; it ends with the value.
type Made = Box<dyn std::fmt::Debug>;

impl Security {
    fn access_point(self, radio: &Radio, directory: &Path) -> Result<Made> {
        let hostapd = |config: Hostapd| {
            let started = AccessPoint::start(&config.set("channel", 6).quiet(), radio.clone(), 1, directory)?;
            Ok(Box::new(started) as Made)
        };
        match self {
            Self::Wpa2 => hostapd(Hostapd::wpa2(SSID, PASSPHRASE)),
            Self::Sae | Self::SaeCached => hostapd(Hostapd::wpa3(SSID, PASSPHRASE)),
            Self::Owe => hostapd(Hostapd::owe(SSID)),
            Self::FtPsk | Self::FtSae => hostapd(roams::configuration(self)),
            Self::OneLink | Self::TwoLinks => {
                let count = if self == Self::TwoLinks { 2 } else { 1 };
                let links = CHANNELS.get(..count).unwrap_or_default();
                let config = Hotspot::multi_link(SSID, PASSPHRASE, links).quiet();
                Ok(Box::new(LapwingAp::start(&config, radio.clone(), 1, directory)?))
            }
        }
    }

    /// Whether keys of the last connection are to be of use.
    pub(super) fn caches(self) -> bool {
        matches!(self, Self::SaeCached | Self::Wpa2 | Self::FtPsk | Self::FtSae)
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// From the request to connected, with fresh scan results; requests and system calls; memory.
    Connect(Security),
    /// From the daemon's start to connected, on a network that was joined before.
    Start,
    /// From the request to connected, with nothing heard yet.
    First,
    /// From the request to an address.
    Address,
    /// From the daemon's start to its name on the bus.
    BusName,
    /// Hundreds of known networks and thousands in the air: from the start to all of them on the bus, and their list.
    Crowd,
    /// From one access point of the network to another.
    Roam(Roam),
}

impl Part {
    pub(crate) const ALL: [Self; 18] = [
        Self::Connect(Security::Wpa2),
        Self::Connect(Security::Sae),
        Self::Connect(Security::SaeCached),
        Self::Connect(Security::Owe),
        Self::Connect(Security::OneLink),
        Self::Connect(Security::TwoLinks),
        Self::Start,
        Self::First,
        Self::Address,
        Self::BusName,
        Self::Crowd,
        Self::roam(Security::FtPsk, false),
        Self::roam(Security::FtSae, false),
        Self::roam(Security::Wpa2, false),
        Self::roam(Security::SaeCached, false),
        Self::roam(Security::Sae, false),
        Self::roam(Security::FtPsk, true),
        Self::roam(Security::FtSae, true),
    ];

    /// What a daemon does that is used every day.
    pub(crate) const LAYOUT: [Self; 10] = [
        Self::Connect(Security::Wpa2),
        Self::Connect(Security::Sae),
        Self::Connect(Security::SaeCached),
        Self::Start,
        Self::First,
        Self::Address,
        Self::roam(Security::FtPsk, false),
        Self::roam(Security::Wpa2, false),
        Self::roam(Security::SaeCached, false),
        Self::roam(Security::Sae, false),
    ];

    /// A roam.
    pub(crate) const fn roam(security: Security, is_wished: bool) -> Self {
        Self::Roam(Roam { security, is_wished })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect(Security::Wpa2) => "connect-wpa2",
            Self::Connect(Security::Sae) => "connect-sae",
            Self::Connect(Security::SaeCached) => "connect-sae-cached",
            Self::Connect(Security::Owe) => "connect-owe",
            Self::Connect(Security::OneLink) => "connect-one-link",
            Self::Connect(Security::TwoLinks) => "connect-two-links",
            Self::Connect(Security::FtPsk) => "connect-ft-psk",
            Self::Connect(Security::FtSae) => "connect-ft-sae",
            Self::Roam(roam) => roam.name(),
            Self::Start => "start",
            Self::First => "first",
            Self::Address => "address",
            Self::BusName => "bus-name",
            Self::Crowd => "crowd",
        }
    }
}

impl FromStr for Part {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|part| part.name() == text);
        found.ok_or_else(|| Failure::Usage(format!("no part {text}")))
    }
}

/// The file of the job that says what is to be measured; its presence says that something is.
pub(crate) const PLAN: &str = "bench";

/// The folder of the job in which a unit is claimed, and the one where its figures are put.
pub(crate) const CLAIMS: &str = "claims";
pub(crate) const RESULTS: &str = "results";

/// The folder of the job for what figures were read from.
pub(crate) const KEPT: &str = "kept";

/// The file of the job with the functions whose calls are counted, if any are, and the one among the kept where the
/// counts are put.
pub(crate) const PROBES: &str = "probes";
pub(crate) const CALLED: &str = "called";

/// The file among the kept with the probes of the functions that ran between an order and its answer, in one unit.
pub(crate) fn hurried(unit: &str) -> String {
    format!("{unit}.hurried")
}

/// The name of one part with one daemon.
pub(crate) fn unit(part: Part, subject: Subject) -> String {
    format!("{}.{}", part.name(), subject.name())
}

/// Measures until nothing is left.
pub(crate) fn main(job: &Path) -> Result<()> {
    let text = fs::read_to_string(job.join(PLAN)).doing(|| "read the plan".into())?;
    let broken = || Failure::Usage("the plan is broken".into());
    let plan: Value = serde_json::from_str(&text).map_err(|_| broken())?;
    let rounds = plan.get("rounds").and_then(Value::as_u64).ok_or_else(broken)?;
    let units = plan.get("units").and_then(Value::as_array).ok_or_else(broken)?;
    radio::prepare()?;
    let mut trace = Trace::open()?;
    let probes = fs::read_to_string(job.join(PROBES)).ok();
    probes.iter().try_for_each(|probes| trace.count_calls(probes))?;
    let _bus = dbus::start_daemon()?;
    for unit in units.iter().filter_map(Value::as_str) {
        if fs::create_dir(job.join(CLAIMS).join(unit)).is_err() {
            continue;
        }
        let (part, subject) = unit.split_once('.').ok_or_else(broken)?;
        let (figures, hurried_calls) = Default::default();
        let mut bench = Bench { subject: subject.parse()?, trace: &trace, figures, hurried_calls };
        let result = bench.measure(part.parse()?, u32::try_from(rounds).unwrap_or(u32::MAX));
        let error = result.err().map(|failure| failure.to_string());
        if probes.is_some() {
            let names: String = bench.hurried_calls.iter().map(|name| format!("{name}\n")).collect();
            fs::write(job.join(KEPT).join(hurried(unit)), names).doing(|| "write what ran".into())?;
        }
        let text = json!({ "figures": bench.figures, "error": error }).to_string();
        let temporary = job.join(RESULTS).join(format!(".{unit}"));
        let mut file = fs::File::create(&temporary).doing(|| "write the figures".into())?;
        file.write_all(text.as_bytes()).doing(|| "write the figures".into())?;
        fs::rename(temporary, job.join(RESULTS).join(unit)).doing(|| "write the figures".into())?;
    }
    if probes.is_some() {
        let place = job.join(KEPT).join(CALLED);
        fs::write(&place, trace.calls()?).doing(|| format!("write {}", place.display()))?;
    }
    Ok(())
}

/// One part with one daemon.
struct Bench<'a> {
    subject: Subject,
    trace: &'a Trace,
    figures: Vec<Value>,
    /// What ran between an order and its answer, if calls are counted.
    hurried_calls: BTreeSet<String>,
}

/// Radios, an access point, and what is recorded; all fresh.
struct Scene {
    radio: Radio,
    _access_point: Made,
    /// Whether the access point is on both channels.
    two_channels: bool,
}

impl Scene {
    fn open(security: Security) -> Result<Self> {
        let mut radios = radio::create(2, Radios::MultiLink)?;
        let (Some(second), Some(radio)) = (radios.pop(), radios.pop()) else {
            return Err(Failure::unmet("two radios", "fewer"));
        };
        let directory = Path::new("/tmp/scene");
        let _ = fs::remove_dir_all(directory);
        fs::create_dir_all(directory).doing(|| "create a folder".into())?;
        let access_point = security.access_point(&second, directory)?;
        std::thread::sleep(CALM);
        Ok(Self { radio, _access_point: access_point, two_channels: security == Security::TwoLinks })
    }

    /// The interface's name of this moment: iwd makes its own.
    fn interface(&self) -> String {
        let radios = radio::radios().unwrap_or_default();
        let own = radios.into_iter().find(|radio| radio.phy == self.radio.phy);
        own.map_or_else(|| self.radio.interface.clone(), |radio| radio.interface.clone())
    }

    /// Has the kernel hear the access point, and with it the daemon: by a scan of nobody that is measured, on its
    /// channels. After a sweep by iwd, which makes it in parts, the kernel has forgotten the BSSs of all but the last.
    fn refresh(&self, round: u32) -> Result<()> {
        let channels = CHANNELS.map(|frequency| frequency.to_string());
        let channels = channels.iter().take(if self.two_channels { 2 } else { 1 }).map(String::as_str);
        let interface = self.interface();
        let words = ["dev", &interface, "scan", "freq"].into_iter().chain(channels);
        // A daemon that looks around by itself has the radio for a while.
        let scan = || output(&mut command("iw", words.clone())).ok();
        wait(ADDRESS, scan).ok_or_else(|| Failure::unmet("a scan", "it is refused for a minute"))?;
        // Each round meets the beacons and timers of the others at another moment.
        std::thread::sleep(CALM + STEP * round);
        Ok(())
    }

    fn close(self) -> Result<()> {
        drop(self);
        radio::remove()
    }
}

impl Bench<'_> {
    fn measure(&mut self, part: Part, rounds: u32) -> Result<()> {
        match part {
            Part::Connect(security) => self.connect(security, rounds),
            Part::Start => self.start(rounds),
            Part::First => self.first(rounds),
            Part::Address => self.address(rounds),
            Part::BusName => self.bus_name(rounds),
            Part::Crowd => self.crowd(rounds),
            Part::Roam(roam) => self.roams(roam, rounds),
        }
    }

    fn note(&mut self, name: &str, value: Value) {
        self.figures.push(json!({ "name": name, "value": value }));
    }

    /// A known network that was heard a moment ago, joined again and again by one process.
    fn connect(&mut self, security: Security, rounds: u32) -> Result<()> {
        let setting = Setting { security, automatic: false, addresses: false };
        let scene = Scene::open(security)?;
        self.subject.provision(setting)?;
        // The first time of all is not counted: what daemons keep for the next time is written then.
        let mut daemon = Daemon::start(self.subject, &scene.interface())?;
        daemon.scan()?;
        daemon.join(None)?;
        std::thread::sleep(CALM);
        daemon.leave()?;
        daemon.stop()?;
        let mut daemon = Daemon::start(self.subject, &scene.interface())?;
        for round in 0..=rounds {
            if !security.caches() {
                daemon.forget_keys()?;
            }
            if round == 0 {
                daemon.scan()?;
            }
            scene.refresh(round)?;
            let phase = Phase::of(round, rounds);
            let joined = self.timed(&scene, |daemon| daemon.join(Some(phase)), &mut daemon);
            let joined = joined.map_err(|failure| with_words(failure, &daemon))?;
            self.note(if round == 0 { "cold" } else { "warm" }, joined);
            daemon.leave()?;
        }
        daemon.stop()?;
        for round in 0..COUNTINGS {
            self.count(&scene, security, round)?;
        }
        scene.close()
    }

    /// Keeps what a figure was read from, for who wants to know where it comes from.
    fn keep(&self, part: Part, what: &str, text: &str) -> Result<()> {
        let unit = unit(part, self.subject);
        let place = Path::new(crate::lab::IN_GUEST).join(KEPT).join(format!("{unit}.{what}"));
        fs::write(&place, text).doing(|| format!("write {}", place.display()))
    }

    /// Joins with every system call and every netlink message recorded.
    fn count(&mut self, scene: &Scene, security: Security, round: u32) -> Result<()> {
        let mut capture = Recording::start()?;
        let mut daemon = Daemon::start(self.subject, &scene.interface())?;
        daemon.scan()?;
        scene.refresh(round)?;
        daemon.join(None)?;
        self.note("memory_at_work", json!(meter::proportional_set_size(daemon.id())?));
        std::thread::sleep(CALM);
        self.note("memory", json!(meter::proportional_set_size(daemon.id())?));
        self.keep(Part::Connect(security), "memory", &meter::mappings(daemon.id())?)?;
        daemon.leave()?;
        if !security.caches() {
            daemon.forget_keys()?;
        }
        scene.refresh(round)?;
        self.trace.clear()?;
        self.trace.system_calls(&meter::threads(daemon.id()))?;
        let clocks = meter::wall() - meter::now();
        let joined = daemon.join(None)?;
        std::thread::sleep(CALM);
        self.trace.no_system_calls()?;
        let records = self.trace.records()?;
        self.keep(Part::Connect(security), "trace", &self.trace.text()?)?;
        let calls = records.into_iter().filter(Record::is_system_call);
        let calls = calls.filter(|call| (joined.asked..=joined.said).contains(&call.at)).count();
        daemon.leave()?;
        daemon.stop()?;
        let requests = capture.end()?.requests(joined.asked + clocks, joined.said + clocks + AFTERMATH);
        let commands: Vec<_> = requests.iter().map(|command| command_name(*command)).collect();
        self.note(
            "count",
            json!({ "requests": requests.len(), "commands": commands, "system_calls": calls }),
        );
        Ok(())
    }

    /// From the start of the daemon to connected: on a network that it has joined before, and on one that it only
    /// was told of.
    fn start(&mut self, rounds: u32) -> Result<()> {
        let setting = Setting { security: Security::Wpa2, automatic: true, addresses: false };
        for round in 0..=rounds {
            // The kernel's memory of what was heard goes with the radios.
            let scene = Scene::open(setting.security)?;
            if round == 0 {
                self.subject.provision(setting)?;
            }
            self.trace.clear()?;
            let (daemon, joined) = Daemon::start_and_join(self.subject, &scene.interface())?;
            std::thread::sleep(CALM);
            let value = self.moments(&scene, joined)?;
            self.note(if round == 0 { "never-joined" } else { "known" }, value);
            daemon.stop()?;
            scene.close()?;
        }
        Ok(())
    }

    /// The daemon runs and has heard nothing: the first connection ever to a network.
    fn first(&mut self, rounds: u32) -> Result<()> {
        let setting = Setting { security: Security::Wpa2, automatic: false, addresses: false };
        for _ in 0..rounds {
            let scene = Scene::open(setting.security)?;
            self.subject.provision(setting)?;
            let mut daemon = Daemon::start(self.subject, &scene.interface())?;
            let joined = self.timed(&scene, Daemon::find_and_join, &mut daemon)?;
            self.note("first", joined);
            daemon.stop()?;
            scene.close()?;
        }
        Ok(())
    }

    /// From the request to an address that may be used.
    fn address(&mut self, rounds: u32) -> Result<()> {
        let setting = Setting { security: Security::Wpa2, automatic: false, addresses: true };
        let doing = || "write the DHCP script".into();
        fs::write(DHCP_SCRIPT, DHCP_SCRIPT_TEXT).doing(doing)?;
        fs::set_permissions(DHCP_SCRIPT, fs::Permissions::from_mode(0o755)).doing(doing)?;
        for round in 0..rounds {
            let scene = Scene::open(setting.security)?;
            self.subject.provision(setting)?;
            let mut daemon = Daemon::start(self.subject, &scene.interface())?;
            for name in ["first", "known"] {
                if name == "first" {
                    daemon.scan()?;
                }
                scene.refresh(round)?;
                let addresses = listen_for_address()?;
                let joined = daemon.join(Some(Phase::of(round, rounds)))?;
                let client = match self.subject {
                    Subject::WpaSupplicant => Some(dhcp_client(&scene.interface())?),
                    Subject::Lapwing | Subject::Iwd => None,
                };
                let address = addresses.recv_timeout(ADDRESS);
                let address = address
                    .map_err(|_| with_words(Failure::unmet("an address within a minute", "none"), &daemon))?;
                self.note(name, json!({ "address": nanoseconds(address.saturating_sub(joined.asked)) }));
                drop(client);
                std::thread::sleep(CALM);
                daemon.leave()?;
                // What udhcpc has set, nobody else takes away.
                if self.subject == Subject::WpaSupplicant {
                    output(&mut command("ip", ["address", "flush", "dev", &scene.interface()]))?;
                }
            }
            daemon.stop()?;
            scene.close()?;
        }
        Ok(())
    }

    fn bus_name(&mut self, rounds: u32) -> Result<()> {
        let scene = Scene::open(Security::Wpa2)?;
        self.subject.provision(Setting { security: Security::Wpa2, automatic: false, addresses: false })?;
        for round in 0..=rounds {
            let taken = self.subject.time_to_bus_name(&scene.interface())?;
            if round > 0 {
                self.note("bus-name", json!({ "time": nanoseconds(taken) }));
            }
        }
        scene.close()
    }

    fn timed(
        &mut self,
        scene: &Scene,
        join: impl FnOnce(&mut Daemon) -> Result<Joined>,
        daemon: &mut Daemon,
    ) -> Result<Value> {
        self.trace.clear()?;
        let (joined, called) = self.trace.calls_of(|| join(daemon))?;
        self.hurried_calls.extend(called);
        std::thread::sleep(CALM);
        self.moments(scene, joined)
    }

    /// A connection in figures. Connected is what the daemon says and the kernel has done, whichever is later.
    fn moments(&self, scene: &Scene, joined: Joined) -> Result<Value> {
        let records = self.trace.records()?;
        let authorized = records
            .iter()
            .find(|record| record.at >= joined.asked && record.authorizes(&scene.radio.phy))
            .ok_or_else(|| Failure::unmet("the kernel lets the station through", "no such record"))?
            .at;
        let since = |moment: Duration| nanoseconds(moment.saturating_sub(joined.asked));
        Ok(json!({
            "connected": since(joined.said.max(authorized)),
            "said": since(joined.said),
            "authorized": since(authorized),
            "processor": nanoseconds(joined.processor),
        }))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn with_words(failure: Failure, daemon: &Daemon) -> Failure {
    Failure::Unable(format!("{failure}\n{}", daemon.last_words()))
}

/// `RTMGRP_IPV4_IFADDR` and `RTM_NEWADDR`.
const IPV4_ADDRESSES: u32 = 0x10;
const NEW_ADDRESS: [u8; 2] = 20_u16.to_ne_bytes();

/// Tells when the kernel has the next IPv4 address.
fn listen_for_address() -> Result<mpsc::Receiver<Duration>> {
    let doing = |error: rustix::io::Errno| Failure::System {
        doing: "listen for addresses".into(),
        error: error.into(),
    };
    let socket = socket(AddressFamily::NETLINK, SocketType::RAW, None).map_err(doing)?;
    bind(&socket, &netlink::SocketAddrNetlink::new(0, IPV4_ADDRESSES)).map_err(doing)?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // A receiver that is gone ends the thread with its next address.
        while let Ok((length, _)) = recv(&socket, &mut buffer[..], RecvFlags::empty()) {
            let at = meter::now();
            let message = buffer.get(..length).unwrap_or_default();
            if message.get(4..6) == Some(&NEW_ADDRESS) && sender.send(at).is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

const DHCP_SCRIPT: &str = "/tmp/dhcp-script";
const DHCP_SCRIPT_TEXT: &str = "#!/bin/sh
[ \"$1\" = bound ] && ip address replace $ip/$mask dev $interface
exit 0
";

/// Busybox's DHCP client with a script that does no more than it must.
fn dhcp_client(interface: &str) -> Result<Process> {
    let words = ["udhcpc", "-f", "-n", "-q", "-i", interface, "-s", DHCP_SCRIPT];
    let mut client = command("busybox", words);
    Process::start("udhcpc", &mut client, "/tmp/udhcpc.log".into())
}

/// A capture of netlink's messages.
struct Recording(Process);

impl Recording {
    const FILE: &str = "/tmp/netlink.pcap";

    fn start() -> Result<Self> {
        let words = ["-i", "nlmon0", "-U", "-s", "0", "-B", "16384", "-Z", "root", "-w", Self::FILE];
        let log = "/tmp/tcpdump.log";
        let _ = fs::remove_file(log);
        let process = Process::start("tcpdump", &mut command("tcpdump", words), log.into())?;
        let begun = wait(Duration::from_secs(10), || process.log().contains("listening on").then_some(()));
        begun.map(|()| Self(process)).ok_or_else(|| Failure::unmet("a capture of netlink", "none"))
    }

    fn end(&mut self) -> Result<Capture> {
        // What the capture program has not read yet, it reads within one of its rounds.
        std::thread::sleep(Duration::from_secs(2));
        self.0.stop(Duration::from_secs(5))?;
        Capture::read(Path::new(Self::FILE))
    }
}
