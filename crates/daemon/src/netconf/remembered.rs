//! A lease that is kept for the next time in the same network, as a line of text.

use super::dhcp::Lease;
use super::dhcp::lease::{MOST, Times};
use super::domain;
use super::settings::{Prefix, is_domain};
use lapwing_core::Duration;
use lapwing_frames::MacAddr;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A lease that is worth asking for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// The interface address that it was given to.
    pub hardware: MacAddr,
    /// When it ends, in seconds since 1970; never if none.
    pub ends: Option<u64>,
    /// The lease.
    pub lease: Lease,
}

/// The shortest rest of a lease that is worth anything: with less, asking for a new one is as quick.
const SHORTEST: u64 = 60;

impl Remembered {
    /// The lease with the times that are left at this time, in seconds since 1970, for this interface
    /// address; nothing if it has ended or is another's.
    ///
    /// A clock that was set back (a machine without one that runs while it is off) would make it last longer
    /// than it did when it was given. Then the router's address is left out, without which the lease is not
    /// used before a server confirms it.
    #[must_use]
    pub fn lease(&self, hardware: MacAddr, wall_clock: u64) -> Option<Lease> {
        if self.hardware != hardware {
            return None;
        }
        let mut lease = self.lease.clone();
        let (Some(ends), Some(given)) = (self.ends, lease.time) else { return Some(lease) };
        let left = ends.checked_sub(wall_clock).filter(|&left| left >= SHORTEST)?;
        let mut end = Duration::from_secs(left);
        if end > given.end {
            end = given.end;
            lease.router_hardware = None;
        }
        lease.time = Some(Times { renew: end / 2, rebind: end - end / 8, end });
        Some(lease)
    }
}

impl fmt::Display for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lease { address, server, server_hardware, router_hardware, routes, dns, search, mtu, time } =
            &self.lease;
        write!(f, "{address} {} {server} {server_hardware}", self.hardware)?;
        if let (Some(ends), Some(time)) = (self.ends, time) {
            write!(f, " ends={ends} lasts={}", time.end.as_secs())?;
        }
        if let Some(router) = router_hardware {
            write!(f, " router={router}")?;
        }
        if let Some(mtu) = mtu {
            write!(f, " mtu={mtu}")?;
        }
        for (network, router) in routes {
            write!(f, " route={network}")?;
            if let Some(router) = router {
                write!(f, ",{router}")?;
            }
        }
        dns.iter().try_for_each(|server| write!(f, " dns={server}"))?;
        search.iter().try_for_each(|domain| write!(f, " search={domain}"))
    }
}

/// A text that is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lease is an address with its prefix, three more addresses, and words such as dns=192.0.2.1")]
pub struct NoLease;

/// A word of a lease.
fn word<T: FromStr>(word: Option<&str>) -> Result<T, NoLease> {
    word.and_then(|word| word.parse().ok()).ok_or(NoLease)
}

/// An address with its prefix.
fn prefix(text: Option<&str>) -> Result<Prefix<Ipv4Addr>, NoLease> {
    let (address, length) = text.and_then(|text| text.split_once('/')).ok_or(NoLease)?;
    let length = word::<u8>(Some(length))?;
    if length <= 32 { Ok(Prefix { address: word(Some(address))?, length }) } else { Err(NoLease) }
}

impl FromStr for Remembered {
    type Err = NoLease;

    fn from_str(text: &str) -> Result<Self, NoLease> {
        let mut words = text.split_ascii_whitespace();
        let address = prefix(words.next())?;
        let hardware = word(words.next())?;
        let mut lease = Lease {
            address,
            server: word(words.next())?,
            server_hardware: word(words.next())?,
            router_hardware: None,
            routes: Vec::new(),
            dns: Vec::new(),
            search: Vec::new(),
            mtu: None,
            time: None,
        };
        let (mut ends, mut lasts) = (None, None);
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            let value_of = Some(value);
            match key {
                "ends" => ends = Some(word(value_of)?),
                "lasts" => lasts = Some(Duration::from_secs(word::<u32>(value_of)?.into())),
                "router" => lease.router_hardware = Some(word(value_of)?),
                "mtu" => lease.mtu = Some(word(value_of)?),
                "route" if lease.routes.len() < MOST => lease.routes.push(match value.split_once(',') {
                    Some((network, router)) => (prefix(Some(network))?, Some(word(Some(router))?)),
                    None => (prefix(value_of)?, None),
                }),
                "dns" if lease.dns.len() < MOST => lease.dns.push(word(value_of)?),
                "search" if lease.search.len() < domain::MOST && is_domain(value.as_bytes()) => {
                    lease.search.push(value.to_owned());
                }
                // Of a later version, or more than is used.
                _ => {}
            }
        }
        match (ends, lasts) {
            (None, None) => {}
            (Some(_), Some(end)) => {
                lease.time = Some(Times { renew: end / 2, rebind: end - end / 8, end });
            }
            _ => return Err(NoLease),
        }
        Ok(Self { hardware, ends, lease })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WE: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
    const TEXT: &str = "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe ends=1800000000 lasts=3600 \
                        router=02:00:00:00:00:fd mtu=1400 route=0.0.0.0/0,192.0.2.9 route=198.51.100.0/24 \
                        dns=192.0.2.53 search=example.org";

    #[test]
    fn a_lease_as_text() {
        let remembered: Remembered = TEXT.parse().unwrap();
        assert_eq!(remembered.to_string(), TEXT);
        assert_eq!(remembered.lease.router(), Some(Ipv4Addr::new(192, 0, 2, 9)));
        let for_ever = "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe";
        let remembered = format!("{for_ever} later=1").parse::<Remembered>().unwrap();
        assert_eq!(remembered.to_string(), for_ever);
        assert_eq!(remembered.lease(WE, u64::MAX), Some(remembered.lease.clone()));
        for wrong in [
            "",
            "192.0.2.7",
            "192.0.2.7/33 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe",
            "192.0.2.7/24 x 192.0.2.1 02:00:00:00:00:fe",
            "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe ends=1",
            "192.0.2.7/24 02:00:00:00:00:01 192.0.2.1 02:00:00:00:00:fe dns=x",
        ] {
            assert_eq!(wrong.parse::<Remembered>(), Err(NoLease), "{wrong}");
        }
    }

    #[test]
    fn what_is_left_of_a_lease() {
        let remembered: Remembered = TEXT.parse().unwrap();
        let seconds = |lease: &Lease| lease.time.map(|time| time.end.as_secs());
        let half = remembered.lease(WE, 1_800_000_000 - 1800).unwrap();
        assert_eq!((seconds(&half), half.router_hardware), (Some(1800), remembered.lease.router_hardware));
        assert_eq!(remembered.lease(WE, 1_800_000_000 - 59), None);
        assert_eq!(remembered.lease(WE, 1_800_000_001), None);
        assert_eq!(remembered.lease(MacAddr([2; 6]), 1_800_000_000 - 1800), None);
        // The clock was set back: it lasts no longer than it did, and is not used before a server confirms it.
        let odd = remembered.lease(WE, 1_000_000_000).unwrap();
        assert_eq!((seconds(&odd), odd.router_hardware), (Some(3600), None));
    }
}
