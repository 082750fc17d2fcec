//! What a router advertisement says of names: options that the kernel has no use for and hands on (RFC 8106).

use super::{IPV6, short};
use crate::netlink::DecodeError;
use core::net::Ipv6Addr;
use lapwing_frames::{ParseError, Reader};

/// `ND_ROUTER_ADVERT`.
const ADVERTISEMENT: u8 = 134;
/// Name servers (RFC 8106 5.1).
const SERVERS: u8 = 25;
/// Domains to search (RFC 8106 5.2).
const SEARCH: u8 = 31;

/// Options of one router advertisement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    /// The interface on which it came.
    pub ifindex: u32,
    /// The options, in their order.
    pub options: Vec<RouterOption>,
}

/// An option. Its lifetime is in seconds; `u32::MAX` is for ever, and 0 is over now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouterOption {
    /// Name servers.
    Servers {
        /// How long they may be used.
        lifetime: u32,
        /// Their addresses.
        servers: Vec<Ipv6Addr>,
    },
    /// Domains to search.
    Search {
        /// How long they may be used.
        lifetime: u32,
        /// Their names as in messages of DNS (RFC 1035 3.1), with zeros behind them.
        names: Vec<u8>,
    },
}

impl Advertisement {
    /// Decodes a message from `struct nduseroptmsg` on; nothing for messages other than router
    /// advertisements, and without an option that is known.
    ///
    /// # Errors
    /// The first field or option that is cut off.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut reader = Reader::new("options of a router", message);
        let [family, _pad] = reader.array().map_err(short)?;
        let length = u16::from_ne_bytes(reader.array().map_err(short)?);
        let ifindex = u32::from_ne_bytes(reader.array().map_err(short)?);
        let [kind, _code, _, _, _, _, _, _] = reader.array().map_err(short)?;
        let octets = reader.take(length.into()).map_err(short)?;
        if family != IPV6 || kind != ADVERTISEMENT {
            return Ok(None);
        }
        let options = options(octets).map_err(short)?;
        Ok(Some(Self { ifindex, options }).filter(|found| !found.options.is_empty()))
    }
}

/// Options as RFC 4861 4.6 has them: a type, and a length in units of 8 octets.
fn options(octets: &[u8]) -> Result<Vec<RouterOption>, ParseError> {
    let mut reader = Reader::new("options of a router", octets);
    let mut options = Vec::new();
    while !reader.is_empty() {
        let kind = reader.u8()?;
        let length = usize::from(reader.u8()?).saturating_mul(8);
        let Some(length) = length.checked_sub(2) else {
            return Err(reader.invalid("an option without a length"));
        };
        let body = reader.take(length)?;
        let mut body = Reader::new("option of a router", body);
        let _reserved = body.array::<2>()?;
        let mut lifetime = || body.array().map(u32::from_be_bytes);
        match kind {
            SERVERS => {
                let lifetime = lifetime()?;
                let (addresses, _rest) = body.rest().as_chunks::<16>();
                let servers = addresses.iter().copied().map(Ipv6Addr::from).collect();
                options.push(RouterOption::Servers { lifetime, servers });
            }
            SEARCH => {
                options.push(RouterOption::Search { lifetime: lifetime()?, names: body.rest().to_vec() })
            }
            _ => {}
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x53);

    fn message(options: &[u8]) -> Vec<u8> {
        let length = u16::try_from(options.len()).unwrap().to_ne_bytes();
        let ifindex = 7_u32.to_ne_bytes();
        [&[IPV6, 0][..], &length, &ifindex, &[ADVERTISEMENT, 0], &[0; 6], options].concat()
    }

    #[test]
    fn servers_and_domains() {
        let servers = [&[SERVERS, 3, 0, 0, 0, 0, 2, 88][..], &SERVER.octets()].concat();
        let search = b"\x1f\x03\0\0\xff\xff\xff\xff\x07example\x03org\0\0\0\0";
        let other = [24, 1, 0, 0, 0, 0, 0, 0];
        let found =
            Advertisement::decode(&message(&[&servers, &other[..], search].concat())).unwrap().unwrap();
        assert_eq!(found.ifindex, 7);
        assert_eq!(
            found.options,
            [
                RouterOption::Servers { lifetime: 600, servers: vec![SERVER] },
                RouterOption::Search { lifetime: u32::MAX, names: search[8..].to_vec() },
            ]
        );
        assert_eq!(Advertisement::decode(&message(&other)), Ok(None));
        let mut solicitation = message(&servers);
        solicitation[8] = 133;
        assert_eq!(Advertisement::decode(&solicitation), Ok(None));
    }

    #[test]
    fn cut_and_malformed() {
        let octets = message(&[&[SERVERS, 3, 0, 0, 0, 0, 2, 88][..], &SERVER.octets()].concat());
        for length in 0..octets.len() {
            assert!(Advertisement::decode(&octets[..length]).is_err(), "{length}");
        }
        for wrong in
            [&[SERVERS, 0, 0, 0, 0, 0, 0, 0][..], &[SERVERS, 2, 0, 0, 0, 0, 0, 0], &[SEARCH], &[SEARCH, 1]]
        {
            assert!(Advertisement::decode(&message(wrong)).is_err(), "{wrong:?}");
        }
        // No whole address: nothing to ask.
        let found = Advertisement::decode(&message(&[SERVERS, 1, 0, 0, 0, 0, 2, 88])).unwrap().unwrap();
        assert_eq!(found.options, [RouterOption::Servers { lifetime: 600, servers: Vec::new() }]);
    }
}
