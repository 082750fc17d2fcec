//! What an access point has to offer beside its network: addresses, and somebody who answers pings.

use crate::command::output;
use crate::failure::Result;
use crate::guest::process::Process;
use crate::guest::radio::Radio;
use std::net::Ipv4Addr;
use std::path::Path;

/// The address of the access point with this number.
pub(super) const fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, number, 1)
}

/// Starts dnsmasq in the radio's namespace.
pub(super) fn serve(radio: &Radio, number: u8, directory: &Path) -> Result<Process> {
    let mut dnsmasq = radio.command("dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --log-dhcp");
    dnsmasq.args(["--log-facility=-", "--user=root", "--dhcp-authoritative", "--no-ping", "--enable-ra"]);
    let leases = directory.join(format!("ap{number}-leases"));
    dnsmasq
        .arg(format!("--interface={}", radio.interface))
        .arg(format!("--dhcp-leasefile={}", leases.display()));
    dnsmasq.arg(format!("--dhcp-range=10.0.{number}.10,10.0.{number}.99,1h"));
    dnsmasq.arg(format!("--dhcp-range=fd00:{number}::,ra-only"));
    Process::start("dnsmasq", &mut dnsmasq, directory.join(format!("ap{number}-dnsmasq.log")))
}

/// Gives the access point its addresses. The one of IPv6 is lost whenever the interface goes down.
pub(super) fn give_addresses(radio: &Radio, number: u8) -> Result<()> {
    let (on, address) = (&radio.interface, address(number));
    for line in [
        format!("ip address replace {address}/24 dev {on}"),
        format!("ip address replace fd00:{number}::1/64 dev {on} nodad"),
    ] {
        output(&mut radio.command(&line))?;
    }
    Ok(())
}
