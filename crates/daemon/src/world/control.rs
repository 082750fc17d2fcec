//! The wheels of a world: a socket beside the flight recorder. Whoever may write to it asks by a line of words and
//! is answered by a line of JSON; `docs/virtual-radio.md` has both.

use crate::flight::json::Object;
use lapwing_core::kernel::Frequency;
use lapwing_frames::LinkId;
use lapwing_frames::management::ReasonCode;
use lapwing_world::parts::ApOrder;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// The name of the socket.
pub const SOCKET: &str = "world";
/// How many clients there may be: each costs a copy of every line.
const CLIENTS: usize = 8;
/// The longest line that is read.
const LONGEST: usize = 256;
/// How many octets may wait for a client that does not read.
const UNSENT: usize = 1 << 20;

/// What is asked of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// What it consists of.
    World,
    /// How it is now.
    Truth,
    /// To be told what happens from now on.
    Watch,
    /// That an access point does something.
    Order {
        /// Which, by its place in the scenario.
        ap: u8,
        /// What.
        order: ApOrder,
    },
}

impl Ask {
    /// Reads a line.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        Ok(match *words.as_slice() {
            ["world"] => Self::World,
            ["truth"] => Self::Truth,
            ["watch"] => Self::Watch,
            ["order", ap, ref order @ ..] => {
                Self::Order { ap: number(ap)?, order: parse_order(order).ok_or_else(|| unknown(line))?? }
            }
            _ => return Err(unknown(line)),
        })
    }
}

fn unknown(line: &str) -> String {
    format!("{:?} is nothing that can be asked of a world", line.trim())
}

/// None if there is no such order.
fn parse_order(words: &[&str]) -> Option<Result<ApOrder, String>> {
    let switch = |link, to| number(to).map(|to| ApOrder::SwitchChannel { link, to: Frequency(to) });
    Some(match *words {
        ["power-off"] => Ok(ApOrder::PowerOff),
        ["power-on"] => Ok(ApOrder::PowerOn),
        ["stop"] => Ok(ApOrder::Stop),
        ["forget-pmksas"] => Ok(ApOrder::ForgetPmksas),
        ["throw-out", reason] => number(reason).map(|reason| ApOrder::ThrowOut(ReasonCode(reason))),
        ["renew-group-keys"] => Ok(ApOrder::RenewGroupKeys),
        ["switch-channel", to] => switch(None, to),
        ["switch-channel", id, to] => link(id).and_then(|link| switch(Some(link), to)),
        ["remove-link", id, beacons] => {
            link(id).and_then(|link| Ok(ApOrder::RemoveLink { link, beacons: number(beacons)? }))
        }
        ["add-link", id] => link(id).map(ApOrder::AddLink),
        ["fade", "on"] => Ok(ApOrder::Fade(true)),
        ["fade", "off"] => Ok(ApOrder::Fade(false)),
        _ => return None,
    })
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("{word:?} is no number here"))
}

fn link(word: &str) -> Result<LinkId, String> {
    LinkId::new(number(word)?).ok_or_else(|| format!("{word} is the number of no link"))
}

/// The answer to what was done.
pub(super) fn done() -> String {
    Object::new().text("event", "done").finish()
}

/// The answer to what was not.
pub(super) fn refused(why: &str) -> String {
    Object::new().text("event", "refused").text("why", why).finish()
}

/// Who asks: the number of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientId(u64);

/// The socket and those on it.
pub(super) struct Control {
    listener: UnixListener,
    epoll: OwnedFd,
    clients: Vec<Client>,
    last: u64,
}

struct Client {
    id: ClientId,
    stream: UnixStream,
    line: Vec<u8>,
    unsent: Vec<u8>,
    /// Whether it wants to be told what happens.
    watches: bool,
    is_gone: bool,
    /// Whether we wait until it reads.
    is_awaited: bool,
}

impl Control {
    /// Listens at this path; what comes wakes this epoll.
    ///
    /// # Errors
    /// If that is not possible.
    pub(super) fn open(path: &Path, epoll: OwnedFd) -> io::Result<Self> {
        // What a world before this one left.
        if let Err(error) = fs::remove_file(path)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        epoll::add(&epoll, &listener, EventData::new_u64(0), EventFlags::IN)?;
        Ok(Self { listener, epoll, clients: Vec::new(), last: 0 })
    }

    /// Whether anybody wants to be told what happens.
    pub(super) fn is_watched(&self) -> bool {
        self.clients.iter().any(|client| client.watches)
    }

    /// Tells a client what happens from now on.
    pub(super) fn watch(&mut self, id: ClientId) {
        self.of(id).for_each(|client| client.watches = true);
    }

    /// Tells those who watch.
    pub(super) fn tell(&mut self, line: &str) {
        self.clients.iter_mut().filter(|client| client.watches).for_each(|client| client.push(line));
    }

    /// Answers a client.
    pub(super) fn answer(&mut self, id: ClientId, line: &str) {
        self.of(id).for_each(|client| client.push(line));
    }

