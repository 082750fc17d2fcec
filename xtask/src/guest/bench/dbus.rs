//! A client of the bus that costs next to nothing: it shares the one processor with the daemon that it measures, so a
//! message is bytes made beforehand, and an answer is looked into only as far as it takes to know it.

use super::meter::now;
use crate::failure::{Doing, Failure, Result};
use crate::guest::process::{Process, wait};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Where system services look for the bus.
const SOCKET: &str = "/run/dbus/system_bus_socket";

/// A bus on which everybody may do everything.
const CONFIGURATION: &str =
    "<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_type=\"*\"/>
<allow receive_type=\"*\"/><allow eavesdrop=\"false\"/></policy></busconfig>";

/// How long an answer may take: longer than a sweep of all channels.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the bus.
pub(super) fn start_daemon() -> Result<Process> {
    let place = Path::new("/tmp/bus.conf");
    fs::write(place, CONFIGURATION).doing(|| "write the bus's configuration".into())?;
    fs::create_dir_all("/run/dbus").doing(|| "create /run/dbus".into())?;
    let words = ["--config-file=/tmp/bus.conf", "--nofork", "--nopidfile"];
    let mut program = crate::command::command("dbus-daemon", words);
    let process = Process::start("dbus-daemon", &mut program, "/tmp/bus.log".into())?;
    let there = wait(Duration::from_secs(10), || Path::new(SOCKET).exists().then_some(()));
    there.map(|()| process).ok_or_else(|| Failure::unmet("a bus", "none"))
}

/// A connection to the bus.
#[derive(Debug)]
pub(super) struct Bus {
    socket: UnixStream,
    serial: u32,
    /// What was read and not taken yet.
    read: Vec<u8>,
}

/// Whom a call is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) name: &'a str,
}

/// A call that only has to be written.
#[derive(Debug)]
pub(super) struct Call {
    serial: u32,
    bytes: Vec<u8>,
}

/// Signals, and when each was there.
pub(super) type Recorded = Vec<(Duration, Message)>;

/// A message as it came.
#[derive(Debug)]
pub(super) struct Message {
    kind: u8,
    answers: Option<u32>,
    pub(super) member: String,
    error: Option<String>,
    signature: String,
    body: Vec<u8>,
}

const METHOD_CALL: u8 = 1;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

impl Bus {
    /// Connects, and has a name.
    pub(super) fn connect() -> Result<Self> {
        let socket = UnixStream::connect(SOCKET).doing(|| "connect to the bus".into())?;
        socket.set_read_timeout(Some(PATIENCE)).doing(|| "set a time limit".into())?;
        let mut bus = Self { socket, serial: 0, read: Vec::new() };
        // The user's number in decimal, as hexadecimal digits: root is "0".
        bus.write(b"\0AUTH EXTERNAL 30\r\n")?;
        while !bus.read.ends_with(b"\r\n") {
            bus.fill()?;
        }
        if !bus.read.starts_with(b"OK ") {
            let seen = String::from_utf8_lossy(&bus.read).into_owned();
            return Err(Failure::unmet("the bus lets root in", seen));
        }
        bus.read.clear();
        bus.write(b"BEGIN\r\n")?;
        bus.ask_bus("Hello", &[])?;
        Ok(bus)
    }

    /// Asks to be told of signals.
    pub(super) fn watch(&mut self, rule: &str) -> Result<()> {
        self.ask_bus("AddMatch", &[rule]).map(drop)
    }

    /// Makes a call with texts as its arguments.
    pub(super) fn prepare(&mut self, member: Member<'_>, arguments: &[&str]) -> Call {
        let mut body = Writer::default();
        arguments.iter().for_each(|argument| body.text(argument));
        self.assemble(member, &vec![b's'; arguments.len()], body)
    }

    /// Makes a call with octets as its only argument.
    pub(super) fn prepare_octets(&mut self, member: Member<'_>, octets: &[u8]) -> Call {
        let mut body = Writer::default();
        body.number(octets.len());
        body.0.extend(octets);
        self.assemble(member, b"ay", body)
    }

    fn assemble(&mut self, member: Member<'_>, signature: &[u8], body: Writer) -> Call {
        self.serial += 1;
        let mut fields = Writer::default();
        let named = [(1, b'o', member.path), (2, b's', member.interface), (3, b's', member.name)];
        for (code, kind, text) in named.into_iter().chain([(6, b's', member.destination)]) {
            fields.align(8);
            fields.0.extend([code, 1, kind, 0]);
            fields.text(text);
        }
        if !signature.is_empty() {
            fields.align(8);
            let count = u8::try_from(signature.len()).unwrap_or(u8::MAX);
            fields.0.extend([8, 1, b'g', 0, count]);
            fields.0.extend(signature.iter().chain(&[0]));
        }
        let mut bytes = Writer(vec![b'l', METHOD_CALL, 0, 1]);
        bytes.number(body.0.len());
        bytes.number(self.serial as usize);
        bytes.number(fields.0.len());
        bytes.0.extend(fields.0);
        bytes.align(8);
        bytes.0.extend(body.0);
        Call { serial: self.serial, bytes: bytes.0 }
    }

