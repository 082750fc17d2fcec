//! An access point: hostapd and dnsmasq in a namespace of their own.

use crate::command::output;
use crate::failure::{Doing, Failure, Result};
use crate::guest::control::Control;
use crate::guest::hostapd::Hostapd;
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

/// How long hostapd may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running access point.
#[derive(Debug)]
pub(crate) struct AccessPoint {
    // In the order in which they are to go: the programs before the namespace.
    hostapd: Process,
    _dnsmasq: Process,
    control: Control,
    radio: Radio,
    address: Ipv4Addr,
}

impl AccessPoint {
    /// Starts it. `number` gives it a subnet.
    pub(crate) fn start(config: &Hostapd, mut radio: Radio, number: u8, directory: &Path) -> Result<Self> {
        let namespace = format!("ap{number}");
        radio.move_into(&namespace)?;
        let file = |name: &str| directory.join(format!("{namespace}-{name}"));
        let second = format!("{}-open", radio.interface);
        if config.open_twin.is_some() {
            radio.add_interface(&second)?;
        }
        // Not in the folder of the scenario, which is copied as it is.
        let sockets = Path::new("/tmp").join(&namespace);
        let place = file("hostapd.conf");
        let text = config.text(&radio.interface, &sockets.to_string_lossy(), &second);
        fs::write(&place, text).doing(|| format!("write {}", place.display()))?;
        let mut hostapd = radio.command(if config.quiet { "hostapd" } else { "hostapd -d -K -t" });
        let mut hostapd = Process::start("hostapd", hostapd.arg(&place), file("hostapd.log"))?;
        let enabled = wait(PATIENCE, || {
            let log = hostapd.log();
            let ready = log.contains("AP-ENABLED").then_some(Ok(()));
            ready.or_else(|| {
                hostapd.ended().map(|end| {
                    Err(Failure::unmet("hostapd runs", end + "\n" + &crate::command::last_lines(&log, 10)))
                })
            })
        });
        enabled.unwrap_or_else(|| Err(Failure::unmet("hostapd enables its network", "it does not")))?;

        let address = Ipv4Addr::new(10, 0, number, 1);
        let on = &radio.interface;
        for line in [
            format!("ip address add {address}/24 dev {on}"),
            format!("ip address add fd00:{number}::1/64 dev {on} nodad"),
        ] {
            output(&mut radio.command(&line))?;
        }
        let mut dnsmasq =
            radio.command("dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --log-dhcp");
        dnsmasq.args(["--log-facility=-", "--user=root", "--dhcp-authoritative", "--no-ping", "--enable-ra"]);
        dnsmasq
            .arg(format!("--interface={on}"))
            .arg(format!("--dhcp-leasefile={}", file("leases").display()));
        dnsmasq.arg(format!("--dhcp-range=10.0.{number}.10,10.0.{number}.99,1h"));
        dnsmasq.arg(format!("--dhcp-range=fd00:{number}::,ra-only"));
        let dnsmasq = Process::start("dnsmasq", &mut dnsmasq, file("dnsmasq.log"))?;
        let control = Control::connect(&sockets.join(on))?;
        Ok(Self { hostapd, _dnsmasq: dnsmasq, control, radio, address })
    }

    /// The address that answers pings.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// What hostapd knows of a station: see `hostapd_cli sta`.
    pub(crate) fn station_value(&self, station: &str, name: &str) -> Result<Option<String>> {
        Ok(Control::value(&self.control.ask(&format!("STA {station}"))?, name))
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
        self.control.order(&format!("DEAUTHENTICATE {station} reason={reason}"))
    }

    /// Goes off the air.
    pub(crate) fn disable(&self) -> Result<()> {
        self.control.order("DISABLE")
    }

    /// Comes back.
    pub(crate) fn enable(&self) -> Result<()> {
        self.control.order("ENABLE")
    }

    /// Forgets every PMKSA.
    pub(crate) fn flush_pmksa(&self) -> Result<()> {
        // The answer is empty or `OK`, as the version likes.
        match self.control.ask("PMKSA_FLUSH")?.as_str() {
            "" | "OK" => Ok(()),
            other => Err(Failure::unmet("hostapd forgets its PMKSAs", other)),
        }
    }

    /// How often hostapd's log holds a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.hostapd.log().matches(text).count()
    }

    /// Waits until hostapd's log holds a text for the `count`th time.
    pub(crate) fn wait_for(&self, text: &str, count: usize, within: Duration) -> Result<()> {
        let found = wait(within, || (self.count(text) >= count).then_some(()));
        found.ok_or_else(|| {
            let seen = format!("{} times (log: {})", self.count(text), self.hostapd.log_path().display());
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
