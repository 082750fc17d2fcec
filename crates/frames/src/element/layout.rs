//! Fields in a row: what most elements are, said once.

use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
    suite::{Akm, Cipher},
};
use alloc::vec::Vec;
use core::fmt;

/// Something that an element is made of.
pub(crate) trait Field: Sized + fmt::Debug {
    /// Reads it.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
    /// Prints it for a dump: as its `Debug` does, unless it knows better.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    /// Prints a list of it.
    fn show_list(list: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (number, item) in list.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "; " })?;
            item.show(f)?;
        }
        f.write_str("]")
    }

    /// Whether there is nothing to print or to write.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Prints octets as hexadecimal digits.
pub(crate) fn show_octets(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

impl Field for u8 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.u8()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }

    fn show_list(list: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_octets(list, f)
    }
}

/// A number or a newtype of one, little endian.
macro_rules! number_field {
    ($($ty:ty, $read:ident;)*) => { $(
        impl Field for $ty {
            fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                reader.$read()
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )* };
}
number_field! { u16, u16_le; u32, u32_le; u64, u64_le; }

/// Newtypes whose only field is a [`Field`] itself.
macro_rules! wrapped_field {
    ($($ty:path),* $(,)?) => { $(
        impl $crate::element::layout::Field for $ty {
            fn read(reader: &mut $crate::reader::Reader<'_>) -> Result<Self, $crate::reader::ParseError> {
                $crate::element::layout::Field::read(reader).map(Self)
            }
            fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $crate::element::layout::Field::write(&self.0, out);
            }
        }
    )* };
}
wrapped_field! { MacAddr, Cipher, Akm }

impl<const N: usize> Field for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.array()
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_octets(self, f)
    }
}

/// All that is left, in whole items.
impl<T: Field> Field for Vec<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let mut items = Self::new();
        while !reader.is_empty() {
            items.push(T::read(reader)?);
        }
        Ok(items)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.write(out));
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::show_list(self, f)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Nothing if the octets end before it.
impl<T: Field> Field for Option<T> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        if reader.is_empty() { Ok(None) } else { T::read(reader).map(Some) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(field) = self {
            field.write(out);
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().map_or(Ok(()), |field| field.show(f))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// Defines a structure whose fields follow each other, and makes it a [`Field`].
///
/// A last field `tail: Vec<u8>` keeps octets that a later standard may append.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $( $(#[$fmeta:meta])* $field:ident: $ty:ty ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        $vis struct $name { $( $(#[$fmeta])* pub $field: $ty, )* }

        impl $crate::element::layout::Field for $name {
            fn read(reader: &mut $crate::reader::Reader<'_>) -> Result<Self, $crate::reader::ParseError> {
                Ok(Self { $( $field: $crate::element::layout::Field::read(reader)?, )* })
            }
            fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $( $crate::element::layout::Field::write(&self.$field, out); )*
            }
            fn show(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "({self})")
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut gap = "";
                $(
                    if !$crate::element::layout::Field::is_absent(&self.$field) {
                        write!(f, "{gap}{}=", stringify!($field))?;
                        $crate::element::layout::Field::show(&self.$field, f)?;
                        gap = " ";
                    }
                )*
                let _ = gap;
                Ok(())
            }
        }
    };
}

fields! {
    /// A part of an element that is built like one: `ID | length | body`.
    pub struct Subelement {
        /// Its ID, of which each element has a list of its own.
        id: u8,
        /// Its body.
        body: Counted,
    }
}

impl Subelement {
    /// A subelement, or nothing if the body is longer than 255 octets.
    #[must_use]
    pub fn new(id: u8, body: Vec<u8>) -> Option<Self> {
        Counted::new(body).map(|body| Self { id, body })
    }
}

/// At most 255 octets, with an octet in front that counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counted(Vec<u8>);

impl Counted {
    /// These octets, or nothing if they are more than 255.
    #[must_use]
    pub fn new(octets: Vec<u8>) -> Option<Self> {
        (octets.len() <= usize::from(u8::MAX)).then_some(Self(octets))
    }
}

impl core::ops::Deref for Counted {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Field for Counted {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let length = reader.u8()?;
        reader.take(usize::from(length)).map(|octets| Self(octets.to_vec()))
    }

    fn write(&self, out: &mut Vec<u8>) {
        // At most 255 by construction.
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(&self.0);
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_octets(&self.0, f)
    }
}

/// Makes a [`Field`] an [`Element`](crate::element::Element) that fills its body to the last octet.
macro_rules! element {
    ($name:ident, $what:literal, $id:expr $(, prefix $prefix:expr)?) => {
        impl $crate::element::Element for $name {
            const ID: $crate::element::ElementId = $id;
            $( const PREFIX: &'static [u8] = $prefix; )?

            fn parse(body: &[u8]) -> Result<Self, $crate::reader::ParseError> {
                let mut reader = $crate::reader::Reader::new($what, body);
                let value = $crate::element::layout::Field::read(&mut reader)?;
                reader.finish()?;
                Ok(value)
            }

            fn write_body(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $crate::element::layout::Field::write(self, out);
            }
        }
    };
}

/// Prints a hand-written [`Field`] as its `Debug` does.
macro_rules! shown_as_debug {
    ($($name:ty),* $(,)?) => { $(
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(self, f)
            }
        }
    )* };
}