    /// Sends a call.
    pub(super) fn send(&mut self, call: &Call) -> Result<()> {
        self.write(&call.bytes)
    }

    /// Waits for the answer to a call.
    pub(super) fn answer(&mut self, call: &Call) -> Result<Message> {
        loop {
            let message = self.next()?;
            if message.answers == Some(call.serial) {
                return match message.kind {
                    ERROR => Err(Failure::unmet(
                        "an answer on the bus",
                        format!("{} {}", message.error.clone().unwrap_or_default(), message.content()),
                    )),
                    _ => Ok(message),
                };
            }
        }
    }

    /// Sends a call and waits for its answer.
    pub(super) fn ask(&mut self, member: Member<'_>, arguments: &[&str]) -> Result<Value> {
        let call = self.prepare(member, arguments);
        self.send(&call)?;
        self.answer(&call).map(|message| message.content())
    }

    /// Waits for a signal that fits.
    pub(super) fn signal<T>(&mut self, fits: impl Fn(&Message) -> Option<T>) -> Result<T> {
        loop {
            let message = self.next()?;
            if message.kind == SIGNAL
                && let Some(found) = fits(&message)
            {
                return Ok(found);
            }
        }
    }

    /// Reads for so long without a look at what comes, which is told afterwards: the signals, and when each was there.
    pub(super) fn record(&mut self, within: Duration) -> Result<Recorded> {
        let until = now() + within;
        let mut buffer = vec![0; 1 << 16];
        let mut reads = Vec::new();
        while let Some(left) = until.checked_sub(now()).filter(|left| !left.is_zero()) {
            self.socket.set_read_timeout(Some(left)).doing(|| "set a time limit".into())?;
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(Failure::unmet("the bus goes on", "it closed the connection")),
                Ok(count) => {
                    self.read.extend(buffer.get(..count).unwrap_or_default());
                    reads.push((now(), self.read.len()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).doing(|| "read from the bus".into()),
            }
        }
        self.socket.set_read_timeout(Some(PATIENCE)).doing(|| "set a time limit".into())?;
        let (mut at, mut signals) = (0, Vec::new());
        while let Some((message, length)) = Message::parse(self.read.get(at..).unwrap_or_default()) {
            at += length;
            let read = reads.iter().find(|(_, end)| *end >= at);
            if let Some((moment, _)) = read.filter(|_| message.kind == SIGNAL) {
                signals.push((*moment, message));
            }
        }
        self.read.drain(..at);
        Ok(signals)
    }

    fn ask_bus(&mut self, name: &str, arguments: &[&str]) -> Result<Value> {
        let destination = "org.freedesktop.DBus";
        let path = "/org/freedesktop/DBus";
        self.ask(Member { destination, path, interface: destination, name }, arguments)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.socket.write_all(bytes).doing(|| "write to the bus".into())
    }

    fn fill(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        let count = self.socket.read(&mut buffer).doing(|| "read from the bus".into())?;
        if count == 0 {
            return Err(Failure::unmet("the bus goes on", "it closed the connection"));
        }
        self.read.extend(buffer.get(..count).unwrap_or_default());
        Ok(())
    }

    fn next(&mut self) -> Result<Message> {
        loop {
            if let Some((message, length)) = Message::parse(&self.read) {
                self.read.drain(..length);
                return Ok(message);
            }
            self.fill()?;
        }
    }
}

impl Message {
    /// Takes the first message from the bytes, and says how long it was.
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut header = Reader { bytes, at: 4 };
        let length = header.number()? as usize;
        header.number()?;
        let end = 16 + (header.number()? as usize);
        let start = end.next_multiple_of(8);
        let body = bytes.get(start..start + length)?.to_owned();
        let (mut answers, mut texts) = (None, Map::new());
        while header.at < end {
            header.align(8);
            let code = header.byte()?;
            match header.variant()? {
                Value::Number(number) if code == 5 => answers = number.as_u64().map(|number| number as u32),
                value => drop(texts.insert(code.to_string(), value)),
            }
        }
        let text = |code: &str| texts.get(code).and_then(Value::as_str).map(str::to_owned);
        let message = Self {
            kind: *bytes.get(1)?,
            answers,
            member: text("3").unwrap_or_default(),
            error: text("4"),
            signature: text("8").unwrap_or_default(),
            body,
        };
        Some((message, start + length))
    }

    /// What it carries, as a list.
    pub(super) fn content(&self) -> Value {
        let mut reader = Reader { bytes: &self.body, at: 0 };
        let mut signature = self.signature.as_bytes();
        let mut values = Vec::new();
        while !signature.is_empty() {
            let Some(value) = reader.value(&mut signature) else { break };
            values.push(value);
        }
        Value::Array(values)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: usize) {
        self.align(4);
        self.0.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }
}

