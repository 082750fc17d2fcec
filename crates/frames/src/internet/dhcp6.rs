//! Messages of DHCP for IPv6 between clients and servers (RFC 8415 sections 7, 8 and 21; options of RFC 3646).
//! Those of relays have another form and are no message here.

use crate::reader::{ParseError, Reader};
use alloc::vec::Vec;
use core::net::Ipv6Addr;

open_enum! {
    /// The kind of a message (RFC 8415 7.3).
    pub enum Kind: u8 {
        /// A client looks for servers.
        Solicit = 1,
        /// A server says what it would give.
        Advertise = 2,
        /// A client asks one server for addresses.
        Request = 3,
        /// A client asks whether its addresses fit the link it is on.
        Confirm = 4,
        /// A client asks the server of its addresses for more time.
        Renew = 5,
        /// A client asks any server for more time.
        Rebind = 6,
        /// A server gives what was asked for, or says why not.
        Reply = 7,
        /// A client gives addresses back.
        Release = 8,
        /// A client found that somebody else has an address.
        Decline = 9,
        /// A server wants to be asked again.
        Reconfigure = 10,
        /// A client asks for everything but addresses.
        InformationRequest = 11,
    }
}

open_enum! {
    /// What came of something (RFC 8415 21.13).
    pub enum StatusCode: u16 {
        /// It was done.
        Success = 0,
        /// It was not, for whatever reason.
        Unspecified = 1,
        /// There are no addresses to be given.
        NoAddresses = 2,
        /// The server knows nothing of what was asked to last longer.
        NoBinding = 3,
        /// The addresses do not fit the link.
        NotOnLink = 4,
        /// The server wants to be asked by multicast.
        UseMulticast = 5,
        /// There are no prefixes to be given.
        NoPrefixes = 6,
    }
}

/// The UDP port of clients.
pub const CLIENT_PORT: u16 = 546;
/// The UDP port of servers and relays.
pub const SERVER_PORT: u16 = 547;
/// All relays and servers of a link (RFC 8415 7.1).
pub const SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
/// A time without end, in seconds (RFC 8415 7.7).
pub const FOREVER: u32 = u32::MAX;

/// The numbers of options (RFC 8415 21).
pub mod option {
    /// Who the client is.
    pub const CLIENT: u16 = 1;
    /// Who the server is.
    pub const SERVER: u16 = 2;
    /// Addresses that are not temporary (`IA_NA`).
    pub const ADDRESSES: u16 = 3;
    /// An address.
    pub const ADDRESS: u16 = 5;
    /// Options that are asked for.
    pub const REQUESTED: u16 = 6;
    /// Which server goes first.
    pub const PREFERENCE: u16 = 7;
    /// For how long the client has been at it.
    pub const ELAPSED: u16 = 8;
    /// What came of it.
    pub const STATUS: u16 = 13;
    /// Two messages are enough.
    pub const RAPID_COMMIT: u16 = 14;
    /// Name servers (RFC 3646).
    pub const NAME_SERVERS: u16 = 23;
    /// Domains to search (RFC 3646).
    pub const SEARCH: u16 = 24;
    /// When to ask again for what is no address.
    pub const REFRESH_TIME: u16 = 32;
    /// The longest wait between two of [`Kind::Solicit`](super::Kind::Solicit).
    pub const LONGEST_SOLICIT: u16 = 82;
    /// The longest wait between two of [`Kind::InformationRequest`](super::Kind::InformationRequest).
    pub const LONGEST_INFORMATION_REQUEST: u16 = 83;
}

/// A status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// In a number.
    pub code: StatusCode,
    /// In the server's words, UTF-8 if it keeps to the rules.
    pub text: Vec<u8>,
}

/// Addresses that belong together (`IA_NA`, RFC 8415 21.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The client's number for them.
    pub id: u32,
    /// T1, in seconds: when to ask for more time. The client chooses if it is zero.
    pub renew: u32,
    /// T2, in seconds: when to ask any server.
    pub rebind: u32,
    /// The addresses.
    pub addresses: Vec<Address>,
    /// What came of it, if it is said.
    pub status: Option<Status>,
}

/// An address (RFC 8415 21.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which.
    pub address: Ipv6Addr,
    /// For how many seconds new connections may begin from it.
    pub preferred: u32,
    /// For how many seconds it may be used at all.
    pub valid: u32,
    /// What came of it, if it is said.
    pub status: Option<Status>,
}

