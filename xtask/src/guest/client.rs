//! A D-Bus client of our own. It can do what no library lets a client do: answer nonsense, never answer, go away in
//! the middle, and ask for a thousand things without waiting.

mod message;

pub(crate) use message::{Argument, Message};

use crate::failure::{Doing, Failure, Result};
use crate::guest::bus::SOCKET;
use crate::guest::process::wait;
use serde_json::Value;
use std::collections::VecDeque;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The name of the service under test.
pub(crate) const SERVICE: &str = "net.connman.iwd";

/// How long an answer may take that is not the end of an attempt to connect.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A scan of all channels takes 14 seconds here, and another one may have to end first.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Two of its interfaces.
pub(crate) const NETWORK: &str = "net.connman.iwd.Network";
pub(crate) const STATION: &str = "net.connman.iwd.Station";

/// Where our agents are.
const AGENT: &str = "/lab/agent";

/// A connection to the bus.
#[derive(Debug)]
pub(crate) struct Client {
    stream: UnixStream,
    serial: u32,
    received: Vec<u8>,
    /// What came while something else was waited for.
    queue: VecDeque<Message>,
}

/// An error that a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The answer to a call: its values, or the error.
pub(crate) type Answer = std::result::Result<Vec<Value>, Refused>;

impl Client {
    /// Joins the bus.
    pub(crate) fn connect() -> Result<Self> {
        Self::connect_to(SOCKET)
    }

