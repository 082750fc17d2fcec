//! Our own access point: `lapwingd` in a namespace, ordered about by `lapwing` through a socket of its own.

use crate::command::{command, last_lines, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::access_point::Goodbye;
use crate::guest::lab::capture;
use crate::guest::links::{self, Link};
use crate::guest::netlink::{Capture, Ports};
use crate::guest::network::Network;
use crate::guest::process::{Process, wait};
use crate::guest::radio::{self, Radio};
use crate::guest::router;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long it may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where we are, so that there are channels of 5 GHz to begin on.
const COUNTRY: &str = "US";

/// The names of both ends of the cable to the outside, and of the namespace there.
const CABLE: &str = "cable";
const OUTSIDE: &str = "outside";
/// The address of the hotspot's end.
const UPLINK: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);

/// Somebody on the other end of an access point's cable.
#[derive(Debug)]
pub(crate) struct Outside(());

impl Outside {
    /// Where it answers.
    pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

    fn new() -> Result<Self> {
        radio::words(&format!("ip netns add {OUTSIDE}"))?;
        Ok(Self(()))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // The cable goes with it.
        let _ = radio::words(&format!("ip netns del {OUTSIDE}"));
    }
}

/// How a hotspot is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    Open,
    Owe,
    Wpa2,
    Transition,
    Wpa3,
}

/// What a hotspot is to be.
#[derive(Clone, Debug)]
pub(crate) struct Hotspot {
    ssid: String,
    protection: Protection,
    passphrase: String,
    /// The frequencies of its channels in MHz. With several it is an AP MLD.
    links: Vec<u32>,
    settings: Vec<String>,
    /// Whether it gives addresses by itself; else dnsmasq does, as at other access points.
    own_addresses: bool,
    /// Whether it is to spare itself the log of all that it does.
    quiet: bool,
    /// Where it is.
    country: &'static str,
}

impl Protection {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Owe => "owe",
            Self::Wpa2 => "wpa2",
            Self::Transition => "transition",
            Self::Wpa3 => "wpa3",
        }
    }
}

impl Hotspot {
    /// One channel of 2.4 GHz.
    pub(crate) fn new(ssid: &str, protection: Protection, passphrase: &str) -> Self {
        let (ssid, passphrase) = (ssid.to_owned(), passphrase.to_owned());
        let (links, settings, own_addresses, quiet) = (vec![2412], Vec::new(), false, false);
        Self { ssid, protection, passphrase, links, settings, own_addresses, quiet, country: COUNTRY }
    }

    /// An AP MLD with WPA3.
    pub(crate) fn multi_link(ssid: &str, passphrase: &str, links: &[u32]) -> Self {
        Self { links: links.to_vec(), ..Self::new(ssid, Protection::Wpa3, passphrase) }
    }

    /// Further words for `lapwing hotspot start`.
    pub(crate) fn with(mut self, words: &str) -> Self {
        self.settings.extend(words.split_whitespace().map(str::to_owned));
        self
    }

    /// Is in another country.
    pub(crate) fn in_country(self, country: &'static str) -> Self {
        Self { country, ..self }
    }

    /// Gives addresses by itself.
    pub(crate) fn with_own_addresses(self) -> Self {
        Self { own_addresses: true, ..self }
    }

    /// Leaves no log that would take the time of what is measured.
    pub(crate) fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// The network as a station knows it.
    pub(crate) fn network(&self) -> Network {
        let network = match self.protection {
            Protection::Open => Network::open(&self.ssid),
            Protection::Owe => Network::owe(&self.ssid),
            _ => Network::psk(&self.ssid, &self.passphrase),
        };
        match self.settings.iter().any(|word| word == "--hidden") {
            true => network.hidden(),
            false => network,
        }
    }
}

/// Our access point, running.
#[derive(Debug)]
pub(crate) struct LapwingAp {
    // In the order in which they are to go: the programs before the namespace.
    daemon: Process,
    _netlink: Option<Process>,
    dnsmasq: Option<Process>,
    number: u8,
    radio: Radio,
    config: Hotspot,
    /// Everything of it: logs, state, captures.
    directory: PathBuf,
    address: Ipv4Addr,
}