    fn of(&mut self, id: ClientId) -> impl Iterator<Item = &mut Client> {
        self.clients.iter_mut().filter(move |client| client.id == id)
    }

    /// What was asked since this was called last, by whom.
    pub(super) fn asks(&mut self) -> Vec<(ClientId, Result<Ask, String>)> {
        while let Ok((stream, _)) = self.listener.accept() {
            self.last += 1;
            let id = ClientId(self.last);
            let is_set = stream.set_nonblocking(true).is_ok()
                && epoll::add(&self.epoll, &stream, EventData::new_u64(self.last), EventFlags::IN).is_ok();
            if is_set && self.clients.len() < CLIENTS {
                self.clients.push(Client {
                    id,
                    stream,
                    line: Vec::new(),
                    unsent: Vec::new(),
                    watches: false,
                    is_gone: false,
                    is_awaited: false,
                });
            }
        }
        let mut asks = Vec::new();
        for client in &mut self.clients {
            client.read(&mut asks);
        }
        asks
    }

    /// Sends what can be sent now, and forgets those who are gone.
    pub(super) fn flush(&mut self) {
        for client in &mut self.clients {
            client.flush();
            if client.is_awaited == client.unsent.is_empty() {
                client.is_awaited = !client.unsent.is_empty();
                let flags = if client.is_awaited { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
                let modified =
                    epoll::modify(&self.epoll, &client.stream, EventData::new_u64(client.id.0), flags);
                client.is_gone |= modified.is_err();
            }
        }
        self.clients.retain(|client| !client.is_gone);
    }
}

impl Client {
    fn push(&mut self, line: &str) {
        self.unsent.extend_from_slice(line.as_bytes());
        self.unsent.push(b'\n');
        // Who does not read is not waited for.
        self.is_gone |= self.unsent.len() > UNSENT;
    }

    fn read(&mut self, asks: &mut Vec<(ClientId, Result<Ask, String>)>) {
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break self.is_gone = true,
                Ok(count) => self.line.extend(buffer.iter().take(count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => break self.is_gone = true,
            }
            while let Some(end) = self.line.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.line.drain(..=end).collect();
                asks.push((self.id, Ask::parse(&String::from_utf8_lossy(&line))));
            }
            if self.line.len() > LONGEST {
                break self.is_gone = true;
            }
        }
    }

    fn flush(&mut self) {
        loop {
            if self.unsent.is_empty() {
                break;
            }
            match self.stream.write(&self.unsent) {
                Ok(0) => break self.is_gone = true,
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => break self.is_gone = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_asked() {
        let order = |order| Ok(Ask::Order { ap: 1, order });
        let link = LinkId::new(2).unwrap();
        for (line, ask) in [
            ("world\n", Ok(Ask::World)),
            (" truth ", Ok(Ask::Truth)),
            ("watch", Ok(Ask::Watch)),
            ("order 1 power-off", order(ApOrder::PowerOff)),
            ("order 1 throw-out 5", order(ApOrder::ThrowOut(ReasonCode(5)))),
            ("order 1 remove-link 2 3", order(ApOrder::RemoveLink { link, beacons: 3 })),
            ("order 1 add-link 2", order(ApOrder::AddLink(link))),
            (
                "order 1 switch-channel 2412",
                order(ApOrder::SwitchChannel { link: None, to: Frequency(2412) }),
            ),
            (
                "order 1 switch-channel 2 5200",
                order(ApOrder::SwitchChannel { link: Some(link), to: Frequency(5200) }),
            ),
            ("order 1 fade on", order(ApOrder::Fade(true))),
        ] {
            assert_eq!(Ask::parse(line), ask, "{line}");
        }
        for wrong in [
            "",
            "order",
            "order x power-off",
            "order 1",
            "order 1 remove-link 16 1",
            "order 256 stop",
            "order 1 add-link",
        ] {
            assert!(Ask::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lines_are_answered_whole_and_who_sends_no_line_is_forgotten() {
        let path = std::env::temp_dir().join(format!("lapwing-control-{}", std::process::id()));
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let mut control = Control::open(&path, epoll).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (mut good, mut bad) = (UnixStream::connect(&path).unwrap(), UnixStream::connect(&path).unwrap());
        good.write_all(b"tru").unwrap();
        bad.write_all(&[b'x'; LONGEST + 1]).unwrap();
        assert_eq!(control.asks(), []);
        control.flush();
        assert_eq!(control.clients.len(), 1);
        good.write_all(b"th\nnonsense\nwatch\n").unwrap();
        let asks = control.asks();
        let id = asks[0].0;
        assert_eq!(asks[0].1, Ok(Ask::Truth));
        assert!(asks[1].1.is_err() && asks[2].1 == Ok(Ask::Watch));
        control.tell("nobody");
        control.watch(id);
        control.answer(id, "one");
        control.tell("two");
        control.flush();
        let mut buffer = [0; 64];
        let count = good.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"one\ntwo\n");
        drop(good);
        assert_eq!(control.asks(), []);
        control.flush();
        assert!(control.clients.is_empty());
        fs::remove_file(path).unwrap();
    }
}
