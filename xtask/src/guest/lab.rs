//! What a scenario has in its hands.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::access_point::AccessPoint;
use crate::guest::air::Air;
use crate::guest::bus::{Bus, Policy, SOCKET};
use crate::guest::client::Client;
use crate::guest::domain::Domain;
use crate::guest::flight::{self, Record};
use crate::guest::hostapd::Hostapd;
use crate::guest::hotspot::{Hotspot, LapwingAp};
use crate::guest::medium::Medium;
use crate::guest::member::Member;
use crate::guest::netlink::{Capture, expect_none};
use crate::guest::network::Network;
use crate::guest::process::{Process, wait};
use crate::guest::radio::{self, Radio, words};
use crate::guest::scenarios::{PASSWORD, Scenario};
use crate::guest::station::{self, Kind, Settings, Station, WpaSupplicant};
use crate::lab::Job;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Words of the kernel's log that no scenario may cause.
const ALARMS: &[&str] =
    &["WARNING:", "BUG:", "Oops", "general protection", "refcount_t", "KASAN", "Failed setting valid links"];

/// How long a network that was joined may take to be in its file.
const STORED: Duration = Duration::from_secs(2);

/// What a capture program has not read yet, it reads within one of its rounds.
pub(super) const CAPTURED: Duration = Duration::from_secs(2);

/// Names that a state directory may hold, beside the networks' files: iwd's own are among them.
const STATE: &[&str] = &[".lapwing.memory", ".known_network.freq", "hotspot", "ap"];

/// One scenario's world.
#[derive(Debug)]
pub(crate) struct Lab {
    directory: PathBuf,
    kind: Kind,
    /// The first is the station's, the others are for access points.
    radios: Vec<Radio>,
    access_points: u8,
    netlink: Process,
    /// The capture of the air, where there can be one.
    air: Option<Process>,
    /// What is between the radios, if it can be changed.
    medium: Option<Medium>,
    /// The system bus, for stations that are on one.
    bus: Option<Bus>,
    /// What is mounted in the scenario's folder.
    mounts: Vec<PathBuf>,
    /// What the station is told.
    settings: Settings,
    /// How often a scenario that counts is to do what it counts, if somebody said so.
    rounds: Option<usize>,
    /// What the scenario has counted and measured.
    figures: Map<String, Value>,
}

impl Lab {
    /// Fresh radios, and captures that run.
    pub(crate) fn open(scenario: &Scenario, job: &Job) -> Result<Self> {
        let kind = job.station;
        let directory = PathBuf::from("/run/lab").join(scenario.name);
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        words("busybox dmesg -c")?;
        let (medium, radios) = match scenario.on_medium {
            false => (None, radio::create(scenario.count, scenario.radios)?),
            true => {
                let (medium, radios) = Medium::start(scenario.count, scenario.radios, &directory)?;
                (Some(medium), radios)
            }
        };
        let netlink = capture(&mut Command::new("tcpdump"), &directory, "nlmon0", "netlink")?;
        let air = match scenario.has_air() {
            true => Some(capture(&mut Command::new("tcpdump"), &directory, "hwsim0", "air")?),
            false => None,
        };
        let bus = match kind {
            Kind::Lapwing | Kind::Iwd => Some(Bus::start(Policy::Open, None, &directory)?),
            Kind::WpaSupplicant => None,
        };
        Ok(Self {
            directory,
            kind,
            radios,
            access_points: 0,
            netlink,
            air,
            medium,
            bus,
            mounts: Vec::new(),
            settings: Settings::default(),
            rounds: job.rounds,
            figures: Map::new(),
        })
    }

    /// What is between the radios.
    pub(crate) fn medium(&mut self) -> Result<&mut Medium> {
        self.medium
            .as_mut()
            .ok_or_else(|| Failure::unmet("a scenario on the medium", "it is not declared as one"))
    }

    /// The address of the station's radio, before there is a station.
    pub(crate) fn first_address(&self) -> Result<String> {
        let first =
            self.radios.first().ok_or_else(|| Failure::unmet("a radio for the station", "none is left"))?;
        Ok(first.address.clone())
    }

    /// All that our daemon has recorded of its flight; what is older than 4 MiB has a file of its own.
    pub(crate) fn records(&self) -> Vec<Record> {
        let runtime = self.directory.join("runtime");
        ["flight.1.jsonl", "flight.jsonl"].iter().flat_map(|name| flight::read(&runtime.join(name))).collect()
    }

