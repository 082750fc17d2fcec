//! The station under test: what scenarios ask of it, and who can take its part.

mod daemon;
mod wpa_supplicant;

pub(crate) use wpa_supplicant::{WpaSupplicant, crowd};

use crate::command::output;
use crate::failure::{Failure, Result};
use crate::guest::network::Network;
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use crate::guest::tool::Tool;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Who takes the station's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our daemon, driven by iwctl.
    Lapwing,
    /// The peer with the same D-Bus interface, driven by its own iwctl. The peers prove that a scenario and its access
    /// point are right, and are there to be compared with.
    Iwd,
    /// The other peer, driven by its control socket.
    WpaSupplicant,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Lapwing, Self::Iwd, Self::WpaSupplicant];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lapwing => "lapwing",
            Self::Iwd => "iwd",
            Self::WpaSupplicant => "wpa_supplicant",
        }
    }
}

impl FromStr for Kind {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| Failure::Usage(format!("no station is named {text}: there are {}", names())))
    }
}

/// What a station is to report as the reason of its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    WrongPassphrase,
}

/// A station that runs.
pub(crate) trait Station: fmt::Debug {
    /// The radio that it has.
    fn radio(&self) -> &Radio;

    /// Somebody joins a network that the station does not know yet. Returns what the person's program complained of,
    /// if it did.
    fn join(&mut self, network: &Network) -> Result<Option<String>>;

    /// The station finds a file of a network, and is to join it by itself.
    fn provide(&mut self, network: &Network) -> Result<()>;

    /// Somebody wants to be connected again, to the network that was joined last.
    fn connect(&mut self) -> Result<()>;

    /// Somebody wants to be disconnected, and stay so.
    fn disconnect(&mut self) -> Result<()>;

    /// Somebody wants the network that was joined last to be forgotten, with all that was learned of it.
    fn forget(&mut self) -> Result<()>;

    /// The program is started again, after it has ended in whatever way.
    fn start_again(&mut self) -> Result<()>;

    /// Gets itself an address, where it does not do so unasked.
    fn configure_address(&mut self) -> Result<()>;

    /// Waits until it says why it cannot connect. [`Failure::Unable`] where it cannot say such a thing.
    fn wait_trouble(&mut self, trouble: Trouble, within: Duration) -> Result<()>;

    /// The client that drives it, if it is one that people know.
    fn iwctl(&self) -> Result<Tool> {
        Err(Failure::Unable("iwctl does not drive wpa_supplicant".into()))
    }

    /// The program.
    fn process(&mut self) -> &mut Process;

    /// What it said last, and how it ended if it has: for a report.
    fn last_words(&mut self) -> String;
}

