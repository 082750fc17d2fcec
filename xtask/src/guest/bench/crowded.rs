//! Hundreds of known networks and thousands in the air: how long until a daemon shows them, and until it lists them.

use super::crowd::{CHANNELS, Crowd};
use super::dbus::Message;
use super::subject::{Daemon, STATION, Subject};
use super::{Bench, CALM, meter, nanoseconds};
use crate::command::{command, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::wait;
use crate::guest::radio;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

/// How many networks are known, and how many are in the air.
const KNOWN: usize = 500;
const HEARD: usize = 2000;
/// How many of the known ones are in the air too. They are not to be joined: nobody answers there.
const BOTH: usize = 100;
/// How long the signals of a start are listened to: longer than a sweep of all channels.
const START: Duration = Duration::from_secs(12);

const NETWORK: &str = "net.connman.iwd.Network";
/// How many BSSs the kernel remembers: a thousand, unless it is told otherwise.
const LIMIT: &str = "/sys/module/cfg80211/parameters/bss_entries_limit";

/// The names in the air: the first are known.
fn names() -> Vec<String> {
    let name = |number| if number < BOTH { format!("known-{number}") } else { format!("neighbour-{number}") };
    (0..HEARD).map(name).collect()
}

impl Bench<'_> {
    /// Starts the daemon again and again, and asks it for the list.
    pub(super) fn crowd(&mut self, rounds: u32) -> Result<()> {
        // It has no objects of networks, and no list of them.
        if self.subject == Subject::WpaSupplicant {
            return Ok(());
        }
        self.provision_crowd()?;
        for round in 0..=rounds {
            output(&mut command("modprobe", ["mac80211_hwsim", "radios=1", "mlo=0"]))?;
            fs::write(LIMIT, (2 * HEARD).to_string()).doing(|| format!("write {LIMIT}"))?;
            let interface =
                radio::wait_for(1)?.pop().map(|radio| radio.interface.clone()).unwrap_or_default();
            let crowd = Crowd::gather(&names())?;
            output(&mut command("ip", ["link", "set", &interface, "up"]))?;
            let channels = CHANNELS.map(|frequency| frequency.to_string());
            let words = ["dev", &interface, "scan", "freq"].into_iter();
            let heard = || {
                output(&mut command("iw", words.clone().chain(channels.iter().map(String::as_str)))).ok()?;
                let dump = output(&mut command("iw", ["dev", &interface, "scan", "dump"])).ok()?;
                (dump.matches("\nBSS ").count() + 1 >= HEARD).then_some(())
            };
            wait(START, heard).ok_or_else(|| Failure::unmet("a kernel that has heard all", "it has not"))?;
            let ready = self.crowd_shown(&interface, round > 0)?;
            self.crowd_listed(ready, round > 0)?;
            drop(crowd);
            radio::remove()?;
        }
        Ok(())
    }

    /// The network files, and the channels in iwd's file, which both read.
    fn provision_crowd(&self) -> Result<()> {
        let state = self.subject.state();
        let doing = || "write the network files".into();
        let _ = fs::remove_dir_all(&state);
        fs::create_dir_all(&state).doing(doing)?;
        let list: Vec<_> = CHANNELS.map(|frequency| frequency.to_string()).into();
        let list = list.join(" ");
        let mut frequencies = String::new();
        for number in 0..KNOWN {
            let place = state.join(format!("known-{number}.psk"));
            let autoconnect = number >= BOTH;
            let text = format!(
                "[Security]\nPassphrase=secret-of-{number:03}\n[Settings]\nAutoConnect={autoconnect}\n"
            );
            fs::write(&place, text).doing(doing)?;
            frequencies +=
                &format!("[00000000-0000-4000-8000-{number:012}]\nname={}\nlist={list}\n\n", place.display());
        }
        fs::write(state.join(".known_network.freq"), frequencies).doing(doing)?;
        fs::create_dir_all("/etc/iwd").doing(doing)?;
        fs::write("/etc/iwd/main.conf", "[General]\nEnableNetworkConfiguration=false\n").doing(doing)
    }

    /// From the start until all networks were told on the bus.
    fn crowd_shown(&mut self, interface: &str, counts: bool) -> Result<Daemon> {
        let (mut daemon, begun, signals) = Daemon::start_and_record(self.subject, interface, START)?;
        let added = |name: &'static str| {
            let signals = signals.iter().filter(|(_, message)| message.member == "InterfacesAdded");
            signals.filter(move |(_, message)| adds(message, name)).map(|(at, _)| *at)
        };
        let owner = signals.iter().find(|(_, message)| message.member == "NameOwnerChanged");
        let named = owner.map(|(at, _)| *at).ok_or_else(|| Failure::unmet("a name on the bus", "none"))?;
        let station = added(STATION).next();
        let networks: Vec<_> = added(NETWORK).collect();
        let Some(last) = networks.get(HEARD - 1) else {
            let seen = format!("{}\n{}", networks.len(), daemon.last_words());
            return Err(Failure::unmet(format!("{HEARD} networks"), seen));
        };
        let ready = (*last).max(named).max(station.unwrap_or_default()) - begun;
        if counts {
            let processor = nanoseconds(meter::processor_time(daemon.id()));
            // All objects have just been asked for; that is over.
            std::thread::sleep(CALM);
            let value = json!({
                "ready": nanoseconds(ready),
                "processor": processor,
                "signals": signals.len(),
                "memory": meter::proportional_set_size(daemon.id())?,
            });
            self.note("shown", value);
        }
        daemon.listed()?;
        Ok(daemon)
    }

    /// Asks for the list.
    fn crowd_listed(&mut self, mut daemon: Daemon, counts: bool) -> Result<()> {
        for _ in 0..3 {
            let (time, processor, list) = daemon.listed()?;
            let length = list.content().get(0).and_then(Value::as_array).map_or(0, Vec::len);
            if length < HEARD {
                return Err(Failure::unmet(format!("a list of {HEARD}"), length.to_string()));
            }
            if counts {
                let value = json!({ "time": nanoseconds(time), "processor": nanoseconds(processor) });
                self.note("listed", value);
            }
        }
        daemon.stop()
    }
}

/// Whether a signal adds an interface.
fn adds(message: &Message, interface: &str) -> bool {
    message.content().get(1).is_some_and(|interfaces| interfaces.get(interface).is_some())
}
