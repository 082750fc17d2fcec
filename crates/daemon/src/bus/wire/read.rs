//! Messages that come in, in pieces as a socket gives them.

use super::{FIXED, LONGEST_MESSAGE, NO_REPLY, VERSION, alignment, field, is_path, kind};
use crate::bus::BUS;
use crate::bus::message::{Incoming, MethodCall, Origin};
use crate::bus::value::Value;
use zeroize::Zeroize;

/// The longest body that is read, in octets. What our methods take is shorter; the bus lets 32 MiB through.
const LONGEST_BODY: usize = 64 << 10;
/// The longest fields of a header. Paths and names that are ours are shorter.
const LONGEST_FIELDS: usize = 64 << 10;
/// What is kept of the room for octets that are read.
const ROOM: usize = 4 << 10;
/// How deep values may be in each other: 32 arrays and 32 structures, and variants.
const DEEPEST: usize = 64;

/// A message, and to whom it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The name that it is sent to, if any.
    pub destination: Option<String>,
    /// What it says.
    pub incoming: Incoming,
}

/// What was read and is not yet taken as a message. It never holds more than one message of the longest kind, and what
/// came behind it in one piece: what is longer is passed over as it comes.
#[derive(Debug, Default)]
pub struct Inbox {
    octets: Vec<u8>,
    /// Where the next message begins.
    at: usize,
    /// How many octets belong to a message that is too long.
    passed: usize,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new(), at: 0, passed: 0 }
    }

    /// Takes octets that were read.
    pub fn extend(&mut self, octets: &[u8]) {
        let needed = self.octets.len() + octets.len();
        if needed > self.octets.capacity() {
            // A message may hold a passphrase: what grows leaves nothing behind.
            let mut roomier = Vec::with_capacity(needed.next_power_of_two());
            roomier.extend_from_slice(&self.octets);
            self.octets.zeroize();
            self.octets = roomier;
        }
        self.octets.extend_from_slice(octets);
    }

    /// What was read, of which this much is taken: for what is said before the first message.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// Takes so many octets.
    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// The next message that is something for us; nothing if more has to be read first. Without a name for the sender,
    /// the message has it.
    ///
    /// # Errors
    /// If these are no messages: where the next one begins is not known then.
    pub fn next(&mut self, sender: Option<&str>) -> Result<Option<Message>, &'static str> {
        loop {
            let passed = self.passed.min(self.rest().len());
            self.skip(passed);
            self.passed -= passed;
            let Some(head) = Head::read(self.rest())? else { break };
            let body = if head.body > LONGEST_BODY { 0 } else { head.body };
            if head.fields > LONGEST_FIELDS {
                // Nobody's whose call could be answered.
                self.passed = head.body_at() + head.body;
                continue;
            }
            let Some(octets) = self.rest().get(..head.body_at() + body) else { break };
            let (fields, body_octets) = octets.split_at(head.body_at());
            let fields = fields.get(FIXED..FIXED + head.fields).unwrap_or_default();
            let message = message(&head, fields, body_octets, sender);
            let taken = octets.len();
            self.skip(taken);
            self.passed = head.body - body;
            if message.is_some() {
                return Ok(message);
            }
        }
        // What is left is less than a message.
        let taken = self.at.min(self.octets.len());
        let rest = self.octets.len() - taken;
        self.octets.copy_within(taken.., 0);
        self.octets.get_mut(rest..).unwrap_or_default().zeroize();
        self.octets.truncate(rest);
        self.at = 0;
        if self.octets.is_empty() {
            self.octets.shrink_to(ROOM);
        }
        Ok(None)
    }
}

/// The part of a header that every message has.
struct Head {
    is_big_endian: bool,
    kind: u8,
    flags: u8,
    serial: u32,
    /// How long the body and the fields are.
    body: usize,
    fields: usize,
}

impl Head {
    fn read(octets: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some([order, kind, flags, version, numbers @ ..]) = octets.first_chunk::<FIXED>() else {
            return Ok(None);
        };
        let is_big_endian = match order {
            b'l' => false,
            b'B' => true,
            _ => return Err("it does not speak D-Bus"),
        };
        if *version != VERSION {
            return Err("it speaks another version of D-Bus");
        }
        let mut reader = Reader { octets: numbers, at: 0, is_big_endian };
        let mut number = || reader.number().ok_or("a header without numbers");
        let (body, serial, fields) = (number()?, number()?, number()?);
        let head = Self {
            is_big_endian,
            kind: *kind,
            flags: *flags,
            serial,
            body: body as usize,
            fields: fields as usize,
        };
        // Each for itself first: where addresses have 32 bits, their sum may be none.
        let longest = head.body.max(head.fields);
        if longest > LONGEST_MESSAGE || head.body_at() + head.body > LONGEST_MESSAGE {
            return Err("its message is longer than any may be");
        }
        Ok(Some(head))
    }

