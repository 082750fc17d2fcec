//! Messages of D-Bus, little-endian: enough of the format to be a client.

use serde_json::{Map, Value, json};

/// A value to send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<'a> {
    Text(&'a str),
    Path(&'a str),
    Number(u32),
    /// An array of bytes.
    Octets(&'a [u8]),
    /// A variant with a boolean in it, as properties are set.
    Switch(bool),
    /// A variant with a text in it, likewise.
    Choice(&'a str),
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    serial: u32,
    sender: String,
    /// The method or the signal.
    pub(crate) member: String,
    /// The call that it answers.
    pub(crate) answers: Option<u32>,
    /// The error, if it is one.
    pub(crate) error: Option<String>,
    signature: String,
    body: Vec<u8>,
}

/// The kinds of messages that are sent.
const CALL: u8 = 1;
const REPLY: u8 = 2;

/// The header's fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const ANSWERS: u8 = 5;
const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
const SIGNATURE: u8 = 8;

/// A method call.
pub(super) fn call(
    serial: u32,
    service: &str,
    path: &str,
    interface: &str,
    member: &str,
    arguments: &[Argument<'_>],
) -> Vec<u8> {
    let mut fields = Writer::default();
    fields.field(PATH, b"o", |writer| writer.text(path));
    fields.field(DESTINATION, b"s", |writer| writer.text(service));
    fields.field(INTERFACE, b"s", |writer| writer.text(interface));
    fields.field(MEMBER, b"s", |writer| writer.text(member));
    whole(CALL, serial, fields, arguments)
}

/// The answer to a call.
pub(super) fn reply(serial: u32, call: &Message, arguments: &[Argument<'_>]) -> Vec<u8> {
    let mut fields = Writer::default();
    fields.field(ANSWERS, b"u", |writer| writer.number(call.serial));
    fields.field(DESTINATION, b"s", |writer| writer.text(&call.sender));
    whole(REPLY, serial, fields, arguments)
}

fn whole(kind: u8, serial: u32, mut fields: Writer, arguments: &[Argument<'_>]) -> Vec<u8> {
    let (mut body, mut signature) = (Writer::default(), Vec::new());
    for argument in arguments {
        match argument {
            Argument::Text(text) => {
                signature.push(b's');
                body.text(text);
            }
            Argument::Path(path) => {
                signature.push(b'o');
                body.text(path);
            }
            Argument::Octets(octets) => {
                signature.extend(b"ay");
                body.octets(octets);
            }
            Argument::Number(number) => {
                signature.push(b'u');
                body.number(*number);
            }
            Argument::Switch(on) => {
                signature.push(b'v');
                body.signature(b"b");
                body.number(u32::from(*on));
            }
            Argument::Choice(text) => {
                signature.push(b'v');
                body.signature(b"s");
                body.text(text);
            }
        }
    }
    if !signature.is_empty() {
        fields.field(SIGNATURE, b"g", |writer| writer.signature(&signature));
    }
    let mut message = Writer { bytes: vec![b'l', kind, 0, 1] };
    message.number(length(&body.bytes));
    message.number(serial);
    message.number(length(&fields.bytes));
    message.bytes.extend(fields.bytes);
    message.align(8);
    message.bytes.extend(body.bytes);
    message.bytes
}

/// What we send is short.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[derive(Debug, Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: u32) {
        self.align(4);
        self.bytes.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(length(text.as_bytes()));
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }

    fn octets(&mut self, octets: &[u8]) {
        self.number(length(octets));
        self.bytes.extend(octets);
    }

    fn signature(&mut self, signature: &[u8]) {
        self.bytes.push(signature.len().to_le_bytes()[0]);
        self.bytes.extend(signature);
        self.bytes.push(0);
    }

    /// A field of the header. The header is 16 bytes in front of them, so they are aligned as their bytes are.
    fn field(&mut self, code: u8, signature: &[u8], value: impl FnOnce(&mut Self)) {
        self.align(8);
        self.bytes.push(code);
        self.signature(signature);
        value(self);
    }
}

impl Message {
    /// Takes a message from the front of what was received, if it is there as a whole. Returns its length too.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut start = Reader { bytes, at: 4 };
        let (body, serial, fields) = (start.number()?, start.number()?, start.number()?);
        let header = (16 + fields as usize).next_multiple_of(8);
        let end = header + body as usize;
        let whole = bytes.get(..end)?;
        let fields = Reader { bytes: whole, at: 12 }.value(b"a(yv)")?;
        let field = |code: u8| {
            let mut all = fields.as_array()?.iter();
            all.find(|field| field.get(0).and_then(Value::as_u64) == Some(code.into()))?.get(1)
        };
        let text = |code| field(code).and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = Self {
            serial,
            sender: text(SENDER),
            member: text(MEMBER),
            answers: field(ANSWERS).and_then(Value::as_u64).and_then(|number| number.try_into().ok()),
            error: field(ERROR_NAME).and_then(Value::as_str).map(str::to_owned),
            signature: text(SIGNATURE),
            body: whole.get(header..)?.to_owned(),
        };
        Some((message, end))
    }

    /// The values in it, as JSON; none from where it makes no sense.
    pub(crate) fn values(&self) -> Vec<Value> {
        let (mut reader, mut values) = (Reader { bytes: &self.body, at: 0 }, Vec::new());
        let mut rest = self.signature.as_bytes();
        while let Some((first, others)) = split(rest) {
            let Some(value) = reader.value(first) else { break };
            values.push(value);
            rest = others;
        }
        values
    }
}

/// Splits the first complete type from a signature.
fn split(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match signature.first()? {
        b'a' => 1 + split(signature.get(1..)?)?.0.len(),
        b'(' | b'{' => {
            let mut depth = 0;
            1 + signature.iter().position(|byte| {
                depth += i32::from(b"({".contains(byte)) - i32::from(b")}".contains(byte));
                depth == 0
            })?
        }
        _ => 1,
    };
    signature.split_at_checked(length)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.at = self.at.next_multiple_of(N);
        let taken = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let text = self.bytes.get(self.at..self.at + length)?;
        // A zero ends it.
        self.at += length + 1;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn short_text(&mut self) -> Option<String> {
        let [length] = self.take()?;
        self.text(length.into())
    }

    fn value(&mut self, signature: &[u8]) -> Option<Value> {
        Some(match signature.first()? {
            b'y' => self.take::<1>()?[0].into(),
            b'b' => (self.number()? != 0).into(),
            b'n' => i16::from_le_bytes(self.take()?).into(),
            b'q' => u16::from_le_bytes(self.take()?).into(),
            b'i' => i32::from_le_bytes(self.take()?).into(),
            b'u' => self.number()?.into(),
            b'x' => i64::from_le_bytes(self.take()?).into(),
            b't' => u64::from_le_bytes(self.take()?).into(),
            b'd' => f64::from_le_bytes(self.take()?).into(),
            b's' | b'o' => {
                let length = self.number()?;
                self.text(length as usize)?.into()
            }
            b'g' => self.short_text()?.into(),
            b'v' => {
                let inner = self.short_text()?;
                self.value(inner.as_bytes())?
            }
            b'(' | b'{' => {
                self.at = self.at.next_multiple_of(8);
                let (mut rest, mut fields) = (signature.get(1..signature.len() - 1)?, Vec::new());
                while let Some((first, others)) = split(rest) {
                    fields.push(self.value(first)?);
                    rest = others;
                }
                fields.into()
            }
            b'a' => self.array(signature.get(1..)?)?,
            _ => return None,
        })
    }

    /// A dictionary becomes an object, any other array a list.
    fn array(&mut self, of: &[u8]) -> Option<Value> {
        let length = self.number()? as usize;
        if matches!(of.first(), Some(b'(' | b'{' | b'x' | b't' | b'd')) {
            self.at = self.at.next_multiple_of(8);
        }
        let end = self.at + length;
        let mut values = Vec::new();
        while self.at < end {
            values.push(self.value(of)?);
        }
        if of.first() != Some(&b'{') {
            return Some(values.into());
        }
        let mut object = Map::new();
        for pair in values {
            let key = pair.get(0).map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            object.insert(key?, pair.get(1).cloned().unwrap_or_default());
        }
        Some(json!(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_and_read_again() {
        let arguments =
            [Argument::Text("x"), Argument::Path("/a"), Argument::Number(7), Argument::Switch(true)];
        let bytes = call(9, "net.connman.iwd", "/", "a.b", "Get", &arguments);
        assert_eq!(bytes.len() % 4, 0);
        let (message, length) = Message::parse(&bytes).unwrap();
        assert_eq!((length, message.serial, message.member.as_str()), (bytes.len(), 9, "Get"));
        assert_eq!(message.values(), [json!("x"), json!("/a"), json!(7), json!(true)]);
        let (answer, _) = Message::parse(&reply(1, &message, &[])).unwrap();
        assert_eq!((answer.answers, answer.values()), (Some(9), Vec::new()));
        for short in 0..bytes.len() {
            assert!(Message::parse(bytes.get(..short).unwrap()).is_none());
        }
    }

    #[test]
    fn nested_types_are_split_and_read() {
        assert_eq!(split(b"a{oa{sa{sv}}}s"), Some((b"a{oa{sa{sv}}}".as_slice(), b"s".as_slice())));
        assert_eq!(split(b"(s(u)y)(n)"), Some((b"(s(u)y)".as_slice(), b"(n)".as_slice())));
        // A dictionary with one entry: "k" is a variant with the number 5 in 16 bits.
        let body = [12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'k', 0, 1, b'q', 0, 0, 5, 0];
        let mut reader = Reader { bytes: &body, at: 0 };
        assert_eq!(reader.value(b"a{sv}"), Some(json!({"k": 5})));
    }
}