    /// Joins another bus.
    pub(crate) fn connect_to(socket: &str) -> Result<Self> {
        let doing = || "join the bus".to_owned();
        let mut stream = UnixStream::connect(socket).doing(doing)?;
        stream.set_read_timeout(Some(PATIENCE)).doing(doing)?;
        let uid = fs::metadata("/proc/self").doing(doing)?.uid().to_string();
        let uid: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {uid}\r\n").as_bytes()).doing(doing)?;
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).doing(doing)?;
            line.extend(byte);
        }
        if !line.starts_with(b"OK") {
            return Err(Failure::unmet("the bus lets us in", String::from_utf8_lossy(&line)));
        }
        stream.write_all(b"BEGIN\r\n").doing(doing)?;
        let mut own = Self { stream, serial: 0, received: Vec::new(), queue: VecDeque::new() };
        own.bus("Hello", &[])?;
        Ok(own)
    }

    /// Whether the service is there.
    pub(crate) fn service_is_there(&mut self) -> Result<bool> {
        let answer = self.bus("NameHasOwner", &[Argument::Text(SERVICE)])?;
        Ok(answer.first().and_then(Value::as_bool).unwrap_or(false))
    }

    /// Waits until the service is there.
    pub(crate) fn wait_service(&mut self, within: Duration) -> Result<()> {
        let there = wait(within, || self.service_is_there().unwrap_or(false).then_some(()));
        there.ok_or_else(|| Failure::unmet(format!("{SERVICE} on the bus within {within:?}"), "nobody"))
    }

    /// Calls the service and waits for its answer.
    pub(crate) fn call(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Answer> {
        let serial = self.send(path, interface, member, arguments)?;
        self.answer_to(serial, PATIENCE)
    }

    /// Calls the service without waiting for the answer; the number of the call finds it.
    pub(crate) fn send(
        &mut self,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &[Argument<'_>],
    ) -> Result<u32> {
        self.send_to(SERVICE, path, interface, member, arguments)
    }

    /// Waits for the answer to a call.
    pub(crate) fn answer_to(&mut self, serial: u32, within: Duration) -> Result<Answer> {
        let answer = self.wait_for(within, |message| message.answers == Some(serial))?;
        let message = answer
            .ok_or_else(|| Failure::unmet(format!("an answer to call {serial} within {within:?}"), "none"))?;
        let values = message.values();
        Ok(match message.error {
            None => Ok(values),
            Some(name) => {
                let text = values.first().and_then(Value::as_str).unwrap_or_default().to_owned();
                Err(Refused { name, text })
            }
        })
    }

    /// The next message that fits, among those that wait and those that come.
    pub(crate) fn wait_for(
        &mut self,
        within: Duration,
        fits: impl Fn(&Message) -> bool,
    ) -> Result<Option<Message>> {
        if let Some(at) = self.queue.iter().position(&fits) {
            return Ok(self.queue.remove(at));
        }
        let until = Instant::now() + within;
        loop {
            while let Some((message, length)) = Message::parse(&self.received) {
                self.received.drain(..length);
                if fits(&message) {
                    return Ok(Some(message));
                }
                self.queue.push_back(message);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left)).doing(|| "set a time limit".into())?;
            let mut buffer = [0; 65536];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Failure::unmet("the bus stays", "it closed the connection")),
                Ok(length) => self.received.extend(buffer.get(..length).unwrap_or_default()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error).doing(|| "read from the bus".into()),
            }
        }
    }

    /// Everything that the service shows.
    pub(crate) fn objects(&mut self) -> Result<Value> {
        let answer = self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", &[])?;
        let mut values = answer.map_err(refused("GetManagedObjects"))?;
        Ok(values.pop().unwrap_or_default())
    }

    /// One property; `None` if the object, the interface or the property is not there.
    pub(crate) fn property(&mut self, path: &str, interface: &str, name: &str) -> Result<Option<Value>> {
        let words = [Argument::Text(interface), Argument::Text(name)];
        let answer = self.call(path, "org.freedesktop.DBus.Properties", "Get", &words)?;
        Ok(answer.ok().and_then(|mut values| values.pop()))
    }

    /// Says that this client can be asked for passphrases.
    pub(crate) fn register_agent(&mut self) -> Result<()> {
        let interface = "net.connman.iwd.AgentManager";
        let answer = self.call("/net/connman/iwd", interface, "RegisterAgent", &[Argument::Path(AGENT)])?;
        answer.map(drop).map_err(refused("RegisterAgent"))
    }

    /// Waits until the agent is asked for a passphrase.
    pub(crate) fn asked(&mut self, within: Duration) -> Result<Message> {
        let call = self.wait_for(within, |message| message.member == "RequestPassphrase")?;
        call.ok_or_else(|| Failure::unmet("the agent is asked for a passphrase", "it is not"))
    }

    /// Answers a call.
    pub(crate) fn reply(&mut self, call: &Message, arguments: &[Argument<'_>]) -> Result<()> {
        let serial = self.next_serial();
        let bytes = message::reply(serial, call, arguments);
        self.stream.write_all(&bytes).doing(|| "answer".into())
    }

    /// Joins a network by its object's path, as a program does that has an agent.
    pub(crate) fn join(&mut self, path: &str, passphrase: Option<&str>) -> Result<Answer> {
        self.register_agent()?;
        let call = self.send(path, "net.connman.iwd.Network", "Connect", &[])?;
        if let Some(passphrase) = passphrase {
            let asked = self.asked(PATIENCE)?;
            self.reply(&asked, &[Argument::Text(passphrase)])?;
        }
        self.answer_to(call, PATIENCE * 2)
    }

    fn bus(&mut self, member: &str, arguments: &[Argument<'_>]) -> Result<Vec<Value>> {
        let name = "org.freedesktop.DBus";
        let serial = self.send_to(name, "/org/freedesktop/DBus", name, member, arguments)?;
        self.answer_to(serial, PATIENCE)?.map_err(refused(member))
    }

    fn send_to(
        &mut self,
        service: &str,
        path: &str,
        interface: &str,
        member: &str,
        arguments: &[Argument<'_>],
    ) -> Result<u32> {
        let serial = self.next_serial();
        let bytes = message::call(serial, service, path, interface, member, arguments);
        self.stream.write_all(&bytes).doing(|| format!("call {member}"))?;
        Ok(serial)
    }

    fn next_serial(&mut self) -> u32 {
        self.serial += 1;
        self.serial
    }
}

/// An error where none is expected.
pub(crate) fn refused(what: &str) -> impl FnOnce(Refused) -> Failure {
    move |refused| Failure::unmet(format!("{what} succeeds"), format!("{}: {}", refused.name, refused.text))
}

/// Scans until a network is heard and no scan runs any more.
pub(crate) fn wait_heard(client: &mut Client, device: &str, network: &str) -> Result<()> {
    // One that is refused says that one runs already.
    let _ = client.call(device, STATION, "Scan", &[])?;
    let heard = wait(HEARD_WITHIN, || {
        std::thread::sleep(LOOK);
        let there = client.property(network, NETWORK, "Name").ok()?.is_some();
        let scans = client.property(device, STATION, "Scanning").ok()? == Some(Value::Bool(true));
        if !there && !scans {
            let _ = client.call(device, STATION, "Scan", &[]).ok()?;
        }
        (there && !scans).then_some(())
    });
    heard.ok_or_else(|| Failure::unmet(format!("{network} is heard within {HEARD_WITHIN:?}"), "it is not"))
}
