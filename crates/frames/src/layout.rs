//! How frames with fixed fields are declared: a struct whose fields are read and written in their order.

use crate::{
    address::MacAddr,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// A field of a frame or element, little endian.
pub(crate) trait Field: Sized {
    /// Reads it.
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! number_field {
    ($($number:ty),*) => { $(
        impl Field for $number {
            fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
                reader.array().map(Self::from_le_bytes)
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )* };
}
number_field!(u8, u16, u32, u64);

impl<const N: usize> Field for [u8; N] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.array()
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Field for MacAddr {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Self::read(reader)
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// Everything to the end.
impl Field for Vec<u8> {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(reader.rest().to_vec())
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// Makes tuple structs around a field fields themselves.
macro_rules! wrapped_field {
    ($($name:ty),* $(,)?) => { $(
        impl $crate::layout::Field for $name {
            fn read(reader: &mut $crate::reader::Reader<'_>) -> Result<Self, $crate::reader::ParseError> {
                $crate::layout::Field::read(reader).map(Self)
            }
            fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $crate::layout::Field::write(&self.0, out);
            }
        }
    )* };
}

/// Declares a struct whose fields stand in the octets in the order of the declaration.
macro_rules! layout {
    (
        $(#[$meta:meta])*
        $what:literal => pub struct $name:ident { $( $(#[$fmeta:meta])* pub $field:ident: $type:ty ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name { $( $(#[$fmeta])* pub $field: $type ),* }

        impl $name {
            /// Parses it; `octets` end with it.
            ///
            /// # Errors
            /// If the octets end before the last fixed field, or go on after it.
            pub fn parse(octets: &[u8]) -> Result<Self, $crate::reader::ParseError> {
                let mut reader = $crate::reader::Reader::new($what, octets);
                let value = <Self as $crate::layout::Field>::read(&mut reader)?;
                reader.finish()?;
                Ok(value)
            }

            /// Appends its octets.
            pub fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $crate::layout::Field::write(self, out);
            }
        }

        impl $crate::layout::Field for $name {
            fn read(reader: &mut $crate::reader::Reader<'_>) -> Result<Self, $crate::reader::ParseError> {
                Ok(Self { $( $field: $crate::layout::Field::read(reader)? ),* })
            }
            fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $( $crate::layout::Field::write(&self.$field, out); )*
            }
        }
    };
}

/// The accessor for the elements that a body ends with.
macro_rules! has_elements {
    ($($name:ty),* $(,)?) => { $(
        impl $name {
            /// The elements.
            #[must_use]
            pub fn elements(&self) -> $crate::element::Elements<'_> {
                $crate::element::Elements::new(&self.elements)
            }
        }
    )* };
}

/// Defines a number whose bits have names; bits without one are kept.
macro_rules! bit_flags {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $repr:ty { $( $(#[$fmeta:meta])* $flag:ident = $value:expr ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $( $(#[$fmeta])* pub const $flag: Self = Self($value); )*

            /// Whether all bits of `flags` are set.
            #[must_use]
            pub const fn contains(self, flags: Self) -> bool {
                self.0 & flags.0 == flags.0
            }

            /// These bits and those of `flags`.
            #[must_use]
            pub const fn with(self, flags: Self) -> Self {
                Self(self.0 | flags.0)
            }

            /// These bits but those of `flags`.
            #[must_use]
            pub const fn without(self, flags: Self) -> Self {
                Self(self.0 & !flags.0)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x}"), self.0)?;
                for (name, flag) in [$( (stringify!($flag), Self::$flag) ),*] {
                    if self.contains(flag) {
                        write!(f, " {name}")?;
                    }
                }
                f.write_str(")")
            }
        }
    };
}
