//! Reads the capture of netlink's traffic: which requests did the kernel refuse, to whom, and why?

mod attempts;
mod ports;

pub(crate) use attempts::Attempts;
pub(crate) use ports::Ports;

use crate::failure::{Doing, Failure, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A request that the kernel answered with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The nl80211 command.
    pub(crate) command: u8,
    /// The error, as a positive number.
    pub(crate) error: i32,
    /// What the kernel said about it, where it did.
    pub(crate) message: Option<String>,
    /// The port of the program that had asked.
    port: u32,
    /// When, since 1970.
    at: Duration,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = std::io::Error::from_raw_os_error(self.error);
        write!(f, "{}: {error}", command_name(self.command))?;
        self.message.iter().try_for_each(|message| write!(f, ", \"{message}\""))
    }
}

/// The messages of a capture, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    messages: Vec<Message>,
}

#[derive(Debug)]
struct Message {
    /// When it was captured, since 1970.
    at: Duration,
    kind: u16,
    flags: u16,
    sequence: u32,
    port: u32,
    /// What follows the header.
    payload: Vec<u8>,
}

/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// The family of generic netlink that tells of the others.
pub(crate) const CONTROLLER: u16 = 0x10;
/// `CTRL_CMD_NEWFAMILY` and two of its attributes.
const NEW_FAMILY: u8 = 1;
pub(crate) const FAMILY_ID: u16 = 1;
pub(crate) const FAMILY_NAME: u16 = 2;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// The error repeats only the header of the request.
const CAPPED: u16 = 0x100;
/// The error has attributes behind it.
const HAS_ATTRIBUTES: u16 = 0x200;
/// `NLMSGERR_ATTR_MSG`.
const TEXT: u16 = 1;
/// `NL80211_CMD_NEW_KEY`, `NL80211_ATTR_KEY`, and `NL80211_KEY_IDX` within.
const NEW_KEY: u8 = 11;
const KEY: u16 = 0x50;
const KEY_INDEX: u16 = 2;
/// `NL80211_CMD_TRIGGER_SCAN` and `NL80211_ATTR_SCAN_FREQUENCIES`.
const TRIGGER_SCAN: u8 = 33;
const SCAN_FREQUENCIES: u16 = 44;
/// `NL80211_ATTR_MLO_LINK_ID`.
const LINK: u16 = 313;
/// `NETLINK_GENERIC`.
const GENERIC: u16 = 16;

/// The commands of a station, for the reader of a report.
const COMMANDS: &[(u8, &str)] = &[
    (1, "GET_WIPHY"),
    (2, "SET_WIPHY"),
    (5, "GET_INTERFACE"),
    (6, "SET_INTERFACE"),
    (7, "NEW_INTERFACE"),
    (8, "DEL_INTERFACE"),
    (9, "GET_KEY"),
    (10, "SET_KEY"),
    (11, "NEW_KEY"),
    (12, "DEL_KEY"),
    (17, "GET_STATION"),
    (18, "SET_STATION"),
    (19, "NEW_STATION"),
    (20, "DEL_STATION"),
    (25, "SET_BSS"),
    (31, "GET_REG"),
    (32, "GET_SCAN"),
    (33, "TRIGGER_SCAN"),
    (37, "AUTHENTICATE"),
    (38, "ASSOCIATE"),
    (39, "DEAUTHENTICATE"),
    (40, "DISASSOCIATE"),
    (46, "CONNECT"),
    (48, "DISCONNECT"),
    (52, "SET_PMKSA"),
    (53, "DEL_PMKSA"),
    (54, "FLUSH_PMKSA"),
    (58, "REGISTER_FRAME"),
    (59, "FRAME"),
    (61, "SET_POWER_SAVE"),
    (63, "SET_CQM"),
    (79, "SET_REKEY_OFFLOAD"),
    (95, "GET_PROTOCOL_FEATURES"),
    (114, "ABORT_SCAN"),
    (127, "EXTERNAL_AUTH"),
    (129, "CONTROL_PORT_FRAME"),
    (135, "UPDATE_OWE_INFO"),
    (156, "ASSOC_MLO_RECONF"),
];

/// What a command is called.
pub(crate) fn command_name(command: u8) -> String {
    let known = COMMANDS.iter().find(|(number, _)| *number == command);
    known.map_or_else(|| format!("command {command}"), |(_, name)| (*name).to_owned())
}

