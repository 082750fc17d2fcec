//! DHCP messages (RFC 2131 section 2, options of RFC 2132, 3396, 3397, 3442 and 4039).

use crate::MacAddr;
use crate::reader::{ParseError, Reader};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use core::net::Ipv4Addr;

open_enum! {
    /// The kind of a message (option 53).
    pub enum Kind: u8 {
        /// A client looks for servers.
        Discover = 1,
        /// A server offers an address.
        Offer = 2,
        /// A client asks for an address.
        Request = 3,
        /// A client found that somebody else has the address.
        Decline = 4,
        /// A server gives the address.
        Ack = 5,
        /// A server refuses the address.
        Nak = 6,
        /// A client gives the address back.
        Release = 7,
        /// A client has an address from elsewhere and asks for the rest.
        Inform = 8,
    }
}

/// The UDP port of servers.
pub const SERVER_PORT: u16 = 67;
/// The UDP port of clients.
pub const CLIENT_PORT: u16 = 68;

/// The numbers of options.
pub mod option {
    /// Pad.
    pub const PAD: u8 = 0;
    /// Subnet mask.
    pub const MASK: u8 = 1;
    /// Routers.
    pub const ROUTER: u8 = 3;
    /// Name servers.
    pub const DNS: u8 = 6;
    /// Host name.
    pub const HOSTNAME: u8 = 12;
    /// Domain name.
    pub const DOMAIN: u8 = 15;
    /// The greatest packet of the network.
    pub const MTU: u8 = 26;
    /// Requested address.
    pub const ADDRESS: u8 = 50;
    /// Lease time.
    pub const LEASE: u8 = 51;
    /// Which of the fields `sname` and `file` hold options.
    pub const OVERLOAD: u8 = 52;
    /// Kind of message.
    pub const KIND: u8 = 53;
    /// Server identifier.
    pub const SERVER: u8 = 54;
    /// Parameters that are asked for.
    pub const PARAMETERS: u8 = 55;
    /// The server's words.
    pub const MESSAGE: u8 = 56;
    /// Largest message.
    pub const MAX_SIZE: u8 = 57;
    /// T1.
    pub const RENEWAL: u8 = 58;
    /// T2.
    pub const REBINDING: u8 = 59;
    /// Client identifier.
    pub const CLIENT: u8 = 61;
    /// Rapid commit.
    pub const RAPID_COMMIT: u8 = 80;
    /// Domains to search.
    pub const SEARCH: u8 = 119;
    /// Classless static routes.
    pub const ROUTES: u8 = 121;
    /// End.
    pub const END: u8 = 255;
}

