//! What came of a station's attempts to connect, by the kernel's own events: the same count for every program.

use super::{Capture, Message, REQUEST, u16_at, u32_at};
use std::time::Duration;

/// The attempts within some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// How often the kernel was asked to authenticate: once with a PMKSA, twice and more with SAE.
    pub(crate) authentications: usize,
    /// Authentications that ended without an answer, or with a refusal.
    pub(crate) failed_authentications: usize,
    /// Associations that did.
    pub(crate) failed_associations: usize,
    /// When the kernel said that it is connected, since 1970: each time.
    pub(crate) connected: Vec<Duration>,
    /// When the kernel said that it is no more.
    pub(crate) disconnected: Vec<Duration>,
    /// When the station's data was let through.
    pub(crate) authorized: Vec<Duration>,
}

impl Attempts {
    /// Whether the very first attempt led to a connection that was let through.
    pub(crate) fn first_connected(&self) -> bool {
        let connected = self.connected.first();
        self.failed_authentications == 0
            && self.failed_associations == 0
            && self.connected.len() == 1
            && self.authorized.iter().any(|at| Some(at) >= connected)
            && self.disconnected.iter().all(|at| Some(at) <= connected)
    }
}

const SET_STATION: u8 = 18;
const AUTHENTICATE: u8 = 37;
const ASSOCIATE: u8 = 38;
const CONNECT: u8 = 46;
const DISCONNECT: u8 = 48;

const INTERFACE: u16 = 3;
const FRAME: u16 = 51;
const TIMED_OUT: u16 = 65;
const STATION_FLAGS: u16 = 67;
const STATUS_CODE: u16 = 72;

/// `NL80211_STA_FLAG_AUTHORIZED`, as a bit.
const AUTHORIZED: u32 = 1 << 1;

/// The place of the status in an authentication frame, behind the header, algorithm and transaction number.
const AUTHENTICATION_STATUS: usize = 28;
/// The place of the status in an association response, behind the header and the capabilities.
const ASSOCIATION_STATUS: usize = 26;
/// Status codes with which an authentication goes on: success, an anti-clogging token, another group, SAE with
/// hash-to-element, SAE with a public key.
const GOES_ON: &[u16] = &[0, 76, 77, 126, 127];

/// A broadcast is captured once for each program that hears it, at almost the same time.
const SAME: Duration = Duration::from_millis(2);

impl Capture {
    /// The attempts of an interface from one moment to another, both since 1970.
    pub(crate) fn attempts(&self, interface: u32, from: Duration, to: Duration) -> Attempts {
        let family = self.nl80211();
        let within = self.messages.iter().filter(|message| {
            Some(message.kind) == family && (from..=to).contains(&message.at) && is_of(message, interface)
        });
        let mut attempts = Attempts::default();
        let mut last: Vec<&Message> = Vec::new();
        for message in within {
            last.retain(|earlier| message.at.saturating_sub(earlier.at) <= SAME);
            let repeated = last.iter().any(|earlier| earlier.payload == message.payload);
            if !repeated {
                attempts.count(message);
                last.push(message);
            }
        }
        attempts
    }
}

impl Attempts {
    fn count(&mut self, message: &Message) {
        let event = message.flags & REQUEST == 0;
        let status = |at: usize| u16_at(value(message, FRAME)?, at);
        let timed_out = value(message, TIMED_OUT).is_some();
        match message.payload.first() {
            Some(&AUTHENTICATE) if event => {
                let refused = status(AUTHENTICATION_STATUS).is_some_and(|status| !GOES_ON.contains(&status));
                self.failed_authentications += usize::from(timed_out || refused);
            }
            Some(&AUTHENTICATE) => self.authentications += 1,
            Some(&ASSOCIATE) if event => {
                let refused = status(ASSOCIATION_STATUS).is_some_and(|status| status != 0);
                self.failed_associations += usize::from(timed_out || refused);
            }
            // One that tells of a failure has been counted by the event before it.
            Some(&CONNECT) if event && value(message, STATUS_CODE).is_none_or(|value| value == [0, 0]) => {
                self.connected.push(message.at);
            }
            Some(&DISCONNECT) if event => self.disconnected.push(message.at),
            Some(&SET_STATION) if !event => {
                let set = value(message, STATION_FLAGS).and_then(|value| u32_at(value, 4)).unwrap_or(0);
                if set & AUTHORIZED != 0 {
                    self.authorized.push(message.at);
                }
            }
            _ => {}
        }
    }
}

