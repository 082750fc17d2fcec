//! A network of our own, where none is used yet.

use super::settings::Prefix;
use std::net::Ipv4Addr;

/// How many places for a network are looked at: all networks of 24 bits in a block of 10 bits.
const MOST: u32 = 1 << 14;

/// Where networks of our own may be, unless somebody says otherwise; as in iwd.
pub const POOL: Prefix<Ipv4Addr> = Prefix { address: Ipv4Addr::new(192, 168, 0, 0), length: 16 };
/// The length of their prefix: room for 253 hosts.
pub const LENGTH: u8 = 24;
/// The same where no block of a pool has room for that, as in iwd: for 13 hosts.
pub const LENGTH_IN_SMALL_POOL: u8 = 28;

/// Our address in a network of this length out of a pool: the first of its hosts, where no network that is in use
/// overlaps it; none if there is no room. `seed` says where in a block the search begins: the same hotspot has the
/// same network each time, and seldom the one that a router at home has.
#[must_use]
pub fn choose(
    pool: &[Prefix<Ipv4Addr>],
    length: u8,
    used: &[Prefix<Ipv4Addr>],
    seed: &[u8],
) -> Option<Prefix<Ipv4Addr>> {
    // A network needs two hosts beside the addresses of network and broadcast.
    if !(1..=30).contains(&length) {
        return None;
    }
    // FNV-1a.
    let spread = |hash: u32, octet: &u8| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
    let start = seed.iter().fold(0x811c_9dc5, spread);
    pool.iter().filter(|block| block.length <= length).find_map(|block| {
        let bits = u32::from(length - block.length);
        let last = u32::MAX.checked_shr(32 - bits).unwrap_or(0);
        let base = block.address.to_bits() & mask(block.length);
        (0..=last.min(MOST))
            .map(|step| start.wrapping_add(step) & last)
            .map(|place| base | place << (32 - length))
            .map(|network| Prefix { address: Ipv4Addr::from_bits(network + 1), length })
            .find(|own| !used.iter().any(|other| overlap(own, other)))
    })
}

/// Whether two networks have addresses in common.
#[must_use]
pub fn overlap(one: &Prefix<Ipv4Addr>, other: &Prefix<Ipv4Addr>) -> bool {
    let mask = mask(one.length.min(other.length));
    (one.address.to_bits() ^ other.address.to_bits()) & mask == 0
}

/// The netmask of a prefix of this length.
fn mask(length: u8) -> u32 {
    u32::MAX.checked_shr(length.into()).map_or(u32::MAX, |host| !host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix<Ipv4Addr> {
        let (address, length) = text.split_once('/').unwrap();
        Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() }
    }

    #[test]
    fn networks_in_use_are_avoided() {
        let pool = [prefix("192.168.0.0/23"), prefix("10.0.0.0/24")];
        let first = choose(&pool, 24, &[], b"cafe").unwrap();
        assert_eq!(choose(&pool, 24, &[], b"cafe"), Some(first), "the same each time");
        let second = choose(&pool, 24, &[first], b"cafe").unwrap();
        let mut both = [first, second].map(|it| it.to_string());
        both.sort();
        assert_eq!(both, ["192.168.0.1/24", "192.168.1.1/24"]);
        // A host's own address in a smaller network, and a larger one around it, are both in the way.
        let used = [prefix("192.168.0.77/28"), prefix("192.168.1.0/16")];
        assert_eq!(choose(&pool, 24, &used, b"cafe"), Some(prefix("10.0.0.1/24")));
        assert_eq!(choose(&pool, 24, &[prefix("0.0.0.0/0")], b"cafe"), None);
    }

    #[test]
    fn odd_pools() {
        for (pool, length) in [("10.0.0.0/24", 16), ("10.0.0.0/8", 31), ("10.0.0.0/8", 0), ("1.2.3.4/32", 32)]
        {
            assert_eq!(choose(&[prefix(pool)], length, &[], b""), None, "{pool} {length}");
        }
        assert_eq!(choose(&[prefix("10.9.8.7/24")], 24, &[], b""), Some(prefix("10.9.8.1/24")));
        let whole = choose(&[prefix("0.0.0.0/0")], 1, &[prefix("1.0.0.0/8")], b"");
        assert_eq!(whole, Some(prefix("128.0.0.1/1")));
        // Everything is in use: the search ends.
        assert_eq!(choose(&[prefix("0.0.0.0/0")], 30, &[prefix("0.0.0.0/0")], b""), None);
        assert!(choose(&[POOL], LENGTH, &[], b"").is_some());
    }
}
