//! How bodies are declared: a structure of fields in a row with octets on both sides.

/// Defines the structure, with a name for errors, and makes it readable and writable on its own.
macro_rules! body {
    ($(#[$meta:meta])* $what:literal => pub struct $name:ident $fields:tt) => {
        fields! { $(#[$meta])* pub struct $name $fields }

        impl $name {
            /// Parses it; `octets` end with it.
            ///
            /// # Errors
            /// If the octets end before the last fixed field, or go on after it.
            pub fn parse(octets: &[u8]) -> Result<Self, $crate::reader::ParseError> {
                let mut reader = $crate::reader::Reader::new($what, octets);
                let value = $crate::element::layout::Field::read(&mut reader)?;
                reader.finish()?;
                Ok(value)
            }

            /// Appends its octets.
            pub fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                $crate::element::layout::Field::write(self, out);
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
