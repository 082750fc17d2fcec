//! Requests of a member of an ad-hoc network as messages.

use super::access_point;
use super::constants::{Command, attr, chan, key as key_attr, key_type};
use super::encode::{ETHERTYPE_EAPOL, key_contents};
use super::reply::Shape;
use super::request::Ibss;
use crate::netlink::{Builder, Expect};
use lapwing_core::ad_hoc::Request;
use lapwing_core::ap;

/// The command of a request, what answers it, and how to read that.
pub(super) const fn command(request: &Request) -> (Command, Expect, Shape) {
    use Expect::{Acknowledgement, Messages};
    match request {
        Request::SendKeyFrame { .. } => (Command::CONTROL_PORT_FRAME, Messages, Shape::Sent),
        Request::ReadPacketNumber { .. } => (Command::GET_KEY, Messages, Shape::KeySequence),
        Request::InstallKey(_) | Request::InstallGroupKey { .. } => {
            (Command::NEW_KEY, Acknowledgement, Shape::Done)
        }
        Request::UseGroupKey { .. } => (Command::SET_KEY, Acknowledgement, Shape::Done),
        Request::AuthorizePeer { .. } => (Command::SET_STATION, Acknowledgement, Shape::Done),
    }
}

/// Fills a message; the interface is in it already.
pub(super) fn fill(message: &mut Builder, request: &Request) {
    let as_access_point = match request {
        Request::InstallGroupKey { peer: Some(peer), key } => {
            // With an address it would be taken for a pairwise one.
            message.mac(attr::MAC, *peer).nest(attr::KEY, |nest| {
                key_contents(nest, key);
                nest.u32(key_attr::TYPE, key_type::GROUP);
            });
            return;
        }
        Request::SendKeyFrame { to, bytes, in_clear } => {
            ap::Request::SendKeyFrame { to: *to, link: None, bytes: bytes.clone(), in_clear: *in_clear }
        }
        Request::InstallKey(key) | Request::InstallGroupKey { peer: None, key } => {
            ap::Request::InstallKey(key.clone())
        }
        Request::UseGroupKey { index } => ap::Request::UseGroupKey { link: None, index: *index },
        Request::ReadPacketNumber { index } => ap::Request::ReadPacketNumber { link: None, index: *index },
        Request::AuthorizePeer { peer } => ap::Request::AuthorizeStation { station: *peer },
    };
    access_point::fill(message, &as_access_point, true);
}

/// Fills the request to join; the interface is in it already.
pub(super) fn fill_join(message: &mut Builder, Ibss { ssid, frequency, protection }: &Ibss) {
    message.bytes(attr::SSID, ssid.octets());
    message.u32(attr::WIPHY_FREQ, frequency.0).u32(attr::CHANNEL_WIDTH, chan::WIDTH_20);
    message.u32(attr::CENTER_FREQ1, frequency.0).flag(attr::SOCKET_OWNER);
    if let Some(protection) = protection {
        // The kernel keeps every port closed then, and lets nothing out that has no key.
        message.bytes(attr::IE, &protection.rsne).flag(attr::PRIVACY).flag(attr::CONTROL_PORT);
        message.u16(attr::CONTROL_PORT_ETHERTYPE, ETHERTYPE_EAPOL);
        message.flag_if(attr::CONTROL_PORT_OVER_NL80211, protection.control_port);
    }
}
