//! The three daemons, asked in their own ways: iwd and ours over the bus, wpa_supplicant over its control socket.

use super::dbus::{Bus, Member, Message, Recorded};
use super::meter::{self, Phase, now};
use super::{PASSPHRASE, SSID, Security};
use crate::command::{command, last_lines};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::{Process, wait};
use serde_json::Value;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// How long a daemon may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any sweep of all channels, and a second one.
const SWEEP: Duration = Duration::from_secs(60);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Lapwing,
    Iwd,
    WpaSupplicant,
}

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::Lapwing, Self::Iwd, Self::WpaSupplicant];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lapwing => "lapwing",
            Self::Iwd => "iwd",
            Self::WpaSupplicant => "wpa_supplicant",
        }
    }

    /// The name on the bus.
    const fn bus_name(self) -> &'static str {
        match self {
            Self::Lapwing | Self::Iwd => "net.connman.iwd",
            Self::WpaSupplicant => "fi.w1.wpa_supplicant1",
        }
    }

    /// Where it keeps what it knows. wpa_supplicant keeps nothing.
    pub(super) fn state(self) -> PathBuf {
        Path::new("/var/lib").join(if self == Self::Iwd { "iwd" } else { "lapwing" })
    }

    /// Makes it know the network, and nothing else.
    pub(super) fn provision(self, setting: Setting) -> Result<()> {
        let write = |place: PathBuf, text: String| {
            let directory = place.parent().unwrap_or(Path::new("/"));
            let done = fs::create_dir_all(directory).and_then(|()| fs::write(&place, text));
            done.doing(|| format!("write {}", place.display()))
        };
        match self {
            Self::WpaSupplicant => write(CONFIGURATION.into(), wpa_supplicant_configuration(setting)),
            Self::Lapwing | Self::Iwd => {
                let _ = fs::remove_dir_all(self.state());
                let (extension, mut text) = match setting.security {
                    Security::Owe => ("open", String::new()),
                    _ => ("psk", format!("[Security]\nPassphrase={PASSPHRASE}\n")),
                };
                if !setting.automatic {
                    text += "[Settings]\nAutoConnect=false\n";
                }
                write(self.state().join(format!("{SSID}.{extension}")), text)?;
                let configuration = format!(
                    "[General]\nEnableNetworkConfiguration={}\nDisablePMKSA={}\n",
                    setting.addresses,
                    !setting.security.caches()
                );
                write("/etc/iwd/main.conf".into(), configuration)
            }
        }
    }

    /// Starts it.
    fn launch(self, interface: &str, on_bus: bool) -> Result<Process> {
        let mut program = match self {
            Self::Lapwing => {
                let mut program = command("lapwingd", [""; 0]);
                program.env("STATE_DIRECTORY", self.state()).env("RUNTIME_DIRECTORY", "/run/lapwing");
                program
            }
            Self::Iwd => command("/usr/libexec/iwd", [""; 0]),
            Self::WpaSupplicant if on_bus => command("wpa_supplicant", ["-u"]),
            Self::WpaSupplicant => command("wpa_supplicant", ["-c", CONFIGURATION, "-i", interface]),
        };
        fs::create_dir_all("/run/lapwing").doing(|| "create /run/lapwing".into())?;
        Process::start(self.name(), &mut program, format!("/tmp/{}.log", self.name()).into())
    }

    /// How long it takes from its start until its name is on the bus.
    pub(super) fn time_to_bus_name(self, interface: &str) -> Result<Duration> {
        let mut bus = Bus::connect()?;
        bus.watch(&format!("type='signal',member='NameOwnerChanged',arg0='{}'", self.bus_name()))?;
        let begun = now();
        let mut process = self.launch(interface, true)?;
        bus.signal(|message| (message.member == "NameOwnerChanged").then_some(()))?;
        let taken = now() - begun;
        std::thread::sleep(Duration::from_secs(2));
        process.stop(PATIENCE)?;
        Ok(taken)
    }
}

impl FromStr for Subject {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|subject| subject.name() == text);
        found.ok_or_else(|| Failure::Usage(format!("no daemon {text}: lapwing, iwd or wpa_supplicant")))
    }
}