    const fn body_at(&self) -> usize {
        FIXED + self.fields.next_multiple_of(8)
    }
}

/// The fields of a header that we know.
#[derive(Default)]
struct Fields {
    path: Option<String>,
    interface: Option<String>,
    member: Option<String>,
    error_name: Option<String>,
    reply_serial: Option<u32>,
    destination: Option<String>,
    sender: Option<String>,
    signature: Vec<u8>,
}

impl Fields {
    fn read(octets: &[u8], is_big_endian: bool) -> Option<Self> {
        let mut reader = Reader { octets, at: 0, is_big_endian };
        let mut fields = Self::default();
        while reader.at < octets.len() {
            reader.align(8)?;
            let code = reader.octet()?;
            let signature = reader.signature()?;
            if (code, signature) == (field::SIGNATURE, b"g") {
                fields.signature = reader.signature()?.to_vec();
                continue;
            }
            match (code, reader.whole(signature, 0)?) {
                (field::PATH, Value::Path(path)) => fields.path = Some(path),
                (field::INTERFACE, Value::Text(name)) => fields.interface = Some(name),
                (field::MEMBER, Value::Text(name)) => fields.member = Some(name),
                (field::ERROR_NAME, Value::Text(name)) => fields.error_name = Some(name),
                (field::REPLY_SERIAL, Value::Uint32(serial)) => fields.reply_serial = Some(serial),
                (field::DESTINATION, Value::Text(name)) => fields.destination = Some(name),
                (field::SENDER, Value::Text(name)) => fields.sender = Some(name),
                (field::PATH..=field::SIGNATURE, _) => return None,
                // What came later than this.
                _ => {}
            }
        }
        Some(fields)
    }
}

