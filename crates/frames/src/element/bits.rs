//! Sets of named bits, in a word of fixed size or in as many octets as a sender cares to send.

/// Defines a word of named bits.
///
/// Bits without a name are ordinary bits: they compare, print as a number and are written back unchanged.
macro_rules! bit_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $repr:ty {
            $( $(#[$bmeta:meta])* $bit:ident = $value:expr ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis struct $name(pub $repr);

        impl $name {
            $( $(#[$bmeta])* $vis const $bit: Self = Self($value); )*

            /// Whether all bits of `other` are set.
            #[must_use]
            $vis const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// With the bits of `other` set.
            #[must_use]
            $vis const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// With the bits of `other` cleared.
            #[must_use]
            $vis const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl ::core::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.with(other)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{:#x}", self.0)?;
                $(
                    if self.contains(Self::$bit) {
                        f.write_str(concat!(" ", stringify!($bit)))?;
                    }
                )*
                Ok(())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

/// Whether bit `number` is set, counted from the low bit of the first octet; bits that are not there are not.
pub(crate) fn bit(octets: &[u8], number: usize) -> bool {
    octets.get(number / 8).is_some_and(|octet| octet >> (number % 8) & 1 == 1)
}

/// Sets bit `number`, with as many octets of zeros in front of it as it takes.
pub(crate) fn set_bit(octets: &mut alloc::vec::Vec<u8>, number: usize) {
    if octets.len() <= number / 8 {
        octets.resize(number / 8 + 1, 0);
    }
    if let Some(octet) = octets.get_mut(number / 8) {
        *octet |= 1 << (number % 8);
    }
}

/// The numbers of the bits that are set, lowest first.
pub(crate) fn bits(octets: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..octets.len().saturating_mul(8)).filter(|&number| bit(octets, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};
    use std::string::ToString;

    bit_set! {
        /// Two bits.
        pub(super) struct Two: u8 { /// The low one.
            LOW = 1, /// The high one.
            HIGH = 0x80 }
    }

    #[test]
    fn words_print_what_is_set_and_keep_the_unknown() {
        let set = Two(0x42) | Two::HIGH;
        assert_eq!(set.to_string(), "0xc2 HIGH");
        assert!(set.contains(Two::HIGH) && !set.contains(Two::LOW | Two::HIGH));
        assert_eq!(set.without(Two::HIGH), Two(0x42));
    }

    #[test]
    fn octets_grow_as_far_as_the_bit() {
        let mut octets = vec![];
        set_bit(&mut octets, 84);
        set_bit(&mut octets, 19);
        assert_eq!(octets.len(), 11);
        assert_eq!(bits(&octets).collect::<Vec<_>>(), [19, 84]);
        assert!(bit(&octets, 84) && !bit(&octets, 83) && !bit(&octets, 9999));
    }
}
