//! The station under test: what scenarios ask of it, and who can take its part.

mod lapwing;
mod wpa_supplicant;

use crate::command::{command, output};
use crate::failure::{Failure, Result};
use crate::guest::network::Network;
use crate::guest::process::wait;
use crate::guest::radio::Radio;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Who takes the station's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our daemon.
    Lapwing,
    /// The peer: proves that a scenario and its access point are right, and is there to be compared with.
    WpaSupplicant,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lapwing => "lapwing",
            Self::WpaSupplicant => "wpa_supplicant",
        }
    }
}

impl FromStr for Kind {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Lapwing, Self::WpaSupplicant]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| Failure::Usage(format!("no station is named {text}: lapwing or wpa_supplicant")))
    }
}

/// What a station is to report as the reason of its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    WrongPassphrase,
}

/// A running station that knows one network.
pub(crate) trait Station: fmt::Debug {
    /// The radio that it has.
    fn radio(&self) -> &Radio;

    /// Wants to be connected (again).
    fn connect(&mut self) -> Result<()>;

    /// Wants to be disconnected, and stay so.
    fn disconnect(&mut self) -> Result<()>;

    /// Gets itself an address, where it does not do so unasked.
    fn configure_address(&mut self) -> Result<()>;

    /// Waits until it says why it cannot connect. [`Failure::Unable`] where it cannot say such a thing.
    fn wait_trouble(&mut self, trouble: Trouble, within: Duration) -> Result<()>;

    /// What it said last, and how it ended if it has: for a report.
    fn last_words(&mut self) -> String;
}

impl dyn Station + '_ {
    /// Its hardware address.
    pub(crate) fn hardware_address(&self) -> String {
        self.radio().address.clone()
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
        self.wait_for("connected", within, |interface| authorized(interface).then_some(()))
    }

    /// Waits until the kernel knows no access point.
    pub(crate) fn wait_disconnected(&mut self, within: Duration) -> Result<()> {
        self.wait_for("disconnected", within, |interface| unconnected(interface).then_some(()))
    }

    /// Demands that it stays connected.
    pub(crate) fn stays_connected(&mut self, through: Duration) -> Result<()> {
        let interface = self.radio().interface.clone();
        match wait(through, || (!has_carrier(&interface)).then_some(())) {
            None => Ok(()),
            Some(()) => Err(Failure::unmet("the station stays connected", self.last_words())),
        }
    }

    /// Waits for an IPv4 address.
    pub(crate) fn wait_address(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.configure_address()?;
        self.wait_for("has an IPv4 address", within, |interface| {
            addresses(interface).into_iter().find_map(|address| match address {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            })
        })
    }

    /// Waits for an IPv6 address of more than the link.
    pub(crate) fn wait_address_v6(&mut self, within: Duration) -> Result<Ipv6Addr> {
        self.wait_for("has an IPv6 address", within, |interface| {
            addresses(interface).into_iter().find_map(|address| match address {
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

    fn wait_for<T>(&mut self, what: &str, within: Duration, look: impl Fn(&str) -> Option<T>) -> Result<T> {
        let interface = self.radio().interface.clone();
        wait(within, || look(&interface)).ok_or_else(|| {
            Failure::unmet(format!("the station is or becomes: {what}, within {within:?}"), self.last_words())
        })
    }
}

/// Starts a station. It is to join the network by itself.
pub(crate) fn start(
    kind: Kind,
    network: Network,
    radio: Radio,
    directory: &Path,
) -> Result<Box<dyn Station>> {
    Ok(match kind {
        Kind::Lapwing => Box::new(lapwing::Lapwing::start(&network, radio, directory)?),
        Kind::WpaSupplicant => Box::new(wpa_supplicant::WpaSupplicant::start(&network, radio, directory)?),
    })
}

/// Whether the kernel has an access point that data may go to and come from. The carrier is cheap to look at and
/// comes with the association; only then is it worth a program to ask whether the port is open.
fn authorized(interface: &str) -> bool {
    let yes = |line: &str| {
        line.split_once(':').is_some_and(|(name, value)| (name.trim(), value.trim()) == ("authorized", "yes"))
    };
    has_carrier(interface)
        && output(&mut command("iw", ["dev", interface, "station", "dump"]))
            .is_ok_and(|dump| dump.lines().any(yes))
}

fn unconnected(interface: &str) -> bool {
    let link = || output(&mut command("iw", ["dev", interface, "link"])).unwrap_or_default();
    !has_carrier(interface) && link().trim() == "Not connected."
}

/// An interface that is down has no carrier to read.
fn has_carrier(interface: &str) -> bool {
    fs::read_to_string(format!("/sys/class/net/{interface}/carrier")).is_ok_and(|text| text.trim() == "1")
}

/// Addresses that reach beyond the link and are ready for use.
fn addresses(interface: &str) -> Vec<IpAddr> {
    let words = ["-oneline", "address", "show", "dev", interface, "scope", "global", "-tentative"];
    let text = output(&mut command("ip", words)).unwrap_or_default();
    let address = |line: &str| line.split_whitespace().nth(3)?.split('/').next()?.parse().ok();
    text.lines().filter_map(address).collect()
}