fn is_of(message: &Message, interface: u32) -> bool {
    value(message, INTERFACE).and_then(|value| u32_at(value, 0)) == Some(interface)
}

/// The value of an attribute of an nl80211 message, behind its header of four bytes.
fn value(message: &Message, kind: u16) -> Option<&[u8]> {
    super::value(message.payload.get(4..)?, kind)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{attribute, capture, family, message};
    use super::*;

    fn event(command: u8, interface: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut payload = vec![command, 1, 0, 0];
        payload.extend(attribute(INTERFACE, &interface.to_ne_bytes()));
        payload.extend(attributes.concat());
        message(30, 0, 0, 0, &payload)
    }

    fn request(command: u8, interface: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = event(command, interface, attributes);
        bytes[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
        bytes
    }

    fn frame(status: u16, at: usize) -> Vec<u8> {
        let mut frame = vec![0; at];
        frame.extend(status.to_le_bytes());
        attribute(FRAME, &frame)
    }

    fn flags(set: u32) -> Vec<u8> {
        attribute(STATION_FLAGS, &[set.to_ne_bytes(), set.to_ne_bytes()].concat())
    }

    fn attempts(packets: &[Vec<u8>]) -> Attempts {
        let packets = [[family()].as_slice(), packets].concat();
        Capture::parse(&capture(&packets)).attempts(5, Duration::ZERO, Duration::MAX)
    }

    #[test]
    fn what_goes_well_is_a_first_attempt_that_connected() {
        let seen = attempts(&[
            event(DISCONNECT, 5, &[]),
            event(AUTHENTICATE, 5, &[frame(126, AUTHENTICATION_STATUS)]),
            event(AUTHENTICATE, 5, &[frame(0, AUTHENTICATION_STATUS)]),
            event(ASSOCIATE, 5, &[frame(0, ASSOCIATION_STATUS)]),
            event(CONNECT, 5, &[attribute(STATUS_CODE, &0_u16.to_ne_bytes())]),
            request(SET_STATION, 5, &[flags(AUTHORIZED)]),
            // Another interface's troubles are none of its own.
            event(AUTHENTICATE, 6, &[attribute(TIMED_OUT, &[])]),
        ]);
        assert!(seen.first_connected(), "{seen:?}");
    }

    #[test]
    fn an_authentication_without_an_answer_is_a_failed_attempt() {
        let seen = attempts(&[
            event(AUTHENTICATE, 5, &[attribute(TIMED_OUT, &[])]),
            event(AUTHENTICATE, 5, &[frame(0, AUTHENTICATION_STATUS)]),
            event(ASSOCIATE, 5, &[frame(30, ASSOCIATION_STATUS)]),
            event(CONNECT, 5, &[]),
            request(SET_STATION, 5, &[flags(AUTHORIZED)]),
        ]);
        assert_eq!((seen.failed_authentications, seen.failed_associations), (1, 1));
        assert!(!seen.first_connected());
    }

    #[test]
    fn a_connection_that_goes_before_data_may_flow_is_none() {
        let connect = event(CONNECT, 5, &[]);
        assert!(!attempts(std::slice::from_ref(&connect)).first_connected());
        let lost = [connect, request(SET_STATION, 5, &[flags(AUTHORIZED)]), event(DISCONNECT, 5, &[])];
        assert!(!attempts(&lost).first_connected());
    }
}
