//! An access point's requests as messages, and what nl80211 says to one.

mod client;
mod encode;
mod event;

pub(super) use encode::fill;
pub use event::access_point_event;

use super::constants::Command;
use super::reply::Shape;
use crate::netlink::Expect;
use lapwing_core::ap::Request;

/// The command of a request, what answers it, and how to read that.
pub(super) const fn command(request: &Request) -> (Command, Expect, Shape) {
    use Expect::{Acknowledgement, Messages};
    let command = match request {
        // The cookies of frames, and the number of a key.
        Request::SendFrame { .. } => return (Command::FRAME, Messages, Shape::Sent),
        Request::SendKeyFrame { .. } => return (Command::CONTROL_PORT_FRAME, Messages, Shape::Sent),
        Request::ReadPacketNumber { .. } => return (Command::GET_KEY, Messages, Shape::KeySequence),
        Request::AddLink { .. } => Command::ADD_LINK,
        Request::RemoveLink { .. } => Command::REMOVE_LINK,
        Request::StartBss(_) => Command::START_AP,
        Request::SetBeacon(_) => Command::SET_BEACON,
        Request::StopBss { .. } => Command::STOP_AP,
        Request::SwitchChannel { .. } => Command::CHANNEL_SWITCH,
        Request::AddStation(_) => Command::NEW_STATION,
        Request::AddLinkStation { .. } => Command::ADD_LINK_STA,
        Request::RemoveLinkStation { .. } => Command::REMOVE_LINK_STA,
        Request::AuthorizeStation { .. } => Command::SET_STATION,
        Request::RemoveStation { .. } => Command::DEL_STATION,
        Request::InstallKey(_) => Command::NEW_KEY,
        Request::UseGroupKey { .. } => Command::SET_KEY,
        Request::IsolateClients { .. } => Command::SET_BSS,
    };
    (command, Acknowledgement, Shape::Done)
}
