//! The D-Bus service in front of a scripted daemon. The input is what comes over the bus: calls of any method
//! of any object with any arguments, replies of agents, clients that leave, a connection that breaks.

use crate::Target;
use double::{Double, facts};
use lapwing_core::{Duration, Instant};
use lapwingd::bus::handshake::{Door, admission};
use lapwingd::bus::interfaces;
use lapwingd::bus::message::{Incoming, MethodCall, Origin, Outgoing};
use lapwingd::bus::service::{Effect, Service};
use lapwingd::bus::value::Value;
use lapwingd::bus::wire::{Inbox, encode};
use lapwingd::bus::{BUS, Control};
use lapwingd::daemon::Now;
use std::collections::{BTreeMap, BTreeSet};

// The daemon of the service's own tests.
#[allow(clippy::all, unreachable_pub)]
#[path = "../../crates/daemon/tests/bus/double.rs"]
mod double;

/// No input makes more moves: what takes longer is several inputs.
const MOVES: usize = 64;
const NOW: Now = Now { clock: Instant::after_start(Duration::ZERO), wall: 0 };

const PATHS: [&str; 10] = [
    "/net/connman/iwd/0/3/686f6d65_psk",
    "/net/connman/iwd/0/3",
    "/net/connman/iwd",
    "/",
    "/net/connman/iwd/0",
    "/net/connman/iwd/686f6d65_psk",
    "/net/connman/iwd/0/3/63616665_open",
    "/net/connman/iwd/0/3/686f6d65_psk/0200000000fe",
    "/net/connman",
    "/nothing",
];

/// The bytes, one after the other; zeros when they are used up.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[usize::from(self.next()) % from.len()]
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.next() % 40);
        let octets: Vec<u8> = self.0.by_ref().take(length).copied().collect();
        // NUL does not come over the bus.
        String::from_utf8_lossy(&octets).replace('\0', "0")
    }

    fn value(&mut self, signature: &str) -> Value {
        match signature {
            "s" => Value::Text(match self.next() % 3 {
                0 => self.text(),
                1 => self.pick(interfaces::ALL).name.to_owned(),
                _ => {
                    let properties: Vec<_> =
                        interfaces::ALL.iter().flat_map(|interface| interface.properties).collect();
                    self.pick(&properties).name.to_owned()
                }
            }),
            "o" => Value::Path((*self.pick(&PATHS)).to_owned()),
            "b" => Value::Boolean(self.next() & 1 != 0),
            "v" => match self.next() % 4 {
                0 => self.value("s").in_variant(),
                1 => self.value("u").in_variant(),
                _ => self.value("b").in_variant(),
            },
            "u" => Value::Uint32(u32::from(self.next())),
            other => Value::Other(other.to_owned()),
        }
    }

    fn any(&mut self) -> Value {
        let signature = *self.pick(&["s", "o", "b", "v", "u", "a{sv}", "(ii)", "d"]);
        self.value(signature)
    }
}

/// The service, the daemon, and what was said.
struct Play {
    service: Service,
    double: Double,
    /// The calls that want a reply, and whether they have it.
    calls: BTreeMap<u32, bool>,
    /// Questions to agents and to the bus without an answer: the serial number and who was asked.
    questions: BTreeMap<u32, String>,
}

impl Play {
    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Call(id, call) => self.double.call(NOW, id, call),
                Effect::Secret(id, answer) => self.double.secret(NOW, id, answer),
                Effect::Code(id, answer) => self.double.code(NOW, id, answer),
                Effect::Send(message) => {
                    encode(&message, None, 1).expect("what is said can be written down");
                    match message {
                        Outgoing::Return(origin, _) | Outgoing::Error(origin, _) => {
                            assert!(origin.wants_reply);
                            let replied = self.calls.get_mut(&origin.serial).expect("it was called");
                            assert!(!std::mem::replace(replied, true), "two replies to one call");
                        }
                        Outgoing::Call { serial: Some(serial), destination, .. } => {
                            assert!(self.questions.insert(serial, destination).is_none());
                        }
                        Outgoing::Call { serial: None, .. } | Outgoing::Signal { .. } => {}
                    }
                }
                // The double hands no addresses out, and does not wait for the word of who sets them.
                Effect::Addressed(..) => {}
                Effect::Named | Effect::NameTaken(_) | Effect::NameRefused(_) | Effect::Warn(_) => {}
            }
        }
    }

    fn receive(&mut self, incoming: Incoming) {
        let effects = self.service.receive(incoming);
        self.perform(effects);
    }

    /// The end of a turn.
    fn settle(&mut self) {
        for _ in 0..4 {
            let news = self.double.take_news();
            let view = Some(self.double.view(NOW));
            let effects = self.service.settle(news, view);
            self.perform(effects);
        }
    }

    fn call(&mut self, bytes: &mut Bytes<'_>, serial: u32) {
        let interface = bytes.pick(interfaces::ALL);
        let method = (!interface.methods.is_empty()).then(|| bytes.pick(interface.methods));
        let options = bytes.next();
        let body: Vec<_> = match method {
            Some(method) if options & 3 != 0 => {
                method.takes.iter().map(|(_, signature)| bytes.value(signature)).collect()
            }
            _ => (0..options % 5).map(|_| bytes.any()).collect(),
        };
        let member = method.map_or_else(|| "Nothing".to_owned(), |method| method.name.to_owned());
        let wants_reply = options & 16 == 0;
        if wants_reply {
            self.calls.insert(serial, false);
        }
        let sender = format!(":1.{}", options >> 6);
        let origin = Origin { sender, serial, wants_reply };
        let incoming = if options & 32 != 0 && options & 3 == 0 {
            Incoming::BadCall(origin, "bad")
        } else {
            Incoming::Call(MethodCall {
                origin,
                path: (*bytes.pick(&PATHS)).to_owned(),
                interface: (options & 12 != 12).then(|| interface.name.to_owned()),
                member,
                body: body.into(),
            })
        };
        self.receive(incoming);
    }

    fn reply(&mut self, bytes: &mut Bytes<'_>) {
        let asked: Vec<_> = self.questions.iter().map(|(serial, who)| (*serial, who.clone())).collect();
        if asked.is_empty() {
            return;
        }
        let (serial, owner) = bytes.pick(&asked).clone();
        let sender = if bytes.next() & 7 == 0 { ":1.99".to_owned() } else { owner.clone() };
        if sender == owner {
            self.questions.remove(&serial);
        }
        let outcome = match bytes.next() % 4 {
            0 => Ok(vec![Value::text(double::PASSPHRASE)].into()),
            1 => Ok((0..bytes.next() % 3).map(|_| bytes.any()).collect::<Vec<_>>().into()),
            2 => Err("net.connman.iwd.Agent.Error.Canceled".to_owned()),
            _ => Err("org.freedesktop.DBus.Error.NoReply".to_owned()),
        };
        self.receive(Incoming::Reply { serial, sender, outcome });
    }
}