const CONFIGURATION: &str = "/tmp/wpa_supplicant.conf";
const SOCKETS: &str = "/run/wpa_supplicant";

fn wpa_supplicant_configuration(setting: Setting) -> String {
    let security = match setting.security {
        Security::Wpa2 => format!("key_mgmt=WPA-PSK\n psk=\"{PASSPHRASE}\""),
        Security::Sae | Security::SaeCached | Security::OneLink | Security::TwoLinks => {
            format!("key_mgmt=SAE\n psk=\"{PASSPHRASE}\"\n ieee80211w=2")
        }
        Security::Owe => "key_mgmt=OWE\n ieee80211w=2".to_owned(),
        Security::FtPsk => format!("key_mgmt=FT-PSK WPA-PSK\n psk=\"{PASSPHRASE}\""),
        Security::FtSae => format!("key_mgmt=FT-SAE SAE\n psk=\"{PASSPHRASE}\"\n ieee80211w=2"),
    };
    let disabled = u8::from(!setting.automatic);
    format!(
        "ctrl_interface={SOCKETS}\nsae_pwe=2\nnetwork={{\n ssid=\"{SSID}\"\n {security}\n disabled={disabled}\n}}\n"
    )
}

/// What a daemon is to know and to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) security: Security,
    /// Whether it joins without being asked.
    pub(super) automatic: bool,
    /// Whether it sees to addresses itself, if it can.
    pub(super) addresses: bool,
}

/// The moments of a connection, and what the daemon did between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joined {
    /// The request was about to be written.
    pub(super) asked: Duration,
    /// The daemon said that it is connected.
    pub(super) said: Duration,
    /// Processor time of the daemon in between.
    pub(super) processor: Duration,
}

impl Joined {
    /// What it costs the daemon with this process number to do what it is asked at this moment, or at once.
    fn measure<T>(process: u32, phase: Option<Phase>, ask: impl FnOnce() -> Result<T>) -> Result<Self> {
        let before = meter::processor_time(process);
        phase.into_iter().for_each(Phase::meet);
        let asked = now();
        ask()?;
        let said = now();
        Ok(Self { asked, said, processor: meter::processor_time(process) - before })
    }
}

/// A running daemon.
#[derive(Debug)]
pub(super) struct Daemon {
    subject: Subject,
    process: Process,
    way: Way,
}

/// How it is asked.
#[derive(Debug)]
enum Way {
    Bus { bus: Bus, station: String },
    Control(UnixDatagram),
}

pub(super) const STATION: &str = "net.connman.iwd.Station";
const NETWORK: &str = "net.connman.iwd.Network";

impl Daemon {
    /// Starts it and waits until it can be asked for something.
    pub(super) fn start(subject: Subject, interface: &str) -> Result<Self> {
        let process = subject.launch(interface, false)?;
        match subject {
            Subject::WpaSupplicant => {
                let way = Way::Control(attach(interface)?);
                Ok(Self { subject, process, way })
            }
            Subject::Lapwing | Subject::Iwd => {
                let mut bus = Bus::connect()?;
                let station = wait(PATIENCE, || find(&mut bus, STATION, None).ok().flatten());
                let Some(station) = station else {
                    let log = last_lines(&process.log(), 15);
                    return Err(Failure::unmet(format!("{} shows a station", subject.name()), log));
                };
                Ok(Self { subject, process, way: Way::Bus { bus, station } })
            }
        }
    }

