//! Messages that go out.

use super::{FIXED, LONGEST_ARRAY, LONGEST_MESSAGE, NO_REPLY, VERSION, alignment, field, is_path, kind};
use crate::bus::message::Outgoing;
use crate::bus::value::{self, Value};
use std::slice;
use thiserror::Error;

/// Why a message cannot be written down. To send it all the same would cost the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unwritable {
    /// What is to be a path is none.
    #[error("a path in it is none")]
    Path,
    /// What is to be the name of a program or of an error is none.
    #[error("a name in it is none")]
    Name,
    /// A text has a NUL in it.
    #[error("a text in it has a NUL")]
    Nul,
    /// A value is not of the type that the signature says, or of one that we do not write.
    #[error("a value in it has another type than it says")]
    Type,
    /// It is longer than messages may be.
    #[error("it is too long")]
    Length,
}

type Result<T> = std::result::Result<T, Unwritable>;

/// A message as octets. The bus says who sends it, unless it is given here; `serial` is its number, unless it has
/// one of its own.
///
/// # Errors
/// If no such message can be.
pub fn encode(message: &Outgoing, sender: Option<&str>, serial: u32) -> Result<Vec<u8>> {
    let mut head = Writer(Vec::with_capacity(256));
    // Little-endian, whatever the machine; the lengths and the number come at the end.
    head.0.extend([b'l', 0, NO_REPLY, VERSION]);
    head.0.resize(FIXED, 0);
    let mut number = serial;
    let text;
    let (kind, body) = match message {
        Outgoing::Return(origin, body) => {
            head.reply(&origin.sender, origin.serial)?;
            (kind::RETURN, body.as_slice())
        }
        Outgoing::Error(origin, error) => {
            head.reply(&origin.sender, origin.serial)?;
            head.name(field::ERROR_NAME, &error.name)?;
            text = Value::text(&error.text);
            (kind::ERROR, slice::from_ref(&text))
        }
        Outgoing::Signal { destination, path, interface, member, body } => {
            head.member(path, interface, member)?;
            destination.iter().try_for_each(|name| head.name(field::DESTINATION, name))?;
            (kind::SIGNAL, body.as_slice())
        }
        Outgoing::Call { serial, destination, path, interface, member, body } => {
            head.member(path, interface, member)?;
            head.name(field::DESTINATION, destination)?;
            if let Some(serial) = serial {
                number = *serial;
                head.set(2, [0]);
            }
            (kind::CALL, body.as_slice())
        }
    };
    sender.iter().try_for_each(|name| head.name(field::SENDER, name))?;
    if !body.is_empty() {
        head.field(field::SIGNATURE, b'g');
        head.signature(&value::signature(body))?;
    }
    let fields = head.0.len() - FIXED;
    head.align(8);
    let start = head.0.len();
    body.iter().try_for_each(|value| head.value(value))?;
    let length = head.0.len() - start;
    if head.0.len() > LONGEST_MESSAGE {
        return Err(Unwritable::Length);
    }
    head.set(1, [kind]);
    for (at, number) in [(4, counted(length)?), (8, number), (12, counted(fields)?)] {
        head.set(at, number.to_le_bytes());
    }
    Ok(head.0)
}

/// Paths, each with a number (`a(on)`), written down so that they can be sent many times.
///
/// # Errors
/// If one of them is no path.
pub fn numbered(paths: impl IntoIterator<Item = (String, i16)>) -> Result<Value> {
    let mut elements = Writer(Vec::new());
    for (path, number) in paths {
        elements.align(8);
        elements.path(&path)?;
        elements.fixed(number.to_le_bytes());
    }
    Ok(Value::Written("(on)", elements.0.into()))
}

fn counted(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Unwritable::Length)
}