const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The fields before the options: relays and old servers drop shorter messages than BOOTP's 300 octets.
const SHORTEST: usize = 300;
/// The one flag.
const BROADCAST: u16 = 0x8000;
const BOOT_REQUEST: u8 = 1;
const BOOT_REPLY: u8 = 2;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whether a server sent it.
    pub reply: bool,
    /// The transaction.
    pub transaction: u32,
    /// Seconds since the client began.
    pub seconds: u16,
    /// Whether the client hears answers to its future address only as broadcasts.
    pub broadcast: bool,
    /// The client's address, if it uses it already.
    pub client: Ipv4Addr,
    /// The address for the client.
    pub yours: Ipv4Addr,
    /// The relay that passed the client's message on, if one did.
    pub relay: Ipv4Addr,
    /// The client's link address.
    pub hardware: MacAddr,
    /// The options in order of their numbers, those that came in parts put together (RFC 3396).
    pub options: BTreeMap<u8, Vec<u8>>,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// If a field or an option is cut off, or it is no DHCP message for Ethernet addresses.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCP message", octets);
        let reply = match reader.u8()? {
            BOOT_REQUEST => false,
            BOOT_REPLY => true,
            _ => return Err(reader.invalid("a request or a reply is expected")),
        };
        if reader.array()? != [1, 6] {
            return Err(reader.invalid("Ethernet addresses are expected"));
        }
        let _hops = reader.u8()?;
        let transaction = u32::from_be_bytes(reader.array()?);
        let seconds = reader.u16_be()?;
        let broadcast = reader.u16_be()? & BROADCAST != 0;
        let client = Ipv4Addr::from(reader.array::<4>()?);
        let yours = Ipv4Addr::from(reader.array::<4>()?);
        let _next_server = reader.array::<4>()?;
        let relay = Ipv4Addr::from(reader.array::<4>()?);
        let hardware = MacAddr::read(&mut reader)?;
        let _padding = reader.array::<10>()?;
        let server_name = reader.array::<64>()?;
        let file = reader.array::<128>()?;
        if reader.array()? != COOKIE {
            return Err(reader.invalid("the cookie of DHCP is missing"));
        }
        let mut options = BTreeMap::new();
        read_options(&mut options, "DHCP options", reader.rest())?;
        // RFC 2131 4.1: first `file`, then `sname`.
        let overload = match options.remove(&option::OVERLOAD).as_deref() {
            Some(&[bits]) => bits,
            _ => 0,
        };
        if overload & 1 != 0 {
            read_options(&mut options, "DHCP options in the file field", &file)?;
        }
        if overload & 2 != 0 {
            read_options(&mut options, "DHCP options in the server name field", &server_name)?;
        }
        // The fields have been read: in them it means nothing.
        options.remove(&option::OVERLOAD);
        Ok(Self { reply, transaction, seconds, broadcast, client, yours, relay, hardware, options })
    }

    /// The message's octets.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut octets = vec![if self.reply { BOOT_REPLY } else { BOOT_REQUEST }, 1, 6, 0];
        octets.extend(self.transaction.to_be_bytes());
        octets.extend(self.seconds.to_be_bytes());
        octets.extend(if self.broadcast { BROADCAST } else { 0 }.to_be_bytes());
        octets.extend(self.client.octets());
        octets.extend(self.yours.octets());
        octets.extend([0; 4]);
        octets.extend(self.relay.octets());
        octets.extend(self.hardware.0);
        octets.extend([0; 10 + 64 + 128]);
        octets.extend(COOKIE);
        for (&number, value) in self.first_kind() {
            // At least one part, also of an empty option (rapid commit).
            let mut parts = value.chunks(255).peekable();
            loop {
                let part = parts.next().unwrap_or_default();
                octets.extend([number, u8::try_from(part.len()).unwrap_or(u8::MAX)]);
                octets.extend(part);
                if parts.peek().is_none() {
                    break;
                }
            }
        }
        octets.push(option::END);
        octets.resize(octets.len().max(SHORTEST), option::PAD);
        octets
    }

    /// The kind, if it says one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self.options.get(&option::KIND).map(Vec::as_slice) {
            Some(&[kind]) => Some(Kind(kind)),
            _ => None,
        }
    }

    /// An option that is one address.
    #[must_use]
    pub fn address(&self, number: u8) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.options.get(&number)?.as_slice()).ok().map(Ipv4Addr::from)
    }

    /// An option that is a list of addresses; without those that are cut off.
    #[must_use]
    pub fn addresses(&self, number: u8) -> Vec<Ipv4Addr> {
        let octets = self.options.get(&number).map(Vec::as_slice).unwrap_or_default();
        octets.chunks_exact(4).filter_map(|four| <[u8; 4]>::try_from(four).ok()).map(Ipv4Addr::from).collect()
    }

    /// An option that is a number of seconds.
    #[must_use]
    pub fn duration(&self, number: u8) -> Option<u32> {
        <[u8; 4]>::try_from(self.options.get(&number)?.as_slice()).ok().map(u32::from_be_bytes)
    }

    /// The options with the kind in front, where some servers look for it.
    fn first_kind(&self) -> impl Iterator<Item = (&u8, &Vec<u8>)> {
        let (kind, rest): (Vec<_>, Vec<_>) =
            self.options.iter().partition(|&(&number, _)| number == option::KIND);
        kind.into_iter().chain(rest)
    }
}

/// Reads options up to the end mark; some servers leave it out, so the end of the field ends them too.
fn read_options(
    options: &mut BTreeMap<u8, Vec<u8>>,
    what: &'static str,
    octets: &[u8],
) -> Result<(), ParseError> {
    let mut reader = Reader::new(what, octets);
    while !reader.is_empty() {
        match reader.u8()? {
            option::PAD => {}
            option::END => break,
            number => {
                let length = reader.u8()?;
                let value = reader.take(usize::from(length))?;
                options.entry(number).or_default().extend_from_slice(value);
            }
        }
    }
    Ok(())
}
