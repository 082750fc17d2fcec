//! An access point: hostapd and dnsmasq in a namespace of their own.

use crate::command::{last_lines, output};
use crate::failure::{Doing, Failure, Result};
use crate::guest::control::Control;
use crate::guest::hostapd::Hostapd;
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use crate::guest::router::{self, Ipv6};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long hostapd may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running access point.
#[derive(Debug)]
pub(crate) struct AccessPoint {
    // In the order in which they are to go: the programs before the namespace.
    hostapd: Option<Running>,
    dnsmasq: Process,
    radio: Radio,
    number: u8,
    directory: PathBuf,
    namespace: String,
    /// How often hostapd was started; each time has a log of its own.
    starts: u32,
}

/// A hostapd that runs.
#[derive(Debug)]
struct Running {
    process: Process,
    control: Control,
}

/// How an access point goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// With a deauthentication for everybody.
    Said,
    /// As when the power fails.
    Unsaid,
}

impl AccessPoint {
    /// Starts it. `number` gives it a subnet.
    pub(crate) fn start(config: &Hostapd, mut radio: Radio, number: u8, directory: &Path) -> Result<Self> {
        let namespace = format!("ap{number}");
        radio.move_into(&namespace)?;
        let on = &radio.interface;
        if config.open_twin.is_some() {
            radio.add_interface(&twin(on))?;
        }
        let starts = 0;
        let hostapd = Some(run(config, &radio, &namespace, starts, directory)?);
        router::give_addresses(&radio, number)?;
        let dnsmasq = router::serve(&radio, &[], number, Ipv6::Advertised, directory)?;
        let directory = directory.to_owned();
        Ok(Self { hostapd, dnsmasq, radio, number, directory, namespace, starts })
    }

    /// Gives addresses of IPv6 in another way from now on.
    pub(crate) fn serve(&mut self, ipv6: Ipv6) -> Result<()> {
        self.dnsmasq.stop(PATIENCE)?;
        self.dnsmasq = router::serve(&self.radio, &[], self.number, ipv6, &self.directory)?;
        Ok(())
    }

    /// What the server of addresses has said.
    pub(crate) fn router_log(&self) -> String {
        self.dnsmasq.log()
    }

    /// Has one more address, or no longer.
    pub(crate) fn own(&self, address: &str, on: bool) -> Result<()> {
        let what = if on { "replace" } else { "delete" };
        let line = format!("ip address {what} {address}/32 dev {}", self.radio.interface);
        output(&mut self.radio.command(&line)).map(drop)
    }

    /// Asks from this address for a host that is not there, a few times, so that all hear whose it is.
    pub(crate) fn claim(&self, address: &str) -> Result<()> {
        let nobody = router::nobody(self.number);
        // Nobody answers, which the program complains of.
        let _unanswered = output(&mut self.radio.command(&format!("ping -c 4 -W 1 -I {address} {nobody}")));
        Ok(())
    }

    /// Ends hostapd, and all that it knows of anybody.
    pub(crate) fn stop(&mut self, goodbye: Goodbye) -> Result<()> {
        let Some(mut running) = self.hostapd.take() else { return Ok(()) };
        match goodbye {
            Goodbye::Said => running.process.stop(PATIENCE)?,
            Goodbye::Unsaid => {
                // The kernel would go on sending beacons.
                running.process.kill()?;
                output(&mut self.radio.command(&format!("ip link set {} down", self.radio.interface)))?;
            }
        }
        Ok(())
    }

    /// Starts hostapd again, with this configuration.
    pub(crate) fn start_again(&mut self, config: &Hostapd) -> Result<()> {
        self.starts += 1;
        self.hostapd = Some(run(config, &self.radio, &self.namespace, self.starts, &self.directory)?);
        router::give_addresses(&self.radio, self.number)
    }

    /// Moves it out of the station's range, or back: nobody hears anything of the other any more.
    pub(crate) fn in_range(&self, near: bool) -> Result<()> {
        self.radio.set_group(if near { 1 } else { 2 })
    }

    /// Announces another channel and goes there.
    pub(crate) fn switch_channel(&self, frequency: u32) -> Result<()> {
        self.control()?.order(&format!("CHAN_SWITCH 5 {frequency} ht"))
    }

    fn running(&self) -> Result<&Running> {
        self.hostapd.as_ref().ok_or_else(|| Failure::Usage("hostapd was stopped".into()))
    }

    fn control(&self) -> Result<&Control> {
        Ok(&self.running()?.control)
    }

    /// Pushes its button.
    pub(crate) fn push_button(&self) -> Result<()> {
        self.control()?.order("WPS_PBC")
    }