/// Octets that are written; their places count from the beginning of the message.
struct Writer(Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn set<const SIZE: usize>(&mut self, at: usize, octets: [u8; SIZE]) {
        if let Some(place) = self.0.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = octets;
        }
    }

    fn fixed<const SIZE: usize>(&mut self, octets: [u8; SIZE]) {
        self.align(SIZE);
        self.0.extend(octets);
    }

    fn text(&mut self, text: &str) -> Result<()> {
        if text.as_bytes().contains(&0) {
            return Err(Unwritable::Nul);
        }
        self.fixed(counted(text.len())?.to_le_bytes());
        self.0.extend(text.as_bytes());
        self.0.push(0);
        Ok(())
    }

    fn path(&mut self, path: &str) -> Result<()> {
        if is_path(path) { self.text(path) } else { Err(Unwritable::Path) }
    }

    fn signature(&mut self, signature: &str) -> Result<()> {
        self.0.push(u8::try_from(signature.len()).map_err(|_| Unwritable::Length)?);
        self.0.extend(signature.as_bytes());
        self.0.push(0);
        Ok(())
    }

    /// The beginning of a field of the header: its code, and the type of what follows.
    fn field(&mut self, code: u8, kind: u8) {
        self.align(8);
        self.0.extend([code, 1, kind, 0]);
    }

    fn name(&mut self, code: u8, name: &str) -> Result<()> {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"_.:-".contains(&octet);
        if name.is_empty() || name.len() > 255 || !name.bytes().all(fits) {
            return Err(Unwritable::Name);
        }
        self.field(code, b's');
        self.text(name)
    }

    fn reply(&mut self, to: &str, serial: u32) -> Result<()> {
        self.field(field::REPLY_SERIAL, b'u');
        self.fixed(serial.to_le_bytes());
        self.name(field::DESTINATION, to)
    }

    fn member(&mut self, path: &str, interface: &str, member: &str) -> Result<()> {
        self.field(field::PATH, b'o');
        self.path(path)?;
        self.name(field::INTERFACE, interface)?;
        self.name(field::MEMBER, member)
    }

    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Boolean(value) => self.fixed(u32::from(*value).to_le_bytes()),
            Value::Byte(value) => self.0.push(*value),
            Value::Int16(value) => self.fixed(value.to_le_bytes()),
            Value::Uint16(value) => self.fixed(value.to_le_bytes()),
            Value::Int32(value) => self.fixed(value.to_le_bytes()),
            Value::Uint32(value) => self.fixed(value.to_le_bytes()),
            Value::Uint64(value) => self.fixed(value.to_le_bytes()),
            Value::Text(text) => self.text(text)?,
            Value::Path(path) => self.path(path)?,
            Value::Array(element, elements) => {
                let kind = first(element)?;
                self.array(kind, |this| elements.iter().try_for_each(|element| this.of_kind(kind, element)))?;
            }
            Value::Written(element, octets) => {
                let kind = first(element)?;
                if alignment(kind) != 8 {
                    return Err(Unwritable::Type);
                }
                self.array(kind, |this| {
                    this.0.extend_from_slice(octets);
                    Ok(())
                })?;
            }
            Value::Dictionary(key, value, entries) => {
                let (of_key, of_value) = (first(key)?, first(value)?);
                self.array(b'{', |this| {
                    entries.iter().try_for_each(|(key, value)| {
                        this.align(8);
                        this.of_kind(of_key, key)?;
                        this.of_kind(of_value, value)
                    })
                })?;
            }
            Value::Interfaces(interfaces) => {
                self.array(b'{', |this| {
                    interfaces.iter().try_for_each(|(interface, properties)| {
                        this.align(8);
                        this.text(interface)?;
                        this.array(b'{', |this| {
                            properties.iter().try_for_each(|(property, value)| {
                                this.align(8);
                                this.text(property)?;
                                this.variant(value)
                            })
                        })
                    })
                })?;
            }
            Value::Variant(value) => self.variant(value)?,
            Value::Structure(fields) => {
                self.align(8);
                fields.iter().try_for_each(|field| self.value(field))?;
            }
            // Nothing of ours is of such a type.
            Value::Other(_) => return Err(Unwritable::Type),
        }
        Ok(())
    }

    fn variant(&mut self, value: &Value) -> Result<()> {
        self.signature(&value.signature())?;
        self.value(value)
    }

    fn of_kind(&mut self, kind: u8, value: &Value) -> Result<()> {
        if kind_of(value) == kind { self.value(value) } else { Err(Unwritable::Type) }
    }

    fn array(&mut self, kind: u8, elements: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.fixed([0; 4]);
        let at = self.0.len() - 4;
        // What is left out here is not counted.
        self.align(alignment(kind));
        let start = self.0.len();
        elements(self)?;
        let length = self.0.len() - start;
        if length > LONGEST_ARRAY {
            return Err(Unwritable::Length);
        }
        self.set(at, counted(length)?.to_le_bytes());
        Ok(())
    }
}

/// The first octet of a signature, which tells the kind of the type.
fn first(signature: &str) -> Result<u8> {
    signature.bytes().next().ok_or(Unwritable::Type)
}

const fn kind_of(value: &Value) -> u8 {
    match value {
        Value::Boolean(_) => b'b',
        Value::Byte(_) => b'y',
        Value::Int16(_) => b'n',
        Value::Uint16(_) => b'q',
        Value::Int32(_) => b'i',
        Value::Uint32(_) => b'u',
        Value::Uint64(_) => b't',
        Value::Text(_) => b's',
        Value::Path(_) => b'o',
        Value::Array(..) | Value::Written(..) | Value::Dictionary(..) | Value::Interfaces(_) => b'a',
        Value::Variant(_) => b'v',
        Value::Structure(_) => b'(',
        Value::Other(_) => 0,
    }
}