impl Capture {
    /// Reads a capture file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Ok(Self::parse(&fs::read(path).doing(|| format!("read {}", path.display()))?))
    }

    /// Takes as much from the bytes as makes sense: the last packet may still be on its way to the disk.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut capture = Self::default();
        // The file's header is 24 bytes, a packet's 16: seconds, microseconds, length here and on the line.
        let mut rest = bytes.get(24..).unwrap_or_default();
        while let Some(length) = u32_at(rest, 8) {
            let Some(packet) = rest.get(16..).and_then(|packet| packet.get(..length as usize)) else { break };
            // The device's own header of 16 bytes ends with the protocol, big-endian.
            if packet.get(14..16) == Some(&GENERIC.to_be_bytes()) {
                let (seconds, micros) = (u32_at(rest, 0).unwrap_or(0), u32_at(rest, 4).unwrap_or(0));
                let at = Duration::from_secs(seconds.into()) + Duration::from_micros(micros.into());
                capture.messages.extend(messages(packet.get(16..).unwrap_or_default(), at));
            }
            rest = rest.get(16 + length as usize..).unwrap_or_default();
        }
        capture
    }

    /// Demands that none of a program's requests was refused.
    pub(crate) fn expect_none_refused(&self, program: &Ports) -> Result<()> {
        expect_none(&self.refusals_to(program, Duration::ZERO, Duration::MAX))
    }

    /// The nl80211 requests of one program that were refused from one moment to another, both since 1970.
    pub(crate) fn refusals_to(&self, program: &Ports, from: Duration, to: Duration) -> Vec<Refusal> {
        let mut refusals = self.refusals();
        refusals.retain(|refusal| program.contains(refusal.port) && (from..=to).contains(&refusal.at));
        refusals
    }

    /// The nl80211 requests that were refused.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        let family = self.nl80211();
        let mut commands = BTreeMap::new();
        let mut refusals = Vec::new();
        for message in &self.messages {
            if Some(message.kind) == family {
                if let Some(command) = message.payload.first() {
                    commands.insert((message.port, message.sequence), *command);
                }
            } else if message.kind == ERROR {
                refusals.extend(refusal(message, family, &commands));
            }
        }
        refusals
    }

    /// The keys that the programs asked the kernel to install: the link of each, where it is for one, and its index:
    /// 0 to 3 for data, 4 and 5 for management frames to all, 6 and 7 for beacons.
    pub(crate) fn keys(&self) -> Vec<(Option<u8>, u8)> {
        let family = self.nl80211();
        let requests = self.messages.iter().filter(|message| Some(message.kind) == family);
        let keys = requests.filter(|message| message.payload.first() == Some(&NEW_KEY));
        let key = |message: &Message| {
            let top: Vec<_> = attributes(message.payload.get(4..)?).collect();
            let value = |kind: u16| top.iter().find(|(known, _)| *known == kind).map(|(_, value)| *value);
            let (_, index) = attributes(value(KEY)?).find(|(kind, _)| *kind == KEY_INDEX)?;
            Some((value(LINK).and_then(|link| link.first().copied()), index.first().copied()?))
        };
        keys.filter_map(key).collect()
    }

    /// The channels of each scan that was asked for from one moment to another, in MHz.
    pub(crate) fn scans(&self, from: Duration, to: Duration) -> Vec<Vec<u32>> {
        let family = self.nl80211();
        let within = self.messages.iter().filter(|message| {
            Some(message.kind) == family && message.flags & REQUEST != 0 && (from..=to).contains(&message.at)
        });
        let scans = within.filter(|message| message.payload.first() == Some(&TRIGGER_SCAN));
        let channels = |message: &Message| {
            let list = attributes(message.payload.get(4..)?).find(|(kind, _)| *kind == SCAN_FREQUENCIES)?.1;
            Some(attributes(list).filter_map(|(_, value)| u32_at(value, 0)).collect())
        };
        scans.map(|message| channels(message).unwrap_or_default()).collect()
    }

    /// The nl80211 commands that were requested from one moment to another, both since 1970.
    pub(crate) fn requests(&self, from: Duration, to: Duration) -> Vec<u8> {
        let family = self.nl80211();
        let requests = self.messages.iter().filter(|message| {
            Some(message.kind) == family && message.flags & REQUEST != 0 && (from..=to).contains(&message.at)
        });
        requests.filter_map(|message| message.payload.first().copied()).collect()
    }

    /// The nl80211 messages from one moment to another, both since 1970: when, which command, and whether it is a request.
    /// Answers and dumps are left out.
    pub(crate) fn timeline(&self, from: Duration, to: Duration) -> Vec<(Duration, u8, bool)> {
        let family = self.nl80211();
        let within = self
            .messages
            .iter()
            .filter(|message| Some(message.kind) == family && (from..=to).contains(&message.at));
        let said = within.filter_map(|message| {
            let is_request = message.flags & REQUEST != 0;
            let is_event = message.sequence == 0;
            (is_request || is_event).then_some((message.at, *message.payload.first()?, is_request))
        });
        said.collect()
    }

    /// The number that the kernel gave to nl80211, learned from whoever asked for it within the capture.
    fn nl80211(&self) -> Option<u16> {
        self.messages.iter().filter(|message| message.kind == CONTROLLER).find_map(|message| {
            let (header, rest) = message.payload.split_at_checked(4)?;
            let attributes: Vec<_> = attributes(rest).collect();
            let value =
                |kind: u16| attributes.iter().find(|(known, _)| *known == kind).map(|(_, value)| *value);
            let named =
                header.first() == Some(&NEW_FAMILY) && value(FAMILY_NAME) == Some(b"nl80211\0".as_slice());
            named.then(|| value(FAMILY_ID).and_then(|value| u16_at(value, 0))).flatten()
        })
    }
}