/// A message as a value; none if it is nothing for us.
fn message(head: &Head, fields: &[u8], body: &[u8], sender: Option<&str>) -> Option<Message> {
    let Fields { path, interface, member, error_name, reply_serial, destination, sender: named, signature } =
        Fields::read(fields, head.is_big_endian)?;
    let sender = match sender {
        Some(sender) => sender.to_owned(),
        None => named?,
    };
    let body = || {
        if head.body > LONGEST_BODY {
            return Err("The arguments are too long. No method here takes so much.");
        }
        let values = values(&signature, body, head.is_big_endian);
        values.ok_or("The arguments are not as their signature says.")
    };
    let incoming = match head.kind {
        kind::CALL => {
            let origin = Origin { sender, serial: head.serial, wants_reply: head.flags & NO_REPLY == 0 };
            match body() {
                Ok(body) => Incoming::Call(MethodCall {
                    origin,
                    path: path?,
                    interface,
                    member: member?,
                    body: body.into(),
                }),
                Err(why) => Incoming::BadCall(origin, why),
            }
        }
        // What cannot be read is not one string either.
        kind::RETURN => {
            Incoming::Reply { serial: reply_serial?, sender, outcome: Ok(body().unwrap_or_default().into()) }
        }
        kind::ERROR => Incoming::Reply { serial: reply_serial?, sender, outcome: Err(error_name?) },
        kind::SIGNAL if sender == BUS && member.as_deref() == Some("NameOwnerChanged") => {
            match <[Value; 3]>::try_from(body().ok()?) {
                Ok([Value::Text(name), Value::Text(_), Value::Text(owner)]) => {
                    Incoming::NameOwnerChanged { name, owner }
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Message { destination, incoming })
}

/// The values of a body.
fn values(mut signature: &[u8], octets: &[u8], is_big_endian: bool) -> Option<Vec<Value>> {
    let mut reader = Reader { octets, at: 0, is_big_endian };
    let mut values = Vec::new();
    while !signature.is_empty() {
        let (one, rest) = signature.split_at_checked(complete(signature, 0)?)?;
        values.push(reader.value(one, 0)?);
        signature = rest;
    }
    (reader.at == octets.len()).then_some(values)
}

/// The length of the first complete type of a signature.
fn complete(signature: &[u8], depth: usize) -> Option<usize> {
    if depth > DEEPEST {
        return None;
    }
    match signature {
        [b'a', b'{', rest @ ..] => {
            let is_basic = !matches!(rest.first()?, b'a' | b'(' | b'v');
            let value = rest.get(1..).filter(|_| is_basic && complete(rest, depth) == Some(1))?;
            let length = complete(value, depth + 1)?;
            (value.get(length) == Some(&b'}')).then_some(length + 4)
        }
        [b'a', rest @ ..] => Some(complete(rest, depth + 1)? + 1),
        [b'(', rest @ ..] => {
            let mut length = complete(rest, depth + 1)?;
            while *rest.get(length)? != b')' {
                length += complete(rest.get(length..)?, depth + 1)?;
            }
            Some(length + 2)
        }
        [kind, ..] => b"ybnqiuxtdsoghv".contains(kind).then_some(1),
        [] => None,
    }
}

/// Octets that are read; their places count from a multiple of eight.
struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.octets.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn align(&mut self, to: usize) -> Option<()> {
        self.take(self.at.next_multiple_of(to) - self.at).map(drop)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A number of this many octets, the least first.
    fn fixed<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        self.align(SIZE)?;
        let mut octets: [u8; SIZE] = *self.take(SIZE)?.first_chunk()?;
        if self.is_big_endian {
            octets.reverse();
        }
        Some(octets)
    }

    fn number(&mut self) -> Option<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    fn signature(&mut self) -> Option<&'a [u8]> {
        let length = self.octet()?;
        let signature = self.take(length.into())?;
        (self.octet()? == 0).then_some(signature)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()? as usize;
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.octet()? == 0 && !text.contains('\0')).then(|| text.to_owned())
    }

    /// A value of the one type that this signature is of.
    fn whole(&mut self, signature: &[u8], depth: usize) -> Option<Value> {
        (complete(signature, 0)? == signature.len()).then(|| self.value(signature, depth))?
    }

    /// A value of a complete type.
    fn value(&mut self, signature: &[u8], depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let other = || Value::Other(String::from_utf8_lossy(signature).into_owned());
        Some(match signature {
            b"y" => Value::Byte(self.octet()?),
            b"b" => Value::Boolean(match self.number()? {
                0 => false,
                1 => true,
                _ => return None,
            }),
            b"n" => Value::Int16(i16::from_le_bytes(self.fixed()?)),
            b"q" => Value::Uint16(u16::from_le_bytes(self.fixed()?)),
            b"i" => Value::Int32(i32::from_le_bytes(self.fixed()?)),
            b"u" => Value::Uint32(self.number()?),
            b"t" => Value::Uint64(u64::from_le_bytes(self.fixed()?)),
            b"s" => Value::Text(self.text()?),
            b"o" => Value::Path(self.text().filter(|path| is_path(path))?),
            b"v" => {
                let signature = self.signature()?;
                self.whole(signature, depth + 1)?.in_variant()
            }
            [b'a', element @ ..] => self.array(element, depth)?.unwrap_or_else(other),
            [b'(', fields @ .., b')'] => {
                self.align(8)?;
                let mut fields = fields;
                while !fields.is_empty() {
                    let (one, rest) = fields.split_at_checked(complete(fields, 0)?)?;
                    self.value(one, depth + 1)?;
                    fields = rest;
                }
                other()
            }
            b"g" => {
                self.signature()?;
                other()
            }
            b"h" => {
                self.number()?;
                other()
            }
            // Numbers of eight octets that no method takes.
            _ => {
                self.fixed::<8>()?;
                other()
            }
        })
    }

    /// An array with elements of this type; nothing of one that no method takes.
    fn array(&mut self, element: &[u8], depth: usize) -> Option<Option<Value>> {
        let length = self.number()? as usize;
        self.align(alignment(*element.first()?))?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.octets.len())?;
        // The only ones: texts, paths, octets, levels, channels, and options.
        let known = ["s", "o", "y", "n", "q"].into_iter().find(|known| known.as_bytes() == element);
        let entry = element.strip_prefix(b"{").and_then(|entry| entry.strip_suffix(b"}"));
        let (mut elements, mut entries) = (Vec::new(), Vec::new());
        while self.at < end {
            match entry.and_then(|entry| entry.split_at_checked(1)) {
                Some((key, value)) => {
                    self.align(8)?;
                    let (key, value) = (self.value(key, depth + 1)?, self.value(value, depth + 1)?);
                    if entry == Some(b"sv") {
                        entries.push((key, value));
                    }
                }
                None => {
                    let value = self.value(element, depth + 1)?;
                    if known.is_some() {
                        elements.push(value);
                    }
                }
            }
        }
        let array = match entry {
            Some(b"sv") => Some(Value::Dictionary("s", "v", entries)),
            Some(_) => None,
            None => known.map(|known| Value::Array(known, elements)),
        };
        (self.at == end).then_some(array)
    }
}
