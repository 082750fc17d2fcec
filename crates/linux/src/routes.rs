//! The networks that this machine reaches: the kernel's main table of IPv4 routes, as it writes it for people.

use core::net::Ipv4Addr;
use std::fs;
use std::io;

/// The networks that a route leads to, but for the default route, each with the length of its prefix: those of our
/// addresses, and those behind routers and tunnels.
///
/// # Errors
/// That of reading the table.
pub fn networks() -> io::Result<Vec<(Ipv4Addr, u8)>> {
    Ok(parse(&fs::read_to_string("/proc/net/route")?))
}

fn parse(table: &str) -> Vec<(Ipv4Addr, u8)> {
    // Interface, destination, router, flags, references, use, metric, mask. The numbers are those of the packet as
    // this machine reads them.
    let number = |word: &str| Some(u32::from_be_bytes(u32::from_str_radix(word, 16).ok()?.to_ne_bytes()));
    let network = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let destination = number(words.nth(1)?)?;
        let length = number(words.nth(5)?)?.leading_ones();
        Some((Ipv4Addr::from_bits(destination), u8::try_from(length).ok()?))
    };
    table.lines().skip(1).filter_map(network).filter(|(_, length)| *length > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_without_the_default_route() {
        let word = |octets: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(octets));
        let line =
            |to, mask| format!("eth0\t{}\t00000000\t0001\t0\t0\t100\t{}\t0\t0\t0\n", word(to), word(mask));
        let table = [
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n".to_owned(),
            line([0; 4], [0; 4]),
            line([192, 168, 9, 0], [255, 255, 255, 0]),
            "rubbish\n".to_owned(),
            line([10, 0, 0, 0], [255, 0, 0, 0]),
        ];
        assert_eq!(parse(&table.concat()), [([192, 168, 9, 0].into(), 24), ([10, 0, 0, 0].into(), 8)]);
        assert_eq!(parse(""), []);
    }
}
