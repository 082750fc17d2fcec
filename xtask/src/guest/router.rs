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

/// An address in the network of the access point with this number that no host has.
pub(super) const fn nobody(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, number, 250)
}

/// How hosts get addresses of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ipv6 {
    /// They make them of what the router advertises.
    Advertised,
    /// So they do, and ask a server for the rest.
    Stateless,
    /// A server gives them.
    Managed,
}

/// Starts dnsmasq in the namespace of these radios, for those who come by any of them.
pub(super) fn serve(
    radio: &Radio,
    others: &[Radio],
    number: u8,
    ipv6: Ipv6,
    directory: &Path,
) -> Result<Process> {
    let mut dnsmasq = radio.command("dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --log-dhcp");
    dnsmasq.args(["--log-facility=-", "--user=root", "--dhcp-authoritative", "--no-ping", "--enable-ra"]);
    let leases = directory.join(format!("ap{number}-leases"));
    let interfaces = [radio].into_iter().chain(others);
    dnsmasq.args(interfaces.map(|radio| format!("--interface={}", radio.interface)));
    dnsmasq.arg(format!("--dhcp-leasefile={}", leases.display()));
    dnsmasq.arg(format!("--dhcp-range=10.0.{number}.10,10.0.{number}.99,1h"));
    dnsmasq.arg(match ipv6 {
        Ipv6::Advertised => format!("--dhcp-range=fd00:{number}::,ra-only"),
        Ipv6::Stateless => format!("--dhcp-range=fd00:{number}::,ra-stateless"),
        Ipv6::Managed => format!("--dhcp-range=fd00:{number}::100,fd00:{number}::1ff,64,1h"),
    });
    if ipv6 != Ipv6::Advertised {
        dnsmasq.arg(format!("--dhcp-option=option6:dns-server,[fd00:{number}::53]"));
        dnsmasq.arg("--dhcp-option=option6:domain-search,lab.example");
    }
    Process::start("dnsmasq", &mut dnsmasq, directory.join(format!("ap{number}-dnsmasq.log")))
}

/// Gives a further access point of the same network an address by which it is served: the one with this place.
pub(super) fn give_further_address(radio: &Radio, number: u8, place: usize) -> Result<()> {
    let on = &radio.interface;
    output(&mut radio.command(&format!("ip address replace 10.0.{number}.{}/24 dev {on}", place + 1)))?;
    Ok(())
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