/// Reads what little-endian services send.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn fixed<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        self.align(SIZE);
        let chunk = self.bytes.get(self.at..)?.first_chunk().copied();
        self.at += SIZE;
        chunk
    }

    fn number(&mut self) -> Option<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let bytes = self.bytes.get(self.at..self.at + length)?;
        self.at += length + 1;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn variant(&mut self) -> Option<Value> {
        let length = self.byte()?;
        let signature = self.text(length.into())?;
        self.value(&mut signature.as_bytes())
    }

    /// One value; the signature moves on behind it.
    fn value(&mut self, signature: &mut &[u8]) -> Option<Value> {
        let (kind, rest) = signature.split_first()?;
        *signature = rest;
        Some(match kind {
            b'y' => json!(self.byte()?),
            b'b' => json!(self.number()? != 0),
            b'n' => json!(i16::from_le_bytes(self.fixed()?)),
            b'q' => json!(u16::from_le_bytes(self.fixed()?)),
            b'i' => json!(i32::from_le_bytes(self.fixed()?)),
            b'u' | b'h' => json!(self.number()?),
            b'x' => json!(i64::from_le_bytes(self.fixed()?)),
            b't' => json!(u64::from_le_bytes(self.fixed()?)),
            b'd' => json!(f64::from_le_bytes(self.fixed()?)),
            b's' | b'o' => {
                let length = self.number()? as usize;
                json!(self.text(length)?)
            }
            b'g' => {
                let length = self.byte()?.into();
                json!(self.text(length)?)
            }
            b'v' => self.variant()?,
            b'(' => {
                self.align(8);
                let mut values = Vec::new();
                while *signature.first()? != b')' {
                    values.push(self.value(signature)?);
                }
                *signature = signature.get(1..)?;
                Value::Array(values)
            }
            b'a' => self.array(signature)?,
            _ => return None,
        })
    }

    /// A list, or an object if it is made of pairs.
    fn array(&mut self, signature: &mut &[u8]) -> Option<Value> {
        let length = self.number()? as usize;
        let element = *signature;
        let kind = *element.first()?;
        if matches!(kind, b'x' | b't' | b'd' | b'(' | b'{') {
            self.align(8);
        }
        let end = self.at + length;
        *signature = element.get(complete(element)?..)?;
        let (mut list, mut pairs) = (Vec::new(), Map::new());
        while self.at < end {
            let mut one = element;
            if kind == b'{' {
                self.align(8);
                one = one.get(1..)?;
                let key = self.value(&mut one)?;
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                pairs.insert(key, self.value(&mut one)?);
            } else {
                list.push(self.value(&mut one)?);
            }
        }
        Some(if kind == b'{' { Value::Object(pairs) } else { Value::Array(list) })
    }
}

/// The length of the first complete type of a signature.
fn complete(signature: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, kind) in signature.iter().enumerate() {
        match kind {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 && *kind != b'a' {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to call 7: `a{oa{sv}}` with one object that has two properties.
    fn answer() -> Vec<u8> {
        let mut inner = Writer::default();
        inner.text("Name");
        inner.0.extend([1, b's', 0]);
        inner.text("plain");
        inner.align(8);
        inner.text("Connected");
        inner.0.extend([1, b'b', 0]);
        inner.number(1);
        let mut object = Writer::default();
        object.text("/a");
        object.number(inner.0.len());
        object.align(8);
        object.0.extend(inner.0);
        let mut body = Writer::default();
        body.number(object.0.len());
        body.align(8);
        body.0.extend(object.0);
        let mut fields = Writer::default();
        fields.0.extend([5, 1, b'u', 0]);
        fields.number(7);
        fields.0.extend([8, 1, b'g', 0, 9]);
        fields.0.extend(b"a{oa{sv}}\0");
        let mut bytes = Writer(vec![b'l', 2, 1, 1]);
        [body.0.len(), 3, fields.0.len()].into_iter().for_each(|number| bytes.number(number));
        bytes.0.extend(fields.0);
        bytes.align(8);
        bytes.0.extend(body.0);
        bytes.0
    }

    #[test]
    fn an_answer_becomes_an_object() {
        let bytes = answer();
        let (message, length) = Message::parse(&bytes).unwrap();
        assert_eq!((message.answers, length), (Some(7), bytes.len()));
        assert_eq!(message.content(), json!([{"/a": {"Name": "plain", "Connected": true}}]));
    }

    #[test]
    fn a_message_cut_anywhere_is_waited_for() {
        let bytes = answer();
        for length in 0..bytes.len() {
            assert!(Message::parse(&bytes[..length]).is_none(), "at {length}");
        }
    }

    #[test]
    fn types_are_as_long_as_their_brackets() {
        for (signature, length) in [("s", 1), ("a{sv}u", 5), ("aa{oa{sv}}s", 10), ("(su)i", 4), ("a", 0)] {
            assert_eq!(complete(signature.as_bytes()).unwrap_or(0), length, "{signature}");
        }
    }
}
