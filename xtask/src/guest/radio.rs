//! Virtual radios: made anew for each scenario, so that nothing of the last one is left.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use crate::guest::remains::Remains;
use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

/// What radios can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Radios {
    /// Wi-Fi 7. These say that they watch the connection themselves, and do not.
    MultiLink,
    /// Wi-Fi 6, whose beacons the kernel watches.
    Simple,
}

/// How many channels a radio of Wi-Fi 7 can be on at once: as many as the links of an access point here.
pub(crate) const LINKS: usize = 3;

/// A radio and its interface.
#[derive(Clone, Debug)]
pub(crate) struct Radio {
    /// The radio's name, such as `phy0`.
    pub(crate) phy: String,
    /// The interface's name.
    pub(crate) interface: String,
    /// The interface's address.
    pub(crate) address: String,
    /// The namespace that it was moved into.
    namespace: Option<String>,
}

/// What is needed once: the device that shows netlink's traffic.
pub(crate) fn prepare() -> Result<()> {
    output(&mut command("modprobe", ["mac80211"]))?;
    words("ip link set lo up")?;
    fs::create_dir_all("/dev/pts").doing(|| "create /dev/pts".into())?;
    words("mount -t devpts -o ptmxmode=666 devpts /dev/pts")?;
    words("mount -t debugfs debugfs /sys/kernel/debug")?;
    words("ip link add nlmon0 type nlmon")?;
    words("ip link set nlmon0 up")
}

/// Makes new radios, and the device that shows the air.
pub(crate) fn create(count: usize, kind: Radios) -> Result<Vec<Radio>> {
    let multi_link = match kind {
        Radios::MultiLink => format!("mlo=1 channels={LINKS}"),
        Radios::Simple => "mlo=0".to_owned(),
    };
    words(&format!("modprobe mac80211_hwsim radios={count} {multi_link}"))?;
    words("ip link set hwsim0 up")?;
    wait_for(count)
}

/// Waits until so many radios have an interface.
pub(crate) fn wait_for(count: usize) -> Result<Vec<Radio>> {
    let mut radios = wait(Duration::from_secs(5), || radios().ok().filter(|radios| radios.len() == count))
        .ok_or_else(|| Failure::unmet(format!("{count} radios"), "fewer"))?;
    radios.sort_by(|one, other| one.interface.cmp(&other.interface));
    Ok(radios)
}

/// Says where on earth we are, as a system's setup does: without that, no channel of 5 GHz is one to begin on.
pub(crate) fn set_country(country: &str) -> Result<()> {
    words(&format!("iw reg set {country}"))
}

/// Removes all radios, wherever they are.
pub(crate) fn remove() -> Result<()> {
    words("rmmod mac80211_hwsim")
}

impl Radio {
    /// Moves the radio into a new namespace: what is sent to its address then crosses the air.
    pub(crate) fn move_into(&mut self, namespace: &str) -> Result<()> {
        words(&format!("ip netns add {namespace}"))?;
        words(&format!("iw phy {} set netns name {namespace}", self.phy))?;
        self.namespace = Some(namespace.to_owned());
        output(&mut self.command("ip link set lo up")).map(drop)
    }

    /// Moves the radio into a namespace that another radio was moved into.
    pub(crate) fn move_after(&mut self, namespace: &str) -> Result<()> {
        words(&format!("iw phy {} set netns name {namespace}", self.phy))?;
        self.namespace = Some(namespace.to_owned());
        Ok(())
    }

    /// Has the device that shows netlink's traffic in the radio's namespace.
    pub(crate) fn watch_netlink(&self) -> Result<()> {
        output(&mut self.command("ip link add nlmon0 type nlmon"))?;
        output(&mut self.command("ip link set nlmon0 up")).map(drop)
    }

    /// Gives the interface an address.
    pub(crate) fn set_address(&self, address: Ipv4Addr) -> Result<()> {
        let line = format!("ip address replace {address}/24 dev {}", self.interface);
        output(&mut self.command(&line)).map(drop)
    }

    /// A command in the radio's namespace.
    pub(crate) fn command(&self, line: &str) -> Command {
        let prefix = self.namespace.iter().flat_map(|name| ["ip", "netns", "exec", name]);
        let mut words = prefix.chain(line.split_whitespace());
        let program = words.next().unwrap_or_default();
        command(program, words)
    }

