//! A mobility domain: two access points of one network, in one hostapd, and what lies behind them.

use crate::command::output;
use crate::failure::{Doing, Failure, Result};
use crate::guest::control::Control;
use crate::guest::hostapd::Hostapd;
use crate::guest::process::{Process, wait};
use crate::guest::radio::Radio;
use crate::guest::router;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

/// How long hostapd may take for what it does at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the access points trust each other by.
const KEY: &str = "0f0e0d0c0b0a090807060504030201000f0e0d0c0b0a09080706050403020100";

/// The channels.
const CHANNELS: [u8; 2] = [1, 6];

/// Two access points.
#[derive(Debug)]
pub(crate) struct Domain {
    // The programs before the namespace.
    hostapd: Process,
    controls: Vec<Control>,
    _dnsmasq: Process,
    radios: Vec<Radio>,
    number: u8,
}

impl Domain {
    /// Starts them with one configuration, to which it adds what makes a domain of them.
    pub(crate) fn start(
        config: &Hostapd,
        over_ds: bool,
        mut radios: Vec<Radio>,
        number: u8,
        directory: &Path,
    ) -> Result<Self> {
        let namespace = format!("ap{number}");
        for (place, radio) in radios.iter_mut().enumerate() {
            if place == 0 { radio.move_into(&namespace)? } else { radio.move_after(&namespace)? }
        }
        let sockets = Path::new("/tmp").join(&namespace);
        let mut files = Vec::new();
        for (radio, channel) in radios.iter().zip(CHANNELS) {
            let mut own = config
                .clone()
                .channel(channel)
                .set("mobility_domain", "a1b2")
                .set("nas_identifier", format!("{}.lab", radio.interface))
                .set("r1_key_holder", radio.address.replace(':', ""))
                .set("ft_over_ds", u8::from(over_ds))
                .set("ft_psk_generate_local", 1)
                .set("pmk_r1_push", 1);
            for other in radios.iter().filter(|other| other.interface != radio.interface) {
                let (address, name) = (&other.address, &other.interface);
                own = own
                    .set("r0kh", format!("{address} {name}.lab {KEY}"))
                    .set("r1kh", format!("{address} {address} {KEY}"));
            }
            let place = directory.join(format!("{namespace}-{}.conf", radio.interface));
            let text = own.text(&radio.interface, &sockets.to_string_lossy(), "");
            fs::write(&place, text).doing(|| format!("write {}", place.display()))?;
            files.push(place);
        }
        let (first, others) =
            radios.split_first().ok_or_else(|| Failure::Usage("a domain without radios".into()))?;
        let mut program = first.command(if config.quiet { "hostapd" } else { "hostapd -d -K -t" });
        let log = directory.join(format!("{namespace}-hostapd.log"));
        let mut hostapd = Process::start("hostapd", program.args(&files), log)?;
        let enabled = wait(PATIENCE, || {
            let log = hostapd.log();
            (log.matches("AP-ENABLED").count() >= radios.len() || hostapd.ended().is_some()).then_some(())
        });
        if enabled.is_none() || hostapd.ended().is_some() {
            return Err(Failure::unmet("hostapd enables both networks", "it does not"));
        }
        let controls = radios.iter().map(|radio| Control::connect(&sockets.join(&radio.interface)));
        let controls = controls.collect::<Result<_>>()?;
        router::give_addresses(first, number)?;
        for (place, radio) in (1..).zip(others) {
            router::give_further_address(radio, number, place)?;
        }
        let dnsmasq = router::serve(first, others, number, router::Ipv6::Advertised, directory)?;
        Ok(Self { hostapd, controls, _dnsmasq: dnsmasq, radios, number })
    }

    /// The addresses of the access points.
    pub(crate) fn bssids(&self) -> Vec<String> {
        self.radios.iter().map(|radio| radio.address.clone()).collect()
    }

    /// The address that answers pings, at whichever of them.
    pub(crate) fn address(&self) -> Ipv4Addr {
        router::address(self.number)
    }

    /// What lies behind the access points learns where a station is, as a switch would of its first frame.
    pub(crate) fn moved(&self, station: Ipv4Addr, to: usize) -> Result<()> {
        let radio = self.radios.get(to).ok_or_else(|| Failure::Usage("no such access point".into()))?;
        let line = format!("ip route replace {station}/32 dev {}", radio.interface);
        output(&mut radio.command(&line)).map(drop)
    }

    /// One of them takes a station no more.
    pub(crate) fn refuse(&self, place: usize, station: &str) -> Result<()> {
        self.order(place, &format!("DENY_ACL ADD_MAC {station}"))
    }

    /// Gives one of them an order.
    pub(crate) fn order(&self, place: usize, order: &str) -> Result<()> {
        let control = self.controls.get(place);
        control.ok_or_else(|| Failure::Usage("no such access point".into()))?.order(order)
    }

    /// The channel of one of them.
    pub(crate) fn channel(&self, place: usize) -> u8 {
        CHANNELS.get(place).copied().unwrap_or_default()
    }

    /// How often hostapd's log holds a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.hostapd.log().matches(text).count()
    }

    /// The lines of hostapd's log that hold a text.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        self.hostapd.log().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}
