//! Values of D-Bus, as far as our interfaces use them.

use super::tree::Interfaces;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `b`
    Boolean(bool),
    /// `y`
    Byte(u8),
    /// `n`
    Int16(i16),
    /// `q`
    Uint16(u16),
    /// `i`
    Int32(i32),
    /// `u`
    Uint32(u32),
    /// `t`
    Uint64(u64),
    /// `s`
    Text(String),
    /// `o`
    Path(String),
    /// `a`: the signature of the elements, and they.
    Array(&'static str, Vec<Value>),
    /// An array that is written down already: the signature of the elements, which begin at multiples of eight octets, and
    /// they as octets. It is sent many times, or is long.
    Written(&'static str, Arc<[u8]>),
    /// `a{}`: the signatures of the keys and of the values, and the entries.
    Dictionary(&'static str, &'static str, Vec<(Value, Value)>),
    /// `a{sa{sv}}`: interfaces with their properties.
    Interfaces(Arc<Interfaces>),
    /// `v`
    Variant(Box<Value>),
    /// `()`
    Structure(Vec<Value>),
    /// A value of a type that none of our methods takes; only the signature is kept.
    Other(String),
}

impl Value {
    /// A text.
    pub fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// An array of texts.
    pub fn texts<T: fmt::Display>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Array("s", texts.into_iter().map(Self::text).collect())
    }

    /// An array of paths.
    pub fn paths(paths: impl IntoIterator<Item = String>) -> Self {
        Self::Array("o", paths.into_iter().map(Self::Path).collect())
    }

    /// Octets.
    #[must_use]
    pub fn octets(octets: &[u8]) -> Self {
        Self::Array("y", octets.iter().copied().map(Self::Byte).collect())
    }

    /// A dictionary from texts to values of any type (`a{sv}`).
    pub fn options<K: fmt::Display>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entry = |(key, value): (K, Self)| (Self::text(key), value.in_variant());
        Self::Dictionary("s", "v", entries.into_iter().map(entry).collect())
    }

    /// Overwrites what came from somebody else, in the memory too.
    pub(super) fn wipe(&mut self) {
        match self {
            Self::Text(text) | Self::Path(text) | Self::Other(text) => text.zeroize(),
            Self::Byte(octet) => octet.zeroize(),
            Self::Array(_, values) | Self::Structure(values) => values.iter_mut().for_each(Self::wipe),
            Self::Dictionary(_, _, entries) => entries.iter_mut().for_each(|(key, value)| {
                key.wipe();
                value.wipe();
            }),
            Self::Variant(value) => value.wipe(),
            // Numbers are no secrets, and the others are ours.
            Self::Boolean(_)
            | Self::Int16(_)
            | Self::Uint16(_)
            | Self::Int32(_)
            | Self::Uint32(_)
            | Self::Uint64(_)
            | Self::Written(..)
            | Self::Interfaces(_) => {}
        }
    }

    /// The value in a variant.
    #[must_use]
    pub fn in_variant(self) -> Self {
        Self::Variant(Box::new(self))
    }

    /// The signature of its type.
    #[must_use]
    pub fn signature(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Boolean(_) => "b",
            Self::Byte(_) => "y",
            Self::Int16(_) => "n",
            Self::Uint16(_) => "q",
            Self::Int32(_) => "i",
            Self::Uint32(_) => "u",
            Self::Uint64(_) => "t",
            Self::Text(_) => "s",
            Self::Path(_) => "o",
            Self::Array("o", _) => "ao",
            Self::Interfaces(_) => "a{sa{sv}}",
            Self::Variant(_) => "v",
            Self::Array(element, _) | Self::Written(element, _) => {
                return Cow::Owned(["a", element].concat());
            }
            Self::Dictionary(key, value, _) => return Cow::Owned(["a{", key, value, "}"].concat()),
            Self::Structure(fields) => return Cow::Owned(["(", &signature(fields), ")"].concat()),
            Self::Other(signature) => return Cow::Owned(signature.clone()),
        })
    }
}

/// The signature of several values, one after the other.
#[must_use]
pub fn signature(values: &[Value]) -> String {
    values.iter().map(Value::signature).collect()
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Byte(value) => write!(f, "{value}y"),
            Self::Int16(value) => write!(f, "{value}n"),
            Self::Uint16(value) => write!(f, "{value}q"),
            Self::Int32(value) => write!(f, "{value}i"),
            Self::Uint32(value) => write!(f, "{value}u"),
            Self::Uint64(value) => write!(f, "{value}t"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Path(path) => write!(f, "{path}"),
            Self::Array(_, elements) => f.debug_list().entries(elements).finish(),
            Self::Written(element, octets) => write!(f, "a{element} in {} octets", octets.len()),
            Self::Dictionary(_, _, entries) => {
                f.debug_map().entries(entries.iter().map(|(key, value)| (key, value))).finish()
            }
            Self::Interfaces(interfaces) => write!(f, "{interfaces:?}"),
            Self::Variant(value) => write!(f, "<{value:?}>"),
            Self::Structure(fields) => f.debug_set().entries(fields).finish(),
            Self::Other(signature) => write!(f, "?{signature}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures() {
        let network = Value::Structure(vec![Value::Path("/a".to_owned()), Value::Int16(-3000)]);
        let options = Value::options([("A", Value::Boolean(true)), ("B", Value::octets(b"ab"))]);
        assert_eq!(signature(&[Value::Array("(on)", vec![network.clone()]), options]), "a(on)a{sv}");
        assert_eq!(network.signature(), "(on)");
        assert_eq!(Value::paths([]).signature(), "ao");
        assert_eq!(Value::texts(["x"]).in_variant().signature(), "v");
    }

    #[test]
    fn nothing_of_what_somebody_said_is_left_when_it_is_wiped() {
        let mut said = Value::Structure(vec![
            Value::options([("Passphrase", Value::text("secret123")), ("Key", Value::octets(b"secret"))]),
            Value::texts(["secret"]),
            Value::Path("/secret".to_owned()),
            Value::Byte(7),
            Value::Other("s".to_owned()),
        ]);
        said.wipe();
        let wiped = Value::Dictionary(
            "s",
            "v",
            vec![
                (Value::text(""), Value::text("").in_variant()),
                (Value::text(""), Value::octets(&[0; 6]).in_variant()),
            ],
        );
        let rest =
            [Value::texts([""]), Value::Path(String::new()), Value::Byte(0), Value::Other(String::new())];
        assert_eq!(said, Value::Structure([wiped].into_iter().chain(rest).collect()));
    }
}
