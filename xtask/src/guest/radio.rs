//! Virtual radios: made anew for each scenario, so that nothing of the last one is left.

use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use std::fs;
use std::process::Command;
use std::time::Duration;

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
    words("ip link add nlmon0 type nlmon")?;
    words("ip link set nlmon0 up")
}

/// Makes new radios, and the device that shows the air.
pub(crate) fn create(count: usize) -> Result<Vec<Radio>> {
    words(&format!("modprobe mac80211_hwsim radios={count} mlo=1"))?;
    words("ip link set hwsim0 up")?;
    let mut radios = wait(Duration::from_secs(5), || radios().ok().filter(|radios| radios.len() == count))
        .ok_or_else(|| Failure::unmet(format!("{count} radios"), "fewer"))?;
    radios.sort_by(|one, other| one.interface.cmp(&other.interface));
    Ok(radios)
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

    /// A command in the radio's namespace.
    pub(crate) fn command(&self, line: &str) -> Command {
        let prefix = self.namespace.iter().flat_map(|name| ["ip", "netns", "exec", name]);
        let mut words = prefix.chain(line.split_whitespace());
        let program = words.next().unwrap_or_default();
        command(program, words)
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