    /// How often to do what is counted.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(usual)
    }

    /// Writes down what was counted or measured.
    pub(crate) fn record(&mut self, name: &str, value: Value) {
        self.figures.insert(name.into(), value);
    }

    /// All that was written down.
    pub(crate) fn take_figures(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.figures)
    }

    /// Leaves a text among the logs.
    pub(crate) fn leave(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.directory.join(name), text).doing(|| format!("write {name}"))
    }

    /// The folder for whatever is worth keeping.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts an access point.
    pub(crate) fn access_point(&mut self, config: Hostapd) -> Result<AccessPoint> {
        let radio = self.take_radio()?;
        self.access_points += 1;
        AccessPoint::start(&config, radio, self.access_points, &self.directory)
    }

    /// Starts the two access points of a mobility domain.
    pub(crate) fn domain(&mut self, config: &Hostapd, over_ds: bool) -> Result<Domain> {
        let radios = vec![self.take_radio()?, self.take_radio()?];
        self.access_points += 1;
        Domain::start(config, over_ds, radios, self.access_points, &self.directory)
    }

    /// Starts our own access point.
    pub(crate) fn hotspot(&mut self, config: &Hotspot) -> Result<LapwingAp> {
        let radio = self.take_radio()?;
        self.access_points += 1;
        LapwingAp::start(config, radio, self.access_points, &self.directory)
    }

    /// A radio that nobody has yet. The first one stays the station's.
    pub(crate) fn take_radio(&mut self) -> Result<Radio> {
        let radio = if self.radios.len() > 1 { self.radios.pop() } else { None };
        radio.ok_or_else(|| Failure::unmet("a radio is left", "the scenario has asked for too few"))
    }

    /// Starts wpa_supplicant on a radio of its own, whoever takes the station's part.
    pub(crate) fn supplicant(&mut self) -> Result<WpaSupplicant> {
        let radio = self.take_radio()?;
        self.supplicant_on(radio)
    }

    /// The same in a namespace, so that what others send it crosses the radio.
    pub(crate) fn supplicant_in(&mut self, namespace: &str) -> Result<WpaSupplicant> {
        let mut radio = self.take_radio()?;
        radio.move_into(namespace)?;
        self.supplicant_on(radio)
    }

    /// Starts our daemon on the first radio, as a member of ad-hoc networks.
    pub(crate) fn member(&mut self) -> Result<Member> {
        let radio = self.radios.first().cloned();
        let radio = radio.ok_or_else(|| Failure::unmet("a radio for a member", "none is left"))?;
        Member::start(Kind::Lapwing, radio, &self.directory)
    }

    /// Starts another member, in a namespace of its own.
    pub(crate) fn member_elsewhere(&mut self, kind: Kind) -> Result<Member> {
        let radio = self.take_radio()?;
        Member::start_elsewhere(kind, radio, &self.directory)
    }

    /// All radios that are left join a network on a channel at once, with one wpa_supplicant. Returns how many they are.
    pub(crate) fn crowd(&mut self, network: &Network, frequency: u32) -> Result<(usize, Process)> {
        let radios = self.radios.split_off(1);
        Ok((radios.len(), station::crowd(&radios, network, frequency, &self.directory)?))
    }

    fn supplicant_on(&self, radio: Radio) -> Result<WpaSupplicant> {
        let directory = self.directory.join(format!("supplicant-{}", radio.interface));
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        WpaSupplicant::start(radio, &directory)
    }

    /// Starts one of the programs on the station's radio, which no other one uses at that time.
    pub(crate) fn idle_station_of(&mut self, kind: Kind) -> Result<Box<dyn Station>> {
        let radio = self.radios.first().cloned();
        let radio = radio.ok_or_else(|| Failure::unmet("a radio for the station", "none is left"))?;
        let directory = self.directory.join(kind.name());
        fs::create_dir_all(&directory).doing(|| format!("create {}", directory.display()))?;
        station::start(kind, radio, &directory, &self.settings)
    }

    /// Further lines of the `main.conf` of stations that are started from now on.
    pub(crate) fn set_further_settings(&mut self, lines: &'static str) {
        self.settings.further = lines;
    }

    /// Further lines of its first group.
    pub(crate) fn set_general_settings(&mut self, lines: &'static str) {
        self.settings.general = lines;
    }

    /// Starts one of the programs on the station's radio, with the same directories as the one before.
    pub(crate) fn station_in_turn(&mut self, kind: Kind) -> Result<Box<dyn Station>> {
        let radio = self.radios.first().cloned();
        let radio = radio.ok_or_else(|| Failure::unmet("a radio for the station", "none is left"))?;
        station::start(kind, radio, &self.directory, &self.settings)
    }

    /// Stations that are started from now on get no addresses by themselves: somebody else does.
    pub(crate) fn leave_addresses_to_others(&mut self) {
        self.settings.addresses = false;
    }

    /// Stations that are started from now on serve developers, and join nothing unasked.
    pub(crate) fn serve_developers(&mut self) {
        self.settings.developer = true;
    }

    /// How often the kernel was asked to authenticate on an interface of this namespace.
    pub(crate) fn requested_authentications(&self, radio: &Radio) -> Result<usize> {
        let (_, interface) = radio.numbers()?;
        Ok(self.netlink()?.attempts(interface, Duration::ZERO, Duration::MAX).authentications)
    }

    /// Who may take the station's part one after the other: all, unless one was chosen.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        match self.kind {
            Kind::Lapwing => Kind::ALL.to_vec(),
            other => vec![other],
        }
    }

    /// Starts the station under test and has somebody join a network, or lets it find a file.
    pub(crate) fn station(&mut self, network: Network) -> Result<Box<dyn Station>> {
        let mut station = self.idle_station()?;
        if network.by_file {
            station.provide(&network)?;
        } else if let Some(complaint) = station.join(&network)? {
            let seen = format!("{complaint}\n{}", station.last_words());
            return Err(Failure::unmet("the network is joined", seen));
        }
        Ok(station)
    }

    /// Starts the station under test. It knows no network.
    pub(crate) fn idle_station(&mut self) -> Result<Box<dyn Station>> {
        let radio = self
            .radios
            .first()
            .cloned()
            .ok_or_else(|| Failure::unmet("a radio for the station", "none is left"))?;
        station::start(self.kind, radio, &self.directory, &self.settings)
    }

    /// Has the station's EAPOL frames travel as packets, as with drivers that have no control port over nl80211.
    pub(crate) fn without_control_port(&mut self) -> Result<()> {
        self.settings.control_port = false;
        match self.kind {
            Kind::Lapwing | Kind::Iwd => Ok(()),
            Kind::WpaSupplicant => Err(Failure::Unable("wpa_supplicant has no setting for that".into())),
        }
    }

    /// What went between the kernel and the programs in the station's namespace so far.
    pub(crate) fn netlink(&self) -> Result<Capture> {
        std::thread::sleep(CAPTURED);
        Capture::read(&self.directory.join("netlink.pcap"))
    }

    /// Who takes the station's part.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Goes on only with our daemon.
    pub(crate) fn only_lapwing(&self, what: &str) -> Result<()> {
        match self.kind {
            Kind::Lapwing => Ok(()),
            other => Err(Failure::Unable(format!("{} {what}", other.name()))),
        }
    }

    /// A program on the bus.
    pub(crate) fn client(&self) -> Result<Client> {
        match self.kind {
            Kind::Lapwing | Kind::Iwd => Client::connect(),
            Kind::WpaSupplicant => {
                Err(Failure::Unable("wpa_supplicant does not speak iwd's D-Bus interface".into()))
            }
        }
    }

    /// Another bus, in place of the one that a scenario has from its beginning; or none.
    pub(crate) fn set_bus(&mut self, policy: Option<(Policy, Option<&str>)>) -> Result<()> {
        self.bus = None;
        // A bus that was killed leaves it.
        let _ = fs::remove_file(SOCKET);
        if let Some((policy, further)) = policy {
            self.bus = Some(Bus::start(policy, further, &self.directory)?);
        }
        Ok(())
    }

    /// The station's state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Makes the state directory a small disk of its own.
    pub(crate) fn small_state(&mut self) -> Result<()> {
        let state = self.state();
        fs::create_dir_all(&state).doing(|| format!("create {}", state.display()))?;
        words(&format!("mount -t tmpfs -o size=32k,mode=700 lab {}", state.display()))?;
        self.mounts.push(state);
        Ok(())
    }

    /// Makes that disk one that takes nothing.
    pub(crate) fn read_only_state(&self) -> Result<()> {
        words(&format!("mount -o remount,ro {}", self.state().display()))
    }

    /// Fills that disk: as much as there is, and the last bytes of it.
    pub(crate) fn fill_state(&self) -> Result<()> {
        for size in [4096, 1] {
            for number in 0..16 {
                let place = self.state().join(format!(".filling-{size}-{number}"));
                if fs::write(&place, vec![b'x'; size]).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Starts wpa_supplicant as a system does, on the bus, and on an interface that the station has.
    pub(crate) fn second_supplicant(&self, interface: &str) -> Result<Process> {
        let place = self.directory.join("second.conf");
        fs::write(&place, "network={\n ssid=\"elsewhere\"\n key_mgmt=NONE\n}\n")
            .doing(|| format!("write {}", place.display()))?;
        let mut program = command("wpa_supplicant", ["-u", "-D", "nl80211", "-i", interface, "-c"]);
        Process::start("wpa_supplicant", program.arg(place), self.directory.join("second.log"))
    }

    /// Demands that a network's file is there, or is not. wpa_supplicant has none.
    pub(crate) fn expect_stored(&self, network: &Network, there: bool) -> Result<()> {
        let place = self.state().join(network.file_name());
        // What is stored is written once everybody has been told, and what is not is known at once.
        let is_so = || (place.exists() == there).then_some(());
        let patience = if there { STORED } else { Duration::ZERO };
        match self.kind == Kind::WpaSupplicant || wait(patience, is_so).is_some() {
            true => Ok(()),
            false if there => Err(Failure::unmet(format!("a file {}", place.display()), "none")),
            false => Err(Failure::unmet(format!("no file {}", place.display()), "there is one")),
        }
    }

    /// What went through the air so far.
    pub(crate) fn air(&self) -> Result<Air> {
        std::thread::sleep(CAPTURED);
        Air::read(&self.directory.join("air.pcap"))
    }

    /// Demands that the kernel refused nothing that our daemon asked for. The peer asks in vain as a habit: what
    /// the kernel cannot do, and keys that are not there.
    pub(crate) fn expect_no_refusals(&self) -> Result<()> {
        match self.kind {
            Kind::Lapwing => expect_none(&self.netlink()?.refusals()),
            _ => Ok(()),
        }
    }

    /// Demands that nothing our daemon writes for the eyes of people holds the passphrase.
    fn expect_no_secret(&self) -> Result<()> {
        for home in self.homes() {
            for name in ["lapwingd.log", "runtime/flight.jsonl", "runtime/status.json", "transcript.txt"] {
                let place = home.join(name);
                let text = fs::read(&place).unwrap_or_default();
                if text.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes()) {
                    let seen = format!("the passphrase in {}", place.display());
                    return Err(Failure::unmet("no secret in a log", seen));
                }
            }
        }
        Ok(())
    }

    /// The folders of programs: the scenario's own, and those within for further ones.
    fn homes(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let within = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
        within.chain([self.directory.clone()]).collect()
    }

    /// Demands that our daemon never panicked, and left no file that nobody wants.
    fn expect_clean(&self) -> Result<()> {
        for home in self.homes() {
            let log = fs::read_to_string(home.join("lapwingd.log")).unwrap_or_default();
            if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
                return Err(Failure::unmet("no panic", line));
            }
        }
        for entry in fs::read_dir(self.state()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ends = [".psk", ".open", ".8021x"].iter().any(|end| name.ends_with(end));
            let network = ends && !name.starts_with('.');
            if !network && !STATE.contains(&name.as_str()) {
                return Err(Failure::unmet("no other files than networks in the state directory", name));
            }
        }
        Ok(())
    }

    /// Takes everything down. What the scenario started is gone by now; the kernel must have had no complaint.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.bus = None;
        for mount in self.mounts.drain(..) {
            words(&format!("umount {}", mount.display()))?;
        }
        // Of what went wrong, the last moment says most.
        std::thread::sleep(CAPTURED);
        let mut stopped = self.netlink.stop(Duration::from_secs(5));
        if let Some(air) = &mut self.air {
            stopped = stopped.and(air.stop(Duration::from_secs(5)));
        }
        self.medium = None;
        let removed = radio::remove();
        // An access point of ours may have said where on earth we are, which outlives the radios: the next scenario's scans
        // would wait on channels with radar.
        radio::set_country("00")?;
        let messages = output(&mut command("busybox", ["dmesg"]))?;
        fs::write(self.directory.join("dmesg.log"), &messages).doing(|| "write the kernel's log".into())?;
        stopped.and(removed)?;
        self.expect_no_secret()?;
        self.expect_clean()?;
        let alarm = messages.lines().find(|line| ALARMS.iter().any(|alarm| line.contains(alarm)));
        match alarm {
            Some(line) => Err(Failure::unmet("no alarm in the kernel's log", line)),
            None => Ok(()),
        }
    }
}

/// Captures an interface, from now on, with a tcpdump that is called like this.
pub(super) fn capture(
    tcpdump: &mut Command,
    directory: &Path,
    interface: &str,
    name: &str,
) -> Result<Process> {
    tcpdump.args(["-i", interface, "-U", "-s", "0", "-B", "16384", "-Z", "root", "-w"]);
    let file = directory.join(format!("{name}.pcap"));
    let process =
        Process::start("tcpdump", tcpdump.arg(&file), directory.join(format!("tcpdump-{name}.log")))?;
    let begun = wait(Duration::from_secs(10), || process.log().contains("listening on").then_some(()));
    begun.map(|()| process).ok_or_else(|| Failure::unmet(format!("a capture of {interface}"), "none"))
}