/// An option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// [`option::CLIENT`]: a DUID.
    Client(Vec<u8>),
    /// [`option::SERVER`]: a DUID.
    Server(Vec<u8>),
    /// [`option::ADDRESSES`].
    Addresses(Association),
    /// [`option::REQUESTED`].
    Requested(Vec<u16>),
    /// [`option::PREFERENCE`]; 255 is the server that is to be taken without a wait.
    Preference(u8),
    /// [`option::ELAPSED`], in hundredths of a second.
    Elapsed(u16),
    /// [`option::STATUS`].
    Status(Status),
    /// [`option::RAPID_COMMIT`].
    RapidCommit,
    /// [`option::NAME_SERVERS`]; without one that is cut off.
    NameServers(Vec<Ipv6Addr>),
    /// [`option::SEARCH`]: names as in messages of DNS (RFC 1035 3.1), without pointers.
    Search(Vec<u8>),
    /// [`option::REFRESH_TIME`], in seconds.
    RefreshTime(u32),
    /// [`option::LONGEST_SOLICIT`], in seconds.
    LongestSolicit(u32),
    /// [`option::LONGEST_INFORMATION_REQUEST`], in seconds.
    LongestInformationRequest(u32),
    /// Another one.
    Other {
        /// Its number.
        number: u16,
        /// What is in it.
        value: Vec<u8>,
    },
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The transaction, of 24 bits.
    pub transaction: [u8; 3],
    /// The options, in their order.
    pub fields: Vec<Field>,
}

/// The kinds of message that relays exchange with each other and with servers.
const RELAYED: [u8; 2] = [12, 13];

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// If a field or an option is cut off, an option has a length that it cannot have, or the message is a relay's.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCPv6 message", octets);
        let kind = reader.u8()?;
        if RELAYED.contains(&kind) {
            return Err(reader.invalid("a message of a relay is none for a client or a server"));
        }
        let transaction = reader.array()?;
        let mut fields = Vec::new();
        while !reader.is_empty() {
            let (number, value) = option(&mut reader)?;
            fields.push(Field::read(number, value)?);
        }
        Ok(Self { kind: Kind(kind), transaction, fields })
    }

    /// The message's octets.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut octets = Vec::from([self.kind.0]);
        octets.extend(self.transaction);
        for field in &self.fields {
            field.write(&mut octets);
        }
        octets
    }

    /// Who the client is, if it is said.
    #[must_use]
    pub fn client(&self) -> Option<&[u8]> {
        self.fields.iter().find_map(|field| match field {
            Field::Client(duid) => Some(duid.as_slice()),
            _ => None,
        })
    }

    /// Who the server is, if it is said.
    #[must_use]
    pub fn server(&self) -> Option<&[u8]> {
        self.fields.iter().find_map(|field| match field {
            Field::Server(duid) => Some(duid.as_slice()),
            _ => None,
        })
    }

    /// What came of it all; success if nothing else is said (RFC 8415 21.13).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let said = self.fields.iter().find_map(|field| match field {
            Field::Status(status) => Some(status.code),
            _ => None,
        });
        said.unwrap_or(StatusCode::Success)
    }

    /// The addresses with the client's number for them.
    #[must_use]
    pub fn association(&self, id: u32) -> Option<&Association> {
        self.fields.iter().find_map(|field| match field {
            Field::Addresses(association) if association.id == id => Some(association),
            _ => None,
        })
    }
}

impl Association {
    /// What came of it; success if nothing else is said.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        self.status.as_ref().map_or(StatusCode::Success, |status| status.code)
    }

    fn read(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCPv6 addresses", octets);
        let mut number = || reader.array().map(u32::from_be_bytes);
        let (id, renew, rebind) = (number()?, number()?, number()?);
        let mut this = Self { id, renew, rebind, addresses: Vec::new(), status: None };
        while !reader.is_empty() {
            match option(&mut reader)? {
                (option::ADDRESS, value) => this.addresses.push(Address::read(value)?),
                (option::STATUS, value) => this.status = Some(Status::read(value)?),
                _ => {}
            }
        }
        Ok(this)
    }

    fn octets(&self) -> Vec<u8> {
        let numbers = [self.id, self.renew, self.rebind];
        let mut octets: Vec<u8> = numbers.into_iter().flat_map(u32::to_be_bytes).collect();
        for address in &self.addresses {
            write(&mut octets, option::ADDRESS, &address.octets());
        }
        if let Some(status) = &self.status {
            write(&mut octets, option::STATUS, &status.octets());
        }
        octets
    }
}