    /// Starts it and waits until it says that it has joined the network that it knows.
    pub(super) fn start_and_join(subject: Subject, interface: &str) -> Result<(Self, Joined)> {
        let begun = now();
        let (process, said, way) = match subject {
            Subject::WpaSupplicant => {
                let process = subject.launch(interface, false)?;
                let socket = attach(interface)?;
                hear(&socket, "CTRL-EVENT-CONNECTED")?;
                (process, now(), Way::Control(socket))
            }
            Subject::Lapwing | Subject::Iwd => {
                let mut bus = Bus::connect()?;
                bus.watch(&format!("type='signal',member='PropertiesChanged',arg0='{STATION}'"))?;
                let begun_again = now();
                let process = subject.launch(interface, false)?;
                bus.signal(|message| {
                    let content = (message.member == "PropertiesChanged").then(|| message.content())?;
                    (content.get(1)?.get("State")?.as_str() == Some("connected")).then_some(())
                })?;
                let said = now();
                let station = find(&mut bus, STATION, None)?
                    .ok_or_else(|| Failure::unmet("a station on the bus", "none"))?;
                let processor = meter::processor_time(process.id());
                let joined = Joined { asked: begun_again, said, processor };
                return Ok((Self { subject, process, way: Way::Bus { bus, station } }, joined));
            }
        };
        let processor = meter::processor_time(process.id());
        Ok((Self { subject, process, way }, Joined { asked: begun, said, processor }))
    }

    /// Starts it and listens to all that it tells for so long. Returns when it was started, too.
    pub(super) fn start_and_record(
        subject: Subject,
        interface: &str,
        within: Duration,
    ) -> Result<(Self, Duration, Recorded)> {
        let mut bus = Bus::connect()?;
        bus.watch(&format!("type='signal',member='NameOwnerChanged',arg0='{}'", subject.bus_name()))?;
        bus.watch("type='signal',interface='org.freedesktop.DBus.ObjectManager'")?;
        bus.watch("type='signal',interface='org.freedesktop.DBus.Properties'")?;
        let begun = now();
        let process = subject.launch(interface, false)?;
        let signals = bus.record(within)?;
        let station = find(&mut bus, STATION, None)?;
        let station = station.ok_or_else(|| Failure::unmet("a station on the bus", process.log()))?;
        Ok((Self { subject, process, way: Way::Bus { bus, station } }, begun, signals))
    }