/// Anything over the bus in any order: no panic, exactly one reply to each call that wants one, and each
/// message that is sent can be written down.
fn bus_service(octets: &[u8]) {
    let mut play = Play {
        service: Service::new(facts()),
        double: Double::default(),
        calls: BTreeMap::new(),
        questions: BTreeMap::new(),
    };
    let begin = play.service.begin().into_iter().map(Effect::Send).collect();
    play.perform(begin);
    let mut bytes = Bytes(octets.iter());
    for serial in 1.. {
        let Some(&what) = bytes.0.next() else { break };
        if serial as usize > MOVES {
            break;
        }
        match what % 16 {
            0..=8 => play.call(&mut bytes, serial),
            9 | 10 => play.reply(&mut bytes),
            11 | 12 => drop(play.double.step()),
            13 | 14 => {
                let name = match bytes.next() {
                    client @ 0..4 => format!(":1.{client}"),
                    _ => "fi.w1.wpa_supplicant1".to_owned(),
                };
                let owner = if bytes.next() & 1 == 0 { String::new() } else { ":1.50".to_owned() };
                play.receive(Incoming::NameOwnerChanged { name, owner });
            }
            _ => {
                // The connection breaks, and there is another: nobody waits for a reply any more.
                let effects = play.service.end();
                play.perform(effects);
                play.calls.clear();
                play.questions.clear();
                let begin = play.service.begin().into_iter().map(Effect::Send).collect();
                play.perform(begin);
            }
        }
        // Several messages may come in one turn.
        if what & 64 == 0 {
            play.settle();
        }
    }
    // In the end all agents have left, and the daemon has done what it was asked.
    let clients: BTreeSet<_> = (0..4).map(|client| format!(":1.{client}")).collect();
    play.settle();
    for name in clients {
        play.receive(Incoming::NameOwnerChanged { name, owner: String::new() });
    }
    play.settle();
    while play.double.step() {
        play.settle();
    }
    assert!(play.calls.values().all(|replied| *replied), "a call without a reply");
    assert!(play.questions.values().all(|owner| owner == BUS || owner.starts_with(":1.")));
}

/// Octets that a socket gives, in pieces: the same messages as in one piece, and what is kept of them is bounded.
fn bus_message(octets: &[u8]) {
    let Some((&size, octets)) = octets.split_first() else { return };
    let read = |size: usize| {
        let (mut inbox, mut messages) = (Inbox::new(), Vec::new());
        for piece in octets.chunks(size) {
            inbox.extend(piece);
            loop {
                match inbox.next(None) {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(error) => return (messages, Some(error)),
                }
            }
            assert!(inbox.rest().len() < 140_000, "more than the longest message is kept");
        }
        (messages, None)
    };
    assert_eq!(read(octets.len().max(1)), read(usize::from(size) + 1));
}

/// What a client says before its first message: the same in pieces, and nobody is in as another.
fn bus_greeting(octets: &[u8]) {
    let hear = |size: usize| {
        let (mut door, mut waiting, mut answers) = (Door::new("ab12", 1000), Vec::new(), String::new());
        for piece in octets.chunks(size) {
            waiting.extend_from_slice(piece);
            let Ok(heard) = door.hear(&waiting) else { return (answers, false) };
            waiting.drain(..heard.taken);
            answers += &heard.answers;
            if heard.is_in {
                return (answers, true);
            }
        }
        (answers, false)
    };
    let (answers, is_in) = hear(1);
    assert!(!is_in || answers.contains("OK ab12\r\n"));
    let (whole, also) = hear(octets.len().max(1));
    // One that says too much at once is not answered what it said before.
    assert_eq!(is_in, also);
    assert!(answers.starts_with(&whole));
    drop(admission(octets));
}

/// The targets.
pub const TARGETS: &[Target] =
    &[("bus_greeting", bus_greeting), ("bus_message", bus_message), ("bus_service", bus_service)];