impl Address {
    fn read(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCPv6 address", octets);
        let address = Ipv6Addr::from(reader.array::<16>()?);
        let preferred = u32::from_be_bytes(reader.array()?);
        let valid = u32::from_be_bytes(reader.array()?);
        let mut this = Self { address, preferred, valid, status: None };
        while !reader.is_empty() {
            if let (option::STATUS, value) = option(&mut reader)? {
                this.status = Some(Status::read(value)?);
            }
        }
        Ok(this)
    }

    fn octets(&self) -> Vec<u8> {
        let mut octets = self.address.octets().to_vec();
        octets.extend(self.preferred.to_be_bytes());
        octets.extend(self.valid.to_be_bytes());
        if let Some(status) = &self.status {
            write(&mut octets, option::STATUS, &status.octets());
        }
        octets
    }
}

impl Status {
    fn read(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCPv6 status", octets);
        Ok(Self { code: StatusCode(reader.u16_be()?), text: reader.rest().to_vec() })
    }

    fn octets(&self) -> Vec<u8> {
        [&self.code.0.to_be_bytes()[..], &self.text].concat()
    }
}

impl Field {
    fn read(number: u16, value: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DHCPv6 option", value);
        let seconds = |mut reader: Reader<'_>| -> Result<u32, ParseError> {
            let seconds = u32::from_be_bytes(reader.array()?);
            reader.finish().map(|()| seconds)
        };
        Ok(match number {
            option::CLIENT => Self::Client(value.to_vec()),
            option::SERVER => Self::Server(value.to_vec()),
            option::ADDRESSES => Self::Addresses(Association::read(value)?),
            option::REQUESTED => {
                let (pairs, _rest) = value.as_chunks::<2>();
                Self::Requested(pairs.iter().copied().map(u16::from_be_bytes).collect())
            }
            option::PREFERENCE => {
                let preference = reader.u8()?;
                reader.finish()?;
                Self::Preference(preference)
            }
            option::ELAPSED => {
                let elapsed = reader.u16_be()?;
                reader.finish()?;
                Self::Elapsed(elapsed)
            }
            option::STATUS => Self::Status(Status::read(value)?),
            option::RAPID_COMMIT => {
                reader.finish()?;
                Self::RapidCommit
            }
            option::NAME_SERVERS => {
                let (addresses, _rest) = value.as_chunks::<16>();
                Self::NameServers(addresses.iter().copied().map(Ipv6Addr::from).collect())
            }
            option::SEARCH => Self::Search(value.to_vec()),
            option::REFRESH_TIME => Self::RefreshTime(seconds(reader)?),
            option::LONGEST_SOLICIT => Self::LongestSolicit(seconds(reader)?),
            option::LONGEST_INFORMATION_REQUEST => Self::LongestInformationRequest(seconds(reader)?),
            number => Self::Other { number, value: value.to_vec() },
        })
    }

    fn write(&self, octets: &mut Vec<u8>) {
        match self {
            Self::Client(duid) => write(octets, option::CLIENT, duid),
            Self::Server(duid) => write(octets, option::SERVER, duid),
            Self::Addresses(association) => write(octets, option::ADDRESSES, &association.octets()),
            Self::Requested(numbers) => {
                let value: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
                write(octets, option::REQUESTED, &value);
            }
            Self::Preference(preference) => write(octets, option::PREFERENCE, &[*preference]),
            Self::Elapsed(elapsed) => write(octets, option::ELAPSED, &elapsed.to_be_bytes()),
            Self::Status(status) => write(octets, option::STATUS, &status.octets()),
            Self::RapidCommit => write(octets, option::RAPID_COMMIT, &[]),
            Self::NameServers(addresses) => {
                let value: Vec<u8> = addresses.iter().flat_map(Ipv6Addr::octets).collect();
                write(octets, option::NAME_SERVERS, &value);
            }
            Self::Search(names) => write(octets, option::SEARCH, names),
            Self::RefreshTime(seconds) => write(octets, option::REFRESH_TIME, &seconds.to_be_bytes()),
            Self::LongestSolicit(seconds) => write(octets, option::LONGEST_SOLICIT, &seconds.to_be_bytes()),
            Self::LongestInformationRequest(seconds) => {
                write(octets, option::LONGEST_INFORMATION_REQUEST, &seconds.to_be_bytes());
            }
            Self::Other { number, value } => write(octets, *number, value),
        }
    }
}

/// The number and the value of the next option.
fn option<'a>(reader: &mut Reader<'a>) -> Result<(u16, &'a [u8]), ParseError> {
    let number = reader.u16_be()?;
    let length = reader.u16_be()?;
    Ok((number, reader.take(length.into())?))
}