impl dyn Station + '_ {
    /// Its hardware address.
    pub(crate) fn hardware_address(&self) -> String {
        self.radio().address.clone()
    }

    /// Its device's path on the bus, which the peer with the same interface makes of the same numbers.
    pub(crate) fn path(&self) -> Result<String> {
        let (radio, interface) = self.radio().numbers()?;
        Ok(format!("/net/connman/iwd/{radio}/{interface}"))
    }

    /// The path of a network that it hears.
    pub(crate) fn network_path(&self, network: &Network) -> Result<String> {
        Ok(format!("{}/{}", self.path()?, network.path_element()))
    }

    /// What its program holds in memory, in KiB.
    pub(crate) fn memory(&mut self) -> Result<u64> {
        self.process().memory()
    }

    /// What `iw` shows of its interface and of its connection.
    pub(crate) fn iw(&self) -> Result<String> {
        let shown = |what: &str| {
            let line = format!("iw dev {} {what}", self.radio().interface);
            output(&mut self.radio().command(&line)).map(|text| format!("$ {line}\n{text}\n"))
        };
        Ok(shown("info")? + &shown("link")? + &shown("station dump")?)
    }

    /// Sets its interface down, under it.
    pub(crate) fn interface_down(&self) -> Result<()> {
        output(&mut self.radio().command(&format!("ip link set {} down", self.radio().interface))).map(drop)
    }

    /// Sets its interface up again.
    pub(crate) fn interface_up(&self) -> Result<()> {
        output(&mut self.radio().command(&format!("ip link set {} up", self.radio().interface))).map(drop)
    }

    /// Waits until the kernel lets its data through.
    pub(crate) fn wait_connected(&mut self, within: Duration) -> Result<()> {
        self.wait_for("connected", within, |radio| authorized(radio).then_some(()))
    }

    /// Waits until the kernel knows no access point.
    pub(crate) fn wait_disconnected(&mut self, within: Duration) -> Result<()> {
        self.wait_for("disconnected", within, |radio| unconnected(radio).then_some(()))
    }

    /// Demands that it stays connected.
    pub(crate) fn stays_connected(&mut self, through: Duration) -> Result<()> {
        let radio = self.radio();
        match wait(through, || (!has_carrier(radio)).then_some(())) {
            None => Ok(()),
            Some(()) => Err(Failure::unmet("the station stays connected", self.last_words())),
        }
    }

    /// Waits for an IPv4 address.
    pub(crate) fn wait_address(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.configure_address()?;
        self.wait_for("has an IPv4 address", within, |radio| {
            addresses(radio).into_iter().find_map(|address| match address {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            })
        })
    }

    /// Waits for an IPv4 address without a pause, so that what follows may be measured. A ping that begins without an
    /// address goes from 0.0.0.0, and nobody answers it.
    pub(crate) fn await_address(&mut self, within: Duration) -> Result<()> {
        let until = Instant::now() + within;
        while !addresses(self.radio()).iter().any(IpAddr::is_ipv4) {
            if Instant::now() >= until {
                return Err(Failure::unmet("the station has an IPv4 address", self.last_words()));
            }
        }
        Ok(())
    }

    /// Waits for an IPv6 address of more than the link.
    pub(crate) fn wait_address_v6(&mut self, within: Duration) -> Result<Ipv6Addr> {
        self.wait_for("has an IPv6 address", within, |radio| {
            addresses(radio).into_iter().find_map(|address| match address {
                IpAddr::V6(address) => Some(address),
                IpAddr::V4(_) => None,
            })
        })
    }

    /// Pings somebody through the radio, once.
    pub(crate) fn ping(&self, to: impl Into<IpAddr>) -> Result<()> {
        let line = format!("ping -c 1 -W 3 -I {} {}", self.radio().interface, to.into());
        output(&mut self.radio().command(&line)).map(drop)
    }

    /// Whether somebody answers a ping at once.
    pub(crate) fn is_answered(&self, to: Ipv4Addr) -> bool {
        let line = format!("ping -c 1 -W 0.1 -I {} {to}", self.radio().interface);
        output(&mut self.radio().command(&line)).is_ok()
    }

    fn wait_for<T>(&mut self, what: &str, within: Duration, look: impl Fn(&Radio) -> Option<T>) -> Result<T> {
        let radio = self.radio();
        wait(within, || look(radio)).ok_or_else(|| {
            Failure::unmet(format!("the station is or becomes: {what}, within {within:?}"), self.last_words())
        })
    }
}

/// What a station is told beside its networks.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Whether its EAPOL frames may travel over nl80211; else they are packets.
    pub(crate) control_port: bool,
    /// Whether it gets addresses by itself; else somebody else does.
    pub(crate) addresses: bool,
    /// Whether developers are served (`-E`).
    pub(crate) developer: bool,
    /// Further lines of iwd's `main.conf`.
    pub(crate) further: &'static str,
    /// Further lines of its first group.
    pub(crate) general: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self { control_port: true, addresses: true, developer: false, further: "", general: "" }
    }
}

/// Starts a station that knows no network.
pub(crate) fn start(
    kind: Kind,
    radio: Radio,
    directory: &Path,
    settings: &Settings,
) -> Result<Box<dyn Station>> {
    Ok(match kind {
        Kind::Lapwing | Kind::Iwd => Box::new(daemon::Daemon::start(kind, radio, directory, settings)?),
        Kind::WpaSupplicant => Box::new(WpaSupplicant::start(radio, directory)?),
    })
}

/// Whether the kernel has an access point that data may go to and come from. The carrier is cheap to look at and
/// comes with the association; only then is it worth a program to ask whether the port is open.
fn authorized(radio: &Radio) -> bool {
    let yes = |line: &str| {
        line.split_once(':').is_some_and(|(name, value)| (name.trim(), value.trim()) == ("authorized", "yes"))
    };
    has_carrier(radio)
        && output(&mut radio.command(&format!("iw dev {} station dump", radio.interface)))
            .is_ok_and(|dump| dump.lines().any(yes))
}

fn unconnected(radio: &Radio) -> bool {
    let link = || output(&mut radio.command(&format!("iw dev {} link", radio.interface))).unwrap_or_default();
    !has_carrier(radio) && link().trim() == "Not connected."
}

/// An interface that is down has no carrier to read.
fn has_carrier(radio: &Radio) -> bool {
    radio.read("carrier").is_ok_and(|text| text == "1")
}

/// Addresses that reach beyond the link and are ready for use.
fn addresses(radio: &Radio) -> Vec<IpAddr> {
    let line = format!("ip -oneline address show dev {} scope global -tentative", radio.interface);
    let text = output(&mut radio.command(&line)).unwrap_or_default();
    let address = |line: &str| line.split_whitespace().nth(3)?.split('/').next()?.parse().ok();
    text.lines().filter_map(address).collect()
}