    /// Tells it the PIN of a station that will come.
    pub(crate) fn expect_pin(&self, pin: &str) -> Result<()> {
        self.control()?.order(&format!("WPS_PIN any {pin}"))
    }

    /// The address of its BSS.
    pub(crate) fn bssid(&self) -> String {
        self.radio.address.clone()
    }

    /// The address that answers pings.
    pub(crate) fn address(&self) -> Ipv4Addr {
        router::address(self.number)
    }

    /// What hostapd knows of a station: see `hostapd_cli sta`.
    pub(crate) fn station_value(&self, station: &str, name: &str) -> Result<Option<String>> {
        Ok(Control::value(&self.control()?.ask(&format!("STA {station}"))?, name))
    }

    /// Demands what hostapd knows of a station.
    pub(crate) fn expect(&self, station: &str, name: &str, value: &str) -> Result<()> {
        let seen = self.station_value(station, name)?.unwrap_or_else(|| "nothing".into());
        match seen == value {
            true => Ok(()),
            false => Err(Failure::unmet(format!("{name} of the station, as hostapd sees it: {value}"), seen)),
        }
    }

    /// Throws a station out, with a reason code.
    pub(crate) fn deauthenticate(&self, station: &str, reason: u16) -> Result<()> {
        self.control()?.order(&format!("DEAUTHENTICATE {station} reason={reason}"))
    }

    /// Goes off the air.
    pub(crate) fn disable(&self) -> Result<()> {
        self.control()?.order("DISABLE")
    }

    /// Comes back.
    pub(crate) fn enable(&self) -> Result<()> {
        self.control()?.order("ENABLE")?;
        router::give_addresses(&self.radio, self.number)
    }

    /// Forgets every PMKSA.
    pub(crate) fn flush_pmksa(&self) -> Result<()> {
        // The answer is empty or `OK`, as the version likes.
        match self.control()?.ask("PMKSA_FLUSH")?.as_str() {
            "" | "OK" => Ok(()),
            other => Err(Failure::unmet("hostapd forgets its PMKSAs", other)),
        }
    }

    /// How often hostapd's log holds a text since hostapd was started.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.running().map_or(0, |running| running.process.log().matches(text).count())
    }

    /// Waits until hostapd's log holds a text for the `count`th time.
    pub(crate) fn wait_for(&self, text: &str, count: usize, within: Duration) -> Result<()> {
        let found = wait(within, || (self.count(text) >= count).then_some(()));
        found.ok_or_else(|| {
            let seen = format!("{} times", self.count(text));
            Failure::unmet(format!("hostapd says \"{text}\" {count} times within {within:?}"), seen)
        })
    }

    /// Pings somebody from the access point's side, once.
    pub(crate) fn ping(&self, to: Ipv4Addr) -> Result<()> {
        let interface = &self.radio.interface;
        output(&mut self.radio.command(&format!("ping -c 1 -W 3 -I {interface} {to}"))).map(drop)
    }

    /// Forgets who has which address, so that the next ping begins with a broadcast.
    pub(crate) fn forget_neighbours(&self) -> Result<()> {
        output(&mut self.radio.command("ip neigh flush all")).map(drop)
    }
}

/// The interface of the open network beside one with OWE.
fn twin(interface: &str) -> String {
    format!("{interface}-open")
}

/// Starts hostapd and waits until its network is there.
fn run(config: &Hostapd, radio: &Radio, namespace: &str, starts: u32, directory: &Path) -> Result<Running> {
    let file = |end: &str| {
        let again = if starts == 0 { String::new() } else { format!("-{starts}") };
        directory.join(format!("{namespace}-hostapd{again}.{end}"))
    };
    // Not in the folder of the scenario, which is copied as it is.
    let sockets = Path::new("/tmp").join(namespace);
    let place = file("conf");
    let text = config.text(&radio.interface, &sockets.to_string_lossy(), &twin(&radio.interface));
    fs::write(&place, text).doing(|| format!("write {}", place.display()))?;
    let mut hostapd = radio.command(if config.quiet { "hostapd" } else { "hostapd -d -K -t" });
    let mut process = Process::start("hostapd", hostapd.arg(&place), file("log"))?;
    let enabled = wait(PATIENCE, || {
        let log = process.log();
        let ready = log.contains("AP-ENABLED").then_some(Ok(()));
        ready.or_else(|| {
            process.ended().map(|end| Err(Failure::unmet("hostapd runs", end + "\n" + &last_lines(&log, 10))))
        })
    });
    enabled.unwrap_or_else(|| Err(Failure::unmet("hostapd enables its network", "it does not")))?;
    let control = Control::connect(&sockets.join(&radio.interface))?;
    Ok(Running { process, control })
}