impl LapwingAp {
    /// Starts it and waits until its network is there. `number` tells access points of a scenario apart.
    pub(crate) fn start(config: &Hotspot, mut radio: Radio, number: u8, directory: &Path) -> Result<Self> {
        let namespace = format!("ap{number}");
        let directory = directory.join(&namespace);
        for name in ["state", "runtime", "config"] {
            let place = directory.join(name);
            fs::create_dir_all(&place).doing(|| format!("create {}", place.display()))?;
        }
        radio::set_country(config.country)?;
        let phy = output(&mut command("iw", ["phy", &radio.phy, "info"]))?;
        fs::write(directory.join("iw-phy.txt"), phy).doing(|| "write what the radio can do".into())?;
        radio.move_into(&namespace)?;
        let netlink = match config.quiet {
            true => None,
            false => {
                radio.watch_netlink()?;
                Some(capture(&mut radio.command("tcpdump"), &directory, "nlmon0", "netlink")?)
            }
        };
        let daemon = run(&radio, &directory, config.quiet)?;
        let mut own = Self {
            daemon,
            _netlink: netlink,
            dnsmasq: None,
            number,
            radio,
            config: config.clone(),
            directory,
            address: router::address(number),
        };
        own.begin()?;
        Ok(own)
    }

    /// Has the daemon begin the hotspot, and learns its address.
    pub(crate) fn begin(&mut self) -> Result<()> {
        let secret = self.directory.join("passphrase");
        fs::write(&secret, format!("{}\n", self.config.passphrase))
            .doing(|| "write the passphrase".into())?;
        let mut words = vec!["start".to_owned(), self.config.ssid.clone()];
        words.extend(["--security".into(), self.config.protection.name().into()]);
        for frequency in &self.config.links {
            words.extend(["--link".into(), frequency.to_string()]);
        }
        words.extend(self.config.settings.iter().cloned());
        if !matches!(self.config.protection, Protection::Open | Protection::Owe) {
            words.extend(["--passphrase-file".into(), secret.display().to_string()]);
        }
        if !self.config.own_addresses {
            words.push("--no-addresses".into());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let begun = self.order(&words);
        fs::remove_file(&secret).doing(|| "remove the passphrase".into())?;
        begun?;
        self.give_addresses()
    }

    /// Sees to the access point's addresses, and the clients'; or waits until it has its own.
    fn give_addresses(&mut self) -> Result<()> {
        if !self.config.own_addresses {
            router::give_addresses(&self.radio, self.number)?;
            if self.dnsmasq.is_none() {
                self.dnsmasq = Some(router::serve(
                    &self.radio,
                    &[],
                    self.number,
                    router::Ipv6::Advertised,
                    &self.directory,
                )?);
            }
            return Ok(());
        }
        let line = format!("ip -oneline -4 address show dev {}", self.radio.interface);
        let address = wait(PATIENCE, || {
            let text = output(&mut self.radio.command(&line)).ok()?;
            text.split_whitespace().nth(3)?.split('/').next()?.parse().ok()
        });
        self.address =
            address.ok_or_else(|| Failure::unmet("the hotspot has an address", self.last_words()))?;
        Ok(())
    }

    /// `lapwing hotspot …` to it, which must end well. Returns what was shown.
    pub(crate) fn order(&self, words: &[&str]) -> Result<String> {
        let mut lapwing = command("lapwing", ["--address", &self.bus(), "hotspot"]);
        output(lapwing.args(words)).map_err(|failure| Failure::unmet(format!("{failure}"), self.last_words()))
    }

    fn bus(&self) -> String {
        format!("unix:path={}", socket(&self.directory).display())
    }

    /// Has it go off the air and begin again with nothing that it knew of anybody.
    pub(crate) fn restart(&mut self, goodbye: Goodbye) -> Result<()> {
        match goodbye {
            Goodbye::Said => {
                self.daemon.stop(PATIENCE)?;
                self.daemon = run(&self.radio, &self.directory, self.config.quiet)?;
                self.begin()
            }
            Goodbye::Unsaid => {
                self.order(&["restart", "--silently", "--forget"])?;
                self.give_addresses()
            }
        }
    }

    /// The program is killed, and started again; nobody tells it to be a hotspot again.
    pub(crate) fn killed(&mut self) -> Result<()> {
        self.daemon.kill()?;
        self.daemon = run(&self.radio, &self.directory, self.config.quiet)?;
        Ok(())
    }

    /// Has it announce that a link goes, and waits until it is gone.
    pub(crate) fn remove_link(&self, link: u8) -> Result<()> {
        self.order(&["remove-link", &link.to_string()])?;
        let gone = || self.links().ok().filter(|links| links.iter().all(|known| known.id != link)).map(drop);
        wait(PATIENCE, gone).ok_or_else(|| Failure::unmet(format!("link {link} goes"), self.last_words()))
    }

    /// Has it bring a link back.
    pub(crate) fn add_link(&self, link: u8) -> Result<()> {
        self.order(&["add-link", &link.to_string()]).map(drop)
    }

    /// Has it forget every PMKSA.
    pub(crate) fn forget_pmksas(&self) -> Result<()> {
        self.order(&["forget-pmksas"]).map(drop)
    }

    /// Forgets who has which address, so that the next ping begins with a broadcast.
    pub(crate) fn forget_neighbours(&self) -> Result<()> {
        output(&mut self.radio.command("ip neigh flush all")).map(drop)
    }

    /// Gives it a cable to somebody who knows nothing of its network: only what comes from its own address there is answered.
    /// Returns who that is.
    pub(crate) fn uplink(&self) -> Result<Outside> {
        let outside = Outside::new()?;
        let namespace = format!("ap{}", self.number);
        radio::words(&format!(
            "ip link add {CABLE} netns {namespace} type veth peer name {CABLE} netns {OUTSIDE}"
        ))?;
        for (place, address) in [(namespace.as_str(), UPLINK), (OUTSIDE, Outside::ADDRESS)] {
            let within = format!("ip netns exec {place} ip");
            radio::words(&format!("{within} address add {address}/24 dev {CABLE}"))?;
            radio::words(&format!("{within} link set {CABLE} up"))?;
        }
        output(&mut self.radio.command(&format!("ip route add default via {}", Outside::ADDRESS)))?;
        Ok(outside)
    }

    /// The address that answers pings.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Its links, as the kernel has them.
    pub(crate) fn links(&self) -> Result<Vec<Link>> {
        links::of(&self.radio)
    }

    /// Pings somebody from the access point's side, once.
    pub(crate) fn ping(&self, to: Ipv4Addr) -> Result<()> {
        let interface = &self.radio.interface;
        output(&mut self.radio.command(&format!("ping -c 1 -W 3 -I {interface} {to}"))).map(drop)
    }

    /// What the kernel holds of the stations: `iw dev … station dump`.
    pub(crate) fn stations(&self) -> Result<String> {
        output(&mut self.radio.command(&format!("iw dev {} station dump", self.radio.interface)))
    }

    /// What went between the kernel and the programs in its namespace so far.
    pub(crate) fn netlink(&self) -> Result<Capture> {
        std::thread::sleep(crate::guest::lab::CAPTURED);
        Capture::read(&self.directory.join("netlink.pcap"))
    }

    /// What it holds in memory, in KiB.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.daemon.memory()
    }

