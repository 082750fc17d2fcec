//! The public action frames (Easy Connect 3.0 8.2).

use super::attribute::Attributes;
use crate::{
    management::action::Category,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

open_enum! {
    /// What a frame is for (Easy Connect 3.0 table 33).
    pub enum FrameType: u8 {
        /// The initiator begins.
        AuthenticationRequest = 0,
        /// The responder proves itself.
        AuthenticationResponse = 1,
        /// The initiator proves itself.
        AuthenticationConfirm = 2,
        /// An enrollee shows its connector.
        PeerDiscoveryRequest = 5,
        /// The other shows its own.
        PeerDiscoveryResponse = 6,
        /// A key hidden by a code, of version 1.
        PkexVersion1ExchangeRequest = 7,
        /// The answer to that.
        PkexExchangeResponse = 8,
        /// The key is shown, and proven.
        PkexCommitRevealRequest = 9,
        /// The answer to that.
        PkexCommitRevealResponse = 10,
        /// What the enrollee thinks of the configuration.
        ConfigurationResult = 11,
        /// Whether the network could be joined.
        ConnectionStatusResult = 12,
        /// An enrollee is there.
        PresenceAnnouncement = 13,
        /// An enrollee wants to be configured anew.
        ReconfigurationAnnouncement = 14,
        /// A key hidden by a code, of version 2.
        PkexExchangeRequest = 18,
    }
}

/// The body of a public action frame of the protocol.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is for.
    pub kind: FrameType,
    /// What it says.
    pub attributes: Attributes<'a>,
}

/// Public action, vendor specific, the Wi-Fi Alliance, DPP.
const PREFIX: [u8; 6] = [Category::Public.0, 9, 0x50, 0x6f, 0x9a, 0x1a];
/// The only cryptographic suite there is.
const SUITE: u8 = 1;

impl<'a> Frame<'a> {
    /// What every such body begins with: what a driver is asked to deliver.
    pub const PREFIX: [u8; 6] = PREFIX;

    /// Reads a body.
    ///
    /// # Errors
    /// If it is another action, of another suite, or an attribute is cut short.
    pub fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("DPP frame", body);
        if reader.array()? != PREFIX {
            return Err(reader.invalid("another public action"));
        }
        if reader.u8()? != SUITE {
            return Err(reader.invalid("another cryptographic suite"));
        }
        let kind = FrameType(reader.u8()?);
        Ok(Self { kind, attributes: Attributes::parse(reader.rest())? })
    }

    /// A body of this type with these attributes.
    #[must_use]
    pub fn write(kind: FrameType, attributes: &[u8]) -> Vec<u8> {
        [&PREFIX[..2], &Self::header(kind), attributes].concat()
    }

    /// From the vendor to the frame type: what wrapped data authenticate first.
    #[must_use]
    pub const fn header(kind: FrameType) -> [u8; 6] {
        [PREFIX[2], PREFIX[3], PREFIX[4], PREFIX[5], SUITE, kind.0]
    }
}