/// Writes an option. What is longer than any datagram is left out: nobody has it to say.
fn write(octets: &mut Vec<u8>, number: u16, value: &[u8]) {
    let Ok(length) = u16::try_from(value.len()) else { return };
    octets.extend(number.to_be_bytes());
    octets.extend(length.to_be_bytes());
    octets.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let address = Address {
            address: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7),
            preferred: 600,
            valid: 900,
            status: Some(Status { code: StatusCode::Success, text: b"yours".to_vec() }),
        };
        let addresses = Association {
            id: 1,
            renew: 300,
            rebind: 480,
            addresses: Vec::from([address]),
            status: Some(Status { code: StatusCode::Success, text: Vec::new() }),
        };
        Message {
            kind: Kind::Reply,
            transaction: [1, 2, 3],
            fields: Vec::from([
                Field::Client(Vec::from([0, 3, 0, 1, 2, 0, 0, 0, 0, 1])),
                Field::Server(Vec::from([0, 3, 0, 1, 2, 0, 0, 0, 0, 2])),
                Field::Addresses(addresses),
                Field::Requested(Vec::from([option::NAME_SERVERS, option::SEARCH])),
                Field::Preference(255),
                Field::Elapsed(17),
                Field::Status(Status { code: StatusCode::Unspecified, text: b"no".to_vec() }),
                Field::RapidCommit,
                Field::NameServers(Vec::from([Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED])),
                Field::Search(b"\x07example\x03org\0".to_vec()),
                Field::RefreshTime(600),
                Field::LongestSolicit(60),
                Field::LongestInformationRequest(FOREVER),
                Field::Other { number: 0xfffe, value: Vec::from([7]) },
            ]),
        }
    }

    #[test]
    fn a_message_both_ways() {
        let message = message();
        assert_eq!(Message::parse(&message.build()), Ok(message.clone()));
        assert_eq!(
            (message.client().map(<[u8]>::len), message.server().map(<[u8]>::len)),
            (Some(10), Some(10))
        );
        assert_eq!(message.status(), StatusCode::Unspecified);
        assert_eq!(message.association(1).map(Association::code), Some(StatusCode::Success));
        assert_eq!(message.association(2), None);
    }

    #[test]
    fn known_octets() {
        // A Solicit as RFC 8415 sections 8 and 21 lay it out.
        let octets = b"\x01\x12\x34\x56\0\x01\0\x0a\0\x03\0\x01\x02\0\0\0\0\x01\0\x08\0\x02\0\0\
            \0\x03\0\x0c\0\0\0\x01\0\0\0\0\0\0\0\0\0\x06\0\x02\0\x17\0\x0e\0\0";
        let fields = Vec::from([
            Field::Client(Vec::from([0, 3, 0, 1, 2, 0, 0, 0, 0, 1])),
            Field::Elapsed(0),
            Field::Addresses(Association { id: 1, renew: 0, rebind: 0, addresses: Vec::new(), status: None }),
            Field::Requested(Vec::from([23])),
            Field::RapidCommit,
        ]);
        let message = Message { kind: Kind::Solicit, transaction: [0x12, 0x34, 0x56], fields };
        assert_eq!(message.build(), octets);
        assert_eq!(Message::parse(octets), Ok(message));
    }

    #[test]
    fn cut_messages_end_at_an_option_or_are_none() {
        let whole = message();
        let octets = whole.build();
        for length in 0..octets.len() {
            // An option that is wholly missing leaves a shorter message; nothing else does.
            if let Ok(shorter) = Message::parse(&octets[..length]) {
                assert!(shorter.fields.len() < whole.fields.len(), "{length}");
                assert_eq!(shorter.fields, whole.fields[..shorter.fields.len()], "{length}");
                assert_eq!(shorter.build(), octets[..length], "{length}");
            }
        }
    }

    #[test]
    fn lengths_that_an_option_cannot_have() {
        for (number, lengths) in [
            (option::ADDRESSES, 0..12),
            (option::PREFERENCE, 0..1),
            (option::PREFERENCE, 2..3),
            (option::ELAPSED, 0..2),
            (option::ELAPSED, 3..4),
            (option::STATUS, 0..2),
            (option::RAPID_COMMIT, 1..2),
            (option::REFRESH_TIME, 0..4),
            (option::LONGEST_SOLICIT, 5..6),
        ] {
            for length in lengths {
                let value = [0; 16][..length].to_vec();
                let fields = Vec::from([Field::Other { number, value }]);
                let octets = Message { kind: Kind::Reply, transaction: [0; 3], fields }.build();
                assert!(Message::parse(&octets).is_err(), "{number} {length}");
            }
        }
        assert!(Message::parse(&[12, 0, 0, 0]).is_err(), "a relay's");
    }
}