/// Demands that there is no refusal.
pub(crate) fn expect_none(refusals: &[Refusal]) -> Result<()> {
    let mut counts = BTreeMap::new();
    for refusal in refusals {
        *counts.entry(refusal.to_string()).or_insert(0) += 1;
    }
    let lines: Vec<_> = counts.iter().map(|(refusal, count)| format!("{count} times {refusal}")).collect();
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::unmet("no request refused by the kernel", lines.join("\n    "))),
    }
}

/// Reads an error message: its number, the request's header (and body), attributes.
fn refusal(message: &Message, family: Option<u16>, commands: &BTreeMap<(u32, u32), u8>) -> Option<Refusal> {
    let error = u32_at(&message.payload, 0)?.cast_signed();
    let request = message.payload.get(4..)?;
    let (length, kind) = (u32_at(request, 0)?, u16_at(request, 4)?);
    if error >= 0 || Some(kind) != family {
        return None;
    }
    let repeated = if message.flags & CAPPED == 0 { length as usize } else { 16 };
    let body = request.get(16..repeated).and_then(|body| body.first()).copied();
    let key = (u32_at(request, 12)?, u32_at(request, 8)?);
    let command = body.or_else(|| commands.get(&key).copied()).unwrap_or_default();
    let behind = request.get(repeated.next_multiple_of(4)..).unwrap_or_default();
    let text = (message.flags & HAS_ATTRIBUTES != 0)
        .then(|| attributes(behind).find(|(kind, _)| *kind == TEXT))
        .flatten()
        .map(|(_, text)| String::from_utf8_lossy(text).trim_end_matches('\0').to_owned());
    let (port, at) = (message.port, message.at);
    Some(Refusal { command, error: error.saturating_neg(), message: text, port, at })
}

/// The messages in a packet.
fn messages(mut rest: &[u8], at: Duration) -> Vec<Message> {
    let mut messages = Vec::new();
    while let (Some(length), Some(kind), Some(flags), Some(sequence), Some(port)) =
        (u32_at(rest, 0), u16_at(rest, 4), u16_at(rest, 6), u32_at(rest, 8), u32_at(rest, 12))
    {
        let Some(payload) = rest.get(16..length as usize) else { break };
        messages.push(Message { at, kind, flags, sequence, port, payload: payload.to_owned() });
        rest = rest.get((length as usize).next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

/// The attributes in a piece of a message: kind and value.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & 0x3fff;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The value of the first attribute of a kind.
pub(crate) fn value(rest: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(rest).find(|(known, _)| *known == kind).map(|(_, value)| value)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_ne_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_ne_bytes(*chunk))
}

#[cfg(test)]
mod tests;
