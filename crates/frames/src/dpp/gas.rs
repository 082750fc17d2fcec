//! The frames of the generic advertisement service (802.11-2020 9.6.7.12 to 9.6.7.15), as far as they carry
//! the configuration protocol.

use crate::{
    management::{StatusCode, action::Category},
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// A GAS frame of the configuration protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gas<'a> {
    /// The enrollee asks.
    InitialRequest {
        /// What matches a response with its request.
        dialog_token: u8,
        /// The attributes.
        query: &'a [u8],
    },
    /// The configurator answers, or says when to ask for the answer.
    InitialResponse {
        /// That of the request.
        dialog_token: u8,
        /// How it went.
        status: StatusCode,
        /// When to ask, in TU of 1024 µs; 0 if the answer is here, 1 if its fragments may be asked for at once.
        comeback_delay: u16,
        /// The attributes.
        response: &'a [u8],
    },
    /// The enrollee asks for a fragment.
    ComebackRequest {
        /// That of the first request.
        dialog_token: u8,
    },
    /// A fragment.
    ComebackResponse {
        /// That of the request.
        dialog_token: u8,
        /// How it went.
        status: StatusCode,
        /// Which fragment.
        fragment: Fragment,
        /// When to ask again, in TU; 0 if it is here.
        comeback_delay: u16,
        /// The fragment.
        response: &'a [u8],
    },
}

/// The number of a fragment, and whether more follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fragment(pub u8);

impl Fragment {
    /// The fragment with this number (modulo 128).
    #[must_use]
    pub const fn new(number: u8, more: bool) -> Self {
        Self(number & 0x7f | if more { 0x80 } else { 0 })
    }

    /// Its number, from 0.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0 & 0x7f
    }

    /// Whether more follow.
    #[must_use]
    pub const fn more(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// The Advertisement Protocol element: its ID and length.
const ELEMENT: [u8; 2] = [108, 8];
/// The protocol: a vendor's, the Wi-Fi Alliance, DPP, its suite.
const PROTOCOL: [u8; 7] = [221, 5, 0x50, 0x6f, 0x9a, 0x1a, 1];
/// The query response information of a request.
const ASKS: u8 = 0;
/// That of a response: no limit of its own to the length.
const ANSWERS: u8 = 0x7f;

impl<'a> Gas<'a> {
    /// Category and action of each of the four frames: what a driver is asked to deliver.
    pub const PREFIXES: [[u8; 2]; 4] = [
        [Category::Public.0, 10],
        [Category::Public.0, 11],
        [Category::Public.0, 12],
        [Category::Public.0, 13],
    ];

    /// Reads a body.
    ///
    /// # Errors
    /// If it is another action, for another protocol, cut short, or too long.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("GAS frame", body);
        if reader.u8()? != Category::Public.0 {
            return Err(reader.invalid("another category"));
        }
        let (action, dialog_token) = (reader.u8()?, reader.u8()?);
        let gas = match action {
            10 => Self::InitialRequest { dialog_token, query: content(&mut reader)? },
            11 => Self::InitialResponse {
                dialog_token,
                status: StatusCode(reader.u16_le()?),
                comeback_delay: reader.u16_le()?,
                response: content(&mut reader)?,
            },
            12 => Self::ComebackRequest { dialog_token },
            13 => Self::ComebackResponse {
                dialog_token,
                status: StatusCode(reader.u16_le()?),
                fragment: Fragment(reader.u8()?),
                comeback_delay: reader.u16_le()?,
                response: content(&mut reader)?,
            },
            _ => return Err(reader.invalid("another public action")),
        };
        reader.finish()?;
        Ok(gas)
    }

    /// What matches responses with requests.
    #[must_use]
    pub const fn dialog_token(&self) -> u8 {
        match self {
            Self::InitialRequest { dialog_token, .. }
            | Self::InitialResponse { dialog_token, .. }
            | Self::ComebackRequest { dialog_token }
            | Self::ComebackResponse { dialog_token, .. } => *dialog_token,
        }
    }

    /// The body as octets. Content beyond what 16 bits can count is cut off.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut head = |action: u8| out.extend([Category::Public.0, action, self.dialog_token()]);
        match self {
            Self::InitialRequest { query, .. } => {
                head(10);
                put(ASKS, query, &mut out);
            }
            Self::InitialResponse { status, comeback_delay, response, .. } => {
                head(11);
                out.extend(status.0.to_le_bytes());
                out.extend(comeback_delay.to_le_bytes());
                put(ANSWERS, response, &mut out);
            }
            Self::ComebackRequest { .. } => head(12),
            Self::ComebackResponse { status, fragment, comeback_delay, response, .. } => {
                head(13);
                out.extend(status.0.to_le_bytes());
                out.push(fragment.0);
                out.extend(comeback_delay.to_le_bytes());
                put(ANSWERS, response, &mut out);
            }
        }
        out
    }
}

/// The element, which must name the protocol, and what follows it.
fn content<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ParseError> {
    let at = reader.clone();
    let element: [u8; 2] = reader.array()?;
    // Peers write 0 or 0x7f there, in requests and in responses: it says nothing about this protocol.
    let _information = reader.u8()?;
    let protocol: [u8; 7] = reader.array()?;
    if element != ELEMENT || protocol != PROTOCOL {
        return Err(at.invalid("another advertisement protocol"));
    }
    let length = reader.u16_le()?;
    reader.take(usize::from(length))
}

fn put(information: u8, content: &[u8], out: &mut Vec<u8>) {
    let content = content.get(..usize::from(u16::MAX)).unwrap_or(content);
    out.extend(ELEMENT);
    out.push(information);
    out.extend(PROTOCOL);
    out.extend(u16::try_from(content.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(content);
}
