//! Replies: messages to values.

use super::constants::{attr, key as key_attr};
use super::request::Request;
use super::state::{BssEntry, InterfaceInfo, Regulatory};
use super::station::StationFigures;
use super::wiphy::Wiphy;
use super::{access_point, ad_hoc};
use crate::netlink::DecodeError;
use lapwing_core::kernel;
use std::collections::BTreeMap;

/// What the kernel answers to a [`Request`] that it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a station's request; also "done" to any other.
    Station(kernel::Reply),
    /// Every event of the requests before the fence has been read.
    Fence {
        /// Whether the kernel can split the dump of a radio.
        split_dump: bool,
    },
    /// The radios by index.
    Radios(BTreeMap<u32, Wiphy>),
    /// Interfaces.
    Interfaces(Vec<InterfaceInfo>),
    /// The regulatory rules.
    Regulatory(Regulatory),
    /// The peers with their figures.
    Figures(Vec<StationFigures>),
    /// A key's packet number, little endian.
    KeySequence([u8; 6]),
}

/// How to read the reply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Done,
    Sent,
    Scan,
    Interface,
    Stations,
    Fence,
    Radios,
    Interfaces,
    Regulatory,
    Figures,
    KeySequence,
}

impl Request {
    pub(super) const fn shape(&self) -> Shape {
        match self {
            Self::Station { request, .. } => match request {
                kernel::Request::ReadScan => Shape::Scan,
                kernel::Request::ReadInterface => Shape::Interface,
                kernel::Request::ReadStations => Shape::Stations,
                kernel::Request::SendKeyFrame { .. } | kernel::Request::SendFrame { .. } => Shape::Sent,
                _ => Shape::Done,
            },
            Self::AccessPoint { request, .. } => access_point::command(request).2,
            Self::ProbeClient { .. } | Self::SendOffChannel { .. } | Self::RemainOnChannel { .. } => {
                Shape::Sent
            }
            Self::AdHoc { request, .. } => ad_hoc::command(request).2,
            Self::Fence => Shape::Fence,
            Self::ReadRadios => Shape::Radios,
            Self::ReadInterfaces | Self::NewInterface { .. } => Shape::Interfaces,
            Self::ReadRegulatory { .. } => Shape::Regulatory,
            Self::ReadFigures { .. } => Shape::Figures,
            Self::ReadKey(_) => Shape::KeySequence,
            _ => Shape::Done,
        }
    }
}

impl Shape {
    /// Reads the messages of a reply, each from the generic netlink header on.
    pub(super) fn decode(self, messages: &[Vec<u8>], cookie: Option<u64>) -> Result<Reply, DecodeError> {
        let first = || {
            messages
                .first()
                .map(Vec::as_slice)
                .ok_or(DecodeError::invalid("reply", "no message in the reply"))
        };
        Ok(Reply::Station(match self {
            Self::Done => kernel::Reply::Done,
            // EAPOL's cookie is in the acknowledgement, that of other frames in a message.
            Self::Sent => {
                let named = match messages.first() {
                    Some(message) => super::attributes("FRAME", message)?.find(attr::COOKIE),
                    None => None,
                };
                let named = named.map(|attribute| attribute.u64()).transpose()?;
                kernel::Reply::Sent { cookie: named.or(cookie).unwrap_or_default() }
            }
            Self::Scan => kernel::Reply::Scan(
                messages
                    .iter()
                    .filter_map(|message| BssEntry::decode(message).transpose())
                    .map(|found| found.map(|found| found.entry))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Interface => kernel::Reply::Interface(InterfaceInfo::decode(first()?)?.state),
            Self::Stations => {
                kernel::Reply::Stations(figures(messages)?.iter().map(StationFigures::state).collect())
            }
            Self::Fence => {
                let features = super::attributes("GET_PROTOCOL_FEATURES", first()?)?;
                let features = features.find(attr::PROTOCOL_FEATURES);
                let features = features.map_or(Ok(0), |features| features.u32())?;
                return Ok(Reply::Fence { split_dump: features & 1 != 0 });
            }
            Self::Radios => {
                return Wiphy::decode_dump(messages.iter().map(Vec::as_slice)).map(Reply::Radios);
            }
            Self::Interfaces => {
                let decoded = messages.iter().map(|message| InterfaceInfo::decode(message));
                return decoded.collect::<Result<_, _>>().map(Reply::Interfaces);
            }
            Self::Regulatory => return Regulatory::decode(first()?).map(Reply::Regulatory),
            Self::Figures => return figures(messages).map(Reply::Figures),
            Self::KeySequence => return key_sequence(first()?).map(Reply::KeySequence),
        }))
    }
}

fn figures(messages: &[Vec<u8>]) -> Result<Vec<StationFigures>, DecodeError> {
    messages.iter().map(|message| StationFigures::decode(message)).collect()
}

fn key_sequence(message: &[u8]) -> Result<[u8; 6], DecodeError> {
    let nest = super::attributes("NEW_KEY", message)?.find(attr::KEY);
    let sequence = nest.and_then(|nest| nest.nested("key").find(key_attr::SEQ));
    sequence.ok_or(DecodeError::invalid("NEW_KEY", "no sequence counter"))?.array()
}
