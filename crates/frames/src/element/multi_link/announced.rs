//! Fields that bits of a control field announce.

use crate::{
    element::layout::Field,
    reader::{ParseError, Reader},
};
use alloc::vec::Vec;

/// A field that is there if bits of a control field say so.
pub(in crate::element) trait Optional: Sized {
    /// Reads it, if `control` has the bits of `mask`.
    fn read_if(control: u16, mask: u16, reader: &mut Reader<'_>) -> Result<Option<Self>, ParseError>;
    /// The bits that say that it is there.
    fn bits(&self, mask: u16) -> u16;
    /// Appends it.
    fn append(&self, out: &mut Vec<u8>);
}

impl<T: Field> Optional for T {
    fn read_if(control: u16, mask: u16, reader: &mut Reader<'_>) -> Result<Option<Self>, ParseError> {
        (control & mask == mask).then(|| T::read(reader)).transpose()
    }
    fn bits(&self, mask: u16) -> u16 {
        mask
    }
    fn append(&self, out: &mut Vec<u8>) {
        self.write(out);
    }
}

/// Declares the "length, then what the bits of a control field announce" of the Multi-Link element. The
/// length counts itself; what it covers beyond the fields that we know is kept in `tail`.
macro_rules! announced_fields {
    (
        $(#[$meta:meta])*
        $what:literal => pub struct $name:ident {
            $( always { $( $(#[$ameta:meta])* pub $always:ident: $atype:ty ),* $(,)? } )?
            $( $(#[$fmeta:meta])* $mask:literal => pub $field:ident: $type:ty ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name {
            $( $( $(#[$ameta])* pub $always: $atype, )* )?
            $( $(#[$fmeta])* pub $field: Option<$type>, )*
            /// Octets of fields that we do not know.
            pub tail: ::alloc::vec::Vec<u8>,
        }

        impl $name {
            fn read(
                control: u16,
                from: &mut $crate::reader::Reader<'_>,
            ) -> Result<Self, $crate::reader::ParseError> {
                let _ = control; // Some variants announce nothing.
                let length = from.peek().first().copied().unwrap_or_default();
                let mut reader = $crate::reader::Reader::new($what, from.take(usize::from(length).max(1))?);
                if length == 0 {
                    return Err(reader.invalid("the length counts itself and cannot be 0"));
                }
                reader.u8()?;
                Ok(Self {
                    $( $( $always: $crate::element::layout::Field::read(&mut reader)?, )* )?
                    $( $field: <$type as $crate::element::multi_link::announced::Optional>::read_if(control, $mask, &mut reader)?, )*
                    tail: reader.rest().to_vec(),
                })
            }

            /// The bits of the control field that announce what is there.
            fn bits(&self) -> u16 {
                let bits: u16 = 0;
                $( let bits = bits | self.$field.as_ref().map_or(0, |field| $crate::element::multi_link::announced::Optional::bits(field, $mask)); )*
                bits
            }

            fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                let start = out.len();
                out.push(0);
                $( $( $crate::element::layout::Field::write(&self.$always, out); )* )?
                $( if let Some(field) = &self.$field { $crate::element::multi_link::announced::Optional::append(field, out); } )*
                out.extend_from_slice(&self.tail);
                let length = u8::try_from(out.len().saturating_sub(start)).unwrap_or(u8::MAX);
                if let Some(first) = out.get_mut(start) {
                    *first = length;
                }
            }
        }
    };
}
