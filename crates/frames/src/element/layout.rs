//! Fields in a row: what most elements are, said once.

use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
    suite::{Akm, Cipher},
};
use alloc::vec::Vec;

/// Something that an element is made of.
pub(crate) trait Field: Sized {
    /// Reads it.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
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
        }
    )* };
}
number_field! { u8, u8; u16, u16_le; u32, u32_le; u64, u64_le; }

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
        }
    };
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
