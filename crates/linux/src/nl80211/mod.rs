//! nl80211: radios, scans, connections and keys.
//!
//! [`Request`] to message and message to [`Reply`] or [`Event`] are pure; [`Nl80211`] is the socket. The
//! station's vocabulary is [`lapwing_core::kernel`]; here it gets its encoding, and what the daemon needs
//! beside it (radios, interfaces, regulatory rules, the requests of firmware that connects by itself).

mod access_point;
mod access_point_radio;
mod ad_hoc;
mod combinations;
mod constants;
mod driver;
mod encode;
mod event;
mod family;
mod lengths;
mod reply;
mod request;
mod resync;
mod state;
mod station;
mod wiphy;

pub use access_point::access_point_event;
pub use combinations::Combination;
pub use constants::{Command, extended, iftype};
pub(crate) use driver::{GENERIC, resolve};
pub use driver::{Incoming, Nl80211};
pub use event::{Event, EventKind, Origin};
pub use family::Family;
pub use reply::Reply;
pub use request::{EncodeError, Ibss, IbssProtection, KeyName, Request};
pub use resync::{Progress, Resync, Snapshot};
pub use state::{BssEntry, InterfaceInfo, Regulatory, RegulatoryRule};
pub use station::{Modulation, Rate, StationFigures};
pub use wiphy::{BandCapabilities, IftypeCapabilities, Wiphy, WiphyBand, WiphyChannel};

use crate::netlink::{Attributes, DecodeError};

/// The command of a message, from the generic netlink header on.
fn command(message: &[u8]) -> Result<Command, DecodeError> {
    let (&[command, ..], _) = message.split_first_chunk::<4>().ok_or(SHORT)?;
    Ok(Command(command))
}

/// The attributes of a message, from the generic netlink header on.
fn attributes<'a>(what: &'static str, message: &'a [u8]) -> Result<Attributes<'a>, DecodeError> {
    message.get(4..).map(|attributes| Attributes::new(what, attributes)).ok_or(SHORT)
}

const SHORT: DecodeError = DecodeError::invalid("generic netlink message", "shorter than its own header");

#[cfg(test)]
mod tests;
