//! How two that speak D-Bus meet: where the bus is, and who it is that comes (specification 0.43, "Server Addresses" and
//! "Authentication Protocol"). Lines of text, without a socket.

/// Where the system bus is if nobody says otherwise.
pub const SYSTEM: &str = "unix:path=/var/run/dbus/system_bus_socket";

/// The longest line, and the most lines until a client has said who it is.
const LONGEST_LINE: usize = 1024;
const MOST_LINES: usize = 16;

/// The sockets of an address, the first to be tried first. One in the abstract namespace begins with a NUL. Those of
/// other transports are left out.
#[must_use]
pub fn sockets(address: &str) -> Vec<String> {
    let socket = |address: &str| {
        let pairs = address.strip_prefix("unix:")?.split(',').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find_map(|(key, value)| match key {
            "path" => unescaped(value),
            "abstract" => unescaped(value).map(|name| format!("\0{name}")),
            _ => None,
        })
    };
    address.split(';').filter_map(socket).collect()
}

/// A value of an address: octets may be written as `%` and two digits.
fn unescaped(value: &str) -> Option<String> {
    let mut parts = value.split('%');
    let mut octets = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2)?;
        octets.push(u8::from_str_radix(digits, 16).ok()?);
        octets.extend(part.get(2..)?.as_bytes());
    }
    String::from_utf8(octets).ok()
}

/// Who we say that we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// This user, as the kernel can tell.
    User(u32),
    /// Nobody: on a bus of a test that wants to know nobody.
    Anybody,
}

impl Who {
    /// What is said first.
    #[must_use]
    pub fn greeting(self) -> String {
        match self {
            Self::User(user) => format!("\0AUTH EXTERNAL {}\r\n", name(user)),
            // Who says nothing here is asked for it.
            Self::Anybody => "\0AUTH ANONYMOUS 6c617077696e67\r\n".to_owned(),
        }
    }
}

/// What is said when the other side has let us in.
pub const BEGIN: &str = "BEGIN\r\n";

/// Whether the other side's first line lets us in; nothing if it is not all there. With it, how long it is.
///
/// # Errors
/// If it does not.
pub fn admission(heard: &[u8]) -> Result<Option<usize>, String> {
    let Some(line) = line(heard)? else { return Ok(None) };
    match line.strip_prefix(b"OK ") {
        Some(_) => Ok(Some(line.len() + 2)),
        None => Err(format!("it does not let us in: {}", String::from_utf8_lossy(line))),
    }
}

/// The first line without its end; nothing if the end is not there yet.
fn line(heard: &[u8]) -> Result<Option<&[u8]>, String> {
    let end = heard.windows(2).position(|end| end == b"\r\n");
    match end {
        // The first half of an end may be there.
        _ if end.unwrap_or(heard.len().saturating_sub(1)) > LONGEST_LINE => {
            Err("it says too much".to_owned())
        }
        Some(end) => Ok(heard.get(..end)),
        None => Ok(None),
    }
}

/// A user as it is named: the digits of its number, in hexadecimal digits.
fn name(user: u32) -> String {
    user.to_string().bytes().map(|digit| format!("{digit:02x}")).collect()
}

/// Our side of a client that comes.
#[derive(Clone, Debug)]
pub struct Door {
    guid: String,
    /// The name of the user that the kernel says it is.
    user: String,
    at: At,
    lines: usize,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// It has not sent the octet that comes before all lines.
    Outside,
    /// It has not said who it is.
    Asked,
    /// It says in the next line who it is.
    Speaking,
    /// It may begin.
    Known,
}

/// What came of what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How many octets were taken.
    pub taken: usize,
    /// What is to be answered.
    pub answers: String,
    /// Whether messages follow.
    pub is_in: bool,
}

impl Door {
    /// For a client that is this user.
    #[must_use]
    pub fn new(guid: &str, user: u32) -> Self {
        Self { guid: guid.to_owned(), user: name(user), at: At::Outside, lines: 0 }
    }