    /// What the kernel says of the interface, under a name such as `carrier`.
    pub(crate) fn read(&self, name: &str) -> Result<String> {
        let place = format!("/sys/class/net/{}/{name}", self.interface);
        let text = match &self.namespace {
            None => fs::read_to_string(&place).doing(|| format!("read {place}"))?,
            // Each namespace has a view of its own.
            Some(_) => output(&mut self.command(&format!("cat {place}")))?,
        };
        Ok(text.trim().to_owned())
    }

    /// Puts the radio into groups, a bit each: radios that share none do not hear each other. All begin in the first.
    pub(crate) fn set_group(&self, group: u8) -> Result<()> {
        let place = format!("/sys/kernel/debug/ieee80211/{}/hwsim/group", self.phy);
        fs::write(&place, group.to_string()).doing(|| format!("write {place}"))
    }

    /// The number of the radio, and the number of its interface.
    pub(crate) fn numbers(&self) -> Result<(u32, u32)> {
        let read = |place: String| {
            let text = fs::read_to_string(&place).doing(|| format!("read {place}"))?;
            text.trim().parse().map_err(|_| Failure::unmet(format!("a number in {place}"), text))
        };
        let phy = read(format!("/sys/class/ieee80211/{}/index", self.phy))?;
        Ok((phy, read(format!("/sys/class/net/{}/ifindex", self.interface))?))
    }

    /// Takes the radio away from the programs of the machine, or gives it back: they see it removed and added.
    pub(crate) fn set_hidden(&self, hidden: bool) -> Result<()> {
        let place = "away";
        match hidden {
            true => {
                words(&format!("ip netns add {place}"))?;
                words(&format!("iw phy {} set netns name {place}", self.phy))
            }
            false => {
                // The first process is in the machine's own namespace.
                words(&format!("ip netns exec {place} iw phy {} set netns 1", self.phy))?;
                words(&format!("ip netns del {place}"))
            }
        }
    }

    /// Removes the interface, or makes it again with the name that it had.
    pub(crate) fn set_interface(&self, there: bool) -> Result<()> {
        let name = &self.interface;
        match there {
            true => words(&format!("iw phy {} interface add {name} type managed", self.phy)),
            false => words(&format!("iw dev {name} del")),
        }
    }

    /// Blocks the radio by its soft switch, or unblocks it.
    pub(crate) fn set_blocked(&self, blocked: bool) -> Result<()> {
        let home = format!("/sys/class/ieee80211/{}", self.phy);
        let entries = fs::read_dir(&home).doing(|| format!("list {home}"))?;
        let switch =
            entries.flatten().find(|entry| entry.file_name().to_string_lossy().starts_with("rfkill"));
        let switch = switch.ok_or_else(|| Failure::unmet("a switch of the radio", "none"))?;
        fs::write(switch.path().join("soft"), if blocked { "1" } else { "0" })
            .doing(|| "turn the radio's switch".into())
    }

    /// What the kernel holds for the radio and its interface.
    pub(crate) fn remains(&self) -> Result<Remains> {
        Remains::of(&self.interface)
    }

    /// Another interface on the same radio, for a second network.
    pub(crate) fn add_interface(&self, name: &str) -> Result<()> {
        output(&mut self.command(&format!("iw phy {} interface add {name} type managed", self.phy))).map(drop)
    }
}

impl Drop for Radio {
    fn drop(&mut self) {
        if let Some(namespace) = &self.namespace {
            // The last scenario's namespace with the same name would be found by the next `add`.
            let _ = words(&format!("ip netns del {namespace}"));
        }
    }
}

/// All radios in our namespace.
pub(crate) fn radios() -> Result<Vec<Radio>> {
    let mut radios = Vec::new();
    for entry in fs::read_dir("/sys/class/net").doing(|| "list the interfaces".into())?.flatten() {
        let read =
            |file: &str| fs::read_to_string(entry.path().join(file)).map(|text| text.trim().to_owned());
        if let (Ok(phy), Ok(address)) = (read("phy80211/name"), read("address")) {
            let interface = entry.file_name().to_string_lossy().into_owned();
            radios.push(Radio { phy, interface, address, namespace: None });
        }
    }
    Ok(radios)
}

/// Runs a command given as words.
pub(crate) fn words(line: &str) -> Result<()> {
    let mut words = line.split_whitespace();
    output(&mut command(words.next().unwrap_or_default(), words)).map(drop)
}
