//! The password: a PIN, or the pushed button.

use crate::{Entropy, Secret, entropy::random};
use alloc::{string::String, vec::Vec};
use core::fmt;
use lapwing_frames::wsc::DevicePasswordId;

/// What the enrollee proves to the registrar, and the registrar to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Password {
    /// The button was pushed: everybody knows the password.
    PushButton,
    /// A PIN.
    Pin(Pin),
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PushButton => "PushButton",
            Self::Pin(_) => "Pin",
        })
    }
}

impl Password {
    /// Its name in messages.
    #[must_use]
    pub const fn id(&self) -> DevicePasswordId {
        match self {
            Self::PushButton => DevicePasswordId::PushButton,
            Self::Pin(pin) => pin.id,
        }
    }

    /// The octets of which the proofs are made.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::PushButton => b"00000000",
            Self::Pin(pin) => pin.digits.expose(),
        }
    }
}

/// A PIN of four or eight digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pin {
    digits: Secret,
    id: DevicePasswordId,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin").finish_non_exhaustive()
    }
}

impl Pin {
    /// The PIN with these digits; nothing if there are not four or eight, or others than digits.
    ///
    /// One of eight digits without a right check digit is taken as a person's own.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if !matches!(digits.len(), 4 | 8) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let checked = digits.len() == 4 || has_check_digit(digits);
        let id = if checked { DevicePasswordId::Default } else { DevicePasswordId::UserSpecified };
        Some(Self { digits: Secret::new(digits), id })
    }

    /// A random PIN: seven digits and the check digit.
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        // Of 2^64 numbers, those that a remainder of 10^7 prefers are too few to matter.
        let number = u64::from_be_bytes(random(entropy)) % 10_000_000;
        let mut digits: Vec<u8> = Vec::with_capacity(8);
        let mut place = 1_000_000;
        while place > 0 {
            digits.push(b'0' + u8::try_from(number / place % 10).unwrap_or(0));
            place /= 10;
        }
        digits.push(check_digit(&digits));
        Self { digits: Secret::from_vec(digits), id: DevicePasswordId::Default }
    }

    /// The digits, for the person who types them elsewhere.
    #[must_use]
    pub fn reveal(&self) -> String {
        String::from_utf8_lossy(self.digits.expose()).into_owned()
    }
}

/// The digit that makes the sum of all, every other one three times, a multiple of ten (WSC 2.0.5 7.4.1).
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| u32::from(digit.wrapping_sub(b'0')) * if place % 2 == 0 { 3 } else { 1 })
        .sum();
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

fn has_check_digit(digits: &[u8]) -> bool {
    digits.split_last().is_some_and(|(last, front)| *last == check_digit(front))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn pins_as_people_and_programs_write_them() {
        for good in ["1234", "12345670", "24681353", "00000000"] {
            let pin = Pin::new(good).unwrap();
            assert_eq!((pin.id, pin.reveal().as_str()), (DevicePasswordId::Default, good));
        }
        assert_eq!(Pin::new("12345671").unwrap().id, DevicePasswordId::UserSpecified);
        for bad in ["", "123", "1234567", "123456789", "abcdefgh", "1234567 ", "١٢٣٤"] {
            assert!(Pin::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_random_pin_has_a_check_digit_and_is_another_each_time() {
        let mut entropy = SeededEntropy(3);
        let pins: std::collections::BTreeSet<_> =
            (0..100).map(|_| Pin::random(&mut entropy).reveal()).collect();
        assert_eq!(pins.len(), 100);
        assert!(pins.iter().all(|pin| pin.len() == 8 && has_check_digit(pin.as_bytes())));
    }
}