    /// Takes what was heard, as far as it is whole lines.
    ///
    /// # Errors
    /// If it is no client, or does not come to an end.
    pub fn hear(&mut self, heard: &[u8]) -> Result<Heard, String> {
        let mut result = Heard::default();
        if self.at == At::Outside {
            match heard.first() {
                None => return Ok(result),
                Some(0) => (self.at, result.taken) = (At::Asked, 1),
                Some(_) => return Err("it does not speak D-Bus".to_owned()),
            }
        }
        while let Some(line) = line(heard.get(result.taken..).unwrap_or_default())? {
            result.taken += line.len() + 2;
            self.lines += 1;
            if self.lines > MOST_LINES {
                return Err("it does not say who it is".to_owned());
            }
            let line = String::from_utf8_lossy(line);
            let mut words = line.split(' ');
            let words = (words.next().unwrap_or_default(), words.next(), words.next());
            let said = match (self.at, words) {
                (At::Known, ("BEGIN", ..)) => {
                    result.is_in = true;
                    return Ok(result);
                }
                (At::Known, _) => None,
                (_, ("AUTH", Some("EXTERNAL"), None)) => {
                    self.at = At::Speaking;
                    result.answers.push_str("DATA\r\n");
                    continue;
                }
                (_, ("AUTH", Some("EXTERNAL"), said)) => said,
                // Whoever says nothing is whom the kernel says.
                (At::Speaking, ("DATA", said, _)) => Some(said.unwrap_or_default()),
                (_, ("AUTH" | "CANCEL" | "ERROR", ..)) => {
                    self.at = At::Asked;
                    result.answers.push_str("REJECTED EXTERNAL\r\n");
                    continue;
                }
                _ => None,
            };
            let answer = match said {
                Some(name) if name.is_empty() || name == self.user => {
                    self.at = At::Known;
                    format!("OK {}\r\n", self.guid)
                }
                Some(_) => "REJECTED EXTERNAL\r\n".to_owned(),
                // Passing descriptors, and what else there may be.
                None => "ERROR\r\n".to_owned(),
            };
            result.answers.push_str(&answer);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(sockets(SYSTEM), ["/var/run/dbus/system_bus_socket"]);
        let several = "tcp:host=a,port=1;unix:guid=1,abstract=/tmp/x;unix:path=/a%20b%2c;unix:path=/c%2";
        assert_eq!(sockets(several), ["\0/tmp/x", "/a b,"]);
        assert!(sockets("").is_empty() && sockets("unix:runtime=yes").is_empty());
    }

    #[test]
    fn the_other_side_lets_us_in_or_not() {
        assert_eq!(Who::User(0).greeting(), "\0AUTH EXTERNAL 30\r\n");
        assert_eq!(admission(b"OK 12"), Ok(None));
        assert_eq!(admission(b"OK 12\r\nl\x01"), Ok(Some(7)));
        assert!(admission(b"REJECTED ANONYMOUS\r\n").is_err() && admission(&[b'x'; 2000]).is_err());
    }

    /// What a door says to a client that says all this at once, and in pieces of one octet.
    fn said(lines: &str) -> (String, bool) {
        let whole = Door::new("ab12", 1000).hear(lines.as_bytes()).unwrap();
        let (mut door, mut waiting, mut answers, mut is_in) =
            (Door::new("ab12", 1000), Vec::new(), String::new(), false);
        for octet in lines.bytes().take(whole.taken) {
            waiting.push(octet);
            let heard = door.hear(&waiting).unwrap();
            waiting.drain(..heard.taken);
            answers += &heard.answers;
            is_in = heard.is_in;
        }
        assert_eq!((&answers, is_in), (&whole.answers, whole.is_in), "{lines:?}");
        (answers.replace("\r\n", "|"), is_in)
    }

    #[test]
    fn clients_come_in_their_ways() {
        // libdbus, systemd and zbus.
        let one = "\0AUTH EXTERNAL 31303030\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl";
        assert_eq!(said(one), ("OK ab12|ERROR|".to_owned(), true));
        let silent = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
        assert_eq!(said(silent), ("DATA|OK ab12|ERROR|".to_owned(), true));
        let curious = "\0AUTH\r\nAUTH ANONYMOUS 61\r\nAUTH EXTERNAL 31303030\r\nBEGIN\r\n";
        let answers = "REJECTED EXTERNAL|REJECTED EXTERNAL|OK ab12|".to_owned();
        assert_eq!(said(curious), (answers, true));
    }

    #[test]
    fn nobody_comes_in_as_another_or_without_a_word() {
        assert_eq!(said("\0AUTH EXTERNAL 30\r\nBEGIN\r\n"), ("REJECTED EXTERNAL|ERROR|".to_owned(), false));
        assert_eq!(said("\0BEGIN\r\nDATA\r\n"), ("ERROR|ERROR|".to_owned(), false));
        assert!(Door::new("ab12", 0).hear(b"GET / HTTP/1.1\r\n").is_err());
        assert!(Door::new("ab12", 0).hear(format!("\0{}", "AUTH\r\n".repeat(20)).as_bytes()).is_err());
        assert!(Door::new("ab12", 0).hear(format!("\0{}", "x".repeat(2000)).as_bytes()).is_err());
    }
}