    /// Demands that the kernel refused nothing that it asked for.
    pub(crate) fn expect_no_refusals(&self) -> Result<()> {
        let program = Ports::of(self.daemon.id())?;
        self.netlink()?.expect_none_refused(&program)
    }

    /// What it said last.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.daemon.log(), 15)
    }
}

/// Where its clients come to: not in the folder of the scenario, which is copied as it is.
fn socket(directory: &Path) -> PathBuf {
    let name = directory.file_name().unwrap_or_default();
    Path::new("/tmp").join(name).with_extension("bus")
}

/// Starts the program.
fn run(radio: &Radio, directory: &Path, quiet: bool) -> Result<Process> {
    let socket = socket(directory);
    // The one that was killed leaves it.
    let _ = fs::remove_file(&socket);
    let line = format!("lapwingd --interface {} --listen unix:path={}", radio.interface, socket.display());
    let mut daemon = radio.command(&line);
    daemon.env("LAPWING_LOG", if quiet { "warn" } else { "debug" });
    for (variable, place) in [
        ("STATE_DIRECTORY", "state"),
        ("RUNTIME_DIRECTORY", "runtime"),
        ("CONFIGURATION_DIRECTORY", "config"),
    ] {
        daemon.env(variable, directory.join(place));
    }
    let process = Process::start("lapwingd", &mut daemon, directory.join("lapwingd.log"))?;
    match wait(PATIENCE, || socket.exists().then_some(())) {
        Some(()) => Ok(process),
        None => Err(Failure::unmet("lapwingd serves its socket", last_lines(&process.log(), 15))),
    }
}
