//! Messages as octets: the protocol of the D-Bus specification (0.43, "Type System" and "Message Protocol"), as far as
//! a service needs it. No descriptors are passed.

mod read;
mod write;

pub use read::{Inbox, Message};
pub use write::{Unwritable, encode, numbered};

/// The kinds of messages.
mod kind {
    pub(super) const CALL: u8 = 1;
    pub(super) const RETURN: u8 = 2;
    pub(super) const ERROR: u8 = 3;
    pub(super) const SIGNAL: u8 = 4;
}

/// The fields of a header.
mod field {
    pub(super) const PATH: u8 = 1;
    pub(super) const INTERFACE: u8 = 2;
    pub(super) const MEMBER: u8 = 3;
    pub(super) const ERROR_NAME: u8 = 4;
    pub(super) const REPLY_SERIAL: u8 = 5;
    pub(super) const DESTINATION: u8 = 6;
    pub(super) const SENDER: u8 = 7;
    pub(super) const SIGNATURE: u8 = 8;
}

/// The flag of a message to which no answer is wanted.
const NO_REPLY: u8 = 1;
/// The version of the protocol.
const VERSION: u8 = 1;
/// How long the part of a header is that every message has.
const FIXED: usize = 16;
/// The longest array, and the longest message.
const LONGEST_ARRAY: usize = 1 << 26;
const LONGEST_MESSAGE: usize = 1 << 27;

/// To which multiple of octets a type is aligned, by the first octet of its signature.
const fn alignment(kind: u8) -> usize {
    match kind {
        b'y' | b'g' | b'v' => 1,
        b'n' | b'q' => 2,
        b'x' | b't' | b'd' | b'(' | b'{' => 8,
        _ => 4,
    }
}

/// Whether a text is the path of an object.
fn is_path(text: &str) -> bool {
    // One look at each octet: a list has thousands of paths. Before the first there is what ends an element.
    let mut before = b'_';
    for (at, &octet) in text.as_bytes().iter().enumerate() {
        let fits = match octet {
            b'/' => before != b'/',
            _ => at > 0 && (octet.is_ascii_alphanumeric() || octet == b'_'),
        };
        if !fits {
            return false;
        }
        before = octet;
    }
    text == "/" || before != b'/' && !text.is_empty()
}

#[cfg(test)]
mod tests;