    /// Asks for the list of networks: how long the answer takes, what it costs the daemon, and the answer.
    pub(super) fn listed(&mut self) -> Result<(Duration, Duration, Message)> {
        let process = self.process.id();
        let Way::Bus { bus, station } = &mut self.way else {
            return Err(Failure::Usage("only the bus has a list".into()));
        };
        let call = bus.prepare(station_member(station, "GetOrderedNetworks"), &[]);
        let before = meter::processor_time(process);
        let asked = now();
        bus.send(&call)?;
        let answer = bus.answer(&call)?;
        Ok((now() - asked, meter::processor_time(process) - before, answer))
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Looks around on all channels, and waits for the end.
    pub(super) fn scan(&mut self) -> Result<()> {
        self.sweep()?;
        // What is still to be done with the results is not part of what comes next.
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    }

    fn sweep(&mut self) -> Result<()> {
        match &mut self.way {
            Way::Control(socket) => {
                socket.send(b"SCAN TYPE=ONLY").doing(|| "ask for a scan".into())?;
                hear(socket, "CTRL-EVENT-SCAN-RESULTS")
            }
            Way::Bus { bus, station } => {
                let member = station_member(station, "Scan");
                let begun = wait(SWEEP, || bus.ask(member, &[]).ok());
                begun.ok_or_else(|| Failure::unmet("a scan begins", "it is refused"))?;
                for (scanning, within, what) in [(true, PATIENCE, "begins"), (false, SWEEP, "ends")] {
                    wait(within, || {
                        let seen = property(bus, station, "Scanning").ok()?;
                        (seen == Value::Bool(scanning)).then_some(())
                    })
                    .ok_or_else(|| Failure::unmet(format!("a scan {what}"), "it does not"))?;
                }
                find(bus, NETWORK, Some(SSID))?
                    .map(drop)
                    .ok_or_else(|| Failure::unmet("the scan finds the network", "it does not"))
            }
        }
    }

    /// Asks to join the network, at this moment or at once, and waits until the daemon says that it has.
    pub(super) fn join(&mut self, phase: Option<Phase>) -> Result<Joined> {
        let process = self.process.id();
        match &mut self.way {
            Way::Control(socket) => Joined::measure(process, phase, || {
                socket.send(b"SELECT_NETWORK 0").doing(|| "ask to connect".into())?;
                hear(socket, "CTRL-EVENT-CONNECTED")
            }),
            Way::Bus { bus, .. } => {
                let network = find(bus, NETWORK, Some(SSID))?
                    .ok_or_else(|| Failure::unmet("the network on the bus", "it is not there"))?;
                let call = bus.prepare(network_member(&network), &[]);
                Joined::measure(process, phase, || {
                    bus.send(&call)?;
                    bus.answer(&call)
                })
            }
        }
    }

    /// Orders it to another access point of the network at this moment, and waits until it says that it is there.
    pub(super) fn roam(&mut self, bssid: &str, phase: Phase) -> Result<Joined> {
        let process = self.process.id();
        match &mut self.way {
            Way::Control(socket) => {
                drop_old(socket)?;
                Joined::measure(process, Some(phase), || {
                    socket.send(format!("ROAM {bssid}").as_bytes()).doing(|| "ask to roam".into())?;
                    hear(socket, "CTRL-EVENT-CONNECTED")
                })
            }
            Way::Bus { bus, station } => {
                let octets: Vec<u8> =
                    bssid.split(':').filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
                let interface = "org.lapwing.Station1";
                let member =
                    Member { destination: "net.connman.iwd", path: station, interface, name: "Roam" };
                let call = bus.prepare_octets(member, &octets);
                Joined::measure(process, Some(phase), || {
                    bus.send(&call)?;
                    bus.answer(&call)
                })
            }
        }
    }

    /// Asks for a network of which nothing was heard yet, as a person would: look around, and as soon as it is seen,
    /// join it. wpa_supplicant does both when it is asked to join.
    pub(super) fn find_and_join(&mut self) -> Result<Joined> {
        if let Way::Control(_) = self.way {
            return self.join(None);
        }
        let before = meter::processor_time(self.process.id());
        let Way::Bus { bus, station } = &mut self.way else {
            return Err(Failure::Usage("only the bus has networks".into()));
        };
        if find(bus, NETWORK, Some(SSID))?.is_some() {
            return Err(Failure::unmet("a network not heard of yet", "it is there before it was looked for"));
        }
        bus.watch("type='signal',member='InterfacesAdded'")?;
        let scan = bus.prepare(station_member(station, "Scan"), &[]);
        let asked = now();
        bus.send(&scan)?;
        let network = bus.signal(|message| {
            let content = (message.member == "InterfacesAdded").then(|| message.content())?;
            let name = content.get(1)?.get(NETWORK)?.get("Name")?.as_str()?;
            (name == SSID).then(|| content.get(0)?.as_str().map(str::to_owned)).flatten()
        })?;
        let call = bus.prepare(network_member(&network), &[]);
        bus.send(&call)?;
        bus.answer(&call)?;
        let said = now();
        Ok(Joined { asked, said, processor: meter::processor_time(self.process.id()) - before })
    }

    /// Makes it forget the keys of earlier connections, but not what it has worked out from the passphrase. iwd has
    /// no such order; it is told to keep none.
    pub(super) fn forget_keys(&mut self) -> Result<()> {
        match (self.subject, &self.way) {
            (_, Way::Control(socket)) => {
                socket.send(b"PMKSA_FLUSH").doing(|| "ask to forget keys".into())?;
                hear(socket, "OK")
            }
            (Subject::Lapwing, Way::Bus { .. }) => {
                let doing = || "take the network file away for a while".into();
                let state = Subject::Lapwing.state();
                for entry in fs::read_dir(&state).doing(doing)?.flatten() {
                    let (place, aside) = (entry.path(), Path::new("/tmp").join(entry.file_name()));
                    if place.extension().is_some_and(|extension| extension == "psk" || extension == "open") {
                        fs::rename(&place, &aside).doing(doing)?;
                        std::thread::sleep(Duration::from_secs(1));
                        fs::rename(&aside, &place).doing(doing)?;
                        std::thread::sleep(Duration::from_secs(1));
                    }
                }
                Ok(())
            }
            (_, Way::Bus { .. }) => Ok(()),
        }
    }

    /// Leaves the network and waits until it has.
    pub(super) fn leave(&mut self) -> Result<()> {
        let left = match &mut self.way {
            Way::Control(socket) => {
                socket.send(b"DISCONNECT").doing(|| "ask to disconnect".into())?;
                hear(socket, "CTRL-EVENT-DISCONNECTED").ok()
            }
            Way::Bus { bus, station } => {
                bus.ask(station_member(station, "Disconnect"), &[])?;
                wait(PATIENCE, || {
                    let state = property(bus, station, "State").ok()?;
                    (state == Value::String("disconnected".into())).then_some(())
                })
            }
        };
        std::thread::sleep(Duration::from_secs(1));
        left.ok_or_else(|| Failure::unmet("the daemon leaves the network", "it does not"))
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result<()> {
        self.process.stop(PATIENCE)
    }

    /// The last lines of its log.
    pub(super) fn last_words(&self) -> String {
        last_lines(&self.process.log(), 12)
    }
}

fn station_member<'a>(path: &'a str, name: &'a str) -> Member<'a> {
    Member { destination: "net.connman.iwd", path, interface: STATION, name }
}

fn network_member(path: &str) -> Member<'_> {
    Member { destination: "net.connman.iwd", path, interface: NETWORK, name: "Connect" }
}

fn property(bus: &mut Bus, path: &str, name: &str) -> Result<Value> {
    let interface = "org.freedesktop.DBus.Properties";
    let member = Member { destination: "net.connman.iwd", path, interface, name: "Get" };
    let answer = bus.ask(member, &[STATION, name])?;
    Ok(answer.get(0).cloned().unwrap_or_default())
}

/// The path of an object that has an interface, and a name if one is asked for.
fn find(bus: &mut Bus, interface: &str, name: Option<&str>) -> Result<Option<String>> {
    let manager = Member {
        destination: "net.connman.iwd",
        path: "/",
        interface: "org.freedesktop.DBus.ObjectManager",
        name: "GetManagedObjects",
    };
    let answer = bus.ask(manager, &[])?;
    let objects = answer.get(0).and_then(Value::as_object);
    let fits = |object: &Value| {
        let properties = object.get(interface)?;
        let named = name.is_none_or(|name| properties.get("Name").and_then(Value::as_str) == Some(name));
        named.then_some(())
    };
    Ok(objects
        .and_then(|objects| objects.iter().find_map(|(path, object)| fits(object).map(|()| path.to_owned()))))
}

/// Opens wpa_supplicant's control socket as soon as it is there, and listens to its events.
fn attach(interface: &str) -> Result<UnixDatagram> {
    let own = "/tmp/bench-control";
    let _ = fs::remove_file(own);
    let socket = UnixDatagram::bind(own).doing(|| format!("make {own}"))?;
    socket.set_read_timeout(Some(SWEEP)).doing(|| "set a time limit".into())?;
    let place = Path::new(SOCKETS).join(interface);
    wait(PATIENCE, || socket.connect(&place).ok())
        .ok_or_else(|| Failure::unmet("wpa_supplicant's control socket", "none"))?;
    socket.send(b"ATTACH").doing(|| "listen to events".into())?;
    hear(&socket, "OK").map(|()| socket)
}

/// Reads what was said before.
fn drop_old(socket: &UnixDatagram) -> Result<()> {
    socket.set_nonblocking(true).doing(|| "read what was said".into())?;
    while socket.recv(&mut [0; 8192]).is_ok() {}
    socket.set_nonblocking(false).doing(|| "wait again".into())
}

/// Waits for a message that holds a text.
fn hear(socket: &UnixDatagram, text: &str) -> Result<()> {
    let mut buffer = vec![0; 8192];
    loop {
        let length = socket.recv(&mut buffer).doing(|| format!("wait for {text}"))?;
        let message = buffer.get(..length).unwrap_or_default();
        if message.windows(text.len()).any(|window| window == text.as_bytes()) {
            return Ok(());
        }
        if message.starts_with(b"FAIL") {
            return Err(Failure::unmet(text, "FAIL"));
        }
    }
}
